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
"""

import inspect
import math
from typing import NamedTuple

import numpy as np
from scipy.special import xlogy

from .._jit import jitted, njit, not_compiled

MIN_HESSIAN_SCALE = 0.1  # curvature relative to cross-entropy's where a confidence penalty makes the loss concave
MISFIT_HESS = 1e-7  # of a row of a class whose predicted probability is 0 or 1: keeps working responses finite
MAX_EXPONENT = 500.0  # scores of log links are limited to it in steps too far, which are not accepted
SOFT_SHARE = 0.01  # of the touching parabola's curvature, where a loss is linear: more would make steps too short
ROUNDING = 1e-12  # by which slopes may pass their limits, where conjugates are infinite
CONJUGATE_STEPS = 60  # of Newton's method with bisection, for conjugates without a formula


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


def of_one_score(cls):
    """Give a loss with `value_grad_hess` the method `evaluate`."""
    cls.couples_rows = False
    for name, function in vars(_OfOneScore).items():
        if inspect.isfunction(function):
            setattr(cls, name, function)
    return cls


@jitted
class Squared(NamedTuple):
    """``scale sum_k (z_k - t_k)^2 / 2``, of one score or several."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    is_convex = True
    max_hess = 1.0
    misfit_hess = 0.0
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
    couples_rows = False

    @property
    def is_convex(self):
        return self.confidence == 0.0

    def value_grad_hess(self, t, z):
        e = math.exp(-abs(z))
        p = 1.0 / (1.0 + e) if z > 0.0 else e / (1.0 + e)
        rest = e / (1.0 + e) if z > 0.0 else 1.0 / (1.0 + e)
        base = math.log1p(e)
        # log(1 + exp(z)) - t z, and the entropy, without cancellation at either end
        value = base + (z * (1.0 - t) if z > 0.0 else -z * t)
        slope = p * (1.0 - t) - rest * t
        scale = 1.0
        if self.confidence > 0.0:
            value -= self.confidence * (base + abs(z) * (rest if z > 0.0 else p))
            slope += self.confidence * p * rest * z
            scale = max(1.0 + self.confidence * (1.0 + (rest - p) * z), MIN_HESSIAN_SCALE)
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

    is_convex = True
    max_hess = 1.0
    misfit_hess = 0.0
    couples_rows = False

    def value_grad_hess(self, t, z):
        r = z - t
        size = abs(r)
        if size <= self.delta:
            return 0.5 * r * r, r, 1.0
        return self.delta * (size - 0.5 * self.delta), math.copysign(self.delta, r), SOFT_SHARE * self.delta / size

    @not_compiled
    def conjugate(self, T, U):
        return np.where(np.abs(U) > (1.0 + ROUNDING) * self.delta, np.inf, 0.5 * U**2 + T * U)[0]

    @not_compiled
    def null_scores(self, T, h):
        return np.array([weighted_quantile(T[0], h, 0.5)])


@jitted
@of_one_score
class Quantile(NamedTuple):
    """The quantile loss ``max(q r, (q - 1) r)`` of ``r = t - z``, smoothed: a parabola near 0 (Nesterov 2005).

    Its slope by r is ``r / width`` where that is between q - 1 and q, and constant beyond. It is below the quantile
    loss, by at most ``width max(q, 1 - q)^2 / 2``. The curvature where it is linear is as that of `Huber`.
    """

    q: float
    width: float

    is_convex = True
    max_hess = math.inf
    misfit_hess = 0.0
    couples_rows = False

    def value_grad_hess(self, t, z):
        r = t - z
        u = min(max(r / self.width, self.q - 1.0), self.q)
        hess = 1.0 / self.width if u == r / self.width else SOFT_SHARE * u / r
        return u * r - 0.5 * self.width * u * u, -u, hess

    @not_compiled
    def conjugate(self, T, U):
        beyond = np.maximum(-self.q - U, U - 1.0 + self.q)  # the limits of slopes
        return np.where(beyond > ROUNDING, np.inf, T * U + 0.5 * self.width * U**2)[0]

    @not_compiled
    def null_scores(self, T, h):
        return np.array([weighted_quantile(T[0], h, self.q)])

    @not_compiled
    def sharp_values(self, r):
        """The quantile loss itself, of residuals t - z."""
        return np.maximum(self.q * r, (self.q - 1.0) * r)


@jitted
@of_one_score
class Poisson(NamedTuple):
    """Half the unit deviance of counts t and means ``m = exp(z)``: ``m - t z``, minus its minimum ``t - t log t``."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    is_convex = True
    max_hess = math.inf
    misfit_hess = 0.0
    couples_rows = False

    def value_grad_hess(self, t, z):
        m = math.exp(min(z, MAX_EXPONENT))
        best = t - t * math.log(t) if t > 0.0 else 0.0
        return m - t * z - best, m - t, m

    @not_compiled
    def conjugate(self, T, U):
        t, Q = T[0], (T + U)[0]  # Q is the mean at the maximum
        m = np.maximum(Q, 0.0)
        return np.where(m - Q > ROUNDING * t, np.inf, xlogy(m, m) - m + t - xlogy(t, t))

    @not_compiled
    def null_scores(self, T, h):
        return np.log(T @ h / h.sum())


@jitted
@of_one_score
class Gamma(NamedTuple):
    """Half the unit deviance of targets ``t > 0`` and means ``m = exp(z)``: ``z + t / m``, minus ``1 + log t``."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    is_convex = True
    max_hess = math.inf
    misfit_hess = 0.0
    couples_rows = False

    def value_grad_hess(self, t, z):
        ratio = t * math.exp(min(-z, MAX_EXPONENT))
        return z + ratio - 1.0 - math.log(t), 1.0 - ratio, ratio

    @not_compiled
    def conjugate(self, T, U):
        rest = 1.0 - U[0]  # t / m at the maximum
        ratio = np.maximum(rest, 0.0)
        return np.where(rest < -ROUNDING, np.inf, xlogy(ratio, ratio) - ratio + 1.0 + U[0] * np.log(T[0]))

    @not_compiled
    def null_scores(self, T, h):
        return np.log(T @ h / h.sum())


@jitted
@of_one_score
class Tweedie(NamedTuple):
    """Half the unit deviance of targets ``t >= 0`` and means ``m = exp(z)`` with variances ``m^power``, 1 < power < 2.

    It is ``m^(2 - power) / (2 - power) - t m^(1 - power) / (1 - power)``, minus its minimum over m.
    """

    power: float

    is_convex = True
    max_hess = math.inf
    misfit_hess = 0.0
    couples_rows = False

    def value_grad_hess(self, t, z):
        up, down = 2.0 - self.power, 1.0 - self.power
        a, b = math.exp(min(up * z, MAX_EXPONENT)), t * math.exp(min(down * z, MAX_EXPONENT))
        best = t**up / (up * down) if t > 0.0 else 0.0
        return a / up - b / down + best, a - b, up * a - down * b

    @not_compiled
    def conjugate(self, T, U):
        """By the maximum over z of ``u z - loss``: the root of ``exp((2 - p) z) - t exp((1 - p) z) = u``."""
        return tweedie_conjugates(self, *np.broadcast_arrays(T[0], U[0]))

    @not_compiled
    def null_scores(self, T, h):
        return np.log(T @ h / h.sum())


@njit
def tweedie_conjugates(loss, t, u):
    """See `Tweedie.conjugate`. Roots are found by Newton's method, kept between bounds that close in on them."""
    out = np.empty(t.size)
    up, down = 2.0 - loss.power, 1.0 - loss.power
    for i in range(t.size):
        if t[i] == 0.0 and u[i] <= 0.0:
            out[i] = 0.0 if u[i] == 0.0 else np.inf  # for z to minus infinity
            continue
        if t[i] == 0.0:
            at = math.log(u[i]) / up
        else:
            at = math.log(t[i])
            low, high = (at, np.inf) if u[i] > 0.0 else (-np.inf, at)
            for _ in range(CONJUGATE_STEPS):
                a, b = math.exp(min(up * at, MAX_EXPONENT)), t[i] * math.exp(min(down * at, MAX_EXPONENT))
                miss = a - b - u[i]
                if miss > 0.0:
                    high = min(high, at)
                else:
                    low = max(low, at)
                new = at - miss / (up * a - down * b)
                if not low <= new <= high:
                    new = 0.5 * (low + high)
                if abs(new - at) <= 1e-15 * abs(at):
                    break
                at = new
        out[i] = u[i] * at - loss.value_grad_hess(t[i], at)[0]
    return out


@njit
def evaluate(loss, T, Z, h, R, P, H):
    """Weighted sum of the losses of all rows. Writes weighted slopes to R and curvatures to H; see the losses for P."""
    return loss.evaluate(T, Z, h, R, P, H)


def negative_entropy(Q):
    """Minus the entropy of every column of Q (K, n), infinite where one of its numbers is negative."""
    value = np.sum(Q * np.log(np.where(Q > 0.0, Q, 1.0)), axis=0)
    return np.where(Q.min(axis=0) < -ROUNDING, np.inf, value)


def weighted_quantile(t, h, q):
    """A minimizer of the weighted sum of quantile losses of t."""
    order = np.argsort(t)
    below = np.cumsum(h[order])
    return t[order[min(np.searchsorted(below, q * below[-1]), t.size - 1)]]
