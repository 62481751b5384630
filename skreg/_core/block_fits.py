"""The squared loss on row blocks: fits on moments, with passes over the rows where these are not accurate enough."""

import numpy as np

from .data.blocks import BlockData, RowMoments, dense_parts, row_weights
from .folds import MomentsFit, RowsFit, moments_error
from .loops.certificates import optimality, penalty_value, squared_dual
from .paths.path import follow
from .paths.working_set import Covariance
from .solution import to_normalized, to_user_units
from .solve import dense_point

MAX_PASSES = 5  # over the rows, to refine one solution


def squared_fit(data):
    """The fit of the squared loss on all rows, in memory or in blocks."""
    return BlockFit(data, data.all, data.used) if isinstance(data, BlockData) else RowsFit(data)


def cells_of_block(X, Y, weights, first, splits):
    """RowMoments of the rows of every cell of some splits that has rows in the block, by the number of the cell."""
    if splits is None:
        return {0: RowMoments.of_rows(X, Y, weights)}
    cells = splits.cells(first, first + X.shape[0])
    found = {}
    for cell in np.unique(cells).tolist():
        rows = np.flatnonzero(cells == cell)
        rows = slice(rows[0], rows[-1] + 1) if rows[-1] - rows[0] + 1 == rows.size else rows
        found[cell] = RowMoments.of_rows(X[rows], Y[:, rows], None if weights is None else weights[rows])
    return found


def add_each(left, right):
    """Sums of the items of two dicts."""
    return left | {key: left[key] + item if key in left else item for key, item in right.items()}


def are_finite(cells):
    """Whether all moments of `cells_of_block` are finite, as they are not if any number of the rows is not."""
    return all(np.isfinite(moments.scatter.diagonal()).all() for moments in cells.values())


def residual_sums(X, Y, weights, first, coefs, intercepts, centre, used):
    """Sums over a block: of weighted residuals (T,), of products (T, p), and of squares (T,), as one array.

    Residuals are those of `coefs` (T, p) and `intercepts` (T,). Products are with the columns minus `centre` (p,).
    """
    weights = row_weights(X, weights, first, used)
    sums = np.zeros((len(Y), coefs.shape[1] + 2))
    for rows, part in dense_parts(X, coefs.shape[1]):
        Z = part - centre
        E = Y[:, rows] - (coefs @ Z.T + (intercepts + coefs @ centre)[:, None])
        WE = E * weights[rows]
        sums[:, :-2] += WE @ Z
        sums[:, -2] += WE.sum(axis=1)
        sums[:, -1] += np.sum(WE * E, axis=1)
    return sums


def squared_errors(X, Y, weights, first, target, coefs, intercepts, used):
    """Weighted sums over a block of the squared errors of many models of one target: coefs (p, k), intercepts (k,)."""
    weights, total = row_weights(X, weights, first, used), 0.0
    for rows, part in dense_parts(X, X.shape[1] + coefs.shape[1]):
        total += weights[rows] @ (Y[target][rows, None] - part @ coefs - intercepts) ** 2
    return total


class BlockFit(MomentsFit):
    """A fit on the moments of all rows, or of those of a fold.

    Parameters
    ----------
    data : BlockData
    moments : RowMoments
    used : callable or None
        A mask of the rows of the fit, for the positions of the first and past the last row; None for all.
    """

    def __init__(self, data, moments, used=None):
        self.used = used
        super().__init__(data, data.normalized(moments))

    def on_rows(self):
        return BlockRows(self)


class BlockRows:
    """The rows of a fit on moments: refines solutions that moments cannot certify.

    As in the iterative refinement of linear systems, the gradient at a solution is computed from the rows, and the
    inner products only say how it changes from there.
    """

    def __init__(self, fit):
        self.fit = fit

    def _at(self, fit, W):
        """Correlations (T, p), squared norms of residuals and their products with y, in the units of `fit`."""
        coefs = W * np.multiply.outer(fit.unit, fit.scale)
        intercepts = fit.offset - coefs @ fit.mean
        sums = fit.data.blocks.total(residual_sums, coefs, intercepts, fit.mean, fit.used)
        C = sums[:, :-2] * fit.scale / fit.unit[:, None]
        squares = sums[:, -1] - (sums[:, -2] ** 2 / fit.weight if fit.data.fit_intercept else 0.0)
        squares = np.maximum(squares, 0.0) / fit.unit**2
        return C, squares, squares + np.sum(W * C, axis=1)

    def solve_all(self, penalty, alphas, *, tol, max_iter, solver, coef_init):
        """Yield a `Solution` of all targets for every alpha, starting from `coef_init`."""
        fit, goal = penalty.scaled(self.fit), 0.5 * tol if penalty.is_convex else tol
        families = [penalty.path(fit, unit) for unit in fit.unit]
        order = families[0].coordinates(np.arange(families[0].n_blocks))
        W = to_normalized(fit, slice(None), coef_init)
        for alpha in alphas:
            pens = [family.whole(alpha) for family in families]
            best = np.full(W.shape, np.nan), np.full(len(W), np.inf), np.full(len(W), np.inf)
            n_iter = np.ones(len(W), np.int64)
            for _ in range(MAX_PASSES):
                C, rr, yr = self._at(fit, W)
                parts = zip(pens, W[:, order], C[:, order], rr, yr, strict=True)
                values, gaps = np.transpose([value_and_certificate(*part) for part in parts])
                for old, new in zip(best, (W, values, gaps), strict=True):
                    better = gaps < best[2]
                    old[better] = new[better]
                if (best[2] <= goal).all():
                    break
                parts = zip(families, W, C, rr, strict=True)
                steps = [self._step(fit, *part, alpha, goal, max_iter) for part in parts]
                W = np.array([w for w, _ in steps])
                n_iter += [rounds for _, rounds in steps]
            W = best[0]
            yield from to_user_units(fit, slice(None), [(*best, n_iter)], goal, penalty.is_convex)

    def _step(self, fit, family, w, c, rr, alpha, goal, max_iter):
        """Solve again from a solution w, at which the rows give the correlations c and the residual's squared norm."""
        G = fit.gram
        start = c + G @ w
        s = Covariance(lambda cols: G[cols], start, rr + w @ (c + start))
        (point,) = follow(s, family, [alpha], goal, max_iter, w)
        w, _, _, rounds = dense_point(point, w.size)
        return family.without_rounding(alpha, w), rounds


def value_and_certificate(pen, w, c, rr, yr):
    """Objective of a solution w, and its gap, or with a concave penalty its distance to stationarity.

    From the correlations c of the residual, its squared norm and its product with y.
    """
    value = 0.5 * rr + penalty_value(pen, w)
    return value, max(value - squared_dual(pen, c, rr, yr)[0], 0.0) if pen.is_convex else optimality(pen, w, c)


class BlockFolds:
    """Folds of row blocks, whose moments one pass over the rows has computed; see `folds.MomentFolds`."""

    def __init__(self, data, splits):
        self.data = data
        self.splits = splits

    def _sum(self, cells):
        return sum((self.data.cells[cell] for cell in cells), RowMoments.of_nothing(self.data.all.mean.size))

    def whole(self):
        """The fit on all rows."""
        return squared_fit(self.data)

    def train(self, fold):
        """The fit on the training rows of a fold."""
        return BlockFit(self.data, self._sum(self.splits.train[fold]), self.splits.mask_of(self.splits.train[fold]))

    def errors(self, fold, target, coefs, intercepts):
        """Weighted mean squared errors on the held-out rows, for every column of coefs (p, k)."""
        moments = self._sum(self.splits.test[fold])
        errors = moments_error(self.data, self.data.normalized(moments), target, coefs, intercepts)
        cancelled = np.isnan(errors)
        if cancelled.any():
            some = target, coefs[:, cancelled], intercepts[cancelled], self.splits.mask_of(self.splits.test[fold])
            errors[cancelled] = self.data.blocks.total(squared_errors, *some) / moments.weight
        return errors
