"""Outputs and losses of a net on many rows, without training."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...utils._threads import one_blas_thread
from ..context import Context
from ..objectives import evaluate_batch, total_weight
from .parallel import N_PARTS
from .rows import SEQUENCE_ROWS, iter_chunks, iter_sequences, lengths_of

_LARGE = 100_000_000  # multiplications of all rows that are worth a second thread
_FEW_ROWS = 16  # whose scratch memory is kept for the next prediction


def scores(net, X, rows=None, ctx=None):
    """Outputs of the net for some rows of X, by default for all and without noise.

    Parameters
    ----------
    net : Net or SubNet
    X : ndarray or CSR matrix of shape (n, p)
    rows : ndarray of int of shape (m,) or None
    ctx : Context or None
        All chunks see the same noise.

    Returns
    -------
    scores : ndarray of shape (m, ...)
        With outputs at every step, (m, steps, ...), NaN after the end of a sequence. With members, (m, members, ...).
    """
    rows = np.arange(X.shape[0]) if rows is None else rows
    ctx = Context() if ctx is None else ctx
    if not rows.size:
        return np.empty((0, *net.shape_out), net.dtype)
    out = None
    for at, z in _outputs(net, X, rows, ctx):
        if out is None:
            out = np.full((rows.size, *_steps_of(net, X), *z.shape[1 + net.has_steps :]), np.nan, net.dtype)
        if net.has_steps:
            out[at, : z.shape[1]] = z
        else:
            out[at] = z
    if net.has_steps:
        out[np.arange(out.shape[1]) >= lengths_of(X, net.n_channels)[rows, None]] = np.nan
    return out


def _steps_of(net, X):
    """The largest number of steps, for nets with outputs at every step."""
    return (X.shape[1] // net.n_channels,) if net.has_steps else ()


def _outputs(net, X, rows, like, keeps_memory=False):
    """Yield which of the rows are next, and the net's outputs for them, which are valid until the next ones.

    All chunks see the noise of the context `like`. Scratch memory is kept for the next prediction with `keeps_memory`,
    or if there are few rows.
    """
    seed, noisy, strength = like.state, like.noisy, like.strength
    fewest = 1 if net.n_channels is None else SEQUENCE_ROWS
    n_parts = N_PARTS if net.n_products * max(rows.size, fewest) > _LARGE else 1
    if net.n_channels is None:
        chunks = iter_chunks(X, rows, net.dtype, net.size_per_row, net.inputs, n_parts)
    else:
        chunks = iter_sequences(X, rows, net.dtype, net.n_channels)
    contexts = [net.idle_context() for _ in range(n_parts)]

    def run(ctx, at, x):
        ctx.state, ctx.noisy, ctx.strength = seed, noisy, strength
        with np.errstate(over="ignore", invalid="ignore"):
            return at, net(x, ctx)[0][: len(rows[at])]

    with one_blas_thread():
        if n_parts == 1:
            for at, x in chunks:
                yield run(contexts[0], at, x)
        else:
            yield from _in_threads(run, contexts, chunks)
    if keeps_memory or rows.size <= _FEW_ROWS:
        for ctx in contexts:
            net.give_back(ctx)


def _in_threads(run, contexts, chunks):
    """What ``run(context, *chunk)`` returns, in the order of the chunks; every context has a thread."""
    with ThreadPoolExecutor(len(contexts)) as pool:
        waiting = []
        for k, chunk in enumerate(chunks):
            if len(waiting) == len(contexts):
                yield waiting.pop(0).result()
            waiting.append(pool.submit(run, contexts[k % len(contexts)], *chunk))
        for future in waiting:
            yield future.result()


def attention(net, X, has_class_token):
    """Weights of all layers of attention for every row of X, without noise.

    Parameters
    ----------
    net : Net
    X : ndarray of shape (n, p)
    has_class_token : bool
        Whether a token that stands for the row is before the others.

    Returns
    -------
    weights : ndarray of shape (n, layers, heads, tokens, tokens)
        NaN for queries that a layer does not have, and after the end of a sequence. With members, their mean.
    """
    rows, ctx, out = np.arange(X.shape[0]), Context(), None
    chunks = iter_chunks if net.n_channels is None else iter_sequences
    last = (net.size_per_row, net.inputs) if net.n_channels is None else (net.n_channels,)
    for at, x in chunks(X, rows, net.dtype, *last):
        ctx.attention = []
        net(x, ctx)
        if out is None:
            n_tokens = ctx.attention[0].shape[3]
            if net.n_channels is not None:
                n_tokens = X.shape[1] // net.n_channels + has_class_token
            n_heads = ctx.attention[0].shape[1]
            out = np.full((rows.size, len(ctx.attention), n_heads, n_tokens, n_tokens), np.nan, net.dtype)
        for k, weights in enumerate(ctx.attention):
            weights = weights.reshape(len(x), net.n_members, *weights.shape[1:]).mean(axis=1)
            out[at, k, :, : weights.shape[2], : weights.shape[3]] = weights[: len(rows[at])]
    return out


def mean_loss(net, objective, X, targets, weights, rows):
    """Weighted mean loss over some rows, or over all their steps, without noise; of the averaged prediction.

    The net keeps the scratch memory for the next time, until `Net.keep_copies`.
    """
    total = weight = 0.0
    for at, z in _outputs(net, X, rows, Context(), keeps_memory=True):
        some = rows[at]
        T, w = targets.take(some), weights.take(some)
        z = objective.average(z) if net.n_members > 1 else z
        total += evaluate_batch(objective, z, T, w, 1, np.empty_like(z))
        weight += total_weight(T, w)
    return total / weight
