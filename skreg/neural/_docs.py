"""What the docstrings of both perceptrons have in common."""

from inspect import signature

SHARED = {
    "architecture": """
    hidden_layer_sizes : int or sequence of int, default=(100, 100)
        Number of units of every hidden layer, each at least 1. ``()`` is a linear model.
    activation : {"relu", "leaky_relu", "gelu", "silu", "tanh", "logistic", "identity"}, default="relu"
        Of the hidden units. "leaky_relu" has slope 0.01 below zero.
    residual : bool, default=False
        Whether a hidden layer that is as wide as the one before it adds to its input instead of replacing it [1]_.
    normalization : {"batch", "layer"} or None, default="batch"
        Batch normalization [2]_ or layer normalization [3]_ before the activation of every hidden layer, never on the
        output. Dropout makes the variance that the next layer sees in training larger than in evaluation, which batch
        normalization does not know; on tables it was the best choice all the same. Batches need two rows. Predictions
        use running means of batches' deviations, not of variances as in [2]_: single rows far away count less.
    weight_normalization : {"weight", "spectral"} or None, default=None
        Weights of hidden layers as length times direction [4]_, or divided by their largest singular value [5]_,
        which makes those layers 1-Lipschitz with ReLU. The output layer stays free, to give scores of any size.
    dropout : float or sequence of float, default=0.25
        Rate of the noise on the units of every hidden layer, or of each, in [0, 1) [6]_. The paper's 0.5 wants wider
        layers: on tables it is 4 % worse in log loss, 7 % in RMSE. 0 is 3 % and 1 % better there, and has no draws to
        tell uncertainty by.
    input_dropout : float, default=0.0
        Rate of the noise on the inputs, in [0, 1), Gaussian for ``dropout_kind="gaussian"``, else Bernoulli. In [6]_
        0.2 for images; 0, since most tables have no features to spare.
    dropout_kind : {"bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"}, default="bernoulli"
        How noise is drawn: units are dropped [6]_; or multiplied by normal noise of the same variance; or weights are
        dropped, one draw a batch [7]_; or units are kept with the probability ``sigmoid(z + b)`` of their own input z,
        which at z = 0 is ``1 - dropout`` [8]_; or units are dropped at rates that are learned from `dropout` on [9]_.
        A squared error is weighed against the entropy of the learned rates as if the noise had the variance of y: rates
        for less noisy targets come out too large, unless `heteroscedastic` learns the noise as well.
    stochastic_depth : float, default=0.0
        Probability to drop the last residual branch for a row, in [0, 1); earlier ones less, in proportion to their
        depth [10]_. Needs ``residual=True``.""",
    "penalties": """
    weight_decay : float or sequence of float, default=0.3
        Decoupled decay: a step multiplies the weights by ``1 - learning_rate * weight_decay``, outside of what Adam
        scales [11]_. In [0, inf), for all layers or for each, the output layer included. With ``optimizer="adam"`` it
        is added to the gradient instead, where Adam divides it by its own size: that is not weight decay any more.
        Biases and scales are never penalized, neither here nor below.
    l2 : float or sequence of float, default=0.0
        ``l2 / 2 ||W||^2`` added to the mean loss, in [0, inf), for all layers or for each.
    l1 : float or sequence of float, default=0.0001
        ``l1 ||W||_1`` added to the mean loss, by a prox step after every step, in the metric of the optimizer, which
        gives exact zeros (Yun, Lozano & Yang 2021), also under `averaging`. In [0, inf), for all layers or for each; a
        number leaves out hidden layers with `weight_normalization`, whose weights cannot all be zero. The default suits
        standardized features. 0.001 does more where many of them say little; hundreds of classes with few rows each,
        and features in small units without normalization, such as pixels in [0, 1], want 0.
    max_norm : float, sequence of float or None, default=None
        Radius of the ball that the incoming weights of every hidden unit stay in [6]_, positive, for all hidden layers
        or for each; None for none. 2 to 4 are usual, with a large learning rate.
    clip_norm : float or None, default=None
        Largest norm of the whole gradient, positive; None for none [12]_.""",
    "noise": """
    mixup : float, default=0.0
        Parameter a of the Beta(a, a) distribution of the shares in which rows and targets are mixed, in [0, inf), one
        share a batch; 0 for none [13]_. 0.1 to 0.4 are usual.
    input_noise : float, default=0.0
        Standard deviation of normal noise on the training inputs, in units of X, in [0, inf): to first order a penalty
        on the gradient of the net [14]_. Would fill sparse X, and is refused there.
    feature_mask : float, default=0.0
        Probability of every input to be set to zero in training, in [0, 1), as values that are missing: for
        standardized features, the mean. Unlike `input_dropout` it does not rescale the rest, and Monte Carlo
        predictions do not see it.
    sam_rho : float, default=0.0
        Radius of sharpness-aware minimization, in [0, inf): gradients are taken where the loss is largest nearby,
        at twice the time [15]_. 0.05 is the paper's; 0 for none.""",
    "training": """
    averaging : {"ema", "swa"} or None, default="ema"
        Predict with a running mean of the weights over about a fiftieth of the steps, at least an epoch ("ema"), or
        with the mean over the ends of the epochs of the last quarter ("swa", which wants a constant rate [16]_). Early
        stopping watches the mean, and may return to an epoch before there was one. Statistics of batch normalization
        are averaged, too ("ema"), or taken anew for the mean. "ema" was better on tables for classes and for numbers,
        at little time.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
        "sgd" has Nesterov momentum. "adam" differs in `weight_decay` only.
    learning_rate : float, default=<rate>
        Before the schedule, positive: 0.002 for classes and 0.005 for numbers were best on tables, where faster steps
        cost log loss, and slower ones of a short training RMSE. Without normalization 0.001 is safer; "sgd" wants
        0.01 to 0.1.
    momentum : float, default=0.9
        Of "sgd", in [0, 1).
    schedule : {"constant", "cosine", "one-cycle", "step", "exponential"}, default="cosine"
        How the learning rate changes over `max_iter` epochs: not at all; to 0 along a cosine [17]_; up and down [18]_;
        by a tenth at half and three quarters; or by a constant factor to a hundredth.
    warmup : float, default=0.0
        Share of the steps over which the rate first rises from 0, in [0, 1).
    batch_size : int or "auto", default="auto"
        Most rows a step, at least 1; batches of an epoch are of one size within a row. More than there are rows are
        all rows. "auto" is a sixteenth of the rows, between 16 and 256.
    max_iter : int, default=100
        Most epochs, at least 1. An epoch sees every distinct row once.
    early_stopping : bool, default=True
        Whether to keep the parameters of the epoch that was best on validation rows, and, with `patience`, to
        stop when none is better any more. False trains on all rows to the end; so does True where X has fewer than 50
        distinct rows, of which a handful held out would tell nothing, unless `fit` gets `X_val`.
    validation_fraction : float, default=0.1
        Share of the distinct rows that are watched and not trained on, in (0, 1), of every class alike. Without effect
        where `fit` gets `X_val`, and without early stopping.
    patience : int or None, default=None
        Epochs without improvement before early stopping stops, at least 1; None goes on to `max_iter` and returns to
        the best epoch, since rates that fall along a schedule are good at its end.
    min_delta : float, default=0.0
        By how much an epoch must be better to count, in units of what is watched, in [0, inf).
    monitor : str or callable, default="loss"
        What is watched on validation rows: the loss without smoothing and penalties, or a scorer, its name or a
        callable ``scorer(estimator, X, y)``; higher is better then. Of epochs that are equal the last is best, but
        accuracy on few rows says little of which.""",
    "state": """
    random_state : int, RandomState instance or None, default=None
        Decides first weights, orders, noise and validation rows. With an int, two fits on one machine with one number
        of BLAS threads give the same net, whatever the order of the rows; other machines and numbers of threads round
        differently. Rows are drawn by what they hold: scaling X or y draws others.
    warm_start : bool, default=False
        Whether `fit` goes on from the last fit, and pickles keep the optimizer's state for that and for `partial_fit`.
        What shapes the net or its noise must stay; all other parameters may change. `max_iter` epochs are added, their
        schedule begins anew.
    verbose : bool, default=False
        Whether to print a line for every epoch.""",
    "attributes": """
    n_iter_ : int
        Epochs trained, of all calls together.
    loss_curve_ : list of float
        Mean training loss of every epoch, under its noise and with smoothed targets; without penalties. Of numbers,
        half the squared error in units of the variance of y, or minus the log-likelihood in these units.
    validation_curve_ : list of float or None
        What `monitor` watches, after every epoch; None without validation rows.
    gap_curve_ : list of float or None
        By how much validation rows are worse than as many training rows, both without noise: positive is overfitting.
    best_iter_ : int
        Place in `validation_curve_`, from 0, of the epoch that was best on the validation rows, if there were any;
        without early stopping, not the one that predicts.
    best_score_ : float
        What was watched then.
    weights_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, as they multiply.
    biases_ : list of ndarray of shape (n_out,)
        Biases of every layer.
    dropout_rates_ : ndarray of shape (n_hidden,)
        Rates of the hidden layers; of concrete dropout, the learned ones.
    sparsity_ : float
        Share of weights that are exactly zero.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When a parameter, X, y or the weights are not as described; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        When the loss is no longer finite: the last good parameters, or the best ones, are kept. When it rises.
    UserWarning
        When a column of X has a mean of more than 1000 times its deviation. When `fit` is interrupted
        (KeyboardInterrupt): the parameters until then are kept, or the best ones.""",
    "notes": """
    Rows that are equal, target included, are one row with the sum of their weights, and the order in which rows come
    has no effect. An epoch of a table of few distinct rows is short, therefore.

    The defaults are those that were best on real tables, features standardized, in log loss or RMSE over five folds;
    ``python -m benchmarks tabular --parts defaults`` changes one at a time. For images and wide sparse data begin with
    ``normalization=None``, ``learning_rate=0.001``, ``l1=0`` and more dropout.

    In a Pipeline, `X_val` is transformed like X with metadata routing on, ``set_fit_request(X_val=True, y_val=True)``
    on the net, and ``Pipeline(steps, transform_input=["X_val"])``.

    Computation is in float32, predictions of float64 X in float64. Masks are functions of a seed and a place and never
    stored. Small nets train with one BLAS thread, since the products are over before a second one is awake.""",
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


def documented(cls):
    """Put the shared parts in the places that the docstring names in angle brackets."""
    for name, text in SHARED.items():
        cls.__doc__ = cls.__doc__.replace(f"\n    <{name}>", text)
    cls.__doc__ = cls.__doc__.replace("<rate>", f"{signature(cls).parameters['learning_rate'].default:g}")
    return cls
