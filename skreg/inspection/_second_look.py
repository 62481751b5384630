"""A second look on further folds at what the first ones leave open."""

from sklearn.base import clone

from . import _data
from ._alternative import WORTH
from ._curve import judged_by_others, side
from ._evaluate import mean
from ._references import STANDARDIZED

SECOND_LOOK = "a second look on further folds"
MAX_AGAIN = 3  # values of a side of the curve that are compared again


def look_again(m):
    """Repeat on further folds what the first ones leave open: gains that are large enough, but not shown."""
    if not m.splits.more or m.facts.drift or m.facts.neighbour_correlation > _data.MIN_NEIGHBOUR_CORRELATION:
        return  # shuffled folds would mix what lies together
    least = WORTH * m.learnable
    open_ = [one for one in m.alternatives if one.gain.mean >= least and not m.counts(one.gain)]
    best = max(open_, key=lambda one: one.gain.mean, default=None)
    again = [one for one in open_ if one is best or one.change or one.name == STANDARDIZED]
    if not again and (m.counts(m.above) or m.above.mean < least):
        return
    folds = m.folds.on(m.splits.more)
    n_sets = 2 + sum(1 if one.model is not None else MAX_AGAIN for one in again)
    scale = len(m.splits.more) / len(m.folds.splits)
    if not m.runs.affordable(SECOND_LOOK, scale * n_sets * m.baseline_seconds):
        return
    m.runs.expect(n_sets)
    base, floor = (m.runs.attempt(SECOND_LOOK, 0.0, model, folds=folds) for model in (m.estimator, m.dummy))
    if base is None or floor is None:
        return
    all_folds = m.folds.on([*m.folds.splits, *m.splits.more])
    m.again_base, m.again_floor = [*m.baseline, *base], [*m.floor, *floor]
    m.above = all_folds.gain(m.again_base, m.again_floor)
    for one in again:
        fits = _run_again(m, one, folds, all_folds)
        if fits is not None:
            _replace(m, one, fits, all_folds)


def _run_again(m, one, folds, all_folds):
    """Fits of an alternative on the first folds and on further ones."""
    if one.model is not None:
        more = m.runs.attempt(SECOND_LOOK, 0.0, one.model, folds=folds)
        return None if more is None else [*one.fits, *more]
    values = sorted(side(m, one is m.stronger), key=lambda value: -mean(m.curve[value]))[:MAX_AGAIN]
    values = [value for value in side(m, one is m.stronger) if value in {*values, one.value}]
    models = [clone(m.estimator).set_params(**{m.strength.name: value}) for value in values]
    more = [m.runs.attempt(SECOND_LOOK, 0.0, model, folds=folds) for model in models]
    if any(fits is None for fits in more):
        return None
    candidates = [[*m.curve[value], *fits] for value, fits in zip(values, more, strict=True)]
    return judged_by_others(m, candidates, all_folds)


def _replace(m, one, fits, all_folds):
    found = one._replace(
        fits=fits,
        gain=all_folds.gain(fits, m.again_base),
        above=all_folds.gain(fits, m.again_floor),
        base=m.again_base,
        folds=all_folds,
    )
    if one is m.stronger:
        m.stronger = found
    elif one is m.weaker:
        m.weaker = found
    else:
        where = m.references if one.name in m.references else m.tried
        where[one.name] = found
