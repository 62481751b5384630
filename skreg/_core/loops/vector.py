"""Rounds for penalties of the whole vector of coefficients: prox-gradient steps, and Newton steps on faces.

Prox-gradient steps find the face of the solution: which coefficients are equal, up to signs, or zero. On a face the
penalty is linear in the values of the clusters, so that few Newton steps, with as many unknowns as clusters, reach the
minimum there. Where clusters meet they become one, and the others go on.
"""

from typing import NamedTuple

import numpy as np

from ..data.base import ENTRIES_PER_CALL
from .certificates import describe_face, penalty_value
from .proximal import prox_gradient, work_space
from .semidefinite import solve_semidefinite

STEPS = 10  # prox-gradient steps in a round
POWER_STEPS = 10  # products with the curvature matrix that estimate its largest eigenvalue
SAME_SIZE = 1.3  # parts whose numbers of coefficients have at most this ratio have about the same curvature
NEAR = 0.9  # a coefficient may move when its correlation reaches this share of its limit
ALMOST_ALL = 0.7  # share of the coefficients of a working set with inner products from which steps move all of them
SMALL_FACE = 30  # up to this many clusters Newton steps cost next to nothing
LARGEST_FACE = 1000  # most clusters in one Newton step, which then takes less than a second
FACTORIZATIONS = 4  # of the curvature matrix of a face, that a Newton step is expected to take
OBJECTIVE_ROUNDING = 1e-13  # rounding error of objectives in normalized units


class Face(NamedTuple):
    """A face of a vector penalty: ``w_j = sign_j z_k`` for the cluster k of j, and 0 for those of no cluster, k = -1.

    Attributes
    ----------
    cluster : ndarray of int of shape (p,)
    sign : ndarray of shape (p,)
    slope : ndarray of shape (n_clusters,)
        Derivatives of the penalty by the values z, without ridge.
    left, right : ndarray of int
        Pairs of clusters whose values may not pass each other; right may be -1, which has value 0.
    """

    cluster: np.ndarray
    sign: np.ndarray
    slope: np.ndarray
    left: np.ndarray
    right: np.ndarray

    def members(self):
        """See `sorted_members`."""
        return sorted_members(self.cluster, self.slope.size)

    def spread(self, z):
        """Coefficients for values z of the clusters."""
        return self.sign * np.append(z, 0.0)[self.cluster]

    def total(self, V):
        """Sums over the clusters of the signed rows of V."""
        used = self.cluster >= 0
        out = np.zeros((self.slope.size, *V.shape[1:]))
        np.add.at(out, self.cluster[used], (V.T * self.sign).T[used])
        return out

    def values(self, w):
        """The values of the clusters at w, a point of the face."""
        z = np.zeros(self.slope.size)
        used = self.cluster >= 0
        z[self.cluster[used]] = (self.sign * w)[used]
        return z


def face_of(pen, w):
    """The face of a vector penalty at w."""
    cluster, sign, slope = np.empty(w.size, np.int64), np.empty(w.size), np.empty(w.size)
    left, right = np.empty((2, 2 * w.size), np.int64)
    n_clusters, n_pairs = describe_face(pen, w, cluster, sign, slope, left, right)
    return Face(cluster, sign, slope[:n_clusters], left[:n_pairs], right[:n_pairs])


def minimum_on(face, H, g, z):
    """Minimize ``g' (z - z0) + (z - z0)' H (z - z0) / 2 + slope' z`` from z0 = z, without leaving the face.

    Clusters that pass each other on the way to the minimum become one, all at once, and the others go on: this is a
    guess, which the objective has to confirm.

    Returns
    -------
    label : ndarray of int
        The cluster of every cluster, as some have met; -1 for those that have reached 0.
    z : ndarray
        Values of the clusters that are left.
    """
    label, slope, left, right = np.arange(z.size), face.slope, face.left, face.right
    while z.size:
        step, _ = solve_semidefinite(H, -(g + slope))
        before, after = (v[left] - np.append(v, 0.0)[right] for v in (z, z + step))
        meets = before * after <= 0.0
        z, g = z + step, g + H @ step
        if not meets.any():
            break
        new = _merged(z.size, left, right, meets)
        order, first = sorted_members(new, new.max(initial=-1) + 1)
        if not order.size:
            return np.append(new, -1)[label], z[:0]
        sizes = np.diff(np.append(first, order.size))
        mean = np.add.reduceat(z[order], first) / sizes
        moved = np.append(mean, 0.0)[new] - z
        z, g = mean, np.add.reduceat((g + H @ moved)[order], first)
        slope = np.add.reduceat(slope[order], first)
        H = np.add.reduceat(np.add.reduceat(H[np.ix_(order, order)], first), first, axis=1)
        new = np.append(new, -1)
        label, left, right = new[label], new[left], new[right]
        apart = left != right
        left, right = np.maximum(left, right)[apart], np.minimum(left, right)[apart]
    return label, z


def sorted_members(cluster, n):
    """The members of clusters 0 to n - 1, one cluster after the other, and the place of the first of each."""
    members = np.flatnonzero(cluster >= 0)
    members = members[np.argsort(cluster[members], kind="stable")]
    return members, np.searchsorted(cluster[members], np.arange(n))


def _merged(n, left, right, meets):
    """New numbers of n clusters where some pairs meet; -1 for those at 0."""
    number = np.arange(n + 1)
    number[n] = -1
    for a, b in zip(left[meets], right[meets], strict=True):
        number[number == number[a]] = number[b]
    used = np.unique(number[number >= 0])
    rank = np.full(n + 1, -1)
    rank[used] = np.arange(used.size)
    return rank[number[:n]]


class VectorRounds:
    """Rounds of a solve: see `inner.solve`. The momentum of the steps goes on from round to round.

    Steps move the coefficients that are nonzero or likely to leave zero; the certificate covers all.
    """

    def __init__(self, s, pen):
        self.s = s
        self.pen = pen
        self._is_first = True
        self._work = 0.0  # multiplications of prox-gradient steps since the last Newton step
        self._is_exact = False  # whether the last round ended at the minimum on a face
        self._part = None

    def solve_free(self):
        """Minimize along directions that are not penalized."""
        if self.s.w.size and self.pen.has_free_shift:
            every, none = np.zeros(self.s.w.size, np.int64), np.empty(0, np.int64)
            shift = Face(every, np.ones(every.size), np.zeros(1), none, none)
            for _ in range(2):  # the second removes the rounding of the first
                g = -shift.total(self.s.form.correlations(self.s.r))
                self.s.move(self.s.w + solve_semidefinite(self.s.form.curvature_of(shift), -g)[0])

    def polish(self):
        """A Newton step that ends a solve."""
        if not self._is_exact and self.s.w.size:
            self._newton()

    def run(self, c):
        """One round, from an iterate with correlations c."""
        s = self.s
        if not s.w.size:
            return
        if self._is_first and self._newton():  # the face of the last alpha may be nearly right
            c = s.form.correlations(s.r)
        self._is_first = False
        self._prox_gradient(c)
        self._is_exact = self._newton()

    def _prox_gradient(self, c):
        s, form = self.s, self.s.form
        may_move = np.flatnonzero(self.pen.may_move(s.w, c, NEAR))
        if not may_move.size:
            return
        if self._part is None or not self._part.holds(may_move):
            almost_all = form.has_squares and may_move.size >= ALMOST_ALL * s.w.size  # all need no copy, and stay all
            self._part = Part(form, self.pen, np.arange(s.w.size) if almost_all else may_move)
        w = s.w.copy()
        self._part.take_steps(w, s.r, known_curvature(form, self._part))
        self._work += 2 * STEPS * form.width * may_move.size
        s.move(w)
        self._part.last = w

    def _newton(self):
        """Go to the minimum on the face of the iterate. Returns whether there was a step that lowered the objective.

        There is none before prox-gradient steps have cost about as much as it will, unless they would be too short.
        """
        s, pen = self.s, self.pen
        face = face_of(pen, s.w)
        k = face.slope.size
        cost = k**2 * (FACTORIZATIONS * k + s.form.width)
        is_due = self._work >= cost or k <= SMALL_FACE or s.form.is_stiff
        if not (is_due and 0 < k <= min(LARGEST_FACE, s.form.rank)):
            return False
        self._work = 0.0
        before, r, c = s.w, s.r, s.form.correlations(s.r)
        value = _value(s, pen)
        z, counts = face.values(s.w), np.bincount(face.cluster[face.cluster >= 0])
        H, g = s.form.curvature_of(face), -face.total(c)
        if pen.l2 > 0.0:
            H.flat[:: z.size + 1] += pen.l2 * counts
            g += pen.l2 * counts * z
        label, values = minimum_on(face, H, g, z)
        s.move(face._replace(cluster=np.append(label, -1)[face.cluster]).spread(values))
        if _value(s, pen) <= value + OBJECTIVE_ROUNDING * max(1.0, value):
            return True
        s.w, s.r = before, r
        return False


def _value(s, pen):
    return 0.5 * s.form.products(s.w, s.r)[0] + penalty_value(pen, s.w)


class Part:
    """Some coefficients of a form, for prox-gradient steps with the others at zero.

    Parameters
    ----------
    form : Residual or Gradient
    pen : vector penalty
    at : ndarray of int
        Positions of the coefficients.
    """

    def __init__(self, form, pen, at):
        self.form = form
        self.at = at
        self.pen = pen.part(at.size)
        self.A = form.part(at)
        self.smooth = form.smooth(at)
        self.last = None  # the iterate at which the momentum holds
        self.most = max(int(ENTRIES_PER_CALL / max(2 * form.width * at.size, 1)), 1)

    def holds(self, at):
        """Whether the coefficients in `at` are among these, which are not many more."""
        return 2 * at.size >= self.at.size and np.isin(at, self.at, assume_unique=True).all()

    def take_steps(self, w, r, largest):
        """Take some steps from an iterate, whose w changes in place. Starts without momentum at a new iterate."""
        if self.last is None or not np.array_equal(self.last, w):
            self._w = w[self.at]
            self._z = self.form.scores(r, self.at)
            self._v, self._zv = self._w.copy(), self._z.copy()
            self._estimates = np.array([largest, 1.0])
            self._space = work_space(self._w, self._z)
        for low in range(0, STEPS, self.most):  # in short calls, between which Ctrl-C takes effect
            more = min(self.most, STEPS - low)
            prox_gradient(
                self.A, self.smooth, self.pen, self._w, self._z, self._v, self._zv, self._estimates, *self._space,
                more, True, True,
            )  # fmt: skip
        w[self.at] = self._w


def known_curvature(form, part):
    """The largest curvature of a part of a form, or of one of about its size whose curvature was computed before.

    Prox-gradient steps correct it where it is too small.
    """
    size, _ = getattr(form, "part_curvature", (0, 0.0))
    if not part.at.size <= SAME_SIZE * size <= SAME_SIZE**2 * part.at.size:
        form.part_curvature = part.at.size, largest_curvature(part, form)
    return form.part_curvature[1]


def largest_curvature(part, form):
    """An estimate, from below, of the largest eigenvalue of the curvature matrix of a part, by power iteration."""
    w, x = np.zeros(form.features.size), np.random.default_rng(0).standard_normal(part.at.size)
    start, size = form.correlations(form.state(w))[part.at], 0.0
    for _ in range(POWER_STEPS):
        norm = np.linalg.norm(x)
        if norm == 0.0:
            break
        w[part.at] = x / norm
        x = start - form.correlations(form.state(w))[part.at]
        size = np.linalg.norm(x)
    return max(size, OBJECTIVE_ROUNDING)
