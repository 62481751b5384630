"""Faults of the data or of the setup that the measurements show, each with its number and a remedy."""

from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier

from ._data import MIN_CORRELATION, MIN_NEIGHBOUR_CORRELATION, MIN_TWIN_SHARE
from ._layout import in_digits
from ._references import LONGER_TRAINING, MIN_SCALE_RATIO, SEES_SCALE, STANDARDIZED, WEIGHTED
from ._verdict import NOTHING

MIN_CONTRADICTED = 0.05  # share of wrong labels among the surest half of the rows
MIN_EVEN = 0.5  # share of wrong labels among the surest half, relative to all rows, above which noise is even
MAX_ERRORS = 0.7  # errors relative to a constant's, above which too little is learned to tell noise
MAX_SCORES = 6.0  # robust standard deviations of a residual, above which a target is called far off
MIN_FAR_OFF = 0.01  # share of such targets
FEW_TARGETS = 2  # distinct values of y that a regressor may have been meant to tell apart as classes


class Finding(NamedTuple):
    """A fault of the data or of the setup.

    Attributes
    ----------
    name : str
        "copies of rows", "groups", "drift", "order of rows", "rare class", "unscaled features",
        "more features than rows", "noisy labels", "few targets", "targets far off", or "training too short".
    why : str
        With its number.
    advice : str
        What to do about it.
    """

    name: str
    why: str
    advice: str


def findings_of(m):
    """All findings on some `Measurements`, the most harmful first."""
    makers = [
        copies, groups, order, drift, rare_class, unscaled, too_short, wide, noisy_labels, few_targets,
        targets_far_off,
    ]  # fmt: skip
    return [finding for make in makers for finding in make(m)]


def copies(m):
    s = m.splits
    if s.twin_share <= MIN_TWIN_SHARE or s.kept == "groups":
        return
    why = f"{s.twin_share:.0%} of held-out rows have an equal row in training on plain folds"
    if m.leak is not None:
        effect = "which raises the score" if m.counts(m.leak) else "without a shown effect on the score"
        why += f", {effect}: {m.leak}"
    if s.together:
        yield Finding("copies of rows", why, "all scores here are of folds that keep equal rows together; do so, too")
    else:
        yield Finding("copies of rows", why, "use cv=5, which keeps equal rows together, or drop the copies")


def groups(m):
    if m.splits.kept == "groups" and m.leak is not None and m.counts(m.leak):
        why = f"rows of a group are alike: folds that part groups score higher by {m.leak}"
        yield Finding("groups", why, "all scores here are of folds that keep groups together; tune on such folds only")


def order(m):
    r = m.facts.neighbour_correlation
    if r <= MIN_NEIGHBOUR_CORRELATION:
        return
    why = f"features of consecutive rows correlate by {r:.2f}"
    if m.order is not None:
        effect = "score higher by" if m.counts(m.order) else "are not shown to score higher:"
        why += f"; shuffled folds, which part neighbours, {effect} {m.order}"
    yield Finding("order of rows", why, "give groups= (the subject, the day), or cv=TimeSeriesSplit()")


def drift(m):
    found = m.facts.drift
    are_independent = m.facts.neighbour_correlation <= MIN_NEIGHBOUR_CORRELATION  # as the test of drift assumes
    if found is not None and are_independent:
        distance = f"Kolmogorov-Smirnov distance {found.distance:.2f}"
        why = f"the last fifth of the rows differs from the others in {found.feature} ({distance})"
        advice = "if rows are in order of time, judge by cv=TimeSeriesSplit(); if not, shuffle them"
        yield Finding("drift", why, advice)


def rare_class(m):
    label = m.folds.rare
    if label is None:
        return
    share, constant = m.shares[label], max(m.shares.values())
    why = f"class {label!r} has {share:.1%} of the rows, and the accuracy of a constant is {constant:.1%}"
    recall = np.array([fit.recall for fit in m.baseline])
    precision = np.array([fit.precision for fit in m.baseline])
    if np.isfinite(recall).any():
        why += f"; the estimator finds {np.nanmean(recall):.0%} of that class"
    if np.isfinite(precision).any():
        why += f", average precision {np.nanmean(precision):.2f} (a constant: {share:.2f})"
    one = m.tried.get(WEIGHTED)
    if one is not None:
        why += f"; class_weight='balanced': {one.gain}"
    yield Finding("rare class", why, "judge by balanced accuracy, average precision or log loss, not by accuracy")


def unscaled(m):
    if m.facts.scale_ratio < MIN_SCALE_RATIO or not m.is_a(SEES_SCALE) or m.facts.is_sparse:
        return
    if getattr(m.final, "standardize", False):
        return
    why = f"standard deviations of the features differ by a factor of {in_digits(m.facts.scale_ratio)}"
    one, advice = m.tried.get(STANDARDIZED), "put StandardScaler() in front"
    if one is None:
        yield Finding("unscaled features", why, advice)
    elif m.counts(one.gain):
        yield Finding("unscaled features", f"{why}; standardizing is better by {one.gain}", advice)
    elif m.counts(one.gain.reversed):
        yield Finding("unscaled features", f"{why}; standardizing is worse: {one.gain}", "leave them as they are")
    else:
        why += f"; standardizing makes no shown difference: {one.gain}"
        yield Finding("unscaled features", why, "nothing need change for the score; coefficients are per unit of each")


def too_short(m):
    one = m.tried.get(LONGER_TRAINING)
    if m.n_unfinished == 0 or (one is not None and not m.counts(one.gain)):
        return
    why = f"{m.n_unfinished} of {len(m.baseline)} fits ended before they had converged"
    if one is not None:
        why += f"; {_in_words(one.change)} is better by {one.gain}"
    yield Finding("training too short", why, "raise max_iter")


def _in_words(change):
    return ", ".join(f"{name}={value!r}" for name, value in change.items())


def wide(m):
    if m.facts.n_features > m.folds.n_train:
        why = f"{m.facts.n_features} features for {m.folds.n_train} training rows"
        if m.facts.n_correlated:
            why += f", {m.facts.n_correlated} correlated above {MIN_CORRELATION} with another"
        yield Finding("more features than rows", why, "without a penalty, training rows can be fitted exactly")


def noisy_labels(m):
    """Where errors are as frequent among the rows that a model is sure of, labels are wrong, not only hard."""
    models = [fits for fits in (m.baseline, *(one.fits for one in m.references.values())) if fits[0].right is not None]
    if not models or not m.shares or m.verdict == NOTHING:
        return
    fits = min(models, key=lambda fits: np.mean([fit.log_loss for fit in fits]))
    everywhere = np.array([1.0 - fit.right.mean() for fit in fits])
    surest = np.array([1.0 - fit.right[fit.confidence >= np.median(fit.confidence)].mean() for fit in fits])
    among = m.folds.difference(surest - MIN_CONTRADICTED, of_learning=False)
    is_even = surest.mean() > MIN_EVEN * everywhere.mean()
    learns = everywhere.mean() < MAX_ERRORS * (1.0 - max(m.shares.values()))
    if among.counts() and is_even and learns:
        half = f"{surest.mean():.0%} of the half of the rows that it is surest of"
        why = f"the best model errs on {half}, nearly as often as on all rows ({everywhere.mean():.0%})"
        yield Finding("noisy labels", why, "look at those rows; regularize, and expect no score above that")


def _distinct_targets(m):
    """The distinct targets of a regressor, where there are few; else none."""
    y = np.asarray(m.folds.y)
    found = [] if is_classifier(m.estimator) or y.ndim > 1 else np.unique(y)
    return found if len(found) <= FEW_TARGETS else []


def few_targets(m):
    found = _distinct_targets(m)
    if len(found) == 1:
        yield Finding(
            "few targets", f"y is {found[0]} in all rows", "there is nothing to learn: look at how y was made"
        )
    elif len(found):
        why = f"y has no values but {found[0]} and {found[1]}"
        yield Finding("few targets", why, "if they are two classes, use a classifier, such as LogisticRegression")


def targets_far_off(m):
    if len(_distinct_targets(m)):
        return
    models = [m.baseline, *(one.fits for one in m.references.values())]
    models = [fits for fits in models if all(fit.residuals is not None for fit in fits)]
    if not models:
        return
    joined = [np.concatenate([fit.residuals for fit in fits]) for fits in models]
    residuals = min(joined, key=lambda r: np.median(np.abs(r)))
    centre = np.median(residuals)
    scale = 1.4826 * np.median(np.abs(residuals - centre))
    if scale <= 0.0:
        return
    share = float((np.abs(residuals - centre) > MAX_SCORES * scale).mean())
    if share >= MIN_FAR_OFF:
        why = f"{share:.1%} of the targets are more than {MAX_SCORES:g} standard deviations from their predictions"
        bear = "a logarithm of y or HuberRegressor bears" if np.min(m.folds.y) > 0.0 else "HuberRegressor bears"
        yield Finding("targets far off", why, f"check them; {bear} them")
