"""The multilayer perceptron: its layers and their order."""

from typing import NamedTuple

import numpy as np

from ..base import Chain, ResidualBlock
from ..layers.activations import ACTIVATIONS, BiasActivationDropout
from ..layers.columns import CategoryVectors, TableColumns
from ..layers.dense import Bias, Dense, Weighted
from ..layers.dropout import Dropout, InputNoise
from ..layers.members import MemberDense, MemberInputs, Members, Scale, at_members
from ..layers.normalization import BatchNorm, LayerNorm
from ..layers.numbers import PeriodicNumbers, PiecewiseNumbers
from ..layers.sequences import Embedding
from ..net import Net
from ..noise import Bernoulli, dropout_noise
from ..weights import DropConnect, SpectralNorm, WeightNorm

GAINS = {"relu": 2.0, "leaky_relu": 2.0, "gelu": 2.0, "silu": 2.0}
NORMALIZATION = "batch", "layer"
WEIGHTS = {"weight": WeightNorm, "spectral": SpectralNorm}
OUTPUT = "output"  # the group of the weights of the last layer
EMBEDDING = "embedding"  # the group of the vectors of tokens, of categories, and of numbers
CATEGORY_SIZE = 8  # width of the vectors of categories (Holzmüller et al. 2024, section 3)
NUMBER_SIZE = 16  # width of the vectors of numbers (Gorishniy et al. 2025)
N_FREQUENCIES = 24  # of periodic embeddings
FREQUENCY = 0.1  # standard deviation of the first frequencies of these, for scaled numbers


class Architecture(NamedTuple):
    """All parameters that decide the layers; sequences have one value for every hidden layer."""

    hidden_layer_sizes: tuple
    activation: str
    residual: bool
    normalization: str | None
    weight_normalization: str | None
    dropout: tuple
    input_dropout: float
    dropout_kind: str
    stochastic_depth: float
    input_noise: float
    feature_mask: float
    ensemble_size: int = 1

    @property
    def dense(self):
        """The part that describes dense layers: all of it."""
        return self

    def skips(self):
        """Hidden layers with a skip connection: those as wide as the one before."""
        sizes = self.hidden_layer_sizes
        return [k for k in range(1, len(sizes)) if self.residual and sizes[k] == sizes[k - 1]]

    def groups(self):
        """Names of the groups of weights, in the order of the layers."""
        return [*(f"hidden{k + 1}" for k in range(len(self.hidden_layer_sizes))), OUTPUT]


def weight_hooks(a, noise, n_members=1):
    """Transformations of the weights of a layer, and the noise that is left for its units.

    The weights of the layer that begins a shared ensemble become those of all its members.
    """
    hooks = [WEIGHTS[a.weight_normalization]()] if a.weight_normalization else []
    if n_members > 1:
        hooks.append(MemberInputs(n_members))
    if a.dropout_kind == "dropconnect" and noise is not None:
        return [*hooks, DropConnect(noise)], None
    return hooks, noise


def input_layers(a):
    """Noise on the inputs."""
    layers = []
    if a.input_noise > 0.0:
        layers.append(InputNoise(a.input_noise))
    if a.feature_mask > 0.0:
        layers.append(Dropout(Bernoulli(np.float32(a.feature_mask), np.float32(1.0)), augment=True))
    kind = a.dropout_kind if a.dropout_kind == "gaussian" else "bernoulli"
    noise = dropout_noise(kind, a.input_dropout)
    if noise is not None:
        layers.append(Dropout(noise))
    return layers


def row_dropout(rate, shared=("positions", "channels")):
    """Stochastic depth: a whole row has one factor."""
    return Dropout(dropout_noise("bernoulli", rate), shared)


def _hidden(a, layer, n_rows, shared, width_in):
    """Weights, normalization, and units with their dropout; with a skip connection, as its residual branch.

    `width_in` is the number of inputs of every member, None where all members have those of the row.
    """
    k, width = a.ensemble_size, a.hidden_layer_sizes[layer]
    begins = width_in is None
    hooks, noise = weight_hooks(a, dropout_noise(a.dropout_kind, a.dropout[layer]), k if begins else 1)
    dense = Dense(width, a.groups()[layer], GAINS.get(a.activation, 1.0), hooks)
    parts = [dense] if begins else at_members(k, width_in, dense)
    norm = BatchNorm() if a.normalization == "batch" else None
    if norm is None:
        parts += at_members(k, width, LayerNorm()) if a.normalization else []
        parts += [Scale()] if k > 1 else []
    parts.append(BiasActivationDropout(ACTIVATIONS[a.activation], noise, 1.0 / (n_rows * k), shared, norm))
    skips = a.skips()
    if layer not in skips:
        return parts
    rate = a.stochastic_depth * (skips.index(layer) + 1) / len(skips)
    if rate > 0.0:
        parts += at_members(k, width, row_dropout(rate, "channels")) if k > 1 else [row_dropout(rate)]
    return [ResidualBlock(Chain(*parts))]


def dense_layers(a, width_out, n_rows, shared=(), width_in=None):
    """Hidden layers and the output layer.

    Parameters
    ----------
    a : Architecture
    width_out : int
    n_rows : int
        Number of training rows, which concrete dropout needs.
    shared : collection of {"positions"}
        What has a factor of dropout in common.
    width_in : int or None
        Where the members of a shared ensemble are apart already, the number of inputs of each.
    """
    layers = []
    for layer, width in enumerate(a.hidden_layer_sizes):
        layers += _hidden(a, layer, n_rows, shared, width_in)
        width_in = width
    k = a.ensemble_size
    if k > 1:
        return [*layers, MemberDense(k, width_out, OUTPUT), Bias(), Members(k, width_out)]
    return [*layers, Dense(width_out, OUTPUT), Bias()]


class TableArchitecture(NamedTuple):
    """All parameters that decide the layers of a net for tables, and what these see of a table."""

    missing: str
    standardize: str | None
    numeric_embedding: str | None
    embedding_size: int | str
    embedding_dropout: float
    dense: Architecture

    def groups(self):
        """Names of the groups of weights that have strengths of their own; those of columns have the first one's."""
        return self.dense.groups()


def number_vectors(a, inputs):
    """The embedding of numbers."""
    width = NUMBER_SIZE if a.embedding_size == "auto" else a.embedding_size
    if a.numeric_embedding == "piecewise":
        return PiecewiseNumbers(inputs.edges, width, EMBEDDING)
    return PeriodicNumbers(N_FREQUENCIES, width, FREQUENCY, EMBEDDING)


def category_vectors(a, inputs):
    """The embedding of the categories that have codes."""
    width = CATEGORY_SIZE if a.embedding_size == "auto" else a.embedding_size
    dropout = dropout_noise("gaussian" if a.dense.dropout_kind == "gaussian" else "bernoulli", a.embedding_dropout)
    embedding = Embedding(inputs.n_codes, width, EMBEDDING, dropout, has_unknown=True)
    return CategoryVectors(embedding, [column.shares for column in inputs.coded])


def column_layers(a, inputs):
    """Noise on the inputs, and embeddings of numbers, and of the categories that have codes."""
    layers = input_layers(a.dense)
    if inputs is None:
        return layers
    if a.numeric_embedding is not None and inputs.n_numbers:
        parts = (inputs.n_numbers, number_vectors(a, inputs)), (inputs.n_plain - inputs.n_numbers, Chain())
        layers = [*layers, TableColumns([part for part in parts if part[0]], belongs_to=a.groups()[0])]
    if not inputs.coded:
        return layers
    parts = (inputs.n_plain, Chain(*layers)), (len(inputs.coded), category_vectors(a, inputs))
    return [TableColumns([part for part in parts if part[0]], belongs_to=a.groups()[0])]


def build_table_mlp(a, inputs, n_features, width_out, n_rows, rng, dtype=np.float32):
    """A net for tables with initial weights.

    Parameters
    ----------
    a : TableArchitecture
    inputs : Inputs or None
        What the layers see of a table; None for its numbers as they are.
    n_features : int
        Columns of the table.
    width_out : int
    n_rows : int
        Number of training rows, which concrete dropout needs.
    rng : numpy.random.Generator
    dtype : dtype
    """
    width = n_features if inputs is None else inputs.width
    layers = [*column_layers(a, inputs), *dense_layers(a.dense, width_out, n_rows)]
    return Net(Chain(*layers), (width,), rng, dtype, inputs)


def build_mlp(a, shape, width_out, n_rows, rng, dtype=np.float32):
    """A net with initial weights; `n_rows` is the number of training rows, which concrete dropout needs."""
    return Net(Chain(*input_layers(a), *dense_layers(a, width_out, n_rows)), shape, rng, dtype)


def end_of_hidden_layer(net, k):
    """How many layers of a net are before the end of hidden layer k, which may be negative: counted from the last."""
    stages = net.layer.layers
    ends = [i + 1 for i, stage in enumerate(stages) if isinstance(stage, (BiasActivationDropout, ResidualBlock))]
    return ends[k]


def scale_outputs(net, factor):
    """Multiply the outputs of a net that ends with `dense_layers` by a factor."""
    modules = list(net.layer.modules())
    weighted, bias = ([module for module in modules if isinstance(module, kind)][-1] for kind in (Weighted, Bias))
    for param in (weighted.weight, bias.bias):
        param.value *= param.value.dtype.type(factor)
    net.keep_copies()  # new ones
