"""Augmenters that replace a rectangle of an image."""

from numbers import Integral, Real

import numpy as np

from ..utils._params import FRACTION, POSITIVE, PROBABILITY, Interval
from ._base import Augmenter, check_range
from ._images import _COMMON, _FILL, FILL_CONSTRAINT, ImageAugmenter, check_images, images_of


def rectangles(heights, widths, shape, rng):
    """Masks (n, height, width) of one rectangle per image, at a random place wholly inside the image."""
    height, width = shape
    top = np.floor(rng.random(len(heights)) * (height - heights + 1)).astype(int)
    left = np.floor(rng.random(len(widths)) * (width - widths + 1)).astype(int)
    rows, columns = np.arange(height), np.arange(width)
    inside = (rows >= top[:, None]) & (rows < (top + heights)[:, None])
    return inside[:, :, None] & ((columns >= left[:, None]) & (columns < (left + widths)[:, None]))[:, None]


class Cutout(ImageAugmenter):
    __doc__ = f"""Blank out a square of every image (DeVries & Taylor 2017 [1]_).

    Parameters
    ----------
    size : int, default=4
        Side of the square in pixels, at least 1. The square is wholly inside the image, unlike in the paper, so that
        its area is always ``size^2``.
    fill : {_FILL}
        Value of the square, for all channels or for each.{_COMMON}

    References
    ----------
    .. [1] T. DeVries, G. Taylor, "Improved regularization of convolutional neural networks with cutout", arXiv
       1708.04552, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Cutout
    >>> X, y = Cutout(3, random_state=0).fit_resample(np.ones((2, 8, 8)), np.zeros(2))
    >>> X[2:].sum(axis=(1, 2)).tolist()
    [55.0, 55.0]
    """

    _weakest = {"size": 1}
    _parameter_constraints = {
        "size": [Interval(Integral, 1, np.inf)],
        "fill": FILL_CONSTRAINT,
        **ImageAugmenter._image_constraints,
    }

    def __init__(self, size=4, *, fill=0.0, image_shape=None, random_state=None):
        self.size = size
        self.fill = fill
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng, fill):
        n, *shape, _ = images.shape
        if self.size > min(shape):
            raise ValueError(f"size={self.size} is larger than the images of {shape[0]} x {shape[1]} pixels.")
        sides = np.full(n, self.size)
        return np.where(rectangles(sides, sides, shape, rng)[..., None], fill.astype(images.dtype), images)


class RandomErasing(ImageAugmenter):
    __doc__ = f"""Fill a rectangle of some images with noise (Zhong et al. 2020 [1]_).

    Parameters
    ----------
    p : float, default=0.5
        Probability that an image is changed, in [0, 1].
    low, high : float, default=0.02, 0.33
        Range of the rectangle's share of the area, in (0, 1); drawn uniformly.
    aspect : float, default=3.3
        Largest ratio of the sides, at least 1; its logarithm is drawn uniformly.{_COMMON}

    Notes
    -----
    The rectangle is filled with pixels drawn from the whole batch, which keeps their distribution.

    References
    ----------
    .. [1] Z. Zhong et al., "Random erasing data augmentation", AAAI 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import RandomErasing
    >>> images = np.random.default_rng(0).random((2, 8, 8))
    >>> X, y = RandomErasing(1.0, random_state=0).fit_resample(images, np.zeros(2))
    >>> bool(((X[2:] != images).sum(axis=(1, 2)) > 0).all())
    True
    """

    _weakest = {"p": 0.0}
    _parameter_constraints = {
        "p": [PROBABILITY],
        "low": [FRACTION],
        "high": [FRACTION],
        "aspect": [Interval(Real, 1.0, np.inf)],
        **ImageAugmenter._image_constraints,
    }

    def __init__(self, p=0.5, *, low=0.02, high=0.33, aspect=3.3, image_shape=None, random_state=None):
        self.p = p
        self.low = low
        self.high = high
        self.aspect = aspect
        self.image_shape = image_shape
        self.random_state = random_state

    def _check(self):
        super()._check()
        check_range(self)

    def _change(self, images, rng):
        n, height, width, channels = images.shape
        area = rng.uniform(self.low, self.high, n) * height * width
        ratio = np.exp(rng.uniform(-np.log(self.aspect), np.log(self.aspect), n))
        heights = np.clip(np.rint(np.sqrt(area * ratio)), np.ceil(area / width), height).astype(int)
        widths = np.clip(np.rint(area / heights), 1, width).astype(int)
        erased = rectangles(heights, widths, (height, width), rng) & (rng.random(n) < self.p)[:, None, None]
        new = images.copy()
        count = int(erased.sum())
        new[erased] = images.reshape(-1, channels)[rng.integers(n * height * width, size=count)]
        return new


class CutMix(Augmenter):
    __doc__ = f"""Paste a rectangle of another image into every image, and mix targets by area (Yun et al. 2019 [1]_).

    Parameters
    ----------
    alpha : float, default=1.0
        Parameter of the Beta(alpha, alpha) distribution of the share of the area that stays, positive. The rectangle is
        wholly inside the image, unlike in the paper, and targets are mixed by the share of its pixels.{_COMMON}

    References
    ----------
    .. [1] S. Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable features",
       ICCV 2019, eq. 1 and 2.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import CutMix
    >>> images = np.arange(4.0)[:, None, None] * np.ones((1, 8, 8))
    >>> X, y = CutMix(random_state=0).fit_resample(images, np.arange(4.0) + 0.5)
    >>> bool(np.allclose(X.mean(axis=(1, 2)) + 0.5, y))
    True
    """

    _reads = ImageAugmenter._reads
    _weakest = {"alpha": 1e-3}
    _parameter_constraints = {"alpha": [POSITIVE], **ImageAugmenter._image_constraints}

    def __init__(self, alpha=1.0, *, image_shape=None, random_state=None):
        self.alpha = alpha
        self.image_shape = image_shape
        self.random_state = random_state

    def _augment(self, batch, rng):
        images, restore = images_of(batch.X, self)
        check_images(images, self)
        n, height, width, _ = images.shape
        partner = batch.partners(rng)
        side = np.sqrt(1.0 - rng.beta(self.alpha, self.alpha, n))
        heights, widths = (np.rint(side * length).astype(int) for length in (height, width))
        pasted = rectangles(heights, widths, (height, width), rng)
        share = 1.0 - pasted.mean(axis=(1, 2))
        return batch.mix(restore(np.where(pasted[..., None], images[partner], images)), partner, share)
