"""Parts of the docstrings that both early stopping estimators share."""

PARAMETERS = """
    estimator : estimator or None, default=None
        The estimator to train step by step. One with `partial_fit`: a step is one pass over the rows. One with
        `warm_start` and `n_estimators` or `max_iter`: a step is one of these (a solver such as L-BFGS restarts at every
        evaluation). A model of LightGBM or XGBoost: a step is a boosting round. A `Pipeline` that ends in one of
        these: its other steps are fitted once, on the training rows. The estimator is cloned. Its own number of
        iterations and its own early stopping are ignored; out-of-bag scores are disabled. None is a linear model
        that is trained by gradient descent, starting from coefficients of zero.
    alpha, l1_ratio : float, default=0.0
        Penalty ``alpha (l1_ratio |b| + (1 - l1_ratio) b^2 / 2)`` of the linear model, applied by proximal steps.
        `alpha` in [0, inf), `l1_ratio` in [0, 1]. The default has no penalty: early stopping regularizes by itself.
        `alpha`, `l1_ratio`, `step_size`, `accelerate` and `fit_intercept` are for ``estimator=None`` only.
    step_size : float or "auto", default="auto"
        Step size along the gradient of the mean loss. Features are not standardized: do that before. "auto" is 1 / L,
        where L is the largest curvature of the loss. A number must be below 2 / L, or at most 1 / L with `accelerate`:
        with longer steps the loss may rise. In classification the steps of the intercepts are longer, by the largest
        eigenvalue of the covariance of X.
    accelerate : bool, default=False
        Whether to use Nesterov's momentum. It takes fewer steps, but its path is not like that of an L2 penalty.
    fit_intercept : bool, default=True
        Whether the linear model has an intercept. It starts at the best intercept for coefficients of zero.
    max_iter : int, default=10000
        Maximum number of steps, at least 1.
    eval_every : int, default=1
        Number of steps between two evaluations, at least 1. The evaluation of a large ensemble takes longer than a
        step: 10 is good there.
    patience : int, default=10
        Number of evaluations without improvement after which training stops, at least 1.
    min_delta : float, default=0.0
        Improvements of at most this much do not count, in units of the monitored value, in [0, inf). With the default
        every improvement counts. If the loss never rises, as with separable classes, training then goes on to
        `max_iter`.
    validation_fraction : float, default=0.1
        Part of the unique rows of X that is held out for validation, in (0, 1): a random part{stratified}. Rows with
        equal features, such as repeated rows of a bootstrap sample, stay on one side. The exception is X with fewer
        than 50 unique rows and on average at least 10 rows for each (a few categorical columns): then every row is
        drawn by itself.
    cv : int, splitter or iterable of splits, default=None
        Splits the rows instead of `validation_fraction`; see `cv_rounds`. Splits are used as they are:
        `TimeSeriesSplit` validates on later rows, and `GroupKFold` keeps groups together.
    cv_rounds : {{"first", "all"}}, default="first"
        "first" trains on the first split of `cv`. "all" trains on every split, and then on all rows, for the median of
        the best numbers of steps.
    monitor : "loss", str or callable, default="loss"
        What to compute on the validation rows: the {loss}; or a scorer or its name. A scorer is called as
        ``scorer(estimator, X, y)``, with `sample_weight` if it takes that; greater is better.
    restore_best : bool, default=True
        Whether to keep the state with the best monitored value; else the last state is kept. Without effect if the
        model is trained again, by `refit` or ``cv_rounds="all"``.
    refit : bool, default=False
        Whether to train again on all rows, validation rows (and X_val) included, for the best number of steps.
    random_state : int, RandomState or None, default=None
        Chooses the validation rows. `estimator` has its own `random_state`."""

ATTRIBUTES = """
    estimator_ : estimator
        The fitted estimator. Its parameters are such that fitting it again takes the same number of steps.{classes}
    best_iter_ : int
        Number of steps with the best monitored value. `estimator_` has taken this number, unless
        ``restore_best=False``.
        0 is the null model, which has an intercept only.
    best_score_ : float
        The monitored loss or score after `best_iter_` steps; with ``cv_rounds="all"`` the mean over the rounds.
    n_iter_ : int
        Number of steps taken until training stopped; with ``cv_rounds="all"`` the maximum over the rounds.
    steps_ : ndarray of shape (n_evaluations,)
        Number of steps at every evaluation. With ``cv_rounds="all"``, this and both curves are lists, with one array a
        round.
    train_curve_ : ndarray of shape (n_evaluations,)
        The monitored value on training rows: on as many as there are validation rows; the loss of the linear model is
        that on all training rows.
    validation_curve_ : ndarray of shape (n_evaluations,)
        The monitored value on the validation rows.
    stopped_early_ : bool
        Whether patience ended training, in all rounds.
    coef_, intercept_ : ndarray
        Coefficients and intercept of the linear model. These and the following attributes are set for
        ``estimator=None``.
    step_size_ : float
        Step size of gradient descent.
    path_ : Bunch
        The iterates of gradient descent. Arrays of shape (n_evaluations,): `steps`, `train_loss`, `validation_loss`,
        `norm` (of the coefficients), `equivalent_alpha` and `effective_degrees_of_freedom` (NaN where not known); and
        the float `step_size`. With ``cv_rounds="all"`` a list of such Bunches.
    equivalent_alpha_ : float
        Strength of the L2 penalty that shrinks about as much as stopping at `coef_`: ``1 / (step_size_ * steps)`` [1]_,
        plus the L2 penalty that is set. NaN with `accelerate`."""

COMMON = """
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X has names that are all strings.

    Raises
    ------
    ValueError
        When a parameter or the data are not as described, `estimator` cannot be trained step by step, or the first
        monitored value is NaN. The message names the argument and its value.

    Warns
    -----
    ConvergenceWarning
        When training ends at `max_iter` while the monitored value is still improving. When the monitored value turns
        NaN, or `estimator` raises an error, after the first evaluation: training ends, and the best state before that
        is kept. When the best state is far worse than a constant prediction (twice the loss): training diverged, or
        took too few steps.

    See Also
    --------
    {other}
    skreg.stopping.EarlyStopping : Callback for estimators that support scikit-learn's callbacks.

    Notes
    -----
    At most two states of `estimator` are in memory: the present and the best. Ensembles are cut to their best size
    instead. Models of LightGBM and XGBoost are trained from scratch for the best number of rounds. An estimator with
    `partial_fit` and an int as its `random_state` shuffles the rows differently in every step.

    Ctrl-C during training raises KeyboardInterrupt; this estimator keeps the best state so far, see `fit`.

    `sample_weight` goes to the last step of a pipeline in `estimator`. Metadata requests inside `estimator` have no
    effect.

    In a `Pipeline` around this estimator, the earlier steps see the validation rows. To prevent that, put the pipeline
    into `estimator`, or pass `X_val` through the outer pipeline with ``transform_input=["X_val"]``.

    References
    ----------
    .. [1] A. Ali, J. Z. Kolter, R. J. Tibshirani, "A continuous-time view of early stopping for least squares",
       AISTATS 2019, section 4.
    .. [2] L. Prechelt, "Early stopping, but when?", Neural Networks: Tricks of the Trade, 1998.
"""
