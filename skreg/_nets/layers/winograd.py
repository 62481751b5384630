"""Convolution with filters of 3 to 5 pixels by a part of the multiplications (Lavin & Gray 2016).

Along an axis, six pixels of a tile give ``m = 7 - k`` results of a filter of k pixels: ``A' [(G g) * (B' d)]`` for a
filter g and a tile d, where * multiplies number by number. B is the same for all k. Along both axes, tiles of 6 x 6
pixels give m x m results, and sums over channels are, for each of 36 places, a product of matrices (tiles, channels)
and (channels, filters): for filters of 3 x 3, 36 multiplications for 16 results instead of 144. Along a signal there
are six places: for filters of 5, 6 multiplications for 2 results instead of 10. All steps are linear in d and in g, so
the backward pass is their transposes. In single precision, results have an error of about 1e-6 of the largest number.
"""

import math
from functools import lru_cache

import numpy as np

from ..._core._jit import njit
from ..lanes import LANES
from ..noise import ZERO
from ..products import multiply_places
from .tiles import SIZE, places_to_tiles, results_of_tile, tiles_to_places

_KERNELS = 3, 4, 5  # sizes of filters along one axis
_BLOCK = 1 << 18  # transformed numbers that are kept at a time
_MOST = 0.65  # use tiles where at most this share of the multiplications is left
_POINTS = 0.0, 1.0, -1.0, 2.0, -2.0  # where the polynomials of Lavin & Gray are evaluated, beside infinity


@lru_cache(16)
def filter_matrix(kernel, dtype):
    """The matrix (places, kernel height * kernel width) that transforms filters, G along both axes."""
    axes = []
    for size in kernel:
        rows = [[p**k / math.prod(p - q for q in _POINTS if q != p) for k in range(size)] for p in _POINTS]
        axes.append([[1.0]] if size == 1 else [*rows, [0.0] * (size - 1) + [1.0]])
    return np.kron(*axes).astype(dtype)


class WinogradProduct:
    """Products of weights with the windows of images, and the products of the backward pass.

    Channels and filters are filled up with zeros to a multiple of sixteen.

    Parameters
    ----------
    geometry : Geometry
    n_channels, n_filters : int
    """

    def __init__(self, geometry, n_channels, n_filters):
        self.geometry = geometry
        self.n_channels = n_channels
        self.n_filters = n_filters
        self.n_tiles = _n_tiles(geometry)

    @staticmethod
    def suits(geometry, n_channels, n_filters):
        """Whether this is possible, and saves enough."""
        height, width = geometry.kernel
        if width not in _KERNELS or (height not in _KERNELS and geometry.padded[0] > 1) or geometry.stride != (1, 1):
            return False
        n_places = math.prod(1 if size == 1 else SIZE for size in geometry.kernel)
        done = n_places * math.prod(_n_tiles(geometry)) * filled(n_channels) * filled(n_filters)
        return done <= _MOST * height * width * math.prod(geometry.n_windows) * n_channels * n_filters

    def __call__(self, x, W, ctx, needs_input_gradient):
        """Products of the weights with the windows of x, (n, height, width, filters), and the backward pass."""
        C, F = self.n_channels, self.n_filters
        wide_C, wide_F = filled(C), filled(F)
        if (wide_C, wide_F) == (C, F):
            out, back_wide = self._multiply(x, W.reshape(-1, C, F), ctx, needs_input_gradient)
            return out, lambda d, gradient: back_wide(x, d, gradient)
        weights = ctx.scratch((len(W) // C, wide_C, wide_F), W.dtype)
        weights[:] = 0.0
        weights[:, :C, :F] = W.reshape(-1, C, F)
        wide, back_wide = self._multiply(resized(x, wide_C, ctx), weights, ctx, needs_input_gradient)

        def back(d, gradient):
            wide_gradient = ctx.scratch(weights.shape, W.dtype)
            wide_d = resized(d.reshape(*wide.shape[:-1], F), wide_F, ctx)
            # x is filled up again: in turns, the next images had the memory of the first copy
            dx = back_wide(resized(x, wide_C, ctx), wide_d, wide_gradient)
            gradient.reshape(-1, C, F)[:] = wide_gradient[:, :C, :F]
            return None if dx is None else resized(dx, C, ctx)

        return resized(wide, F, ctx), back

    def _multiply(self, x, W, ctx, needs_input_gradient):
        """The same for weights of shape (kernel height * kernel width, channels, filters).

        The backward pass has x as its first argument.
        """
        dtype, (_, C, F) = W.dtype, W.shape
        kernel, before, n_tiles = self.geometry.kernel, self.geometry.before, self.n_tiles
        G = filter_matrix(kernel, dtype)
        U = ctx.constant(self, lambda: np.dot(G, W.reshape(len(W), -1)))
        per_image = n_tiles[0] * n_tiles[1]
        step = max(1, min(_BLOCK // (len(U) * per_image * (C + F)), len(x)))
        # between two places are some more numbers: at distances of a power of two, they would share lines of the cache
        channels, filters = (ctx.scratch((len(U), step * per_image * width + LANES), dtype) for width in (C, F))
        out = ctx.scratch((len(x), *self.geometry.n_windows, F), dtype)
        tiles = kernel, before, n_tiles, step, channels, filters
        multiply_tiles(x, U, *tiles, out)

        def back(x, d, gradient):
            """Write the gradient of the weights to `gradient`; returns that of the input, None if not needed."""
            dU = ctx.scratch(U.shape, dtype)
            dx = ctx.scratch(x.shape if needs_input_gradient else (0, *x.shape[1:]), dtype)
            # transposed before they are transformed: a transformed filter has four times the numbers, or twice
            transposed = np.dot(G, np.ascontiguousarray(W.transpose(0, 2, 1)).reshape(len(W), -1))
            multiply_tiles_backward(x, d.reshape(out.shape), transposed, *tiles, dU, dx)
            np.dot(G.T, dU, out=gradient.reshape(len(W), -1))
            return dx if needs_input_gradient else None

        return out, back


@njit
def multiply_rows(a, b, n_rows, n_terms, width, out, is_gradient):
    """`multiply_places` of matrices that lie in a row of a, b and `out` for every place.

    For gradients, a is transposed, (n_terms, n_rows), and the product is added to what is there.
    """
    a_steps = (a.shape[1], 1, n_rows) if is_gradient else (a.shape[1], n_terms, 1)
    b_steps, out_steps, sizes = (b.shape[1], width, 1), (out.shape[1], width, 1), (len(a), n_rows, n_terms, width)
    multiply_places(a.reshape(-1), a_steps, b.reshape(-1), b_steps, out.reshape(-1), out_steps, sizes, is_gradient)


@njit
def multiply_tiles(x, U, kernel, before, n_tiles, n_images, channels, filters, out):
    """Write the products of transformed weights U (places, channels * filters) with all windows of images x to `out`.

    `channels` and `filters` are scratch memory for the places of some images at a time: see `tiles_to_places`.
    """
    C, F = x.shape[3], out.shape[3]
    no = np.bool_(False)  # a variable: for constants, numba would compile the kernels that are called once more
    for first in range(0, len(x), n_images):
        some, results = x[first : first + n_images], out[first : first + n_images]
        tiles_to_places(some, kernel, before, n_tiles, channels, is_gradient=no)
        multiply_rows(channels, U, len(some) * n_tiles[0] * n_tiles[1], C, F, filters, is_gradient=no)
        places_to_tiles(filters, kernel, before, n_tiles, results, is_gradient=no)


@njit
def multiply_tiles_backward(x, d, U, kernel, before, n_tiles, n_images, channels, filters, dU, dx):
    """Write the gradients of U to `dU` and of x to `dx`, which may be empty, from the gradient d of the output.

    U has the transposed matrices (places, filters * channels), `dU` has them as they were.
    """
    C, F = x.shape[3], d.shape[3]
    no, yes = np.bool_(False), np.bool_(True)  # variables, as in `multiply_tiles`
    dU[:] = ZERO
    for first in range(0, len(x), n_images):
        some, results = x[first : first + n_images], d[first : first + n_images]
        size = len(some) * n_tiles[0] * n_tiles[1]
        tiles_to_places(some, kernel, before, n_tiles, channels, is_gradient=no)
        tiles_to_places(results, kernel, before, n_tiles, filters, is_gradient=yes)
        multiply_rows(channels, filters, C, size, F, dU, is_gradient=yes)
        if len(dx):
            multiply_rows(filters, U, size, F, C, channels, is_gradient=no)
            places_to_tiles(channels, kernel, before, n_tiles, dx[first : first + n_images], is_gradient=yes)


def _n_tiles(geometry):
    """Tiles (rows, columns) of an image."""
    pairs = zip(geometry.kernel, geometry.n_windows, strict=True)
    return tuple(-(-count // results_of_tile(size)) for size, count in pairs)


def filled(width):
    """The next multiple of sixteen."""
    return -(-width // LANES) * LANES


def resized(x, width, ctx):
    """A copy of x with another number of channels: without the last ones, or with zeros after them.

    If x has that number of channels, it is returned itself.
    """
    if x.shape[-1] == width:
        return x
    out = ctx.scratch((*x.shape[:-1], width), x.dtype)
    shared = min(width, x.shape[-1])
    out[..., :shared] = x[..., :shared]
    out[..., shared:] = 0.0
    return out
