"""Convolution of images with few channels, such as the first one, without copies of windows.

A window of 3 x 3 pixels with one channel has nine numbers: to copy them takes longer than to multiply them. Sixteen
filters are one value of `lanes`; sums of some windows, or of some weights, stay in registers.
"""

import numpy as np

from ..._core._jit import njit
from ..lanes import LANES, load, spread, store
from ..noise import ZERO


@njit
def with_zeros(image, before, padded):
    """The numbers of an image (height, width, channels) with zeros around it, in one row.

    They are in `padded` (height, width * channels, of the larger image), behind `before` rows and columns of zeros; if
    there are no zeros, they are those of the image itself.
    """
    height, length = image.shape[0], image.shape[1] * image.shape[2]
    if padded.shape[0] == height and padded.shape[1] == length:
        return image.reshape(-1)
    rows, left = image.reshape(height, length), before[1] * image.shape[2]
    padded[:] = ZERO
    for y in range(height):
        for c in range(length):
            padded[before[0] + y, left + c] = rows[y, c]
    return padded.reshape(-1)


@njit
def window_offsets(kernel, row, n_channels):
    """Places of the numbers of a window, counted from its first one, in an image with rows of so many numbers."""
    length = kernel[1] * n_channels
    offsets = np.empty(kernel[0] * length, np.int64)
    for k in range(offsets.size):
        offsets[k] = k // length * row + k % length
    return offsets


@njit
def multiply_windows(x, W, geometry, padded, out):
    """Write the products of weights W (numbers of a window, filters) with all windows of images x to `out`.

    `padded` is scratch memory for an image with zeros around it. Four windows at a time share what is read of W; those
    after the last one are the last one again.
    """
    kernel, stride, before, (_, width), (n_rows, n_windows) = geometry
    n_channels, row = x.shape[3], width * x.shape[3]
    offsets, weights, target = window_offsets(kernel, row, n_channels), W.reshape(-1), out.reshape(-1)
    n_filters, step, last, place = W.shape[1], stride[1] * n_channels, n_windows - 1, 0
    nothing = load(np.zeros(LANES, W.dtype), 0)
    for b in range(len(x)):
        source = with_zeros(x[b], before, padded)
        for i in range(n_rows):
            start = i * stride[0] * row
            for j in range(0, n_windows, 4):
                j1, j2, j3 = min(j + 1, last), min(j + 2, last), min(j + 3, last)
                s0, s1, s2, s3 = start + j * step, start + j1 * step, start + j2 * step, start + j3 * step
                for first in range(0, n_filters, LANES):
                    sum0, sum1, sum2, sum3 = nothing, nothing, nothing, nothing
                    for k in range(offsets.size):
                        w, offset = load(weights, k * n_filters + first), offsets[k]
                        sum0 = sum0 + spread(source, s0 + offset) * w
                        sum1 = sum1 + spread(source, s1 + offset) * w
                        sum2 = sum2 + spread(source, s2 + offset) * w
                        sum3 = sum3 + spread(source, s3 + offset) * w
                    store(target, place + j * n_filters + first, sum0)
                    store(target, place + j1 * n_filters + first, sum1)
                    store(target, place + j2 * n_filters + first, sum2)
                    store(target, place + j3 * n_filters + first, sum3)
            place += n_windows * n_filters


@njit
def add_weight_gradient(x, d, geometry, padded, out):
    """Add the gradient of the weights of `multiply_windows`, from that of its output, to `out`.

    Nine weights of a filter at a time, as many as 3 x 3 pixels have, share what is read of d, and their sums over an
    image stay in registers; what comes after the last one is not added. In single precision such a sum has four correct
    digits for 50,000 windows (224 x 224), which is enough for the gradient of a batch.
    """
    kernel, stride, before, (_, width), (n_rows, n_windows) = geometry
    n_channels, row = x.shape[3], width * x.shape[3]
    offsets, given, target = window_offsets(kernel, row, n_channels), d.reshape(-1), out.reshape(-1)
    n_filters, step, last, place = out.shape[1], stride[1] * n_channels, offsets.size - 1, 0
    jump = stride[0] * row - n_windows * step  # from behind the last window of a row to the first one of the next
    sums = np.zeros(9 * LANES, d.dtype)
    nothing = load(sums, 0)
    for b in range(len(x)):
        source = with_zeros(x[b], before, padded)
        for k in range(0, offsets.size, 9):
            s0, s1, s2 = offsets[k], offsets[min(k + 1, last)], offsets[min(k + 2, last)]
            s3, s4, s5 = offsets[min(k + 3, last)], offsets[min(k + 4, last)], offsets[min(k + 5, last)]
            s6, s7, s8 = offsets[min(k + 6, last)], offsets[min(k + 7, last)], offsets[min(k + 8, last)]
            for first in range(0, n_filters, LANES):
                sum0, sum1, sum2, sum3, sum4 = nothing, nothing, nothing, nothing, nothing
                sum5, sum6, sum7, sum8 = nothing, nothing, nothing, nothing
                s, t = 0, place + first
                for _ in range(n_rows):
                    for _ in range(n_windows):
                        own = load(given, t)
                        sum0 = sum0 + spread(source, s0 + s) * own
                        sum1 = sum1 + spread(source, s1 + s) * own
                        sum2 = sum2 + spread(source, s2 + s) * own
                        sum3 = sum3 + spread(source, s3 + s) * own
                        sum4 = sum4 + spread(source, s4 + s) * own
                        sum5 = sum5 + spread(source, s5 + s) * own
                        sum6 = sum6 + spread(source, s6 + s) * own
                        sum7 = sum7 + spread(source, s7 + s) * own
                        sum8 = sum8 + spread(source, s8 + s) * own
                        s += step
                        t += n_filters
                    s += jump
                store(sums, 0, sum0)
                store(sums, LANES, sum1)
                store(sums, 2 * LANES, sum2)
                store(sums, 3 * LANES, sum3)
                store(sums, 4 * LANES, sum4)
                store(sums, 5 * LANES, sum5)
                store(sums, 6 * LANES, sum6)
                store(sums, 7 * LANES, sum7)
                store(sums, 8 * LANES, sum8)
                for q in range(min(9, offsets.size - k)):
                    t = (k + q) * n_filters + first
                    store(target, t, load(target, t) + load(sums, q * LANES))
        place += n_rows * n_windows * n_filters
