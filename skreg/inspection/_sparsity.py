"""The display of how many coefficients are not zero."""

import numpy as np

from ._display import BLUE, GREY, PALE, against_strength, final_step, is_fitted, legend, legend_on_top, mark_choices
from ._path import PathDisplay
from ._strength import NETS


class SparsityDisplay(PathDisplay):
    """Number of coefficients that are not zero, along a path of strengths or in every layer of a net.

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
            As for `RegularizationPathDisplay.from_estimator`; or a fitted net of `skreg.neural`, such as
            `DropoutMLPClassifier`, for which X and y are not needed, or a `Pipeline` that ends in one.
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
            return cls(None, final.weights_).plot(ax, **how)
        if X is None or y is None:
            raise ValueError(f"X and y are needed for the path of {type(final).__name__}; got {X!r} and {y!r}.")
        return super().from_estimator(estimator, X, y, ax=ax, **how)

    def plot(self, ax=None, *, name=None, line_kw=None):
        """Draw the counts.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of the line, as for ``matplotlib.pyplot.plot``; for layers, of the bars.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax, name, line_kw)
        if self.alphas is None:
            return self._plot_layers(ax)
        used = (self.coefs != 0.0).any(axis=0) if self.coefs.ndim == 3 else self.coefs != 0.0
        self.counts_ = used.sum(axis=0)
        line = self._line(color=self._style["color"], linestyle=self._style["linestyle"], linewidth=1.8)
        ax.step(self.alphas, self.counts_, where="mid", label=self._name, **line)
        if self._is_first:
            ax.axhline(len(used), color=GREY, linewidth=0.8)
            at = (0.01, len(used))
            ax.annotate(f"all {len(used)}", at, xycoords=ax.get_yaxis_transform(), va="bottom", color=GREY)
        ax.set(ylabel="features with coefficients", ylim=(0.0, 1.08 * len(used)))
        mark_choices(ax, self.alpha_min, self.alpha_1se, label=self._label)
        against_strength(ax, self.parameter, self.alphas, self.stronger)
        legend_on_top(ax)
        return self

    def _plot_layers(self, ax):
        sizes = np.array([weights.size for weights in self.coefs])
        self.counts_ = np.array([np.count_nonzero(weights) for weights in self.coefs])
        places = np.arange(len(sizes))
        ax.barh(places, 1.0, color=PALE, height=0.7)
        ax.barh(places, self.counts_ / sizes, label=self._name, **{"color": BLUE, "height": 0.7, **self._line_kw})
        parts = zip(self.counts_, sizes, self.coefs, strict=True)
        names = [f"{' x '.join(map(str, w.shape))}\n{count:,} of {size:,}" for count, size, w in parts]
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        ax.set(xlabel="share of weights that are not zero", xlim=(0.0, 1.0))
        if self._name:
            legend(ax)
        return self
