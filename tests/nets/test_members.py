"""Shared ensembles: every member is a net of its own with the weights that it shares, and gradients are right."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.integrate import trapezoid
from scipy.special import log_softmax, logsumexp, softmax
from scipy.stats import norm

from skreg._nets.architectures.mlp import Architecture, build_mlp
from skreg._nets.base import Chain
from skreg._nets.context import Context
from skreg._nets.layers.activations import ACTIVATIONS, BiasActivationDropout
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.members import MemberDense, MemberInputs, Members, Scale, at_members
from skreg._nets.layers.normalization import LayerNorm
from skreg._nets.net import Net
from skreg._nets.objectives import CrossEntropy, GaussianLikelihood, SquaredError, evaluate, evaluate_batch
from skreg._nets.sparse_rows import SparseRows
from skreg._nets.training.batches import Minibatch
from skreg._nets.training.optimizer import GroupPenalty, Optimizer
from skreg._nets.training.parallel import N_PARTS, Gradients
from skreg._nets.weights import DropConnect, SpectralNorm, WeightNorm
from tests.combinations import combinations
from tests.nets.test_layers import HALF, OBJECTIVES, assert_gradient, gradient, problem

F = np.float32
K = 3
TANH = ACTIVATIONS["tanh"]


def first(*hooks):
    return Dense(4, hooks=[*hooks, MemberInputs(K)])


CASES = {
    "inputs": lambda: [first(), BiasActivationDropout(TANH)],
    "inputs that are learned": lambda: [Dense(5), first(), BiasActivationDropout(TANH)],
    "scales": lambda: [first(), Scale(), BiasActivationDropout(TANH, HALF)],
    "shared weights": lambda: [first(), BiasActivationDropout(TANH), *at_members(K, 4, Dense(4)), Scale()],
    "layer norm": lambda: [first(), *at_members(K, 4, LayerNorm()), BiasActivationDropout(TANH, HALF)],
    "weight norm": lambda: [first(WeightNorm()), BiasActivationDropout(TANH)],
    "spectral norm and dropconnect": lambda: [
        Dense(4, hooks=[SpectralNorm(), MemberInputs(K), DropConnect(HALF)]),
        BiasActivationDropout(TANH),
    ],
}


def perturbed(net, seed=2):
    net.theta += 0.2 * np.random.default_rng(seed).standard_normal(net.theta.size)
    return net


def built(layers, width_out, p=3):
    end = [MemberDense(K, width_out), Bias(), Members(K, width_out)]
    return perturbed(Net(Chain(*layers, *end), (p,), np.random.default_rng(0), np.float64))


def loss_of(net, objective, x, T, w, seed=5):
    """The objective at the net's parameters, by a loop over the members."""
    ctx = Context(seed, train=True, noisy=True)
    ctx.set_batch(w)
    z, _ = net(x, ctx)
    losses = [evaluate(objective, z[:, m].copy(), T, w, len(w), np.empty_like(z[:, m])) for m in range(net.n_members)]
    return np.mean(losses) + net.regularizer()


def check_gradient(net, objective, x, T, w):
    memory = net.memory.copy()
    gradient(net, objective, x, T, w)
    found = net.grad.copy()
    net.memory[:] = memory
    assert_gradient(found, net, lambda: loss_of(net, objective, x, T, w))


@pytest.mark.plain
@pytest.mark.parametrize("case", CASES)
def test_members__gradients_of_layers(case):
    x, T, w = problem(2)
    check_gradient(built(CASES[case](), 2), SquaredError(), x, T, w)


@pytest.mark.plain
def test_members__gradients_of_one_output():
    x, T, w = problem(1)
    check_gradient(built(CASES["inputs"](), 1), SquaredError(), x, T, w)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_members__gradients_of_objectives(name):
    objective, width, n_targets = OBJECTIVES[name]
    x, T, w = problem(n_targets)
    check_gradient(built(CASES["inputs"](), width), objective, x, T, w)


COMBINATIONS = combinations(
    ["bernoulli", "dropconnect", "adaptive", "concrete"], [None, "batch", "layer"], [None, "weight"], [False, True]
)


def net_of(kind="bernoulli", normalization="batch", weights=None, residual=False, sizes=(4, 4), k=K, dropout=0.3):
    a = Architecture(sizes, "silu", residual, normalization, weights, (dropout,) * len(sizes), 0.0, kind, 0.0, 0.0, 0.0)
    a = a._replace(ensemble_size=k, stochastic_depth=0.3 if residual else 0.0)
    return perturbed(build_mlp(a, (3,), 2, 50, np.random.default_rng(1), np.float64))


@pytest.mark.parametrize(("kind", "normalization", "weights", "residual"), COMBINATIONS)
def test_members__gradients_in_combination(kind, normalization, weights, residual):
    x, T, w = problem(2, n=9)
    check_gradient(net_of(kind, normalization, weights, residual), CrossEntropy(F(0.0)), x, T, w)


@pytest.mark.plain
def test_members__outputs_are_those_of_separate_nets():
    """Two hidden layers by hand: ``s_m * (W (r_m * x)) + b_m``, shared weights, and an output layer of its own."""
    net, (x, _, _) = net_of(normalization=None), problem(2)
    z, _ = net(x, Context())
    dense1, scale1, units1, _, dense2, _, scale2, units2, output, bias, _ = net.layer.layers
    (r,) = (hook.scales.value for hook in dense1.hooks)
    silu = lambda v: v / (1.0 + np.exp(-v))  # noqa: E731
    for m in range(K):
        own = slice(4 * m, 4 * m + 4)
        h = silu((x * r[m]) @ dense1.weight.value * scale1.scale.value[own] + units1.bias.value[own])
        h = silu(h @ dense2.weight.value * scale2.scale.value[own] + units2.bias.value[own])
        wanted = h @ output.weight.value[m] + bias.bias.value[2 * m : 2 * m + 2]
        np.testing.assert_allclose(z[:, m], wanted, rtol=1e-10)


def test_members__batch_statistics_are_those_of_each_member():
    net, (x, _, w) = net_of(dropout=0.0), problem(2, n=40)
    ctx = Context(0, train=True)
    ctx.set_batch(w)
    before, _ = net.layer.layers[0](x, ctx)
    before = before.copy()
    net.layer.layers[1](before.copy(), ctx)
    np.testing.assert_allclose(net.layer.layers[1].norm.mean.value, np.average(before, axis=0, weights=w))


def test_members__begin_as_different_signs_of_the_inputs():
    net = build_mlp(
        Architecture((4,), "relu", False, None, None, (0.0,), 0.0, "bernoulli", 0.0, 0.0, 0.0, 8),
        (20,), 2, 50, np.random.default_rng(0),
    )  # fmt: skip
    scales = net.layer.layers[0].hooks[0].scales.value
    assert set(np.unique(scales)) == {-1.0, 1.0}
    assert len(np.unique(scales, axis=0)) == 8
    assert net.n_members == 8
    assert net.shape_out == (8, 2)
    assert net.n_features == 4


def test_members__masks_of_dropout_differ():
    x = np.ones((50, 3))
    for normalization, residual in ((None, False), (None, True)):
        net = net_of(normalization=normalization, residual=residual)
        net.layer.layers[0].hooks[0].scales.value[:] = 1.0
        z, _ = net(x, Context(3, train=True, noisy=True))
        assert (np.ptp(z, axis=1) > 0.0).all()


def test_members__parts_of_a_batch_in_threads_give_the_same():
    x, T, w = problem(2, n=2000, p=60)
    a = Architecture((40, 40), "tanh", False, "batch", None, (0.3, 0.3), 0.0, "bernoulli", 0.0, 0.0, 0.0, 4)
    net = build_mlp(a, (60,), 2, 50, np.random.default_rng(1), np.float64)
    memory, found = net.memory.copy(), []
    for largest in (1, len(x)):  # whole batches, then halves
        net.memory[:] = memory
        with Gradients(net, 5, largest) as gradients:
            assert len(gradients.contexts) == (N_PARTS if largest > 1 else 1)
            loss = gradients(SquaredError(), Minibatch(x, T, w))
        found.append((loss, net.grad.copy(), net.memory.copy()))
    np.testing.assert_allclose(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-12)
    np.testing.assert_allclose(found[0][2], found[1][2])


@pytest.mark.plain
def test_members__sparse_rows_are_dense_rows():
    x, T, w = problem(2)
    x[np.abs(x) < 0.5] = 0.0
    rows = sp.csr_matrix(x)
    found = []
    for data in (x, SparseRows(rows.indptr, rows.indices, rows.data, 3)):
        net = built(CASES["inputs"](), 2)
        found.append((gradient(net, SquaredError(), data, T, w), net.grad.copy()))
    np.testing.assert_allclose(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1])


def test_members__penalties_are_means_over_the_members():
    """A step without loss: weights that all members share feel L2 in full, the K output layers a share of each."""
    net = net_of(normalization=None, dropout=0.0)
    optimizer = Optimizer(net, "sgd")
    optimizer.configure(net, 0.0, {group: GroupPenalty(l2=0.5) for group in net.segment_groups}, None)
    net.grad[:] = 0.0
    before = {p.index: p.value.copy() for p in net.trained}
    optimizer.step(net, 0.1)
    for p in net.trained:
        share = 0.0 if p.group is None else 1.0 / K if p.group == "output" else 1.0
        np.testing.assert_allclose(p.value, (1.0 - 0.05 * share) * before[p.index])


# ------------------------------------------------------------------------------------------------ averaged predictions


def test_average__of_classes_is_the_mean_of_probabilities():
    z = 3.0 * np.random.default_rng(0).standard_normal((6, K, 4))
    found = CrossEntropy(F(0.0)).average(z)
    np.testing.assert_allclose(np.exp(found), softmax(z, axis=-1).mean(axis=1))
    assert CrossEntropy(F(0.0)).average(z.astype(F)).dtype == F
    z *= 1e4  # whose probabilities are 0, but not their logarithms
    wanted = logsumexp(log_softmax(z, axis=-1), axis=1) - np.log(K)
    np.testing.assert_allclose(CrossEntropy(F(0.0)).average(z), wanted, rtol=1e-12)


def test_average__of_numbers_is_their_mean():
    z = np.random.default_rng(0).standard_normal((6, K, 2))
    np.testing.assert_allclose(SquaredError().average(z), z.mean(axis=1))


def test_average__of_normal_distributions_has_the_moments_of_their_mixture():
    objective, rng = GaussianLikelihood(F(9.0)), np.random.default_rng(0)
    z = rng.standard_normal((1, K, 2))
    mean, log_variance = np.split(objective.average(z), 2, axis=-1)
    deviations = np.sqrt(objective.variance(z[0, :, 1]))
    grid = np.linspace(-40.0, 40.0, 200_001)
    density = norm.pdf(grid[:, None], z[0, :, 0], deviations).mean(axis=1)
    assert mean.item() == pytest.approx(trapezoid(grid * density, grid))
    variance = trapezoid((grid - mean.item()) ** 2 * density, grid)
    assert objective.variance(log_variance).item() == pytest.approx(variance)
    assert np.isfinite(objective.average(np.full((1, K, 2), 1e6))).all()


def test_evaluate_batch__members_share_the_target_of_a_row():
    objective, rng = CrossEntropy(F(0.0)), np.random.default_rng(0)
    _, T, w = problem(3)
    z = rng.standard_normal((7, K, 3))
    d = np.empty_like(z)
    found = evaluate_batch(objective, z, T, w, 10, d)
    for m in range(K):
        own = np.empty((7, 3))
        found -= evaluate(objective, z[:, m].copy(), T, w, 10, own) / K
        np.testing.assert_allclose(d[:, m], own / K)
    assert found == pytest.approx(0.0, abs=1e-12)
