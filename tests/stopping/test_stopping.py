"""Early stopping against brute force and theory; what is watched, what is kept, what is refused."""

import copy
import functools
import gc
import pickle
import subprocess
import sys
import threading
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import (
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.metrics import log_loss, mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, TimeSeriesSplit, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skreg import (
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
    ElasticNetProx,
    LabelSmoothedLogistic,
)
from skreg._core.data import as_data
from skreg._core.descent import Descent, spectrum
from skreg._core.losses import Logistic, Multinomial, Squared
from skreg.stopping import EarlyStopping

RUNS_OUT = pytest.mark.filterwarnings("ignore:.*took max_iter")  # where a number of steps is wanted


def numbers(n=300, p=8, noise=3.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.geomspace(1.0, 0.1, p) + 2.0
    return X, 5.0 + X @ rng.standard_normal(p) + noise * rng.standard_normal(n)


def classes(n=300, p=8, K=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, (X @ rng.standard_normal((p, K)) + 2.0 * rng.standard_normal((n, K))).argmax(axis=1)


def halves(X, y):
    m = len(y) * 2 // 3
    return X[:m], y[:m], dict(X_val=X[m:], y_val=y[m:])


# ---------------------------------------------------------------------------------------------- the descent itself


def plain_descent(X, T, weights, kind, alpha, step, steps, fit_intercept):
    """Prox-gradient steps as the paper writes them; returns coefficients and intercepts."""
    w = weights / weights.sum()
    mean = w @ X if fit_intercept else np.zeros(X.shape[1])
    Z, B = X - mean, np.zeros((len(T), X.shape[1]))
    if kind is Squared:
        b = T @ w if fit_intercept else np.zeros(len(T))
        scale = 0.0
    else:
        share = T @ w
        b = np.log(share / (1.0 - share)) if kind is Logistic else np.log(share) - np.log(share).mean()
        b, scale = (b, np.linalg.eigvalsh((Z.T * w) @ Z)[-1]) if fit_intercept else (np.zeros(len(T)), 0.0)
    for _ in range(steps):
        scores = B @ Z.T + b[:, None]
        if kind is Logistic:
            scores = 1.0 / (1.0 + np.exp(-scores))
        elif kind is Multinomial:
            scores = np.exp(scores) / np.exp(scores).sum(axis=0)
        R = (scores - T) * w
        B, b = (B - step * R @ Z) / (1.0 + step * alpha), b - step * scale * R.sum(axis=1)
    return B, b - B @ mean


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("kind", [Squared, Logistic, Multinomial])
@pytest.mark.parametrize(("n", "p"), [(60, 5), (20, 40)])
@pytest.mark.parametrize("form", [np.asfortranarray, sp.csc_array])
def test_steps_are_those_of_gradient_descent(form, n, p, kind, fit_intercept):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)) * np.geomspace(1.0, 5.0, p) * (rng.random((n, p)) < 0.7) + 0.5
    weights = rng.integers(0, 3, n).astype(float)
    if kind is Squared:
        T = rng.standard_normal((2, n)) + 3.0
    else:
        T = (rng.integers(0, 3, n) == np.arange(3)[:, None]).astype(float)
        T = T[:1] if kind is Logistic else T
    data = as_data(form(X), np.empty((0, n)), weights, fit_intercept)
    descent = Descent(data, kind() if kind is Squared else kind(0.0), T, 0.3, 0.0)
    descent.run(1.0 / descent.curvature, False, 7, 25, lambda steps: False)
    coef, intercept = plain_descent(X, T, weights, kind, 0.3, 1.0 / descent.curvature, 25, fit_intercept)
    np.testing.assert_allclose(descent.point().coef, coef, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(descent.point().intercept, intercept, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("n", "p"), [(50, 7), (7, 50)])
def test_spectrum(n, p, monkeypatch):
    rng = np.random.default_rng(0)
    X, weights = rng.standard_normal((n, p)) + 3.0, rng.uniform(0.5, 2.0, n)
    Z = (X - np.average(X, axis=0, weights=weights)) * np.sqrt(weights / weights.sum())[:, None]
    wanted = np.linalg.svd(Z, compute_uv=False) ** 2
    for form in (np.asfortranarray, sp.csc_array):
        data = as_data(form(X), np.empty((0, n)), weights)
        np.testing.assert_allclose(spectrum(data), wanted, rtol=1e-9, atol=1e-12)
        monkeypatch.setattr("skreg._core.descent.LARGEST_SPECTRUM", 5)
        np.testing.assert_allclose(spectrum(data), wanted[:1], rtol=1e-3)
        monkeypatch.undo()


@pytest.mark.parametrize("accelerate", [False, True])
def test_long_descents_end_where_the_solvers_do(accelerate):
    X, y = numbers()
    held = dict(X_val=X[:5], y_val=y[:5])
    options = dict(max_iter=3000, patience=3000, restore_best=False, accelerate=accelerate)
    for alpha, l1_ratio in ((0.1, 1.0), (0.05, 0.5), (0.1, 0.0)):
        model = EarlyStoppingRegressor(alpha=alpha, l1_ratio=l1_ratio, **options).fit(X, y, **held)
        exact = ElasticNetProx(alpha=alpha, l1_ratio=l1_ratio, tol=1e-12).fit(X, y)
        np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-5)
        assert model.intercept_ == pytest.approx(exact.intercept_, abs=1e-4)
    X, y = classes()
    model = EarlyStoppingClassifier(alpha=0.01, l1_ratio=0.5, **options).fit(X, y, X_val=X[:5], y_val=y[:5])
    exact = LabelSmoothedLogistic(alpha=0.01, l1_ratio=0.5, label_smoothing=0.0, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), exact.predict_proba(X), atol=1e-5)


# ------------------------------------------------------------------------------------------------------- the theory


def test_coefficients_are_the_spectral_filter_of_least_squares():
    X, y = numbers()
    for alpha in (0.0, 0.05):
        model = EarlyStoppingRegressor(alpha=alpha, random_state=0).fit(*halves(X, y)[:2], **halves(X, y)[2])
        A, b, _ = halves(X, y)
        Z = A - A.mean(axis=0)
        values, V = np.linalg.eigh(Z.T @ Z / len(Z))
        found, kept, ridge = model.filter_factors()
        np.testing.assert_allclose(found, values[::-1])
        least_squares = np.linalg.lstsq(Z, b - b.mean(), rcond=None)[0]
        filtered = V[:, ::-1] @ (kept * (V[:, ::-1].T @ least_squares))
        np.testing.assert_allclose(model.coef_, filtered, rtol=1e-8)
        assert model.effective_degrees_of_freedom_ == pytest.approx(kept.sum())
        as_ridge = Ridge(alpha=model.equivalent_alpha_ * len(A)).fit(A, b)
        np.testing.assert_allclose(V[:, ::-1] @ (ridge * (V[:, ::-1].T @ least_squares)), as_ridge.coef_, rtol=1e-8)


@RUNS_OUT
def test_equals_ridge_within_the_bound_of_theory():
    """Ali, Kolter & Tibshirani (2019, lemma 5): for gradient flow, the ratio of the shares is at most 1.2985."""
    X, y = numbers()
    model = EarlyStoppingRegressor(step_size=0.01, patience=2000, max_iter=2000).fit(
        *halves(X, y)[:2], **halves(X, y)[2]
    )
    steps = np.unique(np.geomspace(20, 2000, 30).astype(int))
    _, stopped, ridge = model.filter_factors(steps)
    ratio = stopped / ridge
    assert ((ratio >= 1.0) & (ratio < 1.2985 * 1.02)).all()  # steps of finite length keep a little more than the flow
    assert ratio.max() > 1.25
    A, b, _ = halves(X, y)
    for t in (20, 200, 2000):
        fitted = EarlyStoppingRegressor(step_size=0.01, max_iter=t, patience=t, restore_best=False)
        fitted.fit(A, b, X_val=A, y_val=b)
        assert fitted.equivalent_alpha_ == pytest.approx(1.0 / (0.01 * t))
        fits = [m.predict(A) - b.mean() for m in (fitted, Ridge(alpha=fitted.equivalent_alpha_ * len(A)).fit(A, b))]
        assert 1.0 <= np.linalg.norm(fits[0]) / np.linalg.norm(fits[1]) < 1.2985 * 1.02


def test_path():
    X, y = numbers()
    A, b, held = halves(X, y)
    model = EarlyStoppingRegressor(eval_every=3).fit(A, b, **held)
    path = model.path_
    assert path.steps.tolist() == list(range(0, model.n_iter_ + 1, 3))
    np.testing.assert_allclose(path.validation_loss, model.validation_curve_)
    assert path.train_loss[0] == pytest.approx(b.var())
    assert (np.diff(path.train_loss) < 0.0).all()
    assert path.norm[0] == 0.0
    assert (np.diff(path.norm) > 0.0).all()
    assert path.equivalent_alpha[0] == np.inf
    assert (np.diff(path.equivalent_alpha) < 0.0).all()
    assert path.effective_degrees_of_freedom[0] == 0.0
    assert path.effective_degrees_of_freedom[-1] < X.shape[1]
    at = path.steps.tolist().index(model.best_iter_)
    assert path.equivalent_alpha[at] == model.equivalent_alpha_
    assert path.norm[at] == pytest.approx(np.linalg.norm(model.coef_))
    fast = EarlyStoppingRegressor(accelerate=True).fit(A, b, **held)
    assert np.isnan(fast.equivalent_alpha_)
    assert not hasattr(fast, "effective_degrees_of_freedom_")
    with pytest.raises(ValueError, match="accelerate=True"):
        fast.filter_factors()
    with pytest.raises(ValueError, match=r"steps must be .* got -1"):
        model.filter_factors(-1)
    last = EarlyStoppingRegressor(restore_best=False).fit(A, b, **held)
    assert last.filter_factors()[1].sum() == pytest.approx(last.effective_degrees_of_freedom_)
    assert last.n_iter_ > last.best_iter_


# --------------------------------------------------------------------------------------------------- brute force


@RUNS_OUT
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("cls", "data"), [(EarlyStoppingRegressor, numbers), (EarlyStoppingClassifier, classes)])
def test_descent_against_brute_force(cls, data, weighted):
    X, y, held = halves(*data())
    rng = np.random.default_rng(0)
    if weighted:
        held["sample_weight_val"] = rng.uniform(0.0, 2.0, len(held["y_val"]))
        weights = rng.uniform(0.0, 2.0, len(y))
    else:
        weights = None
    losses = []
    for t in range(1, 40):
        model = cls(max_iter=t, patience=t, restore_best=False).fit(X, y, weights, **held)
        if cls is EarlyStoppingRegressor:
            loss = mean_squared_error(
                held["y_val"], model.predict(held["X_val"]), sample_weight=held.get("sample_weight_val")
            )
        else:
            p = model.predict_proba(held["X_val"])
            loss = log_loss(held["y_val"], p, sample_weight=held.get("sample_weight_val"))
        losses.append(loss)
    stopped = cls(max_iter=39, patience=39).fit(X, y, weights, **held)
    np.testing.assert_allclose(stopped.validation_curve_[1:], losses, rtol=1e-12)
    assert stopped.best_iter_ == 1 + int(np.argmin(losses))
    again = cls(max_iter=stopped.best_iter_, patience=39, restore_best=False).fit(X, y, weights, **held)
    np.testing.assert_array_equal(again.coef_, stopped.coef_)


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
def test_growing_estimators_against_brute_force(model, fitted_for):
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


def test_ensembles_are_cut_and_keep_nothing_of_the_rest():
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


class Counted(RegressorMixin, BaseEstimator):
    """Predicts the number of its steps, and counts how many states of it live."""

    living = weakref.WeakSet()
    most = 0

    def partial_fit(self, X, y):
        if not hasattr(self, "state_"):
            self.state_ = State(0)
        self.state_.value += 1
        self.seen_ = [*getattr(self, "seen_", []), X[:, 0].tolist()]
        return self

    fit = partial_fit

    def predict(self, X):
        return np.full(len(X), float(self.state_.value))


class State:
    def __init__(self, value):
        self.value = value
        Counted.living.add(self)
        Counted.most = max(Counted.most, len(Counted.living))

    def __deepcopy__(self, memo):
        return State(self.value)


def test_boosters_are_what_they_are_by_themselves():
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


def test_parameters_are_given_back():
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


def test_values_that_turn_nan_end_the_run():
    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    with pytest.warns(ConvergenceWarning, match="is NaN on the validation rows after 5 steps: .* best was after 3"):
        model = EarlyStoppingRegressor(
            Counted(), monitor=lambda e, X, y: np.nan if e.state_.value > 4 else -abs(e.state_.value - 3.0)
        ).fit(X, y)
    assert (model.best_iter_, model.n_iter_, model.predict(X)[0]) == (3, 5, 3.0)


def test_scale_of_y():
    X, y = numbers()
    plain = EarlyStoppingRegressor(random_state=0).fit(X, y)
    large = EarlyStoppingRegressor(random_state=0).fit(X, y * 2.0**300)
    assert large.best_iter_ == plain.best_iter_
    for factor, size in ((1e155, "large that their squares overflow"), (1e-200, "small that their squares vanish")):
        with pytest.raises(ValueError, match=f"y has values so {size}"):
            EarlyStoppingRegressor(random_state=0).fit(X, y * factor)


def test_at_most_two_states_live():
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


def test_ordered_rows_are_never_shuffled():
    X, y = np.arange(40.0)[:, None], np.full(40, 3.0)
    splitter = TimeSeriesSplit(4)
    model = EarlyStoppingRegressor(Counted(), cv=splitter, patience=2).fit(X, y)
    assert all(seen == list(range(8)) for seen in model.estimator_.seen_)
    model = EarlyStoppingRegressor(Counted(), cv=splitter, cv_rounds="all", patience=2).fit(X, y)
    assert model.estimator_.seen_ == [list(range(40))] * 3
    assert len(model.validation_curve_) == 4
    model = EarlyStoppingRegressor(Counted(), patience=2).fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    assert model.estimator_.seen_[0] == list(range(30))


# ------------------------------------------------------------------------------------------------ what is watched


def test_patience_and_min_delta():
    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    losses = [(t - 6.0) ** 2 for t in range(1, 30)]
    for patience, every in ((1, 1), (4, 1), (2, 4)):
        model = EarlyStoppingRegressor(Counted(), patience=patience, eval_every=every).fit(X, y)
        assert model.stopped_early_
        assert model.n_iter_ == model.best_iter_ + patience * every
        np.testing.assert_allclose(model.validation_curve_, losses[every - 1 : model.n_iter_ : every])
        assert model.steps_.tolist() == list(range(every, model.n_iter_ + 1, every))
    model = EarlyStoppingRegressor(Counted(), patience=1, min_delta=4.0).fit(X, y)
    assert (model.best_iter_, model.n_iter_) == (4, 5)  # from 4 to 1 is no gain of more than 4
    score = EarlyStoppingRegressor(Counted(), patience=2, monitor="neg_mean_absolute_error").fit(X, y)
    assert score.best_iter_ == 6
    assert score.validation_curve_[0] == -5.0
    assert score.best_score_ == 0.0


def test_running_out_of_steps_warns_and_says_how_much_was_still_gained():
    X, y = np.arange(20.0)[:, None], np.full(20, 60.0)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=20 .* from 2500 to 1600"):
        model = EarlyStoppingRegressor(Counted(), max_iter=20).fit(X, y)
    assert not model.stopped_early_
    assert model.n_iter_ == model.best_iter_ == 20


@RUNS_OUT
def test_all_rounds_take_the_median_and_train_on_everything():
    X, y = numbers()
    cv = KFold(5)
    model = EarlyStoppingRegressor(cv=cv, cv_rounds="all").fit(X, y)
    singles = [EarlyStoppingRegressor(cv=[split]).fit(X, y) for split in cv.split(X)]
    assert model.best_iter_ == int(np.median([single.best_iter_ for single in singles]))
    assert model.best_score_ == pytest.approx(np.mean([single.best_score_ for single in singles]))
    for curve, single in zip(model.validation_curve_, singles, strict=True):
        np.testing.assert_allclose(curve, single.validation_curve_)
    assert model.step_size_ == np.median([single.step_size_ for single in singles])  # so that steps mean the same
    steps = dict(step_size=model.step_size_, max_iter=model.best_iter_)
    whole = EarlyStoppingRegressor(**steps, patience=99, restore_best=False)
    whole.fit(X, y, X_val=X, y_val=y)
    np.testing.assert_allclose(model.coef_, whole.coef_)
    assert model.equivalent_alpha_ == pytest.approx(whole.equivalent_alpha_)
    first = EarlyStoppingRegressor(cv=cv).fit(X, y)
    np.testing.assert_array_equal(first.coef_, singles[0].coef_)


def test_groups_stay_together():
    X, y = numbers(90)
    groups = np.repeat(np.arange(9), 10)
    model = EarlyStoppingRegressor(cv=GroupKFold(3)).fit(X, y, groups=groups)
    train, held = next(GroupKFold(3).split(X, y, groups))
    outside = EarlyStoppingRegressor().fit(X[train], y[train], X_val=X[held], y_val=y[held])
    np.testing.assert_allclose(model.coef_, outside.coef_)
    assert model.best_iter_ == outside.best_iter_


def test_random_part_is_stratified_and_reproducible():
    X, y = classes(400)
    y = np.where(np.arange(400) < 20, 3, y)

    class Kept(SGDClassifier):
        def partial_fit(self, X, y, classes=None, sample_weight=None):
            self.trained_on_ = np.bincount(y)
            return super().partial_fit(X, y, classes=classes)

    fits = [EarlyStoppingClassifier(Kept(loss="log_loss", random_state=0), random_state=1).fit(X, y) for _ in range(2)]
    np.testing.assert_array_equal(fits[0].estimator_.coef_, fits[1].estimator_.coef_)
    assert abs(fits[0].estimator_.trained_on_ / np.bincount(y) - 0.9).max() < 0.06


def test_rows_without_weight_do_not_count():
    X, y = numbers(200)
    weights = np.r_[np.ones(120), np.zeros(80)]
    np.testing.assert_allclose(
        EarlyStoppingRegressor(random_state=0).fit(X, y, weights).coef_,
        EarlyStoppingRegressor(random_state=0).fit(X[:120], y[:120]).coef_,
        rtol=1e-9,
    )
    for model in (EarlyStoppingRegressor(), EarlyStoppingRegressor(SGDRegressor(random_state=0))):
        held = dict(X_val=X[:50], y_val=y[:50])
        zero = model.fit(X[100:], y[100:], **held, sample_weight_val=np.r_[np.ones(25), np.zeros(25)])
        some = clone(model).fit(X[100:], y[100:], X_val=X[:25], y_val=y[:25])
        np.testing.assert_allclose(zero.validation_curve_[:15], some.validation_curve_[:15])


# -------------------------------------------------------------------------------- pipelines, searches, other users


def test_preprocessing_inside_sees_only_training_rows():
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


def test_validation_rows_go_through_a_pipeline_around():
    X, y = numbers()
    A, b, held = halves(X, y)
    with sklearn.config_context(enable_metadata_routing=True):
        last = EarlyStoppingRegressor().set_fit_request(X_val=True, y_val=True)
        model = Pipeline([("scale", StandardScaler()), ("stop", last)], transform_input=["X_val"]).fit(A, b, **held)
    scale = StandardScaler().fit(A)
    alone = EarlyStoppingRegressor().fit(
        scale.transform(A), b, X_val=scale.transform(held["X_val"]), y_val=held["y_val"]
    )
    np.testing.assert_array_equal(model[-1].validation_curve_, alone.validation_curve_)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_searches_and_folds_are_separate_fits(n_jobs):
    X, y = numbers()
    model = EarlyStoppingRegressor(GradientBoostingRegressor(random_state=0), random_state=0)
    grid = {"patience": [2, 8], "estimator__max_depth": [1, 3]}
    search = GridSearchCV(model, grid, cv=KFold(3), n_jobs=n_jobs).fit(X, y)
    scores = cross_val_score(clone(model).set_params(**search.best_params_), X, y, cv=KFold(3), n_jobs=n_jobs)
    assert search.best_score_ == pytest.approx(scores.mean())
    for score, (train, test) in zip(scores, KFold(3).split(X), strict=True):
        fresh = clone(model).set_params(**search.best_params_).fit(X[train], y[train])
        assert score == fresh.score(X[test], y[test])
    assert not hasattr(model.estimator, "estimators_")
    assert model.estimator.n_estimators == 100
    used = fresh.fit(X, y).predict(X)  # a second fit of the same object
    np.testing.assert_array_equal(used, clone(model).set_params(**search.best_params_).fit(X, y).predict(X))


def test_frames_with_categories_and_text():
    X, y = numbers(200, 3)
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=pd.Categorical(np.where(X[:, 0] > 2.0, "x", "y")))
    booster = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0)
    model = EarlyStoppingRegressor(booster, refit=True).fit(frame[:150], y[:150], X_val=frame[150:], y_val=y[150:])
    assert list(model.feature_names_in_) == list(model.estimator_.feature_names_in_) == [*"abc", "kind"]
    whole = clone(booster).set_params(max_iter=model.best_iter_, early_stopping=False).fit(frame, y)
    np.testing.assert_allclose(model.predict(frame), whole.predict(frame))
    with pytest.raises(ValueError, match="columns are missing"):
        model.predict(frame.rename(columns={"a": "z"}))
    linear = EarlyStoppingRegressor().fit(frame[["a", "b"]], y)
    with pytest.raises(ValueError, match="feature names should match"):
        linear.predict(frame[["b", "a"]])
    texts, labels = ["good fine", "bad poor", "fine nice", "poor sad"] * 20, ["yes", "no"] * 40
    words = make_pipeline(TfidfVectorizer(), SGDClassifier(loss="log_loss", random_state=0))
    model = EarlyStoppingClassifier(words, random_state=0, min_delta=1e-3).fit(texts, labels)
    assert model.predict(["nice", "sad"]).tolist() == ["yes", "no"]


def test_polars_frames():
    polars = pytest.importorskip("polars")
    X, y = numbers(120, 3)
    frame = polars.DataFrame(X, schema=["a", "b", "c"])
    model = EarlyStoppingRegressor(refit=True).fit(frame[:80], y[:80], X_val=frame[80:], y_val=y[80:])
    plain = EarlyStoppingRegressor(refit=True).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    np.testing.assert_array_equal(model.coef_, plain.coef_)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_sparse_rows(form):
    X, y = classes(200)
    X[np.abs(X) < 0.7] = 0.0
    dense = EarlyStoppingClassifier(random_state=0).fit(X, y)
    sparse = EarlyStoppingClassifier(random_state=0).fit(form(X), y)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-9)
    held = dict(y_val=y[150:])
    refit = EarlyStoppingClassifier(refit=True).fit(form(X[:150]), y[:150], X_val=form(X[150:]), **held)
    same = EarlyStoppingClassifier(refit=True).fit(X[:150], y[:150], X_val=X[150:], **held)
    np.testing.assert_allclose(refit.coef_, same.coef_, rtol=1e-9)
    newton = EarlyStoppingClassifier(LogisticRegression(C=100.0, solver="newton-cg"), random_state=0)
    probabilities = newton.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(newton.fit(form(X), y).predict_proba(X), probabilities, rtol=1e-6)


def test_several_outputs_and_single_precision():
    X, y = numbers()
    Y = np.column_stack([y, 100.0 - 3.0 * y])
    model = EarlyStoppingRegressor(random_state=0).fit(X, Y)
    assert model.coef_.shape == (2, 8)
    assert model.predict(X).shape == (300, 2)
    np.testing.assert_allclose(model.coef_[1], -3.0 * model.coef_[0])
    single = EarlyStoppingRegressor(random_state=0).fit(X.astype(np.float32), y)
    double = EarlyStoppingRegressor(random_state=0).fit(X.astype(np.float32).astype(float), y)
    np.testing.assert_allclose(single.coef_, double.coef_, rtol=1e-9)
    assert single.predict(X.astype(np.float32)).shape == (300,)


def test_loads_in_another_process(tmp_path):
    X, y = classes(5000)
    model = EarlyStoppingClassifier(random_state=0).fit(X, np.array(["a", "b", "c"])[y])
    (tmp_path / "model").write_bytes(pickle.dumps((model, X, model.predict_proba(X))))
    code = "import pickle, sys; m, X, p = pickle.load(open(sys.argv[1], 'rb')); assert (m.predict_proba(X) == p).all()"
    subprocess.run([sys.executable, "-c", code, tmp_path / "model"], check=True)
    assert len(pickle.dumps(model)) < X.nbytes / 5  # neither rows nor gradients


def test_weights_reach_the_estimator_the_scorer_and_the_refit():
    X, y, held = halves(*numbers(240))
    rng = np.random.default_rng(0)
    weights, held_weights = rng.uniform(0.1, 3.0, len(y)), rng.uniform(0.1, 3.0, len(held["y_val"]))
    given = dict(held, sample_weight=weights, sample_weight_val=held_weights)
    for inner in (GradientBoostingRegressor(random_state=0), SGDRegressor(random_state=0)):
        model = EarlyStoppingRegressor(inner, max_iter=12, patience=12, min_delta=1e9, monitor="r2").fit(X, y, **given)
        assert model.best_iter_ == 1
        if isinstance(inner, GradientBoostingRegressor):
            alone = clone(inner).set_params(n_estimators=1).fit(X, y, weights)
        else:
            alone = clone(inner).set_params(random_state=np.random.RandomState(0)).partial_fit(X, y, weights)
        np.testing.assert_allclose(model.predict(X), alone.predict(X))
        score = r2_score(held["y_val"], alone.predict(held["X_val"]), sample_weight=held_weights)
        assert model.best_score_ == pytest.approx(score)
        callable_score = functools.partial(lambda e, X, y: -np.mean((e.predict(X) - y) ** 2))
        EarlyStoppingRegressor(inner, max_iter=3, patience=3, monitor=callable_score, min_delta=1e9).fit(X, y, **given)
    refit = EarlyStoppingRegressor(GradientBoostingRegressor(random_state=0), refit=True).fit(X, y, **given)
    alone = GradientBoostingRegressor(random_state=0, n_estimators=refit.best_iter_)
    alone.fit(np.r_[X, held["X_val"]], np.r_[y, held["y_val"]], np.r_[weights, held_weights])
    np.testing.assert_allclose(refit.predict(X), alone.predict(X))


@RUNS_OUT
def test_seeds_of_restarted_solvers_draw_anew():
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


def test_constant_features_leave_the_shares_of_the_classes():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    for K in (2, 3):
        rows = y < K
        model = EarlyStoppingClassifier(random_state=0, patience=2).fit(np.ones((rows.sum(), 3)), y[rows])
        np.testing.assert_allclose(
            model.predict_proba(np.ones((1, 3)))[0], np.bincount(y[rows]) / rows.sum(), atol=0.02
        )
    split = [(np.arange(40), np.arange(40, 60))]
    model = EarlyStoppingRegressor(cv=split).fit(numbers(60)[0], np.r_[np.zeros(40), np.ones(20)])
    assert (model.coef_ == 0.0).all()


def test_classes_are_those_that_probabilities_have():
    X, _ = classes(60)
    y = np.r_[np.tile([1, 2], 25), np.zeros(10, int)]
    booster = HistGradientBoostingClassifier(random_state=0)
    model = EarlyStoppingClassifier(booster, cv=TimeSeriesSplit(5), min_delta=0.01).fit(X, y)
    assert model.classes_.tolist() == [1, 2]
    assert model.predict_proba(X).shape == (60, 2)
    with pytest.raises(ValueError, match="X leaves no training rows of class 0"):
        EarlyStoppingClassifier().fit(X, y, np.where(y == 0, 0.0, 1.0), X_val=X, y_val=y)


def test_pipelines_keep_their_parameters(tmp_path):
    X, y = numbers()

    class Own(Pipeline):
        pass

    steps = [("scale", StandardScaler()), ("sgd", SGDRegressor(random_state=0))]
    model = EarlyStoppingRegressor(Own(steps, memory=str(tmp_path)), random_state=0).fit(X, y)
    assert type(model.estimator_) is Own
    assert model.estimator_.memory == str(tmp_path)
    assert model.predict(X).shape == y.shape


def test_ensembles_of_unknown_shape_are_copied():
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


def test_filters_of_warnings_are_as_they_were_after_threads():
    X, y = classes(120)

    def ignored():
        return [entry for entry in warnings.filters if entry[0] == "ignore" and issubclass(entry[2], UserWarning)]

    before = len(ignored())

    def fit():
        EarlyStoppingClassifier(SGDClassifier(loss="log_loss", random_state=0), random_state=0).fit(X, y)

    threads = [threading.Thread(target=fit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ignored()) == before


def test_another_fit_forgets_the_first():
    X, y = numbers()
    model = EarlyStoppingRegressor(random_state=0).fit(X, y)
    model.set_params(estimator=SGDRegressor(random_state=0)).fit(X, y)
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "path_")
    with pytest.raises(ValueError, match="filter factors are those of estimator=None"):
        model.filter_factors()


@pytest.mark.parametrize("restore_best", [True, False])
@pytest.mark.parametrize(
    "inner", [HistGradientBoostingRegressor(random_state=0), ElasticNet(alpha=0.01), GradientBoostingRegressor()]
)
def test_interruption_inside_a_step(inner, restore_best, monkeypatch):
    X, y, held = halves(*numbers())
    calls, fit = [], type(inner).fit

    def interrupted(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 4:
            self._in_fit = True
            raise KeyboardInterrupt
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(type(inner), "fit", interrupted)
    with pytest.warns(UserWarning, match="interrupted after"):
        model = EarlyStoppingRegressor(inner, patience=50, restore_best=restore_best).fit(X, y, **held)
    monkeypatch.undo()
    wanted = model.best_score_ if restore_best else model.validation_curve_[-1]
    assert mean_squared_error(held["y_val"], model.predict(held["X_val"])) == pytest.approx(wanted)
    assert len(model.steps_) == len(model.train_curve_) == len(model.validation_curve_)


def test_interruption_keeps_the_best_state():
    class Interrupted(Counted):
        def partial_fit(self, X, y):
            if getattr(self, "state_", None) is not None and self.state_.value == 8:
                raise KeyboardInterrupt
            return super().partial_fit(X, y)

        fit = partial_fit

    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    with pytest.warns(UserWarning, match="interrupted after 8 steps; the best"):
        model = EarlyStoppingRegressor(Interrupted()).fit(X, y)
    assert model.predict(X)[0] == 6.0
    assert model.n_iter_ == 8
    assert not model.stopped_early_


# ----------------------------------------------------------------------------------------------------- callbacks


def test_callbacks_see_and_stop_evaluations():
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


def test_callback_stops_other_estimators():
    pytest.importorskip("sklearn.callback", reason="scikit-learn >= 1.9")
    X, y, held = halves(*classes(600, noise := 8))
    del noise
    for model in (DropoutMLPClassifier((50,), early_stopping=False, dropout=0.0, random_state=0),):
        stop = EarlyStopping(held["X_val"], held["y_val"], patience=3)
        model.set_callbacks(stop).fit(X, y)
        assert model.n_iter_ == len(stop.validation_curve_) == stop.best_iter_ + 3 < 100
        best = stop.best_estimator_.predict_proba(held["X_val"])
        assert (
            log_loss(held["y_val"], best)
            == pytest.approx(stop.best_score_)
            == pytest.approx(min(stop.validation_curve_))
        )
    logistic = LogisticRegression(C=1e4, max_iter=1000)
    stop = EarlyStopping(held["X_val"], held["y_val"], monitor="accuracy", patience=2)
    logistic.set_callbacks(stop).fit(X, y)
    assert stop.best_score_ == max(stop.validation_curve_)
    search = GridSearchCV(DropoutMLPClassifier(early_stopping=False, random_state=0), {"dropout": [0.0, 0.3]}, cv=2)
    search.estimator.set_callbacks(EarlyStopping(held["X_val"], held["y_val"], patience=2))
    assert search.fit(X, y).best_estimator_.n_iter_ < 100
    with pytest.warns(UserWarning, match="watched nothing: ElasticNetProx showed no model"):
        ElasticNetProx().set_callbacks(EarlyStopping(X, y)).fit(X, y)
    for target, message in (
        (np.where(held["y_val"] == 1, -1, 0), "y_val has labels that are not among the classes"),
        (y, "inconsistent"),
    ):
        with pytest.raises(ValueError, match=message):
            model.set_callbacks(EarlyStopping(held["X_val"], target)).fit(X, y)
    with pytest.raises(ValueError, match=r"'patience' parameter of EarlyStopping .* Got 0"):
        EarlyStopping(X, y, patience=0)


# ----------------------------------------------------------------------------------------------------- bad input

X, Y = numbers(60)
LABELS = (np.median(Y) < Y).astype(int)
NUMBER = [
    (dict(patience=0), {}, r"'patience' parameter .* Got 0"),
    (dict(min_delta=-1.0), {}, r"'min_delta' .* Got -1\.0"),
    (dict(validation_fraction=1.0), {}, r"'validation_fraction' .* Got 1\.0"),
    (dict(validation_fraction=0.999), {}, r"validation_fraction=0\.999 leaves none of n_samples=60 .* to train on"),
    (dict(step_size=0.0), {}, r"'step_size' .* Got 0\.0"),
    (dict(step_size=100.0), {}, r"step_size=100\.0 is too long .* shorter than \d\.\d"),
    (dict(step_size=2.0, accelerate=True), {}, r"step_size=2\.0 is too long .* with accelerate=True"),
    (dict(estimator=Ridge()), {}, r"Ridge\(\) cannot be trained .* partial_fit, .* of which it lacks warm_start"),
    (dict(estimator=Ridge), {}, r"must be an estimator, not a class"),
    (dict(estimator="ridge"), {}, r"'estimator' parameter .* Got 'ridge'"),
    (dict(estimator=make_pipeline(StandardScaler(), Ridge())), {}, r"estimator=Ridge\(\) cannot be trained"),
    (dict(estimator=SGDClassifier()), {}, r"EarlyStoppingRegressor needs a regressor; got estimator=SGDClassifier"),
    (dict(monitor="accurracy"), {}, r"monitor must be .* got 'accurracy'"),
    (dict(monitor=lambda e, X, y: np.nan), {}, r"monitor=<function.* is NaN on the validation rows after 0 steps"),
    (dict(monitor=lambda e, X, y: 1 / 0), {}, r"monitor=<function.* failed, .*: division by zero"),
    (dict(cv_rounds="all"), {}, r"cv_rounds='all' .* got cv=None"),
    (dict(cv=[]), {}, r"cv=\[\] has no splits"),
    (dict(cv=[(np.arange(60), [])]), {}, r"leaves no validation rows with weight"),
    (dict(cv=3), dict(X_val=X, y_val=Y), r"cv=3 would split X, and X_val is given"),
    (dict(), dict(X_val=X), r"X_val and y_val belong together; got only X_val"),
    (dict(), dict(sample_weight_val=Y), r"got only sample_weight_val"),
    (dict(), dict(X_val=X[:0], y_val=Y[:0]), r"in the validation data .*0 sample"),
    (dict(), dict(X_val=X[:, :3], y_val=Y), r"in the validation data .*3 features.*expecting 8"),
    (dict(), dict(X_val=X, y_val=Y[:3]), r"in the validation data .*inconsistent numbers of samples"),
    (dict(), dict(X_val=np.where(X > 3, np.nan, X), y_val=Y), r"contains NaN"),
    (dict(), dict(X_val=X, y_val=Y, sample_weight_val=-np.ones(60)), r"in the validation data .*not negative; got -1"),
    (dict(), dict(groups=np.arange(60)), r"groups are for a splitter"),
    (dict(), dict(sample_weight=np.r_[1.0, np.zeros(59)]), r"n_samples=1"),
]


NUMBER += [
    (dict(estimator=IsolationForest()), {}, r"needs a regressor; got estimator=IsolationForest"),
    (dict(estimator=make_pipeline(StandardScaler())), {}, r"StandardScaler\(\) cannot be trained|needs a regressor"),
    (dict(), dict(X_val=X, y_val=np.c_[Y, Y]), r"in the validation data .*y_val has shape \(60, 2\), y \(60,\)"),
    (dict(cv=[(np.arange(50), [500])]), {}, r"cv has rows that X, of n_samples=60, has not"),
    (dict(cv=[(np.arange(50), np.arange(50, 60))], monitor=mean_squared_error), {}, r"as scorer\(estimator, X, y\)"),
]


@pytest.mark.parametrize(("params", "given", "message"), NUMBER)
def test_bad_input_of_the_regressor(params, given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        EarlyStoppingRegressor(**params).fit(X, Y, **given)


CLASS = [
    (dict(estimator=LogisticRegression(solver="liblinear")), LABELS, {}, "liblinear ignores warm_start"),
    (dict(validation_fraction=0.99), LABELS, {}, "leaves no training rows of class"),
    (dict(), np.zeros(60), {}, "at least two classes; got one class"),
    (
        dict(),
        LABELS,
        dict(X_val=X, y_val=LABELS + 1),
        r"in the validation data .*not among the classes \[0, 1\]: \[2\]",
    ),
    (
        dict(cv=[(np.flatnonzero(LABELS), np.flatnonzero(LABELS == 0))]),
        LABELS,
        {},
        "leaves no training rows of class 0",
    ),
    (dict(cv=[(np.flatnonzero(LABELS), np.flatnonzero(LABELS))]), LABELS, {}, "training rows of only one class"),
    (dict(estimator=SGDClassifier()), LABELS, {}, r"needs predict_proba, and estimator=SGDClassifier\(\) has none"),
    (dict(estimator=SVC()), LABELS, {}, r"SVC\(\) cannot be trained .* of which it lacks warm_start"),
    (dict(estimator=SGDRegressor()), LABELS, {}, "EarlyStoppingClassifier needs a classifier"),
    (dict(), Y, {}, "Unknown label type"),
]


@pytest.mark.parametrize(("params", "y", "given", "message"), CLASS)
def test_bad_input_of_the_classifier(params, y, given, message):
    with pytest.raises(ValueError, match=message):
        EarlyStoppingClassifier(**params).fit(X, y, **given)


def test_weights_that_an_estimator_cannot_take():
    with pytest.raises(ValueError, match=r"sample_weight is given, and estimator=Counted\(\) takes none"):
        EarlyStoppingRegressor(Counted()).fit(X, Y, np.ones(60))


def test_a_failed_fit_changes_nothing():
    model = EarlyStoppingRegressor(random_state=0).fit(X, Y)
    before = copy.deepcopy(vars(model))
    calls = iter([0.0, 1.0])
    with pytest.raises(ValueError, match="failed"):  # StopIteration, after some steps
        model.set_params(monitor=lambda e, X, y: next(calls)).fit(X[:, :3], Y)
    model.set_params(monitor="loss")
    assert vars(model).keys() == before.keys()
    assert (model.coef_ == before["coef_"]).all()


def test_methods_are_those_of_the_estimator():
    hinge = EarlyStoppingClassifier(SGDClassifier(random_state=0), monitor="accuracy").fit(X, LABELS)
    assert not hasattr(hinge, "predict_proba")
    assert hinge.decision_function(X).shape == (60,)
    forest = EarlyStoppingClassifier(RandomForestClassifier(random_state=0))
    assert hasattr(forest, "predict_proba")
    assert not hasattr(forest, "decision_function")
    assert EarlyStoppingClassifier().fit(X, LABELS).predict_log_proba(X).shape == (60, 2)
