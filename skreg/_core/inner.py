"""Solve on a working set to a duality gap: rounds of coordinate descent, each with one extrapolation."""

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
from .data import WORK
from .penalties import length_of, support, unpenalized

SWEEPS = 2  # over the coordinates that may move, a round
DEPTH = 5  # sweeps over the support that an extrapolation combines
NEAR = 0.9  # a coordinate may move when its correlation comes so close to its limit
LARGEST_FACE = 1000  # so many coefficients may be solved for at once, in less than a second
POLISH = 100  # a solution with so few coefficients is solved for exactly in the end, if not in every round
STOPS = 1500  # Newton steps in a row times coefficients, while coordinates stop at the ends of their smooth pieces
ROUNDING = 1e-13  # of objectives and correlations in normalized units
MOST_FREE = 5000  # unpenalized coefficients that are solved for exactly: their inner products take 200 MB
SINGULAR = 1e-6  # pivots of a Cholesky factor below which inner products count as singular
CHEAP_FACE = 200  # a Newton step for so many coefficients costs no more than a few rounds
PATIENCE = 10  # rounds before the first Newton step and between two; more where a step costs more


class Dual(NamedTuple):
    """The best dual point so far: its value, its scale, and the iterate whose residual it is."""

    value: float
    scale: float
    w: np.ndarray
    r: np.ndarray


class Result(NamedTuple):
    """Where `solve` ended."""

    primal: float
    dual: Dual
    rounds: int

    @property
    def gap(self):
        return max(self.primal - self.dual.value, 0.0)


def primal(s, pen, w, r):
    return 0.5 * s.form.products(w, r)[0] + penalty_value(pen, w)


def sweep(s, pen, coords, epochs):
    """Coordinate descent in calls short enough to be interrupted."""
    step = max(int(WORK / max(2 * s.form.width, 1)), 1)
    if coords.size * epochs <= step:
        coordinate_descent(s.form.A, pen, s.w, s.r, s.form.h, s.form.lips, coords, epochs)
        return
    for _ in range(epochs):
        for low in range(0, coords.size, step):
            coordinate_descent(s.form.A, pen, s.w, s.r, s.form.h, s.form.lips, coords[low : low + step], 1)


def jump(s, pen, start, t):
    """Go on from `start` through w by the factor t, without changing signs; undone unless the objective falls."""
    trial, r, _ = _trial(s, pen, t * (s.w - start))
    if primal(s, pen, trial, r) < primal(s, pen, s.w, s.r):
        s.w, s.r = trial, r


def extrapolate(s, pen):
    """Anderson: some sweeps over the support, then their combination of least change, if it is better."""
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

    Where the minimizer lies beyond the end of a smooth piece (a sign change, a bound), the coordinates that get there
    stop, and the rest go on.
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
            # up to the first end only: the objective falls all the way there
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

    Where H is singular the solution is the shortest, and goes far along directions in which the objective falls without
    end: up to the end of the smooth piece. NumPy's LAPACK, not SciPy's: each brings threads of its own, which fight for
    the cores when calls alternate.
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

    The gap sees all coordinates of the working set; the sweeps, those that may move. Unpenalized coefficients are
    solved for exactly before every test, as no scaling of a dual point makes it feasible for them.
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
            # Updates and extrapolations leave rounding in r: what is certified is the state of w afresh.
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
    """A Newton step for all coefficients at which the penalty is smooth, if there are at most so many."""
    face = np.flatnonzero(_smooth(pen, s.w) & (s.form.lips > 0.0))
    if 0 < face.size <= largest:
        newton(s, pen, face)


def _smooth(pen, w):
    return smooth_pieces(pen, w, np.empty(w.size), np.empty(w.size))


def _look(s, pen, dual):
    """Primal value, correlations, and the better of `dual` and the dual point here."""
    rr, yr = s.form.products(s.w, s.r)
    c = s.form.correlations(s.r)
    bound, scale = squared_dual(pen, c, rr, yr)
    if bound > dual.value:
        dual = Dual(bound, scale, s.w.copy(), s.r.copy())
    return 0.5 * rr + penalty_value(pen, s.w), c, dual
