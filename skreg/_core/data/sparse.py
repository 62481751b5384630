"""Data with a sparse matrix."""

import itertools

import numpy as np
import scipy.sparse as sp

from .._cached import cached_property
from ..parts.designs import CSC
from .base import ENTRIES_PER_CALL, Data, readonly, unsigned

MAX_FILLED_ENTRIES = 1 << 18  # of sparse columns, up to which a dense copy makes the product faster
MAX_PARTS = 4  # of columns, which are copied one part after the other for a product
MIN_ENTRIES_PER_PART = 1 << 20
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
        return self._design(np.arange(self.p), self.mean, self.scale)

    def _design(self, cols, mean, scale):
        X = self.X
        return CSC(X.data, unsigned(X.indices), unsigned(X.indptr), cols, mean, scale, self.weight)

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
        X = canonical(self._centred(self.X, self.mean, large).astype(self.X.dtype))
        data = SparseData(X, np.empty((0, self.n)), self.rows, self.fit_intercept)
        return data, np.where(large, self.mean, 0.0)

    def _centred(self, X, mean, which):
        """Columns X of which those in a mask are centred."""
        cols, others = np.flatnonzero(which), np.flatnonzero(~which)
        centred = sp.csc_array(X[:, cols].astype(np.float64).toarray() - mean[cols])
        return sp.hstack([X[:, others], centred], format="csc")[:, np.argsort(np.append(others, cols))]

    def _raw(self, cols):
        """Some columns in float64, and the values (m,) that are to be subtracted after inner products are computed.

        Columns far from zero are centred at once, since products of their entries would lose digits. They have next to
        no zeros that centring could fill.
        """
        mean = self.mean[cols]
        X = self.X if np.array_equal(cols, np.arange(self.p)) else self.X[:, cols]
        X = X.astype(np.float64, copy=False)
        far = self._far_from_zero[cols]
        return (self._centred(X, mean, far), np.where(far, 0.0, mean)) if far.any() else (X, mean)

    def _part(self, rows, cols):
        return self.X[rows][:, cols].astype(np.float64).toarray()

    def moments_of(self, parts):
        X, mean = self._raw(np.arange(self.p))
        X, roots = X.tocsr(), np.sqrt(self.rows)  # rows are read in one piece
        for rows in parts:
            A, V = X[rows], self.targets_and_ones[rows]
            if self.h.size > 1:
                A.data *= np.repeat(roots[rows], np.diff(A.indptr))
                V = V * roots[rows, None]
            yield self._moments((A.T @ A).toarray(), A.T @ V, V.T @ V, mean)

    def restrict(self, A, cols):
        """The design A (or None) with more columns at its end.

        They are copied, so that sweeps read memory in order: short columns far from each other would be waited for.
        Where the first columns are most of X, all are read in place; a working set that grows may end as a copy of X.
        """
        is_new = A is None or not A.cols.size
        if is_new and 2 * cols.size > self.p:
            return self._design(cols, self.mean[cols], self.scale[cols])
        mean, scale = self.mean[cols], self.scale[cols]
        if not is_new:
            mean, scale = np.append(A.mean, mean), np.append(A.scale, scale)
            if A.data is self.X.data:
                return A._replace(cols=np.append(A.cols, cols), mean=mean, scale=scale)
        X, kind = self.X[:, cols], self.X.indptr.dtype
        data, indices, indptr = X.data, unsigned(X.indices.astype(kind)), unsigned(X.indptr.astype(kind))
        if not is_new:
            data, indices = np.append(A.data, data), np.append(A.indices, indices)
            indptr = np.append(A.indptr, A.indptr[-1] + indptr[1:])
        return CSC(*map(readonly, (data, indices, indptr)), np.arange(mean.size), mean, scale, self.weight)

    def weighted_gram(self, cols, mean, ones, roots, which, rows=None, new=None, dtype=np.float64):
        first, shift = 0 if new is None else which.size - new, np.append(0.0 * ones, mean * self.scale[cols])
        if self.n * which.size <= MAX_FILLED_ENTRIES:  # making sparse matrices would take longer than the products
            Z = np.empty((self.n, which.size))
            Z[:, : ones.size] = ones
            np.multiply(self._filled(cols), self.scale[cols], out=Z[:, ones.size :])
            Z *= roots[which].T
            G = Z[:, first:].T @ Z
        else:
            G = self._sparse_gram(cols, ones, roots, which, first)
        if mean.any():  # the columns are centred under the weights
            G -= np.sum(roots[0] ** 2) * np.outer(shift[first:], shift)
        return G

    def _sparse_gram(self, cols, ones, roots, which, first):
        """The products of `weighted_gram` before centring."""
        k, X = ones.size, self.X[:, cols].astype(np.float64, copy=False)
        X.data *= np.repeat(self.scale[cols], np.diff(X.indptr))
        X.data *= roots[0, X.indices] if len(roots) == 1 else roots[np.repeat(which[k:], np.diff(X.indptr)), X.indices]
        constant = ones * roots[which[:k]].T
        across = X.T @ constant
        G, n_constant, low = np.empty((which.size - first, which.size)), max(k - first, 0), max(first - k, 0)
        G[:n_constant, :k] = (constant.T @ constant)[first:]
        G[:n_constant, k:] = across.T[first:]
        G[n_constant:, :k] = across[low:]
        G[n_constant:, k:] = ((X[:, low:] if low else X).T @ X.tocsr()).toarray()
        return G

    def columns(self, cols, mean, rows, dtype=np.float64):
        """Normalized columns in some rows: (m, n_rows). They are not centred."""
        return np.ascontiguousarray(self.X[:, cols][rows].toarray().T * self.scale[cols, None], dtype)

    def products(self, cols, mean, U, dtype=np.float64):
        """Products (k, m) of vectors U (k, n) with normalized columns, which are not centred."""
        return (self.X[:, cols].T @ U.T).T * self.scale[cols]

    def _filled(self, cols):
        """Some columns with their zeros, in float64."""
        first, entries = self.X.indptr[cols].astype(np.int64), np.diff(self.X.indptr)[cols]
        at = np.arange(entries.sum()) + np.repeat(first - np.cumsum(entries) + entries, entries)
        Z = np.zeros((self.n, cols.size))
        Z[self.X.indices[at], np.repeat(np.arange(cols.size), entries)] = self.X.data[at]
        return Z

    def cross(self, left, right):
        """Normalized inner products of columns `left` with columns `right`."""
        R, mean = self._raw(right)
        L, left_mean = (R, mean) if left is right else self._raw(left)
        G = np.empty((left.size, right.size))
        n_parts = min(max(R.nnz // MIN_ENTRIES_PER_PART, 1), MAX_PARTS)
        for low, high in itertools.pairwise(np.linspace(0, right.size, n_parts + 1).astype(int)):
            part = (R[:, low:high] if n_parts > 1 else R).tocsc(copy=self.h.size > 1)
            if self.h.size > 1:
                part.data *= self.h[part.indices]
            G[:, low:high] = (L.T @ part.tocsr()).toarray()
        return self._centre(G, left, right, left_mean, mean)

    def inner(self, cols):
        """Normalized inner products of some columns with all."""
        return self.gram[cols] if 2 * cols.size > self.p else self.cross(cols, np.arange(self.p))

    @cached_property
    def gram(self):
        """The whole normalized Gram matrix."""
        every = np.arange(self.p)
        return self.cross(every, every)


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
