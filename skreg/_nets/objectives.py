"""Losses of one row of scores against its target, and the loop that sums them over a batch."""

from typing import NamedTuple

import numpy as np

from .._core._jit import inlined_method, jitted, njit
from .noise import HALF, ONE, ZERO

_MOST = np.float32(0.9999)  # of the bound of a log variance, which no finite score reaches


def log_sum_exp(a, axis):
    """The logarithm of the sum of exponentials along an axis, which stays; `scipy.special` takes ten times as long."""
    top = a.max(axis=axis, keepdims=True)
    return top + np.log(np.exp(a - top).sum(axis=axis, keepdims=True))


@jitted
class CrossEntropy(NamedTuple):
    """``-sum_k t_k log p_k - confidence H(p)``, p the softmax of the scores, H its entropy (Pereyra et al. 2017)."""

    confidence: np.float32

    @inlined_method
    def loss_and_gradient(self, scores, targets, i, d):
        """Loss of row i; its gradient is written to row i of d."""
        K = scores.shape[1]
        top = scores[i, 0]
        for k in range(1, K):
            top = max(top, scores[i, k])
        total = ZERO
        for k in range(K):
            d[i, k] = np.exp(scores[i, k] - top)
            total += d[i, k]
        log_total, inverse = np.log(total), ONE / total
        loss = entropy = 0.0
        for k in range(K):
            d[i, k] *= inverse
            loss -= targets[i, k] * (scores[i, k] - top - log_total)
        if self.confidence > ZERO:
            for k in range(K):
                entropy -= d[i, k] * (scores[i, k] - top - log_total)
            for k in range(K):
                log_p = scores[i, k] - top - log_total
                d[i, k] += self.confidence * d[i, k] * (log_p + entropy)
            loss -= self.confidence * entropy
        for k in range(K):
            d[i, k] -= targets[i, k]
        return loss

    def average(self, scores):
        """Scores (n, K) whose softmax is the mean of that of the members' scores (n, members, K)."""
        by_class = np.ascontiguousarray(scores.T)  # (K, members, n): sums over a long last axis are the fast ones
        log_p = by_class - log_sum_exp(by_class, axis=0)
        log_sums = log_sum_exp(log_p, axis=1)[:, 0]
        return np.ascontiguousarray((log_sums - scores.dtype.type(np.log(scores.shape[1]))).T)


@jitted
class SquaredError(NamedTuple):
    """``(f_k - t_k)^2 / 2``, averaged over the outputs."""

    half: np.float32 = HALF

    @inlined_method
    def loss_and_gradient(self, scores, targets, i, d):
        K = scores.shape[1]
        loss = 0.0
        for k in range(K):
            e = scores[i, k] - targets[i, k]
            loss += self.half * e * e
            d[i, k] = e / K
        return loss / K

    def average(self, scores):
        """The mean of the members' scores (n, members, K)."""
        return scores.mean(axis=1)


@jitted
class GaussianLikelihood(NamedTuple):
    """``(s_k + (f_k - t_k)^2 exp(-s_k)) / 2``, averaged over the outputs (Nix & Weigend 1994).

    The scores of a row are the means f, then numbers z with log variances ``s = bound tanh(z / bound)``. The bound
    keeps variances from 0, where one row that is fitted exactly would outweigh all others, and from infinity.
    """

    bound: np.float32

    @inlined_method
    def loss_and_gradient(self, scores, targets, i, d):
        K = targets.shape[1]
        loss = 0.0
        for k in range(K):
            t = np.tanh(scores[i, K + k] / self.bound)
            s = self.bound * t
            e = scores[i, k] - targets[i, k]
            precision = np.exp(-s)
            loss += HALF * (s + e * e * precision)
            d[i, k] = e * precision / K
            d[i, K + k] = HALF * (ONE - e * e * precision) * (ONE - t * t) / K
        return loss / K

    def variance(self, scores):
        """Predicted variances, from the second half of the scores."""
        return np.exp(self.bound * np.tanh(scores / self.bound))

    def average(self, scores):
        """Scores of the mean and variance of the mixture of the members' distributions (n, members, 2 K)."""
        means, z = np.split(scores, 2, axis=-1)
        variance = self.variance(z).mean(axis=1) + means.var(axis=1)
        share = np.clip(np.log(variance) / self.bound, -_MOST, _MOST)
        return np.concatenate([means.mean(axis=1), self.bound * np.arctanh(share)], axis=-1)


def evaluate_batch(objective, scores, targets, weights, n_rows, d):
    """`evaluate` of rows, of sequences with a target at every step, or of members that share the target of a row.

    Parameters
    ----------
    objective : jitted objective
    scores, d : ndarray of shape (n, n_scores), (n, steps, n_scores) or (n, members, n_scores)
    targets : ndarray of shape (n, n_targets) or (n, at least steps, n_targets)
        Steps whose targets are NaN do not count.
    weights : ndarray of shape (n,)
        The weight of a row is that of each of its steps; its members share it.
    n_rows : int
    """
    if scores.ndim == 2:
        return evaluate(objective, scores, targets, weights, n_rows, d)
    n, n_steps, _ = scores.shape
    flat = scores.reshape(n * n_steps, -1)
    if targets.ndim == 2:
        targets, weights = np.repeat(targets, n_steps, axis=0), np.repeat(weights / n_steps, n_steps)
        return evaluate(objective, flat, targets, weights.astype(flat.dtype), n_rows, d.reshape(flat.shape))
    targets = targets[:, :n_steps]
    counted = np.isnan(targets[:, :, 0])
    weights = np.where(counted, 0.0, weights[:, None]).astype(weights.dtype).ravel()
    targets = np.where(np.isnan(targets), 0.0, targets).astype(scores.dtype).reshape(n * n_steps, -1)
    return evaluate(objective, flat, targets, weights, n_rows, d.reshape(flat.shape))


def total_weight(targets, weights):
    """Sum of the weights of all targets that count, for some rows."""
    if targets.ndim == 2:
        return weights.sum(dtype=np.float64)
    return (weights[:, None] * ~np.isnan(targets[:, :, 0])).sum(dtype=np.float64)


@njit
def evaluate(objective, scores, targets, weights, n_rows, d):
    """Sum of the losses of some rows times their weights over `n_rows`; its gradient is written to d.

    With the number of rows it is their mean loss, with that of a larger batch their part of its mean loss.
    """
    n, K = scores.shape
    total = 0.0
    for i in range(n):
        share = weights[i] / n_rows
        total += share * objective.loss_and_gradient(scores, targets, i, d)
        for k in range(K):
            d[i, k] *= share
    return total
