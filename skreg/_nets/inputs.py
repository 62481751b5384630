"""What the layers of a net see of rows of X: scaled numbers, indicators of missing ones, and categories."""

from typing import NamedTuple

import numpy as np

from .._core._jit import njit
from .noise import ONE

# Where the smooth clipping of scaled numbers begins, and what they tend to: single precision, as most nets compute.
ROBUST_CLIP = np.float32(0.0), np.float32(3.0)  # Holzmüller et al. 2024, section 3
STANDARD_CLIP = np.float32(3.0), np.float32(5.0)
NO_CLIP = np.float32(0.0), np.float32(np.inf)
MAX_SCALED = np.float32(1e12)  # what scaled numbers are cut to before that: the squares of larger ones may overflow


class Numbers(NamedTuple):
    """The columns of X that hold numbers, and how they are scaled.

    A number x becomes ``(x - center) * scale``, which is then smoothly clipped (`clipped`); NaN becomes `fill`.
    """

    columns: np.ndarray  # (m,)
    center: np.ndarray  # (m,)
    scale: np.ndarray  # (m,)
    fill: np.ndarray  # (m,), after scaling
    start: np.float32  # up to here, scaled numbers stay as they are
    limit: np.float32  # what larger ones tend to
    indicators: np.ndarray  # (k,): which of the m have a column that says where they are missing


class CodedColumn(NamedTuple):
    """A column of X that holds the codes -1, 0, 1, ... of categories, -1 being one that was never seen.

    ``index[code + 1]`` is the number of the category among those of the training rows, counted from 1 more than
    `first`, or 0 for none of these. In its place is the expected category: the mean of those of the training rows.
    """

    column: int
    index: np.ndarray
    size: int  # number of categories of the training rows
    shares: np.ndarray  # (size,): of the weight of the training rows
    first: int = 0

    def counted_from(self, first):
        """The same with other numbers, so that those of several columns differ."""
        return self._replace(index=np.where(self.index > 0, self.index - self.first + first, 0), first=first)


@njit
def clipped(v, start, limit):
    """A number whose part w beyond `start` becomes ``w / sqrt(1 + (w / (limit - start))^2)``, with the same sign.

    Without branches, so that the compiler does many numbers at a time.
    """
    within = v if v < start else start
    within = within if within > -start else -start
    w = v - within
    w = w if w < MAX_SCALED else MAX_SCALED
    w = w if w > -MAX_SCALED else -MAX_SCALED
    ratio = w / (limit - start)
    return within + w / np.sqrt(ONE + ratio * ratio)


@njit
def transform(x, columns, center, scale, fill, start, limit, indicators, out):
    """Write scaled numbers and indicators of missing ones to the first columns of `out`."""
    m, clips = columns.size, limit < np.inf
    fill = fill.astype(out.dtype)
    for i in range(len(x)):
        row = out[i, :m]
        for k in range(m):
            row[k] = (x[i, columns[k]] - center[k]) * scale[k]
        for k in range(m):
            v = row[k]
            scaled = clipped(v, start, limit) if clips else v
            row[k] = fill[k] if v != v else scaled
        for k in range(indicators.size):
            out[i, m + k] = np.isnan(x[i, columns[indicators[k]]])


@njit
def scale_entries(columns, data, scale, start, limit):
    """Scale entries in place, each of a column."""
    for e in range(data.size):
        v = data[e] * scale[columns[e]]
        data[e] = clipped(v, start, limit) if limit < np.inf else v


@njit
def write_one_hot(x, column, index, shares, start, out):
    """Write the indicators of the categories of a column, which are expected ones where the category is unknown."""
    for i in range(len(x)):
        known = index[np.int64(x[i, column]) + 1]
        for k in range(shares.size):
            out[i, start + k] = shares[k] if known == 0 else known == k + 1


@njit
def write_codes(x, column, index, start, out):
    """Write the numbers of the categories of a column."""
    for i in range(len(x)):
        out[i, start] = index[np.int64(x[i, column]) + 1]


class Inputs:
    """From rows of X to rows of numbers, indicators of missing numbers, one-hot categories, and codes of categories.

    Parameters
    ----------
    numbers : Numbers
    one_hot, coded : list of CodedColumn
    exact : bool
        Whether X has columns whose changes are small beside their mean, so that numbers of double precision are read as
        they are; else they are rounded to the precision of the net, which makes X of both precisions the same.
    embeds_numbers : bool
        Whether the net makes vectors of numbers, which needs dense rows.

    Attributes
    ----------
    edges : list of ndarray or None
        For every number, the ends of the bins of a piecewise linear embedding, after scaling.
    n_numbers : int
        Numbers come first.
    n_plain : int
        Numbers, indicators and one-hot categories; codes come after these.
    width : int
        Number of all columns.
    n_codes : int
        Number of different codes, where 0 is that of unknown categories in all columns.
    keeps_zeros : bool
        Whether sparse rows stay sparse: 0 stays 0 in all columns, and there are no others.
    """

    def __init__(self, numbers, one_hot=(), coded=(), exact=False, embeds_numbers=False):
        self.numbers = numbers
        self.one_hot = list(one_hot)
        self.coded = []
        self.n_codes = 1
        for column in coded:
            self.coded.append(column.counted_from(self.n_codes - 1))
            self.n_codes += column.size
        self.exact = exact
        self.edges = None
        shifts = numbers.center.any() or numbers.fill.any()
        self.keeps_zeros = not (shifts or embeds_numbers or numbers.indicators.size or one_hot or coded)
        self.n_numbers = numbers.columns.size
        self.n_plain = self.n_numbers + numbers.indicators.size + sum(c.size for c in self.one_hot)
        self.width = self.n_plain + len(self.coded)

    def __call__(self, x, dtype):
        """Rows of a dense X, in C order and of single or double precision, as an array of the given precision."""
        out = np.empty((len(x), self.width), dtype)
        transform(x, *self.numbers, out)
        start = self.n_numbers + self.numbers.indicators.size
        for column in self.one_hot:
            write_one_hot(x, column.column, column.index, column.shares, start, out)
            start += column.size
        for column in self.coded:
            write_codes(x, column.column, column.index, start, out)
            start += 1
        return out

    def with_numbers_only(self, x):
        """The numbers of rows in single precision, scaled."""
        out = np.empty((len(x), self.n_numbers + self.numbers.indicators.size), np.float32)
        transform(x, *self.numbers, out)
        return out[:, : self.n_numbers]

    def read_as(self, dtype, wanted):
        """The precision in which rows of X of some dtype are read, for a net of the precision `wanted`."""
        return np.float64 if self.exact and dtype == np.float64 else wanted

    def scale_entries(self, columns, data):
        """Scale entries of sparse rows in place, each of a column."""
        scale_entries(columns, data, self.numbers.scale, self.numbers.start, self.numbers.limit)
