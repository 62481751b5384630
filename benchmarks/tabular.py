"""Untuned defaults on real tables: log loss or RMSE, accuracy, calibration and seconds."""

import time
import warnings
from importlib.util import find_spec

import numpy as np
from joblib import cpu_count
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline

from skreg import DropoutMLPClassifier, DropoutMLPRegressor

from . import report, tables
from .linear import names

NOTE = """\
Means over five folds, the same for every model. All models have their default parameters; ours were chosen on these
tables, the others on other ones. The perceptrons get standardized numbers and one-hot categories (`tables.encoder`).
The other models get the table as it is, with its categories marked (RealMLP with medians for missing numbers, which it
refuses). Seconds are those of a fit with its preprocessing.

RMSE is divided by the standard deviation of the target; amounts of money are predicted as logarithms. "Calibration" is
the expected calibration error of the predicted class, in ten bins of equal size. "All" are geometric means over the
tables of the ratio to scikit-learn's perceptron, or to our own defaults.
"""


def encoded(model):
    return make_pipeline(tables.encoder(), model)


def skreg_mlp(classes, frame):
    return encoded((DropoutMLPClassifier if classes else DropoutMLPRegressor)(random_state=0))


def scikit_learn_mlp(classes, frame):
    return encoded((MLPClassifier if classes else MLPRegressor)(random_state=0))


def boosting(classes, frame):
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=0)


def real_mlp(classes, frame):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    kind = RealMLP_TD_Classifier if classes else RealMLP_TD_Regressor
    return make_pipeline(tables.filler(), kind(device="cpu", random_state=0, n_threads=cpu_count()))


def changed(**params):
    """Our model with other parameters, as far as it has them."""

    def make(classes, frame):
        kind = DropoutMLPClassifier if classes else DropoutMLPRegressor
        known = {key: value for key, value in params.items() if key in kind().get_params()}
        return encoded(kind(random_state=0, **known))

    return make


VARIANTS = {
    "as they are": changed(),
    "one layer": changed(hidden_layer_sizes=(100,)),
    "256 units": changed(hidden_layer_sizes=(256, 256)),
    "GELU": changed(activation="gelu"),
    "no normalization": changed(normalization=None),
    "layer normalization": changed(normalization="layer"),
    "dropout 0": changed(dropout=0.0),
    "dropout 0.5": changed(dropout=0.5),
    "input dropout 0.1": changed(input_dropout=0.1),
    "decay 0.01": changed(weight_decay=0.01),
    "decay 1": changed(weight_decay=1.0),
    "label smoothing 0.05": changed(label_smoothing=0.05),
    "no L1": changed(l1=0.0),
    "L1 0.0001": changed(l1=1e-4),
    "L1 0.001": changed(l1=1e-3),
    "rate 0.001": changed(learning_rate=0.001),
    "rate 0.002": changed(learning_rate=0.002),
    "rate 0.005": changed(learning_rate=0.005),
    "constant rate": changed(schedule="constant"),
    "last weights": changed(averaging=None),
    "all rows, last epoch": changed(early_stopping=False),
}
MODELS = {
    "skreg": skreg_mlp,
    "scikit-learn MLP": scikit_learn_mlp,
    "HistGradientBoosting": boosting,
    "RealMLP": real_mlp,
}
SMALL_ROWS = 100
BASE = "scikit-learn MLP"
PARTS = ("tables", "defaults")


def calibration_error(p, right):
    """Expected calibration error over ten bins of equal size."""
    confidence = p.max(axis=1)
    bins = np.array_split(np.argsort(confidence), 10)
    gaps = [abs(confidence[b].mean() - right[b].mean()) * b.size for b in bins if b.size]
    return float(np.sum(gaps) / right.size)


def judge(model, X, y, classes, spread):
    """Scores on a test fold."""
    if not classes:
        return dict(rmse=float(np.sqrt(np.mean((np.ravel(model.predict(X)) - y) ** 2)) / spread))
    p = np.clip(np.asarray(model.predict_proba(X), dtype=float), 1e-15, 1.0)
    p /= p.sum(axis=1, keepdims=True)
    right = model.classes_[p.argmax(axis=1)] == y
    loss = log_loss(y, p, labels=model.classes_)
    return dict(log_loss=loss, accuracy=float(right.mean()), calibration=calibration_error(p, right))


def evaluate(make, frame, y, classes):
    """Means over folds."""
    found = []
    for train, test in tables.folds(y, classes):
        model = make(classes, frame)
        start = time.perf_counter()
        model.fit(frame.iloc[train], y[train])
        seconds = time.perf_counter() - start
        found.append(judge(model, frame.iloc[test], y[test], classes, y.std() if not classes else None))
        found[-1]["seconds"] = seconds
    return {key: float(np.mean([one[key] for one in found])) for key in found[0]}


def geometric(values):
    return float(np.exp(np.mean(np.log(values)))) if values else None


def race(models, problems, small, enter=None):
    """Scores of every model on every table: {table: {model: scores}}."""
    found = {}
    for name in problems:
        frame, y, classes = tables.load(name)
        if small:
            rows = np.random.default_rng(0).permutation(len(y))[:SMALL_ROWS]
            frame, y = frame.iloc[rows], y[rows]
        figures = {}
        for model, make in models.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # scikit-learn's perceptron warns that its 200 epochs end
                figures[model] = evaluate(make, frame, y, classes)
            print(f"    {name}, {model}: {figures[model]}", flush=True)
        found[name] = figures
        if enter:
            kind = f"{np.unique(y).size} classes" if classes else "numbers"
            rows = [dict(solver=model, **own) for model, own in figures.items()]
            enter("tables", name, f"{len(y)} x {frame.shape[1]}, {kind}", None, None, rows=rows)
    return found


def summary(found, base):
    """Rows of geometric means over tables of the ratios to a reference model."""
    rows = []
    for model in next(iter(found.values())):
        ratios = {key: [] for key in ("of_log_loss", "of_rmse", "of_seconds_classes", "of_seconds_numbers")}
        for figures in found.values():
            kind, score = ("classes", "log_loss") if "log_loss" in figures[base] else ("numbers", "rmse")
            ratios[f"of_{score}"].append(figures[model][score] / figures[base][score])
            ratios[f"of_seconds_{kind}"].append(figures[model]["seconds"] / figures[base]["seconds"])
        rows.append(dict(solver=model, **{key: geometric(values) for key, values in ratios.items()}))
    return rows


def enter_summary(book, part, found, base):
    about = f"{len(found)} tables: {', '.join(found)}"
    book.enter(part, "all", about, None, None, rows=summary(found, base))


def configure(parser):
    parser.add_argument("--problems", type=names(tables.names()), default=tables.names(), help="some of the tables")
    parser.add_argument("--parts", type=names(PARTS), default=["tables"], help=", ".join(PARTS))
    parser.add_argument("--small", action="store_true", help=f"{SMALL_ROWS} rows of each; written only to --out")
    parser.add_argument("--out", help="folder of tabular.json and tabular.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("tabular", folder, [*tables.names(), "all"], ("summary", "defaults", "tables"), NOTE)


def run(args):
    pages = book(report.folder(args))
    if "tables" in args.parts:
        models = {name: make for name, make in MODELS.items() if name != "RealMLP" or find_spec("pytabkit")}
        race(models, args.problems, args.small, pages.enter)
        found = {entry["problem"]: {row["solver"]: row for row in entry["rows"]} for entry in pages.entries("tables")}
        enter_summary(pages, "summary", found, BASE)
    if "defaults" in args.parts:
        enter_summary(pages, "defaults", race(VARIANTS, args.problems, args.small), "as they are")
