"""What all linear estimators share: reading data, predicting, sparse coefficients."""

import warnings
from numbers import Real
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_X_y
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from .._core.data import Data, as_data
from .._core.solve import Penalty, alpha_max
from ..utils._callbacks import CallbackSupportMixin
from ..utils._params import ARRAY_LIKE, BOOLEAN, NONE, Interval, Options, check_params
from ..utils._validation import (
    caller_level,
    check_bounds,
    check_class_weight,
    check_classes,
    check_finite_columns,
    check_left_out,
    check_penalty_factor,
    check_tiny_columns,
    check_weights,
)

READ = dict(accept_sparse="csc", dtype=[np.float64, np.float32], order="F", ensure_all_finite=False)


class Problem(NamedTuple):
    """Data that passed all checks, with the penalty's parts that depend on them."""

    X: object
    Y: np.ndarray  # (n_targets, n); of a classifier (1, n), the places of the labels among the classes
    weights: np.ndarray | None  # of rows in the fit: sample weights, times class weights
    sample_weight: np.ndarray | None
    data: Data
    factor: np.ndarray
    bounds: tuple
    flat: bool  # y was one-dimensional

    def penalty(self, l1_ratio, standardize):
        return Penalty(l1_ratio, self.factor, self.bounds, standardize)

    def alpha_max(self, penalty):
        """The smallest strength at which all penalized coefficients of a regression are zero, over all targets."""
        return float(max(alpha_max(self.data, t, penalty) for t in range(len(self.Y))))

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
        return coef, solution.intercept + (solution.coef - coef) @ self.data.mean


def scores_of_all(scores):
    """Scores of all classes from those of `coef_` (n, K): of two classes, the first has 0."""
    return np.column_stack([np.zeros_like(scores), scores]) if scores.shape[1] == 1 else scores


class LinearModel(CallbackSupportMixin, BaseEstimator):
    """Base of the linear estimators: reads data, and predicts from `coef_` and `intercept_`."""

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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self):
        """Check what can be checked without data."""
        check_params(self)

    def _check(self, X, Y, sample_weight, weights, *, targets, flat, named):
        """Check everything else before any work is done; `targets` are normalized with X."""
        p = X.shape[1]
        factor = check_penalty_factor(self.penalty_factor, p)
        bounds = check_bounds(self.bounds, self.positive, p)
        check_left_out(factor, bounds)
        with np.errstate(over="ignore", invalid="ignore"):
            data = as_data(X, targets, weights, self.fit_intercept)
        statistics = data.spread + data.scale + np.abs(data.start).max(axis=0, initial=0.0)
        names = getattr(self, "feature_names_in_", None) if named else None
        check_finite_columns(X, statistics, names)
        check_tiny_columns(X, data.scale, names)
        return Problem(X, Y, weights, sample_weight, data, factor, bounds, flat)

    def _scores(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], reset=False)
        return safe_sparse_dot(X, self.coef_.T, dense_output=True)

    def _warn(self, share, where="", what="the duality gap is {:.3g} of the null model's loss"):
        warnings.warn(
            f"{type(self).__name__} did not converge{where}: {what.format(share)} where tol={self.tol:g} was wanted."
            f" Increase max_iter={self.max_iter} or tol, or penalize more.",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )

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


class LinearRegressor(RegressorMixin, LinearModel):
    """Base of the regressors."""

    _solvers = Options("auto", "cd", "gram", "prox_grad", "direct")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _read(self, X, y, sample_weight, keep=True):
        """Check everything before any work is done; `keep` records the features on self."""
        self._check_parameters()
        if keep:
            X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **READ)
        else:
            X, y = check_X_y(X, y, multi_output=True, y_numeric=True, estimator=self, **READ)
        Y = np.asarray(y, dtype=np.float64).reshape(len(y), -1).T
        weights = check_weights(sample_weight, X.shape[0])
        return self._check(X, Y, weights, weights, targets=Y, flat=y.ndim == 1, named=keep)

    def _set_coef(self, coef, intercept, flat):
        """Predict with coefficients (n_targets, n_features) from now on; `flat` where y has one dimension."""
        self.coef_, self.intercept_ = (coef[0], float(intercept[0])) if flat else (coef, intercept)

    def _store(self, problem, found, null):
        """Keep the solutions of all targets as fitted attributes, and warn where one is not good enough."""
        coef, intercept = (np.array(part) for part in zip(*map(problem.rounded, found), strict=True))
        self._set_coef(coef, intercept, problem.flat)
        for name, values in (
            ("n_iter_", np.array([s.n_iter for s in found])),
            ("dual_gap_", np.array([s.gap for s in found])),
            ("objective_", np.array([s.objective for s in found])),
        ):
            setattr(self, name, values[0].item() if problem.flat else values)
        self.sparsity_ = float(np.mean(coef == 0.0))
        for s, loss in zip(found, null, strict=True):
            if not s.met:
                self._warn(s.gap / loss)

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        scores = self._scores(X)
        return (scores.ravel() if np.ndim(self.intercept_) == 0 else scores) + self.intercept_


class LinearClassifier(ClassifierMixin, LinearModel):
    """Base of the classifiers: one row of `coef_` for two classes, else one a class."""

    def _read(self, X, y, sample_weight):
        """Check everything before any work is done; sets `classes_`."""
        self._check_parameters()
        X, y = validate_data(self, X, y, **READ)
        self.classes_, codes, weights = check_classes(y, sample_weight)
        sample_weight = weights
        counts = np.bincount(codes, weights, self.classes_.size)
        factors = check_class_weight(self.class_weight, self.classes_, counts)
        if factors is not None:
            weights = factors[codes] * (1.0 if weights is None else weights)
        targets = np.empty((0, codes.size))
        return self._check(X, codes[None], sample_weight, weights, targets=targets, flat=True, named=True)

    def _set_coef(self, coef, intercept, flat):
        """Predict with coefficients (K, n_features) from now on."""
        self.coef_, self.intercept_ = coef, intercept

    def decision_function(self, X):
        """Scores of the classes, before they become probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes, the log-odds of ``classes_[1]``.
        """
        scores = self._scores(X) + self.intercept_
        return scores.ravel() if self.classes_.size == 2 else scores

    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Of the type of the labels in `fit`.
        """
        scores = self.decision_function(X)
        return self.classes_[(scores > 0.0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; rows sum to 1.
        """
        return softmax(self._all_scores(X), axis=1)

    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes, finite also where those are rounded to 0.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        return log_softmax(self._all_scores(X), axis=1)

    def _all_scores(self, X):
        return scores_of_all(self._scores(X) + self.intercept_)
