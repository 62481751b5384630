"""Early stopping inside augmented estimators: validation rows are held out before rows are copied."""

import warnings
from inspect import signature
from numbers import Integral

import numpy as np
from sklearn.pipeline import Pipeline

from ..utils._errors import caller_level
from ..utils._rows import distinct
from ..utils._split import hold_out
from ..utils._weights import weight_name

MIN_ROWS = 50  # with fewer unique rows nets do not stop early: too few would be held out to choose an epoch
AUTO_ROWS = 10_000  # scikit-learn's early_stopping="auto" stops early with more training rows than these
VALIDATION = ("X_val", "y_val", "sample_weight_val")


def last_step(estimator):
    """The estimator at the end of a pipeline, and the prefix of its parameters."""
    prefix = ""
    while type(estimator) is Pipeline:
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return prefix, estimator


def settings(estimator):
    """Its own parameters; of a fine-tuned net with the values that it takes over."""
    resolved = getattr(estimator, "_own_settings", None)
    return estimator.get_params(deep=False) if resolved is None else resolved()


def takes_validation(estimator):
    """Whether the `fit` of an estimator, or of the last step of a pipeline, takes validation rows."""
    fit = getattr(last_step(estimator)[1], "fit", None)
    return fit is not None and {"X_val", "y_val"} <= set(signature(fit).parameters)


def _stops_at(n_rows, params):
    """Whether `early_stopping="auto"` makes an estimator of these parameters stop early.

    Nets, which have a `monitor`, do with any number of rows.
    """
    return n_rows > AUTO_ROWS or "monitor" in params


def validation_fraction(estimator, n_rows):
    """The share of its training rows that an estimator holds out for early stopping, None where it does not.

    A share above 1 is a number of rows.
    """
    params = settings(last_step(estimator)[1])
    stops = params.get("early_stopping", params.get("n_iter_no_change", "by itself") is not None)
    if stops is False or (stops == "auto" and not _stops_at(n_rows, params)) or params.get("cv") is not None:
        return None
    return params.get("validation_fraction")


def held_out(batch, fraction, rng, min_rows):
    """A mask of the rows of a batch that are held out, of every class alike; None with fewer than `min_rows` rows.

    Rows with equal features stay together, and count once.
    """
    some = np.arange(batch.n) if batch.weights is None else np.flatnonzero(batch.weights > 0.0)
    part = batch.take(some)
    first, groups = distinct(part.X)
    if first.size < min_rows:
        return None
    if isinstance(fraction, Integral):
        fraction = fraction / first.size
    codes = np.unique(part.y[first], return_inverse=True)[1] if part.labelled and part.y.ndim == 1 else None
    mask = np.zeros(batch.n, dtype=bool)
    weights = None if part.weights is None else np.bincount(groups, part.weights)
    mask[some] = hold_out(first.size, fraction, codes, rng, weights)[groups]
    return mask


def without_early_stopping(estimator):
    """Set `early_stopping` of an estimator, or of the last step of a pipeline, to False.

    Returns
    -------
    changed : list of str
        Parameters of its early stopping that differ from their defaults, with their values.
    """
    prefix, last = last_step(estimator)
    defaults = signature(type(last)).parameters
    told = ("patience", "min_delta", "validation_fraction", "monitor")  # here, instead of by the estimator
    names = ("early_stopping", *told, "n_iter_no_change", "scoring", "tol")
    params = {name: value for name, value in last.get_params(deep=False).items() if name in names}
    off = {"early_stopping": False} | {name: defaults[name].default for name in told if name in params}
    estimator.set_params(**{f"{prefix}{name}": value for name, value in off.items()})
    return [f"{prefix}{name}={value!r}" for name, value in params.items() if value != defaults[name].default]


def split_off(model, batch, n_rows, rng):
    """Hold out the rows on which a model is to validate, if it holds out any and its `fit` takes them.

    Parameters
    ----------
    model : estimator
        Its early stopping is switched off where there are too few rows.
    batch : Batch
    n_rows : int
        Number of rows that the model will be trained on.
    rng : numpy.random.Generator

    Returns
    -------
    batch : Batch
        The other rows.
    params : dict
        Arguments for `fit_with`.
    """
    fraction = validation_fraction(model, n_rows) if takes_validation(model) else None
    if fraction is None:
        return batch, {}
    can_do_without = "early_stopping" in last_step(model)[1].get_params(deep=False)
    mask = held_out(batch, fraction, rng, MIN_ROWS if can_do_without else 2)
    if mask is None:
        changed = without_early_stopping(model) if can_do_without else []
        if changed:
            warnings.warn(
                f"{type(last_step(model)[1]).__name__} trains without early stopping: validation rows are held out"
                f" where X has at least {MIN_ROWS} unique rows, and this X has fewer. Without effect:"
                f" {', '.join(changed)}. Give X_val and y_val to fit, or set early_stopping=False.",
                UserWarning,
                stacklevel=caller_level(),
            )
        return batch, {}
    held = batch.take(np.flatnonzero(mask))
    params = {"X_val": held.X, "y_val": held.y}
    if held.weights is not None:
        params["sample_weight_val"] = held.weights
    return batch.take(np.flatnonzero(~mask)), params


def fit_with(model, X, y, params):
    """Fit an estimator; in a pipeline, `X_val` among the parameters passes through all steps before the last."""
    if type(model) is not Pipeline or "X_val" not in params:
        model.fit(X, y, **params)
        return
    name, last = model.steps[-1]
    of_last = (*VALIDATION, "sample_weight")
    own = {key: value for key, value in params.items() if key in of_last}
    own |= {key.removeprefix(f"{name}__"): value for key, value in params.items() if key.startswith(f"{name}__")}
    if len(model.steps) > 1:
        others = {k: v for k, v in params.items() if k not in of_last and not k.startswith(f"{name}__")}
        head = model[:-1]
        if "sample_weight" in params and weight_name(head, "fit_transform"):  # by metadata routing
            others["sample_weight"] = params["sample_weight"]
        X = head.fit_transform(X, y, **others)
        own["X_val"] = head.transform(own["X_val"])
        model.steps = [*head.steps, (name, last)]
    fit_with(last, X, y, own)


def splitting_parameter(estimator, n_rows):
    """The parameter that makes an estimator split its training rows, None where it does not split them."""
    params = estimator.get_params()
    for name, value in params.items():
        prefix, _, own = name.rpartition("__")
        stops = f"{prefix}__early_stopping" if prefix else "early_stopping"
        if own == "early_stopping":
            beside = settings(params[prefix] if prefix else estimator)
            value = beside[own]
            if value is True or value == "cv" or (value == "auto" and _stops_at(n_rows, beside)):
                return name
        if own == "cv" or (own == "n_iter_no_change" and value is not None and stops not in params):
            return name
    return None


def warn_of_own_split(model, n_rows, owner):
    """Warn where an estimator will split rows and their copies by itself."""
    name = splitting_parameter(model, n_rows)
    if name is not None:
        warnings.warn(
            f"estimator={model!r} splits its training rows by itself ({name}), and will validate on copies of rows that"
            f" it trains on. Put searches around {owner}; for early stopping, turn this off and put"
            " EarlyStoppingClassifier or EarlyStoppingRegressor around the estimator.",
            UserWarning,
            stacklevel=caller_level(),
        )
