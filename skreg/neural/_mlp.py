"""Multilayer perceptrons for classification and regression."""

from ._classification import NetClassifier
from ._docs import documented
from ._perceptron import Perceptron
from ._regression import NetRegressor


@documented
class DropoutMLPClassifier(NetClassifier, Perceptron):
    """Multilayer perceptron for classification, with dropout and the other regularizers of neural nets.

    Minimizes the weighted mean cross-entropy of a softmax against the labels, or against labels after smoothing and
    mixup. `predict_uncertainty` gives the uncertainty of predictions from repeated draws of dropout (Monte Carlo
    dropout [19]_).

    Parameters
    ----------
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
    l1_ : float or array-like
        `l1` of the last fit, or the number that "auto" chose.
    <attributes>

    See Also
    --------
    DropoutMLPRegressor : The same for regression.
    LabelSmoothedLogistic : The linear model, with a duality gap.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from skreg import DropoutMLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = DropoutMLPClassifier(random_state=0).fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.95
    True
    >>> model.predict_uncertainty(X_test).mutual_information.shape
    (143,)

    A table as it is:

    >>> import pandas as pd
    >>> pets = pd.DataFrame({"kind": ["cat", "dog", "dog", None] * 5, "kg": [4.0, 30.0, None, 5.0] * 5})
    >>> model = DropoutMLPClassifier(early_stopping=False, random_state=0).fit(pets, ["in", "out", "out", "in"] * 5)
    >>> model.predict(pd.DataFrame({"kind": [None, "horse"], "kg": [4.5, 29.0]}))
    array(['in', 'out'], dtype='<U3')
    """

    _parameter_constraints = {**Perceptron._parameter_constraints, **NetClassifier._kind_constraints}

    def __init__(
        self,
        hidden_layer_sizes=(100, 100),
        *,
        activation="relu",
        categorical_features="from_dtype",
        missing="indicator",
        standardize="standard",
        numeric_embedding=None,
        embedding_size="auto",
        embedding_dropout=0.0,
        residual=False,
        normalization="batch",
        weight_normalization=None,
        dropout=0.15,
        input_dropout=0.0,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        ensemble_size="auto",
        weight_decay=0.3,
        l2=0.0,
        l1="auto",
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
        max_iter=100,
        early_stopping="auto",
        validation_fraction=0.1,
        patience=None,
        min_delta=0.0,
        monitor="loss",
        class_weight=None,
        random_state=None,
        warm_start=False,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.categorical_features = categorical_features
        self.missing = missing
        self.standardize = standardize
        self.numeric_embedding = numeric_embedding
        self.embedding_size = embedding_size
        self.embedding_dropout = embedding_dropout
        self.residual = residual
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.dropout_kind = dropout_kind
        self.stochastic_depth = stochastic_depth
        self.ensemble_size = ensemble_size
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
class DropoutMLPRegressor(NetRegressor, Perceptron):
    """Multilayer perceptron for regression of one or several targets, with dropout and other regularizers of nets.

    Minimizes the weighted mean squared error or, with `heteroscedastic`, minus the log-likelihood of normal noise. The
    net computes with standardized targets, so that penalties mean the same in all units of y. `predict_uncertainty`
    gives the uncertainty of predictions from repeated draws of dropout (Monte Carlo dropout [19]_).

    Parameters
    ----------
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
    l1_ : float or array-like
        `l1` of the last fit, or the number that "auto" chose.
    <attributes>

    See Also
    --------
    DropoutMLPClassifier : The same for classification.
    ElasticNetProx : The linear model, with a duality gap.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import DropoutMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = DropoutMLPRegressor(random_state=0).fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    >>> mean, std = model.predict(X[300:], return_std=True)
    >>> float((abs(y[300:] - mean) < 2.0 * std).mean()) > 0.85
    True
    """

    _parameter_constraints = {**Perceptron._parameter_constraints, **NetRegressor._kind_constraints}

    def __init__(
        self,
        hidden_layer_sizes=(100, 100),
        *,
        activation="relu",
        categorical_features="from_dtype",
        missing="indicator",
        standardize="standard",
        numeric_embedding=None,
        embedding_size="auto",
        embedding_dropout=0.0,
        residual=False,
        normalization="batch",
        weight_normalization=None,
        dropout=0.15,
        input_dropout=0.0,
        dropout_kind="bernoulli",
        stochastic_depth=0.0,
        ensemble_size="auto",
        weight_decay=0.3,
        l2=0.0,
        l1="auto",
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
        learning_rate=5e-3,
        momentum=0.9,
        schedule="cosine",
        warmup=0.0,
        strength_schedule="constant",
        batch_size="auto",
        max_iter=100,
        early_stopping="auto",
        validation_fraction=0.1,
        patience=None,
        min_delta=0.0,
        monitor="loss",
        heteroscedastic=False,
        random_state=None,
        warm_start=False,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.categorical_features = categorical_features
        self.missing = missing
        self.standardize = standardize
        self.numeric_embedding = numeric_embedding
        self.embedding_size = embedding_size
        self.embedding_dropout = embedding_dropout
        self.residual = residual
        self.normalization = normalization
        self.weight_normalization = weight_normalization
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.dropout_kind = dropout_kind
        self.stochastic_depth = stochastic_depth
        self.ensemble_size = ensemble_size
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
