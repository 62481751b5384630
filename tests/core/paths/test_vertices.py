"""Sparse vertices: dependent columns do not share a coefficient, and no rounding counts as selected."""

import numpy as np
import pytest
import scipy.sparse as sp

from skreg import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogistic, PenalizedRegressor, elastic_net_path
from skreg._core.data import as_data
from skreg._core.data.likelihood import Likelihood
from skreg._core.parts.log_links import Poisson
from skreg._core.parts.penalty import Penalty
from skreg._core.paths import newton, vertices
from skreg._core.paths.path import follow
from skreg._core.paths.scores import Scores
from skreg._core.paths.vertices import to_vertex
from tests.problems import regression
from tests.reference import null_loss, objective

KINDS = {
    "dense": np.asfortranarray,
    "float32": lambda X: np.asfortranarray(X, dtype=np.float32),
    "csc": sp.csc_array,
}
DUST = 1e-8  # of standardized coefficients, relative to the largest


def tables():
    """Tables with dependent columns, and their ranks."""
    rng = np.random.default_rng(3)
    base = (rng.random((80, 12)) < 0.4).astype(float)
    equal = np.tile(base, 4)
    bits = (rng.random((60, 90)) < 0.2).astype(float)
    bits[:, 60:] = bits[:, :30]
    return {
        "equal": equal,
        "nearly equal": equal + 1e-8 * rng.standard_normal(equal.shape),
        "complements": np.hstack([base, 1.0 - base, base[:, :5]]),
        "fingerprints": bits,
    }


TABLES = tables()
RANKS = {"equal": 12, "nearly equal": 12, "complements": 12, "fingerprints": 59}


def target(X):
    rng = np.random.default_rng(0)
    return X @ (rng.standard_normal(X.shape[1]) * (rng.random(X.shape[1]) < 0.3)) + 0.3 * rng.standard_normal(len(X))


def check(coef, X, rank):
    """Selected columns are independent, so no more than the rank, and none of them is rounding."""
    size = np.abs(coef) * X.std(axis=0)
    selected = size > 0.0
    assert 0 < selected.sum() <= rank
    centred = X[:, selected] - X[:, selected].mean(axis=0)
    singular = np.linalg.svd(centred / np.linalg.norm(centred, axis=0), compute_uv=False)
    assert singular[-1] > 1e-7
    assert size[selected].min() > DUST * size.max()


@pytest.mark.plain
def test_vertex__null_vectors_are_removed():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 6))
    X = np.hstack([X, X[:, :3] + X[:, 3:], X[:, :2]])
    X /= np.linalg.norm(X, axis=0)
    w = rng.standard_normal(11)
    found = to_vertex(X.T @ X, w, np.full(w.size, np.inf) * np.sign(w))
    np.testing.assert_allclose(X @ found, X @ w, atol=1e-10)
    assert np.count_nonzero(found) <= 6
    independent = rng.standard_normal((30, 5))
    np.testing.assert_array_equal(to_vertex(independent.T @ independent, w[:5], np.full(5, np.inf)), w[:5])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("table", TABLES)
def test_vertex__lasso(table, kind):
    X = TABLES[table]
    y = target(X)
    for alpha in (0.003, 0.05):
        model = ElasticNetProx(alpha, l1_ratio=1.0).fit(KINDS[kind](X), y)
        check(model.coef_, X, RANKS[table])
        assert model.dual_gap_ <= 1e-6 * null_loss(y)
        value = objective(X, y, model.coef_, model.intercept_, alpha, 1.0)
        assert value == pytest.approx(model.objective_, abs=1e-6 if kind == "float32" else 1e-10)


@pytest.mark.filterwarnings("ignore:.*of its grid")
@pytest.mark.parametrize("table", TABLES)
def test_vertex__paths_and_searches(table):
    X = TABLES[table]
    y = target(X)
    _, coefs, _, gaps = elastic_net_path(X, y, l1_ratio=1.0, alphas=8)
    for k in range(1, 8):
        check(coefs[:, k], X, RANKS[table])
    assert (gaps <= 1e-6 * null_loss(y)).all()
    check(ElasticNetProxCV(l1_ratio=1.0, alphas=[0.01, 0.001], cv=2).fit(X, y).coef_, X, RANKS[table])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("table", TABLES)
def test_vertex__classes(table, kind):
    X = TABLES[table]
    z = target(X)
    for codes in (np.digitize(z, [np.median(z)]), np.digitize(z, np.quantile(z, [0.3, 0.6]))):
        model = LabelSmoothedLogistic(0.005, l1_ratio=1.0).fit(KINDS[kind](X), codes)
        for coef in model.coef_:
            check(coef, X, RANKS[table])


def test_vertex__other_losses_and_bounds():
    X = TABLES["equal"]
    y = target(X)
    for loss in ("huber", "quantile"):
        model = PenalizedRegressor(0.01, loss=loss, l1_ratio=1.0, tol=1e-5).fit(X, y)
        check(model.coef_, X, 12)
    positive = ElasticNetProx(0.003, l1_ratio=1.0, positive=True).fit(X, y)
    check(positive.coef_, X, 12)
    assert (positive.coef_ >= 0.0).all()
    ridge = ElasticNetProx(0.003, l1_ratio=0.9).fit(X, y)  # unique: equal columns share
    np.testing.assert_allclose(ridge.coef_[:12], ridge.coef_[12:24], atol=1e-6)


def test_vertex__independent_columns_are_not_multiplied(monkeypatch):
    """With many rows, a sample of them shows it: their products take next to no time."""
    sizes = []
    data = type(as_data(np.ones((2, 1)), np.empty((0, 2))))
    cross = data.cross
    monkeypatch.setattr(data, "cross", lambda self, left, right: sizes.append(left.size) or cross(self, left, right))
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 20))
    codes = (X[:, 0] + rng.standard_normal(400) > 0.0).astype(int)
    LabelSmoothedLogistic(0.001, l1_ratio=1.0).fit(X, codes)
    assert not sizes


def test_vertex__is_not_looked_for_where_a_newton_step_found_independent_columns(monkeypatch):
    X, y = regression(200, 30, seed=0)
    calls = []
    monkeypatch.setattr(vertices, "at_vertex", lambda *args: calls.append(args))
    elastic_net_path(np.asfortranarray(X), y, l1_ratio=1.0, alphas=10, eps=0.1)
    assert not calls


@pytest.mark.parametrize("weight", [1.0, 1e12])
def test_newton__pivots_of_a_curvature_bound_those_of_the_columns(weight):
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((50, 5)))
    data = as_data(X, np.empty((0, 50)), None, True)
    y = weight * np.exp(0.1 * rng.standard_normal(50))  # curvatures are as large as the means
    s = Scores(Likelihood(data, Poisson(), y[None]))
    family = Penalty(1.0, np.ones(5)).path(data, s.likelihood.score_scale)
    (point,) = follow(s, family, [1e-3 * family.alpha_max(s.start)], 1e-8, 100)
    Z = data.block(slice(None))[:, point.features[s.independent]]
    assert 0.0 < s.pivot <= np.linalg.cholesky(Z.T @ Z).diagonal().min() * (1.0 + 1e-9)


def test_newton__pivots_in_single_precision_may_be_rounding(monkeypatch):
    """Curvatures are as large as the means of counts, and so is their rounding."""
    monkeypatch.setattr(newton, "POLICY", newton.POLICY._replace(single_precision=0.0))
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 20))
    z = X @ rng.standard_normal(20) / 10.0
    X = np.asfortranarray(np.hstack([X, X]))
    model = PenalizedRegressor(loss="poisson", l1_ratio=1.0)
    y = rng.poisson(1e4 * np.exp(z)).astype(float)
    top = model.path(X, y, alphas=1)[0][0]
    check(model.set_params(alpha=1e-3 * top).fit(X, y).coef_, X, 20)


@pytest.mark.parametrize("copies", [6, 12])
@pytest.mark.parametrize("upper", [0.3, 0.5, np.inf])
@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_bounds__as_many_coefficients_are_between_zero_and_their_bound_as_columns_are_independent(seed, upper, copies):
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((20, 2))
    y = base @ [2.0, 1.0] + rng.standard_normal(20)
    model = ElasticNetProx(alpha=1e-3, l1_ratio=1.0, bounds=(0.0, upper), tol=1e-8)
    coef = model.fit(np.tile(base, copies), y).coef_
    assert 0.0 <= coef.min() <= coef.max() <= upper
    assert np.count_nonzero((coef != 0.0) & (coef < upper * (1.0 - 1e-12))) <= 2
    alone = model.set_params(bounds=(0.0, copies * upper)).fit(base, y)
    np.testing.assert_allclose(coef.reshape(copies, 2).sum(axis=0), alone.coef_, atol=1e-4)


@pytest.mark.plain
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_tied", [False, True])
def test_vertex__coefficients_stay_within_their_bounds(is_tied, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 8))
    X = np.tile(X[:, :2], 4) if is_tied else X
    w = np.full(8, 0.3) if is_tied else rng.uniform(0.2, 0.4, 8) * np.sign(rng.standard_normal(8))
    found = to_vertex(X.T @ X, w, 0.5 * np.sign(w))
    np.testing.assert_allclose(X @ found, X @ w, atol=1e-10)
    assert np.all(found * w >= 0.0)
    assert np.abs(found).max() == 0.5
    assert not np.signbit(found[found == 0.0]).any()
    assert np.count_nonzero((found != 0.0) & (np.abs(found) < 0.5)) <= 3
