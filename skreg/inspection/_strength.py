"""The parameter that regularizes an estimator most directly, and values of it to try."""

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn import ensemble, linear_model, neighbors, neural_network, svm, tree
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from ..augmentation import AugmentedClassifier, AugmentedRegressor
from ..linear import ElasticNetProx, LabelSmoothedLogistic, PenalizedCox, PenalizedRegressor
from ..neural import (
    DropoutCNNClassifier,
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    DropoutTransformerRegressor,
    FineTunedClassifier,
    FineTunedRegressor,
)

NETS = (DropoutMLPClassifier, DropoutMLPRegressor, DropoutCNNClassifier, DropoutCNNRegressor)
SEQUENCE_NETS = (
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    DropoutTransformerRegressor,
)
PERCEPTRONS = (neural_network.MLPClassifier, neural_network.MLPRegressor)
TREES = (tree.DecisionTreeClassifier, tree.DecisionTreeRegressor)
FORESTS = (
    ensemble.RandomForestClassifier,
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesClassifier,
    ensemble.ExtraTreesRegressor,
)
BINNED = (ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor)
STAGED = (ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor)
VECTORS = (svm.SVC, svm.SVR, svm.LinearSVC, svm.LinearSVR)
DESCENTS = (linear_model.SGDClassifier, linear_model.SGDRegressor)
PENALIZED = (
    ElasticNetProx,
    PenalizedRegressor,
    linear_model.Ridge,
    linear_model.Lasso,
    linear_model.ElasticNet,
    linear_model.RidgeClassifier,
)
LOGISTIC = (LabelSmoothedLogistic, linear_model.LogisticRegression)
NEIGHBORS = (neighbors.KNeighborsClassifier, neighbors.KNeighborsRegressor)
AUGMENTED = (AugmentedClassifier, AugmentedRegressor)
FINE_TUNED = (FineTunedClassifier, FineTunedRegressor)


class Kind(NamedTuple):
    """How a family is regularized: by which parameter, in which direction, and what is tried."""

    classes: tuple
    name: str
    stronger: int  # 1 where larger values regularize more, else -1
    scale: str  # "factor": multiples of the present value; "count": the same, whole; "rate": fixed values


DEPTH = Kind((*TREES, *FORESTS), "max_depth", -1, "count")  # of trees whose depth is limited
KINDS = [
    Kind((LabelSmoothedLogistic, PenalizedCox, *PENALIZED, *DESCENTS, *PERCEPTRONS), "alpha", 1, "factor"),
    Kind((linear_model.LogisticRegression, *VECTORS), "C", -1, "factor"),
    Kind((*NETS, *SEQUENCE_NETS), "dropout", 1, "rate"),
    Kind((*TREES, *FORESTS), "min_samples_leaf", 1, "count"),
    Kind(BINNED, "max_iter", -1, "count"),
    Kind(STAGED, "n_estimators", -1, "count"),
    Kind(NEIGHBORS, "n_neighbors", 1, "count"),
]
FACTORS = (0.01, 0.1, 0.3, 3.0, 10.0, 100.0)
COUNTS = (1 / 8, 1 / 4, 1 / 2, 2.0, 4.0, 8.0, 16.0, 32.0)
RATES = (0.0, 0.1, 0.25, 0.5, 0.7)
ROUNDS = ("max_iter", "n_estimators")  # each of them takes its time
MAX_ROUNDS_FACTOR = 2.0  # of the rounds that are tried at first; more follow where the score still rises
MAX_DEPTH = 64


class Strength(NamedTuple):
    """A regularizing parameter of an estimator: its full name, its value, and its direction."""

    name: str
    value: Any
    kind: Kind

    def is_stronger(self, value):
        return (value - self.value) * self.kind.stronger > 0

    def values(self, n_train):
        """Values to try beside the present one, the nearest first."""
        if self.kind.scale == "rate":
            found = [rate for rate in RATES if abs(rate - self.value) > 0.02]
            return sorted(found, key=lambda rate: abs(rate - self.value))
        if not 0.0 < self.value < np.inf:  # no penalty: nothing to take multiples of
            return [float(value) for value in np.geomspace(1e-3, 1e3, 7)]
        if self.kind.scale == "factor" or not isinstance(self.value, Integral):
            high = np.inf if self.kind.scale == "factor" else 0.5
            found = {float(f"{factor * self.value:.3g}") for factor in FACTORS if factor * self.value < high}
        else:
            highest = self._highest(n_train)
            found = {round(factor * self.value) for factor in COUNTS if 1 <= round(factor * self.value) <= highest}
        return sorted(found - {self.value}, key=lambda value: abs(np.log(value / self.value)))

    def _highest(self, n_train):
        """The highest count of the first values."""
        if self.kind.name in ROUNDS:
            return MAX_ROUNDS_FACTOR * self.value
        if self.kind is DEPTH:
            return MAX_DEPTH
        return min(max(n_train // 8, 4 * self.value), n_train)

    def beyond(self, value, n_train, *, up):
        """The value to go on with where the score still rises at the last one; None where there is none."""
        if self.kind.scale == "factor" and value > 0.0:
            return float(f"{value * (10.0 if up else 0.1):.3g}")
        if self.kind.scale != "count" or not isinstance(value, Integral):
            return None
        if not up:
            return max(value // 4, 1) if value > 1 else None
        if self.kind.name in ROUNDS:
            return 2 * value
        most = MAX_DEPTH if self.kind is DEPTH else n_train // 2
        return min(4 * value, most) if value < most else None


def chain(estimator):
    """The estimators inside each other, the one that does the learning last, with the prefixes of their parameters."""
    found, prefix = [("", estimator)], ""
    while True:
        if isinstance(estimator, Pipeline):
            name, inner = estimator.steps[-1]
        elif isinstance(estimator, TransformedTargetRegressor):
            name, inner = "regressor", estimator.regressor
        elif isinstance(estimator, AUGMENTED):
            name, inner = "estimator", estimator.estimator
        else:
            return found
        if not hasattr(inner, "fit"):
            return found
        prefix, estimator = f"{prefix}{name}__", inner
        found.append((prefix, estimator))


def resolve(estimator):
    """The prefix of its parameters' names, and the estimator that does the learning inside pipelines and wrappers."""
    return chain(estimator)[-1]


def name_of(estimator):
    """The name of what does the learning, inside those of augmentations around it."""
    inside = chain(estimator)
    name = type(inside[-1][1]).__name__
    for _, outer in reversed(inside[:-1]):
        if isinstance(outer, AUGMENTED):
            name = f"{type(outer).__name__}({name})"
    return name


def kind_of(estimator):
    """The `Kind` of an estimator's family, None where that has no one parameter."""
    if isinstance(estimator, DEPTH.classes) and estimator.max_depth is not None:
        return DEPTH
    for kind in KINDS:
        if isinstance(estimator, kind.classes) and hasattr(estimator, kind.name):
            unpenalized = isinstance(estimator, DESCENTS) and estimator.penalty is None
            return None if unpenalized else kind
    return None


def strength_of(estimator):
    """The `Strength` of an estimator, or None where its family has no one such parameter, or not one number of it."""
    prefix, final = resolve(estimator)
    kind = kind_of(final)
    if kind is None or not isinstance(getattr(final, kind.name), Real):
        return None
    return Strength(prefix + kind.name, getattr(final, kind.name), kind)


# Names that mean the same wherever they occur.
STRONGER = {
    "dropout", "input_dropout", "weight_decay", "l1", "l2", "label_smoothing", "confidence_penalty",
    "ccp_alpha", "min_samples_leaf", "min_samples_split", "l2_regularization", "reg_alpha", "reg_lambda",
}  # fmt: skip
WEAKER = {"max_depth", "max_leaf_nodes", "max_norm"}


def direction_of(estimator, name):
    """1 where larger values of a parameter regularize an estimator more, -1 where smaller ones do, 0 unknown."""
    owner, _, last = name.rpartition("__")
    kind = kind_of(estimator.get_params().get(owner, None) if owner else estimator)
    if kind is not None and kind.name == last:
        return kind.stronger
    return int(last in STRONGER) - int(last in WEAKER)
