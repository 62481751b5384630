"""Rows of arrays, sparse matrices, lists, and frames of pandas, polars, pyarrow or whatever else narwhals knows."""

import narwhals.stable.v2 as nw
import numpy as np
import scipy.sparse as sp
from narwhals.exceptions import DuplicateError
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _num_samples

from ._hashing import HashedRows, group_equal
from ._validation import check_in_memory, check_one_shape, check_unique_names

_BOXES = nw.Object, nw.List, nw.Array  # the types of columns whose entries may be arrays


def readable(X, takes_sequences=False, advice=None):
    """X as something that rows can be taken from: a frame, an array, a sparse matrix, or a list of other things.

    Sequences of unequal length stay a list if they are taken; `advice` ends the error if they are not.
    """
    check_in_memory(X)
    if X is None or isinstance(X, (dict, str, bytes)):
        raise TypeError(
            f"X must hold rows, in a sequence or array-like, a frame or a sparse matrix; got {type(X).__name__}."
        )
    (X,) = indexable(X)
    nested = isinstance(X, (list, tuple)) and len(X) and isinstance(X[0], (list, tuple, np.ndarray))
    if nested and takes_sequences and len({len(row) for row in X}) > 1:
        return list(X)
    of_frames = isinstance(X, (list, tuple)) and len(X) and as_table(X[0]) is not None
    if nested or (not takes_sequences and (of_frames or isinstance(X, np.ndarray))):
        check_one_shape(X, advice=advice)
    if nested or (hasattr(X, "__array__") and not is_framed(X)):
        X = np.asarray(X)
    as_frame(X)  # raises for repeated names
    if getattr(getattr(X, "dtype", None), "kind", None) == "c":
        raise ValueError(f"Complex data not supported: X has {X.dtype} entries.")
    return X


def as_frame(X):
    """X as a frame or series of narwhals; None where it is neither a frame nor a series in memory.

    Raises ValueError where two columns have the same name.
    """
    if isinstance(X, (np.ndarray, list)) or sp.issparse(X):  # the usual cases, without a search
        return None
    try:
        found = nw.from_native(X, eager_only=True, allow_series=True, pass_through=True)
    except DuplicateError:
        check_unique_names(X)
        raise
    return found if isinstance(found, (nw.DataFrame, nw.Series)) else None


def as_table(X):
    """X as a frame of narwhals; None where it is not a frame."""
    found = as_frame(X)
    return found if isinstance(found, nw.DataFrame) else None


def column_types(X):
    """The types of the columns of a frame, as narwhals names them; None where X is not a frame."""
    table = as_table(X)
    return None if table is None else list(table.schema.values())


def numpy_dtypes(X):
    """The types of the columns of a pandas frame, or that of an array or a series; empty where one is not NumPy's."""
    dtypes = list(X.dtypes) if hasattr(X, "iloc") and hasattr(X, "columns") else [getattr(X, "dtype", None)]
    return dtypes if all(isinstance(dtype, np.dtype) for dtype in dtypes) else []


def is_boxed(entry):
    """Whether an entry of a column, or of an array of objects, has entries itself."""
    return isinstance(entry, (np.ndarray, list, tuple))


def entries_of_series(X):
    """The entries of a series that may hold arrays or lists; none of anything else."""
    found = as_frame(X)
    return found.to_list() if isinstance(found, nw.Series) and isinstance(found.dtype, _BOXES) else []


def columns_of_arrays(X):
    """The names of the columns of a frame that hold arrays or lists; none where X is not a frame."""
    table = as_table(X)
    columns = [] if table is None else table.iter_columns()
    some = [column.drop_nulls().head(1) for column in columns if isinstance(column.dtype, _BOXES)]
    return [first.name for first in some if any(map(is_boxed, first.to_list()))]


def is_framed(X):
    """Whether X is a frame or a series."""
    return as_frame(X) is not None


def n_rows(X):
    """The number of rows of X."""
    return _num_samples(X)


def take(X, rows):
    """Rows of X, by their indices."""
    if not hasattr(X, "iloc") and (frame := as_frame(X)) is not None:  # scikit-learn before 1.8 knows no arrow tables
        return frame[np.asarray(rows)].to_native()
    return _safe_indexing(X, rows)


def stack(parts):
    """The rows of several containers of one type, one after another; frames of pandas get a new index."""
    if any(sp.issparse(X) for X in parts):
        return sp.vstack(parts, format="csr")
    if isinstance(parts[0], list):
        return [row for X in parts for row in X]
    frames = [as_frame(X) for X in parts]
    if isinstance(frames[0], nw.DataFrame) and all(isinstance(frame, nw.DataFrame) for frame in frames):
        new = nw.maybe_reset_index(nw.concat(frames)).to_native()
        return new.__finalize__(parts[0]) if hasattr(new, "__finalize__") else new  # attributes of pandas' subclasses
    if isinstance(frames[0], nw.Series) and all(isinstance(frame, nw.Series) for frame in frames):
        name = frames[0].name
        tables = [series.alias("y").to_frame() for series in frames]
        return nw.maybe_reset_index(nw.concat(tables))["y"].alias(name).to_native()
    return np.concatenate([np.asarray(X) for X in parts])


def stack_weights(parts):
    """Weights of the rows of several parts, which have `n` rows and `weights`; None where none has any."""
    if all(part.weights is None for part in parts):
        return None
    return np.concatenate([np.ones(part.n) if part.weights is None else part.weights for part in parts])


def like(y, values):
    """Values in the container and of the types of y: list, array, series or frame."""
    if isinstance(y, list):
        return values.tolist()
    found = as_frame(y)
    if found is None:
        return values.astype(y.dtype, copy=False)
    if isinstance(found, nw.Series):
        return with_values(found, values).to_native()
    columns = {name: with_values(found[:, j], values[:, j]) for j, name in enumerate(found.columns)}
    return with_columns(y, columns)


def with_values(series, values, rows=None):
    """A series of narwhals with new values, of all rows or some, in its own type."""
    values = values.tolist() if values.dtype.kind in "OUS" else values
    return series.scatter(np.arange(len(series)) if rows is None else rows, values)


def with_columns(X, columns):
    """A frame with some columns replaced: series of narwhals by name. X itself does not change."""
    if not hasattr(X, "iloc"):
        return as_frame(X).with_columns(*columns.values()).to_native()
    out = X.copy(deep=False)  # a subclass of pandas' frame stays one, which it would not in narwhals
    for name, series in columns.items():
        out[name] = series.to_native().set_axis(out.index)  # an array of objects would become strings
    return out


def hashed(X):
    """X as `HashedRows`; frames have the same keys as arrays of their values."""
    frame = as_table(X)
    columns = None if frame is None else [column.to_numpy() for column in frame.iter_columns()]
    return HashedRows(X, columns=columns)


def distinct(*tables):
    """Unique rows, of X or of X and y together, in an order that does not depend on the order of the rows.

    Returns
    -------
    first : ndarray of int of shape (n_unique,)
        Index of the first row of each kind.
    place : ndarray of int of shape (n,)
        The place of every row among the unique ones.
    """
    order, begins = group_equal([hashed(X) for X in tables])
    place = np.empty(order.size, dtype=np.intp)
    place[order] = np.cumsum(begins) - 1
    return order[begins], place
