"""The multilayer perceptron: its layers and their order."""

from typing import NamedTuple

import numpy as np

from .activations import ACTIVATIONS, BiasActivationDropout
from .base import Chain, Net, ResidualBlock
from .dense import Bias, Dense
from .dropout import Dropout, InputNoise
from .noise import Bernoulli, dropout_noise
from .norm import BatchNorm, LayerNorm
from .weights import DropConnect, SpectralNorm, WeightNorm

_GAINS = {"relu": 2.0, "leaky_relu": 2.0, "gelu": 2.0, "silu": 2.0}
_NORMALIZATION = {"batch": BatchNorm, "layer": LayerNorm}
_WEIGHTS = {"weight": WeightNorm, "spectral": SpectralNorm}


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

    def skips(self):
        """Hidden layers with a skip connection: those as wide as the one before."""
        sizes = self.hidden_layer_sizes
        return [k for k in range(1, len(sizes)) if self.residual and sizes[k] == sizes[k - 1]]


def _hidden(a, layer, rows):
    """Weights, normalization, and units with their dropout; with a skip connection, as its residual branch."""
    noise = dropout_noise(a.dropout_kind, a.dropout[layer])
    hooks = [_WEIGHTS[a.weight_normalization]()] if a.weight_normalization else []
    if a.dropout_kind == "dropconnect" and noise is not None:
        hooks.append(DropConnect(noise))
        noise = None
    gain = _GAINS.get(a.activation, 1.0)
    parts = [Dense(a.hidden_layer_sizes[layer], layer, gain, hooks, first=layer == 0)]
    if a.normalization:
        parts.append(_NORMALIZATION[a.normalization]())
    parts.append(BiasActivationDropout(ACTIVATIONS[a.activation], noise, 1.0 / rows))
    skips = a.skips()
    if layer not in skips:
        return parts
    rate = a.stochastic_depth * (skips.index(layer) + 1) / len(skips)
    if rate > 0.0:
        parts.append(Dropout(dropout_noise("bernoulli", rate), by_row=True))
    return [ResidualBlock(Chain(*parts))]


def perceptron(a, width_in, width_out, rows, rng, dtype=np.float32):
    """A net with initial weights; `rows` is the number of training rows, which concrete dropout needs."""
    layers = []
    if a.input_noise > 0.0:
        layers.append(InputNoise(a.input_noise))
    if a.feature_mask > 0.0:
        layers.append(Dropout(Bernoulli(np.float32(a.feature_mask), np.float32(1.0)), augment=True))
    kind = a.dropout_kind if a.dropout_kind == "gaussian" else "bernoulli"
    noise = dropout_noise(kind, a.input_dropout)
    if noise is not None:
        layers.append(Dropout(noise))
    for layer in range(len(a.hidden_layer_sizes)):
        layers += _hidden(a, layer, rows)
    layers += [Dense(width_out, len(a.hidden_layer_sizes), first=not a.hidden_layer_sizes), Bias()]
    return Net(Chain(*layers), width_in, rng, dtype)


class Half(NamedTuple):
    """Some consecutive layers of a net, called as a net is."""

    layer: Chain
    width_out: int
    dtype: np.dtype

    def __call__(self, x, ctx):
        return self.layer(x, ctx)


def halves(net, hidden, width):
    """The layers of a net up to a hidden layer of the given width, and those after it; parameters are shared."""
    stages = net.layer.layers
    cut = [k + 1 for k, stage in enumerate(stages) if isinstance(stage, (BiasActivationDropout, ResidualBlock))][hidden]
    return Half(Chain(*stages[:cut]), width, net.dtype), Half(Chain(*stages[cut:]), net.width_out, net.dtype)
