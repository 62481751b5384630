"""Generated rows: distributions, correlations, types, missing entries, and input that is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from scipy.stats import ks_2samp, spearmanr
from sklearn.naive_bayes import GaussianNB

from skreg import AugmentedClassifier
from skreg.augmentation import Batch, GANAugmenter, GaussianCopulaAugmenter, _comparison, compare_generated
from skreg.augmentation._generated import latent_correlation
from skreg.augmentation._ranks import columns_of
from tests.versions import SKLEARN_1_9


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 600
    a = rng.exponential(size=n)
    frame = pd.DataFrame(
        {
            "a": a,
            "b": -2.0 * a + 0.5 * rng.normal(size=n),
            "size": pd.Categorical(np.where(a > 1, "large", np.where(a > 0.4, "middle", "small"))),
            "d": np.where((a > 1) & (rng.random(n) < 0.6), np.nan, rng.integers(0, 5, n)),
            "e": rng.integers(0, 10, n),
            "text": np.where(rng.random(n) < 0.3, "x", "y"),
        }
    )
    return frame, np.where(rng.random(n) < 0.05, "rare", np.where(a > 0.7, "high", "low"))


def test_copula__columns_and_ranks_are_those_of_the_rows(table):
    frame, y = table
    new, labels = GaussianCopulaAugmenter(random_state=0).fit(frame, y).generate(3000)
    assert new.dtypes.equals(frame.dtypes)
    for name in ("a", "b", "e"):
        assert ks_2samp(new[name], frame[name]).statistic < 0.06
        assert set(new[name]) <= set(frame[name])
    assert new["d"].isna().mean() == pytest.approx(frame["d"].isna().mean(), abs=0.04)
    assert spearmanr(new["a"], new["b"]).statistic == pytest.approx(
        spearmanr(frame["a"], frame["b"]).statistic, abs=0.05
    )
    shares = pd.Series(labels).value_counts(normalize=True)
    assert shares["rare"] == pytest.approx(np.mean(y == "rare"), abs=0.02)
    # within a class: another distribution of a
    for label in ("high", "low", "rare"):
        assert ks_2samp(new["a"][labels == label], frame["a"][y == label]).statistic < 0.15
    # missing entries go with large a, and sizes with a
    assert spearmanr(new["d"].isna(), new["a"]).statistic == pytest.approx(
        spearmanr(frame["d"].isna(), frame["a"]).statistic, abs=0.15
    )
    order = {"small": 0, "middle": 1, "large": 2}
    assert spearmanr(new["size"].map(order), new["a"]).statistic > 0.8


def test_copula__rows_keep_their_labels_and_regression_its_relation(table):
    frame, y = table
    _, labels = GaussianCopulaAugmenter(random_state=0).fit_resample(frame, pd.Series(y))
    assert (labels.to_numpy()[600:] == y).all()
    target = frame["a"].to_numpy() + 10.0
    new, drawn = GaussianCopulaAugmenter(random_state=0).fit(frame[["a", "b"]], target).generate(2000)
    assert spearmanr(new["a"], drawn).statistic > 0.95
    assert spearmanr(new["b"], drawn).statistic < -0.8
    given, same = GaussianCopulaAugmenter(random_state=0).fit(frame[["a", "b"]], target).generate(50, np.full(50, 14.0))
    assert (same == 14.0).all()
    assert given["a"].median() == pytest.approx(4.0, abs=0.7)


def test_copula__polars_arrays_and_no_labels(table):
    frame, y = table
    new, _ = GaussianCopulaAugmenter(random_state=0).fit(pl.from_pandas(frame), y).generate(20)
    assert isinstance(new, pl.DataFrame)
    assert new.schema == pl.from_pandas(frame).schema
    array, none = GaussianCopulaAugmenter(random_state=0).fit(frame[["a", "b"]].to_numpy()).generate(20)
    assert array.shape == (20, 2)
    assert none is None
    again, _ = GaussianCopulaAugmenter(random_state=0).fit(frame[["a", "b"]].to_numpy()).generate(20)
    np.testing.assert_array_equal(array, again)


def test_latent_correlation__of_cut_gaussians_is_that_of_the_gaussians():
    rng = np.random.default_rng(0)
    z = rng.multivariate_normal(np.zeros(3), [[1, 0.6, 0.3], [0.6, 1, 0.5], [0.3, 0.5, 1]], size=20000)
    cut = np.column_stack([z[:, 0], np.digitize(z[:, 1], [-0.5, 1.0]), z[:, 2]])
    scores = np.column_stack([_scores(column) for column in cut.T])
    R = latent_correlation(scores)
    np.testing.assert_allclose(R, [[1, 0.6, 0.3], [0.6, 1, 0.5], [0.3, 0.5, 1]], atol=0.03)


def _scores(column):
    from skreg.augmentation._ranks import Column

    return Column(column.astype(float)).scores(np.arange(column.size))


def test_copula__bad_input(table):
    frame, y = table
    model = GaussianCopulaAugmenter()
    with pytest.raises(ValueError, match="needs rows of a table"):
        model.fit(np.zeros((4, 3, 3)), np.arange(4))
    with pytest.raises(ValueError, match="labels that fit has not seen: \\['new'\\]"):
        model.fit(frame, y).generate(2, np.array(["new", "low"]))
    with pytest.raises(ValueError, match=r"y must have shape \(3,\)"):
        model.generate(3, y[:2])
    constant = pd.DataFrame({"a": np.ones(30), "b": np.arange(30.0), "c": [None] * 30})
    new, _ = model.fit(constant, np.arange(30) % 2).generate(10)
    assert (new["a"] == 1.0).all()
    assert new["c"].isna().all()
    with pytest.raises(ValueError, match="n must be an int of at least 1; got -1"):
        model.generate(-1)


def test_copula__a_class_of_one_row_is_that_row_and_changes_no_other_class():
    rng = np.random.default_rng(0)
    y = np.repeat([1, 2], 200)
    X = rng.normal(size=(400, 2)) + 10.0 * y[:, None]
    for label in (0, 3):
        model = GaussianCopulaAugmenter(random_state=0).fit(np.vstack([X, [15.0, 15.0]]), np.append(y, label))
        assert abs(model.correlation_[0, 1]) < 0.15
        assert (model.generate(5, np.full(5, label))[0] == 15.0).all()


def test_copula__labels_may_be_floats_and_numbers_objects():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    X = rng.normal(size=(300, 2)) + 10.0 * (y == 1)[:, None]
    X[:, 1] += X[:, 0]
    means = [
        AugmentedClassifier(GaussianNB(), GaussianCopulaAugmenter(), include_original=False, random_state=0)
        .fit(X, labels)
        .estimator_.theta_
        for labels in (y, y.astype(float))
    ]
    np.testing.assert_array_equal(*means)
    new, _ = GaussianCopulaAugmenter(random_state=0).fit(X.astype(object)).generate(2000)
    assert spearmanr(new.astype(float)).statistic == pytest.approx(spearmanr(X).statistic, abs=0.05)


def test_copula__keeps_types_of_all_columns_and_the_order_of_dates_and_levels():
    rng = np.random.default_rng(0)
    day = rng.integers(0, 100, 300)
    size = pd.Categorical.from_codes(np.digitize(day, [30, 60]), ["z", "y", "x"], ordered=True)
    frame = pd.DataFrame(
        {
            "date": np.datetime64("2020-01-01") + day.astype("timedelta64[D]"),
            "size": size,
            "other": pd.Series(rng.choice(["u", "v"], 300), dtype=object),
            "yes": pd.array(np.where(day < 10, None, day > 50), dtype="boolean"),
            "code": pd.Categorical(rng.choice([3, 7, 100], 300)),
            "text": pd.array(rng.choice(["p", None], 300), dtype="string"),
        }
    )
    new, _ = GaussianCopulaAugmenter(random_state=0).fit(frame).generate(1000)
    assert new.dtypes.equals(frame.dtypes)
    assert spearmanr(new["date"].astype("int64"), new["size"].cat.codes).statistic > 0.85
    for name in ("yes", "text"):
        assert new[name].isna().mean() == pytest.approx(frame[name].isna().mean(), abs=0.05)
    assert columns_of(frame)[4].is_category
    assert new["date"].between(frame["date"].min(), frame["date"].max()).all()


@pytest.mark.parametrize(
    "values", [[3, 1, 2], [0.5, 0.1, 0.2], [True, "x", 2], [*pd.to_datetime(["2021", "2020", "2022"])]], ids=str
)
def test_copula__ordered_levels_of_any_type_keep_their_order_beside_missing_entries(values):
    level = pd.Categorical.from_codes([0, 2, -1, 1], values, ordered=True)
    np.testing.assert_array_equal(columns_of(pd.DataFrame({"level": level}))[0].values, [0.0, 2.0, np.nan, 1.0])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((4, 2)), ["a", None, "b", "b"], "every row needs a label; y has none in row 1"),
        (np.zeros((4, 2)), np.array(["a", 1, "b", "b"], dtype=object), "labels in y must have one type; got int, str"),
        (np.zeros((4, 2)), ["a", "b"], r"inconsistent numbers of samples: \[4, 2\]"),
        (np.zeros((4, 0)), list("abab"), r"needs columns; got X of shape \(4, 0\)"),
        (np.array([[1.0, 2.0], [3.0, 4.0], [5.0, -np.inf]]), list("abb"), r"X contains infinity in column 1, row 2\."),
        (pd.DataFrame({"a": [1.0, np.inf, 2.0]}), list("abb"), r"X contains infinity in column 'a', row 1\."),
        (["a text", "another"], list("ab"), r"needs rows of a table; got X of shape \(2,\)"),
        (pd.DataFrame({"a": [[1], [2]]}), list("ab"), "column 'a' holds lists or arrays"),
        (np.ones((2, 3), dtype=complex), list("ab"), "must hold real numbers; column 0 holds complex128 entries"),
    ],
)
def test_generator__bad_rows_and_labels(X, y, message):
    with pytest.raises(ValueError, match=message):
        GaussianCopulaAugmenter().fit(X, y)


def test_generator__bad_targets_and_other_columns():
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = GaussianCopulaAugmenter(random_state=0).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"y must hold finite numbers, as in fit; got \[nan, 1.0\]"):
        model.generate(2, [np.nan, 1.0])
    with pytest.raises(ValueError, match="y must be None, since fit was given none"):
        GaussianCopulaAugmenter().fit(X).generate(1, ["a"])
    with pytest.raises(ValueError, match="X must have the columns that fit has seen, 2; got 1"):
        model.augment(Batch(X[:, :1], X[:, 0], labelled=False), np.random.default_rng(0))
    with pytest.raises(TypeError, match="masked entries"):
        model.fit_resample(np.ma.masked_greater(X, 0.0), X[:, 0])
    assert (GaussianCopulaAugmenter().fit(X[:1], ["a"]).generate(3)[0] == X[0]).all()


def test_comparison__of_copies_good_rows_and_broken_ones(table, monkeypatch):
    monkeypatch.setattr(_comparison, "N_TREES", 40)
    frame, y = table
    rng = np.random.default_rng(1)
    half, rest = frame.iloc[:300], frame.iloc[300:]
    fresh = compare_generated(half, rest)
    assert fresh.discriminative_score == pytest.approx(0.5, abs=0.06)
    assert fresh.distance_ratio == pytest.approx(1.0, abs=0.15)
    broken = pd.DataFrame({name: frame[name].to_numpy()[rng.permutation(600)] for name in frame}).astype(frame.dtypes)
    assert compare_generated(frame, broken).discriminative_score > 0.9
    new, _ = GaussianCopulaAugmenter(random_state=0).fit(frame, y).generate(600)
    assert compare_generated(frame, new).discriminative_score < 0.75
    monkeypatch.setattr(_comparison, "N_TREES", 2)  # only distances are asked for
    with pytest.warns(UserWarning, match="has memorized rows"):
        assert compare_generated(frame, frame.iloc[rng.integers(600, size=300)]).distance_ratio == 0.0
    copies = frame[["a", "b", "e"]].astype(float)
    with pytest.warns(UserWarning, match="has memorized rows"):
        nearly = compare_generated(copies, copies + 1e-9 * rng.normal(size=copies.shape))
    assert nearly.distance_ratio < 1e-3
    for bad, kind in ((sp.csr_array(copies), "a sparse matrix"), (np.zeros((20, 8, 8)), "shape")):
        with pytest.raises(ValueError, match=f"X must be a dense table of rows and columns; got {kind}"):
            compare_generated(bad, bad)
    with pytest.raises(ValueError, match="y contains NaN or infinity in row 3"):
        GaussianCopulaAugmenter().fit(copies, np.where(np.arange(600) == 3, np.nan, 1.0))
    with pytest.raises(ValueError, match=r"generated must have the columns of X, .* got a frame of \['a', 'b'\]"):
        compare_generated(frame, frame[["a", "b"]])
    with pytest.raises(ValueError, match="which is an array of 3 columns; got an array of 2 columns"):
        compare_generated(copies.to_numpy(), copies.to_numpy()[:, :2])
    with pytest.raises(ValueError, match="at least 10 rows each; got 600 and 3"):
        compare_generated(frame, frame.iloc[:3])


def test_generators__entries_are_those_of_training_rows(table):
    """As the documentation warns: single entries are not anonymous."""
    frame, y = table
    for generator in (GaussianCopulaAugmenter(random_state=0), GANAugmenter(8, n_steps=3, random_state=0)):
        new, _ = generator.fit(frame[:100], y[:100]).generate(50)
        assert all(new[name].isin(frame[name][:100]).all() for name in frame)


def test_generators__diagnostics_are_those_of_a_comparison_with_new_rows_of_the_same_labels(table, monkeypatch):
    monkeypatch.setattr(_comparison, "N_TREES", 3)
    frame, y = table
    model = GaussianCopulaAugmenter(random_state=0)
    assert not hasattr(model, "discriminative_score_")
    model.fit(frame[:200], y[:200])
    expected = compare_generated(frame[:200], model.generate(200, y[:200])[0])
    assert (model.discriminative_score_, model.distance_ratio_) == expected
    first, model._comparison = model.discriminative_score_, None
    assert "correlation_" in model._repr_html_() or not SKLEARN_1_9  # older versions show no fitted attributes
    assert model._comparison is None  # a notebook that shows the generator does not compare rows
    assert model.fit(frame[["e"]][:200], y[:200]).discriminative_score_ != first
    with pytest.raises(ValueError, match="at least 10 rows each; got 3 and 3"):
        _ = model.fit(frame[:3]).distance_ratio_
    copies = GaussianCopulaAugmenter(random_state=0).fit(frame[["a"]])  # of one column, entries are rows
    with pytest.warns(UserWarning, match="has memorized rows"):
        assert copies.distance_ratio_ == 0.0
