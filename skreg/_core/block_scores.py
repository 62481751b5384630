"""A loss of scores on row blocks: proximal Newton with gradients and curvature matrices summed over the blocks."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from .data.blocks import dense_parts, row_weights
from .loops import inner
from .loops.certificates import conjugate_value, dual_scales, penalty_value
from .parts.losses import evaluate
from .paths.working_set import Gradient, SquaredLoss
from .solve import Solution
from .solve_scores import ScoresFit

MAX_COORDINATES = 2000  # coefficients of all scores, whose curvature matrix is formed
MODEL_ROUNDS = 100  # of coordinate descent, for one Newton step
MODEL_GAP = 0.1  # gap of the model's solution, relative to the descent of the step before
LIKELY = 0.3  # share of the tolerance: a step whose model promises less descent is preceded by a certificate
DESCENT = 1e-4  # share of the predicted descent that a step must bring (Armijo)
HALVINGS = 20  # of a step
ROUNDING = 1e-13  # of objectives
ZERO_RESIDUAL = 1e-12  # root mean square of residuals below which the null model is perfect
ZERO_SLOPE = 1e-11  # sum of the slopes of a score, relative to the sum of their sizes, below which it counts as zero
INTERCEPT_STEPS = 5  # Newton steps for the intercepts alone, before a certificate
NULL_GAP = 1e-10  # of the null model with unpenalized columns, relative to its loss
NULL_STEPS = 100
ZERO_EIGENVALUE = 1e-13  # of curvatures, relative to the largest


class LossRows(NamedTuple):
    """How the rows of a block become targets and columns of the loss.

    Attributes
    ----------
    loss : NamedTuple
        See `parts.losses`.
    targets : callable
        Targets (K, n) of the loss for the targets (T, n) of a block.
    mean, scale : ndarray of shape (p,)
        Columns are ``(x_j - mean_j) * scale_j``.
    used : callable or None
        A mask of the rows, for the positions of the first and past the last one; None for all.
    """

    loss: NamedTuple
    targets: object
    mean: np.ndarray
    scale: np.ndarray
    used: object = None

    def evaluated(self, X, Y, weights, first, W, b):
        """Evaluate the loss under W (K, p) and b (K,), a few rows at a time.

        Yields
        ------
        A, T, h, inverse : ndarray
            Columns (m, p), targets (K, m), weights (m,), and their reciprocals, 0 where there is no weight.
        value, R, P, H : float and ndarray
            See `parts.losses`.
        """
        weights = row_weights(X, weights, first, self.used)
        for rows, part in dense_parts(X, X.shape[1]):
            A, T, h = (part - self.mean) * self.scale, self.targets(Y[:, rows]), weights[rows]
            inverse = np.divide(1.0, h, out=np.zeros(h.size), where=h > 0.0)
            Z = W @ A.T + b[:, None]
            R, P, H = np.empty_like(Z), np.empty_like(Z), np.empty(len(A))
            yield A, T, h, inverse, evaluate(self.loss, T, Z, h, R, P, H), R, P, H


@dataclass
class ScoreSums:
    """The loss and its derivatives, summed over rows.

    Attributes
    ----------
    value : float
    gradient : ndarray of shape (K, p + 1)
        By the coefficients and, last, by the intercept of every score.
    sizes : ndarray of shape (K,)
        Sums of the sizes of slopes.
    squares : float
        Sum of the squared slopes of rows, each divided by its weight.
    hessian : ndarray of shape (p + 1, K, p + 1, K)
    """

    value: float
    gradient: np.ndarray
    sizes: np.ndarray
    squares: float
    hessian: np.ndarray

    def __add__(self, other):
        parts = (getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        return ScoreSums(*parts)

    def in_units_of(self, scale):
        """The same for scores that are divided by `scale`, and a loss that is divided by its square."""
        return ScoreSums(self.value / scale**2, self.gradient / scale, self.sizes / scale, self.squares, self.hessian)


def score_sums(X, Y, weights, first, rows, W, b):
    """The `ScoreSums` of a block."""
    K, p = W.shape
    total = ScoreSums(0.0, np.zeros((K, p + 1)), np.zeros(K), 0.0, np.zeros((p + 1, K, p + 1, K)))
    for A, _, h, inverse, value, R, P, H in rows.evaluated(X, Y, weights, first, W, b):
        A = np.column_stack([A, np.ones(len(A))])
        total.value += value
        total.gradient += R @ A
        total.sizes += np.abs(R).sum(axis=1)
        total.squares += np.sum(R**2 * inverse)
        if K == 1:
            A *= np.sqrt(h * H)[:, None]
            total.hessian[:, 0, :, 0] += A.T @ A
            continue
        for k in range(K):
            for j in range(k + 1):
                V = h * H * P[k] * ((j == k) - P[j])
                block = (A * V[:, None]).T @ A
                total.hessian[:, k, :, j] += block
                if j < k:
                    total.hessian[:, j, :, k] += block
    return total


def conjugate_sums(X, Y, weights, first, rows, W, b, scales):
    """Sums over a block of the conjugates of the loss at some scales of its slopes: an array."""
    total = np.zeros(len(scales))
    for _, T, h, inverse, _, R, P, _ in rows.evaluated(X, Y, weights, first, W, b):
        total += [rows.loss.conjugate_sum(T, R * (scale * inverse), h, P, scale) for scale in scales]
    return total


def log_loss_sums(X, Y, weights, first, used, coefs, intercepts):
    """Sums over a block of ``-w log p`` of the class of every row, for many models: (m,).

    Y holds codes of classes, coefs (m, K, p) and intercepts (m, K).
    """
    weights, codes, total = row_weights(X, weights, first, used), Y[0].astype(np.int64), np.zeros(len(coefs))
    for rows, part in dense_parts(X, X.shape[1] + coefs[:, :, 0].size):
        Z = np.einsum("mkp,np->mkn", coefs, part, optimize=True) + intercepts[:, :, None]
        if coefs.shape[1] == 1:
            Z = np.concatenate([np.zeros_like(Z), Z], axis=1)
        own = np.take_along_axis(Z, codes[None, None, rows], axis=1)[:, 0]
        total += (logsumexp(Z, axis=1) - own) @ weights[rows]
    return total


class BlockScores:
    """A convex loss of K scores on row blocks.

    As `Likelihood`, in units in which the norm of the null model's residual is 1.

    Parameters
    ----------
    data : BlockData
    rows : LossRows
    start : ndarray of shape (K,)
        Intercepts of the null model.
    """

    def __init__(self, data, rows, start):
        self.data = data
        self.rows = rows
        self.K = start.size
        self.score_scale = 1.0
        b = start if data.fit_intercept else np.zeros(self.K)
        null = self.with_best_intercepts(self.at(np.zeros(self.K * data.p), b))
        norm = np.sqrt(null.sums.squares)
        self.score_scale = norm if norm > ZERO_RESIDUAL * np.sqrt(data.weight) else 1.0
        self.null = null._replace(sums=null.sums.in_units_of(self.score_scale))

    @property
    def unit(self):
        """A loss of 1, per unit of weight, in the user's units."""
        return self.score_scale**2 / self.data.weight

    def _matrix(self, w):
        """Coefficients (K, p) of normalized columns, for raw scores, from coordinates ``j K + k``."""
        return w.reshape(-1, self.K).T * self.score_scale

    def at(self, w, b):
        """The loss at coefficients and intercepts."""
        sums = self.data.blocks.total(score_sums, self.rows, self._matrix(w), b)
        return BlockPoint(w, b, sums.in_units_of(self.score_scale))

    def duals(self, point, scales):
        """Dual values of the slopes at a point, times some scales."""
        sums = self.data.blocks.total(conjugate_sums, self.rows, self._matrix(point.w), point.b, scales)
        return -sums / self.score_scale**2

    def with_best_intercepts(self, point):
        """The same coefficients with the best intercepts: the slopes of every score then sum to zero."""
        for _ in range(INTERCEPT_STEPS if self.data.fit_intercept else 0):
            slopes = point.sums.gradient[:, -1]
            if (np.abs(slopes) <= ZERO_SLOPE * point.sums.sizes.sum()).all():
                break
            curvature = point.sums.hessian[-1, :, -1, :]
            step = -np.linalg.pinv(curvature, ZERO_EIGENVALUE, hermitian=True) @ slopes * self.score_scale
            better = self.at(point.w, point.b + step)
            if better.sums.value > point.sums.value * (1.0 + ROUNDING):
                break
            point = better
        return point


class BlockPoint(NamedTuple):
    """Coefficients, with coordinate ``j K + k`` that of column j and score k, intercepts, and the loss there."""

    w: np.ndarray
    b: np.ndarray
    sums: ScoreSums

    @property
    def c(self):
        """Minus the gradient."""
        return -self.sums.gradient[:, :-1].T.ravel()


class BlockModel(NamedTuple):
    """The quadratic model of the loss at a point, with the best intercepts for every value of the coefficients."""

    G: np.ndarray
    c: np.ndarray
    to_intercepts: np.ndarray  # (K, p K): steps of the intercepts for steps of the coefficients
    own: np.ndarray  # (K,): step of the intercepts besides

    @classmethod
    def at(cls, point, fit_intercept, unit):
        m = point.w.size
        H = point.sums.hessian.reshape(m + point.b.size, -1)
        G, c = H[:m, :m], point.c
        if not fit_intercept:
            return cls(G, c, np.zeros((point.b.size, m)), np.zeros(point.b.size))
        inverse = np.linalg.pinv(H[m:, m:], ZERO_EIGENVALUE, hermitian=True)
        to_intercepts = -inverse @ H[m:, :m]
        own = -inverse @ point.sums.gradient[:, -1]
        return cls(G + H[:m, m:] @ to_intercepts, c - H[:m, m:] @ own, to_intercepts * unit, own * unit)

    def minimize(self, pen, w, sizes, order, tol):
        """Coefficients that minimize the model plus the penalty."""
        G, c = np.ascontiguousarray(self.G[np.ix_(order, order)]), self.c[order]
        values, vectors = np.linalg.eigh(G)
        kept = values > ZERO_EIGENVALUE * max(values[-1], 1e-300)
        along = (vectors.T @ c)[kept]
        Gw = G @ w
        form = Gradient(lambda new, cols: G, c + Gw, float(along @ (along / values[kept]) + 2.0 * c @ w + w @ Gw))
        form.grow(np.arange(w.size), sizes)
        q = SquaredLoss(form)
        q.move(w.copy())
        inner.solve(q, pen, tol, 0.0, MODEL_ROUNDS)
        return q.w


class BlockScoresFit(ScoresFit):
    """A fit of a convex loss of scores on row blocks; the penalty must be convex.

    Parameters
    ----------
    scores : BlockScores
    """

    def __init__(self, scores):
        self.scores = scores
        self.shift = 0.0
        self.null = np.array([scores.null.sums.value * scores.unit])
        self.max_hess = scores.rows.loss.max_hess

    def has_gap(self, penalty):
        return True

    @property
    def n_scores(self):
        return self.scores.K

    def _path(self, penalty):
        return penalty.path(self.scores.data, self.scores.score_scale, self.scores.K)

    def alpha_max(self, penalty):
        """The smallest alpha at which all penalized coefficients are zero; infinite without an L1 part."""
        family, point = self._path(penalty), self.scores.null
        holds = family.holds()
        if not self.scores.data.scale.any():
            return 0.0
        if not holds.any():
            return np.inf
        if (~holds & ~family.is_fixed).any():  # unpenalized columns belong to the null model
            of_null = 2.0 * family.largest_entry_alpha(np.ones(family.n_coordinates))[holds].max()
            point, *_ = self._steps(family, of_null).minimize(point, NULL_GAP * point.sums.value, NULL_STEPS)
        return family.entry_alpha(point.c)[holds].max()

    def _steps(self, family, alpha):
        coordinate_blocks = np.arange(family.n_blocks)
        order, sizes = family.coordinates(coordinate_blocks), family.block_sizes(coordinate_blocks)
        return NewtonOnBlocks(self.scores, family.whole(alpha), order, sizes)

    def _solve(self, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
        scores, data, family = self.scores, self.scores.data, self._path(penalty)
        size = data.scale * scores.score_scale
        point, w = scores.null, np.zeros(family.n_coordinates)
        if coef_init is not None:
            w = np.divide(coef_init, size, out=np.zeros(coef_init.shape), where=size > 0.0).T.ravel()
        w = family.project(w)
        if w.any():
            point = scores.at(w, point.b)
        goal = tol * scores.null.sums.value
        for alpha in alphas:
            point, value, gap, n_iter = self._steps(family, alpha).minimize(point, goal, max_iter)
            coef = family.without_rounding(alpha, point.w).reshape(-1, scores.K).T * size
            intercept = point.b - coef @ data.mean
            if scores.K > 1 and data.fit_intercept:
                intercept -= intercept.mean()  # only differences of scores matter
            yield Solution(coef, intercept, value * scores.unit, gap * scores.unit, n_iter, gap <= goal)


class NewtonOnBlocks:
    """Proximal Newton steps for one penalty.

    Parameters
    ----------
    scores : BlockScores
    pen : NamedTuple
        The compiled penalty of all blocks of coordinates.
    order : ndarray of int
        Its coordinates, of those ``j K + k`` of column j and score k.
    sizes : ndarray of int or None
        Numbers of coordinates of its blocks; None for blocks of one.
    """

    def __init__(self, scores, pen, order, sizes):
        self.scores = scores
        self.pen = pen
        self.order = order
        self.sizes = sizes

    def minimize(self, point, goal, max_iter):
        """Steps from a point until the gap is at most `goal`: the point, its objective and gap, and their number."""
        scores, pen, order = self.scores, self.pen, self.order
        gap, descent = np.inf, scores.null.sums.value
        for step in range(max_iter + 1):
            w = point.w[order]
            value = point.sums.value + penalty_value(pen, w)
            model = BlockModel.at(point, scores.data.fit_intercept, scores.score_scale)
            found = model.minimize(pen, w, self.sizes, order, max(MODEL_GAP * min(descent, value), LIKELY * goal))
            d = np.empty(w.size)
            d[order] = found - w
            db = model.own + model.to_intercepts @ d
            slope = -point.c @ d + point.sums.gradient[:, -1] @ db / scores.score_scale
            slope += penalty_value(pen, found) - penalty_value(pen, w)
            descent = -slope
            if descent <= LIKELY * goal or step == max_iter:
                point = scores.with_best_intercepts(point)
                value = point.sums.value + penalty_value(pen, w)
                gap = self._gap(point, value)
                if gap <= goal or step == max_iter:
                    break
            better = self._search(point, value, d, db, slope)
            if better is None:
                gap = self._gap(point, value) if gap == np.inf else gap
                break
            point = better
        return point, value, gap, max(step, 1)

    def _search(self, point, value, d, db, slope):
        """The first point on the way along a step that lowers the objective enough, or None."""
        t = 1.0
        for _ in range(HALVINGS):
            trial = self.scores.at(point.w + t * d, point.b + t * db)
            objective = trial.sums.value + penalty_value(self.pen, trial.w[self.order])
            if objective <= value + DESCENT * t * slope + ROUNDING * value:
                return trial
            t *= 0.5
        return None

    def _gap(self, point, value):
        pen = self.pen
        c = point.c[self.order]
        scales = np.array([0.0, *dual_scales(pen, c)])
        duals = self.scores.duals(point, scales) - [conjugate_value(pen, c, scale) for scale in scales]
        return max(value - duals.max(), 0.0)
