"""What techniques gained when they were tried."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from ._display import BLACK, BLUE, GREY, pyplot
from ._evaluate import Difference, mean, overconfidence
from ._layout import STYLE, table_html, table_text

MAX_CHANGE = 44  # characters of a change in a table


class Trial(NamedTuple):
    """One technique on the folds of a diagnosis.

    Attributes
    ----------
    technique, change : str
    score : float
        Mean over the folds; NaN where the fits failed.
    gain : Difference
        Of the score over the baseline: mean, low, high.
    log_loss : Difference or None
        The baseline's log loss minus that of the technique; of classifiers with probabilities.
    overconfidence : float
        Mean confidence minus share of right answers; NaN without probabilities.
    relative_time : float
        Mean time of a fit with its predictions, relative to the baseline's.
    baseline : float
        Score of the diagnosed estimator on the same folds; the gain is the score minus this.
    error : str
        Why the fits failed; empty where they did not.
    """

    technique: str
    change: str
    score: float
    gain: Difference
    log_loss: Difference | None
    overconfidence: float
    relative_time: float
    baseline: float
    error: str = ""

    @classmethod
    def of(cls, suggestion, fits, baseline, folds):
        """The trial of a suggestion, from its fits, or from the error that they ended in."""
        named = suggestion.technique, suggestion.change
        if isinstance(fits, str):
            return cls(*named, np.nan, Difference(np.nan, np.nan, np.nan), None, np.nan, np.nan, mean(baseline), fits)
        log_loss, over = None, overconfidence(fits)
        if over is not None and overconfidence(baseline) is not None:
            saved = [base.log_loss - fit.log_loss for fit, base in zip(fits, baseline, strict=True)]
            log_loss = folds.difference(saved)
        over = np.nan if over is None else float(np.mean(over))
        seconds = mean(fits, "seconds") / mean(baseline, "seconds")
        return cls(*named, mean(fits), folds.gain(fits, baseline), log_loss, over, seconds, mean(baseline))


class Trials(Sequence):
    """What `Diagnosis.try_next` returns: trials in their order, printing as a table.

    Its columns are the score; its gain over the baseline with a 95 % interval; for classifiers with probabilities the
    log loss that is saved, and confidence minus the share of right answers; and the time of a fit as a multiple of the
    baseline's.

    Parameters
    ----------
    trials : list of Trial
    scoring : str
        Name of the score.
    baseline : float
        Score without any of them. Where a comparison was repeated on further folds, the table has one for each trial.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from skreg.inspection import diagnose
    >>> trials = diagnose(DecisionTreeRegressor(random_state=0), *load_diabetes(return_X_y=True)).try_next(1)
    >>> trials[0].technique, trials[0].gain.low > 0.0
    ('more regularization', True)
    """

    def __init__(self, trials, scoring, baseline):
        self._trials = trials
        self.scoring = scoring
        self.baseline = baseline

    def __len__(self):
        return len(self._trials)

    def __getitem__(self, place):
        return self._trials[place]

    @property
    def _has_several_baselines(self):
        return any(trial.baseline != self.baseline for trial in self)

    @property
    def _baseline_words(self):
        if self._has_several_baselines:
            return "baseline: score of the diagnosed estimator on the folds of the trial"
        return f"baseline: {self.scoring} {self.baseline:.4g}"

    def _rows(self):
        several = self._has_several_baselines
        head = ["technique", "set", *(["baseline"] if several else []), self.scoring, "gain, 95 % interval"]
        certain = any(trial.log_loss is not None for trial in self)
        rows = []
        for trial in self:
            row = [trial.technique, trial.change, *([f"{trial.baseline:.4g}"] if several else [])]
            row += [f"{trial.score:.4g}", trial.error or str(trial.gain)]
            if certain:
                row += ["" if trial.log_loss is None else str(trial.log_loss), f"{trial.overconfidence:+.3f}"]
            rows.append([*row, f"{trial.relative_time:.3g}"])
        return [*head, *(["log loss saved", "overconfidence"] if certain else []), "times as long"], rows

    def to_frame(self):
        """The trials as a table.

        Returns
        -------
        frame : pandas.DataFrame
            One row a trial: technique, change, baseline, score, gain with `low` and `high`, log loss saved,
            overconfidence, relative time.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                dict(
                    technique=trial.technique,
                    change=trial.change,
                    baseline=trial.baseline,
                    score=trial.score,
                    gain=trial.gain.mean,
                    low=trial.gain.low,
                    high=trial.gain.high,
                    log_loss_saved=np.nan if trial.log_loss is None else trial.log_loss.mean,
                    overconfidence=trial.overconfidence,
                    relative_time=trial.relative_time,
                )
                for trial in self
            ]
        )

    def plot(self, ax=None):
        """Draw the gains with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ax : matplotlib Axes
        """
        if ax is None:
            size = (7.2, 1.4 + 0.45 * len(self))
            ax = pyplot("Trials.plot").subplots(figsize=size, layout="constrained")[1]
        places = np.arange(len(self))
        ax.axvline(0.0, color=GREY, linewidth=1.0)
        for place, trial in zip(places, self, strict=True):
            color = BLUE if trial.gain.is_shown else BLACK
            ends = trial.gain.low, trial.gain.high
            ax.hlines(place, *ends, color=color, linewidth=1.6)
            ax.plot(trial.gain.mean, place, "o", color=color, mfc=color if trial.gain.is_shown else "white")
        ax.set_yticks(places, [trial.technique for trial in self])
        ax.set_ylim(len(self) - 0.5, -0.5)
        ax.locator_params(axis="x", nbins=5)
        over = "the estimator" if self._has_several_baselines else f"{self.baseline:.4g}"
        ax.set_xlabel(f"gain in {self.scoring} over {over}, 95 % interval")
        return ax

    def __repr__(self):
        if not self:
            return "Nothing was suggested, so nothing was tried."
        head, rows = self._rows()
        short = [[row[0], _shortened(row[1]), *row[2:]] for row in rows]
        return "\n".join([self._baseline_words, *table_text(short, head)])

    def _repr_html_(self):
        head, rows = self._rows()
        base = f"<p>{escape(self._baseline_words)}</p>"
        return f"{STYLE}<div class='skreg-report'>{base}{table_html(rows, head, code=1)}</div>"


def _shortened(text):
    return text if len(text) <= MAX_CHANGE else f"{text[: MAX_CHANGE - 3]}..."
