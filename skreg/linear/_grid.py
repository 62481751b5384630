"""Grids of penalty strengths for paths and searches, and whether a choice lies at the end of one."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from ..utils._alphas import MIN_GRID_L1_RATIO, alpha_grid
from ..utils._params import Interval
from ..utils._validation import as_numbers, check_alphas

# A mean score counts as flat at the end of a grid if its gain over the last decade of alpha, divided by the range of
# all mean scores, is at most this.
FLAT_GAIN = 0.01


class Grid(NamedTuple):
    """What is searched.

    Attributes
    ----------
    shape : tuple of int
        Number of values of each parameter of a candidate.
    candidates : list of tuple of float
        Combinations of these parameters: ``(l1_ratio,)`` or ``(l1_ratio, label_smoothing)``.
    alphas : ndarray of shape (n_candidates, n_alphas)
        In decreasing order along the rows.
    """

    shape: tuple
    candidates: list
    alphas: np.ndarray


def check_grid(alphas, eps):
    """Raise ValueError for an `alphas` or `eps` that is wrong whatever the data are."""
    if not isinstance(eps, Real) or not 0.0 < eps < 1.0:
        raise ValueError(f"eps must be a float in the range (0, 1); got {eps!r}.")
    if isinstance(alphas, Integral) and (isinstance(alphas, bool) or alphas < 1):
        raise ValueError(f"alphas must be an int of at least 1 or an array-like; got {alphas!r}.")


def read_alphas(alphas, eps, l1_ratio, alpha_max):
    """A grid of as many values as the int `alphas` says, or the values of an array in decreasing order.

    ``alpha_max(l1_ratio)`` is the smallest alpha at which all penalized coefficients are zero.
    """
    if not isinstance(alphas, Integral):
        return check_alphas(alphas)
    top = alpha_max(max(l1_ratio, MIN_GRID_L1_RATIO))
    if not np.isfinite(top):
        raise ValueError(
            f"alphas={alphas} asks for a grid, but no feature that varies is penalized: no alpha changes anything."
        )
    # Without an L1 part the grid ends where that of the lasso does: ridge needs alphas as small as those.
    return alpha_grid(top, alphas, eps * MIN_GRID_L1_RATIO if l1_ratio == 0.0 else eps)


def read_list(values, name, low, high, closed):
    """One number or several as an array; each must be in the range."""
    array = np.atleast_1d(as_numbers(values, name))
    allowed = Interval(Real, low, high, closed)
    if array.ndim != 1 or not array.size or not all(value in allowed for value in array.tolist()):
        span = str(allowed).partition("in the ")[2]
        raise ValueError(f"{name} must hold numbers in the {span}; got {values!r}.")
    return array


def end_of_grid(alphas, scores, best, chosen, begins_at_null):
    """The end of a grid beyond which a better alpha may lie.

    The smallest alpha counts if it has the best mean score and the score still improves towards it. The largest alpha
    counts if it is the choice, unless its model is the null model, which is the most regularized one. If the largest
    also has the best mean score, the score must still improve towards it. Where the score is flat at the end, no alpha
    beyond can be much better.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        In decreasing order.
    scores : ndarray of shape (n_alphas, n_folds)
    best, chosen : int
        Indices of the alpha with the best mean score, and of the alpha that was chosen.
    begins_at_null : bool
        Whether all coefficients are zero, or nearly so, at the largest alpha.

    Returns
    -------
    end : {"smallest", "largest"} or None
    """
    last = alphas.size - 1
    if alphas[0] == alphas[last]:
        return None
    if best == last and alphas[last] > 0.0:
        decade = np.flatnonzero(alphas >= 10.0 * alphas[last])
        if _improves(scores, last, decade[-1] if decade.size else 0):
            return "smallest"
    if chosen == 0 and not begins_at_null:
        decade = np.flatnonzero(alphas <= 0.1 * alphas[0])
        if best > 0 or _improves(scores, 0, decade[0] if decade.size else last):
            return "largest"
    return None


def _improves(scores, end, inside):
    """Whether the score at the end is better than inside, by more than chance and flatness explain."""
    with np.errstate(invalid="ignore"):  # scores may be infinite
        gains, mean = scores[end] - scores[inside], scores.mean(axis=1)
        error = gains.std(ddof=1) / np.sqrt(gains.size) if gains.size > 1 else 0.0
        return bool(gains.mean() > FLAT_GAIN * (mean[end] - np.nanmin(mean)) and gains.mean() > error)
