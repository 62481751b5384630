"""Losses against their definitions: derivatives by differences, conjugates by suprema, limits."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from skreg._core.parts.log_links import Gamma, Poisson, Tweedie
from skreg._core.parts.losses import (
    Huber,
    Logistic,
    Multinomial,
    Quantile,
    Squared,
    evaluate,
    huber_location,
    weighted_quantile,
)

pytestmark = pytest.mark.plain

LOSSES = [  # loss, targets
    (Squared(), [-1.0, 0.3, 2.0]),
    (Logistic(0.0), [0.0, 0.3, 1.0]),
    (Huber(0.8), [-1.0, 0.3, 2.0]),
    (Quantile(0.3, 0.2), [-1.0, 0.3, 2.0]),
    (Poisson(), [0.0, 1.0, 7.0]),
    (Gamma(), [0.2, 1.0, 7.0]),
    (Tweedie(1.3), [0.0, 1.0, 7.0]),
    (Tweedie(1.8), [0.0, 1.0, 7.0]),
]
SCORES = [-2.5, -0.4, 0.35, 1.9]


def at(loss, t, z):
    """Value, slope and curvature of one row."""
    R, H = np.empty((1, 1)), np.empty(1)
    value = evaluate(loss, np.array([[t]]), np.array([[z]]), np.ones(1), R, np.empty((1, 1)), H)
    return value, R[0, 0], H[0]


@pytest.mark.parametrize(("loss", "targets"), LOSSES, ids=lambda value: str(value))
def test_loss__slope_and_curvature_are_derivatives(loss, targets):
    step = 1e-5
    for t in targets:
        for z in SCORES:
            _, slope, hess = at(loss, t, z)
            (up, above, _), (down, below, _) = at(loss, t, z + step), at(loss, t, z - step)
            assert slope == pytest.approx((up - down) / (2 * step), abs=1e-7 * max(1.0, abs(slope)))
            second = (above - below) / (2 * step)
            assert hess > 0.0
            if second > 1e-6:  # elsewhere the curvature is a small positive number instead of 0
                assert hess == pytest.approx(second, rel=1e-6)
            assert hess <= loss.max_hess


@pytest.mark.parametrize(("loss", "targets"), LOSSES, ids=lambda value: str(value))
def test_loss__conjugate_is_the_supremum(loss, targets):
    for t in targets:
        for z in SCORES:
            value, slope, _ = at(loss, t, z)
            for share in (1.0, 0.6):
                u = share * slope
                found = loss.conjugate(np.array([[t]]), np.array([[u]]))
                best = minimize_scalar(
                    lambda x, t=t, u=u: at(loss, t, x)[0] - u * x, bounds=(-40.0, 40.0), method="bounded"
                )
                assert found == pytest.approx(-best.fun, abs=1e-6)
                if share == 1.0:  # Fenchel's equality
                    assert found == pytest.approx(slope * z - value, abs=1e-9)


@pytest.mark.parametrize(
    ("loss", "t", "u"),
    [
        (Logistic(0.0), 0.0, -0.1), (Logistic(0.0), 0.3, 0.8), (Huber(0.8), 2.0, -0.9), (Quantile(0.3, 0.2), 0.0, 0.8),
        (Quantile(0.3, 0.2), 0.0, -0.4), (Poisson(), 7.0, -7.1), (Poisson(), 0.0, -1e-9), (Gamma(), 2.0, 1.1),
        (Tweedie(1.3), 0.0, -1e-9),
    ],
    ids=str,
)  # fmt: skip
def test_loss__conjugate_is_infinite_at_slopes_that_it_cannot_have(loss, t, u):
    """A certificate with a finite one would be no bound."""
    assert loss.conjugate(np.array([[t]]), np.array([[u]])) == np.inf
    some = [at(loss, t, z)[1] for z in (-30.0, 30.0)]
    assert np.isfinite([loss.conjugate(np.array([[t]]), np.array([[slope]]))[0] for slope in some]).all()


def test_multinomial__conjugate_is_infinite_at_slopes_that_it_cannot_have():
    T = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    U = np.array([[-0.3, 0.2, 0.0], [0.2, -0.1, 0.0], [0.1, -0.1, 0.0]])
    found = Multinomial(0.0).conjugate(T, U)
    np.testing.assert_array_equal(np.isinf(found), [False, True, False])
    assert found[2] == 0.0


@pytest.mark.parametrize(("loss", "targets"), LOSSES[4:], ids=lambda value: str(value))
def test_loss__deviances_are_those_of_scikit_learn(loss, targets):
    from sklearn.metrics import mean_gamma_deviance, mean_poisson_deviance, mean_tweedie_deviance

    for t in targets:
        for z in SCORES:
            mean = np.exp(z)
            expected = {
                Poisson: lambda t, m: mean_poisson_deviance([t], [m]),
                Gamma: lambda t, m: mean_gamma_deviance([t], [m]),
                Tweedie: lambda t, m: mean_tweedie_deviance([t], [m], power=loss.power),
            }[type(loss)](t, mean)
            assert 2.0 * at(loss, t, z)[0] == pytest.approx(expected, abs=1e-10)


def test_huber__tends_to_the_squared_loss():
    for t, z in ((0.3, 2.0), (-1.0, 0.0)):
        assert at(Huber(1e6), t, z) == pytest.approx(at(Squared(), t, z))


def test_quantile__smoothing_is_below_and_near():
    q, width = 0.3, 1e-3
    r = np.linspace(-1.0, 1.0, 2001)
    sharp = Quantile(q, 0.0).sharp_values(r)
    np.testing.assert_allclose(sharp, np.where(r > 0.0, q * r, (q - 1.0) * r))
    smooth = np.array([at(Quantile(q, width), 0.0, -v)[0] for v in r])
    assert (smooth <= sharp + 1e-15).all()
    assert (sharp - smooth).max() <= 0.5 * width * max(q, 1.0 - q) ** 2 + 1e-15


@pytest.mark.parametrize("q", [0.1, 0.5, 0.77])
def test_weighted_quantile__minimizes_the_quantile_loss(q):
    rng = np.random.default_rng(0)
    t, h = rng.standard_normal(30), rng.integers(0, 4, 30).astype(float)
    loss = Quantile(q, 0.0)
    best = min(h @ loss.sharp_values(t - b) for b in t)
    assert h @ loss.sharp_values(t - weighted_quantile(t, h, q)) == pytest.approx(best)


def test_squared__gradient_of_several_scores():
    step, T, R = 1e-6, np.array([[0.3], [2.0]]), np.empty((2, 1))
    Z = np.array([[-1.0], [2.5]])
    for k in range(2):
        up, down = (
            evaluate(Squared(1.7), T, Z + move * step * np.eye(2)[:, [k]], np.ones(1), R, R.copy(), np.empty(1))
            for move in (1.0, -1.0)
        )
        evaluate(Squared(1.7), T, Z, np.ones(1), R, R.copy(), np.empty(1))
        assert R[k, 0] == pytest.approx((up - down) / (2 * step), rel=1e-8)


def test_huber_location__is_where_the_slope_changes_its_sign():
    rng = np.random.default_rng(0)
    for _ in range(300):
        n, delta = rng.integers(1, 30), 10.0 ** rng.uniform(-12.0, 3.0)
        t, h = np.round(rng.standard_normal(n) ** 3 * 10.0, rng.integers(0, 6)), rng.integers(0, 3, n) + 0.0
        h[0] = 1.0
        c, rounding = huber_location(t, h, delta), 8.0 * np.spacing(np.abs(t).max())
        below, above = (h @ np.clip(t - c - side * rounding, -delta, delta) for side in (-1.0, 1.0))
        assert below >= -1e-12 * delta * h.sum()
        assert above <= 1e-12 * delta * h.sum()
    assert huber_location(np.array([1e200, -1e200, 3.0]), np.ones(3), 1.0) == 3.0
    assert huber_location(1e8 + np.array([0.0, 1.0, 10.0]), np.ones(3), 1e-9) == 1e8 + 1.0
    assert huber_location(np.full(3, 0.1), np.ones(3), 0.5) == 0.1
