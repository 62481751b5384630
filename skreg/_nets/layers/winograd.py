"""Convolution with filters of 3 x 3 pixels by a quarter of the multiplications (Lavin & Gray 2016, F(4 x 4, 3 x 3)).

Tiles of 6 x 6 pixels, which overlap by two, give tiles of 4 x 4 results: ``A [(G g G') * (B d B')] A'`` for a filter g
and a tile d, where * multiplies number by number, and sums over channels. With T tiles that is, for each of 36 places,
a product of matrices (T, channels) and (channels, filters): 36 multiplications for 16 results instead of 144. All steps
are linear in d and in g, so the backward pass is their transposes. In single precision, results have an error of about
1e-6 of the largest number.
"""

from typing import NamedTuple

import numpy as np

from ..._core._jit import jitted, njit
from ..lanes import LANES, load, store
from ..noise import TWO, ZERO

TILE = 4  # results of a tile, along one axis
SIZE = 6  # pixels of a tile, along one axis
_ROW = SIZE * LANES  # numbers in a row of a tile
_BLOCK = 1 << 18  # transformed numbers that are kept at a time
_LEAST_GAIN = 0.6  # use tiles where they save this share of the multiplications
_FOUR, _FIVE, _EIGHT = np.float32(4.0), np.float32(5.0), np.float32(8.0)

_G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
_FILTERS = {np.dtype(dtype): np.kron(_G, _G).astype(dtype) for dtype in (np.float32, np.float64)}


@jitted
class ToPlaces(NamedTuple):
    """B: six pixels of the image to six places. All four transformations are those of one axis."""

    pixels: int = SIZE

    def line(self, a, b, c, d, e, f):
        even, odd = e - _FOUR * c, d - _FOUR * b
        far, near = e - c, TWO * (d - b)
        return _FOUR * a - _FIVE * c + e, even + odd, even - odd, far + near, far - near, _FOUR * b - _FIVE * d + f


@jitted
class FromPlaces(NamedTuple):
    """The transpose of `ToPlaces`: gradients of six places to those of six pixels."""

    pixels: int = SIZE

    def line(self, a, b, c, d, e, f):
        sum1, sum2, less1, less2 = b + c, d + e, b - c, d - e
        second, fourth = _FOUR * (f - less1) - TWO * less2, less1 + TWO * less2 - _FIVE * f
        return _FOUR * a, second, -_FIVE * a - _FOUR * sum1 - sum2, fourth, a + sum1 + sum2, f


@jitted
class ToResults(NamedTuple):
    """A: six places to four results."""

    pixels: int = TILE

    def line(self, a, b, c, d, e, f):
        sum1, sum2, less1, less2 = b + c, d + e, b - c, d - e
        third, fourth = sum1 + _FOUR * sum2, less1 + _EIGHT * less2 + f
        return a + sum1 + sum2, less1 + TWO * less2, third, fourth, third, fourth  # the last two are not used


@jitted
class FromResults(NamedTuple):
    """The transpose of `ToResults`: gradients of four results to those of six places."""

    pixels: int = TILE

    def line(self, a, b, c, d, e, f):
        even, odd = a + c, b + d
        far, near = a + _FOUR * c, TWO * b + _EIGHT * d
        return a, even + odd, even - odd, far + near, far - near, d


@njit
def transform_line(matrix, tile, first, step):
    """Transform six times sixteen numbers, `step` apart, in place."""
    a, b, c = load(tile, first), load(tile, first + step), load(tile, first + 2 * step)
    d, e, f = load(tile, first + 3 * step), load(tile, first + 4 * step), load(tile, first + 5 * step)
    a, b, c, d, e, f = matrix.line(a, b, c, d, e, f)
    store(tile, first, a)
    store(tile, first + step, b)
    store(tile, first + 2 * step, c)
    store(tile, first + 3 * step, d)
    store(tile, first + 4 * step, e)
    store(tile, first + 5 * step, f)


@njit
def transform(matrix, tile):
    """Transform a tile, flat (row, column, channel), along both axes, in place."""
    for k in range(SIZE):
        transform_line(matrix, tile, k * LANES, _ROW)
    for k in range(SIZE):
        transform_line(matrix, tile, k * _ROW, LANES)


@njit
def tiles_to_places(matrix, x, before, n_tiles, out):
    """Transform the tiles of images x (n, height, width, channels) to places, `out` (36, at least tiles * channels).

    There are `n_tiles` (rows, columns) of tiles in an image, `TILE` pixels apart; the first begins `before` (rows,
    columns) outside the image, where there are zeros.
    """
    n, height, width, n_channels = x.shape
    source, target, plane = x.reshape(-1), out.reshape(-1), out.shape[1]
    tile = np.zeros(SIZE * _ROW, x.dtype)
    place = 0
    for b in range(n):
        for i in range(n_tiles[0]):
            for j in range(n_tiles[1]):
                for first in range(0, n_channels, LANES):
                    count = min(LANES, n_channels - first)
                    for u in range(matrix.pixels):
                        y = i * TILE + u - before[0]
                        for v in range(matrix.pixels):
                            z, t = j * TILE + v - before[1], u * _ROW + v * LANES
                            s = ((b * height + y) * width + z) * n_channels + first
                            if y < 0 or y >= height or z < 0 or z >= width:
                                for c in range(LANES):
                                    tile[t + c] = ZERO
                            elif count == LANES:
                                store(tile, t, load(source, s))
                            else:
                                for c in range(count):
                                    tile[t + c] = source[s + c]
                    transform(matrix, tile)
                    s = place + first
                    for k in range(SIZE * SIZE):
                        if count == LANES:
                            store(target, s, load(tile, k * LANES))
                        else:
                            for c in range(count):
                                target[s + c] = tile[k * LANES + c]
                        s += plane
                place += n_channels


@njit
def places_to_tiles(matrix, places, before, n_tiles, out):
    """Transform places (36, ...), and write or add the tiles to images `out`: see `tiles_to_places`.

    Tiles of results are written, as they do not overlap; tiles of pixels are added, first to zeros.
    """
    n, height, width, n_channels = out.shape
    source, target, plane = places.reshape(-1), out.reshape(-1), places.shape[1]
    tile = np.zeros(SIZE * _ROW, out.dtype)
    overlap = matrix.pixels > TILE
    if overlap:
        out[:] = ZERO
    place = 0
    for b in range(n):
        for i in range(n_tiles[0]):
            for j in range(n_tiles[1]):
                for first in range(0, n_channels, LANES):
                    count = min(LANES, n_channels - first)
                    s = place + first
                    for k in range(SIZE * SIZE):
                        if count == LANES:
                            store(tile, k * LANES, load(source, s))
                        else:
                            for c in range(count):
                                tile[k * LANES + c] = source[s + c]
                        s += plane
                    transform(matrix, tile)
                    for u in range(matrix.pixels):
                        y = i * TILE + u - before[0]
                        for v in range(matrix.pixels):
                            z, t = j * TILE + v - before[1], u * _ROW + v * LANES
                            if y < 0 or y >= height or z < 0 or z >= width:
                                continue
                            s = ((b * height + y) * width + z) * n_channels + first
                            if count < LANES:
                                for c in range(count):
                                    target[s + c] = tile[t + c] + (target[s + c] if overlap else ZERO)
                            elif overlap:
                                store(target, s, load(target, s) + load(tile, t))
                            else:
                                store(target, s, load(tile, t))
                place += n_channels


class WinogradProduct:
    """Products of weights with the windows of images, and the products of the backward pass.

    Parameters
    ----------
    geometry : Geometry
    n_channels, n_filters : int
    """

    def __init__(self, geometry, n_channels, n_filters):
        self.geometry = geometry
        self.n_channels = n_channels
        self.n_filters = n_filters
        self.n_tiles = tuple(-(-count // TILE) for count in geometry.n_windows)

    @staticmethod
    def suits(geometry, n_channels):
        """Whether this is possible, and saves enough."""
        if geometry.kernel != (3, 3) or geometry.stride != (1, 1) or n_channels < 8:
            return False
        (height, width), tiles = geometry.n_windows, [-(-count // TILE) for count in geometry.n_windows]
        return SIZE * SIZE * tiles[0] * tiles[1] < _LEAST_GAIN * 9 * height * width

    def __call__(self, x, W, ctx, needs_input_gradient):
        """Products of the weights with the windows of x, (n, height, width, filters), and the backward pass."""
        dtype, C, F = W.dtype, self.n_channels, self.n_filters
        GG, before, n_tiles = _FILTERS[dtype], self.geometry.before, self.n_tiles
        U = np.dot(GG, W.reshape(9, -1)).reshape(-1, C, F)
        per_image = n_tiles[0] * n_tiles[1]
        step = max(1, min(_BLOCK // (len(U) * per_image * (C + F)), len(x)))
        # between two places are some more numbers: at distances of a power of two, they would share lines of the cache
        channels, filters = (ctx.scratch((len(U), step * per_image * width + LANES), dtype) for width in (C, F))
        blocks = [slice(first, min(first + step, len(x))) for first in range(0, len(x), step)]
        out = ctx.scratch((len(x), *self.geometry.n_windows, F), dtype)

        def matrices(places, block, width):
            """Places of some images as matrices (36, tiles, width)."""
            T = (block.stop - block.start) * per_image
            return places[:, : T * width].reshape(-1, T, width)

        for block in blocks:
            V, M = matrices(channels, block, C), matrices(filters, block, F)
            tiles_to_places(ToPlaces(), x[block], before, n_tiles, channels)
            np.matmul(V, U, out=M)
            places_to_tiles(ToResults(), filters, (0, 0), n_tiles, out[block])

        def back(d, gradient):
            """Write the gradient of the weights to `gradient`; returns that of the input, None if not needed."""
            d = d.reshape(out.shape)
            dU, part = ctx.scratch((2, *U.shape), dtype)
            dU[:] = 0.0
            dx = ctx.scratch(x.shape, dtype) if needs_input_gradient else None
            transposed = np.ascontiguousarray(U.transpose(0, 2, 1))
            for block in blocks:
                V, dM = matrices(channels, block, C), matrices(filters, block, F)
                tiles_to_places(ToPlaces(), x[block], before, n_tiles, channels)
                tiles_to_places(FromResults(), d[block], (0, 0), n_tiles, filters)
                np.add(dU, np.matmul(V.transpose(0, 2, 1), dM, out=part), out=dU)
                if dx is not None:
                    np.matmul(dM, transposed, out=V)
                    places_to_tiles(FromPlaces(), channels, before, n_tiles, dx[block])
            np.dot(GG.T, dU.reshape(len(GG), -1), out=gradient.reshape(9, -1))
            return dx

        return out, back
