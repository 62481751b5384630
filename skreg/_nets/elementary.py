"""Exponentials, logarithms and their relatives in single precision, without calls: loops over them are vectorized.

Functions of the C library are called for one number at a time, which takes ten times as long. Here, errors are at most
a few units in the last place of the largest number near by: 4e-7 for functions with values up to 1. In double
precision, and without the compiler, they are NumPy's and SciPy's.
"""

import inspect
import math
import sys

import numpy as np
from numba import types
from numba.extending import overload
from scipy.special import expit, ndtr

from .._core._jit import OPTIONS

# Constants in single precision: a Python literal would turn compiled single-precision arithmetic into double.
ZERO, HALF, ONE, TWO = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)

# Cody & Waite's reduction, whose first part of the logarithm of 2 has zeros as its last digits.
_LOG2E, _LN2_HIGH, _LN2_LOW = np.float32(1.44269504088896341), np.float32(0.693359375), np.float32(-2.12194440e-4)
_LEAST, _MOST = np.float32(-87.0), np.float32(88.0)  # exponentials of these are normal numbers
_BIAS, _MANTISSA = np.int32(127), np.int32(23)
_FRACTION, _EXPONENT_OF_HALF, _TO_HALF = np.int32(0x7FFFFF), np.int32(0x3F000000), np.int32(126)
_ROOT_HALF = np.float32(math.sqrt(0.5))

# Cephes (Moshier 1989), `expf` and `logf`: coefficients from the highest power.
_E0, _E1, _E2, _E3, _E4, _E5 = np.array(
    [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1], np.float32
)
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8 = np.array(
    [
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
    np.float32,
)  # fmt: skip

# x P(x^2) / Q(x^2) up to a limit, fitted by reweighted least squares: tanh with a relative error of 2e-9, and erf with
# an absolute error of 2e-8. Beyond the limit, tanh is 1 - 3e-7, and erf is 1.
_T0, _T1, _T2, _T3, _T4, _T5, _T6 = np.array(
    [1.0, 0.131279234, 0.00315341184, 1.16869284e-05, -2.25138474e-08, 6.47633849e-11, -1.19044311e-13], np.float32
)
_U0, _U1, _U2, _U3 = np.array([1.0, 0.464612551, 0.0246909567, 0.000261898145], np.float32)
_TANH_LIMIT = np.float32(7.90531110763549805)
_P0, _P1, _P2, _P3, _P4, _P5 = np.array(
    [1.128378987, 0.1927650273, 0.05306060985, 0.003868367989, 0.0002874801576, 2.034726094e-06], np.float32
)
_Q0, _Q1, _Q2, _Q3, _Q4, _Q5 = np.array(
    [1.0, 0.5041652322, 0.1150850207, 0.01517237816, 0.001188124646, 3.807058965e-05], np.float32
)
_ERF_LIMIT = np.float32(3.92)


def exp(v):
    """The exponential; in single precision between those of -87 and 88."""
    return np.exp(v)


def log(v):
    """The logarithm of a positive normal number."""
    return np.log(v)


def tanh(v):
    """The hyperbolic tangent."""
    return np.tanh(v)


def logistic(v):
    """1 / (1 + exp(-v))."""
    return expit(v)


def normal_share(v):
    """The standard normal distribution function."""
    return ndtr(v)


def _exp(v):
    v = _LEAST if v < _LEAST else v  # NaN stays NaN
    v = _MOST if v > _MOST else v
    k = np.floor(v * _LOG2E + HALF)
    x = (v - k * _LN2_HIGH) - k * _LN2_LOW
    p = ((((_E0 * x + _E1) * x + _E2) * x + _E3) * x + _E4) * x + _E5
    power = np.int32((np.int32(k) + _BIAS) << _MANTISSA).view(np.float32)
    return ((p * x + ONE) * x + ONE) * power


def _log(v):
    bits = np.float32(v).view(np.int32)
    k = np.float32(np.int32((bits >> _MANTISSA) - _TO_HALF))
    m = np.int32((bits & _FRACTION) | _EXPONENT_OF_HALF).view(np.float32)
    is_small = m < _ROOT_HALF
    k, m = k - ONE if is_small else k, m + m if is_small else m
    x = m - ONE
    p = (((((((_L0 * x + _L1) * x + _L2) * x + _L3) * x + _L4) * x + _L5) * x + _L6) * x + _L7) * x + _L8
    s = x * x
    return (p * x * s + k * _LN2_LOW - HALF * s) + x + k * _LN2_HIGH


def _tanh(v):
    v = _TANH_LIMIT if v > _TANH_LIMIT else v
    v = -_TANH_LIMIT if v < -_TANH_LIMIT else v
    s = v * v
    p = ((((((_T6 * s + _T5) * s + _T4) * s + _T3) * s + _T2) * s + _T1) * s + _T0) * v
    return p / (((_U3 * s + _U2) * s + _U1) * s + _U0)


def _logistic(v):
    return ONE / (ONE + exp(-v))


def _normal_share(v):
    v = v * _ROOT_HALF
    s = v * v
    s = s if s < _ERF_LIMIT * _ERF_LIMIT else _ERF_LIMIT * _ERF_LIMIT
    p = ((((_P5 * s + _P4) * s + _P3) * s + _P2) * s + _P1) * s + _P0
    q = ((((_Q5 * s + _Q4) * s + _Q3) * s + _Q2) * s + _Q1) * s + _Q0
    erf = v * (p / q)
    erf = ONE if erf > ONE else erf
    erf = -ONE if erf < -ONE else erf
    return HALF + HALF * erf


def _double_normal_share(v):
    return HALF + HALF * math.erf(v * math.sqrt(0.5))


def _define(function, single, double):
    """Let compiled code call the function by its precision. Its sums are not reordered, which would cost digits."""
    function.compiled_from = inspect.getsource(sys.modules[__name__])

    @overload(function, jit_options=dict(OPTIONS, fastmath={"contract"}, forceinline=True))
    def select(v):
        return single if v == types.float32 else double


_define(exp, _exp, exp)
_define(log, _log, log)
_define(tanh, _tanh, tanh)
_define(logistic, _logistic, _logistic)
_define(normal_share, _normal_share, _double_normal_share)
