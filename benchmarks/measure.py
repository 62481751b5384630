"""Accuracy first, then time: each solver finds an accurate tolerance, then all are timed in turns."""

import statistics
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .judge import Run, accurate, certified


def timed(call):
    """Seconds and the answer; the answer's own time if it has one (R)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peers warn where a loose tolerance is not met; answers are verified anyway
        start = time.perf_counter()
        answer = call()
        seconds = time.perf_counter() - start
    return (seconds if answer.seconds is None else answer.seconds), answer


class Entrant(NamedTuple):
    """A solver with the tolerance at which it is timed.

    Attributes
    ----------
    run : Run
        The loosest that is good `enough`, or the tightest that was tried.
    cold : float
        Seconds of the solver's very first call for the task.
    """

    name: str
    solver: object
    enough: Callable[[Run], bool]
    run: Run
    cold: float


class Heat:
    """One task: finds the loosest accurate tolerance of each solver.

    Parameters
    ----------
    ask : callable
        ``ask(solver, tol)`` gives an `Answer`.
    judge : Judge
    limit : float
        Seconds after which a peer is not tried at tighter tolerances, nor again. No run is interrupted.
    """

    def __init__(self, ask, judge, limit):
        self.ask, self.judge, self.limit = ask, judge, limit

    def settle(self, solvers):
        """The loosest accurate tolerance of every solver; for ours also the loosest one that the gap proves."""
        entrants = []
        for solver in solvers:
            if runs := self._attempt(solver, solver.ladder, certified if solver.ours else accurate):
                entrants.append(self._entrant(solver.name, solver, accurate, runs))
                if solver.ours:
                    entrants.append(self._entrant(f"{solver.name}, certified", solver, certified, runs))
        return entrants

    def settle_from(self, entrants):
        """Tolerances for a harder task than the one for which `entrants` found theirs."""
        found = []
        for name, solver, enough, start, _ in entrants:
            ladder = [start.tol, *solver.ladder[solver.ladder < start.tol]]
            if runs := self._attempt(solver, ladder, enough):
                found.append(self._entrant(name, solver, enough, runs))
        return found

    def _attempt(self, solver, ladder, enough):
        """`_climb`; no runs for a peer that fails, so that its failure is reported and the others go on."""
        try:
            return self._climb(solver, ladder, enough)
        except Exception as error:
            if solver.ours:
                raise
            print(f"    {solver.name}: failed ({type(error).__name__}: {error})", flush=True)
            return []

    def _climb(self, solver, ladder, enough):
        """Runs from loose to tight tolerances, until one is accurate or exceeds the time limit."""
        runs = []
        for tol in ladder:
            runs.append(self._run(solver, float(tol)))
            if enough(runs[-1]) or self._is_slow(solver, runs[-1]):
                break
        return runs

    def _is_slow(self, solver, run):
        """Whether a solver is not tried again. Ours always is: its first call may only have compiled."""
        return run.seconds > self.limit and not solver.ours

    def _entrant(self, name, solver, enough, runs):
        k = next((k for k, run in enumerate(runs) if enough(run)), None)
        chosen = runs[-1 if k is None else k]
        if k and chosen.seconds <= self.limit:  # a whole decade may be more than it takes
            between = self._run(solver, chosen.tol * np.sqrt(10.0))
            chosen = between if enough(between) else chosen
        return Entrant(name, solver, enough, chosen, runs[0].seconds)

    def _run(self, solver, tol):
        run = Run(tol, *timed(lambda: self.ask(solver, tol)), self.judge)
        print(
            f"    {solver.name} tol {tol:.0e}: {run.seconds:.3g} s, suboptimality {run.suboptimality:.1e}", flush=True
        )
        return run

    def race(self, entrants, repeats):
        """Rows of a table, timed in turns, so that a disturbance of the machine affects all solvers."""
        times = {(e.solver, e.run.tol): [] for e in entrants}
        slow = {(e.solver, e.run.tol): e.run.seconds for e in entrants if self._is_slow(e.solver, e.run)}
        for _ in range(repeats):
            for (solver, tol), found in times.items():
                if (solver, tol) not in slow:
                    found.append(timed(lambda solver=solver, tol=tol: self.ask(solver, tol))[0])
        rows = []
        for name, solver, enough, run, cold in entrants:
            seconds = times[solver, run.tol] or [slow[solver, run.tol]]
            row = dict(
                solver=name,
                ours=solver.ours,
                tol=run.tol,
                seconds=statistics.median(seconds),
                fastest=min(seconds),
                first=cold,
                suboptimality=run.suboptimality,
                gap=run.gap,
                accurate=enough(run),
            )
            rows.append(row)
        return rows
