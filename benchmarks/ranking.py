"""Models compared over tables: average ranks, geometric means of ratios and shares of tables won, with intervals."""

import numpy as np
from scipy.stats import rankdata

RESAMPLES = 2000


def ranks(losses):
    """Rank of every model on every table, 1 for the lowest loss, the mean of equal ones: (n_tables, n_models)."""
    return rankdata(losses, axis=1)


def wins(losses):
    """1 where no other model has a lower loss, shared among equal ones: (n_tables, n_models)."""
    best = losses == losses.min(axis=1, keepdims=True)
    return best / best.sum(axis=1, keepdims=True)


def mean_over_tables(values, transform=None, level=0.95):
    """The mean over tables and its percentile bootstrap interval, where tables are what is drawn again.

    Parameters
    ----------
    values : array-like of shape (n_tables,)
    transform : callable, default=None
        Applied to the mean and to the bounds; `numpy.exp` for geometric means of values whose logarithms are given.
    level : float, default=0.95

    Returns
    -------
    mean, low, high : float
    """
    values = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(0).integers(values.size, size=(RESAMPLES, values.size))
    bounds = np.quantile(values[drawn].mean(axis=1), [0.5 - level / 2, 0.5 + level / 2])
    found = np.array([values.mean(), *bounds])
    return tuple(float(v) for v in (found if transform is None else transform(found)))


def geometric(ratios, level=0.95):
    """The geometric mean of positive ratios and its interval; three times NaN of none."""
    return mean_over_tables(np.log(ratios), np.exp, level) if len(ratios) else (np.nan,) * 3
