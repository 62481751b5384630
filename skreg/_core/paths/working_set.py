"""Working sets: the blocks that may be nonzero, their coefficients, and what paths ask of them.

Coordinates are positions in the working set; its iterate is w and r. For the squared loss the state r has one of two
forms, see `forms`.
"""

import numpy as np

from ..loops import inner
from ..loops.certificates import conjugate_value, penalty_value, squared_dual
from .forms import Gradient, Residual
from .screening import Anchors

BATCH = 32  # columns that enter together where entering costs a product with all columns
ALWAYS_GRAM_COLUMNS = 64  # so many always have inner products, which cost less than compiling the other form
MAX_KEPT_GRAM_COLUMNS = 2000  # most columns of a working set whose inner products are kept


class WorkingSet:
    """What `path.follow`, `inner.solve` and certificates know of a working set.

    Attributes
    ----------
    start : ndarray
        Correlations of all coordinates at the null model.
    is_convex : bool
        Whether the loss is.
    is_eager : bool
        Whether blocks that are only likely to enter are added: it is cheap.
    batch : int
        Blocks that may always enter at once; otherwise at most as many as there are nonzero coefficients.
    blocks : ndarray of int
        In the order in which they entered.
    features : ndarray of int
        The coordinates of these blocks, as positions in all coordinates.
    w : ndarray
        The iterate.
    r : object
        Its state, which knows the gradient of the smooth part.
    independent : ndarray of int
        Coordinates whose columns the last Newton step found to be independent.
    pivot : float
        The smallest pivot of a Cholesky factor of their inner products; 0 if there was no such step.
    """

    is_convex = True

    def __init__(self):
        self.blocks = self.independent = np.empty(0, np.int64)
        self.pivot = 0.0

    def another(self):
        """An empty working set of the same problem, which shares what this one learns of columns outside."""
        raise NotImplementedError

    def add(self, path, blocks, known, entry):
        """Add blocks, with coefficients of 0, and mark them as known; `entry` are the entry alphas of all blocks."""
        raise NotImplementedError

    def move(self, w):
        """Set the iterate, and compute its state from it."""
        raise NotImplementedError

    def solve(self, pen, tol, share, max_rounds):
        """Lower the objective until the certificate is at most `tol`, or that share of the objective.

        Returns
        -------
        result : inner.Result
        """
        raise NotImplementedError

    def jump(self, pen, start, t):
        """Step from w to ``w + t (w - start)``, without leaving smooth pieces, if that lowers the objective."""
        raise NotImplementedError

    def all_correlations(self, w, r, may_matter):
        """Correlations of all coordinates at the iterate w, r; exact for those that matter, see `Anchors`."""
        raise NotImplementedError

    def snapshot(self):
        """The state, which later steps do not change."""
        raise NotImplementedError

    def evaluate(self, pen):
        """The objective, and the correlations of the working set: minus the gradient of the smooth part."""
        raise NotImplementedError

    def dual_bounds(self, pen, c):
        """Dual values at the state that was evaluated last, each with the scale of its dual point."""
        raise NotImplementedError

    def dual_value(self, pen, point, scale):
        """Dual value of another scale of a dual point, which is a `DualityGap`."""
        raise NotImplementedError

    def trivial_dual(self, pen):
        """Dual value of the point 0, which is always feasible."""
        raise NotImplementedError

    def columns_and_scores(self):
        """The column and the score of every coordinate of the working set."""
        return self.features, np.zeros(self.features.size, np.int64)

    def inner_products(self, at):
        """Inner products of the normalized columns of some coordinates of the working set."""
        raise NotImplementedError


class SquaredLoss(WorkingSet):
    """The working set of the squared loss, in one of the two forms."""

    batch = 64

    def __init__(self, form):
        super().__init__()
        self.form = form
        self.w = self.r = np.empty(0)

    @property
    def features(self):
        return self.form.features

    def _enter(self, blocks, k):
        """Add the last k columns of the form to the iterate, with coefficients of 0."""
        self.blocks = np.append(self.blocks, blocks)
        self.move(np.append(self.w, np.zeros(k)))

    def move(self, w):
        self.w = w
        self.r = self.form.state(w)

    def solve(self, pen, tol, share, max_rounds):
        return inner.solve(self, pen, tol, share, max_rounds)

    def jump(self, pen, start, t):
        inner.jump(self, pen, start, t)

    def inner_products(self, at):
        return self.form.square(at)

    def snapshot(self):
        return self.r.copy()

    def evaluate(self, pen):
        self._products = rr, _ = self.form.products(self.w, self.r)
        return 0.5 * rr + penalty_value(pen, self.w), self.form.correlations(self.r)

    def dual_bounds(self, pen, c):
        return [squared_dual(pen, c, *self._products)]

    def trivial_dual(self, pen):
        return -conjugate_value(pen, self.w, 0.0)

    def dual_value(self, pen, point, scale):
        rr, yr = self.form.products(point.w, point.r)
        c = self.form.correlations(point.r)
        return scale * yr - 0.5 * scale**2 * rr - conjugate_value(pen, c, scale)


class Columns(SquaredLoss):
    """Columns outside the working set are screened with anchors, which are made unless they are given."""

    is_eager = True

    def __init__(self, data, target, many=True, anchors=None):
        self.problem = data, target, many
        self.start = data.start[target]
        self.residual = Residual(data, target)
        # Inner products of the working set pay on a path, or where they cost little compared with the rows.
        self.most = min(max((4.0 if many else 0.1) * self.residual.width, ALWAYS_GRAM_COLUMNS), MAX_KEPT_GRAM_COLUMNS)
        super().__init__(Gradient(data.cross, self.start, data.sqnorm(data.R[target]), data.n))
        self.anchors = anchors
        if anchors is None:
            self.anchors = Anchors(data)
            self.anchors.start(-data.sqrt_weighted(data.R[target]), self.start)

    def another(self):
        return Columns(*self.problem, self.anchors)

    def add(self, path, blocks, known, entry):
        known[blocks] = True
        cols, sizes = path.coordinates(blocks), path.block_sizes(blocks)
        if self.residual.features.size + cols.size > self.most:
            self.residual.grow(cols, sizes)
            self.form = self.residual
        else:
            self.form.grow(cols, sizes)
            self.residual.grow(cols, lips=self.form.lips[self.residual.lips.size :])
        self._enter(blocks, cols.size)

    def all_correlations(self, w, r, may_matter):
        if self.form is not self.residual:
            r = self.residual.state(w)
        return self.anchors.correlations(r, may_matter)


class Covariance(SquaredLoss):
    """K holds the inner products of the working set with all columns, a part for every batch in which they entered.

    For n >> p.

    Parameters
    ----------
    inner : callable
        Rows of the Gram matrix of some columns.
    start : ndarray of shape (p,)
        Correlations of all columns with y.
    yy : float
        Squared norm of y.
    """

    is_eager = False
    SMALL = 256  # up to this many columns, all enter at once, in one symmetric product

    def __init__(self, inner, start, yy):
        self.inner = inner
        self.start = start
        self.K = []
        super().__init__(Gradient(None, start, yy))

    def another(self):
        return Covariance(self._rows_of, self.start, self.form.yy)

    def _rows_of(self, cols):
        """Inner products of some columns with all, of which those in the working set are known."""
        place = np.full(self.start.size, -1)
        place[self.features] = np.arange(self.features.size)
        place, ends = place[cols], np.cumsum([len(part) for part in self.K])
        out, new = np.empty((cols.size, self.start.size)), place < 0
        for end, part in zip(ends, self.K, strict=True):
            here = (place >= end - len(part)) & (place < end)
            out[here] = part[place[here] - end + len(part)]
        if new.any():
            out[new] = self.inner(cols[new])
        return out

    def add(self, path, blocks, known, entry):
        known[blocks] = True
        blocks = self._with_likely(path, blocks, known, entry)
        known[blocks] = True
        cols = path.coordinates(blocks)
        self.K.append(self.inner(cols))
        self.form.grow(cols, path.block_sizes(blocks), self.K[-1])
        self._enter(blocks, cols.size)

    def _with_likely(self, path, blocks, known, entry):
        """The blocks, and further ones up to a batch, or all: those that are likely to enter soon."""
        p, n_new = self.start.size, path.coordinates(blocks).size
        rest = np.flatnonzero(~known)
        if p > self.SMALL and 3 * (self.w.size + max(n_new, BATCH)) <= p:
            n_extra = max(BATCH - n_new, 0) * path.n_blocks // p
            rest = rest[np.argsort(-entry[rest])[:n_extra]]
        return np.append(blocks, rest)

    def all_correlations(self, w, r, may_matter):
        c, ends = self.start.copy(), np.cumsum([len(part) for part in self.K])
        for end, part in zip(ends, self.K, strict=True):
            c -= w[end - len(part) : end] @ part
        return c
