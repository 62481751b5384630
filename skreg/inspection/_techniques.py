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
from ._measure import CORRELATED
from ._strength import (
    AUGMENTED,
    BINNED,
    DESCENTS,
    FORESTS,
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
from ._verdict import in_percent, is_better, is_worth

LINEAR = (*PENALIZED, *LOGISTIC, *DESCENTS, linear_model.LinearRegression)
WITH_A_PATH = (
    ElasticNetProx,
    linear_model.Lasso,
    linear_model.ElasticNet,
    linear_model.Ridge,
    linear_model.LinearRegression,
    *LOGISTIC,
)
KEPT = {
    "fit_intercept", "positive", "bounds", "penalty_factor", "class_weight", "confidence_penalty", "grouped",
    "label_smoothing",
}  # fmt: skip
OF_SCALE = (*PENALIZED, *LOGISTIC, *DESCENTS, *VECTORS, *NEIGHBORS, *PERCEPTRONS, *NETS)

UNEVEN = 10.0  # ratio of the features' deviations from which on penalties and distances see some features only
FEW_ROWS = 1000  # below, noisy copies are cheap and had an effect in benchmarks
MANY_FEATURES = 0.5  # features a training row from which on selection has much to leave out
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


def replaced(m, technique, new, why):
    """A suggestion to put another estimator in the place of what does the learning."""
    name = resolve(m.estimator)[0].removesuffix("__")
    if not name:
        return instead(m, technique, new, why)
    model = clone(m.estimator).set_params(**{name: clone(new)})
    return Suggestion(technique, name, new, why, model, f"{name}={in_words(new, m.final)}")


def instead(m, technique, new, why):
    """A suggestion to use another estimator, which may hold the present one."""
    return Suggestion(technique, "", new, why, clone(new), in_words(new, m.estimator))


def changed(m, technique, name, value, why):
    """A suggestion to set a parameter of what does the learning."""
    full = resolve(m.estimator)[0] + name
    return Suggestion(technique, full, value, why, clone(m.estimator).set_params(**{full: value}), f"{full}={value!r}")


def of_kind(m, classifier, regressor):
    return classifier if is_classifier(m.estimator) else regressor


def loss_of(m):
    """The gap in words."""
    return f"{in_percent(m.lost)} of what is learned on training rows is lost on new ones"


def l1_ratio_of(model):
    """The share of L1 of a linear model; scikit-learn before 1.8 called it `penalty` in logistic regression."""
    if isinstance(model, linear_model.Lasso) or getattr(model, "penalty", None) == "l1":
        return 1.0
    return getattr(model, "l1_ratio", 0.0) or 0.0


def path_search_like(model, **params):
    """A search along the path for a linear model, with what the two have in common."""
    logistic = isinstance(model, LOGISTIC)
    search = LabelSmoothedLogisticCV(label_smoothing=0.0) if logistic else ElasticNetProxCV()
    shared = {name: value for name, value in model.get_params(deep=False).items() if name in KEPT}
    known = search.get_params()
    return search.set_params(**{k: v for k, v in shared.items() if k in known}, **{"standardize": True, **params})


def more_epochs(m):
    """Fits that did not converge."""
    if m.n_unconverged and hasattr(m.final, "max_iter"):
        value = 10 * m.final.max_iter if (m.final.max_iter or 0) > 0 else 10000
        yield changed(m, "convergence", "max_iter", value, f"{m.n_unconverged} of the baseline's fits did not converge")


def scaling(m):
    """Features of different size under one penalty, or in one distance."""
    if not m.is_a(OF_SCALE) or m.uneven < UNEVEN or m.is_sparse or getattr(m.final, "standardize", False):
        return
    why = f"the features' standard deviations differ by a factor of {m.uneven:.2g}, and the model sees their size"
    if hasattr(m.final, "standardize"):
        yield changed(m, "standardized features", "standardize", True, why)
    else:
        yield replaced(m, "standardized features", make_pipeline(StandardScaler(), m.final), why)


def _along_the_curve(m, side, technique):
    """A value of the regularization curve: shown to be better, or seeming so where the verdict asks for that side."""
    if side is None:
        return
    value, gain = side
    asked = m.verdict == ("overfitting" if side is m.stronger else "underfitting")
    if gain.is_gain or (asked and is_worth(gain, m.learned)):
        why = f"{m.strength.value!r} to {value!r} on the regularization curve: {gain}"
        yield changed(m, technique, m.strength.kind.name, value, why)


def stronger(m):
    """A stronger value on the regularization curve."""
    yield from _along_the_curve(m, m.stronger, "more regularization")


def weaker(m):
    """A weaker value on the regularization curve."""
    yield from _along_the_curve(m, m.weaker, "less regularization")


def path_search(m):
    """The strength chosen along a whole path, for linear models under a penalty or without any."""
    if m.is_a(WITH_A_PATH) and not m.is_inside(AUGMENTED):  # copies would be on both sides of the search's folds
        search = path_search_like(m.final, l1_ratio=l1_ratio_of(m.final))
        yield replaced(m, "strength by cross-validation along the path", search, loss_of(m))


def selection(m):
    """Zeros, where there are many features for the rows."""
    many = m.n_features >= MANY_FEATURES * m.folds.n_train
    if many and m.is_a(WITH_A_PATH) and l1_ratio_of(m.final) < 0.5 and not m.is_inside(AUGMENTED):
        why = f"{m.n_features} features for {m.folds.n_train} training rows"
        yield replaced(m, "fewer features by L1", path_search_like(m.final, l1_ratio=[0.5, 0.95]), why)


def grouping(m):
    """L2 beside L1, which keeps correlated features together."""
    lasso = m.is_a(WITH_A_PATH) and l1_ratio_of(m.final) > 0.9
    if m.n_correlated >= 2 and lasso and not m.is_inside(AUGMENTED):
        why = f"{m.n_correlated} features correlate by more than {CORRELATED} with others; L1 keeps one of each group"
        yield replaced(m, "elastic net", path_search_like(m.final, l1_ratio=0.5), why)


def early_stopping(m):
    """Training that ends when held-out rows say so."""
    if m.is_inside(AUGMENTED):  # copies of rows would be on both sides of its split
        return
    if m.is_a((*BINNED, *PERCEPTRONS, *DESCENTS, *NETS)) and m.final.early_stopping is not True:
        yield changed(m, "early stopping", "early_stopping", True, loss_of(m))
    elif m.is_a(STAGED) and m.final.n_iter_no_change is None:
        new = of_kind(m, EarlyStoppingClassifier, EarlyStoppingRegressor)
        yield replaced(m, "early stopping", new(m.final, random_state=0), loss_of(m))


def weight_decay(m):
    """More decay of a net's weights."""
    if m.is_a(NETS) and np.ndim(m.final.weight_decay) == 0:
        value = 0.3 if m.final.weight_decay == 0.0 else float(f"{3.0 * m.final.weight_decay:.3g}")
        yield changed(m, "weight decay", "weight_decay", value, loss_of(m))


def dropout(m):
    """A net with dropout in place of one without."""
    if m.is_a(PERCEPTRONS):
        kind = of_kind(m, DropoutMLPClassifier, DropoutMLPRegressor)
        sizes = m.final.hidden_layer_sizes
        new = kind(sizes, random_state=0)
        yield replaced(m, "dropout, batch normalization and decoupled decay", new, loss_of(m))


def mixing(m):
    """Mixtures of rows for a net."""
    if m.is_a(NETS) and m.final.mixup == 0.0:
        yield changed(m, "mixup", "mixup", 0.2, loss_of(m))


def subsampling(m):
    """Ensembles whose members see less."""
    if m.is_a(STAGED) and m.final.subsample == 1.0:
        yield changed(m, "stochastic boosting", "subsample", 0.5, loss_of(m))
    elif m.is_a(BINNED) and getattr(m.final, "max_features", None) == 1.0:
        yield changed(m, "features drawn at every split", "max_features", 0.3, loss_of(m))
    elif m.is_a(RandomForestRegressor) and m.final.max_features == 1.0:
        yield changed(m, "features drawn at every split", "max_features", 0.33, loss_of(m))


def averaging(m):
    """Many trees in place of one."""
    if m.is_a(TREES):
        kind = of_kind(m, RandomForestClassifier, RandomForestRegressor)
        yield replaced(m, "averaging over trees", kind(random_state=0), loss_of(m))


def noisy_copies(m):
    """Copies of rows with noise, for few rows; nets draw it anew in every step."""
    steps = (*TREES, *FORESTS, *BINNED, *STAGED, *NEIGHBORS)  # piecewise constant: noise moves their borders at random
    if not m.is_numeric or m.folds.n_train >= FEW_ROWS or m.is_inside(AUGMENTED) or m.is_a(steps):
        return
    if m.growth is None or not is_worth(m.growth, m.learned):
        return
    why = f"{m.folds.n_train} training rows, and from half of them to all more rows brought {m.growth}"
    if m.is_a(NETS):
        if m.final.input_noise == 0.0 and not m.is_sparse:
            yield changed(m, "noise on the inputs", "input_noise", 0.1, why)
        return
    if getattr(m.final, "early_stopping", False) is True:  # it would hold out copies of rows that it trains on
        return
    kind = of_kind(m, AugmentedClassifier, AugmentedRegressor)
    noise = GaussianNoise(0.1, relative="feature")
    new = kind(m.estimator, noise, n_copies=4, random_state=0)
    yield instead(m, "augmentation by noise", new, why)


def honest_probabilities(m):
    """Smoothed labels, or calibration, for probabilities that promise too much."""
    over = m.overconfidence
    if over is None or not over.is_shown or over.mean < OVERCONFIDENT:
        return
    why = f"confidence is above the share of right answers by {over}"
    if m.is_a((LabelSmoothedLogistic, DropoutMLPClassifier)) and m.final.label_smoothing == 0.0:
        yield changed(m, "label smoothing", "label_smoothing", 0.1, why)
    else:
        yield instead(m, "calibration by cross-validation", CalibratedClassifierCV(m.estimator), why)


def is_beaten(m):
    """Whether gradient boosting is shown to be better, or seems so for what underfits."""
    if m.reference is None or m.reference.mean <= max(
        [0.0, *(side[1].mean for side in (m.stronger, m.weaker) if side)]
    ):
        return False  # nor where the estimator's own strength brings more
    return m.reference.is_gain or m.verdict == "underfitting"


def curves(m):
    """Splines of the features, for a linear model that trees beat."""
    if m.is_a(LINEAR) and is_beaten(m) and m.is_numeric:
        why = f"gradient boosting on the same folds {is_better(m.reference)} by {m.reference}"
        final = m.final
        if m.weaker is not None and is_worth(m.weaker[1], m.learned):  # with too much of a penalty they would be idle
            final = clone(final).set_params(**{m.strength.kind.name: m.weaker[0]})
        yield replaced(m, "splines of the features", make_pipeline(SplineTransformer(), StandardScaler(), final), why)


def other_family(m):
    """What was measured to be better."""
    if is_beaten(m):
        new = of_kind(m, HistGradientBoostingClassifier, HistGradientBoostingRegressor)(random_state=0)
        yield replaced(m, "gradient boosting", new, f"on the same folds it {is_better(m.reference)} by {m.reference}")


def larger_net(m):
    """More units, for a net that does not even fit its training rows."""
    if m.is_a((*NETS, *PERCEPTRONS)) and is_beaten(m):
        sizes = np.atleast_1d(m.final.hidden_layer_sizes)
        value = tuple(int(2 * size) for size in sizes)
        yield changed(
            m,
            "wider layers",
            "hidden_layer_sizes",
            value,
            f"gradient boosting {is_better(m.reference)} by {m.reference}",
        )


BY_VERDICT = {
    "overfitting": [
        stronger, selection, path_search, grouping, early_stopping, weight_decay, dropout, averaging, subsampling,
        mixing, noisy_copies, other_family,
    ],
    "underfitting": [weaker, curves, larger_net, other_family, stronger],
    "fitting well": [stronger, weaker, other_family],
}  # fmt: skip


def suggestions(m):
    """Techniques to try next, in order, for `Measurements` with a `verdict`."""
    makers = [scaling, more_epochs, *BY_VERDICT[m.verdict], honest_probabilities]
    return [suggestion for make in makers for suggestion in make(m)]
