"""Checks of data and of array-like parameters, with messages that name the row, the column or the feature."""

import contextlib
import functools
import re
import sys
import warnings
from copy import copy
from datetime import date, time, timedelta
from numbers import Real

import narwhals.stable.v2 as nw
import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets

TINY = 1e-140  # the square of a smaller number is not accurate: it is denormal or 0
_LISTED = 10  # labels in a message, at most
_LENGTH = 200  # characters of a value in a message, at most
_NAMES = re.compile(  # in messages about X and y
    r"(?<=, but )\w+(?= (?:is expecting|was fitted to) )|(?<= required by )\w+"
    r"|^(?:This )?\w+(?: estimator)?(?= requires y )"
)
_OF_SEQUENCES = {  # what to say of an argument whose entries have different shapes
    "X": " Sequences of unequal length are for recurrent nets, and for transformers that read sequences.",
    "y": " Targets at every step are for recurrent nets with return_sequences=True, alone or fine-tuned.",
}
DATES = ("date", "time", "duration", "period")  # how the names of dtypes of dates begin, in pandas, polars and pyarrow


@contextlib.contextmanager
def naming(estimator):
    """Let an error of an estimator inside about features, the shape of X or missing y name the one that was called."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if error.args and isinstance(error.args[0], str):
            error.args = _NAMES.sub(type(estimator).__name__, error.args[0]), *error.args[1:]
        raise


def names_errors(method):
    """A method whose errors name its estimator, not one inside; see `naming`."""

    @functools.wraps(method)
    def named(self, *args, **kwargs):
        with naming(self):
            return method(self, *args, **kwargs)

    return named


def unchanged_on_error(method):
    """An estimator whose method raises, or is interrupted, is as it was before; see `interrupted_fit`.

    Errors name this estimator, not one inside; see `naming`.
    """

    @functools.wraps(method)
    def guarded(self, *args, **kwargs):
        before = copy(vars(self))
        try:
            with naming(self):
                return method(self, *args, **kwargs)
        except BaseException as error:
            if getattr(error, "kept_by", None) is not self:
                vars(self).clear()
                vars(self).update(before)
            call, message = f"{method.__qualname__}()", str(error)
            if isinstance(error, TypeError) and message.startswith(call):  # a wrong argument; the method is inherited
                raise TypeError(message.replace(call, f"{type(self).__name__}.{method.__name__}()", 1)) from None
            raise

    return guarded


def interrupted_fit(estimator, message):
    """A KeyboardInterrupt for a fit to raise that has set its attributes from the state it had reached.

    `unchanged_on_error` then leaves them on the estimator.
    """
    error = KeyboardInterrupt(message)
    error.kept_by = estimator
    return error


def caller_level():
    """The `stacklevel` with which a warning of the calling function points at the user's line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("skreg", "sklearn"):
        level, frame = level + 1, frame.f_back
    return level


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
        array = np.asarray(values)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        found = repr(values)
        found = found if len(found) <= _LENGTH else found[:_LENGTH] + " ..."
        raise ValueError(f"{name} must hold numbers; got {found}.") from error


def check_weights(sample_weight, n):
    """Row weights as a float64 array of shape (n,); None stays None.

    Raises
    ------
    ValueError
        For a wrong shape, an entry that is negative, NaN or infinite, and weights that are all zero.
    """
    if sample_weight is None:
        return None
    weights = as_numbers(sample_weight, "sample_weight")
    if weights.ndim == 0:
        weights = np.full(n, float(weights))
    if weights.shape != (n,):
        raise ValueError(f"sample_weight must have shape ({n},), one weight for every row of X; got {weights.shape}.")
    bad = np.flatnonzero(~np.isfinite(weights) | (weights < 0.0))
    if bad.size:
        raise ValueError(
            f"sample_weight must be finite and not negative; got {weights[bad[0]]} in row {bad[0]}"
            f" ({bad.size} such rows)."
        )
    if not weights.any():
        raise ValueError("sample_weight must have a positive entry: all weights are zero.")
    return weights


def check_class_weight(class_weight, classes, counts):
    """Weights of the classes as an array, or None; `counts` are the sums of the sample weights of each.

    Raises
    ------
    ValueError
        For a weight that is negative, NaN or infinite, and for a key that is not a class while some class has no key.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):  # "balanced"
        present = counts > 0.0
        return np.where(present, counts.sum() / (present.sum() * np.where(present, counts, 1.0)), 1.0)
    known = {label: k for k, label in enumerate(classes.tolist())}
    unknown = [key for key in class_weight if key not in known]
    if unknown and not known.keys() <= class_weight.keys():  # else y is a fold without a rare class
        raise ValueError(f"class_weight has keys that are not classes of y: {unknown!r}; y has {classes.tolist()!r}.")
    weights = np.ones(classes.size)
    for key, value in class_weight.items():
        if key in unknown:
            continue
        if not (isinstance(value, Real) and 0.0 <= value < np.inf):
            raise ValueError(f"class_weight must hold finite, non-negative numbers; got {value!r} for {key!r}.")
        weights[known[key]] = value
    if np.count_nonzero(weights * counts) < 2:
        raise ValueError(f"class_weight={class_weight!r} must leave weight to at least two classes.")
    return weights


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


def _shape(entry):
    try:
        return np.shape(entry)
    except ValueError:  # its own entries differ
        return len(entry), "unequal"


def as_one_column(y):
    """Labels of shape (n, 1) as shape (n,), with scikit-learn's warning at the user's line; all others as they are."""
    if y is None or sp.issparse(y):
        return y
    check_one_shape(y, "y")
    array = y if hasattr(y, "shape") else np.asarray(y)
    if len(array.shape) != 2 or array.shape[1] != 1:
        return y
    warnings.warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,), for"
        " example using ravel().",
        DataConversionWarning,
        stacklevel=caller_level(),
    )
    return np.asarray(array).ravel()


def numeric_targets(y):
    """Regression targets as an array of numbers; TypeError for dates, ValueError for other entries, such as strings."""
    check_one_shape(y, "y")
    y = np.asarray(y)
    if y.dtype.kind in "biuf":
        return y
    check_table(y, "y", text=True)
    if y.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: y has {y.dtype} entries.")
    try:
        return y.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y must hold numbers to regress on; got {y.dtype} entries.") from error


def is_dask(X):
    """Whether X is an array, dataframe or series of Dask, which nothing here imports unless the user did."""
    dask = sys.modules.get("dask")
    return dask is not None and dask.is_dask_collection(X) and hasattr(X, "to_delayed")


def check_in_memory(X, name="X"):
    """Raise TypeError for what scikit-learn and NumPy misread without a word.

    That is a Dask collection, which they would read as a whole, and masked entries, whose mask they forget.
    """
    if is_dask(X):
        raise TypeError(
            f"{name} is a Dask {type(X).__name__}, which would be read as a whole here: pass {name}.compute() if it"
            " fits in memory."
        )
    if np.ma.is_masked(X):
        raise TypeError(f"{name} has masked entries, which would be read as numbers: pass {name}.filled(np.nan).")


def check_table(
    X, name="X", text=False, advice="encode it, for example by a OneHotEncoder in a pipeline", any_shape=False
):
    """Check the columns of a frame, and without `any_shape` that the entries of a list have one shape.

    Raises TypeError for a LazyFrame, for a Dask collection, which scikit-learn would read as a whole, for masked
    entries, whose mask NumPy forgets, and for dates, which some libraries turn into huge numbers without a word; and
    without `text` ValueError for a column of text, with some advice.
    """
    check_in_memory(X, name)
    if type(X).__name__ == "LazyFrame":
        raise TypeError(f"{name} is a LazyFrame, which holds no data yet: pass {name}.collect().")
    if not any_shape:
        check_one_shape(X, name)
    dtypes = getattr(X, "dtypes", None)
    if dtypes is None or not hasattr(X, "columns"):
        dtype = getattr(X, "dtype", None)
        if dtype is not None and _holds_dates(dtype):
            raise TypeError(f"{name} holds dates ({dtype}): turn them into numbers first, such as days since a date.")
        found = None if text or name != "X" else _first_text(_texts_in(X))  # labels may be text
        if found is not None:
            raise ValueError(f"{name} holds text, such as {found!r}: {advice}.")
        return
    if not len(X.columns):
        raise ValueError(f"{name} has no columns: 0 feature(s).")
    for column, dtype in zip(X.columns, list(dtypes), strict=True):
        if _holds_dates(dtype):
            raise dates_error(name, f"column {column!r}", dtype)
        if not text and _may_hold_text(dtype):
            values = nw.from_native(X, eager_only=True)[column].to_list()
            found = next(filter(is_date, values), None)
            if found is not None:
                raise dates_error(name, f"column {column!r}", repr(found))
            found = _first_text(values)
            if found is not None:
                raise ValueError(
                    f"{name} holds text in column {column!r}, such as {found!r}: {advice}, or leave the column out."
                )


def _may_hold_text(dtype):
    return str(dtype).lower() in ("object", "str", "string", "large_string", "category", "categorical", "enum")


def _texts_in(X):
    """The entries of an array or a list of nothing but text, one after another; none of others."""
    try:
        array = np.asarray(X)
    except (TypeError, ValueError):  # rows of different lengths
        return ()
    return array.ravel().tolist() if array.dtype.kind == "U" else ()


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
        if isinstance(value, str):
            try:
                float(value)
            except ValueError:
                return value
    return None


def _holds_dates(dtype):
    if isinstance(dtype, np.dtype) and dtype.kind in "biufc":  # spares the name, which takes long to make
        return False
    return getattr(dtype, "kind", "") in ("M", "m") or str(dtype).lower().startswith((*DATES, "timestamp"))


def class_codes(y, classes=None, name="y"):
    """Labels as indices into the sorted classes.

    Parameters
    ----------
    y : ndarray of shape (n,)
    classes : ndarray of shape (K,), default=None
        The classes if they are known already; y need not hold all of them.
    name : str, default="y"
        What messages call the labels.

    Returns
    -------
    classes : ndarray of shape (K,)
    codes : ndarray of int of shape (n,)

    Raises
    ------
    ValueError
        For fewer than two classes, and for a label that is not among the known ones.
    """
    found, codes = np.unique(y, return_inverse=True)
    if classes is None:
        if found.size < 2:
            raise ValueError(f"{name} must hold at least two classes; got one class: {found.tolist()[0]!r}.")
        return found, codes
    unknown = found[~np.isin(found, classes)]
    if unknown.size:
        raise ValueError(f"{name} has labels that are not among the classes {_listed(classes)}: {_listed(unknown)}.")
    return classes, np.searchsorted(classes, found)[codes]


def _listed(labels):
    """Labels for a message, of many only the first."""
    rest = labels.size - _LISTED
    return repr(labels[:_LISTED].tolist()) + (f" and {rest} more" if rest > 0 else "")


def check_classes(y, sample_weight, classes=None):
    """Labels as indices into the sorted classes, and the weights of the rows.

    Parameters
    ----------
    y : ndarray of shape (n,)
    sample_weight : array-like of shape (n,) or None
    classes : ndarray of shape (K,), default=None
        The classes if they are known already; y need not hold all of them.

    Returns
    -------
    classes : ndarray of shape (K,)
    codes : ndarray of int of shape (n,)
    weights : ndarray of shape (n,) or None

    Raises
    ------
    ValueError
        For a continuous y, for labels that are not among the known classes, for wrong weights, and where fewer than two
        classes have weight.
    TypeError
        For labels of several types, which cannot be sorted.
    """
    known = classes is not None
    try:
        check_classification_targets(y)
        classes, codes = class_codes(y, classes)
    except TypeError as error:
        types = ", ".join(sorted({type(label).__name__ for label in y}))
        raise TypeError(f"y must hold labels of one type; got labels of the types {types}.") from error
    weights = check_weights(sample_weight, codes.size)
    if not known and np.count_nonzero(np.bincount(codes, weights)) < 2:
        raise ValueError("sample_weight leaves rows of only one class: at least two classes must have weight.")
    return classes, codes, weights


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
def naming_bad_columns(X, of_nan=None):
    """Let scikit-learn's error about NaN or infinity in X name the first column that holds them.

    `of_nan` is what to do about NaN, instead of scikit-learn's advice.
    """
    try:
        yield
    except ValueError as error:
        found = re.match(r"Input X contains (NaN|infinity)[^.]*", str(error))
        column = found and _first_bad_column(X, np.isnan if found[1] == "NaN" else np.isinf)
        if not column:
            raise
        advice = f". {of_nan}" if of_nan and found[1] == "NaN" else str(error)[found.end() :]
        raise ValueError(f"Input X contains {found[1]} in {column}{advice}") from None


def _first_bad_column(X, is_bad):
    """The first column with a bad entry, or the first row of images, as in messages; None where X holds no numbers."""
    names = list(X.columns) if hasattr(X, "columns") else None
    if sp.issparse(X):
        X = X.tocoo()
        columns = X.col[is_bad(X.data)]
    else:
        try:
            values = np.asarray(X, dtype=np.float64)
        except (TypeError, ValueError):
            return None
        if values.ndim > 2:
            return f"row {np.argwhere(is_bad(values))[0, 0]}"
        if values.ndim != 2:
            return None
        columns = np.nonzero(is_bad(values))[1]
    return labelled("column", int(columns.min()), names) if columns.size else None


MIN_SQUARE = 1e-300  # mean square of a target below which products with tolerances lose digits


def check_target_size(Y, norm, weight):
    """Raise ValueError where the squares of regression targets overflow or vanish.

    Parameters
    ----------
    Y : ndarray of shape (n_targets, n)
    norm : ndarray of shape (n_targets,)
        Weighted norms of the centred targets; of constant ones, their size.
    weight : float
        Sum of the weights.
    """
    with np.errstate(over="ignore", under="ignore"):
        squares = norm**2
    for t in np.flatnonzero(~np.isfinite(squares) | (squares / weight < MIN_SQUARE)):
        label = "y" if len(Y) == 1 else f"y[:, {t}]"
        size = np.abs(Y[t]).max()
        if squares[t] > 1.0:
            raise ValueError(f"{label} has values so large that their squares overflow: rescale it; got {size:g}.")
        if np.ptp(Y[t]) > 0.0:
            raise ValueError(
                f"{label} has values so small that their squares vanish: rescale it; got at most {size:g}."
            )


def check_tiny_columns(X, scale, names=None):
    """Raise ValueError naming the first column of X whose values are so small that their squares vanish.

    `scale` (p,) is the reciprocal of the columns' norms, 0 where a column seems to be constant.
    """
    cols = np.flatnonzero((scale == 0.0) | (scale > 1e145))
    if sp.issparse(X) and cols.size:  # most of them are empty
        largest = abs(X[:, cols]).max(axis=0).toarray().ravel()
        cols = cols[(largest > 0.0) & (largest < TINY)]
    for j in cols:
        values = X[:, [j]].toarray() if sp.issparse(X) else X[:, j]
        if np.ptp(values) > 1e-14 * np.abs(values).max() and np.abs(values).max() < TINY:
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
