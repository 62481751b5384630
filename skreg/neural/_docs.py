"""Parts of the docstrings of all nets."""

import functools
import re
import types
from inspect import signature

from . import _docs_attention as attention
from . import _docs_tables as of_tables
from ._docs_recurrent import FOR_SEQUENCES, PARAMETERS, RECURRENT
from ._docs_tables import AVERAGING, TABLE

SHARED = {
    "recurrent": PARAMETERS,
    "attention": attention.PARAMETERS,
    "convolution": """
    channels : int or sequence of int, default=(32, 64)
        Number of filters of every convolutional layer, or of every residual block, each at least 1.
    kernel_size : int or sequence of int, default=3
        Height and width of the filters in pixels, or length in steps, at least 1; one number or one for every layer.
        In the first layer at most the longer side of the images, or the steps of the signals; 3 always works.
    stride : int or sequence of int, default=1
        Step between the places of a filter, at least 1; one number or one for every layer. 2 halves the image.
    padding : {"same", "valid"}, default="same"
        "same" puts zeros around the image, so that with ``stride=1`` the output has its size; "valid" has no padding.
        Residual blocks always use "same", so that "valid" is for the convolution before the first block only.
    pool_size : int or sequence of int, default=2
        Size of the windows of pooling after every layer, at least 1; 1 for no pooling. Rows and columns that do not
        fill a window are left out; a window is not larger than its input.
    pooling : {"max", "mean"}, default="max"
        Whether pooling takes the largest number of a window or the mean.
    global_pooling : bool, default=False
        Whether the dense layers see the mean of every channel over the whole image [20]_ instead of all its numbers.
        That has far fewer weights, and does not depend on where things are in the image.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows; with ``dims=1`` (steps, channels). With None, X has
        the shape of images, (n, height, width) or (n, height, width, channels), or with ``dims=1`` of signals, (n,
        steps, channels); flat rows are then signals of one channel, such as spectra.
    dims : {1, 2} or None, default=None
        Number of axes that filters move along: 2 for images, 1 for signals. None is 1 for flat rows without
        `image_shape`, else 2.""",
    "architecture": """
    hidden_layer_sizes : int or sequence of int, default=(100, 100)
        Number of units of every hidden layer, each at least 1. ``()`` is a linear model.
    activation : {"relu", "leaky_relu", "gelu", "silu", "tanh", "logistic", "identity"}, default="relu"
        Activation of the hidden units. "leaky_relu" has slope 0.01 below zero.
    residual : bool, default=False
        Whether a hidden layer with the same number of units as the one before it adds its output to its input [1]_.
    normalization : {"batch", "layer"} or None, default="batch"
        Batch normalization [2]_ or layer normalization [3]_ before the activation of every hidden layer, never on the
        output. Dropout makes the variance that the next layer sees larger in training than in prediction, which batch
        normalization cannot correct; on tables it was still the best choice. It needs batches of at least two
        rows, and counts rows by their weights. Predictions use running means of the standard deviations of batches, not
        of their variances as in [2]_, so that a single outlier counts less.
    weight_normalization : {"weight", "spectral"} or None, default=None
        Weights of hidden layers as length times direction [4]_, or divided by their largest singular value [5]_,
        which makes those layers 1-Lipschitz with ReLU. The output layer is not normalized, so that scores can have any
        size.
    dropout : float or sequence of float, default=0.25
        Dropout rate of the hidden units, one number or one for every hidden layer, in [0, 1) [6]_. The default is the
        best on the tables that chose it, by little: 0.25 has up to 1 % more RMSE with 350 to 3000 rows, and 0 up to 3 %
        more log loss (``python -m benchmarks tabular --parts "by rows"``). With 0, Monte Carlo draws show no
        uncertainty. The paper's 0.5 needs wider layers.
    input_dropout : float, default=0.0
        Dropout rate of the inputs, in [0, 1), Gaussian for ``dropout_kind="gaussian"``, else Bernoulli. [6]_ uses 0.2
        for images; the default is 0, since most tables have no redundant features.
    dropout_kind : {"bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"}, default="bernoulli"
        The noise: "bernoulli" drops units [6]_; "gaussian" multiplies them by normal noise of the same variance;
        "dropconnect" drops weights, the same for all rows of a batch [7]_; "adaptive" keeps units with the probability
        ``sigmoid(z + b)`` of their own input z, which at z = 0 is ``1 - dropout`` [8]_; "concrete" learns the rates,
        with `dropout` as initial value [9]_. In regression, the learned rates assume that the noise has the variance of
        y: for less noisy targets they come out too large, unless ``heteroscedastic=True`` of regressors learns the
        noise as well.
    stochastic_depth : float, default=0.0
        Probability of dropping the last residual branch for a row, in [0, 1); that of earlier branches is smaller, in
        proportion to their depth [10]_. Needs ``residual=True``.""",
    "members": """
    ensemble_size : int or "auto", default="auto"
        Number of members of a shared ensemble, at least 1, and 1 without hidden layers. Members are nets that share the
        weights of all hidden layers (BatchEnsemble [23]_, in the form of TabM [22]_). Each has an output layer of its
        own, scales of the inputs, which begin as random signs, scales and biases of the hidden units, statistics of
        batch normalization, and masks of dropout; noise on the inputs is the same for all. They train on the mean of
        their losses and penalties, scales and biases having none, and predict the mean of their probabilities or
        values; the validation loss is that of this mean. Their disagreement is uncertainty, also without dropout.
        "auto" is 4 where dense X has 50 to 1999 unique rows and 2 where it has 2000 to 9999, if `early_stopping` is
        "auto" or "cv"; else 1. It is 1, too, with ``strength_schedule="gap"``, with `X_val` or Dask collections, and in
        `partial_fit`. A net that goes on keeps its members, and a fine-tuned one those of the pretrained net. 8 to 32
        members are usual; the time grows nearly with their number. After training on 120, 250 and 350 rows of 9 to 17
        tables, the log loss of 4 members was 7 %, 5 % and 6 % lower than that of one member, the RMSE 2 %, 4 % and 1 %;
        with 800 and 1500 rows both were 2 % to 3 % lower, in two to three times the time (``python -m benchmarks
        tabular --parts "few defaults"``). With 3000 and 6000 rows of 15 and 8 tables, the log loss of 2 members was 2 %
        and 1 % lower, the RMSE 1 % and 2 %, in less than twice the time, and 4 members were no better (``--parts "by
        rows"``).""",
    "penalties": """
    weight_decay : float or sequence of float, default=0.3
        Decoupled weight decay: a step multiplies the weights by ``1 - learning_rate * weight_decay``, in addition to
        the step of Adam [11]_. In [0, inf), one number or one for every layer, the output layer included. With
        ``optimizer="adam"``, ``weight_decay * W`` is added to the gradient instead, where Adam rescales it, so that it
        no longer acts as weight decay. No penalty applies to biases and to scales of normalization.
    l2 : float or sequence of float, default=0.0
        ``l2 / 2 ||W||^2`` added to the mean loss, in [0, inf), one number or one for every layer.
    l1 : float, sequence of float or "auto", default="auto"
        ``l1 ||W||_1`` added to the mean loss, by a prox step after every step of the optimizer, with its
        preconditioner. It gives exact zeros (Yun, Lozano & Yang 2021), also with `averaging`. In [0, inf), one number
        or one for every layer; one number does not apply to hidden layers with `weight_normalization`, whose weights
        cannot all be zero. "auto" is 0.001 for classifiers with 1000 to 9999 unique rows, at least 100 times as many as
        classes, and 0.0001 otherwise, also for regressors, Dask collections and `partial_fit`. A net that goes on, or
        is fine-tuned, keeps the strength of its first fit. On the tables that chose it, 0.0001 has 3 % to 4 % more log
        loss with 1500 and 3000 rows, and 0.001 1 % to 2 % more with 120 and 350 (``python -m benchmarks tabular --parts
        "by rows"``). These strengths suit standardized features. Use 0.001 in regression where many features carry
        little information, and 0 for hundreds of classes with few rows each, or for features in small units without
        normalization, such as pixels in [0, 1].
    max_norm : float, sequence of float or None, default=None
        Largest norm of the incoming weights of a hidden unit [6]_, positive, one number or one for every hidden layer;
        None for no limit. 2 to 4 are usual, with a large learning rate.
    clip_norm : float or None, default=None
        Largest norm of the whole gradient, positive; None for no limit [12]_.""",
    "noise": """
    mixup : float, default=0.0
        Parameter a of the Beta(a, a) distribution of the shares with which two rows and their targets are mixed, in
        [0, inf), one share for each batch; 0 for no mixup [13]_. 0.1 to 0.4 are usual.
    input_noise : float, default=0.0
        Standard deviation of normal noise on the training inputs, in units of X, in [0, inf): to first order, a penalty
        on the gradient of the net [14]_. Only 0 is allowed for sparse X, which noise would make dense.
    feature_mask : float, default=0.0
        Probability that an input is set to zero in training, in [0, 1), as if its value was missing: for standardized
        features, zero is the mean. Unlike `input_dropout` it does not rescale the other inputs, and Monte Carlo
        predictions leave it out.
    augmenter : Augmenter or None, default=None
        An augmenter of `skreg.augmentation`, which makes new rows from the training rows of every batch, others in
        every epoch. Validation rows stay as they are. Mixed rows have mixed labels. The augmenter is fitted to at most
        about 10,000 training rows.
    adversarial_epsilon : float, default=0.0
        Adversarial training: the loss of a row counts half, and half that of the same row with every number moved by
        this much in the direction in which the loss grows fastest [26]_. In [0, inf), in units of X; 0 for none. It
        makes predictions change slowly with the inputs, and doubles the time. 0.05 to 0.2 are usual for standardized
        features and for pixels in [0, 1], 10 to 50 for pixels in [0, 255].
    sam_rho : float, default=0.0
        Radius of sharpness-aware minimization, in [0, inf): gradients are computed where the loss is largest within
        this distance, which doubles the time [15]_. The paper uses 0.05; 0 for none.""",
    "training": AVERAGING
    + """
        Statistics of batch normalization are averaged too ("ema"), or recomputed for the mean ("swa"). "ema" was better
        on tables in classification and in regression, and costs little time.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
        "sgd" has Nesterov momentum. "adam" differs in `weight_decay` only.
    learning_rate : float, default=0.002
        Learning rate before the factor of the schedule, positive. On tables, 0.002 was best in classification, where
        larger ones cost log loss, and 0.005 in regression, where smaller ones cost RMSE in a short training. Without
        normalization 0.001 is safer; "sgd" needs 0.01 to 0.1.
    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1).
    schedule : {"constant", "cosine", "one-cycle", "step", "exponential"}, default="cosine"
        How the learning rate changes over `max_iter` epochs. "cosine" falls to 0 along a cosine [17]_; "one-cycle"
        rises, then falls [18]_; "step" falls to a tenth at half and to a hundredth at three quarters of the epochs;
        "exponential" falls to a hundredth by a constant factor.
    warmup : float, default=0.0
        Share of the steps over which the learning rate rises from 0, in [0, 1).
    strength_schedule : {"constant", "curriculum", "annealed", "gap"}, default="constant"
        How a factor of all noise (dropout of every kind, DropBlock, stochastic depth, `input_noise`, `feature_mask`)
        and of `weight_decay` changes while the net trains. "curriculum" rises from 0 to 1 as ``1 - exp(-10 t)``, where
        t is the share of the training that is done (Morerio et al. 2017, "Curriculum dropout", eq. 3); "annealed"
        falls from 1 to 0 in a line (Rennie, Goel & Thomas 2014, "Annealed dropout training of deep networks"). "gap"
        starts at 1 and follows the losses without noise after every epoch, between 0.1 and 1.5: a tenth more where the
        validation loss is more than a tenth above the training loss and the difference grows, a tenth less where it is
        smaller than that, or both losses are more than 5 % above their lowest values; rates stay below 0.9. It needs
        validation rows. Monte Carlo draws have the strength of the epoch that was kept, so that with "annealed" they
        show little uncertainty. ``dropout_kind="adaptive"`` and "concrete" need "constant".
    batch_size : int or "auto", default="auto"
        Largest number of rows in a step, at least 1; the sizes of the batches of an epoch differ by one row at most. A
        batch cannot have more than all unique rows. "auto" is a sixteenth of the rows, between 16 and 256.
    max_iter : int, default=100
        Largest number of epochs, at least 1. An epoch uses every unique row once; see the notes for tables of few
        unique rows.
    early_stopping : bool, "auto" or "cv", default=True
        How the epoch is chosen whose parameters are kept. True holds out `validation_fraction` of the rows and takes
        the epoch with the best validation value. "cv" first trains three nets, each without a third of the rows, to
        find the epoch with the best mean value on these folds; then it trains on all rows until that epoch. That takes
        two to four times as long. A tenth of few rows chooses an epoch by luck, and is missing in training: after
        training on 120 or 250 rows of 14 tables, the log loss with "cv" was 9 % lower than with True, the RMSE 6 %
        (``python -m benchmarks tabular --parts few``). "auto" is "cv" with fewer than 1000 unique rows in memory, and
        True with more, with ``warm_start=True``, in fine-tuning, and with ``strength_schedule="gap"``. Training also
        *stops* early if `patience` is set. False trains on all rows to the
        end. So do all other values where X has fewer than 50 unique rows, of which a tenth tells nothing, and `fit`
        gets no `X_val`. A warning says so where `early_stopping`, `validation_fraction`, `patience`, `min_delta` or
        `monitor` is not at its default, and where True finds 50 rows or more that repeat fewer than 50. With `X_val`,
        "cv" and "auto" are the same as True.
    validation_fraction : float, default=0.1
        Share of the unique rows of every class to hold out, in (0, 1). No effect with `X_val`; and, with a warning,
        without early stopping and where the epoch is chosen by cross-validation.
    patience : int or None, default=None
        Number of epochs without improvement after which training stops, at least 1. None trains for all `max_iter`
        epochs and returns to the best one, since the learning rates at the end of a schedule are good ones.
    min_delta : float, default=0.0
        An epoch is an improvement if its validation value is better by more than this, in [0, inf).
    monitor : str or callable, default="loss"
        The value to compute on validation rows: the loss without smoothing and penalties, or a scorer, by its name or
        as a callable ``scorer(estimator, X, y)``, of which higher values are better. Of several epochs with the best
        value, the last is kept; accuracy on few rows often has the same value in many epochs.""",
    "state": """
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, the order of rows, noise and validation rows. With an int, two fits on one machine with
        the same number of BLAS threads give the same net, in whatever order the rows come; other machines and numbers
        of threads round differently. Which rows are validation rows depends on the values of X and y: scaling them
        chooses other rows.
    warm_start : bool, default=False
        Whether `fit` continues from the last fit, for `max_iter` more epochs with a new schedule. Parameters that shape
        the net or its noise must stay the same; all others may change. The state of the optimizer is kept with
        ``warm_start=True`` and after `partial_fit`, also in pickles and copies, so that training resumes exactly. Other
        fits delete it, since it is twice as large as the net; `partial_fit` after one begins with a new one.
    verbose : bool, default=False
        Whether to print a line after every epoch, also of the nets that cross-validation trains.""",
    "temperature": """
    temperature_ : float
        What the last fit divided the scores by, that is `weights_` and `biases_` of the output layer. Where the epoch
        is cross-validated, it maximizes the likelihood of the rows that the nets of the folds did not see (temperature
        scaling: Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2), times a normal prior
        of its logarithm with standard deviation 0.15. It lies between 0.37 and 2.72. Above 1, it makes probabilities
        milder, below 1 more extreme. It is 1 in other fits and in fine-tuning, and after `partial_fit`, which goes on
        from the weights as they are. The curves and `best_score_` are values before the division. It is chosen for
        `predict_proba`: means of Monte Carlo draws of dropout are milder.""",
    "attributes": """
    batch_size_ : int
        Largest batch of the last fit: `batch_size`, or what "auto" chose, but not more than the unique training rows.
        Batches have nearly equal sizes, up to this one.
    n_iter_ : int
        Number of epochs, of all calls of `fit` with ``warm_start=True`` and of `partial_fit` together.
    loss_curve_ : list of float
        Mean training loss of every epoch, with noise and smoothed targets, without penalties; of an ensemble, the mean
        of the losses of its members; with adversarial training, the loss of the rows as they are. In regression, half
        the squared error of standardized targets, or minus their log-likelihood.
    strength_curve_ : list of float
        Factor of noise and weight decay at the end of every epoch; see `strength_schedule`.
    validation_curve_ : list of float or None
        Value of `monitor` on the validation rows after every epoch, with ``early_stopping="cv"`` the mean over folds;
        None without validation rows.
    fold_curves_ : list of list of float
        With ``early_stopping="cv"``, the `validation_curve_` of the nets without a fold. These go on after the epoch
        that is chosen, where the net itself ends. Not set otherwise.
    gap_curve_ : list of float or None
        Validation loss minus training loss after every epoch, without noise, on as many training rows as validation
        rows, but at most 1,000; with a scorer, training score minus validation score, on as many. Positive values are
        overfitting.
    best_iter_ : int
        Index in `validation_curve_` of the best epoch of the last `fit`. Predictions use the parameters of that epoch,
        or of the last one without early stopping. Not set without validation rows.
    best_score_ : float
        The best value of the last `fit` in `validation_curve_`: the lowest loss, or the highest score.
    weights_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, after weight normalization. Of members of an ensemble, those of the first and of the
        output layer have the shape (`ensemble_size_`, n_in, n_out).
    biases_ : list of ndarray of shape (n_out,)
        Biases of every layer. Of members of an ensemble, (`ensemble_size_`, n_out).
    dropout_rates_ : ndarray of shape (n_hidden,)
        Dropout rates of the hidden layers; with concrete dropout, the learned ones.
    sparsity_ : float
        Fraction of the weights that are exactly zero.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When a parameter, X, y or the weights are not as described; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        When the loss, or a parameter, is not finite: the best parameters before that are kept, or the last finite ones
        without early stopping. When the training loss rises sharply, or `monitor` gives NaN after the first epoch.
    UserWarning
        When nothing scales X and the mean of a column is more than 1000 times its standard deviation, when `X_val`
        seems to have other units, when early stopping has no effect, and when L1 sets all weights of a layer to
        zero.""",
    "notes": """
    Rows that are equal, target included, are merged into one row with the sum of their weights, and the order of the
    rows has no effect. An epoch still has as many steps as without merging, where a sample weight of 2 counts as two
    rows: it then goes over the unique rows several times. Weights may have any scale, so this alone never makes an
    epoch longer than 100 steps. A row whose weight tends to 0 loses its influence, also on batch statistics, but it
    still takes a place in a batch.

    Ctrl-C (KeyboardInterrupt) ends `fit` and reaches the caller, so that a search ends, too. After at least one epoch
    of the last training, which follows those of a cross-validation, the estimator is fitted nevertheless, with the best
    parameters so far; before that, and in `partial_fit`, it stays as it was.

    <family_notes>

    Validation rows are a random part of X. Where rows come in groups or in time, give `fit` whole groups or the latest
    rows as `X_val`.

    In a Pipeline, `X_val` is transformed as X is, if metadata routing is enabled, the net has
    ``set_fit_request(X_val=True, y_val=True)``, and the pipeline is ``Pipeline(steps, transform_input=["X_val"])``.

    Nets are trained in float32. Predictions for float64 X are computed in float64, with a copy of the net that the
    first of them makes. Dropout masks are functions of a seed and a place, and are never stored. Small nets train with
    one BLAS thread, since several are slower for small products.""",
    "family_notes": """
    The defaults are those that were best on real tables with standardized features, in log loss or RMSE over five
    folds; ``python -m benchmarks tabular --parts defaults`` changes one at a time. For wide sparse data start with
    ``normalization=None``, ``learning_rate=0.001``, ``l1=0`` and more dropout; for images use a convolutional net.""",
    "references": """
    .. [1] K. He et al., "Deep residual learning for image recognition", CVPR 2016.
    .. [2] S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015, algorithm 1.
    .. [3] J. Ba, J. Kiros, G. Hinton, "Layer normalization", arXiv 1607.06450, 2016, eq. 3.
    .. [4] T. Salimans, D. Kingma, "Weight normalization", NeurIPS 2016, eq. 2.
    .. [5] T. Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018, eq. 8.
    .. [6] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014,
       sections 4, 5.1 and 10.
    .. [7] L. Wan et al., "Regularization of neural networks using DropConnect", ICML 2013.
    .. [8] J. Ba, B. Frey, "Adaptive dropout for training deep neural networks", NeurIPS 2013, eq. 3.
    .. [9] Y. Gal, J. Hron, A. Kendall, "Concrete dropout", NeurIPS 2017, eq. 5.
    .. [10] G. Huang et al., "Deep networks with stochastic depth", ECCV 2016, eq. 4.
    .. [11] I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
    .. [12] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
    .. [13] H. Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.
    .. [14] C. Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural Computation 7(1), 1995.
    .. [15] P. Foret et al., "Sharpness-aware minimization for efficiently improving generalization", ICLR 2021.
    .. [16] P. Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI 2018.
    .. [17] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5.
    .. [18] L. Smith, N. Topin, "Super-convergence", arXiv 1708.07120, 2019.
    .. [19] Y. Gal, Z. Ghahramani, "Dropout as a Bayesian approximation", ICML 2016.""",
}
LAST_REFERENCE = """
    .. [26] I. Goodfellow, J. Shlens, C. Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015,
       section 6."""  # after those that only one family has


# Texts of convolutional nets instead of the shared ones, by the name of the text or of the parameter.
CONVOLUTIONAL = {
    "hidden_layer_sizes": """
    hidden_layer_sizes : int or sequence of int, default=(128,)
        Number of units of every dense hidden layer between the convolutional layers and the output layer, each at least
        1; ``()`` for none.""",
    "activation": """
    activation : {"relu", "leaky_relu", "gelu", "silu", "tanh", "logistic", "identity"}, default="relu"
        Activation of the convolutional and the hidden layers. "leaky_relu" has slope 0.01 below zero.""",
    "residual": """
    residual : bool, default=False
        Whether every number of `channels` is a residual block instead of a convolutional layer [1]_: two convolutions,
        each after normalization and activation [23]_, whose result is added to their input. A convolution before the
        first block makes its channels; where a block changes their number or has a stride, its input goes through a
        convolution of single pixels.""",
    "normalization": """
    normalization : {"batch", "layer"} or None, default="batch"
        Batch normalization [2]_ or layer normalization [3]_ before every activation, never on the output. Batch
        normalization gives every channel mean 0 and variance 1 over the rows of a batch and all positions; layer
        normalization does so for all channels of one position. Batch normalization needs batches of at least two rows,
        and counts rows by their weights. Predictions use running means of the standard deviations of batches, not of
        their variances as in [2]_, so that a single outlier counts less.""",
    "weight_normalization": """
    weight_normalization : {"weight", "spectral"} or None, default=None
        Weights of all layers but the output layer as length times direction [4]_, or divided by their largest singular
        value [5]_. The weights of a convolution are a matrix with one column for every filter; as its windows overlap,
        the spectral norm of that matrix does not make it 1-Lipschitz, but limits its slope.""",
    "dropout": """
    dropout : float or sequence of float, default=0.25
        Dropout rate of the dense hidden units, one number or one for every hidden layer, in [0, 1) [6]_; 0.5 is usual
        for wide ones. It does not act on channels: see `spatial_dropout` and `drop_block`. If all three,
        `input_dropout` and `stochastic_depth` are 0, or there is no hidden layer for it, Monte Carlo draws show no
        uncertainty.""",
    "input_dropout": """
    input_dropout : float, default=0.0
        Dropout rate of single numbers of the input, in [0, 1), Gaussian for ``dropout_kind="gaussian"``, else
        Bernoulli. The neighbours of a missing pixel tell what it was: `skreg.augmentation.Cutout` hides more.
    spatial_dropout : float, default=0.0
        Probability of dropping a whole channel of a convolutional layer for a row, in [0, 1): neighbouring pixels are
        alike, so that dropping single ones hides nothing [21]_. 0.1 to 0.2 are usual. Residual blocks have it between
        their convolutions.
    drop_block : float, default=0.0
        Share of the numbers of a channel that is dropped in square blocks, in [0, 1); in training it grows linearly
        from 0 [22]_. 0.1 is usual.
    block_size : int, default=5
        Height and width of these blocks, at least 1; blocks are cut to the size of the image. The paper uses 7 for
        images of about 28 x 28 numbers.""",
    "dropout_kind": """
    dropout_kind : {"bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"}, default="bernoulli"
        The noise of the dense hidden units: "bernoulli" drops units [6]_; "gaussian" multiplies them by normal noise of
        the same variance, and channels and inputs, too; "dropconnect" drops weights, the same for all rows of a batch
        [7]_; "adaptive" keeps units with the probability ``sigmoid(z + b)`` of their own input z, which at z = 0 is ``1
        - dropout`` [8]_; "concrete" learns the rates, with `dropout` as initial value [9]_. In regression, the learned
        rates assume that the noise has the variance of y: for less noisy targets they come out too large, unless
        ``heteroscedastic=True`` of regressors learns the noise as well.""",
    "stochastic_depth": """
    stochastic_depth : float, default=0.0
        Probability of dropping the branch of the last residual block for a row, in [0, 1); that of earlier blocks is
        smaller, in proportion to their depth [10]_. Needs ``residual=True``.""",
    "weight_decay": """
    weight_decay : float or sequence of float, default=0.3
        Decoupled weight decay: a step multiplies the weights by ``1 - learning_rate * weight_decay``, in addition to
        the step of Adam [11]_. In [0, inf), one number or one for every layer: first every convolutional layer, or
        residual block, then every hidden layer, then the output layer. With ``optimizer="adam"``, ``weight_decay * W``
        is added to the gradient instead, where Adam rescales it, so that it no longer acts as weight decay. No penalty
        applies to biases and to scales of normalization.""",
    "l1": """
    l1 : float or sequence of float, default=0.0001
        ``l1 ||W||_1`` added to the mean loss, by a prox step after every step of the optimizer, with its
        preconditioner. It gives exact zeros (Yun, Lozano & Yang 2021), also with `averaging`. In [0, inf), one number
        or one for every layer; one number does not apply to layers with `weight_normalization`, whose weights cannot
        all be zero.""",
    "max_norm": """
    max_norm : float, sequence of float or None, default=None
        Largest norm of the weights of a filter, or of the incoming weights of a hidden unit [6]_, positive, one number
        or one for every layer but the output layer; None for no limit. 2 to 4 are usual at a large learning rate.""",
    "input_noise": """
    input_noise : float, default=0.0
        Standard deviation of normal noise on the training inputs, in units of X, in [0, inf): to first order, a penalty
        on the gradient of the net [14]_.""",
    "averaging": AVERAGING
    + """
        Statistics of batch normalization are averaged too ("ema"), or recomputed for the mean ("swa").""",
    "learning_rate": """
    learning_rate : float, default=0.002
        Learning rate before the factor of the schedule, positive. Without normalization 0.001 is safer; "sgd" needs
        0.01 to 0.1.""",
    "batch_size": """
    batch_size : int or "auto", default="auto"
        Largest number of rows in a step, at least 1; the sizes of the batches of an epoch differ by one row at most. A
        batch cannot have more than all unique rows. "auto" is a sixteenth of the rows, between 16 and 256. Memory grows
        with it: the numbers of all layers are kept for every row of a batch.""",
    "weights_": """
    weights_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, after weight normalization. Those of a convolution have one column for every filter:
        ``W[:, k].reshape(height, width, -1)`` is filter k, with its channels last. Filters of signals have height
        1.""",
    "biases_": """
    biases_ : list of ndarray of shape (n_out,)
        Biases before every activation, one for each channel or unit, and of the output layer.""",
    "dropout_rates_": """
    dropout_rates_ : ndarray of shape (n_hidden,)
        Dropout rates of the dense hidden layers; with concrete dropout, the learned ones.""",
    "family_notes": """
    With ``stride=1``, convolutions with filters of 3 x 3 pixels of 8 or more channels are computed from tiles, which
    takes a quarter of the multiplications where tiles fit the image [24]_. Large batches are halved between two
    threads.""",
    "references": SHARED["references"]
    + """
    .. [20] M. Lin, Q. Chen, S. Yan, "Network in network", ICLR 2014, section 3.2.
    .. [21] J. Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015, section 3.2.
    .. [22] G. Ghiasi, T.-Y. Lin, Q. Le, "DropBlock: a regularization method for convolutional networks", NeurIPS 2018.
    .. [23] K. He et al., "Identity mappings in deep residual networks", ECCV 2016, figure 1b.
    .. [24] A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.""",
}
ENTRY = re.compile(r"(?m)^    (\w+) : .*(?:\n        .*)*")  # the text of one parameter or attribute


def documented(cls):
    """Insert the shared parts where the docstring has their names in angle brackets, with the defaults of the class."""
    parameters = signature(cls).parameters

    def with_default(match):
        default = parameters[match[2]].default if match[2] in parameters else None
        shown = f'"{default}"' if isinstance(default, str) else repr(default)
        return f"{match[1]}{shown}" if match[2] in parameters else match[0]

    own, words = {}, {}
    if "image_shape" in parameters:
        own, words = CONVOLUTIONAL, FOR_IMAGES
    elif "cell" in parameters:
        own, words = {**RECURRENT, "references": SHARED["references"] + RECURRENT["references"]}, FOR_SEQUENCES
    elif "n_heads" in parameters:
        own = {**attention.ATTENTION, "references": SHARED["references"] + attention.ATTENTION["references"]}
        words = attention.FOR_TOKENS
    elif "standardize" in parameters:
        own, words = _own_of_tables(), of_tables.FOR_TABLES
    for name, text in SHARED.items():
        text = ENTRY.sub(lambda entry: own.get(entry[1], entry[0]).lstrip("\n"), own.get(name, text))
        text += LAST_REFERENCE if name == "references" else ""
        text = re.sub(r"\n(?=\n    \w+ : )", "", text)  # where a family does not have a parameter
        text = re.sub(r"(?m)^(    (\w+) : .*default=).*$", with_default, text)
        cls.__doc__ = cls.__doc__.replace(f"\n    <{name}>", text)
    for name in dir(cls) if words else ():
        method = getattr(cls, name)
        if callable(method) and name[0] != "_" and f": {TABLE}" in (method.__doc__ or ""):
            setattr(cls, name, _with_words(words, method, cls))
    return cls


def _own_of_tables():
    """Texts of nets for tables: what they read of a table comes after `activation`."""
    activation = next(entry[0] for entry in ENTRY.finditer(SHARED["architecture"]) if entry[1] == "activation")
    references = SHARED["references"] + of_tables.REFERENCES
    return {**of_tables.OWN, "activation": activation + of_tables.PARAMETERS, "references": references}


def _with_words(words, method, cls):
    """The method of a class for tables, with a docstring in which some words are others."""
    own = types.FunctionType(
        method.__code__, method.__globals__, method.__name__, method.__defaults__, method.__closure__
    )
    functools.update_wrapper(own, method)
    own.__kwdefaults__ = method.__kwdefaults__
    own.__qualname__ = f"{cls.__name__}.{method.__name__}"
    own.__doc__ = method.__doc__
    for table, others in words.items():
        own.__doc__ = own.__doc__.replace(table, others)
    return own


FOR_IMAGES = {
    TABLE: "array-like of shape (n_samples, ...)",
    TABLE.replace("n_samples", "n_samples_val"): "array-like of shape (n_samples_val, ...)",
    """Features, best standardized. The net computes in float32. X is not copied as a whole, in whatever order
            it is stored, and sparse X stays sparse.""": """\
Images (n_samples, height, width[, channels]), signals (n_samples, steps, channels) with ``dims=1``,
            or flat rows; best standardized, or in [0, 1]. The net computes in float32; whole numbers of one or two
            bytes, such as pixels, are cast a batch at a time. X is not copied as a whole if it is in C order.""",
}
