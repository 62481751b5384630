"""Fits on parts of the rows. For n >> p a fold's Gram matrix is the total minus the fold's: one pass serves all."""

import numpy as np

from .data import as_data
from .path import follow
from .solve import LARGEST_GRAM, Solution, certify, choose, prepare, ridge, solve_path
from .working_set import Covariance, Gradient

CONSTANT = 1e-12  # a column is constant in some rows when its squared norm there is so small a share of the whole


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
    """A fit on moments M (p + T + 1, p + T + 1), see `Data.moments`, in the units of `data`."""

    def __init__(self, data, M):
        self.whole, self.p, self.unit = data, data.p, data.unit
        p = self.p
        self.weight = M[-1, -1]
        self.centre = M[-1, :-1] / self.weight if data.fit_intercept else np.zeros(len(M) - 1)
        C = M[:-1, :-1] - np.outer(M[-1, :-1], self.centre)
        variance = (M.diagonal()[:p] - M[-1, :p] ** 2 / self.weight) / self.weight
        constant = C.diagonal()[:p] <= CONSTANT
        C[:p][constant] = C[:, :p][:, constant] = 0.0
        self.C = C
        self.scale = np.where(constant, 0.0, data.scale)
        self.spread = np.sqrt(np.divide(np.maximum(variance, 0.0), self.scale**2, out=np.zeros(p), where=~constant))
        self.null = 0.5 * data.unit**2 * C.diagonal()[p:] / self.weight

    def solve(self, target, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
        """Yield a `Solution` for every alpha."""
        p, data = self.p, self.whole
        G = np.ascontiguousarray(self.C[:p, :p])
        start, yy = self.C[p + target, :p].copy(), self.C[p + target, p + target]
        st, goal = penalty.strengths(self, target), 0.5 * tol * yy
        size, unit = self.unit[target] * self.scale, self.unit[target] ** 2 / self.weight
        if solver == "auto" and choose(data, penalty, alphas) == "direct":
            found = self._ridge(G, start, yy, st, alphas)
        else:
            w_init = None
            if coef_init is not None:
                w_init = np.divide(coef_init, size, out=np.zeros(p), where=size > 0.0)
            s = Covariance(lambda cols: G[cols], start, yy)
            found = self._follow(follow(s, st, alphas, goal, max_iter, w_init))
        for w, value, gap, n_iter in found:
            coef = w * size
            middle = self.unit[target] * (self.centre[p + target] - self.centre[:p] @ w)
            intercept = float(data.offset[target] + middle - data.mean @ coef)
            yield Solution(coef, intercept, value * unit, gap * unit, n_iter, gap <= goal)

    def _ridge(self, G, start, yy, st, alphas):
        form, every = Gradient(lambda new, cols: G, start, yy), np.arange(self.p)
        form.grow(every)
        for alpha, (w, _) in zip(alphas, ridge(form, st.l2, alphas), strict=True):
            yield w, *certify(form, st.at(alpha, every), w), 1

    def _follow(self, points):
        for point in points:
            w = np.zeros(self.p)
            w[point.features] = point.w
            yield w, point.primal, point.gap, max(point.rounds, 1)


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
        if partition and all(np.intersect1d(*split).size == 0 and sum(map(len, split)) == data.n for split in splits):
            self.total = sum(self.tests)
            self.trains = [self.total - test for test in self.tests]
        else:
            self.total = data.moments(slice(None))
            self.trains = [data.moments(_as_slice(train)) for train, _ in splits]

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
