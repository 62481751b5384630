"""A loss of scores of all rows, with the best intercepts: what proximal Newton minimizes with a penalty."""

from typing import NamedTuple

import numpy as np

from ..parts.losses import evaluate
from . import as_data

MAX_STEPS = 50  # Newton steps for the intercepts
MAX_HALVINGS = 30  # of one such step
ZERO_SLOPE = 1e-12  # below it a sum of slopes, relative to the sum of their magnitudes, counts as zero
ZERO_RESIDUAL = 1e-12  # below it the root mean square of residuals counts as zero
LEAST_CURVATURE = 1e-300  # sum of curvatures: keeps steps finite
ZERO_EIGENVALUE = 1e-13  # of the intercepts' curvature, relative: a common shift of all scores changes nothing


class Evaluation(NamedTuple):
    """The loss and its derivatives at some scores, in normalized units."""

    value: float
    R: np.ndarray  # (K, n): its slopes
    P: np.ndarray  # (K, n): predicted probabilities, of several classes
    H: np.ndarray  # (n,): curvature of a score; of several classes, see `Multinomial`
    b: np.ndarray  # (K,): the best intercepts


class Likelihood:
    """A loss of K scores a row, on targets T (K, n).

    In normalized units the loss is divided by ``score_scale^2`` and scores by ``score_scale``, the norm of the null
    model's residual. So correlations of normalized columns are at most 1, as for squared loss, and curvatures are those
    of the loss.

    Parameters
    ----------
    data : Data
    loss : NamedTuple
        See `losses`.
    T : ndarray of shape (K, n)
    offset : ndarray of shape (K, n) or None
        Added to all scores.
    """

    def __init__(self, data, loss, T, offset=None):
        self.data = data
        self.loss = loss
        self.T = T
        self.offset = offset
        self.h = data.rows
        self.fit_intercept = data.fit_intercept
        self.inv_h = np.where(self.h > 0.0, 1.0 / np.where(self.h > 0.0, self.h, 1.0), 0.0)
        self.K, self.n = T.shape
        self.score_scale = 1.0
        start = loss.null_scores(T, self.h) if self.fit_intercept else np.zeros(self.K)
        if offset is not None:
            start = start - offset @ self.h / self.h.sum() * self.fit_intercept
        self.null_model = self.with_best_intercepts(np.zeros_like(T), start)
        norm = np.sqrt(np.sum(self.null_model.R**2 * self.inv_h))
        perfect = norm <= ZERO_RESIDUAL * np.sqrt(self.h.sum())
        self.score_scale = 1.0 if perfect else norm
        self.null_model = self.with_best_intercepts(np.zeros_like(T), self.null_model.b)
        # of values: a deviance is a small difference of terms as large as a target times a score
        terms = self.h @ np.abs(T * self.null_model.b[:, None]).sum(axis=0)
        self.rounding = np.finfo(np.float64).eps * float(terms) / self.score_scale**2

    def on_rows(self, rows):
        """The likelihood of some rows of dense data, which are copied; None if a class has no row among them."""
        if self.loss.couples_rows:
            return None
        h, T = self.h[rows], self.T[:, rows]
        if not ((h > 0.0).any() and (_varies(T, h) == _varies(self.T, self.h)).all()):
            return None
        X = np.take(self.data.X.T, rows, axis=1).T
        data = as_data(X, T if self.K == 1 else np.empty((0, len(rows))), h, self.fit_intercept)
        return Likelihood(data, self.loss, T, None if self.offset is None else self.offset[:, rows])

    @property
    def is_convex(self):
        return self.loss.is_convex

    @property
    def couples_scores(self):
        """Whether there are several scores, and the slope by one depends on others."""
        return self.K > 1 and self.loss.couples_scores

    def _evaluate(self, Z, b):
        R, P, H = np.empty_like(Z), np.empty_like(Z), np.empty(self.n)
        Z = Z + b[:, None]
        if self.offset is not None:
            Z += self.offset
        value = evaluate(self.loss, self.T, Z, self.h, R, P, H)
        R /= self.score_scale
        return Evaluation(value / self.score_scale**2, R, P, H, b)

    def with_best_intercepts(self, Z, b):
        """Evaluate at scores Z (K, n) plus the best intercepts, which are found by Newton steps from b."""
        if not self.fit_intercept:
            return self._evaluate(Z, b)
        return self._with_best_intercept(Z, b) if self.K == 1 and self.is_convex else self._with_intercepts(Z, b)

    def _with_intercepts(self, Z, b):
        """By Newton steps that are halved until they make progress."""
        rows = self._evaluate(Z, b)
        for _ in range(MAX_STEPS):
            slope = rows.R.sum(axis=1)
            if np.abs(slope).max() <= ZERO_SLOPE * np.abs(rows.R).sum():
                break
            values, vectors = np.linalg.eigh(self.intercept_curvature(rows))
            used = values > ZERO_EIGENVALUE * values[-1]
            step = -vectors[:, used] @ (vectors[:, used].T @ slope / values[used]) * self.score_scale
            for _ in range(MAX_HALVINGS):
                trial = self._evaluate(Z, rows.b + step)
                if trial.value < rows.value or np.abs(trial.R.sum(axis=1)).max() < 0.5 * np.abs(slope).max():
                    break
                step *= 0.5
            else:
                break  # rounding
            rows = trial
        return rows

    def _with_best_intercept(self, Z, b):
        """One intercept of a convex loss: the root of a growing function, by Newton steps between bounds."""
        best, rows = None, self._evaluate(Z, b)
        low, high = (-np.inf, 0.0), (np.inf, 0.0)  # points on both sides of the root, with their slopes
        for step in range(MAX_STEPS):
            slope, b = float(rows.R.sum()), float(rows.b[0])
            if best is None or abs(slope) < abs(best.R.sum()):
                best = rows
            if abs(slope) <= ZERO_SLOPE * np.abs(rows.R).sum():
                return rows
            low, high = (low, (b, slope)) if slope > 0.0 else ((b, slope), high)
            new = b - slope * self.score_scale / max(float(self.h @ rows.H), LEAST_CURVATURE)
            if not low[0] < new < high[0]:
                share = high[1] / (high[1] - low[1]) if step % 2 else 0.5  # the root of the line, or the middle
                new = high[0] + share * (low[0] - high[0])
            if not low[0] < new < high[0]:
                break  # rounding
            rows = self._evaluate(Z, np.array([new]))
        return best

    def intercept_curvature(self, rows):
        if not self.couples_scores:
            return np.eye(self.K) * (self.h @ rows.H)
        V = rows.P * (self.h * rows.H)
        return np.diag(V.sum(axis=1)) - V @ rows.P.T

    def dual(self, rows, scale, loss=None):
        """Minus the conjugate, of another loss if one is given, at `scale` times the slopes of an evaluation."""
        U = rows.R * (scale * self.score_scale * self.inv_h)
        value = -(loss or self.loss).conjugate_sum(self.T, U, self.h, rows.P, scale)
        if self.offset is not None:
            value += float(np.sum(U * self.offset, axis=0) @ self.h)
        return value / self.score_scale**2


def _varies(T, h):
    """For every class, whether its targets differ among the rows with positive weight."""
    T = T[:, h > 0.0]
    return T.max(axis=1) > T.min(axis=1)
