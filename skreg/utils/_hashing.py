"""Equal rows of any table: a hash finds them, and a comparison confirms them.

Two rows are equal if they hold the same values in the same columns, whatever stores them: 1, 1.0 and True are equal,
and so are 0.0, -0.0 and an entry that a sparse matrix leaves out. In single precision, numbers are rounded first.
"""

import pickle
from hashlib import blake2b

import numpy as np
import scipy.sparse as sp

_ODD = np.uint64(0x9E3779B97F4A7C15)
_S29, _S32 = np.uint64(29), np.uint64(32)
_ALL = 0xFFFFFFFFFFFFFFFF
_BLOCK = 1 << 16  # values that are hashed or compared at a time: few enough for the cache of a processor


class HashedRows:
    """A table with a hash of every row.

    Parameters
    ----------
    X : ndarray, sparse matrix or list
    single : bool, default=False
        Whether rows count as equal where they are in single precision.
    columns : list of ndarray of shape (n,), default=None
        The columns of X where it is a frame, which may have different types.

    Attributes
    ----------
    keys : ndarray of uint64 of shape (n,)
        A key depends on nothing but the values of its row.
    finite : bool
        Whether no number is infinite in single precision; True without `single`.
    """

    def __init__(self, X, single=False, columns=None):
        self.X = _readable(X) if columns is None else X
        self.columns = columns
        self.single = single
        self.finite = True
        if columns is not None:
            self.keys = np.zeros(len(X), np.uint64)
            for j, column in enumerate(columns):
                self.keys += self._cells(column, _salt(j, single))
        elif sp.issparse(self.X):
            self.keys = self._hash_sparse()
        else:
            self.keys = self._hash_dense()

    def _hash_dense(self):
        n, p = self.X.shape
        keys, salt, size = np.empty(n, np.uint64), _salt(np.arange(p), self.single), max(_BLOCK // max(p, 1), 1)
        for low in range(0, n, size):
            keys[low : low + size] = np.einsum("ij->i", self._cells(self.X[low : low + size], salt))
        return keys

    def _hash_sparse(self):
        X = self.X
        keys, low = np.zeros(X.shape[0], np.uint64), 0
        while low < X.shape[0]:
            high = max(int(np.searchsorted(X.indptr, X.indptr[low] + _BLOCK, side="right")) - 1, low + 1)
            entries = slice(X.indptr[low], X.indptr[high])
            cells = self._cells(X.data[entries], _salt(X.indices[entries], self.single))
            ends = np.append(np.uint64(0), np.cumsum(cells))  # sums overflow, and so do their differences
            keys[low:high] = np.diff(ends[X.indptr[low : high + 1] - X.indptr[low]])
            low = high
        return keys

    def _cells(self, values, salt):
        """A number for every value and its column; 0 for zeros."""
        if self.single:
            values = _rounded(values)
            self.finite = self.finite and not bool(np.isinf(values).any())
            patterns = values.view(np.uint32).astype(np.uint64)
        else:
            patterns = _patterns(values)
        cells = _scramble(patterns ^ salt)
        cells[patterns == 0] = 0
        return cells

    def equal(self, a, b):
        """Whether row ``a[i]`` is equal to row ``b[i]``, for arrays of row numbers; a boolean array."""
        out = np.ones(len(a), dtype=bool)
        if self.columns is not None:
            for column in self.columns:
                out &= self._same(column[a], column[b])
            return out
        p = self.X.nnz // max(self.X.shape[0], 1) if sp.issparse(self.X) else self.X.shape[1]
        size = max(_BLOCK // max(p, 1), 1)
        for low in range(0, len(a), size):
            some = slice(low, low + size)
            if sp.issparse(self.X):
                left, right = (X.astype(np.float32) if self.single else X for X in (self.X[a[some]], self.X[b[some]]))
                different = sp.csr_array(left != right)
                out[some] = np.diff(different.indptr) == 0
            else:
                out[some] = self._same(self.X[a[some]], self.X[b[some]]).all(axis=1)
        return out

    def _same(self, a, b):
        if a.dtype.kind in "mM":
            a, b = a.view(np.int64), b.view(np.int64)
        if self.single:
            a, b = _rounded(a), _rounded(b)
        if a.dtype.kind == "O":
            pairs = zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)
            return np.fromiter((_content(x) == _content(y) for x, y in pairs), bool, a.size).reshape(a.shape)
        same = a == b
        return same | ((a != a) & (b != b)) if a.dtype.kind == "f" else same

    def content(self, row):
        """The values of a row in a form that can be sorted, and is the same for equal rows only."""
        if self.columns is not None:
            values = np.array([column[row] for column in self.columns], dtype=object)
        elif sp.issparse(self.X):
            values = self.X[[row]].toarray().ravel()
        else:
            values = self.X[row]
        return tuple(map(_content, (_rounded(values) if self.single else values).tolist()))


def group_equal(tables):
    """Group the rows that are equal in all of some tables.

    Parameters
    ----------
    tables : sequence of HashedRows
        With the same number of rows.

    Returns
    -------
    order : ndarray of int of shape (n,)
        The rows, equal ones next to each other in their original order. The order of the groups depends on their values
        only, not on the order of the rows.
    first : ndarray of bool of shape (n,)
        Whether a group begins at a place of `order`.
    """
    keys = tables[0].keys
    for table in tables[1:]:
        keys = keys * np.uint64(3) + table.keys
    order = np.argsort(keys, kind="stable")
    in_order = keys[order]
    first = np.concatenate([[True], in_order[1:] != in_order[:-1]])
    del in_order, keys  # each as large as a feature
    if first.all():
        return order, first
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], first.size)
    group = np.cumsum(first) - 1
    later = np.flatnonzero(~first)
    leaders, followers = order[starts[group[later]]], order[later]
    collided = np.zeros(later.size, dtype=bool)
    for table in tables:
        collided |= ~table.equal(leaders, followers)
    for g in np.unique(group[later[collided]]):  # different rows of one hash: sorted by what they hold
        rows = order[starts[g] : ends[g]].tolist()
        contents = {row: tuple(table.content(row) for table in tables) for row in rows}
        rows.sort(key=contents.__getitem__)
        order[starts[g] : ends[g]] = rows
        changes = [contents[a] != contents[b] for a, b in zip(rows[1:], rows[:-1], strict=True)]
        first[starts[g] + 1 : ends[g]] = changes
    return order, first


def _readable(X):
    """X as a canonical CSR matrix or an array of shape (n, p)."""
    if sp.issparse(X):
        if X.format == "csr" and X.has_canonical_format:
            return X
        X = X.tocsr(copy=True)
        X.sum_duplicates()
        return X
    values = X if hasattr(X, "__array__") else np.array(X, dtype=object if isinstance(X[0], str) else None)
    values = np.asarray(values)
    return values.reshape(len(values), -1)


def _rounded(values):
    """Values in single precision, without -0.0, in rows one after another."""
    with np.errstate(over="ignore"):
        return np.add(values, np.float32(0.0), dtype=np.float32, order="C", casting="unsafe")


def _scramble(x):
    """A bijection of 64-bit numbers (Degski's hash), in place."""
    x ^= x >> _S32
    x *= _ODD
    x ^= x >> _S29
    x *= _ODD
    x ^= x >> _S32
    return x


def _salt(columns, single):
    """What makes equal values differ from column to column: the half of a pattern that single precision leaves free."""
    columns = np.asarray(columns).astype(np.uint64)
    return columns << _S32 if single else columns * _ODD


def _patterns(values):
    """Values as 64-bit patterns: equal numbers of all types have equal ones, and zero has 0."""
    if values.dtype.kind in "OUS":
        flat = values.ravel().tolist()
        return np.fromiter(map(_object_pattern, flat), np.uint64, len(flat)).reshape(values.shape)
    if values.dtype.kind not in "biuf":  # dates
        values = values.view(np.int64)
    floats = values.astype(np.float64, order="C") + 0.0  # not -0.0
    bits = floats.view(np.uint64)
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8:  # what a double does not hold
        with np.errstate(invalid="ignore"):  # beyond the largest, where a double rounds up
            rest = values - floats.astype(values.dtype)
        return bits ^ (rest.astype(np.uint64) * _ODD)
    return bits


def _is_number(value):
    kinds = (bool, int, float, np.bool_, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, np.timedelta64)


def _object_pattern(value):
    if _is_number(value):
        return _patterns(np.array([value]))[0] if not abs(value) >= 2**63 else hash(value) & _ALL
    return int.from_bytes(blake2b(_content(value)[1], digest_size=8).digest(), "little")


def _content(value):
    """A value as its kind and bytes, the same for equal ones only."""
    if _is_number(value):
        whole = isinstance(value, (int, np.integer, np.bool_)) or float(value).is_integer()
        return "number", (str(int(value)) if whole else repr(float(value))).encode()
    return ("text", value.encode()) if isinstance(value, str) else ("other", pickle.dumps(value))
