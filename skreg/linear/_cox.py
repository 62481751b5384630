"""Cox's proportional hazards model with a choice of penalties."""

import warnings
from copy import copy
from numbers import Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_consistent_length

from .._core.concordance import concordance
from .._core.parts.cox import cox_loss
from ..utils._callbacks import with_callbacks
from ..utils._params import BOOLEAN, NONE, PROBABILITY, Interval, Options
from ..utils._validation import (
    caller_level,
    check_weights,
    unchanged_on_error,
)
from ._base import LinearRegressor
from ._grid import check_grid
from ._infinite import free_coefficients, orders_events
from ._losses import ScoreLoss
from ._penalized import WithPenalty
from ._penalized_base import PenalizedFit
from ._survival import check_strata, check_times, read_survival

UNBOUNDED = {  # why there is no finite optimum, and what helps
    "factor": ("Without a penalty (alpha=0, penalty_factor=0)", "Set alpha above 0."),
    "concave": (
        "Large coefficients are not penalized by penalty={penalty!r}, so",
        "Set l1_ratio below 1 for some ridge penalty, or increase alpha.",
    ),
    "relax": (
        "The refit of relax={relax:g} has no penalty, so",
        "Set l1_ratio below 1 for some ridge penalty, or relax=0.",
    ),
}


class CoxLoss(ScoreLoss):
    """The partial likelihood for given times and strata; targets are events.

    Parameters
    ----------
    time : ndarray of shape (n,)
    strata : pair (labels, codes of all rows) or None
    ties : {"breslow", "efron"}
    """

    def __init__(self, time, strata, ties):
        super().__init__(cox_loss(time, None if strata is None else strata[1], ties))


class CoxModel(WithPenalty, LinearRegressor):
    """Base of the model for one alpha and of the one that chooses it by cross-validation."""

    fit_intercept = True  # columns are centred; the partial likelihood itself has no intercept
    _cox_constraints = {
        "ties": [Options("breslow", "efron")],
        **{k: v for k, v in WithPenalty._penalty_choice_constraints.items() if k != "fit_intercept"},
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    def _read(self, X, y, sample_weight, strata=None):
        """Check parameters and data; sets what is known of the features."""
        if y is None:
            return super()._read(X, y, sample_weight)
        event, time = read_survival(y)
        problem = self._with_groups(super()._read(X, time, sample_weight))
        if strata is not None:
            strata = check_strata(strata, time.size)
        if not (event & (problem.row_weights > 0.0)).any():
            raise ValueError("y must hold at least one event; got none among the rows with positive weight.")
        return problem._replace(
            Y=event[None].astype(float), loss=CoxLoss(time, strata, self.ties), survival=(event, time, strata)
        )

    def _warn_of(self, problem, found, fit, penalty):
        """Warn of targets that did not converge, and of an order of the events that has no finite optimum."""
        alpha = getattr(self, "alpha_", getattr(self, "alpha", None))
        relax = float(np.max(getattr(self, "relax_", self.relax)))
        free = free_coefficients(problem, penalty, alpha, self.coef_[None], relax)
        cause = next((cause for cause, which in free.items() if orders_events(problem, self.coef_, which[0])), None)
        if cause is None:
            super()._warn_of(problem, found, fit, penalty)
            return
        reason, remedy = UNBOUNDED[cause]
        warnings.warn(
            f"{type(self).__name__}: no finite optimum: the order of the events is predicted without error by the"
            f" selected features, or by one of them. {reason.format(penalty=self.penalty, relax=relax)} the best"
            f" coefficients are infinite; the fit was stopped at an objective of {found.objective[0]:.3g}. {remedy}",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )

    def _store_baseline(self, problem):
        """Set the intercept, and Breslow's estimate of the cumulative baseline hazard in every stratum."""
        self.intercept_ = -float(problem.data.mean @ self.coef_)
        event, time, strata = problem.survival
        scores, weights = safe_sparse_dot(problem.X, self.coef_) + self.intercept_, problem.row_weights
        self.strata_, codes = (np.zeros(1, int), np.zeros(time.size, int)) if strata is None else strata
        self.event_times_, self.baseline_hazard_ = [], []
        for code in range(self.strata_.size):
            rows = np.flatnonzero((codes == code) & (weights > 0.0))
            first_event = time[rows][event[rows]].min(initial=np.inf)
            rows = rows[time[rows] >= first_event]  # others are never at risk at the time of an event
            if not rows.size:
                self.event_times_.append(np.empty(0))
                self.baseline_hazard_.append(np.empty(0))
                continue
            order = rows[np.argsort(time[rows], kind="stable")]
            at_risk = np.logaddexp.accumulate((np.log(weights[order]) + scores[order])[::-1])[::-1]  # in logarithms
            times, first = np.unique(time[order], return_index=True)
            deaths = np.add.reduceat(weights[order] * event[order], first)
            some = deaths > 0.0
            self.event_times_.append(times[some])
            with np.errstate(over="ignore"):  # infinite coefficients, see `_warn_of`
                self.baseline_hazard_.append(np.cumsum(np.exp(np.log(deaths[some]) - at_risk[first][some])))

    def predict(self, X):
        """Logarithms of hazards, relative to the average row of the fit: larger values mean earlier events.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        log_hazard : ndarray of shape (n_samples,)
        """
        return super().predict(X)

    def predict_survival_function(self, X, times=None, strata=None):
        """Probabilities that the event is later than given times.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        times : float or array-like of shape (n_times,), default=None
            None is all times of events of the fit, over all strata, in increasing order.
        strata : array-like of shape (n_samples,), default=None
            Labels of strata; needed if the fit had any.

        Returns
        -------
        survival : ndarray of shape (n_samples, n_times)
        """
        log_relative = self.predict(X)
        times = np.unique(np.concatenate(self.event_times_)) if times is None else check_times(times)
        codes = self._codes_of(strata, log_relative.size)
        hazards = []
        for event_times, hazard in zip(self.event_times_, self.baseline_hazard_, strict=True):
            steps = np.append(0.0, hazard)
            hazards.append(steps[np.searchsorted(event_times, times, side="right")])
        with np.errstate(divide="ignore", over="ignore"):  # hazards of 0, and larger ones than numbers can be
            return np.exp(-np.exp(log_relative[:, None] + np.log(hazards)[codes]))

    def _codes_of(self, strata, n):
        if strata is None:
            if self.strata_.size > 1:
                raise ValueError(f"strata must be given, as in fit; got None. The fit had {self.strata_.tolist()}.")
            return np.zeros(n, int)
        labels, codes = check_strata(strata, n)
        unknown = [label for label in labels.tolist() if label not in set(self.strata_.tolist())]
        if unknown:
            raise ValueError(f"strata holds labels that were not in fit: {unknown!r}.")
        return np.searchsorted(self.strata_, labels)[codes]

    def score(self, X, y, sample_weight=None, strata=None):
        """Harrell's concordance: the share of comparable pairs whose earlier event is at the row of larger hazard.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : structured array of shape (n_samples,), array-like of shape (n_samples, 2) or (n_samples,)
            As in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            A pair weighs the product of the weights of its rows.
        strata : array-like of shape (n_samples,), default=None
            Labels; only rows of the same stratum are compared, as hazards of different strata are not comparable.

        Returns
        -------
        concordance : float
            In [0, 1]; ties of hazards count half. 0.5 is chance. NaN where no pair is comparable.
        """
        event, time = read_survival(y)
        hazard, weights = self.predict(X), check_weights(sample_weight, time.size)
        check_consistent_length(hazard, time)
        codes = np.zeros(time.size, int) if strata is None else check_strata(strata, time.size)[1]
        return concordance(event, time, hazard, np.ones(time.size) if weights is None else weights, codes)


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
        y : structured array of shape (n_samples,), array-like of shape (n_samples, 2) or (n_samples,)
            A boolean field of events and a field of times, as in scikit-survival, in any order; columns of events (1,
            or 0 for rows that were censored) and times, in this order; or times that are all those of events.
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

    def path(self, X, y, sample_weight=None, *, strata=None, alphas=100, eps=1e-2, coef_init=None):
        """Solutions for decreasing values of alpha, each warm-started from the one before; `alpha` is not used.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : structured array of shape (n_samples,), array-like of shape (n_samples, 2) or (n_samples,)
            As in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
        strata : array-like of shape (n_samples,), default=None
        alphas : int or array-like of shape (n_alphas,), default=100
            Number of values on a geometric grid that begins where all coefficients are zero, or the values.
        eps : float, default=1e-2
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
