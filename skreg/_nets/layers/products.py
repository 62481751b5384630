"""Products of many small matrices in one call: those of BLAS would take as long as the arithmetic."""

import numpy as np

from ..._core._jit import njit
from ..lanes import LANES, load, spread, store

_ROWS = 6  # of a product, whose sums of two times sixteen columns stay in registers


@njit
def multiply_places(a, b, n_rows, n_terms, width, out, is_gradient):
    """Write the product of two matrices of every place to `out`: a (n_rows, n_terms) and b (n_terms, width).

    For gradients, a is transposed, (n_terms, n_rows), and the product is added to what is there. The matrices of a
    place lie in a row of a, b and `out`; `width` is a multiple of sixteen. Rows after the last one are the last one
    again.
    """
    row, step = (1, n_rows) if is_gradient else (n_terms, 1)
    rows, columns, target = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    nothing, last = load(np.zeros(LANES, b.dtype), 0), n_rows - 1
    for place in range(len(a)):
        for i in range(0, n_rows, _ROWS):
            i1, i2, i3, start = min(i + 1, last), min(i + 2, last), min(i + 3, last), place * a.shape[1]
            i4, i5 = min(i + 4, last), min(i + 5, last)
            s0, s1, s2 = start + i * row, start + i1 * row, start + i2 * row
            s3, s4, s5 = start + i3 * row, start + i4 * row, start + i5 * row
            for first in range(0, width, 2 * LANES):
                second = LANES if first + LANES < width else 0
                t = place * out.shape[1] + first
                t0, t1, t2 = t + i * width, t + i1 * width, t + i2 * width
                t3, t4, t5 = t + i3 * width, t + i4 * width, t + i5 * width
                a0, a1, a2, a3, a4, a5 = nothing, nothing, nothing, nothing, nothing, nothing
                b0, b1, b2, b3, b4, b5 = nothing, nothing, nothing, nothing, nothing, nothing
                k, s = 0, place * b.shape[1] + first
                for _ in range(n_terms):
                    w, u = load(columns, s), load(columns, s + second)
                    v = spread(rows, s0 + k)
                    a0, b0 = a0 + v * w, b0 + v * u
                    v = spread(rows, s1 + k)
                    a1, b1 = a1 + v * w, b1 + v * u
                    v = spread(rows, s2 + k)
                    a2, b2 = a2 + v * w, b2 + v * u
                    v = spread(rows, s3 + k)
                    a3, b3 = a3 + v * w, b3 + v * u
                    v = spread(rows, s4 + k)
                    a4, b4 = a4 + v * w, b4 + v * u
                    v = spread(rows, s5 + k)
                    a5, b5 = a5 + v * w, b5 + v * u
                    k += step
                    s += width
                if is_gradient:
                    a0, a1, a2 = load(target, t0) + a0, load(target, t1) + a1, load(target, t2) + a2
                    a3, a4, a5 = load(target, t3) + a3, load(target, t4) + a4, load(target, t5) + a5
                    b0, b1 = load(target, t0 + second) + b0, load(target, t1 + second) + b1
                    b2, b3 = load(target, t2 + second) + b2, load(target, t3 + second) + b3
                    b4, b5 = load(target, t4 + second) + b4, load(target, t5 + second) + b5
                store(target, t0, a0)
                store(target, t1, a1)
                store(target, t2, a2)
                store(target, t3, a3)
                store(target, t4, a4)
                store(target, t5, a5)
                store(target, t0 + second, b0)
                store(target, t1 + second, b1)
                store(target, t2 + second, b2)
                store(target, t3 + second, b3)
                store(target, t4 + second, b4)
                store(target, t5 + second, b5)
