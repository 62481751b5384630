"""Settings of all tests."""

import gc
import importlib.util
import os
import pathlib
import signal
import sys

if "PYTEST_XDIST_WORKER" in os.environ:  # workers side by side, each with all cores, wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # A test may ask for two threads all the same. One that waits must not keep a core busy: fits took 400 times longer.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import hypothesis
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[1]


def _prefer_the_installed_package():
    """Test what is installed, here and in child processes, although `python -m pytest` puts the clone first.

    The clone's own package is tested where none is installed, where the installation is editable, and where PYTHONPATH
    names the clone.
    """
    named = [
        str(pathlib.Path(entry).resolve()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry
    ]
    if str(ROOT) not in named:
        sys.path[:] = [entry for entry in sys.path if pathlib.Path(entry).resolve() != ROOT]
        package = importlib.util.find_spec("skreg")
        if package is not None and ROOT not in pathlib.Path(package.origin).resolve().parents:
            os.environ["PYTHONSAFEPATH"] = "1"  # no child finds the clone in its working directory
            sys.path.insert(0, str(ROOT))
            import benchmarks  # noqa: F401  # the clone's, although other packages may have such a folder, too

            sys.path.append(sys.path.pop(0))
            return
        sys.path.append(str(ROOT))
        named.append(str(ROOT))
    os.environ["PYTHONPATH"] = os.pathsep.join(named)


_prefer_the_installed_package()

hypothesis.settings.register_profile(
    "skreg",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)
hypothesis.settings.register_profile("thorough", parent=hypothesis.settings.get_profile("skreg"), max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "skreg"))


signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts by `&` ignore Ctrl-C


@pytest.fixture(autouse=True)
def _fixed_global_seed():
    """Seed NumPy's global generator: some of scikit-learn's checks use it, directly or by `random_state=None`."""
    np.random.seed(0)  # noqa: NPY002


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def make_small(monkeypatch, kind, **params):
    """Let a reference of `diagnose` have other parameters, unless the profile is thorough."""
    from skreg.inspection import _references

    make = getattr(_references, f"{kind}_reference")

    def small(measurements):
        model = make(measurements)
        return model if model is None else model.set_params(**params)

    if os.environ.get("HYPOTHESIS_PROFILE") != "thorough":
        monkeypatch.setattr(_references, make.__name__, small)


SMALL_BOOSTING, SMALL_LINEAR = dict(max_iter=5), dict(alphas=4, cv=2)


@pytest.fixture
def small_boosting(monkeypatch):
    """A reference of `diagnose` that is fitted fast, for tests that ask for nothing about it."""
    make_small(monkeypatch, "boosting", **SMALL_BOOSTING)


@pytest.fixture
def small_references(monkeypatch, small_boosting):
    """The same, and a fast linear reference."""
    make_small(monkeypatch, "linear", **SMALL_LINEAR)


# Run first, so that no worker is left with one of them at the end.
LONGEST = ("tests/common/test_docs.py", "tests/core/test_jit.py", "tests/inspection/")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_collection_finish():
    """Let the garbage collector leave alone what stays until the end, instead of looking at it again and again."""
    # Hypothesis keeps a random generator that its first test makes. Old versions warn, which fails that test, where the
    # collector does not find who refers to it, as it does not once that is left alone.
    hypothesis.given(hypothesis.strategies.none())(lambda value: None)()
    gc.freeze()
