"""Measurements in new processes: the first fit, and memory."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
RUN_CHILD = f"import sys; sys.path.append({str(ROOT)!r}); from benchmarks import child; child.main()"


def child(*words, cache=None):
    """The result of a new process; `cache` is the folder for numba's compiled kernels."""
    env = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(1 << 17)}  # freed memory leaves the process at once (glibc)
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # packages have bytecode, as pip leaves them
    if cache is not None:
        env["NUMBA_CACHE_DIR"] = str(cache)
    command = [sys.executable, "-W", "ignore", "-c", RUN_CHILD, *map(str, words)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


# First fits of three kinds: ours and those of scikit-learn, each a module and how a model is made.
FIRST = {
    "elastic net": (("skreg", "ElasticNetProx(0.1)"), ("sklearn.linear_model", "ElasticNet(0.1)")),
    "net": (("skreg", "DropoutMLPRegressor()"), ("sklearn.neural_network", "MLPRegressor()")),
    "early stopping": (
        ("skreg", "EarlyStoppingRegressor()"),
        ("sklearn.linear_model", "SGDRegressor(early_stopping=True)"),
    ),
}


def first_fits(name, repeats):
    """Import and first fit of a kind in `FIRST`, in turns; ours with and without cached kernels."""
    ours, peer = FIRST[name]
    with tempfile.TemporaryDirectory() as warm:

        def cold():
            with tempfile.TemporaryDirectory() as empty:
                return child("first", *ours, cache=empty)

        turns = {
            "skreg": lambda: child("first", *ours, cache=warm),
            "skreg, nothing cached": cold,
            "scikit-learn": lambda: child("first", *peer, cache=warm),
        }
        turns["skreg"]()
        turns["scikit-learn"]()
        found = {solver: [] for solver in turns}
        for _ in range(repeats):
            for solver, turn in turns.items():
                found[solver].append(turn())
    rows = []
    for solver, times in found.items():
        parts = {part: statistics.median(t[part] for t in times) for part in ("import", "fit", "cpu")}
        totals = [t["import"] + t["fit"] for t in times]
        seconds = dict(seconds=statistics.median(totals), fastest=min(totals))
        setting = (peer if solver == "scikit-learn" else ours)[1]
        ours_row = solver != "scikit-learn"
        rows.append(dict(solver=solver, setting=setting, ours=ours_row, accurate=True, **parts, **seconds))
    return rows


def peaks(names, problem, small):
    """Peak memory of one fit above the data, each in a process of its own."""
    rows = []
    for name in names:
        try:
            found = child("memory", name, problem, "small" if small else "full")
        except RuntimeError as error:
            print(f"    {name}: failed ({error})")
            continue
        rows.append(dict(solver=name, megabytes=found["above"], share=found["above"] / found["data"]))
    return rows
