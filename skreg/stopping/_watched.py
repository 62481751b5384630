"""What is watched while an estimator trains, and when no more is gained."""

import math
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier

from ..utils._scoring import score


def squared_error(y, prediction, weights):
    """Weighted mean over rows, and mean over outputs, of the squared error."""
    errors = (np.asarray(y, dtype=float).reshape(len(y), -1) - np.reshape(prediction, (len(y), -1))) ** 2
    return float(np.average(errors.mean(axis=1), weights=weights))


def log_loss(y, classes, p, weights):
    """Weighted mean over rows of minus the logarithm of the label's probability."""
    p = np.asarray(p)
    own = p[np.arange(len(y)), np.searchsorted(classes, y)]
    return float(np.average(-np.log(np.maximum(own, np.finfo(p.dtype).eps)), weights=weights))


class Watched(NamedTuple):
    """Rows to evaluate a model on."""

    X: object
    y: np.ndarray
    weights: np.ndarray | None

    def value(self, model, scorer, monitor):
        """The model's loss, or score, here."""
        if scorer is not None:
            return score(scorer, monitor, model, self.X, self.y, self.weights)
        if is_classifier(model):
            return log_loss(self.y, model.classes_, model.predict_proba(self.X), self.weights)
        return squared_error(self.y, model.predict(self.X), self.weights)


class History:
    """Keeps the curves of a run and its best state, and says when no more is gained.

    Parameters
    ----------
    settings : BaseEarlyStopping
    growth : growth
        See `_growth`.
    own, held : Watched
        Rows that are trained on, and rows that are not.
    scorer : callable or None
        None for the loss.
    keep : bool
        Whether to save the best state.
    """

    def __init__(self, settings, growth, own, held, scorer, keep):
        self.settings, self.growth, self.own, self.held, self.scorer = settings, growth, own, held, scorer
        self.keep = keep
        self.steps, self.train, self.validation = [], [], []
        self.best_iter, self.lowest, self.since = None, math.inf, 0

    @property
    def best_score(self):
        """The lowest loss, or the highest score."""
        return self.lowest if self.scorer is None else -self.lowest

    @property
    def stopped(self):
        """Whether nothing was gained for as long as patience lasts."""
        return self.since >= self.settings.patience

    def record(self, steps):
        """Evaluate the present state; whether to stop."""
        model, monitor = self.growth.model, self.settings.monitor
        now = self.held.value(model, self.scorer, monitor)
        if math.isnan(now):
            raise ValueError(f"monitor={monitor!r} is NaN on the validation rows after {steps} steps.")
        self.steps.append(steps)
        self.train.append(self.growth.train_value(self.own, self.scorer, monitor))
        self.validation.append(now)
        bad = now if self.scorer is None else -now
        if self.best_iter is None or bad < self.lowest - self.settings.min_delta:
            self.best_iter, self.lowest, self.since = steps, bad, 0
            if self.keep:
                self.growth.save(steps)
        else:
            self.since += 1
        return self.stopped
