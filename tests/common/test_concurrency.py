"""Fitted models in several threads and in other processes."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.utils import get_tags

from skreg import DropoutMLPClassifier, DropoutMLPRegressor
from skreg.utils.discovery import all_estimators
from tests.estimators import SMALL_DATA, example_of, targets_for
from tests.problems import regression
from tests.processes import run_python


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", [DropoutMLPClassifier, DropoutMLPRegressor])
def test_net__predicts_in_eight_threads_what_it_predicts_in_one(cls, dtype):
    X, y = make_classification(400, random_state=0)
    net = cls((20, 20), max_iter=5, random_state=0).fit(X.astype(dtype), y)
    parts = [X[start : start + 7].astype(dtype) for start in range(0, 392, 7)]

    def ask(rows):
        draws = net.predict_uncertainty(rows, n_draws=20)
        return np.column_stack([net.predict(rows), *(np.asarray(part).reshape(len(rows), -1) for part in draws)])

    alone = [ask(rows) for rows in parts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ask, parts))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@SMALL_DATA
def test_pickles__of_all_estimators_load_in_another_process(tmp_path):
    table, y = regression(60, 4)
    answers = {}
    for name, cls in all_estimators():
        model = example_of(cls)
        X = table if get_tags(model).input_tags.two_d_array else ["the cat sat", "the dog"] * 30
        model.fit(X, targets_for(model, y))
        answers[name] = model, X, (model.predict if hasattr(model, "predict") else model.transform)(X)
        assert all(not hasattr(value, "py_func") for value in vars(model).values())  # no kernels
    path = tmp_path / "models.pkl"
    path.write_bytes(pickle.dumps(answers))
    code = """
    import pathlib, pickle
    import numpy as np
    answers = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
    for name, (model, X, expected) in answers.items():
        np.testing.assert_array_equal((model.predict if hasattr(model, "predict") else model.transform)(X), expected)
        print(name)
    """
    assert run_python(code, path).split() == [name for name, _ in all_estimators()]
