"""Groups of several targets: the multi-task lasso of scikit-learn, groups of features times targets, searches."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import MultiTaskElasticNet

from skreg import PenalizedRegressor, PenalizedRegressorCV
from tests.linear.test_penalized import GROUPS, problem
from tests.reference_penalized import distance, penalty

T = 3


def targets(n=60, seed=0):
    """Features, and targets of different scales and means that depend on the same features."""
    X, _ = problem("squared", n)
    rng = np.random.default_rng(seed)
    B = np.zeros((T, 9))
    B[:, :4] = rng.standard_normal((T, 4))
    return X, (X @ B.T + rng.standard_normal((n, T))) * [1.0, 3.0, 0.5] + [0.0, 10.0, -2.0]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("alpha", [0.5, 0.01])
def test_multi_task__is_that_of_scikit_learn(alpha, l1_ratio):
    X, Y = targets()
    theirs = MultiTaskElasticNet(alpha, l1_ratio=l1_ratio, tol=1e-13, max_iter=100_000).fit(X, Y)
    model = PenalizedRegressor(alpha, penalty="group_lasso", l1_ratio=l1_ratio, tol=1e-11)
    for kind in (np.asfortranarray, sp.csc_array):
        model.fit(kind(X), Y)
        np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-6)
        np.testing.assert_allclose(model.intercept_, theirs.intercept_, atol=1e-6)
        assert isinstance(model.dual_gap_, float)
        assert model.dual_gap_ <= 1e-11 * 0.5 * Y.var(axis=0).sum()
    enters = model.coef_ != 0.0
    assert (enters.all(axis=0) == enters.any(axis=0)).all()
    value = 0.5 * np.mean(np.sum((Y - model.predict(X)) ** 2, axis=1))
    sizes = np.linalg.norm(model.coef_, axis=0)
    value += alpha * (l1_ratio * sizes.sum() + 0.5 * (1.0 - l1_ratio) * np.sum(sizes**2))
    assert value == pytest.approx(model.objective_, rel=1e-10)


@pytest.mark.parametrize("name", ["group_lasso", "sparse_group_lasso", "group_mcp"])
def test_multi_task__groups_of_features_are_stationary_for_all_targets(name):
    X, Y = targets()
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(Y))
    ratio = 0.6 if name == "sparse_group_lasso" else 0.9
    params = dict(penalty=name, l1_ratio=ratio, groups=GROUPS, tol=1e-11)
    params |= dict(gamma=4.0) if name == "group_mcp" else {}
    model = PenalizedRegressor(0.9, **params).fit(X, Y, weights)
    g = weights[:, None] * (model.predict(X) - Y) / weights.sum()
    assert np.abs(g.sum(axis=0)).max() < 1e-9
    # coordinate j T + t is that of feature j and target t; weights are roots of the numbers of features
    groups = [[j * T + t for j in group for t in range(T)] for group in GROUPS]
    factor = np.sqrt([len(group) for group in GROUPS])
    b, c = model.coef_.T.ravel(), -(X.T @ g).ravel()
    tol = 1e-8 if name == "group_mcp" else 2e-5
    assert distance(name, c, b, 0.9, ratio, 4.0, groups, factor) < tol
    value = 0.5 * np.average(np.sum((Y - model.predict(X)) ** 2, axis=1), weights=weights)
    value += penalty(name, b, 0.9, ratio, 4.0, factor, groups)
    assert value == pytest.approx(model.objective_, rel=1e-10)
    assert 0 < np.count_nonzero(b) < b.size


def test_multi_task__path_is_separate_fits_and_begins_at_zero():
    X, Y = targets()
    model = PenalizedRegressor(penalty="group_lasso", groups=GROUPS, tol=1e-10)
    alphas, coefs, intercepts, gaps = model.path(X, Y, alphas=4, eps=0.05)
    assert coefs.shape == (T, 9, 4)
    assert gaps.shape == (4,)
    assert not coefs[..., 0].any()
    assert coefs[..., 1].any()
    for k in (1, 3):
        single = PenalizedRegressor(alphas[k], penalty="group_lasso", groups=GROUPS, tol=1e-10).fit(X, Y)
        np.testing.assert_allclose(coefs[..., k], single.coef_, atol=1e-5)
        np.testing.assert_allclose(intercepts[:, k], single.intercept_, atol=1e-5)


def test_multi_task__more_features_than_rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 200))
    Y = X[:, :3] @ rng.standard_normal((3, T)) + 0.3 * rng.standard_normal((30, T))
    model = PenalizedRegressor(0.05, penalty="group_lasso", tol=1e-9).fit(X.astype(np.float32), Y)
    theirs = MultiTaskElasticNet(0.05, l1_ratio=1.0, tol=1e-12, max_iter=100_000).fit(
        X.astype(np.float32).astype(float), Y
    )
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-4)
    assert model.coef_.dtype == np.float32


def test_multi_task__cross_validation_scores_all_targets():
    X, Y = targets()
    model = PenalizedRegressorCV(penalty="group_lasso", groups=GROUPS, alphas=5, cv=3, tol=1e-8).fit(X, Y)
    train, test = np.arange(20, 60), np.arange(20)
    single = PenalizedRegressor(model.alphas_[0, 0, 2], penalty="group_lasso", groups=GROUPS, tol=1e-8)
    error = 0.5 * np.mean((Y[test] - single.fit(X[train], Y[train]).predict(X[test])) ** 2)
    assert model.scores_[0, 0, 2, 0] == pytest.approx(-error, rel=1e-5)
    assert model.coef_.shape == (T, 9)
    assert isinstance(model.dual_gap_, float)


def test_multi_task__offsets_are_those_of_all_targets():
    X, Y = targets()
    offset = np.random.default_rng(0).standard_normal(len(Y))
    params = dict(penalty="group_lasso", tol=1e-11)
    with_offset = PenalizedRegressor(0.2, **params).fit(X, Y, offset=offset)
    shifted = PenalizedRegressor(0.2, **params).fit(X, Y - offset[:, None])
    np.testing.assert_allclose(with_offset.coef_, shifted.coef_, atol=1e-8)


def test_multi_task__warm_start_and_no_intercept():
    X, Y = targets()
    model = PenalizedRegressor(0.2, penalty="group_lasso", fit_intercept=False, warm_start=True, tol=1e-11).fit(X, Y)
    theirs = MultiTaskElasticNet(0.2, l1_ratio=1.0, fit_intercept=False, tol=1e-13, max_iter=100_000).fit(X, Y)
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(model.fit(X, Y).coef_, theirs.coef_, atol=1e-6)
