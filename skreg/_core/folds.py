"""Fits on parts of the rows. For n >> p, a training set's Gram matrix is the total minus that of the held-out rows."""

from copy import copy

import numpy as np

from .data import as_data
from .paths import path
from .paths.vertices import prefer_vertex
from .paths.working_set import Covariance
from .solution import LossFit, to_normalized, to_user_units
from .solve import (
    MAX_GRAM_COLUMNS,
    alpha_max,
    batched,
    batches,
    choose_solver,
    dense_point,
    one_by_one,
    prepare,
    ridge_on_gram,
    solve_all,
    too_large_for_gram,
)

ZERO_VARIANCE = 1e-13  # variance, relative to the second moment, below which a column counts as constant
MIN_ACCURATE_SHARE = 1e-7  # a difference of sums is accurate if it is at least this share of them


class RowsFit(LossFit):
    """A fit of the squared loss on the rows with positive weight; X is not copied."""

    max_hess = 1.0

    def __init__(self, data):
        self.data = data
        self.null = 0.5 * data.unit**2 / data.weight

    def alpha_max(self, penalty):
        """The smallest alpha at which all penalized coefficients are zero, over all targets."""
        return float(max(alpha_max(self.data, target, penalty) for target in range(self.data.unit.size)))

    def solve_all(self, penalty, alphas, **options):
        """Yield a `Solution` of all targets for every alpha."""
        return solve_all(self.data, penalty, alphas, **options)

    def prepare(self, penalty, alphas, solver):
        """Compute before the solves what profits from all threads of BLAS."""
        prepare(self.data, penalty, alphas, solver)


class MomentsFit(LossFit):
    """A fit on moments of some rows, in normalized units of its own: columns and targets have norm 1 in these rows.

    Parameters
    ----------
    data : Data
        All rows.
    M : ndarray of shape (p + T + 1, p + T + 1)
        Moments of the rows of the fit, see `Data.moments`.
    on_rows : callable, default=None
        Makes the `RowsFit` of the same rows; None for a subclass that overrides the method.
    """

    max_hess = 1.0

    def __init__(self, data, M, on_rows=None):
        self.data = data
        self._on_rows = on_rows
        self.p = data.p
        self.weight = M[-1, -1]
        second, means = M.diagonal()[:-1], M[-1, :-1] / self.weight
        variance = second - self.weight * means**2
        variance[variance <= ZERO_VARIANCE * second] = 0.0
        centre = means if data.fit_intercept else np.zeros(means.size)
        norm = np.sqrt(variance if data.fit_intercept else second)
        inverse = np.divide(1.0, norm, out=np.zeros(norm.size), where=norm > 0.0)
        p = slice(self.p)
        self.gram = M[p, p] - np.outer(self.weight * centre[p], centre[p])
        self.gram *= inverse[p]
        self.gram *= inverse[p, None]
        self.start = M[self.p : -1, p] - np.outer(self.weight * centre[self.p :], centre[p])
        self.start *= np.outer(inverse[self.p :], inverse[p])
        self.target_sqnorms = (second - self.weight * centre**2)[self.p :] * inverse[self.p :] ** 2
        self.scale = data.scale * inverse[: self.p]
        size = np.divide(1.0, data.scale, out=np.zeros(self.p), where=data.scale > 0.0)
        self.spread = np.sqrt(variance[: self.p] / self.weight) * size
        self.mean = data.mean + centre[: self.p] * size
        self.offset = data.offset + centre[self.p :] * data.unit
        self.unit = data.unit * np.where(norm[self.p :] > 0.0, norm[self.p :], 1.0)
        self.null = 0.5 * self.unit**2 / self.weight

    def on_rows(self):
        """The fit of the same rows, for problems whose inner products are not accurate enough."""
        return self._on_rows()

    def _covariance(self, target):
        return Covariance(lambda cols: self.gram[cols], self.start[target], self.target_sqnorms[target])

    def rescaled(self, scale):
        """The same moments of columns with other scales, whose norms are then not 1."""
        if np.array_equal(scale, self.scale):
            return self
        ratio = np.divide(scale, self.scale, out=np.zeros(self.p), where=self.scale > 0.0)
        fit = copy(self)
        fit.scale, fit.start = scale, self.start * ratio
        fit.gram = self.gram * ratio * ratio[:, None]
        return fit

    def alpha_max(self, penalty):
        """The smallest alpha at which all penalized coefficients are zero, over all targets."""
        if not self.scale.any():
            return 0.0
        fit, targets = penalty.scaled(self), range(self.unit.size)
        return float(max(path.alpha_max(fit._covariance(t), penalty.path(fit, fit.unit[t])) for t in targets))

    def prepare(self, penalty, alphas, solver):
        """The Gram matrix is there."""

    def solve_all(self, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
        """Yield a `Solution` of all targets for every alpha."""
        moments = self.gram, self.start, self.target_sqnorms
        if solver == "auto" and choose_solver(self.data, penalty, alphas) == "direct":
            try:
                found = list(ridge_on_gram(*moments, penalty.path(self, 1.0), alphas, penalty.lengths(self)))
            except np.linalg.LinAlgError:  # singular to rounding
                options = dict(tol=tol, max_iter=max_iter, solver=solver, coef_init=coef_init)
                yield from self.on_rows().solve_all(penalty, alphas, **options)
                return
        elif penalty.is_elastic_net and batches(self.data, solver, alphas):
            found = batched(self, penalty, *moments, alphas, 0.5 * tol, max_iter, coef_init)
        else:
            fit = penalty.scaled(self)

            def on_moments(target, alphas, init):
                return fit._follow(target, penalty, alphas, tol, max_iter, init)

            solutions = one_by_one(self.unit.size, alphas, coef_init, on_moments)
            yield from self._with_rows(solutions, penalty, alphas, tol, max_iter, solver)
            return
        solutions = to_user_units(self, slice(None), found, 0.5 * tol)
        yield from self._with_rows(solutions, penalty, alphas, tol, max_iter, solver)

    def _follow(self, target, penalty, alphas, tol, max_iter, init):
        """Yield a `Solution` of one target for every alpha; the columns are scaled as the penalty wants them."""
        family, goal = penalty.path(self, self.unit[target]), 0.5 * tol if penalty.is_convex else tol
        init, cold = to_normalized(self, target, init), np.empty(0)

        def found():
            walk = path.points(self._covariance(target), family, alphas, cold, goal, max_iter, init)
            for alpha, (s, point) in zip(alphas, walk, strict=True):
                w, value, gap, n_iter = dense_point(prefer_vertex(s, family, alpha, point, goal), self.p)
                w = family.without_rounding(alpha, w)
                is_unknown = family.is_convex and too_large_for_gram(w, goal)
                yield w, value, np.inf if is_unknown else gap, n_iter

        yield from to_user_units(self, target, found(), goal, penalty.is_convex)

    def _with_rows(self, solutions, penalty, alphas, tol, max_iter, solver):
        """The same solutions; those that moments cannot certify are replaced by solutions on the rows."""
        rows = None
        for alpha, solution in zip(alphas, solutions, strict=True):
            unmet = ~solution.met
            if unmet.any():
                rows = self.on_rows() if rows is None else rows
                options = dict(tol=tol, max_iter=max_iter, solver=solver, coef_init=solution.coef)
                (better,) = rows.solve_all(penalty, [alpha], **options)
                for new, old in zip(better, solution, strict=True):
                    old[unmet] = new[unmet]
            yield solution


def moments_error(data, M, target, coefs, intercepts):
    """Weighted mean squared errors on rows with moments M, of every column of coefs (p, k), in the user's units.

    NaN where the terms cancel so far that the difference is not accurate.
    """
    p, unit = data.p, data.unit[target]
    size = unit * data.scale
    W = np.divide(coefs, size[:, None], out=np.zeros_like(coefs), where=size[:, None] > 0.0)
    b = (intercepts - data.offset[target] + data.mean @ coefs) / unit
    squares = M[p + target, p + target] + np.einsum("jk,jk->k", W, M[:p, :p] @ W) + b**2 * M[-1, -1]
    error = squares - 2.0 * (M[p + target, :p] @ W) + 2.0 * b * (M[-1, :p] @ W - M[-1, p + target])
    return np.where(error > MIN_ACCURATE_SHARE * squares, error, np.nan) / M[-1, -1] * unit**2


class MomentFolds:
    """Folds through their moments, and through their rows where sums of squares cancel."""

    def __init__(self, data, Y, weights, splits):
        self.data = data
        self.rows = RowFolds(data, Y, weights, splits)
        self.tests = list(data.moments_of(_as_slice(test) for _, test in splits))
        partition = (np.bincount(np.concatenate([test for _, test in splits]), minlength=data.n) == 1).all()
        self.total = sum(self.tests) if partition else next(data.moments_of([slice(None)]))
        alone = [fold for fold in range(len(splits)) if not self._is_difference(fold)]
        self.trains = dict(zip(alone, data.moments_of(_as_slice(splits[fold][0]) for fold in alone), strict=True))

    def _is_difference(self, fold):
        """Whether the moments of the training rows are the total minus those of the held-out rows, to good accuracy.

        The training rows must be all others.
        """
        in_training, held_out = (np.bincount(rows, minlength=self.data.n) for rows in self.rows.splits[fold])
        if not (in_training + held_out == 1).all():
            return False
        squares, sums = ((self.total[at] - self.tests[fold][at])[:-1] for at in (np.diag_indices(len(self.total)), -1))
        weight = self.total[-1, -1] - self.tests[fold][-1, -1]
        left = squares - (sums**2 / weight if self.data.fit_intercept else 0.0)
        return bool((left >= MIN_ACCURATE_SHARE * self.total.diagonal()[:-1]).all())

    def moments(self, fold):
        """Moments of the training rows of a fold."""
        return self.trains[fold] if fold in self.trains else self.total - self.tests[fold]

    def whole(self):
        """The fit on all rows."""
        return MomentsFit(self.data, self.total, self.rows.whole)

    def train(self, fold):
        """The fit on the training rows of a fold."""
        return MomentsFit(self.data, self.moments(fold), lambda: self.rows.train(fold))

    def errors(self, fold, target, coefs, intercepts):
        """Weighted mean squared errors on the held-out rows, for every column of coefs (p, k)."""
        errors = moments_error(self.data, self.tests[fold], target, coefs, intercepts)
        cancelled = np.isnan(errors)
        if cancelled.any():
            errors[cancelled] = self.rows.errors(fold, target, coefs[:, cancelled], intercepts[cancelled])
        return errors


class RowFolds:
    """Folds through row weights: the held-out rows weigh nothing."""

    def __init__(self, data, Y, weights, splits):
        self.data = data
        self.Y = Y
        self.splits = splits
        self.weights = np.ones(data.n) if weights is None else weights / weights.max()

    def whole(self):
        """The fit on all rows."""
        return RowsFit(self.data)

    def train(self, fold):
        """The fit on the training rows of a fold."""
        weights = self.weights * np.bincount(self.splits[fold][0], minlength=self.data.n)
        return RowsFit(as_data(self.data.X, self.Y, weights, self.data.fit_intercept))

    def errors(self, fold, target, coefs, intercepts):
        """Weighted mean squared errors on the held-out rows, for every column of coefs (p, k)."""
        test = self.splits[fold][1]
        used = np.flatnonzero(coefs.any(axis=1))
        residual = self.Y[target][test, None] - self.data.X[test][:, used] @ coefs[used] - intercepts
        weights = self.weights[test]
        return weights @ residual**2 / weights.sum()


def as_folds(data, Y, weights, splits, solver):
    """Folds in the cheaper form: moments where X has far more entries than they, row weights otherwise."""
    pays = data.n >= 5 * data.p if solver == "gram" else solver == "auto" and data.gram_pays
    if pays and data.p <= MAX_GRAM_COLUMNS:
        return MomentFolds(data, Y, weights, splits)
    return RowFolds(data, Y, weights, splits)


def _as_slice(rows):
    """Consecutive row indices as a slice, which copies nothing; others unchanged."""
    if rows.size and rows[-1] - rows[0] + 1 == rows.size and (np.diff(rows) == 1).all():
        return slice(rows[0], rows[-1] + 1)
    return rows
