"""Losses against their definitions: derivatives by differences."""

import numpy as np
import pytest

from skreg._core.losses import Squared

pytestmark = pytest.mark.plain


def test_losses__squared_gradient_is_the_derivative():
    step, T, R = 1e-6, np.array([[0.3], [2.0]]), np.empty((2, 1))
    for k in range(2):
        up, down = (
            Squared(1.7).evaluate(
                T, np.array([[-1.0], [2.5]]) + move * step * np.eye(2)[:, [k]], np.ones(1), R, R, np.empty(1)
            )
            for move in (1.0, -1.0)
        )
        Squared(1.7).evaluate(T, np.array([[-1.0], [2.5]]), np.ones(1), R, R, np.empty(1))
        assert R[k, 0] == pytest.approx((up - down) / (2 * step), rel=1e-8)
