"""Projections of whole vectors onto convex sets."""

import math

from .._jit import njit


@njit
def project_columns(W, radius):
    """Project every column of W onto the Euclidean ball of a radius, in place.

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
