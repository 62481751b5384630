"""Ridge regressions of the rows of one side, users or items, while the other side is fixed."""

import numpy as np

from .._core._jit import njit

FLAT = 1e-10  # a curvature relative to the largest one, below which it may be nothing but rounding


@njit
def invert(diagonal, weight, squares, flat, inverse):
    """Write the preconditioner: reciprocals of curvatures, of the diagonal and of entries with mean squares.

    Where these are below `flat`, it takes the place of them; 1 if both are 0.
    """
    for j in range(diagonal.size):
        one = squares.dtype.type(1.0)
        curvature = max(diagonal[j] + weight * squares[j], flat)
        inverse[j] = one / curvature if curvature > 0.0 else one


@njit
def descend(low, high, indices, extra, Z, diagonal, inverse, flat, accuracy, x, r, p, h):
    """Conjugate gradients from x for one row, given minus the gradient r; by how much the objective falls.

    Its curvature is ``diag(diagonal)`` plus the sum of ``extra[e] z z'`` over the entries from low to high. The
    inverse is the preconditioner. Ends where the residual, in its metric, is `accuracy` times the first one, and in
    directions whose curvature is below `flat`: they lower nothing, and factors would grow in them without end.
    """
    m, zero = x.size, x.dtype.type(0.0)
    half, rho = x.dtype.type(0.5), zero
    for j in range(m):
        p[j] = r[j] * inverse[j]
        rho += r[j] * p[j]
    enough, total = accuracy * accuracy * rho, zero
    for _ in range(2 * m + 2):  # m are enough without rounding
        if rho <= enough:
            break
        for j in range(m):
            h[j] = diagonal[j] * p[j]
        for e in range(low, high):
            z, s = Z[indices[e]], zero
            for j in range(m):
                s += p[j] * z[j]
            s *= extra[e]
            for j in range(m):
                h[j] += s * z[j]
        curvature, length = zero, zero
        for j in range(m):
            curvature += p[j] * h[j]
            length += p[j] * p[j]
        if not curvature > flat * length:
            break
        step, before, rho = rho / curvature, rho, zero
        total += half * step * before
        for j in range(m):
            x[j] += step * p[j]
            r[j] -= step * h[j]
            rho += r[j] * r[j] * inverse[j]
        for j in range(m):
            p[j] = r[j] * inverse[j] + rho / before * p[j]
    return total


@njit
def solve_rows(
    first, last, indptr, indices, extra, pull, offset, Z, squares, gram, ridge, scale, accuracy, X, decrease
):
    """Lower the objectives of the rows of X from first to last, each of them that of a ridge regression.

    That of row u is, with sums over its entries e and the rows z of Z that they belong to::

        sum_j (gram_j + scale_u ridge_j) x_j^2 / 2 + sum_e extra_e (z x + offset_z)^2 / 2 - sum_e pull_e z x

    Writes by how much each has fallen. `squares` are the mean squares of the columns of Z.
    """
    m, zero = X.shape[1], Z.dtype.type(0.0)
    flat = zero
    for j in range(m):
        flat = max(flat, Z.dtype.type(FLAT) * gram[j])
    x, r, p, h = np.empty(m, Z.dtype), np.empty(m, Z.dtype), np.empty(m, Z.dtype), np.empty(m, Z.dtype)
    diagonal, inverse = np.empty(m, Z.dtype), np.empty(m, Z.dtype)
    for u in range(first, last):
        low, high, weight = indptr[u], indptr[u + 1], zero
        for j in range(m):
            x[j] = X[u, j]
            diagonal[j] = gram[j] + scale[u] * ridge[j]
            r[j] = -diagonal[j] * x[j]
        for e in range(low, high):
            z = Z[indices[e]]
            s = offset[indices[e]]
            weight += extra[e]
            for j in range(m):
                s += x[j] * z[j]
            s = pull[e] - extra[e] * s
            for j in range(m):
                r[j] += s * z[j]
        invert(diagonal, weight, squares, flat, inverse)
        decrease[u] = descend(low, high, indices, extra, Z, diagonal, inverse, flat, accuracy, x, r, p, h)
        for j in range(m):
            X[u, j] = x[j]


@njit
def row_gradients(first, last, indptr, indices, extra, pull, offset, Z, gram, V, out):
    """Write the gradients of the losses of `solve_rows`, at the rows of V from first to last, without the ridge."""
    m = V.shape[1]
    for u in range(first, last):
        for j in range(m):
            out[u, j] = gram[j] * V[u, j]
        for e in range(indptr[u], indptr[u + 1]):
            z = Z[indices[e]]
            s = offset[indices[e]]
            for j in range(m):
                s += V[u, j] * z[j]
            s = extra[e] * s - pull[e]
            for j in range(m):
                out[u, j] += s * z[j]


@njit
def score_entries(first, last, rows, columns, offset_rows, offset_columns, P, Q, out):
    """Write ``offset_rows + offset_columns + p q`` of the entries from first to last."""
    for e in range(first, last):
        p, q = P[rows[e]], Q[columns[e]]
        s = offset_rows[rows[e]] + offset_columns[columns[e]]
        for k in range(p.size):
            s += p[k] * q[k]
        out[e] = s
