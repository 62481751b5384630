"""Settings of all tests."""

import os
import sys

if "PYTEST_XDIST_WORKER" in os.environ:  # workers side by side, each with all cores, wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest

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


@pytest.fixture(autouse=True)
def _seed_of_none():
    """What `random_state=None` draws from: some of scikit-learn's checks leave it at that, and would differ by run."""
    np.random.seed(0)  # noqa: NPY002


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
