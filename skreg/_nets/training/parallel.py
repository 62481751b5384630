"""Gradients of batches, where a step is large by halves of the batch in two threads.

The parts see the noise and the statistics of the whole batch, and their gradients are added in a fixed order. So the
result does not depend on the number of processors, and is that of one thread up to rounding.
"""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...utils._threads import one_blas_thread
from ..context import Context, Exchange
from .tapes import Passes, is_replayable

N_PARTS = 2  # of a batch
# Multiplications of a forward pass that are worth a second thread, and of one that is recorded, which takes less time.
_LARGE_STEP, _LARGE_RECORDED_STEP = 10_000_000, 20_000_000
# Every half has a gradient of its own. With fewer uses of a weight in a batch, adding these up costs more than two
# threads of BLAS on one product.
_FEWEST_USES = 200
_FEWEST_USES_OF_SEQUENCES = 20  # their products are small, one for every step, and slower with two threads of BLAS


def _is_large(net, n_rows, is_recorded):
    """Whether a pass of some rows is worth several threads."""
    return net.n_products * n_rows > (_LARGE_RECORDED_STEP if is_recorded else _LARGE_STEP)


def _is_worth_halving(net, n_rows, is_recorded):
    """Whether halves of a batch in two threads are faster than the whole, which may be recorded."""
    uses = net.n_products * n_rows / max(net.theta.size, 1)
    divisible = all(module.divisible for module in net.layer.modules())
    fewest = _FEWEST_USES if net.n_channels is None else _FEWEST_USES_OF_SEQUENCES
    return divisible and n_rows >= N_PARTS and uses >= fewest and _is_large(net, n_rows, is_recorded)


class Gradients:
    """Gradients of a net, one batch at a time. To be used in a ``with`` block.

    Parameters
    ----------
    net : Net
        Each gradient is left in ``net.grad``.
    seed : int
        Of the noise.
    largest_batch : int
        Number of rows of the largest batch, which decides whether batches are halved.
    train, noisy : bool
        See `Context`.
    of_rows : bool
        Whether to leave the gradients of the loss by the rows, too, in `by_row`.

    Attributes
    ----------
    by_row : ndarray or None
        The gradient of the mean loss of the last batch by its rows, like ``batch.x``, which must be dense.
    """

    def __init__(self, net, seed, largest_batch=1, train=True, noisy=True, of_rows=False):
        self.net = net
        self.of_rows = of_rows
        self.by_row = None
        records = train and is_replayable(net.layer)
        n_parts = N_PARTS if _is_worth_halving(net, largest_batch, records) else 1
        self._exchange = Exchange(n_parts) if n_parts > 1 else None
        options = dict(train=train, noisy=noisy, gradient=True, exchange=self._exchange)
        self.contexts = [Context(seed, part=part, **options) for part in range(n_parts)]
        self._passes = [Passes(net, ctx, records) for ctx in self.contexts]
        self._others = [net.new_vector() for _ in self.contexts[1:]]
        for ctx, vector in zip(self.contexts, [net.grad, *self._others], strict=True):
            ctx.set_gradients(net.views(vector))
        # several threads of BLAS make small products slower, and those of halves compete for the processors
        large = _is_large(net, largest_batch, records)
        self._one_thread = n_parts > 1 or not large or net.n_channels is not None
        for ctx in self.contexts:
            ctx.one_thread = self._one_thread
        self._resources = contextlib.ExitStack()

    def __enter__(self):
        if self._one_thread:
            self._resources.enter_context(one_blas_thread())
        if self.of_rows:
            self._resources.callback(self.net.trace_input, False)
            self.net.trace_input(True)
        if self._others:
            self._pool = self._resources.enter_context(ThreadPoolExecutor(len(self._others)))
        return self

    def __exit__(self, *_):
        self._resources.close()

    @property
    def state(self):
        """The state of the sequence of seeds, the same for all parts."""
        return self.contexts[0].state

    @state.setter
    def state(self, state):
        for ctx in self.contexts:
            ctx.state = state

    def set_progress(self, share):
        """Tell all layers the share of the training that is done."""
        for ctx in self.contexts:
            ctx.progress = share

    def set_strength(self, strength):
        """Tell all layers the factor of the rates of all noise."""
        for ctx in self.contexts:
            ctx.strength = strength

    def __call__(self, objective, batch):
        """Mean loss of a batch; its gradient is left in ``net.grad``."""
        n = len(batch.x)
        if self.of_rows:
            self.by_row = np.empty_like(batch.x)
        if n < len(self.contexts):
            return self._undivided(objective, batch)
        if len(self.contexts) == 1:
            self.contexts[0].set_batch(batch.weights)
            return self._passes[0](objective, batch, n, self.by_row)
        ends = [n * k // N_PARTS for k in range(N_PARTS + 1)]
        tasks = []
        for k, run in enumerate(self._passes):
            rows = slice(ends[k], ends[k + 1])
            run.ctx.set_batch(batch.weights, rows)
            by_row = None if self.by_row is None else self.by_row[rows]
            tasks.append((run, objective, batch.part(rows), n, by_row))
        futures = [self._pool.submit(self._guarded_pass, *task) for task in tasks[1:]]
        loss = 0.0
        try:
            loss = self._guarded_pass(*tasks[0])
        except threading.BrokenBarrierError:
            pass  # the error of the other part is raised below
        finally:  # also after Ctrl-C, so that no thread still writes when the caller goes on
            errors = [future.exception() for future in futures]
        for error in errors:
            if error is not None and not isinstance(error, threading.BrokenBarrierError):
                raise error
        for vector in self._others:
            self.net.grad += vector
        return loss + sum(future.result() for future in futures)

    def _undivided(self, objective, batch):
        """The gradient of a batch of one row, which has no halves."""
        first, *others = self.contexts
        first.set_batch(batch.weights)
        first.exchange = None
        try:
            return self._passes[0](objective, batch, len(batch.x), self.by_row)
        finally:
            first.exchange = self._exchange
            for ctx in others:
                ctx.state = first.state

    def _guarded_pass(self, run, *args):
        """A pass that never leaves another thread waiting."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return run(*args)
        except BaseException:
            self._exchange.abort()
            raise
