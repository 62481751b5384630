"""The best epoch by cross-validation, for tables of few rows: all of them train the net that is kept."""

import copy
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..utils._early_stopping import BestValue
from ..utils._errors import caller_level

N_FOLDS = 3
FEW_ROWS = 1000  # with fewer unique rows, early_stopping="auto" cross-validates


class CrossValidated(NamedTuple):
    """What nets that trained without one fold each say about the epoch.

    The curves are means over folds, weighted by their validation rows, and end where the shortest of them does.
    """

    step: int  # the best epoch; -1 for the starting point of fine-tuning
    score: float  # the monitor's value there
    validation_curve: list
    gap_curve: list
    fitted: list  # the estimator of every fold
    shares: np.ndarray  # (n_folds,): of the weight of all rows, that of the fold


def cross_validated(estimator, architecture, folds, seed):
    """Train copies of an estimator, each without one fold, and choose the epoch of the best mean on the folds.

    Parameters
    ----------
    estimator : BaseNet
        Its data were read. It stays as it is.
    architecture, seed
        As `BaseNet._train_rows` takes them.
    folds : list of TrainingRows

    Raises
    ------
    ValueError
        Where the first value of the monitor is NaN.

    Warns
    -----
    ConvergenceWarning
        Where one of the nets diverged.
    """
    fitted, starts = [], []
    for k, rows in enumerate(folds):
        one = rows.net = copy.copy(estimator)
        one._is_fold = True
        one._part = f" without fold {k + 1} of {len(folds)}"
        try:
            one._train_rows(architecture, rows, None, seed)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted while the epoch was cross-validated: nothing is fitted.") from None
        fitted.append(one)
        if estimator._start is not None:
            starts.append(estimator._start.value)
    totals = np.array([rows.held.fit_weight.sum() for rows in folds])
    shares = totals / totals.sum()
    validation, gap = (
        _mean([getattr(one, name) for one in fitted], shares) for name in ("validation_curve_", "gap_curve_")
    )
    if len(validation) < estimator.max_iter and estimator.patience is None:
        warnings.warn(
            f"{type(estimator).__name__} diverged without one of the folds, in epoch {len(validation) + 1}: the best"
            f" epoch is one of those before. {fitted[0]._remedy()}",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )
    sign = 1.0 if estimator.monitor == "loss" else -1.0
    best = BestValue(estimator.monitor, None, estimator.min_delta, ties="last")
    if starts:
        best.update(np.average(starts, weights=shares), -1, "before the first epoch")
    for step, value in enumerate(validation):
        best.update(sign * value, step, f"after epoch {step + 1}")
    return CrossValidated(best.step, sign * best.value, validation, gap, fitted, shares)


def _mean(curves, shares):
    length = min(map(len, curves))
    return np.average([curve[:length] for curve in curves], axis=0, weights=shares).tolist()
