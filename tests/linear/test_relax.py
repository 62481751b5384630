"""Relaxed fits: the refit is that of other estimators on the selected features, and blends are between."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge

from skreg import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    PenalizedCox,
    PenalizedCoxCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
    elastic_net_path,
    logistic_path,
)
from tests.linear.test_penalized import GROUPS, problem

pytestmark = pytest.mark.filterwarnings("ignore:.*of its grid")


def test_relax__whole_is_least_squares_on_the_selected_features():
    X, y = problem("squared")
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    lasso = ElasticNetProx(0.15, l1_ratio=1.0, tol=1e-10).fit(X, y, weights)
    model = ElasticNetProx(0.15, l1_ratio=1.0, relax=1.0, tol=1e-10).fit(X, y, weights)
    found = np.flatnonzero(lasso.coef_)
    assert 0 < found.size < 9
    expected = LinearRegression().fit(X[:, found], y, weights)
    np.testing.assert_array_equal(np.flatnonzero(model.coef_), found)
    np.testing.assert_allclose(model.coef_[found], expected.coef_, atol=1e-8)
    assert model.intercept_ == pytest.approx(expected.intercept_)
    half = ElasticNetProx(0.15, l1_ratio=1.0, relax=0.5, tol=1e-10).fit(X, y, weights)
    np.testing.assert_allclose(half.coef_, 0.5 * (lasso.coef_ + model.coef_), atol=1e-8)
    assert half.intercept_ == pytest.approx(0.5 * (lasso.intercept_ + model.intercept_))
    assert half.objective_ == pytest.approx(lasso.objective_)  # of the penalized model, as the gap
    assert half.dual_gap_ <= 1e-10 * lasso.objective_


def test_relax__keeps_the_ridge():
    X, y = problem("squared")
    net = ElasticNetProx(0.3, l1_ratio=0.5, tol=1e-10).fit(X, y)
    model = ElasticNetProx(0.3, l1_ratio=0.5, relax=1.0, tol=1e-10).fit(X, y)
    found = np.flatnonzero(net.coef_)
    expected = Ridge(0.3 * 0.5 * len(y)).fit(X[:, found], y)
    np.testing.assert_allclose(model.coef_[found], expected.coef_, atol=1e-7)


@pytest.mark.parametrize("name", ["elastic_net", "mcp", "group_lasso", "slope", "fused"])
def test_relax__of_counts_is_that_of_scikit_learn(name):
    X, y = problem("poisson", 100)
    params = dict(loss="poisson", penalty=name, l1_ratio=0.5 if name == "fused" else 1.0, tol=1e-10)
    params |= dict(groups=GROUPS) if name == "group_lasso" else {}
    plain = PenalizedRegressor(0.1, **params).fit(X, y)
    model = PenalizedRegressor(0.1, relax=1.0, **params).fit(X, y)
    found = np.flatnonzero(plain.coef_)
    assert found.size
    expected = PoissonRegressor(alpha=0.0, tol=1e-10, max_iter=1000).fit(X[:, found], y)
    np.testing.assert_allclose(model.coef_[found], expected.coef_, atol=1e-5)
    assert not np.delete(model.coef_, found).any()


def test_relax__of_classes_is_that_of_scikit_learn():
    X, y = problem("squared", 120)
    labels = np.digitize(y + np.random.default_rng(0).logistic(size=len(y)), [0.5, 1.5])
    for classes in (labels > 0, labels):
        plain = LabelSmoothedLogistic(0.05, l1_ratio=1.0, tol=1e-9).fit(X, classes)
        model = LabelSmoothedLogistic(0.05, l1_ratio=1.0, relax=1.0, tol=1e-9).fit(X, classes)
        found = np.flatnonzero((plain.coef_ != 0.0).any(axis=0))
        expected = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X[:, found], classes)
        np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X[:, found]), atol=1e-5)


def test_relax__separable_classes_need_smoothing():
    X = np.linspace(-1.0, 1.0, 40)[:, None]
    y = X[:, 0] > 0.0
    params = dict(l1_ratio=1.0, relax=1.0)
    with pytest.warns(ConvergenceWarning, match="selected features separate the classes.*relax=1 has no penalty"):
        plain = LabelSmoothedLogistic(0.01, **params).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        smoothed = LabelSmoothedLogistic(0.01, label_smoothing=0.1, **params).fit(X, y)
        LabelSmoothedLogistic(0.01, l1_ratio=0.9, relax=1.0).fit(X, y)  # the refit has a ridge
        LabelSmoothedLogistic(0.01, l1_ratio=1.0).fit(X, y)
    assert 10.0 * smoothed.coef_[0, 0] < plain.coef_[0, 0] < np.inf


def test_relax__separated_classes_are_told_by_searches():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="selected features separate the classes"):
        search = LabelSmoothedLogisticCV(relax=[0.0, 1.0], label_smoothing=0.0, alphas=5, cv=3).fit(X[:100], y[:100])
    assert search.relax_ == 1.0


@pytest.mark.parametrize(
    ("path", "model"), [(elastic_net_path, ElasticNetProx), (logistic_path, LabelSmoothedLogistic)]
)
def test_relax__path_functions_have_it(path, model):
    X, y = problem("squared")
    y = (y > np.median(y)).astype(int) if path is logistic_path else y
    found = path(X, y, l1_ratio=1.0, relax=0.5, alphas=3, eps=0.2)
    expected = model(l1_ratio=1.0, relax=0.5).path(X, y, alphas=3, eps=0.2)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(found[1] - path(X, y, l1_ratio=1.0, alphas=3, eps=0.2)[1]).max() > 0.01
    with pytest.raises(ValueError, match="relax"):
        path(X, y, relax=2.0)


def test_relax__every_target_has_its_own_features_and_paths_are_separate_fits():
    X, y = problem("squared")
    Y = np.column_stack([y, X[:, 0] + 0.1 * y])
    model = ElasticNetProx(l1_ratio=1.0, relax=0.7, tol=1e-10)
    alphas, coefs, intercepts, _ = model.path(X, Y, alphas=4, eps=0.05)
    assert not coefs[..., 0].any()
    for t in range(2):
        single = ElasticNetProx(alphas[2], l1_ratio=1.0, relax=0.7, tol=1e-10).fit(X, Y[:, t])
        np.testing.assert_allclose(coefs[t, :, 2], single.coef_, atol=1e-7)
        assert intercepts[t, 2] == pytest.approx(single.intercept_)


@pytest.mark.parametrize(
    ("search", "single", "classes"),
    [
        (ElasticNetProxCV, ElasticNetProx, False),
        (PenalizedRegressorCV, PenalizedRegressor, False),
        (LabelSmoothedLogisticCV, LabelSmoothedLogistic, True),
    ],
)
def test_relax__searches_score_blends(search, single, classes):
    X, y = problem("squared", 80)
    y = (y > np.median(y)).astype(int) if classes else y
    params = dict(l1_ratio=1.0) | (dict(label_smoothing=0.1) if classes else {})
    model = search(relax=[0.0, 0.5, 1.0], alphas=5, eps=0.05, cv=3, tol=1e-8, store_coef_path=True, **params).fit(X, y)
    plain = search(alphas=5, eps=0.05, cv=3, tol=1e-8, store_coef_path=True, **params).fit(X, y)
    shape = (1, 1, 3, 5, 3) if search is not ElasticNetProxCV else (1, 3, 5, 3)
    assert model.scores_.shape == shape
    scores = model.scores_.reshape(3, 5, 3)
    np.testing.assert_allclose(scores[0], plain.scores_.reshape(5, 3), rtol=1e-6)
    coefs = model.coefs_path_.reshape(3, 5, 3, 9)
    np.testing.assert_allclose(coefs[1], 0.5 * (coefs[0] + coefs[2]), atol=1e-12)
    best = np.argmax(scores.mean(axis=-1).max(axis=1))
    assert model.relax_ == [0.0, 0.5, 1.0][best]
    refit = single(model.alpha_, relax=model.relax_, tol=1e-8, **params).fit(X, y)
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-4)
    assert not hasattr(plain, "relax_")
    again = model.set_params(relax=0.0).fit(X, y)
    assert not hasattr(again, "relax_")


@pytest.mark.parametrize("relax", [-0.1, 1.5, "yes"])
def test_relax__bad_values(relax):
    X, y = problem("squared")
    with pytest.raises(ValueError, match="relax"):
        ElasticNetProx(relax=relax).fit(X, y)
    with pytest.raises(ValueError, match="relax"):
        PenalizedRegressorCV(relax=[0.0, relax] if relax != "yes" else relax).fit(X, y)


def survival_problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6))
    return X, rng.exponential(np.exp(-X[:, 0] + 0.5 * X[:, 1]))


def test_relax__of_times_is_the_unpenalized_fit_of_the_selected_features():
    X, y = survival_problem()
    plain = PenalizedCox(0.2, l1_ratio=1.0, tol=1e-10).fit(X, y)
    model = PenalizedCox(0.2, l1_ratio=1.0, relax=1.0, tol=1e-10).fit(X, y)
    found = np.flatnonzero(plain.coef_)
    assert 0 < found.size < 6
    expected = PenalizedCox(0.0, tol=1e-10).fit(X[:, found], y)
    np.testing.assert_array_equal(np.flatnonzero(model.coef_), found)
    np.testing.assert_allclose(model.coef_[found], expected.coef_, atol=1e-6)
    _, coefs, _ = PenalizedCox(l1_ratio=1.0, relax=1.0, tol=1e-10).path(X, y, alphas=[0.2])
    np.testing.assert_allclose(coefs[:, 0], model.coef_, atol=1e-8)


def test_relax__of_times_is_chosen_by_cross_validation():
    X, y = survival_problem()
    model = PenalizedCoxCV(l1_ratio=1.0, alphas=[0.3, 0.2], relax=[0.0, 1.0], cv=2).fit(X, y)
    assert model.alphas_.shape == (1, 1, 2, 2)
    assert model.relax_ in (0.0, 1.0)
    expected = PenalizedCox(model.alpha_, l1_ratio=1.0, relax=model.relax_, tol=1e-4).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-3)


def test_relax__infinite_coefficients_of_times_are_told():
    X, y = survival_problem()
    X[:, 0] = -y
    with pytest.warns(ConvergenceWarning, match="The refit of relax=1 has no penalty"):
        PenalizedCox(0.3, l1_ratio=1.0, relax=1.0).fit(X, y)
