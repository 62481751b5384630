"""What the docstrings of both early stopping estimators have in common."""

PARAMETERS = """
    estimator : estimator or None, default=None
        What is trained, step after step: an estimator with `partial_fit`, a step being one pass over the rows; or with
        `warm_start` and `n_estimators` or `max_iter`, a step being one of those (a solver such as L-BFGS forgets the
        curvature between two evaluations); or a model of LightGBM or XGBoost, a step being a round; or a `Pipeline`
        that ends in one, whose other steps are fitted once, on the training rows alone. How many steps it is to take
        by itself is overruled, its own early stopping turned off, and out-of-bag scores are not computed. It is
        cloned, not changed. None is a linear model, trained by gradient descent from coefficients of zero.
    alpha, l1_ratio : float, default=0.0
        Penalty ``alpha (l1_ratio |b| + (1 - l1_ratio) b^2 / 2)`` that the descent applies by prox steps; `alpha` in
        [0, inf), `l1_ratio` in [0, 1]. Early stopping alone is a regularizer. These, `step_size`, `accelerate` and
        `fit_intercept` belong to the descent: an `estimator` is not told of them.
    step_size : float or "auto", default="auto"
        Length of the steps along the gradient of the mean loss, in units of X as it is: scale features before. "auto"
        is 1 / L, with L the largest curvature that the loss can have; it must be below 2 / L, or at most 1 / L with
        `accelerate`, as the loss might rise else. Intercepts of classes take steps that are longer by the largest
        eigenvalue of the covariance of X.
    accelerate : bool, default=False
        Whether steps have Nesterov's momentum, which takes fewer of them; the path is not that of L2 then.
    fit_intercept : bool, default=True
        Whether the linear model has an intercept. It starts at its best for coefficients of zero.
    max_iter : int, default=10000
        Most steps; a bound for when nothing stops them.
    eval_every : int, default=1
        Steps between two evaluations. Evaluations of large ensembles cost more than their steps: 10 is good for those.
    patience : int, default=10
        Evaluations without gain after which training stops, at least 1.
    min_delta : float, default=0.0
        What counts as a gain: more than this, in units of the monitored value, in [0, inf). With the default any gain
        counts, and where overfitting never comes, as between separable classes, nothing stops before `max_iter`.
    validation_fraction : float, default=0.1
        Share of the rows that are not trained on but watched, in (0, 1): a random part{stratified}.
    cv : int, splitter or iterable of splits, default=None
        What splits the rows instead; see `cv_rounds`. Splits are taken as they are: `TimeSeriesSplit` watches later
        rows.
    cv_rounds : {{"first", "all"}}, default="first"
        "first" trains on the first split of `cv`. "all" trains on all of them, and then on all rows for as many steps
        as the median of the best.
    monitor : "loss", str or callable, default="loss"
        What is watched: the {loss}, or a scorer, called as ``scorer(estimator, X, y)`` with `sample_weight` if it takes
        that, greater being better, or its name.
    restore_best : bool, default=True
        Whether the model is the one with the best value, or the last. Without meaning where it is trained anew.
    refit : bool, default=False
        Whether to train anew on all rows, those that were watched included (of X and X_val), for the best number of
        steps.
    random_state : int, RandomState or None, default=None
        Chooses the random part; that of `estimator` is its own."""

ATTRIBUTES = """
    estimator_ : estimator
        The fitted estimator, with the parameters that fit it anew: its number of steps, and no early stopping of its
        own.{classes}
    best_iter_ : int
        Steps with the best value, those of `estimator_` unless ``restore_best=False``. 0 is a model without features.
    best_score_ : float
        The monitored loss, or the score, there: the best but for `min_delta`; the mean over rounds.
    n_iter_ : int
        Steps taken before the end, of the longest round.
    steps_ : ndarray of shape (n_evaluations,)
        Steps at every evaluation. This and both curves are lists, with an array for each round, if
        ``cv_rounds="all"``.
    train_curve_, validation_curve_ : ndarray of shape (n_evaluations,)
        Monitored value on rows that are trained on, as many as are watched (the descent's own loss: on all), and on
        those that are watched.
    stopped_early_ : bool
        Whether patience ended all rounds.
    coef_, intercept_ : ndarray
        Of the linear model; this and what follows is set for ``estimator=None``.
    step_size_ : float
        Length of the steps; of another training on all rows, that of the rounds.
    path_ : Bunch
        Arrays of shape (n_evaluations,), or a list of such Bunches if ``cv_rounds="all"``: `steps`, `train_loss`,
        `validation_loss`, `norm` of the coefficients, and `equivalent_alpha` and `effective_degrees_of_freedom` as
        below, NaN where they are not known; and the number `step_size`.
    equivalent_alpha_ : float
        Strength of the L2 penalty that shrinks about as much as the steps to `coef_`: ``1 / (step_size_ * steps)``
        [1]_, plus the L2 there is. NaN with `accelerate`."""

COMMON = """
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When a parameter or the data are not as described, `estimator` cannot be trained step after step, or the
        first monitored value is NaN; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        When `max_iter` steps end while the monitored value still gains, and when it turns NaN, which ends training.
    UserWarning
        When the user interrupts training; the best state until then is kept, unless there are several rounds or
        another training is to follow.

    See Also
    --------
    {other}

    Notes
    -----
    At most two states of `estimator` are in memory: the present and the best. Ensembles are cut back to their best
    size instead, and models of LightGBM and XGBoost trained for that many rounds. An estimator with `partial_fit` and a
    seed draws a new order of the rows in every epoch. In a pipeline in `estimator` only the last step gets
    `sample_weight`; requests of metadata inside it are not asked.

    In a `Pipeline`, earlier steps see the rows that this estimator watches. To keep those out, put the pipeline into
    `estimator`, or pass `X_val` through a pipeline with ``transform_input=["X_val"]``.

    References
    ----------
    .. [1] A. Ali, J. Z. Kolter, R. J. Tibshirani, "A continuous-time view of early stopping for least squares",
       AISTATS 2019, section 4.
    .. [2] L. Prechelt, "Early stopping, but when?", Neural Networks: Tricks of the Trade, 1998.
"""
