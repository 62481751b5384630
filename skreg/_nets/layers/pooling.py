"""Pooling: the largest number, or the mean, of every window of an image, or the mean of the whole image."""

import numpy as np

from ..._core._jit import njit
from ..base import Layer, by_position
from ..noise import ONE, ZERO


@njit
def max_pool(x, sign, window, out, winner):
    """Write the largest number of every window, and its place in the window; the least one where `sign` is -1."""
    n, height, width, n_channels = out.shape
    size_y, size_x = window
    for b in range(n):
        for i in range(height):
            for j in range(width):
                best, place = out[b, i, j], winner[b, i, j]
                first = x[b, i * size_y, j * size_x]
                for c in range(n_channels):
                    best[c] = first[c]
                    place[c] = 0
                for k in range(1, size_y * size_x):
                    other = x[b, i * size_y + k // size_x, j * size_x + k % size_x]
                    for c in range(n_channels):
                        better = sign[c] * other[c] > sign[c] * best[c]
                        best[c] = other[c] if better else best[c]
                        place[c] = k if better else place[c]


@njit
def max_pool_backward(d, winner, window, out):
    """Write the gradient of the input, which is 0 but at the largest number of each window, to `out`."""
    n, height, width, n_channels = d.shape
    size_y, size_x = window
    if out.shape[1] > height * size_y or out.shape[2] > width * size_x:
        out[:] = ZERO  # what fills no window
    for b in range(n):
        for i in range(height):
            for j in range(width):
                given, place = d[b, i, j], winner[b, i, j]
                for k in range(size_y * size_x):
                    before = out[b, i * size_y + k // size_x, j * size_x + k % size_x]
                    for c in range(n_channels):
                        before[c] = given[c] if place[c] == k else ZERO


@njit
def mean_pool(x, window, share, out):
    """Write the mean of every window, `share` being 1 over its size."""
    n, height, width, n_channels = out.shape
    size_y, size_x = window
    for b in range(n):
        for i in range(height):
            for j in range(width):
                for c in range(n_channels):
                    out[b, i, j, c] = ZERO
                for k in range(size_y * size_x):
                    y, z = i * size_y + k // size_x, j * size_x + k % size_x
                    for c in range(n_channels):
                        out[b, i, j, c] += share * x[b, y, z, c]


@njit
def mean_pool_backward(d, window, share, out):
    """Write the gradient of the input to `out`."""
    n, height, width, n_channels = d.shape
    size_y, size_x = window
    out[:] = ZERO
    for b in range(n):
        for i in range(height):
            for j in range(width):
                for k in range(size_y * size_x):
                    y, z = i * size_y + k // size_x, j * size_x + k % size_x
                    for c in range(n_channels):
                        out[b, y, z, c] = share * d[b, i, j, c]


class Pool(Layer):
    """Base of the pooling of windows that touch each other.

    Rows and columns that do not fill a window are left out. A window is not larger than its input.

    Parameters
    ----------
    window : pair of int
    """

    def __init__(self, window):
        self.window = tuple(window)

    def build(self, shape, rng, dtype):
        height, width, channels = shape
        self.window = min(self.window[0], height), min(self.window[1], width)
        self.shape_out = height // self.window[0], width // self.window[1], channels
        return self.shape_out


class MaxPool(Pool):
    """The largest number of every window; the first of equal ones has the gradient."""

    def __call__(self, x, ctx):
        return self.of_monotone(x, np.ones(x.shape[-1], x.dtype), ctx)

    def of_monotone(self, x, slope, ctx):
        """Of every window, the number with the largest product with `slope`, one for every channel."""
        out = ctx.scratch((len(x), *self.shape_out), x.dtype)
        winner = ctx.scratch(out.shape, np.int32)  # as wide as the numbers, so that both are vectorized together
        max_pool(x, np.copysign(ONE, slope, dtype=x.dtype), self.window, out, winner)

        def back(d):
            before = ctx.scratch(x.shape, x.dtype)
            max_pool_backward(d, winner, self.window, before)
            return before

        return out, back


class MeanPool(Pool):
    """The mean of every window."""

    def __call__(self, x, ctx):
        share = x.dtype.type(1.0 / np.prod(self.window))
        out = ctx.scratch((len(x), *self.shape_out), x.dtype)
        mean_pool(x, self.window, share, out)

        def back(d):
            before = ctx.scratch(x.shape, x.dtype)
            mean_pool_backward(d, self.window, share, before)
            return before

        return out, back


class GlobalMeanPool(Layer):
    """The mean of every channel over all positions (Lin, Chen & Yan 2014, section 3.2)."""

    def build(self, shape, rng, dtype):
        return (shape[-1],)

    def __call__(self, x, ctx):
        whole = by_position(x)
        out = np.mean(whole, axis=1, out=ctx.scratch((len(x), x.shape[-1]), x.dtype))

        def back(d):
            before = ctx.scratch(whole.shape, x.dtype)
            before[:] = (d / x.dtype.type(whole.shape[1]))[:, None]
            return before.reshape(x.shape)

        return out, back
