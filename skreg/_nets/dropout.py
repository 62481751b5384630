"""Noise layers: on inputs, and on whole residual branches."""

from .._core._jit import njit
from .base import Layer
from .dense import SparseRows
from .noise import normal, perturb, uniform


class Dropout(Layer):
    """Random factors on the input.

    Parameters
    ----------
    noise : jitted noise
        Its factors must not depend on the values, so that the backward pass is the same multiplication.
    by_row : bool
        Whether a row has one factor for all its elements: stochastic depth (Huang et al. 2016).
    augment : bool
        Whether this is augmentation of the training data, which Monte Carlo predictions leave out.
    """

    def __init__(self, noise, by_row=False, augment=False):
        self.noise = noise
        self.by_row = by_row
        self.augment = augment

    def __call__(self, x, ctx):
        if not ctx.noisy or (self.augment and not ctx.train):
            return x, lambda d: d
        seed, pitch = ctx.seed(), ctx.pitch(1 if self.by_row else x.shape[1])
        if isinstance(x, SparseRows):
            return x.perturbed(self.noise, seed, pitch), lambda d: d
        out = ctx.buffer(self, "noisy", x.shape, x.dtype)
        perturb(self.noise, x, seed, pitch, self.by_row, out)

        def back(d):
            perturb(self.noise, d, seed, pitch, self.by_row, d)
            return d

        return out, back


@njit
def add_normal(x, deviation, seed, out):
    """Write x plus normal noise to `out`."""
    n, m = x.shape
    for i in range(n):
        for j in range(m):
            out[i, j] = x[i, j] + deviation * normal(uniform(seed, i * m + j))


class InputNoise(Layer):
    """Normal noise on the training inputs; to first order, a penalty on the gradient of the net (Bishop 1995)."""

    def __init__(self, deviation):
        self.deviation = deviation

    def __call__(self, x, ctx):
        if not (ctx.noisy and ctx.train):
            return x, lambda d: d
        out = ctx.buffer(self, "noisy", x.shape, x.dtype)
        add_normal(x, x.dtype.type(self.deviation), ctx.seed(), out)
        return out, lambda d: d
