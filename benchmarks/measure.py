"""Accuracy first, then time: solvers climb to tighter tolerances until verified, then take turns at the clock."""

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


def climb(solver, ask, judge, limit):
    """Runs of one solver from loose to tight, until one is accurate or takes more than `limit` seconds.

    Nobody is interrupted: loose comes first because it is cheap. A solver that is wanted `certified` climbs until the
    gap is small, not only the objective; only the last run's gap is computed for the others.
    """
    runs = []
    for tol in solver.ladder:
        seconds, answer = timed(lambda tol=tol: ask(solver, tol))
        values = judge.enter(answer)
        close = judge.suboptimality(answer.alphas, values) <= ACCURATE
        last = (close and not solver.certified) or seconds > limit or tol == solver.ladder[-1]
        gap = judge.gap(answer, values) if last or solver.certified else None
        runs.append(Run(float(tol), seconds, answer.alphas, values, gap, answer.curve))
        print(
            f"    {solver.name} tol {tol:.0e}: {seconds:.3g} s, suboptimality "
            f"{judge.suboptimality(answer.alphas, values):.1e}" + ("" if gap is None else f", gap {gap:.1e}"),
            flush=True,
        )
        if last or (gap is not None and gap <= ACCURATE):
            break
    return runs


def first(runs, accurate):
    """The loosest run that is accurate, else the tightest; and whether it is."""
    return next(((run, True) for run in runs if accurate(run)), (runs[-1], False))


def contest(solvers, ask, judge, repeats, limit, describe=lambda run: {}):
    """Rows of a table: every solver's fastest accurate setting, timed in turns.

    Parameters
    ----------
    solvers : list of Solver
        Ours first.
    ask : callable
        ``ask(solver, tol)`` gives an `Answer`.
    judge : Judge
    repeats : int
        Rounds of the clock; every solver has one turn in each.
    limit : float
        Seconds from which on a solver is not tried any tighter, nor again.
    describe : callable
        Further entries of a row, from its `Run`.
    """
    ladders = []
    for solver in solvers:
        try:
            ladders.append((solver, climb(solver, ask, judge, limit)))
        except Exception as error:  # a peer's failure is a result, not ours to stop at
            if solver.certified:
                raise
            print(f"    {solver.name}: failed ({type(error).__name__}: {error})")
    chosen = []
    for solver, runs in ladders:
        close = first(runs, lambda run: judge.suboptimality(run.alphas, run.values) <= ACCURATE)
        chosen.append((solver.name, solver, *close, runs[0].seconds))
        if solver.certified:
            tight = first(runs, lambda run: run.gap <= ACCURATE)
            chosen.append((f"{solver.name}, certified", solver, *tight, runs[0].seconds))
    times = _take_turns([(solver, run) for _, solver, run, _, _ in chosen], ask, repeats, limit)
    return [
        dict(
            solver=name,
            tol=run.tol,
            seconds=statistics.median(times[solver, run.tol]),
            fastest=min(times[solver, run.tol]),
            first=cold,
            suboptimality=judge.suboptimality(run.alphas, run.values),
            gap=run.gap,
            accurate=accurate,
            **describe(run),
        )
        for name, solver, run, accurate, cold in chosen
    ]


def _take_turns(entrants, ask, repeats, limit):
    """Seconds of every solver and tolerance: all in turn, so that what disturbs the machine disturbs everybody."""
    times = {(solver, run.tol): [] for solver, run in entrants}
    slow = {(solver, run.tol): run.seconds for solver, run in entrants if run.seconds > limit}
    for _ in range(repeats):
        for (solver, tol), found in times.items():
            if (solver, tol) not in slow:
                found.append(timed(lambda solver=solver, tol=tol: ask(solver, tol))[0])
    return {key: found or [slow[key]] for key, found in times.items()}
