"""From a loss of scores and a penalty to certified solutions in the user's units."""

import numpy as np

from . import path
from .likelihood import Likelihood
from .newton import POLICY
from .scores import Scores
from .solve import Solution, without_rounding

MIN_ROWS_PER_COLUMN = 40  # with more rows than that for each column, a fit on an eighth of the rows is the start
SAMPLE_TOL = 1e-2  # tolerance of the fit on a sample of the rows
WARM_STARTS = 1  # for each decade of alpha; fewer than for squared loss, as working sets are larger


def scores_alpha_max(likelihood, penalty, grouped=False):
    """The smallest alpha for which every penalized coefficient is 0; infinite without an L1 part."""
    if not likelihood.data.scale.any():
        return 0.0  # no feature varies: no coefficient can differ from 0
    likelihood = _scaled(likelihood, penalty)
    return path.alpha_max(Scores(likelihood), _path_of(likelihood, penalty, grouped))


def _scaled(likelihood, penalty):
    """The likelihood of the data as the penalty wants them scaled."""
    data = penalty.scaled(likelihood.data)
    if data is likelihood.data:
        return likelihood
    return Likelihood(data, likelihood.loss, likelihood.T, likelihood.offset)


def _path_of(likelihood, penalty, grouped):
    return penalty.path(likelihood.data, likelihood.score_scale, likelihood.K, grouped)


def _on_sample(likelihood, penalty, alphas, max_iter, grouped):
    """Coefficients of a fit on a sample of the rows, as a start; None for few rows, or if a class would be missing."""
    data = likelihood.data
    if data.sparse or data.n < max(POLICY.sampled_rows, MIN_ROWS_PER_COLUMN * data.p):
        return None
    part = likelihood.on_rows(data.sample)
    if part is None:
        return None
    *_, solution = solve_scores(part, penalty, alphas, tol=SAMPLE_TOL, max_iter=max_iter, grouped=grouped)
    return solution.coef if solution.coef.any() else None


def solve_scores(likelihood, penalty, alphas, *, tol, max_iter, grouped=False, solver="auto", coef_init=None):
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
    grouped : bool
        Whether the penalty acts on the norm of a column's coefficients for all classes.
    solver : {"auto", "newton", "lbfgs"}
        L-BFGS needs pure L2 without bounds.
    coef_init : ndarray of shape (K, p) or None
        Warm start, in the user's units.
    """
    lik, shift = _scaled(likelihood, penalty), 0.0
    if lik.K > 1 and lik.data.sparse and lik.fit_intercept:  # `Scores` does not centre its columns
        data, shift = lik.data.without_large_means()
        lik = lik if data is lik.data else Likelihood(data, lik.loss, lik.T, lik.offset)
    data, family = lik.data, _path_of(lik, penalty, grouped)
    s = Scores(lik, solver)
    if coef_init is None and len(alphas) == 1 and penalty.is_convex:
        coef_init = _on_sample(lik, penalty, alphas, max_iter, grouped)
        if coef_init is not None:  # the sample is not used twice
            s.steps.use_all_rows()
    goal = tol * (lik.null_model.value if lik.is_convex and penalty.is_convex else 1.0)
    size = data.scale * lik.score_scale
    init = None
    if coef_init is not None:
        init = np.divide(coef_init, size, out=np.zeros(coef_init.shape), where=size > 0.0).T.ravel()
    top, before = family.alpha_max(s.start), np.empty(0)
    if init is None and len(alphas) == 1 and 0.0 < alphas[0] < top:
        before = path.warm_start_alphas(top, alphas[0], WARM_STARTS)
    walk = path.points(s, lambda: Scores(lik, solver), family, alphas, before, goal, max_iter, init)
    unit = lik.score_scale**2 / data.weight
    for alpha, (s, point) in zip(alphas, walk, strict=True):
        w = without_rounding(point.w, family, point.features) if alpha > 0.0 else point.w
        coef = s.unfold(point.features, w) * size
        intercept = s.rows.b - coef @ (s.centre + shift)
        if lik.K > 1 and lik.fit_intercept:
            intercept -= intercept.mean()  # only differences of scores matter
        gap = point.gap * (unit if lik.is_convex and penalty.is_convex else 1.0)
        yield Solution(coef, intercept, point.primal * unit, gap, point.rounds, point.gap <= goal)
