"""Penalties of whole vectors: prox, conjugates and dual norms by their definitions, faces, and what leaves zero."""

import itertools

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from skreg._core.loops import certificates, vector
from skreg._core.parts.fused_l1 import FusedL1, fuse
from skreg._core.parts.sorted_l1 import SortedL1, sorted_entry_alphas

pytestmark = pytest.mark.plain

P = 6
PENALTIES = {
    "slope": SortedL1(np.array([1.1, 0.8, 0.8, 0.3, 0.2, 0.1]), 0.0),
    "slope with ridge": SortedL1(np.array([0.9, 0.7, 0.3, 0.3, 0.0, 0.0]), 0.4),
    "largest magnitude": SortedL1(np.array([1.5, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.0),
    "fused": FusedL1(0.2, 0.5, P),
    "differences": FusedL1(0.0, 0.7, P),
    "lasso": FusedL1(0.6, 0.0, P),
}
POINTS = [
    np.array(v)
    for v in ([2.0, -1.9, 0.1, 0.0, 1.2, -1.2], [0.3, 0.4, 0.35, -0.2, -0.1, 3.0], [-1.0, -1.0, -1.0, 1.5, 1.4, 0.2])
]


def value(pen, w):
    """By the formula in the docstring."""
    if isinstance(pen, SortedL1):
        return np.sort(np.abs(w))[::-1] @ pen.weights + 0.5 * pen.l2 * w @ w
    return pen.l1 * np.abs(w).sum() + pen.jump * np.abs(np.diff(w)).sum()


@pytest.mark.parametrize("v", POINTS)
@pytest.mark.parametrize("name", PENALTIES)
def test_vector_penalties__prox_is_the_minimizer(name, v):
    pen, step, w = PENALTIES[name], 0.7, v.copy()
    pen.prox_all(w, step)
    assert certificates.penalty_value(pen, w) == pytest.approx(value(pen, w))

    def objective(u):
        return np.sum((u - v) ** 2) / (2 * step) + value(pen, u)

    rng = np.random.default_rng(0)
    for _ in range(200):
        move = 10.0 ** rng.uniform(-6, 0) * rng.standard_normal(P) * (rng.random(P) < 0.5)
        assert objective(w) <= objective(w + move) + 1e-12
    c = (v - w) / step
    # equality in Fenchel's inequality: the conjugate is right at c
    assert value(pen, w) + certificates.conjugate_value(pen, c, 1.0) == pytest.approx(c @ w, abs=1e-10)


@pytest.mark.parametrize("limit", [0.05, 0.4, 20.0])
@pytest.mark.parametrize("n", [1, 2, 30])
def test_fuse__is_the_dual_bounded_least_squares(n, limit):
    v = np.random.default_rng(n).standard_normal(n)
    w, D = v.copy(), np.diff(np.eye(n), axis=0)
    fuse(w, limit)
    expected = v
    if n > 1:
        expected = v - D.T @ lsq_linear(D.T, v, (-limit, limit), method="bvls", tol=1e-14).x
    np.testing.assert_allclose(w, expected, atol=1e-9)
    if limit == 20.0:
        assert np.unique(w).size == 1
        assert w[0] == pytest.approx(v.mean())


def unit_ball(name):
    """Vectors of which all points of penalty at most 1 are convex combinations, not divided by their penalty."""
    if name == "largest magnitude" or name.startswith("slope"):
        return [np.array(v, float) for v in itertools.product([-1, 0, 1], repeat=P) if any(v)]
    ends = itertools.combinations(range(P + 1), 2)
    return [s * ((np.arange(P) >= i) & (np.arange(P) < j)) for i, j in ends for s in (-1.0, 1.0)]


@pytest.mark.parametrize("c", POINTS)
@pytest.mark.parametrize("name", [name for name, pen in PENALTIES.items() if pen.l2 == 0.0])
def test_vector_penalties__gauge_is_the_dual_norm(name, c):
    pen = PENALTIES[name]
    if name == "differences":
        assert pen.gauge(c) == np.inf
        assert pen.block_feasible_scale(c, 0) == 0.0
        c = c - c.mean()
    expected = max(c @ v / value(pen, v) for v in unit_ball(name) if value(pen, v) > 0.0)
    assert pen.gauge(c) == pytest.approx(expected, rel=1e-12)
    feasible, vanishing = certificates.dual_scales(pen, c)
    assert feasible == vanishing == pytest.approx(min(1.0, 1.0 / expected))
    assert certificates.conjugate_value(pen, c, feasible) == 0.0
    if expected > 1.0:
        assert certificates.conjugate_value(pen, c, feasible * (1.0 + 1e-6)) == np.inf


@pytest.mark.parametrize("c", POINTS)
def test_sorted_l1__conjugate_with_ridge_is_the_supremum(c):
    pen = PENALTIES["slope with ridge"]
    bound = certificates.conjugate_value(pen, c, 0.8)
    rng = np.random.default_rng(1)
    W = rng.standard_normal((2000, P)) * 10.0 ** rng.uniform(-2, 1, (2000, 1))
    assert all(0.8 * c @ w - value(pen, w) <= bound + 1e-12 for w in W)
    flat = pen.block_vanishing_scale(c, 0)
    assert certificates.conjugate_value(pen, c, flat * (1 - 1e-12)) == pytest.approx(0.0, abs=1e-9)
    assert pen.block_feasible_scale(c, 0) == 1.0


@pytest.mark.parametrize("weights", [[1.1, 0.8, 0.8, 0.3, 0.2, 0.1], [1.0] * 6, [1.5, 0.5, 0.0, 0.0, 0.0, 0.0]])
@pytest.mark.parametrize("c", POINTS)
def test_sorted_entry_alphas__are_those_of_the_largest_maximizer(weights, c):
    """What leaves zero are the largest magnitudes, as many as maximize their sum minus alpha times the weights."""
    weights = np.array(weights)
    entry = sorted_entry_alphas(np.abs(c), weights)
    order = np.argsort(-np.abs(c), kind="stable")
    for alpha in (0.3, 0.9, 1.3, 2.1):
        gains = np.append(0.0, np.cumsum(np.abs(c)[order] - alpha * weights))
        k = np.flatnonzero(gains >= gains.max() - 1e-13)[-1]
        np.testing.assert_array_equal(np.sort(order[:k]), np.flatnonzero(entry >= alpha))
    assert entry.max() == pytest.approx(SortedL1(weights, 0.0).gauge(c))


@pytest.mark.parametrize("name", PENALTIES)
def test_faces__the_penalty_is_linear_in_the_values_of_clusters(name):
    pen = PENALTIES[name]
    for w in (POINTS[0], POINTS[2], np.array([0.0, 0.0, 1.0, 1.0, -1.0, 0.0])):
        face = vector.face_of(pen, w)
        z = face.values(w)
        np.testing.assert_array_equal(face.spread(z), w)
        move = 1e-3 * np.random.default_rng(0).standard_normal(z.size)
        change = value(pen, face.spread(z + move)) - value(pen, w)
        u = face.spread(z + move)
        assert change == pytest.approx(face.slope @ move + 0.5 * pen.l2 * (u @ u - w @ w), abs=1e-12)
        np.testing.assert_allclose(face.total(np.ones((w.size, 2)))[:, 0], face.total(np.ones(w.size)))


def test_minimum_on__merges_what_passes_each_other():
    """On orthonormal columns the minimum on a face that holds the solution is the prox."""
    pen, v = SortedL1(np.array([1.0, 0.6, 0.3, 0.1]), 0.0), np.array([3.0, 2.5, -0.2, 0.05])
    w = v.copy()
    pen.prox_all(w, 1.0)
    face = vector.face_of(pen, v)
    z = face.values(v)
    label, values = vector.minimum_on(face, np.eye(4), np.zeros(4), z)
    found = face._replace(cluster=np.append(label, -1)[face.cluster]).spread(values)
    np.testing.assert_allclose(found, w, atol=1e-14)
