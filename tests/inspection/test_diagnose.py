"""`diagnose`: planted faults are found, numbers are those of cross-validation, and one rule decides."""

import pickle
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from joblib import parallel_config
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_blobs, make_classification
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
    PoissonRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    StratifiedGroupKFold,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_info, threadpool_limits

from skreg import (
    AugmentedRegressor,
    DeepEnsembleRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    MatrixFactorizationRecommender,
    PenalizedCox,
    PenalizedCoxCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
)
from skreg.augmentation import GaussianNoise
from skreg.inspection import diagnose
from skreg.inspection._alternative import Alternative
from skreg.inspection._evaluate import Difference, Folds, difference
from skreg.inspection._layout import in_code
from skreg.inspection._measure import Measurements
from skreg.inspection._references import linear_reference
from skreg.inspection._strength import direction_of, strength_of
from skreg.inspection._techniques import grouping
from skreg.inspection._verdict import verdict_of, words_for
from tests.combinations import THOROUGH
from tests.conftest import SMALL_BOOSTING, SMALL_LINEAR, make_small
from tests.versions import SKLEARN_1_8

HELD_OUT = dict(early_stopping=True, random_state=0)  # the default trains four nets
pytestmark = pytest.mark.usefixtures("small_boosting")

X, Y = load_diabetes(return_X_y=True)
C, L = load_breast_cancer(return_X_y=True)


FOREST = RandomForestRegressor(20 if THOROUGH else 10, random_state=0)


@pytest.fixture(scope="module")
def of_forest():
    """The diagnosis of a forest that a line beats."""
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch, "boosting", **SMALL_BOOSTING)
        return diagnose(FOREST, X, Y)


def wide(n=60, p=80, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, :5].sum(axis=1) + noise * rng.standard_normal(n)


def wide_classes():
    A, y = wide(100, 12, noise=4.0)
    return A, (y > 0.0).astype(int)


@pytest.mark.usefixtures("small_references")
def test_diagnose__numbers_are_those_of_cross_validate():
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


def test_diagnose__interval_is_that_of_nadeau_and_bengio():
    d, splits = np.array([0.1, 0.3, 0.2, 0.4]), list(KFold(4).split(np.arange(100)))
    found = difference(d, splits)
    half = 3.182446305 * np.sqrt((1 / 4 + 1 / 3) * d.var(ddof=1))
    np.testing.assert_allclose(found, [d.mean(), d.mean() - half, d.mean() + half])
    assert difference(d, splits, of_learning=False).high - d.mean() == pytest.approx(3.182446305 * d.std(ddof=1) / 2)
    alone = difference([1.0], splits[:1])
    assert np.isnan(alone.low)
    assert alone.counts()
    assert not alone.counts(least=1.5)
    assert not alone.is_shown


def test_diagnose__intervals_cover():
    """Of two models that are equally good, the interval of the difference holds 0 about 95 times of a hundred."""
    rng = np.random.default_rng(0)
    splits = list(KFold(5).split(np.arange(50)))
    missed = 0

    def score(A, y, train, test):
        coef = np.linalg.lstsq(A[train], y[train], rcond=None)[0]
        return 1.0 - np.sum((y[test] - A[test] @ coef) ** 2) / np.sum((y[test] - y[test].mean()) ** 2)

    for _ in range(200):
        A = np.column_stack([rng.standard_normal((50, 6)), np.ones(50)])
        y = A[:, :3].sum(axis=1) + 2.0 * rng.standard_normal(50)
        scores = [
            [score(A[:, columns], y, *split) for split in splits] for columns in ([0, 1, 2, 3, 6], [0, 1, 2, 4, 6])
        ]
        found = difference(np.subtract(*scores), splits)
        missed += not found.low <= 0.0 <= found.high
    assert missed <= 0.05 * 200 + 3 * np.sqrt(200 * 0.05 * 0.95)


@pytest.fixture(scope="module")
def of_wide():
    """The diagnosis of a ridge with more features than rows and almost no penalty."""
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch, "boosting", **SMALL_BOOSTING)
        make_small(patch, "linear", **SMALL_LINEAR)
        return diagnose(make_pipeline(StandardScaler(), Ridge(1e-6)), *wide())


def row_noise(repeats, rng):
    """Splits of repeated folds, and their means of noise that belongs to rows."""
    splits = list(RepeatedKFold(n_splits=5, n_repeats=repeats, random_state=rng.integers(1000)).split(np.arange(100)))
    noise = rng.standard_normal((10, 100))
    return splits, np.array([[values[test].mean() for _, test in splits] for values in noise])


@pytest.mark.parametrize("repeats", [1, 4])
def test_diagnose__repetitions_of_folds_are_not_new_rows(repeats):
    rng = np.random.default_rng(0)
    missed, gains = 0, []
    n_tables = 300 if THOROUGH else 100
    for _ in range(n_tables):
        splits, scores = row_noise(repeats, rng)
        found = difference(scores[0], splits, of_learning=False)
        missed += not found.low <= 0.0 <= found.high
        chosen = Folds(None, None, splits, None, None).chosen_by_others(scores)
        gains.append(scores[chosen, np.arange(len(splits))].mean())
    assert missed <= 0.05 * n_tables + 3 * np.sqrt(n_tables * 0.05 * 0.95)
    assert np.mean(gains) < 0.02  # the best of ten by the same folds has 0.15


def test_diagnose__values_are_chosen_by_folds_with_other_rows():
    splits = list(KFold(3).split(np.arange(9)))
    scores = np.array([[1.0, 0.0, 0.0], [0.0, 0.4, 0.4]])
    folds = Folds(None, None, splits, None, None)
    np.testing.assert_array_equal(folds.chosen_by_others(scores), [1, 0, 0])
    np.testing.assert_array_equal(folds.chosen_by_others(scores, tolerance=0.2), [1, 0, 0])
    np.testing.assert_array_equal(folds.chosen_by_others(scores, tolerance=0.5), [0, 0, 0])  # the first that is as good
    assert Folds(None, None, [splits[0]] * 3, None, None).chosen_by_others(scores) is None


def test_diagnose__overfitting_by_too_little_regularization():
    A, y = wide(150, 80, noise=3.0)
    diagnosis = diagnose(ElasticNetProx(alpha=1e-4, l1_ratio=1.0), A, y)
    assert diagnosis.verdict == "overfitting"
    assert diagnosis.try_next(1)[0].gain.low > 0.0
    stronger = next(s for s in diagnosis.suggestions if s.technique == "more regularization")
    assert stronger.parameter == "alpha"
    assert stronger.value > 0.05  # the curve went on where it still rose


def test_diagnose__underfitting_by_too_much():
    diagnosis = diagnose(ElasticNetProx(alpha=1e3), *wide(80, 20))
    assert diagnosis.verdict == "underfitting"
    assert diagnosis.suggestions[0].technique == "less regularization"
    assert diagnosis.suggestions[0].value < 10.0  # the curve went on where it still rose


def test_diagnose__underfitting_by_a_shape_it_cannot_have():
    rng = np.random.default_rng(0)
    A = rng.uniform(-3.0, 3.0, (400, 2))
    y = np.sin(2.0 * A[:, 0]) + 0.1 * rng.standard_normal(400)
    diagnosis = diagnose(Ridge(), A, y)
    assert diagnosis.verdict == "underfitting"
    names = [s.technique for s in diagnosis.suggestions]
    assert "splines of the features" in names
    trials = diagnosis.try_next(len(names))
    assert trials[names.index("splines of the features")].gain.low > 0.2


@pytest.mark.parametrize("choice", [{}, {"penalty": "mcp"}, {"penalty": "group_lasso"}])
def test_diagnose__a_penalized_regressor_is_compared_with_its_own_path(choice):
    """The reference has its loss and its penalty; splines are advised where no parameter is about single features."""
    rng = np.random.default_rng(0)
    A = rng.uniform(-3.0, 3.0, (400, 4))
    y = np.sin(2.0 * A[:, 0]) + 0.2 * A[:, 1] + 0.1 * rng.standard_normal(400)
    groups = dict(groups=[0, 0, 1, 1]) if choice.get("penalty") == "group_lasso" else {}
    model = PenalizedRegressor(1.0, **choice, **groups)
    diagnosis = diagnose(model, A, y)
    search = diagnosis._measured.references["linear"].part
    own = {name: value for name, value in model.get_params().items() if name in {"loss", "penalty", "groups"}}
    assert isinstance(search, PenalizedRegressorCV)
    assert own == {name: search.get_params()[name] for name in own}
    assert diagnosis._measured.weaker.value < 1.0
    names = [s.technique for s in diagnosis.suggestions]
    assert ("splines of the features" in names) == (not groups)
    assert not any(trial.error for trial in diagnosis.try_next(len(names)))


def test_diagnose__splines_do_not_meet_factors_of_features():
    rng = np.random.default_rng(0)
    A = rng.uniform(-3.0, 3.0, (200, 3))
    y = np.sin(2.0 * A[:, 0]) + 0.1 * rng.standard_normal(200)
    bounds = [(-1.0, [1.0, 2.0, 3.0]), np.array([[-1.0] * 3, [1.0] * 3]), {"b": (0.0, 1.0)}]
    models = [ElasticNetProx(0.01, bounds=one) for one in bounds]
    models += [ElasticNetProx(0.01, penalty_factor=[1.0, 0.5, 1.0]), ElasticNetProxCV(prior_coef=[0.1, 0.2, 0.3])]
    for model in models:
        names = [s.technique for s in diagnose(model, pd.DataFrame(A, columns=list("abc")), y).suggestions]
        assert "gradient boosting" in names
        assert "splines of the features" not in names


def test_diagnose__what_is_learned_without_loss_is_not_called_nothing():
    A, labels = make_blobs(300, centers=[[-5, 0], [5, 0]], random_state=0)
    diagnosis = diagnose(LogisticRegression(), A, labels)
    assert diagnosis.gap.mean == 0.0
    assert "nothing is lost" in str(diagnosis)
    assert "nothing is learned" not in str(diagnosis)


def test_diagnose__fitting_well_and_nothing_to_say():
    diagnosis = diagnose(LinearRegression(), X, Y)
    assert diagnosis.verdict == "fitting well"
    assert diagnosis.suggestions == []
    assert diagnosis.findings == []
    assert "Nothing to try" in str(diagnosis)
    assert len(diagnosis.try_next(3)) == 0
    assert "Nothing" in str(diagnosis.try_next(3))


@pytest.mark.parametrize("model", [Ridge(), KNeighborsRegressor(1), RandomForestRegressor(10, random_state=0)], ids=str)
def test_diagnose__noise_is_called_noise_whatever_the_gap(model):
    rng = np.random.default_rng(0)
    diagnosis = diagnose(model, rng.standard_normal((150, 3)), rng.standard_normal(150))
    assert diagnosis.verdict == "nothing learned"
    assert "better than a constant" in diagnosis.reason
    assert diagnosis.suggestions == []


def measured(**changes):
    """Measurements as `verdict_of` reads them, of a model that loses half of what it learns."""
    up = Difference(0.2, 0.1, 0.3)
    fits = [SimpleNamespace(train=0.9, validation=0.5)]
    plain = dict(above=up, gap=up, lost=0.5, stronger=None, weaker=None, growth=None, baseline=fits, n_unfinished=0)
    plain |= {"references": {}, "knows_by_heart": False, "strength": SimpleNamespace(name="alpha")}
    plain |= {"curve": {1.0: fits, 2.0: fits, 3.0: fits}, "is_linear": False, "missing": [], **changes}
    sides = [side for side in (plain["stronger"], plain["weaker"]) if side is not None]
    plain["alternatives"] = [*sides, *plain["references"].values()]
    plain["counts"] = lambda difference: difference is not None and difference.counts(0.01)
    return SimpleNamespace(**plain)


def another(gain, score=0.7, value=None, above=None):
    fits = [SimpleNamespace(train=score, validation=score)]
    above = Difference(0.2, 0.1, 0.3) if above is None else above
    return Alternative("boosting" if value is None else "curve", fits, gain, above, score, value=value)


def test_diagnose__verdicts_follow_the_rules():
    up, down, none = Difference(0.2, 0.1, 0.3), Difference(-0.2, -0.3, -0.1), Difference(0.0, -0.1, 0.1)
    maybe, tiny, larger = Difference(0.05, -0.1, 0.2), Difference(0.005, 0.004, 0.006), Difference(0.3, 0.1, 0.5)

    def verdict(**changes):
        return verdict_of(measured(**changes))[0]

    assert verdict(above=maybe) == "nothing learned"
    assert verdict(above=maybe, stronger=another(up, value=2.0, above=none)) == "nothing learned"
    assert verdict(above=maybe, stronger=another(up, value=2.0)) == "overfitting"
    assert verdict(weaker=another(up, value=1.0)) == "underfitting"
    assert verdict(stronger=another(up, value=1.0)) == "overfitting"
    assert verdict(weaker=another(up, value=1.0), stronger=another(larger, value=2.0)) == "overfitting"
    assert verdict(weaker=another(maybe, value=1.0)) == "fitting well"  # an interval over zero is no verdict
    assert verdict(weaker=another(tiny, value=1.0)) == "fitting well"  # nor is a trifle
    assert verdict(references={"boosting": another(up, score=0.7)}) == "overfitting"  # below the training score of 0.9
    assert verdict(references={"boosting": another(up, score=0.95)}) == "underfitting"
    assert verdict(references={"boosting": another(maybe)}) == "fitting well"
    assert verdict(growth=up) == "overfitting"
    assert verdict(growth=up, knows_by_heart=True) == "fitting well"
    assert verdict(growth=up, stronger=another(down, value=2.0)) == "fitting well"
    assert verdict(growth=up, gap=maybe) == "fitting well"
    assert verdict(growth=up, lost=0.05) == "fitting well"


def test_diagnose__forest_that_is_beaten_by_a_line_is_told(of_forest):
    assert {"linear", "boosting"} <= set(of_forest.scores)
    assert of_forest.suggestions[0].technique == "a linear model"
    trial = of_forest.try_next(1)[0]
    assert trial.gain == of_forest.suggestions[0].gain  # measured once
    assert trial.gain.low > 0.0


@pytest.mark.usefixtures("small_references")
def test_diagnose__rare_class_is_judged_by_what_sees_it():
    A, y = make_classification(400, 8, weights=[0.95], flip_y=0.0, class_sep=1.5, random_state=0)
    diagnosis = diagnose(LogisticRegression(C=0.01), A, y)
    assert diagnosis.scoring == "balanced accuracy"
    assert diagnosis.scores["constant"] == 0.5
    assert next(iter(diagnosis.facts["class shares"].items())) == (1, np.mean(y == 1))
    assert [finding.name for finding in diagnosis.findings] == ["rare class"]
    weighted = next(s for s in diagnosis.suggestions if s.technique == "class weights")
    assert weighted.estimator.class_weight == "balanced"
    expected = cross_validate(weighted.estimator, A, y, scoring="balanced_accuracy")["test_score"]
    assert weighted.gain.mean == pytest.approx(expected.mean() - diagnosis.scores["validation"])
    assert diagnose(LogisticRegression(), A, y, scoring="accuracy", time_budget=1e-9).scoring == "accuracy"


@pytest.mark.usefixtures("small_references")
def test_diagnose__copies_of_rows_stay_on_one_side():
    rng = np.random.default_rng(0)
    A, y = np.repeat(rng.standard_normal((60, 4)), 3, axis=0), np.repeat(rng.integers(2, size=60), 3)
    order = rng.permutation(len(y))
    diagnosis = diagnose(KNeighborsClassifier(1), A[order], y[order])
    assert diagnosis.verdict == "nothing learned"
    assert diagnosis.findings[0].name == "copies of rows"
    splits = list(KFold(3).split(A))
    given = diagnose(KNeighborsClassifier(1), A[order], y[order], cv=splits)  # given folds are used as they are
    assert given.findings[0].name == "copies of rows"
    assert "raises the score" in given.findings[0].why


@pytest.mark.usefixtures("small_references")
def test_diagnose__groups_stay_on_one_side():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(30), 6)
    centre, label = rng.standard_normal((30, 5)), rng.integers(2, size=30)
    A = centre[who] + 0.1 * rng.standard_normal((180, 5))
    order = rng.permutation(180)
    A, y, who = A[order], label[who][order], who[order]
    diagnosis = diagnose(KNeighborsClassifier(1), A, y, groups=who, cv=3)
    assert diagnosis.findings[0].name == "groups"
    expected = cross_validate(KNeighborsClassifier(1), A, y, groups=who, cv=StratifiedGroupKFold(3))[
        "test_score"
    ].mean()
    assert diagnosis.scores["validation"] == pytest.approx(expected)
    assert diagnose(KNeighborsClassifier(1), A, y, cv=3).scores["validation"] > 0.9
    with pytest.raises(ValueError, match="inconsistent"):
        diagnose(KNeighborsClassifier(1), A, y, groups=who[:-1])


@pytest.mark.usefixtures("small_references")
def test_diagnose__last_rows_that_differ_are_told():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((200, 4))
    y = A[:, 0] + 0.3 * rng.standard_normal(200)
    assert diagnose(Ridge(), A, y, cv=3).findings == []
    A[160:, 2] += 2.0
    finding = diagnose(Ridge(), A, y, cv=3).findings[0]
    assert finding.name == "drift"
    assert "x2" in finding.why


@pytest.mark.usefixtures("small_references")
def test_diagnose__rows_in_order_of_class_are_no_drift():
    assert diagnose(LogisticRegression(max_iter=1000), *load_iris(return_X_y=True), cv=3).findings == []


@pytest.mark.usefixtures("small_references")
def test_diagnose__consecutive_rows_that_are_alike_are_told():
    rng = np.random.default_rng(0)
    A = np.repeat(rng.standard_normal((40, 4)), 5, axis=0) + 0.1 * rng.standard_normal((200, 4))
    y = np.repeat(rng.integers(2, size=40), 5)
    diagnosis = diagnose(KNeighborsClassifier(1), A, y, cv=3)
    assert [finding.name for finding in diagnosis.findings] == ["order of rows"]


@pytest.mark.usefixtures("small_references")
def test_diagnose__flipped_labels_are_told_and_overlapping_classes_are_not():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((400, 4))
    clean = (A[:, 0] + 0.05 * rng.standard_normal(400) > 0.0).astype(int)
    flipped = np.where(rng.random(400) < 0.2, 1 - clean, clean)
    blurred = (A[:, 0] + 0.8 * rng.standard_normal(400) > 0.0).astype(int)  # about as many errors, near the border
    found = [[f.name for f in diagnose(LogisticRegression(), A, y, cv=3).findings] for y in (clean, flipped, blurred)]
    assert found == [[], ["noisy labels"], []]


@pytest.mark.usefixtures("small_references")
def test_diagnose__targets_far_off_are_told():
    A, y = wide(200, 3)
    assert diagnose(Ridge(), A, y, cv=3).findings == []
    y = y.copy()
    y[::20] += 60.0
    assert [finding.name for finding in diagnose(Ridge(), A, y, cv=3).findings] == ["targets far off"]


@pytest.mark.usefixtures("small_references")
def test_diagnose__regressors_of_one_or_two_values_are_told():
    """Not that the rarer value is far off, nor to take logarithms of 0."""
    A, y = wide(200, 3)
    for targets, why in (
        ((y > np.quantile(y, 0.96)).astype(float), "y has no values but 0.0 and 1.0"),
        (np.full(200, 3.0), "y is 3.0 in all rows"),
    ):
        (finding,) = diagnose(Ridge(), A, targets, cv=3).findings
        assert (finding.name, finding.why) == ("few targets", why)
    y = np.append(y[:-1], 60.0)
    y[::20] += 60.0
    for targets, log in ((y, False), (y - y.min() + 1.0, True)):
        (finding,) = diagnose(Ridge(), A, targets, cv=3).findings
        assert ("logarithm" in finding.advice) == log


@pytest.mark.usefixtures("small_references")
def test_diagnose__training_too_short_is_tried_and_told():
    A, y = make_classification(200, 10, n_informative=5, random_state=0)
    model = make_pipeline(StandardScaler(), MLPClassifier((20,), max_iter=3, random_state=0))
    diagnosis = diagnose(model, A, y, cv=3)
    assert diagnosis.verdict == "underfitting"
    longer = next(s for s in diagnosis.suggestions if s.technique == "longer training")
    assert longer.gain.low > 0.0
    assert (longer.parameter, longer.value) == ("mlpclassifier__max_iter", 30)
    assert "training too short" in [finding.name for finding in diagnosis.findings]
    lasso = diagnose(Lasso(alpha=0.1, max_iter=2), X, Y, cv=3)  # does not converge, and is none the worse for it
    assert lasso.facts["fits that ended too early"] > 0
    assert lasso.verdict == "fitting well"


def test_diagnose__curve_goes_on_while_it_rises_and_names_a_sensible_value():
    A, y = wide(200, 5)
    diagnosis = diagnose(KNeighborsRegressor(1), A, 0.2 * y)
    assert max(diagnosis.regularization_curve) > 8
    diagnosis = diagnose(ElasticNetProx(alpha=1e3), A, y)
    best = diagnosis.suggestions[0]
    assert 1e-4 < best.value < 1.0
    assert "strength by cross-validation along the path" in [s.technique for s in diagnosis.suggestions]


def test_diagnose__contested_gains_are_looked_at_again_on_further_folds(of_forest):
    linear = of_forest._measured.references["linear"]
    assert len(linear.fits) == len(linear.base) == 15
    assert of_forest.scores["linear"] == pytest.approx(np.mean([fit.validation for fit in linear.fits[:5]]))
    trial = of_forest.try_next(1)[0]
    assert trial.baseline == pytest.approx(np.mean([fit.validation for fit in linear.base]))
    assert trial.score - trial.baseline == pytest.approx(trial.gain.mean)
    given = diagnose(FOREST, X, Y, cv=KFold(5))  # folds that are given stay
    assert len(given._measured.references["linear"].fits) == 5


def rounding(printed):
    """Half a unit of the last printed digit."""
    digits, _, power = printed.lower().partition("e")
    return 0.5 * 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))


def printed_tables(text):
    """The tables of scores in a report, each as {what: (score, difference)} as printed."""
    tables = []
    for line in text.splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if cells[-1] == "difference, 95 % interval":
            tables.append({})
        elif tables and len(cells) > 2 and re.match(r"[-+]", cells[2]):
            tables[-1][cells[0]] = cells[1], cells[2].split()[0]
        elif tables and len(cells) == 2 and cells[0] != "gap" and re.fullmatch(r"-?[\d.e-]+", cells[1]):
            tables[-1][cells[0]] = cells[1], None
        elif line.startswith("To try"):
            break
    return tables


@pytest.mark.usefixtures("small_references")
@pytest.mark.parametrize(
    ("model", "data"),
    [
        (None, ()),
        (Ridge(1e3), (X[:120], Y[:120])),
        (LogisticRegression(C=1e-3), wide_classes()),
    ],
    ids=["forest", "ridge", "weak classes"],
)
def test_diagnose__printed_differences_are_those_of_printed_scores(model, data, of_forest):
    diagnosis = of_forest if model is None else diagnose(model, *data)
    tables = printed_tables(str(diagnosis))
    n_checked = 0
    for table in tables:
        held = next(score for what, (score, _) in table.items() if what.endswith("held-out rows"))
        for what, (score, gain) in table.items():
            if gain is None:
                continue
            base = table["constant prediction"][0] if what.endswith("held-out rows") else held
            expected = float(score) - float(base)
            expected = -expected if what.startswith("half of") else expected
            tolerance = 1.01 * sum(map(rounding, (score, base, gain)))
            assert float(gain) == pytest.approx(expected, abs=tolerance), what
            n_checked += 1
    assert n_checked >= 5
    m = diagnosis._measured
    again = any(len(one.fits) > 5 for one in m.alternatives) or m.again_base is not None
    assert len(tables) == 1 + again
    assert ("mean of 15 folds" in str(diagnosis)) == again


@pytest.mark.usefixtures("small_references")
def test_diagnose__shares_of_noise_are_not_printed():
    rng = np.random.default_rng(0)
    A, y = rng.standard_normal((150, 3)), rng.standard_normal(150)
    text = str(diagnose(DecisionTreeRegressor(random_state=0), A, y, cv=3))
    assert text.startswith("DecisionTreeRegressor: nothing learned")
    assert "of what it learns" not in text
    assert "other values of min_samples_leaf on the same folds" in text
    assert not re.search(r"\d{3,}% of what", str(diagnose(DecisionTreeRegressor(random_state=0), X, Y, cv=3)))


def test_diagnose__values_are_printed_as_they_are_typed():
    shown = [in_code(value) for value in (1e5, 2.5e-5, 0.01, 3000.0, 1 / 3e4, 0.0, 12, True, np.inf)]
    assert shown == ["1e5", "2.5e-5", "0.01", "3000.0", repr(1 / 3e4), "0.0", "12", "True", "inf"]


def test_diagnose__linear_estimators_are_told_what_the_linear_reference_does_differently():
    A, y = wide(150, 80, noise=3.0)
    diagnosis = diagnose(SGDRegressor(alpha=1e-6, penalty="l2", random_state=0), A, y)
    named = words_for(diagnosis._measured, diagnosis._measured.references["linear"])
    assert named.endswith("with standardized features and a penalty chosen by cross-validation")
    assert "linear, standardized, penalty by CV" in str(diagnosis)


def test_diagnose__a_gap_is_no_reason_for_forests(of_forest):
    assert "is lost" not in of_forest.reason
    assert not any("is lost" in suggestion.why for suggestion in of_forest.suggestions)


@pytest.mark.usefixtures("small_references")
def test_diagnose__standardizing_without_effect_is_not_advised():
    A = X * np.geomspace(1.0, 100.0, 10)
    finding = next(f for f in diagnose(Ridge(1e-6), A, Y).findings if f.name == "unscaled features")
    assert "no shown difference" in finding.why
    assert "StandardScaler" not in finding.advice


def test_diagnose__interrupt_gives_what_was_measured(monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Measurements, "_measure_references", interrupted)
    diagnosis = diagnose(Ridge(), X, Y)
    assert diagnosis.verdict == "undecided"
    assert "left out: a linear model, gradient boosting, other values of alpha" in diagnosis.reason
    assert "interrupt" in str(diagnosis)
    diagnosis.plot()
    monkeypatch.setattr(Folds, "run", interrupted_run)
    with pytest.raises(KeyboardInterrupt):  # nothing is measured yet
        diagnose(Ridge(), X, Y)


def interrupted_run(*args):
    raise KeyboardInterrupt


@pytest.mark.usefixtures("small_references")
def test_diagnose__progress_is_shown_on_request(capsys):
    A, y = X[:120], Y[:120]
    diagnose(Ridge(), A, y, cv=3, verbose=True)
    shown = capsys.readouterr().err
    assert "the estimator" in shown
    assert "boosting reference" in shown
    diagnose(Ridge(), A, y, cv=3, verbose=False)
    diagnose(Ridge(), A, y, cv=3)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("small_references")
def test_diagnose__scaling_is_found_and_pays():
    A, y = C[::2], L[::2]
    scoring = "neg_log_loss" if hasattr(SVC(), "predict_proba") else None
    diagnosis = diagnose(SVC(), A, y, cv=3, scoring=scoring)
    first = diagnosis.suggestions[0]
    assert first.technique == "standardized features"
    assert diagnosis.facts["largest over smallest standard deviation"] > 1e4
    assert diagnosis.findings[0].name == "unscaled features"
    assert diagnosis.try_next(1)[0].gain.mean > 0.03
    tree = diagnose(DecisionTreeClassifier(), A, y, cv=3)
    assert not any(s.technique == "standardized features" for s in tree.suggestions)


@pytest.mark.usefixtures("small_references")
def test_diagnose__overconfidence_is_measured_and_mended():
    A, y = make_classification(300, 40, n_informative=5, flip_y=0.15, random_state=0)
    diagnosis = diagnose(LabelSmoothedLogistic(alpha=1e-6, label_smoothing=0.0), A, y)
    assert diagnosis.overconfidence.low > 0.0
    smoothing = next(s for s in diagnosis.suggestions if s.parameter == "label_smoothing")
    assert smoothing.value == 0.1
    trials = diagnosis.try_next(len(diagnosis.suggestions))
    trial = trials[diagnosis.suggestions.index(smoothing)]
    assert trial.overconfidence < diagnosis.overconfidence.mean
    assert trial.log_loss.mean > 0.0


@pytest.mark.parametrize("n_relevant", [4, 200])
def test_diagnose__few_features_of_many_are_found_by_the_lasso_and_many_by_ridge(n_relevant, monkeypatch):
    make_small(monkeypatch, "linear", alphas=10)
    rng = np.random.default_rng(0)
    A = rng.standard_normal((80, 200)) + (n_relevant > 4) * rng.standard_normal((80, 1))
    y = A[:, :n_relevant].mean(axis=1) * np.sqrt(n_relevant) + 0.3 * rng.standard_normal(80)
    model = make_pipeline(StandardScaler(), Ridge() if n_relevant == 4 else Lasso(1.0))
    diagnosis = diagnose(model, A, y, cv=3)
    assert diagnosis.verdict != "nothing learned"
    linear = diagnosis._measured.references["linear"]
    assert linear.gain.low > 0.0
    assert linear.part.l1_ratio == [0.0, 1.0]
    assert linear.model.fit(A, y)[-1].l1_ratio_ == (1.0 if n_relevant == 4 else 0.0)


def test_diagnose__linear_reference_of_many_features_has_all_or_no_l1():
    def ratios(model, n_features):
        m = SimpleNamespace(estimator=model, final=model, is_a=lambda kinds: isinstance(model, kinds))
        m.facts, m.folds = SimpleNamespace(n_features=n_features), SimpleNamespace(n_train=50)
        return linear_reference(m).l1_ratio

    models = [KNeighborsRegressor(), KNeighborsClassifier(), Ridge(), LogisticRegression(), ElasticNet(l1_ratio=0.7)]
    assert [ratios(model, 50) for model in models] == [0.5, 0.0, 0.0, 0.0, 0.7]
    assert [ratios(model, 51) for model in models] == 4 * [[0.0, 1.0]] + [[0.0, 0.7, 1.0]]


@pytest.mark.usefixtures("small_references")
def test_diagnose__many_and_correlated_features(of_wide):
    assert "more features than rows" in [finding.name for finding in of_wide.findings]
    A, y = wide(noise=3.0)
    doubled = np.hstack([A[:, :20], A[:, :20] + 0.01 * wide(seed=1)[0][:, :20]])
    diagnosis = diagnose(Lasso(alpha=0.03, max_iter=100000), doubled, y, cv=3)
    assert diagnosis.facts["features correlated above 0.9"] == 40
    assert [s.technique for s in grouping(diagnosis._measured)] == ["elastic net"]


@pytest.mark.usefixtures("small_references")
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
        make_pipeline(StandardScaler(), DropoutMLPRegressor((20,), dropout=0.0, max_iter=15, **HELD_OUT)),
        TransformedTargetRegressor(Ridge(1e-4), transformer=StandardScaler()),
        AugmentedRegressor(Ridge(1e-4), GaussianNoise(0.01), random_state=0),
        KNeighborsRegressor(1),
        SGDRegressor(penalty=None, random_state=0),
    ],
    ids=str,
)
def test_diagnose__families(model):
    A, y = X[:150], Y[:150]
    diagnosis = diagnose(model, A, y, cv=2)
    assert diagnosis.verdict in ("nothing learned", "overfitting", "underfitting", "fitting well")
    for suggestion in diagnosis.suggestions:
        assert any(c.isdigit() for c in suggestion.why)  # nothing without a number
        assert suggestion.change
        if suggestion.parameter:
            set_by_hand = clone(model).set_params(**{suggestion.parameter: suggestion.value})
            assert repr(set_by_hand) == repr(suggestion.estimator)
    trials = diagnosis.try_next(len(diagnosis.suggestions) or 1)
    assert all(np.isfinite(trial.score) for trial in trials)
    diagnosis.plot()


@pytest.mark.usefixtures("small_references")
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
        make_pipeline(StandardScaler(), DropoutMLPClassifier((10,), dropout=0.0, max_iter=10, **HELD_OUT)),
        Pipeline([("nothing", "passthrough"), ("classify", KNeighborsClassifier(1))]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_diagnose__families_of_classifiers(model):
    rows = np.r_[0:40, 60:90, 110:140] if THOROUGH else np.r_[0:30, 60:82, 110:132]
    A, y = load_iris(return_X_y=True, as_frame=True)
    A, y = A.iloc[rows], np.array(["a", "b", "c"])[y.iloc[rows]]
    diagnosis = diagnose(model, A, y, cv=3)
    trials = diagnosis.try_next(len(diagnosis.suggestions) or 1)
    assert all(trial.error == "" for trial in trials)
    for suggestion in diagnosis.suggestions:
        if hasattr(suggestion.value, "fit_intercept"):  # nothing else changes
            assert suggestion.value.fit_intercept == getattr(model, "fit_intercept", True)
            assert suggestion.value.class_weight == getattr(model, "class_weight", None)


@pytest.mark.usefixtures("small_references")
def test_diagnose__what_fails_is_left_out_and_told():
    diagnosis = diagnose(KNeighborsRegressor(30), X[:120], Y[:120], cv=5)
    assert any("learning curve at 25%" in what and "failed" in what for what in diagnosis.skipped)
    rare = np.repeat([0, 1], [118, 2])
    skipped = diagnose(LogisticRegression(), wide(120, 5)[0], rare, cv=2).skipped
    assert any("one class" in what for what in skipped)


@pytest.mark.usefixtures("small_references")
def test_diagnose__a_trial_that_fails_is_told():
    diagnosis = diagnose(DecisionTreeRegressor(random_state=0), X, Y, cv=3)
    bad = diagnosis.suggestions[1]
    diagnosis.suggestions[1] = bad._replace(estimator=Ridge(alpha=-1.0), change="alpha=-1.0")
    trials = diagnosis.try_next(3)
    assert "alpha" in trials[1].error
    assert np.isfinite(trials[0].score)
    assert "alpha" in str(trials)


def test_diagnose__scores_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="scoring must give finite scores"):
        diagnose(Ridge(), X[:10], Y[:10], cv=LeaveOneOut())


@pytest.mark.usefixtures("small_references")
def test_diagnose__scaled_features_inside_wrappers_are_seen():
    scaled = TransformedTargetRegressor(make_pipeline(StandardScaler(), Ridge()), transformer=StandardScaler())
    grown = X * np.geomspace(1.0, 1e4, 10)
    assert diagnose(scaled, grown, Y, cv=3).facts["largest over smallest standard deviation"] == pytest.approx(1.0)
    assert [finding.name for finding in diagnose(Ridge(), grown, Y, cv=3).findings] == ["unscaled features"]
    again = diagnose(make_pipeline("passthrough", make_pipeline(StandardScaler(), Ridge())), grown, Y, cv=3)
    assert again.findings == []


@pytest.mark.usefixtures("small_references")
def test_diagnose__the_estimator_is_copied():
    model = Ridge()
    diagnosis = diagnose(model, X, Y, cv=2)
    model.set_params(alpha=7.0)
    assert diagnosis.estimator.alpha == 1.0
    assert str(pickle.loads(pickle.dumps(diagnosis))) == str(diagnosis)


@pytest.mark.usefixtures("small_references")
def test_diagnose__trials_are_fits_on_the_same_folds():
    diagnosis = diagnose(DecisionTreeRegressor(random_state=0), X, Y, cv=3)
    n = len(diagnosis.suggestions)
    trials = diagnosis.try_next(n)
    for suggestion, trial in zip(diagnosis.suggestions, trials, strict=True):
        if suggestion.gain is not None:  # measured already, on more folds, or fold by fold by what other folds choose
            assert trial.gain == suggestion.gain
            continue
        expected = cross_validate(suggestion.estimator, X, Y, cv=3)["test_score"].mean()
        assert trial.score == pytest.approx(expected)
        assert trial.gain.mean == pytest.approx(expected - diagnosis.scores["validation"])
    frame = trials.to_frame()
    assert list(frame["technique"]) == [trial.technique for trial in trials]
    assert len(diagnosis.to_frame()) == n
    trials.plot()


def test_diagnose__reports_as_text_and_html(of_wide):
    text = str(of_wide)
    assert text.startswith("Ridge: overfitting")
    assert max(map(len, text.splitlines())) <= 100
    assert all(s.change in " ".join(text.split()) for s in of_wide.suggestions)
    html = of_wide._repr_html_()
    assert "<table" in html
    assert "overfitting" in html
    trials = of_wide.try_next(1)
    assert "95 % interval" in str(trials)
    assert "<th>" in trials._repr_html_()


def test_diagnose__time_budget_is_kept_and_told():
    diagnosis = diagnose(Ridge(), X, Y, time_budget=1e-9)
    assert diagnosis.verdict == "undecided"
    assert diagnosis.regularization_curve.keys() == {1.0}
    assert any(what.startswith("alpha=") for what in diagnosis.skipped)
    assert "boosting reference" in diagnosis.skipped
    assert "Left out" in str(diagnosis)


def test_diagnose__what_there_was_no_time_for_is_suggested():
    diagnosis = diagnose(LogisticRegression(max_iter=20), C, L, time_budget=1e-9)
    assert diagnosis.verdict == "undecided"
    assert "Nothing to try" not in str(diagnosis)
    names = [s.technique for s in diagnosis.suggestions]
    assert names[:4] == ["standardized features", "longer training", "a linear model", "gradient boosting"]
    assert all(s.gain is None for s in diagnosis.suggestions)
    assert str(diagnosis).count("not measured yet") == len(names)
    assert diagnosis.try_next(1)[0].gain.mean > 0.0
    alone = diagnose(ElasticNetProxCV(alphas=10), X, Y, time_budget=1e-9)  # no curve, no linear reference
    assert alone.verdict == "undecided"
    assert [s.technique for s in alone.suggestions] == ["gradient boosting"]
    assert diagnose(Ridge(), *wide(), time_budget=1e-9).verdict == "undecided"  # not "nothing learned"


def test_diagnose__a_budget_ends_fits_between_folds(monkeypatch):
    """Every fit takes ten seconds of a clock of our own; the order is cheap changes, references, then the curve."""
    clock, fitted, run = SimpleNamespace(now=0.0), [], Folds.run

    def ten_seconds_each(self, estimator, share=None):
        clock.now += 10.0 * len(self.splits)
        fitted.append((type(estimator).__name__, len(self.splits)))
        return [fit._replace(seconds=10.0) for fit in run(self, estimator, share)]

    monkeypatch.setattr(Folds, "run", ten_seconds_each)
    monkeypatch.setattr("skreg.inspection._runs.time.perf_counter", lambda: clock.now)
    diagnosis = diagnose(LogisticRegression(max_iter=20), C, L, time_budget=220.0)
    assert clock.now <= 220.0
    assert fitted[2:] == [("Pipeline", 1)] * 5 + [("LabelSmoothedLogisticCV", 1)] * 5 + [
        ("HistGradientBoostingClassifier", 1)
    ]
    assert {"longer training", "boosting reference", "C=3.0"} <= set(diagnosis.skipped)
    assert "standardized features" not in diagnosis.skipped


def test_diagnose__small_fits_use_one_thread_and_large_ones_what_they_find():
    seen = []

    def scorer(model, X, y):
        seen.append([pool["num_threads"] for pool in threadpool_info()])
        return model.score(X, y)

    with threadpool_limits(2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        diagnose(Ridge(), X, Y, cv=2, scoring=scorer, time_budget=1e-9)
        assert [pool["num_threads"] for pool in threadpool_info()] == before
        small, seen = seen, []
        rows = np.random.default_rng(0).standard_normal((12000, 100))
        diagnose(Ridge(), rows, rows[:, 0], cv=2, scoring=scorer, time_budget=1e-9)
    assert small
    assert {number for numbers in small for number in numbers} == {1}
    assert all(numbers == before for numbers in seen[:4])


@pytest.mark.usefixtures("small_references")
def test_diagnose__frames_with_strings_sparse_rows_labels_and_jobs():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.standard_normal(120), "b": rng.choice(["x", "y"], 120)})
    y = np.where(frame["a"] + (frame["b"] == "x") + 0.5 * rng.standard_normal(120) > 0.5, "yes", "no")
    encode = make_column_transformer((OneHotEncoder(), ["b"]), remainder="passthrough")
    model = make_pipeline(encode, DropoutMLPClassifier((10,), max_iter=5 if THOROUGH else 2, **HELD_OUT))
    with parallel_config("threading"):  # processes would import the package once more
        one, two = (diagnose(model, frame, y, cv=3 if THOROUGH else 2, n_jobs=n) for n in (None, 2))
    assert one.scores == two.scores
    rows = sp.coo_array(rng.random((150, 30)) * (rng.random((150, 30)) < 0.2))  # with indices of 32 bits, as SGD needs
    labels = rng.integers(2, size=150)
    sparse = diagnose(SGDClassifier(loss="log_loss", random_state=0), rows, labels, cv=3)
    assert "linear" in sparse.scores
    assert "boosting" not in sparse.scores
    assert any("boosting reference" in what for what in sparse.skipped)
    texts = pd.Series(["good film", "bad film", "good", "bad bad", "fine", "poor film"] * 10)
    words = diagnose(make_pipeline(TfidfVectorizer(), LogisticRegression()), texts, [1, 0] * 30, cv=3)
    assert words.findings[0].name == "copies of rows"  # the same six texts, kept on one side
    frame, rows = (diagnose(Ridge(), data, Y, cv=3).scores for data in (pl.DataFrame(X), X.tolist()))
    assert frame == pytest.approx(rows, rel=1e-12)  # other orders in memory round sums differently
    assert np.isfinite(sparse.facts["largest over smallest standard deviation"])


@pytest.mark.usefixtures("small_references")
@pytest.mark.parametrize(
    ("model", "scorer"),
    [
        (PenalizedRegressor(0.001, loss="huber", delta=0.1), "r2"),
        (PoissonRegressor(), "r2"),
        (GridSearchCV(Ridge(), {"alpha": [1.0]}, scoring="neg_mean_squared_error", cv=2), "r2"),
        (GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, scoring="neg_log_loss", cv=2), "accuracy"),
    ],
    ids=["huber", "poisson", "search", "search of classes"],
)
def test_diagnose__all_models_have_one_score_whatever_their_own_is(model, scorer):
    A, y = wide(90, 3)
    y = np.round(np.exp(0.3 * y)) if scorer == "r2" else (y > 0.0).astype(int)
    diagnosis = diagnose(model, A, y, cv=3)
    expected = cross_validate(model, A, y, cv=3, scoring=scorer)["test_score"]
    assert diagnosis.scores["validation"] == pytest.approx(expected.mean())
    assert diagnosis.scores["validation"] != pytest.approx(cross_validate(model, A, y, cv=3)["test_score"].mean())


def test_diagnose__a_median_model_that_fits_well_is_not_called_underfitting():
    A, y = wide(150, 5, noise=0.5)
    diagnosis = diagnose(PenalizedRegressor(0.001, loss="quantile"), A, y, cv=KFold(3))
    assert diagnosis.verdict == "fitting well"
    assert diagnosis.scoring == "R^2"
    assert diagnosis.scores["validation"] == pytest.approx(diagnosis.scores["linear"], abs=0.02)


def text_table(n=120):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"number": rng.standard_normal(n), "letter": rng.choice(list("xyz"), n)})
    frame["flag"] = rng.random(n) < 0.5
    y = (frame["letter"] == "x") + 0.1 * rng.standard_normal(n)
    frame.loc[::10, "number"] = np.nan
    return frame, y.to_numpy()


class Constant(RegressorMixin, BaseEstimator):
    """Predicts the mean, whatever X is."""

    def fit(self, X, y):
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


@pytest.mark.usefixtures("small_references")
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.from_pandas, lambda frame: frame.to_numpy(object)])
def test_diagnose__references_take_tables_with_text(kind):
    frame, y = text_table()
    diagnosis = diagnose(Constant(), kind(frame), y, cv=3)
    assert diagnosis.verdict == "underfitting"
    assert diagnosis.skipped == []
    assert diagnosis.scores["linear"] > 0.9
    assert diagnosis.facts["features of the last step"] == 3


@pytest.mark.usefixtures("small_references")
def test_diagnose__undecided_where_no_reference_takes_the_data():
    rng = np.random.default_rng(0)
    diagnosis = diagnose(Constant(), rng.standard_normal((60, 4, 4)), rng.standard_normal(60), cv=3)
    assert diagnosis.verdict == "undecided"
    assert "references (they need a table" in diagnosis.reason
    assert "no reference takes these data" in str(diagnosis)


def test_diagnose__reports_name_augmentation_around_an_estimator():
    model = make_pipeline(StandardScaler(), AugmentedRegressor(Ridge(), GaussianNoise(0.1), random_state=0))
    text = str(diagnose(model, X, Y, cv=2, time_budget=1e-9))
    assert text.startswith("AugmentedRegressor(Ridge): undecided")


@pytest.mark.usefixtures("small_references")
def test_diagnose__unknown_families_get_a_verdict():
    diagnosis = diagnose(GaussianNB(), C, L, cv=3)
    assert diagnosis.regularized_by is None
    diagnosis.plot()


def test_diagnose__one_split_gives_no_intervals():
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
        (dict(verbose="loud"), "verbose must be True, False or None"),
        (dict(scoring="nonsense"), "scoring must be the name of a scorer .* got 'nonsense'"),
        (dict(scoring="r3"), "got 'r3'. Did you mean 'r2'"),
        (dict(scoring="accurracy"), "Did you mean 'accuracy'"),
        (
            dict(estimator=LogisticRegression(), y=Y / 7.0),
            "y must hold classes, as LogisticRegression is a classifier; got numbers",
        ),
        (dict(estimator=LogisticRegression(), y=np.zeros(442)), r"at least two classes; got only 0\.0\."),
        (
            dict(y=np.rec.fromarrays([Y > 99.0, Y])),
            r"structured array with the fields \['f0', 'f1'\]: models",
        ),
        (dict(y=[[1.0]] * 441 + [[1.0, 2.0, 3.0]]), "y must hold the same .* got rows with 1 to 3 values"),
        (dict(y=np.zeros((442, 2, 2))), r"y must have one or two dimensions; got shape \(442, 2, 2\)"),
        (dict(estimator=make_pipeline(StandardScaler(), PenalizedCox())), "Cox models are not supported"),
        (dict(estimator=PenalizedCoxCV()), "Cox models are not supported"),
        (dict(estimator=GridSearchCV(PenalizedCox(), {}), y=np.c_[Y > 99.0, Y]), "Cox models are not supported"),
        (dict(estimator=MatrixFactorizationRecommender(), y=None), "recommenders are not supported"),
        (
            dict(estimator=DeepEnsembleRegressor(DropoutRNNRegressor(return_sequences=True))),
            "estimator__return_sequences=True",
        ),
        (dict(estimator=LogisticRegression(), y=np.arange(442)), "two rows of some class"),
        (dict(estimator=LogisticRegression(), y=np.where(Y > 300, np.nan, 1.0)), "y must hold classes without missing"),
        (dict(y=np.where(Y > 300, np.nan, Y)), "y must hold finite numbers; got nan"),
        (dict(y=np.full(442, "much")), "y must hold numbers, as Ridge is a regressor; got 'much'"),
        (dict(X=X[:3], y=Y[:3]), "at least 4 rows; got 3"),
        (dict(estimator=KNeighborsClassifier(), y=sp.csr_array(np.eye(442))), "y must be dense"),
        (dict(groups=np.zeros(442)), "groups must hold at least two groups"),
        (dict(estimator=Ridge), "unfitted"),
        (dict(scoring=["r2"]), r"scoring must be the name of a scorer .*, a callable or None; got \['r2'\]"),
        (dict(cv=1), "cv must be at least 2 folds, a splitter or splits; got 1"),
        (dict(y=Y[:-1]), "inconsistent"),
    ],
)
def test_diagnose__bad_input(change, match):
    arguments = {"estimator": Ridge(), "X": X, "y": Y, **change}
    estimator, A, y = arguments.pop("estimator"), arguments.pop("X"), arguments.pop("y")
    with pytest.raises(ValueError, match=match):
        diagnose(estimator, A, y, **arguments)


@pytest.mark.usefixtures("small_references")
def test_diagnose__too_few_rows_reduce_the_folds():
    with pytest.warns(UserWarning, match=r"cv=5 .* \(8 rows, two for each fold\); 4 folds are used"):
        assert "mean of 4 folds" in str(diagnose(Ridge(), X[:8], Y[:8]))
    rows = [0, 1, 2, 100, 101, 102]
    with pytest.warns(UserWarning, match=r"\(3 rows of the largest class\); 3 folds are used"):
        found = diagnose(LogisticRegression(), *(some[rows] for some in load_iris(return_X_y=True)))
    assert "mean of 3 folds" in str(found)
    with pytest.warns(UserWarning, match=r"\(3 groups\); 3 folds are used"):
        found = diagnose(Ridge(), X, Y, groups=np.arange(442) % 3)
    assert "mean of 3 folds" in str(found)


@pytest.mark.usefixtures("small_references")
def test_diagnose__several_labels_a_row():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((90, 4))
    labels = (A[:, :2] + 0.3 * rng.standard_normal((90, 2)) > 0.0).astype(int)
    diagnosis = diagnose(KNeighborsClassifier(), A, labels, cv=3)
    expected = cross_validate(KNeighborsClassifier(), A, labels, cv=3)["test_score"].mean()
    assert diagnosis.scores["validation"] == pytest.approx(expected)
    assert diagnosis.verdict == "undecided"  # neither reference takes several targets
    assert "linear reference (failed" in diagnosis.reason


def test_diagnose__try_next_needs_a_number():
    with pytest.raises(ValueError, match="k must be an int of at least 1; got 0"):
        diagnose(Ridge(), X, Y, cv=2, time_budget=1e-9).try_next(0)


def test_diagnose__directions():
    assert strength_of(make_pipeline(StandardScaler(), LogisticRegression())).is_stronger(0.5)
    assert strength_of(DropoutMLPClassifier(dropout=(0.1, 0.2))) is None
    model = make_pipeline(StandardScaler(), SVC())
    assert [direction_of(model, f"svc__{name}") for name in ("C", "ccp_alpha", "tol")] == [-1, 1, 0]
    assert direction_of(RandomForestRegressor(), "n_estimators") == 0
    assert direction_of(GradientBoostingRegressor(), "n_estimators") == -1
    assert direction_of(GradientBoostingRegressor(), "alpha") == 0
