"""The inner problem on a working set of columns. Coordinates are positions in the working set; its iterate is w and r.

The state r has one of two forms: minus the weighted residual, or the gradient. The gradient needs the inner products of
the working set, and then a coordinate that does not move costs nothing; the residual needs only the columns.
`correlations` are minus the gradient of the smooth part ``||y - X w||^2 / 2``, in normalized units.
"""

import numpy as np

from . import inner
from .certificates import conjugate_value
from .coordinate import col_dots, col_updates
from .designs import Gram
from .screening import Anchors

BATCH = 32  # columns that enter together where entering costs a product with all columns
LEAST = 64  # columns for which inner products are always used: they cost less than compiling the other form
MOST = 2000  # most columns of a working set whose inner products are kept


class Residual:
    """r is minus the weighted residual."""

    has_squares = False  # inner products must be computed

    def __init__(self, data, target):
        self.data = data
        self.h = data.h
        self.y = data.R[target]
        self.width = data.size / data.p  # entries of X that a coordinate reads
        self.A = None
        self.features = np.empty(0, np.int64)
        self.lips = np.empty(0)

    def grow(self, cols):
        self.A = self.data.restrict(self.A, cols)
        self.lips = np.append(self.lips, (self.data.scale[cols] > 0.0).astype(float))
        self.features = np.append(self.features, cols)

    def state(self, w):
        """The r of an iterate, computed from w."""
        r = self.y.copy()
        if w.any():
            col_updates(self.A, w, self.h, r)
        return r

    def correlations(self, r):
        out = np.empty(self.lips.size)
        if out.size:
            col_dots(self.A, np.arange(out.size), r, out)
        return -out

    def products(self, w, r):
        """Squared norm of the residual, and its product with y."""
        v = self.data.to_rows(r)
        e = v * self.data.inv_h
        return float(v @ e), float(e @ self.data.to_rows(self.y))

    def square(self, coords):
        """Inner products of some coordinates."""
        cols = self.features[coords]
        return self.data.cross(cols, cols)


class Gradient:
    """r is the gradient on the working set; `cross` gives inner products of columns."""

    h = np.ones(1)
    has_squares = True

    def __init__(self, cross, start, yy):
        self.cross = cross
        self.start = start
        self.yy = yy
        self.features = np.empty(0, np.int64)
        self.lips = np.empty(0)
        self.G = np.empty((0, 0))
        self.A = None

    @property
    def width(self):
        return self.features.size

    def grow(self, cols):
        m, k = self.features.size, cols.size
        self.features = np.append(self.features, cols)
        new = self.cross(cols, self.features)
        if not m:
            self.G = np.ascontiguousarray(new)
        elif m + k > len(self.G):
            G = np.empty((2 * (m + k), 2 * (m + k)))
            G[:m, :m] = self.G[:m, :m]
            self.G = G
        if m:
            self.G[m : m + k, : m + k] = new
            self.G[:m, m : m + k] = new[:, :m].T
        self.lips = self.G.diagonal()[: m + k].copy()
        self.A = Gram(self.G)

    def state(self, w):
        """The r of an iterate, computed from w."""
        return w @ self.G[: w.size, : w.size] - self.start[self.features]

    def correlations(self, r):
        return -r

    def products(self, w, r):
        """Squared norm of the residual, and its product with y."""
        yr = self.yy - self.start[self.features] @ w
        return max(yr + r @ w, 0.0), yr

    def square(self, coords):
        """Inner products of some coordinates."""
        return self.G[np.ix_(coords, coords)]


class Certified:
    """A working set with dual points, whose values `dual_value` gives."""

    def penalty(self, strengths, alpha):
        """The penalty of the working set."""
        return strengths.at(alpha, self.features)

    def gap_with(self, strengths, alpha, result, new, est, pull):
        """The gap on all columns; `new` are those outside the working set that violate their limits."""
        dual, level = result.dual, alpha * strengths.l1[new]
        kept = dual.value - conjugate_value(strengths.at(alpha, new), est[new], dual.scale)
        scale = dual.scale * (level / (dual.scale * pull[new])).min()
        scaled = self.dual_value(self.penalty(strengths, alpha), dual, scale)
        return max(result.primal - max(kept, scaled, self.trivial_dual(self.penalty(strengths, alpha))), 0.0)


class WorkingSet(Certified):
    """Columns that may be nonzero, their coefficients w, and the state r in one of the forms."""

    batch = 64  # columns that may always enter at once; otherwise at most as many as there are nonzeros

    def __init__(self, form, p):
        self.form = form
        self.p = p
        self.w = self.r = np.empty(0)

    @property
    def features(self):
        return self.form.features

    def _enter(self, k):
        """Add the last k columns of the form to the iterate, with coefficients of 0."""
        self.move(np.append(self.w, np.zeros(k)))

    def move(self, w):
        """Set the iterate, and compute its state from it."""
        self.w = w
        self.r = self.form.state(w)

    def solve(self, pen, tol, share, max_rounds):
        """See `inner.solve`."""
        return inner.solve(self, pen, tol, share, max_rounds)

    def jump(self, pen, start, t):
        """See `inner.jump`."""
        inner.jump(self, pen, start, t)

    def trivial_dual(self, pen):
        """Dual value of the point 0, which is always feasible."""
        return -conjugate_value(pen, self.w, 0.0)

    def dual_value(self, pen, dual, scale):
        """Dual value of another scale of a dual point."""
        rr, yr = self.form.products(dual.w, dual.r)
        c = self.form.correlations(dual.r)
        return scale * yr - 0.5 * scale**2 * rr - conjugate_value(pen, c, scale)

    def _with_likely(self, cols, known, est, least):
        """The columns that enter, and further ones up to a batch: those with the largest estimated correlations."""
        rest = np.flatnonzero(~known)
        extra = max(least - cols.size, 0)
        return np.append(cols, rest[np.argsort(-np.abs(est[rest]))[:extra]])


class Columns(WorkingSet):
    """Columns outside the working set are screened with anchors."""

    eager = True  # adding columns is cheap

    def __init__(self, data, target, many=True):
        self.start = data.start[target]
        self.residual = Residual(data, target)
        # Inner products of the working set pay on a path, or where they cost little compared with the rows.
        self.most = min(max((2.0 if many else 0.1) * self.residual.width, LEAST), MOST)
        yy = data.sqnorm(data.R[target])
        super().__init__(Gradient(data.cross, self.start, yy), data.p)
        self.anchors = Anchors(data)
        self.anchors.start(-data.sqrt_weighted(data.R[target]), self.start)

    def add(self, cols, known, est):
        """Add columns with coefficients of 0."""
        known[cols] = True
        self.residual.grow(cols)
        if self.residual.features.size > self.most:
            self.form = self.residual
        else:
            self.form.grow(cols)
        self._enter(cols.size)

    def all_correlations(self, w, r, level, known):
        """Correlations of all columns at the iterate w, r; outside `known`, exact where they may exceed `level`."""
        if self.form is not self.residual:
            r = self.residual.state(w)
        return self.anchors.correlations(r, level, known)


class Covariance(WorkingSet):
    """K holds the inner products of the working set with all columns: for n >> p. Columns enter in batches.

    Parameters
    ----------
    inner : callable
        Rows of the Gram matrix of some columns.
    start : ndarray of shape (p,)
        Correlations of all columns with y.
    yy : float
        Squared norm of y.
    """

    eager = False
    SMALL = 256  # up to this many columns, all enter at once, in one symmetric product

    def __init__(self, inner, start, yy):
        self.inner = inner
        self.start = start
        self.K = np.empty((0, start.size))
        super().__init__(Gradient(lambda new, cols: self.K[-new.size :, cols], start, yy), start.size)

    def add(self, cols, known, est):
        """Add columns with coefficients of 0, and with them those that are likely to enter soon."""
        known[cols] = True
        many = self.p <= self.SMALL or 3 * (self.w.size + max(cols.size, BATCH)) > self.p
        cols = self._with_likely(cols, known, est, self.p if many else BATCH)
        known[cols] = True
        self.K = np.concatenate([self.K, self.inner(cols)])
        self.form.grow(cols)
        self._enter(cols.size)

    def all_correlations(self, w, r, level, known):
        """Correlations of all columns at the iterate w, r."""
        return self.start - w @ self.K
