"""The user's penalty, and the path that it is in normalized units."""

from typing import NamedTuple

import numpy as np

from .penalty_paths import CoefficientPath, GroupPath
from .vector_paths import FusedPath, SortedPath

CONCAVE = ("mcp", "scad")
OF_VECTOR = ("slope", "fused")


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
      "sparse" groups ``alpha (l1_ratio ||b||_1 + (1 - l1_ratio) sum_g f_g ||b_g||)``;
    - "slope": ``alpha (l1_ratio sum_i slope_weights_i |b|_(i) + (1 - l1_ratio) ||b||^2 / 2)``, magnitudes in decreasing
      order;
    - "fused": ``alpha (l1_ratio ||b||_1 + (1 - l1_ratio) sum_j |b_j+1 - b_j|)``.

    Attributes
    ----------
    l1_ratio : float
    factor : ndarray
        One for each feature, or for each group.
    bounds : pair of ndarray or float
    standardize : bool
    shape : {"elastic_net", "mcp", "scad", "slope", "fused"}
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
    slope_weights : ndarray or None
        One for each feature, in decreasing order.
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
    slope_weights: np.ndarray | None = None

    def tangent(self, l1_shares):
        """The convex penalty that touches the concave one where its slopes are these shares of those at zero."""
        return self._replace(shape="elastic_net", l1_shares=l1_shares)

    def on_support(self, support):
        """The penalty of a refit: only its ridge, on the features in a mask (p,) and those that are not penalized.

        The others are left out. Concave penalties, and the norms of the sparse group lasso and of differences, have no
        part that is kept.
        """
        factor = np.broadcast_to(self.factor, support.size) if self.groups is None else np.empty(support.size)
        for group, weight in zip(self.groups or (), self.factor, strict=False):
            factor[group] = weight
        share = 0.0 if self.is_sparse or self.shape == "fused" else 1.0 - self.l1_ratio
        ridge = np.where(np.isinf(factor), np.inf, np.where(np.isinf(factor), 0.0, factor) * share)
        return Penalty(0.0, np.where(support | (factor == 0.0), ridge, np.inf), self.bounds, self.standardize)

    @property
    def is_elastic_net(self):
        """Whether it is a convex penalty of single coefficients."""
        return self.groups is None and self.shape == "elastic_net"

    @property
    def is_convex(self):
        return self.shape not in CONCAVE

    @property
    def is_of_vector(self):
        """Whether it is a penalty of all coefficients together, whose columns are scaled as one."""
        return self.shape in OF_VECTOR

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
        if self.is_of_vector:
            return data.rescaled(self._common_scale(data))
        if self.groups is None:
            return data
        lengths, scale = self.lengths(data), data.scale.copy()
        for group, factor in zip(self.groups, self.factor, strict=True):
            varying = group[scale[group] > 0.0]
            if varying.size > 1 and factor > 0.0:  # the norm of an unpenalized group does not matter
                scale[varying] *= lengths[varying].min() / lengths[varying]
        return data.rescaled(scale)

    def _common_scale(self, data):
        """Scales of the columns for which the penalty sees all normalized coefficients of 1 alike.

        Columns that do not vary have no effect, and a coefficient of 0, but in the fused lasso, where it is between
        those of its neighbours.
        """
        varies = data.scale > 0.0
        if not varies.any():
            return data.scale
        common = self.lengths(data)[varies].min()
        return np.where(varies | (self.shape == "fused"), common / self._lengths(data), 0.0)

    def _of_vector(self, data, unit, length):
        """The penalty of a vector, whose normalized coefficients of 1 have a length in the penalty's units."""
        strength = length * (data.weight / unit)
        if self.shape == "fused":
            return FusedPath(self.l1_ratio * strength, (1.0 - self.l1_ratio) * strength, data.p)
        l2 = (1.0 - self.l1_ratio) * length**2 * data.weight
        return SortedPath(self.l1_ratio * strength * self.slope_weights, l2, data.scale == 0.0)

    def path(self, data, unit, n_scores=1):
        """The penalty in normalized units, for targets whose norm is `unit`.

        With several scores, coordinate ``j n_scores + k`` is that of column j and score k.
        """
        lengths, groups = self.lengths(data), self.groups
        if self.is_of_vector:
            return self._of_vector(data, unit, lengths.max())
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
        out = np.isinf(factor) | (scale == 0.0)
        factor = np.where(out, 0.0, factor)
        l1 = factor * l1_ratio * self.l1_shares * (lengths * (data.weight / unit))
        l2 = factor * (1.0 - l1_ratio) * lengths**2 * data.weight
        with np.errstate(divide="ignore", invalid="ignore"):
            size = unit * scale
            lower, upper = (np.where(np.equal(bound, 0.0), 0.0, bound / size) for bound in self.bounds)
        lower[out] = upper[out] = 0.0
        if self.shape == "elastic_net":
            return CoefficientPath(l1, l2, lower, upper)
        with np.errstate(divide="ignore", invalid="ignore"):
            knee = np.where(l1 > 0.0, factor * l1_ratio / (unit * lengths), 1.0)  # |w| of |b| = alpha f_j l1_ratio
        return CoefficientPath(l1, l2, lower, upper, (knee * (self.shape == "scad"), knee * self.gamma))
