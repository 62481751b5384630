"""Regression by nets of any family: targets, predictions, and their uncertainty."""

import itertools
import warnings

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._nets.objectives import GaussianLikelihood, SquaredError
from .._nets.training.evaluation import scores
from .._nets.training.rows import Targets
from ..utils._callbacks import with_callbacks
from ..utils._errors import caller_level, unchanged_on_error
from ..utils._lazy import by_blocks
from ..utils._params import BOOLEAN
from ..utils._targets import MIN_SQUARE, check_weights, numeric_targets, target_overflow, target_underflow
from ._data import counted
from ._outputs import precision_of_predictions
from ._uncertainty import ConformityScores, Moments, Uncertainty, check_coverage, normal_quantile, thinned

_BOUND = np.float32(9.0)  # of the predicted log variance, for y of variance 1: standard deviations of 0.01 to 90

LARGEST_ROUNDING = 1e-3  # of predictions, in standard deviations of the target
DRAWS = 50  # for the conformity scores, as in predictions by default


class NetRegressor(RegressorMixin):
    """What all nets for regression have: targets, predictions, and their uncertainty."""

    _target_options = dict(multi_output=True, y_numeric=True)  # of scikit-learn's checks of y
    _kind_constraints = {"heteroscedastic": [BOOLEAN]}
    _conformity = None  # ConformityScores, set by fit if there are validation rows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _read(self, X, y, sample_weight, *, reset=False, training=False):
        """Check data; `reset` makes them decide the features and the number of outputs."""
        y = y if y is None else numeric_targets(y)
        X, y = self._rows_and_targets(X, y, reset, sample_weight, **self._target_options)
        return self._with_targets(X, y, sample_weight, reset=reset)

    def _with_targets(self, X, y, sample_weight, *, reset=False, training=False):
        """Rows that were checked with their targets and weights; see `_read`."""
        y = np.asarray(y, dtype=np.float64)
        if reset:
            self._outputs = y.shape[1:]
        elif y.shape[1:] != self._outputs:
            wanted = ", ".join(["n_samples", *map(str, self._outputs)]) + ("" if self._outputs else ",")
            raise ValueError(f"y must have shape ({wanted}); got {y.shape}.")
        sample_weight = check_weights(sample_weight, len(y))
        sample_weight = np.ones(len(y)) if sample_weight is None else sample_weight
        return self._data(X, y, None, sample_weight, sample_weight)

    @property
    def _n_outputs(self):
        return self._outputs[0] if self._outputs else 1

    def _count_outputs(self):
        return self._n_outputs * (2 if self.heteroscedastic else 1)

    @property
    def _learns_noise(self):
        """Whether the net was fitted with ``heteroscedastic=True``, whatever the parameter is now."""
        return self._width_out > self._n_outputs

    def _set_units(self, data, rows, sums):
        """Set the mean and scale that standardize the targets; a constant one has scale 0, but in `partial_fit`."""
        if self._start is not None and self._start.units is not None:
            self._mean, self._scale = self._start.units
            self._scale = self._divisor
            return
        Y, sums = counted(data.targets[rows], sums)
        largest = np.abs(Y).max(axis=0)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            self._mean = np.average(Y, axis=0, weights=sums)
            self._scale = np.sqrt(np.average((Y - self._mean) ** 2, axis=0, weights=sums))
            vanishes = (largest**2 < MIN_SQUARE) & (np.ptp(Y, axis=0) > 0.0)
        self._scale[self._scale <= 1e-12 * np.abs(self._mean)] = 1.0 if self._streams else 0.0
        for t in np.flatnonzero(~np.isfinite(self._scale) | vanishes):
            error = target_underflow if vanishes[t] else target_overflow
            raise error("y" if Y.shape[1] == 1 else f"y[:, {t}]", largest[t])

    def _go_on(self, wanted, data):
        super()._go_on(wanted, data)
        self._scale = self._divisor  # what was constant may vary now

    @property
    def _divisor(self):
        """What differences of targets are divided by: their scale, or 1 for a constant target."""
        return np.where(self._scale > 0.0, self._scale, 1.0)

    def _targets(self, data):
        return Targets(((data.targets - self._mean) / self._divisor).astype(np.float32, order="C"), None)

    _plain_targets = _targets

    def _objective(self):
        return GaussianLikelihood(_BOUND) if self._learns_noise else SquaredError()

    _plain_objective = _objective

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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, in any units: the net computes with standardized ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows; a weight of 2 is the same as having the row twice.
        X_val : array-like or sparse matrix of shape (n_samples_val, n_features), default=None
            Validation rows, which are never trained on. They replace the random part of X that `validation_fraction`
            holds out. Use them where a random part is too easy: for time series, later rows; for grouped rows, whole
            groups, such as ``train, val = next(GroupShuffleSplit(1).split(X, y, groups))``.
        y_val : array-like of shape (n_samples_val,) or (n_samples_val, n_outputs), default=None
            Targets of the validation rows, in the units of y: `TransformedTargetRegressor` does not transform them. A
            warning says where they seem to be others.
        sample_weight_val : array-like of shape (n_samples_val,), default=None
            Weights of the validation rows. Intervals take a row of weight 2 for one row that counts twice, two equal
            rows for two.

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
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on some rows, starting from the parameters of the last call.

        The learning rate is constant; schedules, averages, validation and early stopping belong to `fit`. The moments
        of the optimizer continue, also in pickles and copies made between two calls. Chunks of one row need
        ``normalization=None`` or "layer".

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. The mean and variance of the first call standardize those of all calls.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        architecture = self._check_parameters()
        return self._partial_fit(architecture, self._read(X, y, sample_weight, reset=not hasattr(self, "_net")))

    def _means(self, z):
        """Predictions (..., n_outputs) in the units of y from the outputs of the net.

        They are in double precision where targets are so far from zero that single precision would round them.
        """
        rounding = np.finfo(z.dtype).eps * np.abs(self._mean)
        dtype = z.dtype if (rounding <= LARGEST_ROUNDING * self._divisor).all() else np.dtype(np.float64)
        return z[..., : self._n_outputs] * self._scale.astype(dtype) + self._mean.astype(dtype)

    def _variances(self, z):
        """Learned variances of the noise (..., n_outputs), in the units that the net computes in."""
        return GaussianLikelihood(_BOUND).variance(z[..., self._n_outputs :])

    def _shaped(self, values):
        return values.reshape((*values.shape[:-1], *self._outputs))

    @by_blocks
    def predict(self, X, return_std=False, n_draws=50):
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        return_std : bool, default=False
            Whether to return the standard deviation of the prediction, too. A `Pipeline` passes this argument on:
            ``pipeline.predict(X, return_std=True)``.
        n_draws : int, default=50
            Number of Monte Carlo draws for the standard deviation, at least 1.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Only with ``return_std=True``: square root of the total variance of `predict_uncertainty`.

        See Also
        --------
        skreg.neural.predict_interval : Intervals from a pipeline, a search or a TransformedTargetRegressor.
        """
        y = self._shaped(self._means(self._scores(X)))
        return (y, np.sqrt(self.predict_uncertainty(X, n_draws).total)) if return_std else y

    def _measure_held_out(self, X, targets, weights, rows, has_validation):
        """Keep what intervals need: the noise variance, or a factor for the predicted one; and conformity scores.

        Variances that are learned under dropout and batch noise include these; the factor is the one of largest
        likelihood (Laves et al. 2020, eq. 8).
        """
        z = scores(self._net, X, rows).astype(np.float64)
        residuals = self._averaged(z)[..., : self._n_outputs] - targets.take(rows)
        squares = residuals**2
        if self._learns_noise:
            variances = self._variances(z)
            squares /= variances if self._net.n_members == 1 else variances.mean(axis=1)
        some, their_weights = counted(squares, weights[rows])
        mean = np.average(some, axis=0, weights=their_weights)
        if self._learns_noise:
            self._noise_factor = mean
        else:
            self.noise_variance_ = mean * self._scale**2
        self._conformity = None
        if has_validation:
            n_chosen = int(bool(self.early_stopping))
            self._conformity = self._conformity_scores(X, targets, weights, rows, z)._replace(n_chosen=n_chosen)

    def _conformity_scores(self, X, targets, weights, rows, z):
        """`ConformityScores` of rows for which the net has the outputs z."""
        some = thinned(np.arange(rows.size))
        residuals = self._averaged(z[some])[..., : self._n_outputs] - targets.take(rows[some])
        std = np.sqrt(sum(self._moments(X[rows[some]], DRAWS)[1:])) / self._divisor
        residuals, own = counted(residuals, weights[rows[some]].astype(np.float64))
        std = std[~np.isnan(std[..., 0])] if std.ndim == 3 else std
        return ConformityScores.of(residuals, std, own)

    @property
    def _noise_attribute(self):
        """Name of what the measured noise of the targets is in."""
        return "_noise_factor" if self._learns_noise else "noise_variance_"

    def _join_folds(self, found, X, targets, weights, rows):
        """Keep what every fold's net measured on its validation rows, and its own conformity scores of training rows.

        This net is not one of theirs, and may have ended worse than they did.
        """
        name = self._noise_attribute
        setattr(self, name, np.average([getattr(one, name) for one in found.fitted], axis=0, weights=found.shares))
        own = self._conformity_scores(X, targets, weights, rows, scores(self._net, X, rows).astype(np.float64))
        of_folds = ConformityScores.joined([one._conformity for one in found.fitted], found.shares)
        self._conformity = of_folds._replace(least=own)

    def _moments(self, X, n_draws):
        """Mean, epistemic variance and aleatoric variance for rows that were checked, each (..., n_outputs)."""
        if not hasattr(self, self._noise_attribute):
            raise ValueError(
                "monitor asks for an uncertainty, but the noise of the targets is measured after the training: use what"
                " `predict` returns."
            )
        means, noise = Moments(), Moments()
        for z in self._noisy_scores(X, n_draws):
            means.add(self._means(z.astype(np.float64)))
            if self._learns_noise:
                noise.add(self._variances(z).astype(np.float64))
        if self._learns_noise:
            aleatoric = noise.mean * self._noise_factor * self._scale**2
        else:
            aleatoric = np.broadcast_to(self.noise_variance_, means.first.shape).copy()
        return means.mean, means.variance, aleatoric

    def sample_predictions(self, X, n_draws=50):
        """Predictions in Monte Carlo draws of the dropout noise: samples of the posterior (Gal & Ghahramani 2016).

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        n_draws : int, default=50
            Number of draws, at least 1. In an ensemble, a draw is one member with one mask; members take turns.

        Returns
        -------
        y : ndarray of shape (n_draws, n_samples) or (n_draws, n_samples, n_outputs)
            The same at every call. Without dropout all draws of a member are equal.
        """
        wanted, X = precision_of_predictions(X), self._rows_to_predict(X, n_draws)
        draws = itertools.islice(self._noisy_scores(X, n_draws), int(n_draws))
        return np.stack([self._shaped(self._means(z.astype(wanted, copy=False))) for z in draws])

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
        uncertainty : Uncertainty
            A named tuple of arrays, of shape (n_samples,) or (n_samples, n_outputs) unless stated; variances are in
            squared units of y.

            - `mean`: mean of the sampled predictions.
            - `epistemic`: variance of the sampled predictions. 0 for one member without dropout.
            - `aleatoric`: variance of the noise. It is `noise_variance_`; or with ``heteroscedastic=True`` the
              variance that the net predicts, multiplied by a factor that makes it right on average for the validation
              rows, or without these for the training rows (Laves et al., "Well-calibrated regression uncertainty in
              medical imaging with deep learning", MIDL 2020, eq. 8), because a net learns dropout as if it were noise.
            - `total`: sum of `epistemic` and `aleatoric`.
            - `distance`, of shape (n_samples,): distance from the training rows. It is the Mahalanobis distance to
              their mean, in the last hidden layer, divided by the distance below which 95 % of the validation rows are
              (of the training rows, if there are no validation rows). It needs no dropout. NaN after `partial_fit`,
              where training rows do not differ, and if the last hidden layer has more than 2000 units.
        """
        X = self._rows_to_predict(X, n_draws)
        mean, epistemic, aleatoric = self._moments(X, n_draws)
        return Uncertainty(*map(self._shaped, (mean, epistemic, aleatoric, epistemic + aleatoric)), self._distances(X))

    @property
    def conformity_scores_(self):
        """Absolute residuals of the validation rows, divided by their predicted standard deviations."""
        check_is_fitted(self)
        return None if self._conformity is None else self._conformity.values

    def predict_interval(self, X, coverage=0.95, n_draws=50):
        """Interval that contains a new target with the given probability.

        The interval is ``predict(X) ± q std``, with the standard deviation of ``predict(X, return_std=True)`` and a
        factor q that makes it cover: split-conformal prediction (Lei et al. 2018 [1]_, section 5.2). With m validation
        rows, q is the ``ceil((m + 1) coverage)``-th smallest of the `conformity_scores_`. If new rows come from the
        same distribution as the validation rows, a share of at least `coverage` of them is covered on average,
        whatever the distribution of the errors. This holds for validation rows that did not choose the epoch: give them
        to `fit` as `X_val`, with ``early_stopping=False``. With early stopping, m is the number of validation rows
        minus 1, since the choice of the epoch costs a degree of freedom; coverage is then near the wanted one, but not
        guaranteed. Rows far from the training rows are not covered: `distance` of `predict_uncertainty` tells which
        are far. Where the epoch is chosen by cross-validation, all rows are validation rows, each of a net that was
        trained on two thirds of them. The net that predicts is another one: q is at least what covers its own training
        rows.

        If m is too small for that (for 95 %, below 19), q is a quantile of Student's t, which is right for normal
        errors. Without any validation rows it is that of the normal distribution; the standard deviation then comes
        from training rows, and the interval is too narrow if the net overfits: a warning says so.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        coverage : float, default=0.95
            The probability, in (0, 1). For several outputs, that of each interval by itself.
        n_draws : int, default=50
            Number of Monte Carlo draws, at least 1. The conformity scores are made with 50.

        Returns
        -------
        low : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        high : ndarray of shape (n_samples,) or (n_samples, n_outputs)

        Raises
        ------
        ValueError
            When `coverage` or `n_draws` is not in its range.

        Warns
        -----
        UserWarning
            When the net was fitted without validation rows.

        See Also
        --------
        skreg.neural.predict_interval : The same for a pipeline, a search or a TransformedTargetRegressor.

        References
        ----------
        .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani, L. Wasserman, "Distribution-free predictive inference for
           regression", JASA 113, 2018.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skreg import DropoutMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True, scaled=True)
        >>> net = DropoutMLPRegressor(max_iter=30, random_state=0).fit(20.0 * X[:300], y[:300])
        >>> low, high = net.predict_interval(20.0 * X[300:], coverage=0.9)
        >>> float(((low < y[300:]) & (y[300:] < high)).mean()) > 0.85
        True
        """
        check_coverage(coverage)
        y, std = self.predict(X, return_std=True, n_draws=n_draws)
        if self._conformity is not None:
            half = self._conformity.quantile(coverage) * std.reshape(-1, self._n_outputs)
        else:
            warnings.warn(
                f"{type(self).__name__} was fitted without validation rows: its noise variance comes from training"
                " rows, and intervals are too narrow if it overfits. Let early stopping hold out some of at least 50"
                " rows, or give X_val and y_val to fit; after partial_fit there are none.",
                UserWarning,
                stacklevel=caller_level(),
            )
            half = normal_quantile(coverage) * std
        half = half.reshape(y.shape)
        return y - half, y + half
