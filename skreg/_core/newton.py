"""Proximal Newton: model a likelihood by weighted least squares, solve that on the working set, search along the step.

Lee, Sun & Saunders (2014), "Proximal Newton-type methods for minimizing composite functions". Coordinates are the
coefficients of the scores of K classes: that of column c and class k is ``c K + k``. Intercepts are always at their
best, so the slopes of every class sum to zero.
"""

import numpy as np

from . import inner
from ._jit import njit
from .certificates import clip_to_piece, conjugate_value, dual_scales, optimality, penalty_value
from .coordinate import col_dots, col_updates
from .designs import Stacked
from .inner import Dual, Result
from .penalties import ElasticNet
from .screening import Anchors
from .working_set import Certified, Gradient, WorkingSet

INNER = 0.05  # gap of the model's solution relative to the gap so far
INNER_ROUNDS = 100
LEAST = 1e-12  # curvature of a row relative to its weight
MISFIT = 1e-7  # likewise, relative to the square of its slope: working responses stay finite
DESCENT = 1e-4  # share of the predicted descent that a step must bring (Armijo)
HALVINGS = 40
GRAM = 600  # coordinates whose curvature matrix costs less than sweeps over rows
LEAST_GRAM = 64  # and whatever the rows
ROUNDING = 1e-14  # of objectives


@njit
def reweight(A, H, classes, centred, weight, lips):
    """Fill the means of A under the weights H (if `centred`), and the curvature along every coordinate."""
    for j in range(lips.size):
        h = H[classes[j]]
        if centred:
            A.mean[j] = A.col_mean(j, h, weight)
        lips[j] = A.col_sqnorm(j, h) if A.scale[j] > 0.0 else 0.0


class Model:
    """Weighted least squares on the rows, as a form of the working set: r holds the slopes of the model.

    Parameters
    ----------
    s : Scores
        The working set whose likelihood is modelled, at its iterate.
    """

    has_squares = False

    def __init__(self, s):
        self.data, self.cols = s.data, s.cols
        self.width = s.data.size / s.data.p

    def state(self, w):
        r = self.y.copy()
        if w.any():
            col_updates(self.A, w, self.h, r)
        return r

    def correlations(self, r):
        out = np.empty(self.lips.size)
        col_dots(self.A, np.arange(out.size), r, out)
        return -out

    def products(self, w, r):
        """Squared norm of the residual, and its product with the working response."""
        v = self.slopes(r)
        e = v * self.inv_h
        return float(np.sum(v * e)), float(np.sum(e * self.slopes(self.y)))

    def gram(self, w, correlations):
        """The same model through its curvature matrix, from an iterate and minus the gradient there."""
        G = self.square(np.arange(self.lips.size))
        form = Gradient(lambda new, cols: G, w @ G + correlations, np.sum(self.slopes(self.y) ** 2 * self.inv_h))
        form.grow(np.arange(self.lips.size))
        return form


class OneScore(Model):
    """The model of one score: columns are centred under its weights, so the intercept is always at its best."""

    free = 0

    def __init__(self, s):
        super().__init__(s)
        lik, p, r = s.likelihood, s.rows.P[0], s.rows.R[0]
        misfit = MISFIT * (r * lik.unit * lik.inv_h) ** 2
        self.h = h = lik.h * np.maximum(s.rows.factor * p * (1.0 - p), np.maximum(misfit, LEAST))
        self.inv_h = np.divide(1.0, h, out=np.zeros(h.size), where=h > 0.0)
        weight, self.lips = float(h.sum()), np.empty(s.cols.size)
        self.A = s.A._replace(mean=np.zeros(s.cols.size))
        if hasattr(self.A, "weight"):
            self.A = self.A._replace(weight=weight)
        reweight(self.A, h[None], s.classes, lik.fit_intercept, weight, self.lips)
        self.share = h / weight if lik.fit_intercept else np.zeros(h.size)
        z = s.Z[0] / lik.unit
        self.y = s.data.state(r - h * (z - self.share @ z))

    def slopes(self, r):
        return r if r.size == self.h.size else r[:-1] + self.h * r[-1]

    def intercepts(self, w, dZ):
        """How the intercepts move when w does, and the scores without them by dZ."""
        return -dZ @ self.share

    def square(self, coords):
        none, which = np.empty(0), np.zeros(coords.size, np.int64)
        return self.data.weighed(self.cols[coords], self.A.mean[coords], none, np.sqrt(self.h)[None], which)


class Softmax(Model):
    """The model of K scores. All intercepts but the last are coordinates: all scores may shift together."""

    def __init__(self, s):
        super().__init__(s)
        lik, K, R = s.likelihood, s.likelihood.K, s.rows.R
        P = np.maximum(s.rows.P, np.maximum(MISFIT * (R * lik.unit * lik.inv_h) ** 2, LEAST))
        P /= P.sum(axis=0)
        self.weights = lik.h * s.rows.factor
        self.h = V = P * self.weights
        self.inv_h = np.divide(1.0, V, out=np.zeros(V.shape), where=V > 0.0)
        self.free = K - 1 if lik.fit_intercept else 0
        own = V * (1.0 - P)
        self.lips = np.empty(s.cols.size)
        reweight(s.A, own, s.classes, False, 0.0, self.lips)
        self.unit, self.shift = lik.unit, 1.0 / np.sqrt(s.data.weight)  # the norm of a column
        self.lips = np.append(self.lips, own[: self.free].sum(axis=1) * self.shift**2)
        self.A = Stacked(s.A, np.append(s.classes, np.arange(self.free)), V, P, self.shift)
        Z = s.Z / lik.unit
        self.y = np.concatenate([R - V * Z, -np.sum(P * Z, axis=0)[None]])

    def slopes(self, r):
        return r[:-1] - self.h * r[-1]

    def intercepts(self, w, dZ):
        """How the intercepts move when w does, and the scores without them by dZ."""
        return np.append(w[w.size - self.free :] * (self.shift * self.unit), np.zeros(len(dZ) - self.free))

    def square(self, coords):
        A, m = self.A, self.cols.size

        def products(at, roots, which):
            some, ones = at[at < m], np.full(np.count_nonzero(at >= m), self.shift)
            return self.data.weighed(self.cols[some], A.inner.mean[some], ones, roots, which)

        classes = A.classes[coords]
        G = -products(coords, np.sqrt(self.weights) * A.P, classes)
        for k in np.unique(classes):
            at = np.flatnonzero(classes == k)
            G[np.ix_(at, at)] += products(coords[at], np.sqrt(A.V[k : k + 1]), np.zeros(at.size, np.int64))
        return G


class Scores(Certified):
    """Coefficients of the scores of a likelihood that may be nonzero, and what they make of it.

    `w` are normalized coefficients, `Z` the scores without intercepts, `rows` the likelihood there, and `c` minus its
    gradient.
    """

    eager = True

    def __init__(self, likelihood):
        self.data = data = likelihood.data
        self.likelihood = likelihood
        self.K, self.p = likelihood.K, data.p * likelihood.K
        self.rows, self.Z = likelihood.none, np.zeros_like(likelihood.T)
        self.start = self._flat(-data.all_dots(self.rows.R))
        self.features = self.cols = self.classes = np.empty(0, np.int64)
        self.A = self._columns(self.features)
        self.w = self.c = np.empty(0)
        self.anchors = None
        if self.K == 1:
            self.anchors = Anchors(data)
            self.anchors.start(-data.standardized(self.r), self.start)

    @property
    def r(self):
        """The slopes, as designs want them; they change with the iterate."""
        return self.data.state(self.rows.R[0]) if self.K == 1 else self.rows.R

    @staticmethod
    def _flat(C):
        return C.T.ravel()

    def _columns(self, cols):
        """The columns; those of several scores that are sparse are not centred, which the intercepts make up for."""
        A = self.data.restrict(self.A if self.features.size else None, cols)
        return A._replace(mean=np.zeros(A.mean.size)) if self.K > 1 and self.data.sparse else A

    @property
    def centre(self):
        """What the columns are centred at."""
        return np.zeros(self.data.p) if self.K > 1 and self.data.sparse else self.data.mean

    def add(self, new, known, est):
        """Let coordinates enter, with coefficient 0."""
        known[new] = True
        self.A = self._columns(new // self.K)
        self.features = np.append(self.features, new)
        self.cols, self.classes = self.features // self.K, self.features % self.K
        self.w, self.c = np.append(self.w, np.zeros(new.size)), np.append(self.c, est[new])

    def move(self, w):
        self._set(w, self.scores(w), self.rows.b)

    def _set(self, w, Z, b):
        self._take(w, Z, self.likelihood.at(Z, b))

    def _take(self, w, Z, rows):
        self.w, self.Z, self.rows = w, Z, rows
        self.c = self._correlations(rows.R)

    def scores(self, w):
        """Scores without intercepts (K, n)."""
        Z = np.empty_like(self.likelihood.T)
        for k in range(self.K):
            z = self.data.state(np.zeros(self.data.n))
            col_updates(self.A, np.where(self.classes == k, w, 0.0), np.ones(1), z)
            Z[k] = self.data.plain(z)
        return Z * self.likelihood.unit

    def _correlations(self, R):
        out = np.empty(self.w.size)
        for k in range(self.K):
            at = np.flatnonzero(self.classes == k)
            part = np.empty(at.size)
            col_dots(self.A, at, self.data.state(R[k]), part)
            out[at] = -part
        return out

    def all_correlations(self, w, r, level, known):
        """Of all coordinates, from the slopes r; those outside `known` are exact where they may exceed `level`."""
        if self.K == 1:
            return self.anchors.correlations(r, level, known)
        return self._flat(-self.data.all_dots(r))

    def solve(self, pen, tol, share, max_rounds):
        """Lower the objective until the gap on the working set is at most `tol`, or that share of the objective."""
        dual, rounds = Dual(-np.inf, 0.0, self.w, self.r), 0
        while True:
            value = self.rows.value + penalty_value(pen, self.w)
            dual = self._look(pen, value, dual)
            goal = max(tol, share * value)
            gap = value - dual.value
            if rounds >= max_rounds or (rounds and gap <= goal):
                break
            rounds += 1
            if not self._step(pen, value, max(INNER * min(gap, value), 0.3 * goal)):
                break
        return Result(value, dual, rounds)

    def _look(self, pen, value, dual):
        """The better of `dual` and the dual point here."""
        if not self.likelihood.convex:
            # No dual bounds the minimum: the distance to the subdifferential stands in for the gap.
            return Dual(value - optimality(pen, self.w, self.c), 1.0, self.w, self.r)
        for scale in set(dual_scales(pen, self.c)):
            bound = self.likelihood.dual(self.rows.R, scale) - conjugate_value(pen, self.c, scale)
            if bound > dual.value:
                dual = Dual(bound, scale, self.w, self.r)
        return dual

    def dual_value(self, pen, dual, scale):
        """Dual value of another scale of a dual point."""
        R = self.data.vector(dual.r)[None] if self.K == 1 else dual.r
        return self.likelihood.dual(R, scale) - conjugate_value(pen, self._correlations(R), scale)

    def gap_with(self, strengths, alpha, result, new, est, pull):
        if self.likelihood.convex:
            return super().gap_with(strengths, alpha, result, new, est, pull)
        return max(result.gap, (pull[new] - alpha * strengths.l1[new]).max())

    def jump(self, pen, start, t):
        """Go on from `start` through w by the factor t, without changing signs; undone unless the objective falls."""
        trial = self.w + t * (self.w - start)
        clip_to_piece(pen, trial, self.w)
        Z = self.Z + self.scores(trial - self.w)
        rows = self.likelihood.at(Z, self.rows.b)
        if rows.value + penalty_value(pen, trial) < self.rows.value + penalty_value(pen, self.w):
            self._take(trial, Z, rows)

    def _step(self, pen, value, tol):
        """One Newton step; False where rounding, or a vanishing descent, forbids any."""
        model = (OneScore if self.K == 1 else Softmax)(self)
        pen_all, w = _with_free(pen, model.free), np.append(self.w, np.zeros(model.free))
        form = model
        if w.size <= max(min(GRAM, 0.5 * model.width), LEAST_GRAM):
            form = model.gram(w, np.append(self.c, np.zeros(model.free)))
        q = WorkingSet(form, w.size)
        q.move(w)
        inner.solve(q, pen_all, tol, 0.0, INNER_ROUNDS)
        found = q.w[: self.w.size]
        step = found - self.w
        dZ = self.scores(step)
        db = model.intercepts(q.w, dZ)
        descent = penalty_value(pen, found) - penalty_value(pen, self.w) - self.c @ step
        t = 1.0
        for _ in range(HALVINGS):
            w = found if t == 1.0 else self.w + t * step
            Z = self.Z + t * dZ
            rows = self.likelihood.at(Z, self.rows.b + t * db)
            if rows.value + penalty_value(pen, w) <= value + DESCENT * t * descent + ROUNDING * value:
                self._take(w, Z, rows)
                return True
            t *= 0.5
        return False


def _with_free(pen, k):
    """The penalty, and k coordinates more without any."""
    more = np.zeros(k)
    return ElasticNet(
        np.append(pen.l1, more),
        np.append(pen.l2, more),
        np.append(pen.lower, more - np.inf),
        np.append(pen.upper, more + np.inf),
    )
