"""Solve on a working set until the duality gap is small, by coordinate descent with extrapolation."""

from typing import NamedTuple

import numpy as np

from .certificates import (
    clip_to_piece,
    find_active,
    penalty_value,
    smooth_pieces,
    squared_dual,
)
from .coordinate import col_updates, coordinate_descent
from .data import ENTRIES_PER_CALL
from .penalties import length_of, support, unpenalized

SWEEPS = 2  # over the coordinates that may move, in a round
DEPTH = 5  # sweeps over the support that an extrapolation combines
NEAR = 0.9  # a coordinate may move when its correlation reaches this share of its limit
LARGEST_FACE = 1000  # most coefficients in one Newton step, which then takes less than a second
POLISH = 100  # most coefficients for which a Newton step ends the solve, or every round
STOPS = 1500  # most Newton steps in a row, times coefficients, while coordinates stop at ends of smooth pieces
ROUNDING = 1e-13  # rounding error of objectives and correlations in normalized units
MOST_FREE = 5000  # most unpenalized coefficients that are solved for exactly: their inner products take 200 MB
SINGULAR = 1e-6  # pivots of a Cholesky factor below which inner products count as singular
CHEAP_FACE = 200  # a Newton step for this many coefficients costs no more than a few rounds
PATIENCE = 10  # rounds before the first Newton step and between two steps; more where a step costs more


class Dual(NamedTuple):
    """The best dual point so far: its value, its scale, and the iterate whose scaled residual it is."""

    value: float
    scale: float
    w: np.ndarray
    r: np.ndarray


class Result(NamedTuple):
    """The result of `solve`: the primal value, the best dual point, and the number of rounds."""

    primal: float
    dual: Dual
    rounds: int

    @property
    def gap(self):
        return max(self.primal - self.dual.value, 0.0)


def primal(s, pen, w, r):
    return 0.5 * s.form.products(w, r)[0] + penalty_value(pen, w)


def sweep(s, pen, coords, epochs):
    """Coordinate descent in short calls, between which Ctrl-C takes effect."""
    step = max(int(ENTRIES_PER_CALL / max(2 * s.form.width, 1)), 1)
    if coords.size * epochs <= step:
        coordinate_descent(s.form.A, pen, s.w, s.r, s.form.h, s.form.lips, coords, epochs)
        return
    for _ in range(epochs):
        for low in range(0, coords.size, step):
            coordinate_descent(s.form.A, pen, s.w, s.r, s.form.h, s.form.lips, coords[low : low + step], 1)


def jump(s, pen, start, t):
    """Step from w to ``w + t (w - start)`` without changing signs, if that lowers the objective."""
    trial, r, _ = _trial(s, pen, t * (s.w - start))
    if primal(s, pen, trial, r) < primal(s, pen, s.w, s.r):
        s.w, s.r = trial, r


def extrapolate(s, pen):
    """Anderson extrapolation: sweep over the support, and take the combination of least change if it is better."""
    groups, coords = support(pen, s.w)
    W, R = [s.w[coords]], []
    for _ in range(DEPTH):
        sweep(s, pen, groups, 1)
        W.append(s.w[coords])
        R.append(s.r.copy())
    W = np.array(W)
    D = np.diff(W, axis=0)
    M = D @ D.T
    M.flat[:: DEPTH + 1] += 1e-12 * M.trace() + 1e-300
    c = np.linalg.solve(M, np.ones(DEPTH))
    c /= c.sum()
    trial, r = s.w.copy(), np.tensordot(c, R, 1)
    trial[coords] = c @ W[1:]
    if primal(s, pen, trial, r) < primal(s, pen, s.w, s.r):
        s.w, s.r = trial, r


def newton(s, pen, coords):
    """Minimize over coordinates at which the penalty is smooth, with the others fixed.

    A coordinate whose minimizer lies beyond the end of its smooth piece (a sign change, a bound) stops at the end, and
    the others go on.
    """
    for _ in range(max(2, STOPS // max(coords.size, 1))):
        if not coords.size:
            return
        slope, curvature = np.empty(s.w.size), np.empty(s.w.size)
        smooth_pieces(pen, s.w, slope, curvature)
        H = s.form.square(coords)
        H.flat[:: coords.size + 1] += curvature[coords]
        step = np.zeros(s.w.size)
        step[coords] = _solve(H, (s.form.correlations(s.r) - slope)[coords])
        before = primal(s, pen, s.w, s.r)
        trial, r, clipped = _trial(s, pen, step)
        after = primal(s, pen, trial, r)
        if clipped.any() and after > before:
            # go to the first end only: the objective falls up to there
            reached = np.divide(trial - s.w, step, out=np.full(step.size, np.inf), where=clipped)
            t = reached.min()
            clipped = reached <= t * (1.0 + 1e-12)
            step = np.where(clipped, trial - s.w, t * step)
            trial, r, _ = _trial(s, pen, step)
            after = primal(s, pen, trial, r)
        if not after <= before + ROUNDING * max(1.0, before):
            return
        s.w, s.r = trial, r
        if not clipped.any():
            return
        coords = coords[~clipped[coords]]


def _trial(s, pen, step):
    trial, r = s.w + step, s.r.copy()
    wanted = trial.copy()
    clip_to_piece(pen, trial, s.w)
    col_updates(s.form.A, trial - s.w, s.form.h, r)
    return trial, r, trial != wanted


def _solve(H, g):
    """Solution of H d = g of a positive semi-definite H with a diagonal of about 1.

    Where H is singular, the solution is the shortest one; along directions in which the objective falls without end it
    is very long, and the step stops at the end of the smooth piece. LAPACK is NumPy's, not SciPy's: each has threads of
    its own, which compete for the cores when calls alternate.
    """
    try:
        if np.linalg.cholesky(H).diagonal().min() > SINGULAR:
            return np.linalg.solve(H, g)
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(H)
    along = vectors.T @ g
    flat = values <= values[-1] * SINGULAR**2
    along[flat & (np.abs(along) <= max(1e-9 * np.linalg.norm(g), ROUNDING))] = 0.0
    return vectors @ (along / np.where(flat, values[-1] * SINGULAR**2, values))


def solve(s, pen, tol, share, max_rounds):
    """Lower the objective until the gap on the working set is at most `tol`, or that share of the objective.

    The gap covers all coordinates of the working set; sweeps visit only those that may move. Unpenalized coefficients
    are solved for exactly before every test: scaling cannot make a dual point feasible for them.
    """
    dual = Dual(-np.inf, 0.0, s.w, s.r)
    free, alone = unpenalized(pen), length_of(pen) == 1
    rounds = last = 0
    exact = False  # whether the last round ended in a Newton step on the face
    while True:
        if 0 < free.size <= MOST_FREE:
            inside = free[_smooth(pen, s.w)[free]]
            for _ in range(2):  # the second removes the rounding of the first
                newton(s, pen, inside)
        value, c, dual = _look(s, pen, dual)
        if rounds >= max_rounds or (rounds and value - dual.value <= max(tol, share * value)):
            if value - dual.value <= tol and not exact:
                _newton_on_face(s, pen, POLISH)
            # Updates and extrapolations leave rounding in r: it is computed again from w before it is certified.
            s.move(s.w)
            value, c, dual = _look(s, pen, Dual(-np.inf, 0.0, s.w, s.r))
            if rounds >= max_rounds or value - dual.value <= max(tol, share * value):
                return Result(value, dual, rounds)
        sweep(s, pen, find_active(pen, s.w, c, NEAR), SWEEPS)
        rounds += 1
        nonzeros = np.count_nonzero(s.w)
        exact = s.form.has_squares and alone and nonzeros <= POLISH
        if exact:
            _newton_on_face(s, pen, POLISH)
            continue
        extrapolate(s, pen)
        if rounds - last >= PATIENCE * max(1.0, (nonzeros / CHEAP_FACE) ** 2):
            _newton_on_face(s, pen, LARGEST_FACE)
            last = rounds


def _newton_on_face(s, pen, largest):
    """A Newton step for all coefficients at which the penalty is smooth, if there are at most `largest`."""
    face = np.flatnonzero(_smooth(pen, s.w) & (s.form.lips > 0.0))
    if 0 < face.size <= largest:
        newton(s, pen, face)


def _smooth(pen, w):
    return smooth_pieces(pen, w, np.empty(w.size), np.empty(w.size))


def _look(s, pen, dual):
    """The primal value, the correlations, and the better of `dual` and the dual point of the current residual."""
    rr, yr = s.form.products(s.w, s.r)
    c = s.form.correlations(s.r)
    bound, scale = squared_dual(pen, c, rr, yr)
    if bound > dual.value:
        dual = Dual(bound, scale, s.w.copy(), s.r.copy())
    return 0.5 * rr + penalty_value(pen, s.w), c, dual
