"""Solve on a working set until its certificate is met, by coordinate descent with extrapolation and Newton steps."""

from typing import NamedTuple

import numpy as np

from ..data.base import ENTRIES_PER_CALL
from ..parts.designs import col_updates
from ..parts.groups import block_ends, ranges, unpenalized
from .certificates import add_hessian, certificate, clip_to_piece, find_active, penalty_value, smooth_pieces
from .coordinate import coordinate_descent
from .semidefinite import solve_semidefinite
from .vector import VectorRounds

SWEEPS = 2  # over the coordinates that may move, in a round
DEPTH = 5  # sweeps over the support that an extrapolation combines
NEAR = 0.9  # a coordinate may move when its correlation reaches this share of its limit
LARGEST_FACE = 1000  # most coefficients in one Newton step, which then takes less than a second
POLISH = 100  # most coefficients for which a Newton step ends the solve, or every round
STOPS = 1500  # most Newton steps in a row, times coefficients, while coordinates stop at ends of smooth pieces
HALVINGS = 10  # of a Newton step, where the penalty is not quadratic
CURVED_STEPS = 5  # Newton steps in a row, where the penalty is not quadratic
OBJECTIVE_ROUNDING = 1e-13  # rounding error of objectives in normalized units
MOST_FREE = 5000  # most unpenalized coefficients that are solved for exactly: their inner products take 200 MB
CHEAP_FACE = 200  # a Newton step for this many coefficients costs no more than a few rounds
PATIENCE = 10  # rounds before the first Newton step and between two steps; more where a step costs more
CHEAP_KNOWN_FACE = 450  # the same where inner products are known and the penalty is quadratic on its pieces
PATIENCE_KNOWN = 2  # and rounds between two steps then


class Result(NamedTuple):
    """The result of `solve`: the objective, its certificate (an object, and its value `gap`), the number of rounds."""

    primal: float
    gap: float
    certificate: object
    rounds: int


def primal(s, pen, w, r):
    return 0.5 * s.form.products(w, r)[0] + penalty_value(pen, w)


def sweep(s, pen, blocks, epochs):
    """Coordinate descent in short calls, between which Ctrl-C takes effect."""
    step = max(int(ENTRIES_PER_CALL / max(2 * s.form.width, 1)), 1)
    if blocks.size * epochs <= step:
        coordinate_descent(s.form.A, pen, s.w, s.r, s.form.h, s.form.lips, blocks, epochs)
        return
    for _ in range(epochs):
        for low in range(0, blocks.size, step):
            coordinate_descent(s.form.A, pen, s.w, s.r, s.form.h, s.form.lips, blocks[low : low + step], 1)


def jump(s, pen, start, t):
    """Step from w to ``w + t (w - start)`` without changing signs, if that lowers the objective."""
    trial, r, _ = _trial(s, pen, t * (s.w - start))
    if primal(s, pen, trial, r) < primal(s, pen, s.w, s.r):
        s.w, s.r = trial, r


def support(pen, w):
    """The nonzero blocks, and all their coefficients."""
    ends = block_ends(pen)
    if ends.size == w.size + 1:
        nonzero = np.flatnonzero(w)
        return nonzero, nonzero
    blocks = np.unique(np.searchsorted(ends, np.flatnonzero(w), side="right") - 1)
    return blocks, ranges(ends, blocks)


def extrapolate(s, pen, in_order):
    """Anderson extrapolation: sweep over the support, and take the combination of least change if it is better.

    ``in_order(blocks)`` gives blocks in the order of the sweeps.
    """
    blocks, coords = support(pen, s.w)
    blocks = in_order(blocks)
    W, R = [s.w[coords]], []
    for _ in range(DEPTH):
        sweep(s, pen, blocks, 1)
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

    A coordinate whose minimizer lies beyond the end of its smooth piece (a sign change, a bound, a bend) stops at the
    end, and the others go on. Where the penalty is not quadratic on its pieces, a few steps are taken, each halved
    until the objective falls. Where the objective is not convex along the coordinates, nothing is done.
    """
    left = 1 if pen.is_piecewise_quadratic else CURVED_STEPS
    for _ in range(max(2, STOPS // max(coords.size, 1))):
        step = _newton_step(s, pen, coords) if coords.size else None
        if step is None:
            return
        before = primal(s, pen, s.w, s.r)
        trial, r, clipped = _trial(s, pen, step)
        after = primal(s, pen, trial, r)
        if clipped.any() and after > before:
            # go to the first end only: the objective of a quadratic falls up to there
            reached = np.divide(trial - s.w, step, out=np.full(step.size, np.inf), where=clipped)
            t = reached.min()
            clipped = reached <= t * (1.0 + 1e-12)
            step = np.where(clipped, trial - s.w, t * step)
            trial, r, _ = _trial(s, pen, step)
            after = primal(s, pen, trial, r)
        if after > before and not pen.is_piecewise_quadratic:
            trial, r, after = _halved(s, pen, step, before)
            clipped[:] = False
        if not after <= before + OBJECTIVE_ROUNDING * max(1.0, before):
            return
        s.w, s.r = trial, r
        if clipped.any():
            coords = coords[~clipped[coords]]
            continue
        left -= 1
        if left == 0 or before - after <= OBJECTIVE_ROUNDING * max(1.0, before):
            return


def _halved(s, pen, step, before):
    """Half of a step, or less, that lowers the objective; or the last one that was tried."""
    for _ in range(HALVINGS):
        step = 0.5 * step
        trial, r, _ = _trial(s, pen, step)
        after = primal(s, pen, trial, r)
        if after <= before:
            break
    return trial, r, after


def _newton_step(s, pen, coords):
    """The Newton step along some coordinates, or None where the Hessian is not positive semi-definite."""
    slope = np.zeros(s.w.size)
    smooth_pieces(pen, s.w, slope)
    place = np.full(s.w.size, -1)
    place[coords] = np.arange(coords.size)
    H = s.form.square(coords)
    alone = H.diagonal().copy()
    add_hessian(pen, s.w, place, H)
    along, pivot = solve_semidefinite(H, (s.form.correlations(s.r) - slope)[coords], pen.is_convex)
    if along is None:
        return None
    if pivot > 0.0 and np.array_equal(alone, H.diagonal()):  # the penalty adds nothing to the inner products
        s.independent, s.pivot = coords, pivot
    step = np.zeros(s.w.size)
    step[coords] = along
    return step


def _trial(s, pen, step):
    trial, r = s.w + step, s.r.copy()
    wanted = trial.copy()
    clip_to_piece(pen, trial, s.w)
    col_updates(s.form.A, trial - s.w, s.form.h, r)
    return trial, r, trial != wanted


class BlockRounds:
    """Rounds of coordinate descent over blocks, with Newton steps on the face.

    Every round visits groups in another random order, without which sweeps are the slowest where columns are about
    equally correlated (Sun & Ye 2021). Coefficients keep their order: extrapolation then sees one linear map.

    Unpenalized coefficients are solved for exactly before every test: scaling cannot make a dual point feasible for
    them.
    """

    def __init__(self, s, pen):
        self.s = s
        self.pen = pen
        self._random = None if pen.is_piecewise_quadratic else np.random.default_rng(0)
        self._free = unpenalized(pen)
        self._round = self._last = 0  # the number of rounds, and of that which ended with a Newton step
        self._is_exact = False  # whether the last round ended in a Newton step on the face

    def solve_free(self):
        """Minimize over unpenalized coefficients."""
        if 0 < self._free.size <= MOST_FREE:
            inside = self._free[_smooth(self.pen, self.s.w)[self._free]]
            for _ in range(2):  # the second removes the rounding of the first
                newton(self.s, self.pen, inside)

    def _in_order(self, blocks):
        return blocks if self._random is None else self._random.permutation(blocks)

    def polish(self):
        """A Newton step that ends a solve."""
        if self.s.form.has_squares and not self._is_exact:
            _newton_on_face(self.s, self.pen, POLISH)

    def run(self, c):
        """One round, from an iterate with correlations c."""
        s, pen = self.s, self.pen
        sweep(s, pen, self._in_order(find_active(pen, s.w, c, NEAR)), SWEEPS)
        self._round += 1
        nonzeros = np.count_nonzero(s.w)
        self._is_exact = s.form.has_squares and nonzeros <= POLISH
        if self._is_exact:
            _newton_on_face(s, pen, POLISH)
            return
        is_known = s.form.has_squares and pen.is_piecewise_quadratic
        patience, cheap = (PATIENCE_KNOWN, CHEAP_KNOWN_FACE) if is_known else (PATIENCE, CHEAP_FACE)
        is_due = self._round - self._last >= patience * max(1.0, (nonzeros / cheap) ** 2)
        if not (is_due and is_known):
            extrapolate(s, pen, self._in_order)
        if is_due:
            _newton_on_face(s, pen, LARGEST_FACE)
            self._last = self._round


def solve(s, pen, tol, share, max_rounds, is_model=False):
    """Lower the objective until the certificate is at most `tol`, or that share of the objective.

    The certificate covers all coordinates of the working set; sweeps visit only those that may move. Rounding in the
    state does not matter to a model, which is only for the next step.
    """
    proof, steps = certificate(s, pen), (BlockRounds if pen.is_separable else VectorRounds)(s, pen)
    rounds = 0
    while True:
        steps.solve_free()
        value, c = s.evaluate(pen)
        gap = proof.update(pen, value, c)
        if rounds >= max_rounds or (rounds and gap <= max(tol, share * value)):
            if gap <= tol:
                steps.polish()
            if is_model:
                return Result(value, gap, proof, rounds)
            # Updates and extrapolations leave rounding in r: it is computed again from w before it is certified.
            s.move(s.w)
            (value, c), proof = s.evaluate(pen), certificate(s, pen)
            gap = proof.update(pen, value, c)
            if rounds >= max_rounds or gap <= max(tol, share * value):
                return Result(value, gap, proof, rounds)
        steps.run(c)
        rounds += 1


def _newton_on_face(s, pen, largest):
    """Newton steps for all coefficients at which the penalty is smooth, if there are at most `largest`."""
    moves = s.form.lips > 0.0
    if moves.size < s.w.size:
        moves = np.repeat(moves, np.diff(block_ends(pen)))
    face = np.flatnonzero(_smooth(pen, s.w) & moves)
    if 0 < face.size <= largest:
        newton(s, pen, face)


def _smooth(pen, w):
    return smooth_pieces(pen, w, np.zeros(w.size))
