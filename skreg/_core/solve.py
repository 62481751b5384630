"""From data and a penalty to certified solutions in the user's units, by any of the solvers."""

import numpy as np

from .certify import certify, certify_gram, certify_rows, form_of_all_columns
from .loops import active_set
from .loops.direct import ridge_gram, ridge_rows
from .loops.proximal import Quadratic, minimize, rows_of
from .parts.losses import Squared
from .parts.penalty_paths import CoefficientPath
from .paths import path
from .paths.forms import Gradient
from .paths.targets import gram_paths
from .paths.vertices import are_independent, at_vertex, prefer_vertex
from .paths.working_set import Columns, Covariance
from .solution import stacked, to_normalized, to_user_units

GRAM_ROUNDING = 1e-16  # of inner products of normalized columns
STEPS_PER_CHECK = 10  # prox-gradient steps between two evaluations of the gap
MAX_DIRECT_SIDE = 2000  # unknowns of a dense system that "auto" solves
MAX_GRAM_COLUMNS = 2000  # columns whose whole Gram matrix "auto" forms for a path
MIN_BATCHED_TARGETS = 64  # targets for which the compiled loop over targets is worth the seconds of its compilation
MIN_BATCHED_ALPHAS = 10  # alphas, each of which starts from the one before, for which it is
FEW_COLUMNS = 64  # columns for which that loop is the fastest for any number of targets and alphas
FIRST_ROUNDS = 50  # rounds of coordinate descent before the active-set method is tried on a small problem
FIRST_ROUNDS_UNPENALIZED = 10  # the same for bounds without a penalty, where nearly dependent columns are common


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
    if gram:
        s = Covariance(data.inner, data.start[target], data.target_sqnorms[target])
    else:
        s = Columns(data, target, len(alphas) > 1)
    top = family.alpha_max(s.start)
    before = np.empty(0)
    if data.n < 5 * data.p and w_init is None and len(alphas) == 1 and 0.0 < alphas[0] < top:
        before = path.warm_start_alphas(top, alphas[0])
    is_small = isinstance(family, CoefficientPath) and family.is_convex and active_set.is_small(data)
    first = FIRST_ROUNDS if np.any(alphas) else FIRST_ROUNDS_UNPENALIZED
    most = min(max_iter, active_set.rounds_before(data, first)) if is_small else max_iter
    walk = path.points(s, family, alphas, before, tol, most, w_init)
    for alpha, (s, point) in zip(alphas, walk, strict=True):
        if point.gap <= tol:
            point = prefer_vertex(s, family, alpha, point, tol, None if s.form.has_squares else data)
        w, value, gap, n_iter = dense_point(point, data.p)
        if isinstance(s.form, Gradient) and too_large_for_gram(point.w, tol):
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
    smooth = penalty.is_elastic_net and (penalty.l1_ratio == 0.0 or not any(alphas))
    if smooth and not penalty.is_bounded and min(data.n, data.p) <= limit:
        return "direct"
    if data.gram_pays and data.p <= (MAX_GRAM_COLUMNS if len(alphas) > 1 else Covariance.SMALL):
        return "gram"
    return "cd"


def prepare(data, penalty, alphas, solver):
    """Form the whole Gram matrix now if it will be needed: the one product so large that threads pay."""
    if solver == "auto":
        solver = choose_solver(data, penalty, alphas)
        solver = "gram" if solver == "cd" and batches(data, "gram", alphas) else solver
    direct = solver == "direct" and data.p <= data.n
    if direct or (solver == "gram" and data.p <= Covariance.SMALL):
        data.gram  # noqa: B018


def batches(data, solver, alphas):
    """Whether the compiled loop over targets and alphas is the way to solve for all of them."""
    many = data.unit.size >= MIN_BATCHED_TARGETS or len(alphas) >= MIN_BATCHED_ALPHAS
    return solver in ("auto", "gram") and data.p <= (Covariance.SMALL if many else FEW_COLUMNS)


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

    if penalty.is_elastic_net and batches(data, solver, alphas):
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
    may_be_dependent = not are_independent(G)
    for alpha, (W_found, values, gaps, rounds) in zip(alphas, found, strict=True):
        for t in np.flatnonzero(gaps <= tol) if may_be_dependent else ():
            _move_to_vertex(penalty.path(data, data.unit[t]).whole(alpha), t, G, start, yy, tol, W_found, values, gaps)
        W_found = base.without_rounding(alpha, W_found)
        yield W_found, values, np.where(too_large_for_gram(W_found, tol), np.inf, gaps), rounds


def _move_to_vertex(pen, t, G, start, yy, tol, W, values, gaps):
    """Replace the coefficients of a target, its value and gap by those of a sparse vertex that is as good, if any."""
    every = np.arange(W.shape[1])
    found = at_vertex(pen, W[t], every, np.zeros(every.size, np.int64), lambda at: G[np.ix_(at, at)])
    if found is not None:
        value, gap = certify_gram(G, start[[t]], yy[[t]], pen, found[None])
        if gap[0] <= max(tol, gaps[t]):
            W[t], values[t], gaps[t] = found, value[0], gap[0]


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
