"""From a loss of scores and a penalty to certified solutions in the user's units."""

import numpy as np

from .data.likelihood import Likelihood
from .loops.certificates import conjugate_value, dual_scales, penalty_value
from .parts.losses import Quantile, weighted_quantile
from .paths import path
from .paths.newton import POLICY
from .paths.scores import Scores
from .paths.vertices import prefer_vertex
from .rotated import can_rotate, solve_rotated
from .solution import LossFit, Solution

MIN_ROWS_PER_COLUMN = 40  # with more rows than that for each column, a fit on an eighth of the rows is the start
SAMPLE_TOL = 1e-2  # tolerance of the fit on a sample of the rows
FIRST_WIDTH = 0.1  # of the smoothing of the quantile loss, relative to the mean absolute residual of the null model
NARROWER = 0.2  # ratio of one width to the one before
LAST_WIDTH = 1e-9  # relative to the first: narrower ones are rounding
WARM_STARTS = 1  # for each decade of alpha; fewer than for squared loss, as working sets are larger


def scores_alpha_max(likelihood, penalty):
    """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part."""
    if not likelihood.data.scale.any():
        return 0.0  # no feature varies: no coefficient can differ from 0
    likelihood = _scaled(likelihood, penalty)
    return path.alpha_max(Scores(likelihood), _path_of(likelihood, penalty))


def _scaled(likelihood, penalty):
    """The likelihood of the data as the penalty wants them scaled."""
    data = penalty.scaled(likelihood.data)
    if data is likelihood.data:
        return likelihood
    return Likelihood(data, likelihood.loss, likelihood.T, likelihood.offset)


def _path_of(likelihood, penalty):
    return penalty.path(likelihood.data, likelihood.score_scale, likelihood.K)


def _on_sample(likelihood, penalty, alphas, max_iter):
    """Coefficients of a fit on a sample of the rows, as a start; None for few rows, or if a class would be missing."""
    data = likelihood.data
    if data.sparse or data.n < max(POLICY.sampled_rows, MIN_ROWS_PER_COLUMN * data.p):
        return None
    part = likelihood.on_rows(data.sample)
    if part is None:
        return None
    *_, solution = solve_scores(part, penalty, alphas, tol=SAMPLE_TOL, max_iter=max_iter)
    return solution.coef if solution.coef.any() else None


def solve_scores(likelihood, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
    """Yield a `Solution` for every alpha, each warm-started from the one before.

    Where the loss or the penalty is not convex, `gap` is the largest distance of the gradient to the subdifferential,
    for columns of norm 1 and relative to the norm of the null model's residual.

    Parameters
    ----------
    likelihood : Likelihood
        Of the rows with positive weight.
    penalty : Penalty
        The penalty without alpha.
    alphas : sequence of float
        In decreasing order warm starts help most.
    tol : float
        Duality gap to reach, relative to the loss of the null model.
    max_iter : int
        Newton steps for each alpha.
    solver : {"auto", "newton", "lbfgs"}
        L-BFGS needs pure L2 without bounds.
    coef_init : ndarray of shape (K, p) or None
        Warm start, in the user's units.
    """
    if solver != "newton" and can_rotate(likelihood, penalty, alphas):
        yield from _rotated(likelihood, penalty, alphas, tol, max_iter, coef_init)
        return
    lik, shift = likelihood, 0.0
    if lik.couples_scores and lik.data.sparse and lik.fit_intercept:  # `Scores` does not centre its columns
        data, shift = lik.data.without_large_means()
        lik = lik if data is lik.data else Likelihood(data, lik.loss, lik.T, lik.offset)
    lik = _scaled(lik, penalty)
    data, family = lik.data, _path_of(lik, penalty)
    s = Scores(lik, solver)
    if coef_init is None and len(alphas) == 1 and penalty.is_convex:
        coef_init = _on_sample(lik, penalty, alphas, max_iter)
        if coef_init is not None:  # the sample is not used twice
            s.steps.use_all_rows()
    goal = tol * (lik.null_model.value if lik.is_convex and penalty.is_convex else 1.0)
    size = data.scale * lik.score_scale
    init = None
    if coef_init is not None:
        init = np.divide(coef_init, size, out=np.zeros(coef_init.shape), where=size > 0.0).T.ravel()
    top, before = family.alpha_max(s.start), np.empty(0)
    if init is None and len(alphas) == 1 and 0.0 < alphas[0] < top:
        before = path.warm_start_alphas(top, alphas[0], WARM_STARTS)
    walk = path.points(s, lambda: Scores(lik, solver), family, alphas, before, goal, max_iter, init)
    unit = lik.score_scale**2 / data.weight
    for alpha, (s, point) in zip(alphas, walk, strict=True):
        if point.gap <= goal and lik.is_convex:
            point = prefer_vertex(s, family, alpha, point, goal, data)
        w = np.zeros(family.n_coordinates)
        w[point.features] = point.w
        coef = family.without_rounding(alpha, w).reshape(-1, lik.K).T * size
        intercept = s.rows.b - coef @ (s.centre + shift)
        if lik.couples_scores and lik.fit_intercept:
            intercept -= intercept.mean()  # only differences of scores matter
        gap = point.gap * (unit if lik.is_convex and penalty.is_convex else 1.0)
        yield Solution(coef, intercept, point.primal * unit, gap, point.rounds, point.gap <= goal)


def _rotated(likelihood, penalty, alphas, tol, max_iter, coef_init):
    """The solutions of `solve_rotated`; where rounding spoils one, it is where Newton steps start from."""
    family = _path_of(likelihood, penalty)
    options = dict(tol=tol, max_iter=max_iter)
    for alpha, found in zip(
        alphas,
        solve_rotated(likelihood, penalty, alphas, family, solve_scores, coef_init=coef_init, **options),
        strict=True,
    ):
        if not found.met and found.n_iter < max_iter:
            start, options["max_iter"] = found, max_iter - found.n_iter
            (found,) = solve_scores(likelihood, penalty, [alpha], solver="newton", coef_init=found.coef, **options)
            found = found._replace(n_iter=found.n_iter + start.n_iter)
        yield found


class ScoresFit(LossFit):
    """A fit of a loss of scores; see `folds.RowsFit` for the squared loss.

    Parameters
    ----------
    likelihood : Likelihood
    shift : float
        What was subtracted from the targets, and is added to intercepts.
    """

    def __init__(self, likelihood, shift=0.0):
        self.likelihood = likelihood
        self.shift = shift
        self.null = np.array([self._null_loss()])
        self.max_hess = likelihood.loss.max_hess

    def _null_loss(self):
        lik = self.likelihood
        return lik.null_model.value * lik.score_scale**2 / lik.data.weight

    def alpha_max(self, penalty):
        """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part."""
        return scores_alpha_max(self.likelihood, penalty)

    def prepare(self, penalty, alphas, solver):
        """Nothing profits from all threads of BLAS."""

    def has_gap(self, penalty):
        return self.likelihood.is_convex and penalty.is_convex

    @property
    def n_scores(self):
        return self.likelihood.K

    def solve_all(self, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
        """Yield a `Solution` of one target for every alpha."""
        for found in self._solve(penalty, alphas, tol=tol, max_iter=max_iter, solver=solver, coef_init=coef_init):
            yield Solution(found.coef, found.intercept + self.shift, *(np.array([part]) for part in found[2:]))

    def _solve(self, penalty, alphas, **options):
        return solve_scores(self.likelihood, penalty, alphas, **options)


class QuantileFit(ScoresFit):
    """A fit of the quantile loss: of smoothed ones, until the gap of the loss itself is small.

    Parameters
    ----------
    data : Data
    q : float
    T : ndarray of shape (1, n)
    shift : float
        See `ScoresFit`. With an intercept, a quantile of the targets T that are left should be 0.
    """

    def __init__(self, data, q, T, shift=0.0):
        self.data = data
        self.q = q
        self.T = T
        self.width = FIRST_WIDTH * float(np.abs(T[0]) @ data.rows) / data.weight or 1.0
        super().__init__(self._smoothed(self.width), shift)

    def _null_loss(self):
        start = weighted_quantile(self.T[0], self.data.rows, self.q) if self.data.fit_intercept else 0.0
        return float(Quantile(self.q, 0.0).sharp_values(self.T[0] - start) @ self.data.rows) / self.data.weight

    def _smoothed(self, width):
        return Likelihood(self.data, Quantile(self.q, width), self.T)

    def _solve(self, penalty, alphas, *, tol, max_iter, solver, coef_init):
        solve = self._solve_convex if penalty.is_convex else self._solve_concave
        for alpha in alphas:
            found = solve(penalty, alpha, tol, max_iter, coef_init)
            coef_init = found.coef if penalty.is_convex else coef_init
            yield found

    def _solve_convex(self, penalty, alpha, tol, max_iter, coef_init):
        width, n_iter, best = self.width, 0, None
        while True:
            lik = self._smoothed(width)
            options = dict(tol=tol, max_iter=max(max_iter - n_iter, 1), coef_init=coef_init)
            (found,) = solve_scores(lik, penalty, [alpha], **options)
            n_iter += int(found.n_iter)
            coef_init = found.coef
            sharp = self._sharp(lik, penalty, alpha, found, tol)
            if best is None or sharp.gap < best.gap:
                best = sharp
            width *= NARROWER
            if sharp.met or n_iter >= max_iter or width < LAST_WIDTH * self.width:
                return best._replace(n_iter=n_iter)

    def _sharp(self, lik, penalty, alpha, found, tol):
        """The solution of a smoothed loss, with its best intercept, objective and gap under the quantile loss."""
        lik = _scaled(lik, penalty)
        data, family, sharp = lik.data, _path_of(lik, penalty), Quantile(self.q, 0.0)
        order = family.coordinates(np.arange(family.n_blocks))
        w = np.divide(found.coef[0], data.scale * lik.score_scale, out=np.zeros(data.p), where=data.scale > 0.0)
        Z = data.all_scores(w[None]) * lik.score_scale
        rows = lik.with_best_intercepts(Z, found.intercept + found.coef @ data.mean)
        r = (self.T - Z)[0]
        b = weighted_quantile(r, data.rows, self.q) if data.fit_intercept else 0.0
        pen = family.whole(alpha)
        value = float(sharp.sharp_values(r - b) @ data.rows) / lik.score_scale**2 + penalty_value(pen, w[order])
        c = -data.all_dots(rows.R)[0][order]
        bound = max(lik.dual(rows, s, sharp) - conjugate_value(pen, c, s) for s in (0.0, *dual_scales(pen, c)))
        unit = lik.score_scale**2 / data.weight
        gap = max(value - bound, 0.0) * unit
        intercept = np.array([b]) - found.coef @ data.mean
        return found._replace(intercept=intercept, objective=value * unit, gap=gap, met=bool(gap <= tol * self.null[0]))

    def _solve_concave(self, penalty, alpha, tol, max_iter, coef_init):
        """By tangents: convex problems whose penalty touches the concave one at the last solution.

        The local linear approximation of Zou & Li (2008). The certificate is the gap of the problem with the tangent at
        the solution itself, which is 0 where the solution is stationary; it is relative to the null model's loss.
        """
        data = penalty.scaled(self.data)
        family = penalty.path(data, 1.0)
        size = np.divide(1.0, data.scale, out=np.zeros(data.p), where=data.scale > 0.0)

        def shares(coef):
            return family.slope_shares(alpha, coef[0] * size)

        def value(some_penalty, coef):
            pen, order = some_penalty.path(data, 1.0).whole(alpha), family.coordinates(np.arange(family.n_blocks))
            return penalty_value(pen, (coef[0] * size)[order]) / data.weight

        tangent, n_iter = penalty.tangent(1.0 if coef_init is None else shares(coef_init)), 0
        found = self._solve_convex(tangent, alpha, 0.5 * tol, max_iter, coef_init)
        while True:
            n_iter += int(found.n_iter)
            loss = found.objective - value(tangent, found.coef)
            tangent = penalty.tangent(shares(found.coef))
            more = self._solve_convex(tangent, alpha, 0.5 * tol, max(max_iter - n_iter, 1), found.coef)
            gap = max(loss + value(tangent, found.coef) - (more.objective - more.gap), 0.0) / self.null[0]
            if gap <= tol or n_iter >= max_iter:
                break
            found = more
        objective = loss + value(penalty, found.coef)
        return found._replace(objective=objective, gap=gap, n_iter=n_iter, met=bool(gap <= tol))
