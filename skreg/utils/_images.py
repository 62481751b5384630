"""Shapes of images and the range of their numbers: what nets and augmenters check alike."""

import contextlib
import functools
import math
import warnings
from contextvars import ContextVar
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from ._errors import caller_level

NARROW = 4  # an axis of at most this length may be that of the channels
BYTES = "numbers from 0 to 255"
SHARES = "numbers from 0 to 1"
FEWEST_LEVELS = 16  # whole numbers below it may be counts, and other numbers have another unit

_told = ContextVar("_told", default=None)  # a list that is not empty after a warning, where one is enough


def range_of(X, are_images):
    """How images hold brightness: `BYTES`, or `SHARES` in [0, 1], of which some are fractions; else None.

    Rows of a table may be images, too: bytes are then those of type uint8 up to `FEWEST_LEVELS` or more.
    """
    if sp.issparse(X) or not X.size:
        return None
    if X.dtype == np.uint8:
        return BYTES if X.max() >= (2 if are_images else FEWEST_LEVELS) else None
    if not X.min() >= 0:  # NaN, too
        return None
    largest = X.max()
    if largest <= 1:
        return SHARES if ((X > 0) & (X < 1)).any() else None
    return BYTES if are_images and FEWEST_LEVELS <= largest <= 255 else None


@contextlib.contextmanager
def one_range_warning(told=False):
    """Let `warn_of_range` warn once in a block of code, or not at all where the user was told already."""
    if _told.get() is not None and not told:  # inside another block
        yield
        return
    token = _told.set([True] if told else [])
    try:
        yield
    finally:
        _told.reset(token)


def warns_of_range_once(method):
    """A method of several nets, of which one warns; see `one_range_warning`."""

    @functools.wraps(method)
    def wrapper(*args, **kwargs):
        with one_range_warning():
            return method(*args, **kwargs)

    return wrapper


def warn_of_range(X, fitted, are_images, name):
    """Warn where images have another range than those that an estimator was fitted to, None for any range."""
    told = _told.get()
    is_same_kind = fitted is None or (not are_images and X.dtype.kind == {BYTES: "u", SHARES: "f"}[fitted])
    if told or is_same_kind:  # which saves small nets the time for a look at the numbers
        return
    if range_of(X, are_images) not in (None, fitted):
        if told is not None:
            told.append(True)
        warnings.warn(
            f"X holds numbers from 0 to {X.max():g}, but {name} was fitted to {fitted}: its predictions mean nothing."
            " Let X have the numbers that it had in fit.",
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
