"""Augmenters of tables, in arrays, sparse matrices and frames."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skreg import augmentation as au
from tests.versions import SKLEARN_1_8

from .cases import CASES, IMAGES, RNG, TABLE, as_draws


def test_frames__keep_columns_and_types():
    frame = pd.DataFrame(TABLE.astype(np.float32), columns=list("abcde"), index=np.arange(60) + 7)
    y = np.arange(60) % 2
    for augmenter, X in CASES:
        if X is TABLE:
            new, _ = clone(augmenter).set_params(random_state=0).fit_resample(frame, y)
            plain, _ = clone(augmenter).set_params(random_state=0).fit_resample(frame.to_numpy(), y)
            assert list(new.columns) == list("abcde")
            assert (new.dtypes == np.float32).all()
            np.testing.assert_allclose(new.to_numpy(), plain, rtol=1e-4, atol=1e-5)
    mixed = frame.assign(kind=pd.Categorical(np.where(y == 1, "x", "y")), word=np.where(y == 1, "one", "two"))
    swapped, _ = au.SwapNoise(0.5, random_state=0).fit_resample(mixed, y)
    assert (swapped.dtypes == mixed.dtypes).all()
    assert set(swapped["word"]) == {"one", "two"}
    with pytest.raises(ValueError, match="GaussianNoise needs numbers; column 'kind'"):
        au.GaussianNoise().fit_resample(mixed, y)
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"a": TABLE[:, 0], "b": ["u", "v"] * 30})
    swapped, _ = au.SwapNoise(0.5, random_state=0).fit_resample(table, y)
    assert swapped.schema == table.schema
    numbers, _ = au.GaussianNoise(random_state=0).fit_resample(table.select("a"), y)
    assert numbers.schema == {"a": polars.Float64}


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array])
def test_sparse__rows_stay_sparse(form):
    X = form(TABLE * (np.abs(TABLE) > 0.8))
    y = np.arange(60) % 2
    for augmenter in (au.FeatureMask(0.3), au.SwapNoise(0.3), au.Mixup(0.4)):
        new, _ = clone(augmenter).set_params(random_state=0).fit_resample(X, y)
        assert sp.issparse(new)
        if isinstance(augmenter, au.Mixup):
            dense, _ = clone(augmenter).set_params(random_state=0).fit_resample(X.toarray(), y)
            np.testing.assert_allclose(new.toarray(), dense)
    with pytest.raises(ValueError, match="GaussianNoise would fill sparse X"):
        au.GaussianNoise().fit_resample(X, y)
    with pytest.raises(ValueError, match=r"value=1\.0 would fill sparse X"):
        au.FeatureMask(0.1, value=1.0).fit_resample(X, y)


def test_swap_noise__sparse_rows_are_not_filled():
    X = sp.random_array((500, 40000), density=0.001, format="csr", random_state=np.random.default_rng(0))
    rng = np.random.default_rng(0)
    tracemalloc.start()
    swapped = au.SwapNoise(0.3).augment(au.Batch(X, np.zeros(500)), rng).X
    assert tracemalloc.get_traced_memory()[1] < 30e6  # a dense mask would take 20 MB a byte
    tracemalloc.stop()
    assert swapped.nnz == pytest.approx(X.nnz, rel=0.05)
    few = sp.csr_array(np.repeat([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]], 1000, axis=0))
    swapped = au.SwapNoise(0.4).augment(au.Batch(few, np.zeros(2000)), rng).X.toarray()
    assert (swapped[:1000, 0] == 0.0).mean() == pytest.approx(0.2, abs=0.05)
    assert (swapped[1000:, 0] == 1.0).mean() == pytest.approx(0.2, abs=0.05)
    assert (swapped[:1000, 2] == 3.0).mean() == pytest.approx(0.2, abs=0.05)
    assert set(np.unique(swapped[:, 2])) == {2.0, 3.0}


def test_swap_noise__entries_stay_in_their_column():
    X = np.arange(50)[:, None] + 1000 * np.arange(4)
    swapped = au.SwapNoise(0.5).augment(au.Batch(X, np.zeros(50)), np.random.default_rng(0)).X
    assert (swapped // 1000 == np.arange(4)).all()
    assert 0.3 < (swapped != X).mean() < 0.6


def test_batch__partners_are_drawn_by_weight():
    X, y = np.r_[np.zeros(950), np.ones(50)][:, None], np.r_[np.zeros(950, int), np.ones(50, int)]
    rng = np.random.default_rng(0)
    for batch, share in (
        (as_draws(au.Batch(X, y)), 0.05),
        (as_draws(au.Batch(X, y, weights=np.where(y == 1, 9.5, 0.5))), 0.5),
        (as_draws(au.Batch(X[[0, -1]], y[[0, -1]], weights=np.array([950.0, 50.0]))), 0.05),
    ):
        mixed = [au.Mixup(1.0).augment(batch, rng).hard() for _ in range(40)]
        ones = np.mean([np.average(one.y, weights=one.weights) for one in mixed])
        assert ones == pytest.approx(share, abs=0.1 * np.sqrt(share))
        for holder in (np.asarray, sp.csr_array):
            swap = au.SwapNoise(0.5)
            swapped = [swap.augment(batch._replace(X=holder(batch.X)), rng).X.mean() for _ in range(200)]
            own = np.average(batch.X[:, 0], weights=batch.weights)
            wanted = 0.5 * batch.X.mean() + 0.5 * own
            assert np.mean(swapped) == pytest.approx(wanted, abs=4.0 * np.std(swapped) / np.sqrt(200) + 1e-3)


def test_numbers__integers_missing_entries_and_other_types():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": np.arange(6, dtype=np.uint8) * 50, "b": RNG.random(6)})
    new = au.GaussianNoise(40.0).perturb(frame, rng)
    assert (new.dtypes == frame.dtypes).all()
    assert (np.abs(new["a"].astype(float) - frame["a"]) < 200).all()  # nothing wraps around
    missing = pd.DataFrame(
        {"a": pd.array([1, None, 3], dtype="Int64"), "b": pd.array([0.5, None, 1.0], dtype="Float64")}
    )
    new = au.GaussianNoise(5.0).perturb(missing, rng)
    assert (new.dtypes == missing.dtypes).all()
    assert new["a"].isna().tolist() == [False, True, False]
    polars = pytest.importorskip("polars")
    new = au.GaussianNoise(5.0).perturb(polars.DataFrame({"a": [1, None, 3]}), rng)
    assert new["a"].null_count() == 1
    assert new.schema == {"a": polars.Int64}
    small = pd.DataFrame({"a": pd.array([250, None, 3] * 5, dtype="UInt8"), "b": 2**60 + np.arange(15)})
    with pytest.warns(
        UserWarning, match=r"integers in the columns \['b'\]: the changes by GaussianNoise with scale=40\.0 were"
    ):
        new = au.GaussianNoise(40.0).perturb(small, rng)  # 40 vanishes beside 2**60 in double precision
    assert (new.dtypes == small.dtypes).all()
    assert (au.FeatureMask(0.0).perturb(small, rng)["b"] == small["b"]).all()
    tiny = polars.DataFrame({"a": [250, None, 3]}, schema={"a": polars.UInt8})
    assert au.GaussianNoise(40.0).perturb(tiny, rng).schema == tiny.schema
    for value, column in ((np.nan, "a"), (0.5, "a"), (300, "a")):
        with pytest.raises(ValueError, match=r"value=.* does not fit in X"):
            au.FeatureMask(0.5, value=value).perturb(frame[[column, "b"]], rng)
    for augmenter in (au.GaussianNoise(), au.Mixup()):
        with pytest.raises(ValueError, match=r"needs numbers; .* bool"):
            augmenter.fit_resample(frame.assign(c=True), np.zeros(6))
        with pytest.raises(ValueError, match=r"needs numbers; .* category"):
            augmenter.fit_resample(frame.assign(c=pd.Categorical([1, 2, 3] * 2)), np.zeros(6))
    with pytest.raises(ValueError, match="Mixup needs numbers; X has bool"):
        au.Mixup().augment(au.Batch(sp.csr_array(np.eye(3, dtype=bool)), np.arange(3)), rng)
    gaps = np.array([[1.0], [np.nan], [3.0]])
    noisy = au.GaussianNoise(0.1, relative="feature").fit(gaps).perturb(gaps, rng)
    assert (np.isnan(noisy) == np.isnan(gaps)).all()
    assert not au.FeatureMask(1.0).perturb(np.ones((3, 2), dtype=bool), rng).any()
    large = 2**60 + np.arange(4)[:, None]
    assert (au.FeatureMask(0.0).perturb(large, rng) == large).all()
    for owner in (au.FeatureMask(0.5, value=np.nan), au.FeatureMask(0.5, value=0.4), au.WordDropout(0.5, token=-1)):
        with pytest.raises(ValueError, match=r"(value|token)=.* does not fit in X, which has uint8"):
            owner.perturb(np.ones((3, 2), dtype=np.uint8), rng)
    with pytest.warns(UserWarning, match=r"with scale=0\.1 were rounded away"):
        au.GaussianNoise(0.1).perturb(np.arange(6)[:, None], rng)
    counts = sp.csr_array(RNG.integers(0, 9, (50, 4)))
    mixed = au.Mixup(1.0).augment(au.Batch(counts, np.zeros(50, int)), rng).X
    assert mixed.dtype == counts.dtype
    assert mixed.sum() == pytest.approx(counts.sum(), rel=0.1)
    with pytest.raises(ValueError, match=r"pixels in \[0, 1.0\]; got some in \[0.0, 255.0\]: set max_value"):
        au.ColorJitter().perturb(np.array([[[0.0, 255.0]]]), rng)


@pytest.mark.parametrize("n_copies", [300])
def test_gaussian_noise__on_a_linear_model_is_ridge(n_copies):
    X = TABLE * np.geomspace(1.0, 0.2, 5)
    y = X @ RNG.standard_normal(5) + RNG.standard_normal(60)
    model = au.AugmentedRegressor(
        LinearRegression(), au.GaussianNoise(0.5), n_copies=n_copies, include_original=False, random_state=0
    ).fit(X, y)
    ridge = Ridge(alpha=0.25 * len(X)).fit(X, y)
    fresh = LinearRegression().fit(X, y)
    error = np.linalg.norm(model.estimator_.coef_ - ridge.coef_)
    assert error < 0.05 * np.linalg.norm(fresh.coef_ - ridge.coef_) + 0.02


def test_mixup__mixed_labels_as_weighted_rows_have_the_same_loss():
    y = np.arange(60) % 3
    for augmenter in (au.Mixup(0.5), au.Compose([au.Mixup(0.5), au.Mixup(0.5)])):
        new = augmenter.augment(au.Batch(TABLE, y), np.random.default_rng(0))
        np.testing.assert_allclose(new.shares.sum(axis=1), 1.0)
        weights = RNG.uniform(0.5, 2.0, 60)
        hard = new._replace(weights=weights).hard()
        rows = np.array([np.flatnonzero((row == new.X).all(axis=1))[0] for row in hard.X])
        labels, own = hard.y, hard.weights
        p = RNG.dirichlet(np.ones(3), 60)
        soft = np.zeros((60, 3))
        for k in range(new.y.shape[1]):
            soft[np.arange(60), new.y[:, k]] += new.shares[:, k]
        assert np.sum(own * -np.log(p[rows, labels])) == pytest.approx(-np.sum(weights[:, None] * soft * np.log(p)))
        assert len(set(zip(rows.tolist(), labels.tolist(), strict=True))) == len(rows)
    images = au.CutMix().augment(au.Batch(IMAGES, np.arange(40)), np.random.default_rng(0))
    same = (images.X == IMAGES).all(axis=-1).mean(axis=(1, 2))
    own = images.shares[np.arange(40), 0] + np.where(images.y[:, 1] == np.arange(40), images.shares[:, 1], 0.0)
    np.testing.assert_allclose(own, same, atol=1e-12)


class Frame(pd.DataFrame):
    """A plain subclass, as in the code of users."""


class GeoFrame(pd.DataFrame):
    """A subclass with attributes of its own, as GeoDataFrame is."""

    _metadata = ["crs"]

    @property
    def _constructor(self):
        return GeoFrame


def geo(frame):
    found = GeoFrame(frame)
    found.crs = "EPSG:4326"
    return found


def frames_of(columns):
    """The same columns in frames of several libraries."""
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    plain = pd.DataFrame(columns)
    return [plain, Frame(plain), geo(plain), plain.convert_dtypes(), polars.DataFrame(columns), pyarrow.table(columns)]


NUMBERS = [augmenter for augmenter, X in CASES if X is TABLE]


@pytest.mark.parametrize("augmenter", NUMBERS, ids=lambda v: type(v).__name__)
def test_frames__of_every_library_give_the_numbers_of_an_array(augmenter):
    y = np.arange(60) % 2
    augmenter = clone(augmenter).set_params(random_state=0)
    wanted, labels = augmenter.fit_resample(TABLE, y)
    for frame in frames_of(dict(zip("abcde", TABLE.T, strict=True))):
        new, same = augmenter.fit_resample(frame, y)
        assert isinstance(new, type(frame)) or type(frame) is Frame  # pandas itself does not keep a plain subclass
        assert getattr(new, "crs", None) == getattr(frame, "crs", None)
        np.testing.assert_allclose(np.asarray(new, dtype=float), wanted, rtol=1e-12)
        assert (labels == same).all()


def test_frames__of_every_library_reach_the_estimator():
    y = np.arange(60) % 2
    columns = {"number": TABLE[:, 0], "city": np.where(np.arange(60) % 3 == 1, "Oslo", "Rome")}
    encode = make_column_transformer((StandardScaler(), ["number"]), (OneHotEncoder(), ["city"]))
    model = au.AugmentedClassifier(
        make_pipeline(encode, LogisticRegression()), au.SwapNoise(0.3), n_copies=2, random_state=0
    )
    frames = frames_of(columns)
    if not SKLEARN_1_8:  # its column transformer does not take Arrow tables of that time
        frames = [frame for frame in frames if not type(frame).__module__.startswith("pyarrow")]
    found = [clone(model).fit(frame, y).estimator_[-1].coef_ for frame in frames]
    for coef in found[1:]:
        np.testing.assert_allclose(coef, found[0])


def test_frames__repeated_column_names_raise():
    y = np.arange(3)
    pyarrow = pytest.importorskip("pyarrow")
    for frame in (
        pd.DataFrame(np.ones((3, 3)), columns=["a", "b", "a"]),
        pyarrow.table([np.ones(3), np.ones(3), np.zeros(3)], names=["a", "b", "a"]),
    ):
        for augmenter in (au.GaussianNoise(), au.SwapNoise(), au.Mixup(), au.LatentNoise(PCA(1))):
            with pytest.raises(ValueError, match="X has several columns of the name 'a'"):
                augmenter.fit_resample(frame, y)
        with pytest.raises(ValueError, match="X has several columns of the name 'a'"):
            au.GaussianNoise().perturb(frame, np.random.default_rng(0))
    with pytest.raises(ValueError, match="X has several columns of the name 'a'"):
        au.AugmentedRegressor(Ridge(), au.GaussianNoise()).fit(pd.DataFrame(np.ones((3, 2)), columns=["a", "a"]), y)


def test_gaussian_noise__integer_columns_beside_floats_warn():
    rng = np.random.default_rng(0)
    columns = {"age": np.arange(30), "height": rng.random(30)}
    for frame in frames_of(columns):
        with pytest.warns(UserWarning, match=r"columns \['age'\]: .* with scale=0\.05 were rounded away"):
            new = au.GaussianNoise(0.05).perturb(frame, rng)
        assert (np.asarray(new["age"]) == columns["age"]).all()
        assert (np.asarray(new["height"]) != columns["height"]).all()
        au.GaussianNoise([3.0, 0.1]).perturb(frame, rng)  # no warning
        au.GaussianNoise([0.0, 0.1]).perturb(frame, rng)
        au.GaussianNoise(0.1, columns=["height"]).perturb(frame, rng)
    frame = pd.DataFrame(columns)
    latent = au.LatentNoise(PCA(2), 1e-5).fit(frame)
    with pytest.warns(UserWarning, match=r"columns \['age'\]: .* LatentNoise with scale=1e-05 were rounded away"):
        latent.perturb(frame, rng)
    between = au.LatentInterpolation(PCA(2), 1e-5).fit(frame)
    with pytest.warns(
        UserWarning, match=r"columns \['age'\]: .* LatentInterpolation with share=1e-05 were rounded away"
    ):
        between.augment(au.Batch(frame, np.zeros(30, int)), rng)


CHOICES = [
    (["b", "d"], [1, 3]),
    ("b", [1]),
    (1, [1]),
    ([1, 3], [1, 3]),
    ([-1], [4]),
    ([False, True, False, True, False], [1, 3]),
    (np.arange(5) % 2 == 1, [1, 3]),
    (slice(1, 4, 2), [1, 3]),
]


@pytest.mark.parametrize(("columns", "indices"), CHOICES, ids=str)
def test_columns__the_others_stay_as_they_are(columns, indices):
    y = np.arange(60) % 2
    rng = np.random.default_rng(0)
    wanted = np.isin(np.arange(5), indices)
    named = "b" in columns if isinstance(columns, (str, list)) else False
    arrays = [] if named else [TABLE]
    frames = frames_of(dict(zip("abcde", TABLE.T, strict=True)))
    augmenters = [au.GaussianNoise(0.1), au.FeatureMask(1.0), au.SwapNoise(1.0), au.Mixup(1.0)]
    for augmenter in [*augmenters, au.LatentNoise(PCA()), au.LatentInterpolation(PCA())]:
        augmenter = augmenter.set_params(columns=columns)
        for X in [*arrays, *frames]:
            new = np.asarray(augmenter.fit(X, y).augment(au.Batch(X, y), rng).X, dtype=float)
            assert ((new != TABLE).any(axis=0) == wanted).all()
    for X in map(sp.csr_array, arrays):
        for augmenter in augmenters[1:]:
            new = augmenter.augment(au.Batch(X, y), rng).X
            assert new.format == "csr"
            assert ((new.toarray() != TABLE).any(axis=0) == wanted).all()


def test_columns__selectors_and_strings_beside_numbers():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    columns = {"city": np.where(y == 1, "Oslo", "Rome"), "number": TABLE[:, 0], "other": TABLE[:, 1]}
    frame = pd.DataFrame(columns)
    numbers = make_column_selector(dtype_include="number")
    new = au.GaussianNoise(0.1, columns=numbers).perturb(frame, rng)
    assert new["city"].equals(frame["city"])
    assert (new["number"] != frame["number"]).all()
    spread = au.GaussianNoise(0.1, relative="feature", columns=numbers).fit(frame).spread_
    np.testing.assert_allclose(spread, TABLE[:, :2].std(axis=0))
    encode = make_column_transformer((StandardScaler(), ["number", "other"]), (OneHotEncoder(), ["city"]))
    model = make_pipeline(encode, LogisticRegression())
    au.AugmentedClassifier(model, au.Mixup(columns=numbers), random_state=0).fit(frame, y)
    both = np.column_stack([TABLE[:, :2].astype(object), columns["city"]])
    new = au.GaussianNoise(0.1, columns=[0, 1]).perturb(both, rng)
    assert (new[:, 2] == both[:, 2]).all()
    assert (new[:, :2] != both[:, :2]).all()


def test_columns__bad_choices():
    frame = pd.DataFrame({"city": ["Oslo"] * 60, "number": TABLE[:, 0], "other": TABLE[:, 1]})
    for columns, X, message in (
        (["height"], frame, r"columns has 'height', which is not a column of X: X has \['city', 'number', 'other'\]"),
        ("city", TABLE, r"columns has 'city', .* X has no column names"),
        ([7], frame, "indices of the 3 columns of X; got 7"),
        ([True, False], frame, "columns is a mask of 2 columns; X has 3"),
        (slice("city", "other"), frame, "columns must not be a slice of names"),
        ([], frame, r"columns=\[\] chooses none of the 3 columns of X"),
        ([0], ["a", "b"], "needs X with columns; got ndarray"),
        (2.5, frame, r"'columns' .* Got 2\.5"),
        ("city", frame, "GaussianNoise needs numbers; column 'city'"),
    ):
        with pytest.raises(ValueError, match=message):
            au.GaussianNoise(columns=columns).perturb(X, np.random.default_rng(0))
