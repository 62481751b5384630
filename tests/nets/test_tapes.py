"""Recorded passes: their calls, made again for other batches, give what the layers give."""

from itertools import pairwise

import numpy as np
import pytest

from skreg._nets.architectures.mlp import Architecture, build_mlp
from skreg._nets.base import Chain
from skreg._nets.layers.activations import ACTIVATIONS, BiasActivationDropout
from skreg._nets.layers.columns import CategoryVectors, TableColumns
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.dropout import Dropout
from skreg._nets.layers.normalization import BatchNorm
from skreg._nets.layers.sequences import Embedding
from skreg._nets.net import Net
from skreg._nets.noise import Bernoulli
from skreg._nets.objectives import CrossEntropy, SquaredError
from skreg._nets.training.batches import Minibatch
from skreg._nets.training.parallel import Gradients
from skreg._nets.training.tapes import is_replayable

F = np.float32
HALF = Bernoulli(F(0.3), F(1 / 0.7))
PLAIN = Architecture((20, 20), "relu", False, "batch", None, (0.3, 0.3), 0.0, "bernoulli", 0.0, 0.0, 0.0)
NETS = {
    "defaults": PLAIN,
    "few units": PLAIN._replace(hidden_layer_sizes=(5, 5)),
    "layer norm": PLAIN._replace(normalization="layer", activation="gelu"),
    "no norm": PLAIN._replace(normalization=None, dropout_kind="gaussian"),
    "adaptive": PLAIN._replace(dropout_kind="adaptive"),
    "residual": PLAIN._replace(residual=True, stochastic_depth=0.4),
    "inputs": PLAIN._replace(input_noise=0.2, feature_mask=0.2, input_dropout=0.1),
    "members": PLAIN._replace(ensemble_size=3),
    "members without norm": PLAIN._replace(ensemble_size=3, normalization=None),
    "members with layer norm": PLAIN._replace(ensemble_size=3, normalization="layer", residual=True),
}


def batches(sizes, weights, rng):
    """Batches of two columns of numbers, and two of codes that `table_net` can read: of three categories each, or 0."""
    for n, w in zip(sizes, weights, strict=True):
        w = np.full(n, w, F) if np.isscalar(w) else rng.uniform(0.5, 1.5, n).astype(F)
        codes = rng.integers([1, 4], [4, 7], (n, 2)) * (rng.random((n, 2)) < 0.7)
        x = np.hstack([rng.standard_normal((n, 2)), codes]).astype(F)
        yield Minibatch(x, rng.random((n, 2)).astype(F), w)


def table_net():
    embedding = Embedding(7, 3, noise=HALF, has_unknown=True)
    columns = TableColumns([(2, Dropout(HALF)), (2, CategoryVectors(embedding, [np.full(3, 1 / 3)] * 2))])
    hidden = BiasActivationDropout(ACTIVATIONS["relu"], HALF, norm=BatchNorm())
    return Net(Chain(columns, Dense(6), hidden, Dense(2), Bias()), (4,), np.random.default_rng(0))


def steps(net, records, change=lambda net, step: None, objective=None):
    """What every step of a training leaves: loss, gradient, buffers and the state of the noise."""
    found, rng = [], np.random.default_rng(0)
    sizes = [8, 9, 8, 9, 8, 5, 8, 8, 9, 6, 7, 8]
    weights = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, None, 1.0, 2.0, 1.0, 1.0, 1.0]  # None: they differ
    with Gradients(net, 3) as gradients:
        assert gradients._tapes is not None
        if not records:
            gradients._tapes = None
        for step, batch in enumerate(batches(sizes, weights, rng)):
            change(net, step)
            gradients.set_strength(0.5 if step == 4 else 1.0)
            loss = gradients(CrossEntropy(F(0.1)) if objective is None else objective, batch)
            found.append((loss, net.grad.copy(), net.memory.copy(), gradients.state))
            net.theta -= F(0.1) * net.grad
    return found


def assert_same(found, wanted):
    for step, (one, other) in enumerate(zip(found, wanted, strict=True)):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"step {step}")
    assert all((before[1] != after[1]).any() for before, after in pairwise(found))


@pytest.mark.plain
@pytest.mark.parametrize("name", NETS)
def test_tapes__replayed_passes_are_those_of_the_layers(name):
    found, wanted = (steps(build_mlp(NETS[name], (4,), 2, 50, np.random.default_rng(1)), r) for r in (True, False))
    assert_same(found, wanted)


def test_tapes__replayed_passes_of_categories():
    assert_same(steps(table_net(), True), steps(table_net(), False))


def test_tapes__follow_what_is_frozen():
    def change(net, step):
        net.freeze({2: ["hidden1"], 7: ["hidden1", "hidden2"], 9: []}.get(step, ())) if step in (2, 7, 9) else None

    nets = [build_mlp(PLAIN, (4,), 2, 50, np.random.default_rng(1)) for _ in range(2)]
    found, wanted = (steps(net, r, change) for net, r in zip(nets, (True, False), strict=True))
    assert_same(found, wanted)
    assert not found[8][1][: nets[0].segment_ends[1]].any()


def test_tapes__another_loss():
    net = build_mlp(PLAIN, (4,), 2, 50, np.random.default_rng(1))
    other = build_mlp(PLAIN, (4,), 2, 50, np.random.default_rng(1))
    assert_same(steps(net, True, objective=SquaredError()), steps(other, False, objective=SquaredError()))


class Doubling(Bias):
    """A subclass of a layer that is replayable, with work of its own."""

    def __call__(self, x, ctx):
        y, back = super().__call__(x, ctx)
        y *= 2.0
        return y, lambda d: back(2.0 * d)


def test_tapes__a_subclass_with_another_call_is_not_replayed():
    def net(last):
        hidden = BiasActivationDropout(ACTIVATIONS["relu"], HALF, norm=BatchNorm())
        return Net(Chain(Dense(5), hidden, Dense(2), last), (4,), np.random.default_rng(0))

    assert is_replayable(net(Bias()).layer)
    assert not is_replayable(net(Doubling()).layer)
    with Gradients(net(Doubling()), 0) as gradients:
        assert gradients._tapes is None


def test_tapes__batches_of_many_shapes_are_not_all_kept():
    net, rng = build_mlp(PLAIN, (4,), 2, 50, np.random.default_rng(1)), np.random.default_rng(0)
    with Gradients(net, 3) as gradients:
        for batch in batches(range(2, 30), [1.0] * 28, rng):
            gradients(CrossEntropy(F(0.0)), batch)
        assert len(gradients._tapes._tapes) == 4
