"""A layer's forward pass returns its output and its backward pass.

The backward pass is a function from the gradient of the output to the gradient of the input. All trainable parameters
of a net live in one vector, their gradients in another, and buffers (running means, singular vectors) in a third: a
step, an average or a snapshot is one operation on an array.
"""

import copy
from typing import NamedTuple

import numpy as np


class RowWeights(NamedTuple):
    """Weights of the rows of a batch, for statistics."""

    relative: np.ndarray  # with mean 1
    mean: float
    effective: float  # effective number of rows, n where all weights are equal (Kish 1965)

    @classmethod
    def of(cls, weights, n, dtype):
        """From the weights of n rows, or None where all are 1."""
        if weights is None:
            return cls(np.ones(n, dtype), 1.0, float(n))
        if (weights == weights[0]).all():  # the usual case
            return cls(np.ones(n, dtype), float(weights[0]), float(n))
        total = float(weights.sum(dtype=np.float64))
        relative = weights * (n / total)
        return cls(relative.astype(dtype), total / n, n / float((relative * relative).mean(dtype=np.float64)))


class Context:
    """What a pass through the layers needs beside its input: its mode, seeds, row weights, and scratch memory.

    Parameters
    ----------
    seed : int
        The first state of the sequence of seeds.
    train : bool
        Whether statistics are those of the batch, and update the running means.
    noisy : bool
        Whether noise is sampled: for every row in training, else once for all rows.
    gradient : bool
        Whether the backward pass will be called.
    """

    def __init__(self, seed=0, train=False, noisy=False, gradient=False):
        self.state = seed
        self.train = train
        self.noisy = noisy
        self.gradient = gradient
        self._buffers = {}
        self._weights = None
        self._row_weights = None

    def seed(self):
        """The next of a sequence of 32-bit seeds (Knuth's linear congruential generator)."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return self.state >> 32

    def pitch(self, width):
        """The distance between the noise of two rows in the sequence of random numbers; 0 in predictions: shared."""
        return width if self.train else 0

    def set_weights(self, weights):
        """Set the row weights of the next batch; None for equal weights."""
        self._weights = weights
        self._row_weights = None

    def row_weights(self, n, dtype):
        """`RowWeights` of the batch, which has n rows; computed by the first layer that asks."""
        if self._row_weights is None or self._row_weights.relative.size != n:
            self._row_weights = RowWeights.of(self._weights, n, dtype)
        return self._row_weights

    def buffer(self, owner, name, shape, dtype):
        """Scratch memory: an array, the same one whenever the same owner asks for as many rows or fewer."""
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
        The layer, counted from the input, whose penalty strengths apply; None for no penalty (biases, scales, rates).
    learned : bool
        True for a trainable parameter, False for a buffer.
    """

    def __init__(self, value, layer=None, learned=True):
        self.value = value
        self.grad = None
        self.layer = layer
        self.learned = learned

    def __getstate__(self):
        return {**vars(self), "grad": None}


class Layer:
    """Base of the layers: ``build`` once for the width of the input, then call for every batch."""

    def build(self, width, rng, dtype):
        """Create the parameters for inputs of this width; returns the width of the output."""
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
        """The layer's own term of the objective."""
        return 0.0

    def __call__(self, x, ctx):
        """Forward pass of a batch x: returns the output and the backward pass.

        The backward pass, ``back(d)``, may overwrite d. It overwrites the gradients of parameters and does not add to
        them, so a layer may be called once in a pass only.
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
                if d is None:  # nothing before this layer is trainable
                    return None
            return d

        return x, back


class ResidualBlock(Layer):
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
        For the initial weights.
    dtype : dtype

    Attributes
    ----------
    theta, grad : ndarray
        Trainable parameters and their gradient: weights first, in the order of the layers, then those that are never
        penalized.
    memory : ndarray
        The buffers of all layers.
    ends, layers : ndarray
        Ends of the weights in `theta`, and the layer of each.
    """

    def __init__(self, layer, width, rng, dtype=np.float32):
        self.layer = layer
        self.dtype = np.dtype(dtype)
        self.width_out = layer.build(width, rng, self.dtype)
        self._copies = None
        self._pack()

    def _pack(self):
        self._check_layers()
        params = self.layer.params()
        weights = [p for p in params if p.learned and p.layer is not None]
        free = [p for p in params if p.learned and p.layer is None]
        kept = [p for p in params if not p.learned]
        self.theta, self.grad = self._join(weights + free)
        self.memory, _ = self._join(kept)
        sizes = [p.value.size for p in weights]
        self.ends = np.cumsum(sizes, dtype=np.int64)
        self.layers = np.array([p.layer for p in weights], dtype=np.int64)

    def _check_layers(self):
        """Refuse what would give wrong gradients without an error."""
        parts, trainable = list(self.layer.parts()), False
        for part in parts:
            name = type(part).__name__
            if sum(other is part for other in parts) > 1:
                raise ValueError(f"a {name} layer occurs twice in the net: its gradients would be overwritten.")
            if getattr(part, "first", False) and trainable:
                raise ValueError(f"a {name} layer has first=True, but a layer before it has trainable parameters.")
            own = [value for value in vars(part).values() if isinstance(value, Param)]
            trainable = trainable or any(param.learned for param in own)

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
        """Without the copies of all parameters in `theta` and `memory`, and the copy in another precision."""
        return {name: vars(self)[name] for name in ("layer", "width_out", "dtype")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._copies = {}  # a copy is not in training
        self._pack()

    def keep_copies(self):
        """Let `astype` keep the copies that it makes: the parameters do not change any more."""
        self._copies = {}

    def forget_copies(self):
        """Delete the copies of `astype` and keep no new ones: the parameters are going to change."""
        self._copies = None

    def astype(self, dtype):
        """A copy of the net in another precision, or the net itself if it has that precision."""
        if self.dtype == dtype:
            return self
        copies = self._copies
        if copies is None:
            return self._cast(dtype)
        if dtype not in copies:
            copies[dtype] = self._cast(dtype)
        return copies[dtype]

    def _cast(self, dtype):
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
