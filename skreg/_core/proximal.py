"""THE prox-gradient loop: FISTA with backtracking (Beck & Teboulle 2009, section 4) and adaptive restart.

The restart is the gradient scheme of O'Donoghue & Candes (2015, eq. 13). The loop works on a design, the smooth part of
the objective as a function of the scores ``z = A w``, and a penalty.
"""

from typing import NamedTuple

import numpy as np

from ._jit import jitted, njit


@jitted
class Rows(NamedTuple):
    """A loss summed over rows; z and r have one extra element, as CSC wants them, or not."""

    inner: NamedTuple  # the loss
    y: np.ndarray
    h: np.ndarray

    def residual(self, z, r):
        """Write the gradient with respect to the scores to r."""
        n = self.y.size
        shift = 0.0
        if z.size > n:
            shift = z[n]
            r[n] = 0.0
        for i in range(n):
            r[i] = self.h[i] * self.inner.grad(self.y[i], z[i] + shift)

    def curvature_along(self, d, before, after, dz):
        """Curvature of the smooth part along a step d that moves the scores by dz and r from `before` to `after`."""
        n = self.y.size
        shift = dz[n] if dz.size > n else 0.0
        s = 0.0
        for i in range(n):
            s += (dz[i] + shift) * (after[i] - before[i])
        return s


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
def prox_gradient(A, smooth, pen, w, z, v, zv, estimates, steps):
    """Take some steps; w, its scores z, the extrapolated point v and its scores zv change in place.

    `estimates` holds the Lipschitz estimate, which only grows, and the momentum parameter.
    """
    unit = np.ones(1)
    g, d = np.empty(w.size), np.empty(w.size)
    r, after, dz = np.empty(z.size), np.empty(z.size), np.empty(z.size)
    lipschitz, t = estimates[0], estimates[1]
    for _ in range(steps):
        smooth.residual(zv, r)
        for j in range(w.size):
            g[j] = A.col_dot(j, r)
        while True:
            dz[:] = 0.0
            length = 0.0
            for j in range(w.size):
                d[j] = pen.prox(v[j] - g[j] / lipschitz, 1.0 / lipschitz, j) - v[j]
                length += d[j] * d[j]
                if d[j] != 0.0:
                    A.col_update(j, d[j], unit, dz)
            for i in range(z.size):
                zv[i] += dz[i]
            smooth.residual(zv, after)
            if not smooth.curvature_along(d, r, after, dz) > lipschitz * length * (1.0 + 1e-12):  # NaN ends it too
                break
            for i in range(z.size):
                zv[i] -= dz[i]
            lipschitz *= 2.0
        against = 0.0  # the step against the last move: where positive, momentum leads astray
        for j in range(w.size):
            d[j] += v[j]  # the new iterate
            against += (v[j] - d[j]) * (d[j] - w[j])
        new = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        momentum = (t - 1.0) / new
        t = new
        if against > 0.0:
            momentum, t = 0.0, 1.0
        for j in range(w.size):
            v[j] = d[j] + momentum * (d[j] - w[j])
            w[j] = d[j]
        for i in range(z.size):
            score = zv[i]
            zv[i] += momentum * (score - z[i])
            z[i] = score
    estimates[0], estimates[1] = lipschitz, t


def minimize(A, smooth, pen, w, scores, every, max_steps, hook):
    """Prox-gradient steps from w until ``hook(steps, w)``, asked every `every` steps, says stop.

    Parameters
    ----------
    A, smooth, pen : parts
    w : ndarray of shape (p,)
        Start; changed in place.
    scores : ndarray
        ``A w`` in the form of the design; changed in place.
    every, max_steps : int
    hook : callable

    Returns
    -------
    steps : int
    """
    v, zv, estimates = w.copy(), scores.copy(), np.ones(2)
    steps = 0
    while True:
        if hook(steps, w) or steps >= max_steps:
            return steps
        more = min(every, max_steps - steps)
        prox_gradient(A, smooth, pen, w, scores, v, zv, estimates, more)
        steps += more
