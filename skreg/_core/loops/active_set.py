"""Active-set method on rows: exact solutions of small problems on which coordinate descent stalls.

Lawson & Hanson, "Solving Least Squares Problems" (1974), chapter 23, with L1 and L2 penalties and bounds on both sides.
Systems are solved by singular values of the rows: inner products of nearly dependent columns would square their
condition number. The residual comes out feasible for the dual to rounding, so it certifies the solution.
"""

import numpy as np

MAX_CELLS = 1 << 24  # entries of the dense copy of X
MAX_SIDE = 500  # rows or columns, whichever are fewer
CHEAP_SIDE = 100  # up to which side a step takes no longer than some rounds of coordinate descent
MIN_GAIN = 1e-13  # slope below which moving a coefficient away from its end counts as no descent
RANK = 1e-13  # singular values below it, relative to the largest and times the larger side, count as zero
STEP_WITHOUT_CURVATURE = 1e6  # how many times the largest coefficient a step goes along a direction without curvature


def is_small(data):
    """Whether the active-set method can solve a problem of this size in reasonable time and memory."""
    return data.n * data.p <= MAX_CELLS and min(data.n, data.p) <= MAX_SIDE


def rounds_before(data, rounds):
    """How many rounds of coordinate descent come first: `rounds`, or more where a step costs more than these."""
    return int(rounds * max(1.0, (min(data.n, data.p) / CHEAP_SIDE) ** 2))


def active_set(data, target, pen, w, max_steps):
    """Minimize the squared loss plus the penalty.

    Parameters
    ----------
    data : Data
    target : int
    pen : ElasticNet
    w : ndarray of shape (p,)
        Start, in normalized units and within the bounds.
    max_steps : int

    Returns
    -------
    w : ndarray of shape (p,)
    residual : ndarray of shape (n,)
        In the units of `Data.block`; a dual point.
    steps : int
    """
    Z = data.block(slice(None))
    y = -data.sqrt_weighted(data.R[target])
    if data.n <= data.p:
        return _descend(Z, y, pen, w.copy(), max_steps)
    Q, Z = np.linalg.qr(Z)
    inside = Q.T @ y
    w, residual, steps = _descend(Z, inside, pen, w.copy(), max_steps)
    return w, y - Q @ (inside - residual), steps


def _descend(Z, y, pen, w, max_steps):
    """The loop: solve for the free coefficients, stop those that reach an end, free the one that gains most."""
    low, high = pen.lower.copy(), pen.upper.copy()  # the ends of the smooth piece that every coefficient is on
    sign = np.where(pen.l1 > 0.0, np.sign(w), 0.0)
    low[sign > 0.0] = np.maximum(low[sign > 0.0], 0.0)
    high[sign < 0.0] = np.minimum(high[sign < 0.0], 0.0)
    free = (low < w) & (w < high) & ((w != 0.0) | (pen.l1 == 0.0)) & Z.any(axis=0)
    refused = ~Z.any(axis=0)
    useless, entered, direction = refused.copy(), -1, 0.0
    best = y - Z @ w
    steps = 0
    while steps < max_steps:
        steps += 1
        cols = np.flatnonzero(free)
        v, residual = _minimize_free(Z, y, pen, w, cols, sign[cols])
        step = v - w[cols]
        if entered >= 0 and step[cols == entered][0] * direction <= 0.0:  # only rounding promised a gain
            free[entered], refused[entered] = False, True
        else:
            ends = np.where(step > 0.0, high[cols], low[cols])
            reach = np.divide(ends - w[cols], step, out=np.full(cols.size, np.inf), where=step != 0.0)
            t = min(reach.min(initial=np.inf), 1.0)
            stopped = reach <= t * (1.0 + 1e-12)
            w[cols] = np.where(stopped, ends, w[cols] + t * step)
            free[cols[stopped]] = False
            if t < 1.0:
                entered = -1
                continue
            best, refused = residual, useless.copy()
        entered, direction = _most_gain(Z.T @ best, pen, w, free | refused)
        if entered < 0:
            break
        free[entered] = True
        if pen.l1[entered] > 0.0:
            positive = w[entered] > 0.0 or (w[entered] == 0.0 and direction > 0.0)
            sign[entered] = 1.0 if positive else -1.0
            low[entered] = max(pen.lower[entered], 0.0) if positive else pen.lower[entered]
            high[entered] = pen.upper[entered] if positive else min(pen.upper[entered], 0.0)
    return w, best, steps


def _minimize_free(Z, y, pen, w, cols, sign):
    """Minimizer over some coefficients on their smooth pieces, the others fixed; and the residual there.

    The residual is a projection, accurate even where coefficients are so large that they cancel. Directions without
    curvature are left alone, or followed far where the objective falls along them: the end of a piece stops them.
    """
    held = w.copy()
    held[cols] = 0.0
    A, b = Z[:, cols], y - Z @ held
    if pen.l2[cols].any():
        A = np.vstack([A, np.diag(np.sqrt(pen.l2[cols]))])
        b = np.append(b, np.zeros(cols.size))
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    keep = s > RANK * max(A.shape) * s.max(initial=0.0)
    U, s, Vt = U[:, keep], s[keep], Vt[keep]
    slope = pen.l1[cols] * sign
    along = Vt @ slope
    inside = U.T @ b
    v = Vt.T @ (inside / s - along / s**2) + w[cols] - Vt.T @ (Vt @ w[cols])
    flat = slope - Vt.T @ along
    size = np.linalg.norm(flat)
    if size > 1e-9 * np.linalg.norm(slope):
        v -= flat * (STEP_WITHOUT_CURVATURE * (1.0 + np.abs(w).max()) / size)
    return v, (b - U @ (inside - along / s))[: y.size]


def _most_gain(c, pen, w, skipped):
    """The coefficient outside the mask whose move lowers the objective fastest, and its direction; -1 for none."""
    c = c - pen.l2 * w
    up = np.where(w < pen.upper, c - np.where(w >= 0.0, pen.l1, -pen.l1), 0.0)
    down = np.where(w > pen.lower, -c - np.where(w <= 0.0, pen.l1, -pen.l1), 0.0)
    gain = np.where(skipped, 0.0, np.maximum(up, down))
    j = int(np.argmax(gain))
    if gain[j] <= MIN_GAIN:
        return -1, 0.0
    return j, 1.0 if up[j] >= down[j] else -1.0
