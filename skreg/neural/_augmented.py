"""Augmentation inside the training loop: every batch gets new rows, in every epoch others."""

import numpy as np
from sklearn.base import clone

from .._nets.training.batches import Minibatch
from .._nets.training.rows import dense_rows, take_rows
from ..augmentation._base import Batch as AugmentedBatch
from ._uncertainty import thinned


class RowAugmenter:
    """Makes batches of new rows from rows of X.

    Parameters
    ----------
    augmenter : Augmenter
        A clone of it is fitted to training rows, to at most about 10,000 of them.
    data : NetData
    targets : Targets
    weights : ndarray of shape (n,)
    rows : ndarray of int
        The training rows.
    shape : tuple of int or None
        The shape that a row has for the augmenter; None for flat rows, and for sparse ones.
    inputs : Inputs or None
        What the net sees of the new rows.
    """

    def __init__(self, augmenter, data, targets, weights, rows, shape, inputs=None):
        self.inputs = inputs
        self.X = data.X
        self.targets = targets
        self.weights = weights
        self.shape = shape
        some = thinned(rows)
        self.augmenter = clone(augmenter).fit(self._take(some), data.y[some])

    def _take(self, rows):
        if hasattr(self.X, "tocsr"):
            return self.X[rows]
        taken = dense_rows(self.X, rows, self.X.dtype)
        return taken if self.shape is None else taken.reshape(len(rows), *self.shape)

    def __call__(self, rows, rng, dtype):
        """A `Minibatch` of new rows, in the given precision. Mixed rows of classes have mixed targets."""
        codes, weights = self.targets.codes, self.weights.take(rows)
        y = self.targets.take(rows) if codes is None else codes.take(rows)
        given = AugmentedBatch(self._take(rows), y, weights=_unequal(weights), labelled=codes is not None)
        new = self.augmenter.augment(given, rng)
        if codes is None:
            table = new.y
        elif new.shares is None:
            table = self.targets.table.take(new.y, axis=0)
        else:
            table = np.einsum("ij,ijk->ik", new.shares, self.targets.table[new.y])
        return Minibatch(self._as_batch(new.X, dtype), np.ascontiguousarray(table, dtype), weights)

    def _as_batch(self, X, dtype):
        X = X.tocsr() if hasattr(X, "tocsr") else np.asarray(X).reshape(len(X), -1)
        return take_rows(X, np.arange(X.shape[0]), dtype, self.inputs)


def _unequal(weights):
    """Weights for drawing partners; None where all are equal."""
    return None if (weights == weights[0]).all() else weights
