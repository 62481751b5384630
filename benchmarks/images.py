"""Convolutional nets on MNIST, Fashion-MNIST, MNIST-1D and sets of the UCR archive, beside published accuracies."""

import ast
import math
import statistics
import time
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from skreg import DropoutCNNClassifier, DropoutMLPClassifier
from skreg.augmentation import Compose, Flip, RandomCrop, RandomErasing, Rotate, Zoom

from . import report, vision
from .linear import names

PARTS = ("fashion", "mnist", "regularizers", "mnist1d", "ucr", "few")
TITLES = {
    "summary": "All results",
    "fashion": "Fashion-MNIST",
    "mnist": "MNIST",
    "regularizers": "One change at a time, 5,000 rows of Fashion-MNIST",
    "mnist1d": "MNIST-1D",
    "ucr": "Signals of the UCR archive",
    "few": "Few labels of Fashion-MNIST",
}
NOTE = """\
Accuracy on the test rows after training on all training rows, or on some of them; the mean over seeds, and the worst.
Test rows decide nothing: settings were chosen on a part of the training rows (`--validate`), and the last epoch counts.
"Wanted" was set before the first measurement. Pixels are in [0, 1], signals as they come. Seconds are medians over
seeds of the time at the clock, which depends on what else the machine did; CPU seconds are those of all processors for
this fit alone. `python -m benchmarks cnn` measures speed.

Published for Fashion-MNIST are the nets of the same kind and size in the list of its authors ("2 Conv <100K
parameters" without augmentation, "2 Conv+3 FC ~500K parameters" with it); for MNIST without augmentation maxout nets
(Goodfellow et al. 2013); for MNIST-1D the convolutional net of Greydanus & Kobak (2024); for the UCR archive FCN and
ResNet of Ismail Fawaz et al. (2019) and MiniRocket (Dempster et al. 2021), on the same split. All signals of the
archive have the same settings. "Few labels" are random training rows of every class, other ones for every seed; "one
change at a time" trains on 500 rows of every class, the same for all changes.
"""

NET = dict(
    kernel_size=3, normalization="batch", averaging="ema", schedule="cosine", warmup=0.05, learning_rate=0.003,
    weight_decay=0.05, batch_size=128, early_stopping=False,
)  # fmt: skip
TWO = dict(NET, channels=(32, 64), pool_size=(2, 3), hidden_layer_sizes=(72,), dropout=0.3)  # under 100,000 parameters
DENSE = dict(NET, channels=(32, 64), pool_size=2, hidden_layer_sizes=(150, 64), dropout=0.3)  # about 500,000
BLOCKS = dict(
    NET, channels=(32, 64, 128), pool_size=2, residual=True, hidden_layer_sizes=(256,), dropout=0.4,
    spatial_dropout=0.05,
)  # fmt: skip
FOUR = dict(
    NET,
    channels=(32, 64, 64, 128),
    pool_size=(2, 1, 2, 2),
    hidden_layer_sizes=(128,),
    dropout=0.4,
    spatial_dropout=0.05,
)
FIVE = dict(FOUR, channels=(32, 32, 64, 64, 128), pool_size=(1, 2, 1, 2, 2))
CURVE = dict(
    NET, channels=(64, 64, 64), kernel_size=5, pool_size=(2, 1, 1), global_pooling=True, hidden_layer_sizes=(128,),
    dropout=0.3, spatial_dropout=0.1, learning_rate=0.002, batch_size=64, max_iter=60,
)  # fmt: skip
SIGNAL = dict(
    NET, channels=(64, 128, 64), kernel_size=(9, 5, 3), pool_size=1, global_pooling=True, hidden_layer_sizes=(),
    batch_size=16,
)  # fmt: skip


def flips_and_crops():
    return Compose([Flip(0.5), RandomCrop(2)])


def digits_moved():
    return Compose([Rotate(10.0), Zoom(0.9, 1.1), RandomCrop(2)])


class Row(NamedTuple):
    """A model on a data set.

    Parameters
    ----------
    data : str
        The name of a data set of `vision`.
    params : dict
        Of `model`.
    beside : dict
        Other entries of the row: published and wanted accuracies, in percent.
    labels : int or None
        Number of training rows of every class; None for all.
    steps : int or None
        Number of steps of the optimizer, which decides `max_iter`.
    model : callable
        Makes the estimator.
    seeds : int
    """

    data: str
    params: dict
    beside: dict = {}
    labels: int | None = None
    steps: int | None = None
    model: object = DropoutCNNClassifier
    seeds: int = 3


RECIPE = dict(DENSE, max_iter=24, augmenter=flips_and_crops())
CHANGES = {
    "recipe": {},
    "no dropout": dict(dropout=0.0),
    "dropout 0.5": dict(dropout=0.5),
    "Gaussian dropout": dict(dropout_kind="gaussian"),
    "spatial dropout 0.1": dict(spatial_dropout=0.1),
    "DropBlock 0.1": dict(drop_block=0.1),
    "no normalization": dict(normalization=None, learning_rate=0.001),
    "layer normalization": dict(normalization="layer"),
    "no weight decay": dict(weight_decay=0.0),
    "weight decay 0.3": dict(weight_decay=0.3),
    "label smoothing 0.1": dict(label_smoothing=0.1),
    "mixup 0.2": dict(mixup=0.2),
    "SAM 0.05": dict(sam_rho=0.05),
    "no averaging": dict(averaging=None),
    "no augmentation": dict(augmenter=None),
    "flips only": dict(augmenter=Flip(0.5)),
    "erasing, too": dict(augmenter=Compose([Flip(0.5), RandomCrop(2), RandomErasing()])),
    "residual": dict(residual=True),
    "residual, stochastic depth 0.2": dict(residual=True, stochastic_depth=0.2),
    "constant learning rate": dict(schedule="constant", learning_rate=0.001),
}
UCR = {  # FCN, ResNet, MiniRocket
    "ArrowHead": (84.3, 83.8, 88.1),
    "GunPoint": (100.0, 99.1, 99.2),
    "ItalyPowerDemand": (96.3, 96.2, 96.0),
    "OSULeaf": (97.9, 98.0, 95.8),
    "ACSF1": (89.8, 91.6, 82.2),
}
LABELS = (10, 50, 100, 600)


def support_vectors(random_state):
    return SVC(C=10.0)


def perceptron(random_state):
    """With the settings that its docstring recommends for pixels."""
    return DropoutMLPClassifier(
        (256, 256), normalization=None, dropout=0.5, l1=0.0, learning_rate=0.001, early_stopping=False,
        random_state=random_state,
    )  # fmt: skip


def few_rows():
    """Models for few labels, by their names."""
    found = {}
    for labels in LABELS:
        some = dict(labels=labels, seeds=5)
        net = dict(DENSE, dropout=0.5, batch_size=32)
        found |= {
            f"skreg, {labels} labels a class": Row("Fashion-MNIST", net, **some, steps=3000),
            f"skreg, {labels} labels a class, augmented": Row(
                "Fashion-MNIST", dict(net, augmenter=flips_and_crops()), **some, steps=3000
            ),
            f"DropoutMLPClassifier, {labels} labels a class": Row("Fashion-MNIST", {}, **some, model=perceptron),
            f"SVC, {labels} labels a class": Row("Fashion-MNIST", {}, **some, model=support_vectors),
        }
    return found


ROWS = {
    "fashion": {
        "skreg, 2 convolutions": Row("Fashion-MNIST", dict(TWO, max_iter=30), dict(published=92.5)),
        "skreg, 2 convolutions, augmented": Row(
            "Fashion-MNIST",
            dict(TWO, dropout=0.15, max_iter=60, augmenter=flips_and_crops()),
            dict(published=92.5, wanted=">= 93.0, under 100,000 parameters"),
        ),
        "skreg, 2 convolutions, 3 dense layers, augmented": Row(
            "Fashion-MNIST", dict(DENSE, max_iter=40, augmenter=flips_and_crops()), dict(published=93.4)
        ),
        "skreg, 3 residual blocks, augmented": Row(
            "Fashion-MNIST",
            dict(BLOCKS, max_iter=25, augmenter=flips_and_crops()),
            dict(published=93.4, wanted=">= 94.5 in an hour, at most 700,000 parameters"),
        ),
    },
    "mnist": {
        "skreg, 4 convolutions": Row(
            "MNIST", dict(FOUR, label_smoothing=0.1, max_iter=20), dict(published=99.55, wanted=">= 99.55")
        ),
        "skreg, 4 convolutions, rotations, zooms and shifts": Row(
            "MNIST", dict(FOUR, max_iter=30, augmenter=digits_moved()), dict(wanted=">= 99.70")
        ),
        "skreg, 5 convolutions, rotations, zooms and shifts": Row(
            "MNIST",
            dict(FIVE, label_smoothing=0.1, max_iter=30, augmenter=digits_moved()),
            dict(wanted=">= 99.70"),
        ),
    },
    "regularizers": {
        f"skreg, {name}": Row("Fashion-MNIST", RECIPE | change, labels=500, seeds=2) for name, change in CHANGES.items()
    },
    "mnist1d": {"skreg, 3 convolutions": Row("MNIST-1D", CURVE, dict(published=94.0, wanted=">= 96.0"), seeds=5)},
    "ucr": {
        f"skreg, {name}": Row(name, SIGNAL, dict(zip(("fcn", "resnet", "minirocket"), beside, strict=True)), None, 3000)
        for name, beside in UCR.items()
    },
    "few": few_rows(),
}


def stand_in(name):
    """Built-in or simulated data of the same shape, for a run that only shows that the code works."""
    if name in vision.UCR or name == "MNIST-1D":
        found = vision.signals()
        X = found.X[:, ::12, 0]
    else:
        found = load_digits()
        X = np.pad(np.kron(found.images, np.ones((3, 3))), ((0, 0), (2, 2), (2, 2))).astype(np.float32) / np.float32(
            16.0
        )
    y = found.y if isinstance(found, vision.Data) else found.target
    return vision.Data(X[:200], y[:200], X[200:400], y[200:400])


def some_of_each(y, labels, seed):
    """Indices of random rows, as many of every class."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(np.flatnonzero(y == k))[:labels] for k in np.unique(y)])


def fitted(row, X, y, seed, epochs=None):
    """The fitted estimator, its seconds, and its CPU seconds. Nets of tables see flat rows."""
    params = dict(row.params)
    if row.steps is not None:
        params["max_iter"] = math.ceil(row.steps / math.ceil(len(y) / params["batch_size"]))
    if epochs is not None and params:
        params["max_iter"] = epochs
    model = row.model(**params, random_state=seed)
    start, cpu = time.perf_counter(), time.process_time()
    model.fit(for_model(row, X), y)
    return model, time.perf_counter() - start, time.process_time() - cpu


def for_model(row, X):
    return X if row.model is DropoutCNNClassifier else X.reshape(len(X), -1)


def accuracy(model, row, X, y):
    return 100.0 * float(np.mean(model.predict(for_model(row, X)) == y))


def validate(row, data, changes, rows, seed):
    """Print the accuracy on a part of the training rows: a sixth, or all of them in turn where there are few."""
    row = row._replace(params=row.params | {key: value for key, value in changes.items() if key != "steps"})
    row = row._replace(steps=None if "max_iter" in changes else changes.get("steps", row.steps))
    X, y = data.X[:rows], data.y[:rows]
    if row.labels is not None:
        X, y = (values[some_of_each(y, row.labels, seed)] for values in (X, y))
    folds = list(StratifiedKFold(3 if len(y) < 2000 else 6, shuffle=True, random_state=seed).split(np.zeros(len(y)), y))
    found = []
    for train, held in folds if len(y) < 2000 else folds[:1]:
        model, seconds, _ = fitted(row, X[train], y[train], seed)
        found.append((accuracy(model, row, X[held], y[held]), accuracy(model, row, X[train], y[train]), seconds))
    means = np.mean(found, axis=0)
    print(f"    {changes}: validation {means[0]:.2f} %, training {means[1]:.2f} %, {means[2]:.0f} s", flush=True)


def measured(pages, part, name):
    """The row that is in the report already."""
    entry = pages.pages["results"].get(f"{part}/{name}")
    return entry["rows"][0] if entry else {}


def trained(row, data, seed, epochs):
    """The accuracy on the test rows, seconds, CPU seconds, and the number of parameters of a net."""
    X, y = data.X, data.y
    if row.labels is not None:
        X, y = (values[some_of_each(y, row.labels, seed)] for values in (X, y))
    model, seconds, cpu = fitted(row, X, y, seed, epochs)
    parameters = model._net.theta.size if hasattr(model, "_net") else None
    return accuracy(model, row, data.X_test, data.y_test), seconds, cpu, parameters


def measure(pages, part, name, data, seeds, again, small, jobs):
    """Train with every seed that is not in the report, `jobs` at once, and enter the row after each."""
    row = ROWS[part][name]
    old = {} if again else measured(pages, part, name)
    scores, times, cpu_times = (list(old.get(f"seed_{name}", [])) for name in ("scores", "seconds", "cpu"))
    about = ", ".join(f"{key}={value}" for key, value in row.params.items()) or "on flat rows"
    about += f", {row.steps} steps" if row.steps else ""
    trainings = (delayed(trained)(row, data, seed, 2 if small else None) for seed in range(len(scores), seeds))
    for score, seconds, cpu, parameters in Parallel(n_jobs=jobs, return_as="generator")(trainings):
        scores.append(score)
        times.append(seconds)
        cpu_times.append(cpu)
        print(f"    {name}, seed {len(scores) - 1}: {score:.2f} % in {seconds:.0f} s", flush=True)
        entry = dict(
            solver=name, score=statistics.mean(scores), worst=min(scores), seeds=len(scores),
            seconds=statistics.median(times), cpu=statistics.median(cpu_times), seed_scores=scores,
            seed_seconds=times, seed_cpu=cpu_times, **row.beside,
        )  # fmt: skip
        if parameters is not None:
            entry["parameters"] = parameters
        pages.enter(part, name, about, rows=[entry])
        pages.enter("summary", TITLES[part], rows=summary(pages, part))


def summary(pages, part):
    """Rows of one part; those of one change at a time with the difference to the recipe."""
    rows = [row for entry in pages.entries(part) for row in entry["rows"]]
    base = next((row for row in rows if row["solver"] == "skreg, recipe"), None)
    if part != "regularizers" or base is None:
        return rows
    return [row if row is base else row | dict(change=row["score"] - base["score"]) for row in rows]


def keywords(text):
    """`a=1,b=2` as a dict."""
    return {one.arg: ast.literal_eval(one.value) for one in ast.parse(f"f({text})", mode="eval").body.keywords}


def configure(parser):
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--problems", help="only the row of this name, or all whose name contains it")
    parser.add_argument("--seeds", type=int, help="number of seeds (default: 3 to 5); those measured before count")
    parser.add_argument("--jobs", type=int, default=1, help="seeds to train at once, each with fewer threads")
    parser.add_argument("--again", action="store_true", help="measure rows anew that are in the report")
    parser.add_argument("--validate", action="store_true", help="print accuracies on validation rows; write nothing")
    parser.add_argument("--set", type=keywords, default={}, help="with --validate: parameters to change, a=1,b=2")
    parser.add_argument("--rows", type=int, help="with --validate: number of training rows")
    parser.add_argument("--small", action="store_true", help="200 rows of other data, 2 epochs; written only to --out")
    parser.add_argument("--out", help="folder of images.json and images.md (default: docs/benchmarks)")


def book(folder):
    problems = [*TITLES.values(), *(name for rows in ROWS.values() for name in rows)]
    return report.Book("images", folder, problems, ("summary", *PARTS), NOTE, TITLES)


def chosen(rows, text):
    """Those rows whose name is the text, or else contains it."""
    return {name: row for name, row in rows.items() if name == text} or {
        name: row for name, row in rows.items() if text is None or text in name
    }


def run(args):
    pages = book(report.folder(args))
    found = {}
    for part in args.parts:
        for name, row in chosen(ROWS[part], args.problems).items():
            if row.data not in found:
                found[row.data] = stand_in(row.data) if args.small else vision.load(row.data)
                if found[row.data] is None:
                    print(f"{row.data} is not available, see benchmarks/README.md")
            data = found[row.data]
            if data is None:
                continue
            if args.validate:
                print(f"{part}: {name}", flush=True)
                for seed in range(args.seeds or 1):
                    validate(row, data, args.set, args.rows, seed)
                continue
            seeds = 1 if args.small else args.seeds or row.seeds
            measure(pages, part, name, data, seeds, args.again, args.small, args.jobs)
