"""The convolutional net: its layers and their order."""

import math
from typing import NamedTuple

import numpy as np

from ..base import Chain, ResidualBlock
from ..layers.activations import ACTIVATIONS, MONOTONE, BiasActivationDropout
from ..layers.convolution import Convolution
from ..layers.dropout import DropBlock, Dropout
from ..layers.normalization import BatchNorm, LayerNorm
from ..layers.pooled import PooledConvolution
from ..layers.pooling import GlobalMeanPool, MaxPool, MeanPool
from ..layers.shapes import Reshape
from ..net import Net
from ..noise import dropout_noise
from .mlp import GAINS, Architecture, dense_layers, input_layers, row_dropout, weight_hooks

POOLING = {"max": MaxPool, "mean": MeanPool}
_SMALLEST_KERNEL = 3  # of those with neighbors


class ConvolutionalArchitecture(NamedTuple):
    """All parameters that decide the layers; tuples have one value for every convolutional layer."""

    channels: tuple
    kernel_size: tuple
    stride: tuple
    pool_size: tuple
    pooling: str
    padding: str
    residual: bool
    global_pooling: bool
    spatial_dropout: float
    drop_block: float
    block_size: int
    dense: Architecture  # the layers after the convolutions, and what both have in common

    def groups(self):
        """Names of the groups of weights, in the order of the layers. All weights of a residual block are one group."""
        return [*(f"conv{k + 1}" for k in range(len(self.channels))), *self.dense.groups()]

    def drop_rate(self, layer):
        """Stochastic depth: the rate of a residual block grows linearly with its depth (Huang et al. 2016)."""
        return self.dense.stochastic_depth * (layer + 1) / len(self.channels)


class _Builder:
    """Makes the parts of a net.

    Parameters
    ----------
    a : ConvolutionalArchitecture
    is_signal : bool
        Whether images have height 1, so that windows have it, too.
    """

    def __init__(self, a, is_signal):
        self.a = a
        self.is_signal = is_signal

    def window(self, size):
        """(height, width) of a window."""
        return (1 if self.is_signal else size), size

    def convolution(self, layer, kernel_size=None, stride=1, padding=None):
        """A convolution to the channels of a layer, with its size of kernels if none is given."""
        a = self.a
        return Convolution(
            a.channels[layer],
            self.window(a.kernel_size[layer] if kernel_size is None else kernel_size),
            self.window(stride),
            a.padding if padding is None else padding,
            f"conv{layer + 1}",
            GAINS.get(a.dense.activation, 1.0),
            weight_hooks(a.dense, None)[0],
        )

    def activation(self, pool=()):
        """Normalization, pooling, then bias and activation."""
        dense = self.a.dense
        activation = ACTIVATIONS[dense.activation]
        if dense.normalization == "batch":
            return [BiasActivationDropout(activation, norm=BatchNorm(), pool=pool[0] if pool else None)]
        normalization = [LayerNorm()] if dense.normalization else []
        return [*normalization, *pool, BiasActivationDropout(activation)]

    def noise(self):
        """Noise on whole channels and on blocks."""
        a, layers = self.a, []
        if a.spatial_dropout > 0.0:
            kind = a.dense.dropout_kind if a.dense.dropout_kind == "gaussian" else "bernoulli"
            layers.append(Dropout(dropout_noise(kind, a.spatial_dropout), shared=("positions",)))
        if a.drop_block > 0.0:
            layers.append(DropBlock(a.drop_block, self.window(a.block_size)))
        return layers

    def pool(self, layer):
        size = self.a.pool_size[layer]
        return [POOLING[self.a.pooling](self.window(size))] if size > 1 else []

    def plain(self, layer):
        """Convolution, normalization, activation, pooling, noise.

        An activation that never decreases commutes with the largest number of a window, so it comes after that, where
        there are fewer numbers. Without normalization, the convolution pools some images at a time, and nobody keeps
        what it puts out. Batch normalization needs that for its moments, and again for its gradient, so it has to be
        whole: `BiasActivationDropout` then pools it in the passes that it makes for the normalization.
        """
        a, pool = self.a, self.pool(layer)
        commutes = a.pooling == "max" and a.dense.activation in MONOTONE
        inside, after = (pool, []) if commutes else ([], pool)
        convolution = self.convolution(layer, stride=a.stride[layer])
        if inside and not a.dense.normalization:
            convolution, inside = PooledConvolution(convolution, inside[0]), []
        return [convolution, *self.activation(inside), *after, *self.noise()]

    def block(self, layer):
        """Two convolutions with normalization and activation before each (He et al. 2016b, figure 1b), then pooling.

        The shortcut is a convolution of single pixels where the block changes the shape. The first block follows a
        convolution to its own channels.
        """
        a, stride = self.a, self.a.stride[layer]
        branch = [*self.activation(), self.convolution(layer, stride=stride, padding="same")]
        branch += [*self.activation(), *self.noise(), self.convolution(layer, padding="same")]
        if a.drop_rate(layer) > 0.0:
            branch.append(row_dropout(a.drop_rate(layer)))
        same = a.channels[layer] == a.channels[max(layer - 1, 0)] and stride == 1
        shortcut = None if same else self.convolution(layer, 1, stride, "same")
        return [ResidualBlock(Chain(*branch), shortcut), *self.pool(layer)]

    def layers(self):
        """All convolutional layers."""
        n, layers = len(self.a.channels), []
        if not self.a.residual:
            for layer in range(n):
                layers += self.plain(layer)
            return layers
        layers.append(self.convolution(0))
        for layer in range(n):
            layers += self.block(layer)
        return [*layers, *self.activation()]


def _check_first_layer(a, height, width):
    """Raise ValueError where a padded kernel or the stride of the first layer is larger than the longer side of images.

    The smallest kernel with neighbors is for images of any size.
    """
    side = max(height, width)
    limits = [("stride", a.stride[0], side)]
    if a.padding == "same":  # others have to fit in their input
        limits.append(("kernel_size", a.kernel_size[0], max(side, _SMALLEST_KERNEL)))
    for name, size, most in limits:
        if size > most:
            images = f"signals of {width} steps" if height == 1 else f"images of {height} x {width}"
            raise ValueError(f"{name}={size} of the first layer is larger than {images}: use {most} or less.")


def build_cnn(a, shape, width_out, n_rows, rng, dtype=np.float32):
    """A net with initial weights, for flat rows.

    Parameters
    ----------
    a : ConvolutionalArchitecture
    shape : tuple of int
        (height, width, channels) of the images.
    width_out : int
        Number of outputs.
    n_rows : int
        Number of training rows, which concrete dropout needs.
    rng : numpy.random.Generator
    dtype : dtype
    """
    _check_first_layer(a, *shape[:2])
    summary = GlobalMeanPool() if a.global_pooling else Reshape()
    layers = [*input_layers(a.dense), Reshape(shape), *_Builder(a, shape[0] == 1).layers(), summary]
    layers += dense_layers(a.dense, width_out, n_rows)
    return Net(Chain(*layers), (math.prod(shape),), rng, dtype)
