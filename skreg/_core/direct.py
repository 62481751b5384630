"""Pure L2 in closed form: the smaller of a p x p and an n x n system, for one strength or many."""

import numpy as np


def _shifted(H, many):
    """A function that solves ``(H + alpha I) x = b``; for many alphas on one eigendecomposition."""

    def solve(alpha, b):
        return np.linalg.solve(H + alpha * np.eye(len(H)), b)

    if not many:
        return solve
    values, vectors = np.linalg.eigh(H)
    return lambda alpha, b: vectors @ ((vectors.T @ b) / (np.maximum(values, 0.0) + alpha))


def ridge_gram(G, start, l2, used, alphas):
    """Minimize ``w' G w / 2 - start' w + alpha l2' w^2 / 2`` for every alpha; l2 may be 0 in places.

    Only the columns in the mask `used` may be nonzero. Yields w, None. Raises LinAlgError where a system is singular.
    """
    free, held = np.flatnonzero(used & (l2 == 0.0)), np.flatnonzero(used & (l2 > 0.0))
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


def ridge_rows(form, l2, used, alphas):
    """The same on the rows, without inner products of columns, which square the condition number.

    `form` is the `Residual` of all columns. For p > n columns are visited in batches; otherwise they are copied. Yields
    also the residual (n,) by a formula of its own, accurate even where coefficients are so large that they cancel.
    """
    data = form.data
    free, held = np.flatnonzero(used & (l2 == 0.0)), np.flatnonzero(used & (l2 > 0.0))
    q = -data.standardized(form.y)
    F = data.block(slice(None), free)
    U, s, Vt = np.linalg.svd(F, full_matrices=False)
    keep = s > s.max(initial=0.0) * 1e-13 * max(F.shape)
    U, s, Vt = U[:, keep], s[keep], Vt[keep]

    def off(v):
        """What is orthogonal to the unpenalized columns."""
        return v - U @ (U.T @ v)

    def scaled(cols):
        return off(data.block(slice(None), cols) / np.sqrt(l2[cols]))

    if held.size > data.n:
        K = np.zeros((data.n, data.n))
        for cols in np.array_split(held, max(held.size * data.n >> 21, 1)):
            Z = scaled(cols)
            K += Z @ Z.T
        noise = 1e-16 * K.trace()  # rows may be repeated, and alpha smaller than rounding
        K.flat[:: data.n + 1] += noise
        solve = _shifted(K, len(alphas) > 1)
    elif held.size:
        left, sizes, right = np.linalg.svd(scaled(held), full_matrices=False)
    for alpha in alphas:
        w, rest, residual = np.zeros(data.p), q, off(q)
        if held.size > data.n:
            a = off(solve(alpha, residual))
            w[held] = data.root_dots(a)[held] / l2[held]
            residual = (alpha + noise) * a
        elif held.size:
            along = (left.T @ residual) / (sizes**2 + alpha)
            w[held] = right.T @ (sizes * along) / np.sqrt(l2[held])
            residual = residual - left @ (sizes**2 * along)
        if held.size:
            rest = -data.standardized(form.state(w))
        w[free] = Vt.T @ ((U.T @ rest) / s)
        yield w, off(residual)
