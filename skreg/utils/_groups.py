"""Groups of features, by labels or as lists, and one weight for each of them."""

from numbers import Integral

import numpy as np

from ._validation import as_numbers, listed


def check_groups(groups, n_features, feature_names=None):
    """Groups as arrays of column indices, in the order in which their first features, or lists, come.

    Parameters
    ----------
    groups : None, array-like of shape (n_features,), Series, dict, or list of lists
        A label for every feature, by name in a dict; or the features of every group: positions, or names. None is a
        group for each.
    n_features : int
    feature_names : array-like of str, default=None

    Returns
    -------
    groups : list of ndarray of int
    labels : list
        What names each group in messages, and in weights by name.

    Raises
    ------
    ValueError
        If a feature is in no group or in several, or groups have another form.
    """
    if groups is None:
        return [np.array([j]) for j in range(n_features)], list(range(n_features))
    if isinstance(groups, (str, bytes)) or not hasattr(groups, "__len__"):
        raise ValueError(
            "groups must be labels, one for each feature, a dict or Series of them by feature name, or lists of"
            f" features; got {groups!r}."
        )
    if isinstance(groups, np.ndarray) and groups.shape == (n_features,) and groups.dtype.kind in "iuU":
        return _from_sortable(groups)
    parts = _by_name(groups, feature_names)
    if parts and all(isinstance(part, (list, tuple, np.ndarray)) for part in parts):
        return _from_lists(parts, n_features, feature_names), list(range(len(parts)))
    if any(isinstance(part, (list, tuple, np.ndarray)) for part in parts):
        raise ValueError(f"groups must hold labels only, or lists only; got {groups!r}.")
    if len(parts) != n_features:
        raise ValueError(f"groups must have a label for each of {n_features} features; got {len(parts)}.")
    found = {}
    for j, label in enumerate(parts):
        if label is None or label != label:
            raise ValueError(f"groups must not hold missing labels; got {label!r} for feature {j}.")
        try:
            found.setdefault(label, []).append(j)
        except TypeError as error:
            raise ValueError(f"groups must hold labels such as numbers or strings; got {label!r}.") from error
    return [np.array(group) for group in found.values()], list(found)


def _from_sortable(labels):
    """Groups and labels for an array of integers or strings, which is fast for many features."""
    names, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    order = np.argsort(first)
    return [members[k] for k in order], names[order].tolist()


def _by_name(groups, feature_names):
    """Labels in the order of the features, where a dict or a Series gives them by name; other groups as a list."""
    is_dict = isinstance(groups, dict)
    index = list(groups) if is_dict else getattr(groups, "index", None)
    if not is_dict and (index is None or callable(index) or not all(isinstance(name, str) for name in index)):
        return list(groups)
    if feature_names is None:
        raise ValueError("groups goes by feature names, but the columns of X have no names: pass X as a DataFrame.")
    missing = [name for name in feature_names if name not in index]
    unknown = [name for name in index if name not in set(feature_names)] if is_dict else []
    if unknown:
        raise ValueError(f"groups names features that X does not have: {listed(unknown)}.")
    if missing or len(set(index)) < len(index):
        raise ValueError(f"groups must name every feature once; got {listed(index)}, without {listed(missing)}.")
    return [groups[name] for name in feature_names]


def _from_lists(parts, n_features, feature_names):
    known = {} if feature_names is None else {name: j for j, name in enumerate(feature_names)}
    owner = np.full(n_features, -1)
    groups = []
    for number, part in enumerate(parts):
        if not len(part):
            raise ValueError(f"groups must not be empty; got none for group {number}.")
        columns = np.array([_column(feature, known, n_features) for feature in part])
        for j in columns:
            if owner[j] >= 0:
                raise ValueError(
                    f"groups must hold every feature once; feature {j} is in groups {owner[j]} and {number}."
                )
            owner[j] = number
        groups.append(columns)
    missing = np.flatnonzero(owner < 0)
    if missing.size:
        raise ValueError(f"groups must hold every feature; got none for features {listed(missing.tolist())}.")
    return groups


def _column(feature, known, n_features):
    if isinstance(feature, str):
        if feature not in known:
            raise ValueError(f"groups names a feature that X does not have: {feature!r}.")
        return known[feature]
    if isinstance(feature, (bool, np.bool_)) or not isinstance(feature, Integral) or not 0 <= feature < n_features:
        raise ValueError(f"groups must hold positions in [0, {n_features}); got {feature!r}.")
    return int(feature)


def check_group_weights(weights, groups, labels):
    """One weight for each group: the root of its size where `weights` is None.

    Raises
    ------
    ValueError
        For another number of weights, negative ones or NaN; if all are infinite.
    """
    if weights is None:
        return np.sqrt([float(group.size) for group in groups])
    if isinstance(weights, dict):
        unknown = [label for label in weights if label not in set(labels)]
        if unknown:
            raise ValueError(f"group_weights names groups that there are not: {unknown!r}.")
        weights = [weights.get(label, np.sqrt(group.size)) for group, label in zip(groups, labels, strict=True)]
    weights = as_numbers(weights, "group_weights")
    if weights.shape != (len(groups),):
        raise ValueError(f"group_weights must have shape ({len(groups)},), one for each group; got {weights.shape}.")
    bad = np.flatnonzero(np.isnan(weights) | (weights < 0.0))
    if bad.size:
        raise ValueError(f"group_weights must not be negative or NaN; got {weights[bad[0]]} for group {bad[0]}.")
    if np.isinf(weights).all():
        raise ValueError("group_weights must be finite for at least one group; got infinity for all.")
    return weights
