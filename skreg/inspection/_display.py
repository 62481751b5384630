"""What the displays share: matplotlib is imported when something is drawn, and lines differ without their colors."""

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

# Colors of Okabe & Ito (2008), which color-blind readers can tell apart; they differ in lightness, and lines in style,
# so that a grey print says the same.
BLACK, ORANGE, BLUE, GREEN, SKY, PINK, RED = (
    "#000000", "#e69f00", "#0072b2", "#009e73", "#56b4e9", "#cc79a7", "#d55e00",
)  # fmt: skip
GREY, PALE = "0.55", "0.85"
ROOM_OF_A_ROW = 0.075  # of a legend, as a share of the height of the axes
MAX_TICK_WIDTH = 5  # characters of tick labels that are written for every value
MAX_TICKS = 9  # values on an axis that are all written
LINES = [
    dict(color=BLUE, linestyle="-", marker="o"),
    dict(color=ORANGE, linestyle="--", marker="^"),
    dict(color=GREEN, linestyle="-.", marker="s"),
    dict(color=PINK, linestyle=":", marker="D"),
    dict(color=SKY, linestyle=(0, (5, 1, 1, 1, 1, 1)), marker="v"),
    dict(color=BLACK, linestyle=(0, (1, 1)), marker="x"),
    dict(color=RED, linestyle=(0, (8, 2)), marker="P"),
    dict(color="0.4", linestyle=(0, (3, 1, 1, 1)), marker="*"),
]


def pyplot(caller):
    """matplotlib.pyplot; ImportError with the name of what needs it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f"{caller} needs matplotlib: python -m pip install matplotlib") from error
    return plt


class Display:
    """Base of the displays: data in attributes, drawn by `plot` as often as one likes."""

    def _begin(self, ax, name=None, line_kw=None):
        """The axes to draw on, new ones for None; sets `ax_` and `figure_`.

        Displays on the same axes get colors of their own, and their `name` before the labels in the legend.
        """
        if ax is None:
            ax = pyplot(f"{type(self).__name__}.plot").subplots(figsize=(6.4, 4.4), layout="constrained")[1]
        self.ax_ = ax
        self.figure_ = ax.figure
        self._name = name
        self._line_kw = line_kw or {}
        drawn = getattr(ax, "_skreg_displays", 0)
        self._style = LINES[drawn % len(LINES)]
        self._is_first = drawn == 0
        ax._skreg_displays = drawn + 1
        return ax

    def _label(self, text):
        """A label of the legend, with the name in front."""
        return text if self._name is None else f"{self._name}, {text}" if text else self._name

    def _line(self, **style):
        """Keywords of a line: the given ones, and those of the user, which win."""
        from matplotlib import cbook, lines

        return {**style, **cbook.normalize_kwargs(self._line_kw, lines.Line2D)}


def legend(ax, **how):
    """A legend that hides the lines behind it."""
    return ax.legend(**{"frameon": True, "framealpha": 1.0, "edgecolor": "none", "fontsize": "small", **how})


def legend_on_top(ax, ncols=2):
    """A legend inside the axes, above what is drawn, for which it makes room once."""
    n = len(ax.get_legend_handles_labels()[0])
    if not n:
        return
    low, high = getattr(ax, "_skreg_ylim", ax.get_ylim())  # without the room of an earlier legend
    ax._skreg_ylim = low, high
    n_rows = -(-n // ncols)
    ax.set_ylim(low, high + ROOM_OF_A_ROW * n_rows * (high - low))
    legend(ax, loc="upper left", ncols=ncols)


def mark_choices(ax, alpha_min, alpha_1se, color=BLACK, label=str):
    """Vertical lines at the choices of cross-validation; `label` puts the name of a display before its labels."""
    if alpha_min is not None:
        ax.axvline(alpha_min, color=color, linestyle=":", linewidth=1.4, label=label(f"best, {alpha_min:.3g}"))
    if alpha_1se is not None and alpha_1se != alpha_min:
        words = label(f"one standard error, {alpha_1se:.3g}")
        ax.axvline(alpha_1se, color=GREY if color == BLACK else color, linestyle="--", linewidth=1.4, label=words)


def against_strength(ax, name, values, stronger=1):
    """An axis of strengths: logarithmic where that says more, weaker to the right."""
    values = np.asarray(values, dtype=float)
    positive = np.unique(values[np.isfinite(values) & (values > 0.0)])
    if positive.size > 1 and positive.max() > 10.0 * positive.min():
        if (values == 0.0).any():
            ax.set_xscale("symlog", linthresh=positive.min())
        else:
            ax.set_xscale("log")
        if np.unique(values).size <= MAX_TICKS:
            ticks = np.unique(values[np.isfinite(values)])
            labels = [f"{value:.3g}" for value in ticks]
            if max(map(len, labels)) <= MAX_TICK_WIDTH:
                ax.set_xticks(ticks, labels)
                ax.minorticks_off()
    ax.set_xlabel(f"{name} (weaker to the right)")
    low, high = sorted(ax.get_xlim())
    ax.set_xlim((high, low) if stronger > 0 else (low, high))


def is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def final_step(estimator):
    """The last step of a pipeline, any other estimator as it is."""
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def shaped(X):
    """X as it is where it has a shape, else as an array; nothing else is copied or converted."""
    return X if hasattr(X, "shape") else np.asarray(X)


def last_step(estimator, X, y=None, *, refit=False):
    """The last step of a pipeline, X as that step sees it, and the names of its features.

    The steps before are fitted on X and y, in copies, unless they are fitted already and not to be fitted again.
    """
    if not isinstance(estimator, Pipeline):
        X = shaped(X)
        return estimator, X, _names(None, X)
    if len(estimator.steps) == 1:
        return last_step(estimator[-1], X, y, refit=refit)
    before = estimator[:-1]
    if refit or not is_fitted(before):
        before = clone(before).fit(X, y)
    inside = before.transform(X)
    return estimator[-1], inside, _names(before, inside)


def _names(before, X):
    if hasattr(X, "columns"):
        return [str(name) for name in X.columns]
    try:
        return [str(name).rpartition("__")[2] for name in before.get_feature_names_out()]
    except (AttributeError, ValueError):  # no names, or steps that do not tell them
        return [f"x{j}" for j in range(X.shape[1])]
