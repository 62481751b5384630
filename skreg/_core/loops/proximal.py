"""The prox-gradient loop: FISTA with backtracking (Beck & Teboulle 2009, section 4) and adaptive restart.

The restart is the gradient scheme of O'Donoghue & Candes (2015, eq. 13). The loop works on a design, the smooth part of
the objective as a function of the scores ``z = A w``, and a penalty.
"""

from typing import NamedTuple

import numpy as np

from .._jit import jitted, njit
from ..parts.losses import evaluate


@jitted
class Rows(NamedTuple):
    """A loss of K scores a row, summed over rows with weights; see `losses`.

    The state holds the rows of one score after those of another; with CSC, each score has one element more.
    """

    loss: NamedTuple
    T: np.ndarray  # (K, n): targets
    h: np.ndarray  # (n,)
    Z: np.ndarray  # (K, n), overwritten, as are those that follow
    R: np.ndarray
    P: np.ndarray
    H: np.ndarray  # (n,)

    def residual(self, z, r):
        """Write the gradient with respect to the scores to r. Returns the weighted sum of the losses."""
        K, n = self.T.shape
        size = z.size // K
        weight = self.h.sum()
        for k in range(K):
            shift = z[k * size + n] if size > n else 0.0
            for i in range(n):
                self.Z[k, i] = z[k * size + i] + shift
        total = evaluate(self.loss, self.T, self.Z, self.h, self.R, self.P, self.H)
        for k in range(K):
            for i in range(n):
                r[k * size + i] = self.R[k, i]
            if size > n:  # removes the mean, which products of centred columns must not contain
                r[k * size + n] = -self.R[k].sum() / weight
        return total

    def curvature_along(self, d, before, after, dz):
        """Curvature of the smooth part along a step d that moves the scores by dz and r from `before` to `after`."""
        K, n = self.T.shape
        size = dz.size // K
        s = 0.0
        for k in range(K):
            shift = dz[k * size + n] if size > n else 0.0
            for i in range(k * size, k * size + n):
                s += (dz[i] + shift) * (after[i] - before[i])
        return s


def rows_of(loss, T, h):
    """`Rows` with their work space."""
    T = np.ascontiguousarray(T)
    return Rows(loss, T, h, np.empty_like(T), np.empty_like(T), np.empty_like(T), np.empty(h.size))


@jitted
class Quadratic(NamedTuple):
    """``w' G w / 2 - start' w`` on the design `Gram`, whose scores are ``G w``."""

    start: np.ndarray

    def residual(self, z, r):
        for i in range(z.size):
            r[i] = z[i] - self.start[i]

    def curvature_along(self, d, before, after, dz):
        s = 0.0
        for i in range(d.size):
            s += d[i] * dz[i]
        return s


@njit
def loss_at(smooth, z, r):
    """Value of `Rows` at scores z; r is overwritten."""
    return smooth.residual(z, r)


@njit
def prox_gradient(A, smooth, pen, w, z, v, zv, estimates, coef_buffers, score_buffers, unit, steps, search, accelerate):
    """Take some steps; w, its scores z, the extrapolated point v and its scores zv change in place.

    `estimates` holds the Lipschitz estimate, which grows only if `search`, and the momentum parameter. `coef_buffers`,
    three arrays like w, and `score_buffers`, three like z, are overwritten; `unit` is an array of one 1. They are made
    by the caller, since allocating arrays takes long to compile.
    """
    g, d, found = coef_buffers
    r, after, dz = score_buffers
    lipschitz, t = estimates[0], estimates[1]
    for _ in range(steps):
        smooth.residual(zv, r)
        for j in range(w.size):
            g[j] = A.col_dot(j, r)
        while True:
            length = 0.0
            for i in range(z.size):
                dz[i] = 0.0
            for j in range(w.size):
                found[j] = v[j] - g[j] / lipschitz
            pen.prox_all(found, 1.0 / lipschitz)
            for j in range(w.size):
                d[j] = found[j] - v[j]
                length += d[j] * d[j]
                if d[j] != 0.0:
                    A.col_update(j, d[j], unit, dz)
            for i in range(z.size):
                zv[i] += dz[i]
            if not search:
                break
            smooth.residual(zv, after)
            if not smooth.curvature_along(d, r, after, dz) > lipschitz * length * (1.0 + 1e-12):  # also ends at NaN
                break
            for i in range(z.size):
                zv[i] -= dz[i]
            lipschitz *= 2.0
        against = 0.0  # product of the step and the last move, negated: where positive, momentum is reset
        for j in range(w.size):
            against -= d[j] * (found[j] - w[j])
        new = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        momentum = (t - 1.0) / new if accelerate else 0.0
        t = new
        if against > 0.0:
            momentum, t = 0.0, 1.0
        for j in range(w.size):
            v[j] = found[j] + momentum * (found[j] - w[j])
            w[j] = found[j]
        for i in range(z.size):
            score = zv[i]
            zv[i] += momentum * (score - z[i])
            z[i] = score
    estimates[0], estimates[1] = lipschitz, t


def work_space(w, scores):
    """Buffers of `prox_gradient` for coefficients w and their scores, and the weight of a row."""
    return tuple(np.empty((3, w.size))), tuple(np.empty((3, scores.size))), np.ones(1)


def minimize(A, smooth, pen, w, scores, every, max_steps, hook, *, lipschitz=1.0, search=True, accelerate=True):
    """Prox-gradient steps from w until ``hook(steps, w)`` returns True.

    The hook is called before the first step and after every `every` steps.

    Parameters
    ----------
    A, smooth, pen : parts
    w : ndarray of shape (p,)
        Start; changed in place.
    scores : ndarray
        ``A w`` in the form of the design; changed in place.
    every, max_steps : int
    hook : callable
    lipschitz : float
        Reciprocal of the step size.
    search : bool
        Whether `lipschitz` is a guess that grows where the objective has more curvature.
    accelerate : bool
        Whether steps have momentum; False is plain gradient descent.

    Returns
    -------
    steps : int
    """
    v, zv, estimates = w.copy(), scores.copy(), np.array([lipschitz, 1.0])
    buffers = work_space(w, scores)
    steps = 0
    while True:
        if hook(steps, w) or steps >= max_steps:
            return steps
        more = min(every, max_steps - steps)
        prox_gradient(A, smooth, pen, w, scores, v, zv, estimates, *buffers, more, search, accelerate)
        steps += more
