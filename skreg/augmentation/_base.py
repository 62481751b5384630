"""What augmenters share: batches, their targets, and frames."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ..utils._params import check_params
from ..utils._rows import n_rows, readable, stack, take


class Batch(NamedTuple):
    """Rows with their targets.

    Parameters
    ----------
    X : array-like or sparse matrix of n rows
    y : ndarray of shape (n,), (n, n_outputs), or (n, n_parts) where `shares` are given
        Targets; of mixed rows of classes, the labels of all parts.
    shares : ndarray of shape (n, n_parts), default=None
        Weights of those labels, of sum 1 in every row. None where rows have one label, and for numbers, which are
        mixed themselves.
    classes : bool, default=True
        Whether targets are labels.
    """

    X: object
    y: np.ndarray
    shares: np.ndarray | None = None
    classes: bool = True

    @property
    def n(self):
        return n_rows(self.X)

    def mix(self, X, partner, share):
        """Rows X, the targets of which are those of these rows by a share (n,), and of their partners by the rest."""
        if not self.classes:
            weight = share.reshape(-1, *[1] * (self.y.ndim - 1))
            return self._replace(X=X, y=weight * self.y + (1.0 - weight) * self.y[partner])
        y, shares = self.y, self.shares
        if shares is None:
            y, shares = y[:, None], np.ones((len(y), 1))
        y = np.hstack([y, y[partner]])
        return Batch(X, y, np.hstack([share[:, None] * shares, (1.0 - share[:, None]) * shares[partner]]))

    def take(self, rows):
        """Some rows."""
        shares = None if self.shares is None else self.shares[rows]
        return self._replace(X=take(self.X, rows), y=self.y[rows], shares=shares)

    def replace(self, rows, other):
        """These rows, some of them (a mask) replaced by those of another batch, which has all of them."""
        y, shares, own, new = self.y, self.shares, self.shares, other.shares
        if own is not None or new is not None:
            (y, own), (z, new) = ((b.y, b.shares) if b.shares is not None else _alone(b.y) for b in (self, other))
            width = max(own.shape[1], new.shape[1])
            y, own, z, new = (_widen(a, width) for a in (y, own, z, new))
            y, shares = np.where(rows[:, None], z, y), np.where(rows[:, None], new, own)
        else:
            y = np.where(rows.reshape(-1, *[1] * (y.ndim - 1)), other.y, y)
        order = np.where(rows, self.n + np.arange(self.n), np.arange(self.n))
        return self._replace(X=take(stack([self.X, other.X]), order), y=y, shares=shares)

    def hard(self, weights=None):
        """Rows with one label each, as often as they have labels, and weights that make the expected loss the same.

        Returns
        -------
        rows : ndarray of int
            Places of the rows.
        y : ndarray
        weights : ndarray or None
            None where all rows have one label and no weight was given.
        """
        every = np.arange(self.n)
        if self.shares is None:
            return every, self.y, weights
        rows = np.repeat(every, self.shares.shape[1])
        y, shares = self.y.ravel(), self.shares.ravel()
        some = shares > 0.0
        rows, y, shares = rows[some], y[some], shares[some]
        # parts of one label are one row
        _, codes = np.unique(y, return_inverse=True)
        _, first, place = np.unique(rows * (codes.max() + 1) + codes, return_index=True, return_inverse=True)
        shares = np.bincount(place, shares)
        return rows[first], y[first], shares if weights is None else shares * weights[rows[first]]


def _alone(y):
    return y[:, None], np.ones((len(y), 1))


def _widen(a, width):
    """More columns: of labels, copies of the last; of shares, zeros."""
    more = width - a.shape[1]
    if not more:
        return a
    return np.hstack([a, np.zeros((len(a), more)) if a.dtype == float else np.repeat(a[:, -1:], more, axis=1)])


class Augmenter(BaseEstimator):
    """Base of what makes new rows from rows.

    Subclasses give `_augment`; `_learn` and `_check` where they learn from data or check more than single parameters;
    and `_takes_sparse` where sparse rows stay sparse. `random_state` is for `fit_resample` only: other
    callers bring a generator.
    """

    _parameter_constraints = {}
    _takes_sparse = False

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._takes_sparse
        return tags

    def fit(self, X, y=None):
        """Learn from the training rows what `augment` needs; most augmenters need nothing.

        Parameters
        ----------
        X : rows of the kind that this augmenter takes
        y : array-like, default=None

        Returns
        -------
        self : object
        """
        self._check()
        self._learn(X, y)
        return self

    def augment(self, batch, rng):
        """Make a new row of every row.

        Parameters
        ----------
        batch : Batch
            Rows and targets; they are not changed.
        rng : numpy.random.Generator

        Returns
        -------
        batch : Batch
        """
        self._check()
        return self._augment(batch, rng)

    def _check(self):
        check_params(self)

    def _learn(self, X, y):
        pass

    def fit_resample(self, X, y):
        """The rows and, after them, an augmented copy of each: what the `Pipeline` of imbalanced-learn asks for.

        A mixed row gets one of its labels, drawn by their shares.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        X, y : as they were given, with twice the rows
        """
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        X, y = readable(X), np.asarray(y)
        new = self.fit(X, y).augment(Batch(X, y, classes=are_labels(y)), rng)
        labels = new.y
        if new.shares is not None:
            drawn = (new.shares.cumsum(axis=1) < rng.random((new.n, 1))).sum(axis=1)
            labels = new.y[np.arange(new.n), np.minimum(drawn, new.shares.shape[1] - 1)]
        return stack([X, new.X]), np.concatenate([y, labels])


def check_range(owner):
    """Raise ValueError unless `low` is at most `high`."""
    if owner.low > owner.high:
        raise ValueError(f"low must not be above high; got low={owner.low}, high={owner.high}.")


def are_labels(y):
    """Whether targets are labels rather than numbers to compute with."""
    return y.dtype.kind not in "fc" or bool(np.all(y == np.round(y)))


class Perturbation(Augmenter):
    """Base of augmenters that leave targets alone. Subclasses give `_perturb`."""

    def perturb(self, X, rng):
        """Make a new row of every row.

        Parameters
        ----------
        X : rows of the kind that this augmenter takes
        rng : numpy.random.Generator

        Returns
        -------
        X : as it was given
        """
        self._check()
        return self._perturb(X, rng)

    def _augment(self, batch, rng):
        return batch._replace(X=self._perturb(batch.X, rng))


def numbers_of(X, owner):
    """Rows as an array of numbers, and what puts them back into the form that X has.

    Raises ValueError where X has columns, or rows, that are no numbers.
    """
    if sp.issparse(X):
        raise ValueError(f"{type(owner).__name__} would fill sparse X: give it a dense one, or another augmenter.")
    if hasattr(X, "columns"):
        for name in X.columns:
            if np.asarray(X[name]).dtype.kind not in "buif":
                raise ValueError(f"{type(owner).__name__} needs numbers; column {name!r} of X has none.")
        return X.to_numpy(), lambda new: frame_like(X, new)
    values = np.asarray(X)
    if values.dtype == object and not isinstance(X, list):
        values = values.astype(np.float64)
    if values.dtype.kind not in "buif":
        raise ValueError(f"{type(owner).__name__} needs numbers; got X with {values.dtype} entries.")
    return values, lambda new: as_type(new, values.dtype)


def as_type(values, kind):
    """Numbers in a type; whole ones are rounded, and stay in its range."""
    if kind.kind in "iu":
        range_ = np.iinfo(kind)
        values = np.clip(np.rint(values), range_.min, range_.max)
    return values.astype(kind, copy=False)


def frame_like(X, values):
    """Values as a frame of pandas or polars with the columns, types and index of X."""
    whole = [j for j, name in enumerate(X.columns) if np.asarray(X[name]).dtype.kind in "iu"]
    values[:, whole] = np.rint(values[:, whole])
    if hasattr(X, "iloc"):
        return type(X)(values, columns=X.columns, index=X.index).astype(X.dtypes)
    return type(X)({name: values[:, j] for j, name in enumerate(X.columns)}, schema_overrides=X.schema)
