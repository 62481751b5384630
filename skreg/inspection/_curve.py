"""The regularization curve: other values of the main parameter, and what the best of them on each side brings."""

import numpy as np
from sklearn.base import clone

from ._alternative import WORTH, alternative
from ._evaluate import Difference, mean
from ._strength import ROUNDS

MAX_EXTENSIONS = 4  # how often the curve goes on where it still rises at its end


def measure_curve(m):
    if m.strength is None:
        return
    values = m.strength.values(m.folds.n_train)
    m.runs.expect(len(values))
    for value in values:
        run_at(m, value)
    for _ in range(MAX_EXTENSIONS):
        value = next_value(m)
        if value is None or value in m.curve or not run_at(m, value):
            return


def run_at(m, value):
    name = m.strength.name
    share = value / m.strength.value if m.strength.kind.name in ROUNDS else 1.0
    model = clone(m.estimator).set_params(**{name: value})
    fits = m.runs.attempt(f"{name}={value!r}", share * m.baseline_seconds, model)
    if fits is not None:
        m.curve[value] = fits
    return fits is not None


def next_value(m):
    """The value beyond an end at which the curve still rises, or beyond the weak one where all is nothing."""
    values = sorted(m.curve)
    scores = {value: mean(m.curve[value]) for value in values}
    if len(values) < 2:
        return None
    least = WORTH * m.learnable_on_the_curve
    nothing_yet = max(scores.values()) - mean(m.floor) <= least
    if nothing_yet and max(scores.values()) - min(scores.values()) <= least:
        up = m.strength.kind.stronger < 0
    else:
        best = max(scores, key=scores.get)
        up = best == values[-1]
        neighbour = values[-2] if up else values[1]
        if best not in (values[0], values[-1]) or scores[best] - scores[neighbour] <= 0.5 * least:
            return None
    return m.strength.beyond(values[-1] if up else values[0], m.folds.n_train, up=up)


def side(m, stronger):
    """Values of the curve that regularize more, or less, than the present one; the most regularizing first."""
    values = [v for v in m.curve if v != m.strength.value and m.strength.is_stronger(v) == stronger]
    return sorted(values, key=lambda value: -m.strength.kind.stronger * value)


def best_on(m, stronger):
    """The most regularizing value on a side among those that are as good as its best, within the `WORTH`."""
    if m.strength is None or not side(m, stronger):
        return None
    values, tolerance = side(m, stronger), WORTH * m.learnable
    means = np.array([mean(m.curve[value]) for value in values])
    value = values[int((means >= means.max() - tolerance).argmax())]
    fits = judged_by_others(m, [m.curve[value] for value in values], m.folds)
    if fits is None:  # every fold has seen what the others hold out: there is no honest interval
        found = alternative(m, "curve", m.curve[value], value=value)
        return found._replace(gain=Difference(found.gain.mean, np.nan, np.nan))
    return alternative(m, "curve", fits, value=value)


def judged_by_others(m, candidates, folds):
    """Of several lists of fits, for every fold the fit that the other folds choose; None where none can."""
    scores = np.array([[fit.validation for fit in fits] for fits in candidates])
    chosen = folds.chosen_by_others(scores, WORTH * m.learnable)
    return None if chosen is None else [candidates[i][fold] for fold, i in enumerate(chosen)]
