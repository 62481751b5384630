"""Solutions in the user's units, and what all fits of a loss have in common."""

from typing import NamedTuple

import numpy as np


class Solution(NamedTuple):
    """Coefficients in the user's units, with their certificate: the objective is at most `gap` above its minimum.

    Of several targets all fields are arrays, with `coef` of shape (T, p). Of several classes, `coef` has shape (K, p)
    and `intercept` (K,).
    """

    coef: np.ndarray
    intercept: float | np.ndarray
    objective: float | np.ndarray
    gap: float | np.ndarray
    n_iter: int | np.ndarray
    met: bool | np.ndarray


class LossFit:
    """A loss on some rows.

    Attributes
    ----------
    null : ndarray of shape (T,)
        Losses of the null models of all targets.
    max_hess : float
        Bound of the curvature of the loss.
    """

    def has_gap(self, penalty):
        """Whether certificates are duality gaps; otherwise they are distances to stationarity."""
        return penalty.is_convex

    @property
    def n_scores(self):
        """Rows of coefficients: one for each target, or for each class of one."""
        return self.null.size

    def gap_units(self, penalty):
        """What certificates are relative to, for every target."""
        return self.null if self.has_gap(penalty) else np.ones(self.null.size)

    def refit(self, penalty, alpha, found, **options):
        """The `Solution` without the L1 part of the penalty, on the features that another solution has selected.

        Each target has the features that are selected for it; the classes of one target, and targets that are fitted
        together, have the same.
        """
        alone = self.null.size == self.n_scores
        supports = found.coef != 0.0 if alone else (found.coef != 0.0).any(axis=0)[None]
        solutions = []
        for support in supports:
            free = penalty.on_support(support)
            strength = alpha if np.any(free.factor[np.isfinite(free.factor)]) else 0.0
            solutions += self.solve_all(free, [strength], coef_init=found.coef, **options)
        if not alone:
            return solutions[0]
        return stacked([Solution(*(part[t] for part in solution)) for t, solution in enumerate(solutions)])


def blended(found, refit, share):
    """A solution between two, with a share of the second; it has the certificate of the first."""
    coef, intercept = ((1.0 - share) * a + share * b for a, b in zip(found[:2], refit[:2], strict=True))
    return found._replace(coef=coef, intercept=intercept, n_iter=found.n_iter + refit.n_iter, met=found.met & refit.met)


def stacked(solutions):
    """One `Solution` of several targets."""
    return Solution(*(np.array(part) for part in zip(*solutions, strict=True)))


def to_normalized(data, targets, coef):
    """Coefficients in the user's units, or None, in normalized ones; `targets` is one, or a slice of them."""
    if coef is None:
        return None
    size = np.multiply.outer(data.unit[targets], data.scale)
    return np.divide(coef, size, out=np.zeros(size.shape), where=size > 0.0)


def to_user_units(data, targets, found, goal, is_gap=True):
    """A `Solution` in the user's units for all that a solver found; `targets` is one, or a slice of them.

    The certificates are distances to stationarity, which have no unit, if they are not gaps.
    """
    size = np.multiply.outer(data.unit[targets], data.scale)
    unit = data.unit[targets] ** 2 / data.weight
    for w, value, gap, n_iter in found:
        coef = w * size
        intercept = data.offset[targets] - coef @ data.mean
        yield Solution(coef, intercept, value * unit, gap * unit if is_gap else gap, n_iter, gap <= goal)
