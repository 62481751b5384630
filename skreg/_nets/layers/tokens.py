"""Rows as tokens: features, a token that stands for the whole row, and positions."""

import functools
import math

import numpy as np

from ..._core._jit import njit
from ..base import Layer, Param

_LONGEST_WAVE = 10000.0  # over 2 pi, in steps, as in Vaswani et al. (2017)
_BLOCK_ROWS = 256  # sums over rows are formed in blocks of this many, to lose no digits in single precision


@njit
def embed_numbers(x, weight, bias, out):
    """Write ``x[i, j] * weight[j] + bias[j]`` to ``out[i, j]``."""
    n, p = x.shape
    for i in range(n):
        for j in range(p):
            w, b, target, v = weight[j], bias[j], out[i, j], x[i, j]
            for c in range(w.size):
                target[c] = v * w[c] + b[c]


@njit
def embed_numbers_backward(x, d, weight_grad, bias_grad):
    """Add the gradients of the weights and biases of `embed_numbers`."""
    n, p = x.shape
    weights, biases = np.empty_like(weight_grad), np.empty_like(bias_grad)
    for start in range(0, n, _BLOCK_ROWS):
        weights[:] = 0.0
        biases[:] = 0.0
        for i in range(start, min(start + _BLOCK_ROWS, n)):
            for j in range(p):
                w, b, given, v = weights[j], biases[j], d[i, j], x[i, j]
                for c in range(w.size):
                    w[c] += v * given[c]
                    b[c] += given[c]
        weight_grad += weights
        bias_grad += biases


class FeatureTokens(Layer):
    """Every feature a token: (rows, features) to (rows, features, width).

    The token of a feature is its value times a vector, plus another vector, both of that feature (Gorishniy et al.
    2021, section 3.3).

    Parameters
    ----------
    width : int
    group : str
        The group whose penalty strengths apply to the vectors of values.
    """

    replayable = True

    def __init__(self, width, group="embedding"):
        self.width = width
        self.group = group

    def build(self, shape, rng, dtype):
        bound, size = 1.0 / math.sqrt(self.width), (shape[0], self.width)
        self.weight = Param(rng.uniform(-bound, bound, size).astype(dtype), self.group)
        self.bias = Param(rng.uniform(-bound, bound, size).astype(dtype))
        return size

    def __call__(self, x, ctx):
        weight, out = self.weight.value, ctx.scratch((*x.shape, self.width), x.dtype)
        ctx.do(embed_numbers, x, weight, self.bias.value, out)

        def back(d):
            ctx.do(embed_numbers_backward, x, d, ctx.grad(self.weight), ctx.grad(self.bias))
            if not self.needs_input_gradient:
                return None
            dx = ctx.scratch(x.shape, x.dtype)
            ctx.do(lambda: np.einsum("njc,jc->nj", d, weight, out=dx))
            return dx

        return out, back


class ClassToken(Layer):
    """A trainable vector before the tokens of every row, whose output stands for the row (Devlin et al. 2019)."""

    def build(self, shape, rng, dtype):
        n_tokens, width = shape
        bound = 1.0 / math.sqrt(width)
        self.vector = Param(rng.uniform(-bound, bound, width).astype(dtype))
        return n_tokens + 1, width

    def __call__(self, x, ctx):
        n, n_tokens, width = x.shape
        out = ctx.scratch((n, n_tokens + 1, width), x.dtype)
        out[:, 0] = self.vector.value
        out[:, 1:] = x
        if ctx.lengths is not None:
            ctx.lengths = ctx.lengths + 1

        def back(d):
            grad = ctx.grad(self.vector)
            grad += d[:, 0].sum(axis=0)
            if not self.needs_input_gradient:
                return None
            dx = ctx.scratch(x.shape, x.dtype)
            dx[:] = d[:, 1:]
            return dx

        return out, back


class FirstToken(Layer):
    """The first token of every row: (rows, tokens, channels) to (rows, 1, channels)."""

    def build(self, shape, rng, dtype):
        return 1, shape[1]

    def __call__(self, x, ctx):
        out = ctx.scratch((len(x), 1, x.shape[2]), x.dtype)
        out[:] = x[:, :1]

        def back(d):
            dx = ctx.scratch(x.shape, x.dtype)
            dx[:] = 0.0
            dx[:, :1] = d
            return dx

        return out, back


@functools.lru_cache(16)
def sinusoids(n_positions, width):
    """Sines and cosines of positions (n_positions, width) of geometrically growing wavelengths.

    Vaswani et al. (2017, section 3.5), with the sines before the cosines.
    """
    rates = _LONGEST_WAVE ** (-np.arange((width + 1) // 2) / max(width / 2.0, 1.0))
    angles = np.arange(n_positions)[:, None] * rates
    table = np.hstack([np.sin(angles), np.cos(angles)])[:, :width]
    table.setflags(write=False)
    return table


class Positions(Layer):
    """Add the sines and cosines of its position to every token.

    They exist for any position, so that sequences may be longer than those of the training.
    """

    inplace = True

    def __call__(self, x, ctx):
        x += sinusoids(x.shape[1], x.shape[2]).astype(x.dtype)
        return x, lambda d: d
