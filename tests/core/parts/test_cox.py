"""The partial likelihood against its definition, its derivatives, and the bound of its conjugate."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize

from skreg import PenalizedCox
from skreg._core.data import as_data
from skreg._core.data.likelihood import Likelihood
from skreg._core.parts.cox import cox_loss
from skreg._core.parts.losses import evaluate
from skreg._core.parts.penalty import Penalty
from skreg._core.paths.expansion import OneScore
from skreg._core.paths.scores import Scores

pytestmark = pytest.mark.plain


def problem(n=25, strata=False):
    rng = np.random.default_rng(0)
    time = rng.integers(1, 8, n).astype(float)
    event = (rng.random(n) < 0.6).astype(float)
    weights = rng.uniform(0.5, 2.0, n)
    weights[3] = 0.0
    return time, event, weights, rng.integers(0, 3, n) if strata else np.zeros(n, int)


def at(loss, event, weights, z):
    R, P, H = np.empty((1, z.size)), np.empty((1, z.size)), np.empty(z.size)
    return evaluate(loss, event[None], z[None], weights, R, P, H), R[0], P, H


def definition(time, event, weights, strata, z, efron):
    """Minus the logarithm of the partial likelihood, minus its infimum, by loops over strata and times."""
    total = 0.0
    for stratum in np.unique(strata):
        own = (strata == stratum) & (weights > 0.0)
        for t in np.unique(time[own & (event > 0.0)]):
            risk, dead = own & (time >= t), own & (time == t) & (event > 0.0)
            D, top = weights[dead].sum(), z[risk].max()  # which keeps all exponentials from overflow, and a sum above 0
            S, E = weights[risk] @ np.exp(z[risk] - top), weights[dead] @ np.exp(z[dead] - top)
            steps = dead.sum() if efron else 1
            for k in range(steps):
                share = k / dead.sum() if efron else 0.0
                total += D / steps * (top + np.log(S - share * E) - np.log(D * (1.0 - share)))
            total -= weights[dead] @ z[dead]
    return total


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("strata", [False, True])
def test_cox__value_slopes_and_curvatures(ties, strata):
    time, event, weights, codes = problem(strata=strata)
    loss = cox_loss(time, codes, ties)
    z = np.random.default_rng(1).standard_normal(time.size)
    value, R, _, H = at(loss, event, weights, z)
    assert value == pytest.approx(definition(time, event, weights, codes, z, ties == "efron"), abs=1e-10)
    step, rows = 1e-5, np.eye(z.size)
    slopes = [
        (at(loss, event, weights, z + step * e)[0] - at(loss, event, weights, z - step * e)[0]) / (2 * step)
        for e in rows
    ]
    np.testing.assert_allclose(R, slopes, atol=1e-7)
    hessian = [
        (at(loss, event, weights, z + step * e)[1] - at(loss, event, weights, z - step * e)[1]) / (2 * step)
        for e in rows
    ]
    assert np.linalg.eigvalsh(np.diag(weights * H) - hessian).min() > -1e-7  # an upper bound
    assert at(loss, event, weights, z + 700.0)[0] == pytest.approx(value)  # only differences of scores matter


def test_cox__rows_that_cannot_matter_do_not():
    """Neither without weight, nor censored before the first event, however large their hazards are."""
    time, event, weights, _ = problem()
    z = np.random.default_rng(1).standard_normal(time.size)
    expected = at(cox_loss(time, None, "breslow"), event, weights, z)
    more = ([9.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2e3, 3e3])
    time, event, weights, z = map(np.append, (time, event, weights, z), more)
    value, R, P, H = at(cox_loss(time, None, "breslow"), event, weights, z)
    assert value == pytest.approx(expected[0])
    np.testing.assert_allclose(R[:-2], expected[1])
    assert not R[-2:].any()
    assert not H[-2:].any()
    conjugate = cox_loss(time, None, "breslow").conjugate_sum(event[None], None, weights, P, 1.0)
    assert conjugate == pytest.approx(R @ np.where(weights > 0.0, z, 0.0) - value)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("strata", [False, True])
def test_cox__conjugate_is_bounded_from_above(ties, strata):
    time, event, weights, codes = problem(strata=strata)
    loss = cox_loss(time, codes, ties)
    z = np.random.default_rng(1).standard_normal(time.size)
    value, R, P, _ = at(loss, event, weights, z)
    assert loss.conjugate_sum(event[None], None, weights, P, 1.0) == pytest.approx(R @ z - value, abs=1e-10)
    assert loss.conjugate_sum(event[None], None, weights, P, 0.0) == pytest.approx(0.0, abs=1e-10)

    def below(v):
        found = at(loss, event, weights, v)
        return found[0] - 0.5 * R @ v, found[1] - 0.5 * R

    best = minimize(below, z, jac=True, method="BFGS", options=dict(gtol=1e-8, maxiter=1000))
    bound = loss.conjugate_sum(event[None], None, weights, P, 0.5)
    assert bound >= -best.fun - 1e-8
    assert bound <= 0.5 * loss.conjugate_sum(event[None], None, weights, P, 1.0) + 1e-10  # it is convex in the scale


@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("strata", [False, True])
@pytest.mark.parametrize("at_once", [3, 8])
def test_cox__curvature_matrix_is_the_hessian(at_once, ties, strata, kind, monkeypatch):
    """Of all columns, in parts of a few; and of the last columns with all."""
    monkeypatch.setattr("skreg._core.paths.expansion.LEAST_VECTORS", at_once)
    monkeypatch.setattr("skreg._core.paths.expansion.ENTRIES_PER_PRODUCT", 1)
    time, event, weights, codes = problem(40, strata)
    rng = np.random.default_rng(1)
    X = rng.standard_normal((40, 5)) * (rng.random((40, 5)) < 0.7)
    data = as_data(kind(X), np.empty((0, 40)), weights, True)
    likelihood = Likelihood(data, cox_loss(time, codes, ties), event[None])
    s = Scores(likelihood)
    s.add(Penalty(1.0, np.ones(5)).path(data, 1.0), np.arange(5), np.zeros(5, bool), np.abs(s.start))
    w = 0.5 * rng.standard_normal(5)
    s.move(w)
    model = OneScore(s)
    H = []
    for e in np.eye(5):
        s.move(w + 1e-5 * e)
        up = s.c
        s.move(w - 1e-5 * e)
        H.append((s.c - up) / 2e-5)
    np.testing.assert_allclose(model.curvature(np.arange(5), None, 5), H, atol=1e-6)
    np.testing.assert_allclose(model.curvature(np.arange(5), None, 2), np.array(H)[3:], atol=1e-6)


def test_cox__few_steps_from_a_rough_to_an_exact_solution():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 20)) + rng.standard_normal((300, 1))
    time, end = rng.exponential(np.exp(-X[:, :4].sum(axis=1))), rng.exponential(1.0, 300)
    y = np.column_stack([time <= end, np.minimum(time, end)])
    rough, exact = (PenalizedCox(0.01, l1_ratio=0.5, tol=tol).fit(X, y) for tol in (1e-4, 1e-12))
    assert exact.n_iter_ <= rough.n_iter_ + 15  # with a bound of the curvature there were 39 more
