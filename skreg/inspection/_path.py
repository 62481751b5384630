"""The display of coefficients along a path of penalty strengths."""

import numpy as np

from ._coefficients import OWN_PATH, SEARCHES, check_n_features, chosen_candidate, coefficient_path, one_strength
from ._display import GREY, LINES, PALE, Display, against_strength, is_fitted, last_step, legend_on_top, mark_choices
from ._strength import strength_of


class PathDisplay(Display):
    """Base of displays against the strengths of a path, with the choices of cross-validation."""

    def __init__(
        self, alphas, coefs, *, parameter="alpha", stronger=1, feature_names=None, alpha_min=None, alpha_1se=None
    ):
        if feature_names is not None and len(feature_names) != np.shape(coefs[0] if np.ndim(coefs) == 3 else coefs)[0]:
            raise ValueError(f"feature_names must hold a name for every feature; got {len(feature_names)} names.")
        self.alphas = alphas
        self.coefs = coefs
        self.parameter = parameter
        self.stronger = stronger
        self.feature_names = feature_names
        self.alpha_min = alpha_min
        self.alpha_1se = alpha_1se

    @classmethod
    def from_estimator(cls, estimator, X, y, *, alphas=None, n_alphas=60, eps=1e-3, feature_names=None, ax=None, **how):
        """Fit a path and draw it.

        Parameters
        ----------
        estimator : estimator
            `ElasticNetProx`, `LabelSmoothedLogistic`, `PenalizedRegressor`, `PenalizedCox`; scikit-learn's `Ridge`,
            `Lasso`, `ElasticNet`, `RidgeClassifier` or `LogisticRegression`; a fitted `ElasticNetProxCV`,
            `LabelSmoothedLogisticCV`, `PenalizedRegressorCV` or `PenalizedCoxCV`, whose grid is taken and whose choices
            are marked; or a `Pipeline` that ends in one, whose other steps are fitted on X if they are not yet.
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), or what `PenalizedCox` takes
        alphas : array-like of shape (n_alphas,), default=None
            Strengths: values of `alpha`, or of `C`. None is a geometric grid that begins where all coefficients are
            zero, or with pure L2 nearly zero.
        n_alphas : int, default=60
            Length of that grid; 60 are enough for smooth lines.
        eps : float, default=1e-3
            Last strength of that grid relative to the first, in (0, 1).
        feature_names : sequence of str of length n_features, default=None
            None takes those of X, or of the pipeline's steps, or ``x0, x1, ...``.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **how : dict
            Given to `plot`, such as `name` and `line_kw`.

        Returns
        -------
        display : object of this class
            Drawn.
        """
        model, X, names = last_step(estimator, X, y)
        if type(model) in SEARCHES:
            if not is_fitted(model):
                raise ValueError(f"estimator must be fitted to show its choice; got {model!r}.")
            return cls.from_cv(
                model, X, y, feature_names=names if feature_names is None else feature_names, ax=ax, **how
            )
        values, coefs = coefficient_path(model, X, y, alphas, n_alphas, eps)
        how_strong = {}
        if not isinstance(model, OWN_PATH):
            strength = strength_of(model)
            how_strong = dict(parameter=strength.name, stronger=strength.kind.stronger)
        display = cls(values, coefs, feature_names=names if feature_names is None else feature_names, **how_strong)
        return display.plot(ax, **how)

    @classmethod
    def from_cv(cls, search, X, y, *, feature_names=None, ax=None, **how):
        """Draw the path of a fitted search on all rows, with its choices.

        The path has neither offsets nor weights of rows, also where the search had them.

        Parameters
        ----------
        search : fitted search
            `ElasticNetProxCV`, `LabelSmoothedLogisticCV`, `PenalizedRegressorCV`, `PenalizedCoxCV`, or a `Pipeline`
            that ends in one.
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        feature_names : sequence of str of length n_features, default=None
            None takes those of X, or of the pipeline's steps, or ``x0, x1, ...``.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **how : dict
            Given to `plot`, such as `name` and `line_kw`.

        Returns
        -------
        display : object of this class
            Drawn.
        """
        search, X, names = last_step(search, X, y)
        if type(search) not in SEARCHES or not is_fitted(search):
            names = ", ".join(kind.__name__ for kind in SEARCHES)
            raise ValueError(f"search must be a fitted search along a path, one of {names}; got {search!r}.")
        check_n_features(search, X)
        grid = search.alphas_[chosen_candidate(search)]
        values, coefs = coefficient_path(one_strength(search), X, y, grid, None, search.eps)
        display = cls(
            values,
            coefs,
            feature_names=names if feature_names is None else feature_names,
            alpha_min=search.alpha_min_,
            alpha_1se=search.alpha_1se_,
        )
        return display.plot(ax, **how)


class RegularizationPathDisplay(PathDisplay):
    """Coefficients, or their norms, against the strength of the penalty.

    Make it with `from_estimator` or `from_cv`, which compute the path and draw it.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Strengths.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        Coefficients; of several targets or classes, the norm over them is drawn.
    parameter : str, default="alpha"
        What the strengths are values of.
    stronger : {1, -1}, default=1
        Whether larger or smaller values regularize more.
    feature_names : sequence of str of length n_features, default=None
    alpha_min, alpha_1se : float, default=None
        Choices to mark: of the best mean score, and by the one-standard-error rule.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        One a feature, or one a norm.

    See Also
    --------
    CVCurveDisplay : How well the models along a path predict.
    SparsityDisplay : How many coefficients they have.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import ElasticNetProxCV
    >>> from skreg.inspection import RegularizationPathDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> search = ElasticNetProxCV(l1_ratio=1.0).fit(X, y)
    >>> display = RegularizationPathDisplay.from_cv(search, X, y)
    >>> len(display.lines_)
    10
    """

    def plot(self, ax=None, *, kind="coef", n_labels=8, name=None, line_kw=None):
        """Draw the path.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        kind : {"coef", "norm"}, default="coef"
            Coefficients, or their L1 and L2 norms as shares of the largest.
        n_labels : int, default=8
            Number of features with a name, those of the largest coefficients; the others are thin and grey.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the lines, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        self : object
        """
        if kind not in ("coef", "norm"):
            raise ValueError(f"kind must be 'coef' or 'norm'; got {kind!r}.")
        ax = self._begin(ax, name, line_kw)
        coefs = np.linalg.norm(self.coefs, axis=0) if self.coefs.ndim == 3 else self.coefs
        if kind == "norm":
            self._plot_norms(ax, coefs)
        else:
            self._plot_coefs(ax, coefs, n_labels)
        mark_choices(ax, self.alpha_min, self.alpha_1se, label=self._label)
        against_strength(ax, self.parameter, self.alphas, self.stronger)
        legend_on_top(ax)
        return self

    def _plot_norms(self, ax, coefs):
        self.lines_ = []
        first = LINES.index(self._style)
        for order in (1, 2):
            norms = np.linalg.norm(coefs, ord=order, axis=0)
            label = self._label(f"L{order} norm (largest {norms.max():.3g})")
            style = {**LINES[(first + order - 1) % len(LINES)], "marker": ""}
            self.lines_ += ax.plot(self.alphas, norms / (norms.max() or 1.0), label=label, **self._line(**style))
        ax.set_ylabel("share of the largest norm")

    def _plot_coefs(self, ax, coefs, n_labels):
        names = [f"x{j}" for j in range(len(coefs))] if self.feature_names is None else self.feature_names
        rank = np.argsort(-np.abs(coefs).max(axis=1), kind="stable")
        named = [j for j in rank[:n_labels] if coefs[j].any()]
        self.lines_ = [None] * len(coefs)
        for j in rank[::-1]:
            if j in named:
                style = {**LINES[named.index(j) % len(LINES)], "marker": "", "linewidth": 1.8, "zorder": 2.5}
                style |= {} if self._is_first else {"linewidth": 0.9}  # a second path is thinner
            else:
                style = dict(color=PALE, linewidth=0.7)
            (self.lines_[j],) = ax.plot(self.alphas, coefs[j], **self._line(**style))
        if named and self._name is not None:
            self.lines_[named[0]].set_label(self._label(names[named[0]]))
        ax.axhline(0.0, color=GREY, linewidth=0.6)
        several = self.coefs.ndim == 3
        ax.set_ylabel("norm of the coefficients of all outputs" if several else "coefficient")
        if self._is_first:
            self._name_lines(ax, [(coefs[j, -1], names[j], self.lines_[j].get_color()) for j in named])

    def _name_lines(self, ax, ends):
        """Write names at the ends of lines, moved apart where they would touch."""
        low, high = ax.get_ylim()
        room, places = (high - low) / 22.0, []
        for value, *_ in sorted(ends, key=lambda end: end[0]):
            places.append(max(value, places[-1] + room) if places else value)
        surplus = max(0.0, places[-1] - high) if places else 0.0
        for place, (value, name, color) in zip(places, sorted(ends, key=lambda end: end[0]), strict=True):
            ax.annotate(
                name, (self.alphas[-1], value), xytext=(1.01, place - surplus), textcoords=ax.get_yaxis_transform(),
                va="center", fontsize="small", color=color,
            )  # fmt: skip
