"""Deep ensembles: members from seeds and folds, their mixture, and what fit passes on."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from scipy.special import logit
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skreg import (
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutTransformerRegressor,
)
from skreg.neural import predict_interval, predict_uncertainty

SMALL = dict(hidden_layer_sizes=(12,), max_iter=5, ensemble_size=1)
NET = DropoutMLPRegressor(**SMALL, dropout=0.0)
NOISY = DropoutMLPRegressor(**SMALL)
TREE = DecisionTreeRegressor(max_features=2, min_samples_leaf=5)
K = 3


def data(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4))
    y = X[:, 0] + np.sin(2.0 * X[:, 1]) + 0.3 * rng.standard_normal(n)
    return X, y, np.array(["low", "middle", "high"])[np.digitize(y, [-0.7, 0.7])]


X, Y, LABELS = data()


@pytest.fixture(scope="module")
def regressor():
    return DeepEnsembleRegressor(NET, K, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def classifier():
    return DeepEnsembleClassifier(DropoutMLPClassifier(**SMALL), K, random_state=0).fit(X, LABELS)


def test_deep_ensemble__values_are_means_of_members_from_different_seeds(regressor):
    members = np.array([model.predict(X) for model in regressor.estimators_])
    assert (np.ptp(members, axis=0) > 0.0).all()
    np.testing.assert_allclose(regressor.predict(X), members.mean(axis=0))
    assert len({model.random_state for model in regressor.estimators_}) == K
    assert regressor.oof_prediction_ is None
    assert regressor.noise_variance_ is None


def test_deep_ensemble__equal_members_are_reported():
    message = "all 3 members predict the same: the fit of estimator=HistGradientBoostingRegressor"
    with pytest.warns(UserWarning, match=message):
        model = DeepEnsembleRegressor(HistGradientBoostingRegressor(max_iter=3), K, random_state=0).fit(X, Y)
    assert (model.predict_uncertainty(X).epistemic == 0.0).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # trees without error on their rows may differ elsewhere
        DeepEnsembleRegressor(DecisionTreeRegressor(max_features=1), K, random_state=0).fit(X, Y)
        DeepEnsembleClassifier(DecisionTreeClassifier(max_features=1), K, random_state=0).fit(X, LABELS)
        DeepEnsembleRegressor(HistGradientBoostingRegressor(max_iter=3), K, cv=K, random_state=0).fit(X, Y)


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_deep_ensemble__a_member_may_miss_a_class():
    labels = np.where(np.arange(len(X)) == 7, "rare", LABELS)
    net = DropoutMLPClassifier(**SMALL)
    model = DeepEnsembleClassifier(net, K, cv=K, random_state=0).fit(X, labels)
    assert sorted("rare" in member.classes_ for member in model.estimators_) == [False, True, True]
    assert model.oof_prediction_[7, model.classes_ == "rare"] == 0.0  # by the member that never saw it
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


def test_deep_ensemble__probabilities_are_means(classifier):
    members = np.array([model.predict_proba(X) for model in classifier.estimators_])
    p = members.mean(axis=0)
    np.testing.assert_allclose(classifier.predict_proba(X), p)
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), p)
    np.testing.assert_allclose(classifier.decision_function(X), np.log(p))
    np.testing.assert_array_equal(classifier.predict(X), classifier.classes_[p.argmax(axis=1)])
    two = DeepEnsembleClassifier(RandomForestClassifier(4), 2, random_state=0).fit(X, LABELS == "low")
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(two.decision_function(X), logit(two.predict_proba(X)[:, 1]), rtol=1e-9)


def test_deep_ensemble__uncertainty_is_the_law_of_total_variance():
    model = DeepEnsembleRegressor(NOISY, K, random_state=0).fit(X, Y)
    own = [member.predict_uncertainty(X, 4) for member in model.estimators_]
    u = model.predict_uncertainty(X, 3 * K + 1)  # four draws of each
    np.testing.assert_allclose(u.mean, np.mean([v.mean for v in own], axis=0))
    between = np.var([v.mean for v in own], axis=0)
    np.testing.assert_allclose(u.epistemic, np.mean([v.epistemic for v in own], axis=0) + between)
    np.testing.assert_allclose(u.total, u.epistemic + np.mean([v.aleatoric for v in own], axis=0))
    np.testing.assert_allclose(u.distance, np.mean([v.distance for v in own], axis=0))
    draws = np.concatenate([member.sample_predictions(X, 4) for member in model.estimators_])
    np.testing.assert_allclose(u.epistemic, draws.var(axis=0), rtol=1e-4, atol=1e-6)
    assert model.sample_predictions(X, 7).shape == (7, 120)
    np.testing.assert_allclose(model.sample_predictions(X, 7)[:K], draws[::4])
    _, std = model.predict(X, return_std=True, n_draws=3 * K + 1)
    np.testing.assert_allclose(std**2, u.total)


@pytest.mark.parametrize(
    "estimator", [DropoutMLPClassifier(**SMALL), DecisionTreeClassifier(max_depth=3, max_features=1)]
)
def test_deep_ensemble__mutual_information_is_between_members_and_draws(estimator):
    model = DeepEnsembleClassifier(estimator, K, random_state=0).fit(X, LABELS)
    p = model.sample_predictions(X, 5 * K)
    u = model.predict_uncertainty(X, 5 * K)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropies = -np.nansum(p * np.log(p), axis=-1)
    np.testing.assert_allclose(u.mean, p.mean(axis=0), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(u.total, u.mean * (1.0 - u.mean), atol=1e-6)
    np.testing.assert_allclose(u.mutual_information, u.predictive_entropy - entropies.mean(axis=0), atol=1e-5)
    assert np.isnan(u.distance).all() == isinstance(estimator, DecisionTreeClassifier)


def test_deep_ensemble__sequences_of_unequal_length():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 2)) for length in rng.integers(1, 5, 40)]
    net = DropoutTransformerRegressor(1, n_heads=2, embedding_size=4, max_iter=2, early_stopping=False)
    model = DeepEnsembleRegressor(net, 2, cv=2, random_state=0).fit(sequences, Y[:40])
    wanted = [member.predict(sequences) for member in model.estimators_]
    np.testing.assert_allclose(model.predict(sequences), np.mean(wanted, axis=0))
    np.testing.assert_allclose(model.oof_prediction_, np.concatenate([wanted[0][:20], wanted[1][20:]]), rtol=1e-5)


def test_deep_ensemble__folds_are_left_out_and_predicted():
    splits = list(KFold(K, shuffle=True, random_state=1).split(X))
    model = DeepEnsembleRegressor(TREE, 2 * K, cv=splits, random_state=0).fit(X, Y)
    for k, (train, held) in enumerate(splits):
        for member in model.estimators_[k::K]:
            assert member.tree_.n_node_samples[0] == len(train)
        wanted = np.mean([member.predict(X[held]) for member in model.estimators_[k::K]], axis=0)
        np.testing.assert_allclose(model.oof_prediction_[held], wanted)
    np.testing.assert_allclose(model.noise_variance_, [np.mean((Y - model.oof_prediction_) ** 2)])
    with pytest.raises(ValueError, match=r"n_members=2 must be at least the number of folds, 3, of cv="):
        DeepEnsembleRegressor(TREE, 2, cv=splits).fit(X, Y)


def test_deep_ensemble__folds_are_validation_rows_of_nets():
    weights = np.linspace(0.5, 2.0, 120)
    splits = list(KFold(K, shuffle=True, random_state=1).split(X))
    model = DeepEnsembleRegressor(NET, K, cv=splits, random_state=0).fit(X, Y, weights)
    for member, (train, held) in zip(model.estimators_, splits, strict=True):
        again = sklearn.clone(member)
        again.fit(X[train], Y[train], weights[train], X_val=X[held], y_val=Y[held], sample_weight_val=weights[held])
        np.testing.assert_array_equal(again.predict(X), member.predict(X))
    with pytest.raises(ValueError, match=r"cv=3 makes validation rows of every member: fit takes no X_val then"):
        DeepEnsembleRegressor(NET, K, cv=3).fit(X, Y, X_val=X, y_val=Y)


def test_deep_ensemble__rows_that_no_fold_leaves_out_have_no_prediction():
    splits = [(np.arange(60, 120), np.arange(30)), (np.arange(60, 120), np.arange(20, 60))]
    model = DeepEnsembleRegressor(TREE, 2, cv=splits, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(np.isnan(model.oof_prediction_), np.arange(120) >= 60)
    assert np.isfinite(model.predict_interval(X)).all()


def test_deep_ensemble__a_class_that_a_fold_lacks_has_no_probability_there():
    order = np.argsort(LABELS == "high", kind="stable")
    splits = [(order[:60], order[60:]), (order[60:], order[:60])]
    model = DeepEnsembleClassifier(RandomForestClassifier(3), 2, cv=splits, random_state=0).fit(X, LABELS)
    assert model.estimators_[0].classes_.tolist() == ["low", "middle"]
    assert (model.oof_prediction_[order[60:], 0] == 0.0).all()  # "high"
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X), atol=1e-12)
    assert np.isfinite(model.predict_uncertainty(X).mutual_information).all()


@pytest.mark.parametrize("estimator", [TREE, DropoutMLPRegressor((12,), dropout=0.0, max_iter=20)])
def test_predict_interval__of_an_ensemble_covers(estimator):
    fresh = data(500, seed=1)
    model = DeepEnsembleRegressor(estimator, 6, cv=KFold(6, shuffle=True, random_state=0), random_state=0).fit(X, Y)
    for coverage in (0.5, 0.8):
        low, high = model.predict_interval(fresh[0], coverage=coverage)
        np.testing.assert_allclose(0.5 * (low + high), model.predict(fresh[0]))
        assert coverage - 0.12 < ((low <= fresh[1]) & (fresh[1] <= high)).mean() < coverage + 0.2


def test_predict_interval__of_an_ensemble_needs_folds(regressor):
    with pytest.raises(ValueError, match="needs rows that members left out: set cv"):
        regressor.predict_interval(X)
    with pytest.raises(ValueError, match=r"coverage must lie in \(0, 1\); got 1"):
        regressor.predict_interval(X, coverage=1)


def test_deep_ensemble__several_outputs():
    both = np.column_stack([Y, 5.0 - 10.0 * Y])
    for estimator in (NET, TREE):
        model = DeepEnsembleRegressor(estimator, K, cv=K, random_state=0).fit(X, both)
        assert model.oof_prediction_.shape == model.predict_uncertainty(X).total.shape == (120, 2)
        low, high = model.predict_interval(X)
        assert ((high - low)[:, 1] > 4.0 * (high - low)[:, 0]).mean() > 0.9


def test_deep_ensemble__threads_and_pickles_give_the_same(regressor):
    same = DeepEnsembleRegressor(NET, K, n_jobs=2, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(same.predict(X), regressor.predict(X))
    copy = pickle.loads(pickle.dumps(same))
    np.testing.assert_array_equal(copy.predict_uncertainty(X).total, regressor.predict_uncertainty(X).total)


def test_deep_ensemble__pipelines_and_frames():
    frame = pd.DataFrame(X, columns=list("abcd"))
    inner = make_pipeline(StandardScaler(), NET)
    model = DeepEnsembleRegressor(inner, K, cv=K, random_state=0).fit(frame, Y, None)
    assert model.feature_names_in_.tolist() == list("abcd")
    assert len({member[-1].random_state for member in model.estimators_}) == K
    assert model.predict_uncertainty(frame).distance.shape == (120,)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["b", "a", "c", "d"]])
    outer = make_pipeline(StandardScaler(), DeepEnsembleRegressor(NET, K, cv=K, random_state=0)).fit(frame, Y)
    low, high = predict_interval(outer, frame)
    assert (low < high).all()
    assert predict_uncertainty(outer, frame).total.shape == (120,)


def test_deep_ensemble__sparse_rows_and_missing_values_as_the_estimator_takes_them():
    dense = np.where(np.abs(X) < 0.5, 0.0, X)
    net = clone(NET).set_params(standardize=None)  # sparse rows are scaled in another way
    wanted = DeepEnsembleRegressor(net, K, cv=K, random_state=0).fit(dense, Y).predict(dense)
    rows = sp.csr_array(dense)
    found = DeepEnsembleRegressor(net, K, cv=K, random_state=0).fit(rows, Y).predict(rows)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    missing = np.where(np.abs(X) < 0.1, np.nan, X)
    boosting = HistGradientBoostingRegressor(max_iter=5, max_features=0.5)
    model = DeepEnsembleRegressor(boosting, 2, random_state=0).fit(missing, Y)
    assert np.isfinite(model.predict(missing)).all()
    assert model.__sklearn_tags__().input_tags.allow_nan


def test_deep_ensemble__labels_have_one_column():
    model = DeepEnsembleClassifier(RandomForestClassifier(3), 2, random_state=0)
    assert not model.__sklearn_tags__().target_tags.multi_output
    with pytest.raises(ValueError, match=r"y must hold one label for every row; got the shape \(120, 2\)"):
        model.fit(X, np.column_stack([LABELS, LABELS]))


def test_deep_ensemble__default_members_are_nets():
    model = DeepEnsembleClassifier(n_members=1, random_state=0)
    assert model.__sklearn_tags__().input_tags.sparse
    assert isinstance(model._inner(), DropoutMLPClassifier)
    assert isinstance(DeepEnsembleRegressor()._inner(), DropoutMLPRegressor)


def test_deep_ensemble__fit_parameters_reach_the_members():
    weights = np.where(np.arange(120) < 30, 2.0, 1.0)
    model = DeepEnsembleRegressor(NET, 2, random_state=0).fit(X, Y, weights, X_val=X[:40], y_val=Y[:40])
    again = sklearn.clone(model.estimators_[0]).fit(X, Y, weights, X_val=X[:40], y_val=Y[:40])
    np.testing.assert_array_equal(model.estimators_[0].predict(X), again.predict(X))
    inner = make_pipeline(StandardScaler(), NET)
    curves = [
        DeepEnsembleRegressor(inner, 2, random_state=0).fit(X, Y, w).estimators_[0][-1].loss_curve_
        for w in (None, weights)
    ]
    assert curves[0] != curves[1]


def test_deep_ensemble__metadata_routing():
    weights, groups = np.where(np.arange(120) < 30, 2.0, 1.0), np.arange(120) // 10
    with sklearn.config_context(enable_metadata_routing=True):
        inner = sklearn.clone(NET).set_fit_request(sample_weight=True)
        model = DeepEnsembleRegressor(inner, K, cv=GroupKFold(K), random_state=0)
        model.fit(X, Y, sample_weight=weights, groups=groups)
        plain = DeepEnsembleRegressor(n_members=1, random_state=0, estimator=None)
        assert plain.get_metadata_routing().consumes("fit", ["sample_weight", "X_val"]) == {"sample_weight", "X_val"}
    splits = list(GroupKFold(K).split(X, Y, groups))
    wanted = DeepEnsembleRegressor(NET, K, cv=splits, random_state=0).fit(X, Y, weights)
    np.testing.assert_array_equal(model.predict(X), wanted.predict(X))
    with pytest.raises(
        ValueError, match=r"fit got \['groups'\]; to pass them to the splitter, enable metadata routing"
    ):
        model.fit(X, Y, groups=groups)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (DeepEnsembleClassifier(NET), "DeepEnsembleClassifier needs a classifier; got estimator=DropoutMLPRegressor"),
        (DeepEnsembleRegressor(NET, 0), "'n_members' parameter .* Got 0 instead"),
        (DeepEnsembleClassifier(SVC()), r"estimator=SVC\(\) has no predict_proba"),
        (DeepEnsembleRegressor(LinearRegression()), "has no random_state, so that all members would be equal: give cv"),
        (DeepEnsembleClassifier(LogisticRegression(), cv=1), "'cv' parameter .* Got 1 instead"),
    ],
)
def test_deep_ensemble__bad_parameters(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, LABELS if isinstance(model, DeepEnsembleClassifier) else Y)
