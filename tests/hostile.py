"""Random hostile problems of every loss and penalty, judged by NumPy code: ``python -m tests.hostile 300``.

Each has repeated, constant, nearly dependent or badly scaled columns, weights of 0, sparse X, or more features than
rows. A fit passes if its objective is as documented and nothing nearby is better than its certificate admits. If not,
it must warn.
"""

import sys
import time
import warnings
from collections import Counter
from itertools import chain

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from skreg import LabelSmoothedLogistic, PenalizedCox, PenalizedRegressor
from tests.core.parts.test_cox import definition
from tests.reference import all_scores, class_losses, smoothed
from tests.reference_penalized import distance, mean_loss, penalty, slopes

LOSSES = ("squared", "huber", "quantile", "poisson", "gamma", "tweedie", "two classes", "three classes", "cox")
CONVEX = ("elastic_net", "group_lasso", "sparse_group_lasso")
PENALTIES = (*CONVEX, "mcp", "scad", "group_mcp", "group_scad")
KINDS = ("independent", "neighbours", "low rank", "repeated", "nearly repeated", "scales", "complements", "constants")
ROUNDING = 1e-9  # of objectives, relative to the loss of the null model
SLACK = 1.5  # of bounds that hold to first order


class Problem:
    """Data, a model and its documented objective, from a seed."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.loss, self.name = LOSSES[seed % len(LOSSES)], PENALTIES[seed // len(LOSSES) % len(PENALTIES)]
        self.kind = str(rng.choice(KINDS))
        n, p = int(rng.choice([20, 50, 120])), int(rng.choice([4, 12, 60]))
        self.X = X = columns(rng, self.kind, n, p)
        spread = X.std(axis=0)
        z = (X / np.where(spread > 0.0, spread, 1.0)) @ (rng.standard_normal(p) * (rng.random(p) < 0.4))
        z = np.clip((z - z.mean()) / max(z.std(), 1e-9), -3.0, 3.0)
        self.weights = rng.exponential(size=n) * (rng.random(n) < 0.8) if rng.random() < 0.4 else np.ones(n)
        self.K = {"two classes": 2, "three classes": 3}.get(self.loss, 0)
        self.y = targets(rng, self.loss, z, self.weights)
        self.l1_ratio = float(rng.choice([0.5, 0.9])) if self.name in CONVEX else float(rng.choice([0.8, 1.0]))
        self.is_sparse, self.share = rng.random() < 0.3, 10.0 ** rng.uniform(-3.0, 0.0)
        self.params = dict(penalty=self.name, l1_ratio=self.l1_ratio)
        self.groups = None
        if "group" in self.name:
            self.groups = [part.tolist() for part in np.array_split(rng.permutation(p), max(p // 3, 1))]
            self.params["groups"] = self.groups
        if self.K:
            self.params["label_smoothing"] = 0.1
        elif self.loss == "cox":
            self.params["standardize"] = False
        else:
            self.params["loss"] = self.loss
        self.model = (LabelSmoothedLogistic if self.K else PenalizedCox if self.loss == "cox" else PenalizedRegressor)()
        self.model.set_params(**self.params)

    def __str__(self):
        return f"{self.loss} {self.name} {self.kind} {self.X.shape} {'sparse' if self.is_sparse else 'dense'}"

    def fit(self):
        """Fit at a share of the largest alpha. Returns whether it warned."""
        X = sp.csc_array(self.X) if self.is_sparse else np.asfortranarray(self.X)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = float(self.model.path(X, self.y, self.weights, alphas=1)[0][0])
        self.alpha = self.share * top
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.model.set_params(alpha=self.alpha).fit(X, self.y, self.weights)
        return any(issubclass(w.category, ConvergenceWarning) for w in caught)

    @property
    def blocks(self):
        """Positions of groups in the coefficients of all classes, None for single coefficients, and their weights."""
        n_rows, p = np.atleast_2d(self.model.coef_).shape
        if self.groups is None:
            return None, np.ones(n_rows * p)
        joint = [list(chain(*([k * p + j for j in group] for k in range(n_rows)))) for group in self.groups]
        return joint, np.sqrt([len(group) for group in self.groups])

    def value(self, coef, intercept):
        """The documented objective."""
        groups, factor = self.blocks
        gamma = 3.7 if "scad" in self.name else 3.0
        cost = penalty(self.name, coef.ravel(), self.alpha, self.l1_ratio, gamma, factor, groups)
        return self._loss(coef, intercept) + cost

    def _loss(self, coef, intercept):
        X, w = self.X, self.weights / self.weights.sum()
        if self.K:
            return w @ class_losses(all_scores(X, coef, intercept), smoothed(self.y, self.K, 0.1))
        z = X @ coef + intercept
        if self.loss == "cox":
            event, t = self.y[:, 0], self.y[:, 1]
            return definition(t, event, self.weights, np.zeros(t.size, int), z, False) / self.weights.sum()
        return mean_loss(self.loss, self.y, z, w, delta=getattr(self.model, "delta_", 1.0))

    def slopes(self):
        """Weighted derivatives of the losses by the scores, (n,) or (n, K), and of these the largest second ones."""
        X, w, m = self.X, self.weights / self.weights.sum(), self.model
        if self.K:
            Z = all_scores(X, m.coef_, m.intercept_)
            P = np.exp(Z - np.logaddexp.reduce(Z, axis=1, keepdims=True))
            return (w[:, None] * (P - smoothed(self.y, self.K, 0.1)))[:, -len(m.coef_) :], 0.5 * w
        z = X @ m.coef_ + m.intercept_
        if self.loss == "cox":
            event, t = self.y[:, 0] > 0.0, self.y[:, 1]
            e, hazard = w * np.exp(z), np.zeros(z.size)
            for u in np.unique(t[event]):
                hazard[t >= u] += w[event & (t == u)].sum() / max(e[t >= u].sum(), 1e-300)
            return e * hazard - w * event, e * hazard
        delta = getattr(m, "delta_", 1.0)
        g = slopes(self.loss, self.y, z, delta=delta)
        step = 1e-5
        bends = np.abs(slopes(self.loss, self.y, z + step, delta=delta) - g) / step
        return w * g, w * (np.maximum(bends, 1.0) if self.loss in ("squared", "huber") else bends)

    def verdict(self):
        """What is wrong with the fit, or an empty text."""
        m = self.model
        constant = np.zeros_like(m.coef_)
        best = self.value(m.coef_, m.intercept_)
        null = self._loss(constant, best_constant(self))
        if not abs(best - m.objective_) <= ROUNDING * max(null, best):
            return f"objective {m.objective_} is {best}"
        gap = np.nan_to_num(m.dual_gap_)
        rng = np.random.default_rng(0)
        size = np.where(np.ptp(self.X, axis=0) > 0.0, self.X.std(axis=0), 1.0)
        if self.name in CONVEX:
            for _ in range(60):
                length = 10.0 ** rng.uniform(-7, 0)
                move = length * rng.standard_normal(m.coef_.shape) * (rng.random(m.coef_.shape) < 0.3) / size
                shift = 0.0 if self.loss == "cox" else length * rng.standard_normal(np.shape(m.intercept_))
                if self.value(m.coef_ + move, m.intercept_ + shift) < best - gap - ROUNDING * null:
                    return f"a better solution than the gap of {gap / null:.1e} admits"
        return "" if self.loss == "quantile" else self._stationary(gap, null)

    def _stationary(self, gap, null):
        m, (g, bends) = self.model, self.slopes()
        groups, factor = self.blocks
        c = -(g.T @ self.X).ravel()
        norms = np.sqrt((self.weights / self.weights.sum()) @ (self.X - self._means()) ** 2)
        norms = np.tile(norms, len(np.atleast_2d(m.coef_)))
        curvatures = np.tile(bends @ (self.X - self._means()) ** 2, len(np.atleast_2d(m.coef_)))
        gamma = 3.7 if "scad" in self.name else 3.0
        parts = [[j] for j in range(c.size)] if groups is None else groups
        residual = np.sqrt(m_null_square(self))
        for block, weight in zip(parts, factor, strict=True):
            b = np.zeros(c.size)
            b[block] = m.coef_.ravel()[block]
            away = distance(
                self.name,
                c[block],
                b[block],
                self.alpha,
                self.l1_ratio,
                gamma,
                [list(range(len(block)))] if groups else None,
                [weight],
            )
            if self.name in CONVEX:
                most = SLACK * np.sqrt(2.0 * (gap + ROUNDING * null) * curvatures[block].sum())
            else:
                most = SLACK * 1e-6 * norms[block].max() * residual + 1e-12 * np.abs(c).max()
            if away > most + 1e-15 * norms[block].max():
                return f"distance {away:.1e} from stationary, more than {most:.1e}"
        return ""

    def _means(self):
        return self.weights @ self.X / self.weights.sum()


def best_constant(problem):
    """The intercepts of the null model."""
    w = problem.weights / problem.weights.sum()
    if problem.K:
        p = w @ smoothed(problem.y, problem.K, 0.1)
        return np.log(p) if problem.K > 2 else np.array([np.log(p[1] / p[0])])
    if problem.loss == "cox":
        return 0.0
    mean = w @ problem.y
    if problem.loss in ("poisson", "gamma", "tweedie"):
        return np.log(mean)
    order = np.argsort(problem.y)
    return mean if problem.loss == "squared" else problem.y[order][np.searchsorted(np.cumsum(w[order]), 0.5)]


def m_null_square(problem):
    """Weighted mean square of the slopes of the null model."""
    w, b = problem.weights / problem.weights.sum(), best_constant(problem)
    if problem.K:
        P = np.broadcast_to(w @ smoothed(problem.y, problem.K, 0.1), (len(w), problem.K))
        R = (P - smoothed(problem.y, problem.K, 0.1))[:, -(1 if problem.K == 2 else problem.K) :]
        return w @ np.sum(R**2, axis=1)
    if problem.loss == "cox":
        kept = problem.model.coef_, problem.model.intercept_
        problem.model.coef_, problem.model.intercept_ = 0.0 * kept[0], 0.0
        g = problem.slopes()[0]
        problem.model.coef_, problem.model.intercept_ = kept
        return np.sum(np.divide(g**2, w, out=np.zeros_like(g), where=w > 0.0))
    return w @ slopes(problem.loss, problem.y, np.full(len(w), b), delta=getattr(problem.model, "delta_", 1.0)) ** 2


def columns(rng, kind, n, p):
    X = rng.standard_normal((n, p))
    if kind == "neighbours":
        X = np.cumsum(X, axis=1)
    elif kind == "low rank":
        X = rng.standard_normal((n, 2)) @ rng.standard_normal((2, p)) + 1e-3 * X
    elif kind in ("repeated", "nearly repeated"):
        X[:, p // 2 :] = X[:, : p - p // 2] + (1e-6 * X[:, p // 2 :] if kind == "nearly repeated" else 0.0)
    elif kind == "scales":
        X = X * 10.0 ** rng.uniform(-3, 3, p) + 10.0 ** rng.uniform(-1, 2, p)
    elif kind == "complements":
        X = (rng.random((n, p)) < 0.4).astype(float)
        X[:, p // 2 :] = 1.0 - X[:, : p - p // 2]
    elif kind == "constants":
        X[:, ::3] = rng.standard_normal(X[:, ::3].shape[1])
    return X


def targets(rng, loss, z, weights):
    n = z.size
    if loss == "poisson":
        return np.maximum(rng.poisson(np.exp(z)), np.arange(n) == weights.argmax()).astype(float)
    if loss == "gamma":
        return rng.gamma(2.0, np.exp(z) / 2.0)
    if loss == "tweedie":
        return rng.poisson(np.exp(z)) * rng.gamma(2.0, 0.5, n) + (np.arange(n) == weights.argmax())
    if loss == "cox":
        t, end = rng.exponential(np.exp(-z)), rng.exponential(1.5, n)
        event = (t <= end) | (np.arange(n) == weights.argmax())
        return np.column_stack([event, np.ceil(5.0 * np.minimum(t, end))])
    if "classes" in loss:
        K = 2 if loss == "two classes" else 3
        codes = (np.column_stack([k * z for k in range(K)]) + rng.gumbel(size=(n, K))).argmax(axis=1)
        codes[np.argsort(-weights)[:K]] = np.arange(K)
        return codes
    return z + 0.5 * rng.standard_t(2, n)


def judge(seed):
    """The problem, whether its fit warned, what is wrong with it, and its seconds."""
    problem = Problem(seed)
    start = time.perf_counter()
    warned = problem.fit()
    return problem, warned, problem.verdict(), time.perf_counter() - start


def main(n):
    counts, slowest = Counter(), []
    for seed in range(n):
        problem, warned, wrong, seconds = judge(seed)
        outcome = "warns" if warned else "wrong" if wrong else "passes"
        counts[outcome] += 1
        slowest.append((seconds, seed, str(problem)))
        if outcome != "passes":
            print(f"{seed:4d} {outcome}: {problem}, alpha {problem.share:.0e} of the largest; {wrong}", flush=True)
    print(dict(counts))
    for seconds, seed, text in sorted(slowest, reverse=True)[:5]:
        print(f"{seconds:6.1f} s, {seed}: {text}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
