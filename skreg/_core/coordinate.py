"""The coordinate-descent loop over a design and a penalty, and three short loops over columns."""

from ._jit import njit


@njit
def coordinate_descent(A, pen, w, r, h, lips, blocks, epochs):
    """Sweep over some blocks to lower ``<r0, A d> + sum_i h_i (A d)_i^2 / 2 + penalty(w + d)``.

    w and ``r = r0 + h * (A d)`` change in place; `lips` holds the largest curvature of every block. The squared loss is
    this model; other losses come with the `r` and `h` of their quadratic model. Returns the number of sweeps, which is
    smaller than `epochs` if nothing moves in one.
    """
    for epoch in range(epochs):
        moved = False
        for k in range(blocks.size):
            moved |= pen.block_step(A, w, r, h, lips, blocks[k])
        if not moved:
            return epoch + 1
    return epochs


@njit
def col_dots(A, coords, r, out):
    """Fill `out` with the products of some columns with r."""
    for k in range(coords.size):
        out[k] = A.col_dot(coords[k], r)


@njit
def col_updates(A, d, h, r):
    """Update r for a step d of the coefficients."""
    for j in range(d.size):
        if d[j] != 0.0:
            A.col_update(j, d[j], h, r)


@njit
def col_fills(A, rows, roots, which, out):
    """Fill row j of `out` with some rows of column j, times row ``which[j]`` of `roots`."""
    for j in range(out.shape[0]):
        A.col_fill(j, rows, roots[which[j]], out[j])
