"""Survival functions of a Cox model inside a pipeline, a search or another meta-estimator."""

from sklearn.compose import TransformedTargetRegressor

from ..utils._inside import estimator_inside


def predict_survival_function(model, X, times=None, strata=None):
    """Probabilities that the event is later than given times, from a Cox model inside other estimators.

    `predict_survival_function` of the model itself is out of reach there, since scikit-learn's estimators pass on
    `predict` only. This function transforms X as the steps before it do, and calls it.

    Parameters
    ----------
    model : estimator
        A fitted `PenalizedCox` or `PenalizedCoxCV`, or whatever holds one: a `Pipeline` that ends in it, a
        `GridSearchCV` or another search, an estimator of this package with `estimator_`, or any nesting of these.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        As `model` takes it.
    times : float or array-like of shape (n_times,), default=None
        Not negative. None is all times of events of the fit, over all strata, in increasing order.
    strata : array-like of shape (n_samples,), default=None
        Labels of strata; needed if the fit had any.

    Returns
    -------
    survival : ndarray of shape (n_samples, n_times)

    Raises
    ------
    TypeError
        When no estimator inside `model` has `predict_survival_function`.
    ValueError
        When `times` or `strata` are not as described.

    See Also
    --------
    skreg.PenalizedCox.predict_survival_function : How the probabilities are computed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import PenalizedCox
    >>> from skreg.linear import predict_survival_function
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> time = rng.exponential(np.exp(-X[:, 0]))
    >>> model = make_pipeline(StandardScaler(), PenalizedCox()).fit(X, time)
    >>> predict_survival_function(model, X[:2], times=[0.5, 1.0]).shape
    (2, 2)
    """
    cox, X = estimator_inside(model, X, "predict_survival_function", "fitted Cox model")
    if isinstance(cox, TransformedTargetRegressor):
        raise TypeError(f"predict_survival_function needs events and times as they are; got {cox!r}.")
    return cox.predict_survival_function(X, times=times, strata=strata)
