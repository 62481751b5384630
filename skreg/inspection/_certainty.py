"""Displays of what a model knows of its own errors: uncertainty of single predictions, calibration of all."""

from numbers import Integral

import numpy as np
from scipy.stats import beta, norm
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from ..utils._rows import take
from ._display import BLACK, BLUE, GREY, ORANGE, PALE, SKY, Display, last_step, shaped


class UncertaintyDisplay(Display):
    """Predictions with their uncertainty, split into what more data could remove (epistemic) and could not (aleatoric).

    Make it with `from_estimator`.

    Parameters
    ----------
    uncertainty : tuple
        What `predict_uncertainty` returns, of a regressor with one output or of a classifier.
    position : ndarray of shape (n_samples,)
        Where the rows lie on the horizontal axis.
    position_name : str
    targets : ndarray of shape (n_samples,), default=None
        Of a regressor the true values, of a classifier whether the prediction is wrong.
    coverage : float, default=0.9
        Of the bands, in (0, 1).
    connected : bool, default=True
        Whether predictions are a function of the position, to be drawn as lines; else every row is drawn by itself.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import DropoutMLPRegressor
    >>> from skreg.inspection import UncertaintyDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = DropoutMLPRegressor(random_state=0).fit(X[:, [2]], y)
    >>> UncertaintyDisplay.from_estimator(net, X[:, [2]], y).position_name
    'x0'
    """

    def __init__(self, uncertainty, position, position_name, *, targets=None, coverage=0.9, connected=True):
        self.uncertainty = uncertainty
        self.position = position
        self.position_name = position_name
        self.targets = targets
        self.coverage = coverage
        self.connected = connected

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, feature=None, n_draws=50, coverage=0.9, kind="bands", ax=None):
        """Draw the uncertainty of a net's predictions.

        Parameters
        ----------
        estimator : DropoutMLPRegressor or DropoutMLPClassifier, or a Pipeline that ends in one
            Fitted.
        X : array-like or sparse matrix of shape (n_rows, n_features)
        y : array-like of shape (n_rows,), default=None
            True targets, drawn beside.
        feature : int or str, default=None
            Column of X along the horizontal axis. None is the only one there is; of several, rows stand in the order
            of what is predicted, or of classes in that of their uncertainty.
        n_draws : int, default=50
            Draws of the dropout noise.
        coverage : float, default=0.9
            Of the bands, in (0, 1), for normal errors.
        kind : {"bands", "parts"}, default="bands"
            As for `plot`.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : UncertaintyDisplay
            Drawn.
        """
        if not 0.0 < coverage < 1.0:
            raise ValueError(f"coverage must lie in (0, 1); got {coverage!r}.")
        X = shaped(X)
        final, inside, _ = last_step(estimator, X)
        if y is not None and len(y) != X.shape[0]:
            raise ValueError(f"y must have an entry for each of the {X.shape[0]} rows of X; got {len(y)}.")
        if not hasattr(final, "predict_uncertainty"):
            raise ValueError(f"estimator must be a DropoutMLPClassifier or DropoutMLPRegressor; got {estimator!r}.")
        u = final.predict_uncertainty(inside, n_draws=n_draws)
        classes = hasattr(final, "classes_")
        if not classes and u.mean.ndim > 1:
            raise ValueError(f"estimator must have one output; got {u.mean.shape[1]}.")
        if feature is None and X.shape[1] == 1:
            feature = 0
        if feature is not None:
            names = [str(name) for name in getattr(X, "columns", ())] or [f"x{j}" for j in range(X.shape[1])]
            if feature not in (names if isinstance(feature, str) else range(len(names))):
                raise ValueError(f"feature must be a column of X, by its name or its place; got {feature!r}.")
            feature = names.index(feature) if isinstance(feature, str) else feature
            name, column = names[feature], _safe_indexing(X, [feature], axis=1)
            position = np.asarray(column.toarray() if hasattr(column, "toarray") else column, dtype=float).ravel()
        else:
            order = np.argsort(u.predictive_entropy if classes else u.mean, kind="stable")
            position = np.empty(len(order))
            position[order] = np.arange(1, len(order) + 1)
            name = "rows, the most uncertain last" if classes else "rows in the order of their predictions"
        targets = None
        if y is not None:
            targets = np.asarray(y) if not classes else final.classes_[u.mean.argmax(axis=1)] != np.asarray(y)
        ordered = X.shape[1] == 1 or feature is None
        return cls(u, position, name, targets=targets, coverage=coverage, connected=ordered).plot(ax, kind=kind)

    def plot(self, ax=None, *, kind="bands"):
        """Draw the uncertainty.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        kind : {"bands", "parts"}, default="bands"
            Of a regressor, "bands" are the prediction with a band for the epistemic part inside that for all, and
            "parts" the standard deviation of both, side by side. Of a classifier both are the entropy of the
            prediction, in nats, split into its parts.

        Returns
        -------
        self : object
        """
        if kind not in ("bands", "parts"):
            raise ValueError(f"kind must be 'bands' or 'parts'; got {kind!r}.")
        ax = self._begin(ax)
        order = np.argsort(self.position, kind="stable")
        x = self.position[order]
        if hasattr(self.uncertainty, "mutual_information"):
            self._plot_entropy(ax, x, order)
        elif kind == "bands":
            self._plot_bands(ax, x, order)
        else:
            for name, color, style in (("epistemic", BLUE, "-"), ("aleatoric", ORANGE, "--"), ("total", BLACK, ":")):
                deviation = np.sqrt(getattr(self.uncertainty, name)[order])
                how = dict(linestyle=style, linewidth=1.8) if self.connected else dict(linestyle="", marker=".")
                ax.plot(x, deviation, color=color, label=name, **how)
            ax.set(ylabel="standard deviation", ylim=(0.0, None))
        ax.set_xlabel(self.position_name)
        ax.margins(x=0.01)
        ax.legend(frameon=False)
        return self

    def _plot_bands(self, ax, x, order):
        u, reach = self.uncertainty, norm.ppf(0.5 + 0.5 * self.coverage)
        mean = u.mean[order]
        for variance, color, label in ((u.total, PALE, "epistemic and aleatoric"), (u.epistemic, SKY, "epistemic")):
            half = reach * np.sqrt(variance[order])
            label = f"{label}, {self.coverage:.0%}"
            if self.connected:
                ax.fill_between(x, mean - half, mean + half, color=color, linewidth=0.0, label=label)
            else:
                ax.vlines(x, mean - half, mean + half, color=color, linewidth=2.0, label=label)
        if self.targets is not None:
            ax.plot(x, self.targets[order], ".", color=GREY, markersize=3, label="targets")
        how = dict(linewidth=1.8) if self.connected else dict(linestyle="", marker="_", markersize=6)
        ax.plot(x, mean, color=BLACK, label="prediction", **how)
        ax.set_ylabel("target")

    def _plot_entropy(self, ax, x, order):
        u = self.uncertainty
        epistemic, total = u.mutual_information[order], u.predictive_entropy[order]
        names = "epistemic (mutual information)", "aleatoric"
        if self.connected:
            ax.fill_between(x, 0.0, epistemic, color=BLUE, linewidth=0.0, label=names[0])
            ax.fill_between(x, epistemic, total, color=PALE, linewidth=0.0, label=names[1])
            ax.plot(x, total, color=BLACK, linewidth=1.2, label="entropy of the prediction")
        else:
            ax.vlines(x, 0.0, epistemic, color=BLUE, linewidth=2.0, label=names[0])
            ax.vlines(x, epistemic, total, color=PALE, linewidth=2.0, label=names[1])
        if self.targets is not None:
            wrong = self.targets[order]
            ax.plot(x[wrong], total[wrong], "x", color=ORANGE, markersize=6, label=f"{wrong.sum()} wrong answers")
        ax.set(ylabel="nats", ylim=(0.0, None))


class CalibrationGapDisplay(Display):
    """Share of right answers against the confidence they were given with, and the expected calibration error.

    Make it with `from_estimator`, `from_cv` or `from_predictions`. Confidence is the probability of the predicted
    class. Rows are put into bins; of every bin the display shows the mean confidence, the share of right answers with
    a 95 % interval (Jeffreys), and the gap between the two: below the diagonal the model promises too much.

    Parameters
    ----------
    confidence : ndarray of shape (n_samples,)
        Probability of the predicted class.
    right : ndarray of bool of shape (n_samples,)
        Whether that is the true one.
    n_bins : int, default=10
        At least 1.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins that hold about as many rows each, or that are equally wide, as in [1]_. The first leaves none nearly
        empty.

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
    def from_estimator(cls, estimator, X, y, *, n_bins=10, strategy="quantile", ax=None):
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

        Returns
        -------
        display : CalibrationGapDisplay
            Drawn.
        """
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(f"estimator must be a classifier with predict_proba; got {estimator!r}.")
        check_is_fitted(estimator)
        options = dict(classes=estimator.classes_, n_bins=n_bins, strategy=strategy, ax=ax)
        return cls.from_predictions(y, estimator.predict_proba(X), **options)

    @classmethod
    def from_cv(cls, cv_results, X, y, *, n_bins=10, strategy="quantile", ax=None):
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

        Returns
        -------
        display : CalibrationGapDisplay
            Drawn.
        """
        if "estimator" not in cv_results or "indices" not in cv_results:
            raise ValueError(
                "cv_results must come from cross_validate(..., return_estimator=True, return_indices=True)."
            )
        y, confidence, right = np.asarray(y), [], []
        X = shaped(X)
        for model, rows in zip(cv_results["estimator"], cv_results["indices"]["test"], strict=True):
            p = model.predict_proba(take(X, rows))
            confidence.append(p.max(axis=1))
            right.append(model.classes_[p.argmax(axis=1)] == y[rows])
        return cls(np.concatenate(confidence), np.concatenate(right), n_bins=n_bins, strategy=strategy).plot(ax)

    @classmethod
    def from_predictions(cls, y_true, y_prob, *, classes=None, n_bins=10, strategy="quantile", ax=None):
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
        return cls(p.max(axis=1), right, n_bins=n_bins, strategy=strategy).plot(ax)

    def plot(self, ax=None):
        """Draw the reliability of the bins.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax)
        bins = reliability(self.confidence, self.right, self.n_bins, self.strategy)
        said, was, counts = bins
        self.ece_ = expected_calibration_error(*bins)
        low, high = beta.ppf([[0.025], [0.975]], was * counts + 0.5, (1.0 - was) * counts + 0.5)
        low, high = np.minimum(low, was), np.maximum(high, was)  # of all right, or all wrong, answers
        least = min(said.min(), low.min())
        ax.plot([least, 1.0], [least, 1.0], color=GREY, linestyle="--", linewidth=1.2, label="as promised")
        ax.vlines(said, was, said, color=ORANGE, linewidth=5.0, alpha=0.55, label="gap")
        ax.errorbar(
            said, was, yerr=(was - low, high - was), color=BLUE, marker="o", capsize=2.5, linewidth=1.2,
            label=f"ECE {self.ece_:.3f}, {self.confidence.size} rows",
        )  # fmt: skip
        ax.set(xlabel="confidence in the predicted class", ylabel="share of right answers")
        ax.legend(frameon=False, loc="upper left")
        return self


def reliability(confidence, right, n_bins, strategy="quantile"):
    """Mean confidence, share of right answers, and number of rows of every bin that is not empty."""
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
    said, was = (np.array([values[part].mean() for part in rows]) for values in (confidence, right))
    return said, was, np.array([part.size for part in rows])


def expected_calibration_error(said, was, counts):
    return float(counts @ np.abs(said - was) / counts.sum())
