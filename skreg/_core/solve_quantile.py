"""The quantile loss: by smoothed losses, with certificates of the loss itself."""

import numpy as np

from .data.likelihood import Likelihood
from .loops.certificates import conjugate_value, dual_scales, penalty_value, smooth_pieces
from .parts.groups import unpenalized
from .parts.losses import Quantile, weighted_quantile
from .solve_scores import ScoresFit, path_of, scaled, solve_scores

FIRST_WIDTH = 0.1  # of the smoothing, relative to the mean absolute residual of the null model
NARROWER = 0.2  # ratio of one width to the one before
LAST_WIDTH = 1e-9  # relative to the first: narrower ones are rounding
MOST_ENTRIES = 1 << 22  # of a dense copy of unpenalized columns: 32 MB, and a few seconds of least squares
INSIDE = 1e-3  # distance from which a slope is between its limits, which are less than 1 apart


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
        lik = scaled(lik, penalty)
        data, family, sharp = lik.data, path_of(lik, penalty), Quantile(self.q, 0.0)
        order = family.coordinates(np.arange(family.n_blocks))
        w = np.divide(found.coef[0], data.scale * lik.score_scale, out=np.zeros(data.p), where=data.scale > 0.0)
        Z = data.all_scores(w[None]) * lik.score_scale
        rows = lik.with_best_intercepts(Z, found.intercept + found.coef @ data.mean)
        r = (self.T - Z)[0]
        b = weighted_quantile(r, data.rows, self.q) if data.fit_intercept else 0.0
        pen = family.whole(alpha)
        value = float(sharp.sharp_values(r - b) @ data.rows) / lik.score_scale**2 + penalty_value(pen, w[order])
        free = unpenalized(pen)
        if free.size:  # not at bounds, where products need not vanish
            free = free[smooth_pieces(pen, w[order], np.empty(w.size))[free]]
        unit, goal, gap = lik.score_scale**2 / data.weight, tol * self.null[0], np.inf
        # Both are dual points; the second one to rounding, but the correction may cost more than it brings.
        for R in (self._orthogonal(lik, rows.R, order[free]), rows.R):
            if R is not None and gap > goal:
                c = -data.all_dots(R)[0][order]
                point, scales = rows._replace(R=R), (0.0, *dual_scales(pen, c))
                bound = max(lik.dual(point, s, sharp) - conjugate_value(pen, c, s) for s in scales)
                gap = min(gap, max(value - bound, 0.0) * unit)
        intercept = np.array([b]) - found.coef @ data.mean
        return found._replace(intercept=intercept, objective=value * unit, gap=gap, met=bool(gap <= goal))

    def _orthogonal(self, lik, R, free):
        """Slopes R (1, n) whose products with the columns that are not penalized vanish, so that they are a dual point.

        Narrow smoothing magnifies the rounding of scores in them. What is left of these products is taken from the rows
        whose slopes are between their limits. None where there is nothing to do, or too much.
        """
        if not free.size:
            return None
        data, limits = lik.data, np.array([-self.q, 1.0 - self.q])
        c = data.all_dots(R)[0][free]
        U = R[0] * lik.score_scale * lik.inv_h
        inside = np.flatnonzero((np.abs(U[:, None] - limits).min(axis=1) > INSIDE) & (lik.h > 0.0))
        if inside.size * free.size > MOST_ENTRIES:
            return None
        roots = np.sqrt(lik.h[inside])
        columns = data.block(inside, free)
        if data.fit_intercept:
            columns, c = np.column_stack([columns, roots]), np.append(c, R[0].sum())
        step = roots * np.linalg.lstsq(columns.T, c, rcond=None)[0]
        R = R.copy()
        R[0, inside] -= step
        return R

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
