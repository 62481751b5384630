"""Many targets of one design: the compiled loop against fits of single targets."""

import numpy as np
import pytest
from scipy.optimize import nnls
from sklearn.linear_model import LinearRegression, Ridge

from skreg import ElasticNetProx, ElasticNetProxCV, elastic_net_path
from skreg._core.data import as_data
from skreg._core.parts.penalty import Penalty
from skreg._core.paths.targets import gram_paths
from skreg._core.solve import MIN_BATCHED_TARGETS
from tests.problems import DESIGNS, PENALTIES, regression
from tests.reference import null_loss, objective

EXACT = dict(tol=1e-12, max_iter=10_000)


def targets(X, y, T=MIN_BATCHED_TARGETS):
    rng = np.random.default_rng(0)
    return np.column_stack(
        [10.0 ** (k % 7 - 3) * (y + k * X[:, k % X.shape[1]] + rng.random(len(y))) for k in range(T)]
    )


@pytest.mark.plain
@pytest.mark.parametrize("penalty", PENALTIES[4:12], ids=lambda penalty: penalty.name)
def test_gram_paths__gaps_and_values_are_true(penalty):
    X, y = regression(25, 6, seed=3)
    params = penalty.of(6)
    low, high = params.get("bounds", (0.0 if params.get("positive") else -np.inf, np.inf))
    factor = params.get("penalty_factor", np.ones(6))
    data = as_data(np.asfortranarray(X), np.array([y, 1e3 * y + X[:, 1]]), None, True)
    ours = Penalty(params["l1_ratio"], factor, (low, high), params.get("standardize", False))
    base = ours.path(data, 1.0)
    found = gram_paths(
        data.gram, base, data.unit, data.start, data.target_sqnorms, [0.1, 0.01], 1e-12, 50, np.zeros((2, 6))
    )
    for alpha, (W, values, gaps, rounds) in zip((0.1, 0.01), found, strict=True):
        assert (gaps <= 1e-12).all()
        assert (rounds >= 1).all()
        for t in range(2):
            coef = W[t] * data.unit[t] * data.scale
            expected = objective(
                X, (y, 1e3 * y + X[:, 1])[t], coef, data.offset[t] - coef @ data.mean, alpha, params["l1_ratio"],
                factor=np.where(np.isinf(factor), 0.0, factor), standardize=params.get("standardize", False),
            )  # fmt: skip
            assert values[t] * data.unit[t] ** 2 / 25 == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: penalty.name)
@pytest.mark.parametrize("kind", ["dense", "csc float32"])
@pytest.mark.parametrize("shape", [(60, 8), (20, 24)])
def test_elastic_net__many_targets_are_separate_fits(penalty, kind, shape):
    X, y = regression(*shape, seed=2)
    X = X.astype(np.float32).astype(np.float64)
    Y, weights = targets(X, y), np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    if "bounds" in penalty.of(8):
        Y = Y / np.linalg.norm(Y, axis=0)
    model = ElasticNetProx(0.02, **EXACT, **penalty.of(shape[1])).fit(DESIGNS[kind](X), Y, weights)
    for t in range(0, Y.shape[1], 9):
        single = ElasticNetProx(0.02, **EXACT, **penalty.of(shape[1])).fit(DESIGNS[kind](X), Y[:, t], weights)
        null = null_loss(Y[:, t], weights)
        assert model.objective_[t] == pytest.approx(single.objective_, abs=2e-12 * null)
        assert model.dual_gap_[t] <= 1e-12 * null
        np.testing.assert_allclose(model.coef_[t], single.coef_, atol=1e-4 * np.abs(single.coef_).max() + 1e-12)


def test_elastic_net__many_targets_of_nonnegative_least_squares():
    rng = np.random.default_rng(0)
    X, Y = rng.random((40, 7)), rng.random((40, MIN_BATCHED_TARGETS))
    model = ElasticNetProx(0.0, positive=True, fit_intercept=False, tol=1e-10).fit(X, Y)
    expected = np.array([nnls(X, t)[0] for t in Y.T])
    np.testing.assert_allclose(model.coef_, expected, atol=1e-5)
    np.testing.assert_array_equal(model.coef_ == 0.0, expected == 0.0)


@pytest.mark.parametrize("shape", [(40, 7), (7, 20)])
def test_elastic_net__ridge_and_least_squares_of_many_targets(shape):
    rng = np.random.default_rng(0)
    X, Y = rng.random(shape), rng.random((shape[0], 12))
    ridge = ElasticNetProx(0.1, l1_ratio=0.0).fit(X, Y)
    np.testing.assert_allclose(ridge.coef_, Ridge(0.1 * len(X)).fit(X, Y).coef_, atol=1e-9)
    plain = ElasticNetProx(0.0).fit(X, Y)
    np.testing.assert_allclose(plain.coef_, LinearRegression().fit(X, Y).coef_, atol=1e-8)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.7])
def test_elastic_net_path__many_targets_are_separate_paths(l1_ratio):
    X, y = regression(60, 8, seed=5)
    Y = targets(X, y)
    alphas = [1.0, 0.1, 0.01]
    _, coefs, intercepts, _ = elastic_net_path(X, Y, l1_ratio=l1_ratio, alphas=alphas, tol=1e-12)
    for t in range(0, Y.shape[1], 9):
        _, coef, intercept, _ = elastic_net_path(X, Y[:, t], l1_ratio=l1_ratio, alphas=alphas, tol=1e-12)
        np.testing.assert_allclose(coefs[t], coef, atol=1e-5 * np.abs(coef).max())
        np.testing.assert_allclose(intercepts[t], intercept, atol=1e-5 * np.abs(Y[:, t]).max())


@pytest.mark.filterwarnings("ignore:.*of its grid")
def test_elastic_net_cv__many_targets_by_moments_and_by_rows():
    X, y = regression(80, 6, seed=5)
    Y = targets(X, y)
    Y = Y / np.linalg.norm(Y, axis=0)
    moments, rows = (ElasticNetProxCV(alphas=5, cv=3, solver=s, tol=1e-10).fit(X, Y) for s in ("auto", "cd"))
    np.testing.assert_allclose(moments.mse_path_, rows.mse_path_, rtol=1e-6)
    np.testing.assert_allclose(moments.coef_, rows.coef_, atol=1e-4 * np.abs(rows.coef_).max())


def test_elastic_net__warm_start_of_many_targets():
    X, y = regression(60, 8, seed=5)
    model = ElasticNetProx(0.05, warm_start=True).fit(X, targets(X, y))
    assert (model.fit(X, targets(X, y)).n_iter_ == 1).all()
