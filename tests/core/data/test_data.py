"""Normalization of X and y: accuracy of means and scales, constant columns."""

import numpy as np
import pytest

from skreg._core.data import as_data

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("ratio", [1e3, 1e7, 1e10])
def test_data__means_that_dwarf_the_deviations(ratio):
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((200, 3))
    X = np.asfortranarray(noise + ratio)
    exact = X - ratio  # exact in floating point: what X really holds
    data = as_data(X, noise[:1, 0] + np.zeros((1, 200)) + noise[:, 1], None, True)
    Z = exact - exact.mean(axis=0)
    np.testing.assert_allclose(data.spread, Z.std(axis=0), rtol=1e-10)
    Z /= np.linalg.norm(Z, axis=0)
    np.testing.assert_allclose(data.gram, Z.T @ Z, atol=1e-10)


def test_data__a_column_is_constant_to_rounding():
    X = np.full((100, 3), 0.1)
    X[0, 1] += 1e-9
    data = as_data(np.asfortranarray(X), np.arange(100.0)[None], None, True)
    assert data.scale[0] == 0.0
    assert data.scale[1] > 0.0
