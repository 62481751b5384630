"""Fine-tuning of fitted nets for new data."""

import math
import warnings
from inspect import signature
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ..utils._delegation import DelegatesToFitted
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import caller_level, interrupted_fit, unchanged_on_error
from ..utils._params import (
    ANY_STRING,
    ARRAY_LIKE,
    BOOLEAN,
    COUNT,
    DICT,
    ESTIMATOR,
    NONE,
    Interval,
    Options,
    check_params,
)
from ._attention import TransformerNet
from ._autoencoder import Autoencoder
from ._base import BaseNet
from ._cnn import DropoutCNNClassifier, DropoutCNNRegressor
from ._convolution import ConvolutionalNet
from ._mlp import DropoutMLPClassifier, DropoutMLPRegressor
from ._perceptron import Perceptron
from ._recurrent import RecurrentNet
from ._rnn import DropoutRNNClassifier, DropoutRNNRegressor
from ._start import Start, frozen_layers, rates_by_layer
from ._transformer import DropoutTransformerClassifier, DropoutTransformerRegressor

FAMILIES = [
    (Perceptron, DropoutMLPClassifier, DropoutMLPRegressor),
    (ConvolutionalNet, DropoutCNNClassifier, DropoutCNNRegressor),
    (RecurrentNet, DropoutRNNClassifier, DropoutRNNRegressor),
    (TransformerNet, DropoutTransformerClassifier, DropoutTransformerRegressor),
]
SOURCE = "source"  # the value of a parameter that is that of the pretrained net
OF_NETS = (
    "dropout", "input_dropout", "input_noise", "feature_mask", "mixup", "augmenter", "adversarial_epsilon", "sam_rho",
    "weight_decay", "l2", "l1", "max_norm", "clip_norm", "averaging", "optimizer", "learning_rate", "momentum",
    "schedule", "warmup", "strength_schedule", "batch_size", "max_iter", "early_stopping", "validation_fraction",
    "patience", "min_delta", "monitor",
)  # fmt: skip
OF_CLASSIFIERS = "label_smoothing", "confidence_penalty"
PER_LAYER = {"dropout": 0, "max_norm": 0, "weight_decay": 1, "l2": 1, "l1": 1}  # entries for the output layer


def with_source(constraints, names):
    """Constraints of parameters that may also be that of the pretrained net."""
    more = {name: [] if ANY_STRING in constraints[name] else [Options(SOURCE)] for name in names}
    return {name: [*constraints[name], *more[name]] for name in names}


def _is_of_source(value):
    return isinstance(value, str) and value == SOURCE


def source_of(pretrained, owner):
    """The fitted net in a FrozenEstimator, and how many of its hidden layers to take over; None for all.

    Raises
    ------
    TypeError, ValueError
        Where it is not frozen, not fitted, or no net.
    """
    name = type(owner).__name__
    if not isinstance(pretrained, FrozenEstimator):
        raise TypeError(
            f"pretrained would lose its fit when {name} is cloned, as in searches and cross-validation; fit it and give"
            f" {name}(FrozenEstimator(pretrained)), with FrozenEstimator of sklearn.frozen. Got"
            f" pretrained={pretrained!r}."
        )
    inner = pretrained.estimator
    if isinstance(inner, Pipeline):
        raise ValueError(
            f"pretrained holds a pipeline: let its first steps go before {name}, as they are, by"
            f" make_pipeline(FrozenEstimator(pipeline[:-1]), {name}(FrozenEstimator(pipeline[-1]))). Got"
            f" pretrained={pretrained!r}."
        )
    n_layers = None
    if isinstance(inner, BaseFineTuned):
        inner = getattr(inner, "estimator_", inner)
    elif isinstance(inner, Autoencoder):
        inner = getattr(inner, "net_", inner)
        if isinstance(inner, BaseNet):
            n_layers = int(np.argmin(inner._architecture.dense.hidden_layer_sizes)) + 1
    if not isinstance(inner, (BaseNet, BaseFineTuned, Autoencoder)):
        hint = " Give the best_estimator_ of a search." if hasattr(inner, "best_estimator_") else ""
        raise ValueError(f"pretrained must hold a net or an Autoencoder of skreg; got pretrained={pretrained!r}.{hint}")
    if not hasattr(inner, "_net"):
        raise NotFittedError(f"pretrained={pretrained!r} is not fitted yet: fit the net before it is frozen.")
    return inner, n_layers


class ScoreOfNet:
    """Mixin: the score is that of the fitted net, which knows targets at every step."""

    def score(self, X, y, sample_weight=None):
        """Score of the fitted net: accuracy of a classifier, coefficient of determination of a regressor.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        return self._ask("score", X, y=y, sample_weight=sample_weight)


class BaseFineTuned(DelegatesToFitted, MetaEstimatorMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of the estimators that fine-tune a fitted net."""

    estimator = None  # before `fit`, the methods that delegate are those of all nets

    _parameter_constraints = {
        "pretrained": [ESTIMATOR],
        "l2_sp": [Interval(Real, 0.0, math.inf, closed="both")],
        "layer_rate_decay": [Interval(Real, 0.0, 1.0, closed="both"), DICT],
        "unfreeze": [COUNT, NONE],
        "frozen": [Interval(Integral, 0, math.inf), ARRAY_LIKE],
        "new_head": [BOOLEAN, Options("auto")],
        **with_source(BaseNet._parameter_constraints | {"l1": Perceptron._parameter_constraints["l1"]}, OF_NETS),
        **{name: BaseNet._parameter_constraints[name] for name in ("random_state", "verbose")},
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            inner = get_tags(self.pretrained)
        except (AttributeError, TypeError):  # fit raises where this is not an estimator
            return tags
        tags.input_tags = inner.input_tags
        tags.target_tags.required = True
        return tags

    @unchanged_on_error
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fine-tune the net.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            What the pretrained net takes, transformed as its training rows were.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type, or targets in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.
        X_val : array-like or sparse matrix of shape (n_samples_val, ...), default=None
            Validation rows, which are never trained on; instead of a random part of X.
        y_val : array-like of shape (n_samples_val,) or (n_samples_val, n_outputs), default=None
            Targets of the validation rows, in the units of y: `TransformedTargetRegressor` does not transform them. A
            warning says where they seem to be others.
        sample_weight_val : array-like of shape (n_samples_val,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : object

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. After at least one epoch, the estimator is fitted nevertheless; before that it stays as it was.
        """
        source, n_layers = self._check_parameters()
        net = self._new_net(source, n_layers)
        layers = net._check_parameters().groups()
        rates = rates_by_layer(layers, self.layer_rate_decay)
        frozen = frozen_layers(layers, self.frozen)
        net._start = Start(
            source,
            layers,
            self.new_head,
            float(self.l2_sp),
            rates,
            frozen,
            self.unfreeze,
            changed=[name for name in OF_NETS if not _is_of_source(getattr(self, name))],
            name=type(self).__name__,
        )
        if self.unfreeze is not None and self.unfreeze >= net.max_iter:
            warnings.warn(
                f"unfreeze={self.unfreeze} trains the output layer alone: training ends after max_iter={net.max_iter}"
                " epochs, before another layer joins it.",
                UserWarning,
                stacklevel=caller_level(),
            )
        try:
            net.fit(X, y, sample_weight, X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
        except KeyboardInterrupt as error:
            if getattr(error, "kept_by", None) is not net:
                raise
            self._keep(net)
            raise interrupted_fit(self, str(error)) from error
        self._keep(net)
        return self

    def _check_parameters(self):
        """The fitted net, and how many of its hidden layers to take over."""
        if isinstance(self.pretrained, FrozenEstimator) or self.pretrained not in ESTIMATOR:
            check_params(self)
        return source_of(self.pretrained, self)

    def _own_settings(self):
        """Parameters, those of the pretrained net where they are "source"; as they are where `fit` would refuse it."""
        params = self.get_params(deep=False)
        try:
            source, _ = source_of(self.pretrained, self)
        except (TypeError, ValueError):
            return params
        of_source = source.get_params(deep=False)
        return {name: of_source.get(name, value) if _is_of_source(value) else value for name, value in params.items()}

    def _new_net(self, source, n_layers):
        """An unfitted net of the family of the source, with its parameters where no others are set."""
        _, *kinds = next(family for family in FAMILIES if isinstance(source, family[0]))
        cls = kinds[self._kind]
        known = signature(cls).parameters
        params = {name: value for name, value in source.get_params(deep=False).items() if name in known}
        if not isinstance(source, cls):  # scores of classes say nothing about numbers
            params.pop("monitor")
        if n_layers is not None:
            self._shorten(params, source, n_layers)
        if getattr(source, "_n_tokens", None) is not None:
            params["vocabulary_size"] = source._n_tokens
        own = {name: getattr(self, name) for name in known if hasattr(self, name)}
        params |= {name: value for name, value in own.items() if not _is_of_source(value)}
        net = cls(**params | {"warm_start": False})
        if source._has_fixed_inputs:
            names = "n_features_in_", "_shape", "_form", "_table", "_exact"
            vars(net).update({name: getattr(source, name) for name in names if hasattr(source, name)})
            if hasattr(self.pretrained, "feature_names_in_"):  # of an `Autoencoder`, too, whose net sees no names
                net.feature_names_in_ = self.pretrained.feature_names_in_
        return net

    def _shorten(self, params, source, n_layers):
        """Let parameters be those of the first hidden layers and the output."""
        n = len(source._architecture.dense.hidden_layer_sizes)
        params["hidden_layer_sizes"] = sizes = source._architecture.dense.hidden_layer_sizes[:n_layers]
        for name, n_outputs in PER_LAYER.items():
            if np.ndim(params[name]):
                values = list(params[name])
                params[name] = [*values[:n_layers], *values[n : n + n_outputs]]
        if not any(a == b for a, b in zip(sizes[1:], sizes, strict=False)):
            params |= dict(residual=False, stochastic_depth=0.0)

    def _keep(self, net):
        """Make the fitted net the result."""
        self.new_head_ = not net._start.keeps_head
        del net._start
        self.estimator_ = net
        self.n_iter_ = net.n_iter_
        for name in ("n_features_in_", "feature_names_in_", "classes_"):
            vars(self).pop(name, None)
            if hasattr(net, name):
                setattr(self, name, getattr(net, name))
