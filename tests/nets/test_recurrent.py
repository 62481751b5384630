"""Recurrent layers, embeddings and pooling of steps, against finite differences, plain loops and theory."""

import itertools

import numpy as np
import pytest
from scipy.special import expit

from skreg._nets.architectures.mlp import Architecture
from skreg._nets.architectures.rnn import RecurrentArchitecture, build_rnn
from skreg._nets.base import Chain
from skreg._nets.context import Context
from skreg._nets.layers.cells import gate
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.recurrent import Bidirectional, Direction
from skreg._nets.layers.sequences import Embedding, PoolSteps, Sequences
from skreg._nets.net import Net
from skreg._nets.noise import Gaussian
from skreg._nets.objectives import CrossEntropy, SquaredError, evaluate_batch, total_weight
from skreg._nets.training.batches import Minibatch, by_similar_length
from skreg._nets.training.evaluation import MeanLoss, scores
from skreg._nets.training.optimizer import GroupPenalty, Optimizer
from skreg._nets.training.parallel import N_PARTS, Gradients
from skreg._nets.training.rows import SEQUENCE_ROWS, Targets, lengths_of
from skreg._nets.weights import DropConnect, WeightNorm
from tests.combinations import combinations
from tests.nets.test_layers import HALF, assert_gradient, check_gradient, gradient, problem

F = np.float32
NOISE = Gaussian(F(0.5))


def sequences(n=4, n_steps=5, n_channels=2, n_targets=2):
    """Sequences of length 3, 5, 1, 5, ..., targets and weights."""
    x, T, w = problem(n_targets, n=n, p=n_steps * n_channels)
    x[0, 3 * n_channels :] = np.nan
    x[2, n_channels:] = np.nan
    return x, T, w


def recurrent_net(layers, width_out=2, n_channels=2, p=10):
    rng = np.random.default_rng(0)
    net = Net(Chain(Sequences(n_channels), *layers, Dense(width_out), Bias()), (p,), rng, np.float64)
    net.theta += 0.2 * rng.standard_normal(net.theta.size)
    return net


def both(cell, width, *args, **options):
    return Bidirectional(*(Direction(cell, width, *args, backwards=back, **options) for back in (False, True)))


CASES = {
    **{f"{cell}, {pool}": (cell, pool) for cell, pool in (("gru", "mean"), ("lstm", "last"), ("rnn", "max"))},
}


@pytest.mark.plain
@pytest.mark.parametrize(("cell", "pooling"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("noise", [None, HALF], ids=["", "noise"])
def test_recurrent__gradients_in_both_directions(cell, pooling, noise):
    x, T, w = sequences()
    layers = [both(cell, 3, "a", noise, noise and NOISE), both(cell, 2, "b", noise), PoolSteps(pooling, 2)]
    check_gradient(recurrent_net(layers), SquaredError(), x, T, w)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_recurrent__gradients_in_one_direction(cell, backwards):
    x, T, w = sequences()
    options = dict(hooks=[WeightNorm()], recurrent_hooks=[WeightNorm(), DropConnect(HALF)], backwards=backwards)
    layers = [Direction(cell, 3, "a", HALF, NOISE, **options), PoolSteps("last", 0 if backwards else 3)]
    check_gradient(recurrent_net(layers), CrossEntropy(F(0.1)), x, T, w)


def test_recurrent__gradients_of_targets_at_every_step():
    x, _, w = sequences()
    T = np.random.default_rng(1).standard_normal((4, 5, 2))
    T[0, 3:], T[2, 1:] = np.nan, np.nan
    net = recurrent_net([both("gru", 3, "a", HALF, HALF)])
    assert net.has_steps
    gradient(net, SquaredError(), x, T, w)
    found = net.grad.copy()

    def loss():
        ctx = Context(5, train=True, noisy=True)
        ctx.set_batch(w)
        z, _ = net(x, ctx)
        return evaluate_batch(SquaredError(), z, T, w, 4, np.empty_like(z))

    assert_gradient(found, net, loss)
    counted = ~np.isnan(T[:, :, 0])
    assert total_weight(T, w) == pytest.approx((w[:, None] * counted).sum())


COMBINATIONS = combinations(
    ["gru", "lstm", "rnn"], [False, True], [False, True], ["bernoulli", "gaussian", "dropconnect"], [None, "weight"]
)


def small_architecture(cell="gru", bidirectional=False, kind="bernoulli", weights=None, **options):
    dense = Architecture((3,), "tanh", False, None, weights, (0.2,), 0.2, kind, 0.2, 0.1, 0.1)
    defaults = dict(
        units=(3, 3), cell=cell, bidirectional=bidirectional, pooling="mean", return_sequences=False,
        embedding_size=None, embedding_dropout=0.0, residual=True, recurrent_dropout=0.3, layer_dropout=(0.2, 0.2),
    )  # fmt: skip
    return RecurrentArchitecture(**{**defaults, **options}, dense=dense)


@pytest.mark.parametrize(("cell", "bidirectional", "steps", "kind", "weights"), COMBINATIONS)
def test_recurrent__gradients_in_combination(cell, bidirectional, steps, kind, weights):
    x, T, w = sequences()
    a = small_architecture(cell, bidirectional, kind, weights, return_sequences=steps)
    net = build_rnn(a, 5, 2, None, 2, 50, np.random.default_rng(0), np.float64)
    net.theta += 0.1 * np.random.default_rng(1).standard_normal(net.theta.size)
    T = np.where(np.isnan(x.reshape(4, 5, 2)), np.nan, T[:, None]) if steps else T
    gradient(net, SquaredError(), x, T, w)
    found = net.grad.copy()

    def loss():
        ctx = Context(5, train=True, noisy=True)
        ctx.set_batch(w)
        z, _ = net(x, ctx)
        return evaluate_batch(SquaredError(), z, T, w, 4, np.empty_like(z))

    assert_gradient(found, net, loss)


@pytest.mark.plain
@pytest.mark.parametrize("noise", [None, HALF], ids=["", "noise"])
def test_embedding__gradient_and_dropped_word_types(noise):
    x = np.array([[1.0, 2.0, 1.0, 0.0], [3.0, 3.0, np.nan, np.nan], [0.0, 4.0, 4.0, np.nan]])
    _, T, w = problem(2, n=3)
    net = recurrent_net([Embedding(5, 3, "e", noise), Direction("rnn", 2, "a"), PoolSteps("mean", 2)], 2, 1, 4)
    check_gradient(net, SquaredError(), x, T, w)
    if noise is not None:
        layer = Embedding(50, 2, "e", noise)
        layer.build((30, 1), np.random.default_rng(0), np.float64)
        tokens = np.random.default_rng(1).integers(0, 50, (40, 30, 1)).astype(float)
        y, _ = layer(tokens, Context(1, train=True, noisy=True))
        factors = (y / layer.table.value[tokens[:, :, 0].astype(int)])[:, :, 0]
        for row, types in zip(factors, tokens[:, :, 0], strict=True):
            for token in np.unique(types):
                assert np.ptp(row[types == token]) < 1e-12  # a word is dropped wherever it occurs
        assert abs((factors == 0.0).mean() - 0.3) < 0.08
        assert len(np.unique(factors[:, 0])) > 1


def plain_cell(cell, x, length, W, U, b, s):
    """All states of a cell for one sequence x (steps, channels)."""
    H = len(U)
    h, c, states = np.zeros(H), np.zeros(H), []
    for t in range(len(x)):
        if t < length:
            a, u = x[t] @ W + b, h @ U
            if cell == "rnn":
                h = np.tanh(a + u)
            elif cell == "gru":
                r, z = expit(a[:H] + u[:H]), expit(a[H : 2 * H] + u[H : 2 * H])
                h = (1.0 - z) * np.tanh(a[2 * H :] + r * (u[2 * H :] + s)) + z * h
            else:
                i, f, o = (expit(a[k * H : (k + 1) * H] + u[k * H : (k + 1) * H]) for k in range(3))
                c = f * c + i * np.tanh(a[3 * H :] + u[3 * H :])
                h = o * np.tanh(c)
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize(("dtype", "tol"), [(np.float64, 1e-13), (np.float32, 2e-6)])
def test_recurrent__states_are_those_of_a_plain_loop(cell, backwards, dtype, tol):
    rng = np.random.default_rng(0)
    layer = Direction(cell, 4, "a", backwards=backwards)
    layer.build((7, 3), rng, dtype)
    layer.bias.value += rng.standard_normal(layer.bias.value.size).astype(dtype)
    layer.state_bias.value += rng.standard_normal(layer.state_bias.value.size).astype(dtype)
    x, lengths = rng.standard_normal((3, 7, 3)).astype(dtype), np.array([7, 1, 4])
    ctx = Context()
    ctx.lengths = lengths
    out, _ = layer(x, ctx)
    arrays = layer.input.weight.value, layer.recurrent.weight.value, layer.bias.value, layer.state_bias.value
    for i, length in enumerate(lengths):
        own = x[i, :length][::-1] if backwards else x[i, :length]
        wanted = plain_cell(cell, own.astype(float), length, *map(np.float64, arrays))
        np.testing.assert_allclose(out[i, :length], wanted[::-1] if backwards else wanted, atol=tol)


def test_cells__gates_are_logistic():
    v = np.linspace(-12.0, 12.0, 2_001, dtype=np.float32)
    assert np.abs(np.array([gate(x) for x in v]) - expit(v.astype(float))).max() < 2e-7


def test_recurrent__initial_weights():
    layer = Direction("lstm", 5, "a")
    layer.build((4, 3), np.random.default_rng(0), np.float64)
    for Q in np.split(layer.recurrent.weight.value, 4, axis=1):
        np.testing.assert_allclose(Q.T @ Q, np.eye(5), atol=1e-12)
    np.testing.assert_array_equal(layer.bias.value.reshape(4, 5), np.outer([0.0, 1.0, 0.0, 0.0], np.ones(5)))


# ---- noise


def masks_of(layer, x, **options):
    """The masks of inputs and of states in one pass."""
    seen = []
    original = layer._masks
    layer._masks = lambda *args: seen.append(original(*args)) or seen[-1]
    layer(x, Context(3, noisy=True, **options))
    return [masks.copy() for masks in seen]


def test_variational_dropout__gates_and_rows_have_masks_of_their_own():
    layer = Direction("gru", 40, "a", HALF, HALF)
    layer.build((4, 30), np.random.default_rng(0), np.float64)
    x = np.ones((20, 4, 30))
    inputs, states = masks_of(layer, x, train=True)
    assert inputs.shape == (3, 20, 30)
    assert states.shape == (3, 20, 40)
    for masks in (inputs, states):
        assert set(np.unique(masks)) == {0.0, float(F(1 / 0.7))}
        assert abs((masks == 0.0).mean() - 0.3) < 4.0 * np.sqrt(0.21 / masks.size)
        assert all((masks[0] != other).any() for other in masks[1:])
        assert (np.ptp(masks, axis=1) > 0.0).any()
    drawn = masks_of(layer, x)  # a Monte Carlo draw: one thinned net for all rows
    for masks in drawn:
        np.testing.assert_array_equal(masks, np.broadcast_to(masks[:, :1], masks.shape))


@pytest.mark.parametrize("backwards", [False, True])
def test_variational_dropout__mask_is_the_same_at_all_steps(backwards):
    """A pass with noise is a pass without it, in which the weights of every gate are those that its mask leaves."""
    rng = np.random.default_rng(0)
    layer = Direction("gru", 4, "a", HALF, HALF, backwards=backwards)
    layer.build((6, 3), rng, np.float64)
    x = rng.standard_normal((5, 6, 3))
    ctx = Context(3, noisy=True)
    found = layer(x, ctx)[0].copy()
    inputs, states = masks_of(layer, x)
    plain = Direction("gru", 4, "a", backwards=backwards)
    plain.build((6, 3), rng, np.float64)
    for own, other, masks in ((plain.input, layer.input, inputs), (plain.recurrent, layer.recurrent, states)):
        gates = np.split(other.weight.value, 3, axis=1)
        own.weight.value = np.concatenate([m[0][:, None] * W for m, W in zip(masks, gates, strict=True)], axis=1)
    np.testing.assert_allclose(found, plain(x, Context())[0], atol=1e-12)


def test_variational_dropout__monte_carlo_mean_is_the_average_over_masks():
    """A net of two units with one mask on the states, all of whose masks are enumerated."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4, 1))
    layer = Direction("rnn", 2, "a", None, HALF)
    layer.build((4, 1), rng, np.float64)
    W, U = layer.input.weight.value, layer.recurrent.weight.value
    wanted = 0.0
    for mask in np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]):
        share = np.prod(np.where(mask > 0.0, 0.7, 0.3))
        rows = [plain_cell("rnn", row, 4, W, (mask / 0.7)[:, None] * U, 0.0, 0.0) for row in x]
        wanted = wanted + share * np.array(rows)
    ctx = Context(1, noisy=True)
    draws = []
    for _ in range(2000):
        ctx.begin()
        draws.append(layer(x, ctx)[0].copy())
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert (np.abs(np.mean(draws, axis=0) - wanted) < 5.0 * error + 1e-6).all()


# ---- batches, padding and threads


def test_recurrent__padding_and_other_rows_never_change_a_prediction():
    rng = np.random.default_rng(0)
    n, n_steps = 150, 9
    X = rng.standard_normal((n, n_steps * 2)).astype(F)
    lengths = rng.integers(1, n_steps + 1, n)
    for i, length in enumerate(lengths):
        X[i, 2 * length :] = np.nan
    for options in (dict(), dict(bidirectional=True, cell="lstm", pooling="max"), dict(return_sequences=True)):
        net = build_rnn(small_architecture(**options), n_steps, 2, None, 3, 50, rng)
        for ctx in (None, Context(7, noisy=True)):
            whole = scores(net, X, ctx=ctx)
            for rows in (np.array([5]), np.arange(100)[::-1], rng.permutation(n)[: SEQUENCE_ROWS + 3]):
                padded = np.full((rows.size, 2 * (n_steps + 6)), np.nan, F)
                padded[:, : X.shape[1]] = X[rows]
                alone = scores(net, padded, ctx=None if ctx is None else Context(7, noisy=True))
                for own, other, length in zip(alone, whole[rows], lengths[rows], strict=True):
                    steps = slice(length) if net.has_steps else slice(None)
                    np.testing.assert_array_equal(own[steps], other[steps])


def test_recurrent__padding_of_a_batch_changes_no_gradient():
    x, T, w = sequences()
    net = recurrent_net([both("lstm", 3, "a", HALF, HALF), PoolSteps("mean", 3)])
    gradient(net, SquaredError(), x, T, w)
    found = net.grad.copy()
    x = np.where(np.isnan(x), np.nan, x)
    gradient(net, SquaredError(), np.hstack([x, np.full((4, 8), np.nan)]), T, w)
    np.testing.assert_allclose(net.grad, found, rtol=1e-12)


def test_recurrent__halves_of_a_batch_give_the_gradient_of_the_whole():
    rng = np.random.default_rng(0)
    a = small_architecture("lstm", True, units=(32,), layer_dropout=(0.2,), residual=False)
    net = build_rnn(a, 40, 2, None, 2, 50, rng, np.float64)
    x, T, w = problem(2, n=64, p=80)
    gradients = []
    for largest in (1, 64):
        with Gradients(net, 3, largest) as of:
            assert len(of.contexts) == (N_PARTS if largest > 1 else 1)
            loss = of(SquaredError(), Minibatch(x, T, w))
            gradients.append((loss, net.grad.copy()))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-12)
    np.testing.assert_allclose(gradients[1][1], gradients[0][1], rtol=1e-9, atol=1e-12)


def test_recurrent__clipping_shortens_the_whole_gradient():
    x, T, w = sequences()
    net = recurrent_net([Direction("gru", 3, "weights"), PoolSteps("last", 3)])
    gradient(net, SquaredError(), x, T, 1000.0 * w)
    before, norm = net.theta.copy(), np.linalg.norm(net.grad)
    direction = net.grad / norm
    optimizer = Optimizer(net, "sgd")
    optimizer.configure(net, 0.0, {"weights": GroupPenalty()}, 1.0)
    optimizer.step(net, 0.1)
    assert norm > 10.0
    np.testing.assert_allclose(net.theta, before - 0.1 * direction, atol=1e-12)


def test_batches__of_similar_length_hold_all_rows():
    rng = np.random.default_rng(0)
    lengths, order = rng.integers(1, 100, 500), rng.permutation(500)
    found, ends = by_similar_length(order, lengths, 60, rng)
    assert sorted(found) == list(range(500))
    assert ends[0] == 0
    assert ends[-1] == 500
    assert set(np.diff(ends)) <= {8, 9}
    spans = [np.ptp(lengths[found[a:b]]) for a, b in itertools.pairwise(ends)]
    assert np.mean(spans) < 10.0
    first = [lengths[found[a]] for a in ends[:-1]]
    assert np.abs(np.diff(first)).mean() > 10.0  # batches are not in the order of their lengths


def test_lengths__are_the_steps_before_the_last_nan():
    X = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, np.nan, np.nan], [np.nan, np.nan, np.nan, np.nan]])
    assert lengths_of(X, 2).tolist() == [2, 1, 0]
    assert lengths_of(np.ones((2, 6), np.int16), 3).tolist() == [2, 2]


def test_mean_loss__counts_every_step_once():
    x, _, w = sequences()
    T = np.random.default_rng(1).standard_normal((4, 5, 2)).astype(F)
    counted = ~np.isnan(x.reshape(4, 5, 2)[:, :, 0])
    T[~counted] = np.nan
    net = recurrent_net([both("gru", 3, "a")])
    z = scores(net, x)
    found = MeanLoss(x, Targets(T, None), w, np.arange(4))(net, SquaredError())
    losses = 0.25 * ((z - T) ** 2).sum(axis=2)
    assert found == pytest.approx(np.average(losses[counted], weights=np.repeat(w, 5)[counted.ravel()]), rel=1e-6)
