"""All losses and penalties on row blocks: the same objectives, certificates and choices as in memory."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

from skreg import LabelSmoothedLogistic, PenalizedRegressor, PenalizedRegressorCV
from tests.combinations import combinations
from tests.linear.test_penalized import GROUPS, PENALTIES, SMOOTH, options, problem

da = pytest.importorskip("dask.array")

N = 160
VARIANTS = ("plain", "weights", "standardize", "no intercept", "offset")


def blocks(*arrays, size=47):
    return [da.from_array(a, chunks=(size, -1) if a.ndim == 2 else size) for a in arrays]


def cases():
    """Losses, penalties and variants, without the penalties that row blocks have only for the squared loss."""
    found = combinations(SMOOTH, PENALTIES, VARIANTS)
    return [case for case in found if case[0] == "squared" or case[1] not in ("slope", "fused")]


def check_same(parts, whole, X):
    """Both certified, with the same objective and about the same predictions."""
    assert parts.objective_ == pytest.approx(whole.objective_, rel=2e-6)
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), rtol=2e-3, atol=2e-3)
    np.testing.assert_array_equal(np.isnan(parts.dual_gap_), np.isnan(whole.dual_gap_))
    if np.isnan(parts.dual_gap_).any():
        assert np.max(parts.stationarity_) <= 1e-6
        np.testing.assert_array_equal(parts.coef_ != 0.0, whole.coef_ != 0.0)
    else:
        assert np.max(parts.dual_gap_ / whole.objective_) <= 2e-6


@pytest.mark.parametrize(("loss", "name", "variant"), cases())
def test_penalized_blocks__have_the_objective_of_the_fit_in_memory(loss, name, variant):
    X, y = problem(loss, N)
    rng = np.random.default_rng(1)
    model = PenalizedRegressor(0.03, loss=loss, **options(name)[0])
    model.set_params(standardize=variant == "standardize", fit_intercept=variant != "no intercept")
    given = dict(sample_weight=rng.integers(0, 3, N).astype(float)) if variant == "weights" else {}
    if variant == "offset":
        given["offset"] = rng.normal(size=N)
    whole = clone(model).fit(X, y, **given)
    dX, dy, *columns = blocks(X, y, *given.values())
    check_same(model.fit(dX, dy, **dict(zip(given, columns, strict=True))), whole, X)


@pytest.mark.parametrize(("loss", "name"), [("squared", "group_lasso"), ("squared", "mcp"), ("squared", "elastic_net")])
def test_penalized_blocks__several_targets(loss, name):
    X, y = problem(loss, N)
    Y = np.column_stack([y, X[:, 0] + 100.0, -y + X[:, 1]])
    model = PenalizedRegressor(0.1, loss=loss, **options(name)[0])
    check_same(clone(model).fit(*blocks(X, Y)), clone(model).fit(X, Y), X)


@pytest.mark.parametrize(("loss", "name"), [("poisson", "scad"), ("huber", "sparse_group_lasso"), ("squared", "mcp")])
def test_penalized_blocks__path_restrictions_and_refit(loss, name):
    X, y = problem(loss, N)
    params = options(name)[0] | ({} if "group" in name else dict(bounds=(-0.2, None), penalty_factor=[0] + [1] * 8))
    model = PenalizedRegressor(loss=loss, relax=0.5, tol=1e-8, **params)
    found = model.path(*blocks(X, y), alphas=4, eps=0.1)
    for part, whole in zip(found, model.path(X, y, alphas=4, eps=0.1), strict=True):
        # without the first alpha, at which rounding decides whether a feature enters, and is refitted
        np.testing.assert_allclose(part[..., 1:], whole[..., 1:], rtol=1e-4, atol=1e-4)


def test_penalized_blocks__warm_start_saves_steps():
    X, y = problem("gamma", N)
    model = PenalizedRegressor(0.05, loss="gamma", warm_start=True).fit(*blocks(X, y))
    coef, steps = model.coef_, model.n_iter_
    model.fit(*blocks(X, y))
    assert model.n_iter_ < steps
    np.testing.assert_allclose(model.coef_, coef, atol=1e-3)


def test_penalized_blocks__large_targets_and_offsets_lose_no_digits():
    X, y = problem("huber", N)
    near = PenalizedRegressor(0.02, loss="huber", delta=1.0).fit(*blocks(X, y))
    far = PenalizedRegressor(0.02, loss="huber", delta=1.0).fit(*blocks(X, y + 1e7))
    np.testing.assert_allclose(far.coef_, near.coef_, atol=1e-5)
    moved = PenalizedRegressor(0.02, loss="huber", delta=1.0).fit(*blocks(X, y), offset=np.full(N, 5.0))
    assert moved.intercept_ == pytest.approx(near.intercept_ - 5.0, abs=1e-6)


@pytest.mark.parametrize("loss", SMOOTH)
def test_penalized_blocks__predictions_are_lazy_and_scores_those_in_memory(loss):
    X, y = problem(loss, N)
    dX, dy = blocks(X, y)
    model = PenalizedRegressor(0.05, loss=loss).fit(X, y)
    found = model.predict(dX, offset=np.ones(N))
    assert isinstance(found, da.Array)
    np.testing.assert_allclose(found, model.predict(X, offset=np.ones(N)), rtol=1e-12)
    assert model.score(dX, dy) == pytest.approx(model.score(X, y), rel=1e-12)


@pytest.mark.filterwarnings("ignore:.*est of its grid")
@pytest.mark.parametrize(
    ("loss", "name", "given"),
    [
        ("squared", "mcp", {}),
        ("squared", "group_lasso", dict(sample_weight=np.arange(N) % 3.0)),
        ("huber", "elastic_net", dict(sample_weight=np.arange(N) % 3.0, offset=np.linspace(-1, 1, N))),
        ("poisson", "group_mcp", dict(offset=np.linspace(-1, 1, N))),
        ("tweedie", "elastic_net", {}),
    ],
)
def test_penalized_blocks__search_is_the_search_in_memory(loss, name, given):
    X, y = problem(loss, N)
    cv = 3 if loss == "squared" else ShuffleSplit(3, random_state=0)
    search = PenalizedRegressorCV(loss=loss, alphas=3, eps=0.1, cv=cv, tol=1e-7, **options(name)[0])
    whole = clone(search).fit(X, y, **given)
    parts = search.fit(*blocks(X, y), **given)
    np.testing.assert_allclose(parts.scores_, whole.scores_, rtol=1e-4)
    assert parts.alpha_ == pytest.approx(whole.alpha_, rel=1e-6)
    np.testing.assert_allclose(parts.coef_, whole.coef_, atol=1e-3)


@pytest.mark.filterwarnings("ignore:.*est of its grid")
def test_penalized_blocks__search_by_a_scorer():
    X, y = problem("gamma", N)
    search = PenalizedRegressorCV(loss="gamma", alphas=2, eps=0.1, cv=3, tol=1e-7, scoring="neg_mean_gamma_deviance")
    whole, parts = clone(search).fit(X, y), search.fit(*blocks(X, y))
    np.testing.assert_allclose(parts.scores_, whole.scores_, rtol=1e-4)


@pytest.mark.parametrize("name", ["mcp", "group_lasso", "group_scad"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic_blocks__penalties_as_in_memory(name, n_classes):
    X, y = problem("squared", N)
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    groups = dict(groups=GROUPS) if "group" in name else {}
    model = LabelSmoothedLogistic(0.05, penalty=name, gamma=None if "lasso" in name else 20.0, **groups)
    whole = clone(model).fit(X, labels)
    parts = model.fit(*blocks(X), labels)
    assert parts.objective_ == pytest.approx(whole.objective_, rel=1e-5)
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=3e-3)
    certificate = parts.dual_gap_ if name == "group_lasso" else parts.stationarity_
    assert certificate <= 1e-6


def bad_inputs():
    X, y = problem("poisson", 20)
    hole, late = np.where(np.arange(20) == 13, np.nan, y), X.copy()
    late[11, 4] = np.inf
    dX, dy = blocks(X, y, size=5)
    poisson, huber = dict(loss="poisson"), dict(loss="huber")
    return {
        "negative": (poisson, dX, -y - 1.0, {}, "y must not be negative with loss='poisson'; got -.* in row 0"),
        "zeros": (poisson, dX, 0.0 * y, {}, "y must not be 0 in all rows"),
        "gamma": (dict(loss="gamma"), dX, dy * 0, {}, "y must be positive with loss='gamma'; got 0.0 in row 0"),
        "NaN in y": (huber, dX, hole, {}, "y contains NaN in block 2, which begins with row 10"),
        "NaN in lazy y": (dict(penalty="mcp"), dX, hole, {}, "y contains NaN in block 2, which begins with row 10"),
        "infinity in X": (huber, blocks(late, size=5)[0], y, {}, "X contains infinity in column 4, in block 2"),
        "offset": (poisson, dX, y, dict(offset=np.ones(3)), r"offset must have shape \(20,\)"),
        "offset of NaN": (huber, dX, y, dict(offset=hole), "offset must be finite; got nan in row 13"),
        "weights": (huber, dX, y, dict(sample_weight=-np.ones(20)), "sample_weight must be finite and not negative"),
        "length": (huber, dX, y[:7], {}, "y must have n_samples=20 rows"),
        "targets": (huber, dX, np.ones((20, 2)), {}, "y must have one dimension with loss='huber'"),
        "quantile": (dict(loss="quantile"), dX, y, {}, "loss='quantile' needs the rows in memory: use loss='huber'"),
        "slope": (dict(loss="huber", penalty="slope"), dX, y, {}, "penalty='slope' need loss='squared'"),
        "text": (huber, dX, np.array(["a"] * 20), {}, "y must hold numbers"),
        "coefficients": (
            dict(penalty="group_lasso"),
            da.ones((20, 1500), chunks=(5, -1)),
            np.ones((20, 2)),
            {},
            "X has 1500 columns and y 2 targets; .* at most 2000 coefficients",
        ),
    }


@pytest.mark.parametrize("name", bad_inputs())
def test_penalized_blocks__bad_input_is_named(name):
    params, X, y, given, message = bad_inputs()[name]
    for model in (PenalizedRegressor(**params), PenalizedRegressorCV(**params, cv=2)):
        with pytest.raises(ValueError, match=message):
            model.fit(X, y, **given)


def test_penalized_blocks__y_may_have_other_blocks():
    X, y = problem("poisson", N)
    model = PenalizedRegressor(0.1, loss="poisson")
    expected = clone(model).fit(*blocks(X, y)).coef_
    np.testing.assert_allclose(model.fit(blocks(X)[0], da.from_array(y, chunks=31)).coef_, expected, rtol=1e-12)
