"""Concordance: the definition with a loop over the events."""

import numpy as np
import pytest

from skreg._core.concordance import concordance


def definition(event, time, hazard, weights, codes):
    right = total = 0.0
    for i in np.flatnonzero(event):
        later = (codes == codes[i]) & ((time > time[i]) | ((time == time[i]) & ~event))
        pairs = weights[i] * weights[later]
        total += pairs.sum()
        right += pairs @ ((hazard[later] < hazard[i]) + 0.5 * (hazard[later] == hazard[i]))
    return right / total if total > 0.0 else np.nan


@pytest.mark.parametrize("n_strata", [1, 3, 20])
@pytest.mark.parametrize("n_values", [2, 6, 1000])
def test_concordance__is_the_definition_with_ties_weights_and_strata(n_strata, n_values):
    rng = np.random.default_rng(n_strata)
    for n in (1, 2, 3, 60):
        event, codes = rng.random(n) < 0.6, rng.integers(0, n_strata, n)
        time, hazard = rng.integers(0, n_values, (2, n)).astype(float)
        weights = rng.choice([0.0, 0.5, 1.0, 3.0], n)
        arguments = event, time, hazard, weights, codes
        assert concordance(*arguments) == pytest.approx(definition(*arguments), rel=1e-12, nan_ok=True)


def test_concordance__small_weights_beside_large_ones_count():
    event, time = np.ones(4, dtype=bool), np.array([4.0, 3.0, 2.0, 1.0])
    weights, codes = np.array([1e17, 1.0, 1.0, 1.0]), np.array([0, 1, 1, 1])
    arguments = event, time, np.array([0.0, 1.0, 3.0, 2.0]), weights, codes
    assert concordance(*arguments) == pytest.approx(2.0 / 3.0, rel=1e-12)
