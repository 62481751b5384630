"""Checks of data and of array-like parameters, with messages that name the row, the column or the feature."""

import contextlib
import re
import sys
from datetime import date, time, timedelta

import narwhals.stable.v2 as nw
import numpy as np
import scipy.sparse as sp

ENCODE = "encode it in a pipeline (categories by a OneHotEncoder, texts by a TfidfVectorizer)"
LEAST_SQUARABLE = 1e-140  # the square of a smaller number is not accurate: it is denormal or 0
_LENGTH = 200  # characters of a value in a message, at most
_NAMES = 10  # of several in a message, at most
_OF_SEQUENCES = {  # what to say of an argument whose entries have different shapes
    "X": " Sequences of unequal length are for recurrent nets, and for transformers that read sequences.",
    "y": " Targets at every step are for recurrent nets with return_sequences=True, alone or fine-tuned.",
}
# How the names of dtypes begin whose entries may be no numbers.
_NO_NUMBERS = (
    "object", "str", "cat", "enum", "interval", "dictionary", "list", "large", "array", "fixed_size", "map", "binary",
)  # fmt: skip
_NA = "NAType"  # the type of the missing value of pandas, which is not even equal to itself
DATES = ("date", "time", "duration", "period")  # how the names of dtypes of dates begin, in pandas, polars and pyarrow


def has_validation(X_val, y_val, sample_weight_val):
    """Whether validation data are given; raises ValueError where only a part of them is."""
    given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    if X_val is not None and y_val is not None:
        return True
    if some := [name for name, value in given.items() if value is not None]:
        raise ValueError(f"X_val and y_val belong together; got only {', '.join(some)}.")
    return False


def as_numbers(values, name):
    """A float64 array; ValueError naming the argument where it holds other things, complex numbers among them."""
    try:
        if sp.issparse(values):  # of which NumPy makes an object, or reads it row by row
            raise TypeError("sparse entries")
        array = np.asarray(values)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers; got {shortened(values)}.") from error


def is_number_array(values):
    """Whether values are an array of numbers, in which there is nothing that NumPy or scikit-learn would misread."""
    return type(values) is np.ndarray and values.dtype.kind in "biufc"


def check_one_shape(values, name="X", advice=None):
    """Raise ValueError for entries of different shapes, of which NumPy makes no array; `advice` ends the message."""
    if not isinstance(values, (list, tuple)) and str(getattr(values, "dtype", "")) != "object":
        return
    try:
        array = np.asarray(values)
    except ValueError:
        array = None
    if array is not None and (array.ndim != 1 or array.dtype != object):
        return
    shapes = [_shape(entry) for entry in values]
    other = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
    if other is not None:
        advice = _OF_SEQUENCES.get(name, "") if advice is None else advice
        raise ValueError(
            f"all entries of {name} must have one shape; got {shapes[0]} in row 0 and {shapes[other]} in row {other}."
            f"{advice}"
        )
    if array is None:
        for i, entry in enumerate(values):
            as_even(entry, i, name)


def as_even(entry, row, name="X"):
    """A row of sequences or images as an array; ValueError naming the row and the step where its steps differ."""
    try:
        return np.asarray(entry)
    except ValueError:
        shapes = [_shape(step) for step in entry]
    other = next((t for t, shape in enumerate(shapes) if shape != shapes[0]), None)
    if other is None:  # they are alike, and each of them uneven
        raise ValueError(f"{name} has entries of different shapes in row {row}, at step 0.")
    raise ValueError(
        f"all steps of a row of {name} must have the same channels; in row {row}, step 0 has shape {shapes[0]}, step"
        f" {other} has shape {shapes[other]}."
    )


def _shape(entry):
    try:
        return np.shape(entry)
    except ValueError:  # its own entries differ
        return len(entry), "unequal"


def is_dask(X):
    """Whether X is an array, dataframe or series of Dask, which nothing here imports unless the user did."""
    dask = sys.modules.get("dask")
    return dask is not None and dask.is_dask_collection(X) and hasattr(X, "to_delayed")


def check_not_masked(values, name, advice):
    """Raise TypeError where an array has masked entries, whose mask NumPy forgets; `advice` is a method to call."""
    if np.ma.is_masked(values):
        raise TypeError(f"{name} has masked entries, which would be read as numbers: pass {name}.{advice}.")


def check_in_memory(X, name="X"):
    """Raise TypeError for what scikit-learn and NumPy misread without a word.

    That is a Dask collection, which they would read as a whole, and masked entries, whose mask they forget.
    """
    if is_dask(X):
        raise TypeError(
            f"{name} is a Dask {type(X).__name__}, which would be read as a whole here: pass {name}.compute() if it"
            " fits in memory."
        )
    check_not_masked(X, name, "filled(np.nan)")
    is_column = isinstance(X, np.ndarray) and X.dtype == object and (X.ndim == 1 or X.shape[1:] == (1,))
    if is_column or isinstance(X, (list, tuple)):
        for i, row in enumerate(X.ravel() if is_column else X):
            if isinstance(row, np.ma.MaskedArray) and np.ma.is_masked(row):
                raise TypeError(
                    f"{name} has masked entries in row {i}, which would be read as numbers: pass"
                    " row.filled(np.nan) for every row."
                )


def check_unique_names(X):
    """Raise ValueError where two columns of a frame have the same name."""
    names = getattr(X, "columns" if hasattr(X, "iloc") else "column_names", None)  # of pandas, of pyarrow
    if names is None or len(set(names)) == len(names):
        return
    names = list(names)
    repeated = next(name for name in names if names.count(name) > 1)
    raise ValueError(f"X has several columns of the name {repeated!r}: give each a name of its own.")


def check_table(X, name="X", text=False, advice=ENCODE, any_shape=False):
    """Check the columns of a frame, and without `any_shape` that the entries of a list have one shape.

    Raises TypeError for a LazyFrame, for a Dask collection, which scikit-learn would read as a whole, for masked
    entries, whose mask NumPy forgets, and for dates, which some libraries turn into huge numbers without a word; and
    without `text` ValueError for a column of text, with some advice. Names of columns of X must differ.
    """
    if is_number_array(X):
        return
    check_in_memory(X, name)
    if type(X).__name__ == "LazyFrame":
        raise TypeError(f"{name} is a LazyFrame, which holds no data yet: pass {name}.collect().")
    if name == "X":
        check_unique_names(X)
    if not any_shape:
        check_one_shape(X, name)
    columns, dtypes = _columns_of_frame(X)
    if dtypes is None:
        dtype = getattr(X, "dtype", None)
        if dtype is not None and _holds_dates(dtype):
            raise TypeError(f"{name} holds dates ({dtype}): turn them into numbers first, such as days since a date.")
        texts = () if text or name != "X" else _texts_in(X)  # labels may be text
        found = _first_text(texts)
        if found is not None:
            raise ValueError(f"{name} holds text, such as {found!r}: {advice}.")
        if len(texts):  # scikit-learn refuses it, too, unless it has the type of objects
            raise ValueError(
                f"{name} holds numbers as text, such as {texts[0]!r}: pass np.asarray({name}, dtype=float)."
            )
        return
    if not len(columns):
        raise ValueError(f"{name} has no columns: 0 feature(s).")
    for column, dtype in zip(columns, list(dtypes), strict=True):
        if _holds_dates(dtype):
            raise dates_error(name, f"column {column!r}", dtype)
        if not text and _may_hold_text(dtype):
            values = nw.from_native(X, eager_only=True).get_column(column).to_list()
            _check_entries(values, name, column, dtype, advice, any_shape)


def _columns_of_frame(X):
    """The columns of a frame, and their types; None of what is no frame."""
    if hasattr(X, "dtypes") and hasattr(X, "columns"):
        return X.columns, X.dtypes
    if hasattr(X, "column_names") and hasattr(X, "combine_chunks"):  # a table of pyarrow, not one of its batches
        return X.column_names, X.schema.types
    return None, None


def _check_entries(values, name, column, dtype, advice, any_shape):
    """Raise for the first entry of a column of objects or text that is no number; sequences pass with `any_shape`.

    Missing values of pandas, which are no numbers either, come last: text says more about the column.
    """
    missing = None
    for value in values:
        if is_date(value):
            raise dates_error(name, f"column {column!r}", repr(value))
        is_text = isinstance(value, (str, bytes))
        if value is None or (any_shape and not is_text):
            continue  # NumPy makes NaN of None, which is allowed or named later
        try:
            float(value)
        except (TypeError, ValueError, OverflowError) as error:
            if is_text:
                raise ValueError(
                    f"{name} holds text in column {column!r}, such as {value!r}: {advice}, or leave the column out."
                ) from None
            if type(value).__name__ == _NA:
                missing = value
                continue
            raise ValueError(
                f"{name} holds {shortened(value)} in column {column!r}, which is no number: turn such entries into"
                " numbers, or leave the column out."
            ) from error
    if missing is not None:
        raise ValueError(
            f"Input {name} contains NaN ({missing!r}) in column {column!r}, whose type is {dtype}: give the column a"
            " type of numbers, such as Float64."
        )


def _may_hold_text(dtype):
    return str(dtype).lower().startswith(_NO_NUMBERS)


def _texts_in(X):
    """The entries of an array or a list of nothing but text, one after another; none of others."""
    if sp.issparse(X):  # never text, and NumPy may read it row by row
        return ()
    try:
        array = np.asarray(X)
    except (TypeError, ValueError):  # rows of different lengths
        return ()
    return array.ravel().tolist() if array.dtype.kind in "US" else ()


def is_missing(value):
    """Whether an object is None, NaN or the NA of pandas, which is not even equal to itself."""
    if value is None or type(value).__name__ == _NA:
        return True
    differs = value != value  # an array, of an array
    return isinstance(differs, (bool, np.bool_)) and bool(differs)


def is_date(value):
    """Whether an object is a date, a time or a duration: those of pandas and NumPy are, too."""
    return isinstance(value, (date, time, timedelta, np.datetime64, np.timedelta64))


def dates_error(name, place, what):
    """The error to raise for dates in a column of an argument; `what` is their type, or one of them."""
    return TypeError(
        f"{name} holds dates in {place} ({what}): turn them into numbers first, such as days since a date, or leave the"
        " column out."
    )


def _first_text(values):
    """The first entry that is no number, None if there is none."""
    for value in values:
        if isinstance(value, (str, bytes)):
            try:
                float(value)
            except ValueError:
                return value
    return None


def _holds_dates(dtype):
    if isinstance(dtype, np.dtype) and dtype.kind in "biufc":  # spares the name, which takes long to make
        return False
    return getattr(dtype, "kind", "") in ("M", "m") or str(dtype).lower().startswith((*DATES, "timestamp"))


def shortened(value):
    """A value in messages, not more of it than a line or two."""
    found = " ".join(repr(value).split())
    return found if len(found) <= _LENGTH else found[:_LENGTH] + " ..."


def listed(names, most=_NAMES):
    """The first of several names in messages, and how many others there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{names[:most]!r}{more}"


def labelled(kind, j, names):
    """A column or feature in messages: its number, and its name where it has one."""
    return f"{kind} {j}" if names is None else f"{kind} {j} ({names[j]!r})"


def check_finite_columns(X, statistics, names=None):
    """Raise ValueError naming the first column of X that holds NaN or infinity.

    Only columns whose entry in `statistics` (p,), a sum over the column, is not finite are searched.
    """
    for j in np.flatnonzero(~np.isfinite(statistics)):
        values = X[:, [j]].data if sp.issparse(X) else X[:, j]
        column = labelled("column", j, names)
        if np.isnan(values).any():
            raise ValueError(f"Input X contains NaN in {column}.")
        if np.isinf(values).any():
            raise ValueError(f"Input X contains infinity in {column}.")
        raise ValueError(f"Input X contains values in {column} so large that their squares overflow: rescale it.")


@contextlib.contextmanager
def naming_bad_columns(X, of_nan=None, place=None):
    """Let scikit-learn's error about NaN or infinity in X name the first column that holds them.

    `of_nan` is what to do about NaN, instead of scikit-learn's advice. Where rows are images, ``place(row, column)``
    says where an entry of the flat row is.
    """
    try:
        yield
    except ValueError as error:
        found = re.match(r"Input X contains (NaN|infinity)[^.]*", str(error))
        column = found and _first_bad_column(X, np.isnan if found[1] == "NaN" else np.isinf, place)
        if not column:
            raise
        advice = f". {of_nan}" if of_nan and found[1] == "NaN" else str(error)[found.end() :]
        raise ValueError(f"Input X contains {found[1]} in {column}{advice}") from None


def _first_bad_column(X, is_bad, place):
    """The first column with a bad entry, or the first place in images, as in messages; None where there are none."""
    names = list(X.columns) if hasattr(X, "columns") else None
    if sp.issparse(X):
        X = X.tocoo()
        columns = X.col[is_bad(X.data)]
    else:
        try:
            values = np.asarray(X, dtype=np.float64)
        except (TypeError, ValueError):
            return None
        if values.ndim > 2 and place is not None and is_bad(values).any():
            return place(*map(int, np.argwhere(is_bad(values.reshape(len(values), -1)))[0]))
        if values.ndim != 2:
            return None
        columns = np.nonzero(is_bad(values))[1]
    return labelled("column", int(columns.min()), names) if columns.size else None


def check_tiny_columns(X, scale, names=None):
    """Raise ValueError naming the first column of X whose values are so small that their squares vanish.

    `scale` (p,) is the reciprocal of the columns' norms, 0 where a column seems to be constant.
    """
    cols = np.flatnonzero((scale == 0.0) | (scale > 1e145))
    if sp.issparse(X) and cols.size:  # most of them are empty
        largest = abs(X[:, cols]).max(axis=0).toarray().ravel()
        cols = cols[(largest > 0.0) & (largest < LEAST_SQUARABLE)]
    for j in cols:
        values = X[:, [j]].toarray() if sp.issparse(X) else X[:, j]
        if np.ptp(values) > 1e-14 * np.abs(values).max() and np.abs(values).max() < LEAST_SQUARABLE:
            column = labelled("column", j, names)
            raise ValueError(f"Input X contains values in {column} so small that their squares vanish: rescale it.")


def check_alphas(alphas):
    """Penalty strengths as a float64 array in decreasing order."""
    alphas = as_numbers(alphas, "alphas")
    if alphas.ndim != 1 or not alphas.size:
        raise ValueError(f"alphas must be an int or a non-empty one-dimensional array; got shape {alphas.shape}.")
    bad = np.flatnonzero(~np.isfinite(alphas) | (alphas < 0.0))
    if bad.size:
        raise ValueError(f"alphas must be finite and not negative; got {alphas[bad[0]]}.")
    return np.sort(alphas)[::-1].copy()


def check_coef_init(coef_init, n_targets, n_features):
    """Starting coefficients as an array of shape (n_targets, n_features)."""
    coef = as_numbers(coef_init, "coef_init")
    if coef.shape != (n_targets, n_features) and not (n_targets == 1 and coef.shape == (n_features,)):
        raise ValueError(
            f"coef_init must have shape ({n_features},), or ({n_targets}, {n_features}) for as many targets; got"
            f" {coef.shape}."
        )
    if not np.isfinite(coef).all():
        raise ValueError("coef_init must not contain NaN or infinity.")
    return coef.reshape(n_targets, n_features)
