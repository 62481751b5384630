"""Losses with a logarithmic link: half unit deviances of positive targets, or counts, and means ``exp(z)``."""

import math
from typing import NamedTuple

import numpy as np

from .._jit import jitted, njit, not_compiled
from .elementary import exp, log
from .losses import SLOPE_ROUNDING, of_one_score, x_log_x

MAX_EXPONENT = 500.0  # scores of log links are limited to it in steps too far, which are not accepted
CONJUGATE_STEPS = 60  # of Newton's method with bisection, for conjugates without a formula


@not_compiled
def _log_of_mean(self, T, h):
    """The best constant score for weights h."""
    return np.log(T @ h / h.sum())


def of_means(cls):
    """Give a half unit deviance of means ``exp(z)`` its `null_scores`, and what `of_one_score` gives."""
    cls.null_scores = _log_of_mean
    return of_one_score(cls)


@jitted
@of_means
class Poisson(NamedTuple):
    """Half the unit deviance of counts t and means ``m = exp(z)``: ``m - t z``, minus its minimum ``t - t log t``."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    def value_grad_hess(self, t, z):
        m = exp(min(z, MAX_EXPONENT))
        return m - t * z - t + t * log(t), m - t, m  # 0 log 0 is 0

    @not_compiled
    def conjugate(self, T, U):
        t, Q = T[0], (T + U)[0]  # Q is the mean at the maximum
        m = np.maximum(Q, 0.0)
        return np.where(m - Q > SLOPE_ROUNDING * t, np.inf, x_log_x(m) - m + t - x_log_x(t))


@jitted
@of_means
class Gamma(NamedTuple):
    """Half the unit deviance of targets ``t > 0`` and means ``m = exp(z)``: ``z + t / m``, minus ``1 + log t``."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    def value_grad_hess(self, t, z):
        ratio = t * exp(min(-z, MAX_EXPONENT))
        return z + ratio - 1.0 - log(t), 1.0 - ratio, ratio

    @not_compiled
    def conjugate(self, T, U):
        rest = 1.0 - U[0]  # t / m at the maximum
        ratio = np.maximum(rest, 0.0)
        return np.where(rest < -SLOPE_ROUNDING, np.inf, x_log_x(ratio) - ratio + 1.0 + U[0] * np.log(T[0]))


@jitted
@of_means
class Tweedie(NamedTuple):
    """Half the unit deviance of targets ``t >= 0`` and means ``m = exp(z)`` with variances ``m^power``, 1 < power < 2.

    It is ``m^(2 - power) / (2 - power) - t m^(1 - power) / (1 - power)``, minus its minimum over m.
    """

    power: float

    def value_grad_hess(self, t, z):
        up, down = 2.0 - self.power, 1.0 - self.power
        a, b = exp(min(up * z, MAX_EXPONENT)), t * exp(min(down * z, MAX_EXPONENT))
        best = exp(up * log(t)) / (up * down) if t > 0.0 else 0.0
        return a / up - b / down + best, a - b, up * a - down * b

    @not_compiled
    def conjugate(self, T, U):
        """By the maximum over z of ``u z - loss``: the root of ``exp((2 - p) z) - t exp((1 - p) z) = u``."""
        return tweedie_conjugates(self, *np.broadcast_arrays(T[0], U[0]))


@njit
def tweedie_conjugates(loss, t, u):
    """See `Tweedie.conjugate`. Roots are found by Newton's method, kept between bounds that close in on them."""
    out = np.empty(t.size)
    up, down = 2.0 - loss.power, 1.0 - loss.power
    for i in range(t.size):
        if t[i] == 0.0 and u[i] <= 0.0:
            out[i] = 0.0 if u[i] == 0.0 else np.inf  # for z to minus infinity
            continue
        if t[i] == 0.0:
            at = math.log(u[i]) / up
        else:
            at = math.log(t[i])
            low, high = (at, np.inf) if u[i] > 0.0 else (-np.inf, at)
            for _ in range(CONJUGATE_STEPS):
                a, b = math.exp(min(up * at, MAX_EXPONENT)), t[i] * math.exp(min(down * at, MAX_EXPONENT))
                miss = a - b - u[i]
                if miss > 0.0:
                    high = min(high, at)
                else:
                    low = max(low, at)
                new = at - miss / (up * a - down * b)
                if not low <= new <= high:
                    new = 0.5 * (low + high)
                if abs(new - at) <= 1e-15 * abs(at):
                    break
                at = new
        out[i] = u[i] * at - loss.value_grad_hess(t[i], at)[0]
    return out
