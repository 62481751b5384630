"""Screening: bounds that hold, and no column lost."""

import numpy as np
import pytest

from skreg import ElasticNetProx, alpha_max
from skreg._core.data import as_data
from skreg._core.paths.screening import Anchors
from tests.problems import DESIGNS, regression

KINDS = ("dense", "csc", "float32")


def problem(kind, weighted, n=25, p=40):
    X, y = regression(n, p, seed=4)
    X = X.astype(np.float32).astype(np.float64)
    weights = np.random.default_rng(0).integers(0, 3, n).astype(float) if weighted else None
    return as_data(DESIGNS[kind](X), y[None], weights, True)


def states(data, count):
    """Residuals along a path: each is near the one before, and sums to zero under the weights."""
    rng = np.random.default_rng(1)
    q = data.sqrt_weighted_targets[0]
    for k in range(count):
        q = q + (0.3, 0.02, 0.02)[k % 3] * np.linalg.norm(q) / np.sqrt(data.n) * rng.standard_normal(data.n) * (
            data.rows > 0.0
        )
        q = q - data.sqrt_weights * ((data.sqrt_weights * np.ones(data.n)) @ q) / data.weight
        yield data.from_rows(-data.sqrt_weights * q)


@pytest.mark.plain
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_anchors__correlations_are_exact_where_they_may_matter(kind, weighted):
    data = problem(kind, weighted)
    anchors = Anchors(data, size=3)
    anchors.start(data.sqrt_weighted_targets[0], data.start[0])
    known = np.arange(data.p) % 7 == 0
    read = 0
    for r in states(data, 12):  # more than fit in the basis: old directions are replaced
        true = -data.dots(r)
        level = np.quantile(np.abs(true), 0.95)
        est = anchors.correlations(r, lambda size, level=level: (size > level) & ~known)
        exact = np.abs(est - true) <= 1e-10
        assert (np.abs(true[~exact & ~known]) <= level).all()
        assert exact[np.abs(true) > level][~known[np.abs(true) > level]].all()
        read += exact.sum()
    assert read < 12 * data.p  # some columns were left out


@pytest.mark.plain
@pytest.mark.parametrize("kind", KINDS)
def test_anchors__the_part_outside_the_span_is_that_of_the_columns(kind):
    data = problem(kind, True)
    anchors = Anchors(data, size=3)
    Z = data.block(slice(None))
    for r in states(data, 7):
        q = -data.sqrt_weighted(r)
        np.testing.assert_allclose(anchors.add(q), Z.T @ q, atol=1e-8)
        outside = Z - anchors.U.T @ (anchors.U @ Z)
        np.testing.assert_allclose(anchors.outside, np.linalg.norm(outside, axis=0), atol=1e-6)
        np.testing.assert_allclose(anchors.C, anchors.U @ Z, atol=1e-10)
        used = anchors.U[anchors.U.any(axis=1)]
        np.testing.assert_allclose(used @ used.T, np.eye(len(used)), atol=1e-10)


@pytest.mark.parametrize("kind", ["dense", "csc"])
@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_screening__never_loses_a_nonzero_column(kind, share):
    X, y = regression(30, 150, seed=6)
    alpha = share * alpha_max(X, y, l1_ratio=1.0)
    screened = ElasticNetProx(alpha, l1_ratio=1.0, solver="cd", tol=1e-12).fit(DESIGNS[kind](X), y)
    plain = ElasticNetProx(alpha, l1_ratio=1.0, solver="prox_grad", tol=1e-12, max_iter=100_000).fit(
        DESIGNS[kind](X), y
    )
    residual = y - X @ screened.coef_ - screened.intercept_
    correlations = (X - X.mean(axis=0)).T @ residual / len(y)
    assert np.abs(correlations).max() <= alpha * (1.0 + 1e-5)
    assert (screened.coef_[np.abs(plain.coef_) > 1e-3 * np.abs(plain.coef_).max()] != 0.0).all()


@pytest.mark.plain
@pytest.mark.parametrize("kind", KINDS)
def test_anchors__the_bound_holds_where_it_is_attained(kind):
    """A residual whose remainder points along a column's part outside the span reaches the bound of Cauchy-Schwarz."""
    data = problem(kind, False)
    Z = data.block(slice(None))
    for j in range(0, data.p, 5):
        anchors = Anchors(data, size=3)
        anchors.start(data.sqrt_weighted_targets[0], data.start[0])
        outside = Z[:, j] - anchors.U.T @ (anchors.U @ Z[:, j])
        q = 0.01 * data.sqrt_weighted_targets[0] + outside
        true = Z.T @ q
        level = np.full(data.p, np.inf)
        level[j] = 0.999 * abs(true[j])  # only this column may matter
        est = anchors.correlations(data.from_rows(-q), lambda size, level=level: size > level)
        assert est[j] == pytest.approx(true[j], abs=1e-9)
