"""scikit-learn's callbacks: one task for every alpha of every fold."""

import subprocess
import sys

import numpy as np
import pytest

from skreg import ElasticNetProx, ElasticNetProxCV
from tests.problems import regression

X, y = regression(40, 5)
callback = pytest.importorskip("sklearn.callback", reason="scikit-learn >= 1.9")


class Recorder:
    """Counts tasks by name."""

    def __init__(self):
        self.begun, self.ended, self.torn_down = [], [], 0

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)

    def teardown(self, estimator, context):
        self.torn_down += 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tasks(n_jobs):
    recorder = Recorder()
    ElasticNetProxCV(l1_ratio=[0.5, 1.0], alphas=7, cv=3, n_jobs=n_jobs).set_callbacks(recorder).fit(X, y)
    names, counts = np.unique(recorder.ended, return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"fit": 1, "fold": 3, "alpha": 42, "refit": 1}
    assert sorted(recorder.begun) == sorted(recorder.ended)
    assert recorder.torn_down == 1
    single = Recorder()
    ElasticNetProx().set_callbacks(single).fit(X, y)
    assert single.ended == ["fit"]


def test_callbacks_are_torn_down_after_an_error():
    recorder = Recorder()
    model = ElasticNetProxCV(scoring=lambda *args: 1 / 0).set_callbacks(recorder)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, y)
    assert recorder.torn_down == 1
    assert not hasattr(model, "coef_")


def test_progress_bar():
    code = """
from sklearn.callback import ProgressBar
from skreg import ElasticNetProxCV
from tests.problems import regression
ElasticNetProxCV(n_jobs=2).set_callbacks(ProgressBar()).fit(*regression(40, 5))
"""
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    assert "ElasticNetProxCV - fit" in out.stdout
    assert "100%" in out.stdout


def test_old_scikit_learn():
    code = """
import sys
import sklearn.linear_model, sklearn.model_selection, sklearn.pipeline
sys.modules["sklearn.callback"] = None
import skreg
from tests.problems import regression
print(skreg.ElasticNetProxCV().fit(*regression(40, 5)).alpha_ > 0)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "True", out.stderr
