"""What the adviser measures of an estimator, all on the same folds."""

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor

from . import _data
from ._alternative import WORTH, alternative
from ._curve import best_on, measure_curve
from ._evaluate import mean, overconfidence
from ._progress import Progress
from ._references import LINEAR, SEARCHES, changes_to_try, reference_models
from ._runs import Runs
from ._second_look import look_again
from ._strength import BINNED, FORESTS, NEIGHBORS, STAGED, TREES, VECTORS, chain, resolve, strength_of
from ._verdict import NAMES, verdict_of

SHARES = (0.5, 0.25)  # of the training rows, for the learning curve; the baseline is its end
MIN_ROWS = 10  # of the learning curve
REFERENCE_SECONDS = 0.5  # a guess of a reference's first fit, for the budget; further ones should take as long as that
LEARNED_ROUNDING = 1e-3  # share of the scores: less than that is nothing learned
BY_HEART = (*TREES, *FORESTS, *BINNED, *STAGED, *NEIGHBORS, *VECTORS)  # may know their training rows by heart
PERFECT = 0.999  # share of what can be learned that a model that knows its training rows by heart has on them


class Measurements:
    """The baseline, a constant, the regularization curve, the learning curve, references, and changes that were tried.

    Parameters
    ----------
    estimator : estimator
    folds : Folds
    splits : Splits
        See `choose_splits`.
    start : float
        When the budget began, by `time.perf_counter`.
    budget : float or None
        Seconds.
    verbose : bool or None
        See `Progress`.

    Attributes
    ----------
    baseline, floor : list of Fit
        Of the estimator, and of a constant prediction.
    curve, learning : dict
        From values of the strength, and from shares of the rows, to lists of Fit.
    strength : Strength or None
    stronger, weaker : Alternative or None
        The best value on each side, judged fold by fold as the one that the other folds choose.
    growth : Difference or None
        From half of the training rows to all.
    references, tried : dict of str to Alternative
        "linear" and "boosting"; and changes such as "standardized features".
    gap, above : Difference
        Training minus held-out score, and held-out score above the constant's, on all folds that were used.
    first_above : Difference
        The held-out score above the constant's on the first folds, which all that is shown beside it shares.
    again_base, again_floor : list of Fit or None
        Of the estimator and of the constant on the first and on further folds, where some comparisons were repeated.
    learned, lost : float
        Training score above the constant's, and the share of that which held-out rows do not show; 0 where nothing is
        learned.
    has_learned : bool
        Whether the training score is above the constant's by more than rounding.
    overconfidence : Difference or None
        Mean confidence minus share of right answers.
    facts : Facts
        See `facts_of`.
    shares : dict
        Of the classes, the rarest first; empty in regression.
    leak : Difference or None
        Score of folds that separate what belongs together minus that of folds that do not.
    order : Difference or None
        Score of shuffled folds minus that of the folds of consecutive rows.
    n_unfinished : int
        Fits of the baseline that ended too early.
    verdict, reason : str
        See `verdict_of`.
    runs : Runs
    skipped : list of str
        What there was no time for, what failed, and what was interrupted.
    out_of_time : list of str
        Those of `skipped` that there was no time for.
    without_reference : list of str
        Why there is nothing to compare with, where no reference takes the data; empty elsewhere.
    interrupted : bool
    """

    def __init__(self, estimator, folds, splits, start, budget, verbose=None):
        self.estimator = estimator
        self.folds = folds
        self.splits = splits
        self.interrupted = False
        self.curve = {}
        self.learning = {}
        self.references = {}
        self.tried = {}
        self.without_reference = []
        self.stronger = self.weaker = self.growth = self.leak = self.order = None
        self.again_base = self.again_floor = None
        with Progress(verbose) as progress:
            self.runs = Runs(folds, start, budget, progress)
            self.skipped, self.out_of_time = self.runs.skipped, self.runs.out_of_time
            self._measure()
        self.runs.progress = None  # is not pickled
        self.verdict, self.reason = verdict_of(self)

    def _measure(self):
        self.runs.expect(1)
        self.baseline = self.runs.run("the estimator", self.estimator)
        n_parts = -(-len(self.folds.splits) // effective_n_jobs(self.folds.n_jobs))
        self.baseline_seconds = n_parts * float(np.median([fit.seconds for fit in self.baseline]))  # not of compilation
        self.dummy = DummyClassifier(strategy="prior") if is_classifier(self.estimator) else DummyRegressor()
        self.floor = self.runs.run("a constant", self.dummy)
        self._judge_baseline()
        self._look_at_rows()
        self.learning = {1.0: self.baseline}
        self.strength = strength_of(self.estimator)
        if self.strength is not None:
            self.curve = {self.strength.value: self.baseline}
        steps = [self._try_changes, self._measure_references, self._measure_leak, self._measure_growth]
        try:
            for step in steps:  # what a report needs most comes first, for a budget may end it
                step()
            measure_curve(self)
            self._set_sides()
            look_again(self)
        except KeyboardInterrupt:
            self.interrupted = True
            self.skipped.append("whatever came after the interrupt")
            self._set_sides()

    def _set_sides(self):
        self.stronger, self.weaker = (best_on(self, side) for side in (True, False))

    @property
    def final(self):
        """What does the learning, inside pipelines and wrappers."""
        return resolve(self.estimator)[1]

    @property
    def learnable(self):
        """The best score above the constant's that was seen, be it on training rows."""
        others = [mean(one.fits) - mean(self.floor) for one in (*self.references.values(), *self.tried.values())]
        return max(self.learnable_on_the_curve, *others, 0.0)

    @property
    def learnable_on_the_curve(self):
        """The same of the estimator and its curve, which goes on or ends whatever the references do."""
        best = [mean(self.baseline, "train"), mean(self.baseline), *(mean(fits) for fits in self.curve.values())]
        return max(max(best) - mean(self.floor), 0.0)

    @property
    def missing(self):
        """What a verdict needs and was not measured: changes that findings call for, references, the curve."""
        found = [name for name in changes_to_try(self) if name not in self.tried and self._was_cut(name)]
        found += [NAMES[name] for name in reference_models(self)[0] if self._lacks_reference(name)]
        if self.strength is not None and len(self.curve) < 2:
            found.append(f"other values of {self.strength.name}")
        return found + self.without_reference

    def _lacks_reference(self, name):
        return name not in self.references and self._was_cut(f"{name} reference")

    def _was_cut(self, what):
        return self.interrupted or what in self.out_of_time

    def counts(self, difference):
        """The one rule: the interval lies above zero, and the mean is at least a hundredth of `learnable`."""
        return difference is not None and difference.counts(WORTH * self.learnable)

    @property
    def alternatives(self):
        """All other models that were measured."""
        sides = [side for side in (self.stronger, self.weaker) if side is not None]
        return [*sides, *self.references.values(), *self.tried.values()]

    @property
    def knows_by_heart(self):
        """Whether a gap is natural: the family may fit its training rows exactly, or did."""
        exact = mean(self.baseline, "train") - mean(self.floor) >= PERFECT * self.learnable
        return self.is_a(BY_HEART) or (exact and self.learnable > 0.0)

    def is_a(self, kinds):
        """Whether what does the learning is of these kinds."""
        return isinstance(self.final, kinds)

    @property
    def is_linear(self):
        """Whether what does the learning is a linear model itself."""
        return self.is_a(LINEAR)

    def is_inside(self, kinds):
        """Whether one of the wrappers is of these kinds."""
        return any(isinstance(outer, kinds) for _, outer in chain(self.estimator)[:-1])

    @property
    def is_numeric(self):
        """Whether X is dense and of numbers."""
        return _data.is_numeric(self.folds.X)

    def _judge_baseline(self):
        fits = self.baseline
        if not all(np.isfinite([fit.train, fit.validation]).all() for fit in [*fits, *self.floor]):
            raise ValueError(f"scoring must give finite scores; got {[fit.validation for fit in fits]}.")
        self.gap = self.folds.difference([fit.train - fit.validation for fit in fits], of_learning=False)
        self.above = self.first_above = self.folds.gain(fits, self.floor)
        self.learned = mean(fits, "train") - mean(self.floor)
        sizes = abs(mean(fits, "train")) + abs(mean(self.floor))
        self.has_learned = self.learned > LEARNED_ROUNDING * sizes
        self.lost = self.gap.mean / self.learned if self.has_learned else 0.0
        over = overconfidence(fits)
        self.overconfidence = None if over is None else self.folds.difference(over, of_learning=False)
        self.n_unfinished = sum(fit.unfinished for fit in fits)

    def _look_at_rows(self):
        X, y = self.folds.X, self.folds.y
        self.facts = _data.facts_of(self.estimator, X, y, self.folds.splits[0][0])
        is_class = _data.can_classify(self.estimator, y)
        self.shares = _data.class_shares(y) if is_class else {}
        correlation, drift = _data.order_facts(X, y, is_class) if np.asarray(y).ndim == 1 else (0.0, None)
        self.facts = self.facts._replace(neighbour_correlation=correlation, drift=drift)

    def _measure_growth(self):
        shares = [share for share in SHARES if int(share * self.folds.n_train) >= MIN_ROWS]
        self.runs.expect(len(shares))
        for share in shares:
            what = f"learning curve at {share:.0%}"
            fits = self.runs.attempt(what, share * self.baseline_seconds, self.estimator, share)
            if fits is not None:
                self.learning[share] = fits
        half = self.learning.get(SHARES[0])
        self.growth = None if half is None else self.folds.gain(self.baseline, half)

    def _measure_references(self):
        models, reason = reference_models(self)
        n_before = len(self.skipped)
        if reason:
            self.skipped.append(reason)
        self.runs.expect(len(models))
        for name, (part, model) in models.items():
            fits = self.runs.attempt(f"{name} reference", REFERENCE_SECONDS, model)
            if fits is not None:
                self.references[name] = alternative(self, name, fits, model=model, part=part)
        if not self.references and not self.is_a(SEARCHES):  # these are the linear reference themselves
            left_out = self.skipped[n_before:]
            self.without_reference = [what for what in left_out if what not in self.out_of_time]

    def _try_changes(self):
        for name, how in changes_to_try(self).items():
            self.runs.expect(1)
            fits = self.runs.attempt(name, how.pop("times") * self.baseline_seconds, how["model"])
            if fits is not None:
                self.tried[name] = alternative(self, name, fits, **how)

    def _measure_leak(self):
        """What folds that part groups, equal rows, or neighbours pretend."""
        if self.splits.other is not None:
            self.runs.expect(1)
            others = self.folds.on(self.splits.other)
            fits = self.runs.attempt("folds of the other kind", self.baseline_seconds, self.estimator, None, others)
            if fits is not None:
                apart, together = (fits, self.baseline) if self.splits.together else (self.baseline, fits)
                n = min(len(apart), len(together))
                self.leak = self.folds.difference(
                    [a.validation - b.validation for a, b in zip(apart[:n], together[:n], strict=True)]
                )
        elif self.facts.neighbour_correlation > _data.MIN_NEIGHBOUR_CORRELATION:
            n_folds, y = len(self.folds.splits), self.folds.y
            shuffled = _data.shuffled_splits(min(n_folds, 5), y, _data.can_classify(self.estimator, y))
            self.runs.expect(1)
            fits = self.runs.attempt(
                "shuffled folds", self.baseline_seconds, self.estimator, None, self.folds.on(shuffled)
            )
            if fits is not None:
                pairs = zip(fits, self.baseline, strict=False)
                self.order = self.folds.difference([a.validation - b.validation for a, b in pairs])
