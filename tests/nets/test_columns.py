"""The columns of a table as layers: embeddings of numbers and categories against finite differences and by hand."""

import numpy as np
import pytest

from skreg._nets.base import Chain
from skreg._nets.context import Context
from skreg._nets.layers.activations import ACTIVATIONS, BiasActivationDropout
from skreg._nets.layers.columns import CategoryVectors, TableColumns
from skreg._nets.layers.dense import Dense
from skreg._nets.layers.dropout import InputNoise
from skreg._nets.layers.numbers import PeriodicNumbers, PiecewiseNumbers
from skreg._nets.layers.sequences import Embedding
from skreg._nets.net import Net
from skreg._nets.noise import Bernoulli
from skreg._nets.objectives import SquaredError
from tests.nets.test_layers import built, check_gradient, problem

F = np.float32
EDGES = [np.array([-1.0, -0.2, 0.3, 1.5]), np.array([-0.5, 0.5]), np.array([-2.0, 0.0, 0.1])]


def piecewise():
    return PiecewiseNumbers(EDGES, 4)


def periodic():
    return PeriodicNumbers(5, 4, 0.3)


def categories(noise=None):
    shares = np.array([0.3, 0.7]), np.array([0.2, 0.7, 0.1])
    return CategoryVectors(Embedding(6, 4, noise=noise, has_unknown=True), shares)


CASES = {
    "piecewise": lambda: [TableColumns([(3, piecewise())])],
    "periodic": lambda: [TableColumns([(3, periodic())])],
    "piecewise after others": lambda: [Dense(3), TableColumns([(3, piecewise())])],
    "periodic after others": lambda: [Dense(3), TableColumns([(3, periodic())])],
    "some of the columns": lambda: [
        Dense(5),
        TableColumns([(1, Chain()), (3, Chain(InputNoise(0.3), piecewise())), (1, periodic())]),
        BiasActivationDropout(ACTIVATIONS["tanh"]),
    ],
    "tokens": lambda: [TableColumns([(1, periodic()), (2, PiecewiseNumbers(EDGES[:2], 4))], tokens=True), Flat()],
}


class Flat(TableColumns):
    """One row of numbers from tokens."""

    def __init__(self):
        self.belongs_to = None

    def build(self, shape, rng, dtype):
        return (int(np.prod(shape)),)

    def trace(self, trainable):
        return trainable

    def modules(self):
        yield self

    def __call__(self, x, ctx):
        return x.reshape(len(x), -1), lambda d: d.reshape(x.shape)


@pytest.mark.plain
@pytest.mark.parametrize("case", CASES)
def test_columns__gradients(case):
    x, T, w = problem(2)
    check_gradient(built(CASES[case](), 2), SquaredError(), x, T, w)


@pytest.mark.plain
@pytest.mark.parametrize("noise", [None, Bernoulli(F(0.3), F(1 / 0.7))])
def test_columns__gradients_of_categories(noise):
    x, T, w = problem(2)
    codes = np.random.default_rng(0).integers(0, 6, (len(x), 2)).astype(float)
    layer = TableColumns([(3, periodic()), (2, categories(noise))])
    check_gradient(built([layer], 2, p=5), SquaredError(), np.hstack([x, codes]), T, w)


def vectors(layer, x):
    net = Net(layer, (x.shape[1],), np.random.default_rng(0), np.float64)
    net.theta += 0.1 * np.random.default_rng(1).standard_normal(net.theta.size)
    return net(x, Context())[0].copy()


def test_piecewise_numbers__are_those_of_the_paper():
    x = np.random.default_rng(0).standard_normal((50, 3))
    layer = piecewise()
    found = vectors(layer, x)
    for j, edges in enumerate(EDGES):
        places = (x[:, j, None] - edges[:-1]) / np.diff(edges)
        low, high = np.zeros(len(edges) - 1), np.ones(len(edges) - 1)
        low[0], high[-1] = -np.inf, np.inf  # outside of all bins it goes on as in the last one
        encoding = np.clip(places, low, high)
        by_hand = encoding @ layer.weight.value[j, : len(edges) - 1]
        by_hand += x[:, j, None] * layer.linear.weight.value[j] + layer.linear.bias.value[j]
        np.testing.assert_allclose(found[:, j], by_hand, atol=1e-12)


def test_periodic_numbers__are_those_of_the_paper():
    x = np.random.default_rng(0).standard_normal((20, 2))
    layer = periodic()
    found = vectors(layer, x)
    for j in range(2):
        angles = 2.0 * np.pi * x[:, j, None] * layer.frequency.value[j]
        waves = np.hstack([np.sin(angles), np.cos(angles)])
        by_hand = np.maximum(waves @ layer.weight.value[j] + layer.bias.value[j], 0.0)
        np.testing.assert_allclose(found[:, j], by_hand, atol=1e-12)


def test_category_vectors__unknown_ones_are_means_of_their_columns():
    layer = categories()
    net = Net(layer, (2,), np.random.default_rng(0), np.float64)
    found = net(np.array([[0.0, 3.0], [2.0, 0.0]]), Context())[0]
    vectors = layer.embedding.table.value
    np.testing.assert_allclose(found[0, 0], 0.3 * vectors[1] + 0.7 * vectors[2])
    np.testing.assert_allclose(found[1, 1], 0.2 * vectors[3] + 0.7 * vectors[4] + 0.1 * vectors[5])
    np.testing.assert_array_equal(found[[0, 1], [1, 0]], vectors[[3, 2]])
    assert (vectors[0] == 0.0).all()


def test_table_columns__refuse_tokens_of_two_widths():
    layers = TableColumns([(1, periodic()), (1, PeriodicNumbers(5, 3, 0.3))], tokens=True)
    with pytest.raises(ValueError, match="tokens of one width"):
        layers.build((2,), np.random.default_rng(0), np.float64)
    with pytest.raises(ValueError, match=r"the layers take \[1, 1\] columns; the input has 3"):
        TableColumns([(1, Chain()), (1, Chain())]).build((3,), np.random.default_rng(0), np.float64)
