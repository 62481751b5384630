"""Numbers of arrays and frames, and their types."""

import numpy as np
import scipy.sparse as sp

from ..utils._rows import as_table, n_rows, with_columns, with_values
from ..utils._validation import check_one_shape

ONE_LENGTH = " Augmenters take sequences of one length only."  # of errors about other ones


def numbers_of(X, owner, kinds="uif"):
    """The numbers in X as an array, and a function that returns such an array in the container and types of X.

    Integers are rounded by it. Missing entries of frames are NaN.

    Raises ValueError where X is sparse, or has entries that are not numbers of these kinds (those of NumPy's types).
    """
    name = type(owner).__name__
    if sp.issparse(X):
        raise ValueError(f"{name} would fill sparse X: give it a dense one, or another augmenter.")
    table = as_table(X)
    if table is None:
        check_one_shape(X, advice=ONE_LENGTH)
        values = np.asarray(X)
        if values.dtype == object:
            try:
                values = values.astype(np.float64)
            except ValueError as error:
                raise ValueError(f"{name} needs numbers; X has object entries: {error}.") from error
        check_kind(values.dtype, name, "X has", kinds)
        return values, lambda new: as_type(new, values.dtype)
    columns = list(table.iter_columns())
    for column in columns:
        kind = number_type(column)
        where = f"column {column.name!r} of X has"
        if kind is None:
            raise ValueError(f"{name} needs numbers; {where} {column.to_native().dtype} entries.")
        check_kind(kind, name, where, kinds)
    old = np.column_stack([column.to_numpy() for column in columns]) if columns else np.empty((n_rows(X), 0))
    return old, lambda new: _with_changes(X, columns, old, new)


def number_type(column):
    """The NumPy type of the numbers in a column of a frame, None where it holds other things."""
    kind = column.dtype
    if kind.is_integer() or kind.is_float():
        return np.dtype(str(kind).lower())
    return np.dtype(bool) if str(kind) == "Boolean" else None


def types_of(X, values):
    """The types of all numbers: one for each column of a frame, else that of the array."""
    table = as_table(X)
    return [values.dtype] if table is None else [number_type(column) for column in table.iter_columns()]


def _with_changes(X, columns, old, new):
    """The frame X with the entries that changed."""
    changed = (new != old) & ~(np.isnan(new) & np.isnan(old))
    replaced = {}
    for j, column in enumerate(columns):
        rows = np.flatnonzero(changed[:, j])
        if rows.size:
            replaced[column.name] = with_values(column, as_type(new[rows, j], number_type(column)), rows)
    return with_columns(X, replaced)


def as_type(values, kind):
    """Numbers in a type; for integers they are rounded, and clipped to its range."""
    if kind.kind in "iu" and values.dtype.kind == "f":
        range_ = np.iinfo(kind)
        high = float(range_.max) if kind.itemsize < 8 else np.nextafter(float(range_.max), 0.0)
        values = np.clip(np.rint(values), range_.min, high)
    return values.astype(kind, copy=False)


def check_kind(kind, name, where, kinds="uif"):
    """Raise ValueError unless a type is one of these kinds of numbers."""
    if kind.kind not in kinds:
        raise ValueError(f"{name} needs numbers; {where} {kind} entries.")


def check_fits(name, value, kinds):
    """Raise ValueError unless a parameter's value, a number or several, can be written in all of some types."""
    for kind in kinds:
        for number in np.ravel(value):
            if not _fits(number, kind):
                raise ValueError(f"{name}={value!r} does not fit in X, which has {kind} entries.")


def _fits(number, kind):
    if kind.kind == "f":
        with np.errstate(over="ignore"):
            return bool(np.isfinite(kind.type(number)) or not np.isfinite(number))
    if kind.kind == "b":
        return number in (0, 1)
    return bool(number == np.rint(number)) and np.iinfo(kind).min <= number <= np.iinfo(kind).max


def check_finite(values, owner, axes):
    """Raise ValueError that names the first entry of an array that is NaN or infinite.

    Parameters
    ----------
    values : ndarray of shape (n, ...)
    owner : Augmenter
    axes : tuple of str
        Names of the axes after the first.
    """
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    row, *place = (int(index[0]) for index in np.nonzero(~np.isfinite(values)))
    found = values[(row, *place)]
    where = ", ".join(f"{axis} {index}" for axis, index in zip(axes, place, strict=True))
    raise ValueError(f"{type(owner).__name__} needs finite numbers; X has {found} in row {row}, at {where}.")
