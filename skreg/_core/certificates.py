"""Certificates: primal value, dual value, duality gap, distance to the subdifferential.

The primal is ``f(A w) + sum_j penalty_j(w_j)``; every point s * theta, where theta is minus the gradient of f, gives
the dual bound ``-f*(-s theta) - sum_j penalty_j*(s c_j)`` with ``c = A' theta`` (Fenchel-Rockafellar duality; for the
lasso see Fercoq, Gramfort & Salmon 2015, eq. 5-8). Its distance to the primal value bounds the suboptimality of w.
"""

import numpy as np

from ._jit import njit


@njit
def penalty_value(pen, w):
    """Sum of the penalty over all coefficients."""
    s = 0.0
    for j in range(pen.count()):
        s += pen.value(pen.amount(w, j), j)
    return s


@njit
def conjugate_value(pen, c, s):
    """Sum of the conjugates at s * c."""
    total = 0.0
    for j in range(pen.count()):
        total += pen.conjugate(s * pen.amount(c, j), j)
    return total


@njit
def optimality(pen, w, c):
    """Largest distance of minus the gradient c to the subdifferential of the penalty at w."""
    worst = 0.0
    for j in range(pen.count()):
        worst = max(worst, pen.distance(w, c, j))
    return worst


@njit
def clip_to_piece(pen, trial, w):
    """Bring a trial back to the smooth pieces around w, in place; whether that changed anything."""
    changed = False
    for j in range(w.size):
        if trial[j] != w[j]:
            new = pen.clip(trial[j], w[j], j)
            changed |= new != trial[j]
            trial[j] = new
    return changed


@njit
def find_active(pen, w, c, near):
    """Coordinates, or groups, that are not zero, or whose correlation is within `near` of moving them away from it."""
    out = np.empty(pen.count(), np.int64)
    k = 0
    for j in range(pen.count()):
        if pen.amount(w, j) != 0.0 or pen.subdiff_dist(0.0, pen.amount(c, j) / near, j) > 0.0:
            out[k] = j
            k += 1
    return out[:k]


@njit
def smooth_pieces(pen, w, slope, curvature):
    """Mask of the coefficients at which the penalty is smooth; its slope and curvature there are written."""
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
    for j in range(pen.count()):
        size = pen.amount(c, j)
        feasible = min(feasible, pen.feasible_scale(size, j))
        vanishing = min(vanishing, pen.vanishing_scale(size, j))
    return feasible, vanishing


@njit
def squared_dual(pen, c, rr, yr):
    """Best dual value on the ray of a residual, and the positive scale of the point that reaches it.

    For ``f = ||y - A w||^2 / 2``: squared residual norm `rr`, product `yr` of residual and y, and ``c = A' residual``.
    Both of the `dual_scales` are tried. The dual point 0 is always feasible, so the value is never below its value;
    the scale is that of the better point beside it, because screening needs a direction.
    """
    feasible, vanishing = dual_scales(pen, c)
    best, scale, s = -np.inf, 0.0, feasible
    for _ in range(2):
        value = s * yr - 0.5 * s * s * rr
        for j in range(pen.count()):
            value -= pen.conjugate(s * pen.amount(c, j), j)
        if value > best:
            best, scale = value, s
        if vanishing >= feasible:
            break
        s = vanishing
    return max(best, -conjugate_value(pen, c, 0.0)), scale
