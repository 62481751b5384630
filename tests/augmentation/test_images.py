"""Augmenters of images."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skreg import augmentation as au
from skreg.augmentation._warps import warp

from .cases import (
    CASES,
    IMAGES,
    RNG,
)


@pytest.mark.parametrize("kind", [np.float32, np.uint8, np.int64])
@pytest.mark.parametrize(("augmenter", "X"), [c for c in CASES if c[1] is IMAGES], ids=lambda v: type(v).__name__)
def test_images__flat_rows_of_any_type(augmenter, X, kind):
    values = (255 * X).astype(kind)
    images = clone(augmenter).set_params(random_state=0)
    if getattr(augmenter, "fill", None) == 0.5:
        images.set_params(fill=7)
    if "max_value" in images.get_params():
        images.set_params(max_value=255)
    y = np.arange(len(X)) % 2
    wanted, _ = images.fit_resample(values, y)
    found, _ = clone(images).set_params(image_shape=X.shape[1:]).fit_resample(values.reshape(len(X), -1), y)
    assert found.dtype == wanted.dtype == kind
    assert (found == wanted.reshape(found.shape)).all()
    assert wanted.min() >= 0
    assert wanted.max() <= 255
    grey = clone(images).set_params(image_shape=(9, 36)).fit_resample(values.reshape(len(X), -1), y)[0]
    assert grey.shape == found.shape


def test_warp__against_scipy():
    from scipy.ndimage import rotate, shift

    image = np.zeros((15, 15))
    image[4:9, 5:12] = RNG.random((5, 7))
    turned = warp(image[None, ..., None], rotation(30.0)[None], np.zeros((1, 2)), 1, np.zeros(1))[0, ..., 0]
    np.testing.assert_allclose(turned, rotate(image, 30.0, reshape=False, order=1), atol=1e-12)
    moved = warp(image[None, ..., None], np.eye(2)[None], np.array([[1.5, -2.0]]), 1, np.zeros(1))[0, ..., 0]
    np.testing.assert_allclose(moved, shift(image, (-1.5, 2.0), order=1), atol=1e-12)
    many = np.repeat(image[None, ..., None], 7, axis=0)
    whole = warp(many, np.repeat(rotation(30.0)[None], 7, axis=0), np.zeros((7, 2)), 1, np.zeros(1))
    np.testing.assert_allclose(whole[6, ..., 0], turned)


def rotation(degrees):
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def test_warp__images_do_not_touch_each_other():
    pictures = RNG.random((6, 9, 9)).astype(np.float32)
    pictures[0, 4, 4] = np.nan
    for order in (0, 1, 3):
        moved = [
            warp(pictures[..., None], m, np.full((6, 2), 0.3), order, np.zeros(1))
            for m in (None, np.tile(np.eye(2), (6, 1, 1)))
        ]
        np.testing.assert_allclose(*moved, atol=1e-5)
        turned = warp(
            pictures[..., None], np.repeat(rotation(20.0)[None], 6, axis=0), np.ones((6, 2)), order, np.zeros(1)
        )
        assert np.isfinite(turned[1:]).all()
        for k in range(6):
            alone = warp(pictures[k : k + 1, ..., None], rotation(20.0)[None], np.ones((1, 2)), order, np.zeros(1))
            np.testing.assert_array_equal(alone[0], turned[k])
    tiny = warp(np.ones((1, 5, 5, 1)), np.eye(2)[None], np.full((1, 2), 0.01), 1, np.zeros(1))
    assert tiny.min() > 0.97  # the edge does not vanish at once


FILLED = [au.Shift(3.0), au.Rotate(30.0), au.Zoom(0.5, 0.5), au.RandomCrop(3), au.Cutout(3)]


@pytest.mark.parametrize("augmenter", FILLED, ids=lambda v: type(v).__name__)
def test_fill__fits_the_type_or_raises(augmenter):
    rng = np.random.default_rng(0)
    white = np.full((4, 6, 6, 3), 255, dtype=np.uint8)
    augmenter = clone(augmenter)
    for fill in (300, -1, 0.7, [0, 300, 0]):
        with pytest.raises(ValueError, match=re.escape(f"fill={fill!r} does not fit in X, which has uint8 entries")):
            augmenter.set_params(fill=fill).perturb(white, rng)
    frame = pd.DataFrame(white.reshape(4, -1))
    with pytest.raises(ValueError, match=r"fill=300 .* uint8"):
        augmenter.set_params(fill=300, image_shape=(6, 6, 3)).perturb(frame, rng)
    with pytest.raises(ValueError, match=r"fill=1e\+39 .* float32"):
        augmenter.set_params(fill=1e39, image_shape=None).perturb(white.astype(np.float32), rng)
    with pytest.raises(ValueError, match=r"one for each of 3 channels; got \[1, 2\]"):
        augmenter.set_params(fill=[1, 2]).perturb(white, rng)
    if "order" in augmenter.get_params():
        augmenter.set_params(order=0)  # without values between the image and the fill
    new = augmenter.set_params(fill=(10, 20, 30)).perturb(white, rng)
    filled = (new != 255).any(axis=-1)
    assert filled.any()
    assert (new[filled] == (10, 20, 30)).all()


def test_images__nan_and_infinity_raise_with_their_place():
    for value in (np.nan, np.inf):
        images = IMAGES.copy()
        images[3, 4, 5, 1] = value
        for augmenter, X in CASES:
            if X is IMAGES:
                name = r"\w+" if hasattr(augmenter, "augmenters") else type(augmenter).__name__
                message = f"{name} needs finite numbers; X has {value} in row 3, at pixel row 4,"
                with pytest.raises(ValueError, match=message + " column 5, channel 1"):
                    augmenter.augment(au.Batch(images, np.zeros(len(X))), np.random.default_rng(0))


def test_images__order_of_axes_is_questioned():
    rng = np.random.default_rng(0)
    photo = rng.random((32, 24, 3))
    with pytest.warns(UserWarning, match=r"read as 32 images of 24 x 3 pixels.* pass X\[None\]"):
        au.Flip(1.0).perturb(photo, rng)
    with pytest.warns(UserWarning, match=r"read as 3 x 32 pixels with 24 channels.* np\.moveaxis\(X, 1, -1\)"):
        au.Flip(1.0).perturb(rng.random((5, 3, 32, 24)), rng)
    with pytest.warns(UserWarning, match="3 x 32 pixels with 24 channels"):
        au.CutMix(image_shape=(3, 32, 24)).fit_resample(rng.random((5, 3 * 32 * 24)), np.arange(5))
    au.Flip(1.0).perturb(photo[None], rng)
    au.Flip(1.0).perturb(rng.random((5, 3, 3)), rng)  # small pictures


def test_rotate__ranges_and_direction():
    rng = np.random.default_rng(0)
    images = rng.random((3, 7, 7))
    turned = au.Rotate((90.0, 90.0)).perturb(images, rng)
    np.testing.assert_allclose(turned, np.rot90(images, axes=(1, 2)), atol=1e-12)  # counterclockwise
    bars = np.zeros((200, 21, 21))
    bars[:, 10, 10:] = 1.0
    end = au.Rotate((20.0, 40.0)).perturb(bars, rng)[:, :, 17].argmax(axis=1)
    assert ((10 - end >= 1) & (10 - end <= 7)).all()  # the right end goes up, for every angle


def test_color_jitter__ranges():
    rng = np.random.default_rng(0)
    brighter = au.ColorJitter((1.0, 1.5), 0.0, 0.0).perturb(0.5 * IMAGES, rng) / (0.5 * IMAGES)
    assert brighter.min() > 1.0 - 1e-9
    assert brighter.max() > 1.4
    for bad, message in (
        (au.Rotate((10.0, -10.0)), r"degrees must be \(low, high\) with low at most high; got \(10\.0, -10\.0\)"),
        (au.Rotate((0.0, 200.0)), r"degrees must lie in \[-180, 180\]; got \(0\.0, 200\.0\)"),
        (au.ColorJitter((-1.0, 1.0)), r"brightness must not be negative; got \(-1\.0, 1\.0\)"),
    ):
        with pytest.raises(ValueError, match=message):
            bad.perturb(IMAGES, rng)
