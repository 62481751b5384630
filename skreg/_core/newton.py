"""Proximal Newton: model a likelihood by weighted least squares, solve it on the working set, search along the step.

Lee, Sun & Saunders (2014), "Proximal Newton-type methods for minimizing composite functions". Coordinates are the
coefficients of the scores of K classes: that of column c and class k is ``c K + k``. Intercepts always have
their best values, so the slopes of every class sum to zero.
"""

import numpy as np
from scipy.optimize import minimize

from . import inner
from .certificates import clip_to_piece, conjugate_value, dual_scales, find_active, optimality, penalty_value
from .coordinate import col_dots, col_updates
from .expansion import Curvature, OneScore, Softmax
from .inner import Dual, Result
from .penalties import Groups, extended, length_of, unpenalized
from .screening import Anchors
from .working_set import Certified, WorkingSet

INNER = 0.3  # gap of the model's solution, relative to the gap so far
INNER_ROUNDS = 100
FEW_ROUNDS = 5  # of a model with unpenalized coefficients
DESCENT = 1e-4  # share of the predicted descent that a step must bring (Armijo)
HALVINGS = 40
GRAM = 1500  # most coordinates for which a curvature matrix costs less than sweeps over rows
LARGE = 1e8  # multiplications from which a curvature matrix is computed in single precision
LEAST_GRAM = 64  # coordinates for which a curvature matrix is used, however many rows there are
MOST = 2000  # most coordinates of a curvature matrix, whatever it costs
SOON = 0.8  # a coordinate may move in a step when its correlation reaches this share of its limit
MANY_ROWS = 8192  # rows from which curvatures may be computed from a sample of rows
RICH = 20  # rows of such a sample for each coordinate, at least
BATCH = 64  # coordinates that may always enter at once
ENTRIES = 1 << 18  # of X, in columns that may always enter at once: a Newton step costs little less without them
ENOUGH = 0.1  # share of the gap to which a working set is solved before all columns are tested
SLOW = 0.3  # a step that leaves more than this share of the gap is followed by a new curvature matrix
STUCK = 0.9  # a step that leaves more than this share is followed by a more accurate curvature matrix
FULL = 0.1  # above this share of all coordinates, one product with all columns is faster than kernels on some
FEW = 100  # coefficients of several classes up to which L-BFGS does not pay
LBFGS_STEPS = 20  # L-BFGS steps that count as one Newton step
FLAT = 1e-8  # gradient at which L-BFGS leaves unpenalized coefficients to Newton steps
NEWTONS = 10  # Newton steps that are reserved in case L-BFGS does not converge
ROUNDING = 1e-14  # rounding error of objectives


class Scores(Certified):
    """The working set of a likelihood: coefficients that may be nonzero, and the likelihood at their values.

    `w` are normalized coefficients, `Z` the scores without intercepts, `rows` the likelihood there, and `c` minus its
    gradient. `features` are coordinates, or columns if `grouped`: then all coefficients of a column enter together,
    and the correlation of a column is the norm of theirs.
    """

    eager = True

    def __init__(self, likelihood, grouped=False, solver="newton"):
        self.data = data = likelihood.data
        self.likelihood = likelihood
        self.K = likelihood.K
        self.solver = solver
        self.grouped = grouped and self.K > 1
        self.p = data.p if self.grouped else data.p * self.K
        self.rows = likelihood.null_model
        self.Z = np.zeros_like(likelihood.T)
        self.best_loss = likelihood.dual(self.rows.R, 0.0)
        self.start = self._flat(-data.all_dots(self.rows.R))
        self.features = self.cols = self.classes = self.place = np.empty(0, np.int64)
        self.where = np.full(data.p, -1)  # position of every column in A; -1 for none
        self.A = self._columns(None, self.features)
        self.w = self.c = np.empty(0)
        self.batch = int(max(BATCH, min(ENTRIES * data.p / data.size, data.n)))
        self.sampling = (
            not data.sparse and data.n >= MANY_ROWS
        )  # whether curvatures may be computed from a sample of rows
        self.rough = True  # whether large curvature matrices may be in single precision
        self.curvature = None
        self.anchors = None
        if self.K == 1:
            self.anchors = Anchors(data)
            self.anchors.start(-data.sqrt_weighted(self.r), self.start)

    @property
    def r(self):
        """The slopes as a state; they change with the iterate."""
        return self.data.from_rows(self.rows.R[0]) if self.K == 1 else self.rows.R

    def _flat(self, C):
        """Correlations C (K, p) as one number for each coordinate, or for each column if grouped."""
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
        """The design A with more columns. Sparse columns of several scores are not centred, which intercepts absorb."""
        A = self.data.restrict(A, cols)
        return A._replace(mean=np.zeros(A.mean.size)) if self.K > 1 and self.data.sparse else A

    @property
    def centre(self):
        """The values that are subtracted from the columns."""
        return np.zeros(self.data.p) if self.K > 1 and self.data.sparse else self.data.mean

    def add(self, new, known, est):
        """Add coordinates, or columns, with coefficients of 0."""
        known[new] = True
        every = np.arange(self.K)
        coords = (new[:, None] * self.K + every).ravel() if self.grouped else new
        cols = coords // self.K
        fresh = cols[self.where[cols] < 0]
        fresh = fresh[
            np.sort(np.unique(fresh, return_index=True)[1])
        ]  # in their order: for one score, A must have the same
        self.where[fresh] = self.A.scale.size + np.arange(fresh.size)
        self.A = self._columns(self.A, fresh)
        self.features = np.append(self.features, new)
        self.cols = np.append(self.cols, cols)
        self.classes = np.append(self.classes, coords % self.K)
        self.place = self.where[self.cols]
        self.w = np.append(self.w, np.zeros(coords.size))
        self.c = self._correlations(self.rows.R)  # `est` may be a bound, and belong to an earlier iterate

    def move(self, w):
        Z = self.scores(w)
        self._take(w, Z, self.likelihood.with_best_intercepts(Z, self.rows.b))

    def _take(self, w, Z, rows):
        self.w = w
        self.Z = Z
        self.rows = rows
        self.c = self._correlations(rows.R)

    def scores(self, w):
        """Scores without intercepts (K, n)."""
        if self.K > 1 and np.count_nonzero(w) > FULL * self.K * self.data.p:
            data, W = self.data, np.zeros((self.K, self.data.p))
            W[self.classes, self.cols] = w
            Z = data.all_scores(W) + (W @ (data.scale * (data.mean - self.centre)))[:, None]
            return Z * self.likelihood.score_scale
        Z = np.empty_like(self.likelihood.T)
        for k in range(self.K):
            z, at, d = self.data.from_rows(np.zeros(self.data.n)), self.classes == k, np.zeros(self.A.scale.size)
            d[self.place[at]] = w[at]
            col_updates(self.A, d, np.ones(1), z)
            Z[k] = self.data.to_scores(z)
        return Z * self.likelihood.score_scale

    def _correlations(self, R):
        if self.K > 1 and self.w.size > FULL * self.K * self.data.p:
            return -self.data.all_dots(R)[self.classes, self.cols]
        out = np.empty(self.w.size)
        for k in range(self.K):
            at = np.flatnonzero(self.classes == k)
            part = np.empty(at.size)
            col_dots(self.A, self.place[at], self.data.from_rows(R[k]), part)
            out[at] = -part
        return out

    def all_correlations(self, w, r, level, known):
        """Correlations of all coordinates, from the slopes r; outside `known`, exact where they may exceed `level`."""
        if self.K == 1:
            return self.anchors.correlations(r, level, known)
        return self._flat(-self.data.all_dots(r))

    def solve(self, pen, tol, share, max_rounds):
        """Lower the objective until the gap on the working set is at most `tol`, or that share of the objective.

        Or until it is a tenth of the first one: a smaller gap pays only when no more columns enter.
        """
        dual, rounds, gap, fresh = Dual(-np.inf, 0.0, self.w, self.r), 0, np.inf, False
        while True:
            value = self.rows.value + penalty_value(pen, self.w)
            dual = self.look(pen, value, dual)
            before, gap = gap, value - dual.value
            if not rounds:
                goal = max(tol, share * value, ENOUGH * min(gap, value))
            if SLOW * before < gap < np.inf:
                self._refine(share == 0.0 or gap > STUCK * before)
            if rounds >= max_rounds or (rounds and gap <= goal):
                if fresh or tol < gap:
                    return Result(value, dual, rounds)
                self.move(
                    self.w
                )  # steps leave rounding in the scores: they are computed again from w before they are certified
                fresh = True
                continue
            rounds, fresh = rounds + 1, False
            if rounds == 1 and self._is_quadratic(pen):
                rounds += self._quasi_newton(pen, goal, max(max_rounds - NEWTONS, 1))
            elif not self._step(pen, value, self._inner_tol(gap, value, goal)):
                if self.curvature is None or self.curvature.exact:
                    max_rounds = rounds
                else:
                    self._refine(True)

    def _inner_tol(self, gap, value, goal):
        """Gap to which the model is solved. A distance to the subdifferential is like the root of a gap."""
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
        """L-BFGS (Liu & Nocedal 1989) with the best intercepts. Returns the rounds, each of some steps."""
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
            if (
                flat and not pen.l2.all()
            ):  # the gap is known only once the gradient is zero to rounding, which Newton steps reach
                raise StopIteration
            if value - self.look(pen, value, Dual(-np.inf, 0.0, self.w, self.r)).value <= tol:
                raise StopIteration

        options = dict(maxiter=LBFGS_STEPS * max_rounds, maxfun=2 * LBFGS_STEPS * max_rounds, ftol=0.0, gtol=0.0)
        found = minimize(objective, self.w / size, jac=True, method="L-BFGS-B", callback=stop, options=options)
        self.move(size * found.x)
        return -(-found.nit // LBFGS_STEPS)

    def look(self, pen, value, dual):
        """The better of `dual` and the dual point of the current slopes."""
        if not self.likelihood.convex:
            # No dual point bounds the minimum: the distance to the subdifferential takes the place of the gap.
            return Dual(value - optimality(pen, self.w, self.c), 1.0, self.w, self.r)
        for scale in set(dual_scales(pen, self.c)):
            bound = self.likelihood.dual(self.rows.R, scale) - conjugate_value(pen, self.c, scale)
            if bound > dual.value:
                dual = Dual(bound, scale, self.w, self.r)
        return dual._replace(value=max(dual.value, self.trivial_dual(pen)))

    def trivial_dual(self, pen):
        """Dual value of the point 0, which is always feasible: the loss of predictions equal to the targets."""
        return self.best_loss - conjugate_value(pen, self.w, 0.0)

    def dual_value(self, pen, dual, scale):
        """Dual value of another scale of a dual point."""
        R = self.data.to_rows(dual.r)[None] if self.K == 1 else dual.r
        return self.likelihood.dual(R, scale) - conjugate_value(pen, self._correlations(R), scale)

    def gap_with(self, strengths, alpha, result, new, est, pull):
        if self.likelihood.convex:
            return super().gap_with(strengths, alpha, result, new, est, pull)
        return max(result.gap, (pull[new] - alpha * strengths.l1[new]).max())

    def jump(self, pen, start, t):
        """Step from w to ``w + t (w - start)`` without changing signs, if that lowers the objective."""
        trial = self.w + t * (self.w - start)
        clip_to_piece(pen, trial, self.w)
        Z = self.Z + self.scores(trial - self.w)
        rows = self.likelihood.with_best_intercepts(Z, self.rows.b)
        if rows.value + penalty_value(pen, trial) < self.rows.value + penalty_value(pen, self.w):
            self._take(trial, Z, rows)

    def _sample(self, m):
        """A sample of rows for the curvature of m coordinates, or None."""
        if not self.sampling:
            return None
        weights = self.data.rows[self.data.sample]
        effective = weights.sum() ** 2 / max(
            np.sum(weights**2), 1e-300
        )  # number of rows of equal weight that say as much (Kish 1965)
        return self.data.sample if effective * max(self.K - 1, 1) >= RICH * m else None

    def _curvature(self, model, at):
        """The curvature matrix of some coordinates; None if it would cost too much."""
        sample = self._sample(at.size) if self.curvature is None else self.curvature.rows
        cost = at.size * (1.0 if sample is None else sample.size / self.data.n)
        if cost > max(min(GRAM, 0.5 * model.width), LEAST_GRAM) or at.size > MOST:
            self.curvature = None
            return None
        if self.curvature is None:
            large = self.rough and self.data.n * at.size**2 > LARGE
            self.curvature = Curvature(model, sample, np.float32 if large else np.float64)
        return self.curvature.of(at)

    def _refine(self, better):
        """Make the next step use a new curvature matrix; a more accurate one if `better` and this one was new."""
        if better and self.curvature is not None and self.curvature.steps == 1:
            self.rough = self.rough and self.sampling
            self.sampling = False
        self.curvature = None

    def _step(self, pen, value, tol):
        """One Newton step. Returns False if the model has no step, or none lowers the objective.

        A descent below the rounding of the objective is accepted: the gap, which is of first order, shows it.
        """
        model = (OneScore if self.K == 1 else Softmax)(self)
        blocks = np.arange(pen.n_blocks()) if self.grouped else find_active(pen, self.w, self.c, SOON)
        at = np.arange(self.w.size) if self.grouped else blocks
        G = self._curvature(model, at)
        if G is not None:
            form = model.gram(at, G)
        else:
            form, blocks, at = model.rows(), np.arange(pen.n_blocks()), np.arange(self.w.size)
        q = WorkingSet(form, at.size + model.free)
        q.move(np.append(self.w[at], np.zeros(model.free)))
        model_pen = extended(pen, blocks, model.free // length_of(pen))
        # Unpenalized coefficients are solved for exactly in every round, which is expensive: few rounds are enough.
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
            rows = self.likelihood.with_best_intercepts(Z, self.rows.b + t * db)
            if rows.value + penalty_value(pen, w) <= value + DESCENT * t * descent + ROUNDING * value:
                self._take(w, Z, rows)
                return True
            t *= 0.5
        return False
