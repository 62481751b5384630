"""The display of calibration: is what is called 90 % sure right nine times of ten?"""

from numbers import Integral

import numpy as np
from scipy.stats import beta
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from ..utils._rows import take
from ._display import GREY, ORANGE, Display, legend, shaped

MIN_SPAN = 0.2  # of the axes, however close together the confidences lie


class CalibrationGapDisplay(Display):
    """Accuracy against confidence, and the expected calibration error.

    Make it with `from_estimator`, `from_cv` or `from_predictions`. Confidence is the probability of the predicted
    class. Rows are put into bins; the display shows for every bin the mean confidence, the accuracy with a 95 %
    interval (Jeffreys), and the gap between the two. Below the diagonal the model is overconfident.

    Parameters
    ----------
    confidence : ndarray of shape (n_samples,)
        Probability of the predicted class.
    right : ndarray of bool of shape (n_samples,)
        Whether that is the true one.
    n_bins : int, default=10
        At least 1.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of about as many rows each, or of equal width, as in [1]_. With "quantile" no bin is nearly empty; equal
        confidences share a bin, so that there may be fewer bins.

    Attributes
    ----------
    ece_ : float
        Expected calibration error, the mean of the absolute gaps over rows [1]_.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017, eq. 3.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skreg import LabelSmoothedLogistic
    >>> from skreg.inspection import CalibrationGapDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LabelSmoothedLogistic(standardize=True).fit(X[::2], y[::2])
    >>> bool(CalibrationGapDisplay.from_estimator(model, X[1::2], y[1::2]).ece_ < 0.1)
    True
    """

    def __init__(self, confidence, right, *, n_bins=10, strategy="quantile"):
        self.confidence = confidence
        self.right = right
        self.n_bins = n_bins
        self.strategy = strategy

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_bins=10, strategy="quantile", ax=None, name=None, line_kw=None):
        """Draw the calibration of a fitted classifier on new rows.

        Parameters
        ----------
        estimator : classifier with `predict_proba`
            Fitted.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels.
        n_bins, strategy
            As for the class.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : CalibrationGapDisplay
            Drawn.
        """
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(f"estimator must be a classifier with predict_proba; got {estimator!r}.")
        check_is_fitted(estimator)
        options = dict(classes=estimator.classes_, n_bins=n_bins, strategy=strategy)
        return cls.from_predictions(y, estimator.predict_proba(X), ax=ax, name=name, line_kw=line_kw, **options)

    @classmethod
    def from_cv(cls, cv_results, X, y, *, n_bins=10, strategy="quantile", ax=None, name=None, line_kw=None):
        """Draw the calibration of the models of all folds on the rows that each did not see.

        Parameters
        ----------
        cv_results : dict
            Of scikit-learn's `cross_validate` with ``return_estimator=True, return_indices=True``.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            What `cross_validate` was given.
        y : array-like of shape (n_samples,)
            Its labels.
        n_bins, strategy
            As for the class.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : CalibrationGapDisplay
            Drawn.
        """
        if "estimator" not in cv_results or "indices" not in cv_results:
            raise ValueError(
                "cv_results must come from cross_validate(..., return_estimator=True, return_indices=True)."
            )
        X, y = shaped(X), np.asarray(y)
        confidence, right = [], []
        for model, rows in zip(cv_results["estimator"], cv_results["indices"]["test"], strict=True):
            p = model.predict_proba(take(X, rows))
            confidence.append(p.max(axis=1))
            right.append(model.classes_[p.argmax(axis=1)] == y[rows])
        display = cls(np.concatenate(confidence), np.concatenate(right), n_bins=n_bins, strategy=strategy)
        return display.plot(ax, name=name, line_kw=line_kw)

    @classmethod
    def from_predictions(
        cls, y_true, y_prob, *, classes=None, n_bins=10, strategy="quantile", ax=None, name=None, line_kw=None
    ):
        """Draw the calibration of probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels.
        y_prob : array-like of shape (n_samples,) or (n_samples, n_classes)
            Probabilities of the classes; of one dimension, of the second of two.
        classes : array-like of shape (n_classes,), default=None
            Labels of the columns; None is the sorted labels of `y_true`.
        n_bins, strategy
            As for the class.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : CalibrationGapDisplay
            Drawn.
        """
        y_true, p = np.asarray(y_true), np.asarray(y_prob, dtype=float)
        if type_of_target(y_true) not in ("binary", "multiclass"):
            raise ValueError(f"y_true must hold classes; got a {type_of_target(y_true)} target.")
        p = np.stack([1.0 - p, p], axis=1) if p.ndim == 1 else p
        classes = np.unique(y_true) if classes is None else np.asarray(classes)
        if p.shape != (y_true.size, classes.size):
            raise ValueError(
                f"y_prob must have shape ({y_true.size}, {classes.size}), one column a class; got {p.shape}."
            )
        if not ((p >= 0.0) & (p <= 1.0)).all():
            raise ValueError(f"y_prob must lie in [0, 1]; got values from {p.min()} to {p.max()}.")
        if not np.allclose(p.sum(axis=1), 1.0, atol=1e-4):
            raise ValueError(f"y_prob must sum to 1 in every row; got sums from {p.sum(axis=1).min()}.")
        unknown = np.setdiff1d(y_true, classes)
        if unknown.size:
            raise ValueError(f"y_true must hold labels among classes={classes.tolist()!r}; got {unknown.tolist()!r}.")
        right = classes[p.argmax(axis=1)] == y_true
        display = cls(p.max(axis=1), right, n_bins=n_bins, strategy=strategy)
        return display.plot(ax, name=name, line_kw=line_kw)

    def plot(self, ax=None, *, name=None, line_kw=None):
        """Draw the reliability of the bins.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax, name, line_kw)
        confidence, accuracy, counts = reliability(self.confidence, self.right, self.n_bins, self.strategy)
        self.ece_ = expected_calibration_error(confidence, accuracy, counts)
        low, high = beta.ppf([[0.025], [0.975]], accuracy * counts + 0.5, (1.0 - accuracy) * counts + 0.5)
        low, high = np.minimum(low, accuracy), np.maximum(high, accuracy)  # where all, or none, are right
        if self._is_first:
            ax.plot([0.0, 1.0], [0.0, 1.0], color=GREY, linestyle="--", linewidth=1.2, label="perfectly calibrated")
            ax.vlines(confidence, accuracy, confidence, color=ORANGE, linewidth=4.0, alpha=0.5, label="gap")
        style = {**self._style, "markersize": 5.0, "linewidth": 1.2}
        label = self._label(f"ECE {self.ece_:.3f}, {self.confidence.size} rows")
        ax.errorbar(
            confidence,
            accuracy,
            yerr=(accuracy - low, high - accuracy),
            capsize=2.5,
            label=label,
            **self._line(**style),
        )
        self._limit(ax, confidence.min(), low.min())
        ax.set(xlabel="confidence in the predicted class", ylabel="accuracy")
        legend(ax)
        return self

    def _limit(self, ax, least_confidence, least_accuracy):
        """Show what there is, but never less than a fifth of either axis."""
        lowest = [max(0.0, min(least, 1.0 - MIN_SPAN)) for least in (least_confidence, least_accuracy)]
        if not self._is_first:
            lowest = [min(pair) for pair in zip(lowest, ax._skreg_lowest, strict=True)]
        ax._skreg_lowest = lowest
        (left, below), room = lowest, [0.04 * (1.0 - least) for least in lowest]
        ax.set(xlim=(left - room[0], 1.0 + room[0]), ylim=(below - room[1], 1.0 + room[1]))


def reliability(confidence, right, n_bins, strategy="quantile"):
    """Mean confidence, accuracy, and number of rows of every bin that is not empty."""
    if not isinstance(n_bins, Integral) or n_bins < 1:
        raise ValueError(f"n_bins must be an int of at least 1; got {n_bins!r}.")
    if strategy == "quantile":
        edges = np.quantile(confidence, np.linspace(0.0, 1.0, n_bins + 1)[1:-1])
        place = np.searchsorted(edges, confidence, side="left")  # equal confidences share a bin
    elif strategy == "uniform":
        place = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    else:
        raise ValueError(f"strategy must be 'quantile' or 'uniform'; got {strategy!r}.")
    rows = [np.flatnonzero(place == k) for k in np.unique(place)]
    mean_confidence, accuracy = (np.array([values[part].mean() for part in rows]) for values in (confidence, right))
    return mean_confidence, accuracy, np.array([part.size for part in rows])


def expected_calibration_error(confidence, accuracy, counts):
    """Mean absolute difference of confidence and accuracy, over rows."""
    return float(counts @ np.abs(confidence - accuracy) / counts.sum())
