"""Transformers for classification and regression of tables and sequences."""

from ._attention import TransformerNet
from ._classification import NetClassifier
from ._docs import documented
from ._regression import NetRegressor


@documented
class DropoutTransformerClassifier(NetClassifier, TransformerNet):
    """Transformer for classification of tables and sequences, with dropout on attention and other regularizers of nets.

    A row is a set of tokens: the features of a table [20]_, or the steps of a sequence, with positions added [21]_. In
    every block, tokens look at each other by attention of several heads, then each goes through two dense layers; both
    add to the token what they find. One more token stands for the row, and decides the class. What X is follows from
    its shape: **two-dimensional arrays and frames are tables; three-dimensional arrays, and lists of arrays of
    unequal length, are sequences**; `inputs` says it where that is not so, as for texts.

    `predict_uncertainty` gives the uncertainty of predictions from repeated draws of dropout (Monte Carlo dropout
    [19]_), and `attention_maps` what the tokens look at.

    Parameters
    ----------
    <attention>
    <architecture>
    <members>
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
    ensemble_size_ : int
        Number of members.
    <attributes>

    See Also
    --------
    DropoutTransformerRegressor : The same for regression.
    DropoutMLPClassifier : For tables, and faster.
    DropoutRNNClassifier : Reads sequences step by step.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    Whether two of six features have the same sign, which no feature says alone:

    >>> import numpy as np
    >>> from skreg import DropoutTransformerClassifier
    >>> X = np.random.default_rng(0).standard_normal((600, 6))
    >>> y = X[:, 0] * X[:, 1] > 0.0
    >>> model = DropoutTransformerClassifier(2, embedding_size=32, max_iter=40, random_state=0).fit(X[:500], y[:500])
    >>> model.score(X[500:], y[500:]) > 0.9
    True
    >>> model.attention_maps(X[500:]).shape  # rows, blocks, heads, and pairs of the features and the token of the row
    (100, 2, 4, 7, 7)
    """

    _parameter_constraints = {**TransformerNet._parameter_constraints, **NetClassifier._kind_constraints}

    def __init__(
        self,
        n_blocks=3,
        *,
        n_heads=4,
        feed_forward_size=None,
        pooling="cls",
        inputs="auto",
        hidden_layer_sizes=(),
        activation="relu",
        categorical_features="from_dtype",
        missing="indicator",
        standardize="standard",
        numeric_embedding=None,
        vocabulary_size=None,
        embedding_size=64,
        embedding_dropout=0.0,
        normalization=None,
        weight_normalization=None,
        dropout=0.1,
        input_dropout=0.0,
        attention_dropout=0.2,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        ensemble_size=1,
        weight_decay=1.0,
        l2=0.0,
        l1=0.0,
        attention_entropy=0.0,
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
        learning_rate=0.001,
        momentum=0.9,
        schedule="cosine",
        warmup=0.05,
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
        self.n_blocks = n_blocks
        self.n_heads = n_heads
        self.feed_forward_size = feed_forward_size
        self.pooling = pooling
        self.inputs = inputs
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.categorical_features = categorical_features
        self.missing = missing
        self.standardize = standardize
        self.numeric_embedding = numeric_embedding
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.embedding_dropout = embedding_dropout
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.attention_dropout = attention_dropout
        self.dropout_kind = dropout_kind
        self.stochastic_depth = stochastic_depth
        self.ensemble_size = ensemble_size
        self.weight_decay = weight_decay
        self.l2 = l2
        self.l1 = l1
        self.attention_entropy = attention_entropy
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
class DropoutTransformerRegressor(NetRegressor, TransformerNet):
    """Transformer for regression of one or several targets from tables and sequences, with dropout on attention.

    A row is a set of tokens: the features of a table [20]_, or the steps of a sequence, with positions added [21]_. In
    every block, tokens look at each other by attention of several heads, then each goes through two dense layers; both
    add to the token what they find. One more token stands for the row, and gives the prediction. What X is follows from
    its shape: **two-dimensional arrays and frames are tables; three-dimensional arrays, and lists of arrays of
    unequal length, are sequences**; `inputs` says it where that is not so, as for texts.

    The net computes with standardized targets, so that penalties mean the same in all units of y. `predict_uncertainty`
    gives the uncertainty of predictions from repeated draws of dropout (Monte Carlo dropout [19]_), and
    `attention_maps` what the tokens look at.

    Parameters
    ----------
    <attention>
    <architecture>
    <members>
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
    ensemble_size_ : int
        Number of members.
    <attributes>

    See Also
    --------
    DropoutTransformerClassifier : The same for classification.
    DropoutMLPRegressor : For tables, and faster.
    DropoutRNNRegressor : Reads sequences step by step.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    A product of two of six features:

    >>> import numpy as np
    >>> from skreg import DropoutTransformerRegressor
    >>> X = np.random.default_rng(0).standard_normal((600, 6))
    >>> y = X[:, 0] * X[:, 1]
    >>> model = DropoutTransformerRegressor(2, embedding_size=32, max_iter=40, random_state=0).fit(X[:500], y[:500])
    >>> model.score(X[500:], y[500:]) > 0.8
    True
    """

    _parameter_constraints = {**TransformerNet._parameter_constraints, **NetRegressor._kind_constraints}

    def __init__(
        self,
        n_blocks=3,
        *,
        n_heads=4,
        feed_forward_size=None,
        pooling="cls",
        inputs="auto",
        hidden_layer_sizes=(),
        activation="relu",
        categorical_features="from_dtype",
        missing="indicator",
        standardize="standard",
        numeric_embedding=None,
        vocabulary_size=None,
        embedding_size=64,
        embedding_dropout=0.0,
        normalization=None,
        weight_normalization=None,
        dropout=0.1,
        input_dropout=0.0,
        attention_dropout=0.2,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        ensemble_size=1,
        weight_decay=1.0,
        l2=0.0,
        l1=0.0,
        attention_entropy=0.0,
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
        learning_rate=0.001,
        momentum=0.9,
        schedule="cosine",
        warmup=0.05,
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
        self.n_blocks = n_blocks
        self.n_heads = n_heads
        self.feed_forward_size = feed_forward_size
        self.pooling = pooling
        self.inputs = inputs
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.categorical_features = categorical_features
        self.missing = missing
        self.standardize = standardize
        self.numeric_embedding = numeric_embedding
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.embedding_dropout = embedding_dropout
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.attention_dropout = attention_dropout
        self.dropout_kind = dropout_kind
        self.stochastic_depth = stochastic_depth
        self.ensemble_size = ensemble_size
        self.weight_decay = weight_decay
        self.l2 = l2
        self.l1 = l1
        self.attention_entropy = attention_entropy
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
