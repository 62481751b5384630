"""The known entries of a matrix of users and items, by users and by items."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp


class Side(NamedTuple):
    """Entries in the order of one side, users or items, in CSR form.

    Attributes
    ----------
    indptr : ndarray of int64 of shape (n_rows + 1,)
    indices : ndarray of int32 of shape (n_entries,)
        The other side's row of every entry.
    order : ndarray of int64 of shape (n_entries,)
        Where the entries are in the order of the users.
    """

    indptr: np.ndarray
    indices: np.ndarray
    order: np.ndarray

    @property
    def n_rows(self):
        return self.indptr.size - 1

    @property
    def rows(self):
        """The row of every entry."""
        return np.repeat(np.arange(self.n_rows, dtype=np.int32), np.diff(self.indptr))

    def sums(self, values):
        """Sums of values, which are in the order of the users, over the entries of every row."""
        return np.bincount(self.rows, values[self.order], self.n_rows)


def _sides(users, items, n_users, n_items):
    """Both sides of pairs that are sorted by user and item."""
    indptr = np.zeros(n_users + 1, dtype=np.int64)
    np.cumsum(np.bincount(users, minlength=n_users), out=indptr[1:])
    order = np.arange(users.size)
    by_item = sp.csr_array((order, items, indptr), shape=(n_users, n_items)).tocsc()
    arrays = by_item.indptr.astype(np.int64), by_item.indices.astype(np.int32), by_item.data
    return Side(indptr, items.astype(np.int32), order), Side(*arrays)


def _sorted_by(codes):
    """Positions in the order of codes, of equal ones the first position first, in linear time."""
    n = codes.size
    places = sp.csr_array((np.arange(n), codes, np.arange(n + 1)), shape=(n, int(codes.max(initial=-1)) + 1))
    return places.tocsc().data


class Entries:
    """Pairs of a user and an item, each once, in the order of users and then items.

    Parameters
    ----------
    users, items : ndarray of int of shape (n,)
        Codes from 0.
    values, weights : ndarray of shape (n,)
        Rows of the same pair become one entry.
    n_users, n_items : int

    Attributes
    ----------
    by_user, by_item : Side
    weights : ndarray of shape (n_entries,)
        Sums of the weights.
    values : ndarray of shape (n_entries,)
        Weighted means of the values.
    within : float
        Weighted sum of the squared differences of the values to these means.
    """

    def __init__(self, users, items, values, weights, n_users, n_items):
        order = _sorted_by(items)
        order = order[_sorted_by(users[order])]
        key, values, weights = users[order].astype(np.int64) * n_items + items[order], values[order], weights[order]
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
        self.weights = np.add.reduceat(weights, starts)
        self.values = values[starts]
        self.within = 0.0
        if starts.size < key.size:
            self.values = np.add.reduceat(weights * values, starts) / self.weights
            sizes = np.diff(np.append(starts, key.size))
            self.values = np.where(sizes == 1, values[starts], self.values)
            self.within = float(weights @ (values - np.repeat(self.values, sizes)) ** 2)
        users, items = np.divmod(key[starts], n_items)
        self.by_user, self.by_item = _sides(users, items, n_users, n_items)

    @property
    def n(self):
        """The number of entries."""
        return self.values.size
