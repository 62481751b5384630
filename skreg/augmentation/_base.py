"""Batches of rows with their targets, and the base classes of augmenters."""

from copy import copy
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state

from ..utils._documentation import DocumentationLinkMixin
from ..utils._params import PROBABILITY, ParamKind, check_params
from ..utils._rows import like, n_rows, readable, stack, take
from ..utils._validation import check_in_memory
from ._columns import chosen_columns


class Batch(NamedTuple):
    """Rows with their targets and weights.

    Parameters
    ----------
    X : array-like, sparse matrix, frame or list of n rows
    y : ndarray of shape (n,), (n, n_outputs), or (n, n_parts) where `shares` are given
        Targets; for mixed rows, the labels of all their parts.
    shares : ndarray of shape (n, n_parts), default=None
        Shares of those labels, which sum to 1 in every row. None where every row has one label, and in regression,
        where the targets themselves are mixed.
    weights : ndarray of shape (n,), default=None
        Weights of the rows, as targets and when partners are drawn; None where all are equal.
    labelled : bool, default=True
        True for classification, where targets are labels; False for regression.
    """

    X: object
    y: np.ndarray
    shares: np.ndarray | None = None
    weights: np.ndarray | None = None
    labelled: bool = True

    @property
    def n(self):
        """The number of rows."""
        return n_rows(self.X)

    def partners(self, rng):
        """The index of another row for each row, drawn by weight; a permutation where all weights are equal."""
        if self.weights is None:
            return rng.permutation(self.n)
        return self.draw(self.n, rng)

    def draw(self, shape, rng):
        """Indices of rows, drawn independently by weight."""
        if self.weights is None:
            return rng.integers(self.n, size=shape)
        return rng.choice(self.n, shape, p=self.weights / self.weights.sum())

    def mix(self, X, partner, share):
        """The batch with rows X, whose targets are mixed: a share (n,) of their own, the rest of their partners'."""
        if not self.labelled:
            weight = share.reshape(-1, *[1] * (self.y.ndim - 1))
            return self._replace(X=X, y=weight * self.y + (1.0 - weight) * self.y[partner])
        y, shares = self._parts()
        y = np.hstack([y, y[partner]])
        share = share[:, None]
        return self._replace(X=X, y=y, shares=np.hstack([share * shares, (1.0 - share) * shares[partner]]))

    def _parts(self):
        """Labels (n, n_parts) and their shares."""
        if self.shares is not None:
            return self.y, self.shares
        if self.y.ndim > 1:
            raise ValueError(f"labels of several outputs cannot be mixed; got y of shape {self.y.shape}.")
        return self.y[:, None], np.ones((self.n, 1))

    def take(self, rows):
        """The batch of some rows, by their indices."""
        shares, weights = (None if a is None else a[rows] for a in (self.shares, self.weights))
        return self._replace(X=take(self.X, rows), y=self.y[rows], shares=shares, weights=weights)

    def followed_by(self, others):
        """The batch followed by the rows of others."""
        parts, shares = [self, *others], None
        y = [part.y for part in parts]
        if any(part.shares is not None for part in parts):
            y, shares = zip(*(part._parts() for part in parts), strict=True)
            width = max(part.shape[1] for part in y)
            y = [np.hstack([part, np.repeat(part[:, -1:], width - part.shape[1], axis=1)]) for part in y]
            shares = np.vstack([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in shares])
        weights = None if self.weights is None else np.concatenate([part.weights for part in parts])
        return self._replace(X=stack([part.X for part in parts]), y=np.concatenate(y), shares=shares, weights=weights)

    def replace(self, rows, other):
        """The batch with some rows replaced, in order, by all rows of another batch, but for their weights."""
        place = np.arange(self.n)
        place[rows] = self.n + np.arange(other.n)
        return self.followed_by([other]).take(place)._replace(weights=self.weights)

    def hard(self):
        """The batch with one label in every row.

        A row of several labels becomes several rows, weighted by their shares: the expected loss stays the same.
        """
        if self.shares is None:
            return self
        rows = np.repeat(np.arange(self.n), self.shares.shape[1])
        y, shares = self.y.ravel(), self.shares.ravel()
        some = shares > 0.0
        rows, y, shares = rows[some], y[some], shares[some]
        # parts with the same label become one row
        _, codes = np.unique(y, return_inverse=True)
        _, first, place = np.unique(rows * (codes.max() + 1) + codes, return_index=True, return_inverse=True)
        rows, weights = rows[first], np.bincount(place, shares)
        weights = weights if self.weights is None else weights * self.weights[rows]
        return self._replace(X=take(self.X, rows), y=y[first], shares=None, weights=weights)


class Augmenter(DocumentationLinkMixin, BaseEstimator):
    """Base class of what makes new rows from rows.

    A subclass implements `_augment`, which takes the arguments of `augment` when parameters have been checked;
    `_learn(X, y)` if it learns from the training rows; `_check()` if it checks more than single parameters; and sets
    `_takes_sparse` if sparse rows stay sparse, `_reads` if it would misread series of several channels, and `_weakest`
    to the values of the parameters that decide its strength with which it changes rows least. One with a parameter
    `columns` gets these columns only. `random_state` is for `fit_resample` only: other callers pass a generator.
    """

    _parameter_constraints = {}
    _takes_sparse = False
    _reads = None  # what rows of two axes are: "images" or "spectrograms"; None for series, or for all rows
    _weakest = {}
    columns = None

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
        check_in_memory(X)
        self._learn(chosen_columns(X, self.columns)[0], y)
        return self

    def augment(self, batch, rng):
        """Make a new row from every row.

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
        X, put_back = chosen_columns(batch.X, self.columns)
        new = self._augment(batch._replace(X=X), rng)
        return new._replace(X=put_back(new.X))

    @property
    def has_strength(self):
        """Whether `at_strength` can be called."""
        return bool(self._weakest)

    def at_strength(self, t):
        """A copy of this augmenter at a share of its strength, as the policies `RandAugment` and `TrivialAugment` need.

        Parameters
        ----------
        t : float
            In [0, 1]: 1 is the augmenter as it is; 0 changes nothing, or as little as the augmenter can. In between,
            the parameters that decide the strength, such as angles and probabilities, are interpolated linearly.

        Returns
        -------
        augmenter : Augmenter
            Fitted if this one is.

        Raises
        ------
        ValueError
            If t is out of range, or the augmenter has no strength.
        """
        if t not in PROBABILITY:
            raise ValueError(f"t must be a number in [0, 1]; got {t!r}.")
        self._check()
        return self._at_strength(float(t))

    def _at_strength(self, t):
        if not self.has_strength:
            raise ValueError(f"{type(self).__name__} has no strength that could be changed.")
        new = copy(self)
        for name, weakest in self._weakest.items():
            value = getattr(self, name)
            setattr(new, name, self._between(name, weakest, value, t))
        return new

    def _between(self, name, weakest, value, t):
        """The value of a parameter at a strength."""
        if isinstance(value, Integral):
            return round(weakest + t * (value - weakest))
        between = weakest + t * (np.asarray(value, dtype=float) - weakest)
        return float(between) if between.ndim == 0 else tuple(between) if isinstance(value, (list, tuple)) else between

    def _augment_rows(self, batch, rows, rng):
        """Make new rows from some rows; all rows of the batch can be their partners."""
        return self.augment(batch, rng).take(rows)

    def _check(self):
        check_params(self)

    def _learn(self, X, y):
        pass

    def fit_resample(self, X, y):
        """The rows followed by an augmented copy of each: the method that the `Pipeline` of imbalanced-learn calls.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Floats are regression targets, and mixed where rows are mixed. Everything else is a label: a mixed row gets
            one of its labels, drawn by their shares.

        Returns
        -------
        X, y : in the containers they were given in, with twice the rows
            Frames of pandas get a new index.
        """
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        if y is None:
            raise ValueError(
                f"fit_resample of {type(self).__name__} needs y, the labels or targets of the rows; got None."
            )
        X, y = readable(X), readable(y)
        check_consistent_length(X, y)
        targets = np.asarray(y)
        new = self.fit(X, targets).augment(Batch(X, targets, labelled=targets.dtype.kind != "f"), rng)
        labels = new.y
        if new.shares is not None:
            drawn = (new.shares.cumsum(axis=1) < rng.random((new.n, 1))).sum(axis=1)
            labels = new.y[np.arange(new.n), np.minimum(drawn, new.shares.shape[1] - 1)]
        return stack([X, new.X]), stack([y, like(y, labels)])


AUGMENTER = ParamKind("an augmenter", lambda value: isinstance(value, Augmenter))


class Perturbation(Augmenter):
    """Base class of augmenters that leave targets alone.

    A subclass implements `_perturb(X, rng)` instead of `_augment`.
    """

    def perturb(self, X, rng):
        """Make a new row from every row.

        Parameters
        ----------
        X : rows of the kind that this augmenter takes
        rng : numpy.random.Generator

        Returns
        -------
        X : in the container it was given in
        """
        self._check()
        part, put_back = chosen_columns(X, self.columns)
        return put_back(self._perturb(part, rng))

    def _augment(self, batch, rng):
        return batch._replace(X=self._perturb(batch.X, rng))

    def _augment_rows(self, batch, rows, rng):
        try:
            return self.augment(batch.take(rows), rng)
        except ValueError:
            self.augment(batch, rng)  # raises, too, with the numbers of the rows in the whole batch
            raise


def check_range(owner):
    """Raise ValueError unless `low` is at most `high`."""
    if owner.low > owner.high:
        raise ValueError(f"low must not be above high; got low={owner.low}, high={owner.high}.")
