"""One list of instances that feeds the property tests."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

DESIGNS = {
    "dense": np.asfortranarray,
    "dense C order": np.ascontiguousarray,
    "float32": lambda X: np.asfortranarray(X, dtype=np.float32),
    "csc": sp.csc_matrix,
    "csr array": sp.csr_array,
    "csc float32": lambda X: sp.csc_array(X.astype(np.float32)),
    "csc int64": lambda X: _int64(sp.csc_array(X)),
    "read-only": lambda X: _readonly(np.asfortranarray(X)),
}

SOLVERS = ("auto", "cd", "gram", "prox_grad")


class Instance(NamedTuple):
    """A penalty, for a number of features."""

    name: str
    params: dict

    def of(self, p):
        """Parameters of ElasticNetProx; arrays are made for p features."""
        rng = np.random.default_rng(p)
        made = {
            "factors": dict(penalty_factor=rng.uniform(0.2, 3.0, p)),
            "some free": dict(penalty_factor=np.where(np.arange(p) % 4 == 1, 0.0, 1.0)),
            "some out": dict(penalty_factor=np.where(np.arange(p) % 3 == 1, np.inf, 1.0)),
            "box": dict(bounds=(-0.05 * rng.random(p), 0.1)),
            "half lines": dict(bounds=(np.where(np.arange(p) % 2, 0.0, -np.inf), np.inf)),
            "without zero": dict(bounds=(np.where(np.arange(p) == 0, 0.02, -np.inf), np.inf)),
        }
        return {**self.params, **made.get(self.name, {})}


PENALTIES = [
    Instance("lasso", dict(l1_ratio=1.0)),
    Instance("elastic net", dict(l1_ratio=0.5)),
    Instance("ridge", dict(l1_ratio=0.0)),
    Instance("nearly ridge", dict(l1_ratio=0.01)),
    Instance("positive", dict(l1_ratio=0.7, positive=True)),
    Instance("standardized", dict(l1_ratio=0.9, standardize=True)),
    Instance("factors", dict(l1_ratio=1.0)),
    Instance("some free", dict(l1_ratio=0.8)),
    Instance("some out", dict(l1_ratio=1.0)),
    Instance("some out", dict(l1_ratio=0.0)),
    Instance("some free", dict(l1_ratio=0.0)),
    Instance("box", dict(l1_ratio=0.5)),
    Instance("box", dict(l1_ratio=0.0)),
    Instance("half lines", dict(l1_ratio=1.0)),
    Instance("without zero", dict(l1_ratio=0.5)),
]


def regression(n, p, seed=0, sparse=True, correlated=0.5):
    """Features with different scales, correlated and half of them zero, and a target with an offset."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + correlated * rng.standard_normal((n, 1))
    if sparse:
        X *= rng.random((n, p)) < 0.5
    X *= rng.uniform(0.5, 5.0, p)
    coef = rng.standard_normal(p) * (rng.random(p) < 0.4)
    y = X @ coef
    return X, y + 3.0 + (0.3 * y.std() + 0.1) * rng.standard_normal(n)


def _int64(X):
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def _readonly(X):
    X.flags.writeable = False
    return X
