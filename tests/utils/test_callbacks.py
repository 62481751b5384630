"""scikit-learn's callbacks: one task for every alpha of every fold."""

import numpy as np
import pytest

from skreg import DropoutMLPRegressor, EarlyStoppingRegressor, ElasticNetProx, ElasticNetProxCV
from tests.problems import regression
from tests.processes import run_python

X, y = regression(40, 5)
callback = pytest.importorskip("sklearn.callback", reason="scikit-learn >= 1.9")
CallbackContext = pytest.importorskip("sklearn.callback._callback_context").CallbackContext


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
def test_callbacks__tasks(n_jobs):
    recorder = Recorder()
    ElasticNetProxCV(l1_ratio=[0.5, 1.0], alphas=7, cv=3, n_jobs=n_jobs).set_callbacks(recorder).fit(X, y)
    names, counts = np.unique(recorder.ended, return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"fit": 1, "fold": 3, "alpha": 42, "refit": 1}
    assert sorted(recorder.begun) == sorted(recorder.ended)
    assert recorder.torn_down == 1
    single = Recorder()
    ElasticNetProx().set_callbacks(single).fit(X, y)
    assert single.ended == ["fit"]


def test_callbacks__are_torn_down_after_an_error():
    recorder = Recorder()
    model = ElasticNetProxCV(scoring=lambda *args: 1 / 0).set_callbacks(recorder)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, y)
    assert recorder.torn_down == 1
    assert not hasattr(model, "coef_")


def test_callbacks__progress_bar(capfd):
    ElasticNetProxCV(n_jobs=2).set_callbacks(callback.ProgressBar()).fit(*regression(40, 5))
    out = capfd.readouterr().out
    assert "ElasticNetProxCV - fit" in out
    assert "100%" in out


def test_callbacks__old_scikit_learn():
    code = """
import sys
import sklearn.linear_model, sklearn.model_selection, sklearn.pipeline
sys.modules["sklearn.callback"] = None
import skreg
from tests.problems import regression
print(skreg.ElasticNetProxCV().fit(*regression(40, 5)).alpha_ > 0)
"""
    assert run_python(code).strip() == "True"


def without(owner, name):
    return owner, name, None


def with_other_parameters(owner, name):
    return owner, name, lambda self, brand_new_parameter: None


CHANGES = {
    "_init_callback_context": callback.CallbackSupportMixin,
    "subcontext": CallbackContext,
    "call_on_fit_task_begin": CallbackContext,
    "call_on_fit_task_end": CallbackContext,
}


@pytest.mark.parametrize("change", [without, with_other_parameters])
@pytest.mark.parametrize("name", CHANGES)
def test_changed_interface__fits_work_and_warn_only_those_who_set_callbacks(monkeypatch, name, change):
    models = [
        ElasticNetProxCV(alphas=3, cv=3),
        DropoutMLPRegressor((3,), max_iter=2, early_stopping=False, random_state=0),
        EarlyStoppingRegressor(max_iter=20, random_state=0),
    ]
    expected = [model.fit(X, y).predict(X) for model in models]
    monkeypatch.setattr(*change(CHANGES[name], name))
    for model, before in zip(models, expected, strict=True):
        np.testing.assert_array_equal(model.fit(X, y).predict(X), before)
    with pytest.warns(RuntimeWarning, match=f"callbacks of ElasticNetProxCV are not called: {name}"):
        models[0].set_callbacks(Recorder()).fit(X, y)


def test_callbacks__errors_of_a_callback_are_not_taken_for_a_changed_interface():
    class Broken(Recorder):
        def setup(self, estimator, context):
            raise TypeError("of the callback")

    with pytest.raises(TypeError, match="of the callback"):
        ElasticNetProx().set_callbacks(Broken()).fit(X, y)
