"""What is watched while a net trains, and what ends the training."""

import copy
import math

import numpy as np

from .._nets.training import Diverged, mean_loss
from ..utils._scoring import read_monitor, score


class Watched:
    """Rows whose loss, or score, is taken without noise after every epoch.

    Parameters
    ----------
    problem : Problem
    targets : Targets
        Without smoothing.
    weights : ndarray of shape (n,)
        Of the loss.
    rows : ndarray of int of shape (m,)
    copies : ndarray of shape (m,)
        Sample weights of those, for scorers.
    """

    def __init__(self, problem, targets, weights, rows, copies):
        self.problem, self.targets, self.weights, self.rows, self.copies = problem, targets, weights, rows, copies

    def badness(self, estimator, net, scorer):
        """The mean loss, or minus the score."""
        X = self.problem.X
        if scorer is None:
            return mean_loss(net, estimator._plain_objective(), X, self.targets, self.weights, self.rows)
        estimator._checked_rows = X[self.rows]
        try:
            y = self.problem.y[self.rows]
            return -score(scorer, estimator.monitor, estimator, estimator._checked_rows, y, self.copies)
        finally:
            del estimator._checked_rows

    def rows_with_targets(self):
        """X, targets of the net (m, n_outputs) and weights of some rows, and which they are."""
        return self.problem.X, self.targets, self.weights, self.rows


class History:
    """Keeps the curves of the estimator, the best and the last good parameters, and says when no more is gained.

    Parameters
    ----------
    estimator : BaseDropoutMLP
        Able to predict with the net while it trains.
    net : Net
    average : Average or None
        Whose mean is watched, and used in the end, in place of the parameters.
    own, validation : Watched or None
        Training and validation rows, as many of either where there are.
    """

    def __init__(self, estimator, net, average, own, validation):
        self.estimator, self.net, self.average = estimator, net, average
        self.own, self.validation, self.scorer = own, validation, read_monitor(estimator.monitor)
        self.epochs, self.last, self.best = 0, net.snapshot(), None
        self.best_iter, self.lowest, self.since = None, math.inf, 0
        if validation is not None and estimator.validation_curve_ is None:
            estimator.validation_curve_, estimator.gap_curve_ = [], []

    @property
    def best_score(self):
        """The lowest loss, or the highest score."""
        return self.lowest if self.scorer is None else -self.lowest

    def record(self, loss):
        """Note an epoch; whether to stop."""
        estimator = self.estimator
        if not math.isfinite(float(np.dot(self.net.theta, self.net.theta)) + float(self.net.memory.sum())):
            raise Diverged  # the loss was taken before the last step
        now = self.net.snapshot()
        stop = self.validation is not None and self._validate(now)
        self.last = now
        estimator.loss_curve_.append(loss)
        self.epochs += 1
        if estimator.verbose:
            seen = f", validation {estimator.validation_curve_[-1]:.5g}" if self.validation is not None else ""
            print(f"{type(estimator).__name__}: epoch {len(estimator.loss_curve_)}, loss {loss:.5g}{seen}")
        return stop

    def _validate(self, now):
        estimator = self.estimator
        self._settle()
        bad, own = (watched.badness(estimator, self.net, self.scorer) for watched in (self.validation, self.own))
        if self.scorer is None and not math.isfinite(bad):
            raise Diverged
        if math.isnan(bad):
            raise ValueError(f"monitor={estimator.monitor!r} is NaN after epoch {self.epochs + 1}.")
        estimator.validation_curve_.append(bad if self.scorer is None else -bad)
        estimator.gap_curve_.append(bad - own)
        self.since = 0 if bad < self.lowest - estimator.min_delta else self.since + 1
        if self.since == 0 or bad == self.lowest:  # of equal scores the later epoch, which was trained for longer
            self.lowest, self.best_iter = bad, len(estimator.validation_curve_) - 1
            if estimator.early_stopping:
                self.best = self.net.snapshot()
        self.net.restore(now)
        patience = estimator.patience
        return estimator.early_stopping and patience is not None and self.since >= patience

    def _settle(self):
        """Put the averaged parameters in the net."""
        if self.average is not None and self.average.updates:
            self.average.install(self.net)

    def current(self):
        """A copy of the net as it would predict if training ended here."""
        now = self.net.snapshot()
        self._settle()
        net = copy.deepcopy(self.net)
        self.net.restore(now)
        return net

    def finish(self):
        """Leave in the net what to predict with."""
        if self.best is not None:
            self.net.restore(self.best)
        else:
            self.net.restore(self.last)
            self._settle()
