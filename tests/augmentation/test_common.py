"""Every augmenter keeps its promises about containers, types, seeds and bad input."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from skreg import augmentation as au

from .cases import (
    BAD,
    CASES,
    IDS,
    IMAGES,
    SPECTROGRAMS,
    SYNONYMS,
    TABLE,
    WAVES,
    as_array,
)


@pytest.mark.parametrize(("augmenter", "X"), CASES, ids=IDS)
def test_augmenters__rows_stay_in_their_container_and_seeds_repeat(augmenter, X):
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


def test_augmenters__zero_strength_changes_nothing():
    rng = np.random.default_rng(0)
    flat = IMAGES.astype(np.float32)
    for augmenter in (
        au.Rotate(0.0), au.Shift(0.0), au.Zoom(1.0, 1.0), au.RandomCrop(0), au.Flip(0.0), au.RandomErasing(0.0),
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


def test_masks__cover_the_share_that_they_say():
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


@pytest.mark.parametrize(
    ("augmenter", "X", "message"), BAD, ids=[f"{k} {type(a).__name__}" for k, (a, *_) in enumerate(BAD)]
)
def test_augmenters__bad_input(augmenter, X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        augmenter.fit_resample(X, np.arange(len(X)) % 2)


def test_fit_resample__keeps_containers_names_and_types():
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


def test_fit_resample__in_the_pipeline_of_imbalanced_learn():
    pipeline = pytest.importorskip("imblearn.pipeline")
    X, y = load_digits(return_X_y=True)
    model = pipeline.make_pipeline(au.Rotate(10.0, image_shape=(8, 8), random_state=0), KNeighborsClassifier(1))
    assert model.fit(X, y)[-1]._fit_X.shape == (2 * len(X), 64)
