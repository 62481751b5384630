"""Gradient descent from zero in the user's units: the path along which early stopping is a regularizer."""

from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from .data.likelihood import Likelihood
from .loops.proximal import Quadratic, loss_at, minimize, rows_of
from .parts.designs import Gram, Repeated
from .parts.losses import Squared
from .parts.penalties import ElasticNet

MAX_SPECTRUM_SIDE = 2000  # rows or columns, whichever are fewer, up to which all eigenvalues are computed
MAX_SMALL_SPECTRUM_SIDE = 200  # the same where only the largest eigenvalue is needed


def _norms(data):
    """Norms of the centred columns in the user's units; 0 for constant columns."""
    return np.divide(1.0, data.scale, out=np.zeros(data.p), where=data.scale > 0.0)


def spectrum(data, every=True):
    """Eigenvalues of the weighted covariance of the columns, in decreasing order, as many as rows or columns.

    With more rows and columns than `MAX_SPECTRUM_SIDE`, or without `every`, only the largest, to a relative accuracy of
    about 1e-4.
    """
    size = _norms(data)
    if not size.any():
        return np.zeros(1)
    if data.p <= min(data.n, MAX_SPECTRUM_SIDE if every else MAX_SMALL_SPECTRUM_SIDE):
        values = np.linalg.eigvalsh(data.gram * np.outer(size, size))
    elif data.n <= (MAX_SPECTRUM_SIDE if every else MAX_SMALL_SPECTRUM_SIDE):
        values = np.linalg.eigvalsh(_row_products(data, size))
    else:

        def product(w):
            z = data.to_scores(data.scores(size * np.ravel(w)))
            return size * data.dots(data.from_rows(data.rows * z))

        operator = LinearOperator((data.p, data.p), matvec=product, dtype=np.float64)
        values = eigsh(operator, k=1, tol=1e-4, v0=size, return_eigenvectors=False)
    return np.maximum(values[::-1], 0.0) / data.weight


def _row_products(data, size):
    """Inner products of the centred rows, each multiplied by the square root of its weight."""
    if not data.sparse:
        blocks = [slice(low, low + data.n) for low in range(0, data.p, data.n)]
        parts = (data.block(slice(None), cols) * size[cols] for cols in blocks)
        return sum(Z @ Z.T for Z in parts)
    X = data.X.astype(np.float64)
    K = (X @ X.T).toarray()
    along = X @ data.mean
    K += data.mean @ data.mean - along - along[:, None]
    root = np.sqrt(data.rows)
    return K * root * root[:, None]


def ridge_factors(eigenvalues, alpha):
    """Shares of the least-squares solution that ridge keeps along eigenvectors; 0 where eigenvalue and alpha are 0."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(eigenvalues / (eigenvalues + alpha))


def equivalent_alpha(steps, step_size, l2):
    """The ridge penalty that is most like some plain steps with L2 (Ali, Kolter & Tibshirani 2019)."""
    with np.errstate(divide="ignore"):
        return l2 + 1.0 / (np.asarray(steps, dtype=float) * step_size)


def filter_factors(eigenvalues, steps, step_size, l2):
    """Shares of the least-squares solution along eigenvectors of the covariance that plain steps from zero keep.

    Without L2, ``1 - (1 - step_size * eigenvalue)^steps``; with L2, every step also shrinks.
    """
    rate = (1.0 - step_size * eigenvalues) / (1.0 + step_size * l2)
    return ridge_factors(eigenvalues, l2) * (1.0 - rate**steps)


class DescentPoint(NamedTuple):
    """An iterate: coefficients (K, p), intercepts (K,) and the mean loss of the rows."""

    coef: np.ndarray
    intercept: np.ndarray
    loss: float


class Descent:
    """Prox-gradient steps of fixed length from coefficients of zero, with intercepts at their best for those.

    The objective is ``sum_i w_i loss_i / sum_i w_i + alpha sum_jk (l1_ratio |b_jk| + (1 - l1_ratio) b_jk^2 / 2)``.

    Parameters
    ----------
    data : Data
    loss : Squared, Logistic or Multinomial
    T : ndarray of shape (K, n)
        Targets.
    alpha, l1_ratio : float

    Attributes
    ----------
    eigenvalues : ndarray
        See `spectrum`.
    curvature : float
        Upper bound of the curvature of the mean loss. Steps shorter than ``2 / curvature`` lower the objective.
    """

    def __init__(self, data, loss, T, alpha, l1_ratio):
        self.data = data
        self.K = len(T)
        self.p = data.p
        squared = isinstance(loss, Squared)
        self.eigenvalues = spectrum(data, every=squared)
        top = self.eigenvalues[0]
        self.curvature = loss.max_hess * top
        self.offset = np.zeros(self.K)
        if squared and data.fit_intercept:
            self.offset = T @ data.rows / data.weight
            T = T - self.offset[:, None]
        # The intercept is scaled to the largest curvature of the columns, so that it does not limit the step size.
        shift = (np.sqrt(top) or 1.0) if data.fit_intercept and not squared else 0.0
        width = self.p + (shift > 0.0)
        if squared and self.p <= min(data.n, MAX_SPECTRUM_SIDE):
            size = _norms(data)
            inner, n = Gram(data.gram * np.outer(size, size)), self.p
            correlations = np.array([data.dots(data.from_rows(data.rows * t)) for t in T]) * size
            self.smooth = Quadratic(correlations.ravel())
            self.scale, extra = float(np.sum(T**2 @ data.rows)), 0
        else:
            inner, n = data.design()._replace(scale=(data.scale > 0.0).astype(float)), data.n
            self.smooth = rows_of(loss, T, data.rows)
            extra = int(data.sparse)
        # one score without an intercept needs no copies, and compiles in half the time
        self.A = inner if width * self.K == self.p else Repeated(inner, self.p, n + extra, n, shift)
        penalized = np.tile(np.arange(width) < self.p, self.K) * data.weight
        ends = np.full(width * self.K, np.inf)
        self.pen = ElasticNet(alpha * l1_ratio * penalized, alpha * (1.0 - l1_ratio) * penalized, -ends, ends)
        self.w = np.zeros(width * self.K)
        self.z = np.zeros((n + extra) * self.K)
        if shift > 0.0:
            start = Likelihood(data, loss, T).null_model.b
            self.w[self.p :: width] = start / shift
            self.z.reshape(self.K, -1)[:, n if extra else 0 :] += start[:, None]

    def point(self):
        """The current iterate, in the user's units."""
        W = self.w.reshape(self.K, -1)
        coef = W[:, : self.p].copy()
        intercept = self.offset - coef @ self.data.mean
        if W.shape[1] > self.p:
            intercept += self.A.shift * W[:, self.p]
        if isinstance(self.smooth, Quadratic):
            loss = 0.5 * max(self.scale + float(self.w @ (self.z - 2.0 * self.smooth.start)), 0.0)
        else:
            loss = loss_at(self.smooth, self.z, np.empty_like(self.z))
        return DescentPoint(coef, intercept, loss / self.data.weight)

    def run(self, step_size, accelerate, every, max_steps, hook):
        """Take steps until ``hook(steps)`` returns True. Returns their number.

        The hook is called before the first step and after every `every` steps.
        """
        lipschitz = self.data.weight / step_size
        return minimize(
            self.A, self.smooth, self.pen, self.w, self.z, every, max_steps, lambda steps, w: hook(steps),
            lipschitz=lipschitz, search=False, accelerate=accelerate,
        )  # fmt: skip
