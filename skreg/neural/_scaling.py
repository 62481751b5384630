"""What nets learn from the training rows about the columns of X: scales, missing numbers, and categories that occur."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from .._nets.inputs import NO_CLIP, ROBUST_CLIP, STANDARD_CLIP, CodedColumn, Inputs, Numbers
from ..utils._rows import numpy_dtypes
from ..utils._table import FAR_FROM_ZERO

MOST_ONE_HOT = 8  # columns of more categories get embeddings (Holzmüller et al. 2024, section 3)
SAMPLE_ROWS = 10_000  # rows that quantiles are computed from, about
SAMPLE_VALUES = 1 << 20  # values of these rows, at most, but at least those of 1000 rows
COMMON_ROWS = 2000  # of these, for a first look at which columns have mostly one value
MOSTLY = 0.75  # where at least this share of the rows has one value, the others are rare
MOST_BINS = 48  # of a number (Gorishniy et al. 2025)
ROWS_PER_BIN = 20  # of the training rows, at least, on average
LARGEST_WHOLE = 1 << 24  # single precision holds all whole numbers up to here
_CLIP = {"robust": ROBUST_CLIP, "standard": STANDARD_CLIP, None: NO_CLIP}
_BLOCK_VALUES = 1 << 19  # values of X that are looked at together
_ROUNDING = 1e-12  # of a sum of weights, relative to it
_CONSTANT = 8 * np.finfo(np.float64).eps  # up to this share of the mean, a standard deviation is that of rounding


def blocks(X, rows, columns, exact):
    """Yield some columns of rows of X in double precision, and which of the rows they are."""
    size = max(_BLOCK_VALUES // max(columns.size, 1), 256)
    whole = columns.size == X.shape[1]
    for first in range(0, rows.size, size):
        some = rows[first : first + size]
        block = X[some] if whole else X[some][:, columns]
        if not exact:  # as nets read it
            block = block.astype(np.float32, copy=False)
        yield slice(first, first + size), block.astype(np.float64, copy=False)


def extremes(some, n_columns):
    """Smallest and largest numbers of columns, of the blocks of rows that `blocks` yields; inf and -inf for all NaN."""
    low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
    for _, block in some:
        np.fmin(low, np.fmin.reduce(block, axis=0), out=low)
        np.fmax(high, np.fmax.reduce(block, axis=0), out=high)
    return low, high


def weighted_quantiles(values, weights, levels):
    """Quantiles of the columns of values (n, p) without NaN: the smallest value up to which the weights have a share.

    Returns
    -------
    quantiles : ndarray of shape (len(levels), p)
        NaN for columns of NaN.
    """
    order = np.argsort(values, axis=0, kind="stable")
    in_order = np.take_along_axis(values, order, axis=0)
    sums = np.cumsum(np.where(np.isnan(in_order), 0.0, weights[order]), axis=0)
    places = [(sums < level * sums[-1] * (1.0 - _ROUNDING)).sum(axis=0) for level in levels]
    return np.take_along_axis(in_order, np.minimum(places, len(values) - 1), axis=0)


class ColumnSummary(NamedTuple):
    """What one pass over columns of numbers finds out: arrays with one entry for every column."""

    has_gaps: np.ndarray  # whether it has NaN in some rows, but not in all
    is_binary: np.ndarray  # whether it has no other numbers than 0 and 1
    mean: np.ndarray  # 0 where all is NaN, as is the standard deviation
    deviation: np.ndarray


class ColumnStatistics:
    """Statistics of columns of numbers on training rows.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    rows : ndarray of int
    weights : ndarray of shape (len(rows),)
    columns : ndarray of int
        The columns of numbers.
    exact : bool
        Whether numbers are read in double precision.
    """

    def __init__(self, X, rows, weights, columns, exact):
        self.X = X
        self.rows = rows
        self.weights = weights
        self.columns = columns
        self.exact = exact

    def blocks(self):
        return blocks(self.X, self.rows, self.columns, self.exact)

    def summary(self):
        """`ColumnSummary` of one pass over the rows.

        Moments are those of blocks, combined as in Chan, Golub & LeVeque (1983), of differences from the first number
        of every column: far from 0, these keep all digits, and the standard deviation is 0 for equal numbers only.
        """
        m = self.columns.size
        some, all_, binary = np.zeros(m, bool), np.ones(m, bool), np.ones(m, bool)
        total, mean, squares = np.zeros((3, m))
        origin = np.full(m, np.nan)
        for at, block in self.blocks():
            gone, w = np.isnan(block), self.weights[at]
            has_gaps = gone.any()
            if has_gaps:
                some |= gone.any(axis=0)
                all_ &= gone.all(axis=0)
            else:
                all_[:] = False
            binary &= ((block == 0.0) | (block == 1.0) | gone).all(axis=0)
            own = np.where(gone, 0.0, w[:, None]).sum(axis=0) if has_gaps else np.full(m, w.sum())
            added = total + own
            share = np.divide(own, added, out=np.zeros(m), where=added > 0.0)
            first = block[gone.argmin(axis=0), np.arange(m)] if has_gaps else block[0]
            origin = np.where(np.isnan(origin), first, origin)
            block = np.where(gone, 0.0, block - origin) if has_gaps else block - origin
            shift = np.einsum("i,ij->j", w, block) / np.where(own > 0.0, own, 1.0)
            block -= shift
            if has_gaps:
                block[gone] = 0.0
            less = shift - mean
            squares += np.einsum("i,ij,ij->j", w, block, block) + total * share * less**2
            mean += share * less
            total = added
        deviation = np.sqrt(squares / np.where(total > 0.0, total, 1.0))
        return ColumnSummary(some & ~all_, binary, np.nan_to_num(origin) + mean, deviation)

    def sample(self, most=SAMPLE_ROWS):
        """Some rows, which depend on the values of all rows only, and their weights."""
        n = min(most, max(SAMPLE_VALUES // max(self.columns.size, 1), 1000))
        step = -(-self.rows.size // n)
        some = blocks(self.X, self.rows[::step], self.columns, self.exact)
        return np.concatenate([block for _, block in some]), self.weights[::step]

    def quantiles(self, levels):
        """Quantiles on a sample of the rows, of shape (len(levels), number of columns)."""
        values, weights = self.sample()
        out = np.empty((len(levels), self.columns.size))
        size = max(_BLOCK_VALUES // len(values), 1)
        for first in range(0, self.columns.size, size):
            out[:, first : first + size] = weighted_quantiles(values[:, first : first + size], weights, levels)
        return out

    def common_values(self):
        """Columns in which one value has at least the share `MOSTLY` of the weight.

        Returns
        -------
        at : ndarray of int of shape (m,)
            Which of the columns.
        value : ndarray of shape (m,)
        deviation : ndarray of shape (m,)
            Root mean square of the differences of all other numbers from it.
        """
        values, weights = self.sample(COMMON_ROWS)
        median = weighted_quantiles(values, weights, (0.5,))[0]
        at = np.flatnonzero(weights @ (values == median) > 0.5 * (weights @ ~np.isnan(values)))
        some = ColumnStatistics(self.X, self.rows, self.weights, self.columns[at], self.exact)
        same, other, squares = np.zeros((3, at.size))
        for rows, block in some.blocks():
            difference, w = block - median[at], self.weights[rows]
            same += w @ (difference == 0.0)
            other += w @ (np.abs(difference) > 0.0)
            squares += w @ np.nan_to_num(difference) ** 2
        mostly = (other > 0.0) & (same >= MOSTLY * (same + other))
        return at[mostly], median[at[mostly]], np.sqrt(squares[mostly] / other[mostly])

    def ranges(self):
        """Largest minus smallest number."""
        low, high = extremes(self.blocks(), self.columns.size)
        return np.maximum(high - low, 0.0)


def _robust(columns):
    """Medians, and one over the interquartile ranges; 2 over the range where that is 0."""
    low, center, high = np.nan_to_num(columns.quantiles((0.25, 0.5, 0.75)))
    width = high - low
    if (width == 0.0).any():
        width = np.where(width == 0.0, 0.5 * columns.ranges(), width)
    return center, width


def _inverse(width):
    return np.divide(1.0, width, out=np.zeros(width.size), where=width > 0.0)


def _numbers(columns, standardize, missing):
    """`Numbers` of columns with their statistics on the training rows."""
    m = columns.columns.size
    found = columns.summary()
    center, scale, fill = np.zeros(m), np.ones(m), np.zeros(m)
    if standardize == "robust":
        center, width = _robust(columns)
        scale = _inverse(width)
    elif standardize == "standard":
        width = np.where(found.deviation > _CONSTANT * np.abs(found.mean), found.deviation, 0.0)
        center = found.mean.copy()
        at, value, rest = columns.common_values()
        center[at], width[at] = value, rest  # the standard deviation would make rare numbers large
        stays = found.is_binary & (width > 0.0)
        center[stays], width[stays] = 0.0, 1.0
        scale = _inverse(width)
        fill = (found.mean - center) * scale
    else:
        fill = found.mean
    gone = found.has_gaps if missing == "indicator" else np.zeros(m, bool)
    return Numbers(columns.columns, center, scale, fill, *_CLIP[standardize], np.flatnonzero(gone))


def _of_sparse(X, rows, weights, standardize):
    """`Numbers` of sparse X, which are scaled but not shifted: zeros stay zeros."""
    p = X.shape[1]
    total, squares, count, others = np.zeros((4, p))
    for first in range(0, rows.size, 4096):
        some = X[rows[first : first + 4096]]
        w = np.repeat(weights[first : first + 4096], np.diff(some.indptr))
        data = some.data.astype(np.float64)
        sums = (total, w * data), (squares, w * data**2), (count, w * (data != 0.0)), (others, (data**2 != data) * 1.0)
        for out, values in sums:
            out += np.bincount(some.indices, values, p)
    n = weights.sum()
    mean = total / n
    width = np.sqrt(np.maximum(squares / n - mean**2, 0.0))
    width = np.where(width > 1e-7 * np.abs(mean), width, 0.0)  # the rest is rounding
    of_entries = np.sqrt(np.divide(squares, count, out=np.zeros(p), where=count > 0.0))
    width = np.where((standardize == "robust") | (count <= (1.0 - MOSTLY) * n), of_entries, width)
    width = np.where((others == 0.0) & (width > 0.0), 1.0, width)  # zeros and ones stay as they are
    none = np.zeros(p)
    return Numbers(np.arange(p), none, _inverse(width), none, *_CLIP[standardize], np.zeros(0, np.int64))


def _of_categories(X, rows, weights, column, size):
    """`CodedColumn` of a column of codes: those of the training rows."""
    codes = X[rows, column].astype(np.int64) + 1
    occurs, totals = np.bincount(codes, minlength=size + 1) > 0, np.bincount(codes, weights, size + 1)
    occurs[0] = False
    shares = totals[occurs] / totals[occurs].sum()
    return CodedColumn(column, np.where(occurs, np.cumsum(occurs), 0), shares.size, shares)


def ends_in_double(X):
    """Smallest and largest number of every column of dense X in double precision, (2, p); empty (2, 0) for other X."""
    if sp.issparse(X) or X.dtype != np.float64:
        return np.empty((2, 0))
    return np.array(extremes(blocks(X, np.arange(len(X)), np.arange(X.shape[1]), exact=True), X.shape[1]))


def needs_double(low, high):
    """Whether changes in a column between such ends would be lost in single precision, whose range X does not leave."""
    with np.errstate(over="ignore"):
        width, largest = high - low, np.maximum(np.abs(low), np.abs(high))
    varies = width > 0.0  # not so where all is NaN
    is_large = (largest[varies] > np.finfo(np.float32).max).any()
    return bool((largest[varies] > FAR_FROM_ZERO * width[varies]).any()) and not is_large


def dtype_of_whole_numbers(X, scaled):
    """A small dtype that holds the whole numbers or truth values of X exactly; None for X that stays as it is.

    With `scaled`, differences between numbers of a column must not be lost either, see `needs_double`.
    """
    is_sparse = sp.issparse(X)
    if is_sparse and X.format not in ("csr", "csc", "coo"):
        return None
    dtypes = numpy_dtypes(X)
    if not dtypes or any(dtype.kind not in "biu" for dtype in dtypes):
        return None
    whole = np.result_type(*dtypes)
    if whole.kind == "b":
        return np.uint8
    if whole.itemsize <= 2 or 0 in X.shape:  # nets keep it
        return None
    if is_sparse:
        low, high = X.data.min(initial=0), X.data.max(initial=0)
    else:
        low, high = X.min(axis=0), X.max(axis=0)
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    width, largest = high - low, np.maximum(np.abs(low), np.abs(high))
    if largest.max() > LARGEST_WHOLE:
        return None
    loses = scaled and not is_sparse and ((width > 0.0) & (largest > FAR_FROM_ZERO * width)).any()
    return None if loses else np.float32


def _edges(inputs, columns, n_features):
    """Ends of bins at quantiles of every number, after scaling: different ones in single precision, as nets read."""
    n_bins = min(MOST_BINS, max(columns.rows.size // ROWS_PER_BIN, 2))
    table = np.zeros((n_bins + 1, n_features))
    table[:, columns.columns] = columns.quantiles(np.linspace(0.0, 1.0, n_bins + 1))
    scaled = inputs.with_numbers_only(table)
    edges = [np.unique(column).astype(np.float64) for column in scaled.T]
    return [own if own.size > 1 else own[0] + np.array([-0.5, 0.5]) for own in edges]


def learn_inputs(
    X, rows, weights, sizes, standardize, missing, exact, most_one_hot=MOST_ONE_HOT, numeric_embedding=None
):
    """What a net sees of rows of X.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, p)
    rows : ndarray of int
        The training rows.
    weights : ndarray of shape (len(rows),)
    sizes : dict
        The columns that hold codes of categories, with the number of these.
    standardize : {"robust", "standard"} or None
    missing : {"indicator", "raise"}
    exact : bool
        Whether numbers are read in double precision.
    most_one_hot : int
        Columns of more categories get codes, others one column for each category.
    numeric_embedding : {"piecewise", "periodic"} or None
        "piecewise" needs the ends of bins.

    Returns
    -------
    inputs : Inputs or None
        None for the rows as they are.
    """
    if sp.issparse(X):
        return None if standardize is None else Inputs(_of_sparse(X, rows, weights, standardize))
    if standardize is None and missing == "raise" and not sizes and numeric_embedding is None:
        return None
    columns = ColumnStatistics(X, rows, weights, np.setdiff1d(np.arange(X.shape[1]), list(sizes)), exact)
    found = [_of_categories(X, rows, weights, column, size) for column, size in sizes.items()]
    one_hot = [c for c in found if c.size <= most_one_hot]
    coded = [c for c in found if c.size > most_one_hot]
    inputs = Inputs(_numbers(columns, standardize, missing), one_hot, coded, exact, numeric_embedding is not None)
    if numeric_embedding == "piecewise":
        inputs.edges = _edges(inputs, columns, X.shape[1])
    return inputs
