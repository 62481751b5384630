"""What the model of Cox for one alpha and its search share: survival targets, baseline hazards, and predictions."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_consistent_length

from .._core.concordance import concordance
from .._core.parts.cox import cox_loss
from ..utils._errors import caller_level
from ..utils._params import Options
from ..utils._targets import check_weights
from ._base import LinearRegressor
from ._infinite import free_coefficients, orders_events
from ._losses import ScoreLoss
from ._penalty_choice import WithPenalty
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
OF_SCORE = (
    " Only rows of the same stratum are compared: pass score(X, y, strata=...). In cross-validation, enable metadata"
    " routing with sklearn.set_config(enable_metadata_routing=True), and call set_score_request(strata=True)."
)


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
        tags.target_tags.positive_only = True
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
            Not negative. None is all times of events of the fit, over all strata, in increasing order.
        strata : array-like of shape (n_samples,), default=None
            Labels of strata; needed if the fit had any.

        Returns
        -------
        survival : ndarray of shape (n_samples, n_times)

        See Also
        --------
        skreg.linear.predict_survival_function : The same for a pipeline, or a search that holds one.
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

    def _no_strata(self, n, advice=""):
        """Codes of rows whose strata are not given; ValueError after a fit with several."""
        if self.strata_.size > 1:
            raise ValueError(f"strata must be given, as in fit; got None. The fit had {self.strata_.tolist()}.{advice}")
        return np.zeros(n, int)

    def _codes_of(self, strata, n):
        if strata is None:
            return self._no_strata(n)
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
        y : structured array or array-like of shape (n_samples,), or array-like or dataframe of shape (n_samples, 2)
            As in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            A pair weighs the product of the weights of its rows.
        strata : array-like of shape (n_samples,), default=None
            Labels; only rows of the same stratum are compared, as hazards of different strata are not comparable.
            Needed if the fit had several. In cross-validation, scikit-learn passes them on with metadata routing and
            ``set_score_request(strata=True)``.

        Returns
        -------
        concordance : float
            In [0, 1]; ties of hazards count half. 0.5 is chance. NaN where no pair is comparable.

        Raises
        ------
        ValueError
            If `strata` is None after a fit with several strata.
        """
        event, time = read_survival(y)
        hazard, weights = self.predict(X), check_weights(sample_weight, time.size)
        check_consistent_length(hazard, time)
        codes = self._no_strata(time.size, OF_SCORE) if strata is None else check_strata(strata, time.size)[1]
        return concordance(event, time, hazard, np.ones(time.size) if weights is None else weights, codes)
