"""The elastic net with its strengths chosen by cross-validation."""

from numbers import Real

import numpy as np

from .._core.folds import as_folds
from ..utils._params import ARRAY_LIKE, Interval, Options
from ._base import LinearRegressor
from ._elastic_net import ElasticNetProx
from ._search import Grid, PathSearch, read_alphas, read_list


class ElasticNetProxCV(PathSearch, LinearRegressor):
    """Elastic net whose `alpha` and `l1_ratio` are chosen by cross-validation over whole paths.

    The grid of alphas is laid out once, on all (weighted) data; every fold follows the same path, in threads. For many
    more samples than features all folds share one pass over X: the inner products of a fold's training rows are the
    total minus those of its held-out rows.

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=0.5
        Share or shares of L1 to try, in [0, 1]; for 0 the grid of alphas begins where that of 0.001 does and
        ends where that of 1 does.
    alphas : int or array-like of float, default=100
        Number of strengths for each share, on a geometric grid that begins where all coefficients are zero; or the
        strengths, for all shares.
    eps : float, default=1e-3
        Last strength of an automatic grid relative to the first, in (0, 1).
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn; None is 5 consecutive folds.
    selection : {"min", "1se"}, default="min"
        "min" takes the best mean score; "1se" the largest alpha, for the `l1_ratio` of the best, whose mean score is
        within one standard error (standard deviation over folds, ``ddof=1``, over the root of their number) of it: a
        simpler model that is as good as can be told.
    refit : bool, default=True
        Whether to fit all data with the choice. If not, coefficients are the mean of the folds' with that choice.
    scoring : str or callable, default=None
        Any scikit-learn scorer, greater is better; None is the (weighted) mean squared error.
    n_jobs : int, default=None
        Threads for the folds; None is 1 unless in a `joblib.parallel_config`, -1 all cores.
    penalty_factor, fit_intercept, standardize, positive, bounds, solver, tol, max_iter
        As for `ElasticNetProx`; `max_iter` holds for every strength.

    Attributes
    ----------
    alpha_ : float
        The chosen strength.
    l1_ratio_ : float
        The chosen share of L1.
    alpha_min_ : float
        The strength of the best mean score.
    alpha_1se_ : float
        The largest strength within one standard error of it; at least `alpha_min_`.
    alphas_ : ndarray of shape (n_l1_ratios, n_alphas)
        Decreasing along rows; two dimensions whether `l1_ratio` is a list or not, as for the next two.
    mse_path_ : ndarray of shape (n_l1_ratios, n_alphas, n_folds)
        Mean squared errors on the held-out rows, weighted; mean over targets.
    scores_ : ndarray of shape (n_l1_ratios, n_alphas, n_folds)
        What the choice is made by, greater is better: ``-mse_path_``, or the scorer's.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X; in float64 where rounding them to float32 would raise the objective by more
        than `tol` (relative to the loss of the null model), as with nearly collinear features.
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_, dual_gap_, objective_ : int and float, or ndarray of shape (n_targets,)
        Of the refit, as for `ElasticNetProx`. Without refit, `n_iter_` is the most that a fold took for the choice and
        the other two are not set.
    sparsity_ : float
        Share of coefficients that are exactly zero.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    See Also
    --------
    ElasticNetProx : One strength.

    Notes
    -----
    With metadata routing enabled, parameters of `fit` go to the splitter's `split` and the scorer where these request
    them, such as ``GroupKFold().set_split_request(groups=True)``. Without, `sample_weight` goes to the scorer.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import ElasticNetProxCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ElasticNetProxCV(l1_ratio=[0.5, 1.0], selection="1se").fit(X, y)
    >>> model.mse_path_.shape
    (2, 100, 5)
    >>> model.l1_ratio_
    1.0
    >>> bool(model.alpha_1se_ >= model.alpha_min_)
    True
    >>> int((model.coef_ != 0).sum())
    6
    """

    _parameter_constraints = {
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both"), ARRAY_LIKE],
        **PathSearch._search_constraints,
        **LinearRegressor._penalty_constraints,
        "solver": [Options("auto", "cd", "gram", "prox_grad")],
    }

    def __init__(
        self,
        *,
        l1_ratio=0.5,
        alphas=100,
        eps=1e-3,
        cv=None,
        selection="min",
        refit=True,
        scoring=None,
        n_jobs=None,
        penalty_factor=None,
        fit_intercept=True,
        standardize=False,
        positive=False,
        bounds=None,
        solver="auto",
        tol=1e-6,
        max_iter=1000,
    ):
        self.l1_ratio = l1_ratio
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.selection = selection
        self.refit = refit
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.penalty_factor = penalty_factor
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.bounds = bounds
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    def _grid(self, problem):
        ratios = read_list(self.l1_ratio, "l1_ratio", 0, 1, "both")
        alphas = [read_alphas(self.alphas, self.eps, problem, r, self.standardize, problem.alpha_max) for r in ratios]
        return Grid(ratios.shape, [(r,) for r in ratios], np.array(alphas))

    def _labels(self, problem):
        return problem.Y[0] if problem.one_target else problem.Y.T

    def _folds(self, problem, splits):
        return as_folds(problem.data, problem.Y, problem.weights, splits, self.solver)

    def _options(self):
        return dict(tol=self.tol, max_iter=self.max_iter, solver=self.solver)

    def _follow(self, problem, folds, fold, grid, task, halt):
        fit, targets = folds.train(fold.number), range(len(problem.Y))
        fold.errors = np.empty(fold.alphas.shape)
        for i, ((l1_ratio,), alphas) in enumerate(zip(grid.candidates, grid.alphas, strict=True)):
            penalty = problem.penalty(l1_ratio, self.standardize)
            path = ([(solution, fit.null)] for solution in fit.solve_all(penalty, alphas, **self._options()))
            fold.follow(i, path, task, halt)
            coefs, intercepts = np.array(fold.coefs[i]), np.array(fold.intercepts[i])
            errors = [folds.errors(fold.number, t, coefs[:, t].T, intercepts[:, t]) for t in targets]
            fold.errors[i] = np.mean(errors, axis=0)
        fold.scores = -fold.errors

    def _model(self, problem):
        model = ElasticNetProx()
        model.n_features_in_ = problem.data.p
        return model

    def _keep_details(self, done):
        self.mse_path_ = self._over_folds([fold.errors for fold in done])

    def _set_choice(self, l1_ratio):
        self.l1_ratio_ = l1_ratio

    def _fit_all(self, problem, folds):
        penalty, fit = problem.penalty(self.l1_ratio_, self.standardize), folds.whole()
        (found,) = fit.solve_all(penalty, [self.alpha_], **self._options())
        self._store(problem, found, fit.null)
