"""Penalties as functions of their strength alpha, in the units of the solvers; `penalty.Penalty` makes them.

In normalized units ``b_j = unit * scale_j * w_j``, and the loss is divided by ``unit^2 / weight``.
"""

import numpy as np

from .._cached import cached_property
from .._jit import njit
from .groups import Groups, ranges
from .penalties import BISECTIONS, ElasticNet, FoldedConcave

ZERO_COEFFICIENT = 1e-13  # normalized coefficients below it are rounding where the penalty draws them to 0
LEAST_STRENGTH = 1e-300  # keeps divisions finite where a penalty has no strength


class PenaltyPath:
    """What paths and working sets ask of a penalty, in normalized units.

    Attributes
    ----------
    n_blocks : int
    is_fixed : ndarray of bool of shape (n_blocks,)
        Blocks that are zero whatever alpha is.
    is_convex : bool
    is_separable : bool
        Whether it is a sum over blocks. If not, which blocks leave zero depends on the others.
    """

    is_separable = True

    @property
    def has_free_part(self):
        """Whether something that may differ from zero is not penalized."""
        return bool((~self.holds() & ~self.is_fixed).any())

    def block_sizes(self, blocks):
        """Numbers of coordinates of some blocks, None where each coordinate has a curvature of its own."""
        return None

    def at(self, alpha, blocks):
        """The compiled penalty of some blocks, in their order."""
        raise NotImplementedError

    def entry_alpha(self, c):
        """For every block, the alpha below which correlations c of all coordinates let it leave zero.

        Infinite for blocks that nothing but their correlation of 0 keeps at zero.
        """
        raise NotImplementedError

    def largest_entry_alpha(self, size):
        """The same for the correlations of given magnitudes and any signs that enter first."""
        return self.entry_alpha(size)

    def holds(self):
        """A mask of the blocks that the penalty can hold at zero against correlations that are not."""
        raise NotImplementedError

    def coordinates(self, blocks):
        """Coordinates of some blocks, in their order."""
        return blocks

    def block_mask(self, blocks):
        """A mask of the coordinates of the blocks in a mask."""
        return blocks

    def any_by_block(self, coordinates):
        """Whether a block has a coordinate in a mask of coordinates."""
        return coordinates

    def project(self, w):
        """The point nearest to w, of all coordinates, that bounds allow."""
        return w

    def convex(self):
        """The convex penalty with the same slope at zero: itself if it is convex."""
        return self

    def slope_shares(self, alpha, w):
        """Slopes of the concave penalty of every block at w, without ridge, relative to those at zero."""
        raise NotImplementedError

    @property
    def n_coordinates(self):
        return self.block_mask(np.ones(self.n_blocks, bool)).size

    def without_rounding(self, alpha, w):
        """Coefficients (..., n_coordinates) that are 0 where only rounding made those with an L1 penalty differ from 0.

        Newton steps and extrapolation leave such coefficients, mostly where columns are equal. The objective does not
        change: along a coordinate its slope is at most the square root of twice the gap.
        """
        raise NotImplementedError

    def alpha_max(self, c):
        """The smallest alpha for which all blocks stay at zero that one can hold there, given their correlations."""
        entry = self.entry_alpha(c)
        return entry[np.isfinite(entry)].max(initial=0.0)

    def whole(self, alpha):
        """The compiled penalty of all blocks."""
        return self.at(alpha, np.arange(self.n_blocks))


class CoefficientPath(PenaltyPath):
    """Penalties of single coefficients. A block is a coefficient.

    Parameters
    ----------
    l1, l2, lower, upper : ndarray of shape (n_blocks,)
        Of `ElasticNet`, for alpha = 1.
    bends : pair of ndarray of shape (n_blocks,) or None
        `start` and `end` of `FoldedConcave`, for alpha = 1; None for the elastic net.
    """

    def __init__(self, l1, l2, lower, upper, bends=None):
        self.l1 = l1
        self.l2 = l2
        self.lower = lower
        self.upper = upper
        self.bends = bends
        self.n_blocks = l1.size
        self.is_fixed = (lower == 0.0) & (upper == 0.0)

    @cached_property
    def _signs(self):
        """Whether coefficients may be positive, whether they may be negative, and whether all may be both."""
        may_rise, may_fall = self.upper > 0.0, self.lower < 0.0
        return may_rise, may_fall, bool((may_rise & may_fall).all())

    @cached_property
    def _holds_all(self):
        return bool((self.l1 > 0.0).all())

    def at(self, alpha, blocks):
        strengths = alpha * self.l1[blocks], alpha * self.l2[blocks]
        bounds = self.lower[blocks], self.upper[blocks]
        if self.bends is None:
            return ElasticNet(*strengths, *bounds)
        if alpha == 0.0:  # the bends mean nothing, and must differ
            return FoldedConcave(*strengths, np.zeros(blocks.size), np.ones(blocks.size), *bounds)
        return FoldedConcave(*strengths, *(alpha * bend[blocks] for bend in self.bends), *bounds)

    def entry_alpha(self, c):
        may_rise, may_fall, may_both = self._signs
        return self._entry(np.abs(c) if may_both else np.maximum(c * may_rise, -c * may_fall))

    def largest_entry_alpha(self, size):
        may_rise, may_fall, may_both = self._signs
        return self._entry(size if may_both else size * (may_rise | may_fall))

    def _entry(self, pull):
        if self._holds_all:
            return pull / self.l1
        return np.divide(pull, self.l1, out=np.where(pull > 0.0, np.inf, 0.0), where=self.l1 > 0.0)

    def holds(self):
        return self.l1 > 0.0

    def project(self, w):
        return np.clip(w, self.lower, self.upper)

    @property
    def is_convex(self):
        return self.bends is None

    def convex(self):
        return self if self.is_convex else CoefficientPath(self.l1, self.l2, self.lower, self.upper)

    def without_rounding(self, alpha, w):
        is_tiny = (np.abs(w) <= ZERO_COEFFICIENT) & (w != 0.0)
        if not is_tiny.any():
            return w
        may_be_zero = (alpha * self.l1 > 0.0) & (self.lower <= 0.0) & (self.upper >= 0.0)
        return np.where(is_tiny & may_be_zero, 0.0, w)

    def slope_shares(self, alpha, w):
        if self.is_convex:
            return np.ones(w.size)
        start, end = (alpha * bend for bend in self.bends)
        return np.clip((end - np.abs(w)) / np.maximum(end - start, LEAST_STRENGTH), 0.0, 1.0)

    def repeated(self, k):
        """The penalty of k coefficients for each of these, one after the other."""
        if k == 1:
            return self
        bends = None if self.bends is None else tuple(np.repeat(bend, k) for bend in self.bends)
        return CoefficientPath(*(np.repeat(part, k) for part in (self.l1, self.l2, self.lower, self.upper)), bends)


class GroupPath(PenaltyPath):
    """Penalties of the norms of groups of coordinates. A block is a group.

    Parameters
    ----------
    norms : CoefficientPath
        Of the norms, without bounds but those of groups that are held at zero.
    order : ndarray of int
        All coordinates, group by group.
    ptr : ndarray of int of shape (n_blocks + 1,)
        Coordinates ``order[ptr[j]:ptr[j + 1]]`` are group j.
    l1 : ndarray
        L1 strength of every coordinate for alpha = 1.
    """

    def __init__(self, norms, order, ptr, l1):
        self.norms = norms
        self.order = order
        self.ptr = ptr
        self.l1 = l1
        self.n_blocks = norms.n_blocks
        self.is_fixed = norms.is_fixed
        self._group_of = np.empty(order.size, np.int64)
        self._group_of[order] = np.repeat(np.arange(self.n_blocks), np.diff(ptr))

    def at(self, alpha, blocks):
        sizes = np.diff(self.ptr)[blocks]
        inner = self.norms.at(alpha, blocks)
        free = np.full(blocks.size, np.inf)
        inner = inner._replace(lower=-free, upper=np.where(self.is_fixed[blocks], 0.0, free))
        return Groups(inner, np.append(0, np.cumsum(sizes)), alpha * self.l1[self.coordinates(blocks)])

    def entry_alpha(self, c):
        if not self.l1.any():
            return self.norms.entry_alpha(np.sqrt(np.bincount(self._group_of, c**2, self.n_blocks)))
        out = np.empty(self.n_blocks)
        entry_alphas(np.ascontiguousarray(c[self.order]), self.ptr, self.l1[self.order], self.norms.l1, out)
        return np.where(self.is_fixed, 0.0, out)

    def holds(self):
        has_l1 = np.bincount(self._group_of, self.l1 > 0.0, self.n_blocks) == np.diff(self.ptr)
        return ((self.norms.l1 > 0.0) | has_l1) & ~self.is_fixed

    def block_sizes(self, blocks):
        return None if self.n_blocks == self.order.size else np.diff(self.ptr)[blocks]

    def coordinates(self, blocks):
        return self.order[ranges(self.ptr, blocks)]

    def block_mask(self, blocks):
        return blocks[self._group_of]

    def any_by_block(self, coordinates):
        return np.bincount(self._group_of, coordinates, self.n_blocks) > 0.0

    def project(self, w):
        return np.where(self.block_mask(self.is_fixed), 0.0, w)

    @property
    def is_convex(self):
        return self.norms.is_convex

    def convex(self):
        return self if self.is_convex else GroupPath(self.norms.convex(), self.order, self.ptr, self.l1)

    def without_rounding(self, alpha, w):
        sizes = np.sqrt(np.bincount(self._group_of, w**2, self.n_blocks))
        of_group = self.block_mask((sizes <= ZERO_COEFFICIENT) & (alpha * self.norms.l1 > 0.0))
        return np.where(of_group | ((np.abs(w) <= ZERO_COEFFICIENT) & (alpha * self.l1 > 0.0)), 0.0, w)

    def slope_shares(self, alpha, w):
        return self.norms.slope_shares(alpha, np.sqrt(np.bincount(self._group_of, w**2, self.n_blocks)))


@njit
def entry_alphas(c, ptr, l1, of_norm, out):
    """For every group the root of ``||(|c| - alpha l1)_+|| = alpha of_norm``, by bisection."""
    for j in range(ptr.size - 1):
        low = high = 0.0
        for k in range(ptr[j], ptr[j + 1]):
            high += c[k] * c[k]
        high = np.sqrt(high)
        if high == 0.0:
            out[j] = 0.0
            continue
        if of_norm[j] == 0.0:  # only L1: the first coefficient that enters
            out[j] = 0.0
            for k in range(ptr[j], ptr[j + 1]):
                if c[k] != 0.0:
                    out[j] = max(out[j], abs(c[k]) / l1[k] if l1[k] > 0.0 else np.inf)
            continue
        high /= of_norm[j]
        for _ in range(BISECTIONS):
            alpha, s = 0.5 * (low + high), 0.0
            for k in range(ptr[j], ptr[j + 1]):
                u = max(abs(c[k]) - alpha * l1[k], 0.0)
                s += u * u
            if np.sqrt(s) > alpha * of_norm[j]:
                low = alpha
            else:
                high = alpha
        out[j] = high
