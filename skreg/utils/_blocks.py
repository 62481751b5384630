"""Dask arrays and dataframes as blocks of rows, which are read one after the other and never all at once."""

import functools
import warnings
from numbers import Real
from operator import add

import numpy as np

from ._threads import one_blas_thread
from ._validation import caller_level, is_dask, labelled

SUMMANDS = 8  # results of blocks that are added in one task: as many are in memory at once


def column_names(X):
    """Names of the columns of a dataframe that are all strings, else None."""
    names = list(getattr(X, "columns", ()))
    return np.array(names, dtype=object) if names and all(isinstance(name, str) for name in names) else None


def _as_array(X, name):
    """A Dask array of numbers whose blocks have known sizes; frames are converted, which counts their rows."""
    if hasattr(X, "columns") and X.ndim == 2:
        for column, dtype in X.dtypes.items():
            if getattr(dtype, "kind", "O") not in "fiub":
                raise ValueError(f"{name} must hold numbers; got the dtype {dtype} in column {column!r}.")
    if hasattr(X, "columns") or not hasattr(X, "chunks"):
        X = X.to_dask_array(lengths=True)
    if X.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold numbers; got the dtype {X.dtype}.")
    if any(np.isnan(size) for sizes in X.chunks for size in sizes):
        raise ValueError(
            f"{name} has blocks of unknown size, such as after a selection of rows: call"
            f" {name}.compute_chunk_sizes() first."
        )
    return X


class DaskBlocks:
    """Row blocks of X with their targets and weights.

    Parameters
    ----------
    X : dask array or dataframe of shape (n, p)
    y : dask array, dataframe or series, or array-like, of shape (n,) or (n, T)
    sample_weight : like y of shape (n,), or None

    Attributes
    ----------
    n, p : int
    dtype : dtype
        Float64: sums over many rows need it.
    one_target : bool
    """

    dtype = np.dtype(np.float64)

    def __init__(self, X, y, sample_weight=None):
        self.names = column_names(X)
        X = _as_array(X, "X")
        if X.ndim != 2:
            raise ValueError(f"X must have two dimensions; got the shape {X.shape}.")
        if len(X.chunks[1]) > 1:
            warnings.warn(
                f"X has its columns in {len(X.chunks[1])} blocks, which are joined: X.rechunk({{1: -1}}) does it once.",
                UserWarning,
                stacklevel=caller_level(),
            )
            X = X.rechunk({1: -1})
        self.X = X
        self.n, self.p = X.shape
        self.starts = np.append(0, np.cumsum(X.chunks[0]))
        if 0 in self.X.shape:
            raise ValueError(f"X must have rows and columns; got the shape {X.shape}.")
        self.y = self._rows_of(y, "y")
        if self.y.ndim > 2:
            raise ValueError(f"y must have one or two dimensions; got the shape {self.y.shape}.")
        self.one_target = self.y.ndim == 1
        self.n_targets = 1 if self.one_target else self.y.shape[1]
        if isinstance(sample_weight, Real):
            sample_weight = np.full(self.n, float(sample_weight))
        self.weights = None if sample_weight is None else self._rows_of(sample_weight, "sample_weight")
        if self.weights is not None and self.weights.ndim != 1:
            raise ValueError(f"sample_weight must have one dimension; got the shape {self.weights.shape}.")

    def _rows_of(self, values, name):
        """Numbers that belong to the rows, in blocks of the same rows if they are a Dask collection."""
        if is_dask(values):
            values = _as_array(values, name)
        else:
            values = np.asarray(values)
            if values.dtype.kind not in "fiub":
                raise ValueError(f"{name} must hold numbers; got the dtype {values.dtype}.")
        if values.ndim == 0 or len(values) != self.n:
            raise ValueError(f"{name} must have n_samples={self.n} rows, as X; got the shape {values.shape}.")
        if is_dask(values):
            values = values.rechunk({0: self.X.chunks[0]} | ({1: -1} if values.ndim == 2 else {}))
        return values

    def _parts(self, values):
        """For every block, its part of `values`."""
        if values is None:
            return [None] * (len(self.starts) - 1)
        if is_dask(values):
            return values.to_delayed().reshape(len(self.starts) - 1).tolist()
        return [values[low:high] for low, high in zip(self.starts, self.starts[1:], strict=False)]

    def total(self, function, *arguments, add=add):
        """The sum over all blocks of ``function(X, Y, weights, first, *arguments)``.

        X is the block (rows, p), Y its targets (T, rows), and `first` the position of its first row. Every task checks
        its block. Sums are formed along a tree, so that few results are in memory at once.
        """
        import dask

        call = dask.delayed(_on_block)
        arguments = [dask.delayed(argument, traverse=False) for argument in (function, self.names, arguments)]
        parts = zip(*map(self._parts, (self.X, self.y, self.weights)), self.starts, strict=False)
        sizes = np.diff(self.starts)
        tasks = [call(k, *part, *arguments) for k, part in enumerate(parts) if sizes[k]]
        sums = dask.delayed(_sum_of)
        while len(tasks) > 1:
            tasks = [sums(add, tasks[k : k + SUMMANDS]) for k in range(0, len(tasks), SUMMANDS)]
        with one_blas_thread():  # the tasks are the threads
            return dask.compute(*tasks)[0]

    @property
    def shape(self):
        return self.n, self.p

    def __getitem__(self, rows):
        """Some rows of X, as a Dask array."""
        return self.X[rows]

    def check_finite(self, values, name):
        """Raise ValueError naming the block of the first of the values (n,) or (n, T) that is not finite."""
        bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
        if bad.size:
            k = int(np.searchsorted(self.starts, bad[0], side="right")) - 1
            _check_finite(name, values[bad[:1]], _place(k, self.starts[k]))

    def targets(self):
        """All targets (T, n), in memory."""
        y = self.y.compute() if is_dask(self.y) else self.y
        return np.asarray(y, dtype=np.float64).reshape(self.n, -1).T


def _sum_of(add, parts):
    return functools.reduce(add, parts)


def _on_block(k, X, y, weights, first, function, names, arguments):
    X = X.tocsr() if hasattr(X, "tocsr") else np.asarray(X)
    Y = np.asarray(y, dtype=np.float64).reshape(len(y), -1).T
    if X.shape[0] != Y.shape[1]:
        raise ValueError(f"y has {Y.shape[1]} rows in block {k}, where X has {X.shape[0]}.")
    place = _place(k, first)
    _check_finite("X", X, place, names)
    _check_finite("y", Y.T, place)
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0.0)))
        if bad.size:
            raise ValueError(
                f"sample_weight must not be negative, NaN or infinite; got {weights[bad[0]]} in row {first + bad[0]}."
            )
    return function(X, Y, weights, int(first), *arguments)


def _place(k, first):
    return f"in block {k}, which begins with row {first}"


def _check_finite(name, table, place, names=None):
    values = table.data if hasattr(table, "tocsr") else table
    if values.dtype.kind != "f" or np.isfinite(values.sum()) or np.isfinite(values).all():
        return
    if hasattr(table, "tocsr"):
        j = int(table.tocoo().col[~np.isfinite(values)].min())
    else:
        j = int(np.flatnonzero(~np.isfinite(table).all(axis=0))[0])
    kind = "NaN" if np.isnan(values).any() else "infinity"
    column = f" in {labelled('column', j, names)}," if name == "X" else ""
    raise ValueError(f"Input {name} contains {kind}{column} {place}.")


def lazy_on_blocks(method):
    """Let a method of one argument, rows in and rows out, return a Dask array for a Dask array or dataframe."""

    @functools.wraps(method)
    def wrapper(self, X, *args, **kwargs):
        if not is_dask(X):
            return method(self, X, *args, **kwargs)
        return _lazily(functools.partial(wrapper, self), X, args, kwargs)

    return wrapper


def _lazily(call, X, args, kwargs):
    import dask
    import dask.array as da

    if hasattr(X, "columns"):
        parts, sizes = X.to_delayed(), [np.nan] * X.npartitions
        example = X._meta_nonempty
    else:
        X = X.rechunk(dict.fromkeys(range(1, X.ndim), -1))
        parts, sizes = X.to_delayed().ravel(), X.chunks[0]
        example = np.zeros((1, *X.shape[1:]), dtype=X.dtype)
    try:
        result = call(example, *args, **kwargs)
    except ValueError:  # the example has values that the model does not take, such as unknown labels
        example = X.head(1, npartitions=-1) if hasattr(X, "columns") else X[:1].compute()
        result = call(example, *args, **kwargs)
    if not isinstance(result, np.ndarray):
        raise TypeError(
            "Dask collections are predicted lazily where there is one array for the rows; with these arguments there is"
            f" a {type(result).__name__}: pass X.compute()."
        )
    run = dask.delayed(_predicted, pure=True)
    blocks = [
        da.from_delayed(run(call, part, result[:0], args, kwargs), (size, *result.shape[1:]), result.dtype)
        for part, size in zip(parts, sizes, strict=True)
    ]
    return da.concatenate(blocks)


def _predicted(call, part, nothing, args, kwargs):
    """The predictions of a block; `nothing` for an empty one."""
    return call(part, *args, **kwargs) if len(part) else nothing
