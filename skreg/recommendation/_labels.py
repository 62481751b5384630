"""Users and items from the first two columns of X, and their labels as codes."""

import warnings
from copy import copy
from itertools import repeat
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import _num_samples, validate_data

from ..utils._errors import caller_level
from ..utils._rows import as_table
from ..utils._validation import check_in_memory

UNKNOWN = -1
MAX_RANGE = 2  # of integers that are looked up in a table, relative to their number
SIDES = ("user", "item")
FIRST, FEWEST = 1000, 10  # rows that tell whether X is a matrix of ratings, and columns that one has


def read_columns(X, check=None):
    """The columns of users and of items, each an array of shape (n,).

    Parameters
    ----------
    X : array-like of shape (n, 2) or frame
    check : callable, default=None
        Called with X, as an array or frame, before columns are read.

    Raises
    ------
    TypeError
        For sparse matrices, and for what is not a table.
    ValueError
        For a table with fewer than two columns or without rows, and for missing labels.
    """
    check_in_memory(X)
    if sp.issparse(X):
        raise TypeError(
            "X must be dense, with columns of users and of items; got a sparse matrix. Of a matrix of ratings, pass"
            " np.column_stack(X.nonzero()) as X and X[X.nonzero()] as y."
        )
    frame = as_table(X)
    if frame is None:
        X = _as_array(X)
        if X.ndim != 2:
            raise ValueError(
                f"X must have two dimensions, with columns of users and of items. Expected 2D array, got {X.ndim}D"
                " array instead. Reshape your data: for one pair, pass [[user, item]]."
            )
    if getattr(getattr(X, "dtype", None), "kind", "") == "c":
        raise ValueError(f"Complex data not supported: X has {X.dtype} entries.")
    if check is not None:
        check(X)
    n, p = X.shape
    if p < 2:
        raise ValueError(
            f"X must have columns of users and of items: found {p} feature(s) (shape={X.shape}) while a minimum of 2 is"
            " required."
        )
    if not n:
        raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
    columns = [X[:, j] for j in (0, 1)] if frame is None else [frame[:, j].to_numpy() for j in (0, 1)]
    return [as_column(column, side) for column, side in zip(columns, SIDES, strict=True)]


def read_pairs(estimator, X, reset=False):
    """`read_columns`; sets or compares what the estimator knows of the columns.

    The columns of users and items may come without the others of the training rows, since these are not read.

    Warns
    -----
    UserWarning
        For training rows that look like a matrix of ratings.
    """

    def check(X):
        if reset and _looks_like_ratings(X):
            warnings.warn(
                f"X has {X.shape[1]} columns and mostly zeros, as a matrix of ratings has; only the first two columns"
                " are read, as users and items. Of an array R of ratings, pass np.argwhere(R) as X and R[R.nonzero()]"
                " as y; of pairs with other columns, the first two.",
                UserWarning,
                stacklevel=caller_level(),
            )
        alone = not reset and X.shape[1] == len(SIDES) < estimator.n_features_in_
        validate_data(_of_two_columns(estimator) if alone else estimator, X, reset=reset, skip_check_array=True)

    return read_columns(X, check)


def _looks_like_ratings(X):
    """Whether X has many columns of numbers, mostly zeros, also in the columns that are read as users and items."""
    if X.shape[1] < FEWEST:
        return False
    frame = as_table(X)
    first = X[:FIRST] if frame is None else frame.head(FIRST).to_numpy()
    parts = first, first[:, : len(SIDES)]
    return first.dtype.kind in "biuf" and all(2 * np.count_nonzero(part) < part.size for part in parts)


def _of_two_columns(estimator):
    """A copy that was fitted, as far as checks of X know, to the first two columns."""
    estimator = copy(estimator)
    estimator.n_features_in_ = len(SIDES)
    if hasattr(estimator, "feature_names_in_"):
        estimator.feature_names_in_ = estimator.feature_names_in_[: len(SIDES)]
    return estimator


def _as_array(X):
    """X as an array that keeps the type of every label; NumPy would turn numbers beside strings into strings."""
    if hasattr(X, "__array__"):
        return np.asarray(X)
    _num_samples(X)  # raises TypeError for what has no rows
    array = np.asarray(X, dtype=object)
    if array.ndim < 2:
        return array
    try:
        plain = np.asarray(X)
    except (TypeError, ValueError, OverflowError):
        return array
    return plain if plain.dtype.kind in "biuf" else array


def as_column(labels, side, source="X"):
    """Labels of one side as an array of shape (n,), of objects only where they have no common type.

    `source` is the argument that messages name.

    Raises
    ------
    TypeError
        For labels that cannot be compared, such as lists and dicts.
    ValueError
        For missing labels, infinity and complex numbers.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {source} has {side}s of the type {labels.dtype}.")
    if labels.dtype.kind == "O":
        _check_objects(labels, side, source)
        kinds = set(map(type, labels.tolist()))
        if kinds and all(issubclass(kind, Integral) and kind is not bool for kind in kinds):
            try:
                return labels.astype(np.int64)
            except OverflowError:
                return labels
        return labels.astype(np.float64) if kinds and all(issubclass(kind, float) for kind in kinds) else labels
    if labels.dtype.kind == "f":
        bad = np.flatnonzero(~np.isfinite(labels))
        if bad.size:
            kind = "NaN" if np.isnan(labels[bad[0]]) else "infinity"
            raise ValueError(f"Input {source} contains {kind} in row {bad[0]} of the {side}s ({bad.size} such rows).")
    elif labels.dtype.kind in "mM" and (bad := np.flatnonzero(np.isnat(labels))).size:
        raise ValueError(f"Input {source} contains NaT in row {bad[0]} of the {side}s ({bad.size} such rows).")
    return labels


def _check_objects(labels, side, source):
    """Raise for what is no label; of equal ones the first is looked at."""
    labels = labels.tolist()
    try:
        distinct = dict.fromkeys(labels)
    except TypeError:  # some cannot be hashed
        distinct = labels
    for label in distinct:
        try:
            hash(label)
            missing = label is None or bool(label != label)
        except TypeError as error:
            if type(label).__name__ == "NAType":
                missing = True
            else:
                raise TypeError(
                    f"{source} must hold labels such as numbers or strings, argument must be a string or a number; got"
                    f" {label!r} in row {_row(labels, label)} of the {side}s."
                ) from error
        if isinstance(label, complex):
            raise ValueError(
                f"Complex data not supported: {source} has {label!r} in row {_row(labels, label)} of the {side}s."
            )
        if missing:
            raise ValueError(f"Input {source} contains NaN: {label!r} in row {_row(labels, label)} of the {side}s.")
        if isinstance(label, Real) and label in (np.inf, -np.inf):
            raise ValueError(f"Input {source} contains infinity in row {_row(labels, label)} of the {side}s.")


def _row(labels, label):
    return next(row for row, other in enumerate(labels) if other is label)


class LabelIndex:
    """The distinct labels of one side in sorted order, and the code of each.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        As `as_column` returns them, with repetitions.
    side : {"user", "item"}

    Attributes
    ----------
    labels : ndarray of shape (n_labels,)
        Labels that cannot be compared are sorted by the name of their type first.
    """

    def __init__(self, labels, side):
        self.side = side
        self._codes = self._table = None
        if labels.dtype.kind == "O":
            found = list(dict.fromkeys(labels.tolist()))
            try:
                found.sort()
            except TypeError:
                found.sort(key=_mixed_key)
            self.labels = np.empty(len(found), dtype=object)
            self.labels[:] = found
        elif labels.dtype.kind not in "iu" or not self._use_table(labels):
            self.labels = np.unique(labels)

    def __len__(self):
        return self.labels.size

    def codes(self, labels):
        """Codes of labels, -1 for unknown ones; an integer array of shape (n,).

        Raises ValueError where none is known because one side has numbers and the other has none.
        """
        codes = self._find(labels)
        if labels.size and (codes == UNKNOWN).all() and _have_numbers(labels) != _have_numbers(self.labels):
            raise ValueError(
                f"Labels of {self.side}s must be of the type of those in the training rows, such as"
                f" {self.labels.tolist()[0]!r}; got {labels.tolist()[0]!r}."
            )
        return codes

    def _use_table(self, labels):
        """Make a table of the codes of all integers between the smallest and the largest label; False if it is long."""
        self._low = labels.min().astype(np.uint64)
        places = self._places(labels)
        size = int(places.max()) + 1
        if size > MAX_RANGE * labels.size:
            return False
        present = np.zeros(size, dtype=bool)
        present[places.astype(np.intp)] = True
        self.labels = np.flatnonzero(present).astype(labels.dtype) + labels.min()
        self._table = np.where(present, np.cumsum(present) - 1, UNKNOWN)
        return True

    def _places(self, labels):
        """How far integers are above the smallest label; huge numbers for those below, as unsigned integers wrap."""
        return labels.astype(np.uint64) - self._low

    def _find(self, labels):
        own = self.labels.dtype.kind
        if self._table is not None and labels.dtype.kind == own:
            places = self._places(labels)
            is_inside = places < self._table.size
            return np.where(is_inside, self._table[np.where(is_inside, places, 0).astype(np.intp)], UNKNOWN)
        if labels.dtype.kind == own and own != "O":
            places = np.minimum(np.searchsorted(self.labels, labels), self.labels.size - 1)
            return np.where(self.labels[places] == labels, places, UNKNOWN)
        if self._codes is None:
            self._codes = {label: code for code, label in enumerate(self.labels.tolist())}
        return np.fromiter(map(self._codes.get, labels.tolist(), repeat(UNKNOWN)), np.int64, labels.size)

    def known(self, labels, source="X"):
        """Codes of labels; ValueError naming those that are unknown, and the argument that has them."""
        codes = self.codes(labels)
        unknown = codes == UNKNOWN
        if unknown.any():
            some = list(dict.fromkeys(labels[unknown].tolist()))
            more = f" and {len(some) - 5} more" if len(some) > 5 else ""
            raise ValueError(
                f"{source} must have no unknown {self.side}s; got {self.side}s that were not in the training rows:"
                f" {', '.join(map(repr, some[:5]))}{more}."
            )
        return codes

    def __getstate__(self):
        return vars(self) | {"_codes": None, "_table": None}


def merged(one, other):
    """The labels of two arrays in one; of two types of numbers, whole ones are integers."""
    if one.dtype.kind != other.dtype.kind:
        one, other = (as_integers(labels) for labels in (one, other))
    if one.dtype.kind != other.dtype.kind:
        one, other = (labels.astype(object) for labels in (one, other))
    return np.concatenate([one, other])


def as_integers(labels):
    """Whole numbers as int64, where floats and int64 can tell them apart; other labels as they are."""
    if labels.dtype.kind == "f":
        is_whole = (np.abs(labels) < 2**53).all() and (labels == np.floor(labels)).all()
    else:
        is_whole = labels.dtype.kind == "u" and labels.max(initial=0) < 2**63
    return labels.astype(np.int64) if is_whole else labels


def _have_numbers(labels):
    return labels.dtype.kind in "biuf" or any(isinstance(label, Real) for label in labels.tolist())


def _mixed_key(label):
    kind = "number" if isinstance(label, Real) else type(label).__name__
    return kind, label if isinstance(label, (Real, str)) else repr(label)
