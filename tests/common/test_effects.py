"""The intervals of `python -m benchmarks effects`."""

import numpy as np
import pytest
from scipy.stats import t as student

from benchmarks import effects


def crossed_values(rng, k, n, of_sets, of_rows, rest):
    sets, rows = rng.normal(0.0, of_sets, (k, 1)), rng.normal(0.0, of_rows, n)
    return sets + rows + rng.normal(0.0, rest, (k, n))


@pytest.mark.parametrize(("of_sets", "of_rows"), [(1.0, 0.0), (0.2, 3.0), (0.0, 3.0)])
def test_crossed__covers_the_mean(of_sets, of_rows):
    rng = np.random.default_rng(0)
    found = [effects.crossed(crossed_values(rng, 6, 50, of_sets, of_rows, 1.0))[0] for _ in range(400)]
    assert 0.92 < np.mean([one.low < 0.0 < one.high for one in found]) < 0.995


def test_crossed__is_the_t_interval_where_only_training_sets_vary():
    means = np.array([1.0, 2.0, 4.0])
    interval, of_rows = effects.crossed(np.repeat(means[:, None], 7, axis=1))
    half = student.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(interval, [means.mean(), means.mean() - half, means.mean() + half])
    assert of_rows == 0.0


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_log_ratios__means_are_ratios_of_losses(power):
    found, without = np.random.default_rng(0).exponential(size=(2, 3, 9))
    means = effects.log_ratios(found, without, power).mean(axis=1)
    np.testing.assert_allclose(np.exp(means), (found.mean(axis=1) / without.mean(axis=1)) ** power)


@pytest.mark.parametrize("classes", [True, False])
def test_design__training_sets_are_disjoint(classes):
    data = effects.Data("", None, 10, classes, None)
    pairs = effects.design(data, np.arange(100) % 2, 4)
    rows = np.concatenate([train for train, _ in pairs] + [pairs[0][1]])
    assert len(pairs) == 4
    assert len(np.unique(rows)) == len(rows) == 100
    assert all(len(train) == 10 and (test == pairs[0][1]).all() for train, test in pairs)
