"""Strengths that change while a net trains, layers that train at rates of their own, and frozen layers."""

import numpy as np
import pytest

from skreg._nets.base import Chain, Layer
from skreg._nets.context import Context
from skreg._nets.layers.activations import ACTIVATIONS, BiasActivationDropout
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.dropout import DropBlock, Dropout, InputNoise
from skreg._nets.layers.normalization import BatchNorm
from skreg._nets.net import Net
from skreg._nets.noise import LARGEST_RATE, Bernoulli, Gaussian, at_strength, dropout_noise
from skreg._nets.objectives import SquaredError
from skreg._nets.training.batches import Minibatch
from skreg._nets.training.optimizer import GroupPenalty, LayerRule, Optimizer
from skreg._nets.training.parallel import Gradients
from skreg._nets.training.strengths import GAP_BOUNDS, STRENGTHS, StrengthSchedule

F = np.float32
NO_PENALTY = GroupPenalty()


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_at_strength__is_the_noise_of_another_rate(kind):
    for strength in (0.25, 1.5):
        np.testing.assert_allclose(
            at_strength(dropout_noise(kind, 0.4), strength), dropout_noise(kind, 0.4 * strength), rtol=1e-6
        )
    np.testing.assert_allclose(at_strength(dropout_noise(kind, 0.6), 2.0), dropout_noise(kind, LARGEST_RATE), rtol=1e-6)
    mask = Bernoulli(F(0.2), F(1.0))
    np.testing.assert_allclose(at_strength(mask, 0.5), (0.1, 1.0), rtol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        Dropout(Bernoulli(F(0.5), F(2.0))),
        Dropout(Gaussian(F(1.0)), ("positions",)),
        InputNoise(1.0),
        DropBlock(0.5, (2, 2)),
        BiasActivationDropout(ACTIVATIONS["identity"], Bernoulli(F(0.5), F(2.0))),
    ],
)
def test_strength__of_zero_is_no_noise(layer):
    layer.build((4, 4, 2), np.random.default_rng(0), F)
    x = np.random.default_rng(1).standard_normal((3, 4, 4, 2)).astype(F)
    for strength, same in ((0.0, True), (1.0, False)):
        ctx = Context(1, train=True, noisy=True)
        ctx.strength = strength
        assert np.array_equal(layer(x.copy(), ctx)[0], x) == same


def test_strength__schedules():
    at = {name: StrengthSchedule(name) for name in STRENGTHS}
    assert [schedule.now for schedule in at.values()] == [1.0, 0.0, 1.0, 1.0]
    for schedule in at.values():
        schedule.advance(0.5)
    np.testing.assert_allclose([schedule.now for schedule in at.values()], [1.0, 1.0 - np.exp(-5.0), 0.5, 1.0])


def test_strength__follows_the_gap_within_bounds():
    strength = StrengthSchedule("gap")
    strength.follow(0.5, 1.0)  # large, and larger than before
    assert strength.now == pytest.approx(1.1)
    strength.follow(0.6, 1.0)  # large, but smaller
    assert strength.now == pytest.approx(1.1)
    strength.follow(0.95, 1.0)  # small
    assert strength.now == pytest.approx(1.0)
    strength.follow(0.7, 1.4)  # large and larger, but both losses are higher than they were
    assert strength.now == pytest.approx(1.0 / 1.1)
    for _ in range(100):
        strength.follow(1.0, 1.0)
    assert strength.now == GAP_BOUNDS[0]
    for k in range(100):
        strength.follow(1.0 / (k + 2.0), 2.0)
    assert strength.now == GAP_BOUNDS[1]


# ---- optimizer


def two_layers(kind="adamw", rules=None, penalty=NO_PENALTY, centre=None):
    """A net of two layers with one weight and one bias each, all 1, and its optimizer."""
    net = Net(Chain(Dense(1, "first"), Bias(), Dense(1, "last"), Bias()), (1,), np.random.default_rng(0), np.float64)
    net.theta[:] = 1.0
    optimizer = Optimizer(net, kind)
    strengths = {"first": penalty, "last": penalty}
    optimizer.configure(net, 0.0, strengths, None, rules, centre)
    return net, optimizer


@pytest.mark.parametrize("kind", ["adamw", "adam", "sgd"])
def test_optimizer__pull_divides_the_distance_to_the_centre(kind):
    centre = np.array([3.0, 1.0, 5.0, 1.0])
    net, optimizer = two_layers(kind, {"first": LayerRule(1.0, 10.0)}, centre=centre)
    for _ in range(5):
        optimizer.step(net, 0.1)
    np.testing.assert_allclose(net.theta, [3.0 - 2.0 / 2.0**5, 1.0, 5.0 - 4.0 / 2.0**5, 1.0])


def test_optimizer__rates_of_layers_multiply_steps_and_decay():
    net, optimizer = two_layers("sgd", {"first": LayerRule(0.5)}, GroupPenalty(decay=1.0))
    net.grad[:] = 1.0
    optimizer.step(net, 0.1)
    np.testing.assert_allclose(net.theta, [0.95 - 0.05, 0.9 - 0.1, 0.95, 0.9])  # weights, then biases


@pytest.mark.parametrize("kind", ["adamw", "adam"])
def test_optimizer__strength_multiplies_decay(kind):
    found = []
    for strength, decay in ((0.5, 0.4), (1.0, 0.2)):
        net, optimizer = two_layers(kind, penalty=GroupPenalty(decay=decay))
        optimizer.strength = strength
        net.grad[:] = 1e-3
        optimizer.step(net, 0.1)
        found.append(net.theta.copy())
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_optimizer__a_layer_that_no_longer_is_frozen_begins_as_in_a_first_step():
    net, optimizer = two_layers()
    net.freeze({"first"})
    optimizer.set_live(net)
    net.grad[:] = 5.0
    for _ in range(20):
        optimizer.step(net, 0.01)
    np.testing.assert_array_equal(net.theta[[0, 2]], 1.0)
    net.freeze(())
    optimizer.set_live(net)
    optimizer.step(net, 0.01)
    np.testing.assert_allclose(net.theta[[0, 2]], 0.99)  # not larger, as with the corrections of step 21


# ---- frozen layers


class NoWayBack(Layer):
    """Passes its input on, and must have no backward pass."""

    def __call__(self, x, ctx):
        def back(d):
            raise AssertionError("a frozen layer had a backward pass")

        return x, back


def test_net__frozen_layers_have_no_backward_pass_and_keep_their_statistics():
    layers = [Dense(3, "first"), NoWayBack(), BatchNorm(), Bias(), Dense(2, "last"), Bias()]
    net = Net(Chain(*layers), (4,), np.random.default_rng(0))
    assert [p.layer for p in net.trained] == ["first", "last", "first", "first", "last"]
    net.freeze({"first"})
    before = net.memory.copy()
    x = np.random.default_rng(1).standard_normal((5, 4)).astype(F)
    batch = Minibatch(x, np.ones((5, 2), F), np.ones(5, F))
    with Gradients(net, 0) as gradients:
        gradients(SquaredError(), batch)
        assert not any(grad.any() for p, grad in zip(net.trained, net.views(net.grad), strict=True) if p.frozen)
        np.testing.assert_array_equal(net.memory, before)
        net.freeze(())
        with pytest.raises(AssertionError, match="a frozen layer had"):
            gradients(SquaredError(), batch)


def test_net__a_frozen_layer_in_the_middle_passes_gradients_on():
    layers = [Dense(3, "first"), Bias(), Dense(3, "middle"), BatchNorm(), Bias(), Dense(1, "last"), Bias()]
    net = Net(Chain(*layers), (4,), np.random.default_rng(0), np.float64)
    net.memory[:] = np.random.default_rng(2).uniform(0.5, 1.5, net.memory.size)
    net.freeze({"middle"})
    x = np.random.default_rng(1).standard_normal((5, 4))
    batch = Minibatch(x, np.ones((5, 1)), np.ones(5))
    with Gradients(net, 0) as gradients:
        gradients(SquaredError(), batch)
        found = net.grad.copy()
        for k in range(12):  # the weights of the first layer
            ends = []
            for step in (1e-6, -1e-6):
                net.theta[k] += step
                ends.append(gradients(SquaredError(), batch))
                net.theta[k] -= step
            assert found[k] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-9)
