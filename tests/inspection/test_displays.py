"""Displays show what the estimators know, draw on given axes, and refuse what they cannot show."""

import itertools
import re
import sys
import warnings

import matplotlib
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import uniform
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
    RidgeCV,
)
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skreg import (
    AugmentedClassifier,
    AugmentedRegressor,
    DeepEnsembleRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    DropoutTransformerRegressor,
    EarlyStoppingRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    MatrixFactorizationRecommender,
    MatrixFactorizationRegressor,
    PenalizedCox,
    PenalizedCoxCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
)
from skreg.augmentation import (
    ColorJitter,
    Compose,
    CutMix,
    Cutout,
    Flip,
    GaussianNoise,
    OneOf,
    RandomApply,
    RandomCrop,
    Rotate,
    Shift,
    Zoom,
)
from skreg.inspection import (
    CalibrationGapDisplay,
    CVCurveDisplay,
    FilterFactorDisplay,
    LossCurveDisplay,
    RegularizationPathDisplay,
    SparsityDisplay,
    UncertaintyDisplay,
    param_space,
)
from skreg.neural import FineTunedClassifier, FineTunedRegressor

matplotlib.use("agg")
import matplotlib.pyplot as plt

from tests.versions import SKLEARN_1_8

FRAME, TARGET = load_diabetes(return_X_y=True, as_frame=True)
CELLS, LABELS = load_breast_cancer(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def search():
    return make_pipeline(StandardScaler(), ElasticNetProxCV(l1_ratio=[0.5, 1.0])).fit(FRAME, TARGET)


@pytest.fixture(scope="module")
def net():
    net = DropoutMLPClassifier((20,), max_iter=15, l1=1e-3, random_state=0)
    return make_pipeline(StandardScaler(), net).fit(CELLS[::2], LABELS[::2])


def vertical(ax):
    """Places of vertical lines."""
    return [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1 and line.get_ydata()[0] == 0]


def test_displays__path_of_a_search_is_that_of_its_estimator(search):
    display = RegularizationPathDisplay.from_cv(search, FRAME, TARGET)
    model = ElasticNetProx(alpha=search[-1].alpha_1se_, l1_ratio=search[-1].l1_ratio_)
    expected = model.fit(StandardScaler().fit_transform(FRAME), TARGET).coef_
    at = np.flatnonzero(display.alphas == search[-1].alpha_1se_)[0]
    np.testing.assert_allclose(display.coefs[:, at], expected, atol=1e-2)
    drawn = [line.get_ydata()[at] for line in display.lines_]
    np.testing.assert_allclose(drawn, display.coefs[:, at])
    assert {search[-1].alpha_min_, search[-1].alpha_1se_} <= set(vertical(display.ax_))
    assert "bmi" in {text.get_text() for text in display.ax_.texts}
    low, high = display.ax_.get_xlim()
    assert low > high  # weaker to the right


@pytest.mark.parametrize(
    "model",
    [
        ElasticNetProx(l1_ratio=0.0),
        Ridge(),
        Lasso(max_iter=10000),
        ElasticNet(l1_ratio=0.3, max_iter=10000),
    ],
)
def test_displays__paths_of_linear_models_begin_at_nothing(model):
    X = StandardScaler().fit_transform(FRAME)
    display = RegularizationPathDisplay.from_estimator(model, X, TARGET, n_alphas=12)
    norms = np.linalg.norm(display.coefs, axis=0)
    assert norms[0] < 0.01 * norms[-1]
    middle = float(display.alphas[6])
    np.testing.assert_allclose(
        display.coefs[:, 6], clone(model).set_params(alpha=middle).fit(X, TARGET).coef_, rtol=1e-2, atol=0.1
    )


@pytest.mark.parametrize("model", [LogisticRegression(), LabelSmoothedLogistic(l1_ratio=1.0), RidgeClassifier()])
def test_displays__paths_of_classifiers(model):
    X = StandardScaler().fit_transform(CELLS)
    display = RegularizationPathDisplay.from_estimator(model, X, LABELS, n_alphas=6)
    norms = np.linalg.norm(display.coefs, axis=0)
    assert norms[0] < 0.01 * norms[-1]
    low, high = display.ax_.get_xlim()
    assert (low < high) == hasattr(model, "C")


@pytest.mark.parametrize(
    "model",
    [
        LabelSmoothedLogistic(l1_ratio=1.0, standardize=True),
        LabelSmoothedLogistic(l1_ratio=1.0, fit_intercept=False, class_weight="balanced"),
        Lasso(fit_intercept=False, max_iter=10000),
    ],
)
def test_displays__paths_begin_where_all_is_zero_whatever_the_options(model):
    display = RegularizationPathDisplay.from_estimator(model, CELLS.iloc[:, :8].to_numpy(), LABELS, n_alphas=8)
    rounding = 1e-12 * np.abs(display.coefs).max()  # of scikit-learn's Lasso
    assert np.abs(display.coefs[..., 0]).max() <= rounding
    assert display.coefs[..., 2].any()


@pytest.mark.parametrize("penalty", ["elastic_net", "mcp", "group_lasso"])
@pytest.mark.parametrize("loss", ["squared", "huber", "quantile", "poisson", "gamma"])
def test_displays__paths_of_all_losses_and_penalties(loss, penalty):
    options = dict(groups=np.arange(10) // 2) if penalty == "group_lasso" else {}
    model = PenalizedRegressor(loss=loss, penalty=penalty, **options)
    X = StandardScaler().fit_transform(FRAME)
    pipe = make_pipeline(StandardScaler(), model)
    display = RegularizationPathDisplay.from_estimator(pipe, FRAME, TARGET, n_alphas=6)
    alphas, coefs, *_ = model.path(X, TARGET, alphas=6, eps=1e-3)
    np.testing.assert_allclose(display.alphas, alphas)
    np.testing.assert_allclose(display.coefs, coefs)
    norms = np.linalg.norm(coefs, axis=0)
    assert norms[0] < 0.01 * norms[-1]
    assert display.ax_.get_xlabel().startswith("alpha")
    np.testing.assert_array_equal(display.lines_[2].get_ydata(), display.coefs[2])
    assert display.feature_names[2] == "bmi"


def test_displays__path_of_a_survival_model():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    y = np.column_stack([rng.random(120) < 0.7, rng.exponential(np.exp(-X[:, 0]))])
    display = RegularizationPathDisplay.from_estimator(PenalizedCox(), X, y, n_alphas=5)
    np.testing.assert_allclose(display.coefs, PenalizedCox().path(X, y, alphas=5, eps=1e-3)[1])
    counts = SparsityDisplay.from_estimator(PenalizedCox(l1_ratio=1.0), X, y, n_alphas=5).counts_
    assert (counts[0], counts[-1]) == (0, 4)


def test_displays__lists_and_columns_of_many():
    display = RegularizationPathDisplay.from_estimator(Ridge(), FRAME.to_numpy().tolist(), TARGET.tolist(), n_alphas=3)
    assert display.feature_names[0] == "x0"
    assert (
        RegularizationPathDisplay.from_estimator(
            Ridge(), FRAME.to_numpy(), TARGET, n_alphas=3, feature_names=FRAME.columns
        ).feature_names[2]
        == "bmi"
    )
    net = DropoutMLPRegressor((5,), max_iter=2, random_state=0).fit(FRAME, TARGET)
    assert not UncertaintyDisplay.from_estimator(net, FRAME, TARGET, feature="bmi").connected
    with pytest.raises(ValueError, match="feature must be a column of X"):
        UncertaintyDisplay.from_estimator(net, FRAME, TARGET, feature="nonsense")
    with pytest.raises(ValueError, match="y must have an entry"):
        UncertaintyDisplay.from_estimator(net, FRAME, TARGET[:5])


def test_displays__path_of_several_classes_and_sparse_rows():
    rng = np.random.default_rng(0)
    X = sp.random_array((90, 12), density=0.4, format="csr", random_state=rng)
    y = np.repeat(["a", "b", "c"], 30)
    display = RegularizationPathDisplay.from_estimator(LabelSmoothedLogistic(l1_ratio=1.0), X, y, n_alphas=5)
    assert display.coefs.shape == (3, 12, 5)
    np.testing.assert_allclose(display.coefs[..., 0], 0.0, atol=1e-12)
    np.testing.assert_allclose(display.lines_[0].get_ydata(), np.linalg.norm(display.coefs[:, 0], axis=0))


def test_displays__norms(search):
    display = RegularizationPathDisplay.from_cv(search, FRAME, TARGET, kind="norm")
    assert len(display.lines_) == 2
    assert all(line.get_ydata().max() == 1.0 for line in display.lines_)
    with pytest.raises(ValueError, match="kind must be 'coef' or 'norm'; got 'x'"):
        display.plot(kind="x")


def test_displays__sparsity_counts_features_and_weights(search, net):
    display = SparsityDisplay.from_cv(search, FRAME, TARGET)
    assert display.counts_[0] == 0
    assert display.counts_[-1] == 10
    layers = SparsityDisplay.from_estimator(net)
    np.testing.assert_array_equal(layers.counts_, [np.count_nonzero(w) for w in net[-1].weights_])
    assert layers.counts_[0] < net[-1].weights_[0].size


def test_displays__curve_shows_the_choices_of_the_search(search):
    display = CVCurveDisplay.from_cv(search)
    assert display.value_min_ == search[-1].alpha_min_
    assert display.value_1se_ == search[-1].alpha_1se_
    assert display.ax_.get_ylabel() == "mean squared error"
    labels = display.ax_.get_legend_handles_labels()[1]
    assert {"5 folds", "l1_ratio 0.5", "l1_ratio 1"} <= set(labels)
    smoothed = LabelSmoothedLogisticCV(alphas=5, standardize=True).fit(CELLS, LABELS)
    display = CVCurveDisplay.from_cv(smoothed)
    assert (display.value_min_, display.value_1se_) == (smoothed.alpha_min_, smoothed.alpha_1se_)


def test_displays__curve_of_a_grid_search():
    grid = {"logisticregression__C": [1e-3, 1e-2, 0.1, 1.0, 10.0], "standardscaler__with_mean": [True, False]}
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    found = GridSearchCV(model, grid, scoring="neg_log_loss").fit(CELLS, LABELS)
    display = CVCurveDisplay.from_cv(found)
    assert display.value_min_ == found.best_params_["logisticregression__C"]
    assert display.value_1se_ <= display.value_min_  # smaller C regularizes more
    assert display.is_loss
    assert len(display.others) == 1
    with pytest.raises(ValueError, match="param_name must be among the varied numbers"):
        CVCurveDisplay.from_cv(found, param_name="standardscaler__with_mean")


def test_displays__curve_of_a_random_search_and_of_an_unknown_direction():
    space = {"min_samples_leaf": list(range(1, 30)), "min_weight_fraction_leaf": [0.0, 0.01, 0.02]}
    found = RandomizedSearchCV(DecisionTreeClassifier(random_state=0), space, n_iter=6, random_state=0)
    found.fit(CELLS, LABELS)
    display = CVCurveDisplay.from_cv(found, param_name="min_weight_fraction_leaf")
    assert display.value_1se_ is None
    space = {"min_samples_leaf": uniform(0.01, 0.2), "ccp_alpha": uniform(0.0, 0.1)}
    found = RandomizedSearchCV(DecisionTreeClassifier(random_state=0), space, n_iter=6, random_state=0)
    display = CVCurveDisplay.from_cv(found.fit(CELLS, LABELS), param_name="min_samples_leaf")
    assert display.scores.shape == (6, 5)  # points, not a curve
    assert not display.connected
    assert display.value_1se_ is None


def test_displays__curve_of_odd_searches():
    tree = DecisionTreeClassifier(random_state=0)
    found = GridSearchCV(tree, {"max_depth": [None, 1, 2, 4]}, cv=3).fit(CELLS, LABELS)
    assert CVCurveDisplay.from_cv(found).values.tolist() == [1, 2, 4]
    scoring = {"loss": "neg_log_loss", "right": "accuracy"}
    found = GridSearchCV(tree, {"max_depth": [1, 2, 4]}, cv=3, scoring=scoring, refit="loss").fit(CELLS, LABELS)
    assert CVCurveDisplay.from_cv(found).is_loss
    found = GridSearchCV(tree, {"max_depth": [1, 2, 4]}, cv=3, scoring=scoring, refit=False).fit(CELLS, LABELS)
    with pytest.raises(ValueError, match="several metrics"):
        CVCurveDisplay.from_cv(found)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the candidate that fails
        found = GridSearchCV(Lasso(), {"alpha": [-1.0, 0.1, 1.0]}, cv=3, refit=False).fit(FRAME, TARGET)
    assert CVCurveDisplay.from_cv(found).values.tolist() == [0.1, 1.0]
    halved = HalvingGridSearchCV(tree, {"max_depth": [1, 2, 4, 8]}, cv=3, random_state=0).fit(CELLS, LABELS)
    assert CVCurveDisplay.from_cv(halved).values.tolist() == [1, 2, 4, 8]


def test_displays__curve_of_an_estimator():
    display = CVCurveDisplay.from_estimator(Ridge(), FRAME, TARGET)
    assert display.parameter == "alpha"
    assert 1.0 in display.values
    assert display.value_min_ < 1.0
    with pytest.raises(ValueError, match="param_range must be given for param_name='tol'"):
        CVCurveDisplay.from_estimator(Ridge(), FRAME, TARGET, param_name="tol")
    for values in ("sqrt", [], 3.0):
        with pytest.raises(ValueError, match=re.escape(f"sequence of values, at least one; got {values!r}")):
            CVCurveDisplay.from_estimator(Ridge(), FRAME, TARGET, param_range=values)


def test_displays__loss_curve_of_a_net(net):
    display = LossCurveDisplay.from_estimator(net)
    (curve,) = display.curves
    np.testing.assert_allclose(curve.validation - curve.train, net[-1].gap_curve_)
    assert curve.best == net[-1].best_iter_ + 1
    assert curve.validation[curve.best - 1] == min(net[-1].validation_curve_)


def test_displays__loss_curve_of_a_score():
    net = DropoutMLPRegressor((10,), max_iter=5, monitor="r2", random_state=0).fit(FRAME, TARGET)
    (curve,) = LossCurveDisplay.from_estimator(net).curves
    assert curve.gain
    assert curve.what == "r2"
    np.testing.assert_allclose(curve.train - curve.validation, net.gap_curve_)


@pytest.mark.parametrize(
    ("model", "unit"),
    [
        (EarlyStoppingRegressor(random_state=0), "step"),
        (EarlyStoppingRegressor(cv=3, cv_rounds="all"), "step"),
        (GradientBoostingRegressor(n_estimators=5), "round"),
        (HistGradientBoostingRegressor(max_iter=20, early_stopping=True), "round"),
        (DropoutMLPRegressor((5,), max_iter=3, early_stopping=False), "epoch"),
        (AugmentedRegressor(DropoutMLPRegressor((5,), max_iter=3, early_stopping=False), GaussianNoise()), "epoch"),
    ],
)
def test_displays__loss_curves(model, unit):
    model.fit(FRAME, TARGET)
    display = LossCurveDisplay.from_estimator(model)
    assert display.ax_.get_xlabel() == unit
    if getattr(model, "cv_rounds", "") == "all":
        assert all(curve.validation[curve.steps == curve.best] == curve.validation.min() for curve in display.curves)
    assert len(display.curves) == (3 if getattr(model, "cv_rounds", "") == "all" else 1)
    assert all(curve.train.shape == curve.steps.shape for curve in display.curves)


def test_displays__loss_curves_of_folds_and_of_a_perceptron():
    model = MLPClassifier(hidden_layer_sizes=(5,), early_stopping=True, max_iter=8, n_iter_no_change=20, random_state=0)
    with pytest.warns(match="Maximum iterations"):
        results = cross_validate(model, CELLS, LABELS, cv=3, return_estimator=True)
    display = LossCurveDisplay.from_cv(results)
    assert len(display.curves) == 3
    assert display.curves[0].train is None
    with pytest.raises(ValueError, match="return_estimator=True"):
        LossCurveDisplay.from_cv({})


def test_displays__filter_is_that_of_the_estimator():
    model = EarlyStoppingRegressor(random_state=0).fit(FRAME, TARGET)
    display = FilterFactorDisplay.from_estimator(model, steps=[1, 100])
    values, stopped, ridge = model.filter_factors([1, 100])
    np.testing.assert_array_equal(display.early_stopping, stopped)
    np.testing.assert_array_equal(display.ax_.lines[1].get_ydata(), ridge[0])
    np.testing.assert_array_equal(display.ax_.lines[0].get_xdata(), values)
    assert FilterFactorDisplay.from_estimator(model).steps == [model.best_iter_]
    with pytest.raises(ValueError, match="at most 8"):
        FilterFactorDisplay.from_estimator(model, steps=range(9))


def test_displays__bands_hold_the_variances():
    x = FRAME[["bmi"]]
    model = make_pipeline(StandardScaler(), DropoutMLPRegressor((20,), max_iter=10, random_state=0)).fit(x, TARGET)
    display = UncertaintyDisplay.from_estimator(model, x, TARGET, coverage=0.9)
    assert display.position_name == "bmi"
    u = display.uncertainty
    np.testing.assert_allclose(u.total, u.epistemic + u.aleatoric)
    band = display.ax_.collections[0].get_paths()[0].vertices
    half = 1.6448536 * np.sqrt(u.total)
    assert band[:, 1].max() == pytest.approx((u.mean + half).max())
    parts = UncertaintyDisplay.from_estimator(model, x, feature="bmi", kind="parts")
    assert parts.ax_.get_ylabel() == "standard deviation"
    assert parts.ax_.lines[0].get_ydata().max() == pytest.approx(np.sqrt(u.epistemic.max()))


def test_displays__entropy_of_classes_and_wrong_answers(net):
    rows = slice(1, None, 2)
    display = UncertaintyDisplay.from_estimator(net, CELLS[rows], LABELS[rows])
    wrong = display.uncertainty.mean.argmax(axis=1) != LABELS[rows]
    assert display.targets.sum() == wrong.sum()
    by_feature = UncertaintyDisplay.from_estimator(net, CELLS[rows], feature="mean radius")
    np.testing.assert_array_equal(by_feature.position, CELLS["mean radius"][rows])


def test_displays__calibration_error_is_the_mean_gap(net):
    rows = slice(1, None, 2)
    p = net.predict_proba(CELLS[rows])
    right = p.argmax(axis=1) == LABELS[rows]
    edges = np.quantile(p.max(axis=1), np.linspace(0.0, 1.0, 8))
    edges[0] = 0.0
    gaps = []
    for low, high in itertools.pairwise(edges):
        b = (p.max(axis=1) > low) & (p.max(axis=1) <= high)
        gaps.append(abs(p.max(axis=1)[b].sum() - right[b].sum()))
    display = CalibrationGapDisplay.from_estimator(net, CELLS[rows], LABELS[rows], n_bins=7)
    assert display.ece_ == pytest.approx(sum(gaps) / len(right))
    same = CalibrationGapDisplay.from_predictions(LABELS[rows], p[:, 1], n_bins=7)
    assert same.ece_ == pytest.approx(display.ece_)


def test_displays__calibration_of_sure_answers_that_are_always_right():
    display = CalibrationGapDisplay.from_predictions([0, 1, 1, 0], [0.0, 1.0, 1.0, 0.0], strategy="uniform")
    assert display.ece_ == 0.0


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_displays__calibration_does_not_depend_on_the_order_of_ties(strategy):
    y = np.repeat([0, 1], [20, 80])
    display = CalibrationGapDisplay.from_predictions(y, np.full(100, 0.8), strategy=strategy)
    assert display.ece_ == pytest.approx(0.0, abs=1e-12)


def test_displays__calibration_of_folds():
    model = make_pipeline(StandardScaler(), LabelSmoothedLogistic())
    results = cross_validate(model, CELLS, LABELS, return_estimator=True, return_indices=True)
    display = CalibrationGapDisplay.from_cv(results, CELLS, LABELS)
    assert display.confidence.size == len(LABELS)
    assert display.right.mean() == pytest.approx(results["test_score"].mean(), abs=1e-3)
    with pytest.raises(ValueError, match="return_indices=True"):
        CalibrationGapDisplay.from_cv({"estimator": []}, CELLS, LABELS)


BAD = [
    (
        lambda: RegularizationPathDisplay.from_estimator(DecisionTreeClassifier(), CELLS, LABELS),
        "penalized linear model",
    ),
    (lambda: RegularizationPathDisplay.from_estimator(ElasticNetProxCV(), FRAME, TARGET), "must be fitted"),
    (lambda: RegularizationPathDisplay.from_cv(Ridge(), FRAME, TARGET), "search must be a fitted"),
    (lambda: SparsityDisplay.from_estimator(Ridge()), "X and y are needed"),
    (lambda: SparsityDisplay.from_estimator(DropoutMLPClassifier()), "must be fitted"),
    (lambda: CVCurveDisplay.from_cv(ElasticNetProxCV()), "must be fitted"),
    (lambda: CVCurveDisplay.from_cv(Ridge().fit(FRAME, TARGET)), "search must be an ElasticNetProxCV"),
    (lambda: CVCurveDisplay.from_estimator(ElasticNetProxCV(), FRAME, TARGET), "param_name must be given"),
    (lambda: LossCurveDisplay.from_estimator(Ridge().fit(FRAME, TARGET)), "estimator must be a net"),
    (lambda: LossCurveDisplay.from_estimator(DropoutMLPClassifier()), "must be fitted"),
    (
        lambda: LossCurveDisplay.from_estimator(HistGradientBoostingRegressor().fit(FRAME, TARGET)),
        "early_stopping=True",
    ),
    (lambda: FilterFactorDisplay.from_estimator(Ridge()), "must be an EarlyStoppingRegressor"),
    (lambda: UncertaintyDisplay.from_estimator(Ridge(), FRAME), "estimator must be a net of skreg.neural"),
    (lambda: UncertaintyDisplay.from_estimator(Ridge(), FRAME, coverage=1.0), "coverage must lie in"),
    (lambda: CalibrationGapDisplay.from_estimator(Ridge(), FRAME, TARGET), "predict_proba"),
    (lambda: CalibrationGapDisplay.from_predictions([0, 1], [[0.5, 0.5]]), "y_prob must have shape"),
    (lambda: CalibrationGapDisplay.from_predictions([0, 1], [0.5, 1.5]), r"y_prob must lie in \[0, 1\]"),
    (lambda: CalibrationGapDisplay.from_predictions([0.5, 1.2], [0.5, 1.0]), "y_true must hold classes"),
    (lambda: CalibrationGapDisplay.from_predictions([0, 1], [0.5, 1.0], n_bins=0), "n_bins must be"),
    (lambda: CalibrationGapDisplay.from_predictions([0, 1], [0.5, 1.0], strategy="x"), "strategy must be"),
    (lambda: CalibrationGapDisplay.from_predictions([0, 1], [[0.1, 0.2], [0.5, 0.5]]), "y_prob must sum to 1"),
    (lambda: CalibrationGapDisplay.from_predictions([0, 1], [0.5, 1.0], classes=["a", "b"]), "labels among classes"),
    (lambda: CalibrationGapDisplay.from_estimator(LogisticRegression(), CELLS, LABELS), "not fitted"),
    (lambda: LossCurveDisplay.from_cv(5), "return_estimator=True"),
    (
        lambda: LossCurveDisplay.from_estimator(MLPClassifier((2,), solver="lbfgs").fit(CELLS[:50], LABELS[:50])),
        "stochastic solver",
    ),
    (lambda: RegularizationPathDisplay.from_estimator(LogisticRegressionCV(), CELLS, LABELS), "penalized linear model"),
    (lambda: RegularizationPathDisplay.from_estimator(Ridge(), FRAME, TARGET, feature_names=["a"]), "feature_names"),
]


@pytest.mark.parametrize(("call", "match"), BAD, ids=[match for _, match in BAD])
def test_displays__bad_input(call, match):
    with pytest.raises(ValueError, match=match):
        call()


def test_displays__given_axes_are_drawn_on(search, net):
    _, axes = plt.subplots(6)
    before, a = len(plt.get_fignums()), iter(axes)
    displays = [
        RegularizationPathDisplay.from_cv(search, FRAME, TARGET, ax=next(a)),
        CVCurveDisplay.from_cv(search, ax=next(a)),
        SparsityDisplay.from_estimator(net, ax=next(a)),
        LossCurveDisplay.from_estimator(net, ax=next(a)),
        UncertaintyDisplay.from_estimator(net, CELLS, ax=next(a)),
        CalibrationGapDisplay.from_estimator(net, CELLS, LABELS, ax=next(a)),
    ]
    assert all(display.ax_ is ax and display.figure_ is ax.figure for display, ax in zip(displays, axes, strict=True))
    assert len(plt.get_fignums()) == before


def test_displays__names_and_line_keywords_tell_displays_apart(search, net):
    rows = slice(1, None, 2)
    descent = EarlyStoppingRegressor(random_state=0).fit(FRAME, TARGET)
    X = StandardScaler().fit_transform(FRAME)
    one_feature = DropoutMLPRegressor((5,), max_iter=2, random_state=0).fit(X[:, :1], TARGET)
    calls = [
        lambda **how: RegularizationPathDisplay.from_cv(search, FRAME, TARGET, **how),
        lambda **how: RegularizationPathDisplay.from_estimator(Ridge(), X, TARGET, n_alphas=3, kind="norm", **how),
        lambda **how: SparsityDisplay.from_estimator(ElasticNetProx(), X, TARGET, n_alphas=3, **how),
        lambda **how: CVCurveDisplay.from_cv(search, **how),
        lambda **how: CVCurveDisplay.from_estimator(Ridge(), X, TARGET, param_range=[0.1, 1.0], **how),
        lambda **how: LossCurveDisplay.from_estimator(descent, **how),
        lambda **how: FilterFactorDisplay.from_estimator(descent, **how),
        lambda **how: UncertaintyDisplay.from_estimator(one_feature, X[:, :1], **how),
        lambda **how: CalibrationGapDisplay.from_estimator(net, CELLS[rows], LABELS[rows], **how),
    ]
    for call in calls:
        ax = call(name="first", line_kw={"lw": 3.5}).ax_
        before = {line.get_color() for line in ax.lines}
        assert any(line.get_linewidth() == 3.5 for line in ax.lines)
        call(ax=ax, name="second", line_kw={"color": "#123456", "linestyle": "-."})
        labels = ax.get_legend_handles_labels()[1]
        assert any(label.startswith("first") for label in labels)
        assert any(label.startswith("second") for label in labels)
        assert "#123456" in {line.get_color() for line in ax.lines} - before


def test_displays__two_displays_on_one_axes_have_colors_of_their_own(net):
    rows = slice(1, None, 2)
    ax = CalibrationGapDisplay.from_estimator(net, CELLS[rows], LABELS[rows], name="a").ax_
    CalibrationGapDisplay.from_estimator(net, CELLS[rows], LABELS[rows], name="b", n_bins=4, ax=ax)
    bars = [container.lines[0] for container in ax.containers]
    assert len({bar.get_color() for bar in bars}) == len({bar.get_marker() for bar in bars}) == 2
    low, high = CVCurveDisplay.from_estimator(Ridge(), FRAME, TARGET).ax_.get_xlim()
    assert low > high
    ax = CVCurveDisplay.from_estimator(Ridge(), FRAME, TARGET).ax_
    CVCurveDisplay.from_estimator(Ridge(solver="svd"), FRAME, TARGET, ax=ax)
    low, high = ax.get_xlim()
    assert low > high  # still weaker to the right


def test_displays__curves_of_searches_of_scikit_learn():
    alphas = np.geomspace(1e-3, 10.0, 9)
    ridge = RidgeCV(alphas, store_cv_results=True).fit(FRAME, TARGET)
    display = CVCurveDisplay.from_cv(ridge)
    assert display.scores.shape == (9, len(TARGET))
    assert display.value_min_ == ridge.alpha_
    lasso = LassoCV(alphas=np.geomspace(0.01, 10.0, 12), cv=4).fit(FRAME, TARGET)
    display = CVCurveDisplay.from_cv(lasso)
    assert display.scores.shape == (12, 4)
    assert display.value_min_ == lasso.alpha_
    net = make_pipeline(StandardScaler(), ElasticNetCV(l1_ratio=[0.3, 0.9], alphas=np.geomspace(0.01, 10.0, 12))).fit(
        FRAME, TARGET
    )
    display = CVCurveDisplay.from_cv(net)
    assert display.value_min_ == net[-1].alpha_
    assert display.label == f"l1_ratio {net[-1].l1_ratio_:g}"
    assert len(display.others) == 1
    with pytest.raises(ValueError, match="store_cv_results=True"):
        CVCurveDisplay.from_cv(RidgeCV(alphas).fit(FRAME, TARGET))


@pytest.mark.parametrize("legacy", [True, False] if SKLEARN_1_8 else [None])
def test_displays__curve_of_logistic_cv(legacy):
    X = StandardScaler().fit_transform(CELLS)
    model = LogisticRegressionCV(Cs=4, cv=3, scoring="neg_log_loss", max_iter=200)
    if SKLEARN_1_8:
        model.set_params(l1_ratios=(0.0,), use_legacy_attributes=legacy)
    display = CVCurveDisplay.from_cv(model.fit(X, LABELS))
    assert display.scores.shape == (4, 3)
    assert display.value_min_ == np.ravel(model.C_)[0]
    assert display.is_loss


def test_displays__curve_of_values_that_are_no_numbers():
    tree = DecisionTreeClassifier(random_state=0)
    display = CVCurveDisplay.from_estimator(tree, CELLS, LABELS, param_name="max_depth", param_range=[1, 3, None], cv=3)
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["1", "3", "None"]
    expected = [
        cross_validate(clone(tree).set_params(max_depth=depth), CELLS, LABELS, cv=3)["test_score"]
        for depth in (1, 3, None)
    ]
    np.testing.assert_allclose(display.scores, expected)
    assert display.value_min_ == [1, 3, None][int(np.mean(expected, axis=1).argmax())]
    words = CVCurveDisplay.from_estimator(
        tree, CELLS, LABELS, param_name="criterion", param_range=["gini", "entropy"], cv=3
    )
    assert words.value_min_ in ("gini", "entropy")
    assert words.value_1se_ is None


def test_displays__need_no_matplotlib_until_they_draw(monkeypatch):
    for name in ("matplotlib", "matplotlib.pyplot"):  # tests of imports ask that importing the package loads neither
        monkeypatch.setitem(sys.modules, name, None)
    display = CalibrationGapDisplay(np.ones(3), np.ones(3, dtype=bool))
    with pytest.raises(ImportError, match=r"CalibrationGapDisplay\.plot needs matplotlib"):
        display.plot()


SPACED = [
    ElasticNetProx(),
    ElasticNetProxCV(),
    LabelSmoothedLogistic(),
    LabelSmoothedLogisticCV(),
    DropoutMLPClassifier(),
    DropoutMLPRegressor(),
    EarlyStoppingRegressor(),
    EarlyStoppingRegressor(DropoutMLPRegressor()),
    AugmentedRegressor(make_pipeline(StandardScaler(), ElasticNetProx()), GaussianNoise()),
    make_pipeline(StandardScaler(), DropoutMLPClassifier()),
    AugmentedClassifier(
        DropoutMLPClassifier(), Compose([Rotate(), RandomApply(Cutout()), RandomCrop()], random_state=0)
    ),
    AugmentedClassifier(LabelSmoothedLogistic(), OneOf([Shift(), Zoom(), Flip(), ColorJitter(), CutMix()])),
    LabelSmoothedLogistic(penalty="mcp"),
    PenalizedRegressor(penalty="group_scad"),
    PenalizedRegressorCV(penalty="mcp"),
    PenalizedCox(penalty="scad"),
    PenalizedCoxCV(),
    DropoutRNNClassifier(),
    DropoutRNNRegressor(),
    DropoutTransformerClassifier(),
    DropoutTransformerRegressor(),
    DeepEnsembleRegressor(DropoutMLPRegressor()),
    FineTunedClassifier(FrozenEstimator(DropoutMLPClassifier())),
    FineTunedRegressor(FrozenEstimator(DropoutMLPRegressor())),
    MatrixFactorizationRegressor(),
    *(MatrixFactorizationRecommender(loss=loss) for loss in ("als", "bpr", "warp")),
]


@pytest.mark.parametrize("model", SPACED, ids=str)
@pytest.mark.parametrize("engine", ["sklearn", "optuna"])
def test_displays__spaces_hold_values_that_fit(model, engine):
    space = param_space(model, engine=engine)
    assert set(space) <= set(model.get_params())
    if engine == "sklearn":
        for name, values in space.items():
            drawn = values.rvs(5, random_state=0).tolist() if hasattr(values, "rvs") else values
            for value in drawn:
                clone(model).set_params(**{name: value})
            if name.endswith(("alpha", "weight_decay", "learning_rate")):
                ends = np.asarray(values.support())
                assert values.ppf(0.5) == pytest.approx(np.sqrt(ends.prod()))  # logarithmic
    else:
        optuna = pytest.importorskip("optuna")
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask(space)
        clone(model).set_params(**trial.params)


def test_displays__spaces_of_composed_augmenters_and_of_l1():
    model = AugmentedClassifier(DropoutMLPClassifier(), Compose([Rotate(), RandomApply(Cutout())]))
    found = set(param_space(model))
    assert {"augmenter__0__degrees", "augmenter__1__p", "augmenter__1__augmenter__size", "estimator__l1"} <= found


def test_displays__spaces_depend_on_the_penalty_and_on_the_loss():
    assert "gamma" not in param_space(PenalizedRegressor())
    for penalty, least in (("mcp", 1.0), ("group_mcp", 1.0), ("scad", 2.0), ("group_scad", 2.0)):
        assert param_space(PenalizedRegressor(penalty=penalty))["gamma"].support()[0] > least
    assert set(param_space(MatrixFactorizationRecommender())) == {"alpha", "confidence", "frequency_scaling", "rank"}
    assert "confidence" not in param_space(MatrixFactorizationRecommender(loss="warp"))


def test_displays__a_random_search_takes_a_space():
    model = make_pipeline(StandardScaler(), ElasticNetProx())
    found = RandomizedSearchCV(model, param_space(model), n_iter=4, random_state=0, cv=3).fit(FRAME, TARGET)
    assert found.best_score_ > 0.3


def test_displays__bad_spaces():
    with pytest.raises(ValueError, match="engine must be 'sklearn' or 'optuna'; got 'x'"):
        param_space(ElasticNetProx(), engine="x")
    with pytest.raises(ValueError, match="estimator must be one of skreg"):
        param_space(Ridge())


SEARCHES_OF_PATHS = {
    "relax": (ElasticNetProxCV(cv=3, alphas=4, relax=[0.0, 1.0]), "mean squared error"),
    "mcp": (PenalizedRegressorCV(cv=3, alphas=4, loss="huber", penalty="mcp", gamma=[2.0, 3.0]), "huber loss"),
    "cox": (PenalizedCoxCV(cv=3, alphas=4, l1_ratio=[0.5, 1.0]), "partial likelihood"),
}


@pytest.mark.filterwarnings("ignore:.*is the smallest of its grid")
@pytest.mark.parametrize("case", SEARCHES_OF_PATHS)
def test_cv_curve__draws_what_every_path_search_chose(case):
    search, words = SEARCHES_OF_PATHS[case]
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 3))
    y = rows[:, 0] + rng.normal(size=60)
    targets = np.column_stack([np.ones(60), np.exp(y)]) if case == "cox" else y
    search = clone(search).set_params(tol=1e-9).fit(rows, targets)
    display = CVCurveDisplay.from_cv(search)
    assert (display.value_min_, display.value_1se_) == (search.alpha_min_, search.alpha_1se_)
    assert display.ax_.get_ylabel() == words
    path = RegularizationPathDisplay.from_cv(search, rows, targets)
    chosen = path.alphas == search.alpha_
    np.testing.assert_allclose(path.coefs[:, chosen][:, 0], search.coef_, atol=1e-4)


def test_cv_curve__unknown_scoring_is_named():
    with pytest.raises(ValueError, match=r"scoring must be .* got 'rmse'\. Did you mean 'neg_root_mean_squared_error'"):
        CVCurveDisplay.from_estimator(Ridge(), np.eye(4), np.arange(4.0), scoring="rmse")
