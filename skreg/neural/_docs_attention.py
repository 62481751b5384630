"""Parts of the docstrings of transformers: their own parameters, and texts instead of the shared ones, by name."""

from ._docs_tables import ADVERSARIAL, AVERAGING

PARAMETERS = """
    n_blocks : int, default=3
        Number of blocks, each of attention and two dense layers, at least 1.
    n_heads : int, default=4
        Number of heads of attention in every block, a divisor of `embedding_size`; each sees its own part of a token.
    feed_forward_size : int or None, default=None
        Number of units of the first of the two dense layers of every block, at least 1; None for twice
        `embedding_size`.
    pooling : {"cls", "mean"}, default="cls"
        What the output layer sees: one more token, which belongs to no feature or step, or the mean of all tokens. The
        last block computes that one token only with "cls".
    inputs : {"auto", "table", "sequences", "tokens"}, default="auto"
        What X is. "auto": two-dimensional X is a table; three-dimensional X (n_samples, steps, n_channels), and lists
        of arrays of unequal length, are sequences. "sequences" also takes two-dimensional X, as sequences of one
        channel. Numbers cannot tell steps from channels: with channels first, pass ``np.swapaxes(X, 1, 2)``. "tokens"
        are whole numbers from 0, which `Tokens` makes from texts: of shape (n_samples, steps) with -1 after the end of
        a sequence, or a list of sequences."""

ATTENTION = {
    "hidden_layer_sizes": """
    hidden_layer_sizes : int or sequence of int, default=()
        Number of units of every dense hidden layer between the blocks and the output layer, each at least 1; ``()`` for
        none.""",
    "activation": """
    activation : {"relu", "leaky_relu", "gelu", "silu", "tanh", "logistic", "identity"}, default="relu"
        Activation of the dense layers, in the blocks and after them. "leaky_relu" has slope 0.01 below zero.
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default="from_dtype"
        Which columns of a table hold categories: "from_dtype" takes the columns of text and categories of a frame
        (pandas, polars, pyarrow) or of an array of objects; a mask, indices or names take those columns, which may hold
        numbers, too; None takes none. Each is one token, with a vector for every category that is learned. A missing
        entry is a category of its own if the training rows have missing entries. A category that they do not have
        becomes zeros, but one of another type, such as a number where they have text, is an error. In other columns,
        objects that are numbers as text become numbers, as in scikit-learn, and a column of an array or a list of
        nothing but text is an error.
    missing : {"indicator", "mask", "raise"}, default="indicator"
        What to do with missing numbers. In tables, "indicator" replaces them by the mean of the column, with
        ``standardize="robust"`` by the median, and adds a token that says where they are missing, for each column that
        has some in the training rows, and not in all of them. In sequences, "mask" leaves out steps in which any
        channel is NaN. In other cases they are an error.
    standardize : {"standard", "robust"} or None, default="standard"
        How numbers of a table are scaled, with statistics of the training rows. "standard" gives every column mean 0
        and variance 1; rare numbers have the root mean square 1, and numbers beyond 3 are smoothly clipped at 5, as in
        `DropoutMLPRegressor`. "robust" subtracts the median and divides by the interquartile range, or by half of the
        range where that is 0; then it clips smoothly, ``x / sqrt(1 + (x / 3)^2)``. None computes with X as it is, as
        always with sequences.
    numeric_embedding : {"piecewise", "periodic"} or None, default=None
        How a number of a table becomes a vector: None for the number times a vector plus another vector; "piecewise"
        adds a function that is linear within bins between up to 49 quantiles of the training rows; "periodic" puts
        sines and cosines of learned frequencies through a linear layer and ReLU [24]_. No effect on sequences.
    vocabulary_size : int or None, default=None
        Number of tokens, with ``inputs="tokens"``; None for the largest one in X plus 1. Set it where X may lack the
        largest one, as in cross-validation.
    embedding_size : int, default=64
        Numbers in a token, at least 2. The paper's 192 for tables [20]_ takes eight times as long.
    embedding_dropout : float, default=0.0
        Probability of dropping a whole feature or step of a row, in [0, 1); of ``inputs="tokens"``, a token wherever it
        occurs in a sequence.""",
    "residual": "",  # all blocks are
    "normalization": """
    normalization : {"batch", "layer"} or None, default=None
        Batch normalization [2]_ or layer normalization [3]_ before the activation of every dense hidden layer after the
        blocks. Blocks have layer normalization, always: of what enters their attention and their dense layers [22]_.
        Batch normalization needs batches of at least two rows, and counts rows by their weights.""",
    "weight_normalization": """
    weight_normalization : {"weight", "spectral"} or None, default=None
        Weights of all layers but the embedding and the output layer as length times direction [4]_, or divided by their
        largest singular value [5]_.""",
    "dropout": """
    dropout : float or sequence of float, default=0.1
        Dropout rate between the two dense layers of a block, and of the hidden units after the blocks, in [0, 1): one
        number, or one for every block and then for every hidden layer [6]_.""",
    "input_dropout": """
    input_dropout : float, default=0.0
        Dropout rate of the numbers of X, or of those of the embedding of tokens, in [0, 1).
    attention_dropout : float, default=0.2
        Dropout rate of the weights of attention, in [0, 1): a token then looks at fewer others [21]_.""",
    "dropout_kind": """
    dropout_kind : {"bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"}, default="bernoulli"
        The noise of the dense layers: "bernoulli" drops units [6]_; "gaussian" multiplies them by normal noise of the
        same variance, and attention and tokens, too; "dropconnect" drops weights, the same for all rows of a batch
        [7]_; "adaptive" keeps units with the probability ``sigmoid(z + b)`` of their own input z, which at z = 0 is ``1
        - dropout`` [8]_; "concrete" learns the rates, with `dropout` as initial value [9]_.""",
    "stochastic_depth": """
    stochastic_depth : float, default=0.0
        Probability of dropping the attention, and the dense layers, of the last block for a row, in [0, 1); that of
        earlier blocks is smaller, in proportion to their depth [10]_.""",
    "ensemble_size": """
    ensemble_size : int, default=1
        Number of members of a shared ensemble, at least 1: transformers that share all weights and biases of the
        blocks (TabM-mini [25]_). Each sees the numbers of all tokens times scales of its own, which begin as random
        signs, and has an output layer of its own; hidden layers after the blocks have scales and biases for each
        member. They train on the mean of their losses and predict the mean of their probabilities or values. Their
        disagreement is uncertainty, also without dropout. Time and memory grow in proportion to it.""",
    "weight_decay": """
    weight_decay : float or sequence of float, default=0.3
        Decoupled weight decay: a step multiplies the weights by ``1 - learning_rate * weight_decay``, in addition to
        the step of Adam [11]_. In [0, inf), one number or one for every layer: first the embedding, then every block,
        every hidden layer, and the output layer. With ``optimizer="adam"``, ``weight_decay * W`` is added to the
        gradient instead, where Adam rescales it, so that it no longer acts as weight decay. No penalty applies to
        biases and to scales of normalization.""",
    "l1": """
    l1 : float or sequence of float, default=0.0001
        ``l1 ||W||_1`` added to the mean loss, by a prox step after every step of the optimizer, with its
        preconditioner. It gives exact zeros (Yun, Lozano & Yang 2021), also with `averaging`. In [0, inf), one number
        or one for every layer; one number does not apply to layers with `weight_normalization`, whose weights cannot
        all be zero.
    attention_entropy : float, default=0.0
        Factor of the entropy of attention that is added to the mean loss: the mean over blocks, heads and queries, in
        nats. Positive values make every token look at few others, negative ones let it look at many: 0 is no penalty.
        Useful values are about 0.01 to 0.1, of either sign.""",
    "max_norm": """
    max_norm : float, sequence of float or None, default=None
        Largest norm of the incoming weights of a unit [6]_, positive, one number or one for every block and hidden
        layer; None for no limit.""",
    "clip_norm": """
    clip_norm : float or None, default=None
        Largest norm of the whole gradient, positive; None for no limit [12]_.""",
    "mixup": """
    mixup : float, default=0.0
        Parameter a of the Beta(a, a) distribution of the shares with which two rows and their targets are mixed, in
        [0, inf), one share for each batch; 0 for no mixup [13]_. Mixed sequences are as long as the shorter one. Not
        for tokens.""",
    "input_noise": """
    input_noise : float, default=0.0
        Standard deviation of normal noise on the training inputs, in [0, inf): in tables after scaling, in sequences in
        units of X, of tokens in units of their vectors. To first order, a penalty on the gradient of the net [14]_.""",
    "adversarial_epsilon": f"{ADVERSARIAL} Only 0 is allowed where X holds tokens.",
    "augmenter": """
    augmenter : Augmenter or None, default=None
        An augmenter of `skreg.augmentation`, which makes new rows from the training rows of every batch, others in
        every epoch; of sequences only if all have one length. Validation rows stay as they are. Mixed rows have mixed
        labels. The augmenter is fitted to at most about 10,000 training rows.""",
    "averaging": AVERAGING,
    "learning_rate": """
    learning_rate : float, default=0.002
        Learning rate before the factor of the schedule, positive. Wide tokens need smaller ones: 0.0001 is usual for
        192 numbers.""",
    "batch_size": """
    batch_size : int or "auto", default="auto"
        Largest number of rows in a step, at least 1; the sizes of the batches of an epoch differ by one row at most. A
        batch cannot have more than all unique rows, and its sequences have similar lengths. "auto" is a sixteenth of
        the rows, between 16 and 256. Memory grows with it: about ``27 * rows * tokens * embedding_size * n_blocks``
        numbers of a batch are kept, and none for pairs of tokens.""",
    "weights_": """
    weights_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, after weight normalization. Every block has those of queries, keys and values side by
        side (in two matrices where only one token has a query), of the output of attention, and of its two dense
        layers. Of members of an ensemble, those of the output layer have the shape (`ensemble_size_`, n_in, n_out).
    embeddings_ : ndarray of shape (vocabulary_size, embedding_size) or None
        Vectors of all tokens, with ``inputs="tokens"``; else None.
    token_names_ : list of str or None
        Names of the tokens of a table, in the order of `attention_maps`: "row" with ``pooling="cls"``, the columns of
        numbers, the indicators of missing ones, then the columns of categories; None for sequences.""",
    "biases_": """
    biases_ : list of ndarray of shape (n_out,)
        Biases of the dense layers, and of the outputs of attention. Of members of an ensemble, those after the blocks
        have the shape (`ensemble_size_`, n_out).""",
    "dropout_rates_": """
    dropout_rates_ : ndarray of shape (n_layers,)
        Dropout rates of the blocks, then of the dense hidden layers; with concrete dropout, the learned ones.""",
    "n_features_in_": """
    n_features_in_ : int
        Number of columns of a table, or of channels of sequences; 1 for tokens.""",
    "family_notes": """
    All pairs of tokens are compared, so that time grows with the square of the number of features or steps; up to a few
    hundred are fast. Memory does not: attention is computed for one head of one row at a time [23]_. Large batches are
    halved between two threads.

    Features are a set: a permutation of the columns of a table changes nothing but the random initial weights. The
    positions of steps are sines and cosines, so that sequences may be longer than those of the training. Neither the
    padding of a sequence nor the rows beside it change a bit of its prediction.""",
    "references": """
    .. [20] Y. Gorishniy et al., "Revisiting deep learning models for tabular data", NeurIPS 2021, section 3.3.
    .. [21] A. Vaswani et al., "Attention is all you need", NeurIPS 2017, sections 3.2 and 3.5.
    .. [22] R. Xiong et al., "On layer normalization in the transformer architecture", ICML 2020.
    .. [23] T. Dao et al., "FlashAttention: fast and memory-efficient exact attention with IO-awareness", NeurIPS
       2022.
    .. [24] Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features in tabular deep learning",
       NeurIPS 2022, sections 3.2 and 3.3.
    .. [25] Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: advancing tabular deep learning with parameter-efficient
       ensembling", ICLR 2025, section 3.3.""",
}

# What the methods of nets for tables say of X, and what those of transformers say.
FOR_TOKENS = {
    "array-like or sparse matrix of shape (n_samples, n_features)": (
        "array-like or frame of shape (n_samples, n_features) or (n_samples, steps[, n_channels]), or list"
    ),
    "array-like or sparse matrix of shape (n_samples_val, n_features)": (
        "array-like of shape (n_samples_val, n_features) or (n_samples_val, steps[, n_channels]), or list"
    ),
    """Features, best standardized. The net computes in float32. X is not copied as a whole, in whatever order
            it is stored, and sparse X stays sparse.""": """\
A table of numbers in any units, text, categories and missing values, or sequences, best with
            standardized channels; see `inputs`. The net computes in float32.""",
}
