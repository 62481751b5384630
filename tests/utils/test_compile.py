"""`python -m skreg.compile`."""

import os

import pytest

from skreg import compile as kernels
from tests.combinations import THOROUGH
from tests.processes import run_python, run_script


@pytest.mark.parametrize("group", kernels.GROUPS)
def test_compile__fits_of_a_group(group, capsys):
    assert kernels.main([group]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list(kernels.GROUPS[group]()))


def test_compile__several_groups_in_processes_of_their_own(monkeypatch):
    started = []

    class Process:
        def __init__(self, command):
            started.append(command[-1])

        def wait(self):
            return started.index("nets")

    monkeypatch.setattr(kernels.subprocess, "Popen", Process)
    assert kernels.main([]) == 1  # the worst of theirs
    assert started == list(kernels.GROUPS)


def test_compile__unknown_group(capsys):
    with pytest.raises(SystemExit):
        kernels.main(["trees"])
    assert "unknown group trees; known are linear, nets" in capsys.readouterr().err


@pytest.mark.skipif(not THOROUGH, reason="compiles all kernels of linear models")
def test_compile__later_processes_compile_nothing(tmp_path):
    code = """
    import numpy as np, skreg
    from skreg._core.loops.coordinate import coordinate_descent
    X = np.random.default_rng(0).standard_normal((60, 8))
    skreg.ElasticNetProx(0.01, solver="cd").fit(X, X[:, 0])
    print(sum(coordinate_descent.stats.cache_hits.values()), sum(coordinate_descent.stats.cache_misses.values()))
    """
    environment = dict(os.environ, NUMBA_CACHE_DIR=str(tmp_path))
    run_script("-m", "skreg.compile", "linear", env=environment)
    hits, misses = map(int, run_python(code, env=environment).split())
    assert hits
    assert not misses
