"""Fits of implicit feedback: alternating least squares on all pairs, or sampled pairs of items."""

import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from .._factorization.als import AlternatingRidge, Penalties, Table
from .._factorization.embedded import EmbeddedTable
from .._factorization.sampled import BPR, LANES, WARP, Embeddings, Seen, shuffle, sweep
from ..utils._errors import caller_level

ALPHA = {"als": 0.02, "bpr": 0.02, "warp": 1.0}
LARGEST_SINGLE = 1e12  # product of weights, features, penalties and step size: gradients are of its size at most
INITIAL = 0.1  # standard deviation of the scores at the start


class Found(NamedTuple):
    """Embeddings of users and of items, and how they were found.

    Attributes
    ----------
    factors, biases : list of ndarray
    objectives : ndarray
    stationarity : float
        NaN where there is no certificate.
    missed : float
        The stationarity relative to the loss of zeros; 0 without a certificate.
    n_iter : int
    """

    factors: list
    biases: list
    objectives: np.ndarray
    stationarity: float
    missed: float
    n_iter: int


def _alpha(model):
    return float(ALPHA[model.loss] if model.alpha is None else model.alpha)


def _starts(model, sides, rng):
    scale = np.sqrt(INITIAL) * model.rank**-0.25
    return [side.start(rng, model.rank, scale) for side in sides]


def _of_features(side, frequencies, power):
    """Penalty factors ``(n / mean)^power`` of embeddings, where the mean is that of the rows."""
    relative = side.frequencies(frequencies) / frequencies.mean()
    return np.where(relative > 0.0, np.maximum(relative, np.finfo(float).tiny) ** power, 0.0)


def fit_als(model, entries, sides, rng, workers):
    """Weighted least squares on all pairs of users and items with training rows."""
    extra = model.confidence * entries.weights
    frequencies = [
        entries.by_user.sums(extra) + entries.by_item.n_rows,
        entries.by_item.sums(extra) + entries.by_user.n_rows,
    ]
    scales = [
        _of_features(side, n, model.frequency_scaling) / n.size for side, n in zip(sides, frequencies, strict=True)
    ]
    tables = [
        Table(E, False) if side.design is None else EmbeddedTable(side.design, E)
        for side, E in zip(sides, _starts(model, sides, rng), strict=True)
    ]
    penalties = Penalties(_alpha(model), 0.0, *scales)
    ridge = AlternatingRidge(entries, entries.values, extra, penalties, workers, background=1.0, fit_intercept=False)
    found = ridge.fit(*tables, model.max_iter, model.tol)
    factors = [table.unknowns for table in (found.users, found.items)]
    missed = 0.0 if found.converged else found.stationarity / ridge.null_loss()
    n_iter = found.objectives.size - 1
    return Found(factors, [np.zeros(len(E)) for E in factors], found.objectives, found.stationarity, missed, n_iter)


def fit_pairs(model, entries, sides, rng):
    """Stochastic gradient descent on known items and sampled ones."""
    loss = BPR(1) if model.loss == "bpr" else WARP(model.max_tries)
    by_user, n_items = entries.by_user, entries.by_item.n_rows
    if entries.n == by_user.n_rows * n_items:
        warnings.warn(
            f"loss={model.loss!r} samples items that a user does not have, but every user of X has all of its"
            f" n_items={n_items} items: nothing is learned, and factors stay random. Use loss='als', or rows of more"
            " items.",
            UserWarning,
            stacklevel=caller_level(),
        )
    popular = model.negatives == "popularity"
    candidates = by_user.indices if popular else np.arange(n_items, dtype=np.int32)
    weights = entries.weights / entries.weights.mean()
    drawn = entries.n * np.bincount(candidates, minlength=n_items) / candidates.size
    touched = by_user.sums(weights), entries.by_item.sums(weights) + drawn
    strengths = [
        _alpha(model) * _of_features(side, n, model.frequency_scaling - 1.0)
        for side, n in zip(sides, touched, strict=True)
    ]
    dtype = _float_type(sides, strengths, weights, model.learning_rate)
    users, items = (
        _embeddings(side, E, shrink, dtype)
        for side, E, shrink in zip(sides, _starts(model, sides, rng), strengths, strict=True)
    )
    learning_rate = dtype(model.learning_rate)
    state = np.array([0, rng.randint(0, 2**32, dtype=np.uint64)], dtype=np.uint64)
    seen, rows, losses = Seen.of(by_user.indptr, by_user.indices), by_user.rows, []
    order = np.arange(entries.n)
    for _ in range(model.max_iter):
        shuffle(order, state)
        total = sweep(loss, order, rows, weights, seen, candidates, users, items, n_items, learning_rate, state)
        losses.append(total / entries.n)
    vectors = [side.vectors.astype(np.float64) for side in (users, items)]
    factors, biases = [v[:, 1 : 1 + model.rank] for v in vectors], [v[:, 0] for v in vectors]
    return Found(factors, biases, np.array(losses), np.nan, 0.0, model.max_iter)


def _float_type(sides, strengths, weights, learning_rate):
    """Single precision where no gradient can come near its limits; values of features, for example, can be any size."""
    largest = [np.abs(side.design.data).max(initial=1.0) for side in sides if side.design is not None]
    largest += [*largest, weights.max(), max(learning_rate, 1.0), *(max(shrink.max(), 1.0) for shrink in strengths)]
    with np.errstate(over="ignore"):
        return np.float32 if np.prod(largest) <= LARGEST_SINGLE else np.float64


def _embeddings(side, E, shrink, dtype):
    """Embeddings with biases of 0.

    The penalty is part of every update: divided by their number, it is as strong as its formula says.
    """
    design = sp.eye(len(E), format="csr") if side.design is None else side.design
    n, rank = E.shape
    vectors = np.zeros((n, -(-(1 + rank) // LANES) * LANES), dtype)
    vectors[:, 1 : 1 + rank] = E
    arrays = design.indptr.astype(np.int64), design.indices.astype(np.int32), design.data.astype(dtype)
    return Embeddings(*arrays, vectors, np.ones_like(vectors), shrink.astype(dtype))
