"""Certificates: primal value, dual value, duality gap, distance to the subdifferential.

The primal is ``f(A w) + sum_j penalty_j(w_j)``; every point s * theta, where theta is minus the gradient of f, gives
the dual bound ``-f*(-s theta) - sum_j penalty_j*(s c_j)`` with ``c = A' theta`` (Fenchel-Rockafellar duality; for the
lasso see Fercoq, Gramfort & Salmon 2015, eq. 5-8). Its distance to the primal value bounds the suboptimality of w.
"""

import numpy as np

from ._jit import njit


@njit
def penalty_value(pen, w):
    """The penalty at coefficients w."""
    s = 0.0
    for j in range(pen.n_blocks()):
        s += pen.value(pen.block_value(w, j), j)
    return s


@njit
def conjugate_value(pen, c, s):
    """The conjugate of the penalty at s * c."""
    total = 0.0
    for j in range(pen.n_blocks()):
        total += pen.conjugate(s * pen.block_value(c, j), j)
    return total


@njit
def optimality(pen, w, c):
    """Largest distance of minus the gradient c to the subdifferential of the penalty at w."""
    worst = 0.0
    for j in range(pen.n_blocks()):
        worst = max(worst, pen.block_subdiff_distance(w, c, j))
    return worst


@njit
def clip_to_piece(pen, trial, w):
    """Clip a trial, in place, to the smooth pieces of the penalty around w. Returns whether anything changed."""
    changed = False
    for j in range(w.size):
        if trial[j] != w[j]:
            new = pen.clip(trial[j], w[j], j)
            changed |= new != trial[j]
            trial[j] = new
    return changed


@njit
def find_active(pen, w, c, near):
    """Blocks that are nonzero, or whose correlation reaches the share `near` of the limit at which they leave zero."""
    out = np.empty(pen.n_blocks(), np.int64)
    k = 0
    for j in range(pen.n_blocks()):
        if pen.block_value(w, j) != 0.0 or pen.subdiff_distance(0.0, pen.block_value(c, j) / near, j) > 0.0:
            out[k] = j
            k += 1
    return out[:k]


@njit
def smooth_pieces(pen, w, slope, curvature):
    """Mask of the coefficients at which the penalty is smooth. Fills `slope` and `curvature` with its derivatives."""
    smooth = np.empty(w.size, np.bool_)
    for j in range(w.size):
        smooth[j] = pen.is_smooth(w[j], j)
        slope[j] = pen.slope(w[j], j)
        curvature[j] = pen.curvature(w[j], j)
    return smooth


@njit
def dual_scales(pen, c):
    """The largest scale in [0, 1] at which c is feasible, and the largest at which all conjugates vanish."""
    feasible = vanishing = 1.0
    for j in range(pen.n_blocks()):
        size = pen.block_value(c, j)
        feasible = min(feasible, pen.feasible_scale(size, j))
        vanishing = min(vanishing, pen.vanishing_scale(size, j))
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
            value -= pen.conjugate(s * pen.block_value(c, j), j)
        if value > best:
            best, scale = value, s
        if vanishing >= feasible:
            break
        s = vanishing
    return max(best, -conjugate_value(pen, c, 0.0)), scale
