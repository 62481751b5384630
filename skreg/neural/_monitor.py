"""Curves, validation and early stopping while a net trains."""

import copy
import math

import numpy as np

from .._nets.training.evaluation import MeanLoss
from .._nets.training.loop import Diverged
from ..utils._early_stopping import BestValue
from ..utils._scoring import read_monitor, score


class ValidationSet:
    """Rows whose loss, or score, is computed without noise after every epoch.

    Parameters
    ----------
    data : NetData
    targets : Targets
        Without label smoothing.
    weights : ndarray of shape (n,)
        Row weights of the loss.
    rows : ndarray of int of shape (m,)
        The rows of the data to use.
    sample_weight : ndarray of shape (m,)
        Sample weights of these rows, for scorers.
    """

    def __init__(self, data, targets, weights, rows, sample_weight):
        self.data = data
        self.sample_weight = sample_weight
        self.loss = MeanLoss(data.X, targets, weights, rows)

    @property
    def rows(self):
        """The rows of the data to use."""
        return self.loss.rows

    def criterion(self, estimator, net, scorer):
        """The value to minimize: the mean loss, or minus the score."""
        if scorer is None:
            return self.loss(net, estimator._plain_objective())
        estimator._checked_rows = self.data.X[self.rows]
        try:
            y = self.data.y[self.rows]
            return -score(scorer, estimator.monitor, estimator, estimator._checked_rows, y, self.sample_weight)
        finally:
            del estimator._checked_rows

    def rows_with_targets(self):
        """X, targets, weights, and the rows of these to use."""
        return self.loss.X, self.loss.targets, self.loss.weights, self.rows


class TrainingHistory:
    """Records the curves of the estimator, keeps the best and the last parameters, and decides when to stop.

    Parameters
    ----------
    estimator : BaseNet
        It must be able to predict with the net while that trains.
    net : Net
    average : Average or None
        If given, validation and the final predictions use the averaged parameters.
    train_subset, validation : ValidationSet or None
        Some training rows, and the validation rows; None without validation.
    chosen : CrossValidated, default=None
        Where the epoch whose parameters are kept is known already. Training ends with it.
    """

    def __init__(self, estimator, net, average, train_subset, validation, chosen=None):
        self.estimator = estimator
        self.net = net
        self.average = average
        self.train_subset = train_subset
        self.validation = validation
        self.chosen = chosen
        self.scorer = read_monitor(estimator.monitor)
        self.epochs = 0
        self.last = net.snapshot()
        self.best = None
        self.epochs_at_best = None
        self.losses = None  # of the last epoch, on training and on validation rows, for schedules that need them
        patience = estimator.patience if estimator.early_stopping else None
        self.best_value = BestValue(estimator.monitor, patience, estimator.min_delta, ties="last")
        if validation is not None and estimator.validation_curve_ is None:
            estimator.validation_curve_ = []
            estimator.gap_curve_ = []

    @property
    def best_iter(self):
        """Index of the best epoch in the validation curve, None without one."""
        return self.best_value.step

    @property
    def best_score(self):
        """The lowest loss, or the highest score."""
        return self.best_value.value if self.scorer is None else -self.best_value.value

    @property
    def keeps_last(self):
        """Whether the parameters of the last epoch would be used if training ended now."""
        return self.best is None or self.epochs_at_best == self.epochs

    def record_start(self):
        """Let the parameters before the first epoch be the best so far; their index is -1. Returns whether to stop."""
        if self.chosen is not None:
            if self.chosen.step < 0:
                self._keep(0)
                return True
        elif self.validation is not None and self.estimator.early_stopping:
            value = self.validation.criterion(self.estimator, self.net, self.scorer)
            self.best_value.update(value, -1, "before the first epoch")
            self.estimator._start.value = value
            self._keep(0)
        return False

    def record(self, loss):
        """Add an epoch; returns whether to stop."""
        estimator = self.estimator
        if not math.isfinite(float(np.dot(self.net.theta, self.net.theta)) + float(self.net.memory.sum())):
            raise Diverged  # the loss was computed before the last step
        now = self.net.snapshot()
        stop = self.validation is not None and self._validate(now)
        if self.chosen is not None and self.epochs == self.chosen.step:
            self._load_average()
            self._keep(self.epochs + 1)
            self.net.restore(now)
            stop = True
        self.last = now
        estimator.loss_curve_.append(loss)
        self.epochs += 1
        if estimator.verbose:
            seen = f", validation {estimator.validation_curve_[-1]:.5g}" if self.validation is not None else ""
            name = type(estimator).__name__ + estimator._part
            print(f"{name}: epoch {len(estimator.loss_curve_)}, loss {loss:.5g}{seen}")
        return stop

    def _validate(self, now):
        estimator = self.estimator
        self._load_average()
        value = self.validation.criterion(estimator, self.net, self.scorer)
        train_value = self.train_subset.criterion(estimator, self.net, self.scorer)
        if self.scorer is None and not math.isfinite(value):
            raise Diverged
        if estimator.strength_schedule == "gap":
            self.losses = train_value, value
            if self.scorer is not None:
                both = self.train_subset, self.validation
                self.losses = tuple(rows.criterion(estimator, self.net, None) for rows in both)
        step = len(estimator.validation_curve_)
        is_best = self.best_value.update(value, step, f"after epoch {self.epochs + 1}")
        estimator.validation_curve_.append(value if self.scorer is None else -value)
        estimator.gap_curve_.append(value - train_value)
        if is_best and estimator.early_stopping:
            self._keep(self.epochs + 1)
        self.net.restore(now)
        return self.best_value.stopped

    def _keep(self, epochs):
        """Let the parameters of the net be the best, after a number of epochs."""
        self.best = self.net.snapshot()
        self.epochs_at_best = epochs

    def _load_average(self):
        """Put the averaged parameters in the net."""
        if self.average is not None and self.average.updates:
            self.average.load_into(self.net)

    def current(self):
        """A copy of the net as it would predict if training ended now."""
        now = self.net.snapshot()
        self._load_average()
        net = copy.deepcopy(self.net)
        self.net.restore(now)
        return net

    def finish(self):
        """Leave the parameters in the net that predictions use."""
        if self.best is not None:
            self.net.restore(self.best)
        else:
            self.net.restore(self.last)
            self._load_average()
