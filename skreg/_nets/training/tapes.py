"""Passes of batches through a net and back; where it can be, what a first one calls is recorded, and called again.

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
    by_row: np.ndarray | None  # the gradient by the rows, if the net computes it


class Passes:
    """Passes through a net and back, each of a batch or of the same part of every batch.

    Parameters
    ----------
    net : Net
    ctx : Context
        It says where gradients are left.
    records : bool
        Whether to record them, see `Context.do`; all layers must then be `Layer.replayable`.
    """

    def __init__(self, net, ctx, records):
        self.net = net
        self.ctx = ctx
        self._records = records
        self._tapes = {}
        self._n_traces = net.n_traces

    def __call__(self, objective, batch, n_rows, by_row=None):
        """Part of the mean loss of a batch of `n_rows` rows; that of its gradient is left where the context says.

        The gradient by the rows is written to `by_row`, if it is not None.
        """
        is_recorded = self._records and isinstance(batch.x, np.ndarray)
        loss, d = (self._taped if is_recorded else self._through_layers)(objective, batch, n_rows)
        if by_row is not None:
            by_row[:] = d.reshape(by_row.shape)
        return loss

    def _taped(self, objective, batch, n_rows):
        if self._n_traces != self.net.n_traces:
            self._tapes.clear()
            self._n_traces = self.net.n_traces
        key = n_rows, batch.x.shape
        if key in self._tapes:
            return self._replay(objective, batch, n_rows, self._tapes[key])
        x, forward, backward = batch.x.copy(), [], []
        loss, by_row, scores, d = self._pass(objective, batch._replace(x=x), n_rows, forward, backward)
        if len(self._tapes) == _MAX_TAPES:
            del self._tapes[next(iter(self._tapes))]  # the oldest one
        self._tapes[key] = Tape(x, forward, scores, d, backward, by_row)
        return loss, by_row

    def _through_layers(self, objective, batch, n_rows):
        loss, by_row, _, _ = self._pass(objective, batch, n_rows, None, None)
        return loss, by_row

    def _pass(self, objective, batch, n_rows, forward, backward):
        """The loss, and the gradients by the rows; and the scores, and the memory of their gradients."""
        ctx = self.ctx
        ctx.begin_gradients()
        try:
            ctx.tape = forward
            scores, back = self.net(batch.x, ctx)
            d = ctx.scratch(scores.shape, scores.dtype)
            loss = evaluate_batch(objective, scores, batch.targets, batch.weights, n_rows, d)
            ctx.tape = backward
            by_row = back(d)
            ctx.end_gradients(self.net.trained)
        finally:
            ctx.tape = None
        return loss, by_row, scores, d

    def _replay(self, objective, batch, n_rows, tape):
        tape.x[:] = batch.x
        for work, args in tape.forward:
            work(*args)
        loss = evaluate_batch(objective, tape.scores, batch.targets, batch.weights, n_rows, tape.d)
        for work, args in tape.backward:
            work(*args)
        return loss, tape.by_row
