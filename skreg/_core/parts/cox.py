"""The partial likelihood of Cox's model: a loss of one score a row that couples the rows at risk at the same time."""

import math
from typing import NamedTuple

import numpy as np

from .._jit import jitted, njit, not_compiled

ENTRIES_PER_PRODUCT = 1 << 20  # of columns, that are copied for one product
MIN_ROWS = 256  # of such a copy
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
        """The loss. Writes weighted slopes to R, the scores to P, and bounds of second derivatives to H.

        Sums over the rows at risk are relative to the largest of their ``exp(z)``, so that none overflows or vanishes.
        """
        n_times = self.ptr.size - 1
        top, S, total = np.empty(n_times), np.empty(n_times), 0.0
        for g in range(n_times - 1, -1, -1):
            top[g], S[g] = -np.inf, 0.0
            goes_on = self.ptr[g + 1] < self.stop[g]
            if goes_on:
                top[g] = top[g + 1]
            for k in range(self.ptr[g], self.ptr[g + 1]):
                i = self.order[k]
                P[0, i] = Z[0, i]
                if h[i] > 0.0:
                    top[g] = max(top[g], Z[0, i])
            if top[g] == -np.inf:
                continue
            if goes_on and S[g + 1] > 0.0:
                S[g] = S[g + 1] * math.exp(top[g + 1] - top[g])
            for k in range(self.ptr[g], self.ptr[g + 1]):
                i = self.order[k]
                if h[i] > 0.0:
                    S[g] += h[i] * math.exp(Z[0, i] - top[g])
        hazard = 0.0  # cumulative, times exp(top)
        for g in range(n_times):
            if g == 0 or self.stop[g - 1] == self.ptr[g]:
                hazard = 0.0
            elif hazard > 0.0:
                hazard *= math.exp(top[g] - top[g - 1])
            D = E = d = 0.0
            for k in range(self.ptr[g], self.ptr[g + 1]):
                i = self.order[k]
                if T[0, i] > 0.0 and h[i] > 0.0:
                    D += h[i]
                    E += h[i] * math.exp(Z[0, i] - top[g])
                    d += 1.0
                    total -= h[i] * Z[0, i]
            own = 0.0  # what the hazards of the events at this time are lower by
            if d > 0.0:
                steps = int(d) if self.efron else 1
                for m in range(steps):
                    share = m / d if self.efron else 0.0
                    left = S[g] - share * E
                    total += D / steps * (math.log(left) + top[g] - math.log((1.0 - share) * D))
                    hazard += D / steps / left
                    own += D / steps * share / left
            for k in range(self.ptr[g], self.ptr[g + 1]):
                i = self.order[k]
                H[i] = R[0, i] = 0.0
                if h[i] > 0.0:
                    H[i] = math.exp(Z[0, i] - top[g]) * (hazard - own if T[0, i] > 0.0 else hazard)
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
    hazard, times the root of the weight of the events. Products with columns are running sums from the last time to the
    first.
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
        self.first_term = np.append(0, np.cumsum(self.n_terms))

    def curvature(self, columns, weights, m, first, dtype):
        """The Hessian (m - first, m) along m columns: of the last of them with all.

        ``columns(rows)`` gives the columns in some rows (m, n_rows); `weights` are h H.
        """
        loss, G, diagonal = self.loss, np.zeros((m - first, m)), np.zeros(m)
        ptr, state, roots = loss.ptr, np.zeros(m), np.sqrt(weights[loss.order])
        step, high = max(ENTRIES_PER_PRODUCT // max(m, 1), MIN_ROWS), ptr.size - 1
        while high > 0:
            low = min(int(np.searchsorted(ptr, max(ptr[high] - step, 0), side="left")), high - 1)
            rows, terms = slice(ptr[low], ptr[high]), slice(self.first_term[low], self.first_term[high])
            Z = np.ascontiguousarray(columns(loss.order[rows]).T)
            V = np.empty((terms.stop - terms.start, m), dtype)
            tables = self.share[rows], self.is_event[rows], self.shrink, self.n_terms, self.factor[terms]
            risk_means(ptr, loss.stop, low, high, *tables, Z, state, V)
            Z *= roots[rows, None].astype(dtype)
            diagonal += np.einsum("ij,ij->j", Z, Z)
            G += (Z.T @ Z - V.T @ V) if first == 0 else (Z[:, first:].T @ Z - V[:, first:].T @ V)
            high = low
        G.flat[first :: m + 1] += (
            COUPLED_SHIFT * diagonal[first:]
        )  # the difference may be singular, or less by rounding
        return G


@njit
def risk_sets(loss, T, h, P, share, shrink, n_terms, factor):
    """Fill the tables of `RiskSets`; terms are in the order of times, and of events within them."""
    top, S, at = -np.inf, 0.0, factor.size
    for g in range(loss.ptr.size - 2, -1, -1):
        if loss.ptr[g + 1] == loss.stop[g]:
            top, S = -np.inf, 0.0
        last = top
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            if h[i] > 0.0:
                top = max(top, P[0, i])
        shrink[g] = math.exp(last - top) if last > -np.inf else 0.0
        S *= shrink[g]
        D = E = 0.0
        d = 0
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            share[k] = h[i] * math.exp(P[0, i] - top) if h[i] > 0.0 else 0.0
            S += share[k]
            if T[0, i] > 0.0 and h[i] > 0.0:
                D, E, d = D + h[i], E + share[k], d + 1
        n_terms[g] = d if loss.efron else min(d, 1)
        at -= n_terms[g]
        for m in range(n_terms[g]):
            factor[at + m] = math.sqrt(D / n_terms[g]) / (S - m / n_terms[g] * E)
    if at > 0:  # with ties there are fewer terms than events
        for t in range(factor.size - at):
            factor[t] = factor[t + at]


@njit
def risk_means(ptr, stop, low, high, share, is_event, shrink, n_terms, factor, Z, state, V):
    """Fill V (n_terms, m) with products of the v and the columns Z (n_rows, m), for the times from `low` to `high`.

    `state` holds the sums of the shares at risk times the columns. `share`, `is_event` and `factor` are those of the
    rows and terms of these times.
    """
    own, t, first = np.empty(state.size), factor.size, ptr[low]
    for g in range(high - 1, low - 1, -1):
        goes_on = 0.0 if ptr[g + 1] == stop[g] else shrink[g]
        if goes_on != 1.0:
            for j in range(state.size):
                state[j] *= goes_on
        is_tied = n_terms[g] > 1
        if is_tied:
            own[:] = 0.0
        for k in range(ptr[g] - first, ptr[g + 1] - first):
            u = share[k]
            for j in range(state.size):
                state[j] += u * Z[k, j]
            if is_tied and is_event[k]:
                for j in range(state.size):
                    own[j] += u * Z[k, j]
        t -= n_terms[g]
        for m in range(n_terms[g]):
            f, part = factor[t + m], m / n_terms[g]
            if m == 0:
                for j in range(state.size):
                    V[t, j] = f * state[j]
            else:
                for j in range(state.size):
                    V[t + m, j] = f * (state[j] - part * own[j])


@njit
def cox_conjugate(loss, T, h, P, scale):
    """See `Cox.conjugate_sum`: a sum of relative entropies."""
    total = top = S = W = 0.0  # as in `Cox.evaluate`; W is the sum of h exp(z - top) (z - top)
    for g in range(loss.ptr.size - 2, -1, -1):
        if loss.ptr[g + 1] == loss.stop[g]:
            top, S, W = -np.inf, 0.0, 0.0
        last = top
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            if h[i] > 0.0:
                top = max(top, P[0, i])
        if S > 0.0 and top > last:
            shrink = math.exp(last - top)
            W = shrink * (W + (last - top) * S)
            S *= shrink
        D = E = V = d = 0.0
        for k in range(loss.ptr[g], loss.ptr[g + 1]):
            i = loss.order[k]
            if h[i] > 0.0:
                e = h[i] * math.exp(P[0, i] - top)
                S += e
                W += e * (P[0, i] - top)
                if T[0, i] > 0.0:
                    D += h[i]
                    E += e
                    V += e * (P[0, i] - top)
                    d += 1.0
        if d == 0.0:
            continue
        steps = int(d) if loss.efron else 1
        for m in range(steps):
            share = m / d if loss.efron else 0.0
            left = S - share * E
            value = 0.0
            if scale > 0.0:  # rows without an event now
                value = scale / left * (math.log(scale / left) * (S - E) + (W - V))
            for k in range(loss.ptr[g], loss.ptr[g + 1]):
                i = loss.order[k]
                if T[0, i] > 0.0 and h[i] > 0.0:
                    q = scale * (1.0 - share) * math.exp(P[0, i] - top) / left + (1.0 - scale) / D
                    if q > 0.0:
                        value += h[i] * q * math.log(q / (1.0 - share))
            total += D / steps * (value + math.log((1.0 - share) * D))
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
