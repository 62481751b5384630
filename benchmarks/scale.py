"""Data larger than memory: fits on blocks that are generated one by one, beside reading and multiplying the blocks."""

import resource
import statistics
import time

import numpy as np

from skreg import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogistic, elastic_net_path

from . import report

PARTS = ("time", "memory", "answers", "workers")
TITLES = {
    "time": "Seconds",
    "memory": "Memory",
    "answers": "The same answers as in memory",
    "workers": "From one worker process to two",
}
NOTE = """\
Standard normal columns, generated block by block by Dask; ten of them have an effect. "products" is the time of
generating the blocks and computing `X.T @ X` by Dask alone: nothing that uses all rows takes less. All in turns, in one
process with threads; medians. Memory is the growth of the process's peak during a fit, beside the size of X, which
never exists as a whole.
"""


def generated(n, p, block, classes=False):
    """X and y as Dask arrays of random blocks."""
    import dask.array as da

    rng = da.random.default_rng(0)
    X = rng.normal(size=(n, p), chunks=(block, p))
    y = X[:, :10].sum(axis=1) + 3.0 * rng.normal(size=n, chunks=block)
    return X, (y > 0.0).astype(int) if classes else y


def products(X):
    """`X.T @ X` by Dask alone."""
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


def book(folder):
    return report.Book("scale", folder, (), PARTS, NOTE, TITLES)


def run(args):
    pages, parts = book(report.folder(args)), args.parts.split(",")
    n, p, block = (20_000, 20, 2_000) if args.small else (10_000_000, 100, 100_000)
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
    if "answers" in parts:
        _answers(pages, n // 10, p, block)
    if "workers" in parts:
        _workers(pages, n, p, block, size)


def _time(pages, args, n, p, block, size):
    X, y = generated(n, p, block)
    _, labels = generated(n, p, block, classes=True)
    model = LabelSmoothedLogistic(0.01, l1_ratio=1.0)
    runs = {
        "products": lambda: products(X),
        "skreg, path of 100 alphas": lambda: path(X, y),
        "skreg, 5-fold search": lambda: search(X, y),
        "skreg, classes, one alpha": lambda: model.fit(X, labels),
    }
    times = {name: [] for name in runs}
    for _ in range(args.repeats):
        for name, call in runs.items():
            times[name].append(timed(call))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    rows = [
        dict(solver=name, seconds=median, of_products=median / medians["products"]) for name, median in medians.items()
    ]
    rows[-1]["passes"] = model.n_iter_ + 2  # the moments, the steps, and the certificate
    pages.enter("time", size, rows=rows)


def _answers(pages, n, p, block):
    """The largest difference of a path in memory and on blocks, relative to the largest coefficient."""
    X, y = generated(n, p, max(block // 10, 1))
    alphas, blocks, _, gaps = elastic_net_path(X, y, l1_ratio=1.0)
    whole = elastic_net_path(X.compute(), y.compute(), l1_ratio=1.0, alphas=alphas)
    error = np.abs(blocks - whole[1]).max() / np.abs(whole[1]).max()
    rows = [dict(solver="skreg, blocks beside memory", difference=float(error), gap=float(gaps.max()))]
    pages.enter("answers", f"{n:,} x {p}", rows=rows)


def _workers(pages, n, p, block, size):
    from dask.distributed import Client, LocalCluster

    rows = []
    for n_workers in (1, 2):
        options = dict(n_workers=n_workers, threads_per_worker=1, dashboard_address=None)
        with LocalCluster(**options) as cluster, Client(cluster):
            path(*generated(1_000, p, 100))
            seconds = timed(path, *generated(n, p, block))
            rows.append(dict(solver=f"skreg, path, worker processes: {n_workers}", seconds=seconds))
    rows[1]["speedup"] = rows[0]["seconds"] / rows[1]["seconds"]
    pages.enter("workers", size, rows=rows)
