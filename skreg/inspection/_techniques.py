"""What could be tried next: for every technique the number that speaks for it, and the parameter to set."""

from typing import NamedTuple

import numpy as np
from sklearn import linear_model
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from ..augmentation import AugmentedClassifier, AugmentedRegressor, GaussianNoise
from ..linear import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogistic, LabelSmoothedLogisticCV
from ..neural import DropoutMLPClassifier, DropoutMLPRegressor
from ..stopping import EarlyStoppingClassifier, EarlyStoppingRegressor
from ._strength import (
    BINNED,
    DESCENTS,
    LOGISTIC,
    NEIGHBORS,
    NETS,
    PENALIZED,
    PERCEPTRONS,
    STAGED,
    TREES,
    VECTORS,
    resolve,
)

LINEAR = (*PENALIZED, *LOGISTIC, *DESCENTS, linear_model.LinearRegression)
OF_SCALE = (*PENALIZED, *LOGISTIC, *DESCENTS, *VECTORS, *NEIGHBORS, *PERCEPTRONS, *NETS)

UNEVEN = 10.0  # ratio of the features' deviations from which on penalties and distances see some features only
FEW_ROWS = 1000  # below, noisy copies are cheap and had an effect in benchmarks
MANY_FEATURES = 0.5  # features a training row from which on selection has much to leave out
CORRELATED = 0.9
OVERCONFIDENT = 0.01  # gap of confidence that is worth a correction


class Suggestion(NamedTuple):
    """A technique to try.

    Attributes
    ----------
    technique : str
        Its usual name.
    parameter : str
        What to set, as in `set_params` of the diagnosed estimator; empty where that is replaced as a whole.
    value : object
        To what.
    why : str
        With the numbers that speak for it.
    estimator : estimator
        The diagnosed one with that change, unfitted.
    change : str
        Parameter and value in words, with dots for what stays.
    """

    technique: str
    parameter: str
    value: object
    why: str
    estimator: BaseEstimator
    change: str


def is_worth(gain, learned):
    """Whether a gain is more than rounding: shown, or a hundredth of what is learned at all."""
    return gain.is_gain or gain.mean > 0.01 * abs(learned)


def in_words(value, *known):
    """An estimator or a number as code, with dots for estimators that the reader knows."""
    if any(value is some for some in known):
        return "..."
    if isinstance(value, Pipeline):
        return f"make_pipeline({', '.join(in_words(step, *known) for _, step in value.steps)})"
    text = " ".join(repr(value).split())
    for some in known:
        text = text.replace(" ".join(repr(some).split()), "...")
    return text


class Evidence(NamedTuple):
    """What was measured; differences are `Interval`s in units of the score, None where they were not measured.

    Attributes
    ----------
    estimator : estimator
    verdict : str
    n_train, n_features : int
        Training rows of a fold; features as the last step sees them.
    is_numeric : bool
        Whether X itself is a dense array or frame of numbers.
    is_sparse : bool
        Whether the last step sees sparse rows.
    uneven : float
        Largest over smallest deviation of those features.
    correlated : int
        Features that have another one with a correlation above 0.9 in absolute value.
    learned : float
        Training score above that of a constant.
    lost : float
        Share of what was learned on training rows that held-out rows do not show.
    growth : Interval or None
        From half of the training rows to all.
    strength : Strength or None
    stronger, weaker : tuple of (value, Interval) or None
        The best value on each side, and its gain when it is chosen on the other folds.
    reference : Interval or None
        Gain of gradient boosting over the estimator.
    overconfidence : Interval or None
        Mean confidence minus share of right answers.
    loose : int
        Fits of the baseline that did not converge.
    """

    estimator: BaseEstimator
    verdict: str
    n_train: int
    n_features: int
    is_numeric: bool
    is_sparse: bool
    uneven: float
    correlated: int
    learned: float
    lost: float
    growth: object
    strength: object
    stronger: object
    weaker: object
    reference: object
    overconfidence: object
    loose: int

    @property
    def final(self):
        return resolve(self.estimator)[1]

    def is_a(self, kinds):
        return isinstance(self.final, kinds)

    def replace(self, technique, new, why):
        """A suggestion to put another estimator in the place of what does the learning."""
        name = resolve(self.estimator)[0].removesuffix("__")
        if not name:
            return self.wrap(technique, new, why)
        model = clone(self.estimator).set_params(**{name: clone(new)})
        return Suggestion(technique, name, new, why, model, f"{name}={in_words(new, self.final)}")

    def wrap(self, technique, new, why):
        """A suggestion to use another estimator, which may hold the present one."""
        return Suggestion(technique, "", new, why, clone(new), in_words(new, self.estimator))

    def set(self, technique, name, value, why):
        """A suggestion to set a parameter of what does the learning."""
        full = resolve(self.estimator)[0] + name
        model = clone(self.estimator).set_params(**{full: value})
        return Suggestion(technique, full, value, why, model, f"{full}={value!r}")

    def of_kind(self, classifier, regressor):
        return classifier if is_classifier(self.estimator) else regressor

    @property
    def gap(self):
        return f"{self.lost:.0%} of what is learned on training rows is lost on new ones"


def more_epochs(e):
    """Fits that did not converge."""
    if e.loose and hasattr(e.final, "max_iter"):
        value = 10 * e.final.max_iter if e.final.max_iter > 0 else 1000
        yield e.set("convergence", "max_iter", value, f"{e.loose} of the baseline's fits did not converge")


def scaling(e):
    """Features of different size under one penalty, or in one distance."""
    if not e.is_a(OF_SCALE) or e.uneven < UNEVEN or getattr(e.final, "standardize", False):
        return
    why = f"the features' standard deviations differ by a factor of {e.uneven:.2g}, and the model sees their size"
    if hasattr(e.final, "standardize"):
        yield e.set("standardized features", "standardize", True, why)
    else:
        yield e.replace("standardized features", make_pipeline(StandardScaler(with_mean=not e.is_sparse), e.final), why)


def _along_the_curve(e, side, technique):
    value, gain = side
    why = f"{e.strength.value!r} to {value!r} on the regularization curve: {gain}"
    yield e.set(technique, e.strength.kind.name, value, why)


def stronger(e):
    """A stronger value on the regularization curve."""
    if e.stronger is not None and is_worth(e.stronger[1], e.learned):
        yield from _along_the_curve(e, e.stronger, "more regularization")


def weaker(e):
    """A weaker value on the regularization curve."""
    if e.weaker is not None and is_worth(e.weaker[1], e.learned):
        yield from _along_the_curve(e, e.weaker, "less regularization")


def path_search(e):
    """The strength chosen along a whole path, for linear models under a penalty or without any."""
    ours = {"standardize": True}
    if e.is_a((ElasticNetProx, linear_model.Lasso, linear_model.ElasticNet)):
        ratio = getattr(e.final, "l1_ratio", 1.0)
        search = ElasticNetProxCV(l1_ratio=ratio if isinstance(e.final, linear_model.ElasticNet) else 1.0, **ours)
        if isinstance(e.final, ElasticNetProx):
            search = ElasticNetProxCV(l1_ratio=ratio, standardize=e.final.standardize)
    elif e.is_a((linear_model.Ridge, linear_model.LinearRegression)):
        search = ElasticNetProxCV(l1_ratio=0.0, **ours)
    elif e.is_a(LOGISTIC):
        ratio = getattr(e.final, "l1_ratio", 0.0) or 0.0
        search = LabelSmoothedLogisticCV(l1_ratio=ratio, **ours)
    else:
        return
    yield e.replace("strength by cross-validation along the path", search, e.gap)


def selection(e):
    """Zeros, where there are many features for the rows."""
    if e.n_features < MANY_FEATURES * e.n_train:
        return
    why = f"{e.n_features} features for {e.n_train} training rows"
    if e.is_a((linear_model.Ridge, linear_model.LinearRegression)) or (
        e.is_a(ElasticNetProx) and e.final.l1_ratio < 0.5
    ):
        yield e.replace("fewer features by L1", ElasticNetProxCV(l1_ratio=[0.5, 0.95], standardize=True), why)
    elif e.is_a(LOGISTIC) and (getattr(e.final, "l1_ratio", 0.0) or 0.0) < 0.5:
        yield e.replace("fewer features by L1", LabelSmoothedLogisticCV(l1_ratio=[0.5, 1.0], standardize=True), why)


def grouping(e):
    """L2 beside L1, which keeps correlated features together."""
    lasso = e.is_a(linear_model.Lasso) or (
        e.is_a((*PENALIZED, *LOGISTIC)) and (getattr(e.final, "l1_ratio", 0.0) or 0.0) > 0.9
    )
    if e.correlated >= 2 and lasso:
        why = f"{e.correlated} features correlate by more than {CORRELATED} with others; L1 keeps one of each group"
        new = e.of_kind(LabelSmoothedLogisticCV(l1_ratio=0.5), ElasticNetProxCV(l1_ratio=0.5))
        yield e.replace("elastic net", new.set_params(standardize=True), why)


def early_stopping(e):
    """Training that ends when held-out rows say so."""
    if e.is_a((*BINNED, *PERCEPTRONS, *DESCENTS, *NETS)) and e.final.early_stopping is not True:
        yield e.set("early stopping", "early_stopping", True, e.gap)
    elif e.is_a(STAGED) and e.final.n_iter_no_change is None:
        new = e.of_kind(EarlyStoppingClassifier, EarlyStoppingRegressor)
        yield e.replace("early stopping", new(e.final, random_state=0), e.gap)


def weight_decay(e):
    """More decay of a net's weights."""
    if e.is_a(NETS) and np.ndim(e.final.weight_decay) == 0:
        value = 0.3 if e.final.weight_decay == 0.0 else float(f"{3.0 * e.final.weight_decay:.3g}")
        yield e.set("weight decay", "weight_decay", value, e.gap)


def dropout(e):
    """A net with dropout in place of one without."""
    if e.is_a(PERCEPTRONS):
        kind = e.of_kind(DropoutMLPClassifier, DropoutMLPRegressor)
        sizes = e.final.hidden_layer_sizes
        new = kind(sizes, random_state=0)
        yield e.replace("dropout, batch normalization and decoupled decay", new, e.gap)


def mixing(e):
    """Mixtures of rows for a net."""
    if e.is_a(NETS) and e.final.mixup == 0.0:
        yield e.set("mixup", "mixup", 0.2, e.gap)


def subsampling(e):
    """Ensembles whose members see less."""
    if e.is_a(STAGED) and e.final.subsample == 1.0:
        yield e.set("stochastic boosting", "subsample", 0.5, e.gap)
    elif e.is_a(BINNED) and getattr(e.final, "max_features", None) == 1.0:
        yield e.set("features drawn at every split", "max_features", 0.3, e.gap)
    elif e.is_a(RandomForestRegressor) and e.final.max_features == 1.0:
        yield e.set("features drawn at every split", "max_features", 0.33, e.gap)


def averaging(e):
    """Many trees in place of one."""
    if e.is_a(TREES):
        kind = e.of_kind(RandomForestClassifier, RandomForestRegressor)
        yield e.replace("averaging over trees", kind(random_state=0), e.gap)


def slower_boosting(e):
    """Smaller steps, and as many more of them as pay."""
    if e.is_a(BINNED) and e.final.learning_rate >= 0.1:
        value = float(f"{e.final.learning_rate / 3.0:.2g}")
        yield e.set("smaller learning rate", "learning_rate", value, e.gap)


def noisy_copies(e):
    """Copies of rows with noise, for few rows."""
    if not e.is_numeric or e.n_train >= FEW_ROWS or hasattr(e.estimator, "augmenter") or e.is_a(NEIGHBORS):
        return
    if e.growth is not None and e.growth.mean <= 0.0:
        return
    more = "" if e.growth is None else f"; from half of the rows to all, more rows brought {e.growth}"
    kind = e.of_kind(AugmentedClassifier, AugmentedRegressor)
    noise = GaussianNoise(0.1, relative="feature")
    new = kind(e.estimator, noise, n_copies=4, random_state=0)
    yield e.wrap("augmentation by noise", new, f"{e.n_train} training rows{more}")


def honest_probabilities(e):
    """Smoothed labels, or calibration, for probabilities that promise too much."""
    over = e.overconfidence
    if over is None or not over.low > 0.0 or over.mean < OVERCONFIDENT:
        return
    why = f"confidence is above the share of right answers by {over}"
    if e.is_a(LabelSmoothedLogistic) and e.final.smoothing == 0.0:
        yield e.set("label smoothing", "smoothing", 0.1, why)
    elif e.is_a(DropoutMLPClassifier) and e.final.label_smoothing == 0.0:
        yield e.set("label smoothing", "label_smoothing", 0.1, why)
    else:
        yield e.wrap("calibration by cross-validation", CalibratedClassifierCV(e.estimator), why)


def curves(e):
    """Splines of the features, for a linear model that trees beat."""
    if e.is_a(LINEAR) and e.reference is not None and e.reference.is_gain and e.is_numeric:
        why = f"gradient boosting on the same folds is better by {e.reference}"
        yield e.replace("splines of the features", make_pipeline(SplineTransformer(), StandardScaler(), e.final), why)


def other_family(e):
    """What was measured to be better."""
    if e.reference is not None and e.reference.is_gain:
        new = e.of_kind(HistGradientBoostingClassifier, HistGradientBoostingRegressor)(random_state=0)
        yield e.replace("gradient boosting", new, f"on the same folds it is better by {e.reference}")


def larger_net(e):
    """More units, for a net that does not even fit its training rows."""
    if e.is_a((*NETS, *PERCEPTRONS)) and e.reference is not None and e.reference.is_gain:
        sizes = np.atleast_1d(e.final.hidden_layer_sizes)
        value = tuple(int(2 * size) for size in sizes)
        yield e.set("wider layers", "hidden_layer_sizes", value, f"gradient boosting is better by {e.reference}")


ALWAYS = [more_epochs, scaling]
PROBABILITIES = [honest_probabilities]
BY_VERDICT = {
    "overfitting": [
        stronger, path_search, selection, grouping, early_stopping, weight_decay, dropout, averaging, subsampling,
        slower_boosting, mixing, noisy_copies,
    ],
    "underfitting": [weaker, curves, larger_net, other_family],
    "fitting well": [],
}  # fmt: skip


def suggestions(evidence):
    """Techniques to try next, in order."""
    makers = [*ALWAYS, *BY_VERDICT[evidence.verdict], *PROBABILITIES]
    return [suggestion for make in makers for suggestion in make(evidence)]
