"""Estimators that train on augmented rows."""

from numbers import Integral

import numpy as np
from sklearn import get_config
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
from sklearn.utils.validation import validate_data

from ..utils._delegation import DelegatesToFitted, DelegatesToFittedClassifier
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import unchanged_on_error
from ..utils._params import (
    ARRAY_LIKE,
    BOOLEAN,
    COUNT,
    ESTIMATOR,
    NONE,
    RANDOM_STATE,
    Interval,
    Options,
    ParamKind,
    check_params,
)
from ..utils._rows import readable
from ..utils._targets import as_labels, check_dense, check_weights, numeric_targets
from ..utils._weights import weight_name
from ._base import AUGMENTER, Augmenter, Batch
from ._docs import COMMON, PARAMETERS
from ._draws import draws_of, joined
from ._held_out import fit_with, split_off, warn_of_own_split
from ._numbers import ONE_LENGTH
from ._rounding import JudgedTogether

SAMPLER = ParamKind(
    "a sampler with fit_resample", lambda value: hasattr(value, "fit_resample") and not isinstance(value, type)
)


class BaseAugmented(DelegatesToFitted, MetaEstimatorMixin, DocumentationLinkMixin, BaseEstimator):
    """Base class of the estimators that train on augmented rows."""

    _parameter_constraints = {
        "estimator": [ESTIMATOR],
        "augmenter": [AUGMENTER, SAMPLER, NONE],
        "n_copies": [Interval(Integral, 0, np.inf)],
        "include_original": [BOOLEAN],
        "mode": [Options("copies", "stream")],
        "n_epochs": [COUNT],
        "batch_size": [COUNT],
        "random_state": [RANDOM_STATE],
    }
    classes = None

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
            inner = get_tags(self.estimator)
            takes_sparse = self.augmenter is None or get_tags(self.augmenter).input_tags.sparse
        except (AttributeError, TypeError):  # fit raises where this is not an estimator
            return tags
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.input_tags.sparse = inner.input_tags.sparse and takes_sparse
        tags.target_tags.required = True
        return tags

    def _check_parameters(self, fit_params):
        check_params(self)
        if is_classifier(self) != is_classifier(self.estimator):
            wanted = "classifier" if is_classifier(self) else "regressor"
            raise ValueError(f"{type(self).__name__} needs a {wanted}; got estimator={self.estimator!r}.")
        if self.n_copies == 0 and not self.include_original:
            raise ValueError("n_copies=0 with include_original=False leaves no rows to train on.")
        if self.mode == "copies":
            return
        if not hasattr(self.estimator, "partial_fit"):
            raise ValueError(f"mode='stream' needs partial_fit, which estimator={self.estimator!r} does not have.")
        if fit_params:
            raise ValueError(f"mode='stream' takes no more arguments of fit; got {', '.join(fit_params)}.")
        if self._samples():
            raise ValueError(f"mode='stream' needs an augmenter; got the sampler augmenter={self.augmenter!r}.")

    def _samples(self):
        """Whether `augmenter` is a sampler of another library."""
        return self.augmenter is not None and not isinstance(self.augmenter, Augmenter)

    def _changes_rows(self):
        """Whether there is any augmentation."""
        return self._samples() or (self.augmenter is not None and self.n_copies > 0)

    @unchanged_on_error
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the estimator on rows and their augmented copies.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            Rows of any kind that the augmenter and the estimator take: numbers, frames, images, texts.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, or numbers in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, which their copies inherit.
        **fit_params : dict
            Passed on to the `fit` of the estimator as they are; not with "stream". `X_val` and `y_val` are validation
            rows to use instead of held-out ones; in a pipeline they pass through all steps before the last.

        Returns
        -------
        self : object
        """
        self._check_parameters(fit_params)
        X = readable(X, advice=ONE_LENGTH)
        validate_data(self, X, y, skip_check_array=True)
        check_consistent_length(X, y)
        y = self._check_y(y)
        if self.classes is not None and y.ndim > 1:
            raise ValueError(f"classes={self.classes!r} needs labels of one output; got y of shape {y.shape}.")
        if not len(y):
            raise ValueError("X has no rows: 0 sample(s).")
        weights = check_weights(sample_weight, len(y))
        if weights is not None and (weights == 1.0).all():
            weights = None
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        batch = Batch(X, y, weights=weights, labelled=is_classifier(self))
        model = clone(self.estimator)
        self.augmenter_ = None if self.augmenter is None else clone(self.augmenter)
        with JudgedTogether():
            if self.mode == "stream":
                self._stream(model, batch, rng)
            else:
                self._fit_copies(model, batch, rng, fit_params)
        self.estimator_ = model
        if is_classifier(self):
            self.classes_ = model.classes_
        return self

    def _fit_copies(self, model, batch, rng, fit_params):
        """Fit once, on rows and all their copies."""
        params = dict(fit_params)
        if self._changes_rows():
            if "X_val" not in params:
                batch, validation = split_off(model, batch, batch.n * (self.n_copies + self.include_original), rng)
                params |= validation
            batch = self._resampled(batch) if self._samples() else self._augmented(batch, rng)
            if "X_val" not in params:
                warn_of_own_split(model, batch.n, type(self).__name__)
        fit_with(model, batch.X, batch.y, {**self._weights(model, "fit", batch.weights), **params})

    def _resampled(self, batch):
        """The rows that a sampler returns."""
        if batch.weights is not None:
            raise ValueError(f"sample_weight is given, and the sampler augmenter={self.augmenter!r} takes none.")
        X, y = self.augmenter_.fit_resample(batch.X, batch.y)
        return batch._replace(X=readable(X), y=np.asarray(y))

    def _augmented(self, batch, rng):
        """All rows of a batch, if wanted, and their copies."""
        rows, own = draws_of(batch)
        source = batch.take(rows)._replace(weights=own)
        self.augmenter_.fit(source.X, source.y)
        self._check_classes(source.y)
        return self._with_copies(batch, source, rng)

    def _check_classes(self, y):
        """Raise ValueError where no row is to be copied."""
        if self.classes is not None and not np.isin(y, self.classes).any():
            raise ValueError(f"no row is of classes={self.classes!r}; y has {np.unique(y).tolist()!r}.")

    def _with_copies(self, batch, source, rng):
        """The rows of a batch, if wanted, and copies of those of another, each with one label and a weight."""
        if not self._changes_rows():
            return batch
        if self.classes is not None:
            source = source.take(np.flatnonzero(np.isin(source.y, self.classes)))
        copies = (self.augmenter_.augment(source, rng).hard() for _ in range(self.n_copies if source.n else 0))
        parts = [*([batch] if self.include_original else []), *copies]
        return joined(parts) if parts else None

    def _stream(self, model, batch, rng):
        """Train by `partial_fit` on batches, with new copies in every epoch."""
        if is_classifier(self) and batch.y.ndim > 1:
            raise ValueError(f"mode='stream' takes labels of one output; got y of shape {batch.y.shape}.")
        rows, own = draws_of(batch)
        if self._changes_rows():
            known = batch if batch.weights is None else batch.take(rows)
            self.augmenter_.fit(known.X, known.y)
            self._check_classes(known.y)
        options = {"classes": np.unique(batch.y)} if is_classifier(self) else {}
        for _ in range(self.n_epochs):
            order = rng.permutation(rows.size)
            for part in gen_batches(rows.size, self.batch_size, min_batch_size=min(2, self.batch_size)):
                some = order[part]
                source = batch.take(rows[some])._replace(weights=None if own is None else own[some])
                train = self._with_copies(source, source, rng)
                if train is None:
                    continue
                model.partial_fit(train.X, train.y, **self._weights(model, "partial_fit", train.weights), **options)
                options = {}

    def _weights(self, model, method, weights):
        if weights is None:
            return {}
        name = weight_name(model, method)
        if name is None:
            raise ValueError(
                f"estimator={model!r} takes no sample_weight in {method}, which weights and shares of labels need."
                + (" With metadata routing it must be requested." if get_config()["enable_metadata_routing"] else "")
            )
        return {name: weights}


class AugmentedRegressor(RegressorMixin, BaseAugmented):
    __doc__ = f"""Train a regressor on rows and augmented copies of them.

    Parameters
    ----------{PARAMETERS.format()}

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    augmenter_ : augmenter
        The fitted augmenter, None without.{COMMON}

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
        y = numeric_targets(y)
        assert_all_finite(y, input_name="y")
        return y.astype(np.float64) if y.dtype.kind != "f" else y


class AugmentedClassifier(ClassifierMixin, DelegatesToFittedClassifier, BaseAugmented):
    __doc__ = f"""Train a classifier on rows and augmented copies of them.

    Rows with mixed labels become a row for each label, weighted by its share: the expected loss is exactly that of soft
    targets.

    Parameters
    ----------{PARAMETERS.format()}
    classes : array-like of labels, default=None
        Classes whose rows are copied, such as the rare ones; None for all. Rows are mixed within these classes only.
        Only for labels of one output.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    augmenter_ : augmenter
        The fitted augmenter, None without.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.{COMMON}

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

    _parameter_constraints = {**BaseAugmented._parameter_constraints, "classes": [ARRAY_LIKE, NONE]}

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
        classes=None,
    ):
        super().__init__(
            estimator,
            augmenter,
            n_copies=n_copies,
            include_original=include_original,
            mode=mode,
            n_epochs=n_epochs,
            batch_size=batch_size,
            random_state=random_state,
        )
        self.classes = classes

    def _check_y(self, y):
        check_dense(y)
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] == 1:
            y = column_or_1d(as_labels(y))
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        return y
