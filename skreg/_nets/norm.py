"""Batch and layer normalization: the same formula over rows or over columns."""

import numpy as np

from .base import Layer, Param

_SMALL = 1e-5  # added to variances, as in Ioffe & Szegedy (2015)
_KEEP = 0.9  # share of the running statistics that a batch leaves


class LayerNorm(Layer):
    """Every row to mean 0 and variance 1, then a scale for every unit (Ba, Kiros & Hinton 2016).

    The shift is the bias of the `Units` after it.
    """

    axis = 1

    def build(self, width, rng, dtype):
        self.scale = Param(np.ones(width, dtype))
        return width

    def _moments(self, x, ctx):
        """Mean and variance, and whether they depend on x."""
        return x.mean(axis=self.axis, keepdims=True), x.var(axis=self.axis, keepdims=True), True

    def __call__(self, x, ctx):
        mean, variance, moving = self._moments(x, ctx)
        inverse = 1.0 / np.sqrt(variance + x.dtype.type(_SMALL))
        z = (x - mean) * inverse

        def back(d):
            np.einsum("ij,ij->j", d, z, out=self.scale.grad)
            d *= self.scale.value
            if moving:
                d -= d.mean(axis=self.axis, keepdims=True) + z * (d * z).mean(axis=self.axis, keepdims=True)
            d *= inverse
            return d

        return np.multiply(z, self.scale.value, out=x), back


class BatchNorm(LayerNorm):
    """Every column to mean 0 and variance 1 over the batch, in evaluation by running means (Ioffe & Szegedy 2015)."""

    axis = 0

    def build(self, width, rng, dtype):
        self.mean = Param(np.zeros((1, width), dtype), learned=False)
        self.variance = Param(np.ones((1, width), dtype), learned=False)
        self.seen = Param(np.zeros(1, dtype), learned=False)
        return super().build(width, rng, dtype)

    def forget(self):
        """Begin the running means anew: they are plain means of the first batches."""
        self.seen.value[:] = 0.0

    def _moments(self, x, ctx):
        if not ctx.train:
            return self.mean.value, self.variance.value, False
        mean, variance, moving = super()._moments(x, ctx)
        n = x.shape[0]
        keep = min(_KEEP, self.seen.value[0] / (self.seen.value[0] + 1.0))
        self.mean.value += (1.0 - keep) * (mean - self.mean.value)
        self.variance.value += (1.0 - keep) * (variance * (n / max(n - 1.0, 1.0)) - self.variance.value)
        self.seen.value += 1.0
        return mean, variance, moving
