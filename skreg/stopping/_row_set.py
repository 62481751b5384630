"""Rows of X with their targets and weights, in whatever container the user gave them."""

from typing import NamedTuple

import numpy as np

from ..utils._rows import distinct, stack, stack_weights, take


class RowSet(NamedTuple):
    """Rows of X, their targets and their weights."""

    X: object
    y: np.ndarray
    weights: np.ndarray | None
    codes: np.ndarray | None  # position of every label in `classes_`; None in regression

    @property
    def n(self):
        return len(self.y)

    def take(self, rows):
        """The rows with these indices."""
        weights = None if self.weights is None else self.weights[rows]
        codes = None if self.codes is None else self.codes[rows]
        return RowSet(take(self.X, rows), self.y[rows], weights, codes)

    def take_codes(self, rows):
        """Codes of those of these rows that have weight."""
        codes = self.codes[rows]
        return codes if self.weights is None else codes[self.weights[rows] > 0.0]

    def weight_of(self, rows):
        """The sum of the weights of these rows."""
        return len(rows) if self.weights is None else self.weights[rows].sum()

    def append(self, other):
        """These rows, followed by those of another set."""
        weights = stack_weights([self, other])
        return RowSet(stack([self.X, other.X]), np.concatenate([self.y, other.y]), weights, None)


def groups_of_equal_rows(X):
    """Number the rows of X such that rows with the same features have the same number.

    Returns
    -------
    first : ndarray of int of shape (n_groups,)
        Index of the first row of every group, increasing.
    group : ndarray of int of shape (n,)
        The group of every row.
    """
    if isinstance(X, list):  # texts, or sequences of different lengths
        cells = np.empty(len(X), dtype=object)
        for i, row in enumerate(X):
            cells[i] = row
        X = cells
    first, place = distinct(X)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return first[order], rank[place]
