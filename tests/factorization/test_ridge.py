"""The kernels of alternating least squares beside dense linear algebra."""

import numpy as np
import pytest

from skreg._factorization.als import AlternatingRidge, Penalties, Table
from skreg._factorization.entries import Entries
from skreg._factorization.ridge import solve_rows
from skreg._factorization.workers import Workers

RNG = np.random.default_rng(0)


@pytest.mark.plain
def test_solve_rows__is_the_closed_form():
    Z = RNG.normal(size=(9, 4))
    indptr, indices = np.array([0, 5, 5, 14]), np.r_[RNG.permutation(9)[:5], np.arange(9)].astype(np.int32)
    extra, pull, offset = RNG.uniform(size=14), RNG.normal(size=14), RNG.normal(size=9)
    gram, ridge, scale = np.array([0.5, 0.0, 2.0, 0.3]), np.array([0.1, 1.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0])
    X, decrease = RNG.normal(size=(3, 4)), np.empty(3)

    def value(u, x):
        e = slice(indptr[u], indptr[u + 1])
        scores = Z[indices[e]] @ x + offset[indices[e]]
        return 0.5 * (gram + scale[u] * ridge) @ x**2 + 0.5 * extra[e] @ scores**2 - pull[e] @ (Z[indices[e]] @ x)

    before = [value(u, X[u]) for u in range(3)]
    solve_rows(
        0, 3, indptr, indices, extra, pull, offset, Z, (Z**2).mean(axis=0), gram, ridge, scale, 1e-12, X, decrease
    )
    for u in range(3):
        e = slice(indptr[u], indptr[u + 1])
        rows = Z[indices[e]]
        H = np.diag(gram + scale[u] * ridge) + rows.T * extra[e] @ rows
        np.testing.assert_allclose(
            X[u], np.linalg.solve(H, rows.T @ (pull[e] - extra[e] * offset[indices[e]])), atol=1e-12
        )
        np.testing.assert_allclose(decrease[u], before[u] - value(u, X[u]))


def dense_problem(n_users=7, n_items=5, rank=3):
    """Counts, their confidence, and random factors."""
    counts = RNG.poisson(0.8, size=(n_users, n_items)) + np.eye(n_users, n_items)
    users, items = np.nonzero(counts)
    entries = Entries(users, items, np.ones(users.size), counts[users, items], n_users, n_items)
    return counts, entries, RNG.normal(size=(n_users, rank)), RNG.normal(size=(n_items, rank))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_background__step_and_objective_are_those_of_the_dense_weighted_problem(power):
    counts, entries, P, Q = dense_problem()
    C, wanted = 1.0 + 3.0 * counts, (counts > 0.0).astype(float)
    frequencies = C.sum(axis=1), C.sum(axis=0)
    penalties = Penalties.of(0.2, 0.0, *frequencies, power)
    with Workers(1) as workers:
        ridge = AlternatingRidge(
            entries, np.ones(entries.n), 3.0 * entries.weights, penalties, workers, 1.0, fit_intercept=False
        )
        users, items = Table(P.copy(), False), Table(Q.copy(), False)
        own = [0.2 / len(n) * (n / n.mean()) ** power for n in frequencies]

        def objective(P):
            loss = 0.5 * (C * (wanted - P @ Q.T) ** 2).sum() / C.sum()
            return loss + 0.5 * (own[0] @ (P**2).sum(axis=1) + own[1] @ (Q**2).sum(axis=1))

        np.testing.assert_allclose(ridge.evaluate(users, items, 0.0), (objective(P), 0.0))
        fell = ridge.step(0, users, items, 0.0, accuracy=1e-12)
        np.testing.assert_allclose(fell, objective(P) - objective(users.X))
        for u in range(len(P)):
            H = Q.T * C[u] @ Q / C.sum() + own[0][u] * np.eye(3)
            np.testing.assert_allclose(users.X[u], np.linalg.solve(H, Q.T @ (C[u] * wanted[u]) / C.sum()))
        np.testing.assert_allclose(ridge.null_loss(), 0.5 * (C * wanted).sum() / C.sum())


def test_workers__share_the_rows_whatever_their_number():
    seen = np.zeros(50, dtype=int)

    def kernel(first, last, out):
        out[first:last] += 1

    for n_threads in (1, 2, 5):
        for n in (0, 1, 3, 50):
            seen[:] = 0
            with Workers(n_threads) as workers:
                workers.run(kernel, np.arange(n + 1) ** 2, seen)
            np.testing.assert_array_equal(seen, np.arange(50) < n)


def test_entries__merge_rows_of_the_same_pair():
    users, items = np.array([1, 0, 1, 1]), np.array([0, 2, 0, 1])
    entries = Entries(users, items, np.array([1.0, 2.0, 4.0, 5.0]), np.array([1.0, 1.0, 2.0, 1.0]), 2, 3)
    np.testing.assert_array_equal(entries.by_user.indices, [2, 0, 1])
    np.testing.assert_array_equal(entries.by_item.indices, [1, 1, 0])
    np.testing.assert_array_equal(entries.values, [2.0, 3.0, 5.0])
    np.testing.assert_array_equal(entries.weights, [1.0, 3.0, 1.0])
    np.testing.assert_array_equal(entries.by_item.sums(entries.weights), [3.0, 1.0, 1.0])
    np.testing.assert_array_equal(entries.by_user.sums(np.array([1e17, 1.0, 1.0])), [1e17, 2.0])  # nothing cancels
    assert entries.within == (1.0 - 3.0) ** 2 + 2.0 * (4.0 - 3.0) ** 2


def test_entries__sides_are_sorted_and_know_the_order_of_the_users():
    users, items = RNG.integers(0, 6, 30), RNG.integers(0, 8, 30)
    entries = Entries(users, items, RNG.normal(size=30), np.ones(30), 7, 9)  # the last user and item have no entry
    pairs = np.unique(np.column_stack([users, items]), axis=0)
    for side, own, other in ((entries.by_user, 0, 1), (entries.by_item, 1, 0)):
        np.testing.assert_array_equal(side.rows, pairs[side.order, own])
        np.testing.assert_array_equal(side.indices, pairs[side.order, other])
        np.testing.assert_array_equal(side.order, np.lexsort((pairs[:, other], pairs[:, own])))
        assert (side.indptr.dtype, side.indices.dtype) == (np.int64, np.int32)


def test_single_precision__steps_as_far_as_double_and_ends_where_digits_are_needed():
    _, entries, P, Q = dense_problem(30, 20, 4)
    penalties = Penalties.of(0.1, 0.0, np.ones(30), np.ones(20), 0.0)
    with Workers(1) as workers:
        ridge = AlternatingRidge(entries, entries.values, entries.weights, penalties, workers, 1.0, False)
        found = []
        for dtype in (np.float32, np.float64):
            users, items = Table(P.copy(), False), Table(Q.copy(), False)
            found.append([ridge.step(0, users, items, 0.0, dtype=dtype), *users.factors.ravel()])
        np.testing.assert_allclose(*found, rtol=2e-5, atol=1e-5)
        fitted = ridge.fit(Table(0.1 * P, False), Table(0.1 * Q, False), 500, 1e-12)
        assert fitted.converged
        assert ridge.stationarity(fitted.users, fitted.items, 0.0) <= 1e-12 * ridge.null_loss()
        huge = AlternatingRidge(entries, 1e30 * entries.values, entries.weights, penalties, workers, 1.0, False)
        assert (ridge._may_be_single, huge._may_be_single) == (True, False)
