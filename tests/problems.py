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


def classification(n, p, K, seed=0, **kwargs):
    """Features as in `regression`, and classes 0 to K - 1 that depend on some of them; all occur."""
    X, _ = regression(n, p, seed, **kwargs)
    rng = np.random.default_rng(seed)
    Z = (X / X.std(axis=0)) @ (rng.standard_normal((p, K)) * (rng.random((p, 1)) < 0.4))
    codes = (Z - Z.mean(axis=0) + rng.gumbel(size=Z.shape)).argmax(axis=1)
    codes[:K] = np.arange(K)
    return X, codes


def hostile_classification(seed):
    """Collinear, badly scaled or repeated features, rare classes, up to 26 classes: data, and a penalty."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.choice([30, 80, 200])), int(rng.choice([3, 20, 100]))
    K = int(rng.choice([2, 2, 3, 5, 10, 26])) if n > 52 else int(rng.choice([2, 3, 5]))
    X = rng.standard_normal((n, p))
    kind = rng.choice(["independent", "neighbours", "low rank", "repeated", "scales", "indicators"])
    if kind == "neighbours":
        for j in range(1, p):
            X[:, j] = 0.98 * X[:, j - 1] + np.sqrt(1 - 0.98**2) * X[:, j]
    elif kind == "low rank":
        X = rng.standard_normal((n, 3)) @ rng.standard_normal((3, p)) + 1e-4 * X
    elif kind == "repeated":
        X[:, p // 2 :] = X[:, : p - p // 2]
    elif kind == "scales":
        X = X * 10.0 ** rng.uniform(-3, 3, p) + rng.standard_normal(p)
    elif kind == "indicators":
        X = (rng.random((n, p)) < rng.uniform(0.05, 0.3)).astype(float)
    Z = (X / (X.std(axis=0) + 1e-9)) @ rng.standard_normal((p, K)) * rng.choice([0.3, 1.0, 4.0]) / np.sqrt(p)
    Z += rng.standard_normal(K) * rng.choice([0.0, 3.0])
    codes = (Z + rng.gumbel(size=Z.shape)).argmax(axis=1)
    codes[:K] = np.arange(K)
    weights = rng.exponential(size=n) + 0.01 if rng.random() < 0.3 else None
    smoothing, l1_ratio = float(rng.choice([0.0, 0.0, 0.1])), float(rng.choice([0.0, 0.5, 1.0, 1.0]))
    return X, codes, weights, smoothing, l1_ratio, 10.0 ** rng.uniform(-4, 0), rng.random() < 0.3


def _int64(X):
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def _readonly(X):
    X.flags.writeable = False
    return X
