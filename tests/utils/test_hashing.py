"""Equal rows are found whatever stores them, and rows of one hash are compared."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from skreg.utils import _hashing
from skreg.utils._hashing import HashedRows, group_equal
from skreg.utils._rows import distinct, hashed, take

INVERSE = pow(0x9E3779B97F4A7C15, -1, 2**64)


def table():
    X = np.random.default_rng(0).integers(0, 3, (200, 4)).astype(float)
    X[:, 3] = X[:, 0]
    return X


def holders():
    X = table()
    frame = pd.DataFrame(X, columns=list("abcd"))
    mixed = pd.DataFrame(X, columns=list("abcd")).assign(a=np.array(["x", "y", "z"])[X[:, 0].astype(int)])
    return {
        "float64": X,
        "float32": X.astype(np.float32),
        "Fortran": np.asfortranarray(X),
        "int": X.astype(int),
        "object": X.astype(object),
        "list": X.tolist(),
        "frame": frame,
        "frame of text and numbers": mixed,
        "texts": [str(row) for row in X.tolist()],
        "sparse": sp.csr_array(X),
        "sparse by columns": sp.csc_matrix(X),
    }


@pytest.mark.parametrize("name", holders())
def test_hashed_rows__keys_are_equal_where_rows_are(name):
    _, wanted = np.unique(table(), axis=0, return_inverse=True)
    rows = holders()[name]
    keys = hashed(rows).keys
    _, found = np.unique(keys, return_inverse=True)
    assert (np.equal.outer(found, found) == np.equal.outer(wanted, wanted)).all()
    order = np.random.default_rng(1).permutation(200)
    shuffled = [rows[k] for k in order] if isinstance(rows, list) else take(rows, order)
    assert (hashed(shuffled).keys == keys[order]).all()
    if name not in ("texts", "frame of text and numbers"):
        assert (keys == HashedRows(table()).keys).all()


@pytest.mark.parametrize("single", [True, False])
def test_hashed_rows__sparse_and_dense_have_the_same_keys(single):
    X = table() - 1.0
    keys = HashedRows(X, single).keys
    for same in (sp.csr_array(X), np.asfortranarray(X), X[:, ::-1].copy()[:, ::-1], X.astype(np.float32)):
        assert (HashedRows(same, single).keys == keys).all()
    assert len(set(HashedRows(np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, 2.0]]), single).keys)) == 3


def test_hashed_rows__zeros_of_all_kinds_are_one_value():
    stored = sp.csr_array((np.array([1.0, 0.0, 1.0]), ([0, 0, 1], [0, 1, 0])), shape=(2, 2))
    assert len(set(HashedRows(stored).keys)) == 1
    assert len(set(HashedRows(np.array([[0.0], [-0.0]])).keys)) == 1


def test_hashed_rows__numbers_beyond_double_precision_differ():
    large = 2**60 + np.arange(4)
    for different in (["01", "1", "1.0", "2"], large, large.astype(object), np.array([[2**53], [2**53 + 1]])):
        assert len(set(HashedRows(different).keys)) == len(different)


def test_hashed_rows__single_precision_rounds_and_finds_overflow():
    X = np.array([[1.0], [1.0 + 1e-12], [1.0 + 1e-3]])
    assert len(set(HashedRows(X, single=True).keys)) == 2
    assert HashedRows(X, single=True).finite
    for large in (np.array([[1e39]]), sp.csr_array([[1e39]])):
        assert not HashedRows(large, single=True).finite


def inverse(x):
    """The number that the hash maps to x."""
    x ^= x >> 32
    x = x * INVERSE % 2**64
    x ^= (x >> 29) ^ (x >> 58)
    x = x * INVERSE % 2**64
    return x ^ (x >> 32)


def test_group_equal__a_collision_made_on_purpose_loses_no_row():
    cells = lambda row: int(HashedRows(np.array([row])).keys[0])  # noqa: E731
    rest = (cells([1.0, 2.0]) - cells([3.0, 0.0])) % 2**64
    crafted = np.array([inverse(rest) ^ int(_hashing._ODD)], dtype=np.uint64).view(np.float64)[0]
    X = np.array([[1.0, 2.0], [3.0, crafted], [1.0, 2.0], [5.0, 6.0]])
    keys = HashedRows(X).keys
    assert keys[0] == keys[1]
    first, place = distinct(X, np.zeros(4))
    assert len(first) == 3
    assert (X[first][place] == X).all()


@pytest.mark.parametrize("name", holders())
@pytest.mark.parametrize("bits", [0, 2])
def test_group_equal__weak_hashes_give_the_same_groups(monkeypatch, name, bits):
    monkeypatch.setattr(_hashing, "_scramble", lambda x: x & np.uint64(2**bits - 1))
    _, wanted = np.unique(table(), axis=0, return_inverse=True)
    rows = holders()[name]
    first, place = distinct(rows, np.zeros(200))
    assert (np.equal.outer(place, place) == np.equal.outer(wanted, wanted)).all()
    assert (place[first] == np.arange(len(first))).all()
    order = np.random.default_rng(1).permutation(200)
    shuffled = [rows[k] for k in order] if isinstance(rows, list) else take(rows, order)
    assert (distinct(shuffled, np.zeros(200))[1] == place[order]).all()  # groups come in an order of their own


def test_group_equal__rows_of_all_tables_must_be_equal():
    X, y = np.array([[1.0], [1.0], [1.0], [np.nan], [np.nan]]), np.array([0, 1, 0, 2, 2])
    order, first = group_equal([HashedRows(X), HashedRows(y)])
    groups = np.split(order, np.flatnonzero(first)[1:])
    assert sorted(map(tuple, groups)) == [(0, 2), (1,), (3, 4)]


@pytest.mark.parametrize("rows", [["ab", "c", "ab"], [[1, 2], [3], [1, 2]]])
def test_distinct__lists_of_texts_and_of_sequences(rows):
    cells = np.empty(3, dtype=object)
    cells[:] = rows
    first, place = distinct(cells)
    assert sorted(first) == [0, 1]
    assert place[0] == place[2] != place[1]
