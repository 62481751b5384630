"""`python -m skreg.compile`."""

import os

import pytest

import skreg
from skreg import compile as kernels
from tests.combinations import THOROUGH
from tests.processes import run_python, run_script


@pytest.mark.parametrize("group", kernels.GROUPS)
def test_compile__fits_of_a_group(group, capsys):
    assert kernels.main([group]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list(kernels.GROUPS[group]()))


@pytest.mark.parametrize("status", [0, 1, -9])
def test_compile__several_groups_in_processes_of_their_own(status, monkeypatch):
    started = []

    class Process:
        def __init__(self, command):
            started.append(command[-1])

            self.status = status if command[-1] == "nets" else 0

        def wait(self):
            return self.status

    monkeypatch.setattr(kernels.subprocess, "Popen", Process)
    assert kernels.main([]) == (status != 0)
    assert started == list(kernels.GROUPS)


@pytest.mark.parametrize(
    ("group", "cls", "names"),
    [
        ("linear", skreg.ElasticNetProx, ["solver"]),
        ("linear", skreg.PenalizedRegressor, ["loss", "penalty"]),
        ("linear", skreg.PenalizedCox, []),
        ("nets", skreg.DropoutMLPClassifier, ["dropout_kind"]),
        ("nets", skreg.DropoutMLPRegressor, ["activation", "normalization", "weight_normalization"]),
        ("nets", skreg.DropoutCNNClassifier, ["pooling"]),
        ("nets", skreg.DropoutRNNClassifier, ["cell"]),
        ("nets", skreg.DropoutTransformerClassifier, ["pooling"]),
        ("recommendation", skreg.MatrixFactorizationRecommender, ["loss"]),
    ],
)
def test_compile__covers_all_options(group, cls, names):
    models = [model for model, _, _ in kernels.GROUPS[group]() if type(model) is cls]
    assert models
    for name in names:
        options = cls._parameter_constraints[name][0].names
        assert set(options) <= {getattr(model, name) for model in models}, name


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
