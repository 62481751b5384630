"""Shapes of images and the range of their numbers: what nets and augmenters check alike."""

import math
import warnings
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from ._validation import caller_level

NARROW = 4  # an axis of at most this length may be that of the channels
BYTES = "whole numbers from 0 to 255"
SHARES = "numbers from 0 to 1"


def range_of(X):
    """How images hold brightness: `BYTES` of type uint8, or floats that are `SHARES`; None for all other rows."""
    if sp.issparse(X) or not X.size:
        return None
    if X.dtype == np.uint8:
        return BYTES if X.max() > 1 else None
    if X.dtype.kind != "f" or not (X.min() >= 0.0 and X.max() <= 1.0):
        return None
    return SHARES if ((X > 0.0) & (X < 1.0)).any() else None


def warn_of_range(X, fitted, name):
    """Warn where images have another range than those that an estimator was fitted to, None for any range."""
    other = {BYTES: "f", SHARES: "u"}.get(fitted)
    if other == X.dtype.kind and (found := range_of(X)) not in (None, fitted):
        warnings.warn(
            f"X holds {found}, but {name} was fitted to {fitted}: its predictions mean nothing. Let X have the numbers"
            " that it had in fit.",
            UserWarning,
            stacklevel=caller_level(),
        )


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
