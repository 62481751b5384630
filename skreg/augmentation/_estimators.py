"""Estimators that train on augmented rows."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone, is_classifier
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    check_random_state,
    column_or_1d,
    gen_batches,
    get_tags,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils._delegation import delegates
from ..utils._documentation import DocumentationLinkMixin
from ..utils._params import BOOLEAN, ESTIMATOR, RANDOM_STATE, Interval, Options, check_params
from ..utils._rows import distinct, readable, stack, stack_weights
from ..utils._validation import caller_level, check_weights, unchanged_on_error
from ..utils._weights import weight_name
from ._base import AUGMENTER, Batch

MOST = 10_000  # draws of one copy, where rows are repeated oftener than twice
FROM_ON = 10_000  # rows from which on scikit-learn's histogram boosting stops early by itself

_PARAMETERS = """
    estimator : estimator
        What is trained; with ``mode="stream"`` it must have `partial_fit`.
    augmenter : augmenter
        What makes new rows, such as `Compose` of several; its parameters are within reach of searches as
        ``augmenter__...``.
    n_copies : int, default=1
        Augmented copies of every row, at least 1. Each counts as much as the row itself.
    include_original : bool, default=True
        Whether the rows themselves are trained on, too.
    mode : {{"copies", "stream"}}, default="copies"
        "copies" makes all copies and fits once. "stream" draws anew in every epoch, a batch at a time, so that no more
        than a batch is in memory; a batch is its rows and their copies.
    n_epochs : int, default=20
        Epochs of "stream", at least 1.
    batch_size : int, default=256
        Rows of a batch of "stream" before they are copied, at least 1.
    random_state : int, RandomState or None, default=None
        Of the augmentation and of the order of the rows; that of `estimator` is its own."""

_COMMON = """
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When a parameter or the data are not as described, or the augmenter does not fit the data; the message names the
        argument and the value.

    Notes
    -----
    Rows are augmented in `fit` only; predictions are those of `estimator_` for the rows as they are. What the augmenter
    cannot take, such as text among numbers, is to be encoded before: in a pipeline around this estimator.

    Weights count rows: a weight of 3 is the same as three rows, with a draw for each, and 2.5 are three draws that
    weigh less. Where weights add up to more than 10,000, and than twice the rows, fewer draws share them. The partners
    of mixed and swapped rows are drawn by weight.

    Where a penalty is weighed against a sum over rows, as by `C` of logistic regression and support vectors, copies
    make it weigh less: divide `C` by their number. An estimator that sets rows apart by itself (early stopping, a
    search) finds copies of the rows that it trains on among them; `fit` warns where parameters tell of that."""


def draws_of(batch):
    """Places and weights of the distinct rows of a batch, each as often as copies of it are drawn.

    A row of weight 3 is three rows, so that both mean the same, and no draw weighs more than a row: 7.5 are eight
    draws. Only where weights add up to more than `MOST`, and than twice the distinct rows, are they split among fewer.
    Rows of weight 0 are left out.
    """
    first, place = distinct(batch.X, batch.y)
    sums = np.bincount(place, batch.weights)
    first, sums = first[sums > 0.0], sums[sums > 0.0]
    cap = np.inf if batch.weights is None else largest_cap(sums, max(2 * len(sums), MOST))
    counts = np.ceil(np.minimum(sums, cap)).astype(int)
    weights = np.repeat(sums / counts, counts)
    return np.repeat(first, counts), None if (weights == 1.0).all() else weights


def largest_cap(sums, most):
    """The largest whole number that can be made of all larger ones, for a sum of at most so much."""
    if sums.sum() <= most:
        return np.inf
    low, high = 1, int(sums.max())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if np.minimum(sums, middle).sum() <= most else (low, middle)
    return low


def joined(batches):
    """One batch after another, of rows with one label each."""
    if len(batches) == 1:
        return batches[0]
    weights = stack_weights(batches)
    y = np.concatenate([batch.y for batch in batches])
    return batches[0]._replace(X=stack([batch.X for batch in batches]), y=y, weights=weights)


def splitting_parameter(estimator, n_rows):
    """The parameter by which an estimator sets rows apart by itself, None where it sets none apart."""
    params = estimator.get_params()
    for name, value in params.items():
        prefix, _, own = name.rpartition("__")
        stops = f"{prefix}__early_stopping" if prefix else "early_stopping"
        if own == "early_stopping" and (value is True or (value == "auto" and n_rows > FROM_ON)):
            return name
        if own == "cv" or (own == "n_iter_no_change" and value is not None and stops not in params):
            return name
    return None


class BaseAugmented(MetaEstimatorMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of the estimators that train on augmented rows."""

    _parameter_constraints = {
        "estimator": [ESTIMATOR],
        "augmenter": [AUGMENTER],
        "n_copies": [Interval(Integral, 1, np.inf)],
        "include_original": [BOOLEAN],
        "mode": [Options("copies", "stream")],
        "n_epochs": [Interval(Integral, 1, np.inf)],
        "batch_size": [Interval(Integral, 1, np.inf)],
        "random_state": [RANDOM_STATE],
    }

    def __init__(
        self,
        estimator,
        augmenter,
        *,
        n_copies=1,
        include_original=True,
        mode="copies",
        n_epochs=20,
        batch_size=256,
        random_state=None,
    ):
        self.estimator = estimator
        self.augmenter = augmenter
        self.n_copies = n_copies
        self.include_original = include_original
        self.mode = mode
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            inner, augmenter = get_tags(self.estimator), get_tags(self.augmenter)
        except (AttributeError, TypeError):  # what is no estimator is told in fit
            return tags
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.input_tags.sparse = inner.input_tags.sparse and augmenter.input_tags.sparse
        tags.target_tags.required = True
        return tags

    def _check_parameters(self, fit_params):
        check_params(self)
        if is_classifier(self) != is_classifier(self.estimator):
            wanted = "classifier" if is_classifier(self) else "regressor"
            raise ValueError(f"{type(self).__name__} needs a {wanted}; got estimator={self.estimator!r}.")
        if self.mode == "stream" and not hasattr(self.estimator, "partial_fit"):
            raise ValueError(f"mode='stream' needs partial_fit, which estimator={self.estimator!r} does not have.")
        if self.mode == "stream" and fit_params:
            raise ValueError(f"mode='stream' takes no more arguments of fit; got {', '.join(fit_params)}.")

    def _warn_of_copies_apart(self, n_rows):
        name = splitting_parameter(self.estimator, n_rows)
        if name is not None:
            warnings.warn(
                f"estimator={self.estimator!r} sets rows apart by itself ({name}), and will find copies of those that"
                f" it trains on among them. Put searches around {type(self).__name__}, turn early stopping off, give"
                " X_val and y_val to fit, or use mode='stream'.",
                UserWarning,
                stacklevel=caller_level(),
            )

    @unchanged_on_error
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the estimator on rows and their augmented copies.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            Whatever the augmenter and the estimator take: numbers, frames, images, texts.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, which their copies inherit.
        **fit_params : dict
            Passed on to the `fit` of the estimator as they are, such as `X_val` and `y_val`: not with "stream".

        Returns
        -------
        self : object
        """
        self._check_parameters(fit_params)
        validate_data(self, X, y, skip_check_array=True)
        check_consistent_length(X, y)
        X = readable(X)
        y = self._check_y(y)
        if not len(y):
            raise ValueError("X has no rows: 0 sample(s).")
        weights = check_weights(sample_weight, len(y))
        if weights is not None and (weights == 1.0).all():
            weights = None
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        batch = Batch(X, y, weights=weights, labelled=is_classifier(self))
        model = clone(self.estimator)
        if self.mode == "copies":
            rows, own = draws_of(batch)
            source = batch.take(rows)._replace(weights=own)
            self.augmenter_ = clone(self.augmenter).fit(source.X, source.y)
            train = self._with_copies(batch, source, rng)
            if "X_val" not in fit_params:
                self._warn_of_copies_apart(train.n)
            model.fit(train.X, train.y, **self._weights(model, "fit", train.weights), **fit_params)
        else:
            self._stream(model, batch, rng)
        self.estimator_ = model
        if is_classifier(self):
            self.classes_ = model.classes_
        return self

    def _with_copies(self, batch, source, rng):
        """The rows of a batch, if wanted, and copies of those of another, with one label and a weight each."""
        copies = (self.augmenter_.augment(source, rng).hard() for _ in range(self.n_copies))
        return joined([*([batch] if self.include_original else []), *copies])

    def _stream(self, model, batch, rng):
        """Train by `partial_fit` on batches that are augmented anew in every epoch."""
        if is_classifier(self) and batch.y.ndim > 1:
            raise ValueError(f"mode='stream' takes labels of one output; got y of shape {batch.y.shape}.")
        rows, own = draws_of(batch)
        known = batch if batch.weights is None else batch.take(rows)
        self.augmenter_ = clone(self.augmenter).fit(known.X, known.y)
        options = {"classes": np.unique(batch.y)} if is_classifier(self) else {}
        for _ in range(self.n_epochs):
            order = rng.permutation(rows.size)
            for part in gen_batches(rows.size, self.batch_size, min_batch_size=min(2, self.batch_size)):
                some = order[part]
                source = batch.take(rows[some])._replace(weights=None if own is None else own[some])
                train = self._with_copies(source, source, rng)
                model.partial_fit(train.X, train.y, **self._weights(model, "partial_fit", train.weights), **options)
                options = {}

    def _weights(self, model, method, weights):
        if weights is None:
            return {}
        name = weight_name(model, method)
        if name is None:
            raise ValueError(
                f"estimator={model!r} takes no sample_weight in {method}, which weights and shares of labels need."
            )
        return {name: weights}

    def predict(self, X):
        """Predict.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._ask("predict", X)

    def _ask(self, method, X):
        check_is_fitted(self, "estimator_")
        return getattr(self.estimator_, method)(X)


class AugmentedRegressor(RegressorMixin, BaseAugmented):
    __doc__ = f"""Train a regressor on rows and augmented copies of them.

    Parameters
    ----------{_PARAMETERS.format()}

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    augmenter_ : augmenter
        The fitted augmenter.{_COMMON}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from skreg.augmentation import AugmentedRegressor, GaussianNoise
    >>> X, y = load_diabetes(return_X_y=True)
    >>> noisy = AugmentedRegressor(LinearRegression(), GaussianNoise(0.02), n_copies=50, random_state=0).fit(X, y)
    >>> plain = LinearRegression().fit(X, y)
    >>> bool(abs(noisy.estimator_.coef_).max() < abs(plain.coef_).max())  # noise is ridge
    True
    """

    def _check_y(self, y):
        y = np.asarray(y)
        if y.dtype.kind not in "biuf":
            try:
                y = y.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ValueError(f"y must hold numbers to regress on; got {y.dtype} entries.") from error
        assert_all_finite(y, input_name="y")
        return y.astype(np.float64) if y.dtype.kind != "f" else y


class AugmentedClassifier(ClassifierMixin, BaseAugmented):
    __doc__ = f"""Train a classifier on rows and augmented copies of them.

    Rows with mixed labels become a row for each label, weighted by its share: the expected loss is exactly that of soft
    targets.

    Parameters
    ----------{_PARAMETERS.format()}

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    augmenter_ : augmenter
        The fitted augmenter.
    classes_ : ndarray of shape (n_classes,){_COMMON}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.svm import SVC
    >>> from skreg.augmentation import AugmentedClassifier, Shift
    >>> X, y = load_digits(return_X_y=True)
    >>> moved = AugmentedClassifier(SVC(), Shift(1.0, order=3, image_shape=(8, 8)), n_copies=10, random_state=0)
    >>> X_train, y_train, X_test, y_test = X[:100], y[:100], X[100:], y[100:]
    >>> moved.fit(X_train, y_train).score(X_test, y_test) > SVC().fit(X_train, y_train).score(X_test, y_test) + 0.01
    True
    """

    def _check_y(self, y):
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        return y

    @delegates("predict_proba")
    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._ask("predict_proba", X)

    @delegates("predict_log_proba")
    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        return self._ask("predict_log_proba", X)

    @delegates("decision_function")
    def decision_function(self, X):
        """Scores of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes, that of ``classes_[1]``.
        """
        return self._ask("decision_function", X)
