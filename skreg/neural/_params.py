"""Parameters that all nets have: their ranges, and their values for every layer."""

from numbers import Real

import numpy as np

from .._nets.architectures.mlp import EMBEDDING, Architecture
from .._nets.layers.activations import ACTIVATIONS
from .._nets.noise import KINDS
from .._nets.training.optimizer import GroupPenalty
from .._nets.training.schedules import SCHEDULES
from .._nets.training.strengths import STRENGTHS
from ..augmentation._base import AUGMENTER
from ..utils._params import (
    ANY_STRING,
    ARRAY_LIKE,
    BELOW_ONE,
    BOOLEAN,
    CALLABLE,
    COUNT,
    FRACTION,
    NONE,
    NONNEGATIVE,
    POSITIVE,
    RANDOM_STATE,
    Options,
    check_params,
)
from ..utils._scoring import read_monitor


class NetParameters:
    """Base of the nets: their common parameters."""

    _auto = {}  # what "auto" means in this fit, for parameters that may be numbers instead

    _parameter_constraints = {
        "hidden_layer_sizes": [COUNT, ARRAY_LIKE],
        "activation": [Options(*ACTIVATIONS)],
        "residual": [BOOLEAN],
        "normalization": [Options("batch", "layer"), NONE],
        "weight_normalization": [Options("weight", "spectral"), NONE],
        "dropout": [BELOW_ONE, ARRAY_LIKE],
        "input_dropout": [BELOW_ONE],
        "dropout_kind": [Options(*KINDS)],
        "stochastic_depth": [BELOW_ONE],
        "weight_decay": [NONNEGATIVE, ARRAY_LIKE],
        "l2": [NONNEGATIVE, ARRAY_LIKE],
        "l1": [NONNEGATIVE, ARRAY_LIKE],
        "max_norm": [POSITIVE, ARRAY_LIKE, NONE],
        "clip_norm": [POSITIVE, NONE],
        "mixup": [NONNEGATIVE],
        "input_noise": [NONNEGATIVE],
        "feature_mask": [BELOW_ONE],
        "adversarial_epsilon": [NONNEGATIVE],
        "sam_rho": [NONNEGATIVE],
        "averaging": [Options("ema", "swa"), NONE],
        "optimizer": [Options("adamw", "adam", "sgd")],
        "learning_rate": [POSITIVE],
        "momentum": [BELOW_ONE],
        "schedule": [Options(*SCHEDULES)],
        "warmup": [BELOW_ONE],
        "strength_schedule": [Options(*STRENGTHS)],
        "batch_size": [COUNT, Options("auto")],
        "max_iter": [COUNT],
        "early_stopping": [BOOLEAN, Options("auto", "cv")],
        "validation_fraction": [FRACTION],
        "patience": [COUNT, NONE],
        "min_delta": [NONNEGATIVE],
        "monitor": [ANY_STRING, CALLABLE],
        "augmenter": [AUGMENTER, NONE],
        "random_state": [RANDOM_STATE],
        "warm_start": [BOOLEAN],
        "verbose": [BOOLEAN],
    }

    def _settled_value(self, name):
        """A parameter, or what "auto" means in this fit."""
        value = getattr(self, name)
        return self._auto.get(name, value) if isinstance(value, str) and value == "auto" else value

    def _per_layer(self, name, n, high=np.inf):
        """A parameter as n floats, one for every layer."""
        value = self._settled_value(name)
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must hold numbers, one for every layer; got {value!r}.") from error
        if array.shape not in ((), (n,)):
            layers = "hidden layer" if name == "dropout" else "layer, the output layer included"
            raise ValueError(f"{name} must be a number, or hold {n}, one for every {layers}; got {value!r}.")
        if not ((array >= 0.0) & (array < high)).all():
            raise ValueError(f"{name} must lie in [0, {high:g}) in every layer; got {value!r}.")
        return np.broadcast_to(array, (n,))

    def _counts(self, name):
        """A parameter as a tuple of ints, each at least 1."""
        value = getattr(self, name)
        counts = np.atleast_1d(np.asarray(value, dtype=object))
        if counts.ndim != 1 or not all(count in COUNT for count in counts):
            raise ValueError(f"{name} must hold ints of at least 1; got {value!r}.")
        return tuple(int(count) for count in counts)

    def _dense_architecture(self, hidden, residual, dropout=None, ensemble_size=1):
        """The part of an architecture that dense layers have in all families; `dropout` are their rates, if known."""
        if dropout is None:
            dropout = tuple(self._per_layer("dropout", len(hidden), high=1.0).tolist())
        return Architecture(
            hidden,
            self.activation,
            residual,
            self.normalization,
            self.weight_normalization,
            dropout,
            self.input_dropout,
            self.dropout_kind,
            self.stochastic_depth,
            self.input_noise,
            self.feature_mask,
            ensemble_size,
        )

    def _check_parameters(self):
        """Check everything that can be checked without data; returns the architecture."""
        check_params(self)
        architecture = self._read_architecture()
        if self.stochastic_depth > 0.0 and not self.residual:
            raise ValueError(
                f"stochastic_depth={self.stochastic_depth} drops residual branches: it needs residual=True."
            )
        if self.strength_schedule != "constant" and self.dropout_kind in ("adaptive", "concrete"):
            raise ValueError(
                f"strength_schedule={self.strength_schedule!r} cannot be combined with"
                f" dropout_kind={self.dropout_kind!r}, whose rates are the net's own."
            )
        if self.averaging == "swa" and self.early_stopping and self.patience is not None:
            raise ValueError(
                "averaging='swa' starts in the last quarter of max_iter, but training may stop earlier with"
                f" patience={self.patience}: set patience=None."
            )
        if self.max_norm is not None and self.weight_normalization is not None:
            raise ValueError(
                f"max_norm={self.max_norm!r} cannot be combined with"
                f" weight_normalization={self.weight_normalization!r}, which sets the length of the weights itself."
            )
        if self.weight_normalization is not None and np.ndim(self.l1) and np.any(np.asarray(self.l1)[:-1] != 0.0):
            raise ValueError(
                f"l1={self.l1!r} cannot be combined with weight_normalization={self.weight_normalization!r}: weights"
                " that are all zero have no direction. Set l1 to 0 for the hidden layers, or give one number, which"
                " then applies to the output layer only."
            )
        groups = architecture.groups()
        self._strengths(groups)
        self._radii(groups)
        read_monitor(self.monitor)
        return architecture

    def _check_cross_validation(self):
        """Raise ValueError where the epoch cannot be cross-validated, which "cv" does without `X_val`."""
        if self.early_stopping != "cv":
            return
        if self.warm_start:
            raise ValueError(
                "early_stopping='cv' cannot be combined with warm_start=True: it trains nets without a part of the"
                " rows, which a net that continues has seen. Set warm_start=False, or early_stopping=True."
            )
        if self.strength_schedule == "gap":
            raise ValueError(
                "strength_schedule='gap' needs validation rows while the net trains, which early_stopping='cv' does not"
                " leave: set early_stopping=True, or give X_val and y_val to fit."
            )

    def _strengths(self, groups):
        """`GroupPenalty` of every group of weights, the output layer being the last, by their names."""
        decay, l2, l1 = (self._per_layer(name, len(groups)) for name in ("weight_decay", "l2", "l1"))
        if self.weight_normalization is not None:
            l1 = np.append(np.zeros(len(groups) - 1), l1[-1])
        strengths = {group: GroupPenalty(*of) for group, *of in zip(groups, decay, l2, l1, strict=True)}
        return {EMBEDDING: strengths[groups[0]]._replace(l1=0.0)} | strengths  # columns come to the first layer

    def _radii(self, groups):
        """The radius of max-norm for every group of weights that has one, by their names.

        The output layer has none, and neither have embeddings, whose weights come to no unit.
        """
        value, hidden = self.max_norm, [group for group in groups[:-1] if group != EMBEDDING]
        radii = list(value) if np.ndim(value) else [value] * len(hidden)
        if len(radii) != len(hidden) or not all(r is None or (isinstance(r, Real) and r > 0.0) for r in radii):
            raise ValueError(
                f"max_norm must be positive, or hold {len(hidden)} positive numbers or None, one for every layer but"
                f" the output layer; got {value!r}."
            )
        return {group: radius for group, radius in zip(hidden, radii, strict=True) if radius is not None}
