"""Pure L2 with more columns than rows, in as many coordinates as rows: products, answers and certificates."""

import numpy as np
import pytest
import scipy.sparse as sp

from skreg import LabelSmoothedLogistic, PenalizedRegressor
from skreg._core import solve_scores as solver
from skreg._core.data import as_data
from skreg._core.parts.penalty import Penalty
from skreg._core.rotated import Rotation
from tests.reference import class_null_loss

KINDS = {
    "dense": np.asfortranarray,
    "float32": lambda X: np.asfortranarray(X, dtype=np.float32),
    "csc": sp.csc_array,
}


def problem(K, n=30, p=800, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < 0.3) * rng.uniform(0.5, 3.0, p)
    codes = (X[:, :K] + rng.gumbel(size=(n, K))).argmax(axis=1)
    codes[:K] = np.arange(K)
    return X, codes


@pytest.mark.plain
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_rotation__products_and_coefficients(kind, standardize):
    X, _ = problem(2, n=12, p=40)
    X = X.astype(np.float32).astype(float)
    weights, factor = np.random.default_rng(1).uniform(0.5, 2.0, 12), np.random.default_rng(2).uniform(0.5, 2.0, 40)
    factor[3] = np.inf
    data = as_data(KINDS[kind](X), np.empty((0, 12)), weights, True)
    rotation = Rotation(data, Penalty(0.0, factor, standardize=standardize))
    mean = weights @ X / weights.sum()
    lengths = np.sqrt(weights @ (X - mean) ** 2 / weights.sum()) if standardize else np.ones(40)
    inverse = 1.0 / (factor * lengths**2)
    np.testing.assert_allclose(rotation.F @ rotation.F.T, (X - mean) * inverse @ (X - mean).T, atol=1e-10)
    assert rotation.F.shape[1] <= 12
    u = np.random.default_rng(3).standard_normal((2, rotation.F.shape[1]))
    coef = rotation.to_coefs(u)
    np.testing.assert_allclose((X - mean) @ coef.T, rotation.F @ u.T, atol=1e-9)
    used = np.isfinite(factor)
    np.testing.assert_allclose((coef**2)[:, used] @ (factor * lengths**2)[used], np.sum(u**2, axis=1), rtol=1e-9)
    assert not coef[:, 3].any()
    np.testing.assert_allclose(rotation.from_coefs(coef), u, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("K", "intercept"), [(2, True), (3, True), (3, False)])
def test_rotated__answers_are_those_of_newton_steps(kind, K, intercept, monkeypatch):
    X, codes = problem(K)
    p = X.shape[1] if K == 3 else 1600
    X = np.tile(X, 2)[:, :p] * np.linspace(0.5, 1.5, p)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(X))
    coordinates = []
    scores = solver.Scores
    monkeypatch.setattr(solver, "Scores", lambda lik, *args: coordinates.append(lik.data.p) or scores(lik, *args))
    fits = []
    for name in ("auto", "newton"):
        coordinates.clear()
        model = LabelSmoothedLogistic(0.01, solver=name, fit_intercept=intercept, tol=1e-11, standardize=True)
        fits.append(model.fit(KINDS[kind](X), codes, weights))
        assert max(coordinates) <= (len(X) if name == "auto" else p)
    null = class_null_loss(codes, K, 0.0, weights) if intercept else np.log(K)
    for fit in fits:
        assert fit.dual_gap_ <= 1e-11 * null
    assert fits[0].objective_ == pytest.approx(fits[1].objective_, abs=2e-9 * null)
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, atol=1e-4)
    np.testing.assert_allclose(fits[0].intercept_, fits[1].intercept_, atol=1e-4)


def test_rotated__paths_and_other_losses():
    X, codes = problem(3)
    alphas, coefs, intercepts, gaps = LabelSmoothedLogistic(tol=1e-9).path(X, codes, alphas=[0.1, 0.01])
    for k, alpha in enumerate(alphas):
        single = LabelSmoothedLogistic(alpha, solver="newton", tol=1e-9).fit(X, codes)
        np.testing.assert_allclose(coefs[..., k], single.coef_, atol=1e-4)
        np.testing.assert_allclose(intercepts[:, k], single.intercept_, atol=1e-4)
    assert (gaps <= 1e-9 * class_null_loss(codes, 3, 0.0)).all()
    X = np.tile(X, 2)
    y = X[:, 0] + np.random.default_rng(0).standard_t(2, len(X))
    offset = np.linspace(-1.0, 1.0, len(X))
    model = PenalizedRegressor(0.1, loss="huber", l1_ratio=0.0, tol=1e-10).fit(X, y, offset=offset)
    slopes = np.clip(X @ model.coef_ + model.intercept_ + offset - y, -model.delta_, model.delta_) / len(X)
    np.testing.assert_allclose(-X.T @ slopes, 0.1 * model.coef_, atol=1e-5)
    assert abs(slopes.sum()) < 1e-9


def test_rotated__a_warm_start_saves_steps():
    X, codes = problem(3)
    model = LabelSmoothedLogistic(0.01, warm_start=True, tol=1e-8).fit(X, codes)
    steps = model.n_iter_
    assert model.fit(X, codes).n_iter_ < steps
