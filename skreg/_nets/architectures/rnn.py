"""The recurrent net: its layers and their order."""

from typing import NamedTuple

import numpy as np

from ..base import Chain, ResidualBlock
from ..layers.dropout import Dropout
from ..layers.recurrent import Bidirectional, Direction
from ..layers.sequences import Embedding, PoolSteps, Sequences
from ..net import Net
from ..noise import dropout_noise
from ..weights import DropConnect
from .mlp import EMBEDDING, Architecture, dense_layers, input_layers, row_dropout, weight_hooks

STEPS = ("positions",)  # steps of a sequence have the same factors


class RecurrentArchitecture(NamedTuple):
    """All parameters that decide the layers; tuples have one value for every recurrent layer."""

    units: tuple
    cell: str
    bidirectional: bool
    pooling: str
    return_sequences: bool
    embedding_size: int | None
    embedding_dropout: float
    residual: bool
    recurrent_dropout: float
    layer_dropout: tuple
    dense: Architecture  # the layers after the recurrent ones, and what both have in common

    def groups(self):
        """Names of the groups of weights, in the order of the layers."""
        first = [] if self.embedding_size is None else [EMBEDDING]
        return [*first, *(f"recurrent{k + 1}" for k in range(len(self.units))), *self.dense.groups()]

    def widths(self):
        """Channels that every recurrent layer puts out."""
        return [units * (1 + self.bidirectional) for units in self.units]

    def skips(self):
        """Recurrent layers with a skip connection: those as wide as the one before."""
        widths = self.widths()
        return [k for k in range(1, len(widths)) if self.residual and widths[k] == widths[k - 1]]

    def noise(self, rate):
        """Noise on inputs, states and outputs of recurrent layers, which has no mask of its own at every step."""
        return dropout_noise("gaussian" if self.dense.dropout_kind == "gaussian" else "bernoulli", rate)


def _direction(a, layer, backwards):
    """A recurrent layer that reads in one direction."""
    drops_weights = a.dense.dropout_kind == "dropconnect"
    recurrent = a.noise(a.recurrent_dropout)
    own = [DropConnect(recurrent)] if drops_weights and recurrent is not None else []
    return Direction(
        a.cell,
        a.units[layer],
        f"recurrent{layer + 1}",
        a.noise(a.layer_dropout[layer - 1] if layer else a.dense.input_dropout),
        None if drops_weights else recurrent,
        weight_hooks(a.dense, None)[0],
        [*weight_hooks(a.dense, None)[0], *own],
        backwards,
    )


def _recurrent(a, layer):
    """A recurrent layer, in one direction or in both, with its skip connection."""
    directions = [_direction(a, layer, backwards) for backwards in (False, True)[: 1 + a.bidirectional]]
    whole = Bidirectional(*directions) if a.bidirectional else directions[0]
    skips = a.skips()
    if layer not in skips:
        return whole
    rate = a.dense.stochastic_depth * (skips.index(layer) + 1) / len(skips)
    return ResidualBlock(Chain(whole, *([row_dropout(rate)] if rate > 0.0 else [])))


def build_rnn(a, n_steps, n_channels, n_tokens, width_out, n_rows, rng, dtype=np.float32):
    """A net with initial weights, for flat rows.

    Parameters
    ----------
    a : RecurrentArchitecture
    n_steps : int
        Of the longest training sequence; others may be longer.
    n_channels : int
    n_tokens : int or None
        Size of the vocabulary, where the one channel holds tokens.
    width_out : int
        Number of outputs, of a sequence or of each of its steps.
    n_rows : int
        Number of training rows, which concrete dropout needs.
    rng : numpy.random.Generator
    dtype : dtype
    """
    layers = [Sequences(n_channels)]
    if a.embedding_size is not None:
        layers.append(Embedding(n_tokens, a.embedding_size, EMBEDDING, a.noise(a.embedding_dropout)))
    layers += input_layers(a.dense._replace(input_dropout=0.0))
    layers += [_recurrent(a, layer) for layer in range(len(a.units))]
    if not a.return_sequences:
        layers.append(PoolSteps(a.pooling, a.units[-1]))
    last = a.noise(a.layer_dropout[-1])
    if last is not None:
        layers.append(Dropout(last, STEPS))
    layers += dense_layers(a.dense, width_out, n_rows, STEPS if a.return_sequences else ())
    return Net(Chain(*layers), (n_steps * n_channels,), rng, dtype)
