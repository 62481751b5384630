"""X and y under row weights, in normalized units, and what a path asks of them.

All solvers work on columns of weighted mean 0 (with an intercept) and norm 1, and on a y of norm 1: correlations are at
most 1, the null model's loss is 1/2, and neither the units of the data nor their powers of ten matter. Nothing is
copied for that: the designs centre and scale as they go.
"""

import numpy as np
import scipy.sparse as sp

from ._cached import cached_property
from ._jit import njit
from .coordinate import col_dots, col_fills, col_updates
from .designs import CSC, Dense

# Entries of X that one call of a kernel may visit: an interrupt is noticed between calls.
WORK = 1 << 27
FLOPS = 1 << 33  # likewise, multiplications in one call of BLAS
RUN = 16  # consecutive rows of a sample
BLOCK = 1 << 20  # entries of weighed columns that are copied for one product
SMALL = 1 << 18  # entries of sparse columns that are best filled for a product


@njit
def normalize(A, h, weight, fit_intercept, R, coords, spread, products):
    """Fill the means and scales of A, the columns' standard deviations, and their products with the rows of R.

    One pass over memory: every column is still in the cache when it is read again.
    """
    for k in range(coords.size):
        j = coords[k]
        A.scale[j] = 1.0
        A.mean[j] = A.col_mean(j, h, weight)
        sqnorm = A.col_sqnorm(j, h)
        if sqnorm <= weight * (8e-16 * A.mean[j]) ** 2 and sqnorm < np.inf:
            sqnorm = 0.0  # constant, to rounding
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
        Non-negative, not all zero; None for equal weights.
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
    spread : ndarray of shape (p,)
        Weighted standard deviations of the columns.
    offset, unit : ndarray of shape (n_targets,)
        Target t stands for ``(y_t - offset_t) / unit_t``, of weighted norm 1 unless it is constant.
    start : ndarray of shape (n_targets, p)
        Correlations of the columns with the targets.
    """

    def __init__(self, X, Y, weights=None, fit_intercept=True):
        self.X, self.fit_intercept = X, fit_intercept
        self.n, self.p = X.shape
        if weights is None or np.all(weights == weights[0]):
            self.h = np.ones(1)
        else:
            top = weights.max()
            weights = np.where(weights < 1e-200 * top, 0.0, weights / top)  # reciprocals must be finite
            self.h = weights / weights.mean()
        self.weight = float(self.n)
        self.root = np.sqrt(self.h)
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
        self.mean, self.scale = np.zeros(self.p), np.zeros(self.p)
        self.spread, self.start = np.zeros(self.p), np.zeros((len(self.R), self.p))
        design, rows = self.design(), self.rows
        for coords in self._batches(1 + len(self.R)):
            normalize(design, rows, self.weight, self.fit_intercept, self.R, coords, self.spread, self.start)
        self.start *= -1.0

    def _batches(self, passes=1):
        step = max(int(WORK * self.p / max(self.size * passes, 1)), 1)
        for low in range(0, self.p, step):
            yield np.arange(low, min(low + step, self.p))

    @cached_property
    def centred_late(self):
        """Whether inner products may be centred after they are taken: that loses at most four digits of sixteen."""
        return np.abs(self.mean * self.scale).max(initial=0.0) * np.sqrt(self.weight) < 100.0

    def _centre(self, G, left, right):
        """Turn inner products of raw columns into normalized ones, in place."""
        G -= np.outer(self.weight * self.mean[left], self.mean[right])
        G *= self.scale[right]
        G *= self.scale[left, None]
        return G

    def dots(self, r):
        """Products of all columns with a state."""
        out, design = np.empty(self.p), self.design()
        for coords in self._batches():
            part = np.empty(coords.size)
            col_dots(design, coords, r, part)
            out[coords] = part
        return out

    def all_scores(self, W):
        """Scores (K, n) of all columns under coefficients W (K, p)."""
        return np.array([self.plain(self.scores(w)) for w in W])

    def all_dots(self, R):
        """Products of all columns with some states, (K, p); with an intercept, the rows of R (K, n) sum to zero."""
        return np.array([self.dots(self.state(r)) for r in R])

    def scores(self, w):
        """``A w``, in the form of the design."""
        z = np.zeros(self.R.shape[1])
        col_updates(self.design(), w, np.ones(1), z)
        return z

    def root_dots(self, q):
        """Products of all columns, their rows multiplied by the roots of the weights, with q (n,)."""
        return self.dots(self.state(self.root * q))

    def standardized(self, r):
        """A state of the residual as a vector whose norm is the residual's weighted one."""
        return self.vector(r) * np.sqrt(self.inv_h)

    @property
    def standardized_targets(self):
        """Targets in the units of `block` (T, n)."""
        return np.array([-self.standardized(r) for r in self.R])

    @cached_property
    def target_sqnorms(self):
        """Squared weighted norms of the normalized targets (T,): 1, or 0 of a constant one."""
        return np.array([self.sqnorm(r) for r in self.R])

    def sqnorm(self, r):
        """Squared weighted norm of the residual."""
        v = self.vector(r)
        return float(v @ (v * self.inv_h))

    def block(self, rows, cols=slice(None)):
        """Some rows as the solvers see them: centred, scaled, times the root of their weight; a dense copy."""
        Z = self._part(rows, cols)
        Z -= self.mean[cols]
        Z *= self.scale[cols]
        if self.h.size > 1:
            Z *= self.root[rows, None]
        return Z

    @cached_property
    def sample(self):
        """Every eighth run of rows, short enough to be spread over sorted data, long enough to be read fast."""
        starts = np.arange(0, self.n - RUN + 1, 8 * RUN)
        return (starts[:, None] + np.arange(RUN)).ravel()

    def blocks(self, width, rows=None):
        """Parts of some rows, or of all, such that a block of `width` columns stays small."""
        step = max(int((1 << 18) / max(width, 1)), 256)
        if rows is None:
            return [slice(low, min(low + step, self.n)) for low in range(0, self.n, step)]
        return [rows[low : low + step] for low in range(0, len(rows), step)]

    @cached_property
    def extra(self):
        """Targets as the solvers see them, and a column of ones: (n, T + 1)."""
        Y = [-self.vector(r) * self.inv_h for r in self.R]
        return np.column_stack([*Y, np.ones(self.n)])

    def moments(self, rows):
        """Inner products, over some rows, of the columns, the targets and a column of ones: (p + T + 1, p + T + 1).

        They add over disjoint rows. `rows` is a slice or an index array; of a slice as little as possible is copied.
        """
        extra = self.extra * (self.root[:, None] if self.h.size > 1 else 1.0)
        M = np.zeros((self.p + extra.shape[1],) * 2)
        for part in self.blocks(self.p, np.arange(self.n)[rows]):
            Z = np.hstack([self.block(part), extra[part]])
            M += Z.T @ Z
        return M

    def state(self, v):
        """A weighted vector over rows as the designs want it."""
        return self._states(v[None])[0]


class DenseData(Data):
    """Data with a matrix in Fortran order."""

    sparse = False

    @property
    def size(self):
        return self.X.size

    def _states(self, V):
        return np.ascontiguousarray(V)

    def vector(self, r):
        return r

    def plain(self, z):
        return z

    def design(self):
        return Dense(self.X.T, np.arange(self.p), self.mean, self.scale)

    def restrict(self, A, cols):
        """The design A (or None) with more columns at its end."""
        if A is None:
            return Dense(self.X.T, cols, self.mean[cols], self.scale[cols])
        return Dense(
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
        if not self.exact:
            return sum(Z[:, -k:].T @ Z for Z in (self.block(rows, right) for rows in self.blocks(right.size)))
        # a few thousand rows at a time: the copy stays in the cache
        G = sum(Z[-k:] @ Z.T for Z in (self.X.T[right, rows] for rows in self.blocks(right.size)))
        return self._centre(G, left, right)

    def weighed(self, cols, mean, ones, roots, which, rows=None, new=None, dtype=np.float64):
        """Inner products of columns whose rows have weights of their own.

        Parameters
        ----------
        cols, mean : ndarray of shape (m,)
            Columns, and what they are centred at: 0, or their mean under the one row of weights.
        ones : ndarray of shape (k,)
            Values of constant columns that come before them.
        roots : ndarray of shape (K, n)
            Square roots of weights.
        which : ndarray of shape (k + m,)
            The row of `roots` of every column.
        rows : ndarray of int or None
            Rows that stand for all; None is all. Sparse data take all of them.
        new : int or None
            How many columns, the last, to multiply with all; None is all.
        dtype : data type
            Of the products of dense columns.
        """
        rows = np.arange(self.n) if rows is None else rows
        k, first = ones.size, 0 if new is None else which.size - new
        A = Dense(self.X.T, cols, mean, self.scale[cols])
        G = np.zeros((which.size - first, which.size))
        step = max(BLOCK // max(which.size, 1), 256)
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
        if not self.exact:
            return sum(Z[:, cols].T @ Z for Z in map(self.block, self.blocks(self.p)))
        G = sum(self.X.T[cols, rows] @ self.X[rows] for rows in self._slices(cols.size * self.p))
        return self._centre(G, cols, every)

    @cached_property
    def gram(self):
        """The whole normalized Gram matrix."""
        if not self.exact:
            return sum(Z.T @ Z for Z in map(self.block, self.blocks(self.p)))
        every = np.arange(self.p)
        G = sum(self.X[rows].T @ self.X[rows] for rows in self._slices(self.p**2))
        return self._centre(G, every, every)

    def _slices(self, products, low=0, high=None):
        """Slices of rows for calls of BLAS, of so many products a row, that are short enough to be interrupted."""
        high, step = self.n if high is None else high, max(int(FLOPS / max(products, 1)), 256)
        return [slice(first, min(first + step, high)) for first in range(low, high, step)]

    def moments(self, rows):
        if not (self.exact and isinstance(rows, slice)):
            return super().moments(rows)
        low, high, _ = rows.indices(self.n)
        parts = self._slices(self.p**2, low, high)
        return sum(map(self._moments, parts)) if parts else super().moments(rows)

    def _moments(self, rows):
        X, V = self.X[rows], self.extra[rows]
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
    def exact(self):
        """Whether BLAS may work on X itself."""
        return self.h.size == 1 and self.X.dtype == np.float64 and self.centred_late


class SparseData(Data):
    """Data with a CSC matrix; centring is implicit."""

    sparse = True

    @property
    def size(self):
        return self.X.nnz + self.p

    def _states(self, V):
        return np.concatenate([V, np.zeros((len(V), 1))], axis=1)

    def vector(self, r):
        return r[:-1] + self.h * r[-1]

    def plain(self, z):
        """Scores, from a state that was moved with weights of 1."""
        return z[:-1] + z[-1]

    def design(self):
        X = self.X
        return CSC(X.data, _unsigned(X.indices), _unsigned(X.indptr), self.mean, self.scale, self.weight)

    def _part(self, rows, cols):
        return self.X[rows][:, cols].astype(np.float64).toarray()

    def restrict(self, A, cols):
        """The design A (or None) with more columns at its end, copied together: scattered sweeps wait for memory."""
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

    def weighed(self, cols, mean, ones, roots, which, rows=None, new=None, dtype=np.float64):
        Z = sp.hstack([np.ones((self.n, ones.size)), self.X[:, cols].astype(np.float64)], format="csc")
        entries = np.diff(Z.indptr)
        Z.data *= np.repeat(np.append(ones, self.scale[cols]), entries)
        Z.data *= roots[np.repeat(which, entries), Z.indices]
        if self.n * which.size <= SMALL:
            Z = Z.toarray()
        first, shift = 0 if new is None else which.size - new, np.append(0.0 * ones, mean * self.scale[cols])
        G = Z[:, first:].T @ Z
        G = G if isinstance(G, np.ndarray) else G.toarray()
        if mean.any():  # that under the weights
            G -= np.sum(roots[0] ** 2) * np.outer(shift[first:], shift)
        return G

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
    """The same numbers in a type for which compiled code need not ask whether an index counts from the end."""
    return a.view(np.uint32 if a.itemsize == 4 else np.uint64)


def as_data(X, Y, weights=None, fit_intercept=True):
    """Data on X; the only place that asks whether X is sparse.

    X is used as it is when it has float32 or float64 entries and Fortran order (sparse: CSC with sorted indices), and
    converted once otherwise. The views are read-only, so that one compiled variant serves all.
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
