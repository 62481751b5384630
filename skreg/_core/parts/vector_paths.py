"""Penalties of the whole vector of coefficients, as functions of alpha in normalized units; see `penalty_paths`."""

import numpy as np

from .fused_l1 import FusedL1
from .penalty_paths import ZERO_COEFFICIENT, PenaltyPath
from .sorted_l1 import SortedL1, sorted_entry_alphas


class SortedPath(PenaltyPath):
    """The sorted L1 norm with ridge. A block is a coefficient.

    Coefficients outside a working set of m are zero, so that the working set has the m largest weights. Those that
    leave zero depend on each other, see `sorted_entry_alphas`: the strong rule of paths is that of Larsson, Bogdan &
    Wallin (2020).

    Parameters
    ----------
    weights : ndarray of shape (n_blocks,)
        In decreasing order, for alpha = 1.
    l2 : float
    is_fixed : ndarray of bool of shape (n_blocks,)
        Coefficients that are held at zero.
    """

    is_convex = True
    is_separable = False
    has_free_part = False

    def __init__(self, weights, l2, is_fixed):
        self.weights = weights
        self.l2 = l2
        self.is_fixed = is_fixed
        self.n_blocks = weights.size

    def at(self, alpha, blocks):
        return SortedL1(alpha * self.weights[: blocks.size], float(alpha * self.l2))

    def entry_alpha(self, c):
        entry = sorted_entry_alphas(np.where(self.is_fixed, 0.0, np.abs(c)), self.weights)
        return np.where(self.is_fixed, 0.0, entry)

    def holds(self):
        return ~self.is_fixed & bool(self.weights[0] > 0.0)

    def project(self, w):
        return np.where(self.is_fixed, 0.0, w)

    def without_rounding(self, alpha, w):
        return np.where((np.abs(w) <= ZERO_COEFFICIENT) & (alpha * self.weights[0] > 0.0), 0.0, w)


class FusedPath(PenaltyPath):
    """The fused lasso. All coefficients are one block.

    Parameters
    ----------
    l1, jump : float
        Of `FusedL1`, for alpha = 1.
    p : int
    """

    is_convex = True
    n_blocks = 1

    def __init__(self, l1, jump, p):
        self.l1 = l1
        self.jump = jump
        self.p = p
        self.is_fixed = np.zeros(1, bool)

    @property
    def has_free_part(self):
        return self.l1 == 0.0

    def at(self, alpha, blocks):
        return FusedL1(float(alpha * self.l1), float(alpha * self.jump), int(self.p if blocks.size else 0))

    def entry_alpha(self, c):
        return np.array([self._penalty.gauge(c)])

    def largest_entry_alpha(self, size):
        return np.array([np.sum(size) / max(self.l1, self.jump)])

    @property
    def _penalty(self):
        return FusedL1(float(self.l1), float(self.jump), self.p)

    def holds(self):
        return np.ones(1, bool)

    def coordinates(self, blocks):
        return np.arange(self.p if blocks.size else 0)

    def block_mask(self, blocks):
        return np.full(self.p, blocks[0])

    def any_by_block(self, coordinates):
        return np.array([coordinates.any()])

    def without_rounding(self, alpha, w):
        return np.where((np.abs(w) <= ZERO_COEFFICIENT) & (alpha * self.l1 > 0.0), 0.0, w)
