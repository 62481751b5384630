"""Ctrl-C stops a long fit and leaves a linear model as it was."""

import _thread
import contextlib
import inspect
import itertools
import pathlib
import sys
import threading

import numpy as np
import pytest
from sklearn.base import clone

import skreg
from skreg import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogistic, LabelSmoothedLogisticCV

PACKAGE = str(pathlib.Path(skreg.__file__).parent)
RNG = np.random.default_rng(0)
X = np.asfortranarray(RNG.standard_normal((100, 60)) + 3.0 * RNG.standard_normal((100, 1)))
NUMBERS, CLASSES = RNG.standard_normal(100), np.arange(100) % 3
ENDLESS = dict(tol=0.0, max_iter=10**7)
MANY = dict(alphas=100, eps=1e-2, max_iter=100)
CASES = {
    "cd": (ElasticNetProx(solver="cd"), dict(alpha=1e-6, **ENDLESS), NUMBERS),
    "gram": (ElasticNetProx(solver="gram"), dict(alpha=1e-6, **ENDLESS), NUMBERS),
    "prox_grad": (ElasticNetProx(solver="prox_grad"), dict(alpha=1e-4, **ENDLESS), NUMBERS),
    "cv": (ElasticNetProxCV(alphas=3, n_jobs=2), MANY, NUMBERS),
    "newton": (LabelSmoothedLogistic(l1_ratio=0.5), dict(alpha=1e-6, **ENDLESS), CLASSES),
    "lbfgs": (LabelSmoothedLogistic(), dict(alpha=1e-9, label_smoothing=0.0, **ENDLESS), CLASSES),
    "classes cv": (LabelSmoothedLogisticCV(alphas=3, n_jobs=2), MANY, CLASSES),
}


@contextlib.contextmanager
def interrupted_after(n_calls):
    """Ctrl-C when the package's Python functions have been called some times, in whichever thread.

    A count needs no clock: it is reached only if the compiled loops return to Python, where the interrupt is seen.
    Generators are not counted: while one is closed, Python ignores exceptions, KeyboardInterrupt included.
    """
    calls = itertools.count(1)  # `next` is atomic: no thread misses the number

    def count(frame, event, argument):
        code = frame.f_code
        is_counted = code.co_filename.startswith(PACKAGE) and not code.co_flags & inspect.CO_GENERATOR
        if event == "call" and is_counted and next(calls) == n_calls:
            _thread.interrupt_main()

    before = sys.getprofile()
    threading.setprofile(count)
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_calls", [3, 100])
@pytest.mark.parametrize("case", CASES)
def test_interrupt__fit_stops_and_leaves_the_model_as_it_was(case, n_calls):
    model, endless, y = CASES[case]
    model = clone(model)  # another test has set parameters
    model.fit(X[:50, :6], y[:50])
    before = {name: value for name, value in vars(model).items() if name.endswith("_")}
    with pytest.raises(KeyboardInterrupt), interrupted_after(n_calls):
        model.set_params(**endless).fit(X, y)
    after = {name: value for name, value in vars(model).items() if name.endswith("_")}
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)
