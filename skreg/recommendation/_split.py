"""Folds of entries, in which every user keeps training rows."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from ._labels import LabelIndex, read_columns


class EntriesKFold:
    """K folds of the rows of users and items, in which every user keeps training rows.

    The rows of each user are spread evenly over the folds. A user with a single row keeps it for training in all folds;
    all other rows are in exactly one test fold. Sizes of the test folds differ by at most 1.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=True
        Whether the rows of each user are shuffled first, and the users as well. Otherwise consecutive rows of a user go
        to consecutive folds.
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
        if isinstance(n_splits, bool) or not isinstance(n_splits, Integral) or n_splits < 2:
            raise ValueError(f"n_splits must be an int, at least 2; got {n_splits!r}.")
        if not isinstance(shuffle, (bool, np.bool_)):
            raise ValueError(f"shuffle must be True or False; got {shuffle!r}.")
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def __repr__(self):
        return f"EntriesKFold({self.n_splits}, shuffle={self.shuffle}, random_state={self.random_state!r})"

    def get_n_splits(self, X=None, y=None, groups=None):
        """The number of folds.

        Parameters
        ----------
        X, y, groups : object
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
            Users in the first column.
        y, groups : object
            Not read.

        Returns
        -------
        splits : generator of (train, test)
            Index arrays in increasing order.

        Raises
        ------
        ValueError
            If fewer rows than folds belong to users with at least two rows.
        """
        users = read_columns(X)[0]
        codes = LabelIndex(users, "user").codes(users)
        n = codes.size
        place = np.arange(n)
        if self.shuffle:
            rng = check_random_state(self.random_state)
            codes, place = rng.permutation(codes.max() + 1)[codes], rng.permutation(n)
        order = np.lexsort((place, codes))
        order = order[np.bincount(codes)[codes[order]] > 1]
        if order.size < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} needs as many rows of users with two rows at least; got {order.size}."
            )
        folds = np.full(n, -1)
        folds[order] = np.arange(order.size) % self.n_splits
        for k in range(self.n_splits):
            yield np.flatnonzero(folds != k), np.flatnonzero(folds == k)
