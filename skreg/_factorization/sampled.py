"""Losses of pairs of a known and a sampled item, and stochastic gradient descent on them."""

from typing import NamedTuple

import numpy as np

from .._core._jit import inlined, jitted, njit

_MASK, _GOLDEN = np.uint64(0xFFFFFFFF), np.uint64(0x9E3779B9)
_FIRST, _SECOND = np.uint64(0x7FEB352D), np.uint64(0x846CA68B)
_ONE, _S15, _S16, _S32 = (np.uint64(shift) for shift in (1, 15, 16, 32))
_SPREAD = 0x9E3779B1  # odd, so that the places of users begin everywhere
LANES = 8  # floats of a vector register; the width of embeddings is a multiple
MOST_DRAWS = 20  # of an item that the user does not have; a user who has nearly all is passed over then
BITS_PER_PAIR = 16  # at least: of pairs that do not occur, so few need a search


class Seen(NamedTuple):
    """The items of every user, and a Bloom filter of the pairs, which tells at a glance that most do not occur.

    Attributes
    ----------
    indptr, indices : ndarray
        Items of every user in CSR form, sorted.
    bits : ndarray of uint8
        One bit for each place of a pair, a power of 2 of them; those of pairs that occur are set.
    """

    indptr: np.ndarray
    indices: np.ndarray
    bits: np.ndarray

    @classmethod
    def of(cls, indptr, indices):
        size = 1 << max(int(BITS_PER_PAIR * indices.size - 1).bit_length(), 3)
        seen = cls(indptr, indices, np.zeros(size // 8, dtype=np.uint8))
        set_bits(*seen)
        return seen


class Embeddings(NamedTuple):
    """Rows as sums of embeddings of their features.

    Attributes
    ----------
    indptr, indices, data : ndarray
        Features of every row in CSR form.
    vectors : ndarray of shape (n_features, width)
        Biases in the first column; zeros after the factors, so that loops over a row end with a whole vector register.
    squares : ndarray of shape (n_features, width)
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
        e = np.exp(-abs(margin))
        return max(-margin, 0.0) + np.log1p(e), -(1.0 if margin < 0.0 else e) / (1.0 + e)


@jitted
class WARP(NamedTuple):
    """Weighted approximate-rank pairwise loss: a hinge, times the logarithm of the estimated rank (Weston et al. 2011).

    Items are sampled until one has a margin below 1; the more it took, the better the known item is ranked.
    """

    most_tries: int

    def is_close(self, margin):
        return margin < 1.0

    def pair_loss(self, margin, tries, n_items):
        weight = np.log(max((n_items - 1) // tries, 1))
        return weight * max(1.0 - margin, 0.0), -weight if margin < 1.0 else 0.0


@inlined
def scramble(x):
    """The 32-bit hash "lowbias32" (Wellons 2018)."""
    x = ((x ^ (x >> _S16)) * _FIRST) & _MASK
    x = ((x ^ (x >> _S15)) * _SECOND) & _MASK
    return x ^ (x >> _S16)


@inlined
def below(state, n):
    """An integer in [0, n), from the counter and the seed in `state`; n is much less than 2^32."""
    state[0] += _ONE
    x = scramble((((state[0] & _MASK) * _GOLDEN) ^ (state[0] >> _S32) ^ state[1]) & _MASK)
    return np.int64((x * np.uint64(n)) >> _S32)


@njit
def shuffle(order, state):
    """Bring the numbers of an array into a random order, by the method of Fisher and Yates."""
    for k in range(order.size - 1, 0, -1):
        other = below(state, k + 1)
        order[k], order[other] = order[other], order[k]


@njit
def set_bits(indptr, indices, bits):
    """Set the bits of all pairs."""
    for user in range(indptr.size - 1):
        for e in range(indptr[user], indptr[user + 1]):
            place = (user * _SPREAD + np.int64(indices[e])) & (8 * bits.size - 1)
            bits[place >> 3] |= 1 << (place & 7)


@inlined
def has(seen, user, item):
    """Whether a user, who has some items, has this one."""
    place = (user * _SPREAD + item) & (8 * seen.bits.size - 1)
    if not (seen.bits[place >> 3] >> (place & 7)) & 1:
        return False
    low, n = seen.indptr[user], seen.indptr[user + 1] - seen.indptr[user]
    while n > 1:
        half = n // 2
        low += half * (seen.indices[low + half] <= item)
        n -= half
    return seen.indices[low] == item


@inlined
def draw(state, candidates, seen, user):
    """An item, among candidates that may repeat, that a user does not have; -1 if none is found."""
    for _ in range(MOST_DRAWS):
        item = np.int64(candidates[below(state, candidates.size)])
        if not has(seen, user, item):
            return item
    return -1


@inlined
def gather(row, side, out):
    """Write the sum of the embeddings of a row's features, of which there is one at least."""
    first = side.indptr[row]
    factor, j = side.data[first], side.indices[first]
    for k in range(out.size):
        out[k] = factor * side.vectors[j, k]
    for f in range(first + 1, side.indptr[row + 1]):
        factor, j = side.data[f], side.indices[f]
        for k in range(out.size):
            out[k] += factor * side.vectors[j, k]


@inlined
def scatter(row, side, learning_rate, slope, direction):
    """A step of AdaGrad on the embeddings of a row, whose loss has the gradient ``slope * direction``."""
    for f in range(side.indptr[row], side.indptr[row + 1]):
        j = side.indices[f]
        scaled, shrink = slope * side.data[f], side.shrink[j]
        for k in range(direction.size):
            g = scaled * direction[k] + shrink * side.vectors[j, k]
            side.squares[j, k] += g * g
            side.vectors[j, k] -= learning_rate * g / np.sqrt(side.squares[j, k])


@njit
def sweep(loss, order, rows, weights, seen, candidates, users, items, n_items, learning_rate, state):
    """One epoch over the entries; returns the weighted sum of the losses before the steps.

    Parameters
    ----------
    loss : BPR or WARP
    order : ndarray of int of shape (n_entries,)
    rows, weights : ndarray of shape (n_entries,)
        The user and the weight of every entry.
    seen : Seen
    candidates : ndarray of int32
        Items to sample from, each as often as it should be drawn.
    users, items : Embeddings
        Changed in place; numbers of all kinds are of one type of float.
    state : ndarray of uint64 of shape (2,)
        Counter and seed of the random numbers.
    """
    m, dtype = items.vectors.shape[1], items.vectors.dtype
    p, q, other, difference = np.empty(m, dtype), np.empty(m, dtype), np.empty(m, dtype), np.empty(m, dtype)
    total = 0.0
    for e in order:
        u, i = np.int64(rows[e]), seen.indices[e]
        gather(u, users, p)
        p[0] = 1.0
        gather(i, items, q)
        tries = 0
        while tries < loss.most_tries:
            tries += 1
            j = draw(state, candidates, seen, u)
            if j < 0:
                break
            gather(j, items, other)
            margin = p.dtype.type(0.0)
            for k in range(m):
                difference[k] = q[k] - other[k]
                margin += p[k] * difference[k]
            if loss.is_close(margin):
                value, slope = loss.pair_loss(margin, tries, n_items)
                total += weights[e] * value
                slope = p.dtype.type(weights[e] * slope)
                difference[0] = 0.0  # users have no bias: it would not change an order
                scatter(u, users, learning_rate, slope, difference)
                scatter(i, items, learning_rate, slope, p)
                scatter(j, items, learning_rate, -slope, p)
                break
    return total
