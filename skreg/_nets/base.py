"""The protocol of layers: a forward pass returns its output and its backward pass.

Batches have shape ``(rows, *shape)`` with the channels last, in C order, so that a layer over channels sees any of them
as ``(rows * positions, channels)`` without a copy. The backward pass is a function from the gradient of the output to
the gradient of the input. It adds to the gradients of parameters, `Context.grad`.
"""

import math

import numpy as np


def by_channel(x):
    """A batch as (rows * positions, channels)."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def by_position(x):
    """A batch as (rows, positions, channels)."""
    return x.reshape(len(x), -1, x.shape[-1])


class Param:
    """An array of a net.

    Parameters
    ----------
    value : ndarray
    group : str or None
        Name of the group of weights, such as "hidden1", whose penalty strengths apply; None for no penalty (biases,
        scales, rates).
    learned : bool
        True for a trainable parameter, False for a buffer.
    share : float
        Factor of its L1 and L2 penalties: 1 over the number of members of an ensemble that have such weights of their
        own, whose mean is the objective.

    Attributes
    ----------
    index : int
        Place among the trainable parameters of the net, set by `Net`.
    layer : str or None
        Name of the layer that it belongs to, set by `Net`: that of its group of weights, also for biases, scales and
        buffers; None where no weights come before it.
    frozen : bool
        Whether training leaves it as it is; see `Net.freeze`.
    """

    def __init__(self, value, group=None, learned=True, share=1.0):
        self.value = value
        self.group = group
        self.learned = learned
        self.share = share
        self.index = None
        self.layer = None
        self.frozen = False


class Layer:
    """Base of the layers: ``build`` once for the shape of the input, then call for every batch.

    Attributes
    ----------
    inplace : bool
        Whether the forward pass overwrites its input. `Chain` then gives it memory that nobody else needs.
    reuses_input : bool
        Whether the backward pass writes the gradient of the input to the memory of the input, where
        `Context.free_input` says that nobody else needs it.
    keeps_output : bool
        Whether the backward pass needs the output, so that no later layer may overwrite it.
    needs_input_gradient : bool
        Whether a layer before it is trainable, so that the backward pass must return the gradient of the input; set by
        `Net`.
    is_noisy : bool
        Whether Monte Carlo predictions see noise of this layer.
    divisible : bool
        Whether parts of a batch may pass in threads of their own.
    replayable : bool
        Whether both passes do through `Context.do` all that depends on the numbers of a batch, on its weights, on
        parameters, on random numbers, or on the strength of noise. A later batch of the same shape then needs these
        calls only. They write to arrays that exist before, among them what the passes return, and nothing may depend on
        the progress of the training, or on the lengths of sequences. Subclasses with another `__call__` are not
        replayable, unless they say so again.
    frozen : bool
        Whether training leaves its parameters and buffers as they are, set by `Net.freeze`.
    n_members : int
        Members of an ensemble that the layer tells apart.
    n_products : int
        Multiplications a row, where they are many.
    size : int
        Numbers a row that layers inside it put out.
    belongs_to : str or None
        Name of the layer that it belongs to, where that is not the group of its own weights.
    """

    belongs_to = None
    inplace = False
    reuses_input = False
    keeps_output = False
    needs_input_gradient = True
    is_noisy = False
    divisible = True
    replayable = False
    frozen = False
    n_members = 1
    n_products = 0
    size = 0

    def build(self, shape, rng, dtype):
        """Create the parameters for inputs of this shape, without the axis of the rows; returns that of the output."""
        return shape

    def modules(self):
        """The layer and all layers inside it."""
        yield self
        for value in vars(self).values():
            for inner in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(inner, Layer):
                    yield from inner.modules()

    def own_params(self):
        return [value for value in vars(self).values() if isinstance(value, Param)]

    def params(self):
        """All arrays of the layer, each once, also where layers share it."""
        return list(dict.fromkeys(param for module in self.modules() for param in module.own_params()))

    def trace(self, trainable):
        """Set `needs_input_gradient`: whether a layer before is trainable. Returns the same for the next layer."""
        self.needs_input_gradient = trainable
        return trainable or self.is_trainable

    @property
    def is_trainable(self):
        """Whether training changes one of its parameters."""
        return any(param.learned and not param.frozen for param in self.params())

    def regularizer(self):
        """The layer's own term of the objective."""
        return 0.0

    def __call__(self, x, ctx):
        """Forward pass of a batch x: returns the output and the backward pass.

        The backward pass, ``back(d)``, may overwrite d. It adds to the gradients of parameters, ``ctx.grad(param)``,
        and returns the gradient of the input, or None where ``needs_input_gradient`` is False.
        """
        raise TypeError(f"{type(self).__name__} must define __call__.")


class Chain(Layer):
    """One layer after another.

    A layer that overwrites its input gets a copy, unless the input is memory that a layer of this chain made and whose
    backward pass does not need it.
    """

    replayable = True

    def __init__(self, *layers):
        self.layers = layers

    @property
    def keeps_output(self):
        """Whether any layer does: the output may be a view of what that layer put out."""
        return any(layer.keeps_output for layer in self.layers)

    def build(self, shape, rng, dtype):
        self.shapes = []  # of the outputs of the layers
        self.size = 0  # numbers a row that the layers put out
        for layer in self.layers:
            shape = layer.build(shape, rng, dtype)
            self.shapes.append(shape)
            self.size += max(layer.size, math.prod(shape))
        return shape

    def trace(self, trainable):
        self.needs_input_gradient = trainable
        for layer in self.layers:
            trainable = layer.trace(trainable)
        return trainable

    def __call__(self, x, ctx):
        backs, free = [], False
        for layer in self.layers:
            if layer.inplace and not free:
                own = ctx.scratch(x.shape, x.dtype)
                ctx.do(np.copyto, own, x)
                x, free = own, True
            owner = None if free else _owner(x)
            ctx.input_is_free = free and layer.reuses_input and layer.needs_input_gradient
            x, back = layer(x, ctx)
            ctx.input_is_free = False  # also where the layer did not ask
            # a view is as free as what it shows
            free = not layer.keeps_output and (free or _owner(x) is not owner)
            backs.append(back)

        def back(d):
            for step in reversed(backs):
                d = step(d)
                if d is None:  # nothing before this layer is trainable
                    return None
            return d

        return x, back


def _owner(x):
    """The array that owns the memory of a batch."""
    while isinstance(getattr(x, "base", None), np.ndarray):  # the base of a view of a memmap is a view itself
        x = x.base
    return x


class ResidualBlock(Layer):
    """Add a branch to its input, or to a shortcut of it where the branch changes the shape.

    Parameters
    ----------
    branch : Layer
    shortcut : Layer or None
        A linear layer whose output has the shape of the branch's; None for the input itself.
    """

    replayable = True

    def __init__(self, branch, shortcut=None):
        self.branch = branch
        self.shortcut = shortcut

    def build(self, shape, rng, dtype):
        out = self.branch.build(shape, rng, dtype)
        across = shape if self.shortcut is None else self.shortcut.build(shape, rng, dtype)
        if across != out:
            raise ValueError(f"a branch of output shape {out} cannot be added to {across}.")
        self.size = self.branch.size + 2 * math.prod(out)
        return out

    def trace(self, trainable):
        self.needs_input_gradient = trainable
        after = self.branch.trace(trainable)
        return (self.shortcut.trace(trainable) if self.shortcut is not None else trainable) or after

    def __call__(self, x, ctx):
        y, back_branch = self.branch(x, ctx)
        across, back_across = (x, None) if self.shortcut is None else self.shortcut(x, ctx)
        out = ctx.scratch(y.shape, y.dtype)
        ctx.do(np.add, across, y, out)

        def back(d):
            inner = ctx.scratch(d.shape, d.dtype)
            ctx.do(np.copyto, inner, d)
            inner = back_branch(inner)
            if back_across is not None:
                d = back_across(d)
            if not self.needs_input_gradient:
                return None
            ctx.do(np.add, d, inner, d)
            return d

        return out, back
