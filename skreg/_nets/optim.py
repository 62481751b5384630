"""Steps on the flat vector: one loop, and rules that turn a gradient into a direction."""

import math
from typing import NamedTuple

import numpy as np

from .._core._jit import jitted, njit
from .._core.penalties import soft_threshold
from .noise import ONE, ZERO


@jitted
class Adam(NamedTuple):
    """Kingma & Ba (2015), algorithm 1; the array holds beta1, beta2, epsilon and the two bias corrections."""

    constants: np.ndarray

    def direction(self, g, first, second, i):
        """The direction for coordinate i from its gradient; updates both moments."""
        c = self.constants
        first[i] += (ONE - c[0]) * (g - first[i])
        second[i] += (ONE - c[1]) * (g * g - second[i])
        return first[i] * c[3] / (np.sqrt(second[i] * c[4]) + c[2])

    def metric(self, second, i):
        """How many times its gradient a coordinate moves where that stays the same."""
        return ONE / (np.sqrt(second[i] * self.constants[4]) + self.constants[2])

    def advance(self, t):
        """Prepare for step t, counted from 1."""
        self.constants[3] = 1.0 / (1.0 - float(self.constants[0]) ** t)
        self.constants[4] = 1.0 / (1.0 - float(self.constants[1]) ** t)


@jitted
class Momentum(NamedTuple):
    """Nesterov's momentum as in Sutskever et al. (2013, eq. 3 and 4), restated at the point looked ahead to."""

    constants: np.ndarray

    def direction(self, g, first, second, i):
        c = self.constants
        first[i] = c[0] * first[i] + g
        return g + c[0] * first[i]

    def metric(self, second, i):
        return ONE / (ONE - self.constants[0])

    def advance(self, t):
        pass


@njit
def descend(rule, theta, grad, first, second, ends, strengths, scale, rate):
    """One step on all parameters.

    `strengths` (3, layers) holds for the weights up to ``ends[s]`` the coupled L2, the share that decoupled decay
    keeps, and the rate times L1, the threshold of the prox step in the metric of the rule (Yun, Lozano & Yang 2021):
    where the gradient is as large as L1, neither moves. Parameters after the last end are free.
    """
    start = 0
    for s in range(ends.size + 1):
        stop, l2, keep, threshold = theta.size, ZERO, ONE, ZERO
        if s < ends.size:
            stop, l2, keep, threshold = ends[s], strengths[0, s], strengths[1, s], strengths[2, s]
        for i in range(start, stop):
            g = grad[i] * scale + l2 * theta[i]
            theta[i] = keep * theta[i] - rate * rule.direction(g, first, second, i)
        if threshold > ZERO:
            for i in range(start, stop):
                theta[i] = soft_threshold(theta[i], threshold * rule.metric(second, i))
        start = stop


class Optimizer:
    """Steps of a rule, with penalties for every layer.

    Parameters
    ----------
    net : Net
    kind : {"adamw", "adam", "sgd"}
        The first and the last decay weights outside the rule by ``(1 - rate * decay) w`` (Loshchilov & Hutter 2019,
        algorithm 2); "adam" adds ``decay * w`` to the gradient instead.
    """

    def __init__(self, net, kind):
        self.kind, self.steps = kind, 0
        self.first = np.zeros_like(net.theta)
        self.second = np.zeros_like(net.theta) if kind != "sgd" else np.zeros(1, net.dtype)

    def configure(self, net, momentum, decay, l2, l1, clip_norm):
        """Set what may change between two trainings.

        Parameters
        ----------
        net : Net
        momentum : float
            Of "sgd".
        decay, l2, l1 : ndarray of shape (n_layers,)
        clip_norm : float or None
            The largest norm of the whole gradient.
        """
        at, dtype, coupled = net.layers, net.dtype, self.kind == "adam"
        self.decay, self.l1 = np.where(coupled, 0.0, decay[at]), l1[at]
        self.ends, self.clip_norm = net.ends, clip_norm
        self.strengths = np.zeros((3, at.size), dtype)
        self.strengths[0] = l2[at] + np.where(coupled, decay[at], 0.0)
        if self.kind == "sgd":
            self.rule = Momentum(np.array([momentum], dtype))
        else:
            self.rule = Adam(np.array([0.9, 0.999, 1e-8, 1.0, 1.0], dtype))

    def step(self, net, rate):
        """Move the net's parameters against their gradient."""
        self.steps += 1
        self.rule.advance(self.steps)
        scale = 1.0
        if self.clip_norm is not None:
            norm = math.sqrt(float(np.dot(net.grad, net.grad)))
            scale = min(1.0, self.clip_norm / norm) if norm > 0.0 else 1.0
        self.strengths[1] = 1.0 - rate * self.decay
        self.strengths[2] = rate * self.l1
        real = net.dtype.type
        descend(
            self.rule, net.theta, net.grad, self.first, self.second, self.ends, self.strengths, real(scale), real(rate)
        )
