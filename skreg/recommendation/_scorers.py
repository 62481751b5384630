"""Scorers of recommendations: recall and nDCG of the top k items. The RMSE of ratings is scikit-learn's."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..utils._errors import caller_level
from ..utils._params import REAL, check_int
from ..utils._targets import check_weights
from ._base import Factorization
from ._labels import UNKNOWN, read_pairs

METRICS = ("recall", "ndcg")


class RankingScorer:
    """A scorer ``scorer(estimator, X, y)`` of the recommendations for the users of held-out rows.

    Parameters
    ----------
    metric : {"recall", "ndcg"}
    k : int
    threshold : float
    """

    def __init__(self, metric, k, threshold):
        self.metric = metric
        self.k = k
        self.threshold = threshold

    def __repr__(self):
        return f"{self.metric}_at_k(k={self.k}, threshold={self.threshold:g})"

    def __call__(self, estimator, X, y=None, sample_weight=None):
        """The mean over the users of X that have relevant rows; NaN if there are none.

        Pairs of the training rows are not relevant: they are not recommended.

        Warns
        -----
        UndefinedMetricWarning
            If no row with weight has y above the threshold.

        Raises
        ------
        TypeError
            If the estimator is no factorization, nor a pipeline or search that ends in one.
        """
        check_is_fitted(estimator)
        estimator, X = self._final(estimator, X)
        columns = read_pairs(estimator, X)
        n = columns[0].size
        y, weights = estimator._read_targets(y, n), check_weights(sample_weight, n)
        relevant = (y > self.threshold) & (True if weights is None else weights > 0.0)
        if not relevant.any():
            warnings.warn(
                f"{self!r} is NaN: no row with weight has y above threshold={self.threshold:g}.",
                UndefinedMetricWarning,
                stacklevel=caller_level(),
            )
        relevant &= ~estimator._has_seen(estimator._users.codes(columns[0]), estimator._items.codes(columns[1]))
        if not relevant.any():
            return np.nan
        labels, items = (column[relevant] for column in columns)
        names, users = np.unique(labels, return_inverse=True) if labels.dtype.kind != "O" else _unique(labels)
        codes, items = estimator._users.codes(names), estimator._items.codes(items)
        top, scores = estimator._top(codes, min(self.k, estimator.items_.size), True)
        return float(np.mean(self._of_users(users, items, len(estimator.items_), top, np.isfinite(scores))))

    def _final(self, estimator, X):
        """The factorization at the end of pipelines and searches, and X as it takes it."""
        found = estimator
        while not isinstance(found, Factorization):
            if isinstance(found, Pipeline):
                X = found[:-1].transform(X) if len(found.steps) > 1 else X
                found = found.steps[-1][1]
            elif hasattr(found, "best_estimator_"):
                found = found.best_estimator_
            else:
                raise TypeError(
                    f"{self!r} needs a recommender, MatrixFactorizationRecommender or MatrixFactorizationRegressor, or"
                    f" a Pipeline or search that ends in one; got {estimator!r}."
                )
        return found, X

    def _of_users(self, users, items, n_items, top, is_new):
        """One number for every user, from the pairs of relevant items and the best items."""
        unknown = items == UNKNOWN  # relevant, but cannot be recommended
        ones = np.where(unknown, n_items + np.arange(items.size), items)
        width = n_items + items.size
        pairs = np.unique(users * width + ones)
        counts = np.bincount(pairs // width, minlength=len(top))
        hits = np.isin(np.arange(len(top))[:, None] * width + top, pairs) & is_new
        if self.metric == "recall":
            return hits.sum(axis=1) / counts
        gains = 1.0 / np.log2(np.arange(2, self.k + 2))
        return hits @ gains[: top.shape[1]] / np.cumsum(gains)[np.minimum(counts, self.k) - 1]


def _unique(labels):
    places = {}
    codes = np.array([places.setdefault(label, len(places)) for label in labels.tolist()])
    names = np.empty(len(places), dtype=object)
    names[:] = list(places)
    return names, codes


def _make(metric, k, threshold):
    if threshold not in REAL:
        raise ValueError(f"threshold must be a finite number; got {threshold!r}.")
    return RankingScorer(metric, check_int(k, "k", 1), float(threshold))


def recall_at_k(k=10, *, threshold=0.0):
    """A scorer: the share of a user's held-out items that are among the top k recommendations.

    A user's items of the training rows are not recommended, and held-out rows of such a pair do not count. The score is
    the mean over the users of the others; NaN without any.

    Parameters
    ----------
    k : int, default=10
        Number of recommendations, at least 1.
    threshold : float, default=0.0
        Held-out rows with y above it are relevant. With ratings it decides what counts as liked: with 0, rows of one
        star do, too. Where no row is relevant, the score is NaN, with a warning.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)``, for `scoring=` of `cross_val_score` and `GridSearchCV`; in [0, 1], larger is
        better.

    See Also
    --------
    ndcg_at_k : Counts the places of the hits as well.

    Examples
    --------
    >>> from skreg import MatrixFactorizationRegressor
    >>> from skreg.recommendation import recall_at_k
    >>> X = [["ann", "Up"], ["bob", "Alien"], ["bob", "Up"], ["eve", "Alien"]]
    >>> model = MatrixFactorizationRegressor(rank=1).fit(X, [5, 4, 5, 3])
    >>> recall_at_k(1)(model, [["ann", "Alien"]], [4])
    1.0
    """
    return _make("recall", k, threshold)


def ndcg_at_k(k=10, *, threshold=0.0):
    """A scorer: the normalized discounted cumulative gain of the top k recommendations.

    The gain of a held-out item in place r is ``1 / log2(r + 1)``, and of others 0; the sum is divided by that of the
    best order [1]_. A user's items of the training rows are not recommended, and held-out rows of such a pair do not
    count. The score is the mean over the users of the others; NaN without any.

    Parameters
    ----------
    k : int, default=10
        Number of recommendations, at least 1.
    threshold : float, default=0.0
        Held-out rows with y above it are relevant. With ratings it decides what counts as liked: with 0, rows of one
        star do, too. Where no row is relevant, the score is NaN, with a warning.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)``, for `scoring=` of `cross_val_score` and `GridSearchCV`; in [0, 1], larger is
        better.

    See Also
    --------
    recall_at_k : The share of held-out items that are found.

    References
    ----------
    .. [1] K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.

    Examples
    --------
    >>> from skreg import MatrixFactorizationRegressor
    >>> from skreg.recommendation import ndcg_at_k
    >>> X = [["ann", "Up"], ["bob", "Alien"], ["bob", "Up"], ["eve", "Alien"]]
    >>> model = MatrixFactorizationRegressor(rank=1).fit(X, [5, 4, 5, 3])
    >>> ndcg_at_k(1)(model, [["ann", "Alien"]], [4])
    1.0
    """
    return _make("ndcg", k, threshold)
