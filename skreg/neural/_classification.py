"""Classification by nets of any family: classes, probabilities, and their uncertainty."""

import itertools

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin

from .._nets.architectures.mlp import scale_outputs
from .._nets.objectives import CrossEntropy
from .._nets.training.evaluation import scores
from .._nets.training.rows import Targets
from ..utils._callbacks import with_callbacks
from ..utils._errors import unchanged_on_error
from ..utils._lazy import by_blocks
from ..utils._params import BELOW_ONE, DICT, NONE, NONNEGATIVE, Options
from ..utils._targets import OneClassError, as_labels, check_class_weight, check_classes
from ._temperature import HeldScores, best_temperature
from ._uncertainty import ClassUncertainty, Moments, entropy, thinned


class NetClassifier(ClassifierMixin):
    """What all nets for classification have: classes, probabilities, and their uncertainty."""

    _target_options = {}  # of scikit-learn's checks of y
    _kind_constraints = {
        "label_smoothing": [BELOW_ONE],
        "confidence_penalty": [NONNEGATIVE],
        "class_weight": [DICT, Options("balanced"), NONE],
    }

    def _read(self, X, y, sample_weight, *, reset=False, training=False, classes=None):
        """Check data.

        With `reset`, X decides the features, and y decides the classes unless `classes` are given. With `training`,
        the factors of `class_weight` are set.
        """
        X, y = self._rows_and_targets(X, as_labels(y), reset, sample_weight)
        return self._with_targets(X, y, sample_weight, reset=reset, training=training, classes=classes)

    def _with_targets(self, X, y, sample_weight, *, reset=False, training=False, classes=None):
        """Rows that were checked with their targets and weights; see `_read`."""
        known = classes if classes is not None or reset else self.classes_
        self.classes_, codes, sample_weight = check_classes(y, sample_weight, known)
        sample_weight = np.ones(codes.size) if sample_weight is None else sample_weight
        if training:
            counts = np.bincount(codes, sample_weight, self.classes_.size)
            counts = counts if classes is None else np.ones(self.classes_.size)  # a part of the rows need not hold all
            self._class_factors = check_class_weight(self.class_weight, self.classes_, counts)
        factors = self._class_factors
        weights = sample_weight if factors is None else sample_weight * factors[codes]
        return self._data(X, y, codes, weights, sample_weight)

    def _count_outputs(self):
        return self.classes_.size

    def _set_units(self, data, rows, sums):
        """Begin with scores as they are; classes need no scaling."""
        self.temperature_ = 1.0

    def _measure_held_out(self, X, targets, weights, rows, has_validation):
        """Keep, of a fold of a cross-validation, what the temperature needs; else it is 1."""
        self.temperature_ = 1.0
        if self._is_fold and self._start is None:
            rows = thinned(rows)
            z = scores(self._net, X, rows).astype(np.float64)
            self._held_scores = HeldScores(z, targets.take(rows), weights[rows].astype(np.float64))

    def _join_folds(self, found, X, targets, weights, rows):
        """Divide the scores by the temperature that is best for the rows that the nets of the folds did not see."""
        if self._start is None:  # a pretrained net may be kept as it was
            parts = [one._held_scores for one in found.fitted]
            self.temperature_ = best_temperature(self._averaged, parts, found.shares)
            scale_outputs(self._net, 1.0 / self.temperature_)

    def _targets(self, data):
        K = self.classes_.size
        table = (1.0 - self.label_smoothing) * np.eye(K) + self.label_smoothing / K
        return Targets(table.astype(np.float32), data.codes)

    def _plain_targets(self, data):
        return Targets(np.eye(self.classes_.size, dtype=np.float32), data.codes)

    def _objective(self):
        return CrossEntropy(np.float32(self.confidence_penalty))

    def _plain_objective(self):
        return CrossEntropy(np.float32(0.0))

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the net.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or Dask collection
            Features, best standardized. The net computes in float32. X is not copied as a whole, in whatever order
            it is stored, and sparse X stays sparse.
            The blocks of a Dask array or dataframe are read in a random order in every epoch, two of them at a time;
            early stopping holds out whole blocks.
        y : array-like of shape (n_samples,)
            Labels of any type.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows; a weight of 2 is the same as having the row twice.
        X_val : array-like or sparse matrix of shape (n_samples_val, n_features), default=None
            Validation rows, which are never trained on. They replace the random part of X that `validation_fraction`
            holds out. Use them where a random part is too easy: for time series, later rows; for grouped rows, whole
            groups, such as ``train, val = next(GroupShuffleSplit(1).split(X, y, groups))``.
        y_val : array-like of shape (n_samples_val,), default=None
            Targets of the validation rows.
        sample_weight_val : array-like of shape (n_samples_val,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : object

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. After at least one epoch of the last training, which follows those of a cross-validation, the
            estimator is fitted nevertheless, with the best parameters so far, or the last ones without early stopping.
            Before that it stays as it was.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    @unchanged_on_error
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on some rows, starting from the parameters of the last call.

        The learning rate is constant; schedules, averages, validation and early stopping belong to `fit`. The moments
        of the optimizer continue, also in pickles and copies made between two calls. Chunks of one row need
        ``normalization=None`` or "layer".

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), default=None
            All classes, required in the first call if y does not contain all of them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. Those of later calls are relative to the mean weight of the first call.

        Returns
        -------
        self : object
        """
        architecture = self._check_parameters()
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight={self.class_weight!r} needs all rows at once: give partial_fit a dict of weights."
            )
        first = not hasattr(self, "_net")
        if classes is not None:
            classes = np.unique(classes)
            if classes.size < 2:
                raise ValueError(f"classes must hold at least two classes; got {classes.tolist()!r}.")
            if not first and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes={classes.tolist()!r} are not those of the first call: {self.classes_.tolist()!r}."
                )
        known = classes if first else self.classes_
        try:
            data = self._read(X, y, sample_weight, reset=first, training=True, classes=known)
        except OneClassError as error:
            advice = "Give all classes in the first call of partial_fit, by `classes`."
            raise ValueError(f"{error} {advice}") from None
        return self._partial_fit(architecture, data)

    @by_blocks
    def decision_function(self, X):
        """Scores of the classes, before the softmax.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes, the log-odds of ``classes_[1]``. Those of an ensemble are logarithms of mean
            probabilities.
        """
        z = self._scores(X)
        return z[..., 1] - z[..., 0] if self.classes_.size == 2 else z

    @by_blocks
    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        z = self._scores(X)
        return self.classes_[z.argmax(axis=-1)]

    @by_blocks
    def predict_proba(self, X):
        """Probabilities of the classes, without noise.

        All units are kept, and scaled by the probability to be kept in training. An ensemble predicts the mean of the
        probabilities of its members.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return softmax(self._scores(X), axis=-1)

    @by_blocks
    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes, without noise.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return log_softmax(self._scores(X), axis=-1)

    def sample_predictions(self, X, n_draws=50):
        """Probabilities in Monte Carlo draws of the dropout noise: samples of the posterior (Gal & Ghahramani 2016).

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        n_draws : int, default=50
            Number of draws, at least 1. In an ensemble, a draw is one member with one mask; members take turns.

        Returns
        -------
        p : ndarray of shape (n_draws, n_samples, n_classes)
            The same at every call. Without dropout all draws of a member are equal.
        """
        X = self._rows_to_predict(X, n_draws)
        draws = itertools.islice(self._noisy_scores(X, n_draws), int(n_draws))
        return np.stack([softmax(z, axis=-1) for z in draws])

    def predict_uncertainty(self, X, n_draws=50):
        """Uncertainty of the prediction: epistemic (of the model), aleatoric (of the data) and their total.

        Epistemic uncertainty would decrease with more training rows; aleatoric uncertainty would not. The result is
        the same at every call.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        n_draws : int, default=50
            Number of Monte Carlo draws, at least 1. An ensemble of k members takes ``ceil(n_draws / k)`` of each.

        Returns
        -------
        uncertainty : ClassUncertainty
            A named tuple of arrays.

            - `mean`, of shape (n_samples, n_classes): mean of the sampled probabilities.
            - `epistemic`, of shape (n_samples, n_classes): variance of the sampled probabilities. 0 for one member
              without dropout.
            - `aleatoric`, of shape (n_samples, n_classes): mean of ``p (1 - p)``.
            - `total`, of shape (n_samples, n_classes): their sum, the variance of the indicator of each class.
            - `predictive_entropy`, of shape (n_samples,): entropy of `mean`, in nats.
            - `mutual_information`, of shape (n_samples,): the epistemic part of it, in nats. 0 for one member without
              dropout, and close to 0 wherever all draws agree, which they also do far from the training rows.
            - `distance`, of shape (n_samples,): distance from the training rows. It is the Mahalanobis distance to the
              nearest class mean, in the last hidden layer (Lee et al., "A simple unified framework for detecting
              out-of-distribution samples and adversarial attacks", NeurIPS 2018, eq. 2), divided by the distance below
              which 95 % of the validation rows are (of the training rows, if there are no validation rows). It needs no
              dropout, and does not see features that were constant in training. NaN after `partial_fit`, where no class
              has two different rows, and if the last hidden layer has more than 2000 units.
        """
        X = self._rows_to_predict(X, n_draws)
        probabilities, entropies, noise = Moments(), Moments(), Moments()
        for z in self._noisy_scores(X, n_draws):
            p = softmax(z, axis=-1)
            probabilities.add(p)
            entropies.add(entropy(p))
            noise.add(p * (1.0 - p))
        mean, epistemic, aleatoric = probabilities.mean, probabilities.variance, noise.mean
        predictive = entropy(mean)
        information = np.maximum(predictive - entropies.mean, 0.0)
        return ClassUncertainty(
            mean, epistemic, aleatoric, epistemic + aleatoric, predictive, information, self._distances(X)
        )
