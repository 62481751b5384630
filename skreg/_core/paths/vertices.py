"""Sparse vertices: where columns are dependent, L1 solutions are not unique, and one of independent columns is chosen.

Along a vector v with ``X v = 0``, while no sign changes, neither the loss nor the L1 penalty of a solution changes. So
the solution moves along v until a coefficient is zero or at its bound, and again, until no such v is left.
"""

import numpy as np

from ..loops.semidefinite import cholesky, null_vectors
from ..parts.penalties import ElasticNet

MAX_SUPPORT = 1000  # coefficients whose inner products are looked at
DEPENDENT = 1e-12  # eigenvalue of the inner products that counts as zero, relative to a bound of the largest one
INDEPENDENT = 1e-5  # pivot of a Cholesky factor of them from which no eigenvalue can be so small
NULL = 1e-9  # entries of a vector of norm 1 that count as zero
ROWS_PER_COLUMN = 2  # of a sample: columns that are independent there are so in all rows


def prefer_vertex(s, family, alpha, point, goal, data=None):
    """The point, or one with the same objective whose columns are independent; the working set moves there.

    Parameters
    ----------
    s : WorkingSet
        At the point.
    family : PenaltyPath
    alpha : float
    point : Point
    goal : float
        Certificate to keep.
    data : Data or None
        Rows, of which a sample may show that columns are independent; None where inner products are known.
    """
    others = s.w != 0.0
    others[s.independent] = False
    if s.pivot > INDEPENDENT and not others.any():
        return point
    pen = family.at(alpha, s.blocks)
    if not isinstance(pen, ElasticNet):
        return point
    w, found = s.w, at_vertex(pen, s.w, *s.columns_and_scores(), s.inner_products, data)
    if found is None:
        return point
    s.move(found)
    value, _ = s.evaluate(pen)
    gap = point.gap + max(value - point.primal, 0.0)  # the residual, and with it the dual point, is the same
    if gap > max(goal, point.gap):
        s.move(w)
        return point
    return point._replace(w=s.w, primal=value, gap=gap)


def at_vertex(pen, w, cols, scores, products, data=None):
    """Coefficients of which more are zero or at a bound, with the objective of w under an `ElasticNet`, or None.

    ``products(at)`` gives the inner products of the columns of some coordinates.
    """
    w = np.clip(w, pen.lower, pen.upper)  # bounds of other units may differ by rounding
    found = w.copy()
    may_move = (w != 0.0) & (pen.l1 > 0.0) & (pen.l2 == 0.0) & (pen.lower < w) & (w < pen.upper)
    for k in np.unique(scores[may_move]):
        at = np.flatnonzero(may_move & (scores == k))
        if not 1 < at.size <= MAX_SUPPORT or (data is not None and _independent_in_sample(data, cols[at])):
            continue
        G = products(at)
        if not _independent(G):
            found[at] = to_vertex(G, w[at], np.where(w > 0.0, pen.upper, pen.lower)[at])
    is_free = (found != 0.0) & (pen.lower < found) & (found < pen.upper)
    return found if np.count_nonzero(is_free & may_move) < np.count_nonzero(may_move) else None


def _independent_in_sample(data, cols):
    """Whether columns are independent in a sample of the rows, and so in all; the data remember the last that were."""
    if data.is_independent[cols].all():
        return True
    n_rows = ROWS_PER_COLUMN * cols.size
    if n_rows >= data.n:
        return False
    Z = data.block(np.linspace(0, data.n - 1, n_rows).astype(int), cols)
    G = Z.T @ Z
    norms = np.sqrt(G.diagonal())
    if not (norms.all() and _independent(G / np.outer(norms, norms))):
        return False
    found = np.zeros(data.p, bool)
    found[cols] = True
    data.is_independent = found  # whole: another thread may read it
    return True


def are_independent(G):
    """Whether all columns that are not zero are independent, given their inner products."""
    used = np.flatnonzero(G.diagonal())
    if used.size < len(G):
        G = G[np.ix_(used, used)]
    return not used.size or _independent(G)


def _independent(G):
    return cholesky(G)[1] > INDEPENDENT


def to_vertex(G, w, bounds):
    """Coefficients w with as many more zeros as their columns, with inner products G, have dependences.

    Coefficients that would pass their bound, on the same side of zero, stay there instead of another's zero.
    """
    N, w, sides = null_vectors(G, DEPENDENT * max(np.abs(G).sum(axis=1).max(), 1.0)), w.copy(), np.sign(w)
    while N.shape[1]:
        size = np.abs(N).max(axis=1)
        i = int(np.argmin(np.divide(np.abs(w), size, out=np.full(w.size, np.inf), where=(size > NULL) & (w != 0.0))))
        v = N[:, np.argmax(np.abs(N[i]))]
        usable = (np.abs(v) > NULL) & (w != 0.0)
        if not usable.any():
            break
        steps = np.divide(np.abs(w), np.abs(v), out=np.full(w.size, np.inf), where=usable)
        i, end = int(np.argmin(steps)), 0.0
        move = -w[i] / v[i] * v
        room = np.divide(bounds - w, move, out=np.full(w.size, np.inf), where=(move * w > 0.0) & usable)
        if room.min() < 1.0:
            i = int(np.argmin(room))
            move, end = room[i] * move, bounds[i]
        w += move
        w[i] = end
        w = sides * np.clip(sides * w, 0.0, sides * bounds)  # rounding moves others over zero or their bounds
        w += 0.0  # zeros without a sign
        c = int(np.argmax(np.abs(N[i])))
        N = np.delete(N - np.outer(N[:, c], N[i] / N[i, c]), c, axis=1)
        N[i] = 0.0
        norms = np.linalg.norm(N, axis=0)
        N = N[:, norms > NULL] / norms[norms > NULL]
    return w
