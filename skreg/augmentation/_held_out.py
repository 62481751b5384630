"""Early stopping inside augmented estimators: validation rows are held out before rows are copied."""

from inspect import signature
from numbers import Integral

import numpy as np
from sklearn.pipeline import Pipeline

from ..utils._rows import distinct
from ..utils._split import hold_out

MIN_ROWS = 50  # unique rows; with fewer, nets do not stop early, as too few would be held out to tell the best epoch
AUTO_ROWS = 10_000  # scikit-learn's early_stopping="auto" stops early with more training rows than these
VALIDATION = ("X_val", "y_val", "sample_weight_val")


def last_step(estimator):
    """The estimator at the end of a pipeline, and the prefix of its parameters."""
    prefix = ""
    while type(estimator) is Pipeline:
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return prefix, estimator


def takes_validation(estimator):
    """Whether the `fit` of an estimator, or of the last step of a pipeline, takes validation rows."""
    fit = getattr(last_step(estimator)[1], "fit", None)
    return fit is not None and {"X_val", "y_val"} <= set(signature(fit).parameters)


def validation_fraction(estimator, n_rows):
    """The share of its training rows that an estimator holds out for early stopping, None where it does not.

    A share above 1 is a number of rows.
    """
    params = last_step(estimator)[1].get_params(deep=False)
    stops = params.get("early_stopping", params.get("n_iter_no_change", "by itself") is not None)
    if stops is False or (stops == "auto" and n_rows <= AUTO_ROWS) or params.get("cv") is not None:
        return None
    return params.get("validation_fraction")


def held_out(batch, fraction, rng):
    """A mask of the rows of a batch that are held out, of every class alike; None with fewer than `MIN_ROWS` rows.

    Rows with equal features stay together.
    """
    some = np.arange(batch.n) if batch.weights is None else np.flatnonzero(batch.weights > 0.0)
    part = batch.take(some)
    first, groups = distinct(part.X)
    if first.size < MIN_ROWS:
        return None
    if isinstance(fraction, Integral):
        fraction = fraction / first.size
    codes = np.unique(part.y[first], return_inverse=True)[1] if part.labelled and part.y.ndim == 1 else None
    mask = np.zeros(batch.n, dtype=bool)
    mask[some] = hold_out(first.size, fraction, codes, rng)[groups]
    return mask


def fit_with(model, X, y, params):
    """Fit an estimator; in a pipeline, `X_val` among the parameters passes through all steps before the last."""
    if type(model) is not Pipeline or "X_val" not in params:
        model.fit(X, y, **params)
        return
    name, last = model.steps[-1]
    own = {key: value for key, value in params.items() if key in VALIDATION}
    own |= {key.removeprefix(f"{name}__"): value for key, value in params.items() if key.startswith(f"{name}__")}
    if len(model.steps) > 1:
        others = {k: v for k, v in params.items() if k not in VALIDATION and not k.startswith(f"{name}__")}
        head = model[:-1]
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
        if own == "early_stopping" and (value is True or (value == "auto" and n_rows > AUTO_ROWS)):
            return name
        if own == "cv" or (own == "n_iter_no_change" and value is not None and stops not in params):
            return name
    return None
