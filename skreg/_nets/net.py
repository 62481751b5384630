"""Nets: layers whose parameters are views of one vector.

All trainable parameters of a net live in one vector, and buffers (running means, singular vectors) in another: a step,
an average or a snapshot is one operation on an array.
"""

import copy
import math

import numpy as np

from .base import Chain, Layer
from .context import Context
from .lanes import aligned_empty


class Predictor:
    """Base of `Net` and `SubNet`: a layer with the shape of its output, called for one batch at a time.

    Attributes
    ----------
    n_products : int
        Multiplications of the forward pass of a row.
    inputs : Inputs or None
        What the layers see of rows of X; None for the rows themselves.
    constants : dict or None
        What layers have computed from the parameters alone, see `Context.constant`; None while these may change.
    n_members : int
        Members of a shared ensemble whose outputs are apart.
    """

    inputs = None
    constants = None
    n_members = 1

    @property
    def n_channels(self):
        """Channels of every step where rows are sequences; None for other nets."""
        first = next(iter(getattr(self.layer, "layers", ())), None)
        return getattr(first, "n_channels", None)

    @property
    def has_steps(self):
        """Whether there are outputs at every step of a sequence."""
        return self.n_channels is not None and len(self.shape_out) == 2 and self.n_members == 1

    @property
    def size_per_row(self):
        """Numbers that the layers put out for a row."""
        return max(self.layer.size, math.prod(self.shape_out))

    def idle_context(self):
        """A context for predictions, with the scratch memory of the last ones if that was given back."""
        try:
            return self._idle.pop()
        except IndexError:
            return Context()

    def give_back(self, ctx):
        """Keep a context for the next prediction."""
        self._idle.append(ctx)

    def __call__(self, x, ctx):
        ctx.begin()
        ctx.constants = self.constants
        return self.layer(x, ctx)


class Net(Predictor):
    """A layer whose parameters are views of one vector.

    Parameters
    ----------
    layer : Layer
    shape : tuple of int
        Of the input, without the axis of the rows.
    rng : numpy.random.Generator
        For the initial weights.
    dtype : dtype
    inputs : Inputs or None
        What the layers see of rows of X.

    Attributes
    ----------
    theta, grad : ndarray
        Trainable parameters and their gradient: weights first, in the order of the layers, then those that are never
        penalized.
    memory : ndarray
        The buffers of all layers.
    trained : list of Param
        The trainable parameters, in the order of `theta`.
    param_ends : ndarray of int
        Ends of all of them in `theta`.
    segment_ends : ndarray of int
        Ends of the weights in `theta`.
    segment_groups : list of str
        The name of the group of each.
    shape_in, shape_out : tuple of int
    n_members : int
        Members of a shared ensemble; with several, the output of a row has the shape (members, outputs).
    """

    n_traces = 0  # calls of `trace_input`: passes that were recorded before the last one are out of date
    _traces_input = False  # whether backward passes return the gradient of the rows, only while it is asked for

    def __init__(self, layer, shape, rng, dtype=np.float32, inputs=None):
        self.layer = layer
        self.inputs = inputs
        self.dtype = np.dtype(dtype)
        self.shape_in = tuple(shape)
        self.shape_out = layer.build(self.shape_in, rng, self.dtype)
        self._copies = None
        self._idle = []
        self._pack()

    def _pack(self):
        modules, seen = list(self.layer.modules()), set()
        for module in modules:
            if id(module) in seen:
                name = type(module).__name__
                raise ValueError(f"a {name} layer occurs twice in the net: build another one, or share its weights.")
            seen.add(id(module))
        # the few that have a term, found once: every step of a training asks for it
        self._regularized = [module for module in modules if type(module).regularizer is not Layer.regularizer]
        self.n_products = sum(module.n_products for module in modules)
        self.n_members = max(module.n_members for module in modules)
        params = self.layer.params()
        for name, stage in self._named_stages():
            for param in stage.params():
                param.layer = name
        self.layer.trace(self._traces_input)
        weights = [p for p in params if p.learned and p.group is not None]
        free = [p for p in params if p.learned and p.group is None]
        self.trained = weights + free
        self.theta = self._join(self.trained)
        self.memory = self._join([p for p in params if not p.learned])
        self.grad = self.new_vector()
        for index, param in enumerate(self.trained):
            param.index = index
        self.param_ends = np.cumsum([p.value.size for p in self.trained], dtype=np.int64)
        self.segment_ends = np.cumsum([p.value.size for p in weights], dtype=np.int64)
        self.segment_groups = [p.group for p in weights]

    def _join(self, params):
        values = aligned_empty(sum(p.value.size for p in params), self.dtype)
        for p, view in zip(params, _views(values, params), strict=True):
            view[:] = p.value
            p.value = view
        return values

    def new_vector(self):
        """A vector like `theta`, of zeros."""
        vector = aligned_empty(self.theta.size, self.dtype)
        vector[:] = 0.0
        return vector

    def views(self, vector):
        """Views of a vector like `theta`, one for each trainable parameter, by ``param.index``."""
        return _views(vector, self.trained)

    @property
    def width_out(self):
        """Number of outputs of a row."""
        return math.prod(self.shape_out)

    def __getstate__(self):
        """Without the copies of all parameters in `theta` and `memory`, and the copy in another precision."""
        return {name: getattr(self, name) for name in ("layer", "shape_in", "shape_out", "dtype", "inputs")}

    def __setstate__(self, state):
        vars(self).update(state)
        self.keep_copies()  # a copy is not in training
        self._pack()

    def keep_copies(self):
        """Keep the copies of `astype`, and what layers compute from parameters: these do not change any more.

        What a training has kept for its evaluations is deleted.
        """
        self._copies, self.constants, self._idle = {}, {}, []

    def forget_copies(self):
        """Delete what was kept, and keep nothing: the parameters are going to change."""
        self._copies = self.constants = None

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
        """The parameters with a group, as views."""
        return [p for p in self.layer.params() if p.group is not None]

    def _named_stages(self):
        """Yield the parts of the net, with the name of the layer that each belongs to.

        That is the group of its weights; what has none, such as a normalization, belongs to the weights before it. What
        has another name says so.
        """
        name = None
        for stage in _stages(self.layer):
            groups = [param.group for param in stage.params() if param.group is not None]
            name = stage.belongs_to or (groups[0] if groups else name)
            yield name, stage

    def freeze(self, layers):
        """Let training leave some layers as they are, buffers included, and change all others.

        Nothing before the first layer that changes has a backward pass.

        Parameters
        ----------
        layers : collection of str
            Their names, see `Param.layer`.
        """
        for name, stage in self._named_stages():
            for module in stage.modules():
                module.frozen = name in layers
            for param in stage.params():
                param.frozen = name in layers
        self.trace_input(self._traces_input)

    def trace_input(self, wanted):
        """Let backward passes return the gradient of the rows, or not."""
        self._traces_input = wanted
        self.layer.trace(wanted)
        self.n_traces += 1

    @property
    def numbers(self):
        """The columns of rows that hold numbers, not categories, as a slice: they come first."""
        return slice(None if self.inputs is None else self.inputs.n_numbers)

    def snapshot(self):
        return self.theta.copy(), self.memory.copy()

    def restore(self, snapshot):
        self.theta[:], self.memory[:] = snapshot

    def regularizer(self):
        """Sum of the terms that layers add to the objective."""
        return sum((module.regularizer() for module in self._regularized), 0.0)

    @property
    def before_output(self):
        """The layers before those of the output, weights and biases; None where none of them is trainable."""
        first = self.split_at(self._n_before_output)[0]
        return first if first.layer.params() else None

    @property
    def _n_before_output(self):
        """How many layers are before that with the last weights."""
        has_weights = [any(p.group is not None for p in layer.params()) for layer in self.layer.layers]
        return len(has_weights) - 1 - has_weights[::-1].index(True)

    @property
    def n_features(self):
        """The width of what the output layer sees, of every member."""
        n_layers = self._n_before_output
        return math.prod(self.layer.shapes[n_layers - 1] if n_layers else self.shape_in) // self.n_members

    def split_at(self, n_layers):
        """The net's first layers, and those after them, as two `SubNet`, which share its parameters."""
        chain = self.layer
        first, last = chain.layers[:n_layers], chain.layers[n_layers:]
        middle = chain.shapes[n_layers - 1] if n_layers else self.shape_in
        parts = []
        for layers, shape in ((first, middle), (last, self.shape_out)):
            part = SubNet(Chain(*layers), shape, self.dtype)
            part.layer.size = self.layer.size
            parts.append(part)
        parts[0].inputs = self.inputs
        return parts


class SubNet(Predictor):
    """Some consecutive layers of a net, for predictions."""

    def __init__(self, layer, shape_out, dtype):
        self.layer = layer
        self.shape_out = shape_out
        self.dtype = dtype
        self.n_products = sum(module.n_products for module in layer.modules())
        self._idle = []


def _stages(layer):
    """The layers of chains, one after another, also of those inside others."""
    if not isinstance(layer, Chain):
        yield layer
        return
    for inner in layer.layers:
        yield from _stages(inner)


def _views(vector, params):
    """Views of a vector with the shapes of some parameters, one after another."""
    views, start = [], 0
    for p in params:
        stop = start + p.value.size
        views.append(vector[start:stop].reshape(p.value.shape))
        start = stop
    return views
