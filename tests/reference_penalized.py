"""The documented objective of PenalizedRegressor, and its optimality conditions, in plain NumPy."""

import numpy as np
from scipy.optimize import linprog
from scipy.stats import norm

from tests.reference import dense


def mean_loss(loss, y, z, w, quantile=0.5, power=1.5, delta=1.0):
    """Weighted mean loss at scores z."""
    m = np.exp(z) if loss in ("poisson", "gamma", "tweedie") else None
    if loss == "squared":
        values = 0.5 * (y - z) ** 2
    elif loss == "huber":
        r = np.abs(y - z)
        values = np.where(r <= delta, 0.5 * r**2, delta * r - 0.5 * delta**2)
    elif loss == "quantile":
        values = np.maximum(quantile * (y - z), (quantile - 1.0) * (y - z))
    elif loss == "poisson":
        log_y = np.log(np.where(y > 0.0, y, 1.0))
        values = m - y * z - (y - y * log_y)
    elif loss == "gamma":
        values = z + y / m - 1.0 - np.log(y)
    else:
        up, down = 2.0 - power, 1.0 - power
        values = m**up / up - y * m**down / down + y**up / (up * down)
    return np.average(values, weights=w)


def slopes(loss, y, z, power=1.5, delta=1.0):
    """Derivatives of the losses of all rows by the score."""
    if loss == "squared":
        return z - y
    if loss == "huber":
        return np.clip(z - y, -delta, delta)
    m = np.exp(z)
    if loss == "poisson":
        return m - y
    return 1.0 - y / m if loss == "gamma" else m ** (2.0 - power) - y * m ** (1.0 - power)


def concave(size, strength, gamma, kind):
    """MCP or SCAD of a non-negative number."""
    end = gamma * strength
    if kind == "mcp":
        return np.where(size <= end, strength * size - size**2 / (2 * gamma), 0.5 * gamma * strength**2)
    middle = (2 * end * size - size**2 - strength**2) / (2 * (gamma - 1.0))
    return np.where(size <= strength, strength * size, np.where(size <= end, middle, 0.5 * strength**2 * (gamma + 1.0)))


def concave_slope(size, strength, gamma, kind):
    start = strength if kind == "scad" else 0.0
    return strength * np.clip((gamma * strength - size) / (gamma * strength - start), 0.0, 1.0)


KIND = {"mcp": "mcp", "scad": "scad", "group_mcp": "mcp", "group_scad": "scad"}


def slope_weights(p, fdr=0.1):
    """Benjamini-Hochberg weights."""
    return norm.isf(0.5 * fdr * np.arange(1, p + 1) / p)


def penalty(name, b, alpha, l1_ratio, gamma=3.0, factor=None, groups=None):
    """The penalty of coefficients; `groups` are positions, weighted by `factor` or the roots of their numbers."""
    if name == "slope":
        return alpha * (l1_ratio * slope_weights(b.size) @ np.sort(np.abs(b))[::-1] + 0.5 * (1.0 - l1_ratio) * b @ b)
    if name == "fused":
        return alpha * (l1_ratio * np.abs(b).sum() + (1.0 - l1_ratio) * np.abs(np.diff(b)).sum())
    if groups is None:
        factor = np.ones(b.size) if factor is None else factor
        size, squares = np.abs(b), b**2
    else:
        factor = np.sqrt([len(group) for group in groups]) if factor is None else factor
        size = np.array([np.linalg.norm(b[group]) for group in groups])
        squares = size**2
    if name == "sparse_group_lasso":
        return alpha * (l1_ratio * np.abs(b).sum() + (1.0 - l1_ratio) * factor @ size)
    strength = alpha * l1_ratio * factor
    first = concave(size, strength, gamma, KIND[name]) if name in KIND else strength * size
    return first.sum() + 0.5 * alpha * (1.0 - l1_ratio) * factor @ squares


def violation(name, X, g, b, alpha, l1_ratio, gamma=3.0, groups=None):
    """Largest distance of minus the gradient to the subdifferential of the penalty at b; g are slopes by scores."""
    factor = np.sqrt([len(group) for group in groups]) if groups else np.ones(b.size)
    return distance(name, -dense(X).T @ g, b, alpha, l1_ratio, gamma, groups, factor)


def distance(name, c, b, alpha, l1_ratio, gamma, groups, factor):
    """Largest distance of c to the subdifferential of the penalty at b; norms of groups are weighted by `factor`."""
    if name == "slope":
        c = c - alpha * (1.0 - l1_ratio) * b
        above = np.cumsum(np.sort(np.abs(c))[::-1] - alpha * l1_ratio * slope_weights(b.size))
        return max(above.max(), abs(penalty(name, b, alpha * l1_ratio, 1.0) - c @ b))
    if name == "fused":
        worst = abs(penalty(name, b, alpha, l1_ratio) - c @ b)
        for i in range(b.size):
            for j in range(i + 1, b.size + 1):
                indicator = np.where((np.arange(b.size) >= i) & (np.arange(b.size) < j), 1.0, 0.0)
                worst = max(worst, abs(c @ indicator) - penalty(name, indicator, alpha, l1_ratio))
        return worst
    worst = 0.0
    for group, weight in zip([[j] for j in range(b.size)] if groups is None else groups, factor, strict=True):
        size = np.linalg.norm(b[group])
        if name == "sparse_group_lasso":
            l1, strength, l2 = alpha * l1_ratio, alpha * (1.0 - l1_ratio) * weight, 0.0
        else:
            l1, strength, l2 = 0.0, alpha * l1_ratio * weight, alpha * (1.0 - l1_ratio) * weight
        if size == 0.0:
            rest = np.linalg.norm(np.maximum(np.abs(c[group]) - l1, 0.0))
            worst = max(worst, rest - strength)
            continue
        slope = concave_slope(size, strength, gamma, KIND[name]) if name in KIND else strength
        part = b[group] * (slope / size + l2)
        at_zero = np.maximum(np.abs(c[group] - part) - l1, 0.0)
        off_zero = np.abs(c[group] - part - l1 * np.sign(b[group]))
        worst = max(worst, np.linalg.norm(np.where(b[group] == 0.0, at_zero, off_zero)))
    return worst


def quantile_program(X, y, alpha=0.0, name="fused", l1_ratio=1.0, bounds=(None, None), weights=None, quantile=0.5):
    """The minimum of the weighted mean quantile loss plus a penalty, by a linear program.

    SLOPE is ``sum_k (s_k - s_k+1) top_k(b)``, where top_k is the sum of the k largest magnitudes: the minimum over t of
    ``k t + sum_j max(|b_j| - t, 0)``.
    """
    n, p = X.shape
    w = np.full(n, 1.0 / n) if weights is None else weights / weights.sum()
    if name == "fused":
        D = np.vstack([np.eye(p), np.diff(np.eye(p), axis=0)])
        cost = alpha * np.append(np.full(p, l1_ratio), np.full(p - 1, 1.0 - l1_ratio))
        limits = np.block([[D, -np.eye(len(D))], [-D, -np.eye(len(D))]])
    else:  # magnitudes, then t_k, then max(|b_j| - t_k, 0) for every k and j
        drops = -alpha * np.diff(np.append(slope_weights(p), 0.0))
        cost = np.concatenate([np.zeros(p), drops * np.arange(1, p + 1), np.repeat(drops, p)])
        zeros, one = np.zeros((p, p + p * p)), np.eye(p)
        above = np.hstack([np.zeros((p * p, p)), np.tile(one, (p, 1)), -np.repeat(one, p, axis=0), -np.eye(p * p)])
        limits = np.vstack([np.hstack([one, -one, zeros]), np.hstack([-one, -one, zeros]), above])
    c = np.concatenate([np.zeros(p + 1), w * quantile, w * (1.0 - quantile), cost])
    rows = np.hstack([X, np.ones((n, 1)), np.eye(n), -np.eye(n), np.zeros((n, cost.size))])
    limits = np.hstack([limits[:, :p], np.zeros((len(limits), 2 * n + 1)), limits[:, p:]])
    ranges = [bounds] * p + [(None, None)] + [(0.0, None)] * (2 * n + cost.size)
    return linprog(c, limits, np.zeros(len(limits)), rows, y, ranges, method="highs").fun
