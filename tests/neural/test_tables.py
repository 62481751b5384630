"""Tables as they are: scales, missing numbers, categories and frames in the perceptrons."""

import pickle
import warnings
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from skreg import DropoutMLPClassifier, DropoutMLPRegressor
from skreg._nets.inputs import ROBUST_CLIP, STANDARD_CLIP
from skreg._nets.layers.numbers import find_bins
from skreg._nets.training.rows import take_rows
from skreg.augmentation import (
    Augmenter,
    Compose,
    FeatureMask,
    GaussianNoise,
    Mixup,
    RandomApply,
    SwapNoise,
    TrivialAugment,
)
from skreg.neural import FineTunedClassifier
from skreg.neural._scaling import MOST_ONE_HOT, ColumnStatistics, weighted_quantiles

FAST = dict(hidden_layer_sizes=(10,), max_iter=5, early_stopping=False, random_state=0)
MANY = [f"city {k:02d}" for k in range(12)]
DECIMALS = np.random.default_rng(0).standard_normal(60)
assert len(MANY) > MOST_ONE_HOT


def frame(n=80, seed=0):
    """A table of numbers, text, categories, booleans and missing values, and classes."""
    rng = np.random.default_rng(seed)
    income = np.exp(rng.standard_normal(n)) * 1e4
    age = np.where(rng.random(n) < 0.2, np.nan, 40.0 + 12.0 * rng.standard_normal(n))
    colour = rng.choice(["red", "green", "blue"], n).astype(object)
    colour[:5] = None
    city = np.resize(MANY, n)
    table = pd.DataFrame(
        dict(income=income, city=pd.Categorical(city), age=age, colour=colour, owns=rng.random(n) < 0.5)
    )
    y = (np.log(income) + (colour == "red") + (city < "city 06") > 9.8).astype(int)
    return table, y


def seen_by_net(model, X):
    """What the layers of a net see of rows of X."""
    rows = model._rows_of(X)
    return take_rows(rows, np.arange(rows.shape[0]), np.float64, model._net.inputs)


# ---- what the net sees


def clipped(scaled, ends):
    start, limit = ends
    beyond = np.maximum(np.abs(scaled) - start, 0.0)
    inside = np.abs(scaled) - beyond + beyond / np.sqrt(1.0 + (beyond / (limit - start)) ** 2)
    return np.sign(scaled) * inside


def test_tables__columns_are_those_of_a_pipeline_by_hand():
    X, y = frame()
    model = DropoutMLPClassifier(**FAST).fit(X, y)
    numbers = StandardScaler().fit_transform(X[["income", "age"]])
    by_hand = [
        clipped(np.nan_to_num(numbers), STANDARD_CLIP),
        X["owns"],
        X["age"].isna(),
        OneHotEncoder(sparse_output=False).fit_transform(X[["colour"]]),
    ]
    city = X["city"].cat.codes + 1
    np.testing.assert_allclose(seen_by_net(model, X), np.column_stack([*by_hand, city]), atol=1e-6)


def test_tables__a_frame_gives_the_net_of_a_pipeline_by_hand():
    X, y = frame()
    X = X.drop(columns="city")
    options = FAST | dict(batch_size=len(X), dropout=0.0, max_iter=20)
    model = DropoutMLPClassifier(**options).fit(X, y)
    by_hand = seen_by_net(model, X)
    plain = DropoutMLPClassifier(standardize=None, **options).fit(by_hand, y)
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(by_hand), atol=1e-4)


def test_tables__robust_scale_is_that_of_the_paper():
    X = np.random.default_rng(0).standard_cauchy((41, 3))
    X[:, 1] = np.arange(41) == 3  # no interquartile range: twice over the range
    X[:, 2] = 7.0
    model = DropoutMLPRegressor(standardize="robust", **FAST).fit(X, X[:, 0])
    scaled = (X[:, 0] - np.median(X[:, 0])) * RobustScaler().fit(X[:, :1]).scale_ ** -1
    found = seen_by_net(model, X)
    np.testing.assert_allclose(found[:, 0], clipped(scaled, ROBUST_CLIP), atol=1e-5)
    np.testing.assert_allclose(found[:, 1], clipped(2.0 * X[:, 1], ROBUST_CLIP), atol=1e-6)
    assert (found[:, 2] == 0.0).all()
    far = np.array([[1e300, 0.0, 8.0], [-1e300, 0.0, 7.0]])
    np.testing.assert_allclose(seen_by_net(model, far)[:, 0], [3.0, -3.0])


def test_tables__standardized_numbers_are_clipped_smoothly():
    """Outliers come near 5 and not beyond; columns of zeros and ones stay as they are."""
    X = np.random.default_rng(0).standard_normal((400, 2))
    X[0, 0] = 1e6
    X[:, 1] = np.arange(400) == 5
    model = DropoutMLPRegressor(**FAST).fit(X, X[:, 0])
    found, z = seen_by_net(model, X), StandardScaler().fit_transform(X)
    within = np.abs(z[:, 0]) < 3.0
    np.testing.assert_allclose(found[within, 0], z[within, 0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[:, 0], clipped(z[:, 0], STANDARD_CLIP), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found[:, 1], X[:, 1])
    far = np.array([[1e300, 1e300], [-1e300, 0.0]])
    np.testing.assert_allclose(seen_by_net(model, far), [[5.0, 5.0], [-5.0, 0.0]])


@pytest.mark.parametrize("common", [0.0, 7.0])
def test_tables__rare_numbers_have_the_root_mean_square_1(common):
    """Where three quarters of the weight have one value, with missing numbers or without; sparse rows as dense ones."""
    rng = np.random.default_rng(0)
    X = np.full((5000, 3), common)
    X[:500, 0] += rng.lognormal(size=500)
    X[:2000, 1] += rng.standard_normal(2000)  # not so rare
    X[:500, 2] -= 3.0
    weights = rng.integers(1, 4, 5000)
    model = DropoutMLPRegressor(**FAST).fit(X, X[:, 0], weights)
    z = X - common
    root = np.sqrt(np.average(z[:500, 0] ** 2, weights=weights[:500]))
    found = seen_by_net(model, X)
    np.testing.assert_allclose(found[:, 0], clipped(z[:, 0] / root, STANDARD_CLIP), rtol=1e-5, atol=1e-7)
    scaled = StandardScaler().fit(X[:, [1]], sample_weight=weights).transform(X[:, [1]])[:, 0]
    np.testing.assert_allclose(found[:, 1], clipped(scaled, STANDARD_CLIP), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[:, 2], np.where(np.arange(5000) < 500, -1.0, 0.0), rtol=1e-6)
    if common == 0.0:
        rows = sp.csr_array(X)
        inputs = DropoutMLPRegressor(**FAST).fit(rows, X[:, 0], weights)._net.inputs
        dense = inputs(X, np.float64)
        np.testing.assert_allclose(dense[:, [0, 2]], found[:, [0, 2]], rtol=1e-5, atol=1e-7)
    X[::9] = np.nan
    gaps = DropoutMLPRegressor(missing="indicator", **FAST).fit(X, np.nan_to_num(X[:, 0]), weights)
    kept = np.arange(5000) % 9 > 0
    root = np.sqrt(np.average(z[:500, 0][kept[:500]] ** 2, weights=weights[:500][kept[:500]]))
    found = seen_by_net(gaps, X)[:, 0]
    np.testing.assert_allclose(found[kept], clipped(z[kept, 0] / root, STANDARD_CLIP), rtol=1e-5, atol=1e-7)
    mean = np.average(z[kept, 0], weights=weights[kept])
    np.testing.assert_allclose(found[~kept], mean / root, rtol=1e-5)  # the mean of the column


def test_tables__zeros_and_ones_stay_as_they_are():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(60) < 0.1, rng.random(60) < 0.5, np.ones(60), rng.random(60)]).astype(float)
    for rows in (X, sp.csr_array(X)):
        model = DropoutMLPRegressor(**FAST).fit(rows, X[:, 3])
        seen = seen_by_net(model, X)
        np.testing.assert_array_equal(seen[:, :2], X[:, :2])
        assert (seen[:, 2] == 0.0).all()
    X[:9, 0] = np.nan
    model = DropoutMLPRegressor(**FAST).fit(X, X[:, 3])
    np.testing.assert_allclose(seen_by_net(model, X)[:, 0], np.where(np.isnan(X[:, 0]), X[9:, 0].mean(), X[:, 0]))


def test_weighted_quantiles__are_those_of_repeated_rows():
    rng = np.random.default_rng(0)
    values, times = rng.standard_normal((30, 4)), rng.integers(0, 4, 30)
    values[:5, 1] = np.nan
    values[:, 2] = np.nan
    levels = (0.0, 0.25, 0.5, 0.9, 1.0)
    found = weighted_quantiles(values, times.astype(float), levels)
    repeated = values.repeat(times, axis=0)
    np.testing.assert_array_equal(found[1:], weighted_quantiles(repeated, np.ones(len(repeated)), levels)[1:])
    np.testing.assert_array_equal(found, weighted_quantiles(values, 0.1 * times, levels))
    wanted = np.quantile(repeated[:, 0], levels[1:], method="inverted_cdf")
    np.testing.assert_array_equal(found[1:, 0], wanted)
    assert np.isnan(found[:, 2]).all()


@pytest.mark.parametrize(
    "X",
    [
        np.array([[number, "xyz"[k % 3]] for k, number in enumerate(DECIMALS)]),  # an array of text
        DECIMALS[:, None].astype(str).astype(object),
        pd.DataFrame({"number": DECIMALS.astype(str)}),
        pd.DataFrame({"number": [str(k) for k in range(60)]}),  # as many as rows
    ],
)
def test_tables__numbers_as_text_are_categories_with_a_warning(X):
    y = (DECIMALS > 0.0).astype(int)
    with pytest.warns(UserWarning, match=r"numbers as text, .* is column 0.* with 60 categories, such as '[-\d.]+'"):
        DropoutMLPClassifier(**FAST).fit(X, y)
    DropoutMLPClassifier(**FAST, categorical_features=list(range(np.shape(X)[1]))).fit(X, y)  # no warning


@pytest.mark.parametrize(
    "column",
    [
        [str(k % 7) for k in range(60)],
        ["1", "2", "3", "nan"] * 15,
        ["1_0", "2_5", "3_1"] * 20,
        pd.Categorical(["0.5", "1.0", "2.5"] * 20),
    ],
)
def test_tables__codes_are_categories_without_a_warning(column):
    DropoutMLPClassifier(**FAST).fit(pd.DataFrame({"code": column}), (DECIMALS > 0.0).astype(int))


@pytest.mark.parametrize("as_frame", [False, True])
def test_tables__numbers_that_single_precision_lacks_warn(as_frame):
    X, y = np.column_stack([DECIMALS * 1e-47, DECIMALS]), (DECIMALS > 0.0).astype(int)
    table = pd.DataFrame({"moment": X[:, 0], "b": X[:, 1], "c": ["x", "y"] * 30}) if as_frame else X
    message = r"too small for float32, .* first of 1 is column 0.*, with numbers up to \d\.\d+e-47"
    with pytest.warns(UserWarning, match=message):
        DropoutMLPClassifier(**FAST).fit(table, y)
    DropoutMLPClassifier(**FAST).fit(X * [1e5, 1.0], y)  # no warning


@pytest.mark.parametrize("standardize", ["robust", "standard"])
def test_tables__digits_far_from_zero_are_kept(standardize):
    X = np.random.default_rng(0).standard_normal((60, 2))
    y = X[:, 0]
    model = DropoutMLPRegressor(standardize=standardize, **FAST).fit(X + 1e9, y)
    near = DropoutMLPRegressor(standardize=standardize, **FAST).fit(X, y)
    np.testing.assert_allclose(seen_by_net(model, X + 1e9), seen_by_net(near, X), atol=1e-5)
    table = pd.DataFrame(dict(a=X[:, 0] + 1e9, b=X[:, 1] + 1e9, c=["x", "y"] * 30))
    model = DropoutMLPRegressor(standardize=standardize, **FAST).fit(table, y)
    np.testing.assert_allclose(seen_by_net(model, table)[:, :2], seen_by_net(near, X), atol=1e-5)


@pytest.mark.parametrize("standardize", ["robust", "standard", None])
@pytest.mark.parametrize("kind", ["array", "frame"])
def test_tables__order_and_repetition_of_rows_do_not_matter(standardize, kind):
    X, y = frame()
    X = X if kind == "frame" else X[["income", "age"]].to_numpy()
    take = (lambda rows: X.iloc[rows]) if kind == "frame" else (lambda rows: X[rows])
    rng = np.random.default_rng(1)
    order, times = rng.permutation(len(y)), rng.integers(0, 3, len(y))
    model = DropoutMLPClassifier((10,), max_iter=3, standardize=standardize, random_state=0)
    wanted = clone(model).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(take(order), y[order]).predict_proba(X), wanted)
    repeated = np.arange(len(y)).repeat(times)
    weighted = clone(model).fit(X, y, times).predict_proba(X)
    np.testing.assert_array_equal(weighted, clone(model).fit(take(repeated), y[repeated]).predict_proba(X))


@pytest.mark.filterwarnings("ignore:X_val has features")
def test_tables__only_training_rows_are_learned_from():
    X, y = frame(80)
    extreme = X.assign(income=1e12, city="elsewhere", age=np.nan)
    model = DropoutMLPClassifier(**FAST).fit(X, y, X_val=extreme, y_val=y)
    plain = DropoutMLPClassifier(**FAST).fit(X, y)
    np.testing.assert_array_equal(seen_by_net(model, X), seen_by_net(plain, X))
    assert pickle.dumps(model._net.inputs) == pickle.dumps(plain._net.inputs)


# ---- missing values


def test_tables__whole_numbers_beyond_double_precision_are_named():
    table = pd.DataFrame({"count": [10**400 + k for k in range(20)]})
    with pytest.raises(ValueError, match=r"too large for float64 in column 0 \('count'\)"):
        DropoutMLPClassifier(**FAST).fit(table, np.arange(20) % 2)


def test_tables__missing_numbers_are_centres_with_an_indicator():
    X = np.random.default_rng(0).standard_normal((30, 3))
    X[:6, 1] = np.nan
    model = DropoutMLPRegressor(standardize=None, **FAST).fit(X, X[:, 0])
    new = X.copy()
    new[7] = np.nan  # columns without missing values in training get no indicator
    wanted = np.column_stack([np.where(np.isnan(new), np.nanmean(X, axis=0), new), np.isnan(new[:, 1])])
    np.testing.assert_allclose(seen_by_net(model, new), wanted, atol=1e-6)
    for standardize in ("robust", "standard"):
        model = DropoutMLPRegressor(standardize=standardize, **FAST).fit(X, X[:, 0])
        assert (seen_by_net(model, new)[7, :3] == 0.0).all()
    assert np.isfinite(model.predict(new)).all()


def test_tables__a_column_without_any_value_says_nothing():
    X = np.random.default_rng(0).standard_normal((30, 2))
    X[:, 1] = np.nan
    new = np.column_stack([X[:, 0], np.arange(30.0)])
    for standardize in ("robust", "standard", None):
        model = DropoutMLPRegressor(standardize=standardize, **FAST).fit(X, X[:, 0])
        np.testing.assert_array_equal(seen_by_net(model, X)[:, 1:], np.zeros((30, 1)))
        if standardize is not None:
            np.testing.assert_array_equal(seen_by_net(model, new), seen_by_net(model, X))


@pytest.mark.parametrize(("bad", "what"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_tables__errors_name_the_column(bad, what):
    X, y = frame()
    X.loc[3, "income"] = bad
    model = DropoutMLPClassifier(missing="raise", **FAST)
    with pytest.raises(ValueError, match=rf"^Input X contains {what} in column 0 \('income'\)"):
        model.fit(X, y)
    advice = r"\. Set missing='indicator' to take it" if what == "NaN" else ""
    with pytest.raises(ValueError, match=rf"^Input X contains {what} in column 0{advice}"):
        model.fit(X[["income"]].to_numpy(), y)


def test_tables__sparse_rows_take_no_missing_numbers():
    X = sp.csr_array(np.array([[np.nan, 1.0], [2.0, 0.0]] * 10))
    with pytest.raises(ValueError, match=r"^Input X contains NaN in column 0\. Sparse X has no missing"):
        DropoutMLPRegressor(**FAST).fit(X, np.arange(20.0))


# ---- categories


@pytest.mark.parametrize("name", ["colour", "city"])
def test_tables__unknown_categories_are_what_is_expected(name):
    X, y = frame()
    weights = 1.0 + np.arange(len(y)) % 3
    model = DropoutMLPClassifier(**FAST).fit(X, y, weights)
    new = X.assign(**{name: "elsewhere"})
    at = seen_by_net(model, new)
    known = seen_by_net(model, X)
    columns = [8] if name == "city" else [4, 5, 6, 7]
    wanted = [0] if name == "city" else np.average(known[:, columns], axis=0, weights=weights)
    np.testing.assert_allclose(at[:, columns], np.tile(wanted, (len(X), 1)))
    if name == "city":
        shares = np.bincount(X["city"].cat.codes, weights) / weights.sum()
        np.testing.assert_allclose(model._net.inputs.coded[0].shares, shares)
    others = [j for j in range(at.shape[1]) if j not in columns]
    np.testing.assert_array_equal(at[:, others], known[:, others])
    assert np.isfinite(model.predict_proba(new)).all()


def test_tables__missing_categories_are_a_category():
    X, y = frame()
    model = DropoutMLPClassifier(**FAST).fit(X, y)
    for value in (None, np.nan, pd.NA):
        new = X.assign(colour=pd.Series([value] * len(X), dtype=object))
        np.testing.assert_array_equal(seen_by_net(model, new)[:, 4:8], np.tile([0, 0, 0, 1], (len(X), 1)))
    filled = X.fillna({"colour": "red"})
    never = DropoutMLPClassifier(**FAST).fit(filled, y)
    shares = filled["colour"].value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(seen_by_net(never, new)[:, 4:7], np.tile(shares, (len(X), 1)))


@pytest.mark.parametrize("n_categories", [3, 12])
def test_tables__predictions_for_unknown_categories_are_between_those_for_known_ones(n_categories):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, n_categories, 300) * rng.integers(0, 2, 300)  # the first one is frequent
    x, names = rng.standard_normal(300), np.array([f"c{k:02d}" for k in range(n_categories)])
    X, y = pd.DataFrame(dict(x=x, c=names[codes])), x + 3.0 * codes / n_categories
    model = DropoutMLPRegressor(**FAST | dict(max_iter=30, dropout=0.0, learning_rate=0.01)).fit(X, y)
    middle = pd.DataFrame(dict(x=np.zeros(n_categories), c=names))
    known = model.predict(middle)
    for value in (None, "elsewhere"):  # no entry was missing in fit
        unknown = model.predict(middle[:1].assign(c=value))[0]
        assert known.min() < unknown < known.max()
        assert unknown == pytest.approx(np.average(known, weights=np.bincount(codes)), abs=0.2 * np.ptp(known))


def test_tables__all_ways_to_name_categories_are_one():
    X, y = frame()
    wanted = DropoutMLPClassifier(**FAST).fit(X, y).predict_proba(X)
    mask = [False, True, False, True, False]
    for given in (["city", "colour"], [1, 3], mask, np.array([1, -2]), pd.Index(["colour", "city"])):
        model = DropoutMLPClassifier(categorical_features=given, **FAST).fit(X, y)
        np.testing.assert_array_equal(model.predict_proba(X), wanted)
    array = X.astype(object).to_numpy()
    np.testing.assert_array_equal(DropoutMLPClassifier(**FAST).fit(array, y).predict_proba(array), wanted)
    np.testing.assert_array_equal(DropoutMLPClassifier(**FAST).fit(array.tolist(), y).predict_proba(array), wanted)


def test_tables__numbers_may_be_categories():
    X = np.column_stack([np.arange(60) % 3, np.arange(60) % 11, np.linspace(0.0, 1.0, 60)])
    y = np.arange(60) % 2
    model = DropoutMLPClassifier(categorical_features=[0, 1], **FAST).fit(X, y)
    assert seen_by_net(model, X).shape == (60, 1 + 3 + 1)
    for other in (X.astype(np.float32), pd.DataFrame(X), X.tolist()):
        np.testing.assert_allclose(model.predict_proba(other), model.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("make", [pl.from_pandas, lambda X: pa.Table.from_pandas(X, preserve_index=False)])
def test_tables__frames_of_all_libraries_are_one(make):
    X, y = frame()
    wanted = DropoutMLPClassifier(**FAST).fit(X, y)
    found = DropoutMLPClassifier(**FAST).fit(make(X), y)
    np.testing.assert_array_equal(found.predict_proba(make(X)), wanted.predict_proba(X))


def test_tables__types_of_columns_do_not_matter():
    X, y = frame()
    wanted = DropoutMLPClassifier(**FAST).fit(X, y).predict_proba(X)
    owns, age = X["owns"], X["age"]
    for other in (
        X.assign(owns=owns.astype(float), age=age.astype("Float64"), colour=X["colour"].astype("string")),
        X.assign(owns=owns.astype("boolean"), age=age.astype(object), city=X["city"].astype(str)),
        X.assign(owns=owns.astype(object), colour=X["colour"].astype("category")),
    ):
        np.testing.assert_array_equal(DropoutMLPClassifier(**FAST).fit(other, y).predict_proba(other), wanted)


def test_tables__all_marks_of_missing_cells_of_objects_are_one():
    X, y = frame()
    for columns in (["city", "colour", "age"], ["income", "age"]):
        part = X[columns]
        marks = [part.astype(object).where(part.notna(), mark).to_numpy() for mark in (None, np.nan, pd.NA)]
        found = [DropoutMLPClassifier(**FAST).fit(marked, y).predict_proba(marked) for marked in marks]
        np.testing.assert_array_equal(found[1], found[0])
        np.testing.assert_array_equal(found[2], found[0])


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame])
@pytest.mark.parametrize("standardize", ["robust", "standard"])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_tables__numbers_outside_of_single_precision_are_refused(standardize, make):
    X = 1e200 * (1.0 + 1e-6 * np.random.default_rng(0).standard_normal((60, 2)))
    table = make(X)
    if make is pd.DataFrame:
        table = table.assign(text="some").set_axis(list("abc"), axis=1)
    with pytest.raises(ValueError, match="too large for float32"):
        DropoutMLPRegressor(standardize=standardize, **FAST).fit(table, X[:, 0])


def test_tables__numbers_beside_text_stay_as_they_are_without_standardize():
    X, y = frame()
    table = X[["colour"]].assign(far=1e6 + np.arange(80.0))
    with pytest.warns(UserWarning, match="more than 1000 standard deviations from 0"):
        model = DropoutMLPClassifier(standardize=None, **FAST).fit(table, y)
    np.testing.assert_array_equal(seen_by_net(model, table)[:, 0], table["far"])


def test_tables__categories_by_names_and_indices_together():
    X, y = frame()
    mixed = DropoutMLPClassifier(categorical_features=[1, "colour"], **FAST).fit(X, y)
    np.testing.assert_array_equal(mixed.predict_proba(X), DropoutMLPClassifier(**FAST).fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match=r"categories that cannot be sorted \(list\) in column 0"):
        DropoutMLPClassifier(categorical_features=[0], **FAST).fit(X.assign(income=[[1]] * len(X)), y)


def test_tables__categories_of_another_type_are_refused_by_name():
    X, y = frame()
    model = DropoutMLPClassifier(**FAST).fit(X, y)
    message = r"X holds 7 \(int\) in column 1 \('city'\), whose categories were of the type str in fit"
    with pytest.raises(ValueError, match=message):
        model.predict(X.assign(city=7))
    with pytest.raises(TypeError, match=r"X holds values in column 3 \('colour'\) that are no categories: unhashable"):
        model.predict(X.assign(colour=[["red"]] * len(X)))
    postcodes = X.assign(city=np.resize(np.arange(12), len(X)))
    model = DropoutMLPClassifier(categorical_features=["city", "colour"], **FAST).fit(postcodes, y)
    with pytest.raises(ValueError, match=r"X holds '0' \(str\) .* type int in fit, such as 0"):
        model.predict(postcodes.assign(city=postcodes["city"].astype(str)))
    wanted = model.predict_proba(postcodes)
    np.testing.assert_array_equal(model.predict_proba(postcodes.assign(city=postcodes["city"].astype(float))), wanted)


def test_tables__mixed_columns_are_refused_by_name():
    X, y = frame()
    mixed = X.assign(colour=X["colour"].where(X.index > 10, 3))
    with pytest.raises(ValueError, match=r"both text, such as '.*', and others, such as 3, in column 3 \('colour'\)"):
        DropoutMLPClassifier(**FAST).fit(mixed, y)
    with pytest.raises(ValueError, match=r"categories that cannot be sorted \(int, str\) in column 3 \('colour'\)"):
        DropoutMLPClassifier(categorical_features=["colour"], **FAST).fit(mixed, y)
    model = DropoutMLPClassifier(**FAST).fit(X, y)
    with pytest.raises(ValueError, match=r"text in column 0 \('income'\), such as 'much', where numbers"):
        model.predict(X.assign(income="much"))
    with pytest.raises(ValueError, match="should match those that were passed during fit"):
        model.predict(X[X.columns[::-1]])
    with pytest.raises(ValueError, match="5 features"):
        DropoutMLPClassifier(**FAST).fit(X.to_numpy(), y).predict(X.to_numpy()[:, :3])
    with pytest.raises(ValueError, match=r"rows and columns; got .* of the shape \(5,\)"):
        model.predict(X.iloc[0])
    with pytest.raises(ValueError, match="X has no columns"):
        model.fit(X[[]], y)
    with pytest.raises(TypeError, match="X has masked entries"):
        DropoutMLPClassifier(**FAST).fit(np.ma.masked_greater(np.eye(80), 0.5), y)
    with pytest.raises(TypeError, match="sparse"):
        model.predict(sp.csr_array(np.zeros((3, 5))))
    with pytest.raises(ValueError, match=r"categorical_features names 'town', which is no column of X"):
        DropoutMLPClassifier(categorical_features=["town"], **FAST).fit(X, y)
    for cell, words in ((date(2024, 1, 1), "holds dates in column 5"), ([1], r"holds \[1\] in column 5")):
        with pytest.raises(TypeError, match=words + r" \('extra'\).* or leave the column out"):
            DropoutMLPClassifier(**FAST).fit(X.assign(extra=[cell] * len(X)), y)
    with pytest.raises(ValueError, match="Give it augmenters that change numbers only"):
        DropoutMLPClassifier(augmenter=TrivialAugment(), **FAST).fit(X, y)
    for augmenter in (GaussianNoise(), FeatureMask(), Mixup()):  # 0 is the code of a category, and no missing one
        words = r"augmenter=\w+\(\) .* column 1 \('\w+'\) holds categories.*columns=\[0, 2, 4\].*needs numbers"
        with pytest.raises(ValueError, match=words):
            DropoutMLPClassifier(augmenter=augmenter, **FAST).fit(X, y)


class Holes(Augmenter):
    """Removes cells, of categories too."""

    def _augment(self, batch, rng):
        return batch._replace(X=np.where(rng.random(batch.X.shape) < 0.5, None, batch.X))


def test_augmenter__its_own_errors_and_cells_that_are_no_categories():
    X, y = frame()
    with pytest.raises(ValueError, match=r"^The 'scale' parameter of GaussianNoise"):
        DropoutMLPClassifier(augmenter=GaussianNoise(-1.0), **FAST).fit(X, y)
    with pytest.raises(ValueError, match=r"has put None into column 1 \('\w+'\), which holds categories"):
        DropoutMLPClassifier(augmenter=Holes(), **FAST).fit(X, y)


def test_tables__mixed_codes_are_those_of_one_of_the_rows():
    X, y = frame()
    model = DropoutMLPClassifier(mixup=1.0, embedding_dropout=0.2, input_noise=0.1, **FAST).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    batches = model._batches(model._read(X, y, None), *_found(model, X, y), model.augmenter)
    for batch in batches.epoch(np.random.default_rng(0)):
        assert set(batch.x[:, 8]) <= set(range(1, 13))


def augmented_rows(augmenter, X, y):
    """The table as a matrix, and the same rows after an augmenter in the net, before they are scaled."""
    model = DropoutMLPClassifier(augmenter=augmenter, **FAST).fit(X, y)
    model._net.inputs = None
    data = model._read(X, y, None)
    augment = model._batches(data, *_found(model, X, y), model.augmenter).augment
    return data.X, augment(np.arange(len(y)), np.random.default_rng(0), np.float32).x


def test_augmenter__changes_the_numbers_of_a_table_with_categories():
    X, y = frame()
    numbers = [j for j, column in enumerate(X) if pd.api.types.is_numeric_dtype(X[column])]
    rest = np.setdiff1d(np.arange(X.shape[1]), numbers)
    old, new = augmented_rows(GaussianNoise(1e-6, columns=numbers), X, y)
    np.testing.assert_allclose(new, old, rtol=1e-4, atol=1e-4)  # missing ones too
    old, new = augmented_rows(GaussianNoise(1.0, columns=numbers), X, y)
    np.testing.assert_array_equal(new[:, rest], old[:, rest])
    known = ~np.isnan(old[:, numbers])
    assert (new[:, numbers][known] != old[:, numbers][known]).all()


def test_augmenter__swaps_categories_within_their_columns():
    X, y = frame()
    old, new = augmented_rows(SwapNoise(0.5), X, y)
    for before, after in zip(old.T, new.T, strict=True):
        assert set(after[~np.isnan(after)]) <= set(before)
        assert 0.05 < (before != after)[~np.isnan(before)].mean() < 0.6
    old, new = augmented_rows(SwapNoise(0.0), X.to_numpy(dtype=object), y)
    np.testing.assert_array_equal(new, old)


def _found(model, X, y):
    from skreg.neural._data import UniqueRows

    found = UniqueRows.of(model._read(X, y, None))
    return found, 16, 5, 1.0


def test_tables__embeddings_learn_what_many_categories_mean():
    rng = np.random.default_rng(0)
    effect = rng.standard_normal(40)
    codes = rng.integers(0, 40, 1200)
    X = pd.DataFrame(dict(shop=np.array([f"s{k}" for k in range(40)])[codes], noise=rng.standard_normal(1200)))
    y = effect[codes] + 0.1 * rng.standard_normal(1200)
    model = DropoutMLPRegressor((30,), dropout=0.0, max_iter=40, random_state=0).fit(X[:1000], y[:1000])
    assert model.score(X[1000:], y[1000:]) > 0.95


# ---- the estimator around it


def test_tables__pickles_clones_searches_and_warm_starts():
    X, y = frame()
    model = DropoutMLPClassifier(categorical_features=["city", "colour"], warm_start=True, **FAST).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    assert clone(model).categorical_features == ["city", "colour"]
    again = model.fit(X, y)
    assert again.n_iter_ == 10
    with pytest.raises(ValueError, match="cannot continue with standardize=None"):
        model.set_params(standardize=None).fit(X, y)
    search = GridSearchCV(DropoutMLPClassifier(**FAST), dict(embedding_size=[2, "auto"]), cv=2).fit(X, y)
    assert search.predict(X).shape == (80,)


def test_tables__the_first_chunk_of_a_stream_decides():
    X, y = frame()
    model = DropoutMLPClassifier(**FAST).partial_fit(X[:40], y[:40])
    inputs = pickle.dumps(model._net.inputs)
    model.partial_fit(X[40:].assign(city="elsewhere"), y[40:])
    assert pickle.dumps(model._net.inputs) == inputs


def test_tables__fine_tuning_sees_columns_as_the_source_does():
    X, y = frame()
    source = DropoutMLPClassifier(**FAST).fit(X, y)
    tuned = FineTunedClassifier(FrozenEstimator(source), l2_sp=np.inf, random_state=0).fit(
        X[:40].assign(age=1.0), y[:40]
    )
    np.testing.assert_array_equal(tuned.predict_proba(X), source.predict_proba(X))


def test_tables__sparse_rows_are_scaled_and_stay_sparse():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((60, 4)) < 0.7, 0.0, rng.standard_normal((60, 4)) * [1.0, 10.0, 1e5, 0.0])
    y = X[:, 1]
    model = DropoutMLPRegressor(standardize="robust", **FAST).fit(sp.csr_array(X), y)
    seen = take_rows(sp.csr_array(X), np.arange(60), np.float64, model._net.inputs)
    entries = X[:, :3][X[:, :3] != 0.0]
    assert seen.data[seen.data != 0.0].size == entries.size
    counts = np.count_nonzero(X[:, :3], axis=0)
    scaled = X[:, :3] / np.sqrt((X[:, :3] ** 2).sum(axis=0) / counts)
    np.testing.assert_allclose(np.bincount(seen.indices, seen.data)[:3], clipped(scaled, ROBUST_CLIP).sum(axis=0))
    np.testing.assert_allclose(model.predict(X), model.predict(sp.csr_array(X)), rtol=1e-5)
    standard = DropoutMLPRegressor(standardize="standard", **FAST).fit(sp.csr_array(X), y)
    np.testing.assert_allclose(standard._net.inputs.numbers.scale[:3], 1.0 / X[:, :3].std(axis=0))  # not so rare
    dense = DropoutMLPRegressor(standardize="robust", **FAST).fit(X, y)
    np.testing.assert_allclose(dense.predict(sp.csr_array(X)), dense.predict(X), rtol=1e-5)


def test_tables__sparse_rows_for_a_net_with_indicators():
    """Whose numbers are not shifted, since all medians are 0."""
    X = np.random.default_rng(0).permuted(np.tile([-2.0, -1.0, 0.0, 1.0, 2.0], (3, 12)).T, axis=0)
    X[0, 0] = X[1, 1] = np.nan
    model = DropoutMLPRegressor(standardize="robust", **FAST).fit(X, np.arange(60.0))
    whole = np.nan_to_num(X)
    np.testing.assert_allclose(model.predict(sp.csr_array(whole)), model.predict(whole), rtol=1e-5)
    for kind in ("piecewise", "periodic"):
        model = DropoutMLPRegressor(standardize="robust", numeric_embedding=kind, **FAST).fit(whole, np.arange(60.0))
        np.testing.assert_allclose(model.predict(sp.csr_array(whole)), model.predict(whole), rtol=1e-5)


def test_tables__sparse_rows_are_clipped_before_they_are_mixed():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((60, 4)) < 0.7, 0.0, rng.lognormal(0.0, 2.0, (60, 4)))
    inputs = DropoutMLPRegressor(**FAST).fit(sp.csr_array(X), X[:, 1])._net.inputs
    seen = inputs(X, np.float64)
    rows = rng.permutation(60)[:20]
    mixed = take_rows(sp.csr_array(X), rows, np.float64, inputs, share=0.3).dot(np.eye(4), np.empty((20, 4)))
    np.testing.assert_allclose(mixed, 0.3 * seen[rows] + 0.7 * seen[rows[::-1]])
    assert 3.0 < np.abs(seen).max() < 5.0


def test_tables__uncertainty_of_rows():
    X, y = frame()
    model = DropoutMLPClassifier((), max_iter=3, random_state=0).fit(X, y)  # distances in what the layers see
    assert np.isfinite(model.predict_uncertainty(X).distance).all()
    monitored = DropoutMLPClassifier((5,), max_iter=3, monitor="accuracy", random_state=0).fit(X, y)
    assert len(monitored.validation_curve_) == 3


# ---- embeddings of numbers


@pytest.mark.parametrize("kind", ["piecewise", "periodic"])
def test_numeric_embedding__learns_steps_and_waves(kind):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2.0, 2.0, (1200, 2))
    y = np.floor(2.0 * X[:, 0]) + np.sign(X[:, 1]) if kind == "piecewise" else np.sin(8.0 * X[:, 0])
    options = dict(hidden_layer_sizes=(20,), dropout=0.0, max_iter=40, learning_rate=0.02)
    scores = {}
    for name in (None, kind):
        nets = [DropoutMLPRegressor(numeric_embedding=name, **options, random_state=seed) for seed in range(3)]
        # frequencies begin at random: some nets of few miss the one of the wave
        scores[name] = np.median([net.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) for net in nets])
    assert scores[kind] > 0.9
    assert 1.0 - scores[kind] < 0.5 * (1.0 - scores[None])


@pytest.mark.parametrize("kind", ["piecewise", "periodic"])
def test_numeric_embedding__of_tables(kind):
    X, y = frame()
    X["same"] = 1.0
    X["none"] = np.nan
    model = DropoutMLPClassifier(numeric_embedding=kind, embedding_size=3, input_noise=0.1, mixup=0.2, **FAST).fit(X, y)
    assert model.weights_[0].shape[0] == 5 * 3 + 1 + 4 + 3  # numbers, an indicator, colours and cities
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    plain = DropoutMLPClassifier(numeric_embedding=kind, standardize=None, missing="raise", **FAST)
    numbers = X[["income", "owns"]].to_numpy(float)
    assert plain.fit(numbers, y).weights_[0].shape[0] == 2 * 16
    with pytest.raises(ValueError, match=f"numeric_embedding='{kind}' needs dense X"):
        plain.fit(sp.csr_array(numbers), y)


@pytest.mark.parametrize("standardize", ["robust", "standard"])
def test_numeric_embedding__bins_are_as_wide_as_numbers_differ_in_single_precision(standardize):
    X = np.exp(12.0 * np.random.default_rng(0).standard_normal((400, 1)))
    model = DropoutMLPRegressor(numeric_embedding="piecewise", standardize=standardize, **FAST).fit(X, X[:, 0])
    edges = model._net.inputs.edges[0]
    assert (np.diff(edges.astype(np.float32)) > 0.0).all()
    x = take_rows(X, np.arange(400), np.float32, model._net.inputs)
    bins, places = np.empty(x.shape, int), np.empty(x.shape, np.float32)
    find_bins(x, edges[None], np.array([len(edges) - 1]), bins, places)
    assert places.min() >= 0.0
    assert places.max() <= 1.0


def test_numeric_embedding__bins_are_quantiles_of_the_training_rows():
    X = np.random.default_rng(0).exponential(size=(400, 2))
    X[:, 1] = np.arange(400) % 3
    model = DropoutMLPRegressor(numeric_embedding="piecewise", standardize=None, **FAST).fit(X, X[:, 0])
    edges = model._net.inputs.edges
    assert [len(own) for own in edges] == [21, 3]
    wanted = np.sort(X[:, 0])[np.maximum(20 * np.arange(21) - 1, 0)]  # the smallest ones with shares of 1 / 20, ...
    np.testing.assert_allclose(edges[0], wanted, rtol=1e-6)


# ---- whole numbers far from zero


@pytest.mark.parametrize(("first", "step"), [(10**14, 1), (4 * 10**15, 1), (1_700_000_000 * 10**9, 1000)])
@pytest.mark.parametrize("kind", ["array", "pandas", "polars", "with text"])
def test_tables__whole_numbers_far_from_zero_keep_their_changes(kind, first, step):
    steps = np.random.default_rng(0).permutation(300)
    table = pd.DataFrame({"i": first + step * steps})
    X = table.to_numpy() if kind == "array" else pl.from_pandas(table) if kind == "polars" else table
    if kind == "with text":
        X = X.assign(t=np.resize(["a", "b"], 300))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = DropoutMLPRegressor(**FAST).fit(X, np.sin(steps / 40))
    # numbers near 1.7e18 are 256 apart, and their mean is rounded by as much; those of one step have 1000
    wanted = clipped((steps - 149.5) / steps.std(), STANDARD_CLIP)
    np.testing.assert_allclose(seen_by_net(model, X)[:, 0], wanted, atol=2e-2)


def test_tables__moments_far_from_zero_are_exact_over_many_blocks_and_after_gaps():
    steps = np.random.default_rng(0).integers(0, 9, (700, 1000))
    X = 4e15 + steps
    X[0, 0] = np.nan
    found = ColumnStatistics(X, np.arange(700), np.ones(700), np.arange(1000), exact=True).summary()
    np.testing.assert_allclose(found.deviation[1:], steps[:, 1:].std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.deviation[0], steps[1:, 0].std(), rtol=1e-12)
    X[1:] = X[1]
    assert not ColumnStatistics(X[1:], np.arange(699), np.ones(699), np.arange(1000), True).summary().deviation.any()


@pytest.mark.parametrize("kind", ["array", "pandas", "with text"])
def test_tables__whole_numbers_that_double_precision_does_not_hold_warn(kind):
    table = pd.DataFrame({"w": np.arange(100), "i": 1_700_000_000 * 10**9 + np.arange(100)})
    X = table.to_numpy() if kind == "array" else table
    if kind == "with text":
        X = X.assign(t=np.resize(["a", "b"], 100))
    name = "column 1" if kind == "array" else r"column 1 \('i'\)"
    with pytest.warns(UserWarning, match=rf"few apart; the first of 1 is {name}, from 17{'0' * 17} to") as caught:
        DropoutMLPRegressor(**FAST).fit(X, np.arange(100.0))
    assert {one.filename for one in caught} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DropoutMLPRegressor(**FAST | dict(standardize=None)).fit(table[["w"]], np.arange(100.0))


# ---- augmenters that choose columns by name


@pytest.mark.parametrize(
    ("columns", "indices"),
    [(["b"], [1]), ("b", [1]), (make_column_selector(dtype_include="number"), [0, 1]), ([True, False, False], [0])],
)
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_augmenter__names_and_selectors_of_columns_are_those_of_the_frame(kind, columns, indices):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60), "t": np.resize(["x", "y"], 60)})
    y = X["a"].to_numpy()
    if kind == "polars":
        X, columns = pl.from_pandas(X), indices if callable(columns) else columns
    by_name = DropoutMLPRegressor(augmenter=GaussianNoise(1.0, columns=columns), **FAST).fit(X, y)
    by_index = DropoutMLPRegressor(augmenter=GaussianNoise(1.0, columns=indices), **FAST).fit(X, y)
    np.testing.assert_array_equal(by_name.predict(X), by_index.predict(X))
    assert by_name.augmenter.columns is columns
    plain = DropoutMLPRegressor(**FAST).fit(X, y)
    assert not np.array_equal(by_name.predict(X), plain.predict(X))


@pytest.mark.parametrize("early_stopping", ["cv", True, False])
def test_augmenter__names_inside_other_augmenters(early_stopping):
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame(rng.normal(size=(90, 3)), columns=["a", "b", "c"]), rng.normal(size=90)
    options = FAST | dict(early_stopping=early_stopping)

    def predicted(*columns):
        first, second = (GaussianNoise(1.0, columns=one) for one in columns)
        chain = Compose([first, RandomApply(second, 0.5)])
        return DropoutMLPRegressor(augmenter=chain, **options).fit(X, y).predict(X)

    np.testing.assert_array_equal(predicted(["c", "a"], "b"), predicted([0, 2], 1))
    with pytest.raises(ValueError, match="columns has 'd', which is not a column of X"):
        predicted(["a"], "d")


def test_tables__numbers_that_differ_by_rounding_are_constant():
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[:, 2] = np.where(np.arange(60) % 2, 0.1 + 0.2, 0.3)  # as sums that are the same but for their order
    model = DropoutMLPRegressor(max_iter=3, early_stopping=False, random_state=0).fit(X, X[:, 0])
    np.testing.assert_array_equal(model.predict(X), model.predict(np.column_stack([X[:, :2], np.full(60, 5.0)])))
