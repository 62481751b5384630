"""Accuracy first, then time: solvers settle on a tolerance that is verified to do, then race in turns."""

import statistics
import time
import warnings
from typing import NamedTuple

import numpy as np

from skreg._core.data import as_data
from skreg._core.solve import Penalty, certify, whole

ACCURATE = 1e-6  # relative suboptimality, or relative gap, of the class that is compared


def timed(call):
    """Seconds, by the answer's own clock where it has one, and the answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peers warn where a loose tolerance is not met; answers are verified anyway
        start = time.perf_counter()
        answer = call()
        seconds = time.perf_counter() - start
    return (seconds if answer.seconds is None else answer.seconds), answer


class Judge:
    """Verifies answers on the original data, for one share of L1.

    Parameters
    ----------
    X, y : the data
    l1_ratio : float
    reference : callable
        Takes strengths and gives very accurate answers: what suboptimality is measured from, unless somebody finds a
        better objective.
    """

    def __init__(self, X, y, l1_ratio, reference):
        self.X, self.y, self.l1_ratio, self.reference = X, y, l1_ratio, reference
        self.data = as_data(X, y[None])
        self.form = whole(self.data, 0, gram=False)
        self.best = {}

    def objectives(self, answer):
        """Objectives of an answer, in float64; inf where it holds numbers that are none."""
        alphas, coefs = answer.alphas, np.asarray(answer.coefs, dtype=np.float64)
        if not np.isfinite(coefs).all():
            return np.full(alphas.size, np.inf)
        residuals = self.y[:, None] - self.X @ coefs - answer.intercepts
        sizes = self.l1_ratio * np.abs(coefs).sum(axis=0) + 0.5 * (1.0 - self.l1_ratio) * (coefs**2).sum(axis=0)
        return 0.5 * (residuals**2).mean(axis=0) + alphas * sizes

    def enter(self, answer):
        """Note the objectives of an answer, so that others are measured from the best."""
        unseen = np.array([a for a in answer.alphas if a not in self.best])
        if unseen.size:
            reference = self.reference(unseen)
            self.best.update(zip(unseen, self.objectives(reference), strict=True))
        values = self.objectives(answer)
        self.best.update((a, min(v, self.best[a])) for a, v in zip(answer.alphas, values, strict=True))
        return values

    def suboptimality(self, alphas, values):
        """The worst over the strengths, relative to the best objectives so far."""
        best = np.array([self.best[a] for a in alphas])
        return float((values / best - 1.0).max())

    def accurate(self, run):
        """Whether a run is as near to the best objectives as it must be."""
        return self.suboptimality(run.alphas, run.values) <= ACCURATE

    def certified(self, run):
        """Whether the run's own gap proves that."""
        return run.gap <= ACCURATE

    def gap(self, answer, values):
        """The worst duality gap over the strengths, relative to the objectives `values`."""
        data, every = self.data, np.arange(self.data.p)
        penalty = Penalty(self.l1_ratio, np.ones(data.p), (-np.inf, np.inf), standardize=False)
        strengths, size = penalty.strengths(data, 0), data.unit[0] * data.scale
        worst = 0.0
        for alpha, coef, value in zip(answer.alphas, np.transpose(answer.coefs), values, strict=True):
            w = np.divide(coef, size, out=np.zeros(data.p), where=size > 0.0)
            gap = certify(self.form, strengths.at(alpha, every), w)[1] * data.unit[0] ** 2 / data.weight
            worst = max(worst, float(gap / value))
        return worst


class Run(NamedTuple):
    """One solver at one tolerance, verified."""

    tol: float
    seconds: float
    alphas: np.ndarray
    values: np.ndarray
    gap: float
    curve: np.ndarray | None


class Entrant(NamedTuple):
    """A solver at the setting with which it enters the race.

    Attributes
    ----------
    accurate : bool
        Whether the run is as accurate as it must be; else it is the tightest that was tried.
    cold : float
        Seconds of the solver's very first call for the task.
    """

    name: str
    solver: object
    run: Run
    accurate: bool
    cold: float


class Heat:
    """One task put to solvers: which setting of each is just accurate enough.

    Parameters
    ----------
    ask : callable
        ``ask(solver, tol)`` gives an `Answer`.
    judge : Judge
    limit : float
        Seconds from which on a solver is not tried any tighter, nor again: nobody can be interrupted.
    """

    def __init__(self, ask, judge, limit):
        self.ask, self.judge, self.limit = ask, judge, limit

    def settle(self, solvers):
        """Every solver's loosest accurate setting; ours also at the loosest whose gap proves it."""
        entrants = []
        for solver in solvers:
            enough = self.judge.certified if solver.ours else self.judge.accurate
            if runs := self._attempt(solver, solver.ladder, enough):
                entrants.append(self._entrant(solver.name, solver, runs, self.judge.accurate))
                if solver.ours:
                    entrants.append(self._entrant(f"{solver.name}, certified", solver, runs, enough))
        return entrants

    def settle_from(self, entrants):
        """Settings for a task that asks more than the one in which the `entrants` settled on theirs."""
        found = []
        for name, solver, start, _, _ in entrants:
            ladder = [start.tol, *solver.ladder[solver.ladder < start.tol]]
            if runs := self._attempt(solver, ladder, self.judge.accurate):
                found.append(self._entrant(name, solver, runs, self.judge.accurate))
        return found

    def _attempt(self, solver, ladder, enough):
        """`_climb`, or no runs from a peer that fails: that is a result, and ours to report, not to stop at."""
        try:
            return self._climb(solver, ladder, enough)
        except Exception as error:
            if solver.ours:
                raise
            print(f"    {solver.name}: failed ({type(error).__name__}: {error})", flush=True)
            return []

    def _climb(self, solver, ladder, enough):
        """Runs from loose to tight, until one is good enough or slow."""
        runs = []
        for tol in ladder:
            runs.append(self._run(solver, float(tol)))
            if enough(runs[-1]) or runs[-1].seconds > self.limit:
                break
        return runs

    def _entrant(self, name, solver, runs, enough):
        k = next((k for k, run in enumerate(runs) if enough(run)), None)
        chosen = runs[-1 if k is None else k]
        if k and chosen.seconds <= self.limit:  # a whole decade may be more than it takes
            between = self._run(solver, chosen.tol * np.sqrt(10.0))
            chosen = between if enough(between) else chosen
        return Entrant(name, solver, chosen, enough(chosen), runs[0].seconds)

    def _run(self, solver, tol):
        seconds, answer = timed(lambda: self.ask(solver, tol))
        values = self.judge.enter(answer)
        off = self.judge.suboptimality(answer.alphas, values)
        gap = self.judge.gap(answer, values)
        print(f"    {solver.name} tol {tol:.0e}: {seconds:.3g} s, suboptimality {off:.1e}, gap {gap:.1e}", flush=True)
        return Run(tol, seconds, answer.alphas, values, gap, answer.curve)


def race(entrants, ask, judge, repeats, limit):
    """Rows of a table, timed in turns: what disturbs the machine disturbs everybody."""
    times = {(e.solver, e.run.tol): [] for e in entrants}
    slow = {(e.solver, e.run.tol): e.run.seconds for e in entrants if e.run.seconds > limit}
    for _ in range(repeats):
        for (solver, tol), found in times.items():
            if (solver, tol) not in slow:
                found.append(timed(lambda solver=solver, tol=tol: ask(solver, tol))[0])
    rows = []
    for name, solver, run, accurate, cold in entrants:
        seconds = times[solver, run.tol] or [slow[solver, run.tol]]
        rows.append(
            dict(
                solver=name,
                ours=solver.ours,
                tol=run.tol,
                seconds=statistics.median(seconds),
                fastest=min(seconds),
                first=cold,
                suboptimality=judge.suboptimality(run.alphas, run.values),
                gap=run.gap,
                accurate=accurate,
            )
        )
    return rows
