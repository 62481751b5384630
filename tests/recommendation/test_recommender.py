"""Matrix factorization of implicit feedback."""

import datetime
import itertools
import pickle
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score

from skreg import MatrixFactorizationRecommender
from skreg.recommendation import EntriesKFold, recall_at_k
from skreg.recommendation._features import FeatureTable

LOSSES = ["als", "bpr", "warp"]
GENRES = ["crime", "fantasy", "space"]


def simulated_views(n_users=60, n_items=30, each=5, seed=0):
    """Users view items of the genre they like, but for one; items k, k + 3, k + 6 ... have the same genre."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        liked = rng.choice(np.arange(user % 3, n_items, 3), each, replace=False)
        rows += [(user, item) for item in [*liked, rng.integers(n_items)]]
    return np.unique(np.array(rows), axis=0)


X = simulated_views()
COUNTS = np.random.default_rng(1).integers(1, 5, len(X)).astype(float)
ITEMS = pd.DataFrame({"item": range(32), "genre": [GENRES[k % 3] for k in range(32)]})  # 30 and 31 have no views
USERS = pd.DataFrame({"user": range(61), "likes": [GENRES[k % 3] for k in range(61)], "age": np.linspace(-1, 1, 61)})


def make(loss="als", **params):
    short = dict(alpha=0.02, max_iter=200) if loss == "als" else dict(alpha=0.02, learning_rate=0.1, max_iter=20)
    return MatrixFactorizationRecommender(4, loss=loss, **short | params)


def dense_objective(model, P, Q, X, counts):
    """The objective of the docstring for loss="als", with a dense matrix."""
    C = np.zeros((len(P), len(Q)))
    np.add.at(C, (X[:, 0], X[:, 1]), counts)
    W, wanted = 1.0 + model.confidence * C, C > 0.0
    loss = 0.5 * (W * (wanted - P @ Q.T) ** 2).sum() / W.sum()
    for n, factors in ((W.sum(axis=1), P), (W.sum(axis=0), Q)):
        scale = (n / n.mean()) ** model.frequency_scaling
        loss += 0.5 * (0.02 if model.alpha is None else model.alpha) * np.mean(scale * (factors**2).sum(axis=1))
    return loss


@pytest.mark.parametrize("scaling", [0.0, 0.5, 1.0])
def test_als__is_the_stationary_point_of_the_dense_objective(scaling):
    model = make(frequency_scaling=scaling, confidence=2.0, tol=1e-12, max_iter=2000).fit(X, COUNTS)
    P, Q = model.user_factors_, model.item_factors_
    np.testing.assert_allclose(model.objectives_[-1],
                               dense_objective(model, P, Q, X, COUNTS), rtol=1e-10)  # fmt: skip
    assert (np.diff(model.objectives_) <= 0.0).all()
    C = np.ones((60, 30))
    np.add.at(C, (X[:, 0], X[:, 1]), 2.0 * COUNTS)
    wanted, n = (C > 1.0).astype(float), C.sum(axis=1)
    ridge = 0.02 / 60 * (n / n.mean()) ** scaling * C.sum()
    for u in range(60):
        H = Q.T * C[u] @ Q + ridge[u] * np.eye(4)
        np.testing.assert_allclose(P[u], np.linalg.solve(H, Q.T @ (C[u] * wanted[u])), atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize("tables", [{}, dict(user_features=USERS, item_features=ITEMS)], ids=["alone", "features"])
@pytest.mark.parametrize("rank", [4, 40])
def test_als__no_penalty_is_finite_and_never_rises(rank, tables):
    model = MatrixFactorizationRecommender(rank, alpha=0.0, max_iter=20, **tables).fit(X, COUNTS)
    assert (np.diff(model.objectives_) <= 0.0).all()
    assert model.objectives_[-1] > -1e-12
    assert max(np.abs(model.user_factors_).max(), np.abs(model.item_factors_).max()) < 100.0
    everything = MatrixFactorizationRecommender(3, alpha=0.0, tol=1e-9).fit(
        [[u, i] for u in range(3) for i in range(2)]
    )
    np.testing.assert_allclose(everything.user_factors_ @ everything.item_factors_.T, 1.0, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_recommender__finds_the_genre(loss):
    model = make(loss).fit(X)
    items, scores = model.recommend(range(60), n=3)
    assert (items % 3 == np.arange(60)[:, None] % 3).mean() > 0.9
    similar, _ = model.similar_items(range(30), n=3)
    assert (similar % 3 == np.arange(30)[:, None] % 3).mean() > 0.8
    pairs = [(u, i) for u, row in enumerate(items) for i in row]
    np.testing.assert_allclose(model.predict(pairs), scores.ravel())
    assert not set(map(tuple, X.tolist())) & set(pairs)


@pytest.mark.parametrize(
    ("loss", "negatives"), [("als", "uniform"), *itertools.product(["bpr", "warp"], ["uniform", "popularity"])]
)
def test_recommender__is_better_than_chance_on_held_out_rows(loss, negatives):
    model = make(loss, negatives=negatives)
    scores = cross_val_score(model, X, cv=EntriesKFold(3), scoring=recall_at_k(6))
    assert scores.mean() > 0.35  # 6 of about 26 unseen items are 0.23


@pytest.mark.parametrize("loss", LOSSES)
def test_recommender__rows_their_order_and_weights_are_counts(loss):
    one = make(loss).fit(X, COUNTS)
    order = np.random.default_rng(0).permutation(len(X))
    repeated = np.repeat(np.arange(len(X)), COUNTS.astype(int))
    empty = np.vstack([X, [[0, 29], [77, 1]]])
    others = [
        make(loss).fit(X[order], COUNTS[order]),
        make(loss).fit(X, sample_weight=COUNTS),
        make(loss).fit(X[repeated]),
        make(loss).fit(empty, np.r_[COUNTS, 0.0, 0.0]),
        make(loss).fit(empty, np.r_[COUNTS, 1.0, 1.0], np.r_[np.ones(len(X)), 0.0, 0.0]),
    ]
    for other in others:
        np.testing.assert_allclose(other.user_factors_, one.user_factors_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(other.item_biases_, one.item_biases_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_recommender__seeds_differ_and_repeat_and_threads_do_not_matter(loss):
    fits = [make(loss, random_state=seed, n_jobs=n_jobs).fit(X) for seed, n_jobs in ((0, 1), (0, 2), (1, 1))]
    np.testing.assert_array_equal(fits[0].item_factors_, fits[1].item_factors_)
    assert not np.allclose(fits[0].item_factors_, fits[2].item_factors_)
    assert fits[0].n_iter_ == fits[0].objectives_.size - (loss == "als")


@pytest.mark.filterwarnings("ignore:item_features should be on a scale")
@pytest.mark.parametrize(
    "change", [dict(alpha=1e100), dict(learning_rate=1e50), dict(item_features=ITEMS[["item"]].assign(x=1e30))], ids=str
)
@pytest.mark.parametrize("loss", ["bpr", "warp"])
def test_sampled_losses__huge_numbers_do_not_overflow(loss, change):
    """Single precision is only for numbers of which all gradients are far from its limits."""
    model = make(loss, **change).fit(X)
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.objectives_).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_recommender__alpha_shrinks(loss):
    norms = [np.linalg.norm(make(loss, alpha=alpha).fit(X).item_factors_) for alpha in (0.001, 0.05, 1.0)]
    assert norms[0] > norms[1] > norms[2]


@pytest.mark.parametrize("loss", LOSSES)
def test_features__let_new_users_and_items_have_answers(loss):
    model = make(loss, user_features=USERS, item_features=ITEMS).fit(X)
    assert model.users_.tolist() == list(range(61))
    assert model.items_.tolist() == list(range(32))
    items, _ = model.recommend([60], n=5)  # likes crime
    assert (items[0] % 3 == 0).mean() >= 0.8
    scores = model.predict([(u, 30) for u in range(60)])  # crime as well
    fans = np.arange(60) % 3 == 0
    assert scores[fans].mean() > scores[~fans].mean() + 0.1
    similar, _ = model.similar_items([31], n=4)  # fantasy
    assert (similar % 3 == 1).mean() >= 0.75


@pytest.mark.parametrize("scaling", [0.0, 0.7])
def test_features__objective_of_als_is_that_of_sums_of_embeddings(scaling):
    model = make(item_features=ITEMS, frequency_scaling=scaling, alpha=0.05, tol=1e-12, max_iter=1500).fit(X, COUNTS)
    assert (np.diff(model.objectives_) <= 0.0).all()
    P, Q = model.user_factors_, model.item_factors_[:30]
    genres = np.eye(3)[np.arange(30) % 3]  # in the order of the values' names
    C = np.zeros((60, 30))
    np.add.at(C, (X[:, 0], X[:, 1]), COUNTS)
    W, wanted = 1.0 + model.confidence * C, C > 0.0
    n = [W.sum(axis=1), W.sum(axis=0)]
    own = model.alpha / 30 * (n[1] / n[1].mean()) ** scaling
    shared = model.alpha / 30 * (genres.T @ n[1] / n[1].mean()) ** scaling
    # the best split of factors into their own embeddings and those of genres has this penalty
    D = np.linalg.inv(np.diag(1.0 / own) + genres / shared @ genres.T)
    value = 0.5 * (W * (wanted - P @ Q.T) ** 2).sum() / W.sum() + 0.5 * np.trace(Q.T @ D @ Q)
    value += 0.5 * model.alpha * np.mean((n[0] / n[0].mean()) ** scaling * (P**2).sum(axis=1))
    np.testing.assert_allclose(model.objectives_[-1], value, rtol=1e-6)
    gradient = -(W * (wanted - P @ Q.T)).T @ P / W.sum() + D @ Q
    assert np.abs(gradient).max() < 1e-6
    new = np.eye(3)[[0, 1]] / shared @ (genres.T @ (D @ Q))
    np.testing.assert_allclose(model.item_factors_[30:], new, atol=1e-4)


def test_features__numbers_arrays_and_texts_agree():
    coded = np.column_stack([ITEMS["item"], np.eye(3)[ITEMS["item"] % 3]])
    named = ITEMS.assign(genre=ITEMS["genre"].astype("category"))
    one, *others = (make(item_features=table).fit(X) for table in (ITEMS, coded, named, ITEMS.to_numpy().tolist()))
    for other in others:
        np.testing.assert_allclose(other.item_factors_, one.item_factors_, atol=1e-12)


BAD_TABLES = {
    "one column": (ITEMS[["item"]], "one of features at least"),
    "twice": (pd.concat([ITEMS, ITEMS[:1]]), "one row for each item, .* in the first column; got several for 0"),
    "NaN": (ITEMS.assign(length=np.r_[np.nan, np.ones(31)]), "nan in row 0 of column 'length'"),
    "missing text": (ITEMS.assign(genre=[None, *ITEMS["genre"][1:]]), "row 0 of column 'genre'"),
    "missing label": (
        ITEMS.assign(item=np.r_[np.nan, np.arange(1.0, 32.0)]),
        "Input item_features contains NaN in row 0 of the items",
    ),
    "one dimension": (np.arange(3), r"a table whose first column holds labels; got a ndarray of shape \(3,\)"),
    "sparse": (sp.eye_array(32, format="csr"), "item_features must be a dense table"),
    "date": (ITEMS.assign(out=pd.Timestamp("1994-06-23")), "got the date 1994-06-23.* in column 'out'"),
    "date in a list": ([[0, datetime.date(1994, 6, 23)]], "got the date 1994-06-23 in column '1'"),
    "lists": (ITEMS.assign(genre=[["a"]] * 32), r"got \['a'\] in column 'genre'\. Make a column of zeros and ones"),
    "ragged lists": (ITEMS.assign(genre=[["a"], ["a", "b"]] * 16), r"got \['a'\] in column 'genre'"),
    "no row": (ITEMS[:0], "got 2 columns and 0 rows"),
    "labels of no row": (
        ITEMS.assign(item=ITEMS["item"] + 1000),
        "item_features must have labels of training rows, such as 0; got none of them, but such as 1000",
    ),
    "other labels": (
        ITEMS.astype({"item": str}),
        "item_features must have labels of training rows, such as 0; got none of them, but such as '0'",
    ),
}


@pytest.mark.parametrize(
    ("pairs", "table"), [(np.int64, np.float64), (np.float64, np.int64), (np.uint8, np.int64), (np.int64, object)]
)
def test_features__labels_may_be_another_type_of_numbers(pairs, table):
    features = np.column_stack([ITEMS["item"], np.arange(32) % 3 - 1]).astype(table)
    model = make(item_features=features, tol=1.0).fit(X.astype(pairs))
    assert model.items_.tolist() == list(range(32))
    assert model.items_.dtype == np.int64
    with_text = make(item_features=[["a", 1.0], [3, 0.5]], tol=1.0).fit(X.astype(pairs))
    assert with_text.items_.tolist() == [*range(30), "a"]


@pytest.mark.parametrize("case", BAD_TABLES)
def test_features__bad_tables_are_named(case):
    table, message = BAD_TABLES[case]
    with pytest.raises(ValueError, match=message):
        make(item_features=table).fit(X)


@pytest.mark.parametrize("loss", LOSSES)
def test_unknown__is_the_mean_or_an_error(loss):
    model = make(loss).fit(X)
    mean = model.user_factors_.mean(axis=0)
    expected = model.item_factors_ @ mean + model.item_biases_
    np.testing.assert_allclose(model.predict([(99, item) for item in range(30)]), expected)
    _, scores = model.recommend([99], n=30)
    np.testing.assert_allclose(scores[0], np.sort(expected)[::-1])
    with pytest.raises(ValueError, match="users that were not in the training rows: 99"):
        clone(model).set_params(unknown="raise").fit(X).recommend([99])


@pytest.mark.parametrize(("loss", "alpha"), [("als", 0.02), ("bpr", 0.02), ("warp", 1.0)])
def test_defaults__depend_on_the_loss(loss, alpha):
    one, other = (make(loss, alpha=a, max_iter=60).fit(X) for a in (None, alpha))
    np.testing.assert_array_equal(one.item_factors_, other.item_factors_)


def test_score__is_ndcg_and_searches_use_it():
    grid = {"alpha": [0.02, 5.0], "rank": [2, 3]}
    search = GridSearchCV(make(), grid, cv=EntriesKFold(2)).fit(X)
    assert search.best_params_["alpha"] == 0.02
    assert 0.0 < search.best_score_ < 1.0


@pytest.mark.parametrize("loss", LOSSES)
def test_pickle__recommends_the_same(loss):
    model = make(loss, item_features=ITEMS).fit(X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.recommend([1, 99])[0], model.recommend([1, 99])[0])


@pytest.mark.parametrize(
    "params",
    [dict(rank=0), dict(loss="hinge"), dict(confidence=0.0), dict(confidence=1e60), dict(negatives="all"),
     dict(max_tries=0), dict(learning_rate=0.0), dict(alpha=-1.0), dict(item_features=3)],
    ids=str,
)  # fmt: skip
def test_bad_parameters__are_named(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        MatrixFactorizationRecommender(**params).fit(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(learning_rate=0.1), "learning_rate needs loss='bpr' or 'warp'; got learning_rate=0.1 with loss='als'"),
        (dict(negatives="popularity"), "negatives needs loss='bpr' or 'warp'; got negatives='popularity'"),
        (dict(loss="bpr", max_tries=5), "max_tries needs loss='warp'; got max_tries=5 with loss='bpr'"),
        (dict(loss="warp", confidence=2.0), "confidence needs loss='als'; got .* Set loss='als', or confidence=3.0"),
    ],
)
def test_bad_parameters__that_have_no_effect_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        MatrixFactorizationRecommender(**params).fit(X)


def test_bad_counts__are_named():
    with pytest.raises(ValueError, match="not negative; got -1 in row 2"):
        make().fit(X, np.r_[1.0, 1.0, -1.0, np.ones(len(X) - 3)])
    for size in (1e-60, 1e160):
        with pytest.raises(ValueError, match=r"y times sample_weight must lie between .* got 1 times 1e.* in row 0"):
            make().fit(X, np.ones(len(X)), size)
    with pytest.raises(ValueError, match="a positive count"):
        make().fit(X, np.zeros(len(X)))


@pytest.mark.parametrize("loss", ["bpr", "warp"])
def test_sampled_losses__need_items_that_a_user_does_not_have(loss):
    every = [(user, item) for user in range(4) for item in range(3)]
    with pytest.warns(UserWarning, match=f"loss='{loss}' samples items .* has all of its n_items=3 items: nothing is"):
        make(loss).fit(every)
    assert (make(loss, max_iter=1).fit(every[:-1]).objectives_ > 0.0).all()


def test_unknown__all_users_or_all_items_of_a_prediction_warn():
    pairs = np.array([[f"user {user}", f"item {item}"] for user, item in X])
    model = make(max_iter=20).fit(pairs)
    with (
        pytest.warns(UserWarning, match=r"no item of the n_samples=20 rows"),
        pytest.warns(UserWarning, match=r"no user of the n_samples=20 rows .* the first column of X must hold users"),
    ):
        model.predict(pairs[:20, ::-1])
    model.predict(pairs[:3, ::-1])
    model.predict(np.vstack([pairs[:1], pairs[:20, ::-1]]))


def test_warning__names_what_to_do():
    with pytest.warns(ConvergenceWarning, match="Increase max_iter=2 or tol"):
        make(max_iter=2, tol=1e-9).fit(X)


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame])
def test_matrix_of_ratings__is_not_read_as_pairs_without_a_warning(kind):
    table = pd.crosstab(X[:, 0], X[:, 1]).to_numpy()
    with pytest.warns(UserWarning, match=r"X has 30 columns .* np.argwhere\(R\) as X and R\[R.nonzero\(\)\] as y"):
        make().fit(kind(table))
    advised = make().fit(np.argwhere(table), table[table.nonzero()])
    np.testing.assert_array_equal(advised.user_factors_, make().fit(X).user_factors_)
    make().fit(kind(np.column_stack([X, COUNTS])))  # a column of numbers beside the labels


@pytest.mark.parametrize(("year", "warns"), [(1994.0, True), (9.0, False), (-1e200, True), (0.0, False)])
def test_features__large_numbers_give_a_warning(year, warns):
    table = pd.DataFrame({"item": np.arange(32), "year": np.full(32, year)})
    if not warns:
        assert FeatureTable(table, "item").names == ["year"]
        return
    message = f"column 'year' has a root mean square of {abs(year):.3g}"
    with pytest.warns(UserWarning, match=re.escape(message)):
        FeatureTable(table, "item")
