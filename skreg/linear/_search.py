"""Base of cross-validation over whole regularization paths: folds in threads, the choice, metadata routing."""

import functools
import threading
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed

from .._core.solution import blended
from ..utils._alphas import one_standard_error
from ..utils._blocks import has_blocks
from ..utils._callbacks import Task, with_callbacks
from ..utils._errors import caller_level, unchanged_on_error
from ..utils._params import ARRAY_LIKE, BOOLEAN, CV, NONE, Interval, Options
from ..utils._scoring import SCORING, with_all_classes
from ..utils._split import name_of, params_of_rows, read_splits
from ..utils._threads import one_blas_thread
from ._blocks import read_block_splits, read_in_blocks
from ._grid import end_of_grid, read_list

DEFAULT_FOLDS = 5


class Interrupted(Exception):
    """Ends the threads of the other folds after one of them, or the user, ended the fit."""


class Fold:
    """The paths of one fold, one for each candidate, and how well they predict the test rows.

    Parameters
    ----------
    number : int
    alphas : ndarray of shape (n_candidates, n_alphas)
    keep_coefs : bool
        Whether coefficients are needed after the fold has been scored.

    Attributes
    ----------
    coefs : list of list of ndarray
        Coefficients of every candidate and alpha, (n_targets, n_features); likewise `intercepts`, (n_targets,).
    scores : ndarray of shape (n_candidates, n_alphas)
        NaN where the scorer has no value.
    score_error : ValueError or None
        The first error that the scorer raised.
    n_iter : ndarray of shape (n_candidates, n_alphas)
    largest_gap : float
        The largest relative duality gap of the solutions that did not reach `tol`; 0 if all did.
    """

    def __init__(self, number, alphas, keep_coefs):
        self.number = number
        self.alphas = alphas
        self.keep_coefs = keep_coefs
        self.coefs = [[] for _ in alphas]
        self.intercepts = [[] for _ in alphas]
        self.scores = np.zeros(alphas.shape)
        self.score_error = None
        self.n_iter = np.zeros(alphas.shape, dtype=int)
        self.largest_gap = 0.0

    def follow(self, candidate, path, task, halt, score=None):
        """Walk along the path of a candidate, whose items are solutions of all targets with the units of their gaps.

        With `score`, a function of coefficients and intercepts, coefficients need not be kept.
        """
        for k, solutions in enumerate(path):
            coef, intercept = zip(*((s.coef, s.intercept) for s, _ in solutions), strict=True)
            coef, intercept = np.vstack(coef), np.hstack(intercept)
            if score is not None:
                self.scores[candidate, k] = score(coef, intercept)
            if score is None or self.keep_coefs:
                self.coefs[candidate].append(coef)
                self.intercepts[candidate].append(intercept)
            self.n_iter[candidate, k] = max(np.max(s.n_iter) for s, _ in solutions)
            for s, null in solutions:
                missed = np.where(s.met, 0.0, s.gap)
                self.largest_gap = max(self.largest_gap, np.max(missed / np.where(missed > 0.0, null, 1.0)))
            task.part("alpha").end()
            if halt.is_set():
                raise Interrupted

    def score(self, model, problem, scorer, X, y, params):
        """Score all solutions by a scikit-learn scorer, which is given `model` with their coefficients."""
        for i, k in np.ndindex(self.alphas.shape):
            model._set_coef(problem.with_prior(self.coefs[i][k]), self.intercepts[i][k], problem.one_target)
            try:
                self.scores[i, k] = scorer(model, X, y, **params)
            except ValueError as error:  # such as a metric of two classes where the test rows have one
                self.scores[i, k] = np.nan
                self.score_error = self.score_error or error
            except TypeError as error:
                if "sample_weight" not in params or "sample_weight" not in str(error):
                    raise
                raise TypeError(
                    "scoring takes no sample_weight, which fit passes on to it. To score without weights, enable"
                    " metadata routing with sklearn.set_config(enable_metadata_routing=True)."
                ) from error


class PathSearch:
    """Fits whole paths on every fold and chooses among candidates (l1_ratio, ...) and alphas.

    Estimators give `_grid`, `_folds`, `_follow` (all paths of a fold, and their default scores), `_labels`, `_model`
    (an estimator that predicts with a fold's coefficients), `_alpha_max`, `_set_choice`, `_null_losses` (of all rows)
    and `_fit_all`.
    """

    _search_constraints = {
        "alphas": [Interval(Integral, 1, np.inf), ARRAY_LIKE],
        "eps": [Interval(Real, 0.0, 1.0, closed="neither")],
        "cv": [Interval(Integral, 2, np.inf), CV, NONE],
        "selection": [Options("min", "1se")],
        "refit": [BOOLEAN],
        "scoring": SCORING,
        "store_coef_path": [BOOLEAN],
        "n_jobs": [Interval(Integral, -np.inf, np.inf, closed="neither"), NONE],
        "max_iter": [Interval(Integral, 1, np.inf)],
    }

    relax = 0.0

    @property
    def _relax_axis(self):
        """The values of `relax`, which come last, if there are others than 0."""
        values = read_list(self.relax, "relax", 0, 1, "both")
        return {"relax": values} if values.any() else {}

    def _solutions(self, fit, penalty, alphas, candidate, kept):
        """The solutions of a candidate; `kept` has those, with their refits, of one that differs in `relax` alone."""
        options = self._options()
        solutions = fit.solve_all(penalty, alphas, **options)
        if not self._relax_axis:
            return solutions
        *others, share = candidate
        if kept[:1] != [others]:
            kept[:] = others, [(s, fit.refit(penalty, a, s, **options)) for a, s in zip(alphas, solutions, strict=True)]
        return (blended(*pair, share) for pair in kept[1])

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, **params):
        """Choose the penalty strength by cross-validation, and fit all rows with it.

        Parameters
        ----------
        X : array-like, sparse matrix or Dask collection of shape (n_samples, n_features)
            Fortran order or CSC saves a copy. A Dask array or dataframe, and a large memmap or Arrow
            frame, is read block by block.
        y : array-like of shape (n_samples,) or, for regression, (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights in the fits and in the scores; non-negative, not all zero.
        **params : dict
            Routed to the splitter and the scorer; needs metadata routing.

        Returns
        -------
        self : object
        """
        return self._search(*self._read_and_split(X, y, sample_weight, params))

    def _read_and_split(self, X, y, sample_weight, params, **columns):
        """The problem, its splits, and the routed parameters; `columns` belong to the rows, as y does."""
        if self._takes_blocks and has_blocks(X):
            found = read_in_blocks(X, lambda: self._read_blocks_and_split(X, y, sample_weight, params, columns))
            if found is not None:
                return found
        problem = self._read_rows(X, y, sample_weight, **columns)
        routed = self._route(problem.sample_weight, params)
        return problem, self._splits(problem, routed.splitter.split), routed

    def _read_blocks_and_split(self, X, y, sample_weight, params, columns):
        """The same for row blocks, whose moments are computed for all folds at once."""
        self._check_parameters()
        if self.scoring is not None and sample_weight is not None:
            sample_weight = np.asarray(sample_weight)
        routed = self._route(sample_weight, params)

        def splits_of(problem):
            n = problem.X.shape[0]
            cv = min(DEFAULT_FOLDS, n) if self.cv is None else self.cv
            labels, params = functools.partial(self._labels, problem), routed.splitter.split
            return read_block_splits(cv, n, labels, is_classifier(self), **params)

        return *self._read_blocks(X, y, sample_weight, splits_of, **columns), routed

    def _search(self, problem, splits, routed):
        """Follow all paths on all folds, choose, and fit all rows."""
        grid = self._grid(problem)
        folds = self._folds(problem, splits)
        task = Task.root(self, len(splits) + self.refit, sequential=False)
        done = self._run_folds(problem, folds, splits, grid, routed.scorer.score, task)
        self._keep_paths(problem, grid, done)
        chosen = self._choose(problem, grid, self._scored_folds(done))
        if self.refit:
            part = task.part("refit", number=len(splits))
            with one_blas_thread():
                self._fit_all(problem, folds)
            part.end()
        else:
            self._average(problem, done, chosen)
        largest_gap = max(fold.largest_gap for fold in done)
        if largest_gap > 0.0:
            self._warn(largest_gap, " in some folds")
        task.end()
        return self

    def _splits(self, problem, split_params):
        """Training and test rows of all folds, as pairs of index arrays."""
        y, weights = self._labels(problem), problem.row_weights
        cv = self._n_default_folds(problem, y) if self.cv is None else self.cv
        splits = read_splits(cv, problem.X, y, is_classifier(self), **split_params)
        by = f"cv={name_of(cv)}"
        for number, rows in enumerate(splits):
            for part, name in zip(rows, ("training", "held-out"), strict=True):
                if not weights[part].any():
                    raise ValueError(f"{by}: sample_weight is 0 in all {name} rows of fold {number}.")
            if is_classifier(self) and np.unique(y[rows[0]][weights[rows[0]] > 0.0]).size < 2:
                raise ValueError(f"{by}: the training rows of fold {number} hold only one class.")
        return splits

    def _n_default_folds(self, problem, y):
        """Five folds, or fewer where there are not as many rows, or not as many of any class."""
        rows = int(np.unique(y, return_counts=True)[1].max()) if is_classifier(self) else len(y)
        of = " of any class" if is_classifier(self) else ""
        if rows < 2:
            raise ValueError(
                f"cross-validation needs at least two rows{of}; got n_samples={problem.data.n}"
                f"{' with one row of every class' if of else ''}."
            )
        if rows < DEFAULT_FOLDS:
            warnings.warn(
                f"{type(self).__name__} uses {rows} folds instead of {DEFAULT_FOLDS}, as there are no more than {rows}"
                f" rows{of}. Set cv to choose the folds yourself.",
                UserWarning,
                stacklevel=caller_level(),
            )
        return min(rows, DEFAULT_FOLDS)

    @property
    def _scores_paths(self):
        """Whether `_follow` scores the paths of a fold; otherwise a scorer does."""
        return self.scoring is None

    def _run_folds(self, problem, folds, splits, grid, score_params, task):
        """Follow all paths of all folds and score them."""
        halt = threading.Event()
        scorer = None if self._scores_paths else check_scoring(self, scoring=self.scoring)
        if scorer is not None and is_classifier(self):
            scorer = with_all_classes(scorer, problem.classes, score_params)
        keep_coefs = self.store_coef_path or not self.refit

        def run(number):
            part = task.part("fold", subtasks=grid.alphas.size, number=number)
            fold, test = Fold(number, grid.alphas, keep_coefs), splits[number][1]
            self._follow(problem, folds, fold, grid, part, halt)
            if scorer is not None:
                params = params_of_rows(problem.X, score_params, test)
                y = self._labels(problem)[test]
                fold.score(self._model(problem), problem, scorer, problem.X[test], y, params)
            if not keep_coefs:
                fold.coefs = fold.intercepts = None
            part.end()
            return fold

        try:
            with one_blas_thread(), warnings.catch_warnings():
                # a score that is not defined is NaN, of which `_scored_folds` warns
                warnings.filterwarnings("ignore", ".*not (well-)?defined", UndefinedMetricWarning)
                return Parallel(n_jobs=self.n_jobs, require="sharedmem")(delayed(run)(k) for k in range(len(splits)))
        except BaseException:
            halt.set()
            raise

    def _over_folds(self, grid, arrays):
        """Arrays (n_candidates, n_alphas, ...) of all folds as one (*grid, n_alphas, n_folds, ...)."""
        stacked = np.stack(arrays, axis=2)
        return stacked.reshape(*grid.shape, *stacked.shape[1:])

    def _keep_paths(self, problem, grid, done):
        """Set what is known of all alphas and folds."""
        self.alphas_ = grid.alphas.reshape(*grid.shape, -1)
        self.scores_ = self._over_folds(grid, [fold.scores for fold in done])
        if not self.store_coef_path:
            for name in ("coefs_path_", "intercepts_path_"):  # of an earlier fit
                vars(self).pop(name, None)
            return
        coefs = self._over_folds(grid, [problem.with_prior(np.array(fold.coefs)) for fold in done])
        intercepts = self._over_folds(grid, [np.array(fold.intercepts) for fold in done])
        self.coefs_path_ = coefs[..., 0, :] if problem.is_flat else coefs
        self.intercepts_path_ = intercepts[..., 0] if problem.is_flat else intercepts

    def _scored_folds(self, done):
        """A mask of the folds whose test rows have a score; the others do not take part in the choice."""
        scored = np.array([not np.isnan(fold.scores).all() for fold in done])
        if scored.all():
            return scored
        error = next((fold.score_error for fold in done if fold.score_error is not None), None)
        reason = "it is NaN" if error is None else str(error).rstrip(".")
        remedy = "Use folds with more rows, or with all classes (StratifiedKFold), or another scoring."
        if not scored.any():
            raise ValueError(
                f"scoring={self.scoring!r} has no value on the test rows of any fold: {reason}."
                f"{'' if error is not None else ' ' + remedy}"
            ) from error
        numbers = np.flatnonzero(~scored)
        which = f"{'fold' if numbers.size == 1 else 'folds'} {', '.join(map(str, numbers))}"
        warnings.warn(
            f"{type(self).__name__} leaves {which} out of the choice: scoring={self.scoring!r} has no value on"
            f" {'its' if numbers.size == 1 else 'their'} test rows: {reason}. {remedy}",
            UserWarning,
            stacklevel=caller_level(),
        )
        return scored

    def _choose(self, problem, grid, scored):
        """Set what is chosen; returns the indices of the candidate and of the alpha."""
        scores = self.scores_.reshape(*grid.alphas.shape, -1)[..., scored]
        mean = scores.mean(axis=-1)
        if not np.isfinite(mean).any():
            raise ValueError(f"scoring={self.scoring!r} gave no finite score for any alpha.")
        i, best = divmod(int(np.nanargmax(mean)), mean.shape[-1])
        simplest = one_standard_error(scores[i], best)
        chosen = best if self.selection == "min" else simplest
        self.alpha_min_ = float(grid.alphas[i, best])
        self.alpha_1se_ = float(grid.alphas[i, simplest])
        self.alpha_ = float(grid.alphas[i, chosen])
        self.best_score_ = float(mean[i, chosen])
        self._set_choice(*map(float, grid.candidates[i]))
        self._warn_at_the_end(problem, grid, i, scores[i], best, chosen)
        return i, chosen

    def _warn_at_the_end(self, problem, grid, i, scores, best, chosen):
        """Warn where a better alpha may lie beyond the grid."""
        automatic, alphas = isinstance(self.alphas, Integral), grid.alphas[i]
        begins_at_null = automatic or (
            chosen == 0 and alphas[0] >= self._alpha_max(problem, *grid.candidates[i]) * (1.0 - 1e-6)
        )
        end = end_of_grid(alphas, scores, best, chosen, begins_at_null)
        if end is None:
            return
        if end == "largest":
            message = f"the chosen alpha, {alphas[0]:.3g}, is the largest of its grid: add larger values to alphas"
        else:
            more = f"decrease eps={self.eps:g}" if automatic else "add smaller values to alphas"
            message = (
                f"the best alpha, {alphas[-1]:.3g}, is the smallest of its grid, and the score still rises: {more}"
            )
        warnings.warn(
            f"{type(self).__name__}: {message}.",
            UserWarning,
            stacklevel=caller_level(),
        )

    def _average(self, problem, done, chosen):
        """Set the mean of the folds' solutions with the choice."""
        i, k = chosen
        coef = np.mean([fold.coefs[i][k] for fold in done], axis=0)
        intercept = np.mean([fold.intercepts[i][k] for fold in done], axis=0)
        coef, intercept = problem.rounded(coef, intercept, self.tol, self._null_losses(problem))
        self._set_coef(coef, intercept, problem.one_target)
        for name in ("dual_gap_", "objective_", "stationarity_"):  # of an earlier fit
            vars(self).pop(name, None)
        self.sparsity_ = problem.share_of_zeros(coef)
        self.n_iter_ = int(max(fold.n_iter[i, k] for fold in done))

    def _route(self, sample_weight, params):
        """Parameters of `fit` for the splitter and the scorer."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            routed.setdefault("scorer", Bunch(score={}))
            return routed
        if params:
            raise ValueError(
                f"fit got {sorted(params)}; to pass them to the splitter or the scorer, enable metadata routing with"
                " sklearn.set_config(enable_metadata_routing=True)."
            )
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return Bunch(splitter=Bunch(split={}), scorer=Bunch(score=weights))

    def get_metadata_routing(self):
        """Where the parameters of `fit` are routed to.

        Returns
        -------
        routing : MetadataRouter
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        splitter = check_cv(self.cv, classifier=is_classifier(self))
        router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        if not self._scores_paths:
            scorer = check_scoring(self, scoring=self.scoring)
            router.add(scorer=scorer, method_mapping=MethodMapping().add(caller="fit", callee="score"))
        return router
