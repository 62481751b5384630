"""Recurrent estimators: sequences of any form, tokens, targets at every step, and refusals."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skreg import AugmentedClassifier, DropoutRNNClassifier, DropoutRNNRegressor
from skreg.augmentation import GaussianNoise, Mixup, RandomDeletion
from skreg.neural import Tokens

SMALL = dict(units=4, max_iter=2, random_state=0)


@pytest.fixture(scope="module")
def waves():
    """Sequences of two channels and unequal length, whose speed is the class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 160)
    X = []
    for k in y:
        t = np.arange(rng.integers(12, 24)) * (0.5 + 0.3 * k) + rng.uniform(0.0, 6.0)
        X.append(np.column_stack([np.sin(t), np.cos(t)]) + 0.05 * rng.standard_normal((t.size, 2)))
    return X, y


@pytest.fixture(scope="module")
def fitted(waves):
    X, y = waves
    return DropoutRNNClassifier(8, max_iter=40, random_state=0).fit(X[:100], y[:100])


def as_array(X):
    out = np.full((len(X), max(map(len, X)), X[0].shape[1]), np.nan)
    for row, one in zip(out, X, strict=True):
        row[: len(one)] = one
    return out


def test_rnn__learns_sequences_of_unequal_length(waves, fitted):
    X, y = waves
    assert fitted.score(X[100:], y[100:]) > 0.9
    assert fitted.n_features_in_ == 2
    W, U = fitted.weights_[:2]
    assert (W.shape, U.shape) == ((2, 24), (8, 24))
    assert fitted.dropout_rates_.tolist() == [0.25]
    assert fitted.embeddings_ is None
    for data in (X[100:110], [X[100]], X[100:101] * 3):
        together = fitted.predict_proba(data)
        alone = np.vstack([fitted.predict_proba([one]) for one in data])
        np.testing.assert_array_equal(together, alone)  # whatever is beside it
    draws = fitted.sample_predictions(X[100:105], 5)
    np.testing.assert_array_equal(draws[:, :1], fitted.sample_predictions(X[100:101], 5))
    assert (fitted.predict_uncertainty(X[100:105]).mutual_information > 0.0).all()


def test_rnn__masked_steps_are_left_out(waves, fitted):
    X, y = waves
    masked = clone(fitted).set_params(missing="mask", max_iter=2).fit(as_array(X[:100]), y[:100])
    plain = clone(fitted).set_params(max_iter=2).fit(X[:100], y[:100])
    np.testing.assert_array_equal(masked.predict_proba(as_array(X[100:])), plain.predict_proba(X[100:]))
    holes = [np.insert(one, 3, np.nan, axis=0) for one in X[100:]]
    np.testing.assert_array_equal(masked.predict_proba(holes), plain.predict_proba(X[100:]))
    with pytest.raises(
        ValueError, match=r"contains NaN in row 0, at step 3, channel 0. missing='mask' leaves such steps"
    ):
        fitted.predict(holes)
    with pytest.raises(ValueError, match="contains NaN in every step of sequence 1"):
        masked.predict([X[0], np.full((3, 2), np.nan)])


def test_rnn__forms_of_one_channel(waves):
    X = np.array([one[:12, 0] for one in waves[0]])
    y = waves[1]
    flat = DropoutRNNClassifier(**SMALL).fit(X, y)
    cube = DropoutRNNClassifier(**SMALL).fit(X[:, :, None], y)
    np.testing.assert_array_equal(flat.predict_proba(X), cube.predict_proba(X))
    np.testing.assert_array_equal(flat.predict_proba(X), cube.predict_proba([list(row) for row in X]))
    np.testing.assert_array_equal(flat.predict_proba(X[:, :7, None]), cube.predict_proba(X[:, :7]))
    assert (flat.n_features_in_, cube.n_features_in_) == (12, 1)
    with pytest.raises(ValueError, match="X has 7 features, but DropoutRNNClassifier is expecting 12 features"):
        flat.predict(X[:, :7])


def test_rnn__weights_are_repetitions_and_order_has_no_effect(waves):
    X, y = waves
    w = np.random.default_rng(0).integers(0, 3, 60)
    options = dict(SMALL, early_stopping=False)
    weighted = DropoutRNNClassifier(**options).fit(X[:60], y[:60], w)
    repeated = [X[i] for i in np.repeat(np.arange(60), w)[::-1]]
    other = DropoutRNNClassifier(**options).fit(repeated, np.repeat(y[:60], w)[::-1])
    np.testing.assert_allclose(weighted.predict_proba(X), other.predict_proba(X), atol=1e-6)


def test_rnn__pickles_predict_the_same(waves, fitted):
    X, _ = waves
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("options", [dict(mixup=0.3), dict(sam_rho=0.05), dict(averaging="swa", cell="lstm")], ids=str)
def test_rnn__has_what_other_nets_have(waves, options):
    X, y = waves
    model = DropoutRNNClassifier(8, max_iter=8, random_state=0, **options)
    model.fit(X[:100], y[:100], X_val=X[100:130], y_val=y[100:130])
    assert len(model.validation_curve_) == 8
    assert model.score(X[130:], y[130:]) > 0.6


def test_rnn__augmenter_inside_the_training_loop(waves):
    X, y = np.array([one[:12] for one in waves[0]]), waves[1]
    plain = DropoutRNNClassifier(**SMALL).fit(X, y)
    for augmenter in (GaussianNoise(0.1), Mixup(0.4)):
        model = DropoutRNNClassifier(**SMALL, augmenter=augmenter).fit(X, y)
        assert model.loss_curve_ != plain.loss_curve_


def test_rnn__series_of_sequences_are_lists_of_them(waves):
    X, y = waves
    tokens = [np.arange(len(one)) for one in X]
    steps = [one[:, 0] for one in X]
    for model, data, target in (
        (DropoutRNNClassifier(**SMALL), X, y),
        (DropoutRNNClassifier(**SMALL, embedding_size=2, early_stopping=False), tokens, y),
        (DropoutRNNRegressor(**SMALL, return_sequences=True), X, steps),
    ):
        wanted = model.fit(data, target).predict(data)
        target = pd.Series(target) if target is steps else target
        series = pd.Series(data, index=np.arange(len(data))[::-1])
        np.testing.assert_array_equal(clone(model).fit(series, target).predict(series), wanted)
        assert model.score(series, target) == model.score(data, target)
    lists = pl.Series([one[:, 0].tolist() for one in X])
    model = DropoutRNNClassifier(**SMALL).fit(lists, y)
    np.testing.assert_array_equal(model.predict_proba(lists), model.predict_proba(lists.to_list()))


# ---- targets at every step


def test_rnn__targets_at_every_step_in_regression(waves):
    X = waves[0]
    Y = [np.cumsum(one[:, 0]) for one in X]
    model = DropoutRNNRegressor(8, return_sequences=True, max_iter=20, random_state=0).fit(X[:100], Y[:100])
    assert model.score(X[100:], Y[100:]) > 0.7
    found, std = model.predict(X[100:], return_std=True)
    lengths = np.array([len(one) for one in X[100:]])
    assert found.shape == (60, lengths.max())
    ends = np.arange(found.shape[1]) >= lengths[:, None]
    np.testing.assert_array_equal(np.isnan(found), ends)
    np.testing.assert_array_equal(std[~ends] > 0.0, True)
    low, high = model.predict_interval(X[100:], 0.9)
    true = np.concatenate(Y[100:])
    assert ((low[~ends] < true) & (true < high[~ends])).mean() > 0.75
    two = [np.column_stack([one, -one]) for one in Y]
    model = clone(model).set_params(heteroscedastic=True, max_iter=2).fit(X[:100], two[:100])
    assert model.predict(X[100:]).shape == (60, lengths.max(), 2)
    assert model.predict_uncertainty(X[100:]).total.shape == (60, lengths.max(), 2)


def test_rnn__padding_of_targets_is_ignored(waves):
    X = waves[0][:80]
    Y = [one[:, 0] ** 2 for one in X]
    array = np.full((80, max(map(len, X))), 1e9)
    for row, one in zip(array, Y, strict=True):
        row[: len(one)] = one
    lists, arrays = (DropoutRNNRegressor(**SMALL, return_sequences=True).fit(X, y) for y in (Y, array))
    np.testing.assert_array_equal(lists.predict(X), arrays.predict(X))
    assert lists.loss_curve_[0] < 2.0  # of standardized targets


def test_rnn__cross_validation_of_targets_at_every_step(waves):
    X = waves[0][:80]
    labels = [np.where(one[:, 0] > 0.0, "up", "down") for one in X]

    def right(model, X, y):
        return np.concatenate([found[: len(one)] == one for found, one in zip(model.predict(X), y, strict=True)]).mean()

    model = DropoutRNNClassifier(**SMALL, return_sequences=True)
    by_score, by_scorer = (
        cross_val_score(model, X, labels, cv=2, scoring=scoring, error_score="raise") for scoring in (None, right)
    )
    np.testing.assert_allclose(by_score, by_scorer)
    assert by_score[0] == model.fit(X[40:], labels[40:]).score(X[:40], labels[:40])


def test_rnn__labels_at_every_step(waves):
    X = waves[0]
    labels = [np.where(one[:, 0] > 0.0, "up", "down") for one in X]
    model = DropoutRNNClassifier(8, return_sequences=True, max_iter=10, random_state=0).fit(X[:100], labels[:100])
    assert model.classes_.tolist() == ["down", "up"]
    assert model.score(X[100:], labels[100:]) > 0.9
    p = model.predict_proba(X[100:])
    np.testing.assert_allclose(np.nansum(p, axis=2), ~np.isnan(p[:, :, 0]), atol=1e-6)


# ---- tokens


def texts(n=200):
    """Texts that are good where "not" does not come before "bad"."""
    rng = np.random.default_rng(0)
    words = np.array(["a", "film", "plot", "actor", "scene"])
    X, y = [], rng.integers(0, 2, n)
    for k in y:
        own = list(rng.choice(words, rng.integers(2, 8)))
        own.insert(rng.integers(0, len(own)), "not bad" if k else "bad not")
        X.append(" ".join(own))
    return X, y


def test_tokens__vocabulary_and_unknown_words():
    tokens = Tokens(max_length=3).fit(["B a", "a c a z"])
    assert tokens.vocabulary_ == {"a": 1, "b": 2, "c": 3}  # z comes after the cut
    assert tokens.n_tokens_ == 4
    assert tokens.transform(["c q a b", "!", ""]).tolist() == [[3, 0, 1], [0, -1, -1], [0, -1, -1]]
    assert Tokens(min_count=2).fit(["a b", "a c"]).vocabulary_ == {"a": 1}
    assert Tokens(max_words=1).fit(["a b", "a c"]).vocabulary_ == {"a": 1}
    assert Tokens(analyzer="char").fit(["ab"]).transform(["ba"]).tolist() == [[2, 1]]
    assert Tokens(analyzer=str.split, lowercase=False).fit(["A a"]).vocabulary_ == {"A": 1, "a": 2}
    for X, message in (
        ("a text", "needs a list of texts; got str"),
        (["a", 3], "needs a list of texts; got 3 in row 1"),
        (["a", "b"], "no word of X is in min_count=2 texts"),
    ):
        with pytest.raises(ValueError, match=message):
            Tokens(min_count=2).fit(X)
    for analyzer, message in (
        (len, r"analyzer=<built-in function len> must return the tokens of a text; got 3 in row 0"),
        (str.upper, "must return the tokens of a text; got 'A B' in row 0"),
        (lambda text: [text, 1], "must return tokens of one type; got int, str"),
    ):
        with pytest.raises(TypeError, match=message):
            Tokens(analyzer=analyzer).fit(["a b"])
    with pytest.raises(ValueError, match=r"token_pattern='\(' is no pattern of a word: missing"):
        Tokens(token_pattern="(").fit(["a b"])


def test_tokens__order_of_words_in_a_grid_with_augmented_texts():
    X, y = texts()
    net = DropoutRNNClassifier(8, embedding_size=8, embedding_dropout=0.05, max_iter=15, random_state=0)
    search = GridSearchCV(make_pipeline(Tokens(), net), {"tokens__max_length": [4, None]}, cv=2).fit(X, y)
    assert search.best_params_ == {"tokens__max_length": None}
    assert search.best_score_ > 0.9
    assert search.best_estimator_[-1].embeddings_.shape == (search.best_estimator_[0].n_tokens_, 8)
    model = AugmentedClassifier(make_pipeline(Tokens(), net), RandomDeletion(0.1), random_state=0).fit(X[:100], y[:100])
    assert model.score(X[100:], y[100:]) > 0.8


def test_tokens__padding_never_changes_a_prediction():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 30, rng.integers(1, 9)) for _ in range(80)]
    y = np.array([one[0] % 2 for one in X])
    model = DropoutRNNClassifier(**SMALL, embedding_size=3, vocabulary_size=40, bidirectional=True).fit(X, y)
    padded = np.full((80, 15), -1)
    for row, one in zip(padded, X, strict=True):
        row[: len(one)] = one
    wanted = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(padded), wanted)
    np.testing.assert_array_equal(model.predict_proba(padded[7:8]), wanted[7:8])
    assert model.embeddings_.shape == (40, 3)
    np.testing.assert_array_equal(model.set_params(embedding_size=None).predict_proba(X), wanted)  # it is fitted


# ---- refusals


def test_rnn__sequences_that_do_not_fit_are_refused(waves, fitted):
    X, y = waves
    for data, message in (
        ([one[:, :1] for one in X[:5]], "X has sequences of 1 channels, but DropoutRNNClassifier was fitted to"),
        ([X[0], X[1][:, :1]], "all sequences of X must have the same channels; sequence 1 has 1, sequence 0 has 2"),
        ([X[0], X[1][:0]], "sequence 1 of X has no steps"),
        ([X[0], np.array([["a", "b"]])], "X must hold sequences of shape"),
        ([X[0], None], "X must hold sequences of shape .* got None for sequence 1"),
        ([X[0], 3.0], "X must hold sequences of shape .* got 3.0 for sequence 1"),
        (["a film", "a book"], "X holds text, such as 'a film': encode it, texts by skreg.neural.Tokens"),
        ([], r"X must hold at least one sequence; got \[\]"),
        (np.zeros((0, 4, 2)), "none of which is 0"),
        (pd.DataFrame({"a": X[:3]}), r"X holds sequences in column 'a' of a frame: pass X\['a'\]"),
        (np.zeros((2, 4, 2, 1)), "X must have shape"),
        ([X[0], np.where(X[1] > 0.9, np.inf, X[1])], "contains infinity in row 1, at step"),
        ([X[0], np.where(X[1] > 0.9, np.nan, X[1])], "contains NaN in row 1, at step"),
    ):
        with pytest.raises(ValueError, match=message):
            fitted.predict(data)
    for data in (None, {"a": X[0]}, iter(X)):
        for call in (fitted.predict, lambda data: clone(fitted).fit(data, y)):
            with pytest.raises(
                TypeError, match=r"X must hold sequences, in an array or a list; got (None|dict|list_iter)"
            ):
                call(data)
    for options, message in (
        (dict(units=()), "units must hold ints of at least 1"),
        (dict(cell="gru2"), "cell"),
        (dict(dropout=(0.1, 0.2)), "dropout must be a number, or hold 1"),
        (dict(residual=True), "residual=True needs two successive recurrent layers of one width"),
        (dict(vocabulary_size=5), "vocabulary_size=5 is about tokens: it needs embedding_size"),
        (dict(embedding_dropout=0.1), "embedding_dropout=0.1 is about tokens"),
        (dict(embedding_size=3, mixup=0.2), "mixup=0.2 would change tokens as if they were quantities"),
        (dict(augmenter=GaussianNoise(0.1)), "needs sequences of one length; those of X differ"),
        (dict(return_sequences=True, monitor="accuracy"), "return_sequences=True needs monitor='loss'; got 'accuracy'"),
        (dict(return_sequences=True, class_weight="balanced"), "return_sequences=True needs class_weight=None"),
        (dict(return_sequences=True, pooling="mean"), "return_sequences=True needs pooling='last'; got 'mean'"),
        (dict(return_sequences=True, normalization="batch"), "return_sequences=True needs normalization=None or"),
    ):
        with pytest.raises(ValueError, match=message):
            DropoutRNNClassifier(**SMALL | options).fit(X, y)


def test_rnn__targets_that_do_not_fit_are_refused(waves):
    X = waves[0][:60]
    Y = [one[:, 0] for one in X]
    short, bad = list(Y), list(Y)
    short[3] = short[3][:-1]
    bad[3] = np.where(bad[3] > 0.5, np.nan, bad[3])
    for y, message in (
        (short, r"y must hold a target for every step; sequence 3 of X has \d+ steps, y has shape"),
        (bad, r"y must hold a target at every step; got nan in row 3, at step \d"),
        (Y[:-1], "y must hold targets of 60 sequences; got 59"),
        (np.zeros((60, 5)), r"y must have shape \(60, \d+\) or \(60, \d+, n_outputs\), with return_sequences=True"),
        (np.zeros(60), r"y must have shape \(60, \d+\)"),
    ):
        with pytest.raises(ValueError, match=message):
            DropoutRNNRegressor(**SMALL, return_sequences=True).fit(X, y)
    with pytest.raises(TypeError, match="y must hold targets of 60 sequences; got 3"):
        DropoutRNNRegressor(**SMALL, return_sequences=True).fit(X, 3)
    for missing in (None, np.nan, pd.NA):
        labels = [["up"] * len(one) for one in X]
        labels[2][4] = missing
        labels = [np.array(one, dtype=object) for one in labels]
        with pytest.raises(ValueError, match=f"y must hold a target at every step; got {missing} in row 2, at step 4"):
            DropoutRNNClassifier(**SMALL, return_sequences=True).fit(X, labels)


def test_rnn__tokens_that_do_not_fit_are_refused():
    X, y = np.random.default_rng(0).integers(0, 10, (60, 5)), np.arange(60) % 2
    model = DropoutRNNClassifier(**SMALL, embedding_size=3).fit(X, y)
    for token, place, message in (
        (10, (2, 1), "tokens below 10, the size of the vocabulary; got 10 in row 2 at step 1"),
        (
            -2,
            (2, 1),
            "X must hold tokens of at least 0, and -1 only after the end of a sequence; got -2 in row 2 at step 1",
        ),
        (-1, (2, 1), "got -1 in row 2 at step 1"),
        (-1, (3, slice(None)), "sequence 3 of X has no tokens"),
    ):
        bad = X.copy()
        bad[place] = token
        with pytest.raises(ValueError, match=message):
            model.predict(bad)
    with pytest.raises(TypeError, match="X must hold tokens of an integer type, as embedding_size is set; got float64"):
        model.predict(X.astype(float))
    with pytest.raises(TypeError, match=r"X must hold tokens in an array or a list; got csr_array: pass X.toarray\(\)"):
        model.predict(sp.csr_array(X))
    with pytest.raises(ValueError, match="sequence 1 of X has no tokens"):
        model.predict([[1, 2], []])
    with pytest.raises(TypeError, match=r"got <U3\. skreg.neural.Tokens makes tokens from texts"):
        model.predict(["a b"])
    with pytest.raises(ValueError, match=r"tokens below 5, .*It comes from vocabulary_size=5"):
        DropoutRNNClassifier(**SMALL, embedding_size=3, vocabulary_size=5).fit(X, y)


def test_rnn__warm_start_keeps_the_architecture(waves):
    X, y = waves
    model = DropoutRNNClassifier(**SMALL, warm_start=True).fit(X, y)
    assert model.fit(X, y).n_iter_ == 4
    with pytest.raises(ValueError, match=r"a fitted net cannot continue with units=\(5,\) \(it was \(4,\)\)"):
        model.set_params(units=5).fit(X, y)
