"""Classifiers of other libraries, each with its own parameter names for the same problem.

The objective is the mean cross-entropy plus ``alpha (l1_ratio ||B||_1 + (1 - l1_ratio)/2 ||B||^2)``. An answer holds
the coefficients of all classes below each other, (K p, 1), and their intercepts, (1, K); of two classes, K is 1.
"""

import numpy as np
import scipy.sparse as sp

from . import glmnet
from .solver import Answer, Solver, decades


def answer(alpha, coef, intercept, seconds=None):
    return Answer(np.array([alpha]), np.reshape(coef, (-1, 1)), np.reshape(intercept, (1, -1)), seconds)


class Classifier(Solver):
    """A solver for two classes or more.

    Attributes
    ----------
    penalties : tuple of float or None
        L1 ratios that it supports; None for all.
    several : bool
        Whether it supports over two classes.
    most_columns : float
        More would take too much memory.
    """

    penalties, several, most_columns = None, False, np.inf

    def able(self, l1_ratio):
        return (self.several or self.y.max() == 1) and (self.penalties is None or l1_ratio in self.penalties)


class Skreg(Classifier):
    name, module, ours, several = "skreg", "skreg", True, True
    ladder, tol = decades(3, 8), 1e-6

    def single(self, alpha, l1_ratio, tol):
        from skreg import LabelSmoothedLogistic

        model = LabelSmoothedLogistic(alpha, l1_ratio=l1_ratio, label_smoothing=0.0, tol=tol, max_iter=300)
        model.fit(self.X, self.y)
        return answer(alpha, model.coef_, model.intercept_)


class ScikitLearn(Classifier):
    module = "sklearn.linear_model"
    options = {}

    def single(self, alpha, l1_ratio, tol):
        from sklearn.linear_model import LogisticRegression

        C = 1.0 / (alpha * self.y.size)
        model = LogisticRegression(
            C=C, l1_ratio=l1_ratio, solver=self.solver, tol=tol, max_iter=100000, random_state=0, **self.options
        ).fit(self.X, self.y)
        return answer(alpha, model.coef_, model.intercept_)


class Liblinear(ScikitLearn):
    """liblinear penalizes the intercept, less for a larger scaling: 100 is accurate, 1000 is slow."""

    name, solver, penalties = "liblinear", "liblinear", (1.0,)
    options = dict(intercept_scaling=100.0)
    ladder, tol = decades(2, 8), 1e-4


class Saga(ScikitLearn):
    name, solver, several = "saga", "saga", True
    ladder, tol = decades(2, 8), 1e-4


class Lbfgs(ScikitLearn):
    name, solver, several, penalties = "lbfgs", "lbfgs", True, (0.0,)
    ladder, tol = decades(3, 9), 1e-4


class NewtonCholesky(ScikitLearn):
    name, solver, several, penalties = "newton-cholesky", "newton-cholesky", True, (0.0,)
    most_columns = 2000  # it makes a Hessian of all classes
    ladder, tol = decades(2, 9), 1e-4


class Skglm(Classifier):
    name, module = "skglm", "skglm"
    ladder, tol = decades(2, 9), 1e-4

    def able(self, l1_ratio):
        return super().able(l1_ratio) and l1_ratio > 0.0

    def single(self, alpha, l1_ratio, tol):
        from skglm import GeneralizedLinearEstimator
        from skglm.datafits import Logistic
        from skglm.penalties import L1, L1_plus_L2
        from skglm.solvers import ProxNewton

        penalty = L1(alpha) if l1_ratio == 1.0 else L1_plus_L2(alpha, l1_ratio)
        model = GeneralizedLinearEstimator(Logistic(), penalty, ProxNewton(tol=tol, max_iter=200))
        model.fit(self.X, self.y)
        return answer(alpha, model.coef_, model.intercept_)


class Adelie(Classifier):
    name, module, several = "adelie", "adelie", True
    ladder, tol = decades(6, 14), 1e-7

    def able(self, l1_ratio):
        return super().able(l1_ratio) and self.y.max() == 1  # its multinomial is grouped

    def single(self, alpha, l1_ratio, tol):
        import adelie

        make = adelie.matrix.sparse if sp.issparse(self.X) else adelie.matrix.dense
        loss = adelie.glm.binomial(y=self.y.astype(np.float64))
        state = adelie.grpnet(
            make(self.X, method="naive"),
            loss,
            alpha=l1_ratio,
            lmda_path=np.array([alpha]),
            tol=tol,
            irls_tol=tol,
            early_exit=False,
            progress_bar=False,
        )
        return answer(alpha, state.betas.toarray(), state.intercepts)


class Skein(Classifier):
    name, module = "skein-glm", "skein_glm"
    ladder, tol = decades(3, 9), 1e-6

    def __init__(self, X, y):
        super().__init__(X if sp.issparse(X) else np.ascontiguousarray(X), y)

    def able(self, l1_ratio):
        return super().able(l1_ratio) and l1_ratio > 0.0

    def single(self, alpha, l1_ratio, tol):
        from skein_glm import LogisticElasticNetPathRegressor

        model = LogisticElasticNetPathRegressor(l1_ratio, lambdas=np.array([alpha]), tol=tol, max_iter=100000)
        model.fit(self.X, self.y.astype(np.float64))
        return answer(alpha, model.coefs_, model.intercepts_)


class Glmnet(glmnet.Glmnet, Classifier):
    """Reaches alpha through ten larger values, as its manual advises; their time counts."""

    STEPS = 10

    def __init__(self, X, y):
        super().__init__(X, y, "binomial")
        self.top = np.abs(X.T @ (y - y.mean())).max() / y.size

    def single(self, alpha, l1_ratio, tol):
        lambdas = np.geomspace(max(self.top / max(l1_ratio, 1e-3), 1.001 * alpha), alpha, self.STEPS)
        found = self._answer("path", lambdas, lambdas, l1_ratio, tol)
        return answer(alpha, found.coefs[:, -1], found.intercepts[-1], found.seconds)


SOLVERS = [Skreg, Liblinear, Saga, Lbfgs, NewtonCholesky, Skglm, Adelie, Skein, Glmnet]
