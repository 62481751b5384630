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


def class_losses(scores, targets, confidence=0.0):
    """Cross-entropy of every row's targets (n, K), minus `confidence` times the prediction's entropy."""
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    return -np.sum(targets * log_p, axis=1) + confidence * np.sum(np.exp(log_p) * log_p, axis=1)


def all_scores(X, coef, intercept):
    """Scores (n, K); one row of coefficients stands for the second of two classes."""
    scores = dense(X) @ np.asarray(coef, dtype=np.float64).T + intercept
    return np.column_stack([np.zeros(len(scores)), scores]) if scores.shape[1] == 1 else scores


def smoothed(codes, n_classes, smoothing):
    return (1.0 - smoothing) * np.eye(n_classes)[codes] + smoothing / n_classes


def class_objective(X, codes, coef, intercept, alpha, l1_ratio, smoothing, weights=None, confidence=0.0, **penalty):
    """The documented objective of LabelSmoothedLogistic."""
    scores = all_scores(X, coef, intercept)
    losses = class_losses(scores, smoothed(codes, scores.shape[1], smoothing), confidence)
    coef = np.asarray(coef, dtype=np.float64)
    factor, standardize = penalty.get("penalty_factor"), penalty.get("standardize", False)
    l1, l2 = penalty_factors(X, weights, alpha, l1_ratio, factor, standardize)
    used = coef.any(axis=0)
    cost = np.abs(coef[:, used]) @ l1[used] + 0.5 * coef[:, used] ** 2 @ l2[used]
    return np.average(losses, weights=weights) + cost.sum()


def class_null_loss(codes, n_classes, smoothing, weights=None):
    """Loss of the best constant probabilities."""
    mean = np.average(smoothed(codes, n_classes, smoothing), axis=0, weights=weights)
    return -np.sum(mean * np.log(mean))


def class_duality_gap(X, codes, coef, intercept, alpha, l1_ratio, smoothing, weights=None, fit_intercept=True):
    """Gap of the unbounded problem from targets moved to the predictions, which have to keep the classes' sums."""
    scores = all_scores(X, coef, intercept)
    X, w = dense(X), np.ones(len(codes)) if weights is None else np.asarray(weights, dtype=np.float64)
    w, K = w / w.sum(), scores.shape[1]
    T, P = smoothed(codes, K, smoothing), np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
    moved = P - T
    if fit_intercept:
        assert np.abs(w @ moved).max() < 1e-9
        X = X - w @ X
    l1, l2 = alpha * l1_ratio, alpha * (1.0 - l1_ratio)
    c = X.T @ (w[:, None] * moved)
    if K == 2:
        c = c[:, 1]
    vanishing = min(1.0, l1 / max(np.abs(c).max(), 1e-300))
    best = -np.inf
    for scale in (1.0, vanishing) if l2 > 0.0 else (vanishing,):
        Q = np.clip(T + scale * moved, 0.0, 1.0)
        entropy = -np.sum(Q * np.log(np.where(Q > 0.0, Q, 1.0)), axis=1)
        excess = np.maximum(scale * np.abs(c) - l1, 0.0)
        best = max(best, w @ entropy - (np.sum(excess**2) / (2.0 * l2) if l2 > 0.0 else 0.0))
    cost = l1 * np.abs(coef).sum() + 0.5 * l2 * np.sum(np.asarray(coef, dtype=np.float64) ** 2)
    return w @ class_losses(scores, T) + cost - best
