"""Transformations of the weights before the product: two reparametrizations, and noise (DropConnect)."""

import numpy as np

from .base import Layer, Param, by_position
from .noise import perturb


class WeightHook(Layer):
    """Base: a layer whose input is the weights (inputs, units) instead of a batch.

    The kernel of a convolution is a matrix of such weights, with one input for each of its places and channels.

    Attributes
    ----------
    n_copies : int
        How many columns it makes of one.
    """

    n_copies = 1

    def build_for(self, W, rng):
        """Create the parameters for weights whose initial value is W."""


class WeightNorm(WeightHook):
    """``g v / ||v||`` for the incoming weights of every unit (Salimans & Kingma 2016, eq. 2)."""

    def build_for(self, W, rng):
        self.length = Param(np.sqrt((W * W).sum(axis=0)))

    def __call__(self, x, ctx):
        norm = np.sqrt((x * x).sum(axis=0))
        ratio = self.length.value / norm

        def back(d):
            along = (d * x).sum(axis=0) / norm
            grad = ctx.grad(self.length)
            grad += along
            return ratio * (d - x * (along / norm))

        return x * ratio, back


class SpectralNorm(WeightHook):
    """Weights divided by their largest singular value (Miyato et al. 2018, eq. 8).

    The power iteration starts at the last singular vector and runs until the value no longer grows.

    Parameters
    ----------
    max_iter : int, default=1000
        Of the power iteration. With 1, as in the paper's algorithm 1, the value is right only after some steps of
        training, and a step is many times as fast.
    """

    divisible = False  # two threads would write the singular vector while the other reads it

    def __init__(self, max_iter=1000):
        self.max_iter = max_iter

    def build_for(self, W, rng):
        start = np.cos(np.arange(1.0, W.shape[1] + 1.0)).astype(W.dtype)
        self.right = Param(start / np.linalg.norm(start), learned=False)

    def __call__(self, x, ctx):
        v, sigma, rounding = self.right.value, 0.0, 4.0 * np.finfo(x.dtype).eps
        for _ in range(self.max_iter):
            u = x @ v
            u /= np.linalg.norm(u)
            v = u @ x
            before, sigma = sigma, np.linalg.norm(v)
            v /= sigma
            if sigma - before <= rounding * sigma:  # v is accurate to about the square root of that
                break
        if ctx.train and not self.frozen:
            self.right.value[:] = v

        def back(d):
            return (d - np.outer(u, v) * ((d * x).sum() / sigma)) / sigma

        return x / sigma, back


class DropConnect(WeightHook):
    """Noise on the weights, the same for all rows of a batch (Wan et al. 2013)."""

    is_noisy = True

    def __init__(self, noise):
        self.noise = noise

    def __call__(self, x, ctx):
        if not ctx.noisy:
            return x, lambda d: d
        places = ctx.seed(), 0, x.shape[1], x.shape[1], 1
        out, noise = ctx.scratch(x.shape, x.dtype), ctx.at_strength(self.noise)
        perturb(noise, by_position(x), places, by_position(out))

        def back(d):
            perturb(noise, by_position(d), places, by_position(d))
            return d

        return out, back
