"""Recorded passes: their calls, made again for other batches, give what the layers give."""

from itertools import pairwise

import numpy as np
import pytest

from skreg import DropoutMLPClassifier
from skreg._nets.architectures.mlp import Architecture, build_mlp
from skreg._nets.base import Chain
from skreg._nets.layers.activations import ACTIVATIONS, BiasActivationDropout
from skreg._nets.layers.columns import CategoryVectors, TableColumns
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.dropout import Dropout
from skreg._nets.layers.members import MemberRows
from skreg._nets.layers.normalization import BatchNorm
from skreg._nets.layers.numbers import PiecewiseNumbers
from skreg._nets.layers.sequences import Embedding
from skreg._nets.net import Net
from skreg._nets.noise import Bernoulli
from skreg._nets.objectives import CrossEntropy, SquaredError
from skreg._nets.training import parallel
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
SIZES = [8, 9, 8, 9, 8, 5, 8, 8, 9, 6, 8, 9, 8, 8, 9]
# None: they differ; "first" or "second": those of this half are 0, and the others differ
WEIGHTS = [1.0, 1.0, 1.0, 1.0, None, None, None, 0.5, None, 1.0, 0.0, None, "first", "second", "first"]
STRENGTHS = {4: 0.5, 9: 0.7}  # of noise, at some steps


def weights_of(n, kind, rng):
    if isinstance(kind, float):
        return np.full(n, kind)
    weights = rng.permutation(np.arange(1.0, n + 1.0) / n)
    if kind is not None:
        weights[slice(n // 2) if kind == "first" else slice(n // 2, n)] = 0.0
    return weights


def batches(dtype, sizes=SIZES, weights=WEIGHTS):
    """Batches of two columns of numbers, and two of codes that `table_net` can read: of three categories each, or 0."""
    rng = np.random.default_rng(0)
    for n, kind in zip(sizes, weights, strict=True):
        w = weights_of(n, kind, rng)
        codes = rng.integers([1, 4], [4, 7], (n, 2)) * (rng.random((n, 2)) < 0.7)
        x = np.hstack([rng.standard_normal((n, 2)), codes])
        yield Minibatch(*(array.astype(dtype) for array in (x, rng.random((n, 2)), w)))


def mlp(architecture=PLAIN, dtype=F):
    return build_mlp(architecture, (4,), 2, 50, np.random.default_rng(1), dtype)


def table_net(dtype=F):
    embedding = Embedding(7, 3, noise=HALF, has_unknown=True)
    columns = TableColumns([(2, Dropout(HALF)), (2, CategoryVectors(embedding, [np.full(3, 1 / 3)] * 2))])
    hidden = BiasActivationDropout(ACTIVATIONS["relu"], HALF, norm=BatchNorm())
    return Net(Chain(columns, Dense(6), hidden, Dense(2), Bias()), (4,), np.random.default_rng(0), dtype)


def piecewise_net(dtype=F):
    """Of numbers, of which the first two have three bins, and the others one."""
    edges = [np.array([-1.0, 0.0, 0.5, 1.0])] * 2 + [np.array([0.0, 5.0])] * 2
    hidden = BiasActivationDropout(ACTIVATIONS["relu"], HALF, norm=BatchNorm())
    columns = TableColumns([(4, PiecewiseNumbers(edges, 3))])
    return Net(Chain(columns, Dense(6), hidden, Dense(2), Bias()), (4,), np.random.default_rng(0), dtype)


def steps(net, records, objective, freeze, halved, of_rows):
    """What every step of a training leaves, losses, gradients, buffers and the state of the noise; and the replays."""
    found, replays = [], 0
    with Gradients(net, 3, of_rows=of_rows) as gradients:
        assert len(gradients._passes) == 1 + halved
        for passes in gradients._passes:
            assert passes._records
            passes._records = records

        def counted(*args, replay=gradients._passes[0]._replay):
            nonlocal replays
            replays += 1
            return replay(*args)

        gradients._passes[0]._replay = counted
        for step, batch in enumerate(batches(net.dtype)):
            if step in freeze:
                net.freeze(freeze[step])
            gradients.set_strength(STRENGTHS.get(step, 1.0))
            loss = gradients(objective, batch)
            by_row = gradients.by_row.copy() if of_rows else 0.0
            found.append((loss, net.grad.copy(), net.memory.copy(), gradients.state, by_row))
            net.theta -= net.dtype.type(0.1) * net.grad
    return found, replays


def assert_same(make, n_replays=11, objective=None, freeze=(), halved=False, of_rows=False):
    """Whether two trainings are equal, with replays and without."""
    objective = CrossEntropy(F(0.1)) if objective is None else objective
    runs = [steps(make(), records, objective, dict(freeze), halved, of_rows) for records in (True, False)]
    (found, replays), (wanted, _) = runs
    assert replays == n_replays
    for step, (one, other) in enumerate(zip(found, wanted, strict=True)):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"step {step}")
    weightless = WEIGHTS.index(0.0)
    assert all((a[1] != b[1]).any() for k, (a, b) in enumerate(pairwise(found)) if weightless not in (k, k + 1))
    return found


@pytest.mark.plain
@pytest.mark.parametrize("name", NETS)
def test_tapes__replayed_passes_are_those_of_the_layers(name):
    assert_same(lambda: mlp(NETS[name]))


@pytest.mark.parametrize("name", NETS)
def test_tapes__replayed_passes_give_the_gradient_by_the_rows(name):
    found = assert_same(lambda: mlp(NETS[name]), of_rows=True)
    assert all(by_row.any(axis=1).all() for *_, by_row in found[:4])


HALVED = {name: (lambda name=name: mlp(NETS[name], np.float64), dict(of_rows=True)) for name in NETS} | {
    "frozen": (lambda: mlp(dtype=np.float64), dict(n_replays=7, freeze={2: ["hidden1"], 6: []})),
    "categories": (lambda: table_net(np.float64), {}),
    "piecewise numbers": (lambda: piecewise_net(np.float64), dict(of_rows=True)),
}


@pytest.mark.parametrize("name", HALVED)
def test_tapes__replayed_halves_of_batches_are_those_of_the_layers(name, monkeypatch):
    """And they are the whole batches, whatever the weights of a half."""
    make, options = HALVED[name]
    whole = assert_same(make, **options)
    monkeypatch.setattr(parallel, "_is_worth_halving", lambda *_: True)
    halves = assert_same(make, halved=True, **options)
    for step, (one, other) in enumerate(zip(halves, whole, strict=True)):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10, err_msg=f"step {step}")


@pytest.mark.parametrize("normalization", [None, "layer", "batch"])
def test_tapes__a_batch_of_one_row_has_no_halves(normalization, monkeypatch):
    found = []
    for is_halved in (False, True):
        monkeypatch.setattr(parallel, "_is_worth_halving", lambda *_, is_halved=is_halved: is_halved)
        net = mlp(PLAIN._replace(normalization=normalization), np.float64)
        with Gradients(net, 3) as gradients:
            assert len(gradients.contexts) == 1 + is_halved
            losses = [gradients(SquaredError(), b) for b in batches(net.dtype, [5, 1, 5, 1, 5], [1.0] * 5)]
            found.append((losses, net.grad.copy(), net.memory.copy(), gradients.state))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_tapes__double_precision_other_losses_and_categories():
    assert_same(lambda: mlp(dtype=np.float64))
    assert_same(mlp, objective=SquaredError())
    assert_same(table_net)


def test_tapes__follow_what_is_frozen():
    found = assert_same(mlp, n_replays=7, freeze={2: ["hidden1"], 6: []})  # of the second batches of a size since then
    n_weights = mlp().segment_ends[0]
    assert not found[4][1][:n_weights].any()
    assert found[7][1][:n_weights].any()


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
    assert not is_replayable(MemberRows(2, Dense(3)))
    with Gradients(net(Doubling()), 0) as gradients:
        assert not gradients._passes[0]._records


@pytest.mark.parametrize("params", [dict(weight_normalization="weight"), dict(dropout_kind="concrete")], ids=str)
def test_tapes__layers_that_are_not_replayable(params):
    net = mlp(PLAIN._replace(**params))
    with Gradients(net, 0) as gradients:
        assert not gradients._passes[0]._records


def test_tapes__batches_of_many_sizes_keep_the_last_ones():
    sizes = [*range(2, 30), 29]
    nets = [mlp() for _ in range(2)]
    with Gradients(nets[0], 3) as gradients, Gradients(nets[1], 3) as others:
        others._passes[0]._records = False
        for batch in batches(F, sizes, [1.0] * len(sizes)):
            loss, other = (each(CrossEntropy(F(0.0)), batch) for each in (gradients, others))
            assert loss == other
            np.testing.assert_array_equal(nets[0].grad, nets[1].grad)
        assert list(gradients._passes[0]._tapes) == [(n, (n, 4)) for n in range(26, 30)]


@pytest.mark.parametrize(
    "params",
    [
        dict(),
        dict(sam_rho=0.05, class_weight={0: 1.0, 1: 3.0}, ensemble_size=2),
        dict(strength_schedule="annealed", mixup=0.2, max_norm=1.0, optimizer="sgd"),
        dict(strength_schedule="gap", averaging="swa", normalization="layer", input_noise=0.1),
    ],
    ids=str,
)
def test_tapes__whole_fits(params, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 4))
    y, weights = (X[:, 0] + 0.5 * rng.standard_normal(200) > 0.5).astype(int), rng.uniform(0.1, 2.0, 200)
    model = DropoutMLPClassifier((20, 20), max_iter=5, early_stopping=True, random_state=0, **params)
    found = []
    for _ in range(2):
        model.fit(X, y)
        found.append([model._net.theta.copy(), model._net.memory.copy()])
        model.set_params(warm_start=True).fit(X, y, weights).partial_fit(X[:50], y[:50]).partial_fit(X[50:], y[50:])
        found[-1] += [model._net.theta.copy(), model._net.memory.copy()]
        model.set_params(warm_start=False)
        monkeypatch.setattr(parallel, "is_replayable", lambda layer: False)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("is_halved", [False, True])
@pytest.mark.parametrize("is_large", [False, True])
def test_tapes__products_of_large_whole_batches_may_have_several_threads(is_halved, is_large, monkeypatch):
    monkeypatch.setattr(parallel, "_is_worth_halving", lambda *_: is_halved)
    monkeypatch.setattr(parallel, "_is_large", lambda *_: is_large)
    contexts = Gradients(mlp(), 0).contexts
    assert {ctx.one_thread for ctx in contexts} == {is_halved or not is_large}
