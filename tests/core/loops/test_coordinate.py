"""The loop of coordinate descent: what a step costs beside its arithmetic."""

import time

import numba
import numpy as np

from skreg._core._jit import OPTIONS
from skreg._core.loops.coordinate import coordinate_descent
from skreg._core.parts.designs import Gram
from skreg._core.parts.penalties import ElasticNet


@numba.njit(**OPTIONS)
def plain_sweep(G, l1, l2, lower, upper, w, r, lips, blocks, epochs):
    for _ in range(epochs):
        moved = False
        for k in range(blocks.size):
            j = blocks[k]
            v = w[j] - r[j] / lips[j]
            t = l1[j] / lips[j]
            new = (v - t if v > t else v + t if v < -t else 0.0) / (1.0 + l2[j] / lips[j])
            new = min(max(new, lower[j]), upper[j])
            if new != w[j]:
                step = new - w[j]
                w[j] = new
                for i in range(r.size):
                    r[i] += step * G[j, i]
                moved = True
        if not moved:
            return


def test_coordinate_descent__a_sweep_costs_little_more_than_its_arithmetic():
    """Steps that are calls of their own count the references of all arrays: they took ten times as long."""
    p, epochs = 200, 20
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2 * p, p)) / np.sqrt(2 * p)
    G, c, blocks = X.T @ X, rng.standard_normal(p), np.arange(p)
    l1 = np.where(blocks < 10, 0.1, 10.0)  # most coefficients stay at zero, where a step is little arithmetic
    pen = ElasticNet(l1, np.full(p, 0.01), np.full(p, -np.inf), np.full(p, np.inf))
    lips, A, h = G.diagonal().copy(), Gram(G), np.ones(1)

    def ours(w, r):
        coordinate_descent(A, pen, w, r, h, lips, blocks, epochs)

    def plain(w, r):
        plain_sweep(G, *pen, w, r, lips, blocks, epochs)

    best, found = {}, {}
    for _ in range(51):  # the first calls compile
        for sweep in (ours, plain):
            w, r = np.zeros(p), -c
            start = time.perf_counter()
            sweep(w, r)
            best[sweep] = min(best.get(sweep, np.inf), time.perf_counter() - start)
            found[sweep] = w
    np.testing.assert_allclose(found[ours], found[plain], rtol=1e-10)
    assert 0 < np.count_nonzero(found[ours]) < 20
    assert best[ours] <= 4.0 * best[plain]
