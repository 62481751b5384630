"""Weighted, centred and scaled views of X and y, dense or sparse, by one interface."""

import numpy as np
import scipy.sparse as sp

from .base import Data, readonly
from .dense import DenseData
from .sparse import SparseData, canonical

__all__ = ["Data", "DenseData", "SparseData", "as_data"]


def as_data(X, Y, weights=None, fit_intercept=True):
    """Data on X; the only place that tests whether X is sparse.

    X is read in place if it has float32 or float64 entries and Fortran order (sparse: CSC with sorted indices), and
    converted once otherwise. Views are read-only, so that one compiled variant of the kernels is enough.
    """
    if sp.issparse(X):
        return SparseData(canonical(X), Y, weights, fit_intercept)
    return DenseData(readonly(np.asfortranarray(X)), Y, weights, fit_intercept)
