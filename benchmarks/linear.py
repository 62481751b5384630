"""Elastic nets: paths, single fits, cross-validation, the first fit of a process, memory."""

import functools

import numpy as np

from . import processes, report
from .glmnet import Glmnet
from .measure import Judge, contest
from .peers import Adelie, Celer, ScikitLearn, Skein, Skglm, Skreg
from .problems import LINEAR, alpha_max, load

SOLVERS = [Skreg, ScikitLearn, Celer, Skglm, Adelie, Skein, Glmnet]
L1_RATIOS = (1.0, 0.5)
FIT_IN_PROCESS = ("path", "single", "cv")
PARTS = (*FIT_IN_PROCESS, "first", "memory")
SHAPES = ("wide", "tall")  # for cross-validation and memory
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


def run(args):
    out = args.out or (None if args.small else processes.ROOT / "docs" / "benchmarks")
    book = report.Book("linear", out, LINEAR, PARTS)
    solvers = [solver for solver in SOLVERS if solver.usable()]
    if set(args.parts) & set(FIT_IN_PROCESS):
        for name in args.problems:
            if problem := load(name, args.small):
                in_process(problem, solvers, args, book)
    if "first" in args.parts:
        known = [s.name for s in solvers if s in (Skreg, ScikitLearn, Skglm)]
        book.enter("first", "100 x 20", rows=processes.first_fits(known, args.repeats))
    if "memory" in args.parts:
        python = [s.name for s in solvers if s is not Glmnet]
        for name in SHAPES:
            if name in args.problems:
                book.enter("memory", name, rows=processes.peaks(python, name, args.small))


def in_process(problem, makers, args, book):
    """All parts of one problem that share its data in this process."""
    solvers = [make(problem.X, problem.y) for make in makers]
    try:
        for part in args.parts:
            if part in ("path", "single"):
                for l1_ratio in L1_RATIOS:
                    PART[part](problem, solvers, l1_ratio, args, book)
            elif part == "cv" and problem.name in SHAPES:
                cross_validation(problem, solvers, args, book)
    finally:
        for solver in solvers:
            solver.close()


def judge_of(problem, l1_ratio, ours):
    return Judge(problem.X, problem.y, l1_ratio, lambda alphas: ours.path(alphas, l1_ratio, REFERENCE))


def grid(problem, l1_ratio):
    return alpha_max(problem.X, problem.y) / l1_ratio * np.geomspace(1.0, 1e-2, 100)


def path(problem, solvers, l1_ratio, args, book):
    alphas = grid(problem, l1_ratio)
    print(f"path {problem.name}, l1_ratio {l1_ratio:g}", flush=True)
    judge = judge_of(problem, l1_ratio, solvers[0])
    rows = contest(solvers, lambda s, tol: s.path(alphas, l1_ratio, tol), judge, args.repeats, args.limit)
    book.enter("path", problem.name, problem.about, l1_ratio, rows=rows)


def single(problem, solvers, l1_ratio, args, book):
    top = alpha_max(problem.X, problem.y) / l1_ratio
    for divisor in (10, 100):
        alpha = top / divisor
        print(f"single {problem.name}, l1_ratio {l1_ratio:g}, alpha_max/{divisor}", flush=True)
        judge = judge_of(problem, l1_ratio, solvers[0])
        rows = contest(
            solvers, lambda s, tol, alpha=alpha: s.single(alpha, l1_ratio, tol), judge, args.repeats, args.limit
        )
        book.enter("single", problem.name, problem.about, l1_ratio, divisor, rows=rows)


PART = {"path": path, "single": single}


def cross_validation(problem, solvers, args, book):
    """The lasso's; each solver's final fit is verified at the strength that it chose.

    Where folds and grid are the same, the curve of errors is compared with that of our tightest run, too.
    """
    alphas = grid(problem, 1.0)
    print(f"cv {problem.name}", flush=True)
    able = [solver for solver in solvers if hasattr(solver, "cv")]
    judge = judge_of(problem, 1.0, able[0])

    @functools.cache
    def reference():
        return able[0].cv(alphas, 1.0, REFERENCE).curve

    def describe(run):
        error = None if run.curve is None else float(np.abs(run.curve / reference() - 1.0).max())
        return dict(chosen=float(run.alphas[0] / alphas[0]), curve_error=error)

    rows = contest(able, lambda s, tol: s.cv(alphas, 1.0, tol), judge, args.repeats, args.limit, describe)
    book.enter("cv", problem.name, problem.about, 1.0, rows=rows)
