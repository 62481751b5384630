"""Rows of whatever holds them: arrays, sparse matrices, frames of pandas or polars, lists."""

import importlib
import pickle
from hashlib import blake2b

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _num_samples

_ODD = np.uint64(0x9E3779B97F4A7C15)
_S29, _S32 = np.uint64(29), np.uint64(32)
_ALL = 0xFFFFFFFFFFFFFFFF
_AT_ONCE = 1 << 20  # elements that are hashed together


def readable(X):
    """X as something that rows can be taken from: a frame, an array, a sparse matrix, or a list of other things."""
    (X,) = indexable(X)
    nested = isinstance(X, (list, tuple)) and len(X) and isinstance(X[0], (list, tuple, np.ndarray))
    if nested or (hasattr(X, "__array__") and not is_framed(X)):
        X = np.asarray(X)
    if getattr(getattr(X, "dtype", None), "kind", None) == "c":
        raise ValueError(f"Complex data not supported: X has {X.dtype} entries.")
    return X


def is_framed(X):
    """Whether this is a frame or a series of pandas or polars."""
    return type(X).__module__.startswith(("pandas", "polars"))


def n_rows(X):
    """How many there are."""
    return _num_samples(X)


def take(X, rows):
    """Some of them."""
    return _safe_indexing(X, rows)


def stack(parts):
    """Rows of several holders of one kind, one after another."""
    first = parts[0]
    if any(sp.issparse(X) for X in parts):
        return sp.vstack(parts, format="csr")
    if is_framed(first) and all(type(X) is type(first) for X in parts):
        library = importlib.import_module(type(first).__module__.partition(".")[0])
        return library.concat(parts, **({"ignore_index": True} if library.__name__ == "pandas" else {}))
    if isinstance(first, list):
        return [row for X in parts for row in X]
    return np.concatenate([np.asarray(X) for X in parts])


def stack_weights(parts):
    """Weights of the rows of several parts, which have `n` rows and `weights`; None where none has any."""
    if all(part.weights is None for part in parts):
        return None
    return np.concatenate([np.ones(part.n) if part.weights is None else part.weights for part in parts])


def like(y, values):
    """Targets in the form that others have: list, array, series or frame."""
    if isinstance(y, list):
        return values.tolist()
    if not is_framed(y):
        return values.astype(y.dtype, copy=False)
    if hasattr(y, "iloc"):
        if hasattr(y, "columns"):
            return type(y)(values, columns=y.columns).astype(y.dtypes)
        return type(y)(values, name=y.name, dtype=y.dtype)
    return type(y)(values, schema=y.schema) if hasattr(y, "columns") else type(y)(y.name, values, dtype=y.dtype)


def distinct(X, y):
    """Distinct rows with their targets, in an order that does not depend on how they came.

    Returns
    -------
    first : ndarray of int of shape (n_distinct,)
        Their first places.
    place : ndarray of int of shape (n,)
        The place of every row among them.
    """
    keys = hashes(X) * np.uint64(3) + hashes(y)
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    return first, place


def hashes(X):
    """64-bit hash of every row, whatever other rows there are in what order; frames hash as arrays do."""
    if sp.issparse(X):
        X = X.tocsr(copy=True)
        X.sum_duplicates()
        X.eliminate_zeros()
        cells = np.append(_scrambled(_bits(X.data) ^ _salt(X.indices)), np.uint64(0))
        sums = np.cumsum(cells) - cells  # before every element; they overflow, and so do their differences
        return np.diff(sums[X.indptr])
    if hasattr(X, "columns"):
        return sum(_scrambled(_bits(np.asarray(X[name])) ^ _salt(j)) for j, name in enumerate(X.columns))
    values = X if hasattr(X, "__array__") else np.array(X, dtype=object if isinstance(X[0], str) else None)
    values = np.asarray(values)
    values = values.reshape(len(values), -1)
    out = np.empty(len(values), np.uint64)
    salt, step = _salt(np.arange(values.shape[1])), max(_AT_ONCE // max(values.shape[1], 1), 1)
    for low in range(0, len(out), step):
        out[low : low + step] = _scrambled(_bits(values[low : low + step]) ^ salt).sum(axis=1, dtype=np.uint64)
    return out


def _scrambled(x):
    """A bijection of 64-bit numbers (Degski's hash)."""
    x = (x ^ (x >> _S32)) * _ODD
    x = (x ^ (x >> _S29)) * _ODD
    return x ^ (x >> _S32)


def _salt(columns):
    """What makes equal numbers differ from column to column."""
    return np.asarray(columns).astype(np.uint64) * _ODD


def _bits(values):
    """Entries as 64-bit patterns: equal numbers of all types have equal ones."""
    if values.dtype.kind in "OUS":
        flat = values.ravel().tolist()
        return np.fromiter(map(_object_bits, flat), np.uint64, len(flat)).reshape(values.shape)
    if values.dtype.kind not in "biuf":  # dates
        values = values.view(np.int64)
    floats = values.astype(np.float64) + 0.0  # not -0.0
    bits = floats.view(np.uint64)
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8:  # what a double does not hold
        with np.errstate(invalid="ignore"):  # beyond the largest, where a double rounds up
            rest = values - floats.astype(values.dtype)
        return bits ^ (rest.astype(np.uint64) * _ODD)
    return bits


def _object_bits(value):
    if isinstance(value, (bool, int, float, np.integer, np.floating)) and not isinstance(value, np.timedelta64):
        return _bits(np.array([value]))[0] if not abs(value) >= 2**63 else hash(value) & _ALL
    content = value.encode() if isinstance(value, str) else pickle.dumps(value)
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")
