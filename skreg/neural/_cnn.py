"""Convolutional nets for classification and regression of images and signals."""

import math
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from .._nets.architectures.cnn import POOLING, ConvolutionalArchitecture, build_cnn
from ..utils._images import NARROW, check_numbers, is_image_shape, warn_of_axes, warn_of_first_channels
from ..utils._params import ARRAY_LIKE, BELOW_ONE, BOOLEAN, COUNT, NONE, Interval, Options
from ..utils._validation import as_even
from ._base import BaseNet
from ._classification import NetClassifier
from ._docs import documented
from ._regression import NetRegressor
from ._sequences import check_cells


class ConvolutionalNet(BaseNet):
    """The family of convolutional nets."""

    _parameter_constraints = {
        **BaseNet._parameter_constraints,
        "channels": [COUNT, ARRAY_LIKE],
        "kernel_size": [COUNT, ARRAY_LIKE],
        "stride": [COUNT, ARRAY_LIKE],
        "padding": [Options("same", "valid")],
        "pool_size": [COUNT, ARRAY_LIKE],
        "pooling": [Options(*POOLING)],
        "global_pooling": [BOOLEAN],
        "image_shape": [ARRAY_LIKE, NONE],
        "dims": [Interval(Integral, 1, 2, closed="both"), NONE],
        "spatial_dropout": [BELOW_ONE],
        "drop_block": [BELOW_ONE],
        "block_size": [COUNT],
    }

    def _read_architecture(self):
        channels, hidden = self._counts("channels"), self._counts("hidden_layer_sizes")
        n = len(channels)
        if n == 0:
            raise ValueError(f"channels must hold ints of at least 1; got {self.channels!r}.")
        if self.normalization == "layer" and 1 in (*channels, *hidden):
            raise ValueError(
                "normalization='layer' makes a layer of one unit, or channel, constant; got"
                f" channels={self.channels!r}, hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        self._check_shape_parameters()
        return ConvolutionalArchitecture(
            channels,
            self._per_convolution("kernel_size", n),
            self._per_convolution("stride", n),
            self._per_convolution("pool_size", n),
            self.pooling,
            self.padding,
            self.residual,
            self.global_pooling,
            self.spatial_dropout,
            self.drop_block,
            self.block_size,
            self._dense_architecture(hidden, residual=False),
        )

    def _per_convolution(self, name, n):
        """A parameter as n ints of at least 1, one for every convolutional layer."""
        value, sizes = getattr(self, name), self._counts(name)
        if np.ndim(value) == 0:
            return sizes * n
        if len(sizes) != n:
            raise ValueError(
                f"{name} must be an int, or hold {n}, one for every convolutional layer (channels={self.channels!r});"
                f" got {value!r}."
            )
        return sizes

    def _check_shape_parameters(self):
        shape = self.image_shape
        if shape is None:
            return
        if not is_image_shape(shape):
            raise ValueError(
                "image_shape must be (height, width) or (height, width, channels), or (steps, channels) with dims=1;"
                f" got {shape!r}."
            )
        if self.dims == 1 and len(shape) != 2:
            raise ValueError(f"image_shape must be (steps, channels) with dims=1; got {shape!r}.")

    # ---- data

    @property
    def _has_fixed_inputs(self):
        return not self.global_pooling

    def _flat(self, X, reset):
        """X as rows of numbers; `reset` makes it decide the shape of the images."""
        check_cells(X, "images")
        is_table = sp.issparse(X) or hasattr(X, "columns")
        try:
            X = X if is_table else np.asarray(X)
        except ValueError as error:  # NumPy's words are about axes
            for i, image in enumerate(X):
                as_even(image, i)
            shapes = list(map(np.shape, X))
            other = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
            raise ValueError(
                f"X must hold images of one shape; got {shapes[0]} in row 0 and {shapes[other]} in row {other}."
            ) from error
        if not is_table and X.ndim == 0:
            raise ValueError(f"X must hold images, signals or flat rows; got {X.item()!r}.")
        flat = is_table or X.ndim < 3
        if not reset:
            self._check_is_not_one(X)
        if reset:
            self._shape = self._shape_of(X, flat)
        elif not flat and (found := self._shape_of(X, flat)) != self._shape:
            raise ValueError(
                f"X has images of shape {found}, but {type(self).__name__} was fitted to images of shape {self._shape}:"
                " (height, width, channels), with height 1 for signals."
            )
        return X if flat else X.reshape(len(X), math.prod(X.shape[1:]))

    def _check_is_not_one(self, X):
        """Raise ValueError where X is one image, or one signal, instead of an array of them."""
        if self._shape is None or sp.issparse(X) or X.shape[-1] == self.n_features_in_:
            return
        height, width, n_channels = self._shape
        forms = [self._shape]
        forms += [(height, width)] if n_channels == 1 else []
        forms += [(width, n_channels)] if height == 1 else []
        if X.shape in forms:
            raise ValueError(f"X has shape {X.shape}, which is that of one row: pass X[None].")

    def _shape_of(self, X, flat):
        """Shape (height, width, channels) of the images in X; None for flat rows whose number of columns decides it."""
        if self.image_shape is not None:
            given = tuple(int(side) for side in self.image_shape)
            found = X.shape[1:]
            check_numbers(given, found)
            if not flat and tuple(found) != given and tuple(found) != (*given, 1):
                raise ValueError(f"image_shape={given} is not the shape of the images in X: {tuple(found)}.")
            return (1, *given) if self.dims == 1 else (*given, *[1] * (3 - len(given)))
        if flat:
            if self.dims == 2:
                raise ValueError(f"dims=2 needs images; X has flat rows of {X.shape[-1]} numbers: set image_shape.")
            return None
        sides = X.shape[1:]
        if self.dims == 1 and len(sides) == 2:
            return (1, *sides)
        if self.dims == 1 or len(sides) > 3:
            wanted = "(n, steps, channels) with dims=1" if self.dims == 1 else "(n, height, width[, channels])"
            raise ValueError(f"X must have shape {wanted}; got {X.shape}.")
        warn_of_first_channels(sides)
        if len(sides) == 2 and sides[1] <= NARROW < sides[0] and self.dims is None:
            warn_of_axes(
                f"X of shape {X.shape} is read as {len(X)} images of {sides[0]} x {sides[1]} pixels. Set dims=1 if it"
                f" holds signals of {sides[0]} steps with {sides[1]} channels, or dims=2 if it holds images."
            )
        return (*sides, *[1] * (3 - len(sides)))

    def _row_shape(self):
        height, width, n_channels = self._shape_in()
        if height > 1:
            return height, width, n_channels
        return (width,) if n_channels == 1 else (width, n_channels)

    def _place(self, row, column):
        if self._shape is None:
            return super()._place(row, column)
        height, _, n_channels = self._shape
        y, x, channel = (int(k) for k in np.unravel_index(column, self._shape))
        place = f"row {row}, pixel ({y}, {x})" if height > 1 else f"row {row}, step {x}"
        return place if n_channels == 1 else f"{place}, channel {channel}"

    def _shape_in(self):
        return (1, self.n_features_in_, 1) if self._shape is None else self._shape

    def _build_net(self, architecture, n_rows, rng, inputs):
        return build_cnn(architecture, self._shape_in(), self._count_outputs(), n_rows, rng)


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
        but confidence then ranks errors worse (arXiv 2403.14715): use 0 where the classifier may abstain.
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
