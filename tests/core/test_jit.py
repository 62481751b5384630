"""Compiled kernels: cached across processes, never stale, and no trouble where nothing can be written.

All on copies of the package, in processes of their own.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import textwrap

import pytest

import skreg

FIT = """
import numpy as np
from skreg import ElasticNetProx
X = np.random.default_rng(0).standard_normal((30, 5))
print(repr(float(ElasticNetProx(0.1).fit(X, X[:, 0]).coef_[0])))
"""
COUNT = """
from skreg._core.coordinate import coordinate_descent
print(sum(coordinate_descent.stats.cache_hits.values()), sum(coordinate_descent.stats.cache_misses.values()))
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package without compiled files; the folder to run in."""
    shutil.copytree(
        pathlib.Path(skreg.__file__).parent, tmp_path / "skreg", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def start(folder, code, **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out.split()


def run(folder, code, **environment):
    return finish(start(folder, code, **environment))


def files(folder):
    return {path.name for path in folder.rglob("*.nbc")}


def test_a_second_process_compiles_nothing(package):
    cold = run(package, FIT + COUNT)
    assert cold[1] == "0"
    assert int(cold[2]) > 0
    warm = run(package, FIT + COUNT)
    assert warm[0] == cold[0]
    assert warm[2] == "0"
    assert int(warm[1]) > 0


def test_an_edited_callee_is_compiled_anew(package):
    before = float(run(package, FIT)[0])
    path = package / "skreg" / "_core" / "penalties.py"
    code = path.read_text()
    edited = code.replace("        return v - t\n", "        return 0.5 * (v - t)\n")
    assert edited != code
    path.write_text(edited)
    old = files(package)
    # the sweep's entry function, in another file, is unchanged: numba's own stamp would not notice
    sweep = """
    import numpy as np
    from skreg._core.coordinate import coordinate_descent
    from skreg._core.designs import Gram
    from skreg._core.penalties import ElasticNet
    one, w, r = np.ones(1), np.zeros(1), -np.ones(1)
    pen = ElasticNet(np.zeros(1), np.zeros(1), -10 * one, 10 * one)
    coordinate_descent(Gram(np.ones((1, 1))), pen, w, r, one, one, np.arange(1), 1)
    print(w[0])
    """
    assert run(package, sweep) == ["0.5"]
    path.write_text(code)
    assert run(package, sweep) == ["1.0"]
    assert float(run(package, FIT)[0]) == before
    path.write_text(edited)
    assert run(package, sweep) == ["0.5"]
    assert len(files(package)) < 2 * len(old)  # files of other versions are removed


def test_an_upgrade_of_numba_is_a_new_stamp(package):
    stamp = "import {first}numba; from skreg._core import _jit; print(_jit.source_stamp(_jit._CORE))"
    changed = (
        "import numba; numba.__version__ = '99'\nfrom skreg._core import _jit; print(_jit.source_stamp(_jit._CORE))"
    )
    assert run(package, stamp.format(first="")) != run(package, changed)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_no_folder_can_be_written(package):
    # a file where numba wants a folder stops root too, whom permissions do not
    broken = package / "nowhere"
    broken.write_text("")
    out = run(package, FIT, NUMBA_CACHE_DIR=str(broken / "cache"))
    assert float(out[0]) == pytest.approx(float(run(package, FIT)[0]))
    assert broken.is_file()


def test_the_cache_folder_vanishes_or_breaks_while_running(package):
    code = """
    import pathlib, shutil
    import skreg
    cache = pathlib.Path("cache")
    shutil.rmtree(cache, ignore_errors=True)
    cache.write_text("")
    """
    out = run(package, textwrap.dedent(code) + FIT, NUMBA_CACHE_DIR=str(package / "cache"))
    assert len(out) == 1


def test_a_damaged_file_is_compiled_anew(package):
    expected = run(package, FIT)
    for path in package.rglob("*.nbc"):
        path.write_bytes(b"damaged")
    assert run(package, FIT) == expected


def test_processes_that_compile_at_the_same_moment(package):
    other = FIT.replace("standard_normal((30, 5))", "standard_normal((30, 5)).astype(np.float32)")
    sparse = FIT.replace("import numpy as np", "import numpy as np, scipy.sparse as sp").replace(
        ".fit(X,", ".fit(sp.csc_array(X),"
    )
    first = [start(package, code) for code in (FIT, other, sparse, FIT)]
    values = [float(finish(p)[0]) for p in first]
    again = [float(run(package, code)[0]) for code in (FIT, other, sparse, FIT)]
    assert values == again
    assert values == pytest.approx([values[0]] * 4, abs=1e-5)


def test_eight_threads_that_compile_at_the_same_moment(package):
    code = """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    import numpy as np
    from skreg import ElasticNetProx
    X = np.random.default_rng(0).standard_normal((30, 5))
    wait = threading.Barrier(8)
    def fit(k):
        wait.wait()
        return float(ElasticNetProx(0.1).fit(X.astype([np.float64, np.float32][k % 2]), X[:, 0]).coef_[0])
    with ThreadPoolExecutor(8) as pool:
        print(*pool.map(fit, range(8)))
    """
    values = [float(v) for v in run(package, code)]
    assert values == pytest.approx([values[0]] * 8, abs=1e-6)


def test_compiled_is_plain_python(package):
    shutil.copytree(pathlib.Path(__file__).parents[1], package / "tests")
    code = """
    import numpy as np
    from skreg import ElasticNetProx
    from tests.problems import DESIGNS, PENALTIES, regression
    X, y = regression(15, 6)
    for kind in ("dense", "float32", "csc"):
        for penalty in PENALTIES:
            for solver in ("cd", "gram", "prox_grad"):
                options = dict(solver=solver, max_iter=30, tol=1e-4, **penalty.of(6))
                print(*ElasticNetProx(0.05, **options).fit(DESIGNS[kind](X), y, np.arange(15) % 3).coef_)
    """
    plain = [float(v) for v in run(package, code, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="ignore")]
    compiled = [float(v) for v in run(package, code, PYTHONWARNINGS="ignore")]
    assert len(plain) == 3 * 15 * 3 * 6
    assert compiled == pytest.approx(plain, rel=1e-6, abs=1e-9)
