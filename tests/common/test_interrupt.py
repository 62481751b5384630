"""Ctrl-C stops a long fit soon and leaves the estimator as it was."""

import signal
import subprocess
import sys
import time

import pytest

CODE = """
import sys, time
import numpy as np
from skreg import ElasticNetProx, ElasticNetProxCV, LabelSmoothedLogistic, LabelSmoothedLogisticCV
rng = np.random.default_rng(0)
X = np.asfortranarray(rng.standard_normal((2000, 3000)) + 3 * rng.standard_normal((2000, 1)))
y = {y}
small = ElasticNetProx(1.0).fit(X[:10, :3], y[:10])
model = {model}
model.fit(X[:50, :6], y[:50])
before = dict(vars(model))
print("ready", flush=True)
try:
    model.set_params({big}).fit(X, y)
    print("finished", flush=True)
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
    kept = {{k: v for k, v in vars(model).items() if k.endswith("_")}}
    print(all(kept[k] is before[k] for k in kept), kept.keys() == {{k for k in before if k.endswith("_")}}, flush=True)
"""
REAL, CLASSES = "rng.standard_normal(2000)", "np.arange(2000) % 3"
CASES = {
    "cd": ("ElasticNetProx(1.0, max_iter=100000, tol=0.0)", "alpha=1e-4", REAL),
    "prox_grad": ("ElasticNetProx(1.0, solver='prox_grad', max_iter=10000000, tol=0.0)", "alpha=1e-4", REAL),
    "cv": ("ElasticNetProxCV(alphas=3, max_iter=100000, n_jobs=2)", "alphas=100, eps=1e-4, tol=0.0", REAL),
    "newton": ("LabelSmoothedLogistic(1.0, l1_ratio=0.5)", "alpha=1e-6, max_iter=100000, tol=0.0", CLASSES),
    "lbfgs": ("LabelSmoothedLogistic(1.0)", "alpha=1e-9, label_smoothing=0.0, max_iter=100000, tol=0.0", CLASSES),
    "classes cv": ("LabelSmoothedLogisticCV(alphas=3, n_jobs=2)", "alphas=100, eps=1e-4, tol=0.0", CLASSES),
}


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_interrupt(case):
    model, big, y = CASES[case]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CODE.format(model=model, big=big, y=y)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().strip() == "ready"
        time.sleep(2.0)
        sent = time.time()
        process.send_signal(signal.SIGINT)
        word, *when = process.stdout.readline().split()
        assert word == "interrupted"
        assert float(when[0]) - sent < 3.0  # a second on a machine that does nothing else
        assert process.stdout.readline().split() == ["True", "True"]
    finally:
        process.kill()
        process.communicate()
