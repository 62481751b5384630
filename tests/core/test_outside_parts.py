"""A loss and a penalty from outside the package, by the recipes in CONTRIBUTING: they work, and so do their edits."""

import os
import sys

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.processes import run_script

PARTS = '''
import math
from typing import NamedTuple

import numpy as np

from skreg._core._jit import jitted, not_compiled
from skreg._core.data import as_data
from skreg._core.data.likelihood import Likelihood
from skreg._core.parts.losses import of_one_score
from skreg._core.parts.penalties import blocks_of_one
from skreg._core.parts.penalty import Penalty
from skreg._core.parts.penalty_paths import CoefficientPath
from skreg._core.solve_scores import solve_scores

FACTOR = 1.0


@jitted
@of_one_score
class LogCosh(NamedTuple):
    """log(cosh(z - t))."""

    scale: float = 1.0

    is_convex = True
    max_hess = 1.0
    misfit_hess = 0.0

    def value_grad_hess(self, t, z):
        r = z - t
        slope = math.tanh(r)
        return math.log(math.cosh(r)), slope, 1.0 - slope * slope + 1e-9

    @not_compiled
    def conjugate(self, T, U):
        u = np.clip(U[0], -1.0 + 1e-15, 1.0 - 1e-15)
        return u * np.arctanh(u) + 0.5 * np.log1p(-u * u) + T[0] * u

    @not_compiled
    def null_scores(self, T, h):
        return T @ h / h.sum()


@jitted
@blocks_of_one
class Asymmetric(NamedTuple):
    """l1 (|w| + |w| / 2 where w is negative), with l2 for the protocol."""

    l1: np.ndarray
    l2: np.ndarray

    is_convex = True
    is_piecewise_quadratic = True

    def height(self, w, j):
        return FACTOR * (1.0 if w > 0.0 else 1.5) * self.l1[j]

    def prox(self, v, step, j):
        t = step * self.height(v, j)
        return v - t if v > t else v + t if v < -t else 0.0

    def value(self, w, j):
        return self.height(w, j) * abs(w)

    def slope(self, w, j):
        return math.copysign(self.height(w, j), w) if w != 0.0 else 0.0

    def curvature(self, w, j):
        return 0.0

    def is_smooth(self, w, j):
        return w != 0.0

    def clip(self, w, old, j):
        return 0.0 if w * old <= 0.0 else w

    def conjugate(self, c, j):
        return 0.0 if abs(c) <= self.height(c, j) * (1.0 + 1e-12) else np.inf

    def feasible_scale(self, c, j):
        return min(1.0, self.height(c, j) / abs(c)) if c != 0.0 else 1.0

    def vanishing_scale(self, c, j):
        return self.feasible_scale(c, j)

    def subdiff_distance(self, w, c, j):
        if w == 0.0:
            return max(abs(c) - self.height(c, j), 0.0)
        return abs(c - self.slope(w, j))


class AsymmetricPath(CoefficientPath):
    def at(self, alpha, blocks):
        return Asymmetric(alpha * self.l1[blocks], alpha * self.l2[blocks])

    def entry_alpha(self, c):
        return np.abs(c) / (FACTOR * np.where(c > 0.0, 1.0, 1.5) * self.l1)

    def largest_entry_alpha(self, size):
        return size / (FACTOR * self.l1)


class OursAsPenalty(Penalty):
    def path(self, data, unit, n_scores=1):
        path = super().path(data, unit)
        return AsymmetricPath(path.l1, path.l2, path.lower, path.upper)


rng = np.random.default_rng(0)
X = np.asfortranarray(rng.standard_normal((60, 5)))
y = X @ [1.0, -1.0, 0.0, 0.5, 0.0] + rng.standard_normal(60)
likelihood = Likelihood(as_data(X, np.empty((0, 60)), None, True), LogCosh(), y[None])
(found,) = solve_scores(likelihood, OursAsPenalty(1.0, np.ones(5)), [0.1], tol=1e-10, max_iter=200)
print(*found.coef[0], found.intercept[0], found.gap)
'''


def expected(factor):
    """The same problem by a general solver, with positive and negative parts of the coefficients."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5))
    y = X @ [1.0, -1.0, 0.0, 0.5, 0.0] + rng.standard_normal(60)

    def objective(v):
        r = X @ (v[:5] - v[5:10]) + v[10] - y
        g = np.append(X.T @ np.tanh(r), np.tanh(r).sum()) / 60
        value = np.mean(np.log(np.cosh(r))) + 0.1 * factor * (v[:5].sum() + 1.5 * v[5:10].sum())
        return value, np.concatenate([g[:5] + 0.1 * factor, 0.15 * factor - g[:5], g[5:]])

    bounds = [(0.0, None)] * 10 + [(None, None)]
    found = minimize(
        objective, np.zeros(11), jac=True, method="L-BFGS-B", bounds=bounds, options=dict(ftol=0, gtol=1e-9)
    )
    return found.x[:5] - found.x[5:10]


def test_outside_parts__a_loss_and_a_penalty_and_their_edits(tmp_path):
    script = tmp_path / "parts_of_a_user.py"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for factor in (1.0, 0.4):
        script.write_text(PARTS.replace("FACTOR = 1.0", f"FACTOR = {factor}"))
        *coef, intercept, gap = map(float, run_script(script, env=environment).split())
        np.testing.assert_allclose(coef, expected(factor), atol=1e-5)
        assert gap <= 1e-10
        assert 0.0 in coef or factor < 1.0
        assert np.isfinite(intercept)


@pytest.mark.plain
def test_outside_parts__a_missing_part_of_the_protocol_is_named():
    from typing import NamedTuple

    from skreg._core.loops.certificates import penalty_value
    from skreg._core.parts.penalties import blocks_of_one

    @blocks_of_one
    class Nothing(NamedTuple):
        l1: np.ndarray

    with pytest.raises(AttributeError, match="value"):
        getattr(penalty_value, "py_func", penalty_value)(Nothing(np.ones(1)), np.ones(1))
