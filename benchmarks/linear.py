"""Elastic nets: paths, single fits, cross-validation, the first fit of a process, and memory."""

import numpy as np

from . import processes, report
from .glmnet import Glmnet
from .judge import Judge
from .measure import Heat
from .peers import Adelie, Celer, ScikitLearn, Skein, Skglm, Skreg
from .problems import LINEAR, alpha_max, load
from .solver import FOLDS

SOLVERS = [Skreg, ScikitLearn, Celer, Skglm, Adelie, Skein, Glmnet]
L1_RATIOS = (1.0, 0.5)
FIT_IN_PROCESS = ("path", "single", "cv")
PARTS = (*FIT_IN_PROCESS, "first", "memory")
SHAPES = ("wide", "tall")  # for memory
SPLIT = (*SHAPES, "leave_one_out")  # for cross-validation
SHORT = 10000  # entries of X, up to which fits take milliseconds
TURNS = 20  # factor of the number of turns then
REFERENCE = 1e-12  # our tolerance for the objectives that suboptimality is measured from


def names(choice):
    """Parser of a comma-separated list of some of `choice`."""

    def parse(text):
        found = text.split(",")
        if unknown := set(found) - set(choice):
            raise ValueError(unknown)
        return found

    return parse


def configure(parser):
    parser.add_argument("--problems", type=names(LINEAR), default=list(LINEAR), help=", ".join(LINEAR))
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--repeats", type=int, default=3, help="turns of every solver at the clock")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which no tighter setting is tried")
    parser.add_argument(
        "--small", action="store_true", help="reduced sizes, to see that it runs; written only to --out"
    )
    parser.add_argument("--out", help="folder of linear.json and linear.md (default: docs/benchmarks)")


class Course:
    """The parts that use the data of one problem in this process."""

    def __init__(self, problem, makers, args, book):
        self.problem, self.args, self.book = problem, args, book
        self.top = alpha_max(problem.X, problem.y)
        self.solvers = [make(problem.X, problem.y) for make in makers]
        for solver in self.solvers:
            solver.folds = problem.folds
        self.repeats = args.repeats * (TURNS if problem.X.shape[0] * problem.X.shape[1] <= SHORT else 1)
        self.ours = next(solver for solver in self.solvers if solver.ours)
        self.settled = {}  # of paths, which cross-validation needs, too

    def run(self):
        """Run the requested parts."""
        try:
            is_whole = self.problem.folds is FOLDS  # other folds are only for cross-validation
            for l1_ratio in L1_RATIOS if "path" in self.args.parts and is_whole else ():
                self.path(l1_ratio)
            for l1_ratio in L1_RATIOS if "single" in self.args.parts and is_whole else ():
                self.single(l1_ratio)
            if "cv" in self.args.parts and self.problem.name in SPLIT:
                self.cv()
        finally:
            for solver in self.solvers:
                solver.close()

    def grid(self, l1_ratio):
        return self.top / l1_ratio * np.geomspace(1.0, 1e-2, 20 if self.args.small else 100)

    def judge(self, l1_ratio):
        X, y, ours = self.problem.X, self.problem.y, self.ours
        return Judge(X, y, l1_ratio, lambda alphas: ours.path(alphas, l1_ratio, REFERENCE))

    def enter(self, part, l1_ratio, rows, divisor=None):
        self.book.enter(part, self.problem.name, self.problem.about, l1_ratio, divisor, rows=rows)

    def heat(self, what, l1_ratio, ask):
        """Run a task given by `ask`; `what` is printed first."""
        print(f"{what} {self.problem.name}, l1_ratio {l1_ratio:g}", flush=True)
        return Heat(ask, self.judge(l1_ratio), self.args.limit)

    def settled_path(self, l1_ratio, solvers):
        """The path, and the tolerance of each solver for it."""
        if l1_ratio not in self.settled:
            alphas = self.grid(l1_ratio)
            heat = self.heat("path", l1_ratio, lambda solver, tol: solver.path(alphas, l1_ratio, tol))
            self.settled[l1_ratio] = heat, heat.settle(solvers)
        return self.settled[l1_ratio]

    def path(self, l1_ratio):
        heat, entrants = self.settled_path(l1_ratio, self.solvers)
        self.enter("path", l1_ratio, heat.race(entrants, self.repeats))

    def single(self, l1_ratio):
        for divisor in (10, 100):
            alpha = self.top / l1_ratio / divisor
            heat = self.heat(
                f"single alpha_max/{divisor}",
                l1_ratio,
                lambda solver, tol, alpha=alpha: solver.single(alpha, l1_ratio, tol),
            )
            self.enter("single", l1_ratio, heat.race(heat.settle(self.solvers), self.repeats), divisor)

    def cv(self):
        """Cross-validation of the lasso. Folds cannot be verified, so they use the tolerance of the accurate path."""
        is_whole = self.problem.folds is FOLDS
        able = [s for s in self.solvers if hasattr(s, "cv") and (is_whole or not s.has_own_folds)]
        settled = [entrant for entrant in self.settled_path(1.0, able)[1] if entrant.solver in able]
        alphas = self.grid(1.0)
        heat = self.heat("cv", 1.0, lambda solver, tol: solver.cv(alphas, 1.0, tol))
        entrants = heat.settle_from(settled)
        rows = heat.race(entrants, self.args.repeats)  # enough of leave-one-out, too
        curve = self.ours.cv(alphas, 1.0, REFERENCE).curve
        for row, entrant in zip(rows, entrants, strict=True):
            row["chosen"] = float(entrant.run.alphas[0] / self.top)
            if entrant.run.curve is not None:
                row["curve_error"] = float(np.abs(entrant.run.curve / curve - 1.0).max())
        self.enter("cv", 1.0, rows)


def book(folder):
    return report.Book("linear", folder, [*LINEAR, *processes.FIRST], PARTS)


def run(args):
    pages = book(report.folder(args))
    pages.forget_others()
    solvers = [solver for solver in SOLVERS if solver.usable()]
    if set(args.parts) & set(FIT_IN_PROCESS):
        for name in args.problems:
            if problem := load(name, args.small):
                Course(problem, solvers, args, pages).run()
    if "first" in args.parts:
        for name in processes.FIRST:
            pages.enter("first", name, rows=processes.first_fits(name, args.repeats))
    if "memory" in args.parts:
        python = [s.name for s in solvers if s is not Glmnet]
        for name in SHAPES:
            if name in args.problems:
                pages.enter("memory", name, rows=processes.peaks(python, name, args.small))
