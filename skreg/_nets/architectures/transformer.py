"""The transformer: its layers and their order."""

from typing import NamedTuple

import numpy as np

from ..base import Chain, ResidualBlock
from ..layers.activations import ACTIVATIONS, BiasActivationDropout
from ..layers.attention import Attention
from ..layers.columns import CategoryVectors, TableColumns
from ..layers.dense import Bias, Dense
from ..layers.dropout import Dropout
from ..layers.members import MemberRows
from ..layers.normalization import LayerNorm
from ..layers.sequences import Embedding, PoolSteps, Sequences
from ..layers.shapes import Reshape
from ..layers.tokens import ClassToken, FeatureTokens, FirstToken, Positions
from ..net import Net
from ..noise import dropout_noise
from .mlp import EMBEDDING, GAINS, Architecture, dense_layers, input_layers, number_vectors, row_dropout, weight_hooks

TOKEN = ("channels",)  # all numbers of a token have the same factor


class TransformerArchitecture(NamedTuple):
    """All parameters that decide the layers; tuples have one value for every block."""

    n_blocks: int
    n_heads: int
    embedding_size: int
    feed_forward_size: int
    pooling: str
    attention_dropout: float
    embedding_dropout: float
    block_dropout: tuple
    attention_entropy: float
    missing: str
    standardize: str | None
    numeric_embedding: str | None
    dense: Architecture  # the layers after the blocks, and what both have in common

    def groups(self):
        """Names of the groups of weights, in the order of the layers."""
        return [EMBEDDING, *(f"block{k + 1}" for k in range(self.n_blocks)), *self.dense.groups()]

    def drop_rate(self, block):
        """Stochastic depth: the rate of both branches of a block grows linearly with its depth (Huang et al. 2016)."""
        return self.dense.stochastic_depth * (block + 1) / self.n_blocks

    def noise(self, rate):
        """Noise on tokens and on the weights of attention."""
        return dropout_noise("gaussian" if self.dense.dropout_kind == "gaussian" else "bernoulli", rate)

    def depth_noise(self, block):
        """The layers of stochastic depth at the end of a branch."""
        rate = self.drop_rate(block)
        return [row_dropout(rate)] if rate > 0.0 else []


def _attention(a, block):
    """The first branch of a block; that of the last block computes what pooling looks at only."""
    group, only_first = f"block{block + 1}", a.pooling == "cls" and block == a.n_blocks - 1
    attention = Attention(
        a.n_heads,
        group,
        a.noise(a.attention_dropout),
        a.attention_entropy / a.n_blocks,
        [weight_hooks(a.dense, None)[0] for _ in range(2)],
        only_first,
    )
    mixed = Dense(a.embedding_size, group, 1.0, weight_hooks(a.dense, None)[0])
    branch = Chain(LayerNorm(shift=True), attention, mixed, Bias(), *a.depth_noise(block))
    return ResidualBlock(branch, FirstToken() if only_first else None)


def _feed_forward(a, block, n_rows):
    """The second branch of a block: two dense layers at every token."""
    group, activation = f"block{block + 1}", a.dense.activation
    hooks, noise = weight_hooks(a.dense, dropout_noise(a.dense.dropout_kind, a.block_dropout[block]))
    branch = Chain(
        LayerNorm(shift=True),
        Dense(a.feed_forward_size, group, GAINS.get(activation, 1.0), hooks),
        BiasActivationDropout(ACTIVATIONS[activation], noise, 1.0 / n_rows),
        Dense(a.embedding_size, group, 1.0, weight_hooks(a.dense, None)[0]),
        Bias(),
        *a.depth_noise(block),
    )
    return ResidualBlock(branch)


def _number_tokens(a, inputs):
    """The layer that makes tokens of numbers, and of indicators of missing ones."""
    tokens = FeatureTokens(a.embedding_size, EMBEDDING)
    if a.numeric_embedding is None or not inputs.n_numbers:
        return tokens
    parts = (inputs.n_numbers, number_vectors(a, inputs)), (inputs.n_plain - inputs.n_numbers, tokens)
    return TableColumns([part for part in parts if part[0]], tokens=True)


def table_tokens(a, inputs=None):
    """Layers that make the tokens of a table: of numbers, of indicators of missing ones, and of categories."""
    noise = a.noise(a.embedding_dropout)
    dropped = [] if noise is None else [Dropout(noise, TOKEN)]
    plain = [*input_layers(a.dense), _number_tokens(a, inputs)]
    if inputs is None or not inputs.coded:
        return [*plain, *dropped]
    size = dict(has_unknown=True, deviation=(3.0 * a.embedding_size) ** -0.5)  # that of the vectors of numbers
    embedding = Embedding(inputs.n_codes, a.embedding_size, EMBEDDING, **size)
    vectors = CategoryVectors(embedding, [column.shares for column in inputs.coded])
    parts = [(inputs.n_plain, Chain(*plain)), (len(inputs.coded), vectors)]
    return [TableColumns([part for part in parts if part[0]], tokens=True), *dropped]


def sequence_tokens(a, n_channels, n_tokens):
    """Layers that make the tokens of sequences: of the channels of their steps, or of a vocabulary."""
    noise, own = a.noise(a.embedding_dropout), input_layers(a.dense)
    if n_tokens is not None:
        steps = [Embedding(n_tokens, a.embedding_size, EMBEDDING, noise), *own]
    else:
        dropped = [] if noise is None else [Dropout(noise, TOKEN)]
        steps = [*own, Dense(a.embedding_size, EMBEDDING), Bias(), *dropped]
    return [Sequences(n_channels), *steps, Positions()]


def build_transformer(a, first, shape, width_out, n_rows, rng, dtype=np.float32, inputs=None):
    """A net with initial weights, for flat rows.

    Parameters
    ----------
    a : TransformerArchitecture
    first : list of Layer
        Layers that make tokens (tokens, embedding_size) of rows.
    shape : tuple of int
        Of a row.
    width_out : int
        Number of outputs.
    n_rows : int
        Number of training rows, which concrete dropout needs.
    rng : numpy.random.Generator
    dtype : dtype
    inputs : Inputs or None
        What the layers see of a table; None for rows as they are.
    """
    has_token, k = a.pooling == "cls", a.dense.ensemble_size
    first = [*first, *([ClassToken()] if has_token else [])]
    layers = []
    for block in range(a.n_blocks):
        layers += [_attention(a, block), _feed_forward(a, block, n_rows)]
    layers.append(Reshape() if has_token else PoolSteps(a.pooling, a.embedding_size))
    layers += [LayerNorm(), BiasActivationDropout(ACTIVATIONS[a.dense.activation])]
    if k > 1:
        layers = [MemberRows(k, *layers)]
    last = dense_layers(a.dense, width_out, n_rows, width_in=a.embedding_size)
    return Net(Chain(*first, *layers, *last), shape, rng, dtype, inputs)
