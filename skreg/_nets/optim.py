"""Steps on the flat vector: one loop, and rules that turn a gradient into a direction."""

import math
from typing import NamedTuple

import numpy as np

from .._core._jit import jitted, njit
from .._core.penalties import soft_threshold
from .noise import ONE, ZERO

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's, as its authors and all libraries set them


@jitted
class Adam(NamedTuple):
    """Kingma & Ba (2015), algorithm 1, with the bias corrections of a step."""

    beta1: np.float32
    beta2: np.float32
    epsilon: np.float32
    correction1: np.float32
    correction2: np.float32

    def follow(self, g, first, second):
        """New moments of a coordinate, and its direction."""
        first += (ONE - self.beta1) * (g - first)
        second += (ONE - self.beta2) * (g * g - second)
        return first, second, first * self.correction1 * self.metric(second)

    def metric(self, second):
        """How many times its gradient a coordinate moves where that stays the same."""
        return ONE / (np.sqrt(second * self.correction2) + self.epsilon)


@jitted
class Momentum(NamedTuple):
    """Nesterov's momentum as in Sutskever et al. (2013, eq. 3 and 4), restated at the point looked ahead to."""

    momentum: np.float32

    def follow(self, g, first, second):
        first = self.momentum * first + g
        return first, second, g + self.momentum * first

    def metric(self, second):
        return ONE / (ONE - self.momentum)


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
        # slices: an index that may count from the end would keep the loop from being vectorized (five times slower)
        w, g, m, v = theta[start:stop], grad[start:stop], first[start:stop], second[start:stop]
        for i in range(w.size):
            m[i], v[i], direction = rule.follow(g[i] * scale + l2 * w[i], m[i], v[i])
            w[i] = keep * w[i] - rate * direction
        if threshold > ZERO:
            for i in range(w.size):
                w[i] = soft_threshold(w[i], threshold * rule.metric(v[i]))
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
        self.kind, self.steps, self.real = kind, 0, net.dtype.type
        self.first, self.second = np.zeros_like(net.theta), np.zeros_like(net.theta)

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
        self.momentum = momentum

    def _rule(self):
        """The rule for the next step."""
        self.steps += 1
        if self.kind == "sgd":
            return Momentum(self.real(self.momentum))
        corrections = 1.0 / (1.0 - _BETA1**self.steps), 1.0 / (1.0 - _BETA2**self.steps)
        return Adam(*map(self.real, (_BETA1, _BETA2, _EPSILON, *corrections)))

    def step(self, net, rate):
        """Move the net's parameters against their gradient."""
        scale = 1.0
        if self.clip_norm is not None:
            norm = math.sqrt(float(np.dot(net.grad, net.grad)))
            scale = min(1.0, self.clip_norm / norm) if norm > 0.0 else 1.0
        self.strengths[1] = 1.0 - rate * self.decay
        self.strengths[2] = rate * self.l1
        state, real = (net.theta, net.grad, self.first, self.second), self.real
        descend(self._rule(), *state, self.ends, self.strengths, real(scale), real(rate))
