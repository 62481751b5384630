"""Search along the paths of several penalties by cross-validation."""

import itertools
from numbers import Real

import numpy as np

from .._core.data import as_data
from ..utils._params import ARRAY_LIKE, NONE, Interval
from ._blocks import BlockSplits, training_cells
from ._grid import Grid, read_list
from ._penalty_choice import DEFAULT_GAMMA, MIN_GAMMA, WithPenalty
from ._search import PathSearch

LEAST_LOSS = 1e-300  # stands for a loss of 0


class PenaltySearch(PathSearch, WithPenalty):
    """Search along the paths of all combinations of the l1_ratio, gamma, and what else a subclass adds to `_axes`.

    Besides, a subclass gives `_score_on`, for row blocks `_scores_on_blocks`, `_model`, and what else `PathSearch` asks
    for.
    """

    _search_constraints = {
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both"), ARRAY_LIKE, NONE],
        "gamma": [Interval(Real, 1.0, np.inf, closed="neither"), ARRAY_LIKE, NONE],
        **PathSearch._search_constraints,
    }

    def _check_gamma(self, gamma):
        if self._shape in MIN_GAMMA:
            read_list(gamma, "gamma", MIN_GAMMA[self._shape], np.inf, "neither")

    def _axes(self):
        """The parameters of a candidate by name, each with its values."""
        gamma = DEFAULT_GAMMA.get(self._shape, 1.0) if self.gamma is None else self.gamma
        gammas = np.ones(1) if self._shape not in MIN_GAMMA else np.atleast_1d(np.asarray(gamma, dtype=float))
        axes = {"l1_ratio": read_list(self._l1_ratio, "l1_ratio", 0, 1, "both"), "gamma": gammas}
        return axes | self._relax_axis

    def _loss_of(self, candidate):
        """The parameters of a candidate that change the loss."""
        return ()

    def _fit_on(self, problem, data, candidate):
        """The loss on the rows of `data`, None for all."""
        return self._on_rows(problem, data, *self._loss_of(candidate))

    def _grid(self, problem):
        axes = self._axes()
        candidates = list(itertools.product(*axes.values()))
        alphas = [
            self._read_alphas(self.alphas, self.eps, c[0], lambda r, c=c: self._alpha_max(problem, r, *c[1:]))
            for c in candidates
        ]
        return Grid(tuple(values.size for values in axes.values()), candidates, np.array(alphas))

    def _alpha_max(self, problem, *candidate):
        return self._fit_on(problem, None, candidate).alpha_max(self._penalty_of(problem, candidate, gamma=np.inf))

    def _penalty_of(self, problem, candidate, gamma=None):
        values = dict(zip(self._axes(), candidate, strict=True))
        return self._penalty(problem, values["l1_ratio"], values.get("gamma") if gamma is None else gamma)

    def _options(self):
        return dict(tol=self.tol, max_iter=self.max_iter)

    def _folds(self, problem, splits):
        """The splits, and folds that share computations, or None."""
        return splits, None

    def _check_fold(self, problem, data, number):
        """Raise ValueError where the training rows of a fold, those of `data`, have no model."""

    def _fits_of_fold(self, problem, folds, number):
        """A function that gives the fit of a candidate on the training rows of a fold."""
        splits, shared = folds
        if shared is not None:
            fit = shared.train(number)
            return lambda candidate: fit
        data, fits = self._training_data(problem, splits, number), {}

        def of(candidate):
            key = self._loss_of(candidate)
            if key not in fits:
                fits[key] = self._fit_on(problem, data, candidate)
            return fits[key]

        return of

    def _training_data(self, problem, splits, number):
        """What solvers need of the training rows of a fold."""
        if isinstance(splits, BlockSplits):
            data = training_cells(problem, splits, number)
        else:
            weights = problem.row_weights * np.bincount(splits[number][0], minlength=problem.data.n)
            targets = problem.Y if problem.classes is None else np.empty((0, problem.data.n))
            data = as_data(problem.data.X, targets, weights, self.fit_intercept)
        self._check_fold(problem, data, number)
        return data

    def _follow(self, problem, folds, fold, grid, task, halt):
        fit_of, score = self._fits_of_fold(problem, folds, fold.number), None
        on_blocks = isinstance(folds[0], BlockSplits)
        if self._scores_paths and not on_blocks:
            score = self._score_on(problem, *folds[0][fold.number])
        kept = []
        for i, (candidate, alphas) in enumerate(zip(grid.candidates, grid.alphas, strict=True)):
            fit, penalty = fit_of(candidate), self._penalty_of(problem, candidate)
            units = fit.gap_units(penalty)
            solutions = self._solutions(fit, penalty, alphas, candidate, kept)
            fold.follow(i, ([(solution, units)] for solution in solutions), task, halt, score)
            if self._scores_paths and on_blocks:  # in one pass for all alphas
                models = np.array(fold.coefs[i]), np.array(fold.intercepts[i])
                fold.scores[i] = self._scores_on_blocks(problem, folds[0], fold.number, *models)

    def _set_choice(self, *candidate):
        for name, value in zip(self._axes(), candidate, strict=True):
            setattr(self, f"{name}_", value)
        if self._shape not in MIN_GAMMA:
            vars(self).pop("gamma_", None)
        if not self._relax_axis:
            vars(self).pop("relax_", None)

    @property
    def _candidate(self):
        """The chosen candidate."""
        return tuple(getattr(self, f"{name}_", 1.0) for name in self._axes())

    def _null_losses(self, problem):
        fit = self._fit_on(problem, None, self._candidate)
        return np.maximum(fit.null / fit.max_hess, LEAST_LOSS)

    def _fit_all(self, problem, folds):
        shared = folds[1]
        fit = self._fit_on(problem, None, self._candidate) if shared is None else shared.whole()
        penalty = self._penalty_of(problem, self._candidate)
        (found,) = self._solutions(fit, penalty, [self.alpha_], self._candidate, [])
        self._store(problem, found, fit, penalty)
