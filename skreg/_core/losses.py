"""Losses: functions of the targets and scores of one row. `evaluate` sums them over rows.

Targets T and scores Z have shape (K, n), a row is a column of them.
"""

import math
from typing import NamedTuple

import numpy as np

from ._jit import jitted, njit

MIN_HESSIAN_SCALE = 0.1  # curvature relative to cross-entropy's where a confidence penalty makes the loss concave


@jitted
class Squared(NamedTuple):
    """``scale sum_k (z_k - t_k)^2 / 2``."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    def row(self, T, Z, i, R, P, hessian_scale):
        """Loss of row i. Writes its slopes to R."""
        loss = 0.0
        for k in range(Z.shape[0]):
            R[k, i] = self.scale * (Z[k, i] - T[k, i])
            loss += 0.5 * R[k, i] * (Z[k, i] - T[k, i])
        return loss


@jitted
class Logistic(NamedTuple):
    """Cross-entropy of the target t, in [0, 1], and ``p = 1 / (1 + exp(-z))``, minus `confidence` times p's entropy."""

    confidence: float

    def row(self, T, Z, i, R, P, hessian_scale):
        """Loss of row i. Writes its slope to R, p to P, and the scale of ``p (1 - p)`` to `hessian_scale`."""
        t, z = T[0, i], Z[0, i]
        e = math.exp(-abs(z))
        p = 1.0 / (1.0 + e) if z > 0.0 else e / (1.0 + e)
        rest = e / (1.0 + e) if z > 0.0 else 1.0 / (1.0 + e)
        base = math.log1p(e)
        # log(1 + exp(z)) - t z, and the entropy, without cancellation at either end
        loss = base + (z * (1.0 - t) if z > 0.0 else -z * t)
        P[0, i] = p
        R[0, i] = p * (1.0 - t) - rest * t
        hessian_scale[i] = 1.0
        if self.confidence > 0.0:
            loss -= self.confidence * (base + abs(z) * (rest if z > 0.0 else p))
            R[0, i] += self.confidence * p * rest * z
            hessian_scale[i] = max(1.0 + self.confidence * (1.0 + (rest - p) * z), MIN_HESSIAN_SCALE)
        return loss


@jitted
class Multinomial(NamedTuple):
    """Cross-entropy of targets t, of sum 1, and the softmax p of K scores, minus `confidence` times p's entropy."""

    confidence: float

    def row(self, T, Z, i, R, P, hessian_scale):
        """Loss of row i. Writes its slopes to R, p to P, and the scale of ``diag(p) - p p'`` to `hessian_scale`."""
        K = Z.shape[0]
        top = 0
        for k in range(1, K):
            if Z[k, i] > Z[top, i]:
                top = k
        rest = linear = 0.0
        for k in range(K):
            z = Z[k, i] - Z[top, i]
            linear += z * T[k, i]
            P[k, i] = math.exp(z)
            if k != top:
                rest += P[k, i]
        base = math.log1p(rest)
        for k in range(K):
            P[k, i] /= 1.0 + rest
            R[k, i] = P[k, i] - T[k, i]
        hessian_scale[i] = 1.0
        loss = base - linear
        if self.confidence > 0.0:
            mean = spread = bend = 0.0
            for k in range(K):
                mean += P[k, i] * (Z[k, i] - Z[top, i])
            for k in range(K):
                a = Z[k, i] - Z[top, i] - mean  # log p + entropy
                R[k, i] += self.confidence * P[k, i] * a
                spread += P[k, i] * (1.0 - P[k, i])
                bend += P[k, i] * (1.0 - 2.0 * P[k, i]) * a
            loss -= self.confidence * (base - mean)
            # trace of the Hessian, relative to that of the cross-entropy
            ratio = bend / spread if spread > 0.0 else 0.0
            hessian_scale[i] = max(1.0 + self.confidence * (1.0 + ratio), MIN_HESSIAN_SCALE)
        return loss


@njit
def evaluate(loss, T, Z, h, R, P, hessian_scale):
    """Weighted sum of the losses of all rows. Writes slopes times weights to R."""
    total = 0.0
    for i in range(Z.shape[1]):
        total += h[i] * loss.row(T, Z, i, R, P, hessian_scale)
        for k in range(Z.shape[0]):
            R[k, i] *= h[i]
    return total


def entropy(Q):
    """Entropy of every column of Q (K, n); with K = 1, of the two classes with probabilities Q and 1 - Q."""
    if len(Q) == 1:
        Q = np.concatenate([Q, 1.0 - Q])
    return -np.sum(Q * np.log(np.where(Q > 0.0, Q, 1.0)), axis=0)
