"""Exponentials and logarithms without branches or calls, so that loops over rows are vectorized.

Those of the C library are called for one number at a time, which takes eight times as long. Errors are at most two
units in the last place. Sums must not be reordered here: the parts of the logarithm of 2 would merge.
"""

import numpy as np

from .._jit import inlined

LOG2, LOG2_REST = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # the first has zeros as its last digits
INVERSE_LOG2 = 1.4426950408889634
MIN_EXPONENT, MAX_EXPONENT = -708.0, 709.0  # beyond, exponentials are those of these
ROOT2 = 1.4142135623730951
EXPONENT_BIAS, FRACTION_BITS = 1023, 52  # of double precision
MIN_NORMAL, SHIFT = 2.2250738585072014e-308, 54  # smaller numbers are multiplied by a power of 2
FRACTION, ONE = 0xFFFFFFFFFFFFF, 0x3FF0000000000000  # masks: the bits of the fraction; those of the number 1


def exact(function):
    return inlined(function, fastmath={"contract"})


@exact
def exp(x):
    """The exponential: a power of 2 times a polynomial on ``|r| <= log(2) / 2``."""
    x = min(max(np.float64(x), MIN_EXPONENT), MAX_EXPONENT)
    k = np.floor(x * INVERSE_LOG2 + 0.5)
    r = (x - k * LOG2) - k * LOG2_REST
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * np.int64((np.int64(np.int32(k)) + EXPONENT_BIAS) << FRACTION_BITS).view(np.float64)


@exact
def _rest_of_artanh(q, p):
    """The series of ``(artanh(s) / s - 1) / q`` for q = s^2, from its 10th term down; p is the sum of those above."""
    p = p * q + 1.0 / 21.0
    p = p * q + 1.0 / 19.0
    p = p * q + 1.0 / 17.0
    p = p * q + 1.0 / 15.0
    p = p * q + 1.0 / 13.0
    p = p * q + 1.0 / 11.0
    p = p * q + 1.0 / 9.0
    p = p * q + 1.0 / 7.0
    p = p * q + 1.0 / 5.0
    p = p * q + 1.0 / 3.0
    return p


@exact
def log1p(x):
    """The logarithm of 1 + x, for x from 0 to 1: the series of ``2 artanh(x / (2 + x))``."""
    s = x / (2.0 + x)
    q = s * s
    p = 1.0 / 33.0
    p = p * q + 1.0 / 31.0
    p = p * q + 1.0 / 29.0
    p = p * q + 1.0 / 27.0
    p = p * q + 1.0 / 25.0
    p = p * q + 1.0 / 23.0
    return 2.0 * (s + s * q * _rest_of_artanh(q, p))


@exact
def log(x):
    """The logarithm of a positive number, infinity or NaN; finite at 0, and without meaning below."""
    is_small = x < MIN_NORMAL
    bits = np.float64(x * 2.0**SHIFT if is_small else x).view(np.int64)
    m = np.int64((bits & FRACTION) | ONE).view(np.float64)
    k = np.float64(np.int32((bits >> FRACTION_BITS) - EXPONENT_BIAS)) - (SHIFT if is_small else 0)
    is_large = m > ROOT2
    k, m = k + 1.0 if is_large else k, 0.5 * m if is_large else m
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    found = k * LOG2 + (2.0 * (s + s * q * _rest_of_artanh(q, 1.0 / 23.0)) + k * LOG2_REST)
    return found if x < np.inf else x
