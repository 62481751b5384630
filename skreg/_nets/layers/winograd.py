"""Convolution with filters of 3 x 3 pixels by a quarter of the multiplications (Lavin & Gray 2016, F(4 x 4, 3 x 3)).

Tiles of 6 x 6 pixels, which overlap by two, give tiles of 4 x 4 results: ``A [(G g G') * (B d B')] A'`` for a filter g
and a tile d, where * multiplies number by number, and sums over channels. With T tiles that is, for each of 36 places,
a product of matrices (T, channels) and (channels, filters): 36 multiplications for 16 results instead of 144. All steps
are linear in d and in g, so the backward pass is their transposes. In single precision, results have an error of about
1e-6 of the largest number.
"""

import functools

import numpy as np

from ..._core._jit import njit
from ..noise import ZERO

TILE = 4  # results of a tile, along one axis
SIZE = 6  # pixels of a tile, along one axis
_BLOCK = 1 << 18  # transformed numbers that are kept at a time
_LEAST_GAIN = 0.6  # use tiles where they save this share of the multiplications

_A = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])
_B = np.array(
    [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0],
     [0, 4, 0, -5, 0, 1]]
)  # fmt: skip
_G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24


@functools.cache
def _matrices(dtype):
    """The transformations of results, of tiles and of filters; the last along both axes."""
    return _A.astype(dtype), _B.astype(dtype), np.kron(_G, _G).astype(dtype)


@njit
def gather_tiles(x, before, n_tiles, out):
    """Copy tiles of images x (n, height, width, channels) to `out` (size, size, tiles, channels); zeros outside.

    There are `n_tiles` (rows, columns) of tiles, `TILE` pixels apart; the first begins `before` (rows, columns) outside
    the image.
    """
    n, height, width, n_channels = x.shape
    tiles_y, tiles_x = n_tiles
    for u in range(out.shape[0]):
        for v in range(out.shape[1]):
            t = 0
            for b in range(n):
                for i in range(tiles_y):
                    y = i * TILE + u - before[0]
                    for j in range(tiles_x):
                        z = j * TILE + v - before[1]
                        if 0 <= y < height and 0 <= z < width:
                            for c in range(n_channels):
                                out[u, v, t, c] = x[b, y, z, c]
                        else:
                            for c in range(n_channels):
                                out[u, v, t, c] = ZERO
                        t += 1


@njit
def scatter_tiles(tiles, before, n_tiles, out):
    """Write the sum of all tiles at their places to images `out`: the transpose of `gather_tiles`."""
    n, height, width, n_channels = out.shape
    tiles_y, tiles_x = n_tiles
    out[:] = ZERO
    for u in range(tiles.shape[0]):
        for v in range(tiles.shape[1]):
            t = 0
            for b in range(n):
                for i in range(tiles_y):
                    y = i * TILE + u - before[0]
                    for j in range(tiles_x):
                        z = j * TILE + v - before[1]
                        if 0 <= y < height and 0 <= z < width:
                            for c in range(n_channels):
                                out[b, y, z, c] += tiles[u, v, t, c]
                        t += 1


def _on_both_axes(matrix, x, middle, out):
    """Write the product of a matrix with x (k, k, ...) along both first axes to `out`; `middle` is scratch memory."""
    p, q = matrix.shape
    middle = middle[: p * x.size // q].reshape(p, -1)
    np.dot(matrix, x.reshape(q, -1), out=middle)
    np.matmul(matrix, middle.reshape(p, q, -1), out=out.reshape(p, p, -1))


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
        A, B, GG = _matrices(dtype)
        U = np.dot(GG, W.reshape(9, -1)).reshape(-1, C, F)
        n_tiles, before = self.n_tiles, self.geometry.before
        per_image = n_tiles[0] * n_tiles[1]
        step = max(1, min(_BLOCK // (2 * SIZE * SIZE * per_image * (C + F)), len(x)))
        size = SIZE * SIZE * step * per_image
        channels, filters = ctx.scratch((2, size * C), dtype), ctx.scratch((2, size * F), dtype)
        blocks = [slice(first, min(first + step, len(x))) for first in range(0, len(x), step)]
        out = ctx.scratch((len(x), *self.geometry.n_windows, F), dtype)

        def transformed(block):
            """Tiles of some images, transformed: (36, tiles, channels)."""
            T = (block.stop - block.start) * per_image
            tiles = channels[0, : SIZE * SIZE * T * C].reshape(SIZE, SIZE, T, C)
            gather_tiles(x[block], before, n_tiles, tiles)
            _on_both_axes(B, tiles, channels[1], tiles)
            return tiles.reshape(-1, T, C)

        for block in blocks:
            V = transformed(block)
            T = V.shape[1]
            M = np.matmul(V, U, out=filters[0, : SIZE * SIZE * T * F].reshape(-1, T, F))
            results = filters[0, : TILE * TILE * T * F].reshape(TILE, TILE, T, F)
            _on_both_axes(A, M, filters[1], results)
            scatter_tiles(results, (0, 0), n_tiles, out[block])

        def back(d, gradient):
            """Write the gradient of the weights to `gradient`; returns that of the input, None if not needed."""
            d = d.reshape(out.shape)
            dU, part = ctx.scratch((2, *U.shape), dtype)
            dU[:] = 0.0
            dx = ctx.scratch(x.shape, dtype) if needs_input_gradient else None
            transposed = np.ascontiguousarray(U.transpose(0, 2, 1))
            for block in blocks:
                V = transformed(block)
                T = V.shape[1]
                results = filters[0, : TILE * TILE * T * F].reshape(TILE, TILE, T, F)
                gather_tiles(d[block], (0, 0), n_tiles, results)
                dM = filters[0, : SIZE * SIZE * T * F].reshape(-1, T, F)
                _on_both_axes(A.T, results, filters[1], dM)
                dU_part = np.matmul(V.transpose(0, 2, 1), dM, out=part)
                np.add(dU, dU_part, out=dU)
                if dx is not None:
                    np.matmul(dM, transposed, out=V)
                    _on_both_axes(B.T, V, channels[1], V)
                    scatter_tiles(V.reshape(SIZE, SIZE, T, C), before, n_tiles, dx[block])
            np.dot(GG.T, dU.reshape(len(GG), -1), out=gradient.reshape(9, -1))
            return dx

        return out, back
