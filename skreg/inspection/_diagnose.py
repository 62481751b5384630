"""Advice on regularization: what the data say of an estimator, and what to try next."""

import time
from html import escape
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import _safe_indexing, check_consistent_length, indexable

from ..utils._params import Interval as Range
from ..utils._split import read_splits
from ._display import BLACK, BLUE, GREEN, GREY, ORANGE, against_strength, last_step, pyplot
from ._evaluate import Folds, interval, mean
from ._strength import BINNED, FORESTS, STAGED, TREES, resolve, strength_of
from ._techniques import CORRELATED, Evidence, is_worth, suggestions
from ._trials import Trial, Trials, table_html, table_text, wrapped

LOST = 0.1  # share of what was learned that may stay behind on training rows without being called overfitting
POSITIVE = Range(Real, 0.0, np.inf, closed="neither")
EXTENSIONS = 4  # how often the regularization curve goes on by ten where it still rises at its end
SHARES = (0.25, 0.5)  # of the training rows, for the learning curve; the baseline is its end
ROWS_TO_CORRELATE = 2000
MOST_COLUMNS = 2000


def diagnose(estimator, X, y, *, cv=5, scoring=None, time_budget=None, n_jobs=None):
    """Say whether an estimator overfits or underfits, on which numbers, and what to try next.

    Everything is measured on the same folds: the estimator; a constant prediction; the estimator with other values of
    the parameter that regularizes it most directly (the regularization curve) and with fewer rows (the learning curve);
    and, unless it is a tree or boosting itself, gradient boosting as a reference for what the data hold.

    The verdict follows rules, in this order. It is *underfitting* where less regularization is better with an interval
    above zero. It is *overfitting* where more than a tenth of what is learned on training rows (their score above the
    constant's) is lost on held-out rows, with an interval above zero; unless more regularization is shown to be worse,
    and more rows are not shown to help, as nothing is left to gain then. It is *underfitting* where the reference is
    better, with an interval above zero or than the estimator is even on its training rows, or where the estimator is
    not shown to be better than a constant. Otherwise it is *fitting well*.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor, unfitted: of this package, or a linear model, support vector machine, perceptron,
        tree, forest, boosting or neighbours of scikit-learn, also inside a `Pipeline`. For others there is no
        regularization curve, and the advice is shorter.
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    cv : int, splitter or iterable of splits, default=5
        As in scikit-learn.
    scoring : str or callable, default=None
        A scorer of scikit-learn, greater is better; None is the estimator's `score`: accuracy, or R^2.
    time_budget : float, default=None
        Seconds that `diagnose` may take, positive. Measurements that would take longer than what is left are skipped,
        and the report says which; the baseline always runs. None is no limit.
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
    share [1]_; those of the gap and of confidence are of the fitted models themselves, and not corrected.
    They are not corrected for how many there are: of twenty without any effect, one will seem to have one.

    The best value of the regularization curve is chosen among several, which flatters it. Its gain is therefore that of
    the value that the *other* folds would choose, fold by fold.

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
    if not (is_classifier(estimator) or is_regressor(estimator)):
        raise ValueError(f"estimator must be a classifier or a regressor; got {estimator!r}.")
    if time_budget is not None and time_budget not in POSITIVE:
        raise ValueError(f"time_budget must be a positive number of seconds or None; got {time_budget!r}.")
    check_consistent_length(X, y)
    X, y = indexable(X.tocsr() if sp.issparse(X) else X, y)
    scorer = check_scoring(estimator, scoring=scoring)
    splits = read_splits(cv, X, y, is_classifier(estimator))
    name = scoring if isinstance(scoring, str) else None
    name = name or (getattr(scoring, "__name__", "score") if scoring else None)
    name = name or ("accuracy" if is_classifier(estimator) else "R^2")
    folds = Folds(X, y, splits, scorer, n_jobs)
    measured = _Measured(estimator, folds, start, time_budget)
    measured.everything()
    return Diagnosis(estimator, folds, name, measured, time.perf_counter() - start)


class _Measured:
    """The measurements, one after another, as long as there is time."""

    def __init__(self, estimator, folds, start, budget):
        self.estimator, self.folds, self.start, self.budget = estimator, folds, start, budget
        self.skipped, self.curve, self.learning = [], {}, {}
        self.reference = self.growth = self.stronger = self.weaker = None

    def everything(self):
        self.baseline = self.folds.run(self.estimator)
        self.begun = time.perf_counter() - self.start  # what one measurement on all folds takes
        constant = DummyClassifier(strategy="prior") if is_classifier(self.estimator) else DummyRegressor()
        self.floor = self.folds.run(self._instead(constant))
        self._facts()
        self._regularization_curve()
        self._learning_curve()
        self._reference()

    def _affordable(self, what, cost):
        """Whether there is time for something that takes `cost` times the baseline; remembers what is skipped."""
        spent = time.perf_counter() - self.start
        if self.budget is None or spent + cost * self.begun <= self.budget:
            return True
        self.skipped.append(what)
        return False

    def _instead(self, model):
        """Another model behind the same preparation of the features."""
        if isinstance(self.estimator, Pipeline) and len(self.estimator.steps) > 1:
            return make_pipeline(*(clone(step) for _, step in self.estimator.steps[:-1]), model)
        return model

    def _facts(self):
        self.n_features, self.uneven, self.correlated, self.is_sparse = 0, 1.0, 0, False
        train = self.folds.splits[0][0]
        try:
            inside = last_step(
                clone(self.estimator), *(_safe_indexing(part, train) for part in (self.folds.X, self.folds.y))
            )[1]
            inside = inside if sp.issparse(inside) else np.asarray(inside, dtype=float)
        except (TypeError, ValueError):  # not numbers: texts, categories
            return
        if inside.ndim != 2:
            return
        self.n_features, self.is_sparse = inside.shape[1], sp.issparse(inside)
        self.uneven, self.correlated = _unevenness(inside), _correlated(inside)

    def _regularization_curve(self):
        self.strength = strength_of(self.estimator)
        if self.strength is None:
            return
        self.curve = {self.strength.value: self.baseline}
        for value in self.strength.values(self.folds.n_train):
            self._run_at(value)
        self._extend()
        for side, stronger in (("stronger", True), ("weaker", False)):
            if values := self._side(stronger):
                best = max(values, key=lambda value: mean(self.curve[value]))
                setattr(self, side, (best, self.folds.gain(self.fits_on_side(stronger), self.baseline)))

    def _run_at(self, value):
        """Measure the curve at a value, if there is time."""
        cost = value / self.strength.value if self.strength.kind.name in ("max_iter", "n_estimators") else 1.0
        if not self._affordable(f"{self.strength.name}={value!r}", cost):
            return False
        self.curve[value] = self.folds.run(clone(self.estimator).set_params(**{self.strength.name: value}))
        return True

    def _extend(self):
        """Go on in tens while the curve still rises at its end, or where it is flat, with weaker values."""
        if self.strength.kind.scale != "factor":
            return
        for _ in range(EXTENSIONS):
            best = max(self.curve, key=lambda v: (round(mean(self.curve[v]), 12), -self.strength.kind.stronger * v))
            ends = min(self.curve), max(self.curve)
            if best not in ends or best == self.strength.value:
                return
            if not self._run_at(float(f"{best * (0.1 if best == ends[0] else 10.0):.3g}")):
                return

    def _side(self, stronger):
        """Values of the curve that regularize more, or less, than the present one."""
        return [v for v in self.curve if v != self.strength.value and self.strength.is_stronger(v) == stronger]

    def fits_on_side(self, stronger):
        """Fits at the best value on a side: for every fold the one that the other folds would choose."""
        values = self._side(stronger)
        scores = np.array([[fit.validation for fit in self.curve[value]] for value in values])
        return [self.curve[values[i]][fold] for fold, i in enumerate(chosen_by_others(scores))]

    def _learning_curve(self):
        self.learning = {1.0: self.baseline}
        for share in SHARES[::-1]:
            if int(share * self.folds.n_train) >= 10 and self._affordable(f"learning curve at {share:.0%}", share):
                self.learning[share] = self.folds.run(self.estimator, share)
        if 0.5 in self.learning:
            self.growth = self.folds.gain(self.baseline, self.learning[0.5])

    def _reference(self):
        if (
            isinstance(resolve(self.estimator)[1], (*BINNED, *STAGED, *FORESTS, *TREES))
            or not self.n_features
            or self.is_sparse
        ):
            return
        kind = HistGradientBoostingClassifier if is_classifier(self.estimator) else HistGradientBoostingRegressor
        if np.asarray(self.folds.y).ndim == 1 and self._affordable("reference", 1.0):
            self.reference_fits = self.folds.run(self._instead(kind(random_state=0)))
            self.reference = self.folds.gain(self.reference_fits, self.baseline)


def chosen_by_others(scores):
    """For every fold (column), the row of `scores` with the best mean over the other folds."""
    if scores.shape[1] == 1:
        return scores.argmax(axis=0)
    return (scores.sum(axis=1, keepdims=True) - scores).argmax(axis=0)


def _unevenness(X):
    """Largest over smallest standard deviation of the columns that vary; of sparse ones, root mean square."""
    spread = np.sqrt(np.asarray(X.multiply(X).mean(axis=0)).ravel()) if sp.issparse(X) else X.std(axis=0)
    spread = spread[np.isfinite(spread) & (spread > 1e-12 * spread.max(initial=0.0))]
    return float(spread.max() / spread.min()) if spread.size else 1.0


def _correlated(X):
    """How many columns have another one that they are correlated with by more than 0.9."""
    if sp.issparse(X) or not 1 < X.shape[1] <= MOST_COLUMNS or not np.isfinite(X).all():
        return 0
    X = X[:: max(1, -(-len(X) // ROWS_TO_CORRELATE))]
    X = X[:, X.std(axis=0) > 0.0]
    if X.shape[1] < 2:
        return 0
    R = np.abs(np.corrcoef(X, rowvar=False))
    np.fill_diagonal(R, 0.0)
    return int((R.max(axis=0) > CORRELATED).sum())


def verdict_of(gap, learned, lost, floor, stronger, weaker, growth, reference, short):
    """The verdict of `diagnose`, and the reason for it in words; arguments are `Interval`s, None if not measured.

    `short` is by how much the training score is below the reference's on held-out rows.
    """
    if weaker is not None and weaker[1].is_gain:
        return "underfitting", f"less regularization ({weaker[0]!r}) is better by {weaker[1]}"
    large = lost > LOST and gap.is_gain
    if large:
        facts = f"{lost:.0%} of what is learned on training rows is lost on held-out rows"
        if stronger is not None and stronger[1].high < 0.0 and not (growth is not None and growth.is_gain):
            return "fitting well", f"{facts}, but more regularization is worse: {stronger[1]}"
        if stronger is not None and is_worth(stronger[1], learned):
            return "overfitting", f"{facts}, and more regularization ({stronger[0]!r}) is better by {stronger[1]}"
        return "overfitting", facts
    if not floor.is_gain:
        return "underfitting", f"it is not shown to be better than a constant: {floor}"
    if short is not None and short.mean > 0.0:
        return (
            "underfitting",
            f"even on its training rows it is worse than gradient boosting on held-out ones, by {short}",
        )
    if reference is not None and reference.is_gain:
        return "underfitting", f"gradient boosting is better on the same folds by {reference}"
    if lost > LOST:
        return "fitting well", f"training scores cannot be told from those of held-out rows: {gap}"
    return "fitting well", f"only {max(lost, 0.0):.0%} of what is learned on training rows is lost on held-out rows"


class Diagnosis:
    """What `diagnose` found; print it, or show it in a notebook.

    Parameters
    ----------
    estimator, folds, scoring, measured, seconds
        From `diagnose`, which makes the object.

    Attributes
    ----------
    verdict : {"overfitting", "underfitting", "fitting well"}
    reason : str
        The numbers that it follows from.
    scores : dict
        Means over folds of the scores: "training", "validation", "constant" and, where measured, "reference".
    gap : Interval
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
    overconfidence : Interval or None
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

    def __init__(self, estimator, folds, scoring, measured, seconds):
        self.estimator, self._folds, self.scoring, self.seconds = estimator, folds, scoring, seconds
        self._measured, self._baseline, self.skipped = measured, measured.baseline, measured.skipped
        base = measured.baseline
        self.gap = interval([fit.train - fit.validation for fit in base])
        above = folds.gain(base, measured.floor)
        self.scores = {
            "training": mean(base, "train"),
            "validation": mean(base),
            "constant": mean(measured.floor),
        }
        if measured.reference is not None:
            self.scores["reference"] = mean(measured.reference_fits)
        learned = self.scores["training"] - self.scores["constant"]
        self.lost = self.gap.mean / learned if learned > 0.0 else 0.0
        self.learning_curve = _means(measured.learning)
        self.regularization_curve = _means(measured.curve)
        self.regularized_by = measured.strength.name if measured.strength else None
        self.overconfidence = None
        if base[0].confidence is not None:
            self.overconfidence = interval([(fit.confidence - fit.right).mean() for fit in base])
        self.facts = {
            "training rows of a fold": folds.n_train,
            "features of the last step": measured.n_features,
            "largest over smallest deviation": measured.uneven,
            "features correlated above 0.9": measured.correlated,
            "fits that did not converge": sum("ConvergenceWarning" in fit.messages for fit in base),
        }
        sides = measured.stronger, measured.weaker
        short = None
        if measured.reference is not None:
            short = interval(
                [b.validation - a.train for a, b in zip(base, measured.reference_fits, strict=True)], folds.splits
            )
        self.verdict, self.reason = verdict_of(
            self.gap, learned, self.lost, above, *sides, measured.growth, measured.reference, short
        )
        self.suggestions = suggestions(
            Evidence(
                estimator,
                self.verdict,
                folds.n_train,
                measured.n_features,
                _is_numeric(folds.X),
                measured.is_sparse,
                measured.uneven,
                measured.correlated,
                learned,
                self.lost,
                measured.growth,
                measured.strength,
                *sides,
                measured.reference,
                self.overconfidence,
                self.facts["fits that did not converge"],
            )
        )

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
        if k not in Range(Integral, 1, np.inf):
            raise ValueError(f"k must be an int of at least 1; got {k!r}.")
        done = []
        for suggestion in self.suggestions[:k]:
            of_curve = suggestion.parameter == self.regularized_by and suggestion.value in self._measured.curve
            if of_curve:
                stronger = self._measured.strength.is_stronger(suggestion.value)
                fits = self._measured.fits_on_side(stronger)
            else:
                fits = self._folds.run(suggestion.estimator)
            done.append(Trial.of(suggestion, fits, self._baseline, self._folds))
        return Trials(done, self.scoring, self.scores["validation"])

    def to_frame(self):
        """The suggestions as a table.

        Returns
        -------
        frame : pandas.DataFrame
            One row a suggestion: technique, parameter, value, why.
        """
        import pandas as pd

        columns = ["technique", "parameter", "value", "why"]
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
        rows = [share * self._folds.n_train for share in shares]
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
        fits = {"training": ([f.train for f in self._baseline], BLUE, "o")}
        fits["validation"] = ([f.validation for f in self._baseline], ORANGE, "^")
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
        lines = [(self.scoring, f"{scores}; {len(self._folds.splits)} folds")]
        lines.append(("gap", f"{self.gap}, {max(self.lost, 0.0):.0%} of what is learned above a constant"))
        for name, gain in (("stronger", self._measured.stronger), ("weaker", self._measured.weaker)):
            if gain is not None:
                lines.append((f"{name} {self.regularized_by}", f"best {gain[0]!r}: {gain[1]}"))
        if self._measured.growth is not None:
            lines.append(("half of the rows to all", str(self._measured.growth)))
        if self._measured.reference is not None:
            lines.append(("gradient boosting", f"{self._measured.reference} over this estimator"))
        if self.overconfidence is not None:
            lines.append(("confidence above accuracy", str(self.overconfidence)))
        facts = [f"{name}: {value:.4g}" for name, value in self.facts.items() if value]
        lines.append(("data", "; ".join(facts)))
        if self.skipped:
            lines.append(("no time for", ", ".join(self.skipped)))
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


def _is_numeric(X):
    """Whether X is dense and of numbers."""
    if sp.issparse(X):
        return False
    kinds = [dtype.kind for dtype in X.dtypes] if hasattr(X, "dtypes") else [np.asarray(X).dtype.kind]
    return all(kind in "iuf" for kind in kinds)
