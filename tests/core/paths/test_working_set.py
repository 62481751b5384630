"""Working sets: two forms of one problem, correlations of all columns, gaps that hold."""

import numpy as np
import pytest

from skreg._core.certify import certify, form_of_all_columns
from skreg._core.data import as_data
from skreg._core.parts.penalty import Penalty
from skreg._core.paths.forms import Gradient, Residual
from skreg._core.paths.working_set import Columns, Covariance
from tests.problems import DESIGNS, regression

pytestmark = pytest.mark.plain


def problem(kind="dense", n=30, p=10):
    X, y = regression(n, p, seed=2)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, n)
    return as_data(DESIGNS[kind](X), np.array([y, y**2]), weights, True)


def lasso(data, l1_ratio=1.0):
    return Penalty(l1_ratio, np.ones(data.p)).path(data, data.unit[0])


def working_sets(data, target=0):
    inner = Columns(data, target)
    rows = Columns(data, target)
    rows.most = 0  # keeps the residual instead of inner products
    gram = Covariance(data.inner, data.start[target], data.target_sqnorms[target])
    gram.SMALL = 0
    return {"gradient": inner, "residual": rows, "covariance": gram}


@pytest.mark.parametrize("kind", ["dense", "csc"])
def test_forms__residual_and_gradient_are_the_same_problem(kind):
    data = problem(kind)
    rows = Residual(data, 1)
    gram = Gradient(data.cross, data.start[1], data.target_sqnorms[1])
    rng = np.random.default_rng(0)
    for new in ([4, 1], [7], [0, 9, 2, 3]):
        for form in (rows, gram):
            form.grow(np.array(new))
        w = rng.standard_normal(rows.features.size)
        r, g = rows.state(w), gram.state(w)
        Z = data.block(slice(None))[:, rows.features]
        q = data.sqrt_weighted_targets[1]
        for form, state in ((rows, r), (gram, g)):
            np.testing.assert_array_equal(form.features, rows.features)
            np.testing.assert_allclose(form.correlations(state), Z.T @ (q - Z @ w), atol=1e-11)
            np.testing.assert_allclose(form.products(w, state), [np.sum((q - Z @ w) ** 2), (q - Z @ w) @ q], atol=1e-11)
            some = np.array([1, 0])
            np.testing.assert_allclose(form.square(some), (Z.T @ Z)[np.ix_(some, some)], atol=1e-11)


@pytest.mark.parametrize("which", ["gradient", "residual", "covariance"])
@pytest.mark.parametrize("kind", ["dense", "csc"])
def test_working_set__correlations_of_all_columns(which, kind):
    data = problem(kind)
    s = working_sets(data)[which]
    known = np.zeros(data.p, bool)
    s.add(lasso(data), np.array([3, 8]), known, np.abs(s.start))
    assert known[[3, 8]].all()
    assert not s.w.any()
    w = np.random.default_rng(0).standard_normal(s.w.size)
    s.move(w)
    every = np.zeros(data.p)
    every[s.features] = w
    Z = data.block(slice(None))
    expected = Z.T @ (data.sqrt_weighted_targets[0] - Z @ every)
    found = s.all_correlations(s.w, s.r, lambda size: size > 0.0)
    np.testing.assert_allclose(found, expected, atol=1e-11)


@pytest.mark.parametrize("which", ["gradient", "residual", "covariance"])
@pytest.mark.parametrize("tol", [1e-3, 1e-10])
def test_working_set__solve_reaches_the_gap(which, tol):
    data = problem()
    s = working_sets(data)[which]
    family = lasso(data, 0.7)
    s.add(family, np.arange(data.p), np.zeros(data.p, bool), np.abs(s.start))
    order = np.argsort(s.features)
    result = s.solve(family.at(0.05, s.blocks), tol, 0.0, 1000)
    assert result.gap <= tol
    value, gap = certify(form_of_all_columns(data, 0, False), family.whole(0.05), s.w[order])
    assert value == pytest.approx(result.primal, abs=1e-12)
    assert gap <= tol + 1e-12


@pytest.mark.parametrize("which", ["gradient", "residual"])
def test_working_set__gap_with_other_columns_holds(which):
    data = problem()
    every = np.arange(data.p)
    family = lasso(data)
    alpha = 0.1 * family.alpha_max(data.start[0])
    whole = working_sets(data)[which]
    whole.add(family, every, np.zeros(data.p, bool), np.abs(whole.start))
    best = whole.solve(family.at(alpha, whole.blocks), 1e-12, 0.0, 1000).primal
    s = working_sets(data)[which]
    known = np.zeros(data.p, bool)
    s.add(family, np.argsort(-np.abs(s.start))[:2], known, np.abs(s.start))
    result = s.solve(family.at(alpha, s.blocks), 1e-12, 0.0, 1000)
    proof = result.certificate
    c = s.all_correlations(proof.w, proof.r, lambda size: size > 0.0)
    entry = family.entry_alpha(c)
    new = np.flatnonzero((proof.scale * entry > alpha * (1.0 + 1e-12)) & ~known)
    assert new.size
    gap = proof.outside(family, alpha, result.primal, new, entry, c)
    assert result.primal - best <= gap <= result.primal
    assert gap > result.gap


def test_working_set__another_one_asks_for_no_products_that_are_known():
    data, asked = problem(n=30, p=300), []

    def inner(cols):
        asked.extend(cols)
        return data.inner(cols)

    first = Covariance(inner, data.start[0], data.target_sqnorms[0])
    family, entry, known = lasso(data), np.abs(data.start[0]), np.zeros(data.p, bool)
    for _ in range(2):
        first.add(family, np.flatnonzero(~known)[:2], known, entry)
    assert len(first.K) == 2
    assert 4 < len(asked) < data.p
    second, before = first.another(), set(asked)
    asked.clear()
    assert second.w.size == 0
    second.add(family, np.append(first.features[[40, 3]], np.flatnonzero(~known)[:3]), np.zeros(data.p, bool), entry)
    np.testing.assert_allclose(second.K[0], data.inner(second.features), atol=1e-12)
    assert set(asked) == set(second.features) - before


def test_working_set__another_one_shares_what_is_known_of_columns_outside():
    data = problem(n=30, p=40)
    first = Columns(data, 0)
    first.add(lasso(data), np.arange(6), np.zeros(data.p, bool), np.abs(data.start[0]))
    first.move(np.linspace(1.0, 2.0, 6))
    every = first.all_correlations(first.w, first.r, lambda size: np.ones(size.size, bool))
    second = first.another()
    second.add(lasso(data), np.arange(6), np.zeros(data.p, bool), np.abs(data.start[0]))
    second.move(first.w)
    found = second.all_correlations(second.w, second.r, lambda size: size < 0.0)  # exact for no column
    np.testing.assert_allclose(found, every, atol=1e-11)
