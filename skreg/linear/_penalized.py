"""Regression with a choice of losses and penalties."""

from copy import copy
from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_consistent_length

from .._core.data.blocks import BlockData
from .._core.parts.penalty import OF_VECTOR, Penalty
from ..utils._blocks import NeedsRowsInMemory, in_memory
from ..utils._callbacks import with_callbacks
from ..utils._groups import check_group_weights, check_groups
from ..utils._params import ARRAY_LIKE, BOOLEAN, DICT, NONE, POSITIVE, PROBABILITY, Interval, Options
from ..utils._validation import as_numbers, as_one_column, check_weights, unchanged_on_error
from ._base import LinearModel, LinearRegressor
from ._blocks import check_coordinates, read_blocks
from ._grid import check_grid
from ._losses import make_loss
from ._penalized_base import Penalized, PenalizedFit
from ._slope import read_slope_weights

GROUPED = {"group_lasso": "elastic_net", "sparse_group_lasso": "elastic_net", "group_mcp": "mcp", "group_scad": "scad"}
DEFAULT_GAMMA = {"mcp": 3.0, "scad": 3.7}  # Zhang (2010); Fan & Li (2001)
MIN_GAMMA = {"mcp": 1.0, "scad": 2.0}
LOG_LINKS = ("poisson", "gamma", "tweedie")
LOSSES = ("squared", "huber", "quantile", *LOG_LINKS)
PENALTIES = ("elastic_net", "mcp", "scad", *GROUPED)
HAVE_NO_RIDGE = ("sparse_group_lasso", "fused")  # with them, l1_ratio=0 is not a pure L2 penalty


class WithPenalty(Penalized):
    """Base of the estimators with a choice of penalties."""

    _penalty_choice_constraints = {
        "penalty": [Options(*PENALTIES)],
        "gamma": [Interval(Real, 1.0, np.inf, closed="neither"), NONE],
        "groups": [ARRAY_LIKE, NONE],
        "group_weights": [ARRAY_LIKE, DICT, NONE],
        **LinearModel._penalty_constraints,
        "max_iter": [Interval(Integral, 1, np.inf)],
    }

    @property
    def _shape(self):
        """The penalty of a coefficient, or of the norm of a group."""
        return GROUPED.get(self.penalty, self.penalty)

    def _check_parameters(self):
        super()._check_parameters()
        if self.gamma is not None:
            self._check_gamma(self.gamma)
        if self.penalty in (*GROUPED, *OF_VECTOR):
            given = {"penalty_factor": self.penalty_factor, "bounds": self.bounds, "positive": self.positive or None}
            for name, value in given.items():
                if value is not None:
                    raise ValueError(f"{name} does not go with penalty={self.penalty!r}; got {name}={value!r}.")
        if self.penalty not in GROUPED:
            for name in ("groups", "group_weights"):
                value = getattr(self, name)
                if value is not None:
                    raise ValueError(
                        f"{name} needs a penalty of groups, {', '.join(GROUPED)}; got penalty={self.penalty!r}."
                    )

    def _check_gamma(self, gamma):
        if self._shape in MIN_GAMMA and not gamma > MIN_GAMMA[self._shape]:
            raise ValueError(
                f"gamma must be larger than {MIN_GAMMA[self._shape]:g} with penalty={self.penalty!r}; got {gamma!r}."
            )

    def _warn(self, relative_gap, where=""):
        if self._shape not in MIN_GAMMA and not getattr(self, "confidence_penalty", 0.0):
            super()._warn(relative_gap, where)
        elif getattr(self, "loss", None) == "quantile":
            super()._warn(relative_gap, where, "the gap of the penalty's tangent is {:.3g} of the null model's loss")
        else:
            super()._warn(relative_gap, where, "the relative distance to the subdifferential is {:.3g}")

    def _with_groups(self, problem):
        """The problem with the groups of the penalty, if it has any."""
        if self.penalty not in GROUPED:
            return problem
        groups, labels = check_groups(self.groups, problem.X.shape[1], getattr(self, "feature_names_in_", None))
        return problem._replace(groups=groups, group_weights=check_group_weights(self.group_weights, groups, labels))

    @property
    def _l1_ratio(self):
        return self._default_l1_ratio if self.l1_ratio is None else self.l1_ratio

    @property
    def _default_l1_ratio(self):
        return 0.5 if self.penalty in ("elastic_net", *HAVE_NO_RIDGE) else 1.0

    def _read_alphas(self, alphas, eps, l1_ratio, alpha_max):
        if self.penalty in HAVE_NO_RIDGE:
            return super()._read_alphas(alphas, eps, 1.0, lambda _: alpha_max(l1_ratio))
        return super()._read_alphas(alphas, eps, l1_ratio, alpha_max)

    def _penalty(self, problem, l1_ratio, gamma=None):
        gamma = self.gamma if gamma is None else gamma
        gamma = DEFAULT_GAMMA.get(self._shape, 1.0) if gamma is None else float(gamma)
        if problem.groups is None:
            penalty = problem.penalty(l1_ratio, self.standardize)
            return penalty._replace(shape=self._shape, gamma=gamma, slope_weights=problem.slope_weights)
        return Penalty(
            l1_ratio,
            problem.group_weights,
            standardize=self.standardize,
            shape=self._shape,
            gamma=gamma,
            groups=problem.groups,
            is_sparse=self.penalty == "sparse_group_lasso",
            is_joint=problem.is_joint,
        )

    def _on_rows(self, problem, data=None):
        data = problem.data if data is None else data
        on = problem.loss.on_blocks if isinstance(data, BlockData) else problem.loss.on_rows
        return on(problem, data)


class LossAndPenalty(WithPenalty, LinearRegressor):
    """Base of the regressor for one alpha and of the one that chooses it by cross-validation."""

    _takes_blocks = True
    _loss_constraints = {
        "loss": [Options(*LOSSES)],
        "slope_weights": [Options("bh", "oscar"), ARRAY_LIKE],
        "fdr": [Interval(Real, 0.0, 1.0, closed="neither")],
        "quantile": [Interval(Real, 0.0, 1.0, closed="neither")],
        "power": [Interval(Real, 1.0, 2.0, closed="neither")],
        "delta": [POSITIVE, NONE],
        **WithPenalty._penalty_choice_constraints,
        "penalty": [Options(*PENALTIES, *OF_VECTOR)],
    }

    def _check_parameters(self):
        super()._check_parameters()
        if self.loss == "quantile" and self.penalty in OF_VECTOR:
            raise ValueError(
                f"loss='quantile' does not go with penalty={self.penalty!r}: both have kinks, and with a small alpha"
                " thousands of steps do not reach tol. Use loss='huber', or penalty='elastic_net'."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss == "squared"
        tags.target_tags.positive_only = self.loss in LOG_LINKS
        return tags

    def _read_rows(self, X, y, sample_weight, offset=None):
        problem = super()._read_rows(X, y if self.loss == "squared" else as_one_column(y), sample_weight)
        if offset is not None:
            problem = problem._replace(offset=_check_offset(offset, problem.data.n)[None])
        return self._with_loss(problem)

    def _read_blocks(self, X, y, sample_weight, splits_of=None, offset=None):
        """The problem on row blocks. Targets and weights stay in blocks for the squared loss without an offset."""
        if self.loss == "quantile":
            raise NeedsRowsInMemory(
                "loss='quantile' needs the rows in memory: use loss='huber', or a sample of the rows."
            )
        if self.penalty in OF_VECTOR and self.loss != "squared":
            raise NeedsRowsInMemory(
                f"row blocks with penalty={self.penalty!r} need loss='squared'; got loss={self.loss!r}."
            )
        given = {}
        if self.loss != "squared" or offset is not None:
            given, y = self._columns_in_memory(y, sample_weight, offset)
            sample_weight = given["weights"]

        def complete(problem):
            if given:
                problem = problem._replace(**given)
                problem.X.check_finite(problem.Y.T, "y")
            problem = self._with_loss(problem)
            if problem.is_joint:
                check_coordinates(problem.X, len(problem.Y), f"y {len(problem.Y)} targets")
            return problem

        options = dict(splits_of=splits_of, complete=complete, **self._restrictions())
        return read_blocks(self, X, y, sample_weight, **options)

    def _columns_in_memory(self, y, sample_weight, offset):
        """Parts of the problem that are read as a whole, and the targets for the blocks.

        Losses with a log link find the offset behind the targets; others have targets without it.
        """
        y = np.atleast_1d(as_numbers(as_one_column(in_memory(y)), "y"))
        weights = check_weights(in_memory(sample_weight), len(y))
        given = dict(Y=y.reshape(len(y), -1).T, weights=weights, sample_weight=weights, one_target=y.ndim == 1)
        if offset is None:
            return given, y
        offset = _check_offset(in_memory(offset), len(y))
        in_blocks = np.column_stack([y, offset]) if self.loss in LOG_LINKS else (y.T - offset).T
        return given | dict(offset=offset[None]), in_blocks

    def _with_loss(self, problem):
        """The problem with the parts of its penalty and its loss, which the targets are checked for."""
        if self.loss != "squared" and not problem.one_target:
            raise ValueError(f"y must have one dimension with loss={self.loss!r}; got shape {problem.Y.T.shape}.")
        problem = self._with_groups(problem)
        if self.penalty == "slope":
            slope_weights = read_slope_weights(self.slope_weights, self.fdr, problem.X.shape[1])
            problem = problem._replace(slope_weights=slope_weights)
        vars(self).pop("delta_", None)
        if self.loss == "squared":
            return problem._replace(loss=make_loss(self))
        y, weights = problem.Y[0], problem.row_weights
        loss = make_loss(self, y if problem.offset is None else y - problem.offset[0], weights)
        loss.check(y)
        loss.check_fit(y[weights > 0.0])
        if self.loss == "huber":
            self.delta_ = float(loss.loss.delta)
        return problem._replace(loss=loss)

    def _link(self, scores):
        return np.exp(scores) if self.loss in LOG_LINKS else scores

    def predict(self, X, offset=None):
        """Predict means, or quantiles.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor, as in `fit`; None is 0.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The linear predictor, or its exponential for "poisson", "gamma" and "tweedie".
        """
        return self._link(self._linear_predictor(X, offset))

    def _linear_predictor(self, X, offset):
        scores = super().predict(X)
        if offset is None:
            return scores
        offset = _check_offset(offset, len(scores))
        return scores + (offset if scores.ndim == 1 else offset[:, None])

    def score(self, X, y, sample_weight=None, offset=None):
        """The share of the loss of the best constant that the model explains: D^2, which is R^2 for the squared loss.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
        offset : array-like of shape (n_samples,), default=None
            As in `predict`; the constant has none.

        Returns
        -------
        score : float
            At most 1; NaN where the loss of the constant is 0. Of several targets, the mean.
        """
        scores, y = np.asarray(self._linear_predictor(X, offset)), np.asarray(y, dtype=float)
        check_consistent_length(scores, y)
        weights = check_weights(sample_weight, len(y))
        weights = np.ones(len(y)) if weights is None else weights
        columns = zip(np.atleast_2d(y.T), np.atleast_2d(scores.T), strict=True)
        return float(np.mean([self._explained(*column, weights) for column in columns]))

    def _explained(self, y, scores, weights):
        loss = make_loss(self, y, weights)
        loss.check(y)
        if self.loss in LOG_LINKS and not y[weights > 0.0].any():
            return np.nan
        null = loss.mean(y, np.full(len(y), loss.constant(y, weights)), weights)
        return 1.0 - loss.mean(y, scores, weights) / null if null > 0.0 else np.nan


def _check_offset(offset, n):
    offset = as_numbers(offset, "offset")
    if offset.shape != (n,):
        raise ValueError(f"offset must have shape ({n},), one for every row of X; got {offset.shape}.")
    bad = np.flatnonzero(~np.isfinite(offset))
    if bad.size:
        raise ValueError(f"offset must be finite; got {offset[bad[0]]} in row {bad[0]}.")
    return offset


class PenalizedRegressor(LossAndPenalty, PenalizedFit):
    """Linear model with a choice of losses and penalties, certified by its duality gap or its stationarity.

    Minimizes over b and the intercept b0 ::

        1 / sum_i w_i sum_i w_i loss(y_i, x_i b + b0 + offset_i) + penalty(b)

    with sample weights w. The losses, with ``z = x b + b0 + offset`` (all but "quantile" are half a unit deviance;
    Huber's [1]_, quantile [2]_, Tweedie [3]_):

    ============  ======================================================  ==========================
    `loss`        formula                                                 prediction
    ============  ======================================================  ==========================
    "squared"     ``(y - z)^2 / 2``                                       the mean, z
    "huber"       ``r^2 / 2`` for ``r = |y - z| <= delta``,               a robust mean, z
                  else ``delta r - delta^2 / 2``
    "quantile"    ``max(q (y - z), (q - 1) (y - z))``                     the quantile q, z
    "poisson"     ``exp(z) - y z``, minus its minimum                     the mean of counts, exp(z)
    "gamma"       ``z + y exp(-z)``, minus its minimum                    the mean, exp(z)
    "tweedie"     variance ``mean^power``, between the last two           the mean, exp(z)
    ============  ======================================================  ==========================

    The penalties, with ``l = alpha l1_ratio`` and factors f of features or weights g of groups:

    ====================  ===============================================================================
    `penalty`             formula
    ====================  ===============================================================================
    "elastic_net"         ``sum_j f_j (l |b_j| + alpha (1 - l1_ratio) b_j^2 / 2)``
    "mcp", "scad"         the same with a concave function instead of ``l f_j |b_j|``: its slope falls
                          from ``l f_j`` to 0 at ``gamma l f_j``, so that large coefficients are not
                          shrunken; for "mcp" from the start [4]_, for "scad" from ``l f_j`` on [5]_
    "group_lasso"         ``sum_g w_g (l ||b_g|| + alpha (1 - l1_ratio) ||b_g||^2 / 2)``: groups are zero
                          as a whole [6]_
    "sparse_group_lasso"  ``alpha (l1_ratio ||b||_1 + (1 - l1_ratio) sum_g w_g ||b_g||)`` [7]_
    "group_mcp",          the concave functions of ``||b_g||`` [8]_
    "group_scad"
    "slope"               ``l sum_i s_i |b|_(i) + alpha (1 - l1_ratio) ||b||^2 / 2`` with slope weights s,
                          where ``|b|_(1)`` is the largest magnitude: equal magnitudes in clusters [11]_
    "fused"               ``alpha (l1_ratio ||b||_1 + (1 - l1_ratio) sum_j |b_j+1 - b_j|)``: neighbours
                          have equal coefficients [12]_
    ====================  ===============================================================================

    The intercept is never penalized. Of several targets, the loss is the sum of theirs. A group has the coefficients of
    its features for all targets then, so that it enters for all or none: "group_lasso" without `groups` is the
    multi-task lasso [15]_. With penalties that are not of groups every target has a model of its own.

    Parameters
    ----------
    alpha : float, default=1.0
        Penalty strength, in [0, inf).
    loss : {"squared", "huber", "quantile", "poisson", "gamma", "tweedie"}, default="squared"
        The loss. "poisson", "gamma" and "tweedie" predict means ``exp(z)``; their targets must not be negative, and for
        "gamma" positive.
    penalty : {"elastic_net", "mcp", "scad", "group_lasso", "sparse_group_lasso", "group_mcp", "group_scad", \
            "slope", "fused"}, default="elastic_net"
        The penalty.
    l1_ratio : float or None, default=None
        L1 ratio, in [0, 1], see the formulas. None is 0.5 for "elastic_net", "sparse_group_lasso" and "fused", and 1,
        no ridge, for the others.
    gamma : float, default=None
        Where the concave penalties become constant: larger than 1 for MCP, 2 for SCAD. None is 3 and 3.7, as in the
        literature. Large values approach the lasso.
    groups : array-like of shape (n_features,), Series or list of lists, default=None
        A label for every feature, or the features of every group, by position or by name. A Series whose index holds
        strings goes by the column names of X. Every feature is in one group. None makes a group of each feature.
    group_weights : array-like of shape (n_groups,) or dict, default=None
        Weight of every group, in [0, inf], in the order of the lists or in which labels come first; or by label. None,
        and for labels that a dict does not name, is the root of the group's size, so that large groups do not enter
        more easily. The number of targets does not count.
    slope_weights : {"bh", "oscar"} or array-like of shape (n_features,), default="bh"
        Weights of the magnitudes in decreasing order, for penalty="slope". "bh" are the thresholds of Benjamini and
        Hochberg's test, the normal quantiles of ``1 - fdr i / (2 n_features)``: with noise of standard deviation
        sigma, ``alpha = sigma / sqrt(n_samples)`` and standardized orthogonal features, the expected share of features
        selected by mistake is at most `fdr` [11]_. "oscar" falls linearly from 1 to ``1 / n_features`` [13]_. An array
        must not be negative and not increase.
    fdr : float, default=0.1
        The false discovery rate of ``slope_weights="bh"``, in (0, 1).
    relax : float, default=0.0
        Share of a refit in the coefficients and the intercept, in [0, 1]. The refit has only the selected features, and
        of the penalty only its ridge, none for ``l1_ratio=1``: large effects are less biased [16]_. It is ``1 - gamma``
        of glmnet. 0 is no refit. The refit of "slope" and "fused" keeps neither clusters nor runs: every selected
        feature has a coefficient of its own. Certificates and the objective are those of the penalized model.
    penalty_factor : array-like of shape (n_features,), Series or dict, default=None
        Penalty factor of every feature, in [0, inf]: 0 leaves it unpenalized, infinity leaves the feature out. A dict,
        and a Series whose index holds strings, go by the column names of X, with factor 1 for features that they do
        not name. None is 1 for all. Only for "elastic_net", "mcp" and "scad", as the next two.
    bounds : pair or dict, default=None
        Bounds ``(lows, highs)`` of the coefficients on the original scale: each a number, None, or as `penalty_factor`
        with a number for every feature; or a dict with a pair ``(low, high)`` for feature names.
    positive : bool, default=False
        Whether coefficients must not be negative.
    quantile : float, default=0.5
        The quantile q of loss="quantile", in (0, 1). The default is the median.
    power : float, default=1.5
        Power of loss="tweedie", in (1, 2): near 1 as counts, near 2 as "gamma".
    delta : float or None, default=None
        Where loss="huber" becomes linear, in the units of y. None is 1.345 times a robust estimate of the standard
        deviation of y (median absolute deviation / 0.6745), kept as `delta_`.
    fit_intercept : bool, default=True
        Whether to fit an unpenalized intercept. Sparse X stays sparse: it is centred implicitly.
    standardize : bool, default=False
        Whether to penalize the coefficients that belong to features divided by their (weighted) standard deviation.
        `coef_` is on the original scale all the same. Concave penalties need features of about equal scale.
    tol : float, default=1e-6
        Duality gap to reach, relative to the loss of the null model, in [0, inf). For concave penalties, the distance
        of the gradient to the subdifferential, for features scaled to norm 1 and relative to the norm of the null
        model's residual; with loss="quantile", the duality gap with the tangent of the concave penalty at the solution,
        relative to the loss of the null model.
    max_iter : int, default=1000
        Largest number of rounds of coordinate descent (loss="squared") or Newton steps.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last fit.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X; in float64 where rounding them to float32 would raise the objective by more
        than `tol`, and for losses whose curvature has no bound: "quantile", "poisson", "gamma" and "tweedie".
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 without intercept.
    n_iter_ : int or ndarray of shape (n_targets,)
        Number of rounds or Newton steps, including those spent on larger values of alpha used as warm starts.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap: an upper bound on `objective_` minus its minimum. NaN for concave penalties. With a penalty of
        groups, targets have one gap together, as well as one `n_iter_`, `stationarity_` and `objective_`.
    stationarity_ : float or ndarray of shape (n_targets,)
        How far the solution is from a stationary point, in the units of `tol`. Set only for concave penalties.
    objective_ : float or ndarray of shape (n_targets,)
        Value of the objective above.
    delta_ : float
        The `delta` in use. Set only for loss="huber".
    sparsity_ : float
        Share of coefficients that are exactly zero.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter, X, y, the weights or the offset are not as described; the message names the argument and the
        value.

    Warns
    -----
    ConvergenceWarning
        If the certificate is above `tol` after `max_iter` iterations.

    See Also
    --------
    PenalizedRegressorCV : Chooses `alpha`, `l1_ratio` and `gamma` by cross-validation.
    ElasticNetProx : The squared loss with the elastic net, with more solvers.
    LabelSmoothedLogistic : Classification.

    Notes
    -----
    **What is promised.** With a convex penalty the gap bounds the distance to the minimum, whatever the loss. MCP and
    SCAD have local minima: the fit starts from the certified solution of the convex penalty of the same slope at zero
    (Fan, Xue & Zou 2014 [9]_), goes on to a stationary point, and says how stationary. So it does not depend on a grid
    of alphas.

    **The quantile loss** is approached by smoothed ones (Nesterov 2005 [10]_) of falling width, until the gap of the
    loss itself is met.

    **SLOPE and the fused lasso** go with all losses but "quantile", whose kinks take too many steps there. They are
    solved by prox-gradient steps with momentum [14]_, which find the clusters of equal coefficients, and Newton steps
    for their values. A constant feature has coefficient 0 with "slope", and one between those of its neighbours with
    "fused".

    Norms of groups are of the coefficients as they are, or of standardized features with `standardize`: features of a
    group are not made orthogonal.

    References
    ----------
    .. [1] P. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35(1), 1964.
    .. [2] R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46(1), 1978.
    .. [3] B. Jorgensen, "Exponential dispersion models", JRSS B 49(2), 1987.
    .. [4] C.-H. Zhang, "Nearly unbiased variable selection under minimax concave penalty", Ann. Statist. 38(2), 2010.
    .. [5] J. Fan, R. Li, "Variable selection via nonconcave penalized likelihood", JASA 96, 2001.
    .. [6] M. Yuan, Y. Lin, "Model selection and estimation in regression with grouped variables", JRSS B 68(1), 2006.
    .. [7] N. Simon et al., "A sparse-group lasso", J. Comput. Graph. Stat. 22(2), 2013.
    .. [8] J. Huang, P. Breheny, S. Ma, "A selective review of group selection in high-dimensional models", Statist.
       Sci. 27(4), 2012.
    .. [9] J. Fan, L. Xue, H. Zou, "Strong oracle optimality of folded concave penalized estimation", Ann. Statist.
       42(3), 2014.
    .. [10] Y. Nesterov, "Smooth minimization of non-smooth functions", Math. Program. 103(1), 2005.
    .. [11] M. Bogdan et al., "SLOPE: adaptive variable selection via convex optimization", Ann. Appl. Stat. 9(3), 2015.
    .. [12] R. Tibshirani et al., "Sparsity and smoothness via the fused lasso", JRSS B 67(1), 2005.
    .. [13] H. Bondell, B. Reich, "Simultaneous regression shrinkage, variable selection, and supervised clustering of
       predictors with OSCAR", Biometrics 64(1), 2008.
    .. [14] A. Beck, M. Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse problems", SIAM
       J. Imaging Sci. 2(1), 2009.
    .. [15] G. Obozinski, B. Taskar, M. Jordan, "Joint covariate selection and joint subspace selection for multiple
       classification problems", Stat. Comput. 20(2), 2010.
    .. [16] T. Hastie, R. Tibshirani, R. Tibshirani, "Best subset, forward stepwise or lasso? Analysis and
       recommendations based on extensive comparisons", Statist. Sci. 35(4), 2020.

    Examples
    --------
    Counts, with exposure as an offset:

    >>> import numpy as np
    >>> from skreg import PenalizedRegressor
    >>> rng = np.random.default_rng(0)
    >>> X, years = rng.normal(size=(500, 4)), rng.uniform(0.5, 2.0, 500)
    >>> claims = rng.poisson(years * np.exp(0.5 * X[:, 0] - 1.0))
    >>> model = PenalizedRegressor(0.05, loss="poisson", l1_ratio=1.0).fit(X, claims, offset=np.log(years))
    >>> model.coef_.round(2)
    array([0.31, 0.  , 0.  , 0.04])
    >>> bool(model.dual_gap_ <= 1e-6)
    True

    Groups of features enter together:

    >>> y = X[:, 0] - X[:, 1] + rng.normal(size=500)
    >>> groups = ["a", "a", "b", "b"]
    >>> PenalizedRegressor(0.2, penalty="group_lasso", groups=groups).fit(X, y).coef_.round(2)
    array([ 0.8 , -0.81,  0.  ,  0.  ])

    Coefficients of equal magnitude:

    >>> PenalizedRegressor(0.2, penalty="slope").fit(X, y).coef_.round(2)
    array([ 0.59, -0.59,  0.  ,  0.  ])
    """

    _parameter_constraints = {
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [PROBABILITY, NONE],
        "relax": [PROBABILITY],
        **LossAndPenalty._loss_constraints,
        "warm_start": [BOOLEAN],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        loss="squared",
        penalty="elastic_net",
        l1_ratio=None,
        gamma=None,
        groups=None,
        group_weights=None,
        slope_weights="bh",
        fdr=0.1,
        relax=0.0,
        penalty_factor=None,
        bounds=None,
        positive=False,
        quantile=0.5,
        power=1.5,
        delta=None,
        fit_intercept=True,
        standardize=False,
        tol=1e-6,
        max_iter=1000,
        warm_start=False,
    ):
        self.alpha = alpha
        self.loss = loss
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.gamma = gamma
        self.groups = groups
        self.group_weights = group_weights
        self.slope_weights = slope_weights
        self.fdr = fdr
        self.relax = relax
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.positive = positive
        self.quantile = quantile
        self.power = power
        self.delta = delta
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or Dask collection of shape (n_samples, n_features)
            Fortran order or CSC saves a copy. A Dask array or dataframe, and a large memmap or Arrow
            frame, is read block by block; not with loss="quantile", nor, but for loss="squared", with "slope" and
            "fused".
        y : array-like of shape (n_samples,) or, for the squared loss, (n_samples, n_targets)
            Each target has a model of its own but with penalties of groups; of two dimensions, `coef_` and predictions
            have two as well.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative, not all zero; a weight of 2 counts as two equal rows.
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor with coefficient 1, such as the logarithm of the exposure of counts.

        Returns
        -------
        self : object
        """
        return self._fit(self._read(X, y, sample_weight, offset=offset))

    def path(self, X, y, sample_weight=None, *, offset=None, alphas=100, eps=1e-3, coef_init=None):
        """Solutions for decreasing values of alpha, each warm-started from the one before; `alpha` is not used.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or, for the squared loss, (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
        offset : array-like of shape (n_samples,), default=None
            As in `fit`.
        alphas : int or array-like of shape (n_alphas,), default=100
            Number of values on a geometric grid that begins where all coefficients are zero, or the values.
        eps : float, default=1e-3
            Last value of that grid relative to the first, in (0, 1).
        coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
            Starting point, such as the last coefficients of a path that is to be continued.

        Returns
        -------
        alphas : ndarray of shape (n_alphas,)
            In decreasing order.
        coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        certificates : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
            As `dual_gap_`, or as `stationarity_` for concave penalties. These start every alpha from `coef_init`, or
            from the solution of the convex penalty of the same slope at zero, instead of the alpha before. Of shape
            (n_alphas,) where targets have one certificate together.
        """
        check_grid(alphas, eps)
        return self._path(copy(self)._read(X, y, sample_weight, offset=offset), alphas, eps, coef_init)
