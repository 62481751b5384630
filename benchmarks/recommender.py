"""Matrix factorization on MovieLens beside implicit, Surprise and Cornac: RMSE, recall, nDCG, and seconds."""

import time
import warnings

import numpy as np
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from skreg import MatrixFactorizationRecommender

from . import movielens, report
from .linear import names
from .recommender_peers import LISTS, RATINGS, implicit_als, is_installed, matrix_of, weighted_loss

NOTE = """\
Ratings: RMSE of five random folds, predictions cut to the range of the ratings. Settings that are not called defaults
are those with the least RMSE on one more split, of the first fold's training rows. Seconds are those of a fit, mean
over the folds, in one thread, all in one run. "Published" are the figures of Surprise's documentation, of folds of its
own. Where the command has `--without SVD++`, Surprise's SVD++ was not run, since a fit takes much longer than others.

Lists: of the ratings of every item, a random quarter is held out, as in the tables of Microsoft's recommenders, from
which "published" is; a rating of any size counts as one. Recall and nDCG are those of the ten best items that a user
has not rated in the training rows, mean over the users of held-out rows. Settings are those with the best nDCG on one
more such split of the training rows. Our defaults, and the grids of settings, were written with this data in view; the
choice within a grid saw no held-out row. Seconds are CPU seconds of one fit in one thread. Where implicit's BPR samples
an item that the user has, it makes no update; ours samples again. BiVAE was not run: it needs PyTorch.

Speed: seconds until the objective of least squares on all pairs is within a thousandth of the best that any run found,
the least of several runs in turns, with two threads for both. The number of iterations is the first that suffices. The
objective is computed from the factors in double precision, with the same penalty for all rows.
"""
PUBLISHED = {
    "ratings": [dict(solver="published: SVD", rmse=0.934), dict(solver="published: SVD++", rmse=0.919)],
    "lists": [
        dict(solver="published: BPR", recall=0.2125, ndcg=0.4420),
        dict(solver="published: BiVAE", recall=0.2191, ndcg=0.4751),
    ],
}
TITLES = {
    "ratings": "Ratings: RMSE of five folds",
    "lists": "Lists: recall and nDCG of the top 10",
    "speed": "Speed of least squares on all pairs",
}
PARTS = tuple(TITLES)
SETTING = dict(rank=64, confidence=3.0, alpha=0.02)
CLOSE = 1e-3


def load(name, small):
    X, y = movielens.PROBLEMS[name]()
    if small:
        kept = (X[:, 0] % 10 == 1) & (X[:, 1] % 2 == 0)
        X, y = X[kept], y[kept]
    users, items = (np.unique(column, return_inverse=True)[1] for column in X.T)
    return np.column_stack([users, items]), y


def available(models, without):
    """Models whose package is installed, and whose name does not contain the words to leave out."""
    return {
        name: rest
        for name, (package, *rest) in models.items()
        if (package is None or is_installed(package)) and not (without and without in name)
    }


def timed(fit, *data, clock=time.perf_counter, **setting):
    start = clock()
    found = fit(*data, **setting)
    return found, clock() - start


def shown(setting):
    return ", ".join(f"{key}={value}" for key, value in setting.items() if key != "tol") or None


def choose(candidates, loss):
    """The candidate with the least loss."""
    return candidates[0] if len(candidates) == 1 else min(candidates, key=loss)


def ratings(X, y, small, without=None):
    folds = list(KFold(5, shuffle=True, random_state=0).split(X))[: 2 if small else 5]
    first = folds[0][0]
    inner, held = next(KFold(5, shuffle=True, random_state=1).split(first))
    rows = []

    def error(fit, train, test, **setting):
        predict, seconds = timed(fit, X[train], y[train], **setting)
        return float(np.sqrt(np.mean((predict(X[test]) - y[test]) ** 2))), seconds

    for name, (fit, candidates) in available(RATINGS, without).items():
        candidates = candidates[:2] if small else candidates
        setting = choose(candidates, lambda s, fit=fit: error(fit, first[inner], first[held], **s)[0])
        found = np.array([error(fit, train, test, **setting) for train, test in folds])
        rows.append(dict(solver=name, setting=shown(setting), rmse=found[:, 0].mean(), seconds=found[:, 1].mean()))
        print(f"    {rows[-1]}", flush=True)
    return rows


def quarter(X, seed):
    """Whether rows are held out: a random quarter of those of every item."""
    place = np.random.default_rng(seed).permutation(len(X))
    order = np.lexsort((place, X[:, 1]))
    counts = np.bincount(X[:, 1])
    starts = np.cumsum(counts) - counts
    out = np.empty(len(X), dtype=bool)
    out[order] = np.arange(len(X)) - starts[X[order, 1]] >= np.round(0.75 * counts[X[order, 1]])
    return out


def judge(factors, train, test, k=10):
    """Recall and nDCG of the top k, mean over the users of test rows."""
    P, Q, biases = factors
    scores = np.asarray(P @ Q.T + biases, dtype=np.float64)
    scores[train.nonzero()] = -np.inf
    users = np.flatnonzero(np.diff(test.indptr))
    top = np.argsort(-scores[users], axis=1, kind="stable")[:, :k]
    hits = np.take_along_axis(test[users].toarray(), top, axis=1)
    wanted, gains = np.diff(test.indptr)[users], 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gains)[np.minimum(wanted, k) - 1]
    return float(np.mean(hits.sum(axis=1) / wanted)), float(np.mean(hits @ gains / ideal))


def lists(X, y, small, without=None):
    shape, out = X.max(axis=0) + 1, quarter(X, 42)
    train, test = matrix_of(X[~out], shape), matrix_of(X[out], shape)
    inner = quarter(X[~out], 43)
    a, b = matrix_of(X[~out][~inner], shape), matrix_of(X[~out][inner], shape)
    rows = []
    for name, (fit, candidates) in available(LISTS, without).items():
        candidates = candidates[:2] if small else candidates
        setting = choose(candidates, lambda s, fit=fit: -judge(fit(a, **s), a, b)[1])
        factors, seconds = timed(fit, train, clock=time.process_time, **setting)
        recall, ndcg = judge(factors, train, test)
        rows.append(dict(solver=name, setting=shown(setting), recall=recall, ndcg=ndcg, seconds=seconds))
        print(f"    {rows[-1]}", flush=True)
    return rows


def speed(X, y, small, without=None):
    shape = X.max(axis=0) + 1
    matrix, pairs = matrix_of(X, shape), X
    total = float(shape[0] * shape[1] + SETTING["confidence"] * len(X))
    ridge = SETTING["alpha"] * total / np.sqrt(shape[0] * shape[1])

    def ours(n_iter):
        setting = SETTING | dict(frequency_scaling=0.0, tol=0.0, max_iter=n_iter, n_jobs=2)
        model = MatrixFactorizationRecommender(**setting).fit(pairs)
        return model.user_factors_, model.item_factors_

    def theirs(n_iter):
        setting = dict(factors=SETTING["rank"], regularization=ridge, iterations=n_iter, num_threads=2)
        return implicit_als(matrix, SETTING["confidence"], **setting)[:2]

    solvers = {"skreg": ours} | ({"implicit": theirs} if is_installed("implicit") else {})
    values = {name: {} for name in solvers}
    longest = 5 if small else 25
    for name, fit in solvers.items():
        for n_iter in range(1, longest + 1):
            values[name][n_iter] = weighted_loss(matrix, *fit(n_iter), SETTING["confidence"], ridge)
    best = min(min(found.values()) for found in values.values())
    enough = {
        name: next((n for n, value in found.items() if value <= best * (1.0 + CLOSE)), longest)
        for name, found in values.items()
    }
    seconds = {name: [] for name in solvers}
    for _ in range(2 if small else 9):
        for name, fit in solvers.items():
            seconds[name].append(timed(fit, enough[name])[1])
    least = {name: min(times) for name, times in seconds.items()}
    return [
        dict(
            solver=name, seconds=least[name], iterations=enough[name], threads=2,
            suboptimality=values[name][enough[name]] / best - 1.0, times=least["skreg"] / least[name],
        )
        for name in solvers
    ]  # fmt: skip


def configure(parser):
    parser.add_argument("--problems", type=names(movielens.PROBLEMS), default=list(movielens.PROBLEMS))
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--without", help='leave out models whose names contain this, such as "SVD++", which is slow')
    parser.add_argument("--small", action="store_true", help="a twentieth of the rows; written only to --out")
    parser.add_argument("--out", help="folder of recommender.json and recommender.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("recommender", folder, movielens.PROBLEMS, PARTS, NOTE, TITLES)


def run(args):
    pages = book(report.folder(args))
    measure = {"ratings": ratings, "lists": lists, "speed": speed}
    for part in args.parts:
        for problem in args.problems:
            X, y = load(problem, args.small)
            with warnings.catch_warnings(), threadpool_limits(1, "blas"):
                warnings.simplefilter("ignore")
                rows = measure[part](X, y, args.small, args.without)
            if problem == "100k":
                rows += PUBLISHED.get(part, [])
            rows = [dict(ours=row["solver"].startswith("skreg"), **row) for row in rows]
            about = f"{len(X):,} ratings of {X[:, 0].max() + 1:,} users and {X[:, 1].max() + 1:,} items"
            pages.enter(part, problem, about, rows=rows)
