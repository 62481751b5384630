"""Uncertainty of the nets: which score finds digits unlike the training rows, and whether 95 % intervals cover 95 %."""

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler

from skreg import DeepEnsembleClassifier, DeepEnsembleRegressor, DropoutMLPClassifier, DropoutMLPRegressor

from . import report, tables

SCORES = {"entropy": "predictive_entropy", "information": "mutual_information", "distance": "distance"}
TITLES = {
    "digits": "Digits unlike the training rows",
    "intervals": "Coverage of 95 % intervals",
    "small": "Coverage after training on few rows",
}
TABLES = ("diabetes", "Boston", "concrete")
COVERAGES = {"cover80": 0.8, "cover90": 0.9, "cover95": 0.95}
N_DRAWN = 60, 120, 250  # training rows; a tenth of them is held out
MODELS = {  # parameters of the net, and the number of members that are trained apart
    "skreg, dropout=0.25": (dict(dropout=0.25), 1),
    "skreg, dropout=0.0": (dict(dropout=0.0), 1),
    "skreg, dropout=0.0, ensemble_size=8": (dict(dropout=0.0, ensemble_size=8), 1),
    "deep ensemble of 5, dropout=0.0": (dict(dropout=0.0), 5),
}
NOTE = """\
Digits: area under the ROC curve for telling shifted digits from test digits by a score of `predict_uncertainty`; means
over the seeds. 0.5 is a guess. Pixels in [0, 1], 30 % of the digits for testing; "new classes" are 8 and 9, left out of
training.

Intervals: share of test rows inside 95 % intervals over eight folds. The first column is the prediction plus and minus
1.96 standard deviations, the second is `predict_interval`. Every member of a deep ensemble leaves out a fold.

Few rows: share of all other rows inside the intervals of `predict_interval` after training on some random rows of the
table; means over 40 draws of these, with standard errors.
"""


def shifted(images, rng):
    """Test digits under shifts that leave the training distribution."""
    return {
        "ten times as bright": 10.0 * images,
        "twice as bright": 2.0 * images,
        "negative": 1.0 - images,
        "pixels permuted": rng.permuted(images, axis=1),
    }


def model(kind, seed, n_apart, **params):
    """A net, or a deep ensemble of several, each of which leaves out a fold."""
    net = kind(random_state=seed, **params)
    if n_apart == 1:
        return net
    ensemble, split = {
        DropoutMLPClassifier: (DeepEnsembleClassifier, StratifiedKFold),
        DropoutMLPRegressor: (DeepEnsembleRegressor, KFold),
    }[kind]
    cv = split(n_apart, shuffle=True, random_state=seed)
    return ensemble(net, n_apart, cv=cv, n_jobs=-1, random_state=seed)


def areas(net, inside, outside):
    """Area under the ROC curve of every score."""
    u, v = (net.predict_uncertainty(rows) for rows in (inside, outside))
    is_outside = np.repeat([0, 1], [len(inside), len(outside)])
    return [roc_auc_score(is_outside, np.r_[getattr(u, name), getattr(v, name)]) for name in SCORES.values()]


def out_of_distribution(seed, n_apart, **params):
    """Areas of all scores for every shift, of one split and net."""
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=seed)
    net = model(DropoutMLPClassifier, seed, n_apart, **params).fit(X_train, y_train)
    found = {name: areas(net, X_test, rows) for name, rows in shifted(X_test, np.random.default_rng(seed)).items()}
    known = y_train < 8
    net.fit(X_train[known], y_train[known])
    return {**found, "new classes": areas(net, X_test[y_test < 8], X_test[y_test >= 8])}


def fitted(X, y, train, test, seed, n_apart=1, **params):
    """A net, or a deep ensemble, fitted to standardized training rows, and the test rows on the same scale."""
    scale = StandardScaler().fit(X[train])
    net = model(DropoutMLPRegressor, seed, n_apart, **params).fit(scale.transform(X[train]), y[train])
    return net, scale.transform(X[test])


def covered(net, rows, y, level):
    """Which targets are inside their intervals."""
    low, high = net.predict_interval(rows, coverage=level)
    return (low <= y) & (y <= high)


def coverage(name, n_folds, **params):
    """Share of rows inside the normal and the conformal 95 % interval, over folds of a table."""
    frame, y, _ = tables.load(name)
    X = frame.to_numpy(dtype=float)
    found = []
    for train, test in KFold(n_folds, shuffle=True, random_state=0).split(X):
        net, rows = fitted(X, y, train, test, 0, **params)
        mean, std = net.predict(rows, return_std=True)
        inside = [np.abs(y[test] - mean) <= 1.96 * std, covered(net, rows, y[test], 0.95)]
        found.append([values.mean() for values in inside])
    return np.mean(found, axis=0)


def coverage_of_few(name, n_train, n_draws, **params):
    """Mean share of rows inside intervals of each of `COVERAGES`, and its standard error, over draws of the rows."""
    frame, y, _ = tables.load(name)
    X = frame.to_numpy(dtype=float)
    found = []
    for seed in range(n_draws):
        train, test = train_test_split(np.arange(len(X)), train_size=n_train, random_state=seed)
        net, rows = fitted(X, y, train, test, seed, **params)
        found.append([covered(net, rows, y[test], level).mean() for level in COVERAGES.values()])
    return np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / n_draws**0.5


def configure(parser):
    parser.add_argument("--small", action="store_true", help="one seed, one table, few epochs; written only to --out")
    parser.add_argument("--out", help="folder of uncertainty.json and uncertainty.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("uncertainty", folder, TABLES, TITLES, NOTE, TITLES)


def run(args):
    pages = book(report.folder(args))
    warnings.simplefilter("error")
    n_seeds, max_iter = (1, 2) if args.small else (3, 100)
    models = dict([*MODELS.items()][::3]) if args.small else MODELS  # a net, and an ensemble
    runs = {
        name: [out_of_distribution(seed, n_apart, max_iter=max_iter, **params) for seed in range(n_seeds)]
        for name, (params, n_apart) in models.items()
    }
    for shift in next(iter(runs.values()))[0]:
        rows = []
        for solver, found in runs.items():
            means = np.mean([one[shift] for one in found], axis=0)
            rows.append(dict(solver=solver, **dict(zip(SCORES, means.tolist(), strict=True))))
        pages.enter("digits", shift, rows=rows)
    for name in TABLES[:1] if args.small else TABLES:
        rows = []
        for model_name, (params, n_apart) in models.items():
            for heteroscedastic in (False, True):
                options = dict(n_apart=n_apart, heteroscedastic=heteroscedastic, max_iter=max_iter)
                normal, interval = coverage(name, 2 if args.small else 8, **options, **params)
                solver = model_name + ", heteroscedastic" * heteroscedastic
                rows.append(dict(solver=solver, normal=float(normal), interval=float(interval)))
        pages.enter("intervals", name, rows=rows)
    n_draws = 2 if args.small else 40
    for name in TABLES[:1] if args.small else TABLES:
        for n_train in N_DRAWN[:1] if args.small else N_DRAWN:
            rows = []
            for dropout in (0.25, 0.0):
                means, errors = coverage_of_few(name, n_train, n_draws, dropout=dropout, max_iter=max_iter)
                found = [f"{100 * mean:.1f} ± {100 * error:.1f}" for mean, error in zip(means, errors, strict=True)]
                rows.append(dict(solver=f"skreg, dropout={dropout}", **dict(zip(COVERAGES, found, strict=True))))
            pages.enter("small", f"{name}, {n_train} rows", rows=rows)
