"""Layers, noises, objectives and steps of the neural core, against finite differences, enumeration and theory."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats
from scipy.special import softmax
from sklearn.linear_model import Lasso, Ridge

from skreg import DropoutMLPClassifier, DropoutMLPRegressor
from skreg._core.parts.projections import project_columns
from skreg._nets.architectures.mlp import Architecture, build_mlp
from skreg._nets.base import Chain, ResidualBlock, by_position
from skreg._nets.context import Context, RowWeights
from skreg._nets.layers.activations import ACTIVATIONS, BiasActivationDropout, Relu, fused_forward
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.dropout import Dropout, InputNoise
from skreg._nets.layers.moments import channel_moments, gradient_sums, gradient_sums_by_lanes, moments_by_lanes
from skreg._nets.layers.normalization import LEAST_SHARE, BatchNorm, LayerNorm
from skreg._nets.layers.shapes import Reshape
from skreg._nets.net import Net
from skreg._nets.noise import Adaptive, Bernoulli, Concrete, Gaussian, dropout_noise, normal, perturb, uniform
from skreg._nets.objectives import CrossEntropy, GaussianLikelihood, SquaredError, evaluate
from skreg._nets.training import parallel
from skreg._nets.training.averaging import refresh_statistics
from skreg._nets.training.batches import Batches, Minibatch
from skreg._nets.training.loop import Adversarial, SharpnessAware
from skreg._nets.training.optimizer import GroupPenalty, LayerRule, Optimizer
from skreg._nets.training.parallel import Gradients
from skreg._nets.training.rows import Targets
from skreg._nets.training.schedules import rate_at
from skreg._nets.weights import DropConnect, SpectralNorm, WeightNorm
from tests.combinations import THOROUGH, combinations

F = np.float32
HALF = Bernoulli(F(0.3), F(1 / 0.7))
ROW = ("positions", "channels")


class NeverAsks(Dense):
    """A dense layer with a call of its own, which does not ask whether the memory of its input is free."""

    def __call__(self, x, ctx):
        W, backs = self.effective(ctx)

        def back(d):
            self.add_gradient(ctx, backs, lambda G: (np.dot, x.T, d, G))
            return d @ W.T

        return x @ W, back


CASES = {
    **{name: lambda a=a: [Dense(4), BiasActivationDropout(a)] for name, a in ACTIVATIONS.items()},
    "bernoulli": lambda: [Dense(4), BiasActivationDropout(ACTIVATIONS["tanh"], HALF)],
    "gaussian": lambda: [Dense(4), BiasActivationDropout(ACTIVATIONS["tanh"], Gaussian(F(0.6)))],
    "adaptive": lambda: [Dense(4), BiasActivationDropout(ACTIVATIONS["tanh"], Adaptive(F(0.4)))],
    "concrete": lambda: [Dense(4), BiasActivationDropout(ACTIVATIONS["tanh"], Concrete(F(-0.5), F(0.1)), 0.01)],
    "dropconnect": lambda: [Dense(4, hooks=[DropConnect(HALF)]), BiasActivationDropout(ACTIVATIONS["silu"])],
    "weight norm": lambda: [Dense(4, hooks=[WeightNorm()]), BiasActivationDropout(ACTIVATIONS["tanh"])],
    "spectral norm": lambda: [Dense(4, hooks=[SpectralNorm()]), BiasActivationDropout(ACTIVATIONS["tanh"])],
    "both hooks": lambda: [
        Dense(4, hooks=[WeightNorm(), DropConnect(HALF)]),
        BiasActivationDropout(ACTIVATIONS["gelu"]),
    ],
    "batch norm": lambda: [Dense(4), BiasActivationDropout(ACTIVATIONS["tanh"], HALF, norm=BatchNorm())],
    "layer norm": lambda: [Dense(4), LayerNorm(), BiasActivationDropout(ACTIVATIONS["silu"], Gaussian(F(0.3)))],
    "residual": lambda: [
        Dense(4),
        ResidualBlock(
            Chain(Dense(4), LayerNorm(), BiasActivationDropout(ACTIVATIONS["gelu"], HALF), Dropout(HALF, shared=ROW))
        ),
    ],
    "an output that is needed, of a chain inside": lambda: [
        Dense(4),
        Chain(Dense(3), BiasActivationDropout(ACTIVATIONS["tanh"], Concrete(F(-0.5), F(0.1)), 0.01)),
        Dense(4),
        BiasActivationDropout(ACTIVATIONS["tanh"]),
    ],
    "a layer that reuses its input before a shortcut that does": lambda: [
        Dense(4),
        BiasActivationDropout(ACTIVATIONS["tanh"], Concrete(F(-0.5), F(0.1)), 0.01),
        ResidualBlock(Chain(Dense(3), NeverAsks(2)), Dense(2)),
    ],
    "an output that is needed, seen by a view": lambda: [
        Dense(4),
        BiasActivationDropout(ACTIVATIONS["tanh"], Concrete(F(-0.5), F(0.1)), 0.01),
        Reshape((2, 2)),
        Reshape(),
    ],
    "an output that is needed, seen by a shortcut": lambda: [
        Dense(4),
        BiasActivationDropout(ACTIVATIONS["tanh"], Concrete(F(-0.5), F(0.1)), 0.01),
        ResidualBlock(Chain(Dense(3), BiasActivationDropout(ACTIVATIONS["tanh"]), Dense(2)), shortcut=Dense(2)),
    ],
    "input noise and dropout": lambda: [InputNoise(0.5), Dropout(HALF), Dropout(HALF, augment=True), Dense(4)],
}
OBJECTIVES = {
    "cross-entropy": (CrossEntropy(F(0.0)), 3, 3),
    "confidence penalty": (CrossEntropy(F(0.25)), 3, 3),
    "squared error": (SquaredError(), 2, 2),
    "gaussian": (GaussianLikelihood(F(3.0)), 4, 2),
}


def problem(n_targets, n=7, p=3, seed=0):
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((n, p)), rng.uniform(0.0, 2.0, n)
    T = rng.random((n, n_targets))
    return x, T / T.sum(axis=1, keepdims=True), w


def built(layers, width_out, p=3, seed=0):
    rng = np.random.default_rng(seed)
    net = Net(Chain(*layers, Dense(width_out), Bias()), (p,), rng, np.float64)
    net.theta += 0.2 * rng.standard_normal(net.theta.size)
    return net


def objective_of(net, objective, x, T, w, seed=5):
    """The objective at the net's parameters, the seed of the noise held."""
    ctx = Context(seed, train=True, noisy=True)
    ctx.set_batch(w)
    scores, _ = net(x, ctx)
    return evaluate(objective, scores, T, w, len(w), np.empty_like(scores)) + net.regularizer()


N_DIRECTIONS = 30  # random ones, along which the derivatives of larger nets are compared


def derivative_along(net, f, direction, step):
    """Central difference of the fourth order."""
    here, values = net.theta.copy(), []
    for k in (-2.0, -1.0, 1.0, 2.0):
        net.theta[:] = here + k * step * direction
        values.append(f())
    net.theta[:] = here
    return (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step)


def assert_gradient(found, net, f, tol=1e-6, step=1e-5):
    """Whether a gradient is that of f, relative to its norm.

    Random directions of length 1 see an error in any weight, in the same proportion to the norm of the gradient as the
    weights themselves, which are gone through one by one where there are few, and where the profile is thorough.
    """
    directions = np.eye(net.theta.size)
    if net.theta.size > N_DIRECTIONS and not THOROUGH:
        directions = np.random.default_rng(0).standard_normal((N_DIRECTIONS, net.theta.size))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    wanted = np.array([derivative_along(net, f, direction, step) for direction in directions])
    scale = np.linalg.norm(wanted)
    assert scale > 1e-3
    assert np.linalg.norm(directions @ found - wanted) <= tol * scale


def gradient(net, objective, x, T, w, seed=5, train=True, noisy=True, largest_batch=1):
    """Loss of a batch; its gradient is left in the net."""
    with Gradients(net, seed, largest_batch, train, noisy) as gradients:
        return gradients(objective, Minibatch(x, T, w))


def multiply(noise, x, out, seed=3):
    """Write x times the noise of its rows to `out`."""
    perturb(noise, by_position(x), (seed, 0, x.shape[1], x.shape[1], 1), by_position(out))


def check_gradient(net, objective, x, T, w):
    memory = net.memory.copy()
    gradient(net, objective, x, T, w)
    found = net.grad.copy()
    net.memory[:] = memory
    assert_gradient(found, net, lambda: objective_of(net, objective, x, T, w))


@pytest.mark.plain
@pytest.mark.parametrize("case", CASES)
def test_layers__gradients_of_layers(case):
    x, T, w = problem(2)
    check_gradient(built(CASES[case](), 2), SquaredError(), x, T, w)


@pytest.mark.plain
@pytest.mark.parametrize("name", OBJECTIVES)
def test_layers__gradients_of_objectives(name):
    objective, width, n_targets = OBJECTIVES[name]
    x, T, w = problem(n_targets)
    check_gradient(built(CASES["bernoulli"](), width), objective, x, T, w)


COMBINATIONS = combinations(
    ["bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"],
    [None, "batch", "layer"],
    [None, "weight", "spectral"],
    [False, True],
)


@pytest.mark.parametrize(("kind", "normalization", "weights", "residual"), COMBINATIONS)
def test_layers__gradients_in_combination(kind, normalization, weights, residual):
    objective, width, n_targets = OBJECTIVES["confidence penalty"]
    x, T, w = problem(n_targets, n=9)
    a = Architecture((5, 5, 5), "silu", residual, normalization, weights, (0.2, 0.3, 0.4), 0.2, kind, 0.3, 0.1, 0.1)
    net = build_mlp(a, (3,), width, 50, np.random.default_rng(1), np.float64)
    net.theta += 0.1 * np.random.default_rng(2).standard_normal(net.theta.size)
    check_gradient(net, objective, x, T, w)


def seed_of(x):
    """The seed that gives a hash x at place 0: the steps of lowbias32 backwards."""
    x ^= x >> 16
    x = x * pow(0x846CA68B, -1, 2**32) % 2**32
    x ^= x >> 15 ^ x >> 30
    x = x * pow(0x7FEB352D, -1, 2**32) % 2**32
    return x ^ x >> 16


@pytest.mark.plain
def test_layers__uniform_numbers_are_never_0_or_1():
    """At the ends of the hash: the normal number of 0 or 1 would be infinite."""
    for end in (0, 0xFFFFFFFF):
        u = uniform(seed_of(end), 0)
        assert abs(u - (end > 0)) < 1e-6
        assert 0.0 < u < 1.0
        assert np.isfinite(normal(u))


@pytest.mark.plain
def test_layers__uniform_numbers_are_lowbias32_compiled_or_not():
    plain = getattr(uniform, "py_func", uniform)
    for seed, place in itertools.product((0, 7, 2**32 - 1), (0, 1, 2**32 - 1, 2**32, 3 * 2**40 + 5)):
        x = place % 2**32 * 0x9E3779B9 % 2**32 ^ (place >> 32) * 0x7FEB352D % 2**32 ^ seed
        x = (x ^ x >> 16) * 0x7FEB352D % 2**32
        x = (x ^ x >> 15) * 0x846CA68B % 2**32
        expected = ((x ^ x >> 16) // 2**9 + 0.5) / 2**23
        assert uniform(seed, place) == plain(seed, place) == expected


@pytest.mark.plain
def test_layers__uniform_and_normal_numbers():
    u = np.array([uniform(s, i) for s in (1, 2**31, 2**32 - 1) for i in range(4000)])
    assert (u > 0.0).all()
    assert (u < 1.0).all()
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u[:4000], u[4000:8000])[0, 1]) < 0.06
    assert abs(np.corrcoef(u[:3999], u[1:4000])[0, 1]) < 0.06
    grid = np.array([1e-6, 1e-4, 0.01, 0.3, 0.5, 0.7, 0.99, 0.9999, 1.0 - 1e-6], dtype=np.float32)
    np.testing.assert_allclose([normal(v) for v in grid], stats.norm.ppf(grid.astype(float)), rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_layers__noise_keeps_the_mean_and_has_the_variance_of_bernoulli(kind, rate):
    ones = np.ones((1000, 200), np.float32)
    out = np.empty_like(ones)
    multiply(dropout_noise(kind, rate), ones, out, 11)
    variance = rate / (1.0 - rate)
    assert abs(out.mean(dtype=float) - 1.0) < 5.0 * np.sqrt(variance / out.size)
    assert abs(out.var(dtype=float) / variance - 1.0) < 0.03


def test_layers__adaptive_noise_has_its_expectation():
    v = np.full((1000, 200), 0.7, np.float32)
    out = np.empty_like(v)
    noise = dropout_noise("adaptive", 0.3)
    multiply(noise, v, out)
    multiply(noise.at_inference(), v[:1], v[:1])
    assert abs(out.mean(dtype=float) / v[0, 0] - 1.0) < 0.01
    assert noise.factor(F(0.0), F(0.6999)) == 1.0  # at 0 it keeps 1 - rate
    assert noise.factor(F(0.0), F(0.7001)) == 0.0


def test_layers__row_noise_is_one_factor_a_row():
    x = np.ones((50, 3))
    out = np.empty_like(x)
    perturb(HALF, by_position(x), (3, 0, 1, 0, 0), by_position(out))
    assert (np.ptp(out, axis=1) == 0.0).all()
    assert set(np.unique(out)) == {0.0, float(F(1 / 0.7))}


def masks_average(net, width, x, rate):
    """Exact mean over all 2^width masks of a net of two dense layers, with probabilities of a rate."""
    (W1, b1, W2, b2) = (
        p.value for p in (*net.weights()[:1], net.layer.layers[1].bias, *net.weights()[1:], bias_of(net))
    )
    h = np.maximum(x @ W1 + b1, 0.0)
    mean = 0.0
    for mask in itertools.product([0.0, 1.0], repeat=width):
        kept = np.array(mask)
        share = np.prod(np.where(kept > 0.0, 1.0 - rate, rate))
        mean = mean + share * softmax((h * kept / (1.0 - rate)) @ W2 + b2, axis=1)
    return mean


def bias_of(net):
    return net.layer.layers[-1].bias


def test_layers__monte_carlo_mean_is_the_average_over_all_masks():
    X, T, _ = problem(3, n=5)
    model = DropoutMLPClassifier(
        (6,), standardize=None, dropout=0.4, normalization=None, early_stopping=False, random_state=0
    )
    model.fit(X, T.argmax(axis=1) if len(set(T.argmax(axis=1))) > 1 else np.arange(5) % 2)
    exact = masks_average(model._net.astype(np.float64), 6, X, 0.4)
    draws = model.sample_predictions(X, 4000)
    error = draws.std(axis=0) / np.sqrt(4000)
    assert (np.abs(draws.mean(axis=0) - exact) < 5.0 * error + 1e-6).all()
    assert np.abs(model.predict_proba(X) - exact).max() > 5.0 * error.max()  # weight scaling is another number


def test_chain__does_not_write_to_a_memmap_that_it_sees_by_views(tmp_path):
    x = np.memmap(tmp_path / "x", np.float64, "w+", shape=(6, 4))
    x[:] = np.arange(24.0).reshape(6, 4) ** 2
    before = np.array(x)
    net = built([Reshape((2, 2)), Reshape((4,)), LayerNorm()], 2, p=4)
    gradient(net, SquaredError(), x, np.ones((6, 2)), np.ones(6))
    np.testing.assert_array_equal(x, before)


def test_layers__weight_scaling_is_exact_for_a_linear_net():
    net = built(
        [
            Dense(5),
            BiasActivationDropout(ACTIVATIONS["identity"], HALF),
            Dense(4),
            BiasActivationDropout(ACTIVATIONS["identity"], HALF),
        ],
        2,
    )
    x, _, _ = problem(2)
    ctx = Context(1, noisy=True)
    draws = np.array([net(x, ctx)[0].copy() for _ in range(20000)])
    error = draws.std(axis=0) / np.sqrt(20000)
    assert (np.abs(draws.mean(axis=0) - net(x, Context())[0]) < 5.0 * error).all()


def one_weight(kind, decay=0.0, l2=0.0, l1=0.0, clip_norm=None):
    """A net of one weight and one bias, and its optimizer."""
    net = Net(Chain(Dense(1), Bias()), (1,), np.random.default_rng(0), np.float64)
    net.theta[:] = 1.0
    optimizer = Optimizer(net, kind)
    optimizer.configure(net, 0.9, {"weights": GroupPenalty(decay, l2, l1)}, clip_norm)
    return net, optimizer


def test_layers__decoupled_decay_is_geometric_and_adam_with_l2_is_linear():
    for decay in (0.1, 1.0):
        net, optimizer = one_weight("adamw", decay)
        for _ in range(10):
            optimizer.step(net, 0.01)
        np.testing.assert_allclose(net.theta, [(1.0 - 0.01 * decay) ** 10, 1.0], rtol=1e-12)
        net, optimizer = one_weight("adam", decay)
        for _ in range(10):
            optimizer.step(net, 0.01)
        # Adam divides the gradient of the penalty by its own size: every step is nearly the rate, whatever the decay
        np.testing.assert_allclose(net.theta, [0.9, 1.0], rtol=2e-3)


def test_layers__first_steps_of_the_rules():
    for kind, wanted in (("adamw", 0.9), ("sgd", 1.0 - 0.1 * 3.0 * 1.9)):
        net, optimizer = one_weight(kind)
        net.grad[:] = 3.0
        optimizer.step(net, 0.1)
        np.testing.assert_allclose(net.theta, wanted, rtol=1e-7)
    net, optimizer = one_weight("sgd", clip_norm=1.0)
    net.grad[:] = [3.0, 4.0]
    optimizer.step(net, 0.1)
    np.testing.assert_allclose(net.theta, 1.0 - 0.1 * 1.9 * np.array([0.6, 0.8]))
    net, optimizer = one_weight("sgd", clip_norm=10.0)
    net.grad[:] = [3.0, 4.0]
    optimizer.step(net, 0.1)
    np.testing.assert_allclose(net.theta, 1.0 - 0.1 * 1.9 * np.array([3.0, 4.0]))  # small gradients stay


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_layers__moments_of_a_gradient_that_stays_zero_vanish(kind):
    net = Net(Chain(Dense(1), Bias()), (1,), np.random.default_rng(0), F)
    optimizer = Optimizer(net, kind)
    optimizer.configure(net, 0.9, {"weights": GroupPenalty()}, None)
    net.grad[:] = 1e-3
    optimizer.step(net, 0.001)
    net.grad[:] = [0.0, 1e-21]
    optimizer.second *= F(1e-22)  # as after many steps
    for _ in range(9000):
        optimizer.step(net, 0.001)
        for moment in (optimizer.first, optimizer.second):
            assert (np.abs(moment[moment != 0.0]) > np.finfo(F).tiny).all()
    assert optimizer.first[0] == 0.0
    assert not optimizer.second.any()


def test_layers__l1_after_the_decay_towards_a_centre():
    found = []
    for pull in (0.0, 1e-12):  # with and without the decay, L1 has loops of its own
        net, optimizer = one_weight("adamw", decay=0.1, l1=0.5)
        layers = {"weights": LayerRule(1.0, pull)}
        optimizer.configure(net, 0.9, {"weights": GroupPenalty(0.1, 0.0, 0.5)}, None, layers, np.ones(2))
        for step in range(20):
            net.grad[:] = [math.sin(step), 0.0]
            optimizer.step(net, 0.01)
        found.append(net.theta.copy())
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_layers__l1_gives_exact_zeros_and_leaves_biases_alone():
    net, optimizer = one_weight("sgd", l1=1.0)
    for _ in range(30):
        optimizer.step(net, 0.1)
    assert net.theta.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("kind", "momentum", "rate"), [("adamw", 0.9, 0.03), ("sgd", 0.0, 0.2), ("sgd", 0.9, 0.02)])
def test_layers__l1_finds_the_lasso(kind, momentum, rate):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 5)).astype(np.float32)
    y = X @ [2.0, -1.0, 0.0, 0.0, 0.0] + 0.1 * rng.standard_normal(200)
    net = DropoutMLPRegressor(
        (), standardize=None, dropout=0.0, l1=0.1, weight_decay=0.0, early_stopping=False, optimizer=kind,
        momentum=momentum, learning_rate=rate, max_iter=1000, batch_size=200, random_state=0,
    ).fit(X, y)  # fmt: skip
    lasso = Lasso(alpha=0.1, tol=1e-10).fit(X.astype(float), (y - y.mean()) / y.std())
    np.testing.assert_allclose(net.weights_[0].ravel(), lasso.coef_, atol=1e-4)
    assert net.sparsity_ == 0.6


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_layers__training_without_noise_finds_ridge(kind):
    """Full batches, coupled L2: the minimum is ridge regression's."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 4)).astype(np.float32)
    y = X @ [2.0, -1.0, 0.5, 0.0] + rng.standard_normal(100)
    w = rng.uniform(0.1, 2.0, 100)
    net = DropoutMLPRegressor(
        (), standardize=None, dropout=0.0, l2=0.3, l1=0.0, weight_decay=0.0, early_stopping=False, optimizer=kind,
        learning_rate=0.05, max_iter=2000, batch_size=100, random_state=0,
    ).fit(X, y, w)  # fmt: skip
    ridge = Ridge(alpha=0.3 * w.sum()).fit(X, y, w)
    np.testing.assert_allclose(net.predict(X), ridge.predict(X), atol=2e-4)


def test_layers__input_noise_is_ridge():
    """The expected gradient of a linear net under input noise is that with ``sigma^2`` of L2 (Bishop 1995)."""
    x, T, _ = problem(2, n=6)
    w = np.ones(6)
    net = built([InputNoise(0.5)], 2)
    grads = []
    with Gradients(net, 1) as gradients:
        for _ in range(20000):
            gradients(SquaredError(), Minibatch(x, T, w))
            grads.append(net.grad.copy())
    grads = np.array(grads)
    gradient(net, SquaredError(), x, T, w, train=False, noisy=False)
    n_weights = net.segment_ends[-1]
    wanted = net.grad.copy()
    wanted[:n_weights] += 0.25 * net.theta[:n_weights] / 2  # the loss is averaged over two outputs
    assert (np.abs(grads.mean(axis=0) - wanted) < 5.0 * grads.std(axis=0) / np.sqrt(len(grads)) + 1e-12).all()


def test_layers__mixed_rows_have_the_mixed_loss():
    """Cross-entropy and weights are linear in the target: a mixed row costs what its two labels cost, by shares."""
    X, T, w = problem(3, n=6)
    source = Batches(X, Targets(T, None), w, np.arange(6), 6, mixup=0.4, dtype=np.float64)
    x, t, both = next(iter(source.epoch(np.random.default_rng(0))))[:3]
    order = np.random.default_rng(0).permutation(np.arange(6))
    rng = np.random.default_rng(0)
    rng.permutation(np.arange(6))
    share = rng.beta(0.4, 0.4)
    np.testing.assert_allclose(x, share * X[order] + (1.0 - share) * X[order[::-1]])
    scores = np.random.default_rng(1).standard_normal((6, 3))
    d = np.empty((6, 3))
    mixed = evaluate(CrossEntropy(F(0.0)), scores, t, both, 6, d)
    own = evaluate(CrossEntropy(F(0.0)), scores, T[order], w[order], 6, d)
    partner = evaluate(CrossEntropy(F(0.0)), scores, T[order[::-1]], w[order[::-1]], 6, d)
    np.testing.assert_allclose(mixed, share * own + (1.0 - share) * partner)
    sparse = Batches(sp.csr_matrix(X), Targets(T, None), w, np.arange(6), 6, mixup=0.4, dtype=np.float64)
    rows, t_sparse, *_ = next(iter(sparse.epoch(np.random.default_rng(0))))
    np.testing.assert_allclose(rows.dot(np.eye(3), np.empty((6, 3))), x)
    np.testing.assert_allclose(t_sparse, t)


def test_layers__sharpness_aware_gradient():
    """The gradient where ``rho g / ||g||`` leads, under the same noise; parameters and statistics as after one pass."""
    x, T, w = problem(2)
    net = built(CASES["batch norm"](), 2)
    before = net.memory.copy()
    gradient(net, SquaredError(), x, T, w)
    memory, g, here = net.memory.copy(), net.grad.copy(), net.theta.copy()
    net.theta += 0.3 * g / np.linalg.norm(g)
    gradient(net, SquaredError(), x, T, w)
    wanted = net.grad.copy()
    net.theta[:] = here
    net.memory[:] = before
    with Gradients(net, 5) as gradients:
        SharpnessAware(gradients, 0.3)(SquaredError(), Minibatch(x, T, w))
    np.testing.assert_allclose(net.grad, wanted, rtol=1e-10)
    assert (net.theta == here).all()
    np.testing.assert_array_equal(net.memory, memory)


@pytest.mark.parametrize("halved", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_layers__gradient_by_the_rows(case, halved, monkeypatch):
    """It is the derivative of the loss by every number of the rows; nets do not compute it where it is not wanted."""
    monkeypatch.setattr(parallel, "_is_worth_halving", lambda *_: halved)
    x, T, w = problem(3)
    net, objective = built(CASES[case](), 3), CrossEntropy(F(0.0))
    with Gradients(net, 5, len(x), of_rows=True) as gradients:
        memory = net.memory.copy()
        gradients(objective, Minibatch(x, T, w))
    net.memory[:] = memory
    assert not net.layer.needs_input_gradient
    step, wanted = 1e-5, np.empty_like(x)
    for i, j in np.ndindex(x.shape):
        move = np.zeros_like(x)
        move[i, j] = step
        above, below = (objective_of(net, objective, x + side * move, T, w) for side in (1.0, -1.0))
        wanted[i, j] = (above - below) / (2.0 * step)
    np.testing.assert_allclose(gradients.by_row, wanted, atol=1e-7)


def test_layers__adversarial_loss_of_a_linear_classifier():
    """The worst rows of a linear net are known: epsilon lowers their margins by ``epsilon ||w||_1`` (section 5)."""
    rng = np.random.default_rng(0)
    x, labels, w = rng.standard_normal((40, 3)), rng.integers(0, 2, 40), rng.uniform(0.5, 1.5, 40)
    net, epsilon = built([], 2), 0.3

    def mean_loss():
        W, b = (param.value[..., 1] - param.value[..., 0] for param in net.trained)
        margins = (2 * labels - 1) * (x @ W + b)
        worst = margins - epsilon * np.abs(W).sum()
        return 0.5 * np.mean(w * (np.logaddexp(0.0, -margins) + np.logaddexp(0.0, -worst)))

    with Gradients(net, 5, of_rows=True) as gradients:
        Adversarial(gradients, epsilon)(CrossEntropy(F(0.0)), Minibatch(x, np.eye(2)[labels], w))
    assert_gradient(net.grad.copy(), net, mean_loss)


def test_layers__adversarial_gradient_tends_to_the_plain_one():
    """Both passes see the same noise, and the buffers are those of one pass."""
    x, T, w = problem(2)
    net = built(CASES["batch norm"](), 2)
    before = net.memory.copy()
    gradient(net, SquaredError(), x, T, w)
    wanted, memory = net.grad.copy(), net.memory.copy()
    net.memory[:] = before
    with Gradients(net, 5, of_rows=True) as gradients:
        Adversarial(gradients, 1e-9)(SquaredError(), Minibatch(x, T, w))
    np.testing.assert_allclose(net.grad, wanted, rtol=1e-6)
    np.testing.assert_array_equal(net.memory, memory)


def test_layers__sharpness_aware_and_adversarial():
    """Sharpness of the adversarial loss: its gradient where that gradient leads."""
    x, T, w = problem(2)
    net = built(CASES["tanh"](), 2)
    batch = Minibatch(x, T, w)
    with Gradients(net, 5, of_rows=True) as gradients:
        moved = Adversarial(gradients, 0.1)
        moved(SquaredError(), batch)
        here, g = net.theta.copy(), net.grad.copy()
        net.theta += 0.3 * g / np.linalg.norm(g)
        moved(SquaredError(), batch)
        wanted = net.grad.copy()
        net.theta[:] = here
        SharpnessAware(moved, 0.3)(SquaredError(), batch)
    np.testing.assert_allclose(net.grad, wanted, rtol=1e-10)


def test_layers__sparse_rows_are_dense_rows():
    X, T, w = problem(2, n=12)
    X[np.abs(X) < 0.5] = 0.0
    layers = lambda: [Dropout(HALF), Dropout(HALF, augment=True), Dense(4), BiasActivationDropout(ACTIVATIONS["tanh"])]  # noqa: E731
    results = []
    for data in (X, sp.csr_matrix(X)):
        net = built(layers(), 2)
        source = Batches(data, Targets(T, None), w, np.arange(12), 5, dtype=np.float64)
        x, t, v = next(iter(source.epoch(np.random.default_rng(0))))[:3]
        loss = gradient(net, SquaredError(), x, t, v)
        results.append((loss, net.grad.copy()))
    np.testing.assert_allclose(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1])


def test_layers__batches_cover_the_rows_and_have_nearly_one_size():
    X = np.arange(103.0)[:, None]
    source = Batches(X, Targets(X, None), np.ones(103), np.arange(3, 103), 32)
    seen = [x.ravel() for x, *_ in source.epoch(np.random.default_rng(0))]
    assert [len(x) for x in seen] == [25] * 4
    assert sorted(np.concatenate(seen)) == list(range(3, 103))


def test_layers__projection_of_columns():
    W = np.array([[3.0, 0.1], [4.0, 0.2]])
    assert project_columns(W, 1.0)
    np.testing.assert_allclose(W, [[0.6, 0.1], [0.8, 0.2]])
    assert not project_columns(W, 1.1)


def test_layers__spectral_norm_is_one_after_every_step_and_max_norm_holds():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 6)).astype(np.float32), rng.integers(0, 2, 200)
    for options, bound in (
        (dict(weight_normalization="spectral"), 1.0 + 1e-5),
        (dict(max_norm=0.5), 0.5 * (1.0 + 1e-5)),
    ):
        common = dict(ensemble_size=1, standardize=None, l1=0.0, max_iter=1, learning_rate=0.1, random_state=0)
        model = DropoutMLPClassifier((8, 8), **common, **options).fit(X, y)
        for _ in range(20):
            model.partial_fit(X, y)
            for W in model.weights_[:-1]:
                norm = np.linalg.norm(W, 2) if "max_norm" not in options else np.linalg.norm(W, axis=0).max()
                assert norm <= bound
                assert "max_norm" in options or norm >= 1.0 - 1e-5
    common = dict(ensemble_size=1, batch_size=20, learning_rate=0.1, l1=0.0, random_state=0)
    model = DropoutMLPClassifier((8,), max_norm=0.5, **common).fit(X, y)
    assert np.linalg.norm(model.weights_[0], axis=0).max() <= 0.5 * (1.0 + 1e-5)


def test_layers__architecture_of_the_perceptron():
    a = Architecture((4, 4, 3), "relu", True, "batch", "weight", (0.1,) * 3, 0.2, "bernoulli", 0.5, 0.1, 0.1)
    net = build_mlp(a, (2,), 5, 10, np.random.default_rng(0))
    kinds = [type(part).__name__ for part in net.layer.layers]
    assert kinds == [
        "InputNoise", "Dropout", "Dropout", "Dense", "BiasActivationDropout", "ResidualBlock", "Dense",
        "BiasActivationDropout", "Dense", "Bias",
    ]  # fmt: skip
    assert net.segment_groups == ["hidden1", "hidden2", "hidden3", "output"]
    assert net.segment_ends[-1] == 2 * 4 + 4 * 4 + 4 * 3 + 3 * 5
    assert net.theta.size == net.segment_ends[-1] + (4 + 4 + 3 + 5) + 2 * (4 + 4 + 3)  # biases; scales and lengths


def test_layers__noise_does_not_come_again_beyond_32_bits():
    places = np.arange(1000)
    assert [uniform(7, p) for p in places] != [uniform(7, p + 2**32) for p in places]


@pytest.mark.plain
def test_layers__places_of_fused_noise_are_those_of_one_factor():
    """Also where 32 bits overflow between two places."""
    n, channels, seed, rng = 3, 40, 2**32 - 5, np.random.default_rng(0)
    z = rng.standard_normal((n, 1, channels)).astype(F)
    mean, scale, bias = (rng.integers(1, 5, channels).astype(F) for _ in range(3))  # whose sums are exact enough
    inputs = (z - mean) * scale + bias
    for first in (0, (2**32 - 50) // channels):
        slope, out = np.empty(z.size, F), np.empty_like(z)
        fused_forward(Relu(), HALF, z, mean, scale, bias, (seed, first, channels, channels, 1), slope, out)
        places = first * channels + np.arange(z.size)
        factors = np.array([HALF.factor(F(0.0), uniform(seed, place)) for place in places]).reshape(z.shape)
        np.testing.assert_allclose(out, np.maximum(inputs, 0.0) * factors, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(slope.reshape(z.shape), (inputs > 0.0) * factors)


RATES = {
    "constant": [1.0, 1.0, 1.0, 1.0],
    "cosine": [1.0, 0.5 + 0.25 * 2**0.5, 0.5, 0.5 - 0.25 * 2**0.5],
    "step": [1.0, 1.0, 0.1, 0.01],
    "exponential": [1.0, 0.01**0.25, 0.1, 0.01**0.75],
}


@pytest.mark.parametrize("schedule", RATES)
def test_layers__schedules(schedule):
    np.testing.assert_allclose([rate_at(k, 8, schedule, 0) for k in (0, 2, 4, 6)], RATES[schedule])
    warm = [rate_at(k, 12, schedule, 4) for k in range(4)]
    np.testing.assert_allclose(warm, [0.2, 0.4, 0.6, 0.8])
    np.testing.assert_allclose([rate_at(4 + k, 12, schedule, 4) for k in (0, 2, 4, 6)], RATES[schedule])


def test_layers__one_cycle_rises_and_falls():
    rates = [rate_at(k, 1000, "one-cycle", 0) for k in range(1000)]
    assert rates[0] == pytest.approx(0.04)
    assert np.argmax(rates) == 300
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 1e-4


def test_layers__running_statistics():
    rng = np.random.default_rng(0)
    layer = BatchNorm()
    layer.build((3,), rng, np.float64)
    mean, deviation = np.zeros(3), np.ones(3)
    for seen, n in enumerate((5, 7, 4, *[6] * 20)):
        x = rng.standard_normal((n, 3)) * [1.0, 2.0, 3.0] + [0.0, 1.0, 2.0]
        share = max(0.1, 1.0 / (seen + 1))
        mean, deviation = mean + share * (x.mean(0) - mean), deviation + share * (x.std(0, ddof=1) - deviation)
        layer(x.copy(), Context(train=True))
    np.testing.assert_allclose(layer.mean.value, mean)
    np.testing.assert_allclose(layer.deviation.value, deviation)
    x = rng.standard_normal((4, 3))
    np.testing.assert_allclose(layer(x.copy(), Context())[0], (x - mean) / np.sqrt(deviation**2 + 1e-5))


@pytest.mark.parametrize("sparse", [False, True])
def test_layers__refreshed_statistics_are_means_over_an_epoch_with_its_noise(sparse):
    rng, n = np.random.default_rng(0), 30000
    X = rng.standard_normal((n, 4))
    net = Net(
        Chain(Dropout(HALF), Dense(3), BatchNorm(), BiasActivationDropout(ACTIVATIONS["tanh"])), (4,), rng, np.float64
    )
    before, W = net.theta.copy(), net.weights()[0].value
    data, targets = sp.csr_matrix(X) if sparse else X, Targets(np.zeros((n, 1)), None)
    refresh_statistics(net, Batches(data, targets, np.ones(n), np.arange(n), 300, dtype=np.float64))
    norm = net.layer.layers[2]
    np.testing.assert_allclose(norm.mean.value, X.mean(axis=0) @ W, atol=0.02)
    np.testing.assert_allclose(norm.deviation.value, np.sqrt((W**2).sum(axis=0) / 0.7), rtol=0.02)
    np.testing.assert_array_equal(net.theta, before)
    assert norm.least == LEAST_SHARE


def test_layers__depth_makes_drops_likelier():
    a = Architecture((8, 8, 8, 8), "relu", True, None, None, (0.0,) * 4, 0.0, "bernoulli", 0.6, 0.0, 0.0)
    net = build_mlp(a, (2,), 2, 10, np.random.default_rng(0))
    rates = [part.noise.rate for part in net.layer.modules() if isinstance(part, Dropout)]
    np.testing.assert_allclose(rates, [0.2, 0.4, 0.6])


def moments(x, weights):
    """Mean and variance of the channels of x, as batch normalization computes them."""
    mean, squares = np.empty((2, x.shape[-1]), x.dtype)
    total = channel_moments(by_position(x), weights, mean, squares)
    return mean, squares / x.dtype.type(total)


def test_channel_moments__follow_the_weights():
    x, _, w = problem(2, n=700)
    w[5] = 0.0
    for rows, weights in ((x, w), (x.reshape(7, 100, -1), w[:7]), (x.reshape(2, 350, -1), np.array([0.0, 2.0]))):
        mean, variance = moments(rows, weights)
        spread = np.repeat(weights, rows.size // len(rows) // rows.shape[-1])
        np.testing.assert_allclose(mean, np.average(x, axis=0, weights=spread))
        np.testing.assert_allclose(variance, np.average((x - mean) ** 2, axis=0, weights=spread))


def test_channel_moments__huge_batches_keep_their_digits():
    x = (1000.0 + np.random.default_rng(0).standard_normal((200_000, 2))).astype(np.float32)
    mean, variance = moments(x, np.ones(len(x), np.float32))
    np.testing.assert_allclose(mean, x.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(variance, x.var(axis=0, dtype=np.float64), rtol=1e-4)


@pytest.mark.plain
@pytest.mark.parametrize(  # blocks of 256 positions end, and the last sixteen channels overlap those before them
    "shape", [(3, 90, 16), (3, 87, 16), (259, 1, 32), (2, 1, 16), (259, 1, 17), (3, 87, 31), (7, 1, 100)]
)
def test_batch_norm__sixteen_channels_at_a_time_are_as_one(shape):
    rng = np.random.default_rng(0)
    x, d, slope = (5.0 + rng.standard_normal(shape) for _ in range(3))
    width = shape[2]
    rows, given, slopes = (array.reshape(-1, width) for array in (x, d, slope))
    for weights in (rng.random(shape[0]), np.r_[np.zeros(shape[0] - 1), 1.0]):
        results = []
        for moments in (channel_moments, moments_by_lanes):
            mean, squares = np.empty((2, width))
            results.append((mean, squares, moments(x, weights, mean, squares)))
        for found, wanted in zip(*results, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    results = []
    for sums in (gradient_sums, gradient_sums_by_lanes):
        own, out, scale_grad, bias_grad = given.copy(), np.empty((2, width)), np.ones(width), np.ones(width)
        sums(own, slopes, rows, rows.mean(axis=0), 1.0 / rows.std(axis=0), out, scale_grad, bias_grad)
        results.append((own, out, scale_grad, bias_grad))
    for found, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-9)


def test_batch_norm__a_batch_without_weight_leaves_the_running_means():
    rng, layer, ctx = np.random.default_rng(0), BatchNorm(), Context(train=True)
    layer.build((2,), rng, np.float32)
    ctx.set_batch(np.ones(9, np.float32))
    layer(rng.standard_normal((9, 2)).astype(np.float32), ctx)
    before = layer.mean.value.copy(), layer.deviation.value.copy()
    ctx.set_batch(np.zeros(9, np.float32))
    out, _ = layer(50.0 + rng.standard_normal((9, 2)).astype(np.float32), ctx)
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(layer.mean.value, before[0])
    np.testing.assert_array_equal(layer.deviation.value, before[1])


def test_row_weights__effective_number():
    rows = RowWeights.empty(8, F)
    rows.write(np.full(8, 0.25, F), None)
    assert (rows.relative == 1.0).all()
    np.testing.assert_array_equal(rows.totals, [0.25, 8.0])
    part = RowWeights.empty(2, np.float64)
    part.write(np.array([1.0, 1.0, 0.0, 0.0]), slice(1, 3))
    np.testing.assert_allclose(part.relative, [2.0, 0.0])
    np.testing.assert_allclose(part.totals, [0.5, 2.0])


def test_net__refuses_a_layer_that_occurs_twice():
    layer = Dense(3)
    with pytest.raises(ValueError, match="a Dense layer occurs twice in the net"):
        Net(Chain(layer, LayerNorm(), layer), (3,), np.random.default_rng(0))


def test_dropout_noise__refuses_unknown_kinds():
    with pytest.raises(ValueError, match=r"dropout kind must be one of 'bernoulli', .*; got 'spatial'"):
        dropout_noise("spatial", 0.5)
