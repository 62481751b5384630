"""Blocks of rows, which are read one after the other and never all at once: of Dask, of memmaps, of Arrow frames."""

import functools
import warnings
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from numbers import Real
from operator import add

import joblib
import narwhals as nw
import numpy as np

from ._errors import caller_level
from ._threads import one_blas_thread
from ._validation import check_table, is_dask, labelled

SUMMANDS = 8  # results of blocks that are added in one task: as many are in memory at once
BLOCK_BYTES = 1 << 24  # of the blocks of a memmap or an Arrow frame, as float64
MOST_COPIED_BYTES = 1 << 28  # of such data, as float64, that may be read as a whole


class NeedsRowsInMemory(ValueError):
    """Some parameters do not go with row blocks. Raised before any block is read."""


def is_mapped(X):
    """Whether X may be larger than memory without Dask: a `numpy.memmap`, or a frame that lies in Arrow's format."""
    if isinstance(X, np.memmap):
        return X.ndim > 1
    package = type(X).__module__.partition(".")[0]
    if package == "pandas":
        return hasattr(X, "columns") and len(X.columns) > 0 and all(hasattr(d, "pyarrow_dtype") for d in X.dtypes)
    return (package == "polars" and type(X).__name__ == "DataFrame") or (
        package == "pyarrow" and type(X).__name__ == "Table"
    )


def has_blocks(X):
    """Whether X is read in blocks: a Dask collection, and what `is_mapped` if it is large."""
    return is_dask(X) or (is_mapped(X) and 8 * _row_size(X) * X.shape[0] > MOST_COPIED_BYTES)


def as_blocks(X, y, sample_weight=None):
    """The row blocks of X, which `has_blocks`."""
    return (DaskBlocks if is_dask(X) else MappedBlocks)(X, y, sample_weight)


def row_slices(X):
    """Slices of the rows of the blocks of X, which `is_mapped`."""
    size = max(BLOCK_BYTES // (8 * max(_row_size(X), 1)), 1)
    return [slice(low, min(low + size, X.shape[0])) for low in range(0, X.shape[0], size)]


def sliced(X, rows):
    """Some rows of X, which `is_mapped`, in its own type."""
    return X[rows] if isinstance(X, np.memmap) else nw.from_native(X, eager_only=True)[rows].to_native()


def _row_size(X):
    return int(np.prod(X.shape[1:]))


def column_names(X):
    """Names of the columns of a dataframe that are all strings, else None."""
    names = list(getattr(X, "column_names", getattr(X, "columns", ())))
    return np.array(names, dtype=object) if names and all(isinstance(name, str) for name in names) else None


def _as_array(X, name):
    """A Dask array of numbers whose blocks have known sizes; frames are converted, which counts their rows."""
    if not hasattr(X, "chunks"):  # a dataframe or a series
        dtypes = dict(X.dtypes) if X.ndim == 2 else {None: X.dtype}
        for column, dtype in dtypes.items():
            if getattr(dtype, "kind", "O") not in "fiub":
                place = "" if column is None else f" in column {column!r}"
                raise ValueError(f"{name} must hold numbers; got the dtype {dtype}{place}.")
        if not all(isinstance(dtype, np.dtype) for dtype in dtypes.values()):
            X = X.astype(np.float64)  # columns of Arrow, or nullable ones, would become objects
        X = X.to_dask_array(lengths=True)
    if X.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold numbers; got the dtype {X.dtype}.")
    if any(np.isnan(size) for sizes in X.chunks for size in sizes):
        raise ValueError(
            f"{name} has blocks of unknown size, such as after a selection of rows: call"
            f" {name}.compute_chunk_sizes() first."
        )
    return X


def _whole_rows(X):
    """A Dask array whose blocks hold whole rows; columns in several blocks are joined, with a note."""
    n_parts = int(np.prod(X.numblocks[1:]))
    if n_parts == 1:
        return X
    whole = dict.fromkeys(range(1, X.ndim), -1)
    warnings.warn(
        f"X has its columns in {n_parts} blocks, which are joined: X.rechunk({whole}) does it once.",
        UserWarning,
        stacklevel=caller_level(),
    )
    return X.rechunk(whole)


def dask_parts(X):
    """The blocks of a Dask array or dataframe, one delayed array or frame for each, and their numbers of rows."""
    if hasattr(X, "columns"):
        return X.to_delayed(), X.map_partitions(len).compute().tolist()
    X = _whole_rows(_as_array(X, "X"))
    return X.to_delayed().ravel().tolist(), list(X.chunks[0])


def in_memory(values):
    """A Dask collection as the array or frame that it stands for; other values as they are."""
    return values.compute() if is_dask(values) else values


class RowBlocks:
    """Row blocks of X with their targets and weights.

    Parameters
    ----------
    X : object of shape (n, p)
        What a subclass reads.
    names : ndarray of shape (p,) or None
    starts : ndarray of int of shape (n_blocks + 1,)
        Positions of the first rows of the blocks, and past the last row.
    y : dask array, dataframe or series, or array-like, of shape (n,) or (n, T)
    sample_weight : like y of shape (n,), or None

    Attributes
    ----------
    n, p : int
    dtype : dtype
        Float64: sums over many rows need it.
    chosen : ndarray of int
        Numbers of the blocks that are read: those that have rows, or a sample of them.
    one_target : bool
    """

    dtype = np.dtype(np.float64)

    def __init__(self, X, names, starts, y, sample_weight=None):
        if 0 in X.shape:
            raise ValueError(f"X must have rows and columns; got the shape {X.shape}.")
        self.X = X
        self.n, self.p = X.shape
        self.names = names
        self.starts = starts
        self.chosen = np.flatnonzero(np.diff(starts))
        self.y = self._rows_of(y, "y")
        if self.y.ndim > 2:
            raise ValueError(f"y must have one or two dimensions; got the shape {self.y.shape}.")
        self.one_target = self.y.ndim == 1
        self.n_targets = 1 if self.one_target else self.y.shape[1]
        self._widths = self.p, self.n_targets
        if isinstance(sample_weight, Real):
            sample_weight = np.full(self.n, float(sample_weight))
        self.weights = None if sample_weight is None else self._rows_of(sample_weight, "sample_weight")
        if self.weights is not None and self.weights.ndim != 1:
            raise ValueError(f"sample_weight must have one dimension; got the shape {self.weights.shape}.")

    def _rows_of(self, values, name):
        """Numbers that belong to the rows."""
        if is_dask(values):
            values = _as_array(values, name)
        else:
            values = np.asarray(values)
            if values.dtype.kind not in "fiub":
                raise ValueError(f"{name} must hold numbers; got the dtype {values.dtype}.")
        if values.ndim == 0 or len(values) != self.n:
            raise ValueError(f"{name} must have n_samples={self.n} rows, as X; got the shape {values.shape}.")
        return values

    def total(self, function, *arguments, add=add, is_finite=None):
        """The sum over the blocks of ``function(X, Y, weights, first, *arguments)``.

        X is the block (rows, p), Y its targets (T, rows), and `first` the position of its first row. Every task checks
        the shape of its block. The first pass gives `is_finite`, whether what the function returns shows that all
        numbers of the block are finite; they are looked at where it does not.
        """
        raise NotImplementedError

    def sample(self, step):
        """The same with one of every `step` blocks, so that totals are over these; None if there are too few."""
        part = copy(self)
        part.chosen = self.chosen[step // 2 :: step]
        return part if self.chosen.size >= step else None

    @property
    def shape(self):
        return self.n, self.p

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


class DaskBlocks(RowBlocks):
    """The blocks of a Dask array or dataframe."""

    def __init__(self, X, y, sample_weight=None):
        names, X = column_names(X), _as_array(X, "X")
        if X.ndim != 2:
            raise ValueError(f"X must have two dimensions; got the shape {X.shape}.")
        X = _whole_rows(X)
        super().__init__(X, names, np.append(0, np.cumsum(X.chunks[0])), y, sample_weight)
        self._parts = self._split()

    def _rows_of(self, values, name):
        """Numbers that belong to the rows, in blocks of the same rows if they are a Dask collection."""
        values = super()._rows_of(values, name)
        if is_dask(values):
            values = values.rechunk({0: self.X.chunks[0]} | ({1: -1} if values.ndim == 2 else {}))
        return values

    def _split(self):
        """The parts of X, of the targets and of the weights, as three lists of one part for every block.

        Where they have tasks in common, as if the targets are computed from X, these are computed once. Dask's fusion
        of tasks would repeat them.
        """
        columns = self.X, self.y, self.weights
        graphs = [values.__dask_graph__().keys() for values in columns if is_dask(values)]
        apart = len(set().union(*graphs)) == sum(map(len, graphs))
        starts, bounds = self.starts, range(len(self.starts) - 1)
        return [
            [None for k in bounds]
            if values is None
            else values.to_delayed(optimize_graph=apart).ravel().tolist()
            if is_dask(values)
            else [values[starts[k] : starts[k + 1]] for k in bounds]
            for values in columns
        ]

    def total(self, function, *arguments, add=add, is_finite=None):
        """See `RowBlocks.total`. Sums are formed along a tree, so that few results are in memory at once."""
        import dask

        call = dask.delayed(_on_block)
        task = dask.delayed((function, self.names, self._widths, is_finite, arguments), traverse=False)
        parts = [*zip(*self._parts, self.starts, strict=False)]
        tasks = [call(int(k), *parts[k], task) for k in self.chosen]
        sums = dask.delayed(_sum_of)
        while len(tasks) > 1:
            tasks = [sums(add, tasks[k : k + SUMMANDS]) for k in range(0, len(tasks), SUMMANDS)]
        with one_blas_thread():  # the tasks are the threads
            return dask.compute(*tasks)[0]

    def __getitem__(self, rows):
        """Some rows of X, as a Dask array."""
        return self.X[rows]


class MappedBlocks(RowBlocks):
    """The blocks of a memmap or an Arrow frame, a few megabytes each, in threads."""

    def __init__(self, X, y, sample_weight=None):
        check_table(X)
        y, sample_weight = (values.compute() if is_dask(values) else values for values in (y, sample_weight))
        if len(X.shape) != 2:
            raise ValueError(f"X must have two dimensions; got the shape {X.shape}.")
        if isinstance(X, np.memmap) and X.dtype.kind not in "fiub":
            raise ValueError(f"X must hold numbers; got the dtype {X.dtype}.")
        self.slices = row_slices(X)
        super().__init__(X, column_names(X), np.array([0, *(rows.stop for rows in self.slices)]), y, sample_weight)

    def total(self, function, *arguments, add=add, is_finite=None):
        task = function, self.names, self._widths, is_finite, arguments

        def on_block(k):
            rows = self.slices[k]
            weights = None if self.weights is None else self.weights[rows]
            return _on_block(k, as_rows(self.X, rows), self.y[rows], weights, rows.start, task)

        n_threads, total = joblib.cpu_count(), None
        with one_blas_thread(), ThreadPoolExecutor(n_threads) as pool:
            for k in range(0, len(self.chosen), n_threads):  # so that no more results are in memory
                found = pool.map(on_block, self.chosen[k : k + n_threads].tolist())
                total = functools.reduce(add, found if total is None else (total, *found))
        return total

    def __getitem__(self, rows):
        """Some rows of X, of its own type."""
        return sliced(self.X, rows)


def as_rows(X, rows):
    """Some rows of X, which `is_mapped`, as an array of numbers."""
    if isinstance(X, np.memmap):
        return np.asarray(X[rows])
    return np.asarray(nw.from_native(X, eager_only=True)[rows].to_numpy(), dtype=np.float64)


def _sum_of(add, parts):
    return functools.reduce(add, parts)


def _on_block(k, X, y, weights, first, task):
    function, names, widths, is_finite, arguments = task
    place = _place(k, first)
    X, y = _numbers(X, "X", widths[0], place), _numbers(y, "y", widths[1], place)
    if X.shape[0] != len(y):
        raise ValueError(f"y has {len(y)} rows in block {k}, where X has {X.shape[0]}.")
    Y = y.astype(np.float64, copy=False).T
    if weights is not None:
        weights = _numbers(weights, "sample_weight", 1, place)[:, 0].astype(np.float64, copy=False)
        if len(weights) != X.shape[0]:
            raise ValueError(f"sample_weight has {len(weights)} rows in block {k}, where X has {X.shape[0]}.")
        bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0.0)))
        if bad.size:
            raise ValueError(
                f"sample_weight must not be negative, NaN or infinite; got {weights[bad[0]]} in row {first + bad[0]}."
            )
    found = function(X, Y, weights, int(first), *arguments)
    if is_finite is not None and not (is_finite(found) and (weights is None or weights.all())):
        _check_finite("X", X, place, names)
        _check_finite("y", Y.T, place)
    return found


def _numbers(values, name, width, place):
    """A block as an array or CSR matrix of some columns, which need not be what Dask was told that it is."""
    if np.ma.is_masked(values):
        raise TypeError(f"{name} has masked entries {place}: fill them, for example by dask.array.ma.filled.")
    values = values.tocsr() if hasattr(values, "tocsr") else np.asarray(values)
    if values.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold numbers; got the dtype {values.dtype} {place}.")
    if values.ndim == 1 and name != "X":
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != width:
        raise ValueError(f"{name} must have {width} columns in all blocks; got the shape {values.shape} {place}.")
    return values


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
