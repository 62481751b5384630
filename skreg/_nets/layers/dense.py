"""The product of a batch, dense or sparse, with the weights of a layer."""

import math

import numpy as np

from ..._core._jit import njit
from ..base import Layer, Param, by_channel
from ..noise import ZERO
from ..sparse_rows import SparseRows

_BLOCK_ROWS = 256  # sums over rows are formed in blocks of this many, to lose no digits in single precision


class Weighted(Layer):
    """Base of the layers with a matrix of weights (inputs, units).

    Parameters
    ----------
    width : int
        Number of units, or of filters.
    group : str
        The group whose penalty strengths apply to the weights.
    gain : float
        Initial weights are uniform with variance ``gain / inputs``: 2 for ReLU (He et al. 2015), 1 for activations that
        are linear near 0.
    hooks : tuple of WeightHook
        Transformations of the weights before the product.
    """

    def __init__(self, width, group="weights", gain=1.0, hooks=()):
        self.width = width
        self.group = group
        self.gain = gain
        self.hooks = tuple(hooks)

    def build_weights(self, n_inputs, rng, dtype):
        bound = math.sqrt(3.0 * self.gain / n_inputs)
        self.weight = Param(rng.uniform(-bound, bound, (n_inputs, self.width)).astype(dtype), self.group)
        for hook in self.hooks:
            hook.build_for(self.weight.value, rng)

    @property
    def n_columns(self):
        """Columns of the weights after the hooks."""
        return self.width * math.prod(hook.n_copies for hook in self.hooks)

    def effective(self, ctx):
        """The weights after the hooks, and the backward passes of these."""
        W, backs = self.weight.value, []
        for hook in self.hooks:
            W, back = hook(W, ctx)
            backs.append(back)
        return W, backs

    def matrices(self, ctx):
        """The weights after the hooks: one matrix, or one for every member (members, inputs, units)."""
        W, _ = self.effective(ctx)
        copies = self.n_columns // self.width
        return W if copies == 1 else W.reshape(len(W), copies, -1).transpose(1, 0, 2)

    def add_gradient(self, ctx, backs, multiplication):
        """Add the gradient of the weights.

        ``multiplication(out)`` gives a function that writes the gradient of the weights after the hooks to `out`, and
        its arguments; it goes to its place at once, where nothing is there yet.
        """
        place = None if backs else ctx.new_grad(self.weight)
        value = self.weight.value
        G = ctx.scratch((*value.shape[:-1], self.n_columns), value.dtype) if place is None else place
        ctx.do(*multiplication(G))
        for step in reversed(backs):
            G = step(G)
        if place is None:
            grad = ctx.grad(self.weight)
            ctx.do(np.add, grad, G, grad)


class Dense(Weighted):
    """Product with a matrix of weights, at every position where rows have several.

    Biases belong to the `BiasActivationDropout` or `Bias` layer after it.
    """

    reuses_input = True
    replayable = True

    def build(self, shape, rng, dtype):
        *positions, n_inputs = shape
        self.build_weights(n_inputs, rng, dtype)
        self.n_products = math.prod(positions) * n_inputs * self.n_columns
        return (*positions, self.n_columns)

    def __call__(self, x, ctx):
        W, backs = self.effective(ctx)
        shape, free = x.shape, ctx.free_input(x)
        x = by_channel(x) if len(shape) > 2 else x  # which may be sparse
        out = ctx.scratch((x.shape[0], W.shape[1]), W.dtype)
        ctx.do(*(ctx.multiplication(x, W, out) if isinstance(x, np.ndarray) else (x.dot, W, out)))

        def back(d):
            d = by_channel(d)
            if isinstance(x, SparseRows):
                self.add_gradient(ctx, backs, lambda G: (x.transposed_dot, d, G))
            else:
                self.add_gradient(ctx, backs, lambda G: ctx.multiplication(x.T, d, G))
            if not self.needs_input_gradient:
                return None
            before = ctx.scratch(x.shape, W.dtype) if free is None else x  # which is in the cache now
            ctx.do(*ctx.multiplication(d, W.T, before))
            return before.reshape(shape)

        return out.reshape(*shape[:-1], -1), back


@njit
def add_column_sums(d, out):
    """Add the sums of the columns of d (n, channels) to `out`."""
    part = np.empty_like(out)
    for start in range(0, len(d), _BLOCK_ROWS):
        part[:] = ZERO
        for i in range(start, min(start + _BLOCK_ROWS, len(d))):
            row = d[i]
            for c in range(part.size):
                part[c] += row[c]
        for c in range(part.size):
            out[c] += part[c]


class Bias(Layer):
    """Add a bias to every unit."""

    inplace = True
    replayable = True

    def build(self, shape, rng, dtype):
        self.bias = Param(np.zeros(shape[-1], dtype))
        return shape

    def __call__(self, x, ctx):
        ctx.do(np.add, x, self.bias.value, x)

        def back(d):
            ctx.do(add_column_sums, by_channel(d), ctx.grad(self.bias))
            return d

        return x, back
