"""X and y with weights, centred and scaled, and the matrix products that the solvers need.

All solvers work on columns of weighted mean 0 (with an intercept) and norm 1, and on a y of norm 1. So correlations are
at most 1, the null model's loss is 1/2, and the units of the data do not matter. X is never copied: the designs centre
and scale on the fly.
"""

from copy import copy

import numpy as np

from .._cached import cached_property
from .._jit import njit
from ..parts.designs import col_dots, col_updates

ENTRIES_PER_CALL = 1 << 27  # of X, that one call of a kernel reads: Ctrl-C takes effect between calls
ENTRIES_PER_PRODUCT = 1 << 20  # of weighted columns, that are copied for one product
FEW_VECTORS = 32  # whose products with dense columns take less than copies of the columns for BLAS
MAX_CENTRED_LATE = 100.0  # mean of a column, relative to its standard deviation, up to which products are centred late
FEW_COLUMNS = 256  # whose inner products always pay if there are far more rows
SAMPLE_RUN = 16  # consecutive rows in the sample of rows


@njit
def normalize(A, h, weight, fit_intercept, R, coords, spread, products):
    """Fill the means and scales of A, the columns' standard deviations, and their products with the rows of R.

    Memory is read once: a column is still in the cache when it is read again.
    """
    for k in range(coords.size):
        j = coords[k]
        A.scale[j] = 1.0
        A.mean[j] = A.col_mean(j, h, weight)
        sqnorm, rounding = A.col_sqnorm(j, h), 8e-16 * A.mean[j]
        if sqnorm <= weight * (rounding * rounding) and sqnorm < np.inf:
            sqnorm = 0.0  # constant up to rounding
        spread[j] = np.sqrt(sqnorm / weight)
        if not fit_intercept:
            sqnorm += weight * (A.mean[j] * A.mean[j])
            A.mean[j] = 0.0
        A.scale[j] = 1.0 / np.sqrt(sqnorm) if sqnorm > 0.0 else 0.0
        for t in range(R.shape[0]):
            products[t, j] = A.col_dot(j, R[t])


class Data:
    """X (n, p) and targets Y (T, n) with row weights.

    Parameters
    ----------
    X : ndarray in Fortran order, or CSC matrix; float32 or float64
        Read in place.
    Y : ndarray of shape (n_targets, n)
    weights : ndarray of shape (n,) or None
        Non-negative, with at least one positive entry; None for equal weights.
    fit_intercept : bool
        Whether columns and targets are centred.

    Attributes
    ----------
    h : ndarray of shape (n,) or (1,)
        Row weights of mean 1; one number when all are equal.
    weight : float
        Their sum, n.
    mean, scale : ndarray of shape (p,)
        Column j stands for ``(x_j - mean_j) * scale_j``, of weighted norm 1; constant columns have scale 0.
    sqnorms : ndarray of shape (p,)
        Squared weighted norms of the normalized columns: 1, or 0 for constant ones; see also `rescaled`.
    spread : ndarray of shape (p,)
        Weighted standard deviations of the columns.
    offset, unit : ndarray of shape (n_targets,)
        Target t stands for ``(y_t - offset_t) / unit_t``, of weighted norm 1 unless it is constant.
    start : ndarray of shape (n_targets, p)
        Correlations of the columns with the targets.
    is_independent : ndarray of bool of shape (p,)
        The columns that were found to be linearly independent last; none at first.
    """

    def __init__(self, X, Y, weights=None, fit_intercept=True):
        self.X = X
        self.fit_intercept = fit_intercept
        self.n, self.p = X.shape
        self.is_independent = np.zeros(self.p, bool)
        if weights is None or np.all(weights == weights[0]):
            self.h = np.ones(1)
        else:
            top = weights.max()
            weights = np.where(weights < 1e-200 * top, 0.0, weights / top)  # reciprocals must be finite
            self.h = weights / weights.mean()
        self.weight = float(self.n)
        self.sqrt_weights = np.sqrt(self.h)
        self.inv_h = np.divide(1.0, self.h, out=np.zeros(self.h.size), where=self.h > 0.0)

        Y = np.asarray(Y, dtype=np.float64)
        rows = self.rows
        size = np.abs(Y).max(axis=1, initial=0.0)
        size[size == 0.0] = 1.0
        Y = Y / size[:, None]
        self.offset = Y @ rows / self.weight if fit_intercept else np.zeros(len(Y))
        Y -= self.offset[:, None]
        norm = np.sqrt(Y**2 @ rows)
        norm[norm <= 8e-16 * np.sqrt(self.weight)] = 0.0
        Y[norm == 0.0] = 0.0
        norm[norm == 0.0] = 1.0
        self.unit = norm * size
        self.offset *= size
        self.R = self._states(Y / norm[:, None] * -self.h)
        self._normalize()

    @property
    def rows(self):
        """The weight of every row, as a full vector."""
        return np.full(self.n, self.h[0]) if self.h.size == 1 else self.h

    def _normalize(self):
        self.mean = np.zeros(self.p)
        self.scale = np.zeros(self.p)
        self.spread = np.zeros(self.p)
        self.start = np.zeros((len(self.R), self.p))
        design, rows = self.design(), self.rows
        for coords in self._batches(1 + len(self.R)):
            normalize(design, rows, self.weight, self.fit_intercept, self.R, coords, self.spread, self.start)
        self.start *= -1.0
        self.sqnorms = (self.scale > 0.0).astype(float)

    def _batches(self, passes=1):
        step = max(int(ENTRIES_PER_CALL * self.p / max(self.size * passes, 1)), 1)
        for low in range(0, self.p, step):
            yield np.arange(low, min(low + step, self.p))

    def rescaled(self, scale):
        """The same rows with other scales of the columns, whose norms are then not 1."""
        if np.array_equal(scale, self.scale):
            return self
        self.centred_late  # noqa: B018  does not depend on the scale: the copy takes it over
        data = copy(self)
        vars(data).pop("gram", None)
        data.scale = scale
        ratio = np.divide(scale, self.scale, out=np.zeros(self.p), where=self.scale > 0.0)
        data.sqnorms = ratio**2 * self.sqnorms
        data.start = self.start * ratio
        return data

    @cached_property
    def centred_late(self):
        """Whether inner products may be computed first and centred afterwards, which loses at most 4 of 16 digits."""
        return not self._far_from_zero.any()

    @cached_property
    def _far_from_zero(self):
        return np.abs(self.mean * self.scale) * np.sqrt(self.weight) >= MAX_CENTRED_LATE

    @property
    def gram_pays(self):
        """Whether X has far more entries than the inner products of its columns, or these are few."""
        return self.n >= 5 * self.p and (self.p <= FEW_COLUMNS or self.size >= 5 * self.p**2)

    def _centre(self, G, left, right, left_mean, right_mean):
        """Turn inner products of columns, from which these means are yet to be subtracted, into normalized ones."""
        G -= (self.weight * left_mean)[:, None] * right_mean
        G *= self.scale[right]
        G *= self.scale[left, None]
        return G

    def dots(self, r):
        """Products of all columns with a state, which is a vector over rows in the form that the design uses."""
        out, design = np.empty(self.p), self.design()
        for coords in self._batches():
            part = np.empty(coords.size)
            col_dots(design, coords, r, part)
            out[coords] = part
        return out

    def all_scores(self, W):
        """Scores (K, n) of all columns under coefficients W (K, p)."""
        return np.array([self.to_scores(self.scores(w)) for w in W])

    def all_dots(self, R):
        """Products (K, p) of all columns with vectors R (K, n) over rows; with an intercept these must sum to zero."""
        return np.array([self.dots(self.from_rows(r)) for r in R])

    def scores(self, w):
        """``A w`` as a state."""
        z = np.zeros(self.R.shape[1])
        col_updates(self.design(), w, np.ones(1), z)
        return z

    def sqrt_weighted_dots(self, q):
        """Products with q (n,) of all columns, their rows multiplied by the square roots of the weights."""
        return self.dots(self.from_rows(self.sqrt_weights * q))

    def sqrt_weighted(self, r):
        """A weighted state divided by the square roots of the weights: its norm is the residual's weighted norm."""
        return self.to_rows(r) * np.sqrt(self.inv_h)

    @property
    def sqrt_weighted_targets(self):
        """Targets (T, n) in the units of `block`."""
        return np.array([-self.sqrt_weighted(r) for r in self.R])

    @cached_property
    def target_sqnorms(self):
        """Squared weighted norms (T,) of the normalized targets: 1, or 0 for a constant target."""
        return np.array([self.sqnorm(r) for r in self.R])

    def sqnorm(self, r):
        """Squared weighted norm of the residual, from its state."""
        v = self.to_rows(r)
        return float(v @ (v * self.inv_h))

    def block(self, rows, cols=slice(None)):
        """A dense copy of some rows: centred, scaled, and multiplied by the square roots of their weights."""
        Z = self._part(rows, cols)
        Z -= self.mean[cols]
        Z *= self.scale[cols]
        if self.h.size > 1:
            Z *= self.sqrt_weights[rows, None]
        return Z

    @cached_property
    def sample(self):
        """Indices of a sample: every eighth run of rows. Runs are short, as data may be sorted, and read fast."""
        starts = np.arange(0, self.n - SAMPLE_RUN + 1, 8 * SAMPLE_RUN)
        return (starts[:, None] + np.arange(SAMPLE_RUN)).ravel()

    def blocks(self, width, rows=None):
        """Split some rows, or all, into parts of which a dense copy of `width` columns is small."""
        step = max(int((1 << 18) / max(width, 1)), 256)
        if rows is None:
            return [slice(low, min(low + step, self.n)) for low in range(0, self.n, step)]
        return [rows[low : low + step] for low in range(0, len(rows), step)]

    @cached_property
    def targets_and_ones(self):
        """Normalized targets and a column of ones: (n, T + 1)."""
        Y = [-self.to_rows(r) * self.inv_h for r in self.R]
        return np.column_stack([*Y, np.ones(self.n)])

    def moments_of(self, parts):
        """Yield inner products, over some rows, of the columns, the targets and a column of ones.

        They add over disjoint rows. Rows are a slice or an index array; of a slice as little as possible is copied.

        Yields
        ------
        M : ndarray of shape (p + T + 1, p + T + 1)
        """
        for rows in parts:
            yield self._moments_of(rows)

    def _moments_of(self, rows):
        extra = self.targets_and_ones * (self.sqrt_weights[:, None] if self.h.size > 1 else 1.0)
        M = np.zeros((self.p + extra.shape[1],) * 2)
        for part in self.blocks(self.p, np.arange(self.n)[rows]):
            Z = np.hstack([self.block(part), extra[part]])
            M += Z.T @ Z
        return M

    def _moments(self, XX, XV, VV, mean):
        """Moments from inner products of columns X, whose mean is yet to be subtracted, and of V, which ends in 1."""
        p, M = self.p, np.empty((self.p + len(VV),) * 2)
        sums, weight = XV[:, -1], VV[-1, -1]
        XX -= np.outer(sums - weight * mean, mean)
        XX -= np.outer(mean, sums)
        M[:p, :p] = XX
        M[:p, p:] = XV - np.outer(mean, VV[-1])
        M[p:, p:] = VV
        M[:p] *= self.scale[:, None]
        M[:p, :p] *= self.scale
        M[p:, :p] = M[:p, p:].T
        return M

    def from_rows(self, v):
        """A weighted vector over rows as a state."""
        return self._states(v[None])[0]


def readonly(a):
    a = a.view()
    a.flags.writeable = False
    return a


def unsigned(a):
    """The same indices as unsigned integers: compiled code need not test for negative ones."""
    return a.view(np.uint32 if a.itemsize == 4 else np.uint64)
