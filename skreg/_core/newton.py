"""Proximal Newton: model a likelihood by weighted least squares, solve that on the working set, search along the step.

Lee, Sun & Saunders (2014), "Proximal Newton-type methods for minimizing composite functions". Coordinates are the
coefficients of the scores of K classes: that of column c and class k is ``c K + k``. Intercepts are always at their
best, so the slopes of every class sum to zero.
"""

import numpy as np
from scipy.optimize import minimize

from . import inner
from ._jit import njit
from .certificates import clip_to_piece, conjugate_value, dual_scales, find_active, optimality, penalty_value
from .coordinate import col_dots, col_updates
from .designs import Stacked
from .inner import Dual, Result
from .penalties import Groups, extended, length_of, unpenalized
from .screening import Anchors
from .working_set import Certified, Gradient, Residual, WorkingSet

INNER = 0.3  # gap of the model's solution relative to the gap so far
INNER_ROUNDS = 100
FEW_ROUNDS = 5  # with unpenalized coefficients
LEAST = 1e-12  # curvature of a row relative to its weight
MISFIT = 1e-7  # likewise, relative to the square of its slope: working responses stay finite
DESCENT = 1e-4  # share of the predicted descent that a step must bring (Armijo)
HALVINGS = 40

GRAM = 1500  # coordinates whose curvature matrix costs less than sweeps over rows
LARGE = 1e8  # multiplications in a curvature matrix that are worth single precision
SINGLE = 1e-6  # its rounding, relative to the diagonal: so much more keeps the matrix positive definite
LEAST_GRAM = 64  # and whatever the rows
MOST = 2000  # and whatever the cost
SOON = 0.8  # coordinates may move in a step when their correlation comes so close to its limit
MANY_ROWS = 8192  # from so many, some of them stand for all in curvatures
RICH = 20  # if there are so many times more of them than coordinates
BATCH = 64  # so many coordinates may always enter at once
ENTRIES = 1 << 18  # and as many as have so many entries: a Newton step costs little less without them
ENOUGH = 0.1  # share of its gap to which a working set is solved before it is compared with all columns
SLOW = 0.3  # a step that leaves more than this share of the gap is followed by one with a new curvature matrix
FULL = 0.1  # share of all coordinates from which products with all columns by BLAS cost less than kernels
FEW = 100  # coefficients of several classes for which L-BFGS does not pay
LBFGS_STEPS = 20  # that count as one Newton step
FLAT = 1e-8  # gradient at which L-BFGS leaves unpenalized coefficients to Newton steps
NEWTONS = 10  # steps that are left for Newton where L-BFGS does not get there
ROUNDING = 1e-14  # of objectives


@njit
def reweight(A, H, place, classes, centred, weight, lips):
    """Fill the means of A under the weights H (if `centred`), and the curvature along every coordinate."""
    for j in range(lips.size):
        h, k = H[classes[j]], place[j]
        if centred:
            A.mean[k] = A.col_mean(k, h, weight)
        lips[j] = A.col_sqnorm(k, h) if A.scale[k] > 0.0 else 0.0


class Model(Residual):
    """Weighted least squares: the likelihood's second-order expansion at the iterate of a working set.

    It is solved on rows, as the form that `rows` sets up (r holds the slopes of the model), or through its curvature
    matrix.

    Parameters
    ----------
    s : Scores
    """

    def __init__(self, s):
        self.s, self.data, self.cols = s, s.data, s.cols
        self.width = s.data.size / s.data.p

    def products(self, w, r):
        """Squared norm of the residual, and its product with the working response."""
        v = self.slopes(r)
        e = v * self.inv_h
        return float(np.sum(v * e)), float(np.sum(e * self.slopes(self.y)))

    def gram(self, at, G):
        """The model of some coordinates, and the intercepts, through their curvature matrix."""
        w, c = (np.append(part[at], np.zeros(self.free)) for part in (self.s.w, self.s.c))
        start = w @ G + c
        rr = np.sum(self.s.rows.R**2 * self.inv_h)
        form = Gradient(lambda new, cols: G, start, rr + (start + c) @ w)
        form.grow(np.arange(w.size))
        return form


class OneScore(Model):
    """The model of one score. The intercept is always at its best."""

    free = 0

    def __init__(self, s):
        super().__init__(s)
        self.shifts = int(s.likelihood.fit_intercept)
        lik, p, r = s.likelihood, s.rows.P[0], s.rows.R[0]
        misfit = MISFIT * (r * lik.unit * lik.inv_h) ** 2
        self.h = h = lik.h * np.maximum(s.rows.factor * p * (1.0 - p), np.maximum(misfit, LEAST))
        self.inv_h = np.divide(1.0, h, out=np.zeros(h.size), where=h > 0.0)
        self.weight = float(h.sum())
        self.share = h / self.weight if lik.fit_intercept else np.zeros(h.size)

    def rows(self):
        """Set up the form on rows: its columns are centred under the weights."""
        s = self.s
        self.lips, self.A = np.empty(s.cols.size), s.A._replace(mean=np.zeros(s.A.mean.size))
        if self.data.sparse:
            self.A = self.A._replace(weight=self.weight)
        reweight(self.A, self.h[None], s.place, s.classes, s.likelihood.fit_intercept, self.weight, self.lips)
        z = s.Z[0] / s.likelihood.unit
        self.y = self.data.state(s.rows.R[0] - self.h * (z - self.share @ z))
        return self

    def slopes(self, r):
        return r if r.size == self.h.size else r[:-1] + self.h * r[-1]

    def intercepts(self, w, dZ):
        """How the intercepts move when w does, and the scores without them by dZ."""
        return -dZ @ self.share

    def square(self, coords):
        roots, which = np.sqrt(self.h)[None], np.zeros(coords.size, np.int64)
        return self.data.weighed(self.cols[coords], self.A.mean[coords], np.empty(0), roots, which)

    def curvature(self, at, rows, new, dtype=np.float64):
        """Curvature of the last `new` of some coordinates with all of them; that of -1 is the intercept."""
        s, some = self.s, at[at >= 0]
        mean = np.zeros(some.size) if self.data.sparse else s.A.mean[some]
        roots, which = np.sqrt(self.h)[None], np.zeros(at.size, np.int64)
        return self.data.weighed(s.cols[some], mean, np.ones(at.size - some.size), roots, which, rows, new, dtype)

    def gram(self, at, G):
        if self.s.likelihood.fit_intercept:  # eliminated
            G = G[:-1, :-1] - np.outer(G[-1, :-1] / G[-1, -1], G[-1, :-1])
        return super().gram(at, G)


class Softmax(Model):
    """The model of K scores. Intercepts are coordinates, but for the last: all scores may shift together.

    Of grouped coefficients, the last one is, too: they are a group of their own.
    """

    def __init__(self, s):
        super().__init__(s)
        lik, K = s.likelihood, s.likelihood.K
        P = np.maximum(s.rows.P, np.maximum(MISFIT * (s.rows.R * lik.unit * lik.inv_h) ** 2, LEAST))
        self.P = P / P.sum(axis=0)
        self.weights = lik.h * s.rows.factor
        self.h = self.P * self.weights
        self.inv_h = np.divide(1.0, self.h, out=np.zeros(P.shape), where=self.h > 0.0)
        self.free = (K if s.grouped else K - 1) if lik.fit_intercept else 0
        self.shifts = self.free
        self.shift = 1.0 / np.sqrt(s.data.weight)  # the norm of a column
        self.classes = np.append(s.classes, np.arange(self.free))

    def rows(self):
        """Set up the form on rows."""
        s, V, P = self.s, self.h, self.P
        own = V * (1.0 - P)
        lips = np.empty(s.cols.size)
        reweight(s.A, own, s.place, s.classes, False, 0.0, lips)
        self.lips = np.append(lips, own[: self.free].sum(axis=1) * self.shift**2)
        self.A = Stacked(s.A, s.place, self.classes, V, P, self.shift)
        Z = s.Z / s.likelihood.unit
        self.y = np.concatenate([s.rows.R - V * Z, -np.sum(P * Z, axis=0)[None]])
        return self

    def slopes(self, r):
        return r[:-1] - self.h * r[-1]

    def intercepts(self, w, dZ):
        """How the intercepts move when w does, and the scores without them by dZ."""
        size = self.shift * self.s.likelihood.unit
        return np.append(w[w.size - self.free :] * size, np.zeros(len(dZ) - self.free))

    def square(self, coords):
        m = self.cols.size
        at = np.where(coords < m, coords, m - 1 - coords)
        order = np.argsort(at >= 0, kind="stable")
        G = np.empty((at.size, at.size))
        G[np.ix_(order, order)] = self.curvature(at[order], None, at.size)
        return G

    def curvature(self, at, rows, new, dtype=np.float64):
        """Curvature of the last `new` of some coordinates with all of them; the first may be intercepts, -1 - k."""
        s, first = self.s, at.size - new
        classes = np.append(s.classes, np.arange(self.shifts)[::-1])[at]

        def products(at, roots, which, new):
            some = at[at >= 0]
            ones = np.full(at.size - some.size, self.shift)
            return self.data.weighed(s.cols[some], s.A.mean[s.place[some]], ones, roots, which, rows, new, dtype)

        G = -products(at, np.sqrt(self.weights) * self.P, classes, new)
        for k in np.unique(classes[first:]):
            own = np.flatnonzero(classes == k)
            fresh = own[own >= first]
            which = np.zeros(own.size, np.int64)
            G[np.ix_(fresh - first, own)] += products(at[own], np.sqrt(self.h[k : k + 1]), which, fresh.size)
        return G


class Curvature:
    """The curvature matrix of a model, of as many coordinates as were active in any step since.

    Later steps go less far with it, but cost little: what changes from step to step is the gradient.
    """

    def __init__(self, model, rows, dtype):
        self.model, self.rows, self.dtype, self.steps = model, rows, dtype, 0
        self.at, self.G = np.empty(0, np.int64), np.empty((0, 0))
        self._grow(-1 - np.arange(model.shifts))

    def _grow(self, new):
        m, self.at = self.at.size, np.append(self.at, new)
        G = np.empty((self.at.size, self.at.size))
        G[:m, :m] = self.G
        G[m:] = self.model.curvature(self.at, self.rows, new.size, self.dtype)
        G[:m, m:] = G[m:, :m].T
        if self.dtype == np.float32:
            G.flat[m * (G.shape[0] + 1) :: G.shape[0] + 1] *= 1.0 + SINGLE
        self.G = G

    def of(self, at):
        """The part of some coordinates, ascending, and of the intercepts."""
        self.steps += 1
        new = np.setdiff1d(at, self.at)
        if new.size:
            self._grow(new)
        order = np.argsort(self.at)
        take = order[np.searchsorted(self.at, at, sorter=order)]
        take = np.append(take, np.arange(self.model.shifts))
        return self.G[np.ix_(take, take)]


class Scores(Certified):
    """Coefficients of the scores of a likelihood that may be nonzero, and what they make of it.

    `w` are normalized coefficients, `Z` the scores without intercepts, `rows` the likelihood there, and `c` minus its
    gradient. `features` are coordinates, or columns if `grouped`: then all coefficients of a column enter together,
    and the correlation of a column is the norm of theirs.
    """

    eager = True

    def __init__(self, likelihood, grouped=False, solver="newton"):
        self.data = data = likelihood.data
        self.likelihood, self.K, self.solver = likelihood, likelihood.K, solver
        self.grouped = grouped and self.K > 1
        self.p = data.p if self.grouped else data.p * self.K
        self.rows, self.Z = likelihood.null, np.zeros_like(likelihood.T)
        self.start = self._flat(-data.all_dots(self.rows.R))
        self.features = self.cols = self.classes = self.place = np.empty(0, np.int64)
        self.where = np.full(data.p, -1)  # of every column, in A
        self.A = self._columns(None, self.features)
        self.w = self.c = np.empty(0)
        self.batch = int(max(BATCH, min(ENTRIES * data.p / data.size, data.n)))
        self.sampling = not data.sparse and data.n >= MANY_ROWS  # whether some rows stand for all in curvatures
        self.rough = True  # whether large curvature matrices may be in single precision
        self.curvature = None
        self.anchors = None
        if self.K == 1:
            self.anchors = Anchors(data)
            self.anchors.start(-data.standardized(self.r), self.start)

    @property
    def r(self):
        """The slopes, as designs want them; they change with the iterate."""
        return self.data.state(self.rows.R[0]) if self.K == 1 else self.rows.R

    def _flat(self, C):
        """Correlations (K, p) as the path sees them."""
        return np.sqrt(np.sum(C**2, axis=0)) if self.grouped else C.T.ravel()

    def penalty(self, strengths, alpha):
        pen = super().penalty(strengths, alpha)
        return Groups(pen, self.K) if self.grouped else pen

    def unfold(self, point):
        """Normalized coefficients (K, p) of a point on the path."""
        W = np.zeros((self.p, self.K if self.grouped else 1))
        W[point.features] = point.w.reshape(-1, W.shape[1])
        return W.reshape(-1, self.K).T

    def _columns(self, A, cols):
        """More columns; those of several scores that are sparse are not centred, which the intercepts make up for."""
        A = self.data.restrict(A, cols)
        return A._replace(mean=np.zeros(A.mean.size)) if self.K > 1 and self.data.sparse else A

    @property
    def centre(self):
        """What the columns are centred at."""
        return np.zeros(self.data.p) if self.K > 1 and self.data.sparse else self.data.mean

    def add(self, new, known, est):
        """Let coordinates, or columns, enter with coefficient 0."""
        known[new] = True
        every = np.arange(self.K)
        coords = (new[:, None] * self.K + every).ravel() if self.grouped else new
        cols = coords // self.K
        fresh = cols[self.where[cols] < 0]
        fresh = fresh[np.sort(np.unique(fresh, return_index=True)[1])]  # in their order: of one score, A has the same
        self.where[fresh] = self.A.scale.size + np.arange(fresh.size)
        self.A = self._columns(self.A, fresh)
        self.features = np.append(self.features, new)
        self.cols, self.classes = np.append(self.cols, cols), np.append(self.classes, coords % self.K)
        self.place = self.where[self.cols]
        self.w = np.append(self.w, np.zeros(coords.size))
        self.c = self._correlations(self.rows.R)  # `est` may belong to an earlier iterate, and be a bound only

    def move(self, w):
        Z = self.scores(w)
        self._take(w, Z, self.likelihood.at(Z, self.rows.b))

    def _take(self, w, Z, rows):
        self.w, self.Z, self.rows = w, Z, rows
        self.c = self._correlations(rows.R)

    def scores(self, w):
        """Scores without intercepts (K, n)."""
        if self._blas and np.count_nonzero(w) > FULL * self.K * self.data.p:
            W = np.zeros((self.K, self.data.p))
            W[self.classes, self.cols] = w
            return self.data.all_scores(W) * self.likelihood.unit
        Z = np.empty_like(self.likelihood.T)
        for k in range(self.K):
            z, at, d = self.data.state(np.zeros(self.data.n)), self.classes == k, np.zeros(self.A.scale.size)
            d[self.place[at]] = w[at]
            col_updates(self.A, d, np.ones(1), z)
            Z[k] = self.data.plain(z)
        return Z * self.likelihood.unit

    @property
    def _blas(self):
        """Whether products with all columns are BLAS's."""
        return self.K > 1 and not self.data.sparse

    def _correlations(self, R):
        if self._blas and self.w.size > FULL * self.K * self.data.p:
            return -self.data.all_dots(R)[self.classes, self.cols]
        out = np.empty(self.w.size)
        for k in range(self.K):
            at = np.flatnonzero(self.classes == k)
            part = np.empty(at.size)
            col_dots(self.A, self.place[at], self.data.state(R[k]), part)
            out[at] = -part
        return out

    def all_correlations(self, w, r, level, known):
        """Of all coordinates, from the slopes r; those outside `known` are exact where they may exceed `level`."""
        if self.K == 1:
            return self.anchors.correlations(r, level, known)
        return self._flat(-self.data.all_dots(r))

    def solve(self, pen, tol, share, max_rounds):
        """Lower the objective until the gap on the working set is at most `tol`, or that share of the objective.

        Or until it is a tenth of what it was: to solve further pays only when no more columns are to enter.
        """
        dual, rounds, gap, fresh = Dual(-np.inf, 0.0, self.w, self.r), 0, np.inf, False
        while True:
            value = self.rows.value + penalty_value(pen, self.w)
            dual = self.look(pen, value, dual)
            before, gap = gap, value - dual.value
            if not rounds:
                goal = max(tol, share * value, ENOUGH * min(gap, value))
            if SLOW * before < gap < np.inf:
                self._refine(share == 0.0)
            if rounds >= max_rounds or (rounds and gap <= goal):
                if fresh or tol < gap:
                    return Result(value, dual, rounds)
                self.move(self.w)  # steps leave rounding in the scores: what is certified are those of w afresh
                fresh = True
                continue
            rounds, fresh = rounds + 1, False
            if rounds == 1 and self._is_quadratic(pen):
                rounds += self._quasi_newton(pen, goal, max(max_rounds - NEWTONS, 1))
            elif not self._step(pen, value, self._inner_tol(gap, value, goal)):
                max_rounds = rounds

    def _inner_tol(self, gap, value, goal):
        """Gap to which the model is solved. A distance to the subdifferential stands for a gap of about its square."""
        if self.likelihood.convex:
            return max(INNER * min(gap, value), 0.3 * goal)
        return max(INNER * min(gap, 1.0) ** 2, 0.1 * goal**2)

    def _is_quadratic(self, pen):
        """Whether L-BFGS can, and should, minimize the objective."""
        if self.solver == "newton" or self.grouped:
            return False
        wanted = self.solver == "lbfgs" or self.w.size > (GRAM if self.K == 1 else FEW)
        return wanted and not (pen.l1.any() or np.isfinite(pen.lower).any() or np.isfinite(pen.upper).any())

    def _quasi_newton(self, pen, tol, max_rounds):
        """L-BFGS (Liu & Nocedal 1989) with the intercepts at their best; rounds, each of some steps."""
        size = 1.0 / np.sqrt(pen.l2 + 0.25)  # curvatures along coordinates are up to 1/4: all become about 1

        def objective(v):
            w = size * v
            self.move(w)
            return self.rows.value + penalty_value(pen, w), size * (pen.l2 * w - self.c)

        def stop(intermediate_result):
            value, v = intermediate_result.fun, intermediate_result.x
            if not np.array_equal(self.w, size * v):
                objective(v)
            flat = np.abs(size * (pen.l2 * self.w - self.c)).max() <= FLAT
            if flat and not pen.l2.all():  # no gap can be known until the gradient is zero to rounding: by Newton steps
                raise StopIteration
            if value - self.look(pen, value, Dual(-np.inf, 0.0, self.w, self.r)).value <= tol:
                raise StopIteration

        options = dict(maxiter=LBFGS_STEPS * max_rounds, maxfun=2 * LBFGS_STEPS * max_rounds, ftol=0.0, gtol=0.0)
        found = minimize(objective, self.w / size, jac=True, method="L-BFGS-B", callback=stop, options=options)
        self.move(size * found.x)
        return -(-found.nit // LBFGS_STEPS)

    def look(self, pen, value, dual):
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

    def _sample(self, m):
        """Rows that may stand for all in the curvature of m coordinates, or None."""
        if not self.sampling:
            return None
        weights = self.data.rows[self.data.sample]
        effective = weights.sum() ** 2 / max(np.sum(weights**2), 1e-300)  # rows, if all had the same weight (Kish 1965)
        return self.data.sample if effective * max(self.K - 1, 1) >= RICH * m else None

    def _curvature(self, model, at):
        """The curvature matrix of some coordinates; None if it costs too much."""
        sample = self._sample(at.size) if self.curvature is None else self.curvature.rows
        cost = at.size * (1.0 if sample is None else sample.size / self.data.n)
        if cost > max(min(GRAM, 0.5 * model.width), LEAST_GRAM) or at.size > MOST:
            self.curvature = None
            return None
        if self.curvature is None:
            large = self.rough and self.data.n * at.size**2 > LARGE
            self.curvature = Curvature(model, sample, np.float32 if large else np.float64)
        return self.curvature.of(at)

    def _refine(self, last):
        """After a slow step: the next one takes a new curvature matrix, in the end an exact one if this one was new."""
        if last and self.curvature is not None and self.curvature.steps == 1:
            self.rough = self.rough and self.sampling
            self.sampling = False
        self.curvature = None

    def _step(self, pen, value, tol):
        """One Newton step; False where the model, or rounding, leaves none.

        A descent too small to be seen in the objective is taken on trust: the gap, of first order, sees it.
        """
        model = (OneScore if self.K == 1 else Softmax)(self)
        blocks = np.arange(pen.count()) if self.grouped else find_active(pen, self.w, self.c, SOON)
        at = np.arange(self.w.size) if self.grouped else blocks
        G = self._curvature(model, at)
        if G is not None:
            form = model.gram(at, G)
        else:
            form, blocks, at = model.rows(), np.arange(pen.count()), np.arange(self.w.size)
        q = WorkingSet(form, at.size + model.free)
        q.move(np.append(self.w[at], np.zeros(model.free)))
        model_pen = extended(pen, blocks, model.free // length_of(pen))
        # Unpenalized coefficients are solved for exactly in every round: dear, and all there is to do for them.
        bare = unpenalized(model_pen).size - model.free
        rounds = 1 if bare == at.size else FEW_ROUNDS if bare else INNER_ROUNDS
        inner.solve(q, model_pen, tol, 0.0, rounds)
        found = self.w.copy()
        found[at] = q.w[: at.size]
        step = found - self.w
        if not step.any():
            return False
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
