"""Matrix factorization of ratings."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.optimize import approx_fprime
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from skreg import MatrixFactorizationRegressor
from skreg.recommendation import EntriesKFold
from skreg.recommendation._labels import LabelIndex
from tests.combinations import combinations
from tests.recommendation.data import objective, simulated_ratings

X, Y = simulated_ratings()
WEIGHTS = np.random.default_rng(1).integers(0, 4, len(Y)).astype(float)
TIGHT = dict(tol=1e-11, max_iter=3000)
FITTED = ("user_factors_", "item_factors_", "user_biases_", "item_biases_")


def assert_same_fit(one, other, **options):
    for name in (*FITTED, "intercept_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), **options)


@pytest.mark.parametrize(
    ("scaling", "bias", "alpha_bias", "weights"),
    combinations([0.0, 0.4, 1.0], [True, False], [None, 0.02], [None, WEIGHTS]),
)
def test_regressor__objective_is_that_of_the_docstring_and_never_rises(scaling, bias, alpha_bias, weights):
    model = MatrixFactorizationRegressor(3, alpha=0.1, alpha_bias=alpha_bias, frequency_scaling=scaling, bias=bias)
    model.fit(X, Y, weights)
    np.testing.assert_allclose(model.objective_, objective(model, X, Y, weights), rtol=1e-12)
    assert model.n_iter_ == len(model.objectives_) - 1
    assert model.objectives_[-1] == model.objective_
    assert (np.diff(model.objectives_) <= 0.0).all()
    assert bias or not (model.user_biases_.any() or model.item_biases_.any())


@pytest.mark.parametrize("name", [*FITTED, "intercept_"])
def test_regressor__gradient_by_differences_is_zero(name):
    model = MatrixFactorizationRegressor(2, alpha=0.1, alpha_bias=0.03, frequency_scaling=0.5, **TIGHT)
    model.fit(X, Y, WEIGHTS)
    values = np.atleast_1d(getattr(model, name))

    def changed(flat):
        moved = clone(model)
        vars(moved).update(vars(model))
        setattr(moved, name, flat.reshape(values.shape) if values.ndim > 1 or values.size > 1 else flat[0])
        return objective(moved, X, Y, WEIGHTS)

    flat = values.ravel()[:8] if name == "intercept_" else values.ravel()
    gradient = approx_fprime(flat, changed, 1e-6)
    assert np.abs(gradient).max() < 2e-5 * model.objectives_[0]


def test_regressor__stationarity_is_the_fall_of_the_next_ridge_regressions():
    """Exact ridge regressions of all users, or of all items, lower the objective by the certificate at most."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MatrixFactorizationRegressor(2, alpha=0.1, frequency_scaling=1.0, max_iter=4, tol=0.0).fit(X, Y)
    falls = []
    for column, side in ((0, "user"), (1, "item")):
        better = clone(model)
        vars(better).update(vars(model))
        own, other = f"{side}_factors_", f"{'item' if side == 'user' else 'user'}_factors_"
        factors, biases = getattr(model, own).copy(), getattr(model, f"{side}_biases_").copy()
        for k in range(len(factors)):
            rows = X[:, column] == k
            partners = X[rows, 1 - column]
            Z = np.column_stack([np.ones(rows.sum()), getattr(model, other)[partners]])
            offset = model.intercept_ + getattr(model, f"{'item' if side == 'user' else 'user'}_biases_")[partners]
            ridge = Ridge(alpha=0.1 * rows.sum(), fit_intercept=False, solver="cholesky").fit(Z, Y[rows] - offset)
            biases[k], factors[k] = ridge.coef_[0], ridge.coef_[1:]
        setattr(better, own, factors)
        setattr(better, f"{side}_biases_", biases)
        falls.append(model.objective_ - objective(better, X, Y))
    np.testing.assert_allclose(model.stationarity_, max(falls), rtol=1e-6)


def test_regressor__certificate_is_the_norm_of_the_gradient_relative_to_the_null_model():
    """Half of the squared norm of the gradient by one side, in the metric of the inverse curvature."""
    tight = dict(alpha=0.1, alpha_bias=0.02, frequency_scaling=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MatrixFactorizationRegressor(2, max_iter=3, tol=0.0, **tight).fit(X, Y)
    sides = (model.user_biases_, model.user_factors_), (model.item_biases_, model.item_factors_)
    residuals, norms = model.predict(X) - Y, []
    for k, ((biases, factors), (_, others)) in enumerate((sides, sides[::-1])):
        total = 0.0
        for row in range(len(factors)):
            own = X[:, k] == row
            Z = np.column_stack([np.ones(own.sum()), others[X[own, 1 - k]]])
            ridge = own.sum() * np.array([0.02, 0.1, 0.1])
            gradient = (residuals[own] @ Z + ridge * np.r_[biases[row], factors[row]]) / len(Y)
            total += 0.5 * gradient @ np.linalg.solve((Z.T @ Z + np.diag(ridge)) / len(Y), gradient)
        norms.append(total)
    np.testing.assert_allclose(model.stationarity_, max(norms), rtol=1e-6)
    for tol in (1e-3, 1e-6):
        fitted = MatrixFactorizationRegressor(2, max_iter=1000, tol=tol, **tight).fit(X, Y)
        assert 0.0 < fitted.stationarity_ <= tol * 0.5 * Y.var()


def test_regressor__without_factors_is_the_ridge_of_dummies():
    """A penalty that removes the factors leaves the ridge regression of indicator columns."""
    model = MatrixFactorizationRegressor(1, alpha=50.0, alpha_bias=0.1, frequency_scaling=0.0, **TIGHT).fit(X, Y)
    assert np.abs(model.user_factors_).max() < 1e-6
    users, items = np.eye(30)[X[:, 0]], np.eye(20)[X[:, 1]]
    # means over users and over items are penalties of different sizes: columns are scaled to make them equal
    ridge = Ridge(alpha=0.1 * len(Y), solver="cholesky")
    ridge.fit(np.column_stack([users * np.sqrt(30), items * np.sqrt(20)]), Y)
    np.testing.assert_allclose(model.user_biases_, ridge.coef_[:30] * np.sqrt(30), atol=1e-4)
    np.testing.assert_allclose(model.item_biases_, ridge.coef_[30:] * np.sqrt(20), atol=1e-4)
    np.testing.assert_allclose(model.intercept_, ridge.intercept_, atol=1e-4)


def test_regressor__finds_the_singular_values_of_a_full_matrix():
    """On a complete matrix the solution is known: singular values, each reduced by the penalty."""
    rng = np.random.default_rng(0)
    M = rng.normal(size=(12, 3)) @ rng.normal(size=(3, 8))
    M -= M.mean()
    pairs = np.array([(u, i) for u in range(12) for i in range(8)])
    model = MatrixFactorizationRegressor(5, alpha=0.3, bias=False, frequency_scaling=0.0, **TIGHT)
    found = model.fit(pairs, M.ravel()).predict(pairs).reshape(M.shape) - model.intercept_
    U, s, V = np.linalg.svd(M - model.intercept_, full_matrices=False)
    kept = np.maximum(s - 0.3 * np.sqrt(12 * 8), 0.0)
    np.testing.assert_allclose(found, (U * kept) @ V, atol=2e-4)


@pytest.mark.parametrize("scaling", [0.0, 0.5, 1.0])
def test_regressor__weights_are_repeated_rows_and_their_scale_does_not_matter(scaling):
    options = dict(alpha=0.1, frequency_scaling=scaling)
    weighted = MatrixFactorizationRegressor(2, **options).fit(X, Y, WEIGHTS)
    repeated = MatrixFactorizationRegressor(2, **options).fit(
        np.repeat(X, WEIGHTS.astype(int), axis=0), np.repeat(Y, WEIGHTS.astype(int))
    )
    scaled = MatrixFactorizationRegressor(2, **options).fit(X, Y, 7.0 * WEIGHTS)
    assert_same_fit(weighted, repeated, rtol=1e-7, atol=1e-9)
    assert_same_fit(weighted, scaled, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("size", [1e-140, 1e-20, 1e20, 1e150])
def test_regressor__fit_is_as_large_as_the_ratings(size):
    model = MatrixFactorizationRegressor(2, alpha=0.01, alpha_bias=0.1).fit(X, Y)
    scaled = MatrixFactorizationRegressor(2, alpha=0.01 * size, alpha_bias=0.1).fit(X, size * Y, WEIGHTS.size * [size])
    np.testing.assert_allclose(scaled.predict(X) / size, model.predict(X), rtol=1e-6)
    np.testing.assert_allclose(scaled.objective_ / size / size, model.objective_, rtol=1e-6)


@pytest.mark.parametrize("size", [1e-100, 1e-12, 1e-8])
def test_regressor__small_ratings_have_biases_where_alpha_leaves_no_factors(size):
    biases = MatrixFactorizationRegressor(1, alpha=1e6, alpha_bias=0.1, tol=1e-8).fit(X, Y)
    model = MatrixFactorizationRegressor(1, alpha=0.1, alpha_bias=0.1, tol=1e-8).fit(X, size * Y)
    np.testing.assert_allclose(model.predict(X) / size, biases.predict(X), atol=1e-4)


def test_regressor__large_ratings_converge_fast():
    model = MatrixFactorizationRegressor(2, alpha=0.1, alpha_bias=0.1).fit(X, 1e12 * Y)
    assert model.n_iter_ < 50  # of hundreds where curvatures of factors and of biases differ


def test_regressor__large_weights_leave_the_others_their_penalty():
    weights = np.where(X[:, 0] == 0, 1e17, 1.0)
    model = MatrixFactorizationRegressor(2, alpha=0.1, tol=1e-8).fit(X, Y, weights)
    assert model.objective_ == pytest.approx(objective(model, X, Y, weights), rel=1e-9)


def test_regressor__ratings_of_the_same_pair_are_averaged():
    """The objective still counts how far they are from each other."""
    twice, ratings = np.vstack([X, X[:50]]), np.r_[Y, Y[:50] + 1.0]
    model = MatrixFactorizationRegressor(2).fit(twice, ratings)
    np.testing.assert_allclose(model.objective_, objective(model, twice, ratings), rtol=1e-12)


def test_regressor__order_of_rows_does_not_matter():
    order = np.random.default_rng(0).permutation(len(Y))
    one, other = (MatrixFactorizationRegressor(2).fit(X[rows], Y[rows]) for rows in (np.arange(len(Y)), order))
    assert_same_fit(one, other, rtol=0, atol=0)


def test_regressor__names_in_the_order_of_the_numbers_do_not_matter():
    names = np.array([f"n{k:03d}" for k in range(30)])
    numbers = MatrixFactorizationRegressor(2).fit(X, Y)
    named = MatrixFactorizationRegressor(2).fit(names[X], Y)
    assert_same_fit(numbers, named, rtol=0, atol=0)
    np.testing.assert_array_equal(named.users_, names[numbers.users_])
    np.testing.assert_array_equal(named.predict(names[X]), numbers.predict(X))


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_regressor__threads_do_not_change_a_bit(n_jobs):
    one = MatrixFactorizationRegressor(2).fit(X, Y)
    assert_same_fit(one, MatrixFactorizationRegressor(2, n_jobs=n_jobs).fit(X, Y), rtol=0, atol=0)


def test_regressor__seeds_differ_and_repeat():
    fits = [MatrixFactorizationRegressor(2, random_state=seed).fit(X, Y) for seed in (0, 0, 1)]
    assert_same_fit(*fits[:2], rtol=0, atol=0)
    assert not np.allclose(fits[0].user_factors_, fits[2].user_factors_)


def test_regressor__learns_factors():
    table, y = simulated_ratings(60, 40, 1500)
    model = MatrixFactorizationRegressor(2, alpha=0.02, max_iter=500)
    biases = clone(model).set_params(alpha=100.0, alpha_bias=0.02)
    scores = [cross_val_score(m, table, y, cv=EntriesKFold(3)).mean() for m in (model, biases)]
    assert scores[0] > 0.9 > 0.6 > scores[1] > 0.0


def test_regressor__is_searched():
    search = GridSearchCV(
        MatrixFactorizationRegressor(max_iter=300),
        {"alpha": [0.1, 10.0], "rank": [1, 2]},
        cv=EntriesKFold(3),
        scoring="neg_root_mean_squared_error",
    ).fit(X, Y)
    assert search.best_params_["alpha"] == 0.1
    assert search.best_estimator_.user_factors_.shape == (30, search.best_params_["rank"])


@pytest.mark.parametrize("alpha", [0.0, 1e-12])
@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_regressor__no_penalty_is_finite_and_never_rises(alpha):
    model = MatrixFactorizationRegressor(4, alpha=alpha, max_iter=30).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()
    assert (np.diff(model.objectives_) <= 0.0).all()


def test_regressor__constant_ratings_are_predicted():
    model = MatrixFactorizationRegressor(2).fit(X, np.full(len(Y), 4.0))
    np.testing.assert_allclose(model.predict(X), 4.0, atol=1e-8)
    assert model.n_iter_ >= 1


MIXED = [["ann", 1], ["ann", 2], ["bob", 1], [7, 2], [7, 1], ["bob", 2]]
RATINGS = [5.0, 1.0, 4.0, 2.0, 4.0, 1.0]


def test_labels__may_be_mixed():
    model = MatrixFactorizationRegressor(1).fit(MIXED, RATINGS)
    assert model.users_.tolist() == [7, "ann", "bob"]
    assert model.items_.dtype == np.int64
    np.testing.assert_array_equal(model.predict([[7, 1.0], ["7", 1]])[1], model.intercept_ + model.item_biases_[0])
    np.testing.assert_array_equal(model.predict([[7.0, 1.0]]), model.predict([[7, 1]]))


FRAMES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "categories": lambda columns: pd.DataFrame(columns).astype({"who": "category", "what": "category"}),
    "nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_labels__of_frames_are_those_of_lists(kind):
    columns = {"who": ["ann", "ann", "bob", "eve", "eve"], "what": [3, 5, 3, 5, 3], "when": [9, 9, 9, 9, 9]}
    rows = [list(row[:2]) for row in zip(*columns.values(), strict=True)]
    frame = FRAMES[kind](columns)
    one, other = (MatrixFactorizationRegressor(1).fit(table, RATINGS[:5]) for table in (rows, frame))
    assert_same_fit(one, other, rtol=0, atol=0)
    np.testing.assert_array_equal(one.predict(rows), other.predict(frame))
    assert other.feature_names_in_.tolist() == list(columns)
    assert other.users_.tolist() == ["ann", "bob", "eve"]


def test_labels__further_columns_of_the_training_rows_may_be_absent():
    frame = pd.DataFrame({"who": ["ann", "ann", "bob"], "what": [3, 5, 3], "rating": [1.0, 2.0, 3.0]})
    model = MatrixFactorizationRegressor(1).fit(frame, frame.rating)
    np.testing.assert_array_equal(model.predict(frame[["who", "what"]]), model.predict(frame))
    model.score(frame[["who", "what"]], frame.rating)
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(frame[["what", "who"]])
    with pytest.raises(ValueError, match="unseen at fit time"):
        model.predict(frame[["who", "rating"]])
    rows = frame.to_numpy()
    model = MatrixFactorizationRegressor(1).fit(rows, frame.rating)
    np.testing.assert_array_equal(model.predict(rows[:, :2]), model.predict(rows))


def test_labels__large_integers_are_not_rounded():
    big = 2**60
    model = MatrixFactorizationRegressor(1).fit([[big, 1], [big + 1, 1], [big, 2]], [1.0, 2.0, 3.0])
    assert model.users_.tolist() == [big, big + 1]
    unknown = model.predict(np.array([[big + 2, 1]]))
    np.testing.assert_array_equal(unknown, model.intercept_ + model.item_biases_[0])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
@pytest.mark.parametrize("spread", [1, 7])
def test_labels__integers_of_any_range(dtype, spread):
    """Looked up in a table where their range is short: nothing wraps, and those outside are unknown."""
    limits = np.iinfo(dtype)
    for low in (limits.min, limits.max - 11 * spread):
        labels = np.array([int(low) + spread * k for k in (3, 0, 11, 3, 5)], dtype=dtype)
        index = LabelIndex(np.repeat(labels, 2), "user")
        assert (index._table is not None) == (spread == 1)
        assert index.labels.dtype == dtype
        assert index.labels.tolist() == sorted(set(labels.tolist()))
        others = [label for label in range(limits.min, limits.min + 90) if label not in labels]
        others += [label for label in range(limits.max - 40, limits.max + 1) if label not in labels]
        for found in (index, pickle.loads(pickle.dumps(index))):
            codes = found.codes(np.r_[labels, np.array(others, dtype=dtype)])
            assert codes.tolist() == [1, 0, 3, 1, 2] + [-1] * len(others)
        assert index.codes(labels.astype(object)).tolist() == [1, 0, 3, 1, 2]


def test_unknown__is_the_mean_or_an_error():
    model = MatrixFactorizationRegressor(2).fit(X, Y)
    new_user, new_item, new_both = model.predict([[99, 3], [3, 99], [99, 99]])
    assert new_user == model.intercept_ + model.item_biases_[3]
    assert new_item == model.intercept_ + model.user_biases_[3]
    assert new_both == model.intercept_
    model.set_params(unknown="raise")
    with pytest.raises(ValueError, match=r"users that were not in the training rows: 98, 99"):
        model.predict([[98, 3], [99, 3], [3, 3]])
    with pytest.raises(ValueError, match=r"items that were not in the training rows: 99"):
        model.predict([[3, 99]])
    with pytest.raises(ValueError, match="users that were not"):
        model.recommend([99])


def test_unknown__type_of_all_labels_is_an_error():
    model = MatrixFactorizationRegressor(2).fit(X, Y)
    with pytest.raises(ValueError, match=r"Labels of users must be of the type .* such as 0; got '19'"):
        model.predict(X.astype(str))
    with pytest.raises(ValueError, match="Labels of users"):
        model.recommend(["0", "1"])


def test_recommend__is_the_best_of_the_predictions():
    model = MatrixFactorizationRegressor(2).fit(X, Y)
    items, scores = model.recommend([4, 99], n=20, exclude_seen=False)
    expected = model.predict(np.column_stack([np.full(20, 4), model.items_]))
    np.testing.assert_allclose(scores[0], np.sort(expected)[::-1])
    np.testing.assert_array_equal(items[0], model.items_[np.argsort(-expected)])
    np.testing.assert_allclose(scores[1], np.sort(model.intercept_ + model.item_biases_)[::-1])
    seen = set(X[X[:, 0] == 4, 1])
    items, scores = model.recommend([4], n=20)
    is_new = np.isfinite(scores[0])
    assert is_new.sum() == 20 - len(seen)
    assert set(items[0][~is_new]) == seen
    assert (np.diff(scores[0][is_new]) <= 0.0).all()


def test_similar_items__have_the_largest_cosines():
    model = MatrixFactorizationRegressor(2, alpha=0.02).fit(X, Y)
    Q = model.item_factors_ / np.linalg.norm(model.item_factors_, axis=1, keepdims=True)
    items, cosines = model.similar_items([5, 0], n=19)
    for row, item in enumerate([5, 0]):
        others = np.delete(np.arange(20), item)
        np.testing.assert_allclose(cosines[row], np.sort(Q[others] @ Q[item])[::-1])
        assert set(items[row]) == set(others)


def test_pickle__predicts_the_same():
    model = MatrixFactorizationRegressor(1).fit(MIXED, RATINGS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(MIXED), model.predict(MIXED))
    np.testing.assert_array_equal(again.recommend(["bob"], 1)[0], model.recommend(["bob"], 1)[0])


BAD = {
    "one column": (X[:, :1], Y, None, r"columns of users and of items: found 1 feature"),
    "one dimension": (X[:, 0], Y, None, "two dimensions"),
    "missing user": ([["ann", 1], [None, 1]], [1, 2], None, "NaN: None in row 1 of the users"),
    "NaN item": ([["ann", 1.0], ["bob", np.nan]], [1, 2], None, "NaN: nan in row 1 of the items"),
    "pandas NA": (pd.DataFrame({"u": pd.array([1, None], "Int64"), "i": [1, 2]}), [1, 2], None, "NaN"),
    "infinite": ([[1.0, 1.0], [np.inf, 1.0]], [1, 2], None, "infinity in row 1 of the users"),
    "NaN rating": (X, np.r_[Y[:-1], np.nan], None, "y contains NaN in row 249"),
    "large ratings": (X, 1e160 * Y, None, "y has values so large that their squares overflow"),
    "small ratings": (X, 1e-170 * Y, None, "y has values so small that their squares vanish"),
    "text ratings": (X, ["good"] * len(Y), None, "y must hold numbers"),
    "short y": (X, Y[:-1], None, "y must have shape"),
    "negative weight": (X, Y, -WEIGHTS, "sample_weight must be finite and not negative"),
    "no weight": (X, Y, 0.0 * WEIGHTS, "all weights are zero"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data__are_named(case):
    table, y, weights, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        MatrixFactorizationRegressor().fit(table, y, weights)


def test_bad_labels__are_named():
    with pytest.raises(TypeError, match=r"got \[1\] in row 0 of the users"):
        MatrixFactorizationRegressor().fit(pd.DataFrame({"u": [[1], [2]], "i": [1, 2]}), [1, 2])


@pytest.mark.parametrize(
    "params",
    [dict(rank=0), dict(rank=1.5), dict(rank=True), dict(alpha=-1.0), dict(frequency_scaling=1.5), dict(alpha=np.inf),
     dict(unknown="zero"), dict(max_iter=0), dict(bias=1), dict(tol=-1.0), dict(alpha_bias=-0.1)],
    ids=str,
)  # fmt: skip
def test_bad_parameters__are_named(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        MatrixFactorizationRegressor(**params).fit(X, Y)


def test_recommend__takes_ten_items_or_all_of_fewer():
    assert MatrixFactorizationRegressor(2).fit(X, Y).recommend([0])[0].shape == (1, 10)
    few = X[:, 1] < 7
    assert MatrixFactorizationRegressor(2).fit(X[few], Y[few]).recommend([X[few][0, 0]])[0].shape == (1, 7)


def test_bad_requests__are_named():
    model = MatrixFactorizationRegressor(2).fit(X, Y)
    for n in (0, 21, 1.5, True):
        with pytest.raises(ValueError, match="n must be an int between 1 and 20"):
            model.recommend([0], n=n)
    with pytest.raises(ValueError, match=r"users must be a list .* For one, pass \['ann'\]"):
        model.recommend("ann")
    with pytest.raises(ValueError, match=r"users must be a list or an array of labels; got None\.$"):
        model.recommend(None)
    with pytest.raises(ValueError, match="Input users contains NaN: None in row 1 of the users"):
        model.recommend([3, None])
    with pytest.raises(ValueError, match="exclude_seen must be True or False; got 'no'"):
        model.recommend([0], exclude_seen="no")
    with pytest.raises(ValueError, match="items must have no unknown items; got items that were not in the training"):
        model.similar_items([77])
    with pytest.raises(ValueError, match="n must be an int between 1 and 19"):
        model.similar_items([0], n=20)
    with pytest.raises(ValueError, match="similar_items needs two items in the training rows; they have one"):
        MatrixFactorizationRegressor(1).fit([["ann", 0], ["bob", 0]], [1, 2]).similar_items([0])


def test_bad_fit__leaves_the_model_as_it_was():
    model = MatrixFactorizationRegressor(2).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X[:10], np.full(10, np.nan))
    np.testing.assert_array_equal(model.predict(X), before)


def test_warnings__name_what_to_do():
    with pytest.warns(ConvergenceWarning, match="Increase max_iter=2 or tol"):
        MatrixFactorizationRegressor(2, max_iter=2).fit(X, Y)
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        MatrixFactorizationRegressor(2).fit(X, Y[:, None])


def test_regressor__needs_ratings():
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None: give ratings"):
        MatrixFactorizationRegressor(2).fit(X, None)
