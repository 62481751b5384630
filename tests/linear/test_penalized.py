"""PenalizedRegressor: objectives and optimality by independent code, limits, agreement with scikit-learn, bad input."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.linear_model import ElasticNet, GammaRegressor, PoissonRegressor, QuantileRegressor, TweedieRegressor
from sklearn.preprocessing import StandardScaler

from skreg import PenalizedRegressor, PenalizedRegressorCV, alpha_max
from skreg._core import solve_quantile
from skreg._core.data.base import Data
from tests.problems import DESIGNS, regression
from tests.reference_penalized import mean_loss, penalty, quantile_program, slopes, violation

LOSSES = ("squared", "huber", "quantile", "poisson", "gamma", "tweedie")
SMOOTH = tuple(loss for loss in LOSSES if loss != "quantile")
CONVEX = ("elastic_net", "group_lasso", "sparse_group_lasso", "slope", "fused")
PENALTIES = (*CONVEX, "mcp", "scad", "group_mcp", "group_scad")
GROUPS = [[0, 1], [2, 3, 4], [5], [6, 7, 8]]


def problem(loss, n=60, p=9, seed=0):
    """Features of different scales, and targets that the loss takes."""
    X, y = regression(n, p, seed, sparse=False)
    X = X / X.std(axis=0) * np.linspace(0.7, 1.5, p)
    z = (y - y.mean()) / y.std() * 0.7
    rng = np.random.default_rng(seed)
    if loss == "poisson":
        return X, rng.poisson(np.exp(z)).astype(float)
    if loss == "gamma":
        return X, rng.gamma(2.0, np.exp(z) / 2.0)
    if loss == "tweedie":
        return X, rng.poisson(np.exp(z)) * rng.gamma(2.0, 0.5, n)
    return X, z + 0.3 * rng.standard_t(3, n) + 1.0


def huber(loss):
    """A bend for the loss that has one."""
    return dict(delta=1.0) if loss == "huber" else {}


def options(name):
    """Parameters of a penalty, and the same for the reference."""
    ours = dict(penalty=name, l1_ratio=0.7 if name in ("elastic_net", "sparse_group_lasso") else 0.9)
    theirs = dict(l1_ratio=ours["l1_ratio"])
    if "group" in name:
        ours["groups"] = theirs["groups"] = GROUPS
    if name not in CONVEX:
        ours["gamma"] = theirs["gamma"] = 4.0
    return ours, theirs


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("loss", SMOOTH)
def test_penalized__solutions_are_stationary_and_objectives_as_documented(loss, name):
    X, y = problem(loss)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    ours, theirs = options(name)
    model = PenalizedRegressor(0.08, loss=loss, tol=1e-10, **ours).fit(X, y, weights)
    z = X @ model.coef_ + model.intercept_
    delta = getattr(model, "delta_", 1.0)
    value = mean_loss(loss, y, z, weights, delta=delta) + penalty(name, model.coef_, 0.08, **theirs)
    assert value == pytest.approx(model.objective_, rel=1e-10)
    g = weights * slopes(loss, y, z, delta=delta) / weights.sum()
    assert abs(g.sum()) < 1e-9
    assert violation(name, X, g, model.coef_, 0.08, **theirs) < (2e-5 if name in CONVEX else 1e-8)
    assert np.count_nonzero(model.coef_) > 0
    if name in CONVEX:
        null = mean_loss(loss, y, np.full(len(y), _null_score(loss, y, weights)), weights, delta=delta)
        assert model.dual_gap_ <= 1e-10 * max(null, 1e-300) * (1.0 + 1e-6)
        assert not hasattr(model, "stationarity_")
    else:
        assert np.isnan(model.dual_gap_)
        assert model.stationarity_ <= 1e-10


def _null_score(loss, y, weights):
    constant = PenalizedRegressor(1e6, loss=loss, l1_ratio=1.0).fit(np.arange(len(y))[:, None], y, weights)
    return constant.intercept_


@pytest.mark.parametrize("name", CONVEX)
@pytest.mark.parametrize("loss", LOSSES)
def test_penalized__no_other_solution_is_better_than_the_gap_says(loss, name):
    X, y = problem(loss, seed=3)
    ours, theirs = options(name)
    rough = PenalizedRegressor(0.05, loss=loss, tol=1e-3, **ours).fit(X, y)
    exact = PenalizedRegressor(0.05, loss=loss, tol=1e-9 if loss != "quantile" else 1e-7, **ours).fit(X, y)
    assert exact.objective_ <= rough.objective_ + exact.dual_gap_
    assert rough.objective_ - exact.objective_ <= rough.dual_gap_ + 1e-12
    delta = getattr(exact, "delta_", 1.0)

    def value(b, intercept):
        return mean_loss(loss, y, X @ b + intercept, None, delta=delta) + penalty(name, b, 0.05, **theirs)

    best = value(exact.coef_, exact.intercept_)
    assert best == pytest.approx(exact.objective_, rel=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(200):
        size = 10.0 ** rng.uniform(-5, -1)
        move = size * rng.standard_normal(X.shape[1]) * (rng.random(X.shape[1]) < 0.4)
        assert (
            value(exact.coef_ + move, exact.intercept_ + size * rng.standard_normal()) >= best - exact.dual_gap_ - 1e-12
        )


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_penalized__path_is_separate_fits(loss, name):
    X, y = problem(loss, seed=5)
    ours, _ = options(name)
    tol = 1e-9 if loss != "quantile" else 1e-6
    model = PenalizedRegressor(loss=loss, tol=tol, **ours)
    alphas, coefs, intercepts, certificates = model.path(X, y, alphas=4, eps=0.05)
    assert (np.diff(alphas) < 0.0).all()
    assert not coefs[:, 0].any()  # the grid begins where all coefficients are zero, and there alone
    assert coefs[:, 1].any()
    for k, alpha in enumerate(alphas):
        single = PenalizedRegressor(alpha, loss=loss, tol=tol, **ours).fit(X, y)
        assert np.isfinite(certificates[k])
        if loss == "quantile":  # solutions need not be unique: objectives are
            theirs = options(name)[1]
            value = mean_loss(loss, y, X @ coefs[:, k] + intercepts[k], None) + penalty(
                name, coefs[:, k], alpha, **theirs
            )
            if name in CONVEX:
                assert value == pytest.approx(single.objective_, abs=2e-6)
        else:
            np.testing.assert_allclose(coefs[:, k], single.coef_, atol=2e-4)
            assert intercepts[k] == pytest.approx(single.intercept_, abs=2e-4)


@pytest.mark.parametrize(
    ("loss", "theirs"),
    [
        ("poisson", PoissonRegressor(alpha=0.05, tol=1e-10, max_iter=10_000)),
        ("gamma", GammaRegressor(alpha=0.05, tol=1e-10, max_iter=10_000)),
        ("tweedie", TweedieRegressor(power=1.5, alpha=0.05, tol=1e-10, max_iter=10_000)),
    ],
)
def test_penalized__ridge_is_that_of_scikit_learn(loss, theirs):
    X, y = problem(loss)
    weights = np.random.default_rng(2).uniform(0.5, 2.0, len(y))
    model = PenalizedRegressor(0.05, loss=loss, l1_ratio=0.0, tol=1e-12).fit(X, y, weights)
    theirs.fit(X, y, weights)
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-4)
    assert model.score(X, y, weights) == pytest.approx(theirs.score(X, y, weights), abs=1e-6)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("alpha", [0.1, 0.01, 0.0])
def test_penalized__quantile_is_that_of_scikit_learn(q, alpha):
    X, y = problem("quantile", 90)
    model = PenalizedRegressor(alpha, loss="quantile", quantile=q, l1_ratio=1.0).fit(X, y)
    theirs = QuantileRegressor(quantile=q, alpha=alpha, solver="highs").fit(X, y)
    ours, best = (
        mean_loss("quantile", y, m.predict(X), None, quantile=q) + alpha * np.abs(m.coef_).sum()
        for m in (model, theirs)
    )
    null = mean_loss("quantile", y, np.full(len(y), np.quantile(y, q, method="inverted_cdf")), None, quantile=q)
    assert best - 1e-12 <= ours <= best + 1e-6 * null
    assert model.dual_gap_ <= 1e-6 * null * (1.0 + 1e-9)
    assert ours - best <= model.dual_gap_ + 1e-12
    below = np.mean(y < model.predict(X))
    assert abs(below - q) <= 0.15


def test_penalized__elastic_net_is_that_of_scikit_learn():
    X, y = problem("squared")
    model = PenalizedRegressor(0.1, tol=1e-12).fit(X, y)
    theirs = ElasticNet(0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-7)
    assert model.score(X, y) == pytest.approx(theirs.score(X, y))


class TestLimits:
    """What penalties and losses become at the ends of their parameters."""

    def fitted(self, loss="squared", **params):
        X, y = problem(loss)
        return PenalizedRegressor(0.1, loss=loss, tol=1e-11, **params).fit(X, y)

    @pytest.mark.parametrize("loss", ["squared", "poisson"])
    @pytest.mark.parametrize("name", ["mcp", "scad"])
    def test_large_gamma_is_the_lasso(self, loss, name):
        concave, lasso = self.fitted(loss, penalty=name, gamma=1e8), self.fitted(loss, l1_ratio=1.0)
        np.testing.assert_allclose(concave.coef_, lasso.coef_, atol=1e-5)

    @pytest.mark.parametrize("loss", ["squared", "gamma"])
    @pytest.mark.parametrize(
        ("name", "one"), [("group_lasso", "elastic_net"), ("group_mcp", "mcp"), ("group_scad", "scad")]
    )
    def test_groups_of_one_are_coefficients(self, loss, name, one):
        of_groups, of_ones = self.fitted(loss, penalty=name), self.fitted(loss, penalty=one, l1_ratio=1.0)
        np.testing.assert_allclose(of_groups.coef_, of_ones.coef_, atol=1e-5)

    def test_sparse_group_lasso_is_between_lasso_and_group_lasso(self):
        of = dict(penalty="sparse_group_lasso", groups=GROUPS)
        np.testing.assert_allclose(self.fitted(**of, l1_ratio=1.0).coef_, self.fitted(l1_ratio=1.0).coef_, atol=1e-6)
        only_groups = self.fitted(penalty="group_lasso", groups=GROUPS)
        np.testing.assert_allclose(self.fitted(**of, l1_ratio=0.0).coef_, only_groups.coef_, atol=1e-6)

    def test_large_delta_is_the_squared_loss(self):
        X, y = problem("squared")
        huber = PenalizedRegressor(0.1, loss="huber", delta=1e3, tol=1e-12).fit(X, y)
        np.testing.assert_allclose(huber.coef_, PenalizedRegressor(0.1, tol=1e-12).fit(X, y).coef_, atol=1e-6)

    def test_concave_penalties_do_not_shrink_large_coefficients(self):
        rng = np.random.default_rng(0)
        X = np.linalg.qr(rng.standard_normal((50, 4)))[0] * np.sqrt(50.0)
        X -= X.mean(axis=0)
        y = X @ [5.0, 3.0, 0.0, 0.0] + 0.01 * rng.standard_normal(50)
        least_squares = np.linalg.lstsq(X[:, :2], y - y.mean(), rcond=None)[0]
        for name in ("mcp", "scad", "group_mcp"):
            model = PenalizedRegressor(0.5, penalty=name).fit(X, y)
            np.testing.assert_allclose(model.coef_, [*least_squares, 0.0, 0.0], atol=1e-8)

    def test_alpha_max_of_the_lasso(self):
        X, y = problem("squared")
        top = PenalizedRegressor(l1_ratio=1.0).path(X, y, alphas=2)[0][0]
        assert top == pytest.approx(alpha_max(X, y, l1_ratio=1.0))


@pytest.mark.parametrize("kind", ["csc", "csr array", "float32"])
@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("squared", "group_mcp"),
        ("huber", "sparse_group_lasso"),
        ("poisson", "scad"),
        ("squared", "fused"),
        ("poisson", "slope"),
    ],
)
def test_penalized__sparse_and_single_precision_are_dense(kind, loss, name):
    X, y = problem(loss)
    X = np.where(np.random.default_rng(0).random(X.shape) < 0.5, 0.0, X).astype(np.float32).astype(np.float64)
    ours, _ = options(name)
    model = PenalizedRegressor(0.08, loss=loss, tol=1e-9, **ours)
    dense = model.fit(X, y).coef_
    np.testing.assert_allclose(model.fit(DESIGNS[kind](X), y).coef_, dense, atol=1e-5)


@pytest.mark.parametrize(
    ("loss", "name"), [("squared", "group_lasso"), ("quantile", "elastic_net"), ("tweedie", "mcp")]
)
def test_penalized__whole_weights_are_repetitions(loss, name):
    X, y = problem(loss)
    weights = np.random.default_rng(0).integers(0, 4, len(y))
    ours, _ = options(name)
    model = PenalizedRegressor(0.08, loss=loss, tol=1e-8 if loss != "quantile" else 1e-7, **ours)
    weighted = model.fit(X, y, weights).objective_
    repeated = model.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights)).objective_
    assert weighted == pytest.approx(repeated, rel=1e-6)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalized__standardize_is_a_scaler_before(name):
    X, y = problem("poisson")
    ours, _ = options(name)
    model = PenalizedRegressor(0.05, loss="poisson", tol=1e-10, **ours)
    scaler = StandardScaler().fit(X)
    outside = model.fit(scaler.transform(X), y).coef_ / scaler.scale_
    np.testing.assert_allclose(model.set_params(standardize=True).fit(X, y).coef_, outside, atol=1e-5)


class TestOffset:
    def test_of_the_squared_loss_is_a_shift_of_the_target(self):
        X, y = problem("squared")
        offset = np.random.default_rng(0).standard_normal(len(y))
        with_offset = PenalizedRegressor(0.1, tol=1e-12).fit(X, y, offset=offset)
        shifted = PenalizedRegressor(0.1, tol=1e-12).fit(X, y - offset)
        np.testing.assert_allclose(with_offset.coef_, shifted.coef_, atol=1e-8)
        np.testing.assert_allclose(with_offset.predict(X, offset), shifted.predict(X) + offset)

    @pytest.mark.parametrize("loss", ["huber", "quantile"])
    def test_of_losses_of_differences_is_a_shift_of_the_target(self, loss):
        X, y = problem(loss)
        offset = np.random.default_rng(0).standard_normal(len(y))
        params = dict(loss=loss, tol=1e-7, **huber(loss))
        with_offset = PenalizedRegressor(0.1, **params).fit(X, y, offset=offset)
        shifted = PenalizedRegressor(0.1, **params).fit(X, y - offset)
        assert with_offset.objective_ == pytest.approx(shifted.objective_, rel=1e-6)

    def test_exposure_is_rates_with_weights(self):
        """Counts with the logarithm of exposure as offset have the likelihood of rates weighted by exposure."""
        X, y = problem("poisson")
        exposure = np.random.default_rng(0).uniform(0.5, 3.0, len(y))
        counts = PenalizedRegressor(0.05, loss="poisson", tol=1e-11).fit(X, y, offset=np.log(exposure))
        alpha = 0.05 * len(y) / exposure.sum()
        rates = PenalizedRegressor(alpha, loss="poisson", tol=1e-11).fit(X, y / exposure, exposure)
        np.testing.assert_allclose(counts.coef_, rates.coef_, atol=1e-5)
        assert counts.intercept_ == pytest.approx(rates.intercept_, abs=1e-5)
        assert counts.dual_gap_ < 1e-10


def test_penalized__several_targets_are_separate_fits():
    X, y = problem("squared")
    Y = np.column_stack([y, X[:, 0] - y])
    model = PenalizedRegressor(0.1, penalty="scad", tol=1e-9).fit(X, Y)
    for t in range(2):
        single = PenalizedRegressor(0.1, penalty="scad", tol=1e-9).fit(X, Y[:, t])
        np.testing.assert_allclose(model.coef_[t], single.coef_, atol=1e-8)
        assert model.stationarity_[t] == pytest.approx(single.stationarity_, abs=1e-9)


def test_penalized__groups_by_label_by_position_and_by_name_are_the_same():
    X, y = problem("squared")
    names = list("abcdefghi")
    frame = pd.DataFrame(X, columns=names)
    labels = ["u", "u", "v", "v", "v", "w", "x", "x", "x"]
    params = dict(penalty="group_lasso", tol=1e-10)
    by_position = PenalizedRegressor(0.1, groups=GROUPS, **params).fit(frame, y).coef_
    by_label = PenalizedRegressor(0.1, groups=labels, **params).fit(frame, y).coef_
    by_name = PenalizedRegressor(0.1, groups=[[names[j] for j in group] for group in GROUPS], **params).fit(frame, y)
    np.testing.assert_array_equal(by_label, by_position)
    np.testing.assert_array_equal(by_name.coef_, by_position)
    by_dict = PenalizedRegressor(0.1, groups=dict(zip(names[::-1], labels[::-1], strict=True)), **params).fit(frame, y)
    np.testing.assert_array_equal(by_dict.coef_, by_position)
    for groups, message in (
        (dict.fromkeys("abcdefghiz", 0), r"groups names features that X does not have: \['z'\]"),
        (dict.fromkeys("abcdefgh", 0), r"groups must name every feature once; .* without \['i'\]"),
        (dict.fromkeys(map(str, range(5000)), 0), r"that X does not have: \['0', '1', .*'9'\] and 4990 more\.$"),
    ):
        with pytest.raises(ValueError, match=message):
            PenalizedRegressor(0.1, groups=groups, **params).fit(frame, y)
    mixed = [[8, 6, 7], [5], [4, 2, 3], [1, 0]]
    np.testing.assert_allclose(PenalizedRegressor(0.1, groups=mixed, **params).fit(X, y).coef_, by_position, atol=1e-6)
    left_out = PenalizedRegressor(0.1, groups=labels, group_weights={"u": np.inf, "w": 0.0}, **params).fit(X, y)
    assert not left_out.coef_[:2].any()
    assert left_out.coef_[5] != 0.0


def test_penalized__warm_start_is_the_same_solution():
    X, y = problem("poisson")
    model = PenalizedRegressor(0.1, loss="poisson", penalty="group_lasso", groups=GROUPS, tol=1e-10, warm_start=True)
    cold = model.fit(X, y).coef_.copy()
    np.testing.assert_allclose(model.fit(X, y).coef_, cold, atol=1e-6)


def test_penalized__not_converged_warns_and_says_how_far():
    X, y = problem("quantile")
    with pytest.warns(ConvergenceWarning, match=r"the duality gap is .* of the null model's loss, above tol=1e-09"):
        PenalizedRegressor(0.01, loss="quantile", tol=1e-9, max_iter=3).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="distance to the subdifferential"):
        PenalizedRegressor(0.01, loss="poisson", penalty="mcp", tol=1e-12, max_iter=1).fit(*problem("poisson"))


def test_penalized__constant_and_duplicate_columns():
    X, y = problem("gamma")
    X = np.column_stack([X, X[:, 0], np.ones(len(y))])
    groups = [*GROUPS, [9, 10]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("group_lasso", "group_mcp", "sparse_group_lasso"):
            model = PenalizedRegressor(0.02, loss="gamma", penalty=name, groups=groups).fit(X, y)
            assert model.coef_[10] == 0.0
            assert np.isfinite(model.coef_).all()


BAD = [
    (dict(loss="hinge"), ValueError, r"'loss' parameter .* Got 'hinge'"),
    (dict(penalty="l0"), ValueError, r"'penalty' parameter .* Got 'l0'"),
    (dict(penalty="mcp", gamma=1.0), ValueError, r"'gamma' parameter .* Got 1\.0"),
    (dict(penalty="scad", gamma=1.5), ValueError, r"gamma must be larger than 2 with penalty='scad'; got 1\.5"),
    (dict(quantile=1.0), ValueError, r"'quantile' parameter .* Got 1\.0"),
    (dict(power=2.0), ValueError, r"'power' parameter .* Got 2\.0"),
    (dict(delta=0.0), ValueError, r"'delta' parameter .* Got 0\.0"),
    (dict(groups=[0] * 9), ValueError, r"groups needs penalty='group_lasso', .* with penalty='elastic_net'"),
    (dict(penalty="group_lasso", positive=True), ValueError, r"positive needs penalty=.*, 'mcp' or 'scad'; got"),
    (dict(penalty="group_lasso", bounds=(0, 1)), ValueError, r"bounds needs .* got bounds=\(0, 1\) with"),
    (dict(penalty="group_lasso", penalty_factor=[1.0] * 9), ValueError, r"penalty_factor needs penalty="),
    (dict(penalty="slope", positive=True), ValueError, r"positive needs .*; got positive=True with penalty='slope'"),
    (dict(penalty="fused", bounds=(0, 1)), ValueError, r"bounds needs .* with penalty='fused'"),
    (dict(penalty="fused", penalty_factor=[1.0] * 9), ValueError, r"penalty_factor needs .* with penalty='fused'"),
    (dict(penalty="slope", groups=[0] * 9), ValueError, r"groups needs penalty='group_lasso', .* with penalty='slope'"),
    (dict(penalty="slope", fdr=1.0), ValueError, r"'fdr' parameter .* Got 1\.0"),
    (dict(penalty="slope", slope_weights="gaussian"), ValueError, r"'slope_weights' parameter .* Got 'gaussian'"),
    (dict(penalty="slope", slope_weights=[1.0]), ValueError, r"slope_weights must have shape \(9,\).*; got \(1,\)"),
    (dict(penalty="slope", slope_weights=[-1.0] * 9), ValueError, r"must be finite and not negative; got -1\.0 at 0"),
    (
        dict(penalty="slope", slope_weights=[1.0] * 8 + [2.0]),
        ValueError,
        r"slope_weights must not increase; got 1\.0 and then 2\.0 at 8",
    ),
    (dict(penalty="slope", slope_weights=[0.0] * 9), ValueError, r"slope_weights must not all be 0"),
    (dict(penalty="group_lasso", groups="ab"), ValueError, r"'groups' parameter .* Got 'ab'"),
    (
        dict(penalty="group_lasso", groups={0: 1}),
        ValueError,
        r"groups goes by feature names, but the columns of X have no names",
    ),
    (dict(penalty="group_lasso", groups=[0, 1]), ValueError, r"groups must have a label for each of 9 features; got 2"),
    (dict(penalty="group_lasso", groups=[[0, 1], [1]]), ValueError, r"feature 1 is in groups 0 and 1"),
    (dict(penalty="group_lasso", groups=[[0, 1], [2]]), ValueError, r"got none for features \[3, 4, 5, 6, 7, 8\]"),
    (dict(penalty="group_lasso", groups=[[0, 9]]), ValueError, r"positions in \[0, 9\); got 9"),
    (dict(penalty="group_lasso", groups=[["a"]]), ValueError, r"groups names a feature that X does not have: 'a'"),
    (dict(penalty="group_lasso", groups=[[0, 1], [2, None]]), ValueError, r"positions in \[0, 9\); got None"),
    (dict(penalty="group_lasso", groups=[{1}] * 9), ValueError, r"labels such as numbers or strings; got \{1\}"),
    (dict(penalty="group_lasso", groups=[[0], 1]), ValueError, r"groups must hold labels only, or lists only"),
    (dict(penalty="group_lasso", groups=[[], [0]]), ValueError, r"groups must not be empty; got none for group 0"),
    (dict(penalty="group_lasso", groups=[0] * 8 + [np.nan]), ValueError, r"missing labels; got nan for feature 8"),
    (dict(penalty="group_lasso", group_weights=[1.0]), ValueError, r"group_weights must have shape \(9,\).*got \(1,\)"),
    (dict(penalty="group_lasso", group_weights=[-1.0] * 9), ValueError, r"must not be negative or NaN; got -1\.0"),
    (dict(penalty="group_lasso", group_weights=[np.inf] * 9), ValueError, r"finite for at least one group"),
    (dict(penalty="group_lasso", group_weights={"z": 1.0}), ValueError, r"names groups that there are not: \['z'\]"),
]


@pytest.mark.parametrize(("params", "error", "message"), BAD, ids=lambda value: str(value)[:40])
def test_penalized__bad_parameters(params, error, message):
    X, y = problem("squared")
    with pytest.raises(error, match=message):
        PenalizedRegressor(**params).fit(X, y)


@pytest.mark.parametrize("loss", ["quantile", "huber"])
def test_penalized__a_shift_of_the_target_is_a_shift_of_the_intercept(loss):
    X, y = problem(loss)
    params = dict(loss=loss, l1_ratio=1.0, tol=1e-6, **huber(loss))
    plain = PenalizedRegressor(0.1, **params).fit(X, y)
    for shift in (1e6, 1e8):
        far = PenalizedRegressor(0.1, **params).fit(X, y + shift)
        assert far.objective_ == pytest.approx(plain.objective_, abs=2e-6)
        assert 0.0 < far.dual_gap_ < 1e-6
        moved = PenalizedRegressor(0.1, **params).fit(X, y, offset=np.full(len(y), -shift))
        assert moved.objective_ == pytest.approx(plain.objective_, abs=2e-6)


def test_penalized__an_unpenalized_group_may_have_columns_of_any_scale():
    X, y = problem("squared")
    params = dict(penalty="group_lasso", groups=GROUPS, group_weights=[0.0, 1.0, 1.0, 1.0])
    expected = PenalizedRegressor(0.1, **params).fit(X, y)
    for scale in (1e-13, 1e-9):
        small = X * np.append([1.0, scale], np.ones(7))
        model = PenalizedRegressor(0.1, **params).fit(small, y)
        assert model.objective_ == pytest.approx(expected.objective_, rel=1e-6)
        assert model.coef_[1] * scale == pytest.approx(expected.coef_[1], rel=1e-4)


def test_penalized__infinite_weights_leave_groups_out():
    X, y = problem("squared")
    for ratio in (0.5, 1.0):
        params = dict(
            penalty="sparse_group_lasso", l1_ratio=ratio, groups=GROUPS, group_weights=[np.inf, 1.0, 1.0, 1.0]
        )
        model = PenalizedRegressor(0.05, **params).fit(X, y)
        assert not model.coef_[:2].any()
        assert np.isfinite(model.dual_gap_)


def test_penalized__counts_of_rows_without_weight_do_not_matter():
    X, _ = problem("poisson")
    y, weights = np.append(np.zeros(59), 5.0), np.append(np.ones(59), 0.0)
    with pytest.raises(ValueError, match="y must not be 0 in all rows"):
        PenalizedRegressor(loss="poisson").fit(X, y, weights)
    model = PenalizedRegressor(0.1, loss="poisson").fit(X, y)
    assert model.score(X[:3], np.zeros(3)) == 0.0


@pytest.mark.parametrize("loss", ["poisson", "quantile"])
def test_penalized__no_coefficients_in_single_precision(loss):
    X, y = problem(loss)
    model = PenalizedRegressor(100.0, loss=loss).fit(X.astype(np.float32), y)
    assert not model.coef_.any()


def test_penalized__a_warm_start_needs_the_same_shape():
    X, y = problem("squared")
    model = PenalizedRegressor(0.1, penalty="mcp", warm_start=True, tol=1e-9)
    model.fit(X[:, :3], np.column_stack([y, -y]))
    Y = np.column_stack([y, -y, 2.0 * y])
    again = model.fit(X[:, :2], Y).coef_
    np.testing.assert_allclose(
        again, PenalizedRegressor(0.1, penalty="mcp", tol=1e-9).fit(X[:, :2], Y).coef_, atol=1e-7
    )


def test_penalized__groups_of_a_series_go_by_name():
    X, y = problem("squared")
    names = list("abcdefghi")
    frame, labels = pd.DataFrame(X, columns=names), pd.Series(list("uuvvvwxxx"), index=names)
    params = dict(penalty="group_lasso", tol=1e-10)
    expected = PenalizedRegressor(0.1, groups=GROUPS, **params).fit(frame, y).coef_
    shuffled = PenalizedRegressor(0.1, groups=labels[::-1], **params).fit(frame, y).coef_
    np.testing.assert_allclose(shuffled, expected, atol=1e-8)
    with pytest.raises(ValueError, match="groups goes by feature names, but the columns of X have no names"):
        PenalizedRegressor(0.1, groups=labels, **params).fit(X, y)
    with pytest.raises(ValueError, match=r"groups must name every feature once; .* without \['i'\]"):
        PenalizedRegressor(0.1, groups=labels[:-1], **params).fit(frame, y)


def test_penalized__quantile_with_a_concave_penalty_names_its_certificate():
    X, y = problem("quantile")
    with pytest.warns(ConvergenceWarning, match="the gap of the penalty's tangent"):
        model = PenalizedRegressor(0.01, loss="quantile", penalty="mcp", max_iter=1).fit(X, y)
    assert model.stationarity_ > 1e-6
    assert PenalizedRegressor(0.1, loss="quantile", penalty="mcp").fit(X, y).stationarity_ <= 1e-6


@pytest.mark.parametrize("name", ["mcp", "scad"])
def test_penalized__quantile_with_large_unpenalized_coefficients_is_certified(name):
    """Narrow smoothing magnifies rounding in the slopes, whose products with columns without a penalty must vanish."""
    X, y = problem("quantile", 200, 8, seed=1)
    model = PenalizedRegressor(0.05, loss="quantile", penalty=name, tol=1e-8).fit(X, y)
    assert model.stationarity_ <= 1e-8
    assert np.abs(model.coef_[model.coef_ != 0.0]).min() > 1e-4  # no rounding among them
    assert model.n_iter_ < 200


@pytest.mark.parametrize("params", [dict(positive=True), dict(bounds=(-0.05, 0.1))])
def test_penalized__quantile_with_unpenalized_coefficients_at_bounds_is_certified(params):
    X, y = problem("quantile", 100, 6, seed=2)
    model = PenalizedRegressor(0.0, loss="quantile", **params).fit(X, y)
    low, high = (0.0, None) if "positive" in params else params["bounds"]
    assert np.isin(model.coef_, [low, high]).any()
    assert model.n_iter_ < 200
    optimum = quantile_program(X, y, bounds=(low, high))
    assert model.objective_ - model.dual_gap_ <= optimum + 1e-9 <= model.objective_ + 2e-9
    assert model.dual_gap_ <= 1e-5


def test_penalized__quantile_certificate_copies_few_entries(monkeypatch):
    """Beyond the limit the certificate goes without the correction, and is valid."""
    X, y = problem("quantile", 100, 6, seed=2)
    monkeypatch.setattr(solve_quantile, "MOST_ENTRIES", 100)
    sizes, block = [], Data.block
    monkeypatch.setattr(Data, "block", lambda *args: sizes.append(len(args[1]) * len(args[2])) or block(*args))
    model = PenalizedRegressor(0.0, loss="quantile").fit(sp.csc_array(X), y)
    assert max(sizes, default=0) <= 100
    assert model.objective_ - model.dual_gap_ <= quantile_program(X, y) + 1e-9


@pytest.mark.parametrize("alpha", [0.1, 0.003])
@pytest.mark.parametrize(("name", "l1_ratio"), [("fused", 0.5), ("fused", 0.0), ("slope", 1.0)])
def test_penalized__quantile_with_a_vector_penalty_is_the_linear_program(name, l1_ratio, alpha):
    X, y = problem("quantile", 80, 6, seed=4)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    params = dict(loss="quantile", quantile=0.3, penalty=name, l1_ratio=l1_ratio)
    model = PenalizedRegressor(alpha, **params).fit(X, y, weights)
    optimum = quantile_program(X, y, alpha, name, l1_ratio, weights=weights, quantile=0.3)
    assert model.dual_gap_ <= 1e-5
    assert -1e-9 <= model.objective_ - optimum <= model.dual_gap_ + 1e-9


def test_penalized__bad_targets_and_offsets():
    X, y = problem("squared")
    with pytest.raises(ValueError, match=r"y must not be negative with loss='poisson'; got -.* in row"):
        PenalizedRegressor(loss="poisson").fit(X, y - 10.0)
    with pytest.raises(ValueError, match=r"y must be positive with loss='gamma'; got 0\.0 in row 0"):
        PenalizedRegressor(loss="gamma").fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match=r"y must not be 0 in all rows with loss='tweedie'"):
        PenalizedRegressor(loss="tweedie").fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match=r"y must have one dimension with loss='huber'; got shape \(60, 2\)"):
        PenalizedRegressor(loss="huber").fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match=r"offset must have shape \(60,\), one for every row of X; got \(3,\)"):
        PenalizedRegressor().fit(X, y, offset=np.ones(3))
    with pytest.raises(ValueError, match=r"offset must be finite; got nan in row 0"):
        PenalizedRegressor().fit(X, y, offset=np.full(60, np.nan))
    with pytest.raises(ValueError, match=r"offset must have shape \(60,\)"):
        PenalizedRegressor().fit(X, y).predict(X, offset=np.ones(2))
    with pytest.raises(ValueError, match="column 2"):
        PenalizedRegressor(loss="poisson").fit(np.where(np.arange(9) == 2, np.nan, X), np.abs(y))


def test_penalized__score_is_the_explained_share_of_the_loss():
    X, y = problem("quantile")
    model = PenalizedRegressor(0.01, loss="quantile", quantile=0.7).fit(X, y)
    null = mean_loss("quantile", y, np.full(len(y), np.quantile(y, 0.7, method="inverted_cdf")), None, quantile=0.7)
    assert model.score(X, y) == pytest.approx(
        1.0 - mean_loss("quantile", y, model.predict(X), None, quantile=0.7) / null
    )


@pytest.mark.parametrize("delta", [0.1, 1.0, 1e9])
def test_penalized__huber_score_compares_with_the_best_constant(delta):
    X, y = problem("huber")
    y, weights = np.exp(y), np.arange(60.0) % 3
    flat = PenalizedRegressor(1e6, loss="huber", delta=delta, tol=1e-12).fit(X, y, sample_weight=weights)
    assert not flat.coef_.any()
    assert flat.score(X, y, weights) == pytest.approx(0.0, abs=1e-9)
    if delta > np.ptp(y):
        assert flat.intercept_ == pytest.approx(np.average(y, weights=weights))
        explained = PenalizedRegressor(1e-3).fit(X, y).score(X, y)
        assert PenalizedRegressor(1e-3, loss="huber", delta=delta).fit(X, y).score(X, y) == pytest.approx(explained)


@pytest.mark.parametrize("loss", LOSSES)
def test_penalized__score_of_a_constant_target_is_that_of_r2_score(loss):
    X, y = problem(loss)
    for constant in (0.1, 3.0):
        model = PenalizedRegressor(0.1, loss=loss).fit(X, np.full(60, constant))
        assert model.score(X, np.full(60, constant)) == 1.0
        assert model.score(X, np.full(60, 2.0 * constant)) == 0.0
    weights = np.append(np.zeros(30), np.ones(30))
    assert model.score(X, np.append(y[:30], np.full(30, 3.0)), weights) == 1.0
    with pytest.warns(UndefinedMetricWarning, match="not well-defined with less than two samples"):
        assert np.isnan(model.score(X[:1], y[:1]))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(quantile=0.9), "quantile needs loss='quantile'; got quantile=0.9 with loss='squared'"),
        (dict(power=1.2), "power needs loss='tweedie'; got power=1.2 with loss='squared'"),
        (dict(loss="quantile", delta=1.0), "delta needs loss='huber'; got delta=1.0 with loss='quantile'"),
        (dict(slope_weights="oscar"), "slope_weights needs penalty='slope'; got slope_weights='oscar' with penalty="),
        (
            dict(slope_weights=np.ones(9)),
            "slope_weights needs .*'elastic_net'. Set penalty='slope', or slope_weights='bh'",
        ),
        (dict(penalty="mcp", fdr=0.2), "fdr needs penalty='slope'; got fdr=0.2 with penalty='mcp'"),
        (
            dict(penalty="slope", slope_weights="oscar", fdr=0.2),
            "fdr needs slope_weights='bh'; got fdr=0.2 with slope_weights='oscar'",
        ),
        (dict(penalty="slope", slope_weights=np.ones(9), fdr=0.2), "fdr needs slope_weights='bh'; got fdr=0.2 with"),
        (dict(gamma=2.5), "gamma needs penalty='mcp', 'scad', .*; got gamma=2.5 with penalty='elastic_net'"),
    ],
)
def test_penalized__parameters_without_effect_are_refused(params, message):
    X, y = problem("squared")
    for model in (PenalizedRegressor(**params), PenalizedRegressorCV(**params)):
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)


def test_penalized__parameters_of_another_choice_may_have_their_defaults():
    X, y = problem("squared")
    given = dict(slope_weights="".join("bh"), fdr=np.float64(0.1), quantile=0.5, power=1.5, delta=None, gamma=None)
    model = PenalizedRegressor(0.1, positive=np.False_, **given).fit(X, y)
    np.testing.assert_array_equal(model.coef_, PenalizedRegressor(0.1).fit(X, y).coef_)


def test_penalized__sparsify_keeps_predictions():
    X, y = problem("poisson")
    model = PenalizedRegressor(0.1, loss="poisson", penalty="scad").fit(X, y)
    before = model.predict(X)
    assert sp.issparse(model.sparsify().coef_)
    np.testing.assert_allclose(model.predict(X), before)


@pytest.mark.parametrize("name", ["group_mcp", "group_scad"])
def test_penalized__concave_groups_of_dependent_columns_converge(name):
    """Full dummies: the columns of a group sum to 1, so that inner products are singular."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (80, 6))
    X = np.hstack([np.eye(5)[codes[:, k]] for k in range(6)])
    y = X[:, 0] - X[:, 6] + 0.5 * rng.standard_normal(80)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = PenalizedRegressor(penalty=name, groups=np.repeat(np.arange(6), 5), tol=1e-6)
        _, coefs, _, distances = model.path(X, y, alphas=8, eps=0.02)
    assert distances.max() <= 1e-6
    assert coefs[:10].any()


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_penalized__small_deviances_are_certified(loss):
    """The deviance of means that hardly differ is a small difference of large terms: a line search must know."""
    X = np.array([[1.0, 3.0], [2.0, 1.0], [3.0, 3.0], [4.0, 1.0]])[np.repeat(np.arange(4), 4)]
    y, weights = np.repeat([3.0, 4.0, 3.0, 4.0], 4), np.append(10.0, np.ones(15))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rows in (slice(0, 11), slice(5, 16), slice(0, 16)):
            model = PenalizedRegressor(loss=loss, l1_ratio=1.0, tol=1e-10)
            *_, gaps = model.path(X[rows], y[rows], weights[rows], alphas=4, eps=0.01)
            assert gaps.max() <= 1e-10


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_penalized__objective_of_permuted_groups_whose_coefficients_cancel():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(400, 6))
    X = np.column_stack([Z, Z[:, :2] + 1e-7 * rng.normal(size=(400, 2))])
    y = X @ rng.normal(size=8) + 1e6 * (X[:, 6] - X[:, 0]) + 0.01 * rng.normal(size=400)
    groups = [[5, 0, 3], [7, 1], [6], [2, 4]]
    model = PenalizedRegressor(1e-9, penalty="group_lasso", groups=groups, l1_ratio=1.0, tol=1e-7).fit(X, y)
    residual = y - X @ model.coef_ - model.intercept_
    norms = sum(np.sqrt(len(group)) * np.linalg.norm(model.coef_[group]) for group in groups)
    assert model.objective_ == pytest.approx(0.5 * np.mean(residual**2) + 1e-9 * norms, rel=1e-6)
