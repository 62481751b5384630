"""Fine-tuning with few labels, and strengths that change while a net trains."""

import statistics
import time
import warnings
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skreg import DropoutCNNClassifier, DropoutMLPClassifier, DropoutMLPRegressor
from skreg.augmentation._held_out import last_step
from skreg.neural import Autoencoder, FineTunedClassifier, FineTunedRegressor
from skreg.neural._folds import FEW_ROWS

from . import report, tables, tabular, vision
from .linear import names
from .tabular_peers import encoded

PARTS = ("digits", "long", "fashion", "table", "schedules")
TITLES = {
    "digits": "MNIST: from the digits 0 to 4 to the digits 5 to 9",
    "long": "L2-SP in its published setting",
    "fashion": "MNIST and Fashion-MNIST, each from the other",
    "table": "Tables",
    "schedules": "Strength schedules",
}
NOTE = """\
A net is fitted to many rows of one task and fine-tuned with few rows of another: so many of every class, other ones for
every seed. All methods make the same number of steps with the same batches; there is no early stopping. "From scratch"
is the same net with random weights; "plain" fine-tuning has the same learning rate in all layers and the weight decay
of the net; "frozen features" trains a new output layer only, which is logistic or linear regression; the others change
plain fine-tuning in the one way that they name.

Intervals are 95 % intervals of the mean over seeds (Student's t); differences to plain fine-tuning are paired by seed,
and positive ones are better. The digits with a perceptron chose the defaults of `FineTunedClassifier` and
`FineTunedRegressor`: plain fine-tuning, since no other method was better for sure with all three numbers of labels. All
other results are of data that chose nothing. Published gains of L2-SP over plain fine-tuning are 3 to 4 points of
accuracy on small sets of photographs, from nets for ImageNet (Li, Grandvalet & Davoine 2018). Where a command has
`--first-seed 3`, it has added two seeds to three of an earlier run with the same settings.

Strength schedules: five folds of tables that may choose defaults. Nets have their defaults. So the epoch is
cross-validated where there are fewer than 1,000 training rows, and otherwise chosen on a tenth of them; "gap" always
holds a tenth out, so that "constant, a tenth held out" is what to compare it with. "Tuned" chooses the dropout rate
among 0, 0.1, 0.25 and 0.5 by the validation loss of the epoch that is kept. The measure is log loss for classes, RMSE
over the standard deviation of the target for numbers; differences are to the constant strength.
"""

COMMON = dict(batch_size=32, early_stopping=False, random_state=0)
MLP = dict(COMMON, hidden_layer_sizes=(128, 128), l1=0.0)
CNN = dict(COMMON, channels=(8, 16), hidden_layer_sizes=(64,))
PUBLISHED = dict(
    optimizer="sgd", momentum=0.9, learning_rate=0.01, schedule="step", batch_size=64, weight_decay=0.01, averaging=None
)
PLAIN = dict(l2_sp=0.0, layer_rate_decay=1.0)
METHODS = {
    "from scratch": None,
    "plain": PLAIN,
    "frozen features": dict(PLAIN, l2_sp=np.inf, new_head=True),
    "L2-SP 0.1": dict(PLAIN, l2_sp=0.1),
    "L2-SP 1": dict(PLAIN, l2_sp=1.0),
    "L2-SP 10": dict(PLAIN, l2_sp=10.0),
    "layer rates 0.7": dict(PLAIN, layer_rate_decay=0.7),
    "layer rates 0.3": dict(PLAIN, layer_rate_decay=0.3),
    "gradual unfreezing": dict(PLAIN, unfreeze="fifth"),  # of the epochs
}


class Task(NamedTuple):
    """A fitted net, rows to fine-tune it with, and test rows."""

    source: object
    X: object
    y: np.ndarray
    X_test: object
    y_test: np.ndarray


def of_classes(X, y, classes):
    some = np.isin(y, classes)
    return X[some], y[some]


def fitted(net, X, y, n_rows, max_iter):
    """A clone of the net, fitted to some random rows."""
    rows = np.random.default_rng(0).permutation(len(y))[:n_rows]
    return clone(net).set_params(max_iter=max_iter, batch_size=128).fit(X[rows], y[rows])


def digits(net, small):
    """From the digits 0 to 4 to the others."""
    data = vision.load("MNIST")
    if data is None:
        return None
    X, X_test = data.X, data.X_test
    source = fitted(net, *of_classes(X, data.y, range(5)), *((1000, 2) if small else (30_000, 8)))
    return Task(source, *of_classes(X, data.y, range(5, 10)), *of_classes(X_test, data.y_test, range(5, 10)))


def from_other(one, other, small):
    """From all classes of one set to those of another."""
    first, second = vision.load(one), vision.load(other)
    if first is None or second is None:
        return None
    source = fitted(DropoutCNNClassifier(**CNN), first.X, first.y, *((1000, 2) if small else (30_000, 5)))
    return Task(source, second.X, second.y, second.X_test, second.y_test)


def digits_in_rows(small):
    data = vision.load("MNIST")
    if data is None:
        return None
    X, X_test = (part.reshape(len(part), -1) for part in (data.X, data.X_test))
    source = fitted(
        DropoutMLPClassifier(**MLP), *of_classes(X, data.y, range(5)), *((1000, 2) if small else (30_000, 10))
    )
    return Task(source, *of_classes(X, data.y, range(5, 10)), *of_classes(X_test, data.y_test, range(5, 10)))


def clarities(small):
    """Prices of diamonds of four clarities, from a net for the other four."""
    frame, y, _ = tables.load("diamonds")
    X = tables.encoder().fit_transform(frame)
    known = frame["clarity"].isin(["IF", "VVS1", "VVS2", "VS1"]).to_numpy()
    source = fitted(DropoutMLPRegressor(**COMMON, l1=0.0), X[known], y[known], *((1000, 2) if small else (20_000, 10)))
    X, y = X[~known], y[~known]
    order = np.random.default_rng(1).permutation(len(y))
    test, rest = order[:5000], order[5000:]
    return Task(source, X[rest], y[rest], X[test], y[test])


def cuts(small):
    """Cuts of diamonds, from an autoencoder of all their other columns."""
    frame, y, _ = tables.load("diamond cuts")
    X = tables.encoder().fit_transform(frame)
    net = DropoutMLPRegressor(
        (100, 100, 20, 100), dropout=0.0, l1=0.0, weight_decay=0.01, early_stopping=False, random_state=0
    )
    order = np.random.default_rng(1).permutation(len(y))
    rows = order[: 1000 if small else 20_000]
    source = Autoencoder(net.set_params(max_iter=2 if small else 10, batch_size=128)).fit(X[rows])
    test, rest = order[:5000], order[5000:]
    return Task(source, X[rest], y[rest], X[test], y[test])


class Problem(NamedTuple):
    """How a task is made, the numbers of rows to fine-tune with, and the steps of each training."""

    make: object
    rows: tuple
    steps: int
    about: str
    training: dict = {}  # parameters of the nets
    methods: tuple = tuple(METHODS)


PROBLEMS = {
    "digits": {
        "perceptron": Problem(digits_in_rows, (10, 50, 200), 600, "128 + 128 units"),
        "convolutional": Problem(
            lambda small: digits(DropoutCNNClassifier(**CNN), small), (10, 50, 200), 300, "8 + 16 channels, 64 units"
        ),
    },
    "long": {
        "perceptron, long training": Problem(
            digits_in_rows,
            (10,),
            9000,
            "the training of Li, Grandvalet & Davoine (2018): stochastic gradient descent with momentum 0.9, batches of"
            " 64, a learning rate of 0.01 that falls in steps, a decay of 0.01 towards 0 in plain fine-tuning and in"
            " the new output layer; 128 + 128 units",
            PUBLISHED,
            ("from scratch", "plain", "L2-SP 0.1", "L2-SP 1"),
        ),
    },
    "fashion": {
        "Fashion-MNIST from MNIST": Problem(
            lambda small: from_other("MNIST", "Fashion-MNIST", small), (10, 50), 300, "8 + 16 channels, 64 units"
        ),
        "MNIST from Fashion-MNIST": Problem(
            lambda small: from_other("Fashion-MNIST", "MNIST", small), (10, 50), 300, "8 + 16 channels, 64 units"
        ),
    },
    "table": {
        "prices of other clarities": Problem(clarities, (50, 200, 1000), 600, "diamonds, 100 + 100 units"),
        "cuts from an autoencoder": Problem(cuts, (10, 50, 200), 600, "diamonds, 100 + 100 + 20 units"),
    },
}


def drawn(y, n, is_regression, rng):
    """Random rows: n of every class, or n of all in regression."""
    if is_regression:
        return rng.permutation(len(y))[:n]
    order = rng.permutation(len(y))
    return np.concatenate([order[y[order] == label][:n] for label in np.unique(y)])


def model_of(method, task, is_regression, epochs, seed, training):
    """An unfitted model."""
    source = task.source
    params = dict(batch_size=32) | training | dict(max_iter=epochs, random_state=seed)
    if method is None:
        inner = source.net_ if isinstance(source, Autoencoder) else source
        if isinstance(source, Autoencoder):
            net = DropoutMLPClassifier(inner.hidden_layer_sizes[:3], dropout=0.0, l1=0.0, weight_decay=0.01)
        else:
            net = clone(inner)
        return net.set_params(early_stopping=False, **params)
    kind = FineTunedRegressor if is_regression else FineTunedClassifier
    options = dict(method)
    if options.get("unfreeze") == "fifth":
        options["unfreeze"] = max(1, epochs // 5)
    return kind(FrozenEstimator(source), **params, **options)


def measure(task, n, steps, seeds, methods, training):
    """Errors by method and seed: percent of the test rows, or RMSE over the standard deviation of the target."""
    is_regression = task.y.dtype.kind == "f"
    found = {name: [] for name in methods}
    for seed in seeds:
        rows = drawn(task.y, n, is_regression, np.random.default_rng(seed))
        epochs = -(-steps // -(-rows.size // training.get("batch_size", 32)))
        for name in methods:
            start = time.perf_counter()
            model = model_of(METHODS[name], task, is_regression, epochs, seed, training)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(task.X[rows], task.y[rows])
            predicted = model.predict(task.X_test)
            if is_regression:
                error = float(np.sqrt(np.mean((predicted - task.y_test) ** 2)) / task.y_test.std())
            else:
                error = float(100.0 * np.mean(predicted != task.y_test))
            found[name].append(error)
            print(f"    {n}, seed {seed}, {name}: {error:.4g} in {time.perf_counter() - start:.1f} s", flush=True)
    return found


def half_width(values):
    """Half the 95 % interval of a mean."""
    n = len(values)
    return float(stats.t.ppf(0.975, n - 1) * statistics.stdev(values) / np.sqrt(n)) if n > 1 else None


def rows_of(found, base, unit):
    """Entries of the report, with paired differences to one of the models."""
    rows = []
    for name, values in found.items():
        entry = {"solver": name, unit: statistics.mean(values), f"{unit}_error": half_width(values)}
        if name != base and base in found:
            gains = [a - b for a, b in zip(found[base], values, strict=True)]
            entry |= dict(points=statistics.mean(gains), points_error=half_width(gains))
        rows.append(entry | dict(seeds=len(values)))
    return rows


def joined(old, new):
    """Entries of the report of all seeds, from those of the first seeds and of others: means and intervals."""
    before = {row["solver"]: row for row in old}
    return [_joined(before[row["solver"]], row) if row["solver"] in before else row for row in new]


def _joined(old, new):
    counts = old["seeds"], new["seeds"]
    entry = new | {"seeds": sum(counts)}
    for key in ("error", "rmse", "points"):
        if new.get(key) is None:
            continue
        means, squares = [old[key], new[key]], 0.0
        for row, n in zip((old, new), counts, strict=True):
            deviation = row[f"{key}_error"] * np.sqrt(n) / stats.t.ppf(0.975, n - 1)
            squares += (n - 1) * deviation**2
        n, mean = sum(counts), np.average(means, weights=counts)
        squares += np.dot(counts, (np.array(means) - mean) ** 2)
        half = stats.t.ppf(0.975, n - 1) * np.sqrt(squares / (n - 1) / n)
        entry |= {key: float(mean), f"{key}_error": float(half)}
    return entry


# ---- strength schedules

SCHEDULES = ("constant", "curriculum", "annealed", "gap")
HELD_OUT = "constant, a tenth held out"
TUNED = "constant, tuned"
RATES = (0.0, 0.1, 0.25, 0.5)
TABLES = ("wine", "glass", "attrition", "yields", "diabetes", "Boston", "fuel", "MNIST")


def splits(name, small):
    """X, y, whether there are classes, and five pairs of training and test rows; None where there are no data."""
    if name != TABLES[-1]:
        frame, y, classes = tables.load(name)
        folds = tables.folds(y, classes)
        return frame, y, classes, folds[:2] if small else folds
    data = vision.load("MNIST")
    if data is None:
        return None
    X = np.concatenate([data.X, data.X_test]).reshape(70_000, -1)
    y = np.concatenate([data.y, data.y_test])
    test = np.arange(60_000, 70_000)
    draws = [np.random.default_rng(seed).permutation(60_000)[:1000] for seed in range(5)]
    return X, y, True, [(rows, test) for rows in draws]


def scheduled(name, classes, is_image, small):
    """A model with a strength schedule."""
    net = (DropoutMLPClassifier if classes else DropoutMLPRegressor)(random_state=0)
    if small:
        net.set_params(max_iter=2)
    if is_image:
        net.set_params(hidden_layer_sizes=(128, 128), dropout=0.5, l1=0.0)
    if name in SCHEDULES:
        net.set_params(strength_schedule=name)
    elif name == HELD_OUT:
        net.set_params(early_stopping=True)
    model = net if is_image else encoded(net)
    if name == TUNED:
        return Tuned(model, "dropout" if is_image else f"{model.steps[-1][0]}__dropout")
    return model


class Tuned:
    """A model with the dropout rate of the lowest validation loss in the epoch that is kept.

    Parameters
    ----------
    model : net or Pipeline
    key : str
        Its parameter.
    """

    def __init__(self, model, key):
        self.candidates = [clone(model).set_params(**{key: rate}) for rate in RATES]

    def fit(self, X, y):
        for model in self.candidates:
            model.fit(X, y)
        self.best = min(self.candidates, key=lambda model: last_step(model)[1].best_score_)
        return self

    def __getattr__(self, name):
        return getattr(self.best, name)


def some(X, rows):
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def run_schedules(pages, problems, small):
    for problem in problems:
        found = splits(problem, small)
        if found is None:
            continue
        X, y, classes, pairs = found
        is_image = problem == TABLES[-1]
        losses = {}
        for name in (*SCHEDULES, HELD_OUT, TUNED):
            if name == HELD_OUT and min(len(train) for train, _ in pairs) >= FEW_ROWS:
                continue  # that is the default already
            losses[name] = []
            for train, test in pairs:
                train = train[:200] if small else train
                model = scheduled(name, classes, is_image, small)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model.fit(some(X, train), y[train])
                own = tabular.judge(model, some(X, test), y[test], classes, None if classes else y.std())
                losses[name].append(own["log_loss" if classes else "rmse"])
            print(f"    {problem}, {name}: {statistics.mean(losses[name]):.4f}", flush=True)
        unit = "log_loss" if classes else "rmse"
        about = "1,000 labels, five draws; 128 + 128 units, dropout 0.5" if is_image else f"{len(y)} rows"
        pages.enter("schedules", problem, about, rows=rows_of(losses, "constant", unit))


def configure(parser):
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    known = [*(name for part in PROBLEMS.values() for name in part), *TABLES]
    parser.add_argument("--problems", type=names(known), default=known, help="some of the problems of the parts")
    parser.add_argument("--methods", type=names(METHODS), default=list(METHODS), help="some of the methods")
    parser.add_argument("--seeds", type=int, default=5, help="draws of the labelled rows (default: 5)")
    parser.add_argument(
        "--first-seed",
        type=int,
        default=0,
        help="add to the seeds below this one, which the report has already, at least two others (default: 0)",
    )
    parser.add_argument("--small", action="store_true", help="short trainings, one seed; written only to --out")
    parser.add_argument("--out", help="folder of transfer.json and transfer.md (default: docs/benchmarks)")


def book(folder):
    order = [name for part in PROBLEMS.values() for name in part]
    pages = report.Book("transfer", folder, [*order, *TABLES], PARTS, NOTE, TITLES, {"solver": "method"})
    pages.forget_others()
    return pages


def run(args):
    pages = book(report.folder(args))
    for part in args.parts:
        if part == "schedules":
            run_schedules(pages, [name for name in TABLES if name in args.problems], args.small)
            continue
        for name, problem in PROBLEMS[part].items():
            if name not in args.problems:
                continue
            task = problem.make(args.small)
            if task is None:
                print(f"{name}: the images are out of reach; set SKREG_MNIST and SKREG_FASHION_MNIST")
                continue
            is_regression = task.y.dtype.kind == "f"
            for n in problem.rows[:1] if args.small else problem.rows:
                steps = 20 if args.small else problem.steps
                seeds = range(1) if args.small else range(args.first_seed, args.seeds)
                methods = [method for method in args.methods if method in problem.methods]
                found = measure(task, n, steps, seeds, methods, problem.training)
                about = f"{problem.about}; {n} rows{'' if is_regression else ' of every class'}, {steps} steps"
                rows = rows_of(found, "plain", "rmse" if is_regression else "error")
                divisor = f"{n} rows"
                if args.first_seed:
                    rows = joined(pages.entry(part, name, divisor=divisor)["rows"], rows)
                pages.enter(part, name, about, divisor=divisor, rows=rows)
