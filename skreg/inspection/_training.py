"""Displays of training: loss curves with the stopping point, and the filter that early stopping is."""

from typing import NamedTuple

import numpy as np

from ._display import BLACK, BLUE, LINES, ORANGE, PALE, Display, final_step, is_fitted
from ._strength import AUGMENTED, BINNED, NETS, PERCEPTRONS, STAGED


class Curve(NamedTuple):
    """What one training left behind; curves of shape (n_steps,), None where there is none."""

    steps: np.ndarray
    train: np.ndarray | None
    validation: np.ndarray | None
    best: float | None
    what: str = "loss"
    unit: str = "epoch"
    gain: bool = False  # whether greater is better


def _watched(monitor):
    """What a monitor watches, in a word, and whether greater is better."""
    if monitor == "loss":
        return "loss", False
    return monitor if isinstance(monitor, str) else "score", True


def _of_net(net):
    loss = np.asarray(net.loss_curve_)
    steps = np.arange(1, loss.size + 1)
    if not net.validation_curve_:
        return [Curve(steps, loss, None, None, "loss with noise and smoothing")]
    validation, gap = np.asarray(net.validation_curve_), np.asarray(net.gap_curve_)
    what, gain = _watched(net.monitor)
    train = validation + gap if gain else validation - gap
    return [
        Curve(steps[-validation.size :], train, validation, steps[-validation.size] + net.best_iter_, what, gain=gain)
    ]


def _of_early_stopping(model):
    several = isinstance(model.steps_, list)
    parts = [model.steps_, model.train_curve_, model.validation_curve_]
    what, gain = _watched(model.monitor)
    if not several:
        return [Curve(*map(np.asarray, parts), model.best_iter_, what, "step", gain)]
    curves = []
    for steps, train, validation in zip(*parts, strict=True):
        best = steps[np.argmax(validation) if gain else np.argmin(validation)]
        curves.append(Curve(steps, train, validation, best, what, "step", gain))
    return curves


def _of_perceptron(model):
    if not hasattr(model, "loss_curve_"):
        raise ValueError(f"estimator must be trained by a stochastic solver to have curves; got {model!r}.")
    loss = np.asarray(model.loss_curve_)
    steps = np.arange(1, loss.size + 1)
    if not model.early_stopping:
        return [Curve(steps, loss, None, None)]
    scores = np.asarray(model.validation_scores_)
    return [Curve(steps, None, scores, int(scores.argmax()) + 1, "score", gain=True)]


def _of_binned(model):
    if not len(model.train_score_):
        raise ValueError(f"estimator must be fitted with early_stopping=True to have curves; got {model!r}.")
    what, gain = _watched(model.scoring)
    sign = 1.0 if gain else -1.0
    train, validation = sign * model.train_score_, sign * model.validation_score_
    best = int(np.argmax(model.validation_score_)) if validation.size else None
    return [Curve(np.arange(len(train)), train, validation if validation.size else None, best, what, "round", gain)]


def _of_staged(model):
    return [Curve(np.arange(1, model.train_score_.size + 1), model.train_score_, None, None, unit="round")]


SOURCES = [
    (NETS, _of_net),
    (PERCEPTRONS, _of_perceptron),
    (BINNED, _of_binned),
    (STAGED, _of_staged),
]


def curves_of(estimator):
    """The curves of a fitted estimator, one for each round of its training."""
    estimator = final_step(estimator)
    if isinstance(estimator, AUGMENTED) and is_fitted(estimator):
        return curves_of(estimator.estimator_)
    if not is_fitted(estimator):
        raise ValueError(f"estimator must be fitted; got {estimator!r}.")
    if hasattr(estimator, "steps_") and hasattr(estimator, "validation_curve_"):
        return _of_early_stopping(estimator)
    for kinds, read in SOURCES:
        if isinstance(estimator, kinds):
            return read(estimator)
    raise ValueError(
        f"estimator must be a net, a boosted ensemble or an estimator that stops early; got {estimator!r}."
    )


class LossCurveDisplay(Display):
    """Loss on training and validation rows step after step, the gap between them, and where training stopped.

    Make it with `from_estimator` or `from_cv`.

    Parameters
    ----------
    curves : list of Curve
        Of one training or several: arrays `steps`, `train` and `validation` of shape (n_steps,), the step `best`, the
        name of `what` is measured, the `unit` of a step, and whether greater is better, `gain`.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import EarlyStoppingRegressor
    >>> from skreg.inspection import LossCurveDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = EarlyStoppingRegressor(random_state=0).fit(X, y)
    >>> LossCurveDisplay.from_estimator(model).ax_.get_ylabel()
    'loss'
    """

    def __init__(self, curves):
        self.curves = curves

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            `DropoutMLPClassifier` and `DropoutMLPRegressor` (whose training curve is drawn without noise, on as many
            rows as are watched), `EarlyStoppingClassifier` and `EarlyStoppingRegressor`, scikit-learn's perceptrons
            and gradient boosting; a `Pipeline` that ends in one, or an `AugmentedClassifier` or `AugmentedRegressor`
            around one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : LossCurveDisplay
            Drawn.
        """
        return cls(curves_of(estimator)).plot(ax)

    @classmethod
    def from_cv(cls, cv_results, *, ax=None):
        """Draw the curves of all folds.

        Parameters
        ----------
        cv_results : dict
            Of scikit-learn's `cross_validate` with ``return_estimator=True``.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : LossCurveDisplay
            Drawn.
        """
        if not isinstance(cv_results, dict) or "estimator" not in cv_results:
            raise ValueError("cv_results must come from cross_validate(..., return_estimator=True).")
        return cls([curve for model in cv_results["estimator"] for curve in curves_of(model)]).plot(ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax)
        one = len(self.curves) == 1
        wide = dict(linewidth=2.0) if one else dict(linewidth=1.1, alpha=0.8)
        for number, (steps, train, validation, best, *_) in enumerate(self.curves):
            first = number == 0
            if one and train is not None and validation is not None:
                ax.fill_between(steps, train, validation, color=PALE, linewidth=0.0, label="gap", zorder=1)
            for values, color, style, label in (
                (train, BLUE, "-", "training"),
                (validation, ORANGE, "--", "validation"),
            ):
                if values is not None:
                    ax.plot(steps, values, color=color, linestyle=style, label=label if first else None, **wide)
            if best is not None:
                label = f"best, {self.curves[0].unit} {best:g}" if one else "best of each" if first else None
                if one:
                    ax.axvline(best, color=BLACK, linestyle=":", linewidth=1.4, label=label)
                else:
                    at = validation[np.abs(steps - best).argmin()]
                    ax.plot(best, at, marker="o", linestyle="", color=BLACK, markersize=5, label=label, zorder=4)
        longest = max(self.curves, key=lambda curve: curve.steps.size)
        if longest.steps[-1] > 200:
            ax.set_xscale("symlog" if longest.steps[0] == 0 else "log")
        self._limit(ax)
        ax.set(xlabel=longest.unit, ylabel=longest.what)
        ax.margins(x=0.01)
        ax.legend(frameon=False)
        return self

    def _limit(self, ax):
        """Leave out what the first steps would squeeze the rest by."""
        drawn = [
            np.asarray(values)
            for curve in self.curves
            for values in (curve.train, curve.validation)
            if values is not None
        ]
        everything = np.concatenate(drawn)
        rest = np.concatenate([values[values.size // 20 :] for values in drawn])
        low, high = rest.min(), rest.max()
        span = high - low
        if everything.max() > high + 3.0 * span or everything.min() < low - 3.0 * span:
            room = 0.06 * span or 0.1
            ax.set_ylim(low - room, high + room)


class FilterFactorDisplay(Display):
    """What early stopping keeps of least squares along every eigenvector of the data, beside what ridge would keep.

    Make it with `from_estimator`.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n_values,)
        Of the covariance of the training rows, decreasing.
    early_stopping : ndarray of shape (n, n_values)
        Shares ``1 - (1 - step size * eigenvalue)^steps``.
    ridge : ndarray of shape (n, n_values)
        Shares ``eigenvalue / (eigenvalue + alpha)`` of the ridge regression that is equivalent.
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
    def from_estimator(cls, estimator, *, steps=None, ax=None):
        """Draw the filter of a fitted estimator.

        Parameters
        ----------
        estimator : EarlyStoppingRegressor, or a Pipeline that ends in one
            Fitted, with ``estimator=None`` and without L1 and acceleration.
        steps : int or array-like of int of shape (n,), default=None
            Numbers of steps, at most eight; None is the one where it stopped.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

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
        return cls(*final.filter_factors(steps), steps).plot(ax)

    def plot(self, ax=None):
        """Draw both filters.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax)
        for style, steps, stopped, ridge in zip(LINES, self.steps, self.early_stopping, self.ridge, strict=False):
            color, marker = style["color"], style["marker"]
            ax.plot(
                self.eigenvalues,
                stopped,
                color=color,
                marker=marker,
                label=f"stopped after {steps} step{'s' if steps > 1 else ''}",
            )
            ax.plot(self.eigenvalues, ridge, color=color, marker=marker, mfc="white", ls="--", label="ridge like it")
        ax.set(
            xscale="log",
            ylim=(-0.02, 1.05),
            xlabel="eigenvalue of the covariance",
            ylabel="share of least squares that is kept",
        )
        ax.legend(frameon=False, loc="lower right", fontsize="small")
        return self
