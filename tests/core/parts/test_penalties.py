"""Penalties against their definitions, on grids and by differences, and compiled against plain Python."""

import math

import numpy as np
import pytest

from skreg._core.loops import certificates
from skreg._core.loops.coordinate import coordinate_descent
from skreg._core.parts.designs import Gram
from skreg._core.parts.groups import Groups, extended, unpenalized
from skreg._core.parts.penalties import ElasticNet, FoldedConcave

pytestmark = pytest.mark.plain

CASES = [
    (0.7, 0.0, -math.inf, math.inf),
    (0.0, 0.5, -math.inf, math.inf),
    (0.7, 0.5, -math.inf, math.inf),
    (0.7, 0.5, 0.0, math.inf),
    (0.3, 0.0, 0.0, math.inf),
    (0.3, 0.2, -0.4, 0.9),
    (0.0, 0.0, -0.5, 0.5),
    (0.2, 0.1, 0.3, 1.0),
    (0.2, 0.1, -1.0, -0.3),
    (0.5, 0.0, 0.0, 0.0),
]
GRID = np.sort(np.append(np.linspace(-4.0, 4.0, 80_001), [v for case in CASES for v in case[2:] if abs(v) < 4.0]))


def penalty(case):
    return ElasticNet(*(np.array([v]) for v in case))


def values(pen):
    return np.array([pen.value(w, 0) for w in GRID])


@pytest.mark.parametrize("case", CASES)
class TestElasticNet:
    def test_prox_is_the_minimizer_on_a_grid(self, case):
        pen = penalty(case)
        heights = values(pen)
        for v in (-2.0, -0.4, 0.0, 0.3, 1.7):
            for step in (0.5, 2.0):
                at = GRID[np.argmin((GRID - v) ** 2 / (2 * step) + heights)]
                assert pen.prox(v, step, 0) == pytest.approx(at, abs=1e-4)

    def test_conjugate_is_the_supremum_on_a_grid(self, case):
        pen = penalty(case)
        heights = values(pen)
        for c in (-1.5, -0.6, 0.0, 0.25, 0.9):
            conjugate = pen.conjugate(c, 0)
            if math.isinf(conjugate):
                assert pen.feasible_scale(c, 0) < 1.0
            elif abs(conjugate) < 2.0:  # attained within the grid
                assert conjugate == pytest.approx(np.max(c * GRID - heights), abs=1e-4)

    def test_feasible_scale_makes_the_conjugate_finite_and_vanishing_scale_zero(self, case):
        pen = penalty(case)
        for c in (-5.0, -0.7, 0.1, 3.0):
            assert math.isfinite(pen.conjugate(pen.feasible_scale(c, 0) * c * (1 - 1e-12), 0))
            flat = pen.vanishing_scale(c, 0)
            if case[2] <= 0.0 <= case[3]:
                assert pen.conjugate(flat * c * (1 - 1e-12), 0) == pytest.approx(0.0, abs=1e-9)

    def test_fenchel_young(self, case):
        pen = penalty(case)
        for v in (-1.0, 0.2, 1.4):
            w = pen.prox(v, 1.0, 0)
            c = v - w  # in the subdifferential at w by the definition of the prox
            assert pen.subdiff_distance(w, c, 0) == pytest.approx(0.0, abs=1e-12)
            assert pen.value(w, 0) + pen.conjugate(c, 0) == pytest.approx(c * w, abs=1e-12)

    def test_slope_and_curvature_are_derivatives(self, case):
        pen, step = penalty(case), 1e-5
        for w in (-0.35, 0.35):
            if pen.is_smooth(w, 0):
                up, mid, down = (pen.value(w + k * step, 0) for k in (1, 0, -1))
                assert pen.slope(w, 0) == pytest.approx((up - down) / (2 * step), abs=1e-8)
                assert pen.curvature(w, 0) == pytest.approx((up - 2 * mid + down) / step**2, abs=1e-4)

    def test_compiled_is_plain_python(self, case):
        pen = penalty(case)
        w, c = np.array([0.35]), np.array([0.8])
        assert certificates.penalty_value(pen, w) == pytest.approx(pen.value(0.35, 0))
        assert certificates.conjugate_value(pen, c, 1.0) == pytest.approx(pen.conjugate(0.8, 0))
        assert certificates.optimality(pen, w, c) == pytest.approx(pen.subdiff_distance(0.35, 0.8, 0))
        rr, yr = 1.3, 1.1
        scales = sorted({pen.feasible_scale(0.8, 0), pen.vanishing_scale(0.8, 0)})
        values = [s * yr - 0.5 * s * s * rr - pen.conjugate(s * 0.8, 0) for s in scales]
        assert certificates.squared_dual(pen, c, rr, yr)[0] == pytest.approx(max(values))


def test_elastic_net__penalties_below_rounding_are_none_in_the_dual():
    pen = ElasticNet(*(np.array([v]) for v in (0.0, 1e-38, -math.inf, math.inf)))
    assert pen.conjugate(1e-16, 0) == 0.0
    assert pen.conjugate(1e-3, 0) == pytest.approx(1e-6 / 2e-38)
    assert ElasticNet(*(np.array([v]) for v in (0.0, 0.0, -math.inf, 3.0))).conjugate(1e-16, 0) == pytest.approx(3e-16)


def test_squared_dual__is_at_least_that_of_zero():
    pen = ElasticNet(*(np.full(2, v) for v in (0.0, 0.0, -math.inf, math.inf)))
    value, _ = certificates.squared_dual(pen, np.array([0.3, -0.2]), 1.0, 0.9)
    assert value == 0.0
    away = pen._replace(lower=np.array([0.5, -math.inf]), l2=np.full(2, 2.0))
    assert certificates.squared_dual(away, np.array([9.0, 0.0]), 50.0, 0.1)[0] >= -0.25


def test_groups__steps_reach_the_group_lasso():
    """A group's coefficients are zero together, or the gradient balances the penalty of their norm."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    G = (basis * np.array([1.0, 0.9, 0.8, 0.7, 0.9, 1.0])) @ basis.T
    c = np.array([0.9, -0.4, 0.05, 0.02, 0.6, 0.3])
    inner = ElasticNet(np.full(3, 0.2), np.full(3, 0.1), np.full(3, -math.inf), np.full(3, math.inf))
    pen, w, r = Groups(inner, np.array([0, 2, 4, 6]), np.zeros(6)), np.zeros(6), -c
    lips = np.array([np.linalg.eigvalsh(G[k : k + 2, k : k + 2])[-1] for k in (0, 2, 4)])
    coordinate_descent(Gram(G), pen, w, r, np.ones(1), lips, np.arange(3), 2000)
    np.testing.assert_allclose(r, G @ w - c, atol=1e-12)
    assert certificates.optimality(pen, w, -r) < 1e-10
    assert pen.block_size(w, 0) == pytest.approx(np.hypot(w[0], w[1]))
    nonzero = w.reshape(3, 2) != 0.0
    assert (nonzero.all(axis=1) == nonzero.any(axis=1)).all()
    assert nonzero.any()
    assert not nonzero.all()


CONCAVE = [  # l1, l2, start, end, lower, upper
    (0.7, 0.0, 0.0, 2.1, -math.inf, math.inf),
    (0.7, 0.3, 0.0, 1.0, -math.inf, math.inf),
    (0.5, 0.0, 0.5, 1.85, -math.inf, math.inf),
    (0.5, 0.2, 0.5, 1.85, 0.0, 1.2),
    (0.4, 0.0, 0.0, 0.3, -0.2, math.inf),
]


def concave(case):
    return FoldedConcave(*(np.array([v]) for v in case))


@pytest.mark.parametrize("case", CONCAVE)
class TestFoldedConcave:
    def test_prox_is_the_global_minimizer_on_a_grid(self, case):
        pen = concave(case)
        heights = values(pen)
        for v in (-2.0, -0.9, -0.4, 0.0, 0.3, 0.8, 1.7, 3.0):
            for step in (0.5, 1.0, 4.0):  # the last makes the one-dimensional problem concave in between
                objective = (GRID - v) ** 2 / (2 * step) + heights
                found = pen.prox(v, step, 0)
                assert (found - v) ** 2 / (2 * step) + pen.value(found, 0) <= objective.min() + 1e-8

    def test_slope_and_curvature_are_derivatives_on_both_sides(self, case):
        pen, step = concave(case), 1e-5
        for w in (-2.4, -0.95, -0.15, 0.15, 0.95, 2.4):
            if pen.is_smooth(w, 0):
                up, mid, down = (pen.value(w + k * step, 0) for k in (1, 0, -1))
                assert pen.slope(w, 0) == pytest.approx((up - down) / (2 * step), abs=1e-8)
                assert pen.curvature(w, 0) == pytest.approx((up - 2 * mid + down) / step**2, abs=1e-4)

    def test_clip_stays_on_a_piece(self, case):
        pen = concave(case)
        bends = sorted({0.0, case[2], case[3]})
        for old in (-1.3, -0.2, 0.25, 0.9, 2.5):
            for w in np.linspace(-4.0, 4.0, 41):
                new = pen.clip(w, old, 0)
                low = max(b for b in bends if b <= abs(old))
                high = min((b for b in bends if b > abs(old)), default=math.inf)
                nearest = math.copysign(min(max(math.copysign(1.0, old) * w, low), high), old)
                assert new == min(max(nearest, case[4]), case[5])

    def test_distance_is_zero_at_minimizers(self, case):
        pen = concave(case)
        for v in (-2.0, 0.2, 0.9, 3.0):
            w = pen.prox(v, 0.3, 0)
            assert pen.subdiff_distance(w, (v - w) / 0.3, 0) == pytest.approx(0.0, abs=1e-9)


def test_folded_concave__tends_to_the_lasso():
    lasso = penalty((0.7, 0.2, -math.inf, math.inf))
    mcp = concave((0.7, 0.2, 0.0, 1e9, -math.inf, math.inf))
    for v in (-2.0, 0.5, 3.0):
        assert mcp.prox(v, 0.8, 0) == pytest.approx(lasso.prox(v, 0.8, 0), abs=1e-8)
        assert mcp.value(v, 0) == pytest.approx(lasso.value(v, 0), rel=1e-8)


def groups(sparse, l1=0.4, l2=0.2):
    free = np.full(2, math.inf)
    return Groups(ElasticNet(np.full(2, l1), np.full(2, l2), -free, free), np.array([0, 2, 5]), np.full(5, sparse))


POINTS = [np.array(v) for v in ([0.9, -0.3, 1.0, 0.05, -0.8], [0.1, 0.2, -0.1, 0.1, 0.05], [0.5, 0.0, 0.0, 2.0, 0.0])]


@pytest.mark.parametrize("sparse", [0.0, 0.15])
@pytest.mark.parametrize("v", POINTS)
def test_groups__prox_is_the_minimizer(sparse, v):
    pen, step = groups(sparse), 0.7

    def objective(w):
        return np.sum((w - v) ** 2) / (2 * step) + certificates.penalty_value(pen, w)

    w = v.copy()
    pen.prox_all(w, step)
    rng = np.random.default_rng(0)
    for _ in range(300):
        size = 10.0 ** rng.uniform(-6, 0)
        assert objective(w) <= objective(w + size * rng.standard_normal(5)) + 1e-12
    c = (v - w) / step
    assert certificates.optimality(pen, w, c) < 1e-12
    # equality in Fenchel's inequality: the conjugate is right at c
    assert certificates.penalty_value(pen, w) + certificates.conjugate_value(pen, c, 1.0) == pytest.approx(c @ w)


@pytest.mark.parametrize("sparse", [0.0, 0.15])
@pytest.mark.parametrize("v", POINTS)
def test_groups__conjugate_is_an_upper_bound(sparse, v):
    pen = groups(sparse)
    rng = np.random.default_rng(1)
    W = rng.standard_normal((500, 5)) * 10.0 ** rng.uniform(-2, 1, (500, 1))
    bound = certificates.conjugate_value(pen, v, 0.8)
    assert all(0.8 * v @ w - certificates.penalty_value(pen, w) <= bound + 1e-12 for w in W)


@pytest.mark.parametrize("sparse", [0.0, 0.15])
def test_groups__scales_end_where_a_group_leaves_zero(sparse):
    pen, c = groups(sparse, l2=0.0), 3.0 * POINTS[0]
    for j in range(2):
        scale = pen.block_feasible_scale(c, j)
        assert 0.0 < scale < 1.0
        assert pen.block_entry_distance(c, scale * (1.0 - 1e-9), j) == 0.0
        assert pen.block_entry_distance(c, scale * (1.0 + 1e-6), j) > 0.0
        assert pen.block_vanishing_scale(c, j) == pytest.approx(scale)


@pytest.mark.parametrize("shape", ["elastic net", "mcp"])
@pytest.mark.parametrize("sparse", [0.0, 0.15])
def test_groups__slope_and_hessian_are_derivatives(shape, sparse):
    pen = groups(sparse)
    if shape == "mcp":
        free = np.full(2, math.inf)
        inner = FoldedConcave(np.full(2, 0.4), np.full(2, 0.2), np.zeros(2), np.full(2, 2.0), -free, free)
        pen = pen._replace(inner=inner)
    w, step = POINTS[0], 1e-5
    slope, H = np.zeros(5), np.zeros((5, 5))
    assert certificates.smooth_pieces(pen, w, slope).all()
    certificates.add_hessian(pen, w, np.arange(5), H)
    for k, e in enumerate(step * np.eye(5)):
        up, down = certificates.penalty_value(pen, w + e), certificates.penalty_value(pen, w - e)
        assert slope[k] == pytest.approx((up - down) / (2 * step), abs=1e-8)
        above, below = np.zeros(5), np.zeros(5)
        certificates.smooth_pieces(pen, w + e, above)
        certificates.smooth_pieces(pen, w - e, below)
        np.testing.assert_allclose(H[k], (above - below) / (2 * step), atol=1e-7)


def test_extended__adds_unpenalized_blocks():
    pen = groups(0.1)
    more = extended(pen, np.array([1]), 2)
    assert more.n_blocks() == 3
    w = np.array([0.3, -0.2, 0.5, 7.0, -9.0])
    assert certificates.penalty_value(more, w) == pytest.approx(pen.block_value(np.append(np.zeros(2), w[:3]), 1))
    np.testing.assert_array_equal(unpenalized(more), [3, 4])
    one = extended(penalty((0.7, 0.5, 0.0, math.inf)), np.array([0]), 1)
    assert certificates.penalty_value(one, np.array([0.4, 3.0])) == pytest.approx(0.7 * 0.4 + 0.25 * 0.16)
