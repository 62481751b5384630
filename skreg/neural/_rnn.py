"""Recurrent nets for classification and regression of sequences."""

import numpy as np
from sklearn.metrics import accuracy_score, r2_score

from .._nets.training.rows import Targets
from ..utils._targets import check_classes, numeric_targets
from ._classification import NetClassifier
from ._data import NetData
from ._docs import documented
from ._recurrent import RecurrentNet
from ._regression import NetRegressor
from ._sequences import check_step_targets


@documented
class DropoutRNNClassifier(NetClassifier, RecurrentNet):
    """Recurrent net for classification of sequences of any length, with variational dropout.

    A cell reads a sequence step by step and keeps what it needs in its state; what it has put out in the end, or the
    mean or the largest of all steps, decides the class. Dropout draws one mask for a whole sequence, of the inputs and
    of the state [20]_: a new one at every step would erase what the state holds. `predict_uncertainty` gives the
    uncertainty of predictions from repeated draws of these masks (Monte Carlo dropout [19]_).

    Parameters
    ----------
    <recurrent>
    <architecture>
    <penalties>
    label_smoothing : float, default=0.0
        Fraction of every label that is spread evenly over all classes, in [0, 1). It makes probabilities less extreme,
        but confidence then ranks errors worse (arXiv 2403.14715): use 0 where the classifier may abstain. Where the
        epoch is cross-validated, `temperature_` takes back a part of it, as of the confidence penalty.
    confidence_penalty : float, default=0.0
        Factor of the entropy of the predictions, which is subtracted from the loss, in [0, inf).
    <noise>
    <training>
    class_weight : dict or "balanced", default=None
        Factors of the sample weights by class; classes that a dict leaves out have factor 1. "balanced" gives all
        classes the same total weight. They are factors in the loss only: a class weight of 2 does not count as a
        repeated row, as a sample weight of 2 does. None with ``return_sequences=True``.
    <state>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    <temperature>
    <attributes>

    See Also
    --------
    DropoutRNNRegressor : The same for regression.
    DropoutCNNClassifier : For signals whose short pieces tell the class.
    Tokens : Turns texts into sequences of tokens.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    Which of two waves is faster, in sequences of unequal length:

    >>> import numpy as np
    >>> from skreg import DropoutRNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 400)
    >>> X = [np.sin(np.arange(rng.integers(20, 40)) * (0.5 + 0.3 * k) + rng.uniform(0, 6)) for k in y]
    >>> model = DropoutRNNClassifier(16, max_iter=10, random_state=0).fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.9
    True
    """

    _parameter_constraints = {**RecurrentNet._parameter_constraints, **NetClassifier._kind_constraints}

    def __init__(
        self,
        units=(64,),
        *,
        cell="gru",
        bidirectional=False,
        pooling="last",
        return_sequences=False,
        hidden_layer_sizes=(),
        activation="relu",
        missing="raise",
        vocabulary_size=None,
        embedding_size=None,
        embedding_dropout=0.0,
        residual=False,
        normalization=None,
        weight_normalization=None,
        dropout=0.25,
        input_dropout=0.0,
        recurrent_dropout=0.1,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        weight_decay=0.05,
        l2=0.0,
        l1=0.0,
        max_norm=None,
        clip_norm=1.0,
        label_smoothing=0.0,
        confidence_penalty=0.0,
        mixup=0.0,
        input_noise=0.0,
        feature_mask=0.0,
        augmenter=None,
        adversarial_epsilon=0.0,
        sam_rho=0.0,
        averaging="ema",
        optimizer="adamw",
        learning_rate=0.01,
        momentum=0.9,
        schedule="cosine",
        warmup=0.0,
        strength_schedule="constant",
        batch_size="auto",
        max_iter=50,
        early_stopping=True,
        validation_fraction=0.1,
        patience=None,
        min_delta=0.0,
        monitor="loss",
        class_weight=None,
        random_state=None,
        warm_start=False,
        verbose=False,
    ):
        self.units = units
        self.cell = cell
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.return_sequences = return_sequences
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.missing = missing
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.embedding_dropout = embedding_dropout
        self.residual = residual
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.recurrent_dropout = recurrent_dropout
        self.dropout_kind = dropout_kind
        self.stochastic_depth = stochastic_depth
        self.weight_decay = weight_decay
        self.l2 = l2
        self.l1 = l1
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.confidence_penalty = confidence_penalty
        self.mixup = mixup
        self.input_noise = input_noise
        self.feature_mask = feature_mask
        self.augmenter = augmenter
        self.adversarial_epsilon = adversarial_epsilon
        self.sam_rho = sam_rho
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
        self.class_weight = class_weight
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    def _read(self, X, y, sample_weight, *, reset=False, training=False, classes=None):
        if not self.return_sequences:
            return super()._read(X, y, sample_weight, reset=reset, training=training, classes=classes)
        X, labels, counts = self._rows_and_steps(X, y, reset)
        if labels.ndim > 1:
            raise ValueError(f"y must hold one label at every step; got labels of shape {labels.shape[1:]}.")
        check_step_targets(labels, counts)
        known = classes if classes is not None or reset else self.classes_
        self.classes_, codes, _ = check_classes(labels, None, known)
        self._class_factors = None
        at_steps = np.full(counts.shape, -1)  # no class after the end of a sequence
        at_steps[counts] = codes
        weights = self._weights_of(X, sample_weight)
        return NetData(X, at_steps, at_steps, weights, weights, self._n_channels, self._has_tokens)

    def _targets(self, data):
        return _with_ends(super()._targets(data))

    def _plain_targets(self, data):
        return _with_ends(super()._plain_targets(data))

    def score(self, X, y, sample_weight=None):
        """Accuracy; with ``return_sequences=True`` over all steps.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        if not self.return_sequences:
            return super().score(X, y, sample_weight)
        true, predicted, weights = self._steps_to_score(X, y, sample_weight)
        return float(accuracy_score(true, predicted, sample_weight=weights))


def _with_ends(targets):
    """Targets of NaN for code -1, which the steps after the end of a sequence have."""
    if targets.codes.ndim == 1:
        return targets
    return Targets(np.vstack([targets.table, np.full_like(targets.table[:1], np.nan)]), targets.codes)


@documented
class DropoutRNNRegressor(NetRegressor, RecurrentNet):
    """Recurrent net for regression of one or several targets from sequences of any length, with variational dropout.

    A cell reads a sequence step by step and keeps what it needs in its state; what it has put out in the end, or the
    mean or the largest of all steps, gives the prediction. Dropout draws one mask for a whole sequence, of the inputs
    and of the state [20]_: a new one at every step would erase what the state holds. The net computes with standardized
    targets, so that penalties mean the same in all units of y. `predict_uncertainty` gives the uncertainty of
    predictions from repeated draws of these masks (Monte Carlo dropout [19]_).

    Parameters
    ----------
    <recurrent>
    <architecture>
    <penalties>
    <noise>
    <training>
    heteroscedastic : bool, default=False
        Whether the net also predicts the variance of the noise for every row (Nix & Weigend 1994, eq. 4).
    <state>

    Attributes
    ----------
    noise_variance_ : ndarray of shape (n_outputs,)
        Mean squared error, on the validation rows if there are any, which is taken for the variance of the noise; on
        training rows it is too small where the net overfits. Not set with ``heteroscedastic=True``.
    conformity_scores_ : ndarray of shape (n_validation, n_outputs) or None
        Absolute residuals of the validation rows, divided by their predicted standard deviations; of at most about
        10,000 rows. `predict_interval` uses their quantiles. None without validation rows.
    <attributes>

    See Also
    --------
    DropoutRNNClassifier : The same for classification.
    DropoutCNNRegressor : For signals whose short pieces tell the target.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    The next value of a noisy wave, from the last 30:

    >>> import numpy as np
    >>> from skreg import DropoutRNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> wave = np.sin(0.3 * np.arange(830)) + 0.1 * rng.standard_normal(830)
    >>> X = np.lib.stride_tricks.sliding_window_view(wave[:-1], 30)
    >>> model = DropoutRNNRegressor(16, max_iter=20, random_state=0).fit(X[:600], wave[30:630])
    >>> model.score(X[600:], wave[630:]) > 0.9
    True
    """

    _parameter_constraints = {**RecurrentNet._parameter_constraints, **NetRegressor._kind_constraints}

    def __init__(
        self,
        units=(64,),
        *,
        cell="gru",
        bidirectional=False,
        pooling="last",
        return_sequences=False,
        hidden_layer_sizes=(),
        activation="relu",
        missing="raise",
        vocabulary_size=None,
        embedding_size=None,
        embedding_dropout=0.0,
        residual=False,
        normalization=None,
        weight_normalization=None,
        dropout=0.25,
        input_dropout=0.0,
        recurrent_dropout=0.1,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        weight_decay=0.05,
        l2=0.0,
        l1=0.0,
        max_norm=None,
        clip_norm=1.0,
        mixup=0.0,
        input_noise=0.0,
        feature_mask=0.0,
        augmenter=None,
        adversarial_epsilon=0.0,
        sam_rho=0.0,
        averaging="ema",
        optimizer="adamw",
        learning_rate=0.01,
        momentum=0.9,
        schedule="cosine",
        warmup=0.0,
        strength_schedule="constant",
        batch_size="auto",
        max_iter=50,
        early_stopping=True,
        validation_fraction=0.1,
        patience=None,
        min_delta=0.0,
        monitor="loss",
        heteroscedastic=False,
        random_state=None,
        warm_start=False,
        verbose=False,
    ):
        self.units = units
        self.cell = cell
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.return_sequences = return_sequences
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.missing = missing
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.embedding_dropout = embedding_dropout
        self.residual = residual
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.recurrent_dropout = recurrent_dropout
        self.dropout_kind = dropout_kind
        self.stochastic_depth = stochastic_depth
        self.weight_decay = weight_decay
        self.l2 = l2
        self.l1 = l1
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.mixup = mixup
        self.input_noise = input_noise
        self.feature_mask = feature_mask
        self.augmenter = augmenter
        self.adversarial_epsilon = adversarial_epsilon
        self.sam_rho = sam_rho
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
        self.warm_start = warm_start
        self.verbose = verbose

    def _read(self, X, y, sample_weight, *, reset=False, training=False):
        if not self.return_sequences:
            return super()._read(X, y, sample_weight, reset=reset, training=training)
        X, values, counts = self._rows_and_steps(X, y, reset)
        values = numeric_targets(values).astype(np.float64)
        check_step_targets(values, counts)
        if reset:
            self._outputs = values.shape[1:]
        elif values.shape[1:] != self._outputs:
            wanted = ", ".join(["n_samples", "steps", *map(str, self._outputs)])
            raise ValueError(f"y must have shape ({wanted}); got {values.shape[1:]} at every step.")
        at_steps = np.full((*counts.shape, self._n_outputs), np.nan)
        at_steps[counts] = values.reshape(len(values), -1)
        weights = self._weights_of(X, sample_weight)
        return NetData(X, at_steps, None, weights, weights, self._n_channels, self._has_tokens)

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination; with ``return_sequences=True`` over all steps.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        if not self.return_sequences:
            return super().score(X, y, sample_weight)
        true, predicted, weights = self._steps_to_score(X, y, sample_weight)
        return float(r2_score(true, predicted, sample_weight=weights))
