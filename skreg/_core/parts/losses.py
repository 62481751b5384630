"""Losses of the targets and scores of all rows. They are sums over rows with weights h, halves of unit deviances.

Targets T and scores Z have shape (K, n), a row is a column of them. A loss of one score says `value_grad_hess` of a row
in compiled code, and gets `evaluate` from it (`of_one_score`). A loss of several writes its own. For certificates, all
know their `conjugate_sum`: at slopes U (K, n), which are `scale` times those of the evaluation that wrote P, or others:
conjugates are infinite at slopes that the loss cannot have.

Besides, a loss has these attributes:

is_convex : bool
max_hess : float
    Bound of its second derivatives; infinite if there is none.
misfit_hess : float
    Least curvature of a row, relative to the square of its slope, where second derivatives vanish.
couples_rows : bool
    Whether the loss of a row depends on others: a part of the rows has another loss then. Second derivatives are bounds
    then, and ``coupling(T, h, P)`` gives an object with the whole `curvature` of some columns, as `cox.RiskSets` does.
couples_scores : bool
    Of several scores, whether the slope by one depends on others. If not, it is a sum of squared losses.
max_slope : float
    Magnitude that slopes reach at finite scores and cannot pass; infinite without one. Certificates on row blocks ask.
is_stiff : bool
    Whether second derivatives of rows differ by many orders, so that prox-gradient steps are short.
"""

import inspect
import math
from typing import NamedTuple

import numpy as np

from .._jit import inlined_method, jitted, njit, not_compiled
from .elementary import MIN_EXPONENT, exp, log1p

MIN_HESSIAN_SCALE = 0.1  # curvature relative to cross-entropy's where a confidence penalty makes the loss concave
MISFIT_HESS = 1e-7  # of a row of a class whose predicted probability is 0 or 1: keeps working responses finite
SOFT_SHARE = 0.01  # of the touching parabola's curvature, where a loss is linear: more would make steps too short
SLOPE_ROUNDING = 1e-12  # by which slopes may pass their limits, where conjugates are infinite


class _OfOneScore:
    def evaluate(self, T, Z, h, R, P, H):
        """Weighted sum of the losses of all rows. Writes weighted slopes to R, and second derivatives to H."""
        total = 0.0
        for i in range(Z.shape[1]):
            value, slope, H[i] = self.value_grad_hess(T[0, i], Z[0, i])
            total += h[i] * value
            R[0, i] = h[i] * slope
        return total

    @not_compiled
    def conjugate_sum(self, T, U, h, P, scale):
        """Weighted sum of the conjugates at U."""
        return float(h @ self.conjugate(T, U))


_OF_MOST = dict(
    is_convex=True, max_hess=math.inf, misfit_hess=0.0, couples_rows=False, max_slope=math.inf, is_stiff=False
)


def of_one_score(cls):
    """Give a loss with `value_grad_hess` the method `evaluate`, and attributes that it does not say.

    They are those of most losses: convex, with second derivatives that vanish nowhere and have no bound, and slopes
    that have no limit.
    """
    for name, value in _OF_MOST.items():
        if not hasattr(cls, name):
            setattr(cls, name, value)
    for name, function in vars(_OfOneScore).items():
        if inspect.isfunction(function):
            setattr(cls, name, function)
    inlined_method(cls.value_grad_hess)  # the loop over rows is vectorized then
    return cls


@jitted
class Squared(NamedTuple):
    """``scale sum_k (z_k - t_k)^2 / 2``, of one score or several."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    is_convex = True
    max_hess = 1.0
    misfit_hess = 0.0
    max_slope = math.inf
    is_stiff = False
    couples_rows = False
    couples_scores = False

    def evaluate(self, T, Z, h, R, P, H):
        total = 0.0
        for i in range(Z.shape[1]):
            for k in range(Z.shape[0]):
                R[k, i] = self.scale * h[i] * (Z[k, i] - T[k, i])
                total += 0.5 * R[k, i] * (Z[k, i] - T[k, i])
            H[i] = self.scale
        return total

    @not_compiled
    def conjugate_sum(self, T, U, h, P, scale):
        return float(h @ self.conjugate(T, U))

    @not_compiled
    def conjugate(self, T, U):
        return np.sum(0.5 * U**2 / self.scale + T * U, axis=0)

    @not_compiled
    def null_scores(self, T, h):
        return T @ h / h.sum()


@jitted
@of_one_score
class Logistic(NamedTuple):
    """Cross-entropy of the target t, in [0, 1], and ``p = 1 / (1 + exp(-z))``, minus `confidence` times p's entropy."""

    confidence: float

    max_hess = 0.25
    misfit_hess = MISFIT_HESS

    @property
    def is_convex(self):
        return self.confidence == 0.0

    def value_grad_hess(self, t, z):
        e = exp(-abs(z))
        large, small, base = 1.0 / (1.0 + e), e / (1.0 + e), log1p(e)
        p, rest = large if z > 0.0 else small, small if z > 0.0 else large
        near = min(max(z, MIN_EXPONENT), -MIN_EXPONENT)  # with the same p and rest, whose products with it are finite
        # log(1 + exp(z)) - t z, and the entropy, without cancellation at either end; no branches
        value = base + (z * (1.0 - t) if z > 0.0 else -z * t) - self.confidence * (base + abs(near) * small)
        slope = p * (1.0 - t) - rest * t + self.confidence * p * rest * near
        scale = max(1.0 + self.confidence * (1.0 + (rest - p) * near), MIN_HESSIAN_SCALE)
        return value, slope, scale * p * rest

    @not_compiled
    def conjugate(self, T, U):
        Q = T[0] + U[0]
        return negative_entropy(np.array([Q, 1.0 - Q]))

    @not_compiled
    def null_scores(self, T, h):
        return np.zeros(1)


@jitted
class Multinomial(NamedTuple):
    """Cross-entropy of targets t, of sum 1, and the softmax p of K scores, minus `confidence` times p's entropy.

    The Hessian of a row is ``H (diag(p) - p p')``.
    """

    confidence: float

    max_hess = 0.5
    misfit_hess = MISFIT_HESS
    max_slope = math.inf
    is_stiff = False
    couples_rows = False
    couples_scores = True

    @property
    def is_convex(self):
        return self.confidence == 0.0

    def evaluate(self, T, Z, h, R, P, H):
        """Weighted sum of the losses of all rows. Writes weighted slopes to R, probabilities to P, and H."""
        K, total = Z.shape[0], 0.0
        for i in range(Z.shape[1]):
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
            H[i] = 1.0
            value = base - linear
            if self.confidence > 0.0:
                mean = spread = bend = 0.0
                for k in range(K):
                    mean += P[k, i] * (Z[k, i] - Z[top, i])
                for k in range(K):
                    a = Z[k, i] - Z[top, i] - mean  # log p + entropy
                    R[k, i] += self.confidence * P[k, i] * a
                    spread += P[k, i] * (1.0 - P[k, i])
                    bend += P[k, i] * (1.0 - 2.0 * P[k, i]) * a
                value -= self.confidence * (base - mean)
                # trace of the Hessian, relative to that of the cross-entropy
                ratio = bend / spread if spread > 0.0 else 0.0
                H[i] = max(1.0 + self.confidence * (1.0 + ratio), MIN_HESSIAN_SCALE)
            total += h[i] * value
            for k in range(K):
                R[k, i] *= h[i]
        return total

    @not_compiled
    def conjugate_sum(self, T, U, h, P, scale):
        return float(h @ self.conjugate(T, U))

    @not_compiled
    def conjugate(self, T, U):
        return negative_entropy(T + U)

    @not_compiled
    def null_scores(self, T, h):
        return np.zeros(len(T))


@jitted
@of_one_score
class Huber(NamedTuple):
    """``r^2 / 2`` for residuals ``r = z - t`` up to `delta`, in the units of t, and ``delta |r| - delta^2 / 2`` beyond.

    Where the loss is linear its curvature is taken for a share of that of the parabola that touches it at r and lies
    above it (Huber & Ronchetti 2009, 7.8): never 0, but so small that steps are nearly those of Newton's method.
    """

    delta: float

    max_hess = 1.0

    @property
    def max_slope(self):
        return self.delta

    def value_grad_hess(self, t, z):
        r = z - t
        size = abs(r)
        if size <= self.delta:
            return 0.5 * r * r, r, 1.0
        return self.delta * (size - 0.5 * self.delta), math.copysign(self.delta, r), SOFT_SHARE * self.delta / size

    @not_compiled
    def conjugate(self, T, U):
        return np.where(np.abs(U) > (1.0 + SLOPE_ROUNDING) * self.delta, np.inf, 0.5 * U**2 + T * U)[0]

    @not_compiled
    def null_scores(self, T, h):
        return np.array([huber_location(T[0], h, self.delta)])


@jitted
@of_one_score
class Quantile(NamedTuple):
    """The quantile loss ``max(q r, (q - 1) r)`` of ``r = t - z``, smoothed: a parabola near 0 (Nesterov 2005).

    Its slope by r is ``r / width`` where that is between q - 1 and q, and constant beyond. It is below the quantile
    loss, by at most ``width max(q, 1 - q)^2 / 2``. The curvature where it is linear is as that of `Huber`.
    """

    q: float
    width: float

    is_stiff = True

    def value_grad_hess(self, t, z):
        r = t - z
        u = min(max(r / self.width, self.q - 1.0), self.q)
        hess = 1.0 / self.width if u == r / self.width else SOFT_SHARE * u / r
        return u * r - 0.5 * self.width * u * u, -u, hess

    @not_compiled
    def conjugate(self, T, U):
        beyond = np.maximum(-self.q - U, U - 1.0 + self.q)  # the limits of slopes
        return np.where(beyond > SLOPE_ROUNDING, np.inf, T * U + 0.5 * self.width * U**2)[0]

    @not_compiled
    def null_scores(self, T, h):
        return np.array([weighted_quantile(T[0], h, self.q)])

    @not_compiled
    def sharp_values(self, r):
        """The quantile loss itself, of residuals t - z."""
        return np.maximum(self.q * r, (self.q - 1.0) * r)


@njit
def evaluate(loss, T, Z, h, R, P, H):
    """Weighted sum of the losses of all rows. Writes weighted slopes to R and curvatures to H; see the losses for P."""
    return loss.evaluate(T, Z, h, R, P, H)


def x_log_x(x):
    """``x log x``, and 0 at 0 or below."""
    return x * np.log(np.where(x > 0.0, x, 1.0))


def negative_entropy(Q):
    """Minus the entropy of every column of Q (K, n), infinite where one of its numbers is negative."""
    value = np.sum(x_log_x(Q), axis=0)
    return np.where(Q.min(axis=0) < -SLOPE_ROUNDING, np.inf, value)


def huber_location(t, h, delta):
    """The minimizer of the weighted sum of Huber's losses of t (Huber 1964).

    Its slope falls with c and is linear between the points ``t - delta`` and ``t + delta``: the last of them at which
    it is positive, and the next, enclose the minimizer.
    """
    t, h = t[h > 0.0], h[h > 0.0]
    if np.ptp(t) <= delta:  # no residual is larger
        return t[0] + np.average(t - t[0], weights=h)

    def slope(c):
        return h @ np.clip(t - c, -delta, delta)

    median = weighted_quantile(t, h, 0.5)  # without it, a small delta would vanish beside large t
    t = t - median
    points = np.sort(np.append(t - delta, t + delta))
    low, high = 0, points.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if slope(points[middle]) > 0.0 else (low, middle)
    a, b = slope(points[low]), slope(points[high])
    return median + points[low] + ((points[high] - points[low]) * (a / (a - b)) if a > b else 0.0)


def weighted_quantile(t, h, q):
    """A minimizer of the weighted sum of quantile losses of t."""
    order = np.argsort(t)
    below = np.cumsum(h[order])
    return t[order[min(np.searchsorted(below, q * below[-1]), t.size - 1)]]
