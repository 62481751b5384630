"""Noise layers: random factors on numbers, channels, blocks of an image or whole rows, and noise on inputs."""

import functools

import numpy as np

from ..._core._jit import njit
from ..base import Layer, by_position
from ..noise import LARGEST_RATE, ONE, ZERO, normal, perturb, uniform
from ..sparse_rows import SparseRows


class Dropout(Layer):
    """Random factors on the input.

    Parameters
    ----------
    noise : jitted noise
        Its factors must not depend on the values, so that the backward pass is the same multiplication.
    shared : collection of {"positions", "channels"}
        What has a factor in common. Positions: whole channels of an image are dropped (spatial dropout, Tompson et al.
        2015). Both: whole rows (stochastic depth, Huang et al. 2016).
    augment : bool
        Whether this is augmentation of the training data, which Monte Carlo predictions leave out.
    """

    replayable = True

    def __init__(self, noise, shared=(), augment=False):
        self.noise = noise
        self.shared = shared
        self.augment = augment
        self.is_noisy = not augment

    def __call__(self, x, ctx):
        if not ctx.noisy or (self.augment and not ctx.train):
            return x, lambda d: d
        if isinstance(x, SparseRows):
            places = ctx.places((len(x), 1, x.shape[1]), self.shared)
            return x.perturbed(ctx.at_strength(self.noise), places), lambda d: d
        out = ctx.scratch(x.shape, x.dtype)
        whole, target, noise, places = by_position(x), by_position(out), None, None

        def multiply():
            nonlocal noise, places
            noise, places = ctx.at_strength(self.noise), ctx.places(whole.shape, self.shared)
            perturb(noise, whole, places, target)

        ctx.do(multiply)

        def back(d):
            whole = by_position(d)
            ctx.do(lambda: perturb(noise, whole, places, whole))
            return d

        return out, back


@njit
def add_normal(x, deviation, places, out):
    """Write x plus normal noise to `out`."""
    seed, first, row, position, _ = places
    n, n_positions, n_channels = x.shape
    for i in range(n):
        for t in range(n_positions):
            place = (first + i) * row + t * position
            for c in range(n_channels):
                out[i, t, c] = x[i, t, c] + deviation * normal(uniform(seed, place + c))


class InputNoise(Layer):
    """Normal noise on the training inputs; to first order, a penalty on the gradient of the net (Bishop 1995)."""

    replayable = True

    def __init__(self, deviation):
        self.deviation = deviation

    def __call__(self, x, ctx):
        if not (ctx.noisy and ctx.train):
            return x, lambda d: d
        out = ctx.scratch(x.shape, x.dtype)
        whole, target = by_position(x), by_position(out)

        def add():
            add_normal(whole, x.dtype.type(self.deviation * ctx.strength), ctx.places(whole.shape), target)

        ctx.do(add)
        return out, lambda d: d


@njit
def drop_blocks(x, gamma, kept, block, places, n_seeds, seeds, out):
    """Write x (rows, height, width, channels) to `out`: 0 in every block whose corner is a seed, else times `kept`.

    `seeds` is scratch memory of shape (height, width, channels); `n_seeds` (rows, columns) of an image can be corners.
    """
    seed, first, row, _, _ = places
    n, height, width, n_channels = x.shape
    block_y, block_x = block
    corners_y, corners_x = n_seeds
    for b in range(n):
        start = (first + b) * row
        seeds[:] = ONE
        for i in range(corners_y):
            for j in range(corners_x):
                place = start + (i * width + j) * n_channels
                for c in range(n_channels):
                    if uniform(seed, place + c) < gamma:
                        for u in range(block_y):
                            for v in range(block_x):
                                seeds[i + u, j + v, c] = ZERO
        for i in range(height):
            for j in range(width):
                for c in range(n_channels):
                    out[b, i, j, c] = x[b, i, j, c] * kept * seeds[i, j, c]


@functools.lru_cache(16)
def _table(block, sides):
    """Probabilities of a corner from 0 to 1, and the share of all numbers that each drops."""
    corners = [side - size + 1 for size, side in zip(block, sides, strict=True)]
    covers = [
        np.minimum.reduce([np.arange(1, side + 1), np.arange(side, 0, -1), np.full(side, min(size, count))])
        for size, count, side in zip(block, corners, sides, strict=True)
    ]
    n_blocks, counts = np.unique(np.multiply.outer(*covers), return_counts=True)  # that cover a place
    probabilities = np.linspace(0.0, 1.0, 1001) ** 2
    kept = (1.0 - probabilities[:, None]) ** n_blocks @ counts / counts.sum()
    return probabilities, 1.0 - kept


class DropBlock(Layer):
    """Zeros in whole blocks of a channel, at random places (Ghiasi, Lin & Le 2018).

    Blocks lie inside the image. The probability of a block's corner is such that the share `rate` of all numbers is
    dropped on average, and what is kept is divided by ``1 - rate``. During training the rate grows linearly from 0, as
    in section 4.1 of the paper.

    Parameters
    ----------
    rate : float
    block : pair of int
        Height and width of a block, which is not larger than the image.
    """

    is_noisy = True

    def __init__(self, rate, block):
        self.rate = rate
        self.block = tuple(block)

    def build(self, shape, rng, dtype):
        self.shape = shape
        self.block = tuple(min(size, side) for size, side in zip(self.block, shape[:2], strict=True))
        self.n_corners = tuple(side - size + 1 for size, side in zip(self.block, shape[:2], strict=True))
        return shape

    def corner_probability(self, rate):
        """The probability of a corner with which the share `rate` of all numbers is dropped."""
        probabilities, dropped = _table(self.block, self.shape[:2])
        return np.interp(rate, dropped, probabilities)

    def __call__(self, x, ctx):
        rate = min(self.rate * ctx.strength, max(self.rate, LARGEST_RATE)) * ctx.progress
        if not ctx.noisy or rate == 0.0:
            return x, lambda d: d
        places = ctx.places((len(x), self.shape[0] * self.shape[1], self.shape[2]))
        gamma, kept = np.float32(self.corner_probability(rate)), np.float32(1.0 / (1.0 - rate))
        seeds = ctx.scratch(self.shape, x.dtype)
        out = ctx.scratch(x.shape, x.dtype)
        drop_blocks(x, gamma, kept, self.block, places, self.n_corners, seeds, out)

        def back(d):
            drop_blocks(d, gamma, kept, self.block, places, self.n_corners, seeds, d)
            return d

        return out, back
