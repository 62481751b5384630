"""What augmenters share: batches, their targets, and frames."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state

from ..utils._documentation import DocumentationLinkMixin
from ..utils._params import Kind, check_params
from ..utils._rows import like, n_rows, readable, stack, take


class Batch(NamedTuple):
    """Rows with their targets and weights.

    Parameters
    ----------
    X : array-like, sparse matrix, frame or list of n rows
    y : ndarray of shape (n,), (n, n_outputs), or (n, n_parts) where `shares` are given
        Targets; of mixed rows, the labels of all parts.
    shares : ndarray of shape (n, n_parts), default=None
        Shares of those labels, of sum 1 in every row. None where rows have one label, and for numbers, which are
        mixed themselves.
    weights : ndarray of shape (n,), default=None
        How much the rows count, as targets and as partners of others; None for all alike.
    labelled : bool, default=True
        Whether targets are labels rather than numbers.
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
        """Another row for each, drawn by weight; of rows that count alike, a permutation."""
        if self.weights is None:
            return rng.permutation(self.n)
        return self.draw(self.n, rng)

    def draw(self, shape, rng):
        """Places of rows, drawn independently by weight."""
        if self.weights is None:
            return rng.integers(self.n, size=shape)
        return rng.choice(self.n, shape, p=self.weights / self.weights.sum())

    def mix(self, X, partner, share):
        """Rows X, the targets of which are those of these rows by a share (n,), and of their partners by the rest."""
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
        """Some rows."""
        shares, weights = (None if a is None else a[rows] for a in (self.shares, self.weights))
        return self._replace(X=take(self.X, rows), y=self.y[rows], shares=shares, weights=weights)

    def replace(self, rows, other):
        """These rows, those at some places replaced by the rows of another batch, in their order."""
        place = np.arange(self.n)
        place[rows] = self.n + np.arange(other.n)
        y, shares = [self.y, other.y], None
        if self.shares is not None or other.shares is not None:
            y, shares = zip(self._parts(), other._parts(), strict=True)
            width = max(part.shape[1] for part in y)
            y = [np.hstack([part, np.repeat(part[:, -1:], width - part.shape[1], axis=1)]) for part in y]
            shares = np.vstack([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in shares])[place]
        return self._replace(X=take(stack([self.X, other.X]), place), y=np.concatenate(y)[place], shares=shares)

    def hard(self):
        """Rows of one label each, as often as they have labels, weighted so that the expected loss is the same."""
        if self.shares is None:
            return self
        rows = np.repeat(np.arange(self.n), self.shares.shape[1])
        y, shares = self.y.ravel(), self.shares.ravel()
        some = shares > 0.0
        rows, y, shares = rows[some], y[some], shares[some]
        # parts of one label are one row
        _, codes = np.unique(y, return_inverse=True)
        _, first, place = np.unique(rows * (codes.max() + 1) + codes, return_index=True, return_inverse=True)
        rows, weights = rows[first], np.bincount(place, shares)
        weights = weights if self.weights is None else weights * self.weights[rows]
        return self._replace(X=take(self.X, rows), y=y[first], shares=None, weights=weights)


class Augmenter(DocumentationLinkMixin, BaseEstimator):
    """Base of what makes new rows from rows.

    Subclasses give `_augment`, of the same arguments as `augment`, which has checked parameters; `_learn(X, y)` and
    `_check()` where they learn from data or check more than single parameters; and `_takes_sparse` where sparse rows
    stay sparse. `random_state` is for `fit_resample` only: other callers bring a generator.
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

    def _augment_rows(self, batch, rows, rng):
        """Make new rows of some; all are partners of theirs."""
        return self.augment(batch, rng).take(rows)

    def _check(self):
        check_params(self)

    def _learn(self, X, y):
        pass

    def fit_resample(self, X, y):
        """The rows and, after them, an augmented copy of each: what the `Pipeline` of imbalanced-learn asks for.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers of floating point are mixed where rows are; everything else is a label, and a mixed row gets one of
            its labels, drawn by their shares.

        Returns
        -------
        X, y : as they were given, with twice the rows
            Frames number their rows anew.
        """
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        X, y = readable(X), readable(y)
        check_consistent_length(X, y)
        targets = np.asarray(y)
        new = self.fit(X, targets).augment(Batch(X, targets, labelled=targets.dtype.kind != "f"), rng)
        labels = new.y
        if new.shares is not None:
            drawn = (new.shares.cumsum(axis=1) < rng.random((new.n, 1))).sum(axis=1)
            labels = new.y[np.arange(new.n), np.minimum(drawn, new.shares.shape[1] - 1)]
        return stack([X, new.X]), stack([y, like(y, labels)])


AUGMENTER = Kind("an augmenter", lambda value: isinstance(value, Augmenter))


class Perturbation(Augmenter):
    """Base of augmenters that leave targets alone. Subclasses give `_perturb(X, rng)`, as `_augment` of others."""

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

    def _augment_rows(self, batch, rows, rng):
        return self.augment(batch.take(rows), rng)


def check_range(owner):
    """Raise ValueError unless `low` is at most `high`."""
    if owner.low > owner.high:
        raise ValueError(f"low must not be above high; got low={owner.low}, high={owner.high}.")


def numbers_of(X, owner, kinds="uif"):
    """Rows as an array of numbers, and what puts them back into the form that X has: whole numbers are rounded.

    Raises ValueError where X has columns, or rows, of other kinds.
    """
    name = type(owner).__name__
    if sp.issparse(X):
        raise ValueError(f"{name} would fill sparse X: give it a dense one, or another augmenter.")
    if hasattr(X, "columns"):
        columns = [_numbers(X[column], name, f"column {column!r} of X has", kinds) for column in X.columns]
        old = np.column_stack(columns) if columns else np.empty((n_rows(X), 0))
        return old, lambda new: _frame_like(X, new, old)
    values = np.asarray(X)
    if values.dtype == object:
        values = values.astype(np.float64)
    check_kind(values.dtype, name, "X has", kinds)
    return values, lambda new: as_type(new, values.dtype)


def _numbers(column, name, where, kinds):
    """A column as numbers, what is missing as NaN."""
    kind = number_type(column)
    if kind is None:
        raise ValueError(f"{name} needs numbers; {where} {column.dtype} entries.")
    check_kind(kind, name, where, kinds)
    if hasattr(column, "iloc"):
        return column.to_numpy(dtype=np.float64 if column.isna().any() else kind, na_value=np.nan)
    return column.to_numpy()


def number_type(column):
    """The NumPy type of the numbers in a column of a frame, None where it holds other things."""
    if hasattr(column, "iloc"):
        kind = getattr(column.dtype, "numpy_dtype", column.dtype)  # of nullable types
        return kind if isinstance(kind, np.dtype) and kind.kind in "buif" else None
    kind = np.asarray(column.drop_nulls()).dtype
    return kind if kind.kind in "buif" else None


def check_kind(kind, name, where, kinds="uif"):
    """Raise ValueError unless a type is of some kinds of numbers."""
    if kind.kind not in kinds:
        raise ValueError(f"{name} needs numbers; {where} {kind} entries.")


def as_type(values, kind):
    """Numbers in a type; whole ones are rounded, and stay in its range."""
    if kind.kind in "iu" and values.dtype.kind == "f":
        range_ = np.iinfo(kind)
        high = float(range_.max) if kind.itemsize < 8 else np.nextafter(float(range_.max), 0.0)
        values = np.clip(np.rint(values), range_.min, high)
    return values.astype(kind, copy=False)


def _frame_like(X, new, old):
    """The frame X of pandas or polars with the entries that changed."""
    changed = (new != old) & ~((new != new) & (old != old))
    out = X.copy() if hasattr(X, "iloc") else X
    for j, name in enumerate(X.columns):
        at = np.flatnonzero(changed[:, j])
        if not at.size:
            continue
        values = as_type(new[at, j], number_type(X[name]))
        if hasattr(X, "iloc"):
            column = X[name].copy()
            column.array[at] = values
            out[name] = column
        else:
            out = out.with_columns(X[name].clone().scatter(at, values))
    return out
