"""Estimators that train on augmented rows."""

import warnings
from inspect import signature
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone, is_classifier
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    check_random_state,
    column_or_1d,
    get_tags,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils._delegation import delegates
from ..utils._params import BOOLEAN, ESTIMATOR, RANDOM_STATE, Interval, Kind, Options, check_params
from ..utils._rows import distinct, readable, stack, take
from ..utils._validation import caller_level, check_weights, unchanged_on_error
from ._base import Batch

AUGMENTER = Kind("an augmenter", lambda value: hasattr(value, "augment"))

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
    feature_names_in_ : ndarray of shape (n_features_in_,)

    Raises
    ------
    ValueError
        When a parameter or the data are not as described, or the augmenter does not fit the data; the message names the
        argument and the value.

    Notes
    -----
    Rows are augmented in `fit` only; predictions are those of `estimator_` for the rows as they are. Equal rows with
    equal targets get equal copies, so that a weight of 2 is the same as two rows: let `n_copies`, not repeated rows,
    make more.

    Where a penalty is weighed against a sum over rows, as by `C` of logistic regression and support vectors, copies
    make it weigh less: divide `C` by their number. An estimator that holds out rows by itself (``early_stopping=True``)
    finds copies of the rows that it trains on among them; `fit` warns of that."""


def takes_weights(method):
    return "sample_weight" in signature(method).parameters


class BaseAugmented(MetaEstimatorMixin, BaseEstimator):
    """Base of the estimators that train on augmented rows."""

    _doc_link_module = "skreg"
    _doc_link_template = "https://skreg.readthedocs.io/en/stable/api/skreg.{estimator_name}.html"

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
        if self.mode == "copies" and "X_val" not in fit_params:
            self._warn_of_held_out_copies()

    def _warn_of_held_out_copies(self):
        for name, value in self.estimator.get_params().items():
            if name.endswith("early_stopping") and value is True:
                warnings.warn(
                    f"estimator={self.estimator!r} holds out rows ({name}=True), some of which will be copies of those"
                    f" that it trains on: it will stop late. Set {name}=False, give X_val and y_val to fit, or use"
                    " mode='stream'.",
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
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        batch = Batch(X, y, classes=is_classifier(self))
        if weights is not None and not weights.all():
            some = np.flatnonzero(weights)
            batch, weights = batch.take(some), weights[some]
        self.augmenter_ = clone(self.augmenter).fit(batch.X, batch.y)
        model = clone(self.estimator)
        if self.mode == "copies":
            X, y, weights = self._augmented(batch, weights, rng)
            model.fit(X, y, **self._weights(model, "fit", weights), **fit_params)
        else:
            self._stream(model, batch, weights, rng)
        self.estimator_ = model
        return self

    def _augmented(self, batch, weights, rng):
        """The rows of a batch, if wanted, and their copies, with one label and a weight each.

        Equal rows have equal copies: a row that comes twice is the same as one of weight 2.
        """
        first, place = distinct(batch.X, batch.y)
        once = batch.take(first)
        parts = [(batch.X, batch.y, weights)] if self.include_original else []
        for _ in range(self.n_copies):
            new = self.augmenter_.augment(once, rng).take(place)
            rows, y, own = new.hard(weights)
            parts.append((new.X if rows.size == new.n else take(new.X, rows), y, own))
        holders, targets, weights = zip(*parts, strict=True)
        if any(own is not None for own in weights):
            weights = np.concatenate([np.ones(len(y)) if own is None else own for _, y, own in parts])
        else:
            weights = None
        return (stack(holders) if len(holders) > 1 else holders[0]), np.concatenate(targets), weights

    def _stream(self, model, batch, weights, rng):
        """Train by `partial_fit` on batches that are augmented anew in every epoch.

        Equal rows are one, with the sum of their weights, where the estimator takes weights.
        """
        if takes_weights(model.partial_fit):
            first, place = distinct(batch.X, batch.y)
            sums = np.bincount(place, weights)
            batch, weights = batch.take(first), None if (sums == 1.0).all() else sums
        labels = {"classes": self.classes_} if is_classifier(self) else {}
        for epoch in range(self.n_epochs):
            order = rng.permutation(batch.n)
            for low in range(0, batch.n, self.batch_size):
                rows = order[low : low + self.batch_size]
                X, y, own = self._augmented(batch.take(rows), None if weights is None else weights[rows], rng)
                first = labels if epoch == 0 and low == 0 else {}
                model.partial_fit(X, y, **self._weights(model, "partial_fit", own), **first)

    def _weights(self, model, method, weights):
        if weights is None:
            return {}
        if not takes_weights(getattr(model, method)):
            raise ValueError(
                f"estimator={model!r} takes no sample_weight in {method}, which weights and shares of labels need."
            )
        return {"sample_weight": weights}

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
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skreg.augmentation import AugmentedClassifier, Rotate
    >>> X, y = load_digits(return_X_y=True)
    >>> logistic = LogisticRegression(max_iter=1000)
    >>> turned = AugmentedClassifier(logistic, Rotate(15.0, image_shape=(8, 8)), random_state=0)
    >>> turned.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.85
    True
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    def _check_y(self, y):
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        self.classes_ = np.unique(y)
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
