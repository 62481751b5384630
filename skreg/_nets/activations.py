"""Activations, one number at a time, and the layer that adds a bias, activates and drops in one pass."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import expit, xlogy

from .._core._jit import jitted, njit
from .base import Layer, Param
from .noise import HALF, ONE, ZERO, Concrete, Keep, sigmoid, uniform

_ROOT_HALF = np.float32(math.sqrt(0.5))
_DENSITY = np.float32(1.0 / math.sqrt(2.0 * math.pi))


@jitted
class Relu(NamedTuple):
    """max(v, leak v); a leak of 0.01 is the leaky ReLU of Maas et al. (2013)."""

    leak: np.float32 = ZERO

    def activate(self, v):
        """Value and derivative at v."""
        slope = ONE if v > ZERO else self.leak
        return v * slope, slope


@jitted
class Gelu(NamedTuple):
    """v Phi(v), Phi the normal distribution function (Hendrycks & Gimpel 2016)."""

    half: np.float32 = HALF

    def activate(self, v):
        # in double precision, or without the compiler a float of Python would be rounded to that of the constants
        share = self.half + self.half * np.float64(math.erf(v * _ROOT_HALF))
        return v * share, share + v * _DENSITY * np.exp(-self.half * v * v)


@jitted
class Silu(NamedTuple):
    """v sigmoid(v) (Elfwing et al. 2018)."""

    one: np.float32 = ONE

    def activate(self, v):
        s = sigmoid(v)
        return v * s, s * (self.one + v * (self.one - s))


@jitted
class Tanh(NamedTuple):
    """The hyperbolic tangent."""

    one: np.float32 = ONE

    def activate(self, v):
        t = np.tanh(v)
        return t, self.one - t * t


@jitted
class Logistic(NamedTuple):
    """1 / (1 + exp(-v))."""

    one: np.float32 = ONE

    def activate(self, v):
        s = sigmoid(v)
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
    "logistic": Logistic(),
    "identity": Identity(),
}


@njit
def respond(activation, noise, z, bias, seed, pitch, slope):
    """Turn z into ``activation(z + bias) * factor`` and write the derivative to `slope`.

    `slope` may be z itself where no derivative is wanted: the value is written last.
    """
    n, m = z.shape
    for i in range(n):
        for j in range(m):
            v = z[i, j] + bias[j]
            k = noise.factor(v, uniform(seed, i * pitch + j))
            value, derivative = activation.activate(v)
            slope[i, j] = derivative * k
            z[i, j] = value * k


@njit
def backward(d, slope, sums):
    """Turn the gradient of a layer's output into that of its input, and add up its columns."""
    n, m = d.shape
    for j in range(m):
        sums[j] = ZERO
    for i in range(n):
        for j in range(m):
            d[i, j] *= slope[i, j]
            sums[j] += d[i, j]


@njit
def rate_gradient(noise, d, y, seed, pitch):
    """Derivative with respect to the logit of the rate, from the gradient d of the output y."""
    n, m = d.shape
    s = 0.0
    for i in range(n):
        for j in range(m):
            s += d[i, j] * y[i, j] * noise.log_slope(uniform(seed, i * pitch + j))
    return s


class Units(Layer):
    """Bias, activation and noise, fused.

    A concrete noise learns its rate: its entropy, times the number of units over that of the training rows
    (``entropy_weight`` for one unit), is subtracted from the objective (Gal, Hron & Kendall 2017, eq. 3 and 4). The
    other term of their prior, on the weights, is so small in their settings that weight decay stands for it.
    """

    def __init__(self, activation, noise=None, entropy_weight=0.0):
        self.activation, self.noise = activation, Keep() if noise is None else noise
        self.entropy_weight = entropy_weight

    def build(self, width, rng, dtype):
        self.width = width
        self.bias = Param(np.zeros(width, dtype))
        if isinstance(self.noise, Concrete):
            self.logit = Param(np.full(1, self.noise.logit, dtype))
        return width

    @property
    def rate(self):
        """The learned rate of a concrete noise."""
        return float(expit(float(self.logit.value[0])))

    def regularizer(self):
        """What the layer adds to the objective: minus the entropy of the units' masks."""
        if not isinstance(self.noise, Concrete):
            return 0.0
        p = self.rate
        return self.entropy_weight * self.width * float(xlogy(p, p) + xlogy(1.0 - p, 1.0 - p))

    def __call__(self, x, ctx):
        noise = self.noise if ctx.noisy else self.noise.expected()
        if isinstance(noise, Concrete):
            noise = noise._replace(logit=self.logit.value[0])
        seed, pitch = ctx.seed(), ctx.pitch(self.width)
        slope = ctx.buffer(self, "slope", x.shape, x.dtype) if ctx.gradient else x
        respond(self.activation, noise, x, self.bias.value, seed, pitch, slope)

        def back(d):
            if isinstance(noise, Concrete):
                self.logit.grad[0] = rate_gradient(noise, d, x, seed, pitch) + self._entropy_slope()
            backward(d, slope, self.bias.grad)
            return d

        return x, back

    def _entropy_slope(self):
        p = self.rate
        return self.entropy_weight * self.width * float(self.logit.value[0]) * p * (1.0 - p)
