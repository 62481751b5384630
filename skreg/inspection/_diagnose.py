"""Advice on regularization: what the data say of an estimator, and what to try next."""

import time
from html import escape
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import check_scoring
from sklearn.utils import indexable

from ..utils._params import Interval
from ..utils._split import read_splits
from ._display import BLACK, BLUE, GREEN, GREY, ORANGE, against_strength, pyplot
from ._evaluate import Folds, mean
from ._measure import Measurements
from ._strength import resolve
from ._techniques import suggestions
from ._trials import Trial, Trials, table_html, table_text, wrapped
from ._verdict import in_percent

POSITIVE = Interval(Real, 0.0, np.inf, closed="neither")


def diagnose(estimator, X, y, *, cv=5, scoring=None, time_budget=None, n_jobs=None):
    """Say whether an estimator overfits or underfits, on which numbers, and what to try next.

    Everything is measured on the same folds: the estimator; a constant prediction; the estimator with other values of
    the parameter that regularizes it most directly (the regularization curve) and with fewer rows (the learning curve);
    and, unless it is a tree or boosting itself, gradient boosting as a reference for what the data hold.

    The verdict follows rules, in this order:

    1. *underfitting*, where less regularization is shown to be better;
    2. *overfitting*, where more than a tenth of what is learned on training rows (their score above the constant's) is
       lost on held-out rows, and that gap is shown, or more regularization is better; unless more regularization is
       shown to be worse and more rows are not shown to help, as nothing is left to gain then;
    3. *underfitting*, where the estimator is no better than a constant, worse on its training rows than the reference
       on held-out ones, or the reference is shown to be better;
    4. *fitting well* otherwise.

    A difference is shown where its 95 % interval is above zero.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor, unfitted: of this package, or a linear model, support vector machine, perceptron,
        tree, forest, boosting or neighbours of scikit-learn, also inside a `Pipeline`. For others there is no
        regularization curve, and the advice is shorter.
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    cv : int, splitter or iterable of splits, default=5
        As in scikit-learn. With groups, give the splits: ``GroupKFold().split(X, y, groups)``. Of one split there are
        no intervals, and means decide.
    scoring : str or callable, default=None
        A scorer of scikit-learn, greater is better; None is the estimator's `score`: accuracy, or R^2.
    time_budget : float, default=None
        Seconds that `diagnose` may take, positive. Measurements that are expected to take longer than what is left are
        left out, and the report says which; the baseline always runs. `try_next` is not bounded. None is no limit.
    n_jobs : int, default=None
        Processes for the folds; None is 1 unless in a `joblib.parallel_config`, -1 all cores.

    Returns
    -------
    diagnosis : Diagnosis
        Prints as a report; ``diagnosis.try_next(3)`` tries the first three suggestions.

    Raises
    ------
    ValueError
        When an argument is not as described.

    Notes
    -----
    Intervals of gains are 95 % intervals of paired differences over folds, corrected for training rows that the folds
    share [1]_; those of the gap and of confidence are of the fitted models themselves, and count held-out rows once.
    They are not corrected for how many there are: of twenty without any effect, one will seem to have one.

    The best value of the regularization curve is chosen among several, which flatters it. Its gain is therefore that of
    the value that *other* folds would choose, fold by fold: folds that hold out none of its rows.

    Sparse rows and several targets have no reference, since gradient boosting does not take them.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003, eq. 9.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from skreg.inspection import diagnose
    >>> X, y = load_diabetes(return_X_y=True)
    >>> diagnosis = diagnose(DecisionTreeRegressor(random_state=0), X, y)
    >>> diagnosis.verdict
    'overfitting'
    >>> diagnosis.suggestions[0].parameter
    'min_samples_leaf'
    >>> trials = diagnosis.try_next(1)
    >>> trials[0].gain.low > 0.0
    True
    """
    start = time.perf_counter()
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not _learns_targets(estimator):
        raise ValueError(f"estimator must be a classifier or a regressor, unfitted; got {estimator!r}.")
    if time_budget is not None and time_budget not in POSITIVE:
        raise ValueError(f"time_budget must be a positive number of seconds or None; got {time_budget!r}.")
    if scoring is not None and not isinstance(scoring, str) and not callable(scoring):
        raise ValueError(f"scoring must be one scorer, the name of one or None; got {scoring!r}.")
    X, y = indexable(X, y)
    scorer = check_scoring(estimator, scoring=scoring)
    splits = read_splits(cv, X, y, is_classifier(estimator))
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", None)
    name = name or ("score" if scoring else "accuracy" if is_classifier(estimator) else "R^2")
    estimator = clone(estimator)
    measured = Measurements(estimator, Folds(X, y, splits, scorer, n_jobs), start, time_budget)
    return Diagnosis(measured, name, time.perf_counter() - start)


def _learns_targets(estimator):
    return is_classifier(estimator) or is_regressor(estimator)


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
    verdict : {"overfitting", "underfitting", "fitting well"}
    reason : str
        The numbers that it follows from.
    scores : dict
        Means over folds of the scores: "training", "validation", "constant" and, where measured, "reference".
    gap : Difference
        Training minus validation score: mean, low and high.
    lost : float
        Share of what was learned on training rows that held-out rows do not show.
    suggestions : list of Suggestion
        What to try, in order: `technique`, `parameter`, `value`, `why`, and an unfitted `estimator` each.
    learning_curve : dict
        From the share of training rows to the mean training and validation scores.
    regularization_curve : dict
        From values of `regularized_by` to the mean training and validation scores.
    regularized_by : str or None
        The parameter of that curve.
    overconfidence : Difference or None
        Mean confidence minus share of right answers on held-out rows, of a classifier with probabilities.
    facts : dict
        Rows, features, their evenness and correlations, fits that did not converge.
    skipped : list of str
        What `time_budget` left no time for.
    seconds : float

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skreg.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> diagnose(LogisticRegression(C=1e-3), X, y).verdict
    'underfitting'
    """

    def __init__(self, measured, scoring, seconds):
        self._measured, self.scoring, self.seconds = measured, scoring, seconds
        self.estimator = measured.estimator
        for name in ("verdict", "reason", "gap", "lost", "overconfidence", "skipped"):
            setattr(self, name, getattr(measured, name))
        self.scores = {
            "training": mean(measured.baseline, "train"),
            "validation": mean(measured.baseline),
            "constant": mean(measured.floor),
        }
        if measured.reference is not None:
            self.scores["reference"] = mean(measured.reference_fits)
        self.learning_curve = _means(measured.learning)
        self.regularization_curve = _means(measured.curve)
        self.regularized_by = measured.strength.name if measured.strength else None
        self.facts = {
            "training rows of a fold": measured.folds.n_train,
            "features of the last step": measured.n_features,
            "largest over smallest deviation": measured.uneven,
            "features correlated above 0.9": measured.n_correlated,
            "fits that did not converge": measured.n_unconverged,
        }
        self.suggestions = suggestions(measured)

    def try_next(self, k=3):
        """Fit the first k suggestions on the same folds.

        Parameters
        ----------
        k : int, default=3
            At least 1; more than there are suggestions are all.

        Returns
        -------
        trials : Trials
            What each of them, alone, really bought, with a paired 95 % interval; prints as a table. A value of the
            regularization curve is judged fold by fold as the one that the other folds choose.
        """
        if k not in Interval(Integral, 1, np.inf):
            raise ValueError(f"k must be an int of at least 1; got {k!r}.")
        m, done = self._measured, []
        for suggestion in self.suggestions[:k]:
            fits = self._fits_of(suggestion)
            done.append(Trial.of(suggestion, fits, m.baseline, m.folds))
        return Trials(done, self.scoring, self.scores["validation"])

    def _fits_of(self, suggestion):
        """Fits of a suggestion; the error in words where they fail."""
        m = self._measured
        if m.strength is not None and suggestion.parameter == m.strength.name and suggestion.value in m.curve:
            fits = m.fits_on_side(m.strength.is_stronger(suggestion.value))
            return m.curve[suggestion.value] if fits is None else fits
        try:
            return m.folds.run(suggestion.estimator)
        except ValueError as error:
            return str(error)

    def to_frame(self):
        """The suggestions as a table.

        Returns
        -------
        frame : pandas.DataFrame
            One row a suggestion: technique, parameter, change, why.
        """
        import pandas as pd

        columns = ["technique", "parameter", "change", "why"]
        return pd.DataFrame([[getattr(s, name) for name in columns] for s in self.suggestions], columns=columns)

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
            axes[2].legend(frameon=False)
        else:
            axes[2].set_axis_off()
            axes[2].text(0.5, 0.5, "no one parameter\nregularizes this estimator", ha="center", color=GREY)
        axes[1].legend(frameon=False)
        for ax in axes[1:]:
            ax.set_ylabel(self.scoring)
        figure.suptitle(f"{self._name}: {self.verdict}")
        return figure

    def _plot_scores(self, ax):
        fits = {"training": ([f.train for f in self._measured.baseline], BLUE, "o")}
        fits["validation"] = ([f.validation for f in self._measured.baseline], ORANGE, "^")
        if "reference" in self.scores:
            fits["gradient\nboosting"] = ([f.validation for f in self._measured.reference_fits], GREEN, "s")
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
            spread = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]) if values.shape[1] > 1 else 0.0
            ax.fill_between(
                x, values.mean(axis=1) - spread, values.mean(axis=1) + spread, color=color, alpha=0.18, linewidth=0.0
            )

    @property
    def _name(self):
        return type(resolve(self.estimator)[1]).__name__

    def _summary(self):
        """Lines of (what, numbers) that the report shows."""
        scores = ", ".join(f"{name} {value:.4g}" for name, value in self.scores.items())
        k = len(self._measured.folds.splits)
        lines = [(self.scoring, f"{scores}; {k} fold{'s' * (k > 1)}")]
        nothing = "nothing is learned above a constant"
        share = f"{in_percent(self.lost)} of what is learned above a constant" if self.lost else nothing
        lines.append(("gap", f"{self.gap}, {share}"))
        for name, side in (("stronger", self._measured.stronger), ("weaker", self._measured.weaker)):
            if side is not None:
                last = side[0] in (min(self.regularization_curve), max(self.regularization_curve))
                end = ", the last value that was tried" if last and side[1].mean > 0.0 else ""
                lines.append((f"{name} {self.regularized_by}", f"best {side[0]!r}: {side[1]}{end}"))
        if self._measured.growth is not None:
            lines.append(("half of the rows to all", str(self._measured.growth)))
        if self._measured.reference is not None:
            lines.append(("gradient boosting", f"{self._measured.reference} over this estimator"))
        if self.overconfidence is not None:
            lines.append(("confidence above accuracy", str(self.overconfidence)))
        facts = [f"{name}: {value:.4g}" for name, value in self.facts.items() if value]
        lines.append(("data", "; ".join(facts)))
        if self.skipped:
            lines.append(("left out", ", ".join(self.skipped)))
        return lines

    def _rows(self):
        return [(str(i + 1), s.technique, s.change, s.why) for i, s in enumerate(self.suggestions)]

    def __repr__(self):
        lines = [f"{self._name}: {self.verdict}", *wrapped(f"because {self.reason}"), ""]
        lines += table_text(self._summary())
        if self.suggestions:
            lines += ["", "to try next, in this order:"]
            for number, technique, change, why in self._rows():
                lines += wrapped(f"{number:>2}. {technique}: {change}") + wrapped(f"    {why}")
        else:
            lines += ["", "nothing to try that these numbers would justify"]
        return "\n".join(lines)

    def _repr_html_(self):
        head = f"<b>{escape(self._name)}: {self.verdict}</b><br>because {escape(self.reason)}"
        html = head + table_html(self._summary())
        if not self.suggestions:
            return html + "<p>nothing to try that these numbers would justify</p>"
        return html + "<p>to try next:</p>" + table_html(self._rows(), ("", "technique", "set", "why"))


def _means(curve):
    return {key: {"training": mean(fits, "train"), "validation": mean(fits)} for key, fits in curve.items()}
