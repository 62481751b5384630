"""Penalties and losses beside the libraries that have them: groups, MCP, SLOPE, counts, survival, quantiles."""

import statistics

from . import report
from .linear import names
from .measure import timed
from .penalty_tasks import TASKS

PARTS = ("path",)
TITLES = {"path": "Paths, and single fits of quantiles"}
REFERENCE = 0.01  # our tolerance for the objectives that errors are measured from, relative to an accurate error
NOTE = """\
Every solver is shown at the loosest of its tolerances that is accurate, and all are then timed in turns; seconds are
medians. Errors are computed from the coefficients in float64 on the original data by the same plain NumPy for all: the
worst suboptimality over all values of alpha, relative to the best objective that any solver found, at most 1e-6; for
MCP, which has local minima, the largest distance of minus the gradient to the subdifferential, relative to alpha_max,
at most 1e-5. A solver that is never accurate is shown at the tightest tolerance tried, with its seconds in parentheses.
"""


def configure(parser):
    parser.add_argument("--problems", type=names(TASKS), default=list(TASKS), help=", ".join(TASKS))
    parser.add_argument("--repeats", type=int, default=3, help="turns of every solver at the clock")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds after which no tighter tolerance is tried")
    parser.add_argument("--small", action="store_true", help="small data, to see that it runs; written only to --out")
    parser.add_argument("--out", help="folder of penalties.json and penalties.md (default: docs/benchmarks)")


class Entrant:
    """A solver, with its answers from loose to tight tolerances.

    Attributes
    ----------
    tol, seconds, errors : float, float and ndarray
        Of the last answer; `errors` are for every alpha, see `Task.errors`.
    first : float
        Seconds of its first call.
    """

    def __init__(self, solver, task):
        self.solver, self.task, self.first = solver, task, None

    def ask(self, tol):
        """Seconds of one call, whose answer is verified."""
        seconds, answer = timed(lambda: self.solver.path(self.task, self.task.alphas, tol))
        self.tol, self.seconds = tol, seconds
        self.heights = self.task.heights(answer)
        self.first = seconds if self.first is None else self.first
        return seconds

    @property
    def error(self):
        """The worst error over all values of alpha."""
        return float(self.task.errors(self.heights).max())

    @property
    def is_accurate(self):
        return self.error <= self.task.accurate

    def settle(self, limit):
        """Find the loosest accurate tolerance. Returns whether the solver works."""
        try:
            for tol in self.solver.ladder:
                seconds = self.ask(float(tol))
                print(f"    {self.solver.name} tol {tol:.0e}: {seconds:.3g} s, error {self.error:.1e}", flush=True)
                if self.is_accurate or seconds > limit:
                    return True
        except Exception as error:
            if self.solver.ours:
                raise
            print(f"    {self.solver.name}: failed ({type(error).__name__}: {error})", flush=True)
            return False
        return True

    def row(self, times):
        return dict(
            solver=self.solver.name,
            ours=self.solver.ours,
            tol=self.tol,
            seconds=statistics.median(times),
            fastest=min(times),
            first=self.first,
            suboptimality=self.error,
            accurate=self.is_accurate,
        )


def race(task, limit, repeats):
    """Rows of a table: all solvers at their loosest accurate tolerances, timed in turns."""
    entrants = [Entrant(make(), task) for make in task.solvers if make.usable()]
    ours = next(entrant for entrant in entrants if entrant.solver.ours)
    task.reference(ours.solver, REFERENCE)
    entrants = [entrant for entrant in entrants if entrant.settle(limit)]
    times = {entrant: [entrant.seconds] if entrant.seconds > limit else [] for entrant in entrants}
    for _ in range(repeats):
        for entrant, found in times.items():
            if entrant.seconds <= limit:
                found.append(entrant.ask(entrant.tol))
    for entrant in entrants:
        entrant.solver.close()
    return [entrant.row(found) for entrant, found in times.items()]


def book(folder):
    return report.Book("penalties", folder, TASKS, PARTS, NOTE, TITLES)


def run(args):
    pages = book(report.folder(args))
    for name in args.problems:
        task = TASKS[name](args.small)
        print(f"{name}: {task.about}", flush=True)
        pages.enter("path", name, task.about, rows=race(task, args.limit, args.repeats))
