"""Intervals and uncertainty of a net inside a pipeline, a search or another meta-estimator."""

import copy

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.utils.validation import check_is_fitted

from ..utils._inside import estimator_inside

INTERVAL_ROUNDING = 1e-6  # relative to the width of an interval


def predict_interval(model, X, coverage=0.95, n_draws=50):
    """Interval that contains a new target with the given probability, from a net inside other estimators.

    `predict_interval` of the net itself is out of reach there, since scikit-learn's estimators pass on `predict` only.
    This function transforms X as the model does, and calls it.

    Parameters
    ----------
    model : estimator
        A fitted `DropoutMLPRegressor`, or whatever holds one: a `Pipeline` that ends in it, a `GridSearchCV` or another
        search, a `TransformedTargetRegressor`, an estimator of this package with `estimator_`, or any nesting of these.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        As `model` takes it.
    coverage : float, default=0.95
        The probability, in (0, 1).
    n_draws : int, default=50
        Number of Monte Carlo draws, at least 1.

    Returns
    -------
    low : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    high : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        In the units of y. The inverse transform of a `TransformedTargetRegressor` is applied to both ends, which keeps
        the coverage if it is monotone.

    Raises
    ------
    TypeError
        When no estimator inside `model` has `predict_interval`.
    ValueError
        When `coverage` or `n_draws` is not in its range, or an inverse transform of the target has no value at an end,
        or is not monotone, so that predictions do not lie between the transformed ends.

    See Also
    --------
    skreg.DropoutMLPRegressor.predict_interval : How the interval is computed.
    predict_uncertainty : Epistemic and aleatoric uncertainty of a net inside other estimators.

    Notes
    -----
    The standard deviation needs no such function: ``pipeline.predict(X, return_std=True)`` works.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import DropoutMLPRegressor
    >>> from skreg.neural import predict_interval
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = make_pipeline(StandardScaler(), DropoutMLPRegressor(max_iter=30, random_state=0))
    >>> model = TransformedTargetRegressor(net, func=np.log, inverse_func=np.exp).fit(X[:300], y[:300])
    >>> low, high = predict_interval(model, X[300:], coverage=0.9)
    >>> bool((low > 0.0).all())
    True
    >>> float(((low < y[300:]) & (y[300:] < high)).mean()) > 0.85
    True
    """
    if isinstance(model, TransformedTargetRegressor):
        check_is_fitted(model)
        ends = predict_interval(model.regressor_, X, coverage, n_draws)
        return _inverse_transformed(model, X, ends)
    net, X = _net_inside(model, X, "predict_interval")
    if isinstance(net, TransformedTargetRegressor):
        return predict_interval(net, X, coverage, n_draws)
    return net.predict_interval(X, coverage=coverage, n_draws=n_draws)


def predict_uncertainty(model, X, n_draws=50):
    """Epistemic and aleatoric uncertainty, and distance from the training rows, of a net inside other estimators.

    Parameters
    ----------
    model : estimator
        A fitted net, or whatever holds one; see `predict_interval`. A `TransformedTargetRegressor` is refused, since
        variances have no inverse transform.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        As `model` takes it.
    n_draws : int, default=50
        Number of Monte Carlo draws, at least 1.

    Returns
    -------
    uncertainty : Uncertainty or ClassUncertainty
        See `predict_uncertainty` of the net.

    Raises
    ------
    TypeError
        When no estimator inside `model` has `predict_uncertainty`.
    ValueError
        When `n_draws` is not in its range.

    See Also
    --------
    predict_interval : Intervals, also from a TransformedTargetRegressor.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import DropoutMLPClassifier
    >>> from skreg.neural import predict_uncertainty
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), DropoutMLPClassifier(random_state=0)).fit(X, y)
    >>> predict_uncertainty(model, X).mutual_information.shape
    (150,)
    >>> bool(predict_uncertainty(model, 10.0 * X).distance.min() > 1.0)  # far from all training rows
    True
    """
    net, X = _net_inside(model, X, "predict_uncertainty")
    if isinstance(net, TransformedTargetRegressor):
        raise TypeError(f"variances have no inverse transform: use predict_interval with {net!r}.")
    return net.predict_uncertainty(X, n_draws=n_draws)


def _net_inside(model, X, method):
    """See `estimator_inside`."""
    kind = "fitted net" if method == "predict_uncertainty" else "fitted net for regression"
    return estimator_inside(model, X, method, kind)


class _Constant:
    """A regressor that predicts given values."""

    def __init__(self, values):
        self.values = values

    def predict(self, X):
        return self.values


def _inverse_transformed(model, X, ends):
    """Ends of intervals in the units of y: what `model` would predict if its regressor predicted them."""
    transformed = []
    for end in ends:
        there = copy.copy(model)
        there.regressor_ = _Constant(end)
        transformed.append(there.predict(X))
    low, high = np.minimum(*transformed), np.maximum(*transformed)  # the transform may be decreasing
    centre = model.predict(X)
    if (unknown := np.isnan(low + high)).any():
        row = np.argwhere(unknown)[0].tolist()
        raise ValueError(
            f"the inverse transform of the target has no value at {np.count_nonzero(unknown)} ends of intervals, which"
            f" are beyond its range; the first is in row {row[0]}. Take a smaller coverage, or a transform without"
            f" such a limit; got {model!r}."
        )
    slack = INTERVAL_ROUNDING * (high - low)
    if not ((low - slack <= centre) & (centre <= high + slack)).all():
        raise ValueError(
            f"the inverse transform of the target is not monotone between the ends of some intervals; got {model!r}."
        )
    return low, high
