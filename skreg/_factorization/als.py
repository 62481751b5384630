"""Alternating least squares: ridge regressions of all users, then of all items, until none lowers the objective."""

import copy
from typing import NamedTuple

import numpy as np

from .ridge import row_gradients, score_entries, solve_rows

INNER = 0.1  # residual at which the ridge regressions of an iteration end, relative to where they begin
CHECK_EVERY = 5  # iterations between two looks at stationarity, which costs more than an iteration
SINGLE_UNTIL = 1e-6  # fall of the objective in an iteration, relative to the start, up to which floats are single
LARGEST_SINGLE = 1e6  # weights and values up to which they may be; and of the ridge, its square
EXACT = 1e-4  # the same where they are to be solved: the error of a fall of the objective is the square of it


def frequency_scale(frequencies, power):
    """Penalty factors ``(n / mean(n))^power``; 1 for all where power is 0."""
    return (frequencies / frequencies.mean()) ** power if power else np.ones(frequencies.size)


class Penalties(NamedTuple):
    """The ridge of both sides, as a share of the sum of weights.

    Attributes
    ----------
    alpha : float
        Of the factors.
    alpha_bias : float
        Of the biases.
    users, items : ndarray of shape (n_users,), (n_items,)
        Factors of the rows, divided by their number, so that penalties are means over users and over items; or of
        the embeddings of which rows are sums.
    """

    alpha: float
    alpha_bias: float
    users: np.ndarray
    items: np.ndarray

    @classmethod
    def of(cls, alpha, alpha_bias, users, items, power):
        """Penalties for frequencies of users and items."""
        scales = (frequency_scale(frequencies, power) / frequencies.size for frequencies in (users, items))
        return cls(float(alpha), float(alpha_bias), *scales)

    def value(self, users, items):
        """The penalty of two `Table`."""
        total = 0.0
        for table, scale in ((users, self.users), (items, self.items)):
            factors = table.unknowns[:, table.first :]
            total += self.alpha * float(scale @ np.einsum("ij,ij->i", factors, factors))
            if table.first:
                total += self.alpha_bias * float(scale @ table.biases**2)
        return 0.5 * total


class Table:
    """Biases and factors of one side, side by side, as unknowns of its ridge regressions.

    Parameters
    ----------
    factors : ndarray of shape (n, rank)
    has_bias : bool
    """

    def __init__(self, factors, has_bias):
        n, rank = factors.shape
        self.first = int(has_bias)
        self.X = np.zeros((n, rank + self.first))
        self.X[:, self.first :] = factors

    @property
    def unknowns(self):
        """What is penalized."""
        return self.X

    @property
    def factors(self):
        return self.X[:, self.first :]

    @property
    def biases(self):
        return self.X[:, 0] if self.first else np.zeros(len(self.X))

    def copy(self):
        new = copy.copy(self)
        new.X = self.X.copy()
        return new

    def extrapolated(self, before, share):
        """A copy, moved on by a share of the way from another table."""
        new = copy.copy(self)
        new.X = self.X + share * (self.X - before.X)
        return new

    def rotated(self, basis):
        """The rows in another basis of the factors."""
        return self.X if basis is None else self.X @ basis

    def design(self):
        """The rows that multiply the unknowns of the other side: a one for its bias, and the factors."""
        if not self.first:
            return self.X
        Z = self.X.copy()
        Z[:, 0] = 1.0
        return Z


class Factors(NamedTuple):
    """A fitted factorization.

    Attributes
    ----------
    intercept : float
    users, items : Table
    objectives : ndarray of shape (n_iter + 1,)
        At the start and after every iteration.
    stationarity : float
    converged : bool
    """

    intercept: float
    users: Table
    items: Table
    objectives: np.ndarray
    stationarity: float
    converged: bool


class AlternatingRidge:
    """A factorization of the entries, and of a background of zeros everywhere if that has weight.

    The objective, with scores ``s = intercept + b_u + c_i + p_u q_i`` and W the sum of all weights, is ::

        1 / (2 W) (sum_e (background + extra_e) (t_e - s_e)^2 - sum_e background s_e^2 + background sum_ui s_ui^2)

    plus the penalty. Ratings have no background; counts have one of 1, and neither intercept nor biases.

    Parameters
    ----------
    entries : Entries
    targets, extra : ndarray of shape (n_entries,)
    penalties : Penalties
    workers : Workers
    background : float, default=0.0
    fit_intercept : bool, default=True
    within : float, default=0.0
        What the objective cannot get below, before division by 2 W.
    """

    def __init__(self, entries, targets, extra, penalties, workers, background=0.0, fit_intercept=True, within=0.0):
        self.entries = entries
        self.targets = targets
        self.extra = extra
        self.penalties = penalties
        self.workers = workers
        self.background = background
        self.fit_intercept = fit_intercept
        self.within = within
        pull = (background + extra) * targets
        sides = entries.by_user, entries.by_item
        self._sides = [(side, extra[side.order], pull[side.order]) for side in sides]
        self._rows = entries.by_user.rows
        self.total = float(extra.sum() + background * entries.by_user.n_rows * entries.by_item.n_rows)

    @property
    def _may_be_single(self):
        """Whether weights, counts and ridges are far from the limits of single precision; ratings can be any size."""
        p = self.penalties
        ridge = self.total * p.alpha * max(p.users.max(initial=0.0), p.items.max(initial=0.0))
        largest = max(self.extra.max(initial=0.0), np.abs(self.targets).max(initial=0.0))
        return self.background > 0.0 and largest <= LARGEST_SINGLE and ridge <= LARGEST_SINGLE**2

    def step(self, k, own, other, intercept, accuracy=INNER, dtype=np.float64):
        """Lower the objective in the unknowns of users (k = 0) or items (k = 1); by how much it has fallen.

        Sums over entries are formed in `dtype`.
        A background makes a matrix that is the same for all rows. In the basis of its eigenvectors it is a diagonal.
        """
        side, extra, pull = self._sides[k]
        Z, p = other.design(), self.penalties
        gram, basis = np.zeros(Z.shape[1]), None
        if self.background:
            gram, basis = np.linalg.eigh(self.background * (Z.T @ Z))
            gram, Z = np.maximum(gram, 0.0), Z @ basis
        ridge = np.full(gram.size, p.alpha)
        ridge[: own.first] = p.alpha_bias
        scale, offset = self.total * (p.users, p.items)[k], intercept + other.biases
        if hasattr(own, "descend"):
            fell = own.descend(self._gradients(k, offset, Z, gram), scale[:, None] * ridge, gram, basis, accuracy)
            return fell / self.total
        X, decrease = own.rotated(basis), np.empty(side.n_rows)
        squares = np.einsum("ij,ij->j", Z, Z) / len(Z)
        fixed = extra, pull, offset, Z, squares, gram, ridge, scale
        fixed = (part.astype(dtype, copy=False) for part in fixed)
        self.workers.run(solve_rows, side.indptr, side.indptr, side.indices, *fixed, dtype(accuracy), X, decrease)
        if basis is not None:
            own.X[:] = X @ basis.T
        return float(decrease.sum()) / self.total

    def _gradients(self, k, offset, Z, gram):
        side, extra, pull = self._sides[k]

        def gradients(V, linear):
            V, out = np.ascontiguousarray(V), np.empty(V.shape)
            parts = (pull, offset) if linear else (np.zeros_like(pull), np.zeros_like(offset))
            self.workers.run(row_gradients, side.indptr, side.indptr, side.indices, extra, *parts, Z, gram, V, out)
            return out

        return gradients

    def scores(self, users, items, intercept):
        """Scores of the entries, in the order of the users."""
        out, side = np.empty(self.entries.n), self.entries.by_user
        arrays = users.biases, items.biases, np.ascontiguousarray(users.factors), np.ascontiguousarray(items.factors)
        ends = np.arange(self.entries.n + 1)
        self.workers.run(score_entries, ends, self._rows, side.indices, *arrays, out)
        return out + intercept

    def evaluate(self, users, items, intercept):
        """The objective at the best intercept, and that intercept."""
        scores = self.scores(users, items, intercept)
        weights = self.extra + self.background
        if self.fit_intercept:
            change = float(weights @ (self.targets - scores)) / self.total
            scores, intercept = scores + change, intercept + change
        loss = float(weights @ (self.targets - scores) ** 2) + self.within
        if self.background:
            grams = (table.factors.T @ table.factors for table in (users, items))
            loss += self.background * (float(np.vdot(*grams)) - float(scores @ scores))
        return 0.5 * loss / self.total + self.penalties.value(users, items), intercept

    def null_loss(self):
        """The loss of the best constant, or of zeros without an intercept."""
        weights = self.extra + self.background
        mean = float(weights @ self.targets) / self.total if self.fit_intercept else 0.0
        return 0.5 * (float(weights @ (self.targets - mean) ** 2) + self.within) / self.total

    def stationarity(self, users, items, intercept):
        """The most by which ridge regressions of all users, or of all items, could lower the objective."""
        of_users = self.step(0, users.copy(), items, intercept, EXACT)
        return max(of_users, self.step(1, items.copy(), users, intercept, EXACT))

    def fit(self, users, items, max_iter, tol, on_iteration=None):
        """Alternate from two `Table`.

        Each iteration begins beyond the last items, in the direction in which they moved, with Nesterov's momentum.
        Where the objective rises, the step is undone and the momentum begins again (Mitchell, Ye & De Sterck 2020).

        Parameters
        ----------
        users, items : Table
        max_iter : int
        tol : float
            Stationarity to reach, relative to the loss of the null model.
        on_iteration : callable, default=None
            Called with nothing after every iteration; the fit stops where it returns True.

        Returns
        -------
        found : Factors
        """
        enough = tol * self.null_loss()
        objective, intercept = self.evaluate(users, items, 0.0)
        objectives, found = [objective], np.inf
        before, momentum, next_check = items.copy(), 0, 0
        dtype = np.float32 if self._may_be_single else np.float64
        for k in range(max_iter):
            trial_users, trial_items = users.copy(), items.extrapolated(before, momentum / (momentum + 3.0))
            self.step(0, trial_users, trial_items, intercept, dtype=dtype)
            self.step(1, trial_items, trial_users, intercept, dtype=dtype)
            trial, trial_intercept = self.evaluate(trial_users, trial_items, intercept)
            if trial > objective and momentum:
                momentum, trial = 0, objective
            else:
                before, momentum = items, momentum + 1
                users, items, intercept = trial_users, trial_items, trial_intercept
            fell, objective = objective - trial, min(trial, objective)
            objectives.append(objective)
            if fell <= SINGLE_UNTIL * objectives[0]:
                dtype = np.float64
            if momentum and fell <= enough and k >= next_check:
                found, next_check = self.stationarity(users, items, intercept), k + CHECK_EVERY
            if found <= enough or (on_iteration is not None and on_iteration()):
                break
        else:
            found = self.stationarity(users, items, intercept)
        return Factors(intercept, users, items, np.array(objectives), found, found <= enough)
