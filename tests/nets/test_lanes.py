"""Sixteen numbers at a time, compiled and in plain Python."""

import numpy as np
import pytest

from skreg._core._jit import njit
from skreg._core._kernel_cache import fingerprint
from skreg._nets.lanes import LANES, load, store

HALF = np.float32(0.5)


@njit
def combine(x, y, first):
    """Replace sixteen numbers of y by a combination with those of x."""
    a, b = load(x, first), load(y, first)
    store(y, first, HALF * a - b * HALF + (a + b))


@pytest.mark.plain
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lanes__arithmetic_touches_sixteen_numbers(dtype):
    x, y = np.random.default_rng(0).standard_normal((2, 3 * LANES)).astype(dtype)
    before, first = y.copy(), LANES - 3
    combine(x, y, first)
    inside = slice(first, first + LANES)
    np.testing.assert_allclose(y[inside], 1.5 * x[inside] + 0.5 * before[inside], rtol=1e-6)
    np.testing.assert_array_equal(np.delete(y, np.arange(*inside.indices(y.size))), np.delete(before, np.r_[inside]))
    assert y.dtype == dtype


@pytest.mark.plain
def test_lanes__a_loaded_value_stays():
    x = np.arange(2.0 * LANES)
    move(x)
    np.testing.assert_array_equal(x[:LANES], np.arange(LANES) + LANES)
    np.testing.assert_array_equal(x[LANES:], np.arange(LANES))


@njit
def move(x):
    """Exchange two times sixteen numbers."""
    a, b = load(x, 0), load(x, LANES)
    store(x, 0, b)
    store(x, LANES, a)


def test_lanes__kernels_are_compiled_again_when_their_code_changes(monkeypatch):
    def kernel(a):
        store(a, 0, load(a, LANES))

    before = fingerprint(kernel)
    assert fingerprint(kernel) == before
    monkeypatch.setattr(load, "compiled_from", load.compiled_from + "# edited")
    assert fingerprint(kernel) != before
