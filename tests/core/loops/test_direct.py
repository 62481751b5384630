"""Closed-form solutions against numpy.linalg."""

import numpy as np
import pytest

from skreg._core.certify import certify_gram, certify_rows
from skreg._core.data import as_data
from skreg._core.loops.direct import ridge_gram, ridge_rows, shortest
from skreg._core.parts.penalties import ElasticNet
from tests.problems import regression

pytestmark = pytest.mark.plain

ALPHAS = ([0.3], [1.0, 0.1, 1e-3])


def problem(shape):
    X, y = regression(*shape, seed=3)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, shape[0])
    return as_data(np.asfortranarray(X), np.array([y, y**2, y - 2.0 * X[:, 0]]), weights, True)


def expected(Z, Y, l2, used, alpha):
    """Stationary point of the normalized objective; Y is (n, T)."""
    W = np.zeros((Z.shape[1], Y.shape[1]))
    F = Z[:, used]
    W[used] = np.linalg.pinv(F.T @ F + alpha * np.diag(l2[used]), rcond=1e-13) @ (F.T @ Y)
    return W.T


@pytest.mark.parametrize("shape", [(30, 7), (7, 30)])
@pytest.mark.parametrize("alphas", ALPHAS)
@pytest.mark.parametrize("free", [0, 2])
def test_ridge__is_the_solution_of_the_normal_equations(shape, alphas, free):
    data = problem(shape)
    Z, Y = data.block(slice(None)), data.sqrt_weighted_targets.T
    l2 = np.random.default_rng(1).uniform(0.5, 2.0, shape[1])
    l2[:free] = 0.0
    used = np.arange(shape[1]) != 4
    solvers = [lambda: ridge_rows(data, l2, used, alphas, data.scale)]
    if shape[0] > shape[1] or not free:
        solvers.append(lambda: ridge_gram(data.gram, data.start, l2, used, alphas, data.scale))
    for solver in solvers:
        for alpha, (W, residuals) in zip(alphas, solver(), strict=True):
            np.testing.assert_allclose(W, expected(Z, Y, l2, used, alpha), atol=1e-8)
            assert not W[:, 4].any()
            if residuals is not None:
                np.testing.assert_allclose(residuals, (Y - Z @ W.T).T, atol=1e-8)


@pytest.mark.parametrize("shape", [(30, 7), (7, 30)])
def test_ridge__least_squares_of_least_norm(shape):
    data = problem(shape)
    used, l2 = np.ones(shape[1], bool), np.zeros(shape[1])
    raw = data.block(slice(None)) / data.scale
    best = (np.linalg.pinv(raw) @ data.sqrt_weighted_targets.T).T
    (rows, residuals), *_ = ridge_rows(data, l2, used, [0.0], data.scale)
    np.testing.assert_allclose(rows * data.scale, best, atol=1e-8 * np.abs(best).max())
    np.testing.assert_allclose(data.block(slice(None)).T @ residuals.T, 0.0, atol=1e-13)
    (gram, _), *_ = ridge_gram(data.gram, data.start, l2, used, [0.0], data.scale)
    np.testing.assert_allclose(gram * data.scale, best, atol=1e-6 * np.abs(best).max())


def test_shortest__is_the_pseudo_inverse_of_scaled_columns():
    rng = np.random.default_rng(0)
    A, lengths = rng.standard_normal((3, 8)), 10.0 ** rng.uniform(-2, 2, 8)
    B = rng.standard_normal((3, 2))
    V = np.linalg.svd(A, full_matrices=False)[2].T
    W = shortest(V, np.linalg.pinv(A) @ B, lengths)
    np.testing.assert_allclose(A @ W, B, atol=1e-9)
    np.testing.assert_allclose(W * lengths[:, None], np.linalg.pinv(A / lengths) @ B, atol=1e-9 * np.abs(W).max() * 100)


def test_certify__rows_and_inner_products_agree():
    data = problem((30, 7))
    W = np.random.default_rng(0).standard_normal((3, 7))
    pen = ElasticNet(np.zeros(7), np.full(7, 0.3), np.full(7, -np.inf), np.full(7, np.inf))
    gram = certify_gram(data.gram, data.start, data.target_sqnorms, pen, W)
    for one, other in zip(gram, certify_rows(data, pen, W), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    Z, Y = data.block(slice(None)), data.sqrt_weighted_targets.T
    best = expected(Z, Y, np.full(7, 0.3), np.ones(7, bool), 1.0)
    values, gaps = certify_gram(data.gram, data.start, data.target_sqnorms, pen, best)
    np.testing.assert_allclose(gaps, 0.0, atol=1e-12)
    assert (gram[0] - gram[1] <= values + 1e-12).all()
