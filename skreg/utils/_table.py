"""Tables as they are: frames with text, categories, booleans and missing values, read as one matrix of numbers."""

import math
from numbers import Integral, Number

import narwhals.stable.v2 as nw
import numpy as np
import scipy.sparse as sp

from ._validation import check_table, dates_error, is_date, is_missing, labelled

UNKNOWN = -1  # the code of a category that was not there when the table was first read
FAR_FROM_ZERO = 1000  # a column whose largest number is more times its range needs double precision
SMALLEST = float(np.finfo(np.float32).smallest_subnormal)  # below, single precision has only 0
FEW_CATEGORIES = 8  # of so many, numbers as text may be codes, also where rows are few
FEW_STEPS = 100  # a range of fewer steps of double precision has lost digits of whole numbers
_TEXT = nw.String, nw.Categorical, nw.Enum


class _Codes(dict):
    """Codes of categories; others are unknown."""

    def __missing__(self, value):
        return UNKNOWN


def _column(X, j):
    """A column of a frame of pandas, or one like it, as a narwhals series."""
    return nw.from_native(X.iloc[:, j], series_only=True)


def columns_of(X):
    """The columns of X as narwhals series, or as arrays where X is no frame; None where it is no table."""
    if hasattr(X, "iloc"):  # narwhals refuses names that occur twice
        return [_column(X, j) for j in range(X.shape[1])]
    if hasattr(X, "columns"):
        frame = nw.from_native(X, eager_only=True)
        return [frame[name] for name in frame.columns]
    return list(np.asarray(X).T)


def names_of(X):
    """Names of the columns as strings; None where X is no frame."""
    if hasattr(X, "iloc"):
        return [str(name) for name in X.columns]
    return list(nw.from_native(X, eager_only=True).columns) if hasattr(X, "columns") else None


def _is_plain(column):
    """Whether a narwhals series holds numbers of a plain type, without None."""
    return column.dtype.is_numeric() and not column.null_count()


def is_plain(X):
    """Whether X is a table of numbers that NumPy reads fast, and as they are."""
    if sp.issparse(X):
        return True
    if not hasattr(X, "columns"):
        return getattr(getattr(X, "dtype", None), "kind", None) in ("b", "i", "u", "f")
    if hasattr(X, "iloc"):  # a type of NumPy tells it in a fiftieth of the time that a column takes
        types = enumerate(X.dtypes)
        return all(t.kind in "iuf" if isinstance(t, np.dtype) else _is_plain(_column(X, j)) for j, t in types)
    return all(map(_is_plain, columns_of(X)))


def _cells(column):
    """The values of a column as a list, and which are missing."""
    if isinstance(column, np.ndarray):
        values = column.tolist()
        if column.dtype.kind == "f":
            return values, np.isnan(column)
        if column.dtype.kind != "O":
            return values, np.zeros(len(values), bool)
        return values, np.fromiter(map(is_missing, values), bool, len(values))
    missing = column.is_null().to_numpy().astype(bool)
    if column.dtype.is_float():
        missing |= np.isnan(np.asarray(column.to_numpy(), dtype=np.float64))
    return column.to_list(), missing


def _kind_of_objects(column, name):
    """Whether the objects of a column are text; ValueError where only some are."""
    values, missing = _cells(column)
    kinds = {}
    for value, gone in zip(values, missing, strict=True):
        if not gone:
            kinds.setdefault(isinstance(value, (str, bytes)), value)
    if len(kinds) == 2:
        raise ValueError(
            f"X holds both text, such as {kinds[True]!r}, and others, such as {kinds[False]!r}, in {name}: make all of"
            " them text to use them as categories, or all of them numbers."
        )
    return True in kinds


def _holds_text(column, name):
    """Whether a column holds categories by its type."""
    if isinstance(column, np.ndarray):
        return column.dtype.kind in "US" or (column.dtype.kind == "O" and _kind_of_objects(column, name))
    return column.dtype in _TEXT or (column.dtype == nw.Object and _kind_of_objects(column, name))


def _is_declared(column):
    """Whether a column is of a type of categories."""
    return not isinstance(column, np.ndarray) and column.dtype in (nw.Categorical, nw.Enum)


def _kind(value):
    """Text, number, or the type of another category: values of two kinds are never equal."""
    return str if isinstance(value, (str, bytes)) else Number if isinstance(value, Number) else type(value)


def _numbers(column, name):
    """The numbers of a column in double precision, NaN where they are missing."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        return column.astype(np.float64)
    if isinstance(column, np.ndarray) and column.dtype.kind in "US" and column.size:  # scikit-learn refuses it, too
        raise ValueError(
            f"X holds text in {name}, such as {column[0].item()!r}, where numbers are expected: pass an array of"
            " objects or a frame with numbers in that column, or name it in categorical_features when you fit."
        )
    if not isinstance(column, np.ndarray) and column.dtype.is_numeric():
        array = column.to_numpy()
        if array.dtype.kind in "iuf":
            return array.astype(np.float64)
    values, missing = _cells(column)
    out = np.full(len(values), np.nan)
    for i in np.flatnonzero(~missing):
        try:
            out[i] = float(values[i])
        except OverflowError as error:
            raise ValueError(f"Input X contains values too large for float64 in {name}: rescale it.") from error
        except ValueError as error:
            raise ValueError(
                f"X holds text in {name}, such as {values[i]!r}, where numbers are expected: give numbers, or"
                " name the column in categorical_features when you fit."
            ) from error
        except TypeError as error:
            if is_date(values[i]):
                raise dates_error("X", name, repr(values[i])) from error
            raise TypeError(
                f"X holds {values[i]!r} in {name}: argument must be a string or a real number. Turn it into numbers or"
                " text, or leave the column out."
            ) from error
    return out


def _categories(column, name, counts):
    """The sorted categories of the rows that count, and whether one of these is missing."""
    values, missing = _cells(column)
    found = [value for value, gone, row in zip(values, missing, counts, strict=True) if row and not gone]
    try:
        return sorted(set(found)), bool((missing & counts).any())
    except TypeError as error:
        types = ", ".join(sorted({type(value).__name__ for value in found}))
        raise ValueError(
            f"X holds categories that cannot be sorted ({types}) in {name}: make all of them text, or all numbers."
        ) from error


def few_steps(X):
    """Columns of long whole numbers of which double precision tells only a few apart: their numbers, and ranges."""
    if sp.issparse(X) or (isinstance(X, np.ndarray) and X.dtype not in (np.int64, np.uint64)):
        return {}
    X, found = as_table(X), {}
    for j, column in enumerate(columns_of(X) if len(np.shape(X)) == 2 and len(X) else ()):
        if column.dtype in ((np.int64, np.uint64) if isinstance(column, np.ndarray) else (nw.Int64, nw.UInt64)):
            if not isinstance(column, np.ndarray) and column.null_count() == len(column):
                continue
            low, high = column.min(), column.max()
            if low < high:
                low, high = int(low), int(high)
                step = np.spacing(float(max(abs(low), abs(high))))
                if step > 1.0 and high - low < FEW_STEPS * step:
                    found[j] = low, high
    return found


def vanishes(low, high):
    """Which columns, with numbers between such ends, have no numbers that single precision holds."""
    return (high > low) & (np.maximum(np.abs(low), np.abs(high)) < SMALLEST)


def _is_number(text):
    try:
        return "_" not in str(text) and math.isfinite(float(text))
    except ValueError:
        return False


def categorical_mask(wanted, columns, names):
    """Which columns hold categories, by the parameter `categorical_features`, as a boolean array.

    Raises
    ------
    ValueError
        For a mask of another length, an index out of range, and a name that is no column.
    """
    p = len(columns)
    if wanted is None:
        return np.zeros(p, bool)
    if isinstance(wanted, str):  # "from_dtype"
        return np.array([_holds_text(c, labelled("column", j, names)) for j, c in enumerate(columns)], bool)
    given = np.asarray(wanted, dtype=object)  # names and indices stay what they are
    mask = np.zeros(p, bool)
    if given.ndim != 1:
        raise ValueError(f"categorical_features must have one dimension; got {wanted!r}.")
    if given.size and all(isinstance(key, (bool, np.bool_)) for key in given):
        if given.size != p:
            raise ValueError(
                f"categorical_features as a mask must have {p} entries, one for each column; got {wanted!r}."
            )
        return given.astype(bool)
    for key in given:
        if isinstance(key, str):
            at = [j for j, name in enumerate(names if names is not None else ()) if name == key]
            if not at:
                known = "X has no names of columns" if names is None else f"X has {list(names)[:20]!r}"
                raise ValueError(f"categorical_features names {key!r}, which is no column of X; {known}.")
            mask[at] = True
        elif isinstance(key, Integral) and not isinstance(key, bool) and -p <= key < p:
            mask[key] = True
        else:
            raise ValueError(f"categorical_features must hold names, or indices of the {p} columns of X; got {key!r}.")
    return mask


def as_table(X):
    """X as it is where it is a frame, an array or sparse; lists as an array, of objects where some entries are text."""
    if hasattr(X, "columns") or sp.issparse(X) or isinstance(X, np.ndarray):
        return X
    try:
        array = np.asarray(X)
    except ValueError:  # rows of different lengths, for which scikit-learn has an error
        return X
    if array.dtype.kind not in "US":
        return array
    entries = np.array(X, dtype=object)
    return array if all(isinstance(entry, (str, bytes)) for entry in entries.flat) else entries


class TableReader:
    """Reads tables of several types of columns as one matrix.

    Its columns are those of the table: numbers in double precision, NaN where they are missing, and codes of the
    categories 0, 1, ..., a missing value being a category of its own, -1 for one that is unknown.

    Attributes
    ----------
    names : list of str or None
        Of the columns.
    categories : dict
        For every column of categories, the codes of its values, and that of a missing one.
    offsets : dict
        What is subtracted from columns whose changes single precision would lose; none of columns that stay as they
        are.
    numbers : ndarray of int
        The columns of numbers.
    vanishing : dict
        The largest number of columns whose numbers are 0 in single precision.
    declared : set of int
        Columns of a type of categories.
    """

    def __init__(self, columns, names, is_category, counts, shifts):
        self.names = names
        self.categories = {}
        self.offsets = {}
        self.vanishing = {}
        self.declared = {j for j, column in enumerate(columns) if _is_declared(column)}
        self.n_features = len(columns)
        self.numbers = np.flatnonzero(~is_category)
        for j in map(int, np.flatnonzero(is_category)):
            known, has_missing = _categories(columns[j], self._label(j), counts)
            codes = _Codes({value: code for code, value in enumerate(known)})
            self.categories[j] = codes, len(known) if has_missing else UNKNOWN
        for j in self.numbers if shifts else ():
            values = _numbers(columns[j], self._label(j))
            values = values[counts & np.isfinite(values)]
            if values.size and vanishes(values.min(), values.max()):
                self.vanishing[int(j)] = np.abs(values).max()
            if values.size and np.abs(values).max() > FAR_FROM_ZERO * np.ptp(values) > 0.0:
                self.offsets[int(j)] = 0.5 * (values.min() + values.max())

    @classmethod
    def of(cls, X, categorical_features, sample_weight=None, shifts=True):
        """What reads tables like X; None where it holds numbers only, which need no copy.

        Rows of weight 0 count for nothing. With `shifts`, columns far from 0 come near it.
        """
        check_table(X, text=True)
        has_list = categorical_features is not None and not isinstance(categorical_features, str)
        if sp.issparse(X):
            if has_list and len(categorical_features):
                raise ValueError(f"sparse X has no categories; got categorical_features={categorical_features!r}.")
            return None
        if is_plain(X) and not has_list:
            return None
        X = as_table(X)
        if len(getattr(X, "shape", ())) != 2 or 0 in X.shape:
            return None  # scikit-learn has an error for it
        columns, names = columns_of(X), names_of(X)
        is_category = categorical_mask(categorical_features, columns, names)
        if not is_category.any() and names is None and X.dtype.kind != "O":
            return None
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight)
        known = weights.shape == (len(X),) and weights.dtype.kind in "biuf"  # else there is an error for it later
        return cls(columns, names, is_category, weights > 0.0 if known else np.ones(len(X), bool), shifts)

    def _label(self, j):
        return labelled("column", j, self.names)

    def sizes(self):
        """Columns of categories, with the number of these, a missing value included."""
        return {j: len(codes) + (missing != UNKNOWN) for j, (codes, missing) in self.categories.items()}

    def numbers_as_text(self, n_rows):
        """Columns of categories that are likelier numbers as text; of each a category, and how many there are.

        All of the categories read as numbers but for the text "nan", and some have decimals, or there is more than one
        for two rows. Columns of a type of categories are left out.
        """
        found = {}
        for j in self.categories.keys() - self.declared:
            known = [value for value in self.categories[j][0] if str(value).lower() != "nan"]
            if known and all(isinstance(value, (str, bytes)) and _is_number(value) for value in known):
                some = [value for value in known if not float(value).is_integer()]
                if some or (len(known) > FEW_CATEGORIES and 2 * len(known) > n_rows):
                    found[j] = (some or known)[0], len(known)
        return dict(sorted(found.items()))

    def matrix(self, X, dtype, allow_nan):
        """A table as a matrix.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
            With the same columns as the one that was read first.
        dtype : dtype
        allow_nan : bool

        Raises
        ------
        ValueError
            For infinite numbers, NaN that is not allowed, text where numbers are expected, and categories of another
            type than those that were read first.
        TypeError
            For cells that are neither categories nor numbers, such as lists.
        """
        columns = columns_of(as_table(X))
        out = np.empty((len(columns[0]), self.n_features), dtype)
        for j, column in enumerate(columns):
            if j in self.categories:
                out[:, j] = self._codes(column, self._label(j), *self.categories[j])
                continue
            values = _numbers(column, self._label(j))
            if np.isinf(values).any():
                raise ValueError(f"Input X contains infinity in {self._label(j)}.")
            if not allow_nan and np.isnan(values).any():
                raise ValueError(f"Input X contains NaN in {self._label(j)}. Set missing='indicator' to take it.")
            with np.errstate(over="ignore"):  # what is too large for the dtype becomes infinite
                out[:, j] = values - self.offsets.get(j, 0.0)
        return out

    @staticmethod
    def _codes(column, name, codes, code_of_missing):
        values, missing = _cells(column)
        try:
            found = np.fromiter(map(codes.__getitem__, values), np.int64, len(values))
        except TypeError as error:  # lists and the like
            raise TypeError(f"X holds values in {name} that are no categories: {error}.") from error
        found[missing] = code_of_missing
        known = next(iter(codes), None)
        for i in np.flatnonzero((found == UNKNOWN) & ~missing) if codes else ():
            if _kind(values[i]) != _kind(known):
                raise ValueError(
                    f"X holds {values[i]!r} ({type(values[i]).__name__}) in {name}, whose categories were of the type"
                    f" {type(known).__name__} in fit, such as {known!r}: give it the same type."
                )
        return found
