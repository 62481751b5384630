"""Batches of sparse rows."""

import numpy as np

from .._core._jit import njit
from .noise import ZERO, perturb_rows


@njit
def multiply_rows(indptr, indices, data, W, out):
    """Write the product of sparse rows with W to `out`."""
    m = W.shape[1]
    for i in range(indptr.size - 1):
        for c in range(m):
            out[i, c] = ZERO
        for k in range(indptr[i], indptr[i + 1]):
            v, j = data[k], indices[k]
            for c in range(m):
                out[i, c] += v * W[j, c]


@njit
def multiply_transposed(indptr, indices, data, d, out):
    """Write the product of transposed sparse rows with d to `out`."""
    m = d.shape[1]
    out[:] = ZERO
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            v, j = data[k], indices[k]
            for c in range(m):
                out[j, c] += v * d[i, c]


class SparseRows:
    """A batch of rows in CSR form, with the two products of a layer.

    A column may occur more than once in a row, as where two rows are mixed.
    """

    def __init__(self, indptr, indices, data, width):
        self.indptr = indptr
        self.indices = indices
        self.data = data
        self.shape = (indptr.size - 1, width)
        self.dtype = data.dtype

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """A slice of the rows."""
        first, last, _ = rows.indices(self.shape[0])
        indptr = self.indptr[first : last + 1]
        entries = slice(indptr[0], indptr[-1])
        return SparseRows(indptr - indptr[0], self.indices[entries], self.data[entries], self.shape[1])

    def dot(self, W, out):
        multiply_rows(self.indptr, self.indices, self.data, W, out)
        return out

    def transposed_dot(self, d, out):
        multiply_transposed(self.indptr, self.indices, self.data, d, out)

    def perturbed(self, noise, places):
        data = np.empty_like(self.data)
        perturb_rows(noise, self.indptr, self.indices, self.data, places, data)
        return SparseRows(self.indptr, self.indices, data, self.shape[1])
