"""Fits of estimators on the same folds, and what their differences are worth."""

import time
import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils.parallel import Parallel, delayed

from ..utils._rows import take

ROUNDING = 1e-8  # what is smaller is shown as 0


class Fit(NamedTuple):
    """What one fit tells; probabilities are those of the held-out rows, where the estimator gives any."""

    train: float
    validation: float
    seconds: float
    messages: tuple
    log_loss: float = np.nan
    confidence: np.ndarray | None = None
    right: np.ndarray | None = None


class Difference(NamedTuple):
    """A mean difference over folds with its 95 % interval, whose ends are NaN where the folds give none."""

    mean: float
    low: float
    high: float

    @property
    def is_shown(self):
        return self.low > 0.0

    @property
    def is_gain(self):
        """Whether it is shown to be positive; of folds without an interval only the mean can be asked."""
        return self.is_shown or (np.isnan(self.low) and self.mean > 0.0)

    def __str__(self):
        if np.isnan(self.low):
            return f"{self.mean:+.3g} (no interval from these folds)"
        mean, low, high = (0.0 if abs(value) < ROUNDING else value for value in self)
        return f"{mean:+.3g} [{low:+.3g}, {high:+.3g}]"


def difference(values, splits, *, of_learning=True):
    """Mean of the folds' differences with a 95 % interval.

    Where it is to hold for other training rows, too, folds are dependent, as their training sets overlap: the variance
    of the mean is that of one fold times ``1 / k`` plus the ratio of held-out to training rows (Nadeau & Bengio 2003).
    Of the fitted models themselves (``of_learning=False``), as when they are asked how much better they know their
    training rows, folds with distinct held-out rows tell independently; repetitions of folds add nothing.
    """
    k, mean = len(values), float(np.mean(values))
    held = np.mean([len(test) for _, test in splits])
    if of_learning:
        share, freedom = 1.0 / k + np.mean([len(test) / len(train) for train, test in splits]), k - 1
    else:
        independent = min(len(np.unique(np.concatenate([test for _, test in splits]))) / held, k)
        share, freedom = 1.0 / independent, independent - 1
    if k < 2 or freedom <= 0:
        return Difference(mean, np.nan, np.nan)
    half = student.ppf(0.975, freedom) * np.sqrt(share * np.var(values, ddof=1))
    return Difference(mean, float(mean - half), float(mean + half))


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

    def run(self, estimator, share=None):
        """Fits of an estimator on the training rows of every fold, or on a share of them."""
        rows = [(train if share is None else self._some(train, share), test) for train, test in self.splits]
        parallel = Parallel(n_jobs=self.n_jobs)
        return parallel(delayed(_fit)(estimator, self.X, self.y, *parts, self.scorer) for parts in rows)

    def _some(self, train, share):
        """A random share of the rows, of every class alike where classes allow it."""
        options = dict(train_size=share, random_state=0)
        labels = take(self.y, train)
        try:
            return np.sort(train_test_split(train, stratify=labels, **options)[0])
        except ValueError:  # numbers, or a class with too few rows
            return np.sort(train_test_split(train, **options)[0])

    def gain(self, better, base):
        """Of the scores of fits over those of others on the same folds."""
        return self.difference([b.validation - a.validation for a, b in zip(base, better, strict=True)])

    def difference(self, values, **options):
        """See `difference`."""
        return difference(values, self.splits, **options)

    @property
    def apart(self):
        """Which pairs of folds hold out no row in common."""
        return np.array([[not np.isin(a, b).any() for _, b in self.splits] for _, a in self.splits])

    def chosen_by_others(self, scores):
        """For every fold (column), the row of `scores` that is best on folds that hold out none of its rows.

        None where there are no such folds: then every choice has seen what it is judged by.
        """
        apart = self.apart
        if not apart.any(axis=1).all():
            return None
        return (scores @ apart.T / apart.sum(axis=1)).argmax(axis=0)


def _fit(estimator, X, y, train, test, scorer):
    model, start = clone(estimator), time.perf_counter()
    X_train, y_train, X_test, y_test = take(X, train), take(y, train), take(X, test), take(y, test)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X_train, y_train)
        scores = scorer(model, X_train, y_train), scorer(model, X_test, y_test)
        known = _certainty(model, X_test, np.asarray(y_test))
    seconds = time.perf_counter() - start
    return Fit(*map(float, scores), seconds, tuple({w.category.__name__ for w in caught}), *known)


def _certainty(model, X, y):
    """Log loss, confidences and whether they are right, of a classifier that tells its probabilities."""
    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        return ()
    p, classes = model.predict_proba(X), model.classes_
    if y.ndim != 1 or not isinstance(p, np.ndarray) or len(classes) < 2 or not np.isin(y, classes).all():
        return ()
    return log_loss(y, p, labels=classes), p.max(axis=1), classes[p.argmax(axis=1)] == y


def mean(fits, name="validation"):
    return float(np.mean([getattr(fit, name) for fit in fits]))


def overconfidence(fits):
    """Mean confidence minus share of right answers in every fold, None where some have no probabilities."""
    if any(fit.confidence is None for fit in fits):
        return None
    return [float((fit.confidence - fit.right).mean()) for fit in fits]
