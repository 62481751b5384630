"""Regularization paths: predict the working set, solve on it, certify on all columns, add columns."""

from functools import partial
from typing import NamedTuple

import numpy as np

LOOSE = 1e-2  # gap, relative to the objective, at warm starts and while a working set still grows fast
WARM_STARTS = 3  # for each decade of alpha before a single fit
LARGEST_GROWTH = 0.25  # of a working set at once, from which it is first solved loosely
ENTRY_ROUNDING = 1e-12  # relative, of the alpha at which a block enters
MAY_ENTER = 1e-6  # correlations that let a block enter at an alpha smaller by this share are computed exactly


class Point(NamedTuple):
    """A solution on the path, in normalized units, of the coordinates in the working set."""

    features: np.ndarray
    w: np.ndarray
    primal: float
    gap: float
    rounds: int


def _likeliest(new, entry, most):
    """At most `most` of the new blocks: those that enter first; all that nothing keeps at zero."""
    if new.size <= most:
        return new
    cap = max(most, np.count_nonzero(np.isinf(entry[new])))
    return new if new.size <= cap else new[np.argpartition(-entry[new], cap)[:cap]]


def follow(s, path, alphas, tol, max_rounds, w_init=None, n_warm_starts=0):
    """Solve for a sequence of alphas, each from the solution before; yields a `Point` for each.

    Parameters
    ----------
    s : WorkingSet
        Empty; keeps its iterate between alphas.
    path : PenaltyPath
    alphas : sequence of float
    tol : float
        Certificate to reach, in normalized units.
    max_rounds : int
        For each alpha.
    w_init : ndarray or None
        Start, in normalized units: one number for each coordinate.
    n_warm_starts : int
        Number of leading alphas that are only warm starts: their certificates need not hold for all columns.
    """
    known = path.is_fixed.copy()

    def may_matter(size, alpha):
        entry = path.largest_entry_alpha(size)
        if path.is_separable:
            return path.block_mask((entry > alpha) & ~known)
        return path.block_mask(entry >= alpha * (1.0 - MAY_ENTER))  # what enters depends on the known ones, too

    start = path.project(np.zeros(path.n_coordinates) if w_init is None else w_init)
    first = np.flatnonzero(path.any_by_block(start != 0.0) & ~known)
    entry = path.entry_alpha(s.start)
    last = path.alpha_max(s.start)
    s.add(path, first, known, entry)
    if first.size:
        s.move(start[s.features])
        last = alphas[0]
        entry = path.entry_alpha(s.all_correlations(s.w, s.r, partial(may_matter, alpha=last)))
    w_last = w_before = alpha_before = None
    for k, alpha in enumerate(alphas):
        level = max(2 * alpha - last, 0.5 * alpha) if s.is_eager else alpha  # strong rule (Tibshirani et al. 2012)
        new = np.flatnonzero((entry >= level) & (entry > 0.0) & ~known)
        rounds, gap_last = 0, np.inf
        while True:
            new = _likeliest(new, entry, max(s.batch, np.count_nonzero(s.w)))
            is_loose = k < n_warm_starts or path.coordinates(new).size > LARGEST_GROWTH * s.w.size
            has_grown = new.size > 0
            if has_grown:
                s.add(path, new, known, entry)
            pen = path.at(alpha, s.blocks)
            if w_before is not None and 0.0 < last < alpha_before:  # the path is nearly linear in alpha
                w_before.resize(s.w.size, refcheck=False)
                s.jump(pen, w_before, (alpha - last) / (last - alpha_before))
            w_before = None
            result = s.solve(pen, tol, LOOSE if is_loose else 0.0, max_rounds - rounds)
            rounds += result.rounds
            proof = result.certificate
            c = s.all_correlations(proof.w, proof.r, partial(may_matter, alpha=alpha))
            entry = path.entry_alpha(c)
            limit = alpha * (1.0 + ENTRY_ROUNDING) / proof.scale if proof.scale > 0.0 else np.inf
            new = np.flatnonzero((entry > limit) & ~known)
            gap = proof.outside(path, alpha, result.primal, new, entry, c) if new.size else result.gap
            unfinished = new.size or (result.gap > tol and (has_grown or result.gap < gap_last))
            gap_last = result.gap
            if k < n_warm_starts or gap <= tol or rounds >= max_rounds or not unfinished:
                break
        yield Point(s.features, s.w, result.primal, gap, rounds)
        w_last, w_before, alpha_before, last = s.w.copy(), w_last, last, alpha


def points(s, path, alphas, warm_starts, tol, max_rounds, w_init=None):
    """Yield the working set and the `Point` of every alpha, after some warm starts at larger ones.

    The penalty may be concave. Then every alpha starts from the solution with the convex penalty of the same slope at
    zero (Fan, Xue & Zou 2014), or from `w_init`. So a solution depends on the other alphas only as that start does: to
    its tolerance, and where columns are dependent.

    Parameters
    ----------
    s : WorkingSet
        Empty.
    path : PenaltyPath
    alphas, warm_starts : ndarray
    tol, max_rounds, w_init
        See `follow`.
    """
    if path.is_convex or w_init is None:
        walk = follow(s, path.convex(), np.append(warm_starts, alphas), tol, max_rounds, w_init, warm_starts.size)
        rounds = sum(next(walk).rounds for _ in warm_starts)
    else:
        walk, rounds = ((None for _ in alphas), 0)
    for alpha, point in zip(alphas, walk, strict=True):
        at, start = s, w_init
        if not path.is_convex:
            at = s.another()
            if point is not None:
                start, rounds = np.zeros(path.n_coordinates), rounds + point.rounds
                start[point.features] = point.w
            (point,) = follow(at, path, [alpha], tol, max_rounds, start)
        yield at, point._replace(rounds=max(rounds + point.rounds, 1))
        rounds = 0


def alpha_max(s, path):
    """The smallest alpha for which every penalized block is 0; infinite where no penalty can hold one there.

    `s` is an empty working set.
    """
    holds = path.holds()
    if not holds.any():
        return np.inf
    entry = path.entry_alpha(s.start)
    if path.has_free_part:  # what is not penalized belongs to the null model
        of_null = 2.0 * path.largest_entry_alpha(np.ones(path.n_coordinates))[holds].max()  # correlations are at most 1
        *_, point = follow(s, path, [of_null], 1e-10, 100)
        entry = path.entry_alpha(s.all_correlations(point.w, s.r, lambda size: np.ones(size.size, bool)))
    return entry[holds].max()


def warm_start_alphas(top, alpha, per_decade=WARM_STARTS):
    """Alphas between that of the empty model and a given one, some for each decade."""
    return np.geomspace(top, alpha, 2 + int(per_decade * np.log10(top / alpha)))[1:-1]
