"""Rows as they were given, whatever holds them."""

from typing import NamedTuple

import numpy as np

from ..utils._rows import stack, stack_weights, take


class Problem(NamedTuple):
    """Rows as they were given, and what is known of them."""

    X: object
    y: np.ndarray
    weights: np.ndarray | None
    codes: np.ndarray | None  # places of the labels among the classes

    @property
    def n(self):
        return len(self.y)

    def take(self, rows):
        """Some rows."""
        weights, codes = (None if values is None else values[rows] for values in (self.weights, self.codes))
        return Problem(take(self.X, rows), self.y[rows], weights, codes)

    def take_codes(self, rows):
        """Places of the labels of some rows, those without weight left out."""
        codes = self.codes[rows]
        return codes if self.weights is None else codes[self.weights[rows] > 0.0]

    def weight_of(self, rows):
        return len(rows) if self.weights is None else self.weights[rows].sum()

    def append(self, other):
        """These rows and others after them."""
        weights = stack_weights([self, other])
        return Problem(stack([self.X, other.X]), np.concatenate([self.y, other.y]), weights, None)
