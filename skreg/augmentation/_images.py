"""Augmenters for images, as flat rows or arrays (n, height, width[, channels])."""

from numbers import Integral, Real

import numpy as np
from scipy.ndimage import affine_transform, shift

from ..utils._params import ARRAY_LIKE, NONE, RANDOM_STATE, Interval, Options
from ._base import Augmenter, Perturbation, check_range, numbers_of

_NONNEGATIVE = Interval(Real, 0.0, np.inf)
_POSITIVE = Interval(Real, 0.0, np.inf, closed="neither")
_RATE = Interval(Real, 0.0, 1.0, closed="both")
_REAL = Interval(Real, -np.inf, np.inf, closed="neither")


def images_of(X, owner):
    """X as images (n, height, width, channels), and what puts them back into the form that X has."""
    values, back = numbers_of(X, owner)
    shape = owner.image_shape
    if shape is None:
        if values.ndim not in (3, 4):
            raise ValueError(
                f"image_shape=None needs X of shape (n, height, width[, channels]); got shape {values.shape}: set"
                f" image_shape of {type(owner).__name__}."
            )
        shape = values.shape[1:]
    elif len(shape) not in (2, 3) or not all(isinstance(side, (int, np.integer)) and side > 0 for side in shape):
        raise ValueError(f"image_shape must be (height, width[, channels]); got {shape!r}.")
    elif int(np.prod(shape)) != int(np.prod(values.shape[1:])):
        raise ValueError(f"image_shape={tuple(shape)} has {np.prod(shape)} numbers; a row of X has {values[0].size}.")
    images = values.reshape(len(values), *shape, *[1] * (3 - len(shape)))
    return images, lambda new: back(new.reshape(values.shape))


def warp(images, matrices, shifts, order, fill):
    """Images whose pixel at x, from the centre, is that of the old ones at ``matrix x + shift``.

    One after another: `map_coordinates` on the whole batch, with the image as a third coordinate, takes twice the
    neighbours of a pixel, four times with cubic splines, and is slower.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
    matrices : ndarray of shape (n, 2, 2) or None
        None is the identity.
    shifts : ndarray of shape (n, 2)
    order : int
        Of the spline; 1 is linear.
    fill : float
        What is seen beyond the edge.
    """
    out = np.empty(images.shape, np.float32 if images.dtype.itemsize < 4 else np.result_type(images.dtype, np.float32))
    centre = np.array([images.shape[1] - 1, images.shape[2] - 1]) / 2.0
    offsets = None if matrices is None else centre - matrices @ centre + shifts
    for k, image in enumerate(images):
        source = image.astype(out.dtype, copy=False)
        for c in range(images.shape[-1]):
            options = dict(output=out[k, ..., c], order=order, mode="grid-constant", cval=fill)
            if matrices is None:
                shift(source[..., c], -shifts[k], **options)  # in half the time
            else:
                affine_transform(source[..., c], matrices[k], offsets[k], **options)
        if order > 1:  # splines overshoot
            np.clip(out[k], min(source.min(), fill), max(source.max(), fill), out=out[k])
    return out


class ImageAugmenter(Perturbation):
    """Base of augmenters of images. Subclasses give `_change`."""

    _image_constraints = {"image_shape": [ARRAY_LIKE, NONE], "random_state": [RANDOM_STATE]}

    def _perturb(self, X, rng):
        images, back = images_of(X, self)
        return back(self._change(images, rng))


_COMMON = """
    image_shape : tuple of int, default=None
        (height, width) or (height, width, channels) of the rows of X; None for X that has the shape of images.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.
"""
_WARPED = """
    fill : float, default=0.0
        What is seen beyond the edge.
    order : int, default=1
        Of the spline that interpolates, in [0, 5]; 1 is linear, 0 takes the nearest pixel. Where splines overshoot,
        pixels are clipped to the range of the image.""" + _COMMON.rstrip()
_WARP_CONSTRAINTS = {
    "fill": [_REAL],
    "order": [Interval(Integral, 0, 5, closed="both")],
    **ImageAugmenter._image_constraints,
}


class Shift(ImageAugmenter):
    __doc__ = f"""Move every image, by up to some pixels along both axes.

    Parameters
    ----------
    pixels : float, default=2.0
        Largest distance along each axis, in [0, inf); drawn uniformly.{_WARPED}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Shift
    >>> X, y = Shift(1.0, image_shape=(8, 8), random_state=0).fit_resample(np.ones((3, 64)), np.arange(3))
    >>> X.shape
    (6, 64)
    """

    _parameter_constraints = {"pixels": [_NONNEGATIVE], **_WARP_CONSTRAINTS}

    def __init__(self, pixels=2.0, *, fill=0.0, order=1, image_shape=None, random_state=None):
        self.pixels = pixels
        self.fill = fill
        self.order = order
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng):
        shifts = rng.uniform(-self.pixels, self.pixels, (len(images), 2))
        return warp(images, None, shifts, self.order, self.fill)


class Rotate(ImageAugmenter):
    __doc__ = f"""Rotate every image about its centre.

    Parameters
    ----------
    degrees : float, default=15.0
        Largest angle, in [0, 180]; drawn uniformly to both sides.{_WARPED}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Rotate
    >>> images = np.random.default_rng(0).random((3, 9, 9))
    >>> X, y = Rotate(0.0, random_state=0).fit_resample(images, np.arange(3))
    >>> bool((X[3:] == images).all())
    True
    """

    _parameter_constraints = {"degrees": [Interval(Real, 0.0, 180.0, closed="both")], **_WARP_CONSTRAINTS}

    def __init__(self, degrees=15.0, *, fill=0.0, order=1, image_shape=None, random_state=None):
        self.degrees = degrees
        self.fill = fill
        self.order = order
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng):
        angle = np.deg2rad(rng.uniform(-self.degrees, self.degrees, len(images)))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
        return warp(images, turn, np.zeros((len(images), 2)), self.order, self.fill)


class Scale(ImageAugmenter):
    __doc__ = f"""Enlarge or shrink every image about its centre.

    Parameters
    ----------
    low, high : float, default=0.9, 1.1
        Range of the factor, positive; its logarithm is drawn uniformly.{_WARPED}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Scale
    >>> X, y = Scale(0.5, 0.5, random_state=0).fit_resample(np.ones((1, 8, 8)), np.zeros(1))
    >>> float(X[1].sum())
    16.0
    """

    _parameter_constraints = {"low": [_POSITIVE], "high": [_POSITIVE], **_WARP_CONSTRAINTS}

    def __init__(self, low=0.9, high=1.1, *, fill=0.0, order=1, image_shape=None, random_state=None):
        self.low = low
        self.high = high
        self.fill = fill
        self.order = order
        self.image_shape = image_shape
        self.random_state = random_state

    def _check(self):
        super()._check()
        check_range(self)

    def _change(self, images, rng):
        factor = np.exp(rng.uniform(np.log(self.low), np.log(self.high), len(images)))
        matrices = np.eye(2) / factor[:, None, None]
        return warp(images, matrices, np.zeros((len(images), 2)), self.order, self.fill)


class Crop(ImageAugmenter):
    __doc__ = f"""Pad every image and cut out a part of its old size, at a random place: a shift by whole pixels.

    Parameters
    ----------
    padding : int, default=2
        Pixels on every side, at least 0.
    mode : {{"constant", "edge", "reflect"}}, default="constant"
        What the padding shows: `fill`, the pixel at the edge, or the image mirrored.
    fill : float, default=0.0
        Used with "constant".{_COMMON.rstrip()}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Crop
    >>> X, y = Crop(1, random_state=0).fit_resample(np.ones((2, 4, 4)), np.zeros(2))
    >>> bool(np.isin(X, [0.0, 1.0]).all())
    True
    """

    _parameter_constraints = {
        "padding": [Interval(Integral, 0, np.inf)],
        "mode": [Options("constant", "edge", "reflect")],
        "fill": [_REAL],
        **ImageAugmenter._image_constraints,
    }

    def __init__(self, padding=2, *, mode="constant", fill=0.0, image_shape=None, random_state=None):
        self.padding = padding
        self.mode = mode
        self.fill = fill
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng):
        n, height, width, _ = images.shape
        margin, options = self.padding, {"constant_values": self.fill} if self.mode == "constant" else {}
        padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0)), self.mode, **options)
        top, left = rng.integers(0, 2 * margin + 1, (2, n))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
        return windows[np.arange(n), top, left].transpose(0, 2, 3, 1)


class Flip(ImageAugmenter):
    __doc__ = f"""Mirror some images.

    Parameters
    ----------
    p : float, default=0.5
        Probability of every image, in [0, 1].
    axis : {{"horizontal", "vertical"}}, default="horizontal"
        "horizontal" exchanges left and right. Only where that keeps the class: not for digits or letters.{
        _COMMON.rstrip()
    }

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Flip
    >>> X, y = Flip(1.0, random_state=0).fit_resample(np.array([[[1, 2, 3]]]), np.zeros(1))
    >>> X[1].tolist()
    [[3, 2, 1]]
    """

    _parameter_constraints = {
        "p": [_RATE],
        "axis": [Options("horizontal", "vertical")],
        **ImageAugmenter._image_constraints,
    }

    def __init__(self, p=0.5, *, axis="horizontal", image_shape=None, random_state=None):
        self.p = p
        self.axis = axis
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng):
        flipped = images[:, :, ::-1] if self.axis == "horizontal" else images[:, ::-1]
        return np.where((rng.random(len(images)) < self.p)[:, None, None, None], flipped, images)


class ColorJitter(ImageAugmenter):
    __doc__ = f"""Change brightness, contrast and saturation of every image.

    Parameters
    ----------
    brightness, contrast, saturation : float, default=0.2
        Factors are drawn uniformly from ``1 - value`` to ``1 + value``, each in [0, 1]. Brightness multiplies the
        image, contrast its differences to its mean, saturation those to its grey, which one channel does not have.
    high : float, default=None
        The largest value of a pixel, positive, to which results are clipped; None means 255 for bytes, the largest
        number of other whole types, and 1 for numbers of floating point.{_COMMON.rstrip()}

    Raises
    ------
    ValueError
        When pixels lie outside [0, high].

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import ColorJitter
    >>> X, y = ColorJitter(random_state=0).fit_resample(np.full((2, 4, 4, 3), 0.5), np.zeros(2))
    >>> bool((X >= 0.0).all() and (X <= 1.0).all())
    True
    """

    _parameter_constraints = {
        **{name: [_RATE] for name in ("brightness", "contrast", "saturation")},
        "high": [_POSITIVE, NONE],
        **ImageAugmenter._image_constraints,
    }

    def __init__(self, brightness=0.2, contrast=0.2, saturation=0.2, *, high=None, image_shape=None, random_state=None):
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.high = high
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng):
        high = self.high
        if high is None:
            high = np.iinfo(images.dtype).max if images.dtype.kind in "iu" else 1.0
        if images.size and not (images.min() >= 0 and images.max() <= high):
            raise ValueError(
                f"ColorJitter needs pixels in [0, {high}]; got some in [{images.min()}, {images.max()}]: set high."
            )
        new = images.astype(np.result_type(images.dtype, np.float32))
        factors = [
            rng.uniform(1.0 - width, 1.0 + width, (len(new), 1, 1, 1)).astype(new.dtype)
            for width in (self.brightness, self.contrast, self.saturation)
        ]
        new *= factors[0]
        for factor, axes in ((factors[1], (1, 2, 3)), (factors[2], (3,))):
            middle = new.mean(axis=axes, keepdims=True)
            new = middle + factor * (new - middle)
        return np.clip(new, 0.0, high)


def rectangles(heights, widths, shape, rng):
    """Masks (n, height, width) of one rectangle an image, wholly inside, at a random place."""
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
        Side of the square in pixels, at least 1; wholly inside the image, unlike in the paper, so that its area is
        what it says.
    fill : float, default=0.0
        What is seen in the square.{_COMMON.rstrip()}

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

    _parameter_constraints = {
        "size": [Interval(Integral, 1, np.inf)],
        "fill": [_REAL],
        **ImageAugmenter._image_constraints,
    }

    def __init__(self, size=4, *, fill=0.0, image_shape=None, random_state=None):
        self.size = size
        self.fill = fill
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng):
        n, *shape, _ = images.shape
        if self.size > min(shape):
            raise ValueError(f"size={self.size} is larger than the images of {shape[0]} x {shape[1]} pixels.")
        sides = np.full(n, self.size)
        return np.where(rectangles(sides, sides, shape, rng)[..., None], self.fill, images)


class RandomErasing(ImageAugmenter):
    __doc__ = f"""Fill a rectangle of some images with noise (Zhong et al. 2020 [1]_).

    Parameters
    ----------
    p : float, default=0.5
        Probability of every image, in [0, 1].
    low, high : float, default=0.02, 0.33
        Range of the share of the area, in (0, 1); drawn uniformly.
    aspect : float, default=3.3
        Largest ratio of the sides, at least 1; its logarithm is drawn uniformly.{_COMMON.rstrip()}

    Notes
    -----
    Pixels are filled with values drawn from all pixels of the batch, which keeps their distribution.

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

    _parameter_constraints = {
        "p": [_RATE],
        "low": [Interval(Real, 0.0, 1.0, closed="neither")],
        "high": [Interval(Real, 0.0, 1.0, closed="neither")],
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
        wholly inside the image, unlike in the paper, and shares are those of its pixels.{_COMMON.rstrip()}

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

    _parameter_constraints = {"alpha": [_POSITIVE], **ImageAugmenter._image_constraints}

    def __init__(self, alpha=1.0, *, image_shape=None, random_state=None):
        self.alpha = alpha
        self.image_shape = image_shape
        self.random_state = random_state

    def _augment(self, batch, rng):
        images, back = images_of(batch.X, self)
        n, height, width, _ = images.shape
        partner = batch.partners(rng)
        side = np.sqrt(1.0 - rng.beta(self.alpha, self.alpha, n))
        heights, widths = (np.rint(side * length).astype(int) for length in (height, width))
        pasted = rectangles(heights, widths, (height, width), rng)
        share = 1.0 - pasted.mean(axis=(1, 2))
        return batch.mix(back(np.where(pasted[..., None], images[partner], images)), partner, share)
