"""Predictions block by block: lazily for Dask collections, one block after the other for large memmaps and frames."""

import contextlib
import functools

import numpy as np

from ._blocks import has_blocks, row_slices, sliced
from ._images import one_range_warning
from ._validation import is_dask


def by_blocks(method):
    """Let a method of one argument, rows in and rows out, return a Dask array for a Dask array or dataframe.

    A large memmap or Arrow frame is not copied as a whole: the method is called for its blocks.
    """

    @functools.wraps(method)
    def wrapper(self, X, *args, **kwargs):
        if is_dask(X):
            return _lazily(functools.partial(wrapper, self), X, args, kwargs)
        if not has_blocks(X):
            return method(self, X, *args, **kwargs)
        parts = []
        with one_range_warning():
            method(self, sliced(X, slice(0, 1)), *args, **kwargs)  # errors that are not about rows name no block
            for k, rows in enumerate(row_slices(X)):
                with _naming_block(k, rows.start):
                    parts.append(method(self, sliced(X, rows), *args, **kwargs))
        if isinstance(parts[0], tuple):
            return tuple(np.concatenate(values) for values in zip(*parts, strict=True))
        return np.concatenate(parts)

    return wrapper


def _lazily(call, X, args, kwargs):
    import dask
    import dask.array as da

    if hasattr(X, "columns"):
        parts, sizes = X.to_delayed(), [np.nan] * X.npartitions
        starts = [0] + [None] * (X.npartitions - 1)
        example = X._meta_nonempty
    else:
        X = X.rechunk(dict.fromkeys(range(1, X.ndim), -1))
        parts, sizes = X.to_delayed().ravel(), X.chunks[0]
        starts = np.cumsum([0, *sizes[:-1]]).tolist()
        example = np.zeros((1, *X.shape[1:]), dtype=X.dtype)
    try:
        result = call(example, *args, **kwargs)
    except ValueError:  # the example has values that the model does not take, such as unknown labels
        example = X.head(1, npartitions=-1) if hasattr(X, "columns") else X[:1].compute()
        with one_range_warning(told=True):  # blocks do
            result = call(example, *args, **kwargs)
    if not isinstance(result, np.ndarray):
        raise TypeError(
            "X is a Dask collection, for which predictions are lazy if they are one array; with these arguments they"
            f" are a {type(result).__name__}: pass X.compute()."
        )
    run = dask.delayed(_predicted, pure=True)
    blocks = [
        da.from_delayed(run(call, part, k, start, result[:0], args, kwargs), (size, *result.shape[1:]), result.dtype)
        for k, (part, size, start) in enumerate(zip(parts, sizes, starts, strict=True))
    ]
    return da.concatenate(blocks)


def _predicted(call, part, k, start, nothing, args, kwargs):
    """The predictions of the kth block, which begins with row `start`, if that is known; `nothing` for an empty one."""
    with one_range_warning(told=k > 0), _naming_block(k, start):
        return call(part, *args, **kwargs) if len(part) else nothing


@contextlib.contextmanager
def _naming_block(k, start):
    """Let an error about the rows of a block name it."""
    try:
        yield
    except ValueError as error:
        if error.args and isinstance(error.args[0], str):
            begin = "" if start is None or np.isnan(start) else f", which begins with row {int(start)}"
            error.args = f"in block {k}{begin}: {error.args[0]}", *error.args[1:]
        raise
