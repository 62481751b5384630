"""Proximal Newton on row blocks, with gradients and curvature matrices that are summed over the blocks."""

from typing import NamedTuple

import numpy as np

from .block_scores import OBJECTIVE_ROUNDING, ZERO_EIGENVALUE
from .loops import inner
from .loops.certificates import conjugate_value, dual_scales, optimality, penalty_value
from .paths.forms import Gradient
from .paths.working_set import SquaredLoss
from .solution import Solution
from .solve_scores import ScoresFit

MODEL_ROUNDS = 100  # of coordinate descent, for one Newton step
MODEL_GAP = 0.1  # certificate of the model's solution, relative to the descent of the step before, or to a distance
LIKELY = 0.3  # share of the tolerance: a step whose model promises less descent is preceded by a certificate
DESCENT = 1e-4  # share of the predicted descent that a step must bring (Armijo)
HALVINGS = 20  # of a step
CONCAVE_HALVINGS = 2  # of a step where the penalty is concave: then more curvature is tried
DAMPING = 4.0  # factor of the curvature of a model whose step did not lower the objective
LARGEST_DAMPING = 1e6  # of these factors together
MAX_INTERCEPT_MOVE = 0.5  # of scores, until slopes that follow curvatures may be none of the loss
NULL_GAP = 1e-10  # of the null model with unpenalized columns, relative to its loss
NULL_STEPS = 100
SAMPLE_GAP = 1e-6  # of the fit on a sample of the blocks, relative to the loss of its null model


class Move(NamedTuple):
    """A step of coefficients and of intercepts, and the slope of the objective along it."""

    d: np.ndarray
    db: np.ndarray
    slope: float


class BlockModel(NamedTuple):
    """The quadratic model of the loss at a point, with the best intercepts for every value of the coefficients."""

    G: np.ndarray
    c: np.ndarray
    to_intercepts: np.ndarray  # (K, p K): steps of the intercepts for steps of the coefficients
    own: np.ndarray  # (K,): step of the intercepts besides

    @classmethod
    def at(cls, point, fit_intercept, unit):
        m = point.w.size
        H = point.sums.hessian.reshape(m + point.b.size, -1)
        G, c = H[:m, :m], point.c
        if not fit_intercept:
            return cls(G, c, np.zeros((point.b.size, m)), np.zeros(point.b.size))
        inverse = np.linalg.pinv(H[m:, m:], ZERO_EIGENVALUE, hermitian=True)
        to_intercepts = -inverse @ H[m:, :m]
        own = -inverse @ point.sums.gradient[:, -1]
        return cls(G + H[:m, m:] @ to_intercepts, c - H[:m, m:] @ own, to_intercepts * unit, own * unit)

    def damped(self, factor):
        """The model with a multiple of its curvature."""
        return self._replace(G=factor * self.G, own=self.own / factor)

    def minimize(self, pen, w, sizes, order, tol):
        """Coefficients that minimize the model plus the penalty."""
        G, c = np.ascontiguousarray(self.G[np.ix_(order, order)]), self.c[order]
        values, vectors = np.linalg.eigh(G)
        kept = values > ZERO_EIGENVALUE * max(values[-1], 1e-300)
        along = (vectors.T @ c)[kept]
        Gw = G @ w
        form = Gradient(lambda new, cols: G, c + Gw, float(along @ (along / values[kept]) + 2.0 * c @ w + w @ Gw))
        form.grow(np.arange(w.size), sizes)
        q = SquaredLoss(form)
        q.move(w.copy())
        inner.solve(q, pen, tol, 0.0, MODEL_ROUNDS)
        return q.w


class NewtonOnBlocks:
    """Proximal Newton steps for one penalty and one alpha.

    Parameters
    ----------
    scores : BlockScores
    family : PenaltyPath
    alpha : float
    """

    def __init__(self, scores, family, alpha):
        every = np.arange(family.n_blocks)
        self.scores = scores
        self.pen = family.whole(alpha)
        self.order = family.coordinates(every)
        self.sizes = family.block_sizes(every)

    def minimize(self, point, goal, max_iter):
        """Steps from a point until the certificate is at most `goal`.

        The certificate is a duality gap, or with a concave penalty a distance to stationarity. A gap costs a pass over
        the blocks, and is computed where the model promises little descent; a distance costs nothing.

        Returns
        -------
        point : BlockPoint
        value, certificate : float
        n_steps : int
        """
        is_convex, certificate, descent = self.pen.is_convex, np.inf, self.scores.null.sums.value
        for step in range(max_iter + 1):
            value = self.value(point)
            certificate = certificate if is_convex else self._distance(point)
            likely = max(MODEL_GAP * min(descent, value), LIKELY * goal)
            tol = likely if is_convex else max(MODEL_GAP * certificate, LIKELY * goal)
            model = BlockModel.at(point, self.scores.data.fit_intercept, self.scores.score_scale)
            move = self._move(point, model, tol)
            descent = -move.slope
            is_near = descent <= LIKELY * goal if is_convex else certificate <= goal
            if is_near or step == max_iter:
                point, value, certificate = self._certified(point, model, step == max_iter, move)
                if certificate <= goal or step == max_iter:
                    break
            better = self._step(point, value, model, move, tol)
            if better is None:
                point, value, certificate = self._certified(point, model, True)
                break
            point = better
        return point, value, certificate, max(step, 1)

    def value(self, point):
        """The objective."""
        return point.sums.value + penalty_value(self.pen, point.w[self.order])

    def _certified(self, point, model, is_last, move=None):
        """The point, the objective, and its certificate. The last one is computed at the best intercepts.

        The slopes of a dual point must sum to zero, as they do at the best intercepts. Those before do with what
        curvatures add for the step to the best intercepts of the model, so that there is nothing to compute but
        conjugates. After a small step they are slopes that the loss can have.
        """
        if not self.pen.is_convex:
            return point, self.value(point), self._distance(point)
        if is_last or (self._limits(model.own) == 1.0 and np.abs(model.own).max() > MAX_INTERCEPT_MOVE):
            point = self.scores.with_best_intercepts(point)
            model, move = model._replace(own=np.zeros(model.own.size), c=point.c), None
        value = self.value(point)
        return point, value, self._gap(point, model, value, move)

    @property
    def _max_slope(self):
        return self.scores.rows.loss.max_slope

    def _limits(self, own):
        """The largest scale at which slopes that follow curvatures, of at most 1, do not pass the limit of the loss."""
        return 1.0 / (1.0 + np.abs(own).max() / self._max_slope)

    def _distance(self, point):
        """The distance to stationarity of the coefficients, and of the intercepts, whose column is scaled to norm 1."""
        scores, slopes = self.scores, point.sums.gradient[:, -1]
        of_intercepts = np.abs(slopes).max() / np.sqrt(scores.data.weight) if scores.data.fit_intercept else 0.0
        return max(optimality(self.pen, point.w[self.order], point.c[self.order]), of_intercepts)

    def _gap(self, point, model, value, move):
        """The gap of the better of two dual points: slopes after the move to the best intercepts, and after `move`.

        After a small move to the minimum of the model, slopes are better than at the point by an order of magnitude.
        """
        still = np.zeros(point.w.size)
        moves = [(still, model.own, model.c)]
        if move is not None and np.isinf(self._max_slope):  # with a limit, such slopes may pass it by far
            moves.append((move.d, move.db, model.c - model.G @ move.d))
        scaled = [
            (d, db, np.minimum([0.0, *dual_scales(self.pen, c[self.order])], self._limits(db))) for d, db, c in moves
        ]
        penalties = [
            conjugate_value(self.pen, c[self.order], scale)
            for (*_, c), (*_, scales) in zip(moves, scaled, strict=True)
            for scale in scales
        ]
        return max(value - (self.scores.duals(point, scaled) - penalties).max(), 0.0)

    def _move(self, point, model, tol):
        """The step to the minimum of a model plus the penalty."""
        w = point.w[self.order]
        found = model.minimize(self.pen, w, self.sizes, self.order, tol)
        d = np.empty(w.size)
        d[self.order] = found - w
        db = model.own + model.to_intercepts @ d
        slope = -point.c @ d + point.sums.gradient[:, -1] @ db / self.scores.score_scale
        return Move(d, db, slope + penalty_value(self.pen, found) - penalty_value(self.pen, w))

    def _step(self, point, value, model, move, tol):
        """The point after a step, or None if none lowers the objective.

        With a concave penalty a part of a step need not be a descent; a step of a model with enough curvature, which
        lies above the objective, always is.
        """
        halvings = HALVINGS if self.pen.is_convex else CONCAVE_HALVINGS
        better, damping = self._search(point, value, move, halvings), 1.0
        while better is None and not self.pen.is_convex and damping < LARGEST_DAMPING:
            damping *= DAMPING
            better = self._search(point, value, self._move(point, model.damped(damping), tol), halvings)
        return better

    def _search(self, point, value, move, halvings):
        """The first point on the way along a step that lowers the objective enough, or None."""
        t = 1.0
        for _ in range(halvings):
            trial = self.scores.at(point.w + t * move.d, point.b + t * move.db)
            if self.value(trial) <= value + DESCENT * t * min(move.slope, 0.0) + OBJECTIVE_ROUNDING * value:
                return trial
            t *= 0.5
        return None


class BlockScoresFit(ScoresFit):
    """A fit of a convex loss of scores on row blocks.

    Parameters
    ----------
    scores : BlockScores
    shift : float or ndarray of shape (K,)
        See `ScoresFit`.
    """

    def __init__(self, scores, shift=0.0):
        self.scores = scores
        self.shift = shift
        self.null = np.array([scores.null.sums.value * scores.unit])
        self.max_hess = scores.rows.loss.max_hess

    def has_gap(self, penalty):
        return penalty.is_convex

    @property
    def n_scores(self):
        return self.scores.K

    def alpha_max(self, penalty):
        """The smallest alpha at which all penalized coefficients are zero; infinite without an L1 part."""
        scores = self.scores.scaled(penalty)
        family, point = penalty.path(scores.data, scores.score_scale, scores.K), scores.null
        holds = family.holds()
        if not scores.data.scale.any():
            return 0.0
        if not holds.any():
            return np.inf
        if family.has_free_part:  # unpenalized columns belong to the null model
            of_null = 2.0 * family.largest_entry_alpha(np.ones(family.n_coordinates))[holds].max()
            steps = NewtonOnBlocks(scores, family.convex(), of_null)
            point, *_ = steps.minimize(point, NULL_GAP * point.sums.value, NULL_STEPS)
            point = scores.with_best_intercepts(point)
        return family.entry_alpha(point.c)[holds].max()

    def _start(self, scores, penalty, alpha, max_iter):
        """The solution on a sample of the blocks, or the null model where that is no worse on all of them."""
        sample = scores.sample()
        if sample is None:
            return scores.null
        part, whole = (
            NewtonOnBlocks(s, penalty.path(s.data, s.score_scale, s.K).convex(), alpha) for s in (sample, scores)
        )
        found, *_ = part.minimize(sample.null, SAMPLE_GAP * sample.null.sums.value, max_iter)
        if not found.w.any():
            return scores.null
        point = scores.at(found.w, found.b)
        return point if whole.value(point) < whole.value(scores.null) else scores.null

    def _solve(self, penalty, alphas, *, tol, max_iter, solver="auto", coef_init=None):
        """Yield a `Solution` for every alpha. Concave penalties start as those of `path.points`."""
        scores = self.scores.scaled(penalty)
        data, family = scores.data, penalty.path(scores.data, scores.score_scale, scores.K)
        size = data.scale * scores.score_scale
        point, w = scores.null, np.zeros(family.n_coordinates)
        if coef_init is not None:
            w = np.divide(coef_init, size, out=np.zeros(coef_init.shape), where=size > 0.0).T.ravel()
        w = family.project(w)
        if w.any():
            point = scores.at(w, point.b)
        elif len(alphas) == 1:
            point = self._start(scores, penalty, alphas[0], max_iter)
        goal = tol * scores.null.sums.value
        for alpha in alphas:
            rounds = 0
            if family.is_convex or coef_init is None:
                steps = NewtonOnBlocks(scores, family.convex(), alpha)
                point, value, gap, rounds = steps.minimize(point, goal, max_iter)
            found, is_met = point, rounds > 0 and gap <= goal
            if not family.is_convex:
                steps = NewtonOnBlocks(scores, family, alpha)
                found, value, gap, more = steps.minimize(point, tol, max_iter)
                rounds, is_met = rounds + more, gap <= tol
            coef = family.without_rounding(alpha, found.w).reshape(-1, scores.K).T * size
            intercept = found.b - coef @ data.mean
            if scores.K > 1 and data.fit_intercept and scores.rows.couples_scores:
                intercept -= intercept.mean()  # only differences of scores matter
            gap = gap * (scores.unit if family.is_convex else 1.0)
            yield Solution(coef, intercept, value * scores.unit, gap, rounds, is_met)
