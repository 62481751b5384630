"""Layers, noises, objectives and steps of the neural core, against finite differences, enumeration and theory."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from skreg._core.projections import project_columns
from skreg._nets import rows as batches
from skreg._nets.activations import ACTIVATIONS, Units
from skreg._nets.base import Chain, Context, Net, Residual
from skreg._nets.dense import Bias, Dense
from skreg._nets.dropout import Dropout, InputNoise
from skreg._nets.mlp import Architecture, perceptron
from skreg._nets.noise import Adaptive, Bernoulli, Concrete, Gaussian, dropout_noise, normal, perturb, uniform
from skreg._nets.norm import BatchNorm, LayerNorm
from skreg._nets.objectives import CrossEntropy, GaussianLikelihood, SquaredError, evaluate
from skreg._nets.optim import Optimizer
from skreg._nets.training import gradient, sharpness_aware
from skreg._nets.weights import DropConnect, SpectralNorm, WeightNorm

F = np.float32
HALF = Bernoulli(F(0.3), F(1 / 0.7))
CASES = {
    **{name: lambda a=a: [Dense(4), Units(a)] for name, a in ACTIVATIONS.items()},
    "bernoulli": lambda: [Dense(4), Units(ACTIVATIONS["tanh"], HALF)],
    "gaussian": lambda: [Dense(4), Units(ACTIVATIONS["tanh"], Gaussian(F(0.6)))],
    "adaptive": lambda: [Dense(4), Units(ACTIVATIONS["tanh"], Adaptive(F(0.4)))],
    "concrete": lambda: [Dense(4), Units(ACTIVATIONS["tanh"], Concrete(F(-0.5), F(0.1)), 0.01)],
    "dropconnect": lambda: [Dense(4, hooks=[DropConnect(HALF)]), Units(ACTIVATIONS["silu"])],
    "weight norm": lambda: [Dense(4, hooks=[WeightNorm()]), Units(ACTIVATIONS["tanh"])],
    "spectral norm": lambda: [Dense(4, hooks=[SpectralNorm()]), Units(ACTIVATIONS["tanh"])],
    "both hooks": lambda: [Dense(4, hooks=[WeightNorm(), DropConnect(HALF)]), Units(ACTIVATIONS["gelu"])],
    "batch norm": lambda: [Dense(4), BatchNorm(), Units(ACTIVATIONS["tanh"], HALF)],
    "layer norm": lambda: [Dense(4), LayerNorm(), Units(ACTIVATIONS["silu"], Gaussian(F(0.3)))],
    "residual": lambda: [
        Dense(4),
        Residual(Chain(Dense(4), LayerNorm(), Units(ACTIVATIONS["gelu"], HALF), Dropout(HALF, by_row=True))),
    ],
    "input noise and dropout": lambda: [InputNoise(0.5), Dropout(HALF), Dropout(HALF, augment=True), Dense(4)],
}
OBJECTIVES = {
    "cross-entropy": (CrossEntropy(F(0.0)), 3, 3),
    "confidence penalty": (CrossEntropy(F(0.25)), 3, 3),
    "squared error": (SquaredError(), 2, 2),
    "gaussian": (GaussianLikelihood(F(-3.0)), 4, 2),
}


def problem(n_targets, n=7, p=3, seed=0):
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((n, p)), rng.uniform(0.0, 2.0, n)
    T = rng.random((n, n_targets))
    return x, T / T.sum(axis=1, keepdims=True), w


def built(layers, width_out, p=3, seed=0):
    rng = np.random.default_rng(seed)
    net = Net(Chain(*layers, Dense(width_out), Bias()), p, rng, np.float64)
    net.theta += 0.2 * rng.standard_normal(net.theta.size)
    return net


def objective_of(net, objective, x, T, w, seed=5):
    """The objective at the net's parameters, the seed of the noise held."""
    scores, _ = net(x, Context(seed, train=True, noisy=True))
    return evaluate(objective, scores, T, w, np.empty_like(scores)) + net.regularizer()


def numeric_gradient(net, f, step=1e-5):
    """Central differences of the fourth order."""
    g = np.empty_like(net.theta)
    for i in range(g.size):
        here, values = net.theta[i], []
        for k in (-2.0, -1.0, 1.0, 2.0):
            net.theta[i] = here + k * step
            values.append(f())
        net.theta[i] = here
        g[i] = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step)
    return g


def check_gradient(net, objective, x, T, w):
    memory = net.memory.copy()
    gradient(net, objective, x, T, w, Context(5, train=True, noisy=True, gradient=True))
    found = net.grad.copy()
    net.memory[:] = memory
    wanted = numeric_gradient(net, lambda: objective_of(net, objective, x, T, w))
    scale = np.linalg.norm(wanted)
    assert scale > 1e-3
    assert np.linalg.norm(found - wanted) <= 1e-6 * scale


@pytest.mark.plain
@pytest.mark.parametrize("case", CASES)
def test_gradients_of_layers(case):
    x, T, w = problem(2)
    check_gradient(built(CASES[case](), 2), SquaredError(), x, T, w)


@pytest.mark.plain
@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_of_objectives(name):
    objective, width, n_targets = OBJECTIVES[name]
    x, T, w = problem(n_targets)
    check_gradient(built(CASES["bernoulli"](), width), objective, x, T, w)


KINDS = ["bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("weights", [None, "weight", "spectral"])
@pytest.mark.parametrize("residual", [False, True])
def test_gradients_in_combination(kind, normalization, weights, residual):
    objective, width, n_targets = OBJECTIVES["confidence penalty"]
    x, T, w = problem(n_targets, n=9)
    a = Architecture((5, 5, 5), "silu", residual, normalization, weights, (0.2, 0.3, 0.4), 0.2, kind, 0.3, 0.1, 0.1)
    net = perceptron(a, 3, width, 50, np.random.default_rng(1), np.float64)
    net.theta += 0.1 * np.random.default_rng(2).standard_normal(net.theta.size)
    check_gradient(net, objective, x, T, w)
