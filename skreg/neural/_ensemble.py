"""Deep ensembles: members from different seeds, or different folds, and their mixture."""

import numpy as np
from scipy.special import entr, logsumexp
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_is_fitted

from ..augmentation._held_out import takes_validation
from ..utils._errors import names_errors
from ..utils._images import warns_of_range_once
from ..utils._rows import take
from ..utils._targets import as_labels, check_classes, numeric_targets
from ._docs_ensemble import documented
from ._ensemble_base import BaseDeepEnsemble, mixture, net_inside
from ._mlp import DropoutMLPClassifier, DropoutMLPRegressor
from ._regression import DRAWS
from ._uncertainty import ClassUncertainty, ConformityScores, Uncertainty, check_coverage, entropy


@documented
class DeepEnsembleClassifier(ClassifierMixin, BaseDeepEnsemble):
    """Classifier that averages the probabilities of members trained from different seeds (deep ensemble [1]_).

    <intro>

    Parameters
    ----------
    estimator : classifier with predict_proba, default=None
        The member, of which clones are fitted: a net or any other classifier with a `random_state`, also in a pipeline;
        None for ``DropoutMLPClassifier(ensemble_size=1)``.
    <parameters>

    Attributes
    ----------
    <attributes>
    classes_ : ndarray of shape (n_classes,)
    oof_prediction_ : ndarray of shape (n_samples, n_classes) or None
        Probabilities for every training row: the mean of those of the members that left it out, NaN where there is
        none; None without `cv`.

    <raises>

    See Also
    --------
    DeepEnsembleRegressor : The same for regression.
    DropoutMLPClassifier : Its `ensemble_size` gives members that share their weights, in one fit.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from skreg import DeepEnsembleClassifier, DropoutMLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> net = DropoutMLPClassifier(max_iter=20)
    >>> model = DeepEnsembleClassifier(net, n_members=3, cv=3, random_state=0).fit(X, y)
    >>> model.oof_prediction_.shape
    (569, 2)
    >>> bool((model.oof_prediction_.argmax(axis=1) == y).mean() > 0.95)
    True
    >>> model.predict_uncertainty(X).mutual_information.shape
    (569,)
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    def _default(self):
        return DropoutMLPClassifier(ensemble_size=1)

    def _check_inner(self, inner):
        super()._check_inner(inner)
        if not hasattr(inner, "predict_proba"):
            raise ValueError(f"estimator={inner!r} has no predict_proba, which {type(self).__name__} averages.")

    def _read_y(self, y, sample_weight):
        y = np.asarray(as_labels(y))
        if y.ndim != 1:
            raise ValueError(f"y must hold one label for every row; got the shape {y.shape}.")
        assert_all_finite(y, input_name="y")
        self.classes_, _, _ = check_classes(y, sample_weight)
        return y

    def _aligned(self, model, values):
        """Columns for all classes, 0 for those that the member has not seen."""
        if np.array_equal(model.classes_, self.classes_):
            return values
        out = np.zeros((*values.shape[:-1], self.classes_.size), values.dtype)
        out[..., np.searchsorted(self.classes_, model.classes_)] = values
        return out

    @names_errors
    def _predicted(self, model, X):
        return self._aligned(model, np.asarray(model.predict_proba(X)))

    def _is_exact(self, predicted, y):
        return ((predicted == 0.0) | (predicted == 1.0)).all()

    def predict(self, X):
        """Predict the class of the largest mean probability.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]

    @warns_of_range_once
    def predict_proba(self, X):
        """Means of the members' probabilities, without noise.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self, "estimators_")
        return np.mean([self._predicted(model, X) for model in self.estimators_], axis=0)

    @warns_of_range_once
    @names_errors
    def predict_log_proba(self, X):
        """Logarithms of the mean probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self, "estimators_")
        logs = []
        for model in self.estimators_:
            whole = hasattr(model, "predict_log_proba") and np.array_equal(model.classes_, self.classes_)
            with np.errstate(divide="ignore"):
                logs.append(model.predict_log_proba(X) if whole else np.log(self._predicted(model, X)))
        return logsumexp(logs, axis=0) - np.log(len(logs), dtype=logs[0].dtype)

    def decision_function(self, X):
        """Logarithms of the mean probabilities; with two classes, the log-odds of ``classes_[1]``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        log_p = self.predict_log_proba(X)
        return log_p[:, 1] - log_p[:, 0] if self.classes_.size == 2 else log_p

    @warns_of_range_once
    @names_errors
    def predict_uncertainty(self, X, n_draws=50):
        """Uncertainty of the prediction: epistemic (of the model), aleatoric (of the data) and their total.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        n_draws : int, default=50
            Number of Monte Carlo draws of all members together, at least 1, if they are nets with noise.

        Returns
        -------
        uncertainty : ClassUncertainty
            See `DropoutMLPClassifier.predict_uncertainty`. Epistemic variance is that between the members and, with
            noise, that within them; `distance` is the mean of the members'.
        """
        n_own = self._draws_of_each(n_draws)
        means, epistemic, aleatoric, entropies, distances = [], [], [], [], []
        for model in self.estimators_:
            found = net_inside(model, X)
            if found is None:
                p = self._predicted(model, X)
                parts, own, distance = (p, np.zeros_like(p), p * (1.0 - p)), entropy(p), np.full(len(p), np.nan)
            else:
                u = found[0].predict_uncertainty(found[1], n_draws=n_own)
                parts = [self._aligned(model, part) for part in (u.mean, u.epistemic, u.aleatoric)]
                own, distance = entr(u.mean).sum(axis=-1) - u.mutual_information, u.distance
            for values, part in zip((means, epistemic, aleatoric), parts, strict=True):
                values.append(part)
            entropies.append(own)
            distances.append(distance)
        mean, model_variance, noise = mixture(means, epistemic, aleatoric)
        predictive = entropy(mean)
        information = np.maximum(predictive - np.mean(entropies, axis=0), 0.0)
        return ClassUncertainty(
            mean, model_variance, noise, model_variance + noise, predictive, information, np.mean(distances, axis=0)
        )


@documented
class DeepEnsembleRegressor(RegressorMixin, BaseDeepEnsemble):
    """Regressor that averages members trained from different seeds (deep ensemble [1]_).

    <intro>

    Parameters
    ----------
    estimator : regressor, default=None
        The member, of which clones are fitted: a net or any other regressor with a `random_state`, also in a pipeline;
        None for ``DropoutMLPRegressor(ensemble_size=1)``.
    <parameters>

    Attributes
    ----------
    <attributes>
    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Prediction for every training row, the mean of those of the members that left it out, NaN where there is none;
        None without `cv`.
    noise_variance_ : ndarray of shape (n_outputs,) or None
        Mean squared error, for members that do not tell the variance of the noise: of `oof_prediction_` with `cv`, else
        on training rows, where it is too small if members overfit. None for nets, which have their own.

    <raises>

    See Also
    --------
    DeepEnsembleClassifier : The same for classification.
    DropoutMLPRegressor : Its `ensemble_size` gives members that share their weights, in one fit.

    Notes
    -----
    <notes>

    References
    ----------
    <references>

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from skreg import DeepEnsembleRegressor, DropoutMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X = scale(X)
    >>> net = DropoutMLPRegressor(max_iter=30)
    >>> model = DeepEnsembleRegressor(net, n_members=4, cv=4, random_state=0).fit(X[:300], y[:300])
    >>> low, high = model.predict_interval(X[300:], coverage=0.9)
    >>> float(((low < y[300:]) & (y[300:] < high)).mean()) > 0.85
    True
    """

    def _default(self):
        return DropoutMLPRegressor(ensemble_size=1)

    def _read_y(self, y, sample_weight):
        y = numeric_targets(y)
        assert_all_finite(y, input_name="y")
        return y.astype(np.float64) if y.dtype.kind != "f" else y

    @names_errors
    def _predicted(self, model, X):
        return np.asarray(model.predict(X))

    def _is_exact(self, predicted, y):
        return np.array_equal(predicted, y.reshape(predicted.shape))

    @warns_of_range_once
    def _mean(self, X):
        """The mean of what members predict."""
        return np.mean([self._predicted(model, X) for model in self.estimators_], axis=0)

    def _measure(self, X, y, weights, folds):
        """Set the noise variance, where members do not tell it, and the conformity scores."""
        predicted, self.noise_variance_, self._conformity = self.oof_prediction_, None, None
        counts = weights > 0.0
        if predicted is not None:
            counts = counts & ~np.isnan(predicted.reshape(len(y), -1)[:, 0])
        rows = np.flatnonzero(counts)
        y, weights = y[rows].reshape(rows.size, -1), weights[rows].astype(np.float64)
        if net_inside(self.estimators_[0], take(X, rows[:1])) is None:
            found = self._mean(take(X, rows)) if predicted is None else predicted[rows]
            self.noise_variance_ = np.average((y - found.reshape(y.shape)) ** 2, axis=0, weights=weights)
        if predicted is None:
            return
        variances, count = np.zeros((len(predicted), y.shape[1])), np.zeros(len(predicted))
        for model, fold in zip(self.estimators_, folds, strict=True):
            _, epistemic, aleatoric, _ = self._moments(model, take(X, fold.held), DRAWS)
            np.add.at(variances, fold.held, (epistemic + aleatoric).reshape(fold.held.size, -1))
            np.add.at(count, fold.held, 1.0)
        residuals, std = y - predicted[rows].reshape(y.shape), np.sqrt(variances[rows] / count[rows, None])
        n_chosen = len(set(map(id, folds))) if takes_validation(self.estimators_[0]) else 0
        self._conformity = ConformityScores.of(residuals, std, weights, n_chosen)

    @names_errors
    def _moments(self, model, X, n_draws):
        """Mean, epistemic variance, aleatoric variance and distances of a member."""
        found = net_inside(model, X)
        if found is not None:
            u = found[0].predict_uncertainty(found[1], n_draws=n_draws)
            return u.mean, u.epistemic, u.aleatoric, u.distance
        mean = self._predicted(model, X).astype(np.float64)
        noise = np.broadcast_to(self.noise_variance_, (len(mean), self.noise_variance_.size)).reshape(mean.shape)
        return mean, np.zeros_like(mean), noise, np.full(len(mean), np.nan)

    def predict(self, X, return_std=False, n_draws=50):
        """Means of the members' predictions, without noise.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        return_std : bool, default=False
            Whether to return the standard deviation of the prediction, too.
        n_draws : int, default=50
            Number of Monte Carlo draws of all members together for it, at least 1, if they are nets with noise.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Only with ``return_std=True``: square root of the total variance of `predict_uncertainty`.
        """
        check_is_fitted(self, "estimators_")
        y = self._mean(X)
        return (y, np.sqrt(self.predict_uncertainty(X, n_draws).total)) if return_std else y

    @warns_of_range_once
    def predict_uncertainty(self, X, n_draws=50):
        """Uncertainty of the prediction: epistemic (of the model), aleatoric (of the data) and their total.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        n_draws : int, default=50
            Number of Monte Carlo draws of all members together, at least 1, if they are nets with noise.

        Returns
        -------
        uncertainty : Uncertainty
            See `DropoutMLPRegressor.predict_uncertainty`. Epistemic variance is that between the members and, with
            noise, that within them; aleatoric variance is the mean of the members', or `noise_variance_`; `distance` is
            the mean of the members'.
        """
        n_own = self._draws_of_each(n_draws)
        *moments, distances = zip(*(self._moments(model, X, n_own) for model in self.estimators_), strict=True)
        mean, epistemic, aleatoric = mixture(*moments)
        return Uncertainty(mean, epistemic, aleatoric, epistemic + aleatoric, np.mean(distances, axis=0))

    @warns_of_range_once
    def predict_interval(self, X, coverage=0.95, n_draws=50):
        """Interval that contains a new target with the given probability. It needs `cv`.

        The interval is ``predict(X) ± q s``: s is the root mean square of the members' own standard deviations, and q
        the split-conformal quantile (Lei et al. 2018) of the absolute errors of `oof_prediction_`, each divided by the
        standard deviation of the members that left the row out. The mean of all members is at least as accurate as
        these on average, so that the interval covers at least the given share if rows are exchangeable.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        coverage : float, default=0.95
            The probability, in (0, 1). For several outputs, that of each interval by itself.
        n_draws : int, default=50
            Number of Monte Carlo draws of all members together, at least 1.

        Returns
        -------
        low : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        high : ndarray of shape (n_samples,) or (n_samples, n_outputs)

        Raises
        ------
        ValueError
            When `coverage` or `n_draws` is not in its range, and without `cv`.
        """
        check_coverage(coverage)
        n_own = self._draws_of_each(n_draws)
        if self._conformity is None:
            raise ValueError("predict_interval needs rows that members left out: set cv, such as cv=5; got cv=None.")
        y = self._mean(X)
        moments = [self._moments(model, X, n_own) for model in self.estimators_]
        std = np.sqrt(np.mean([own[1] + own[2] for own in moments], axis=0))
        half = (self._conformity.quantile(coverage) * std.reshape(len(y), -1)).reshape(y.shape)
        return y - half, y + half
