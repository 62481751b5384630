"""The squared loss of some columns, in two forms: by minus the weighted residual, or by the gradient.

The gradient needs the inner products of the columns, and then a coordinate that does not move costs nothing; the
residual needs only the columns. `correlations` are minus the gradient of the smooth part ``||y - X w||^2 / 2``, in
normalized units.
"""

import numpy as np

from ..loops.proximal import Quadratic, rows_of
from ..parts.designs import Gram, PerScore, col_dots, col_updates
from ..parts.losses import Squared


class Residual:
    """r is minus the weighted residual."""

    has_squares = False  # inner products must be computed
    is_stiff = False  # as of most losses: see `losses`

    def __init__(self, data, target):
        self.data = data
        self.rank = data.n
        self.h = data.h
        self.inv_h = data.inv_h
        self.y = data.R[target]
        self.width = data.size / data.p  # entries of X that a coordinate reads
        self.A = None
        self.features = np.empty(0, np.int64)
        self.lips = np.empty(0)  # the curvature of every block

    def grow(self, cols, sizes=None, lips=None):
        """Add columns; `sizes` are those of their blocks, None for blocks of one, `lips` their curvatures if known."""
        self.A = self.data.restrict(self.A, cols)
        self.features = np.append(self.features, cols)
        if lips is None:
            alone = self.data.sqnorms[cols]
            lips = block_curvatures(alone, sizes, lambda at: self.data.cross(cols[at], cols[at]))
        self.lips = np.append(self.lips, lips)

    def state(self, w):
        """The r of an iterate, computed from w."""
        r = self.y.copy()
        if w.size:
            col_updates(self.A, w, self.h, r)
        return r

    def correlations(self, r):
        out = np.empty(self.features.size)
        if out.size:
            col_dots(self.A, np.arange(out.size), r, out)
        return -out

    def slopes(self, r):
        """Minus the weighted residual of every row."""
        return self.data.to_rows(r)

    def part(self, at):
        """The design of some coordinates."""
        return self.data.restrict(None, self.features[at])

    def smooth(self, at):
        """The smooth part as a function of some coordinates with the others at zero, for prox-gradient steps."""
        weights = np.array(np.broadcast_to(self.h, self.data.n))
        return rows_of(Squared(), -(self.slopes(self.y) * self.inv_h)[None], weights)

    def scores(self, r, at):
        """The scores of an iterate, from its state, in the form for prox-gradient steps."""
        return self.data.from_rows((self.slopes(r) - self.slopes(self.y)) * self.inv_h)

    def curvature_of(self, face):
        """Inner products of the sums of columns over the clusters of a face."""
        Z = np.empty((face.slope.size, self.data.n))
        for k, z in enumerate(Z):
            members = face.cluster == k
            state = self.data.from_rows(np.zeros(self.data.n))
            col_updates(self.A, np.where(members, face.sign, 0.0), np.ones(1), state)
            z[:] = self.data.to_scores(state)
        return (Z * self.h) @ Z.T

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
    """r is the gradient on the working set; `cross` gives inner products of columns, which have at most a rank.

    `cross` may be None if `grow` is always given the products.
    """

    h = np.ones(1)
    has_squares = True
    is_stiff = False

    def __init__(self, cross, start, yy, rank=np.inf):
        self.cross = cross
        self.rank = rank
        self.start = start
        self.yy = yy
        self.features = np.empty(0, np.int64)
        self.own_start = np.empty(0)  # of the features, for vector penalties, which are of one score
        self.lips = np.empty(0)
        self.G = np.empty((0, 0))
        self.A = None

    @property
    def width(self):
        return self.features.size

    def grow(self, cols, sizes=None, inner=None):
        """Add columns; `sizes` are those of their blocks, None for blocks of one; `inner` their products with all."""
        m, k = self.features.size, cols.size
        self.features = np.append(self.features, cols)
        self.own_start = self.start[self.features]
        new = self.cross(cols, self.features) if inner is None else inner[:, self.features]
        if not m:
            self.G = np.ascontiguousarray(new)
        elif m + k > len(self.G):
            side = min(2 * (m + k), self.start.size)
            G = np.empty((side, side))
            G[:m, :m] = self.G[:m, :m]
            self.G = G
        if m:
            self.G[m : m + k, : m + k] = new
            self.G[:m, m : m + k] = new[:, :m].T
        alone = self.G.diagonal()[m : m + k]
        lips = block_curvatures(alone, sizes, lambda at: self.G[m:, m:][np.ix_(at, at)])
        self.lips = np.append(self.lips, lips)
        self.A = Gram(self.G)

    def state(self, w):
        """The r of an iterate, computed from w."""
        return w @ self.G[: w.size, : w.size] - self.own_start

    def correlations(self, r):
        return -r

    def part(self, at):
        """The design of some coordinates."""
        return self.A if at.size == self.features.size else Gram(self.G[np.ix_(at, at)])

    def smooth(self, at):
        """The smooth part as a function of some coordinates with the others at zero, for prox-gradient steps."""
        return Quadratic(self.own_start[at])

    def scores(self, r, at):
        """The scores of an iterate, from its state, in the form for prox-gradient steps."""
        return (r + self.own_start)[at]

    def curvature_of(self, face):
        """Inner products of the sums of columns over the clusters of a face."""
        order, first = face.members()
        G = self.G[np.ix_(order, order)] * np.outer(face.sign[order], face.sign[order])
        return np.add.reduceat(np.add.reduceat(G, first), first, axis=1)

    def products(self, w, r):
        """Squared norm of the residual, and its product with y."""
        yr = self.yy - self.own_start @ w
        return max(yr + r @ w, 0.0), yr

    def square(self, coords):
        """Inner products of some coordinates."""
        return self.G.take(coords, 0).take(coords, 1)  # in half of the time of `np.ix_`


class ScoresGradient(Gradient):
    """r (K, m) is the gradient of K scores on the same m columns, each of which has the squared loss alone.

    The inner products of the columns are enough: a coordinate changes the gradient of its own score only.

    Parameters
    ----------
    G : ndarray of shape (m, m)
    place, classes : ndarray of int
        Column and score of every coordinate.
    w, c : ndarray
        An iterate, and its correlations.
    rr : float
        Squared norm of its residual.
    rank : float
        As for `Gradient`.
    """

    def __init__(self, G, place, classes, w, c, rr, rank):
        super().__init__(None, np.zeros((classes.max(initial=0) + 1, len(G))), rr, rank)
        self.G = np.ascontiguousarray(G)
        self.at = classes, place
        self.A = PerScore(Gram(self.G), place, classes)
        self.features = np.arange(place.size)
        self.lips = self.G.diagonal()[place]
        start = self.state(w)[self.at] + c
        self.start[self.at] = start
        self.yy += (start + c) @ w

    @property
    def width(self):
        return len(self.G)

    def state(self, w):
        W = np.zeros_like(self.start)
        W[self.at] = w
        return W @ self.G - self.start

    def correlations(self, r):
        return -r[self.at]

    def products(self, w, r):
        yr = self.yy - self.start[self.at] @ w
        return max(yr + r[self.at] @ w, 0.0), yr

    def square(self, coords):
        classes, place = (part[coords] for part in self.at)
        return self.G[np.ix_(place, place)] * (classes[:, None] == classes)


def block_curvatures(alone, sizes, square):
    """The largest curvature of every block, from those of single coordinates; ``square(at)`` gives inner products."""
    if sizes is None:
        return alone
    out, stops = np.empty(sizes.size), np.cumsum(sizes)
    for j, (stop, size) in enumerate(zip(stops, sizes, strict=True)):
        at = np.arange(stop - size, stop)
        out[j] = alone[at[0]] if size == 1 else np.linalg.eigvalsh(square(at))[-1]
    return out
