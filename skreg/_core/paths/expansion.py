"""A loss's second-order expansion: weighted least squares, on rows or through its curvature matrix."""

import numpy as np

from .._jit import njit
from ..data.base import ENTRIES_PER_PRODUCT, FEW_VECTORS
from ..parts.designs import PerScore, Stacked
from .forms import Gradient, Residual, ScoresGradient, block_curvatures

LEAST_VECTORS = 8  # of n numbers that are multiplied at a time, however large n is
MIN_CURVATURE = 1e-12  # of a row, relative to its weight
SINGLE_PRECISION_SHIFT = 1e-6  # added to diagonals, relatively: keeps float32 curvature matrices positive definite


@njit
def reweight(A, H, place, classes, centred, weight, lips):
    """Fill the means of A under the weights H (if `centred`), and `lips` with the curvature along every coordinate."""
    for j in range(lips.size):
        h, k = H[classes[j]], place[j]
        if centred:
            A.mean[k] = A.col_mean(k, h, weight)
        lips[j] = A.col_sqnorm(k, h) if A.scale[k] > 0.0 else 0.0


class Model(Residual):
    """Weighted least squares: the loss's second-order expansion at the iterate of a working set.

    It is solved either on rows, after `on_rows` has set up the form, whose state r holds the slopes of the model, or
    through its curvature matrix.

    Parameters
    ----------
    s : Scores
    damping : float
        Factor of the curvature.
    """

    def __init__(self, s, damping=1.0):
        self.s = s
        self.damping = damping
        self.data = s.data
        self.cols = s.cols
        self.width = s.data.size / s.data.p
        self.rank = s.data.n

    def products(self, w, r):
        """Squared norm of the residual, and its product with the working response."""
        v = self.slopes(r)
        e = v * self.inv_h
        return float(np.sum(v * e)), float(np.sum(e * self.slopes(self.y)))

    def gram_index(self, at):
        """The rows of the curvature matrix that belong to some coordinates."""
        return at

    def on_gram(self, at, G):
        """The form of some coordinates and the intercepts, given their curvature matrix."""
        w, c = (np.append(part[at], np.zeros(self.n_free)) for part in (self.s.w, self.s.c))
        start = w @ G + c
        rr = np.sum(self.s.rows.R**2 * self.inv_h)
        form = Gradient(lambda new, cols: G, start, rr + (start + c) @ w, self.rank)
        form.grow(np.arange(w.size))
        form.is_stiff = self.s.likelihood.loss.is_stiff
        return form

    def block_curvatures(self, form, ends, is_separable):
        """The largest curvature of every block of one of the two forms; block j is ``ends[j]`` to ``ends[j + 1]``."""
        if ends.size == form.lips.size + 1 or not is_separable:
            return form.lips
        if form is not self:
            return block_curvatures(form.lips, np.diff(ends), form.square)
        return self._bounds(ends)


class OneScore(Model):
    """The model of one score. The intercept always has its best value."""

    n_free = 0

    def __init__(self, s, damping=1.0):
        super().__init__(s, damping)
        lik, r = s.likelihood, s.rows.R[0]
        # where rows are coupled, a shift of all scores changes nothing
        self.coupling = lik.loss.coupling(lik.T, lik.h, s.rows.P) if lik.loss.couples_rows else None
        self.shifts = int(lik.fit_intercept and self.coupling is None)
        misfit = lik.loss.misfit_hess * (r * lik.score_scale * lik.inv_h) ** 2
        self.h = h = damping * lik.h * np.maximum(s.rows.H, np.maximum(misfit, MIN_CURVATURE))
        self.inv_h = np.divide(1.0, h, out=np.zeros(h.size), where=h > 0.0)
        self.weight = float(h.sum())
        self.share = h / self.weight if lik.fit_intercept else np.zeros(h.size)

    def _bounds(self, ends):
        return np.add.reduceat(self.lips, ends[:-1])  # traces

    def part(self, at):
        A = self.data.restrict(None, self.cols[at])._replace(mean=self.A.mean[at])
        return A._replace(weight=self.weight) if self.data.sparse else A

    def on_rows(self):
        """Set up the form on rows, with columns centred under the weights."""
        s = self.s
        self.lips = np.empty(s.cols.size)
        self.A = s.A._replace(mean=np.zeros(s.A.mean.size))
        if self.data.sparse:
            self.A = self.A._replace(weight=self.weight)
        reweight(self.A, self.h[None], s.place, s.classes, s.likelihood.fit_intercept, self.weight, self.lips)
        self.features = np.arange(self.lips.size)
        z = s.Z[0] / s.likelihood.score_scale
        self.y = self.data.from_rows(s.rows.R[0] - self.h * (z - self.share @ z))
        return self

    def slopes(self, r):
        return r if r.size == self.h.size else r[:-1] + self.h * r[-1]

    def intercepts(self, w, dZ):
        """Steps of the intercepts, for solution w of the model and a step dZ of the scores without intercepts."""
        return -dZ @ self.share

    def square(self, coords):
        roots, which = np.sqrt(self.h)[None], np.zeros(coords.size, np.int64)
        return self.data.weighted_gram(self.cols[coords], self.A.mean[coords], np.empty(0), roots, which)

    def curvature(self, at, rows, new, dtype=np.float64):
        """Curvature of the last `new` of some coordinates with all of them; coordinate -1 is the intercept."""
        s, some = self.s, at[at >= 0]
        mean = np.zeros(some.size) if self.data.sparse else s.A.mean[some]
        if self.coupling is None and (rows is not None or new > min(FEW_VECTORS, at.size // 2)):
            roots, which = np.sqrt(self.h)[None], np.zeros(at.size, np.int64)
            ones = np.ones(at.size - some.size)
            return self.data.weighted_gram(s.cols[some], mean, ones, roots, which, rows, new, dtype)
        G, first, k = np.empty((new, at.size)), some.size - new, at.size - some.size
        step = max(ENTRIES_PER_PRODUCT // self.data.n, LEAST_VECTORS)
        for low in range(0, new, step):
            part = slice(first + low, first + low + step)
            Z = self.data.columns(s.cols[some[part]], mean[part], np.arange(self.data.n))
            U, shift = (Z * self.h, 0.0) if self.coupling is None else self.coupling.times(Z, self.h)
            G[low : low + step, :k] = U.sum(axis=1)[:, None]
            G[low : low + step, k:] = self.data.products(s.cols[some], mean, U, dtype)
            G[low : low + step].flat[k + part.start :: at.size + 1] += shift
        return G

    def on_gram(self, at, G):
        if self.shifts:  # eliminated
            G = G[:-1, :-1] - np.outer(G[-1, :-1] / G[-1, -1], G[-1, :-1])
        return super().on_gram(at, G)


class SeparateScores(Model):
    """The model of K scores with squared loss. Columns are centred, so that intercepts stay at their best values."""

    n_free = shifts = 0

    def __init__(self, s, damping=1.0):
        super().__init__(s, damping)
        self.h = damping * s.likelihood.h * s.rows.H
        self.inv_h = np.divide(1.0, self.h, out=np.zeros(self.h.size), where=self.h > 0.0)
        self.classes = s.classes

    def _bounds(self, ends):
        """Of each score, a block has at most the curvature that is the sum of those of its columns."""
        block = np.repeat(np.arange(ends.size - 1), np.diff(ends))
        sums = np.bincount(block * self.s.K + self.classes, self.lips, (ends.size - 1) * self.s.K)
        return sums.reshape(-1, self.s.K).max(axis=1)

    def on_rows(self):
        """Set up the form on rows."""
        s, A = self.s, self.s.A
        if self.data.sparse:
            A = A._replace(weight=float(self.h.sum()))
        self.lips = self.data.sqnorms[s.cols] * self.damping
        self.features = np.arange(self.lips.size)
        self.A = PerScore(A, s.place, self.classes)
        slopes = s.rows.R - self.h * (s.Z / s.likelihood.score_scale)
        self.y = np.array([self.data.from_rows(row) for row in slopes])
        return self

    def slopes(self, r):
        n = self.h.size
        return r if r.shape[1] == n else r[:, :n] + self.h * r[:, n:]

    def intercepts(self, w, dZ):
        """Steps of the intercepts, for solution w of the model and a step dZ of the scores without intercepts."""
        return np.zeros(self.s.K)

    def square(self, coords):
        cols, place = np.unique(self.cols[coords], return_inverse=True)
        same = self.classes[coords][:, None] == self.classes[coords]
        return self.damping * self.data.cross(cols, cols)[np.ix_(place, place)] * same

    def gram_index(self, at):
        """The columns of some coordinates: all scores have the same inner products."""
        return np.unique(self.s.cols[at])

    def on_gram(self, at, G):
        """The form of some coordinates, given the inner products of their columns."""
        s, place = self.s, np.searchsorted(self.gram_index(at), self.s.cols[at])
        rr = np.sum(s.rows.R**2 * self.inv_h)
        return ScoresGradient(G, place, s.classes[at], s.w[at], s.c[at], rr, self.rank)

    def curvature(self, at, rows, new, dtype=np.float64):
        """Inner products of the last `new` of some columns with all, without damping."""
        return self.data.cross(at[at.size - new :], at)


class Softmax(Model):
    """The model of K scores. All intercepts but the last are coordinates, as a common shift changes nothing."""

    def __init__(self, s, damping=1.0):
        super().__init__(s, damping)
        lik, K = s.likelihood, s.likelihood.K
        misfit = lik.loss.misfit_hess * (s.rows.R * lik.score_scale * lik.inv_h) ** 2
        P = np.maximum(s.rows.P, np.maximum(misfit, MIN_CURVATURE))
        self.P = P / P.sum(axis=0)
        self.weights = damping * lik.h * s.rows.H
        self.h = self.P * self.weights
        self.inv_h = np.divide(1.0, self.h, out=np.zeros(P.shape), where=self.h > 0.0)
        self.n_free = K - 1 if lik.fit_intercept else 0
        self.shifts = self.n_free
        self.shift = 1.0 / np.sqrt(s.data.weight)  # the norm of a column
        self.classes = np.append(s.classes, np.arange(self.n_free))

    def _bounds(self, ends):
        """Of a column, the curvature ``diag(p) - p p'`` is at most twice the largest of its diagonal (Gershgorin)."""
        traces, cols = np.add.reduceat(self.lips, ends[:-1]), np.append(self.cols, np.arange(-self.n_free, 0))
        is_new = np.append(True, cols[1:] != cols[:-1])  # the coordinates of a column follow each other in a block
        is_new[ends[:-1]] = True
        n_columns = np.add.reduceat(is_new.astype(np.int64), ends[:-1])
        return np.minimum(traces, 2.0 * n_columns * np.maximum.reduceat(self.lips, ends[:-1]))

    def on_rows(self):
        """Set up the form on rows."""
        s, V, P = self.s, self.h, self.P
        own = V * (1.0 - P)
        lips = np.empty(s.cols.size)
        reweight(s.A, own, s.place, s.classes, False, 0.0, lips)
        self.lips = np.append(lips, own[: self.n_free].sum(axis=1) * self.shift**2)
        self.features = np.arange(self.lips.size)
        self.A = Stacked(s.A, s.place, self.classes, V, P, self.shift)
        Z = s.Z / s.likelihood.score_scale
        self.y = np.concatenate([s.rows.R - V * Z, -np.sum(P * Z, axis=0)[None]])
        return self

    def slopes(self, r):
        return r[:-1] - self.h * r[-1]

    def intercepts(self, w, dZ):
        """Steps of the intercepts, for solution w of the model and a step dZ of the scores without intercepts."""
        size = self.shift * self.s.likelihood.score_scale
        return np.append(w[w.size - self.n_free :] * size, np.zeros(len(dZ) - self.n_free))

    def square(self, coords):
        m = self.cols.size
        at = np.where(coords < m, coords, m - 1 - coords)
        order = np.argsort(at >= 0, kind="stable")
        G = np.empty((at.size, at.size))
        G[np.ix_(order, order)] = self.curvature(at[order], None, at.size)
        return G

    def curvature(self, at, rows, new, dtype=np.float64):
        """Curvature of the last `new` of some coordinates with all; the first may be intercepts, -1 - k for class k."""
        s, first = self.s, at.size - new
        classes = np.append(s.classes, np.arange(self.shifts)[::-1])[at]

        def products(at, roots, which, new):
            some = at[at >= 0]
            ones = np.full(at.size - some.size, self.shift)
            return self.data.weighted_gram(s.cols[some], s.A.mean[s.place[some]], ones, roots, which, rows, new, dtype)

        G = -products(at, np.sqrt(self.weights) * self.P, classes, new)
        for k in np.unique(classes[first:]):
            own = np.flatnonzero(classes == k)
            fresh = own[own >= first]
            which = np.zeros(own.size, np.int64)
            G[np.ix_(fresh - first, own)] += products(at[own], np.sqrt(self.h[k : k + 1]), which, fresh.size)
        return G


class Curvature:
    """The curvature matrix of a model, for all coordinates that were active in a step since it was made.

    Later steps reuse it with a new gradient: they bring less progress, but cost little.
    """

    def __init__(self, model, rows, dtype):
        self.model = model
        self.rows = rows
        self.dtype = dtype
        self.steps = 0
        self.at = np.empty(0, np.int64)
        self.G = np.empty((0, 0))
        self._grow(-1 - np.arange(model.shifts))

    def _grow(self, new):
        m, self.at = self.at.size, np.append(self.at, new)
        G = np.empty((self.at.size, self.at.size))
        G[:m, :m] = self.G
        G[m:] = self.model.curvature(self.at, self.rows, new.size, self.dtype) if new.size else 0.0
        G[:m, m:] = G[m:, :m].T
        if self.dtype == np.float32:
            G.flat[m * (G.shape[0] + 1) :: G.shape[0] + 1] *= 1.0 + SINGLE_PRECISION_SHIFT
        self.G = G

    @property
    def is_exact(self):
        """Whether it belongs to the last iterate, uses all rows, and is in double precision."""
        return self.steps == 1 and self.rows is None and self.dtype == np.float64

    def of(self, at):
        """The submatrix of some coordinates, in ascending order, and of the intercepts."""
        self.steps += 1
        new = np.setdiff1d(at, self.at, assume_unique=True)
        if new.size:
            self._grow(new)
        order = np.argsort(self.at)
        take = order[np.searchsorted(self.at, at, sorter=order)]
        take = np.append(take, np.arange(self.model.shifts))
        return self.G.take(take, 0).take(take, 1)


def model_of(s):
    """The expansion of the loss of a working set at its iterate."""
    if s.K == 1:
        return OneScore(s)
    return Softmax(s) if s.likelihood.couples_scores else SeparateScores(s)
