"""Kernels of attention: for one head of one row at a time, in buffers that stay in the cache of the processor.

Scores, weights and their gradients are kept with the keys as rows and the queries as columns, sixteen of which are
computed at a time: the softmax of all queries is then arithmetic between rows. Nothing of the size queries times keys
is kept for the backward pass, which computes the weights again from the scores and their log-sum-exp (Dao et al. 2022),
and the factors of dropout from their seed.
"""

import numpy as np

from ..._core._jit import njit
from ..lanes import LANES, exponential, load, maximum, spread, store
from ..noise import ONE, ZERO, uniform

BLOCK_ROWS = 8  # of a product, which are computed together
MOST_TOKENS = 1 << 16  # the stride of places between queries, so that the noise of a row does not depend on padding


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
def copy_rows(source, start, stride, n_rows, width, scale, out, wide):
    """Write rows of a matrix, times a scale, to the rows of another one, which are `wide`; both are flat."""
    for j in range(n_rows):
        at, to = start + j * stride, j * wide
        for c in range(0, width - width % LANES, LANES):
            store(out, to + c, load(source, at + c) * scale)
        for c in range(width - width % LANES, width):
            out[to + c] = source[at + c] * scale


@njit
def copy_columns(source, start, stride, n_rows, width, scale, out, wide):
    """Write rows of a matrix, times a scale, as the columns of another one, with zeros after the last."""
    for j in range(n_rows):
        at = start + j * stride
        for c in range(width):
            out[c * wide + j] = source[at + c] * scale
    for j in range(n_rows, wide):
        for c in range(width):
            out[c * wide + j] = ZERO


@njit
def put_rows(rows, wide, n_rows, width, scales, out, start, stride, n_all):
    """Write rows of one matrix, each times a scale, to another one, and zeros to its rows after them."""
    for j in range(n_rows):
        at, to, scale = j * wide, start + j * stride, scales[j]
        for c in range(0, width - width % LANES, LANES):
            store(out, to + c, load(rows, at + c) * scale)
        for c in range(width - width % LANES, width):
            out[to + c] = rows[at + c] * scale
    for j in range(n_rows, n_all):
        for c in range(width):
            out[start + j * stride + c] = ZERO


@njit
def softmax_of_columns(s, n_rows, width, top, total):
    """Replace the columns of s by their softmax before its division by the sum.

    One over the sums is left in `total`, the log-sum-exp in `top`.
    """
    for c in range(0, width, LANES):
        high = load(s, c)
        for j in range(1, n_rows):
            high = maximum(load(s, j * width + c), high)
        together = exponential(load(s, c) - high)
        store(s, c, together)
        for j in range(1, n_rows):
            e = exponential(load(s, j * width + c) - high)
            store(s, j * width + c, e)
            together = together + e
        store(top, c, high)
        store(total, c, together)
    for r in range(width):
        top[r] += np.log(total[r])
        total[r] = ONE / total[r]


@njit
def draw_factors(noise, seed, start, n_rows, width, factors):
    """Write the factors of the weights of some keys (rows) for some queries (columns)."""
    for j in range(n_rows):
        for c in range(0, width, LANES):
            some = factors[j * width + c : j * width + c + LANES]
            place = start + c * MOST_TOKENS + j
            for r in range(LANES):
                some[r] = noise.factor(ONE, uniform(seed, place + r * MOST_TOKENS))


@njit
def multiply(a, b, size):
    """Multiply numbers of a by those of b."""
    for c in range(0, size, LANES):
        store(a, c, load(a, c) * load(b, c))


@njit
def softmax_backward(s, g, factors, has_factors, n_rows, width, log_sum, penalty, kept):
    """From scores s and gradients g of the weights, in columns, to the gradients of the scores, in g.

    `kept` becomes the weights times their factors; `penalty` is the factor of the entropy of every column.
    """
    for c in range(0, width, LANES):
        logs = load(log_sum, c)
        along = logs * penalty
        along = along - along
        for j in range(n_rows):
            z = j * width + c
            log_p = load(s, z) - logs
            p, slope = exponential(log_p), load(g, z)
            if has_factors:
                store(kept, z, p * load(factors, z))
                slope = slope * load(factors, z)
            else:
                store(kept, z, p)
            slope = slope - log_p * penalty
            store(s, z, p)
            store(g, z, slope)
            along = along + p * slope
        for j in range(n_rows):
            z = j * width + c
            store(g, z, load(s, z) * (load(g, z) - along))


@njit
def attend(noise, q, kv, n_heads, lengths, scale, places, log_sums, out):
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
        Seed, first row, and strides of a row and of a head, for the noise on the weights; the last one is 0 for none.
    log_sums : ndarray of shape (rows, heads, queries)
        Gets the log-sum-exp of the scores.
    """
    seed, first, row_stride, head_stride = places
    n, n_tokens, n_queries, C = len(q), kv.shape[1], q.shape[1], out.shape[2]
    of_q, of_kv, d, one = q.shape[2], kv.shape[2], C // n_heads, q.dtype.type(1.0)
    flat_q, flat_kv, flat_out = q.ravel(), kv.ravel(), out.ravel()
    wide, m, most = rounded_up(d, LANES), rounded_up(n_queries, LANES), rounded_up(n_tokens, BLOCK_ROWS)
    keys, values = np.zeros(most * wide, q.dtype), np.zeros(most * wide, q.dtype)
    queries, heads = np.zeros(d * m, q.dtype), np.zeros(m * wide, q.dtype)
    weights, factors = np.zeros(most * m, q.dtype), np.zeros(most * m, q.dtype)
    top, total = np.zeros(m, q.dtype), np.zeros(m, q.dtype)
    for i in range(n):
        n_keys, R = lengths[i], min(n_queries, lengths[i])
        M = rounded_up(R, LANES)
        for h in range(n_heads):
            key = i * n_tokens * of_kv + of_kv - 2 * C + h * d
            copy_columns(flat_q, i * n_queries * of_q + h * d, of_q, R, d, scale, queries, M)
            copy_rows(flat_kv, key, of_kv, n_keys, d, one, keys, wide)
            copy_rows(flat_kv, key + C, of_kv, n_keys, d, one, values, wide)
            product(keys, wide, 1, queries, d, weights, n_keys, M)
            softmax_of_columns(weights, n_keys, M, top, total)
            log_sums[i, h, :R] = top[:R]
            if head_stride:
                draw_factors(noise, seed, (first + i) * row_stride + h * head_stride, n_keys, M, factors)
                multiply(weights, factors, n_keys * M)
            product(weights, 1, M, values, n_keys, heads, R, wide)
            put_rows(heads, wide, R, d, total, flat_out, i * n_queries * C + h * d, C, n_queries)


@njit
def attend_backward(noise, q, kv, n_heads, lengths, scale, places, log_sums, entropy, d_out, dq, dkv):
    """Write the gradients of the queries, keys and values to the same channels of `dq` and `dkv`.

    `entropy` (rows,) is the factor with which the mean entropy of the weights of a row adds to the objective.
    """
    seed, first, row_stride, head_stride = places
    n, n_tokens, n_queries, C = len(q), kv.shape[1], q.shape[1], d_out.shape[2]
    of_q, of_kv, d, one = q.shape[2], kv.shape[2], C // n_heads, q.dtype.type(1.0)
    flat_q, flat_kv, flat_d, flat_dq, flat_dkv = q.ravel(), kv.ravel(), d_out.ravel(), dq.ravel(), dkv.ravel()
    wide, m, most = rounded_up(d, LANES), rounded_up(n_queries, LANES), rounded_up(n_tokens, BLOCK_ROWS)
    keys, values = np.zeros(most * wide, q.dtype), np.zeros(most * wide, q.dtype)
    d_keys, d_values = np.zeros(most * wide, q.dtype), np.zeros(most * wide, q.dtype)
    queries, rows = np.zeros(d * m, q.dtype), np.zeros(m * wide, q.dtype)  # as columns, and as rows
    d_columns, d_rows, d_queries = np.zeros_like(queries), np.zeros_like(rows), np.zeros_like(rows)
    weights, kept = np.zeros(most * m, q.dtype), np.zeros(most * m, q.dtype)
    slopes, factors = np.zeros(most * m, q.dtype), np.zeros(most * m, q.dtype)
    log_sum, ones, scales = np.zeros(m, q.dtype), np.ones(most, q.dtype), np.full(m, scale)
    for i in range(n):
        n_keys, R = lengths[i], min(n_queries, lengths[i])
        M, penalty = rounded_up(R, LANES), q.dtype.type(entropy[i] / (n_heads * R))
        log_sum[R:M] = ZERO
        for h in range(n_heads):
            query, key = i * n_queries * of_q + h * d, i * n_tokens * of_kv + of_kv - 2 * C + h * d
            head = i * n_queries * C + h * d
            copy_columns(flat_q, query, of_q, R, d, scale, queries, M)
            copy_rows(flat_q, query, of_q, R, d, scale, rows, wide)
            copy_columns(flat_d, head, C, R, d, one, d_columns, M)
            copy_rows(flat_d, head, C, R, d, one, d_rows, wide)
            copy_rows(flat_kv, key, of_kv, n_keys, d, one, keys, wide)
            copy_rows(flat_kv, key + C, of_kv, n_keys, d, one, values, wide)
            product(keys, wide, 1, queries, d, weights, n_keys, M)
            product(values, wide, 1, d_columns, d, slopes, n_keys, M)
            log_sum[:R] = log_sums[i, h, :R]
            if head_stride:
                draw_factors(noise, seed, (first + i) * row_stride + h * head_stride, n_keys, M, factors)
            softmax_backward(weights, slopes, factors, head_stride != 0, n_keys, M, log_sum, penalty, kept)
            product(kept, M, 1, d_rows, R, d_values, n_keys, wide)
            product(slopes, 1, M, keys, n_keys, d_queries, R, wide)
            product(slopes, M, 1, rows, R, d_keys, n_keys, wide)
            put_rows(d_queries, wide, R, d, scales, flat_dq, query, of_q, n_queries)
            put_rows(d_keys, wide, n_keys, d, ones, flat_dkv, key, of_kv, n_tokens)
            put_rows(d_values, wide, n_keys, d, ones, flat_dkv, key + C, of_kv, n_tokens)
