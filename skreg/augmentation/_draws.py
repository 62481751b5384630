"""Which rows copies are made of, and how often: a row of weight 3 counts as three rows."""

import numpy as np

from ..utils._rows import distinct, stack, stack_weights

MAX_DRAWS = 10_000  # copies of a data set that are drawn at once, where rows have weights above 2 on average


def draws_of(batch):
    """Indices and weights of the unique rows of a batch, each repeated as often as a copy of it is drawn.

    A row of weight 3 is drawn for three times, so that it means the same as three rows, and no draw weighs more than
    a row: a weight of 7.5 becomes eight draws. Only where weights add up to more than `MAX_DRAWS`, and to more than
    twice the unique rows, do fewer draws share them. Rows of weight 0 are left out.
    """
    first, place = distinct(batch.X, batch.y)
    sums = np.bincount(place, batch.weights)
    first, sums = first[sums > 0.0], sums[sums > 0.0]
    cap = np.inf if batch.weights is None else largest_cap(sums, max(2 * len(sums), MAX_DRAWS))
    counts = np.ceil(np.minimum(sums, cap)).astype(int)
    weights = np.repeat(sums / counts, counts)
    return np.repeat(first, counts), None if (weights == 1.0).all() else weights


def largest_cap(sums, most):
    """The largest integer cap for which the capped numbers add up to at most `most`; infinity if they already do."""
    if sums.sum() <= most:
        return np.inf
    low, high = 1, int(sums.max())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if np.minimum(sums, middle).sum() <= most else (low, middle)
    return low


def joined(batches):
    """Several batches, with one label in every row, as one."""
    if len(batches) == 1:
        return batches[0]
    weights = stack_weights(batches)
    y = np.concatenate([batch.y for batch in batches])
    return batches[0]._replace(X=stack([batch.X for batch in batches]), y=y, weights=weights)
