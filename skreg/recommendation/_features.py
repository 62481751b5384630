"""Features of users and of items, as sparse matrices in the order of their labels."""

import datetime
import warnings
from collections import Counter

import numpy as np
import scipy.sparse as sp

from ..utils._errors import caller_level
from ..utils._rows import as_table
from ..utils._validation import shortened
from ._labels import as_column

NESTED = list, tuple, set, frozenset, dict, np.ndarray
MAX_FEATURE_SIZE = 10.0  # root mean square above which steps and penalties no longer suit an embedding


class FeatureTable:
    """Features of some users or items.

    Parameters
    ----------
    table : frame or array-like of shape (n, 1 + n_columns)
        Labels in the first column. Numbers are used as they are; texts, categories and booleans become one column for
        each value. Dates are an error.
    side : {"user", "item"}

    Attributes
    ----------
    labels : ndarray of shape (n,)
    matrix : csr matrix of shape (n, n_features)
    names : list of str
        Of every feature: that of its column, and the value where it stands for one.
    """

    def __init__(self, table, side):
        self.name = f"{side}_features"
        columns, names = self._columns(table)
        self.labels = self._labels(columns[0], side)
        parts, self.names = [], []
        for column, name in zip(columns[1:], names[1:], strict=True):
            part, values = self._encode(np.asarray(column), name)
            parts.append(part)
            self.names += [name if value is None else f"{name}={value}" for value in values]
        self.matrix = sp.hstack(parts, format="csr")

    def _columns(self, table):
        if sp.issparse(table):
            raise ValueError(f"{self.name} must be a dense table; got a sparse matrix.")
        frame = as_table(table)
        if frame is not None:
            columns, names = [column.to_numpy() for column in frame.iter_columns()], list(map(str, frame.columns))
        else:
            array = np.asarray(table, dtype=None if hasattr(table, "__array__") else object)
            if array.ndim != 2:
                raise ValueError(
                    f"{self.name} must be a table whose first column holds labels; got a {type(table).__name__} of"
                    f" shape {array.shape}."
                )
            columns, names = list(array.T), [str(j) for j in range(array.shape[1])]
        if len(columns) < 2 or not len(columns[0]):
            raise ValueError(
                f"{self.name} must have a column of labels, one of features at least, and a row at least; got"
                f" {len(columns)} columns and {len(columns[0]) if columns else 0} rows."
            )
        return columns, names

    def _labels(self, column, side):
        labels = as_column(column, side, self.name)
        repeated = next((label for label, count in Counter(labels.tolist()).items() if count > 1), None)
        if repeated is not None:
            raise ValueError(
                f"{self.name} must have one row for each {side}, with its label in the first column; got several for"
                f" {repeated!r}."
            )
        return labels

    def _encode(self, column, name):
        """A sparse matrix, and the value that each of its columns stands for, None for numbers."""
        if column.dtype.kind == "O":
            nested = next((value for value in column if isinstance(value, NESTED)), None)
            if nested is not None:
                raise ValueError(
                    f"{self.name} must hold numbers, texts, categories or booleans; got {shortened(nested)} in column"
                    f" {name!r}. Make a column of zeros and ones for each of the values, as MultiLabelBinarizer does."
                )
            numbers = [isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in column]
            column = column.astype(np.float64) if all(numbers) else column
        if column.dtype.kind in "mM" or any(isinstance(value, datetime.date) for value in column[:1].tolist()):
            raise ValueError(
                f"{self.name} must hold numbers, texts, categories or booleans; got the date {column[0]} in column"
                f" {name!r}. Give dates as numbers on a scale of about 1, or as classes such as decades."
            )
        if column.dtype.kind in "iuf":
            bad = np.flatnonzero(~np.isfinite(column))
            if bad.size:
                raise ValueError(
                    f"{self.name} must be finite; got {column[bad[0]]} in row {bad[0]} of column {name!r}."
                )
            column = column.astype(np.float64)
            self._warn_if_large(column, name)
            return sp.csr_matrix(column[:, None]), [None]
        missing = [row for row, value in enumerate(column.tolist()) if value is None or str(value) in ("nan", "<NA>")]
        if missing:
            raise ValueError(
                f"{self.name} must have no missing values; got one in row {missing[0]} of column {name!r}."
            )
        values, codes = np.unique(column.astype(str), return_inverse=True)
        n = codes.size
        return sp.csr_matrix((np.ones(n), (np.arange(n), codes)), shape=(n, values.size)), values.tolist()

    def _warn_if_large(self, column, name):
        largest = np.abs(column).max()
        size = largest * np.sqrt(np.mean((column / largest) ** 2)) if largest else 0.0
        if size > MAX_FEATURE_SIZE:
            warnings.warn(
                f"{self.name} should be on a scale of about 1, but column {name!r} has a root mean square of"
                f" {size:.3g}: its embedding is hardly penalized, and predictions may be useless. Standardize it, or"
                " give classes of its values as texts.",
                UserWarning,
                stacklevel=caller_level(),
            )

    def of(self, index, known):
        """Features of all labels of an index, in CSR form: one of its own for each known one, and the table's."""
        n = len(index)
        own = sp.csr_matrix((np.ones(known.size), (known, np.arange(known.size))), shape=(n, known.size))
        rows = index.codes(self.labels)
        if not np.isin(rows, known).any():
            raise ValueError(
                f"{self.name} must have labels of training rows, such as {index.labels[known[:1]].tolist()[0]!r}; got"
                f" none of them, but such as {self.labels.tolist()[0]!r}."
            )
        place = sp.csr_matrix((np.ones(rows.size), (rows, np.arange(rows.size))), shape=(n, rows.size))
        return sp.hstack([own, place @ self.matrix], format="csr")


class FeatureRows:
    """The users, or the items: those with training rows, and those that are known by their features only.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        Of the training rows, in the order of all labels.
    n : int
        Number of labels.
    table : FeatureTable or None
    index : LabelIndex

    Attributes
    ----------
    known : ndarray of int
        The labels with training rows.
    codes : ndarray of int of shape (n_rows,)
        Of the training rows among them.
    design : csr matrix of shape (n_known, n_features) or None
        Their features; None is one for each alone.
    """

    def __init__(self, codes, n, table, index):
        is_known = np.bincount(codes, minlength=n) > 0
        self.known, self.codes = np.flatnonzero(is_known), (np.cumsum(is_known) - 1)[codes]
        self._all = None if table is None else table.of(index, self.known)
        self.design = None if table is None else self._all[self.known]
        self.n_features = n if table is None else self.design.shape[1]

    def frequencies(self, of_rows):
        """Sums of numbers of the known rows over those that have a feature."""
        return of_rows if self.design is None else np.asarray(abs(self.design).T @ of_rows).ravel()

    def start(self, rng, rank, scale):
        """Random embeddings, but zero for features that no training row has."""
        E = scale * rng.standard_normal((self.n_features, rank))
        if self.design is not None:
            E[self.frequencies(np.ones(self.known.size)) == 0.0] = 0.0
        return E

    def expand(self, embeddings):
        """Factors or biases of all labels."""
        return np.ascontiguousarray(embeddings if self._all is None else self._all @ embeddings)
