"""Rows of X and their targets as a net reads them: contiguous, in the net's precision, some at a time."""

import itertools
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ..._core._jit import njit
from ..noise import ONE
from ..sparse_rows import SparseRows

_CHUNK_VALUES = 1 << 19  # values of X in one chunk of a pass over many rows
_CHUNK_ROWS = 256, 4096  # fewest and most rows of such a chunk
# Rows of every chunk of sequences. BLAS may sum in another order where a product has another number of rows; with the
# same number always, a prediction does not depend on the rows beside it, to the last bit.
SEQUENCE_ROWS = 64
_CHUNK_OUTPUTS = 1 << 22  # numbers that a net makes of a chunk


class Targets(NamedTuple):
    """Targets of all rows: row ``codes[i]`` of a table for row i (classes), or row i of the table without codes.

    With targets at every step, codes have the shape (n, steps), or the table (n, steps, n_outputs).
    """

    table: np.ndarray
    codes: np.ndarray | None

    def take(self, rows):
        return self.table.take(rows if self.codes is None else self.codes.take(rows, axis=0), axis=0)


@njit
def gather(indptr, indices, data, rows, partners, out_indptr, out_indices, out_data):
    """Copy some rows, each followed by its partner, if there are any."""
    k = 0
    for i in range(rows.size):
        for e in range(indptr[rows[i]], indptr[rows[i] + 1]):
            out_indices[k] = indices[e]
            out_data[k] = data[e]
            k += 1
        if partners.size:
            for e in range(indptr[partners[i]], indptr[partners[i] + 1]):
                out_indices[k] = indices[e]
                out_data[k] = data[e]
                k += 1
        out_indptr[i + 1] = k


@njit
def weigh(indptr, lengths, share, data):
    """Multiply the entries of rows by `share`, and those of the partners after them by ``1 - share``."""
    for i in range(lengths.size):
        middle = indptr[i] + lengths[i]
        for e in range(indptr[i], middle):
            data[e] *= share
        for e in range(middle, indptr[i + 1]):
            data[e] *= ONE - share


def sparse_rows(X, rows, dtype, share=1.0, inputs=None):
    """Rows of a CSR matrix, scaled by `inputs`; with a share below 1, row i is mixed with row i from the end."""
    mixes = share < 1.0
    partners = rows[::-1].copy() if mixes else rows[:0]
    lengths = X.indptr[rows + 1] - X.indptr[rows]
    size = int(lengths.sum()) * (2 if mixes else 1)
    indptr = np.zeros(rows.size + 1, X.indptr.dtype)
    indices, data = np.empty(size, X.indices.dtype), np.empty(size, dtype)
    gather(X.indptr, X.indices, X.data, rows, partners, indptr, indices, data)
    if inputs is not None:
        inputs.scale_entries(indices, data)
    if mixes:
        weigh(indptr, lengths, data.dtype.type(share), data)
    return SparseRows(indptr, indices, data, X.shape[1])


def dense_rows(X, rows, dtype):
    """Rows of an array in C order, whatever the order of X: the cost depends on the number of rows taken only."""
    if X.flags.c_contiguous:
        return X.take(rows, axis=0).astype(dtype, copy=False)
    return X[rows].astype(dtype, order="C", copy=False)  # `take` would copy all of X first


def take_rows(X, rows, dtype, inputs=None, share=1.0):
    """Rows of X as the layers of a net see them: through its `Inputs`, if it has any.

    Rows that stay sparse are mixed with the rows counted from the end, with a share below 1.
    """
    if sp.issparse(X) and (inputs is None or inputs.keeps_zeros):
        return sparse_rows(X, rows, dtype, share, inputs)
    if sp.issparse(X):  # of a net that was fitted to dense rows
        return inputs(X[rows].toarray().astype(inputs.read_as(X.dtype, dtype), order="C", copy=False), dtype)
    if inputs is None:
        return dense_rows(X, rows, dtype)
    return inputs(dense_rows(X, rows, inputs.read_as(X.dtype, dtype)), dtype)


def iter_chunks(X, rows, dtype, size_per_row=0, inputs=None, fewest_chunks=1):
    """Yield chunks of rows in the order given, of nearly equal size: a slice of `rows`, and what a net sees of them.

    `size_per_row` is how many numbers a net makes of a row, which limits the rows of a chunk. There are at least
    `fewest_chunks`.
    """
    entries = X.nnz / max(X.shape[0], 1) + 1.0 if sp.issparse(X) else X.shape[1]
    fewest, most = _CHUNK_ROWS
    size = min(max(_CHUNK_VALUES / entries, fewest), most, max(_CHUNK_OUTPUTS / max(size_per_row, 1), 1))
    count = max(-(-rows.size // int(size)), min(fewest_chunks, rows.size))
    ends = np.arange(count + 1) * rows.size // max(count, 1)
    for first, last in itertools.pairwise(ends):
        yield slice(first, last), take_rows(X, rows[first:last], dtype, inputs)


def lengths_of(X, n_channels):
    """Steps of the sequences in flat rows (n, steps * channels): those before NaN until the end."""
    steps = X.shape[1] // n_channels
    if X.dtype.kind != "f":
        return np.full(len(X), steps)
    ends = np.isnan(X[:, ::n_channels])[:, ::-1]
    return np.where(ends.all(axis=1), 0, steps - ends.argmin(axis=1))


def iter_sequences(X, rows, dtype, n_channels):
    """Yield chunks of `SEQUENCE_ROWS` rows of similar length: which of `rows`, and those rows of X.

    The last chunk is filled up with copies of a row.
    """
    lengths = lengths_of(X, n_channels)[rows]
    order = np.argsort(lengths, kind="stable")
    for first in range(0, rows.size, SEQUENCE_ROWS):
        at = order[first : first + SEQUENCE_ROWS]
        filled = np.concatenate([at, np.repeat(at[:1], SEQUENCE_ROWS - at.size)])
        yield at, dense_rows(X, rows[filled], dtype)
