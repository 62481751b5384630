"""Pure L2 with more columns than rows: the same problem in as many coordinates as there are rows.

The best coefficients are combinations of the rows of X, so scores are ``F u`` with ``F F' = X D X'``, where D holds the
inverse penalty factors, and the penalty of u is that of the coefficients: ridge in its dual form (Hastie & Tibshirani
2004, "Efficient quadratic regularization for expression arrays").
"""

import numpy as np

from .data import as_data
from .data.likelihood import Likelihood
from .loops.certificates import conjugate_value, penalty_value
from .parts.penalty import Penalty

MAX_ROWS = 1000  # of which the eigenvalues take less than a second
MIN_COLUMNS_PER_ROW = 2
MIN_COEFFICIENTS = 1500  # of one score: fewer are solved directly
FEW_COEFFICIENTS = 100  # of several scores
INNER_TOL = 0.5  # share of the tolerance for the rotated problem
ENTRIES = 1 << 22  # of centred columns in memory at once
ZERO_EIGENVALUE = 1e-15  # relative to the largest, times the number of rows


def can_rotate(lik, penalty, alphas):
    """Whether the rotated problem is equivalent and pays."""
    data, n_coefficients = lik.data, lik.K * np.count_nonzero(lik.data.scale)
    return (
        penalty.is_elastic_net
        and penalty.l1_ratio == 0.0
        and not penalty.is_bounded
        and bool(np.all(penalty.factor > 0.0))
        and min(alphas) > 0.0
        and MIN_COLUMNS_PER_ROW * data.n <= np.count_nonzero(data.scale)
        and data.n <= MAX_ROWS
        and n_coefficients > (MIN_COEFFICIENTS if lik.K == 1 else FEW_COEFFICIENTS)
        and (not data.sparse or data.centred_late)
        and np.isfinite(lik.loss.max_hess)
    )


class Rotation:
    """Columns F (n, r) whose inner products of rows are those of the columns of `data`, with penalty factors."""

    def __init__(self, data, penalty):
        self.data = data
        used = (data.scale > 0.0) & np.isfinite(penalty.factor)
        lengths = np.divide(penalty.lengths(data), data.scale, out=np.ones(data.p), where=used)
        self.inverse = np.divide(1.0, penalty.factor * lengths**2, out=np.zeros(data.p), where=used)
        values, vectors = np.linalg.eigh(self._products())
        kept = values > ZERO_EIGENVALUE * data.n * values[-1]
        self.vectors, self.roots = vectors[:, kept], np.sqrt(values[kept])
        self.F = np.asfortranarray(self.vectors * self.roots)

    def _products(self):
        data = self.data
        if data.sparse:
            X = data.X.astype(np.float64)
            scaled = X.multiply(self.inverse[None, :]).tocsr()
            K, across = (scaled @ X.T).toarray(), scaled @ data.mean
            return K - across[:, None] - across + float(self.inverse @ data.mean**2)
        K, step = np.zeros((data.n, data.n)), max(ENTRIES // data.n, 1)
        for low in range(0, data.p, step):
            cols = slice(low, low + step)
            Z = (data.X[:, cols] - data.mean[cols]) * np.sqrt(self.inverse[cols])
            K += Z @ Z.T
        return K

    def to_coefs(self, u):
        """Coefficients (K, p) in the user's units of solutions u (K, r)."""
        a = (self.vectors / self.roots) @ u.T
        return ((self.data.X.T @ a).T - np.outer(a.sum(axis=0), self.data.mean)) * self.inverse

    def from_coefs(self, coef):
        """The solutions (K, r) whose scores are nearest to those of coefficients (K, p)."""
        scores = (self.data.X @ coef.T).T - (coef @ self.data.mean)[:, None]
        return scores @ self.vectors / self.roots


def solve_rotated(lik, penalty, alphas, family, solve, *, tol, coef_init, **options):
    """Yield a `Solution` for every alpha, certified on all columns; those that are not met may be a start.

    ``solve(lik, penalty, alphas, ...)`` is `solve_scores`, and `family` the penalty in the normalized units of `lik`.
    """
    data, rotation = lik.data, Rotation(lik.data, penalty)
    columns = as_data(rotation.F, np.empty((0, data.n)), data.rows, data.fit_intercept)
    inner = Likelihood(columns, lik.loss, lik.T, lik.offset)
    start = None if coef_init is None else rotation.from_coefs(coef_init)
    ridge, size = Penalty(0.0, np.ones(rotation.F.shape[1])), data.scale * lik.score_scale
    goal, unit = tol * lik.null_model.value, lik.score_scale**2 / data.weight
    solutions = solve(inner, ridge, alphas, tol=INNER_TOL * tol, coef_init=start, **options)
    for alpha, found in zip(alphas, solutions, strict=True):
        coef = rotation.to_coefs(found.coef)
        W = np.divide(coef, size, out=np.zeros(coef.shape), where=size > 0.0)
        rows = lik.with_best_intercepts(data.all_scores(W) * lik.score_scale, lik.null_model.b)
        w, c, pen = W.T.ravel(), -data.all_dots(rows.R).T.ravel(), family.whole(alpha)
        value = rows.value + penalty_value(pen, w)
        gap = max(value - lik.dual(rows, 1.0) + conjugate_value(pen, c, 1.0), 0.0)
        intercept = rows.b - coef @ data.mean
        if lik.K > 1 and lik.fit_intercept:
            intercept -= intercept.mean()
        yield found._replace(coef=coef, intercept=intercept, objective=value * unit, gap=gap * unit, met=gap <= goal)
