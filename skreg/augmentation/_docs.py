"""What the documentation of both augmented estimators shares."""

PARAMETERS = """
    estimator : estimator
        The estimator to train; with ``mode="stream"`` it must have `partial_fit`.
    augmenter : augmenter, sampler or None
        Makes new rows; several are combined by `Compose`. Searches reach its parameters as ``augmenter__...``. None
        stands for no augmentation: the estimator is trained on the rows as they are. A sampler of imbalanced-learn,
        such as `SMOTE`, returns all training rows at once: the parameters below but `random_state` do not apply.
    n_copies : int, default=1
        Augmented copies of every row, at least 0. Each counts as much as the row itself.
    include_original : bool, default=True
        Whether the rows themselves are trained on, too. Must be True with ``n_copies=0``.
    mode : {{"copies", "stream"}}, default="copies"
        "copies" makes all copies and fits once. "stream" makes new copies in every epoch, a batch at a time, so that no
        more than a batch is in memory; a batch holds its rows and their copies.
    n_epochs : int, default=20
        Epochs of "stream", at least 1.
    batch_size : int, default=256
        Rows of a batch of "stream" before they are copied, at least 1.
    random_state : int, RandomState or None, default=None
        Seed of the augmentation, of the order of the rows, and of the choice of validation rows. `estimator` has its
        own."""

COMMON = """
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When a parameter or the data are not as described, or the augmenter does not fit the data; the message names the
        argument and the value.

    Warns
    -----
    UserWarning
        When the estimator splits its training rows in a way that cannot be done before they are copied, as described
        below.

    Notes
    -----
    Rows are augmented in `fit` only; predictions are those of `estimator_` for the rows as they are. What the augmenter
    cannot take, such as text among numbers, is either encoded before, in a pipeline around this estimator, or left out
    by the parameter `columns` of the augmenter.

    Weights count rows: a weight of 3 means the same as three rows, each with a draw of its own, and 2.5 means three
    draws that weigh less. Where weights add up to more than 10,000, and to more than twice the rows, fewer draws share
    them. The partners of mixed and swapped rows are drawn by weight.

    **Early stopping inside.** Copies of a training row must not be among the validation rows. Where the estimator, or
    the last step of a pipeline, holds out rows for early stopping and its `fit` takes `X_val` and `y_val`, as in the
    nets and early stopping estimators of this package and in scikit-learn's histogram boosting, its
    `validation_fraction` of the rows is held out before the others are copied, and passed to it as they are. With fewer
    than 50 unique rows none are held out where the parameter `early_stopping` can be set to False instead. For other
    estimators that split rows by themselves, `fit` warns: put searches around this estimator, and
    `EarlyStoppingClassifier` or `EarlyStoppingRegressor` around scikit-learn's perceptrons, gradient boosting or SGD.

    Where a penalty is weighed against a sum over rows, as by `C` of logistic regression and support vectors, copies
    make it weigh less: divide `C` by the number of rows that each row becomes."""
