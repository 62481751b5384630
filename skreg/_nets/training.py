"""THE training loop, an epoch at a time: who asks for the next epoch decides when to stop."""

import math

import numpy as np

from .._core.projections import project_columns
from .base import Context
from .norm import LEAST, BatchNorm
from .objectives import evaluate
from .rows import parts


class Diverged(ArithmeticError):
    """The training loss is no longer finite."""


def gradient(net, objective, x, targets, weights, ctx):
    """Mean loss of a batch; the gradient is left in ``net.grad``."""
    scores, back = net(x, ctx)
    d = ctx.buffer(net, "scores", scores.shape, scores.dtype)
    loss = evaluate(objective, scores, targets, weights, d)
    back(d)
    return loss


def sharpness_aware(net, objective, x, targets, weights, ctx, rho):
    """Loss here, and the gradient at the worst point nearby, ``rho g / ||g||`` away (Foret et al. 2021, eq. 3).

    Both passes see the same noise; running statistics learn from the first only.
    """
    state = ctx.state
    loss = gradient(net, objective, x, targets, weights, ctx)
    norm = math.sqrt(float(np.dot(net.grad, net.grad)))
    if norm == 0.0:
        return loss
    here = net.snapshot()
    net.theta += net.theta.dtype.type(rho / norm) * net.grad
    ctx.state = state
    gradient(net, objective, x, targets, weights, ctx)
    net.restore(here)
    return loss


def train_epoch(net, objective, batches, optimizer, rate, rng, ctx, *, sam_rho=0.0, after_step=()):
    """Train on every batch once.

    Parameters
    ----------
    net, objective, batches, optimizer : parts
    rate : callable
        The learning rate of a step of the optimizer, counted from 0.
    rng : numpy.random.Generator
        Draws the order of the rows, and the shares of mixup.
    ctx : Context
        Draws all other noise.
    sam_rho : float
        Radius of sharpness-aware steps.
    after_step : sequence of callable
        Called with the net.

    Returns
    -------
    loss : float
        Mean over the batches, each before its step.

    Raises
    ------
    Diverged
        When that is not finite.
    """
    total = 0.0
    for x, targets, weights in batches.epoch(rng):
        if sam_rho > 0.0:
            loss = sharpness_aware(net, objective, x, targets, weights, ctx, sam_rho)
        else:
            loss = gradient(net, objective, x, targets, weights, ctx)
        total += loss * x.shape[0]
        optimizer.step(net, rate(optimizer.steps))
        for hook in after_step:
            hook(net)
    if not math.isfinite(total):
        raise Diverged
    return total / batches.rows.size


class MaxNorm:
    """After every step, the incoming weights of every unit are no longer than a radius (Srebro & Shraibman 2005)."""

    def __init__(self, net, radii):
        weights = [p for p in net.weights() if p.layer < len(radii) and radii[p.layer] is not None]
        self.constrained = [(p.value, p.value.dtype.type(radii[p.layer])) for p in weights]

    def __call__(self, net):
        for W, radius in self.constrained:
            project_columns(W, radius)


class Average:
    """A running mean of a net, what it remembers included, after every step or at the end of some epochs.

    Parameters
    ----------
    net : Net
    keep : callable
        ``keep(t)`` is the share of the mean that update t (from 1) leaves.
    batches : Batches or None
        Where to take batch statistics of the mean from; None for the mean of batch statistics, which is about the same
        where the nets are close to each other.
    """

    def __init__(self, net, keep, batches=None):
        self.theta, self.memory = net.snapshot()
        self.keep, self.batches, self.updates = keep, batches, 0

    def __call__(self, net):
        self.updates += 1
        share = net.dtype.type(1.0 - self.keep(self.updates))
        self.theta += share * (net.theta - self.theta)
        self.memory += share * (net.memory - self.memory)

    def install(self, net):
        """Put the mean into the net; weights that L1 has at 0 now stay there, where a mean over steps would not be."""
        zero = net.theta == 0.0
        zero[net.ends[-1] :] = False  # biases, scales and rates, which nothing penalizes
        net.restore((np.where(zero, net.theta, self.theta), self.memory))
        if self.batches is not None:
            refresh_statistics(net, self.batches)


def refresh_statistics(net, batches):
    """Running statistics of batch normalization for the parameters as they are now, over an epoch with its noise."""
    layers = [part for part in net.layer.parts() if isinstance(part, BatchNorm)]
    if not layers:
        return
    ctx = Context(train=True, noisy=True)
    try:
        for layer in layers:
            layer.forget(least=0.0)
        for x, _, _ in batches.epoch(np.random.default_rng(0)):
            net(x, ctx)
    finally:
        for layer in layers:
            layer.least = LEAST


def scores(net, X, rows=None, ctx=None):
    """Outputs of the net for some rows of X, by default without noise."""
    rows = np.arange(X.shape[0]) if rows is None else rows
    ctx = Context() if ctx is None else ctx
    out = np.empty((rows.size, net.width_out), net.dtype)
    start = ctx.state
    for at, x in parts(X, rows, net.dtype):
        ctx.state = start  # all parts see one draw of the noise
        out[at] = net(x, ctx)[0]
    return out


def mean_loss(net, objective, X, targets, weights, rows):
    """Weighted mean loss over some rows, without noise."""
    ctx, total = Context(), 0.0
    for at, x in parts(X, rows, net.dtype):
        z = net(x, ctx)[0]
        total += evaluate(objective, z, targets.take(rows[at]), weights.take(rows[at]), np.empty_like(z)) * z.shape[0]
    return total / weights.take(rows).sum(dtype=np.float64)
