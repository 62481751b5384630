"""Convolutional nets as estimators: forms of input, noise, augmentation while training, and what is refused."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skreg import (
    DeepEnsembleClassifier,
    DropoutCNNClassifier,
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
)
from skreg.augmentation import CutMix, GaussianNoise, Mixup, Shift
from skreg.augmentation._base import Perturbation
from skreg.utils import _blocks

SMALL = dict(channels=(4, 6), hidden_layer_sizes=(8,), max_iter=2, random_state=0)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.astype(np.uint8).reshape(-1, 8, 8), y


def bump(n=400, steps=40, seed=0):
    """Signals with a bump, and its place."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(8, steps - 8, n)
    X = np.exp(-((np.arange(steps) - place[:, None]) ** 2) / 8.0) + 0.1 * rng.standard_normal((n, steps))
    return X, place


# ---- what they learn


def test_cnn__digits_are_learned_and_beat_the_perceptron_where_they_move(digits):
    X, y = digits
    X = X / 16.0
    moved = np.array([np.roll(image, (a, b), (0, 1)) for image, (a, b) in zip(X, places(len(X)), strict=True)])
    common = dict(max_iter=15, random_state=0)
    cnn = DropoutCNNClassifier((16, 32), **common).fit(moved[:1200], y[:1200])
    mlp = DropoutMLPClassifier(**common).fit(moved[:1200].reshape(1200, -1), y[:1200])
    assert cnn.score(moved[1200:], y[1200:]) > mlp.score(moved[1200:].reshape(-1, 64), y[1200:]) + 0.05


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_cnn__one_image_is_predicted_as_among_many(digits, dtype):
    X, y = digits
    X = X.astype(dtype)
    model = DropoutCNNClassifier(**SMALL | dict(normalization="batch")).fit(X[:300], y[:300])
    wanted = model.decision_function(X)
    for k in (3, 5, 3):  # with the memory of the prediction before
        np.testing.assert_allclose(model.decision_function(X[k : k + 1]), wanted[k : k + 1], rtol=1e-4, atol=1e-4)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.decision_function(X[:2]), model.decision_function(X[:2]))


def test_cnn__predictions_follow_the_parameters_as_training_goes_on(digits):
    X, y = digits[0][:200] / 16.0, digits[1][:200]
    params = SMALL | dict(channels=(16, 16), pool_size=1, dropout=0.3, dropout_kind="dropconnect")
    model = DropoutCNNClassifier(**params).fit(X, y)  # its second convolution is by tiles
    for _ in range(2):
        fresh = pickle.loads(pickle.dumps(model))
        model.predict(X)  # from here on, what depends on parameters alone is kept
        np.testing.assert_array_equal(model.decision_function(X), fresh.decision_function(X))
        np.testing.assert_array_equal(model.sample_predictions(X[:9], 3), fresh.sample_predictions(X[:9], 3))
        model.partial_fit(X, y)


def test_cnn__few_numbers_are_checked_as_many_are(digits):
    X, y = digits
    X = X[:200] / 16.0
    model = DropoutCNNClassifier(**SMALL).fit(X, y[:200])
    for bad in (np.full((1, 8, 8), np.nan), np.full((1, 64), np.inf)):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            model.predict(bad)
    with pytest.raises(ValueError, match="63 features"):
        model.predict(X.reshape(200, 64)[:1, 1:])
    with pytest.raises(ValueError, match="Expected 2D array"):
        model.predict(X[0].ravel())
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(X[:0])


def places(n):
    return np.random.default_rng(0).integers(-2, 3, (n, 2))


def test_cnn__signals_are_learned():
    X, y = bump()
    model = DropoutCNNRegressor((8, 16), max_iter=30, random_state=0).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.9
    low, high = model.predict_interval(X[300:], coverage=0.9)
    assert ((low < y[300:]) & (y[300:] < high)).mean() > 0.8
    assert model.predict_uncertainty(X[300:]).distance.shape == (100,)


def test_cnn__several_targets():
    X, y = bump()
    Y = np.column_stack([y, -2.0 * y])
    model = DropoutCNNRegressor((8, 16), max_iter=20, random_state=0).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.8


# ---- forms of input


def test_cnn__arrays_and_flat_rows_are_the_same_images(digits):
    X, y = digits
    X, y = X[:200], y[:200]
    wanted = DropoutCNNClassifier(**SMALL).fit(X, y)
    flat = X.reshape(200, -1)
    for data, options in (
        (X[..., None], {}),
        (flat, dict(image_shape=(8, 8))),
        (flat, dict(image_shape=(8, 8, 1), dims=2)),
        (pd.DataFrame(flat), dict(image_shape=(8, 8))),
        (X.astype(np.float16), {}),
        (X.tolist(), {}),
    ):
        model = DropoutCNNClassifier(**SMALL, **options).fit(data, y)
        np.testing.assert_allclose(model.predict_proba(data), wanted.predict_proba(X), rtol=1e-5, atol=1e-6)
    assert model.n_features_in_ == 64
    np.testing.assert_allclose(wanted.predict_proba(flat), wanted.predict_proba(X))


def test_cnn__signals_have_three_forms():
    X, y = bump(120)
    wanted = DropoutCNNRegressor(**SMALL).fit(X, y)
    for data, options in ((X[..., None], dict(dims=1)), (X, dict(dims=1, image_shape=(40, 1)))):
        found = DropoutCNNRegressor(**SMALL, **options).fit(data, y)
        np.testing.assert_array_equal(found.predict(data), wanted.predict(X))
    two = DropoutCNNRegressor(**SMALL, dims=1).fit(np.stack([X, X[:, ::-1]], axis=2), y)
    assert two.weights_[0].shape == (3 * 2, 4)
    assert wanted.weights_[0].shape == (3, 4)


def test_cnn__small_whole_numbers_are_never_cast_as_a_whole():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 255, (20_000, 32, 32), dtype=np.uint8), rng.integers(0, 2, 20_000)
    model = DropoutCNNClassifier((2,), hidden_layer_sizes=(2,), stride=4, max_iter=1, batch_size=100, random_state=0)
    model.fit(X[:200], y[:200]).predict(X[:200])  # compiles
    tracemalloc.start()
    model.fit(X, y)
    model.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * X.nbytes  # in single precision X takes four times its size


@pytest.mark.parametrize("model", [DropoutCNNClassifier(**SMALL), DropoutMLPClassifier((4,), max_iter=1)])
def test_net__images_of_another_range_than_those_of_fit_are_told(digits, model):
    X, y = digits[0][:100].reshape(100, -1), digits[1][:100]
    if isinstance(model, DropoutCNNClassifier):
        X = X.reshape(-1, 8, 8)
    for trained, other, words in ((X, X / 16.0, "to 1, but .* to 255: "), (X / 16.0, X, "to 16, but .* to 1: ")):
        net = clone(model).fit(trained, y)
        with pytest.warns(UserWarning, match=f"X holds numbers from 0 {words}"):
            net.predict(other)
        net.predict(trained)  # without a warning
        net.predict_proba(3.0 * trained[:2])
    clone(model).fit(X.astype(float), y).predict(X)  # whole numbers, whatever their type


def ranges_told(predict):
    """The number of warnings about ranges."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        predict()
    return sum("was fitted to numbers from" in str(one.message) for one in record)


def test_cnn__whole_numbers_of_any_type_are_told_from_shares(digits):
    X, y = digits[0][:40], digits[1][:40]
    options = dict(channels=(2,), hidden_layer_sizes=(2,), max_iter=1, early_stopping=False)
    shares, floats = (DropoutCNNClassifier(**options).fit(some, y) for some in (X / 16.0, X.astype(float)))
    for dtype in (float, np.int64, np.uint8):
        assert ranges_told(lambda dtype=dtype: shares.predict(X.astype(dtype))) == 1
        assert ranges_told(lambda dtype=dtype: floats.predict(X.astype(dtype))) == 0
    assert ranges_told(lambda: floats.predict(X / 16.0)) == 1
    assert ranges_told(lambda: shares.predict(X / 16.0 - 0.5)) == 0  # which says nothing


def test_net__ranges_of_counts_and_of_continued_fits(digits):
    X, y = digits[0][:40].reshape(40, -1), digits[1][:40]
    options = dict(hidden_layer_sizes=(2,), max_iter=1, early_stopping=False)
    counts = DropoutMLPClassifier(**options).fit(X // 4, y)
    assert ranges_told(lambda: counts.predict(X / 16.0)) == 0
    warm = DropoutMLPClassifier(**options, warm_start=True).fit(X, y)
    assert ranges_told(lambda: warm.fit(X, y).predict(X / 16.0)) == 1
    for net in (warm.fit(X / 16.0, y), DropoutMLPClassifier(**options).fit(X, y).partial_fit(X / 16.0, y)):
        assert ranges_told(lambda net=net: (net.predict(X), net.predict(X / 16.0))) == 0


def test_net__ranges_are_told_once_by_members_and_blocks(digits, monkeypatch, tmp_path):
    X, y = digits[0][:40].reshape(40, -1), digits[1][:40]
    member = DropoutMLPClassifier((2,), max_iter=1, early_stopping=False)
    both = DeepEnsembleClassifier(member, n_members=2, random_state=0).fit(X, y)
    for predict in (both.predict, both.predict_log_proba, both.predict_uncertainty, both.sample_predictions):
        assert ranges_told(lambda predict=predict: predict(X / 16.0)) == 1
    net, da = both.estimators_[0], pytest.importorskip("dask.array")
    lazy = net.predict(da.from_array(X / 16.0, chunks=(10, -1)))
    assert ranges_told(lambda: lazy.compute(scheduler="synchronous")) == 1
    monkeypatch.setattr(_blocks, "MOST_COPIED_BYTES", 0)
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 8 * 64 * 10)
    file = np.memmap(tmp_path / "X", float, "w+", shape=X.shape)
    file[:] = X / 16.0
    assert ranges_told(lambda: net.predict(file)) == 1


def test_cnn__memory_maps(tmp_path, digits):
    X, y = digits
    path = tmp_path / "X.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    found = DropoutCNNClassifier(**SMALL).fit(mapped, y).predict_proba(mapped)
    np.testing.assert_array_equal(found, DropoutCNNClassifier(**SMALL).fit(X, y).predict_proba(X))


def test_cnn__predictions_have_the_precision_of_the_images(digits):
    X, y = digits
    model = DropoutCNNClassifier(**SMALL).fit(X, y)
    single, double = (model.predict_proba(X.astype(dtype)) for dtype in (np.float32, np.float64))
    assert (single.dtype, double.dtype, model.predict_proba(X).dtype) == (np.float32, np.float64, np.float64)  # bytes
    np.testing.assert_allclose(single, double, atol=1e-4)
    alone = np.concatenate([model.predict_proba(image[None]) for image in X[:5]])
    np.testing.assert_allclose(alone, model.predict_proba(X)[:5], atol=1e-5)


def test_cnn__in_a_pipeline_and_a_grid(digits):
    X, y = digits
    flat = X[:150].reshape(150, -1)
    pipeline = make_pipeline(MinMaxScaler(), DropoutCNNClassifier(**SMALL, image_shape=(8, 8)))
    grid = GridSearchCV(pipeline, {"dropoutcnnclassifier__spatial_dropout": [0.0, 0.2]}, cv=2, n_jobs=2).fit(
        flat, y[:150]
    )
    assert grid.predict(flat).shape == (150,)
    loaded = pickle.loads(pickle.dumps(grid))
    np.testing.assert_array_equal(loaded.predict_proba(flat), grid.predict_proba(flat))


def test_cnn__validation_images(digits):
    X, y = digits
    model = DropoutCNNClassifier(**SMALL).fit(X[:300], y[:300], X_val=X[300:400], y_val=y[300:400])
    assert len(model.validation_curve_) == 2
    monitored = DropoutCNNClassifier(**SMALL, monitor="accuracy").fit(X[:300], y[:300])
    assert 0.0 <= monitored.best_score_ <= 1.0


def test_cnn__rows_may_come_in_chunks(digits):
    X, y = digits
    model = DropoutCNNClassifier(**SMALL)
    for first in range(0, 600, 200):
        model.partial_fit(X[first : first + 200], y[first : first + 200], classes=np.arange(10))
    assert model.n_iter_ == 3


# ---- noise


@pytest.mark.parametrize(
    "options",
    [
        dict(spatial_dropout=0.3),
        dict(drop_block=0.3, block_size=2),
        dict(stochastic_depth=0.5, residual=True),
        dict(dropout=0.3),
    ],
    ids=str,
)
def test_cnn__every_kind_of_dropout_gives_uncertainty(digits, options):
    X, y = digits
    quiet = dict(SMALL, dropout=0.0) | options
    model = DropoutCNNClassifier(**quiet).fit(X[:300], y[:300])
    draws = model.sample_predictions(X[:4], n_draws=10)
    assert (draws.std(axis=0).max(axis=1) > 1e-4).all()
    np.testing.assert_array_equal(draws, model.sample_predictions(X[:4], n_draws=10))
    one_by_one = np.concatenate([model.sample_predictions(X[[i]], n_draws=10) for i in range(4)], axis=1)
    np.testing.assert_allclose(one_by_one, draws, atol=1e-5)  # a draw is one net for all rows
    without = DropoutCNNClassifier(**dict(SMALL, dropout=0.0)).fit(X[:300], y[:300])
    assert np.ptp(without.sample_predictions(X[:4], n_draws=3), axis=0).max() == 0.0


# ---- penalties of layers


def test_cnn__strengths_for_every_layer(digits):
    X, y = digits
    model = DropoutCNNClassifier(**SMALL, l1=(0.05, 0.0, 0.0, 0.0), max_norm=(None, 0.5, None)).fit(X, y)
    first, second, *_ = model.weights_
    assert (first == 0.0).any()
    assert np.linalg.norm(second, axis=0).max() <= 0.5 * (1.0 + 1e-5)
    assert [W.shape for W in model.weights_] == [(9, 4), (36, 6), (24, 8), (8, 10)]
    with pytest.raises(ValueError, match=r"weight_decay must be a number, or hold 4, one for every layer"):
        DropoutCNNClassifier(**SMALL, weight_decay=(0.1, 0.1)).fit(X, y)


# ---- augmentation inside the training loop


class Unchanged(Perturbation):
    def _perturb(self, X, rng):
        self.seen = X.shape
        return X


def test_augmenter__that_changes_nothing_changes_nothing(digits):
    X, y = digits
    for model, data in (
        (DropoutCNNClassifier(**SMALL), X),
        (DropoutMLPClassifier((8,), max_iter=2, random_state=0), X.reshape(len(X), -1)),
    ):
        wanted = clone(model).fit(data, y)
        found = clone(model).set_params(augmenter=Unchanged()).fit(data, y)
        assert found.loss_curve_ == wanted.loss_curve_
        np.testing.assert_array_equal(found.predict_proba(data), wanted.predict_proba(data))


def test_augmenter__makes_new_images_every_epoch_and_leaves_validation_rows_alone(digits):
    X, y = digits
    seen = []

    class Watch(Perturbation):
        def _perturb(self, images, rng):
            assert images.shape[1:] == (8, 8, 1)
            assert images.dtype == np.uint8
            seen.append(images.copy())
            return images

    model = DropoutCNNClassifier(**SMALL, augmenter=Watch()).fit(X[:300], y[:300], X_val=X[300:400], y_val=y[300:400])
    rows = np.concatenate(seen)[..., 0]
    unique = np.unique(X[:300].reshape(300, -1), axis=0)
    assert len(rows) == 2 * len(unique)
    assert {image.tobytes() for image in rows} == {image.tobytes() for image in X[:300]}
    first, second = (DropoutCNNClassifier(**SMALL, augmenter=Shift(2.0)).fit(X, y) for _ in range(2))
    assert first.loss_curve_ == second.loss_curve_
    assert first.loss_curve_ != model.loss_curve_


@pytest.mark.parametrize("augmenter", [Mixup(0.4), CutMix(image_shape=(8, 8))], ids=str)
def test_augmenter__mixed_images_have_mixed_labels(digits, augmenter):
    X, y = digits
    options = dict(hidden_layer_sizes=(), max_iter=15, random_state=0)
    model = DropoutCNNClassifier((8,), augmenter=augmenter, **options).fit(X, y)
    plain = DropoutCNNClassifier((8,), **options).fit(X, y)
    assert model.loss_curve_[-1] > plain.loss_curve_[-1] + 0.1  # soft labels cannot be fitted to a loss of 0
    assert model.score(X, y) > 0.9


def test_augmenter__regression_targets_are_mixed():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3))
    y = X @ [1.0, 2.0, 3.0]
    plain = dict(hidden_layer_sizes=(), dropout=0.0, l1=0.0, weight_decay=0.0, early_stopping=False)
    model = DropoutMLPRegressor(**plain, max_iter=200, random_state=0, augmenter=Mixup(1.0)).fit(X, y)
    assert model.score(X, y) > 0.999  # a linear function of mixed rows is the mixed one


def test_augmenter__noise_on_sparse_rows_is_refused_by_the_augmenter():
    import scipy.sparse as sp

    X, y = sp.random(100, 10, 0.3, format="csr", random_state=0), np.arange(100) % 2
    with pytest.raises((TypeError, ValueError), match="sparse"):
        DropoutMLPClassifier((5,), max_iter=2, augmenter=GaussianNoise()).fit(X, y)


# ---- refusals


def test_cnn__shapes_that_do_not_fit_are_refused(digits):
    X, y = digits
    model = DropoutCNNClassifier(**SMALL).fit(X, y)
    for data, message in (
        (
            X[:, :6],
            r"X has images of shape \(6, 8, 1\), but DropoutCNNClassifier was fitted to images of shape \(8, 8, 1\)",
        ),
        (np.stack([X] * 3, axis=3), r"X has images of shape \(8, 8, 3\)"),
        (X.reshape(len(X), -1)[:, :60], "X has 60 features, but DropoutCNNClassifier is expecting 64 features"),
        ([[[1.0, 2.0]], [[1.0]]], "X must hold images of one shape"),
        (X[:0], r"Found array with 0 sample\(s\)"),
        (np.zeros((2, 2, 2, 2, 2)), r"X must have shape \(n, height, width\[, channels\]\)"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(data)
    flat = X.reshape(len(X), -1)
    for options, data, message in (
        (dict(image_shape=(8, 9)), flat, r"image_shape=\(8, 9\) has 72 numbers; a row of X has 64"),
        (dict(image_shape=(4, 16)), X, r"image_shape=\(4, 16\) is not the shape of the images in X: \(8, 8\)"),
        (dict(image_shape=(64,)), flat, "image_shape must be"),
        (dict(image_shape=(8, -8)), flat, "image_shape must be"),
        (dict(image_shape=(8, 8, 1), dims=1), flat, r"image_shape must be \(steps, channels\) with dims=1"),
        (dict(dims=1), X[..., None], r"X must have shape \(n, steps, channels\) with dims=1"),
        (dict(dims=3), X, "dims"),
        (dict(dims=2), flat, "dims=2 needs images; X has flat rows of 64 numbers: set image_shape"),
        (dict(channels=()), X, "channels must hold ints of at least 1"),
        (dict(channels=(4, 0)), X, "channels must hold ints of at least 1"),
        (dict(kernel_size=(3, 3, 3)), X, r"kernel_size must be an int, or hold 2, one for every convolutional layer"),
        (dict(pool_size=(2,)), X, r"pool_size must be an int, or hold 2, one for every convolutional layer"),
        (dict(kernel_size=9), X, "kernel_size=9 of the first layer is larger than images of 8 x 8: use 8 or less"),
        (dict(kernel_size=5), X[:, :2, :2], "larger than images of 2 x 2: use 3 or less"),
        (dict(kernel_size=(65, 3)), flat, "kernel_size=65 of the first layer is larger than signals of 64 steps"),
        (dict(stride=9), X, "stride=9 of the first layer is larger than images of 8 x 8: use 8 or less"),
        (dict(stride=(65, 1)), flat, "stride=65 of the first layer is larger than signals of 64 steps"),
        (dict(kernel_size=9, padding="valid"), X, "a kernel of 9 x 9 does not fit in its input of 8 x 8"),
        (dict(stochastic_depth=0.2), X, "stochastic_depth=0.2 drops residual branches: it needs residual=True"),
        (dict(drop_block=1.0), X, "drop_block"),
        (dict(augmenter="flips"), X, "augmenter"),
    ):
        with pytest.raises(ValueError, match=message):
            DropoutCNNClassifier(**SMALL | options).fit(data, y)


def test_cnn__a_net_of_flat_signals_takes_them_with_an_axis_of_channels(digits):
    X, y = digits
    flat = X.reshape(len(X), -1)
    model = DropoutCNNClassifier(**SMALL).fit(flat, y)
    np.testing.assert_array_equal(model.predict_proba(flat[:, :, None]), model.predict_proba(flat))
    with pytest.raises(
        ValueError, match=r"shape \(8, 8\), but .* was fitted to flat rows of 64 steps: pass X of shape"
    ):
        model.predict(X)


def test_cnn__missing_numbers_are_refused(digits):
    X, y = digits
    X = X.astype(float)
    X[3, 2, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN in row 3"):
        DropoutCNNClassifier(**SMALL).fit(X, y)


def test_cnn__narrow_images_may_be_signals():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 30, 3)), np.arange(60) % 2
    with pytest.warns(UserWarning, match=r"is read as 60 images of 30 x 3 pixels. Set dims=1"):
        DropoutCNNClassifier(**SMALL).fit(X, y)
    with pytest.warns(UserWarning, match="If channels come first in X, move them to the end"):
        DropoutCNNClassifier(**SMALL).fit(rng.standard_normal((60, 3, 8, 8)), y)


def test_cnn__warm_start_keeps_the_architecture(digits):
    X, y = digits
    model = DropoutCNNClassifier(**SMALL, warm_start=True).fit(X, y)
    assert model.fit(X, y).n_iter_ == 4
    with pytest.raises(ValueError, match=r"a fitted net cannot continue with channels=\(4, 8\) \(it was \(4, 6\)\)"):
        model.set_params(channels=(4, 8)).fit(X, y)
    with pytest.raises(ValueError, match=r"cannot continue with dropout=\(0.5,\) \(it was \(0.25,\)\)"):
        model.set_params(channels=(4, 6), dropout=0.5).fit(X, y)


def test_cnn__images_of_different_shapes_are_named(digits):
    X, y = digits
    different = pd.Series([*X[:5], X[5, :6], *X[6:20]])
    with pytest.raises(
        ValueError, match=r"X must hold images of one shape; got \(8, 8\) in row 0 and \(6, 8\) in row 5"
    ):
        DropoutCNNClassifier(**SMALL).fit(different, y[:20])
    with pytest.raises(ValueError, match=r"\(8, 8\) in row 0 and \(\) in row 5"):
        DropoutCNNClassifier(**SMALL).fit([*X[:5], None, *X[6:20]], y[:20])


def test_cnn__columns_of_numbers_with_names_that_are_numbers_may_be_objects():
    X, y = bump(60)
    model = DropoutCNNRegressor(**SMALL)
    expected = model.fit(pd.DataFrame(X), y).predict(pd.DataFrame(X))
    np.testing.assert_array_equal(model.predict(pd.DataFrame(X.astype(object))), expected)
