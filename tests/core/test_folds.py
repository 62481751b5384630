"""Folds: moments and rows are the same fits and the same errors."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, ShuffleSplit

from skreg._core.data import as_data
from skreg._core.folds import MomentFolds, RowFolds, as_folds, moments_error
from skreg._core.parts.penalty import Penalty
from tests.problems import DESIGNS, PENALTIES, regression

pytestmark = pytest.mark.plain

OPTIONS = dict(tol=1e-10, max_iter=2000)


def both(kind="dense", splitter=None, weighted=True, n=45, p=6):
    X, y = regression(n, p, seed=7)
    X = X.astype(np.float32).astype(np.float64)
    Y = np.array([y, 3.0 * y + X[:, 0]])
    weights = np.random.default_rng(0).integers(0, 4, n).astype(float) if weighted else None
    data = as_data(DESIGNS[kind](X), Y, weights, True)
    splits = list((splitter or KFold(3)).split(X))
    return MomentFolds(data, Y, weights, splits), RowFolds(data, Y, weights, splits), X, Y, weights, splits


@pytest.mark.parametrize("kind", ["dense", "csc"])
@pytest.mark.parametrize("splitter", [KFold(3), ShuffleSplit(2, test_size=0.3, random_state=0)], ids=["k", "shuffle"])
@pytest.mark.parametrize("weighted", [False, True])
def test_folds__errors_from_moments_are_those_of_the_rows(kind, splitter, weighted):
    moments, rows, X, Y, weights, splits = both(kind, splitter, weighted)
    rng = np.random.default_rng(0)
    coefs, intercepts = rng.standard_normal((6, 4)), rng.standard_normal(4)
    for fold, (_, test) in enumerate(splits):
        for target in range(2):
            w = np.ones(test.size) if weights is None else weights[test]
            residual = Y[target][test, None] - X[test] @ coefs - intercepts
            expected = w @ residual**2 / w.sum()
            for folds in (moments, rows):
                np.testing.assert_allclose(folds.errors(fold, target, coefs, intercepts), expected, rtol=1e-9)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: penalty.name)
def test_folds__solutions_from_moments_are_those_of_the_rows(penalty):
    moments, rows, *_ = both()
    params = penalty.of(6)
    low, high = params.get("bounds", (0.0 if params.get("positive") else -np.inf, np.inf))
    ours = Penalty(params["l1_ratio"], params.get("penalty_factor", np.ones(6)), (low, high), "standardize" in params)
    for fit in (lambda folds: folds.train(1), lambda folds: folds.whole()):
        pair = [list(fit(folds).solve_all(ours, [0.3, 0.03], **OPTIONS)) for folds in (moments, rows)]
        for one, other in zip(*pair, strict=True):
            assert one.met.all()
            assert other.met.all()
            np.testing.assert_allclose(one.objective, other.objective, rtol=1e-8)
            np.testing.assert_allclose(one.coef, other.coef, atol=1e-4 * np.abs(other.coef).max() + 1e-9)
        np.testing.assert_allclose(fit(moments).null, fit(rows).null, rtol=1e-9)


def test_folds__errors_that_cancel_are_taken_from_the_rows():
    moments, rows, X, Y, *_ = both(weighted=False)
    coefs = np.linalg.lstsq(X - X.mean(axis=0), X[:, 0] - X[:, 0].mean(), rcond=None)[0][:, None]
    Y[1] = X[:, 0]  # the model is exact
    exact, by_rows = MomentFolds(moments.data, Y, None, rows.splits), RowFolds(rows.data, Y, None, rows.splits)
    exact.data = as_data(moments.data.X, Y, None, True)
    exact = MomentFolds(exact.data, Y, None, rows.splits)
    assert np.isnan(moments_error(exact.data, exact.tests[0], 1, coefs, np.zeros(1))).all()
    found = exact.errors(0, 1, coefs, np.zeros(1))
    np.testing.assert_array_equal(found, by_rows.errors(0, 1, coefs, np.zeros(1)))
    assert found[0] < 1e-25


def test_folds__moments_of_the_training_rows_are_summed_where_differences_cancel():
    X, y = regression(60, 3, seed=1)
    X[:20] *= 1e6  # one fold holds nearly all of the sums of squares
    data = as_data(np.asfortranarray(X), y[None], None, False)
    folds = MomentFolds(data, y[None], None, list(KFold(3).split(X)))
    np.testing.assert_allclose(folds.moments(0), next(data.moments_of([np.arange(20, 60)])), rtol=1e-12)


def test_as_folds__moments_for_many_more_rows_than_columns():
    X, y = regression(50, 10, seed=1)
    splits = list(KFold(2).split(X))
    for n, solver, kind in ((50, "auto", MomentFolds), (50, "cd", RowFolds), (49, "gram", RowFolds)):
        data = as_data(np.asfortranarray(X[:n]), y[None, :n], None, True)
        assert type(as_folds(data, y[None, :n], None, [(a[a < n], b[b < n]) for a, b in splits], solver)) is kind
