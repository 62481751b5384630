"""Parts of the docstrings of recurrent nets: their own parameters, and texts instead of the shared ones, by name."""

from ._docs_tables import AVERAGING

PARAMETERS = """
    units : int or sequence of int, default=(64,)
        Number of units of every recurrent layer, each at least 1; in both directions each, with `bidirectional`.
    cell : {"gru", "lstm", "rnn"}, default="gru"
        The gated recurrent unit [21]_, long short-term memory [22]_, or the plain net ``h' = tanh(W x + U h + b)``,
        which forgets within some ten steps. The first learns as well as the second from fewer weights.
    bidirectional : bool, default=False
        Whether every layer also reads sequences from the end, with weights of its own.
    pooling : {"last", "mean", "max"}, default="last"
        What of the last recurrent layer the next layer sees: the output after the last step that it reads, or the mean
        or the largest over all steps. "mean" and "max" are better where what matters may be anywhere. "last" with
        `return_sequences`, which has an output for every step.
    return_sequences : bool, default=False
        Whether there is a target at every step instead of one for a sequence: y then has the shape (n_samples, steps)
        or, in regression, (n_samples, steps, n_outputs), or is a list of arrays as long as the sequences. What it holds
        after the end of a sequence is ignored, and predictions there are NaN, or the first class. Every step counts
        the same in the loss and in `score`."""

RECURRENT = {
    "hidden_layer_sizes": """
    hidden_layer_sizes : int or sequence of int, default=()
        Number of units of every dense hidden layer between the recurrent layers and the output layer, each at least 1;
        ``()`` for none.""",
    "activation": """
    activation : {"relu", "leaky_relu", "gelu", "silu", "tanh", "logistic", "identity"}, default="relu"
        Activation of the dense hidden layers. "leaky_relu" has slope 0.01 below zero.
    missing : {"mask", "raise"}, default="raise"
        What to do with steps that have NaN in any channel: "raise" raises ValueError; "mask" leaves them out, so that
        the state goes on from the step before to the step after. With `return_sequences` they can be at the end
        only.
    vocabulary_size : int or None, default=None
        Number of tokens; None for the largest one in X plus 1. Set it where X may lack the largest one, as in
        cross-validation.
    embedding_size : int or None, default=None
        If given, X holds tokens, whole numbers from 0, and every token has a trainable vector of this size. `Tokens`
        makes them from texts. X has shape (n_samples, steps) with -1 after the end of a sequence, or is a list of
        sequences.
    embedding_dropout : float, default=0.0
        Probability of dropping a token wherever it occurs in a sequence, in [0, 1) [20]_. Needs `embedding_size`.""",
    "residual": """
    residual : bool, default=False
        Whether a recurrent layer as wide as the one before it adds its output to its input [1]_.""",
    "normalization": """
    normalization : {"batch", "layer"} or None, default=None
        Batch normalization [2]_ or layer normalization [3]_ before the activation of every dense hidden layer, never in
        the recurrent layers and on the output. Batch normalization needs batches of at least two rows, counts rows by
        their weights, and is not possible with `return_sequences`.""",
    "weight_normalization": """
    weight_normalization : {"weight", "spectral"} or None, default=None
        Weights of all layers but the output layer as length times direction [4]_, or divided by their largest singular
        value [5]_; in recurrent layers the weights of the inputs and those of the state by themselves.""",
    "dropout": """
    dropout : float or sequence of float, default=0.25
        Dropout rate of what every layer puts out, in [0, 1): one number, or one for every recurrent layer and then for
        every hidden layer. What a recurrent layer puts out has the same mask at all steps of a sequence, and every gate
        of the next one a mask of its own [20]_.""",
    "input_dropout": """
    input_dropout : float, default=0.0
        Dropout rate of the channels of X, or of the numbers of an embedding, in [0, 1): the same mask at all steps, and
        one for every gate [20]_.
    recurrent_dropout : float, default=0.0
        Dropout rate of the state where it enters the next step, in [0, 1): the same mask at all steps, and one for
        every gate [20]_. With ``dropout_kind="dropconnect"`` weights of the state are dropped instead [23]_.""",
    "dropout_kind": """
    dropout_kind : {"bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"}, default="bernoulli"
        The noise: "bernoulli" drops units [6]_; "gaussian" multiplies them by normal noise of the same variance. The
        others act on dense hidden layers, and are "bernoulli" in recurrent ones: "dropconnect" drops weights, the same
        for all rows of a batch, also those of the state [7]_; "adaptive" keeps units with the probability ``sigmoid(z +
        b)`` of their own input z, which at z = 0 is ``1 - dropout`` [8]_; "concrete" learns the rates, with `dropout`
        as initial value [9]_.""",
    "stochastic_depth": """
    stochastic_depth : float, default=0.0
        Probability of dropping the last layer that has a skip connection for a row, in [0, 1); that of earlier ones is
        smaller, in proportion to their depth [10]_. Needs ``residual=True``.""",
    "weight_decay": """
    weight_decay : float or sequence of float, default=0.3
        Decoupled weight decay: a step multiplies the weights by ``1 - learning_rate * weight_decay``, in addition to
        the step of Adam [11]_. In [0, inf), one number or one for every layer: first the embedding, if there is one,
        then every recurrent layer, every hidden layer, and the output layer. With ``optimizer="adam"``, ``weight_decay
        * W`` is added to the gradient instead, where Adam rescales it, so that it no longer acts as weight decay. No
        penalty applies to biases and to scales of normalization.""",
    "l1": """
    l1 : float or sequence of float, default=0.0001
        ``l1 ||W||_1`` added to the mean loss, by a prox step after every step of the optimizer, with its
        preconditioner. It gives exact zeros (Yun, Lozano & Yang 2021), also with `averaging`. In [0, inf), one number
        or one for every layer; one number does not apply to layers with `weight_normalization`, whose weights cannot
        all be zero.""",
    "max_norm": """
    max_norm : float, sequence of float or None, default=None
        Largest norm of the incoming weights of a unit [6]_, those of inputs and of the state by themselves; positive,
        one number or one for every layer but embeddings and the output layer; None for no limit.""",
    "clip_norm": """
    clip_norm : float or None, default=None
        Largest norm of the whole gradient, positive; None for no limit. Through many steps gradients can grow without
        bound where the loss has a cliff [12]_.""",
    "mixup": """
    mixup : float, default=0.0
        Parameter a of the Beta(a, a) distribution of the shares with which two rows and their targets are mixed, in
        [0, inf), one share for each batch; 0 for no mixup [13]_. Mixed sequences are as long as the shorter one. Not
        for tokens.""",
    "input_noise": """
    input_noise : float, default=0.0
        Standard deviation of normal noise on the training inputs, in units of X or of embeddings, in [0, inf): to first
        order, a penalty on the gradient of the net [14]_.""",
    "feature_mask": """
    feature_mask : float, default=0.0
        Probability that a number of a step is set to zero in training, in [0, 1), as if its value was missing. It does
        not rescale the other numbers, and Monte Carlo predictions leave it out.""",
    "adversarial_epsilon": """
    adversarial_epsilon : float, default=0.0
        Adversarial training: the loss of a sequence counts half, and half that of the same sequence with every number
        moved by this much in the direction in which the loss grows fastest [26]_. In [0, inf), in units of X; 0 for
        none. It makes predictions change slowly with the inputs, and doubles the time. Only 0 is allowed for
        tokens.""",
    "augmenter": """
    augmenter : Augmenter or None, default=None
        An augmenter of `skreg.augmentation`, which makes new rows from the training rows of every batch, others in
        every epoch; for sequences of one length only. Validation rows stay as they are. Mixed rows have mixed labels.
        The augmenter is fitted to at most about 10,000 training rows.""",
    "averaging": AVERAGING,
    "learning_rate": """
    learning_rate : float, default=0.002
        Learning rate before the factor of the schedule, positive. Wide layers and embeddings may need 0.002 to
        0.005.""",
    "batch_size": """
    batch_size : int or "auto", default="auto"
        Largest number of rows in a step, at least 1; the sizes of the batches of an epoch differ by one row at most. A
        batch cannot have more than all unique rows, and its sequences have similar lengths. "auto" is a sixteenth of
        the rows, between 16 and 256. Memory grows with it: a GRU layer keeps about ``10 * rows * steps * units``
        numbers of a batch, an LSTM 12, the plain net 5.""",
    "weights_": """
    weights_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, after weight normalization. A recurrent layer has two arrays for every direction, those
        of its inputs and those of its state, with the columns of one gate after another: reset, update, new state for
        "gru", and input, forget, output, new state for "lstm".
    embeddings_ : ndarray of shape (vocabulary_size, embedding_size) or None
        Vectors of all tokens; None without `embedding_size`.""",
    "biases_": """
    biases_ : list of ndarray of shape (n_out,)
        Biases of every dense layer.""",
    "dropout_rates_": """
    dropout_rates_ : ndarray of shape (n_layers,)
        Dropout rates of the recurrent layers, then of the dense hidden layers; there with concrete dropout the learned
        ones.""",
    "n_features_in_": """
    n_features_in_ : int
        Number of columns of flat rows, or of channels of sequences; 1 for tokens.""",
    "family_notes": """
    Sequences are read whole, and gradients go through all of their steps. Neither the padding of a sequence nor the
    rows beside it change a bit of its prediction. Recurrent weights are orthogonal at first, and the forget gate of an
    LSTM has a bias of 1. Large batches are halved between two threads.

    An embedding makes every step of the optimizer as long as its table is large: a vocabulary of some ten thousand
    words is fine.""",
    "references": """
    .. [20] Y. Gal, Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks",
       NeurIPS 2016, section 4.
    .. [21] K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.
    .. [22] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
    .. [23] S. Merity, N. Keskar, R. Socher, "Regularizing and optimizing LSTM language models", ICLR 2018, section
       2.""",
}

# What the methods of nets for tables say of X and y, and what those of recurrent nets say.
FOR_SEQUENCES = {
    "array-like or sparse matrix of shape (n_samples, n_features)": (
        "array-like of shape (n_samples, steps[, n_channels]) or list"
    ),
    "array-like or sparse matrix of shape (n_samples_val, n_features)": (
        "array-like of shape (n_samples_val, steps[, n_channels]) or list"
    ),
    """Features, best standardized. The net computes in float32. X is not copied as a whole, in whatever order
            it is stored, and sparse X stays sparse.""": """\
Sequences, best with standardized channels: an array, a list of arrays (steps, n_channels) or (steps,) of
            any length, or rows of one channel; with `embedding_size`, tokens. The net computes in float32. Numbers
            cannot tell steps from channels: with channels first, pass ``np.swapaxes(X, 1, 2)``.""",
    "y : array-like of shape (n_samples,)\n": "y : array-like of shape (n_samples,), or with targets at every step\n",
    "y : array-like of shape (n_samples,) or (n_samples, n_outputs)\n": (
        "y : array-like of shape (n_samples,) or (n_samples, n_outputs), or with targets at every step\n"
    ),
}
