"""Penalties: functions of one block, a coefficient or a group. `certificates` and the loops sum over blocks."""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jitted, njit

# How far from zero the correlation of an unpenalized coefficient may be, relative to the norms of its column and of y,
# to count as zero in the dual: no scaling of a dual point can repair rounding there. An L2 penalty below it is treated
# in the same way: the conjugate would divide the square of the rounding by it.
DUAL_ROUNDING = 1e-11


@njit
def soft_threshold(v, t):
    """The prox of ``t |w|`` at v: v moved towards zero by t, or zero."""
    if v > t:
        return v - t
    if v < -t:
        return v + t
    return v - v


@jitted
class ElasticNet(NamedTuple):
    """``l1 |w| + l2 w^2 / 2`` on ``[lower, upper]``; all four are arrays with an entry for each coefficient.

    L1, L2, adaptive, partly unpenalized, non-negative and bounded penalties are all this one compiled class.
    """

    l1: np.ndarray
    l2: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def n_blocks(self):
        """Number of blocks, which are coefficients or groups of them."""
        return self.l1.size

    def block_value(self, w, j):
        """The number on which the penalty of block j depends: the coefficient, or the norm of a group."""
        return w[j]

    def coordinate_step(self, A, w, r, h, lips, j):
        """Minimize the model of `coordinate_descent` along block j. Returns whether it moved."""
        if lips[j] <= 0.0:
            return False
        old = w[j]
        new = self.prox(old - A.col_dot(j, r) / lips[j], 1.0 / lips[j], j)
        if new == old:
            return False
        w[j] = new
        A.col_update(j, new - old, h, r)
        return True

    def prox(self, v, step, j):
        """Minimizer of ``(w - v)^2 / (2 step) + penalty(w)``: in one dimension, the unbounded one, clipped."""
        w = soft_threshold(v, self.l1[j] * step) / (1.0 + step * self.l2[j])
        return min(max(w, self.lower[j]), self.upper[j])

    def value(self, w, j):
        if not self.lower[j] <= w <= self.upper[j]:
            return np.inf
        return self.l1[j] * abs(w) + 0.5 * self.l2[j] * w * w

    def slope(self, w, j):
        """Derivative on the smooth piece around w."""
        if w == 0.0:
            return 0.0
        return math.copysign(self.l1[j], w) + self.l2[j] * w

    def curvature(self, w, j):
        return self.l2[j]

    def is_smooth(self, w, j):
        """Whether the penalty is twice differentiable at w."""
        return (w != 0.0 or self.l1[j] == 0.0) and self.lower[j] < w < self.upper[j]

    def clip(self, w, old, j):
        """The point nearest to w on the smooth piece around `old`, ends included."""
        if self.l1[j] > 0.0 and w * old <= 0.0:
            w = 0.0
        return min(max(w, self.lower[j]), self.upper[j])

    def conjugate(self, c, j):
        """Supremum over w of ``c w - penalty(w)``."""
        z = math.copysign(max(abs(c) - self.l1[j], 0.0), c)
        if (
            self.l2[j] < DUAL_ROUNDING
            and abs(z) <= DUAL_ROUNDING
            and math.isinf(self.upper[j] if z > 0.0 else self.lower[j])
        ):
            z = 0.0
        if z == 0.0:
            w = 0.0
        elif self.l2[j] > 0.0:
            w = z / self.l2[j]
        else:
            w = math.copysign(np.inf, z)
        w = min(max(w, self.lower[j]), self.upper[j])
        if math.isinf(w):
            return np.inf
        return w * (c - math.copysign(self.l1[j], w) - 0.5 * self.l2[j] * w)

    def feasible_scale(self, c, j):
        """Largest factor in [0, 1] for which the conjugate at factor times c is finite."""
        end = self.upper[j] if c > 0.0 else self.lower[j]
        if self.l2[j] > 0.0 or not math.isinf(end) or abs(c) <= self.l1[j] + DUAL_ROUNDING:
            return 1.0
        return self.l1[j] / abs(c)

    def vanishing_scale(self, c, j):
        """Largest factor in [0, 1] for which w = 0 attains the supremum in the conjugate at factor times c."""
        end = self.upper[j] if c > 0.0 else self.lower[j]
        if end == 0.0 or abs(c) <= self.l1[j] + DUAL_ROUNDING:
            return 1.0
        return self.l1[j] / abs(c)

    def block_subdiff_distance(self, w, c, j):
        """Distance from c, minus the gradient of the smooth part, to the subdifferential of block j at w."""
        return self.subdiff_distance(w[j], c[j], j)

    def subdiff_distance(self, w, c, j):
        """Distance from c, minus the gradient of the smooth part, to the subdifferential at one number w."""
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


@jitted
class Groups(NamedTuple):
    """A penalty on the Euclidean norms of groups of `length` consecutive coefficients: a group is zero as a whole.

    With `inner` an unbounded `ElasticNet` of the groups, this is the group lasso (Yuan & Lin 2006) with ridge.
    """

    inner: NamedTuple
    length: int

    def n_blocks(self):
        return self.inner.l1.size

    def block_value(self, w, j):
        s = 0.0
        for k in range(j * self.length, (j + 1) * self.length):
            s += w[k] * w[k]
        return math.sqrt(s)

    def coordinate_step(self, A, w, r, h, lips, j):
        """A prox-gradient step for a group.

        The curvature of a softmax, ``diag(p) - p p'``, is at most twice the largest of its diagonal (Gershgorin).
        """
        first = j * self.length
        top = 0.0
        for k in range(first, first + self.length):
            top = max(top, lips[k])
        if top <= 0.0:
            return False
        step = 0.5 / top
        v = np.empty(self.length)
        norm = 0.0
        for k in range(self.length):
            v[k] = w[first + k] - step * A.col_dot(first + k, r)
            norm += v[k] * v[k]
        norm = math.sqrt(norm)
        shrink = self.inner.prox(norm, step, j) / norm if norm > 0.0 else 0.0
        moved = False
        for k in range(self.length):
            new, old = shrink * v[k], w[first + k]
            if new != old:
                w[first + k] = new
                A.col_update(first + k, new - old, h, r)
                moved = True
        return moved

    def value(self, w, j):
        return self.inner.value(w, j)

    def conjugate(self, c, j):
        return self.inner.conjugate(c, j)

    def feasible_scale(self, c, j):
        return self.inner.feasible_scale(c, j)

    def vanishing_scale(self, c, j):
        return self.inner.vanishing_scale(c, j)

    def subdiff_distance(self, w, c, j):
        return self.inner.subdiff_distance(w, c, j)

    def block_subdiff_distance(self, w, c, j):
        size = self.block_value(w, j)
        if size == 0.0:
            return self.inner.subdiff_distance(0.0, self.block_value(c, j), j)
        s = 0.0
        for k in range(j * self.length, (j + 1) * self.length):
            s += (c[k] - (self.inner.l1[j] / size + self.inner.l2[j]) * w[k]) ** 2
        return math.sqrt(s)

    def is_smooth(self, w, j):
        """Whether the penalty is quadratic in coefficient j: only without L1."""
        return self.inner.l1[j // self.length] == 0.0

    def slope(self, w, j):
        return self.inner.l2[j // self.length] * w

    def curvature(self, w, j):
        return self.inner.l2[j // self.length]

    def clip(self, w, old, j):
        return w


def length_of(pen):
    """Number of coefficients in a block."""
    return pen.length if isinstance(pen, Groups) else 1


def unpenalized(pen):
    """Indices of the unpenalized coefficients."""
    inner = pen.inner if isinstance(pen, Groups) else pen
    return np.flatnonzero(np.repeat((inner.l1 == 0.0) & (inner.l2 == 0.0), length_of(pen)))


def support(pen, w):
    """Indices of the nonzero blocks, and of their coefficients."""
    length = length_of(pen)
    groups = np.unique(np.flatnonzero(w) // length)
    return groups, (groups[:, None] * length + np.arange(length)).ravel()


def extended(pen, at, k):
    """The penalty of some blocks, followed by k unpenalized ones."""
    if isinstance(pen, Groups):
        return pen._replace(inner=extended(pen.inner, at, k))
    more = np.zeros(k)
    return ElasticNet(
        np.append(pen.l1[at], more),
        np.append(pen.l2[at], more),
        np.append(pen.lower[at], more - np.inf),
        np.append(pen.upper[at], more + np.inf),
    )
