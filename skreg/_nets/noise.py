"""The dropout family: independent random factors on units, inputs or weights, which differ in their distribution.

A factor is a function of a seed and a place, so no mask is ever stored: the backward pass computes the same numbers
again. A place is a row, a position and a channel, each times a stride (`Context.places`): what has stride 0 shares its
factors. Spatial dropout shares them among the positions of an image, stochastic depth among all numbers of a row. In a
Monte Carlo draw of a prediction, all rows share them: a draw is one thinned net, and the prediction for a row does not
depend on the rows beside it.
"""

import inspect
import math
import sys
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from .._core._jit import inlined, inlined_method, jitted, njit
from .elementary import HALF, ONE, TWO, ZERO, exp, log, logistic

_MASK = np.uint64(0xFFFFFFFF)
_GOLDEN, _FIRST, _SECOND = np.uint64(0x9E3779B9), np.uint64(0x7FEB352D), np.uint64(0x846CA68B)
_S9, _S15, _S16, _S32 = np.uint64(9), np.uint64(15), np.uint64(16), np.uint64(32)
_STEP = np.float32(2.0**-23)
# Giles (2012), "Approximating the erfinv function", GPU Computing Gems, table 5: single precision.
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7, _C8 = np.array(
    [
        2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
        -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
    ],
    dtype=np.float32,
)  # fmt: skip
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8 = np.array(
    [
        -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
        -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
    ],
    dtype=np.float32,
)  # fmt: skip
_ROOT2 = np.float32(math.sqrt(2.0))
_TAIL_BEGINS, _TAIL_CENTRE, _CENTRE_CENTRE = np.float32(5.0), np.float32(3.0), np.float32(2.5)


@njit
def uniform(seed, place):
    """A number in (0, 1): the 32-bit hash "lowbias32" (Wellons 2018) of place and seed."""
    product, high = begin_places(seed, place)
    return uniform_of(product, high)


def uniform_of(product, high):
    """`uniform` of a place, from the two numbers of `begin_places`; compiled, `_uniform_of` takes its place."""
    x = np.uint64(product) ^ np.uint64(high)
    x = ((x ^ (x >> _S16)) * _FIRST) & _MASK
    x = ((x ^ (x >> _S15)) * _SECOND) & _MASK
    x = x ^ (x >> _S16)
    return (np.float32(np.int32(x >> _S9)) + HALF) * _STEP  # with 24 bits, adding a half would round to 1


def following(product):
    """The product of the next place."""
    return np.uint32((np.uint64(product) + _GOLDEN) & _MASK)


@intrinsic
def _uniform_of(typing_context, product, high):
    whole, number = ir.IntType(32), ir.FloatType()

    def generate(context, builder, signature, args):
        x = builder.xor(*args)
        for shift, factor in ((_S16, _FIRST), (_S15, _SECOND)):
            x = builder.xor(x, builder.lshr(x, ir.Constant(whole, int(shift))))
            x = builder.mul(x, ir.Constant(whole, int(factor)))
        x = builder.xor(x, builder.lshr(x, ir.Constant(whole, int(_S16))))
        x = builder.sitofp(builder.lshr(x, ir.Constant(whole, int(_S9))), number)
        return builder.fmul(builder.fadd(x, ir.Constant(number, float(HALF))), ir.Constant(number, float(_STEP)))

    return types.float32(types.uint32, types.uint32), generate


@intrinsic
def _following(typing_context, product):
    def generate(context, builder, signature, args):
        return builder.add(*args, ir.Constant(ir.IntType(32), int(_GOLDEN)))

    return types.uint32(types.uint32), generate


@overload(uniform_of)
def _overload_uniform_of(product, high):
    return lambda product, high: _uniform_of(product, high)


@overload(following)
def _overload_following(product):
    return lambda product: _following(product)


# The cache of kernels follows Python code, not what numba makes of it here.
uniform_of.compiled_from = following.compiled_from = inspect.getsource(sys.modules[__name__])


@njit
def begin_places(seed, place):
    """What the numbers of successive places begin with: the product of the first one, and the part of the others.

    Numba computes with integers of 64 bits, of which a register holds half as many, and whose products are slow. So
    loops over places use `uniform_of` and `following`, until `n_before_overflow` places are done.
    """
    wide = np.uint64(place)
    high = ((wide >> _S32) * _FIRST ^ np.uint64(seed)) & _MASK
    return np.uint32((wide & _MASK) * _GOLDEN & _MASK), np.uint32(high)


@njit
def n_before_overflow(place, n):
    """How many of n successive places have the same high bits as the first one: all but once in four billion."""
    return min(n, np.int64(2**32) - np.int64(np.uint64(place) & _MASK))


@inlined
def normal(u):
    """The standard normal quantile of u, in single precision."""
    x = TWO * u - ONE
    w = -log((ONE - x) * (ONE + x))
    c = w - _CENTRE_CENTRE
    centre = (((((((_C0 * c + _C1) * c + _C2) * c + _C3) * c + _C4) * c + _C5) * c + _C6) * c + _C7) * c + _C8
    t = np.sqrt(w) - _TAIL_CENTRE
    tail = (((((((_T0 * t + _T1) * t + _T2) * t + _T3) * t + _T4) * t + _T5) * t + _T6) * t + _T7) * t + _T8
    return _ROOT2 * (centre if w < _TAIL_BEGINS else tail) * x


@jitted
class NoNoise(NamedTuple):
    """No noise."""

    level: np.float32 = ONE

    @inlined_method
    def factor(self, v, u):
        """The factor on a value v, given a number u uniform in (0, 1)."""
        return self.level

    def at_inference(self):
        """The noise to use for predictions without draws."""
        return self


@jitted
class Bernoulli(NamedTuple):
    """0 with probability `rate`, else `kept`: 1 / (1 - rate) keeps the mean (Srivastava et al. 2014)."""

    rate: np.float32
    kept: np.float32

    def factor(self, v, u):
        return self.kept if u >= self.rate else ZERO

    def at_inference(self):
        return NoNoise()


@jitted
class Gaussian(NamedTuple):
    """Normal with mean 1 (Srivastava et al. 2014).

    A standard deviation of ``sqrt(rate / (1 - rate))`` gives the variance of `Bernoulli`.
    """

    deviation: np.float32

    def factor(self, v, u):
        return ONE + self.deviation * normal(u)

    def at_inference(self):
        return NoNoise()


@jitted
class Adaptive(NamedTuple):
    """Standout (Ba & Frey 2013): a unit is kept with the probability ``sigmoid(v + shift)`` of its own input v.

    The shift makes that 1 - rate at v = 0. The paper's general form is ``alpha v + beta``; here alpha is 1.
    """

    shift: np.float32

    def factor(self, v, u):
        return ONE if u < logistic(v + self.shift) else ZERO

    def at_inference(self):
        return AdaptiveMean(self.shift)


@jitted
class AdaptiveMean(NamedTuple):
    """The expectation of `Adaptive`."""

    shift: np.float32

    def factor(self, v, u):
        return logistic(v + self.shift)

    def at_inference(self):
        return self


@jitted
class Concrete(NamedTuple):
    """A relaxed Bernoulli factor whose rate, ``sigmoid(logit)``, can be learned (Gal, Hron & Kendall 2017, eq. 5)."""

    logit: np.float32
    temperature: np.float32

    def factor(self, v, u):
        dropped = logistic((self.logit + log(u / (ONE - u))) / self.temperature)
        return (ONE - dropped) * (ONE + exp(self.logit))

    def log_slope(self, u):
        """Derivative of the logarithm of the factor with respect to the logit."""
        dropped = logistic((self.logit + log(u / (ONE - u))) / self.temperature)
        return logistic(self.logit) - dropped / self.temperature

    def at_inference(self):
        return NoNoise()


KINDS = "bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"  # "dropconnect": Bernoulli, on the weights


def dropout_noise(kind, rate):
    """The noise of a kind at a rate in [0, 1), None for no noise; ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"dropout kind must be one of {', '.join(map(repr, KINDS))}; got {kind!r}.")
    if rate == 0.0 and kind != "concrete":
        return None
    if kind == "gaussian":
        return Gaussian(np.float32(math.sqrt(rate / (1.0 - rate))))
    if kind == "adaptive":
        return Adaptive(np.float32(math.log((1.0 - rate) / rate)))
    if kind == "concrete":
        rate = max(rate, 0.01)  # the initial value: the logit of 0 is infinite
        return Concrete(np.float32(math.log(rate / (1.0 - rate))), np.float32(0.1))
    return Bernoulli(np.float32(rate), np.float32(1.0 / (1.0 - rate)))


LARGEST_RATE = 0.9  # that a strength above 1 makes of a smaller one


def at_strength(noise, strength):
    """A noise with its rate times a strength of at least 0; of `Bernoulli` and `Gaussian` noise."""
    if isinstance(noise, Bernoulli):
        rate = _times(float(noise.rate), strength)
        kept = 1.0 if noise.kept == ONE else 1.0 / (1.0 - rate)  # masks do not rescale what they keep
        return Bernoulli(np.float32(rate), np.float32(kept))
    if isinstance(noise, Gaussian):
        variance = float(noise.deviation) ** 2
        rate = _times(variance / (1.0 + variance), strength)
        return Gaussian(np.float32(math.sqrt(rate / (1.0 - rate))))
    return noise


def _times(rate, strength):
    return min(rate * strength, max(rate, LARGEST_RATE))


@njit
def perturb(noise, x, places, out):
    """Write x (rows, positions, channels) times the factors at some `Context.places` to `out`, which may be x.

    Factors that positions or channels share are those of the first position or channel.
    """
    seed, first, row, position, channel = places
    n, n_positions, n_channels = x.shape
    shared = np.empty(n_channels if position == 0 else 0, x.dtype)
    for i in range(n):
        start = (first + i) * row
        for c in range(shared.size):
            shared[c] = noise.factor(x[i, 0, c], uniform(seed, start + c * channel))
        for t in range(n_positions):
            if position == 0:
                for c in range(n_channels):
                    out[i, t, c] = x[i, t, c] * shared[c]
            elif channel == 0:
                k = noise.factor(x[i, t, 0], uniform(seed, start + t * position))
                for c in range(n_channels):
                    out[i, t, c] = x[i, t, c] * k
            else:
                place = start + t * position
                for c in range(n_channels):
                    out[i, t, c] = x[i, t, c] * noise.factor(x[i, t, c], uniform(seed, place + c))


@njit
def perturb_rows(noise, indptr, indices, data, places, out):
    """The same for rows of a sparse matrix; an entry has the same place, and factor, as in the dense matrix."""
    seed, first, row, _, _ = places
    for i in range(indptr.size - 1):
        start = (first + i) * row
        for k in range(indptr[i], indptr[i + 1]):
            out[k] = data[k] * noise.factor(data[k], uniform(seed, start + indices[k]))
