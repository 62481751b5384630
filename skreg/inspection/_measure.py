"""What the adviser measures of an estimator, all on the same folds."""

import time
from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor

from . import _data
from ._evaluate import Difference, Folds, mean, overconfidence
from ._progress import Progress
from ._references import LINEAR, STANDARDIZED, changes_to_try, reference_models
from ._strength import BINNED, FORESTS, NEIGHBORS, ROUNDS, STAGED, TREES, VECTORS, chain, resolve, strength_of
from ._verdict import NAMES, verdict_of

WORTH = 0.01  # share of what can be learned that a difference must have to count
MAX_EXTENSIONS = 4  # how often the regularization curve goes on where it still rises at its end
MAX_AGAIN = 3  # values of a side of the curve that are compared again on further folds
SECOND_LOOK = "a second look on further folds"
SHARES = (0.5, 0.25)  # of the training rows, for the learning curve; the baseline is its end
MIN_ROWS = 10  # of the learning curve
REFERENCE_SECONDS = 0.5  # a guess of a reference's first fit, for the budget; further ones should take as long as that
LEARNED_ROUNDING = 1e-3  # share of the scores: less than that is nothing learned
BY_HEART = (*TREES, *FORESTS, *BINNED, *STAGED, *NEIGHBORS, *VECTORS)  # may know their training rows by heart
PERFECT = 0.999  # share of what can be learned that a model that knows its training rows by heart has on them


class Alternative(NamedTuple):
    """Another model on the same folds, compared with the baseline.

    Attributes
    ----------
    name : str
    fits : list of Fit
    gain, above : Difference
        Held-out score minus the baseline's, and minus the constant's.
    train : float
        Mean training score.
    model : estimator
        Unfitted; None where fits are those of several values.
    part : estimator
        What stands in the place of what does the learning; None where only parameters change.
    change : dict
        Parameters that change; empty where `part` is all.
    value : object
        Of the regularization curve.
    base : list of Fit
        Of the baseline, on the same folds.
    folds : Folds
    """

    name: str
    fits: list
    gain: Difference
    above: Difference
    train: float
    model: BaseEstimator | None = None
    part: BaseEstimator | None = None
    change: dict | None = None
    value: object = None
    base: list | None = None
    folds: Folds | None = None


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
    skipped : list of str
        What there was no time for, what failed, and what was interrupted.
    out_of_time : list of str
        Those of `skipped` that there was no time for.
    interrupted : bool
    """

    def __init__(self, estimator, folds, splits, start, budget, verbose=None):
        self.estimator = estimator
        self.folds = folds
        self.splits = splits
        self.start = start
        self.budget = budget
        self.skipped = []
        self.out_of_time = []
        self.interrupted = False
        self.curve = {}
        self.learning = {}
        self.references = {}
        self.tried = {}
        self.stronger = self.weaker = self.growth = self.leak = self.order = None
        self.again_base = self.again_floor = None
        with Progress(verbose) as self._progress:
            self._measure()
        del self._progress
        self.verdict, self.reason = verdict_of(self)

    def _measure(self):
        self._progress.expect(1)
        self.baseline = self._run("the estimator", self.estimator)
        n_parts = -(-len(self.folds.splits) // effective_n_jobs(self.folds.n_jobs))
        self.baseline_seconds = n_parts * float(np.median([fit.seconds for fit in self.baseline]))  # not of compilation
        self.dummy = DummyClassifier(strategy="prior") if is_classifier(self.estimator) else DummyRegressor()
        self.floor = self._run("a constant", self.dummy)
        self._judge_baseline()
        self._look_at_rows()
        self.learning = {1.0: self.baseline}
        self.strength = strength_of(self.estimator)
        if self.strength is not None:
            self.curve = {self.strength.value: self.baseline}
        steps = [self._try_changes, self._measure_references, self._measure_leak, self._measure_growth]
        try:
            for step in [*steps, self._measure_curve]:  # what a report needs most comes first, for a budget may end it
                step()
            self._set_sides()
            self._look_again()
        except KeyboardInterrupt:
            self.interrupted = True
            self.skipped.append("whatever came after the interrupt")
            self._set_sides()

    def _set_sides(self):
        self.stronger, self.weaker = (self._best_on(side) for side in (True, False))

    @property
    def final(self):
        """What does the learning, inside pipelines and wrappers."""
        return resolve(self.estimator)[1]

    @property
    def learnable(self):
        """The best score above the constant's that was seen, be it on training rows."""
        others = [mean(one.fits) - mean(self.floor) for one in (*self.references.values(), *self.tried.values())]
        return max(self._learnable_on_the_curve, *others, 0.0)

    @property
    def _learnable_on_the_curve(self):
        """The same of the estimator and its curve, which goes on or ends whatever the references do."""
        best = [mean(self.baseline, "train"), mean(self.baseline), *(mean(fits) for fits in self.curve.values())]
        return max(max(best) - mean(self.floor), 0.0)

    @property
    def missing(self):
        """What a verdict needs and time was too short for: changes that findings call for, references, the curve."""
        found = [name for name in changes_to_try(self) if name not in self.tried and self._was_cut(name)]
        found += [NAMES[name] for name in reference_models(self)[0] if self._lacks_reference(name)]
        if self.strength is not None and len(self.curve) < 2:
            found.append(f"other values of {self.strength.name}")
        return found

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
        self.lost = self.gap.mean / self.learned if self.learned > LEARNED_ROUNDING * sizes else 0.0
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

    def _run(self, what, estimator, share=None, folds=None):
        self._progress.begin(what)
        fits = (folds or self.folds).run(estimator, share)
        self._progress.end()
        return fits

    def _has_time_for(self, seconds):
        return self.budget is None or time.perf_counter() - self.start + seconds <= self.budget

    def _affordable(self, what, seconds):
        """Whether there is time for something; remembers what is left out."""
        if self._has_time_for(seconds):
            return True
        self._leave_out(what)
        return False

    def _leave_out(self, what):
        if what not in self.out_of_time:
            self.skipped.append(what)
            self.out_of_time.append(what)

    def _try(self, what, seconds, estimator, share=None, folds=None):
        """Fits of what is not the baseline: None where there is no time, or where they fail, as few rows may do."""
        if not self._affordable(what, seconds):
            return None
        try:
            return self._run_in_time(what, estimator, share, folds or self.folds)
        except ValueError as error:
            self.skipped.append(f"{what} (failed: {error})")
            return None

    def _run_in_time(self, what, estimator, share, folds):
        """Fits on all folds; with a budget in parts, which end where the rest is expected to take too long."""
        if self.budget is None:
            return self._run(what, estimator, share, folds)
        step, fits = effective_n_jobs(folds.n_jobs), []
        self._progress.begin(what)
        while len(fits) < len(folds.splits):
            began = time.perf_counter()
            fits += folds.on(folds.splits[len(fits) : len(fits) + step]).run(estimator, share)
            n_parts = -(-(len(folds.splits) - len(fits)) // step)
            if n_parts and not self._affordable(what, n_parts * (time.perf_counter() - began)):
                return None
        self._progress.end()
        return fits

    def _alternative(self, name, fits, **how):
        gain, above = self.folds.gain(fits, self.baseline), self.folds.gain(fits, self.floor)
        return Alternative(name, fits, gain, above, mean(fits, "train"), base=self.baseline, folds=self.folds, **how)

    def _measure_curve(self):
        if self.strength is None:
            return
        values = self.strength.values(self.folds.n_train)
        self._progress.expect(len(values))
        for value in values:
            self._run_at(value)
        for _ in range(MAX_EXTENSIONS):
            value = self._next_value()
            if value is None or value in self.curve or not self._run_at(value):
                return

    def _run_at(self, value):
        name = self.strength.name
        share = value / self.strength.value if self.strength.kind.name in ROUNDS else 1.0
        model = clone(self.estimator).set_params(**{name: value})
        fits = self._try(f"{name}={value!r}", share * self.baseline_seconds, model)
        if fits is not None:
            self.curve[value] = fits
        return fits is not None

    def _next_value(self):
        """The value beyond an end at which the curve still rises, or beyond the weak one where all is nothing."""
        values = sorted(self.curve)
        scores = {value: mean(self.curve[value]) for value in values}
        if len(values) < 2:
            return None
        least = WORTH * self._learnable_on_the_curve
        nothing_yet = max(scores.values()) - mean(self.floor) <= least
        if nothing_yet and max(scores.values()) - min(scores.values()) <= least:
            up = self.strength.kind.stronger < 0
        else:
            best = max(scores, key=scores.get)
            up = best == values[-1]
            neighbour = values[-2] if up else values[1]
            if best not in (values[0], values[-1]) or scores[best] - scores[neighbour] <= 0.5 * least:
                return None
        return self.strength.beyond(values[-1] if up else values[0], self.folds.n_train, up=up)

    def side(self, stronger):
        """Values of the curve that regularize more, or less, than the present one; the most regularizing first."""
        values = [v for v in self.curve if v != self.strength.value and self.strength.is_stronger(v) == stronger]
        return sorted(values, key=lambda value: -self.strength.kind.stronger * value)

    def _best_on(self, stronger):
        """The most regularizing value on a side among those that are as good as its best, within the `WORTH`."""
        if self.strength is None or not self.side(stronger):
            return None
        values, tolerance = self.side(stronger), WORTH * self.learnable
        means = np.array([mean(self.curve[value]) for value in values])
        value = values[int((means >= means.max() - tolerance).argmax())]
        fits = self._judged_by_others([self.curve[value] for value in values], self.folds)
        if fits is None:  # every fold has seen what the others hold out: there is no honest interval
            found = self._alternative("curve", self.curve[value], value=value)
            return found._replace(gain=Difference(found.gain.mean, np.nan, np.nan))
        return self._alternative("curve", fits, value=value)

    def _judged_by_others(self, candidates, folds):
        """Of several lists of fits, for every fold the fit that the other folds choose; None where none can."""
        scores = np.array([[fit.validation for fit in fits] for fits in candidates])
        chosen = folds.chosen_by_others(scores, WORTH * self.learnable)
        return None if chosen is None else [candidates[i][fold] for fold, i in enumerate(chosen)]

    def _look_again(self):
        """Repeat on further folds what the first ones leave open: gains that are large enough, but not shown."""
        if (
            not self.splits.more
            or self.facts.drift
            or self.facts.neighbour_correlation > _data.MIN_NEIGHBOUR_CORRELATION
        ):
            return  # shuffled folds would mix what lies together
        least = WORTH * self.learnable
        open_ = [one for one in self.alternatives if one.gain.mean >= least and not self.counts(one.gain)]
        best = max(open_, key=lambda one: one.gain.mean, default=None)
        again = [one for one in open_ if one is best or one.change or one.name == STANDARDIZED]
        if not again and (self.counts(self.above) or self.above.mean < least):
            return
        folds = self.folds.on(self.splits.more)
        n_sets = 2 + sum(1 if one.model is not None else MAX_AGAIN for one in again)
        scale = len(self.splits.more) / len(self.folds.splits)
        if not self._affordable(SECOND_LOOK, scale * n_sets * self.baseline_seconds):
            return
        self._progress.expect(n_sets)
        base, floor = (self._try(SECOND_LOOK, 0.0, model, folds=folds) for model in (self.estimator, self.dummy))
        if base is None or floor is None:
            return
        self._all_folds = self.folds.on([*self.folds.splits, *self.splits.more])
        self.again_base, self.again_floor = [*self.baseline, *base], [*self.floor, *floor]
        self.above = self._all_folds.gain(self.again_base, self.again_floor)
        for one in again:
            fits = self._run_again(one, folds)
            if fits is not None:
                self._replace(one, fits)

    def _run_again(self, one, folds):
        """Fits of an alternative on the first folds and on further ones."""
        if one.model is not None:
            more = self._try(SECOND_LOOK, 0.0, one.model, folds=folds)
            return None if more is None else [*one.fits, *more]
        values = sorted(self.side(one is self.stronger), key=lambda value: -mean(self.curve[value]))[:MAX_AGAIN]
        values = [value for value in self.side(one is self.stronger) if value in {*values, one.value}]
        models = [clone(self.estimator).set_params(**{self.strength.name: value}) for value in values]
        more = [self._try(SECOND_LOOK, 0.0, model, folds=folds) for model in models]
        if any(fits is None for fits in more):
            return None
        candidates = [[*self.curve[value], *fits] for value, fits in zip(values, more, strict=True)]
        return self._judged_by_others(candidates, self._all_folds)

    def _replace(self, one, fits):
        found = one._replace(
            fits=fits,
            gain=self._all_folds.gain(fits, self.again_base),
            above=self._all_folds.gain(fits, self.again_floor),
            base=self.again_base,
            folds=self._all_folds,
        )
        if one is self.stronger:
            self.stronger = found
        elif one is self.weaker:
            self.weaker = found
        else:
            where = self.references if one.name in self.references else self.tried
            where[one.name] = found

    def _measure_growth(self):
        shares = [share for share in SHARES if int(share * self.folds.n_train) >= MIN_ROWS]
        self._progress.expect(len(shares))
        for share in shares:
            what = f"learning curve at {share:.0%}"
            fits = self._try(what, share * self.baseline_seconds, self.estimator, share)
            if fits is not None:
                self.learning[share] = fits
        half = self.learning.get(SHARES[0])
        self.growth = None if half is None else self.folds.gain(self.baseline, half)

    def _measure_references(self):
        models, reason = reference_models(self)
        if reason:
            self.skipped.append(reason)
        self._progress.expect(len(models))
        for name, (part, model) in models.items():
            fits = self._try(f"{name} reference", REFERENCE_SECONDS, model)
            if fits is not None:
                self.references[name] = self._alternative(name, fits, model=model, part=part)

    def _try_changes(self):
        for name, how in changes_to_try(self).items():
            self._progress.expect(1)
            fits = self._try(name, how.pop("times") * self.baseline_seconds, how["model"])
            if fits is not None:
                self.tried[name] = self._alternative(name, fits, **how)

    def _measure_leak(self):
        """What folds that part groups, equal rows, or neighbours pretend."""
        if self.splits.other is not None:
            self._progress.expect(1)
            others = self.folds.on(self.splits.other)
            fits = self._try("folds of the other kind", self.baseline_seconds, self.estimator, None, others)
            if fits is not None:
                apart, together = (fits, self.baseline) if self.splits.together else (self.baseline, fits)
                n = min(len(apart), len(together))
                self.leak = self.folds.difference(
                    [a.validation - b.validation for a, b in zip(apart[:n], together[:n], strict=True)]
                )
        elif self.facts.neighbour_correlation > _data.MIN_NEIGHBOUR_CORRELATION:
            n_folds, y = len(self.folds.splits), self.folds.y
            shuffled = _data.shuffled_splits(min(n_folds, 5), y, _data.can_classify(self.estimator, y))
            self._progress.expect(1)
            fits = self._try("shuffled folds", self.baseline_seconds, self.estimator, None, self.folds.on(shuffled))
            if fits is not None:
                pairs = zip(fits, self.baseline, strict=False)
                self.order = self.folds.difference([a.validation - b.validation for a, b in pairs])
