"""The elastic net with its strengths chosen by cross-validation."""

import threading
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed

from .._core.folds import as_folds
from ..utils._callbacks import Task, with_callbacks
from ..utils._params import ANY_STRING, ARRAY_LIKE, BOOLEAN, CALLABLE, CV, NONE, Interval, Options
from ..utils._threads import one_blas_thread
from ..utils._validation import unchanged_on_error
from ._base import LinearRegressor
from ._elastic_net import ElasticNetProx, read_alphas


class Interrupted(Exception):
    """Ends the other threads after one of them, or the user, ended the fit."""


def one_standard_error(scores, best):
    """Index of the first entry of `scores` (n_alphas, n_folds) within one standard error of row `best`, or before it.

    Alphas decrease along the rows, so the choice is never less regularized than `best` (Hastie, Tibshirani & Friedman,
    The Elements of Statistical Learning, 2nd ed., section 7.10).
    """
    mean = scores.mean(axis=1)
    folds = scores.shape[1]
    error = scores[best].std(ddof=1) / np.sqrt(folds) if folds > 1 else 0.0
    return int(np.flatnonzero(mean[: best + 1] >= mean[best] - error)[0])


class _Fold:
    """The paths of one fold, and how well they predict the held-out rows.

    Attributes
    ----------
    coefs : ndarray of shape (n_l1_ratios, n_targets, n_features, n_alphas)
    intercepts : ndarray of shape (n_l1_ratios, n_targets, n_alphas)
    errors, scores : ndarray of shape (n_l1_ratios, n_alphas)
    n_iter : ndarray of shape (n_l1_ratios, n_alphas)
    unmet : float
        The largest gap above tol, relative to the null model's loss; 0 where there is none.
    """

    def __init__(self, number, folds, penalties, alphas):
        self.number, self.folds, self.penalties, self.alphas = number, folds, penalties, alphas

    def follow(self, task, halt, n_targets, options):
        fit, shape = self.folds.train(self.number), self.alphas.shape
        self.coefs = np.zeros((shape[0], n_targets, self.folds.data.p, shape[1]))
        self.intercepts = np.zeros((shape[0], n_targets, shape[1]))
        self.n_iter, self.errors, self.unmet = np.zeros(shape, dtype=int), np.zeros(shape), 0.0
        for i, penalty in enumerate(self.penalties):
            runs = [fit.solve(t, penalty, self.alphas[i], **options) for t in range(n_targets)]
            for k, solutions in enumerate(zip(*runs, strict=True)):
                for t, s in enumerate(solutions):
                    self.coefs[i, t, :, k], self.intercepts[i, t, k] = s.coef, s.intercept
                    self.n_iter[i, k] = max(self.n_iter[i, k], s.n_iter)
                    if not s.met:
                        self.unmet = max(self.unmet, s.gap / fit.null[t])
                task.part("alpha").end()
                if halt.is_set():
                    raise Interrupted
            self.errors[i] = np.mean(
                [self.folds.errors(self.number, t, self.coefs[i, t], self.intercepts[i, t]) for t in range(n_targets)],
                axis=0,
            )
        self.scores = -self.errors

    def score(self, scorer, problem, test, params):
        X, y = problem.X[test], problem.Y.T[test]
        params = {name: np.asarray(value)[test] for name, value in params.items()}
        model = ElasticNetProx()
        model.n_features_in_ = X.shape[1]
        for i, k in np.ndindex(self.alphas.shape):
            model.coef_, model.intercept_ = self.coefs[i, :, :, k], self.intercepts[i, :, k]
            if problem.flat:
                model.coef_, model.intercept_ = model.coef_[0], model.intercept_[0]
            self.scores[i, k] = scorer(model, X, y[:, 0] if problem.flat else y, **params)


class ElasticNetProxCV(LinearRegressor):
    """Elastic net whose `alpha` and `l1_ratio` are chosen by cross-validation over whole paths.

    The grid of alphas is laid out once, on all (weighted) data; every fold follows the same path, in threads. For many
    more samples than features all folds share one pass over X: the inner products of a fold's training rows are the
    total minus those of its held-out rows.

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=0.5
        Share or shares of L1 to try, in [0, 1]; for 0 the grid of alphas is that of 0.001.
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
        Coefficients, in the dtype of X.
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_, dual_gap_, objective_ : int and float, or ndarray of shape (n_targets,)
        Of the refit, as for `ElasticNetProx`. Without refit, `n_iter_` is the most that a fold took for the choice and
        the other two are not set.
    sparsity_ : float
        Share of coefficients that are exactly zero.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)

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
        "alphas": [Interval(Integral, 1, np.inf), ARRAY_LIKE],
        "eps": [Interval(Real, 0.0, 1.0, closed="neither")],
        "cv": [Interval(Integral, 2, np.inf), CV, NONE],
        "selection": [Options("min", "1se")],
        "refit": [BOOLEAN],
        "scoring": [ANY_STRING, CALLABLE, NONE],
        "n_jobs": [Interval(Integral, -np.inf, np.inf, closed="neither"), NONE],
        **LinearRegressor._penalty_constraints,
        "solver": [Options("auto", "cd", "gram", "prox_grad")],
        "max_iter": [Interval(Integral, 1, np.inf)],
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

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the strengths and fit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Fortran order or CSC saves a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
            Weights in the fits and in the scores; non-negative, not all zero.
        **params : dict
            Routed to the splitter and the scorer; needs metadata routing.

        Returns
        -------
        self : object
        """
        problem = self._read(X, y, sample_weight)
        routed = self._route(sample_weight, problem.weights, params)
        ratios = self._ratios()
        splits = self._splits(problem, routed.splitter.split)
        alphas = np.array([read_alphas(self.alphas, self.eps, problem, r, self.standardize) for r in ratios])
        folds = as_folds(problem.data, problem.Y, problem.weights, splits, self.solver)
        task = Task.root(self, len(splits) + self.refit, sequential=False)
        done = self._run_folds(problem, folds, splits, ratios, alphas, routed.scorer.score, task)
        self.mse_path_ = np.stack([fold.errors for fold in done], axis=2)
        self.scores_ = np.stack([fold.scores for fold in done], axis=2)
        self.alphas_ = alphas
        row = self._choose(ratios)
        if self.refit:
            self._fit_all(problem, folds.whole(), task.part("refit", number=len(splits)))
        else:
            self._average(problem, done, row)
        worst = max(fold.unmet for fold in done)
        if worst > 0.0:
            self._warn(worst, " in some folds")
        task.end()
        return self

    def _ratios(self):
        ratios = np.atleast_1d(np.asarray(self.l1_ratio, dtype=np.float64))
        if ratios.ndim != 1 or not ratios.size or not ((ratios >= 0.0) & (ratios <= 1.0)).all():
            raise ValueError(f"l1_ratio must hold numbers in the range [0, 1]; got {self.l1_ratio!r}.")
        return ratios

    def _splits(self, problem, split_params):
        y = problem.Y[0] if problem.flat else problem.Y.T
        every = np.arange(problem.data.n)  # indexing it turns masks and negative indices into plain ones
        splits = [(every[a], every[b]) for a, b in check_cv(self.cv).split(problem.X, y, **split_params)]
        if not splits:
            raise ValueError(f"cv={self.cv!r} has no splits; an iterator is empty after its first use.")
        weights = np.ones(problem.data.n) if problem.weights is None else problem.weights
        for number, rows in enumerate(splits):
            for part, name in zip(rows, ("training", "held-out"), strict=True):
                if not weights[part].any():
                    raise ValueError(f"cv={self.cv!r}: the {name} rows of fold {number} have no weight.")
        return splits

    def _run_folds(self, problem, folds, splits, ratios, alphas, score_params, task):
        halt = threading.Event()
        scorer = None if self.scoring is None else check_scoring(self, scoring=self.scoring)

        def run(number):
            part = task.part("fold", subtasks=alphas.size, number=number)
            fold = _Fold(number, folds, [problem.penalty(r, self.standardize) for r in ratios], alphas)
            fold.follow(part, halt, len(problem.Y), dict(tol=self.tol, max_iter=self.max_iter, solver=self.solver))
            if scorer is not None:
                fold.score(scorer, problem, splits[number][1], score_params)
            if self.refit:
                fold.coefs = None
            part.end()
            return fold

        try:
            with one_blas_thread():
                return Parallel(n_jobs=self.n_jobs, require="sharedmem")(delayed(run)(k) for k in range(len(splits)))
        except BaseException:
            halt.set()
            raise

    def _choose(self, ratios):
        mean = self.scores_.mean(axis=2)
        if not np.isfinite(mean).any():
            raise ValueError(f"scoring={self.scoring!r} gave no finite score for any alpha.")
        i, k = np.unravel_index(np.nanargmax(mean), mean.shape)
        one = one_standard_error(self.scores_[i], k)
        self.l1_ratio_ = float(ratios[i])
        self.alpha_min_, self.alpha_1se_ = float(self.alphas_[i, k]), float(self.alphas_[i, one])
        chosen = k if self.selection == "min" else one
        self.alpha_ = float(self.alphas_[i, chosen])
        return i, chosen

    def _fit_all(self, problem, fit, task):
        penalty = problem.penalty(self.l1_ratio_, self.standardize)
        options = dict(tol=self.tol, max_iter=self.max_iter, solver=self.solver)
        with one_blas_thread():
            found = [s for t in range(len(problem.Y)) for s in fit.solve(t, penalty, [self.alpha_], **options)]
        self._store(problem, found, fit.null)
        task.end()

    def _average(self, problem, done, row):
        coef = np.mean([fold.coefs[row[0]][:, :, row[1]] for fold in done], axis=0)
        intercept = np.mean([fold.intercepts[row[0]][:, row[1]] for fold in done], axis=0)
        self.coef_ = coef.astype(problem.data.X.dtype)
        self.intercept_ = intercept
        if problem.flat:
            self.coef_, self.intercept_ = self.coef_[0], float(intercept[0])
        for name in ("dual_gap_", "objective_"):  # of an earlier fit
            vars(self).pop(name, None)
        self.sparsity_ = float(np.mean(coef == 0.0))
        self.n_iter_ = int(max(fold.n_iter[row] for fold in done))

    def _route(self, sample_weight, weights, params):
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            routed.setdefault("scorer", Bunch(score={}))
            return routed
        if params:
            raise ValueError(
                f"fit got {sorted(params)}; to pass them to the splitter or the scorer, enable metadata routing with"
                " sklearn.set_config(enable_metadata_routing=True)."
            )
        weights = {} if weights is None else {"sample_weight": weights}
        return Bunch(splitter=Bunch(split={}), scorer=Bunch(score=weights))

    def get_metadata_routing(self):
        """Where parameters of `fit` go.

        Returns
        -------
        routing : MetadataRouter
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=check_cv(self.cv), method_mapping=MethodMapping().add(caller="fit", callee="split"))
        if self.scoring is not None:
            scorer = check_scoring(self, scoring=self.scoring)
            router.add(scorer=scorer, method_mapping=MethodMapping().add(caller="fit", callee="score"))
        return router
