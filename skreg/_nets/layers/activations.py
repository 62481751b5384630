"""Activations of one number, and the layer that adds a bias, activates and applies dropout in one pass."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit, xlogy

from ..._core._jit import inlined_method, jitted, njit
from ..base import Layer, Param, by_channel, by_position
from ..elementary import exp, logistic, normal_share, tanh
from ..noise import (
    HALF,
    ONE,
    ZERO,
    Concrete,
    NoNoise,
    begin_places,
    following,
    n_before_overflow,
    uniform,
    uniform_of,
)
from .segments import SEGMENT, add_by_channel, positions_of_segment, repeated

_DENSITY = np.float32(1.0 / math.sqrt(2.0 * math.pi))
_BLOCK_ROWS = 256


@jitted
class Relu(NamedTuple):
    """max(v, leak v); a leak of 0.01 is the leaky ReLU of Maas et al. (2013)."""

    leak: np.float32 = ZERO

    @inlined_method
    def activate(self, v):
        """Value and derivative at v."""
        slope = ONE if v > ZERO else self.leak
        return v * slope, slope


@jitted
class Gelu(NamedTuple):
    """v Phi(v), Phi the normal distribution function (Hendrycks & Gimpel 2016)."""

    half: np.float32 = HALF

    def activate(self, v):
        share = normal_share(v)
        return v * share, share + v * _DENSITY * exp(-self.half * v * v)


@jitted
class Silu(NamedTuple):
    """v sigmoid(v) (Elfwing et al. 2018)."""

    one: np.float32 = ONE

    def activate(self, v):
        s = logistic(v)
        return v * s, s * (self.one + v * (self.one - s))


@jitted
class Tanh(NamedTuple):
    """The hyperbolic tangent."""

    one: np.float32 = ONE

    def activate(self, v):
        t = tanh(v)
        return t, self.one - t * t


@jitted
class Sigmoid(NamedTuple):
    """1 / (1 + exp(-v))."""

    one: np.float32 = ONE

    def activate(self, v):
        s = logistic(v)
        return s, s * (self.one - s)


@jitted
class Identity(NamedTuple):
    """v."""

    one: np.float32 = ONE

    def activate(self, v):
        return v, self.one


ACTIVATIONS = {
    "relu": Relu(),
    "leaky_relu": Relu(np.float32(0.01)),
    "gelu": Gelu(),
    "silu": Silu(),
    "tanh": Tanh(),
    "logistic": Sigmoid(),
    "identity": Identity(),
}
MONOTONE = "relu", "leaky_relu", "tanh", "logistic", "identity"  # never decrease


@njit
def fused_forward(activation, noise, z, mean, scale, bias, places, slope, out):
    """Write ``activation((z - mean) * scale + bias) * factor`` of z (rows, positions, channels) to `out`.

    `out` may be z. The derivative is written to `slope`, if that is as large; a shorter one is scratch memory.
    """
    seed, first, row, position, _ = places
    n, n_positions, n_channels = z.shape
    size = n_positions * n_channels
    if position == n_channels and row == size:  # places follow one another, as in one long row
        n, size = 1, z.size
    count = positions_of_segment(size // n_channels, n_channels) if position == n_channels else 1
    means, scales, biases = repeated(mean, count), repeated(scale, count), repeated(bias, count)
    source, target, keeps_slope = z.reshape(-1), out.reshape(-1), slope.size == z.size
    for i in range(n):
        for start in range(0, size, means.size):
            at, length = i * size + start, min(means.size, size - start)
            place = (first + i) * row + start // n_channels * position
            given, own = source[at : at + length], target[at : at + length]
            derivatives = slope[at : at + length] if keeps_slope else slope[:length]
            begin = 0
            while begin < length:
                end = begin + n_before_overflow(place + begin, length - begin)
                product, high = begin_places(seed, place + begin)
                inputs, slopes, results = given[begin:end], derivatives[begin:end], own[begin:end]
                less, times, plus = means[begin:end], scales[begin:end], biases[begin:end]
                for k in range(inputs.size):
                    v = (inputs[k] - less[k]) * times[k] + plus[k]
                    factor = noise.factor(v, uniform_of(product, high))
                    value, derivative = activation.activate(v)
                    slopes[k] = derivative * factor
                    results[k] = value * factor
                    product = following(product)
                begin = end


@njit
def fused_backward(d, slope, bias_grad):
    """Replace the gradient d (n, channels) of the output by that of the input, and add its column sums to `bias_grad`.

    The sums are formed in blocks: a sum of a million numbers in single precision would lose digits.
    """
    n, m = d.shape
    sums = np.zeros(positions_of_segment(n, m) * m, d.dtype)
    rows, slopes, size = d.reshape(-1), slope.reshape(-1), n * m
    for block in range(0, size, _BLOCK_ROWS * m):
        end = min(block + _BLOCK_ROWS * m, size)
        for start in range(block, end, sums.size):
            own, factors = rows[start : min(start + sums.size, end)], slopes[start : min(start + sums.size, end)]
            for k in range(own.size):
                own[k] *= factors[k]
            for k in range(own.size):
                sums[k] += own[k]
        add_by_channel(sums, bias_grad)


@njit
def rate_gradient(noise, d, y, places):
    """Derivative with respect to the logit of the dropout rate, from the gradient d of the output y."""
    seed, first, row, position, _ = places
    n, n_positions, n_channels = d.shape
    s = 0.0
    for i in range(n):
        for t in range(n_positions):
            place = (first + i) * row + t * position
            for c in range(n_channels):
                s += d[i, t, c] * y[i, t, c] * noise.log_slope(uniform(seed, place + c))
    return s


@lru_cache(64)
def _neutral(width, dtype):
    """Means and scales that change nothing."""
    return np.zeros(width, dtype), np.ones(width, dtype)


class BiasActivationDropout(Layer):
    """Bias, activation and dropout, fused.

    Concrete dropout learns its rate: the entropy of the masks of all units, divided by the number of training rows, is
    subtracted from the objective (Gal, Hron & Kendall 2017, eq. 3 and 4). The other term of their prior, on the
    weights, is so small in their settings that weight decay replaces it.

    Parameters
    ----------
    activation : jitted activation
        One of `ACTIVATIONS`.
    noise : jitted noise or None
        See `noise`.
    entropy_weight : float
        Weight of the entropy of one unit: 1 over the number of training rows.
    shared : collection of {"positions"}
        Whether all positions of a channel have a factor in common.
    norm : BatchNorm or None
        The normalization before the bias, without passes of its own over the batch.
    pool : MaxPool or None
        Pooling between the normalization and an activation that never decreases. It then sees the numbers before the
        normalization, and takes the least one of a window where the scale of the channel is negative. What is
        normalized and activated is only what it takes.
    """

    def __init__(self, activation, noise=None, entropy_weight=0.0, shared=(), norm=None, pool=None):
        self.norm = norm
        self.pool = pool
        self.inplace = norm is None
        self.shared = shared
        self.activation = activation
        self.noise = NoNoise() if noise is None else noise
        self.entropy_weight = entropy_weight
        self.is_noisy = noise is not None

    def build(self, shape, rng, dtype):
        if self.norm is not None:
            self.norm.build(shape, rng, dtype)
        if self.pool is not None:
            shape = self.pool.build(shape, rng, dtype)
        self.n_units = shape[-1] if self.shared else math.prod(shape)
        self.bias = Param(np.zeros(shape[-1], dtype))
        self.keeps_output = isinstance(self.noise, Concrete)
        if self.keeps_output:
            self.logit = Param(np.full(1, self.noise.logit, dtype))
        return shape

    @property
    def replayable(self):
        """Whether no rate is learned."""
        return not isinstance(self.noise, Concrete)

    @property
    def rate(self):
        """The learned rate of concrete dropout."""
        return float(expit(float(self.logit.value[0])))

    def regularizer(self):
        """The layer's term of the objective: minus the entropy of the masks of its units."""
        if not isinstance(self.noise, Concrete):
            return 0.0
        p = self.rate
        return self.entropy_weight * self.n_units * float(xlogy(p, p) + xlogy(1.0 - p, 1.0 - p))

    def __call__(self, x, ctx):
        whole = by_position(x)
        standard = None if self.norm is None else self.norm.statistics(whole, ctx)
        mean, scale = _neutral(x.shape[-1], x.dtype) if standard is None else (standard.mean, standard.factor)
        y, winners = x, None
        if self.pool is not None:
            y, winners = self.pool.of_monotone(x, scale, ctx)
            whole = by_position(y)
        out = whole if standard is None else ctx.scratch(whole.shape, x.dtype)
        slope = ctx.scratch((whole.size if ctx.gradient else max(SEGMENT, mean.size),), x.dtype)
        # without noise, factors do not depend on places: let the kernel see one long row
        noise, places = self.noise.at_inference(), (0, 0, math.prod(whole.shape[1:]), whole.shape[2], 1)

        def activate():
            nonlocal noise, places
            if ctx.noisy:
                noise, places = ctx.at_strength(self.noise), ctx.places(whole.shape, self.shared)
            if isinstance(noise, Concrete):
                noise = noise._replace(logit=self.logit.value[0])
            fused_forward(self.activation, noise, whole, mean, scale, self.bias.value, places, slope, out)

        ctx.do(activate)

        def back(d):
            if isinstance(noise, Concrete):
                own = self._entropy_slope() if ctx.leads else 0.0
                ctx.grad(self.logit)[0] += rate_gradient(noise, by_position(d), out, places) + own
            slopes, bias_grad = slope.reshape(-1, d.shape[-1]), ctx.grad(self.bias)
            if standard is None:
                ctx.do(fused_backward, by_channel(d), slopes, bias_grad)
                return d
            sums = self.norm.gradient_sums(d, slopes, by_channel(whole), standard, bias_grad, ctx)
            return self.norm.backward(d, x, standard, sums, winners, ctx) if self.needs_input_gradient else None

        return out.reshape(y.shape), back

    def _entropy_slope(self):
        p = self.rate
        return self.entropy_weight * self.n_units * float(self.logit.value[0]) * p * (1.0 - p)
