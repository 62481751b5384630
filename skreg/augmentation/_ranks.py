"""Tables as ranks: the order of the entries of every column, and rows that are put together from entries."""

from numbers import Real
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
from scipy.special import ndtr, ndtri

from ..utils._rows import as_table, n_rows, take, with_columns


class Column:
    """The entries of a column of the training rows, in an order: numbers by size, other things by their scores.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Floats, or codes of categories in the order of their scores; NaN where the entry is missing.
    is_category : bool
    """

    def __init__(self, values, is_category=False):
        self.values = values
        self.is_category = is_category
        self.missing = np.isnan(values)
        self.has_missing = bool(self.missing.any() and not self.missing.all())

    def scores(self, rows):
        """Normal scores of the ranks of some rows, equal ones with their mean score; 0 where the entry is missing."""
        values = self.values[rows]
        known = np.flatnonzero(~np.isnan(values))
        scores = np.zeros(values.size)
        if known.size:
            order = known[np.argsort(values[known], kind="stable")]
            _, group = np.unique(values[order], return_inverse=True)
            z = ndtri((np.arange(known.size) + 0.5) / known.size)
            scores[order] = (np.bincount(group, z) / np.bincount(group))[group]
        return scores

    def intervals(self, rows):
        """The `Intervals` of some rows."""
        values = self.values[rows]  # NaN is sorted last
        _, first, group, counts = np.unique(np.sort(values), return_index=True, return_inverse=True, return_counts=True)
        order = np.argsort(values, kind="stable")
        low, width = np.empty(rows.size), np.empty(rows.size)
        low[order], width[order] = first[group] / rows.size, counts[group] / rows.size
        return Intervals(rows[order], low, width)

    def quantiles(self, rows):
        """The `Quantiles` of some rows."""
        values = self.values[rows]
        known, unknown = rows[~np.isnan(values)], rows[np.isnan(values)]
        return Quantiles(known[np.argsort(self.values[known], kind="stable")], unknown)


class Intervals(NamedTuple):
    """Rows in the order of their entries in a column, missing ones last, and intervals of ranks in [0, 1] of entries.

    `low` and `width` are those of every row, in the order in which the rows were given. Equal entries share one.
    """

    ordered: np.ndarray
    low: np.ndarray
    width: np.ndarray


class Quantiles(NamedTuple):
    """Training rows in the order of their entries in a column, and those whose entry is missing."""

    ordered: np.ndarray
    missing: np.ndarray

    @property
    def missing_share(self):
        return self.missing.size / (self.ordered.size + self.missing.size)

    def sources(self, z, is_missing):
        """For every score the row that has the entry of that quantile, or a missing one."""
        if not self.ordered.size:
            return np.full(z.size, self.missing[0])
        found = self.ordered[np.minimum((ndtr(z) * self.ordered.size).astype(int), self.ordered.size - 1)]
        if self.missing.size:
            found[is_missing] = self.missing[0]
        return found


class RankModel:
    """Base of models of the ranks of some rows with labels or with numeric targets.

    Parameters
    ----------
    X : array or frame
    y : ndarray of shape (n,) or None
    labelled : bool
        Whether targets are labels.

    Attributes
    ----------
    classes : ndarray
        Sorted labels; one class, None, without labels.
    groups : list of ndarray
        The rows of every class.
    columns : list of Column
    target : Column or None
        Numeric targets.
    """

    def __init__(self, X, y, labelled):
        self.X = X
        self.classes, codes = classes_of(y if labelled else None, n_rows(X))
        self.groups = [np.flatnonzero(codes == k) for k in range(len(self.classes))]
        self.columns = columns_of(X)
        self.target = None if labelled or y is None else Column(y.astype(np.float64))

    def codes_of(self, y):
        """Codes of labels; zeros for targets, and without labels."""
        if self.target is not None or self.classes[0] is None:
            return np.zeros(len(y), dtype=int)
        codes = np.minimum(np.searchsorted(self.classes, y), len(self.classes) - 1)
        if not (self.classes[codes] == y).all():
            raise ValueError(f"y has labels that fit has not seen: {np.setdiff1d(y, self.classes)[:3].tolist()}.")
        return codes

    def target_scores(self, y):
        """Normal scores of numeric targets among those of the training rows."""
        if y.dtype.kind not in "buif" or not np.isfinite(y).all():
            raise ValueError(f"y must hold finite numbers, as in fit; got {y[:3].tolist()}.")
        ordered = np.sort(self.target.values)
        below = 0.5 * (np.searchsorted(ordered, y, "left") + np.searchsorted(ordered, y, "right"))
        return ndtri(np.clip(below / ordered.size, 0.5 / ordered.size, 1.0 - 0.5 / ordered.size))


def classes_of(y, n):
    """Sorted labels and their codes; one class, None, without labels."""
    if y is None:
        return np.array([None], dtype=object), np.zeros(n, dtype=int)
    if y.ndim != 1:
        raise ValueError(f"y must have one dimension; got shape {y.shape}.")
    if y.dtype == object and _is_missing(y).any():
        raise ValueError(f"every row needs a label; y has none in row {np.flatnonzero(_is_missing(y))[0]}.")
    try:
        return np.unique(y, return_inverse=True)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in y})
        raise ValueError(f"labels in y must have one type; got {', '.join(kinds)}.") from None


def columns_of(X):
    """Every column as floats whose order says something: numbers and dates as they are, categories by their scores."""
    table = as_table(X)
    if table is None:
        read = [(j, array, None) for j, array in enumerate(np.asarray(X).T)]
    else:
        read = [(repr(column.name), column.to_numpy(), column.dtype) for column in table.iter_columns()]
    numbers = [_numbers_in(*one) for one in read]
    for (name, _, _), own in zip(read, numbers, strict=True):
        if own is not None and np.isinf(own).any():
            raise ValueError(f"X contains infinity in column {name}, row {np.flatnonzero(np.isinf(own))[0]}.")
    leading = _leading_scores([array for array in numbers if array is not None], n_rows(X))
    return [
        Column(_ordered(array, dtype, leading), True) if own is None else Column(own)
        for (_, array, dtype), own in zip(read, numbers, strict=True)
    ]


def _is_missing(values):
    """A mask of None, NaN, NaT and pandas' NA among some objects."""
    same = (value is not None and value == value for value in values)
    return ~np.array([isinstance(one, (bool, np.bool_)) and bool(one) for one in same], dtype=bool)


def _numbers_in(name, array, dtype):
    """A column of numbers, dates or other things with an order as floats; None for texts and categories.

    Raises ValueError for a column of lists, and for complex numbers.
    """
    if dtype in (nw.Categorical, nw.Enum):
        return None
    if array.dtype.kind in "mM":
        return np.where(np.isnat(array), np.nan, array.astype(np.int64).astype(np.float64))
    if array.dtype.kind in "buif":
        return array.astype(np.float64)
    if array.dtype.kind == "c":
        raise ValueError(f"X must hold real numbers; column {name} holds {array.dtype} entries.")
    if array.dtype != object:
        return None
    if any(hasattr(value, "__len__") and not isinstance(value, (str, bytes)) for value in array):
        raise ValueError(f"X must hold one value in every place; column {name} holds lists or arrays.")
    missing, out = _is_missing(array), np.full(array.size, np.nan)
    if all(isinstance(value, Real) for value in array[~missing]):
        out[~missing] = array[~missing].astype(np.float64)
        return out
    try:  # such as dates and decimals
        if not any(isinstance(value, (str, bytes)) for value in array):
            out[~missing] = np.unique(array[~missing], return_inverse=True)[1]
            return out
    except TypeError:  # there is no order
        pass
    return None


def _leading_scores(numbers, n):
    """First principal component of the ranks of all numbers; zeros without numbers."""
    if not numbers:
        return np.zeros(n)
    Z = np.column_stack([Column(array).scores(np.arange(n)) for array in numbers])
    return np.linalg.svd(Z, full_matrices=False)[0][:, 0]


def _ordered(values, dtype, leading):
    """Codes of categories, NaN for missing ones.

    They are in their own order if the type has one, otherwise in that of their mean leading score, then of their
    frequency.
    """
    missing = _is_missing(values)
    present, out = values[~missing], np.full(len(values), np.nan)
    if dtype == nw.Enum:  # numbers and dates with missing entries have another type than the categories
        known = np.asarray(dtype.categories, dtype=values.dtype if values.dtype.kind in "fmM" else object)
        place = {category: k for k, category in enumerate(known.tolist())}
        out[~missing] = [place[value] for value in present.tolist()]
        return out
    names, codes = np.unique(present.astype(str), return_inverse=True)
    counts = np.bincount(codes, minlength=names.size)
    means = np.bincount(codes, leading[~missing], names.size) / np.maximum(counts, 1)
    rank = np.empty(names.size)
    rank[np.lexsort((counts, np.round(means, 12)))] = np.arange(names.size)
    out[~missing] = rank[codes]
    return out


def scores_of(mask):
    """Normal scores of a mask: larger where it is true."""
    return Column(mask.astype(np.float64)).scores(np.arange(mask.size))


def gathered(X, sources):
    """Rows whose entry in column j is that of row ``sources[:, j]`` of X."""
    table = as_table(X)
    if table is None:
        return np.take_along_axis(np.asarray(X), sources, axis=0)
    base = take(X, np.zeros(len(sources), dtype=int))
    if hasattr(base, "reset_index"):
        base = base.reset_index(drop=True)
    columns = zip(table.iter_columns(), sources.T, strict=True)
    return with_columns(base, {column.name: column[rows] for column, rows in columns})
