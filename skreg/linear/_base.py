"""Base classes of the linear estimators: parameters, predictions, sparse coefficients."""

import warnings
from copy import copy
from numbers import Real

import numpy as np
import scipy.sparse as sp
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils._callbacks import CallbackSupportMixin
from ..utils._classes import scores_of_all
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import caller_level
from ..utils._lazy import by_blocks
from ..utils._params import ARRAY_LIKE, BOOLEAN, DICT, NONE, REAL, Interval, Options, check_params
from ..utils._validation import check_table, naming_bad_columns
from ._data import read_classes, read_regression

PRIOR = [REAL, ARRAY_LIKE, DICT, NONE]  # what `prior_coef` may be


class LinearModel(CallbackSupportMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of the linear estimators: reads data, and predicts from `coef_` and `intercept_`."""

    _penalty_constraints = {
        "penalty_factor": [Interval(Real, 0.0, np.inf, closed="both"), ARRAY_LIKE, DICT, NONE],
        "fit_intercept": [BOOLEAN],
        "standardize": [BOOLEAN],
        "positive": [BOOLEAN],
        "bounds": [ARRAY_LIKE, DICT, NONE],
        "tol": [Interval(Real, 0.0, np.inf)],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self):
        """Check what can be checked without data."""
        check_params(self)

    def _restrictions(self):
        """Parameters that can be checked only with the data."""
        given = dict(penalty_factor=self.penalty_factor, bounds=self.bounds, positive=self.positive)
        return given | ({"prior_coef": self.prior_coef} if hasattr(self, "prior_coef") else {})

    def _read_aside(self, X, y, sample_weight):
        """Read data without setting anything on self."""
        return copy(self)._read(X, y, sample_weight)

    def _scores(self, X):
        """Products of X and `coef_`, of shape (n_samples,) or (n_samples, K)."""
        check_is_fitted(self)
        check_table(X)
        options = dict(accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32])
        with naming_bad_columns(X):
            X = validate_data(self, X, reset=False, **options)
        return safe_sparse_dot(X, self.coef_.T, dense_output=True)

    def _warn(self, relative_gap, where="", what="the duality gap is {:.3g} of the null model's loss"):
        warnings.warn(
            f"{type(self).__name__} did not converge{where}: {what.format(relative_gap)}, above tol={self.tol:g}."
            f" Increase max_iter={self.max_iter} or tol, or penalize more.",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )

    def sparsify(self):
        """Store `coef_` as a sparse matrix, which saves memory and time if most coefficients are zero.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        if not sp.issparse(self.coef_):
            self.coef_ = sp.csr_matrix(self.coef_)
        return self

    def densify(self):
        """Store `coef_` as an ndarray, as `fit` does; undoes `sparsify`.

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

    def _read(self, X, y, sample_weight):
        """Check parameters and data; sets what is known of the features."""
        self._check_parameters()
        return read_regression(self, X, y, sample_weight, **self._restrictions())

    def _set_coef(self, coef, intercept, one_target):
        """Set coefficients (n_targets, n_features) and intercepts to predict with."""
        self.coef_ = coef[0] if one_target else coef
        self.intercept_ = float(intercept[0]) if one_target else intercept

    @by_blocks
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
    """Base of the classifiers: `coef_` has one row for two classes, else one row for each class."""

    def _restrictions(self):
        return super()._restrictions() | dict(class_weight=self.class_weight)

    def _read(self, X, y, sample_weight):
        """Check parameters and data; sets `classes_` and what is known of the features."""
        self._check_parameters()
        problem = read_classes(self, X, y, sample_weight, **self._restrictions())
        self.classes_ = problem.classes
        return problem

    def _set_coef(self, coef, intercept, one_target=True):
        """Set coefficients (K, n_features) and intercepts to predict with; K is 1 for two classes."""
        self.coef_ = coef
        self.intercept_ = intercept

    @by_blocks
    def decision_function(self, X):
        """Scores of the classes: linear functions of X, whose softmax gives the probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes, the log odds of ``classes_[1]``.
        """
        scores = self._scores(X) + self.intercept_
        return scores.ravel() if self.classes_.size == 2 else scores

    @by_blocks
    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels, of the type of the y passed to `fit`.
        """
        scores = self.decision_function(X)
        return self.classes_[(scores > 0.0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]

    @by_blocks
    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Columns are in the order of `classes_`; rows sum to 1.
        """
        return softmax(self._all_scores(X), axis=1)

    @by_blocks
    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes; finite even where a probability is rounded to 0.

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
