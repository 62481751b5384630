"""Augmenters keep what they say they keep, and estimators train on exactly the rows that they should."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import DropoutMLPClassifier
from skreg import augmentation as au
from skreg.augmentation._images import warp
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


@pytest.mark.parametrize("kind", [np.float32, np.uint8, np.int64])
@pytest.mark.parametrize(("augmenter", "X"), [c for c in CASES if c[1] is IMAGES], ids=lambda v: type(v).__name__)
def test_images_as_flat_rows_of_any_type(augmenter, X, kind):
    values = (255 * X).astype(kind)
    images = clone(augmenter).set_params(random_state=0)
    if isinstance(augmenter, au.ColorJitter):
        images.set_params(high=255.0)
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
        if not isinstance(augmenter, au.FeatureMask):
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
        changed = au.SwapNoise(p).perturb(rng.random((400, 100)), rng)
        assert changed.shape == X.shape
    assert ((1.0 - au.Cutout(4).perturb(np.ones((50, 9, 11)), rng)).sum(axis=(1, 2)) == 16).all()
    erased = au.RandomErasing(1.0, low=0.2, high=0.2, aspect=1.0).perturb(rng.random((50, 30, 30)), rng)
    assert erased.shape == (50, 30, 30)
    times = au.TimeMask(8, n_masks=1).perturb(SPECTROGRAMS, rng)
    changed = (times != SPECTROGRAMS).all(axis=1).sum(axis=1)
    assert changed.max() <= 8
    assert ((times != SPECTROGRAMS).any(axis=1).sum(axis=1) == changed).all()
    del y


def test_swaps_keep_every_column_its_own():
    X = np.arange(50)[:, None] + 1000 * np.arange(4)
    swapped = au.SwapNoise(0.5).perturb(X, np.random.default_rng(0))
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
    slow = np.abs(au.TimeStretch(0.8, 0.8).perturb(clicks, rng)[0])
    assert slow[4500:5500].max() > 3.0 * slow[6000:9000].max()  # 4000 / 0.8


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
        rows, labels, own = new.hard(weights)
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
        some = np.flatnonzero(weights)
        first, place = distinct(TABLE[some], y[some])
        rng = np.random.default_rng(np.random.RandomState(0).randint(2**31 - 1))
        batch = augmenter.augment(au.Batch(TABLE[some], y[some]).take(first), rng).take(place)
        rows, labels, own = batch.hard(weights[some])
        X = np.vstack([TABLE[some], batch.X[rows]])
        plain = LogisticRegression().fit(X, np.r_[y[some], labels], np.r_[weights[some], own])
        np.testing.assert_allclose(heavy.estimator_.coef_, plain.coef_)


def test_copies_among_held_out_rows():
    X, y = load_digits(return_X_y=True)
    net = DropoutMLPClassifier((20,), max_iter=3, random_state=0)
    augmented = au.AugmentedClassifier(net, au.GaussianNoise(0.1), random_state=0)
    with pytest.warns(UserWarning, match=r"holds out rows \(early_stopping=True\), some of which will be copies"):
        augmented.fit(X[:100], y[:100])
    augmented.fit(X[:100], y[:100], X_val=X[100:200], y_val=y[100:200])  # no warning
    clone(augmented).set_params(mode="stream", n_epochs=2).fit(X[:100], y[:100])
    with pytest.raises(ValueError, match="mode='stream' takes no more arguments of fit; got X_val"):
        clone(augmented).set_params(mode="stream").fit(X, y, X_val=X)


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
    (au.Rotate(), TEXTS, r"Rotate needs numbers; got X with <U\d+ entries"),
    (au.Flip(1.5), IMAGES, r"'p' parameter of Flip .* Got 1\.5"),
    (au.Cutout(20), IMAGES, "size=20 is larger than the images of 9 x 12 pixels"),
    (au.Scale(2.0, 1.0), IMAGES, r"low must not be above high; got low=2\.0, high=1\.0"),
    (au.Noise(30.0, 10.0), WAVES, "low must not be above high"),
    (au.Noise(), IMAGES, r"Noise needs waves of shape \(n, n_samples\); got shape \(40, 9, 12, 3\)"),
    (au.TimeMask(), WAVES, "TimeMask needs spectrograms"),
    (au.TimeMask(100), SPECTROGRAMS, "width=100 is more than the 40 of X"),
    (au.TimeStretch(n_fft=4096), WAVES, "n_fft=4096 is longer than the waves of 2048 samples"),
    (au.RandomDeletion(2.0), TEXTS, r"'p' .* Got 2\.0"),
    (au.RandomDeletion(), TABLE, "RandomDeletion needs a list of texts; got .* in row 0"),
    (au.WordDropout(), TABLE, "WordDropout needs a matrix of tokens"),
    (au.GaussianNoise(-1.0), TABLE, r"'scale' .* Got -1\.0|scale must be"),
    (au.GaussianNoise([1.0, 2.0]), TABLE, r"scale must be .* got \[1\.0, 2\.0\]"),
    (au.Mixup(0.0), TABLE, r"'alpha' .* Got 0\.0"),
    (au.Compose([]), TABLE, "augmenters must hold at least one"),
    (au.Compose([PCA()]), TABLE, r"augmenters must hold augmenters; got PCA\(\)"),
    (au.LatentNoise(StandardScaler), TABLE, "'transformer' .* a transformer with inverse_transform"),
    (au.LatentNoise(CountVectorizer()), TEXTS, "LatentNoise needs numbers; got X with"),
]


@pytest.mark.parametrize(
    ("augmenter", "X", "message"), BAD, ids=[f"{k} {type(a).__name__}" for k, (a, *_) in enumerate(BAD)]
)
def test_bad_input(augmenter, X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        augmenter.fit_resample(X, np.arange(len(X)) % 2)


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
