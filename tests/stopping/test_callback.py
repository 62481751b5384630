"""scikit-learn's callbacks."""

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, SGDRegressor
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from skreg import (
    DropoutMLPClassifier,
    EarlyStoppingRegressor,
    ElasticNetProx,
)
from skreg.stopping import EarlyStopping

from .data import classes, halves, numbers


def test_callbacks__see_and_stop_evaluations():
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn >= 1.9")

    class Stop:
        def __init__(self, last):
            self.last, self.seen = last, []

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "evaluation":
                self.seen.append(fitted_estimator.predict(X))
                return len(self.seen) == self.last

        def teardown(self, estimator, context):
            pass

    X, y = numbers()
    for inner in (None, SGDRegressor(random_state=0), GradientBoostingRegressor(random_state=0)):
        plain = EarlyStoppingRegressor(inner, random_state=0, patience=50).fit(X, y)
        stop = Stop(5)
        model = (
            EarlyStoppingRegressor(inner, random_state=0, patience=50, restore_best=False).set_callbacks(stop).fit(X, y)
        )
        assert len(model.validation_curve_) == 5
        assert not model.stopped_early_
        np.testing.assert_array_equal(model.validation_curve_, plain.validation_curve_[:5])
        np.testing.assert_array_equal(stop.seen[-1], model.predict(X))
        assert np.abs(stop.seen[0] - stop.seen[-1]).max() > 0.0  # copies of their time
    bar = callback.ProgressBar()
    search = GridSearchCV(EarlyStoppingRegressor(random_state=0), {"patience": [2, 4]}, cv=2).set_callbacks(bar)
    assert search.fit(X, y).best_estimator_.stopped_early_


def test_early_stopping__stops_other_estimators():
    pytest.importorskip("sklearn.callback", reason="scikit-learn >= 1.9")
    X, y, held = halves(*classes(600))
    model = DropoutMLPClassifier((50,), early_stopping=False, dropout=0.0, random_state=0)
    stop = EarlyStopping(held["X_val"], held["y_val"], patience=3)
    model.set_callbacks(stop).fit(X, y)
    assert model.n_iter_ == len(stop.validation_curve_) == stop.best_iter_ + 3 < 100
    assert stop.best_score_ == min(stop.validation_curve_)
    best = stop.best_estimator_.predict_proba(held["X_val"])
    assert log_loss(held["y_val"], best) == pytest.approx(stop.best_score_)
    logistic = LogisticRegression(C=1e4, max_iter=1000)
    stop = EarlyStopping(held["X_val"], held["y_val"], monitor="accuracy", patience=2)
    logistic.set_callbacks(stop).fit(X, y)
    assert stop.best_score_ == max(stop.validation_curve_)
    search = GridSearchCV(DropoutMLPClassifier(early_stopping=False, random_state=0), {"dropout": [0.0, 0.3]}, cv=2)
    search.estimator.set_callbacks(EarlyStopping(held["X_val"], held["y_val"], patience=2))
    assert search.fit(X, y).best_estimator_.n_iter_ < 100
    with pytest.warns(UserWarning, match="evaluated nothing: ElasticNetProx passed no model"):
        ElasticNetProx().set_callbacks(EarlyStopping(X, y)).fit(X, y)
    for target, message in (
        (np.where(held["y_val"] == 1, -1, 0), "y_val has labels that are not among the classes"),
        (y, "inconsistent"),
    ):
        with pytest.raises(ValueError, match=message):
            model.set_callbacks(EarlyStopping(held["X_val"], target)).fit(X, y)
    with pytest.raises(ValueError, match=r"'patience' parameter of EarlyStopping .* Got 0"):
        EarlyStopping(X, y, patience=0)
