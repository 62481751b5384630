"""Elementary functions: those of SciPy, compiled or not, in both precisions."""

import numpy as np
import pytest
from scipy.special import expit, ndtr

from skreg._core._jit import njit
from skreg._nets import elementary
from skreg._nets.layers.activations import ACTIVATIONS

REFERENCES = {"exp": np.exp, "log": np.log, "tanh": np.tanh, "logistic": expit, "normal_share": ndtr}


def compiled(name):
    function = getattr(elementary, name)

    @njit
    def run(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    def call(x):
        out = np.empty_like(x)
        run(x, out)
        return out

    return call


def plain(name):
    return lambda x: np.array([getattr(elementary, name)(v) for v in x], x.dtype)


def points(name, dtype):
    x = np.concatenate([np.linspace(-86.0, 86.0, 8_000), np.linspace(-5.0, 5.0, 4_000), [-1e-6, 1e-6]])
    return (np.exp(x) if name == "log" else x).astype(dtype)


@pytest.mark.parametrize("kind", [compiled, pytest.param(plain, marks=pytest.mark.plain)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", REFERENCES)
def test_elementary__values_are_those_of_scipy(name, dtype, kind):
    x = points(name, dtype)
    found, wanted = kind(name)(x), REFERENCES[name](x.astype(float))
    if name in ("tanh", "logistic", "normal_share"):
        assert np.abs(found).max() <= 1.0
        assert name == "tanh" or found.min() >= 0.0
    error = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1.0)
    assert error.max() < (4e-7 if dtype == np.float32 else 1e-15)
    if name in ("exp", "tanh", "logistic"):  # of small values, too
        assert np.abs(found / wanted - 1.0).max() < (5e-7 if dtype == np.float32 else 1e-15)


@pytest.mark.parametrize("name", ["exp", "tanh", "logistic", "normal_share"])
def test_elementary__nan_stays_and_far_values_end_at_the_limits(name):
    run, limits = compiled(name), dict(exp=(0.0, None), tanh=(-1.0, 1.0), logistic=(0.0, 1.0), normal_share=(0.0, 1.0))
    assert np.isnan(run(np.array([np.nan], np.float32))[0])
    low, high = run(np.array([-1e6, 1e6], np.float32))
    assert low == pytest.approx(limits[name][0], abs=5e-7)
    if limits[name][1] is not None:
        assert high == pytest.approx(limits[name][1], abs=5e-7)
        assert high <= limits[name][1]


@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_activation__vanishes_far_below_zero(name):
    activation = ACTIVATIONS[name]

    @njit
    def run(activation, v):
        return activation.activate(v)

    assert np.abs(run(activation, np.float32(-1e4))).max() < 1e-20
