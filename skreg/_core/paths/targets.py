"""Paths of all targets of one design, through its Gram matrix, in one compiled loop: few columns or many targets."""

import numpy as np

from .._jit import njit
from ..data.base import ENTRIES_PER_CALL
from ..loops.certificates import penalty_value, squared_dual
from ..loops.coordinate import coordinate_descent
from ..parts.designs import Gram
from ..parts.penalties import ElasticNet

SWEEPS = 5  # of coordinate descent before every Newton step
MAX_ROUNDS = 50  # rounds for one target; one that needs more is left to the solvers of single targets
MIN_PIVOT = 1e-12  # of a Cholesky factor, squared, below which inner products count as singular


@njit
def newton_on_face(A, pen, w, r, h, H, face, d):
    """Minimize over the coefficients at which the penalty is smooth; those that reach the end of a piece stop there.

    w and the gradient r change in place. `H`, `face` and `d` are work space.
    """
    for _ in range(w.size + 1):
        k = 0
        for j in range(w.size):
            if A.G[j, j] > 0.0 and pen.is_smooth(w[j], j):
                face[k] = j
                k += 1
        for a in range(k):  # Cholesky factor of the face's Hessian, and the first of two triangular systems
            j = face[a]
            g = -(r[j] + pen.slope(w[j], j))
            for b in range(a):
                s = A.G[j, face[b]]
                for c in range(b):
                    s -= H[a, c] * H[b, c]
                H[a, b] = s / H[b, b]
                g -= H[a, b] * d[b]
            s = A.G[j, j] + pen.curvature(w[j], j)
            for c in range(a):
                s -= H[a, c] * H[a, c]
            if s <= MIN_PIVOT:
                return
            H[a, a] = np.sqrt(s)
            d[a] = g / H[a, a]
        for a in range(k - 1, -1, -1):
            for b in range(a + 1, k):
                d[a] -= H[b, a] * d[b]
            d[a] /= H[a, a]
        t = 1.0
        for a in range(k):
            j = face[a]
            end = pen.clip(w[j] + d[a], w[j], j)
            if end != w[j] + d[a]:
                t = min(t, (end - w[j]) / d[a])
        for a in range(k):
            j = face[a]
            new = w[j] + d[a]
            end = pen.clip(new, w[j], j)
            stops = end != new and abs(end - w[j]) <= t * abs(d[a]) * (1.0 + 1e-12)
            new = end if stops else w[j] + t * d[a]
            old, w[j] = w[j], new
            A.col_update(j, new - old, h, r)
        if t == 1.0:
            return


@njit
def solve_targets(A, base, pen, alphas, units, start, yy, tol, max_rounds, W, found, values, gaps, rounds, work):
    """Solve for some targets and alphas, each from the alpha before, the first from a row of W, which changes in place.

    `base` is the penalty for alpha = 1 and targets of norm 1; `pen` and `work` are work space. Solutions
    (T, n_alphas, p), values, gaps and rounds are written.
    """
    p = W.shape[1]
    h, lips, r, c, d, H, every, face = work
    for t in range(W.shape[0]):
        w = W[t]
        for j in range(p):
            pen.lower[j] = base.lower[j] / units[t]
            pen.upper[j] = base.upper[j] / units[t]
            w[j] = min(max(w[j], pen.lower[j]), pen.upper[j])
            r[j] = -start[t, j]
        for j in range(p):
            A.col_update(j, w[j], h, r)
        for k in range(alphas.size):
            for j in range(p):
                pen.l1[j] = alphas[k] * base.l1[j] / units[t]
                pen.l2[j] = alphas[k] * base.l2[j]
            n = 0
            while n == 0 or (gaps[t, k] > tol and n < max_rounds):
                n += 1
                coordinate_descent(A, pen, w, r, h, lips, every, SWEEPS)
                newton_on_face(A, pen, w, r, h, H, face, d)
                yr, rr = yy[t], 0.0
                for j in range(p):  # afresh: updates leave rounding
                    r[j] = -start[t, j]
                    yr -= start[t, j] * w[j]
                for j in range(p):
                    if w[j] != 0.0:
                        A.col_update(j, w[j], h, r)
                for j in range(p):
                    rr += r[j] * w[j]
                    c[j] = -r[j]
                rr = max(yr + rr, 0.0)
                values[t, k] = 0.5 * rr + penalty_value(pen, w)
                gaps[t, k] = max(values[t, k] - squared_dual(pen, c, rr, yr)[0], 0.0)
            rounds[t, k] = n
            for j in range(p):
                found[t, k, j] = w[j]


def gram_paths(G, base, units, start, yy, alphas, tol, max_iter, W):
    """Yield coefficients (T, p) of all targets, values, gaps and rounds for every alpha, each from the one before.

    Parameters
    ----------
    G : ndarray of shape (p, p)
        Inner products of normalized columns.
    base : CoefficientPath
        The penalty for alpha = 1 and targets of norm 1.
    units : ndarray of shape (T,)
        Norms of the targets.
    start : ndarray of shape (T, p)
        Correlations of the columns with the targets.
    yy : ndarray of shape (T,)
        Squared norms of the normalized targets.
    alphas : sequence of float
    tol : float
        Gap to reach, in normalized units.
    max_iter : int
        Rounds for each target, at most `MAX_ROUNDS`.
    W : ndarray of shape (T, p)
        Start; changed in place.
    """
    A, base = Gram(np.ascontiguousarray(G)), base.whole(1.0)
    T, p = W.shape
    alphas = np.asarray(alphas, dtype=np.float64)
    pen = ElasticNet(*np.empty((4, p)))
    vectors, integers = np.empty((3, p)), np.empty(p, np.int64)
    work = np.ones(1), A.G.diagonal().copy(), *vectors, np.empty((p, p)), np.arange(p), integers
    step = max(int(ENTRIES_PER_CALL / (100 * p**2)), 1)  # solves in one call, after which an interrupt is noticed
    for first in range(0, alphas.size, max(step // T, 1)):
        some_alphas = alphas[first : first + max(step // T, 1)]
        shape = T, some_alphas.size
        found, values, gaps, rounds = np.empty((*shape, p)), np.empty(shape), np.empty(shape), np.empty(shape, np.int64)
        for low in range(0, T, step):
            some = slice(low, low + step)
            solve_targets(
                A, base, pen, some_alphas, units[some], start[some], yy[some], tol, min(max_iter, MAX_ROUNDS),
                W[some], found[some], values[some], gaps[some], rounds[some], work,
            )  # fmt: skip
        for k in range(some_alphas.size):
            yield found[:, k], values[:, k], gaps[:, k], rounds[:, k]
