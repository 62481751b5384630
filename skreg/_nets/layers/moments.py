"""Kernels of batch normalization: moments of channels over rows and positions, and their part in the gradient."""

import numpy as np

from ..._core._jit import inlined, njit
from ..lanes import LANES, load, spread, store, where_larger
from ..noise import ONE, ZERO
from .pooling import where_near
from .segments import add_by_channel, positions_of_segment, repeated

# Sums over rows are formed in blocks of this many: a sum of a million numbers in single precision would lose digits.
BLOCK_ROWS = 256
VARIANCE_OFFSET = np.float32(1e-5)  # added to variances, as in Ioffe & Szegedy (2015)


@inlined
def _combine(own, own_squares, weight, total, mean, squares):
    """Add the moments of a block to `mean` and `squares`, as in Chan, Golub & LeVeque (1983).

    `total` is the weight of all blocks so far, this one included.
    """
    share, between = mean.dtype.type(weight / total), mean.dtype.type(weight * (1.0 - weight / total))
    for c in range(mean.size):
        less = own[c] - mean[c]
        mean[c] += share * less
        squares[c] += own_squares[c] + between * (less * less)


@njit
def combine_moments(own, own_squares, weight, total, mean, squares):
    """Add the moments of a part to those of the parts before it; `total` is the weight of all, this one included."""
    if weight == total:  # no part before has weight
        mean[:], squares[:] = ZERO, ZERO
    _combine(own, own_squares, weight, total, mean, squares)


@njit
def channel_moments(x, weights, mean, squares):
    """Means of every channel of x (rows, positions, channels) under row weights, and sums of squared differences.

    They are those of blocks of rows, which are still in the cache for the second pass, combined. Returns the sum of the
    weights of all positions.
    """
    n, n_positions, n_channels = x.shape
    count = positions_of_segment(n_positions, n_channels)
    own, own_squares = np.empty_like(mean), np.empty_like(mean)
    sums, numbers = np.zeros(count * n_channels, x.dtype), x.reshape(-1)
    for c in range(n_channels):
        mean[c] = squares[c] = ZERO
    total = 0.0
    for start in range(0, n * n_positions, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, n * n_positions)
        for c in range(n_channels):
            own[c] = own_squares[c] = ZERO
        weight, position = 0.0, start
        while position < stop:
            i = position // n_positions
            after = min(position + count, stop, (i + 1) * n_positions)
            w, some = weights[i], numbers[position * n_channels : after * n_channels]
            for k in range(some.size):
                sums[k] += w * some[k]
            weight += w * (after - position)
            position = after
        add_by_channel(sums, own)
        if weight == 0.0:
            continue
        for c in range(n_channels):
            own[c] /= x.dtype.type(weight)
        means, position = repeated(own, count), start
        while position < stop:
            i = position // n_positions
            after = min(position + count, stop, (i + 1) * n_positions)
            w, some = weights[i], numbers[position * n_channels : after * n_channels]
            for k in range(some.size):
                sums[k] += w * ((some[k] - means[k]) * (some[k] - means[k]))
            position = after
        add_by_channel(sums, own_squares)
        total += weight
        _combine(own, own_squares, weight, total, mean, squares)
    return total


@njit
def moments_by_lanes(x, weights, mean, squares):
    """`channel_moments` of at least sixteen channels, in half of the time for small batches.

    Four positions at a time have sums of their own, which stay in registers; those after the last one of a block are
    the last one again, with weight 0.
    """
    n, n_positions, n_channels = x.shape
    numbers, end = x.reshape(-1), n * n_positions
    own, own_squares, shares = np.empty_like(mean), np.empty_like(mean), np.empty(BLOCK_ROWS, x.dtype)
    nothing = load(np.zeros(LANES, x.dtype), 0)
    for c in range(n_channels):
        mean[c] = squares[c] = ZERO
    total, i, left = 0.0, -1, 0
    for start in range(0, end, BLOCK_ROWS):
        size, weight = min(BLOCK_ROWS, end - start), 0.0
        for k in range(BLOCK_ROWS):
            if k >= size:
                shares[k] = ZERO
                continue
            if left == 0:
                i, left = i + 1, n_positions
            left -= 1
            shares[k] = weights[i]
            weight += weights[i]
        if weight == 0.0:
            continue
        one, last = x.dtype.type(1.0 / weight), size - 1
        for channel in range(0, n_channels, LANES):
            first = min(channel, n_channels - LANES)  # the last sixteen, of which the ones before have had some
            s = start * n_channels + first
            a, b, c, d = nothing, nothing, nothing, nothing
            for k in range(0, size, 4):
                s1, s2 = s + min(k + 1, last) * n_channels, s + min(k + 2, last) * n_channels
                a = a + spread(shares, k) * load(numbers, s + k * n_channels)
                b = b + spread(shares, k + 1) * load(numbers, s1)
                c = c + spread(shares, k + 2) * load(numbers, s2)
                d = d + spread(shares, k + 3) * load(numbers, s + min(k + 3, last) * n_channels)
            middle = ((a + b) + (c + d)) * one
            store(own, first, middle)
            a, b, c, d = nothing, nothing, nothing, nothing
            for k in range(0, size, 4):
                s1, s2 = s + min(k + 1, last) * n_channels, s + min(k + 2, last) * n_channels
                t, u = load(numbers, s + k * n_channels) - middle, load(numbers, s1) - middle
                v, w = load(numbers, s2) - middle, load(numbers, s + min(k + 3, last) * n_channels) - middle
                a, b = a + spread(shares, k) * (t * t), b + spread(shares, k + 1) * (u * u)
                c, d = c + spread(shares, k + 2) * (v * v), d + spread(shares, k + 3) * (w * w)
            store(own_squares, first, (a + b) + (c + d))
        total += weight
        _combine(own, own_squares, weight, total, mean, squares)
    return total


@njit
def use_moments(
    mean, squares, n, scale, inverse, factor, leads, totals, n_positions, least, seen, running_mean, running_deviation
):
    """Write what channels are standardized with, and move the running means a share of the way to the moments.

    Parameters
    ----------
    mean, squares : ndarray of shape (channels,)
        Of a batch: its means, and sums of squared differences from them.
    n : float
        The sum of the weights of all positions of the batch.
    scale : ndarray of shape (channels,)
    inverse, factor : ndarray of shape (channels,)
        For one over the standard deviations, and that times the scales.
    leads : bool
        Whether to move the running means.
    totals : ndarray of shape (2,)
        See `RowWeights`. With a mean weight of 0, the running means stay.
    n_positions : int
        Of a row.
    least : float
        The least share of a batch in the running means.
    seen : ndarray of shape (1,)
        The sum of the mean weights of all batches so far.
    running_mean, running_deviation : ndarray of shape (channels,)
    """
    for c in range(squares.size):
        inverse[c] = ONE / np.sqrt(squares[c] / n + VARIANCE_OFFSET)
        factor[c] = scale[c] * inverse[c]
    weight, effective = totals[0], totals[1] * n_positions
    if not leads or weight == 0.0:
        return
    real = mean.dtype.type
    share = real(min(1.0, weight * max(least, 1.0 / (seen[0] + weight))))
    unbiased = real(n * max(effective - 1.0, 1.0) / effective)
    seen[0] += weight
    for c in range(mean.size):
        running_mean[c] += share * (mean[c] - running_mean[c])
        running_deviation[c] += share * (np.sqrt(squares[c] / unbiased) - running_deviation[c])


@njit
def gradient_sums(d, slope, x, mean, inverse, out, scale_grad, bias_grad):
    """Multiply d (n, channels) by `slope`; write the sums of its channels, and those times standardized x, to `out`.

    These are also the gradients of the biases and of the scales, and added to them.
    """
    n, m = d.shape
    count = positions_of_segment(n, m)
    means, sums, products = repeated(mean, count), np.zeros(count * m, d.dtype), np.zeros(count * m, d.dtype)
    rows, slopes, inputs, size = d.reshape(-1), slope.reshape(-1), x.reshape(-1), n * m
    out[:] = ZERO
    for block in range(0, size, BLOCK_ROWS * m):
        end = min(block + BLOCK_ROWS * m, size)
        for start in range(block, end, sums.size):
            stop = min(start + sums.size, end)
            own, factors, some = rows[start:stop], slopes[start:stop], inputs[start:stop]
            for k in range(own.size):
                own[k] *= factors[k]
            for k in range(own.size):
                sums[k] += own[k]
            for k in range(own.size):
                products[k] += own[k] * (some[k] - means[k])
        add_by_channel(sums, out[0])
        add_by_channel(products, out[1])
    for j in range(m):
        out[1, j] *= inverse[j]
        bias_grad[j] += out[0, j]
        scale_grad[j] += out[1, j]


@njit
def gradient_sums_by_lanes(d, slope, x, mean, inverse, out, scale_grad, bias_grad):
    """`gradient_sums` of at least sixteen channels, in two thirds of the time for small batches."""
    n, m = d.shape
    rows, slopes, inputs, sums, products = d.reshape(-1), slope.reshape(-1), x.reshape(-1), out[0], out[1]
    marks = np.zeros(2 * LANES, d.dtype)
    marks[LANES:] = ONE
    nothing, one = load(marks, 0), load(marks, LANES)
    out[:] = ZERO
    for start in range(0, n, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, n)
        for channel in range(0, m, LANES):
            first = min(channel, m - LANES)  # the last sixteen, of which the ones before have had some
            is_new = load(marks, LANES - (channel - first))
            middle, a, b, e, f, s = load(mean, first), nothing, nothing, nothing, nothing, start * m + first
            for _ in range(start, stop - 1, 2):
                u = load(rows, s) * where_larger(is_new, nothing, load(slopes, s), one)
                v = load(rows, s + m) * where_larger(is_new, nothing, load(slopes, s + m), one)
                store(rows, s, u)
                store(rows, s + m, v)
                a, b = a + u, b + v
                e, f = e + u * (load(inputs, s) - middle), f + v * (load(inputs, s + m) - middle)
                s += 2 * m
            if (stop - start) % 2:
                u = load(rows, s) * where_larger(is_new, nothing, load(slopes, s), one)
                store(rows, s, u)
                a, e = a + u, e + u * (load(inputs, s) - middle)
            before, along = load(sums, first), load(products, first)
            store(sums, first, where_larger(is_new, nothing, before + (a + b), before))
            store(products, first, where_larger(is_new, nothing, along + (e + f), along))
    for j in range(m):
        products[j] *= inverse[j]
        bias_grad[j] += sums[j]
        scale_grad[j] += products[j]


@njit
def moment_gradient(sums, total, inverse):
    """Constants and slopes, by which the gradients of the moments depend on the input; see `channels_backward`."""
    constant, slope = np.empty_like(inverse), np.empty_like(inverse)
    for c in range(inverse.size):
        constant[c], slope[c] = sums[0, c] / total, sums[1, c] / total * inverse[c]
    return constant, slope


@njit
def pooled_channels_backward(d, winner, window, x, weights, sums, total, mean, inverse, factor, out):
    """`channels_backward` with the gradient d of the largest numbers of windows, whose places are `winner`.

    There are at least sixteen channels, as in `max_pool`.
    """
    (n, height, width, n_channels), (_, n_rows, n_columns, _) = x.shape, d.shape
    constant, slope = moment_gradient(sums, total, inverse)
    given, places, inputs, target = d.reshape(-1), winner.reshape(-1), x.reshape(-1), out.reshape(-1)
    nothing, real, s = load(np.zeros(LANES, x.dtype), 0), x.dtype.type, 0
    for b in range(n):
        w = weights[b]
        for y in range(height):
            i, j, v = y // window[0], 0, 0
            for _ in range(width):
                inside, t = i < n_rows and j < n_columns, ((b * n_rows + i) * n_columns + j) * n_channels
                k = real((y - i * window[0]) * window[1] + v)
                for c in range(0, n_channels, LANES):
                    first = min(c, n_channels - LANES)
                    own = nothing
                    if inside:
                        own = where_near(load(places, t + first), nothing + k, load(given, t + first), nothing)
                    less = (load(inputs, s + first) - load(mean, first)) * load(slope, first) + load(constant, first)
                    store(target, s + first, (own - w * less) * load(factor, first))
                s += n_channels
                v += 1
                if v == window[1]:
                    j, v = j + 1, 0


@njit
def channels_backward(d, x, weights, sums, total, mean, inverse, factor):
    """Turn the gradient d (rows, positions, channels) of the output into that of the input x.

    `weights` are those that the moments were formed with, or zeros where the moments do not depend on the input, and
    `total` is their sum; `sums` are those of d and of d times standardized x; `inverse` is one over the standard
    deviation, and `factor` that times the scale.
    """
    n, n_positions, n_channels = d.shape
    count, size = positions_of_segment(n_positions, n_channels), n_positions * n_channels
    constant, slope = moment_gradient(sums, total, inverse)
    constants, slopes = repeated(constant, count), repeated(slope, count)
    means, factors = repeated(mean, count), repeated(factor, count)
    rows, inputs = d.reshape(-1), x.reshape(-1)
    for i in range(n):
        w = weights[i]
        for start in range(i * size, (i + 1) * size, means.size):
            stop = min(start + means.size, (i + 1) * size)
            own, some = rows[start:stop], inputs[start:stop]
            for k in range(own.size):
                own[k] = (own[k] - w * (constants[k] + (some[k] - means[k]) * slopes[k])) * factors[k]
