"""Fits of estimators on the same folds, and what their differences are worth."""

import contextlib
import functools
import time
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import t as student
from sklearn import config_context, get_config
from sklearn.base import clone, is_regressor
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import train_test_split
from threadpoolctl import ThreadpoolController

from ..utils._rows import n_rows, take
from ..utils._threads import one_blas_thread
from ..utils._warnings import recorded_warnings

SHOWN_AS_ZERO = 1e-8  # what is smaller is printed as 0
MAX_SMALL_FIT = 500_000  # values of training rows, up to which threads cost more than they save
MAX_LATE_SHARE = 0.1  # share of the fall of a loss curve that its last quarter may have when training is finished


class Fit(NamedTuple):
    """Scores of one fit, and what it tells of the held-out rows.

    Attributes
    ----------
    train, validation, seconds : float
    messages : tuple of str
        Categories of the warnings.
    unfinished : bool
        Whether training ended while its loss was still falling, or with a ConvergenceWarning.
    log_loss : float
        NaN without probabilities; `confidence` in the predicted class and whether that is `right` are then None.
    recall, precision : float
        Of the rare class: share of its rows that are found, and average precision of its probability; else NaN.
    residuals : ndarray or None
        Of a regression with one target.
    """

    train: float
    validation: float
    seconds: float
    messages: tuple
    unfinished: bool = False
    log_loss: float = np.nan
    confidence: np.ndarray | None = None
    right: np.ndarray | None = None
    recall: float = np.nan
    precision: float = np.nan
    residuals: np.ndarray | None = None


class Difference(NamedTuple):
    """A mean difference over folds with its 95 % interval, whose ends are NaN where the folds give none.

    Attributes
    ----------
    mean, low, high : float
    is_shown : bool
        Whether the interval lies above zero.
    """

    mean: float
    low: float
    high: float

    @property
    def is_shown(self):
        return self.low > 0.0

    def counts(self, least=0.0):
        """Whether it is shown and at least as large; of folds without an interval only the mean can be asked."""
        return (self.is_shown or np.isnan(self.low)) and self.mean > 0.0 and self.mean >= least

    @property
    def reversed(self):
        return Difference(-self.mean, -self.high, -self.low)

    def __str__(self):
        if np.isnan(self.low):
            return f"{self.mean:+.3g} (no interval from these folds)"
        mean, low, high = (0.0 if abs(value) < SHOWN_AS_ZERO else value for value in self)
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
    rare : object
        Label of the rare class, None without.
    """

    def __init__(self, X, y, splits, scorer, n_jobs, rare=None):
        self.X = X
        self.y = y
        self.splits = splits
        self.scorer = scorer
        self.n_jobs = n_jobs
        self.rare = rare

    @property
    def n_train(self):
        return min(len(train) for train, _ in self.splits)

    def run(self, estimator, share=None):
        """Fits of an estimator on the training rows of every fold, or on a share of them."""
        rows = [(train if share is None else self._some(train, share), test) for train, test in self.splits]
        # not scikit-learn's Parallel, which sets filters of warnings in every thread: those of all threads
        parallel, config = Parallel(n_jobs=self.n_jobs), get_config()
        data = estimator, self.X, self.y
        return parallel(delayed(_fit)(config, *data, *parts, self.scorer, self.rare) for parts in rows)

    def on(self, splits):
        """The same rows and scorer on other splits."""
        return Folds(self.X, self.y, splits, self.scorer, self.n_jobs, self.rare)

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

    def chosen_by_others(self, scores, tolerance=0.0):
        """For every fold (column), the row of `scores` that is best on folds that hold out none of its rows.

        Rows less than `tolerance` worse than the best count as best, too, and the first of them is chosen. None where
        there are no such folds: then every choice has seen what it is judged by.
        """
        apart = self.apart
        if not apart.any(axis=1).all():
            return None
        means = scores @ apart.T / apart.sum(axis=1)
        return (means >= means.max(axis=0) - tolerance).argmax(axis=0)


@functools.cache
def _thread_pools():
    return ThreadpoolController()


@contextlib.contextmanager
def one_thread_if_small(n_values):
    """One thread of OpenMP and BLAS for fits on few values, where threads wait for each other most of the time.

    Parameters
    ----------
    n_values : int
        Rows times features.
    """
    if n_values > MAX_SMALL_FIT:
        yield
        return
    with one_blas_thread(), _thread_pools().limit(limits=1, user_api="openmp"):
        yield


def _n_values(X):
    shape = getattr(X, "shape", ())
    return n_rows(X) * (shape[1] if len(shape) > 1 else 1)


def _fit(config, estimator, X, y, train, test, scorer, rare=None):
    model, start = clone(estimator), time.perf_counter()
    X_train, y_train, X_test, y_test = take(X, train), take(y, train), take(X, test), take(y, test)
    few = one_thread_if_small(_n_values(X_train))
    with config_context(**config), recorded_warnings() as caught, few:
        model.fit(X_train, y_train)
        scores = scorer(model, X_train, y_train), scorer(model, X_test, y_test)
        seconds = time.perf_counter() - start
        known = _held_out(model, X_test, np.asarray(y_test), rare)
    messages = tuple({w.category.__name__ for w in caught})
    return Fit(*map(float, scores), seconds, messages, _is_unfinished(model, messages), **known)


def _is_unfinished(model, messages):
    """Whether the last quarter of the training still brought a good part of what all of it did."""
    model = _innermost(model)
    curves = [getattr(model, name, None) for name in ("validation_curve_", "loss_curve_")]
    curve = next((np.asarray(values) for values in curves if isinstance(values, list) and len(values) > 1), np.empty(0))
    if curve.dtype.kind != "f" or curve.ndim != 1 or curve.size < 2:
        return "ConvergenceWarning" in messages
    if curve.size < getattr(model, "max_iter", curve.size):  # it stopped by itself
        return False
    last = curve[-1 - max(1, curve.size // 4)] - curve[-1]
    return bool(abs(last) > MAX_LATE_SHARE * np.ptp(curve))


def _innermost(model):
    """The fitted estimator that does the learning, inside pipelines and wrappers."""
    while True:
        inner = model.steps[-1][1] if hasattr(model, "steps") and isinstance(model.steps, list) else None
        inner = inner or getattr(model, "regressor_", None) or getattr(model, "estimator_", None)
        if inner is None or not hasattr(inner, "fit") or isinstance(inner, type(model)):
            return model
        model = inner


def _held_out(model, X, y, rare):
    """What a model tells of held-out rows, as arguments of `Fit`."""
    if is_regressor(model):
        predicted = np.asarray(model.predict(X))
        plain = y.ndim == 1 and y.dtype.kind in "iuf" and predicted.shape == y.shape
        return {"residuals": y - predicted} if plain else {}
    if y.ndim != 1 or not hasattr(model, "classes_"):
        return {}
    found = {}
    if rare is not None and (y == rare).any():
        found["recall"] = float((np.asarray(model.predict(X))[y == rare] == rare).mean())
    if not hasattr(model, "predict_proba"):
        return found
    p, classes = model.predict_proba(X), model.classes_
    if not isinstance(p, np.ndarray) or len(classes) < 2 or not np.isin(y, classes).all():
        return found
    if "recall" in found and rare in classes:
        found["precision"] = float(average_precision_score(y == rare, p[:, list(classes).index(rare)]))
    found |= {"log_loss": log_loss(y, p, labels=classes), "confidence": p.max(axis=1)}
    return {**found, "right": classes[p.argmax(axis=1)] == y}


def mean(fits, name="validation"):
    return float(np.mean([getattr(fit, name) for fit in fits]))


def overconfidence(fits):
    """Mean confidence minus share of right answers in every fold, None where some have no probabilities."""
    if any(fit.confidence is None for fit in fits):
        return None
    return [float((fit.confidence - fit.right).mean()) for fit in fits]
