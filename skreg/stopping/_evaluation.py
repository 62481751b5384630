"""Losses and scores of a model while it trains, and the curves that they make."""

import itertools

import numpy as np
from sklearn.base import is_classifier

from ..utils._classes import log_loss
from ..utils._early_stopping import BestValue
from ..utils._scoring import score
from ..utils._targets import class_codes


def squared_error(y, prediction, weights):
    """Squared error, averaged over outputs and over weighted rows; infinite where it overflows, without a warning."""
    y, prediction = (np.asarray(values, dtype=float).reshape(len(y), -1) for values in (y, prediction))
    if y.shape != prediction.shape:
        raise ValueError(f"predictions have {prediction.shape[1]} outputs; validation targets have {y.shape[1]}.")
    with np.errstate(over="ignore"):
        return float(np.average(((y - prediction) ** 2).mean(axis=1), weights=weights))


def log_loss_of(codes, p, weights):
    """Log loss of probabilities, which are cut off at the smallest positive number of their precision."""
    p = np.asarray(p)
    return log_loss(codes, np.log(np.maximum(p, np.finfo(p.dtype).eps)), weights)


class EvaluationSet:
    """Rows to evaluate a model on.

    Parameters
    ----------
    X : object
        As the model takes them.
    y : ndarray
    weights : ndarray of shape (n,) or None
    """

    def __init__(self, X, y, weights):
        self.X = X
        self.y = y
        self.weights = weights
        self._classes = None
        self._codes = None

    def value(self, model, scorer, monitor):
        """The loss of a model on these rows, or its score; NaN where its predictions are not finite numbers."""
        if scorer is None:
            return self._loss(model, model.predict_proba(self.X) if is_classifier(model) else model.predict(self.X))
        try:
            return score(scorer, monitor, model, self.X, self.y, self.weights)
        except ValueError:
            if self._has_finite_predictions(model):
                raise
            return np.nan  # the model diverged, and the scorer refused its predictions

    def losses_of_stages(self, model, first):
        """The losses of all stages of a boosted model from stage `first` on."""
        stages = model.staged_predict_proba(self.X) if is_classifier(model) else model.staged_predict(self.X)
        return [self._loss(model, prediction) for prediction in itertools.islice(stages, first, None)]

    def loss_of_constant(self, classes, y, weights):
        """The loss of a constant prediction: the mean of training targets y, or the shares of their classes.

        It is the larger one of the losses on these rows and on the training rows, since these may be few.
        """
        if classes is None:
            mean = np.average(y, axis=0, weights=weights)
            rounding = 1e-12 * float(np.square(mean).max())
            both = ((self.y, self.weights), (y, weights))
            return rounding + max(squared_error(z, np.broadcast_to(mean, z.shape), w) for z, w in both)
        _, codes = class_codes(y, classes)
        shares = np.bincount(codes, weights, len(classes))
        shares = shares / shares.sum()
        both = ((self.codes(classes), self.weights), (codes, weights))
        return max(log_loss_of(c, np.broadcast_to(shares, (len(c), shares.size)), w) for c, w in both)

    def codes(self, classes):
        """Index of the class of every row; ValueError for a label that is not among the classes."""
        if self._classes is None or not np.array_equal(self._classes, classes):
            self._classes, self._codes = class_codes(self.y, np.asarray(classes), "y_val")
        return self._codes

    def _loss(self, model, prediction):
        if is_classifier(model):
            return log_loss_of(self.codes(model.classes_), prediction, self.weights)
        return squared_error(self.y, prediction, self.weights)

    def _has_finite_predictions(self, model):
        if is_classifier(model):
            return not hasattr(model, "predict_proba") or bool(np.isfinite(model.predict_proba(self.X)).all())
        return bool(np.isfinite(np.asarray(model.predict(self.X), dtype=float)).all())


class History:
    """The curves of one training run, and its best step.

    Parameters
    ----------
    settings : BaseEarlyStopping
    trainer : Trainer
    train, validation : EvaluationSet
        Some rows that are trained on, and the validation rows.
    scorer : callable or None
        None for the loss.
    keep : bool
        Whether to save the best state.
    """

    def __init__(self, settings, trainer, train, validation, scorer, keep):
        self.trainer = trainer
        self.train = train
        self.validation = validation
        self.scorer = scorer
        self.monitor = settings.monitor
        self.keep = keep
        self.best = BestValue(settings.monitor, settings.patience, settings.min_delta)
        self.steps = []
        self.train_curve = []
        self.validation_curve = []
        self.interruption = None

    @property
    def best_score(self):
        """The lowest loss, or the highest score."""
        return self.best.value if self.scorer is None else -self.best.value

    def close(self):
        """Drop the rows and the trainer, so that their memory is free."""
        self.trainer = None
        self.train = None
        self.validation = None

    def record(self, steps):
        """Evaluate the present state; returns whether to stop."""
        value = self.trainer.value(self.validation, self.scorer, self.monitor)
        train_value = self.trainer.train_value(self.train, self.scorer, self.monitor)
        self.steps.append(steps)
        self.train_curve.append(train_value)
        self.validation_curve.append(value)
        if self.best.update(value if self.scorer is None else -value, steps, f"after {steps} steps") and self.keep:
            self.trainer.save(steps)
        return self.best.stopped
