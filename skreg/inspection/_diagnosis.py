"""The result of a diagnosis: verdict, findings, suggestions, their trials, and a picture."""

from numbers import Integral

import numpy as np

from ..utils._params import Interval
from . import _report
from ._display import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, against_strength, legend, pyplot
from ._evaluate import mean
from ._findings import findings_of
from ._strength import name_of
from ._techniques import suggestions
from ._trials import Trial, Trials


class Diagnosis:
    """What `diagnose` found; print it, or show it in a notebook.

    Parameters
    ----------
    measured, scoring, seconds
        From `diagnose`, which makes the object.

    Attributes
    ----------
    estimator : estimator
        A copy of what was diagnosed.
    verdict : {"nothing learned", "overfitting", "underfitting", "fitting well", "undecided"}
    reason : str
        The numbers that it follows from.
    findings : list of Finding
        Faults of the data or of the setup, the most harmful first: `name`, `why` and `advice` each. Names are "copies
        of rows", "groups", "order of rows", "drift", "rare class", "unscaled features", "training too short", "more
        features than rows", "noisy labels", "few targets" and "targets far off".
    suggestions : list of Suggestion
        What to try, in order: `technique`, `parameter`, `value`, `why`, an unfitted `estimator`, and the `gain` where
        it was measured, each.
    scores : dict
        Means of the scores over the first folds: "training", "validation", "constant" and, where measured, "linear" and
        "boosting". Gains of comparisons that were repeated are means over more folds; the report shows their scores.
    gap : Difference
        Training minus validation score: mean, low and high.
    lost : float
        Share of what was learned on training rows that held-out rows do not show.
    learning_curve : dict
        From the share of training rows to the mean training and validation scores.
    regularization_curve : dict
        From values of `regularized_by` to the mean training and validation scores.
    regularized_by : str or None
        The parameter of that curve.
    overconfidence : Difference or None
        Mean confidence minus share of right answers on held-out rows, of a classifier with probabilities.
    facts : dict
        Rows, features, their scales and correlations, shares of the classes, fits that ended too early.
    scoring : str
    skipped : list of str
        What `time_budget` left no time for, what failed, and what was interrupted.
    seconds : float

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from skreg.inspection import diagnose
    >>> X, y = load_diabetes(return_X_y=True)
    >>> diagnose(KNeighborsRegressor(100), X, y).verdict
    'underfitting'
    """

    def __init__(self, measured, scoring, seconds):
        self._measured = measured
        self.scoring = scoring
        self.seconds = seconds
        self.estimator = measured.estimator
        self.verdict = measured.verdict
        self.reason = measured.reason
        self.gap = measured.gap
        self.lost = measured.lost
        self.overconfidence = measured.overconfidence
        self.skipped = measured.skipped
        self.scores = {
            "training": mean(measured.baseline, "train"),
            "validation": mean(measured.baseline),
            "constant": mean(measured.floor),
            **{name: mean(one.fits[: len(measured.baseline)]) for name, one in measured.references.items()},
        }
        self.learning_curve = _means(measured.learning)
        self.regularization_curve = _means(measured.curve)
        self.regularized_by = measured.strength.name if measured.strength else None
        self.facts = {
            "training rows of a fold": measured.folds.n_train,
            "features of the last step": measured.facts.n_features,
            "largest over smallest standard deviation": measured.facts.scale_ratio,
            "features correlated above 0.9": measured.facts.n_correlated,
            "fits that ended too early": measured.n_unfinished,
            "class shares": measured.shares,
        }
        self.findings = findings_of(measured)
        self.suggestions, self._known = suggestions(measured)
        self._tried = {}

    def try_next(self, k=3):
        """Fit the first k suggestions on the same folds; those that were measured already are not fitted again.

        Parameters
        ----------
        k : int, default=3
            At least 1; more than there are suggestions are all.

        Returns
        -------
        trials : Trials
            What each of them, alone, really gained, with a paired 95 % interval; prints as a table. A value of the
            regularization curve is judged fold by fold as the one that the other folds choose.
        """
        if k not in Interval(Integral, 1, np.inf):
            raise ValueError(f"k must be an int of at least 1; got {k!r}.")
        m, done = self._measured, []
        for suggestion in self.suggestions[:k]:
            known = self._known.get(suggestion.change)
            if known is None:
                done.append(Trial.of(suggestion, self._fits_of(suggestion), m.baseline, m.folds))
            else:
                done.append(Trial.of(suggestion, known.fits, known.base, known.folds))
        return Trials(done, self.scoring, self.scores["validation"])

    def _fits_of(self, suggestion):
        """Fits of a suggestion that was not measured yet; the error in words where they fail."""
        if suggestion.change not in self._tried:
            try:
                self._tried[suggestion.change] = self._measured.folds.run(suggestion.estimator)
            except ValueError as error:
                return str(error)
        return self._tried[suggestion.change]

    def to_frame(self):
        """The suggestions as a table.

        Returns
        -------
        frame : pandas.DataFrame
            One row a suggestion: technique, parameter, change, why, gain (NaN where it was not measured).
        """
        import pandas as pd

        columns = ["technique", "parameter", "change", "why", "gain"]
        rows = [
            [*(getattr(s, name) for name in columns[:-1]), s.gain.mean if s.gain else np.nan] for s in self.suggestions
        ]
        return pd.DataFrame(rows, columns=columns)

    def plot(self):
        """Draw the scores, the learning curve and the regularization curve.

        Returns
        -------
        figure : matplotlib Figure
        """
        plt = pyplot("Diagnosis.plot")
        figure, axes = plt.subplots(1, 3, figsize=(12.5, 4.0), layout="constrained", width_ratios=[0.7, 1.0, 1.1])
        self._plot_scores(axes[0])
        shares = sorted(self.learning_curve)
        rows = [share * self._measured.folds.n_train for share in shares]
        self._plot_curve(axes[1], rows, [self._measured.learning[share] for share in shares])
        axes[1].set(xlabel="training rows", title="learning curve")
        if self.regularized_by:
            values = sorted(self.regularization_curve)
            self._plot_curve(axes[2], values, [self._measured.curve[value] for value in values])
            strength = self._measured.strength
            axes[2].axvline(strength.value, color=GREY, linestyle="--", linewidth=1.2, label="present value")
            against_strength(axes[2], strength.name.rpartition("__")[2], values, strength.kind.stronger)
            axes[2].set(title="regularization curve")
            legend(axes[2])
        else:
            axes[2].set_axis_off()
            axes[2].text(0.5, 0.5, "no one parameter\nregularizes this estimator", ha="center", color=GREY)
        legend(axes[1])
        for ax in axes[1:]:
            ax.set_ylabel(self.scoring)
        figure.suptitle(f"{self._name}: {self.verdict}")
        return figure

    def _plot_scores(self, ax):
        fits = {"training": ([f.train for f in self._measured.baseline], BLUE, "o")}
        fits["validation"] = ([f.validation for f in self._measured.baseline], ORANGE, "^")
        for (name, one), color, marker in zip(self._measured.references.items(), (GREEN, SKY), "sv", strict=False):
            fits[f"{name}\nreference"] = ([f.validation for f in one.fits], color, marker)
        fits["constant"] = ([f.validation for f in self._measured.floor], GREY, "D")
        for place, (values, color, marker) in enumerate(fits.values()):
            ax.plot([place] * len(values), values, marker=marker, linestyle="", color=color, alpha=0.5, markersize=5)
            ax.hlines(np.mean(values), place - 0.3, place + 0.3, color=BLACK, linewidth=2.0)
        ax.set_xticks(range(len(fits)), list(fits))
        ax.tick_params(axis="x", labelsize="small")
        ax.set(ylabel=self.scoring, title="folds and their means", xlim=(-0.6, len(fits) - 0.4))

    def _plot_curve(self, ax, x, fits):
        for name, label, color, style in (
            ("train", "training", BLUE, "-o"),
            ("validation", "validation", ORANGE, "--^"),
        ):
            values = np.array([[getattr(fit, name) for fit in some] for some in fits])
            ax.plot(x, values.mean(axis=1), style, color=color, markersize=4, label=label)
            error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]) if values.shape[1] > 1 else 0.0
            low, high = values.mean(axis=1) - error, values.mean(axis=1) + error
            ax.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0.0)

    @property
    def _name(self):
        return name_of(self.estimator)

    def __repr__(self):
        return _report.as_text(self)

    def _repr_html_(self):
        return _report.as_html(self)


def _means(curve):
    return {key: {"training": mean(fits, "train"), "validation": mean(fits)} for key, fits in curve.items()}
