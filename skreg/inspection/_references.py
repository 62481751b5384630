"""Models that everybody is compared with, and changes that are cheap enough to be tried at once."""

import numpy as np
from sklearn import linear_model
from sklearn.base import clone, is_classifier
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from ..linear import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
)
from ._strength import AUGMENTED, DESCENTS, LOGISTIC, NEIGHBORS, NETS, PENALIZED, PERCEPTRONS, VECTORS, chain, resolve

WITH_A_PATH = (
    ElasticNetProx,
    linear_model.Lasso,
    linear_model.ElasticNet,
    linear_model.Ridge,
    linear_model.LinearRegression,
    *LOGISTIC,
)
SEARCHES = (
    ElasticNetProxCV,
    LabelSmoothedLogisticCV,
    PenalizedRegressorCV,
    linear_model.RidgeCV,
    linear_model.LassoCV,
    linear_model.ElasticNetCV,
    linear_model.LogisticRegressionCV,
)
LINEAR = (*PENALIZED, *LOGISTIC, *DESCENTS, *SEARCHES, linear_model.LinearRegression)
SHARED = {
    "fit_intercept", "positive", "bounds", "penalty_factor", "class_weight", "confidence_penalty", "grouped",
    "label_smoothing",
}  # fmt: skip
PENALTY = {"penalty", "gamma", "groups", "group_weights"}  # scikit-learn's `penalty` is another parameter
SEES_SCALE = (*PENALIZED, *LOGISTIC, *DESCENTS, *VECTORS, *NEIGHBORS, *PERCEPTRONS, *NETS)
MIN_SCALE_RATIO = 10.0  # of standard deviations, above which penalties and distances see some features only
MAX_CATEGORIES = 254  # that gradient boosting takes of a column; the rarest share one
LONGER = 10  # times as many epochs or iterations, for fits that ended too early
STANDARDIZED, WEIGHTED, LONGER_TRAINING = "standardized features", "class weights", "longer training"


def l1_ratio_of(model):
    """The share of L1 of a linear model; scikit-learn before 1.8 called it `penalty` in logistic regression."""
    if isinstance(model, linear_model.Lasso) or getattr(model, "penalty", None) == "l1":
        return 1.0
    if isinstance(model, LabelSmoothedLogistic):  # None is another one for every penalty
        return model._l1_ratio
    return getattr(model, "l1_ratio", 0.0) or 0.0


def path_search_like(model, **params):
    """A search along the path for a linear model, with what the two have in common."""
    own, names = model.get_params(deep=False), SHARED
    if isinstance(model, PenalizedRegressor):
        search, names = PenalizedRegressorCV(), own.keys() - {"standardize", "tol"}
    elif isinstance(model, LOGISTIC):
        search = LabelSmoothedLogisticCV(label_smoothing=0.0)
        names = SHARED | PENALTY if isinstance(model, LabelSmoothedLogistic) else SHARED
    else:
        search = ElasticNetProxCV()
    shared = {name: value for name, value in own.items() if name in names}
    known = search.get_params()
    return search.set_params(**{k: v for k, v in shared.items() if k in known}, **{"standardize": True, **params})


def linear_reference(m):
    """The linear model that an estimator is compared with: its own kind along a whole path, or a usual one.

    With more features than training rows it may be ridge regression or the lasso, too: the first finds nothing where
    few of many features matter, the second nothing where all do. `PenalizedRegressor` keeps its own penalty.
    """
    if m.is_a(SEARCHES):
        return None
    if m.is_a(PenalizedRegressor):
        return path_search_like(m.final)
    is_wide = m.facts.n_features > m.folds.n_train
    if m.is_a(WITH_A_PATH):
        own = l1_ratio_of(m.final)
        return path_search_like(m.final, l1_ratio=sorted({0.0, own, 1.0}) if is_wide else own)
    if not is_classifier(m.estimator):
        return ElasticNetProxCV(l1_ratio=[0.0, 1.0] if is_wide else 0.5, alphas=30, standardize=True)
    weight = getattr(m.final, "class_weight", None)
    return LabelSmoothedLogisticCV(
        l1_ratio=[0.0, 1.0] if is_wide else 0.0,
        label_smoothing=0.0,
        alphas=10,
        cv=3,
        standardize=True,
        class_weight=weight if weight == "balanced" else None,
    )


def boosting_reference(m):
    if not is_classifier(m.estimator):
        return HistGradientBoostingRegressor(random_state=0)
    weight = getattr(m.final, "class_weight", None)
    return HistGradientBoostingClassifier(random_state=0, class_weight=weight if weight == "balanced" else None)


def is_same(one, other):
    """Whether two estimators differ in nothing but their random state."""
    if type(one) is not type(other):
        return False
    a, b = ({k: repr(v) for k, v in some.get_params().items() if k != "random_state"} for some in (one, other))
    return a == b


def reference_models(m):
    """References by name, as what does the learning and as the whole; and why some are missing."""
    if not m.facts.n_features:
        return {}, "references (they need a table of numbers and categories)"
    found, missing = {}, ""
    linear = linear_reference(m)
    if linear is not None and not is_same(linear, m.final):
        found["linear"] = _with_numbers(m, linear)
    if m.facts.is_sparse or np.asarray(m.folds.y).ndim != 1:
        missing = "boosting reference (it needs dense numbers and one target)"
    elif not is_same(boosting_reference(m), m.final):
        found["boosting"] = _with_codes(m, boosting_reference(m))
    return {name: (part, in_place(m.estimator, part)) for name, part in found.items()}, missing


def _with_numbers(m, linear):
    """A linear model behind indicators of categories, and means in the place of missing numbers."""
    columns = list(m.facts.categories)
    if columns:
        encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), columns), remainder=SimpleImputer())
        return make_pipeline(encode, linear)
    return make_pipeline(SimpleImputer(), linear) if m.facts.has_missing else linear


def _with_codes(m, boosting):
    """Gradient boosting that splits columns of categories as such; it takes missing numbers and categories."""
    columns = list(m.facts.categories)
    if not columns:
        return boosting
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MAX_CATEGORIES)
    encode = make_column_transformer((codes, columns), remainder=StandardScaler())  # which reads numbers of all types
    return make_pipeline(encode, boosting.set_params(categorical_features=list(range(len(columns)))))


def place_of(estimator):
    """Prefix of what a whole model replaces: what does the learning, or the augmentation around it."""
    for prefix, outer in chain(estimator):
        if isinstance(outer, AUGMENTED):  # a search inside would have copies of a row on both sides of its folds
            return prefix.removesuffix("__")
    return resolve(estimator)[0].removesuffix("__")


def in_place(estimator, part):
    """The estimator with another one in the place of what does the learning."""
    name = place_of(estimator)
    return clone(estimator).set_params(**{name: clone(part)}) if name else clone(part)


def changes_to_try(m):
    """Cheap changes by name: arguments of `Alternative`, and how many `times` a baseline they cost."""
    found, prefix, final = {}, resolve(m.estimator)[0], m.final

    def with_params(times, **params):
        params = {prefix + name: value for name, value in params.items()}
        return dict(model=clone(m.estimator).set_params(**params), change=params, times=times)

    uneven = m.facts.scale_ratio >= MIN_SCALE_RATIO and not m.facts.is_sparse and not m.facts.has_missing
    if uneven and m.is_a(SEES_SCALE) and not getattr(final, "standardize", False):
        if hasattr(final, "standardize"):
            found[STANDARDIZED] = with_params(1.0, standardize=True)
        else:
            part, name = make_pipeline(StandardScaler(), final), prefix.removesuffix("__")
            model = clone(m.estimator).set_params(**{name: clone(part)}) if name else clone(part)
            found[STANDARDIZED] = dict(model=model, part=part, times=1.0)
    if m.folds.rare is not None and "class_weight" in final.get_params() and final.class_weight is None:
        found[WEIGHTED] = with_params(1.0, class_weight="balanced")
    if 2 * m.n_unfinished >= len(m.baseline) and isinstance(getattr(final, "max_iter", None), int):
        value = LONGER * final.max_iter if final.max_iter > 0 else 10000
        found[LONGER_TRAINING] = with_params(float(LONGER), max_iter=value)
    return found
