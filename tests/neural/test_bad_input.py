"""Bad input to the perceptrons gets an error that names the argument and the value, before any work is done."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skreg import (
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNRegressor,
    DropoutTransformerRegressor,
    EarlyStoppingRegressor,
    ElasticNetProx,
)
from skreg.augmentation import Compose, CutMix, Flip, Shift, TimeMask, TimeWarp
from tests.problems import regression

X, Y = regression(20, 4)
CODES = (np.median(Y) < Y).astype(int)
FAST = dict(hidden_layer_sizes=(100,), max_iter=2, early_stopping=False, random_state=0)
NETS = [(DropoutMLPClassifier(**FAST), CODES), (DropoutMLPRegressor(**FAST), Y)]


def holed(value, to=X):
    bad = to.astype(float).copy()
    bad[3] = value
    return bad


PARAMETERS = [
    (dict(hidden_layer_sizes=(10, 0)), r"hidden_layer_sizes must hold ints of at least 1; got \(10, 0\)"),
    (dict(hidden_layer_sizes=(10.0,)), r"hidden_layer_sizes must hold ints of at least 1; got \(10\.0,\)"),
    (dict(hidden_layer_sizes=0), r"'hidden_layer_sizes' parameter .* Got 0"),
    (dict(categorical_features="all"), r"'categorical_features' parameter .* among 'from_dtype', .* Got 'all'"),
    (dict(categorical_features=[4]), r"categorical_features must hold names, or indices of the 4 columns of X; got 4"),
    (dict(categorical_features=[True]), r"categorical_features as a mask must have 4 entries.* got \[True\]"),
    (dict(categorical_features=["a"]), r"categorical_features names 'a', which is no column of X; X has no names"),
    (dict(missing="mean"), r"'missing' parameter .* among 'indicator', 'raise'\. Got 'mean'"),
    (dict(standardize=True), r"'standardize' parameter .* Got True"),
    (dict(numeric_embedding="linear"), r"'numeric_embedding' parameter .* Got 'linear'"),
    (dict(embedding_size=0), r"'embedding_size' parameter .* Got 0"),
    (dict(embedding_dropout=1.0), r"'embedding_dropout' parameter .* Got 1\.0"),
    (dict(activation="selu"), r"'activation' parameter .* among 'relu', .* Got 'selu'"),
    (dict(normalization="group"), r"'normalization' parameter .* Got 'group'"),
    (dict(dropout=1.0), r"'dropout' parameter .* in the range \[0\.0, 1\.0\).* Got 1\.0"),
    (dict(dropout=-0.1), r"'dropout' parameter .* Got -0\.1"),
    (dict(dropout=[0.1, 0.2]), r"dropout must be a number, or hold 1, one for every hidden layer; got \[0\.1, 0\.2\]"),
    (dict(dropout=[1.0]), r"dropout must lie in \[0, 1\) in every layer; got \[1\.0\]"),
    (dict(dropout=[np.nan]), r"dropout must lie in \[0, 1\) in every layer"),
    (dict(dropout=["a"]), r"dropout must hold numbers, one for every layer; got \['a'\]"),
    (dict(input_dropout=1.5), r"'input_dropout' parameter .* Got 1\.5"),
    (dict(dropout_kind="spatial"), r"'dropout_kind' parameter .* Got 'spatial'"),
    (dict(stochastic_depth=0.5), r"stochastic_depth=0\.5 drops residual branches: it needs residual=True"),
    (dict(residual=True), r"residual=True needs two successive hidden layers of one width; got .*\(100,\)"),
    (dict(weight_decay=-1.0), r"'weight_decay' parameter .* Got -1\.0"),
    (dict(l2=[0.1]), r"l2 must be a number, or hold 2, one for every layer, the output layer included; got \[0\.1\]"),
    (dict(l1=[0.1, -1.0]), r"l1 must lie in \[0, inf\) in every layer; got \[0\.1, -1\.0\]"),
    (dict(max_norm=0.0), r"'max_norm' parameter .* Got 0\.0"),
    (dict(max_norm=[1.0, 2.0]), r"max_norm must be positive, or hold 1 positive numbers or None.* got \[1\.0, 2\.0\]"),
    (dict(max_norm=[-1.0]), r"max_norm must be positive.* got \[-1\.0\]"),
    (
        dict(max_norm=1.0, weight_normalization="weight"),
        r"max_norm=1\.0 cannot be combined with weight_normalization='weight'",
    ),
    (dict(clip_norm=0), r"'clip_norm' parameter .* Got 0"),
    (dict(mixup=-0.2), r"'mixup' parameter .* Got -0\.2"),
    (dict(feature_mask=1.0), r"'feature_mask' parameter .* Got 1\.0"),
    (dict(optimizer="rmsprop"), r"'optimizer' parameter .* Got 'rmsprop'"),
    (dict(learning_rate=0.0), r"'learning_rate' parameter .* Got 0\.0"),
    (dict(schedule="linear"), r"'schedule' parameter .* Got 'linear'"),
    (dict(warmup=1.0), r"'warmup' parameter .* Got 1\.0"),
    (dict(batch_size=0), r"'batch_size' parameter .* Got 0"),
    (
        dict(batch_size=1, normalization="batch"),
        r"batch_size=1 leaves .* needs at least two\. Set batch_size=3 or more",
    ),
    (dict(max_iter=0), r"'max_iter' parameter .* Got 0"),
    (dict(validation_fraction=1.0), r"'validation_fraction' parameter .* Got 1\.0"),
    (
        dict(weight_normalization="spectral", l1=[0.1, 0.0, 0.0]),
        r"l1=\[0\.1, 0\.0, 0\.0\] cannot be combined with weight_normalization='spectral'",
    ),
    (dict(normalization="layer", hidden_layer_sizes=(5, 1)), r"normalization='layer' makes a layer of one unit"),
    (
        dict(averaging="swa", early_stopping=True, patience=5),
        r"averaging='swa' starts in the last quarter of max_iter, .* patience=5: set patience=None",
    ),
    (dict(patience=0), r"'patience' parameter .* Got 0"),
    (dict(monitor="nonsense"), r"monitor must be 'loss', the name of a scorer or a scorer; got 'nonsense'"),
    (dict(monitor="mse"), r"got 'mse'\. Did you mean 'neg_mean_squared_error'\?"),
    (dict(random_state=-1), r"'random_state' parameter .* Got -1"),
]


@pytest.mark.parametrize(("model", "y"), NETS)
@pytest.mark.parametrize(("params", "message"), PARAMETERS)
def test_bad_input__parameters(model, y, params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        type(model)(**{**FAST, **params}).fit(X, y)


@pytest.mark.parametrize(("model", "y"), NETS)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (holed(np.nan), r"Input X contains NaN"),
        (sp.csr_array(holed(np.inf)), r"Input X contains infinity"),
        (holed(1e39), r"Input X contains values too large for float32, in which nets compute, in column 0: rescale it"),
        (sp.csr_array(holed(1e300)), r"values too large for float32, .* in column 0: rescale it"),
        (X[:-1], r"inconsistent numbers of samples"),
        (pd.DataFrame({"a": ["x", "y"] * 10, "b": Y}), r"X holds text in column 0 \('a'\), such as 'x', where numbers"),
    ],
)
def test_bad_input__data(model, y, bad, message):
    with pytest.raises(ValueError, match=message):
        clone(model).set_params(missing="raise", categorical_features=None).fit(bad, y)


def huge(shape, place):
    X = np.zeros(shape)
    X[place] = 1e39
    return X


@pytest.mark.parametrize(
    ("model", "bad", "place"),
    [
        (DropoutMLPRegressor(), pd.DataFrame(huge((20, 2), (3, 1)), columns=["u", "v"]), r"column 1 \('v'\)"),
        (DropoutMLPRegressor(), pd.DataFrame({"t": ["a"] * 20, "v": huge(20, 3)}), r"column 1 \('v'\)"),
        (DropoutCNNRegressor(), huge((20, 8, 8), (5, 2, 3)), r"row 5, pixel \(2, 3\)"),
        (DropoutCNNRegressor(), huge((20, 8, 8, 2), (5, 2, 3, 1)), r"row 5, pixel \(2, 3\), channel 1"),
        (DropoutCNNRegressor(dims=1), huge((20, 8, 1), (5, 2, 0)), r"row 5, step 2"),
        (DropoutCNNRegressor(), huge((20, 8), (5, 2)), r"column 2"),
        (DropoutRNNRegressor(), huge((20, 5, 2), (5, 2, 1)), r"row 5, step 2, channel 1"),
        (DropoutRNNRegressor(), huge((20, 5), (5, 2)), r"column 2"),
        (DropoutTransformerRegressor(), huge((20, 5, 1), (5, 2, 0)), r"row 5, step 2"),
        (DropoutTransformerRegressor(), huge((20, 5), (5, 2)), r"column 2"),
    ],
)
def test_bad_input__places_of_numbers_too_large_for_single_precision(model, bad, place):
    with pytest.raises(ValueError, match=f"too large for float32, in which nets compute, in {place}: rescale it"):
        model.fit(bad, np.arange(20.0))


@pytest.mark.parametrize("value", ["NaN", "infinity"])
@pytest.mark.parametrize(
    ("model", "shape", "at", "place"),
    [
        (DropoutCNNRegressor(), (20, 8, 6), (5, 2, 3), r"row 5, pixel \(2, 3\)"),
        (DropoutCNNRegressor(), (20, 8, 6, 2), (5, 2, 3, 1), r"row 5, pixel \(2, 3\), channel 1"),
        (DropoutCNNRegressor(dims=1), (20, 8, 2), (5, 2, 1), r"row 5, step 2, channel 1"),
        (DropoutCNNRegressor(dims=1), (20, 8, 1), (5, 2, 0), r"row 5, step 2"),
        (DropoutCNNRegressor(image_shape=(2, 4)), (20, 8), (5, 2), r"column 2"),
        (DropoutRNNRegressor(), (20, 5, 2), (5, 2, 1), r"row 5, (at )?step 2, channel 1"),
    ],
)
def test_bad_input__places_of_numbers_that_are_not_finite(model, shape, at, place, value):
    images = np.random.default_rng(0).random(shape)
    bad = images.copy()
    bad[at] = np.nan if value == "NaN" else np.inf
    bad[7, *at[1:]] = bad[at]  # and another behind it
    model = clone(model).set_params(max_iter=1, early_stopping=False)
    with pytest.raises(ValueError, match=rf"Input X contains {value} in {place}\."):
        model.fit(bad.tolist() if bad.ndim > 3 else bad, np.arange(20.0))
    model.fit(images, np.arange(20.0))
    with pytest.raises(ValueError, match=rf"Input X contains {value} in {place}\."):
        model.predict(bad)


def test_bad_input__targets_whose_squares_overflow_or_vanish():
    with pytest.raises(ValueError, match=r"y has values so large that their squares overflow: rescale it; got 1e\+200"):
        DropoutMLPRegressor().fit(X, np.linspace(0.0, 1e200, 20))
    with pytest.raises(ValueError, match=r"y\[:, 1\] has values so large that their squares overflow"):
        DropoutMLPRegressor().fit(X, np.column_stack([np.arange(20.0), np.linspace(0.0, 1e200, 20)]))
    with pytest.raises(
        ValueError, match=r"y has values so small that their squares vanish: rescale it; got at most 1e-2"
    ):
        DropoutMLPRegressor().fit(X, np.linspace(0.0, 1e-200, 20))
    flat = DropoutMLPRegressor(**FAST).fit(X, np.full(20, 1e-200))
    np.testing.assert_allclose(flat.predict(X), 1e-200, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize(("model", "y"), NETS)
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(19), r"sample_weight must have shape \(20,\)"),
        (-np.ones(20), r"sample_weight must be finite and not negative; got -1\.0"),
        (np.full(20, np.nan), r"sample_weight must be finite and not negative; got nan"),
        (np.zeros(20), r"all weights are zero"),
    ],
)
def test_bad_input__weights(model, y, weights, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, weights)


def test_bad_input__weights_whose_sum_overflows():
    model = DropoutMLPClassifier(**FAST).fit(X, CODES, np.full(20, 1e308))
    np.testing.assert_array_equal(model.predict_proba(X), DropoutMLPClassifier(**FAST).fit(X, CODES).predict_proba(X))
    huge = dict.fromkeys(np.unique(CODES), 1e308)
    with pytest.raises(ValueError, match=r"class_weight: the weights are so large that their sum overflows"):
        DropoutMLPClassifier(**FAST, class_weight=huge).fit(X, CODES)


@pytest.mark.parametrize(("model", "y"), NETS)
@pytest.mark.parametrize(
    ("validation", "message"),
    [
        (dict(X_val=X), r"X_val and y_val belong together; got only X_val"),
        (dict(y_val=Y), r"belong together; got only y_val"),
        (dict(sample_weight_val=np.ones(20)), r"belong together; got only sample_weight_val"),
        (dict(X_val=X[:, :3], y_val=CODES), r"in the validation data X_val.*has 3 features.*expecting 4"),
        (dict(X_val=X[:0], y_val=CODES[:0]), r"in the validation data X_val.*0 sample"),
        (dict(X_val=holed(np.inf), y_val=CODES), r"in the validation data X_val.*contains infinity"),
        (dict(X_val=1e200 * X, y_val=CODES), r"in the validation data X_val.*too large for float32"),
        (dict(X_val=X, y_val=CODES[:-1]), r"in the validation data X_val.*inconsistent numbers"),
        (dict(X_val=X, y_val=CODES, sample_weight_val=np.ones(3)), r"validation data.*sample_weight must have shape"),
    ],
)
def test_bad_input__validation_data(model, y, validation, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **validation)


def test_bad_input__sparse_rows_are_not_filled_by_noise():
    with pytest.raises(ValueError, match=r"input_noise=0\.1 would make sparse X dense: set it to 0"):
        DropoutMLPClassifier(input_noise=0.1).fit(sp.csr_array(X), CODES)
    model = DropoutMLPClassifier(input_noise=0.1, max_iter=1, early_stopping=False, random_state=0).fit(X, CODES)
    np.testing.assert_allclose(model.predict_proba(sp.csr_array(X)), model.predict_proba(X), rtol=1e-4)  # no noise here


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y, r"Unknown label type: continuous"),
        (np.ones(20), r"at least two classes; got one class: .*1\.0"),
        (np.column_stack([CODES, CODES]), r"1d array"),
    ],
)
def test_bad_input__labels(y, message):
    with pytest.raises(ValueError, match=message):
        DropoutMLPClassifier(**FAST).fit(X, y)


def test_bad_input__validation_of_too_large_a_share():
    X, y = regression(60, 4)
    with pytest.raises(
        ValueError, match=r"validation_fraction=0\.999 leaves none of n_samples=55 \(unique\) rows to train"
    ):
        DropoutMLPRegressor(validation_fraction=0.999, early_stopping=True).fit(X, y)


def test_bad_input__classes():
    with pytest.raises(ValueError, match=r"class_weight has keys that are not classes of y: \[7\]"):
        DropoutMLPClassifier(class_weight={7: 1.0}).fit(X, CODES)
    with pytest.raises(ValueError, match=r"validation data.*labels that are not among the classes \[0, 1\]: \[5\]"):
        DropoutMLPClassifier(**FAST).fit(X, CODES, X_val=X, y_val=5 * CODES)
    model = DropoutMLPClassifier().partial_fit(X, CODES, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"classes=\[0, 1\] are not those of the first call: \[0, 1, 2\]"):
        model.partial_fit(X, CODES, classes=[0, 1])
    with pytest.raises(ValueError, match=r"y has labels that are not among the classes"):
        model.partial_fit(X, CODES + 2)
    with pytest.raises(ValueError, match=r": \[3, 4, .* 12\] and 10 more\."):
        model.partial_fit(X, np.arange(len(X)) + 3)
    with pytest.raises(ValueError, match=r"class_weight='balanced' needs all rows at once"):
        DropoutMLPClassifier(class_weight="balanced").partial_fit(X, CODES)
    with pytest.raises(ValueError, match=r"classes must hold at least two classes; got \[0\]"):
        DropoutMLPClassifier().partial_fit(X, 0 * CODES, classes=[0])
    with pytest.raises(ValueError, match=r"got one class: 'a'\. Give all classes in the first call of partial_fit"):
        DropoutMLPClassifier().partial_fit(X, np.full(len(X), "a"))


def test_bad_input__targets():
    model = DropoutMLPRegressor(**FAST).fit(X, Y)
    with pytest.raises(ValueError, match=r"y must have shape \(n_samples,\); got \(20, 2\)"):
        model.partial_fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=r"y contains NaN"):
        model.fit(X, np.where(np.arange(20) == 5, np.nan, Y))
    with pytest.raises(ValueError, match=r"y must hold numbers to regress on; got <U3 entries"):
        model.fit(X, np.repeat(["yes", "no"], 10))
    with pytest.raises(TypeError, match=r"y holds dates \(datetime64\[D\]\): turn them into numbers first"):
        model.fit(X, np.arange(20).astype("M8[D]"))


def test_bad_input__predictions():
    model = DropoutMLPRegressor(**FAST).fit(X, Y)
    with pytest.raises(ValueError, match="X has 3 features, but DropoutMLPRegressor is expecting 4"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match=r"n_draws must be an int of at least 1; got 0"):
        model.predict_uncertainty(X, 0)
    with pytest.raises(ValueError, match=r"coverage must lie in \(0, 1\); got 95"):
        model.predict_interval(X, 95)
    with pytest.raises(ValueError, match=r"not fitted yet"):
        DropoutMLPClassifier().predict(X)


def test_bad_input__columns_far_from_zero():
    X, y = regression(60, 4)
    X[:, 2] = 1e6 + X[:, 2]
    with pytest.warns(UserWarning, match=r"the first of 1 is column 2 with mean 1e\+06: standardize X"):
        DropoutMLPRegressor(standardize=None, **FAST).fit(X, y)


def test_bad_input__monitors():
    X, y = regression(60, 4)
    with pytest.raises(ValueError, match=r"monitor='accuracy' failed, .*continuous"):
        DropoutMLPRegressor(monitor="accuracy", max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"monitor=.* is NaN on the validation rows after epoch 1"):
        DropoutMLPRegressor(monitor=lambda *_: np.nan, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"monitor=.* failed, .*: X has 3 features"):
        DropoutMLPRegressor(monitor=lambda model, X, y: model.predict(X[:, :3]).sum(), max_iter=2).fit(X, y)


def test_bad_input__going_on_with_other_parameters():
    model = DropoutMLPRegressor(**FAST).partial_fit(X, Y)
    with pytest.raises(ValueError, match="a fitted net cannot continue with heteroscedastic=True"):
        model.set_params(heteroscedastic=True).partial_fit(X, Y)
    assert model.predict_uncertainty(X).total.shape == (20,)
    table = DropoutMLPRegressor(**FAST, warm_start=True, categorical_features=[0]).fit(X.round(), Y)
    table.set_params(categorical_features=np.array([0])).fit(X.round(), Y)
    with pytest.raises(ValueError, match=r"cannot continue with categorical_features=\[1\] \(it was \[0\]\)"):
        table.set_params(categorical_features=[1]).fit(X.round(), Y)
    with pytest.raises(ValueError, match=r"cannot continue with dropout=\(0\.9,\) \(it was \(0\.15,\)\)"):
        model.set_params(heteroscedastic=False, dropout=0.9).partial_fit(X, Y)


@pytest.mark.parametrize("model", [DropoutMLPRegressor(**FAST), ElasticNetProx(), EarlyStoppingRegressor()])
def test_bad_input__masked_targets_and_weights(model):
    masked = np.ma.masked_greater(Y, Y.mean())
    with pytest.raises(TypeError, match="y has masked entries"):
        model.fit(X, masked)
    with pytest.raises(TypeError, match="sample_weight has masked entries"):
        model.fit(X, Y, sample_weight=np.ma.masked_greater(np.arange(20.0), 15.0))


@pytest.mark.parametrize("bad", [None, 3, {}])
def test_bad_input__what_is_no_array_of_images(bad):
    model = DropoutCNNRegressor(2, max_iter=1, early_stopping=False).fit(np.ones((9, 4, 4)), np.arange(9.0))
    for call in (lambda: model.predict(bad), lambda: clone(model).fit(bad, np.arange(9.0))):
        with pytest.raises(ValueError, match=re.escape(f"X must hold images, signals or flat rows; got {bad!r}.")):
            call()


@pytest.mark.parametrize("model", [DropoutCNNRegressor(2, dims=1), DropoutRNNRegressor(2)])
@pytest.mark.parametrize("augmenter", [Flip(), CutMix(), TimeMask(2), Compose([TimeWarp(), Shift(1.0)])])
def test_bad_input__augmenters_that_would_misread_series(model, augmenter):
    model = clone(model).set_params(augmenter=augmenter, max_iter=1, early_stopping=False)
    with pytest.raises(ValueError, match=r"changes (images|spectrograms); the rows of X are series"):
        model.fit(np.ones((9, 6, 2)), np.arange(9.0))
