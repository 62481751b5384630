"""Factors that are sums of embeddings: those of a row itself, and those of its features."""

import copy

import numpy as np

from .als import Table
from .ridge import FLAT

MOST_STEPS = 100  # of conjugate gradients on all embeddings at once


class EmbeddedTable(Table):
    """A table whose rows are products of sparse features with embeddings.

    Parameters
    ----------
    features : csr matrix of shape (n, n_features)
    embeddings : ndarray of shape (n_features, rank)
    """

    def __init__(self, features, embeddings):
        self.first = 0
        self.features = features
        self.E = embeddings
        self.X = features @ embeddings

    @property
    def unknowns(self):
        return self.E

    def _with(self, E):
        return EmbeddedTable(self.features, E)

    def copy(self):
        return copy.copy(self)  # nothing is changed in place

    def extrapolated(self, before, share):
        return self._with(self.E + share * (self.E - before.E))

    def descend(self, gradients, ridge, gram, basis, accuracy):
        """Conjugate gradients on the embeddings; returns by how much the objective has fallen.

        Parameters
        ----------
        gradients : callable
            ``gradients(V, linear)``: the gradients of the losses of the rows at V, without the linear part where that
            is False: then, products with their curvatures.
        ridge : ndarray of shape (n_features, rank)
            The curvature of the penalty.
        gram : ndarray of shape (rank,)
            Curvature that all rows share.
        basis : ndarray of shape (rank, rank) or None
            The basis in which it is a diagonal, and in which rows are given.
        accuracy : float
        """
        E = self.E if basis is None else self.E @ basis
        F, back = self.features, self.features.T.tocsr()
        r = -(back @ gradients(F @ E, True) + ridge * E)
        diagonal = ridge + np.asarray(back.multiply(back).sum(axis=1)).reshape(-1, 1) * gram
        largest = diagonal.max()
        inverse = 1.0 / np.maximum(diagonal, FLAT * largest) if largest > 0.0 else np.ones(diagonal.shape)
        z = inverse * r
        p, rho, total = z, float(np.vdot(r, z)), 0.0
        enough = accuracy * accuracy * rho
        for _ in range(MOST_STEPS):
            if rho <= enough:
                break
            h = back @ gradients(F @ p, False) + ridge * p
            curvature = float(np.vdot(p, h))
            if not curvature > FLAT * largest * float(np.vdot(p, p)):
                break
            step = rho / curvature
            total += 0.5 * step * rho
            E, r = E + step * p, r - step * h
            z = inverse * r
            rho, before = float(np.vdot(r, z)), rho
            p = z + rho / before * p
        self.E = E if basis is None else E @ basis.T
        self.X = F @ self.E
        return total
