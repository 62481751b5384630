"""Logistic and multinomial regression on smoothed labels."""

import warnings
from numbers import Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._core.data.likelihood import Likelihood
from .._core.parts.losses import Logistic, Multinomial
from .._core.solve_scores import ScoresFit
from ..utils._blocks import NeedsRowsInMemory, RowBlocks
from ..utils._callbacks import with_callbacks
from ..utils._classes import scores_of_all, smoothed_targets
from ..utils._errors import caller_level, unchanged_on_error
from ..utils._params import BOOLEAN, DICT, NONE, PROBABILITY, Interval, Options
from ._base import PRIOR, LinearClassifier
from ._blocks import block_scores_fit, read_block_classes
from ._grid import check_grid
from ._infinite import free_coefficients
from ._penalized_base import PenalizedFit
from ._penalty_choice import GROUPED, WithPenalty

CERTAIN_MARGIN = 20.0  # between scores: the loss is 2e-9 there, which only coefficients that grow without end reach
CHOSEN = ("alpha", "label_smoothing", "relax")
SEPARATED = {  # which features separate the classes, why that has no finite optimum, and what helps
    "factor": (
        "unpenalized features",
        "Without a penalty (alpha=0, penalty_factor=0) and with label_smoothing=0",
        "Set alpha or label_smoothing above 0.",
    ),
    "concave": (
        "the selected features",
        "Large coefficients are not penalized by penalty={penalty!r}, so with label_smoothing=0",
        "Set l1_ratio below 1 for some ridge penalty, or label_smoothing above 0, or increase alpha.",
    ),
    "relax": (
        "the selected features",
        "The refit of relax={relax:g} has no penalty, so with label_smoothing=0",
        "Set l1_ratio below 1 for some ridge penalty, or label_smoothing above 0, or relax=0.",
    ),
}


class LabelSmoothed(WithPenalty, LinearClassifier):
    """Base of the classifier for one alpha and of the one that chooses it by cross-validation."""

    _loss_constraints = {
        "confidence_penalty": [Interval(Real, 0.0, np.inf)],
        "grouped": [BOOLEAN, NONE],
        "prior_coef": PRIOR,
        **WithPenalty._penalty_choice_constraints,
        "class_weight": [DICT, Options("balanced"), NONE],
        "solver": [Options("auto", "newton", "lbfgs")],
    }

    def _check_parameters(self):
        super()._check_parameters()
        bounded = self.positive or self.bounds is not None
        if self.grouped and bounded:
            raise ValueError(
                f"grouped=True does not go with bounds; got bounds={self.bounds!r}, positive={self.positive}."
            )
        is_ridge = self.penalty == "elastic_net" and not np.any(np.asarray(self._l1_ratio) > 0.0)
        if self.solver == "lbfgs" and (self.grouped or bounded or not is_ridge):
            raise ValueError(
                "solver='lbfgs' needs a pure L2 penalty (l1_ratio=0) without bounds and groups; got"
                f" l1_ratio={self._l1_ratio!r}, penalty={self.penalty!r}, grouped={self.grouped},"
                f" bounds={self.bounds!r}, positive={self.positive}."
            )

    def _read_rows(self, X, y, sample_weight):
        return self._with_groups(super()._read_rows(X, y, sample_weight))

    def _read_blocks(self, X, y, sample_weight, splits_of=None):
        if self.confidence_penalty > 0.0:
            raise NeedsRowsInMemory(
                "row blocks are fitted without confidence_penalty, whose loss is not convex; got"
                f" confidence_penalty={self.confidence_penalty}."
            )
        options = dict(splits_of=splits_of, complete=self._with_groups, **self._restrictions())
        problem, splits = read_block_classes(self, X, y, sample_weight, **options)
        self.classes_ = problem.classes
        return problem, splits

    def _penalty(self, problem, l1_ratio, gamma=None):
        is_joint = self.penalty in GROUPED if self.grouped is None else self.grouped
        return super()._penalty(problem, l1_ratio, gamma)._replace(is_joint=is_joint)

    def _on_rows(self, problem, data=None, smoothing=None):
        smoothing = self.label_smoothing if smoothing is None else smoothing
        K = problem.classes.size
        loss = (Logistic if K == 2 else Multinomial)(float(self.confidence_penalty))
        if isinstance(problem.X, RowBlocks):
            return block_scores_fit(problem, loss, smoothing, data)
        targets = smoothed_targets(problem.Y[0], K, smoothing)
        return ScoresFit(Likelihood(problem.data if data is None else data, loss, targets, problem.offset))

    def _labels(self, problem):
        return problem.classes[problem.Y[0]]

    def _warn_of(self, problem, found, fit, penalty):
        chosen = {name: getattr(self, f"{name}_", getattr(self, name, None)) for name in CHOSEN}
        free = {}
        if chosen["label_smoothing"] == 0.0 and self.confidence_penalty == 0.0:
            free = free_coefficients(problem, penalty, chosen["alpha"], self.coef_, float(np.max(chosen["relax"])))
        cause = next((cause for cause, which in free.items() if self._certain(problem, which)), None)
        if cause is None:
            super()._warn_of(problem, found, fit, penalty)
            return
        features, reason, remedy = SEPARATED[cause]
        warnings.warn(
            f"{type(self).__name__}: {features} separate the classes, in all rows or in some."
            f" {reason.format(penalty=self.penalty, relax=chosen['relax'])} the best coefficients are infinite;"
            f" the fit was stopped at an objective of {found.objective[0]:.3g}. {remedy}",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )

    def _certain(self, problem, free):
        """Whether some coefficients classify all rows correctly, or some with a probability of 1 but for about 1e-9."""
        if isinstance(problem.X, RowBlocks):  # not worth another pass
            return False
        coef, intercept = np.where(free, self.coef_, 0.0), self.intercept_
        if self.fit_intercept:
            intercept = intercept + (self.coef_ - coef) @ problem.data.mean
        scores = scores_of_all(problem.data.X @ coef.T + intercept)
        own = np.take_along_axis(scores, problem.Y.T, axis=1)[:, 0]
        np.put_along_axis(scores, problem.Y.T, -np.inf, axis=1)
        margins = (own - scores.max(axis=1))[problem.row_weights > 0.0]
        return bool((margins > 0.0).all() or (margins > CERTAIN_MARGIN).any())


class LabelSmoothedLogistic(LabelSmoothed, PenalizedFit):
    """Logistic or multinomial regression with a choice of penalties and smoothed labels, certified by its duality gap.

    As a replacement of scikit-learn's `LogisticRegression`, with the same objective and the same answer::

        LogisticRegression(C=C)  ->  LabelSmoothedLogistic(alpha=1 / (C * n_samples))
        LogisticRegression(C=C, l1_ratio=r, solver="saga")  ->  LabelSmoothedLogistic(1 / (C * n_samples), l1_ratio=r)

    where ``n_samples`` is the sum of the weights, if there are sample or class weights.

    Minimizes over coefficients B (K rows; one for two classes) and intercepts b ::

        1 / sum_i w_i sum_i w_i (-sum_k t_ik log p_ik - confidence_penalty H(p_i)) + penalty(B)
        t_i = (1 - s) onehot(y_i) + s / K,   p_i = softmax(B x_i + b)

    The entropy is ``H(p) = -sum_k p_k log p_k``, s is `label_smoothing`, w are sample weights times class weights. With
    ``l = alpha l1_ratio``, penalty factors f and group weights g, the penalties are:

    ====================  ===============================================================================
    `penalty`             formula
    ====================  ===============================================================================
    "elastic_net"         ``sum_j f_j sum_k (l |B_kj| + alpha (1 - l1_ratio) B_kj^2 / 2)``; if `grouped`,
                          ``sum_j f_j (l ||B_j|| + alpha (1 - l1_ratio) ||B_j||^2 / 2)``, B_j holding the
                          coefficients of feature j for all classes
    "mcp", "scad"         the same with the concave functions of `PenalizedRegressor` instead of
                          ``l f_j |B_kj|``, or instead of ``l f_j ||B_j||`` if `grouped`
    "group_lasso"         ``sum_g w_g (l ||B_g|| + alpha (1 - l1_ratio) ||B_g||^2 / 2)``, B_g holding the
                          coefficients of the features of group g for all classes
    "sparse_group_lasso"  ``alpha (l1_ratio sum |B_kj| + (1 - l1_ratio) sum_g w_g ||B_g||)``
    "group_mcp",          the concave functions of ``||B_g||``
    "group_scad"
    ====================  ===============================================================================

    Smoothing (Szegedy et al. 2016 [1]_) keeps the model from growing ever more certain of labels that may be wrong;
    the confidence penalty (Pereyra et al. 2017 [2]_) rewards predictions of high entropy.

    Parameters
    ----------
    alpha : float, default=1e-3
        Penalty strength, in [0, inf). The default is the one of ``C=1`` for 1000 samples.
    penalty : {"elastic_net", "mcp", "scad", "group_lasso", "sparse_group_lasso", "group_mcp", "group_scad"}, \
            default="elastic_net"
        The penalty.
    l1_ratio : float or None, default=None
        L1 ratio, in [0, 1]: 0 is the ridge penalty, 1 the lasso. None is 0 for "elastic_net", as in
        `LogisticRegression`, 0.5 for "sparse_group_lasso", and 1, no ridge, for the others.
    gamma : float, default=None
        Where the concave penalties become constant: larger than 1 for MCP, 2 for SCAD. None is 3 and 3.7, as in the
        literature. Large values approach the lasso. With other penalties only the default is allowed.
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
    grouped : bool or None, default=None
        Of three classes or more, whether a feature, or a group of them, has coefficients for all classes or for none:
        the norms are over all classes then [5]_. If not, every class has penalties of its own, also of groups. None is
        True for penalties of groups, as in R's grpreg and in adelie, and False for the others. It changes nothing for
        two classes. True cannot be combined with bounds.
    groups : array-like of shape (n_features,), Series, dict or list of lists, default=None
        A label for every feature, or the features of every group, by position or by name. A dict of labels, and a
        Series whose index holds strings, go by the column names of X. Every feature is in one group. None makes a group
        of each feature.
    group_weights : array-like of shape (n_groups,) or dict, default=None
        Weight of every group, in [0, inf], in the order of the lists or in which labels come first; or by label. None,
        and for labels that a dict does not name, is the root of the number of features, whatever the number of classes.
    penalty_factor : array-like of shape (n_features,), Series or dict, default=None
        Penalty factor of every feature, in [0, inf]: 0 leaves it unpenalized, infinity leaves the feature out. A dict,
        and a Series whose index holds strings, go by the column names of X, with factor 1 for features that they do
        not name. None is 1 for all. Not for groups.
    prior_coef : float, array-like of shape (n_features,) or (K, n_features), Series or dict, default=None
        Coefficients that the penalty shrinks towards, in the units of `coef_`, such as those of a fit to other data:
        the penalty is one of ``B - prior_coef``, and the fit the maximum a posteriori estimate under a prior with that
        mean. Three classes or more need a row for each. A dict, and a Series whose index holds strings, go by the
        column names of X, with 0 for features that they do not name. None is 0. With bounds it must be the same for all
        classes. Not for Dask arrays.
    bounds : pair or dict, default=None
        Bounds ``(lows, highs)`` of the coefficients on the original scale, the same for all classes: each a number,
        None, or as `penalty_factor` with a number for every feature; or a dict with a pair ``(low, high)`` for feature
        names. None is no bound. Not for groups.
    positive : bool, default=False
        Whether coefficients must not be negative. Not for groups.
    relax : float, default=0.0
        Share of a refit in the coefficients and the intercepts, in [0, 1]. The refit has only the features that are
        selected for any class, and of the penalty only its ridge: large effects are less biased (Hastie, Tibshirani &
        Tibshirani 2020). It is ``1 - gamma`` of glmnet. 0 is no refit. If the selected features separate the classes,
        coefficients of the refit grow until `tol` is met, and a warning says so, unless there is ridge or label
        smoothing. Certificates and the objective are those of the penalized model.
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
        Duality gap to reach, relative to the loss of the null model, in [0, inf). With a confidence penalty or a
        concave penalty, the distance to the subdifferential, for features scaled to norm 1 and relative to the norm of
        the null model's residual.
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
        rounded to the dtype of X. NaN with a confidence penalty or a concave penalty.
    stationarity_ : float
        Distance of the gradient to the subdifferential, in the units of `tol`. Set only with a confidence penalty or a
        concave penalty.
    objective_ : float
        Value of the objective above.
    sparsity_ : float
        Share of coefficients that are exactly zero, or exactly `prior_coef`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter, X, y or the weights are not as described; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        If the gap is above `tol` after `max_iter` steps, and if features without a penalty, or so large that a concave
        penalty is constant, or in a refit without ridge (`relax`), separate the classes, in all rows or in some, while
        ``label_smoothing=0``: the best coefficients are infinite then, whether `tol` was met or not.

    See Also
    --------
    LabelSmoothedLogisticCV : Chooses `alpha`, `l1_ratio` and `label_smoothing` by cross-validation.
    logistic_path : Solutions for many values of `alpha`.
    PenalizedRegressor : The same penalties for regression.

    Notes
    -----
    Proximal Newton steps [4]_, each a weighted elastic net that is solved by the coordinate descent of
    `ElasticNetProx` on a working set. Three classes or more have the full softmax, with one row of coefficients for
    each class; of all coefficients with the same predictions, the penalty selects one. The dual point is the targets,
    moved towards the predictions as far as the penalty admits.

    MCP and SCAD have local minima: the fit starts from the certified solution of the convex penalty of the same slope
    at zero, goes on to a stationary point, and says how stationary (`stationarity_`), as in `PenalizedRegressor`.

    Where columns are dependent, such as equal ones, L1 solutions are not unique. The one that is returned has
    independent columns in every class.

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

    _takes_blocks = True
    _parameter_constraints = {
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [PROBABILITY, NONE],
        "label_smoothing": [Interval(Real, 0.0, 1.0)],
        "relax": [PROBABILITY],
        **LabelSmoothed._loss_constraints,
        "warm_start": [BOOLEAN],
    }

    def __init__(
        self,
        alpha=1e-3,
        *,
        penalty="elastic_net",
        l1_ratio=None,
        gamma=None,
        label_smoothing=0.0,
        confidence_penalty=0.0,
        grouped=None,
        groups=None,
        group_weights=None,
        penalty_factor=None,
        prior_coef=None,
        bounds=None,
        positive=False,
        relax=0.0,
        fit_intercept=True,
        standardize=False,
        class_weight=None,
        solver="auto",
        tol=1e-6,
        max_iter=100,
        warm_start=False,
    ):
        self.alpha = alpha
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.gamma = gamma
        self.label_smoothing = label_smoothing
        self.confidence_penalty = confidence_penalty
        self.grouped = grouped
        self.groups = groups
        self.group_weights = group_weights
        self.penalty_factor = penalty_factor
        self.prior_coef = prior_coef
        self.bounds = bounds
        self.positive = positive
        self.relax = relax
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.class_weight = class_weight
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    @property
    def _default_l1_ratio(self):
        return 0.0 if self.penalty == "elastic_net" else super()._default_l1_ratio

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or Dask collection of shape (n_samples, n_features)
            Fortran order or CSC saves a copy. A Dask array or dataframe, and a large memmap or Arrow frame, is read
            block by block.
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
        if not np.array_equal(known, self.classes_):
            vars(self).pop("coef_", None)  # there is nothing to start from
        return self._fit(problem)

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
            Certificates, as `dual_gap_`; with a confidence penalty or a concave penalty as `stationarity_`. Concave
            penalties start every alpha from `coef_init`, or from the solution of the convex penalty of the same slope
            at zero, instead of the alpha before.
        """
        check_grid(alphas, eps)
        return self._path(self._read_aside(X, y, sample_weight), alphas, eps, coef_init)


def logistic_path(
    X,
    y,
    *,
    l1_ratio=1.0,
    alphas=100,
    eps=1e-3,
    sample_weight=None,
    coef_init=None,
    penalty="elastic_net",
    gamma=None,
    label_smoothing=0.0,
    confidence_penalty=0.0,
    grouped=None,
    groups=None,
    group_weights=None,
    penalty_factor=None,
    prior_coef=None,
    bounds=None,
    positive=False,
    relax=0.0,
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
    penalty, gamma, label_smoothing, confidence_penalty, grouped, groups, group_weights, penalty_factor, prior_coef
        As for `LabelSmoothedLogistic`.
    bounds, positive, relax, fit_intercept, standardize, class_weight, solver, tol, max_iter
        As for `LabelSmoothedLogistic`; `max_iter` holds for each alpha.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        In decreasing order.
    coefs : ndarray of shape (K, n_features, n_alphas)
        K is 1 for two classes, else the number of classes, in the order of their sorted labels.
    intercepts : ndarray of shape (K, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,)
        Upper bounds on each objective minus its minimum; with a confidence penalty or a concave penalty, distances to
        stationarity.

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
        penalty=penalty,
        l1_ratio=l1_ratio,
        gamma=gamma,
        label_smoothing=label_smoothing,
        confidence_penalty=confidence_penalty,
        grouped=grouped,
        groups=groups,
        group_weights=group_weights,
        penalty_factor=penalty_factor,
        prior_coef=prior_coef,
        bounds=bounds,
        positive=positive,
        relax=relax,
        fit_intercept=fit_intercept,
        standardize=standardize,
        class_weight=class_weight,
        solver=solver,
        tol=tol,
        max_iter=max_iter,
    )
    return model.path(X, y, sample_weight, alphas=alphas, eps=eps, coef_init=coef_init)
