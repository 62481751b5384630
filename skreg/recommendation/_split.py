"""Folds of entries, in which every user keeps training rows."""

import numpy as np
from sklearn.utils import check_random_state

from ..utils._params import check_bool, check_int
from ._labels import SIDES, LabelIndex, read_columns


class EntriesKFold:
    """K folds of the rows of users and items, in which every user keeps training rows.

    The items of each user are spread evenly over the folds. A user with a single item keeps it for training in all
    folds; all other rows are in exactly one test fold. Rows of the same user and item are in the same fold, so that no
    held-out pair is a training pair. Without such repetitions, sizes of the test folds differ by at most 1.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=True
        Whether the rows of each user are shuffled first, and the users as well. Otherwise consecutive items of a user
        go to consecutive folds.
    random_state : int, RandomState instance or None, default=0
        Seed of the shuffle. The default makes the same folds whenever it is called.

    See Also
    --------
    MatrixFactorizationRegressor : For ratings.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.recommendation import EntriesKFold
    >>> X = np.array([["ann", "Up"], ["ann", "Alien"], ["bob", "Up"], ["bob", "Alien"], ["eve", "Up"]])
    >>> for train, test in EntriesKFold(2).split(X):
    ...     print(sorted(set(X[train, 0].tolist())), test.size)
    ['ann', 'bob', 'eve'] 2
    ['ann', 'bob', 'eve'] 2
    """

    def __init__(self, n_splits=5, *, shuffle=True, random_state=0):
        self.n_splits = check_int(n_splits, "n_splits", 2)
        self.shuffle = check_bool(shuffle, "shuffle")
        self.random_state = random_state

    def __repr__(self):
        return f"EntriesKFold({self.n_splits}, shuffle={self.shuffle}, random_state={self.random_state!r})"

    def get_n_splits(self, X=None, y=None, groups=None):
        """The number of folds.

        Parameters
        ----------
        X : object, default=None
            Not read.
        y : object, default=None
            Not read.
        groups : object, default=None
            Not read.

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def split(self, X, y=None, groups=None):
        """Indices of the training and test rows of every fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2) or frame
            Users in the first column, items in the second.
        y : object, default=None
            Not read.
        groups : object, default=None
            Not read.

        Returns
        -------
        splits : generator of (train, test)
            Index arrays in increasing order.

        Raises
        ------
        ValueError
            If fewer pairs than folds belong to users with at least two items.
        """
        users, items = (
            LabelIndex(column, side).codes(column) for column, side in zip(read_columns(X), SIDES, strict=True)
        )
        place = np.arange(users.size)
        if self.shuffle:
            rng = check_random_state(self.random_state)
            users, place = rng.permutation(users.max() + 1)[users], rng.permutation(users.size)
        _, first, pair = np.unique(users * (items.max() + 1) + items, return_index=True, return_inverse=True)
        users, place = users[first], place[first]
        order = np.lexsort((place, users))
        order = order[np.bincount(users)[users[order]] > 1]
        if order.size < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} needs as many pairs of users with two items at least; got {order.size}."
            )
        folds = np.full(first.size, -1)
        folds[order] = np.arange(order.size) % self.n_splits
        folds = folds[pair]
        for k in range(self.n_splits):
            yield np.flatnonzero(folds != k), np.flatnonzero(folds == k)
