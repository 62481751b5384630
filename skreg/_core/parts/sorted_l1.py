"""The sorted L1 norm (SLOPE), its prox, and which coefficients leave zero."""

import math
from typing import NamedTuple

import numpy as np

from .._jit import jitted, njit, not_compiled
from .penalties import DUAL_ROUNDING
from .vector_penalties import one_block


@jitted
@one_block
class SortedL1(NamedTuple):
    """``sum_i weights_i |w|_(i) + l2 ||w||^2 / 2``, where ``|w|_(1)`` is the largest magnitude (Bogdan et al. 2015).

    The weights do not increase. All but the first ones may be 0.
    """

    weights: np.ndarray
    l2: float

    has_free_shift = False

    @not_compiled
    def part(self, m):
        """The penalty of m coefficients where the others are zero."""
        return self._replace(weights=self.weights[:m])

    @not_compiled
    def may_move(self, w, c, near):
        """A mask of the coefficients that are nonzero, or leave zero for a share `near` of the weights."""
        return (w != 0.0) | (sorted_entry_alphas(np.abs(c), self.weights) >= near)

    def n_coordinates(self):
        return self.weights.size

    def prox_all(self, v, step):
        shrink_sorted(v, self.weights, step)
        for j in range(v.size):
            v[j] /= 1.0 + step * self.l2

    def block_value(self, w, j):
        sizes, s, squares = np.sort(np.abs(w)), 0.0, 0.0
        for i in range(w.size):
            s += self.weights[w.size - 1 - i] * sizes[i]
            squares += sizes[i] * sizes[i]
        return s + 0.5 * self.l2 * squares

    def gauge(self, c):
        """The least factor of the weights for which the conjugate at c is 0: the dual norm."""
        sizes, above, below, largest = np.sort(np.abs(c)), 0.0, 0.0, 0.0
        for i in range(c.size):
            above += sizes[c.size - 1 - i]
            below += self.weights[i]
            if below > 0.0:
                largest = max(largest, above / below)
            elif above > DUAL_ROUNDING * (i + 1):
                return np.inf
        return largest

    def block_conjugate(self, c, scale, j):
        if scale == 0.0:
            return 0.0
        if self.l2 < DUAL_ROUNDING:
            return 0.0 if scale * self.gauge(c) <= 1.0 + DUAL_ROUNDING else np.inf
        w = np.empty(c.size)  # attains the supremum
        for i in range(c.size):
            w[i] = scale * c[i] / self.l2
        shrink_sorted(w, self.weights, 1.0 / self.l2)
        return scale * np.sum(w * c) - self.block_value(w, j)

    def face(self, w, cluster, sign, slope, left, right):
        """See `loops.vector.Face`. Cluster values are magnitudes, in decreasing order; zeros belong to no cluster."""
        order, k = np.argsort(-np.abs(w)), -1
        for i in range(w.size):
            j = order[i]
            sign[j] = math.copysign(1.0, w[j])
            if w[j] == 0.0:
                cluster[j] = -1
                continue
            if i == 0 or abs(w[j]) != abs(w[order[i - 1]]):
                k += 1
                slope[k] = 0.0
            cluster[j] = k
            slope[k] += self.weights[i]
        for b in range(k + 1):
            left[b], right[b] = b, b + 1 if b < k else -1
        return k + 1, k + 1


@njit
def shrink_sorted(v, weights, step):
    """Replace v by the minimizer of ``||w - v||^2 / (2 step) + sum_i weights_i |w|_(i)``.

    By isotonic regression of the sorted magnitudes minus the weights, which pools adjacent violators.
    """
    order = np.argsort(-np.abs(v))
    first, total, mean = np.empty(v.size, np.int64), np.empty(v.size), np.empty(v.size)
    k = 0
    for i in range(v.size):
        first[k] = i
        total[k] = mean[k] = abs(v[order[i]]) - step * weights[i]
        while k > 0 and mean[k - 1] <= mean[k]:
            total[k - 1] += total[k]
            mean[k - 1] = total[k - 1] / (i + 1 - first[k - 1])
            k -= 1
        k += 1
    stop = v.size
    for b in range(k - 1, -1, -1):
        for i in range(first[b], stop):
            v[order[i]] = math.copysign(mean[b], v[order[i]]) if mean[b] > 0.0 else 0.0
        stop = first[b]


def sorted_entry_alphas(sizes, weights):
    """For correlations of given magnitudes, the alpha below which each coefficient of a `SortedL1` leaves zero.

    The coefficients that leave zero for alpha are those that maximize the sum of their magnitudes minus alpha times as
    many weights (Larsson, Bogdan & Wallin 2020, algorithm 1). As alpha falls they become more. So the alphas are slopes
    of the least concave curve above the sums of sorted magnitudes, as a function of the sums of weights.
    """
    out = np.empty(sizes.size)
    slopes_of_hull(sizes, np.argsort(-sizes), weights, out)  # NumPy sorts several times faster than compiled code
    return out


@njit
def slopes_of_hull(sizes, order, weights, out):
    """The slopes of `sorted_entry_alphas`, of magnitudes that decrease in the given order."""
    first, above, below = np.empty(sizes.size, np.int64), np.empty(sizes.size), np.empty(sizes.size)
    k = 0
    for i in range(sizes.size):
        first[k], above[k], below[k] = i, sizes[order[i]], weights[i]
        while k > 0 and above[k - 1] * below[k] <= above[k] * below[k - 1]:
            above[k - 1] += above[k]
            below[k - 1] += below[k]
            k -= 1
        k += 1
    stop = sizes.size
    for b in range(k - 1, -1, -1):
        alpha = 0.0
        if above[b] > 0.0:
            alpha = above[b] / below[b] if below[b] > 0.0 else np.inf
        for i in range(first[b], stop):
            out[order[i]] = alpha
        stop = first[b]
