"""Sequences of unequal length: where they end, embeddings of tokens, and one row from all steps."""

import math

import numpy as np

from ..._core._jit import njit
from ..base import Layer, Param
from ..noise import ONE, ZERO, NoNoise, uniform


@njit
def find_lengths(x, lengths):
    """Write the number of steps of every sequence in x (rows, steps, channels): those before NaN until the end."""
    for i in range(len(x)):
        t = x.shape[1]
        while t > 0 and np.isnan(x[i, t - 1, 0]):
            t -= 1
        lengths[i] = t


class Sequences(Layer):
    """Sequences from flat rows (rows, steps * channels), in which steps of NaN follow the end of a sequence.

    It cuts the steps after the end of the longest, writes zeros after the others, and sets `Context.lengths`.

    Parameters
    ----------
    n_channels : int
    """

    def __init__(self, n_channels):
        self.n_channels = n_channels

    def build(self, shape, rng, dtype):
        self.size = math.prod(shape)
        return shape[0] // self.n_channels, self.n_channels

    def __call__(self, x, ctx):
        whole = x.reshape(len(x), -1, self.n_channels)
        lengths = np.empty(len(x), np.int64)
        find_lengths(whole, lengths)
        n_steps = max(int(lengths.max(initial=1)), 1)
        out = ctx.scratch((len(x), n_steps, self.n_channels), x.dtype)
        out[:] = whole[:, :n_steps]
        for i in np.flatnonzero(lengths < n_steps):
            out[i, lengths[i] :] = 0.0
        ctx.lengths = lengths

        def back(d):
            if not self.needs_input_gradient:
                return None
            dx = ctx.scratch(whole.shape, x.dtype)
            dx[:] = 0.0
            for i, length in enumerate(lengths):
                dx[i, :length] = d[i, :length]
            return dx.reshape(x.shape)

        return out, back


@njit
def look_up(tokens, table, noise, places, out):
    """Write the rows of a table for tokens (rows, steps), times the factors of their types, to `out`."""
    seed, first, row = places
    n, n_steps = tokens.shape
    for i in range(n):
        start = (first + i) * row
        for t in range(n_steps):
            token = np.int64(tokens[i, t])
            k = noise.factor(ONE, uniform(seed, start + token))
            for c in range(table.shape[1]):
                out[i, t, c] = k * table[token, c]


@njit
def add_to_table(tokens, d, noise, places, out):
    """Add the gradients d of the rows that `look_up` wrote to those of the table."""
    seed, first, row = places
    n, n_steps = tokens.shape
    for i in range(n):
        start = (first + i) * row
        for t in range(n_steps):
            token = np.int64(tokens[i, t])
            k = noise.factor(ONE, uniform(seed, start + token))
            if k != ZERO:
                for c in range(d.shape[2]):
                    out[token, c] += k * d[i, t, c]


class Embedding(Layer):
    """A trainable vector for every token: (rows, steps, 1) to (rows, steps, width).

    With noise, a token has the same factor wherever it occurs in a sequence: word types are dropped, not words (Gal &
    Ghahramani 2016, section 4.2). In a Monte Carlo draw it is the same in all sequences.

    Parameters
    ----------
    n_tokens : int
        Tokens are whole numbers below it.
    width : int
    group : str
        The group whose penalty strengths apply.
    noise : jitted noise or None
    has_unknown : bool
        Whether token 0 stands for unknown ones, and has the vector 0.
    deviation : float
        Standard deviation of the initial vectors.
    """

    replayable = True

    def __init__(self, n_tokens, width, group="embedding", noise=None, has_unknown=False, deviation=1.0):
        self.n_tokens = n_tokens
        self.width = width
        self.group = group
        self.noise = noise
        self.has_unknown = has_unknown
        self.deviation = deviation
        self.is_noisy = noise is not None

    def build(self, shape, rng, dtype):
        self.table = Param(rng.normal(0.0, self.deviation, (self.n_tokens, self.width)).astype(dtype), self.group)
        if self.has_unknown:
            self.table.value[0] = 0.0
        self.size = shape[0] * self.width
        return shape[0], self.width

    def __call__(self, x, ctx):
        tokens, table = x[:, :, 0], self.table.value
        noise, places = NoNoise(), (0, 0, 0)
        out = ctx.scratch((*tokens.shape, self.width), table.dtype)

        def write_vectors():
            nonlocal noise, places
            if self.noise is not None and ctx.noisy:
                noise, places = ctx.at_strength(self.noise), ctx.places((len(x), 1, self.n_tokens))[:3]
            look_up(tokens, table, noise, places, out)

        ctx.do(write_vectors)

        def back(d):
            grad = ctx.grad(self.table)
            ctx.do(lambda: add_to_table(tokens, d, noise, places, grad))

        return out, back


@njit
def max_of_steps(x, lengths, out, winner):
    """Write the largest number of every channel of sequences x (rows, steps, channels), and its step."""
    n, _, n_channels = x.shape
    for i in range(n):
        for c in range(n_channels):
            out[i, c] = x[i, 0, c]
            winner[i, c] = 0
        for t in range(1, lengths[i]):
            for c in range(n_channels):
                if x[i, t, c] > out[i, c]:
                    out[i, c] = x[i, t, c]
                    winner[i, c] = t


@njit
def mean_of_steps(x, lengths, out):
    """Write the mean of every channel of sequences x (rows, steps, channels) over their steps."""
    n, _, n_channels = x.shape
    for i in range(n):
        for c in range(n_channels):
            out[i, c] = ZERO
        for t in range(lengths[i]):
            for c in range(n_channels):
                out[i, c] += x[i, t, c]
        for c in range(n_channels):
            out[i, c] /= lengths[i]


class PoolSteps(Layer):
    """One row of every sequence: (rows, steps, channels) to (rows, channels).

    Parameters
    ----------
    kind : {"last", "mean", "max"}
        "last" is what a layer has put out when it has read everything: at the last step, or at the first one where it
        reads from the end.
    n_forwards : int
        Number of channels, the first ones, of a layer that reads forwards; the others read from the end.
    """

    def __init__(self, kind, n_forwards):
        self.kind = kind
        self.n_forwards = n_forwards

    def build(self, shape, rng, dtype):
        return (shape[1],)

    def __call__(self, x, ctx):
        n, n_steps, n_channels = x.shape
        lengths = np.full(n, n_steps) if ctx.lengths is None else ctx.lengths
        out = ctx.scratch((n, n_channels), x.dtype)
        steps = None  # (n, channels): where the gradient goes
        if self.kind == "mean":
            mean_of_steps(x, lengths, out)
        elif self.kind == "max":
            steps = ctx.scratch((n, n_channels), np.int64)
            max_of_steps(x, lengths, out, steps)
        else:
            steps = np.zeros((n, n_channels), np.int64)
            steps[:, : self.n_forwards] = lengths[:, None] - 1
            out[:] = np.take_along_axis(x, steps[:, None], axis=1)[:, 0]

        def back(d):
            dx = ctx.scratch(x.shape, x.dtype)
            dx[:] = 0.0
            if steps is not None:
                np.put_along_axis(dx, steps[:, None], d[:, None], axis=1)
                return dx
            shares = d / lengths[:, None].astype(x.dtype)
            for i in range(n):
                dx[i, : lengths[i]] = shares[i]
            return dx

        return out, back
