"""Categories as one-hot columns, whose levels are drawn by the Gumbel trick."""

import numpy as np

MAX_LEVELS = 50  # of a category that becomes one-hot columns, each of which costs time and needs some rows
TEMPERATURE = 0.5  # of the softmax whose gradient stands for that of the drawn level
N_CALIBRATIONS = 30  # rounds of proportional fitting
LEAST_DRAW = np.float32(2.0**-25)  # of exponential numbers: one in eight million is 0, whose logarithm is infinite


class Levels:
    """The levels of all categories of a table, side by side; a missing entry is a level of its own.

    Parameters
    ----------
    columns : list of Column
        Those that are categories of at most `MAX_LEVELS` levels are taken.
    groups : list of ndarray
        The rows of every class.

    Attributes
    ----------
    columns : list of int
        Indices of the categories.
    n : int
        Number of levels of all of them.
    one_hot : ndarray of shape (n_rows, n)
    shares : ndarray of shape (n_classes, n)
        Of the levels in every class.
    rows : ndarray of shape (n_classes, n)
        A row of the class that has the level.
    """

    def __init__(self, columns, groups):
        codes = {j: np.unique(column.values, return_inverse=True)[1] for j, column in enumerate(columns)}
        sizes = {j: own.max() + 1 for j, own in codes.items() if columns[j].is_category and own.max() < MAX_LEVELS}
        self.columns = list(sizes)
        self._sizes = np.array(list(sizes.values()), dtype=int)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self.n = int(self._sizes.sum())
        parts = [np.eye(size, dtype=np.float32)[codes[j]] for j, size in sizes.items()]
        self.one_hot = np.hstack(parts) if parts else np.empty((len(columns[0].values), 0), np.float32)
        self.shares = np.array([self.one_hot[rows].mean(axis=0, dtype=float) for rows in groups])
        self.rows = np.array([rows[self.one_hot[rows].argmax(axis=0)] for rows in groups])

    def _of_blocks(self, reduce, z):
        """A sum or maximum over the levels of every category, for each of its levels."""
        return np.repeat(reduce.reduceat(z, self._starts, axis=1), self._sizes, axis=1)

    def _softmax(self, z):
        z = np.exp(z - self._of_blocks(np.maximum, z))
        return z / self._of_blocks(np.add, z)

    def draw(self, logits, rng):
        """Levels drawn with the probabilities of some logits (m, n), one-hot, and the backward pass of their softmax.

        A level is drawn as the largest of the logits with Gumbel noise. Its gradient is that of the softmax of these
        sums (Jang et al. 2017, straight-through).
        """
        if not self.n:
            return logits, lambda d: d
        noise = np.maximum(rng.standard_exponential(logits.shape, dtype=np.float32), LEAST_DRAW)
        z = logits - np.log(noise)
        p = self._softmax(z / np.float32(TEMPERATURE))

        def back(d):
            return p * (d - self._of_blocks(np.add, p * d)) / np.float32(TEMPERATURE)

        return (z == self._of_blocks(np.maximum, z)).astype(np.float32), back

    def offsets(self, k, logits):
        """What to add to the logits so that the levels have on average their shares in class k."""
        if not self.n:
            return np.empty(0)
        with np.errstate(divide="ignore"):
            wanted = np.log(self.shares[k])
        offsets = np.where(np.isfinite(wanted), 0.0, -np.inf)
        for _ in range(N_CALIBRATIONS):
            mean = self._softmax(logits + offsets).mean(axis=0)
            offsets = np.where(np.isfinite(wanted), offsets + wanted - np.log(np.maximum(mean, 1e-300)), -np.inf)
        return offsets

    def sources(self, k, logits, rng):
        """For every category, rows of class k that have drawn levels; columns are those of `columns`."""
        drawn = self.draw(logits, rng)[0]
        chosen = [part.argmax(axis=1) for part in np.split(drawn, self._starts[1:], axis=1)] if self.n else []
        places = zip(self._starts, chosen, strict=True)
        return np.column_stack([self.rows[k][start + own] for start, own in places]) if chosen else None
