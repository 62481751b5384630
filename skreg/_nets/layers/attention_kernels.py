"""Kernels of attention: for one head of one row at a time, in buffers that stay in the cache of the processor.

Scores, weights and their gradients are kept with the keys as rows and the queries as columns, sixteen of which are
computed at a time: the softmax of all queries is then arithmetic between rows. Nothing of the size queries times keys
is kept for the backward pass, which computes the weights again from the scores and their log-sum-exp (Dao et al. 2022),
and the factors of dropout from their seed.
"""

from typing import NamedTuple

import numpy as np

from ..._core._jit import jitted, njit
from ..lanes import LANES, load, spread, store
from ..noise import ONE, ZERO, uniform

BLOCK_ROWS = 8  # of a product, which are computed together
MOST_TOKENS = 1 << 16  # the stride of places between queries, so that the noise of a row does not depend on padding

# Cody & Waite's reduction, and the polynomial of Cephes' `expf`: calls of exp are not vectorized, arithmetic is.
_LOG2E, _HALF = np.float32(1.44269504088896341), np.float32(0.5)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_E6, _E5, _E4 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3), np.float32(8.3334519073e-3)
_E3, _E2, _E1 = np.float32(4.1665795894e-2), np.float32(1.6666665459e-1), np.float32(5.0000001201e-1)
_LEAST = np.float32(-87.0)  # the exponential of less is no normal number
_BIAS, _MANTISSA = np.int32(127), np.int32(23)


@jitted
class ExactExp(NamedTuple):
    """The exponential of NumPy, in any precision."""

    one: np.float32 = ONE

    def exp_of(self, v):
        return np.exp(v)


@jitted
class PolynomialExp(NamedTuple):
    """The exponential of numbers up to 0 in single precision, with an error of about a rounding."""

    one: np.float32 = ONE

    def exp_of(self, v):
        v = _LEAST if v < _LEAST else v  # NaN stays NaN
        k = np.int32(v * _LOG2E - _HALF)
        x = (v - np.float32(k) * _LN2_HIGH) - np.float32(k) * _LN2_LOW
        p = (((((_E6 * x + _E5) * x + _E4) * x + _E3) * x + _E2) * x + _E1) * x * x + x + self.one
        return p * np.int32((k + _BIAS) << _MANTISSA).view(np.float32)


@njit
def rounded_up(count, multiple):
    """The smallest multiple of a number that is not less than a count."""
    return (count + multiple - 1) // multiple * multiple


@njit
def product(a, a_row, a_column, b, n_inner, out, n_rows, width):
    """Write the product of two matrices in flat arrays to `out`.

    Entry (i, k) of the first is at ``i * a_row + k * a_column``; rows of the second, and of the result, have `width`
    numbers, a multiple of `LANES`. Rows are computed up to the next multiple of `BLOCK_ROWS`.
    """
    for i in range(0, n_rows, BLOCK_ROWS):
        p0 = i * a_row
        p1, p2, p3 = p0 + a_row, p0 + 2 * a_row, p0 + 3 * a_row
        p4, p5, p6, p7 = p0 + 4 * a_row, p0 + 5 * a_row, p0 + 6 * a_row, p0 + 7 * a_row
        for c in range(0, width, LANES):
            v = load(b, c)
            s0, s1, s2, s3 = v * spread(a, p0), v * spread(a, p1), v * spread(a, p2), v * spread(a, p3)
            s4, s5, s6, s7 = v * spread(a, p4), v * spread(a, p5), v * spread(a, p6), v * spread(a, p7)
            for k in range(1, n_inner):
                v, at = load(b, k * width + c), k * a_column
                s0 = s0 + v * spread(a, p0 + at)
                s1 = s1 + v * spread(a, p1 + at)
                s2 = s2 + v * spread(a, p2 + at)
                s3 = s3 + v * spread(a, p3 + at)
                s4 = s4 + v * spread(a, p4 + at)
                s5 = s5 + v * spread(a, p5 + at)
                s6 = s6 + v * spread(a, p6 + at)
                s7 = s7 + v * spread(a, p7 + at)
            z = i * width + c
            store(out, z, s0)
            store(out, z + width, s1)
            store(out, z + 2 * width, s2)
            store(out, z + 3 * width, s3)
            store(out, z + 4 * width, s4)
            store(out, z + 5 * width, s5)
            store(out, z + 6 * width, s6)
            store(out, z + 7 * width, s7)


@njit
def copy_rows(source, first, width, n_rows, scale, out):
    """Write some columns of a matrix, times a scale, to the rows of `out`, which may be wider."""
    for j in range(n_rows):
        row, target = source[j, first : first + width], out[j]
        for c in range(width):
            target[c] = row[c] * scale


@njit
def copy_columns(source, first, width, n_rows, scale, out):
    """Write some columns of a matrix, times a scale, to `out` as rows, with zeros after their end."""
    for c in range(width):
        target = out[c]
        for j in range(n_rows):
            target[j] = source[j, first + c] * scale
        for j in range(n_rows, out.shape[1]):
            target[j] = ZERO


@njit
def put_rows(rows, n_rows, width, scale, out, first):
    """Write rows, times a scale, to some columns of a matrix, and zeros after them."""
    for j in range(n_rows):
        row, target = rows[j], out[j, first : first + width]
        for c in range(width):
            target[c] = row[c] * scale
    for j in range(n_rows, out.shape[0]):
        out[j, first : first + width] = ZERO


@njit
def softmax_of_columns(functions, s, top, total):
    """Replace the columns of s by their softmax; their log-sum-exp is left in `top`."""
    n, m = s.shape
    for r in range(m):
        top[r] = s[0, r]
        total[r] = ZERO
    for j in range(1, n):
        row = s[j]
        for r in range(m):
            top[r] = row[r] if row[r] > top[r] else top[r]
    for j in range(n):
        row = s[j]
        for r in range(m):
            row[r] = functions.exp_of(row[r] - top[r])
            total[r] += row[r]
    for r in range(m):
        top[r] += np.log(total[r])
        total[r] = ONE / total[r]
    for j in range(n):
        row = s[j]
        for r in range(m):
            row[r] *= total[r]


@njit
def attend(functions, noise, q, kv, n_heads, lengths, scale, places, log_sums, out):
    """Write the weighted means of the values of every head to `out` (rows, queries, channels).

    Parameters
    ----------
    q : ndarray of shape (rows, queries, ...)
        Its first channels are the queries of all heads, one after another.
    kv : ndarray of shape (rows, tokens, ...)
        Its last channels are the keys, then the values.
    lengths : ndarray of int of shape (rows,)
        Tokens of every row. Where there is more than one query, there are as many.
    scale : float
        Factor of the products of queries and keys.
    places : tuple of int
        Seed, first row, and strides of a row and of a head, for the noise on the weights.
    log_sums : ndarray of shape (rows, heads, queries)
        Gets the log-sum-exp of the scores.
    """
    seed, first, row_stride, head_stride = places
    n, n_tokens, n_queries, C = len(q), kv.shape[1], q.shape[1], out.shape[2]
    d, real = C // n_heads, q.dtype.type
    wide, m, most = rounded_up(d, LANES), rounded_up(n_queries, LANES), rounded_up(n_tokens, BLOCK_ROWS)
    one, values = real(1.0), np.zeros(most * wide, q.dtype)
    keys, heads = np.zeros_like(values), np.zeros(m * wide, q.dtype)
    queries, weights = np.zeros(d * m, q.dtype), np.zeros(most * m, q.dtype)
    top, total = np.zeros(m, q.dtype), np.zeros(m, q.dtype)
    for i in range(n):
        n_keys, R = lengths[i], min(n_queries, lengths[i])
        M = rounded_up(R, LANES)
        Q, S = queries[: d * M].reshape(d, M), weights[: n_keys * M].reshape(n_keys, M)
        for h in range(n_heads):
            copy_columns(q[i], h * d, d, R, scale, Q)
            copy_rows(kv[i], kv.shape[2] - 2 * C + h * d, d, n_keys, one, keys.reshape(most, wide))
            copy_rows(kv[i], kv.shape[2] - C + h * d, d, n_keys, one, values.reshape(most, wide))
            product(keys, wide, 1, queries, d, weights, n_keys, M)
            softmax_of_columns(functions, S, top[:M], total[:M])
            log_sums[i, h, :R] = top[:R]
            start = (first + i) * row_stride + h * head_stride
            for j in range(n_keys):
                some = S[j]
                for r in range(M):
                    some[r] *= noise.factor(some[r], uniform(seed, start + r * MOST_TOKENS + j))
            product(weights, 1, M, values, n_keys, heads, R, wide)
            put_rows(heads.reshape(m, wide), R, d, one, out[i], h * d)


@njit
def attend_backward(functions, noise, q, kv, n_heads, lengths, scale, places, log_sums, entropy, d_out, dq, dkv):
    """Write the gradients of the queries, keys and values to the same channels of `dq` and `dkv`.

    `entropy` (rows,) is the factor with which the mean entropy of the weights of a row adds to the objective.
    """
    seed, first, row_stride, head_stride = places
    n, n_tokens, n_queries, C = len(q), kv.shape[1], q.shape[1], d_out.shape[2]
    d, real = C // n_heads, q.dtype.type
    wide, m, most = rounded_up(d, LANES), rounded_up(n_queries, LANES), rounded_up(n_tokens, BLOCK_ROWS)
    one, values = real(1.0), np.zeros(most * wide, q.dtype)
    keys, d_keys, d_values = np.zeros_like(values), np.zeros_like(values), np.zeros_like(values)
    queries, rows = np.zeros(d * m, q.dtype), np.zeros(m * wide, q.dtype)  # as columns, and as rows
    d_columns, d_rows, d_queries = np.zeros_like(queries), np.zeros_like(rows), np.zeros_like(rows)
    weights, dropped, slopes = np.zeros(most * m, q.dtype), np.zeros(most * m, q.dtype), np.zeros(most * m, q.dtype)
    log_sum, along = np.zeros(m, q.dtype), np.zeros(m, q.dtype)
    for i in range(n):
        n_keys, R = lengths[i], min(n_queries, lengths[i])
        M, size = rounded_up(R, LANES), n_keys * rounded_up(R, LANES)
        S, P = weights[:size].reshape(n_keys, M), dropped[:size].reshape(n_keys, M)
        G, penalty = slopes[:size].reshape(n_keys, M), real(entropy[i] / (n_heads * R))
        log_sum[R:M] = ZERO
        for h in range(n_heads):
            at_key, at_value = kv.shape[2] - 2 * C + h * d, kv.shape[2] - C + h * d
            copy_columns(q[i], h * d, d, R, scale, queries[: d * M].reshape(d, M))
            copy_rows(q[i], h * d, d, R, scale, rows.reshape(m, wide))
            copy_columns(d_out[i], h * d, d, R, one, d_columns[: d * M].reshape(d, M))
            copy_rows(d_out[i], h * d, d, R, one, d_rows.reshape(m, wide))
            copy_rows(kv[i], at_key, d, n_keys, one, keys.reshape(most, wide))
            copy_rows(kv[i], at_value, d, n_keys, one, values.reshape(most, wide))
            product(keys, wide, 1, queries, d, weights, n_keys, M)
            product(values, wide, 1, d_columns, d, slopes, n_keys, M)
            log_sum[:R] = log_sums[i, h, :R]
            along[:M] = ZERO
            start = (first + i) * row_stride + h * head_stride
            for j in range(n_keys):
                score, kept, slope = S[j], P[j], G[j]
                for r in range(M):
                    log_p = score[r] - log_sum[r]
                    p = functions.exp_of(log_p)
                    k = noise.factor(p, uniform(seed, start + r * MOST_TOKENS + j))
                    kept[r] = p * k
                    slope[r] = slope[r] * k - penalty * log_p
                    score[r] = p
                    along[r] += p * slope[r]
            for j in range(n_keys):
                weight, slope = S[j], G[j]
                for r in range(M):
                    slope[r] = weight[r] * (slope[r] - along[r])
            product(dropped, M, 1, d_rows, R, d_values, n_keys, wide)
            product(slopes, 1, M, keys, n_keys, d_queries, R, wide)
            product(slopes, M, 1, rows, R, d_keys, n_keys, wide)
            put_rows(d_queries.reshape(m, wide), R, d, scale, dq[i], h * d)
            put_rows(d_keys.reshape(most, wide), n_keys, d, one, dkv[i], at_key)
            put_rows(d_values.reshape(most, wide), n_keys, d, one, dkv[i], at_value)
