"""What is watched while an estimator trains, and when no more is gained."""

import itertools
import math
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning

from ..utils._classes import log_loss
from ..utils._scoring import score
from ..utils._validation import caller_level, class_codes


def squared_error(y, prediction, weights):
    """Weighted mean over rows, and mean over outputs, of the squared error."""
    y, prediction = (np.asarray(values, dtype=float).reshape(len(y), -1) for values in (y, prediction))
    if y.shape != prediction.shape:
        raise ValueError(
            f"predictions have {prediction.shape[1]} outputs; the targets that are watched have {y.shape[1]}."
        )
    return float(np.average(((y - prediction) ** 2).mean(axis=1), weights=weights))


class Watched(NamedTuple):
    """Rows to evaluate a model on."""

    X: object
    y: np.ndarray
    weights: np.ndarray | None

    def value(self, model, scorer, monitor):
        """The model's loss, or score, here."""
        if scorer is not None:
            return score(scorer, monitor, model, self.X, self.y, self.weights)
        return self._loss(model, model.predict_proba(self.X) if is_classifier(model) else model.predict(self.X))

    def losses_of_stages(self, model, first):
        """The losses of all stages of boosting from number `first` on."""
        stages = model.staged_predict_proba(self.X) if is_classifier(model) else model.staged_predict(self.X)
        return [self._loss(model, prediction) for prediction in itertools.islice(stages, first, None)]

    def _loss(self, model, prediction):
        if is_classifier(model):
            p = np.asarray(prediction)
            _, codes = class_codes(self.y, np.asarray(model.classes_), "y_val")
            return log_loss(codes, np.log(np.maximum(p, np.finfo(p.dtype).eps)), self.weights)
        return squared_error(self.y, prediction, self.weights)


class Gains:
    """The lowest of some values, and how long ago it was; `monitor` is what gave them."""

    def __init__(self, monitor, patience, min_delta):
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.lowest, self.best_iter, self.since = math.inf, None, 0

    def add(self, steps, value):
        """Note the value after some steps; whether it is a gain.

        Raises ValueError where it is NaN and there was none before; later it warns, and ends the run.
        """
        if math.isnan(value):
            what = f"monitor={self.monitor!r} is NaN on the validation rows after {steps} steps"
            if self.best_iter is None:
                raise ValueError(f"{what}.")
            warnings.warn(
                f"{what}: training ends there, the best was after {self.best_iter}.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )
            self.since = math.inf
            return False
        gain = self.best_iter is None or value < self.lowest - self.min_delta
        if gain:
            self.best_iter, self.lowest, self.since = steps, value, 0
        else:
            self.since += 1
        return gain

    @property
    def stopped(self):
        """Whether nothing was gained for as long as patience lasts."""
        return self.since >= self.patience


class History:
    """Keeps the curves of a run, and its best state.

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
        self.growth, self.own, self.held = growth, own, held
        self.scorer, self.monitor, self.keep = scorer, settings.monitor, keep
        self.gains = Gains(settings.monitor, settings.patience, settings.min_delta)
        self.steps, self.train, self.validation = [], [], []

    @property
    def best_score(self):
        """The lowest loss, or the highest score."""
        return self.gains.lowest if self.scorer is None else -self.gains.lowest

    def close(self):
        """Let go of the rows and of what was trained."""
        self.growth = self.own = self.held = None

    def record(self, steps):
        """Evaluate the present state; whether to stop."""
        now = self.growth.value(self.held, self.scorer, self.monitor)
        own = self.growth.train_value(self.own, self.scorer, self.monitor)
        for curve, value in ((self.steps, steps), (self.train, own), (self.validation, now)):
            curve.append(value)
        if self.gains.add(steps, now if self.scorer is None else -now) and self.keep:
            self.growth.save(steps)
        return self.gains.stopped
