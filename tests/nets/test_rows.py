"""Rows of X for a net: the memory order of X changes neither values nor cost."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from skreg._nets.context import Context
from skreg._nets.objectives import SquaredError
from skreg._nets.training.batches import Batches
from skreg._nets.training.evaluation import _KEPT_VALUES, MeanLoss
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


class Seen:
    """Stands in for a net: the sums of its rows, and how often they are made."""

    dtype, n_channels, n_members, n_products, size_per_row = np.dtype(F), None, 1, 0, 1

    def __init__(self, width):
        self.made = 0
        self.inputs = self
        self.width, self.keeps_zeros = width, False

    def read_as(self, dtype, wanted):
        return wanted

    def __call__(self, x, other):
        if isinstance(other, Context):
            return x.sum(axis=1, keepdims=True), None
        self.made += 1
        return np.repeat(x, self.width, axis=1)[:, : self.width]

    def idle_context(self):
        return Context()

    def give_back(self, ctx):
        pass


@pytest.mark.parametrize(
    ("make", "n", "width", "is_kept"),
    [
        (np.asarray, 300, 7, True),
        (np.asarray, 300, _KEPT_VALUES // 300, True),
        (np.asarray, 300, _KEPT_VALUES // 300 + 1, False),
        (sp.csr_array, 300, 7, False),
    ],
)
def test_mean_loss__keeps_what_a_net_sees_of_few_dense_rows(make, n, width, is_kept):
    net, targets = Seen(width), Targets(np.zeros((n, 1), F), None)
    loss = MeanLoss(make(X[:, :1]), targets, np.ones(n, F), np.arange(n))
    values = [loss(net, SquaredError()) for _ in range(3)]
    assert values[0] == values[1] == values[2] == pytest.approx(0.5 * np.mean((width * X[:, 0]) ** 2), rel=1e-4)
    n_chunks = len(list(iter_chunks(X[:, :1], np.arange(n), F, inputs=net)))
    net.made -= n_chunks
    assert net.made == n_chunks * (1 if is_kept else 3)
