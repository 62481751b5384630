"""Regression with a choice of losses and penalties, whose strength is chosen by cross-validation."""

import numpy as np

from .._core.folds import as_folds
from ..utils._callbacks import with_callbacks
from ..utils._errors import unchanged_on_error
from ..utils._params import ARRAY_LIKE, PROBABILITY, Options
from ..utils._split import name_of
from ._blocks import BlockSplits
from ._loss_choice import LOG_LINKS, LossAndPenalty
from ._losses import weights_of_used
from ._penalized import PenalizedRegressor
from ._penalty_search import PenaltySearch


class PenalizedRegressorCV(PenaltySearch, LossAndPenalty):
    """`PenalizedRegressor` whose `alpha`, `l1_ratio` and `gamma` are chosen by cross-validation over whole paths.

    The grid of alphas is computed once, on all (weighted) rows; every fold follows the same path, in threads. The score
    is minus the mean loss on the held-out rows: half the mean deviance for "squared", "poisson", "gamma" and "tweedie".

    Parameters
    ----------
    loss, penalty : str
        As for `PenalizedRegressor`.
    l1_ratio : float, array-like of float or None, default=None
        L1 ratio or ratios to try, in [0, 1]. None is the default of `PenalizedRegressor`.
    gamma : float, array-like of float or None, default=None
        For concave penalties only, the value or values to try. None is the default of `PenalizedRegressor`.
    relax : float or array-like of float, default=0.0
        The value or values to try, in [0, 1], see `PenalizedRegressor`. All values share the same paths.
    alphas : int or array-like of float, default=50
        Number of alphas for each L1 ratio, on a geometric grid that begins where all coefficients are zero; or the
        values, for all candidates.
    eps : float, default=1e-3
        Last value of an automatic grid relative to the first, in (0, 1).
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn; None is 5 consecutive folds, or as many as there are rows if these are fewer.
    selection : {"min", "1se"}, default="min"
        "min" takes the alpha with the best mean score; "1se" the largest alpha, with the other parameters of the best,
        whose mean score is within one standard error of it.
    refit : bool, default=True
        Whether to fit all rows with the choice. If not, coefficients are the means of those of the folds.
    scoring : str or callable, default=None
        Any scikit-learn scorer, greater is better; None is minus the mean loss. Scorers do not know of an offset.
    store_coef_path : bool, default=False
        Whether to keep the coefficients of every fold at every alpha, as `coefs_path_` and `intercepts_path_`.
    n_jobs : int, default=None
        Number of threads, each for one fold; None is 1 unless in a `joblib.parallel_config`, -1 all cores.
    groups, group_weights, slope_weights, fdr, penalty_factor, bounds, positive, quantile, power, delta
        As for `PenalizedRegressor`. A default `delta` is that of all rows.
    fit_intercept, standardize : bool
        As for `PenalizedRegressor`.
    tol : float, default=1e-4
        As for `PenalizedRegressor`. The default is enough to choose an alpha.
    max_iter : int, default=1000
        As for `PenalizedRegressor`, for every alpha.

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
    coefs_path_ : ndarray of shape (n_l1_ratios, n_gammas, n_alphas, n_folds[, n_targets], n_features)
        Coefficients of the folds. Set only with `store_coef_path`.
    intercepts_path_ : ndarray of shape (n_l1_ratios, n_gammas, n_alphas, n_folds[, n_targets])
        Intercepts of the folds. Set only with `store_coef_path`.
    coef_, intercept_, n_iter_, dual_gap_, stationarity_, objective_, delta_, sparsity_
        Of the refit, as for `PenalizedRegressor`. Without refit, `n_iter_` is the largest of the folds at the choice,
        and certificates and objective are not set.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter, X, y, the weights or the offset are not as described, or no fold has a score.

    Warns
    -----
    ConvergenceWarning
        If the certificate is above `tol` in the refit or in some folds.
    UserWarning
        If the choice lies at an end of the grid and a better alpha may lie beyond; if a fold has no score; if there are
        fewer rows than folds.

    See Also
    --------
    PenalizedRegressor : One value of alpha.
    ElasticNetProxCV : The squared loss with the elastic net, faster for many samples.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg import PenalizedRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 20))
    >>> y = X[:, 0] - X[:, 1] + rng.standard_t(2, size=200)
    >>> model = PenalizedRegressorCV(loss="huber", penalty="mcp", alphas=20).fit(X, y)
    >>> model.coef_[:2].round(1)
    array([ 0.9, -1. ])
    """

    _parameter_constraints = {
        **LossAndPenalty._loss_constraints,
        **PenaltySearch._search_constraints,
        "relax": [PROBABILITY, ARRAY_LIKE],
        "selection": [Options("min", "1se")],
    }

    def __init__(
        self,
        *,
        loss="squared",
        penalty="elastic_net",
        l1_ratio=None,
        gamma=None,
        alphas=50,
        eps=1e-3,
        cv=None,
        selection="min",
        refit=True,
        scoring=None,
        store_coef_path=False,
        n_jobs=None,
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
        tol=1e-4,
        max_iter=1000,
    ):
        self.loss = loss
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

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Choose the penalty strength by cross-validation, and fit all rows with it.

        Parameters
        ----------
        X : array-like, sparse matrix or Dask collection of shape (n_samples, n_features)
            Fortran order or CSC saves a copy. A Dask array or dataframe, and a large memmap or Arrow
            frame, is read block by block; not with loss="quantile", nor, but for loss="squared", with "slope" and
            "fused".
        y : array-like of shape (n_samples,) or, for the squared loss, (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights in the fits and in the scores; non-negative, not all zero.
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor with coefficient 1.
        **params : dict
            Routed to the splitter and the scorer; needs metadata routing.

        Returns
        -------
        self : object
        """
        if offset is not None and self.scoring is not None:
            raise ValueError(f"scoring does not know of the offset; got scoring={self.scoring!r}. Use scoring=None.")
        return self._search(*self._read_and_split(X, y, sample_weight, params, offset=offset))

    def _folds(self, problem, splits):
        is_plain = self.loss == "squared" and self.penalty == "elastic_net" and problem.offset is None
        if is_plain and not isinstance(splits, BlockSplits):
            return splits, as_folds(problem.data, problem.Y, problem.weights, splits, "auto")
        return splits, None

    def _check_fold(self, problem, data, number):
        if self.loss in LOG_LINKS and not problem.Y[0][weights_of_used(problem, data) > 0.0].any():
            raise ValueError(
                f"cv={name_of(self.cv)}: y is 0 in all training rows of fold {number}, so that the best coefficients"
                f" are infinite with loss={self.loss!r}."
            )

    def _scores_on_blocks(self, problem, splits, fold, coefs, intercepts):
        return -problem.loss.means_on_blocks(problem, splits, fold, coefs, intercepts)

    def _score_on(self, problem, train, test):
        X, Y, weights = problem.data.X[test], problem.Y[:, test], problem.row_weights[test]
        offset = 0.0 if problem.offset is None else problem.offset[0, test]

        def score(coef, intercept):
            Z = (X @ coef.T + intercept).T + offset
            return -np.mean([problem.loss.mean(y, z, weights) for y, z in zip(Y, Z, strict=True)])

        return score

    def _model(self, problem):
        model = PenalizedRegressor(loss=self.loss, quantile=self.quantile, power=self.power, delta=self.delta)
        model.n_features_in_ = problem.data.p
        if hasattr(self, "delta_"):
            model.delta_ = self.delta_
        return model
