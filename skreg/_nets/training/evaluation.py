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
_KEPT_VALUES = 1 << 20  # of what a net sees of rows, which are kept for the next loss of the same rows


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
    for at, z in _outputs(net, _chunks(net, X, rows), rows.size, ctx):
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


def _n_parts(net, n_rows):
    """The number of threads that rows are worth."""
    fewest = 1 if net.n_channels is None else SEQUENCE_ROWS
    return N_PARTS if net.n_products * max(n_rows, fewest) > _LARGE else 1


def _chunks(net, X, rows):
    """Yield which of the rows are next, and what the net sees of them."""
    if net.n_channels is None:
        return iter_chunks(X, rows, net.dtype, net.size_per_row, net.inputs, _n_parts(net, rows.size))
    return iter_sequences(X, rows, net.dtype, net.n_channels)


def _outputs(net, chunks, n_rows, like, keeps_memory=False):
    """Yield which rows are next, and the net's outputs for them, which are valid until the next ones.

    The `_chunks` of all `n_rows` rows see the noise of the context `like`. Scratch memory is kept for the next
    prediction with `keeps_memory`, or if there are few rows.
    """
    seed, noisy, strength = like.state, like.noisy, like.strength
    contexts = [net.idle_context() for _ in range(_n_parts(net, n_rows))]

    def run(ctx, at, x):
        ctx.state, ctx.noisy, ctx.strength = seed, noisy, strength
        n_own = at.stop - at.start if isinstance(at, slice) else at.size  # the last sequences are filled up
        with np.errstate(over="ignore", invalid="ignore"):
            return at, net(x, ctx)[0][:n_own]

    with one_blas_thread():
        if len(contexts) == 1:
            for at, x in chunks:
                yield run(contexts[0], at, x)
        else:
            yield from _in_threads(run, contexts, chunks)
    if keeps_memory or n_rows <= _FEW_ROWS:
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


class MeanLoss:
    """Weighted mean loss over some rows, or over all their steps, without noise; of the averaged prediction.

    It is computed again and again while a net trains. So what the net sees of dense rows is kept, if these are at most
    `_KEPT_VALUES` numbers, and the net keeps the scratch memory, until `Net.keep_copies`.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
    targets : Targets
    weights : ndarray of shape (n,)
    rows : ndarray of int of shape (m,)
    """

    def __init__(self, X, targets, weights, rows):
        self.X = X
        self.targets = targets
        self.weights = weights
        self.rows = rows
        self._kept = None

    def __call__(self, net, objective):
        """The loss of a net, always the same one with other parameters."""
        total = weight = 0.0
        for at, z in _outputs(net, self._chunks(net), self.rows.size, Context(), keeps_memory=True):
            some = self.rows[at]
            T, w = self.targets.take(some), self.weights.take(some)
            z = objective.average(z) if net.n_members > 1 else z
            total += evaluate_batch(objective, z, T, w, 1, np.empty_like(z))
            weight += total_weight(T, w)
        return total / weight

    def _chunks(self, net):
        chunks = self._kept
        if chunks is None:
            chunks = _chunks(net, self.X, self.rows)
            if isinstance(self.X, np.ndarray) and self._n_values(net) <= _KEPT_VALUES:
                chunks = self._kept = list(chunks)
        return chunks

    def _n_values(self, net):
        """How many numbers a net sees of the rows; chunks of sequences are filled up."""
        width = self.X.shape[1] if net.inputs is None else net.inputs.width
        return width * max(self.rows.size, 1 if net.n_channels is None else SEQUENCE_ROWS)
