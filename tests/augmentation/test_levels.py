"""One-hot levels of categories: their probabilities, the gradient of a drawn level, shares in every class."""

import numpy as np
import pandas as pd
import pytest

from skreg.augmentation import GANAugmenter, GaussianCopulaAugmenter
from skreg.augmentation._levels import MAX_LEVELS, TEMPERATURE, Levels
from skreg.augmentation._ranks import columns_of


@pytest.fixture
def levels():
    frame = pd.DataFrame({"a": list("xyzx") * 3, "number": np.arange(12.0), "b": ["u", None, "v"] * 4})
    return Levels(columns_of(frame), [np.arange(4), np.arange(4, 12)])


def test_levels__are_those_of_categories_with_missing_entries_as_one(levels):
    assert levels.columns == [0, 2]
    assert levels.n == 6
    np.testing.assert_array_equal(levels.one_hot.sum(axis=0)[3:], [4, 4, 4])
    np.testing.assert_allclose(np.sort(levels.shares[0, :3]), [0.25, 0.25, 0.5])
    many = pd.DataFrame({"name": [f"name {k}" for k in range(MAX_LEVELS + 1)]})
    assert Levels(columns_of(many), [np.arange(MAX_LEVELS + 1)]).n == 0


def test_levels__are_drawn_with_the_probabilities_of_their_logits(levels):
    logits = np.log([0.2, 0.5, 0.3, 0.1, 0.1, 0.8])
    drawn, _ = levels.draw(np.tile(logits, (20000, 1)), np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), np.exp(logits), atol=0.015)
    assert (drawn[:, :3].sum(axis=1) == 1.0).all()
    assert (drawn[:, 3:].sum(axis=1) == 1.0).all()


def test_levels__backward_pass_is_that_of_the_softmax_of_the_noisy_logits(levels):
    rng = np.random.default_rng(0)
    logits, d = rng.normal(size=(2, 6)), rng.normal(size=(2, 6))
    _, back = levels.draw(logits, np.random.default_rng(1))
    noise = -np.log(np.random.default_rng(1).standard_exponential((2, 6), dtype=np.float32)).astype(float)

    def value(z):
        parts = np.split(np.exp((z + noise) / TEMPERATURE), [3], axis=1)
        return (d * np.hstack([part / part.sum(axis=1, keepdims=True) for part in parts])).sum()

    step = 1e-6 * np.eye(12).reshape(12, 2, 6)
    slopes = [(value(logits + one) - value(logits - one)) / 2e-6 for one in step]
    np.testing.assert_allclose(back(d).ravel(), slopes, rtol=1e-4, atol=1e-6)


def test_levels__noise_of_zero_has_a_finite_gradient(levels):
    class Zeros:
        def standard_exponential(self, shape, dtype):
            return np.where(np.arange(shape[1]) < 2, 0.0, np.ones(shape)).astype(dtype)

    logits = np.array([[0.0, 1.0, 0.0, 0.0, -np.inf, 0.0]], np.float32)
    drawn, back = levels.draw(logits, Zeros())
    np.testing.assert_array_equal(drawn[0, :3], [0.0, 1.0, 0.0])
    assert np.isfinite(back(np.ones((1, 6), np.float32))).all()


def test_levels__offsets_give_the_shares_of_the_class(levels):
    logits = np.random.default_rng(0).normal(size=(500, 6))
    for k in range(2):
        p = levels._softmax(logits + levels.offsets(k, logits))
        np.testing.assert_allclose(p.mean(axis=0), levels.shares[k], atol=1e-3)


def test_gan__learns_a_relation_of_unordered_categories_which_a_copula_loses():
    rng = np.random.default_rng(0)
    k, names = rng.integers(5, size=300), np.array(list("ABCDE"))
    X = pd.DataFrame({"a": names[k], "b": names[np.array([2, 0, 4, 1, 3])[k]]})
    gan = GANAugmenter(32, n_steps=400, batch_size=64, pack=1, learning_rate=0.01, random_state=0)
    partner = dict(zip(X["a"], X["b"], strict=True))
    right = [
        (new["a"].map(partner) == new["b"]).mean()
        for new in (model.fit(X).generate(2000)[0] for model in (gan, GaussianCopulaAugmenter(random_state=0)))
    ]
    assert right[0] > 0.75
    assert right[1] < 0.65
