"""Pure L2 in closed form: the smaller of a p x p and an n x n system, for all targets and for one alpha or many."""

import numpy as np

ENTRIES_PER_BATCH = 1 << 18  # of columns that are copied for one product
RANK = 1e-13  # eigenvalues and singular values below it, relative to the largest, count as zero


def _shifted(H, many):
    """A function that solves ``(H + alpha I) X = B``, for many alphas on one eigendecomposition. For one, H changes."""

    def solve(alpha, B):
        H.flat[:: len(H) + 1] += alpha
        return np.linalg.solve(H, B)

    if not many:
        return solve
    values, vectors = np.linalg.eigh(H)
    return lambda alpha, B: vectors @ ((vectors.T @ B) / (np.maximum(values, 0.0) + alpha)[:, None])


def shortest(V, W, lengths):
    """The solutions of least norm in the user's units among those that agree with W in the row space V.

    Parameters
    ----------
    V : ndarray of shape (p, k)
        Orthonormal basis of the row space of the normalized columns.
    W : ndarray of shape (p, T)
        Normalized solutions in the span of V, which are the shortest in normalized units.
    lengths : ndarray of shape (p,)
        How much a normalized coefficient of 1 adds to the norm that is to be minimized; positive.

    Returns
    -------
    W : ndarray of shape (p, T)
    """
    if V.shape[0] == V.shape[1] or not W.size:
        return W
    lengths = (lengths / lengths.max())[:, None]
    Q, R = np.linalg.qr(V / lengths)  # U = lengths * W is the shortest with (V / lengths)' U = V' W
    return Q @ np.linalg.solve(R.T, V.T @ W) / lengths


def ridge_gram(G, start, l2, used, alphas, lengths):
    """Minimize ``w' G w / 2 - start' w + alpha l2' w^2 / 2`` for every alpha and every target; l2 may be 0 in places.

    Parameters
    ----------
    G : ndarray of shape (p, p)
    start : ndarray of shape (T, p)
    l2 : ndarray of shape (p,)
    used : ndarray of bool of shape (p,)
        Columns that may be nonzero.
    alphas : sequence of float
        Positive.
    lengths : ndarray of shape (p,)
        See `shortest`, which chooses among unpenalized solutions.

    Yields
    ------
    W : ndarray of shape (T, p)
    residuals : None

    Raises
    ------
    LinAlgError
        When a system is singular.
    """
    free, held = np.flatnonzero(used & (l2 == 0.0)), np.flatnonzero(used & (l2 > 0.0))
    root = 1.0 / np.sqrt(l2[held])[:, None]
    values, vectors = np.linalg.eigh(G[np.ix_(free, free)])
    keep = values > RANK * values.max(initial=0.0)
    values, vectors = values[keep], vectors[:, keep]
    inverse = (vectors / values) @ vectors.T
    across = G[np.ix_(free, held)] * root.T
    H = G[np.ix_(held, held)]
    H *= root  # in place: these are the largest arrays
    H *= root.T
    if free.size:
        H -= across.T @ inverse @ across
    B = root * start.T[held] - across.T @ (inverse @ start.T[free])
    solve = _shifted(H, len(alphas) > 1)
    for alpha in alphas:
        W = np.zeros(start.shape)
        V = solve(alpha, B) if held.size else np.empty((0, len(start)))
        W[:, held] = (root * V).T
        W[:, free] = shortest(vectors, inverse @ (start.T[free] - across @ V), lengths[free]).T
        yield W, None


def ridge_rows(data, l2, used, alphas, lengths):
    """The same on the rows, without inner products of columns, which square the condition number.

    For p > n columns are visited in batches; otherwise they are copied.

    Yields
    ------
    W : ndarray of shape (T, p)
    residuals : ndarray of shape (T, n)
        In the units of `Data.block`, by a formula of their own, which is accurate even where coefficients are so large
        that they cancel.
    """
    free, held = np.flatnonzero(used & (l2 == 0.0)), np.flatnonzero(used & (l2 > 0.0))
    Y = data.sqrt_weighted_targets.T
    F = data.block(slice(None), free)
    U, s, Vt = np.linalg.svd(F, full_matrices=False)
    keep = s > s.max(initial=0.0) * RANK * max(F.shape)
    U, s, Vt = U[:, keep], s[keep], Vt[keep]

    def off(V):
        """The part that is orthogonal to the unpenalized columns."""
        return V - U @ (U.T @ V)

    def scaled(cols):
        return off(data.block(slice(None), cols) / np.sqrt(l2[cols]))

    if held.size > data.n:
        K = np.zeros((data.n, data.n))
        for cols in np.array_split(held, max(held.size * data.n // ENTRIES_PER_BATCH, 1)):
            Z = scaled(cols)
            K += Z @ Z.T
        noise = 1e-16 * K.trace()  # keeps the system regular where rows are repeated and alpha is smaller than rounding
        K.flat[:: data.n + 1] += noise
        solve = _shifted(K, len(alphas) > 1)
    elif held.size:
        left, sizes, right = np.linalg.svd(scaled(held), full_matrices=False)
    for alpha in alphas:
        W, rest, residual = np.zeros((Y.shape[1], data.p)), Y, off(Y)
        if held.size > data.n:
            A = off(solve(alpha, residual))
            W[:, held] = data.all_dots(data.sqrt_weights * A.T)[:, held] / l2[held]
            residual = (alpha + noise) * A
        elif held.size:
            along = (left.T @ residual) / (sizes**2 + alpha)[:, None]
            W[:, held] = (right.T @ (sizes[:, None] * along)).T / np.sqrt(l2[held])
            residual = residual - left @ (sizes[:, None] ** 2 * along)
        if held.size:
            rest = Y - data.sqrt_weights[:, None] * data.all_scores(W).T
        W[:, free] = shortest(Vt.T, Vt.T @ ((U.T @ rest) / s[:, None]), lengths[free]).T
        yield W, off(residual).T
