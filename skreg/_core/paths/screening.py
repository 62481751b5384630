"""Certified screening: upper bounds on the correlations of all columns from products with earlier residuals."""

import numpy as np

from ..parts.designs import col_dots

MAX_DOUBTFUL_SHARE = 0.15  # of the columns; with more, one pass over all of X is faster than products of some columns


class Anchors:
    """Products of every column with an orthonormal basis of up to `size` earlier residuals.

    A new residual is split into its part in their span, whose products with all columns cost O(p size), and a
    remainder. The remainder's products are bounded by Cauchy-Schwarz with the part of each column outside the span.
    Only the columns whose correlation may still exceed its limit are read.
    """

    def __init__(self, data, size=6):
        self.data = data
        self.design = data.design()
        self.next = 0
        self.U = np.zeros((size, data.n))
        self.C = np.zeros((size, data.p))
        self.left = data.sqnorms.copy()  # squared norm of each column outside the span
        self.outside = np.sqrt(self.left)

    def add(self, q):
        """Products of all columns with q, in one pass over X; the direction of q replaces the oldest of the basis."""
        k, self.next = self.next, (self.next + 1) % len(self.U)
        self.left += self.C[k] ** 2
        self.U[k] = self.C[k] = 0.0
        u = q.copy()
        for _ in range(2):
            u -= (self.U @ u) @ self.U
        norm = np.linalg.norm(u)
        if norm > 1e-10 * np.linalg.norm(q):
            self._place(k, u / norm, self.data.sqrt_weighted_dots(u / norm))
        return (self.U @ q) @ self.C

    def start(self, q, products):
        """Set the first vector of the basis, whose products are known."""
        norm = np.linalg.norm(q)
        if norm > 0.0:
            self.next = 1
            self._place(0, q / norm, products / norm)

    def _place(self, k, u, products):
        self.U[k], self.C[k] = u, products
        self.left -= products**2
        self.outside = np.sqrt(np.maximum(self.left, 0.0))

    def correlations(self, r, may_matter):
        """Correlations of all columns with the state r; exact for those that matter.

        ``may_matter(size)`` is a mask of the columns that matter if correlations have up to the given magnitudes.
        """
        q = -self.data.sqrt_weighted(r)
        a = self.U @ q
        est = a @ self.C
        largest = self.outside * np.linalg.norm(q - a @ self.U)
        largest += np.abs(est)
        doubt = np.flatnonzero(may_matter(largest))
        if doubt.size > MAX_DOUBTFUL_SHARE * est.size:
            return self.add(q)
        if doubt.size:
            out = np.empty(doubt.size)
            col_dots(self.design, doubt, r, out)
            est[doubt] = -out
        return est
