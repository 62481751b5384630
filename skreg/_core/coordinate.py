"""THE coordinate-descent loop (design x penalty, nothing else), and three loops of one line over columns."""

from ._jit import njit


@njit
def coordinate_descent(A, pen, w, r, h, lips, coords, epochs):
    """Sweep over `coords`, or groups, to lower ``<r0, A d> + sum_i h_i (A d)_i^2 / 2 + penalty(w + d)``.

    w and ``r = r0 + h * (A d)`` change in place; `lips` holds the curvature along each coordinate. The squared loss is
    this model; other losses come with the `r` and `h` of their quadratic model. Returns the sweeps that were done: they
    end early when nothing moves.
    """
    for epoch in range(epochs):
        moved = False
        for k in range(coords.size):
            moved |= pen.descend(A, w, r, h, lips, coords[k])
        if not moved:
            return epoch + 1
    return epochs


@njit
def col_dots(A, coords, r, out):
    """Products of some columns with r."""
    for k in range(coords.size):
        out[k] = A.col_dot(coords[k], r)


@njit
def col_updates(A, d, h, r):
    """Move r by the step d."""
    for j in range(d.size):
        if d[j] != 0.0:
            A.col_update(j, d[j], h, r)


@njit
def col_fills(A, rows, roots, which, out):
    """Fill every row of `out` with some rows of a column, times the row of `roots` of its own."""
    for j in range(out.shape[0]):
        A.col_fill(j, rows, roots[which[j]], out[j])
