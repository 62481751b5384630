"""Fits on the worker processes of a local cluster: equal answers, messages that reach the user, workers that die."""

import os
import signal

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skreg import ElasticNetProx, ElasticNetProxCV
from tests.combinations import THOROUGH

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")


@pytest.fixture(scope="module")
def client():
    options = dict(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", silence_logs=50)
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 4))
    return X, X[:, 0] - X[:, 1] + rng.normal(size=800)


def dies_once(block, flag):
    """A block, whose first reader kills its own worker."""
    try:
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return block
    os.kill(os.getpid(), signal.SIGKILL)


def test_cluster__fits_of_blocks_are_those_in_memory(client, data):
    X, y = data
    dX = da.from_array(X, chunks=(100, -1))
    whole, parts = (
        ElasticNetProxCV(l1_ratio=1.0, alphas=5).fit(X, y),
        ElasticNetProxCV(l1_ratio=1.0, alphas=5).fit(dX, y),
    )
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-9)
    np.testing.assert_allclose(parts.predict(dX).compute(), whole.predict(X), rtol=1e-9)


def test_cluster__message_of_a_block_reaches_the_user(client, data):
    X, y = data
    bad = np.where(X[333, 2] == X, np.inf, X)
    with pytest.raises(ValueError, match="infinity in column 2, in block 3"):
        ElasticNetProx().fit(da.from_array(bad, chunks=(100, -1)), y)


@pytest.mark.skipif(not THOROUGH, reason="a new worker may take as long as it likes to start")
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_cluster__a_killed_worker_does_not_lose_the_fit(client, data, tmp_path):
    X, y = data
    flag = tmp_path / "killed"
    dX = da.from_array(X, chunks=(100, -1)).map_blocks(dies_once, str(flag), dtype=float, meta=np.empty((0, 0)))
    model = ElasticNetProx(0.1).fit(dX, y)
    assert flag.exists()
    np.testing.assert_allclose(model.coef_, ElasticNetProx(0.1).fit(X, y).coef_, rtol=1e-9)


def test_cluster__grid_search_under_the_backend_of_joblib(client, data):
    X, y = data
    with joblib.parallel_config("dask"):
        search = GridSearchCV(ElasticNetProx(), {"alpha": [0.01, 1.0]}, cv=3).fit(X, y)
        within = ElasticNetProxCV(alphas=5).fit(X, y)
    assert search.best_params_ == {"alpha": 0.01}
    assert within.alpha_ == ElasticNetProxCV(alphas=5).fit(X, y).alpha_
