"""The adviser calls what is made to overfit overfitting, and shows numbers that are true."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_classification
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skreg import (
    AugmentedRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
)
from skreg.augmentation import GaussianNoise
from skreg.inspection import diagnose
from skreg.inspection._evaluate import Difference, Folds, difference
from skreg.inspection._strength import direction_of, strength_of
from skreg.inspection._verdict import verdict_of
from tests.versions import SKLEARN_1_8

X, Y = load_diabetes(return_X_y=True)
C, L = load_breast_cancer(return_X_y=True)


def wide(n=100, p=200, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, :5].sum(axis=1) + noise * rng.standard_normal(n)


def test_numbers_are_those_of_cross_validate():
    model = make_pipeline(StandardScaler(), Ridge())
    diagnosis = diagnose(model, X, Y, cv=4)
    expected = cross_validate(model, X, Y, cv=4, return_train_score=True)
    assert diagnosis.scores["validation"] == pytest.approx(expected["test_score"].mean())
    assert diagnosis.scores["training"] == pytest.approx(expected["train_score"].mean())
    assert diagnosis.gap.mean == pytest.approx((expected["train_score"] - expected["test_score"]).mean())
    assert diagnosis.learning_curve[1.0]["validation"] == diagnosis.scores["validation"]
    assert diagnosis.regularized_by == "ridge__alpha"
    for value, scores in diagnosis.regularization_curve.items():
        again = cross_validate(clone(model).set_params(ridge__alpha=value), X, Y, cv=4)
        assert scores["validation"] == pytest.approx(again["test_score"].mean())


def test_interval_is_that_of_nadeau_and_bengio():
    d, splits = np.array([0.1, 0.3, 0.2, 0.4]), list(KFold(4).split(np.arange(100)))
    found = difference(d, splits)
    half = 3.182446305 * np.sqrt((1 / 4 + 1 / 3) * d.var(ddof=1))
    np.testing.assert_allclose(found, [d.mean(), d.mean() - half, d.mean() + half])
    assert difference(d, splits, of_learning=False).high - d.mean() == pytest.approx(3.182446305 * d.std(ddof=1) / 2)
    alone = difference([1.0], splits[:1])
    assert np.isnan(alone.low)
    assert alone.is_gain
    assert not alone.is_shown


def test_intervals_cover():
    """Of two models that are equally good, the interval of the difference holds 0 about 95 times of a hundred."""
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(300):
        A = rng.standard_normal((50, 6))
        y = A[:, :3].sum(axis=1) + 2.0 * rng.standard_normal(50)
        splits = list(KFold(5).split(A))
        scores = []
        for columns in ([0, 1, 2, 3], [0, 1, 2, 4]):
            model = LinearRegression()
            scores.append([model.fit(A[a][:, columns], y[a]).score(A[b][:, columns], y[b]) for a, b in splits])
        found = difference(np.subtract(*scores), splits)
        missed += not found.low <= 0.0 <= found.high
    assert missed <= 0.05 * 300 + 3 * np.sqrt(300 * 0.05 * 0.95)


def row_noise(repeats, rng):
    """Splits of repeated folds, and their means of noise that belongs to rows."""
    splits = list(RepeatedKFold(n_splits=5, n_repeats=repeats, random_state=rng.integers(1000)).split(np.arange(100)))
    noise = rng.standard_normal((10, 100))
    return splits, np.array([[values[test].mean() for _, test in splits] for values in noise])


@pytest.mark.parametrize("repeats", [1, 4])
def test_repetitions_of_folds_are_not_new_rows(repeats):
    rng = np.random.default_rng(0)
    missed, gains = 0, []
    for _ in range(300):
        splits, scores = row_noise(repeats, rng)
        found = difference(scores[0], splits, of_learning=False)
        missed += not found.low <= 0.0 <= found.high
        chosen = Folds(None, None, splits, None, None).chosen_by_others(scores)
        gains.append(scores[chosen, np.arange(len(splits))].mean())
    assert missed <= 0.05 * 300 + 3 * np.sqrt(300 * 0.05 * 0.95)
    assert np.mean(gains) < 0.02  # the best of ten by the same folds has 0.15


def test_values_are_chosen_by_folds_with_other_rows():
    splits = list(KFold(3).split(np.arange(9)))
    scores = np.array([[1.0, 0.0, 0.0], [0.0, 0.4, 0.4]])
    folds = Folds(None, None, splits, None, None)
    np.testing.assert_array_equal(folds.chosen_by_others(scores), [1, 0, 0])
    assert Folds(None, None, [splits[0]] * 3, None, None).chosen_by_others(scores) is None


def test_overfitting_by_too_little_regularization():
    A, y = wide(300, 200, noise=3.0)
    diagnosis = diagnose(ElasticNetProx(alpha=1e-4, l1_ratio=1.0), A, y)
    assert diagnosis.verdict == "overfitting"
    first = diagnosis.suggestions[0]
    assert first.parameter == "alpha"
    assert first.value > 1e-3
    assert diagnosis.try_next(1)[0].gain.low > 0.0


def test_underfitting_by_too_much():
    diagnosis = diagnose(ElasticNetProx(alpha=1e3), *wide())
    assert diagnosis.verdict == "underfitting"
    assert diagnosis.suggestions[0].technique == "less regularization"
    assert diagnosis.suggestions[0].value < 10.0  # the curve went on where it still rose


def test_underfitting_by_a_shape_it_cannot_have():
    rng = np.random.default_rng(0)
    A = rng.uniform(-3.0, 3.0, (400, 2))
    y = np.sin(2.0 * A[:, 0]) + 0.1 * rng.standard_normal(400)
    diagnosis = diagnose(Ridge(), A, y)
    assert diagnosis.verdict == "underfitting"
    names = [s.technique for s in diagnosis.suggestions]
    assert "splines of the features" in names
    trials = diagnosis.try_next(len(names))
    assert trials[names.index("splines of the features")].gain.low > 0.2


def test_fitting_well_and_nothing_to_say():
    diagnosis = diagnose(LinearRegression(), X, Y)
    assert diagnosis.verdict == "fitting well"
    assert diagnosis.suggestions == []
    assert "nothing to try" in str(diagnosis)
    assert len(diagnosis.try_next(3)) == 0
    assert "nothing" in str(diagnosis.try_next(3))


def test_noise_is_not_called_a_good_fit():
    rng = np.random.default_rng(0)
    diagnosis = diagnose(Ridge(), rng.standard_normal((200, 3)), rng.standard_normal(200))
    assert diagnosis.verdict == "underfitting"
    assert "no better than a constant" in diagnosis.reason


def test_verdicts_follow_the_rules():
    up, down, none = Difference(0.2, 0.1, 0.3), Difference(-0.2, -0.3, -0.1), Difference(0.0, -0.1, 0.1)
    maybe = Difference(0.05, -0.1, 0.2)
    nothing = dict.fromkeys(["stronger", "weaker", "growth", "reference", "shortfall"])
    plain = dict(gap=up, lost=0.5, learned=1.0, above=up, n_unconverged=0, **nothing)

    def verdict(**changes):
        return verdict_of(SimpleNamespace(**{**plain, **changes}))[0]

    assert verdict(weaker=(1.0, up), stronger=(2.0, up)) == "underfitting"
    assert verdict(stronger=(2.0, up)) == "overfitting"
    assert verdict(stronger=(2.0, none)) == "overfitting"
    assert verdict(stronger=(2.0, down), growth=up) == "overfitting"
    assert verdict(stronger=(2.0, down), growth=none) == "fitting well"
    assert verdict(stronger=(2.0, down), growth=none, reference=up) == "underfitting"
    assert verdict(stronger=(2.0, down), growth=none, above=down) == "underfitting"
    assert verdict(lost=0.05, stronger=(2.0, up)) == "fitting well"
    assert verdict(gap=maybe, growth=up) == "fitting well"
    assert verdict(gap=maybe, stronger=(2.0, maybe)) == "overfitting"
    assert verdict(lost=0.05, reference=up) == "underfitting"
    assert verdict(lost=0.05, reference=none, shortfall=up) == "underfitting"
    assert verdict(lost=0.05, reference=none, shortfall=maybe) == "fitting well"
    assert verdict(lost=0.05, reference=none, shortfall=maybe, n_unconverged=5) == "underfitting"
    assert verdict(lost=0.05, above=down) == "underfitting"
    assert verdict(lost=0.05, above=maybe) == "fitting well"


def test_scaling_is_found_and_pays():
    diagnosis = diagnose(SVC(), C, L, scoring="neg_log_loss" if hasattr(SVC(), "predict_proba") else None)
    first = diagnosis.suggestions[0]
    assert first.technique == "standardized features"
    assert diagnosis.facts["largest over smallest deviation"] > 1e4
    assert diagnosis.try_next(1)[0].gain.mean > 0.03
    assert not any(s.technique == "standardized features" for s in diagnose(DecisionTreeClassifier(), C, L).suggestions)


def test_overconfidence_is_measured_and_mended():
    A, y = make_classification(300, 40, n_informative=5, flip_y=0.15, random_state=0)
    diagnosis = diagnose(LabelSmoothedLogistic(alpha=1e-6, label_smoothing=0.0), A, y)
    assert diagnosis.overconfidence.low > 0.0
    smoothing = next(s for s in diagnosis.suggestions if s.parameter == "label_smoothing")
    assert smoothing.value == 0.1
    trials = diagnosis.try_next(len(diagnosis.suggestions))
    trial = trials[diagnosis.suggestions.index(smoothing)]
    assert trial.overconfidence < diagnosis.overconfidence.mean
    assert trial.log_loss.mean > 0.0


def test_many_and_correlated_features():
    A, y = wide()
    techniques = [s.technique for s in diagnose(Ridge(alpha=1e-3), A, y).suggestions]
    assert "fewer features by L1" in techniques
    A, y = wide(noise=3.0)
    doubled = np.hstack([A[:, :20], A[:, :20] + 0.01 * wide(seed=1)[0][:, :20]])
    diagnosis = diagnose(Lasso(alpha=1e-3, max_iter=100000), doubled, y)
    assert diagnosis.facts["features correlated above 0.9"] == 40
    assert "elastic net" in [s.technique for s in diagnosis.suggestions]


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        Ridge(1e-4),
        ElasticNet(1e-3, max_iter=10000),
        ElasticNetProx(1e-3),
        ElasticNetProxCV(alphas=10),
        DecisionTreeRegressor(random_state=0),
        RandomForestRegressor(10, random_state=0),
        GradientBoostingRegressor(random_state=0),
        HistGradientBoostingRegressor(max_iter=30),
        make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(20,), max_iter=50, random_state=0)),
        make_pipeline(StandardScaler(), DropoutMLPRegressor((20,), dropout=0.0, max_iter=15, random_state=0)),
        TransformedTargetRegressor(Ridge(1e-4), transformer=StandardScaler()),
        AugmentedRegressor(Ridge(1e-4), GaussianNoise(0.01), random_state=0),
        KNeighborsRegressor(1),
        SGDRegressor(penalty=None, random_state=0),
    ],
    ids=str,
)
def test_families(model):
    A, y = X[:150], Y[:150]
    diagnosis = diagnose(model, A, y, cv=3)
    assert diagnosis.verdict in ("overfitting", "underfitting", "fitting well")
    for suggestion in diagnosis.suggestions:
        assert any(c.isdigit() for c in suggestion.why)  # nothing without a number
        assert suggestion.change
        if suggestion.parameter:
            set_by_hand = clone(model).set_params(**{suggestion.parameter: suggestion.value})
            assert repr(set_by_hand) == repr(suggestion.estimator)
    trials = diagnosis.try_next(len(diagnosis.suggestions) or 1)
    assert all(np.isfinite(trial.score) for trial in trials)
    diagnosis.plot()


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(C=1e4, max_iter=10000, class_weight="balanced", fit_intercept=False),
        LogisticRegressionCV(
            Cs=2,
            cv=3,
            scoring="neg_log_loss",
            **(dict(l1_ratios=(0.0,), use_legacy_attributes=False) if SKLEARN_1_8 else {}),
        ),
        LabelSmoothedLogistic(1e-6, label_smoothing=0.0, standardize=True),
        SVC(),
        DecisionTreeClassifier(random_state=0),
        make_pipeline(StandardScaler(), DropoutMLPClassifier((10,), dropout=0.0, max_iter=10, random_state=0)),
        Pipeline([("nothing", "passthrough"), ("classify", KNeighborsClassifier(1))]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_families_of_classifiers(model):
    rows = np.r_[0:40, 60:90, 110:140]
    A, y = load_iris(return_X_y=True, as_frame=True)
    A, y = A.iloc[rows], np.array(["a", "b", "c"])[y.iloc[rows]]
    diagnosis = diagnose(model, A, y, cv=3)
    trials = diagnosis.try_next(len(diagnosis.suggestions) or 1)
    assert all(trial.error == "" for trial in trials)
    for suggestion in diagnosis.suggestions:
        if "CV(" in suggestion.change and "Calibrated" not in suggestion.change:  # nothing else changes
            assert suggestion.value.fit_intercept == getattr(model, "fit_intercept", True)
            assert suggestion.value.class_weight == getattr(model, "class_weight", None)


def test_what_fails_is_left_out_and_told():
    diagnosis = diagnose(KNeighborsRegressor(30), X[:120], Y[:120], cv=5)
    assert any("learning curve at 25%" in what and "failed" in what for what in diagnosis.skipped)
    rare = np.repeat([0, 1], [118, 2])
    skipped = diagnose(LogisticRegression(), wide(120, 5)[0], rare, cv=2).skipped
    assert any("one class" in what for what in skipped)


def test_a_trial_that_fails_is_told():
    diagnosis = diagnose(DecisionTreeRegressor(random_state=0), X, Y, cv=3)
    bad = diagnosis.suggestions[1]
    diagnosis.suggestions[1] = bad._replace(estimator=Ridge(alpha=-1.0))
    trials = diagnosis.try_next(3)
    assert "alpha" in trials[1].error
    assert np.isfinite(trials[0].score)
    assert "alpha" in str(trials)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="scoring must give finite scores"):
        diagnose(Ridge(), X[:10], Y[:10], cv=LeaveOneOut())


def test_scaled_features_inside_wrappers_are_seen():
    scaled = TransformedTargetRegressor(make_pipeline(StandardScaler(), Ridge()), transformer=StandardScaler())
    grown = X * np.geomspace(1.0, 1e4, 10)
    assert diagnose(scaled, grown, Y).facts["largest over smallest deviation"] == pytest.approx(1.0)
    advice = next(s for s in diagnose(Ridge(), grown, Y).suggestions if s.technique == "standardized features")
    again = diagnose(make_pipeline("passthrough", advice.estimator), grown, Y)
    assert "standardized features" not in [s.technique for s in again.suggestions]


def test_the_estimator_is_copied():
    model = Ridge()
    diagnosis = diagnose(model, X, Y, cv=2)
    model.set_params(alpha=7.0)
    assert diagnosis.estimator.alpha == 1.0
    assert str(pickle.loads(pickle.dumps(diagnosis))) == str(diagnosis)


def test_trials_are_fits_on_the_same_folds():
    diagnosis = diagnose(make_pipeline(PolynomialFeatures(2), Ridge(1e-3)), X, Y)
    n = len(diagnosis.suggestions)
    trials = diagnosis.try_next(n)
    for suggestion, trial in zip(diagnosis.suggestions, trials, strict=True):
        if suggestion.parameter == "ridge__alpha":  # judged fold by fold, by what other folds choose
            assert trial.score <= max(v["validation"] for v in diagnosis.regularization_curve.values()) + 1e-12
            continue
        expected = cross_validate(suggestion.estimator, X, Y)["test_score"].mean()
        assert trial.score == pytest.approx(expected)
        assert trial.gain.mean == pytest.approx(expected - diagnosis.scores["validation"])
    frame = trials.to_frame()
    assert list(frame["technique"]) == [trial.technique for trial in trials]
    assert len(diagnosis.to_frame()) == n
    trials.plot()


def test_reports_as_text_and_html():
    diagnosis = diagnose(make_pipeline(StandardScaler(), Ridge(1e-6)), *wide())
    text = str(diagnosis)
    assert text.startswith("Ridge: overfitting")
    assert max(map(len, text.splitlines())) <= 100
    assert all(s.change in " ".join(text.split()) for s in diagnosis.suggestions)
    html = diagnosis._repr_html_()
    assert "<table" in html
    assert "overfitting" in html
    trials = diagnosis.try_next(2)
    assert "95 % interval" in str(trials)
    assert "<th>" in trials._repr_html_()


def test_time_budget_is_kept_and_told():
    diagnosis = diagnose(Ridge(), X, Y, time_budget=1e-9)
    assert diagnosis.regularization_curve.keys() == {1.0}
    assert any(what.startswith("alpha=") for what in diagnosis.skipped)
    assert "reference" in diagnosis.skipped
    assert "left out" in str(diagnosis)


def test_frames_with_strings_sparse_rows_labels_and_jobs():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.standard_normal(120), "b": rng.choice(["x", "y"], 120)})
    y = np.where(frame["a"] + (frame["b"] == "x") + 0.5 * rng.standard_normal(120) > 0.5, "yes", "no")
    encode = make_column_transformer((OneHotEncoder(), ["b"]), remainder="passthrough")
    model = make_pipeline(encode, DropoutMLPClassifier((10,), max_iter=5, random_state=0))
    one, two = (diagnose(model, frame, y, cv=3, n_jobs=n) for n in (None, 2))
    assert one.scores == two.scores
    rows = sp.random_array((150, 30), density=0.2, format="coo", random_state=rng)
    labels = rng.integers(2, size=150)
    sparse = diagnose(SGDClassifier(loss="log_loss", random_state=0), rows, labels, cv=3)
    assert "reference" not in sparse.scores
    assert any("reference" in what for what in sparse.skipped)
    texts = pd.Series(["good film", "bad film", "good", "bad bad", "fine", "poor film"] * 10)
    words = diagnose(make_pipeline(TfidfVectorizer(), LogisticRegression()), texts, [1, 0] * 30, cv=3)
    assert words.scores["validation"] == 1.0
    assert diagnose(Ridge(), pl.DataFrame(X), Y, cv=3).scores == diagnose(Ridge(), X.tolist(), Y, cv=3).scores
    assert np.isfinite(sparse.facts["largest over smallest deviation"])


def test_unknown_families_get_a_verdict():
    diagnosis = diagnose(GaussianNB(), C, L, cv=3)
    assert diagnosis.regularized_by is None
    diagnosis.plot()


def test_one_split_gives_no_intervals():
    split = [(np.arange(300), np.arange(300, 442))]
    diagnosis = diagnose(DecisionTreeRegressor(random_state=0), X, Y, cv=split)
    assert np.isnan(diagnosis.gap.low)
    assert "no interval" in str(diagnosis)
    assert diagnosis.verdict == "overfitting"
    assert diagnose(LinearRegression(), X, Y, cv=split).verdict == "fitting well"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (dict(estimator=StandardScaler()), "estimator must be a classifier or a regressor"),
        (dict(time_budget=0.0), "time_budget must be a positive number"),
        (dict(time_budget=True), "time_budget must be a positive number"),
        (dict(scoring="nonsense"), "nonsense"),
        (dict(estimator=Ridge), "unfitted"),
        (dict(scoring=["r2"]), "scoring must be one scorer"),
        (dict(cv=1), "cv|n_splits|k-fold"),
        (dict(y=Y[:-1]), "inconsistent"),
    ],
)
def test_bad_input(change, match):
    arguments = {"estimator": Ridge(), "X": X, "y": Y, **change}
    estimator, A, y = arguments.pop("estimator"), arguments.pop("X"), arguments.pop("y")
    with pytest.raises(ValueError, match=match):
        diagnose(estimator, A, y, **arguments)


def test_try_next_needs_a_number():
    with pytest.raises(ValueError, match="k must be an int of at least 1; got 0"):
        diagnose(Ridge(), X, Y, cv=2, time_budget=1e-9).try_next(0)


def test_directions():
    assert strength_of(make_pipeline(StandardScaler(), LogisticRegression())).is_stronger(0.5)
    assert strength_of(DropoutMLPClassifier(dropout=(0.1, 0.2))) is None
    model = make_pipeline(StandardScaler(), SVC())
    assert [direction_of(model, f"svc__{name}") for name in ("C", "ccp_alpha", "tol")] == [-1, 1, 0]
    assert direction_of(RandomForestRegressor(), "n_estimators") == 0
    assert direction_of(GradientBoostingRegressor(), "n_estimators") == -1
    assert direction_of(GradientBoostingRegressor(), "alpha") == 0
