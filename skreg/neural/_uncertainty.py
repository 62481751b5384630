"""Uncertainty of a net: moments of Monte Carlo draws, conformal intervals, and distance from the training rows."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import cholesky, solve_triangular
from scipy.special import entr, ndtri, stdtrit
from sklearn.covariance import OAS

from .._nets.training.evaluation import scores
from .._nets.training.rows import take_rows

MAX_ROWS = 10_000  # about the most rows that a distribution is estimated from
_FEWEST_ROWS = 2_000  # of which the distances take all
_ROWS_PER_FEATURE, _ROWS_PER_CLASS = 10, 100
MAX_FEATURES = 2_000  # no covariance is estimated for wider layers
MANY_FEATURES = 500  # with so many, several threads of BLAS are faster than one
ROUNDING = 1e-6  # relative difference of features in single precision that tells no two rows apart
TYPICAL = 0.95  # share of the rows given to `set_unit` with a distance below 1


class Uncertainty(NamedTuple):
    """Result of `DropoutMLPRegressor.predict_uncertainty`, which describes the fields."""

    mean: np.ndarray
    epistemic: np.ndarray
    aleatoric: np.ndarray
    total: np.ndarray
    distance: np.ndarray


class ClassUncertainty(NamedTuple):
    """Result of `DropoutMLPClassifier.predict_uncertainty`, which describes the fields."""

    mean: np.ndarray
    epistemic: np.ndarray
    aleatoric: np.ndarray
    total: np.ndarray
    predictive_entropy: np.ndarray
    mutual_information: np.ndarray
    distance: np.ndarray


class Moments:
    """Mean and variance of draws that come one by one; exact where all draws are equal."""

    def __init__(self):
        self.n = 0
        self.first = None
        self.sum = 0.0
        self.sum_of_squares = 0.0

    def add(self, draw):
        self.first = draw if self.first is None else self.first
        difference = draw - self.first
        self.n += 1
        self.sum = self.sum + difference
        self.sum_of_squares = self.sum_of_squares + difference**2

    @property
    def mean(self):
        return self.first + self.sum / self.n

    @property
    def variance(self):
        return np.maximum(self.sum_of_squares / self.n - (self.sum / self.n) ** 2, 0.0)


def entropy(p):
    """Entropy of probabilities along the last axis, in nats."""
    return entr(p).sum(axis=-1)


def thinned(rows, largest=MAX_ROWS):
    """At most about `largest` of some indices, evenly spaced."""
    return rows[:: -(-rows.size // largest)]


def rows_for_distance(rows, codes, n_features):
    """Rows for `FeatureDistance`, which costs a pass of the net on each: enough of every class, and of all together.

    Parameters
    ----------
    rows : ndarray of int of shape (n,)
        Indices of all training rows.
    codes : ndarray of int or None
        The class of every row of X; None in regression.
    n_features : int
        Units of the last hidden layer.
    """
    classes = np.zeros(rows.size, int) if codes is None else codes[rows]
    n_classes = np.unique(classes).size
    largest = min(MAX_ROWS, max(_FEWEST_ROWS, _ROWS_PER_FEATURE * n_features, _ROWS_PER_CLASS * n_classes))
    chosen = np.zeros(rows.size, bool)
    chosen[thinned(np.arange(rows.size), largest)] = True
    order = np.argsort(classes, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(classes[order])) + 1):  # rare ones, too
        chosen[thinned(own, min(_ROWS_PER_CLASS, largest // n_classes + 1))] = True
    return rows[chosen]


class ConformityScores(NamedTuple):
    """Absolute residuals of validation rows, each divided by its predicted standard deviation."""

    values: np.ndarray  # (m, n_outputs)
    weights: np.ndarray  # (m,), of sum 1
    n_chosen: int = 0  # parameters that were chosen on the same rows: 1 with early stopping, the epoch
    least: "ConformityScores | None" = None  # those of training rows, whose quantile is a lower bound

    @classmethod
    def of(cls, residuals, std, weights, n_chosen=0):
        values = np.divide(np.abs(residuals), std, out=np.zeros(residuals.shape), where=std > 0.0)
        return cls(values, weights / weights.sum(), n_chosen)

    @classmethod
    def joined(cls, parts, shares):
        """Those of several sets of rows, each with its share of the weight."""
        weights = [share * part.weights for part, share in zip(parts, shares, strict=True)]
        values = np.concatenate([part.values for part in parts])
        return cls(values, np.concatenate(weights), sum(part.n_chosen for part in parts))

    def quantile(self, coverage):
        """Half the width of an interval, in predicted standard deviations, for every output.

        The split-conformal quantile (Lei et al. 2018, algorithm 2): of m scores, the ``ceil((m + 1) coverage)``-th.
        Rows with weights count as the number of equal weights with the same effective size. Where these are too few,
        that of normal errors whose variance is estimated by the squares of the scores: a quantile of Student's t. The
        rows on which the epoch was chosen count as one fewer: the choice costs a degree of freedom.
        """
        least = 0.0 if self.least is None else self.least.quantile(coverage)
        return np.maximum(self._of_these_rows(coverage), least)

    def _of_these_rows(self, coverage):
        size = 1.0 / np.square(self.weights).sum()
        free = max(size - self.n_chosen, 1.0)
        level = coverage * (1.0 + 1.0 / free)
        if level > 1.0 + 1e-12:
            variance = self.weights @ np.square(self.values) * (size / free)
            return stdtrit(free, 0.5 + 0.5 * coverage) * np.sqrt(variance)
        return np.array([self._quantile(column, level) for column in self.values.T])

    def _quantile(self, column, level):
        order = np.argsort(column)
        cumulative = np.cumsum(self.weights[order])
        at = min(int(np.searchsorted(cumulative, level - 1e-12)), column.size - 1)
        return column[order[at]]


def check_n_draws(n_draws):
    """Raise ValueError for what is no number of Monte Carlo draws."""
    if not isinstance(n_draws, Integral) or isinstance(n_draws, bool) or n_draws < 1:
        raise ValueError(f"n_draws must be an int of at least 1; got {n_draws!r}.")


def check_coverage(coverage):
    """Raise ValueError for what is no probability of an interval."""
    if not (isinstance(coverage, Real) and 0.0 < coverage < 1.0):
        raise ValueError(f"coverage must lie in (0, 1); got {coverage!r}.")


def normal_quantile(coverage):
    """Half the width of an interval, in standard deviations, if errors are normal."""
    return ndtri(0.5 + 0.5 * coverage)


class FeatureDistance:
    """Mahalanobis distance to the nearest class in the last hidden layer (Lee et al. 2018, eq. 2; Mukhoti et al. 2023).

    One mean for each class, or one for all rows in regression, and one covariance for all, shrunk towards a multiple of
    the identity (Chen et al. 2010), since units may be constant on the training rows. Distances are in units of the
    95 % quantile of the distances of the rows given to `set_unit`.

    Parameters
    ----------
    features : ndarray of shape (n, width)
    codes : ndarray of int of shape (n,) or None
        The class of every row.

    Attributes
    ----------
    is_known : bool
        Whether rows of a class differ; distances are NaN otherwise.
    """

    def __init__(self, features, codes):
        features = features.astype(np.float64)
        codes = np.zeros(len(features), int) if codes is None else np.unique(codes, return_inverse=True)[1]
        order, counts = np.argsort(codes, kind="stable"), np.bincount(codes)
        means = np.add.reduceat(features[order], np.cumsum(counts) - counts) / counts[:, None]
        within = features - means[codes]
        self.is_known = bool(np.square(within).sum() > ROUNDING**2 * np.square(features).sum())
        covariance = OAS(store_precision=False, assume_centered=True).fit(within).covariance_
        floor = np.finfo(np.float32).eps * max(covariance.diagonal().max(), np.finfo(np.float32).tiny)
        covariance.flat[:: len(covariance) + 1] += floor
        inverse = solve_triangular(cholesky(covariance, lower=True), np.eye(len(covariance)), lower=True)
        self._inverse = inverse[np.tril_indices_from(inverse)].astype(np.float32)  # a quarter of the size in pickles
        self.centres = self._whitened(means).astype(np.float32)
        self.unit = 1.0

    def _whitened(self, features):
        inverse = np.zeros((features.shape[1], features.shape[1]))
        inverse[np.tril_indices_from(inverse)] = self._inverse
        return features.astype(np.float64) @ inverse.T

    def __call__(self, features):
        """Distances of shape (n,), infinite where features are not finite: a row too far away for single precision.

        They are all NaN if no two training rows of a class differ.
        """
        if not self.is_known:
            return np.full(len(features), np.nan)
        finite = np.isfinite(features).all(axis=1)
        origin = self.centres.mean(axis=0, dtype=np.float64)  # from which numbers are small enough to be squared apart
        whitened = self._whitened(np.where(finite[:, None], features, 0.0)) - origin
        centres = self.centres - origin
        squares = np.square(centres).sum(axis=1) - 2.0 * (whitened @ centres.T)
        squares = np.square(whitened).sum(axis=1) + squares.min(axis=1)
        return np.where(finite, np.sqrt(np.maximum(squares, 0.0)) / self.unit, np.inf)

    def set_unit(self, features):
        """Make the typical distance of these rows the unit."""
        if self.is_known:
            self.unit = max(float(np.quantile(self(features), TYPICAL)), np.finfo(np.float32).tiny)


def features_of(net, X, rows=None):
    """What the output layer sees for some rows of X, without noise; X itself if there is no other layer.

    Of members of an ensemble it is their mean.
    """
    if net.before_output is not None:
        features = scores(net.before_output, X, rows)
        return features if net.n_members == 1 else features.reshape(len(features), net.n_members, -1).mean(axis=1)
    rows = np.arange(X.shape[0]) if rows is None else rows
    if net.inputs is not None and not sp.issparse(X):
        return take_rows(X, rows, net.dtype, net.inputs)
    return X[rows].toarray() if sp.issparse(X) else X[rows]
