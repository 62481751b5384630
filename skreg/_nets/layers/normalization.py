"""Batch and layer normalization: one formula, over rows and positions for a channel, or over channels.

The shift is the bias of the `BiasActivationDropout` layer after them.
"""

from typing import NamedTuple

import numpy as np

from ..._core._jit import njit
from ..base import Layer, Param, by_channel, by_position
from ..lanes import LANES
from ..noise import ONE, ZERO
from .moments import (
    BLOCK_ROWS,
    VARIANCE_OFFSET,
    channel_moments,
    channels_backward,
    combine_moments,
    gradient_sums,
    gradient_sums_by_lanes,
    moments_by_lanes,
    pooled_channels_backward,
    use_moments,
)

LEAST_SHARE = 0.1  # of a batch in the running statistics, after the first ten batches


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
        factor = real(ONE / np.sqrt(squares / real(m) + VARIANCE_OFFSET))
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
    for start in range(0, n, BLOCK_ROWS):
        scales[:] = ZERO
        shifts[:] = ZERO
        for i in range(start, min(start + BLOCK_ROWS, n)):
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

    replayable = True

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
        ctx.do(normalize_rows, rows, inverse, self.scale.value, shift, z, by_channel(out))

        def back(d):
            shift_grad = ctx.grad(self.shift) if self.has_shift else np.empty(0, d.dtype)
            ctx.do(rows_backward, by_channel(d), z, inverse, self.scale.value, ctx.grad(self.scale), shift_grad)
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

    Attributes
    ----------
    has_lanes : bool
        Whether there are at least sixteen channels, for kernels that take sixteen of them at a time.
    """

    replayable = True

    def build(self, shape, rng, dtype):
        width = shape[-1]
        self.scale = Param(np.ones(width, dtype))
        self.mean = Param(np.zeros(width, dtype), learned=False)
        self.deviation = Param(np.ones(width, dtype), learned=False)
        self.seen = Param(np.zeros(1, dtype), learned=False)
        self.least = LEAST_SHARE
        self.has_lanes = width >= LANES
        return shape

    def forget(self, least):
        """Restart the running means, as plain means of the batches until a batch has only the share `least`."""
        self.seen.value[:] = 0.0
        self.least = least

    def statistics(self, x, ctx):
        """`Standard` for a batch x (rows, positions, channels), which goes into the running means in training."""
        total = x.dtype.type(ctx.n_rows(len(x)) * x.shape[1])
        if ctx.train and not self.frozen:
            return self._of_batch(x, total, ctx)
        # of a frozen layer in training, these are the same for all batches
        return Standard(self.mean.value, *ctx.constant(self, self._factors), np.zeros(len(x), x.dtype), total)

    def _factors(self):
        """One over the running standard deviations, and that times the scales."""
        inverse = ONE / np.sqrt(self.deviation.value**2 + VARIANCE_OFFSET)
        return inverse, self.scale.value * inverse

    def gradient_sums(self, d, slope, x, standard, bias_grad, ctx):
        """Multiply d by `slope`, add the gradients of scales and biases, and return what `backward` needs."""
        sums = ctx.scratch((2, d.shape[-1]), d.dtype)
        own = standard.mean, standard.inverse, sums, ctx.grad(self.scale), bias_grad
        add = gradient_sums_by_lanes if self.has_lanes else gradient_sums
        ctx.do(add, by_channel(d), slope, x, *own)
        return ctx.total(sums)

    def backward(self, d, x, standard, sums, winners, ctx):
        """The gradient of the input x, from that of the output without the bias, which may be the memory of d.

        `winners` is None, or says which numbers of x are those that d is the gradient of: the largest of windows.
        """
        last = standard.weights, sums, standard.total, standard.mean, standard.inverse, standard.factor
        if winners is not None and winners.has_lanes:
            out = ctx.scratch(x.shape, x.dtype)
            pooled_channels_backward(d, winners.places, winners.window, x, *last, out)
            return out
        d = d if winners is None else winners.backward(d, x.shape, ctx)
        ctx.do(channels_backward, by_position(d), by_position(x), *last)
        return d

    def __call__(self, x, ctx):
        standard = self.statistics(by_position(x), ctx)
        out = ctx.scratch(x.shape, x.dtype)
        ctx.do(np.subtract, x, standard.mean, out)
        ctx.do(np.multiply, out, standard.factor, out)

        def back(d):
            rows, no_bias = by_channel(d), np.zeros_like(standard.mean)
            sums = self.gradient_sums(rows, np.ones_like(rows), by_channel(x), standard, no_bias, ctx)
            return self.backward(d, x, standard, sums, None, ctx) if self.needs_input_gradient else None

        return out, back

    @property
    def _moments(self):
        return moments_by_lanes if self.has_lanes else channel_moments

    def _write_moments(self, x, weights, own_mean, own_squares, mean, squares, ctx):
        """Write the moments of a whole batch, of which x is a part."""
        own_weight, total = self._moments(x, weights, own_mean, own_squares), 0.0
        for weight, *moments in ctx.gather((own_weight, own_mean, own_squares)):
            total += weight
            combine_moments(*moments, weight, total, mean, squares)

    def _of_batch(self, x, n, ctx):
        """`Standard` by the moments of the batch, which also go into the running means."""
        ctx.do(ctx.row_weights, len(x), x.dtype)  # which are in the same memory for every batch
        rows, (mean, squares, inverse, factor) = ctx.row_weights(len(x), x.dtype), ctx.vectors(4, x.shape[2], x.dtype)
        if ctx.is_divided:
            ctx.do(self._write_moments, x, rows.relative, *ctx.vectors(2, x.shape[2], x.dtype), mean, squares, ctx)
        else:
            ctx.do(self._moments, x, rows.relative, mean, squares)
        standard = self.scale.value, inverse, factor
        batch = ctx.leads, rows.totals, x.shape[1]
        running = self.least, self.seen.value, self.mean.value, self.deviation.value
        ctx.do(use_moments, mean, squares, n, *standard, *batch, *running)
        return Standard(mean, inverse, factor, rows.relative, n)
