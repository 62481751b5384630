"""Linear systems of curvature matrices, which may be singular."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.blas import dtrsv
from scipy.linalg.lapack import dpotrf, dpstrf

CORRELATION_ROUNDING = 1e-13  # rounding error of correlations in normalized units
SINGULAR = 1e-6  # pivots of a Cholesky factor below which inner products count as singular


def cholesky(H):
    """The Cholesky factor of H, in the lower triangle of a matrix, and its smallest pivot; 0 if H is not definite.

    `numpy.linalg.cholesky` takes twice as long, since it copies matrices number by number.
    """
    L, info = dpotrf(H.T, lower=1, clean=0)
    return L, 0.0 if info else float(L.diagonal().min())


def solve_semidefinite(H, g, is_convex=True):
    """Solution of H d = g of a positive semi-definite H with a diagonal of about 1, and the smallest pivot of H.

    The pivots are the diagonal of a Cholesky factor; 0 stands for all that count as singular. Where H is singular, the
    solution is the shortest one; along directions in which the objective falls without end it is very long, and the
    step stops at the end of the smooth piece. None, and 0, where H is not positive semi-definite.

    LAPACK is SciPy's, whose threads would compete with NumPy's for the cores: callers run under `one_blas_thread`.
    """
    L, pivot = cholesky(H)
    if pivot > SINGULAR:
        return dtrsv(L, dtrsv(L, g, lower=1), lower=1, trans=1), pivot
    if not is_convex and np.linalg.eigvalsh(H)[0] < -SINGULAR * H.diagonal().max():
        return None, 0.0
    return _shortest(H, g), 0.0


def null_vectors(H, tol):
    """Orthonormal vectors v with ``v' H v <= tol``, as the columns of a matrix, for a positive semi-definite H."""
    null = _factor(H, tol)[2]
    values, vectors = np.linalg.eigh(null.T @ H @ null)
    return null @ vectors[:, values <= tol]


def _factor(H, tol):
    """Cholesky factor of independent columns, their positions, and orthonormal null vectors of H.

    Factorization with pivoting ends where all pivots that are left are at most `tol` (Higham 2002, 10.3).
    """
    L, order, rank, _ = dpstrf(H.T, lower=1, tol=tol)
    kept, rest = order[:rank] - 1, order[rank:] - 1
    null = np.zeros((len(H), rest.size))
    null[kept] = -solve_triangular(L[:rank, :rank], L[rank:, :rank].T, lower=True, trans=1)
    null[rest] = np.eye(rest.size)
    return L[:rank, :rank], kept, np.linalg.qr(null)[0]


def _shortest(H, g):
    """The shortest solution: that of independent columns without its part along null vectors."""
    top = H.diagonal().max()
    if not top > 0.0:
        return np.zeros(g.size)
    L, kept, null = _factor(H, top * SINGULAR**2)
    along = null.T @ g
    step = np.zeros(g.size)
    step[kept] = dtrsv(L, dtrsv(L, (g - null @ along)[kept], lower=1), lower=1, trans=1)
    step -= null @ (null.T @ step)
    along[np.abs(along) <= max(1e-9 * np.linalg.norm(g), CORRELATION_ROUNDING)] = 0.0
    return step + null @ (along / (top * SINGULAR**2))
