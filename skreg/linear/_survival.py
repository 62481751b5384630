"""Reading of survival times, events and strata."""

from numbers import Real

import numpy as np

from ..utils._blocks import in_memory
from ..utils._table import columns_of
from ..utils._targets import as_one_column
from ..utils._validation import as_numbers, check_table, dates_error, is_date

ORDER = "the first column of y holds events, 1 or 0, and the second times"


def read_survival(y):
    """Times, and whether each is that of an event, from one of four forms.

    Parameters
    ----------
    y : structured array of shape (n,), dataframe or array-like of shape (n, 2), or array-like of shape (n,)
        With a boolean field or column of events and one of times, in any order; columns of events (0 or 1) and times;
        or times of events alone.

    Returns
    -------
    event : ndarray of bool of shape (n,)
    time : ndarray of shape (n,)
    """
    columns, is_ordered = _columns(y)
    if len(columns) == 1:
        ((place, time),) = columns.items()
        event = np.ones(len(time), dtype=bool)
    else:
        of_events = _column_of_events(columns, is_ordered)
        event = _read_events(columns.pop(of_events), of_events)
        ((place, time),) = columns.items()
    return event, _read_times(time, place)


def _columns(y):
    """One or two columns, each an array of its own dtype, by what messages call it; and whether their order counts."""
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is not None:
        if len(names) != 2:
            raise _unclear(y)
        return {f"y[{name!r}]": np.asarray(y[name]) for name in names}, False
    y = in_memory(y)
    if y is not None:
        check_table(y, "y", text=True)
    y = as_one_column(y)
    y = y if hasattr(y, "columns") else np.asarray(y)
    shape = y.shape
    if len(shape) == 1:
        return {"y": _tidy(y)}, True
    if len(shape) != 2 or shape[1] != 2:
        raise ValueError(f"y must have columns of events and of times; got shape {shape}.")
    if hasattr(y, "columns"):
        columns = {f"y[{column.name!r}]": _tidy(column.to_numpy()) for column in columns_of(y)}
        if len(columns) < 2:
            raise ValueError(f"y must have two names for events and times; got {list(y.columns)}.")
        return columns, True
    return {f"y[:, {j}]": _tidy(y[:, j]) for j in range(2)}, True


def _tidy(column):
    """A column of objects in the dtype of its entries."""
    return np.array(column.tolist()) if column.dtype.kind == "O" and not any(map(is_date, column)) else column


def _column_of_events(columns, is_ordered):
    """The one of booleans, or the one of integers 0 and 1 beside other numbers with fractions, or the first."""
    booleans = [place for place, column in columns.items() if column.dtype.kind == "b"]
    if len(booleans) == 1:
        return booleans[0]
    kinds = "".join(column.dtype.kind for column in columns.values()).replace("u", "i")
    if kinds in ("if", "fi"):
        integers, others = sorted(columns, key=lambda place: columns[place].dtype.kind == "f")
        if _are_flags(columns[integers]) and not _are_flags(columns[others]):
            return integers
    if not is_ordered:
        raise _unclear({place: column.dtype for place, column in columns.items()})
    return next(iter(columns))


def _unclear(found):
    dtype = getattr(found, "dtype", None)
    fields = {name: dtype[name] for name in dtype.names} if dtype is not None else found
    return ValueError(
        "y must have a boolean field of events, or one of integers 0 and 1, and a field of times of another type; got"
        f" fields {[(name, str(kind)) for name, kind in fields.items()]}."
    )


def _are_flags(column):
    return bool(np.isin(column, (0, 1)).all())


def _read_events(event, place):
    event = _numbers(event, place)
    bad = np.flatnonzero((event != 0.0) & (event != 1.0))
    if bad.size:
        raise ValueError(
            f"{place} must be 1 for events and 0 for others; got {event[bad[0]]} in row {bad[0]}. Unless a column is"
            f" boolean, {ORDER}."
        )
    return event.astype(bool)


def _read_times(time, place):
    if time.dtype.kind == "b" and time.size:
        raise ValueError(
            f"{place} must hold times; got booleans, such as {time[0]} in row 0. Pass events and times:"
            " y = np.column_stack([event, time])."
        )
    time = _numbers(time, place)
    bad = np.flatnonzero(~np.isfinite(time))
    if bad.size:
        kind = "NaN" if np.isnan(time[bad[0]]) else "infinity"
        raise ValueError(f"y must hold finite times; y contains {kind} in row {bad[0]}.")
    check_not_negative(time, place, "row")
    return time


def check_not_negative(times, place, kind):
    bad = np.flatnonzero(times < 0.0)
    if bad.size:
        raise ValueError(f"{place} must not hold negative times; got {times[bad[0]]} in {kind} {bad[0]}.")


def _numbers(column, place):
    """A float64 array; TypeError for dates, ValueError for text and other entries."""
    if column.dtype.kind in "mM":
        raise dates_error("y", place, column.dtype)
    if column.dtype.kind not in "biuf":
        found = next((entry for entry in column.tolist() if is_date(entry)), None)
        if found is not None:
            raise dates_error("y", place, repr(found))
        if column.dtype.kind == "c":
            raise ValueError(f"Complex data not supported: {place} has {column.dtype} entries.")
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError) as error:
        kind = "text" if column.dtype.kind in "UST" else f"{column.dtype} entries"
        where = "" if place == "y" else f" in {place}"
        raise ValueError(
            f"y holds {kind}{where}, such as {column.tolist()[0]!r}: times are numbers, events 1 or 0, or booleans."
        ) from error


def check_times(times):
    times = np.atleast_1d(as_numbers(times, "times"))
    if times.ndim != 1:
        raise ValueError(f"times must be a number or have one dimension; got shape {times.shape}.")
    if np.isnan(times).any():
        raise ValueError(f"times must not contain NaN; got {times[:10]}.")
    check_not_negative(times, "times", "position")
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
