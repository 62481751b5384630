"""Rows of the generative adversarial net: relations between columns, modes, classes, types, input that is refused."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import ks_2samp, norm, spearmanr

from skreg._nets.training.adversarial import AdversarialOptions, AdversarialPair, BestGenerator
from skreg.augmentation import Batch, GANAugmenter, GaussianCopulaAugmenter
from skreg.augmentation._gan_distance import ValidationDistance, energy_distance
from skreg.augmentation._levels import Levels
from skreg.augmentation._ranks import columns_of

FAST = dict(hidden_layer_sizes=32, n_steps=400, batch_size=64, learning_rate=0.003, random_state=0)
TINY = dict(hidden_layer_sizes=8, n_steps=20, batch_size=16, random_state=0)


def test_gan__learns_both_modes_of_a_mixture():
    rng = np.random.default_rng(0)
    X = np.where(rng.random(400) < 0.4, rng.normal(-3.0, 0.5, 400), rng.normal(2.0, 1.0, 400))[:, None]
    new = GANAugmenter(**FAST).fit(X).generate(2000)[0]
    assert new.mean() == pytest.approx(X.mean(), abs=0.2)
    assert new.std() == pytest.approx(X.std(), abs=0.15)
    assert (new < -1.0).mean() == pytest.approx((X < -1.0).mean(), abs=0.05)
    assert ks_2samp(new[:, 0], X[:, 0]).statistic < 0.06


def test_gan__learns_a_circle_which_a_copula_loses():
    angle = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, 300)
    X = np.column_stack([np.cos(angle), np.sin(angle)])
    new, copula = (
        np.median(np.abs(np.hypot(*model.fit(X).generate(1000)[0].T) - 1.0))
        for model in (GANAugmenter(n_steps=800, batch_size=128, learning_rate=0.004, random_state=0),
                      GaussianCopulaAugmenter(random_state=0))
    )  # fmt: skip
    assert new < 0.5 * copula


def test_gan__columns_of_every_class_have_its_distribution_types_and_missing_entries():
    rng = np.random.default_rng(0)
    y = np.where(rng.random(500) < 0.02, "rare", np.where(rng.random(500) < 0.5, "high", "low"))
    level = np.select([y == "rare", y == "high"], [10.0, 5.0], 0.0)
    frame = pd.DataFrame(
        {
            "a": level + rng.normal(size=500),
            "b": rng.integers(0, 4, 500),
            "c": pd.Categorical(rng.choice(["x", "y", "z"], 500, p=[0.6, 0.3, 0.1])),
            "d": np.where(rng.random(500) < 0.3, np.nan, rng.normal(size=500)),
        }
    )
    new, labels = GANAugmenter(**FAST).fit(frame, y).generate(3000)
    assert new.dtypes.equals(frame.dtypes)
    assert set(labels) == {"rare", "high", "low"}
    for label in set(y):
        assert ks_2samp(new["a"][labels == label], frame["a"][y == label]).statistic < 0.15
    assert set(new["b"]) == set(frame["b"])
    shares = frame["c"].value_counts(normalize=True)
    pd.testing.assert_series_equal(new["c"].value_counts(normalize=True), shares, atol=0.05)
    assert new["d"].isna().mean() == pytest.approx(frame["d"].isna().mean(), abs=0.05)


def test_gan__rows_keep_their_labels_and_regression_its_relation():
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    X = np.column_stack([y**2, rng.normal(size=300)])
    model = GANAugmenter(**FAST | dict(n_steps=800, pack=1)).fit(X, y)
    new = model.augment(Batch(X, y, labelled=False), np.random.default_rng(1))
    assert (new.y == y).all()
    assert spearmanr(new.X[:, 0], y**2).statistic > 0.8  # a relation that is not monotone
    _, labels = GANAugmenter(**TINY).fit_resample(X, y > 0.0)
    assert (labels[300:] == (y > 0.0)).all()


def test_gan__is_repeated_by_its_seed_and_without_one_trained_with_the_same():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    first, again, other = (GANAugmenter(**TINY | dict(random_state=seed)).fit(X, y) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.generate(20)[0], again.generate(20)[0])
    assert (first.losses_ != other.losses_).any()
    assert first.losses_.shape == (20, 2)
    plain = [GANAugmenter(**TINY | dict(random_state=None)).fit(X, y) for _ in range(2)]
    np.testing.assert_array_equal(plain[0].losses_, plain[1].losses_)
    rows = [model.augment(Batch(X, y), np.random.default_rng(0)).X for model in plain]
    np.testing.assert_array_equal(*rows)


def test_gan__constant_columns_and_a_class_of_one_row():
    X = np.column_stack([np.ones(41), np.arange(41.0), np.full(41, np.nan)])
    new, _ = GANAugmenter(**TINY).fit(X, np.append(np.arange(40) % 2, 2)).generate(5, np.full(5, 2))
    np.testing.assert_array_equal(new, np.repeat(X[-1:], 5, axis=0))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(hidden_layer_sizes=(8, 0)), r"hidden_layer_sizes must hold ints of at least 1; got \(8, 0\)"),
        (dict(pack=32), "pack=32 is more than batch_size=16"),
        (dict(n_steps=0), "'n_steps' .* Got 0"),
        (dict(learning_rate=-1.0), r"'learning_rate' .* Got -1\.0"),
        (dict(validation_fraction=1.0), r"'validation_fraction' .* Got 1\.0"),
        (dict(patience=0), "'patience' .* Got 0"),
    ],
)
def test_gan__bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        GANAugmenter(**TINY | params).fit(np.zeros((20, 2)))


def test_gan__a_fraction_without_early_stopping_warns():
    with pytest.warns(UserWarning, match=r"GANAugmenter: validation_fraction=0\.3 has no effect, .*_stopping=False"):
        GANAugmenter(**TINY, validation_fraction=0.3).fit(np.random.default_rng(0).normal(size=(20, 2)))


def test_gan__bad_input():
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
    with pytest.raises(ValueError, match="needs rows of a table"):
        GANAugmenter(**TINY).fit(np.zeros((4, 3, 3)), np.arange(4))
    with pytest.raises(ValueError, match=r"labels that fit has not seen: \[7\]"):
        GANAugmenter(**TINY).fit(X, y).generate(2, np.array([7, 0]))
    with pytest.raises(ValueError, match="y contains NaN or infinity in row 3"):
        GANAugmenter(**TINY).fit(X, np.where(np.arange(30) == 3, np.nan, 1.5))
    names = np.array(["a", None] * 15, dtype=object)
    for early_stopping in (False, True):  # the same words, before rows are held out
        with pytest.raises(ValueError, match="every row needs a label; y has none in row 1"):
            GANAugmenter(**TINY, early_stopping=early_stopping).fit(X, names)
        with pytest.raises(ValueError, match="column 0 holds complex128 entries"):
            GANAugmenter(**TINY, early_stopping=early_stopping).fit(X * 1j, y)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_gan__a_training_that_diverges_is_an_error(early_stopping):
    X = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(ValueError, match=r"diverged in step \d+: lower learning_rate=1e\+20"):
        GANAugmenter(**TINY | dict(learning_rate=1e20), early_stopping=early_stopping).fit(X)


def test_gan__early_stopping_keeps_the_step_nearest_to_validation_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 1)) * [[1.0, -1.0]]  # columns of correlation -1
    y = np.repeat(["a", "b"], [90, 10])
    model = GANAugmenter(**TINY | dict(n_steps=60), early_stopping=True).fit(X, y)
    steps, distances = model.distance_curve_.T
    np.testing.assert_array_equal(steps, np.arange(3, 61, 3))
    assert model.best_step_ == steps[distances.argmin()]
    assert model.n_steps_ == len(model.losses_) == 60
    assert distances.min() < distances[0]
    curve = GANAugmenter(**TINY | dict(n_steps=60), early_stopping=True).fit(X, y).distance_curve_
    np.testing.assert_array_equal(model.distance_curve_, curve)
    short = GANAugmenter(**TINY | dict(n_steps=60, learning_rate=1e-9), early_stopping=True, patience=2).fit(X, y)
    assert short.n_steps_ == short.best_step_ + 6 < 60
    plain = GANAugmenter(**TINY).fit(X, y)
    assert plain.distance_curve_ is None
    assert plain.best_step_ == plain.n_steps_ == 20


def test_adversarial_pair__the_best_generator_is_that_of_its_step_and_training_is_the_same():
    n_steps, best_step, conditions = 40, 14, np.zeros((5, 0))
    options = AdversarialOptions((4,), 3, n_steps, 8, 2, 0.01)
    no_levels = SimpleNamespace(n=0, draw=lambda logits, rng: (logits, lambda d: d))
    found = []

    def distance(sample):
        found.append(sample(conditions, np.random.default_rng(1))[0].copy())
        return abs(2.0 * len(found) - best_step)  # looked at after every second step

    def trained(best):
        pair = AdversarialPair(2, no_levels, 0, options, np.random.default_rng(0))
        losses = pair.train(lambda n, rng: (rng.normal(size=(n, 2)), np.zeros((n, 0))), np.random.default_rng(0), best)
        return losses, pair.sample(conditions, np.random.default_rng(1))[0]

    best = BestGenerator(distance, n_steps, None)
    (losses, rows), (plain, last) = trained(best), trained(None)
    np.testing.assert_array_equal(losses, plain)
    np.testing.assert_array_equal(rows, found[best_step // 2 - 1])
    np.testing.assert_array_equal(last, found[-1])
    assert np.abs(rows - last).min() > 0.0
    assert [n_done for n_done, _ in best.curve] == list(range(2, 41, 2))
    losses, _ = trained(BestGenerator(lambda sample: 1.0, n_steps, 3))
    np.testing.assert_array_equal(losses, plain[:8])


def test_gan__validation_rows_are_not_trained_on_and_classes_stay():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.repeat([0, 1, 2], [57, 2, 1])
    model = GANAugmenter(**TINY, early_stopping=True, validation_fraction=0.9).fit(np.vstack([X, X]), np.tile(y, 2))
    trained = model._models[True]._trained
    assert all(len(rows) for rows in trained)
    kept, held = (np.isin(np.arange(114), trained[0]) == one for one in (True, False))
    assert 90 < held.sum() < 110
    copies = np.vstack([X[:57], X[:57]])  # equal rows stay together
    assert not set(map(tuple, copies[kept])) & set(map(tuple, copies[held]))
    with pytest.raises(
        ValueError, match="early_stopping=True of GANAugmenter needs at least 50 unique rows of X; got 40"
    ):
        GANAugmenter(**TINY, early_stopping=True).fit(np.vstack([X[:40], X[:40]]))


def test_validation_distance__compares_ranks_and_levels():
    m = 500
    z = ndtri((np.arange(m) + 0.5) / m)
    levels = Levels(columns_of(pd.DataFrame({"z": z, "level": np.where(z > 0.0, "b", "a")})), [np.arange(m)])
    rows = np.hstack([z[:, None], levels.one_hot])
    distance = ValidationDistance(rows, np.empty((m, 0)), np.zeros(m, int), levels, 0)
    other = 1.0 - levels.one_hot
    same = distance(lambda conditions, rng: (np.exp(z)[:, None], 1000.0 * levels.one_hot))
    assert same == pytest.approx(0.0, abs=1e-12)
    scale = np.sqrt([1.0, 0.5, 0.5])  # two levels have distance 1
    expected = energy_distance(rows * scale, np.hstack([z[:, None], other]) * scale)
    assert distance(lambda conditions, rng: (np.exp(z)[:, None], 1000.0 * other)) == pytest.approx(expected)
    assert expected > 0.1


def test_energy_distance__is_zero_for_equal_rows_and_that_of_two_gaussians():
    rng = np.random.default_rng(0)
    a, shift = rng.normal(size=(800, 1)), 2.0
    assert energy_distance(a, a) == pytest.approx(0.0, abs=1e-12)
    size = np.sqrt(2.0)  # of the difference of two draws
    between = size * np.sqrt(2 / np.pi) * np.exp(-0.5 * (shift / size) ** 2) + shift * (1 - 2 * norm.cdf(-shift / size))
    exact = 2.0 * between - 4.0 / np.sqrt(np.pi)  # 2 E|x - y| - E|x - x'| - E|y - y'|
    assert energy_distance(a, rng.normal(shift, 1.0, (800, 1))) == pytest.approx(exact, rel=0.1)
