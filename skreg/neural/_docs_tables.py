"""Texts of nets for tables, instead of the shared ones."""

PARAMETERS = """
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default="from_dtype"
        Which columns hold categories, as in scikit-learn's gradient boosting: "from_dtype" takes the columns of text
        and categories of a frame (pandas, polars, pyarrow) or of an array of objects; a mask, indices or names take
        those columns, which may hold numbers, too; None takes none. Columns of up to 8 categories become indicators
        (one-hot), others vectors that are learned [20]_. A missing entry is a category of its own if the training rows
        have missing entries. A category that they do not have, or a missing entry where they have none, becomes what is
        expected: the weighted mean of the indicators, or of the vectors, of the training rows. So the net sees nothing
        far from these. One of another type, such as a number where they have text, is an error. With
        "from_dtype" every column of text holds categories; numbers as text give a warning. In columns that a mask or
        list leaves out, and with None, objects that are numbers as text become numbers, as in scikit-learn, and other
        text is an error, as is an array of nothing but text.
    missing : {"indicator", "raise"}, default="indicator"
        What to do with missing numbers: NaN, None and the null of frames. "indicator" replaces them by the mean of the
        column, with ``standardize="robust"`` by the median, and adds an indicator of missing numbers for each column
        that has some in the training rows, and not in all of them. Where numbers are missing in other columns of new
        rows, they are replaced without an indicator. "raise" raises ValueError. Sparse X has no missing numbers.
    standardize : {"standard", "robust"} or None, default="standard"
        How numbers are scaled, with statistics of the training rows: those in no validation set, in the first call of
        `partial_fit`, and in the first block of a Dask collection. "standard" gives every column mean 0 and variance
        1. Where at least three quarters of the rows have one value, such as 0, that becomes 0 and the others have the
        root mean square 1, so that rare numbers do not become large. Columns of zeros and ones stay as they are. Then
        numbers z beyond 3 are smoothly clipped, ``3 + d / sqrt(1 + (d / 2)^2)`` with ``d = z - 3``, which tends to 5,
        so that a row far away has a bounded effect. An outlier among the training rows still sets the scale of its
        column: for these, and for heavy tails, choose "robust". It subtracts the median and divides by the
        interquartile range, or by half of the range where that is 0, and clips all numbers, ``z / sqrt(1 + (z /
        3)^2)`` [20]_. Columns of one value become 0. Sparse X is not shifted: its columns are divided by their standard
        deviations, or by the root mean square of the entries that are not 0, where these are few or with "robust", and
        clipped. None computes with X as it is. Digits of numbers far from 0 are kept: X is shifted in double precision.
    numeric_embedding : {"piecewise", "periodic"} or None, default=None
        Whether every number becomes a vector that is learned [21]_, so that the net finds thresholds and steps more
        easily. "piecewise" is linear within bins between up to 49 quantiles of the training rows, with at least 20 rows
        a bin on average, plus a linear function [22]_; "periodic" puts sines and cosines of learned frequencies through
        a linear layer and ReLU. Needs dense X.
    embedding_size : int or "auto", default="auto"
        Length of the vectors, at least 1; "auto" is 8 for categories and 16 for numbers.
    embedding_dropout : float, default=0.0
        Probability that the vector of a category is 0 for a row in training, in [0, 1). A Monte Carlo draw
        drops the same categories in all rows."""

AVERAGING = """
    averaging : {"ema", "swa"} or None, default="ema"
        Predict with a running mean of the weights. "ema" averages over about a fiftieth of the steps, at least an
        epoch; "swa" averages the weights at the end of each epoch in the last quarter of training [16]_. Use it with
        ``schedule="constant"``: at a decaying learning rate the last weights hardly differ, and neither does their
        mean. Validation uses the mean; with "swa", the best epoch may come before the first average."""

# Without its last sentence, which says where only 0 is allowed.
ADVERSARIAL = """
    adversarial_epsilon : float, default=0.0
        Adversarial training: the loss of a row counts half, and half that of the same row with every number moved by
        this much in the direction in which the loss grows fastest [26]_. In [0, inf), after scaling; 0 for none.
        Categories, and indicators of missing values, stay as they are; columns of zeros and ones, and the numbers in
        place of missing ones, move. It makes predictions change slowly with the inputs, and doubles the time. 0.05 to
        0.2 are usual."""

OWN = {
    "weights_": """
    weights_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer, after weight normalization. The first one sees the columns after scaling: numbers or
        their vectors, indicators of missing numbers, indicators of categories, and vectors of categories. Of members of
        an ensemble, those of the first and of the output layer have the shape (`ensemble_size_`, n_in, n_out); without
        batch normalization, the units of each are also multiplied by factors that are not part of the weights.""",
    "batch_size": """
    batch_size : int or "auto", default="auto"
        Largest number of rows in a step, at least 1; the sizes of the batches of an epoch differ by one row at most. A
        batch cannot have more than all unique rows. "auto" is 32 where several members train on fewer than 1000
        unique rows and the epoch is cross-validated, else a sixteenth of the rows, between 16 and 256.""",
    "input_noise": """
    input_noise : float, default=0.0
        Standard deviation of normal noise on the training inputs after scaling, indicators of categories included, in
        [0, inf): to first order, a penalty on the gradient of the net [14]_. Only 0 is allowed for sparse X, which
        noise would make dense.""",
    "adversarial_epsilon": f"{ADVERSARIAL} Only 0 is allowed for sparse X, which would become dense.",
    "augmenter": """
    augmenter : Augmenter or None, default=None
        An augmenter of `skreg.augmentation`, which makes new rows from the training rows of every batch, others in
        every epoch. It sees X before it is scaled, as an array: where columns hold categories, an array of objects with
        texts in their place, which only some augmenters take, such as `SwapNoise`; others need `columns`, the names or
        indices of the numbers. Validation rows stay as they are. Mixed rows have mixed labels. The augmenter is fitted
        to at most about 10,000 training rows.""",
    "mixup": """
    mixup : float, default=0.0
        Parameter a of the Beta(a, a) distribution of the shares with which two rows and their targets are mixed, in
        [0, inf), one share for each batch; 0 for no mixup [13]_. 0.1 to 0.4 are usual. Of categories with vectors, a
        mixed row has that of one of both rows, drawn with the share.""",
}
REFERENCES = """
    .. [20] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on
       tabular data", NeurIPS 2024, section 3.
    .. [21] Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features in tabular deep learning",
       NeurIPS 2022, sections 3.2 and 3.3.
    .. [22] Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: advancing tabular deep learning with parameter-efficient
       ensembling", ICLR 2025, section 3.3.
    .. [23] Y. Wen, D. Tran, J. Ba, "BatchEnsemble: an alternative approach to efficient ensemble and lifelong
       learning", ICLR 2020."""
TABLE = "array-like or sparse matrix of shape (n_samples, n_features)"
FOR_TABLES = {
    TABLE: "array-like, frame or sparse matrix of shape (n_samples, n_features)",
    TABLE.replace("n_samples", "n_samples_val"): "array-like, frame or sparse matrix of shape (n_samples_val, p)",
    """Features, best standardized. The net computes in float32. X is not copied as a whole, in whatever order
            it is stored, and sparse X stays sparse.""": """\
Numbers in any units, text, categories and missing values; see `categorical_features`, `missing` and
            `standardize`. The net computes in float32. An array of numbers is not copied as a whole, in whatever order
            it is stored, and sparse X stays sparse; a frame with columns of several types becomes one matrix.""",
}
