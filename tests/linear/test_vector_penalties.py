"""SLOPE and the fused lasso: limits, exact clusters, signals, hard columns. What holds for all is in test_penalized."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import lsq_linear

from skreg import PenalizedRegressor, PenalizedRegressorCV
from tests.linear.test_penalized import problem
from tests.reference_penalized import mean_loss, penalty


@pytest.mark.parametrize("loss", ["squared", "huber", "gamma"])
@pytest.mark.parametrize(
    "params", [dict(penalty="slope", slope_weights=np.ones(9)), dict(penalty="fused")], ids=["slope", "fused"]
)
def test_vector_penalties__have_the_lasso_as_a_limit(loss, params):
    X, y = problem(loss)
    found = PenalizedRegressor(0.1, loss=loss, l1_ratio=1.0, tol=1e-11, **params).fit(X, y)
    lasso = PenalizedRegressor(0.1, loss=loss, l1_ratio=1.0, tol=1e-11).fit(X, y)
    np.testing.assert_allclose(found.coef_, lasso.coef_, atol=1e-5)
    np.testing.assert_array_equal(found.coef_ == 0.0, lasso.coef_ == 0.0)


@pytest.mark.parametrize("name", ["slope", "fused"])
def test_vector_penalties__without_strength_are_least_squares(name):
    X, y = problem("squared")
    model = PenalizedRegressor(0.0, penalty=name, tol=1e-12).fit(X, y)
    expected = np.linalg.lstsq(np.column_stack([X, np.ones(len(y))]), y, rcond=None)[0]
    np.testing.assert_allclose(model.coef_, expected[:-1], atol=1e-7)
    assert model.dual_gap_ <= 1e-12


def test_slope__without_l1_is_ridge():
    X, y = problem("poisson")
    slope = PenalizedRegressor(0.1, loss="poisson", penalty="slope", l1_ratio=0.0, tol=1e-12).fit(X, y)
    ridge = PenalizedRegressor(0.1, loss="poisson", l1_ratio=0.0, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(slope.coef_, ridge.coef_, atol=1e-6)


def test_slope__equal_magnitudes_are_exactly_equal():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 12))
    y = X[:, :6] @ [2.0, 2.0, -2.0, 1.0, 1.0, -1.0] + 0.1 * rng.standard_normal(80)
    model = PenalizedRegressor(0.2, penalty="slope", slope_weights="oscar", tol=1e-10).fit(X, y)
    sizes = np.abs(model.coef_)
    assert sizes[0] == sizes[1] == sizes[2] > sizes[3] == sizes[4] == sizes[5] > 0.0
    assert not model.coef_[6:].any()


def test_slope__named_weights_are_those_of_arrays():
    X, y = problem("squared")
    rank = np.arange(1, 10)
    oscar = PenalizedRegressor(0.1, penalty="slope", slope_weights="oscar").fit(X, y).coef_
    given = PenalizedRegressor(0.1, penalty="slope", slope_weights=(10 - rank) / 9).fit(X, y).coef_
    np.testing.assert_allclose(given, oscar, atol=1e-12)
    fewer, more = (PenalizedRegressor(0.1, penalty="slope", fdr=q).fit(X, y) for q in (1e-4, 0.5))
    assert np.count_nonzero(fewer.coef_) < np.count_nonzero(more.coef_)


def test_slope__controls_false_discoveries_among_orthogonal_columns():
    """Bogdan et al. (2015), theorem 1.1: their expected share is at most ``fdr`` times the share of zeros."""
    rng = np.random.default_rng(0)
    n, p, k, shares = 128, 64, 8, []
    basis = np.linalg.qr(rng.standard_normal((n, p)))[0] * np.sqrt(n)
    for _ in range(30):
        y = basis[:, :k] @ np.full(k, 0.5) + rng.standard_normal(n)
        coef = PenalizedRegressor(
            1.0 / np.sqrt(n), penalty="slope", fdr=0.2, fit_intercept=False, tol=1e-4
        ).fit(basis, y).coef_  # fmt: skip
        found = np.flatnonzero(coef)
        shares.append(np.mean(found >= k) if found.size else 0.0)
    assert 0.05 < np.mean(shares) < 0.2


@pytest.mark.parametrize("fit", [np.asfortranarray, sp.csc_array])
def test_slope__of_more_columns_than_rows_is_certified_along_a_path(fit):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((40, 300)) * (rng.random((40, 300)) < 0.6)
    y = X[:, :4] @ [3.0, 3.0, -2.0, 1.0] + rng.standard_normal(40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = PenalizedRegressor(penalty="slope", tol=1e-8)
        alphas, coefs, intercepts, gaps = model.path(fit(X), y, alphas=8, eps=0.01)
    assert gaps.max() <= 1e-8 * 0.5 * y.var()
    for k in (3, 7):
        value = mean_loss("squared", y, X @ coefs[:, k] + intercepts[k], None) + penalty(
            "slope", coefs[:, k], alphas[k], 1.0
        )
        single = PenalizedRegressor(alphas[k], penalty="slope", tol=1e-8).fit(X, y)
        assert value == pytest.approx(single.objective_, abs=2e-8 * y.var())


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3])
def test_fused__denoises_a_signal_with_steps(l1_ratio):
    """With the identity as X it is total variation denoising, whose dual is least squares with bounds."""
    signal = np.repeat([0.0, 2.0, -1.0, -1.0, 0.5], 12)
    n, alpha = signal.size, 0.02
    y, D = signal + 0.1 * np.random.default_rng(0).standard_normal(n), np.diff(np.eye(n), axis=0)
    limit = alpha * (1.0 - l1_ratio) * n
    smooth = y - D.T @ lsq_linear(D.T, y, (-limit, limit), method="bvls", tol=1e-14).x
    expected = np.sign(smooth) * np.maximum(np.abs(smooth) - alpha * l1_ratio * n, 0.0)
    model = PenalizedRegressor(alpha, penalty="fused", l1_ratio=l1_ratio, fit_intercept=False, tol=1e-12)
    for X in (sp.eye_array(n, format="csc"), np.eye(n)):
        coef = model.fit(X, y).coef_
        np.testing.assert_allclose(coef, expected, atol=1e-7)
        np.testing.assert_array_equal(np.diff(coef) != 0.0, np.abs(np.diff(expected)) > 1e-9)  # others are equal
        assert {11, 23, 47} <= set(np.flatnonzero(np.diff(coef)))
        assert np.count_nonzero(np.diff(coef)) <= 8


def test_fused__without_l1_the_mean_is_not_penalized():
    X, y = problem("squared")
    model = PenalizedRegressor(penalty="fused", l1_ratio=0.0, tol=1e-10)
    alphas, coefs, _, gaps = model.path(X, y, alphas=3, eps=0.1)
    total = X.sum(axis=1) - X.sum(axis=1).mean()
    assert np.unique(coefs[:, 0]).size == 1  # the grid begins where all coefficients are equal
    assert coefs[0, 0] == pytest.approx(total @ (y - y.mean()) / (total @ total))
    assert np.unique(coefs[:, 1]).size > 1
    assert gaps.max() <= 1e-10
    above = PenalizedRegressor(alphas[0] * 1.001, penalty="fused", l1_ratio=0.0).fit(X, y).coef_
    below = PenalizedRegressor(alphas[0] * 0.999, penalty="fused", l1_ratio=0.0, tol=1e-12).fit(X, y).coef_
    assert np.unique(above).size == 1 < np.unique(below).size


def test_fused__constant_columns_are_between_their_neighbours():
    X, y = problem("squared")
    X = np.insert(X, [3, 9], 5.0, axis=1)
    model = PenalizedRegressor(0.05, penalty="fused", l1_ratio=0.0, tol=1e-11).fit(X, y)
    low, high = np.sort(model.coef_[[2, 4]])
    assert low - 1e-12 <= model.coef_[3] <= high + 1e-12
    assert model.coef_[10] == pytest.approx(model.coef_[9])
    value = mean_loss("squared", y, model.predict(X), None) + penalty("fused", model.coef_, 0.05, 0.0)
    assert value == pytest.approx(model.objective_, rel=1e-10)
    without = PenalizedRegressor(0.05, penalty="fused", l1_ratio=0.0, tol=1e-11).fit(np.delete(X, [3, 10], axis=1), y)
    assert without.objective_ == pytest.approx(model.objective_, rel=1e-9)


@pytest.mark.parametrize("name", ["slope", "fused"])
def test_vector_penalties__equal_and_constant_columns_converge(name):
    X, y = problem("gamma")
    X = np.column_stack([X, X[:, 0], X[:, 0], np.ones(len(y))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = PenalizedRegressor(0.02, loss="gamma", penalty=name, tol=1e-9).fit(X, y)
    assert np.isfinite(model.coef_).all()
    if name == "slope":
        assert model.coef_[11] == 0.0


def test_vector_penalties__several_targets_are_separate_fits():
    X, y = problem("squared")
    Y = np.column_stack([y, X[:, 0] - y])
    model = PenalizedRegressor(0.1, penalty="fused", tol=1e-9).fit(X, Y)
    for t in range(2):
        single = PenalizedRegressor(0.1, penalty="fused", tol=1e-9).fit(X, Y[:, t])
        np.testing.assert_allclose(model.coef_[t], single.coef_, atol=1e-9)


@pytest.mark.parametrize("name", ["slope", "fused"])
def test_vector_penalties__cross_validation_scores_paths(name):
    X, y = problem("poisson", 80)
    model = PenalizedRegressorCV(loss="poisson", penalty=name, l1_ratio=[0.5, 1.0], alphas=4, cv=3, tol=1e-6)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*of its grid")
        model.fit(X, y)
    single = PenalizedRegressor(model.alpha_, loss="poisson", penalty=name, l1_ratio=model.l1_ratio_, tol=1e-6).fit(
        X, y
    )
    assert model.objective_ == pytest.approx(single.objective_, rel=1e-5)
    assert not hasattr(model, "gamma_")
