"""Linear systems of curvature matrices, which may be singular."""

import numpy as np
from scipy.linalg.blas import dtrsv

ROUNDING = 1e-13  # rounding error of correlations in normalized units
SINGULAR = 1e-6  # pivots of a Cholesky factor below which inner products count as singular


def solve_semidefinite(H, g, is_convex=True):
    """Solution of H d = g of a positive semi-definite H with a diagonal of about 1; None if H is not.

    Where H is singular, the solution is the shortest one; along directions in which the objective falls without end it
    is very long, and the step stops at the end of the smooth piece. LAPACK is NumPy's, not SciPy's: each has threads of
    its own, which compete for the cores when calls alternate. SciPy's triangular solver of one vector has none.
    """
    try:
        L = np.linalg.cholesky(H)
        if L.diagonal().min() > SINGULAR:
            return dtrsv(L.T, dtrsv(L.T, g, trans=1))
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(H)
    if not is_convex and values[0] < -SINGULAR * values[-1]:
        return None
    if not values[-1] > 0.0:
        return np.zeros(g.size)
    along = vectors.T @ g
    flat = values <= values[-1] * SINGULAR**2
    along[flat & (np.abs(along) <= max(1e-9 * np.linalg.norm(g), ROUNDING))] = 0.0
    return vectors @ (along / np.where(flat, values[-1] * SINGULAR**2, values))
