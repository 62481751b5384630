"""Parts of the docstrings of the deep ensembles."""

PARTS = {
    "intro": """
    Members differ in their initial weights, order of rows and noise, and with `cv` in the rows that they are trained
    on. Their mean is more accurate than a member, and their disagreement is uncertainty, better calibrated than that
    of most other methods [1]_.""",
    "parameters": """
    n_members : int, default=5
        Number of members, at least 1; with `cv`, at least the number of folds. The paper finds that 5 are enough.
    cv : int, splitter or iterable of splits, default=None
        With folds, each member leaves one out, in turns: it is the validation set of a net (`X_val`), and
        `oof_prediction_` keeps what members predict for it. Folds of an int are not shuffled, as in scikit-learn, and
        do not keep equal rows together. None trains all members on all rows.
    n_jobs : int, default=None
        Number of threads, each for one member; None is 1 unless in a `joblib.parallel_config`, -1 all cores. With
        ``parallel_config(backend="loky")`` they are processes.
    random_state : int, RandomState instance or None, default=None
        Gives every member a seed, for each of its parameters that is a random state.""",
    "attributes": """
    estimators_ : list of estimator
        The fitted members.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)""",
    "raises": """
    Raises
    ------
    ValueError
        When a parameter, X, y or the weights are not as described; the message names the argument and the value. When
        the estimator has no random state, so that members without `cv` would be equal.

    Warns
    -----
    UserWarning
        When all members are equal, since the fit of the estimator does not depend on its random state: gradient
        boosting that draws no rows, for example.""",
    "notes": """
    A member's own uncertainty counts if it is one of our nets, alone or in a pipeline: the law of total variance adds
    the variance of its draws to that between the members. The paper trains members without dropout, on all rows, with
    adversarial training, and learns the noise of numeric targets: ``DropoutMLPRegressor(dropout=0.0,
    heteroscedastic=True, adversarial_epsilon=0.05)``. Its epsilon is a hundredth of the range of each feature, about
    0.05 after scaling.

    Without metadata routing, all further arguments of `fit` go to the `fit` of every member.""",
    "references": """
    .. [1] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable predictive uncertainty estimation using
       deep ensembles", NeurIPS 2017.""",
}


def documented(cls):
    """Insert the parts where the docstring has their names in angle brackets."""
    for name, text in PARTS.items():
        cls.__doc__ = cls.__doc__.replace(f"\n    <{name}>", text)
    return cls
