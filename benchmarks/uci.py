"""Monte Carlo dropout on two of the regressions of Gal & Ghahramani (2016): RMSE and log-likelihood."""

import itertools
import warnings

import numpy as np
from scipy.special import logsumexp
from sklearn.preprocessing import StandardScaler

from skreg import DropoutMLPRegressor

from . import report, tables
from .linear import names

NOTE = """\
Means and standard errors over 20 random splits, a tenth of the rows for testing. One hidden layer of 50 units. In
every split anew, the dropout rate, the decay and the variance of the noise are those with the best log-likelihood on
a fifth of the training rows, after which the net is trained on all of them; test rows decide nothing. The log-
likelihood is that of the mixture of 1,000 dropout samples with normal noise. "Published" is table 1 of the paper
(with 400 epochs as here; its authors' code, which searched in every split, is newer than its table).
"""
PUBLISHED = {"Boston": (2.90, -2.40), "concrete": (4.82, -2.93)}
GRID = list(itertools.product((0.005, 0.01, 0.05, 0.1), (0.0, 0.1, 1.0)))
NOISE = np.geomspace(0.01, 0.5, 12)  # variances, relative to that of y


def net(dropout, decay, epochs):
    return DropoutMLPRegressor(
        (50,), normalization=None, dropout=dropout, input_dropout=dropout, weight_decay=decay, l1=0.0,
        averaging=None, learning_rate=0.01, batch_size=32, max_iter=epochs, early_stopping=False, random_state=0,
    )  # fmt: skip


def log_likelihood(samples, y, variance):
    """Mean log density of y under the mixture of normals around samples (n_samples, n)."""
    exponents = -0.5 * (y - samples) ** 2 / variance
    return float(np.mean(logsumexp(exponents, axis=0) - np.log(len(samples)) - 0.5 * np.log(2.0 * np.pi * variance)))


def choose(X, y, rng, epochs, draws):
    """Dropout, weight decay and noise variance with the best log-likelihood on a fifth of the rows."""
    order = rng.permutation(len(y))
    held, rest = order[: len(y) // 5], order[len(y) // 5 :]
    best = (-np.inf, None)
    for dropout, decay in GRID:
        samples = net(dropout, decay, epochs).fit(X[rest], y[rest]).sample_predictions(X[held], draws)
        for variance in NOISE * y.var():
            best = max(best, (log_likelihood(samples, y[held], variance), (dropout, decay, variance)))
    return best[1]


def split(X, y, seed, epochs, draws):
    """RMSE and log-likelihood of one split."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    test, train = order[: len(y) // 10], order[len(y) // 10 :]
    scale = StandardScaler().fit(X[train])
    A, B = scale.transform(X[train]), scale.transform(X[test])
    dropout, decay, variance = choose(A, y[train], rng, epochs, draws)
    samples = net(dropout, decay, epochs).fit(A, y[train]).sample_predictions(B, draws)
    error = np.sqrt(np.mean((samples.mean(axis=0) - y[test]) ** 2))
    return float(error), log_likelihood(samples, y[test], variance)


def configure(parser):
    parser.add_argument("--problems", type=names(PUBLISHED), default=list(PUBLISHED), help=", ".join(PUBLISHED))
    parser.add_argument("--small", action="store_true", help="two splits and few epochs; written only to --out")
    parser.add_argument("--out", help="folder of uci.json and uci.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("uci", folder, PUBLISHED, ("uci",), NOTE)


def run(args):
    pages = book(report.folder(args))
    for name in args.problems:
        frame, y, _ = tables.load(name)
        X = frame.to_numpy(dtype=float)
        found = []
        for seed in range(2 if args.small else 20):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found.append(split(X, y, seed, *((20, 50) if args.small else (400, 1000))))
            print(f"    {name}, split {seed}: RMSE {found[-1][0]:.3f}, log-likelihood {found[-1][1]:.3f}", flush=True)
        mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
        rows = [
            dict(solver="skreg", rmse=mean[0], rmse_error=error[0], likelihood=mean[1], likelihood_error=error[1]),
            dict(solver="published", rmse=PUBLISHED[name][0], likelihood=PUBLISHED[name][1]),
        ]
        pages.enter("uci", name, f"{X.shape[0]} x {X.shape[1]}", None, None, rows=rows)
