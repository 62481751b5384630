"""Moments of row blocks: all that the squared loss needs of an X that does not fit in memory."""

from copy import copy
from dataclasses import dataclass

import numpy as np

ENTRIES_AT_ONCE = 1 << 18  # of a block, that are copied at once: the copy stays in the cache
ZERO_VARIANCE = 4e-15  # standard deviation below which a column is constant up to rounding, relative to its mean
MAX_SHIFTS = 4  # values near the means that are tried, in a part of the rows
LEAST_MOMENT = 2e-140  # means and standard deviations below which the squares of values may vanish


def dense_parts(X, width):
    """Yield slices of a few rows of a dense or sparse block, and these rows as arrays.

    A copy of `width` columns of so few rows stays in the cache. With many columns there are more rows, so that their
    product takes longer than adding it to those of other rows.
    """
    step = max(ENTRIES_AT_ONCE // width, 2 * width)
    for low in range(0, X.shape[0], step):
        rows = slice(low, low + step)
        yield rows, X[rows].toarray() if hasattr(X, "toarray") else X[rows]


def row_weights(X, weights, first, used):
    """Weights of the rows of a block that begins with row `first`, 0 for those that `used` leaves out."""
    weights = np.ones(X.shape[0]) if weights is None else weights
    return weights if used is None else weights * used(first, first + X.shape[0])


def _sums(part, T, roots, near):
    """Sums and inner products of the columns and targets of a few rows minus `near`, times roots of weights."""
    p, Z = part.shape[1], np.empty((len(part), near.size))
    np.subtract(part, near[:p], out=Z[:, :p])
    np.subtract(T, near[p:], out=Z[:, p:])
    if roots is None:
        return np.ones(len(Z)) @ Z, Z.T @ Z
    Z *= roots[:, None]
    return roots @ Z, Z.T @ Z


def _sums_as_they_are(part, T, ones):
    """The same with `near` of zero and weights of one, without a copy."""
    p, size = part.shape[1], part.shape[1] + T.shape[1]
    scatter = np.empty((size, size))
    scatter[:p, :p] = part.T @ part
    scatter[p:, :p] = T.T @ part
    scatter[:p, p:] = scatter[p:, :p].T
    scatter[p:, p:] = T.T @ T
    return np.append(ones @ part, ones @ T), scatter


@dataclass(frozen=True)
class RowMoments:
    """Weight, weighted means and scatter of the columns and targets of some rows; those of disjoint rows add.

    Attributes
    ----------
    weight : float
        Sum of the row weights.
    mean : ndarray of shape (p + T,)
    scatter : ndarray of shape (p + T, p + T)
        Weighted inner products of the columns and targets minus their means.
    largest : ndarray of shape (p + T,)
        Largest absolute values where they are so small that squares vanish, otherwise infinity.
    """

    weight: float
    mean: np.ndarray
    scatter: np.ndarray
    largest: np.ndarray

    def __add__(self, other):
        """Those of both sets of rows; nothing cancels (Chan, Golub & LeVeque 1983, eq. 2.1)."""
        if not (self.weight and other.weight):
            return self if self.weight else other
        weight, share = self.weight + other.weight, other.weight / (self.weight + other.weight)
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is found in the sums
            step = other.mean - self.mean
            scatter = self.scatter + other.scatter
            scatter += np.outer(self.weight * share * step, step)
            mean = self.mean + share * step
        return RowMoments(weight, mean, scatter, np.maximum(self.largest, other.largest))

    @classmethod
    def of_rows(cls, X, Y, weights=None):
        """Of the rows of X (n, p), dense or sparse, and targets Y (T, n)."""
        total, near = cls.of_nothing(X.shape[1] + len(Y)), None
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is found in the sums
            for rows, part in dense_parts(X, total.mean.size):
                h = None if weights is None else weights[rows]
                if h is not None and not h.any():
                    continue
                T = Y[:, rows].T
                if near is None:
                    first = 0 if h is None else np.argmax(h > 0.0)
                    near = np.append(part[first], T[first]).astype(np.float64)
                moments = cls._of_part(part, T, h, near)
                far = moments.weight * moments.mean**2 > moments.scatter.diagonal()
                total, near = total + moments, np.where(far, moments.mean, 0.0)
        return total

    @classmethod
    def _of_part(cls, part, T, weights, near):
        """Of a few rows, whose values minus those of `near` (p + T,) are summed, in one pass where `near` is good.

        Nothing cancels where the means are within about a standard deviation of `near`. Others are tried again.
        """
        roots = np.ones(len(part)) if weights is None else np.sqrt(weights)
        weight = float(roots @ roots)
        for _ in range(MAX_SHIFTS):
            if weights is None and part.dtype == np.float64 and not near.any():
                sums, scatter = _sums_as_they_are(part, T, roots)
            else:
                sums, scatter = _sums(part, T, None if weights is None else roots, near)
            step = sums / weight
            mean, squares = near + step, scatter.diagonal()
            if not (weight * step**2 > 0.6 * squares).any():
                break
            near = mean
        faint = (np.abs(mean) < LEAST_MOMENT) & (squares < weight * LEAST_MOMENT**2)
        scatter -= np.outer(weight * step, step)
        return cls(weight, mean, scatter, cls._largest(part, T, weights, np.flatnonzero(faint)))

    @staticmethod
    def _largest(part, T, weights, faint):
        """The largest absolute values of the columns `faint`, and infinity for the others."""
        p = part.shape[1]
        largest = np.full(p + T.shape[1], np.inf)
        if faint.size:
            used = slice(None) if weights is None else weights > 0.0
            values = np.column_stack([part[:, faint[faint < p]], T[:, faint[faint >= p] - p]])
            largest[faint] = np.abs(values[used]).max(axis=0)
        return largest

    @classmethod
    def of_nothing(cls, size):
        """Of no rows."""
        return cls(0.0, np.zeros(size), np.zeros((size, size)), np.zeros(size))


class BlockData:
    """What solvers need of the rows of blocks for the squared loss: the units of columns and targets, and moments.

    Has the attributes of `Data` that do not depend on single rows.

    Parameters
    ----------
    blocks : blocks of rows
        See `utils._blocks`: `n`, `p` and `total(function, *arguments)`, the sum over all blocks of what a function of
        X, Y, weights, the position of the first row and the arguments returns.
    cells : list of RowMoments
        Of parts of the rows, that no two have in common.
    fit_intercept : bool
    used : callable, default=None
        A mask of the rows of these cells, for the positions of the first and past the last row; None for all.
    """

    gram_pays = True  # there is nothing else

    def __init__(self, blocks, cells, fit_intercept, used=None):
        self.blocks = blocks
        self.used = used
        self.cells = cells
        self.all = moments = sum(cells[1:], cells[0])
        self.fit_intercept = fit_intercept
        self.n, self.p = blocks.n, blocks.p
        self.weight = moments.weight
        squares = moments.scatter.diagonal().copy()
        squares[squares <= self.weight * (ZERO_VARIANCE * moments.mean) ** 2] = 0.0
        self.spread = np.sqrt(squares / self.weight)[: self.p]
        self._centre = moments.mean if fit_intercept else np.zeros(moments.mean.size)
        if not fit_intercept:
            squares += self.weight * moments.mean**2
        norms = np.sqrt(squares)
        self._inverse = np.divide(1.0, norms, out=np.zeros(norms.size), where=norms > 0.0)
        self.mean, self.offset = self._centre[: self.p], self._centre[self.p :]
        self.scale = self._inverse[: self.p]
        self.unit = np.where(norms[self.p :] > 0.0, norms[self.p :], 1.0)

    def rescaled(self, scale):
        """The same rows with other scales of the columns, whose norms are then not 1. Moments keep theirs."""
        if np.array_equal(scale, self.scale):
            return self
        data = copy(self)
        data.scale = scale
        return data

    def normalized(self, moments):
        """Inner products of columns, targets and ones over some rows, in normalized units, as of `Data.moments`."""
        shift = (moments.mean - self._centre) * self._inverse
        size = shift.size
        M = np.empty((size + 1, size + 1))
        M[:size, :size] = moments.scatter * self._inverse * self._inverse[:, None]
        M[:size, :size] += np.outer(moments.weight * shift, shift)
        M[-1, :size] = M[:size, -1] = moments.weight * shift
        M[-1, -1] = moments.weight
        return M
