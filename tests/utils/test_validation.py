"""Checks of data that all estimators share."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skreg import (
    DeepEnsembleClassifier,
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
    ElasticNetProx,
    LabelSmoothedLogistic,
)
from skreg.augmentation import AugmentationSearchCV, AugmentedClassifier, GaussianNoise
from skreg.neural import Autoencoder, FineTunedClassifier
from skreg.utils._errors import naming

TEXT = {
    "pandas": pd.DataFrame({"a": np.arange(8.0), "city": ["Oslo", "Rome"] * 4}),
    "object": pd.DataFrame({"a": np.arange(8.0), "city": ["Oslo", "Rome"] * 4}, dtype=object),
    "category": pd.DataFrame({"a": np.arange(8.0), "city": pd.Categorical(["Oslo", "Rome"] * 4)}),
    "polars": pl.DataFrame({"a": np.arange(8.0), "city": ["Oslo", "Rome"] * 4}),
}


@pytest.mark.parametrize("kind", TEXT)
@pytest.mark.parametrize(
    "model", [ElasticNetProx(), LabelSmoothedLogistic(), EarlyStoppingRegressor(), DropoutCNNRegressor()], ids=str
)
def test_check_table__names_the_column_of_text(model, kind):
    with pytest.raises(ValueError, match=r"^X holds text in column 'city', such as 'Oslo': encode it"):
        model.fit(TEXT[kind], np.arange(8) % 2)


NO_NUMBERS = {
    "Arrow text": (
        pd.array(["a", "b"] * 4, dtype=pd.ArrowDtype(pa.string())),
        "X holds text in column 'v', such as 'a'",
    ),
    "lists": ([[1, 2]] * 8, r"X holds \[1, 2\] in column 'v', which is no number"),
    "intervals": (pd.cut(np.arange(8.0), 2), r"X holds Interval\(.*\) in column 'v', which is no number"),
    "text after NA": (
        pd.array([pd.NA, "red"] * 4, dtype="string"),
        "X holds text in column 'v', such as 'red': encode",
    ),
    "the first of several": (
        np.array([1, {}, "red"] + [2] * 5, dtype=object),
        r"X holds \{\} in column 'v', which is no",
    ),
    "NA among objects": (np.array([1, pd.NA] * 4, dtype=object), r"contains NaN \(<NA>\) in column 'v', .* is object"),
    "text without values": (pd.array([None] * 8, dtype="string"), r"contains NaN \(<NA>\) in column 'v', .* is string"),
    "None": (np.array([1, None] * 4, dtype=object), r"Input X contains NaN in column 0 \('v'\)"),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_check_table__names_the_column_of_other_things(case):
    column, message = NO_NUMBERS[case]
    with pytest.raises(ValueError, match=message):
        ElasticNetProx().fit(pd.DataFrame({"v": column}), np.arange(8.0))


def test_check_table__names_the_column_of_text_in_tables_of_arrow():
    for text in (pa.array(["a", "b"] * 4), pa.array(["a", "b"] * 4).dictionary_encode()):
        with pytest.raises(ValueError, match="X holds text in column 'v', such as 'a'"):
            ElasticNetProx().fit(pa.table({"v": text}), np.arange(8.0))
    batch = pa.record_batch({"v": np.arange(8.0) ** 2})
    numbers = pa.table({"v": np.arange(8.0) ** 2})
    assert ElasticNetProx().fit(batch, np.arange(8.0)).coef_ == ElasticNetProx().fit(numbers, np.arange(8.0)).coef_
    fitted = ElasticNetProx().fit(numbers, np.arange(8.0)).coef_
    np.testing.assert_array_equal(fitted, ElasticNetProx().fit(numbers.to_pandas(), np.arange(8.0)).coef_)


def test_check_table__missing_objects_are_for_those_who_take_them():
    values = np.array([np.float32("nan"), *range(7)], dtype=object)
    frame = pd.DataFrame({"a": np.arange(8.0), "b": values})
    net = DropoutMLPRegressor((4,), max_iter=1, ensemble_size=1, early_stopping=False, random_state=0)
    boxed = net.fit(frame, np.arange(8.0)).predict(frame)
    np.testing.assert_array_equal(boxed, net.fit(frame.astype(float), np.arange(8.0)).predict(frame))
    with pytest.raises(ValueError, match=r"Input X contains NaN in column 1 \('b'\)"):
        ElasticNetProx().fit(frame, np.arange(8.0))
    long = pd.DataFrame({"v": [list(range(5000))] * 8})
    with pytest.raises(ValueError, match=r"^X holds \[0, 1, .{150,300} \.\.\. in column 'v'"):
        ElasticNetProx().fit(long, np.arange(8.0))


def test_check_table__images_in_a_column_of_a_frame_are_told():
    images = np.empty(6, object)
    images[:] = [np.ones((8, 8)) for _ in range(6)]
    with pytest.raises(ValueError, match=r"X holds images in column 'v' of a frame: pass X\['v'\]"):
        DropoutCNNRegressor().fit(pd.DataFrame({"v": images}), np.arange(6.0))


@pytest.mark.parametrize("dtype", ["Int64", pd.ArrowDtype(pa.int64())], ids=str)
def test_nets__leave_out_whole_numbers_without_values(dtype):
    frame = pd.DataFrame({"a": np.arange(60.0), "b": np.full(60, np.nan)})
    net = DropoutMLPRegressor((4,), max_iter=2, ensemble_size=1, early_stopping=False, random_state=0)
    expected = net.fit(frame, np.arange(60.0)).predict(frame)
    frame["b"] = pd.array([None] * 60, dtype=dtype)
    np.testing.assert_array_equal(net.fit(frame, np.arange(60.0)).predict(frame), expected)


def with_hole(kind, value):
    """Eight rows of numbers with a bad value in the second column, and how messages call that column."""
    values = np.random.default_rng(0).standard_normal((8, 3))
    values[4, 1] = value
    if kind == "array":
        return values, "column 1"
    if kind == "sparse":
        return sp.csr_array(values), "column 1"
    frame = pd.DataFrame(values, columns=["a", "b", "c"])
    return frame if kind == "pandas" else pl.from_pandas(frame), r"column 1 \('b'\)"


@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN"), (-np.inf, "infinity")])
@pytest.mark.parametrize("kind", ["array", "sparse", "pandas", "polars"])
@pytest.mark.parametrize(
    "model",
    [
        ElasticNetProx(),
        LabelSmoothedLogistic(),
        EarlyStoppingRegressor(),
        DropoutMLPClassifier(missing="raise"),
        DropoutCNNRegressor(),
        Autoencoder(DropoutMLPRegressor((2,))),
    ],
    ids=lambda model: type(model).__name__,
)
def test_naming_bad_columns__of_training_rows(model, kind, value, what):
    if kind == "sparse" and not get_tags(model).input_tags.sparse:
        pytest.skip("takes no sparse X")
    X, column = with_hole(kind, value)
    with pytest.raises(ValueError, match=rf"^Input X contains {what} in {column}\."):
        clone(model).fit(X, np.arange(8) % 2)


def test_naming_bad_columns__of_other_rows():
    X = np.random.default_rng(0).standard_normal((8, 3))
    bad = with_hole("array", np.nan)[0]
    net = DropoutMLPRegressor((2,), missing="raise", max_iter=1, early_stopping=False, random_state=0).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"^Input X contains NaN in column 1\."):
        net.predict(bad)
    coder = Autoencoder(net).fit(X)
    with pytest.raises(ValueError, match=r"^Input X contains NaN in column 1\."):
        coder.transform(bad)
    with pytest.raises(ValueError, match=r"^in the validation data X_val.*: Input X contains NaN in column 1\."):
        EarlyStoppingRegressor().fit(X, X[:, 0], X_val=bad, y_val=X[:, 0])


@pytest.mark.parametrize("kind", ["pandas", "pyarrow"])
@pytest.mark.parametrize(
    "model",
    [
        ElasticNetProx(),
        LabelSmoothedLogistic(),
        EarlyStoppingClassifier(),
        EarlyStoppingRegressor(GradientBoostingRegressor()),
        DropoutMLPClassifier(max_iter=1),
        DropoutCNNRegressor(max_iter=1),
        DeepEnsembleClassifier(),
        Autoencoder(DropoutMLPRegressor(max_iter=1)),
    ],
    ids=str,
)
def test_check_unique_names__in_every_package(model, kind):
    rows, y = np.random.default_rng(0).standard_normal((8, 3)), [0, 1] * 4
    names = ["a", "b", "a"]
    if kind == "pandas":
        X = pd.DataFrame(rows, columns=names)
    else:
        X = pytest.importorskip("pyarrow").table([*rows.T], names=names)
    message = "X has several columns of the name 'a'"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    if isinstance(model, (ElasticNetProx, DropoutMLPClassifier)):
        fitted = clone(model).fit(rows, y)
        with pytest.raises(ValueError, match=message):
            fitted.predict(X)


def test_check_table__numbers_as_objects_are_numbers():
    X = pd.DataFrame({"a": np.arange(8.0), "b": np.arange(8) % 3})
    y = np.arange(8.0) ** 2
    plain = ElasticNetProx(0.1).fit(X, y)
    for other in (X.astype(object), X.assign(b=X["b"].astype("category")), X.assign(b=X["b"].astype(str))):
        np.testing.assert_allclose(ElasticNetProx(0.1).fit(other, y).coef_, plain.coef_)


@pytest.mark.parametrize("model", [ElasticNetProx(0.1), EarlyStoppingRegressor(min_delta=9.0, random_state=0)], ids=str)
def test_check_table__a_dictionary_of_keys_is_never_text(model):
    """NumPy would read it row by row, which old versions of SciPy refuse."""
    X = np.random.default_rng(0).standard_normal((20, 3)) * (np.arange(60).reshape(20, 3) % 2)
    fits = [clone(model).fit(kind(X), X[:, 0]) for kind in (sp.csr_array, sp.dok_array)]
    np.testing.assert_array_equal(*(fit.predict(sp.dok_array(X)) for fit in fits))


def test_numeric_targets__complex_numbers_are_refused():
    for model in (EarlyStoppingRegressor(GradientBoostingRegressor()), EarlyStoppingRegressor()):
        with pytest.raises(ValueError, match=r"^Complex data not supported"):
            model.fit(np.arange(20.0)[:, None], np.arange(20) * 1j)


ROWS = np.random.default_rng(0).standard_normal((60, 4))
CLASSES = (ROWS[:, 0] > 0.0).astype(int)
NET = make_pipeline(StandardScaler(), DropoutMLPClassifier((3,), max_iter=1, early_stopping=False, random_state=0))
NOISE = GaussianNoise(0.1)
AROUND = [
    AugmentedClassifier(NET, NOISE, random_state=0),
    AugmentationSearchCV(LinearDiscriminantAnalysis(), [NOISE], n_copies=1, cv=2, strengths=[1.0], random_state=0),
    DeepEnsembleClassifier(NET, n_members=2, random_state=0),
    EarlyStoppingClassifier(GradientBoostingClassifier(), min_delta=9.0, patience=1),
    FineTunedClassifier(FrozenEstimator(clone(NET).fit(ROWS, CLASSES)[-1])),
]


@pytest.mark.parametrize("model", AROUND, ids=lambda model: type(model).__name__)
def test_naming__errors_about_features_name_the_estimator_that_was_called(model):
    name = type(model).__name__
    model = clone(model).fit(ROWS, CLASSES)
    for method in ("predict", "predict_proba", "predict_log_proba", "predict_uncertainty", "score"):
        if not hasattr(model, method):
            continue
        y = [CLASSES] if method == "score" else []
        with pytest.raises(ValueError, match=f"X has 3 features, but {name} is expecting 4 features"):
            getattr(model, method)(ROWS[:, 1:], *y)


def test_naming__leaves_other_messages_alone():
    message = "alpha=1 is too large for Ridge, which was fitted to little"
    with pytest.raises(ValueError, match=f"^{message}$"), naming(clone(NET)):
        raise ValueError(message)
    with pytest.raises(KeyError, match="3"), naming(NET):
        raise KeyError(3)
