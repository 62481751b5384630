"""Python libraries, each with its own parameter names for the same problem; R's glmnet is in `glmnet`."""

import numpy as np
import scipy.sparse as sp

from .solver import CORES, Answer, Solver, decades, one

FEW_ENTRIES = 10000  # of X, below which more workers in cross-validation are no faster


def jobs(X):
    """Workers in cross-validation."""
    return CORES if X.shape[0] * X.shape[1] > FEW_ENTRIES else 1


class Skreg(Solver):
    name, module, ours = "skreg", "skreg", True
    ladder, tol = decades(3, 8), 1e-6

    def path(self, alphas, l1_ratio, tol):
        from skreg import elastic_net_path

        return Answer(*elastic_net_path(self.X, self.y, l1_ratio=l1_ratio, alphas=alphas, tol=tol)[:3])

    def single(self, alpha, l1_ratio, tol):
        from skreg import ElasticNetProx

        model = ElasticNetProx(alpha, l1_ratio=l1_ratio, tol=tol).fit(self.X, self.y)
        return one(alpha, model.coef_, model.intercept_)

    def cv(self, alphas, l1_ratio, tol):
        from skreg import ElasticNetProxCV

        options = dict(l1_ratio=l1_ratio, alphas=alphas, cv=self.folds, n_jobs=jobs(self.X))
        model = ElasticNetProxCV(tol=tol, **options).fit(self.X, self.y)
        return one(model.alpha_, model.coef_, model.intercept_, model.mse_path_[0].mean(axis=1))


class Centred(Solver):
    """For path functions without an intercept: centers a copy of dense X, and leaves sparse X to the solver."""

    def centred(self):
        mean, level = np.asarray(self.X.mean(axis=0)).ravel(), self.y.mean()
        if sp.issparse(self.X):
            return self.X, self.y - level, dict(X_offset=mean, X_scale=np.ones(mean.size)), mean, level
        return self.X - mean, self.y - level, {}, mean, level


class ScikitLearn(Centred):
    name, module = "scikit-learn", "sklearn.linear_model"
    ladder, tol = decades(3, 11), 1e-4
    most = 100000  # sweeps; the default of 1000 ends before the tolerance is met

    def path(self, alphas, l1_ratio, tol):
        from sklearn.linear_model import enet_path

        X, y, offsets, mean, level = self.centred()
        alphas, coefs, _ = enet_path(
            X, y, l1_ratio=l1_ratio, alphas=alphas, copy_X=False, tol=tol, max_iter=self.most, **offsets
        )
        return Answer(alphas, coefs, level - mean @ coefs)

    def single(self, alpha, l1_ratio, tol):
        from sklearn.linear_model import ElasticNet

        model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=tol, max_iter=self.most).fit(self.X, self.y)
        return one(alpha, model.coef_, model.intercept_)

    def cv(self, alphas, l1_ratio, tol):
        from sklearn.linear_model import ElasticNetCV

        options = dict(l1_ratio=l1_ratio, alphas=alphas, cv=self.folds, n_jobs=jobs(self.X))
        model = ElasticNetCV(tol=tol, max_iter=self.most, **options).fit(self.X, self.y)
        return one(model.alpha_, model.coef_, model.intercept_, model.mse_path_.mean(axis=1))


class Celer(Centred):
    name, module = "celer", "celer"
    ladder, tol = decades(3, 11), 1e-4

    def path(self, alphas, l1_ratio, tol):
        from celer import celer_path

        X, y, offsets, mean, level = self.centred()
        alphas, coefs, _ = celer_path(
            X, y, "lasso", l1_ratio=l1_ratio, alphas=alphas, tol=tol, max_iter=100, prune=True, **offsets
        )
        return Answer(alphas, coefs, level - mean @ coefs)


class Skglm(Solver):
    name, module = "skglm", "skglm"
    ladder, tol = decades(2, 9), 1e-4

    def path(self, alphas, l1_ratio, tol):
        from skglm.datafits import Quadratic
        from skglm.penalties import L1, L1_plus_L2
        from skglm.solvers import AndersonCD
        from skglm.utils.jit_compilation import compiled_clone

        penalty = compiled_clone(L1(alphas[0]) if l1_ratio == 1.0 else L1_plus_L2(alphas[0], l1_ratio))
        solver = AndersonCD(tol=tol * self.y.std(), fit_intercept=True)  # its tolerance is in the units of y
        alphas, coefs, _ = solver.path(self.X, self.y, compiled_clone(Quadratic()), penalty, alphas)
        return Answer(alphas, coefs[:-1], coefs[-1])


class Adelie(Solver):
    name, module, has_own_folds = "adelie", "adelie", True
    ladder, tol = decades(6, 14), 1e-7

    def _problem(self):
        import adelie

        make = adelie.matrix.sparse if sp.issparse(self.X) else adelie.matrix.dense
        return make(self.X, method="naive"), adelie.glm.gaussian(y=self.y)

    def path(self, alphas, l1_ratio, tol):
        from adelie import grpnet

        state = grpnet(
            *self._problem(), alpha=l1_ratio, lmda_path=alphas, tol=tol, early_exit=False, progress_bar=False
        )
        return Answer(alphas, state.betas.toarray().T, state.intercepts)

    def cv(self, alphas, l1_ratio, tol):
        """Chooses folds and grid itself, over the range of `alphas`."""
        from adelie import cv_grpnet

        problem = self._problem()
        options = dict(alpha=l1_ratio, tol=tol, progress_bar=False)
        found = cv_grpnet(*problem, seed=0, min_ratio=alphas[-1] / alphas[0], lmda_path_size=alphas.size, **options)
        state = found.fit(*problem, **options)
        return one(state.lmdas[-1], state.betas[-1].toarray(), state.intercepts[-1])


class Skein(Solver):
    name, module = "skein-glm", "skein_glm"
    ladder, tol = decades(3, 9), 1e-6

    def __init__(self, X, y):
        super().__init__(X if sp.issparse(X) else np.ascontiguousarray(X), y)

    def path(self, alphas, l1_ratio, tol):
        from skein_glm import ElasticNetPathRegressor

        model = ElasticNetPathRegressor(l1_ratio, lambdas=alphas, tol=tol, max_iter=100000).fit(self.X, self.y)
        return Answer(alphas, model.coefs_.T, model.intercepts_)
