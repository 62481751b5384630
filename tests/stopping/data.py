"""Data and helpers of the tests of early stopping."""

import weakref

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

RUNS_OUT = pytest.mark.filterwarnings("ignore:.*took max_iter")  # where a number of steps is wanted


def numbers(n=300, p=8, noise=3.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.geomspace(1.0, 0.1, p) + 2.0
    return X, 5.0 + X @ rng.standard_normal(p) + noise * rng.standard_normal(n)


def classes(n=300, p=8, K=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, (X @ rng.standard_normal((p, K)) + 2.0 * rng.standard_normal((n, K))).argmax(axis=1)


def halves(X, y):
    m = len(y) * 2 // 3
    return X[:m], y[:m], dict(X_val=X[m:], y_val=y[m:])


class Counted(RegressorMixin, BaseEstimator):
    """Predicts the number of its steps, and counts how many states of it live."""

    living = weakref.WeakSet()
    most = 0

    def partial_fit(self, X, y):
        if not hasattr(self, "state_"):
            self.state_ = State(0)
        self.state_.value += 1
        self.seen_ = [*getattr(self, "seen_", []), X[:, 0].tolist()]
        return self

    fit = partial_fit

    def predict(self, X):
        return np.full(len(X), float(self.state_.value))


class State:
    def __init__(self, value):
        self.value = value
        Counted.living.add(self)
        Counted.most = max(Counted.most, len(Counted.living))

    def __deepcopy__(self, memo):
        return State(self.value)
