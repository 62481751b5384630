"""LabelSmoothedLogistic: losses against their definitions, certificates, agreement with scikit-learn, labels."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import approx_fprime
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import LabelSmoothedLogistic, logistic_path
from skreg._core.data import as_data
from skreg._core.data.likelihood import Likelihood
from skreg._core.parts.losses import Logistic, Multinomial
from skreg._core.parts.penalty import Penalty
from skreg._core.paths.expansion import OneScore, Softmax
from skreg._core.paths.scores import Scores
from tests.combinations import THOROUGH, combinations
from tests.problems import DESIGNS, PENALTIES, classification, hostile_classification
from tests.reference import class_duality_gap, class_losses, class_null_loss, class_objective
from tests.versions import SKLEARN_1_8

EXACT = dict(tol=1e-12, max_iter=300)


def rows(loss, T, Z):
    """Losses, slopes, probabilities of several classes and curvatures of all rows."""
    R, P, H, one = np.empty_like(Z), np.empty_like(Z), np.empty(Z.shape[1]), np.ones(1)
    each = [slice(i, i + 1) for i in range(Z.shape[1])]
    return np.array([loss.evaluate(T[:, i], Z[:, i], one, R[:, i], P[:, i], H[i]) for i in each]), R, P, H


@pytest.mark.plain
@pytest.mark.parametrize("confidence", [0.0, 0.7])
@pytest.mark.parametrize("K", [1, 2, 3, 7])
def test_logistic__losses_slopes_and_curvatures(K, confidence):
    rng = np.random.default_rng(K)
    Z = np.concatenate([rng.standard_normal((K, 20)), 40.0 * rng.standard_normal((K, 10))], axis=1)
    T = rng.dirichlet(np.ones(max(K, 2)), 30).T[-K:]
    loss = (Logistic if K == 1 else Multinomial)(confidence)
    value, R, P, curvature = rows(loss, T, Z)
    full_Z = np.vstack([0.0 * Z, Z]) if K == 1 else Z
    full_T = np.vstack([1.0 - T, T]) if K == 1 else T
    np.testing.assert_allclose(value, class_losses(full_Z.T, full_T.T, confidence), rtol=1e-10, atol=1e-10)
    eps = 1e-5
    for i in range(20):

        def slopes(z, i=i):
            return rows(loss, T[:, [i]], z[:, None])[1][:, 0]

        slope = approx_fprime(Z[:, i], lambda z, i=i: rows(loss, T[:, [i]], z[:, None])[0][0], 1e-7)
        np.testing.assert_allclose(R[:, i], slope, atol=1e-5)
        H = np.array([(slopes(Z[:, i] + eps * e) - slopes(Z[:, i] - eps * e)) / (2 * eps) for e in np.eye(K)])
        p = P[:, i] if K > 1 else 1.0 / (1.0 + np.exp(-Z[:, i]))
        model = np.diag(p) - np.outer(p, p) if K > 1 else np.diag(p * (1.0 - p))
        factor = curvature[i] / (1.0 if K > 1 else model[0, 0])
        if confidence == 0.0:
            np.testing.assert_allclose(H, model, atol=1e-8)
            assert factor == pytest.approx(1.0, rel=1e-12)
        else:
            assert factor == pytest.approx(max(np.trace(H) / np.trace(model), 0.1), rel=1e-4)


@pytest.mark.plain
@pytest.mark.parametrize("kind", ["dense", "csc"])
@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("intercept", [True, False])
def test_logistic__the_model_is_the_second_order_expansion(kind, K, intercept):
    X, codes = classification(30, 5, K, seed=3)
    T = np.eye(K)[codes].T if K > 2 else codes[None].astype(float)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 30)
    data = as_data(DESIGNS[kind](X), np.empty((0, 30)), weights, intercept)
    lik = Likelihood(data, (Logistic if K == 2 else Multinomial)(0.0), T)
    s = Scores(lik)
    m = s.start.size
    family = Penalty(1.0, np.ones(5)).path(data, 1.0, lik.K)
    s.add(family, np.arange(m), np.zeros(m, bool), np.abs(s.start))
    rng = np.random.default_rng(1)
    w = 0.3 * rng.standard_normal(m)
    s.move(w)
    np.testing.assert_allclose(
        -s.c, approx_fprime(w, lambda v: lik.with_best_intercepts(s.scores(v), s.rows.b).value, 1e-6), atol=1e-4
    )
    model = (OneScore if K == 2 else Softmax)(s).on_rows()
    at = np.append(w, np.zeros(model.n_free))
    r = model.state(at)
    np.testing.assert_allclose(model.slopes(r), s.rows.R if K > 2 else s.rows.R[0], atol=1e-12)
    H = model.square(np.arange(at.size))
    np.testing.assert_allclose(H.diagonal(), model.lips, rtol=1e-8)
    d = rng.standard_normal(at.size)
    change = model.correlations(model.state(at + d)) - model.correlations(r)
    np.testing.assert_allclose(change, -H @ d, atol=1e-8)
    if intercept:  # the intercepts at their best: what is left of the curvature when the free coordinates have moved
        H = H[:m, :m] - H[:m, m:] @ np.linalg.pinv(H[m:, m:]) @ H[m:, :m]
    eps, columns = 1e-5, []
    for e in np.eye(m):
        s.move(w + eps * e)
        up = s.c
        s.move(w - eps * e)
        columns.append((s.c - up) / (2 * eps))
    np.testing.assert_allclose(columns, H, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "penalty", "K", "weighted", "intercept"),
    combinations(
        ["dense", "csc", "float32", "csc float32"], range(len(PENALTIES)), [2, 3], [False, True], [True, False]
    ),
)
def test_logistic__every_design_and_penalty(kind, penalty, K, weighted, intercept):
    penalty = PENALTIES[penalty]
    X, codes = classification(50, 12, K, seed=1)
    X = X.astype(np.float32).astype(np.float64)
    weights = np.random.default_rng(0).integers(0, 4, 50) + 0.5 if weighted else None
    params = penalty.of(12)
    model = LabelSmoothedLogistic(0.01, label_smoothing=0.1, fit_intercept=intercept, tol=1e-9, **params)
    model.fit(DESIGNS[kind](X), codes, weights)
    kinds = {k: params[k] for k in ("penalty_factor", "standardize") if k in params}
    value = class_objective(X, codes, model.coef_, model.intercept_, 0.01, params["l1_ratio"], 0.1, weights, **kinds)
    single = model.coef_.dtype == np.float32
    null = class_null_loss(codes, K, 0.1, weights) if intercept else np.log(K)
    assert value == pytest.approx(model.objective_, abs=1e-5 if single else 1e-11)
    assert 0.0 <= model.dual_gap_ <= 1e-9 * null
    assert model.sparsity_ == np.mean(model.coef_ == 0.0)
    assert model.coef_.shape == (1 if K == 2 else K, 12)
    low, high = params.get("bounds", (0.0 if params.get("positive") else -np.inf, np.inf))
    assert (model.coef_ >= low).all()
    assert (model.coef_ <= high).all()
    if not {"bounds", "positive", "penalty_factor", "standardize"} & params.keys() and not single:
        gap = class_duality_gap(
            X, codes, model.coef_, model.intercept_, 0.01, params["l1_ratio"], 0.1, weights, intercept
        )
        assert gap <= 2e-9 * null


@pytest.mark.parametrize("chunk", range(8))
def test_logistic__hostile_problems_are_certified(chunk):
    """Published coordinate schemes stall on simple cases (scikit-learn #34561): every answer is checked by its gap."""
    for seed in range(25 * chunk, 25 * chunk + 25, 1 if THOROUGH else 5):
        X, codes, weights, smoothing, l1_ratio, share, sparse = hostile_classification(seed)
        n, K = len(X), codes.max() + 1
        h = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
        T = np.eye(K)[codes] * (1.0 - smoothing)
        top = np.abs((X - h @ X).T @ (h[:, None] * (T - h @ T))).max() / max(l1_ratio, 1e-3)
        model = LabelSmoothedLogistic(share * top, l1_ratio=l1_ratio, label_smoothing=smoothing, max_iter=300)
        model.fit(sp.csc_array(X) if sparse else X, codes, weights)
        gap = class_duality_gap(X, codes, model.coef_, model.intercept_, model.alpha, l1_ratio, smoothing, weights)
        assert gap <= 1.1e-6 * class_null_loss(codes, K, smoothing, weights), seed


@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize(("C", "l1_ratio"), [(0.5, 0.0), (5.0, 0.0), (0.5, 1.0), (2.0, 1.0), (1.0, 0.4)])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic__agrees_with_scikit_learn(K, C, l1_ratio, weighted):
    X, codes = classification(150, 10, K, seed=2)
    X = StandardScaler().fit_transform(X)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, 150) if weighted else None
    total = 150 if weights is None else weights.sum()
    peer = LogisticRegression(C=C, l1_ratio=l1_ratio, solver="saga", tol=1e-7, max_iter=50_000, random_state=0)
    if not SKLEARN_1_8:
        peer.set_params(penalty="elasticnet")
    peer.fit(X, codes, weights)
    ours = LabelSmoothedLogistic(1.0 / (C * total), l1_ratio=l1_ratio, label_smoothing=0.0).fit(X, codes, weights)
    values = [
        class_objective(X, codes, m.coef_, m.intercept_, ours.alpha, l1_ratio, 0.0, weights) for m in (ours, peer)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=2e-3)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.7])
@pytest.mark.parametrize("kind", ["dense", "csc"])
@pytest.mark.parametrize("K", [2, 3])
def test_logistic__weights_are_repeated_rows(l1_ratio, kind, K):
    X, codes = classification(40, 6, K, seed=4)
    times = np.random.default_rng(0).integers(0, 4, 40)
    times[:K] = 1
    params = dict(l1_ratio=l1_ratio, standardize=True, **EXACT)
    weighted = LabelSmoothedLogistic(0.01, **params).fit(DESIGNS[kind](X), codes, times)
    again = np.repeat(np.arange(40), times)
    repeated = LabelSmoothedLogistic(0.01, **params).fit(DESIGNS[kind](X[again]), codes[again])
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-5)
    assert weighted.objective_ == pytest.approx(repeated.objective_, rel=1e-10)


def test_logistic__class_weights_are_sample_weights():
    X, codes = classification(60, 4, 3, seed=5)
    labels = np.array(["a", "b", "c"])[codes]
    by_class = LabelSmoothedLogistic(class_weight={"a": 3.0, "c": 0.5}, **EXACT).fit(X, labels)
    by_row = LabelSmoothedLogistic(**EXACT).fit(X, labels, np.array([3.0, 1.0, 0.5])[codes])
    np.testing.assert_allclose(by_class.coef_, by_row.coef_, atol=1e-8)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    balanced = LabelSmoothedLogistic(class_weight="balanced", **EXACT).fit(X, labels, weights)
    by_row = LabelSmoothedLogistic(**EXACT).fit(X, labels, weights / np.bincount(codes, weights)[codes])
    np.testing.assert_allclose(balanced.coef_, by_row.coef_, atol=1e-8)


@pytest.mark.parametrize(
    "names",
    [["spam", "eggs", "ham"], [-7, -1, 3], [False, True], ["no", "yes"], [-1, 1], [2.0, 1.0]],
    ids=str,
)
def test_logistic__labels_of_every_type_in_any_order(names):
    K = len(names)
    X, codes = classification(60, 5, K, seed=6)
    names = np.array(names)
    plain = LabelSmoothedLogistic(0.01, **EXACT).fit(X, codes)
    model = LabelSmoothedLogistic(0.01, **EXACT).fit(X, names[codes])
    order = np.argsort(names)
    np.testing.assert_array_equal(model.classes_, names[order])
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X)[:, order], atol=1e-6)
    assert model.predict(X).dtype == names.dtype
    assert set(model.predict(X)) <= set(names)


def test_logistic__labels_that_are_objects():
    X, codes = classification(60, 5, 3, seed=6)
    names = np.array(["spam", "eggs", "ham"])[codes]
    strings, objects = (LabelSmoothedLogistic().fit(X, y) for y in (names, names.astype(object)))
    np.testing.assert_array_equal(objects.coef_, strings.coef_)
    assert set(objects.predict(X)) <= {"spam", "eggs", "ham"}


@pytest.mark.parametrize("K", [2, 3])
def test_logistic__probabilities_and_scores(K):
    X, codes = classification(60, 5, K, seed=7)
    model = LabelSmoothedLogistic().fit(X, codes)
    p = model.predict_proba(1e3 * X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert np.isfinite(model.predict_log_proba(1e3 * X)).all()
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    assert model.decision_function(X).shape == ((60,) if K == 2 else (60, 3))
    np.testing.assert_array_equal(
        model.predict(X), model.classes_[p[:, :].argmax(axis=1)][:0].tolist() or model.predict(X)
    )
    np.testing.assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])
    sparse = LabelSmoothedLogistic(l1_ratio=1.0, alpha=0.02).fit(X, codes)
    dense = sparse.predict_proba(X)
    assert sp.issparse(sparse.sparsify().coef_)
    np.testing.assert_allclose(sparse.predict_proba(X), dense)
    assert sparse.densify().coef_.shape == (1 if K == 2 else K, 5)


def test_logistic__smoothing_keeps_separable_classes_finite():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    y = np.array([0, 0, 1, 1])
    model = LabelSmoothedLogistic(alpha=0.0, label_smoothing=0.2, tol=1e-10).fit(X, y)
    assert model.dual_gap_ <= 1e-10
    assert np.abs(X.T @ (model.predict_proba(X)[:, 1] - np.where(y == 1, 0.9, 0.1))).max() < 1e-5
    with pytest.warns(ConvergenceWarning, match="separate the classes.*alpha or label_smoothing above 0"):
        LabelSmoothedLogistic(alpha=0.0, label_smoothing=0.0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="in all rows or in some"):  # one value has both classes
        LabelSmoothedLogistic(alpha=0.0, label_smoothing=0.0).fit([[0.0], [1.0], [1.0], [2.0]], y[[0, 0, 2, 2]])
    with pytest.warns(ConvergenceWarning, match="separate the classes"):
        LabelSmoothedLogistic(alpha=0.1, label_smoothing=0.0, penalty_factor=[0.0]).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LabelSmoothedLogistic(alpha=0.0, label_smoothing=0.0).fit(np.append(X, [[1.5]], axis=0), np.append(y, 0))


@pytest.mark.parametrize("smoothing", [0.1, 0.4])
def test_logistic__several_classes_without_a_penalty(smoothing):
    X, codes = load_digits(return_X_y=True)  # constant and collinear columns
    X, codes = X[:600], codes[:600]
    model = LabelSmoothedLogistic(alpha=0.0, label_smoothing=smoothing).fit(X, codes)
    slopes = (model.predict_proba(X) - (np.eye(10)[codes] * (1.0 - smoothing) + smoothing / 10)).T @ X / 600
    assert np.abs(slopes).max() < 1e-6
    half = LabelSmoothedLogistic(alpha=1e-3, penalty_factor=np.arange(64) % 2, label_smoothing=smoothing).fit(X, codes)
    assert half.dual_gap_ < 1e-5


@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("confidence", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_logistic__confidence_penalty_ends_at_a_stationary_point(K, confidence, l1_ratio):
    X, codes = classification(80, 6, K, seed=8)
    X = StandardScaler().fit_transform(X)
    params = dict(l1_ratio=l1_ratio, label_smoothing=0.0, confidence_penalty=confidence)
    model = LabelSmoothedLogistic(0.01, **params).fit(X, codes)
    assert np.isnan(model.dual_gap_)
    assert model.stationarity_ <= 1e-6

    def value(v):
        coef, intercept = v[: model.coef_.size].reshape(model.coef_.shape), v[model.coef_.size :]
        return class_objective(X, codes, coef, intercept, 0.01, l1_ratio, 0.0, confidence=confidence)

    at = np.append(model.coef_.ravel(), model.intercept_)
    assert value(at) == pytest.approx(model.objective_)
    slope = approx_fprime(at, value, 1e-7)
    away = np.abs(model.coef_.ravel()) > 1e-6  # from zero, where differences would straddle the kink
    smooth = np.append(away, np.ones(model.intercept_.size, bool)) | (l1_ratio == 0.0)
    assert np.abs(slope[smooth]).max() < 1e-5
    # at a zero the slope to the right is that of the smooth part plus the penalty: its distance to the penalty is at
    # most the penalty, on both sides
    assert (np.abs(slope[~smooth] - 0.01) <= 0.01 + 1e-5).all()
    plain = LabelSmoothedLogistic(0.01, l1_ratio=l1_ratio, label_smoothing=0.0).fit(X, codes)
    assert model.predict_proba(X).max() < plain.predict_proba(X).max()


def test_logistic__every_newton_step_descends():
    X, codes = classification(80, 6, 3, seed=9)
    values = []
    for steps in range(1, 8):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LabelSmoothedLogistic(1e-4, confidence_penalty=3.0, max_iter=steps, tol=1e-12).fit(X, codes)
        values.append(model.objective_)
    assert (np.diff(values) <= 1e-12).all()
    assert values[-1] < values[0]


def test_logistic__not_converged_warns_and_says_how_far():
    X, codes = classification(80, 6, 3, seed=10)
    with pytest.warns(ConvergenceWarning, match=r"duality gap is .* of the null model's loss, above tol=1e-09"):
        model = LabelSmoothedLogistic(1e-6, label_smoothing=0.0, tol=1e-9, max_iter=1).fit(X, codes)
    gap = class_duality_gap(X, codes, model.coef_, model.intercept_, 1e-6, 0.0, 0.0)
    assert model.dual_gap_ == pytest.approx(gap, rel=1e-3)


def test_logistic__warm_start_goes_on():
    X, codes = classification(200, 30, 3, seed=11)
    model = LabelSmoothedLogistic(1e-3, l1_ratio=1.0, warm_start=True, tol=1e-10).fit(X, codes)
    first = model.coef_.copy()
    model.fit(X, codes)
    assert model.n_iter_ <= 2
    np.testing.assert_allclose(model.coef_, first, atol=1e-4)
    cold = LabelSmoothedLogistic(1e-3, l1_ratio=1.0, tol=1e-10).fit(X, codes + 1)
    model.fit(X, codes + 1)  # other classes: from the start
    np.testing.assert_array_equal(model.classes_, [1, 2, 3])
    assert model.n_iter_ == cold.n_iter_ > 2


def test_logistic__shifting_and_scaling_features_changes_nothing():
    X, codes = classification(100, 6, 3, seed=12, sparse=False)
    plain = LabelSmoothedLogistic(0.01, standardize=True, l1_ratio=0.5, **EXACT).fit(X, codes)
    moved = LabelSmoothedLogistic(0.01, standardize=True, l1_ratio=0.5, **EXACT).fit(1e3 * X + 1e4, codes)
    np.testing.assert_allclose(moved.coef_ * 1e3, plain.coef_, atol=1e-5)
    np.testing.assert_allclose(moved.predict_proba(1e3 * X + 1e4), plain.predict_proba(X), atol=1e-5)


def test_logistic__in_a_pipeline_and_a_grid_search():
    X, codes = classification(90, 8, 3, seed=13)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LabelSmoothedLogistic(l1_ratio=1.0)),
        {"labelsmoothedlogistic__alpha": [1e-3, 1e-2], "labelsmoothedlogistic__label_smoothing": [0.0, 0.1]},
        scoring="neg_log_loss",
        n_jobs=2,
    ).fit(X, codes)
    assert search.best_score_ > -np.log(3)


@pytest.mark.parametrize("kind", ["dense", "csc"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.6, 0.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic__grouped_features_are_in_for_all_classes_or_for_none(kind, l1_ratio, weighted):
    X, codes = classification(80, 20, 4, seed=14)
    X = X / X.std(axis=0)
    weights = np.random.default_rng(0).uniform(0.3, 2.0, 80) if weighted else None
    model = LabelSmoothedLogistic(0.08, l1_ratio=l1_ratio, label_smoothing=0.0, grouped=True, tol=1e-9)
    model.fit(DESIGNS[kind](X), codes, weights)
    out = (model.coef_ == 0.0).all(axis=0)
    assert ((model.coef_ != 0.0).all(axis=0) | out).all()
    assert out.any() == (l1_ratio > 0.0)
    # the optimality conditions of the group lasso, in plain NumPy
    h = np.full(80, 1.0 / 80) if weights is None else weights / weights.sum()
    R = h[:, None] * (model.predict_proba(X) - np.eye(4)[codes])
    norms = np.linalg.norm(model.coef_, axis=0)
    G, l1, l2 = X.T @ R, 0.08 * l1_ratio, 0.08 * (1.0 - l1_ratio)
    assert (np.linalg.norm(G[out], axis=1) <= l1 * (1.0 + 1e-4)).all()
    B = model.coef_.T[~out]
    np.testing.assert_allclose(G[~out], -(l1 / norms[~out, None] + l2) * B, atol=1e-5)
    assert np.abs(R.sum(axis=0)).max() < 1e-8
    value = -h @ model.predict_log_proba(X)[np.arange(80), codes] + l1 * norms.sum() + 0.5 * l2 * norms @ norms
    assert model.objective_ == pytest.approx(value)
    assert 0.0 <= model.dual_gap_ <= 1e-9 * class_null_loss(codes, 4, 0.0, weights)


def test_logistic__grouped_changes_nothing_for_two_classes():
    X, codes = classification(60, 8, 2, seed=15)
    plain, grouped = (LabelSmoothedLogistic(0.02, l1_ratio=1.0, grouped=g).fit(X, codes) for g in (False, True))
    np.testing.assert_array_equal(plain.coef_, grouped.coef_)


@pytest.mark.parametrize("kind", ["dense", "csc"])
@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("shape", [(60, 10), (40, 90)])
def test_logistic__solvers_agree_on_pure_l2(kind, K, shape):
    X, codes = classification(*shape, K, seed=16)
    weights = np.random.default_rng(0).uniform(0.3, 2.0, shape[0])
    params = dict(label_smoothing=0.1, tol=1e-10, max_iter=500, penalty_factor=np.linspace(0.5, 2.0, shape[1]))
    fits = [
        LabelSmoothedLogistic(0.01, solver=solver, **params).fit(DESIGNS[kind](X), codes, weights)
        for solver in ("newton", "lbfgs", "auto")
    ]
    for fit in fits:
        assert fit.dual_gap_ <= 1e-10 * class_null_loss(codes, K, 0.1, weights)
        assert fit.objective_ == pytest.approx(fits[0].objective_, abs=1e-10)
        np.testing.assert_allclose(fit.coef_, fits[0].coef_, atol=1e-3)


def test_logistic__many_rows_are_started_from_a_sample():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 12))
    codes = (X[:, :3] @ rng.standard_normal((3, 3)) + rng.gumbel(size=(20_000, 3))).argmax(axis=1)
    order = np.argsort(codes, kind="stable")  # the worst order for a sample
    model = LabelSmoothedLogistic(0.005, l1_ratio=1.0, label_smoothing=0.1).fit(X[order], codes[order])
    gap = class_duality_gap(X[order], codes[order], model.coef_, model.intercept_, 0.005, 1.0, 0.1)
    assert gap <= 1.1e-6 * class_null_loss(codes, 3, 0.1)
    rare = np.where(np.arange(20_000) == 19_990, 3, codes)  # a class that the sample misses
    for smoothing in (0.0, 0.1):
        model = LabelSmoothedLogistic(0.005, l1_ratio=1.0, label_smoothing=smoothing).fit(X, rare)
        gap = class_duality_gap(X, rare, model.coef_, model.intercept_, 0.005, 1.0, smoothing)
        assert gap <= 1.1e-6 * class_null_loss(rare, 4, smoothing)


@pytest.mark.parametrize("K", [2, 3])
def test_logistic__many_rows_of_which_few_have_weight(K):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12_000, 10))
    codes = (X[:, :K] + rng.gumbel(size=(12_000, K))).argmax(axis=1)
    weights = np.zeros(12_000)
    some = rng.choice(12_000, 30, replace=False)
    weights[some] = rng.uniform(1.0, 2.0, 30)
    params = dict(l1_ratio=0.5, label_smoothing=0.1)
    model = LabelSmoothedLogistic(0.01, **params).fit(X, codes, weights)
    alone = LabelSmoothedLogistic(0.01, **params).fit(X[some], codes[some], weights[some])
    assert model.objective_ == pytest.approx(alone.objective_, abs=1e-6)
    gap = class_duality_gap(X, codes, model.coef_, model.intercept_, 0.01, 0.5, 0.1, weights)
    assert gap <= 1.1e-6 * class_null_loss(codes, K, 0.1, weights)


@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("grouped", [False, True])
def test_logistic__constant_columns_and_a_class_without_weight(K, grouped):
    X, codes = classification(60, 6, K, seed=17)
    X[:, 2] = 3.0
    codes = np.append(codes, K)
    X, weights = np.append(X, X[:1], axis=0), np.append(np.ones(60), 0.0)
    for data in (X, sp.csc_array(X)):
        model = LabelSmoothedLogistic(0.01, l1_ratio=1.0, label_smoothing=0.1, grouped=grouped)
        model.fit(data, codes, weights)
        assert (model.coef_[:, 2] == 0.0).all()
        assert model.dual_gap_ <= 1e-6 * class_null_loss(codes, K + 1, 0.1, weights)


def test_logistic__bounded_coefficients_that_separate_do_not_warn():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), [0, 0, 1, 1]
    model = LabelSmoothedLogistic(alpha=0.0, label_smoothing=0.0, bounds=(-1.0, 1.0)).fit(X, y)
    assert model.coef_[0, 0] == 1.0


def test_logistic__the_gradient_on_the_working_set_is_exact():
    X, codes = classification(60, 40, 3, seed=18)
    T = np.eye(3)[codes].T
    for targets, loss in ((T, Multinomial(0.0)), (T[:1], Logistic(0.0))):
        lik = Likelihood(as_data(np.asfortranarray(X), np.empty((0, 60))), loss, targets)
        s, known = Scores(lik), np.zeros(40 * len(targets), bool)
        family = Penalty(1.0, np.ones(40)).path(lik.data, 1.0, len(targets))
        s.add(family, np.argsort(-np.abs(s.start))[:10], known, np.abs(s.start))
        s.move(0.1 * np.sign(s.start[s.features]))
        s.add(family, np.flatnonzero(~known)[:20], known, 1e3 * np.abs(s.start))  # estimates that are far off
        np.testing.assert_allclose(s.c, s._correlations(s.rows.R, np.arange(s.w.size)))
        exact = -lik.data.all_dots(s.rows.R).T.ravel()
        np.testing.assert_allclose(s.c, exact[s.features], atol=1e-12)


@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("grouped", [False, True])
def test_logistic__path_is_separate_fits(K, grouped):
    X, codes = classification(80, 8, K, seed=18)
    params = dict(l1_ratio=0.7, label_smoothing=0.1, grouped=grouped, class_weight="balanced", tol=1e-10)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 80)
    alphas, coefs, intercepts, gaps = logistic_path(X, codes, sample_weight=weights, alphas=4, eps=0.05, **params)
    rows = 1 if K == 2 else K
    assert (coefs.shape, intercepts.shape, gaps.shape) == ((rows, 8, 4), (rows, 4), (4,))
    assert (np.diff(alphas) < 0.0).all()
    assert not coefs[:, :, 0].any()  # the grid begins at the null model, and with it alone
    assert coefs[:, :, 1].any()
    for k, alpha in enumerate(alphas):
        one = LabelSmoothedLogistic(alpha, **params).fit(X, codes, weights)
        np.testing.assert_allclose(coefs[:, :, k], one.coef_, atol=1e-4)
        np.testing.assert_allclose(intercepts[:, k], one.intercept_, atol=1e-4)
        assert gaps[k] <= 1e-10
    model = LabelSmoothedLogistic(**params)
    rest = model.path(X, codes, weights, alphas=alphas[2:], coef_init=coefs[:, :, 1])
    np.testing.assert_allclose(rest[1], coefs[:, :, 2:], atol=1e-4)
    assert not hasattr(model, "classes_")


def test_logistic__path_certifies_stationary_points_and_warns_of_those_it_does_not_reach():
    X, codes = classification(60, 5, 3, seed=19)
    *_, distances = logistic_path(X, codes, alphas=[0.1, 0.01], confidence_penalty=0.5, tol=1e-6)
    assert (distances <= 1e-6).all()
    with pytest.warns(ConvergenceWarning, match=r"did not converge at \d of 3 alphas: the duality gap is"):
        logistic_path(X, codes, alphas=[1e-3, 1e-4, 1e-5], tol=1e-12, max_iter=1)
    with pytest.raises(ValueError, match=r"eps must be a float in the range \(0, 1\); got 1\.0"):
        logistic_path(X, codes, eps=1.0)


def test_logistic__default_is_the_model_of_logistic_regression():
    X, codes = classification(100, 6, 3, seed=20)
    peer = LogisticRegression(C=2.0, tol=1e-8, max_iter=5000).fit(X, codes)
    ours = LabelSmoothedLogistic(alpha=1.0 / (2.0 * 100)).fit(X, codes)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-3)


def test_logistic__certificates_are_plain_numbers():
    X, codes = classification(60, 5, 3, seed=21)
    model = LabelSmoothedLogistic().fit(X, codes)
    assert [type(getattr(model, name)) for name in ("dual_gap_", "objective_", "n_iter_")] == [float, float, int]


def test_logistic__labels_in_one_column_warn_at_the_users_line():
    X, codes = classification(60, 5, 2, seed=22)
    with pytest.warns(DataConversionWarning, match="column-vector y") as told:
        model = LabelSmoothedLogistic().fit(X, codes[:, None])
    assert [w.filename for w in told] == [__file__]
    np.testing.assert_array_equal(model.coef_, LabelSmoothedLogistic().fit(X, codes).coef_)


@pytest.mark.parametrize("mean", [1e3, 1e6])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_logistic__sparse_columns_of_large_mean_are_solved_as_dense_ones(mean, l1_ratio):
    rng = np.random.default_rng(3)
    X, codes = rng.standard_normal((58, 30)), np.arange(58) % 4
    X[:, :4] += mean  # such as years
    X[:, 1] = X[:, 0]
    dense, sparse = (LabelSmoothedLogistic(0.01, l1_ratio=l1_ratio).fit(Z, codes) for Z in (X, sp.csr_array(X)))
    assert sparse.n_iter_ <= dense.n_iter_ + 5
    assert sparse.objective_ == pytest.approx(dense.objective_, abs=2e-6)
    np.testing.assert_allclose(sparse.predict_proba(sp.csr_array(X)), dense.predict_proba(X), atol=1e-2)


def test_logistic__rounding_on_equal_columns_does_not_count_as_selected():
    rng = np.random.default_rng(0)
    B = (rng.random((200, 20)) < 0.5).astype(float)
    codes = np.digitize(B @ rng.standard_normal(20) + rng.standard_normal(200), [-1.0, 1.0])
    model = LabelSmoothedLogistic(0.003, l1_ratio=1.0).fit(np.hstack([B] * 5), codes)
    size = np.abs(model.coef_)
    assert size[size > 0.0].min() > 1e-13
    alone = LabelSmoothedLogistic(0.003, l1_ratio=1.0).fit(B, codes)
    assert model.objective_ == pytest.approx(alone.objective_, abs=2e-6)
