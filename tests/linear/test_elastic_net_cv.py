"""ElasticNetProxCV against scikit-learn, and what the choice promises."""

import numpy as np
import pytest
import sklearn
from sklearn import linear_model
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_absolute_error, mean_squared_error
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import ElasticNetProx, ElasticNetProxCV
from skreg.utils._alphas import one_standard_error
from tests.combinations import THOROUGH, combinations
from tests.problems import DESIGNS, regression
from tests.versions import SKLEARN_1_7

# most grids here are short on purpose; when the warning comes is tested in test_grid.py
pytestmark = pytest.mark.filterwarnings("ignore:.*est of its grid")

TALL, WIDE = (120, 8), (40, 60)


@pytest.mark.parametrize("shape", [TALL, WIDE])
@pytest.mark.parametrize("weighted", [False, True])
def test_elastic_net_cv__agrees_with_scikit_learn(shape, weighted):
    X, y = regression(*shape, seed=1)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, shape[0]) if weighted else None
    folds = KFold(4, shuffle=True, random_state=0)
    ours = ElasticNetProxCV(l1_ratio=[0.5, 1.0], alphas=12, eps=0.01, cv=folds, tol=1e-10).fit(X, y, weights)
    grid = {"alphas" if SKLEARN_1_7 else "n_alphas": 12}
    peer = linear_model.ElasticNetCV(l1_ratio=[0.5, 1.0], **grid, eps=0.01, cv=folds, tol=1e-10, max_iter=100_000).fit(
        X, y, sample_weight=weights
    )
    np.testing.assert_allclose(ours.alphas_, peer.alphas_, rtol=1e-10)
    np.testing.assert_allclose(ours.mse_path_, peer.mse_path_, rtol=1e-4)
    assert ours.alpha_ == pytest.approx(peer.alpha_)
    assert ours.l1_ratio_ == peer.l1_ratio_
    np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-4)
    np.testing.assert_array_equal(ours.scores_, -ours.mse_path_)


SPLITTERS = [KFold(5), KFold(3, shuffle=True, random_state=1), ShuffleSplit(3, random_state=0), TimeSeriesSplit(3)]


@pytest.mark.parametrize(
    ("shape", "kind", "cv", "intercept"),
    combinations([TALL, WIDE], ["dense", "csc", "float32"], SPLITTERS, [True, False]),
    ids=str,
)
def test_elastic_net_cv__folds_are_separate_fits(shape, kind, cv, intercept):
    X, y = regression(*shape, seed=2)
    X = X.astype(np.float32).astype(np.float64)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, shape[0])
    params = dict(standardize=True, fit_intercept=intercept, tol=1e-10)
    model = ElasticNetProxCV(l1_ratio=[0.0, 0.9], alphas=4, eps=0.05, cv=cv, **params).fit(DESIGNS[kind](X), y, weights)
    for i, l1_ratio in enumerate((0.0, 0.9)):
        for k, alpha in enumerate(model.alphas_[i]):
            for f, (train, test) in enumerate(cv.split(X)):
                one = ElasticNetProx(alpha, l1_ratio=l1_ratio, **params).fit(X[train], y[train], weights[train])
                error = mean_squared_error(y[test], one.predict(X[test]), sample_weight=weights[test])
                assert model.mse_path_[i, k, f] == pytest.approx(error, rel=1e-4 if kind == "float32" else 2e-5)
    refit = ElasticNetProx(model.alpha_, l1_ratio=model.l1_ratio_, **params).fit(X, y, weights)
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-4)
    assert model.intercept_ == pytest.approx(refit.intercept_, abs=1e-3)
    assert model.objective_ == pytest.approx(refit.objective_, rel=1e-6)
    assert model.dual_gap_ <= 1e-9 * np.var(y)


def test_elastic_net_cv__one_se_is_never_less_regularized():
    for seed in range(30 if THOROUGH else 5):
        X, y = regression(50, 30, seed=seed)
        y = y + 5 * np.random.default_rng(seed).standard_normal(50)
        model = ElasticNetProxCV(l1_ratio=[0.3, 1.0], alphas=15, selection="1se").fit(X, y)
        assert model.alpha_ == model.alpha_1se_ >= model.alpha_min_
        i = [0.3, 1.0].index(model.l1_ratio_)
        mean = model.mse_path_.mean(axis=2)
        best, chosen = (np.flatnonzero(model.alphas_[i] == a)[0] for a in (model.alpha_min_, model.alpha_1se_))
        assert mean[i, best] == mean.min()
        error = model.mse_path_[i, best].std(ddof=1) / np.sqrt(5)
        assert mean[i, chosen] <= mean[i, best] + error
        assert (mean[i, :chosen] > mean[i, best] + error).all()


def test_elastic_net_cv__one_standard_error_by_hand():
    scores = np.array([[-9.0, -9.0], [-4.0, -6.0], [-3.0, -5.0], [-4.0, -4.0], [0.0, -20.0]])
    assert one_standard_error(scores, 2) == 1  # mean -4, error 1
    assert one_standard_error(scores, 3) == 2  # no spread, but a tie with more regularization
    assert one_standard_error(scores[:, :1], 2) == 2


def test_elastic_net_cv__scorers_and_weights_in_them():
    X, y = regression(*WIDE)
    weights = np.random.default_rng(0).uniform(0.1, 2.0, WIDE[0])
    for weight in (None, weights):
        model = ElasticNetProxCV(alphas=5, cv=3, scoring="neg_mean_absolute_error").fit(X, y, weight)
        train, test = list(KFold(3).split(X))[1]
        one = ElasticNetProx(model.alphas_[0, 3]).fit(X[train], y[train], None if weight is None else weight[train])
        error = mean_absolute_error(
            y[test], one.predict(X[test]), sample_weight=None if weight is None else weight[test]
        )
        assert model.scores_[0, 3, 1] == pytest.approx(-error, rel=1e-3)
        assert model.alpha_ == model.alphas_[0, model.scores_.mean(axis=2)[0].argmax()]


def test_elastic_net_cv__threads_change_nothing():
    for shape in (TALL, WIDE):
        X, y = regression(*shape)
        one, two = (ElasticNetProxCV(alphas=8, n_jobs=n).fit(X, y) for n in (1, 2))
        np.testing.assert_array_equal(one.mse_path_, two.mse_path_)
        np.testing.assert_array_equal(one.coef_, two.coef_)


def test_elastic_net_cv__groups_and_weights_by_routing():
    X, y = regression(*WIDE)
    groups, weights = np.arange(40) % 7, np.random.default_rng(0).uniform(0.5, 2.0, 40)
    with sklearn.config_context(enable_metadata_routing=True):
        splitter = GroupKFold(4).set_split_request(groups=True)
        model = ElasticNetProxCV(alphas=5, cv=splitter).set_fit_request(sample_weight=True)
        routed = model.fit(X, y, sample_weight=weights, groups=groups)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), clone(model))
        pipeline.fit(X, y, sample_weight=weights, groups=groups)
    by_hand = ElasticNetProxCV(alphas=5, cv=list(GroupKFold(4).split(X, y, groups))).fit(X, y, weights)
    np.testing.assert_array_equal(routed.mse_path_, by_hand.mse_path_)
    assert pipeline[-1].mse_path_.shape == (1, 5, 4)
    with pytest.raises(ValueError, match=r"fit got \['groups'\].*metadata routing"):
        ElasticNetProxCV().fit(X, y, groups=groups)


def test_elastic_net_cv__without_refit_coefficients_are_the_folds_mean():
    X, y = regression(*WIDE)
    model = ElasticNetProxCV(alphas=5, cv=3, refit=False, tol=1e-10).fit(X, y)
    folds = [ElasticNetProx(model.alpha_, tol=1e-10).fit(X[train], y[train]).coef_ for train, _ in KFold(3).split(X)]
    np.testing.assert_allclose(model.coef_, np.mean(folds, axis=0), atol=1e-5)
    assert not hasattr(model, "dual_gap_")


def test_elastic_net_cv__several_targets():
    X, y = regression(*TALL)
    Y = np.column_stack([y, y[::-1]])
    model = ElasticNetProxCV(alphas=6).fit(X, Y)
    assert model.coef_.shape == (2, 8)
    assert model.predict(X).shape == (120, 2)
    single = [ElasticNetProxCV(alphas=list(model.alphas_[0])).fit(X, Y[:, t]).mse_path_ for t in range(2)]
    np.testing.assert_allclose(model.mse_path_, np.mean(single, axis=0), rtol=1e-6)


def test_elastic_net_cv__given_alphas_and_a_constant_column_in_one_fold():
    X, y = regression(*TALL)
    X[24:, 3] = 0.0  # constant in the training rows of the first fold
    model = ElasticNetProxCV(alphas=[0.01, 1.0, 0.1], cv=KFold(5)).fit(X, y)
    np.testing.assert_array_equal(model.alphas_, [[1.0, 0.1, 0.01]])
    by_rows = ElasticNetProxCV(alphas=[0.01, 1.0, 0.1], cv=KFold(5), solver="cd").fit(X, y)
    np.testing.assert_allclose(model.mse_path_, by_rows.mse_path_, rtol=1e-4)


def test_elastic_net_cv__folds_that_do_not_converge_warn():
    X, y = regression(60, 100, seed=2, correlated=5.0)
    model = ElasticNetProxCV(alphas=3, solver="prox_grad", max_iter=2, tol=1e-12, refit=False)
    with pytest.warns(ConvergenceWarning, match="did not converge in some folds"):
        model.fit(X, y)


def test_elastic_net_cv__a_fold_without_weight_is_refused():
    X, y = regression(*TALL)
    weights = np.ones(120)
    weights[:24] = 0.0
    with pytest.raises(ValueError, match="sample_weight is 0 in all held-out rows of fold 0"):
        ElasticNetProxCV(cv=KFold(5)).fit(X, y, weights)


def same_by_rows(X, y, weights=None, **params):
    """Folds by moments give what folds by rows give."""
    options = dict(alphas=[1.0, 0.1, 0.01], tol=1e-10, **params)
    moments, rows = (ElasticNetProxCV(solver=s, **options).fit(X, y, weights) for s in ("gram", "cd"))
    np.testing.assert_allclose(moments.mse_path_, rows.mse_path_, rtol=1e-4)
    np.testing.assert_allclose(moments.coef_, rows.coef_, atol=1e-4 * max(1.0, np.abs(rows.coef_).max()))


def test_elastic_net_cv__bootstrap_training_rows_count_as_often_as_they_occur():
    X, y = regression(*TALL)
    rng = np.random.default_rng(0)
    others = [np.setdiff1d(np.arange(120), np.arange(40 * f, 40 * f + 40)) for f in range(3)]
    same_by_rows(X, y, cv=[(rng.choice(o, o.size), np.setdiff1d(np.arange(120), o)) for o in others])


def test_elastic_net_cv__masks_and_negative_indices_as_splits():
    X, y = regression(*TALL)
    mask = np.arange(120) < 80
    by_mask = ElasticNetProxCV(alphas=3, cv=[(mask, ~mask)]).fit(X, y)
    by_index = ElasticNetProxCV(alphas=3, cv=[(np.arange(80), np.arange(-40, 0))]).fit(X, y)
    np.testing.assert_array_equal(by_mask.mse_path_, by_index.mse_path_)


def test_elastic_net_cv__an_outlier_in_the_held_out_rows():
    X, y = regression(*TALL, sparse=False)
    X[3, 2] = 1e7
    same_by_rows(X, y, cv=KFold(5))


def test_elastic_net_cv__constant_training_targets():
    X, y = regression(*TALL)
    rare = np.where(np.arange(120) < 10, y, 0.1)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 120)
    model = ElasticNetProxCV(alphas=4, cv=KFold(5)).fit(X, rare, weights)
    assert np.isfinite(model.mse_path_).all()


@pytest.mark.parametrize("intercept", [True, False])
def test_elastic_net_cv__constant_columns_in_folds_by_moments(intercept):
    X, y = regression(*TALL)
    X[:, 1] = 0.1
    same_by_rows(X, y, standardize=True, fit_intercept=intercept, l1_ratio=[0.0, 0.5])


def test_elastic_net_cv__left_out_features_in_every_kind_of_fold():
    for shape in (TALL, WIDE):
        X, y = regression(*shape)
        factor = np.where(np.arange(shape[1]) % 3 == 1, np.inf, 1.0)
        model = ElasticNetProxCV(l1_ratio=[0.0, 0.5], alphas=4, penalty_factor=factor).fit(X, y)
        kept = ElasticNetProxCV(l1_ratio=[0.0, 0.5], alphas=list(model.alphas_[0])).fit(X[:, factor == 1.0], y)
        assert (model.coef_[1::3] == 0.0).all()
        np.testing.assert_allclose(model.mse_path_[0], kept.mse_path_[0], rtol=1e-4)


def test_elastic_net_cv__refit_switched_off_forgets_the_certificate():
    X, y = regression(*WIDE)
    model = ElasticNetProxCV(alphas=4).fit(X, y)
    assert model.dual_gap_ >= 0.0
    model.set_params(refit=False).fit(X, y)
    assert not hasattr(model, "dual_gap_")
    assert not hasattr(model, "objective_")


def test_elastic_net_cv__no_grid_without_a_penalty_and_no_folds_from_an_empty_iterator():
    X, y = regression(*TALL)
    with pytest.raises(ValueError, match="no feature that varies is penalized"):
        ElasticNetProxCV(penalty_factor=np.zeros(8)).fit(X, y)
    with pytest.raises(ValueError, match="has no splits"):
        ElasticNetProxCV(cv=iter([])).fit(X, y)


def test_elastic_net_cv__errors_of_noiseless_targets_are_true():
    """Sums of squares cancel where the error is below their rounding: the held-out rows are asked then."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1000, 5))
    y = X @ rng.standard_normal(5)
    alphas = [1e-7, 1e-8, 1e-9, 1e-10]
    moments, rows = (ElasticNetProxCV(alphas=alphas, solver=solver, tol=1e-12).fit(X, y) for solver in ("auto", "cd"))
    np.testing.assert_allclose(moments.mse_path_, rows.mse_path_, rtol=1e-4)
    assert moments.alpha_ == rows.alpha_ == 1e-10


def test_elastic_net_cv__weights_of_any_size_give_the_same_errors():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 5))
    y, weights = X @ rng.standard_normal(5) + rng.standard_normal(40), np.arange(1.0, 41.0)
    for solver in ("auto", "cd"):
        one, *others = (
            ElasticNetProxCV(alphas=5, solver=solver).fit(X, y, weights * size) for size in (1.0, 1e-320, 1e300)
        )
        for other in others:
            np.testing.assert_allclose(other.mse_path_, one.mse_path_, rtol=1e-9)
