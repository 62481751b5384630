"""Average ranks, intervals and searches of `python -m benchmarks tabular`."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import ranking, tables, tuned


def test_ranks__equal_losses_share_ranks_and_wins():
    losses = np.array([[0.1, 0.3, 0.2], [0.5, 0.5, 0.9]])
    np.testing.assert_array_equal(ranking.ranks(losses), [[1.0, 3.0, 2.0], [1.5, 1.5, 3.0]])
    np.testing.assert_array_equal(ranking.wins(losses), [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])


def test_mean_over_tables__interval_covers_the_mean_of_all_tables():
    rng = np.random.default_rng(0)
    found = [ranking.mean_over_tables(rng.exponential(size=40)) for _ in range(200)]
    assert 0.86 < np.mean([low < 1.0 < high for _, low, high in found]) < 0.98


def test_geometric__is_a_mean_of_ratios():
    ratio = np.array([0.5, 2.0, 1.5, 0.8])
    mean, low, high = ranking.geometric(ratio)
    np.testing.assert_allclose(mean, np.prod(ratio) ** 0.25)
    np.testing.assert_allclose(ranking.geometric(1.0 / ratio), [1.0 / mean, 1.0 / high, 1.0 / low], rtol=1e-12)
    assert ranking.geometric([3.0, 3.0]) == pytest.approx((3.0, 3.0, 3.0))
    assert np.isnan(ranking.geometric([])).all()


def test_tables__no_table_is_both_for_choosing_and_for_reporting():
    choosing, reporting = (tables.names(part=part) for part in tables.SETS)
    assert not set(choosing) & set(reporting)
    assert sorted(choosing + reporting) == sorted(tables.names())
    assert len(choosing) >= 12
    assert len(reporting) >= 20
    old = {*tables.OLD_CLASSES, *tables.OLD_NUMBERS, *tables.BUILT_IN}
    assert old <= set(choosing)
    assert len(set(tables.CLASSES.values()) | set(tables.NUMBERS.values())) == len(tables.CLASSES) + len(tables.NUMBERS)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_search__finds_what_is_better_than_the_default():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    y = X[:, 0] + 0.1 * rng.standard_normal(60)
    model = make_pipeline(StandardScaler(), SGDRegressor(alpha=100.0, random_state=0))
    for low, is_better in ((1e-4, True), (1e3, False)):
        space = {"sgdregressor__alpha": loguniform(low, 10.0 * low)}
        best, chosen, count = tuned.search(model, lambda _, space=space: space, 27, X, y, False, 0.0)
        assert count == 1 + tuned.CANDIDATES
        assert (chosen.get("sgdregressor__max_iter") == 27) == is_better == bool(chosen)
        assert best.get_params()["sgdregressor__alpha"] == chosen.get("sgdregressor__alpha", 100.0)
    assert tuned.words({"net__l1": 1e-4, "net__dropout": 0}, "net__") == "dropout=0, l1=0.0001"
