"""Matrix factorization for ratings, by alternating ridge regressions."""

import warnings

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from .._factorization.als import AlternatingRidge, Penalties, Table
from .._factorization.entries import Entries
from .._factorization.workers import Workers
from ..utils._errors import caller_level, unchanged_on_error
from ..utils._params import BOOLEAN, NONE, NONNEGATIVE, PROBABILITY, check_params
from ..utils._targets import check_target_size
from ..utils._threads import one_blas_thread
from ._base import Factorization

INITIAL = 0.1  # standard deviation of the first factors of items, relative to the root of the ratings' scale


class MatrixFactorizationRegressor(RegressorMixin, Factorization):
    """Matrix factorization of ratings: biases and factors with L2, by alternating ridge regressions.

    The rating of item i by user u is predicted as ``m + b_u + c_i + p_u q_i``, with vectors p_u and q_i of length
    `rank`. Minimizes ::

        1 / (2 sum_e w_e) sum_e w_e (y_e - m - b_u - c_i - p_u q_i)^2
            + 1 / 2 mean_u (n_u / mean(n))^frequency_scaling (alpha ||p_u||^2 + alpha_bias b_u^2)
            + 1 / 2 mean_i (n_i / mean(n))^frequency_scaling (alpha ||q_i||^2 + alpha_bias c_i^2)

    over ratings e with sample weights w, where n_u and n_i are the sums of the weights of a user and of an item.

    Parameters
    ----------
    rank : int, default=20
        Length of the vectors of factors, at least 1. With a penalty, more factors rarely do harm.
    alpha : float, default=0.1
        Penalty strength of the factors, in [0, inf). Relative to the variance of the ratings, about 1 for stars.
    alpha_bias : float or None, default=None
        Penalty strength of the biases, in [0, inf). None is `alpha`.
    frequency_scaling : float, default=1.0
        How the penalties of users and items grow with the number of their ratings, in [0, 1]. With 1 they are in
        proportion, as in the first ALS for ratings [1]_ and as stochastic gradient descent has them: all users are
        shrunk by the same share. With 0 all have the same penalty, and those with few ratings are shrunk more.
    bias : bool, default=True
        Whether users and items have biases. The intercept m is always fitted, and never penalized.
    unknown : {"mean", "raise"}, default="mean"
        What to predict for users and items without training rows: "mean" takes zero for their biases and factors,
        which leaves the intercept and the bias of the other side; "raise" raises ValueError.
    tol : float, default=1e-5
        Stationarity to reach, relative to the loss of the null model, in [0, inf).
    max_iter : int, default=100
        Largest number of iterations, each with the ridge regressions of all users and of all items.
    n_jobs : int, default=None
        Number of threads; None is 1 unless in a `joblib.parallel_config`, -1 all cores. Results do not depend on it.
    random_state : int, RandomState instance or None, default=0
        Seed of the first factors of the items.

    Attributes
    ----------
    users_, items_ : ndarray of shape (n_users,), (n_items,)
        Labels of the training rows in sorted order.
    user_factors_, item_factors_ : ndarray of shape (n_users, rank), (n_items, rank)
        In the order of the labels.
    user_biases_, item_biases_ : ndarray of shape (n_users,), (n_items,)
        Zeros without `bias`.
    intercept_ : float
    objective_ : float
        The minimum that was found.
    objectives_ : ndarray of shape (n_iterations + 1,)
        At the start and after every iteration. It never rises.
    stationarity_ : float
        By how much, at most, exact ridge regressions of all users, or of all items, would lower the objective: half of
        the square of the gradient's norm, in the metric of the inverse curvature (the Newton decrement). Converged
        where this is at most `tol` times the loss of the null model.
    n_iter_, n_features_in_, feature_names_in_
        As usual in scikit-learn.

    Raises
    ------
    ValueError
        If a parameter, X, y or the weights are not as described; the message names the argument and the value.
    TypeError
        For labels that cannot be compared, such as lists.

    Warns
    -----
    ConvergenceWarning
        If `stationarity_` is above `tol` after `max_iter` iterations.

    See Also
    --------
    EntriesKFold : Folds in which every user keeps training rows.

    Notes
    -----
    The objective is not convex. `stationarity_` proves that the solution cannot be improved by changing one side alone;
    other solutions may be better. In practice those of different `random_state` predict about equally well.

    Ridge regressions are solved by conjugate gradients that begin at the last solution, to a tenth of the residual.

    References
    ----------
    .. [1] Y. Zhou, D. Wilkinson, R. Schreiber, R. Pan, "Large-scale parallel collaborative filtering for the Netflix
       prize", AAIM 2008.
    .. [2] Y. Koren, R. Bell, C. Volinsky, "Matrix factorization techniques for recommender systems", IEEE Computer
       42(8), 2009.

    Examples
    --------
    >>> from skreg import MatrixFactorizationRegressor
    >>> X = [["ann", "Alien"], ["ann", "Up"], ["bob", "Alien"], ["bob", "Up"], ["eve", "Alien"]]
    >>> model = MatrixFactorizationRegressor(rank=2, alpha=0.01).fit(X, [5, 1, 5, 1, 4])
    >>> model.predict([["eve", "Up"]]).round()
    array([2.])
    >>> items, ratings = model.recommend(["eve"], n=1)
    >>> items
    array([['Up']], dtype=object)
    """

    _parameter_constraints = {
        **Factorization._factor_constraints,
        "alpha": [NONNEGATIVE],
        "alpha_bias": [NONNEGATIVE, NONE],
        "frequency_scaling": [PROBABILITY],
        "bias": [BOOLEAN],
        "tol": [NONNEGATIVE],
    }

    def __init__(
        self,
        rank=20,
        *,
        alpha=0.1,
        alpha_bias=None,
        frequency_scaling=1.0,
        bias=True,
        unknown="mean",
        tol=1e-5,
        max_iter=100,
        n_jobs=None,
        random_state=0,
    ):
        self.rank = rank
        self.alpha = alpha
        self.alpha_bias = alpha_bias
        self.frequency_scaling = frequency_scaling
        self.bias = bias
        self.unknown = unknown
        self.tol = tol
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # on scikit-learn's table, whose y depends on ten columns, not on two
        return tags

    @unchanged_on_error
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2) or frame
            Users and items, labels of any type, in the first two columns; others are not read, with a warning where
            X looks like a matrix of ratings. Rows of the same pair count as ratings of their own.
        y : array-like of shape (n_samples,)
            Ratings.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative, not all zero; a weight of 2 counts as two equal rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For X without two columns, missing labels, and ratings or weights that are missing, infinite or of another
            length.
        """
        check_params(self)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: give ratings, or take"
                " MatrixFactorizationRecommender for pairs without any."
            )
        users, items, y, weights = self._read_labels(X, y, sample_weight)
        unit = _unit(y, weights)
        entries = Entries(users, items, y / unit, weights, self.users_.size, self.items_.size)
        frequencies = (side.sums(entries.weights) for side in (entries.by_user, entries.by_item))
        alpha_bias = self.alpha if self.alpha_bias is None else self.alpha_bias
        penalties = Penalties.of(self.alpha / unit, alpha_bias, *frequencies, self.frequency_scaling)
        with one_blas_thread(), Workers(self._n_threads()) as workers:
            ridge = AlternatingRidge(
                entries, entries.values, entries.weights, penalties, workers, within=entries.within
            )
            found = ridge.fit(*self._start(ridge.null_loss()), self.max_iter, self.tol)
        self._store(entries, found, ridge.null_loss(), unit)
        return self

    def _start(self, null):
        """Tables of users, with zeros, and of items, with random factors."""
        rng = check_random_state(self.random_state)
        scale = INITIAL * null**0.25 if null > 0.0 else INITIAL
        factors = scale * rng.standard_normal((self.items_.size, self.rank))
        return Table(np.zeros((self.users_.size, self.rank)), self.bias), Table(factors, self.bias)

    def _row_weights(self, y, weights):
        """Weights of about 1, which only count relative to each other."""
        weights = np.ldexp(weights, -np.frexp(weights.max())[1])
        kept = weights > 0.0
        check_target_size(y[None, kept], np.array([_norm(y[kept], weights[kept])]), weights.sum())
        return weights

    def _store(self, entries, found, null, unit):
        self._store_seen(entries)
        self.intercept_ = unit * found.intercept
        self.user_factors_ = np.sqrt(unit) * found.users.factors
        self.item_factors_ = np.sqrt(unit) * found.items.factors
        self.user_biases_, self.item_biases_ = unit * found.users.biases, unit * found.items.biases
        self.objectives_ = unit * (unit * found.objectives)
        self.objective_ = float(self.objectives_[-1])
        self.stationarity_ = unit * (unit * found.stationarity)
        self.n_iter_ = found.objectives.size - 1
        if not found.converged:
            warnings.warn(
                f"{type(self).__name__} did not converge: one more ridge regression of a side could lower the objective"
                f" by {found.stationarity / null:.3g} of the null model's loss, above tol={self.tol:g}. Increase"
                f" max_iter={self.max_iter} or tol, or penalize more.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )


def _norm(y, weights):
    """The weighted norm of centred ratings; of constant ones, their size."""
    size = np.abs(y).max()
    relative = y / size if size > 0.0 else y
    if np.ptp(relative) > 0.0:
        relative = relative - weights @ relative / weights.sum()
    with np.errstate(over="ignore", under="ignore"):
        return size * np.sqrt(weights @ relative**2)


def _unit(y, weights):
    """The largest power of 4 up to the standard deviation of the ratings; the fit to ``y / unit`` has safe squares."""
    size = _norm(y, weights) / np.sqrt(weights.sum())
    return 4.0 ** np.floor(0.5 * np.log2(size)) if size > 0.0 else 1.0
