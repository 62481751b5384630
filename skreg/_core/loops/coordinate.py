"""The coordinate-descent loop over a design and a penalty."""

from .._jit import njit


@njit
def coordinate_descent(A, pen, w, r, h, lips, blocks, epochs):
    """Sweep over some blocks to lower ``<r0, A d> + sum_i h_i (A d)_i^2 / 2 + penalty(w + d)``.

    w and ``r = r0 + h * (A d)`` change in place; `lips` holds the largest curvature of every block. The squared loss is
    this model; other losses come with the `r` and `h` of their quadratic model. Returns the number of sweeps, which is
    smaller than `epochs` if nothing moves in one.
    """
    for epoch in range(epochs):
        if not pen.block_steps(A, w, r, h, lips, blocks):
            return epoch + 1
    return epochs
