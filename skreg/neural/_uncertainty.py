"""What draws of the noise tell."""

from typing import NamedTuple

import numpy as np


class Uncertainty(NamedTuple):
    """What `DropoutMLPRegressor.predict_uncertainty` returns, and says what it is."""

    mean: np.ndarray
    epistemic: np.ndarray
    aleatoric: np.ndarray
    total: np.ndarray


class ClassUncertainty(NamedTuple):
    """What `DropoutMLPClassifier.predict_uncertainty` returns, and says what it is."""

    mean: np.ndarray
    epistemic: np.ndarray
    aleatoric: np.ndarray
    total: np.ndarray
    predictive_entropy: np.ndarray
    mutual_information: np.ndarray


class Moments:
    """Mean and variance of draws that come one by one; exactly 0 where all agree."""

    def __init__(self):
        self.n, self.first, self.sum, self.squares = 0, None, 0.0, 0.0

    def add(self, draw):
        self.first = draw if self.first is None else self.first
        difference = draw - self.first
        self.n, self.sum, self.squares = self.n + 1, self.sum + difference, self.squares + difference**2

    @property
    def mean(self):
        return self.first + self.sum / self.n

    @property
    def variance(self):
        return np.maximum(self.squares / self.n - (self.sum / self.n) ** 2, 0.0)


def entropy(p):
    """Entropy of probabilities along the last axis, in nats."""
    return -(p * np.log(np.where(p > 0.0, p, 1.0))).sum(axis=-1)
