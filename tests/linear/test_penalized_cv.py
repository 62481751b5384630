"""PenalizedRegressorCV: scores are those of separate fits, choices, offsets, folds."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import make_scorer, mean_pinball_loss
from sklearn.model_selection import KFold

from skreg import ElasticNetProxCV, PenalizedRegressor, PenalizedRegressorCV
from tests.linear.test_penalized import GROUPS, huber, problem
from tests.reference_penalized import mean_loss

pytestmark = pytest.mark.filterwarnings("ignore:.*est of its grid")

CASES = [
    ("squared", "group_mcp"),
    ("huber", "elastic_net"),
    ("quantile", "elastic_net"),
    ("tweedie", "sparse_group_lasso"),
]


@pytest.mark.parametrize(("loss", "name"), CASES)
def test_penalized_cv__scores_are_those_of_separate_fits(loss, name):
    X, y = problem(loss)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    groups = dict(groups=GROUPS) if "group" in name else {}
    params = dict(loss=loss, penalty=name, l1_ratio=0.8, tol=1e-7, **huber(loss), **groups)
    model = PenalizedRegressorCV(alphas=3, eps=0.1, cv=3, **params).fit(X, y, weights)
    assert model.scores_.shape == (1, 1, 3, 3)
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        for k, alpha in enumerate(model.alphas_[0, 0]):
            single = PenalizedRegressor(alpha, **params).fit(X[train], y[train], weights[train])
            z = X[test] @ single.coef_ + single.intercept_
            expected = -mean_loss(loss, y[test], z, weights[test])
            assert model.scores_[0, 0, k, fold] == pytest.approx(expected, abs=1e-3 if loss == "quantile" else 1e-5)
    best = np.argmax(model.scores_[0, 0].mean(axis=-1))
    assert model.alpha_ == model.alphas_[0, 0, best]
    refit = PenalizedRegressor(model.alpha_, **params).fit(X, y, weights)
    assert model.objective_ == pytest.approx(refit.objective_, rel=1e-5)


def test_penalized_cv__is_elastic_net_prox_cv_where_both_apply():
    X, y = problem("squared", 80, 6)
    ours = PenalizedRegressorCV(l1_ratio=[0.5, 1.0], alphas=10, eps=1e-3, tol=1e-8, selection="1se").fit(X, y)
    other = ElasticNetProxCV(l1_ratio=[0.5, 1.0], alphas=10, eps=1e-3, tol=1e-8, selection="1se").fit(X, y)
    np.testing.assert_allclose(-2.0 * ours.scores_[:, 0], other.mse_path_, rtol=1e-10)
    assert (ours.alpha_, ours.l1_ratio_, ours.alpha_1se_) == (other.alpha_, other.l1_ratio_, other.alpha_1se_)
    np.testing.assert_allclose(ours.coef_, other.coef_, atol=1e-10)


def test_penalized_cv__chooses_gamma_among_candidates():
    X, y = problem("squared")
    model = PenalizedRegressorCV(penalty="mcp", gamma=[1.5, 3.0, 20.0], alphas=5, cv=3).fit(X, y)
    assert model.scores_.shape == (1, 3, 5, 3)
    mean = model.scores_.mean(axis=-1)[0]
    assert model.gamma_ == [1.5, 3.0, 20.0][np.argmax(mean.max(axis=1))]
    assert model.best_score_ == pytest.approx(mean.max())
    assert not hasattr(PenalizedRegressorCV(alphas=3, cv=3).fit(X, y), "gamma_")


def test_penalized_cv__offset_takes_part_in_fits_and_scores():
    X, y = problem("poisson")
    offset = np.random.default_rng(0).standard_normal(len(y))
    params = dict(loss="poisson", l1_ratio=1.0, tol=1e-8)
    model = PenalizedRegressorCV(alphas=3, cv=3, **params).fit(X, y, offset=offset)
    train, test = next(KFold(3).split(X))
    single = PenalizedRegressor(model.alphas_[0, 0, 1], **params).fit(X[train], y[train], offset=offset[train])
    z = X[test] @ single.coef_ + single.intercept_ + offset[test]
    assert model.scores_[0, 0, 1, 0] == pytest.approx(-mean_loss("poisson", y[test], z, None), abs=1e-5)
    with pytest.raises(ValueError, match="scoring does not know of the offset; got scoring='r2'"):
        PenalizedRegressorCV(loss="poisson", scoring="r2").fit(X, y, offset=offset)


@pytest.mark.parametrize("refit", [True, False])
def test_penalized_cv__threads_and_stored_paths(refit):
    X, y = problem("gamma")
    params = dict(loss="gamma", penalty="group_lasso", groups=GROUPS, alphas=4, cv=3, refit=refit, store_coef_path=True)
    one, two = (PenalizedRegressorCV(n_jobs=jobs, **params).fit(X, y) for jobs in (1, 2))
    np.testing.assert_array_equal(one.coefs_path_, two.coefs_path_)
    assert one.coefs_path_.shape == (1, 1, 4, 3, 9)
    assert one.intercepts_path_.shape == (1, 1, 4, 3)
    np.testing.assert_array_equal(one.coef_, two.coef_)
    if not refit:
        k = int(np.flatnonzero(one.alphas_[0, 0] == one.alpha_)[0])
        np.testing.assert_allclose(one.coef_, one.coefs_path_[0, 0, k].mean(axis=0))
        assert not hasattr(one, "dual_gap_")


def test_penalized_cv__scorers_of_scikit_learn():
    X, y = problem("quantile")
    scorer = make_scorer(mean_pinball_loss, alpha=0.3, greater_is_better=False)
    params = dict(loss="quantile", quantile=0.3, alphas=4, cv=3, tol=1e-6)
    ours, theirs = PenalizedRegressorCV(**params).fit(X, y), PenalizedRegressorCV(scoring=scorer, **params).fit(X, y)
    np.testing.assert_allclose(ours.scores_, theirs.scores_)


def test_penalized_cv__bad_input():
    X, y = problem("squared")
    with pytest.raises(ValueError, match=r"gamma must hold numbers in the range \(2\.0, inf\); got \[1\.5, 3\]"):
        PenalizedRegressorCV(penalty="scad", gamma=[1.5, 3]).fit(X, y)
    with pytest.raises(ValueError, match=r"l1_ratio must hold numbers in the range \[0, 1\]; got \[2\.0\]"):
        PenalizedRegressorCV(l1_ratio=[2.0]).fit(X, y)
    counts = np.where(np.arange(60) < 20, 1.0, 0.0)
    with pytest.raises(ValueError, match=r"cv=KFold.*: y is 0 in all training rows of fold 0, .* loss='poisson'"):
        PenalizedRegressorCV(loss="poisson", cv=KFold(3)).fit(X, counts)


@pytest.mark.parametrize(
    ("name", "words"), [("mcp", "distance to the subdifferential"), ("elastic_net", "duality gap")]
)
def test_penalized_cv__warns_of_what_the_certificate_is(name, words):
    X, y = problem("poisson")
    model = PenalizedRegressorCV(loss="poisson", penalty=name, alphas=3, cv=3, tol=1e-14, max_iter=1)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, y)
    messages = [str(warning.message) for warning in caught if warning.category is ConvergenceWarning]
    assert any("in some folds" in message for message in messages)
    assert all(words in message for message in messages)
