"""Optimizers: one loop over the flat vector of parameters, and rules that turn a gradient into a direction."""

import math
from typing import NamedTuple

import numpy as np

from ..._core._jit import jitted, njit
from ..._core.parts.penalties import soft_threshold
from ..noise import ONE, ZERO

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # the paper's values, used by all libraries


@jitted
class Adam(NamedTuple):
    """Kingma & Ba (2015), algorithm 1; the bias corrections are those of one step."""

    beta1: np.float32
    beta2: np.float32
    epsilon: np.float32
    correction1: np.float32
    correction2: np.float32

    def update(self, g, first, second):
        """New moments of a coordinate, and its direction."""
        first += (ONE - self.beta1) * (g - first)
        second += (ONE - self.beta2) * (g * g - second)
        return first, second, first * self.correction1 * self.preconditioner(second)

    def preconditioner(self, second):
        """Size of the step of a coordinate over its gradient, where the gradient stays the same."""
        return ONE / (np.sqrt(second * self.correction2) + self.epsilon)


@jitted
class Momentum(NamedTuple):
    """Nesterov's momentum of Sutskever et al. (2013, eq. 3 and 4), with the look-ahead point as the parameters."""

    momentum: np.float32

    def update(self, g, first, second):
        first = self.momentum * first + g
        return first, second, g + self.momentum * first

    def preconditioner(self, second):
        return ONE / (ONE - self.momentum)


@njit
def apply_update(rule, theta, grad, first, second, ends, strengths, scale, rate):
    """One step on all parameters.

    `strengths` (3, segments) holds, for the weights before ``ends[s]``: the L2 that is added to the gradient; the
    factor of decoupled weight decay; and the learning rate times L1, which times the preconditioner of the rule is the
    threshold of the prox step (Yun, Lozano & Yang 2021). Parameters after the last end have no penalty.
    """
    start = 0
    for s in range(ends.size + 1):
        stop, l2, keep, threshold = theta.size, ZERO, ONE, ZERO
        if s < ends.size:
            stop, l2, keep, threshold = ends[s], strengths[0, s], strengths[1, s], strengths[2, s]
        # slices, since an index that may be negative is not vectorized: five times slower
        w, g, m, v = theta[start:stop], grad[start:stop], first[start:stop], second[start:stop]
        for i in range(w.size):
            m[i], v[i], direction = rule.update(g[i] * scale + l2 * w[i], m[i], v[i])
            w[i] = keep * w[i] - rate * direction
        if threshold > ZERO:
            for i in range(w.size):
                w[i] = soft_threshold(w[i], threshold * rule.preconditioner(v[i]))
        start = stop


class GroupPenalty(NamedTuple):
    """Penalties of a group of weights."""

    decay: float = 0.0
    l2: float = 0.0
    l1: float = 0.0


class Optimizer:
    """Steps of a rule, with penalties for every group of weights.

    Parameters
    ----------
    net : Net
    kind : {"adamw", "adam", "sgd"}
        "adamw" and "sgd" multiply weights by ``1 - rate * decay`` in addition to the step of the rule (Loshchilov &
        Hutter 2019, algorithm 2); "adam" adds ``decay * w`` to the gradient instead.
    """

    def __init__(self, net, kind):
        self.kind = kind
        self.steps = 0
        self.real = net.dtype.type
        self.first = np.zeros_like(net.theta)
        self.second = np.zeros_like(net.theta)

    def configure(self, net, momentum, strengths, clip_norm):
        """Set the options, which may change between two calls of `fit`.

        Parameters
        ----------
        net : Net
        momentum : float
            Of "sgd".
        strengths : dict
            `GroupPenalty` of every group of weights, by its name.
        clip_norm : float or None
            Largest norm of the whole gradient.
        """
        decay, l2, l1 = np.array([strengths[name] for name in net.segment_groups]).reshape(-1, 3).T
        coupled = self.kind == "adam"
        self.decay = np.where(coupled, 0.0, decay)
        self.l1 = l1
        self.ends = net.segment_ends
        self.clip_norm = clip_norm
        self.strengths = np.zeros((3, decay.size), net.dtype)
        self.strengths[0] = l2 + np.where(coupled, decay, 0.0)
        self.momentum = momentum

    def _rule(self):
        """The rule for the next step."""
        self.steps += 1
        if self.kind == "sgd":
            return Momentum(self.real(self.momentum))
        corrections = 1.0 / (1.0 - _BETA1**self.steps), 1.0 / (1.0 - _BETA2**self.steps)
        return Adam(*map(self.real, (_BETA1, _BETA2, _EPSILON, *corrections)))

    def step(self, net, rate):
        """Make one step with the gradient in ``net.grad``."""
        scale = 1.0
        if self.clip_norm is not None:
            norm = math.sqrt(float(np.dot(net.grad, net.grad)))
            scale = min(1.0, self.clip_norm / norm) if norm > 0.0 else 1.0
        self.strengths[1] = 1.0 - rate * self.decay
        self.strengths[2] = rate * self.l1
        state, real = (net.theta, net.grad, self.first, self.second), self.real
        apply_update(self._rule(), *state, self.ends, self.strengths, real(scale), real(rate))
