"""From a loss of scores and a penalty to certified solutions in the user's units."""

import numpy as np

from .data.likelihood import Likelihood
from .paths import path
from .paths.newton import POLICY
from .paths.scores import Scores
from .paths.vertices import prefer_vertex
from .rotated import can_rotate, solve_rotated
from .solution import LossFit, Solution

MIN_ROWS_PER_COLUMN = 40  # with more rows than that for each column, a fit on an eighth of the rows is the start
SAMPLE_TOL = 1e-2  # tolerance of the fit on a sample of the rows
WARM_STARTS = 1  # for each decade of alpha; fewer than for squared loss, as working sets are larger


def scores_alpha_max(likelihood, penalty):
    """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part."""
    if not likelihood.data.scale.any():
        return 0.0  # no feature varies: no coefficient can differ from 0
    likelihood = scaled(likelihood, penalty)
    return path.alpha_max(Scores(likelihood), path_of(likelihood, penalty))


def scaled(likelihood, penalty):
    """The likelihood of the data as the penalty wants them scaled."""
    data = penalty.scaled(likelihood.data)
    if data is likelihood.data:
        return likelihood
    return Likelihood(data, likelihood.loss, likelihood.T, likelihood.offset)


def path_of(likelihood, penalty):
    return penalty.path(likelihood.data, likelihood.score_scale, likelihood.K)


def _on_sample(likelihood, penalty, alphas, max_iter):
    """Coefficients of a fit on a sample of the rows, as a start; None for few rows, or if a class would be missing."""
    data = likelihood.data
    if data.sparse or data.n < max(POLICY.sampled_rows, MIN_ROWS_PER_COLUMN * data.p):
        return None
    part = likelihood.on_rows(data.sample)
    if part is None:
        return None
    *_, solution = solve_scores(part, penalty, alphas, tol=SAMPLE_TOL, max_iter=max_iter)
    return solution.coef if solution.coef.any() else None


def solve_scores(likelihood, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
    """Yield a `Solution` for every alpha, each warm-started from the one before.

    Where the loss or the penalty is not convex, `gap` is the largest distance of the gradient to the subdifferential,
    for columns of norm 1 and relative to the norm of the null model's residual.

    Parameters
    ----------
    likelihood : Likelihood
        Of the rows with positive weight.
    penalty : Penalty
        The penalty without alpha.
    alphas : sequence of float
        In decreasing order warm starts help most.
    tol : float
        Duality gap to reach, relative to the loss of the null model.
    max_iter : int
        Newton steps for each alpha.
    solver : {"auto", "newton", "lbfgs"}
        L-BFGS needs pure L2 without bounds.
    coef_init : ndarray of shape (K, p) or None
        Warm start, in the user's units.
    """
    if solver != "newton" and can_rotate(likelihood, penalty, alphas):
        yield from _rotated(likelihood, penalty, alphas, tol, max_iter, coef_init)
        return
    lik, shift = likelihood, 0.0
    if lik.couples_scores and lik.data.sparse and lik.fit_intercept:  # `Scores` does not centre its columns
        data, shift = lik.data.without_large_means()
        lik = lik if data is lik.data else Likelihood(data, lik.loss, lik.T, lik.offset)
    lik = scaled(lik, penalty)
    data, family = lik.data, path_of(lik, penalty)
    s = Scores(lik, solver)
    if coef_init is None and len(alphas) == 1 and penalty.is_convex:
        coef_init = _on_sample(lik, penalty, alphas, max_iter)
        if coef_init is not None:  # the sample is not used twice
            s.steps.use_all_rows()
    null = lik.null_model.value if lik.is_convex and penalty.is_convex else 1.0
    goal = tol * null if null > lik.rounding else lik.rounding  # a null model without error has a loss of rounding
    size = data.scale * lik.score_scale
    init = None
    if coef_init is not None:
        init = np.divide(coef_init, size, out=np.zeros(coef_init.shape), where=size > 0.0).T.ravel()
    top, before = family.alpha_max(s.start), np.empty(0)
    if init is None and len(alphas) == 1 and 0.0 < alphas[0] < top:
        before = path.warm_start_alphas(top, alphas[0], WARM_STARTS)
    walk = path.points(s, family, alphas, before, goal, max_iter, init)
    unit = lik.score_scale**2 / data.weight
    for alpha, (s, point) in zip(alphas, walk, strict=True):
        if point.gap <= goal and lik.is_convex:
            point = prefer_vertex(s, family, alpha, point, goal, data)
        w = np.zeros(family.n_coordinates)
        w[point.features] = point.w
        coef = family.without_rounding(alpha, w).reshape(-1, lik.K).T * size
        intercept = s.rows.b - coef @ (s.centre + shift)
        if lik.couples_scores and lik.fit_intercept:
            intercept -= intercept.mean()  # only differences of scores matter
        gap = point.gap * (unit if lik.is_convex and penalty.is_convex else 1.0)
        yield Solution(coef, intercept, point.primal * unit, gap, point.rounds, point.gap <= goal)


def _rotated(likelihood, penalty, alphas, tol, max_iter, coef_init):
    """The solutions of `solve_rotated`; where rounding spoils one, it is where Newton steps start from."""
    family = path_of(likelihood, penalty)
    options = dict(tol=tol, max_iter=max_iter)
    for alpha, found in zip(
        alphas,
        solve_rotated(likelihood, penalty, alphas, family, solve_scores, coef_init=coef_init, **options),
        strict=True,
    ):
        if not found.met and found.n_iter < max_iter:
            start, options["max_iter"] = found, max_iter - found.n_iter
            (found,) = solve_scores(likelihood, penalty, [alpha], solver="newton", coef_init=found.coef, **options)
            found = found._replace(n_iter=found.n_iter + start.n_iter)
        yield found


class ScoresFit(LossFit):
    """A fit of a loss of scores; see `folds.RowsFit` for the squared loss.

    Parameters
    ----------
    likelihood : Likelihood
    shift : float
        What was subtracted from the targets, and is added to intercepts.
    """

    def __init__(self, likelihood, shift=0.0):
        self.likelihood = likelihood
        self.shift = shift
        self.null = np.array([self._null_loss()])
        self.max_hess = likelihood.loss.max_hess

    def _null_loss(self):
        lik = self.likelihood
        return lik.null_model.value * lik.score_scale**2 / lik.data.weight

    def alpha_max(self, penalty):
        """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part."""
        return scores_alpha_max(self.likelihood, penalty)

    def prepare(self, penalty, alphas, solver):
        """Nothing profits from all threads of BLAS."""

    def has_gap(self, penalty):
        return self.likelihood.is_convex and penalty.is_convex

    @property
    def n_scores(self):
        return self.likelihood.K

    def solve_all(self, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
        """Yield a `Solution` of one target for every alpha."""
        for found in self._solve(penalty, alphas, tol=tol, max_iter=max_iter, solver=solver, coef_init=coef_init):
            yield Solution(found.coef, found.intercept + self.shift, *(np.array([part]) for part in found[2:]))

    def _solve(self, penalty, alphas, **options):
        return solve_scores(self.likelihood, penalty, alphas, **options)
