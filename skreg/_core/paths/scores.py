"""The working set of a loss of scores: coefficients that may be nonzero, and the loss at their values.

Coordinates are the coefficients of K scores: that of column j and score k is ``j K + k``. Intercepts always have their
best values, so the slopes of every score sum to zero.
"""

import numpy as np

from ..loops.certificates import clip_to_piece, conjugate_value, dual_scales, penalty_value
from ..parts.designs import col_dots, col_updates
from . import newton
from .screening import Anchors
from .working_set import WorkingSet

BATCH = 64  # blocks that may always enter at once
ENTRIES = 1 << 18  # of X, in columns that may always enter at once: a Newton step costs little less without them
SAME = 1e-12  # distance of slopes from those of the squared loss, relative to the largest, that is rounding
FULL = 0.1  # above this share of all coordinates, one product with all columns is faster than kernels on some


class Scores(WorkingSet):
    """Coefficients that may be nonzero, and the loss at their values.

    `w` are normalized coefficients, `Z` the scores without intercepts, `rows` the loss there, and `c` minus its
    gradient. The state r is the evaluation `rows`. `age` is the number of steps since Z was computed from w.

    Parameters
    ----------
    likelihood : Likelihood
    solver : {"auto", "newton", "lbfgs"}
        See `newton.solve`.
    anchors : Anchors, default=None
        Those of another working set.
    """

    is_eager = True

    def __init__(self, likelihood, solver="auto", anchors=None):
        super().__init__()
        self.data = data = likelihood.data
        self.likelihood = likelihood
        self.K = likelihood.K
        self.is_convex = likelihood.is_convex
        self.rows = likelihood.null_model
        self.Z = np.zeros_like(likelihood.T)
        self.best_loss = likelihood.dual(self.rows, 0.0)
        self.start = self._start()
        self.features = self.cols = self.classes = self.place = np.empty(0, np.int64)
        self.where = np.full(data.p, -1)  # position of every column in A; -1 for none
        self.A = self._columns(None, self.features)
        self.w = self.c = np.empty(0)
        self.age = 0
        self.batch = int(max(BATCH, min(ENTRIES * data.p / data.size, data.n)))
        self.steps = newton.NewtonSteps(self, solver)
        self.anchors = anchors
        if self.K == 1 and anchors is None:
            self.anchors = Anchors(data)
            self.anchors.start(-data.sqrt_weighted(data.from_rows(self.rows.R[0])), self.start)

    def _start(self):
        """The correlations of the null model.

        With an intercept, its slopes are often those of the squared loss, whose products with the columns are known.
        """
        data, R = self.data, self.rows.R
        if len(data.R) == self.K == 1 and np.abs(data.to_rows(data.R[0]) - R[0]).max() <= SAME * np.abs(R).max():
            return data.start[0]
        return -data.all_dots(R).T.ravel()

    def another(self):
        return Scores(self.likelihood, self.steps.solver, self.anchors)

    @property
    def r(self):
        return self.rows

    def snapshot(self):
        return self.rows

    def columns_and_scores(self):
        return self.cols, self.classes

    def inner_products(self, at):
        return self.data.cross(self.cols[at], self.cols[at])

    def _columns(self, A, cols):
        """The design A with more columns. Sparse columns of a softmax are not centred, which intercepts absorb."""
        A = self.data.restrict(A, cols)
        return A._replace(mean=np.zeros(A.mean.size)) if self.likelihood.couples_scores and self.data.sparse else A

    @property
    def centre(self):
        """The values that are subtracted from the columns."""
        return np.zeros(self.data.p) if self.likelihood.couples_scores and self.data.sparse else self.data.mean

    def add(self, path, blocks, known, entry):
        known[blocks] = True
        coords = path.coordinates(blocks)
        cols = coords // self.K
        fresh = cols[self.where[cols] < 0]
        # in their order: for one score, A must have the same
        fresh = fresh[np.sort(np.unique(fresh, return_index=True)[1])]
        self.where[fresh] = self.A.scale.size + np.arange(fresh.size)
        self.A = self._columns(self.A, fresh)
        self.blocks = np.append(self.blocks, blocks)
        self.features = np.append(self.features, coords)
        self.cols = np.append(self.cols, cols)
        self.classes = np.append(self.classes, coords % self.K)
        self.place = self.where[self.cols]
        new = np.arange(self.w.size, self.w.size + coords.size)
        self.w = np.append(self.w, np.zeros(coords.size))
        self.c = np.append(self.c, self._correlations(self.rows.R, new))

    def move(self, w):
        Z = self.scores(w)
        self.take(w, Z, self.likelihood.with_best_intercepts(Z, self.rows.b))
        self.age = 0

    def take(self, w, Z, rows):
        """Set the iterate, its scores, and the loss there."""
        self.w = w
        self.Z = Z
        self.rows = rows
        self.c = self._correlations(rows.R)
        self.age += 1

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

    def _correlations(self, R, coords=slice(None)):
        """Correlations of some coordinates, or of all."""
        classes, place = self.classes[coords], self.place[coords]
        if self.K > 1 and classes.size > FULL * self.K * self.data.p:
            return -self.data.all_dots(R)[classes, self.cols[coords]]
        out = np.empty(classes.size)
        for k in range(self.K):
            at = np.flatnonzero(classes == k)
            part = np.empty(at.size)
            col_dots(self.A, place[at], self.data.from_rows(R[k]), part)
            out[at] = -part
        return out

    def all_correlations(self, w, r, may_matter):
        if self.K == 1:
            return self.anchors.correlations(self.data.from_rows(r.R[0]), may_matter)
        return -self.data.all_dots(r.R).T.ravel()

    def solve(self, pen, tol, share, max_rounds):
        return newton.solve(self, pen, tol, share, max_rounds)

    def evaluate(self, pen):
        return self.rows.value + penalty_value(pen, self.w), self.c

    def dual_bounds(self, pen, c):
        trivial = self.trivial_dual(pen)
        for scale in set(dual_scales(pen, c)):
            yield max(self.likelihood.dual(self.rows, scale) - conjugate_value(pen, c, scale), trivial), scale

    def trivial_dual(self, pen):
        """Dual value of the point 0, which is always feasible: the loss of predictions equal to the targets."""
        return self.best_loss - conjugate_value(pen, self.w, 0.0)

    def dual_value(self, pen, point, scale):
        c = self._correlations(point.r.R)
        return self.likelihood.dual(point.r, scale) - conjugate_value(pen, c, scale)

    def jump(self, pen, start, t):
        trial = self.w + t * (self.w - start)
        clip_to_piece(pen, trial, self.w)
        Z = self.Z + self.scores(trial - self.w)
        rows = self.likelihood.with_best_intercepts(Z, self.rows.b)
        if rows.value + penalty_value(pen, trial) < self.rows.value + penalty_value(pen, self.w):
            self.take(trial, Z, rows)
