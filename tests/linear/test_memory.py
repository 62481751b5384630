"""Memory of linear fits: nothing outlives a fit, and cross-validation on sparse data needs a few times X."""

import gc
import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from skreg import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogisticCV, PenalizedRegressorCV
from skreg._core.data import sparse

pytestmark = pytest.mark.filterwarnings("ignore:.*est of its grid", "ignore:.*is the smallest of its grid")


def sparse_problem(n, p, density):
    rng = np.random.default_rng(0)
    X = sp.random(n, p, density, format="csc", random_state=rng, data_rvs=rng.standard_normal)
    scores = X[:, :10] @ rng.standard_normal(10)
    return X, scores / scores.std() + rng.standard_normal(n)


SEARCHES = {
    "squared": lambda X, y: ElasticNetProxCV(alphas=5, eps=0.05, cv=3).fit(X, y),
    "squared on rows": lambda X, y: ElasticNetProxCV(alphas=5, eps=0.05, cv=3, solver="cd").fit(X, y),
    "logistic": lambda X, y: LabelSmoothedLogisticCV(alphas=5, eps=0.05, label_smoothing=0.0, cv=3).fit(X, y > 0.0),
    "three classes": lambda X, y: LabelSmoothedLogisticCV(alphas=3, eps=0.2, label_smoothing=0.0, cv=3).fit(
        X, np.digitize(y, [-1.0, 1.0])
    ),
    "huber": lambda X, y: PenalizedRegressorCV(loss="huber", alphas=5, eps=0.05, cv=3).fit(X, y),
    "mcp": lambda X, y: PenalizedRegressorCV(penalty="mcp", alphas=5, eps=0.05, cv=3).fit(X, y),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize("dense", [False, True])
def test_memory__no_fit_leaves_cycles_of_references(search, dense):
    """Objects in cycles stay in memory until the garbage collector runs, which arrays do not make it do."""
    X, y = sparse_problem(200, 12, 0.3)
    X = X.toarray() if dense else X
    search(X, y)
    gc.freeze()  # the collector then looks only at what comes now, which is faster by far
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        search(X, y)
        gc.collect()
        left = {type(item).__qualname__ for item in gc.garbage if type(item).__module__.startswith("skreg")}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.unfreeze()
    assert not left


@pytest.mark.parametrize("weighted", [False, True])
def test_memory__sparse_ridge_does_not_copy_x(weighted, monkeypatch):
    monkeypatch.setattr(sparse, "MIN_ENTRIES_PER_PART", 1 << 13)
    X, y = sparse_problem(2000, 100, 0.5)
    size = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    weights = np.linspace(0.5, 1.5, len(y)) if weighted else None
    model = ElasticNetProx(0.01, l1_ratio=0.0)
    expected = model.fit(X.toarray(), y, weights).coef_
    model.fit(X, y, weights)
    tracemalloc.start()
    model.fit(X, y, weights)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-9, atol=1e-12)
    assert peak < (1.6 if weighted else 0.9) * size


MOST = {"squared": 3.0, "squared on rows": 3.0, "logistic": 4.0, "huber": 4.0}


@pytest.mark.parametrize("name", MOST)
def test_memory__searches_on_sparse_rows(name):
    X, y = sparse_problem(4000, 400, 0.1)
    size = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    SEARCHES[name](X, y)
    tracemalloc.start()
    SEARCHES[name](X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST[name] * size


@pytest.mark.parametrize("name", ["squared", "squared on rows", "logistic", "huber"])
def test_memory__searches_on_sparse_rows_are_those_on_dense_rows(name):
    X, y = sparse_problem(600, 300, 0.05)
    sparse, dense = SEARCHES[name](X, y), SEARCHES[name](X.toarray(), y)
    np.testing.assert_allclose(sparse.scores_, dense.scores_, rtol=2e-3)
    assert sparse.alpha_ == pytest.approx(dense.alpha_)
    tol, null = sparse.tol, 0.5 * y.var() if "squared" in name else np.log(2.0)
    assert max(sparse.dual_gap_, dense.dual_gap_) <= tol * null
    assert abs(sparse.objective_ - dense.objective_) <= sparse.dual_gap_ + dense.dual_gap_ + 1e-12
