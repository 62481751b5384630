"""Temperature scaling: the scores of a classifier are divided by one number, chosen on rows that it did not see."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ._data import counted

DEVIATION = 0.15  # prior standard deviation of the logarithm of the temperature
LARGEST = 1.0  # absolute logarithm


class HeldScores(NamedTuple):
    """Scores of rows that a net did not train on, of every member if there are several."""

    scores: np.ndarray  # (m, ..., n_classes)
    targets: np.ndarray  # (m, n_classes) or (m, steps, n_classes)
    weights: np.ndarray  # (m,)


def best_temperature(average, parts, shares):
    """The most probable temperature, given rows that were held out (Guo et al. 2017, section 4.2).

    Its logarithm has a normal prior around 0, so that few rows, or classes that are nearly separated, hardly move it.
    Rows with weights count as the number of equal weights with the same effective size, sequences as one row each.

    Parameters
    ----------
    average : callable
        Scores of the averaged prediction, from those of all members.
    parts : list of HeldScores
        For every fold.
    shares : ndarray of shape (n_folds,)
        Shares of the folds in the weight of all rows.
    """
    parts = [
        part._replace(weights=share * part.weights / part.weights.sum())
        for part, share in zip(parts, shares, strict=True)
    ]
    size = 1.0 / sum(np.square(part.weights).sum() for part in parts)

    def loss(log_temperature):
        total = 0.0
        for z, targets, weights in parts:
            log_p = log_softmax(average(z / np.exp(log_temperature)), axis=-1)
            losses, their_weights = counted(-(targets * log_p).sum(axis=-1, keepdims=True), weights)
            total += np.average(losses[:, 0], weights=their_weights) * weights.sum()
        return size * total + 0.5 * (log_temperature / DEVIATION) ** 2

    return float(np.exp(minimize_scalar(loss, bounds=(-LARGEST, LARGEST), method="bounded").x))
