"""The display of loss curves with the epoch that was kept."""

from typing import NamedTuple

import numpy as np

from ..neural._base import BaseNet
from ._display import BLACK, BLUE, ORANGE, PALE, Display, final_step, is_fitted, legend
from ._strength import AUGMENTED, BINNED, FINE_TUNED, PERCEPTRONS, STAGED


class Curve(NamedTuple):
    """Curves of one training, of shape (n_steps,); None where there is none."""

    steps: np.ndarray
    train: np.ndarray | None
    validation: np.ndarray | None
    best: float | None
    what: str = "loss"
    unit: str = "epoch"
    gain: bool = False  # whether greater is better
    strength: np.ndarray | None = None  # of noise and decay, where it changes


def _monitored(monitor):
    """What a monitor measures, in a word, and whether greater is better."""
    if monitor == "loss":
        return "loss", False
    return monitor if isinstance(monitor, str) else "score", True


def _of_net(net):
    loss = np.asarray(net.loss_curve_)
    steps = np.arange(1, loss.size + 1)
    strength = np.asarray(net.strength_curve_)
    strength = None if (strength == 1.0).all() else strength
    if not net.validation_curve_:
        return [Curve(steps, loss, None, None, "loss with noise and smoothing", strength=strength)]
    validation, gap = np.asarray(net.validation_curve_), np.asarray(net.gap_curve_)
    what, gain = _monitored(net.monitor)
    train = validation + gap if gain else validation - gap
    steps = np.arange(1, max(loss.size, validation.size) + 1)[-validation.size :]  # folds may train longer than the net
    if strength is not None:
        strength = np.append(strength[-validation.size :], np.full(max(validation.size - loss.size, 0), np.nan))
    return [Curve(steps, train, validation, steps[0] + net.best_iter_, what, gain=gain, strength=strength)]


def _of_early_stopping(model):
    several = isinstance(model.steps_, list)
    parts = [model.steps_, model.train_curve_, model.validation_curve_]
    what, gain = _monitored(model.monitor)
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
    what, gain = _monitored(model.scoring)
    sign = 1.0 if gain else -1.0
    train, validation = sign * model.train_score_, sign * model.validation_score_
    best = int(np.argmax(model.validation_score_)) if validation.size else None
    return [Curve(np.arange(len(train)), train, validation if validation.size else None, best, what, "round", gain)]


def _of_staged(model):
    return [Curve(np.arange(1, model.train_score_.size + 1), model.train_score_, None, None, unit="round")]


SOURCES = [
    (BaseNet, _of_net),
    (PERCEPTRONS, _of_perceptron),
    (BINNED, _of_binned),
    (STAGED, _of_staged),
]


def curves_of(estimator):
    """The curves of a fitted estimator, one for each round of its training."""
    estimator = final_step(estimator)
    if isinstance(estimator, (*AUGMENTED, *FINE_TUNED)) and is_fitted(estimator):
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

    The `strength_curve_` of one net is drawn too, on an axis of its own, if its `strength_schedule` is not constant.

    Make it with `from_estimator` or `from_cv`.

    Parameters
    ----------
    curves : list of Curve
        Of one training or several: arrays `steps`, `train` and `validation` of shape (n_steps,), the step `best`, the
        name of `what` is measured, the `unit` of a step, whether greater is better, `gain`, and the `strength` of noise
        and decay, where it changes.

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
    def from_estimator(cls, estimator, *, ax=None, name=None, line_kw=None):
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            A net of `skreg.neural` (whose training curve is drawn without noise, on as many rows as there are
            validation rows) or a fine-tuned one, `EarlyStoppingClassifier` and `EarlyStoppingRegressor`,
            scikit-learn's perceptrons and gradient boosting; a `Pipeline` that ends in one, or an
            `AugmentedClassifier` or `AugmentedRegressor` around one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of both lines, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : LossCurveDisplay
            Drawn.
        """
        return cls(curves_of(estimator)).plot(ax, name=name, line_kw=line_kw)

    @classmethod
    def from_cv(cls, cv_results, *, ax=None, name=None, line_kw=None):
        """Draw the curves of all folds.

        Parameters
        ----------
        cv_results : dict
            Of scikit-learn's `cross_validate` with ``return_estimator=True``.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of both lines, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        display : LossCurveDisplay
            Drawn.
        """
        if not isinstance(cv_results, dict) or "estimator" not in cv_results:
            raise ValueError("cv_results must come from cross_validate(..., return_estimator=True).")
        curves = [curve for model in cv_results["estimator"] for curve in curves_of(model)]
        return cls(curves).plot(ax, name=name, line_kw=line_kw)

    def plot(self, ax=None, *, name=None, line_kw=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Put before the labels in the legend, to tell displays on the same axes apart.
        line_kw : dict, default=None
            Keywords of both lines, as for ``matplotlib.pyplot.plot``.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax, name, line_kw)
        for number, curve in enumerate(self.curves):
            self._plot_curve(ax, curve, is_first=number == 0)
        longest = max(self.curves, key=lambda curve: curve.steps.size)
        if longest.steps[-1] > 200:
            ax.set_xscale("symlog" if longest.steps[0] == 0 else "log")
        self._limit(ax)
        ax.set(xlabel=longest.unit, ylabel=longest.what)
        ax.margins(x=0.01)
        has_strength = len(self.curves) == 1 and longest.strength is not None
        legend(ax, **{"loc": "center right"} if has_strength else {})
        return self

    def _plot_curve(self, ax, curve, is_first):
        """Draw one training; only the first has labels."""
        alone = len(self.curves) == 1
        label = self._label if is_first else lambda text: None
        train_color, validation_color = (BLUE, ORANGE) if self._is_first else (self._style["color"],) * 2
        if alone and self._is_first and curve.train is not None and curve.validation is not None:
            fill = dict(color=PALE, linewidth=0.0, label=label("gap"), zorder=1)
            ax.fill_between(curve.steps, curve.train, curve.validation, **fill)
        wide = dict(linewidth=2.0) if alone else dict(linewidth=1.1, alpha=0.8)
        for values, color, style, text in (
            (curve.train, train_color, "-", "training"),
            (curve.validation, validation_color, "--", "validation"),
        ):
            if values is not None:
                line = self._line(color=color, linestyle=style, **wide)
                ax.plot(curve.steps, values, label=label(text), **line)
        if alone and curve.strength is not None:
            right = ax.twinx()
            right.plot(curve.steps, curve.strength, color=BLACK, linewidth=1.0, alpha=0.6)
            right.set(ylabel="strength of noise and decay", ylim=(0.0, 1.1 * max(1.0, curve.strength.max())))
            ax.plot([], [], color=BLACK, linewidth=1.0, alpha=0.6, label=label("strength"))
            ax.set_zorder(right.get_zorder() + 1)  # so that the legend hides the line
            ax.patch.set_visible(False)
        if curve.best is None:
            return
        color = BLACK if self._is_first else self._style["color"]
        if alone:
            text = label(f"best, {curve.unit} {curve.best:g}")
            ax.axvline(curve.best, color=color, linestyle=":", linewidth=1.4, label=text)
        else:
            at = curve.validation[np.abs(curve.steps - curve.best).argmin()]
            ax.plot(curve.best, at, "o", color=color, markersize=5, label=label("best of each"), zorder=4)

    def _limit(self, ax):
        """Leave the first steps out where they would squeeze the rest."""
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
