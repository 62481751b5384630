"""Designs: operations on the columns of X, centred and scaled on the fly. X is not copied, and sparse X stays sparse.

Coordinate j of a design stands for the column ``(x_j - mean_j) * scale_j``. `r` is minus the weighted residual; with an
intercept it sums to zero.
"""

from typing import NamedTuple

import numpy as np

from .._jit import inlined_method, jitted, njit


@jitted
class DenseDesign(NamedTuple):
    """Columns of a matrix."""

    XT: np.ndarray  # (p, n), C order, read-only: the transpose, since numba types a single F-order column as C order
    cols: np.ndarray  # coordinate j is row cols[j] of XT
    mean: np.ndarray
    scale: np.ndarray

    @inlined_method
    def col_mean(self, j, h, weight):
        x = self.XT[self.cols[j]]
        m = 0.0
        for _ in range(2):  # the second removes the rounding of the first, so that constant columns are recognized
            s = 0.0
            for i in range(x.size):
                s += (x[i] - m) * h[i]
            m += s / weight
        return m

    def col_dot(self, j, r):
        x = self.XT[self.cols[j]]
        m = self.mean[j]
        s = 0.0
        for i in range(x.size):  # centred although r sums to zero: accurate where |mean| is far above the deviation
            s += (x[i] - m) * r[i]
        return s * self.scale[j]

    def col_fill(self, j, rows, h, out):
        x = self.XT[self.cols[j]]
        m, scale = self.mean[j], self.scale[j]
        for i in range(out.size):
            out[i] = (x[rows[i]] - m) * scale * h[rows[i]]

    def col_dot_less(self, j, r, v, q):
        x = self.XT[self.cols[j]]
        m = self.mean[j]
        s = 0.0
        for i in range(x.size):
            s += (x[i] - m) * (r[i] - v[i] * q[i])
        return s * self.scale[j]

    @inlined_method
    def col_update(self, j, d, h, r):
        x = self.XT[self.cols[j]]
        m = self.mean[j]
        step = d * self.scale[j]
        # One weight for all rows saves reading it for every row. One of the loops is empty: a branch around them would
        # keep the counting of references, see `CSC.col_update`
        n_equal = x.size if h.size == 1 else 0
        equal = step * h[0]
        for i in range(n_equal):
            r[i] += equal * (x[i] - m)
        for i in range(x.size - n_equal):
            r[i] += step * h[i] * (x[i] - m)

    @inlined_method
    def col_sqnorm(self, j, h):
        x = self.XT[self.cols[j]]
        m = self.mean[j]
        s = 0.0
        for i in range(x.size):
            v = x[i] - m
            s += h[i] * (v * v)
        return s * (self.scale[j] * self.scale[j])


@jitted
class CSC(NamedTuple):
    """Columns of a sparse matrix.

    `r` has one more element than there are rows. The last one, c, holds what centring adds: row i of the true vector is
    ``r[i] + h[i] * c``. So an update costs only as much as the column has entries.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    cols: np.ndarray  # coordinate j is column cols[j] of the matrix
    mean: np.ndarray
    scale: np.ndarray
    weight: float  # sum of h over all rows

    def col_mean(self, j, h, weight):
        first, last = self.indptr[self.cols[j]], self.indptr[self.cols[j] + 1]
        s = 0.0
        for k in range(first, last):
            s += self.data[k] * h[self.indices[k]]
        m = s / weight
        s = 0.0
        for k in range(first, last if last - first == h.size else first):  # no zeros: may be constant, see DenseDesign
            s += (self.data[k] - m) * h[self.indices[k]]
        return m + s / weight

    def col_dot(self, j, r):
        first, last = self.indptr[self.cols[j]], self.indptr[self.cols[j] + 1]
        s = self.mean[j] * self.weight * r[r.size - 1]
        for k in range(first, last):
            s += self.data[k] * r[self.indices[k]]
        return s * self.scale[j]

    def col_dot_less(self, j, r, v, q):
        first, last = self.indptr[self.cols[j]], self.indptr[self.cols[j] + 1]
        s = 0.0
        for k in range(first, last):
            i = self.indices[k]
            s += self.data[k] * (r[i] - v[i] * q[i])
        return s * self.scale[j]

    def col_update(self, j, d, h, r):
        first, last = self.indptr[self.cols[j]], self.indptr[self.cols[j] + 1]
        step = d * self.scale[j]
        r[r.size - 1] -= step * self.mean[j]
        end = np.uint64(h.size - 1)  # 0 for one weight for all rows. Two loops would keep the counting of references
        for k in range(first, last):
            i = self.indices[k]
            r[i] += step * h[min(i, end)] * self.data[k]

    def col_sqnorm(self, j, h):
        first, last = self.indptr[self.cols[j]], self.indptr[self.cols[j] + 1]
        m = self.mean[j]
        s = 0.0
        zeros = self.weight
        for k in range(first, last):
            hk, v = h[self.indices[k]], self.data[k] - m
            s += hk * (v * v)
            zeros -= hk
        zeros = max(zeros, 0.0) if last - first < h.size else 0.0
        return (s + zeros * m * m) * (self.scale[j] * self.scale[j])


@jitted
class Stacked(NamedTuple):
    """Columns of the scores of K classes under the curvature ``diag(v) - v p'`` of every row, ``v = h p``.

    Coordinate j moves the scores of class ``classes[j]`` along column ``place[j]`` of `inner`. The last coordinates are
    intercepts, which move all rows by `shift`.
    The state has K + 1 rows. With q the last of them, row k of the true state is ``r_k - v_k q``. So a coordinate reads
    and writes only two rows, however many classes there are. Columns of a sparse `inner` have mean 0.
    """

    inner: NamedTuple
    place: np.ndarray
    classes: np.ndarray
    V: np.ndarray  # (K, n)
    P: np.ndarray  # (K, n)
    shift: float

    def col_dot(self, j, r):
        k = self.classes[j]
        q = r[r.shape[0] - 1]
        if j < self.place.size:
            return self.inner.col_dot_less(self.place[j], r[k], self.V[k], q)
        s = 0.0
        for i in range(q.size):
            s += r[k, i] - self.V[k, i] * q[i]
        return s * self.shift

    def col_update(self, j, d, h, r):
        k = self.classes[j]
        last = r.shape[0] - 1
        if j < self.place.size:
            self.inner.col_update(self.place[j], d, self.V[k], r[k])
            self.inner.col_update(self.place[j], d, self.P[k], r[last])
        else:
            step = d * self.shift
            for i in range(r.shape[1]):
                r[k, i] += step * self.V[k, i]
                r[last, i] += step * self.P[k, i]


@jitted
class PerScore(NamedTuple):
    """Columns of scores that do not depend on each other.

    Coordinate j moves score ``classes[j]`` along column ``place[j]`` of `inner`; the state has a row for each score.
    """

    inner: NamedTuple
    place: np.ndarray
    classes: np.ndarray

    def col_dot(self, j, r):
        return self.inner.col_dot(self.place[j], r[self.classes[j]])

    def col_update(self, j, d, h, r):
        self.inner.col_update(self.place[j], d, h, r[self.classes[j]])


@jitted
class Repeated(NamedTuple):
    """Columns of K scores: each score has the columns of `inner`, and an intercept unless `shift` is 0.

    Coordinates are sorted by score. The last coordinate of a score is its intercept, which moves all rows by `shift`.
    The state holds `size` elements for each score, of which the first n belong to the rows.
    """

    inner: NamedTuple
    p: int
    size: int
    n: int
    shift: float

    def col_dot(self, j, r):
        width = self.p + (self.shift > 0.0)
        k = j // width
        j -= k * width
        r = r[k * self.size : (k + 1) * self.size]
        if j < self.p:
            return self.inner.col_dot(j, r)
        s = 0.0
        for i in range(self.n):
            s += r[i]
        return s * self.shift

    def col_update(self, j, d, h, r):
        width = self.p + (self.shift > 0.0)
        k = j // width
        j -= k * width
        r = r[k * self.size : (k + 1) * self.size]
        if j < self.p:
            self.inner.col_update(j, d, h, r)
        elif self.size > self.n:
            r[self.n] += d * self.shift
        else:
            for i in range(self.n):
                r[i] += d * self.shift


@jitted
class Gram(NamedTuple):
    """Columns represented by their inner products; here `r` is the gradient of the smooth part."""

    G: np.ndarray  # symmetric, C order; as large as r or larger

    def col_dot(self, j, r):
        return r[j]

    def col_update(self, j, d, h, r):
        g = self.G[j]
        for i in range(r.size):
            r[i] += d * g[i]


def col_dots(A, coords, r, out):
    """Fill `out` with the products of some columns with r."""
    (_dense_dots if isinstance(A, DenseDesign) else _dots)(A, coords, r, out)


def col_updates(A, d, h, r):
    """Update r for a step d of the coefficients."""
    (_dense_updates if isinstance(A, DenseDesign) else _updates)(A, np.flatnonzero(d), d, h, r)


@njit
def _dots(A, coords, r, out):
    for k in range(coords.size):
        out[k] = A.col_dot(coords[k], r)


@njit
def _updates(A, coords, d, h, r):
    for k in range(coords.size):
        A.col_update(coords[k], d[coords[k]], h, r)


@njit
def _dense_dots(A, coords, r, out):
    """Four columns at a time, which come from memory twice as fast; the last is repeated where fewer are left."""
    XT, last = A.XT, coords.size - 1
    for k in range(0, coords.size, 4):
        k1, k2, k3 = min(k + 1, last), min(k + 2, last), min(k + 3, last)
        j, j1, j2, j3 = coords[k], coords[k1], coords[k2], coords[k3]
        c, c1, c2, c3 = A.cols[j], A.cols[j1], A.cols[j2], A.cols[j3]
        m, m1, m2, m3 = A.mean[j], A.mean[j1], A.mean[j2], A.mean[j3]
        s = s1 = s2 = s3 = 0.0
        for i in range(r.size):
            s += (XT[c, i] - m) * r[i]
            s1 += (XT[c1, i] - m1) * r[i]
            s2 += (XT[c2, i] - m2) * r[i]
            s3 += (XT[c3, i] - m3) * r[i]
        out[k], out[k1] = s * A.scale[j], s1 * A.scale[j1]
        out[k2], out[k3] = s2 * A.scale[j2], s3 * A.scale[j3]


@njit
def _dense_updates(A, coords, d, h, r):
    """Four columns at a time, so that r is read and written less often; those beyond the last have steps of 0."""
    XT, n = A.XT, coords.size
    n_equal = r.size if h.size == 1 else 0  # as in `col_update`
    for k in range(0, n, 4):
        j, j1, j2, j3 = coords[k], coords[min(k + 1, n - 1)], coords[min(k + 2, n - 1)], coords[min(k + 3, n - 1)]
        c, c1, c2, c3 = A.cols[j], A.cols[j1], A.cols[j2], A.cols[j3]
        m, m1, m2, m3 = A.mean[j], A.mean[j1], A.mean[j2], A.mean[j3]
        a, a1 = d[j] * A.scale[j], d[j1] * A.scale[j1] * (k + 1 < n)
        a2, a3 = d[j2] * A.scale[j2] * (k + 2 < n), d[j3] * A.scale[j3] * (k + 3 < n)
        for i in range(n_equal):
            x, x1, x2, x3 = XT[c, i] - m, XT[c1, i] - m1, XT[c2, i] - m2, XT[c3, i] - m3
            r[i] += h[0] * (a * x + a1 * x1 + a2 * x2 + a3 * x3)
        for i in range(r.size - n_equal):
            x, x1, x2, x3 = XT[c, i] - m, XT[c1, i] - m1, XT[c2, i] - m2, XT[c3, i] - m3
            r[i] += h[i] * (a * x + a1 * x1 + a2 * x2 + a3 * x3)


@njit
def col_fills(A, rows, roots, which, out):
    """Fill row j of `out` with some rows of column j, times row ``which[j]`` of `roots`."""
    for j in range(out.shape[0]):
        A.col_fill(j, rows, roots[which[j]], out[j])


@njit
def col_products(A, U, low, high, out):
    """Add to `out` (k, m) the products of U (k, n) with dense columns, over the rows from `low` to `high`.

    Two columns meet four rows of U at a time, so that what is in registers is used more than once; k is a multiple
    of four.
    """
    for first in range(0, A.cols.size, 2):
        second = min(first + 1, A.cols.size - 1)
        x, x_mean = A.XT[A.cols[first]][low:high], A.mean[first]
        y, y_mean = A.XT[A.cols[second]][low:high], A.mean[second]
        for t in range(0, U.shape[0], 4):
            u0, u1, u2, u3 = U[t][low:high], U[t + 1][low:high], U[t + 2][low:high], U[t + 3][low:high]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = 0.0
            for i in range(x.size):
                v, w = x[i] - x_mean, y[i] - y_mean
                a0 += v * u0[i]
                a1 += v * u1[i]
                a2 += v * u2[i]
                a3 += v * u3[i]
                b0 += w * u0[i]
                b1 += w * u1[i]
                b2 += w * u2[i]
                b3 += w * u3[i]
            out[t, first] += a0
            out[t + 1, first] += a1
            out[t + 2, first] += a2
            out[t + 3, first] += a3
            if second > first:
                out[t, second] += b0
                out[t + 1, second] += b1
                out[t + 2, second] += b2
                out[t + 3, second] += b3
