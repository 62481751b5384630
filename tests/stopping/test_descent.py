"""Gradient descent with early stopping, against brute force and theory."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, mean_squared_error

from skreg import (
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
    ElasticNetProx,
    LabelSmoothedLogistic,
)
from skreg._core.data import as_data
from skreg._core.descent import Descent, spectrum
from skreg._core.parts.losses import Logistic, Multinomial, Squared

from .data import RUNS_OUT, classes, halves, numbers


def plain_descent(X, T, weights, kind, alpha, step, steps, fit_intercept):
    """Prox-gradient steps as the paper writes them; returns coefficients and intercepts."""
    w = weights / weights.sum()
    mean = w @ X if fit_intercept else np.zeros(X.shape[1])
    Z, B = X - mean, np.zeros((len(T), X.shape[1]))
    if kind is Squared:
        b = T @ w if fit_intercept else np.zeros(len(T))
        scale = 0.0
    else:
        share = T @ w
        b = np.log(share / (1.0 - share)) if kind is Logistic else np.log(share) - np.log(share).mean()
        b, scale = (b, np.linalg.eigvalsh((Z.T * w) @ Z)[-1]) if fit_intercept else (np.zeros(len(T)), 0.0)
    for _ in range(steps):
        scores = B @ Z.T + b[:, None]
        if kind is Logistic:
            scores = 1.0 / (1.0 + np.exp(-scores))
        elif kind is Multinomial:
            scores = np.exp(scores) / np.exp(scores).sum(axis=0)
        R = (scores - T) * w
        B, b = (B - step * R @ Z) / (1.0 + step * alpha), b - step * scale * R.sum(axis=1)
    return B, b - B @ mean


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("kind", [Squared, Logistic, Multinomial])
@pytest.mark.parametrize(("n", "p"), [(60, 5), (20, 40)])
@pytest.mark.parametrize("form", [np.asfortranarray, sp.csc_array])
def test_descent__steps(form, n, p, kind, fit_intercept):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)) * np.geomspace(1.0, 5.0, p) * (rng.random((n, p)) < 0.7) + 0.5
    weights = rng.integers(0, 3, n).astype(float)
    if kind is Squared:
        T = rng.standard_normal((2, n)) + 3.0
    else:
        T = (rng.integers(0, 3, n) == np.arange(3)[:, None]).astype(float)
        T = T[:1] if kind is Logistic else T
    data = as_data(form(X), np.empty((0, n)), weights, fit_intercept)
    descent = Descent(data, kind() if kind is Squared else kind(0.0), T, 0.3, 0.0)
    descent.run(1.0 / descent.curvature, False, 7, 25, lambda steps: False)
    coef, intercept = plain_descent(X, T, weights, kind, 0.3, 1.0 / descent.curvature, 25, fit_intercept)
    np.testing.assert_allclose(descent.point().coef, coef, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(descent.point().intercept, intercept, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("n", "p"), [(50, 7), (7, 50)])
def test_descent__spectrum(n, p, monkeypatch):
    rng = np.random.default_rng(0)
    X, weights = rng.standard_normal((n, p)) + 3.0, rng.uniform(0.5, 2.0, n)
    Z = (X - np.average(X, axis=0, weights=weights)) * np.sqrt(weights / weights.sum())[:, None]
    wanted = np.linalg.svd(Z, compute_uv=False) ** 2
    for form in (np.asfortranarray, sp.csc_array):
        data = as_data(form(X), np.empty((0, n)), weights)
        np.testing.assert_allclose(spectrum(data), wanted, rtol=1e-9, atol=1e-12)
        monkeypatch.setattr("skreg._core.descent.MAX_SPECTRUM_SIDE", 5)
        np.testing.assert_allclose(spectrum(data), wanted[:1], rtol=1e-3)
        monkeypatch.undo()


@pytest.mark.parametrize("accelerate", [False, True])
def test_descent__converges_to_solver_solution(accelerate):
    X, y = numbers()
    held = dict(X_val=X[:5], y_val=y[:5])
    options = dict(max_iter=3000, patience=3000, restore_best=False, accelerate=accelerate)
    for alpha, l1_ratio in ((0.1, 1.0), (0.05, 0.5), (0.1, 0.0)):
        model = EarlyStoppingRegressor(alpha=alpha, l1_ratio=l1_ratio, **options).fit(X, y, **held)
        exact = ElasticNetProx(alpha=alpha, l1_ratio=l1_ratio, tol=1e-12).fit(X, y)
        np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-5)
        assert model.intercept_ == pytest.approx(exact.intercept_, abs=1e-4)
    X, y = classes()
    model = EarlyStoppingClassifier(alpha=0.01, l1_ratio=0.5, **options).fit(X, y, X_val=X[:5], y_val=y[:5])
    exact = LabelSmoothedLogistic(alpha=0.01, l1_ratio=0.5, label_smoothing=0.0, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), exact.predict_proba(X), atol=1e-5)


def test_filter_factors__give_the_coefficients():
    X, y = numbers()
    for alpha in (0.0, 0.05):
        model = EarlyStoppingRegressor(alpha=alpha, random_state=0).fit(*halves(X, y)[:2], **halves(X, y)[2])
        A, b, _ = halves(X, y)
        Z = A - A.mean(axis=0)
        values, V = np.linalg.eigh(Z.T @ Z / len(Z))
        found, kept, ridge = model.filter_factors()
        np.testing.assert_allclose(found, values[::-1])
        least_squares = np.linalg.lstsq(Z, b - b.mean(), rcond=None)[0]
        filtered = V[:, ::-1] @ (kept * (V[:, ::-1].T @ least_squares))
        np.testing.assert_allclose(model.coef_, filtered, rtol=1e-8)
        assert model.effective_degrees_of_freedom_ == pytest.approx(kept.sum())
        as_ridge = Ridge(alpha=model.equivalent_alpha_ * len(A)).fit(A, b)
        np.testing.assert_allclose(V[:, ::-1] @ (ridge * (V[:, ::-1].T @ least_squares)), as_ridge.coef_, rtol=1e-8)


@RUNS_OUT
def test_filter_factors__ratio_to_ridge_within_the_bound_of_theory():
    """Ali, Kolter & Tibshirani (2019, lemma 5): for gradient flow, the ratio of the shares is at most 1.2985."""
    X, y = numbers()
    model = EarlyStoppingRegressor(step_size=0.01, patience=2000, max_iter=2000).fit(
        *halves(X, y)[:2], **halves(X, y)[2]
    )
    steps = np.unique(np.geomspace(20, 2000, 30).astype(int))
    _, stopped, ridge = model.filter_factors(steps)
    ratio = stopped / ridge
    assert ((ratio >= 1.0) & (ratio < 1.2985 * 1.02)).all()  # steps of finite length keep a little more than the flow
    assert ratio.max() > 1.25
    A, b, _ = halves(X, y)
    for t in (20, 200, 2000):
        fitted = EarlyStoppingRegressor(step_size=0.01, max_iter=t, patience=t, restore_best=False)
        fitted.fit(A, b, X_val=A, y_val=b)
        assert fitted.equivalent_alpha_ == pytest.approx(1.0 / (0.01 * t))
        fits = [m.predict(A) - b.mean() for m in (fitted, Ridge(alpha=fitted.equivalent_alpha_ * len(A)).fit(A, b))]
        assert 1.0 <= np.linalg.norm(fits[0]) / np.linalg.norm(fits[1]) < 1.2985 * 1.02


def test_descent__path():
    X, y = numbers()
    A, b, held = halves(X, y)
    model = EarlyStoppingRegressor(eval_every=3).fit(A, b, **held)
    path = model.path_
    assert path.steps.tolist() == list(range(0, model.n_iter_ + 1, 3))
    np.testing.assert_allclose(path.validation_loss, model.validation_curve_)
    assert path.train_loss[0] == pytest.approx(b.var())
    assert (np.diff(path.train_loss) < 0.0).all()
    assert path.norm[0] == 0.0
    assert (np.diff(path.norm) > 0.0).all()
    assert path.equivalent_alpha[0] == np.inf
    assert (np.diff(path.equivalent_alpha) < 0.0).all()
    assert path.effective_degrees_of_freedom[0] == 0.0
    assert path.effective_degrees_of_freedom[-1] < X.shape[1]
    at = path.steps.tolist().index(model.best_iter_)
    assert path.equivalent_alpha[at] == model.equivalent_alpha_
    assert path.norm[at] == pytest.approx(np.linalg.norm(model.coef_))
    fast = EarlyStoppingRegressor(accelerate=True).fit(A, b, **held)
    assert np.isnan(fast.equivalent_alpha_)
    assert not hasattr(fast, "effective_degrees_of_freedom_")
    with pytest.raises(ValueError, match="accelerate=True"):
        fast.filter_factors()
    with pytest.raises(ValueError, match=r"steps must be .* got -1"):
        model.filter_factors(-1)
    last = EarlyStoppingRegressor(restore_best=False).fit(A, b, **held)
    assert last.filter_factors()[1].sum() == pytest.approx(last.effective_degrees_of_freedom_)
    assert last.n_iter_ > last.best_iter_


@RUNS_OUT
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("cls", "data"), [(EarlyStoppingRegressor, numbers), (EarlyStoppingClassifier, classes)])
def test_descent__best_step_against_brute_force(cls, data, weighted):
    X, y, held = halves(*data())
    rng = np.random.default_rng(0)
    if weighted:
        held["sample_weight_val"] = rng.uniform(0.0, 2.0, len(held["y_val"]))
        weights = rng.uniform(0.0, 2.0, len(y))
    else:
        weights = None
    losses = []
    for t in range(1, 40):
        model = cls(max_iter=t, patience=t, restore_best=False).fit(X, y, weights, **held)
        if cls is EarlyStoppingRegressor:
            loss = mean_squared_error(
                held["y_val"], model.predict(held["X_val"]), sample_weight=held.get("sample_weight_val")
            )
        else:
            p = model.predict_proba(held["X_val"])
            loss = log_loss(held["y_val"], p, sample_weight=held.get("sample_weight_val"))
        losses.append(loss)
    stopped = cls(max_iter=39, patience=39).fit(X, y, weights, **held)
    np.testing.assert_allclose(stopped.validation_curve_[1:], losses, rtol=1e-12)
    assert stopped.best_iter_ == 1 + int(np.argmin(losses))
    again = cls(max_iter=stopped.best_iter_, patience=39, restore_best=False).fit(X, y, weights, **held)
    np.testing.assert_array_equal(again.coef_, stopped.coef_)
