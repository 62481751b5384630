"""Pooling: the largest number, or the mean, of every window of an image, or the mean of the whole image."""

from typing import NamedTuple

import numpy as np

from ..._core._jit import inlined, njit
from ..base import Layer, by_position
from ..lanes import LANES, load, store, where_larger
from ..noise import HALF, ONE, ZERO


@njit
def max_pool(x, sign, window, out, winner):
    """Write the largest number of every window, and its place in the window; the least one where `sign` is -1.

    There are at least sixteen channels. The last sixteen of them may overlap with those before.
    """
    n, height, width, n_channels = out.shape
    source, target, places, row = x.reshape(-1), out.reshape(-1), winner.reshape(-1), x.shape[2] * n_channels
    nothing, real, t = load(np.zeros(LANES, x.dtype), 0), x.dtype.type, 0
    for b in range(n):
        for i in range(height):
            for j in range(width):
                corner = (b * x.shape[1] + i * window[0]) * row + j * window[1] * n_channels
                for c in range(0, n_channels, LANES):
                    first = min(c, n_channels - LANES)
                    way, best, place = load(sign, first), load(source, corner + first), nothing
                    for u in range(window[0]):
                        for v in range(window[1]):
                            other = load(source, corner + first + u * row + v * n_channels)
                            old, new = way * best, way * other
                            place = where_larger(new, old, nothing + real(u * window[1] + v), place)
                            best = where_larger(new, old, other, best)
                    store(target, t + first, best)
                    store(places, t + first, place)
                t += n_channels


@inlined
def where_near(a, b, c, d):
    """Numbers of c where those of a differ from those of b by less than a half, and of d elsewhere."""
    return where_larger(a, b - HALF, where_larger(b + HALF, a, c, d), d)


@njit
def max_pool_backward(d, winner, window, out):
    """Write the gradient of the input, which is 0 but at the largest number of each window, to `out`."""
    n, height, width, n_channels = d.shape
    if out.shape[1] > height * window[0] or out.shape[2] > width * window[1]:
        out[:] = ZERO  # what fills no window
    given, target, places, row = d.reshape(-1), out.reshape(-1), winner.reshape(-1), out.shape[2] * n_channels
    nothing, real, t = load(np.zeros(LANES, d.dtype), 0), d.dtype.type, 0
    for b in range(n):
        for i in range(height):
            for j in range(width):
                corner = (b * out.shape[1] + i * window[0]) * row + j * window[1] * n_channels
                for c in range(0, n_channels, LANES):
                    first = min(c, n_channels - LANES)
                    own, place = load(given, t + first), load(places, t + first)
                    for u in range(window[0]):
                        for v in range(window[1]):
                            here = where_near(place, nothing + real(u * window[1] + v), own, nothing)
                            store(target, corner + first + u * row + v * n_channels, here)
                t += n_channels


@njit
def max_pool_of_few(x, sign, window, out, winner):
    """`max_pool` for fewer than sixteen channels."""
    n, height, width, n_channels = out.shape
    size_y, size_x = window
    for b in range(n):
        for i in range(height):
            for j in range(width):
                best, place = out[b, i, j], winner[b, i, j]
                first = x[b, i * size_y, j * size_x]
                for c in range(n_channels):
                    best[c] = first[c]
                    place[c] = ZERO
                for k in range(1, size_y * size_x):
                    other = x[b, i * size_y + k // size_x, j * size_x + k % size_x]
                    for c in range(n_channels):
                        better = sign[c] * other[c] > sign[c] * best[c]
                        best[c] = other[c] if better else best[c]
                        place[c] = k if better else place[c]


@njit
def max_pool_backward_of_few(d, winner, window, out):
    """`max_pool_backward` for fewer than sixteen channels."""
    n, height, width, n_channels = d.shape
    size_y, size_x = window
    out[:] = ZERO
    for b in range(n):
        for i in range(height):
            for j in range(width):
                for c in range(n_channels):
                    k = int(winner[b, i, j, c])
                    out[b, i * size_y + k // size_x, j * size_x + k % size_x, c] = d[b, i, j, c]


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


class Winners(NamedTuple):
    """The places of the largest numbers in their windows, and the size of these."""

    places: np.ndarray
    window: tuple
    has_lanes: bool  # see `MaxPool`

    def of(self, rows):
        """Those of some rows."""
        return self._replace(places=self.places[rows])

    def backward(self, d, shape, ctx):
        """The gradient of the input, which has that shape, from that of the largest numbers."""
        before = ctx.scratch(shape, d.dtype)
        pool = max_pool_backward if self.has_lanes else max_pool_backward_of_few
        pool(d, self.places, self.window, before)
        return before


class MaxPool(Pool):
    """The largest number of every window; the first of equal ones has the gradient.

    Attributes
    ----------
    has_lanes : bool
        Whether there are enough channels for kernels that take sixteen of them at a time.
    """

    def build(self, shape, rng, dtype):
        self.has_lanes = shape[-1] >= LANES
        return super().build(shape, rng, dtype)

    def __call__(self, x, ctx):
        out, winners = self.of_monotone(x, np.ones(x.shape[-1], x.dtype), ctx)
        return out, lambda d: winners.backward(d, x.shape, ctx)

    def of_monotone(self, x, slope, ctx):
        """Of every window, the number with the largest product with `slope`, one for every channel; and `Winners`."""
        out, winners = self.memory(len(x), x.dtype, ctx)
        self.write(x, np.copysign(ONE, slope, dtype=x.dtype), out, winners)
        return out, winners

    def memory(self, n, dtype, ctx):
        """Scratch memory for the largest numbers of n rows, and for their places."""
        out, places = ctx.scratch((2, n, *self.shape_out), dtype)
        return out, Winners(places, self.window, self.has_lanes)

    def write(self, x, sign, out, winners):
        """Write the largest numbers and their places, or those of the least ones where `sign` is -1, not 1."""
        pool = max_pool if self.has_lanes else max_pool_of_few
        pool(x, sign, self.window, out, winners.places)


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
