"""Losses of sampled pairs: slopes, samples, and steps of gradient descent."""

import numpy as np
import pytest

from skreg._factorization.sampled import BPR, WARP, Embeddings, Seen, below, draw, has, shuffle, sweep

LOSSES = [BPR(1), WARP(10)]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("tries", [1, 4])
def test_pair_loss__slope_is_the_derivative(loss, tries):
    for margin in (-30.0, -1.3, 0.0, 0.4, 0.99, 1.7, 30.0):
        h = 1e-6
        (higher, _), (lower, _) = loss.pair_loss(margin + h, tries, 50), loss.pair_loss(margin - h, tries, 50)
        np.testing.assert_allclose(loss.pair_loss(margin, tries, 50)[1], (higher - lower) / (2.0 * h), atol=1e-8)
    for margin in (-800.0, 800.0):
        assert np.isfinite(loss.pair_loss(margin, 1, 50)).all()


def sides(rng, slow=1e12):
    """Users and items with one feature each and some shared; AdaGrad so slow that steps are gradients."""
    built = []
    for n, indptr, indices, data in (
        (4, [0, 1, 3, 5], [0, 1, 3, 2, 3], [1.0, 1.0, 0.5, 1.0, 2.0]),
        (6, [0, 1, 2, 4, 6, 7], [0, 1, 2, 5, 3, 5, 4], [1.0, 1.0, 1.0, 0.7, 1.0, -1.0, 1.0]),
    ):
        vectors = rng.normal(size=(n, 4))
        arrays = np.array(indptr), np.array(indices, dtype=np.int32), np.array(data)
        built.append(Embeddings(*arrays, vectors, np.full(vectors.shape, slow), rng.uniform(size=n)))
    built[0].vectors[:, 0] = 0.0
    return built


def dense(side):
    out = np.zeros((side.indptr.size - 1, len(side.vectors)))
    for row in range(len(out)):
        part = slice(side.indptr[row], side.indptr[row + 1])
        out[row, side.indices[part]] = side.data[part]
    return out


@pytest.mark.plain
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_sweep__step_is_the_gradient_of_loss_and_penalty(loss):
    """One entry and one candidate, so that the sampled item is known."""
    rng = np.random.default_rng(0)
    users, items = sides(rng)
    items.vectors[:, 0] -= 5.0 * (np.arange(6) < 2)  # the known item is behind
    U, V, F, G = users.vectors.copy(), items.vectors.copy(), dense(users), dense(items)
    seen = Seen.of(np.array([0, 0, 1, 1]), np.array([1], dtype=np.int32))
    state, weight = np.array([0, 3], dtype=np.uint64), 0.6

    def objective(flat):
        U, V = flat[:U_size].reshape(-1, 4), flat[U_size:].reshape(-1, 4)
        p, q = F @ U, G @ V
        margin = q[1, 0] - q[3, 0] + p[1, 1:] @ (q[1, 1:] - q[3, 1:])
        return weight * loss.pair_loss(margin, 1, 5)[0]

    U_size, flat = U.size, np.r_[U.ravel(), V.ravel()]
    gradient = np.array([(objective(flat + step) - objective(flat - step)) / 2e-5 for step in 1e-5 * np.eye(flat.size)])
    candidates = np.array([3], dtype=np.int32)
    total = sweep(
        loss, np.array([0]), np.array([1], dtype=np.int32), np.array([weight]), seen, candidates, users, items, 5,
        1e6, state,
    )  # fmt: skip
    np.testing.assert_allclose(total, objective(flat))
    found = np.r_[(U - users.vectors).ravel(), (V - items.vectors).ravel()]
    shrunk = np.zeros((4, 1)), np.zeros((6, 1))
    for row, side, out in ((1, users, shrunk[0]), (1, items, shrunk[1]), (3, items, shrunk[1])):
        for j in side.indices[side.indptr[row] : side.indptr[row + 1]]:
            out[j] += side.shrink[j]
    np.testing.assert_allclose(found, gradient + np.r_[(shrunk[0] * U).ravel(), (shrunk[1] * V).ravel()], atol=1e-4)


def test_sweep__passes_over_a_user_who_has_all_items():
    users, items = sides(np.random.default_rng(0))
    before = items.vectors.copy()
    seen = Seen.of(np.array([0, 5, 5, 5]), np.arange(5, dtype=np.int32))
    rows, weights, state = np.zeros(5, dtype=np.int32), np.ones(5), np.zeros(2, dtype=np.uint64)
    candidates = np.arange(5, dtype=np.int32)
    assert sweep(BPR(1), np.arange(5), rows, weights, seen, candidates, users, items, 5, 0.1, state) == 0.0
    np.testing.assert_array_equal(items.vectors, before)


def test_draw__is_one_of_the_candidates_that_the_user_does_not_have():
    seen = Seen.of(np.array([0, 3, 5]), np.array([0, 2, 5, 1, 3], dtype=np.int32))
    state, candidates = np.array([0, 1], dtype=np.uint64), np.array([0, 1, 2, 3, 4, 4, 4, 5], dtype=np.int32)
    drawn = np.array([draw(state, candidates, seen, 0) for _ in range(4000)])
    assert set(drawn) == {1, 3, 4}
    np.testing.assert_allclose(np.bincount(drawn) / drawn.size, [0, 0.2, 0, 0.2, 0.6], atol=0.03)


@pytest.mark.plain
def test_has__is_exact_and_seldom_searches():
    """In the filter, most pairs that do not occur have no bit, whatever the numbers of users and items."""
    rng = np.random.default_rng(0)
    for n_users, n_items in ((40, 7), (20, 64), (5, 4000)):
        matrix = rng.uniform(size=(n_users, n_items)) < 0.1
        matrix[:, 0] = True
        seen = Seen.of(np.r_[0, np.cumsum(matrix.sum(axis=1))], np.nonzero(matrix)[1].astype(np.int32))
        np.testing.assert_array_equal([[has(seen, u, i) for i in range(n_items)] for u in range(n_users)], matrix)
        assert np.unpackbits(seen.bits).mean() <= 1 / 16


def test_below__is_uniform():
    state = np.array([2**32 - 1000, 7], dtype=np.uint64)
    found = np.array([below(state, 7000) for _ in range(20000)])
    assert (found.min(), found.max()) == pytest.approx((0, 6999), abs=5)
    np.testing.assert_allclose(np.histogram(found, 10, (0, 7000))[0], 2000, rtol=0.1)
    np.testing.assert_allclose(np.corrcoef(found[1:], found[:-1])[0, 1], 0.0, atol=0.02)


def test_shuffle__is_a_permutation_that_has_any_number_in_any_place():
    state, orders = np.array([0, 7], dtype=np.uint64), []
    for _ in range(600):
        orders.append(np.arange(6))
        shuffle(orders[-1], state)
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(6), (600, 1)))
    counts = [np.bincount(column, minlength=6) for column in np.transpose(orders)]
    np.testing.assert_allclose(counts, 100, atol=40)
