"""R's glmnet: one R process holds the data and answers requests."""

import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import scipy.sparse as sp

from .solver import FOLDS, Answer, Solver, decades

SCRIPT = pathlib.Path(__file__).with_suffix(".R")


def r_says(code):
    """Output of a line of R; None where R or a package is missing."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def versions():
    said = r_says('cat(format(getRversion()), format(packageVersion("glmnet")))')
    return dict(zip(("R", "glmnet"), said.split(), strict=True)) if said else {}


class Glmnet(Solver):
    name, has_own_folds = "glmnet (R)", True
    ladder, tol = decades(6, 14), 1e-7

    @classmethod
    def usable(cls):
        if not versions():
            print(f"{cls.name}: left out (no Rscript with glmnet)")
            return False
        return True

    def __init__(self, X, y, family="gaussian", events=None):
        super().__init__(X, y)
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self._put("dims", np.array(X.shape, dtype=np.int32))
        if sp.issparse(X):
            self._put("X", X.data)
            self._put("indices", X.indices.astype(np.int32))
            self._put("indptr", X.indptr.astype(np.int32))
        else:
            self._put("X", X.T)  # tofile writes rows: so R gets columns
        self._put("y", y.astype(np.float64))
        if events is not None:  # of Cox's model, whose y are times
            self._put("events", events.astype(np.float64))
        folds = np.empty(y.size, dtype=np.int32)
        for k, (_, test) in enumerate(FOLDS.split(X)):
            folds[test] = k + 1
        self._put("folds", folds)
        self.process = subprocess.Popen(
            ["Rscript", SCRIPT, self.folder, family],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _put(self, name, array):
        array.tofile(self.folder / f"{name}.bin")

    def _get(self, name, dtype=np.float64):
        return np.fromfile(self.folder / f"{name}.bin", dtype=dtype)

    def _ask(self, what, alphas, l1_ratio, tol):
        # Of Gaussian responses, glmnet divides y and lambda by y's deviation s, which divides the L2 part by s once
        # too often. The same problem in its terms: lambda alpha' = alpha l1_ratio and lambda (1 - alpha') / s =
        # alpha (1 - l1_ratio).
        factor = l1_ratio + (1.0 - l1_ratio) * self.y.std()
        return self._answer(what, alphas, alphas * factor, l1_ratio / factor, tol)

    def _answer(self, what, alphas, lambdas, mixing, tol):
        self._put("lambda", lambdas)
        self.process.stdin.write(f"{what} {mixing:.17g} {tol:.17g}\n")
        self.process.stdin.flush()
        seconds = float(self.process.stdout.readline())
        parts = self._get("x"), self._get("i", np.int32), self._get("p", np.int32)
        coefs = sp.csc_array(parts, shape=(self.X.shape[1], alphas.size)).toarray()
        intercepts = self._get("a0")
        return Answer(alphas, coefs, intercepts if intercepts.size else np.zeros(alphas.size), seconds)

    def path(self, alphas, l1_ratio, tol):
        return self._ask("path", alphas, l1_ratio, tol)

    def cv(self, alphas, l1_ratio, tol):
        """Only for the lasso: the y of every fold has its own standard deviation, by which glmnet scales."""
        path, curve = self._ask("cv", alphas, l1_ratio, tol), self._get("curve")
        best = [curve.argmin()]
        return Answer(alphas[best], path.coefs[:, best], path.intercepts[best], path.seconds, curve)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.folder)
