"""Checks of data that scikit-learn keeps private, or whose messages should name the column."""

import functools
import sys
from copy import copy
from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils.multiclass import check_classification_targets


def unchanged_on_error(method):
    """An estimator whose method raises, or is interrupted, is as it was before; see `interrupted_fit`."""

    @functools.wraps(method)
    def guarded(self, *args, **kwargs):
        before = copy(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException as error:
            if getattr(error, "kept_by", None) is not self:
                vars(self).clear()
                vars(self).update(before)
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


def check_weights(sample_weight, n):
    """Weights as float64 of shape (n,), or None where all are equal to one number.

    Raises ValueError when the shape is wrong, an entry is negative, NaN or infinite, or all are zero.
    """
    if sample_weight is None:
        return None
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight must hold numbers; got {sample_weight!r}.") from error
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

    Raises ValueError for a key that is no class where a class has no key, and for a weight that is negative, NaN or
    infinite.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):  # "balanced"
        some = counts > 0.0
        return np.where(some, counts.sum() / (some.sum() * np.where(some, counts, 1.0)), 1.0)
    known = {label: k for k, label in enumerate(classes.tolist())}
    unknown = [key for key in class_weight if key not in known]
    if unknown and not known.keys() <= class_weight.keys():  # else a fold without a rare class, not a slip
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


def check_classes(y, sample_weight, classes=None):
    """Labels as places among the sorted classes.

    Parameters
    ----------
    y : ndarray of shape (n,)
    sample_weight : array-like of shape (n,) or None
    classes : ndarray, default=None
        Those known already; y need not hold all of them.

    Returns
    -------
    classes : ndarray of shape (K,)
    codes : ndarray of int of shape (n,)
    weights : ndarray of shape (n,) or None

    Raises
    ------
    ValueError
        For targets that are no classes or unknown ones, wrong weights, and weight on fewer than two classes.
    """
    check_classification_targets(y)
    found, codes = np.unique(y, return_inverse=True)
    weights = check_weights(sample_weight, codes.size)
    if classes is None:
        if found.size < 2:
            raise ValueError(f"y must hold at least two classes; got one class: {found.tolist()[0]!r}.")
        if np.count_nonzero(np.bincount(codes, weights)) < 2:
            raise ValueError("sample_weight leaves rows of only one class: at least two classes must have weight.")
        return found, codes, weights
    unknown = found[~np.isin(found, classes)]
    if unknown.size:
        raise ValueError(f"y has labels that are not among the classes {classes.tolist()!r}: {unknown.tolist()!r}.")
    return classes, np.searchsorted(classes, found)[codes], weights


def check_finite_columns(X, statistics, names=None):
    """Raise ValueError naming the first column of X that holds NaN or infinity.

    `statistics` (p,) are sums over the columns, such that only columns where they are not finite need a look.
    """
    for j in np.flatnonzero(~np.isfinite(statistics)):
        column = X[:, [j]].data if sp.issparse(X) else X[:, j]
        label = f"column {j}" if names is None else f"column {j} ({names[j]!r})"
        if np.isnan(column).any():
            raise ValueError(f"Input X contains NaN in {label}.")
        if np.isinf(column).any():
            raise ValueError(f"Input X contains infinity in {label}.")
        raise ValueError(f"Input X contains values in {label} so large that their squares overflow: rescale it.")


def check_tiny_columns(X, scale, names=None):
    """Raise ValueError naming the first column of X whose values are so small that their squares vanish.

    `scale` (p,) is the reciprocal of the columns' norms, 0 where a column seems to be constant.
    """
    for j in np.flatnonzero((scale == 0.0) | (scale > 1e145)):
        column = X[:, [j]].toarray() if sp.issparse(X) else X[:, j]
        if np.ptp(column) > 1e-14 * np.abs(column).max() and np.abs(column).max() < 1e-140:
            label = f"column {j}" if names is None else f"column {j} ({names[j]!r})"
            raise ValueError(f"Input X contains values in {label} so small that their squares vanish: rescale it.")


def per_feature(value, n_features, name):
    """A scalar or (n_features,) array-like as a float64 array of shape (n_features,), without NaN."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers; got {value!r}.") from error
    if array.shape not in ((), (n_features,)):
        raise ValueError(f"{name} must be a number or have shape ({n_features},), one a feature; got {array.shape}.")
    if np.isnan(array).any():
        raise ValueError(f"{name} must not contain NaN; got {value!r}.")
    return np.broadcast_to(array, (n_features,)).copy()


def check_bounds(bounds, positive, n_features):
    """Lower and upper bounds as arrays of shape (n_features,).

    Raises ValueError when `bounds` is no pair, has NaN, a wrong shape, or a lower above an upper bound.
    """
    if bounds is None:
        bounds = (-np.inf, np.inf)
    try:
        low, high = bounds
    except (TypeError, ValueError) as error:
        raise ValueError(f"bounds must be a pair (low, high); got {bounds!r}.") from error
    low = per_feature(-np.inf if low is None else low, n_features, "bounds[0]")
    high = per_feature(np.inf if high is None else high, n_features, "bounds[1]")
    if positive:
        low = np.maximum(low, 0.0)
    bad = np.flatnonzero((low > high) | np.isposinf(low) | np.isneginf(high))
    if bad.size:
        j = bad[0]
        raise ValueError(
            f"bounds must leave room for every coefficient; feature {j} got low {low[j]} and high {high[j]}"
            f"{' with positive=True' if positive else ''}."
        )
    return low, high


def check_penalty_factor(penalty_factor, n_features):
    """Penalty factors as an array of shape (n_features,): non-negative, infinite where a feature is left out."""
    if penalty_factor is None:
        return np.ones(n_features)
    factor = per_feature(penalty_factor, n_features, "penalty_factor")
    bad = np.flatnonzero(factor < 0.0)
    if bad.size:
        raise ValueError(f"penalty_factor must not be negative; got {factor[bad[0]]} for feature {bad[0]}.")
    if np.isinf(factor).all():
        raise ValueError("penalty_factor must be finite for at least one feature; got infinity for all.")
    return factor


def check_left_out(factor, bounds):
    """Raise ValueError where a feature that is left out by an infinite penalty factor may not be 0."""
    bad = np.flatnonzero(np.isinf(factor) & ((bounds[0] > 0.0) | (bounds[1] < 0.0)))
    if bad.size:
        j = bad[0]
        raise ValueError(
            f"penalty_factor leaves feature {j} out, but its bounds exclude 0: got low {bounds[0][j]} and high"
            f" {bounds[1][j]}."
        )


def check_alphas(alphas):
    """Strengths as a float64 array in decreasing order."""
    alphas = np.asarray(alphas, dtype=np.float64)
    if alphas.ndim != 1 or not alphas.size:
        raise ValueError(f"alphas must be an int or a non-empty one-dimensional array; got shape {alphas.shape}.")
    bad = np.flatnonzero(~np.isfinite(alphas) | (alphas < 0.0))
    if bad.size:
        raise ValueError(f"alphas must be finite and not negative; got {alphas[bad[0]]}.")
    return np.sort(alphas)[::-1].copy()


def check_coef_init(coef_init, n_targets, n_features):
    """Starting coefficients as an array of shape (n_targets, n_features)."""
    coef = np.asarray(coef_init, dtype=np.float64)
    if coef.shape != (n_targets, n_features) and not (n_targets == 1 and coef.shape == (n_features,)):
        raise ValueError(
            f"coef_init must have shape ({n_features},), or ({n_targets}, {n_features}) for as many targets; got"
            f" {coef.shape}."
        )
    if not np.isfinite(coef).all():
        raise ValueError("coef_init must not contain NaN or infinity.")
    return coef.reshape(n_targets, n_features)
