"""What could be tried next: for every technique the number that speaks for it, and the parameter to set."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from ..augmentation import AugmentedClassifier, AugmentedRegressor, GaussianNoise
from ..linear import LabelSmoothedLogistic, PenalizedRegressor
from ..neural import DropoutMLPClassifier, DropoutMLPRegressor
from ..stopping import EarlyStoppingClassifier, EarlyStoppingRegressor
from ._alternative import Alternative
from ._data import MIN_CORRELATION
from ._evaluate import mean
from ._layout import in_code, in_digits
from ._references import (
    LINEAR,
    LONGER_TRAINING,
    STANDARDIZED,
    WITH_A_PATH,
    changes_to_try,
    l1_ratio_of,
    path_search_like,
    reference_models,
)
from ._strength import AUGMENTED, BINNED, DESCENTS, LOGISTIC, NETS, PERCEPTRONS, STAGED, TREES, VECTORS
from ._suggestion import changed, instead, of_kind, replaced, tried
from ._verdict import NAMES, NOTHING, OVER, UNDECIDED, UNDER, WELL, ranking, share_words

FEW_ROWS = 1000  # below, noisy copies are cheap and had an effect in benchmarks
MANY_FEATURES = 0.5  # features a training row, above which selection has much to leave out
MIN_OVERCONFIDENCE = 0.01  # gap of confidence that is worth a correction
LIKES_NOISE = (*LINEAR, *VECTORS, *PERCEPTRONS, *NETS)  # piecewise constant models move their borders at random


def gap_in_words(m):
    """The gap, as a reason to try a technique; of models whose gap says nothing by itself, what the verdict is from."""
    if m.knows_by_heart:
        return m.reason
    return f"{share_words(m.lost)} of what is learned on training rows is lost on held-out rows: {m.gap}"


def along_the_curve(m):
    """A value of the regularization curve that is shown to be better."""
    for side, technique in ((m.stronger, "more regularization"), (m.weaker, "less regularization")):
        if side is None or not m.counts(side.gain):
            continue
        name, present = m.strength.kind.name, m.strength.value
        why = f"{m.strength.name}={in_code(present)} to {in_code(side.value)} on the regularization curve"
        found = changed(m, technique, name, side.value, why)
        yield found._replace(gain=side.gain), side


def changes(m):
    """Changes that were tried and are shown to be better."""
    for name, one in m.tried.items():
        if not m.counts(one.gain):
            continue
        yield tried(m, name, one, reason_to_try(m, name)), one


def reason_to_try(m, name):
    """The number that calls for a cheap change."""
    if name == STANDARDIZED:
        return f"the features' standard deviations differ by a factor of {in_digits(m.facts.scale_ratio)}"
    if name == LONGER_TRAINING:
        return f"{m.n_unfinished} of {len(m.baseline)} fits ended before they had converged"
    return f"class {m.folds.rare!r} has {m.shares[m.folds.rare]:.1%} of the rows"


def references(m):
    """References that are shown to be better."""
    for name, one in m.references.items():
        if not m.counts(one.gain):
            continue
        searched = name == "linear" and m.is_a(WITH_A_PATH)
        technique = "strength by cross-validation along the path" if searched else NAMES[name]
        own = mean(m.baseline, "train")
        why = f"its score on training rows is {one.train:.3g}, that of the estimator {own:.3g}"
        yield tried(m, technique, one, why), one


def selection(m):
    """Zeros, where there are many features for the rows."""
    many = m.facts.n_features >= MANY_FEATURES * m.folds.n_train
    if many and m.is_a(WITH_A_PATH) and l1_ratio_of(m.final) < 0.5 and not m.is_inside(AUGMENTED):
        why = f"{m.facts.n_features} features for {m.folds.n_train} training rows"
        yield replaced(m, "fewer features by L1", path_search_like(m.final, l1_ratio=[0.5, 0.95]), why)


def grouping(m):
    """L2 beside L1, which keeps correlated features together."""
    lasso = m.is_a(WITH_A_PATH) and l1_ratio_of(m.final) > 0.9
    if m.facts.n_correlated >= 2 and lasso and not m.is_inside(AUGMENTED):
        n = m.facts.n_correlated
        why = f"{n} features correlate by more than {MIN_CORRELATION} with another; L1 keeps one of each group"
        yield replaced(m, "elastic net", path_search_like(m.final, l1_ratio=0.5), why)


def early_stopping(m):
    """Training that ends when validation rows say so."""
    if m.is_inside(AUGMENTED):  # copies of rows would be on both sides of its split
        return
    if m.is_a(NETS) and m.final.early_stopping:  # in one of its ways
        return
    if m.is_a((*BINNED, *PERCEPTRONS, *DESCENTS, *NETS)) and m.final.early_stopping is not True:
        yield changed(m, "early stopping", "early_stopping", True, gap_in_words(m))
    elif m.is_a(STAGED) and m.final.n_iter_no_change is None:
        new = of_kind(m, EarlyStoppingClassifier, EarlyStoppingRegressor)
        yield replaced(m, "early stopping", new(m.final, random_state=0), gap_in_words(m))


def weight_decay(m):
    """More decay of a net's weights."""
    if m.is_a(NETS) and np.ndim(m.final.weight_decay) == 0:
        value = 0.3 if m.final.weight_decay == 0.0 else float(f"{3.0 * m.final.weight_decay:.3g}")
        yield changed(m, "weight decay", "weight_decay", value, gap_in_words(m))


def dropout(m):
    """A net with dropout in place of one without."""
    if m.is_a(PERCEPTRONS):
        kind = of_kind(m, DropoutMLPClassifier, DropoutMLPRegressor)
        new = kind(m.final.hidden_layer_sizes, random_state=0)
        yield replaced(m, "dropout, batch normalization and decoupled decay", new, gap_in_words(m))


def mixing(m):
    """Mixtures of rows for a net."""
    if m.is_a(NETS) and m.final.mixup == 0.0:
        yield changed(m, "mixup", "mixup", 0.2, gap_in_words(m))


def subsampling(m):
    """Ensembles whose members see less."""
    if m.is_a(STAGED) and m.final.subsample == 1.0:
        yield changed(m, "stochastic boosting", "subsample", 0.5, gap_in_words(m))
    elif m.is_a(BINNED) and getattr(m.final, "max_features", None) == 1.0:
        yield changed(m, "some features at every split", "max_features", 0.3, gap_in_words(m))
    elif m.is_a(RandomForestRegressor) and m.final.max_features == 1.0:
        yield changed(m, "some features at every split", "max_features", 0.33, gap_in_words(m))


def averaging(m):
    """Many trees in place of one."""
    if m.is_a(TREES):
        kind = of_kind(m, RandomForestClassifier, RandomForestRegressor)
        yield replaced(m, "averaging over trees", kind(random_state=0), gap_in_words(m))


def noisy_copies(m):
    """Copies of rows with noise, where rows are few and more of them are shown to help; nets draw it in every step."""
    if not m.is_numeric or m.folds.n_train >= FEW_ROWS or m.is_inside(AUGMENTED) or not m.is_a(LIKES_NOISE):
        return
    if not m.counts(m.growth):
        return
    why = f"{m.folds.n_train} training rows, and from half of them to all the score gains {m.growth}"
    if m.is_a(NETS):
        if m.final.input_noise == 0.0 and not m.facts.is_sparse:
            yield changed(m, "noise on the inputs", "input_noise", 0.1, why)
        return
    if getattr(m.final, "early_stopping", False) is True:  # it would hold out copies of rows that it trains on
        return
    kind = of_kind(m, AugmentedClassifier, AugmentedRegressor)
    noise = GaussianNoise(0.1, relative="feature")
    yield instead(m, "augmentation by noise", kind(m.estimator, noise, n_copies=4, random_state=0), why)


def calibration(m):
    """Smoothed labels, or calibration, for probabilities that promise too much."""
    over = m.overconfidence
    if over is None or not over.counts(MIN_OVERCONFIDENCE):
        return
    why = f"confidence is above the share of right answers by {over}"
    if m.is_a((LabelSmoothedLogistic, DropoutMLPClassifier)) and m.final.label_smoothing == 0.0:
        yield changed(m, "label smoothing", "label_smoothing", 0.1, why)
    else:
        yield instead(m, "calibration by cross-validation", CalibratedClassifierCV(m.estimator), why)


def boosting_is_better(m):
    one = m.references.get("boosting")
    return one is not None and m.counts(one.gain)


def describes_features(model):
    """Whether a parameter of a linear model has one value for each feature: it would not fit splines."""
    values = [getattr(model, name, None) for name in ("groups", "penalty_factor", "slope_weights", "prior_coef")]
    bounds = getattr(model, "bounds", None)
    values += [bounds] if bounds is None or isinstance(bounds, dict) else list(bounds)
    return any(np.iterable(value) and not isinstance(value, str) for value in values)


def splines(m):
    """Splines of the features, for a linear model that trees beat."""
    if m.is_a(LINEAR) and boosting_is_better(m) and m.is_numeric and not describes_features(m.final):
        why = f"gradient boosting, which bends, is better on the same folds by {m.references['boosting'].gain}"
        final = m.final
        # the present strength may fit the features as they are, not their splines
        if m.is_a(PenalizedRegressor):
            final = path_search_like(final)
        elif m.is_a(WITH_A_PATH):
            final = path_search_like(final, l1_ratio=0.0 if m.is_a(LOGISTIC) else l1_ratio_of(final), standardize=False)
        new = make_pipeline(SplineTransformer(), StandardScaler(), final)
        yield replaced(m, "splines of the features", new, why)


def larger_net(m):
    """More units, for a net that does not even fit its training rows."""
    one = m.references.get("boosting")
    if m.is_a((*NETS, *PERCEPTRONS)) and boosting_is_better(m):
        value = tuple(int(4 * size) for size in np.atleast_1d(m.final.hidden_layer_sizes))
        why = f"gradient boosting is better on the same folds by {one.gain}"
        yield changed(m, "wider layers", "hidden_layer_sizes", value, why)


def not_measured(m):
    """Changes that the findings call for, and references, that there was no time to measure."""
    for name, how in changes_to_try(m).items():
        if name in m.missing:
            one = Alternative(name, [], None, None, np.nan, model=how["model"], part=how.get("part"))
            yield tried(m, name, one._replace(change=how.get("change")), reason_to_try(m, name))
    for name, (part, model) in reference_models(m)[0].items():
        if NAMES[name] in m.missing:
            one = Alternative(name, [], None, None, np.nan, model=model, part=part)
            yield tried(m, NAMES[name], one, f"{m.folds.n_train} training rows; the verdict is undecided without it")


UNMEASURED = {
    OVER: [
        averaging, selection, grouping, early_stopping, weight_decay, dropout, subsampling, mixing, noisy_copies,
        calibration,
    ],
    UNDER: [splines, larger_net, calibration],
    WELL: [calibration],
    NOTHING: [],
    UNDECIDED: [calibration],
}  # fmt: skip


def suggestions(m):
    """Techniques to try next for `Measurements` with a `verdict`, and the `Alternative` of those that were measured.

    Those with a measured gain come first, see `ranking`; then those that follow from the verdict.
    """
    measured = [pair for make in (along_the_curve, changes, references) for pair in make(m)]
    if m.verdict == NOTHING:  # better than this estimator is not enough
        measured = [(suggestion, one) for suggestion, one in measured if m.counts(one.above)]
    ranked = {id(one): place for place, one in enumerate(ranking([one for _, one in measured]))}
    measured.sort(key=lambda pair: ranked[id(pair[1])])
    rest = [*not_measured(m), *(one for make in UNMEASURED[m.verdict] for one in make(m))]
    known = {suggestion.change: one for suggestion, one in measured}
    return [suggestion for suggestion, _ in measured] + rest, known
