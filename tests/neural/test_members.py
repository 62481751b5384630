"""Shared ensembles of perceptrons: averaged predictions, members as draws, and what they work with."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.special import logit, softmax
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skreg import DropoutMLPClassifier, DropoutMLPRegressor
from skreg._nets.training.evaluation import scores
from skreg.augmentation import GaussianNoise
from skreg.neural import Autoencoder, FineTunedClassifier, FineTunedRegressor

K = 4
SMALL = dict(hidden_layer_sizes=(12, 12), max_iter=6, random_state=0, ensemble_size=K)
PLAIN = dict(SMALL, dropout=0.0)


def data(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 5))
    y = X[:, 0] + np.sin(2.0 * X[:, 1]) + 0.3 * rng.standard_normal(n)
    return X, y, np.digitize(y, [-0.7, 0.7])


X, Y, LABELS = data()


@pytest.fixture(scope="module")
def classifier():
    return DropoutMLPClassifier(**SMALL).fit(X, LABELS)


@pytest.fixture(scope="module")
def heteroscedastic():
    return DropoutMLPRegressor(heteroscedastic=True, **PLAIN).fit(X, Y)


def test_ensemble__probabilities_are_means_over_the_members(classifier):
    p = softmax(scores(classifier._net.astype(np.float64), X), axis=-1)
    assert p.shape == (120, K, 3)
    np.testing.assert_allclose(classifier.predict_proba(X), p.mean(axis=1))
    np.testing.assert_allclose(np.exp(classifier.decision_function(X)), p.mean(axis=1))
    np.testing.assert_array_equal(classifier.predict(X), p.mean(axis=1).argmax(axis=1))


def test_ensemble__decision_of_two_classes_is_the_log_odds():
    model = DropoutMLPClassifier(**SMALL).fit(X, LABELS == 1)
    np.testing.assert_allclose(model.decision_function(X), logit(model.predict_proba(X)[:, 1]), rtol=1e-9)


def test_ensemble__values_are_means_over_the_members():
    model = DropoutMLPRegressor(**PLAIN).fit(X, np.column_stack([Y, 10.0 - 5.0 * Y]))
    members = model.sample_predictions(X, K)
    assert members.shape == (K, 120, 2)
    assert (np.ptp(members, axis=0) > 0.0).all()
    np.testing.assert_allclose(model.predict(X), members.mean(axis=0), rtol=1e-5, atol=1e-5)


def test_ensemble__members_are_draws_without_dropout(heteroscedastic):
    members = heteroscedastic.sample_predictions(X, 10)
    np.testing.assert_array_equal(members[:2], members[2 * K :])  # the first members again
    u = heteroscedastic.predict_uncertainty(X, 10)
    np.testing.assert_allclose(u.mean, heteroscedastic.predict(X), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(u.epistemic, members[:K].var(axis=0), rtol=1e-4)
    _, std = heteroscedastic.predict(X, return_std=True)
    np.testing.assert_allclose(std**2, u.epistemic + u.aleatoric)
    assert (u.epistemic > 0.0).all()


def test_ensemble__learned_variance_is_the_mean_over_the_members(heteroscedastic):
    z = scores(heteroscedastic._net, X).astype(np.float64)
    variances = heteroscedastic._variances(z).mean(axis=1).ravel()
    ratio = heteroscedastic.predict_uncertainty(X).aleatoric / variances
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_ensemble__a_draw_with_dropout_is_a_member_and_a_mask(classifier):
    draws = classifier.sample_predictions(X, 3 * K)
    assert (np.ptp(draws[::K], axis=0) > 0.0).any()  # one member, three masks
    assert (np.ptp(draws[:K], axis=0) > 0.0).any()
    u = classifier.predict_uncertainty(X, 3 * K)
    np.testing.assert_allclose(u.mean, draws.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(u.epistemic, draws.var(axis=0), atol=1e-6)
    rounded_up = classifier.predict_uncertainty(X, 3 * K - 1)  # all members count the same
    np.testing.assert_array_equal(rounded_up.mean, u.mean)
    assert (u.mutual_information > 0.0).all()


def test_ensemble__validation_loss_is_that_of_the_averaged_prediction(classifier):
    held = X[:40], LABELS[:40]
    model = clone(classifier).fit(X[40:], LABELS[40:], X_val=held[0], y_val=held[1])
    p = model.predict_proba(held[0])[np.arange(40), held[1]]
    assert model.best_score_ == pytest.approx(-np.log(p).mean(), rel=1e-5)
    each = softmax(scores(model._net, held[0]), axis=-1)[np.arange(40), :, held[1]]
    assert model.best_score_ < -np.log(each).mean()


def test_ensemble__evaluations_while_it_trains_leave_no_scratch_memory():
    model = DropoutMLPClassifier(**SMALL | {"max_iter": 1}).fit(X, LABELS)
    assert model._net._idle == []


def test_ensemble__of_one_is_the_net_itself():
    one = DropoutMLPClassifier(**SMALL | {"ensemble_size": 1}, early_stopping=True).fit(X, LABELS)
    plain = DropoutMLPClassifier(hidden_layer_sizes=(12, 12), max_iter=6, early_stopping=True, random_state=0).fit(
        X, LABELS
    )
    np.testing.assert_array_equal(one.predict_proba(X), plain.predict_proba(X))
    assert one._net.n_members == 1
    assert [W.shape for W in one.weights_] == [(5, 12), (12, 12), (12, 3)]


def test_ensemble__weights_and_biases_of_members(classifier):
    assert [W.shape for W in classifier.weights_] == [(K, 5, 12), (12, 12), (K, 12, 3)]
    assert [b.shape for b in classifier.biases_] == [(K, 12), (K, 12), (K, 3)]
    X64 = classifier._net.astype(np.float64)
    W, shared = classifier.weights_[0], X64.layer.layers[0].weight.value
    np.testing.assert_allclose(np.abs(W[0] / shared).std(axis=1), 0.0, atol=1e-5)  # one factor for each feature


@pytest.mark.parametrize(
    "params",
    [
        dict(normalization="layer", residual=True, stochastic_depth=0.2),
        dict(normalization=None, weight_normalization="spectral", dropout_kind="concrete"),
        dict(input_dropout=0.1, feature_mask=0.1, mixup=0.2, sam_rho=0.05, averaging="swa"),
    ],
)
def test_ensemble__sparse_is_dense(params):
    dense = np.where(np.abs(X) < 0.5, 0.0, X)
    model = DropoutMLPClassifier(standardize=None, **SMALL | params)  # sparse rows are scaled in another way
    p = clone(model).fit(dense, LABELS).predict_proba(dense)
    rows = sp.csr_array(dense)
    np.testing.assert_allclose(clone(model).fit(rows, LABELS).predict_proba(rows), p, atol=2e-4)


def test_ensemble__a_weight_of_two_is_a_row_twice():
    weights = np.where(np.arange(120) < 30, 2.0, 1.0)
    model = DropoutMLPRegressor(**SMALL)
    weighted = clone(model).fit(X, Y, weights)
    twice = clone(model).fit(np.vstack([X, X[:30]]), np.r_[Y, Y[:30]])
    np.testing.assert_array_equal(weighted.predict(X), twice.predict(X))


@pytest.mark.parametrize("params", [{}, dict(dropout_kind="dropconnect", max_norm=1.0, clip_norm=1.0, l2=0.01)])
def test_ensemble__pickles_predict_the_same(params):
    model = DropoutMLPClassifier(augmenter=GaussianNoise(0.1), **SMALL | params).fit(X, LABELS)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(copy.predict_uncertainty(X).total, model.predict_uncertainty(X).total)


def test_ensemble__partial_fit_and_warm_start_go_on():
    model = DropoutMLPRegressor(**SMALL, warm_start=True).fit(X, Y)
    before = model._net.theta.copy()
    assert len(model.fit(X, Y).loss_curve_) == 12
    assert (model._net.theta != before).any()
    with pytest.raises(ValueError, match=r"cannot continue with ensemble_size=2 \(it was 4\)"):
        model.set_params(ensemble_size=2).fit(X, Y)
    stream = DropoutMLPRegressor(**SMALL).partial_fit(X, Y).partial_fit(X, Y)
    assert stream.predict(X).shape == (120,)


def test_ensemble__distance_is_that_of_the_mean_of_the_members(classifier):
    near, far = (classifier.predict_uncertainty(s * X).distance for s in (1.0, 20.0))
    assert np.median(near) < 1.0 < np.median(far)
    assert classifier._distance.centres.shape == (3, 12)


def test_ensemble__fine_tuning_keeps_the_members(classifier):
    frozen = FrozenEstimator(classifier)
    same = FineTunedClassifier(frozen, l2_sp=np.inf, new_head=False, random_state=0).fit(X, LABELS)
    np.testing.assert_array_equal(same.predict_proba(X), classifier.predict_proba(X))
    tuned = FineTunedRegressor(frozen, frozen=1, max_iter=2, random_state=0).fit(X, Y)
    assert tuned.estimator_._net.n_members == K
    np.testing.assert_array_equal(tuned.estimator_.weights_[0], classifier.weights_[0])


def test_ensemble__intervals_cover():
    fresh = data(600, seed=1)
    model = DropoutMLPRegressor(**PLAIN | {"max_iter": 30}).fit(X, Y, X_val=fresh[0][:300], y_val=fresh[1][:300])
    low, high = model.predict_interval(fresh[0][300:], coverage=0.8)
    assert ((low <= fresh[1][300:]) & (fresh[1][300:] <= high)).mean() == pytest.approx(0.8, abs=0.1)


def test_ensemble__categories_and_missing_values():
    frame = pd.DataFrame(X, columns=list("abcde"))
    frame.loc[::9, "a"] = np.nan
    frame["f"] = pd.Categorical.from_codes(np.arange(120) % 12, [f"level {k}" for k in range(12)])
    model = DropoutMLPClassifier(**SMALL, categorical_features="from_dtype").fit(frame, LABELS)
    p = model.sample_predictions(frame, K)
    assert p.shape == (K, 120, 3)
    assert (np.ptp(p, axis=0) > 0.0).any()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(frame), model.predict_proba(frame))


def test_ensemble__bad_sizes():
    with pytest.raises(ValueError, match=r"'ensemble_size' parameter .* Got 0 instead"):
        DropoutMLPClassifier(ensemble_size=0).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"ensemble_size=4 needs a hidden layer.*hidden_layer_sizes=\(\)"):
        DropoutMLPClassifier((), ensemble_size=4).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"one code for a row, .* ensemble_size=1"):
        Autoencoder(DropoutMLPRegressor(ensemble_size=2)).fit(X)
