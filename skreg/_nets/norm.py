"""Batch and layer normalization: the same formula over columns or over rows."""

import numpy as np

from .._core._jit import njit
from .base import Layer, Param
from .noise import ONE, ZERO

_SMALL = np.float32(1e-5)  # added to variances, as in Ioffe & Szegedy (2015)
LEAST = 0.1  # share of a batch in the running statistics, once there were ten


@njit
def moments(x, by_column, mean, variance):
    """Write mean and variance of every column, or of every row."""
    n, m = x.shape
    size = n if by_column else m
    mean[:] = ZERO
    variance[:] = ZERO
    for i in range(n):
        for j in range(m):
            mean[j if by_column else i] += x[i, j]
    mean /= size
    for i in range(n):
        for j in range(m):
            k = j if by_column else i
            variance[k] += (x[i, j] - mean[k]) * (x[i, j] - mean[k])
    variance /= size


@njit
def normalize(x, mean, inverse, by_column, scale, z):
    """Write x without mean and deviation to z, and that times the scale of its column to x."""
    n, m = x.shape
    for i in range(n):
        for j in range(m):
            k = j if by_column else i
            z[i, j] = (x[i, j] - mean[k]) * inverse[k]
            x[i, j] = z[i, j] * scale[j]


@njit
def normalize_back(d, z, inverse, by_column, moving, scale, scale_grad):
    """Turn the gradient of the output into that of the input, whose moments move with it or not."""
    n, m = d.shape
    size = n if by_column else m
    total, along = np.zeros_like(inverse), np.zeros_like(inverse)
    scale_grad[:] = ZERO
    for i in range(n):
        for j in range(m):
            k = j if by_column else i
            scale_grad[j] += d[i, j] * z[i, j]
            d[i, j] *= scale[j]
            total[k] += d[i, j]
            along[k] += d[i, j] * z[i, j]
    total /= size
    along /= size
    if not moving:
        total[:] = ZERO
        along[:] = ZERO
    for i in range(n):
        for j in range(m):
            k = j if by_column else i
            d[i, j] = (d[i, j] - total[k] - z[i, j] * along[k]) * inverse[k]


class LayerNorm(Layer):
    """Every row to mean 0 and variance 1, then a scale for every unit (Ba, Kiros & Hinton 2016).

    The shift is the bias of the `Units` after it.
    """

    by_column = False

    def build(self, width, rng, dtype):
        self.scale = Param(np.ones(width, dtype))
        return width

    def _moments(self, x, ctx):
        """Mean and variance, and whether they move with x."""
        k = x.shape[1 if self.by_column else 0]
        mean, variance = np.empty(k, x.dtype), np.empty(k, x.dtype)
        moments(x, self.by_column, mean, variance)
        return mean, variance, True

    def __call__(self, x, ctx):
        mean, variance, moving = self._moments(x, ctx)
        inverse = ONE / np.sqrt(variance + _SMALL)
        z = ctx.buffer(self, "normalized", x.shape, x.dtype)
        normalize(x, mean, inverse, self.by_column, self.scale.value, z)

        def back(d):
            normalize_back(d, z, inverse, self.by_column, moving, self.scale.value, self.scale.grad)
            return d

        return x, back


class BatchNorm(LayerNorm):
    """Every column to mean 0 and variance 1 over the batch, in evaluation by running means (Ioffe & Szegedy 2015).

    The running mean is that of deviations, not of variances as in the paper: one row far from the others would count
    by its square, and shrink in evaluation what was never as small in the batches that most rows were trained in.
    """

    by_column = True

    def build(self, width, rng, dtype):
        self.mean = Param(np.zeros(width, dtype), learned=False)
        self.deviation = Param(np.ones(width, dtype), learned=False)
        self.seen = Param(np.zeros(1, dtype), learned=False)
        self.least = LEAST
        return super().build(width, rng, dtype)

    def forget(self, least):
        """Begin the running means anew: plain means of the batches, until one has only the least share."""
        self.seen.value[:] = 0.0
        self.least = least

    def _moments(self, x, ctx):
        if not ctx.train:
            return self.mean.value, self.deviation.value**2, False
        mean, variance, moving = super()._moments(x, ctx)
        n, seen = x.shape[0], float(self.seen.value[0])
        share = x.dtype.type(max(self.least, 1.0 / (seen + 1.0)))
        self.mean.value += share * (mean - self.mean.value)
        deviation = np.sqrt(variance * x.dtype.type(n / max(n - 1.0, 1.0)))
        self.deviation.value += share * (deviation - self.deviation.value)
        self.seen.value += ONE
        return mean, variance, moving
