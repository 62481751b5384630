"""A loss of scores on row blocks: its values, gradients, curvature matrices and conjugates, summed over the blocks."""

from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from .data.blocks import dense_parts, row_weights
from .parts.losses import evaluate

MAX_COORDINATES = 2000  # coefficients of all scores, whose curvature matrix is formed
OBJECTIVE_ROUNDING = 1e-13  # of objectives
ZERO_RESIDUAL = 1e-12  # root mean square of residuals below which the null model is perfect
ZERO_SLOPE = 1e-11  # sum of the slopes of a score, relative to the sum of their sizes, below which it counts as zero
INTERCEPT_STEPS = 30  # most Newton steps for the intercepts alone, before a certificate
ZERO_EIGENVALUE = 1e-13  # of curvatures, relative to the largest
SAMPLE_STEP = 16  # one of as many blocks belongs to the sample on which a fit starts


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
    has_offset : bool
        Whether the targets of a block have one more row, which is added to all scores.
    """

    loss: NamedTuple
    targets: object
    mean: np.ndarray
    scale: np.ndarray
    used: object = None
    has_offset: bool = False

    def evaluated(self, X, Y, weights, first, W, b):
        """Evaluate the loss under W (K, p) and b (K,), a few rows at a time.

        Yields
        ------
        A, T, h, inverse : ndarray
            Columns minus their means, without their scales, and a last one of ones, (m, p + 1), targets (K, m), weights
            (m,), and their reciprocals, 0 where there is no weight.
        offset : ndarray or float
            What is added to the scores.
        value, R, P, H : float and ndarray
            See `parts.losses`.
        """
        weights = row_weights(X, weights, first, self.used)
        Y, offsets = (Y[:-1], Y[-1]) if self.has_offset else (Y, np.zeros(len(weights)))
        coefs = np.column_stack([W * self.scale, b])
        for rows, part in dense_parts(X, X.shape[1]):
            T, h, offset = self.targets(Y[:, rows]), weights[rows], offsets[rows]
            A = np.empty((len(part), len(coefs.T)))
            np.subtract(part, self.mean, out=A[:, :-1])
            A[:, -1] = 1.0
            inverse = np.divide(1.0, h, out=np.zeros(h.size), where=h > 0.0)
            Z = coefs @ A.T + offset
            R, P, H = np.empty_like(Z), np.empty_like(Z), np.empty(len(A))
            yield A, T, h, inverse, offset, evaluate(self.loss, T, Z, h, R, P, H), R, P, H

    @property
    def couples_scores(self):
        """Whether the slope by one of several scores depends on others."""
        return self.loss.couples_scores


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

    def with_scaled_columns(self, ratio):
        """The same for columns that are multiplied by `ratio` (p,)."""
        ratio = np.append(ratio, 1.0)
        hessian = self.hessian * ratio[:, None, None, None] * ratio[:, None]
        return ScoreSums(self.value, self.gradient * ratio, self.sizes, self.squares, hessian)


def weight_sum(X, Y, weights, first, used):
    """The weight of the rows of a block."""
    return float(row_weights(X, weights, first, used).sum())


def score_sums(X, Y, weights, first, rows, W, b):
    """The `ScoreSums` of a block."""
    K, p = W.shape
    total = ScoreSums(0.0, np.zeros((K, p + 1)), np.zeros(K), 0.0, np.zeros((p + 1, K, p + 1, K)))
    for A, _, h, inverse, _, value, R, P, H in rows.evaluated(X, Y, weights, first, W, b):
        total.value += value
        total.gradient += R @ A
        total.sizes += np.abs(R).sum(axis=1)
        total.squares += np.sum(R**2 * inverse)
        if K == 1 or not rows.couples_scores:
            A *= np.sqrt(h * H)[:, None]
            square = A.T @ A
            for k in range(K):
                total.hessian[:, k, :, k] += square
            continue
        for k in range(K):
            for j in range(k + 1):
                V = h * H * P[k] * ((j == k) - P[j])
                block = (A * V[:, None]).T @ A
                total.hessian[:, k, :, j] += block
                if j < k:
                    total.hessian[:, j, :, k] += block
    return total.with_scaled_columns(rows.scale)


def conjugate_sums(X, Y, weights, first, rows, W, b, moves):
    """Sums over a block of the conjugates of the loss at some scales of its slopes: an array.

    The slopes are what those at W and b are after moves, according to curvatures: ``moves`` has, for each, steps of
    W (K, p) and of b (K,), and the scales.
    """
    totals = [np.zeros(len(scales)) for *_, scales in moves]
    for A, T, h, inverse, offset, _, R, P, H in rows.evaluated(X, Y, weights, first, W, b):
        for (dW, db, scales), total in zip(moves, totals, strict=True):
            dZ = (dW * rows.scale) @ A[:, :-1].T + db[:, None] if dW.any() else db[:, None]
            coupled = len(R) > 1 and rows.couples_scores
            U = R + h * H * (P * (dZ - np.sum(P * dZ, axis=0)) if coupled else dZ)
            total += [rows.loss.conjugate_sum(T, U * (scale * inverse), h, P, scale) for scale in scales]
            total -= scales * np.sum(U * offset)
    return np.concatenate(totals)


def loss_sums(X, Y, weights, first, used, has_offset, total_of, coefs, intercepts):
    """Sums over a block of the losses of many models: (m,), means over the targets.

    The models have coefs (m, K, p) and intercepts (m, K); ``total_of(y, z, weights)`` is the weighted sum of the losses
    of targets y at scores z.
    """
    weights, total = row_weights(X, weights, first, used), np.zeros(len(coefs))
    Y, offsets = (Y[:-1], Y[-1]) if has_offset else (Y, np.zeros(len(weights)))
    for rows, part in dense_parts(X, X.shape[1] + coefs[:, :, 0].size):
        h = weights[rows]
        if not h.any():
            continue
        Z = np.einsum("mkp,np->mkn", coefs, part, optimize=True) + intercepts[:, :, None] + offsets[rows]
        total += [np.mean([total_of(y, z, h) for y, z in zip(Y[:, rows], scores, strict=True)]) for scores in Z]
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

    def duals(self, point, moves):
        """Dual values of the slopes after moves from a point, see `conjugate_sums`, times some scales.

        Every move is a step of the coefficients, one of the intercepts, and the scales.
        """
        moves = [(self._matrix(d), db, scales) for d, db, scales in moves]
        sums = self.data.blocks.total(conjugate_sums, self.rows, self._matrix(point.w), point.b, moves)
        return -sums / self.score_scale**2

    def scaled(self, penalty):
        """The same loss of columns that are scaled as the penalty wants them."""
        data = penalty.scaled(self.data)
        if data is self.data:
            return self
        old, scores = self.data.scale, copy(self)
        ratio = np.divide(data.scale, old, out=np.zeros(old.size), where=old > 0.0)
        scores.data, scores.rows = data, self.rows._replace(scale=data.scale)
        scores.null = self.null._replace(sums=self.null.sums.with_scaled_columns(ratio))
        return scores

    def sample(self):
        """The same loss of a sample of the blocks, whose null model has the same intercepts; None for few blocks."""
        blocks = self.data.blocks.sample(SAMPLE_STEP)
        weight = 0.0 if blocks is None else blocks.total(weight_sum, self.data.used)
        if weight == 0.0:
            return None
        scores, data = copy(self), copy(self.data)
        data.blocks, data.weight = blocks, weight
        scores.data = data
        scores.null = scores.at(self.null.w, self.null.b)
        return scores

    def with_best_intercepts(self, point):
        """The same coefficients with the best intercepts: the slopes of every score then sum to zero.

        The slope by one intercept grows with it: Newton steps for it stay between the values that are known to be too
        small and too large.
        """
        low, high, best = -np.inf, np.inf, point
        for _ in range(INTERCEPT_STEPS if self.data.fit_intercept else 0):
            slopes = point.sums.gradient[:, -1]
            if (np.abs(slopes) <= ZERO_SLOPE * point.sums.sizes.sum()).all():
                return point
            curvature = point.sums.hessian[-1, :, -1, :]
            b = point.b - np.linalg.pinv(curvature, ZERO_EIGENVALUE, hermitian=True) @ slopes * self.score_scale
            if self.K == 1:
                low, high = (low, point.b[0]) if slopes[0] > 0.0 else (point.b[0], high)
                if not low < b[0] < high:
                    b = np.array([0.5 * (low + high)])
                if not low < b[0] < high:
                    break  # rounding
            point = self.at(point.w, b)
            if self.K > 1 and point.sums.value > best.sums.value * (1.0 + OBJECTIVE_ROUNDING):
                break
            if self.K > 1 or abs(point.sums.gradient[0, -1]) < abs(best.sums.gradient[0, -1]):
                best = point
        return best


class BlockPoint(NamedTuple):
    """Coefficients, with coordinate ``j K + k`` that of column j and score k, intercepts, and the loss there."""

    w: np.ndarray
    b: np.ndarray
    sums: ScoreSums

    @property
    def c(self):
        """Minus the gradient."""
        return -self.sums.gradient[:, :-1].T.ravel()
