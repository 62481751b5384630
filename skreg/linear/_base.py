"""What all linear estimators share: reading data, predicting, sparse coefficients."""

import warnings
from numbers import Real
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_X_y
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from .._core.data import Data, as_data
from .._core.solve import Penalty
from ..utils._callbacks import CallbackSupportMixin
from ..utils._params import ARRAY_LIKE, BOOLEAN, NONE, Interval, Options, check_params
from ..utils._validation import (
    caller_level,
    check_bounds,
    check_finite_columns,
    check_left_out,
    check_penalty_factor,
    check_tiny_columns,
    check_weights,
)

_READ = dict(accept_sparse="csc", dtype=[np.float64, np.float32], order="F", ensure_all_finite=False)


class Problem(NamedTuple):
    """Data that passed all checks, with the penalty's parts that depend on them."""

    X: object
    Y: np.ndarray  # (n_targets, n)
    weights: np.ndarray | None
    data: Data
    factor: np.ndarray
    bounds: tuple
    flat: bool  # y was one-dimensional

    def penalty(self, l1_ratio, standardize):
        return Penalty(l1_ratio, self.factor, self.bounds, standardize)

    def rounded(self, solution):
        """Coefficients of a solution in the dtype of X, within the bounds, and the intercept that goes with them."""
        (low, high), dtype = self.bounds, self.X.dtype
        if dtype == np.float64 and not (np.isfinite(low).any() or np.isfinite(high).any()):
            return solution.coef, solution.intercept
        exact = np.where(self.data.scale > 0.0, np.clip(solution.coef, low, high), solution.coef)
        coef = exact.astype(dtype)
        if dtype != np.float64:
            toward = np.where(coef > high, -np.inf, np.where(coef < low, np.inf, coef)).astype(dtype)
            coef = np.where(self.data.scale > 0.0, np.nextafter(coef, toward), coef)
        return coef, solution.intercept + float(self.data.mean @ (solution.coef - coef))


class LinearModel(CallbackSupportMixin, RegressorMixin, BaseEstimator):
    """Base of the linear estimators: predicts from `coef_` and `intercept_`."""

    _doc_link_module = "skreg"
    _doc_link_template = "https://skreg.readthedocs.io/en/stable/api/skreg.{estimator_name}.html"

    _penalty_constraints = {
        "penalty_factor": [Interval(Real, 0.0, np.inf, closed="both"), ARRAY_LIKE, NONE],
        "fit_intercept": [BOOLEAN],
        "standardize": [BOOLEAN],
        "positive": [BOOLEAN],
        "bounds": [ARRAY_LIKE, NONE],
        "tol": [Interval(Real, 0.0, np.inf)],
    }
    _solvers = Options("auto", "cd", "gram", "prox_grad", "direct")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _read(self, X, y, sample_weight, keep=True):
        """Check everything before any work is done; `keep` records the features on self."""
        check_params(self)
        if keep:
            X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **_READ)
        else:
            X, y = check_X_y(X, y, multi_output=True, y_numeric=True, estimator=self, **_READ)
        n, p = X.shape
        weights = check_weights(sample_weight, n)
        factor = check_penalty_factor(self.penalty_factor, p)
        bounds = check_bounds(self.bounds, self.positive, p)
        check_left_out(factor, bounds)
        flat = y.ndim == 1
        Y = np.asarray(y, dtype=np.float64).reshape(n, -1).T
        with np.errstate(over="ignore", invalid="ignore"):
            data = as_data(X, Y, weights, self.fit_intercept)
        statistics = data.spread + data.scale + np.abs(data.start).max(axis=0, initial=0.0)
        names = getattr(self, "feature_names_in_", None) if keep else None
        check_finite_columns(X, statistics, names)
        check_tiny_columns(X, data.scale, names)
        return Problem(X, Y, weights, data, factor, bounds, flat)

    def _store(self, problem, found, null):
        """Keep the solutions of all targets as fitted attributes, and warn where one is not good enough."""
        coef, intercept = (np.array(part) for part in zip(*map(problem.rounded, found), strict=True))
        self.coef_ = coef[0] if problem.flat else coef
        for name, values in (
            ("intercept_", intercept),
            ("n_iter_", np.array([s.n_iter for s in found])),
            ("dual_gap_", np.array([s.gap for s in found])),
            ("objective_", np.array([s.objective for s in found])),
        ):
            setattr(self, name, values[0].item() if problem.flat else values)
        self.sparsity_ = float(np.mean(coef == 0.0))
        for s, loss in zip(found, null, strict=True):
            if not s.met:
                self._warn(s.gap / loss)

    def _warn(self, share, where=""):
        warnings.warn(
            f"{type(self).__name__} did not converge{where}: the duality gap is {share:.3g} of the null model's loss"
            f" where tol={self.tol:g} was wanted. Increase max_iter={self.max_iter} or tol, or penalize more.",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], reset=False)
        scores = safe_sparse_dot(X, self.coef_.T, dense_output=True)
        return (scores.ravel() if np.ndim(self.intercept_) == 0 else scores) + self.intercept_

    def sparsify(self):
        """Store `coef_` as a sparse matrix, which saves memory and time when most coefficients are zero.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        if not sp.issparse(self.coef_):
            self.coef_ = sp.csr_matrix(self.coef_)
        return self

    def densify(self):
        """Store `coef_` as an ndarray again, as `fit` leaves it.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        if sp.issparse(self.coef_):
            coef = self.coef_.toarray()
            self.coef_ = coef[0] if np.ndim(self.intercept_) == 0 else coef
        return self
