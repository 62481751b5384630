"""Logistic and multinomial regression on smoothed labels."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._core.data.likelihood import Likelihood
from .._core.parts.losses import Logistic, Multinomial
from .._core.solve_scores import scores_alpha_max, solve_scores
from ..utils._callbacks import Task, with_callbacks
from ..utils._classes import scores_of_all, smoothed_targets
from ..utils._params import BOOLEAN, DICT, NONE, Interval, Options
from ..utils._threads import one_blas_thread
from ..utils._validation import caller_level, check_coef_init, unchanged_on_error
from ._base import LinearClassifier
from ._grid import check_grid, read_alphas

CERTAIN_MARGIN = 20.0  # between scores: the loss is 2e-9 there, which only coefficients that grow without end reach


def class_likelihood(problem, data, n_classes, smoothing, confidence_penalty):
    """The likelihood of a problem's labels under the row weights of `data`."""
    loss = Logistic if n_classes == 2 else Multinomial
    return Likelihood(data, loss(float(confidence_penalty)), smoothed_targets(problem.Y[0], n_classes, smoothing))


def null_loss(likelihood):
    """Loss of the null model."""
    return likelihood.null_model.value * likelihood.score_scale**2 / likelihood.data.weight


def gap_unit(likelihood):
    """The loss that `tol` and warnings compare the gap of a `Solution` with."""
    return null_loss(likelihood) if likelihood.is_convex else 1.0


class LabelSmoothed(LinearClassifier):
    """Base of the classifier for one alpha and of the one that chooses it by cross-validation."""

    _loss_constraints = {
        "confidence_penalty": [Interval(Real, 0.0, np.inf)],
        "grouped": [BOOLEAN],
        **LinearClassifier._penalty_constraints,
        "class_weight": [DICT, Options("balanced"), NONE],
        "solver": [Options("auto", "newton", "lbfgs")],
    }

    def _options(self):
        return dict(tol=self.tol, max_iter=self.max_iter, grouped=self.grouped, solver=self.solver)

    def _check_parameters(self):
        super()._check_parameters()
        bounded = self.positive or self.bounds is not None
        if self.grouped and bounded:
            raise ValueError(
                f"grouped=True does not go with bounds; got bounds={self.bounds!r}, positive={self.positive}."
            )
        if self.solver == "lbfgs" and (self.grouped or bounded or np.any(np.asarray(self.l1_ratio) > 0.0)):
            raise ValueError(
                "solver='lbfgs' needs a pure L2 penalty (l1_ratio=0) without bounds and groups; got"
                f" l1_ratio={self.l1_ratio!r}, grouped={self.grouped}, bounds={self.bounds!r},"
                f" positive={self.positive}."
            )

    def _store(self, problem, likelihood, solution, alpha, smoothing):
        """Set the fitted attributes from a solution, and warn where it is not good enough."""
        self._set_coef(*problem.rounded(solution.coef, solution.intercept, self.tol, null_loss(likelihood)))
        self.n_iter_ = int(solution.n_iter)
        self.objective_ = float(solution.objective)
        self.sparsity_ = float(np.mean(self.coef_ == 0.0))
        self.dual_gap_ = float(solution.gap) if likelihood.is_convex else np.nan
        vars(self).pop("stationarity_", None)
        if not likelihood.is_convex:
            self.stationarity_ = float(solution.gap)
        free = alpha == 0.0 or (problem.factor == 0.0).any()
        endless = free and smoothing == 0.0 and likelihood.is_convex and not np.isfinite(problem.bounds).any()
        if endless and self._certain(problem):
            warnings.warn(
                f"{type(self).__name__}: unpenalized features separate the classes, in all rows or in some. Without a"
                " penalty (alpha=0, penalty_factor=0) and with label_smoothing=0 the best coefficients are infinite;"
                f" the fit was stopped at an objective of {solution.objective:.3g}. Set alpha or label_smoothing above"
                " 0.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )
        elif not solution.met:
            self._warn(solution.gap / gap_unit(likelihood))

    def _warn(self, relative_gap, where=""):
        if self.confidence_penalty == 0.0:
            super()._warn(relative_gap, where)
        else:
            super()._warn(relative_gap, where, "the relative distance to the subdifferential is {:.3g}")

    def _certain(self, problem):
        """Whether all rows are classified correctly, or some with a probability of 1 but for about 1e-9."""
        scores = scores_of_all(problem.data.X @ self.coef_.T + self.intercept_)
        own = np.take_along_axis(scores, problem.Y.T, axis=1)[:, 0]
        np.put_along_axis(scores, problem.Y.T, -np.inf, axis=1)
        margins = (own - scores.max(axis=1))[problem.row_weights > 0.0]
        return bool((margins > 0.0).all() or (margins > CERTAIN_MARGIN).any())


class LabelSmoothedLogistic(LabelSmoothed):
    """Logistic or multinomial regression with L1 and L2 penalties and smoothed labels, certified by its duality gap.

    As a replacement of scikit-learn's `LogisticRegression`, with the same objective and the same answer::

        LogisticRegression(C=C)  ->  LabelSmoothedLogistic(alpha=1 / (C * n_samples))
        LogisticRegression(C=C, l1_ratio=r, solver="saga")  ->  LabelSmoothedLogistic(1 / (C * n_samples), l1_ratio=r)

    where ``n_samples`` is the sum of the weights, if there are sample or class weights.

    Minimizes over coefficients B (K rows; one for two classes) and intercepts b ::

        1 / sum_i w_i sum_i w_i (-sum_k t_ik log p_ik - confidence_penalty H(p_i))
            + alpha sum_j f_j sum_k (l1_ratio |B_kj| + (1 - l1_ratio) / 2 B_kj^2)
        t_i = (1 - s) onehot(y_i) + s / K,   p_i = softmax(B x_i + b)

    or, if `grouped`, with ``alpha sum_j f_j (l1_ratio ||B_j||_2 + (1 - l1_ratio) / 2 ||B_j||_2^2)``, B_j holding the
    coefficients of feature j for all classes. The entropy is ``H(p) = -sum_k p_k log p_k``, s is `label_smoothing`, w
    are sample weights times class weights, f penalty factors.
    Smoothing (Szegedy et al. 2016 [1]_) keeps the model from growing ever more certain of labels that may be wrong;
    the confidence penalty (Pereyra et al. 2017 [2]_) rewards predictions of high entropy.

    Parameters
    ----------
    alpha : float, default=1e-3
        Penalty strength, in [0, inf). The default is the one of ``C=1`` for 1000 samples.
    l1_ratio : float, default=0.0
        L1 ratio, in [0, 1]: 0 is the ridge penalty, 1 the lasso. The default is that of `LogisticRegression`.
    label_smoothing : float, default=0.0
        Share of each label that is spread evenly over all classes, in [0, 1). The default is none: the model is then
        that of `LogisticRegression`, and its probabilities aim at the frequencies of the classes. Smoothing moves
        them towards ``1 / K``, which helps where labels are wrong and the penalty is weak, and hurts elsewhere: with
        the penalty of ``C=1``, the 0.1 of [1]_ raised the log loss of new rows on 9 of 12 small tables, by 41 %
        (geometric mean over all), and lowered it by less than 0.2 % on the others. Classes rarer than about
        `label_smoothing` are predicted too often, and the confidence ranks the model's errors less well [3]_.
        `LabelSmoothedLogisticCV` chooses the value by cross-validation.
    confidence_penalty : float, default=0.0
        Weight of the mean entropy of the predictions, in [0, inf). A positive value can make the objective
        **non-convex**: every step still lowers it, but the certificate is then that of a stationary point, the
        distance to the subdifferential, and not that of a minimum.
    grouped : bool, default=False
        Whether a feature has coefficients for all classes or for none: the group lasso across classes [5]_. It changes
        nothing for two classes, and cannot be combined with bounds.
    penalty_factor : array-like of shape (n_features,), Series or dict, default=None
        Penalty factor of every feature, in [0, inf]: 0 leaves it unpenalized, infinity leaves the feature out. A dict,
        and a Series whose index holds strings, go by the column names of X, with factor 1 for features that they do
        not name. None is 1 for all.
    bounds : pair or dict, default=None
        Bounds ``(lows, highs)`` of the coefficients on the original scale, the same for all classes: each a number,
        None, or as `penalty_factor` with a number for every feature; or a dict with a pair ``(low, high)`` for feature
        names. None is no bound.
    positive : bool, default=False
        Whether coefficients must not be negative.
    fit_intercept : bool, default=True
        Whether to fit unpenalized intercepts. Sparse X stays sparse: it is centred implicitly.
    standardize : bool, default=False
        Whether to penalize the coefficients that belong to features divided by their (weighted) standard deviation.
        `coef_` is on the original scale all the same.
    class_weight : dict or "balanced", default=None
        Factors of the sample weights by class; classes that a dict leaves out have 1. "balanced" gives all classes the
        same total weight.
    solver : {"auto", "newton", "lbfgs"}, default="auto"
        "newton" is proximal Newton with coordinate descent; "lbfgs" (pure L2 only) is faster for many coefficients
        that are not zero. "auto" takes "lbfgs" for pure L2 without bounds, with more than 1500 coefficients, or 100
        for three classes or more, else "newton".
    tol : float, default=1e-6
        Duality gap to reach, relative to the loss of the null model, in [0, inf). With a confidence penalty, the
        distance to the subdifferential, for features scaled to norm 1 and relative to the norm of the null model's
        residual.
    max_iter : int, default=100
        Largest number of Newton steps, for each alpha that a warm start passes through; about ten are usual. Twenty
        steps of "lbfgs" count as one.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last fit.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in the dtype of X; in float64 where rounding them to float32 would raise the objective by more
        than `tol` (relative to the loss of the null model), as with nearly collinear features.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        0.0 without intercept. For three classes or more their sum is 0, as only differences of scores matter.
    n_iter_ : int
        Number of Newton steps, including those spent on larger values of alpha used as warm starts. At least 1.
    dual_gap_ : float
        Duality gap: an upper bound on `objective_` minus its minimum. Computed in float64 before the coefficients are
        rounded to the dtype of X. NaN with a confidence penalty.
    stationarity_ : float
        Distance of the gradient to the subdifferential, in the units of `tol`. Set only with a confidence penalty.
    objective_ : float
        Value of the objective above.
    sparsity_ : float
        Share of coefficients that are exactly zero.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter, X, y or the weights are not as described; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        If the gap is above `tol` after `max_iter` steps, and if unpenalized features separate the classes, in all rows
        or in some, while ``label_smoothing=0``: the best coefficients are infinite then.

    See Also
    --------
    LabelSmoothedLogisticCV : Chooses `alpha`, `l1_ratio` and `label_smoothing` by cross-validation.
    logistic_path : Solutions for many values of `alpha`.
    ElasticNetProx : The same penalties for regression.

    Notes
    -----
    Proximal Newton steps [4]_, each a weighted elastic net that is solved by the coordinate descent of
    `ElasticNetProx` on a working set. Three classes or more have the full softmax, with one row of coefficients for
    each class; of all coefficients with the same predictions, the penalty selects one. The dual point is the targets,
    moved towards the predictions as far as the penalty admits.

    To select features by the zeros of an L1 penalty, use ``SelectFromModel(model, threshold=1e-5)``: the default
    threshold, the mean of the absolute coefficients, is another only for scikit-learn's own L1 estimators.

    References
    ----------
    .. [1] C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7.
    .. [2] G. Pereyra et al., "Regularizing neural networks by penalizing confident output distributions", ICLR
       workshop 2017, eq. 2.
    .. [3] G. Xia et al., "Towards understanding why label smoothing degrades selective classification and how to fix
       it", arXiv 2403.14715, 2024.
    .. [4] J. Lee, Y. Sun, M. Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J.
       Optim. 24(3), 2014.
    .. [5] N. Simon, J. Friedman, T. Hastie, "A blockwise descent algorithm for group-penalized multiresponse and
       multinomial regression", arXiv 1311.6529, 2013, eq. 5.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import LabelSmoothedLogistic
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LabelSmoothedLogistic(alpha=0.01, l1_ratio=1.0)).fit(X, y)
    >>> round(model.score(X, y), 2)
    0.97
    >>> int((model[-1].coef_ != 0).sum())
    9
    >>> bool(model[-1].dual_gap_ < 1e-6)
    True
    """

    _parameter_constraints = {
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both")],
        "label_smoothing": [Interval(Real, 0.0, 1.0)],
        **LabelSmoothed._loss_constraints,
        "max_iter": [Interval(Integral, 1, np.inf)],
        "warm_start": [BOOLEAN],
    }

    def __init__(
        self,
        alpha=1e-3,
        *,
        l1_ratio=0.0,
        label_smoothing=0.0,
        confidence_penalty=0.0,
        grouped=False,
        penalty_factor=None,
        bounds=None,
        positive=False,
        fit_intercept=True,
        standardize=False,
        class_weight=None,
        solver="auto",
        tol=1e-6,
        max_iter=100,
        warm_start=False,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.label_smoothing = label_smoothing
        self.confidence_penalty = confidence_penalty
        self.grouped = grouped
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.positive = positive
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.class_weight = class_weight
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Fortran order or CSC saves a copy.
        y : array-like of shape (n_samples,)
            Labels of at least two classes: numbers, strings or booleans.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative, not all zero; a weight of 2 counts as two equal rows.

        Returns
        -------
        self : object
        """
        known = getattr(self, "classes_", None)
        problem = self._read(X, y, sample_weight)
        task = Task.root(self)
        likelihood = class_likelihood(
            problem, problem.data, self.classes_.size, self.label_smoothing, self.confidence_penalty
        )
        penalty = problem.penalty(self.l1_ratio, self.standardize)
        options = self._options() | dict(coef_init=self._warm(problem, likelihood, known))
        with one_blas_thread():
            (solution,) = solve_scores(likelihood, penalty, [self.alpha], **options)
        self._store(problem, likelihood, solution, self.alpha, self.label_smoothing)
        task.end()
        return self

    def path(self, X, y, sample_weight=None, *, alphas=100, eps=1e-3, coef_init=None):
        """Solutions for decreasing values of alpha, each warm-started from the one before; `alpha` is not used.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
        alphas : int or array-like of shape (n_alphas,), default=100
            Number of values on a geometric grid that begins where all coefficients are zero (for ``l1_ratio=0`` the
            grid of 0.001, continued to the end of that of 1), or the values.
        eps : float, default=1e-3
            Last value of that grid relative to the first, in (0, 1).
        coef_init : array-like of shape (K, n_features), default=None
            Starting point, such as the last coefficients of a path that is to be continued.

        Returns
        -------
        alphas : ndarray of shape (n_alphas,)
            In decreasing order.
        coefs : ndarray of shape (K, n_features, n_alphas)
            K is 1 for two classes, as in `coef_`, else the number of classes.
        intercepts : ndarray of shape (K, n_alphas)
        dual_gaps : ndarray of shape (n_alphas,)
            Certificates, as `dual_gap_`; with a confidence penalty as `stationarity_`.
        """
        check_grid(alphas, eps)
        problem = self._read_aside(X, y, sample_weight)
        lik = class_likelihood(
            problem, problem.data, problem.classes.size, self.label_smoothing, self.confidence_penalty
        )
        alphas = read_alphas(
            alphas,
            eps,
            self.l1_ratio,
            lambda r: scores_alpha_max(lik, problem.penalty(r, self.standardize), self.grouped),
        )
        init = None if coef_init is None else check_coef_init(coef_init, lik.K, problem.data.p)
        coefs = np.zeros((alphas.size, lik.K, problem.data.p), dtype=problem.X.dtype)
        intercepts, gaps, met = np.zeros((lik.K, alphas.size)), np.zeros(alphas.size), np.ones(alphas.size, dtype=bool)
        penalty = problem.penalty(self.l1_ratio, self.standardize)
        with one_blas_thread():
            for k, solution in enumerate(solve_scores(lik, penalty, alphas, coef_init=init, **self._options())):
                coef, intercepts[:, k] = problem.rounded(solution.coef, solution.intercept, self.tol, null_loss(lik))
                coefs = coefs.astype(np.promote_types(coefs.dtype, coef.dtype), copy=False)
                coefs[k] = coef
                gaps[k] = solution.gap
                met[k] = solution.met
        if not met.all():
            self._warn(gaps[~met].max() / gap_unit(lik), f" at {(~met).sum()} of {alphas.size} alphas")
        return alphas, coefs.transpose(1, 2, 0), intercepts, gaps

    def _warm(self, problem, likelihood, known):
        if not (self.warm_start and hasattr(self, "coef_") and np.array_equal(known, self.classes_)):
            return None
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        return coef.astype(np.float64) if coef.shape == (likelihood.K, problem.data.p) else None


def logistic_path(
    X,
    y,
    *,
    l1_ratio=1.0,
    alphas=100,
    eps=1e-3,
    sample_weight=None,
    coef_init=None,
    label_smoothing=0.0,
    confidence_penalty=0.0,
    grouped=False,
    penalty_factor=None,
    bounds=None,
    positive=False,
    fit_intercept=True,
    standardize=False,
    class_weight=None,
    solver="auto",
    tol=1e-6,
    max_iter=100,
):
    """Logistic or multinomial regression along a regularization path, with intercepts and certificates.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
        Labels of at least two classes.
    l1_ratio : float, default=1.0
        L1 ratio, in [0, 1]. The default is the lasso, whose path shows features enter one by one.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of values on a geometric grid that begins where all coefficients are zero, or the values.
    eps : float, default=1e-3
        Last value of an automatic grid relative to the first, in (0, 1).
    sample_weight : array-like of shape (n_samples,), default=None
    coef_init : array-like of shape (K, n_features), default=None
        Starting point, such as the last coefficients of a path that is to be continued.
    label_smoothing, confidence_penalty, grouped, penalty_factor, bounds, positive, fit_intercept, standardize
        As for `LabelSmoothedLogistic`.
    class_weight, solver, tol, max_iter
        As for `LabelSmoothedLogistic`; `max_iter` holds for each alpha.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        In decreasing order.
    coefs : ndarray of shape (K, n_features, n_alphas)
        K is 1 for two classes, else the number of classes, in the order of their sorted labels.
    intercepts : ndarray of shape (K, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,)
        Upper bounds on each objective minus its minimum; with a confidence penalty, distances to stationarity.

    See Also
    --------
    LabelSmoothedLogistic : One value of alpha.
    elastic_net_path : Regression.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skreg import logistic_path
    >>> X, y = load_iris(return_X_y=True)
    >>> alphas, coefs, intercepts, dual_gaps = logistic_path(X, y, alphas=5)
    >>> coefs.shape
    (3, 4, 5)
    >>> (coefs != 0).any(axis=0).sum(axis=0)  # features in use
    array([0, 1, 2, 4, 4])
    """
    model = LabelSmoothedLogistic(
        l1_ratio=l1_ratio,
        label_smoothing=label_smoothing,
        confidence_penalty=confidence_penalty,
        grouped=grouped,
        penalty_factor=penalty_factor,
        bounds=bounds,
        positive=positive,
        fit_intercept=fit_intercept,
        standardize=standardize,
        class_weight=class_weight,
        solver=solver,
        tol=tol,
        max_iter=max_iter,
    )
    return model.path(X, y, sample_weight, alphas=alphas, eps=eps, coef_init=coef_init)
