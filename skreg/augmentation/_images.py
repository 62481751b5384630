"""Augmenters for images, as flat rows or arrays (n, height, width[, channels]): crops, flips and colors."""

from numbers import Integral

import numpy as np

from ..utils._images import check_numbers, is_image_shape, warn_of_axes, warn_of_first_channels
from ..utils._params import ARRAY_LIKE, NONE, POSITIVE, PROBABILITY, RANDOM_STATE, REAL, Interval, Options, ParamKind
from ._base import Perturbation
from ._numbers import check_finite, check_fits, numbers_of, types_of

PAIR = ParamKind(
    "a pair of numbers (low, high)",
    lambda value: isinstance(value, (tuple, list)) and len(value) == 2 and all(one in REAL for one in value),
)
CHANNELS = (1, 3, 4)  # of grey, color, and color with transparency


def images_of(X, owner):
    """X as images (n, height, width, channels), and a function that returns such images in the form of X."""
    values, restore = numbers_of(X, owner)
    shape = owner.image_shape
    if shape is None:
        if values.ndim not in (3, 4):
            raise ValueError(
                f"image_shape=None needs X of shape (n, height, width[, channels]); got shape {values.shape}: set"
                f" image_shape of {type(owner).__name__}."
            )
        shape = values.shape[1:]
        if values.ndim == 3 and shape[1] in CHANNELS and shape[0] > max(CHANNELS) and len(values) > max(CHANNELS):
            warn_of_axes(
                f"X of shape {values.shape} is read as {len(values)} images of {shape[0]} x {shape[1]} pixels. If it is"
                " one image with channels, pass X[None]."
            )
    elif not is_image_shape(shape):
        raise ValueError(f"image_shape must be (height, width[, channels]); got {shape!r}.")
    else:
        check_numbers(shape, values.shape[1:])
        if values.ndim > 2 and _sides(shape) != _sides(values.shape[1:]):
            raise ValueError(f"image_shape={tuple(shape)} is not that of the images of X, {values.shape[1:]}.")
    warn_of_first_channels(shape)
    images = values.reshape(len(values), *shape, *[1] * (3 - len(shape)))
    return images, lambda new: restore(new.reshape(values.shape))


def _sides(shape):
    """Height, width and channels of images, also of one channel."""
    return (*shape, 1)[:3]


def fill_of(owner, X, images):
    """The `fill` of an augmenter for each channel, (channels,).

    Raises ValueError where it has another number of values, or one that does not fit in X.
    """
    fill, n_channels = np.asarray(owner.fill), images.shape[-1]
    if fill.shape not in ((), (n_channels,)) or fill.dtype.kind not in "buif" or not np.isfinite(fill).all():
        raise ValueError(f"fill must be a number, or hold one for each of {n_channels} channels; got {owner.fill!r}.")
    check_fits("fill", owner.fill, types_of(X, images))
    return np.broadcast_to(fill.astype(np.float64), (n_channels,))


def check_images(images, owner):
    """Raise ValueError that names the first pixel that is NaN or infinite."""
    check_finite(images, owner, ("pixel row", "column", "channel"))


def range_of(name, value, centre=0.0):
    """The range (low, high) of a strength: a given pair, or `centre` minus and plus a number."""
    if np.ndim(value) == 0:
        return centre - value, centre + value
    low, high = value
    if low > high:
        raise ValueError(f"{name} must be (low, high) with low at most high; got {value!r}.")
    return low, high


class ImageAugmenter(Perturbation):
    """Base class of augmenters of images. A subclass implements `_change(images, rng)`.

    `fill` is its parameter of that name as an array with one value a channel, if it has one.
    """

    _image_constraints = {"image_shape": [ARRAY_LIKE, NONE], "random_state": [RANDOM_STATE]}
    _reads = "images"
    fill = None

    def _perturb(self, X, rng):
        images, restore = images_of(X, self)
        check_images(images, self)
        if self.fill is None:
            return restore(self._change(images, rng))
        return restore(self._change(images, rng, fill_of(self, X, images)))


_COMMON = """
    image_shape : tuple of int, default=None
        (height, width) or (height, width, channels) of the rows of X; None for X that has the shape of images.
    random_state : int, RandomState or None, default=None
        For `fit_resample`."""
_FILL = "float or array-like of shape (channels,), default=0.0"
FILL_CONSTRAINT = [REAL, ARRAY_LIKE]


class RandomCrop(ImageAugmenter):
    __doc__ = f"""Pad every image and crop it to its old size at a random place: a shift by whole pixels.

    Parameters
    ----------
    padding : int, default=2
        Pixels that are added on every side, at least 0; the largest shift.
    mode : {{"constant", "edge", "reflect"}}, default="constant"
        What the padding holds: `fill`, the pixel at the edge, or the image mirrored.
    fill : {_FILL}
        Value of the padding with "constant", for all channels or for each.{_COMMON}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import RandomCrop
    >>> X, y = RandomCrop(1, random_state=0).fit_resample(np.ones((2, 4, 4)), np.zeros(2))
    >>> bool(np.isin(X, [0.0, 1.0]).all())
    True
    """

    _weakest = {"padding": 0}
    _parameter_constraints = {
        "padding": [Interval(Integral, 0, np.inf)],
        "mode": [Options("constant", "edge", "reflect")],
        "fill": FILL_CONSTRAINT,
        **ImageAugmenter._image_constraints,
    }

    def __init__(self, padding=2, *, mode="constant", fill=0.0, image_shape=None, random_state=None):
        self.padding = padding
        self.mode = mode
        self.fill = fill
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng, fill):
        n, height, width, _ = images.shape
        margin = self.padding
        widths = ((0, 0), (margin, margin), (margin, margin), (0, 0))
        padded = np.pad(images, widths, "edge" if self.mode == "constant" else self.mode)
        if self.mode == "constant":
            inside = np.zeros(padded.shape[1:3], dtype=bool)
            inside[margin : margin + height, margin : margin + width] = True
            padded[:, ~inside] = fill.astype(images.dtype)
        top, left = rng.integers(0, 2 * margin + 1, (2, n))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
        return windows[np.arange(n), top, left].transpose(0, 2, 3, 1)


class Flip(ImageAugmenter):
    __doc__ = f"""Mirror some images.

    Parameters
    ----------
    p : float, default=0.5
        Probability that an image is mirrored, in [0, 1].
    axis : {{"horizontal", "vertical"}}, default="horizontal"
        "horizontal" exchanges left and right. Use it only where that keeps the class: not for digits or
        letters.{_COMMON}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Flip
    >>> X, y = Flip(1.0, random_state=0).fit_resample(np.array([[[1, 2, 3]]]), np.zeros(1))
    >>> X[1].tolist()
    [[3, 2, 1]]
    """

    _weakest = {"p": 0.0}
    _parameter_constraints = {
        "p": [PROBABILITY],
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
    brightness, contrast, saturation : float or pair of float, default=0.2
        Factors are drawn uniformly from ``1 - value`` to ``1 + value``, each in [0, 1], or from a pair (low, high) of
        non-negative numbers. Brightness multiplies the image, contrast its differences from its mean, saturation the
        differences of its channels from their mean; with one channel it does nothing.
    max_value : float, default=None
        The largest value of a pixel, positive, to which results are clipped; None means 255 for bytes, the largest
        number of other integer types, and 1 for floats.{_COMMON}

    Raises
    ------
    ValueError
        When pixels lie outside [0, max_value].

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import ColorJitter
    >>> X, y = ColorJitter(random_state=0).fit_resample(np.full((2, 4, 4, 3), 0.5), np.zeros(2))
    >>> bool((X >= 0.0).all() and (X <= 1.0).all())
    True
    """

    _weakest = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0}
    _parameter_constraints = {
        **{name: [PROBABILITY, PAIR] for name in ("brightness", "contrast", "saturation")},
        "max_value": [POSITIVE, NONE],
        **ImageAugmenter._image_constraints,
    }

    def __init__(
        self, brightness=0.2, contrast=0.2, saturation=0.2, *, max_value=None, image_shape=None, random_state=None
    ):
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.max_value = max_value
        self.image_shape = image_shape
        self.random_state = random_state

    def _between(self, name, weakest, value, t):
        return super()._between(name, 1.0 if np.ndim(value) else weakest, value, t)

    def _ranges(self):
        names = ("brightness", "contrast", "saturation")
        return {name: range_of(name, getattr(self, name), centre=1.0) for name in names}

    def _check(self):
        super()._check()
        for name, (low, _) in self._ranges().items():
            if low < 0.0:
                raise ValueError(f"{name} must not be negative; got {getattr(self, name)!r}.")

    def _change(self, images, rng):
        high = self.max_value
        if high is None:
            high = np.iinfo(images.dtype).max if images.dtype.kind in "iu" else 1.0
        if images.size and not (images.min() >= 0 and images.max() <= high):
            raise ValueError(
                f"ColorJitter needs pixels in [0, {high}]; got some in [{images.min()}, {images.max()}]: set max_value."
            )
        new = images.astype(np.result_type(images.dtype, np.float32))
        brightness, contrast, saturation = (
            rng.uniform(low, high_, (len(new), 1, 1, 1)).astype(new.dtype) for low, high_ in self._ranges().values()
        )
        new *= brightness
        for factor, axes in ((contrast, (1, 2, 3)), (saturation, (3,))):
            middle = new.mean(axis=axes, keepdims=True)
            new = middle + factor * (new - middle)
        return np.clip(new, 0.0, high)
