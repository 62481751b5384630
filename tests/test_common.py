"""scikit-learn's whole suite on every estimator, with no expected failures, and the checks that it leaves out."""

from numbers import Integral

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _param_validation as sk
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skreg import (
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
)
from skreg.utils import _params
from skreg.utils.discovery import all_estimators

from .problems import regression

INSTANCES = [
    ElasticNetProx(),
    ElasticNetProx(alpha=0.01, tol=1e-12),
    ElasticNetProx(alpha=0.1, l1_ratio=0.0),
    ElasticNetProx(alpha=0.0),
    ElasticNetProx(alpha=0.1, l1_ratio=1.0, standardize=True),
    ElasticNetProx(alpha=0.1, positive=True, fit_intercept=False),
    ElasticNetProx(alpha=0.1, bounds=(-0.5, 0.5), warm_start=True),
    ElasticNetProx(alpha=0.1, solver="cd"),
    ElasticNetProx(alpha=0.1, solver="gram"),
    ElasticNetProx(alpha=0.1, solver="prox_grad", tol=1e-10),
    ElasticNetProxCV(),
    ElasticNetProxCV(alphas=10, l1_ratio=[0.0, 0.5, 1.0], selection="1se", tol=1e-12),
    ElasticNetProxCV(alphas=10, refit=False, solver="cd"),
    ElasticNetProxCV(alphas=10, scoring="neg_mean_absolute_error", n_jobs=2),
    LabelSmoothedLogistic(),
    LabelSmoothedLogistic(alpha=0.01, l1_ratio=1.0, smoothing=0.0, tol=1e-10),
    LabelSmoothedLogistic(alpha=0.01, l1_ratio=0.5, standardize=True, warm_start=True),
    LabelSmoothedLogistic(alpha=0.0, class_weight="balanced", tol=1e-12),
    LabelSmoothedLogistic(confidence_penalty=0.5),
    LabelSmoothedLogistic(alpha=0.01, l1_ratio=1.0, bounds=(-0.5, 0.5)),
    LabelSmoothedLogisticCV(cv=3),
    LabelSmoothedLogisticCV(cv=3, alphas=5, l1_ratio=[0.0, 0.5], smoothing=[0.05], selection="1se", tol=1e-12),
    LabelSmoothedLogisticCV(cv=3, alphas=5, refit=False, class_weight="balanced", tol=1e-10),
    LabelSmoothedLogisticCV(cv=3, alphas=5, scoring="accuracy", n_jobs=2),
    DropoutMLPClassifier(),
    DropoutMLPClassifier((20, 20), activation="gelu", residual=True, normalization="layer", stochastic_depth=0.2),
    DropoutMLPClassifier(activation="silu", dropout_kind="concrete", optimizer="sgd", learning_rate=0.1, mixup=0.2),
    DropoutMLPClassifier(dropout=0.1, normalization="batch", averaging="ema", label_smoothing=0.1),
    DropoutMLPClassifier(dropout=0.0, early_stopping=True, max_norm=4.0),
    DropoutMLPRegressor(),
    DropoutMLPRegressor(
        (20, 20), dropout=0.1, dropout_kind="gaussian", heteroscedastic=True, schedule="cosine", warmup=0.1
    ),
    DropoutMLPRegressor(dropout=0.1, dropout_kind="adaptive", weight_normalization="weight", averaging="swa", l2=1e-4),
    DropoutMLPRegressor(
        dropout=0.0, early_stopping=True, monitor="neg_mean_absolute_error", sam_rho=0.05, clip_norm=1.0
    ),
    EarlyStoppingRegressor(),
    EarlyStoppingRegressor(alpha=0.1, l1_ratio=0.5, accelerate=True, eval_every=5, refit=True),
    EarlyStoppingRegressor(GradientBoostingRegressor(random_state=0), cv=3, cv_rounds="all", min_delta=0.01),
    EarlyStoppingRegressor(make_pipeline(StandardScaler(), SGDRegressor(random_state=0)), min_delta=1e-3),
    EarlyStoppingRegressor(
        HistGradientBoostingRegressor(random_state=0), min_delta=0.1, monitor="neg_mean_absolute_error"
    ),
    EarlyStoppingClassifier(min_delta=1e-3),
    EarlyStoppingClassifier(fit_intercept=False, restore_best=False, monitor="accuracy"),
    EarlyStoppingClassifier(SGDClassifier(random_state=0), monitor="accuracy"),
    EarlyStoppingClassifier(DropoutMLPClassifier((20,), random_state=0), min_delta=1e-2),
    EarlyStoppingClassifier(LogisticRegression(), refit=True, min_delta=1e-3),
]


def test_every_estimator_is_checked():
    assert {type(e).__name__ for e in INSTANCES} == set(dict(all_estimators()))


@parametrize_with_checks(INSTANCES)
def test_scikit_learn(estimator, check):
    check(estimator)


EXTRA = [
    "check_dataframe_column_names_consistency",
    "check_inplace_ensure_writeable",
]


@pytest.mark.parametrize("name", EXTRA)
@pytest.mark.parametrize("estimator", INSTANCES, ids=repr)
def test_extra(name, estimator):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


@pytest.mark.parametrize("kind", ["NotAnArray", "PandasDataframe"])
@pytest.mark.parametrize("estimator", INSTANCES, ids=repr)
def test_data_not_an_array(kind, estimator):
    X, y = regression(30, 4)
    if is_classifier(estimator):
        y = (y > np.median(y)).astype(int)
    estimator_checks.check_estimators_data_not_an_array(type(estimator).__name__, estimator, X, y, kind)


def _translate(choice):
    """One of our constraints in the words of scikit-learn's private module."""
    if isinstance(choice, _params.Interval):
        low, high = (None if np.isinf(end) and choice.kind is Integral else end for end in (choice.low, choice.high))
        return sk.Interval(choice.kind, low, high, closed=choice.closed)
    if isinstance(choice, _params.Options):
        return sk.StrOptions(set(choice.names))
    return {
        _params.BOOLEAN: "boolean",
        _params.NONE: None,
        _params.ARRAY_LIKE: "array-like",
        _params.CALLABLE: callable,
        _params.CV: "cv_object",
        _params.ESTIMATOR: sk.HasMethods("fit"),
        _params.DICT: dict,
        _params.ANY_STRING: str,
        _params.RANDOM_STATE: "random_state",
    }[choice]


@pytest.mark.parametrize("cls", [cls for _, cls in all_estimators()])
def test_parameters_are_validated(cls):
    constraints = {name: [_translate(c) for c in allowed] for name, allowed in cls._parameter_constraints.items()}

    class Translated(cls):
        pass

    # the check reads scikit-learn's constraints to find bad values; the estimator goes on to use its own
    Translated.__name__ = cls.__name__

    class Meta(dict):
        def items(self):
            return cls._parameter_constraints.items()

    Translated._parameter_constraints = Meta(constraints)
    estimator_checks.check_param_validation(cls.__name__, Translated())


def test_html_repr_links_to_our_pages():
    html = ElasticNetProx().fit(np.eye(4), np.arange(4.0))._repr_html_()
    assert "skreg.readthedocs.io/en/stable/api/skreg.ElasticNetProx.html" in html
