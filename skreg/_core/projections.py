"""Projections of whole vectors onto convex sets."""

import math

from ._jit import njit


@njit
def project_columns(W, radius):
    """Move every column of W to the nearest point of the Euclidean ball of a radius.

    Returns
    -------
    moved : bool
    """
    moved = False
    for j in range(W.shape[1]):
        s = 0.0
        for i in range(W.shape[0]):
            s += W[i, j] * W[i, j]
        if s > radius * radius:
            shrink = radius / math.sqrt(s)
            for i in range(W.shape[0]):
                W[i, j] *= shrink
            moved = True
    return moved
