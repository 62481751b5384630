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

    Four weights of a filter at a time share what is read of d; what comes after the last one is not added.
    """
    kernel, stride, before, (_, width), (n_rows, n_windows) = geometry
    n_channels, row = x.shape[3], width * x.shape[3]
    offsets, given, target = window_offsets(kernel, row, n_channels), d.reshape(-1), out.reshape(-1)
    n_filters, step, last, place = out.shape[1], stride[1] * n_channels, offsets.size - 1, 0
    sums = np.zeros(4 * LANES, d.dtype)
    nothing = load(sums, 0)
    for b in range(len(x)):
        source = with_zeros(x[b], before, padded)
        for i in range(n_rows):
            start = i * stride[0] * row
            for k in range(0, offsets.size, 4):
                s0, s1 = start + offsets[k], start + offsets[min(k + 1, last)]
                s2, s3 = start + offsets[min(k + 2, last)], start + offsets[min(k + 3, last)]
                for first in range(0, n_filters, LANES):
                    sum0, sum1, sum2, sum3 = nothing, nothing, nothing, nothing
                    for j in range(n_windows):
                        own, s = load(given, place + j * n_filters + first), j * step
                        sum0 = sum0 + spread(source, s0 + s) * own
                        sum1 = sum1 + spread(source, s1 + s) * own
                        sum2 = sum2 + spread(source, s2 + s) * own
                        sum3 = sum3 + spread(source, s3 + s) * own
                    store(sums, 0, sum0)
                    store(sums, LANES, sum1)
                    store(sums, 2 * LANES, sum2)
                    store(sums, 3 * LANES, sum3)
                    for m in range(min(4, offsets.size - k)):
                        t = (k + m) * n_filters + first
                        store(target, t, load(target, t) + load(sums, m * LANES))
            place += n_windows * n_filters
