"""The likelihood of classes as a function of all rows' scores, with the intercepts at their best."""

from typing import NamedTuple

import numpy as np

from .data import as_data
from .losses import entropy, evaluate

STEPS = 50  # Newton steps for the intercepts
HALVINGS = 30
BALANCED = 1e-12  # sums of slopes that count as zero, relative to the sum of their magnitudes
CERTAIN = 1e-12  # root mean square of residuals that count as zero
RANK = 1e-13  # eigenvalues of the intercepts' curvature that count as zero: scores may shift together


class Rows(NamedTuple):
    """The likelihood at some scores, in normalized units."""

    value: float
    R: np.ndarray  # (K, n): its slopes
    P: np.ndarray  # (K, n): predicted probabilities
    factor: np.ndarray  # (n,): curvature relative to that of the cross-entropy
    b: np.ndarray  # (K,): the best intercepts


class Likelihood:
    """A loss of K scores a row, on soft targets T (K, n).

    In normalized units the loss is divided by ``unit^2`` and scores by ``unit``, the norm of the null model's residual:
    correlations of normalized columns are at most 1, as for squared loss, and curvatures stay at most 1/4.
    """

    def __init__(self, data, loss, T):
        self.data, self.loss, self.T = data, loss, T
        self.h, self.fit_intercept = data.rows, data.fit_intercept
        self.inv_h = np.where(self.h > 0.0, 1.0 / np.where(self.h > 0.0, self.h, 1.0), 0.0)
        self.K, self.n = T.shape
        self.unit = 1.0
        self.null = self.at(np.zeros_like(T), np.zeros(self.K))
        norm = np.sqrt(np.sum(self.null.R**2 * self.inv_h))
        self.unit = norm if norm > CERTAIN * np.sqrt(self.h.sum()) else 1.0  # the null model may be right of every row
        self.null = self.at(np.zeros_like(T), self.null.b)

    def on_rows(self, rows):
        """The likelihood of some rows of dense data, which are copied; None where that leaves a class without any."""
        h, T = self.h[rows], self.T[:, rows]
        if not ((h > 0.0).any() and (_varies(T, h) == _varies(self.T, self.h)).all()):
            return None
        X = np.take(self.data.X.T, rows, axis=1).T
        return Likelihood(as_data(X, np.empty((0, len(rows))), h, self.fit_intercept), self.loss, T)

    @property
    def convex(self):
        return self.loss.confidence == 0.0

    def _evaluate(self, Z, b):
        R, P, factor = np.empty_like(Z), np.empty_like(Z), np.empty(self.n)
        value = evaluate(self.loss, self.T, Z + b[:, None], self.h, R, P, factor)
        R /= self.unit
        return Rows(value / self.unit**2, R, P, factor, b)

    def at(self, Z, b):
        """The likelihood at scores Z (K, n) plus the best intercepts, found from b."""
        rows = self._evaluate(Z, b)
        for _ in range(STEPS if self.fit_intercept else 0):
            slope = rows.R.sum(axis=1)
            if np.abs(slope).max() <= BALANCED * np.abs(rows.R).sum():
                break
            step = -np.linalg.pinv(self.intercept_curvature(rows), RANK, hermitian=True) @ slope * self.unit
            for _ in range(HALVINGS):
                trial = self._evaluate(Z, rows.b + step)
                if trial.value < rows.value or np.abs(trial.R.sum(axis=1)).max() < 0.5 * np.abs(slope).max():
                    break
                step *= 0.5
            else:
                break  # rounding
            rows = trial
        return rows

    def intercept_curvature(self, rows):
        V = rows.P * (self.h * rows.factor)
        if self.K == 1:
            return (V @ (1.0 - rows.P[0]))[None]
        return np.diag(V.sum(axis=1)) - V @ rows.P.T

    def dual(self, R, scale):
        """Minus the conjugate at `scale` times the slopes R: the entropy of targets moved to the predictions."""
        return float(self.h @ entropy(self.T + R * (scale * self.unit * self.inv_h))) / self.unit**2


def _varies(T, h):
    """Whether every row of targets has different ones under positive weights."""
    T = T[:, h > 0.0]
    return T.max(axis=1) > T.min(axis=1)
