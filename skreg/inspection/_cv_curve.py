"""The display of cross-validated scores against a parameter."""

import itertools

import numpy as np
from sklearn.model_selection import validation_curve

from ..utils._alphas import one_standard_error
from ..utils._params import check_argument
from ..utils._scoring import SCORING
from ._display import BLACK, BLUE, GREY, LINES, PALE, Display, against_strength, legend, legend_on_top, mark_choices
from ._searches import is_number, read_search, score_words
from ._strength import direction_of, strength_of

MAX_FOLD_LINES = 20  # folds that are drawn as lines
MAX_LEGEND = 6  # entries of a legend among the lines


def choices(values, scores, stronger):
    """Values with the best mean score, and the most regularizing one within a standard error of it (or None)."""
    best = int(scores.mean(axis=1).argmax())
    if stronger == 0:
        return float(values[best]), None
    order = np.argsort(-stronger * values, kind="stable")
    place = int(np.flatnonzero(order == best)[0])
    return float(values[best]), float(values[order[one_standard_error(scores[order], place)]])


class CVCurveDisplay(Display):
    """Cross-validated scores against the strength of a penalty, with their spread and both choices.

    Make it with `from_cv`, of a search that is fitted, or with `from_estimator`. The band is one standard error of the
    mean over folds to either side; thin lines are folds. Marked are the best mean, and the most regularized value
    within one standard error of it.

    Parameters
    ----------
    values : array-like of shape (n_values,)
        Of the parameter: numbers in any order; or with strings and None among them, points beside each other.
    scores : ndarray of shape (n_values, n_folds)
        On the held-out rows; greater is better.
    parameter : str, default="alpha"
        What the values are of.
    score_name : str, default="score"
    is_loss : bool, default=False
        Whether to draw the negative scores, because they are those of a loss.
    stronger : {1, -1, 0}, default=1
        Whether larger or smaller values regularize more; 0 where that is not known, so that no value is called the most
        regularized.
    connected : bool, default=True
        Whether a line through the values means something, because candidates differ in nothing else; else points are
        drawn, and no value is called the most regularized.
    others : list of (str, ndarray, ndarray), default=None
        Curves to draw beside, thinner: a label, values and mean scores.
    label : str, default="mean"
        Of the curve itself.

    Attributes
    ----------
    value_min_ : float, or a value that is no number
        The value of the best mean score.
    value_1se_ : float or None
        The most regularized value within one standard error of it.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import ElasticNetProxCV
    >>> from skreg.inspection import CVCurveDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> search = ElasticNetProxCV(l1_ratio=[0.5, 1.0]).fit(X, y)
    >>> display = CVCurveDisplay.from_cv(search)
    >>> display.value_min_ == search.alpha_min_ and display.value_1se_ == search.alpha_1se_
    True
    """

    def __init__(
        self,
        values,
        scores,
        *,
        parameter="alpha",
        score_name="score",
        is_loss=False,
        stronger=1,
        connected=True,
        others=None,
        label="mean",
    ):
        self.values = values
        self.scores = scores
        self.parameter = parameter
        self.score_name = score_name
        self.is_loss = is_loss
        self.is_numeric = all(is_number(value) for value in values)
        self.stronger = stronger if connected and self.is_numeric else 0
        self.connected = connected and self.is_numeric
        self.others = others
        self.label = label

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, param_name=None, param_range=None, cv=None, scoring=None, n_jobs=None, ax=None,
        name=None, line_kw=None,
    ):  # fmt: skip
        """Cross-validate an estimator at every value of a parameter.

        Parameters
        ----------
        estimator : estimator
            Unfitted; pipelines, too.
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        param_name : str, default=None
            None takes the parameter that regularizes the estimator most directly, such as `alpha`, `C`, `dropout` or
            `min_samples_leaf`.
        param_range : array-like of shape (n_values,), default=None
            None takes values around the present one. Strings and None are drawn as points beside each other.
        cv : int, splitter, iterable or None, default=None
            As in scikit-learn; None is 5 folds.
        scoring : str or callable, default=None
            A scorer of scikit-learn; None is the estimator's `score`.
        n_jobs : int, default=None
            Processes for the fits.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : CVCurveDisplay
            Drawn.
        """
        check_argument(scoring, "scoring", SCORING)
        strength = strength_of(estimator)
        if param_name is None and strength is None:
            fitted = " A fitted search along a path is drawn by from_cv." if hasattr(estimator, "alphas") else ""
            raise ValueError(f"param_name must be given for {estimator!r}: no one parameter regularizes it.{fitted}")
        if param_range is None:
            if param_name not in (None, getattr(strength, "name", None)):
                raise ValueError(f"param_range must be given for param_name={param_name!r}.")
            param_range = sorted([strength.value, *strength.values(len(y))])
        if isinstance(param_range, str) or not np.iterable(param_range) or not len(values := list(param_range)):
            raise ValueError(f"param_range must be a sequence of values, at least one; got {param_range!r}.")
        param_name = param_name or strength.name
        values = np.sort(np.asarray(values)) if all(is_number(value) for value in values) else values
        options = dict(param_name=param_name, param_range=values, cv=cv, scoring=scoring, n_jobs=n_jobs)
        _, scores = validation_curve(estimator, X, y, error_score="raise", **options)
        display = cls(
            values,
            scores,
            parameter=param_name.rpartition("__")[2],
            stronger=direction_of(estimator, param_name),
            **score_words(scoring, estimator),
        )
        return display.plot(ax, name=name, line_kw=line_kw)

    @classmethod
    def from_cv(cls, search, *, param_name=None, ax=None, name=None, line_kw=None):
        """Draw what a fitted search has measured.

        Parameters
        ----------
        search : fitted search
            `ElasticNetProxCV`, `LabelSmoothedLogisticCV`, `PenalizedRegressorCV`, `PenalizedCoxCV`; scikit-learn's
            `GridSearchCV` and its kin, `LassoCV`, `ElasticNetCV`, `LogisticRegressionCV`, or `RidgeCV` with
            ``store_cv_results=True``; or a `Pipeline` that ends in one.
        param_name : str, default=None
            For `GridSearchCV` and its kin, the parameter to draw against, the others being at their best; None takes
            the one with the most different numbers.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : CVCurveDisplay
            Drawn.
        """
        return cls(**read_search(search, param_name)).plot(ax, name=name, line_kw=line_kw)

    def plot(self, ax=None, *, name=None, line_kw=None):
        """Draw the curve.

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
        sign = -1.0 if self.is_loss else 1.0
        values, scores = self._sorted()
        self.value_min_, self.value_1se_ = choices(values, scores, self.stronger)
        n_folds, mean = scores.shape[1], scores.mean(axis=1)
        color = BLUE if self._is_first else self._style["color"]
        if self.connected and self._is_first and n_folds <= MAX_FOLD_LINES:
            ax.plot(values, sign * scores, color=PALE, linewidth=0.7, zorder=1)
            ax.plot([], [], color=PALE, linewidth=0.9, label=f"{n_folds} fold{'s' * (n_folds > 1)}")
        if n_folds > 1:
            self._plot_errors(ax, values, sign * mean, scores.std(axis=1, ddof=1) / np.sqrt(n_folds), color)
        styles = itertools.cycle(LINES[1:] if self._is_first else LINES[LINES.index(self._style) + 1 :] + LINES)
        for (label, x, y), style in zip(self.others or (), styles, strict=False):
            ax.plot(x, sign * y, label=self._label(label), linewidth=1.2, zorder=2.5, **{**style, "marker": ""})
        marker = {"marker": "o", "markersize": 3.5} if len(values) <= 25 or not self.connected else {}
        line = dict(linestyle="-" if self.connected else "", color=color, linewidth=2.0, zorder=3, **marker)
        label = self._label("" if self._name and self.label == "mean" else self.label)
        ax.plot(values, sign * mean, label=label, **self._line(**line))
        if self.is_numeric:
            mark_choices(ax, self.value_min_, self.value_1se_, BLACK if self._is_first else color, self._label)
            against_strength(ax, self.parameter, values, self.stronger or 1)
        else:
            self.value_min_ = self.values[int(self.value_min_)]
            ax.set_xticks(values, [str(value) for value in self.values])
        if self.stronger == 0:
            ax.set_xlabel(self.parameter)
        ax.set_ylabel(self.score_name)
        ax.margins(x=0.0 if self.connected else 0.1)
        self._limit(ax, sign, scores)
        if len(ax.get_legend_handles_labels()[0]) > MAX_LEGEND:
            legend_on_top(ax)
        else:
            legend(ax)
        return self

    def _sorted(self):
        """Values in increasing order with their scores; places where values are no numbers."""
        scores = np.asarray(self.scores)
        if not self.is_numeric:
            return np.arange(len(self.values), dtype=float), scores
        values = np.asarray(self.values)
        order = np.argsort(values, kind="stable")
        return values[order], scores[order]

    def _plot_errors(self, ax, values, mean, error, color):
        label = "one standard error" if self._is_first else None
        if self.connected:
            how = dict(color=color, alpha=0.22, linewidth=0.0, zorder=2, label=label)
            ax.fill_between(values, mean - error, mean + error, **how)
        else:
            ax.errorbar(values, mean, yerr=error, fmt="none", color=GREY if self._is_first else color, label=label)

    def _limit(self, ax, sign, scores):
        """Show the curves and the folds, without folds far off; on shared axes, what was shown before, too."""
        n_folds, mean = scores.shape[1], scores.mean(axis=1)
        drawn = np.concatenate([mean, *(y for _, _, y in self.others or ())])
        low, high = (sign * drawn).min(), (sign * drawn).max()
        if n_folds > MAX_FOLD_LINES:
            around = 2.0 * (scores.std(axis=1, ddof=1) / np.sqrt(n_folds)).max()
        else:
            around = np.abs(scores - mean[:, None]).max() if n_folds > 1 else 0.0
        room = around + 0.05 * (high - low) or 0.1
        low, high = low - room, high + room
        if not self._is_first:
            before = ax.get_ylim()
            low, high = min(low, *before), max(high, *before)
        ax.set_ylim(low, high)
