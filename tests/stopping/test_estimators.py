"""The early stopping estimators: validation rows, monitor, input, output."""

import copy
import functools
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skreg import EarlyStoppingClassifier, EarlyStoppingRegressor
from skreg.stopping._evaluation import squared_error

from .data import RUNS_OUT, Counted, classes, halves, numbers

FAR_FROM_Y = pytest.mark.filterwarnings(
    "ignore:.*worse than a constant"
)  # where the best state is meant to be a bad one


@FAR_FROM_Y
def test_monitor__nan_ends_training():
    X, y = np.arange(20.0)[:, None], np.full(20, 6.0)
    with pytest.warns(ConvergenceWarning, match="is NaN on the validation rows after 5 steps: training ends there"):
        model = EarlyStoppingRegressor(
            Counted(), monitor=lambda e, X, y: np.nan if e.state_.value > 4 else -abs(e.state_.value - 3.0)
        ).fit(X, y)
    assert (model.best_iter_, model.n_iter_, model.predict(X)[0]) == (3, 5, 3.0)


def test_regressor__scale_of_y():
    X, y = numbers()
    plain = EarlyStoppingRegressor(random_state=0).fit(X, y)
    large = EarlyStoppingRegressor(random_state=0).fit(X, y * 2.0**300)
    assert large.best_iter_ == plain.best_iter_
    for factor, size in ((1e155, "large that their squares overflow"), (1e-200, "small that their squares vanish")):
        with pytest.raises(ValueError, match=f"y has values so {size}"):
            EarlyStoppingRegressor(random_state=0).fit(X, y * factor)


def test_cv__rows_keep_their_order():
    X, y = np.arange(40.0)[:, None], np.full(40, 3.0)
    splitter = TimeSeriesSplit(4)
    model = EarlyStoppingRegressor(Counted(), cv=splitter, patience=2).fit(X, y)
    assert all(seen == list(range(8)) for seen in model.estimator_.seen_)
    model = EarlyStoppingRegressor(Counted(), cv=splitter, cv_rounds="all", patience=2).fit(X, y)
    assert model.estimator_.seen_ == [list(range(40))] * 3
    assert len(model.validation_curve_) == 4
    model = EarlyStoppingRegressor(Counted(), patience=2).fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    assert model.estimator_.seen_[0] == list(range(30))


@FAR_FROM_Y
def test_estimators__patience_and_min_delta():
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


def test_max_iter__warns_while_still_improving():
    X, y = np.arange(20.0)[:, None], np.full(20, 60.0)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=20 .* from 2500 to 1600"):
        model = EarlyStoppingRegressor(Counted(), max_iter=20).fit(X, y)
    assert not model.stopped_early_
    assert model.n_iter_ == model.best_iter_ == 20


@RUNS_OUT
def test_cv_rounds__all():
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


def test_groups__stay_together():
    X, y = numbers(90)
    groups = np.repeat(np.arange(9), 10)
    model = EarlyStoppingRegressor(cv=GroupKFold(3)).fit(X, y, groups=groups)
    train, held = next(GroupKFold(3).split(X, y, groups))
    outside = EarlyStoppingRegressor().fit(X[train], y[train], X_val=X[held], y_val=y[held])
    np.testing.assert_allclose(model.coef_, outside.coef_)
    assert model.best_iter_ == outside.best_iter_


def test_validation_rows__stratified_and_reproducible():
    X, y = classes(400)
    y = np.where(np.arange(400) < 20, 3, y)

    class Kept(SGDClassifier):
        def partial_fit(self, X, y, classes=None, sample_weight=None):
            self.trained_on_ = np.bincount(y)
            return super().partial_fit(X, y, classes=classes)

    fits = [EarlyStoppingClassifier(Kept(loss="log_loss", random_state=0), random_state=1).fit(X, y) for _ in range(2)]
    np.testing.assert_array_equal(fits[0].estimator_.coef_, fits[1].estimator_.coef_)
    assert abs(fits[0].estimator_.trained_on_ / np.bincount(y) - 0.9).max() < 0.06


@pytest.mark.parametrize("form", [np.asarray, list, sp.csr_array, pd.DataFrame])
def test_validation_rows__equal_rows_on_one_side(form):
    X = np.random.default_rng(0).integers(0, 9, (100, 2)).astype(float)  # 100 rows, 81 cells
    X = np.r_[X, X]
    held = []

    class Kept(SGDRegressor):
        def predict(self, X):
            held.append(X)
            return super().predict(X)

    model = EarlyStoppingRegressor(Kept(random_state=0), max_iter=1, patience=1, validation_fraction=0.3)
    model.fit(form(X), X[:, 0])
    validation = {tuple(row) for row in np.atleast_2d(held[0].toarray() if sp.issparse(held[0]) else held[0])}
    train = {tuple(row) for row in np.atleast_2d(held[1].toarray() if sp.issparse(held[1]) else held[1])}
    assert len(validation) > 10
    assert not validation & train


def test_validation_rows__repeated_rows_do_not_lower_the_loss():
    X, y = load_iris(return_X_y=True)
    X, y = X[:, :2], y  # overlapping classes
    boosting = GradientBoostingClassifier(random_state=0)
    scores, truths = [], []
    for seed in range(4):
        model = EarlyStoppingClassifier(boosting, validation_fraction=0.3, random_state=seed, max_iter=100)
        scores.append(model.fit(np.repeat(X, 3, axis=0), np.repeat(y, 3)).best_score_)
        truths.append(model.fit(X, y).best_score_)
    assert np.mean(scores) == pytest.approx(np.mean(truths), rel=0.15)


def test_validation_rows__few_unique_rows_are_drawn_one_by_one():
    X = np.random.default_rng(0).integers(0, 3, (2000, 2)).astype(float)  # nine unique rows
    noise = np.random.default_rng(1).standard_normal(2000)
    model = EarlyStoppingRegressor(random_state=0).fit(X, X[:, 0] + noise)
    assert model.best_score_ == pytest.approx(1.0, abs=0.2)


def test_weights__zero():
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


def test_validation_rows__through_an_outer_pipeline():
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
def test_searches__separate_fits(n_jobs):
    X, y = numbers()
    model = EarlyStoppingRegressor(GradientBoostingRegressor(random_state=0), random_state=0)
    grid = {"patience": [2, 8], "estimator__max_depth": [1, 3]}
    search = GridSearchCV(model, grid, cv=KFold(2), n_jobs=n_jobs).fit(X, y)
    scores = cross_val_score(clone(model).set_params(**search.best_params_), X, y, cv=KFold(2), n_jobs=n_jobs)
    assert search.best_score_ == pytest.approx(scores.mean())
    for score, (train, test) in zip(scores, KFold(2).split(X), strict=True):
        fresh = clone(model).set_params(**search.best_params_).fit(X[train], y[train])
        assert score == fresh.score(X[test], y[test])
    assert not hasattr(model.estimator, "estimators_")
    assert model.estimator.n_estimators == 100
    used = fresh.fit(X, y).predict(X)  # a second fit of the same object
    np.testing.assert_array_equal(used, clone(model).set_params(**search.best_params_).fit(X, y).predict(X))


def test_input__frames_with_categories_and_text():
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


def test_input__polars():
    polars = pytest.importorskip("polars")
    X, y = numbers(120, 3)
    frame = polars.DataFrame(X, schema=["a", "b", "c"])
    model = EarlyStoppingRegressor(refit=True).fit(frame[:80], y[:80], X_val=frame[80:], y_val=y[80:])
    plain = EarlyStoppingRegressor(refit=True).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    np.testing.assert_array_equal(model.coef_, plain.coef_)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_input__sparse(form):
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


def test_input__several_outputs_and_single_precision():
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


def test_pickle__predicts_in_another_process():
    X, y = classes(5000)
    model = EarlyStoppingClassifier(random_state=0).fit(X, np.array(["a", "b", "c"])[y])
    (there,) = Parallel(n_jobs=2)([delayed(model.predict_proba)(X)])
    np.testing.assert_array_equal(there, model.predict_proba(X))
    assert len(pickle.dumps(model)) < X.nbytes / 5  # neither rows nor gradients


def test_weights__reach_estimator_scorer_and_refit():
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


def test_classifier__constant_features():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    for K in (2, 3):
        rows = y < K
        with pytest.warns(UserWarning, match="no feature that varies"):
            model = EarlyStoppingClassifier(random_state=0, patience=2).fit(np.ones((rows.sum(), 3)), y[rows])
        np.testing.assert_allclose(
            model.predict_proba(np.ones((1, 3)))[0], np.bincount(y[rows]) / rows.sum(), atol=0.02
        )
    split = [(np.arange(40), np.arange(40, 60))]
    model = EarlyStoppingRegressor(cv=split).fit(numbers(60)[0], np.r_[np.zeros(40), np.ones(20)])
    assert (model.coef_ == 0.0).all()


def test_classifier__classes_of_the_probabilities():
    X, _ = classes(60)
    y = np.r_[np.tile([1, 2], 25), np.zeros(10, int)]
    booster = HistGradientBoostingClassifier(random_state=0)
    model = EarlyStoppingClassifier(booster, cv=TimeSeriesSplit(5), min_delta=0.01).fit(X, y)
    assert model.classes_.tolist() == [1, 2]
    assert model.predict_proba(X).shape == (60, 2)
    with pytest.raises(ValueError, match="X leaves no training rows of class 0"):
        EarlyStoppingClassifier().fit(X, y, np.where(y == 0, 0.0, 1.0), X_val=X, y_val=y)


def test_fit__again_forgets_the_first():
    X, y = numbers()
    model = EarlyStoppingRegressor(random_state=0).fit(X, y)
    model.set_params(estimator=SGDRegressor(random_state=0)).fit(X, y)
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "path_")
    with pytest.raises(ValueError, match="filter_factors needs estimator=None"):
        model.filter_factors()


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
    (dict(estimator=Ridge()), {}, r"Ridge\(\) cannot be trained .* lacks partial_fit and warm_start"),
    (dict(estimator=Ridge), {}, r"'estimator' parameter .* Got <class .*Ridge'>"),
    (dict(estimator="ridge"), {}, r"'estimator' parameter .* Got 'ridge'"),
    (dict(estimator=make_pipeline(StandardScaler(), Ridge())), {}, r"estimator=Ridge\(\) cannot be trained"),
    (dict(estimator=SGDClassifier()), {}, r"EarlyStoppingRegressor needs a regressor; got estimator=SGDClassifier"),
    (dict(monitor="accurracy"), {}, r"monitor must be .* got 'accurracy'"),
    (dict(monitor=lambda e, X, y: np.nan), {}, r"monitor=<function.* is NaN on the validation rows after 0 steps"),
    (dict(monitor=lambda e, X, y: 1 / 0), {}, r"division by zero\s+monitor=<function.* failed"),
    (dict(cv_rounds="all"), {}, r"cv_rounds='all' .* got cv=None"),
    (
        dict(estimator=GradientBoostingRegressor(), alpha=0.1),
        {},
        r"alpha needs estimator=None; got alpha=0\.1 with estimator=GradientBoostingRegressor\(\)\. .*, or alpha=0\.0",
    ),
    (dict(estimator=GradientBoostingRegressor(), fit_intercept=False), {}, r"fit_intercept needs estimator=None; got"),
    (dict(cv=[]), {}, r"cv=\[\] has no splits"),
    (dict(cv=[(np.arange(60), [])]), {}, r"leaves no validation rows with weight"),
    (dict(cv=3), dict(X_val=X, y_val=Y), r"cv=3 splits X, but X_val gives the validation rows"),
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
    (
        dict(),
        dict(X_val=X, y_val=np.c_[Y, Y]),
        r"in the validation data .*y_val has shape \(60, 2\), but y has shape \(60,\)",
    ),
    (dict(cv=[(np.arange(50), [500])]), {}, r"cv has indices of rows that X, of n_samples=60, does not have"),
    (dict(cv=[(np.arange(50), np.arange(50, 60))], monitor=mean_squared_error), {}, r"as scorer\(estimator, X, y\)"),
]


def test_validation_fraction__beside_cv_warns():
    with pytest.warns(UserWarning, match=r"validation_fraction=0\.3 has no effect, as cv=3 splits X"):
        EarlyStoppingRegressor(cv=3, validation_fraction=0.3, max_iter=20, min_delta=0.01).fit(X, Y)


@pytest.mark.parametrize(("params", "given", "message"), NUMBER)
def test_bad_input__regressor(params, given, message):
    with pytest.raises((ValueError, TypeError, ZeroDivisionError), match=message):
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
    (dict(estimator=SVC()), LABELS, {}, r"SVC\(\) cannot be trained .* lacks partial_fit and warm_start"),
    (dict(estimator=SGDRegressor()), LABELS, {}, "EarlyStoppingClassifier needs a classifier"),
    (dict(), Y, {}, "Unknown label type"),
]


@pytest.mark.parametrize(("params", "y", "given", "message"), CLASS)
def test_bad_input__classifier(params, y, given, message):
    with pytest.raises(ValueError, match=message):
        EarlyStoppingClassifier(**params).fit(X, y, **given)


@pytest.mark.parametrize("inner", [None, GradientBoostingRegressor(random_state=0)])
def test_bad_input__targets_that_are_no_numbers(inner):
    with pytest.raises(ValueError, match=r"y must hold numbers to regress on; got <U\d+ entries"):
        EarlyStoppingRegressor(inner).fit(X, np.full(60, "a"))
    numbers_as_objects = EarlyStoppingRegressor(inner, random_state=0, patience=2).fit(X, Y.astype(object))
    assert (
        numbers_as_objects.best_score_
        == EarlyStoppingRegressor(inner, random_state=0, patience=2).fit(X, Y).best_score_
    )


def test_squared_error__overflow_is_infinite_without_a_warning():
    assert squared_error(np.zeros(2), np.full(2, 1e200), None) == np.inf


def test_bad_input__weights_the_estimator_cannot_take():
    with pytest.raises(ValueError, match=r"sample_weight is given, and estimator=Counted\(\) takes none"):
        EarlyStoppingRegressor(Counted()).fit(X, Y, np.ones(60))


@pytest.mark.parametrize("cls", [EarlyStoppingRegressor, EarlyStoppingClassifier])
def test_input__y_of_one_column(cls):
    target = LABELS if cls is EarlyStoppingClassifier else Y
    inner = {
        EarlyStoppingRegressor: RandomForestRegressor(random_state=0),
        EarlyStoppingClassifier: RandomForestClassifier(random_state=0),
    }[cls]
    flat = cls(inner, random_state=0, patience=2).fit(X, target)
    model = cls(inner, random_state=0, patience=2)
    with pytest.warns(DataConversionWarning, match="column-vector y") as caught:
        model.fit(X, target[:, None], X_val=X, y_val=target[:, None])
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        model.fit(X, target[:, None])
    np.testing.assert_array_equal(model.predict(X), flat.predict(X))


def test_input__linear_model_keeps_a_y_of_one_column():
    model = EarlyStoppingRegressor(random_state=0)
    column = model.fit(X, Y[:, None]).predict(X)
    np.testing.assert_array_equal(column, model.fit(X, Y).predict(X)[:, None])


def test_fit__diverging_estimator_warns():
    sgd = SGDRegressor(random_state=0)
    Z = np.random.default_rng(0).standard_normal((200, 3)) * [1.0, 1e3, 1e5]
    target = Z @ [1.0, 1e-3, 1e-5]
    for monitor in ("loss", "r2"):
        with pytest.warns(ConvergenceWarning, match=r"worse than a constant. Its mean squared error .* is \d\.\d+e\+"):
            EarlyStoppingRegressor(sgd, monitor=monitor, random_state=0).fit(Z, target)
    classifier = SGDClassifier(loss="log_loss", random_state=0)
    labels = np.random.default_rng(1).integers(0, 2, 200)
    with pytest.warns(ConvergenceWarning, match=r"worse than a constant. Its log loss"):
        EarlyStoppingClassifier(classifier, random_state=0).fit(Z, labels)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_fit__features_of_which_one_has_other_units_warn_where_no_step_helps(make):
    Z = np.random.default_rng(0).standard_normal((300, 4))
    target = 3.0 * Z[:, 0] + 0.1 * Z[:, 1]
    Z[:, 3] *= 100.0
    model = EarlyStoppingRegressor(random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"no step was better .* range from \d\.\d+ to \d+, .*standardize X"):
        model.fit(make(Z), target)
    assert model.best_iter_ == 0
    with pytest.warns(ConvergenceWarning, match=r"it took max_iter=500 steps, and the standard deviations"):
        EarlyStoppingRegressor(max_iter=500, random_state=0).fit(make(Z), Z.sum(axis=1))
    assert make_pipeline(StandardScaler(with_mean=False), model).fit(make(Z), target).score(make(Z), target) > 0.99


def test_fit__validation_targets_in_other_units_warn():
    model = EarlyStoppingRegressor(GradientBoostingRegressor(random_state=0), min_delta=1e-3, random_state=0)
    message = "y_val seems to have other units than y, or another distribution: mean"
    with pytest.warns(UserWarning, match=message):
        model.fit(X, Y, X_val=X, y_val=1000.0 * Y)
    with pytest.warns(UserWarning, match=message):
        EarlyStoppingRegressor(random_state=0, max_iter=5000).fit(X, Y, X_val=X, y_val=Y + 10.0 * np.std(Y))
    weights = np.append(np.ones(60), 0.0)
    rows, targets = np.vstack([X, X[:1]]), np.append(Y, -9999.0)
    model.fit(rows, targets, weights, X_val=rows, y_val=targets, sample_weight_val=weights)


def test_fit__one_row_with_nearly_all_weight_is_trained_on():
    weights = np.ones(60)
    weights[7] = 1e4
    for seed in range(20):
        model = EarlyStoppingRegressor(random_state=seed).fit(X, Y, weights)
        assert model.validation_curve_[0] > 0.1 * np.var(Y)  # of the other rows, not of the one that is nearly the mean


def test_fit__pure_noise_does_not_warn():
    noise = np.random.default_rng(2).standard_normal(60)
    EarlyStoppingRegressor(GradientBoostingRegressor(random_state=0), random_state=0).fit(X, noise)
    EarlyStoppingRegressor(random_state=0).fit(X, np.full(60, 0.1))  # a constant: only rounding is left


def test_fit__failed_changes_nothing():
    model = EarlyStoppingRegressor(random_state=0).fit(X, Y)
    before = copy.deepcopy(vars(model))
    calls = iter([0.0, 1.0])
    with pytest.raises(StopIteration, match="failed"):  # after some steps
        model.set_params(monitor=lambda e, X, y: next(calls)).fit(X[:, :3], Y)
    model.set_params(monitor="loss")
    assert vars(model).keys() == before.keys()
    assert (model.coef_ == before["coef_"]).all()


def test_classifier__methods_of_the_estimator():
    hinge = EarlyStoppingClassifier(SGDClassifier(random_state=0), monitor="accuracy").fit(X, LABELS)
    assert not hasattr(hinge, "predict_proba")
    assert hinge.decision_function(X).shape == (60,)
    forest = EarlyStoppingClassifier(RandomForestClassifier(random_state=0))
    assert hasattr(forest, "predict_proba")
    assert not hasattr(forest, "decision_function")
    assert EarlyStoppingClassifier().fit(X, LABELS).predict_log_proba(X).shape == (60, 2)
