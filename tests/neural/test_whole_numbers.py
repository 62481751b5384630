"""Whole numbers and truth values: nets read them exactly, in little memory."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from skreg import DropoutCNNRegressor, DropoutMLPRegressor, DropoutRNNRegressor, DropoutTransformerRegressor
from skreg.neural._scaling import dtype_of_whole_numbers

pytestmark = pytest.mark.filterwarnings("ignore:X has channels whose standard deviations")  # numbers of every size
FAST = dict(max_iter=1, early_stopping=False, random_state=0)
SMALL = dict(n_heads=1, embedding_size=2, feed_forward_size=2)
NETS = {
    "perceptron": (DropoutMLPRegressor(4, ensemble_size=1, **FAST), (40,)),
    "convolution": (DropoutCNNRegressor(2, hidden_layer_sizes=2, **FAST), (5, 8)),
    "recurrent": (DropoutRNNRegressor(2, **FAST), (5, 8)),
    "flat recurrent": (DropoutRNNRegressor(2, **FAST), (40,)),
    "transformer": (DropoutTransformerRegressor(1, **SMALL, **FAST), (5, 8)),
    "table transformer": (DropoutTransformerRegressor(1, **SMALL, **FAST), (40,)),
}
CODES = np.random.default_rng(0).integers(0, 300, (60, 40))
Y = np.random.default_rng(1).standard_normal(60)


def parameters(model):
    return np.concatenate([weights.ravel() for weights in model.weights_])


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint64, bool])
def test_whole_numbers__are_the_same_in_every_type(name, dtype):
    model, shape = NETS[name]
    X = (CODES % 2 if dtype is bool else CODES).reshape(60, *shape)
    expected = parameters(model.fit(X.astype(float), Y))
    predicted = model.predict(X.astype(float))
    np.testing.assert_array_equal(parameters(model.fit(X.astype(dtype), Y)), expected)
    np.testing.assert_allclose(model.predict(X.astype(dtype)), predicted, rtol=1e-4, atol=1e-4)
    if len(shape) == 1:
        frame = pd.DataFrame(X.astype(dtype))
        np.testing.assert_array_equal(parameters(model.fit(frame, Y)), expected)
        np.testing.assert_allclose(model.predict(frame), predicted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("dtype", "most"), [(np.int64, 4.0), (np.int32, 4.0), (bool, 1.0)])
@pytest.mark.parametrize("name", ["perceptron", "convolution", "recurrent", "transformer", "flat recurrent"])
def test_whole_numbers__are_not_read_in_double_precision(name, dtype, most):
    """Reading takes as many bytes an entry as the smallest type that nets compute with; there were 8."""
    model, shape = NETS[name]
    n = 5000
    X = np.random.default_rng(0).integers(0, 300, (n, *shape)).astype(dtype)
    model.fit(X[:60], Y)
    more = 1.0 if "recurrent" in name or name == "transformer" else 0.0  # which entries are finite
    tracemalloc.start()
    model._rows_of(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (most + more + 0.3) * X.size


def test_whole_numbers__that_single_precision_lacks_stay_exact():
    large = np.array([[0, 1], [2, 2**24]])
    assert dtype_of_whole_numbers(large, scaled=False) is np.float32
    assert dtype_of_whole_numbers(-large - [0, 1], scaled=False) is None
    assert dtype_of_whole_numbers(np.array([[2**63]], np.uint64), scaled=False) is None
    far = np.array([[10_000_000, 1], [10_000_001, 2]])  # of which a scale sees the differences only
    assert dtype_of_whole_numbers(far, scaled=False) is np.float32
    assert dtype_of_whole_numbers(far, scaled=True) is None
    assert dtype_of_whole_numbers(far[:1], scaled=True) is np.float32  # one row
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False]})
    assert dtype_of_whole_numbers(frame, scaled=True) is np.float32
    assert dtype_of_whole_numbers(frame[["b"]], scaled=True) is np.uint8
    for kept in (large.astype(np.int16), large.astype(float), frame.assign(c=0.5), frame.astype("Int64"), large[:0]):
        assert dtype_of_whole_numbers(kept, scaled=False) is None
    assert dtype_of_whole_numbers(sp.csr_array(large), scaled=True) is np.float32
    assert dtype_of_whole_numbers(sp.csr_array(large + 1), scaled=True) is None


def test_whole_numbers__far_from_zero_are_predicted_one_by_one_as_together():
    rng = np.random.default_rng(0)
    X = 10_000_000 + rng.integers(0, 50, (60, 3))
    y = X[:, 0] - 10_000_000.0
    model = DropoutMLPRegressor(8, ensemble_size=1, max_iter=20, early_stopping=False, random_state=0).fit(X, y)
    together = model.predict(X)
    assert np.corrcoef(together, y)[0, 1] > 0.5
    np.testing.assert_allclose([model.predict(row[None])[0] for row in X], together, rtol=1e-4, atol=1e-3)
    floats = model.fit(X.astype(float), y).predict(X.astype(float))
    np.testing.assert_allclose(together, floats, rtol=1e-4, atol=1e-3)


def test_whole_numbers__of_sparse_x():
    model = NETS["perceptron"][0]
    X = sp.csr_array(CODES * (CODES > 250))
    expected = parameters(model.fit(X.astype(float), Y))
    for dtype in (np.int64, np.int32):
        np.testing.assert_array_equal(parameters(model.fit(X.astype(dtype), Y)), expected)


@pytest.mark.parametrize("kind", [np.int64, np.uint16, "frame", "list"])
def test_whole_numbers__large_targets_are_not_rounded(kind):
    X = np.arange(300)[:, None]
    y = 1.7e9 + X[:, 0]  # seconds since 1970: single precision has every 128th of them
    rows = pd.DataFrame(X) if kind == "frame" else X.tolist() if kind == "list" else X.astype(kind)
    model = DropoutMLPRegressor(max_iter=30, early_stopping=False, ensemble_size=1, random_state=0).fit(rows, y)
    predicted = model.predict(rows)
    assert predicted.dtype == np.float64
    assert np.unique(predicted).size > 250
    assert model.sample_predictions(rows, 2).dtype == np.float64
    assert np.unique(model.predict(X.astype(np.float32))).size > 250
