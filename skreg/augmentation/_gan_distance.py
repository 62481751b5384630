"""How far generated ranks and levels are from those of validation rows."""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import ndtri
from scipy.stats import rankdata

MAX_VALIDATION, MIN_GENERATED = 500, 500  # rows whose distances are computed: products of both numbers


class ValidationDistance:
    """The energy distance (Szekely & Rizzo 2013) between validation rows and rows generated with their conditions.

    Parameters
    ----------
    rows : ndarray of shape (m, n_features)
        Normal scores of numbers, then one-hot levels, of the validation rows.
    conditions : ndarray of shape (m, n_conditions)
    codes : ndarray of int of shape (m,)
        Their classes.
    levels : Levels
    seed : int
        The generator has the same noise at every evaluation.
    """

    def __init__(self, rows, conditions, codes, levels, seed):
        rows, conditions, codes = rows[:MAX_VALIDATION], conditions[:MAX_VALIDATION], codes[:MAX_VALIDATION]
        copies = -(-MIN_GENERATED // len(rows))
        self._real = self._places(rows, conditions, levels.n)
        self._conditions, self._codes = np.tile(conditions, (copies, 1)), np.tile(codes, copies)
        self._levels, self._seed = levels, seed

    @staticmethod
    def _places(rows, conditions, n_levels):
        """Points whose distances are those of rows: two levels of a category have distance 1."""
        scale = np.ones(rows.shape[1])
        scale[rows.shape[1] - n_levels :] = np.sqrt(0.5)
        return np.hstack([rows * scale, conditions])

    def __call__(self, sample):
        rng = np.random.default_rng(self._seed)
        numbers, logits = sample(self._conditions, rng)
        for k in np.unique(self._codes):
            at = np.flatnonzero(self._codes == k)
            numbers[at] = ndtri((rankdata(numbers[at], axis=0) - 0.5) / at.size)
            if self._levels.n:
                logits[at] += self._levels.offsets(k, logits[at])
        made = self._places(np.hstack([numbers, self._levels.draw(logits, rng)[0]]), self._conditions, self._levels.n)
        return energy_distance(self._real, made)


def energy_distance(a, b):
    """The energy distance of two samples."""
    return float(2.0 * cdist(a, b).mean() - cdist(a, a).mean() - cdist(b, b).mean())
