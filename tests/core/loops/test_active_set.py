"""The active-set method against scipy's, on columns that are nearly dependent, and in the estimators that need it."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import lsq_linear, nnls

from skreg import ElasticNetProx, elastic_net_path
from skreg._core.certify import certify, form_of_all_columns
from skreg._core.data import as_data
from skreg._core.loops.active_set import active_set
from skreg._core.parts.penalties import ElasticNet
from skreg._core.solve import MIN_BATCHED_TARGETS
from tests.problems import DESIGNS, regression
from tests.reference import null_loss
from tests.versions import needs_nnls

PENALTIES = {
    "least squares": (0.0, 0.0, -np.inf, np.inf),
    "positive": (0.0, 0.0, 0.0, np.inf),
    "box": (0.0, 0.0, -0.1, 0.2),
    "lasso": (0.05, 0.0, -np.inf, np.inf),
    "elastic net": (0.05, 0.1, -np.inf, np.inf),
    "positive elastic net": (0.02, 1e-6, 0.0, np.inf),
    "bounded lasso": (0.05, 0.0, -0.05, 0.3),
    "without zero": (0.05, 0.0, 0.02, 0.4),
}


def dependent(n=60, p=20, rank=4, noise=1e-7, seed=3):
    """Columns that lie near a subspace, and a target that is not in it."""
    g = np.random.default_rng(seed)
    X = g.standard_normal((n, rank)) @ g.standard_normal((rank, p)) + noise * g.standard_normal((n, p))
    return X, X @ g.random(p) + 0.5 * g.standard_normal(n)


@pytest.mark.plain
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("shape", [(30, 8), (8, 20)])
@pytest.mark.parametrize("nearly", [False, True])
def test_active_set__solution_is_certified(penalty, shape, nearly):
    X, y = dependent(*shape, rank=3, noise=1e-6) if nearly else regression(*shape, seed=1)
    data = as_data(np.asfortranarray(X), y[None], np.random.default_rng(0).integers(1, 4, len(y)).astype(float), True)
    pen = ElasticNet(*(np.full(data.p, v) for v in PENALTIES[penalty]))
    start = np.clip(np.zeros(data.p), pen.lower, pen.upper)
    w, residual, steps = active_set(data, 0, pen, start, 500)
    assert (pen.lower <= w).all()
    assert (w <= pen.upper).all()
    assert steps < 200
    value, gap = certify(form_of_all_columns(data, 0, False), pen, w, residual)
    assert gap <= 1e-9
    rng = np.random.default_rng(1)  # no feasible neighbour is better
    for _ in range(20):
        near = np.clip(w + 1e-3 * rng.standard_normal(data.p), pen.lower, pen.upper)
        assert certify(form_of_all_columns(data, 0, False), pen, near)[0] >= value - 1e-12


@pytest.mark.plain
def test_active_set__stops_after_max_steps():
    X, y = dependent()
    data = as_data(np.asfortranarray(X), y[None], None, False)
    pen = ElasticNet(*(np.full(20, v) for v in PENALTIES["positive"]))
    assert active_set(data, 0, pen, np.zeros(20), 3)[2] == 3


@needs_nnls
@pytest.mark.parametrize("solver", ["auto", "cd", "gram"])
@pytest.mark.parametrize("kind", ["dense", "csc"])
@pytest.mark.parametrize("weighted", [False, True])
def test_elastic_net__nnls_objective_on_collinear_columns(solver, kind, weighted):
    X, y = dependent()
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 60) if weighted else np.ones(60)
    root = np.sqrt(weights / weights.mean())
    expected = nnls(root[:, None] * X, root * y)[1] ** 2 / 120
    model = ElasticNetProx(0.0, positive=True, fit_intercept=False, solver=solver)
    model.fit(DESIGNS[kind](X), y, weights if weighted else None)
    assert (model.coef_ >= 0.0).all()
    assert model.objective_ == pytest.approx(expected, rel=1e-8)
    assert model.dual_gap_ <= 1e-6 * null_loss(y, weights, False)


def test_elastic_net__bounded_least_squares_on_collinear_columns():
    X, y = dependent()
    expected = lsq_linear(X, y, (-0.5, 0.4), method="bvls", tol=1e-14).cost / 60
    model = ElasticNetProx(0.0, bounds=(-0.5, 0.4), fit_intercept=False).fit(X, y)
    assert model.objective_ == pytest.approx(expected, rel=1e-6)
    assert model.dual_gap_ <= 1e-6 * null_loss(y, None, False)


@needs_nnls
def test_elastic_net__more_collinear_features_than_rows():
    X, y = dependent(n=15, p=40, rank=3, noise=1e-6)
    model = ElasticNetProx(0.0, positive=True, fit_intercept=False).fit(X, y)
    assert model.objective_ == pytest.approx(nnls(X, y)[1] ** 2 / 30, abs=1e-6 * null_loss(y, None, False))


@needs_nnls
def test_elastic_net__several_targets_and_paths_on_collinear_columns():
    X, y = dependent()
    columns = [y * (k + 1) + np.arange(60) % (k + 2) for k in range(4)]
    Y = np.column_stack(columns * (MIN_BATCHED_TARGETS // 4))  # enough for the loop over targets, which gives up
    model = ElasticNetProx(0.0, positive=True, fit_intercept=False).fit(X, Y)
    expected = [nnls(X, t)[1] ** 2 / 120 for t in Y.T]
    np.testing.assert_allclose(model.objective_, expected, rtol=1e-6)
    Y = Y[:, :4]
    *_, gaps = elastic_net_path(X, Y, alphas=[1e-3, 0.0], positive=True, fit_intercept=False)
    assert (gaps <= 1e-6 * np.array([[null_loss(t, None, False)] for t in Y.T])).all()


def test_elastic_net__tiny_lasso_on_a_vandermonde_matrix():
    x = np.linspace(0.0, 1.0, 25)
    X, y = x[:, None] ** np.arange(1, 61), np.sin(6.0 * x)
    model = ElasticNetProx(1e-7, l1_ratio=1.0).fit(sp.csc_array(X), y)
    assert model.dual_gap_ <= 1e-6 * null_loss(y)
