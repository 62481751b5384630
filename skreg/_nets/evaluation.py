"""Outputs and losses of a net on many rows, without training."""

import numpy as np

from .base import Context
from .objectives import evaluate
from .rows import iter_chunks


def scores(net, X, rows=None, ctx=None):
    """Outputs of the net for some rows of X, by default for all and without noise."""
    rows = np.arange(X.shape[0]) if rows is None else rows
    ctx = Context() if ctx is None else ctx
    out = np.empty((rows.size, net.width_out), net.dtype)
    start = ctx.state
    for at, x in iter_chunks(X, rows, net.dtype):
        ctx.state = start  # all chunks see the same noise
        out[at] = net(x, ctx)[0]
    return out


def mean_loss(net, objective, X, targets, weights, rows):
    """Weighted mean loss over some rows, without noise."""
    ctx, total = Context(), 0.0
    for at, x in iter_chunks(X, rows, net.dtype):
        z = net(x, ctx)[0]
        total += evaluate(objective, z, targets.take(rows[at]), weights.take(rows[at]), np.empty_like(z)) * z.shape[0]
    return total / weights.take(rows).sum(dtype=np.float64)
