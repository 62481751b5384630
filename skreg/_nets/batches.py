"""Batches of an epoch, in a new order each time."""

import numpy as np
import scipy.sparse as sp

from .dense import SparseRows
from .rows import dense_rows, sparse_rows

_CHUNK_VALUES = 1 << 20  # values of X that are gathered at a time, for one or several batches


def mixed(a, share):
    """Rows mixed with the rows in reverse order."""
    return share * a + (1.0 - share) * a[::-1]


class Batches:
    """Epochs of batches of some rows; the sizes of the batches differ by one row at most.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
    targets : Targets
    weights : ndarray of shape (n,)
    rows : ndarray of int
        Rows to train on.
    size : int
        The largest batch.
    mixup : float
        Parameter a of the Beta(a, a) distribution of the mixing shares (Zhang et al. 2018), 0 for none; one share a
        batch.
    dtype : dtype
        Precision of the net.
    n_steps : int or None
        Number of batches of an epoch, which goes over the rows again, in another order, where these are fewer; None
        for one pass over the rows.
    """

    def __init__(self, X, targets, weights, rows, size, mixup=0.0, dtype=np.float32, n_steps=None):
        self.X = X
        self.targets = targets
        self.weights = weights
        self.rows = rows
        self.size = size
        self.mixup = mixup
        self.dtype = np.dtype(dtype)
        self.count = -(-rows.size // size)
        self.n_steps = self.count if n_steps is None else n_steps

    def rows_with_targets(self):
        """X, targets, weights, and the rows of these to train on."""
        return self.X, self.targets, self.weights, self.rows

    def epoch(self, rng):
        """Yield inputs, targets and weights of every batch."""
        for done in range(0, self.n_steps, self.count):
            yield from self._pass(rng, min(self.count, self.n_steps - done))

    def _pass(self, rng, n_steps):
        order = rng.permutation(self.rows)
        ends = np.arange(self.count + 1) * order.size // self.count
        together = max(1, _CHUNK_VALUES // max(1, (order.size // self.count + 1) * self.X.shape[1]))
        for first in range(0, n_steps, together):
            last = min(first + together, n_steps)
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
        """Mixed rows, and targets mixed in proportion to the weights: the loss is linear in the target."""
        both = mixed(w, share)
        T = mixed(w[:, None] * T, share) / np.where(both > 0.0, both, 1.0)[:, None]
        x = x if isinstance(x, SparseRows) else mixed(x, share)
        return x.astype(self.dtype, copy=False) if isinstance(x, np.ndarray) else x, T.astype(self.dtype), both
