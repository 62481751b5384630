"""Passes of batches without the Python of the layers: what a first pass calls is recorded, and called again.

In a step of a small net, half of the time is the interpreter's. It goes through the layers, finds scratch memory and
makes views of it, which is the same for every batch of a shape.
"""

from typing import NamedTuple

import numpy as np

from ..objectives import evaluate_batch

_MAX_TAPES = 4  # an epoch has batches of two sizes, which differ by one row


def is_replayable(layer):
    """Whether all layers inside a layer are, and no subclass has another `__call__` since it was said."""

    def is_about_call(cls):
        first = next(base for base in cls.__mro__ if "replayable" in vars(base) or "__call__" in vars(base))
        return "replayable" in vars(first)

    return all(module.replayable and is_about_call(type(module)) for module in layer.modules())


class Tape(NamedTuple):
    """The calls of a pass through a net and back."""

    x: np.ndarray  # the rows, in memory that the calls read
    forward: list  # of pairs: a function, and its arguments
    scores: np.ndarray
    d: np.ndarray  # for the gradient of the scores
    backward: list


class Tapes:
    """Gradients of a net in training, of batches whose pass is recorded; see `Context.do`.

    Parameters
    ----------
    net : Net
        All of its layers must be `Layer.replayable`.
    ctx : Context
        Of all passes, for whole batches.
    """

    def __init__(self, net, ctx):
        self.net = net
        self.ctx = ctx
        self._tapes = {}
        self._n_traces = net.n_traces

    def gradient(self, objective, batch):
        """Mean loss of a batch, whose gradient is left in ``net.grad``; None for a batch that is not recorded."""
        if not isinstance(batch.x, np.ndarray):
            return None
        if self._n_traces != self.net.n_traces:
            self._tapes.clear()
            self._n_traces = self.net.n_traces
        tape = self._tapes.get(batch.x.shape)
        return self._record(objective, batch) if tape is None else self._replay(objective, batch, tape)

    def _record(self, objective, batch):
        net, ctx, x, forward, backward = self.net, self.ctx, batch.x.copy(), [], []
        ctx.begin_gradients()
        try:
            ctx.tape = forward
            scores, back = net(x, ctx)
            d = ctx.scratch(scores.shape, scores.dtype)
            loss = evaluate_batch(objective, scores, batch.targets, batch.weights, len(x), d)
            ctx.tape = backward
            back(d)
            ctx.end_gradients(net.trained)
        finally:
            ctx.tape = None
        if len(self._tapes) == _MAX_TAPES:
            del self._tapes[next(iter(self._tapes))]  # the oldest one
        self._tapes[x.shape] = Tape(x, forward, scores, d, backward)
        return loss

    def _replay(self, objective, batch, tape):
        tape.x[:] = batch.x
        for work, args in tape.forward:
            work(*args)
        loss = evaluate_batch(objective, tape.scores, batch.targets, batch.weights, len(batch.x), tape.d)
        for work, args in tape.backward:
            work(*args)
        return loss
