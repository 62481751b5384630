"""Augmenters keep what they say they keep, and estimators train on exactly the rows that they should."""

import copy
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skreg import DropoutMLPClassifier, DropoutMLPRegressor, EarlyStoppingClassifier
from skreg import augmentation as au
from skreg.augmentation._estimators import draws_of, largest_cap
from skreg.augmentation._images import warp
from skreg.neural import Autoencoder
from skreg.utils._rows import distinct, hashes, take

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((60, 5))
IMAGES = RNG.random((40, 9, 12, 3))
WAVES = RNG.standard_normal((10, 2048)).astype(np.float32)
SPECTROGRAMS = RNG.random((10, 24, 40))
TEXTS = ["the quick brown fox jumps over the lazy dog", "a rose is a rose", "one", ""] * 5
SYNONYMS = {"quick": ["fast", "swift"], "rose": "flower"}


def upper(texts):
    return [text.upper() for text in texts]


def title(texts):
    return [text.title() for text in texts]


CASES = [
    (au.GaussianNoise(0.1), TABLE),
    (au.GaussianNoise([0.1, 0.0, 0.2, 0.3, 1.0], relative="feature"), TABLE),
    (au.GaussianNoise(0.1, relative="value"), TABLE),
    (au.FeatureMask(0.2), TABLE),
    (au.SwapNoise(0.2), TABLE),
    (au.Mixup(0.4), TABLE),
    (au.LatentNoise(PCA(2)), TABLE),
    (au.LatentInterpolation(PCA(2)), TABLE),
    (au.Compose([au.GaussianNoise(0.1), au.FeatureMask(0.1), au.Mixup(0.3)]), TABLE),
    (au.OneOf([au.GaussianNoise(0.1), au.Mixup(0.3), au.Compose([au.Mixup(0.2), au.Mixup(0.2)])]), TABLE),
    (au.RandomApply(au.Mixup(0.4), 0.5), TABLE),
    (au.Shift(2.0), IMAGES),
    (au.Crop(2), IMAGES),
    (au.Crop(2, mode="reflect"), IMAGES),
    (au.Flip(0.5), IMAGES),
    (au.Flip(0.5, axis="vertical"), IMAGES),
    (au.Rotate(20.0), IMAGES),
    (au.Rotate(20.0, order=3, fill=0.5), IMAGES),
    (au.Scale(0.8, 1.2), IMAGES),
    (au.ColorJitter(), IMAGES),
    (au.Cutout(3), IMAGES),
    (au.RandomErasing(0.7), IMAGES),
    (au.CutMix(), IMAGES),
    (au.RandomDeletion(0.3), TEXTS),
    (au.RandomSwap(0.3), TEXTS),
    (au.RandomInsertion(SYNONYMS, 0.3), TEXTS),
    (au.SynonymReplacement(SYNONYMS, 0.5), TEXTS),
    (au.BackTranslation(upper, title), TEXTS),
    (au.WordDropout(0.3), RNG.integers(1, 50, (20, 8))),
    (au.Noise(), WAVES),
    (au.TimeStretch(n_fft=256), WAVES),
    (au.PitchShift(n_fft=256), WAVES),
    (au.TimeMask(8), SPECTROGRAMS),
    (au.FrequencyMask(8, n_masks=2), SPECTROGRAMS),
]
IDS = [f"{k} {type(case).__name__}" for k, (case, _) in enumerate(CASES)]


def as_draws(batch):
    rows, weights = draws_of(batch)
    return batch.take(rows)._replace(weights=weights)


def as_array(X):
    return np.asarray(X, dtype=object) if isinstance(X, list) else np.asarray(X)


@pytest.mark.parametrize(("augmenter", "X"), CASES, ids=IDS)
def test_rows_stay_rows_of_their_kind(augmenter, X):
    y = np.arange(len(X)) % 3
    before = copy.deepcopy(X)
    new, labels = clone(augmenter).set_params(random_state=3).fit_resample(X, y)
    again, same = clone(augmenter).set_params(random_state=3).fit_resample(X, y)
    assert (as_array(new) == as_array(again)).all()  # same seed, same data
    assert (labels == same).all()
    assert (as_array(X) == as_array(before)).all()  # nothing happens in place
    n = len(X)
    assert len(new) == 2 * n
    assert (as_array(new[:n]) == as_array(X)).all()
    assert type(new) is type(X)
    if isinstance(X, np.ndarray):
        assert new.dtype == X.dtype
        assert new.shape[1:] == X.shape[1:]
        assert np.isfinite(new).all()
    mixes = "Mix" in repr(augmenter)
    assert mixes or (labels[n:] == y).all()
    assert set(labels) == set(y)
    assert (as_array(new[n:]) != as_array(X)).any()  # something happens


def test_hashes_know_equal_rows_whatever_holds_them():
    X = RNG.integers(0, 3, (200, 4)).astype(float)
    X[:, 3] = X[:, 0]
    _, wanted = np.unique(X, axis=0, return_inverse=True)
    frame = pd.DataFrame(X, columns=list("abcd"))
    words = [str(row) for row in X.tolist()]
    mixed = frame.assign(a=np.array(["x", "y", "z"])[X[:, 0].astype(int)])
    holders = [
        X,
        X.astype(np.float32),
        X.astype(int),
        X.astype(object),
        X.tolist(),
        frame,
        mixed,
        words,
        sp.csr_array(X),
    ]
    for rows in holders:
        keys = hashes(rows)
        _, found = np.unique(keys, return_inverse=True)
        assert (np.equal.outer(found, found) == np.equal.outer(wanted, wanted)).all()
        order = RNG.permutation(200)
        shuffled = [rows[k] for k in order] if isinstance(rows, list) else take(rows, order)
        assert (hashes(shuffled) == keys[order]).all()
    assert (hashes(frame) == hashes(X)).all()
    assert (hashes(X.tolist()) == hashes(X.astype(np.float32))).all()
    first, place = distinct(X, X[:, 0])
    assert (X[first][place] == X).all()
    large = 2**60 + np.arange(4)
    for different in (
        ["01", "1", "1.0", "2"],
        large,
        large.astype(object),
        np.array([np.arange(5000), -np.arange(5000)]),
    ):
        assert len(set(hashes(different))) == len(different)
    stored = sp.csr_array((np.array([1.0, 0.0, 1.0]), ([0, 0, 1], [0, 1, 0])), shape=(2, 2))
    assert len(set(hashes(stored))) == 1  # a stored zero is a zero


@pytest.mark.parametrize("kind", [np.float32, np.uint8, np.int64])
@pytest.mark.parametrize(("augmenter", "X"), [c for c in CASES if c[1] is IMAGES], ids=lambda v: type(v).__name__)
def test_images_as_flat_rows_of_any_type(augmenter, X, kind):
    values = (255 * X).astype(kind)
    images = clone(augmenter).set_params(random_state=0)
    if isinstance(augmenter, au.ColorJitter):
        images.set_params(high=255)
    y = np.arange(len(X)) % 2
    wanted, _ = images.fit_resample(values, y)
    found, _ = clone(images).set_params(image_shape=X.shape[1:]).fit_resample(values.reshape(len(X), -1), y)
    assert found.dtype == wanted.dtype == kind
    assert (found == wanted.reshape(found.shape)).all()
    assert wanted.min() >= 0
    assert wanted.max() <= 255
    grey = clone(images).set_params(image_shape=(9, 36)).fit_resample(values.reshape(len(X), -1), y)[0]
    assert grey.shape == found.shape


def test_frames_keep_their_columns():
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
def test_sparse_rows_stay_sparse(form):
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


# ----------------------------------------------------------------------------------------- what each one promises


def test_masks_cover_the_share_that_they_say():
    X, y = np.ones((400, 100)), np.zeros(400)
    rng = np.random.default_rng(0)
    for p in (0.0, 0.1, 0.7, 1.0):
        masked = au.FeatureMask(p).perturb(X, rng)
        assert (masked == 0.0).mean() == pytest.approx(p, abs=4.0 * np.sqrt(p * (1.0 - p) / X.size))
        tokens = au.WordDropout(p, token=9).perturb(X.astype(int), rng)
        assert (tokens == 9).mean() == pytest.approx(p, abs=4.0 * np.sqrt(p * (1.0 - p) / X.size))
        words = " ".join(map(str, range(200)))
        left = len(au.RandomDeletion(p).perturb([words] * 20, rng)[0].split())
        assert left == pytest.approx(max(200 * (1.0 - p), 1), abs=5.0 * np.sqrt(200 * p * (1.0 - p)))
        original = rng.random((400, 100))
        swapped = au.SwapNoise(p).augment(au.Batch(original, y), rng).X
        assert (swapped != original).mean() == pytest.approx(p * 399 / 400, abs=4.0 * np.sqrt(p / X.size))
    assert ((1.0 - au.Cutout(4).perturb(np.ones((50, 9, 11)), rng)).sum(axis=(1, 2)) == 16).all()
    for shape in ((50, 30, 30), (50, 8, 32)):
        pictures = rng.random(shape)
        erased = au.RandomErasing(1.0, low=0.25, high=0.25).perturb(pictures, rng)
        assert (erased != pictures).mean(axis=(1, 2)) == pytest.approx(0.25, abs=0.04)
    some = au.RandomErasing(0.3).perturb(rng.random((400, 9, 9)), rng)
    assert some.shape == (400, 9, 9)
    times = au.TimeMask(8, n_masks=1).perturb(SPECTROGRAMS, rng)
    changed = (times != SPECTROGRAMS).all(axis=1).sum(axis=1)
    assert changed.max() <= 8
    assert ((times != SPECTROGRAMS).any(axis=1).sum(axis=1) == changed).all()


def test_swaps_keep_every_column_its_own():
    X = np.arange(50)[:, None] + 1000 * np.arange(4)
    swapped = au.SwapNoise(0.5).augment(au.Batch(X, np.zeros(50)), np.random.default_rng(0)).X
    assert (swapped // 1000 == np.arange(4)).all()
    assert 0.3 < (swapped != X).mean() < 0.6


def test_nothing_changes_where_nothing_should():
    rng = np.random.default_rng(0)
    flat = IMAGES.astype(np.float32)
    for augmenter in (
        au.Rotate(0.0), au.Shift(0.0), au.Scale(1.0, 1.0), au.Crop(0), au.Flip(0.0), au.RandomErasing(0.0),
        au.Rotate(0.0, order=3), au.ColorJitter(0.0, 0.0, 0.0),
    ):  # fmt: skip
        np.testing.assert_allclose(augmenter.perturb(flat, rng), flat, atol=1e-5)
    assert au.RandomDeletion(0.0).perturb(["a b c"], rng) == ["a b c"]
    assert au.RandomSwap(0.0).perturb(["a b c"], rng) == ["a b c"]
    assert au.SynonymReplacement(SYNONYMS, 0.0).perturb(["quick rose"], rng) == ["quick rose"]
    stretched = au.TimeStretch(1.0, 1.0, n_fft=256).perturb(WAVES, rng)
    np.testing.assert_allclose(stretched[:, 300:1700], WAVES[:, 300:1700], atol=1e-4)
    np.testing.assert_allclose(
        au.LatentNoise(PCA(2), 0.0).fit(TABLE).augment(au.Batch(TABLE, np.zeros(60)), rng).X, TABLE, atol=1e-12
    )


def test_warps_against_scipy():
    from scipy.ndimage import rotate, shift

    image = np.zeros((15, 15))
    image[4:9, 5:12] = RNG.random((5, 7))
    turned = warp(image[None, ..., None], quarter(30.0)[None], np.zeros((1, 2)), 1, 0.0)[0, ..., 0]
    np.testing.assert_allclose(turned, rotate(image, 30.0, reshape=False, order=1), atol=1e-12)
    moved = warp(image[None, ..., None], np.eye(2)[None], np.array([[1.5, -2.0]]), 1, 0.0)[0, ..., 0]
    np.testing.assert_allclose(moved, shift(image, (-1.5, 2.0), order=1), atol=1e-12)
    many = np.repeat(image[None, ..., None], 7, axis=0)
    whole = warp(many, np.repeat(quarter(30.0)[None], 7, axis=0), np.zeros((7, 2)), 1, 0.0)
    np.testing.assert_allclose(whole[6, ..., 0], turned)


def quarter(degrees):
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def test_tones_move_as_far_as_they_should():
    time = np.arange(16000) / 16000.0
    tone = np.sin(2.0 * np.pi * 440.0 * time)[None]

    def frequency(wave):
        return np.abs(np.fft.rfft(wave * np.hanning(wave.size))).argmax() / wave.size * 16000.0

    rng = np.random.default_rng(0)
    for semitones in (-7.0, 4.0, 12.0):
        shifted = au.PitchShift(semitones, semitones).perturb(tone, rng)[0]
        assert frequency(shifted[2000:14000]) == pytest.approx(440.0 * 2.0 ** (semitones / 12.0), rel=0.01)
    for rate in (0.8, 1.25):
        stretched = au.TimeStretch(rate, rate).perturb(tone, rng)[0]
        assert frequency(stretched[2000:12000]) == pytest.approx(440.0, rel=0.01)
        assert np.std(stretched[2000:12000]) == pytest.approx(np.std(tone), rel=0.05)
    clicks = np.zeros((1, 16000))
    clicks[0, [4000, 8000]] = 1.0
    for rate in (0.5, 0.8, 1.25, 2.0):
        heard = np.abs(au.TimeStretch(rate, rate).perturb(clicks, rng)[0])
        for place in (4000 / rate, 8000 / rate):
            near = np.arange(max(int(place) - 600, 0), min(int(place) + 600, 16000))
            if near.size > 600:
                assert np.average(near, weights=heard[near] ** 2) == pytest.approx(place, abs=128)  # a hop
        end = au.TimeStretch(rate, rate).perturb(tone, rng)[0][: int(16000 / rate)]
        assert np.std(end[-1500:-600]) == pytest.approx(np.std(tone), rel=0.1)
    for length in (512, 600, 1000):
        for semitones in (-24.0, 12.0):
            assert np.isfinite(au.PitchShift(semitones, semitones).perturb(tone[:, :length], rng)).all()


@pytest.mark.parametrize("n_copies", [300])
def test_noise_on_a_linear_model_is_ridge(n_copies):
    X = TABLE * np.geomspace(1.0, 0.2, 5)
    y = X @ RNG.standard_normal(5) + RNG.standard_normal(60)
    model = au.AugmentedRegressor(
        LinearRegression(), au.GaussianNoise(0.5), n_copies=n_copies, include_original=False, random_state=0
    ).fit(X, y)
    ridge = Ridge(alpha=0.25 * len(X)).fit(X, y)
    fresh = LinearRegression().fit(X, y)
    error = np.linalg.norm(model.estimator_.coef_ - ridge.coef_)
    assert error < 0.05 * np.linalg.norm(fresh.coef_ - ridge.coef_) + 0.02


def test_mixed_labels_are_weighted_rows_of_the_same_loss():
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


# -------------------------------------------------------------------------------------------------- the estimators


def test_copies_are_what_the_estimator_is_trained_on():
    y = np.arange(60) % 3
    model = au.AugmentedClassifier(KNeighborsClassifier(1), au.GaussianNoise(0.1), n_copies=2, random_state=0).fit(
        TABLE, y
    )
    assert model.estimator_._fit_X.shape == (180, 5)
    assert (model.estimator_._fit_X[:60] == TABLE).all()
    assert model.score(TABLE, y) == 1.0
    alone = au.AugmentedClassifier(
        KNeighborsClassifier(1), au.GaussianNoise(0.1), include_original=False, random_state=0
    )
    assert alone.fit(TABLE, y).estimator_._fit_X.shape == (60, 5)
    with pytest.raises(ValueError, match=r"KNeighborsClassifier.* takes no sample_weight in fit"):
        au.AugmentedClassifier(KNeighborsClassifier(), au.Mixup()).fit(TABLE, y)


def test_weights_are_carried_along():
    y = np.arange(60) % 3
    weights = RNG.integers(0, 3, 60).astype(float)
    for augmenter in (au.FeatureMask(0.0), au.Mixup(0.3)):
        heavy = au.AugmentedClassifier(LogisticRegression(), augmenter, random_state=0).fit(TABLE, y, weights)
        rng = np.random.default_rng(np.random.RandomState(0).randint(2**31 - 1))
        source = as_draws(au.Batch(TABLE, y, weights=weights))
        assert source.n == weights.sum()
        batch = augmenter.augment(source, rng).hard()
        own = np.ones(batch.n) if batch.weights is None else batch.weights
        plain = LogisticRegression().fit(np.vstack([TABLE, batch.X]), np.r_[y, batch.y], np.r_[weights, own])
        np.testing.assert_allclose(heavy.estimator_.coef_, plain.coef_)


def test_copies_among_held_out_rows():
    X, y = load_digits(return_X_y=True)
    net = DropoutMLPClassifier((20,), max_iter=3, random_state=0)
    augmented = au.AugmentedClassifier(net, au.GaussianNoise(0.1), random_state=0)
    with pytest.warns(UserWarning, match=r"sets rows apart by itself \(early_stopping\), and will find copies"):
        augmented.fit(X[:100], y[:100])
    for inner in (
        EarlyStoppingClassifier(min_delta=1e-2, random_state=0),
        GradientBoostingClassifier(n_estimators=5, n_iter_no_change=3),
        GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5]}, cv=2),
        make_pipeline(StandardScaler(), clone(net)),
    ):
        with pytest.warns(UserWarning, match="sets rows apart by itself"):
            au.AugmentedClassifier(inner, au.GaussianNoise(0.1), random_state=0).fit(X[:60], y[:60] > 4)
    augmented.fit(X[:100], y[:100], X_val=X[100:200], y_val=y[100:200])  # no warning
    clone(augmented).set_params(mode="stream", n_epochs=2).fit(X[:100], y[:100])
    with pytest.raises(ValueError, match="mode='stream' takes no more arguments of fit; got X_val"):
        clone(augmented).set_params(mode="stream").fit(X, y, X_val=X)


def test_repeated_rows_are_drawn_for_as_often():
    X, y = np.tile([[0.0, 1.0], [1.0, 0.0]], (500, 1)), np.tile([0, 1], 500)
    model = au.AugmentedClassifier(
        KNeighborsClassifier(1), au.GaussianNoise(1.0), include_original=False, random_state=0
    )
    assert len(np.unique(model.fit(X, y).estimator_._fit_X, axis=0)) == 1000
    weighted = au.Batch(X[:2], y[:2], weights=np.array([500.0, 500.0]))
    assert (as_draws(weighted).X == as_draws(au.Batch(X, y)).X).all()
    halves = as_draws(weighted._replace(weights=np.array([3.0, 7.5])))
    assert halves.n == 3 + 8
    assert halves.weights.sum() == pytest.approx(10.5)
    huge = as_draws(weighted._replace(weights=np.array([1e6, 2.0])))
    assert huge.n == 10_000
    assert huge.weights.sum() == pytest.approx(1e6 + 2.0)
    assert largest_cap(np.array([5.0, 50.0, 500.0]), 100) == 47
    streams = [
        au.AugmentedClassifier(
            SGDClassifier(loss="log_loss", random_state=0), au.FeatureMask(0.0), mode="stream", random_state=0
        ).fit(rows, y)
        for rows in (X, X + 1e-9 * np.arange(1000)[:, None])
    ]
    np.testing.assert_allclose(streams[0].predict_proba(X), streams[1].predict_proba(X), atol=1e-3)
    rows = np.repeat(np.random.default_rng(0).standard_normal((5, 4)), 2000, axis=0)
    weights = np.where(np.arange(10000) % 2, 1.0, 0.7)
    model = au.AugmentedRegressor(SGDRegressor(), au.GaussianNoise(0.1), mode="stream", n_epochs=3, random_state=0)
    assert np.abs(model.fit(rows, rows[:, 0], weights).estimator_.coef_).max() < 1.5


def test_partners_come_by_weight():
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


def test_sparse_swaps_fill_nothing():
    X = sp.random_array((500, 40000), density=0.001, format="csr", rng=np.random.default_rng(0))
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


def test_classes_under_weights_of_zero():
    y = np.array(["n", "p", "q"])[np.arange(60) % 3]
    weights = (y != "n").astype(float)
    for inner, options in ((LogisticRegression(), {}), (SGDClassifier(loss="log_loss"), dict(mode="stream"))):
        model = au.AugmentedClassifier(inner, au.GaussianNoise(0.1), random_state=0, **options).fit(TABLE, y, weights)
        assert model.predict_proba(TABLE).shape == (60, len(model.classes_))
        assert (model.classes_[model.predict_proba(TABLE).argmax(axis=1)] == model.predict(TABLE)).all()


def test_weights_reach_the_last_step():
    y = np.arange(60) % 3
    logistic = LogisticRegression()
    for inner in (make_pipeline(StandardScaler(), logistic), make_pipeline(StandardScaler(), make_pipeline(logistic))):
        model = au.AugmentedClassifier(inner, au.Mixup(0.4), random_state=0).fit(TABLE, y)
        plain = au.AugmentedClassifier(inner, au.FeatureMask(0.0), random_state=0).fit(TABLE, y)
        assert not np.allclose(model.predict_proba(TABLE), plain.predict_proba(TABLE))


def test_several_outputs():
    Y = TABLE @ RNG.standard_normal((5, 2))
    model = au.AugmentedRegressor(Ridge(), au.Mixup(0.4), random_state=0).fit(TABLE, Y)
    np.testing.assert_allclose(model.predict(TABLE), Ridge().fit(TABLE, Y).predict(TABLE), atol=0.2)
    labels = (Y > 0).astype(int)
    trees = au.AugmentedClassifier(DecisionTreeClassifier(random_state=0), au.GaussianNoise(0.01), random_state=0)
    assert (trees.fit(TABLE, labels).predict(TABLE) == labels).all()
    stream = au.AugmentedClassifier(SGDClassifier(), au.FeatureMask(), mode="stream")
    with pytest.raises(ValueError, match=r"mode='stream' takes labels of one output; got y of shape \(60, 2\)"):
        stream.fit(TABLE, labels)
    with pytest.raises(ValueError, match="labels of several outputs cannot be mixed"):
        au.AugmentedClassifier(DecisionTreeClassifier(), au.Mixup()).fit(TABLE, labels)


def test_whole_numbers_and_what_is_none():
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
    new = au.GaussianNoise(40.0).perturb(small, rng)
    assert (new.dtypes == small.dtypes).all()
    assert (au.FeatureMask(0.0).perturb(small, rng)["b"] == small["b"]).all()
    tiny = polars.DataFrame({"a": [250, None, 3]}, schema={"a": polars.UInt8})
    assert au.GaussianNoise(40.0).perturb(tiny, rng).schema == tiny.schema
    for value, column in ((np.nan, "a"), (0.5, "a"), (300, "a")):
        with pytest.raises(ValueError, match="cannot write"):
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
        with pytest.raises(ValueError, match=r"cannot write .* among uint8 numbers"):
            owner.perturb(np.ones((3, 2), dtype=np.uint8), rng)
    with pytest.warns(UserWarning, match=r"noise of scale=0\.1 was rounded away"):
        au.GaussianNoise(0.1).perturb(np.arange(6)[:, None], rng)
    counts = sp.csr_array(RNG.integers(0, 9, (50, 4)))
    mixed = au.Mixup(1.0).augment(au.Batch(counts, np.zeros(50, int)), rng).X
    assert mixed.dtype == counts.dtype
    assert mixed.sum() == pytest.approx(counts.sum(), rel=0.1)
    with pytest.raises(ValueError, match=r"pixels in \[0, 1.0\]; got some in \[0.0, 255.0\]: set high"):
        au.ColorJitter().perturb(np.array([[[0.0, 255.0]]]), rng)


def test_resampling_keeps_what_it_was_given():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    new, targets = au.Mixup(1.0, random_state=0).fit_resample(X, y)  # whole floats are numbers
    assert not np.isin(targets[len(y) :], y).all()
    assert isinstance(targets, pd.Series)
    assert targets.name == "target"
    assert new.index.is_unique
    both = pd.DataFrame({"u": [1.0, 2.0, 3.0], "v": [4.0, 5.0, 6.0]})
    assert au.GaussianNoise().fit_resample(TABLE[:3], both)[1].equals(pd.concat([both, both], ignore_index=True))
    polars = pytest.importorskip("polars")
    for targets in (polars.Series("t", [1, 2, 3]), polars.DataFrame({"u": [1.0, 2.0, 3.0]})):
        found = au.GaussianNoise().fit_resample(TABLE[:3], targets)[1]
        assert type(found) is type(targets)
        assert len(found) == 6
    assert au.RandomSwap().fit_resample(["a b"], ["x"])[1] == ["x", "x"]
    assert au.Mixup().fit_resample(TABLE, TABLE[:, 0].astype(np.float32))[1].dtype == np.float32
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        au.GaussianNoise().fit_resample(X, y[:-1])
    texts = pd.Series(["a b", "c d"], index=[7, 8], name="text")
    new, _ = au.RandomSwap(0.5, random_state=0).fit_resample(texts, ["x", "y"])
    assert isinstance(new, pd.Series)
    assert new.tolist() == ["a b", "c d", "b a", "d c"]


def test_images_do_not_touch_each_other():
    pictures = RNG.random((6, 9, 9)).astype(np.float32)
    pictures[0, 4, 4] = np.nan
    for order in (0, 1, 3):
        moved = [
            warp(pictures[..., None], m, np.full((6, 2), 0.3), order, 0.0)
            for m in (None, np.tile(np.eye(2), (6, 1, 1)))
        ]
        np.testing.assert_allclose(*moved, atol=1e-5)
        turned = warp(pictures[..., None], np.repeat(quarter(20.0)[None], 6, axis=0), np.ones((6, 2)), order, 0.0)
        assert np.isfinite(turned[1:]).all()
        for k in range(6):
            alone = warp(pictures[k : k + 1, ..., None], quarter(20.0)[None], np.ones((1, 2)), order, 0.0)
            np.testing.assert_array_equal(alone[0], turned[k])
    tiny = warp(np.ones((1, 5, 5, 1)), np.eye(2)[None], np.full((1, 2), 0.01), 1, 0.0)
    assert tiny.min() > 0.97  # the edge does not vanish at once


def test_some_rows_only():
    X, y = np.zeros((4000, 1)), np.arange(4000) % 3
    rng = np.random.default_rng(0)
    batch = au.Batch(X, y)
    some = au.RandomApply(au.GaussianNoise(1.0), 0.3).augment(batch, rng)
    assert (some.X != 0).mean() == pytest.approx(0.3, abs=0.03)
    assert (some.y == y).all()
    latent = au.RandomApply(au.LatentNoise(PCA(2)), 0.0).fit(TABLE)
    assert (latent.augment(au.Batch(TABLE, y[:60]), rng).X == TABLE).all()  # none is chosen
    one = au.OneOf([au.GaussianNoise(1.0), au.FeatureMask(1.0, value=9.0), au.Mixup(0.5)]).augment(batch, rng)
    assert (one.X == 9.0).mean() == pytest.approx(1 / 3, abs=0.03)
    assert (one.shares[:, 0] == 1.0).mean() == pytest.approx(2 / 3, abs=0.03)
    np.testing.assert_allclose(one.shares.sum(axis=1), 1.0)


def test_an_autoencoder_goes_there_and_back():
    X = load_digits().data[:600] / 16.0
    net = DropoutMLPRegressor((60, 8, 60), dropout=0.0, early_stopping=False, random_state=0)
    encoder = Autoencoder(net).fit(X)
    there = encoder.transform(X)
    assert there.shape == (600, 8)
    np.testing.assert_allclose(encoder.inverse_transform(there), encoder.net_.predict(X), rtol=1e-6, atol=1e-6)
    assert encoder.get_feature_names_out().tolist() == [f"autoencoder{k}" for k in range(8)]
    with pytest.raises(ValueError, match="Z must have 8 columns, as transform gives; got 7"):
        encoder.inverse_transform(there[:, 1:])
    with pytest.raises(ValueError, match="net needs a hidden layer"):
        Autoencoder(DropoutMLPRegressor(())).fit(X)
    new = au.LatentNoise(Autoencoder(net), 0.3).fit(X).perturb(X, np.random.default_rng(0))
    assert 0.0 < np.sqrt(np.mean((new - X) ** 2)) < 0.3


def test_a_stream_draws_anew_every_epoch():
    seen = []

    class Kept(SGDClassifier):
        def partial_fit(self, X, y, classes=None, sample_weight=None):
            seen.append(X)
            return super().partial_fit(X, y, classes=classes, sample_weight=sample_weight)

    y = np.arange(60) % 3
    model = au.AugmentedClassifier(
        Kept(random_state=0), au.GaussianNoise(0.1), mode="stream", n_epochs=3, batch_size=25, random_state=0
    ).fit(TABLE, y)
    assert [len(X) for X in seen] == [50, 50, 20] * 3
    originals = np.vstack([X[: len(X) // 2] for X in seen[:3]])
    assert set(map(tuple, originals)) == set(map(tuple, TABLE))
    noises = [np.vstack([X[len(X) // 2 :] for X in seen[k : k + 3]]) for k in (0, 3)]
    assert not np.isin(noises[0], noises[1]).any()
    assert model.predict(TABLE).shape == (60,)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_searches_reach_the_augmenter(n_jobs):
    X, y = load_digits(return_X_y=True)
    both = au.Compose([au.Rotate(10.0, image_shape=(8, 8)), au.GaussianNoise(1.0)])
    model = make_pipeline(
        StandardScaler(with_std=False), au.AugmentedClassifier(SGDClassifier(random_state=0), both, random_state=0)
    )
    grid = {
        "augmentedclassifier__augmenter__0__degrees": [0.0, 10.0],
        "augmentedclassifier__augmenter__1": [au.FeatureMask(0.1), au.GaussianNoise(2.0)],
    }
    search = GridSearchCV(model, grid, cv=2, n_jobs=n_jobs).fit(X[:300], y[:300])
    fresh = clone(model).set_params(**search.best_params_).fit(X[:300], y[:300])
    assert (fresh.predict(X) == search.predict(X)).all()
    assert both.augmenters[0].degrees == 10.0
    pickle.loads(pickle.dumps(search.best_estimator_)).predict(X[:5])


def test_texts_around_a_pipeline():
    texts, labels = ["good fine day", "bad poor day", "fine nice day", "poor sad day"] * 5, ["yes", "no"] * 10
    words = make_pipeline(CountVectorizer(), LogisticRegression())
    model = au.AugmentedClassifier(words, au.RandomDeletion(0.3), n_copies=3, random_state=0).fit(texts, labels)
    assert model.predict(["nice", "sad"]).tolist() == ["yes", "no"]
    series = pd.Series(texts, index=np.arange(20) + 5)
    same = au.AugmentedClassifier(words, au.RandomDeletion(0.3), n_copies=3, random_state=0).fit(series, labels)
    assert (same.predict_proba(texts) == model.predict_proba(texts)).all()


def test_back_translation_keeps_errors_apart():
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


def test_imbalanced_learn_takes_augmenters():
    pipeline = pytest.importorskip("imblearn.pipeline")
    X, y = load_digits(return_X_y=True)
    model = pipeline.make_pipeline(au.Rotate(10.0, image_shape=(8, 8), random_state=0), KNeighborsClassifier(1))
    assert model.fit(X, y)[-1]._fit_X.shape == (2 * len(X), 64)


BAD = [
    (au.Rotate(image_shape=(8, 9)), TABLE, r"image_shape=\(8, 9\) has 72 numbers; a row of X has 5"),
    (au.Rotate(), TABLE, "image_shape=None needs X of shape"),
    (au.Rotate(image_shape=(8,)), TABLE, r"image_shape must be \(height, width"),
    (au.Rotate(270.0), IMAGES, r"'degrees' .* Got 270\.0"),
    (au.Rotate(order=7), IMAGES, "'order' .* Got 7"),
    (au.Rotate(), TEXTS, r"Rotate needs numbers; X has <U\d+ entries"),
    (au.Flip(1.5), IMAGES, r"'p' parameter of Flip .* Got 1\.5"),
    (au.Cutout(20), IMAGES, "size=20 is larger than the images of 9 x 12 pixels"),
    (au.Scale(2.0, 1.0), IMAGES, r"low must not be above high; got low=2\.0, high=1\.0"),
    (au.Noise(30.0, 10.0), WAVES, "low must not be above high"),
    (au.Noise(), IMAGES, r"Noise needs waves of shape \(n, n_samples\); got shape \(40, 9, 12, 3\)"),
    (au.TimeMask(), WAVES, "TimeMask needs spectrograms"),
    (au.TimeMask(100), SPECTROGRAMS, "width=100 is more than the 40 of X"),
    (au.TimeStretch(n_fft=4096), WAVES, "n_fft=4096 is longer than the waves of 2048 samples"),
    (au.RandomDeletion(2.0), TEXTS, r"'p' .* Got 2\.0"),
    (au.RandomDeletion(), TABLE, "RandomDeletion needs a list of texts; got ndarray"),
    (au.RandomDeletion(), [1, 2], "RandomDeletion needs a list of texts; got 1 in row 0"),
    (au.RandomDeletion(), pd.DataFrame({"a": ["b"]}), "RandomDeletion needs a list of texts; got DataFrame"),
    (au.Compose([au.Mixup]), TABLE, "augmenters must hold augmenters"),
    (au.SynonymReplacement({"one": None}, 1.0), TEXTS, "synonyms must give a str or a list of str; got None for 'one'"),
    (au.WordDropout(), TABLE, "WordDropout needs a matrix of tokens"),
    (au.GaussianNoise(-1.0), TABLE, r"'scale' .* Got -1\.0|scale must be"),
    (au.GaussianNoise([1.0, 2.0]), TABLE, r"scale must be .* got \[1\.0, 2\.0\]"),
    (au.Mixup(0.0), TABLE, r"'alpha' .* Got 0\.0"),
    (au.Compose([]), TABLE, "augmenters must hold at least one"),
    (au.Compose([PCA()]), TABLE, r"augmenters must hold augmenters; got PCA\(\)"),
    (au.LatentNoise(StandardScaler), TABLE, "'transformer' .* a transformer with inverse_transform"),
    (au.LatentNoise(CountVectorizer()), TEXTS, "LatentNoise needs numbers; X has"),
]


@pytest.mark.parametrize(
    ("augmenter", "X", "message"), BAD, ids=[f"{k} {type(a).__name__}" for k, (a, *_) in enumerate(BAD)]
)
def test_bad_input(augmenter, X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        augmenter.fit_resample(X, np.arange(len(X)) % 2)


def test_places_of_a_composition():
    both = au.Compose([au.Mixup(), au.GaussianNoise()]).set_params(**{"1__scale": 3.0, "0": au.FeatureMask()})
    assert both.augmenters[1].scale == 3.0
    assert isinstance(both.augmenters[0], au.FeatureMask)
    with pytest.raises(ValueError, match="there are 2 augmenters; got a value for '7'"):
        both.set_params(**{"7": au.Mixup()})


def test_bad_input_of_the_estimators():
    y = np.arange(60) % 3
    for model, target, message in (
        (au.AugmentedRegressor(Ridge(), au.Mixup()), np.array(["a", "b", "c"])[y], "y must hold numbers to regress on"),
        (au.AugmentedRegressor(LogisticRegression(), au.Mixup()), y, "AugmentedRegressor needs a regressor"),
        (au.AugmentedClassifier(Ridge(), au.Mixup()), y, "AugmentedClassifier needs a classifier"),
        (au.AugmentedClassifier(LogisticRegression(), PCA()), y, r"'augmenter' .* Got PCA\(\)"),
        (au.AugmentedClassifier(LogisticRegression(), au.Mixup(), n_copies=0), y, "'n_copies' .* Got 0"),
        (au.AugmentedClassifier(LogisticRegression(), au.Mixup(), mode="stream"), y, "mode='stream' needs partial_fit"),
        (au.AugmentedClassifier(LogisticRegression(), au.Rotate(image_shape=(2, 2))), y, r"image_shape=\(2, 2\) has 4"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(TABLE, target)
