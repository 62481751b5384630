"""Fits of estimators on the same folds, and what their differences are worth."""

import time
import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed


class Fit(NamedTuple):
    """What one fit tells; probabilities are those of the held-out rows, where the estimator gives any."""

    train: float
    validation: float
    seconds: float
    messages: tuple
    log_loss: float = np.nan
    confidence: np.ndarray | None = None
    right: np.ndarray | None = None


class Interval(NamedTuple):
    """A mean difference over folds with a 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def is_gain(self):
        return self.low > 0.0

    def __str__(self):
        if np.isnan(self.low):
            return f"{self.mean:+.3g} (one fold: no interval)"
        return f"{self.mean:+.3g} [{self.low:+.3g}, {self.high:+.3g}]"


def interval(differences, splits=None):
    """Mean of the folds' differences with a 95 % interval; `splits` where it is to hold for other training rows, too.

    Training sets of folds overlap, so that the variance of the mean is then that of one fold times ``1 / k`` plus the
    ratio of held-out to training rows (Nadeau & Bengio 2003, eq. 9). Of the fitted models themselves, as when they are
    asked how much better they know their training rows, folds tell independently: ``1 / k`` alone.
    """
    k, mean = len(differences), float(np.mean(differences))
    if k < 2:
        return Interval(mean, np.nan, np.nan)
    ratio = 0.0 if splits is None else np.mean([len(test) / len(train) for train, test in splits])
    half = student.ppf(0.975, k - 1) * np.sqrt((1.0 / k + ratio) * np.var(differences, ddof=1))
    return Interval(mean, float(mean - half), float(mean + half))


class Folds:
    """The rows, the splits and the scorer that everything is measured with.

    Parameters
    ----------
    X, y : the data
    splits : list of (train, test)
    scorer : callable
        ``scorer(estimator, X, y)``, greater is better.
    n_jobs : int or None
    """

    def __init__(self, X, y, splits, scorer, n_jobs):
        self.X, self.y, self.splits, self.scorer, self.n_jobs = X, y, splits, scorer, n_jobs

    @property
    def n_train(self):
        return min(len(train) for train, _ in self.splits)

    def run(self, estimators, share=None):
        """Fits of one estimator, or of one for each fold, on the training rows or on a share of them."""
        if not isinstance(estimators, list):
            estimators = [estimators] * len(self.splits)
        rows = [(train if share is None else self._some(train, share), test) for train, test in self.splits]
        jobs = zip(estimators, rows, strict=True)
        parallel = Parallel(n_jobs=self.n_jobs)
        return parallel(delayed(_fit)(model, self.X, self.y, *parts, self.scorer) for model, parts in jobs)

    def _some(self, train, share):
        """A random share of the rows, of every class alike where classes allow it."""
        options = dict(train_size=share, random_state=0)
        labels = _safe_indexing(self.y, train)
        try:
            return np.sort(train_test_split(train, stratify=labels, **options)[0])
        except ValueError:  # numbers, or a class with too few rows
            return np.sort(train_test_split(train, **options)[0])

    def gain(self, better, base):
        """Of the scores of fits over those of others on the same folds."""
        return interval([b.validation - a.validation for a, b in zip(base, better, strict=True)], self.splits)


def _fit(estimator, X, y, train, test, scorer):
    model, start = clone(estimator), time.perf_counter()
    X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(_safe_indexing(X, train), _safe_indexing(y, train))
        scores = scorer(model, _safe_indexing(X, train), _safe_indexing(y, train)), scorer(model, X_test, y_test)
        known = _certainty(model, X_test, np.asarray(y_test))
    seconds = time.perf_counter() - start
    return Fit(*map(float, scores), seconds, tuple({w.category.__name__ for w in caught}), *known)


def _certainty(model, X, y):
    """Log loss, confidences and whether they are right, of a classifier that tells its probabilities."""
    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        return ()
    p, classes = model.predict_proba(X), model.classes_
    if not isinstance(p, np.ndarray) or not np.isin(y, classes).all():
        return ()
    return log_loss(y, p, labels=classes), p.max(axis=1), classes[p.argmax(axis=1)] == y


def mean(fits, name="validation"):
    return float(np.mean([getattr(fit, name) for fit in fits]))
