"""From data and a penalty to certified solutions in the user's units, by any of the solvers."""

from typing import NamedTuple

import numpy as np

from . import path
from .certificates import penalty_value, squared_dual
from .direct import ridge_gram, ridge_rows
from .losses import Squared
from .path import strengths
from .proximal import Quadratic, minimize, rows_of
from .working_set import Columns, Covariance, Gradient, Residual

ROUNDING = 1e-16  # of inner products of normalized columns
CHECK = 10  # prox-gradient steps between two looks at the gap
LARGEST_DIRECT = 2000  # unknowns of a dense system that "auto" is ready to solve
LARGEST_GRAM = 2000  # columns whose whole Gram matrix "auto" is ready to form for a path


class Penalty(NamedTuple):
    """The user's penalty, but for alpha: ``factor_j (l1_ratio |b_j| + (1 - l1_ratio) b_j^2 / 2)`` within bounds."""

    l1_ratio: float
    factor: np.ndarray
    bounds: tuple
    standardize: bool

    def strengths(self, data, unit):
        return strengths(data, unit, *self)


class Solution(NamedTuple):
    """Coefficients in the user's units, with their certificate: the objective is at most `gap` above its minimum.

    Of several scores, `coef` has shape (K, p) and `intercept` (K,).
    """

    coef: np.ndarray
    intercept: float | np.ndarray
    objective: float
    gap: float
    n_iter: int
    met: bool


def certify(form, pen, w, residual=None):
    """Primal value and duality gap of an iterate on all columns, afresh; the dual point is `residual` (n,), if any."""
    r = form.state(w)
    rr, yr = form.products(w, r)
    value = 0.5 * rr + penalty_value(pen, w)
    if residual is not None:
        r = form.data.state(-form.data.root * residual)
        rr, yr = form.products(w, r)
    return value, max(value - squared_dual(pen, form.correlations(r), rr, yr)[0], 0.0)


def whole(data, target, gram):
    """The form of all columns of the data."""
    if gram:
        form = Gradient(lambda new, cols: data.gram, data.start[target], data.sqnorm(data.R[target]))
    else:
        form = Residual(data, target)
    form.grow(np.arange(data.p))
    return form


def ridge(form, st, alphas):
    """Pure L2 on the form of all columns, for alphas of which zeros come last.

    Yields primal values, coefficients and gaps.
    """
    every, used = np.arange(st.l2.size), st.lower < st.upper
    positive = [alpha for alpha in alphas if alpha > 0.0]
    zeros = [0.0] * (len(alphas) - len(positive))  # every coefficient is unpenalized then
    for part, l2 in ((positive, st.l2), (zeros, np.zeros_like(st.l2))):
        if not part:
            continue
        if isinstance(form, Gradient):
            found = ridge_gram(form.G[: l2.size, : l2.size], form.start, l2, used, part)
        else:
            found = ridge_rows(form, l2, used, part)
        for alpha, (w, residual) in zip(part, found, strict=True):
            yield w, *certify(form, st.at(alpha, every), w, residual), 1


def _direct(data, target, strengths, alphas, tol):
    if data.p <= data.n:
        try:
            found = list(ridge(whole(data, target, True), strengths, alphas))
            if max(gap for _, _, gap, _ in found) <= tol:
                return found
        except np.linalg.LinAlgError:
            pass  # singular to rounding
    return ridge(whole(data, target, False), strengths, alphas)


def _prox_grad(data, target, strengths, alphas, tol, max_iter, w_init):
    form = whole(data, target, data.n >= 5 * data.p)
    every = np.arange(data.p)
    w = np.clip(np.zeros(data.p) if w_init is None else w_init, strengths.lower, strengths.upper)
    if isinstance(form, Gradient):
        smooth = Quadratic(form.start)
        scores = form.state(w) + form.start
    else:
        smooth = rows_of(Squared(), -data.vector(data.R[target])[None] * data.inv_h, data.rows)
        scores = data.scores(w)
    for alpha in alphas:
        pen = strengths.at(alpha, every)
        best = [np.inf, -np.inf]

        def enough(steps, w, pen=pen, best=best):
            value, gap = certify(form, pen, w)
            best[:] = value, max(best[1], value - gap)
            return value - best[1] <= tol

        steps = minimize(form.A, smooth, pen, w, scores, CHECK, max_iter, enough)
        yield w, best[0], max(best[0] - best[1], 0.0), max(steps, 1)


def alpha_max(data, target, penalty):
    """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part."""
    return path.alpha_max(Columns(data, target), penalty.strengths(data, data.unit[target]))


def _coordinate(data, target, strengths, alphas, tol, gram, max_iter, w_init):
    yy = data.sqnorm(data.R[target])
    s = Covariance(data.inner, data.start[target], yy) if gram else Columns(data, target, len(alphas) > 1)
    top = strengths.alpha_max(s.start)
    before = np.empty(0)
    if data.n < 5 * data.p and w_init is None and len(alphas) == 1 and 0.0 < alphas[0] < top:
        before = np.append(path.stones(top, alphas[0]), alphas)  # the wanted one loosely, too, before it counts
    walk = path.follow(s, strengths, np.append(before, alphas), tol, max_iter, w_init, before.size)
    rounds = sum(next(walk).rounds for _ in before)
    for alpha, (w, value, gap, n_iter) in zip(alphas, points(walk, data.p), strict=True):
        if isinstance(s.form, Gradient) and ROUNDING * np.abs(w).sum() ** 2 > 0.1 * tol:
            # coefficients so large cancel in the residual: inner products cannot tell how well, the rows can
            value, gap = certify(whole(data, target, False), strengths.at(alpha, np.arange(data.p)), w)
        yield w, value, gap, rounds + n_iter
        rounds = 0


def points(walk, p):
    """What solvers yield, from the points of a path."""
    for point in walk:
        w = np.zeros(p)
        w[point.features] = point.w
        yield w, point.primal, point.gap, max(point.rounds, 1)


def choose(data, penalty, alphas, limit=LARGEST_DIRECT):
    """What solver="auto" means; `limit` is the largest dense system that it solves directly."""
    bounded = np.isfinite(penalty.bounds[0]).any() or np.isfinite(penalty.bounds[1]).any()
    smooth = penalty.l1_ratio == 0.0 or not np.any(alphas)
    if smooth and not bounded and min(data.n, data.p) <= limit:
        return "direct"
    if data.n >= 5 * data.p and data.p <= (LARGEST_GRAM if len(alphas) > 1 else Covariance.SMALL):
        return "gram"
    return "cd"


def prepare(data, penalty, alphas, solver):
    """Form the whole Gram matrix now if it will be needed: the one product so large that threads pay."""
    if solver == "auto":
        solver = choose(data, penalty, alphas)
    if (solver == "gram" and data.p <= Covariance.SMALL) or (solver == "direct" and data.p <= data.n):
        data.gram  # noqa: B018


def solve_path(data, target, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
    """Yield a `Solution` for every alpha, each warm-started from the one before.

    Parameters
    ----------
    data : Data
    target : int
    penalty : Penalty
    alphas : sequence of float
        Best in decreasing order.
    tol : float
        Duality gap to reach, relative to the loss of the null model.
    max_iter : int
    solver : {"auto", "cd", "gram", "prox_grad", "direct"}
    coef_init : ndarray of shape (p,) or None
        Start, in the user's units.
    """
    st = penalty.strengths(data, data.unit[target])
    if solver == "auto":
        solver = choose(data, penalty, alphas)
    goal = 0.5 * tol  # the null model's loss is 1/2
    w_init = start_of(data, target, coef_init)
    if solver == "direct":
        found = _direct(data, target, st, alphas, goal)
    elif solver == "prox_grad":
        found = _prox_grad(data, target, st, alphas, goal, max_iter, w_init)
    else:
        found = _coordinate(data, target, st, alphas, goal, solver == "gram", max_iter, w_init)
    yield from solutions(data, target, found, tol)


def start_of(data, target, coef):
    """Coefficients in the user's units, or None, in normalized ones."""
    if coef is None:
        return None
    size = data.unit[target] * data.scale
    return np.divide(coef, size, out=np.zeros(data.p), where=size > 0.0)


def solutions(data, target, found, tol):
    """A `Solution` in the user's units for all that a solver found."""
    size, unit = data.unit[target] * data.scale, data.unit[target] ** 2 / data.weight
    for w, value, gap, n_iter in found:
        coef = w * size
        intercept = float(data.offset[target] - data.mean @ coef)
        yield Solution(coef, intercept, value * unit, gap * unit, n_iter, bool(gap <= 0.5 * tol))
