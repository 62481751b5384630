"""Untuned defaults on real tables: log loss or RMSE, accuracy, calibration and seconds."""

import os
import time
import warnings
from importlib.util import find_spec

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline

from skreg import DropoutMLPClassifier, DropoutMLPRegressor

from . import processes, report, tables
from .linear import names

NOTE = """\
Means over five folds, the same for everybody. All models have their default parameters. The perceptrons get
standardized numbers and one column a category (`tables.encoder`), the other models the table as it is, with its
categories marked. Seconds are those of a fit, preprocessing included. RMSE is relative to the deviation of the
target, which is a logarithm where it is an amount of money; "calibration" is the expected calibration error of the
predicted class in ten bins of one size. "all" are geometric means over tables of the ratios to scikit-learn's
perceptron.
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
    return kind(device="cpu", random_state=0, n_threads=os.cpu_count())


MODELS = {
    "skreg": skreg_mlp,
    "scikit-learn MLP": scikit_learn_mlp,
    "HistGradientBoosting": boosting,
    "RealMLP": real_mlp,
}
BASE = "scikit-learn MLP"


def calibration_error(p, right):
    """Mean distance between confidence and accuracy over ten bins of one size."""
    confidence = p.max(axis=1)
    bins = np.array_split(np.argsort(confidence), 10)
    gaps = [abs(confidence[b].mean() - right[b].mean()) * b.size for b in bins if b.size]
    return float(np.sum(gaps) / right.size)


def judge(model, X, y, classes, spread):
    """Figures on the rows of a test fold."""
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


def configure(parser):
    parser.add_argument("--problems", type=names(tables.names()), default=tables.names(), help="some of the tables")
    parser.add_argument("--small", action="store_true", help="at most 300 rows of each; written only to --out")
    parser.add_argument("--out", help="folder of tabular.json and tabular.md (default: docs/benchmarks)")


def run(args):
    out = args.out or (None if args.small else processes.ROOT / "docs" / "benchmarks")
    book = report.Book("tabular", out, [*tables.names(), "all"], ("tables", "summary"), NOTE)
    ratios = {}
    for name in args.problems:
        frame, y, classes = tables.load(name)
        if args.small:
            rows = np.random.default_rng(0).permutation(len(y))[:300]
            frame, y = frame.iloc[rows], y[rows]
        rows = []
        for model, make in MODELS.items():
            if model == "RealMLP" and not find_spec("pytabkit"):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # scikit-learn's perceptron warns that its 200 epochs end
                rows.append(dict(solver=model, **evaluate(make, frame, y, classes)))
            print(f"    {name}, {model}: {rows[-1]}", flush=True)
        kind = f"{np.unique(y).size} classes" if classes else "numbers"
        book.enter("tables", name, f"{len(y)} x {frame.shape[1]}, {kind}", None, None, rows=rows)
        score = "log_loss" if classes else "rmse"
        base = next(row for row in rows if row["solver"] == BASE)
        for row in rows:
            of_model = ratios.setdefault(row["solver"], {})
            for key in (score, "seconds"):
                of_model.setdefault((key, classes) if key == "seconds" else key, []).append(row[key] / base[key])
    rows = []
    for model, found in ratios.items():
        means = {key: float(np.exp(np.mean(np.log(values)))) for key, values in found.items()}
        rows.append(
            dict(
                solver=model,
                of_log_loss=means.get("log_loss"),
                of_rmse=means.get("rmse"),
                of_seconds_classes=means.get(("seconds", True)),
                of_seconds_numbers=means.get(("seconds", False)),
            )
        )
    book.enter("summary", "all", f"{len(args.problems)} tables", None, None, rows=rows)
