"""Layers that change the shape of a batch, not its numbers."""

import math

from ..base import Layer


class Reshape(Layer):
    """Rows of another shape, with the same numbers in the same order.

    Parameters
    ----------
    shape : tuple of int or None
        The new shape; None for one axis.
    """

    replayable = True

    def __init__(self, shape=None):
        self.shape = shape

    def build(self, shape, rng, dtype):
        return (math.prod(shape),) if self.shape is None else tuple(self.shape)

    def __call__(self, x, ctx):
        shape = x.shape
        out = x.reshape(len(x), *(self.shape or (-1,)))
        return out, lambda d: d.reshape(shape)
