"""Penalties of groups of coefficients, and what a solver asks of the blocks of any penalty."""

import math
from typing import NamedTuple

import numpy as np

from .._jit import jitted
from .penalties import BISECTIONS, soft_threshold


@jitted
class Groups(NamedTuple):
    """A penalty of the Euclidean norms of groups of coefficients, plus ``l1 |w|`` of each of them.

    Coefficients ``ptr[j]`` to ``ptr[j + 1]`` are group j, and `inner` is a coefficient penalty of its norm, without
    bounds. With `inner` an `ElasticNet` and ``l1 = 0`` this is the group lasso (Yuan & Lin 2006) with ridge: a group is
    zero as a whole. With l1 it is the sparse group lasso (Simon et al. 2013); with `FoldedConcave`, group MCP and SCAD
    (Huang, Breheny & Ma 2012).
    """

    inner: NamedTuple
    ptr: np.ndarray
    l1: np.ndarray

    is_separable = True
    is_piecewise_quadratic = False

    @property
    def is_convex(self):
        return self.inner.is_convex

    def n_blocks(self):
        return self.ptr.size - 1

    def block_start(self, j):
        return self.ptr[j]

    def block_stop(self, j):
        return self.ptr[j + 1]

    def block_norm(self, v, scale, j):
        """Euclidean norm of the coefficients of group j of scale * v, after they are moved towards zero by their L1."""
        s = 0.0
        for k in range(self.ptr[j], self.ptr[j + 1]):
            u = max(abs(scale * v[k]) - self.l1[k], 0.0)
            s += u * u
        return math.sqrt(s)

    def block_size(self, w, j):
        """Euclidean norm of the coefficients of group j."""
        s = 0.0
        for k in range(self.ptr[j], self.ptr[j + 1]):
            s += w[k] * w[k]
        return math.sqrt(s)

    def block_steps(self, A, w, r, h, lips, blocks):
        """Prox-gradient steps, whose lengths the largest curvature ``lips[j]`` of each group allows."""
        moved, largest = False, 0
        for k in range(blocks.size):
            largest = max(largest, self.ptr[blocks[k] + 1] - self.ptr[blocks[k]])
        v = np.empty(largest)
        for k in range(blocks.size):
            j = blocks[k]
            if lips[j] > 0.0:
                first, step, squares = self.ptr[j], 1.0 / lips[j], 0.0
                size = self.ptr[j + 1] - first
                for i in range(size):
                    v[i] = soft_threshold(w[first + i] - step * A.col_dot(first + i, r), step * self.l1[first + i])
                    squares += v[i] * v[i]
                norm = math.sqrt(squares)
                shrink = self.inner.prox(norm, step, j) / norm if norm > 0.0 else 0.0
                for i in range(size):
                    new, old = shrink * v[i], w[first + i]
                    if new != old:
                        w[first + i] = new
                        A.col_update(first + i, new - old, h, r)
                        moved = True
        return moved

    def prox_all(self, v, step):
        for j in range(self.ptr.size - 1):
            size = 0.0
            for k in range(self.ptr[j], self.ptr[j + 1]):
                v[k] = soft_threshold(v[k], step * self.l1[k])
                size += v[k] * v[k]
            size = math.sqrt(size)
            shrink = self.inner.prox(size, step, j) / size if size > 0.0 else 0.0
            for k in range(self.ptr[j], self.ptr[j + 1]):
                v[k] *= shrink

    def block_value(self, w, j):
        s = self.inner.value(self.block_size(w, j), j)
        for k in range(self.ptr[j], self.ptr[j + 1]):
            s += self.l1[k] * abs(w[k])
        return s

    def block_conjugate(self, c, scale, j):
        return self.inner.conjugate(self.block_norm(c, scale, j), j)

    def block_feasible_scale(self, c, j):
        if self.inner.feasible_scale(self.block_norm(c, 1.0, j), j) >= 1.0:
            return 1.0
        return self.block_vanishing_scale(c, j)  # without L2 and bounds, they are the same

    def block_vanishing_scale(self, c, j):
        whole, has_l1 = self.inner.vanishing_scale(self.block_norm(c, 1.0, j), j), False
        for k in range(self.ptr[j], self.ptr[j + 1]):
            has_l1 |= self.l1[k] > 0.0
        if whole >= 1.0 or not has_l1:
            return whole
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            if self.inner.vanishing_scale(self.block_norm(c, middle, j), j) >= 1.0:
                low = middle
            else:
                high = middle
        return low

    def block_subdiff_distance(self, w, c, j):
        size = self.block_size(w, j)
        if size == 0.0:
            return self.inner.subdiff_distance(0.0, self.block_norm(c, 1.0, j), j)
        share, s = self.inner.slope(size, j) / size, 0.0
        for k in range(self.ptr[j], self.ptr[j + 1]):
            if w[k] == 0.0:
                s += max(abs(c[k]) - self.l1[k], 0.0) ** 2
            else:
                s += (c[k] - share * w[k] - math.copysign(self.l1[k], w[k])) ** 2
        return math.sqrt(s)

    def block_entry_distance(self, c, scale, j):
        return self.inner.subdiff_distance(0.0, self.block_norm(c, scale, j), j)

    def fill_smooth(self, w, smooth, slope):
        for j in range(self.ptr.size - 1):
            size = self.block_size(w, j)
            share = self.inner.slope(size, j) / size if size > 0.0 else 0.0
            for k in range(self.ptr[j], self.ptr[j + 1]):
                smooth[k] = self.inner.is_smooth(size, j) and (w[k] != 0.0 or self.l1[k] == 0.0)
                slope[k] = share * w[k]
                if w[k] != 0.0:
                    slope[k] += math.copysign(self.l1[k], w[k])

    def add_hessian(self, w, place, H):
        for j in range(self.ptr.size - 1):
            size = self.block_size(w, j)
            curvature = self.inner.curvature(size, j)
            share = self.inner.slope(size, j) / size if size > 0.0 else curvature
            bend = (curvature - share) / (size * size) if size > 0.0 else 0.0
            for k in range(self.ptr[j], self.ptr[j + 1]):
                if place[k] >= 0:
                    H[place[k], place[k]] += share
                    for m in range(self.ptr[j], self.ptr[j + 1]):
                        if place[m] >= 0:
                            H[place[k], place[m]] += bend * w[k] * w[m]

    def clip_all(self, trial, w):
        for k in range(w.size):
            if self.l1[k] > 0.0 and trial[k] * w[k] <= 0.0:
                trial[k] = 0.0


NEUTRAL = dict(l1=0.0, l2=0.0, start=0.0, end=1.0, lower=-np.inf, upper=np.inf)  # fields of an unpenalized coefficient


def block_ends(pen):
    """Positions of the coefficients of blocks: block j is ``ends[j]`` to ``ends[j + 1]``."""
    if not pen.is_separable:
        return np.array([0, pen.n_coordinates()])
    return pen.ptr if isinstance(pen, Groups) else np.arange(pen.l1.size + 1)


def unpenalized(pen):
    """Indices of the unpenalized coefficients."""
    if not pen.is_separable:
        return np.empty(0, np.int64)
    inner = pen.inner if isinstance(pen, Groups) else pen
    free = (inner.l1 == 0.0) & (inner.l2 == 0.0)
    return np.flatnonzero(np.repeat(free, np.diff(pen.ptr)) & (pen.l1 == 0.0) if isinstance(pen, Groups) else free)


def extended(pen, blocks, n_free):
    """The penalty of some blocks, followed by blocks of one unpenalized coefficient each."""
    if not pen.is_separable and blocks.size and not n_free:
        return pen
    if isinstance(pen, Groups):
        sizes, coords = np.diff(pen.ptr)[blocks], ranges(pen.ptr, blocks)
        ptr = np.concatenate([[0], np.cumsum(np.append(sizes, np.ones(n_free, sizes.dtype)))])
        return Groups(extended(pen.inner, blocks, n_free), ptr, np.append(pen.l1[coords], np.zeros(n_free)))
    parts = zip(pen._fields, pen, strict=True)
    return type(pen)(*(np.append(part[blocks], np.full(n_free, NEUTRAL[name])) for name, part in parts))


def ranges(ptr, blocks):
    """All positions from ``ptr[j]`` to ``ptr[j + 1]``, for each of some blocks in turn."""
    sizes = ptr[blocks + 1] - ptr[blocks]
    return np.arange(sizes.sum()) + np.repeat(ptr[blocks] - np.cumsum(sizes) + sizes, sizes)
