"""The partial likelihood of Cox's model: a loss of one score a row that couples the rows at risk at the same time."""

import math
from typing import NamedTuple

import numpy as np

from .._jit import jitted, njit, not_compiled
from .elementary import exp, log

COUPLED_SHIFT = 1e-7  # added to diagonals of curvatures, relative to those without coupling


@jitted
class Cox(NamedTuple):
    """Minus the logarithm of the partial likelihood (Cox 1972), minus its infimum; targets are 1 for events, else 0.

    With D the weight of the events at a time, S the sum of ``h exp(z)`` over the rows at risk, and E that over the
    events, ties are treated by Breslow (1974), ``D log S - sum h z``, or by Efron (1977),
    ``D / d sum_l log(S - l / d E) - sum h z`` with l from 0 to d - 1, d the number of events.

    Attributes
    ----------
    order : ndarray of int of shape (n,)
        Rows by stratum, and by time within it.
    ptr : ndarray of int of shape (n_times + 1,)
        Rows ``order[ptr[g]:ptr[g + 1]]`` have the same stratum and time.
    stop : ndarray of int of shape (n_times,)
        Where the stratum of a time ends in `order`.
    efron : bool
    """

    order: np.ndarray
    ptr: np.ndarray
    stop: np.ndarray
    efron: bool

    is_convex = True
    max_hess = math.inf
    misfit_hess = 0.0
    couples_rows = True
    is_stiff = False

    def evaluate(self, T, Z, h, R, P, H):
        """The loss. Writes weighted slopes to R, the scores to P, and bounds of second derivatives to H."""
        P[0] = Z[0]
        n_times = self.ptr.size - 1
        below, hazards, shrink, S = np.empty(self.order.size), np.empty(self.order.size), np.empty(n_times), 0.0
        fill_hazards(self, h, P, below, hazards, shrink)
        at_risk = np.empty(n_times)
        for g in range(n_times - 1, -1, -1):
            S *= shrink[g]
            for k in range(self.ptr[g], self.ptr[g + 1]):
                S += h[self.order[k]] * hazards[k]
            at_risk[g] = S
        total = cumulative = 0.0  # the cumulative hazard, relative as the hazards
        for g in range(n_times):
            cumulative *= shrink[g - 1] if g > 0 else 0.0
            D = E = d = 0.0
            for k in range(self.ptr[g], self.ptr[g + 1]):
                i = self.order[k]
                if T[0, i] > 0.0 and h[i] > 0.0:
                    D += h[i]
                    E += h[i] * hazards[k]
                    d += 1.0
                    total -= h[i] * below[k]
            own = 0.0  # what the hazards of the events at this time are lower by
            if d > 0.0:
                steps = int(d) if self.efron else 1
                for m in range(steps):
                    share = m / d if self.efron else 0.0
                    left = at_risk[g] - share * E
                    total += D / steps * log(left / ((1.0 - share) * D))
                    cumulative += D / steps / left
                    own += D / steps * share / left
            for k in range(self.ptr[g], self.ptr[g + 1]):
                i = self.order[k]
                is_event = T[0, i] > 0.0
                H[i] = hazards[k] * (cumulative - own if is_event else cumulative) if h[i] > 0.0 else 0.0
                R[0, i] = h[i] * (H[i] - T[0, i])
        return total

    @not_compiled
    def conjugate_sum(self, T, U, h, P, scale):
        """An upper bound of the conjugate at `scale` times the slopes, exact for 1 and 0.

        The slopes are a sum over times of weights on the rows at risk; these are moved towards the events.
        """
        return cox_conjugate(self, T, h, P, scale)

    @not_compiled
    def null_scores(self, T, h):
        return np.zeros(1)

    @not_compiled
    def coupling(self, T, h, P):
        """What the Hessian is smaller by than ``diag(h H)``, where `evaluate` wrote the scores P."""
        return RiskSets(self, T, h, P)


class RiskSets:
    """The Hessian of the partial likelihood: ``diag(h H) - sum_t v_t v_t'``.

    There is a v for each time with events, or with Efron's ties for each event: the shares of the rows at risk in the
    hazard, times the root of the weight of the events. Products are running sums from the last time to the first, and
    back.
    """

    def __init__(self, loss, T, h, P):
        n, n_times = loss.order.size, loss.ptr.size - 1
        self.loss = loss
        self.is_event = (T[0] * h > 0.0)[loss.order]
        self.share = np.empty(n)  # h exp(z), relative to the largest exp(z) at risk
        self.shrink = np.empty(n_times)  # factor of running sums from the next time to this one
        self.n_terms = np.zeros(n_times, np.int64)
        self.factor = np.empty(int((T[0] * h > 0.0).sum()))  # of v_t
        risk_sets(loss, T, h, P, self.share, self.shrink, self.n_terms, self.factor)
        self.factor = self.factor[: self.n_terms.sum()]  # with ties there are fewer terms than events

    def times(self, Z, weights):
        """Products (k, n) of the Hessian with vectors Z (k, n), and what is added to the curvature (k,) along each.

        `weights` are h H. Without the addition, the difference may be singular, or less by rounding.
        """
        loss, U = self.loss, np.empty(Z.shape)
        sorted_Z, means = np.ascontiguousarray(Z[:, loss.order].T), np.empty((self.factor.size, len(Z)))
        tables = self.share, self.is_event, self.shrink, self.n_terms, self.factor
        risk_products(loss.ptr, loss.stop, *tables, sorted_Z, means)
        U[:, loss.order] = sorted_Z.T
        np.subtract(Z * weights, U, out=U)
        return U, COUPLED_SHIFT * (Z**2 @ weights)


@njit
def fill_hazards(loss, h, P, below, hazards, shrink):
    """Fill hazards ``exp(z)`` of the rows in their order, and factors of sums from the next time to each.

    Hazards are relative to the largest among the rows at risk at the same time, so that no sum of them overflows or
    vanishes; `below` becomes their logarithms.
    """
    top = -np.inf
    for g in range(loss.ptr.size - 2, -1, -1):
        goes_on = loss.ptr[g + 1] < loss.stop[g]
        last, top = top, top if goes_on else -np.inf
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            if h[i] > 0.0:
                top = max(top, P[0, i])
        shrink[g] = last - top if goes_on and last > -np.inf else -np.inf
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            below[k] = P[0, i] - top if h[i] > 0.0 else 0.0
    for k in range(below.size):
        hazards[k] = exp(below[k])
    for g in range(shrink.size):
        shrink[g] = exp(shrink[g]) if shrink[g] > -np.inf else 0.0


@njit
def risk_sets(loss, T, h, P, share, shrink, n_terms, factor):
    """Fill the tables of `RiskSets`; terms are in the order of times, and of events within them."""
    S, at, below = 0.0, factor.size, np.empty(share.size)
    fill_hazards(loss, h, P, below, share, shrink)
    for g in range(loss.ptr.size - 2, -1, -1):
        S *= shrink[g]
        D = E = 0.0
        d = 0
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            share[k] *= h[i]
            S += share[k]
            if T[0, i] > 0.0 and h[i] > 0.0:
                D, E, d = D + h[i], E + share[k], d + 1
        n_terms[g] = d if loss.efron else min(d, 1)
        at -= n_terms[g]
        for m in range(n_terms[g]):
            factor[at + m] = math.sqrt(D / n_terms[g]) / (S - m / n_terms[g] * E)
    if at > 0:
        for t in range(factor.size - at):
            factor[t] = factor[t + at]


@njit
def risk_products(ptr, stop, share, is_event, shrink, n_terms, factor, Z, means):
    """Replace vectors Z (n, k), sorted by time, by ``sum_t v_t v_t' Z``; `means` (n_terms, k) becomes ``v_t' Z``."""
    k, n_times = Z.shape[1], ptr.size - 1
    state, own, t = np.zeros(k), np.empty(k), factor.size
    for g in range(n_times - 1, -1, -1):
        goes_on = 0.0 if ptr[g + 1] == stop[g] else shrink[g]
        if goes_on != 1.0:
            for j in range(k):
                state[j] *= goes_on
        is_tied = n_terms[g] > 1
        if is_tied:
            own[:] = 0.0
        for i in range(ptr[g], ptr[g + 1]):
            u = share[i]
            for j in range(k):
                state[j] += u * Z[i, j]
            if is_tied and is_event[i]:
                for j in range(k):
                    own[j] += u * Z[i, j]
        t -= n_terms[g]
        for m in range(n_terms[g]):
            f, part = factor[t + m], m / n_terms[g]
            if m == 0:
                for j in range(k):
                    means[t, j] = f * state[j]
            else:
                for j in range(k):
                    means[t + m, j] = f * (state[j] - part * own[j])
    t = 0
    for g in range(n_times):
        goes_on = 0.0 if g == 0 or stop[g - 1] == ptr[g] else shrink[g - 1]
        if goes_on != 1.0:
            for j in range(k):
                state[j] *= goes_on
        own[:] = 0.0
        for m in range(n_terms[g]):
            f, part = factor[t + m], m / n_terms[g]
            for j in range(k):
                state[j] += f * means[t + m, j]
                own[j] += part * f * means[t + m, j]
        t += n_terms[g]
        for i in range(ptr[g], ptr[g + 1]):
            u = share[i]
            if is_event[i]:
                for j in range(k):
                    Z[i, j] = u * (state[j] - own[j])
            else:
                for j in range(k):
                    Z[i, j] = u * state[j]


@njit
def cox_conjugate(loss, T, h, P, scale):
    """See `Cox.conjugate_sum`: a sum of relative entropies."""
    below, hazards, shrink = np.empty(loss.order.size), np.empty(loss.order.size), np.empty(loss.ptr.size - 1)
    fill_hazards(loss, h, P, below, hazards, shrink)
    total = S = W = 0.0  # W is the sum of the hazards times their logarithms
    for g in range(loss.ptr.size - 2, -1, -1):
        W = shrink[g] * (W + log(shrink[g]) * S) if shrink[g] > 0.0 else 0.0
        S *= shrink[g]
        D = E = V = d = 0.0
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            e = h[i] * hazards[k]
            S += e
            W += e * below[k]
            if T[0, i] > 0.0 and h[i] > 0.0:
                D += h[i]
                E += e
                V += e * below[k]
                d += 1.0
        if d == 0.0:
            continue
        steps = int(d) if loss.efron else 1
        for m in range(steps):
            share = m / d if loss.efron else 0.0
            left = S - share * E
            value = 0.0
            if scale > 0.0:  # rows without an event now
                value = scale / left * (log(scale / left) * (S - E) + (W - V))
            for k in range(loss.ptr[g], loss.ptr[g + 1]):
                i = loss.order[k]
                if T[0, i] > 0.0 and h[i] > 0.0:
                    q = scale * (1.0 - share) * hazards[k] / left + (1.0 - scale) / D
                    if q > 0.0:
                        value += h[i] * q * log(q / (1.0 - share))
            total += D / steps * (value + log((1.0 - share) * D))
    return total


def cox_loss(time, strata, ties):
    """The loss for times and, or None, strata of all rows."""
    n = time.size
    codes = np.zeros(n, np.int64) if strata is None else np.unique(strata, return_inverse=True)[1].ravel()
    order = np.lexsort((time, codes))
    t, c = time[order], codes[order]
    starts = np.flatnonzero(np.append(True, (t[1:] != t[:-1]) | (c[1:] != c[:-1])))
    stop = np.searchsorted(c, c[starts], side="right")
    return Cox(order, np.append(starts, n), stop, ties == "efron")
