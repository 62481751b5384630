"""The inner solver: no step raises the objective, Newton steps are exact, gaps are met."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from skreg._core.loops import inner
from skreg._core.loops.semidefinite import solve_semidefinite
from skreg._core.parts.groups import Groups
from skreg._core.parts.penalties import ElasticNet
from skreg._core.paths.forms import Gradient
from skreg._core.paths.working_set import SquaredLoss
from tests.problems import regression

pytestmark = pytest.mark.plain


def working_set(n=20, p=6, seed=0):
    X, y = regression(n, p, seed, correlated=2.0)
    X = X / np.linalg.norm(X, axis=0)
    y = y / np.linalg.norm(y)
    G = X.T @ X
    form = Gradient(lambda new, cols: G, X.T @ y, y @ y)
    form.grow(np.arange(p))
    s = SquaredLoss(form)
    s.move(np.zeros(p))
    return s, X, y


def penalty(l1=0.02, l2=0.01, lower=-np.inf, upper=np.inf, p=6):
    return ElasticNet(*(np.full(p, v) for v in (l1, l2, lower, upper)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (0.0, np.inf), (-0.1, 0.2)])
def test_inner__extrapolation_and_jumps_never_raise_the_objective(seed, bounds):
    s, *_ = working_set(seed=seed)
    pen = penalty(0.001, 0.0, *bounds)
    start = s.w.copy()
    rng = np.random.default_rng(seed)
    for _ in range(6):
        before = inner.primal(s, pen, s.w, s.r)
        inner.extrapolate(s, pen, lambda blocks: blocks)
        after = inner.primal(s, pen, s.w, s.r)
        assert after <= before + 1e-14
        inner.jump(s, pen, start, 10.0 * rng.random())
        assert inner.primal(s, pen, s.w, s.r) <= after + 1e-14
        assert (s.w >= pen.lower).all()
        assert (s.w <= pen.upper).all()
        np.testing.assert_allclose(s.r, s.form.state(s.w), atol=1e-12)


def test_inner__groups_of_equally_correlated_columns_take_few_rounds():
    """In the order of the columns, it takes 40: a Newton step ends it."""
    m, n_groups = 400, 100
    G, w = 0.8 * np.eye(m) + 0.2, np.random.default_rng(0).standard_normal(m)
    form = Gradient(None, G @ w / np.sqrt(w @ G @ w), 1.0)
    form.grow(np.arange(m), np.full(n_groups, 4), G)
    s = SquaredLoss(form)
    s.move(np.zeros(m))
    pen = Groups(penalty(0.01, 0.0, p=n_groups), np.arange(0, m + 1, 4), np.zeros(m))
    found = inner.solve(s, pen, 1e-8, 0.0, 100)
    assert found.gap <= 1e-8
    assert found.rounds <= 15


def test_newton__minimizes_where_the_penalty_is_smooth():
    s, X, y = working_set()
    pen = penalty(0.0, 0.3)
    inner.newton(s, pen, np.arange(6))
    np.testing.assert_allclose(s.w, np.linalg.solve(X.T @ X + 0.3 * np.eye(6), X.T @ y), atol=1e-10)


def test_newton__stops_at_bounds():
    s, X, y = working_set()
    pen = penalty(0.0, 0.0, -0.1, 0.15)
    for _ in range(5):
        inner.sweep(s, pen, np.arange(6), 20)
        inner.newton(s, pen, np.flatnonzero((s.w > pen.lower) & (s.w < pen.upper)))
    expected = lsq_linear(X, y, (-0.1, 0.15), method="bvls", tol=1e-14)
    assert inner.primal(s, pen, s.w, s.r) == pytest.approx(expected.cost, abs=1e-8)


@pytest.mark.parametrize("tol", [1e-2, 1e-6, 1e-12])
@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (0.0, np.inf)])
def test_solve__meets_the_gap_and_the_gap_holds(tol, bounds):
    s, *_ = working_set()
    pen = penalty(0.02, 0.0, *bounds)
    result = inner.solve(s, pen, tol, 0.0, 1000)
    assert result.gap <= tol
    best, *_ = working_set()
    exact = inner.solve(best, pen, 1e-14, 0.0, 10_000)
    assert result.primal - exact.primal <= result.gap + 1e-13
    assert result.certificate.bound <= exact.primal + 1e-13


def test_solve__stops_after_max_rounds():
    s, *_ = working_set()
    assert inner.solve(s, penalty(1e-4, 0.0), 0.0, 0.0, 1).rounds == 1


def test_inner__singular_systems_have_the_shortest_solution():
    A = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found, pivot = solve_semidefinite(A, np.array([1.0, 1.0, 2.0]))
    np.testing.assert_allclose(found, [0.5, 0.5, 2.0], atol=1e-10)
    assert pivot == 0.0


@pytest.mark.parametrize(("n", "rank"), [(5, 3), (60, 59), (6, 1), (7, 7)])
@pytest.mark.parametrize("is_consistent", [True, False])
def test_inner__singular_systems_agree_with_their_eigenvalues(n, rank, is_consistent):
    rng = np.random.default_rng(n)
    A = rng.standard_normal((rank, n))
    A /= np.linalg.norm(A, axis=0)
    H = A.T @ A
    g = A.T @ rng.standard_normal(rank) if is_consistent else rng.standard_normal(n)
    values, vectors = np.linalg.eigh(H)
    along, flat = vectors.T @ g, np.arange(n) < n - rank
    expected = vectors @ np.where(flat, 0.0, along / np.where(flat, 1.0, values))
    if not is_consistent:  # along null vectors the objective falls without end
        expected += vectors @ np.where(flat, along, 0.0) / (H.diagonal().max() * 1e-12)
    found, pivot = solve_semidefinite(H, g)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    assert (pivot > 0.0) == (n == rank)


def test_inner__systems_that_are_not_convex_have_no_solution():
    semidefinite = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found, _ = solve_semidefinite(semidefinite, np.array([1.0, 1.0, 2.0]), is_convex=False)
    np.testing.assert_allclose(found, [0.5, 0.5, 2.0], atol=1e-10)
    assert solve_semidefinite(np.diag([1.0, -0.1]), np.ones(2), is_convex=False) == (None, 0.0)
    np.testing.assert_array_equal(solve_semidefinite(np.zeros((2, 2)), np.ones(2))[0], np.zeros(2))
