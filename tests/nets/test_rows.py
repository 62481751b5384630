"""Rows of X for a net: the memory order of X changes neither values nor cost."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from skreg._nets.training.batches import Batches
from skreg._nets.training.rows import Targets, dense_rows, iter_chunks

F = np.float32
X = np.random.default_rng(0).standard_normal((300, 7))
ORDERS = {
    "C": lambda A: A,
    "Fortran": np.asfortranarray,
    "every second column": lambda A: np.repeat(A, 2, axis=1)[:, ::2],
    "reversed": lambda A: A[::-1].copy()[::-1],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_rows__are_contiguous_whatever_the_order_of_x(order, dtype):
    rows = np.random.default_rng(1).permutation(300)[:50]
    found = dense_rows(ORDERS[order](X), rows, dtype)
    assert found.flags.c_contiguous
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, X[rows].astype(dtype))


@pytest.mark.parametrize("order", ORDERS)
def test_dense_rows__memory_does_not_depend_on_the_size_of_x(order):
    large = ORDERS[order](np.zeros((100_000, 10)))
    rows = np.arange(0, 100_000, 10_000)
    tracemalloc.start()
    dense_rows(large, rows, np.float32)
    assert tracemalloc.get_traced_memory()[1] < 10_000  # X has 8 million bytes
    tracemalloc.stop()


@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, sp.csr_array])
def test_iter_chunks__cover_the_rows_in_order(make):
    rows = np.random.default_rng(1).permutation(10_000)
    many = np.random.default_rng(0).standard_normal((10_000, 3))
    found = np.empty((10_000, 3), np.float32)
    for at, x in iter_chunks(make(many), rows, np.float32):
        found[at] = (
            x if isinstance(x, np.ndarray) else x.dot(np.eye(3, dtype=np.float32), np.empty(x.shape, np.float32))
        )
    np.testing.assert_array_equal(found, many[rows].astype(np.float32))


@pytest.mark.parametrize("n_steps", [4, 9, 13])
def test_batches__more_steps_than_a_pass_go_over_the_rows_again(n_steps):
    ids = np.arange(103.0)[:, None]
    source = Batches(ids, Targets(ids, None), np.ones(103), np.arange(3, 103), 32, n_steps=n_steps)
    seen = [x.ravel() for x, *_ in source.epoch(np.random.default_rng(0))]
    assert len(seen) == source.n_steps == n_steps
    assert [len(x) for x in seen] == [25] * n_steps
    counts = np.bincount(np.concatenate(seen).astype(int), minlength=103)[3:]
    assert set(counts) <= {n_steps // 4, -(-n_steps // 4)}
