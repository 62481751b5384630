"""Data larger than memory: fits on blocks that are generated one by one, beside reading and multiplying the blocks."""

import importlib.util
import resource
import time

import numpy as np
from threadpoolctl import threadpool_limits

from skreg import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogistic, elastic_net_path

from . import report

PARTS = ("time", "memory", "cost", "peer", "answers", "workers")
TITLES = {
    "time": "Seconds",
    "memory": "Memory",
    "cost": "How the cost of a lasso path grows",
    "peer": "Classes, beside dask-ml",
    "answers": "The same answers as in memory",
    "workers": "From one worker process to two",
}
COSTS = (
    (400_000, 100, 20_000),
    (800_000, 100, 20_000),
    (400_000, 200, 20_000),
    (400_000, 100, 4_000),
    (50_000, 1_000, 10_000),
    (100_000, 1_000, 10_000),
)
SMALL_COSTS = ((20_000, 20, 2_000), (40_000, 20, 2_000))  # rows, columns, and rows of a block
COMPUTED = 10**9  # rows of the cost that is computed
ALPHA = 0.01  # of the fits of classes, whose penalty is L1
NOTE = """\
Standard normal columns, generated block by block by Dask; ten of them have an effect. "products" is the time of
generating the blocks and computing `X.T @ X` by Dask alone, with one BLAS thread for each of its threads, which is
faster than with more: nothing that uses all rows takes less. All in turns, in one process with threads; minima. Labels
are in memory. Passes over X are counted. Memory is the growth of the process's peak during a fit, beside the size of X,
which never exists as a whole.

How the cost grows is told in CPU seconds of all threads, without those of making the blocks: all are the same
array. The last row is computed from the two before, by a straight line in the number of rows.

dask-ml has the same L1 penalty, on the intercept too, and its default solver and number of iterations. Suboptimality
is that of the objective of `LabelSmoothedLogistic` at its coefficients, relative to the loss of the null model. It is
installed beside skreg with `pip install --no-deps --target folder dask-ml dask-glm multipledispatch sparse`, and found
with `PYTHONPATH=folder`.

Worker processes have one thread each.
"""


def generated(n, p, block):
    """X and y as Dask arrays of random blocks."""
    import dask.array as da

    rng = da.random.default_rng(0)
    X = rng.normal(size=(n, p), chunks=(block, p))
    return X, X[:, :10].sum(axis=1) + 3.0 * rng.normal(size=n, chunks=block)


def counted(X, sizes):
    """X, with the rows of every block that is read entered in a list."""

    def read(block):
        sizes.append(len(block))
        return block

    return X.map_blocks(read, dtype=X.dtype, meta=np.empty((0, 0)))


def products(X, y=None):
    """`X.T @ X` by Dask alone."""
    with threadpool_limits(1, user_api="blas"):
        return (X.T @ X).compute()


def path(X, y):
    return elastic_net_path(X, y, l1_ratio=1.0)


def search(X, y):
    return ElasticNetProxCV(l1_ratio=1.0, cv=5).fit(X, y)


def timed(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def peak():
    """The largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def configure(parser):
    parser.add_argument("--small", action="store_true", help="few rows; written only to --out")
    parser.add_argument("--out", help="folder of scale.json and scale.md (default: docs/benchmarks)")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, help="rows of the parts time, memory and workers (default: 10 million)")


def book(folder):
    return report.Book("scale", folder, (), PARTS, NOTE, TITLES)


def run(args):
    pages, parts = book(report.folder(args)), args.parts.split(",")
    n, p, block = (20_000, 20, 2_000) if args.small else (10_000_000, 100, 100_000)
    n = args.rows or n
    size = f"{n:,} x {p}"
    tiny = generated(1_000, p, 500)
    path(*tiny)  # compiles
    if "memory" in parts:
        X, y = generated(n, p, block)
        before = peak()
        ElasticNetProx(0.1, l1_ratio=1.0).fit(X, y)
        rows = [dict(solver="skreg, one fit", grown=peak() - before, whole=X.nbytes / 2**20)]
        pages.enter("memory", size, rows=rows)
    if "time" in parts:
        _time(pages, args, n, p, block, size)
    if "cost" in parts:
        _cost(pages, args, SMALL_COSTS if args.small else COSTS)
    if "peer" in parts:
        _peer(pages, max(n // 10, 2_000), p, max(block // 10, 500))
    if "answers" in parts:
        _answers(pages, n // 10, p, block)
    if "workers" in parts:
        _workers(pages, args, n, p, block, size)


def _time(pages, args, n, p, block, size):
    X, y = generated(n, p, block)
    labels, sizes = (y > 0.0).compute(), []
    model, X_counted = LabelSmoothedLogistic(ALPHA, l1_ratio=1.0), counted(X, sizes)
    runs = {
        "products": lambda: products(X),
        "skreg, path of 100 alphas": lambda: path(X, y),
        "skreg, 5-fold search": lambda: search(X, y),
        "skreg, classes, one alpha": lambda: model.fit(X_counted, labels),
    }
    least = fastest(runs, args.repeats)
    rows = [dict(solver=name, seconds=least[name], of_products=least[name] / least["products"]) for name in runs]
    rows[-1]["passes"] = round(sum(sizes) / n / args.repeats, 1)
    pages.enter("time", size, rows=rows)


def repeated(n, p, block):
    """X and y of which all blocks are the same, so that making them costs nothing."""
    import dask.array as da

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(block, p))
    targets = rows[:, :10].sum(axis=1) + 3.0 * rng.normal(size=block)
    return (da.concatenate([da.from_array(part, chunks=-1, name=False)] * (n // block)) for part in (rows, targets))


def _cost(pages, args, cases):
    rows = []
    for n, p, block in cases:
        X, y = repeated(n, p, block)
        least = np.inf
        for _ in range(args.repeats):
            start = time.process_time()
            path(X, y)
            least = min(least, time.process_time() - start)
        rows.append(dict(solver=f"{n:,} x {p:,}, {n // block} blocks", cpu=least))
    (n_few, *_), few, many = cases[-2], *(row["cpu"] for row in rows[-2:])
    seconds = many + (many - few) / (n - n_few) * (COMPUTED - n)
    rows.append(dict(solver=f"{COMPUTED:,} x {p:,}, {COMPUTED // block:,} blocks, computed", cpu=seconds))
    pages.enter("cost", "rows, columns, blocks", rows=rows)


def fastest(runs, repeats):
    """The least seconds of every run, all in turns."""
    least = dict.fromkeys(runs, np.inf)
    for _ in range(repeats):
        for name, call in runs.items():
            least[name] = min(least[name], timed(call))
    return least


def _peer(pages, n, p, block):
    """Classes, by dask-ml if it is there. It takes many passes: fewer rows."""
    X, y = generated(n, p, block)
    labels, sizes = (y > 0.0).astype(int).persist(), []
    models = {"skreg": LabelSmoothedLogistic(ALPHA, l1_ratio=1.0)}
    if importlib.util.find_spec("dask_ml"):
        from dask_ml.linear_model import LogisticRegression

        models["dask-ml"] = LogisticRegression(penalty="l1", C=1.0 / (ALPHA * n))
    t, rows = labels.compute(), []
    share = t.mean()
    null = -share * np.log(share) - (1.0 - share) * np.log(1.0 - share)
    for name, model in models.items():
        sizes.clear()
        seconds = timed(model.fit, counted(X, sizes), labels)
        coef = np.ravel(model.coef_)
        scores = (X @ coef).compute() + np.ravel(model.intercept_)
        value = np.mean(np.logaddexp(0.0, scores) - t * scores) + ALPHA * np.abs(coef).sum()
        rows.append(dict(solver=name, seconds=seconds, value=value, passes=round(sum(sizes) / n, 1)))
    best = rows[0]["value"] - models["skreg"].dual_gap_  # a lower bound of the least
    rows = [row | dict(suboptimality=float(row.pop("value") - best) / null) for row in rows]
    pages.enter("peer", f"{n:,} x {p}", rows=rows)


def _answers(pages, n, p, block):
    """The largest difference of a path in memory and on blocks, relative to the largest coefficient."""
    X, y = generated(n, p, max(block // 10, 1))
    alphas, blocks, _, gaps = elastic_net_path(X, y, l1_ratio=1.0)
    whole = elastic_net_path(X.compute(), y.compute(), l1_ratio=1.0, alphas=alphas)
    error = np.abs(blocks - whole[1]).max() / np.abs(whole[1]).max()
    rows = [dict(solver="skreg, blocks beside memory", difference=float(error), gap=float(gaps.max()))]
    pages.enter("answers", f"{n:,} x {p}", rows=rows)


def _workers(pages, args, n, p, block, size):
    from dask.distributed import Client, LocalCluster

    X, y = generated(n, p, block)
    least = {}
    for _ in range(args.repeats):
        for n_workers in (1, 2):
            options = dict(n_workers=n_workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
            with LocalCluster(**options) as cluster, Client(cluster):
                for call in (products, path):
                    call(*generated(2_000, p, 100))  # imports and compiles
                for name, call in {"products": products, "skreg, path": path}.items():
                    case = name, n_workers
                    least[case] = min(timed(call, X, y), least.get(case, np.inf))
    rows = [
        dict(solver=f"{name}, worker processes: {k}", seconds=seconds, speedup=least[name, 1] / seconds)
        for (name, k), seconds in sorted(least.items())
    ]
    pages.enter("workers", size, rows=rows)
