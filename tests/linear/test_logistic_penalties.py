"""LabelSmoothedLogistic with groups and concave penalties: objectives and optimality by independent code."""

import warnings
from itertools import chain

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold

from skreg import LabelSmoothedLogistic, LabelSmoothedLogisticCV, logistic_path
from tests.problems import classification
from tests.reference import all_scores, class_losses, class_null_loss, smoothed
from tests.reference_penalized import distance, penalty

GROUPS = [[0, 1], [2, 5, 4], [3], [6, 7, 8]]
CONVEX = ("elastic_net", "group_lasso", "sparse_group_lasso")
PENALTIES = (*CONVEX, "mcp", "scad", "group_mcp", "group_scad")


def problem(K, seed=0, n=120):
    X, codes = classification(n, 9, K, seed, sparse=False)
    return X / X.std(axis=0) * np.linspace(0.8, 1.3, 9), codes


def options(name):
    ours = dict(penalty=name, l1_ratio=0.7 if name in ("elastic_net", "sparse_group_lasso") else 0.9)
    if "group" in name:
        ours["groups"] = GROUPS
    return ours if name in CONVEX else ours | dict(gamma=4.0)


def blocks(name, n_rows, grouped):
    """Positions in ``coef_.ravel()`` that a norm is of, None for single coefficients, and the weights of the norms."""
    columns = GROUPS if "group" in name else [[j] for j in range(9)]
    if "group" not in name and not grouped:
        return None, np.ones(9 * n_rows)
    of_class = [[[k * 9 + j for j in group] for k in range(n_rows)] for group in columns]
    if grouped:
        return [list(chain(*parts)) for parts in of_class], np.sqrt([len(group) for group in columns])
    return list(chain(*of_class)), np.repeat(np.sqrt([len(group) for group in columns]), n_rows)


@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize(("K", "grouped"), [(2, None), (3, None), (3, False), (4, True)])
@pytest.mark.parametrize("name", PENALTIES)
def test_logistic_penalties__solutions_are_stationary_and_objectives_as_documented(name, K, grouped, kind):
    X, codes = problem(K)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(X))
    weights /= weights.sum()
    ours = options(name)
    model = LabelSmoothedLogistic(0.06, label_smoothing=0.1, grouped=grouped, tol=1e-10, **ours)
    model.fit(kind(X), codes, weights)
    is_joint = "group" in name if grouped is None else grouped
    groups, factor = blocks(name, len(model.coef_), is_joint)
    parts = dict(groups=groups, factor=factor, gamma=4.0)
    b = model.coef_.ravel()
    T, Z = smoothed(codes, K, 0.1), all_scores(X, model.coef_, model.intercept_)
    value = weights @ class_losses(Z, T) + penalty(name, b, 0.06, ours["l1_ratio"], **parts)
    assert value == pytest.approx(model.objective_, rel=1e-10)
    slopes = weights[:, None] * (np.exp(Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)) - T)
    assert np.abs(slopes.sum(axis=0)).max() < 1e-9
    c = -(slopes.T @ X)[-len(model.coef_) :].ravel()
    worst = distance(name, c, b, 0.06, ours["l1_ratio"], **parts)
    assert worst < (2e-5 if name in CONVEX else 1e-8)
    assert b.any()
    if name in CONVEX:
        assert model.dual_gap_ <= 1e-10 * class_null_loss(codes, K, 0.1, weights)
        assert not hasattr(model, "stationarity_")
    else:
        assert np.isnan(model.dual_gap_)
        assert model.stationarity_ <= 1e-10


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("name", ["group_lasso", "sparse_group_lasso"])
def test_logistic_penalties__no_other_solution_is_better_than_the_gap_says(name, grouped):
    X, codes = problem(3, seed=2)
    rough, exact = (
        LabelSmoothedLogistic(0.03, tol=tol, grouped=grouped, **options(name)).fit(X, codes) for tol in (1e-3, 1e-10)
    )
    assert exact.objective_ - 1e-12 <= rough.objective_ <= exact.objective_ + rough.dual_gap_ + exact.dual_gap_
    groups, factor = blocks(name, 3, grouped)

    def value(B, intercept):
        losses = class_losses(all_scores(X, B, intercept), smoothed(codes, 3, 0.0))
        return losses.mean() + penalty(
            name, B.ravel(), 0.03, exact.get_params()["l1_ratio"], groups=groups, factor=factor
        )

    rng = np.random.default_rng(0)
    for _ in range(200):
        size = 10.0 ** rng.uniform(-5, -1)
        move = size * rng.standard_normal((3, 9)) * (rng.random((3, 9)) < 0.4)
        other = value(exact.coef_ + move, exact.intercept_ + size * rng.standard_normal(3))
        assert other >= exact.objective_ - exact.dual_gap_ - 1e-12


def test_logistic_penalties__a_group_is_in_for_all_classes_or_for_one():
    X, codes = problem(3, seed=3)
    joint, apart = (
        LabelSmoothedLogistic(0.1, penalty="group_lasso", groups=GROUPS, grouped=grouped).fit(X, codes).coef_ != 0.0
        for grouped in (None, False)
    )
    for group in GROUPS:
        assert len(np.unique(joint[:, group])) == 1  # all or none
        assert (apart[:, group] == apart[:, group[:1]]).all()  # class by class
    assert joint.any()
    assert not joint.all()
    assert any(0 < apart[:, group[0]].sum() < 3 for group in GROUPS)


@pytest.mark.parametrize("K", [2, 3])
def test_logistic_penalties__limits(K):
    X, codes = problem(K, seed=4)
    lasso = LabelSmoothedLogistic(0.05, l1_ratio=1.0, tol=1e-10).fit(X, codes)
    singles = LabelSmoothedLogistic(0.05, penalty="group_lasso", grouped=False, tol=1e-10).fit(X, codes)
    np.testing.assert_allclose(singles.coef_, lasso.coef_, atol=1e-5)
    mcp = LabelSmoothedLogistic(0.05, penalty="mcp", gamma=1e7, tol=1e-10).fit(X, codes)
    np.testing.assert_allclose(mcp.coef_, lasso.coef_, atol=1e-5)
    columns = LabelSmoothedLogistic(0.05, l1_ratio=1.0, grouped=True, tol=1e-10).fit(X, codes)
    groups = LabelSmoothedLogistic(0.05, penalty="group_lasso", tol=1e-10).fit(X, codes)
    np.testing.assert_allclose(groups.coef_, columns.coef_, atol=1e-6)
    bent = LabelSmoothedLogistic(0.05, penalty="mcp", grouped=True, tol=1e-10).fit(X, codes)
    grouped = LabelSmoothedLogistic(0.05, penalty="group_mcp", tol=1e-10).fit(X, codes)
    np.testing.assert_allclose(bent.coef_, grouped.coef_, atol=1e-6)


@pytest.mark.parametrize(("name", "grouped"), [("group_lasso", True), ("sparse_group_lasso", False), ("scad", None)])
def test_logistic_penalties__path_is_separate_fits(name, grouped):
    X, codes = problem(3, seed=5)
    params = dict(label_smoothing=0.1, grouped=grouped, tol=1e-9, **options(name))
    alphas, coefs, intercepts, certificates = logistic_path(X, codes, alphas=4, eps=0.1, **params)
    assert coefs.shape == (3, 9, 4)
    assert not coefs[..., 0].any()
    assert coefs[..., 1].any()
    for k, alpha in enumerate(alphas):
        single = LabelSmoothedLogistic(alpha, **params).fit(X, codes)
        np.testing.assert_allclose(coefs[..., k], single.coef_, atol=1e-4)
        np.testing.assert_allclose(intercepts[:, k], single.intercept_, atol=1e-4)
        assert certificates[k] <= 1e-9 * (class_null_loss(codes, 3, 0.1) if name in CONVEX else 1.0)


def test_logistic_penalties__standardize_and_large_means_of_sparse_columns():
    X, codes = problem(3, seed=6)
    X[:, 3:5] += 50.0  # `standardize` changes lengths within groups, large means are subtracted from sparse columns
    params = dict(penalty="group_lasso", groups=GROUPS, standardize=True, tol=1e-10)
    dense = LabelSmoothedLogistic(0.05, **params).fit(X, codes)
    sparse = LabelSmoothedLogistic(0.05, **params).fit(sp.csc_array(X), codes)
    assert sparse.objective_ == pytest.approx(dense.objective_, rel=1e-9)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, atol=1e-5)
    scaled = LabelSmoothedLogistic(0.05, **params | dict(standardize=False)).fit((X - X.mean(0)) / X.std(0), codes)
    assert scaled.objective_ == pytest.approx(dense.objective_, rel=1e-9)


def test_logistic_penalties__groups_by_name_weights_and_unpenalized_groups():
    X, codes = problem(3, seed=7)
    labels = np.array(["a", "a", "b", "c", "b", "b", "d", "d", "d"])
    model = LabelSmoothedLogistic(10.0, penalty="group_lasso", groups=labels, group_weights={"c": 0.0}, tol=1e-9)
    model.fit(X, codes)
    np.testing.assert_array_equal((model.coef_ != 0.0).any(axis=0), labels == "c")
    alone = LabelSmoothedLogistic(0.0, tol=1e-9).fit(X[:, [3]], codes)
    np.testing.assert_allclose(model.predict_proba(X), alone.predict_proba(X[:, [3]]), atol=1e-4)


def test_logistic_penalties__separated_classes_without_shrinkage_are_told():
    X = np.column_stack([np.repeat([-1.0, 1.0], 20), np.random.default_rng(0).standard_normal(40)])
    y = np.repeat([0, 1], 20)
    with pytest.warns(
        ConvergenceWarning, match=r"selected features separate the classes.*penalty='mcp'.*l1_ratio below 1"
    ):
        LabelSmoothedLogistic(0.05, penalty="mcp").fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LabelSmoothedLogistic(0.05, penalty="mcp", l1_ratio=0.9).fit(X, y).stationarity_ <= 1e-6
        assert LabelSmoothedLogistic(0.05, penalty="mcp", label_smoothing=0.1).fit(X, y).stationarity_ <= 1e-6


def test_logistic_penalties__separation_is_told_where_the_certificate_is_met():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="selected features separate the classes"):
        model = LabelSmoothedLogistic(0.05, penalty="mcp", standardize=True).fit(X, y)
    assert model.stationarity_ <= 1e-6


def test_logistic_penalties__separation_by_penalized_features_is_not_told():
    rng = np.random.default_rng(0)
    X, y = np.column_stack([rng.standard_normal(40), np.repeat([-1.0, 1.0], 20)]), np.repeat([0, 1], 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LabelSmoothedLogistic(0.01, penalty_factor=[0.0, 1.0]).fit(X, y)
        concave = LabelSmoothedLogistic(0.05, penalty="mcp", gamma=500.0).fit(X, y)  # no coefficient is that large
    np.testing.assert_array_equal(concave.predict(X), y)


def test_logistic_penalties__warm_start_goes_on():
    X, codes = problem(3, seed=8)
    for name in ("group_lasso", "scad"):
        model = LabelSmoothedLogistic(0.05, label_smoothing=0.1, warm_start=True, tol=1e-8, **options(name))
        first = model.fit(X, codes).coef_.copy()
        assert model.fit(X, codes).n_iter_ <= 2
        np.testing.assert_allclose(model.coef_, first, atol=1e-4)
        model.fit(X, codes % 2)  # other classes: nothing to start from
        assert model.coef_.shape == (1, 9)


@pytest.mark.filterwarnings("ignore:.*smallest of its grid")
@pytest.mark.parametrize("name", ["group_lasso", "group_mcp"])
def test_logistic_penalties__search_is_separate_fits(name):
    X, codes = problem(3, seed=9, n=90)
    params = dict(penalty=name, groups=GROUPS, label_smoothing=0.1)
    gammas = {} if name in CONVEX else dict(gamma=[2.5, 5.0])
    cv = KFold(3)
    search = LabelSmoothedLogisticCV(alphas=3, eps=0.05, cv=cv, tol=1e-8, store_coef_path=True, **params, **gammas)
    search.fit(X, codes)
    shape = (1, 1, 2, 3) if gammas else (1, 1, 3)
    assert search.alphas_.shape == shape
    assert search.scores_.shape == (*shape, 3)
    assert search.coefs_path_.shape == (*shape, 3, 3, 9)
    for number, (train, test) in enumerate(cv.split(X)):
        for i, gamma in enumerate(gammas.get("gamma", [None])):
            at = (0, 0, i, 1) if gammas else (0, 0, 1)
            single = LabelSmoothedLogistic(search.alphas_[at], gamma=gamma, tol=1e-8, **params)
            single.fit(X[train], codes[train])
            np.testing.assert_allclose(search.coefs_path_[at][number], single.coef_, atol=1e-4)
            losses = class_losses(all_scores(X[test], single.coef_, single.intercept_), smoothed(codes[test], 3, 0.0))
            assert search.scores_[at][number] == pytest.approx(-losses.mean(), abs=1e-4)
    assert hasattr(search, "gamma_") == bool(gammas)
    chosen = dict(gamma=search.gamma_) if gammas else {}
    again = LabelSmoothedLogistic(search.alpha_, tol=1e-8, **params, **chosen).fit(X, codes)
    np.testing.assert_allclose(search.coef_, again.coef_, atol=1e-5)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(groups=[0] * 9), "groups needs penalty='group_lasso', .*; got groups=.* with penalty='elastic_net'"),
        (dict(group_weights=[1.0] * 9), "group_weights needs penalty='group_lasso', .*; got group_weights="),
        (dict(gamma=2.5), "gamma needs penalty='mcp', 'scad', 'group_mcp' or 'group_scad'; got gamma=2.5 with"),
        (dict(penalty="group_lasso", bounds=(0.0, 1.0)), "bounds needs .*; got .* with penalty='group_lasso'"),
        (
            dict(penalty="scad", gamma=1.5),
            r"gamma must (be larger than 2 with penalty='scad'|.*\(2\.0, inf\)); got 1\.5",
        ),
        (dict(penalty="group_lasso", groups=[0] * 8), "groups"),
        (dict(penalty="mcp", l1_ratio=0.0, solver="lbfgs"), "solver='lbfgs' needs a pure L2 penalty"),
        (dict(penalty="mcp", grouped=True, positive=True), "grouped=True does not go with bounds"),
    ],
)
def test_logistic_penalties__bad_input(params, message):
    X, codes = problem(3)
    for model in (LabelSmoothedLogistic(**params), LabelSmoothedLogisticCV(**params)):
        with pytest.raises(ValueError, match=message):
            model.fit(X, codes)
