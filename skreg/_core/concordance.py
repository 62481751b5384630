"""Harrell's concordance, in n log n time: sorted by time, counted in binary indexed trees."""

import numpy as np

from ._jit import njit


@njit
def _add(tree, place, amount):
    place += 1
    while place < tree.size:
        tree[place] += amount
        place += place & -place


@njit
def _sum_before(tree, place):
    total = 0.0
    while place > 0:
        total += tree[place]
        place -= place & -place
    return total


@njit
def count_pairs(ptr, event, time, rank, weights):
    """Weights of the comparable pairs, and of those in the right order; of equal hazards one half.

    Parameters
    ----------
    ptr : ndarray of int of shape (n_strata + 1,)
        Where strata begin and end.
    event : ndarray of bool of shape (n,)
    time : ndarray of shape (n,)
        In decreasing order within every stratum; of equal times, censored rows come first.
    rank : ndarray of int of shape (n,)
        Of the hazard within the stratum, from 0; equal ones have the same.
    weights : ndarray of shape (n,)
    """
    total = right = 0.0
    for s in range(ptr.size - 1):
        low, high = ptr[s], ptr[s + 1]
        tree, equal, later = np.zeros(high - low + 1), np.zeros(high - low), 0.0
        added = low  # rows before this one are in the sums: later than those that follow, or censored at their time
        for i in range(low, high):
            if event[i]:
                while added < i and not (event[added] and time[added] == time[i]):
                    _add(tree, rank[added], weights[added])
                    equal[rank[added]] += weights[added]
                    later += weights[added]
                    added += 1
                total += weights[i] * later
                right += weights[i] * (_sum_before(tree, rank[i]) + 0.5 * equal[rank[i]])
    return total, right


def concordance(event, time, hazard, weights, codes):
    """The share of comparable pairs of which the row with the larger hazard has the earlier event.

    A pair of rows of the same stratum is comparable if the earlier of two times is that of an event. At equal times a
    row with an event comes before one that was censored. Pairs count with the product of their weights, pairs with
    equal hazards one half.

    Parameters
    ----------
    event : ndarray of bool of shape (n,)
    time, hazard, weights : ndarray of shape (n,)
    codes : ndarray of int of shape (n,)
        Strata.

    Returns
    -------
    concordance : float
        NaN without a comparable pair.
    """
    order = np.lexsort((event, -time, codes))
    ptr = np.append(np.flatnonzero(np.diff(codes[order], prepend=-1)), order.size)
    by_hazard = np.lexsort((hazard, codes))
    differs = (np.diff(hazard[by_hazard], prepend=np.nan) != 0.0) | (np.diff(codes[by_hazard], prepend=-1) != 0)
    dense = np.cumsum(differs) - 1
    rank = np.empty(order.size, dtype=np.int64)
    rank[by_hazard] = dense - np.repeat(dense[ptr[:-1]], np.diff(ptr))
    total, right = count_pairs(ptr, event[order], time[order], rank[order], weights[order])
    return float(right / total) if total > 0.0 else np.nan
