"""Displays of coefficients along a path of strengths: their values, their norms, how many there are."""

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge, RidgeClassifier
from sklearn.utils import check_array

from ..linear import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogistic, LabelSmoothedLogisticCV
from ..utils._alphas import MIN_GRID_L1_RATIO, alpha_grid
from ._display import BLUE, GREY, LINES, PALE, Display, against_strength, final_step, is_fitted, last_step, mark_choices
from ._strength import NETS, strength_of

SEARCHES = {ElasticNetProxCV: ElasticNetProx, LabelSmoothedLogisticCV: LabelSmoothedLogistic}


def one_strength(search):
    """The estimator that a fitted path search fits at every strength, with what it chose."""
    kind = SEARCHES[type(search)]
    shared = {name: value for name, value in search.get_params(deep=False).items() if name in kind().get_params()}
    chosen = {name: getattr(search, f"{name}_") for name in ("alpha", "l1_ratio", "label_smoothing") if name in shared}
    return kind(**{**shared, **chosen})


def strengths_for(estimator, X, y, n, eps):
    """Values of the penalty's parameter, strongest first: from where all coefficients are, or nearly are, zero."""
    for search, kind in SEARCHES.items():
        if isinstance(estimator, kind):
            known = search().get_params()
            shared = {name: value for name, value in estimator.get_params().items() if name in known}
            search = search(**{**shared, "alphas": n, "eps": eps})
            return search._grid(search._read(X, y, None)).alphas[0]
    ratio = 1.0 if isinstance(estimator, Lasso) or getattr(estimator, "penalty", "") == "l1" else 0.0
    if not isinstance(estimator, Lasso) or isinstance(estimator, ElasticNet):
        ratio = ratio or getattr(estimator, "l1_ratio", 0.0) or 0.0
    X = check_array(X, accept_sparse=True)
    y = np.asarray(y)
    T = (y[:, None] == np.unique(y)).astype(float) if is_classifier(estimator) else y.reshape(len(y), -1).astype(float)
    T = T - T.mean(axis=0) if estimator.fit_intercept else T
    top = np.abs(X.T @ T).max() / len(T)
    alphas = alpha_grid(top / max(ratio, MIN_GRID_L1_RATIO), n, eps * (MIN_GRID_L1_RATIO if ratio == 0.0 else 1.0))
    if isinstance(estimator, (Ridge, RidgeClassifier)):  # their alpha multiplies a sum over rows, not a mean
        return alphas * len(T)
    return 1.0 / (alphas * len(T)) if isinstance(estimator, LogisticRegression) else alphas


def coefficient_path(estimator, X, y, values, n, eps):
    """Values of the strength and coefficients (n_features, n_values), or (n_targets, n_features, n_values)."""
    known = (ElasticNet, Lasso, Ridge, RidgeClassifier, LogisticRegression, LabelSmoothedLogistic, ElasticNetProx)
    if not isinstance(estimator, known) or strength_of(estimator) is None or hasattr(estimator, "l1_ratios"):
        raise ValueError(
            f"estimator must be a penalized linear model, such as ElasticNetProx or LogisticRegression; got"
            f" {estimator!r}."
        )
    if isinstance(estimator, ElasticNetProx):
        alphas, coefs, *_ = estimator.path(X, y, alphas=n if values is None else values, eps=eps)
        return alphas, coefs
    strength = strength_of(estimator)
    values = strengths_for(estimator, X, y, n, eps) if values is None else np.asarray(values, dtype=float)
    values = np.sort(values)[:: -strength.kind.stronger]
    model, coefs = clone(estimator), []
    if "warm_start" in model.get_params():
        model.set_params(warm_start=True)
    for value in values:
        coefs.append(np.array(model.set_params(**{strength.name: value}).fit(X, y).coef_, dtype=float))
    coefs = np.stack(coefs, axis=-1)
    return values, coefs[0] if coefs.ndim == 3 and coefs.shape[0] == 1 else coefs


def chosen_candidate(search):
    """The place of what a fitted path search chose on the axes of its candidates."""
    names = ("l1_ratio", "label_smoothing") if hasattr(search, "label_smoothing_") else ("l1_ratio",)
    return tuple(
        int(np.flatnonzero(np.atleast_1d(getattr(search, name)) == getattr(search, f"{name}_"))[0]) for name in names
    )


def check_n_features(search, X):
    """Raise ValueError where X is not what a search was fitted to."""
    if X.shape[1] != search.n_features_in_:
        raise ValueError(
            f"X must have the {search.n_features_in_} features that search was fitted to; got {X.shape[1]}."
        )


class PathDisplay(Display):
    """What is drawn against the strengths of a path, with the choices of cross-validation."""

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
            `ElasticNetProx`, `LabelSmoothedLogistic`, a fitted `ElasticNetProxCV` or `LabelSmoothedLogisticCV` (whose
            strengths are those of its grid, and whose choices are marked); scikit-learn's `Ridge`, `Lasso`,
            `ElasticNet`, `RidgeClassifier` or `LogisticRegression`; or a `Pipeline` that ends in one, whose other
            steps are fitted on X if they are not yet.
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        alphas : array-like of shape (n_alphas,), default=None
            Strengths: values of `alpha`, or of `C`. None is a geometric grid that begins where all coefficients are
            zero, or with pure L2 nearly zero.
        n_alphas : int, default=60
            How many that grid has; enough for smooth lines.
        eps : float, default=1e-3
            Last strength of that grid relative to the first, in (0, 1).
        feature_names : sequence of str of length n_features, default=None
            None takes those of X, or of the pipeline's steps, or ``x0, x1, ...``.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **how : dict
            Given to `plot`.

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
        strength = strength_of(model)
        display = cls(
            values,
            coefs,
            parameter=strength.name,
            stronger=strength.kind.stronger,
            feature_names=names if feature_names is None else feature_names,
        )
        return display.plot(ax, **how)

    @classmethod
    def from_cv(cls, search, X, y, *, feature_names=None, ax=None, **how):
        """Draw the path that a fitted search went along on all rows, with its choices.

        Parameters
        ----------
        search : ElasticNetProxCV, LabelSmoothedLogisticCV, or a Pipeline that ends in one
            Fitted.
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        feature_names : sequence of str of length n_features, default=None
            None takes those of X, or of the pipeline's steps, or ``x0, x1, ...``.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **how : dict
            Given to `plot`.

        Returns
        -------
        display : object of this class
            Drawn.
        """
        search, X, names = last_step(search, X, y)
        if type(search) not in SEARCHES or not is_fitted(search):
            raise ValueError(f"search must be a fitted ElasticNetProxCV or LabelSmoothedLogisticCV; got {search!r}.")
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

    def plot(self, ax=None, *, kind="coef", n_labels=8):
        """Draw the path.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        kind : {"coef", "norm"}, default="coef"
            Coefficients, or their L1 and L2 norms as shares of the largest.
        n_labels : int, default=8
            How many features are named, those of the largest coefficients; the others are thin and grey.

        Returns
        -------
        self : object
        """
        if kind not in ("coef", "norm"):
            raise ValueError(f"kind must be 'coef' or 'norm'; got {kind!r}.")
        ax = self._begin(ax)
        coefs = np.linalg.norm(self.coefs, axis=0) if self.coefs.ndim == 3 else self.coefs
        if kind == "norm":
            self._plot_norms(ax, coefs)
        else:
            self._plot_coefs(ax, coefs, n_labels)
        mark_choices(ax, self.alpha_min, self.alpha_1se)
        against_strength(ax, self.parameter, self.alphas, self.stronger)
        if kind == "norm" or self.alpha_min is not None:
            ax.legend(frameon=False)
        return self

    def _plot_norms(self, ax, coefs):
        self.lines_ = []
        for order, style in zip((1, 2), LINES, strict=False):
            norms = np.linalg.norm(coefs, ord=order, axis=0)
            label = f"L{order} norm (largest {norms.max():.3g})"
            self.lines_ += ax.plot(self.alphas, norms / (norms.max() or 1.0), label=label, **{**style, "marker": ""})
        ax.set_ylabel("share of the largest norm")

    def _plot_coefs(self, ax, coefs, n_labels):
        names = [f"x{j}" for j in range(len(coefs))] if self.feature_names is None else self.feature_names
        rank = np.argsort(-np.abs(coefs).max(axis=1), kind="stable")
        named = [j for j in rank[:n_labels] if coefs[j].any()]
        self.lines_ = [None] * len(coefs)
        for j in rank[::-1]:
            if j in named:
                style = {**LINES[named.index(j) % len(LINES)], "marker": "", "linewidth": 1.8, "zorder": 2.5}
            else:
                style = dict(color=PALE, linewidth=0.7)
            (self.lines_[j],) = ax.plot(self.alphas, coefs[j], **style)
        ax.axhline(0.0, color=GREY, linewidth=0.6)
        several = self.coefs.ndim == 3
        ax.set_ylabel("norm of the coefficients of all outputs" if several else "coefficient")
        self._name(ax, [(coefs[j, -1], names[j], self.lines_[j].get_color()) for j in named])

    def _name(self, ax, ends):
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


class SparsityDisplay(PathDisplay):
    """How many coefficients are not zero: along a path of strengths, or in every layer of a net.

    Make it with `from_estimator` or `from_cv`.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,) or None
        Strengths; None for the layers of a net.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas), or list of ndarray
        Coefficients, or the weights of the layers. A feature counts that any target or class uses.
    parameter : str, default="alpha"
        What the strengths are values of.
    stronger : {1, -1}, default=1
        Whether larger or smaller values regularize more.
    feature_names : sequence of str, default=None
        Not drawn.
    alpha_min, alpha_1se : float, default=None
        Choices to mark.

    Attributes
    ----------
    counts_ : ndarray of shape (n_alphas,) or (n_layers,)
        How many are not zero.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    RegularizationPathDisplay : The coefficients themselves.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import ElasticNetProx
    >>> from skreg.inspection import SparsityDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> SparsityDisplay.from_estimator(ElasticNetProx(l1_ratio=1.0), X, y, n_alphas=5).counts_.tolist()
    [0, 4, 7, 9, 10]
    """

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None, *, ax=None, **how):
        """Count along a path, or in the layers of a fitted net.

        Parameters
        ----------
        estimator : estimator
            As for `RegularizationPathDisplay.from_estimator`; or a fitted `DropoutMLPClassifier` or
            `DropoutMLPRegressor`, for which X and y are not needed, or a `Pipeline` that ends in one.
        X : array-like or sparse matrix of shape (n_samples, n_features), default=None
        y : array-like of shape (n_samples,), default=None
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **how : dict
            `alphas`, `n_alphas`, `eps` as for `RegularizationPathDisplay.from_estimator`.

        Returns
        -------
        display : SparsityDisplay
            Drawn.
        """
        final = final_step(estimator)
        if isinstance(final, NETS):
            if not is_fitted(final):
                raise ValueError(f"estimator must be fitted; got {final!r}.")
            return cls(None, final.weights_).plot(ax)
        if X is None or y is None:
            raise ValueError(f"X and y are needed for the path of {type(final).__name__}; got {X!r} and {y!r}.")
        return super().from_estimator(estimator, X, y, ax=ax, **how)

    def plot(self, ax=None):
        """Draw the counts.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax)
        if self.alphas is None:
            return self._plot_layers(ax)
        used = (self.coefs != 0.0).any(axis=0) if self.coefs.ndim == 3 else self.coefs != 0.0
        self.counts_ = used.sum(axis=0)
        ax.step(self.alphas, self.counts_, where="mid", color=BLUE, linewidth=1.8)
        ax.axhline(len(used), color=GREY, linewidth=0.8)
        ax.annotate(f"all {len(used)}", (0.01, len(used)), xycoords=ax.get_yaxis_transform(), va="bottom", color=GREY)
        ax.set(ylabel="features with coefficients", ylim=(0.0, 1.09 * len(used)))
        mark_choices(ax, self.alpha_min, self.alpha_1se)
        against_strength(ax, self.parameter, self.alphas, self.stronger)
        if self.alpha_min is not None:
            ax.legend(frameon=False, loc="lower right")
        return self

    def _plot_layers(self, ax):
        sizes = np.array([weights.size for weights in self.coefs])
        self.counts_ = np.array([np.count_nonzero(weights) for weights in self.coefs])
        places = np.arange(len(sizes))
        ax.barh(places, 1.0, color=PALE, height=0.7)
        ax.barh(places, self.counts_ / sizes, color=BLUE, height=0.7)
        parts = zip(self.counts_, sizes, self.coefs, strict=True)
        names = [f"{w.shape[0]} x {w.shape[1]}\n{count:,} of {size:,}" for count, size, w in parts]
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        ax.set(xlabel="share of weights that are not zero", xlim=(0.0, 1.0))
        return self
