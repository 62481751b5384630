"""Rows as they were given, whatever holds them."""

import importlib
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing


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
        return Problem(_safe_indexing(self.X, rows), self.y[rows], weights, codes)

    def take_codes(self, rows):
        """Places of the labels of some rows, those without weight left out."""
        codes = self.codes[rows]
        return codes if self.weights is None else codes[self.weights[rows] > 0.0]

    def weight_of(self, rows):
        return len(rows) if self.weights is None else self.weights[rows].sum()

    def append(self, other):
        """These rows and others after them."""
        weights = None
        if self.weights is not None or other.weights is not None:
            weights = np.concatenate([np.ones(p.n) if p.weights is None else p.weights for p in (self, other)])
        return Problem(_stack(self.X, other.X), np.concatenate([self.y, other.y]), weights, None)


def _stack(X, Z):
    if sp.issparse(X) or sp.issparse(Z):
        return sp.vstack([X, Z], format="csr")
    if hasattr(X, "columns") and type(X) is type(Z):  # frames of pandas and of polars
        return importlib.import_module(type(X).__module__.partition(".")[0]).concat([X, Z])
    return np.concatenate([np.asarray(X), np.asarray(Z)])
