"""Coefficients along a path of penalty strengths, of our linear models and scikit-learn's."""

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge, RidgeClassifier
from sklearn.utils import check_array

from ..linear import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    PenalizedCox,
    PenalizedCoxCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
)
from ..utils._alphas import MIN_GRID_L1_RATIO, alpha_grid
from ._strength import strength_of

SEARCHES = {
    ElasticNetProxCV: ElasticNetProx,
    LabelSmoothedLogisticCV: LabelSmoothedLogistic,
    PenalizedRegressorCV: PenalizedRegressor,
    PenalizedCoxCV: PenalizedCox,
}
OWN_PATH = ElasticNetProx, LabelSmoothedLogistic, PenalizedCox, PenalizedRegressor  # by `alpha`


def one_strength(search):
    """The estimator that a fitted path search fits at every strength, with what it chose."""
    kind = SEARCHES[type(search)]
    shared = {name: value for name, value in search.get_params(deep=False).items() if name in kind().get_params()}
    names = ("alpha", "l1_ratio", "label_smoothing", "gamma", "relax")
    chosen = {name: getattr(search, f"{name}_") for name in names if hasattr(search, f"{name}_")}
    return kind(**{**shared, **chosen})


def strengths_for(estimator, X, y, n, eps):
    """Values of the parameter of scikit-learn's models, strongest first, from where all coefficients are about zero."""
    ratio = 1.0 if isinstance(estimator, Lasso) or getattr(estimator, "penalty", "") == "l1" else 0.0
    if not isinstance(estimator, Lasso) or isinstance(estimator, ElasticNet):
        ratio = ratio or getattr(estimator, "l1_ratio", 0.0) or 0.0
    X = check_array(X, accept_sparse=True)
    y = np.asarray(y)
    T = (y[:, None] == np.unique(y)).astype(float) if is_classifier(estimator) else y.reshape(len(y), -1).astype(float)
    T = T - T.mean(axis=0) if estimator.fit_intercept else T
    top = np.abs(X.T @ T).max() / len(T)
    alphas = alpha_grid(top / max(ratio, MIN_GRID_L1_RATIO), n, eps * (MIN_GRID_L1_RATIO if ratio == 0.0 else 1.0))
    if isinstance(estimator, (Ridge, RidgeClassifier)):  # their alpha multiplies a sum over rows, not a mean
        return alphas * len(T)
    return 1.0 / (alphas * len(T)) if isinstance(estimator, LogisticRegression) else alphas


def coefficient_path(estimator, X, y, values, n, eps):
    """Values of the strength and coefficients (n_features, n_values), or (n_targets, n_features, n_values)."""
    if isinstance(estimator, OWN_PATH):
        alphas, coefs, *_ = estimator.path(X, y, alphas=n if values is None else values, eps=eps)
        return alphas, coefs[0] if coefs.ndim == 3 and coefs.shape[0] == 1 else coefs
    known = (ElasticNet, Lasso, Ridge, RidgeClassifier, LogisticRegression)
    if not isinstance(estimator, known) or strength_of(estimator) is None or hasattr(estimator, "l1_ratios"):
        raise ValueError(
            f"estimator must be a penalized linear model, such as ElasticNetProx or LogisticRegression; got"
            f" {estimator!r}."
        )
    strength = strength_of(estimator)
    values = strengths_for(estimator, X, y, n, eps) if values is None else np.asarray(values, dtype=float)
    values = np.sort(values)[:: -strength.kind.stronger]
    model, coefs = clone(estimator), []
    if "warm_start" in model.get_params():
        model.set_params(warm_start=True)
    for value in values:
        coefs.append(np.array(model.set_params(**{strength.name: value}).fit(X, y).coef_, dtype=float))
    coefs = np.stack(coefs, axis=-1)
    return values, coefs[0] if coefs.ndim == 3 and coefs.shape[0] == 1 else coefs


def chosen_candidate(search):
    """The place of what a fitted path search chose on the axes of its candidates."""
    return tuple(
        0 if len(values) == 1 else int(np.flatnonzero(values == getattr(search, f"{name}_"))[0])
        for name, values in axes_of(search).items()
    )


def axes_of(search):
    """The parameters of the candidates of a path search by name, each with the values that it tries."""
    if hasattr(search, "_axes"):
        return search._axes()
    return {"l1_ratio": np.atleast_1d(search.l1_ratio)} | search._relax_axis


def check_n_features(search, X):
    """Raise ValueError where X is not what a search was fitted to."""
    if X.shape[1] != search.n_features_in_:
        raise ValueError(
            f"X must have the {search.n_features_in_} features that search was fitted to; got {X.shape[1]}."
        )
