"""Penalties as functions of their strength alpha: in the user's units (`Penalty`), and in those of the solvers.

In normalized units ``b_j = unit * scale_j * w_j``, and the loss is divided by ``unit^2 / weight``.
"""

from typing import NamedTuple

import numpy as np

from .._jit import njit
from .groups import Groups, ranges
from .penalties import BISECTIONS, ElasticNet, FoldedConcave

ZERO_COEFFICIENT = 1e-13  # normalized coefficients below it are rounding where the penalty draws them to 0
TINY = 1e-300  # keeps divisions finite where a penalty has no strength


class PenaltyPath:
    """What paths and working sets ask of a penalty, in normalized units.

    Attributes
    ----------
    n_blocks : int
    is_fixed : ndarray of bool of shape (n_blocks,)
        Blocks that are zero whatever alpha is.
    is_convex : bool
    """

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

    def at(self, alpha, blocks):
        strengths = alpha * self.l1[blocks], alpha * self.l2[blocks]
        bounds = self.lower[blocks], self.upper[blocks]
        if self.bends is None:
            return ElasticNet(*strengths, *bounds)
        if alpha == 0.0:  # the bends mean nothing, and must differ
            return FoldedConcave(*strengths, np.zeros(blocks.size), np.ones(blocks.size), *bounds)
        return FoldedConcave(*strengths, *(alpha * bend[blocks] for bend in self.bends), *bounds)

    def entry_alpha(self, c):
        return self._entry(np.maximum(c * (self.upper > 0.0), -c * (self.lower < 0.0)))

    def largest_entry_alpha(self, size):
        return self._entry(size * ((self.upper > 0.0) | (self.lower < 0.0)))

    def _entry(self, pull):
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
        may_be_zero = (alpha * self.l1 > 0.0) & (self.lower <= 0.0) & (self.upper >= 0.0)
        return np.where((np.abs(w) <= ZERO_COEFFICIENT) & may_be_zero, 0.0, w)

    def slope_shares(self, alpha, w):
        if self.is_convex:
            return np.ones(w.size)
        start, end = (alpha * bend for bend in self.bends)
        return np.clip((end - np.abs(w)) / np.maximum(end - start, TINY), 0.0, 1.0)

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


def _layout(groups, n_scores, is_joint):
    """`order` and `ptr` of a `GroupPath`: blocks are groups of columns, with all scores or with one after the other."""
    columns, sizes = np.concatenate(groups), np.array([group.size for group in groups])
    if is_joint:
        order = (columns[:, None] * n_scores + np.arange(n_scores)).ravel()
        return order, np.append(0, np.cumsum(sizes * n_scores))
    order = [np.asarray(group) * n_scores + k for group in groups for k in range(n_scores)]
    return np.concatenate(order), np.append(0, np.cumsum(np.repeat(sizes, n_scores)))


class Penalty(NamedTuple):
    """The user's penalty without alpha, of coefficients b, or of those of standardized columns.

    - "elastic_net": ``alpha sum_j f_j (l1_ratio |b_j| + (1 - l1_ratio) b_j^2 / 2)`` within bounds;
    - "mcp", "scad": the same, with the concave penalty of strength ``alpha f_j l1_ratio`` for the absolute value;
    - with `groups`, the same for the norms of groups instead of coefficients, with a factor for each group, and for
      "sparse" groups ``alpha (l1_ratio ||b||_1 + (1 - l1_ratio) sum_g f_g ||b_g||)``.

    Attributes
    ----------
    l1_ratio : float
    factor : ndarray
        One for each feature, or for each group.
    bounds : pair of ndarray or float
    standardize : bool
    shape : {"elastic_net", "mcp", "scad"}
    gamma : float
        Where a concave penalty becomes constant, relative to its strength.
    groups : list of ndarray of int, or None
        Features of every group.
    is_sparse : bool
        Whether there is an L1 penalty within groups.
    is_joint : bool
        Of several scores, whether the norm is that of the coefficients of all scores. Without `groups`, it is that of
        a column then.
    l1_shares : ndarray or float
        Factors of the L1 penalties alone, of coefficients or norms.
    """

    l1_ratio: float
    factor: np.ndarray
    bounds: tuple = (-np.inf, np.inf)
    standardize: bool = False
    shape: str = "elastic_net"
    gamma: float = 3.0
    groups: list | None = None
    is_sparse: bool = False
    is_joint: bool = False
    l1_shares: np.ndarray | float = 1.0

    def tangent(self, l1_shares):
        """The convex penalty that touches the concave one where its slopes are these shares of those at zero."""
        return self._replace(shape="elastic_net", l1_shares=l1_shares)

    @property
    def is_elastic_net(self):
        """Whether it is a convex penalty of single coefficients."""
        return self.groups is None and self.shape == "elastic_net"

    @property
    def is_convex(self):
        return self.shape == "elastic_net"

    @property
    def is_bounded(self):
        return bool(np.isfinite(self.bounds[0]).any() or np.isfinite(self.bounds[1]).any())

    def _lengths(self, data):
        """Standard deviations of the columns with `standardize`, else 1."""
        return np.where(data.spread > 0.0, data.spread, 1.0) if self.standardize else np.ones(data.p)

    def lengths(self, data):
        """Coefficients as the penalty sees them for normalized ones of 1 (p,)."""
        return data.scale * self._lengths(data)

    def scaled(self, data):
        """The data on which the penalty of a group is a function of the norm of its normalized coefficients.

        Their columns are scaled as one, so that the longest of a group has norm 1, and the others are shorter.
        """
        if self.groups is None:
            return data
        lengths, scale = self.lengths(data), data.scale.copy()
        for group, factor in zip(self.groups, self.factor, strict=True):
            varying = group[scale[group] > 0.0]
            if varying.size > 1 and factor > 0.0:  # the norm of an unpenalized group does not matter
                scale[varying] *= lengths[varying].min() / lengths[varying]
        return data.rescaled(scale)

    def path(self, data, unit, n_scores=1):
        """The penalty in normalized units, for targets whose norm is `unit`.

        With several scores, coordinate ``j n_scores + k`` is that of column j and score k.
        """
        lengths, groups = self.lengths(data), self.groups
        if groups is None:
            path = self._norms(data, unit, lengths, data.scale, self.factor)
            if not self.is_joint or n_scores == 1:
                return path.repeated(n_scores)
            return GroupPath(path, *_layout(np.arange(data.p)[:, None], n_scores, True), np.zeros(data.p * n_scores))
        size = np.array([lengths[group].max(initial=0.0) for group in groups])
        factor = self.factor
        if self.is_sparse:
            factor = np.where(np.isinf(factor), np.inf, np.where(np.isinf(factor), 0.0, factor) * (1.0 - self.l1_ratio))
        norms = self._norms(data, unit, size, size, factor, 1.0 if self.is_sparse else self.l1_ratio)
        within = self.l1_ratio * lengths * (data.weight / unit) if self.is_sparse else np.zeros(data.p)
        norms = norms if self.is_joint else norms.repeated(n_scores)
        return GroupPath(norms, *_layout(groups, n_scores, self.is_joint), np.repeat(within, n_scores))

    def _norms(self, data, unit, lengths, scale, factor, l1_ratio=None):
        """The penalty of coefficients, or norms, of which a normalized one of 1 has a length in the penalty's units."""
        l1_ratio = self.l1_ratio if l1_ratio is None else l1_ratio
        lower, upper = (np.array(np.broadcast_to(b, scale.size), dtype=np.float64) for b in self.bounds)
        out = np.isinf(factor) | (scale == 0.0)
        factor = np.where(out, 0.0, factor)
        l1 = factor * l1_ratio * self.l1_shares * (lengths * (data.weight / unit))
        l2 = factor * (1.0 - l1_ratio) * lengths**2 * data.weight
        with np.errstate(divide="ignore", invalid="ignore"):
            size = unit * scale
            lower = np.where(lower == 0.0, 0.0, lower / size)
            upper = np.where(upper == 0.0, 0.0, upper / size)
            knee = np.where(l1 > 0.0, factor * l1_ratio / (unit * lengths), 1.0)  # |w| of |b| = alpha f_j l1_ratio
        lower[out] = upper[out] = 0.0
        if self.shape == "elastic_net":
            return CoefficientPath(l1, l2, lower, upper)
        return CoefficientPath(l1, l2, lower, upper, (knee * (self.shape == "scad"), knee * self.gamma))
