"""Configurations of every estimator, for the tests that ask the same of all."""

import functools

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skreg import (
    AugmentationSearchCV,
    AugmentedClassifier,
    AugmentedRegressor,
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
    DropoutCNNClassifier,
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    DropoutTransformerRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    MatrixFactorizationRecommender,
    MatrixFactorizationRegressor,
    PenalizedCox,
    PenalizedCoxCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
)
from skreg.augmentation import Compose, FeatureMask, GaussianNoise, Mixup, RandomApply, SwapNoise
from skreg.neural import Autoencoder, FineTunedClassifier, FineTunedRegressor, Tokens
from tests.combinations import THOROUGH

# Nets are small and trained for a short time: most checks ask nothing that a long training would not show as well.
# Rows are held out, where the default would train four nets to choose the epoch by cross-validation.
SHORT = dict(hidden_layer_sizes=(10,), max_iter=10, early_stopping=True)
EPOCHS = 10 if THOROUGH else 5  # of the configurations that pass all checks
CONVOLUTIONS = dict(channels=(4, 8), hidden_layer_sizes=(20,), max_iter=20, learning_rate=0.01)
RECURRENT = dict(hidden_layer_sizes=(10,), max_iter=10, dropout=0.05, recurrent_dropout=0.05)
TRANSFORMER = dict(n_heads=2, embedding_size=8, max_iter=20, dropout=0.05, attention_dropout=0.05, learning_rate=0.01)
LIGHT_TRANSFORMER = dict(n_blocks=2, embedding_size=16, max_iter=EPOCHS, learning_rate=0.01, early_stopping=True)
LIGHT_TRANSFORMER = {} if THOROUGH else LIGHT_TRANSFORMER
DEFAULT_NET = {} if THOROUGH else dict(max_iter=EPOCHS, early_stopping=True)

# What path searches say of small data, for tests that ask something else.
SMALL_DATA = pytest.mark.filterwarnings("ignore:.*est of its grid", "ignore:.* folds instead of ")

# Searches over paths have the same steps for few alphas and folds as for many.
FEW = 5 if THOROUGH else 2
GRID = {} if THOROUGH else dict(alphas=FEW, cv=FEW)

FAST_LOGISTIC = LogisticRegression(solver="newton-cholesky")

# Fitted nets to fine-tune, for data of any number of columns: rows are signals of one channel.
_ROWS = np.random.default_rng(0).standard_normal((60, 3))
_SIGNALS = dict(max_iter=2, early_stopping=False, random_state=0)
RECURRENT_SOURCE = DropoutRNNClassifier(16, hidden_layer_sizes=(10,), dropout=0.0, recurrent_dropout=0.0, **_SIGNALS)
RECURRENT_SOURCE.fit(_ROWS, (_ROWS[:, 0] > 0.0).astype(int))
FINE_TUNING = dict(learning_rate=0.02, random_state=0)

INSTANCES = [
    ElasticNetProx(),
    ElasticNetProx(alpha=0.01, tol=1e-12),
    ElasticNetProx(alpha=0.1, l1_ratio=0.0),
    ElasticNetProx(alpha=0.0),
    ElasticNetProx(alpha=0.1, l1_ratio=1.0, standardize=True),
    ElasticNetProx(alpha=0.1, positive=True, fit_intercept=False),
    ElasticNetProx(alpha=0.1, bounds=(-0.5, 0.5), warm_start=True),
    ElasticNetProx(alpha=0.1, prior_coef=0.5, warm_start=True),
    ElasticNetProx(alpha=0.1, solver="cd"),
    ElasticNetProx(alpha=0.1, solver="gram"),
    ElasticNetProx(alpha=0.1, solver="prox_grad", tol=1e-10),
    ElasticNetProxCV(**GRID),
    ElasticNetProxCV(alphas=10, l1_ratio=[0.0, 0.5, 1.0], selection="1se", tol=1e-12),
    ElasticNetProxCV(alphas=10, refit=False, solver="cd"),
    ElasticNetProxCV(alphas=10, scoring="neg_mean_absolute_error", n_jobs=2),
    LabelSmoothedLogistic(),
    LabelSmoothedLogistic(alpha=0.01, l1_ratio=1.0, label_smoothing=0.0, tol=1e-10),
    LabelSmoothedLogistic(alpha=0.01, l1_ratio=0.5, standardize=True, warm_start=True),
    LabelSmoothedLogistic(alpha=0.0, label_smoothing=0.1, class_weight="balanced", tol=1e-12),
    LabelSmoothedLogistic(label_smoothing=0.1, confidence_penalty=0.5),
    LabelSmoothedLogistic(alpha=0.01, l1_ratio=1.0, bounds=(-0.5, 0.5)),
    LabelSmoothedLogisticCV(**GRID),
    LabelSmoothedLogisticCV(cv=2, alphas=FEW, l1_ratio=[0.0, 0.5], label_smoothing=[0.05], selection="1se", tol=1e-12),
    LabelSmoothedLogisticCV(cv=2, alphas=FEW, refit=False, class_weight="balanced", tol=1e-10),
    LabelSmoothedLogisticCV(cv=2, alphas=FEW, scoring="accuracy", n_jobs=2),
    PenalizedRegressor(),
    PenalizedRegressor(alpha=0.1, loss="huber", penalty="mcp", fit_intercept=False),
    PenalizedRegressor(alpha=0.01, loss="quantile", penalty="sparse_group_lasso", tol=1e-4),
    PenalizedRegressor(alpha=0.01, loss="poisson", penalty="scad", standardize=True, tol=1e-10),
    PenalizedRegressor(alpha=0.01, loss="gamma", penalty="group_lasso", warm_start=True, tol=1e-12),
    PenalizedRegressor(alpha=0.01, loss="tweedie", l1_ratio=0.0, tol=1e-10),
    PenalizedRegressor(alpha=0.05, penalty="slope", tol=1e-10),
    PenalizedRegressor(alpha=0.01, loss="poisson", penalty="fused", l1_ratio=0.3, tol=1e-10),
    PenalizedRegressorCV(alphas=5, tol=1e-8),
    PenalizedRegressorCV(alphas=3, cv=2, penalty="slope", l1_ratio=[0.5, 1.0], tol=1e-8),
    PenalizedRegressorCV(alphas=4, cv=3, loss="poisson", l1_ratio=[0.5, 0.9], selection="1se", tol=1e-7),
    PenalizedCox(),
    PenalizedCox(alpha=0.05, penalty="sparse_group_lasso", warm_start=True, tol=1e-10),
    PenalizedCoxCV(alphas=FEW, cv=FEW, tol=1e-8),
    DropoutMLPClassifier(**DEFAULT_NET),
    DropoutMLPClassifier(
        (10, 10), max_iter=10, activation="gelu", residual=True, normalization="layer", stochastic_depth=0.2
    ),
    DropoutMLPClassifier(
        activation="silu", dropout_kind="concrete", optimizer="sgd", learning_rate=0.05, mixup=0.2, **SHORT
    ),
    DropoutMLPClassifier(dropout=0.1, normalization="batch", averaging="ema", label_smoothing=0.1, **SHORT),
    DropoutMLPClassifier(dropout=0.0, max_norm=4.0, **SHORT),
    DropoutMLPClassifier(ensemble_size=3, dropout=0.0, **SHORT),
    DropoutMLPRegressor(**DEFAULT_NET),
    DropoutMLPRegressor(ensemble_size=3, dropout=0.1, heteroscedastic=True, **SHORT),
    DropoutMLPRegressor(
        (10, 10), max_iter=10, dropout=0.1, dropout_kind="gaussian", heteroscedastic=True, schedule="cosine", warmup=0.1
    ),
    DropoutMLPRegressor(
        dropout=0.1, dropout_kind="adaptive", weight_normalization="weight", averaging="swa", l2=1e-4, **SHORT
    ),
    DropoutMLPRegressor(dropout=0.0, monitor="neg_mean_absolute_error", sam_rho=0.05, clip_norm=1.0, **SHORT),
    DropoutCNNClassifier(**DEFAULT_NET),
    DropoutCNNClassifier(residual=True, stochastic_depth=0.2, global_pooling=True, **CONVOLUTIONS),
    DropoutCNNClassifier(
        normalization=None, pooling="mean", activation="silu", drop_block=0.1, augmenter=SwapNoise(0.01), **CONVOLUTIONS
    ),
    DropoutCNNRegressor(**DEFAULT_NET),
    DropoutCNNRegressor(
        normalization="layer", heteroscedastic=True, stride=(1, 2), spatial_dropout=0.1, channels=(4, 8), **SHORT
    ),
    DropoutCNNRegressor(
        weight_normalization="weight",
        averaging="swa",
        dropout_kind="concrete",
        kernel_size=(3, 5),
        channels=(4, 8),
        **SHORT,
    ),
    DropoutRNNClassifier(**DEFAULT_NET),
    DropoutRNNClassifier(4, cell="lstm", bidirectional=True, pooling="mean", **RECURRENT),
    DropoutRNNRegressor(**DEFAULT_NET),
    DropoutRNNRegressor(
        16, cell="rnn", normalization="batch", heteroscedastic=True, dropout_kind="dropconnect", **RECURRENT
    ),
    DropoutRNNRegressor(8, missing="mask", averaging="swa", weight_normalization="weight", **RECURRENT),
    DropoutTransformerClassifier(**LIGHT_TRANSFORMER),
    DropoutTransformerClassifier(2, pooling="mean", attention_entropy=0.02, inputs="sequences", **TRANSFORMER),
    DropoutTransformerRegressor(**LIGHT_TRANSFORMER),
    DropoutTransformerRegressor(
        2,
        stochastic_depth=0.1,
        embedding_dropout=0.05,
        ensemble_size=2,
        heteroscedastic=True,
        hidden_layer_sizes=(10,),
        **TRANSFORMER,
    ),
    DropoutMLPRegressor(dropout=0.1, strength_schedule="annealed", **SHORT),
    FineTunedClassifier(FrozenEstimator(RECURRENT_SOURCE), max_iter=EPOCHS, **FINE_TUNING),
    FineTunedRegressor(FrozenEstimator(RECURRENT_SOURCE), max_iter=EPOCHS, layer_rate_decay={}, **FINE_TUNING),
    DeepEnsembleClassifier(DropoutMLPClassifier(**SHORT | dict(max_iter=EPOCHS)), n_members=3, random_state=0),
    DeepEnsembleRegressor(
        DropoutMLPRegressor(dropout=0.1, **SHORT | dict(max_iter=EPOCHS)), n_members=3, cv=3, random_state=0
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
    EarlyStoppingClassifier(DropoutMLPClassifier(random_state=0, **SHORT), patience=3, min_delta=1e-2),
    EarlyStoppingClassifier(LogisticRegression(), refit=True, patience=2, min_delta=1e-2),
    Autoencoder(DropoutMLPRegressor((10, 3, 10), max_iter=10, dropout=0.0, random_state=0)),
    MatrixFactorizationRecommender(rank=2, max_iter=300),
    MatrixFactorizationRecommender(rank=2, loss="bpr", max_iter=5, random_state=0),
    MatrixFactorizationRecommender(rank=2, loss="warp", negatives="popularity", max_iter=5),
    MatrixFactorizationRegressor(rank=2, alpha=0.01),
    MatrixFactorizationRegressor(rank=3, alpha=0.1, alpha_bias=0.01, frequency_scaling=0.5, n_jobs=2),
    AugmentedRegressor(Ridge(), RandomApply(Mixup(), 0.5), random_state=0),
    AugmentedRegressor(
        DropoutMLPRegressor(dropout=0.0, random_state=0, **SHORT | dict(early_stopping=False)),
        Mixup(),
        n_copies=3,
        random_state=0,
    ),
    AugmentedRegressor(
        DropoutMLPRegressor(normalization=None, dropout=0.0, random_state=0, **SHORT),
        SwapNoise(0.01),
        mode="stream",
        n_epochs=10,
        random_state=0,
    ),
    AugmentedClassifier(FAST_LOGISTIC, Mixup(), random_state=0),
    AugmentedClassifier(
        SGDClassifier(random_state=0), Compose([FeatureMask(0.01), Mixup()]), mode="stream", random_state=0
    ),
    AugmentedClassifier(HistGradientBoostingClassifier(), SwapNoise(0.01), include_original=False, random_state=0),
    AugmentationSearchCV(FAST_LOGISTIC, [FeatureMask(0.1)], strengths=[1.0], n_copies=1, cv=2, random_state=0),
    AugmentationSearchCV(Ridge(), [GaussianNoise(0.1)], strengths=[1.0], n_copies=1, cv=2, random_state=0),
]

TEXTS = [Tokens()]  # take texts instead of tables


@functools.cache
def title(estimator):
    """`repr`, which names some hundred tests of an estimator, but asked for once: it reads all signatures anew."""
    return repr(estimator)


def targets_for(estimator, y):
    """Targets of a kind that an estimator takes, from numbers: two classes, or positive numbers."""
    if is_classifier(estimator):
        return (y > np.median(y)).astype(int)
    return y - y.min() + 1.0 if get_tags(estimator).target_tags.positive_only else y


def example_of(cls):
    """A fresh estimator of a class, the first of its configurations."""
    return clone(next(e for e in INSTANCES + TEXTS if type(e) is cls))


def trained_longer(estimator):
    """A configuration whose nets are larger and train for longer, for checks of accuracy."""
    estimator = clone(estimator)
    short = {"max_iter": (EPOCHS, 10), "n_epochs": (10,), "hidden_layer_sizes": ((10,),)}
    longer = {"max_iter": 100, "n_epochs": 100, "hidden_layer_sizes": (100,)}
    if not THOROUGH:
        longer = {"max_iter": 40, "n_epochs": 40, "hidden_layer_sizes": (40,)}
        if estimator.get_params().get("early_stopping") == "auto":
            estimator.set_params(early_stopping=True)  # four nets for every fit would not be more accurate
        if isinstance(estimator, (DropoutCNNRegressor, DropoutRNNClassifier, DropoutRNNRegressor)):
            estimator.set_params(learning_rate=0.01)
        if isinstance(estimator, (DropoutCNNRegressor, DropoutRNNRegressor)):
            longer = {"max_iter": 80, "hidden_layer_sizes": (100,)}
        if isinstance(estimator, (DropoutRNNClassifier, DropoutTransformerClassifier, DropoutTransformerRegressor)):
            longer["max_iter"] = 20
    for name, value in estimator.get_params().items():
        last = name.rpartition("__")[2]
        if last in short and value in short[last]:
            estimator.set_params(**{name: longer[last]})
    return estimator
