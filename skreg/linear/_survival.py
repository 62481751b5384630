"""Reading of survival times, events and strata."""

from numbers import Real

import numpy as np

from ..utils._validation import as_numbers, as_one_column, numeric_targets


def read_survival(y):
    """Times, and whether each is that of an event, from one of three forms.

    Parameters
    ----------
    y : structured array of shape (n,), array-like of shape (n, 2) or of shape (n,)
        With a boolean field and a field of times, as in scikit-survival; columns of events (0 or 1) and times; or times
        of events alone.

    Returns
    -------
    event : ndarray of bool of shape (n,)
    time : ndarray of shape (n,)
    """
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is not None:
        booleans = [name for name in names if y.dtype[name].kind == "b"]
        if len(names) != 2 or len(booleans) != 1:
            raise ValueError(
                "y must have a boolean field of events and a field of times; got fields"
                f" {[(name, str(y.dtype[name])) for name in names]}."
            )
        (time,) = set(names) - set(booleans)
        event, time = y[booleans[0]], as_numbers(y[time], "y")
    else:
        y = numeric_targets(as_one_column(y))
        if y.ndim == 2 and y.shape[1] == 2:
            event, time = y[:, 0], y[:, 1]
            bad = np.flatnonzero((event != 0.0) & (event != 1.0))
            if bad.size:
                raise ValueError(f"y[:, 0] must be 1 for events and 0 for others; got {event[bad[0]]} in row {bad[0]}.")
        elif y.ndim == 1:
            event, time = np.ones(len(y)), y
        else:
            raise ValueError(f"y must have columns of events and of times; got shape {y.shape}.")
    bad = np.flatnonzero(~np.isfinite(time))
    if bad.size:
        kind = "NaN" if np.isnan(time[bad[0]]) else "infinity"
        raise ValueError(f"y must hold finite times; y contains {kind} in row {bad[0]}.")
    return event.astype(bool), np.asarray(time, dtype=np.float64)


def check_times(times):
    times = np.atleast_1d(as_numbers(times, "times"))
    if times.ndim != 1:
        raise ValueError(f"times must be a number or have one dimension; got shape {times.shape}.")
    if np.isnan(times).any():
        raise ValueError(f"times must not contain NaN; got {times[:10]}.")
    return times


def check_strata(strata, n):
    """Sorted labels, and the position of every row's among them."""
    # a list as objects first: NumPy turns NaN beside strings into a string
    given = np.asarray(strata, dtype=None if hasattr(strata, "__array__") else object)
    if given.shape != (n,):
        raise ValueError(f"strata must have shape ({n},), one label for every row of X; got {given.shape}.")
    missing = np.flatnonzero(_is_missing(given))
    if missing.size:
        raise ValueError(
            f"strata must have a label for every row of X; got {given[missing[0]]} in row {missing[0]}"
            f" ({missing.size} such rows)."
        )
    strata = np.asarray(strata)
    try:
        labels, codes = np.unique(strata, return_inverse=True)
    except TypeError as error:
        some = list({type(label): label for label in strata.tolist()}.values())[:3]
        raise ValueError(f"strata must hold labels of one type that can be sorted; got {some!r}.") from error
    return labels, codes.ravel()


def _is_missing(labels):
    if labels.dtype.kind in "fmM":
        return labels != labels  # NaN and NaT
    if labels.dtype.kind != "O":
        return np.zeros(labels.size, dtype=bool)
    return [
        label is None or type(label).__name__ in ("NAType", "NaTType") or (isinstance(label, Real) and label != label)
        for label in labels.tolist()
    ]
