"""Fits on the worker processes of a local cluster: equal answers, messages that reach the user, workers that die."""

import os
import signal
import threading

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeRegressor

from skreg import (
    AugmentationSearchCV,
    DropoutMLPRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogisticCV,
    PenalizedRegressorCV,
)
from skreg.augmentation import FeatureMask, GaussianNoise
from skreg.inspection import diagnose
from tests.combinations import THOROUGH

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


@pytest.fixture(scope="module")
def client():
    # a worker takes seconds of both cores to start, and one is as much another process as two are
    options = dict(threads_per_worker=1, dashboard_address=":0", host="127.0.0.1", silence_logs=50)
    options["n_workers"] = 2 if THOROUGH else 1
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 4))
    return X, X[:, 0] - X[:, 1] + rng.normal(size=800)


def dying_once(flag):
    """A function of a block, whose first call kills its own worker; workers need not find this file to have it."""

    def die_once(block):
        try:
            os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return block
        os.kill(os.getpid(), signal.SIGKILL)

    return die_once


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
    dX = da.from_array(X, chunks=(100, -1)).map_blocks(dying_once(str(flag)), dtype=float, meta=np.empty((0, 0)))
    model = ElasticNetProx(0.1).fit(dX, y)
    assert flag.exists()
    np.testing.assert_allclose(model.coef_, ElasticNetProx(0.1).fit(X, y).coef_, rtol=1e-9)


def test_cluster__grid_search_under_the_backend_of_joblib(client, data):
    X, y = data
    with joblib.parallel_config("dask"):
        search = GridSearchCV(ElasticNetProx(), {"alpha": [0.01, 1.0]}, cv=3).fit(X, y)
    assert search.best_params_ == {"alpha": 0.01}


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "search",
    [
        ElasticNetProxCV(alphas=5),
        LabelSmoothedLogisticCV(alphas=3, label_smoothing=0.0),
        PenalizedRegressorCV(alphas=3),
    ],
    ids=lambda search: type(search).__name__,
)
@pytest.mark.filterwarnings("ignore:.*est of its grid")
def test_cluster__searches_along_paths_have_their_threads_under_the_backend_of_joblib(client, data, search, n_jobs):
    X, y = data
    y = y > 0.0 if isinstance(search, LabelSmoothedLogisticCV) else y
    alone = clone(search).fit(X, y)
    with joblib.parallel_config("dask"):
        within = clone(search).set_params(n_jobs=n_jobs).fit(X, y)
    np.testing.assert_array_equal(within.scores_, alone.scores_)
    np.testing.assert_array_equal(within.coef_, alone.coef_)


def test_cluster__search_of_augmenters(client, data):
    X, y = data
    candidates = {"noise": GaussianNoise(0.1), "masked": FeatureMask(0.9)}
    options = dict(candidates=candidates, n_copies=1, cv=3, random_state=0)
    alone = AugmentationSearchCV(Ridge(), **options).fit(X[:200], y[:200])
    with joblib.parallel_config("dask"):
        within = AugmentationSearchCV(Ridge(), **options).fit(X[:200], y[:200])
    np.testing.assert_allclose(within.results_["mean_score"], alone.results_["mean_score"], rtol=1e-12)
    assert within.best_name_ == alone.best_name_


@pytest.mark.usefixtures("small_references")
def test_cluster__diagnosis(client, data):
    X, y = data
    tree = DecisionTreeRegressor(random_state=0)
    alone = diagnose(tree, X[:200], y[:200], cv=3)
    with joblib.parallel_config("dask"):
        within = diagnose(tree, X[:200], y[:200], cv=3)
    assert within.verdict == alone.verdict
    assert str(within) == str(alone)  # all scores and intervals


class Locked:
    """A scorer that cannot be pickled."""

    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, model, X, y):
        return model.score(X, y)


@pytest.mark.parametrize(
    "run",
    [
        lambda X, y: AugmentationSearchCV(Ridge(), {"noise": GaussianNoise()}, cv=3, scoring=Locked()).fit(X, y),
        lambda X, y: diagnose(Ridge(), X, y, cv=3, scoring=Locked()),
    ],
    ids=["augmentation", "diagnose"],
)
def test_cluster__scorer_that_cannot_be_pickled_is_named(client, data, run):
    with joblib.parallel_config("dask"), pytest.raises(TypeError, match=r"scoring goes to worker.*Locked.*lock"):
        run(*data)


@pytest.mark.filterwarnings("ignore:.*est of its grid")
def test_cluster__scorer_that_cannot_be_pickled_is_used_by_searches_in_threads(client, data):
    X, y = data
    search = ElasticNetProxCV(alphas=3, cv=3, scoring=Locked(), n_jobs=2)
    with joblib.parallel_config("dask"):
        found = search.fit(X, y).scores_
    np.testing.assert_allclose(found, ElasticNetProxCV(alphas=3, cv=3, scoring="r2").fit(X, y).scores_, rtol=1e-12)


def test_cluster__message_of_a_search_reaches_the_user(client, data):
    X, y = data
    with joblib.parallel_config("dask"), pytest.raises(ValueError, match=r"alpha.*-1"):
        GridSearchCV(ElasticNetProx(), {"alpha": [-1.0]}, cv=3, error_score="raise").fit(X, y)


# Dask warned so until 2025, where a scheduler is asked for by name beside a cluster.
@pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler when a distributed client is active")
def test_cluster__nets_read_blocks_on_the_workers(client, data):
    X, y = data
    params = dict(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    dX = da.from_array(X, chunks=(200, -1))
    on_workers = DropoutMLPRegressor(**params).fit(dX, y)
    with dask.config.set(scheduler="synchronous"):
        here = DropoutMLPRegressor(**params).fit(dX, y)
    np.testing.assert_array_equal(on_workers.predict(X), here.predict(X))


def interrupting(process):
    """A function of a block that presses Ctrl-C in another process; workers need not find this file to have it."""

    def interrupt(block):
        os.kill(process, signal.SIGINT)
        return block

    return interrupt


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for another process")
@pytest.mark.parametrize("model", [ElasticNetProx(), DropoutMLPRegressor((4,), max_iter=1)], ids=["linear", "net"])
def test_cluster__ctrl_c_ends_a_fit_and_leaves_the_cluster_usable(client, data, model):
    X, y = data
    dX = da.from_array(X, chunks=(800, -1))
    pressed = dX.map_blocks(interrupting(os.getpid()), dtype=float, meta=np.empty((0, 0)))
    with pytest.raises(KeyboardInterrupt):
        clone(model).fit(pressed, y)
    np.testing.assert_allclose(ElasticNetProx(0.1).fit(dX, y).coef_, ElasticNetProx(0.1).fit(X, y).coef_, rtol=1e-9)
