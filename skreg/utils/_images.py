"""Shapes of images: what nets and augmenters check alike."""

import math
import warnings
from numbers import Integral

from ._validation import caller_level

NARROW = 4  # an axis of at most this length may be that of the channels


def check_numbers(image_shape, found):
    """Raise ValueError unless images of `image_shape` have as many numbers as rows of X, which have shape `found`."""
    if math.prod(image_shape) != math.prod(found):
        raise ValueError(
            f"image_shape={tuple(image_shape)} has {math.prod(image_shape)} numbers; a row of X has {math.prod(found)}."
        )


def is_image_shape(shape):
    """Whether a parameter is a sequence of two or three whole numbers of at least 1."""
    try:
        sides = list(shape)
    except TypeError:
        return False
    return len(sides) in (2, 3) and all(
        isinstance(side, Integral) and not isinstance(side, bool) and side > 0 for side in sides
    )


def warn_of_first_channels(shape):
    """Warn where images of a shape (height, width, channels) look as if the channels came first."""
    if len(shape) == 3 and shape[0] <= NARROW < min(shape[1:]):
        height, width, channels = shape
        warn_of_axes(
            f"images of shape {tuple(shape)} are read as {height} x {width} pixels with {channels} channels. If"
            " channels come first in X, move them to the end: np.moveaxis(X, 1, -1)."
        )


def warn_of_axes(message):
    """Warn that the axes of X may have another order than the one that is read."""
    warnings.warn(message, UserWarning, stacklevel=caller_level())
