"""Rows that are equal, or have weights: what is merged, how long it is trained, and what is held out."""

import re
import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn.base import clone

from skreg import DropoutMLPClassifier, DropoutMLPRegressor, DropoutTransformerRegressor
from skreg.neural._data import UniqueRows
from skreg.utils import _hashing
from skreg.utils._split import deal, hold_out

from ..problems import regression

FAST = dict(hidden_layer_sizes=(16,), ensemble_size=1, random_state=0)


def cells(n, seed=0):
    """Rows of three categorical columns, their labels, and the probability of the label 1."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 3, (n, 3)).astype(float)
    p = np.where(X[:, 0] * X[:, 1] > 0.0, 0.8, 0.1 + 0.1 * X[:, 2])
    return X, (rng.random(n) < p).astype(int), p


def unique(model, X, y, weights=None):
    return UniqueRows.of(model._read(X, y, weights, reset=True, training=True))


@pytest.mark.parametrize("order", ["F", "C"])
def test_fit__memory_order_of_x_does_not_matter(order):
    X, y = regression(200, 4)
    Y = np.column_stack([y, -y])
    wanted = DropoutMLPRegressor(max_iter=3, **FAST).fit(X, Y)
    given = np.array(X, order=order), np.array(Y, order=order)
    found = DropoutMLPRegressor(max_iter=3, **FAST).fit(*given)
    np.testing.assert_array_equal(found.predict(given[0]), wanted.predict(X))
    np.testing.assert_array_equal(found.predict(X[:, ::-1].copy()[:, ::-1]), wanted.predict(X))


def test_predict__copies_no_fortran_ordered_x():
    X, y = regression(200, 20)
    model = DropoutMLPRegressor(max_iter=2, **FAST).fit(X, y)
    many = np.asfortranarray(np.zeros((100_000, 20)))
    tracemalloc.start()
    model.predict(many)
    assert tracemalloc.get_traced_memory()[1] < 0.6 * many.nbytes
    tracemalloc.stop()


def test_fit__few_unique_rows_are_trained_as_long_as_all_rows():
    X, y, p = cells(20_000)
    model = DropoutMLPClassifier(early_stopping=False, max_iter=25, warm_start=True, random_state=0)
    found = model.fit(X, y).predict_proba(X)[:, 1]
    share = np.array([y[(row == X).all(axis=1)].mean() for row in X[:2000]])
    assert np.abs(share - p[:2000]).mean() < 0.013  # as near as the frequencies of the sample are
    assert np.abs(found - p).mean() < 0.016
    assert model._optimizer.steps == 25 * 79  # as 20,000 rows in batches of 256


def test_fit__integer_weights_are_repeated_rows_in_a_table_of_few_unique_rows():
    X, y, _ = cells(3000)
    model = DropoutMLPClassifier(max_iter=3, early_stopping=False, warm_start=True, **FAST)
    repeated = clone(model).fit(X, y)
    found = unique(model, X, y)
    weighted = clone(model).fit(X[found.rows], y[found.rows], found.sample_weight)
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))
    assert repeated._optimizer.steps == 3 * 17


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_fit__scale_of_weights_makes_no_epoch_long(scale):
    X, y = regression(200, 4)
    model = DropoutMLPRegressor(max_iter=1, early_stopping=False, warm_start=True, **FAST)
    model.fit(X, y, np.full(200, scale))
    assert model._optimizer.steps == (100 if scale > 1.0 else 13)


def test_fit__rows_of_nearly_no_weight_do_not_shape_batch_statistics():
    X, y = regression(300, 4)
    rng = np.random.default_rng(1)
    X_all, y_all = np.concatenate([X, X + 50.0]), np.concatenate([y, rng.standard_normal(300)])
    weights = np.repeat([1.0, 1e-9], 300)
    model = DropoutMLPRegressor(max_iter=60, dropout=0.0, **FAST)
    plain, weighted = clone(model).fit(X, y), clone(model).fit(X_all, y_all, weights)
    assert weighted.score(X, y) > plain.score(X, y) - 0.05


def test_unique_rows__different_rows_of_one_hash_stay_apart(monkeypatch):
    X, y = regression(300, 4)
    X, y = X.repeat(2, axis=0), y.repeat(2)
    monkeypatch.setattr(_hashing, "_scramble", lambda x: x & np.uint64(7))
    found = unique(DropoutMLPRegressor(), X, y)
    assert found.rows.size == 300
    assert (found.fit_weight == 2.0).all()
    order = np.random.default_rng(0).permutation(600)
    again = unique(DropoutMLPRegressor(), X[order], y[order])
    np.testing.assert_array_equal(X[order][again.rows], X[found.rows])


def test_hold_out__holds_its_fraction_of_the_weight():
    weights = 2.0 ** np.random.default_rng(0).integers(0, 12, 1000)
    shares = []
    for seed in range(20):
        held = hold_out(1000, 0.1, None, np.random.default_rng(seed), weights)
        assert held.sum() == 100
        shares.append(weights[held].sum() / weights.sum())
    assert np.abs(np.array(shares) - 0.1).max() < 0.02  # without the weights up to 0.04
    equal = hold_out(1000, 0.1, None, np.random.default_rng(0), np.full(1000, 3.0))
    np.testing.assert_array_equal(equal, hold_out(1000, 0.1, None, np.random.default_rng(0)))


def test_hold_out__a_row_with_more_than_a_third_of_the_weight_is_trained_on():
    weights = np.ones(100)
    for share, is_possible in ((0.3, True), (0.35, False)):
        weights[0] = 99.0 * share / (1.0 - share)
        rngs = [np.random.default_rng(seed) for seed in range(60)]
        assert any(hold_out(100, 0.2, None, rng, weights)[0] for rng in rngs) == is_possible
        assert (deal(100, 3, None, rngs[0], weights)[0] >= 0) == is_possible
    assert hold_out(2, 0.5, None, np.random.default_rng(0), np.array([1.0, 9.0])).sum() == 1  # of few, any may be


@pytest.mark.parametrize("early_stopping", [True, "cv"])
def test_fit__one_row_with_nearly_all_weight_does_not_decide_the_epoch(early_stopping):
    rng = np.random.default_rng(0)
    X, weights = rng.standard_normal((400, 4)), np.ones(400)
    y, weights[0] = 3.0 * X[:, 0] + rng.standard_normal(400), 39_000.0
    for seed in range(3):
        net = DropoutMLPRegressor((8,), max_iter=60, early_stopping=early_stopping, ensemble_size=1, random_state=seed)
        assert net.fit(X, y, weights).score(X, y) > 0.8  # 0.006 where this row was the validation loss


def test_fit__rows_of_weight_zero_are_not_counted():
    X, y = regression(200, 4)
    weights = np.where(np.arange(200) < 45, 1.0, 0.0)
    with pytest.warns(UserWarning, match=r"at least 50 unique rows, and this X has fewer of positive weight\."):
        DropoutMLPRegressor(max_iter=2, early_stopping=True, **FAST).fit(X, y, weights)
    DropoutMLPRegressor(max_iter=2, **FAST).fit(X, y, weights)  # as without these rows: no warning


@pytest.mark.parametrize("early_stopping", ["auto", True, "cv"])
def test_fit__weights_that_leave_no_rows_to_hold_out_warn(early_stopping):
    """Also with "auto", of which nobody would expect that it trains on without validation rows."""
    X, y = regression(200, 4)
    weights = np.where(np.arange(200) < 45, 1000.0, 1.0)
    message = r"at least 50 unique rows, and this X has fewer whose weight is at least a hundredth of the mean weight\."
    with pytest.warns(UserWarning, match=message):
        net = DropoutMLPRegressor(max_iter=2, early_stopping=early_stopping, **FAST).fit(X, y, weights)
    assert net.validation_curve_ is None


@pytest.mark.parametrize(
    ("params", "n", "message"),
    [
        (dict(), 40, None),
        (dict(early_stopping=False), 40, None),
        (dict(), 200, None),
        (dict(early_stopping=True), 40, r"at least 50 unique rows, .* early_stopping=True has no effect"),
        (dict(early_stopping="cv"), 40, r"early_stopping='cv' has no effect"),
        (dict(early_stopping=False), 200, None),
        (dict(patience=3), 40, r"fewer\. patience=3 has no effect\. Give X_val"),
        (dict(monitor="r2", min_delta=0.1), 40, r"min_delta=0\.1 has no effect\. monitor='r2' has no effect"),
        (dict(validation_fraction=0.3), 40, r"validation_fraction=0\.3 has no effect"),
        (
            dict(validation_fraction=0.3, early_stopping=False),
            40,
            r"0\.3 has no effect, as rows are .*early_stopping=False",
        ),
        (
            dict(patience=3, min_delta=0.1, monitor="r2", early_stopping=False),
            200,
            r"patience=3, min_delta=0\.1, monitor='r2' have no effect, as rows are .*early_stopping=False",
        ),
    ],
)
def test_fit__warns_where_early_stopping_has_no_effect(params, n, message):
    X, y = regression(40, 4)
    times = n // 40
    model = DropoutMLPRegressor(max_iter=2, **FAST, **params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X.repeat(times, axis=0), y.repeat(times))
    assert len(caught) == (message is not None)
    if message:
        assert re.search(message, str(caught[0].message))
    assert model.validation_curve_ is None


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(), None),
        (dict(patience=3, min_delta=0.1, monitor="r2"), None),
        (dict(monitor="r2", early_stopping=False), None),  # it decides what the validation curve holds
        (dict(validation_fraction=0.3), None),  # wrappers hold out so many rows themselves
        (
            dict(patience=3, min_delta=0.1, early_stopping=False),
            r"patience=3, min_delta=0\.1 have no effect, as training does not stop .*early_stopping=False",
        ),
    ],
)
def test_fit__warns_of_what_has_no_effect_where_validation_rows_are_given(params, message):
    X, y = regression(40, 4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        DropoutMLPRegressor(max_iter=2, **FAST, **params).fit(X, y, X_val=X, y_val=y)
    assert len(caught) == (message is not None)
    if message:
        assert re.search(message, str(caught[0].message))


def test_fit__a_fraction_warns_where_the_epoch_is_cross_validated():
    X, y = regression(60, 4)
    with pytest.warns(UserWarning, match=r"validation_fraction=0\.3 has no effect, as the epoch is cross-validated"):
        DropoutMLPRegressor(max_iter=1, early_stopping="cv", validation_fraction=0.3, **FAST).fit(X, y)


@pytest.mark.parametrize(("n", "warns"), [(40, False), (80, True)])
def test_fit__where_true_is_the_default_it_warns_of_many_rows_of_which_few_are_unique(n, warns):
    X, y = regression(40, 4)
    X, y = X.repeat(n // 40, axis=0), y.repeat(n // 40)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        DropoutTransformerRegressor(1, n_heads=1, embedding_size=4, max_iter=1).fit(X, y)
    assert [str(w.message).count("without early stopping") for w in caught] == [1] * warns


def test_split__rows_of_nearly_no_weight_do_not_count():
    X, y = regression(600, 4)
    weights = np.where(np.arange(600) < 40, 1.0, 1e-9)
    found = unique(DropoutMLPRegressor(), X, y, weights)
    assert found.split(0.1, None, np.random.default_rng(0))[1] is None
