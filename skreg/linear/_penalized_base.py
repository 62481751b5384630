"""Base of the penalized models: one fit and one path for every loss and penalty."""

import numpy as np

from .._core.block_fits import squared_fit
from .._core.solution import blended
from ..utils._blocks import has_blocks
from ..utils._callbacks import Task, with_callbacks
from ..utils._errors import unchanged_on_error
from ..utils._threads import one_blas_thread
from ..utils._validation import check_coef_init
from ._base import LinearModel
from ._grid import check_grid, read_alphas


class Penalized(LinearModel):
    """Linear model whose parameters say a loss and a penalty.

    A subclass is a constructor, a docstring, `LinearRegressor` or `LinearClassifier`, and these hooks:

    `_penalty(problem, l1_ratio)`
        The `Penalty` without alpha.
    `_on_rows(problem)`
        The loss on the rows of a problem, as `RowsFit` is for the squared loss.
    """

    _takes_blocks = False  # of rows, by moments

    def _read(self, X, y, sample_weight, **columns):
        """Check parameters and data; sets what is known of the features. `columns` belong to the rows, as y does."""
        if self._takes_blocks and has_blocks(X):
            from ._blocks import read_in_blocks  # takes long to import, and few need it

            self._check_parameters()
            found = read_in_blocks(X, lambda: self._read_blocks(X, y, sample_weight, **columns))
            if found is not None:
                return found[0]
        return self._read_rows(X, y, sample_weight, **columns)

    def _read_rows(self, X, y, sample_weight):
        """The problem in memory."""
        return super()._read(X, y, sample_weight)

    def _read_blocks(self, X, y, sample_weight, splits_of=None):
        """The problem on row blocks, and the splits that `splits_of` makes of it."""
        from ._blocks import read_blocks

        return read_blocks(self, X, y, sample_weight, splits_of, **self._restrictions())

    def _penalty(self, problem, l1_ratio):
        return problem.penalty(l1_ratio, self.standardize)

    def _on_rows(self, problem):
        return squared_fit(problem.data)

    def _read_alphas(self, alphas, eps, l1_ratio, alpha_max):
        """See `read_alphas`."""
        return read_alphas(alphas, eps, l1_ratio, alpha_max)

    def _labels(self, problem):
        """Targets in the form of the y that the user gave."""
        return problem.targets[0] if problem.one_target else problem.targets.T

    def _store(self, problem, found, fit, penalty):
        """Set the fitted attributes from the `Solution` of all targets, and warn of those that did not converge."""
        coef, intercept = problem.rounded(found.coef, found.intercept, self.tol, fit.null, fit.max_hess)
        self._set_coef(coef, intercept, problem.one_target)
        nothing = np.full(found.gap.shape, np.nan)
        parts = dict(n_iter_=found.n_iter, objective_=found.objective)
        parts["dual_gap_"] = found.gap if fit.has_gap(penalty) else nothing
        if not fit.has_gap(penalty):
            parts["stationarity_"] = found.gap
        vars(self).pop("stationarity_", None)
        for name, values in parts.items():
            setattr(self, name, values[0].item() if problem.one_target or problem.is_joint else values)
        self.sparsity_ = problem.share_of_zeros(coef)
        self._warn_of(problem, found, fit, penalty)

    def _warn_of(self, problem, found, fit, penalty):
        """Warn of the targets that did not converge."""
        for t in np.flatnonzero(~found.met):
            self._warn(found.gap[t] / fit.gap_units(penalty)[t])


class PenalizedFit(Penalized):
    """A model for one alpha, and its path."""

    solver = "auto"
    relax = 0.0

    @property
    def _l1_ratio(self):
        return self.l1_ratio

    def _check_problem(self, problem, penalty, alphas):
        """Raise ValueError where the data and the parameters do not go together."""

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or Dask collection of shape (n_samples, n_features)
            Fortran order or CSC saves a copy. A Dask array or dataframe, and a large memmap or Arrow
            frame, is read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Each target has a model of its own; of two dimensions, `coef_` and predictions have two as well.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative, not all zero; a weight of 2 counts as two equal rows.

        Returns
        -------
        self : object
        """
        return self._fit(self._read(X, y, sample_weight))

    def _fit(self, problem):
        task, penalty = Task.root(self), self._penalty(problem, self._l1_ratio)
        fit = self._on_rows(problem)
        solutions = self._solutions(fit, problem, penalty, [self.alpha], self._warm(problem, fit.n_scores))
        with one_blas_thread():
            (found,) = solutions
        self._store(problem, found, fit, penalty)
        task.end()
        return self

    def _warm(self, problem, n_scores):
        """Coefficients (n_scores, n_features) of the last fit, if this one starts from them."""
        if not (self.warm_start and hasattr(self, "coef_")):
            return None
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        coef = np.atleast_2d(coef)
        return problem.without_prior(coef.astype(np.float64)) if coef.shape == (n_scores, problem.data.p) else None

    def _solutions(self, fit, problem, penalty, alphas, coef_init):
        """Yield the solutions of all targets, one `Solution` for each alpha, solving as it goes."""
        self._check_problem(problem, penalty, alphas)
        fit.prepare(penalty, alphas, self.solver)
        options = dict(tol=self.tol, max_iter=self.max_iter, solver=self.solver)
        solutions = fit.solve_all(penalty, alphas, coef_init=coef_init, **options)
        if self.relax == 0.0:
            return solutions
        options["solver"] = "auto"
        pairs = zip(alphas, solutions, strict=True)
        return (blended(s, fit.refit(penalty, alpha, s, **options), self.relax) for alpha, s in pairs)

    def path(self, X, y, sample_weight=None, *, alphas=100, eps=1e-3, coef_init=None):
        """Solutions for decreasing values of alpha, each warm-started from the one before; `alpha` is not used.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
        alphas : int or array-like of shape (n_alphas,), default=100
            Number of values on a geometric grid that begins where all coefficients are zero (of all targets, on the
            weighted data), or the values.
        eps : float, default=1e-3
            Last value of that grid relative to the first, in (0, 1).
        coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
            Starting point, such as the last coefficients of a path that is to be continued.

        Returns
        -------
        alphas : ndarray of shape (n_alphas,)
            In decreasing order.
        coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        dual_gaps : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
            Certificates, as `dual_gap_`; for several targets, one row for each.
        """
        check_grid(alphas, eps)
        return self._path(self._read_aside(X, y, sample_weight), alphas, eps, coef_init)

    def _path(self, problem, alphas, eps, coef_init):
        penalty = self._penalty(problem, self._l1_ratio)
        fit, p = self._on_rows(problem), problem.data.p
        K, T = fit.n_scores, fit.null.size
        alphas = self._read_alphas(alphas, eps, self._l1_ratio, lambda r: fit.alpha_max(self._penalty(problem, r)))
        init = None if coef_init is None else problem.without_prior(check_coef_init(coef_init, K, p))
        coefs = np.zeros((K, alphas.size, p), dtype=problem.X.dtype).transpose(0, 2, 1)  # each solution in one piece
        intercepts, gaps = np.zeros((K, alphas.size)), np.zeros((T, alphas.size))
        met = np.ones((T, alphas.size), dtype=bool)
        solutions = self._solutions(fit, problem, penalty, alphas, init)
        with one_blas_thread():
            for k, s in enumerate(solutions):
                coef, intercepts[:, k] = problem.rounded(s.coef, s.intercept, self.tol, fit.null, fit.max_hess)
                if coef.dtype != coefs.dtype:  # float32 is not enough for this alpha
                    coefs = coefs.astype(coef.dtype)
                coefs[:, :, k] = coef
                gaps[:, k], met[:, k] = s.gap, s.met
        for t in np.flatnonzero(~met.all(axis=1)):
            worst, unit = gaps[t, ~met[t]].max(), fit.gap_units(penalty)[t]
            self._warn(worst / unit, f" at {(~met[t]).sum()} of {alphas.size} alphas")
        if problem.is_flat:
            coefs, intercepts = coefs[0], intercepts[0]
        return alphas, coefs, intercepts, gaps[0] if problem.one_target or problem.is_joint else gaps
