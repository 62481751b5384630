"""Nets on Dask collections: two blocks in memory, validation by blocks, weights, seeds, errors that name the block."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from skreg import (
    DropoutCNNClassifier,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
)
from skreg._nets.training.evaluation import MeanLoss
from skreg.augmentation import GaussianNoise

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

FAST = dict(hidden_layer_sizes=(8,), max_iter=3, random_state=0, early_stopping=False)


def data(n=400, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + 0.3 * rng.normal(size=n)


def blocks(X, size=90):
    return da.from_array(X, chunks=(size, *[-1] * (X.ndim - 1)))


def weights_of(net):
    return np.concatenate([w.ravel() for w in net.weights_])


@pytest.mark.parametrize("kind", [DropoutMLPClassifier, DropoutMLPRegressor])
def test_net_blocks__rows_in_the_order_of_y_warn(kind):
    X, y = data()
    y = np.digitize(y, [-0.5, 0.5]) if kind is DropoutMLPClassifier else 1e6 + y
    order = np.argsort(y)
    with pytest.warns(UserWarning, match=r"the blocks of X tell \d\d% of the variance of y, .* shuffle the rows once"):
        kind(**FAST).fit(blocks(X[order]), y[order])
    kind(**FAST).fit(blocks(X, 20), y)  # of twenty blocks in any order: no warning
    DropoutMLPRegressor(**FAST).fit(blocks(X), np.ones(400))


@pytest.mark.parametrize(("monitor", "n_training"), [("loss", 1000), ("accuracy", 1100)])
def test_net_blocks__compare_validation_rows_with_at_most_a_thousand_training_rows(monitor, n_training, monkeypatch):
    sizes, init = [], MeanLoss.__init__

    def counted(self, X, targets, weights, rows):
        sizes.append(rows.size)
        init(self, X, targets, weights, rows)

    monkeypatch.setattr(MeanLoss, "__init__", counted)
    X, y = data(n=2400)
    net = DropoutMLPClassifier(**FAST | dict(max_iter=1), monitor=monitor)
    net.fit(blocks(X, 1200), y > 0.0, X_val=X[:1100], y_val=y[:1100] > 0.0)
    assert sizes == [1100, n_training]


@pytest.mark.parametrize("kind", [DropoutMLPClassifier, DropoutMLPRegressor])
def test_net_blocks__learn_as_in_memory(kind):
    X, y = data()
    y = y > 0.0 if kind is DropoutMLPClassifier else y
    net = kind(hidden_layer_sizes=(16,), max_iter=30, dropout=0.0, random_state=0)
    assert net.fit(blocks(X), y).score(*data_like(X, y)) > net.fit(X, y).score(*data_like(X, y)) - 0.05


def data_like(X, y):
    return X[::2], y[::2]


def cnn(y):
    return DropoutCNNClassifier(channels=(2,), **FAST), (400, 6, 6), y > 0.0


def rnn(y):
    return DropoutRNNRegressor(units=(3,), **FAST), (400, 5, 2), y


def tokens(y):
    return DropoutRNNClassifier(units=(3,), embedding_size=2, vocabulary_size=9, **FAST), "tokens", y > 0.0


def transformer(y):
    return DropoutTransformerClassifier(embedding_size=4, n_heads=2, n_blocks=1, **FAST), (400, 3), y > 0.0


@pytest.mark.parametrize("family", [cnn, rnn, tokens, transformer])
def test_net_blocks__of_all_families(family):
    rng = np.random.default_rng(0)
    net, shape, y = family(rng.normal(size=400))
    X = rng.integers(0, 9, (400, 5)) if shape == "tokens" else rng.normal(size=shape).astype(np.float32)
    if shape == "tokens":
        X[:300, 3:] = -1  # padding: the longest sequences are in the last block
    found = net.fit(blocks(X), y).predict(blocks(X))
    np.testing.assert_array_equal(found.compute(), net.predict(X))
    assert len(net.loss_curve_) == 3


@pytest.mark.parametrize(("chunks", "n_blocks"), [((90, 2), 2), ((90, 1, 3, 2), 3)], ids=["table", "images"])
def test_net_blocks__columns_in_several_blocks_are_joined_with_a_warning(chunks, n_blocks):
    X = np.random.default_rng(0).normal(size=(180, 4) if len(chunks) == 2 else (180, 3, 3, 2))
    net = DropoutMLPClassifier(**FAST) if len(chunks) == 2 else DropoutCNNClassifier(channels=(2,), **FAST)
    y = X.reshape(180, -1)[:, 0] > 0.0
    with pytest.warns(UserWarning, match=f"columns in {n_blocks} blocks"):
        found = weights_of(net.fit(da.from_array(X, chunks=chunks), y))
    np.testing.assert_array_equal(found, weights_of(net.fit(blocks(X), y)))


def test_net_blocks__depend_on_the_seed_alone():
    X, y = data()
    dX, dy = blocks(X), da.from_array(y, chunks=133)
    params = FAST | dict(augmenter=GaussianNoise(0.1), mixup=0.2, averaging="swa", normalization="batch")
    first = weights_of(DropoutMLPRegressor(**params).fit(dX, dy))
    with dask.config.set(scheduler="synchronous"):
        np.testing.assert_array_equal(weights_of(DropoutMLPRegressor(**params).fit(dX, dy)), first)
    assert not np.array_equal(weights_of(DropoutMLPRegressor(**params | dict(random_state=1)).fit(dX, dy)), first)


def test_net_blocks__rows_without_weight_are_not_used():
    X, y = data()
    weights = np.random.default_rng(1).integers(0, 3, 400).astype(float)
    weights[90:180] = 0.0  # a block
    other = np.where(weights[:, None] > 0.0, X, 5.0)
    cases = (X, weights), (other, weights), (X, 7.0 * weights)
    fits = [weights_of(DropoutMLPRegressor(**FAST).fit(blocks(R), y, w)) for R, w in cases]
    for found in fits[1:]:
        np.testing.assert_allclose(found, fits[0], rtol=1e-4, atol=1e-6)


def test_net_blocks__class_weights_are_weights_of_rows():
    X, y = data()
    labels, factors = np.digitize(y, [0.0, 1.0]), np.array([1.0, 0.0, 2.0])
    by_class = DropoutMLPClassifier(**FAST, class_weight=dict(enumerate(factors))).fit(blocks(X), labels)
    by_row = DropoutMLPClassifier(**FAST).fit(blocks(X), labels, factors[labels])
    np.testing.assert_allclose(weights_of(by_class), weights_of(by_row), rtol=1e-5, atol=1e-7)


@pytest.mark.filterwarnings("ignore:the blocks of X tell")
def test_net_blocks__scales_are_those_of_the_first_block_whose_classes_have_weight():
    X = data()[0]
    labels = np.repeat(["none", "a", "b", "a"], 100)
    net = DropoutMLPClassifier(**FAST, class_weight={"none": 0.0}).fit(blocks(X, 100), labels)
    np.testing.assert_allclose(net._net.inputs.numbers.center, X[100:200].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("size", [90, 100])
def test_net_blocks__validation_is_the_loss_of_blocks_that_are_held_out(size):
    X, y = data()
    net = DropoutMLPClassifier(**FAST | dict(early_stopping=True, validation_fraction=0.5)).fit(
        blocks(X, size), y > 0.0
    )
    parts = range(0, 400, size)
    losses = [log_loss(y[i : i + size] > 0.0, net.predict_proba(X[i : i + size])) for i in parts]
    counts = [len(y[i : i + size]) for i in parts]
    means = [
        np.average([losses[i], losses[j]], weights=[counts[i], counts[j]]) for i in range(len(losses)) for j in range(i)
    ]
    assert np.abs(np.array(means) - net.best_score_).min() < 1e-6
    assert len(net.validation_curve_) == 3


def test_net_blocks__validation_rows_that_are_given():
    X, y = data()
    X_val, y_val = data(seed=1)
    params = FAST | dict(early_stopping=True, monitor="accuracy", max_iter=20, patience=2)
    net = DropoutMLPClassifier(**params).fit(blocks(X), y > 0.0, X_val=X_val, y_val=y_val > 0.0)
    assert net.best_score_ == pytest.approx(net.score(X_val, y_val > 0.0))


def test_net_blocks__of_frames_have_names_and_any_labels():
    dd = pytest.importorskip("dask.dataframe")
    X, y = data()
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=np.where(y > 0.0, "yes", "no"))
    parts = dd.from_pandas(frame, npartitions=4)
    net = DropoutMLPClassifier(**FAST).fit(parts[list("abcd")], parts["y"])
    assert list(net.feature_names_in_) == list("abcd")
    assert list(net.classes_) == ["no", "yes"]
    with pytest.raises(ValueError, match="feature names"):
        net.predict(frame[list("bacd")])


def test_net_blocks__of_tables_with_categories_and_missing_values():
    dd = pytest.importorskip("dask.dataframe")
    X, y = data()
    kind = np.where(y > 0.0, "cat", "dog").astype(object)
    kind[350:] = "cow"  # not in the first block
    frame = pd.DataFrame({"kind": kind, "x": np.where(X[:, 1] > 1.0, np.nan, 1e6 + X[:, 1])})
    net = DropoutMLPClassifier(**FAST | dict(max_iter=20)).fit(dd.from_pandas(frame, npartitions=4), y > 0.0)
    assert net.score(frame[:350], y[:350] > 0.0) > 0.95
    assert np.isfinite(net.predict_proba(frame[350:])).all()


@pytest.mark.filterwarnings("ignore:the blocks of X tell")
def test_net_blocks__sorted_by_label():
    X, y = data()
    order = np.argsort(y)
    net = DropoutMLPClassifier(**FAST).fit(blocks(X[order]), np.digitize(y[order], [-1.0, 0.0, 1.0]))
    assert net.predict_uncertainty(X, n_draws=2).distance.shape == (400,)
    noisy = DropoutMLPRegressor(**FAST | dict(early_stopping=True)).fit(blocks(X), np.column_stack([y, -y]))
    assert noisy.predict(X, return_std=True, n_draws=2)[1].shape == (400, 2)


def test_net_blocks__go_on_from_a_fitted_net():
    X, y = data()
    net = DropoutMLPRegressor(**FAST, warm_start=True).fit(blocks(X), y)
    assert len(net.fit(blocks(X), y).loss_curve_) == 6


def test_net_blocks__memory_is_that_of_a_few_blocks():
    n_blocks, rows, p = 30, 4000, 20

    def make(block_info=None):
        return np.random.default_rng(block_info[None]["chunk-location"][0]).normal(size=(rows, p))

    X = da.map_blocks(make, chunks=((rows,) * n_blocks, (p,)), dtype=float, meta=np.empty((0, 0)))
    y = np.arange(n_blocks * rows) % 2
    with dask.config.set(scheduler="synchronous"):
        net = DropoutMLPClassifier(**FAST | dict(max_iter=1, early_stopping=True, batch_size=1000))
        net.fit(X[: 2 * rows], y[: 2 * rows])  # compiles
        tracemalloc.start()
        net.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 * rows * p * 8 + 100 * n_blocks * rows  # of 30 blocks, and what belongs to the targets


def bad_inputs():
    X, y = data(40)
    hole, huge = X.copy(), X.copy()
    hole[13, 2], huge[13, 2] = np.nan, 1e200
    dX = blocks(X, 10)
    stopping = dict(early_stopping=True)
    return {
        "NaN": (
            dict(missing="raise"),
            blocks(hole, 10),
            y,
            {},
            "in block 1, which begins with row 10: Input X contains NaN in column 2",
        ),
        "huge": (
            {},
            blocks(huge, 10),
            y,
            {},
            "in block 1, which begins with row 10: Input X contains val",
        ),
        "NaN in y": ({}, dX, hole[:, 2], {}, "y contains NaN"),
        "length": ({}, dX, y[:-1], {}, "y must have n_samples=40 rows"),
        "weights": ({}, dX, y, dict(sample_weight=-y), "sample_weight must be finite and not negative"),
        "unknown sizes": ({}, dX[dX[:, 0] > 0.0], y, {}, "compute_chunk_sizes"),
        "one block": (stopping, blocks(X, 40), y, {}, "early_stopping=True holds .* X has only one: rechunk X"),
        "monitor": (stopping | dict(monitor="r2"), dX, y, {}, "monitor='r2' needs validation rows in memory"),
        "batches": (dict(normalization="batch"), blocks(X, 13), y, {}, "batches of one of the 1 rows of block 3"),
        "text": ({}, dX.astype(str), y, {}, "X must hold numbers"),
    }


@pytest.mark.parametrize("name", bad_inputs())
def test_net_blocks__bad_input_is_named(name):
    params, X, y, given, message = bad_inputs()[name]
    with pytest.raises(ValueError, match=message):
        DropoutMLPRegressor(**FAST | params).fit(X, y, **given)


def test_net_blocks__sequences_that_need_rows_in_memory():
    X = blocks(np.zeros((40, 5, 2)), 10)
    with pytest.raises(ValueError, match="return_sequences=True needs X in memory"):
        DropoutRNNRegressor(return_sequences=True, normalization=None).fit(X, np.zeros((40, 5)))
    with pytest.raises(ValueError, match="vocabulary_size must be given"):
        DropoutRNNClassifier(embedding_size=2).fit(X[:, :, 0].astype(int), np.zeros(40))
