"""From data and a penalty to certified solutions in the user's units, by any of the solvers."""

from typing import NamedTuple

import numpy as np

from .loops import active_set
from .loops.certificates import penalty_value, squared_dual
from .loops.direct import ridge_gram, ridge_rows
from .loops.proximal import Quadratic, minimize, rows_of
from .parts.losses import Squared
from .parts.penalty_paths import CoefficientPath
from .paths import path
from .paths.targets import gram_paths
from .paths.vertices import at_vertex, prefer_vertex
from .paths.working_set import Columns, Covariance, Gradient, Residual

GRAM_ROUNDING = 1e-16  # of inner products of normalized columns
STEPS_PER_CHECK = 10  # prox-gradient steps between two evaluations of the gap
MAX_DIRECT_SIDE = 2000  # unknowns of a dense system that "auto" solves
MAX_GRAM_COLUMNS = 2000  # columns whose whole Gram matrix "auto" forms for a path
MIN_BATCHED_TARGETS = 64  # targets for which the compiled loop over targets is worth the seconds of its compilation
FIRST_ROUNDS = 50  # rounds of coordinate descent before the active-set method is tried on a small problem
FIRST_ROUNDS_UNPENALIZED = 10  # the same for bounds without a penalty, where nearly dependent columns are common


class Solution(NamedTuple):
    """Coefficients in the user's units, with their certificate: the objective is at most `gap` above its minimum.

    Of several targets all fields are arrays, with `coef` of shape (T, p). Of several classes, `coef` has shape (K, p)
    and `intercept` (K,).
    """

    coef: np.ndarray
    intercept: float | np.ndarray
    objective: float | np.ndarray
    gap: float | np.ndarray
    n_iter: int | np.ndarray
    met: bool | np.ndarray


class LossFit:
    """A loss on some rows.

    Attributes
    ----------
    null : ndarray of shape (T,)
        Losses of the null models of all targets.
    max_hess : float
        Bound of the curvature of the loss.
    """

    def has_gap(self, penalty):
        """Whether certificates are duality gaps; otherwise they are distances to stationarity."""
        return penalty.is_convex

    @property
    def n_scores(self):
        """Rows of coefficients: one for each target, or for each class of one."""
        return self.null.size

    def gap_units(self, penalty):
        """What certificates are relative to, for every target."""
        return self.null if self.has_gap(penalty) else np.ones(self.null.size)

    def refit(self, penalty, alpha, found, **options):
        """The `Solution` without the L1 part of the penalty, on the features that another solution has selected.

        Each target has the features that are selected for it; the classes of one target, and targets that are fitted
        together, have the same.
        """
        alone = self.null.size == self.n_scores
        supports = found.coef != 0.0 if alone else (found.coef != 0.0).any(axis=0)[None]
        solutions = []
        for support in supports:
            free = penalty.on_support(support)
            strength = alpha if np.any(free.factor[np.isfinite(free.factor)]) else 0.0
            solutions += self.solve_all(free, [strength], coef_init=found.coef, **options)
        if not alone:
            return solutions[0]
        return stacked([Solution(*(part[t] for part in solution)) for t, solution in enumerate(solutions)])


def blended(found, refit, share):
    """A solution between two, with a share of the second; it has the certificate of the first."""
    coef, intercept = ((1.0 - share) * a + share * b for a, b in zip(found[:2], refit[:2], strict=True))
    return found._replace(coef=coef, intercept=intercept, n_iter=found.n_iter + refit.n_iter, met=found.met & refit.met)


def certify(form, pen, w, residual=None, order=slice(None)):
    """Primal value and duality gap of an iterate on all columns, computed afresh.

    The dual point is `residual` (n,), in the units of `Data.block`, or else that of w. The coordinates of the penalty
    are ``w[order]``.
    """
    r = form.state(w)
    rr, yr = form.products(w, r)
    value = 0.5 * rr + penalty_value(pen, w[order])
    if residual is not None:
        r = form.data.from_rows(-form.data.sqrt_weights * residual)
        rr, yr = form.products(w, r)
    return value, max(value - squared_dual(pen, form.correlations(r)[order], rr, yr)[0], 0.0)


def certify_gram(G, start, yy, pen, W):
    """Primal values and duality gaps (T,) of coefficients W (T, p), from inner products."""
    C = start - W @ G
    yr = yy - np.sum(start * W, axis=1)
    rr = np.maximum(yr - np.sum(C * W, axis=1), 0.0)
    return _values_and_gaps(pen, W, rr, C, rr, yr)


def certify_rows(data, pen, W, residuals=None):
    """Primal values and duality gaps (T,) of coefficients W (T, p), on the rows.

    Dual points are `residuals` (T, n), in the units of `Data.block`, or else those of W.
    """
    Y = data.sqrt_weighted_targets
    E = Y - data.sqrt_weights * data.all_scores(W)
    rr = np.einsum("ti,ti->t", E, E)
    if residuals is None:
        residuals = E
    C = data.all_dots(data.sqrt_weights * residuals)
    return _values_and_gaps(pen, W, rr, C, np.sum(residuals**2, axis=1), np.sum(residuals * Y, axis=1))


def _values_and_gaps(pen, W, squares, C, rr, yr):
    """From squared residual norms, and the correlations C, squared norms and products with y of dual points."""
    values = np.array([0.5 * s + penalty_value(pen, w) for s, w in zip(squares, W, strict=True)])
    duals = np.array([squared_dual(pen, *point)[0] for point in zip(C, rr, yr, strict=True)])
    return values, np.maximum(values - duals, 0.0)


def form_of_all_columns(data, target, gram):
    """The inner problem on all columns: through their Gram matrix, or on the rows."""
    if gram:
        form = Gradient(lambda new, cols: data.gram, data.start[target], data.sqnorm(data.R[target]))
    else:
        form = Residual(data, target)
    form.grow(np.arange(data.p))
    return form


def ridge(solver, certified, family, alphas):
    """Pure L2 for all targets and for alphas of which zeros come last.

    ``solver(l2, used, alphas)`` is one of the functions of `direct`, ``certified(pen, W, residuals)`` gives values and
    gaps. Yields coefficients (T, p), values, gaps and iterations (T,).
    """
    used = ~family.is_fixed
    positive = [alpha for alpha in alphas if alpha > 0.0]
    zeros = [0.0] * (len(alphas) - len(positive))  # every coefficient is unpenalized then
    for part, l2 in ((positive, family.l2), (zeros, np.zeros_like(family.l2))):
        if not part:
            continue
        for alpha, (W, residuals) in zip(part, solver(l2, used, part), strict=True):
            yield W, *certified(family.whole(alpha), W, residuals), np.ones(len(W), np.int64)


def ridge_on_gram(G, start, yy, family, alphas, lengths):
    """`ridge` through the Gram matrix. Raises LinAlgError where a system is singular."""
    return ridge(
        lambda l2, used, part: ridge_gram(G, start, l2, used, part, lengths),
        lambda pen, W, _: certify_gram(G, start, yy, pen, W),
        family,
        alphas,
    )


def _direct(data, family, lengths, alphas, tol):
    if data.p <= data.n:
        try:
            found = list(ridge_on_gram(data.gram, data.start, data.target_sqnorms, family, alphas, lengths))
            if max(gaps.max() for _, _, gaps, _ in found) <= tol:
                return found
        except np.linalg.LinAlgError:
            pass  # singular to rounding
    return ridge(
        lambda l2, used, part: ridge_rows(data, l2, used, part, lengths),
        lambda pen, W, residuals: certify_rows(data, pen, W, residuals),
        family,
        alphas,
    )


def _prox_grad(data, target, family, alphas, tol, max_iter, w_init):
    form = form_of_all_columns(data, target, data.gram_pays)
    w = family.project(np.zeros(data.p) if w_init is None else w_init)
    if isinstance(form, Gradient):
        smooth = Quadratic(form.start)
        scores = form.state(w) + form.start
    else:
        smooth = rows_of(Squared(), -data.to_rows(data.R[target])[None] * data.inv_h, data.rows)
        scores = data.scores(w)
    for alpha in alphas:
        pen = family.whole(alpha)
        best = [np.inf, -np.inf]

        def enough(steps, w, pen=pen, best=best):
            value, gap = certify(form, pen, w)
            best[:] = value, max(best[1], value - gap)
            return value - best[1] <= tol

        steps = minimize(form.A, smooth, pen, w, scores, STEPS_PER_CHECK, max_iter, enough)
        yield w, best[0], max(best[0] - best[1], 0.0), max(steps, 1)


def alpha_max(data, target, penalty):
    """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part."""
    if not data.scale.any():
        return 0.0  # no feature varies: no coefficient can differ from 0
    data = penalty.scaled(data)
    return path.alpha_max(Columns(data, target), penalty.path(data, data.unit[target]))


def _coordinate(data, target, family, alphas, tol, gram, max_iter, w_init):
    yy = data.target_sqnorms[target]

    def make():
        return Covariance(data.inner, data.start[target], yy) if gram else Columns(data, target, len(alphas) > 1)

    s = make()
    top = family.alpha_max(s.start)
    before = np.empty(0)
    if data.n < 5 * data.p and w_init is None and len(alphas) == 1 and 0.0 < alphas[0] < top:
        before = path.warm_start_alphas(top, alphas[0])
    is_small = isinstance(family, CoefficientPath) and family.is_convex and active_set.is_small(data)
    first = FIRST_ROUNDS if np.any(alphas) else FIRST_ROUNDS_UNPENALIZED
    most = min(max_iter, first) if is_small else max_iter
    walk = path.points(s, make, family, alphas, before, tol, most, w_init)
    for alpha, (s, point) in zip(alphas, walk, strict=True):
        if point.gap <= tol:
            point = prefer_vertex(s, family, alpha, point, tol, None if s.form.has_squares else data)
        w, value, gap, n_iter = dense_point(point, data.p)
        if isinstance(s.form, Gradient) and family.is_convex and too_large_for_gram(w, tol):
            order = family.coordinates(np.arange(family.n_blocks))
            value, gap = certify(form_of_all_columns(data, target, False), family.whole(alpha), w, order=order)
        if gap > tol and is_small and n_iter < max_iter:
            w, value, gap, more = _finish(data, target, family, alpha, tol, max_iter - n_iter, w, value, gap)
            n_iter += more
            w, value, gap = _vertex_of(data, target, family.whole(alpha), tol, w, value, gap)
        yield family.without_rounding(alpha, w), value, gap, n_iter


def too_large_for_gram(w, tol):
    """Whether coefficients are so large that they cancel in the residual: the rows must be asked how well."""
    return GRAM_ROUNDING * np.abs(w).sum(axis=-1) ** 2 > 0.1 * tol


def _finish(data, target, family, alpha, tol, max_iter, w, value, gap):
    """Go on where coordinate descent stalls: by the active-set method, and more rounds where that is not enough."""
    pen = family.whole(alpha)
    try:
        found, residual, steps = active_set.active_set(data, target, pen, w, max_iter)
    except np.linalg.LinAlgError:  # singular values did not converge
        steps = 0
    else:
        certified = certify(form_of_all_columns(data, target, False), pen, found, residual)
        if certified[1] < gap:
            w, value, gap = found, *certified
    if gap > tol and steps < max_iter:
        s = Columns(data, target, True)
        (point,) = path.follow(s, family, [alpha], tol, max_iter - steps, w)
        found, new_value, new_gap, rounds = dense_point(point, data.p)
        steps += rounds
        if new_gap < gap:
            w, value, gap = found, new_value, new_gap
    return w, value, gap, steps


def _vertex_of(data, target, pen, tol, w, value, gap):
    """Coefficients, value and gap, or those of a sparse vertex that is as good."""
    every = np.arange(data.p)
    found = at_vertex(pen, w, every, np.zeros(data.p, np.int64), lambda at: data.cross(at, at), data)
    if found is not None:
        certified = certify(form_of_all_columns(data, target, False), pen, found)
        if certified[1] <= max(tol, gap):
            return found, *certified
    return w, value, gap


def dense_point(point, p):
    """Coefficients (p,), value, certificate and rounds of a point of a path."""
    w = np.zeros(p)
    w[point.features] = point.w
    return w, point.primal, point.gap, max(point.rounds, 1)


def choose_solver(data, penalty, alphas, limit=MAX_DIRECT_SIDE):
    """What solver="auto" means; `limit` is the largest dense system that it solves directly."""
    smooth = penalty.is_elastic_net and (penalty.l1_ratio == 0.0 or not np.any(alphas))
    if smooth and not penalty.is_bounded and min(data.n, data.p) <= limit:
        return "direct"
    if data.gram_pays and data.p <= (MAX_GRAM_COLUMNS if len(alphas) > 1 else Covariance.SMALL):
        return "gram"
    return "cd"


def prepare(data, penalty, alphas, solver):
    """Form the whole Gram matrix now if it will be needed: the one product so large that threads pay."""
    if solver == "auto":
        solver = choose_solver(data, penalty, alphas)
        solver = "gram" if solver == "cd" and batches(data, "gram") else solver
    direct = solver == "direct" and data.p <= data.n
    if direct or (solver == "gram" and data.p <= Covariance.SMALL):
        data.gram  # noqa: B018


def batches(data, solver):
    """Whether the compiled loop over targets is the way to solve for all of them."""
    return solver in ("auto", "gram") and data.unit.size >= MIN_BATCHED_TARGETS and data.p <= Covariance.SMALL


def solve_path(data, target, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
    """Yield the `Solution` of one target for every alpha, each warm-started from the one before.

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
    solver : {"auto", "cd", "gram", "prox_grad"}
    coef_init : ndarray of shape (p,) or None
        Start, in the user's units.
    """
    data = penalty.scaled(data)
    family = penalty.path(data, data.unit[target])
    if solver == "auto":
        solver = choose_solver(data, penalty, alphas)
    goal = 0.5 * tol if penalty.is_convex else tol  # the null model's loss is 1/2
    w_init = to_normalized(data, target, coef_init)
    if solver == "prox_grad":
        found = _prox_grad(data, target, family, alphas, goal, max_iter, w_init)
    else:
        found = _coordinate(data, target, family, alphas, goal, solver == "gram", max_iter, w_init)
    yield from to_user_units(data, target, found, goal, penalty.is_convex)


def solve_all(data, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
    """Yield one `Solution` of all targets for every alpha, as `solve_path` does for one; `coef_init` is (T, p).

    Also takes solver="direct".
    """
    every = slice(None)
    goal = 0.5 * tol
    if solver == "direct" or (solver == "auto" and choose_solver(data, penalty, alphas) == "direct"):
        family = penalty.path(data, 1.0)  # pure L2 is the same for all targets
        yield from to_user_units(data, every, _direct(data, family, penalty.lengths(data), alphas, goal), goal)
        return
    options = dict(tol=tol, max_iter=max_iter, solver=solver)

    def alone(target, alphas, init):
        return solve_path(data, target, penalty, alphas, coef_init=init, **options)

    if penalty.is_elastic_net and batches(data, solver):
        moments = data.gram, data.start, data.target_sqnorms
        found = batched(data, penalty, *moments, alphas, goal, max_iter, coef_init)
        yield from with_rest(to_user_units(data, every, found, goal), alphas, alone)
    else:
        yield from one_by_one(data.unit.size, alphas, coef_init, alone)


def batched(data, penalty, G, start, yy, alphas, tol, max_iter, coef_init):
    """What the compiled loop over targets finds; gaps are infinite where inner products are not accurate enough."""
    W = np.zeros(start.shape) if coef_init is None else to_normalized(data, slice(None), coef_init)
    base = penalty.path(data, 1.0)
    found = gram_paths(G, base, data.unit, start, yy, alphas, tol, max_iter, W)
    for alpha, (W_found, values, gaps, rounds) in zip(alphas, found, strict=True):
        W_found = base.without_rounding(alpha, W_found)
        yield W_found, values, np.where(too_large_for_gram(W_found, tol), np.inf, gaps), rounds


def with_rest(solutions, alphas, alone):
    """Solve for the targets that the loop over all of them did not certify, one by one.

    ``alone(target, alphas, coef_init)`` yields solutions of one target.
    """
    for alpha, solution in zip(alphas, solutions, strict=True):
        for t in np.flatnonzero(~solution.met):
            (single,) = alone(t, [alpha], solution.coef[t])
            for array, value in zip(solution, single, strict=True):
                array[t] = value
        yield solution


def one_by_one(n_targets, alphas, coef_init, alone):
    """Solve for every target by itself, and yield the solutions of all for every alpha."""
    inits = [None] * n_targets if coef_init is None else coef_init
    if len(alphas) == 1:  # one after the other, so that only one working set is in memory
        yield stacked([next(alone(t, alphas, inits[t])) for t in range(n_targets)])
        return
    yield from map(stacked, zip(*(alone(t, alphas, inits[t]) for t in range(n_targets)), strict=True))


def stacked(solutions):
    """One `Solution` of several targets."""
    return Solution(*(np.array(part) for part in zip(*solutions, strict=True)))


def to_normalized(data, targets, coef):
    """Coefficients in the user's units, or None, in normalized ones; `targets` is one, or a slice of them."""
    if coef is None:
        return None
    size = np.multiply.outer(data.unit[targets], data.scale)
    return np.divide(coef, size, out=np.zeros(size.shape), where=size > 0.0)


def to_user_units(data, targets, found, goal, is_gap=True):
    """A `Solution` in the user's units for all that a solver found; `targets` is one, or a slice of them.

    The certificates are distances to stationarity, which have no unit, if they are not gaps.
    """
    size = np.multiply.outer(data.unit[targets], data.scale)
    unit = data.unit[targets] ** 2 / data.weight
    for w, value, gap, n_iter in found:
        coef = w * size
        intercept = data.offset[targets] - coef @ data.mean
        yield Solution(coef, intercept, value * unit, gap * unit if is_gap else gap, n_iter, gap <= goal)
