"""The elastic net with its penalty strength chosen by cross-validation."""

import itertools
from numbers import Real

import numpy as np

from .._core.block_fits import BlockFolds
from .._core.folds import as_folds
from ..utils._params import ARRAY_LIKE, PROBABILITY, Interval, Options
from ._base import PRIOR, LinearRegressor
from ._blocks import BlockSplits
from ._elastic_net import ElasticNetProx
from ._grid import Grid, read_alphas, read_list
from ._penalized_base import Penalized
from ._search import PathSearch


class ElasticNetProxCV(PathSearch, Penalized, LinearRegressor):
    """Elastic net whose `alpha` and `l1_ratio` are chosen by cross-validation over whole regularization paths.

    The grid of alphas is computed once, on all (weighted) rows; every fold follows the same path, in threads. For many
    more samples than features all folds share one pass over X: the inner products of a fold's training rows are the
    total minus those of its test rows.

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=0.5
        L1 ratio or ratios to try, in [0, 1]. For 0 the grid of alphas begins where that of 0.001 does, and ends where
        that of 1 does.
    relax : float or array-like of float, default=0.0
        The value or values to try, in [0, 1], see `ElasticNetProx`. All values share the same paths.
    alphas : int or array-like of float, default=100
        Number of alphas for each L1 ratio, on a geometric grid that begins where all coefficients are zero; or the
        values, for all L1 ratios.
    eps : float, default=1e-3
        Last value of an automatic grid relative to the first, in (0, 1).
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn; None is 5 consecutive folds, or as many as there are rows if these are fewer.
    selection : {"min", "1se"}, default="min"
        "min" takes the alpha with the best mean score; "1se" the most regularized model whose mean score is
        statistically indistinguishable from it (one-standard-error rule): the largest alpha, with the other parameters
        of the best, whose mean score is within one standard error (standard deviation over folds, ``ddof=1``, divided
        by the square root of their number).
    refit : bool, default=True
        Whether to fit all rows with the choice. If not, coefficients are the means of those of the folds.
    scoring : str or callable, default=None
        Any scikit-learn scorer, greater is better; None is minus the (weighted) mean squared error.
    store_coef_path : bool, default=False
        Whether to keep the coefficients of every fold at every alpha, as `coefs_path_` and `intercepts_path_`.
    n_jobs : int, default=None
        Number of threads, each for one fold; None is 1 unless in a `joblib.parallel_config`, -1 all cores.
    penalty_factor, prior_coef, fit_intercept, standardize, positive, bounds, solver, tol, max_iter
        As for `ElasticNetProx`; `max_iter` holds for every alpha.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty strength.
    l1_ratio_ : float
        The chosen L1 ratio.
    relax_ : float
        The chosen relax. Set only if `relax` is not 0; then there is one more axis for it, before that of alphas, in
        `alphas_`, `mse_path_`, `scores_`, `coefs_path_` and `intercepts_path_`.
    alpha_min_ : float
        The alpha with the best mean score.
    alpha_1se_ : float
        The largest alpha whose mean score is within one standard error of it; at least `alpha_min_`.
    best_score_ : float
        Mean score over the folds at the chosen `alpha_`, greater is better.
    alphas_ : ndarray of shape (n_l1_ratios, n_alphas)
        In decreasing order along rows. The first axis is there even if `l1_ratio` is a number, as for the next ones.
    mse_path_ : ndarray of shape (n_l1_ratios, n_alphas, n_folds)
        Mean squared errors on the test rows, weighted; mean over targets.
    scores_ : ndarray of shape (n_l1_ratios, n_alphas, n_folds)
        Scores by which the choice is made, greater is better: ``-mse_path_``, or those of the scorer.
    coefs_path_ : ndarray of shape (n_l1_ratios, n_alphas, n_folds, n_features) or \
            (n_l1_ratios, n_alphas, n_folds, n_targets, n_features)
        Coefficients of the folds. Set only with `store_coef_path`.
    intercepts_path_ : ndarray of shape (n_l1_ratios, n_alphas, n_folds) or \
            (n_l1_ratios, n_alphas, n_folds, n_targets)
        Intercepts of the folds. Set only with `store_coef_path`.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X; in float64 where rounding them to float32 would raise the objective by more
        than `tol` (relative to the loss of the null model), as with nearly collinear features.
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_, dual_gap_, objective_ : int and float, or ndarray of shape (n_targets,)
        Of the refit, as for `ElasticNetProx`. Without refit, `n_iter_` is the largest of the folds at the choice, and
        the other two are not set.
    sparsity_ : float
        Share of coefficients that are exactly zero, or exactly `prior_coef`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter, X, y or the weights are not as described, or no fold has a score.

    Warns
    -----
    ConvergenceWarning
        If the duality gap is above `tol` in the refit or in some folds.
    UserWarning
        If the choice lies at an end of the grid and a better alpha may lie beyond; if a fold has no score; if there are
        fewer rows than folds. See Notes.

    See Also
    --------
    ElasticNetProx : One value of alpha.

    Notes
    -----
    **The end of the grid.** A warning is given if the smallest alpha has the best mean score and the score still rises
    there: its gain over the last decade of alpha is more than one percent of the range of mean scores, and more than
    the standard error of that gain over the folds. Where the curve is flat there is no warning, as smaller values would
    give nearly the same model. The largest alpha is only warned of if it was given in `alphas` and some coefficients
    are not zero there: an automatic grid begins at the null model.

    **Folds without a score**, such as the AUC where all test rows are of one class, or R^2 on one row, do not take part
    in the choice; a warning names them, and their `scores_` are NaN.

    With metadata routing enabled, parameters of `fit` go to the splitter's `split` and the scorer where these request
    them, such as ``GroupKFold().set_split_request(groups=True)``. Without it, `sample_weight` goes to the scorer.

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

    _takes_blocks = True
    _parameter_constraints = {
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both"), ARRAY_LIKE],
        "relax": [PROBABILITY, ARRAY_LIKE],
        **PathSearch._search_constraints,
        **LinearRegressor._penalty_constraints,
        "prior_coef": PRIOR,
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
        store_coef_path=False,
        n_jobs=None,
        penalty_factor=None,
        prior_coef=None,
        fit_intercept=True,
        standardize=False,
        positive=False,
        relax=0.0,
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
        self.store_coef_path = store_coef_path
        self.n_jobs = n_jobs
        self.penalty_factor = penalty_factor
        self.prior_coef = prior_coef
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.relax = relax
        self.bounds = bounds
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    def _grid(self, problem):
        ratios = read_list(self.l1_ratio, "l1_ratio", 0, 1, "both")
        alphas = [read_alphas(self.alphas, self.eps, ratio, lambda r: self._alpha_max(problem, r)) for ratio in ratios]
        shares = list(self._relax_axis.values())
        shape = (ratios.size, *(values.size for values in shares))
        candidates = list(itertools.product(ratios, *shares))
        return Grid(shape, candidates, np.repeat(alphas, len(candidates) // ratios.size, axis=0))

    def _alpha_max(self, problem, l1_ratio, relax=0.0):
        return self._on_rows(problem).alpha_max(self._penalty(problem, l1_ratio))

    def _folds(self, problem, splits):
        if isinstance(splits, BlockSplits):
            return BlockFolds(problem.data, splits)
        return as_folds(problem.data, problem.Y, problem.weights, splits, self.solver)

    def _options(self):
        return dict(tol=self.tol, max_iter=self.max_iter, solver=self.solver)

    def _follow(self, problem, folds, fold, grid, task, halt):
        fit, targets = folds.train(fold.number), range(len(problem.Y))
        fold.errors = np.empty(fold.alphas.shape)
        kept = []
        for i, (candidate, alphas) in enumerate(zip(grid.candidates, grid.alphas, strict=True)):
            solutions = self._solutions(fit, self._penalty(problem, candidate[0]), alphas, candidate, kept)
            fold.follow(i, ([(solution, fit.null)] for solution in solutions), task, halt)
            coefs, intercepts = np.array(fold.coefs[i]), np.array(fold.intercepts[i])
            errors = [folds.errors(fold.number, t, coefs[:, t].T, intercepts[:, t]) for t in targets]
            fold.errors[i] = np.mean(errors, axis=0)
        fold.scores = -fold.errors

    def _model(self, problem):
        model = ElasticNetProx()
        model.n_features_in_ = problem.data.p
        return model

    def _keep_paths(self, problem, grid, done):
        super()._keep_paths(problem, grid, done)
        self.mse_path_ = self._over_folds(grid, [fold.errors for fold in done])

    def _set_choice(self, l1_ratio, *relax):
        self.l1_ratio_ = l1_ratio
        vars(self).pop("relax_", None)
        if relax:
            self.relax_ = relax[0]

    def _null_losses(self, problem):
        return self._on_rows(problem).null

    def _fit_all(self, problem, folds):
        penalty, fit = self._penalty(problem, self.l1_ratio_), folds.whole()
        candidate = self.l1_ratio_, getattr(self, "relax_", 0.0)
        (found,) = self._solutions(fit, penalty, [self.alpha_], candidate, [])
        self._store(problem, found, fit, penalty)
