"""Another model on the folds of the adviser."""

from typing import NamedTuple

from sklearn.base import BaseEstimator

from ._evaluate import Difference, Folds, mean

WORTH = 0.01  # share of what can be learned that a difference must have to count


class Alternative(NamedTuple):
    """Another model on the same folds, compared with the baseline.

    Attributes
    ----------
    name : str
    fits : list of Fit
    gain, above : Difference
        Held-out score minus the baseline's, and minus the constant's.
    train : float
        Mean training score.
    model : estimator
        Unfitted; None where fits are those of several values.
    part : estimator
        The estimator to use instead; None where only parameters change.
    change : dict
        Parameters that change; empty where `part` is all.
    value : object
        Of the regularization curve.
    base : list of Fit
        Of the baseline, on the same folds.
    folds : Folds
    """

    name: str
    fits: list
    gain: Difference
    above: Difference
    train: float
    model: BaseEstimator | None = None
    part: BaseEstimator | None = None
    change: dict | None = None
    value: object = None
    base: list | None = None
    folds: Folds | None = None


def alternative(m, name, fits, **how):
    """An `Alternative` from its fits on the first folds; `how` are further fields."""
    gain, above = m.folds.gain(fits, m.baseline), m.folds.gain(fits, m.floor)
    return Alternative(name, fits, gain, above, mean(fits, "train"), base=m.baseline, folds=m.folds, **how)
