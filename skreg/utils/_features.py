"""Parameters with one number for every feature, by position or by feature name: penalty factors and bounds."""

import difflib
from numbers import Real

import numpy as np

from ._validation import as_numbers, labelled, listed


def per_feature(value, n_features, name, feature_names=None, default=np.nan):
    """One number for every feature, as a float64 array of shape (n_features,) without NaN.

    Parameters
    ----------
    value : float, array-like of shape (n_features,), dict or pandas Series
        A dict, and a Series whose index holds strings, go by feature names.
    n_features : int
    name : str
        What messages call the value.
    feature_names : array-like of str, default=None
        Names of the columns of X; None if they have none.
    default : float
        For features that a dict or Series does not name.
    """
    named = _by_name(value, name)
    if named is not None:
        return _per_named_feature(named, name, n_features, feature_names, default)
    array = as_numbers(value, name)
    if array.shape not in ((), (n_features,)):
        raise ValueError(
            f"{name} must be a number or have shape ({n_features},), one for each feature; got {array.shape}."
        )
    if np.isnan(array).any():
        raise ValueError(f"{name} must not contain NaN; got {value!r}.")
    return np.broadcast_to(array, (n_features,)).copy()


def _by_name(value, name):
    """The value as a dict where it goes by feature names, None where it goes by position."""
    if isinstance(value, dict):
        return value
    if not (hasattr(value, "index") and hasattr(value, "items") and getattr(value, "ndim", 0) == 1):
        return None
    index = list(value.index)
    if index == list(range(len(index))):
        return None
    if len(set(index)) < len(index) or not all(isinstance(label, str) for label in index):
        raise ValueError(
            f"{name} is a Series, whose index must hold different feature names, or 0, 1, ... for values by position;"
            f" got {index[:10]!r}."
        )
    return dict(value.items())


def _per_named_feature(named, name, n_features, feature_names, default):
    if feature_names is None:
        raise ValueError(
            f"{name} goes by feature names, but the columns of X have no names, or not all of them are strings: pass X"
            f" as a DataFrame (after a transformer: set_output(transform='pandas')), or {name} as an array of shape"
            f" ({n_features},)."
        )
    known = {feature: j for j, feature in enumerate(feature_names)}
    if len(known) < n_features:
        raise ValueError(f"{name} goes by feature names, but several columns of X have the same name.")
    unknown = [key for key in named if key not in known]
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name} names features that X does not have: {listed(unknown)}; X has {listed(known)}.{hint}")
    values = np.full(n_features, default)
    for key, value in named.items():
        if not isinstance(value, Real) or np.isnan(value):
            raise ValueError(f"{name} must hold numbers; got {value!r} for feature {key!r}.")
        values[known[key]] = value
    return values


def check_bounds(bounds, positive, n_features, feature_names=None):
    """Lower and upper bounds as arrays of shape (n_features,); without `bounds` as one number for all features.

    Parameters
    ----------
    bounds : None, pair (lows, highs) or dict
        Each of the pair as in `per_feature`; a dict has a pair (low, high) for every feature name.
    positive : bool
        Whether lower bounds are 0 at least.
    n_features : int
    feature_names : array-like of str, default=None

    Raises
    ------
    ValueError
        For other forms, NaN, wrong shapes, a lower bound above the upper one, and two pairs for two features, which
        could be ``(lows, highs)`` or one pair ``(low, high)`` for each feature.
    """
    if bounds is None:
        return 0.0 if positive else -np.inf, np.inf
    low, high = _lows_and_highs(bounds, n_features)
    names = ("bounds", "bounds") if isinstance(bounds, dict) else ("bounds[0]", "bounds[1]")
    low = per_feature(low, n_features, names[0], feature_names, -np.inf)
    high = per_feature(high, n_features, names[1], feature_names, np.inf)
    if positive:
        low = np.maximum(low, 0.0)
    bad = np.flatnonzero((low > high) | np.isposinf(low) | np.isneginf(high))
    if bad.size:
        j = bad[0]
        raise ValueError(
            f"bounds must leave room for every coefficient; {labelled('feature', j, feature_names)} got low {low[j]}"
            f" and high {high[j]}{' with positive=True' if positive else ''}."
        )
    return low, high


def _lows_and_highs(bounds, n_features):
    if isinstance(bounds, dict):
        pairs = {key: _pair(pair, f"bounds[{key!r}]") for key, pair in bounds.items()}
        lows = {key: -np.inf if low is None else low for key, (low, _) in pairs.items()}
        return lows, {key: np.inf if high is None else high for key, (_, high) in pairs.items()}
    low, high = _pair(bounds, "bounds")
    if n_features == 2 and _may_be_pairs(bounds, low, high):
        raise ValueError(
            f"bounds={bounds!r} can be read in two ways with two features: as (lows, highs), or as one pair (low, high)"
            " for each feature. Say (lows, highs) with two NumPy arrays, or name the features:"
            " {'first': (low, high), 'second': (low, high)}."
        )
    return _without_none(low, -np.inf), _without_none(high, np.inf)


def _without_none(part, no_bound):
    if part is None:
        return no_bound
    return [no_bound if value is None else value for value in part] if isinstance(part, (list, tuple)) else part


def _pair(bounds, name):
    try:
        low, high = bounds
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be a pair (low, high), each a number or an array with one number for every feature, or a dict"
            f" with a pair for every feature name; got {bounds!r}."
        ) from error
    return low, high


def _may_be_pairs(bounds, low, high):
    """Whether the bounds of two features could be pairs (low, high) as well, and would mean something else then."""
    arrays = not isinstance(bounds, np.ndarray) and all(hasattr(part, "dtype") for part in (low, high))
    if arrays or any(isinstance(part, dict) or np.shape(part) != (2,) for part in (low, high)):
        return False
    pairs = [(_without_none(first, -np.inf), _without_none(second, np.inf)) for first, second in (low, high)]
    lows, highs = _without_none(list(low), -np.inf), _without_none(list(high), np.inf)
    try:
        return all(first <= second for first, second in pairs) and list(zip(*pairs, strict=True)) != [
            tuple(lows),
            tuple(highs),
        ]
    except TypeError:
        return True


def check_penalty_factor(penalty_factor, n_features, feature_names=None):
    """Penalty factors as an array of shape (n_features,): non-negative, infinite where a feature is left out."""
    if penalty_factor is None:
        return np.ones(n_features)
    factor = per_feature(penalty_factor, n_features, "penalty_factor", feature_names, 1.0)
    bad = np.flatnonzero(factor < 0.0)
    if bad.size:
        feature = labelled("feature", bad[0], feature_names)
        raise ValueError(f"penalty_factor must not be negative; got {factor[bad[0]]} for {feature}.")
    if np.isinf(factor).all():
        raise ValueError("penalty_factor must be finite for at least one feature; got infinity for all.")
    return factor


def check_prior(prior_coef, n_rows, n_features, feature_names=None, of="target"):
    """Coefficients to shrink towards as an array of shape (n_rows, n_features); None where they are all 0.

    Parameters
    ----------
    prior_coef : None, array-like of shape (n_rows, n_features), or as in `per_feature`
        One row is the same for all targets; three classes or more need a row for each.
    n_rows : int
        Number of targets, or 1 for two classes, else the number of classes.
    n_features : int
    feature_names : array-like of str, default=None
    of : {"target", "class"}
        What rows belong to.
    """
    if prior_coef is None:
        return None
    if not isinstance(prior_coef, dict) and getattr(prior_coef, "ndim", np.ndim(prior_coef)) == 2:
        prior = as_numbers(prior_coef, "prior_coef")
        if prior.shape != (n_rows, n_features):
            raise ValueError(
                f"prior_coef must have shape ({n_features},) or ({n_rows}, {n_features}), a row for every {of}; got"
                f" {prior.shape}."
            )
    else:
        prior = per_feature(prior_coef, n_features, "prior_coef", feature_names, 0.0)
        if of == "class" and n_rows > 1 and prior.any():
            raise ValueError(
                f"prior_coef must have shape ({n_rows}, {n_features}), a row for every class; got {prior_coef!r}."
            )
        prior = np.tile(prior, (n_rows, 1))
    if not np.isfinite(prior).all():
        raise ValueError(f"prior_coef must be finite; got {prior_coef!r}.")
    return prior if prior.any() else None


def check_left_out(factor, bounds, feature_names=None):
    """Raise ValueError where a feature that is left out by an infinite penalty factor may not be 0."""
    bad = np.flatnonzero(np.isinf(factor) & ((bounds[0] > 0.0) | (bounds[1] < 0.0)))
    if bad.size:
        j = bad[0]
        raise ValueError(
            f"penalty_factor leaves {labelled('feature', j, feature_names)} out, but its bounds exclude 0: got low"
            f" {bounds[0][j]} and high {bounds[1][j]}."
        )
