"""Batches of an epoch, in a new order each time."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ..sparse_rows import SparseRows
from .rows import take_rows

_POOL = 20  # batches that are sorted by length together: most rows of a batch are then nearly as long as its longest
_CHUNK_VALUES = 1 << 20  # values of X that are gathered at a time, for one or several batches


class Minibatch(NamedTuple):
    """Rows of a step."""

    x: object  # ndarray of shape (n, ...) or SparseRows
    targets: np.ndarray
    weights: np.ndarray

    def part(self, rows):
        """A slice of the rows."""
        return Minibatch(self.x[rows], self.targets[rows], self.weights[rows])


def mixed(a, share):
    """Rows mixed with the rows in reverse order."""
    return share * a + (1.0 - share) * a[::-1]


def by_similar_length(order, lengths, count, rng):
    """Rows in an order in which every batch has rows of similar length, and the ends of the batches, `count` + 1.

    Rows are sorted by length within pools of `_POOL` batches; then the batches are put in a random order.
    """
    ends = np.arange(count + 1) * order.size // count
    batches = []
    for first in range(0, count, _POOL):
        some = ends[first : first + _POOL + 1]
        pool = order[some[0] : some[-1]]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += np.split(pool, some[1:-1] - some[0])
    batches = [batches[k] for k in rng.permutation(count)]
    return np.concatenate(batches), np.cumsum([0, *map(len, batches)])


def ahead(items):
    """Yield items, each of which is made in another thread while the one before is in use."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, items, None)
        while (item := waiting.result()) is not None:
            waiting = pool.submit(next, items, None)
            yield item


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
    augment : callable or None
        ``augment(rows, rng, dtype)`` is a `Minibatch` of new rows made from some rows; it is called in another thread,
        while the last batch is trained on.
    n_steps : int or None
        Number of batches of an epoch, which goes over the rows again, in another order, where these are fewer; None
        for one pass over the rows.
    lengths : ndarray of int of shape (n,) or None
        Lengths of the rows, if they are sequences of unequal length: a batch then has rows of similar length.
    inputs : Inputs or None
        What the net sees of rows of X.
    """

    def __init__(
        self,
        X,
        targets,
        weights,
        rows,
        size,
        mixup=0.0,
        dtype=np.float32,
        n_steps=None,
        augment=None,
        lengths=None,
        inputs=None,
    ):
        self.lengths = lengths
        self.inputs = inputs
        self.X = X
        self.targets = targets
        self.weights = weights
        self.rows = rows
        self.size = size
        self.mixup = mixup
        self.dtype = np.dtype(dtype)
        self.augment = augment
        self._scaled = None  # X as the layers see it, which is the same in every epoch, if one chunk holds it
        if inputs is not None and isinstance(X, np.ndarray) and len(X) * inputs.width <= _CHUNK_VALUES:
            self._scaled = take_rows(X, np.arange(len(X)), self.dtype, inputs)
        self.count = -(-rows.size // size)
        self.n_steps = self.count if n_steps is None else n_steps

    def rows_with_targets(self):
        """X, targets, weights, and the rows of these to train on."""
        return self.X, self.targets, self.weights, self.rows

    def epoch(self, rng):
        """Yield every `Minibatch`."""
        for done in range(0, self.n_steps, self.count):
            order = rng.permutation(self.rows)
            ends = np.arange(self.count + 1) * order.size // self.count
            if self.lengths is not None:
                order, ends = by_similar_length(order, self.lengths, self.count, rng)
            n_steps = min(self.count, self.n_steps - done)
            if self.augment is not None:
                yield from ahead(self._augmented(rng, order, ends[: n_steps + 1]))
            else:
                yield from self._pass(rng, order, ends, n_steps)

    def _augmented(self, rng, order, ends):
        for first, last in itertools.pairwise(ends):
            batch = self.augment(order[first:last], rng, self.dtype)
            yield batch if self.mixup == 0.0 else self._mix(batch, rng.beta(self.mixup, self.mixup), rng)

    def _pass(self, rng, order, ends, n_steps):
        together = max(1, _CHUNK_VALUES // max(1, (order.size // self.count + 1) * self.X.shape[1]))
        for first in range(0, n_steps, together):
            last = min(first + together, n_steps)
            chunk = order[ends[first] : ends[last]]
            T = self.targets.take(chunk)
            w = self.weights.take(chunk)
            X = None if sp.issparse(self.X) else self._dense(chunk)
            for b in range(first, last):
                at = slice(ends[b] - ends[first], ends[b + 1] - ends[first])
                share = 1.0 if self.mixup == 0.0 else rng.beta(self.mixup, self.mixup)
                x = take_rows(self.X, chunk[at], self.dtype, self.inputs, share) if X is None else X[at]
                batch = Minibatch(x, T[at], w[at])
                yield batch if share == 1.0 else self._mix(batch, share, rng)

    def _dense(self, rows):
        """Rows of a dense X as the layers see them."""
        if self._scaled is not None:
            return self._scaled.take(rows, axis=0)
        return take_rows(self.X, rows, self.dtype, self.inputs)

    def _mix(self, batch, share, rng):
        """Mixed rows, and targets mixed in proportion to the weights: the loss is linear in the target."""
        x, T, w = batch
        both = mixed(w, share)
        column = (-1, *[1] * (T.ndim - 1))
        T = mixed(w.reshape(column) * T, share) / np.where(both > 0.0, both, 1.0).reshape(column)
        x = x if isinstance(x, SparseRows) else self._mixed_rows(x, share, rng)
        x = x.astype(self.dtype, copy=False) if isinstance(x, np.ndarray) else x
        return Minibatch(x, T.astype(self.dtype), both)

    def _mixed_rows(self, x, share, rng):
        """Mixed rows; a code, of which there is no mean, is that of the first row with the probability `share`."""
        out = mixed(x, share)
        if self.inputs is not None and self.inputs.coded:
            codes = x[:, self.inputs.n_plain :]
            out[:, self.inputs.n_plain :] = np.where(rng.random(codes.shape) < share, codes, codes[::-1])
        return out
