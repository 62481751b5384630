"""Estimators that are trained step by step, against brute force."""

import gc
import threading
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import (
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import (
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
)

from .data import RUNS_OUT, Counted, State, classes, halves, numbers


def epochs_of(model, X, y, t):
    """`partial_fit` t times, the order of the rows drawn anew each time."""
    model = clone(model).set_params(random_state=np.random.RandomState(model.random_state))
    labels = dict(classes=np.unique(y)) if hasattr(model, "predict_proba") else {}
    for _ in range(t):
        model.partial_fit(X, y, **labels)
    return model


def total_of(model, X, y, t):
    name = "n_estimators" if "n_estimators" in model.get_params() else "max_iter"
    return clone(model).set_params(**{name: t}).fit(X, y)


def restarts_of(model, X, y, t):
    model = clone(model).set_params(warm_start=True, max_iter=1)
    for _ in range(t):
        model.fit(X, y)
    return model


def boosters():
    found = []
    try:
        from lightgbm import LGBMClassifier, LGBMRegressor

        found += [(LGBMRegressor(verbose=-1, n_jobs=1), total_of), (LGBMClassifier(verbose=-1, n_jobs=1), total_of)]
    except ImportError:
        pass
    try:
        from xgboost import XGBClassifier, XGBRegressor

        found += [(XGBRegressor(n_jobs=1), total_of), (XGBClassifier(n_jobs=1), total_of)]
    except ImportError:
        pass
    return found


GROWING = [
    (SGDRegressor(random_state=0), epochs_of),
    (SGDClassifier(loss="log_loss", random_state=0), epochs_of),
    (MLPRegressor(hidden_layer_sizes=(10,), random_state=0, early_stopping=True), epochs_of),
    (MLPClassifier(hidden_layer_sizes=(10,), random_state=0), epochs_of),
    (DropoutMLPRegressor((10,), random_state=0), epochs_of),
    (DropoutMLPClassifier((10,), random_state=0), epochs_of),
    (GradientBoostingRegressor(random_state=0, subsample=0.7, n_iter_no_change=1), total_of),
    (GradientBoostingClassifier(random_state=0), total_of),
    (HistGradientBoostingRegressor(random_state=0), total_of),
    (HistGradientBoostingClassifier(random_state=0, early_stopping=False), total_of),
    (RandomForestRegressor(random_state=0, oob_score=True, n_estimators=30), total_of),
    (RandomForestClassifier(random_state=0, min_samples_leaf=5), total_of),
    (ExtraTreesRegressor(random_state=0, min_samples_leaf=5), total_of),
    (BaggingRegressor(random_state=0), total_of),
    (LogisticRegression(C=100.0), restarts_of),
    *boosters(),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:Some inputs do not have OOB")
@pytest.mark.parametrize(("model", "fitted_for"), GROWING, ids=[type(model).__name__ for model, _ in GROWING])
def test_trainers__against_brute_force(model, fitted_for):
    classifies = hasattr(model, "predict_proba") or "Classif" in type(model).__name__
    X, y, held = halves(*(classes(240) if classifies else numbers(240)))
    cls = EarlyStoppingClassifier if classifies else EarlyStoppingRegressor
    stopped = cls(model, max_iter=12, patience=12).fit(X, y, **held)
    free = {"early_stopping": False} if "early_stopping" in model.get_params() else {"n_iter_no_change": None}
    plain = clone(model).set_params(**{k: v for k, v in free.items() if k in model.get_params()})
    losses = []
    for t in range(1, 13):
        brute = fitted_for(plain, X, y, t)
        if classifies:
            losses.append(log_loss(held["y_val"], brute.predict_proba(held["X_val"])))
        else:
            losses.append(mean_squared_error(held["y_val"], brute.predict(held["X_val"])))
    np.testing.assert_allclose(stopped.validation_curve_, losses, rtol=1e-6)
    assert stopped.best_iter_ == 1 + int(np.argmin(losses))
    # what was restored, scored afresh, is the best
    kept = stopped.predict_proba(held["X_val"]) if classifies else stopped.predict(held["X_val"])
    loss = log_loss(held["y_val"], kept) if classifies else mean_squared_error(held["y_val"], kept)
    assert loss == pytest.approx(min(losses), rel=1e-6) == pytest.approx(stopped.best_score_, rel=1e-6)
    refit = clone(stopped).set_params(refit=True).fit(X, y, **held)
    assert refit.best_iter_ == stopped.best_iter_
    whole = fitted_for(plain, np.r_[X, held["X_val"]], np.r_[y, held["y_val"]], refit.best_iter_)
    np.testing.assert_allclose(refit.predict(X), whole.predict(X), rtol=1e-6)


def test_ensemble__cut_to_best_size():
    X, y, held = halves(*numbers())
    model = EarlyStoppingRegressor(GradientBoostingRegressor(subsample=0.5, random_state=0)).fit(X, y, **held)
    inner, best = model.estimator_, model.best_iter_
    assert best < model.n_iter_
    assert inner.n_estimators == inner.n_estimators_ == best
    assert {len(v) for v in (inner.estimators_, inner.train_score_, inner.oob_improvement_, inner.oob_scores_)} == {
        best
    }
    assert not hasattr(inner, "oob_score_")
    assert len(list(inner.staged_predict(X))) == best
    histogram = EarlyStoppingRegressor(HistGradientBoostingRegressor(random_state=0)).fit(X, y, **held)
    assert histogram.estimator_.n_iter_ == histogram.best_iter_ == histogram.estimator_.max_iter


def test_boosters__same_as_fitted_alone():
    lightgbm = pytest.importorskip("lightgbm")
    X, y, held = halves(*numbers(400))
    base = dict(n_jobs=1, verbose=-1, random_state=0)
    for params in (
        dict(colsample_bytree=0.4), dict(subsample=0.5, subsample_freq=1), dict(boosting_type="goss"),
        dict(boosting_type="rf", subsample=0.5, subsample_freq=1),
    ):  # fmt: skip
        model = EarlyStoppingRegressor(lightgbm.LGBMRegressor(**base, **params), max_iter=60, patience=15, eval_every=2)
        model.fit(X, y, **held)
        alone = lightgbm.LGBMRegressor(**base, **params, n_estimators=model.best_iter_).fit(X, y)
        np.testing.assert_array_equal(model.predict(X), alone.predict(X))
        assert model.best_score_ == pytest.approx(mean_squared_error(held["y_val"], alone.predict(held["X_val"])))
        assert model.estimator_.booster_.num_trees() == model.best_iter_
    several = EarlyStoppingRegressor(lightgbm.LGBMRegressor(**base, num_iterations=9), patience=3).fit(X, y, **held)
    assert several.estimator_.booster_.num_trees() == several.best_iter_
    with pytest.raises(ValueError, match="LGBMRegressor of kind 'dart' changes earlier rounds"):
        EarlyStoppingRegressor(lightgbm.LGBMRegressor(boosting_type="dart")).fit(X, y)
    xgboost = pytest.importorskip("xgboost")
    schedule = xgboost.callback.LearningRateScheduler(lambda i: 0.3 * 0.8**i)
    tree = xgboost.XGBRegressor(n_jobs=1, subsample=0.5, random_state=0, callbacks=[schedule])
    model = EarlyStoppingRegressor(tree, max_iter=40, patience=5, monitor="r2").fit(X, y, **held)
    alone = clone(tree).set_params(n_estimators=model.best_iter_).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), alone.predict(X))
    with pytest.raises(ValueError, match="XGBRFRegressor is one round of many trees"):
        EarlyStoppingRegressor(xgboost.XGBRFRegressor()).fit(X, y)


def test_trainers__restore_parameters():
    X, y, held = halves(*numbers())
    forest = RandomForestRegressor(oob_score=True, random_state=0)
    model = EarlyStoppingRegressor(forest).fit(X, y, **held)
    assert not model.estimator_.warm_start
    assert model.estimator_.oob_score
    assert model.estimator_.n_estimators == model.best_iter_
    np.testing.assert_array_equal(
        clone(model.estimator_).set_params(oob_score=False).fit(X, y).predict(X), model.predict(X)
    )
    sgd = EarlyStoppingRegressor(SGDRegressor(random_state=3)).fit(X, y, **held)
    assert sgd.estimator_.random_state == 3


def test_trainers__two_states_in_memory():
    Counted.most = 0
    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    model = EarlyStoppingRegressor(Counted(), patience=3).fit(X, y)
    assert (model.best_iter_, model.n_iter_, model.best_score_) == (6, 9, 0.0)
    assert Counted.most == 2
    assert model.predict(X)[0] == 6.0
    del model
    gc.collect()
    Counted.most = len(Counted.living)
    for params in (dict(cv=KFold(4), cv_rounds="all"), dict(refit=True)):
        EarlyStoppingRegressor(Counted(), patience=3, **params).fit(X, y)
        gc.collect()
        assert Counted.most <= 2
    assert EarlyStoppingRegressor(Counted(), patience=3, restore_best=False).fit(X, y).predict(X)[0] == 9.0


def test_pipeline__preprocessing_fitted_on_training_rows():
    X, y = numbers()
    inside = EarlyStoppingRegressor(make_pipeline(StandardScaler(), SGDRegressor(random_state=0)), cv=KFold(3)).fit(
        X, y
    )
    train, held = next(KFold(3).split(X))
    scale = StandardScaler().fit(X[train])
    np.testing.assert_array_equal(inside.estimator_[0].mean_, scale.mean_)
    by_hand = EarlyStoppingRegressor(SGDRegressor(random_state=0))
    by_hand.fit(scale.transform(X[train]), y[train], X_val=scale.transform(X[held]), y_val=y[held])
    np.testing.assert_array_equal(inside.validation_curve_, by_hand.validation_curve_)
    np.testing.assert_array_equal(inside.predict(X), by_hand.predict(scale.transform(X)))


@RUNS_OUT
def test_warm_starts__seeds():
    X, y, held = halves(*classes(300, 20, K=2))
    for seed in range(2):
        models = [
            EarlyStoppingClassifier(
                LogisticRegression(C=100.0, solver="sag", random_state=state), max_iter=30, patience=30
            )
            for state in (seed, np.random.RandomState(seed))
        ]
        probabilities = [model.fit(X, y, **held).predict_proba(X) for model in models]
        np.testing.assert_array_equal(*probabilities)
        assert models[0].estimator_.random_state == seed


def test_pipeline__keeps_its_parameters(tmp_path):
    X, y = numbers()

    class Own(Pipeline):
        pass

    steps = [("scale", StandardScaler()), ("sgd", SGDRegressor(random_state=0))]
    model = EarlyStoppingRegressor(Own(steps, memory=str(tmp_path)), random_state=0).fit(X, y)
    assert type(model.estimator_) is Own
    assert model.estimator_.memory == str(tmp_path)
    assert model.predict(X).shape == y.shape


def test_ensemble__copied_if_it_cannot_be_cut():
    class Trees(RegressorMixin, BaseEstimator):
        def __init__(self, n_estimators=3, warm_start=False):
            self.n_estimators = n_estimators
            self.warm_start = warm_start

        def fit(self, X, y):
            self.trees_ = getattr(self, "trees_", [])
            self.trees_ += [1.0] * (self.n_estimators - len(self.trees_))
            return self

        def predict(self, X):
            return np.full(len(X), sum(self.trees_))

    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    model = EarlyStoppingRegressor(Trees(), patience=3).fit(X, y)
    assert (model.best_iter_, model.n_iter_, model.predict(X)[0]) == (6, 9, 6.0)
    features = BaggingRegressor(max_features=0.5, random_state=0)
    X, y, held = halves(*numbers())
    bagged = EarlyStoppingRegressor(features, max_iter=30).fit(X, y, **held)
    alone = clone(features).set_params(n_estimators=bagged.best_iter_).fit(X, y)
    np.testing.assert_array_equal(bagged.predict(X), alone.predict(X))
    assert len(bagged.estimator_.estimators_features_) == bagged.best_iter_


def test_trainers__warning_filters_after_threads():
    X, y = classes(120)

    def ignored():
        return [entry for entry in warnings.filters if entry[0] == "ignore" and issubclass(entry[2], UserWarning)]

    before = len(ignored())

    def fit():
        EarlyStoppingClassifier(SGDClassifier(loss="log_loss", alpha=0.1, random_state=0), random_state=0).fit(X, y)

    threads = [threading.Thread(target=fit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ignored()) == before


@pytest.mark.parametrize("restore_best", [True, False])
@pytest.mark.parametrize(
    "inner", [HistGradientBoostingRegressor(random_state=0), ElasticNet(alpha=0.01), GradientBoostingRegressor()]
)
def test_trainers__interrupted_inside_a_step(inner, restore_best, monkeypatch):
    X, y, held = halves(*numbers())
    calls, fit = [], type(inner).fit

    def interrupted(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 4:
            self._in_fit = True
            raise KeyboardInterrupt
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(type(inner), "fit", interrupted)
    model = EarlyStoppingRegressor(inner, patience=50, restore_best=restore_best)
    with pytest.raises(KeyboardInterrupt, match=r"interrupted after .* steps; the (best|last) state .* is kept"):
        model.fit(X, y, **held)
    monkeypatch.undo()
    wanted = model.best_score_ if restore_best else model.validation_curve_[-1]
    assert mean_squared_error(held["y_val"], model.predict(held["X_val"])) == pytest.approx(wanted)
    assert len(model.steps_) == len(model.train_curve_) == len(model.validation_curve_)


def test_trainers__interrupted_keep_the_best_state():
    class Interrupted(Counted):
        def partial_fit(self, X, y):
            if getattr(self, "state_", None) is not None and self.state_.value == 8:
                raise KeyboardInterrupt
            return super().partial_fit(X, y)

        fit = partial_fit

    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    model = EarlyStoppingRegressor(Interrupted())
    with pytest.raises(KeyboardInterrupt, match="interrupted after 8 steps; the best"):
        model.fit(X, y)
    assert model.predict(X)[0] == 6.0
    assert model.n_iter_ == 8
    assert not model.stopped_early_


@pytest.mark.parametrize("params", [dict(refit=True), dict(cv=3, cv_rounds="all")])
def test_trainers__interrupted_before_another_training_leaves_the_estimator_as_it_was(params):
    class Interrupted(Counted):
        def partial_fit(self, X, y):
            if getattr(self, "state_", None) is not None and self.state_.value == 8:
                raise KeyboardInterrupt
            return super().partial_fit(X, y)

        fit = partial_fit

    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    model = EarlyStoppingRegressor(Interrupted(), **params)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "estimator_")


def test_searches__interrupted():
    class Interrupted(Counted):
        def partial_fit(self, X, y):
            if getattr(self, "state_", None) is not None:
                raise KeyboardInterrupt
            return super().partial_fit(X, y)

        fit = partial_fit

    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(EarlyStoppingRegressor(Interrupted()), {"patience": [2, 3]}, cv=2).fit(X, y)


class Failing(Counted):
    """Raises an error in a step, and leaves nonsense behind."""

    def __init__(self, last=8):
        self.last = last

    def partial_fit(self, X, y):
        if (getattr(self, "state_", None) is not None and self.state_.value == self.last) or self.last == 0:
            self.state_ = State(-99)
            raise ValueError("weights are not finite")
        return super().partial_fit(X, y)

    fit = partial_fit


def test_trainers__error_in_a_late_step_keeps_the_best_state():
    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    message = (
        "ended with an error in the step after 8, and the best state, after 6 steps, is kept.* ValueError: weights"
    )
    with pytest.warns(ConvergenceWarning, match=message):
        model = EarlyStoppingRegressor(Failing()).fit(X, y)
    assert (model.best_iter_, model.n_iter_, model.predict(X)[0]) == (6, 8, 6.0)
    assert not model.stopped_early_
    with pytest.warns(ConvergenceWarning, match="ended with an error"):
        assert EarlyStoppingRegressor(Failing(), refit=True).fit(X, y).predict(X)[0] == 6.0
    for params in (dict(estimator=Failing(0)), dict(restore_best=False), dict(estimator=Failing(2), eval_every=5)):
        with pytest.raises(ValueError, match="weights are not finite"):  # there is no state to return to
            EarlyStoppingRegressor(**{"estimator": Failing(), **params}).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("factor", [6.0, 10.0])
def test_trainers__diverging_net_keeps_the_best_state(factor):
    X, y, held = halves(*numbers())
    net = MLPRegressor(hidden_layer_sizes=(50,), solver="sgd", learning_rate_init=0.03, random_state=0)
    held["X_val"] = held["X_val"] * factor
    for monitor in ("loss", "r2"):
        model = EarlyStoppingRegressor(net, monitor=monitor, patience=100, max_iter=100)
        model.fit(X * factor, y, **held)
        assert np.isfinite(model.predict(held["X_val"])).all()
        assert model.best_iter_ < 100
