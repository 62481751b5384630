"""Pure L2 by L-BFGS (Liu & Nocedal 1989) with the best intercepts: for many coefficients, none of which is zero."""

import numpy as np
from scipy.optimize import minimize as scipy_minimize

from ..parts.penalties import ElasticNet
from .certificates import certificate, penalty_value

STEPS = 20  # that count as one Newton step
FLAT = 1e-8  # gradient at which unpenalized coefficients are left to Newton steps


def can_minimize(s, pen):
    """Whether the penalty is smooth, and the curvature of the loss bounded."""
    if not isinstance(pen, ElasticNet) or not np.isfinite(s.likelihood.loss.max_hess):
        return False
    return not (pen.l1.any() or np.isfinite(pen.lower).any() or np.isfinite(pen.upper).any())


def minimize(s, pen, tol, max_rounds):
    """Minimize the objective of a working set. Returns the rounds, each of some steps."""
    # curvatures along coordinates are at most that of the loss: all become about 1
    size = 1.0 / np.sqrt(pen.l2 + s.likelihood.loss.max_hess)

    def objective(v):
        w = size * v
        s.move(w)
        return s.rows.value + penalty_value(pen, w), size * (pen.l2 * w - s.c)

    def stop(intermediate_result):
        value, v = intermediate_result.fun, intermediate_result.x
        if not np.array_equal(s.w, size * v):
            objective(v)
        is_flat = np.abs(size * (pen.l2 * s.w - s.c)).max() <= FLAT
        # with unpenalized coefficients the gap is known only at a gradient of 0 to rounding, which Newton steps reach
        if (is_flat and not pen.l2.all()) or certificate(s, pen).update(pen, value, s.c) <= tol:
            raise StopIteration

    options = dict(maxiter=STEPS * max_rounds, maxfun=2 * STEPS * max_rounds, ftol=0.0, gtol=0.0)
    found = scipy_minimize(objective, s.w / size, jac=True, method="L-BFGS-B", callback=stop, options=options)
    s.move(size * found.x)
    return -(-found.nit // STEPS)
