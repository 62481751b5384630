"""What models of users and items have in common: labels, factors, predictions and recommendations."""

import warnings
from numbers import Integral, Number

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._factorization.ridge import score_entries
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import caller_level
from ..utils._lazy import by_blocks
from ..utils._params import NONE, RANDOM_STATE, Interval, Options, check_bool, check_int
from ..utils._targets import as_one_column, check_weights, numeric_targets
from ._labels import SIDES, UNKNOWN, LabelIndex, as_column, merged, read_pairs

N_RECOMMENDED = 10  # items, where a user does not say how many
FEW_ROWS = 10  # of a prediction, all of which may well be about unknown users or items
BLOCK = 1 << 22  # scores that are in memory at a time


class Factorization(DocumentationLinkMixin, BaseEstimator):
    """Base of the models whose scores are products of factors of users and of items.

    A subclass sets `user_factors_`, `item_factors_`, `user_biases_`, `item_biases_` and `intercept_` in `fit`, after
    `_read_labels`, and has `_row_weights(y, weights)`, which checks them and returns the weights to fit with.
    """

    _factor_constraints = {
        "rank": [Interval(Integral, 1, np.inf)],
        "max_iter": [Interval(Integral, 1, np.inf)],
        "unknown": [Options("mean", "raise")],
        "n_jobs": [Interval(Integral, -np.inf, np.inf, closed="neither"), NONE],
        "random_state": [RANDOM_STATE],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.non_deterministic = False
        return tags

    def _read_targets(self, y, n):
        """Ratings or counts as float64; ones for None."""
        if y is None:
            return np.ones(n)
        y = numeric_targets(as_one_column(y)).astype(np.float64)
        if y.shape != (n,):
            raise ValueError(
                f"y must have shape ({n},), one number for every row of X; got {y.shape}: inconsistent numbers of"
                " samples."
            )
        bad = np.flatnonzero(~np.isfinite(y))
        if bad.size:
            kind = "NaN" if np.isnan(y[bad[0]]) else "infinity"
            raise ValueError(f"Input y contains {kind} in row {bad[0]} ({bad.size} such rows).")
        return y

    def _read_labels(self, X, y, sample_weight, tables=None):
        """Codes of users and items, targets and `_row_weights` of the rows with weight; sets `users_` and `items_`.

        `tables`, a dict of `FeatureTable` by side, adds their labels.
        """
        columns = read_pairs(self, X, reset=True)
        n = columns[0].size
        y, weights = self._read_targets(y, n), check_weights(sample_weight, n)
        weights = self._row_weights(y, np.ones(n) if weights is None else weights)
        kept = weights > 0.0
        if not kept.all():
            columns, y, weights = [column[kept] for column in columns], y[kept], weights[kept]
        self._users, self._items = (
            _index(column, side, (tables or {}).get(side)) for column, side in zip(columns, SIDES, strict=True)
        )
        self.users_, self.items_ = self._users.labels, self._items.labels
        return self._users.codes(columns[0]), self._items.codes(columns[1]), y, weights

    def _n_threads(self):
        return effective_n_jobs(self.n_jobs)

    def _codes(self, X):
        """Codes of the users and items of X, -1 where they are unknown and may be."""
        users, items = read_pairs(self, X)
        if self.unknown == "raise":
            return self._users.known(users), self._items.known(items)
        codes = self._users.codes(users), self._items.codes(items)
        for side, labels, found in zip(SIDES, (users, items), codes, strict=True):
            are_several = found.size > FEW_ROWS and (labels != labels[0]).any()  # one new user is a usual case
            if are_several and (found == UNKNOWN).all():
                warnings.warn(
                    f"no {side} of the n_samples={found.size} rows of X was in the training rows, so that predictions"
                    f" do not differ between {side}s: the first column of X must hold users, the second items.",
                    UserWarning,
                    stacklevel=caller_level(),
                )
        return codes

    @by_blocks
    def predict(self, X):
        """Predict the rating, or the score, of pairs of a user and an item.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2) or frame
            Users and items in the first two columns, alone or before the other columns of the training rows, which are
            not read.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        users, items = self._codes(X)
        out = np.empty(users.size)
        (user_biases, user_factors), (item_biases, item_factors) = self._with_unknown()
        score_entries(0, users.size, users, items, user_biases, item_biases, user_factors, item_factors, out)
        return out + self.intercept_

    def _with_unknown(self):
        """Biases and factors of users and of items, with a last row, which code -1 finds, for unknown ones."""
        sides = (self.user_biases_, self.user_factors_), (self.item_biases_, self.item_factors_)
        return [
            (np.append(biases, bias), np.vstack([factors, vector]))
            for (biases, factors), (bias, vector) in zip(sides, self._unknown_rows(), strict=True)
        ]

    def _unknown_rows(self):
        """The bias and the factors of an unknown user, and of an unknown item."""
        return [(0.0, np.zeros(self.user_factors_.shape[1]))] * 2

    def _scores_of_all_items(self, users):
        """Scores of all items for codes of users, of shape (n_users, n_items); code -1 is an unknown user."""
        bias, vector = self._unknown_rows()[0]
        known = users != UNKNOWN
        factors = np.where(known[:, None], self.user_factors_[users], vector)
        biases = np.where(known, self.user_biases_[users], bias)
        return factors @ self.item_factors_.T + biases[:, None] + self.item_biases_ + self.intercept_

    def recommend(self, users, n=None, exclude_seen=True):
        """The items with the highest scores for each of some users.

        Parameters
        ----------
        users : array-like of shape (n_users,)
            Labels.
        n : int, default=None
            Number of items for every user, in [1, number of items]; None is 10, or all if there are fewer.
        exclude_seen : bool, default=True
            Whether to leave out the items that a user has in the training rows.

        Returns
        -------
        items : ndarray of shape (n_users, n)
            Labels, the best first.
        scores : ndarray of shape (n_users, n)
            As of `predict`; ``-inf`` marks the items that fill up the row of a user who has seen so many that fewer
            than n are left.

        Raises
        ------
        ValueError
            If n is not in that range, `exclude_seen` no boolean, and for unknown users with ``unknown="raise"``.
        """
        check_is_fitted(self)
        users = _as_labels(users, "user")
        codes = self._users.known(users, "users") if self.unknown == "raise" else self._users.codes(users)
        n = min(N_RECOMMENDED, self.items_.size) if n is None else check_int(n, "n", 1, self.items_.size, "items")
        exclude_seen = check_bool(exclude_seen, "exclude_seen")
        order, scores = self._top(codes, n, exclude_seen)
        return self.items_[order], scores

    def _top(self, codes, n, exclude_seen):
        """Codes of the n best items and their scores, each of shape (n_users, n)."""
        order, scores = np.empty((codes.size, n), dtype=np.int64), np.empty((codes.size, n))
        size = max(BLOCK // self.items_.size, 1)
        for low in range(0, codes.size, size):
            part = slice(low, low + size)
            block = self._scores_of_all_items(codes[part])
            if exclude_seen:
                self._mask_seen(codes[part], block)
            order[part], scores[part] = best(block, n)
        return order, scores

    def _store_seen(self, entries):
        side = entries.by_user
        self._seen = side.indptr, side.indices

    def _mask_seen(self, codes, block):
        indptr, indices = self._seen
        for row, code in enumerate(codes):
            if code != UNKNOWN:
                block[row, indices[indptr[code] : indptr[code + 1]]] = -np.inf

    def _has_seen(self, users, items):
        """Whether pairs of codes are in the training rows; a boolean array."""
        indptr, indices = self._seen
        n = self.items_.size
        pairs = np.repeat(np.arange(self.users_.size), np.diff(indptr)) * n + indices
        return np.isin(users * n + items, pairs) & (users != UNKNOWN) & (items != UNKNOWN)

    def similar_items(self, items, n=10):
        """The items whose factors have the smallest angles to those of each of some items.

        Parameters
        ----------
        items : array-like of shape (n_items,)
            Labels of training items.
        n : int, default=10
            Number of similar items for each, in [1, number of items - 1].

        Returns
        -------
        similar : ndarray of shape (n_items, n)
            Labels, the most similar first; without the item itself.
        similarities : ndarray of shape (n_items, n)
            Cosines, in [-1, 1]; 0 for items without factors.

        Raises
        ------
        ValueError
            For unknown items, and for n out of range.
        """
        check_is_fitted(self)
        codes = self._items.known(_as_labels(items, "item"), "items")
        if self.items_.size == 1:
            raise ValueError("similar_items needs two items in the training rows; they have one.")
        n = check_int(n, "n", 1, self.items_.size - 1, "other items")
        norms = np.linalg.norm(self.item_factors_, axis=1, keepdims=True)
        unit = self.item_factors_ / np.where(norms > 0.0, norms, 1.0)
        cosines = unit[codes] @ unit.T
        cosines[np.arange(codes.size), codes] = -np.inf
        order, cosines = best(cosines, n)
        return self.items_[order], np.clip(cosines, -1.0, 1.0)


def _index(labels, side, table):
    """The index of the labels of one side, and of those of its table of features if there is one."""
    return LabelIndex(labels if table is None else merged(labels, table.labels), side)


def _as_labels(labels, side):
    """The argument `users` or `items` as an array of labels."""
    name = f"{side}s"
    if isinstance(labels, (str, bytes)) or not hasattr(labels, "__len__"):
        advice = f" For one, pass [{labels!r}]." if isinstance(labels, (str, bytes, Number)) else ""
        raise ValueError(f"{name} must be a list or an array of labels; got {labels!r}.{advice}")
    if not hasattr(labels, "__array__"):
        array = np.empty(len(labels), dtype=object)
        array[:] = list(labels)
        labels = array
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"{name} must have one dimension; got shape {labels.shape}.")
    return as_column(labels, side, name)


def best(scores, n):
    """Columns of the n largest scores of every row, the largest first, and the scores; of equal ones the first."""
    n_columns = scores.shape[1]
    if n < n_columns:
        least = np.partition(scores, n_columns - n, axis=1)[:, n_columns - n, None]
        is_in, ties = scores > least, scores == least
        room = n - is_in.sum(axis=1, keepdims=True)
        if (ties.sum(axis=1, keepdims=True) > room).any():
            ties &= np.cumsum(ties, axis=1) <= room
        is_in |= ties
        order = np.nonzero(is_in)[1].reshape(len(scores), n)
    else:
        order = np.broadcast_to(np.arange(n), scores.shape)
    values = np.take_along_axis(scores, order, axis=1)
    places = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(order, places, axis=1), np.take_along_axis(values, places, axis=1)
