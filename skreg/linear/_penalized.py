"""Regression with a choice of losses and penalties."""

from copy import copy
from numbers import Real

import numpy as np

from ..utils._callbacks import with_callbacks
from ..utils._errors import unchanged_on_error
from ..utils._params import BOOLEAN, NONE, PROBABILITY, Interval
from ._grid import check_grid
from ._loss_choice import LossAndPenalty
from ._penalized_base import PenalizedFit


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

    The intercept is never penalized. Only the squared loss takes several targets, and is the sum of theirs. A group has
    the coefficients of its features for all targets then, so that it enters for all or none: "group_lasso" without
    `groups` is the multi-task lasso [15]_. With penalties that are not of groups every target has a model of its own.

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
        literature. Large values approach the lasso. With other penalties only the default is allowed.
    groups : array-like of shape (n_features,), Series, dict or list of lists, default=None
        A label for every feature, or the features of every group, by position or by name. A dict of labels, and a
        Series whose index holds strings, go by the column names of X. Every feature is in one group. None makes a group
        of each feature.
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
        The quantile q of loss="quantile", in (0, 1). The default is the median. With other losses only the default is
        allowed, as for `power` and `delta`; so are `slope_weights` and `fdr` with other penalties.
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

    **SLOPE and the fused lasso** go with all losses. They are solved by prox-gradient steps with momentum [14]_, which
    find the clusters of equal coefficients, and Newton steps for their values. A constant feature has coefficient 0
    with "slope", and one between those of its neighbours with "fused".

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
