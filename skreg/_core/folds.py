"""Fits on parts of the rows. For n >> p a fold's Gram matrix is the total minus the fold's: one pass serves all."""

import numpy as np

from .data import as_data
from .path import follow
from .solve import LARGEST_GRAM, choose, points, prepare, ridge, solutions, solve_path, start_of
from .working_set import Covariance, Gradient

CONSTANT = 1e-13  # columns whose variance is so small a share of their second moment are constant, to rounding
CANCELLED = 1e-7  # so small a difference of sums is not accurate


class RowsFit:
    """A fit on the rows that have weight; X is not copied."""

    def __init__(self, data):
        self.data = data
        self.null = 0.5 * data.unit**2 / data.weight  # loss of the null model

    def solve(self, target, penalty, alphas, **options):
        """Yield a `Solution` for every alpha."""
        return solve_path(self.data, target, penalty, alphas, **options)

    def prepare(self, penalty, alphas, solver):
        """Do what is best done before the solves of several targets, with all threads of BLAS."""
        prepare(self.data, penalty, alphas, solver)


class MomentsFit:
    """A fit on moments M (p + T + 1, p + T + 1), see `Data.moments`, in the units of `data`.

    Columns and targets are normalized anew, to norm 1 in these rows.
    """

    def __init__(self, data, M):
        self.whole, self.p = data, data.p
        self.weight = M[-1, -1]
        second, means = M.diagonal()[:-1], M[-1, :-1] / self.weight
        variance = second - self.weight * means**2
        variance[variance <= CONSTANT * second] = 0.0
        centre = means if data.fit_intercept else np.zeros(means.size)
        C = M[:-1, :-1] - self.weight * np.outer(centre, centre)
        norm = np.sqrt(variance if data.fit_intercept else second)
        inverse = np.divide(1.0, norm, out=np.zeros(norm.size), where=norm > 0.0)
        self.C = C * inverse * inverse[:, None]
        self.scale = data.scale * inverse[: self.p]
        size = np.divide(1.0, data.scale, out=np.zeros(self.p), where=data.scale > 0.0)
        self.spread = np.sqrt(variance[: self.p] / self.weight) * size
        self.mean = data.mean + centre[: self.p] * size
        self.offset = data.offset + centre[self.p :] * data.unit
        self.unit = data.unit * np.where(norm[self.p :] > 0.0, norm[self.p :], 1.0)
        self.null = 0.5 * self.unit**2 / self.weight

    def solve(self, target, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
        """Yield a `Solution` for every alpha."""
        data, p = self.whole, self.p
        G = np.ascontiguousarray(self.C[:p, :p])
        start, yy = self.C[p + target, :p].copy(), self.C[p + target, p + target]
        st = penalty.strengths(self, self.unit[target])
        if solver == "auto" and choose(data, penalty, alphas) == "direct":
            form = Gradient(lambda new, cols: G, start, yy)
            form.grow(np.arange(p))
            found = ridge(form, st, alphas)
        else:
            s = Covariance(lambda cols: G[cols], start, yy)
            found = points(follow(s, st, alphas, 0.5 * tol, max_iter, start_of(self, target, coef_init)), p)
        yield from solutions(self, target, found, tol)


def moments_error(data, M, target, coefs, intercepts):
    """Weighted mean squared errors on rows with moments M, of every column of coefs (p, k), in the user's units."""
    p, unit = data.p, data.unit[target]
    size = unit * data.scale
    W = np.divide(coefs, size[:, None], out=np.zeros_like(coefs), where=size[:, None] > 0.0)
    b = (intercepts - data.offset[target] + data.mean @ coefs) / unit
    error = M[p + target, p + target] - 2.0 * (M[p + target, :p] @ W) + np.einsum("jk,jk->k", W, M[:p, :p] @ W)
    error += b * (M[-1, -1] * b + 2.0 * (M[-1, :p] @ W) - 2.0 * M[-1, p + target])
    return np.maximum(error, 0.0) / M[-1, -1] * unit**2


class MomentFolds:
    """Folds through their moments."""

    def __init__(self, data, splits):
        self.data = data
        self.tests = [data.moments(_as_slice(test)) for _, test in splits]
        held = np.concatenate([test for _, test in splits])
        partition = held.size == data.n and np.unique(held).size == data.n
        self.total = sum(self.tests) if partition else data.moments(slice(None))
        self.trains = [self._train(*split, test) for split, test in zip(splits, self.tests, strict=True)]

    def _train(self, train, held_out, test):
        """Moments of the training rows: what is left of the total, where these are just the other rows."""
        if np.array_equal(np.sort(train), np.setdiff1d(np.arange(self.data.n), held_out)):
            M = self.total - test
            left = M.diagonal()[:-1] - (M[-1, :-1] ** 2 / M[-1, -1] if self.data.fit_intercept else 0.0)
            if (left >= CANCELLED * self.total.diagonal()[:-1]).all():
                return M
        return self.data.moments(_as_slice(train))

    def whole(self):
        """The fit on all rows."""
        return MomentsFit(self.data, self.total)

    def train(self, fold):
        """The fit on the training rows of a fold."""
        return MomentsFit(self.data, self.trains[fold])

    def errors(self, fold, target, coefs, intercepts):
        """Weighted mean squared errors on the held-out rows, for every column of coefs (p, k)."""
        return moments_error(self.data, self.tests[fold], target, coefs, intercepts)


class RowFolds:
    """Folds through row weights: the held-out rows weigh nothing."""

    def __init__(self, data, Y, weights, splits):
        self.data, self.Y, self.splits = data, Y, splits
        self.weights = np.ones(data.n) if weights is None else weights

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
    """Folds by the cheaper way: moments for n >> p, row weights otherwise."""
    if solver in ("auto", "gram") and data.n >= 5 * data.p and data.p <= LARGEST_GRAM:
        return MomentFolds(data, splits)
    return RowFolds(data, Y, weights, splits)


def _as_slice(rows):
    """Consecutive rows as a slice, which copies nothing."""
    if rows.size and rows[-1] - rows[0] + 1 == rows.size and (np.diff(rows) == 1).all():
        return slice(rows[0], rows[-1] + 1)
    return rows
