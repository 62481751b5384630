"""Shrinking towards given coefficients: identities with shifted problems, limits, certificates, searches, bad input."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import log_softmax

from skreg import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    alpha_max,
    elastic_net_path,
    logistic_path,
)
from tests.problems import regression

X, Y = regression(60, 5)
X = X * np.array([1.0, 3.0, 0.2, 1.0, 1.0]) + np.array([0.0, 1.0, 0.0, 5.0, 0.0])
PRIOR = np.array([1.0, -0.5, 2.0, 0.0, 0.3])
W = np.random.default_rng(0).uniform(0.5, 2.0, 60)
CODES = np.digitize(Y, np.quantile(Y, [0.3, 0.7]))
TWO = (np.median(Y) < Y).astype(int)
ROWS = np.stack([PRIOR, -PRIOR, np.zeros(5)])


@pytest.mark.parametrize(
    ("params", "convert"),
    [
        (dict(alpha=0.1, l1_ratio=0.0), np.asarray),
        (dict(alpha=0.05, l1_ratio=1.0), np.asarray),
        (dict(alpha=0.05, standardize=True), sp.csc_array),
        (dict(alpha=0.05, penalty_factor=[0.0, 1.0, 2.0, 1.0, np.inf], fit_intercept=False), np.asarray),
        (dict(alpha=0.1, solver="cd"), sp.csc_array),
        (dict(alpha=0.1, solver="gram"), np.asarray),
    ],
)
def test_prior__is_a_shift_of_the_targets(params, convert):
    model = ElasticNetProx(**params, prior_coef=PRIOR, tol=1e-10).fit(convert(X), Y, W)
    shifted = ElasticNetProx(**params, tol=1e-10).fit(convert(X), Y - X @ PRIOR, W)
    np.testing.assert_allclose(model.coef_, PRIOR + shifted.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, shifted.intercept_, rtol=1e-12)
    assert model.dual_gap_ == pytest.approx(shifted.dual_gap_, abs=1e-14)
    assert model.objective_ == pytest.approx(shifted.objective_)
    np.testing.assert_allclose(model.predict(X), X @ model.coef_ + model.intercept_)


def test_prior__ridge_has_its_closed_form():
    model = ElasticNetProx(0.3, l1_ratio=0.0, prior_coef=PRIOR, fit_intercept=False).fit(X, Y)
    wanted = np.linalg.solve(X.T @ X + 60 * 0.3 * np.eye(5), X.T @ Y + 60 * 0.3 * PRIOR)
    np.testing.assert_allclose(model.coef_, wanted, rtol=1e-6)


def test_prior__of_zero_changes_nothing():
    wanted = ElasticNetProx(0.05).fit(X, Y)
    for prior in (0.0, np.zeros(5), {}):
        model = ElasticNetProx(0.05, prior_coef=prior).fit(pd.DataFrame(X, columns=list("abcde")), Y)
        np.testing.assert_array_equal(model.coef_, wanted.coef_)
    wanted = LabelSmoothedLogistic(0.05).fit(X, CODES)
    model = LabelSmoothedLogistic(0.05, prior_coef=np.zeros((3, 5))).fit(X, CODES)
    np.testing.assert_array_equal(model.coef_, wanted.coef_)


def test_prior__is_the_limit_of_a_large_alpha():
    top = alpha_max(X, Y, l1_ratio=1.0, prior_coef=PRIOR)
    model = ElasticNetProx(1.001 * top, l1_ratio=1.0, prior_coef=PRIOR).fit(X, Y)
    np.testing.assert_array_equal(model.coef_, PRIOR)
    assert model.sparsity_ == 1.0
    assert ElasticNetProx(0.99 * top, l1_ratio=1.0, prior_coef=PRIOR).fit(X, Y).sparsity_ < 1.0
    model = LabelSmoothedLogistic(100.0, l1_ratio=1.0, prior_coef=ROWS).fit(X, CODES)
    np.testing.assert_array_equal(model.coef_, ROWS)


def test_prior__and_bounds_are_in_the_units_of_the_coefficients():
    bounds = (np.full(5, 0.1), np.full(5, 1.5))
    model = ElasticNetProx(0.01, prior_coef=PRIOR, bounds=bounds).fit(X, Y)
    shifted = ElasticNetProx(0.01, bounds=(bounds[0] - PRIOR, bounds[1] - PRIOR)).fit(X, Y - X @ PRIOR)
    np.testing.assert_allclose(model.coef_, PRIOR + shifted.coef_, rtol=1e-12)
    single = ElasticNetProx(0.01, prior_coef=PRIOR, positive=True).fit(X.astype(np.float32), Y)
    assert single.coef_.dtype == np.float32
    assert (single.coef_ >= 0.0).all()


def test_prior__of_several_targets_and_by_name():
    both = np.column_stack([Y, -2.0 * Y])
    model = ElasticNetProx(0.05, prior_coef=ROWS[:2]).fit(X, both)
    for t in range(2):
        alone = ElasticNetProx(0.05, prior_coef=ROWS[t]).fit(X, both[:, t])
        np.testing.assert_allclose(model.coef_[t], alone.coef_, rtol=1e-6, atol=1e-9)
    frame = pd.DataFrame(X, columns=list("abcde"))
    named = ElasticNetProx(0.05, prior_coef={"a": 1.0, "c": 2.0}).fit(frame, Y)
    np.testing.assert_array_equal(named.coef_, ElasticNetProx(0.05, prior_coef=[1, 0, 2, 0, 0]).fit(X, Y).coef_)


def test_prior__paths_and_warm_starts():
    alphas, coefs, _, gaps = elastic_net_path(X, Y, prior_coef=PRIOR, alphas=5, tol=1e-10)
    np.testing.assert_array_equal(coefs[:, 0], PRIOR)
    model = ElasticNetProx(alphas[-1], prior_coef=PRIOR, tol=1e-10, warm_start=True).fit(X, Y)
    np.testing.assert_allclose(coefs[:, -1], model.coef_, rtol=1e-5)
    assert model.fit(X, Y).n_iter_ == 1
    again = elastic_net_path(X, Y, prior_coef=PRIOR, alphas=alphas[-1:], coef_init=coefs[:, -1], tol=1e-10)
    np.testing.assert_allclose(again[1][:, 0], coefs[:, -1], rtol=1e-5)
    assert (gaps < 1e-10 * Y @ Y).all()
    _, coefs, *_ = logistic_path(X, CODES, prior_coef=ROWS, alphas=3)
    np.testing.assert_array_equal(coefs[..., 0], ROWS)


# ---- classes


@pytest.mark.parametrize(("y", "prior"), [(TWO, PRIOR), (CODES, ROWS)])
def test_prior__of_classes_is_the_minimum_of_the_objective(y, prior):
    alpha, prior = 0.02, np.atleast_2d(prior)
    scale = X.std(axis=0)
    model = LabelSmoothedLogistic(alpha, prior_coef=prior, standardize=True, tol=1e-10).fit(X, y)
    K = len(prior)

    def objective(flat):
        coef, intercept = flat[: 5 * K].reshape(K, 5), flat[5 * K :]
        scores = X @ coef.T + intercept
        scores = np.column_stack([np.zeros(60), scores]) if K == 1 else scores
        loss = -log_softmax(scores, axis=1)[np.arange(60), y].mean()
        return loss + 0.5 * alpha * np.sum(((coef - prior) * scale) ** 2)

    start = np.concatenate([prior.ravel(), np.zeros(K)])
    found = minimize(objective, start, method="BFGS", options=dict(gtol=1e-8))
    assert model.objective_ == pytest.approx(found.fun, abs=1e-8)
    assert objective(np.concatenate([model.coef_.ravel(), model.intercept_])) == pytest.approx(model.objective_)
    np.testing.assert_allclose(model.coef_, found.x[: 5 * K].reshape(K, 5), atol=1e-3)
    assert model.dual_gap_ < 1e-9


def test_prior__solvers_agree():
    found = [
        LabelSmoothedLogistic(0.02, prior_coef=ROWS, solver=solver, tol=1e-10).fit(X, CODES).coef_
        for solver in ("newton", "lbfgs")
    ]
    np.testing.assert_allclose(*found, atol=1e-4)


# ---- searches


@pytest.mark.filterwarnings("ignore:.*est of its grid")
@pytest.mark.parametrize("scoring", [None, "neg_mean_squared_error"])
def test_prior__search_is_that_of_shifted_targets(scoring):
    options = dict(alphas=5, cv=3, scoring=scoring, store_coef_path=True)
    model = ElasticNetProxCV(prior_coef=PRIOR, **options).fit(X, Y)
    shifted = ElasticNetProxCV(**options).fit(X, Y - X @ PRIOR)
    np.testing.assert_allclose(model.scores_, shifted.scores_, rtol=1e-8)
    np.testing.assert_allclose(model.coefs_path_, PRIOR + shifted.coefs_path_, rtol=1e-8)
    np.testing.assert_allclose(model.coef_, PRIOR + shifted.coef_, rtol=1e-8)
    mean = ElasticNetProxCV(prior_coef=PRIOR, refit=False, **options).fit(X, Y)
    shifted = ElasticNetProxCV(refit=False, **options).fit(X, Y - X @ PRIOR)
    np.testing.assert_allclose(mean.coef_, PRIOR + shifted.coef_, rtol=1e-8)


@pytest.mark.filterwarnings("ignore:.*est of its grid")
def test_prior__search_among_classes_scores_whole_coefficients():
    options = dict(alphas=3, cv=3, label_smoothing=0.0, prior_coef=ROWS, tol=1e-8)
    own = LabelSmoothedLogisticCV(**options).fit(X, CODES)
    scored = LabelSmoothedLogisticCV(scoring="neg_log_loss", **options).fit(X, CODES)
    np.testing.assert_allclose(own.scores_, scored.scores_, rtol=1e-8)
    single = LabelSmoothedLogistic(own.alpha_, l1_ratio=own.l1_ratio_, prior_coef=ROWS, tol=1e-8).fit(X, CODES)
    np.testing.assert_allclose(own.coef_, single.coef_, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (ElasticNetProx(prior_coef=[1.0, 2.0]), Y, r"prior_coef must be a number or have shape \(5,\)"),
        (
            ElasticNetProx(prior_coef=np.ones((2, 5))),
            Y,
            r"prior_coef must have shape \(5,\) or \(1, 5\), .*got \(2, 5\)",
        ),
        (ElasticNetProx(prior_coef=[1, 2, 3, 4, np.inf]), Y, r"prior_coef must be finite"),
        (ElasticNetProx(prior_coef="ones"), Y, r"'prior_coef' parameter .* Got 'ones'"),
        (ElasticNetProx(prior_coef={"a": 1.0}), Y, r"prior_coef goes by feature names"),
        (LabelSmoothedLogistic(prior_coef=PRIOR), CODES, r"prior_coef must have shape \(3, 5\), a row for every class"),
        (LabelSmoothedLogistic(prior_coef=ROWS), TWO, r"prior_coef must have shape \(5,\) or \(1, 5\)"),
        (
            ElasticNetProx(prior_coef=ROWS[:2], positive=True),
            np.column_stack([Y, Y]),
            r"prior_coef must be the same for all targets or classes where there are bounds",
        ),
    ],
)
def test_prior__bad_input(model, y, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
