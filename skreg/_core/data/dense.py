"""Data with a dense matrix."""

import numpy as np

from .._cached import cached_property
from ..parts.designs import DenseDesign, col_fills, col_products
from .base import ENTRIES_PER_PRODUCT, FEW_VECTORS, Data, unsigned

FLOPS_PER_CALL = 1 << 33  # multiplications in one call of BLAS: Ctrl-C takes effect between calls
ROWS_PER_PRODUCT = 512  # of a few vectors, which stay in the fastest cache while columns pass


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
        cols = cols if A is None else np.append(A.cols, cols)
        return DenseDesign(self.X.T, cols, self.mean[cols], self.scale[cols])

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
        return self._centre(G, left, right, self.mean[left], self.mean[right])

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
            col_fills(A, unsigned(part), roots, which[k:], Z[k:])
            G += (Z[first:] if first else Z) @ Z.T
        return G / (self.rows[rows].sum() / self.weight)

    def columns(self, cols, mean, rows, dtype=np.float64):
        """Normalized columns, from which `mean` is subtracted, in some rows: (m, n_rows)."""
        A = DenseDesign(self.X.T, cols, mean, self.scale[cols])
        Z = np.empty((cols.size, rows.size), dtype)
        col_fills(A, unsigned(rows), np.ones((1, self.n)), np.zeros(cols.size, int), Z)
        return Z

    def products(self, cols, mean, U, dtype=np.float64):
        """Products (k, m) of vectors U (k, n) with normalized columns, from which `mean` is subtracted.

        More than FEW_VECTORS vectors are multiplied in `dtype`, fewer in double precision.
        """
        k = len(U)
        if k > FEW_VECTORS:
            step, P = max(ENTRIES_PER_PRODUCT // max(cols.size, 1), 256), np.zeros((k, cols.size))
            for low in range(0, self.n, step):
                rows = np.arange(low, min(low + step, self.n))
                P += U[:, rows].astype(dtype, copy=False) @ self.columns(cols, mean, rows, dtype).T
            return P
        U = np.concatenate([U, np.zeros((-k % 4, self.n))]) if k % 4 else U
        P, A = np.zeros((len(U), cols.size)), DenseDesign(self.X.T, cols, mean, self.scale[cols])
        for low in range(0, self.n, ROWS_PER_PRODUCT):
            col_products(A, U, low, min(low + ROWS_PER_PRODUCT, self.n), P)
        return P[:k] * self.scale[cols]

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
        return self._centre(G, cols, every, self.mean[cols], self.mean)

    @cached_property
    def gram(self):
        """The whole normalized Gram matrix."""
        if not self.blas_safe:
            return sum(Z.T @ Z for Z in map(self.block, self.blocks(self.p)))
        every = np.arange(self.p)
        G = sum(self.X[rows].T @ self.X[rows] for rows in self._slices(self.p**2))
        return self._centre(G, every, every, self.mean, self.mean)

    def _slices(self, products, low=0, high=None):
        """Slices of rows for calls of BLAS with `products` multiplications a row, that can be interrupted."""
        high, step = self.n if high is None else high, max(int(FLOPS_PER_CALL / max(products, 1)), 256)
        return [slice(first, min(first + step, high)) for first in range(low, high, step)]

    def _moments_of(self, rows):
        if not (self.blas_safe and isinstance(rows, slice)):
            return super()._moments_of(rows)
        low, high, _ = rows.indices(self.n)
        parts = self._slices(self.p**2, low, high)
        return sum(map(self._moments_of_few, parts)) if parts else super()._moments_of(rows)

    def _moments_of_few(self, rows):
        X, V = self.X[rows], self.targets_and_ones[rows]
        return self._moments(X.T @ X, X.T @ V, V.T @ V, self.mean)

    @property
    def blas_safe(self):
        """Whether BLAS may multiply X itself, without weighting and centring it first."""
        return self.h.size == 1 and self.X.dtype == np.float64 and self.centred_late
