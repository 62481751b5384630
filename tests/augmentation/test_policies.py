"""Strengths of augmenters, and policies that draw augmenters and strengths."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skreg import AugmentedClassifier, DropoutCNNClassifier, DropoutMLPClassifier
from skreg import augmentation as au

from .cases import CASES, IDS, IMAGES, SERIES, as_array

WITH_STRENGTH = [
    pytest.param(augmenter, X, id=name)
    for (augmenter, X), name in zip(CASES, IDS, strict=True)
    if augmenter.has_strength and not isinstance(augmenter, au.RandAugment)
]
CHANGE_AT_LEAST = (au.Mixup, au.CutMix, au.Cutout, au.TimeMask, au.FrequencyMask, au.TimeStretch, au.PitchShift)


def new_rows(augmenter, X, seed=0):
    return augmenter.augment(au.Batch(X, np.arange(len(X))), np.random.default_rng(seed))


@pytest.mark.parametrize(("augmenter", "X"), WITH_STRENGTH)
def test_strength__one_is_the_augmenter_and_zero_changes_nothing(augmenter, X):
    augmenter.fit(X)
    whole, same = (new_rows(one, X).X for one in (augmenter, augmenter.at_strength(1.0)))
    assert (as_array(whole) == as_array(same)).all()
    parts = getattr(augmenter, "augmenters", [getattr(augmenter, "augmenter", augmenter)])
    if any(isinstance(part, (*CHANGE_AT_LEAST, au.Compose)) for part in parts):
        return
    weak, old = new_rows(augmenter.at_strength(0.0), X).X, as_array(X)
    if old.dtype.kind == "f":
        np.testing.assert_allclose(weak, old, atol=1e-6)
    else:
        assert (as_array(weak) == old).all()


@pytest.mark.parametrize("mixing", [au.Mixup(1.0), au.CutMix(1.0)], ids=lambda a: type(a).__name__)
def test_strength__weakest_mixing_draws_whole_rows(mixing):
    new = new_rows(mixing.at_strength(0.0), IMAGES)
    own = new.y[np.arange(40), new.shares.argmax(axis=1)]
    assert new.shares.max(axis=1).min() > 0.9
    assert np.mean(np.abs(new.X - IMAGES[own])) < 0.01


def test_strength__is_linear_in_the_parameters():
    assert au.Rotate(30.0).at_strength(0.5).degrees == 15.0
    assert au.Rotate((-10.0, 30.0)).at_strength(0.5).degrees == (-5.0, 15.0)
    assert au.Rotate([-10.0, 30.0]).at_strength(0.5).degrees == (-5.0, 15.0)
    assert au.Cutout(9).at_strength(0.5).size == 5
    assert au.Zoom(0.8, 1.4).at_strength(0.5).get_params()["low"] == pytest.approx(0.9)
    jitter = au.ColorJitter(0.4, (0.5, 2.0), 0.0).at_strength(0.5)
    assert (jitter.brightness, jitter.contrast, jitter.saturation) == (0.2, (0.75, 1.5), 0.0)
    noise = au.AddGaussianSNR(10.0, 30.0).at_strength(0.1)
    assert (noise.low, noise.high) == pytest.approx((30.0, 50.0))  # a tenth of the amplitude is 20 decibel less
    assert au.Compose([au.Rotate(30.0), au.Flip(0.5)]).at_strength(0.5).augmenters[1].p == 0.25
    with pytest.raises(ValueError, match=r"t must be a number in \[0, 1\]; got 1.5"):
        au.Rotate().at_strength(1.5)


def add(k):
    """An augmenter that adds ``10^k`` times its strength."""

    class Add(au.Perturbation):
        _weakest = {"amount": 0.0}

        def __init__(self, amount=10.0**k, random_state=None):
            self.amount = amount
            self.random_state = random_state

        def _perturb(self, X, rng):
            return X + self.amount

    return Add()


def test_trivial_augment__augmenters_and_strengths_are_equally_likely():
    policy = au.TrivialAugment([add(0), add(3)], n_strengths=4)
    changes = new_rows(policy, np.zeros((12000, 1))).X[:, 0]
    values, counts = np.unique(changes, return_counts=True)
    np.testing.assert_allclose(values, [0, 0.25, 0.5, 0.75, 1, 250, 500, 750, 1000])
    expected = np.array([2400] + [1200] * 8)  # strength 0 of both
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_trivial_augment__rows_keep_their_targets_and_order():
    X = np.arange(200.0)[:, None] * 1e6
    new = new_rows(au.TrivialAugment([add(0), add(3)]), X)
    assert (new.y == np.arange(200)).all()
    assert (np.rint(new.X[:, 0] / 1e6) == np.arange(200)).all()


def test_rand_augment__adds_n_ops_augmenters_at_one_strength():
    changes = new_rows(au.RandAugment([add(0), add(3)], n_ops=2, magnitude=0.5), np.zeros((4000, 1))).X[:, 0]
    values, counts = np.unique(changes, return_counts=True)
    np.testing.assert_allclose(values, [1.0, 500.5, 1000.0])
    assert (np.abs(counts - [1000, 2000, 1000]) < 150).all()


def test_policies__mixed_rows_have_mixed_targets():
    new = new_rows(au.TrivialAugment([au.Mixup(1.0), au.GaussianNoise(0.1)]), np.eye(30))
    np.testing.assert_allclose(new.shares.sum(axis=1), 1.0)
    assert (new.shares.max(axis=1) < 1.0).any()
    assert (new.shares.max(axis=1) == 1.0).any()


def test_policies__train_nets_and_estimators_on_digits():
    X, y = load_digits(return_X_y=True)
    X = X[:200] / 16.0
    policy = au.TrivialAugment(image_shape=(8, 8))
    params = dict(channels=(4,), hidden_layer_sizes=(8,), image_shape=(8, 8), max_iter=2, random_state=0)
    first, second = (DropoutCNNClassifier(augmenter=policy, **params).fit(X, y[:200]) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    model = AugmentedClassifier(KNeighborsClassifier(1), policy, random_state=0).fit(X, y[:200])
    assert model.score(X, y[:200]) == 1.0


def test_elastic_deform__displacements_have_the_given_size():
    ramp = np.tile(np.arange(40.0), (40, 1))[None]
    new = new_rows(au.ElasticDeform(1.5, smoothness=4.0), np.repeat(ramp, 20, axis=0))
    inside = (slice(None), slice(6, -6), slice(6, -6))
    moved = (new.X - ramp)[inside]
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(1.5, rel=0.1)
    assert np.sqrt(np.mean(np.diff(moved, axis=2) ** 2)) < 0.5  # neighbours move alike


def test_shear__moves_rows_in_proportion_to_their_distance_from_the_centre():
    image = np.zeros((1, 21, 21))
    image[0, :, 10] = 1.0
    new = au.Shear((45.0, 45.0)).augment(
        au.Batch(np.repeat(image, 40, axis=0), np.arange(40)), np.random.default_rng(0)
    )
    sheared = [np.allclose(one, np.eye(21)) or np.allclose(one, np.eye(21)[::-1]) for one in new.X]
    same = [np.allclose(one, image[0]) for one in new.X]  # along the other axis a vertical line stays
    assert 10 < sum(sheared) < 30
    assert sum(sheared) + sum(same) == 40


def test_series__scale_warp_slice_and_permutation():
    scaled = new_rows(au.AmplitudeScale(0.1), SERIES).X / SERIES
    np.testing.assert_allclose(scaled, np.broadcast_to(scaled[:, :1], scaled.shape), rtol=1e-4)
    line = np.tile(np.arange(50.0), (30, 1))
    warped = new_rows(au.TimeWarp(0.3), line).X
    assert (np.diff(warped, axis=1) > 0).all()
    np.testing.assert_allclose(warped[:, [0, -1]], line[:, [0, -1]])
    assert np.log(np.diff(warped, axis=1)).std() == pytest.approx(0.25, abs=0.1)
    sliced = new_rows(au.WindowSlice(0.5), line).X
    np.testing.assert_allclose(np.diff(sliced, axis=1), 0.5, rtol=1e-9)
    assert sliced.min() >= 0.0
    assert sliced.max() <= 49.0
    permuted = new_rows(au.SegmentPermutation(5), line).X
    np.testing.assert_array_equal(np.sort(permuted, axis=1), line)
    assert (np.diff(permuted, axis=1) != 1.0).sum(axis=1).max() <= 4


def test_policies__image_list_fits_the_size_of_the_rows():
    parts = au.TrivialAugment()._operations(IMAGES)
    assert parts[0].pixels == pytest.approx(0.3 * 9)


def test_policies__errors_name_the_row_of_the_batch():
    X = np.where(SERIES[7, 5, 1] == SERIES, np.inf, SERIES)
    for policy in (au.OneOf([au.TimeWarp(), au.WindowSlice()]), au.TrivialAugment([au.TimeWarp(), au.WindowSlice()])):
        with pytest.raises(ValueError, match="inf in row 7, at step 5, channel 1"):
            new_rows(policy, X)


def test_policies__integers_that_change_at_some_strengths_do_not_warn():
    rng = np.random.default_rng(0)
    frame, y = pd.DataFrame({"a": rng.integers(0, 50, 32), "b": rng.normal(size=32)}), np.arange(32) % 2
    noise = au.GaussianNoise(2.0)
    augmenters = au.TrivialAugment([noise]), au.RandAugment([noise]), au.OneOf([noise, au.SwapNoise(0.2)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for augmenter in augmenters:
            for _ in range(3):
                augmenter.augment(au.Batch(frame, y), rng)
            AugmentedClassifier(LogisticRegression(), augmenter, n_copies=3, random_state=0).fit(frame, y)


def test_policies__integers_that_never_change_warn_once():
    rng = np.random.default_rng(0)
    frame, y = pd.DataFrame({"a": rng.integers(0, 50, 30), "b": rng.normal(size=30)}), np.arange(30) % 2
    weak, policy = au.GaussianNoise(0.05), au.TrivialAugment([au.GaussianNoise(0.05)])
    calls = {
        r"GaussianNoise were rounded away": lambda: policy.augment(au.Batch(frame, y), rng),
        r"GaussianNoise with scale=0\.025 were": lambda: new_rows(au.RandAugment([weak], magnitude=0.5), frame),
        r"GaussianNoise with scale=0\.05 were": lambda: AugmentedClassifier(
            LogisticRegression(), weak, n_copies=3, random_state=0
        ).fit(frame, y),
    }
    for message, call in calls.items():
        with pytest.warns(UserWarning, match=rf"integers in the columns \['a'\]: the changes by {message}") as record:
            call()
        assert len(record) == 1
        assert record[0].filename == __file__


def test_nets__warn_once_of_integers_that_change_in_no_batch():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 255, (80, 3)).astype(np.uint8), np.arange(80) % 2
    net = DropoutMLPClassifier((4,), ensemble_size=1, max_iter=2, batch_size=4, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.set_params(augmenter=au.GaussianNoise(0.3)).fit(X, y)  # in some batches all changes are rounded away
    net.set_params(augmenter=au.GaussianNoise(0.01))
    for fit in (net.fit, net.partial_fit):
        with pytest.warns(UserWarning, match=r"X holds uint8 numbers: .* scale=0\.01 were rounded away") as record:
            fit(X, y)
        assert len(record) == 1
