"""The parameters that choose the loss of a regressor, the targets that it takes, and its predictions and scores."""

import warnings
from numbers import Real

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.validation import check_consistent_length

from .._core.parts.penalty import OF_VECTOR
from ..utils._blocks import NeedsRowsInMemory, in_memory
from ..utils._errors import caller_level
from ..utils._params import ARRAY_LIKE, NONE, POSITIVE, Interval, Options
from ..utils._targets import as_one_column, check_weights
from ..utils._validation import as_numbers
from ._base import LinearRegressor
from ._blocks import check_coordinates, read_blocks
from ._losses import make_loss
from ._penalty_choice import PENALTIES, WithPenalty
from ._slope import read_slope_weights

LOG_LINKS = ("poisson", "gamma", "tweedie")
LOSSES = ("squared", "huber", "quantile", *LOG_LINKS)
MAX_ROUNDING = 64  # of predictions that count as perfect, in units of the last place


class LossAndPenalty(WithPenalty, LinearRegressor):
    """Base of the regressor for one alpha and of the one that chooses it by cross-validation."""

    _takes_blocks = True
    _loss_constraints = {
        "loss": [Options(*LOSSES)],
        "slope_weights": [Options("bh", "oscar"), ARRAY_LIKE],
        "fdr": [Interval(Real, 0.0, 1.0, closed="neither")],
        "quantile": [Interval(Real, 0.0, 1.0, closed="neither")],
        "power": [Interval(Real, 1.0, 2.0, closed="neither")],
        "delta": [POSITIVE, NONE],
        **WithPenalty._penalty_choice_constraints,
        "penalty": [Options(*PENALTIES, *OF_VECTOR)],
    }
    _effective_with = {
        **WithPenalty._effective_with,
        "slope_weights": {"penalty": ("slope",)},
        "fdr": {"penalty": ("slope",), "slope_weights": ("bh",)},
        "quantile": {"loss": ("quantile",)},
        "power": {"loss": ("tweedie",)},
        "delta": {"loss": ("huber",)},
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss == "squared"
        tags.target_tags.positive_only = self.loss in LOG_LINKS
        return tags

    def _read_rows(self, X, y, sample_weight, offset=None):
        problem = super()._read_rows(X, y if self.loss == "squared" else as_one_column(y), sample_weight)
        if offset is not None:
            problem = problem._replace(offset=_check_offset(offset, problem.data.n)[None])
        return self._with_loss(problem)

    def _read_blocks(self, X, y, sample_weight, splits_of=None, offset=None):
        """The problem on row blocks. Targets and weights stay in blocks for the squared loss without an offset."""
        if self.loss == "quantile":
            raise NeedsRowsInMemory(
                "loss='quantile' needs the rows in memory: use loss='huber', or a sample of the rows."
            )
        if self.penalty in OF_VECTOR and self.loss != "squared":
            raise NeedsRowsInMemory(
                f"row blocks with penalty={self.penalty!r} need loss='squared'; got loss={self.loss!r}."
            )
        given = {}
        if self.loss != "squared" or offset is not None:
            given, y = self._columns_in_memory(y, sample_weight, offset)
            sample_weight = given["weights"]

        def complete(problem):
            if given:
                problem = problem._replace(**given)
                problem.X.check_finite(problem.Y.T, "y")
            problem = self._with_loss(problem)
            if problem.is_joint:
                check_coordinates(problem.X, len(problem.Y), f"y {len(problem.Y)} targets")
            return problem

        options = dict(splits_of=splits_of, complete=complete, **self._restrictions())
        return read_blocks(self, X, y, sample_weight, **options)

    def _columns_in_memory(self, y, sample_weight, offset):
        """Parts of the problem that are read as a whole, and the targets for the blocks.

        Losses with a log link find the offset behind the targets; others have targets without it.
        """
        y = np.atleast_1d(as_numbers(as_one_column(in_memory(y)), "y"))
        weights = check_weights(in_memory(sample_weight), len(y))
        given = dict(Y=y.reshape(len(y), -1).T, weights=weights, sample_weight=weights, one_target=y.ndim == 1)
        if offset is None:
            return given, y
        offset = _check_offset(in_memory(offset), len(y))
        in_blocks = np.column_stack([y, offset]) if self.loss in LOG_LINKS else (y.T - offset).T
        return given | dict(offset=offset[None]), in_blocks

    def _with_loss(self, problem):
        """The problem with the parts of its penalty and its loss, which the targets are checked for."""
        if self.loss != "squared" and not problem.one_target:
            raise ValueError(f"y must have one dimension with loss={self.loss!r}; got shape {problem.Y.T.shape}.")
        problem = self._with_groups(problem)
        if self.penalty == "slope":
            slope_weights = read_slope_weights(self.slope_weights, self.fdr, problem.X.shape[1])
            problem = problem._replace(slope_weights=slope_weights)
        vars(self).pop("delta_", None)
        if self.loss == "squared":
            return problem._replace(loss=make_loss(self))
        y, weights = problem.Y[0], problem.row_weights
        loss = make_loss(self, y if problem.offset is None else y - problem.offset[0], weights)
        loss.check(y)
        loss.check_fit(y[weights > 0.0])
        if self.loss == "huber":
            self.delta_ = float(loss.loss.delta)
        return problem._replace(loss=loss)

    def _link(self, scores):
        return np.exp(scores) if self.loss in LOG_LINKS else scores

    def predict(self, X, offset=None):
        """Predict means, or quantiles.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor, as in `fit`; None is 0.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The linear predictor, or its exponential for "poisson", "gamma" and "tweedie".
        """
        return self._link(self._linear_predictor(X, offset))

    def _linear_predictor(self, X, offset):
        scores = super().predict(X)
        if offset is None:
            return scores
        offset = _check_offset(offset, len(scores))
        return scores + (offset if scores.ndim == 1 else offset[:, None])

    def score(self, X, y, sample_weight=None, offset=None):
        """The share of the loss of the best constant that the model explains: D^2, which is R^2 for the squared loss.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
        offset : array-like of shape (n_samples,), default=None
            As in `predict`; the constant has none.

        Returns
        -------
        score : float
            At most 1. Of several targets, the mean. Where y is constant, 1 for perfect predictions and else 0, as
            scikit-learn's `r2_score`. NaN, with a warning, for one row.
        """
        scores, y = np.asarray(self._linear_predictor(X, offset)), np.asarray(y, dtype=float)
        check_consistent_length(scores, y)
        weights = check_weights(sample_weight, len(y))
        weights = np.ones(len(y)) if weights is None else weights
        if len(y) < 2:
            warnings.warn(
                "The score is not well-defined with less than two samples.",
                UndefinedMetricWarning,
                stacklevel=caller_level(),
            )
            return np.nan
        columns = zip(np.atleast_2d(y.T), np.atleast_2d(scores.T), strict=True)
        return float(np.mean([self._explained(*column, weights) for column in columns]))

    def _explained(self, y, scores, weights):
        loss, counts = make_loss(self, y, weights), weights > 0.0
        loss.check(y)
        null = 0.0
        if np.ptp(y[counts]) > 0.0:
            null = loss.mean(y, np.full(len(y), loss.constant(y, weights)), weights)
        if null > 0.0:
            return 1.0 - loss.mean(y, scores, weights) / null
        rounding = MAX_ROUNDING * np.finfo(scores.dtype).eps
        return float(np.allclose(self._link(scores[counts]), y[counts], rtol=rounding, atol=0.0))


def _check_offset(offset, n):
    offset = as_numbers(offset, "offset")
    if offset.shape != (n,):
        raise ValueError(f"offset must have shape ({n},), one for every row of X; got {offset.shape}.")
    bad = np.flatnonzero(~np.isfinite(offset))
    if bad.size:
        raise ValueError(f"offset must be finite; got {offset[bad[0]]} in row {bad[0]}.")
    return offset
