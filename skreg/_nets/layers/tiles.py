"""Tiles of images, transformed for convolution by fewer multiplications: the kernels of `winograd`."""

import numpy as np

from ..._core._jit import inlined, njit
from ..lanes import LANES, aligned_zeros, load, store
from ..noise import ONE, TWO, ZERO

SIZE = 6  # pixels of a tile, and places, along one axis
_ROW = SIZE * LANES  # numbers in a row of a tile
_TILE = SIZE * _ROW
_STRIP = 1 << 13  # numbers of tiles that are transformed along the first axis before the second
_FOUR, _FIVE, _EIGHT = np.float32(4.0), np.float32(5.0), np.float32(8.0)


@inlined
def pixels_to_places(a, b, c, d, e, f):
    """B: sixteen numbers of each of six places, from those of six pixels."""
    even, odd = e - _FOUR * c, d - _FOUR * b
    far, near = e - c, TWO * (d - b)
    return _FOUR * a - _FIVE * c + e, even + odd, even - odd, far + near, far - near, _FOUR * b - _FIVE * d + f


@inlined
def places_to_pixels(a, b, c, d, e, f):
    """The transpose of `pixels_to_places`: gradients of six places to those of six pixels."""
    sum1, sum2, less1, less2 = b + c, d + e, b - c, d - e
    second, fourth = _FOUR * (f - less1) - TWO * less2, less1 + TWO * less2 - _FIVE * f
    return _FOUR * a, second, -_FIVE * a - _FOUR * sum1 - sum2, fourth, a + sum1 + sum2, f


@inlined
def places_to_results(last, a, b, c, d, e, f):
    """A: six places to two, three or four results; see `last_result`. What is returned after these is not used."""
    two, three, four = last
    sum1, sum2, less1, less2 = b + c, d + e, b - c, d - e
    third, fourth = sum1 + _FOUR * sum2 + three * f, less1 + _EIGHT * less2 + four * f
    return a + sum1 + sum2, less1 + TWO * less2 + two * f, third, fourth, third, fourth


@inlined
def results_to_places(last, a, b, c, d):
    """The transpose of `places_to_results`: gradients of results to those of places."""
    two, three, four = last
    c, d = (three + four) * c, four * d
    even, odd = a + c, b + d
    far, near = a + _FOUR * c, TWO * b + _EIGHT * d
    return a, even + odd, even - odd, far + near, far - near, two * b + three * c + d


@inlined
def results_of_tile(size):
    """Results of a tile along one axis, for filters of a size."""
    return 1 if size == 1 else SIZE + 1 - size


@inlined
def last_result(count):
    """Three numbers, of which that one is 1 that says which result of a tile is the last: the second to the fourth."""
    return ONE if count == 2 else ZERO, ONE if count == 3 else ZERO, ONE if count == 4 else ZERO


@inlined
def load_six(numbers, first, step):
    """Six times sixteen numbers of an array, which are `step` apart."""
    a, b, c = load(numbers, first), load(numbers, first + step), load(numbers, first + 2 * step)
    return a, b, c, load(numbers, first + 3 * step), load(numbers, first + 4 * step), load(numbers, first + 5 * step)


@inlined
def load_four(numbers, first, step):
    """Four times sixteen numbers of an array, which are `step` apart."""
    a, b, c = load(numbers, first), load(numbers, first + step), load(numbers, first + 2 * step)
    return a, b, c, load(numbers, first + 3 * step)


@inlined
def store_six(numbers, first, step, a, b, c, d, e, f):
    """Write six times sixteen numbers, `step` apart, to an array."""
    store(numbers, first, a)
    store(numbers, first + step, b)
    store(numbers, first + 2 * step, c)
    store(numbers, first + 3 * step, d)
    store(numbers, first + 4 * step, e)
    store(numbers, first + 5 * step, f)


@inlined
def add_six(numbers, first, step, a, b, c, d, e, f):
    """Add six times sixteen numbers to those of an array, which are `step` apart."""
    store(numbers, first, load(numbers, first) + a)
    store(numbers, first + step, load(numbers, first + step) + b)
    store(numbers, first + 2 * step, load(numbers, first + 2 * step) + c)
    store(numbers, first + 3 * step, load(numbers, first + 3 * step) + d)
    store(numbers, first + 4 * step, load(numbers, first + 4 * step) + e)
    store(numbers, first + 5 * step, load(numbers, first + 5 * step) + f)


@njit
def read_pixels(x, top, left, shape, out):
    """Copy pixels (rows, columns) of an image (height, width, channels) to `out`, with zeros outside the image."""
    height, width, n_channels = x.shape
    source, nothing = x.reshape(-1), load(np.zeros(LANES, x.dtype), 0)
    begin, end = max(0, -left), min(shape[1], width - left)  # columns inside the image
    for u in range(shape[0]):
        t, y = u * shape[1] * n_channels, top + u
        inside = 0 <= y < height
        for c in range(0, (begin if inside else shape[1]) * n_channels, LANES):
            store(out, t + c, nothing)
        if inside:
            s = (y * width + left) * n_channels
            for c in range(begin * n_channels, end * n_channels, LANES):
                store(out, t + c, load(source, s + c))
            for c in range(end * n_channels, shape[1] * n_channels, LANES):
                store(out, t + c, nothing)


@njit
def write_rows(rows, n_rows, top, left, wide, out, is_gradient):
    """Write a row of tiles to an image, but for what is outside; gradients are added.

    The tiles are `n_rows` rows of `wide` pixels, of which the image's begin at `left`; the first goes to row `top`.
    """
    height, width, n_channels = out.shape
    target, size = out.reshape(-1), width * n_channels
    for u in range(max(0, -top), min(n_rows, height - top)):
        s, t = (u * wide + left) * n_channels, (top + u) * size
        for c in range(0, size, LANES):
            if is_gradient:
                store(target, t + c, load(target, t + c) + load(rows, s + c))
            else:
                store(target, t + c, load(rows, s + c))


@njit
def write_columns(tiles, n_tiles, n_channels, is_gradient, last, plane, target, first):
    """Transform columns of some tiles, whose rows are transformed, and write their places; see `tiles_to_places`."""
    for v in range(SIZE):
        t, s = v * LANES, first + v * plane
        for _ in range(0, n_tiles * n_channels, LANES):
            if is_gradient:
                p = results_to_places(last, *load_four(tiles, t, _ROW))
            else:
                p = pixels_to_places(*load_six(tiles, t, _ROW))
            store_six(target, s, SIZE * plane, *p)
            t += _TILE
            s += LANES


@njit
def tiles_to_places(x, kernel, before, n_tiles, out, is_gradient):
    """Transform the tiles of images x (n, height, width, channels) to places, `out` (places, tiles * channels or more).

    There are `n_tiles` (rows, columns) of tiles in an image, for filters of the size `kernel`. They are tiles of
    pixels, of which the first begins `before` (rows, columns) outside the image, where there are zeros. For gradients,
    they are tiles of results, of which the first begins with the image. Rows of some tiles are transformed, then their
    columns, so that few places are written to at a time.
    """
    n, height, width, n_channels = x.shape
    source, target, plane = x.reshape(-1), out.reshape(-1), out.shape[1]
    results_y, results_x = results_of_tile(kernel[0]), results_of_tile(kernel[1])
    last_y, last_x = last_result(results_y), last_result(results_x)
    n_rows = results_y if is_gradient else results_y + kernel[0] - 1
    reach = 4 if is_gradient else SIZE  # pixels of a row that are read
    before_y, before_x = (0, 0) if is_gradient else before
    strip = max(1, min(n_tiles[1], _STRIP // (SIZE * SIZE * n_channels)))
    tiles = aligned_zeros(strip * SIZE * SIZE * n_channels, x.dtype)
    edge = aligned_zeros(SIZE * SIZE * n_channels, x.dtype)
    place = np.int64(0)  # not the constant, for which numba would compile `write_columns` once more
    for b in range(n):
        for i in range(n_tiles[0]):
            top = i * results_y - before_y
            for start in range(0, n_tiles[1], strip):
                count, t = min(strip, n_tiles[1] - start), 0
                for j in range(start, start + count):
                    left = j * results_x - before_x
                    pixels, pixel, row = source, ((b * height + top) * width + left) * n_channels, width * n_channels
                    if left < 0 or left + reach > width or top < 0 or top + n_rows > height:
                        read_pixels(x[b], top, left, (n_rows, reach), edge)
                        pixels, pixel, row = edge, 0, reach * n_channels
                    for first in range(0, n_channels, LANES):
                        s = pixel + first
                        for u in range(n_rows):
                            if is_gradient:
                                p = results_to_places(last_x, *load_four(pixels, s, n_channels))
                            else:
                                p = pixels_to_places(*load_six(pixels, s, n_channels))
                            store_six(tiles, t + u * _ROW, LANES, *p)
                            s += row
                        if kernel[0] == 1:
                            store_six(target, place + (j - start) * n_channels + first, plane, *p)
                        t += _TILE
                if kernel[0] > 1:
                    write_columns(tiles, count, n_channels, is_gradient, last_y, plane, target, place)
                place += count * n_channels


@njit
def places_to_tiles(places, kernel, before, n_tiles, out, is_gradient):
    """Transform places (places, ...), and write tiles of results to images `out`, or add tiles of pixels for gradients.

    See `tiles_to_places`.
    """
    n, _, _, n_channels = out.shape
    source, plane = places.reshape(-1), places.shape[1]
    results_y, results_x = results_of_tile(kernel[0]), results_of_tile(kernel[1])
    last_y, last_x = last_result(results_y), last_result(results_x)
    n_rows = results_y + kernel[0] - 1 if is_gradient else results_y
    n_columns = SIZE if is_gradient else results_x
    before_y, before_x = before if is_gradient else (0, 0)
    wide = (n_tiles[1] - 1) * results_x + SIZE
    row = wide * n_channels
    rows = aligned_zeros(SIZE * row, out.dtype)  # of one row of tiles
    tile = aligned_zeros(_TILE, out.dtype)
    if is_gradient:
        out[:] = ZERO
    place = 0
    for b in range(n):
        for i in range(n_tiles[0]):
            if is_gradient:
                rows[:] = ZERO
            for j in range(n_tiles[1]):
                for first in range(0, n_channels, LANES):
                    s, t = place + first, j * results_x * n_channels + first
                    for u in range(1 if kernel[0] == 1 else SIZE):
                        if is_gradient:
                            p = places_to_pixels(*load_six(source, s, plane))
                        else:
                            p = places_to_results(last_x, *load_six(source, s, plane))
                        store_six(tile, u * _ROW, LANES, *p)
                        s += SIZE * plane
                    if kernel[0] == 1 and is_gradient:
                        add_six(rows, t, n_channels, *p)
                    elif kernel[0] == 1:  # the next tile replaces what is more than the results
                        store_six(rows, t, n_channels, *p)
                    for v in range(n_columns if kernel[0] > 1 else 0):
                        if is_gradient:
                            p = places_to_pixels(*load_six(tile, v * LANES, _ROW))
                            add_six(rows, t + v * n_channels, row, *p)
                        else:
                            p = places_to_results(last_y, *load_six(tile, v * LANES, _ROW))
                            store_six(rows, t + v * n_channels, row, *p)
                place += n_channels
            write_rows(rows, n_rows, i * results_y - before_y, before_x, wide, out[b], is_gradient)
