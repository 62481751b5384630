"""Estimators that fine-tune a fitted net."""

from sklearn.base import ClassifierMixin, RegressorMixin

from ..utils._delegation import DelegatesToFittedClassifier
from ._classification import NetClassifier
from ._docs_transfer import documented
from ._regression import NetRegressor
from ._transfer import OF_CLASSIFIERS, BaseFineTuned, ScoreOfNet, with_source


@documented
class FineTunedClassifier(ScoreOfNet, DelegatesToFittedClassifier, ClassifierMixin, BaseFineTuned):
    """Classifier that begins from a fitted net and stays near it.

    <intro>

    Parameters
    ----------
    <common>
    new_head : bool or "auto", default="auto"
        Whether the output layer is a new one. "auto" keeps that of a net with the same classes. True makes a
        new one even then; False raises ValueError for other classes.
    label_smoothing, confidence_penalty : default="source"
    <training>
    class_weight : dict or "balanced", default=None
        Factors of the sample weights by class; "balanced" gives all classes the same total weight.
    <state>

    Attributes
    ----------
    <attributes>
    classes_ : ndarray of shape (n_classes,)

    <raises>

    See Also
    --------
    FineTunedRegressor : The same for regression.
    DropoutMLPClassifier : The net, and its parameters.
    Autoencoder : Features learned without labels.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    Digits 5 to 9 with ten labels each, from a net for the digits 0 to 4:

    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.frozen import FrozenEstimator
    >>> from skreg import DropoutMLPClassifier
    >>> from skreg.neural import FineTunedClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X = X / 16
    >>> source = DropoutMLPClassifier(max_iter=30, random_state=0).fit(X[y < 5], y[y < 5])
    >>> X, y = X[y >= 5], y[y >= 5]
    >>> few = np.concatenate([np.flatnonzero(y == k)[:10] for k in range(5, 10)])
    >>> model = FineTunedClassifier(FrozenEstimator(source), random_state=0).fit(X[few], y[few])
    >>> rest = np.setdiff1d(np.arange(len(y)), few)
    >>> model.score(X[rest], y[rest]) > 0.75
    True
    """

    _kind = 0
    _parameter_constraints = {
        **BaseFineTuned._parameter_constraints,
        **with_source(NetClassifier._kind_constraints, OF_CLASSIFIERS),
        "class_weight": NetClassifier._kind_constraints["class_weight"],
    }

    def __init__(
        self,
        pretrained,
        *,
        l2_sp=0.0,
        layer_rate_decay=1.0,
        unfreeze=None,
        frozen=0,
        new_head="auto",
        dropout="source",
        input_dropout="source",
        input_noise="source",
        feature_mask="source",
        mixup="source",
        augmenter="source",
        adversarial_epsilon="source",
        sam_rho="source",
        weight_decay="source",
        l2="source",
        l1="source",
        max_norm="source",
        clip_norm="source",
        averaging="source",
        optimizer="source",
        learning_rate="source",
        momentum="source",
        schedule="source",
        warmup="source",
        strength_schedule="source",
        batch_size="source",
        max_iter="source",
        early_stopping="source",
        validation_fraction="source",
        patience="source",
        min_delta="source",
        monitor="source",
        label_smoothing="source",
        confidence_penalty="source",
        class_weight=None,
        random_state=None,
        verbose=False,
    ):
        self.pretrained = pretrained
        self.l2_sp = l2_sp
        self.layer_rate_decay = layer_rate_decay
        self.unfreeze = unfreeze
        self.frozen = frozen
        self.new_head = new_head
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.input_noise = input_noise
        self.feature_mask = feature_mask
        self.mixup = mixup
        self.augmenter = augmenter
        self.adversarial_epsilon = adversarial_epsilon
        self.sam_rho = sam_rho
        self.weight_decay = weight_decay
        self.l2 = l2
        self.l1 = l1
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.averaging = averaging
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.warmup = warmup
        self.strength_schedule = strength_schedule
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.label_smoothing = label_smoothing
        self.confidence_penalty = confidence_penalty
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose


@documented
class FineTunedRegressor(ScoreOfNet, RegressorMixin, BaseFineTuned):
    """Regressor that begins from a fitted net and stays near it.

    <intro>

    Parameters
    ----------
    <common>
    new_head : bool or "auto", default="auto"
        Whether the output layer is a new one. "auto" keeps that of a net with the same number of
        outputs if its predictions for the training rows are better than their mean: it then predicts the same quantity
        in the same units, and targets are standardized as they were for the pretrained net. A new output layer has
        targets that are standardized anew. True makes a new one in any case; False keeps the old one, and raises
        ValueError for another number of outputs.
    heteroscedastic : default="source"
    <training>
    <state>

    Attributes
    ----------
    <attributes>

    <raises>

    See Also
    --------
    FineTunedClassifier : The same for classification.
    DropoutMLPRegressor : The net, and its parameters.
    Autoencoder : Features learned without labels.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    The second half of the diabetes data, from a net for the first half:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.frozen import FrozenEstimator
    >>> from skreg import DropoutMLPRegressor
    >>> from skreg.neural import FineTunedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X = 20 * X
    >>> source = DropoutMLPRegressor(max_iter=30, random_state=0).fit(X[:200], y[:200])
    >>> model = FineTunedRegressor(FrozenEstimator(source), random_state=0).fit(X[200:300], y[200:300])
    >>> model.new_head_  # the targets are the same quantity
    False
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    """

    _kind = 1
    _parameter_constraints = {
        **BaseFineTuned._parameter_constraints,
        **with_source(NetRegressor._kind_constraints, ("heteroscedastic",)),
    }

    def __init__(
        self,
        pretrained,
        *,
        l2_sp=0.0,
        layer_rate_decay=1.0,
        unfreeze=None,
        frozen=0,
        new_head="auto",
        dropout="source",
        input_dropout="source",
        input_noise="source",
        feature_mask="source",
        mixup="source",
        augmenter="source",
        adversarial_epsilon="source",
        sam_rho="source",
        weight_decay="source",
        l2="source",
        l1="source",
        max_norm="source",
        clip_norm="source",
        averaging="source",
        optimizer="source",
        learning_rate="source",
        momentum="source",
        schedule="source",
        warmup="source",
        strength_schedule="source",
        batch_size="source",
        max_iter="source",
        early_stopping="source",
        validation_fraction="source",
        patience="source",
        min_delta="source",
        monitor="source",
        heteroscedastic="source",
        random_state=None,
        verbose=False,
    ):
        self.pretrained = pretrained
        self.l2_sp = l2_sp
        self.layer_rate_decay = layer_rate_decay
        self.unfreeze = unfreeze
        self.frozen = frozen
        self.new_head = new_head
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.input_noise = input_noise
        self.feature_mask = feature_mask
        self.mixup = mixup
        self.augmenter = augmenter
        self.adversarial_epsilon = adversarial_epsilon
        self.sam_rho = sam_rho
        self.weight_decay = weight_decay
        self.l2 = l2
        self.l1 = l1
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.averaging = averaging
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.warmup = warmup
        self.strength_schedule = strength_schedule
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.heteroscedastic = heteroscedastic
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
