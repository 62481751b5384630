"""Running means of the parameters of a net."""

import numpy as np

from ..._core._jit import njit
from ..context import Context
from ..layers.normalization import LEAST_SHARE, BatchNorm


@njit
def move_towards(mean, values, share):
    """Move a mean by a share of the way to new values."""
    for i in range(mean.size):
        mean[i] += share * (values[i] - mean[i])


class Average:
    """A running mean of the parameters and buffers of a net, updated after every step or at the end of some epochs.

    Parameters
    ----------
    net : Net
    decay : callable
        ``decay(t)`` is the weight of the old mean in update t, counted from 1.
    batches : Batches or None
        Where to compute statistics of batch normalization for the mean. None uses the mean of the statistics, which is
        nearly the same where the averaged nets are close to each other.
    """

    def __init__(self, net, decay, batches=None):
        self.theta, self.memory = net.snapshot()
        self.decay = decay
        self.batches = batches
        self.updates = 0

    def __call__(self, net):
        self.updates += 1
        share = net.dtype.type(1.0 - self.decay(self.updates))
        move_towards(self.theta, net.theta, share)
        move_towards(self.memory, net.memory, share)

    def load_into(self, net):
        """Replace the net's parameters by their mean, but keep weights at 0 that L1 has set to 0 now."""
        zero = net.theta == 0.0
        zero[net.segment_ends[-1] :] = False  # biases, scales and rates, which have no penalty
        net.restore((np.where(zero, net.theta, self.theta), self.memory))
        if self.batches is not None:
            refresh_statistics(net, self.batches)


def refresh_statistics(net, batches):
    """Compute the statistics of batch normalization for the parameters as they are, over an epoch with its noise."""
    layers = [module for module in net.layer.modules() if isinstance(module, BatchNorm) and not module.frozen]
    if not layers:
        return
    ctx = Context(train=True, noisy=True)
    try:
        for layer in layers:
            layer.forget(least=0.0)
        for batch in batches.epoch(np.random.default_rng(0)):
            ctx.set_batch(batch.weights)
            net(batch.x, ctx)
    finally:
        for layer in layers:
            layer.least = LEAST_SHARE
