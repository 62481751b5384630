"""Proximal Newton on row blocks finds what the solvers in memory find, with as good a certificate."""

import functools
import operator
from copy import copy

import numpy as np
import pytest

from skreg._core.block_fits import add_each, cells_of_block
from skreg._core.block_newton import BlockScoresFit
from skreg._core.block_scores import BlockScores, LossRows
from skreg._core.data import as_data
from skreg._core.data.blocks import BlockData
from skreg._core.data.likelihood import Likelihood
from skreg._core.parts.log_links import Poisson
from skreg._core.parts.losses import Huber, Logistic, Multinomial
from skreg._core.parts.penalty import Penalty
from skreg._core.solve_scores import scores_alpha_max, solve_scores

P = 6


class ListBlocks:
    """Blocks of a matrix in memory."""

    def __init__(self, X, Y, weights, size=37):
        self.n, self.p = X.shape
        starts = range(0, self.n, size)
        self.parts = [
            (X[i : i + size], Y[:, i : i + size], None if weights is None else weights[i : i + size], i) for i in starts
        ]

    def sample(self, step):
        """A third of the blocks, so that fits start on few rows."""
        blocks = copy(self)
        blocks.parts = self.parts[1::3]
        return blocks

    def total(self, function, *arguments, add=operator.add):
        return functools.reduce(add, (function(*part, *arguments) for part in self.parts))


def problem(loss, weighted):
    """X, targets, weights, and the intercepts of the null model."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, P)) * [1, 10, 0.1, 1, 1, 1] + [0, 5, 0, 0, -3, 0]
    X[:, 5] = 2.0  # constant
    z = X[:, 0] - 0.1 * X[:, 1]
    weights = rng.integers(0, 3, 300).astype(float) if weighted else None
    if isinstance(loss, Multinomial):
        T = np.eye(3)[(np.column_stack([z, -z, X[:, 3]]) + rng.gumbel(size=(300, 3))).argmax(axis=1)].T * 0.9 + 0.1 / 3
    elif isinstance(loss, Logistic):
        T = (z + rng.logistic(size=300) > 0)[None] * 0.9 + 0.05
    elif isinstance(loss, Poisson):
        T = rng.poisson(np.exp(0.5 * z))[None].astype(float)
    else:
        T = (z + rng.standard_t(2, size=300))[None]
    return X, T, weights


def identity(Y):
    return Y


def block_fit(loss, X, T, weights, intercept):
    blocks = ListBlocks(X, T, weights)
    data = BlockData(blocks, [*blocks.total(cells_of_block, None, add=add_each).values()], intercept)
    return BlockScoresFit(BlockScores(data, LossRows(loss, identity, data.mean, data.scale), np.zeros(len(T))))


CASES = [
    (Logistic(0.0), Penalty(1.0, np.ones(P)), 0.02, True),
    (Logistic(0.0), Penalty(0.0, np.ones(P), standardize=True), 1e-4, False),
    (Logistic(0.0), Penalty(0.5, np.array([0, 1, 1, 1, 1, 1.0])), 0.05, True),
    (Logistic(0.0), Penalty(0.5, np.ones(P), bounds=(np.full(P, 0.01), np.full(P, 0.3))), 0.01, True),
    (Multinomial(0.0), Penalty(1.0, np.ones(P)), 0.01, True),
    (Multinomial(0.0), Penalty(0.5, np.ones(P), is_joint=True), 0.01, True),
    (Poisson(), Penalty(0.9, np.ones(P)), 0.01, True),
    (Huber(0.5), Penalty(1.0, np.ones(P)), 0.02, True),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "penalty", "alpha", "intercept"), CASES, ids=str)
def test_block_scores__objective_and_gap_as_in_memory(loss, penalty, alpha, intercept, weighted):
    X, T, weights = problem(loss, weighted)
    fit = block_fit(loss, X, T, weights, intercept)
    lik = Likelihood(as_data(X, np.empty((0, 300)), weights, intercept), loss, T)
    assert fit.alpha_max(penalty) == pytest.approx(scores_alpha_max(lik, penalty), rel=1e-6)
    (whole,) = solve_scores(lik, penalty, [alpha], tol=1e-8, max_iter=100)
    (found,) = fit._solve(penalty, [alpha], tol=1e-8, max_iter=100)
    unit = lik.null_model.value * lik.score_scale**2 / lik.data.weight
    assert fit.null[0] == pytest.approx(unit, rel=1e-10)
    assert found.met
    assert found.gap <= 1e-8 * unit
    assert abs(found.objective - whole.objective) <= 1e-8 * unit
    np.testing.assert_allclose(found.coef, whole.coef, atol=1e-3 * np.abs(whole.coef).max())
    np.testing.assert_allclose(
        found.coef @ X.T + found.intercept[:, None], whole.coef @ X.T + whole.intercept[:, None], atol=1e-2
    )


@pytest.mark.parametrize(("loss", "penalty", "alpha", "intercept"), CASES, ids=str)
def test_block_scores__gap_bounds_the_distance_to_the_minimum_after_few_steps(loss, penalty, alpha, intercept):
    X, T, weights = problem(loss, True)
    fit = block_fit(loss, X, T, weights, intercept)
    (best,) = fit._solve(penalty, [alpha], tol=1e-10, max_iter=100)
    for tol, max_iter in [(0.5, 100), (0.03, 100), (1e-3, 100), (0.0, 1), (0.0, 2)]:
        (found,) = fit._solve(penalty, [alpha], tol=tol, max_iter=max_iter)
        assert best.objective - best.gap <= found.objective <= best.objective + found.gap + 1e-13


def test_block_scores__path_is_that_of_separate_fits():
    X, T, _ = problem(Logistic(0.0), False)
    fit = block_fit(Logistic(0.0), X, T, None, True)
    penalty, alphas = Penalty(1.0, np.ones(P)), [0.1, 0.03, 0.01]
    for alpha, found in zip(alphas, fit.solve_all(penalty, alphas, tol=1e-10, max_iter=50), strict=True):
        (alone,) = fit.solve_all(penalty, [alpha], tol=1e-10, max_iter=50)
        np.testing.assert_allclose(found.coef, alone.coef, atol=1e-5)
        assert found.n_iter[0] <= alone.n_iter[0] + 1
