"""Temperature scaling where the epoch is cross-validated."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skreg import DropoutCNNClassifier, DropoutMLPClassifier, DropoutRNNClassifier, DropoutTransformerClassifier
from skreg._nets.architectures.mlp import scale_outputs
from skreg._nets.objectives import CrossEntropy
from skreg.neural import FineTunedClassifier, _classification
from skreg.neural._temperature import DEVIATION, HeldScores, best_temperature

FAST = dict(max_iter=3, random_state=0)
FAMILIES = [
    DropoutMLPClassifier((6,), ensemble_size=1, **FAST),
    DropoutMLPClassifier((6, 6), ensemble_size=3, residual=True, **FAST),
    DropoutMLPClassifier((6,), dropout_kind="dropconnect", weight_normalization="weight", **FAST),
    DropoutCNNClassifier((4,), hidden_layer_sizes=(5,), **FAST),
    DropoutRNNClassifier((4,), **FAST),
    DropoutTransformerClassifier(embedding_size=8, n_heads=2, n_blocks=1, **FAST),
    DropoutTransformerClassifier(embedding_size=8, n_heads=2, n_blocks=1, ensemble_size=2, **FAST),
]


def classes(family=FAMILIES[0], n=90, K=3):
    rng = np.random.default_rng(0)
    shape = {DropoutCNNClassifier: (6, 6), DropoutRNNClassifier: (5, 2)}.get(type(family), (4,))
    X = rng.standard_normal((n, *shape))
    flat = X.reshape(n, -1)
    return X, (flat @ rng.standard_normal((flat.shape[1], K))).argmax(axis=1)


def drawn(n, temperature, seed=0):
    """Scores, and classes drawn from the probabilities at a temperature, as one-hot rows."""
    rng = np.random.default_rng(seed)
    z = 3.0 * rng.standard_normal((n, 3))
    p = softmax(z / temperature, axis=1)
    return z, np.eye(3)[(p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)]


def plain(z):
    return z


def best(parts, average=plain):
    return best_temperature(average, parts, np.full(len(parts), 1.0 / len(parts)))


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.0])
def test_best_temperature__many_rows_find_the_true_one(temperature):
    z, targets = drawn(40_000, temperature)
    parts = [HeldScores(z[k::2], targets[k::2], np.ones(20_000)) for k in range(2)]
    assert best(parts) == pytest.approx(temperature, rel=0.03)


def test_best_temperature__is_stationary_for_likelihood_and_prior():
    z, targets = drawn(200, 2.0)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 200)

    def loss(log_t):
        weighted = weights / weights.sum()
        mean = -weighted @ (targets * log_softmax(z / np.exp(log_t), axis=1)).sum(axis=1)
        return mean / np.square(weighted).sum() + 0.5 * (log_t / DEVIATION) ** 2

    found, step = np.log(best([HeldScores(z, targets, weights)])), 1e-3
    slope = (loss(found + step) - loss(found - step)) / (2.0 * step)
    curvature = (loss(found + step) - 2.0 * loss(found) + loss(found - step)) / step**2
    assert abs(slope / curvature) < 1e-4  # the Newton step that is left


def test_best_temperature__is_that_of_the_mean_over_members():
    rng = np.random.default_rng(2)
    z = 3.0 * rng.standard_normal((20_000, 4, 3))
    p = softmax(z / 2.0, axis=2).mean(axis=1)
    targets = np.eye(3)[(p.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)]
    average = CrossEntropy(np.float32(0.0)).average
    assert best([HeldScores(z, targets, np.ones(20_000))], average) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_best_temperature__folds_count_by_their_shares(share):
    parts = [HeldScores(*drawn(2000, t, seed), np.ones(2000)) for seed, t in enumerate((0.6, 2.0))]
    found = best_temperature(plain, parts, np.array([share, 1.0 - share]))
    assert found < 1.0 if share == 0.9 else found > 1.5


def test_best_temperature__separated_classes_do_not_make_it_zero():
    targets = np.eye(3)[np.arange(12) % 3]
    assert np.exp(-3.0 * DEVIATION) < best([HeldScores(2.0 * targets, targets, np.ones(12))]) < 1.0


def test_best_temperature__counts_weights_as_rows_and_shares_of_folds():
    z, targets = drawn(60, 2.0)
    twice = HeldScores(np.tile(z, (2, 1)), np.tile(targets, (2, 1)), np.ones(120))
    half = [HeldScores(z, targets, np.ones(60)), HeldScores(z, targets, np.full(60, 7.0))]
    assert best(half) == pytest.approx(best([twice]), rel=1e-4)  # the weights of a fold are relative
    assert best([twice]) > best([HeldScores(z, targets, np.full(60, 2.0))])  # fewer rows: the prior holds


def test_best_temperature__takes_every_step_that_has_a_target():
    z, targets = drawn(6000, 2.0)
    lengths = np.arange(1000) % 6 + 1
    counts = (np.arange(6) < lengths[:, None]).ravel()
    z[~counts] = targets[~counts] = np.nan
    weights = np.random.default_rng(3).uniform(0.5, 2.0, 1000)
    found = best([HeldScores(z.reshape(1000, 6, 3), targets.reshape(1000, 6, 3), weights)])
    # the same steps as rows, as often as makes their effective size that of the sequences
    of_steps = np.repeat(weights, 6)[counts]
    size, own = ((w.sum() ** 2 / np.square(w).sum()) for w in (weights, of_steps))

    def loss(log_t):
        losses = -(targets[counts] * log_softmax(z[counts] / np.exp(log_t), axis=1)).sum(axis=1)
        return size * np.average(losses, weights=of_steps) + 0.5 * (log_t / DEVIATION) ** 2

    assert own > size
    assert np.log(found) == pytest.approx(minimize_scalar(loss, bounds=(-1.0, 1.0), method="bounded").x, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_scale_outputs__multiplies_the_scores_of_every_family(family):
    X, y = classes(family)
    net = clone(family).set_params(early_stopping=False).fit(X, y)
    X = X.astype(np.float32)
    single, double = net.predict_log_proba(X), net.predict_proba(X.astype(np.float64))  # both precisions are kept
    draws = net.sample_predictions(X, 6)
    scale_outputs(net._net, 2.0)
    squares = np.square(draws)
    np.testing.assert_allclose(
        net.sample_predictions(X, 6), squares / squares.sum(axis=-1, keepdims=True), rtol=1e-3, atol=1e-6
    )
    assert np.abs(net.predict_log_proba(X) - single).max() > 1e-3
    np.testing.assert_allclose(net.predict_proba(X.astype(np.float64)), net.predict_proba(X), atol=1e-5)
    assert not np.array_equal(net.predict_proba(X.astype(np.float64)), double)


@pytest.mark.parametrize("n_members", [1, 3])
def test_temperature__is_that_of_the_rows_that_folds_held_out(n_members, monkeypatch):
    given, weights = [], np.random.default_rng(1).uniform(0.5, 2.0, 120)

    def recorded(average, parts, shares):
        given.append((parts, shares))
        return best_temperature(average, parts, shares)

    X, y = classes(n=120)
    model = DropoutMLPClassifier((8,), ensemble_size=n_members, label_smoothing=0.3, max_iter=5, random_state=0)
    with monkeypatch.context() as patch:
        patch.setattr(_classification, "best_temperature", lambda *_: 1.0)
        raw = clone(model).fit(X, y, weights)
    monkeypatch.setattr(_classification, "best_temperature", recorded)
    model.fit(X, y, weights)
    ((parts, shares),) = given
    assert sum(len(part.scores) for part in parts) == 120
    assert {part.scores.shape[1:] for part in parts} == {(3,) if n_members == 1 else (3, 3)}
    assert shares.sum() == pytest.approx(1.0)
    seen = np.sort(np.concatenate([part.targets.argmax(axis=1) for part in parts]))
    np.testing.assert_array_equal(seen, np.sort(y))
    assert all(np.isin(part.targets, (0.0, 1.0)).all() for part in parts)  # without label smoothing
    for part, share in zip(parts, shares, strict=True):  # weights of a fold are relative to its largest
        unit = share * weights.sum() / part.weights.sum()
        assert np.isin((unit * part.weights).round(4), weights.round(4)).all()
    assert raw.temperature_ == 1.0 != model.temperature_
    np.testing.assert_allclose(model.weights_[-1], raw.weights_[-1] / model.temperature_, rtol=1e-5)
    np.testing.assert_array_equal(model.weights_[0], raw.weights_[0])
    if n_members == 1:
        np.testing.assert_allclose(
            model.predict_proba(X), softmax(raw.predict_log_proba(X) / model.temperature_, axis=1), rtol=1e-4
        )
    assert not hasattr(model, "_held_scores")


def test_temperature__is_1_for_monitors_of_a_later_fit():
    seen = []

    def monitor(net, X, y):
        seen.append(net.temperature_)
        return net.score(X, y)

    X, y = classes()
    model = DropoutMLPClassifier((6,), ensemble_size=1, monitor=monitor, **FAST)
    for _ in range(2):
        assert model.fit(X, y).temperature_ != 1.0
    assert set(seen) == {1.0}


def test_temperature__makes_unseen_rows_likelier():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 5))
    y = (X[:, 0] + X[:, 1] ** 2 > 1.0).astype(int)  # without noise: a net of few rows is too mild
    model = DropoutMLPClassifier(dropout=0.6, max_iter=40, random_state=0).fit(X[:300], y[:300])
    assert model.temperature_ < 1.0
    log_p = model.predict_log_proba(X[300:])
    milder = log_softmax(log_p * model.temperature_, axis=1)
    at = np.arange(2700), y[300:]
    assert log_p[at].mean() > milder[at].mean()


def test_temperature__is_1_where_no_rows_choose_it():
    X, y = classes()
    net = clone(FAMILIES[0]).fit(X, y)
    assert net.temperature_ != 1.0
    assert net.partial_fit(X, y).temperature_ == 1.0
    for early_stopping in (True, False):
        assert net.set_params(early_stopping=early_stopping).fit(X, y).temperature_ == 1.0
    net.set_params(early_stopping="auto").fit(X, y)
    tuned = FineTunedClassifier(FrozenEstimator(net), l2_sp=np.inf, early_stopping="cv", random_state=0).fit(X, y)
    np.testing.assert_array_equal(tuned.predict_proba(X), net.predict_proba(X))
    assert tuned.estimator_.temperature_ == 1.0
