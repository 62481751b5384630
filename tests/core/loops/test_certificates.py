"""Whatever the data and the penalty, the answer is as good as its certificate says, and the certificate meets tol."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from skreg import ElasticNetProx, LabelSmoothedLogistic, elastic_net_path
from tests.combinations import combinations
from tests.problems import DESIGNS, PENALTIES, SOLVERS, classification, regression
from tests.reference import class_objective, duality_gap, null_loss, objective

SMALL = combinations(DESIGNS, range(len(PENALTIES)), [False, True], [True, False])


def weights_for(n, weighted):
    return np.random.default_rng(n).integers(0, 4, n) + 0.5 * (np.arange(n) % 2) if weighted else None


def check(model, X, y, weights, params, tol):
    """Objective, gap and attributes of a fitted model against the reference."""
    terms = {k: params.get(k, d) for k, d in (("l1_ratio", 0.5), ("standardize", False))}
    factor = params.get("penalty_factor")
    value = objective(
        X, y, model.coef_, model.intercept_, model.alpha, terms["l1_ratio"], weights, factor, terms["standardize"]
    )
    null = null_loss(y, weights, model.fit_intercept)
    slack = 1e-5 * null if model.coef_.dtype == np.float32 else 1e-10 * null
    assert value == pytest.approx(model.objective_, abs=slack)
    assert 0.0 <= model.dual_gap_ <= tol * null
    assert model.n_iter_ >= 1
    assert model.sparsity_ == np.mean(model.coef_ == 0.0)
    return value


@pytest.mark.parametrize(("kind", "penalty", "weighted", "intercept"), SMALL)
def test_certificates__every_design_and_penalty(kind, penalty, weighted, intercept):
    penalty = PENALTIES[penalty]
    X, y = regression(40, 12, seed=1)
    X = X.astype(np.float32).astype(np.float64)
    weights, params = weights_for(40, weighted), penalty.of(12)
    values = []
    for solver in SOLVERS:
        model = ElasticNetProx(0.05, fit_intercept=intercept, solver=solver, tol=1e-9, max_iter=20_000, **params)
        model.fit(DESIGNS[kind](X), y, weights)
        values.append(check(model, X, y, weights, params, 1e-9))
        low, high = params.get("bounds", (0.0 if params.get("positive") else -np.inf, np.inf))
        assert (model.coef_ >= low).all()
        assert (model.coef_ <= high).all()
        if penalty.name == "some out":
            assert (model.coef_[1::3] == 0.0).all()
        if not {"bounds", "positive"} & params.keys() and penalty.name not in ("some free", "some out"):
            gap = duality_gap(
                X,
                y,
                model.coef_,
                0.05,
                params["l1_ratio"],
                weights,
                params.get("penalty_factor"),
                params.get("standardize", False),
                intercept,
            )
            assert gap <= (1e-4 if model.coef_.dtype == np.float32 else 2e-9) * null_loss(y, weights, intercept)
    assert np.ptp(values) <= (1e-5 if "float32" in kind else 2e-9) * null_loss(y, weights, intercept)


@pytest.mark.filterwarnings("ignore:X has no feature that varies")
@given(
    n=st.integers(1, 60),
    p=st.integers(1, 80),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1e-100, 1e-6, 1.0, 1e6, 1e100]),
    y_scale=st.sampled_from([1e-100, 1.0, 1e100]),
    share=st.sampled_from([1e-4, 1e-2, 0.3, 0.9, 1.5]),
    penalty=st.sampled_from([p for p in PENALTIES if p.name not in ("box", "without zero")]),
    solver=st.sampled_from(["auto", "cd", "gram"]),
    weighted=st.booleans(),
    intercept=st.booleans(),
    kind=st.sampled_from(["dense", "csc", "csr array"]),
)
def test_certificates__any_size_and_scale(
    n, p, seed, scale, y_scale, share, penalty, solver, weighted, intercept, kind
):
    X, y = regression(n, p, seed)
    weights, params = weights_for(n, weighted), penalty.of(p)
    if weighted and not weights.any():
        weights += 1.0
    if np.isinf(params.get("penalty_factor", np.zeros(1))).all():
        return
    ratio, standardize = params["l1_ratio"], params.get("standardize", False)
    if 0.0 < ratio < 1.0:  # L1 and L2 scale differently
        y_scale = 1.0
        scale = scale if standardize else 1.0
    plain = share * np.abs(X.T @ (y - y.mean())).max() / n  # about alpha_max, on the unscaled data
    alpha = plain if standardize else plain * (scale**2 if ratio == 0.0 else scale * y_scale)
    model = ElasticNetProx(alpha, fit_intercept=intercept, solver=solver, **params)
    model.fit(DESIGNS[kind](X * scale), y * y_scale, weights)
    null = null_loss(y, weights, intercept) * y_scale**2
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_)
    assert model.dual_gap_ <= 1e-6 * null + 1e-14 * y_scale**2
    coef = model.coef_ * (scale / y_scale)
    factor = params.get("penalty_factor")
    value = objective(X, y, coef, model.intercept_ / y_scale, plain, ratio, weights, factor, standardize)
    assert value * y_scale**2 == pytest.approx(model.objective_, rel=1e-9, abs=1e-12 * y_scale**2)


@pytest.mark.filterwarnings("ignore:X has no feature that varies")
@given(
    n=st.integers(2, 40),
    p=st.integers(2, 40),
    seed=st.integers(0, 10**6),
    alpha=st.sampled_from([0.0, 1e-8, 1e-3]),
    solver=st.sampled_from(["auto", "cd", "gram"]),
    positive=st.booleans(),
)
def test_certificates__collinear_columns(n, p, seed, alpha, solver, positive):
    X, y = regression(n, p, seed)
    X[:, p // 2 :] = X[:, : p - p // 2] * 2.0 + 1.0  # copies, on another scale
    model = ElasticNetProx(alpha, l1_ratio=1.0, solver=solver, positive=positive, max_iter=20_000).fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert model.dual_gap_ <= 1e-6 * null_loss(y)


@pytest.mark.plain
def test_certificates__not_converged_warns_and_says_how_far():
    X, y = regression(30, 40, seed=2, correlated=5.0)
    model = ElasticNetProx(1e-3, l1_ratio=1.0, solver="prox_grad", max_iter=20, tol=1e-12)
    with pytest.warns(ConvergenceWarning, match=r"duality gap .* of the null model's loss, above tol=1e-12"):
        model.fit(X, y)
    best = ElasticNetProx(1e-3, l1_ratio=1.0, tol=1e-12).fit(X, y)
    assert model.objective_ - best.objective_ <= model.dual_gap_
    assert model.dual_gap_ > 1e-12 * null_loss(y)


@pytest.mark.plain
def test_certificates__constant_targets_and_columns():
    X, y = regression(30, 5)
    X[:, 2] = 7.0
    model = ElasticNetProx(0.01).fit(X, y)
    assert model.coef_[2] == 0.0
    flat = ElasticNetProx(0.01).fit(X, np.full(30, 4.0))
    assert (flat.coef_ == 0.0).all()
    assert flat.intercept_ == 4.0
    assert flat.dual_gap_ == 0.0
    assert flat.objective_ == 0.0


@pytest.mark.plain
def test_certificates__one_row_and_one_feature():
    for alpha in (0.0, 0.1):
        one = ElasticNetProx(alpha).fit([[3.0, 1.0]], [2.0])
        assert one.predict([[3.0, 1.0]]) == 2.0
        single = ElasticNetProx(alpha, l1_ratio=1.0).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
        assert single.coef_[0] == pytest.approx(1.0 - 1.5 * alpha)


@pytest.mark.plain
def test_certificates__alpha_zero_is_least_squares():
    for shape in ((30, 6), (6, 30)):
        X, y = regression(*shape, seed=4, sparse=False)
        centred = X - X.mean(axis=0)
        expected = np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0]
        for solver in ("auto", "direct", "cd", "gram"):
            model = ElasticNetProx(0.0, solver=solver).fit(X, y)
            np.testing.assert_allclose(model.predict(X), centred @ expected + y.mean(), atol=1e-8)
            assert model.objective_ == pytest.approx(np.mean((y - model.predict(X)) ** 2) / 2, abs=1e-12)
        np.testing.assert_allclose(ElasticNetProx(0.0).fit(X, y).coef_, expected, atol=1e-8)  # the shortest of all


def test_certificates__nearly_collinear_least_squares_is_certified():
    rng = np.random.default_rng(0)
    x = np.linspace(0.0, 1.0, 200)
    X = np.asfortranarray(x[:, None] ** np.arange(1, 13))  # condition number above 1e9
    y = np.sin(6 * x) + 0.01 * rng.standard_normal(200)
    model = ElasticNetProx(0.0).fit(X, y)
    best = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=1e-15)[0]
    value = np.mean((y - y.mean() - (X - X.mean(axis=0)) @ best) ** 2) / 2
    assert model.objective_ == pytest.approx(value, rel=1e-6)
    assert model.dual_gap_ <= 1e-6 * null_loss(y)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("factor", [0.0, 1.0])
def test_certificates__constant_columns_of_sparse_data(weighted, factor):
    X, y = regression(300, 4, seed=3)
    X[:, 0] = 0.1
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 300) if weighted else None
    params = dict(l1_ratio=1.0, penalty_factor=[factor, 1.0, 1.0, 1.0])
    for alpha in (0.0, 0.1):
        dense, sparse = (ElasticNetProx(alpha, **params).fit(DESIGNS[k](X), y, weights) for k in ("dense", "csc"))
        assert dense.coef_[0] == sparse.coef_[0] == 0.0
        np.testing.assert_allclose(dense.coef_, sparse.coef_, atol=1e-8)


@given(
    case=st.sampled_from([("dense", 1e2), ("dense", 1e5), ("csc", 1e2)]),
    seed=st.integers(0, 10**6),
    solver=st.sampled_from(["auto", "cd", "gram"]),
    free=st.booleans(),
)
def test_certificates__objective_is_true_where_means_dwarf_deviations(case, seed, solver, free):
    kind, shift = case
    rng = np.random.default_rng(seed)
    X = np.asfortranarray(rng.standard_normal((12, 30)) + shift)
    y = rng.standard_normal(12)
    factor = np.where(np.arange(30) < 8 * free, 0.0, 1.0)
    model = ElasticNetProx(0.05, l1_ratio=1.0, penalty_factor=factor, solver=solver).fit(DESIGNS[kind](X), y)
    exact = X - shift  # exact in floating point; the same model with another intercept
    value = objective(exact, y, model.coef_, model.intercept_ + shift * model.coef_.sum(), 0.05, 1.0, factor=factor)
    assert value == pytest.approx(model.objective_, abs=1e-8 * null_loss(y))
    best = ElasticNetProx(0.05, l1_ratio=1.0, penalty_factor=factor, tol=1e-10).fit(exact, y).objective_
    assert model.objective_ - best <= model.dual_gap_ + 1e-8 * null_loss(y)


def test_certificates__ridge_with_repeated_columns_and_a_tiny_alpha():
    for shape in ((30, 6), (6, 30)):
        X, y = regression(*shape, seed=1, sparse=False)
        X[:, 1] = X[:, 0]
        X[1] = X[0]
        model = ElasticNetProx(1e-10, l1_ratio=0.0).fit(X, y)
        assert np.isfinite(model.coef_).all()
        assert model.dual_gap_ <= 1e-6 * null_loss(y)


def test_certificates__many_rows_and_an_ill_conditioned_least_squares_need_little_memory():
    x = np.linspace(0.0, 1.0, 30_000)
    model = ElasticNetProx(0.0).fit(np.asfortranarray(x[:, None] ** np.arange(1, 14)), np.sin(6 * x))
    assert model.dual_gap_ <= 1e-6 * null_loss(np.sin(6 * x))


def collinear_float32(noise):
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((200, 1)) + noise * rng.standard_normal((200, 6))).astype(np.float32)
    return X, X @ rng.standard_normal(6) + rng.standard_normal(200)


@pytest.mark.parametrize(("noise", "dtype"), [(1.0, np.float32), (1e-6, np.float64)])
def test_certificates__float32_coefficients_are_kept_where_rounding_costs_little(noise, dtype):
    X, y = collinear_float32(noise)
    model = ElasticNetProx(0.0).fit(X, y)
    assert model.coef_.dtype == dtype
    value = objective(X, y, model.coef_, model.intercept_, 0.0)
    assert value - model.objective_ <= 2e-6 * null_loss(y)
    *_, coefs, intercepts, _ = elastic_net_path(X, y, alphas=[10.0, 0.0])
    assert coefs.dtype == dtype
    assert objective(X, y, coefs[:, 1], intercepts[1], 0.0) - model.objective_ <= 2e-6 * null_loss(y)


def test_certificates__float32_coefficients_of_classes_are_kept_where_rounding_costs_little():
    X, y = collinear_float32(1e-6)
    codes = (y > np.median(y)).astype(int)
    model = LabelSmoothedLogistic(0.0, label_smoothing=0.1).fit(X, codes)
    value = class_objective(X, codes, model.coef_, model.intercept_, 0.0, 0.0, 0.1)
    assert value - model.objective_ <= 2e-6


def test_certificates__float32_intercept_goes_with_the_rounded_coefficients():
    X, y = regression(50, 5, sparse=False)
    X = (X + 1e4).astype(np.float32)
    single = ElasticNetProx(0.01).fit(X, y)
    double = ElasticNetProx(0.01).fit(X.astype(np.float64), y)
    expected = double.predict(X.astype(np.float64))
    np.testing.assert_allclose(X.astype(np.float64) @ single.coef_ + single.intercept_, expected, atol=0.1 * y.std())
    residual = X.astype(np.float64) @ single.coef_.astype(np.float64) + single.intercept_ - y
    assert abs(residual.mean()) < 1e-6


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("solver", ["auto", "cd", "gram"])
def test_certificates__penalties_below_rounding_are_certified(l1_ratio, solver):
    X, y = regression(50, 8, seed=3)
    null = null_loss(y)
    for alpha in (1e-20, 1e-25, 1e-30, 1e-300):
        model = ElasticNetProx(alpha, l1_ratio=l1_ratio, solver=solver).fit(X, y)
        assert model.dual_gap_ <= 1e-6 * null
    large = np.rint(X * 1e17).astype(np.int64)
    for Z in (X * 1e18, large):
        model = ElasticNetProx(0.01, l1_ratio=l1_ratio, solver=solver).fit(Z, y)
        assert model.dual_gap_ <= 1e-6 * null
        assert model.objective_ == pytest.approx(ElasticNetProx(0.0).fit(X, y).objective_, rel=1e-6)


@given(
    seed=st.integers(0, 10**6),
    alpha=st.sampled_from([0.0, 1e-30, 1e-12, 1e-3]),
    l1_ratio=st.sampled_from([0.0, 0.5, 1.0]),
    positive=st.booleans(),
    solver=st.sampled_from(["cd", "gram", "prox_grad"]),
)
def test_certificates__a_gap_is_never_larger_than_the_objective(seed, alpha, l1_ratio, positive, solver):
    """The dual point 0 is feasible, and its value is 0 where coefficients of 0 are allowed."""
    X, y = regression(20, 15, seed)
    X[:, 8:] = X[:, :7] + 1e-9 * X[:, 8:]
    model = ElasticNetProx(alpha, l1_ratio=l1_ratio, positive=positive, solver=solver, max_iter=2, tol=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert model.dual_gap_ <= model.objective_


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("K", [2, 3])
def test_certificates__penalties_below_rounding_are_certified_for_classes(l1_ratio, K):
    X, codes = classification(60, 6, K, seed=2)
    free = LabelSmoothedLogistic(0.0, label_smoothing=0.1).fit(X, codes)
    for alpha, Z in ((1e-20, X), (1e-30, X), (0.01, X * 1e18)):
        model = LabelSmoothedLogistic(alpha, l1_ratio=l1_ratio, label_smoothing=0.1).fit(Z, codes)
        assert model.dual_gap_ <= 1e-6
        assert model.objective_ == pytest.approx(free.objective_, abs=2e-6)
