"""Rows of whatever holds them: arrays, sparse matrices, frames of pandas or polars, lists."""

import importlib

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples


def n_rows(X):
    """How many there are."""
    return _num_samples(X)


def take(X, rows):
    """Some of them."""
    return _safe_indexing(X, rows)


def stack(parts):
    """Rows of several holders of one kind, one after another."""
    first = parts[0]
    if any(sp.issparse(X) for X in parts):
        return sp.vstack(parts, format="csr")
    if hasattr(first, "columns"):  # frames of pandas and of polars
        return importlib.import_module(type(first).__module__.partition(".")[0]).concat(parts)
    if isinstance(first, list):
        return [row for X in parts for row in X]
    return np.concatenate([np.asarray(X) for X in parts])
