"""The display of early stopping as a filter, beside the equivalent ridge penalty."""

import numpy as np

from ._display import GREY, LINES, Display, final_step, is_fitted, legend_on_top


class FilterFactorDisplay(Display):
    """Share of the least-squares solution that early stopping keeps along every eigenvector, beside that of ridge.

    Make it with `from_estimator`.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n_values,)
        Of the covariance of the training rows, decreasing.
    early_stopping : ndarray of shape (n, n_values)
        Shares ``1 - (1 - step size * eigenvalue)^steps``.
    ridge : ndarray of shape (n, n_values)
        Shares ``eigenvalue / (eigenvalue + alpha)`` of the equivalent ridge penalty.
    steps : ndarray of shape (n,)
        Numbers of steps.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    skreg.EarlyStoppingRegressor.filter_factors : The numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import EarlyStoppingRegressor
    >>> from skreg.inspection import FilterFactorDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = EarlyStoppingRegressor(random_state=0).fit(X, y)
    >>> FilterFactorDisplay.from_estimator(model).eigenvalues.size
    10
    """

    def __init__(self, eigenvalues, early_stopping, ridge, steps):
        self.eigenvalues = eigenvalues
        self.early_stopping = early_stopping
        self.ridge = ridge
        self.steps = steps

    @classmethod
    def from_estimator(cls, estimator, *, steps=None, ax=None, name=None, line_kw=None):
        """Draw the filter of a fitted estimator.

        Parameters
        ----------
        estimator : EarlyStoppingRegressor, or a Pipeline that ends in one
            Fitted, with ``estimator=None`` and without L1 and acceleration.
        steps : int or array-like of int of shape (n,), default=None
            Numbers of steps, at most eight; None takes the step where training stopped.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of all lines, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : FilterFactorDisplay
            Drawn.
        """
        final = final_step(estimator)
        if not hasattr(final, "filter_factors"):
            raise ValueError(f"estimator must be an EarlyStoppingRegressor; got {estimator!r}.")
        steps = np.atleast_1d(final.best_iter_ if steps is None else np.asarray(steps)) if is_fitted(final) else None
        if steps is not None and steps.size > len(LINES):
            raise ValueError(f"steps must be at most {len(LINES)} numbers, to be told apart; got {steps.size}.")
        return cls(*final.filter_factors(steps), steps).plot(ax, name=name, line_kw=line_kw)

    def plot(self, ax=None, *, name=None, line_kw=None):
        """Draw both filters.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of all lines, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax, name, line_kw)
        first = LINES.index(self._style)
        styles = [LINES[(first + k) % len(LINES)] for k in range(len(self.steps))]
        for style, steps, stopped, ridge in zip(styles, self.steps, self.early_stopping, self.ridge, strict=True):
            how = dict(color=style["color"], marker=style["marker"])
            label = self._label(f"{steps} step{'s' if steps > 1 else ''}")
            ax.plot(self.eigenvalues, stopped, label=label, **self._line(**how))
            ax.plot(self.eigenvalues, ridge, **self._line(**how, linestyle="--", markerfacecolor="white"))
        if self._is_first:
            ax.plot([], [], color=GREY, linestyle="--", marker="o", markerfacecolor="white", label="equivalent ridge")
        ax.set(
            xscale="log",
            ylim=(-0.02, 1.05),
            xlabel="eigenvalue of the covariance",
            ylabel="share of least squares kept",
        )
        ax.set_yticks(np.linspace(0.0, 1.0, 6))
        legend_on_top(ax)
        return self
