"""The columns of a table: numbers, indicators and embedded categories, side by side."""

import math

import numpy as np

from ..base import Layer


class CategoryVectors(Layer):
    """Vectors of categories from their codes (rows, columns); that of unknown ones, code 0, is the mean of the column.

    Parameters
    ----------
    embedding : Embedding
        The vector of code 0 is 0.
    shares : sequence of ndarray
        For every column, the shares of its categories, whose codes follow those of the columns before.
    """

    replayable = True

    def __init__(self, embedding, shares):
        self.embedding = embedding
        self.sizes = np.array([own.size for own in shares])
        self.shares = np.concatenate(shares)[:, None]

    def build(self, shape, rng, dtype):
        out = self.embedding.build((*shape, 1), rng, dtype)
        self.size = math.prod(out)
        self.shares = self.shares.astype(dtype)
        return out

    def __call__(self, x, ctx):
        y, back = self.embedding(x[:, :, None], ctx)
        table, firsts = self.embedding.table, np.cumsum(self.sizes) - self.sizes
        rows = columns = None  # of unknown categories

        def write_means():
            nonlocal rows, columns
            rows, columns = np.nonzero(x == 0)
            if rows.size:
                y[rows, columns] = np.add.reduceat(self.shares * table.value[1:], firsts)[columns]

        ctx.do(write_means)

        def back_with_means(d):
            grad = ctx.grad(table)

            def add_gradient_of_means():
                if rows.size:
                    sums = np.zeros((self.sizes.size, d.shape[2]), d.dtype)
                    np.add.at(sums, columns, d[rows, columns])
                    grad[1:] += self.shares * np.repeat(sums, self.sizes, axis=0)
                    d[rows, columns] = 0.0

            ctx.do(add_gradient_of_means)
            return back(d)

        return y, back_with_means


class TableColumns(Layer):
    """Layers for some of the columns each, whose outputs are put side by side.

    Parameters
    ----------
    parts : sequence of (int, Layer)
        The number of columns that a layer takes, one after another, and the layer. It puts out numbers or tokens.
    tokens : bool
        Whether to put out tokens (rows, columns, width), as all of the layers do, or else one row of numbers.
    belongs_to : str or None
        Name of the layer that the weights belong to.
    """

    replayable = True

    def __init__(self, parts, tokens=False, belongs_to=None):
        self.tokens = tokens
        self.widths = [width for width, _ in parts]
        self.layers = [layer for _, layer in parts]
        self.belongs_to = belongs_to

    def build(self, shape, rng, dtype):
        if sum(self.widths) != shape[0]:
            raise ValueError(f"the layers take {self.widths} columns; the input has {shape[0]}.")
        outs = [layer.build((width,), rng, dtype) for width, layer in zip(self.widths, self.layers, strict=True)]
        self.sizes = [math.prod(out) for out in outs]
        self.size = 2 * sum(self.sizes) + sum(layer.size for layer in self.layers)
        if self.tokens and any(len(out) != 2 or out[1] != outs[0][1] for out in outs):
            raise ValueError(f"the layers must put out tokens of one width; got {outs}.")
        self.shape = (sum(out[0] for out in outs), outs[0][1]) if self.tokens else (sum(self.sizes),)
        return self.shape

    def trace(self, trainable):
        self.needs_input_gradient = trainable
        after = trainable
        for layer in self.layers:
            after = layer.trace(trainable) or after
        return after

    def __call__(self, x, ctx):
        out = ctx.scratch((len(x), sum(self.sizes)), x.dtype)
        backs, given, start = [], 0, 0
        for width, size, layer in zip(self.widths, self.sizes, self.layers, strict=True):
            own = ctx.scratch((len(x), width), x.dtype)
            ctx.do(np.copyto, own, x[:, given : given + width])
            y, back = layer(own, ctx)
            ctx.do(np.copyto, out[:, start : start + size], y.reshape(len(x), size))
            backs.append((back, y.shape))
            given, start = given + width, start + size

        def back(d):
            d = d.reshape(len(d), -1)
            dx = ctx.scratch(x.shape, x.dtype) if self.needs_input_gradient else None
            given, start = 0, 0
            for width, size, (step, shape) in zip(self.widths, self.sizes, backs, strict=True):
                own = ctx.scratch((len(d), size), d.dtype)
                ctx.do(np.copyto, own, d[:, start : start + size])
                found = step(own.reshape(shape))
                if dx is not None:
                    ctx.do(np.copyto, dx[:, given : given + width], 0.0 if found is None else found)
                given, start = given + width, start + size
            return dx

        return out.reshape(len(x), *self.shape), back
