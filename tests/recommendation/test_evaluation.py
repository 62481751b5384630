"""Folds of entries, and scorers of recommendations."""

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skreg import MatrixFactorizationRecommender, MatrixFactorizationRegressor
from skreg.recommendation import EntriesKFold, ndcg_at_k, recall_at_k
from tests.recommendation.data import simulated_ratings

X, Y = simulated_ratings()


@pytest.mark.parametrize(("n_splits", "shuffle"), list(itertools.product([2, 3, 5], [True, False])))
def test_folds__every_user_keeps_training_rows(n_splits, shuffle):
    table = np.vstack([X, [[99, 1], [98, 1], [98, 2]]])  # one user with one row, one with two
    splits = list(EntriesKFold(n_splits, shuffle=shuffle).split(table))
    tested = np.concatenate([test for _, test in splits])
    assert len(splits) == EntriesKFold(n_splits).get_n_splits() == n_splits
    assert sorted(tested) == [row for row in range(len(table)) if table[row, 0] != 99]
    sizes = [test.size for _, test in splits]
    assert max(sizes) - min(sizes) <= 1
    for train, test in splits:
        np.testing.assert_array_equal(np.sort(np.r_[train, test]), np.arange(len(table)))
        assert set(table[:, 0]) == set(table[train, 0])
        counts = np.bincount(table[test, 0].astype(int), minlength=100)
        assert (counts <= -(-np.bincount(table[:, 0].astype(int), minlength=100) // n_splits)).all()


def test_folds__seed_decides():
    splits = [list(EntriesKFold(3, random_state=seed).split(X)) for seed in (0, 0, 1)]
    for (_, one), (_, same) in zip(*splits[:2], strict=True):
        np.testing.assert_array_equal(one, same)
    assert any(not np.array_equal(one, other) for (_, one), (_, other) in zip(splits[0], splits[2], strict=True))


@pytest.mark.parametrize("shuffle", [True, False])
def test_folds__rows_of_the_same_pair_stay_together(shuffle):
    table = np.vstack([X, X[::-1], X[:20], [[99, 1], [99, 1]]])  # the last user has one item, twice
    pairs = [tuple(pair) for pair in table.tolist()]
    splits = list(EntriesKFold(3, shuffle=shuffle).split(table))
    for train, test in splits:
        assert not {pairs[row] for row in train} & {pairs[row] for row in test}
    tested = np.sort(np.concatenate([test for _, test in splits]))
    np.testing.assert_array_equal(tested, np.arange(len(table) - 2))


def test_folds__bad_input_is_named():
    for n_splits in (1, 2.0, True):
        with pytest.raises(ValueError, match="n_splits must be an int, at least 2"):
            EntriesKFold(n_splits)
    with pytest.raises(ValueError, match="shuffle must be True or False"):
        EntriesKFold(2, shuffle=1)
    with pytest.raises(ValueError, match="users with two items at least; got 0"):
        next(EntriesKFold(2).split([["ann", 1], ["bob", 1]]))
    with pytest.raises(ValueError, match="NaN"):
        next(EntriesKFold(2).split([[None, 1], ["bob", 1]]))


def by_hand(model, table, relevant, k):
    """Recall and nDCG with loops over the users."""
    recalls, gains = [], []
    seen = {user: set(X[X[:, 0] == user, 1]) for user in range(30)}
    for user in dict.fromkeys(table[relevant, 0].tolist()):
        wanted = set(table[relevant & (table[:, 0] == user), 1]) - seen.get(user, set())
        if not wanted:
            continue
        scores = model.predict([[user, item] for item in model.items_])
        order = [i for i in model.items_[np.argsort(-scores, kind="stable")] if i not in seen.get(user, ())][:k]
        recalls.append(len(wanted & set(order)) / len(wanted))
        gain = sum(1.0 / np.log2(place + 2) for place, item in enumerate(order) if item in wanted)
        gains.append(gain / sum(1.0 / np.log2(place + 2) for place in range(min(k, len(wanted)))))
    return np.mean(recalls), np.mean(gains)


@pytest.mark.parametrize("k", [1, 3, 10, 50])
@pytest.mark.parametrize("threshold", [0.0, 3.5])
def test_scorers__are_those_by_hand(k, threshold):
    rng = np.random.default_rng(2)
    table = np.column_stack([rng.integers(0, 32, 90), rng.integers(0, 22, 90)])  # with unknown users and items
    y = rng.uniform(1.0, 5.0, 90)
    model = MatrixFactorizationRegressor(2).fit(X, Y)
    expected = by_hand(model, table, y > threshold, k)
    found = [scorer(k, threshold=threshold)(model, table, y) for scorer in (recall_at_k, ndcg_at_k)]
    np.testing.assert_allclose(found, expected)


def test_scorers__take_frames_weights_and_no_y():
    model = MatrixFactorizationRegressor(2).fit(X, Y)
    table = pd.DataFrame({"user": ["u", "v"], "item": ["i", "j"]})
    named = MatrixFactorizationRegressor(1).fit(table.assign(item=["j", "i"]), [1, 2])
    assert recall_at_k(1)(named, table) == ndcg_at_k(1)(named, table) == 1.0
    assert recall_at_k(1)(named, table.assign(item=["i", "x"])) == 0.5
    new = [pair for pair in np.ndindex(30, 20) if list(pair) not in X.tolist()][:10]
    y, weights = np.arange(1.0, 11.0), np.r_[np.ones(5), np.zeros(5)]
    assert recall_at_k(2)(model, new, y, weights) == recall_at_k(2)(model, new[:5], y[:5])
    with pytest.warns(
        UndefinedMetricWarning, match=r"recall_at_k\(k=2, threshold=0\) is NaN: no row with weight has y"
    ):
        assert np.isnan(recall_at_k(2)(model, new, np.zeros(10)))


@pytest.mark.parametrize("scorer", [recall_at_k(3), ndcg_at_k(3)])
def test_scorers__training_pairs_among_held_out_rows_do_not_count(scorer):
    model = MatrixFactorizationRegressor(2).fit(X[50:], Y[50:])
    score = scorer(model, X[:50], Y[:50])
    assert score > 0.0
    assert scorer(model, X, Y) == score
    assert np.isnan(scorer(model, X[50:], Y[50:]))


def test_scorers__work_in_searches_and_in_other_processes():
    scorer = pickle.loads(pickle.dumps(ndcg_at_k(5, threshold=3.0)))
    assert repr(scorer) == "ndcg_at_k(k=5, threshold=3)"
    scores = cross_val_score(MatrixFactorizationRegressor(2), X, Y, cv=EntriesKFold(3), scoring=scorer)
    assert ((scores > 0.0) & (scores <= 1.0)).all()
    scoring = {"recall": recall_at_k(3), "rmse": "neg_root_mean_squared_error"}
    search = GridSearchCV(
        MatrixFactorizationRegressor(2), {"alpha": [0.1, 1.0]}, cv=EntriesKFold(2), scoring=scoring, refit="rmse"
    ).fit(X, Y)
    assert search.cv_results_["mean_test_recall"].shape == (2,)


@pytest.mark.parametrize("make", [recall_at_k, ndcg_at_k])
def test_scorers__bad_k_is_named(make):
    for k in (0, 1.5, True):
        with pytest.raises(ValueError, match="k must be an int, at least 1"):
            make(k)


def test_scorers__go_to_the_end_of_pipelines_and_searches():
    scorer, folds = recall_at_k(2), EntriesKFold(2)
    for first in ("passthrough", FunctionTransformer(lambda X: X[:, ::-1])):  # items come first here
        table = X if first == "passthrough" else X[:, ::-1]
        whole = make_pipeline(first, MatrixFactorizationRecommender(2))
        grid = {"matrixfactorizationrecommender__alpha": [0.02]}
        search = GridSearchCV(whole, grid, cv=folds if first == "passthrough" else 2, scoring=scorer).fit(table)
        bare = MatrixFactorizationRecommender(2).fit(X[50:])
        inner = make_pipeline(first, MatrixFactorizationRecommender(2)).fit(table[50:])
        assert np.isfinite(search.best_score_)
        assert scorer(inner, table[:50]) == scorer(bare, X[:50]) > 0.0
        search.fit(table[50:])
        assert scorer(search, table[:50]) == scorer(bare, X[:50])
    with pytest.raises(TypeError, match=r"recall_at_k\(k=2, threshold=0\) needs a recommender, .*; got Ridge"):
        scorer(Ridge().fit(X, Y), X, Y)


def test_scorers__training_scores_are_nan():
    scores = cross_validate(
        MatrixFactorizationRecommender(2), X, cv=EntriesKFold(2), scoring=recall_at_k(2), return_train_score=True
    )
    assert np.isnan(scores["train_score"]).all()
    assert np.isfinite(scores["test_score"]).all()


@pytest.mark.parametrize("threshold", ["4", None, np.nan])
def test_scorers__threshold_is_a_finite_number(threshold):
    with pytest.raises(ValueError, match=f"threshold must be a finite number; got {threshold!r}"):
        ndcg_at_k(5, threshold=threshold)
