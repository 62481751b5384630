"""Pure L2 in closed form: the smaller of a p x p and an n x n system, for one strength or many."""

import numpy as np


def _shifted(H, many):
    """A function that solves ``(H + alpha I) x = b``; for many alphas on one eigendecomposition."""
    if not many:

        def solve(alpha, b):
            return np.linalg.solve(H + alpha * np.eye(len(H)), b)

        return solve
    values, vectors = np.linalg.eigh(H)
    values = np.maximum(values, 0.0)
    return lambda alpha, b: vectors @ ((vectors.T @ b) / (values + alpha))


def ridge_gram(G, start, l2, alphas):
    """Minimize ``w' G w / 2 - start' w + alpha l2' w^2 / 2`` for every alpha; l2 may be 0 in places. Yields w, None."""
    free = np.flatnonzero((l2 == 0.0) & (G.diagonal() > 0.0))
    held = np.flatnonzero((l2 > 0.0) & (G.diagonal() > 0.0))
    root = 1.0 / np.sqrt(l2[held])
    inverse = np.linalg.pinv(G[np.ix_(free, free)], rcond=1e-13, hermitian=True)
    across = G[np.ix_(free, held)] * root
    H = G[np.ix_(held, held)] * root * root[:, None] - across.T @ inverse @ across
    b = root * start[held] - across.T @ (inverse @ start[free])
    solve = _shifted(H, len(alphas) > 1)
    for alpha in alphas:
        w = np.zeros(len(G))
        v = solve(alpha, b) if held.size else np.empty(0)
        w[held] = root * v
        w[free] = inverse @ (start[free] - across @ v)
        yield w, None


def ridge_rows(form, l2, alphas):
    """The same on the rows, for p > n; columns are visited in batches.

    `form` is the `Residual` of all columns. Yields also the residual (n,), orthogonal to the unpenalized columns to
    rounding even where coefficients are so large that the residual of w is not.
    """
    data = form.data
    free = np.flatnonzero((l2 == 0.0) & (data.scale > 0.0))
    held = np.flatnonzero((l2 > 0.0) & (data.scale > 0.0))
    q = -data.standardized(form.y)
    F = data.block(slice(None), free)
    U, s, Vt = np.linalg.svd(F, full_matrices=False)
    keep = s > s.max(initial=0.0) * 1e-13 * max(F.shape)
    U, s, Vt = U[:, keep], s[keep], Vt[keep]

    def off(v):
        """What is orthogonal to the unpenalized columns."""
        return v - U @ (U.T @ v)

    K = np.zeros((data.n, data.n))
    for cols in np.array_split(held, max(held.size * data.n >> 21, 1)):
        Z = off(data.block(slice(None), cols) / np.sqrt(l2[cols]))
        K += Z @ Z.T
    solve = _shifted(K, len(alphas) > 1)
    for alpha in alphas:
        w, rest = np.zeros(data.p), q
        if held.size:
            w[held] = data.root_dots(off(solve(alpha, off(q))))[held] / l2[held]
            rest = -data.standardized(form.state(w))
        w[free] = Vt.T @ ((U.T @ rest) / s)
        yield w, off(off(rest))
