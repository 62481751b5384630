"""Logistic and multinomial regression: single fits."""

import numpy as np
from scipy.special import logsumexp

from skreg._core.data import as_data
from skreg._core.data.likelihood import Likelihood
from skreg._core.loops.certificates import DualityGap
from skreg._core.parts.losses import Logistic, Multinomial
from skreg._core.parts.penalty import Penalty
from skreg._core.paths.scores import Scores

from . import report
from .class_peers import SOLVERS
from .judge import Judge
from .linear import REFERENCE, names
from .measure import Heat
from .problems import CLASSES, load

PARTS = ("single",)
L1_RATIOS = (1.0, 0.5, 0.0)
TITLES = {1.0: "L1", 0.5: "elastic net", 0.0: "L2"}


class ClassJudge(Judge):
    """Verifies answers of classifiers; see `class_peers` for their shapes."""

    def __init__(self, X, y, l1_ratio, reference):
        self.X, self.y, self.l1_ratio, self.reference = X, y, l1_ratio, reference
        self.best = {}
        K = y.max() + 1
        T = y[None].astype(np.float64) if K == 2 else np.eye(K)[y].T
        data = as_data(X, np.empty((0, y.size)))
        self.likelihood = Likelihood(data, (Logistic if K == 2 else Multinomial)(0.0), T)

    def objectives(self, answer):
        """Objectives of an answer, in float64; inf where coefficients are not finite."""
        coef = np.asarray(answer.coefs, dtype=np.float64).reshape(-1, self.X.shape[1])
        if not np.isfinite(coef).all():
            return np.full(1, np.inf)
        scores = self.X @ coef.T + answer.intercepts
        if scores.shape[1] == 1:
            scores = np.column_stack([np.zeros(len(scores)), scores])
        losses = logsumexp(scores, axis=1) - np.take_along_axis(scores, self.y[:, None], axis=1)[:, 0]
        size = self.l1_ratio * np.abs(coef).sum() + 0.5 * (1.0 - self.l1_ratio) * np.sum(coef**2)
        return losses.mean() + answer.alphas * size

    def gap(self, alpha, coef):
        """Duality gap of one solution, with the best intercepts."""
        lik, data = self.likelihood, self.likelihood.data
        penalty = Penalty(self.l1_ratio, np.ones(data.p), (-np.inf, np.inf), standardize=False)
        path = penalty.path(data, lik.score_scale, lik.K)
        size = data.scale * lik.score_scale
        w = np.divide(coef.reshape(lik.K, -1), size, out=np.zeros((lik.K, data.p)), where=size > 0.0).T.ravel()
        s, pen = Scores(lik), path.whole(alpha)
        s.add(path, np.arange(path.n_blocks), np.zeros(path.n_blocks, bool), np.abs(s.start))
        s.move(w)
        return DualityGap(s).update(pen, *s.evaluate(pen)) * lik.score_scale**2 / data.weight


def configure(parser):
    parser.add_argument("--problems", type=names(CLASSES), default=list(CLASSES), help=", ".join(CLASSES))
    parser.add_argument("--repeats", type=int, default=3, help="turns of every solver at the clock")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which no tighter setting is tried")
    parser.add_argument("--small", action="store_true", help="reduced sizes; written only to --out")
    parser.add_argument("--out", help="folder of logistic.json and logistic.md (default: docs/benchmarks)")


def strengths(problem):
    """For each L1 ratio, labels and values of alpha."""
    X, y = problem.X, problem.y
    if problem.name == "text":
        return {0.0: [("C = 1", 1.0 / y.size)]}
    if y.max() > 1:
        some = (0.01, 0.1) if y.size <= 10000 else (0.01,)  # with all digits, a single fit at 0.1 takes many minutes
        return {1.0: [(f"C = {C}", 1.0 / (C * y.size)) for C in some]}
    top = np.abs(X.T @ (y - y.mean())).max() / y.size
    shares = L1_RATIOS if problem.name == "tall" else L1_RATIOS[:2]
    found = {share: [(d, top / share / d) for d in (10, 100)] for share in shares if share > 0.0}
    if 0.0 in shares:  # no alpha empties a model without L1: the values of the elastic net
        found[0.0] = [(f"alpha_max of the elastic net/{d}", alpha) for d, alpha in found[0.5]]
    return found


def book(folder):
    return report.Book("logistic", folder, CLASSES, PARTS)


def run(args):
    pages = book(report.folder(args))
    makers = [solver for solver in SOLVERS if solver.usable()]
    for name in args.problems:
        if problem := load(name, args.small, CLASSES):
            solvers = [make(problem.X, problem.y) for make in makers if make.several or problem.y.max() == 1]
            try:
                race(problem, solvers, args, pages)
            finally:
                for solver in solvers:
                    solver.close()


def race(problem, solvers, args, pages):
    """All values of alpha of one problem."""
    ours, X = solvers[0], problem.X
    for l1_ratio, values in strengths(problem).items():
        able = [solver for solver in solvers if solver.able(l1_ratio) and X.shape[1] <= solver.most_columns]
        for label, alpha in values:
            print(f"{problem.name}, {TITLES[l1_ratio]}, {label}", flush=True)
            judge = ClassJudge(
                problem.X, problem.y, l1_ratio, lambda alphas, r=l1_ratio: ours.single(alphas[0], r, REFERENCE)
            )
            heat = Heat(lambda solver, tol, a=alpha, r=l1_ratio: solver.single(a, r, tol), judge, args.limit)
            entrants = heat.settle(able)
            rows = heat.race(entrants, args.repeats)
            if problem.test is not None:
                for row, entrant in zip(rows, entrants, strict=True):
                    row["test"] = right(problem, entrant.run)
            pages.enter("single", problem.name, problem.about, l1_ratio, label, rows=rows)


def right(problem, run):
    """Accuracy on the test rows, with the best intercepts for the coefficients."""
    X, y = problem.test
    lik = run.judge.likelihood
    coef = run.coefs.toarray().reshape(lik.K, -1)
    b = lik.with_best_intercepts((problem.X @ coef.T).T, lik.null_model.b).b
    return float(np.mean((X @ coef.T + b).argmax(axis=1) == y))
