"""What techniques bought when they were tried."""

import textwrap
from html import escape
from typing import NamedTuple

import numpy as np

from ._display import BLACK, BLUE, GREY, pyplot
from ._evaluate import Interval, interval, mean

WIDTH = 100  # of reports as text


class Trial(NamedTuple):
    """One technique on the folds of a diagnosis.

    Attributes
    ----------
    technique, change : str
    score : float
        Mean over the folds.
    gain : Interval
        Of the score over the baseline: mean, low, high.
    log_loss : Interval or None
        By how much the log loss is lower than the baseline's; of classifiers with probabilities.
    overconfidence : float
        Mean confidence minus share of right answers; NaN without probabilities.
    seconds : float
        Mean time of a fit with its predictions, relative to the baseline's.
    """

    technique: str
    change: str
    score: float
    gain: Interval
    log_loss: Interval | None
    overconfidence: float
    seconds: float

    @classmethod
    def of(cls, suggestion, fits, baseline, folds):
        log_loss, over = None, np.nan
        if fits[0].confidence is not None and baseline[0].confidence is not None:
            saved = [base.log_loss - fit.log_loss for fit, base in zip(fits, baseline, strict=True)]
            log_loss = interval(saved, folds.splits)
            over = float(np.mean([(fit.confidence - fit.right).mean() for fit in fits]))
        seconds = mean(fits, "seconds") / mean(baseline, "seconds")
        gain = folds.gain(fits, baseline)
        return cls(suggestion.technique, suggestion.change, mean(fits), gain, log_loss, over, seconds)


class Trials(list):
    """A list of `Trial`s that prints as a table.

    Parameters
    ----------
    trials : list of Trial
    scoring : str
        Name of the score.
    baseline : float
        Score without any of them.
    """

    def __init__(self, trials, scoring, baseline):
        super().__init__(trials)
        self.scoring, self.baseline = scoring, baseline

    def _rows(self):
        head = ["technique", "set", self.scoring, "gain, 95 % interval"]
        certain = any(trial.log_loss is not None for trial in self)
        rows = []
        for trial in self:
            row = [trial.technique, trial.change, f"{trial.score:.4g}", str(trial.gain)]
            if certain:
                row += ["" if trial.log_loss is None else str(trial.log_loss), f"{trial.overconfidence:+.3f}"]
            rows.append([*row, f"{trial.seconds:.2g}"])
        return [*head, *(["log loss saved", "overconfidence"] if certain else []), "time"], rows

    def to_frame(self):
        """The trials as a table.

        Returns
        -------
        frame : pandas.DataFrame
            One row a trial: technique, change, score, gain with `low` and `high`, log loss saved, overconfidence, time.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                dict(
                    technique=trial.technique,
                    change=trial.change,
                    score=trial.score,
                    gain=trial.gain.mean,
                    low=trial.gain.low,
                    high=trial.gain.high,
                    log_loss_saved=np.nan if trial.log_loss is None else trial.log_loss.mean,
                    overconfidence=trial.overconfidence,
                    time=trial.seconds,
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
            color = BLUE if trial.gain.is_gain else BLACK
            ends = trial.gain.low, trial.gain.high
            ax.hlines(place, *ends, color=color, linewidth=1.6)
            ax.plot(trial.gain.mean, place, "o", color=color, mfc=color if trial.gain.is_gain else "white")
        ax.set_yticks(places, [trial.technique for trial in self])
        ax.set_ylim(len(self) - 0.5, -0.5)
        ax.set_xlabel(f"gain in {self.scoring} over {self.baseline:.4g}, 95 % interval")
        return ax

    def __repr__(self):
        head, rows = self._rows()
        short = [[row[0], _shortened(row[1]), *row[2:]] for row in rows]
        return "\n".join([f"baseline: {self.scoring} {self.baseline:.4g}", *table_text(short, head)])

    def _repr_html_(self):
        head, rows = self._rows()
        return f"baseline: {escape(self.scoring)} {self.baseline:.4g}" + table_html(rows, head)


def _shortened(text, most=44):
    return text if len(text) <= most else f"{text[: most - 3]}..."


def wrapped(text, indent=4):
    """Lines of at most a hundred characters; the later ones are indented."""
    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.strip(), WIDTH, initial_indent=lead, subsequent_indent=" " * indent, break_on_hyphens=False
    )


def table_text(rows, head=None):
    """Lines of a table in columns, the last one wrapped."""
    rows = [list(row) for row in rows]
    rows = rows if head is None else [list(head), *rows]
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    margin = sum(widths[:-1]) + 2 * (len(widths) - 1)
    lines = []
    for row in rows:
        first = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
        last = textwrap.wrap(row[-1], max(WIDTH - margin, 30)) or [""]
        lines += [f"{first}  {last[0]}".rstrip(), *(" " * margin + more for more in last[1:])]
    return lines


def table_html(rows, head=None):
    """An HTML table, its cells escaped."""
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = "" if head is None else "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
    return f'<table style="text-align: left">{top}{body}</table>'
