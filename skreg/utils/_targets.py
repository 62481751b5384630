"""Checks of targets, classes and weights of rows."""

import warnings
from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets

from ._errors import caller_level
from ._validation import as_numbers, check_not_masked, check_one_shape, check_table, is_missing, is_number_array, listed

SAMPLE_ROWS = 10000  # rows that means and standard deviations for warnings are computed from
FAR_MEAN = 5  # y_val whose mean is so many standard deviations of y away gets a warning
FAR_SPREAD = 10  # so does y_val that is so many times more or less spread than y,
FEWEST_TARGETS = 20  # with at least so many values
MIN_SQUARE = 1e-300  # mean square of a target below which products with tolerances lose digits


def check_dense(y):
    """Raise TypeError for targets that NumPy would misread: a sparse matrix, or an array with masked entries."""
    check_not_masked(y, "y", "compressed(), with the same rows of X")
    if sp.issparse(y):
        raise TypeError(f"y must be dense; got a sparse matrix of shape {y.shape}: pass y.toarray().")


def as_one_column(y):
    """Labels of shape (n, 1) as shape (n,), with scikit-learn's warning at the user's line; all others as they are.

    Raises TypeError for a sparse matrix.
    """
    if y is None:
        return y
    check_dense(y)
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


def as_labels(y):
    """`as_one_column` of labels, none of which is None, NaN or the NA of pandas; floats are left to scikit-learn.

    Raises ValueError where one is.
    """
    y = as_one_column(y)
    entries = np.asarray(y)
    if entries.dtype.kind == "O" and entries.ndim == 1:
        gone = np.flatnonzero([is_missing(label) for label in entries])
        if gone.size:
            raise ValueError(
                f"y has missing labels in row {gone[0]} ({gone.size} such rows): leave these rows out, or give them a"
                " label."
            )
    return y


def numeric_targets(y):
    """Regression targets as an array of numbers.

    Raises TypeError for dates and for a sparse matrix, ValueError for other entries, such as strings.
    """
    if not is_number_array(y):
        check_dense(y)
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


def check_targets(y, n):
    """`numeric_targets` of n rows, finite and of one or two dimensions.

    scikit-learn's own check searches arrays for dataframes, which takes a sixth of a small fit.

    Raises TypeError and ValueError as `numeric_targets`, and ValueError where y is missing or not such an array.
    """
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    check_table(y, "y")
    y = numeric_targets(y)
    if y.ndim not in (1, 2) or 0 in y.shape[1:]:
        raise ValueError(f"y must have shape (n_samples,) or (n_samples, n_targets); got {y.shape}.")
    if len(y) != n:
        raise ValueError(f"X and y have inconsistent numbers of samples: [{n}, {len(y)}].")
    if not np.isfinite(y).all():
        assert_all_finite(y, input_name="y")  # raises scikit-learn's message
    return y


def moments(values):
    """Means and standard deviations of columns; NaN where all values are missing."""
    count = (~np.isnan(values)).sum(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.nansum(values, axis=0) / count
        return mean, np.sqrt(np.nansum((values - mean) ** 2, axis=0) / count)


def warn_of_other_units(y, y_val, rows=None, rows_val=None):
    """Warn of numbers in y_val that seem to have other units than y: a loss on them would say nothing.

    Parameters
    ----------
    y, y_val : ndarray of shape (n,), (n, n_outputs) or (n, steps, n_outputs)
        Missing steps are NaN.
    rows, rows_val : ndarray of int, default=None
        Those that count; None for all.
    """
    own, others = _some_targets(y, rows), _some_targets(y_val, rows_val)
    (mean, deviation), (shifted, spread) = moments(own), moments(others)
    is_far = np.abs(shifted - mean) > FAR_MEAN * deviation
    if len(others) >= FEWEST_TARGETS:  # medians: one value of a distribution with long tails decides its moments
        size, other_size = (np.median(np.abs(some - np.median(some, axis=0)), axis=0) for some in (own, others))
        ratio = np.divide(other_size, size, out=np.ones_like(size), where=(size > 0.0) & (other_size > 0.0))
        is_far |= (ratio > FAR_SPREAD) | (ratio < 1.0 / FAR_SPREAD)
    far = np.flatnonzero((deviation > 0.0) & is_far)
    if far.size:
        k = far[0]
        output = "" if mean.size == 1 else f" in output {k}"
        warnings.warn(
            f"y_val seems to have other units than y{output}, or another distribution: mean {shifted[k]:.6g} and"
            f" standard deviation {spread[k]:.6g} instead of {mean[k]:.6g} and {deviation[k]:.6g}. Transform y_val as y"
            " was transformed; TransformedTargetRegressor transforms y only.",
            UserWarning,
            stacklevel=caller_level(),
        )


def _some_targets(y, rows):
    """Targets of about `SAMPLE_ROWS` rows or fewer, or of all steps of these that count (n, n_outputs)."""
    rows = np.arange(len(y)) if rows is None else rows
    some = y[rows[:: -(-rows.size // SAMPLE_ROWS)]].astype(np.float64, copy=False)
    some = some.reshape(-1, 1 if y.ndim == 1 else y.shape[-1])
    return some[~np.isnan(some[:, 0])]


def check_weights(sample_weight, n):
    """Row weights as a float64 array of shape (n,); None stays None. Where their sum overflows, the largest becomes 1.

    Raises
    ------
    ValueError
        For a wrong shape, an entry that is negative, NaN or infinite, and weights that are all zero.
    """
    if sample_weight is None:
        return None
    check_not_masked(sample_weight, "sample_weight", "filled(0.0)")
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
    with np.errstate(over="ignore"):
        overflows = not np.isfinite(weights.sum())
    return weights / weights.max() if overflows else weights


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
    if np.count_nonzero((weights > 0.0) & (counts > 0.0)) < 2:
        raise ValueError(f"class_weight={class_weight!r} must leave weight to at least two classes.")
    return weights


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
            raise OneClassError(f"{name} must hold at least two classes; got one class: {found.tolist()[0]!r}.")
        return found, codes
    unknown = found[~np.isin(found, classes)]
    if unknown.size:
        raise ValueError(
            f"{name} has labels that are not among the classes {listed(classes.tolist())}: {listed(unknown.tolist())}."
        )
    return classes, np.searchsorted(classes, found)[codes]


class OneClassError(ValueError):
    """Labels of one class, where all classes are wanted."""


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
        if "bytes" in types:
            raise TypeError(f"y must hold labels as text, not as bytes ({types}): pass y.astype(str).") from error
        raise TypeError(f"y must hold labels of one type; got labels of the types {types}.") from error
    weights = check_weights(sample_weight, codes.size)
    if not known and np.count_nonzero(np.bincount(codes, weights)) < 2:
        raise ValueError("sample_weight leaves rows of only one class: at least two classes must have weight.")
    return classes, codes, weights


def target_overflow(label, size):
    """The error about a target so named with values of at most this size."""
    return ValueError(f"{label} has values so large that their squares overflow: rescale it; got {size:g}.")


def target_underflow(label, size):
    """The error about a target so named with values of at most this size, which are not all equal."""
    return ValueError(f"{label} has values so small that their squares vanish: rescale it; got at most {size:g}.")


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
            raise target_overflow(label, size)
        if np.ptp(Y[t]) > 0.0:
            raise target_underflow(label, size)
