"""Weighted, centred and scaled views of X and y, and the matrix products that the solvers need.

All solvers work on columns of weighted mean 0 (with an intercept) and norm 1, and on a y of norm 1. So correlations are
at most 1, the null model's loss is 1/2, and the units of the data do not matter. X is never copied: the designs centre
and scale on the fly.
"""

from copy import copy

import numpy as np
import scipy.sparse as sp

from ._cached import cached_property
from ._jit import njit
from .coordinate import col_dots, col_fills, col_updates
from .designs import CSC, DenseDesign

ENTRIES_PER_CALL = 1 << 27  # of X, that one call of a kernel reads: Ctrl-C takes effect between calls
FLOPS_PER_CALL = 1 << 33  # multiplications in one call of BLAS, for the same reason
SAMPLE_RUN = 16  # consecutive rows in the sample of rows
ENTRIES_PER_PRODUCT = 1 << 20  # of weighted columns, that are copied for one product
MAX_FILLED_ENTRIES = 1 << 18  # of sparse columns, up to which a dense copy makes the product faster
MAX_RELATIVE_MEAN = 10.0  # a mean of more standard deviations is large: less than one percent of its column is zero


@njit
def normalize(A, h, weight, fit_intercept, R, coords, spread, products):
    """Fill the means and scales of A, the columns' standard deviations, and their products with the rows of R.

    Memory is read once: a column is still in the cache when it is read again.
    """
    for k in range(coords.size):
        j = coords[k]
        A.scale[j] = 1.0
        A.mean[j] = A.col_mean(j, h, weight)
        sqnorm = A.col_sqnorm(j, h)
        if sqnorm <= weight * (8e-16 * A.mean[j]) ** 2 and sqnorm < np.inf:
            sqnorm = 0.0  # constant up to rounding
        spread[j] = np.sqrt(sqnorm / weight)
        if not fit_intercept:
            sqnorm += weight * A.mean[j] ** 2
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
    """

    def __init__(self, X, Y, weights=None, fit_intercept=True):
        self.X = X
        self.fit_intercept = fit_intercept
        self.n, self.p = X.shape
        if weights is None or np.all(weights == weights[0]):
            self.h = np.ones(1)
        else:
            top = weights.max()
            weights = np.where(weights < 1e-200 * top, 0.0, weights / top)  # reciprocals must be finite
            self.h = weights / weights.mean()
        self.weight = float(self.n)
        self.sqrt_weights = np.sqrt(self.h)
        with np.errstate(divide="ignore"):
            self.inv_h = np.where(self.h > 0.0, 1.0 / self.h, 0.0)

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
        return np.abs(self.mean * self.scale).max(initial=0.0) * np.sqrt(self.weight) < 100.0

    def _centre(self, G, left, right):
        """Turn inner products of raw columns into normalized ones, in place."""
        G -= np.outer(self.weight * self.mean[left], self.mean[right])
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

    def moments(self, rows):
        """Inner products, over some rows, of the columns, the targets and a column of ones: (p + T + 1, p + T + 1).

        They add over disjoint rows. `rows` is a slice or an index array; of a slice as little as possible is copied.
        """
        extra = self.targets_and_ones * (self.sqrt_weights[:, None] if self.h.size > 1 else 1.0)
        M = np.zeros((self.p + extra.shape[1],) * 2)
        for part in self.blocks(self.p, np.arange(self.n)[rows]):
            Z = np.hstack([self.block(part), extra[part]])
            M += Z.T @ Z
        return M

    def from_rows(self, v):
        """A weighted vector over rows as a state."""
        return self._states(v[None])[0]


class DenseData(Data):
    """Data with a dense matrix in Fortran order."""

    sparse = False

    @property
    def size(self):
        return self.X.size

    def _states(self, V):
        return np.ascontiguousarray(V)

    def to_rows(self, r):
        return r

    def to_scores(self, z):
        return z

    def design(self):
        return DenseDesign(self.X.T, np.arange(self.p), self.mean, self.scale)

    def restrict(self, A, cols):
        """The design A (or None) with more columns at its end."""
        if A is None:
            return DenseDesign(self.X.T, cols, self.mean[cols], self.scale[cols])
        return DenseDesign(
            A.XT,
            np.append(A.cols, cols),
            np.append(A.mean, self.mean[cols]),
            np.append(A.scale, self.scale[cols]),
        )

    def _part(self, rows, cols):
        if isinstance(rows, slice) or isinstance(cols, slice):
            return self.X[rows][:, cols].astype(np.float64, order="F")
        return self.X.T[np.ix_(cols, rows)].astype(np.float64, copy=False).T

    def cross(self, left, right):
        """Normalized inner products of columns `left`, the last of `right`, with columns `right`."""
        k = left.size
        if not self.blas_safe:
            return sum(Z[:, -k:].T @ Z for Z in (self.block(rows, right) for rows in self.blocks(right.size)))
        # a few thousand rows at a time, so that the copy stays in the cache
        G = sum(Z[-k:] @ Z.T for Z in (self.X.T[right, rows] for rows in self.blocks(right.size)))
        return self._centre(G, left, right)

    def weighted_gram(self, cols, mean, ones, roots, which, rows=None, new=None, dtype=np.float64):
        """Inner products of columns, each with its own row weights.

        Parameters
        ----------
        cols, mean : ndarray of shape (m,)
            Columns, and the value that is subtracted: 0, or their mean under the only row of weights.
        ones : ndarray of shape (k,)
            Values of constant columns that come first.
        roots : ndarray of shape (K, n)
            Square roots of weights.
        which : ndarray of shape (k + m,)
            The row of `roots` of every column.
        rows : ndarray of int or None
            A sample of rows that represents all; None for all rows. Sparse data always use all.
        new : int or None
            Only the products of the last `new` columns with all are needed; None for all.
        dtype : data type
            In which dense columns are multiplied.
        """
        rows = np.arange(self.n) if rows is None else rows
        k, first = ones.size, 0 if new is None else which.size - new
        A = DenseDesign(self.X.T, cols, mean, self.scale[cols])
        G = np.zeros((which.size - first, which.size))
        step = max(ENTRIES_PER_PRODUCT // max(which.size, 1), 256)
        for low in range(0, rows.size, step):
            part = rows[low : low + step]
            Z = np.empty((which.size, part.size), dtype)
            Z[:k] = ones[:, None] * roots[which[:k, None], part]
            col_fills(A, _unsigned(part), roots, which[k:], Z[k:])
            G += (Z[first:] if first else Z) @ Z.T
        return G / (self.rows[rows].sum() / self.weight)

    def all_scores(self, W):
        if self.X.dtype != np.float64 or not self.centred_late:
            return super().all_scores(W)
        W = W * self.scale
        return W @ self.X.T - (W @ self.mean)[:, None]

    def all_dots(self, R):
        if len(R) == 1 or self.X.dtype != np.float64 or not self.centred_late:
            return super().all_dots(R)
        return (R @ self.X - np.outer(R.sum(axis=1), self.mean)) * self.scale

    def inner(self, cols):
        """Normalized inner products of some columns with all."""
        every = np.arange(self.p)
        if 2 * cols.size > self.p:  # half the work for the whole of a symmetric product
            return self.gram if np.array_equal(cols, every) else self.gram[cols]
        if not self.blas_safe:
            return sum(Z[:, cols].T @ Z for Z in map(self.block, self.blocks(self.p)))
        G = sum(self.X.T[cols, rows] @ self.X[rows] for rows in self._slices(cols.size * self.p))
        return self._centre(G, cols, every)

    @cached_property
    def gram(self):
        """The whole normalized Gram matrix."""
        if not self.blas_safe:
            return sum(Z.T @ Z for Z in map(self.block, self.blocks(self.p)))
        every = np.arange(self.p)
        G = sum(self.X[rows].T @ self.X[rows] for rows in self._slices(self.p**2))
        return self._centre(G, every, every)

    def _slices(self, products, low=0, high=None):
        """Slices of rows for calls of BLAS with `products` multiplications a row, that can be interrupted."""
        high, step = self.n if high is None else high, max(int(FLOPS_PER_CALL / max(products, 1)), 256)
        return [slice(first, min(first + step, high)) for first in range(low, high, step)]

    def moments(self, rows):
        if not (self.blas_safe and isinstance(rows, slice)):
            return super().moments(rows)
        low, high, _ = rows.indices(self.n)
        parts = self._slices(self.p**2, low, high)
        return sum(map(self._moments, parts)) if parts else super().moments(rows)

    def _moments(self, rows):
        X, V = self.X[rows], self.targets_and_ones[rows]
        XV, VV = X.T @ V, V.T @ V
        M = np.empty((self.p + V.shape[1],) * 2)
        across = np.outer(XV[:, -1], self.mean)
        M[: self.p, : self.p] = X.T @ X - across - across.T + np.outer(len(X) * self.mean, self.mean)
        M[: self.p, self.p :] = XV - np.outer(self.mean, VV[-1])
        M[self.p :, self.p :] = VV
        M[: self.p] *= self.scale[:, None]
        M[: self.p, : self.p] *= self.scale
        M[self.p :, : self.p] = M[: self.p, self.p :].T
        return M

    @property
    def blas_safe(self):
        """Whether BLAS may multiply X itself, without weighting and centring it first."""
        return self.h.size == 1 and self.X.dtype == np.float64 and self.centred_late


class SparseData(Data):
    """Data with a CSC matrix; centring is implicit."""

    sparse = True

    @property
    def size(self):
        return self.X.nnz + self.p

    def _states(self, V):
        return np.concatenate([V, np.zeros((len(V), 1))], axis=1)

    def to_rows(self, r):
        return r[:-1] + self.h * r[-1]

    def to_scores(self, z):
        """Scores (n,), from a state that was updated with weights of 1."""
        return z[:-1] + z[-1]

    def design(self):
        X = self.X
        return CSC(X.data, _unsigned(X.indices), _unsigned(X.indptr), self.mean, self.scale, self.weight)

    def all_scores(self, W):
        if len(W) == 1 or self.X.dtype != np.float64 or not self.centred_late:
            return super().all_scores(W)
        W = W * self.scale
        return np.concatenate([(self.X @ W[some].T).T for some in self._few(len(W))]) - (W @ self.mean)[:, None]

    def all_dots(self, R):
        if len(R) == 1 or self.X.dtype != np.float64 or not self.centred_late:
            return super().all_dots(R)
        C = np.concatenate([(self.X.T @ R[some].T).T for some in self._few(len(R))])
        return (C - np.outer(R.sum(axis=1), self.mean)) * self.scale

    def _few(self, k):
        """Slices of k vectors for products with X that can be interrupted in between."""
        step = max(ENTRIES_PER_CALL // max(self.size, 1), 1)
        return [slice(low, low + step) for low in range(0, k, step)]

    def without_large_means(self):
        """The same rows with large means subtracted from their columns, and what was subtracted (p,).

        Such columns have next to no zeros that centring could fill. Left as they are, they are nearly parallel to the
        intercept, which slows down whatever works on columns that are not centred.
        """
        large = (np.abs(self.mean) > MAX_RELATIVE_MEAN * self.spread) & (self.scale > 0.0)
        if not large.any():
            return self, np.zeros(self.p)
        cols, others = np.flatnonzero(large), np.flatnonzero(~large)
        centred = sp.csc_array((self._part(slice(None), cols) - self.mean[cols]).astype(self.X.dtype))
        X = sp.hstack([self.X[:, others], centred], format="csc")[:, np.argsort(np.append(others, cols))]
        return as_data(X, np.empty((0, self.n)), self.rows, self.fit_intercept), np.where(large, self.mean, 0.0)

    def _part(self, rows, cols):
        return self.X[rows][:, cols].astype(np.float64).toarray()

    def restrict(self, A, cols):
        """The design A (or None) with more columns at its end; all are copied, to be read in one piece."""
        new = self.X[:, cols]
        if A is None:
            return CSC(
                _readonly(new.data),
                _unsigned(_readonly(new.indices)),
                _unsigned(_readonly(new.indptr)),
                self.mean[cols],
                self.scale[cols],
                self.weight,
            )
        return CSC(
            _readonly(np.append(A.data, new.data)),
            _readonly(np.append(A.indices, _unsigned(new.indices))),
            _readonly(np.append(A.indptr, A.indptr[-1] + _unsigned(new.indptr[1:]))),
            np.append(A.mean, self.mean[cols]),
            np.append(A.scale, self.scale[cols]),
            self.weight,
        )

    def weighted_gram(self, cols, mean, ones, roots, which, rows=None, new=None, dtype=np.float64):
        if self.n * which.size <= MAX_FILLED_ENTRIES:  # making sparse matrices would take longer than the products
            Z = np.empty((self.n, which.size))
            Z[:, : ones.size] = ones
            np.multiply(self._filled(cols), self.scale[cols], out=Z[:, ones.size :])
            Z *= roots[which].T
        else:
            Z = sp.hstack([np.ones((self.n, ones.size)), self.X[:, cols].astype(np.float64)], format="csc")
            entries = np.diff(Z.indptr)
            Z.data *= np.repeat(np.append(ones, self.scale[cols]), entries)
            Z.data *= roots[np.repeat(which, entries), Z.indices]
        first, shift = 0 if new is None else which.size - new, np.append(0.0 * ones, mean * self.scale[cols])
        G = Z[:, first:].T @ Z
        G = G if isinstance(G, np.ndarray) else G.toarray()
        if mean.any():  # the columns are centred under the weights
            G -= np.sum(roots[0] ** 2) * np.outer(shift[first:], shift)
        return G

    def _filled(self, cols):
        """Some columns with their zeros, in float64."""
        first, entries = self.X.indptr[cols].astype(np.int64), np.diff(self.X.indptr)[cols]
        at = np.arange(entries.sum()) + np.repeat(first - np.cumsum(entries) + entries, entries)
        Z = np.zeros((self.n, cols.size))
        Z[self.X.indices[at], np.repeat(np.arange(cols.size), entries)] = self.X.data[at]
        return Z

    def cross(self, left, right):
        """Normalized inner products of columns `left` with columns `right`."""
        if not self.centred_late:
            parts = self.blocks(left.size + right.size)
            return sum(self.block(rows, left).T @ self.block(rows, right) for rows in parts)
        L = self.X[:, left].astype(np.float64)
        if self.h.size > 1:
            L.data *= self.h[L.indices]
        G = (L.T @ self.X[:, right].astype(np.float64)).toarray()
        return self._centre(G, left, right)

    def inner(self, cols):
        """Normalized inner products of some columns with all."""
        return self.gram[cols] if 2 * cols.size > self.p else self.cross(cols, np.arange(self.p))

    @cached_property
    def gram(self):
        """The whole normalized Gram matrix."""
        return self.cross(np.arange(self.p), np.arange(self.p))


def _readonly(a):
    a = a.view()
    a.flags.writeable = False
    return a


def _unsigned(a):
    """The same indices as unsigned integers: compiled code need not test for negative ones."""
    return a.view(np.uint32 if a.itemsize == 4 else np.uint64)


def as_data(X, Y, weights=None, fit_intercept=True):
    """Data on X; the only place that tests whether X is sparse.

    X is read in place if it has float32 or float64 entries and Fortran order (sparse: CSC with sorted indices), and
    converted once otherwise. Views are read-only, so that one compiled variant of the kernels is enough.
    """
    if sp.issparse(X):
        X = sp.csc_array(X)
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        small = np.int32 if max(X.nnz, max(X.shape)) < 2**31 - 1 else np.int64
        view = sp.csc_array(
            (
                _readonly(X.data),
                _readonly(X.indices.astype(small, copy=False)),
                _readonly(X.indptr.astype(small, copy=False)),
            ),
            shape=X.shape,
        )
        return SparseData(view, Y, weights, fit_intercept)
    return DenseData(_readonly(np.asfortranarray(X)), Y, weights, fit_intercept)
