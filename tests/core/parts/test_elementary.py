"""Exponentials and logarithms of our own against NumPy's in extended precision, and beyond their ranges."""

import numpy as np
import pytest

from skreg._core._jit import njit
from skreg._core.parts import elementary

pytestmark = pytest.mark.plain

EPS = np.finfo(float).eps
RNG = np.random.default_rng(0)
CASES = [
    (elementary.exp, np.exp, np.concatenate([RNG.uniform(-700.0, 700.0, 300), RNG.uniform(-1.0, 1.0, 300), [0.0]])),
    (elementary.log, np.log, np.concatenate([10.0 ** RNG.uniform(-320, 308, 300), RNG.uniform(0.5, 2.0, 300), [1.0]])),
    (elementary.log1p, np.log1p, np.concatenate([RNG.random(300), 10.0 ** RNG.uniform(-300, 0, 300), [0.0, 1.0]])),
]


def in_loop(function):
    """The values for many numbers, in a loop that is vectorized where it is compiled."""

    def values(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    kernel = njit(values)

    def call(x):
        out = np.empty(len(x))
        kernel(np.asarray(x, float), out)
        return out

    return call


@pytest.mark.parametrize(("function", "reference", "x"), CASES, ids=["exp", "log", "log1p"])
def test_elementary__is_accurate_to_two_units_in_the_last_place(function, reference, x):
    expected = reference(x.astype(np.longdouble))
    np.testing.assert_allclose(in_loop(function)(x), expected.astype(float), rtol=2.0 * EPS, atol=0.0)


def test_elementary__beyond_the_range():
    assert in_loop(elementary.exp)([-1e9, -np.inf]).max() < 1e-300
    assert in_loop(elementary.exp)([1e9, np.inf]).min() > 1e300
    assert in_loop(elementary.log)([0.0])[0] == pytest.approx(-745.0, rel=0.1)  # finite: its product with 0 is 0
    np.testing.assert_array_equal(in_loop(elementary.log)([np.nan, np.inf]), [np.nan, np.inf])
