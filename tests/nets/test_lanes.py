"""Sixteen numbers at a time, compiled and in plain Python."""

import numpy as np
import pytest

from skreg._core._jit import njit
from skreg._core._kernel_cache import fingerprint
from skreg._nets.lanes import LANES, exponential, load, maximum, spread, store, where_larger

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


@njit
def larger(x, y, place):
    """Replace sixteen numbers of y by the larger of these and of one number of x, times that."""
    one = load(x, 0) * HALF + load(x, 0) * HALF
    store(y, 0, maximum(one, load(y, 0)) * spread(x, place))


@pytest.mark.plain
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lanes__maximum_and_one_number(dtype):
    x, y = np.random.default_rng(0).standard_normal((2, LANES)).astype(dtype)
    wanted = np.maximum(x, y) * x[3]
    larger(x, y, 3)
    np.testing.assert_allclose(y, wanted, rtol=1e-6)


@njit
def choose(x, y):
    """Replace sixteen numbers of y by those of x plus one, where x is larger."""
    a, b = load(x, 0), load(y, 0)
    store(y, 0, where_larger(a, b, a + HALF + HALF, b))


@pytest.mark.plain
def test_lanes__where_larger_takes_the_last_for_nan():
    x, y = np.random.default_rng(0).standard_normal((2, LANES))
    x[3] = np.nan
    wanted = np.where(x > y, x + 1.0, y)
    choose(x, y)
    np.testing.assert_array_equal(y, wanted)


@njit
def exponentiate(x):
    for place in range(0, x.size, LANES):
        store(x, place, exponential(load(x, place)))


@pytest.mark.plain
@pytest.mark.parametrize(("dtype", "tol"), [(np.float32, 2e-7), (np.float64, 1e-15)])
def test_lanes__exponential_is_that_of_numpy(dtype, tol):
    x = np.append(np.linspace(-86.0, 0.1, 64 * LANES - 2), [-1e30, -np.inf]).astype(dtype)
    found = x.copy()
    exponentiate(found)
    np.testing.assert_allclose(found[:-2], np.exp(x[:-2].astype(float)), rtol=tol)
    assert (found[-2:] < 1e-37).all()
    missing = np.full(LANES, np.nan, dtype)
    exponentiate(missing)
    assert np.isnan(missing).all()
