"""The fused lasso in one dimension, and its prox."""

import math
from typing import NamedTuple

import numpy as np

from .._jit import jitted, njit, not_compiled
from .penalties import DUAL_ROUNDING, soft_threshold
from .vector_penalties import one_block

MAX_RATIOS = 100  # improvements of the largest ratio of a fused lasso, each of which is exact for some interval


@jitted
@one_block
class FusedL1(NamedTuple):
    """``l1 sum_j |w_j| + jump sum_j |w_j+1 - w_j|`` of n coefficients in their order (Tibshirani et al. 2005).

    With ``l1 = 0`` a shift of all coefficients is not penalized.
    """

    l1: float
    jump: float
    n: int
    l2: float = 0.0

    @not_compiled
    def part(self, m):
        """The penalty of m coefficients, which are all."""
        return self

    @not_compiled
    def may_move(self, w, c, near):
        """A mask of the coefficients that may change: all."""
        return np.ones(w.size, bool)

    @property
    def has_free_shift(self):
        """Whether a shift of all coefficients is not penalized."""
        return self.l1 == 0.0

    def n_coordinates(self):
        return self.n

    def prox_all(self, v, step):
        """The prox of the differences, then that of the absolute values (Friedman et al. 2007, proposition 1)."""
        fuse(v, step * self.jump)
        for j in range(v.size):
            v[j] = soft_threshold(v[j], step * self.l1)

    def block_value(self, w, j):
        s = 0.0
        for i in range(w.size):
            s += self.l1 * abs(w[i])
            if i > 0:
                s += self.jump * abs(w[i] - w[i - 1])
        return s

    def gauge(self, c):
        """The least factor of the penalty for which the conjugate at c is 0: its dual norm, infinite if there is none.

        It is the largest ratio, over intervals, of the sum of c to the penalty of the interval's indicator: that is 1
        inside and 0 outside. Each ratio is improved by the interval of largest excess over it (Dinkelbach 1967).
        """
        if self.l1 == 0.0 and abs(np.sum(c)) > DUAL_ROUNDING * c.size:
            return np.inf
        factor = 0.0
        for _ in range(MAX_RATIOS):
            best, above, below = 0.0, 0.0, 0.0
            for side in range(2):
                sign, run, total, cost = 1.0 - 2.0 * side, -np.inf, 0.0, 0.0
                for i in range(c.size):
                    before = self.jump if i > 0 else 0.0
                    after = self.jump if i < c.size - 1 else 0.0
                    gain = sign * c[i] - factor * self.l1
                    if run > -factor * before:  # the interval goes on
                        run, total, cost = run + gain, total + sign * c[i], cost + self.l1
                    else:  # a new one begins
                        run, total, cost = gain - factor * before, sign * c[i], before + self.l1
                    if run - factor * after > best and cost + after > 0.0:
                        best, above, below = run - factor * after, total, cost + after
                    elif cost + after == 0.0 and total > DUAL_ROUNDING * c.size:
                        return np.inf
            if below == 0.0 or above / below <= factor:
                break
            factor = above / below
        return factor

    def block_conjugate(self, c, scale, j):
        return 0.0 if scale * self.gauge(c) <= 1.0 + DUAL_ROUNDING else np.inf

    def face(self, w, cluster, sign, slope, left, right):
        """See `loops.vector.Face`. Clusters are runs of equal values; with L1, zeros belong to no cluster."""
        k, m, last = -1, 0, -1  # `last` is the cluster of the coefficient before
        for j in range(w.size):
            sign[j] = 1.0
            begins = j == 0 or w[j] != w[j - 1]
            if self.l1 > 0.0 and w[j] == 0.0:
                cluster[j] = -1
            else:
                if begins:
                    k += 1
                    slope[k] = 0.0
                cluster[j] = k
                if w[j] != 0.0:
                    slope[k] += math.copysign(self.l1, w[j])
            if begins and j > 0:
                up = math.copysign(self.jump, w[j] - w[j - 1])
                if last >= 0:
                    slope[last] -= up
                if cluster[j] >= 0:
                    slope[cluster[j]] += up
                left[m], right[m] = max(last, cluster[j]), min(last, cluster[j])
                m += 1
            last = cluster[j]
        if self.l1 > 0.0:
            for b in range(k + 1):
                left[m], right[m] = b, -1
                m += 1
        return k + 1, m


@njit
def fuse(v, limit):
    """Replace v by the minimizer of ``||w - v||^2 / 2 + limit sum_j |w_j+1 - w_j|``.

    The direct algorithm of Condat (2013): it goes along v with the largest and the smallest value that the current run
    of equal coefficients can have, and ends the run where neither fits what follows.
    """
    n = v.size
    if n < 2 or limit == 0.0:
        return
    y = v.copy()
    k = first = last_low = last_high = 0
    low, high, sum_low, sum_high = y[0] - limit, y[0] + limit, limit, -limit
    while True:
        if k == n - 1:
            if sum_low < 0.0:  # too high: a jump down
                for i in range(first, last_low + 1):
                    v[i] = low
                first = last_low = k = last_low + 1
                low = y[k]
                sum_low = limit
                sum_high = y[k] + limit - high
            elif sum_high > 0.0:  # too low: a jump up
                for i in range(first, last_high + 1):
                    v[i] = high
                first = last_high = k = last_high + 1
                high = y[k]
                sum_high = -limit
                sum_low = y[k] - limit - low
            else:
                low += sum_low / (k - first + 1)
                for i in range(first, n):
                    v[i] = low
                return
            continue
        sum_low += y[k + 1] - low
        sum_high += y[k + 1] - high
        if sum_low < -limit:  # a jump down
            for i in range(first, last_low + 1):
                v[i] = low
            first = last_low = last_high = k = last_low + 1
            low, high, sum_low, sum_high = y[k], y[k] + 2.0 * limit, limit, -limit
        elif sum_high > limit:  # a jump up
            for i in range(first, last_high + 1):
                v[i] = high
            first = last_low = last_high = k = last_high + 1
            low, high, sum_low, sum_high = y[k] - 2.0 * limit, y[k], limit, -limit
        else:
            k += 1
            if sum_low >= limit:
                low += (sum_low - limit) / (k - first + 1)
                sum_low, last_low = limit, k
            if sum_high <= -limit:
                high += (sum_high + limit) / (k - first + 1)
                sum_high, last_high = -limit, k
