"""Augmentation inside the training loop: every batch gets new rows, in every epoch others."""

from contextvars import copy_context

import numpy as np
from sklearn.base import clone

from .._nets.training.batches import Minibatch
from .._nets.training.rows import dense_rows, take_rows
from ..augmentation._base import Augmenter
from ..augmentation._base import Batch as AugmentedBatch
from ..augmentation._columns import chosen_columns, column_indices
from ..utils._rows import as_table
from ..utils._validation import labelled
from ._uncertainty import thinned

TRIAL_ROWS = 20  # which an augmenter changes before training, where it may not know what to do with categories


def with_indices(augmenter, X):
    """An augmenter whose `columns`, its own and those of augmenters inside, are indices, as batches have no names.

    Raises ValueError for names that the frame X does not have, and where no column is chosen.
    """
    if augmenter is None or as_table(X) is None:
        return augmenter
    new = clone(augmenter)
    params = new.get_params(deep=False)
    if params.get("columns") is not None:
        part, _ = chosen_columns(X, params["columns"])
        new.set_params(columns=column_indices(X, params["columns"]).tolist())
        X = part  # all that augmenters inside would get
    for name, value in params.items():
        if isinstance(value, Augmenter):
            new.set_params(**{name: with_indices(value, X)})
        elif isinstance(value, (list, tuple)) and any(isinstance(one, Augmenter) for one in value):
            inside = [with_indices(one, X) if isinstance(one, Augmenter) else one for one in value]
            new.set_params(**{name: inside})
    return new


def check_reads_series(augmenter):
    """Raise ValueError where an augmenter, or one inside it, would take (steps, channels) for something else."""
    if augmenter._reads is not None:
        raise ValueError(
            f"{augmenter!r} changes {augmenter._reads}; the rows of X are series of (steps, channels). Let augmenter be"
            " one of series, such as TimeWarp or AmplitudeScale."
        )
    for value in augmenter.get_params(deep=False).values():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(one, Augmenter):
                check_reads_series(one)


class MixedRows:
    """Rows of numbers and codes as rows of numbers and text: augmenters must not compute with codes.

    Parameters
    ----------
    columns : list of int
        Those that hold codes of categories.
    n_columns : int
        Number of all columns.
    names : list of str or None
        Of all columns.
    """

    def __init__(self, columns, n_columns, names):
        self.columns = columns
        self.n_columns = n_columns
        self.names = names

    def as_objects(self, X):
        """An array of objects: floats, and texts in place of codes."""
        out = X.astype(object)
        for j in self.columns:
            out[:, j] = [f"category {code:.0f}" for code in X[:, j]]
        return out

    def as_codes(self, X, dtype):
        """The opposite of `as_objects`."""
        out = X.copy()
        for j in self.columns:
            for value in X[:, j]:
                if not isinstance(value, str):
                    column = labelled("column", j, self.names)
                    raise ValueError(f"an augmenter has put {value!r} into {column}, which holds categories.")
            out[:, j] = [float(text.removeprefix("category ")) for text in X[:, j]]
        return out.astype(dtype)

    def refused(self, augmenter, error):
        """The error to raise in place of that of an augmenter."""
        numbers = np.setdiff1d(np.arange(self.n_columns), self.columns).tolist()
        column = labelled("column", self.columns[0], self.names)
        ours = "Let it" if "columns" in augmenter.get_params(deep=False) else "Give it augmenters that"
        return ValueError(
            f"augmenter={augmenter!r} cannot make new rows of X, whose {column} holds categories. {ours}"
            f" change numbers only, with columns={numbers}, or take one that knows categories, such as SwapNoise."
            f" Its error was: {error}"
        )


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
    mixed : MixedRows or None
        Where X has columns of categories.

    Raises
    ------
    ValueError
        Where the augmenter cannot make new rows of a table with categories.
    """

    def __init__(self, augmenter, data, targets, weights, rows, shape, inputs=None, mixed=None):
        self.inputs = inputs
        self.mixed = mixed
        self.X = data.X
        self.targets = targets
        self.weights = weights
        self.shape = shape
        some = thinned(rows)
        self.augmenter = clone(augmenter)
        self.augmenter._check()
        if shape is not None and len(shape) == 2:
            check_reads_series(self.augmenter)
        self.context = copy_context()  # that of `fit`, for warnings: batches are made in another thread
        if mixed is None:
            self.augmenter.fit(self._take(some), data.y[some])
            return
        try:
            self.augmenter.fit(self._take(some), data.y[some])
            self._new_rows(some[:TRIAL_ROWS], np.random.default_rng(0))
        except (TypeError, ValueError) as error:
            raise mixed.refused(augmenter, error) from error

    def _take(self, rows):
        if hasattr(self.X, "tocsr"):
            return self.X[rows]
        taken = dense_rows(self.X, rows, self.X.dtype)
        if self.mixed is not None:
            return self.mixed.as_objects(taken)
        return taken if self.shape is None else taken.reshape(len(rows), *self.shape)

    def __call__(self, rows, rng, dtype):
        """A `Minibatch` of new rows, in the given precision. Mixed rows of classes have mixed targets."""
        new = self.context.run(self._new_rows, rows, rng)
        if self.targets.codes is None:
            table = new.y
        elif new.shares is None:
            table = self.targets.table.take(new.y, axis=0)
        else:
            table = np.einsum("ij,ijk->ik", new.shares, self.targets.table[new.y])
        return Minibatch(self._as_batch(new.X, dtype), np.ascontiguousarray(table, dtype), self.weights.take(rows))

    def _new_rows(self, rows, rng):
        codes, weights = self.targets.codes, self.weights.take(rows)
        y = self.targets.take(rows) if codes is None else codes.take(rows)
        given = AugmentedBatch(self._take(rows), y, weights=_unequal(weights), labelled=codes is not None)
        new = self.augmenter.augment(given, rng)
        return new if self.mixed is None else new._replace(X=self.mixed.as_codes(new.X, self.X.dtype))

    def _as_batch(self, X, dtype):
        X = X.tocsr() if hasattr(X, "tocsr") else np.asarray(X).reshape(len(X), -1)
        return take_rows(X, np.arange(X.shape[0]), dtype, self.inputs)


def _unequal(weights):
    """Weights for drawing partners; None where all are equal."""
    return None if (weights == weights[0]).all() else weights
