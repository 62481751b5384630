"""Losses of regressors by name: from parameters and targets to the core's losses, their links, and their scores."""

import numpy as np

from .._core.data import as_data
from .._core.data.likelihood import Likelihood
from .._core.folds import RowsFit
from .._core.parts.losses import Gamma, Huber, Poisson, Quantile, Squared, Tweedie, evaluate, weighted_quantile
from .._core.solve_scores import QuantileFit, ScoresFit

HUBER_EFFICIENCY = 1.345  # standard deviations of Gaussian noise: 95 % efficiency (Huber 1964)
MAD_OF_GAUSSIAN = 0.6745  # median absolute deviation of Gaussian noise, in standard deviations


class LeastSquares:
    """``(y - z)^2 / 2``."""

    def check(self, y):
        """Raise ValueError for targets that the loss does not take."""

    def check_fit(self, y):
        """Raise ValueError for targets of rows with positive weight that have no best intercept."""

    def mean(self, y, z, weights):
        """Weighted mean loss of targets at scores z."""
        return 0.5 * np.average((y - z) ** 2, weights=weights)

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


class ScoreLoss(LeastSquares):
    """A loss of the core.

    Parameters
    ----------
    loss : NamedTuple
    """

    def __init__(self, loss):
        self.loss = loss

    def mean(self, y, z, weights):
        return self.total(y, z, weights) / weights.sum()

    def total(self, y, z, weights):
        """Weighted sum of the losses of targets at scores z."""
        T, Z, H = np.array([y], dtype=float), np.array([z], dtype=float), np.empty(len(y))
        return evaluate(self.loss, T, Z, weights, np.empty_like(Z), np.empty_like(Z), H)

    def constant(self, y, weights):
        return self.loss.null_scores(y[None], weights)[0]

    def on_rows(self, problem, data):
        return ScoresFit(Likelihood(data, self.loss, problem.Y, problem.offset))


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


class QuantileLoss(LocationLoss):
    """See `_core.parts.losses.Quantile`."""

    def mean(self, y, z, weights):
        return np.average(self.loss.sharp_values(y - z), weights=weights)

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


def make_loss(estimator, y, weights):
    """The loss of an estimator's parameters. The default `delta` is that of the fit, or of the given targets."""
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
