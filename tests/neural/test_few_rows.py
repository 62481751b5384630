"""ensemble_size="auto" and batch_size="auto": what they are with few rows, with many, and in fits that go on."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.frozen import FrozenEstimator

from skreg import DeepEnsembleClassifier, DeepEnsembleRegressor, DropoutMLPClassifier, DropoutMLPRegressor
from skreg.neural import Autoencoder, FineTunedRegressor

FAST = dict(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
N_STEPS = {499: 16, 80: 3}  # of an epoch in batches of 32


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    return X, X[:, 0] + 0.3 * rng.standard_normal(n)


def fitted(n, weights=None, fit_params=None, **params):
    X, y = table(n)
    return DropoutMLPRegressor(**FAST | params).fit(X, y, weights, **fit_params or {})


@pytest.mark.parametrize(("n", "batch_size"), [(999, 32), (1999, 1999 * 9 // 10 // 16)])
@pytest.mark.parametrize("kind", [DropoutMLPClassifier, DropoutMLPRegressor])
def test_auto__few_rows_have_four_members_and_very_few_have_batches_of_32(kind, n, batch_size):
    X, y = table(n)
    y = y if kind is DropoutMLPRegressor else y > 0.0
    net = kind(**FAST).fit(X, y)
    assert net.ensemble_size_ == 4
    assert [W.shape for W in net.weights_] == [(4, 3, 4), (4, 4, net.weights_[1].shape[2])]
    same = kind(**FAST, ensemble_size=4, batch_size=batch_size).fit(X, y)
    np.testing.assert_array_equal(net.predict(X), same.predict(X))
    assert net.get_params()["ensemble_size"] == "auto"


@pytest.mark.parametrize("kind", [DropoutMLPClassifier, DropoutMLPRegressor])
def test_auto__many_rows_have_one_member(kind):
    X, y = table(2000)
    y = y if kind is DropoutMLPRegressor else y > 0.0
    net = kind(**FAST).fit(X, y)
    assert net.ensemble_size_ == 1
    assert [W.ndim for W in net.weights_] == [2, 2]
    same = kind(**FAST, ensemble_size=1, batch_size=1800 // 16).fit(X, y)
    np.testing.assert_array_equal(net.predict(X), same.predict(X))


@pytest.mark.parametrize(
    "params",
    [
        dict(early_stopping=True),
        dict(early_stopping=False),
        dict(fit_params=dict(zip(("X_val", "y_val"), table(20, 1), strict=True))),
        dict(hidden_layer_sizes=()),
        dict(strength_schedule="gap"),
        dict(ensemble_size=1),
    ],
)
def test_auto__without_a_cross_validated_epoch_it_is_one_member_as_with_many_rows(params):
    X, _ = table(80)
    net = fitted(80, **params)
    assert net.ensemble_size_ == 1
    np.testing.assert_array_equal(
        net.predict(X), fitted(80, **params | dict(ensemble_size=1, batch_size=16)).predict(X)
    )


def test_auto__explicit_cv_is_the_same_with_few_rows_and_one_member_with_many():
    assert fitted(1999, early_stopping="cv").ensemble_size_ == 4
    net, (X, _) = fitted(2000, early_stopping="cv"), table(2000)
    assert net.ensemble_size_ == 1
    np.testing.assert_array_equal(
        net.predict(X), fitted(2000, early_stopping="cv", ensemble_size=1, batch_size=2000 // 16).predict(X)
    )


def test_auto__sparse_rows_have_one_member():
    X, y = table(80)
    assert DropoutMLPRegressor(**FAST).fit(sp.csr_array(X), y).ensemble_size_ == 1


def test_auto__numbers_always_win():
    net = fitted(80, ensemble_size=2, warm_start=True)
    assert (net.ensemble_size_, net._optimizer.steps) == (2, N_STEPS[80])
    net = fitted(80, batch_size=40, warm_start=True)
    assert (net.ensemble_size_, net._optimizer.steps) == (4, 2)
    net = fitted(80, ensemble_size=2, early_stopping=True, warm_start=True)
    assert (net.ensemble_size_, net._optimizer.steps) == (2, 5)  # 72 rows in batches of 16


def test_auto__counts_unique_rows():
    X, y = table(300)
    once = DropoutMLPRegressor(**FAST).fit(X, y, np.full(300, 2.0))
    twice = DropoutMLPRegressor(**FAST).fit(np.tile(X, (2, 1)), np.tile(y, 2))
    assert once.ensemble_size_ == twice.ensemble_size_ == 4
    np.testing.assert_array_equal(once.predict(X), twice.predict(X))
    assert fitted(49).ensemble_size_ == 1  # no fold has enough rows


def test_auto__a_net_that_goes_on_keeps_its_members():
    (X, y), more = table(80), table(600, 1)
    net = DropoutMLPRegressor(**FAST, warm_start=True).fit(X, y)
    assert net.fit(*more).ensemble_size_ == 4
    assert net._optimizer.steps == N_STEPS[80] + 17  # 540 rows in batches of 33
    assert net.partial_fit(X, y).ensemble_size_ == 4
    with pytest.raises(ValueError, match=r"cannot continue with ensemble_size=1 \(it was 4\)"):
        net.set_params(ensemble_size=1).fit(X, y)
    chunk = DropoutMLPRegressor(**FAST).partial_fit(X, y)
    assert chunk.ensemble_size_ == chunk.partial_fit(X, y).ensemble_size_ == 1
    assert chunk._optimizer.steps == 2 * 5


def test_auto__a_fine_tuned_net_has_the_members_of_the_pretrained_one():
    few, many = fitted(80), fitted(2000)
    X, y = table(90, 2)
    for source, k in ((few, 4), (many, 1)):
        net = FineTunedRegressor(FrozenEstimator(source), random_state=0).fit(X, y).estimator_
        assert (net.ensemble_size, net.ensemble_size_) == ("auto", k)


def test_auto__one_code_for_a_row_and_one_member_of_a_deep_ensemble():
    X, _ = table(80)
    encoder = Autoencoder(DropoutMLPRegressor(**FAST)).fit(X)
    assert encoder.net_.ensemble_size_ == 1
    assert encoder.transform(X).shape == (80, 4)
    for model in (DeepEnsembleRegressor(), DeepEnsembleClassifier()):
        assert model._inner().ensemble_size == 1


def test_auto__members_are_draws():
    X, _ = table(80)
    net = fitted(80, dropout=0.0)
    draws = net.sample_predictions(X, 4)
    assert (np.ptp(draws, axis=0) > 0.0).all()
    np.testing.assert_allclose(net.predict(X), draws.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(net.predict_uncertainty(X, 4).epistemic, draws.var(axis=0), rtol=1e-4)
