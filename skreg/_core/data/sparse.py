"""Data with a sparse matrix."""

import numpy as np
import scipy.sparse as sp

from .._cached import cached_property
from ..parts.designs import CSC
from .base import ENTRIES_PER_CALL, Data, readonly, unsigned

MAX_FILLED_ENTRIES = 1 << 18  # of sparse columns, up to which a dense copy makes the product faster
MAX_RELATIVE_MEAN = 2.0  # a mean of more standard deviations is large: less than a fifth of its column is zero


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
        return CSC(X.data, unsigned(X.indices), unsigned(X.indptr), self.mean, self.scale, self.weight)

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
        return SparseData(canonical(X), np.empty((0, self.n)), self.rows, self.fit_intercept), np.where(
            large, self.mean, 0.0
        )

    def _part(self, rows, cols):
        return self.X[rows][:, cols].astype(np.float64).toarray()

    def restrict(self, A, cols):
        """The design A (or None) with more columns at its end; all are copied, to be read in one piece."""
        new = self.X[:, cols]
        if A is None:
            return CSC(
                readonly(new.data),
                unsigned(readonly(new.indices)),
                unsigned(readonly(new.indptr)),
                self.mean[cols],
                self.scale[cols],
                self.weight,
            )
        return CSC(
            readonly(np.append(A.data, new.data)),
            readonly(np.append(A.indices, unsigned(new.indices))),
            readonly(np.append(A.indptr, A.indptr[-1] + unsigned(new.indptr[1:]))),
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

    def reader(self, cols, mean, dtype=np.float64):
        """A function that gives normalized columns in some rows: (m, n_rows). They are not centred."""
        X, scale = self.X[:, cols].tocsr(), self.scale[cols, None]

        def columns(rows):
            return np.ascontiguousarray(X[rows].toarray().T * scale, dtype)

        return columns

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


def canonical(X):
    """X as a read-only CSC array with sorted indices, without a copy if it is one."""
    X = sp.csc_array(X)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    small = np.int32 if max(X.nnz, max(X.shape)) < 2**31 - 1 else np.int64
    return sp.csc_array(
        (
            readonly(X.data),
            readonly(X.indices.astype(small, copy=False)),
            readonly(X.indptr.astype(small, copy=False)),
        ),
        shape=X.shape,
    )
