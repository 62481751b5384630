"""Where fine-tuning begins: what a net takes over from a fitted one, and how its layers train from there."""

import collections
import math

import numpy as np
from sklearn.base import is_classifier

from .._nets.architectures.mlp import EMBEDDING
from .._nets.base import Param
from .._nets.training.evaluation import scores
from .._nets.training.optimizer import LayerRule
from ._data import counted


def named_params(net):
    """Yield the arrays of a net, each with a key that is the same in nets of the same layers."""
    counts = collections.Counter()
    for module in net.layer.modules():
        for name, value in vars(module).items():
            if isinstance(value, Param):
                key = value.layer, type(module).__name__, name
                yield (*key, counts[key]), value
                counts[key] += 1


def rates_by_layer(layers, decay):
    """The factor of the learning rate of every layer, from the parameter `layer_rate_decay`.

    Parameters
    ----------
    layers : list of str
        Names from the first to the last.
    decay : float or dict

    Raises
    ------
    ValueError
        For a name that is no layer, and for a factor that is negative or not finite.
    """
    if not isinstance(decay, dict):
        return {name: float(decay) ** (len(layers) - 1 - k) for k, name in enumerate(layers)}
    if unknown := [name for name in decay if name not in layers]:
        raise ValueError(f"layer_rate_decay names {unknown!r}, which are not among the layers {layers!r}.")
    for name, factor in decay.items():
        is_number = isinstance(factor, (int, float, np.integer, np.floating)) and not isinstance(factor, bool)
        if not is_number or not 0.0 <= factor < math.inf:
            raise ValueError(f"layer_rate_decay must hold finite numbers of at least 0; got {factor!r} for {name!r}.")
    return {name: float(decay.get(name, 1.0)) for name in layers}


def frozen_layers(layers, frozen):
    """Names of the layers that never train, from the parameter `frozen`: how many of the first, or their names.

    Raises
    ------
    ValueError
        For a name, or a number, of no layer before the output.
    """
    before = layers[:-1]
    if np.ndim(frozen) == 0:
        if frozen > len(before):
            raise ValueError(f"frozen={frozen!r} is more than the {len(before)} layers before the output: {before!r}.")
        return set(before[:frozen])
    if unknown := [name for name in frozen if name not in before]:
        raise ValueError(f"frozen names {unknown!r}, which are not among the layers before the output: {before!r}.")
    return set(frozen)


class Start:
    """A fitted net that another one begins from, and how the layers of that one train.

    Parameters
    ----------
    source : BaseNet
        Fitted.
    layers : list of str
        Names of the layers of the new net, the output being the last.
    new_head : bool or "auto"
    l2_sp : float
    rates : dict
        Factor of the learning rate of every layer.
    frozen : set of str
        Layers that never train.
    unfreeze : int or None
        Epochs after which one more layer trains, from the last to the first; None for all from the beginning.
    changed : collection of str
        Parameters of training that were set for fine-tuning; the others are those of the source.
    name : str
        Class of the estimator that fine-tunes, for messages.

    Attributes
    ----------
    keeps_head : bool or None
        Whether the output layer is taken over; None before `choose_head`, which decides once for all folds.
    value : float or None
        What the monitor says of the starting point, to be minimized; None without validation rows.
    units : tuple or None
        Mean and scale of the targets in the source, where the output layer is taken over.
    """

    def __init__(self, source, layers, new_head, l2_sp, rates, frozen, unfreeze, changed, name):
        self.source = source
        self.layers = layers
        self.new_head = new_head
        self.l2_sp = l2_sp
        self.rates = rates
        self.frozen = frozen
        self.unfreeze = unfreeze
        self.changed = changed
        self.name = name
        self.keeps_head = None
        self.units = None
        self.value = None

    @property
    def fixes_inputs(self):
        """Whether X must have the features, or the image size, of the source."""
        return self.source._has_fixed_inputs

    @property
    def taken(self):
        """Names of the layers that are taken over."""
        return self.layers if self.keeps_head else self.layers[:-1]

    # ---- the output layer

    def choose_head(self, net, data, found):
        """Decide whether the output layer is taken over; `net` is the estimator that has read the data.

        The rows of the first of several trainings decide for all of them, so that a cross-validated epoch is one of the
        same kind of net.

        Raises
        ------
        ValueError
            Where `new_head` is False and the outputs differ.
        """
        if self.keeps_head is not None:
            return
        reason = self._difference(net)
        if reason is not None and self.new_head is False:
            raise ValueError(f"new_head=False keeps the output layer of pretrained, but {reason}.")
        if reason is None and self.new_head == "auto" and not is_classifier(net):
            reason = self._is_worse_than_the_mean(data, found)
        self.keeps_head = self.new_head is False or (self.new_head == "auto" and not reason)
        if self.keeps_head and not is_classifier(net):
            self.units = self.source._mean, self.source._scale

    def _difference(self, net):
        """Why the outputs cannot be those of the source, None if they can."""
        source = self.source
        if is_classifier(net) != is_classifier(source) or len(self.layers) != len(source._architecture.groups()):
            return f"that is one of a {type(source).__name__} with other outputs"
        if is_classifier(net):
            same = np.array_equal(net.classes_, source.classes_)
            return (
                None if same else f"its classes are {source.classes_.tolist()!r}, those of y {net.classes_.tolist()!r}"
            )
        if net._outputs != source._outputs or net._count_outputs() != source._width_out:
            return f"it has {source._width_out} outputs, and y needs {net._count_outputs()}"
        return None

    def _is_worse_than_the_mean(self, data, found):
        """Whether the mean of y predicts the training rows better than the source: it may have had other units."""
        source, targets = self.source, data.targets[found.rows]
        Y, weights = counted(targets, found.fit_weight)
        z = source._averaged(scores(source._net, data.X, found.rows).astype(np.float64))
        predicted = source._means(z)
        errors, _ = counted(predicted.reshape(targets.shape) - targets, found.fit_weight)
        spread = Y - np.average(Y, axis=0, weights=weights)
        return bool(np.average(errors**2 - spread**2, axis=0, weights=weights).mean() >= 0.0)

    # ---- parameters

    def load_into(self, net):
        """Copy the parameters and buffers of the layers that are taken over.

        Raises
        ------
        ValueError
            Where they have other shapes, as X has other channels.
        """
        given = dict(named_params(self.source._net))
        for key, param in named_params(net):
            name = key[0]
            if name not in self.taken or key not in given:
                continue
            value = given[key].value
            if value.shape != param.value.shape:
                raise ValueError(
                    f"X does not fit pretrained: the weights of its layer {name!r} have shape {value.shape}, and for X"
                    f" they would need {param.value.shape}."
                )
            param.value[:] = value
        self._centre = net.theta.copy()

    def options(self, net, strengths):
        """Options of `Optimizer.configure` that are those of fine-tuning.

        With L2-SP, weight decay acts on a new output layer only.
        """
        pulled = self.taken if 0.0 < self.l2_sp < math.inf else []
        rules = {name: LayerRule(rate, self.l2_sp if name in pulled else 0.0) for name, rate in self.rates.items()}
        pulled = {*pulled, EMBEDDING} if pulled else pulled
        strengths = {name: own._replace(decay=0.0) if name in pulled else own for name, own in strengths.items()}
        return dict(strengths=strengths, layers=rules, centre=self._centre)

    def set_frozen(self, net, optimizer, epoch):
        """Before an epoch: freeze the layers that do not train in it."""
        frozen = self.frozen | {name for name, rate in self.rates.items() if rate == 0.0}
        if self.l2_sp == math.inf:
            frozen = frozen | set(self.taken)
        if self.unfreeze is not None:
            frozen = frozen | set(self.layers[: -1 - epoch // self.unfreeze])
        if frozen != {param.layer for param in net.trained if param.frozen}:
            net.freeze(frozen)
            optimizer.set_live(net)
