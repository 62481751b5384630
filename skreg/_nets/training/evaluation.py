"""Outputs and losses of a net on many rows, without training."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...utils._threads import one_blas_thread
from ..context import Context
from ..objectives import evaluate
from .parallel import N_PARTS, is_large
from .rows import iter_chunks


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
    """
    rows = np.arange(X.shape[0]) if rows is None else rows
    start, noisy = (0, False) if ctx is None else (ctx.state, ctx.noisy)
    if not rows.size:
        return np.empty((0, *net.shape_out), net.dtype)
    out = None
    for at, z in _outputs(net, X, rows, start, noisy):
        out = np.empty((rows.size, *z.shape[1:]), net.dtype) if out is None else out
        out[at] = z
    return out


def _outputs(net, X, rows, seed=0, noisy=False):
    """Yield a slice of the rows and the net's outputs for it, which are valid until the next one."""
    chunks = iter_chunks(X, rows, net.dtype, net.size_per_row)
    contexts = [Context() for _ in range(N_PARTS)]

    def run(ctx, at, x):
        ctx.state, ctx.noisy = seed, noisy
        with np.errstate(over="ignore", invalid="ignore"):
            return at, net(x, ctx)[0]

    if not is_large(net, rows.size):
        for at, x in chunks:
            yield run(contexts[0], at, x)
        return
    with one_blas_thread(), ThreadPoolExecutor(N_PARTS) as pool:
        waiting = []
        for k, (at, x) in enumerate(chunks):
            if len(waiting) == N_PARTS:
                yield waiting.pop(0).result()
            waiting.append(pool.submit(run, contexts[k % N_PARTS], at, x))
        for future in waiting:
            yield future.result()


def mean_loss(net, objective, X, targets, weights, rows):
    """Weighted mean loss over some rows, without noise."""
    total = 0.0
    for at, z in _outputs(net, X, rows):
        some = rows[at]
        total += evaluate(objective, z, targets.take(some), weights.take(some), 1, np.empty_like(z))
    return total / weights.take(rows).sum(dtype=np.float64)
