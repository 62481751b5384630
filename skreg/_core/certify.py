"""Objectives and certificates of the squared loss on all columns, computed afresh from coefficients."""

import numpy as np

from .loops.certificates import optimality, penalty_value, squared_dual
from .paths.forms import Gradient, Residual


def certify(form, pen, w, residual=None, order=slice(None)):
    """Primal value of an iterate on all columns, and its duality gap, or distance to stationarity if not convex.

    The dual point is `residual` (n,), in the units of `Data.block`, or else that of w. The coordinates of the penalty
    are ``w[order]``.
    """
    r = form.state(w)
    rr, yr = form.products(w, r)
    value = 0.5 * rr + penalty_value(pen, w[order])
    if not pen.is_convex:
        return value, optimality(pen, w[order], form.correlations(r)[order])
    if residual is not None:
        r = form.data.from_rows(-form.data.sqrt_weights * residual)
        rr, yr = form.products(w, r)
    return value, max(value - squared_dual(pen, form.correlations(r)[order], rr, yr)[0], 0.0)


def certify_gram(G, start, yy, pen, W):
    """Primal values and duality gaps (T,) of coefficients W (T, p), from inner products."""
    C = start - W @ G
    yr = yy - np.sum(start * W, axis=1)
    rr = np.maximum(yr - np.sum(C * W, axis=1), 0.0)
    return _values_and_gaps(pen, W, rr, C, rr, yr)


def certify_rows(data, pen, W, residuals=None):
    """Primal values and duality gaps (T,) of coefficients W (T, p), on the rows.

    Dual points are `residuals` (T, n), in the units of `Data.block`, or else those of W.
    """
    Y = data.sqrt_weighted_targets
    E = Y - data.sqrt_weights * data.all_scores(W)
    rr = np.einsum("ti,ti->t", E, E)
    if residuals is None:
        residuals = E
    C = data.all_dots(data.sqrt_weights * residuals)
    return _values_and_gaps(pen, W, rr, C, np.sum(residuals**2, axis=1), np.sum(residuals * Y, axis=1))


def _values_and_gaps(pen, W, squares, C, rr, yr):
    """From squared residual norms, and the correlations C, squared norms and products with y of dual points."""
    values = np.array([0.5 * s + penalty_value(pen, w) for s, w in zip(squares, W, strict=True)])
    duals = np.array([squared_dual(pen, *point)[0] for point in zip(C, rr, yr, strict=True)])
    return values, np.maximum(values - duals, 0.0)


def form_of_all_columns(data, target, gram):
    """The inner problem on all columns: through their Gram matrix, or on the rows."""
    if gram:
        form = Gradient(lambda new, cols: data.gram, data.start[target], data.sqnorm(data.R[target]))
    else:
        form = Residual(data, target)
    form.grow(np.arange(data.p))
    return form
