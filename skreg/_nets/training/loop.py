"""The training loop, an epoch at a time: the caller decides whether there is another epoch."""

import math

import numpy as np

from ..._core.parts.projections import project_columns


class Diverged(ArithmeticError):
    """The training loss is no longer finite."""


def sharpness_aware(gradients, objective, batch, rho):
    """Loss at the parameters, and the gradient ``rho g / ||g||`` away from them (Foret et al. 2021, eq. 3).

    Both passes see the same noise; only the first updates the buffers.
    """
    net, state = gradients.net, gradients.state
    loss = gradients(objective, batch)
    norm = math.sqrt(float(np.dot(net.grad, net.grad)))
    if norm == 0.0:
        return loss
    here = net.snapshot()
    net.theta += net.theta.dtype.type(rho / norm) * net.grad
    gradients.state = state
    gradients(objective, batch)
    net.restore(here)
    return loss


def train_epoch(gradients, objective, batches, optimizer, rate, rng, *, sam_rho=0.0, after_step=()):
    """Train on every batch once.

    Parameters
    ----------
    gradients : Gradients
        Of the net, which is changed.
    objective : jitted objective
        See `objectives`.
    batches : Batches
    optimizer : Optimizer
    rate : callable
        ``rate(step)`` is the learning rate of step 0, 1, ... of the optimizer.
    rng : numpy.random.Generator
        For the order of the rows and the shares of mixup.
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
    total, n_rows, net = 0.0, 0, gradients.net
    for batch in batches.epoch(rng):
        sharp = sam_rho > 0.0
        loss = sharpness_aware(gradients, objective, batch, sam_rho) if sharp else gradients(objective, batch)
        total += loss * len(batch.x)
        n_rows += len(batch.x)
        optimizer.step(net, rate(optimizer.steps))
        for hook in after_step:
            hook(net)
    if not math.isfinite(total):
        raise Diverged
    return total / n_rows


class MaxNorm:
    """Shorten the incoming weights of every unit to a radius, after every step (Srebro & Shraibman 2005).

    Frozen weights stay as they are.

    Parameters
    ----------
    net : Net
    radii : dict
        The radius of every group of weights that has one, by its name.
    """

    def __init__(self, net, radii):
        self.constrained = [(p, p.value.dtype.type(radii[p.group])) for p in net.weights() if p.group in radii]

    def __call__(self, net):
        for param, radius in self.constrained:
            if not param.frozen:
                project_columns(param.value, radius)
