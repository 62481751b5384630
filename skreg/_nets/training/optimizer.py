"""Optimizers: one loop over the flat vector of parameters, and rules that turn a gradient into a direction."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from ..._core._jit import jitted, njit
from ..._core.parts.penalties import soft_threshold
from ..noise import ONE, ZERO

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # the paper's values, used by all libraries
# Moments that are not larger become 0: their steps are far below any that matters, and products of them still normal.
_TINY, _ROOT_OF_TINY = np.float32(1e-34), np.float32(1e-17)


@njit
def without_tiny(v, tiny):
    """The number, or 0 where it is not larger than `tiny`.

    Moments of weights whose gradient stays 0 shrink until they are subnormal numbers, which take many times as long.
    """
    return ZERO if abs(v) <= tiny else v


@jitted
class Adam(NamedTuple):
    """Kingma & Ba (2015), algorithm 1; the bias corrections are those of one step."""

    beta1: np.float32
    beta2: np.float32
    epsilon: np.float32
    correction1: np.float32
    correction2: np.float32

    def update(self, g, first, second):
        """New moments of a coordinate, its direction, and the `preconditioner` in that."""
        first = without_tiny(first + (ONE - self.beta1) * (g - first), _TINY)
        square = without_tiny(g, _ROOT_OF_TINY) ** 2
        second = without_tiny(second + (ONE - self.beta2) * (square - second), _TINY)
        size = self.preconditioner(second)
        return first, second, first * self.correction1 * size, size

    def preconditioner(self, second):
        """Size of the step of a coordinate over its gradient, where the gradient stays the same."""
        return ONE / (np.sqrt(second * self.correction2) + self.epsilon)


@jitted
class Momentum(NamedTuple):
    """Nesterov's momentum of Sutskever et al. (2013, eq. 3 and 4), with the look-ahead point as the parameters."""

    momentum: np.float32

    def update(self, g, first, second):
        first = without_tiny(self.momentum * first + g, _TINY)
        return first, second, g + self.momentum * first, self.preconditioner(second)

    def preconditioner(self, second):
        return ONE / (ONE - self.momentum)


@njit
def apply_update(rule, theta, grad, first, second, centre, ends, strengths, scale, rate, decay_factor):
    """One step on some parameters, of which those before ``ends[s]`` have the strengths ``strengths[s]``.

    These are the L2 that is added to the gradient, and the part of it that `decay_factor` multiplies; the decoupled
    weight decay, which it multiplies, too; the factor of the learning rate; the strength of the decay towards the
    centre, which is a prox step and so stable for any strength; and the L1, whose threshold is that times the rate
    times the preconditioner of the rule (Yun, Lozano & Yang 2021).
    """
    start, one = 0, 1.0
    real = theta.dtype.type
    for s in range(ends.size):
        stop, own = ends[s], rate * strengths[s, 3]
        l2 = real(strengths[s, 0] + decay_factor * strengths[s, 1])
        keep, pull = real(one - own * (decay_factor * strengths[s, 2])), own * strengths[s, 4]
        pull, threshold, step = real(pull / (one + pull)), real(own * strengths[s, 5]), real(own)
        # slices, since an index that may be negative is not vectorized: five times slower
        w, g, m, v = theta[start:stop], grad[start:stop], first[start:stop], second[start:stop]
        at_once = threshold if pull == ZERO else ZERO  # the decay towards the centre comes before the L1
        for i in range(w.size):
            m[i], v[i], direction, size = rule.update(g[i] * scale + l2 * w[i], m[i], v[i])
            u, t = keep * w[i] - step * direction, at_once * size
            within = u if u < t else t  # the soft threshold without branches, many numbers at a time
            w[i] = u - (within if within > -t else -t)
        if pull > ZERO:
            c = centre[start:stop]
            for i in range(w.size):
                w[i] += pull * (c[i] - w[i])
        if threshold > at_once:
            for i in range(w.size):
                w[i] = soft_threshold(w[i], threshold * rule.preconditioner(v[i]))
        start = stop


class GroupPenalty(NamedTuple):
    """Penalties of a group of weights."""

    decay: float = 0.0
    l2: float = 0.0
    l1: float = 0.0


class LayerRule(NamedTuple):
    """How all parameters of a layer train, biases and scales included."""

    rate: float = 1.0  # factor of the learning rate
    pull: float = 0.0  # strength of the decay towards a centre


class _Run:
    """Successive trainable parameters that have made the same number of steps.

    Parameters
    ----------
    first, last : int
        Their numbers, the last not included.
    net : Net
    age : int
        Number of steps.
    strengths : ndarray
        Those of all parameters.
    """

    def __init__(self, first, last, net, age, strengths):
        start = int(net.param_ends[first - 1]) if first else 0
        self.params = slice(first, last)
        self.at = slice(start, int(net.param_ends[last - 1]))
        self.ends = net.param_ends[first:last] - start
        self.strengths = strengths[first:last]
        self.age = age


class Optimizer:
    """Steps of a rule, with penalties for every group of weights.

    Parameters
    ----------
    net : Net
    kind : {"adamw", "adam", "sgd"}
        "adamw" and "sgd" multiply weights by ``1 - rate * decay`` in addition to the step of the rule (Loshchilov &
        Hutter 2019, algorithm 2); "adam" adds ``decay * w`` to the gradient instead.
    beta1 : float
        Decay of the mean gradient of "adam" and "adamw".

    Attributes
    ----------
    steps : int
        Number of steps made.
    strength : float
        Factor of all weight decay.
    """

    def __init__(self, net, kind, beta1=_BETA1):
        self.kind = kind
        self.beta1 = beta1
        self.steps = 0
        self.strength = 1.0
        self.real = net.dtype.type
        self._decays = tuple(map(self.real, (beta1, _BETA2, _EPSILON)))
        self.first = net.new_vector()
        self.second = net.new_vector()
        self.ages = np.zeros(len(net.trained), int)  # steps of every parameter when runs were made
        self.runs = []

    def configure(self, net, momentum, strengths, clip_norm, layers=None, centre=None):
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
        layers : dict or None
            `LayerRule` of layers, by their names; None, and layers that are not among them, for the default.
        centre : ndarray or None
            What parameters are pulled to, of the shape of `theta`; None where none is pulled.
        """
        table = []
        for param in net.trained:
            decay, l2, l1 = GroupPenalty() if param.group is None else strengths[param.group]
            rate, pull = (layers or {}).get(param.layer, LayerRule())
            coupled, decoupled = (decay * param.share, 0.0) if self.kind == "adam" else (0.0, decay)
            table.append((l2 * param.share, coupled, decoupled, rate, pull, l1 * param.share))
        self.strengths = np.array(table, dtype=float).reshape(-1, 6)
        self.centre = centre
        self.clip_norm = clip_norm
        self.momentum = momentum
        self.set_live(net)

    def set_live(self, net):
        """Learn which parameters are frozen now. Those that no longer are begin as in the first step."""
        for run in self.runs:
            self.ages[run.params] = run.age
        live = [k for k, param in enumerate(net.trained) if not param.frozen]
        self.runs = []
        for (_, age), some in itertools.groupby(enumerate(live), lambda item: (item[1] - item[0], self.ages[item[1]])):
            numbers = [k for _, k in some]
            self.runs.append(_Run(numbers[0], numbers[-1] + 1, net, int(age), self.strengths))

    def _rule(self, age):
        """The rule for step number `age` of a parameter, counted from 1."""
        if self.kind == "sgd":
            return Momentum(self.real(self.momentum))
        real = self.real
        return Adam(*self._decays, real(1.0 / (1.0 - self.beta1**age)), real(1.0 / (1.0 - _BETA2**age)))

    def step(self, net, rate):
        """Make one step with the gradient in ``net.grad``."""
        scale = 1.0
        if self.clip_norm is not None:
            norm = math.sqrt(float(np.dot(net.grad, net.grad)))
            scale = min(1.0, self.clip_norm / norm) if norm > 0.0 else 1.0
        self.steps += 1
        centre = net.theta if self.centre is None else self.centre
        for run in self.runs:
            run.age += 1
            at = run.at
            vectors = net.theta[at], net.grad[at], self.first[at], self.second[at], centre[at]
            options = run.ends, run.strengths, self.real(scale), float(rate), float(self.strength)
            apply_update(self._rule(run.age), *vectors, *options)
