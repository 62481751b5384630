"""Transformers: tables, sequences and tokens, what they look at, and refusals."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.special import entr
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict

from skreg import DropoutTransformerClassifier, DropoutTransformerRegressor
from skreg._nets.layers.tokens import FeatureTokens

SMALL = dict(n_blocks=2, n_heads=2, embedding_size=8, random_state=0)
SHORT = dict(SMALL, max_iter=2, early_stopping=False)


@pytest.fixture(scope="module")
def table():
    """Rows whose class is whether the first two of four features have the same sign."""
    X = np.random.default_rng(0).standard_normal((400, 4))
    return X, (X[:, 0] * X[:, 1] > 0.0).astype(int)


@pytest.fixture(scope="module")
def fitted(table):
    X, y = table
    params = dict(SMALL, embedding_size=16, learning_rate=0.01, max_iter=30)
    return DropoutTransformerClassifier(**params).fit(X[:300], y[:300])


@pytest.fixture(scope="module")
def waves():
    """Sequences of one channel and unequal length, whose speed is the class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 160)
    X = [np.sin(np.arange(rng.integers(12, 24)) * (0.5 + 0.5 * k) + rng.uniform(0.0, 6.0)) for k in y]
    return X, y


@pytest.fixture(scope="module")
def reader(waves):
    X, y = waves
    params = dict(SMALL, embedding_size=16, learning_rate=0.01, max_iter=40, pooling="mean")
    return DropoutTransformerClassifier(**params).fit(X[:120], y[:120])


def words(n=300):
    """Sentences in which word 1 comes before word 2, or after it, among words from 3 on; -1 after the end."""
    rng = np.random.default_rng(0)
    X, y = np.full((n, 12), -1), rng.integers(0, 2, n)
    for row, k in zip(X, y, strict=True):
        length = rng.integers(6, 13)
        row[:length] = rng.integers(3, 9, length)
        first, second = np.sort(rng.choice(length, 2, replace=False))
        row[first], row[second] = (1, 2) if k else (2, 1)
    return X, y


def test_transformer__learns_an_interaction_and_looks_at_its_features(table, fitted):
    X, y = table
    assert fitted.score(X[300:], y[300:]) > 0.9
    maps = fitted.attention_maps(X[300:])
    assert maps.shape == (100, 2, 2, 5, 5)
    assert np.isnan(maps[:, 1, :, 1:]).all()  # only the first token has a query in the last block
    rest = np.concatenate([maps[:, 0].reshape(-1, 5), maps[:, 1, :, 0].reshape(-1, 5)])
    np.testing.assert_allclose(rest.sum(axis=1), 1.0, rtol=1e-5)
    together = maps[:, 0, :, 1:, 1:].mean(axis=(0, 1))
    assert together[0, 1] + together[1, 0] > together[2, 3] + together[3, 2]  # the two features look at each other


def test_transformer__permuted_columns_with_permuted_vectors_predict_the_same(table, fitted):
    X, _ = table
    order, other = np.array([2, 0, 3, 1]), copy.deepcopy(fitted)
    tokens = next(module for module in other._net.layer.modules() if isinstance(module, FeatureTokens))
    for param in (tokens.weight, tokens.bias):
        param.value[:] = param.value[order]
    scale = other._net.inputs.numbers
    scale.center[:], scale.scale[:] = scale.center[order], scale.scale[order]
    other._net.forget_copies()
    wanted = fitted.predict_proba(X[:20])
    np.testing.assert_allclose(other.predict_proba(X[:20, order]), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_transformer__penalty_of_entropy_concentrates_or_spreads_attention(table, pooling):
    X, y = table
    found = []
    for factor in (1.0, 0.0, -1.0):
        params = dict(SMALL, learning_rate=0.01, max_iter=5, pooling=pooling, attention_entropy=factor)
        maps = DropoutTransformerClassifier(**params).fit(X, y).attention_maps(X[:100])
        found.append(np.nanmean(entr(maps).sum(axis=4)))
    assert found[0] < found[1] - 0.1
    assert found[1] < found[2]
    assert found[2] == pytest.approx(np.log(4.0 + (pooling == "cls")), abs=0.01)  # all tokens alike


def test_transformer__weights_are_repetitions_and_order_has_no_effect(table):
    X, y = table[0][:60], table[1][:60]
    model, weights = DropoutTransformerRegressor(**SHORT), np.random.default_rng(1).integers(1, 3, 60)
    again, order = np.repeat(np.arange(60), weights), np.random.default_rng(2).permutation(60)
    wanted = clone(model).fit(X, y, sample_weight=weights).predict(X)
    np.testing.assert_array_equal(clone(model).fit(X[again], y[again]).predict(X), wanted)
    in_order = clone(model).fit(X[order], y[order], sample_weight=weights[order])
    np.testing.assert_array_equal(in_order.predict(X), wanted)


def test_transformer__pickles_and_threads_predict_the_same(table, fitted):
    X, y = table
    copied = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copied.predict_proba(X), fitted.predict_proba(X))
    for first, second in zip(copied.predict_uncertainty(X[:5], 3), fitted.predict_uncertainty(X[:5], 3), strict=True):
        np.testing.assert_array_equal(first, second)
    model = DropoutTransformerRegressor(**SHORT)
    with joblib.parallel_backend("threading"):
        found = [cross_val_predict(model, X[:80], y[:80], cv=2, n_jobs=n_jobs) for n_jobs in (1, 2)]
    np.testing.assert_array_equal(*found)


def test_transformer__draws_have_noise_of_attention_and_tokens(table):
    X, y = table
    for params in (dict(attention_dropout=0.5), dict(embedding_dropout=0.5), dict(stochastic_depth=0.5)):
        model = DropoutTransformerRegressor(**SHORT, **dict(dropout=0.0, attention_dropout=0.0) | params).fit(X, y)
        assert (model.predict_uncertainty(X[:10], 20).epistemic > 0.0).all()
    model = DropoutTransformerRegressor(**SHORT, dropout=0.0, attention_dropout=0.0).fit(X, y)
    assert not model.predict_uncertainty(X[:10], 3).epistemic.any()


@pytest.mark.parametrize("form", ["table", "sequences"])
def test_transformer__members_share_the_blocks_and_predict_their_mean(table, waves, form):
    X, y = (part[:60] for part in (table if form == "table" else waves))
    model = DropoutTransformerRegressor(
        **SHORT, ensemble_size=3, hidden_layer_sizes=(6,), dropout=0.0, attention_dropout=0.0
    ).fit(X, y)
    members = model.sample_predictions(X, 3)
    assert (np.ptp(members, axis=0) > 0.0).all()
    np.testing.assert_allclose(model.predict(X), members.mean(axis=0), rtol=1e-4, atol=1e-5)
    assert model.ensemble_size_ == 3
    assert [b.shape for b in model.biases_[-3:]] == [(8,), (3, 6), (3, 1)]
    assert [W.shape for W in model.weights_[-2:]] == [(8, 6), (3, 6, 1)]
    maps = model.attention_maps(X)[:, :, :, 0]
    np.testing.assert_allclose(np.nansum(maps, axis=3), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_transformer__frames_with_text_and_missing_values():
    rng = np.random.default_rng(0)
    colour, size = rng.choice(["red", "green", "blue"], 300), rng.standard_normal(300)
    y = ((colour == "red") == (size > 0.0)).astype(int)
    frame = pd.DataFrame({"size": 1000.0 + 3.0 * size, "colour": colour, "weight": rng.standard_normal(300)})
    frame.loc[::7, "weight"] = np.nan
    params = dict(SMALL, embedding_size=16, learning_rate=0.01, max_iter=40)
    model = DropoutTransformerClassifier(**params).fit(frame[:200], y[:200])
    assert model.score(frame[200:], y[200:]) > 0.9
    assert model.token_names_ == ["row", "size", "weight", "weight missing", "colour"]
    assert model.attention_maps(frame[200:]).shape == (100, 2, 2, 5, 5)
    np.testing.assert_array_equal(
        model.predict_proba(frame[200:].assign(colour="grey")), model.predict_proba(frame[200:].assign(colour="white"))
    )  # unknown categories have the same vector
    for embedding in ("piecewise", "periodic"):
        other = clone(model).set_params(numeric_embedding=embedding, max_iter=2).fit(frame[:200], y[:200])
        assert other.token_names_ == model.token_names_
        assert (other.predict_proba(frame[:9]) != model.predict_proba(frame[:9])).all()
    with pytest.raises(ValueError, match="NaN"):
        clone(model).set_params(missing="raise").fit(frame, y)
    with pytest.raises(ValueError, match="missing='mask' leaves out steps of sequences"):
        clone(model).set_params(missing="mask").fit(frame, y)


# ---- sequences and tokens


def test_transformer__padding_and_other_rows_never_change_a_prediction(waves, reader):
    X, y = waves
    assert reader.score(X[120:], y[120:]) > 0.85
    whole = reader.predict_proba(X)
    np.testing.assert_array_equal(reader.predict_proba(X[7:8]), whole[7:8])
    longest = np.full((3, 90, 1), np.nan)
    for row, one in zip(longest, X[:3], strict=True):
        row[: len(one), 0] = one
    with pytest.raises(ValueError, match="NaN in row 0, at step"):
        reader.predict(longest)
    alone = clone(reader).set_params(missing="mask", max_iter=2).fit(X, y)
    np.testing.assert_array_equal(alone.predict_proba(longest), alone.predict_proba(X)[:3])


def test_transformer__longer_sequences_than_in_training(waves, reader):
    X, _ = waves
    long = [np.sin(np.arange(100) * (0.5 + 0.5 * k)) for k in (0, 1)]
    assert np.isfinite(reader.predict_proba(long)).all()
    maps = reader.attention_maps([*long, X[0]])
    assert maps.shape == (3, 2, 2, 100, 100)
    assert np.isnan(maps[2, :, :, len(X[0]) :]).all()
    np.testing.assert_allclose(maps[2, :, :, : len(X[0]), : len(X[0])].sum(axis=3), 1.0, rtol=1e-5)


def test_transformer__tokens_tell_the_order_of_words():
    X, y = words()
    params = dict(SMALL, embedding_size=32, learning_rate=0.005, max_iter=40, inputs="tokens")
    model = DropoutTransformerClassifier(**params).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.85
    assert model.embeddings_.shape == (9, 32)
    ragged = [row[row >= 0] for row in X[200:]]
    np.testing.assert_array_equal(model.predict_proba(ragged), model.predict_proba(X[200:]))


def test_transformer__reads_x_by_its_shape_anew_in_every_fit(table, waves):
    X, y = table
    model = DropoutTransformerClassifier(**SHORT)
    assert model.fit(X, y).n_features_in_ == 4
    assert model.fit(np.stack([X, X], axis=2), y).n_features_in_ == 2
    assert model.embeddings_ is None
    assert model.attention_maps(np.ones((2, 7, 2))).shape[3] == 8
    assert model.fit(*waves).attention_maps(waves[0][:1]).shape[3] == 1 + len(waves[0][0])
    assert model.token_names_ is None
    assert model.fit(X, y).token_names_ == ["row", "x0", "x1", "x2", "x3"]
    signals = clone(model).set_params(inputs="sequences").fit(X, y)
    assert signals.n_features_in_ == 4
    assert signals.predict(X[:, :, None][:5]).shape == (5,)


# ---- refusals


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(embedding_size=10, n_heads=4), "embedding_size=10 and n_heads=4"),
        (dict(embedding_size=1, n_heads=1), "embedding_size=1"),
        (dict(vocabulary_size=5), "vocabulary_size=5 is about tokens: it needs inputs='tokens'"),
        (dict(inputs="tokens", mixup=0.2), "mixup=0.2 would change tokens"),
        (dict(dropout=[0.1, 0.2, 0.3]), "dropout must be a number, or hold 2"),
        (dict(hidden_layer_sizes=(1,), normalization="layer"), "hidden_layer_sizes=\\(1,\\)"),
        (dict(attention_entropy=np.inf), "attention_entropy"),
        (dict(inputs="words"), "inputs"),
    ],
)
def test_transformer__parameters_that_do_not_fit_are_refused(table, params, message):
    with pytest.raises(ValueError, match=message):
        DropoutTransformerClassifier(**SHORT | params).fit(*table)


def test_transformer__x_that_does_not_fit_is_refused(table, fitted, reader):
    X, y = table
    with pytest.raises(ValueError, match="dim 3"):
        fitted.predict(X[:, :, None])
    with pytest.raises(ValueError, match="sequences of 2 channels"):
        reader.predict(np.ones((3, 5, 2)))
    with pytest.raises(TypeError, match="must hold tokens of an integer type"):
        DropoutTransformerClassifier(**SHORT, inputs="tokens").fit(X, y)
    tokens, labels = words(60)
    model = DropoutTransformerClassifier(**SHORT, inputs="tokens").fit(tokens, labels)
    with pytest.raises(ValueError, match="below 9, the size of the vocabulary"):
        model.predict(tokens + 10)


def test_transformer__goes_on_with_sequences(waves):
    X, y = (part[:60] for part in waves)
    model = DropoutTransformerClassifier(**SHORT, warm_start=True).fit(X, y)
    assert len(model.fit(X, y).loss_curve_) == 2 * model.max_iter
    assert len(model.partial_fit(X, y).loss_curve_) == 2 * model.max_iter + 1


def test_transformer__warm_start_keeps_the_architecture(table):
    model = DropoutTransformerClassifier(**SHORT, warm_start=True).fit(*table)
    with pytest.raises(ValueError, match="cannot continue with n_heads=4"):
        model.set_params(n_heads=4).fit(*table)
