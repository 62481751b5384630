"""Which verdict the measurements allow."""

LOST = 0.1  # share of what was learned that may stay behind on training rows without being called overfitting


def is_worth(gain, learned):
    """Whether a gain is more than rounding: shown, or a hundredth of what is learned at all."""
    return gain.is_gain or gain.mean > 0.01 * abs(learned)


def is_better(gain):
    """What can be said of a gain."""
    return "is better" if gain.is_shown else "seems better, but is not shown to be,"


def in_percent(lost):
    """The share of what is learned that is lost, in words."""
    return f"{max(lost, 0.0):.0%}" if lost <= 1.0 else f"all ({lost:.1f} times as much)"


def verdict_of(m):
    """The verdict on some `Measurements`, and the reason for it in words.

    Parameters
    ----------
    m : Measurements
        Or whatever has its attributes `above`, `gap`, `lost`, `learned`, `stronger`, `weaker`, `growth`, `reference`,
        `shortfall` and `n_unconverged`.
    """
    if m.weaker is not None and m.weaker[1].is_gain:
        return "underfitting", f"less regularization ({m.weaker[0]!r}) {is_better(m.weaker[1])} by {m.weaker[1]}"
    facts = f"{in_percent(m.lost)} of what is learned on training rows is lost on held-out rows"
    remedy = m.stronger is not None and is_worth(m.stronger[1], m.learned)
    exhausted = m.stronger is not None and m.stronger[1].high < 0.0 and not (m.growth is not None and m.growth.is_gain)
    large = m.lost > LOST and (m.gap.is_gain or remedy)
    if large and not exhausted:
        if remedy:
            gain = m.stronger[1]
            facts += f", and more regularization ({m.stronger[0]!r}) {is_better(gain)} by {gain}"
        return "overfitting", facts
    if m.above.mean <= 0.0:
        return "underfitting", f"it is no better than a constant: {m.above}"
    if m.shortfall is not None and (m.shortfall.is_gain or (m.n_unconverged and m.shortfall.mean > 0.0)):
        words = "even on its training rows it is worse than gradient boosting on held-out ones, by"
        return "underfitting", f"{words} {m.shortfall}"
    if m.reference is not None and m.reference.is_gain:
        return "underfitting", f"gradient boosting {is_better(m.reference)} on the same folds by {m.reference}"
    doubt = "" if m.above.is_gain else f"; but it is not shown to be better than a constant: {m.above}"
    if large:
        return "fitting well", f"{facts}, but more regularization is worse: {m.stronger[1]}{doubt}"
    if m.lost > LOST:
        return "fitting well", f"training scores cannot be told from those of held-out rows: {m.gap}{doubt}"
    return "fitting well", f"only {facts}{doubt}"
