"""Which verdict the measurements allow, and what they show of the data."""

from typing import NamedTuple

from ._evaluate import mean
from ._layout import in_code

MIN_LOST = 0.1  # share of what was learned on training rows that held-out rows must miss for a gap to be large
SIMPLER_SHARE = 0.5  # of the largest gain that a change of the estimator must bring to come before other models
NAMES = {"linear": "a linear model", "boosting": "gradient boosting"}
NOTHING, UNDER, OVER, WELL = "nothing learned", "underfitting", "overfitting", "fitting well"
UNDECIDED = "undecided"


class Reason(NamedTuple):
    verdict: str
    words: str


def share_words(lost):
    """The share of what is learned that is lost, in words."""
    return "all" if lost >= 1.0 else f"{max(lost, 0.0):.0%}"


def words_for(m, one):
    """An alternative in words."""
    if one.value is not None:
        return f"{m.strength.name}={in_code(one.value)}"
    if one.name == "linear" and m.is_linear:
        return f"{NAMES['linear']} with standardized features and a penalty chosen by cross-validation"
    return NAMES.get(one.name, one.name)


def verdict_of(m):
    """The verdict on some `Measurements`, and the reason for it in words.

    Parameters
    ----------
    m : Measurements
        Or whatever has its attributes `above`, `gap`, `lost`, `stronger`, `weaker`, `growth`, `alternatives`,
        `baseline`, `curve`, `strength`, `knows_by_heart`, `is_linear` and `counts`.

    Returns
    -------
    reason : Reason
        `verdict` and `words`.
    """
    learns = m.counts(m.above)
    if not learns and not any(m.counts(one.above) for one in m.alternatives):
        return _unless_missing(m, Reason(NOTHING, _nothing(m)))
    sides = [side for side in (m.weaker, m.stronger) if side is not None and m.counts(side.gain)]
    if sides:
        best = max(sides, key=lambda side: side.gain.mean)
        more = "less" if best is m.weaker else "more"
        words = f"{more} regularization ({words_for(m, best)}) is better by {best.gain}"
        return Reason(UNDER if best is m.weaker else OVER, words + _about_gap(m))
    better = [one for one in m.alternatives if one.value is None and m.counts(one.gain)]
    if better:
        best = ranking(better)[0]
        too_flexible = mean(m.baseline, "train") >= mean(best.fits)  # what it lacks was learned, and lost
        words = f"{words_for(m, best)} {'are' if best.name.endswith('s') else 'is'} better by {best.gain}"
        return Reason(OVER if too_flexible else UNDER, words + _about_gap(m))
    worse = m.stronger is not None and m.counts(m.stronger.gain.reversed)
    if _has_large_gap(m) and not m.knows_by_heart and not worse and m.counts(m.growth):
        return Reason(OVER, f"{_lost(m)}, and more rows help: from half of them to all {m.growth}")
    return _unless_missing(m, Reason(WELL, _well(m, worse)) if learns else Reason(NOTHING, _nothing(m)))


def _unless_missing(m, reason):
    """The reason, or that the verdict is undecided where what could speak against it was not measured."""
    if not m.missing:
        return reason
    words = reason.words if m.alternatives else f"{m.above} over a constant, and no other model was measured"
    return Reason(UNDECIDED, f"{words}; left out: {', '.join(m.missing)}")


def ranking(alternatives):
    """Alternatives by their gain; changes of the estimator that bring half of the largest come before other models."""
    most = max((one.gain.mean for one in alternatives), default=0.0)

    def key(one):
        is_change = one.name not in NAMES
        return not (is_change and one.gain.mean >= SIMPLER_SHARE * most), -one.gain.mean

    return sorted(alternatives, key=key)


def _has_large_gap(m):
    return m.lost > MIN_LOST and m.counts(m.gap)


def _lost(m):
    return f"{share_words(m.lost)} of what it learns on training rows is lost on held-out rows"


def _about_gap(m):
    """The gap beside the reason, where it says something: not of models that may know their training rows by heart."""
    return f"; {_lost(m)}" if _has_large_gap(m) and not m.knows_by_heart else ""


def _nothing(m):
    words = f"it is not shown to be better than a constant: {m.above}"
    others = [words_for(m, one) for one in m.alternatives if one.value is None]
    n = len(m.curve) - 1
    if n > 0:
        others.append(f"{n} other value{'s' * (n > 1)} of {m.strength.name}")
    if not others:
        return words
    listed = " or ".join(filter(None, [", ".join(others[:-1]), others[-1]]))
    return f"{words}; nor is {listed} on the same folds"


def _well(m, worse):
    tried = [one for one in m.alternatives if one.value is None]
    words = "nothing that was tried is shown to be better" if m.alternatives else "no other model could be tried"
    if tried:
        best = max(tried, key=lambda one: one.gain.mean)
        words += f"; {words_for(m, best)}: {best.gain}"
    if not _has_large_gap(m):
        return words
    if m.knows_by_heart:
        return f"{words}. {_lost(m)}, which is natural for a model that knows its training rows by heart"
    return f"{words}. {_lost(m)}{', but more regularization is worse' if worse else ''}"
