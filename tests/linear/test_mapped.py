"""Memmaps and Arrow frames larger than memory: read in blocks, the same answers, no copy of the whole."""

import sys
import tracemalloc
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skreg import (
    DropoutMLPRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
    alpha_max,
    elastic_net_path,
)
from skreg.utils import _blocks
from tests.combinations import THOROUGH
from tests.processes import run_python

N, P = 600, 6
MODELS = [
    ElasticNetProx(0.1),
    PenalizedRegressor(0.1, penalty="mcp"),
    PenalizedRegressor(0.1, loss="huber"),
    ElasticNetProxCV(alphas=4, cv=3),
    PenalizedRegressorCV(loss="huber", alphas=3, eps=0.1, cv=3, tol=1e-7),
    LabelSmoothedLogistic(0.01),
    LabelSmoothedLogisticCV(alphas=3, cv=3, label_smoothing=0.1, tol=1e-7),
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of 70 rows, of all data that may be larger than memory."""
    monkeypatch.setattr(_blocks, "MOST_COPIED_BYTES", 0)
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 8 * P * 70)


def data(dtype=np.float64, n=N):
    rng = np.random.default_rng(0)
    X = (8.0 * rng.normal(size=(n, P))).astype(dtype)
    return X, X[:, 0] - 0.5 * X[:, 1] + 4.0 * rng.normal(size=n)


def mapped(folder, X, order="C"):
    """X as a memmap of a file."""
    file = np.memmap(folder / "X.dat", X.dtype, "w+", shape=X.shape, order=order)
    file[:] = X
    file.flush()
    return np.memmap(folder / "X.dat", X.dtype, "r", shape=X.shape, order=order)


@pytest.mark.filterwarnings("ignore:.*est of its grid")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model)[:40])
def test_memmap__fits_are_those_in_memory(tmp_path, model):
    X, y = data()
    y = y > 0.0 if "Logistic" in str(model) else y
    weights = np.random.default_rng(1).integers(0, 3, N)
    whole, parts = clone(model).fit(X, y, weights), clone(model).fit(mapped(tmp_path, X), y, weights)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-3, atol=1e-4)
    assert parts.objective_ == pytest.approx(whole.objective_, rel=2e-4 if hasattr(model, "cv") else 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint8", "bool"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_memmap__of_any_numbers_and_order(tmp_path, dtype, order):
    X, y = data()
    X = np.maximum(X, 0.0).astype(dtype)
    model = ElasticNetProx(0.01).fit(mapped(tmp_path, X, order), y)
    np.testing.assert_allclose(model.coef_, ElasticNetProx(0.01).fit(X.astype(float), y).coef_, rtol=1e-5)


def test_memmap__path_and_alpha_max(tmp_path):
    X, y = data()
    file = mapped(tmp_path, X)
    assert alpha_max(file, y) == pytest.approx(alpha_max(X, y), rel=1e-12)
    for part, whole in zip(elastic_net_path(file, y, alphas=5), elastic_net_path(X, y, alphas=5), strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_memmap__is_never_copied_as_a_whole(tmp_path, monkeypatch, dtype):
    n = 60_000
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 1 << 18)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    X, y = data(dtype, n)
    file, size = mapped(tmp_path, X), X.nbytes
    del X
    models = ElasticNetProx(0.1), PenalizedRegressor(0.1, penalty="scad")
    for model in models:
        model.fit(file[:500], y[:500])  # compiles
    tracemalloc.start()
    for model in models:
        model.fit(file, y)
        model.predict(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * size + 32 * n  # y and its predictions


@pytest.mark.skipif(not THOROUGH, reason="a process of its own takes seconds to start")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the memory of a process")
def test_memmap__larger_than_the_memory_of_a_process_is_fitted(tmp_path):
    # most of the file is a hole, which takes no disk
    printed = run_python(
        """
        import resource
        import numpy as np
        from skreg import ElasticNetProx

        X = np.memmap(sys.argv[1], "float64", "w+", shape=(2**21, 18))
        X[:1000] = np.random.default_rng(0).normal(size=(1000, 18))
        y = np.append(X[:1000, 0], np.zeros(2**21 - 1000))
        ElasticNetProx().fit(X[:1000], y[:1000])  # compiles
        with open("/proc/self/status") as status:
            used = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
        limit = 1024 * used + X.nbytes // 2
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        print((ElasticNetProx(1e-6, l1_ratio=1.0).fit(X, y).coef_ != 0.0).sum())
        try:
            ElasticNetProx(solver="cd").fit(X, y)
        except MemoryError:
            print("as a whole it does not fit")
        """,
        tmp_path / "X.dat",
    )
    assert printed.split("\n")[:2] == ["1", "as a whole it does not fit"]


@pytest.mark.parametrize("model", [*MODELS[:1], DropoutMLPRegressor((4,), max_iter=1, random_state=0)], ids=str)
def test_memmap__predictions_of_blocks_are_those_of_the_whole(tmp_path, model):
    X, y = data()
    model.fit(X, y)
    np.testing.assert_allclose(model.predict(mapped(tmp_path, X)), model.predict(X), rtol=1e-6)
    if hasattr(model, "predict_uncertainty"):
        mean, std = model.predict(mapped(tmp_path, X), return_std=True, n_draws=2)
        assert mean.shape == std.shape == y.shape


@pytest.mark.parametrize(
    "model",
    [
        ElasticNetProx(0.1, solver="cd"),
        ElasticNetProx(0.1, prior_coef=1.0),
        PenalizedRegressor(0.1, loss="quantile", tol=1e-3),
        PenalizedRegressor(0.1, loss="huber", penalty="slope"),
        LabelSmoothedLogistic(0.1, confidence_penalty=0.1),
        ElasticNetProxCV(alphas=3, eps=0.1, cv=[(np.r_[0:50, 0:50], np.r_[50:90])]),
    ],
    ids=lambda model: str(model)[:40],
)
@pytest.mark.filterwarnings("ignore:.*est of its grid")
def test_memmap__is_read_as_a_whole_where_blocks_do_not_go_with_the_parameters(tmp_path, model):
    X, y = data()
    y = y > 0.0 if "Logistic" in str(model) else y
    found, expected = clone(model).fit(mapped(tmp_path, X), y), clone(model).fit(X, y)
    np.testing.assert_array_equal(found.coef_, expected.coef_)


def test_memmap__with_many_columns_is_read_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("skreg.linear._blocks.MAX_GRAM_COLUMNS", P - 1)
    X, y = data()
    found = ElasticNetProx(0.1).fit(mapped(tmp_path, X), y)
    np.testing.assert_array_equal(found.coef_, ElasticNetProx(0.1).fit(X, y).coef_)


def test_memmap__small_ones_are_as_arrays(tmp_path, monkeypatch):
    monkeypatch.undo()
    X, y = data()
    np.testing.assert_array_equal(ElasticNetProx().fit(mapped(tmp_path, X), y).coef_, ElasticNetProx().fit(X, y).coef_)


def arrow_frames(X):
    """The columns of X in Arrow's format, as frames of several libraries."""
    pa, pl = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    table = pa.table(dict(zip("abcdef", X.T, strict=True)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old pyarrow calls what pandas has deprecated
        frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return {"pandas": frame, "polars": pl.from_arrow(table), "pyarrow": table}


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_arrow_frame__fits_are_those_in_memory(library):
    X, y = data()
    frame = arrow_frames(X)[library]
    model = ElasticNetProx(0.1).fit(frame, y)
    whole = ElasticNetProx(0.1).fit(X, y)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-6)
    np.testing.assert_allclose(model.predict(frame), whole.predict(X), rtol=1e-6)
    if library != "pyarrow":  # whose names scikit-learn does not know
        assert list(model.feature_names_in_) == list("abcdef")
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[list("bacdef")])


def bad_inputs():
    X, y = data()
    holes, text = X.copy(), arrow_frames(X)
    holes[333, 2] = np.nan
    return {
        "NaN": (holes, y, {}, "X contains NaN in column 2, in block 4, which begins with row 280"),
        "NaN in y": (X, holes[:, 2], {}, "y contains NaN in block 4, which begins with row 280"),
        "length": (X, y[:-1], {}, "y must have n_samples=600 rows"),
        "weights": (X, y, dict(sample_weight=-np.ones(N)), "sample_weight must not be negative"),
        "complex": (X.astype(complex), y, {}, "X must hold numbers; got the dtype complex128"),
        "missing": (arrow_frames(holes)["polars"], y, {}, r"X contains NaN in column 2 \('c'\), in block 4"),
        "text": (text["pandas"].assign(d=pd.array(["x"] * N, "string[pyarrow]")), y, {}, "text in column 'd'"),
    }


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("name", bad_inputs())
def test_mapped__bad_input_is_named(tmp_path, name):
    X, y, params, message = bad_inputs()[name]
    X = mapped(tmp_path, X) if isinstance(X, np.ndarray) else X
    with pytest.raises(ValueError, match=message):
        ElasticNetProx().fit(X, y, **params)


def test_mapped__errors_of_predictions_name_a_block_if_they_are_about_its_rows(tmp_path):
    X, y = data()
    X[333, 2] = np.nan
    X = mapped(tmp_path, X)
    with pytest.raises(NotFittedError, match=r"^This ElasticNetProx instance"):
        ElasticNetProx().predict(X)
    model = ElasticNetProx().fit(X[:70], y[:70])
    with pytest.raises(ValueError, match=r"^X has 5 features, but ElasticNetProx is expecting 6"):
        model.predict(X[:, :5])
    with pytest.raises(ValueError, match=r"^in block 4, which begins with row 280: Input X contains NaN in column 2"):
        model.predict(X)
