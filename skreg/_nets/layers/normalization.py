"""Batch and layer normalization: one formula, over rows and positions for a channel, or over channels.

The shift is the bias of the `BiasActivationDropout` layer after them.
"""

from typing import NamedTuple

import numpy as np

from ..._core._jit import njit
from ..base import Layer, Param, by_channel, by_position
from ..context import summed
from ..noise import ONE, ZERO
from .segments import add_by_channel, positions_of_segment, repeated

_VARIANCE_OFFSET = np.float32(1e-5)  # added to variances, as in Ioffe & Szegedy (2015)
# Sums over rows are formed in blocks of this many: a sum of a million numbers in single precision would lose digits.
_BLOCK_ROWS = 256
LEAST_SHARE = 0.1  # of a batch in the running statistics, after the first ten batches


@njit
def channel_moments(x, weights, mean, squares):
    """Means of every channel of x (rows, positions, channels) under row weights, and sums of squared differences.

    They are those of blocks of rows, which are still in the cache for the second pass, combined as in Chan, Golub &
    LeVeque (1983). Returns the sum of the weights of all positions.
    """
    n, n_positions, n_channels = x.shape
    count = positions_of_segment(n_positions, n_channels)
    own, own_squares = np.empty_like(mean), np.empty_like(mean)
    sums, numbers = np.zeros(count * n_channels, x.dtype), x.reshape(-1)
    for c in range(n_channels):
        mean[c] = squares[c] = ZERO
    total = 0.0
    for start in range(0, n * n_positions, _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS, n * n_positions)
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
        share, between = x.dtype.type(weight / total), x.dtype.type(weight * (1.0 - weight / total))
        for c in range(n_channels):
            less = own[c] - mean[c]
            mean[c] += share * less
            squares[c] += own_squares[c] + between * (less * less)
    return total


@njit
def update_running(mean, variance, weight, effective, least, seen, running_mean, running_deviation):
    """Move running means and standard deviations a share of the way to those of a batch: at least the share `least`.

    Parameters
    ----------
    mean, variance : array of shape (channels,)
        Of the batch.
    weight : float
        Mean weight of its rows.
    effective : float
        Their effective number, which makes variances unbiased.
    least : float
    seen : array of shape (1,)
        Sum of the weights so far.
    running_mean, running_deviation : array of shape (channels,)
    """
    real = mean.dtype.type
    share = real(min(1.0, weight * max(least, 1.0 / (seen[0] + weight))))
    correction = real(effective / max(effective - 1.0, 1.0))
    for c in range(mean.size):
        running_mean[c] += share * (mean[c] - running_mean[c])
        running_deviation[c] += share * (np.sqrt(variance[c] * correction) - running_deviation[c])
    seen[0] += real(weight)


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
    for block in range(0, size, _BLOCK_ROWS * m):
        end = min(block + _BLOCK_ROWS * m, size)
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
def channels_backward(d, x, weights, sums, total, mean, inverse, factor):
    """Turn the gradient d (rows, positions, channels) of the output into that of the input x.

    `weights` are those that the moments were formed with, or zeros where the moments do not depend on the input, and
    `total` is their sum; `sums` are those of d and of d times standardized x; `inverse` is one over the standard
    deviation, and `factor` that times the scale.
    """
    n, n_positions, n_channels = d.shape
    count, size = positions_of_segment(n_positions, n_channels), n_positions * n_channels
    constant, slope = np.empty_like(mean), np.empty_like(mean)
    for c in range(n_channels):
        constant[c], slope[c] = sums[0, c] / total, sums[1, c] / total * inverse[c]
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


@njit
def normalize_rows(x, inverse, scale, shift, z, out):
    """Write standardized rows of x to z, and those times the scales of their columns, plus shifts, to `out`.

    `out` may be x.
    """
    n, m = x.shape
    real = x.dtype.type
    for i in range(n):
        row, standard, target = x[i], z[i], out[i]
        total = squares = real(0.0)
        for j in range(m):
            total += row[j]
        mean = total / real(m)
        for j in range(m):
            standard[j] = row[j] - mean
            squares += standard[j] * standard[j]
        factor = real(ONE / np.sqrt(squares / real(m) + _VARIANCE_OFFSET))
        inverse[i] = factor
        for j in range(m):
            standard[j] *= factor
            target[j] = standard[j] * scale[j] + shift[j]


@njit
def rows_backward(d, z, inverse, scale, scale_grad, shift_grad):
    """Turn the gradient of the output into that of the input, and add those of the scales and shifts.

    There may be no shifts; `shift_grad` is then empty.
    """
    n, m = d.shape
    real = d.dtype.type
    scales, shifts = np.empty_like(scale_grad), np.empty_like(scale_grad)
    for start in range(0, n, _BLOCK_ROWS):
        scales[:] = ZERO
        shifts[:] = ZERO
        for i in range(start, min(start + _BLOCK_ROWS, n)):
            given, standard = d[i], z[i]
            total = along = real(0.0)
            for j in range(m):
                shifts[j] += given[j]
                scales[j] += given[j] * standard[j]
                given[j] *= scale[j]
                total += given[j]
                along += given[j] * standard[j]
            total /= real(m)
            along /= real(m)
            for j in range(m):
                given[j] = (given[j] - total - standard[j] * along) * inverse[i]
        scale_grad += scales
        if shift_grad.size:
            shift_grad += shifts


class LayerNorm(Layer):
    """All channels of a row, or of a position of it, with mean 0 and variance 1, then a scale for every channel.

    Ba, Kiros & Hinton (2016).

    Parameters
    ----------
    shift : bool
        Whether it also adds a shift to every channel, where no activation with a bias follows.
    """

    def __init__(self, shift=False):
        self.has_shift = shift
        self.inplace = not shift  # a shift is for the beginning of a branch, whose input is needed elsewhere

    def build(self, shape, rng, dtype):
        self.scale = Param(np.ones(shape[-1], dtype))
        if self.has_shift:
            self.shift = Param(np.zeros(shape[-1], dtype))
        return shape

    def __call__(self, x, ctx):
        rows = by_channel(x)
        z = ctx.scratch(rows.shape, x.dtype)
        inverse = ctx.scratch((len(rows),), x.dtype)
        shift = self.shift.value if self.has_shift else np.zeros_like(self.scale.value)
        out = x if self.inplace else ctx.scratch(x.shape, x.dtype)
        normalize_rows(rows, inverse, self.scale.value, shift, z, by_channel(out))

        def back(d):
            shift_grad = ctx.grad(self.shift) if self.has_shift else np.empty(0, d.dtype)
            rows_backward(by_channel(d), z, inverse, self.scale.value, ctx.grad(self.scale), shift_grad)
            return d

        return out, back


class Standard(NamedTuple):
    """What channels are standardized with."""

    mean: np.ndarray  # (channels,)
    inverse: np.ndarray  # (channels,), one over the standard deviation
    factor: np.ndarray  # (channels,), that times the scale
    weights: np.ndarray  # (rows,), in the mean and deviation: zeros where these do not depend on the batch
    total: float  # of the weights of all positions


class BatchNorm(Layer):
    """Every channel with mean 0 and variance 1 over the batch, in evaluation by running means (Ioffe & Szegedy 2015).

    Rows count by their weights, in the moments of a batch and in the running means. The running mean is that of
    standard deviations, not of variances as in the paper: one row far from the others would count by its square, and
    shrink in evaluation what was never as small in the batches that most rows were trained in.
    """

    def build(self, shape, rng, dtype):
        width = shape[-1]
        self.scale = Param(np.ones(width, dtype))
        self.mean = Param(np.zeros(width, dtype), learned=False)
        self.deviation = Param(np.ones(width, dtype), learned=False)
        self.seen = Param(np.zeros(1, dtype), learned=False)
        self.least = LEAST_SHARE
        return shape

    def forget(self, least):
        """Restart the running means, as plain means of the batches until a batch has only the share `least`."""
        self.seen.value[:] = 0.0
        self.least = least

    def statistics(self, x, ctx):
        """`Standard` for a batch x (rows, positions, channels), which goes into the running means in training."""
        total = x.dtype.type(ctx.n_rows(len(x)) * x.shape[1])
        if ctx.train and not self.frozen:
            weights, (mean, variance) = self._batch_moments(x, total, ctx)
        else:
            weights, mean, variance = np.zeros(len(x), x.dtype), self.mean.value, self.deviation.value**2
        inverse = ONE / np.sqrt(variance + _VARIANCE_OFFSET)
        return Standard(mean, inverse, self.scale.value * inverse, weights, total)

    def gradient_sums(self, d, slope, x, standard, bias_grad, ctx):
        """Multiply d by `slope`, add the gradients of scales and biases, and return what `backward` needs."""
        sums = np.empty((2, d.shape[-1]), d.dtype)
        own = standard.mean, standard.inverse, sums, ctx.grad(self.scale), bias_grad
        gradient_sums(by_channel(d), slope, x, *own)
        return ctx.total(sums)

    def backward(self, d, x, standard, sums):
        """Turn the gradient d of the output, without the bias, into that of the input x."""
        whole = by_position(d)
        last = standard.mean, standard.inverse, standard.factor
        channels_backward(whole, by_position(x), standard.weights, sums, standard.total, *last)
        return d

    def __call__(self, x, ctx):
        standard = self.statistics(by_position(x), ctx)
        out = np.subtract(x, standard.mean, out=ctx.scratch(x.shape, x.dtype))
        out *= standard.factor

        def back(d):
            rows, no_bias = by_channel(d), np.zeros_like(standard.mean)
            sums = self.gradient_sums(rows, np.ones_like(rows), by_channel(x), standard, no_bias, ctx)
            return self.backward(d, x, standard, sums) if self.needs_input_gradient else None

        return out, back

    def _batch_moments(self, x, n, ctx):
        """Weights with mean 1, and the moments of the batch, which also go into the running means."""
        rows, moments = ctx.row_weights(len(x), x.dtype), np.empty((2, x.shape[2]), x.dtype)
        own, squares = moments
        weight = x.dtype.type(channel_moments(x, rows.relative, own, squares))
        if ctx.is_divided:
            parts = ctx.gather((weight, own, squares))
            mean = summed([m * (w / n) for w, m, _ in parts])
            moments = np.stack([mean, summed([s + w * (m - mean) ** 2 for w, m, s in parts])])
        moments[1] /= n
        if rows.mean > 0.0 and ctx.leads:
            running = self.seen.value, self.mean.value, self.deviation.value
            update_running(*moments, rows.mean, rows.effective * x.shape[1], self.least, *running)
        return rows.relative, moments
