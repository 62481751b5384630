"""What cross-validation over whole paths shares: folds in threads, the choice, metadata routing."""

import threading
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed

from ..utils._alphas import MIN_GRID_L1_RATIO, alpha_grid, one_standard_error
from ..utils._callbacks import Task, with_callbacks
from ..utils._params import ANY_STRING, ARRAY_LIKE, BOOLEAN, CALLABLE, CV, NONE, Interval, Options
from ..utils._split import read_splits
from ..utils._threads import one_blas_thread
from ..utils._validation import check_alphas, unchanged_on_error


def read_alphas(alphas, eps, problem, l1_ratio, standardize, alpha_max):
    """The grid that an int asks for on these data, or the given one in decreasing order.

    ``alpha_max(penalty)`` is the smallest strength at which all coefficients are zero.
    """
    if not isinstance(alphas, Integral):
        return check_alphas(alphas)
    top = alpha_max(problem.penalty(max(l1_ratio, MIN_GRID_L1_RATIO), standardize))
    if not np.isfinite(top):
        raise ValueError(
            f"alphas={alphas} asks for a grid, but no feature that varies is penalized: no alpha changes anything."
        )
    # Without L1 the grid ends where that of the lasso does: ridge needs strengths as small as that.
    return alpha_grid(top, alphas, eps * MIN_GRID_L1_RATIO if l1_ratio == 0.0 else eps)


def read_list(values, name, low, high, closed):
    """One number or several as an array; each must be in the range."""
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    allowed = Interval(Real, low, high, closed)
    if array.ndim != 1 or not array.size or not all(value in allowed for value in array.tolist()):
        span = str(allowed).partition("in the ")[2]
        raise ValueError(f"{name} must hold numbers in the {span}; got {values!r}.")
    return array


class Grid(NamedTuple):
    """What is searched: candidates, such as pairs of l1_ratio and smoothing, and the alphas of each."""

    shape: tuple
    candidates: list
    alphas: np.ndarray  # (n_candidates, n_alphas)


class Interrupted(Exception):
    """Ends the other threads after one of them, or the user, ended the fit."""


class Fold:
    """The paths of one fold, one for each candidate, and how well they predict the held-out rows.

    Attributes
    ----------
    keep : bool
        Whether coefficients are needed in the end.
    coefs : list of list of ndarray
        Coefficients of every candidate and alpha, (n_targets, n_features); likewise `intercepts`, (n_targets,).
    scores : ndarray of shape (n_candidates, n_alphas)
    n_iter : ndarray of shape (n_candidates, n_alphas)
    unmet : float
        The largest gap above tol, relative to the null model's loss; 0 where there is none.
    """

    def __init__(self, number, alphas, keep):
        self.number, self.alphas, self.keep = number, alphas, keep
        self.n_iter, self.scores, self.unmet = np.zeros(alphas.shape, dtype=int), np.zeros(alphas.shape), 0.0
        self.coefs, self.intercepts = ([[] for _ in alphas] for _ in range(2))

    def follow(self, candidate, path, task, halt, score=None):
        """Walk along the path of a candidate, whose items are solutions of all targets with the units of their gaps.

        With `score`, a function of coefficients and intercepts, coefficients need not be kept.
        """
        for k, solutions in enumerate(path):
            coef, intercept = zip(*((s.coef, s.intercept) for s, _ in solutions), strict=True)
            coef, intercept = np.vstack(coef), np.hstack(intercept)
            if score is not None:
                self.scores[candidate, k] = score(coef, intercept)
            if score is None or self.keep:
                self.coefs[candidate].append(coef)
                self.intercepts[candidate].append(intercept)
            self.n_iter[candidate, k] = max(np.max(s.n_iter) for s, _ in solutions)
            for s, null in solutions:
                self.unmet = max(self.unmet, np.max(np.where(s.met, 0.0, s.gap / null)))
            task.part("alpha").end()
            if halt.is_set():
                raise Interrupted

    def score(self, model, problem, scorer, X, y, params):
        """Scores by a scikit-learn scorer, which is given `model` with the coefficients set."""
        for i, k in np.ndindex(self.alphas.shape):
            model._set_coef(self.coefs[i][k], self.intercepts[i][k], problem.one_target)
            self.scores[i, k] = scorer(model, X, y, **params)


class PathSearch:
    """Fits whole paths on every fold and chooses among candidates (l1_ratio, ...) and alphas.

    Estimators give `_grid`, `_folds`, `_follow` (all paths of a fold, and their default scores), `_labels`, `_model`
    (an estimator that predicts with a fold's coefficients), `_set_choice` and `_fit_all`.
    """

    _search_constraints = {
        "alphas": [Interval(Integral, 1, np.inf), ARRAY_LIKE],
        "eps": [Interval(Real, 0.0, 1.0, closed="neither")],
        "cv": [Interval(Integral, 2, np.inf), CV, NONE],
        "selection": [Options("min", "1se")],
        "refit": [BOOLEAN],
        "scoring": [ANY_STRING, CALLABLE, NONE],
        "n_jobs": [Interval(Integral, -np.inf, np.inf, closed="neither"), NONE],
        "max_iter": [Interval(Integral, 1, np.inf)],
    }

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the strengths and fit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Fortran order or CSC saves a copy.
        y : array-like of shape (n_samples,) or, for regression, (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
            Weights in the fits and in the scores; non-negative, not all zero.
        **params : dict
            Routed to the splitter and the scorer; needs metadata routing.

        Returns
        -------
        self : object
        """
        problem = self._read(X, y, sample_weight)
        routed = self._route(sample_weight, problem.sample_weight, params)
        splits = self._splits(problem, routed.splitter.split)
        grid = self._grid(problem)
        folds = self._folds(problem, splits)
        task = Task.root(self, len(splits) + self.refit, sequential=False)
        done = self._run_folds(problem, folds, splits, grid, routed.scorer.score, task)
        self.alphas_ = grid.alphas.reshape(*grid.shape, -1)
        self.scores_ = self._over_folds([fold.scores for fold in done])
        self._keep_details(done)
        chosen = self._choose(grid)
        if self.refit:
            part = task.part("refit", number=len(splits))
            with one_blas_thread():
                self._fit_all(problem, folds)
            part.end()
        else:
            self._average(problem, done, chosen)
        worst = max(fold.unmet for fold in done)
        if worst > 0.0:
            self._warn(worst, " in some folds")
        task.end()
        return self

    def _over_folds(self, arrays):
        """Arrays of all folds, as (*grid, n_alphas, n_folds)."""
        return np.stack(arrays, axis=-1).reshape(*self.alphas_.shape, len(arrays))

    def _keep_details(self, done):
        """Set attributes that only some estimators have."""

    def _splits(self, problem, split_params):
        y = self._labels(problem)
        splits = read_splits(self.cv, problem.X, y, is_classifier(self), **split_params)
        weights = np.ones(problem.data.n) if problem.weights is None else problem.weights
        for number, rows in enumerate(splits):
            for part, name in zip(rows, ("training", "held-out"), strict=True):
                if not weights[part].any():
                    raise ValueError(f"cv={self.cv!r}: the {name} rows of fold {number} have no weight.")
            if is_classifier(self) and np.unique(y[rows[0]][weights[rows[0]] > 0.0]).size < 2:
                raise ValueError(f"cv={self.cv!r}: the training rows of fold {number} hold only one class.")
        return splits

    def _run_folds(self, problem, folds, splits, grid, score_params, task):
        halt = threading.Event()
        scorer = None if self.scoring is None else check_scoring(self, scoring=self.scoring)

        def run(number):
            part = task.part("fold", subtasks=grid.alphas.size, number=number)
            fold, test = Fold(number, grid.alphas, not self.refit), splits[number][1]
            self._follow(problem, folds, fold, grid, part, halt)
            if scorer is not None:
                params = {name: np.asarray(value)[test] for name, value in score_params.items()}
                y = self._labels(problem)[test]
                fold.score(self._model(problem), problem, scorer, problem.X[test], y, params)
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

    def _choose(self, grid):
        mean = self.scores_.mean(axis=-1)
        if not np.isfinite(mean).any():
            raise ValueError(f"scoring={self.scoring!r} gave no finite score for any alpha.")
        i, k = divmod(int(np.nanargmax(mean)), mean.shape[-1])
        one = one_standard_error(self.scores_.reshape(*grid.alphas.shape, -1)[i], k)
        self.alpha_min_, self.alpha_1se_ = float(grid.alphas[i, k]), float(grid.alphas[i, one])
        chosen = k if self.selection == "min" else one
        self.alpha_ = float(grid.alphas[i, chosen])
        self._set_choice(*map(float, grid.candidates[i]))
        return i, chosen

    def _average(self, problem, done, chosen):
        """The mean of the folds' solutions with the choice."""
        i, k = chosen
        coef = np.mean([fold.coefs[i][k] for fold in done], axis=0)
        intercept = np.mean([fold.intercepts[i][k] for fold in done], axis=0)
        self._set_coef(coef.astype(problem.X.dtype), intercept, problem.one_target)
        for name in ("dual_gap_", "objective_", "stationarity_"):  # of an earlier fit
            vars(self).pop(name, None)
        self.sparsity_ = float(np.mean(coef == 0.0))
        self.n_iter_ = int(max(fold.n_iter[i, k] for fold in done))

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
        splitter = check_cv(self.cv, classifier=is_classifier(self))
        router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        if self.scoring is not None:
            scorer = check_scoring(self, scoring=self.scoring)
            router.add(scorer=scorer, method_mapping=MethodMapping().add(caller="fit", callee="score"))
        return router
