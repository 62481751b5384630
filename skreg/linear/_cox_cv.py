"""Cox's model with its penalty strength chosen by cross-validation."""

import warnings

import numpy as np

from .._core.concordance import concordance
from ..utils._callbacks import with_callbacks
from ..utils._errors import caller_level, unchanged_on_error
from ..utils._params import ARRAY_LIKE, CALLABLE, PROBABILITY, Options
from ..utils._split import name_of, read_splits
from ._cox import PenalizedCox
from ._cox_model import CoxModel
from ._penalty_search import PenaltySearch
from ._search import DEFAULT_FOLDS


class PenalizedCoxCV(PenaltySearch, CoxModel):
    """`PenalizedCox` whose `alpha`, `l1_ratio` and `gamma` are chosen by cross-validation over whole paths.

    The grid of alphas is computed once, on all (weighted) rows; every fold follows the same path, in threads. By
    default candidates are compared by the cross-validated partial likelihood [1]_: what the held-out rows add to the
    logarithm of the partial likelihood at the coefficients of the other rows ::

        (log_likelihood(b, all rows) - log_likelihood(b, training rows)) / weight of the held-out events

    where each log-likelihood is relative to its supremum. The rows of a fold alone have few others at risk at their
    times; in the difference they keep all. It is minus half of the error of ``cv.glmnet(..., family="cox",
    grouped=TRUE)`` [2]_.

    Parameters
    ----------
    penalty : str
        As for `PenalizedCox`.
    l1_ratio : float, array-like of float or None, default=None
        L1 ratio or ratios to try, in [0, 1]. None is the default of `PenalizedCox`.
    gamma : float, array-like of float or None, default=None
        For concave penalties only, the value or values to try. None is the default of `PenalizedCox`.
    relax : float or array-like of float, default=0.0
        The value or values to try, in [0, 1], see `PenalizedRegressor`. All values share the same paths.
    alphas : int or array-like of float, default=50
        Number of alphas for each L1 ratio, on a geometric grid that begins where all coefficients are zero; or the
        values, for all candidates.
    eps : float, default=1e-3
        Last value of an automatic grid relative to the first, in (0, 1).
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn. Numbers of folds are stratified by event: every fold has the same share of censored rows.
        None is 5 folds, or as many as there are events if these are fewer. Events of weight 0 count as censored.
    selection : {"min", "1se"}, default="min"
        "min" takes the alpha with the best mean score; "1se" the largest alpha, with the other parameters of the best,
        whose mean score is within one standard error of it.
    refit : bool, default=True
        Whether to fit all rows with the choice. If not, coefficients are the means of those of the folds.
    scoring : {"partial_likelihood", "concordance"} or callable, default="partial_likelihood"
        What is compared. "concordance" is that of the held-out rows, within strata, as `PenalizedCox.score`; it needs
        large folds. A callable has the signature ``scoring(model, X, y)``, greater is better, with y of two columns:
        events and times.
    store_coef_path : bool, default=False
        Whether to keep the coefficients of every fold at every alpha, as `coefs_path_`.
    n_jobs : int, default=None
        Number of threads, each for one fold; None is 1 unless in a `joblib.parallel_config`, -1 all cores.
    groups, group_weights, penalty_factor, bounds, positive, ties, standardize
        As for `PenalizedCox`.
    tol : float, default=1e-4
        As for `PenalizedCox`. The default is enough to choose an alpha.
    max_iter : int, default=1000
        As for `PenalizedCox`, for every alpha.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty strength.
    l1_ratio_ : float
        The chosen L1 ratio.
    gamma_ : float
        The chosen gamma. Set only for concave penalties.
    relax_ : float
        The chosen relax. Set only if `relax` is not 0; then there is one more axis for it, before that of alphas, in
        the next attributes.
    alpha_min_ : float
        The alpha with the best mean score.
    alpha_1se_ : float
        The largest alpha whose mean score is within one standard error of it; at least `alpha_min_`.
    best_score_ : float
        Mean score over the folds at the chosen `alpha_`, greater is better.
    alphas_ : ndarray of shape (n_l1_ratios, n_gammas, n_alphas)
        In decreasing order along the last axis.
    scores_ : ndarray of shape (n_l1_ratios, n_gammas, n_alphas, n_folds)
        Scores by which the choice is made, greater is better.
    coefs_path_ : ndarray of shape (n_l1_ratios, n_gammas, n_alphas, n_folds, n_features)
        Coefficients of the folds. Set only with `store_coef_path`.
    intercepts_path_ : ndarray of shape (n_l1_ratios, n_gammas, n_alphas, n_folds)
        Minus the means of the scores of the training rows. Set only with `store_coef_path`.
    coef_, intercept_, event_times_, baseline_hazard_, strata_, n_iter_, dual_gap_, stationarity_, objective_, sparsity_
        Of the refit, as for `PenalizedCox`. Without refit, `n_iter_` is the largest of the folds at the choice, and
        certificates and objective are not set.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter, X, y, the weights or the strata are not as described, the training rows of a fold hold no event,
        or no fold has a score.

    Warns
    -----
    ConvergenceWarning
        If the certificate is above `tol` in the refit or in some folds, and if the refit has infinite best
        coefficients, see `PenalizedCox`.
    UserWarning
        If the choice lies at an end of the grid and a better alpha may lie beyond; if a fold has no score, as without
        an event among its held-out rows; if there are fewer events than folds.

    See Also
    --------
    PenalizedCox : One value of alpha.

    References
    ----------
    .. [1] P. Verweij, H. van Houwelingen, "Cross-validation in survival analysis", Statist. Med. 12(24), 1993, eq. 5.
    .. [2] N. Simon, J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for Cox's proportional hazards model
       via coordinate descent", J. Stat. Softw. 39(5), 2011, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg import PenalizedCoxCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 20))
    >>> time, censored = rng.exponential(np.exp(X[:, 1] - X[:, 0])), rng.exponential(2.0, size=300)
    >>> y = np.column_stack([time <= censored, np.minimum(time, censored)])
    >>> model = PenalizedCoxCV(l1_ratio=1.0, alphas=20, selection="1se").fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([0, 1])
    >>> round(model.score(X, y), 2)
    0.8
    """

    _parameter_constraints = {
        **CoxModel._cox_constraints,
        **PenaltySearch._search_constraints,
        "relax": [PROBABILITY, ARRAY_LIKE],
        "scoring": [Options("partial_likelihood", "concordance"), CALLABLE],
    }

    def __init__(
        self,
        *,
        penalty="elastic_net",
        l1_ratio=None,
        gamma=None,
        alphas=50,
        eps=1e-3,
        cv=None,
        selection="min",
        refit=True,
        scoring="partial_likelihood",
        store_coef_path=False,
        n_jobs=None,
        groups=None,
        group_weights=None,
        relax=0.0,
        penalty_factor=None,
        bounds=None,
        positive=False,
        ties="breslow",
        standardize=True,
        tol=1e-4,
        max_iter=1000,
    ):
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.gamma = gamma
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.selection = selection
        self.refit = refit
        self.scoring = scoring
        self.store_coef_path = store_coef_path
        self.n_jobs = n_jobs
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

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, strata=None, **params):
        """Choose the penalty strength by cross-validation, and fit all rows with it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Fortran order or CSC saves a copy.
        y : structured array or array-like of shape (n_samples,), or array-like or dataframe of shape (n_samples, 2)
            As for `PenalizedCox`.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights in the fits and in the scores; non-negative, not all zero.
        strata : array-like of shape (n_samples,), default=None
            Labels of strata: each has a baseline hazard of its own, and rows are compared within it only.
        **params : dict
            Routed to the splitter and the scorer; needs metadata routing.

        Returns
        -------
        self : object
        """
        problem = self._read(X, y, sample_weight, strata)
        routed = self._route(problem.sample_weight, params)
        self._search(problem, self._splits(problem, routed.splitter.split), routed)
        self._store_baseline(problem)
        return self

    @property
    def _scores_paths(self):
        return not callable(self.scoring)

    def _labels(self, problem):
        return np.column_stack(problem.survival[:2])

    def _splits(self, problem, split_params):
        weights = problem.row_weights
        event = (problem.Y[0] > 0.0) & (weights > 0.0)
        cv = self._n_default_folds(problem, event) if self.cv is None else self.cv
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # few censored rows are no harm
            splits = read_splits(cv, problem.X, event, True, **split_params)
        for number, (train, test) in enumerate(splits):
            if not event[train].any():
                raise ValueError(f"cv={name_of(cv)}: the training rows of fold {number} hold no event.")
            if not weights[test].any():
                raise ValueError(f"cv={name_of(cv)}: sample_weight is 0 in all held-out rows of fold {number}.")
        return splits

    def _n_default_folds(self, problem, event):
        n_events = int(event.sum())
        if n_events < 2:
            raise ValueError(
                f"cross-validation needs at least two events of positive weight; y holds {n_events}, with"
                f" n_samples={problem.data.n}."
            )
        if n_events < DEFAULT_FOLDS:
            warnings.warn(
                f"{type(self).__name__} uses {n_events} folds instead of {DEFAULT_FOLDS}, as there are no more events."
                " Set cv to choose the folds yourself.",
                UserWarning,
                stacklevel=caller_level(),
            )
        return min(n_events, DEFAULT_FOLDS)

    def _score_on(self, problem, train, test):
        of_fold = self._concordance_on if self.scoring == "concordance" else self._likelihood_on
        return of_fold(problem, train, test)

    def _likelihood_on(self, problem, train, test):
        X, event, weights, loss = problem.data.X, problem.Y[0], problem.row_weights, problem.loss
        of_train = weights * np.bincount(train, minlength=weights.size)
        every = of_train + weights * np.bincount(test, minlength=weights.size)
        added = every @ event - of_train @ event

        def score(coef, intercept):
            z = X @ coef[0] + intercept[0]
            if added <= 0.0:  # no event is held out
                return np.nan
            return (loss.total(event, z, of_train) - loss.total(event, z, every)) / added

        return score

    def _concordance_on(self, problem, train, test):
        event, time, strata = problem.survival
        codes = np.zeros(time.size, int) if strata is None else strata[1]
        X, rows = problem.data.X[test], (event[test], time[test])
        weights = problem.row_weights[test]

        def score(coef, intercept):
            return concordance(*rows, X @ coef[0], weights, codes[test])

        return score

    def _model(self, problem):
        model = PenalizedCox()
        model.n_features_in_ = problem.data.p
        strata = problem.survival[2]
        model.strata_ = np.zeros(1, int) if strata is None else strata[0]
        return model
