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
    if cache is not None:
        env["NUMBA_CACHE_DIR"] = str(cache)
    command = [sys.executable, "-W", "ignore", "-c", RUN_CHILD, *map(str, words)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def first_fits(names, repeats):
    """Import and first fit, in turns; ours with and without cached kernels."""
    with tempfile.TemporaryDirectory() as warm:
        turns = {name: lambda name=name: child("first", name, cache=warm) for name in names}

        def cold():
            with tempfile.TemporaryDirectory() as empty:
                return child("first", "skreg", cache=empty)

        turns["skreg, nothing cached"] = cold
        child("first", "skreg", cache=warm)
        found = {name: [] for name in turns}
        for _ in range(repeats):
            for name, turn in turns.items():
                found[name].append(turn())
    rows = []
    for name, times in found.items():
        parts = {part: statistics.median(t[part] for t in times) for part in ("import", "fit")}
        totals = [t["import"] + t["fit"] for t in times]
        rows.append(dict(solver=name, **parts, seconds=statistics.median(totals), fastest=min(totals)))
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
