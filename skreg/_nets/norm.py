"""Batch and layer normalization: one formula, over columns under row weights, or over rows."""

import numpy as np

from .._core._jit import njit
from .base import Layer, Param
from .noise import ONE, ZERO

_VARIANCE_OFFSET = np.float32(1e-5)  # added to variances, as in Ioffe & Szegedy (2015)
# Sums over rows are formed in blocks of this many: a sum of a million numbers in single precision would lose digits.
_BLOCK_ROWS = 256
LEAST_SHARE = 0.1  # of a batch in the running statistics, after the first ten batches


@njit
def column_moments(x, weights, mean, variance):
    """Write mean and variance of every column under row weights, whose mean is 1."""
    n, m = x.shape
    part = np.empty_like(mean)
    for j in range(m):
        mean[j] = ZERO
        variance[j] = ZERO
    for start in range(0, n, _BLOCK_ROWS):
        part[:] = ZERO
        for i in range(start, min(start + _BLOCK_ROWS, n)):
            for j in range(m):
                part[j] += weights[i] * x[i, j]
        for j in range(m):
            mean[j] += part[j] / n
    for start in range(0, n, _BLOCK_ROWS):
        part[:] = ZERO
        for i in range(start, min(start + _BLOCK_ROWS, n)):
            for j in range(m):
                part[j] += weights[i] * ((x[i, j] - mean[j]) * (x[i, j] - mean[j]))
        for j in range(m):
            variance[j] += part[j] / n


@njit
def normalize_columns(x, mean, inverse, scale, z):
    """Write standardized columns of x to z, and those times their scales to x."""
    n, m = x.shape
    for i in range(n):
        for j in range(m):
            z[i, j] = (x[i, j] - mean[j]) * inverse[j]
            x[i, j] = z[i, j] * scale[j]


@njit
def columns_backward(d, z, weights, inverse, scale, scale_grad):
    """Turn the gradient of the output into that of the input.

    Weights are those that the moments were formed with, or zeros where the moments do not depend on the input.
    """
    n, m = d.shape
    total, part_total, part_scale = np.zeros_like(inverse), np.empty_like(inverse), np.empty_like(inverse)
    for j in range(m):
        scale_grad[j] = ZERO
    for start in range(0, n, _BLOCK_ROWS):
        part_total[:] = ZERO
        part_scale[:] = ZERO
        for i in range(start, min(start + _BLOCK_ROWS, n)):
            for j in range(m):
                part_total[j] += d[i, j]
                part_scale[j] += d[i, j] * z[i, j]
        for j in range(m):
            total[j] += part_total[j]
            scale_grad[j] += part_scale[j]
    for j in range(m):  # means; stored, since a quotient by an integer would make the loop below double precision
        part_total[j] = total[j] / n
        part_scale[j] = scale_grad[j] / n
    for i in range(n):
        w = weights[i]
        for j in range(m):
            d[i, j] = (d[i, j] - w * (part_total[j] + z[i, j] * part_scale[j])) * (scale[j] * inverse[j])


@njit
def normalize_rows(x, mean, inverse, scale, z):
    """Write standardized rows of x to z, and those times the scales of their columns to x."""
    n, m = x.shape
    for i in range(n):
        mean[i] = ZERO
        inverse[i] = ZERO
        for j in range(m):
            mean[i] += x[i, j]
        mean[i] /= m
        for j in range(m):
            inverse[i] += (x[i, j] - mean[i]) * (x[i, j] - mean[i])
        inverse[i] /= m
        inverse[i] = ONE / np.sqrt(inverse[i] + _VARIANCE_OFFSET)
        for j in range(m):
            z[i, j] = (x[i, j] - mean[i]) * inverse[i]
            x[i, j] = z[i, j] * scale[j]


@njit
def rows_backward(d, z, inverse, scale, scale_grad):
    """Turn the gradient of the output into that of the input."""
    n, m = d.shape
    total, along, part = np.zeros_like(inverse), np.zeros_like(inverse), np.empty_like(scale_grad)
    scale_grad[:] = ZERO
    for start in range(0, n, _BLOCK_ROWS):
        part[:] = ZERO
        for i in range(start, min(start + _BLOCK_ROWS, n)):
            for j in range(m):
                part[j] += d[i, j] * z[i, j]
                d[i, j] *= scale[j]
                total[i] += d[i, j]
                along[i] += d[i, j] * z[i, j]
            total[i] /= m
            along[i] /= m
            for j in range(m):
                d[i, j] = (d[i, j] - total[i] - z[i, j] * along[i]) * inverse[i]
        scale_grad += part


class LayerNorm(Layer):
    """Every row with mean 0 and variance 1, then a scale for every unit (Ba, Kiros & Hinton 2016).

    The shift is the bias of the `BiasActivationDropout` layer after it.
    """

    def build(self, width, rng, dtype):
        self.scale = Param(np.ones(width, dtype))
        return width

    def __call__(self, x, ctx):
        z = ctx.buffer(self, "normalized", x.shape, x.dtype)
        mean, inverse = np.empty(x.shape[0], x.dtype), np.empty(x.shape[0], x.dtype)
        normalize_rows(x, mean, inverse, self.scale.value, z)

        def back(d):
            rows_backward(d, z, inverse, self.scale.value, self.scale.grad)
            return d

        return x, back


class BatchNorm(Layer):
    """Every column with mean 0 and variance 1 over the batch, in evaluation by running means (Ioffe & Szegedy 2015).

    Rows count by their weights, in the moments of a batch and in the running means. The running mean is that of
    standard deviations, not of variances as in the paper: one row far from the others would count by its square, and
    shrink in evaluation what was never as small in the batches that most rows were trained in.

    The shift is the bias of the `BiasActivationDropout` layer after it.
    """

    def build(self, width, rng, dtype):
        self.scale = Param(np.ones(width, dtype))
        self.mean = Param(np.zeros(width, dtype), learned=False)
        self.deviation = Param(np.ones(width, dtype), learned=False)
        self.seen = Param(np.zeros(1, dtype), learned=False)
        self.least = LEAST_SHARE
        return width

    def forget(self, least):
        """Restart the running means, as plain means of the batches until a batch has only the share `least`."""
        self.seen.value[:] = 0.0
        self.least = least

    def __call__(self, x, ctx):
        if ctx.train:
            weights, mean, variance = self._batch_moments(x, ctx)
        else:
            weights, mean, variance = np.zeros(x.shape[0], x.dtype), self.mean.value, self.deviation.value**2
        inverse = ONE / np.sqrt(variance + _VARIANCE_OFFSET)
        z = ctx.buffer(self, "normalized", x.shape, x.dtype)
        normalize_columns(x, mean, inverse, self.scale.value, z)

        def back(d):
            columns_backward(d, z, weights, inverse, self.scale.value, self.scale.grad)
            return d

        return x, back

    def _batch_moments(self, x, ctx):
        """Weights with mean 1, and the moments of the batch, which also go into the running means."""
        mean, variance = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
        rows = ctx.row_weights(x.shape[0], x.dtype)
        column_moments(x, rows.relative, mean, variance)
        if rows.mean > 0.0:
            seen = float(self.seen.value[0])
            share = x.dtype.type(min(1.0, rows.mean * max(self.least, 1.0 / (seen + rows.mean))))
            self.mean.value += share * (mean - self.mean.value)
            deviation = np.sqrt(variance * x.dtype.type(rows.effective / max(rows.effective - 1.0, 1.0)))
            self.deviation.value += share * (deviation - self.deviation.value)
            self.seen.value += x.dtype.type(rows.mean)
        return rows.relative, mean, variance
