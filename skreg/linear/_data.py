"""Read X, y and weights for linear models: everything is checked before any work is done."""

import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import validate_data

from .._core.data import Data, as_data
from .._core.parts.penalty import Penalty
from ..utils._errors import caller_level
from ..utils._features import check_bounds, check_left_out, check_penalty_factor, check_prior
from ..utils._targets import (
    as_labels,
    check_class_weight,
    check_classes,
    check_target_size,
    check_targets,
    check_weights,
)
from ..utils._validation import check_finite_columns, check_table, check_tiny_columns

MIN_ROUNDING_COST = 1e-12  # relative to the null model's loss: smaller costs of rounding to float32 never matter

READ_OPTIONS = dict(accept_sparse="csc", dtype=[np.float64, np.float32], order="F", ensure_all_finite=False)


class LinearData(NamedTuple):
    """Data that passed all checks, and the parts of the penalty that depend on them.

    Attributes
    ----------
    X : ndarray or sparse matrix of shape (n, p), or row blocks
        In Fortran order or CSC. Row blocks have the same shape.
    Y : ndarray of shape (n_targets, n)
        Of classes (1, n): indices into `classes`.
    weights : ndarray of shape (n,) or None
        Row weights of the fit: sample weights times class weights.
    sample_weight : ndarray of shape (n,) or None
    data : Data
        X as the solvers see it.
    factor : ndarray of shape (p,)
        Penalty factors.
    bounds : pair of ndarray of shape (p,) or float
    one_target : bool
        Whether y has one dimension.
    classes : ndarray of shape (n_classes,) or None
        None for regression.
    offset : ndarray of shape (1, n) or None
        Added to the scores.
    groups : list of ndarray of int or None
        Features of every group of the penalty, with a weight for each.
    group_weights : ndarray or None
    slope_weights : ndarray of shape (p,) or None
        Weights of the sorted magnitudes.
    loss : LeastSquares
        See `_losses`; None where the estimator has but one.
    survival : tuple (event, time, strata) or None
    prior : ndarray of shape (n_targets, p), or (K, p) for K scores of classes, or None
        Coefficients that the penalty shrinks towards; None for 0. The solvers see coefficients minus these, and
        targets, or scores of classes, without their predictions: targets that are subtracted in `Y`, an `offset`.
    given : ndarray of shape (n_targets, n) or None
        The targets of the user, where `Y` are others.
    """

    X: object
    Y: np.ndarray
    weights: np.ndarray | None
    sample_weight: np.ndarray | None
    data: Data
    factor: np.ndarray
    bounds: tuple
    one_target: bool
    classes: np.ndarray | None = None
    offset: np.ndarray | None = None
    groups: list | None = None
    group_weights: np.ndarray | None = None
    slope_weights: np.ndarray | None = None
    loss: object = None
    survival: tuple | None = None
    prior: np.ndarray | None = None
    given: np.ndarray | None = None

    @property
    def targets(self):
        """Targets of the user (n_targets, n)."""
        return self.Y if self.given is None else self.given

    def with_prior(self, coef):
        """Coefficients of the user (..., n_targets, p) from those of the solvers."""
        return coef if self.prior is None else coef + self.prior

    def without_prior(self, coef):
        """Coefficients of the solvers from those of the user; None stays None."""
        return coef if self.prior is None or coef is None else coef - self.prior

    def share_of_zeros(self, coef):
        """Share of the coefficients that are exactly 0, or their prior."""
        zero = 0.0 if self.prior is None else self.prior.astype(coef.dtype)
        return float(np.count_nonzero(coef == zero) / coef.size)

    @property
    def is_joint(self):
        """Whether a group of the penalty has the coefficients for all targets, which are then fitted together."""
        return self.groups is not None and len(self.Y) > 1

    @property
    def row_weights(self):
        """Row weights of the fit as an array of shape (n,)."""
        return np.ones(self.X.shape[0]) if self.weights is None else self.weights

    @property
    def is_flat(self):
        """Whether coefficients are given in one dimension, as those of one target are. Those of classes are not."""
        return self.one_target and self.classes is None

    def penalty(self, l1_ratio, standardize):
        """The penalty without its strength `alpha`, on the coefficients of the solvers."""
        bounds = self.bounds if self.prior is None else tuple(bound - self.prior[0] for bound in self.bounds)
        return Penalty(l1_ratio, self.factor, bounds, standardize)

    def rounded(self, exact, intercept, tol, null, max_hess=1.0):
        """Coefficients within the bounds, and the intercept that goes with them, from those that the solvers found.

        They have the dtype of X, unless rounding them to float32 would raise the loss by more than `tol` times the null
        model's loss `null`, as with nearly collinear features, whose large coefficients cancel. `max_hess` bounds the
        curvature of the loss.
        """
        (low, high), dtype, exact = self.bounds, self.X.dtype, self.with_prior(exact)
        if dtype == np.float64 and not (np.isfinite(low).any() or np.isfinite(high).any()):
            return exact, intercept
        coef = np.where(self.data.scale > 0.0, np.clip(exact, low, high), exact)
        if dtype != np.float64:
            single = coef.astype(dtype)
            inside = np.where(single > high, -np.inf, np.where(single < low, np.inf, single)).astype(dtype)
            single = np.where(self.data.scale > 0.0, np.nextafter(single, inside), single)
            is_bounded = np.isfinite(max_hess)
            if is_bounded and max_hess * self._rounding_cost(exact - single, null) <= max(tol, MIN_ROUNDING_COST):
                coef = single
        return coef, intercept + (exact - coef) @ self.data.mean

    def _rounding_cost(self, change, null):
        """Upper bound of the loss that a small change of optimal coefficients adds, relative to `null`.

        `null` is the loss of the null model, of which all scores have a share, or one for each of several targets, of
        which the largest cost is returned.
        The slope is zero at the optimum, and the curvature of every loss at most that of the squared loss.
        """
        change = np.divide(change, self.data.scale, out=np.zeros(change.shape), where=self.data.scale > 0.0)
        costs = 0.5 * self.data.all_scores(change) ** 2 @ self.data.rows / self.data.weight
        costs, null = np.atleast_1d(np.sum(costs) if np.size(null) == 1 else costs), np.atleast_1d(null)
        return np.max(np.divide(costs, null, out=np.zeros_like(costs), where=np.greater(null, 0.0)))


def read_regression(estimator, X, y, sample_weight=None, **restrictions):
    """Check X, numeric targets and weights; sets `n_features_in_` and `feature_names_in_` of the estimator.

    Parameters
    ----------
    estimator : estimator
        Gives `fit_intercept`.
    X : array-like or sparse matrix of shape (n, p)
    y : array-like of shape (n,) or (n, n_targets)
    sample_weight : float or array-like of shape (n,), default=None
    **restrictions : dict
        `penalty_factor`, `bounds`, `positive` and `prior_coef`; a model without a penalty of its own has none of them.

    Returns
    -------
    data : LinearData
    """
    check_table(X)
    X = validate_data(estimator, X, **READ_OPTIONS)
    y = check_targets(y, X.shape[0])
    Y = np.asarray(y, dtype=np.float64).reshape(len(y), -1).T
    weights = check_weights(sample_weight, X.shape[0])
    prior, shift = _prior(estimator, X, len(Y), "target", restrictions)
    given, Y = (None, Y) if prior is None else (Y, Y - shift)
    parts, data = _normalize(estimator, X, Y, weights, prior, **restrictions)
    one_target = y.ndim == 1
    return LinearData(X, Y, weights, weights, data, *parts, one_target=one_target, prior=prior, given=given)


def read_classes(estimator, X, y, sample_weight=None, class_weight=None, **restrictions):
    """Check X, labels and weights; sets `n_features_in_` and `feature_names_in_` of the estimator.

    Parameters
    ----------
    estimator : estimator
        Gives `fit_intercept`.
    X : array-like or sparse matrix of shape (n, p)
    y : array-like of shape (n,)
    sample_weight : float or array-like of shape (n,), default=None
    class_weight : dict, "balanced" or None
    **restrictions : dict
        `penalty_factor`, `bounds` and `positive`; a model without a penalty of its own has none of them.

    Returns
    -------
    data : LinearData
    """
    check_table(X)
    X, y = validate_data(estimator, X, as_labels(y), **READ_OPTIONS)
    classes, codes, sample_weight = check_classes(y, sample_weight)
    weights, factors = sample_weight, class_factors(class_weight, classes, codes, sample_weight)
    if factors is not None:
        weights = factors[codes] * (1.0 if weights is None else weights)
    prior, offset = _prior(estimator, X, 1 if classes.size == 2 else classes.size, "class", restrictions)
    targets = codes[None] if classes.size == 2 else np.empty((0, codes.size))  # to know their products with the columns
    parts, data = _normalize(estimator, X, targets, weights, prior, **restrictions)
    given = dict(classes=classes, prior=prior, offset=offset)
    return LinearData(X, codes[None], weights, sample_weight, data, *parts, one_target=True, **given)


def class_factors(class_weight, classes, codes, sample_weight):
    """Factors of the weights of every class, or None."""
    return check_class_weight(class_weight, classes, np.bincount(codes, sample_weight, classes.size))


def _prior(estimator, X, n_rows, of, restrictions):
    """The coefficients to shrink towards, taken from the restrictions, and their predictions (n_rows, n); or Nones."""
    names = getattr(estimator, "feature_names_in_", None)
    prior = check_prior(restrictions.pop("prior_coef", None), n_rows, X.shape[1], names, of)
    if prior is None:
        return None, None
    if sp.issparse(X):
        return prior, np.asarray(X @ prior.T).T
    predicted = np.zeros((n_rows, X.shape[0]))
    for j in np.flatnonzero(prior.any(axis=0)):  # without a copy of X in double precision
        predicted += np.multiply.outer(prior[:, j], X[:, j])
    return prior, predicted


def _normalize(estimator, X, targets, weights, prior=None, penalty_factor=None, bounds=None, positive=False):
    """Penalty factors and bounds as arrays, and X with the targets as the solvers see them."""
    names = getattr(estimator, "feature_names_in_", None)
    factor = check_penalty_factor(penalty_factor, X.shape[1], names)
    bounds = check_bounds(bounds, positive, X.shape[1], names)
    if prior is not None and (prior != prior[0]).any() and np.isfinite(bounds).any():
        raise ValueError("prior_coef must be the same for all targets or classes where there are bounds.")
    check_left_out(factor, bounds if prior is None else tuple(bound - prior[0] for bound in bounds), names)
    with np.errstate(over="ignore", invalid="ignore"):
        data = as_data(X, targets, weights, estimator.fit_intercept)
    statistics = data.spread + data.scale + np.abs(data.start).max(axis=0, initial=0.0)
    check_finite_columns(X, statistics, names)
    check_tiny_columns(X, data.scale, names)
    check_target_size(targets, data.unit, data.weight)
    if not data.scale.any() and np.count_nonzero(data.rows) > 1:
        warnings.warn(
            "X has no feature that varies: all coefficients are 0, and predictions are those of the null model.",
            UserWarning,
            stacklevel=caller_level(),
        )
    return (factor, bounds), data
