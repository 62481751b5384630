"""A convolution with pooling after it."""

import math

import numpy as np

from ..base import Layer

_BLOCK = 1 << 17  # numbers that the convolution puts out at a time


class PooledConvolution(Layer):
    """The largest number of every window of what a convolution puts out, for some images at a time.

    That is still in the cache when it is pooled, and all images have the same memory for it. The products of the
    convolution are called in turns, which `Context.in_turns` says the conditions of.

    Parameters
    ----------
    convolution : Convolution
    pool : MaxPool
    """

    def __init__(self, convolution, pool):
        self.convolution = convolution
        self.pool = pool

    def build(self, shape, rng, dtype):
        inner = self.convolution.build(shape, rng, dtype)
        self.images = max(1, _BLOCK // math.prod(inner))
        out = self.pool.build(inner, rng, dtype)
        self.size = 2 * math.prod(out)  # with the places of the largest numbers
        return out

    def trace(self, trainable):
        self.needs_input_gradient = trainable
        return self.convolution.trace(trainable)

    def __call__(self, x, ctx):
        W, backs = self.convolution.effective(ctx)
        blocks = [slice(first, first + self.images) for first in range(0, len(x), self.images)]
        out, winners = self.pool.memory(len(x), x.dtype, ctx)
        up, steps = np.ones(W.shape[1], W.dtype), []
        for block in ctx.in_turns(blocks):
            y, back_product = self.convolution.product(x[block], W, ctx, self.needs_input_gradient)
            self.pool.write(y, up, out[block], winners.of(block))
            steps.append((block, back_product, y.shape))

        def back(d):
            dx = ctx.scratch(x.shape, x.dtype) if self.needs_input_gradient else None

            def multiply(G):
                part = ctx.scratch(G.shape, G.dtype)
                G[:] = 0.0
                for block, back_product, shape in ctx.in_turns(steps):
                    found = back_product(winners.of(block).backward(d[block], shape, ctx), part)
                    np.add(G, part, out=G)
                    if dx is not None:
                        dx[block] = found

            self.convolution.add_gradient(ctx, backs, lambda G: (multiply, G))
            return dx

        return out, back
