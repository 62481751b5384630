"""Data of a fit that passed all checks: distinct rows with their weights, some of them watched."""

import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from .._nets.rows import distinct, hashes, hashes_of_numbers
from ..utils._split import hold_out
from ..utils._validation import caller_level

FAR = 1000  # deviations from 0 from which on a column's mean is worth a warning
SHIFT = 10  # deviations from its mean from which on the mean of the same column of X_val is
FEWEST = 50  # distinct rows of X: of fewer, none are held out


def _some(X):
    """At most some 10,000 rows of dense X, in double precision."""
    return X[:: max(1, len(X) // 10000)].astype(np.float64)


def warn_of_offsets(X):
    """Warn of columns that lie so far from 0 that single precision and the first layer see little of their changes."""
    if sp.issparse(X):
        return
    some = _some(X)
    mean = some.mean(axis=0)
    far = np.flatnonzero((np.abs(mean) > 10.0) & (np.abs(mean) > FAR * some.std(axis=0)))
    if far.size:
        warnings.warn(
            f"X has columns with means more than {FAR} deviations from 0, the first of {far.size} being column {far[0]}"
            f" with mean {mean[far[0]]:.6g}: standardize X, or nets learn little from them.",
            UserWarning,
            stacklevel=caller_level(),
        )


def warn_of_shift(X, X_val):
    """Warn of columns of the validation data that seem to have other units: they would choose a useless epoch."""
    if sp.issparse(X) or sp.issparse(X_val):
        return
    some = _some(X)
    mean, deviation, shifted = some.mean(axis=0), some.std(axis=0), _some(X_val).mean(axis=0)
    far = np.flatnonzero((deviation > 0.0) & (np.abs(shifted - mean) > SHIFT * deviation))
    if far.size:
        warnings.warn(
            f"X_val has columns whose means lie more than {SHIFT} deviations of X from those of X, the first of"
            f" {far.size} being column {far[0]} with {shifted[far[0]]:.6g} instead of {mean[far[0]]:.6g}: give X_val"
            " what X went through; a Pipeline does with transform_input=['X_val'].",
            UserWarning,
            stacklevel=caller_level(),
        )


class Problem(NamedTuple):
    """X and y as they were given, and weights."""

    X: object
    y: np.ndarray  # as scorers want it
    codes: np.ndarray | None  # places of the labels among the classes
    weights: np.ndarray  # (n,): sample weights times class weights
    sample_weight: np.ndarray  # (n,)

    @property
    def numbers(self):
        """The targets as numbers (n, n_outputs)."""
        return (self.y if self.codes is None else self.codes).reshape(len(self.weights), -1)


class Distinct(NamedTuple):
    """Distinct rows of a problem: what is fitted depends neither on the order of the rows, nor on how often one comes.

    A weight of 2 is the same as two rows.
    """

    rows: np.ndarray  # their first places in X
    keys: np.ndarray  # hashes of their features
    sums: np.ndarray  # of their weights in the fit
    copies: np.ndarray  # of their sample weights

    @classmethod
    def of(cls, problem):
        """Raises ValueError where X has numbers that are not finite in single precision."""
        keys, finite = hashes(problem.X)
        if not finite:
            raise ValueError("Input X contains values too large for float32, in which nets compute: rescale it.")
        warn_of_offsets(problem.X)
        plain = problem.weights is problem.sample_weight
        weights = problem.weights[:, None] if plain else np.column_stack([problem.weights, problem.sample_weight])
        both = hashes_of_numbers(problem.numbers)
        both *= np.uint64(3)
        both += keys
        rows, sums = distinct(both, weights)
        own = sums[:, 0]
        return cls(rows, keys[rows], own, own if plain else sums[:, 1])

    def take(self, at):
        sums = self.sums[at]
        copies = sums if self.copies is self.sums else self.copies[at]
        return Distinct(self.rows[at], self.keys[at], sums, copies)

    def split(self, fraction, codes, rng):
        """Rows to train on, and those to watch: about a fraction, of every class (in `codes`) alike.

        Rows of equal features stay together. There are none to watch of fewer than `FEWEST` rows of X.
        """
        in_order = np.sort(self.keys)
        if (in_order[1:] == in_order[:-1]).any():
            _, firsts, groups = np.unique(self.keys, return_index=True, return_inverse=True)
        else:  # the usual case, in a third of the memory
            firsts = groups = np.arange(self.keys.size)
        del in_order
        if firsts.size < FEWEST:
            return self, None
        held = hold_out(firsts.size, fraction, None if codes is None else codes[self.rows[firsts]], rng)
        return self.take(~held[groups]), self.take(held[groups])

    def spread(self, values, n):
        """Values of the distinct rows at their places among all n rows of X, in single precision."""
        out = np.zeros(n, np.float32)
        out[self.rows] = values
        return out
