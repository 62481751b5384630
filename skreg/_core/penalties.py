"""Penalties act on one coefficient at a time; `certificates` and the loops combine them."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jitted

# How far from zero the correlation of an unpenalized coefficient may be, relative to the norms of its column and of y,
# to count as zero in the dual: no scaling of a dual point can repair rounding there.
ROUNDING = 1e-11


@jitted
class ElasticNet(NamedTuple):
    """``l1 |w| + l2 w^2 / 2`` on ``[lower, upper]``, with weights and bounds of its own for every coefficient.

    L1, L2, the adaptive, partly unpenalized, non-negative and bounded forms are all this one compiled class.
    """

    l1: np.ndarray
    l2: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def prox(self, v, step, j):
        """Minimizer of ``(w - v)^2 / (2 step) + penalty(w)``: in one dimension, the unbounded one, clipped."""
        t = self.l1[j] * step
        if v > t:
            w = (v - t) / (1.0 + step * self.l2[j])
        elif v < -t:
            w = (v + t) / (1.0 + step * self.l2[j])
        else:
            w = 0.0
        return min(max(w, self.lower[j]), self.upper[j])

    def value(self, w, j):
        if not self.lower[j] <= w <= self.upper[j]:
            return np.inf
        return self.l1[j] * abs(w) + 0.5 * self.l2[j] * w * w

    def slope(self, w, j):
        """Derivative of the smooth piece around w."""
        if w == 0.0:
            return 0.0
        return math.copysign(self.l1[j], w) + self.l2[j] * w

    def curvature(self, w, j):
        return self.l2[j]

    def is_smooth(self, w, j):
        """Whether the penalty is twice differentiable at w."""
        return (w != 0.0 or self.l1[j] == 0.0) and self.lower[j] < w < self.upper[j]

    def clip(self, w, old, j):
        """The point nearest to w on the smooth piece around `old`, or at its end."""
        if self.l1[j] > 0.0 and w * old <= 0.0:
            w = 0.0
        return min(max(w, self.lower[j]), self.upper[j])

    def conjugate(self, c, j):
        """Supremum over w of ``c w - penalty(w)``."""
        z = math.copysign(max(abs(c) - self.l1[j], 0.0), c)
        if self.l2[j] > 0.0:
            w = z / self.l2[j]
        elif z == 0.0:
            w = 0.0
        else:
            w = math.copysign(np.inf, z)
        w = min(max(w, self.lower[j]), self.upper[j])
        if math.isinf(w):
            return 0.0 if abs(z) <= ROUNDING else np.inf
        return w * (c - math.copysign(self.l1[j], w) - 0.5 * self.l2[j] * w)

    def feasible_scale(self, c, j):
        """Largest factor in [0, 1] that brings c to where the conjugate is finite."""
        end = self.upper[j] if c > 0.0 else self.lower[j]
        if self.l2[j] > 0.0 or not math.isinf(end) or abs(c) <= self.l1[j] + ROUNDING:
            return 1.0
        return self.l1[j] / abs(c)

    def vanishing_scale(self, c, j):
        """Largest factor in [0, 1] that brings c to where w = 0 attains the supremum, if anything does."""
        end = self.upper[j] if c > 0.0 else self.lower[j]
        if end == 0.0 or abs(c) <= self.l1[j] + ROUNDING:
            return 1.0
        return self.l1[j] / abs(c)

    def subdiff_dist(self, w, c, j):
        """Distance from c, minus the gradient of the smooth part, to the subdifferential at w."""
        low = high = self.l2[j] * w
        if w >= 0.0:
            high += self.l1[j]
        else:
            high -= self.l1[j]
        if w > 0.0:
            low += self.l1[j]
        else:
            low -= self.l1[j]
        if w <= self.lower[j]:
            low = -np.inf
        if w >= self.upper[j]:
            high = np.inf
        return max(low - c, c - high, 0.0)
