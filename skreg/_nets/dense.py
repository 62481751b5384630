"""The product of a batch, dense or sparse, with the weights of a layer."""

import math

import numpy as np

from .._core._jit import njit
from .base import Layer, Param
from .noise import ZERO, perturb_rows

_BLOCK_ROWS = 256  # sums over rows are formed in blocks of this many, to lose no digits in single precision


@njit
def multiply_rows(indptr, indices, data, W, out):
    """Write the product of sparse rows with W to `out`."""
    m = W.shape[1]
    for i in range(indptr.size - 1):
        for c in range(m):
            out[i, c] = ZERO
        for k in range(indptr[i], indptr[i + 1]):
            v, j = data[k], indices[k]
            for c in range(m):
                out[i, c] += v * W[j, c]


@njit
def multiply_transposed(indptr, indices, data, d, out):
    """Write the product of transposed sparse rows with d to `out`."""
    m = d.shape[1]
    out[:] = ZERO
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            v, j = data[k], indices[k]
            for c in range(m):
                out[j, c] += v * d[i, c]


class SparseRows:
    """A batch of rows in CSR form, with the two products of a layer.

    A column may occur more than once in a row, as where two rows are mixed.
    """

    def __init__(self, indptr, indices, data, width):
        self.indptr = indptr
        self.indices = indices
        self.data = data
        self.shape = (indptr.size - 1, width)
        self.dtype = data.dtype

    def dot(self, W, out):
        multiply_rows(self.indptr, self.indices, self.data, W, out)
        return out

    def transposed_dot(self, d, out):
        multiply_transposed(self.indptr, self.indices, self.data, d, out)
        return out

    def perturbed(self, noise, seed, pitch):
        data = np.empty_like(self.data)
        perturb_rows(noise, self.indptr, self.indices, self.data, seed, pitch, data)
        return SparseRows(self.indptr, self.indices, data, self.shape[1])


class Dense(Layer):
    """Product with a matrix of weights (inputs, units).

    Biases belong to the `BiasActivationDropout` or `Bias` layer after it.

    Parameters
    ----------
    width : int
        Number of units.
    layer : int
        The layer whose penalty strengths apply to the weights.
    gain : float
        Initial weights are uniform with variance ``gain / inputs``: 2 for ReLU (He et al. 2015), 1 for activations that
        are linear near 0.
    hooks : tuple of WeightHook
        Transformations of the weights before the product.
    first : bool
        Whether no layer before it is trainable, so that the backward pass ends here; `Net` checks it.
    """

    def __init__(self, width, layer=0, gain=1.0, hooks=(), first=False):
        self.width = width
        self.layer = layer
        self.gain = gain
        self.hooks = tuple(hooks)
        self.first = first

    def build(self, width, rng, dtype):
        bound = math.sqrt(3.0 * self.gain / width)
        self.weight = Param(rng.uniform(-bound, bound, (width, self.width)).astype(dtype), self.layer)
        for hook in self.hooks:
            hook.build_for(self.weight.value)
        return self.width

    def effective(self, ctx):
        """The weights after the hooks, and the backward passes of these."""
        W, backs = self.weight.value, []
        for hook in self.hooks:
            W, back = hook(W, ctx)
            backs.append(back)
        return W, backs

    def __call__(self, x, ctx):
        W, backs = self.effective(ctx)
        out = ctx.buffer(self, "product", (x.shape[0], self.width), W.dtype)
        x.dot(W, out)

        def back(d):
            G = self.weight.grad if not backs else ctx.buffer(self, "weights", W.shape, W.dtype)
            if isinstance(x, SparseRows):
                x.transposed_dot(d, G)
            else:
                np.dot(x.T, d, out=G)
            if backs:
                for step in reversed(backs):
                    G = step(G)
                self.weight.grad[:] = G
            if self.first:
                return None
            return np.dot(d, W.T, out=ctx.buffer(self, "input", x.shape, W.dtype))

        return out, back


class Bias(Layer):
    """Add a bias to every unit."""

    def build(self, width, rng, dtype):
        self.bias = Param(np.zeros(width, dtype))
        return width

    def __call__(self, x, ctx):
        x += self.bias.value

        def back(d):
            blocks = (
                d if d.shape[0] <= _BLOCK_ROWS else np.add.reduceat(d, np.arange(0, d.shape[0], _BLOCK_ROWS), axis=0)
            )
            blocks.sum(axis=0, out=self.bias.grad)
            return d

        return x, back
