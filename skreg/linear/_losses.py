"""Losses of regressors by name: from parameters and targets to the core's losses, their links, and their scores."""

from typing import NamedTuple

import numpy as np

from .._core.block_fits import BlockFolds, squared_fit
from .._core.block_newton import BlockScoresFit
from .._core.block_scores import BlockScores, LossRows, loss_sums
from .._core.data import as_data
from .._core.data.blocks import BlockData
from .._core.data.likelihood import Likelihood
from .._core.folds import RowsFit
from .._core.parts.log_links import Gamma, Poisson, Tweedie
from .._core.parts.losses import Huber, Quantile, Squared, evaluate, weighted_quantile
from .._core.solve_quantile import QuantileFit
from .._core.solve_scores import ScoresFit

HUBER_EFFICIENCY = 1.345  # standard deviations of Gaussian noise: 95 % efficiency (Huber 1964)
MAD_OF_GAUSSIAN = 0.6745  # median absolute deviation of Gaussian noise, in standard deviations


class Shifted(NamedTuple):
    """Targets (T, n) of a block minus a number for each."""

    shift: np.ndarray

    def __call__(self, Y):
        return Y - self.shift[:, None]


def scores_fit(loss, data, start, shift, has_offset=False):
    """The fit of a loss of scores on row blocks, of targets minus `shift` (T,); `start` are null intercepts (T,)."""
    rows = LossRows(loss, Shifted(shift), data.mean, data.scale, data.used, has_offset)
    return BlockScoresFit(BlockScores(data, rows, start), shift)


def weights_of_used(problem, data):
    """Weights (n,) of all rows, 0 for those that are not in `data`, in memory or in blocks."""
    if not isinstance(data, BlockData):
        return data.rows
    weights = problem.row_weights
    return weights if data.used is None else weights * data.used(0, data.n)


class LeastSquares:
    """``(y - z)^2 / 2``.

    Every loss knows two kinds of rows: those of `Data`, and row blocks, which are `BlockData`.
    """

    def check(self, y):
        """Raise ValueError for targets that the loss does not take."""

    def check_fit(self, y):
        """Raise ValueError for targets of rows with positive weight that have no best intercept."""

    def total(self, y, z, weights):
        """Weighted sum of the losses of targets at scores z."""
        return 0.5 * weights @ (y - z) ** 2

    def mean(self, y, z, weights):
        """Weighted mean loss of targets at scores z."""
        return self.total(y, z, weights) / weights.sum()

    def constant(self, y, weights):
        """The score of the best constant prediction."""
        return np.average(y, weights=weights)

    def on_rows(self, problem, data):
        """The fit of the rows with positive weight in `data`."""
        Y = problem.Y if problem.offset is None else problem.Y - problem.offset
        if problem.is_joint:
            shift = Y @ data.rows / data.weight if data.fit_intercept else np.zeros(len(Y))
            return ScoresFit(Likelihood(data, Squared(), Y - shift[:, None]), shift)
        if problem.offset is None:
            return RowsFit(data)
        return RowsFit(as_data(data.X, Y, data.rows, data.fit_intercept))

    def on_blocks(self, problem, data):
        """The fit of the row blocks of `data`, whose targets have no offset any more."""
        if problem.is_joint:
            return scores_fit(Squared(), data, np.zeros(len(problem.Y)), data.offset)
        return squared_fit(data)

    def means_on_blocks(self, problem, splits, fold, coefs, intercepts):
        """Mean losses (m,) on the held-out rows of a fold, for coefs (m, T, p) and intercepts (m, T)."""
        folds = BlockFolds(problem.data, splits)
        errors = [folds.errors(fold, t, coefs[:, t].T, intercepts[:, t]) for t in range(len(problem.Y))]
        return 0.5 * np.mean(errors, axis=0)


class ScoreLoss(LeastSquares):
    """A loss of the core.

    Parameters
    ----------
    loss : NamedTuple
    """

    def __init__(self, loss):
        self.loss = loss

    def total(self, y, z, weights):
        T, Z, H = np.array([y], dtype=float), np.array([z], dtype=float), np.empty(len(y))
        return evaluate(self.loss, T, Z, weights, np.empty_like(Z), np.empty_like(Z), H)

    def constant(self, y, weights):
        return self.loss.null_scores(y[None], weights)[0]

    def on_rows(self, problem, data):
        return ScoresFit(Likelihood(data, self.loss, problem.Y, problem.offset))

    def on_blocks(self, problem, data):
        start, has_offset = np.zeros(1), problem.offset is not None
        if data.fit_intercept:
            weights = weights_of_used(problem, data)
            start = self.loss.null_scores(problem.Y, weights)
            start = start - (np.average(problem.offset[0], weights=weights) if has_offset else 0.0)
        return scores_fit(self.loss, data, start, np.zeros(1), has_offset)

    def means_on_blocks(self, problem, splits, fold, coefs, intercepts):
        data, cells = problem.data, splits.test[fold]
        has_offset = data.all.mean.size > data.p + 1  # among the targets of the blocks
        models = np.array(coefs), np.array(intercepts)
        sums = data.blocks.total(loss_sums, splits.mask_of(cells), has_offset, self.total, *models)
        return sums / sum(data.cells[cell].weight for cell in cells)


class LocationLoss(ScoreLoss):
    """A loss of the difference of target and score. Targets are shifted before the fit, which large ones would harm."""

    def on_rows(self, problem, data):
        Y, shift = problem.Y, 0.0
        if problem.offset is not None:
            Y = Y - problem.offset
        if data.fit_intercept:
            shift = self.constant(Y[0], data.rows)
        return self._on_shifted(data, Y - shift, shift)

    def _on_shifted(self, data, Y, shift):
        return ScoresFit(Likelihood(data, self.loss, Y), shift)

    def on_blocks(self, problem, data):
        Y, shift = problem.Y if problem.offset is None else problem.Y - problem.offset, np.zeros(1)
        if data.fit_intercept:
            shift[:] = self.constant(Y[0], weights_of_used(problem, data))
        return scores_fit(self.loss, data, np.zeros(1), shift)


class QuantileLoss(LocationLoss):
    """See `_core.parts.losses.Quantile`."""

    def total(self, y, z, weights):
        return weights @ self.loss.sharp_values(y - z)

    def _on_shifted(self, data, Y, shift):
        return QuantileFit(data, self.loss.q, Y, shift)


class LogLinkLoss(ScoreLoss):
    """Half a unit deviance, with means ``exp(z)``.

    Parameters
    ----------
    loss : NamedTuple
    name : str
    takes_zero : bool
        Whether targets may be 0.
    """

    def __init__(self, loss, name, takes_zero):
        super().__init__(loss)
        self.name = name
        self.takes_zero = takes_zero

    def check(self, y):
        bad = np.flatnonzero((y < 0.0) | ((y == 0.0) & (not self.takes_zero)))
        if bad.size:
            which = "must not be negative" if self.takes_zero else "must be positive"
            raise ValueError(f"y {which} with loss={self.name!r}; got {y[bad[0]]} in row {bad[0]}.")

    def check_fit(self, y):
        if not y.any():
            raise ValueError(
                f"y must not be 0 in all rows with loss={self.name!r}: the best coefficients are infinite."
            )


def robust_delta(y, weights):
    """The default `delta` of the Huber loss: 1.345 times a robust estimate of the null model's standard deviation."""
    deviations = np.abs(y - weighted_quantile(y, weights, 0.5))
    scale = weighted_quantile(deviations, weights, 0.5) / MAD_OF_GAUSSIAN
    if scale == 0.0:  # more than half of the targets are equal
        scale = np.average(deviations, weights=weights)
    return HUBER_EFFICIENCY * float(scale) or 1.0


def make_loss(estimator, y=None, weights=None):
    """The loss of an estimator's parameters. The default `delta` is that of the fit, or of the given targets.

    The squared loss needs no targets.
    """
    name = estimator.loss
    if name == "squared":
        return LeastSquares()
    if name == "huber":
        delta = getattr(estimator, "delta_", None) if estimator.delta is None else estimator.delta
        return LocationLoss(Huber(robust_delta(y, weights) if delta is None else float(delta)))
    if name == "quantile":
        return QuantileLoss(Quantile(float(estimator.quantile), 0.0))
    if name == "poisson":
        return LogLinkLoss(Poisson(), name, takes_zero=True)
    if name == "gamma":
        return LogLinkLoss(Gamma(), name, takes_zero=False)
    return LogLinkLoss(Tweedie(float(estimator.power)), name, takes_zero=True)
