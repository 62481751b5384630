"""Rows of X as a net wants them: distinct, in an order that does not depend on how they came, and batch by batch."""

import itertools
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from .._core._jit import njit
from .dense import SparseRows
from .noise import ONE

_CHUNK = 1 << 20  # elements that are gathered at a time for batches
_PART = 1 << 19  # and for a pass over many rows
_ODD = np.uint64(0x9E3779B97F4A7C15)
_S29, _S32 = np.uint64(29), np.uint64(32)


@njit
def _scrambled(x):
    """A bijection of 64-bit numbers (Degski's hash)."""
    x = (x ^ (x >> _S32)) * _ODD
    x = (x ^ (x >> _S29)) * _ODD
    return x ^ (x >> _S32)


@njit
def hash_dense(X, out):
    """Add to `out` a hash of every row in single precision; returns whether all elements are finite there."""
    single = np.empty(1, np.float32)
    bits = single.view(np.uint32)
    finite = True
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            if X[i, j] != 0.0:
                single[0] = X[i, j]
                finite = finite and np.isfinite(single[0])
                out[i] += _scrambled((np.uint64(j) << _S32) ^ np.uint64(bits[0]))
    return finite


@njit
def hash_sparse(indptr, indices, data, out):
    """The same of sparse rows: zeros do not count, so both agree."""
    single = np.empty(1, np.float32)
    bits = single.view(np.uint32)
    finite = True
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            if data[k] != 0.0:
                single[0] = data[k]
                finite = finite and np.isfinite(single[0])
                out[i] += _scrambled((np.uint64(indices[k]) << _S32) ^ np.uint64(bits[0]))
    return finite


def hashes(X):
    """Hash of every row of X (n,), and whether all its elements are finite in single precision."""
    out = np.zeros(X.shape[0], dtype=np.uint64)
    finite = hash_sparse(X.indptr, X.indices, X.data, out) if sp.issparse(X) else hash_dense(X, out)
    return out, finite


def distinct(keys, weights):
    """First places of the distinct keys, in the order of the keys, and the sums of the weights (n, k) of each.

    Keys whose first sum is 0 are left out. Keys are 64-bit hashes: of a million rows, two different ones are taken for
    one with a probability of 3e-8.
    """
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    first = np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]])
    del sorted_keys  # as large as a feature
    if first.all():
        rows, sums = order, weights[order]
    else:
        starts = np.flatnonzero(first)
        rows, sums = order[starts], np.add.reduceat(weights[order], starts, axis=0)
    some = sums[:, 0] > 0.0
    return (rows, sums) if some.all() else (rows[some], sums[some])


def hashes_of_numbers(Y):
    """Hash of every row of Y (n, k) in double precision: of its pieces of 16 bits, which single precision holds."""
    numbers = np.array(Y, dtype=np.float64, order="C")
    numbers += 0.0  # not -0.0
    return hashes(numbers.view(np.uint16))[0]


class Targets(NamedTuple):
    """Row ``codes[i]`` of a table is the target of row i: smoothed classes; without codes, row i itself: numbers."""

    table: np.ndarray
    codes: np.ndarray | None

    def take(self, rows):
        return self.table.take(rows if self.codes is None else self.codes.take(rows), axis=0)


@njit
def gather(indptr, indices, data, rows, partners, share, out_indptr, out_indices, out_data):
    """Copy ``share * row + (1 - share) * partner`` for some rows; a share of 1 has no partners."""
    k = 0
    for i in range(rows.size):
        for e in range(indptr[rows[i]], indptr[rows[i] + 1]):
            out_indices[k] = indices[e]
            out_data[k] = share * data[e]
            k += 1
        if share < ONE:
            for e in range(indptr[partners[i]], indptr[partners[i] + 1]):
                out_indices[k] = indices[e]
                out_data[k] = (ONE - share) * data[e]
                k += 1
        out_indptr[i + 1] = k


def sparse_rows(X, rows, dtype, share=1.0):
    """Rows of a CSR matrix, each mixed with the one as far from the end of the batch."""
    lengths = X.indptr[rows + 1] - X.indptr[rows]
    size = int(lengths.sum()) * (1 if share == 1.0 else 2)
    indptr = np.zeros(rows.size + 1, X.indptr.dtype)
    indices, data = np.empty(size, X.indices.dtype), np.empty(size, dtype)
    gather(X.indptr, X.indices, X.data, rows, rows[::-1].copy(), data.dtype.type(share), indptr, indices, data)
    return SparseRows(indptr, indices, data, X.shape[1])


def dense_rows(X, rows, dtype):
    return X.take(rows, axis=0).astype(dtype, copy=False)


def mixed(a, share):
    """Rows mixed with the rows as far from the end."""
    return share * a + (1.0 - share) * a[::-1]


class Batches:
    """Epochs of batches of some rows, in a new order each time; no batch is smaller than the others by more than a row.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
    targets : Targets
    weights : ndarray of shape (n,)
    rows : ndarray of int
        Those to train on.
    size : int
        The largest batch.
    mixup : float
        Parameter a of the Beta(a, a) distribution of shares (Zhang et al. 2018), 0 for none; one share a batch.
    dtype : dtype
    """

    def __init__(self, X, targets, weights, rows, size, mixup=0.0, dtype=np.float32):
        self.X, self.targets, self.weights, self.rows = X, targets, weights, rows
        self.mixup, self.dtype = mixup, np.dtype(dtype)
        self.size, self.count = size, -(-rows.size // size)

    def rows_with_targets(self):
        return self.X, self.targets, self.weights, self.rows

    def epoch(self, rng):
        """Yield inputs, targets and weights of every batch."""
        order = rng.permutation(self.rows)
        ends = np.arange(self.count + 1) * order.size // self.count
        together = max(1, _CHUNK // max(1, (order.size // self.count + 1) * self.X.shape[1]))
        for first in range(0, self.count, together):
            last = min(first + together, self.count)
            chunk = order[ends[first] : ends[last]]
            T = self.targets.take(chunk)
            w = self.weights.take(chunk)
            X = None if sp.issparse(self.X) else dense_rows(self.X, chunk, self.dtype)
            for b in range(first, last):
                at = slice(ends[b] - ends[first], ends[b + 1] - ends[first])
                share = 1.0 if self.mixup == 0.0 else rng.beta(self.mixup, self.mixup)
                x = sparse_rows(self.X, chunk[at], self.dtype, share) if X is None else X[at]
                if share == 1.0:
                    yield x, T[at], w[at]
                else:
                    yield self._mix(x, T[at], w[at], share)

    def _mix(self, x, T, w, share):
        """Rows, and targets in proportion to the weights: the loss is linear in the target."""
        both = mixed(w, share)
        T = mixed(w[:, None] * T, share) / np.where(both > 0.0, both, 1.0)[:, None]
        x = x if isinstance(x, SparseRows) else mixed(x, share)
        return x.astype(self.dtype, copy=False) if isinstance(x, np.ndarray) else x, T.astype(self.dtype), both


def parts(X, rows, dtype):
    """Rows in the order given, some at a time, nearly as many in each: slices of places and what stands there."""
    entries = X.nnz / max(X.shape[0], 1) + 1.0 if sp.issparse(X) else X.shape[1]
    count = -(-rows.size // int(min(max(_PART / entries, 256), 4096)))
    ends = np.arange(count + 1) * rows.size // max(count, 1)
    for first, last in itertools.pairwise(ends):
        part = rows[first:last]
        yield slice(first, last), sparse_rows(X, part, dtype) if sp.issparse(X) else dense_rows(X, part, dtype)
