"""Cox's proportional hazards model with a choice of penalties."""

from copy import copy
from numbers import Real

import numpy as np

from ..utils._callbacks import with_callbacks
from ..utils._errors import unchanged_on_error
from ..utils._params import BOOLEAN, NONE, PROBABILITY, Interval
from ._cox_model import CoxModel
from ._grid import check_grid
from ._penalized_base import PenalizedFit


class PenalizedCox(CoxModel, PenalizedFit):
    """Cox's proportional hazards model with a choice of penalties, certified by its duality gap or stationarity.

    The hazard of a row at time t is ``h0(t) exp(x b)``, with a baseline h0 that is not specified. Minimizes over b ::

        1 / sum_i w_i (minus the logarithm of the partial likelihood of b, minus its infimum) + penalty(b)

    the half deviance; the penalties are those of `PenalizedRegressor` but "slope" and "fused". There is no intercept,
    which the baseline contains.

    Parameters
    ----------
    alpha : float, default=0.1
        Penalty strength, in [0, inf), on the scale of glmnet's ``family="cox"``, which standardizes features, and of
        scikit-survival's `CoxnetSurvivalAnalysis` on standardized features.
    penalty, l1_ratio, gamma, groups, group_weights, relax, penalty_factor, bounds, positive
        As for `PenalizedRegressor`.
    ties : {"breslow", "efron"}, default="breslow"
        How events at the same time are treated. Breslow's likelihood is that of glmnet, and weights are repetitions of
        rows in it. Efron's is more accurate with many ties; there, tied events count as often as there are rows.
    standardize : bool, default=True
        Whether to penalize the coefficients that belong to features divided by their (weighted) standard deviation.
        `coef_` is on the original scale all the same. True as in glmnet.
    tol, max_iter, warm_start
        As for `PenalizedRegressor`; `max_iter` counts Newton steps.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Logarithms of hazard ratios for a unit of every feature, in float64.
    intercept_ : float
        Minus the mean of ``x b`` over the rows of the fit: `predict` is relative to an average row.
    event_times_ : list of ndarray
        For every stratum, the times of events in increasing order.
    baseline_hazard_ : list of ndarray
        For every stratum, the cumulative baseline hazard at these times, of a row whose `predict` is 0.
    strata_ : ndarray of shape (n_strata,)
        Labels of the strata; one, 0, without.
    n_iter_, dual_gap_, stationarity_, objective_, sparsity_, n_features_in_, feature_names_in_
        As for `PenalizedRegressor`.

    Raises
    ------
    ValueError
        If a parameter, X, y, the weights or the strata are not as described; the message names the argument and the
        value.

    Warns
    -----
    ConvergenceWarning
        If the certificate is above `tol` after `max_iter` Newton steps, and if features without a penalty, or so large
        that a concave penalty is constant, or in a refit without ridge (`relax`), predict the order of the events
        without error, together or one alone: the best coefficients are infinite then, whether `tol` was met or not.

    See Also
    --------
    PenalizedCoxCV : Chooses `alpha`, `l1_ratio` and `gamma` by cross-validation.
    PenalizedRegressor : The same penalties for other losses.

    Notes
    -----
    The dual point that certifies a solution moves the weights of the rows at risk towards the events, at every time.
    Where `tol` is met, no other coefficients have an objective that is lower by more than `dual_gap_`.

    References
    ----------
    .. [1] D. Cox, "Regression models and life-tables", JRSS B 34(2), 1972.
    .. [2] N. Breslow, "Covariance analysis of censored survival data", Biometrics 30(1), 1974.
    .. [3] B. Efron, "The efficiency of Cox's likelihood function for censored data", JASA 72, 1977.
    .. [4] N. Simon, J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for Cox's proportional hazards model
       via coordinate descent", J. Stat. Softw. 39(5), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg import PenalizedCox
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 10))
    >>> time, censored = rng.exponential(np.exp(-X[:, 0])), rng.exponential(2.0, size=300)
    >>> y = np.column_stack([time <= censored, np.minimum(time, censored)])
    >>> model = PenalizedCox(0.1, l1_ratio=1.0).fit(X, y)
    >>> model.coef_.round(2)[:3]
    array([0.68, 0.  , 0.  ])
    >>> round(model.score(X, y), 2)
    0.71
    >>> model.predict_survival_function(X[:2], times=[0.5, 1.0]).shape
    (2, 2)
    """

    _parameter_constraints = {
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [PROBABILITY, NONE],
        "relax": [PROBABILITY],
        **CoxModel._cox_constraints,
        "warm_start": [BOOLEAN],
    }

    def __init__(
        self,
        alpha=0.1,
        *,
        penalty="elastic_net",
        l1_ratio=None,
        gamma=None,
        groups=None,
        group_weights=None,
        relax=0.0,
        penalty_factor=None,
        bounds=None,
        positive=False,
        ties="breslow",
        standardize=True,
        tol=1e-6,
        max_iter=1000,
        warm_start=False,
    ):
        self.alpha = alpha
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.gamma = gamma
        self.groups = groups
        self.group_weights = group_weights
        self.relax = relax
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.positive = positive
        self.ties = ties
        self.standardize = standardize
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, strata=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Fortran order or CSC saves a copy.
        y : structured array or array-like of shape (n_samples,), or array-like or dataframe of shape (n_samples, 2)
            Events (1 or True, and 0 or False for rows that were censored) and times, which are not negative. The fields
            of a structured array, as in scikit-survival, and the columns of a dataframe may have any order if the
            events are booleans, or integers beside times that are floats. Otherwise the first column is that of the
            events. Numbers of shape (n_samples,) are times of events.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative, not all zero.
        strata : array-like of shape (n_samples,), default=None
            Labels of strata: each has a baseline hazard of its own, and rows are compared within it only.

        Returns
        -------
        self : object
        """
        problem = self._read(X, y, sample_weight, strata)
        self._fit(problem)
        self._store_baseline(problem)
        return self

    def path(self, X, y, sample_weight=None, *, strata=None, alphas=100, eps=1e-3, coef_init=None):
        """Solutions for decreasing values of alpha, each warm-started from the one before; `alpha` is not used.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : structured array or array-like of shape (n_samples,), or array-like or dataframe of shape (n_samples, 2)
            As in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
        strata : array-like of shape (n_samples,), default=None
        alphas : int or array-like of shape (n_alphas,), default=100
            Number of values on a geometric grid that begins where all coefficients are zero, or the values.
        eps : float, default=1e-3
            Last value of that grid relative to the first, in (0, 1).
        coef_init : array-like of shape (n_features,), default=None
            Starting point.

        Returns
        -------
        alphas : ndarray of shape (n_alphas,)
            In decreasing order.
        coefs : ndarray of shape (n_features, n_alphas)
        certificates : ndarray of shape (n_alphas,)
            As `dual_gap_`, or as `stationarity_` for concave penalties, which start every alpha from the solution of
            the convex penalty of the same slope at zero instead of the alpha before.

        Warns
        -----
        ConvergenceWarning
            If some certificates are above `tol`. The path is complete all the same.
        """
        check_grid(alphas, eps)
        problem = copy(self)._read(X, y, sample_weight, strata)
        alphas, coefs, _, certificates = self._path(problem, alphas, eps, coef_init)
        return alphas, coefs, certificates
