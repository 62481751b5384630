"""Accuracy first, then time: solvers `settle` on a tolerance that is verified to do, then `race` in turns."""

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
        return self.suboptimality(run.alphas, run.values) <= ACCURATE

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
    gap: float | None
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


def climb(solver, ladder, ask, judge, limit, certified):
    """Runs of one solver from loose to tight, until one is accurate or takes more than `limit` seconds.

    Nobody is interrupted: loose comes first because it is cheap. Who is wanted `certified` climbs until the gap is
    small, not only the objective; of the others only the last run's gap is computed.
    """
    runs = []
    for tol in ladder:
        seconds, answer = timed(lambda tol=tol: ask(solver, tol))
        values = judge.enter(answer)
        off = judge.suboptimality(answer.alphas, values)
        last = seconds > limit or tol == ladder[-1] or (off <= ACCURATE and not certified)
        gap = judge.gap(answer, values) if last or certified else None
        runs.append(Run(float(tol), seconds, answer.alphas, values, gap, answer.curve))
        known = "" if gap is None else f", gap {gap:.1e}"
        print(f"    {solver.name} tol {tol:.0e}: {seconds:.3g} s, suboptimality {off:.1e}{known}", flush=True)
        if last or (gap is not None and gap <= ACCURATE):
            break
    return runs


def attempt(solver, *args):
    """`climb`, or no runs at all from a peer that fails: that is a result, and ours to report, not to stop at."""
    try:
        return climb(solver, *args)
    except Exception as error:
        if solver.ours:
            raise
        print(f"    {solver.name}: failed ({type(error).__name__}: {error})")
        return []


def settle(solvers, ask, judge, limit):
    """Every solver's loosest accurate setting; ours also at the loosest whose gap proves it.

    Parameters
    ----------
    solvers : list of Solver
    ask : callable
        ``ask(solver, tol)`` gives an `Answer`.
    judge : Judge
    limit : float
        Seconds from which on a solver is not tried any tighter, nor again.
    """
    climbed = {solver: attempt(solver, solver.ladder, ask, judge, limit, solver.ours) for solver in solvers}
    entrants = []
    for solver, runs in climbed.items():
        if runs:
            entrants.append(_entrant(solver.name, solver, runs, judge.accurate))
            if solver.ours:
                entrants.append(_entrant(f"{solver.name}, certified", solver, runs, lambda run: run.gap <= ACCURATE))
    return entrants


def settle_from(entrants, ask, judge, limit):
    """The same for a task that asks more of a solver than the one in which the `entrants` settled on a setting."""
    found = []
    for name, solver, run, _, _ in entrants:
        runs = attempt(solver, solver.ladder[solver.ladder <= run.tol], ask, judge, limit, False)
        if runs:
            found.append(_entrant(name, solver, runs, judge.accurate))
    return found


def _entrant(name, solver, runs, accurate):
    run = next((run for run in runs if accurate(run)), runs[-1])
    return Entrant(name, solver, run, accurate(run), runs[0].seconds)


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
