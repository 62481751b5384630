"""Certificates: the duality gap of convex problems, and the distance to stationarity of others.

The primal is ``f(A w) + sum_j penalty_j(w_j)`` over blocks j; every point s * theta, where theta is minus the gradient
of f, gives the dual bound ``-f*(-s theta) - sum_j penalty_j*(s c_j)`` with ``c = A' theta`` (Fenchel-Rockafellar
duality; for the lasso see Fercoq, Gramfort & Salmon 2015, eq. 5-8). Its distance to the primal value bounds the
suboptimality of w. Where the loss or the penalty is not convex no bound is known; a stationary point has distance 0
from minus the gradient of f to the subdifferential of the penalty.
"""

import numpy as np

from .._jit import njit


@njit
def penalty_value(pen, w):
    """The penalty at coefficients w."""
    s = 0.0
    for j in range(pen.n_blocks()):
        s += pen.block_value(w, j)
    return s


@njit
def conjugate_value(pen, c, s):
    """The conjugate of the penalty at s * c."""
    total = 0.0
    for j in range(pen.n_blocks()):
        total += pen.block_conjugate(c, s, j)
    return total


@njit
def optimality(pen, w, c):
    """Largest distance of minus the gradient c to the subdifferential of the penalty of a block at w."""
    worst = 0.0
    for j in range(pen.n_blocks()):
        worst = max(worst, pen.block_subdiff_distance(w, c, j))
    return worst


@njit
def clip_to_piece(pen, trial, w):
    """Clip a trial, in place, to the smooth pieces of the penalty around w."""
    pen.clip_all(trial, w)


@njit
def find_active(pen, w, c, near):
    """Blocks that are nonzero, or whose correlation reaches the share `near` of the limit at which they leave zero."""
    out = np.empty(pen.n_blocks(), np.int64)
    k = 0
    for j in range(pen.n_blocks()):
        zero = True
        for i in range(pen.block_start(j), pen.block_stop(j)):
            zero &= w[i] == 0.0
        if not zero or pen.block_entry_distance(c, 1.0 / near, j) > 0.0:
            out[k] = j
            k += 1
    return out[:k]


@njit
def smooth_pieces(pen, w, slope):
    """Mask of the coefficients at which the penalty is smooth. Fills `slope` with its derivative."""
    smooth = np.empty(w.size, np.bool_)
    pen.fill_smooth(w, smooth, slope)
    return smooth


@njit
def add_hessian(pen, w, place, H):
    """Add the Hessian of the penalty to H, where coefficient k has row ``place[k]``, or none if that is negative."""
    pen.add_hessian(w, place, H)


@njit
def describe_face(pen, w, cluster, sign, slope, left, right):
    """Fill in the face of a vector penalty at w, see `vector.Face`. Returns the numbers of clusters and of pairs."""
    return pen.face(w, cluster, sign, slope, left, right)


@njit
def dual_scales(pen, c):
    """The largest scale in [0, 1] at which c is feasible, and the largest at which all conjugates vanish."""
    feasible = vanishing = 1.0
    for j in range(pen.n_blocks()):
        feasible = min(feasible, pen.block_feasible_scale(c, j))
        vanishing = min(vanishing, pen.block_vanishing_scale(c, j))
    return feasible, vanishing


@njit
def squared_dual(pen, c, rr, yr):
    """Best dual value on the ray of a residual, and the positive scale of the point that reaches it.

    For ``f = ||y - A w||^2 / 2``: squared residual norm `rr`, product `yr` of residual and y, and ``c = A' residual``.
    Both `dual_scales` are tried. The dual point 0 is always feasible, so the value is never below its value;
    the scale is that of the better point beside it, because screening needs a direction.
    """
    feasible, vanishing = dual_scales(pen, c)
    best, scale, s = -np.inf, 0.0, feasible
    for _ in range(2):
        value = s * yr - 0.5 * s * s * rr
        for j in range(pen.n_blocks()):
            value -= pen.block_conjugate(c, s, j)
        if value > best:
            best, scale = value, s
        if vanishing >= feasible:
            break
        s = vanishing
    return max(best, -conjugate_value(pen, c, 0.0)), scale


class DualityGap:
    """The gap between an iterate of a working set and the best dual point so far.

    Attributes
    ----------
    scale : float
        Scale of that dual point.
    w, r : ndarray and object
        The iterate whose scaled residual it is, and its state.
    """

    is_gap = True

    def __init__(self, s):
        self.s = s
        self.w = s.w
        self.r = s.r
        self.scale = 0.0
        self.bound = -np.inf

    def update(self, pen, value, c):
        """The certificate of the current iterate, whose objective and correlations are given."""
        for bound, scale in self.s.dual_bounds(pen, c):
            if bound > self.bound:
                self.bound, self.scale, self.w, self.r = bound, scale, self.s.w.copy(), self.s.snapshot()
        return max(value - self.bound, 0.0)

    def outside(self, path, alpha, value, blocks, entry, c):
        """The gap on all columns, where some blocks outside the working set violate their limits at the dual point.

        Either the point is kept, if their conjugates are finite, or it is scaled until none violates its limit.
        """
        s, pen, kept = self.s, path.at(alpha, self.s.blocks), -np.inf
        if path.is_separable:
            kept = self.bound - conjugate_value(path.at(alpha, blocks), c[path.coordinates(blocks)], self.scale)
        scaled = s.dual_value(pen, self, alpha / entry[blocks].max())
        return max(value - max(kept, scaled, s.trivial_dual(pen)), 0.0)


class Stationarity:
    """The largest distance, over blocks, of minus the gradient to the subdifferential of the penalty."""

    is_gap = False
    scale = 1.0

    def __init__(self, s):
        self.s = s
        self.distance = np.inf

    @property
    def w(self):
        return self.s.w

    @property
    def r(self):
        return self.s.r

    def update(self, pen, value, c):
        """The certificate of the current iterate."""
        self.distance = optimality(pen, self.s.w, c)
        return self.distance

    def outside(self, path, alpha, value, blocks, entry, c):
        """The distance on all columns, where some blocks outside the working set are not zero in a stationary point."""
        rest = c[path.coordinates(blocks)]
        return max(self.distance, optimality(path.at(alpha, blocks), np.zeros(rest.size), rest))


def certificate(s, pen):
    """The certificate that the loss of a working set and the penalty allow."""
    return DualityGap(s) if s.is_convex and pen.is_convex else Stationarity(s)
