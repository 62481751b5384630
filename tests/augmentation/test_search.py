"""The search over augmenters: scores of the same folds, halving, and no augmentation where nothing is gained."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, ShuffleSplit, cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils import shuffle

from skreg import AugmentationSearchCV, AugmentedClassifier
from skreg import augmentation as au

ALL = shuffle(*load_digits(return_X_y=True), random_state=0)
X, y = ALL[0][:150] / 16.0, ALL[1][:150]
SHIFT = au.Shift(1.0, order=3, image_shape=(8, 8))


@pytest.fixture(scope="module")
def search():
    candidates = {"moved": SHIFT, "masked": au.FeatureMask(0.5), "noise": au.GaussianNoise(3.0)}
    return AugmentationSearchCV(SVC(), candidates, n_copies=4, cv=8, random_state=0).fit(X, y)


def test_search__chooses_what_helps(search):
    assert search.best_name_ == "moved"
    assert search.best_augmenter_.pixels == search.best_strength_
    assert isinstance(search.estimator_, AugmentedClassifier)
    rest = load_digits(return_X_y=True)
    assert search.score(rest[0][150:] / 16.0, rest[1][150:]) > SVC().fit(X, y).score(
        rest[0][150:] / 16.0, rest[1][150:]
    )


def test_search__halves_the_candidates_and_doubles_the_copies(search):
    table = pd.DataFrame(search.results_)
    assert table.groupby("n_copies").size().to_dict() == {0: 1, 1: 6, 2: 3, 4: 2}
    first = table[table.n_copies == 1].sort_values("mean_score", kind="stable", ascending=False)
    went_on = set(zip(*table.loc[table.n_copies == 2, ["name", "strength"]].to_numpy().T, strict=True))
    assert went_on == set(zip(first.name[:3], first.strength[:3], strict=True))


def test_search__scores_are_those_of_the_same_folds_without_augmented_test_rows(search):
    seed = search.estimator_.random_state
    plain = cross_val_score(SVC(), X, y, cv=8)
    augmented = cross_val_score(AugmentedClassifier(SVC(), SHIFT, n_copies=4, random_state=seed), X, y, cv=8)
    table = pd.DataFrame(search.results_)
    row = table[(table.name == "moved") & (table.strength == 1.0) & (table.n_copies == 4)].iloc[0]
    gains = augmented - plain
    assert table.mean_score[0] == pytest.approx(plain.mean())
    assert row.mean_score == pytest.approx(augmented.mean())
    assert row.standard_error == pytest.approx(gains.std(ddof=1) / np.sqrt(8))
    assert row.gain_high - row.gain == pytest.approx(2.365 * row.standard_error, rel=1e-3)  # Student's t, 7 degrees


def test_search__without_a_gain_there_is_no_augmentation():
    search = AugmentationSearchCV(SVC(), [au.GaussianNoise(5.0)], n_copies=2, cv=3, random_state=0).fit(X, y)
    assert search.best_name_ == "none"
    assert search.best_augmenter_ is None
    assert search.best_n_copies_ == 0
    np.testing.assert_array_equal(search.decision_function(X), SVC().fit(X, y).decision_function(X))
    ties = AugmentationSearchCV(SVC(), [au.Flip(0.0, image_shape=(8, 8))], strengths=[1.0], n_copies=1, cv=3).fit(X, y)
    assert ties.best_name_ == "none"


def test_search__regression_weights_texts_and_policies():
    table, target = load_diabetes(return_X_y=True)
    weights = np.where(np.arange(len(target)) < 100, 1.0, 0.0)
    few = AugmentationSearchCV(
        Ridge(1e-6), [au.GaussianNoise(0.05)], n_copies=3, cv=KFold(3, shuffle=True, random_state=0), random_state=0,
        scoring="neg_root_mean_squared_error",
    )  # fmt: skip
    assert few.fit(table, target, sample_weight=weights).predict(table).shape == target.shape
    texts = ["a good film", "a bad film", "good good good", "bad bad bad"] * 5
    model = AugmentationSearchCV(
        make_pipeline(CountVectorizer(), MultinomialNB()), [au.RandomDeletion(0.2)], n_copies=1, cv=2, random_state=0
    ).fit(texts, [1, 0, 1, 0] * 5)
    assert model.predict(["good"]).tolist() == [1]
    policies = AugmentationSearchCV(
        LogisticRegression(max_iter=500),
        [au.TrivialAugment(image_shape=(8, 8)), au.RandAugment(image_shape=(8, 8))],
        strengths=[0.5, 1.0], n_copies=1, cv=2, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert policies.results_["name"].tolist() == ["none", "TrivialAugment", "RandAugment", "RandAugment"]
    assert np.isnan(policies.results_["strength"][1])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(candidates=[]), "at least one augmenter"),
        (dict(candidates={"none": SHIFT}), "candidates must not have the name 'none'"),
        (dict(candidates=[SVC()]), r"must hold augmenters; got SVC\(\)"),
        (dict(candidates=[SHIFT], strengths=[2.0]), r"strengths must hold numbers in \[0, 1\]; got 2.0"),
        (dict(candidates=[SHIFT], strengths=[]), "strengths must hold at least one"),
        (dict(candidates=[SHIFT], cv=ShuffleSplit(1)), "makes 1 split; the interval of a gain needs at least two"),
        (dict(candidates=[SHIFT], n_copies=0), "'n_copies'"),
        (dict(candidates=[SHIFT], factor=1), "'factor'"),
        (dict(candidates=[au.Shift(1.0, image_shape=(9, 9))]), "image_shape"),
    ],
    ids=str,
)
def test_search__bad_input(params, message):
    with pytest.raises(ValueError, match=message):
        AugmentationSearchCV(SVC(), **params).fit(X, y)


def test_search__weights_are_checked_for_all_rows_before_any_fit():
    search = AugmentationSearchCV(Ridge(), [au.GaussianNoise()], cv=2)
    rows = np.arange(12.0).reshape(6, 2)
    for weights, message in ((-np.ones(6), r"-1.0 in row 0 \(6 such rows"), (np.ones(4), r"shape \(6,\), .* got \(4,")):
        with pytest.raises(ValueError, match=f"sample_weight must .*{message}"):
            search.fit(rows, rows[:, 0], sample_weight=weights)
