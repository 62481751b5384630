"""Losses of pairs of a known and a sampled item, and stochastic gradient descent on them."""

from typing import NamedTuple

import numpy as np

from .._core._jit import jitted, njit

_MASK, _GOLDEN = np.uint64(0xFFFFFFFF), np.uint64(0x9E3779B9)
_FIRST, _SECOND = np.uint64(0x7FEB352D), np.uint64(0x846CA68B)
_ONE, _S11, _S15, _S16, _S21, _S32 = (np.uint64(shift) for shift in (1, 11, 15, 16, 21, 32))
_STEP = 2.0**-53
MOST_DRAWS = 20  # of an item that the user does not have; a user who has nearly all is passed over then


class Embeddings(NamedTuple):
    """Rows as sums of embeddings of their features.

    Attributes
    ----------
    indptr, indices, data : ndarray
        Features of every row in CSR form.
    vectors : ndarray of shape (n_features, 1 + rank)
        Biases in the first column.
    squares : ndarray of shape (n_features, 1 + rank)
        Sums of the squares of the gradients, for AdaGrad (Duchi, Hazan & Singer 2011).
    shrink : ndarray of shape (n_features,)
        The gradient of the penalty relative to the vector.
    """

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    vectors: np.ndarray
    squares: np.ndarray
    shrink: np.ndarray


@jitted
class BPR(NamedTuple):
    """Bayesian personalized ranking: ``log(1 + exp(-margin))`` of one sampled item (Rendle et al. 2009, section 4)."""

    most_tries: int

    def is_close(self, margin):
        return True

    def pair_loss(self, margin, tries, n_items):
        return max(-margin, 0.0) + np.log1p(np.exp(-abs(margin)))

    def pair_slope(self, margin, tries, n_items):
        return -1.0 / (1.0 + np.exp(margin)) if margin < 500.0 else 0.0


@jitted
class WARP(NamedTuple):
    """Weighted approximate-rank pairwise loss: a hinge, times the logarithm of the estimated rank (Weston et al. 2011).

    Items are sampled until one has a margin below 1; the more it took, the better the known item is ranked.
    """

    most_tries: int

    def is_close(self, margin):
        return margin < 1.0

    def pair_loss(self, margin, tries, n_items):
        return np.log(max((n_items - 1) // tries, 1)) * max(1.0 - margin, 0.0)

    def pair_slope(self, margin, tries, n_items):
        return -np.log(max((n_items - 1) // tries, 1)) if margin < 1.0 else 0.0


@njit
def scramble(x):
    """The 32-bit hash "lowbias32" (Wellons 2018)."""
    x = ((x ^ (x >> _S16)) * _FIRST) & _MASK
    x = ((x ^ (x >> _S15)) * _SECOND) & _MASK
    return x ^ (x >> _S16)


@njit
def uniform(state):
    """A number in [0, 1), of 53 bits, from the counter and the seed in `state`."""
    state[0] += _ONE
    high = scramble((((state[0] & _MASK) * _GOLDEN) ^ (state[0] >> _S32) ^ state[1]) & _MASK)
    low = scramble((high + state[0]) & _MASK)
    return np.float64(np.int64((high << _S21) | (low >> _S11))) * _STEP


@njit
def has(indices, low, high, item):
    """Whether a sorted part of an array, which is not empty, holds an item."""
    high -= 1
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < item:
            low = middle + 1
        else:
            high = middle
    return indices[low] == item


@njit
def draw(state, candidates, indices, low, high):
    """An item, among candidates that may repeat, that is not in a user's part of the indices; -1 if none is found."""
    for _ in range(MOST_DRAWS):
        item = candidates[int(uniform(state) * candidates.size)]
        if not has(indices, low, high, item):
            return item
    return -1


@njit
def gather(row, side, out):
    """Write the sum of the embeddings of a row's features."""
    for k in range(out.size):
        out[k] = 0.0
    for f in range(side.indptr[row], side.indptr[row + 1]):
        factor, vector = side.data[f], side.vectors[side.indices[f]]
        for k in range(out.size):
            out[k] += factor * vector[k]


@njit
def scatter(row, side, learning_rate, slope, direction):
    """A step of AdaGrad on the embeddings of a row, whose loss has the gradient ``slope * direction``."""
    for f in range(side.indptr[row], side.indptr[row + 1]):
        j = side.indices[f]
        scaled, shrink, vector, squares = slope * side.data[f], side.shrink[j], side.vectors[j], side.squares[j]
        for k in range(direction.size):
            g = scaled * direction[k] + shrink * vector[k]
            squares[k] += g * g
            vector[k] -= learning_rate * g / np.sqrt(squares[k])


@njit
def sweep(loss, order, rows, weights, indptr, indices, candidates, users, items, n_items, learning_rate, state):
    """One epoch over the entries; returns the weighted sum of the losses before the steps.

    Parameters
    ----------
    loss : BPR or WARP
    order : ndarray of int of shape (n_entries,)
    rows, weights : ndarray of shape (n_entries,)
        The user and the weight of every entry.
    indptr, indices : ndarray
        The items of every user, sorted.
    candidates : ndarray of int32
        Items to sample from, each as often as it should be drawn.
    users, items : Embeddings
        Changed in place.
    state : ndarray of uint64 of shape (2,)
        Counter and seed of the random numbers.
    """
    m = items.vectors.shape[1]
    p, q, other, difference = np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    total = 0.0
    for e in order:
        u, i = rows[e], indices[e]
        gather(u, users, p)
        p[0] = 1.0
        gather(i, items, q)
        tries = 0
        while tries < loss.most_tries:
            tries += 1
            j = draw(state, candidates, indices, indptr[u], indptr[u + 1])
            if j < 0:
                break
            gather(j, items, other)
            margin = 0.0
            for k in range(m):
                difference[k] = q[k] - other[k]
                margin += p[k] * difference[k]
            if loss.is_close(margin):
                total += weights[e] * loss.pair_loss(margin, tries, n_items)
                slope = weights[e] * loss.pair_slope(margin, tries, n_items)
                difference[0] = 0.0  # users have no bias: it would not change an order
                scatter(u, users, learning_rate, slope, difference)
                scatter(i, items, learning_rate, slope, p)
                scatter(j, items, learning_rate, -slope, p)
                break
    return total
