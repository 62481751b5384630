"""What is watched while an estimator trains: its loss, or a scorer."""

import inspect

import numpy as np
from sklearn.metrics import get_scorer


def read_monitor(monitor):
    """The scorer to watch, None for the loss."""
    if monitor == "loss" or callable(monitor):
        return None if monitor == "loss" else monitor
    try:
        return get_scorer(monitor)
    except ValueError as error:
        raise ValueError(f"monitor must be 'loss', the name of a scorer or one; got {monitor!r}.") from error


def score(scorer, monitor, estimator, X, y, weights):
    """The score of an estimator as a float; errors name `monitor`, what the scorer was read from.

    Weights are left out for a scorer that takes none, and where all are equal, as they say nothing then.
    """
    takes = "sample_weight" in inspect.signature(scorer).parameters
    weighted = takes and weights is not None and np.ptp(weights) > 0.0
    try:
        return float(scorer(estimator, X, y, **({"sample_weight": weights} if weighted else {})))
    except Exception as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"monitor={monitor!r} failed, as scorer(estimator, X, y): {error}") from error
