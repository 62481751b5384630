"""Layers return their output and a function that takes the gradient of the output to that of the input.

All parameters of a net live in one vector, their gradients in another, and what a layer remembers without learning it
(running means, singular vectors) in a third: a step, an average, a snapshot is one operation on an array.
"""

import copy

import numpy as np


class Context:
    """What a pass through the layers needs beside its input: its mode, random seeds, and memory to use again.

    Parameters
    ----------
    seed : int
        Where the sequence of seeds begins.
    train : bool
        Whether batch statistics are taken from the batch, and remembered.
    noisy : bool
        Whether noise is drawn: for every row in training, else once for all rows.
    gradient : bool
        Whether the way back will be asked for.
    """

    def __init__(self, seed=0, train=False, noisy=False, gradient=False):
        self.state, self.train, self.noisy, self.gradient = seed, train, noisy, gradient
        self._buffers = {}

    def seed(self):
        """The next of a sequence of 32-bit seeds (Knuth's linear congruential generator)."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return self.state >> 32

    def pitch(self, width):
        """The distance between the places of two rows of noise: in predictions, all rows see the same."""
        return width if self.train else 0

    def buffer(self, owner, name, shape, dtype):
        """An array to write to, the same one whenever the same owner asks for as many rows or fewer."""
        found = self._buffers.get((owner, name))
        if found is None or found.shape[0] < shape[0] or found.shape[1:] != shape[1:]:
            found = self._buffers[owner, name] = np.empty(shape, dtype)
        return found if found.shape[0] == shape[0] else found[: shape[0]]


class Param:
    """An array of a net with its gradient.

    Parameters
    ----------
    value : ndarray
    layer : int or None
        Whose strengths penalize it, counted from the input; None where nothing does (biases, scales, rates).
    learned : bool
        False for what a layer remembers without learning it.
    """

    def __init__(self, value, layer=None, learned=True):
        self.value, self.grad, self.layer, self.learned = value, None, layer, learned

    def __getstate__(self):
        return {**vars(self), "grad": None}


class Layer:
    """Base of the layers: ``build`` once for a width of the input, then call."""

    def build(self, width, rng, dtype):
        """Make parameters for inputs of this width; return the width of the output."""
        return width

    def parts(self):
        """The layer and all layers inside it."""
        yield self
        for value in vars(self).values():
            for inner in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(inner, Layer):
                    yield from inner.parts()

    def params(self):
        return [value for part in self.parts() for value in vars(part).values() if isinstance(value, Param)]

    def regularizer(self):
        """What the layer itself adds to the objective."""
        return 0.0

    def __call__(self, x, ctx):
        """Output for a batch x, and the way back.

        The way back, ``back(d)``, may use d as its own memory. It writes gradients of parameters, and does not add to
        them: none is used twice in a pass.
        """
        raise TypeError(f"{type(self).__name__} must define __call__.")


class Chain(Layer):
    """One layer after another."""

    def __init__(self, *layers):
        self.layers = layers

    def build(self, width, rng, dtype):
        for layer in self.layers:
            width = layer.build(width, rng, dtype)
        return width

    def __call__(self, x, ctx):
        backs = []
        for layer in self.layers:
            x, back = layer(x, ctx)
            backs.append(back)

        def back(d):
            for step in reversed(backs):
                d = step(d)
                if d is None:  # nothing before this layer learns
                    return None
            return d

        return x, back


class Residual(Layer):
    """Add a branch to its input."""

    def __init__(self, branch):
        self.branch = branch

    def build(self, width, rng, dtype):
        return self.branch.build(width, rng, dtype)

    def __call__(self, x, ctx):
        y, back_branch = self.branch(x, ctx)
        out = np.add(x, y, out=ctx.buffer(self, "sum", x.shape, x.dtype))

        def back(d):
            inner = ctx.buffer(self, "gradient", d.shape, d.dtype)
            inner[:] = d
            d += back_branch(inner)
            return d

        return out, back


class Net:
    """A layer whose parameters are views of one vector.

    Parameters
    ----------
    layer : Layer
    width : int
        Of the input.
    rng : numpy.random.Generator
        Draws the first weights.
    dtype : dtype

    Attributes
    ----------
    theta, grad : ndarray
        Learned parameters and their gradient: weights first, in the order of the layers, then what is never penalized.
    memory : ndarray
        What layers remember without learning it.
    ends, layers : ndarray
        Ends of the weights in `theta`, and the layer of each.
    """

    def __init__(self, layer, width, rng, dtype=np.float32):
        self.layer, self.dtype = layer, np.dtype(dtype)
        self.width_out = layer.build(width, rng, self.dtype)
        self._pack()

    def _pack(self):
        params = self.layer.params()
        weights = [p for p in params if p.learned and p.layer is not None]
        free = [p for p in params if p.learned and p.layer is None]
        kept = [p for p in params if not p.learned]
        self.theta, self.grad = self._join(weights + free)
        self.memory, _ = self._join(kept)
        sizes = [p.value.size for p in weights]
        self.ends = np.cumsum(sizes, dtype=np.int64)
        self.layers = np.array([p.layer for p in weights], dtype=np.int64)

    def _join(self, params):
        values = np.concatenate([np.empty(0, self.dtype), *(p.value.ravel() for p in params)])
        grads = np.zeros_like(values)
        start = 0
        for p in params:
            stop, shape = start + p.value.size, p.value.shape
            p.value, p.grad = values[start:stop].reshape(shape), grads[start:stop].reshape(shape)
            start = stop
        return values, grads

    def __getstate__(self):
        """Parameters once, in `theta` and `memory`."""
        return {name: vars(self)[name] for name in ("layer", "width_out", "dtype")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._pack()

    def astype(self, dtype):
        """The same net in another precision; itself where it has that."""
        if self.dtype == dtype:
            return self
        other = copy.deepcopy(self)
        for p in other.layer.params():
            p.value = p.value.astype(dtype)
        other.dtype = np.dtype(dtype)
        other._pack()
        return other

    def weights(self):
        """The penalized parameters, as views."""
        return [p for p in self.layer.params() if p.layer is not None]

    def snapshot(self):
        return self.theta.copy(), self.memory.copy()

    def restore(self, snapshot):
        self.theta[:], self.memory[:] = snapshot

    def regularizer(self):
        return sum(part.regularizer() for part in self.layer.parts())

    def __call__(self, x, ctx):
        return self.layer(x, ctx)
