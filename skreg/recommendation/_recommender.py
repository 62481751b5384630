"""Matrix factorization for counts and other implicit feedback."""

import warnings
from numbers import Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from .._factorization.entries import Entries
from .._factorization.workers import Workers
from ..utils._errors import caller_level, unchanged_on_error
from ..utils._params import ARRAY_LIKE, COUNT, NONE, NONNEGATIVE, POSITIVE, PROBABILITY, Interval, Options, check_params
from ..utils._threads import one_blas_thread
from ._base import Factorization
from ._features import FeatureRows, FeatureTable
from ._implicit import fit_als, fit_pairs
from ._labels import SIDES
from ._scorers import ndcg_at_k

MAX_COUNT = 1e50  # count, and confidence


class MatrixFactorizationRecommender(Factorization):
    """Matrix factorization of implicit feedback, such as purchases or views, with L2 and three losses.

    The score of item i for user u is ``p_u q_i``, for "bpr" and "warp" ``c_i + p_u q_i`` with a bias of the item; the
    items with the highest scores are recommended. The losses:

    =======  ==========================================================================================================
    `loss`   formula
    =======  ==========================================================================================================
    "als"    squared errors of all pairs, of targets 1 for pairs that occur, with weight ``1 + confidence * count``, and
             0 for all others, with weight 1 [1]_; by alternating ridge regressions
    "bpr"    ``log(1 + exp(s_uj - s_ui))`` for pairs (u, i) that occur and a sampled item j that does not [2]_
    "warp"   ``log(floor((n_items - 1) / tries)) max(0, 1 - s_ui + s_uj)``, where j is the first of several sampled
             items with ``s_uj > s_ui - 1``, and tries the number of items sampled until then [3]_
    =======  ==========================================================================================================

    each averaged with its weights, plus the penalty ::

        1 / 2 mean_u (n_u / mean(n))^frequency_scaling alpha ||p_u||^2
            + 1 / 2 mean_i (n_i / mean(n))^frequency_scaling alpha ||q_i||^2

    where n_u and n_i are the sums of the weights of a user and of an item [4]_. For "bpr" and "warp", these are the
    numbers of updates to expect in an epoch, and the biases of items are penalized as their factors are.

    Parameters
    ----------
    rank : int, default=20
        Length of the vectors of factors, at least 1.
    loss : {"als", "bpr", "warp"}, default="als"
        "als" is exact, and the same for any number of threads; "warp" aims at the first places of the list.
    alpha : float or None, default=None
        Penalty strength, in [0, inf). None is 0.02 for "als" and "bpr", and 1 for "warp", whose slopes are larger.
        These, and other defaults, were chosen on MovieLens-100k.
    frequency_scaling : float, default=1.0
        How the penalties of users and items grow with the sums of their weights, in [0, 1]: with 1 in proportion, with
        0 they are the same for all.
    confidence : float, default=3.0
        How much more a count of 1 weighs than a pair that does not occur, for loss="als"; in (0, 1e50].
    negatives : {"uniform", "popularity"}, default="uniform"
        How items are sampled for "bpr" and "warp": all alike, or in proportion to the number of their users.
    max_tries : int, default=30
        Largest number of items sampled for one known item, for loss="warp"; at least 1.
    learning_rate : float, default=0.05
        Step size of AdaGrad for "bpr" and "warp", positive. With a loss that does not use one of `confidence`,
        `negatives`, `max_tries` and `learning_rate`, only its default is allowed.
    user_features, item_features : frame or array-like of shape (n, 1 + n_columns), default=None
        Features of users, and of items: labels in the first column, features in the others. Numbers are used as they
        are, on a scale of about 1; texts, categories and booleans become one feature for each value. Factors are then
        sums of embeddings: one for each user or item with training rows, and one for each feature, times its value
        [5]_. Users and items of the tables without training rows are known by their features.
    unknown : {"mean", "raise"}, default="mean"
        What to do with users and items that are neither in the training rows nor in the tables: "mean" takes the mean
        factors and bias of the users or items with training rows, "raise" raises ValueError.
    tol : float, default=1e-5
        For loss="als", the stationarity to reach, relative to the loss of zeros, in [0, inf).
    max_iter : int, default=100
        Largest number of iterations of "als"; the number of epochs of "bpr" and "warp". These do not end earlier: the
        loss of an epoch depends on the items that were sampled, and more epochs hardly do harm with a penalty.
    n_jobs : int, default=None
        Number of threads for loss="als"; None is 1 unless in a `joblib.parallel_config`, -1 all cores. Results do not
        depend on it. "bpr" and "warp" run in one thread, so that a seed gives the same answer for any number of cores.
    random_state : int, RandomState instance or None, default=0
        Seed of the first factors, of the order of the rows and of the sampled items.

    Attributes
    ----------
    users_, items_ : ndarray of shape (n_users,), (n_items,)
        Labels of the training rows and of the tables of features, in sorted order.
    user_factors_, item_factors_ : ndarray of shape (n_users, rank), (n_items, rank)
        In the order of the labels.
    user_biases_, item_biases_ : ndarray of shape (n_users,), (n_items,)
        Those of the users are zeros, since they do not change an order; those of the items for "bpr" and "warp" only.
    intercept_ : float
        Always 0.
    objectives_ : ndarray
        For "als", the objective at the start and after every iteration, which never rises. For "bpr" and "warp", the
        mean loss of every epoch, as it was sampled.
    stationarity_ : float
        For "als", as for `MatrixFactorizationRegressor`; NaN for the others.
    n_iter_, n_features_in_, feature_names_in_
        As usual in scikit-learn.

    Raises
    ------
    ValueError
        If a parameter, X, y, the weights or the features are not as described; the message names the argument and the
        value.
    TypeError
        For labels that cannot be compared, such as lists.

    Warns
    -----
    ConvergenceWarning
        For loss="als", if `stationarity_` is above `tol` after `max_iter` iterations.
    UserWarning
        If a numeric feature, such as a year, is not on a scale of about 1: its root mean square is above 10.

    See Also
    --------
    MatrixFactorizationRegressor : For ratings.
    skreg.recommendation.ndcg_at_k : A scorer for searches.

    References
    ----------
    .. [1] Y. Hu, Y. Koren, C. Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008.
    .. [2] S. Rendle, C. Freudenthaler, Z. Gantner, L. Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit
       feedback", UAI 2009.
    .. [3] J. Weston, S. Bengio, N. Usunier, "WSABIE: scaling up to large vocabulary image annotation", IJCAI 2011.
    .. [4] S. Rendle, W. Krichene, L. Zhang, Y. Koren, "Revisiting the performance of iALS on item recommendation
       benchmarks", RecSys 2022.
    .. [5] M. Kula, "Metadata embeddings for user and item cold-start recommendations", CBRecSys 2015.

    Examples
    --------
    >>> from skreg import MatrixFactorizationRecommender
    >>> X = [["ann", "Alien"], ["ann", "Aliens"], ["bob", "Alien"], ["eve", "Up"], ["eve", "Coco"], ["joe", "Up"]]
    >>> model = MatrixFactorizationRecommender(rank=2).fit(X)
    >>> films, scores = model.recommend(["bob", "joe"], n=1)
    >>> films
    array([['Aliens'],
           ['Coco']], dtype=object)
    """

    _parameter_constraints = {
        **Factorization._factor_constraints,
        "loss": [Options("als", "bpr", "warp")],
        "alpha": [NONNEGATIVE, NONE],
        "frequency_scaling": [PROBABILITY],
        "confidence": [Interval(Real, 0.0, MAX_COUNT, closed="right")],
        "negatives": [Options("uniform", "popularity")],
        "max_tries": [COUNT],
        "learning_rate": [POSITIVE],
        "user_features": [ARRAY_LIKE, NONE],
        "item_features": [ARRAY_LIKE, NONE],
        "tol": [NONNEGATIVE],
    }
    _effective_with = {
        "confidence": {"loss": ("als",)},
        "negatives": {"loss": ("bpr", "warp")},
        "max_tries": {"loss": ("warp",)},
        "learning_rate": {"loss": ("bpr", "warp")},
    }

    def __init__(
        self,
        rank=20,
        *,
        loss="als",
        alpha=None,
        frequency_scaling=1.0,
        confidence=3.0,
        negatives="uniform",
        max_tries=30,
        learning_rate=0.05,
        user_features=None,
        item_features=None,
        unknown="mean",
        tol=1e-5,
        max_iter=100,
        n_jobs=None,
        random_state=0,
    ):
        self.rank = rank
        self.loss = loss
        self.alpha = alpha
        self.frequency_scaling = frequency_scaling
        self.confidence = confidence
        self.negatives = negatives
        self.max_tries = max_tries
        self.learning_rate = learning_rate
        self.user_features = user_features
        self.item_features = item_features
        self.unknown = unknown
        self.tol = tol
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags

    @unchanged_on_error
    def fit(self, X, y=None, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2) or frame
            Users and items, labels of any type, in the first two columns; others are not read, with a warning where
            X looks like a matrix of ratings. The counts of rows of the same pair are added.
        y : array-like of shape (n_samples,), default=None
            Counts, not negative, of which those of 0 are as if the row were not there; None is 1 for all. Times their
            weights, the others lie in [1e-50, 1e50].
        sample_weight : float or array-like of shape (n_samples,), default=None
            Multiplies the counts; non-negative, not all zero.

        Returns
        -------
        self : object
        """
        check_params(self)
        tables = {side: getattr(self, f"{side}_features") for side in SIDES}
        tables = {side: FeatureTable(table, side) for side, table in tables.items() if table is not None}
        users, items, _, counts = self._read_labels(X, y, sample_weight, tables)
        ones = np.ones(counts.size)
        entries = Entries(users, items, ones, counts, self.users_.size, self.items_.size)
        self._store_seen(entries)
        sides = [
            FeatureRows(codes, len(index), tables.get(index.side), index)
            for codes, index in ((users, self._users), (items, self._items))
        ]
        sizes = tuple(side.known.size for side in sides)
        if sizes != (self.users_.size, self.items_.size):  # some labels have features only
            entries = Entries(*(side.codes for side in sides), ones, counts, *sizes)
        rng = check_random_state(self.random_state)
        if self.loss == "als":
            with one_blas_thread(), Workers(self._n_threads()) as workers:
                found = fit_als(self, entries, sides, rng, workers)
        else:
            found = fit_pairs(self, entries, sides, rng)
        self._store(sides, found)
        return self

    def _store(self, sides, found):
        self.intercept_ = 0.0
        self.user_factors_, self.item_factors_ = (s.expand(E) for s, E in zip(sides, found.factors, strict=True))
        self.user_biases_, self.item_biases_ = (s.expand(b) for s, b in zip(sides, found.biases, strict=True))
        self._means = [
            (float(biases[side.known].mean()), factors[side.known].mean(axis=0))
            for side, biases, factors in zip(
                sides,
                (self.user_biases_, self.item_biases_),
                (self.user_factors_, self.item_factors_),
                strict=True,
            )
        ]
        self.objectives_, self.stationarity_, self.n_iter_ = found.objectives, found.stationarity, found.n_iter
        if found.missed > self.tol:
            warnings.warn(
                f"{type(self).__name__} did not converge: one more ridge regression of a side could lower the objective"
                f" by {found.missed:.3g} of the loss of zeros, above tol={self.tol:g}. Increase"
                f" max_iter={self.max_iter} or tol, or penalize more.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )

    def _row_weights(self, y, weights):
        """Counts times weights."""
        bad = np.flatnonzero(y < 0.0)
        if bad.size:
            raise ValueError(
                f"Negative values in y: it must hold counts, not negative; got {y[bad[0]]:g} in row {bad[0]}."
            )
        used = (y > 0.0) & (weights > 0.0)
        if not used.any():
            raise ValueError("y must hold a positive count in a row with positive weight; got none.")
        with np.errstate(over="ignore", under="ignore"):
            counts = y * weights
        bad = np.flatnonzero(used & ((counts < 1.0 / MAX_COUNT) | (counts > MAX_COUNT)))
        if bad.size:
            raise ValueError(
                f"y times sample_weight must lie between {1.0 / MAX_COUNT:g} and {MAX_COUNT:g}, so that squares of sums"
                f" neither vanish nor overflow; got {y[bad[0]]:g} times {weights[bad[0]]:g} in row {bad[0]}."
            )
        return counts

    def _unknown_rows(self):
        return self._means

    def score(self, X, y=None, sample_weight=None):
        """NDCG of the top 10 recommendations for the users of X, without items of the training rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2) or frame
            Held-out pairs.
        y : array-like of shape (n_samples,), default=None
            Counts, of which those above 0 are relevant; None is 1 for all.
        sample_weight : array-like of shape (n_samples,), default=None
            Rows of weight 0 do not count.

        Returns
        -------
        score : float
            In [0, 1], the mean over users; NaN if no row is relevant. Pairs of the training rows do not count.
        """
        return ndcg_at_k(10)(self, X, y, sample_weight)
