"""The problems of `penalties`, with objectives in plain NumPy, and the solvers for each."""

import numpy as np
from scipy.stats import norm

from .glmnet import Glmnet
from .solver import Answer, Solver, decades

ACCURATE = 1e-6  # relative suboptimality of the class that is compared
STATIONARY = 1e-5  # distance to the subdifferential, relative to alpha_max
GAMMA = 3.0  # of MCP
FDR = 0.1


class Task:
    """Data, values of alpha, and what is minimized.

    Attributes
    ----------
    X, y : ndarray
    alphas : ndarray
        In decreasing order.
    solvers : list of type
        Ours first.
    """

    accurate = ACCURATE

    def __init__(self, small):
        self.rng = np.random.default_rng(0)
        self.small = small
        self.make()
        self.alphas = self.alpha_max() * np.geomspace(1.0, self.last, 5 if small else self.n_alphas)
        self.best = np.full(self.alphas.size, np.inf)

    n_alphas, last = 50, 0.05

    def design(self, n, p, correlation):
        """Equally correlated normal columns."""
        shared = np.sqrt(correlation) * self.rng.standard_normal((n, 1))
        return np.asfortranarray(np.sqrt(1.0 - correlation) * self.rng.standard_normal((n, p)) + shared)

    def alpha_max(self):
        """Where all coefficients become zero."""
        return self.dual_norm(self.X.T @ (self.y - self.y.mean()) / len(self.y))

    def loss(self, z):
        """Mean loss of every column of scores (n, k)."""
        return 0.5 * np.mean((self.y[:, None] - z) ** 2, axis=0)

    def values(self, answer):
        """Objectives for every alpha."""
        coefs = np.asarray(answer.coefs, dtype=np.float64)
        losses = self.loss(self.X @ coefs + answer.intercepts)
        return losses + answer.alphas * np.array([self.penalty(coef) for coef in coefs.T])

    def heights(self, answer):
        """Objectives for every alpha; they update the best ones."""
        values = self.values(answer)
        values = np.where(np.isfinite(values), values, np.inf)
        self.best = np.minimum(self.best, values)
        return values

    def errors(self, heights):
        """Relative suboptimality for every alpha."""
        return heights / self.best - 1.0

    def reference(self, ours, share):
        """Enter a very accurate answer of ours."""
        self.heights(ours.path(self, self.alphas, share * self.accurate))


class Ours(Solver):
    name, module, ours = "skreg", "skreg", True
    ladder = decades(2, 8)

    def __init__(self):
        pass

    def path(self, task, alphas, tol):
        from skreg import PenalizedRegressor

        return Answer(*PenalizedRegressor(tol=tol, **task.params).path(task.X, task.y, alphas=alphas)[:3])


class Peer(Ours):
    ours = False


class AdelieGroups(Peer):
    name, module = "adelie", "adelie"
    ladder = decades(6, 14)

    def path(self, task, alphas, tol):
        import adelie

        state = adelie.grpnet(
            adelie.matrix.dense(task.X, method="naive"), adelie.glm.gaussian(y=task.y), groups=task.starts,
            lmda_path=alphas, tol=tol, early_exit=False, progress_bar=False,
        )  # fmt: skip
        return Answer(alphas, state.betas.toarray().T, state.intercepts)


class Groups(Task):
    solvers = [Ours, AdelieGroups]
    last = 0.1  # where there are more coefficients than rows already

    def make(self):
        n, p = (60, 200) if self.small else (1000, 20_000)
        self.about = f"group lasso, {n} x {p:,}, groups of 5"
        self.X, self.starts = self.design(n, p, 0.2), np.arange(0, p, 5)
        coef = np.where(np.arange(p) < 50, self.rng.standard_normal(p), 0.0)
        self.y = self.X @ coef + 5.0 * self.rng.standard_normal(n)
        self.params = dict(penalty="group_lasso", groups=np.repeat(np.arange(p // 5), 5))

    def sizes(self, coef):
        return np.sqrt(5.0) * np.linalg.norm(coef.reshape(-1, 5), axis=1)

    def penalty(self, coef):
        return self.sizes(coef).sum()

    def dual_norm(self, c):
        return self.sizes(c).max() / 5.0


class MultiTaskPath(Peer):
    name, module = "scikit-learn", "sklearn.linear_model"
    ladder = decades(3, 9)

    def path(self, task, alphas, tol):
        from sklearn.linear_model import MultiTaskElasticNet

        means, levels = task.X.mean(axis=0), task.y.mean(axis=0)
        _, coefs, _ = MultiTaskElasticNet.path(
            task.X - means, task.y - levels, l1_ratio=1.0, alphas=alphas, tol=tol, max_iter=100000
        )
        return Answer(alphas, coefs, levels[:, None] - np.tensordot(coefs, means, (1, 0)))


class MultiTask(Task):
    """Coefficients have shape (n_targets, p, n_alphas)."""

    solvers = [Ours, MultiTaskPath]
    last = 0.1

    def make(self):
        n, p, T = (60, 100, 3) if self.small else (500, 2000, 5)
        self.about = f"multi-task lasso, {n} x {p:,}, {T} targets"
        self.X, coef = self.design(n, p, 0.2), np.zeros((p, T))
        coef[:50] = self.rng.standard_normal((50, T))
        self.y = self.X @ coef + 5.0 * self.rng.standard_normal((n, T))
        self.params = dict(penalty="group_lasso", standardize=False)

    def alpha_max(self):
        return np.linalg.norm(self.X.T @ (self.y - self.y.mean(axis=0)), axis=1).max() / len(self.y)

    def values(self, answer):
        Z = np.einsum("ij,tjk->itk", self.X, answer.coefs, optimize=True) + answer.intercepts
        losses = 0.5 * np.mean(np.sum((self.y[..., None] - Z) ** 2, axis=1), axis=0)
        return losses + answer.alphas * np.linalg.norm(answer.coefs, axis=0).sum(axis=0)


class SkglmMCP(Peer):
    name, module = "skglm", "skglm"
    ladder = decades(3, 9)

    def path(self, task, alphas, tol):
        from skglm.datafits import Quadratic
        from skglm.penalties import MCPenalty
        from skglm.solvers import AndersonCD
        from skglm.utils.jit_compilation import compiled_clone

        solver = AndersonCD(tol=tol, fit_intercept=True)
        penalty = compiled_clone(MCPenalty(alphas[0], GAMMA))
        alphas, coefs, _ = solver.path(task.X, task.y, compiled_clone(Quadratic()), penalty, alphas)
        return Answer(alphas, coefs[:-1], coefs[-1])


class MCP(Task):
    solvers = [Ours, SkglmMCP]
    accurate = STATIONARY

    def make(self):
        n, p = (60, 200) if self.small else (500, 10_000)
        self.about = f"MCP with gamma {GAMMA:g}, {n} x {p:,}"
        self.X = self.design(n, p, 0.2)
        self.X /= self.X.std(axis=0)
        self.y = self.X[:, :20] @ self.rng.choice([-2.0, 2.0], 20) + 3.0 * self.rng.standard_normal(n)
        self.params = dict(penalty="mcp", gamma=GAMMA)

    def dual_norm(self, c):
        return np.abs(c).max()

    def heights(self, answer):
        """Distances of minus the gradient to the subdifferential, for every alpha."""
        B = np.asarray(answer.coefs, dtype=np.float64)
        C = self.X.T @ (self.y[:, None] - self.X @ B - answer.intercepts) / len(self.y)
        slopes = np.sign(B) * np.maximum(answer.alphas - np.abs(B) / GAMMA, 0.0)
        return np.where(B == 0.0, np.maximum(np.abs(C) - answer.alphas, 0.0), np.abs(C - slopes)).max(axis=0)

    def errors(self, heights):
        return heights / self.alphas[0]


class Sortedl1(Peer):
    name, module = "sortedl1", "sortedl1"
    ladder = decades(2, 9)

    def path(self, task, alphas, tol):
        from sortedl1 import Slope

        model = Slope(lam=task.weights, centering="mean", scaling="none", tol=tol)
        found = model.path(task.X, task.y, alphas=alphas, tol_dev_change=0.0, tol_dev_ratio=1.0)
        coefs = np.asarray(found.coefs).reshape(task.X.shape[1], -1)
        return Answer(alphas, coefs, np.asarray(found.intercepts).ravel())


class Slope(Task):
    solvers = [Ours, Sortedl1]

    def make(self):
        n, p = (60, 200) if self.small else (200, 5_000)
        self.about = f"SLOPE with Benjamini-Hochberg weights, {n} x {p:,}"
        self.X, self.weights = self.design(n, p, 0.0), norm.isf(0.5 * FDR * np.arange(1, p + 1) / p)
        self.y = self.X[:, :20] @ np.repeat([2.0, -1.0], 10) + 3.0 * self.rng.standard_normal(n)
        self.params = dict(penalty="slope", fdr=FDR)

    def penalty(self, coef):
        return np.sort(np.abs(coef))[::-1] @ self.weights

    def dual_norm(self, c):
        return np.max(np.cumsum(np.sort(np.abs(c))[::-1]) / np.cumsum(self.weights))


class TallSlope(Slope):
    def make(self):
        n, p = (300, 30) if self.small else (10_000, 500)
        self.about = f"SLOPE with Benjamini-Hochberg weights, {n:,} x {p}"
        self.X, self.weights = self.design(n, p, 0.5), norm.isf(0.5 * FDR * np.arange(1, p + 1) / p)
        self.y = self.X[:, :20] @ np.repeat([2.0, -1.0], 10) + 3.0 * self.rng.standard_normal(n)
        self.params = dict(penalty="slope", fdr=FDR)


class GlmnetPoisson(Peer):
    name, ladder = Glmnet.name, Glmnet.ladder
    usable = Glmnet.usable

    process = None

    def _start(self, task):
        return Glmnet(task.X, task.y, "poisson")

    def path(self, task, alphas, tol):
        self.process = self.process or self._start(task)
        return self.process._answer("path", alphas, alphas, 1.0, tol)

    def close(self):
        if self.process:
            self.process.close()


class SkglmPoisson(Peer):
    name, module = "skglm", "skglm"
    ladder = decades(3, 9)

    def path(self, task, alphas, tol):
        from skglm.datafits import Poisson
        from skglm.penalties import L1
        from skglm.solvers import ProxNewton
        from skglm.utils.jit_compilation import compiled_clone

        datafit, solver = compiled_clone(Poisson()), ProxNewton(tol=tol, fit_intercept=True)
        w, found = None, []
        for alpha in alphas:
            start = None if w is None else (w, task.X @ w[:-1] + w[-1])
            w = solver.solve(task.X, task.y, datafit, compiled_clone(L1(alpha)), *(start or ()))[0]
            found.append(w.copy())
        coefs = np.array(found).T
        return Answer(alphas, coefs[:-1], coefs[-1])


class Poisson(Task):
    solvers = [Ours, GlmnetPoisson, SkglmPoisson]
    last = 0.01

    def make(self):
        n, p = (100, 20) if self.small else (10_000, 500)
        self.about = f"Poisson loss with L1, {n:,} x {p}"
        self.X = self.design(n, p, 0.2)
        self.y = self.rng.poisson(np.exp(self.X[:, :10] @ np.full(10, 0.1))).astype(float)
        self.params = dict(loss="poisson", l1_ratio=1.0)

    def loss(self, z):
        logs = self.y * np.log(np.maximum(self.y, 1.0)) - self.y
        return np.mean(np.exp(z) - self.y[:, None] * z + logs[:, None], axis=0)

    def penalty(self, coef):
        return np.abs(coef).sum()

    def dual_norm(self, c):
        return np.abs(c).max()


class OurCox(Ours):
    def path(self, task, alphas, tol):
        from skreg import PenalizedCox

        _, coefs, _ = PenalizedCox(l1_ratio=1.0, standardize=False, tol=tol).path(task.X, task.target, alphas=alphas)
        return Answer(alphas, coefs, np.zeros(alphas.size))


class Coxnet(Peer):
    name, module = "scikit-survival", "sksurv"
    ladder = decades(5, 12)

    def path(self, task, alphas, tol):
        from sksurv.linear_model import CoxnetSurvivalAnalysis

        model = CoxnetSurvivalAnalysis(l1_ratio=1.0, alphas=alphas, tol=tol, max_iter=1_000_000)
        coefs = model.fit(task.X, task.target).coef_
        rest = np.full((len(coefs), alphas.size - coefs.shape[1]), np.nan)  # its paths may end early
        return Answer(alphas, np.hstack([coefs, rest]), np.zeros(alphas.size))


class GlmnetCox(GlmnetPoisson):
    def _start(self, task):
        return Glmnet(task.X, task.y, "cox", task.event)


class Cox(Task):
    solvers = [OurCox, Coxnet, GlmnetCox]

    def make(self):
        n, p = (80, 20) if self.small else (5000, 1000)
        self.about = f"Cox's model with L1, {n} x {p:,}"
        self.X = self.design(n, p, 0.2)
        times = self.rng.exponential(np.exp(-self.X[:, :10] @ np.full(10, 0.2)))
        event = self.rng.random(n) < 0.7
        order = np.argsort(times)
        self.X, self.y, self.event = np.asfortranarray(self.X[order]), times[order], event[order]
        self.target = np.array(list(zip(self.event, self.y, strict=True)), dtype=[("event", bool), ("time", float)])

    def loss(self, z):
        """Rows are sorted by time, without ties."""
        top = z.max(axis=0)
        risk = top + np.log(np.cumsum(np.exp(z - top)[::-1], axis=0)[::-1])
        return np.sum((risk - z)[self.event], axis=0) / len(z)

    def alpha_max(self):
        means = np.cumsum(self.X[::-1], axis=0)[::-1] / np.arange(len(self.X), 0, -1)[:, None]
        return np.abs((self.X - means)[self.event].sum(axis=0)).max() / len(self.X)

    def penalty(self, coef):
        return np.abs(coef).sum()


class Highs(Peer):
    name, module = "scikit-learn (HiGHS)", "sklearn.linear_model"
    ladder = np.array([1e-7])  # it has no tolerance

    def path(self, task, alphas, tol):
        from sklearn.linear_model import QuantileRegressor

        models = [QuantileRegressor(quantile=0.7, alpha=alpha, solver="highs").fit(task.X, task.y) for alpha in alphas]
        return Answer(alphas, np.array([m.coef_ for m in models]).T, np.array([m.intercept_ for m in models]))


class Quantile(Task):
    solvers = [Ours, Highs]

    def make(self):
        n, p = (200, 10) if self.small else (10_000, 100)
        self.about = f"the quantile 0.7 with L1, {n:,} x {p}, one alpha"
        self.X = self.design(n, p, 0.2)
        self.y = self.X[:, :10] @ np.ones(10) + 2.0 * self.rng.standard_t(3, n)
        self.params = dict(loss="quantile", quantile=0.7, l1_ratio=1.0)

    def __init__(self, small):
        super().__init__(small)
        self.alphas = np.array([0.01])
        self.best = np.full(1, np.inf)

    def loss(self, z):
        r = self.y[:, None] - z
        return np.mean(np.maximum(0.7 * r, -0.3 * r), axis=0)

    def penalty(self, coef):
        return np.abs(coef).sum()

    def dual_norm(self, c):
        return np.abs(c).max()


TASKS = {
    "groups": Groups,
    "multi-task": MultiTask,
    "mcp": MCP,
    "slope-wide": Slope,
    "slope-tall": TallSlope,
    "poisson": Poisson,
    "cox": Cox,
    "quantile": Quantile,
}
