"""Augmenters of texts."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skreg import AugmentedClassifier, DropoutRNNClassifier
from skreg import augmentation as au
from skreg.neural import Tokens

from .cases import SYNONYMS, TEXTS, title, upper


def test_word_dropout__keeps_the_ends_of_rows():
    Z = Tokens().fit_transform(["a b c d", "a b", "c d e f g h"] * 30)
    X, _ = au.WordDropout(0.5, random_state=0).fit_resample(Z, np.zeros(90))
    np.testing.assert_array_equal(X[90:] < 0, Z < 0)
    assert 0.4 < np.mean(X[90:][Z > 0] == 0) < 0.6
    net = DropoutRNNClassifier(4, embedding_size=4, max_iter=1)
    AugmentedClassifier(net, au.WordDropout(0.3)).fit(Z, np.arange(90) % 2)
    with pytest.raises(ValueError, match="wrap the net in AugmentedClassifier"):
        net.set_params(augmenter=au.WordDropout(0.3)).fit(Z, np.arange(90) % 2)


def test_back_translation__errors_leave_other_texts_alone():
    calls = []

    def there(texts):
        calls.append(list(texts))
        if "bad" in texts:
            raise RuntimeError("no connection")
        return [text.upper() for text in texts]

    translate = au.BackTranslation(there, lambda texts: [f"{text}!" for text in texts], batch_size=2)
    with pytest.warns(UserWarning, match=r"left 1 texts as they were: RuntimeError\('no connection'\)"):
        found, _ = translate.fit_resample(["a", "b", "a", "bad"], [1, 2, 1, 2])
    assert found[4:] == ["A!", "B!", "A!", "bad"]
    assert calls == [["a", "b"], ["bad"]]  # every text once
    assert translate.errors_[0][0] == ["bad"]
    with pytest.warns(UserWarning, match="back must return a str for each of 1 texts"):
        au.BackTranslation(upper, lambda texts: [None]).fit_resample(["a"], [1])


def test_texts__around_a_pipeline():
    texts, labels = ["good fine day", "bad poor day", "fine nice day", "poor sad day"] * 5, ["yes", "no"] * 10
    words = make_pipeline(CountVectorizer(), LogisticRegression())
    model = au.AugmentedClassifier(words, au.RandomDeletion(0.3), n_copies=3, random_state=0).fit(texts, labels)
    assert model.predict(["nice", "sad"]).tolist() == ["yes", "no"]
    series = pd.Series(texts, index=np.arange(20) + 5)
    same = au.AugmentedClassifier(words, au.RandomDeletion(0.3), n_copies=3, random_state=0).fit(series, labels)
    assert (same.predict_proba(texts) == model.predict_proba(texts)).all()


def fails_on_beta(texts):
    if any("BETA" in text for text in texts):
        raise RuntimeError("no connection")
    return texts


def test_back_translation__pickles_hold_no_texts():
    translate = au.BackTranslation(upper, fails_on_beta, batch_size=1)
    with pytest.warns(UserWarning, match="left 1 texts"):
        translate.fit_resample(["alpha letter", "beta letter"], [0, 1])
    assert len(translate.errors_) == 1
    assert b"letter" not in pickle.dumps(translate).lower()
    again = pickle.loads(pickle.dumps(translate))
    assert again.errors_ == []
    assert again.perturb(["b"], np.random.default_rng(0)) == ["B"]
    words = make_pipeline(CountVectorizer(), LogisticRegression())
    fitted = au.AugmentedClassifier(words, au.BackTranslation(upper, title)).fit(["alpha letter", "gamma"], [0, 1])
    assert b"alpha letter" not in pickle.dumps(fitted).lower()


def test_texts__series_of_every_library():
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    series = [
        pd.Series(TEXTS, name="text", index=range(5, 25)),
        polars.Series("text", TEXTS),
        pyarrow.chunked_array([TEXTS]),
    ]
    wanted, _ = au.RandomDeletion(0.3, random_state=0).fit_resample(TEXTS, np.zeros(20))
    for texts in series:
        new, _ = au.RandomDeletion(0.3, random_state=0).fit_resample(texts, np.zeros(20))
        assert type(new) is type(texts)
        assert list(map(str, new)) == wanted
        assert getattr(new, "name", "text") == "text"


def test_synonym_replacement__p_is_a_probability():
    words = " ".join(["quick"] * 2000)
    new = au.SynonymReplacement(SYNONYMS, p=0.3).perturb([words], np.random.default_rng(0))[0].split()
    assert np.mean([word != "quick" for word in new]) == pytest.approx(0.3, abs=0.04)
