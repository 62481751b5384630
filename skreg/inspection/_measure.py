"""What the adviser measures of an estimator, all on the same folds."""

import time

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from ..utils._rows import take
from ._display import last_step
from ._evaluate import Difference, mean, overconfidence
from ._strength import BINNED, FORESTS, STAGED, TREES, chain, resolve, strength_of
from ._verdict import verdict_of

CORRELATED = 0.9
EXTENSIONS = 4  # how often the regularization curve goes on by ten where it still rises at its end
SHARES = (0.5, 0.25)  # of the training rows, for the learning curve; the baseline is its end
ROWS_TO_CORRELATE = 2000
MOST_COLUMNS = 2000
NOTHING = 1e-3  # a share of the scores: less than that is nothing learned
REFERENCE_SECONDS = 0.5  # a guess of a fit of gradient boosting, for the budget


class Measurements:
    """The baseline, a constant, the regularization curve, the learning curve and a reference.

    Parameters
    ----------
    estimator : estimator
    folds : Folds
    start : float
        When the budget began, by `time.perf_counter`.
    budget : float or None
        Seconds.

    Attributes
    ----------
    baseline, floor : list of Fit
        Of the estimator, and of a constant prediction.
    curve, learning : dict
        From values of the strength, and from shares of the rows, to lists of Fit.
    strength : Strength or None
    stronger, weaker : tuple of (value, Difference) or None
        The best value on each side, and its gain where it is chosen by other folds.
    growth : Difference or None
        From half of the training rows to all.
    reference_fits : list of Fit or None
    reference, shortfall : Difference or None
        Gain of gradient boosting over the estimator on held-out rows, and over what that reaches on training rows.
    gap, above : Difference
        Training minus validation score, and validation score above the constant's.
    learned, lost : float
        Training score above the constant's, and the share of that which held-out rows do not show; 0 where nothing is
        learned.
    overconfidence : Difference or None
        Mean confidence minus share of right answers.
    n_features : int
        As the last step sees them; 0 where they are not numbers. Likewise `is_sparse`; `uneven`, the largest over the
        smallest of their deviations; `n_correlated`, those with a correlation above 0.9 with another.
    n_unconverged : int
        Fits of the baseline that warned so.
    verdict, reason : str
        See `verdict_of`.
    skipped : list of str
        What there was no time for, or what failed.
    """

    def __init__(self, estimator, folds, start, budget):
        self.estimator, self.folds, self.start, self.budget = estimator, folds, start, budget
        self.skipped = []
        self.baseline = folds.run(estimator)
        self.baseline_seconds = time.perf_counter() - start
        self.floor = folds.run(DummyClassifier(strategy="prior") if is_classifier(estimator) else DummyRegressor())
        self._judge_baseline()
        self._look_at_features()
        self.strength = strength_of(estimator)
        self.curve = {}
        if self.strength is not None:
            self._measure_curve()
        self.stronger, self.weaker = (self._best_on(side) for side in (True, False))
        self.learning = self._learning_curve()
        half = self.learning.get(SHARES[0])
        self.growth = None if half is None else folds.gain(self.baseline, half)
        self.reference_fits = self._reference()
        self.reference = self.shortfall = None
        if self.reference_fits is not None:
            self.reference = folds.gain(self.reference_fits, self.baseline)
            pairs = zip(self.baseline, self.reference_fits, strict=True)
            self.shortfall = folds.difference([boosted.validation - fit.train for fit, boosted in pairs])
        self.verdict, self.reason = verdict_of(self)

    @property
    def final(self):
        """What does the learning, inside pipelines and wrappers."""
        return resolve(self.estimator)[1]

    def is_a(self, kinds):
        return isinstance(self.final, kinds)

    def is_inside(self, kinds):
        """Whether one of the wrappers is of these kinds."""
        return any(isinstance(outer, kinds) for _, outer in chain(self.estimator)[:-1])

    @property
    def is_numeric(self):
        """Whether X is dense and of numbers."""
        X = self.folds.X
        if sp.issparse(X):
            return False
        columns = [X[name] for name in X.columns] if hasattr(X, "columns") else [X]
        return all(np.asarray(column).dtype.kind in "iuf" for column in columns)

    def _judge_baseline(self):
        fits = self.baseline
        if not all(np.isfinite([fit.train, fit.validation]).all() for fit in [*fits, *self.floor]):
            raise ValueError(f"scoring must give finite scores; got {[fit.validation for fit in fits]}.")
        self.gap = self.folds.difference([fit.train - fit.validation for fit in fits], of_learning=False)
        self.above = self.folds.gain(fits, self.floor)
        self.learned = mean(fits, "train") - mean(self.floor)
        sizes = abs(mean(fits, "train")) + abs(mean(self.floor))
        self.lost = self.gap.mean / self.learned if self.learned > NOTHING * sizes else 0.0
        over = overconfidence(fits)
        self.overconfidence = None if over is None else self.folds.difference(over, of_learning=False)
        self.n_unconverged = sum("ConvergenceWarning" in fit.messages for fit in fits)

    def _look_at_features(self):
        self.n_features, self.uneven, self.n_correlated, self.is_sparse = 0, 1.0, 0, False
        train = self.folds.splits[0][0]
        X, y = (take(part, train) for part in (self.folds.X, self.folds.y))
        try:
            for _, outer in chain(self.estimator):
                X = last_step(outer, X, y, refit=True)[1] if isinstance(outer, Pipeline) else X
            X = X if sp.issparse(X) else np.asarray(X, dtype=float)
        except (TypeError, ValueError):  # texts, categories
            return
        if X.ndim == 2:
            self.n_features, self.is_sparse = X.shape[1], sp.issparse(X)
            self.uneven, self.n_correlated = unevenness(X), correlated(X)

    def _affordable(self, what, seconds):
        """Whether there is time for something; remembers what is skipped."""
        if self.budget is None or time.perf_counter() - self.start + seconds <= self.budget:
            return True
        self.skipped.append(what)
        return False

    def _try(self, what, seconds, estimator, share=None):
        """Fits of what is not the baseline: None where there is no time, or where they fail, as few rows may do."""
        if not self._affordable(what, seconds):
            return None
        try:
            return self.folds.run(estimator, share)
        except ValueError as error:
            self.skipped.append(f"{what} (failed: {error})")
            return None

    def _measure_curve(self):
        self.curve = {self.strength.value: self.baseline}
        for value in self.strength.values(self.folds.n_train):
            self._run_at(value)
        if self.strength.kind.scale == "factor":
            self._extend()

    def _run_at(self, value):
        name = self.strength.name
        share = value / self.strength.value if self.strength.kind.name in ("max_iter", "n_estimators") else 1.0
        model = clone(self.estimator).set_params(**{name: value})
        fits = self._try(f"{name}={value!r}", share * self.baseline_seconds, model)
        if fits is not None:
            self.curve[value] = fits
        return fits is not None

    def _extend(self):
        """Go on in tens while the curve still rises at its end, or where it is flat, with weaker values."""
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
        """Fits at the best value on a side, for every fold the one that other folds choose; None if none can."""
        values = self._side(stronger)
        scores = np.array([[fit.validation for fit in self.curve[value]] for value in values])
        chosen = self.folds.chosen_by_others(scores)
        return None if chosen is None else [self.curve[values[i]][fold] for fold, i in enumerate(chosen)]

    def _best_on(self, stronger):
        if self.strength is None or not self._side(stronger):
            return None
        best = max(self._side(stronger), key=lambda value: mean(self.curve[value]))
        fits = self.fits_on_side(stronger)
        if fits is None:
            return best, Difference(mean(self.curve[best]) - mean(self.baseline), np.nan, np.nan)
        return best, self.folds.gain(fits, self.baseline)

    def _learning_curve(self):
        found = {1.0: self.baseline}
        for share in SHARES:
            if int(share * self.folds.n_train) >= 10:
                what = f"learning curve at {share:.0%}"
                fits = self._try(what, share * self.baseline_seconds, self.estimator, share)
                if fits is not None:
                    found[share] = fits
        return found

    def _reference(self):
        if self.is_a((*BINNED, *STAGED, *FORESTS, *TREES)):
            return None
        if not self.n_features or self.is_sparse or np.asarray(self.folds.y).ndim != 1:
            self.skipped.append("reference (gradient boosting needs dense numbers and one target)")
            return None
        kind = HistGradientBoostingClassifier if is_classifier(self.estimator) else HistGradientBoostingRegressor
        name, model = resolve(self.estimator)[0].removesuffix("__"), kind(random_state=0)
        model = clone(self.estimator).set_params(**{name: model}) if name else model
        seconds = max(self.baseline_seconds, REFERENCE_SECONDS * len(self.folds.splits))
        return self._try("reference", seconds, model)


def unevenness(X):
    """Largest over smallest standard deviation of the columns that vary; of sparse ones, root mean square."""
    spread = np.sqrt(np.asarray(X.multiply(X).mean(axis=0)).ravel()) if sp.issparse(X) else X.std(axis=0)
    spread = spread[np.isfinite(spread) & (spread > 1e-12 * spread.max(initial=0.0))]
    return float(spread.max() / spread.min()) if spread.size else 1.0


def correlated(X):
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
