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
    for j in range(w.size):
        s += pen.value(w[j], j)
    return s


@njit
def dual_scales(pen, c):
    """Largest factors in [0, 1] that make the dual point c feasible, and that bring all conjugates to zero."""
    reach = flat = 1.0
    for j in range(c.size):
        reach = min(reach, pen.feasible_scale(c[j], j))
        flat = min(flat, pen.vanishing_scale(c[j], j))
    return reach, flat


@njit
def conjugate_value(pen, c, s):
    """Sum of the conjugates at s * c."""
    total = 0.0
    for j in range(c.size):
        total += pen.conjugate(s * c[j], j)
    return total


@njit
def optimality(pen, w, c):
    """Largest distance of minus the gradient c to the subdifferential of the penalty at w."""
    worst = 0.0
    for j in range(w.size):
        worst = max(worst, pen.subdiff_dist(w[j], c[j], j))
    return worst


@njit
def smooth_piece(pen, w, coords, slope, curvature):
    """Slope and curvature of the penalty around w."""
    for k in range(coords.size):
        j = coords[k]
        slope[k] = pen.slope(w[j], j)
        curvature[k] = pen.curvature(w[j], j)


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
    """Coordinates that are not at zero, or whose correlation is within `near` of moving them away from it."""
    out = np.empty(w.size, np.int64)
    k = 0
    for j in range(w.size):
        if w[j] != 0.0 or pen.subdiff_dist(0.0, c[j] / near, j) > 0.0:
            out[k] = j
            k += 1
    return out[:k]


@njit
def find_smooth(pen, w):
    """Mask of the coefficients at which the penalty is smooth."""
    out = np.empty(w.size, np.bool_)
    for j in range(w.size):
        out[j] = pen.is_smooth(w[j], j)
    return out


def squared_dual(pen, c, rr, yr):
    """Best dual value on the ray of a residual, and its scale.

    For ``f = ||y - A w||^2 / 2``: squared residual norm `rr`, product `yr` of residual and y, and ``c = A' residual``.
    """
    reach, flat = dual_scales(pen, c)
    best, scale = -np.inf, 0.0
    for s in (reach, flat) if flat < reach else (reach,):
        value = s * yr - 0.5 * s * s * rr - conjugate_value(pen, c, s)
        if value > best:
            best, scale = value, s
    return best, scale
