"""Regularization paths: predict the working set, solve on it, certify on all columns, add columns."""

from typing import NamedTuple

import numpy as np

from .penalties import ElasticNet

LOOSE = 1e-2  # gap, relative to the objective, at warm starts and while a working set still grows fast
STONES = 3  # warm starts for each decade of alpha before a single fit


class Strengths(NamedTuple):
    """The penalty of every column, for alpha = 1 and in normalized units."""

    l1: np.ndarray
    l2: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def at(self, alpha, features):
        return ElasticNet(
            alpha * self.l1[features], alpha * self.l2[features], self.lower[features], self.upper[features]
        )

    def pull(self, c):
        """How strongly correlations c push coefficients away from 0, in directions that the bounds allow."""
        return np.maximum(c * (self.upper > 0.0), -c * (self.lower < 0.0))

    def alpha_max(self, c):
        """The smallest alpha for which all penalized coefficients stay at 0, given their correlations there."""
        pull = self.pull(c)
        held = (self.l1 > 0.0) & (pull > 0.0)
        return (pull[held] / self.l1[held]).max(initial=0.0)


def strengths(data, unit, l1_ratio, factor, bounds, standardize):
    """Translate the user's penalty, ``factor * (l1_ratio |b| + (1 - l1_ratio) b^2 / 2)``, to normalized units.

    There, ``b_j = unit * scale_j * w_j``. With `standardize` the penalty sees ``b_j`` times the standard deviation of
    its column. Infinite factors become bounds [0, 0].
    """
    lower, upper = (np.array(np.broadcast_to(b, data.p), dtype=np.float64) for b in bounds)
    scale = data.scale
    t = np.where(data.spread > 0.0, data.spread, 1.0) if standardize else np.ones(data.p)
    out = np.isinf(factor) | (scale == 0.0)
    factor = np.where(out, 0.0, factor)
    l1 = factor * l1_ratio * (t * scale * (data.weight / unit))
    l2 = factor * (1.0 - l1_ratio) * (t * scale) ** 2 * data.weight
    with np.errstate(divide="ignore", invalid="ignore"):
        size = unit * scale
        lower = np.where(lower == 0.0, 0.0, lower / size)
        upper = np.where(upper == 0.0, 0.0, upper / size)
    lower[out] = upper[out] = 0.0
    return Strengths(l1, l2, lower, upper)


class Point(NamedTuple):
    """A solution on the path, in normalized units, of the columns in the working set."""

    features: np.ndarray
    w: np.ndarray
    primal: float
    gap: float
    rounds: int


def _likeliest(new, pull, l1, most):
    """At most `most` of the new columns: those with the largest pull relative to L1; all that have no L1."""
    cap = max(most, np.count_nonzero(l1[new] == 0.0))
    if new.size <= cap:
        return new
    ratio = np.divide(pull[new], l1[new], out=np.full(new.size, np.inf), where=l1[new] > 0.0)
    return new[np.argpartition(-ratio, cap)[:cap]]


def follow(s, strengths, alphas, tol, max_rounds, w_init=None, stones=0):
    """Solve for a sequence of alphas, each from the solution before; yields a `Point` for each.

    Parameters
    ----------
    s : working set
        Keeps its iterate between alphas.
    strengths : Strengths
    alphas : sequence of float
    tol : float
        Duality gap to reach, in normalized units.
    max_rounds : int
        For each alpha.
    w_init : ndarray or None
        Start, in normalized units: one number for each column, or a row of several.
    stones : int
        Number of leading alphas that are only warm starts: their gaps need not hold for all columns.
    """
    est = s.start
    known = (strengths.lower == 0.0) & (strengths.upper == 0.0)
    start = np.clip(np.zeros(known.size) if w_init is None else w_init.T, strengths.lower, strengths.upper).T
    first = np.flatnonzero(start.reshape(known.size, -1).any(axis=1) & ~known)
    last = max(strengths.alpha_max(s.start), 0.0)
    s.add(first, known, est)
    if first.size:
        s.move(start[s.features].ravel())
        est = s.all_correlations(s.w, s.r, 0.0 * est, known)
        last = alphas[0]
    pull = strengths.pull(est)
    old = older = before = None
    for k, alpha in enumerate(alphas):
        bar = max(2 * alpha - last, 0.5 * alpha) if s.eager else alpha  # the strong rule (Tibshirani et al. 2012)
        new = np.flatnonzero((pull >= bar * strengths.l1) & (pull > 0.0) & ~known)
        rounds, gap = 0, np.inf
        while True:
            new = _likeliest(new, pull, strengths.l1, max(s.batch, np.count_nonzero(s.w)))
            rough = k >= stones and new.size > 0.25 * s.w.size
            if new.size:
                s.add(new, known, est)
            pen = s.penalty(strengths, alpha)
            if older is not None and 0.0 < last < before:  # the path is nearly linear in alpha
                older.resize(s.w.size, refcheck=False)
                s.jump(pen, older, (alpha - last) / (last - before))
            older = None
            share = LOOSE if rough or k < stones else 0.0
            result = s.solve(pen, tol, share, max_rounds - rounds)
            rounds += result.rounds
            est = s.all_correlations(result.dual.w, result.dual.r, alpha * strengths.l1, known)
            pull = strengths.pull(est)
            violated = result.dual.scale * pull > alpha * strengths.l1 * (1.0 + 1e-12)
            new = np.flatnonzero(violated & ~known)
            before_gap, gap = gap, s.gap_with(strengths, alpha, result, new, est, pull) if new.size else result.gap
            unfinished = new.size or tol < result.gap < before_gap
            if k < stones or gap <= tol or rounds >= max_rounds or not unfinished:
                break
        yield Point(s.features, s.w, result.primal, gap, rounds)
        old, older, before, last = s.w.copy(), old, last, alpha


def alpha_max(s, st):
    """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part.

    `s` is an empty working set.
    """
    held = st.l1 > 0.0
    if not held.any():
        return np.inf
    est = s.start
    if ((st.l1 == 0.0) & (st.lower < st.upper)).any():  # unpenalized columns belong to the null model
        none = 2.0 / st.l1[held].min()  # normalized correlations are at most 1: nothing penalized enters
        *_, point = follow(s, st, [none], 1e-10, 100)
        est = s.all_correlations(point.w, s.r, np.zeros(held.size), np.zeros(held.size, bool))
    return st.alpha_max(est)


def stones(top, alpha, decade=STONES):
    """Alphas between that of the empty model and a given one, `decade` for each decade: warm starts."""
    return np.geomspace(top, alpha, 2 + int(decade * np.log10(top / alpha)))[1:-1]
