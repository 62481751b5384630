"""Fits without a finite optimum: which coefficients have no penalty, and whether they predict without error."""

import numpy as np
from sklearn.utils.extmath import safe_sparse_dot

SCORE_ROUNDING = 1e-12  # of scores, relative to the largest


def free_coefficients(problem, penalty, alpha, coef, relax=0.0):
    """Which coefficients may grow without a penalty, by cause; of those without any, causes are left out.

    Parameters
    ----------
    problem : LinearData
    penalty : Penalty
    alpha : float
    coef : ndarray of shape (K, p)
        Coefficients of a fit.
    relax : float
        Share of a refit in them.

    Returns
    -------
    causes : dict of {str: ndarray of bool of shape (K, p)}
        "factor" are features without a penalty, "concave" coefficients that are so large that the penalty is constant,
        "relax" those of a refit without ridge.
    """
    if np.isfinite(problem.bounds).any():
        return {}
    B, used = problem.without_prior(coef), np.isfinite(_factors(penalty, coef.shape[1]))
    causes = {"factor": used & _has_no_factor(penalty, alpha, coef.shape[1]) & np.ones_like(B, dtype=bool)}
    if not penalty.is_convex and penalty.l1_ratio == 1.0 and alpha > 0.0:
        lengths = np.where(problem.data.spread > 0.0, problem.data.spread, 1.0) if penalty.standardize else 1.0
        causes["concave"] = causes["factor"] | _is_beyond_bend(penalty, alpha, B * lengths)
    if relax > 0.0:
        causes["relax"] = np.broadcast_to(penalty.on_support((B != 0.0).any(axis=0)).factor == 0.0, B.shape)
    return {cause: free for cause, free in causes.items() if free.any()}


def _factors(penalty, p):
    """Penalty factors of all features, or the weights of their groups."""
    if penalty.groups is None:
        return np.broadcast_to(penalty.factor, p)
    factors = np.empty(p)
    for group, weight in zip(penalty.groups, penalty.factor, strict=True):
        factors[group] = weight
    return factors


def _has_no_factor(penalty, alpha, p):
    within = penalty.is_sparse and penalty.l1_ratio > 0.0
    return np.full(p, True) if alpha == 0.0 else (_factors(penalty, p) == 0.0) & (not within)


def _is_beyond_bend(penalty, alpha, B):
    """Whether the concave penalty of coefficients (K, p), in its units, is constant."""
    sizes = np.tile(np.linalg.norm(B, axis=0), (len(B), 1)) if penalty.is_joint else np.abs(B)
    for group in penalty.groups or ():
        norms = np.linalg.norm(B[:, group], axis=1)
        sizes[:, group] = np.linalg.norm(norms) if penalty.is_joint else norms[:, None]
    return (sizes >= penalty.gamma * alpha * _factors(penalty, B.shape[1])) & (B != 0.0)


def orders_events(problem, coef, free):
    """Whether the event of every time has the largest score of the rows at risk, by free coefficients (p,) or by one.

    Ties count as the largest. Then the partial likelihood grows with these coefficients without end.
    """
    event, time, strata = problem.survival
    codes = np.zeros(time.size, int) if strata is None else strata[1]
    rows = np.flatnonzero(problem.row_weights > 0.0)
    rows = rows[np.lexsort((-time[rows], codes[rows]))]  # those at risk are before a row, or at the same time
    ends = np.append(np.flatnonzero((np.diff(time[rows]) != 0.0) | (np.diff(codes[rows]) != 0)), rows.size - 1)
    last = ends[np.searchsorted(ends, np.arange(rows.size))]
    starts = np.append(0, np.flatnonzero(np.diff(codes[rows])) + 1)
    is_event = event[rows]

    def is_right(z):
        z = z[rows]
        if not np.isfinite(z).all():
            return False
        top, low = np.empty_like(z), np.empty_like(z)
        for start, stop in zip(starts, np.append(starts[1:], rows.size), strict=True):
            top[start:stop] = np.maximum.accumulate(z[start:stop])
            low[start:stop] = np.minimum.accumulate(z[start:stop])
        slack = SCORE_ROUNDING * np.abs(z).max(initial=0.0)
        own, top, low = z[is_event], top[last][is_event], low[last][is_event]
        return bool((own >= top - slack).all() and (own > low + slack).any())

    found = np.flatnonzero(free & (coef != 0.0))
    if is_right(safe_sparse_dot(problem.X, np.where(free, coef, 0.0))):
        return True
    return any(is_right(coef[j] * _column(problem.X, j)) for j in found)


def _column(X, j):
    column = X[:, [j]]
    return (column.toarray() if hasattr(column, "toarray") else column)[:, 0].astype(np.float64)
