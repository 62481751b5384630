"""Penalties in compiled code, by two protocols: of single coefficients, and of blocks of them.

A **coefficient penalty** (`ElasticNet`, `FoldedConcave`) is a function of one number, coefficient j: `prox`, `value`,
`slope`, `curvature`, `is_smooth`, `clip` and `subdiff_distance`, and for the duality gap of convex ones `conjugate`,
`feasible_scale` and `vanishing_scale`. A **block penalty** has the same as functions of all coefficients and of block
j: the methods `block_...`; and methods for all blocks, or some, where a call for each would cost more than its work,
since a call passes every array with its reference count: `block_steps`, `prox_all`, `fill_smooth`, `add_hessian` and
`clip_all`. Loops and certificates know blocks only. A coefficient penalty is a block penalty, too: its
blocks are single coefficients (`blocks_of_one`). `Groups` makes one of a coefficient penalty of norms.
"""

import inspect
import math
from typing import NamedTuple

import numpy as np

from .._jit import inlined_method, jitted, njit

# How far from zero the correlation of an unpenalized coefficient may be, relative to the norms of its column and of y,
# to count as zero in the dual: no scaling of a dual point can repair rounding there. An L2 penalty below it is treated
# in the same way: the conjugate would divide the square of the rounding by it.
DUAL_ROUNDING = 1e-11
BISECTIONS = 60  # halvings of [0, 1] in the search for a scale: to rounding


@njit
def soft_threshold(v, t):
    """The prox of ``t |w|`` at v: v moved towards zero by t, or zero."""
    if v > t:
        return v - t
    if v < -t:
        return v + t
    return v - v


class _BlocksOfOne:
    """The block protocol of a coefficient penalty."""

    def n_blocks(self):
        """Number of blocks, which are coefficients or groups of them."""
        return self.l1.size

    def block_start(self, j):
        """Position of the first coefficient of block j."""
        return j

    def block_stop(self, j):
        """Position after the last coefficient of block j."""
        return j + 1

    def block_steps(self, A, w, r, h, lips, blocks):
        """Minimize the model of `coordinate_descent` along some blocks in turn. Returns whether any moved."""
        moved = False
        for k in range(blocks.size):
            j = blocks[k]
            if lips[j] > 0.0:
                old = w[j]
                new = self.prox(old - A.col_dot(j, r) / lips[j], 1.0 / lips[j], j)
                if new != old:
                    w[j] = new
                    A.col_update(j, new - old, h, r)
                    moved = True
        return moved

    def prox_all(self, v, step):
        """Replace v by the minimizer of ``||w - v||^2 / (2 step) + penalty(w)``."""
        for j in range(v.size):
            v[j] = self.prox(v[j], step, j)

    def block_value(self, w, j):
        """The penalty of block j."""
        return self.value(w[j], j)

    def block_conjugate(self, c, scale, j):
        """The conjugate of the penalty of block j at scale * c."""
        return self.conjugate(scale * c[j], j)

    def block_feasible_scale(self, c, j):
        """Largest factor in [0, 1] for which the conjugate at factor times c is finite."""
        return self.feasible_scale(c[j], j)

    def block_vanishing_scale(self, c, j):
        """Largest factor in [0, 1] for which zero attains the supremum in the conjugate at factor times c."""
        return self.vanishing_scale(c[j], j)

    def block_subdiff_distance(self, w, c, j):
        """Distance from c, minus the gradient of the smooth part, to the subdifferential of block j at w."""
        return self.subdiff_distance(w[j], c[j], j)

    def block_entry_distance(self, c, scale, j):
        """The same at zero, and for scale * c: positive where block j leaves zero."""
        return self.subdiff_distance(0.0, scale * c[j], j)

    def fill_smooth(self, w, smooth, slope):
        """Write where the penalty is twice differentiable, and its derivative, for all coefficients at w."""
        for j in range(w.size):
            smooth[j] = self.is_smooth(w[j], j)
            slope[j] = self.slope(w[j], j)

    def add_hessian(self, w, place, H):
        """Add the Hessian at w to H, where coefficient j has row ``place[j]``, or none if that is negative."""
        for j in range(w.size):
            if place[j] >= 0:
                H[place[j], place[j]] += self.curvature(w[j], j)

    def clip_all(self, trial, w):
        """Move a trial, in place, to the nearest point on the smooth piece around w; ends included."""
        for j in range(w.size):
            if trial[j] != w[j]:
                trial[j] = self.clip(trial[j], w[j], j)


def blocks_of_one(cls):
    """Give a coefficient penalty the block protocol."""
    for name, function in vars(_BlocksOfOne).items():
        if inspect.isfunction(function):
            setattr(cls, name, function)
    cls.is_separable = True
    return cls


@jitted
@blocks_of_one
class ElasticNet(NamedTuple):
    """``l1 |w| + l2 w^2 / 2`` on ``[lower, upper]``; all four are arrays with an entry for each coefficient.

    L1, L2, adaptive, partly unpenalized, non-negative and bounded penalties are all this one compiled class.
    """

    l1: np.ndarray
    l2: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    is_convex = True
    is_piecewise_quadratic = True

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
        # without branches, the compiler removes the counting of references, which takes a hundred times as long
        return ((w != 0.0) | (self.l1[j] == 0.0)) & (self.lower[j] < w) & (w < self.upper[j])

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
@blocks_of_one
class FoldedConcave(NamedTuple):
    """MCP and SCAD: the slope of ``|w|`` is l1 up to `start`, falls linearly to 0 at `end`, and stays there.

    With ``start = 0`` it is MCP (Zhang 2010, eq. 2.1), with ``start > 0`` SCAD (Fan & Li 2001, eq. 2.8). To it,
    ``l2 w^2 / 2`` is added, on ``[lower, upper]``. All are arrays with an entry for each coefficient; ``start < end``.
    """

    l1: np.ndarray
    l2: np.ndarray
    start: np.ndarray
    end: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    is_convex = False
    is_piecewise_quadratic = True

    def prox(self, v, step, j):
        """Minimizer of ``(w - v)^2 / (2 step) + penalty(w)``: the best of zero and of the minimizers on each piece."""
        size, bend = abs(v) / step, self.l1[j] / (self.end[j] - self.start[j])
        total = 1.0 / step + self.l2[j]  # curvature without the concave part
        best, lowest = min(max(0.0, self.lower[j]), self.upper[j]), np.inf
        for piece in range(4):
            if piece == 0:
                u = 0.0
            elif piece == 1:
                u = min(max(size - self.l1[j], 0.0) / total, self.start[j])
            elif piece == 2:
                if total <= bend:  # concave: its minimizers are its ends, which belong to the other pieces
                    continue
                u = min(max((size - bend * self.end[j]) / (total - bend), self.start[j]), self.end[j])
            else:
                u = max(size / total, self.end[j])
            w = min(max(math.copysign(u, v), self.lower[j]), self.upper[j])
            height = 0.5 * (w - v) * (w - v) / step + self.value(w, j)
            if height < lowest:
                best, lowest = w, height
        return best

    @inlined_method
    def value(self, w, j):
        if not self.lower[j] <= w <= self.upper[j]:
            return np.inf
        a, e, u = self.start[j], self.end[j], abs(w)
        concave = self.l1[j] * min(u, a)
        if u > a:
            t = min(u, e)
            concave += self.l1[j] * (e * (t - a) - 0.5 * (t - a) * (t + a)) / (e - a)
        return concave + 0.5 * self.l2[j] * w * w

    def slope(self, w, j):
        """Derivative on the smooth piece around w."""
        if w == 0.0:
            return 0.0
        share = min(max((self.end[j] - abs(w)) / (self.end[j] - self.start[j]), 0.0), 1.0)
        return math.copysign(self.l1[j] * share, w) + self.l2[j] * w

    def curvature(self, w, j):
        if self.start[j] < abs(w) < self.end[j]:
            return self.l2[j] - self.l1[j] / (self.end[j] - self.start[j])
        return self.l2[j]

    def is_smooth(self, w, j):
        """Whether the penalty is twice differentiable at w, or nearly so: at the bends it counts as smooth."""
        return ((w != 0.0) | (self.l1[j] == 0.0)) & (self.lower[j] < w) & (w < self.upper[j])

    def clip(self, w, old, j):
        """The point nearest to w on the smooth piece around `old`, ends included."""
        if self.l1[j] > 0.0:
            u, at, low, high = math.copysign(1.0, old) * w, abs(old), 0.0, np.inf
            for bend in (self.start[j], self.end[j]):
                if bend < at or (bend == at and u > at):
                    low = max(low, bend)
                else:
                    high = min(high, bend)
            w = math.copysign(min(max(u, low), high), old)
        return min(max(w, self.lower[j]), self.upper[j])

    def subdiff_distance(self, w, c, j):
        """Distance from c, minus the gradient of the smooth part, to the subdifferential at one number w."""
        low = high = self.slope(w, j)
        if w == 0.0:
            low, high = -self.l1[j], self.l1[j]
        if w <= self.lower[j]:
            low = -np.inf
        if w >= self.upper[j]:
            high = np.inf
        return max(low - c, c - high, 0.0)
