"""The adviser on pairs of an estimator and data with a planted fault: are verdicts right, what is the advice worth?"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student
from sklearn import datasets
from sklearn.base import clone
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skreg import DropoutMLPClassifier, DropoutMLPRegressor, ElasticNetProx
from skreg.inspection import diagnose

from . import report
from .linear import names

NOTE = """\
Forty pairs of an estimator and data with a fault that was planted. `diagnose` sees 100 to 400 rows, five folds and
nothing else, with its defaults. It is right where its verdict is one of those wanted and its findings hold the one
wanted. The thresholds of its rules were chosen on other draws (`--seed 0`) of the same pairs, and planted faults that
cost nothing on those draws were made larger. So the table shows that the rules hold on new rows, not that they hold on
new kinds of faults.

The gain of the first suggestion is then measured on fresh rows, which `diagnose` has not seen: new draws of generated
data, for training and for testing; other halves of the data that come with scikit-learn. It is the mean over eight
draws with a 95 % interval, for halves corrected for the rows that they share. "Promised" is the gain that the report
showed, where it had measured it. A promise is refuted where the interval on fresh rows lies below zero.
"""
FRESH = 8  # draws on which a suggestion is judged
TEST_ROWS = 600
PARTS = ("summary", "pairs")
TITLES = {"summary": "Summary", "pairs": "All pairs"}
YES = {True: "yes", False: "no"}


class Rows(NamedTuple):
    """Generated data, a function of a generator and a number of rows; or a part of a data set."""

    name: str
    n: int
    draw: Callable
    is_generated: bool = True


class Pair(NamedTuple):
    """An estimator, data, the fault that was planted, and what is wanted."""

    fault: str
    estimator: object
    rows: Rows
    verdicts: tuple
    finding: str | None = None
    options: dict = {}


def bundled(name, n):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)

    def draw(rng, n):
        rows = rng.permutation(len(y))[:n]
        return X[rows], y[rows], None

    return Rows(name.replace("_", " "), n, draw, is_generated=False)


def linear(n, p, *, noise=1.0, k=5):
    def draw(rng, n):
        X = rng.standard_normal((n, p))
        return X, X[:, :k].sum(axis=1) + noise * rng.standard_normal(n), None

    return Rows(f"linear, {n} x {p}", n, draw)


def classes(n, p, *, noise=1.0, k=5, flip=0.0, share=0.5, scale=None):
    """Two classes on both sides of a plane; some labels flipped."""

    def draw(rng, n):
        X = rng.standard_normal((n, p))
        score = X[:, :k].sum(axis=1) + noise * rng.standard_normal(n)
        cut = np.sqrt(k + noise**2) * student.ppf(1.0 - share, 1000)
        y = (score > cut).astype(int)
        y = np.where(rng.random(n) < flip, 1 - y, y)
        return (X if scale is None else X * scale), y, None

    return Rows(f"two classes, {n} x {p}", n, draw)


def moons(n, *, noise=0.35, p=2):
    def draw(rng, n):
        X, y = datasets.make_moons(n, noise=noise, random_state=int(rng.integers(2**31)))
        return np.hstack([X, rng.standard_normal((n, p - 2))]), y, None

    return Rows(f"moons, {n} x {p}", n, draw)


def friedman(n, noise=1.0):
    def draw(rng, n):
        return *datasets.make_friedman1(n, noise=noise, random_state=int(rng.integers(2**31))), None

    return Rows(f"Friedman, {n} x 10", n, draw)


def wave(n):
    def draw(rng, n):
        X = rng.uniform(-3.0, 3.0, (n, 2))
        return X, np.sin(2.0 * X[:, 0]) + 0.3 * rng.standard_normal(n), None

    return Rows(f"sine, {n} x 2", n, draw)


def noise_only(n, p, *, is_class):
    def draw(rng, n):
        return rng.standard_normal((n, p)), rng.integers(2, size=n) if is_class else rng.standard_normal(n), None

    return Rows(f"noise, {n} x {p}", n, draw)


def copied(rows, times):
    """Every row several times, in random order."""

    def draw(rng, n):
        X, y, _ = rows.draw(rng, n // times)
        order = rng.permutation(np.repeat(np.arange(len(y)), times))
        return X[order], y[order], None

    return Rows(f"{rows.name}, each row {times} times", rows.n, draw)


def subjects(n, p, each):
    """Rows of subjects with features and a class of their own, on which the first feature has a weak effect."""

    def draw(rng, n):
        who = np.repeat(np.arange(-(-n // each)), each)[:n]
        centre, label = rng.standard_normal((who.max() + 1, p)), rng.random(who.max() + 1)
        label = (0.25 * centre[:, 0] + label > 0.5).astype(int)
        X = centre[who] + 0.2 * rng.standard_normal((n, p))
        order = rng.permutation(n)
        return X[order], label[who][order], who[order]

    return Rows(f"{n // each} subjects, {each} rows each", n, draw)


def drifting(n, p, *, is_class):
    """The last fifth of the rows lies elsewhere, where the target follows another line."""

    def draw(rng, n):
        X = rng.standard_normal((n, p))
        late = np.arange(n) >= 0.8 * n
        X[late, 0] += 2.0
        score = X[:, 0] + X[:, 1] - 2.0 * X[:, 0] * late + 0.5 * rng.standard_normal(n)
        return X, (score > np.median(score)).astype(int) if is_class else score, None

    return Rows(f"{n} x {p}, the last fifth elsewhere", n, draw)


def scaled(model):
    return make_pipeline(StandardScaler(), model)


OVER, UNDER, WELL, NOTHING = ("overfitting",), ("underfitting",), ("fitting well",), ("nothing learned",)
ANY = (*OVER, *UNDER, *WELL, *NOTHING)
SCALES = np.geomspace(1.0, 1e3, 8)


def pairs():
    """All pairs, deterministic."""
    net = dict(hidden_layer_sizes=(50,), random_state=0)
    free = dict(dropout=0.0, weight_decay=0.0, l1=0.0, early_stopping=False, normalization=None)
    perceptron = MLPClassifier((50,), alpha=0.0, max_iter=150, learning_rate_init=0.01, random_state=0)
    boosting = GradientBoostingRegressor(n_estimators=100, learning_rate=0.5, max_depth=5, random_state=0)
    forest = dict(n_estimators=40, random_state=0)
    wide, log_loss = "more features than rows", {"scoring": "neg_log_loss"}
    return [
        Pair("too little penalty", Ridge(1e-6), linear(120, 80, noise=3.0), OVER),
        Pair("no penalty, many products", make_pipeline(PolynomialFeatures(2), StandardScaler(), LinearRegression()),
             bundled("diabetes", 150), OVER),
        Pair("p > n, too little penalty", Lasso(1e-3, max_iter=20000), linear(120, 240), OVER, wide),
        Pair("too little penalty", LogisticRegression(C=1e5, max_iter=2000), classes(200, 50, noise=0.5),
             OVER, None, log_loss),
        Pair("p > n, too little penalty", LogisticRegression(C=1e4), classes(150, 200, noise=0.3, k=3),
             OVER, wide, log_loss),
        Pair("too little penalty", scaled(SVC(C=1e4, gamma=5.0)), moons(300, noise=0.4), OVER),
        Pair("too little penalty", scaled(SVR(C=1e3, gamma=0.5)), linear(150, 10, noise=2.0), OVER),
        Pair("too deep", DecisionTreeRegressor(random_state=0), bundled("diabetes", 300), OVER),
        Pair("too deep", DecisionTreeClassifier(max_depth=20, random_state=0), classes(300, 10), OVER),
        Pair("knows every row", KNeighborsClassifier(1), moons(400, noise=0.5), OVER),
        Pair("too many rounds", boosting, linear(200, 10, noise=3.0), OVER),
        Pair("net without a penalty", scaled(perceptron),
             classes(300, 20, noise=0.5, flip=0.1), OVER),
        Pair("net without a penalty", DropoutMLPRegressor(max_iter=100, **net, **free),
             linear(120, 40, noise=2.0), OVER),
        Pair("too much penalty", Ridge(1e5), linear(150, 10), UNDER),
        Pair("too much penalty", ElasticNetProx(1e3), linear(150, 10), UNDER),
        Pair("too much penalty", scaled(LogisticRegression(C=1e-5)), classes(150, 10), UNDER, None, log_loss),
        Pair("too shallow", DecisionTreeRegressor(max_depth=1), friedman(300), UNDER),
        Pair("too shallow", RandomForestRegressor(max_depth=1, **forest), friedman(250), UNDER),
        Pair("too few rounds", HistGradientBoostingRegressor(max_iter=3, random_state=0), friedman(250), UNDER),
        Pair("too few epochs", scaled(MLPClassifier((30,), max_iter=4, random_state=0)), classes(250, 10, noise=0.5),
             UNDER, "training too short"),
        Pair("too few epochs", scaled(DropoutMLPClassifier(max_iter=2, **net)), moons(300, noise=0.2), UNDER),
        Pair("too few iterations", LogisticRegression(C=1.0, max_iter=1), classes(200, 8, noise=0.3, scale=SCALES),
             ANY, "training too short"),
        Pair("too many neighbours", KNeighborsClassifier(130), moons(250, noise=0.2), UNDER),
        Pair("a line for a wave", LinearRegression(), wave(250), UNDER),
        Pair("a line for moons", scaled(LogisticRegression()), moons(300, noise=0.2), UNDER),
        Pair("pure noise", RandomForestClassifier(**forest), noise_only(200, 5, is_class=True), NOTHING),
        Pair("pure noise", Ridge(), noise_only(200, 5, is_class=False), NOTHING),
        Pair("pure noise", KNeighborsClassifier(1), noise_only(200, 5, is_class=True), NOTHING),
        Pair("pure noise", HistGradientBoostingRegressor(random_state=0), noise_only(200, 5, is_class=False), NOTHING),
        Pair("unscaled features", SVC(), bundled("breast_cancer", 300), ANY, "unscaled features"),
        Pair("unscaled features", KNeighborsClassifier(), bundled("wine", 150), ANY, "unscaled features"),
        Pair("unscaled features", SGDClassifier(random_state=0), bundled("breast_cancer", 300), ANY,
             "unscaled features"),
        Pair("rare class", LogisticRegression(), classes(400, 8, share=0.05), ANY, "rare class"),
        Pair("rare class", RandomForestClassifier(**forest), classes(400, 8, share=0.05), ANY, "rare class"),
        Pair("a fifth of the labels flipped", scaled(LogisticRegression()), classes(300, 5, noise=0.2, flip=0.2),
             WELL, "noisy labels"),
        Pair("each row three times", KNeighborsClassifier(1), copied(noise_only(240, 5, is_class=True), 3),
             NOTHING, "copies of rows"),
        Pair("rows of subjects", RandomForestClassifier(**forest), subjects(240, 6, 6), ANY, "groups"),
        Pair("drift", Ridge(), drifting(250, 6, is_class=False), ANY, "drift"),
        Pair("none", LinearRegression(), bundled("diabetes", 300), WELL),
        Pair("none", HistGradientBoostingClassifier(random_state=0), bundled("breast_cancer", 300), WELL),
    ]  # fmt: skip


def data_of(rows, seed):
    return rows.draw(np.random.default_rng(seed), rows.n)


def fresh_gain(pair, model, scorer, seed):
    """Mean gain of a model over the pair's estimator on rows that nobody has seen, and its 95 % interval."""
    gains, rows = [], pair.rows
    for draw in range(FRESH):
        rng = np.random.default_rng([seed, draw])
        if rows.is_generated:
            X, y, _ = rows.draw(rng, rows.n)
            X_test, y_test, _ = rows.draw(rng, TEST_ROWS)
        else:
            X, y, _ = rows.draw(rng, 10**9)
            n = min(rows.n, len(y) // 2)
            X, y, X_test, y_test = X[:n], y[:n], X[n:], y[n:]
        scores = [scorer(clone(one).fit(X, y), X_test, y_test) for one in (pair.estimator, model)]
        gains.append(scores[1] - scores[0])
    share = 1.0 / FRESH + (0.0 if rows.is_generated else len(y_test) / len(y))
    half = student.ppf(0.975, FRESH - 1) * np.sqrt(share * np.var(gains, ddof=1))
    return float(np.mean(gains)), float(np.mean(gains) - half), float(np.mean(gains) + half)


def in_words(gain):
    return "{:+.3g} [{:+.3g}, {:+.3g}]".format(*(0.0 if abs(value) < 1e-8 else value for value in gain))


def judge(pair, seed):
    """A row of the table."""
    X, y, groups = data_of(pair.rows, seed)
    options = dict(pair.options) if groups is None else {"groups": groups, **pair.options}
    found = diagnose(pair.estimator, X, y, verbose=False, **options)
    findings = [finding.name for finding in found.findings]
    right = found.verdict in pair.verdicts and (pair.finding is None or pair.finding in findings)
    wanted = "" if pair.verdicts == ANY else " or ".join(pair.verdicts)
    model = pair.estimator[-1] if hasattr(pair.estimator, "steps") else pair.estimator
    row = dict(
        fault=pair.fault, estimator=type(model).__name__, data=pair.rows.name,
        wanted="; ".join(filter(None, [wanted, pair.finding])), verdict=found.verdict, findings=", ".join(findings),
        right=YES[bool(right)],
    )  # fmt: skip
    if found.suggestions:
        first = found.suggestions[0]
        gain = fresh_gain(pair, first.estimator, found._measured.folds.scorer, seed)
        promised = first.gain if first.gain is not None else None
        row |= dict(
            suggestion=f"{first.technique}", promised=None if promised is None else str(promised), fresh=in_words(gain),
            above_zero=YES[gain[1] > 0.0], refuted=YES[promised is not None and gain[2] < 0.0],
        )  # fmt: skip
    return row


def summary(rows):
    """How often verdicts are right, and what first suggestions were worth."""
    advised = [row for row in rows if "fresh" in row]
    promised = [row for row in advised if row["promised"] is not None]
    return [
        dict(what="right verdict and finding", count=sum(row["right"] == "yes" for row in rows), of=len(rows)),
        dict(what="pairs with a suggestion", count=len(advised), of=len(rows)),
        dict(
            what="first suggestion shown to gain on fresh rows",
            count=sum(row["above_zero"] == "yes" for row in advised),
            of=len(advised),
        ),
        dict(
            what="promised gain refuted on fresh rows",
            count=sum(row["refuted"] == "yes" for row in promised),
            of=len(promised),
        ),
    ]


def configure(parser):
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=1, help="of the draws; rules were chosen with 0 (default: 1)")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of some pairs; written only to --out")
    parser.add_argument("--out", help="folder of diagnose.json and diagnose.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("diagnose", folder, ["all"], PARTS, NOTE, TITLES)


def run(args):
    out = args.out or (None if args.only or args.seed != 1 else report.RESULTS)
    results, rows = book(out), []
    for number, pair in enumerate(pairs()):
        if args.only and number not in args.only:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # planted: fits that do not converge
            rows.append(judge(pair, args.seed))
        print(f"    {number}: {rows[-1]}", flush=True)
    if "pairs" in args.parts:
        results.enter("pairs", "all", f"draws of seed {args.seed}", rows=rows)
    if "summary" in args.parts:
        results.enter("summary", "all", f"draws of seed {args.seed}", rows=summary(rows))
