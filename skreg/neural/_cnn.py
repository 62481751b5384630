"""Convolutional nets for classification and regression of images and signals."""

from ._classification import NetClassifier
from ._convolution import ConvolutionalNet
from ._docs import documented
from ._regression import NetRegressor


@documented
class DropoutCNNClassifier(NetClassifier, ConvolutionalNet):
    """Convolutional net for classification of images and signals, with dropout in all its forms.

    Every filter is a small matrix of weights that moves over the image, so that a net for images of any size has few
    weights: that alone is regularization. Minimizes the weighted mean cross-entropy of a softmax against the labels, or
    against labels after smoothing and mixing. `predict_uncertainty` gives the uncertainty of predictions from repeated
    draws of dropout (Monte Carlo dropout [19]_), whole channels and blocks included.

    Parameters
    ----------
    <convolution>
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
        repeated row, as a sample weight of 2 does.
    <state>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    <temperature>
    <attributes>

    See Also
    --------
    DropoutCNNRegressor : The same for regression.
    DropoutMLPClassifier : For tables, whose columns have no neighbours.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skreg import DropoutCNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = DropoutCNNClassifier((16, 32), image_shape=(8, 8), max_iter=10, random_state=0)
    >>> model.fit(X[:1000] / 16, y[:1000]).score(X[1000:] / 16, y[1000:]) > 0.93
    True
    """

    _parameter_constraints = {**ConvolutionalNet._parameter_constraints, **NetClassifier._kind_constraints}

    def __init__(
        self,
        channels=(32, 64),
        *,
        kernel_size=3,
        stride=1,
        padding="same",
        pool_size=2,
        pooling="max",
        global_pooling=False,
        image_shape=None,
        dims=None,
        hidden_layer_sizes=(128,),
        activation="relu",
        residual=False,
        normalization="batch",
        weight_normalization=None,
        dropout=0.25,
        input_dropout=0.0,
        spatial_dropout=0.0,
        drop_block=0.0,
        block_size=5,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        weight_decay=0.05,
        l2=0.0,
        l1=0.0,
        max_norm=None,
        clip_norm=None,
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
        learning_rate=2e-3,
        momentum=0.9,
        schedule="cosine",
        warmup=0.0,
        strength_schedule="constant",
        batch_size="auto",
        max_iter=30,
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
        self.channels = channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.pool_size = pool_size
        self.pooling = pooling
        self.global_pooling = global_pooling
        self.image_shape = image_shape
        self.dims = dims
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.residual = residual
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.spatial_dropout = spatial_dropout
        self.drop_block = drop_block
        self.block_size = block_size
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


@documented
class DropoutCNNRegressor(NetRegressor, ConvolutionalNet):
    """Convolutional net for regression of one or several targets from images and signals, with dropout in all forms.

    Every filter is a small matrix of weights that moves over the image or signal, so that a net for rows of any length
    has few weights: that alone is regularization. Minimizes the weighted mean squared error or, with `heteroscedastic`,
    minus the log-likelihood of normal noise. The net computes with standardized targets, so that penalties mean the
    same in all units of y. `predict_uncertainty` gives the uncertainty of predictions from repeated draws of dropout
    (Monte Carlo dropout [19]_), whole channels and blocks included.

    Parameters
    ----------
    <convolution>
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
    DropoutCNNClassifier : The same for classification.
    DropoutMLPRegressor : For tables, whose columns have no neighbours.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    >>> import numpy as np
    >>> from skreg import DropoutCNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> place = rng.integers(5, 45, 600)  # of a bump in a noisy signal
    >>> X = np.exp(-((np.arange(50) - place[:, None]) ** 2) / 8) + 0.1 * rng.standard_normal((600, 50))
    >>> model = DropoutCNNRegressor((8, 16), max_iter=20, random_state=0).fit(X[:500], place[:500])
    >>> model.score(X[500:], place[500:]) > 0.95
    True
    """

    _parameter_constraints = {**ConvolutionalNet._parameter_constraints, **NetRegressor._kind_constraints}

    def __init__(
        self,
        channels=(32, 64),
        *,
        kernel_size=3,
        stride=1,
        padding="same",
        pool_size=2,
        pooling="max",
        global_pooling=False,
        image_shape=None,
        dims=None,
        hidden_layer_sizes=(128,),
        activation="relu",
        residual=False,
        normalization="batch",
        weight_normalization=None,
        dropout=0.25,
        input_dropout=0.0,
        spatial_dropout=0.0,
        drop_block=0.0,
        block_size=5,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        weight_decay=0.05,
        l2=0.0,
        l1=0.0,
        max_norm=None,
        clip_norm=None,
        mixup=0.0,
        input_noise=0.0,
        feature_mask=0.0,
        augmenter=None,
        adversarial_epsilon=0.0,
        sam_rho=0.0,
        averaging="ema",
        optimizer="adamw",
        learning_rate=2e-3,
        momentum=0.9,
        schedule="cosine",
        warmup=0.0,
        strength_schedule="constant",
        batch_size="auto",
        max_iter=30,
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
        self.channels = channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.pool_size = pool_size
        self.pooling = pooling
        self.global_pooling = global_pooling
        self.image_shape = image_shape
        self.dims = dims
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.residual = residual
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.spatial_dropout = spatial_dropout
        self.drop_block = drop_block
        self.block_size = block_size
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
