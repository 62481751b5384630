"""ensemble_size="auto", batch_size="auto" and l1="auto": with few rows, with many, and in fits that go on."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.frozen import FrozenEstimator

from skreg import DeepEnsembleClassifier, DeepEnsembleRegressor, DropoutMLPClassifier, DropoutMLPRegressor
from skreg.neural import Autoencoder, FineTunedClassifier, FineTunedRegressor

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
    assert net.batch_size_ == batch_size
    same = kind(**FAST, ensemble_size=4, batch_size=batch_size).fit(X, y)
    np.testing.assert_array_equal(net.predict(X), same.predict(X))
    assert net.get_params()["ensemble_size"] == "auto"


@pytest.mark.parametrize(("n", "n_members"), [(2000, 2), (9999, 2), (10_000, 1)])
@pytest.mark.parametrize("kind", [DropoutMLPClassifier, DropoutMLPRegressor])
def test_auto__more_rows_have_fewer_members(kind, n, n_members):
    X, y = table(n)
    y = y if kind is DropoutMLPRegressor else y > 0.0
    net = kind(**FAST).fit(X, y)
    assert net.ensemble_size_ == n_members
    assert [W.ndim for W in net.weights_] == [2 if n_members == 1 else 3] * 2
    same = kind(**FAST, ensemble_size=n_members, batch_size=min(256, n * 9 // 10 // 16)).fit(X, y)
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


def test_auto__explicit_cv_has_as_many_members():
    assert fitted(1999, early_stopping="cv").ensemble_size_ == 4
    net, (X, _) = fitted(2000, early_stopping="cv"), table(2000)
    assert net.ensemble_size_ == 2
    np.testing.assert_array_equal(
        net.predict(X), fitted(2000, early_stopping="cv", ensemble_size=2, batch_size=2000 // 16).predict(X)
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
    X, y = table(90, 2)
    for source, k in ((fitted(80), 4), (fitted(2000), 2), (fitted(80, early_stopping=True), 1)):
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


def labelled(n, n_classes=2):
    X, y = table(n)
    return X, np.searchsorted(np.quantile(y, np.arange(1, n_classes) / n_classes), y)


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize(
    ("n", "n_classes", "l1"),
    [(999, 2, 1e-4), (1000, 2, 1e-3), (1099, 11, 1e-4), (1100, 11, 1e-3), (9999, 2, 1e-3), (10_000, 2, 1e-4)],
)
def test_auto__l1_is_stronger_for_thousands_of_rows_of_classes(n, n_classes, l1, early_stopping):
    X, y = labelled(n, n_classes)
    params = FAST | dict(early_stopping=early_stopping)
    net = DropoutMLPClassifier(**params).fit(X, y)
    np.testing.assert_array_equal(
        net.predict_proba(X), DropoutMLPClassifier(**params, l1=l1).fit(X, y).predict_proba(X)
    )
    assert (net.l1, net.l1_) == ("auto", l1)
    other = DropoutMLPClassifier(**params, l1=0.02).fit(X, y)
    assert not np.array_equal(other.predict_proba(X), net.predict_proba(X))


def test_auto__l1_counts_unique_rows():
    X, y = labelled(999)
    twice = DropoutMLPClassifier(**FAST).fit(np.tile(X, (2, 1)), np.tile(y, 2))
    weak = DropoutMLPClassifier(**FAST, l1=1e-4).fit(np.tile(X, (2, 1)), np.tile(y, 2))
    np.testing.assert_array_equal(twice.predict_proba(X), weak.predict_proba(X))


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_auto__l1_of_numbers_and_chunks_is_weak(fit):
    X, y = table(1500) if fit == "fit" else labelled(1500)
    kind = DropoutMLPRegressor if fit == "fit" else DropoutMLPClassifier
    net, weak = (getattr(kind(**FAST, **l1), fit)(X, y) for l1 in (dict(), dict(l1=1e-4)))
    np.testing.assert_array_equal(net.predict(X), weak.predict(X))
    for W, same in zip(net.weights_, weak.weights_, strict=True):
        np.testing.assert_array_equal(W, same)


def test_auto__a_net_that_goes_on_keeps_its_l1():
    X, y = labelled(1500)
    few = X[:200], y[:200]
    on = [DropoutMLPClassifier(**FAST, warm_start=True, **l1).fit(X, y).fit(*few) for l1 in ({}, dict(l1=1e-3))]
    np.testing.assert_array_equal(on[0].predict_proba(X), on[1].predict_proba(X))
    assert on[0].l1_ == 1e-3
    tuned = [
        FineTunedClassifier(FrozenEstimator(DropoutMLPClassifier(**FAST, **l1).fit(X, y)), random_state=0).fit(*few)
        for l1 in ({}, dict(l1=1e-3))
    ]
    np.testing.assert_array_equal(tuned[0].predict_proba(X), tuned[1].predict_proba(X))
    numbers = [FineTunedRegressor(FrozenEstimator(net), random_state=0).fit(X, X[:, 0]).predict(X) for net in on]
    np.testing.assert_array_equal(*numbers)  # the strength of classes, whatever "auto" would be for numbers
    wanted = FineTunedClassifier(FrozenEstimator(on[1]), l1="auto", random_state=0).fit(*few).estimator_
    assert (wanted.l1, wanted.l1_) == ("auto", 1e-3)


def test_l1_attribute__is_that_of_the_last_fit():
    X, y = labelled(1500)
    net = DropoutMLPClassifier(**FAST, warm_start=True, l1=0.02).fit(X, y)
    assert net.l1_ == 0.02
    assert net.set_params(l1=0.01).fit(X, y).l1_ == 0.01
    assert DropoutMLPClassifier(**FAST).partial_fit(X, y).l1_ == 1e-4
    given = [0.01, 0.02]
    net = DropoutMLPClassifier(**FAST, l1=given).fit(X, y)
    assert net.l1_ == given
    assert net.l1_ is not given


def test_auto__l1_without_weights_left_names_the_number():
    X, y = labelled(1500)
    tiny = dict(standardize=None, normalization=None, averaging=None, optimizer="sgd", learning_rate=5.0, max_iter=60)
    with pytest.warns(UserWarning, match=r"all weights of layer 0 are zero: .* Lower l1=0\.001\."):
        DropoutMLPClassifier(**FAST | tiny).fit(1e-4 * X, y)
