"""Verify answers on the original data: objectives by plain NumPy, gaps by skreg's certificate."""

import functools

import numpy as np
import scipy.sparse as sp

from skreg._core.certify import certify, form_of_all_columns
from skreg._core.data import as_data
from skreg._core.parts.penalty import Penalty

ACCURATE = 1e-6  # relative suboptimality, or relative gap, of the class that is compared


class Judge:
    """Verifies answers on the original data, for one L1 ratio.

    Parameters
    ----------
    X, y : the data
    l1_ratio : float
    reference : callable
        Takes strengths and gives very accurate answers: what suboptimality is measured from, unless somebody finds a
        better objective.
    """

    def __init__(self, X, y, l1_ratio, reference):
        self.X, self.y, self.l1_ratio, self.reference = X, y, l1_ratio, reference
        self.data = as_data(X, y[None])
        self.form = form_of_all_columns(self.data, 0, gram=False)
        self.best = {}

    def objectives(self, answer):
        """Objectives of an answer, in float64; inf where coefficients are not finite."""
        alphas, coefs = answer.alphas, np.asarray(answer.coefs, dtype=np.float64)
        if not np.isfinite(coefs).all():
            return np.full(alphas.size, np.inf)
        residuals = self.y[:, None] - self.X @ coefs - answer.intercepts
        sizes = self.l1_ratio * np.abs(coefs).sum(axis=0) + 0.5 * (1.0 - self.l1_ratio) * (coefs**2).sum(axis=0)
        return 0.5 * (residuals**2).mean(axis=0) + alphas * sizes

    def enter(self, answer):
        """Objectives of an answer; they update the best objectives so far."""
        unseen = np.array([a for a in answer.alphas if a not in self.best])
        if unseen.size:
            self.best.update(zip(unseen, self.objectives(self.reference(unseen)), strict=True))
        values = self.objectives(answer)
        self.best.update((a, min(v, self.best[a])) for a, v in zip(answer.alphas, values, strict=True))
        return values

    def gap(self, alpha, coef):
        """Duality gap of one solution."""
        data = self.data
        penalty = Penalty(self.l1_ratio, np.ones(data.p), (-np.inf, np.inf), standardize=False)
        size = data.unit[0] * data.scale
        w = np.divide(coef, size, out=np.zeros(data.p), where=size > 0.0)
        gap = certify(self.form, penalty.path(data, data.unit[0]).whole(alpha), w)[1]
        return gap * data.unit[0] ** 2 / data.weight


class Run:
    """One solver at one tolerance, verified."""

    def __init__(self, tol, seconds, answer, judge):
        self.tol, self.seconds, self.judge = tol, seconds, judge
        self.alphas, self.curve = answer.alphas, answer.curve
        self.values = judge.enter(answer)
        self.coefs = sp.csc_array(answer.coefs)  # all runs of a heat are kept

    @property
    def suboptimality(self):
        """The worst suboptimality over all values of alpha, relative to the best objectives so far."""
        best = np.array([self.judge.best[a] for a in self.alphas])
        return float((self.values / best - 1.0).max())

    @functools.cached_property
    def gap(self):
        """The worst duality gap over all values of alpha, relative to the objectives."""
        coefs = (self.coefs[:, [k]].toarray().ravel() for k in range(self.alphas.size))
        gaps = [self.judge.gap(alpha, coef) for alpha, coef in zip(self.alphas, coefs, strict=True)]
        return float((gaps / self.values).max())


def accurate(run):
    """Whether a run is close enough to the best objectives."""
    return run.suboptimality <= ACCURATE


def certified(run):
    """Whether the duality gap of the run proves its accuracy."""
    return run.gap <= ACCURATE
