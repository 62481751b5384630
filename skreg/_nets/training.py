"""The training loop, an epoch at a time: the caller decides whether there is another epoch."""

import math

import numpy as np

from .._core.projections import project_columns
from .objectives import evaluate


class Diverged(ArithmeticError):
    """The training loss is no longer finite."""


def gradient(net, objective, x, targets, weights, ctx):
    """Mean loss of a batch; the gradient is left in ``net.grad``."""
    ctx.set_weights(weights)
    scores, back = net(x, ctx)
    d = ctx.buffer(net, "scores", scores.shape, scores.dtype)
    loss = evaluate(objective, scores, targets, weights, d)
    back(d)
    return loss


def sharpness_aware(net, objective, x, targets, weights, ctx, rho):
    """Loss at the parameters, and the gradient ``rho g / ||g||`` away from them (Foret et al. 2021, eq. 3).

    Both passes see the same noise; only the first updates the buffers.
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
    net : Net
    objective : jitted objective
        See `objectives`.
    batches : Batches
    optimizer : Optimizer
    rate : callable
        ``rate(step)`` is the learning rate of step 0, 1, ... of the optimizer.
    rng : numpy.random.Generator
        For the order of the rows and the shares of mixup.
    ctx : Context
        For all other noise.
    sam_rho : float
        Radius of sharpness-aware minimization, 0 for none.
    after_step : sequence of callable
        Each is called with the net after every step.

    Returns
    -------
    loss : float
        Mean over the rows, where the loss of a batch is taken before its step.

    Raises
    ------
    Diverged
        When the loss is not finite.
    """
    total, n_rows = 0.0, 0
    for x, targets, weights in batches.epoch(rng):
        if sam_rho > 0.0:
            loss = sharpness_aware(net, objective, x, targets, weights, ctx, sam_rho)
        else:
            loss = gradient(net, objective, x, targets, weights, ctx)
        total += loss * x.shape[0]
        n_rows += x.shape[0]
        optimizer.step(net, rate(optimizer.steps))
        for hook in after_step:
            hook(net)
    if not math.isfinite(total):
        raise Diverged
    return total / n_rows


class MaxNorm:
    """Shorten the incoming weights of every unit to a radius, after every step (Srebro & Shraibman 2005)."""

    def __init__(self, net, radii):
        weights = [p for p in net.weights() if p.layer < len(radii) and radii[p.layer] is not None]
        self.constrained = [(p.value, p.value.dtype.type(radii[p.layer])) for p in weights]

    def __call__(self, net):
        for W, radius in self.constrained:
            project_columns(W, radius)
