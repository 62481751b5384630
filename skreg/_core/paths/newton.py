"""Proximal Newton: model a loss by weighted least squares, solve it on the working set, search along the step.

Lee, Sun & Saunders (2014), "Proximal Newton-type methods for minimizing composite functions".
"""

import weakref
from typing import NamedTuple

import numpy as np

from ..loops import inner, lbfgs
from ..loops.certificates import certificate, find_active, penalty_value
from ..parts.groups import block_ends, extended, ranges, unpenalized
from .expansion import Curvature, model_of
from .working_set import SquaredLoss


class Policy(NamedTuple):
    """How accurately models are solved, and what curvature matrices may cost."""

    model_gap: float = 0.3  # gap of the model's solution, relative to the gap so far
    model_rounds: int = 100
    few_model_rounds: int = 5  # of a model with unpenalized coefficients
    descent: float = 1e-4  # share of the predicted descent that a step must bring (Armijo)
    halvings: int = 40  # of a step
    doublings: int = 20  # of a step along which the objective falls like a line
    linear: float = 0.9  # share of the linear descent from which it does
    concave_halvings: int = 2  # of a step where the penalty is concave: then more curvature is tried
    damping: float = 4.0  # factor of the curvature of a model whose step did not lower the objective
    largest_damping: float = 1e6  # of these factors together
    enough: float = 0.1  # share of the gap to which a working set is solved before all columns are tested
    slow: float = 0.3  # a step that leaves more than this share of the gap is followed by a new curvature matrix
    stuck: float = 0.9  # a step that leaves more than this share is followed by a more accurate curvature matrix
    near: float = 0.8  # a block may move in a step when its correlation reaches this share of its limit
    max_gram: int = 1500  # coordinates up to which a curvature matrix costs less than sweeps over rows
    small_gram: int = 64  # coordinates for which a curvature matrix is used, however many rows there are
    largest_gram: int = 2000  # coordinates of a curvature matrix, whatever it costs
    single_precision: float = 1e8  # multiplications from which a curvature matrix is computed in single precision
    single_pivot: float = 0.03  # pivots of it, relative to the root of its diagonal, that rounding does not explain
    sampled_rows: int = 8192  # rows from which curvatures may be computed from a sample of rows
    rows_per_coordinate: int = 20  # of such a sample, at least
    reserved_steps: int = 10  # Newton steps that are left in case L-BFGS does not converge
    few_coordinates: int = 100  # of several classes, up to which L-BFGS does not pay
    blind_steps: int = 3  # with one curvature matrix while the gap is infinite, which says nothing of progress
    rounding: float = 1e-14  # rounding error of objectives
    max_age: int = 30  # steps whose rounding together is far below `coarse`
    coarse: float = 1e-9  # certificate, relative to the objective, from which that rounding does not matter


POLICY = Policy()
# where rows are coupled, curvature matrices cost more and there is no model on rows: they are used longer, and for more
COUPLED_POLICY = POLICY._replace(near=0.95, slow=0.6, model_gap=0.1, max_gram=2000, small_gram=2000)


class NewtonSteps:
    """Newton steps of a working set, and the curvature matrix that they share.

    Parameters
    ----------
    s : Scores
    solver : {"auto", "newton", "lbfgs"}
        L-BFGS needs pure L2 without bounds.

    Attributes
    ----------
    curvature : Curvature or None
        For several steps; None if the next step makes a new one, or goes without.
    """

    def __init__(self, s, solver):
        self.s = weakref.proxy(s)  # which owns these steps: a cycle would keep both in memory
        self.solver = solver
        self.curvature = None
        self.policy = COUPLED_POLICY if s.likelihood.loss.couples_rows else POLICY
        self._may_sample = not s.data.sparse and s.data.n >= POLICY.sampled_rows
        self._may_be_single = True  # whether large curvature matrices may be in single precision

    def use_all_rows(self):
        """Do not compute curvatures from a sample of rows."""
        self._may_sample = False

    @property
    def is_old(self):
        """Whether the curvature matrix was used for several steps."""
        return self.curvature is not None and self.curvature.steps >= POLICY.blind_steps

    def wants_lbfgs(self, pen):
        """Whether L-BFGS can, and should, minimize the objective."""
        s = self.s
        if self.solver == "newton" or not lbfgs.can_minimize(s, pen):
            return False
        return self.solver == "lbfgs" or s.w.size > (POLICY.max_gram if s.K == 1 else POLICY.few_coordinates)

    def refine(self, better):
        """Make the next step use a new curvature matrix; a more accurate one if `better` and this one was new."""
        if better and self.curvature is not None and self.curvature.steps == 1:
            self._may_be_single = self._may_be_single and self._may_sample
            self._may_sample = False
        self.curvature = None

    def step(self, pen, value, tol):
        """One Newton step. Returns False if the model has no step, or none lowers the objective.

        The model is solved to `tol`. A descent below the rounding of the objective is accepted: the certificate, which
        is of first order, shows it. A part of a step need not be a descent where the penalty is concave; a step of a
        model with enough curvature, which lies above the objective, always is.
        """
        s, damping = self.s, 1.0
        model = model_of(s)
        ends = block_ends(pen)
        blocks = find_active(pen, s.w, s.c, self.policy.near)
        at = ranges(ends, blocks)
        G = self._curvature_of(model, at)
        if G is None:
            blocks, at = np.arange(ends.size - 1), np.arange(s.w.size)
        model_pen = extended(pen, blocks, model.n_free)
        while True:
            found, solution = self._solve_model(model, None if G is None else damping * G, at, model_pen, tol)
            if np.array_equal(found, s.w):
                return False
            if self._search(pen, value, found, model.intercepts, solution):
                return True
            damping *= POLICY.damping
            if pen.is_convex or damping > POLICY.largest_damping:
                return False
            model = type(model)(s, damping)

    def _solve_model(self, model, G, at, model_pen, tol):
        """The solution of a model of some coordinates: those of the working set, and those of the model."""
        s = self.s
        form = model.on_rows() if G is None else model.on_gram(at, G)
        form.lips = model.block_curvatures(form, block_ends(model_pen), model_pen.is_separable)
        q = SquaredLoss(form)
        w = np.append(s.w[at], np.zeros(model.n_free))
        if G is None and s.K == 1:  # the state is known
            q.w, q.r = w, s.data.from_rows(s.rows.R[0].copy())
        else:
            q.move(w)
        # Unpenalized coefficients are solved for exactly in every round, which is expensive: few rounds are enough.
        n_bare = unpenalized(model_pen).size - model.n_free
        rounds = 1 if n_bare == at.size else POLICY.few_model_rounds if n_bare else POLICY.model_rounds
        inner.solve(q, model_pen, tol, 0.0, rounds, is_model=True)
        s.independent = at[q.independent[q.independent < at.size]]
        s.pivot = self._unweighted(q.pivot, model, G)
        found = s.w.copy()
        found[at] = q.w[: at.size]
        return found, q.w

    def _unweighted(self, pivot, model, G):
        """A lower bound of the smallest pivot of columns, from that of their curvature; 0 if it may be rounding."""
        if G is not None and self.curvature.dtype == np.float32:
            size = G.diagonal()[: len(G) - model.shifts].max(initial=0.0) ** 0.5  # of columns, without intercepts
            if pivot < self.policy.single_pivot * size:
                return 0.0
        weights = model.h if G is None else model.damping * self.curvature.model.h
        return pivot / max(np.max(weights * self.s.likelihood.inv_h), 1.0) ** 0.5

    def _search(self, pen, value, found, intercepts, solution):
        """Go from w to `found`, or a part of the way (Armijo), or beyond. Returns whether there was a step.

        The models of losses with linear pieces have more curvature there than the loss, which is to keep steps short.
        A step along which the objective falls like a line is doubled while it does.
        """
        s = self.s
        step = found - s.w
        dZ = s.scores(step)
        db = intercepts(solution, dZ)
        descent = penalty_value(pen, found) - penalty_value(pen, s.w) - s.c @ step
        rounding = POLICY.rounding * value + s.likelihood.rounding

        def trial(t):
            w = found if t == 1.0 else s.w + t * step
            Z = s.Z + t * dZ
            rows = s.likelihood.with_best_intercepts(Z, s.rows.b + t * db)
            return rows.value + penalty_value(pen, w), (w, Z, rows)

        t = 1.0
        for _ in range(POLICY.halvings if pen.is_convex else POLICY.concave_halvings):
            reached, point = trial(t)
            if reached <= value + POLICY.descent * t * descent + rounding:
                break
            t *= 0.5
        else:
            return False
        for _ in range(POLICY.doublings if t == 1.0 and pen.is_convex else 0):
            if reached - value > POLICY.linear * t * descent:
                break
            t *= 2.0
            beyond, further = trial(t)
            if not beyond < reached:
                break
            reached, point = beyond, further
        s.take(*point)
        return True

    def _sample(self, m):
        """A sample of rows for the curvature of m coordinates, or None."""
        if not self._may_sample or self.s.likelihood.loss.couples_rows:
            return None
        data = self.s.data
        weights = data.rows[data.sample]
        # number of rows of equal weight that say as much (Kish 1965)
        effective = weights.sum() ** 2 / max(np.sum(weights**2), 1e-300)
        return data.sample if effective * max(self.s.K - 1, 1) >= POLICY.rows_per_coordinate * m else None

    def _curvature_of(self, model, at):
        """The curvature matrix of some coordinates; None if it would cost too much."""
        data, at = self.s.data, model.gram_index(at)
        sample = self._sample(at.size) if self.curvature is None else self.curvature.rows
        cost = at.size * (1.0 if sample is None else sample.size / data.n)
        limit = max(min(self.policy.max_gram, 0.5 * model.width), self.policy.small_gram)
        if cost > limit or at.size > POLICY.largest_gram:
            self.curvature = None
            return None
        if self.curvature is None:
            is_large = self._may_be_single and data.n * at.size**2 > POLICY.single_precision
            self.curvature = Curvature(model, sample, np.float32 if is_large else np.float64)
        return self.curvature.of(at)


def solve(s, pen, tol, share, max_rounds):
    """Lower the objective until the certificate is at most `tol`, or that share of the objective.

    Or until it is a tenth of the first one: a smaller one pays only when no more columns enter.

    Returns
    -------
    result : inner.Result
    """
    proof, steps = certificate(s, pen), s.steps
    rounds, gap, is_fresh = 0, np.inf, False
    while True:
        value, c = s.evaluate(pen)
        before, gap = gap, proof.update(pen, value, c)
        if not rounds:
            goal = max(tol, share * value, POLICY.enough * min(gap, value))
        if not is_fresh and steps.policy.slow * before < gap < np.inf:  # a fresh state is no step
            steps.refine(share == 0.0 or gap > POLICY.stuck * before)
        elif gap == np.inf and steps.is_old:
            steps.refine(False)
        if rounds >= max_rounds or (rounds and gap <= goal):
            if is_fresh or tol < gap or (s.age <= POLICY.max_age and tol >= POLICY.coarse * value):
                return inner.Result(value, gap, proof, rounds)
            # Many steps leave rounding in the scores: they are computed again from w before they are certified.
            s.move(s.w)
            is_fresh = True
            continue
        rounds, is_fresh = rounds + 1, False
        if rounds == 1 and steps.wants_lbfgs(pen):
            rounds += lbfgs.minimize(s, pen, goal, max(max_rounds - POLICY.reserved_steps, 1))
        elif not steps.step(pen, value, _model_tol(steps.policy, proof, pen, gap, value, goal)):
            if steps.curvature is None or steps.curvature.is_exact:
                max_rounds = rounds
            else:
                steps.refine(True)


def _model_tol(policy, proof, pen, gap, value, goal):
    """Certificate to which the model is solved. It has a duality gap if the penalty is convex, else a distance.

    A distance to the subdifferential is like the root of a gap.
    """
    if proof.is_gap:
        return max(policy.model_gap * min(gap, value), 0.3 * goal)
    if pen.is_convex:
        return max(policy.model_gap * min(gap, 1.0) ** 2, 0.1 * goal**2)
    return max(policy.model_gap * gap, 0.3 * goal)
