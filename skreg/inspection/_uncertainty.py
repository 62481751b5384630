"""The display of predictions with their uncertainty."""

import numpy as np
from scipy.stats import norm
from sklearn.utils import _safe_indexing

from ._display import BLACK, BLUE, GREY, ORANGE, PALE, SKY, Display, last_step, legend, shaped


class UncertaintyDisplay(Display):
    """Predictions with their uncertainty: epistemic, which more data could reduce, and aleatoric, which they could not.

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
        Whether predictions are a function of the position and drawn as lines; else every row is drawn by itself.

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
    >>> net = DropoutMLPRegressor(max_iter=20, random_state=0).fit(X[:, [2]], y)
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
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        feature=None,
        n_draws=50,
        coverage=0.9,
        kind="bands",
        ax=None,
        name=None,
        line_kw=None,
    ):
        """Draw the uncertainty of a net's predictions.

        Parameters
        ----------
        estimator : net of `skreg.neural`, such as DropoutMLPRegressor, or a Pipeline that ends in one
            Fitted.
        X : array-like or sparse matrix of shape (n_rows, n_features)
        y : array-like of shape (n_rows,), default=None
            True targets, drawn beside.
        feature : int or str, default=None
            Column of X along the horizontal axis. None takes the only column; with several columns, rows are sorted by
            the prediction, or for classes by their uncertainty.
        n_draws : int, default=50
            Draws of the dropout noise.
        coverage : float, default=0.9
            Of the bands, in (0, 1), for normal errors.
        kind : {"bands", "parts"}, default="bands"
            As for `plot`.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``.

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
            raise ValueError(
                f"estimator must be a net of skreg.neural, such as DropoutMLPClassifier; got {estimator!r}."
            )
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
            label, column = names[feature], _safe_indexing(X, [feature], axis=1)
            position = np.asarray(column.toarray() if hasattr(column, "toarray") else column, dtype=float).ravel()
        else:
            order = np.argsort(u.predictive_entropy if classes else u.mean, kind="stable")
            position = np.empty(len(order))
            position[order] = np.arange(1, len(order) + 1)
            label = "rows, the most uncertain last" if classes else "rows, sorted by prediction"
        targets = None
        if y is not None:
            targets = np.asarray(y) if not classes else final.classes_[u.mean.argmax(axis=1)] != np.asarray(y)
        ordered = X.shape[1] == 1 or feature is None
        display = cls(u, position, label, targets=targets, coverage=coverage, connected=ordered)
        return display.plot(ax, kind=kind, name=name, line_kw=line_kw)

    def plot(self, ax=None, *, kind="bands", name=None, line_kw=None):
        """Draw the uncertainty.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        kind : {"bands", "parts"}, default="bands"
            For a regressor, "bands" draws the prediction with a band of the epistemic uncertainty inside the band of
            the total, and "parts" the standard deviations. For a classifier, both draw the entropy of the prediction,
            in nats, split into its parts.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line of the prediction, or of the total, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        self : object
        """
        if kind not in ("bands", "parts"):
            raise ValueError(f"kind must be 'bands' or 'parts'; got {kind!r}.")
        ax = self._begin(ax, name, line_kw)
        order = np.argsort(self.position, kind="stable")
        x = self.position[order]
        if hasattr(self.uncertainty, "mutual_information"):
            self._plot_entropy(ax, x, order)
        elif kind == "bands":
            self._plot_bands(ax, x, order)
        else:
            for part, color, style in (("epistemic", BLUE, "-"), ("aleatoric", ORANGE, "--"), ("total", BLACK, ":")):
                deviation = np.sqrt(getattr(self.uncertainty, part)[order])
                how = dict(linestyle=style, linewidth=1.8) if self.connected else dict(linestyle="", marker=".")
                own = self._line(color=color, **how) if part == "total" else dict(color=color, **how)
                ax.plot(x, deviation, label=self._label(part), **own)
            ax.set(ylabel="standard deviation", ylim=(0.0, None))
        ax.set_xlabel(self.position_name)
        ax.margins(x=0.01)
        legend(ax)
        return self

    def _plot_bands(self, ax, x, order):
        u, reach = self.uncertainty, norm.ppf(0.5 + 0.5 * self.coverage)
        mean = u.mean[order]
        for variance, color, label in ((u.total, PALE, "epistemic and aleatoric"), (u.epistemic, SKY, "epistemic")):
            half = reach * np.sqrt(variance[order])
            label = self._label(f"{label}, {self.coverage:.0%}")
            if self.connected:
                ax.fill_between(x, mean - half, mean + half, color=color, linewidth=0.0, label=label)
            else:
                ax.vlines(x, mean - half, mean + half, color=color, linewidth=2.0, label=label)
        if self.targets is not None:
            ax.plot(x, self.targets[order], ".", color=GREY, markersize=3, label=self._label("targets"))
        how = dict(linewidth=1.8) if self.connected else dict(linestyle="", marker="_", markersize=6)
        ax.plot(x, mean, label=self._label("prediction"), **self._line(color=BLACK, **how))
        ax.set_ylabel("target")

    def _plot_entropy(self, ax, x, order):
        u = self.uncertainty
        epistemic, total = u.mutual_information[order], u.predictive_entropy[order]
        names = self._label("epistemic (mutual information)"), self._label("aleatoric")
        if self.connected:
            ax.fill_between(x, 0.0, epistemic, color=BLUE, linewidth=0.0, label=names[0])
            ax.fill_between(x, epistemic, total, color=PALE, linewidth=0.0, label=names[1])
            ax.plot(x, total, label=self._label("entropy of the prediction"), **self._line(color=BLACK, linewidth=1.2))
        else:
            ax.vlines(x, 0.0, epistemic, color=BLUE, linewidth=2.0, label=names[0])
            ax.vlines(x, epistemic, total, color=PALE, linewidth=2.0, label=names[1])
        if self.targets is not None:
            wrong = self.targets[order]
            ax.plot(
                x[wrong],
                total[wrong],
                "x",
                color=ORANGE,
                markersize=6,
                label=self._label(f"{wrong.sum()} wrong predictions"),
            )
        ax.set(ylabel="nats", ylim=(0.0, None))
