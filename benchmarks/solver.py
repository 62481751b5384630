"""The interface that all solvers share.

The objective is ``1/(2n) ||y - X b - b0||^2 + alpha (l1_ratio ||b||_1 + (1 - l1_ratio)/2 ||b||^2)`` for all of them. A
solver is made with the data, in the layout that it likes best, which is not timed; whatever else it does to them
(centring, say) is.
"""

import importlib
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import KFold

FOLDS = KFold(5)
CORES = 2  # workers in cross-validation


class Answer(NamedTuple):
    """Solutions for k values of alpha.

    Attributes
    ----------
    alphas, intercepts : ndarray of shape (k,)
    coefs : ndarray of shape (p, k)
    seconds : float or None
        What the solver's own clock says, where data would otherwise cross a process border on ours.
    curve : ndarray or None
        Of cross-validation: the mean squared error for every strength of the grid.
    """

    alphas: np.ndarray
    coefs: np.ndarray
    intercepts: np.ndarray
    seconds: float | None = None
    curve: np.ndarray | None = None


def one(alpha, coef, intercept, curve=None):
    """The answer for one value of alpha."""
    return Answer(np.array([alpha]), np.reshape(coef, (-1, 1)), np.array([intercept]), curve=curve)


def decades(loosest, tightest):
    return 10.0 ** -np.arange(loosest, tightest + 1)


class Solver:
    """One library on one data set.

    Attributes
    ----------
    ladder : ndarray
        Tolerances from loose to tight, in the library's own meaning.
    tol : float
        The library's default.
    ours : bool
        Whether it is what the others are compared with.
    folds : splitter
        Of cross-validation.
    has_own_folds : bool
        Whether it cannot take others.
    """

    name, module, ours = "", "", False
    folds, has_own_folds = FOLDS, False

    def __init__(self, X, y):
        self.X, self.y = X, y

    @classmethod
    def usable(cls):
        """Whether the library can be imported; if not, prints the reason."""
        try:
            importlib.import_module(cls.module)
        except Exception as error:  # an old library may fail in any way on new dependencies
            print(f"{cls.name}: left out ({type(error).__name__})")
            return False
        return True

    def path(self, alphas, l1_ratio, tol):
        raise NotImplementedError

    def single(self, alpha, l1_ratio, tol):
        return self.path(np.array([alpha]), l1_ratio, tol)

    def close(self):
        """Free resources outside of Python."""
