"""Designs and their data against plain NumPy: normalized columns, products, moments."""

import numpy as np
import pytest

from skreg._core.data import as_data
from skreg._core.parts.designs import Gram, col_dots, col_updates
from tests.problems import DESIGNS, regression

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("kind", DESIGNS)
def test_designs__are_the_normalized_columns(kind, fit_intercept, weighted):
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
    W, R = np.random.default_rng(2).standard_normal((3, 7)), np.random.default_rng(3).standard_normal((3, 23)) * h
    R -= h * R.sum(axis=1, keepdims=True) / 23  # sums to zero
    np.testing.assert_allclose(data.all_scores(W), W @ Z.T, atol=1e-12)
    np.testing.assert_allclose(data.all_dots(R), R @ Z, atol=1e-12)
    E = np.column_stack([Z, t, np.ones(23)])
    parts = slice(3, 15), np.array([0, 2, 3, 17])
    for rows, found in zip(parts, data.moments_of(parts), strict=True):
        np.testing.assert_allclose(found, E[rows].T @ (h[rows, None] * E[rows]), atol=1e-11)


@pytest.mark.parametrize("few", [0, 32])
@pytest.mark.parametrize("kind", DESIGNS)
def test_designs__products_with_few_and_with_many_vectors(kind, few, monkeypatch):
    monkeypatch.setattr("skreg._core.data.dense.FEW_VECTORS", few)
    monkeypatch.setattr("skreg._core.data.dense.ROWS_PER_PRODUCT", 10)
    X, y = regression(23, 7, seed=3)
    X = X.astype(np.float32).astype(np.float64)  # so that all designs hold the same numbers
    data = as_data(DESIGNS[kind](X), y[None])
    cols, U = np.array([5, 0, 3, 2, 6]), np.random.default_rng(0).standard_normal((6, 23))
    mean = np.zeros(5) if data.sparse else data.mean[cols]  # sparse columns are not centred
    Z = (X[:, cols] - mean) * data.scale[cols]
    np.testing.assert_allclose(data.columns(cols, mean, np.array([3, 1, 22])), Z[[3, 1, 22]].T, atol=1e-12)
    for k in (1, 4, 6):
        np.testing.assert_allclose(data.products(cols, mean, U[:k]), U[:k] @ Z, atol=1e-12)


def test_designs__gram_design_keeps_the_gradient():
    G = np.array([[2.0, 0.5, 9.0], [0.5, 1.0, 9.0], [9.0, 9.0, 9.0]])  # only a corner is in use
    r = np.array([0.1, -0.2])
    col_updates(Gram(G), np.array([1.0, -3.0]), np.ones(1), r)
    np.testing.assert_allclose(r, [0.1, -0.2] + G[:2, :2] @ [1.0, -3.0])
