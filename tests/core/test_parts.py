"""The compiled parts against their definitions: grids, finite differences, plain NumPy."""

import math

import numpy as np
import pytest

from skreg._core import certificates
from skreg._core._jit import jitted, njit
from skreg._core.coordinate import col_dots, col_updates
from skreg._core.data import as_data
from skreg._core.designs import Gram
from skreg._core.losses import Squared
from skreg._core.penalties import ElasticNet
from tests.problems import DESIGNS, regression

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
        for v in (-2.0, -0.4, 0.0, 0.3, 1.7):
            for step in (0.5, 2.0):
                at = GRID[np.argmin((GRID - v) ** 2 / (2 * step) + values(pen))]
                assert pen.prox(v, step, 0) == pytest.approx(at, abs=1e-4)

    def test_conjugate_is_the_supremum_on_a_grid(self, case):
        pen = penalty(case)
        for c in (-1.5, -0.6, 0.0, 0.25, 0.9):
            conjugate = pen.conjugate(c, 0)
            if math.isinf(conjugate):
                assert pen.feasible_scale(c, 0) < 1.0
            elif abs(conjugate) < 2.0:  # attained within the grid
                assert conjugate == pytest.approx(np.max(c * GRID - values(pen)), abs=1e-4)

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


def test_squared_gradient_is_the_derivative():
    step, T, R = 1e-6, np.array([[0.3], [2.0]]), np.empty((2, 1))
    for k in range(2):
        up, down = (
            Squared(1.7).row(T, np.array([[-1.0], [2.5]]) + move * step * np.eye(2)[:, [k]], 0, R, R, R[0])
            for move in (1.0, -1.0)
        )
        Squared(1.7).row(T, np.array([[-1.0], [2.5]]), 0, R, R, R[0])
        assert R[k, 0] == pytest.approx((up - down) / (2 * step), rel=1e-8)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("kind", DESIGNS)
def test_designs_are_the_normalized_columns(kind, fit_intercept, weighted):
    X, y = regression(23, 7, seed=3)
    X = X.astype(np.float32).astype(np.float64)  # so that all designs hold the same numbers
    weights = np.random.default_rng(0).integers(0, 3, 23).astype(float) if weighted else None
    data = as_data(DESIGNS[kind](X), y[None], weights, fit_intercept)
    h = np.ones(23) if weights is None else weights / weights.mean()
    Z = X - h @ X / 23 if fit_intercept else X
    Z = Z / np.sqrt(h @ Z**2)
    t = y - h @ y / 23 if fit_intercept else y
    t = t / np.sqrt(h @ t**2)
    np.testing.assert_allclose(data.start[0], Z.T @ (h * t), atol=1e-12)
    np.testing.assert_allclose(data.to_rows(data.R[0]), -h * t, atol=1e-12)
    w = np.random.default_rng(1).standard_normal(7)
    r = data.R[0].copy()
    col_updates(data.design(), w, data.h, r)
    np.testing.assert_allclose(data.to_rows(r), h * (Z @ w - t), atol=1e-12)
    np.testing.assert_allclose(data.dots(r), Z.T @ (h * (Z @ w - t)), atol=1e-12)
    np.testing.assert_allclose(data.gram, Z.T @ (h[:, None] * Z), atol=1e-12)
    some, other = np.array([4, 1]), np.array([0, 6, 4, 1])  # the first are the last of the second
    np.testing.assert_allclose(data.cross(some, other), (Z.T @ (h[:, None] * Z))[np.ix_(some, other)], atol=1e-12)
    np.testing.assert_allclose(data.inner(some), (Z.T @ (h[:, None] * Z))[some], atol=1e-12)
    grown = data.restrict(data.restrict(None, some), np.array([0, 6, 2]))
    out = np.empty(5)
    col_dots(grown, np.arange(5), r, out)
    np.testing.assert_allclose(out, data.dots(r)[[4, 1, 0, 6, 2]], atol=1e-12)
    E = np.column_stack([Z, t, np.ones(23)])
    for rows in (slice(3, 15), np.array([0, 2, 3, 17])):
        np.testing.assert_allclose(data.moments(rows), E[rows].T @ (h[rows, None] * E[rows]), atol=1e-11)


def test_gram_design_keeps_the_gradient():
    G = np.array([[2.0, 0.5, 9.0], [0.5, 1.0, 9.0], [9.0, 9.0, 9.0]])  # only a corner is in use
    r = np.array([0.1, -0.2])
    col_updates(Gram(G), np.array([1.0, -3.0]), np.ones(1), r)
    np.testing.assert_allclose(r, [0.1, -0.2] + G[:2, :2] @ [1.0, -3.0])


@pytest.mark.parametrize("ratio", [1e3, 1e7, 1e10])
def test_means_that_dwarf_the_deviations(ratio):
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((200, 3))
    X = np.asfortranarray(noise + ratio)
    exact = X - ratio  # exact in floating point: what X really holds
    data = as_data(X, noise[:1, 0] + np.zeros((1, 200)) + noise[:, 1], None, True)
    Z = exact - exact.mean(axis=0)
    np.testing.assert_allclose(data.spread, Z.std(axis=0), rtol=1e-10)
    Z /= np.linalg.norm(Z, axis=0)
    np.testing.assert_allclose(data.gram, Z.T @ Z, atol=1e-10)


def test_a_column_is_constant_to_rounding():
    X = np.full((100, 3), 0.1)
    X[0, 1] += 1e-9
    data = as_data(np.asfortranarray(X), np.arange(100.0)[None], None, True)
    assert data.scale[0] == 0.0
    assert data.scale[1] > 0.0


def test_method_names_do_not_clash():
    from typing import NamedTuple

    with pytest.raises(TypeError, match=r"Bad\.prox must take"):

        @jitted
        class Bad(NamedTuple):
            x: float

            def prox(self, other):
                return other

    with pytest.raises(TypeError, match="names of both fields and methods"):

        @jitted
        class Worse(NamedTuple):
            prox: float

    from skreg._core import _jit

    _jit._FIELDS.discard("prox")


def test_njit_compiles_what_it_is_given():
    @njit
    def twice(x):
        return 2 * x

    assert twice(3) == 6
