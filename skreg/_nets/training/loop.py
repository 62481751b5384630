"""The training loop, an epoch at a time: the caller decides whether there is another epoch."""

import math

import numpy as np

from ..._core.parts.projections import project_columns


class Diverged(ArithmeticError):
    """The training loss is no longer finite."""


class TwoPasses:
    """Base of the gradients of a batch that take a second pass: at other parameters, or of other rows.

    Both passes see the same noise; only the first updates the buffers. The loss is that of the first.

    Parameters
    ----------
    gradients : Gradients or TwoPasses
        Those of one pass.
    """

    def __init__(self, gradients):
        self.gradients = gradients
        self.net = gradients.net

    @property
    def state(self):
        """The state of the sequence of seeds."""
        return self.gradients.state

    @state.setter
    def state(self, state):
        self.gradients.state = state

    def __call__(self, objective, batch):
        """Mean loss of a batch; the gradient is left in ``net.grad``."""
        state = self.state
        loss = self.gradients(objective, batch)
        memory = self.net.memory.copy()

        def again(batch):
            self.state = state
            self.gradients(objective, batch)

        self.add_pass(batch, again)
        self.net.memory[:] = memory
        return loss

    def add_pass(self, batch, again):
        """Make the second pass by ``again(batch)``, and leave the gradient of both passes in ``net.grad``."""
        raise NotImplementedError


class SharpnessAware(TwoPasses):
    """The gradient at the parameters ``rho g / ||g||`` away, where g is the gradient here (Foret et al. 2021, eq. 3).

    Parameters
    ----------
    gradients : Gradients or TwoPasses
    rho : float
    """

    def __init__(self, gradients, rho):
        super().__init__(gradients)
        self.rho = rho

    def add_pass(self, batch, again):
        net = self.net
        norm = math.sqrt(float(np.dot(net.grad, net.grad)))
        if norm == 0.0:
            return
        here = net.theta.copy()
        net.theta += net.theta.dtype.type(self.rho / norm) * net.grad
        again(batch)
        net.theta[:] = here


class Adversarial(TwoPasses):
    """The mean of the gradients of rows x, and of ``x + epsilon sign(dL/dx)``, where the loss is larger.

    Goodfellow et al. (2015, section 6, with alpha = 1/2). Only numbers are moved, no categories.

    Parameters
    ----------
    gradients : Gradients
        With the gradients by the rows.
    epsilon : float
    """

    def __init__(self, gradients, epsilon):
        super().__init__(gradients)
        self.epsilon = epsilon

    def add_pass(self, batch, again):
        net, numbers = self.net, self.net.numbers
        here, x = net.grad.copy(), batch.x.copy()
        x[:, numbers] += x.dtype.type(self.epsilon) * np.sign(self.gradients.by_row[:, numbers])
        again(batch._replace(x=x))
        net.grad += here
        net.grad *= net.grad.dtype.type(0.5)


def train_epoch(gradients, objective, batches, optimizer, rate, rng, *, after_step=()):
    """Train on every batch once.

    Parameters
    ----------
    gradients : Gradients or TwoPasses
        Of the net, which is changed.
    objective : jitted objective
        See `objectives`.
    batches : Batches
    optimizer : Optimizer
    rate : callable
        ``rate(step)`` is the learning rate of step 0, 1, ... of the optimizer.
    rng : numpy.random.Generator
        For the order of the rows and the shares of mixup.
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
        loss = gradients(objective, batch)
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
