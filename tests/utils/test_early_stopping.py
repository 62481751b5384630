"""The best of a series of values, patience, and reading validation data."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from skreg import DropoutMLPRegressor, EarlyStoppingRegressor, PenalizedRegressor
from skreg.utils._early_stopping import BestValue, read_validation
from skreg.utils._errors import interrupted_fit, unchanged_on_error
from skreg.utils._params import changed_params


def follow(values, **options):
    """The steps that were the best when they came, and the state in the end."""
    best = BestValue("loss", **options)
    kept = [step for step, value in enumerate(values) if best.update(value, step, f"after {step} steps")]
    return kept, best


@pytest.mark.parametrize(("ties", "kept"), [("first", [0, 1, 4]), ("last", [0, 1, 3, 4, 5])])
def test_best_value__ties(ties, kept):
    steps, best = follow([3.0, 2.0, 2.5, 2.0, 1.0, 1.0], patience=9, ties=ties)
    assert steps == kept
    assert (best.step, best.value, best.n_without) == (kept[-1], 1.0, 1)  # a tie is no improvement


def test_best_value__min_delta_and_patience():
    steps, best = follow([3.0, 2.6, 2.4, 2.3], patience=2, min_delta=0.5)
    assert steps == [0, 2]
    assert not best.stopped
    best.update(2.2, 4, "")
    assert best.stopped
    assert not follow([1.0] * 99, patience=None)[1].stopped


def test_best_value__infinite_values():
    steps, best = follow([math.inf, math.inf, 1.0], patience=2)
    assert steps == [0, 2]
    assert best.value == 1.0


def test_best_value__nan():
    best = BestValue("r2", patience=5)
    with pytest.raises(ValueError, match="monitor='r2' is NaN on the validation rows after 1 steps"):
        best.update(math.nan, 1, "after 1 steps")
    best.update(1.0, 1, "")
    with pytest.warns(ConvergenceWarning, match="is NaN on the validation rows after 2 steps: training ends there"):
        assert not best.update(math.nan, 2, "after 2 steps")
    assert best.stopped
    assert (best.step, best.value) == (1, 1.0)


def test_early_stopping__read_validation():
    X, y = np.zeros((3, 2)), np.zeros(3)
    assert read_validation(None, None, None, None) is None
    assert read_validation(lambda *data: data, X, y, None) == (X, y, None)
    with pytest.raises(ValueError, match="belong together; got only X_val"):
        read_validation(None, X, None, None)

    def refuse(X, y, weights):
        raise ValueError("bad rows")

    with pytest.raises(ValueError, match="in the validation data X_val, y_val, sample_weight_val: bad rows"):
        read_validation(refuse, X, y, None)


class SmallNet(DropoutMLPRegressor):
    """A net of which a user may change two parameters."""

    def __init__(self, early_stopping="auto", patience=10):
        super().__init__((2,), max_iter=1, early_stopping=early_stopping, patience=patience, random_state=0)


class Folds(EarlyStoppingRegressor):
    def __init__(self, cv=2):
        super().__init__(cv=cv, validation_fraction=0.3)


@pytest.mark.parametrize("model", [SmallNet(early_stopping=False), SmallNet(), Folds()])
def test_early_stopping__subclasses_that_fix_parameters_are_fitted(model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    model.fit(X, X[:, 0] + rng.normal(size=20))
    assert np.isfinite(model.predict(X)).all()


def test_changed_params__are_those_that_a_constructor_has():
    names = ["early_stopping", "patience", "validation_fraction"]
    assert changed_params(SmallNet(), names) == {}
    assert changed_params(SmallNet(patience=3), names) == {"patience": 10}
    assert changed_params(DropoutMLPRegressor(validation_fraction=0.3), names) == {"validation_fraction": 0.1}
    for weights in ([1.0], np.ones(1), np.array("bh"), pd.Series([1.0])):  # equality of arrays is an array
        assert changed_params(PenalizedRegressor(slope_weights=weights), ["slope_weights"]) == {"slope_weights": "bh"}
    assert changed_params(PenalizedRegressor(slope_weights="".join("bh")), ["slope_weights"]) == {}


def test_interrupted_fit__keeps_attributes_of_its_own_estimator_only():
    class Fits:
        def __init__(self, inner=None, keep=True):
            self.inner = inner
            self.keep = keep

        @unchanged_on_error
        def fit(self):
            self.state_ = 1
            if self.inner is not None:
                self.inner.fit()
            raise interrupted_fit(self, "at once") if self.keep else KeyboardInterrupt

    for keep in (True, False):
        model = Fits(keep=keep)
        with pytest.raises(KeyboardInterrupt):
            model.fit()
        assert hasattr(model, "state_") == keep
    outer = Fits(Fits())
    with pytest.raises(KeyboardInterrupt, match="at once"):
        outer.fit()
    assert hasattr(outer.inner, "state_")
    assert not hasattr(outer, "state_")
