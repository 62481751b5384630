"""ElasticNetProx against scikit-learn, against itself, and in the places where users put it."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn import linear_model
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import ElasticNetProx, alpha_max, elastic_net_path
from tests.problems import DESIGNS, PENALTIES, regression
from tests.reference import null_loss, objective

EXACT = dict(tol=1e-12, max_iter=10_000)


@pytest.mark.parametrize("shape", [(60, 20), (30, 90), (300, 8)])
@pytest.mark.parametrize("l1_ratio", [0.2, 0.9, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_elastic_net__agrees_with_scikit_learn(shape, l1_ratio, weighted):
    X, y = regression(*shape, seed=7)
    weights = np.random.default_rng(0).uniform(0.1, 3.0, shape[0]) if weighted else None
    top = alpha_max(X, y, l1_ratio=l1_ratio, sample_weight=weights)
    for share in (0.5, 0.05):
        peer = linear_model.ElasticNet(alpha=share * top, l1_ratio=l1_ratio, tol=1e-14, max_iter=1_000_000)
        peer.fit(X, y, sample_weight=weights)
        best = objective(X, y, peer.coef_, peer.intercept_, share * top, l1_ratio, weights)
        for solver in ("cd", "gram", "prox_grad"):
            ours = ElasticNetProx(share * top, l1_ratio=l1_ratio, solver=solver, tol=1e-10, max_iter=100_000)
            ours.fit(X, y, weights)
            assert ours.objective_ == pytest.approx(best, rel=1e-8)
            np.testing.assert_allclose(ours.predict(X), peer.predict(X), atol=1e-4 * y.std())


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
@pytest.mark.parametrize("weighted", [False, True])
def test_elastic_net__ridge_agrees_with_scikit_learn(shape, weighted):
    X, y = regression(*shape, seed=8)
    weights = np.random.default_rng(0).uniform(0.1, 3.0, shape[0]) if weighted else None
    total = shape[0] if weights is None else weights.sum()
    peer = linear_model.Ridge(alpha=0.3 * total, solver="cholesky", tol=1e-12).fit(X, y, sample_weight=weights)
    for solver in ("auto", "direct", "cd", "gram", "prox_grad"):
        ours = ElasticNetProx(0.3, l1_ratio=0.0, solver=solver, tol=1e-12, max_iter=100_000).fit(X, y, weights)
        np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-5 * np.abs(peer.coef_).max())
        assert ours.objective_ == pytest.approx(
            objective(X, y, peer.coef_, peer.intercept_, 0.3, 0.0, weights), rel=1e-10
        )


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("kind", ["dense", "csc"])
def test_elastic_net__weights_are_repeated_rows(penalty, kind):
    X, y = regression(40, 10, seed=2)
    weights = np.random.default_rng(1).integers(0, 4, 40)
    made = DESIGNS[kind]
    for solver in ("cd", "gram"):
        model = ElasticNetProx(0.02, solver=solver, **EXACT, **penalty.of(10))
        weighted = clone(model).fit(made(X), y, weights.astype(float))
        repeated = clone(model).fit(made(np.repeat(X, weights, axis=0)), np.repeat(y, weights))
        np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-7, atol=1e-9)
        assert weighted.objective_ == pytest.approx(repeated.objective_, rel=1e-10)
        larger = clone(model).fit(made(X), y, 1e200 * weights)
        np.testing.assert_allclose(larger.coef_, weighted.coef_, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_elastic_net__permutations_permute_the_answer(penalty):
    X, y = regression(50, 14, seed=5)
    rng = np.random.default_rng(3)
    rows, columns = rng.permutation(50), rng.permutation(14)
    params = penalty.of(14)
    plain = ElasticNetProx(0.05, **EXACT, **params).fit(X, y)
    if "penalty_factor" in params:
        params["penalty_factor"] = params["penalty_factor"][columns]
    if "bounds" in params:
        params["bounds"] = tuple(b if np.ndim(b) == 0 else b[columns] for b in params["bounds"])
    moved = ElasticNetProx(0.05, **EXACT, **params).fit(X[rows][:, columns], y[rows])
    np.testing.assert_allclose(moved.coef_, plain.coef_[columns], atol=1e-8)
    assert moved.objective_ == pytest.approx(plain.objective_, rel=1e-10)


@pytest.mark.parametrize("solver", ["cd", "gram", "prox_grad"])
@pytest.mark.parametrize("shape", [(50, 20), (25, 60)])
def test_elastic_net__path_is_separate_fits(solver, shape):
    X, y = regression(*shape, seed=6)
    options = dict(l1_ratio=0.8, solver=solver, tol=1e-10, max_iter=100_000)
    alphas, coefs, intercepts, gaps = elastic_net_path(X, y, alphas=12, eps=0.01, **options)
    assert (np.diff(alphas) < 0).all()
    assert coefs.shape == (shape[1], 12)
    assert (coefs[:, 0] == 0.0).all()
    assert (gaps <= 1e-10 * null_loss(y)).all()
    for k, alpha in enumerate(alphas):
        single = ElasticNetProx(alpha, **options).fit(X, y)
        value = objective(X, y, coefs[:, k], intercepts[k], alpha, 0.8)
        assert value == pytest.approx(single.objective_, abs=1e-10 * null_loss(y))
        np.testing.assert_allclose(coefs[:, k], single.coef_, atol=1e-3)


def test_elastic_net__a_path_that_was_stopped_goes_on():
    X, y = regression(30, 80, seed=9)
    options = dict(l1_ratio=1.0, tol=1e-12)
    alphas, coefs, intercepts, _ = elastic_net_path(X, y, alphas=20, eps=0.02, **options)
    rest = elastic_net_path(X, y, alphas=alphas[8:], coef_init=coefs[:, 7], **options)
    np.testing.assert_allclose(rest[0], alphas[8:])
    np.testing.assert_allclose(rest[1], coefs[:, 8:], atol=1e-7)
    np.testing.assert_allclose(rest[2], intercepts[8:], atol=1e-7)
    assert (rest[3] <= 1e-12 * null_loss(y)).all()


def test_elastic_net__path_orders_alphas_and_uses_the_weighted_grid():
    X, y = regression(40, 10)
    weights = np.arange(40.0)
    alphas, coefs, *_ = elastic_net_path(X, y, alphas=[0.01, 1.0, 0.1], tol=1e-10)
    np.testing.assert_array_equal(alphas, [1.0, 0.1, 0.01])
    np.testing.assert_allclose(coefs[:, 2], ElasticNetProx(0.01, tol=1e-10).fit(X, y).coef_, atol=1e-6)
    weighted = elastic_net_path(X, y, sample_weight=weights, alphas=3)[0]
    repeated = elastic_net_path(np.repeat(X, np.arange(40), axis=0), np.repeat(y, np.arange(40)), alphas=3)[0]
    np.testing.assert_allclose(weighted, repeated, rtol=1e-10)
    assert weighted[-1] == pytest.approx(1e-3 * weighted[0])


@pytest.mark.parametrize("penalty", [p for p in PENALTIES if p.params["l1_ratio"] > 0 and p.name != "without zero"])
@pytest.mark.parametrize("weighted", [False, True])
def test_elastic_net__alpha_max_is_where_coefficients_begin(penalty, weighted):
    X, y = regression(40, 12, seed=3)
    weights = np.random.default_rng(0).uniform(0.0, 2.0, 40) if weighted else None
    params = penalty.of(12)
    held = params.get("penalty_factor", np.ones(12)) > 0
    top = alpha_max(X, y, sample_weight=weights, **params)
    above = ElasticNetProx(1.0001 * top, **EXACT, **params).fit(X, y, weights)
    below = ElasticNetProx(0.999 * top, **EXACT, **params).fit(X, y, weights)
    assert (above.coef_[held] == 0.0).all()
    assert (below.coef_[held] != 0.0).any()


def test_elastic_net__alpha_max_without_l1_is_infinite():
    X, y = regression(20, 4)
    assert alpha_max(X, y, l1_ratio=0.0) == np.inf


def test_elastic_net__standardize_is_a_scaler_in_front():
    X, y = regression(60, 15, seed=4)
    scaler = StandardScaler().fit(X)
    for l1_ratio in (0.0, 0.5, 1.0):
        for design in ("dense", "csc"):
            inside = ElasticNetProx(0.1, l1_ratio=l1_ratio, standardize=True, **EXACT).fit(DESIGNS[design](X), y)
            outside = ElasticNetProx(0.1, l1_ratio=l1_ratio, **EXACT).fit(scaler.transform(X), y)
            np.testing.assert_allclose(inside.coef_ * scaler.scale_, outside.coef_, atol=1e-8)
            np.testing.assert_allclose(inside.predict(X), outside.predict(scaler.transform(X)), atol=1e-7)


def test_elastic_net__penalty_factor_is_a_scaled_feature():
    X, y = regression(50, 8, seed=4)
    factor = np.linspace(0.5, 2.0, 8)
    ours = ElasticNetProx(0.1, l1_ratio=1.0, penalty_factor=factor, **EXACT).fit(X, y)
    scaled = ElasticNetProx(0.1, l1_ratio=1.0, **EXACT).fit(X / factor, y)
    np.testing.assert_allclose(ours.coef_ * factor, scaled.coef_, atol=1e-8)


def test_elastic_net__positive_agrees_with_scikit_learn():
    X, y = regression(50, 12, seed=11)
    peer = linear_model.Lasso(alpha=0.05, positive=True, tol=1e-14, max_iter=100_000).fit(X, y)
    ours = ElasticNetProx(0.05, l1_ratio=1.0, positive=True, **EXACT).fit(X, y)
    np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-7)


def test_elastic_net__nonnegative_least_squares():
    from scipy.optimize import nnls

    X, y = regression(40, 12, seed=12)
    expected, _ = nnls(X, y)
    ours = ElasticNetProx(0.0, positive=True, fit_intercept=False, **EXACT).fit(X, y)
    np.testing.assert_allclose(ours.coef_, expected, atol=1e-8)


def test_elastic_net__bounded_least_squares():
    from scipy.optimize import lsq_linear

    X, y = regression(40, 12, seed=13)
    expected = lsq_linear(X, y, (-0.2, 0.3), tol=1e-14).x
    ours = ElasticNetProx(0.0, bounds=(-0.2, 0.3), fit_intercept=False, **EXACT).fit(X, y)
    np.testing.assert_allclose(ours.coef_, expected, atol=1e-6)


def test_elastic_net__several_targets_are_fitted_one_by_one():
    X, y = regression(40, 10)
    Y = np.column_stack([y, -2 * y + X[:, 0], np.ones(40)])
    both = ElasticNetProx(0.05).fit(X, Y)
    assert both.coef_.shape == (3, 10)
    for name in ("intercept_", "n_iter_", "dual_gap_", "objective_"):
        assert getattr(both, name).shape == (3,)
    assert both.predict(X).shape == (40, 3)
    for t in range(3):
        one = ElasticNetProx(0.05).fit(X, Y[:, t])
        np.testing.assert_allclose(both.coef_[t], one.coef_, atol=1e-9)
        assert both.objective_[t] == pytest.approx(one.objective_)
    _, coefs, intercepts, gaps = elastic_net_path(X, Y, alphas=4)
    assert coefs.shape == (3, 10, 4)
    assert intercepts.shape == gaps.shape == (3, 4)
    assert ElasticNetProx(0.05).fit(X, Y[:, :1]).predict(X).shape == (40, 1)


def test_elastic_net__sparsify_and_densify():
    X, y = regression(40, 10)
    for target in (y, np.column_stack([y, y])):
        model = ElasticNetProx(0.5).fit(X, target)
        before, shape = model.predict(X), model.coef_.shape
        assert sp.issparse(model.sparsify().coef_)
        np.testing.assert_allclose(model.predict(X), before)
        np.testing.assert_allclose(model.predict(sp.csr_array(X)), before)
        assert model.densify().coef_.shape == shape


def test_elastic_net__warm_start_goes_on_and_cold_start_does_not():
    X, y = regression(50, 200, seed=1)
    model = ElasticNetProx(0.05, l1_ratio=1.0, warm_start=True, solver="prox_grad", max_iter=20_000).fit(X, y)
    first = model.n_iter_
    assert model.fit(X, y).n_iter_ < 0.5 * first
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == first
    fast = ElasticNetProx(0.05, l1_ratio=1.0, warm_start=True).fit(X, y)
    coef = fast.coef_.copy()
    np.testing.assert_allclose(fast.fit(X, y).coef_, coef, atol=1e-6)
    fast.sparsify().set_params(alpha=0.04).fit(X, y)
    np.testing.assert_allclose(fast.coef_, ElasticNetProx(0.04, l1_ratio=1.0).fit(X, y).coef_, atol=1e-3)


def test_elastic_net__memory_maps_and_read_only_arrays_are_read_in_place(tmp_path):
    X, y = regression(40, 10)
    np.save(tmp_path / "X.npy", np.asfortranarray(X))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    from skreg._core.data import as_data

    data = as_data(mapped, y[None], None, True)
    assert np.shares_memory(data.X, mapped)
    np.testing.assert_array_equal(ElasticNetProx(0.05).fit(mapped, y).coef_, ElasticNetProx(0.05).fit(X, y).coef_)
    S = sp.csc_array(X)
    assert np.shares_memory(as_data(S, y[None]).X.data, S.data)


def test_elastic_net__input_is_not_changed():
    X, y = regression(40, 10)
    weights = np.ones(40)
    for made in DESIGNS.values():
        Z = made(X)
        before = Z.copy()
        ElasticNetProx(0.05, standardize=True).fit(Z, y, weights)
        assert (before != Z).sum() == 0


def test_elastic_net__dtype_follows_X():
    X, y = regression(40, 10)
    for made, dtype in ((DESIGNS["float32"], np.float32), (DESIGNS["dense"], np.float64)):
        model = ElasticNetProx(0.05).fit(made(X), y)
        assert model.coef_.dtype == dtype
        assert model.predict(made(X)).dtype == dtype


def test_elastic_net__data_frames():
    X, y = regression(40, 3)
    for frame in (pd.DataFrame(X, columns=["a", "b", "c"]), pl.DataFrame(X, schema=["a", "b", "c"])):
        model = ElasticNetProx(0.05).fit(frame, y)
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        assert model.predict(frame).shape == (40,)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(pd.DataFrame(X, columns=["a", "c", "b"]))


def test_elastic_net__in_a_pipeline_and_a_grid_search():
    X, y = regression(60, 20)
    pipeline = make_pipeline(StandardScaler(), ElasticNetProx())
    grid = {"elasticnetprox__alpha": [0.01, 0.1, 1.0], "elasticnetprox__l1_ratio": [0.5, 1.0]}
    search = GridSearchCV(pipeline, grid, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.7
    serial = GridSearchCV(pipeline, grid).fit(X, y)
    np.testing.assert_array_equal(search.best_estimator_[-1].coef_, serial.best_estimator_[-1].coef_)
    assert cross_val_score(pipeline, X, y, n_jobs=2).shape == (5,)


@pytest.mark.parametrize("solver", ["cd", "gram"])
@pytest.mark.parametrize("n_targets", [1, 64])
def test_elastic_net__rounding_on_equal_columns_does_not_count_as_selected(solver, n_targets):
    rng = np.random.default_rng(0)
    B = (rng.random((200, 20)) < 0.5).astype(float)
    X, Y = np.hstack([B] * 5), B @ rng.standard_normal((20, n_targets)) + rng.standard_normal((200, n_targets))
    model = ElasticNetProx(0.003, l1_ratio=1.0, solver=solver).fit(X, Y)
    size = np.abs(model.coef_) * X.std(axis=0) / Y.std(axis=0)[:, None]
    assert size[size > 0.0].min() > 1e-13
    alone = ElasticNetProx(0.003, l1_ratio=1.0).fit(B, Y)
    np.testing.assert_allclose(model.objective_, alone.objective_, atol=1e-6 * Y.var(axis=0).max() / 2)
