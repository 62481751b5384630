"""Measurements that need a new process: ``python -m benchmarks.child`` prints one line of JSON.

``first <module> <call>`` times the import and the first fit; ``memory <solver> <problem> <small or full>`` measures how
far a fit's peak rises above holding the data. Nothing heavy is imported before the clock runs.
"""

import gc
import importlib
import json
import pathlib
import sys
import time


def first(module, call):
    """Import and first fit of a model on a small problem, in seconds, and the CPU seconds of both.

    The model is what a `call` makes of a name in a module: "ElasticNet(0.1)".
    """
    start, cpu = time.perf_counter(), time.process_time()
    name = call.partition("(")[0]
    model = eval(call, {name: getattr(importlib.import_module(module), name)})
    imported, cpu = time.perf_counter(), time.process_time() - cpu
    import numpy as np

    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((100, 20)))
    y = X @ rng.standard_normal(20) + rng.standard_normal(100)
    ready, before = time.perf_counter(), time.process_time()
    model.fit(X, y)
    fitted, cpu = time.perf_counter(), cpu + time.process_time() - before
    return {"import": imported - start, "fit": fitted - ready, "cpu": cpu}


def resident(field):
    """Resident memory of this process in MB: now (VmRSS), or its peak (VmHWM)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def memory(name, problem, size):
    """Peak memory of one lasso fit in MB, above the resident data and libraries.

    Not `ru_maxrss`: it starts at what the parent process held, and never falls again after the data are made.
    """
    import numpy as np

    from . import problems
    from .linear import SOLVERS

    data = problems.load(problem, size == "small")
    make = next(solver for solver in SOLVERS if solver.name == name)
    tiny = problems.autoregressive(50, 5, 0.0, np.random.default_rng(0))
    make(tiny, tiny[:, 0].copy()).single(0.1, 1.0, make.tol)  # libraries loaded, kernels compiled
    alpha = problems.alpha_max(data.X, data.y) / 100
    gc.collect()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew (proc(5))
    held = resident("VmRSS")
    make(data.X, data.y).single(alpha, 1.0, make.tol)
    return {"above": resident("VmHWM") - held, "data": data.X.nbytes / 2**20}


def memory_of_net(n, p):
    """Peak memory of a net's fit on n rows and p features in MB, above the resident data and libraries."""
    import numpy as np

    from skreg import DropoutMLPClassifier

    rng = np.random.default_rng(0)
    X = rng.standard_normal((int(n), int(p)), dtype=np.float32)
    y = (X[:, 0] > 0.0).astype(np.int64)
    model = DropoutMLPClassifier((100,), max_iter=2, random_state=0)
    model.fit(X[:5000], y[:5000])  # libraries loaded, kernels compiled
    gc.collect()
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    held = resident("VmRSS")
    model.fit(X, y)
    return {"above": resident("VmHWM") - held, "data": X.nbytes / 2**20}


def memory_of_cnn(solver, case, rows):
    """Peak memory of a fit of two epochs in MB, above the resident data and libraries.

    Ours has early stopping, as by default, so that validation counts, too.
    """
    from . import cnn

    settings = cnn.CASES[case]._replace(epochs=2)
    fit = cnn.estimator(settings, early_stopping=True).fit if solver == "skreg" else cnn.pytorch(settings)
    X, y = cnn.data(case, int(rows))
    fit(X[:1000], y[:1000])  # libraries loaded, kernels compiled
    gc.collect()
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    held = resident("VmRSS")
    fit(X, y)
    return {"above": resident("VmHWM") - held, "data": X.nbytes / 2**20}


def latency_of_cnn(solver, case, calls):
    """Milliseconds to predict the class of one image: the median of many calls."""
    import numpy as np

    from . import cnn

    X, y = cnn.data(case, 200)
    settings = cnn.CASES[case]._replace(epochs=1)
    ours = solver == "skreg"
    predict = cnn.estimator(settings).fit(X, y).predict if ours else cnn.pytorch_prediction(settings, X, y)
    times = []
    for k in range(int(calls) + 20):
        image = X[k % len(X)][None]
        start = time.perf_counter()
        predict(image)
        times.append(time.perf_counter() - start)
    return {"milliseconds": 1e3 * float(np.median(times[20:]))}  # the first calls compile


def main():
    task, *words = sys.argv[1:]
    tasks = (first, memory, memory_of_net, memory_of_cnn, latency_of_cnn)
    print(json.dumps({function.__name__: function for function in tasks}[task](*words)))


if __name__ == "__main__":
    main()
