"""Plain NumPy statements of what the package promises, written without any of its code."""

import numpy as np
import scipy.sparse as sp


def dense(X):
    return (X.toarray() if sp.issparse(X) else np.asarray(X)).astype(np.float64)


def penalty_factors(X, weights, alpha, l1_ratio, factor, standardize):
    """L1 and L2 strengths of every coefficient on the original scale."""
    X = dense(X)
    w = np.ones(len(X)) if weights is None else weights
    t = np.ones(X.shape[1])
    if standardize:
        mean = w @ X / w.sum()
        t = np.sqrt(w @ (X - mean) ** 2 / w.sum())
        t[t == 0.0] = 1.0
    factor = np.ones(X.shape[1]) if factor is None else factor
    with np.errstate(invalid="ignore"):
        return alpha * l1_ratio * factor * t, alpha * (1 - l1_ratio) * factor * t**2


def objective(X, y, coef, intercept, alpha, l1_ratio=0.5, weights=None, factor=None, standardize=False):
    """The documented objective of ElasticNetProx."""
    w = np.ones(len(y)) if weights is None else weights
    coef = np.asarray(coef, dtype=np.float64)
    l1, l2 = penalty_factors(X, weights, alpha, l1_ratio, factor, standardize)
    used = coef != 0.0
    penalty = l1[used] @ np.abs(coef[used]) + 0.5 * l2[used] @ coef[used] ** 2
    return w @ (y - dense(X) @ coef - intercept) ** 2 / (2 * w.sum()) + penalty


def null_loss(y, weights=None, fit_intercept=True):
    w = np.ones(len(y)) if weights is None else weights
    centre = w @ y / w.sum() if fit_intercept else 0.0
    return w @ (y - centre) ** 2 / (2 * w.sum())


def duality_gap(X, y, coef, alpha, l1_ratio, weights=None, factor=None, standardize=False, fit_intercept=True):
    """Gap of the unbounded elastic net from its textbook dual, on an explicitly centred copy."""
    X, w = dense(X), np.ones(len(y)) if weights is None else weights
    w = w / w.sum()
    coef = np.asarray(coef, dtype=np.float64)
    if fit_intercept:
        X, y = X - w @ X, y - w @ y
    l1, l2 = penalty_factors(X, weights, alpha, l1_ratio, factor, standardize)
    residual = y - X @ coef
    primal = 0.5 * w @ residual**2 + l1 @ np.abs(coef) + 0.5 * l2 @ coef**2
    best = -np.inf
    c = X.T @ (w * residual)
    hard = (l2 == 0.0) & (np.abs(c) > l1)
    limits = [np.min(l1[hard] / np.abs(c[hard]), initial=1.0)]
    over = np.abs(c) > l1
    limits.append(np.min(l1[over] / np.abs(c[over]), initial=1.0))
    for s in limits:
        excess = np.maximum(np.abs(s * c) - l1, 0.0)
        conjugate = np.divide(excess**2, 2 * l2, out=np.zeros_like(l2), where=(excess > 1e-13) & (l2 > 0.0)).sum()
        best = max(best, s * (w * residual) @ y - 0.5 * s**2 * w @ residual**2 - conjugate)
    return primal - best
