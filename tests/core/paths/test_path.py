"""Paths: penalties in normalized units, where coefficients enter, warm starts, points as good as single solutions."""

import numpy as np
import pytest

from skreg import PenalizedRegressor
from skreg._core.certify import certify, form_of_all_columns
from skreg._core.data import as_data
from skreg._core.data.likelihood import Likelihood
from skreg._core.loops.certificates import penalty_value
from skreg._core.parts.losses import Logistic
from skreg._core.parts.penalty import Penalty
from skreg._core.parts.penalty_paths import CoefficientPath
from skreg._core.paths import newton, path
from skreg._core.paths.expansion import Curvature, OneScore
from skreg._core.paths.scores import Scores
from skreg._core.paths.working_set import Columns, Covariance
from skreg._core.solve import dense_point
from tests.problems import DESIGNS, PENALTIES, regression
from tests.reference import penalty_factors

pytestmark = pytest.mark.plain


def problem(n=25, p=9):
    X, y = regression(n, p, seed=5)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, n)
    return X, weights, as_data(np.asfortranarray(X), y[None], weights, True)


def penalty_path(data, params, p):
    low, high = params.get("bounds", (0.0 if params.get("positive") else -np.inf, np.inf))
    factor = params.get("penalty_factor", np.ones(p))
    return Penalty(params["l1_ratio"], factor, (low, high), params.get("standardize", False)).path(data, data.unit[0])


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: penalty.name)
def test_penalty_path__is_the_penalty_of_the_user(penalty):
    X, weights, data = problem()
    params = penalty.of(9)
    family = penalty_path(data, params, 9)
    rng = np.random.default_rng(1)
    w = np.clip(0.01 * rng.standard_normal(9), family.lower, family.upper)
    b = w * data.unit[0] * data.scale
    factor = params.get("penalty_factor", np.ones(9))
    free = np.isfinite(factor)
    l1, l2 = penalty_factors(
        X, weights, 0.3, params["l1_ratio"], np.where(free, factor, 0.0), params.get("standardize", False)
    )
    expected = (l1 @ np.abs(b) + 0.5 * l2 @ b**2) * data.weight / data.unit[0] ** 2
    assert penalty_value(family.at(0.3, np.arange(9)), w) == pytest.approx(expected, rel=1e-10)
    assert not w[~free].any()


def test_alpha_max__is_where_the_first_coefficient_enters():
    _, _, data = problem()
    family = penalty_path(data, dict(l1_ratio=0.5), 9)
    top = family.alpha_max(data.start[0])
    assert top == pytest.approx(np.max(np.abs(data.start[0]) / family.l1))
    assert path.alpha_max(Columns(data, 0), family) == pytest.approx(top)
    for share, count in ((1.001, 0), (0.99, 1)):
        (point,) = path.follow(Columns(data, 0), family, [share * top], 1e-10, 100)
        assert np.count_nonzero(point.w) == count


def test_entry_alpha__counts_only_directions_that_the_bounds_allow():
    l1 = np.array([1.0, 1.0, 0.5, 0.0])
    lower, upper = np.array([[0.0, 1.0], [-1.0, 0.0], [-1.0, 1.0], [-1.0, 1.0]]).T
    family = CoefficientPath(l1, 0.0 * l1, lower, upper)
    np.testing.assert_array_equal(family.entry_alpha(np.array([-2.0, -2.0, -2.0, 1.0])), [0.0, 2.0, 4.0, np.inf])
    np.testing.assert_array_equal(family.entry_alpha(np.array([3.0, 3.0, -3.0, 0.0])), [3.0, 0.0, 6.0, 0.0])
    np.testing.assert_array_equal(family.largest_entry_alpha(np.full(4, 2.0)), [2.0, 2.0, 4.0, np.inf])


def test_warm_start_alphas__fall_from_the_empty_model_to_alpha():
    alphas = path.warm_start_alphas(1.0, 1e-3, 2)
    assert alphas.size == 6
    assert (np.diff(alphas) < 0.0).all()
    assert 1e-3 < alphas[-1] < alphas[0] < 1.0
    assert path.warm_start_alphas(1.0, 0.9).size == 0


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: penalty.name)
@pytest.mark.parametrize("gram", [False, True])
def test_follow__every_point_is_certified_on_all_columns(penalty, gram):
    _, _, data = problem()
    family = penalty_path(data, penalty.of(9), 9)
    s = Covariance(data.inner, data.start[0], data.target_sqnorms[0]) if gram else Columns(data, 0)
    alphas = [0.5, 0.1, 0.02]
    fixed = (family.lower == 0.0) & (family.upper == 0.0)
    form = form_of_all_columns(data, 0, False)
    for alpha, point in zip(alphas, path.follow(s, family, alphas, 1e-9, 2000), strict=True):
        w, value, gap, rounds = dense_point(point, 9)
        true = certify(form, family.at(alpha, np.arange(9)), w)
        assert true[0] == pytest.approx(value, abs=1e-11)
        assert true[1] <= 1e-8
        assert gap <= 1e-9
        assert rounds >= 1
        assert not w[fixed].any()


def test_follow__starts_from_given_coefficients():
    _, _, data = problem()
    family = penalty_path(data, dict(l1_ratio=1.0), 9)
    (point,) = path.follow(Columns(data, 0), family, [0.02], 1e-12, 1000)
    cold = dense_point(point, 9)
    (point,) = path.follow(Columns(data, 0), family, [0.02], 1e-12, 1000, cold[0])
    warm = dense_point(point, 9)
    np.testing.assert_allclose(warm[0], cold[0], atol=1e-7)
    assert warm[3] <= cold[3]


def test_follow__keeps_a_curvature_matrix_for_several_alphas(monkeypatch):
    rng, made = np.random.default_rng(0), []
    X = rng.normal(size=(200, 10))
    y = rng.poisson(np.exp(0.3 * X[:, 0] + 0.2 * X[:, 1]))
    monkeypatch.setattr(newton, "Curvature", lambda *args: made.append(args) or Curvature(*args))
    _, _, _, gaps = PenalizedRegressor(loss="poisson", l1_ratio=1.0, tol=1e-4).path(X, y, alphas=20, eps=0.1)
    assert (gaps <= 1e-4).all()
    assert 0 < len(made) < 10


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("kind", DESIGNS)
def test_curvature__grows_by_some_columns_to_that_of_all(kind, fit_intercept):
    X, y = regression(40, 7, seed=3)
    data = as_data(DESIGNS[kind](X), np.empty((0, 40)), np.random.default_rng(0).uniform(0.5, 2.0, 40), fit_intercept)
    s = Scores(Likelihood(data, Logistic(0.0), (y > y.mean())[None].astype(float)))
    s.add(Penalty(1.0, np.ones(7)).path(data, 1.0), np.arange(7), np.zeros(7, bool), np.abs(s.start))
    s.move(0.5 * np.random.default_rng(1).standard_normal(7))
    model = OneScore(s)
    grown, whole = Curvature(model, None, np.float64), Curvature(model, None, np.float64)
    for m in (3, 4, 7):
        grown.of(np.arange(m))
    G = grown.of(np.arange(7))
    np.testing.assert_allclose(G, whole.of(np.arange(7)), atol=1e-12 * np.abs(G).max())


@pytest.mark.parametrize("kind", DESIGNS)
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_scores__correlations_of_the_null_model_may_come_with_the_data(kind, fit_intercept, monkeypatch):
    """They do with an intercept, where slopes are those of the squared loss."""
    X, y = regression(40, 7, seed=3)
    T, weights = (y > y.mean())[None].astype(float), np.random.default_rng(0).uniform(0.5, 2.0, 40)
    data, calls = as_data(DESIGNS[kind](X), T, weights, fit_intercept), []
    likelihood, all_dots = Likelihood(data, Logistic(0.0), T), data.all_dots
    monkeypatch.setattr(data, "all_dots", lambda R: calls.append(R) or all_dots(R))
    s = Scores(likelihood)
    np.testing.assert_allclose(s.start, -all_dots(likelihood.null_model.R)[0], atol=1e-12)
    assert len(calls) == (not fit_intercept)
