"""Untuned models on real tables: log loss or RMSE, accuracy, calibration and seconds; ranks and ratios over tables."""

import importlib.metadata
import time
import traceback
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline

from . import ranking, report, tables, tuned
from .linear import names
from .tabular_peers import MODELS, MOST_TOKENS
from .tabular_variants import BY_ROWS, FEW, FEW_DEFAULTS, UNCHANGED, VARIANTS

NOTE = f"""\
Means over five folds, the same for every model. All models have their default parameters. Our defaults may be chosen on
the tables "for choosing"; those "for reporting" were drawn once (`tables.assigned`) and choose nothing. The other
models were chosen by their authors on other tables.

Nets of skreg and scikit-learn, linear models and forests get standardized numbers with medians for missing ones, and
one-hot categories (`tables.encoder`). The other models get the table as it is, with its categories marked; those of
pytabkit (RealMLP, TabM, FT-Transformer) get medians for missing numbers, which they refuse. FT-Transformer is left out
of tables of more than {MOST_TOKENS} features. The penalty of the logistic regression is chosen by cross-validated log
loss, that of ridge regression by leave-one-out errors. CPU seconds are those of all threads in a fit with its
preprocessing; "seconds" passed in older fits, and ratios of seconds are those of CPU seconds where both models have
them. A score stays in the report until the version of its packages changes.

RMSE is divided by the standard deviation of the target; amounts of money and other quantities over orders of magnitude
are predicted as logarithms. "Calibration" is the expected calibration error of the predicted class, in ten bins of
equal size. "Coverage" is the share of test rows in `predict_interval(coverage=0.9)`.

Over tables: the average rank among the models that ran on all of them, and the share of tables won; geometric means of
the ratio of log loss, RMSE and seconds to scikit-learn's perceptron; "worst" is the largest such ratio of log loss or
RMSE. The columns "from" and "to" are 95 % bootstrap intervals over tables.

Tuned models are the best of three-fold cross-validations of the defaults and of "count" - 1 candidates, drawn from
`param_space`, from a cocktail of thirteen regularizers (Kadra et al. 2021), or from usual ranges of boosting, in rounds
of successive halving over epochs or trees. They are scored on the first of the five folds.
"""
TITLES = {
    "reporting": "Tables for reporting, relative to scikit-learn's perceptron",
    "against": "Tables for reporting, ours relative to each model",
    "choosing": "Tables for choosing defaults, relative to scikit-learn's perceptron",
    "few": "Few rows of the tables for choosing, relative to scikit-learn's perceptron",
    "few defaults": "One default changed at a time on few rows, relative to scikit-learn's perceptron",
    "defaults": "One default changed at a time, relative to the defaults, on tables for choosing",
    "by rows": "Defaults by the number of training rows: one changed at a time, relative to the defaults",
    "tuned": "Tuned for some minutes: scores on a fifth of the rows",
    "tables": "Every table",
}
FEW_SIZES = 60, 120, 250, 350, 500, 800, 1500, 3000
SIZES = *FEW_SIZES, 6000, 18_000
MOST_SPLITS, SPLIT_ROWS = 2, 240  # splits of a table with few training rows: more, the fewer rows they have
TEST_ROWS = 1000  # at most, or a third of the training rows
LEAST_OF_CLASS = 5  # training rows of a class, without which it is left out
SMALL_ROWS = 100
BASE, OURS = "scikit-learn MLP", "skreg"
PARTS = ("tables", "summary", "few", "few defaults", "by rows", "defaults", "tuned")
COVERAGE = 0.9
FEW_ROWS = 10_000  # below, our seconds are compared with those of other nets


def calibration_error(p, right):
    """Expected calibration error over ten bins of equal size."""
    confidence = p.max(axis=1)
    bins = np.array_split(np.argsort(confidence), 10)
    gaps = [abs(confidence[b].mean() - right[b].mean()) * b.size for b in bins if b.size]
    return float(np.sum(gaps) / right.size)


def covered(model, X, y):
    """Share of targets in the intervals that a net of ours predicts, maybe in a pipeline; None for other models."""
    net, rows = (model[-1], model[:-1].transform(X)) if isinstance(model, Pipeline) else (model, X)
    if not hasattr(net, "predict_interval"):
        return None
    low, high = net.predict_interval(rows, coverage=COVERAGE)
    return float(np.mean((np.ravel(low) <= y) & (y <= np.ravel(high))))


def judge(model, X, y, classes, spread):
    """Scores on a test fold."""
    if not classes:
        rmse = float(np.sqrt(np.mean((np.ravel(model.predict(X)) - y) ** 2)) / spread)
        share = covered(model, X, y)
        return dict(rmse=rmse) if share is None else dict(rmse=rmse, coverage=share)
    p = np.clip(np.asarray(model.predict_proba(X), dtype=float), 1e-15, 1.0)
    p /= p.sum(axis=1, keepdims=True)
    right = model.classes_[p.argmax(axis=1)] == y
    loss = log_loss(y, p, labels=model.classes_)
    return dict(log_loss=loss, accuracy=float(right.mean()), calibration=calibration_error(p, right))


def evaluate(make, frame, y, classes, splits):
    """Means over splits; None of a model that is not run on such a table."""
    found = []
    for train, test in splits:
        model = make(classes, frame)
        if model is None:
            return None
        start = time.process_time()
        model.fit(frame.iloc[train], y[train])
        seconds = time.process_time() - start
        found.append(judge(model, frame.iloc[test], y[test], classes, y.std() if not classes else None))
        found[-1]["cpu"] = seconds
    return {key: float(np.mean([one[key] for one in found])) for key in found[0]}


def read(name, small):
    """A table and its folds, or few of its rows and two folds."""
    frame, y, classes = tables.load(name)
    if small:
        rows = np.random.default_rng(0).permutation(len(y))[:SMALL_ROWS]
        frame, y = frame.iloc[rows], y[rows]
    return frame, y, classes, tables.folds(y, classes, 2 if small else 5)


def score(model, make, name, table):
    """Scores of a model on a table; None where a model of others fails, with the reason printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's perceptron warns that its 200 epochs end
        try:
            figures = evaluate(make, *table)
        except Exception:
            if model not in MODELS or model == OURS:
                raise
            traceback.print_exc()  # a long run goes on without this score
            return None
    print(f"    {name}, {model}: {figures}", flush=True)
    return figures


def few_rows(n, y, classes, n_splits=1):
    """Splits with n training rows, of classes that have some of them; None of a table that is too small."""
    rng, splits = np.random.default_rng(n), []
    for _ in range(n_splits):
        order = rng.permutation(len(y))
        train, test = order[:n], order[n : n + max(TEST_ROWS, n // 3)]
        if classes:
            found, counts = np.unique(y[train], return_counts=True)
            known = found[counts >= LEAST_OF_CLASS]
            train, test = (rows[np.isin(y[rows], known)] for rows in (train, test))
        splits.append((train, test))
    return splits if min(test.size for _, test in splits) >= n // 3 else None


class OfFewRows(NamedTuple):
    """A part of the report that compares models on some rows of tables."""

    models: dict
    base: str
    sizes: tuple[int, ...]
    count: Callable  # splits by the number of rows


def race_of_few(pages, part, race, problems):
    """Enter how the models of an `OfFewRows` compare, for every number of rows."""
    for n in race.sizes:
        found, n_splits = {}, race.count(n)
        for name in problems:
            frame, y, classes = tables.load(name)
            splits = few_rows(n, y, classes, n_splits)
            if splits:
                table = frame, y, classes, splits
                found[name] = {
                    model: score(model, make, f"{n} rows of {name}", table) for model, make in race.models.items()
                }
        about = f"of {', '.join(found)}" + (f"; means over {n_splits} splits" if n_splits > 1 else "")
        pages.enter(part, f"{n} rows", about, None, None, rows=summary(found, race.base, list(race.models)))


def version(needs):
    """The versions of packages; ours without any, None where one is missing."""
    try:
        found = [f"{name} {importlib.metadata.version(name)}" for name in needs]
    except importlib.metadata.PackageNotFoundError:
        return None
    return ", ".join(found) or f"skreg {report.skreg_version()}"


def is_valid(row, now):
    """Whether a score in the report is that of the code that would be run."""
    return row.get("version") == now and "cpu" in row and "dirty" not in now


def race_into(pages, models, problems, small):
    """Enter the scores of some models on every table, beside the valid ones that are in the report."""
    earlier = {entry["problem"]: {row["solver"]: row for row in entry["rows"]} for entry in pages.entries("tables")}
    for name in problems:
        rows, table = earlier.get(name, {}), read(name, small)
        frame, y, classes, _ = table
        for model in models:
            make, needs = MODELS[model]
            now = version(needs)
            if now is None or is_valid(rows.get(model, {}), now):
                continue
            rows.pop(model, None)
            if figures := score(model, make, name, table):
                rows[model] = dict(solver=model, **figures, n_rows=len(y), version=now)
        kind = f"{np.unique(y).size} classes" if classes else "numbers"
        if rows:
            rows = sorted(rows.values(), key=lambda row: list(MODELS).index(row["solver"]))
            pages.enter("tables", name, f"{len(y)} x {frame.shape[1]}, {kind}", None, None, rows=rows)


def loss_of(figures):
    return figures["log_loss" if "log_loss" in figures else "rmse"]


def ratios(found, model, base):
    """Of the tables that both were run on: ratios of losses of classes and numbers, of seconds, and all by table."""
    both = {name: figures for name, figures in found.items() if model in figures and base in figures}
    losses = {name: loss_of(figures[model]) / loss_of(figures[base]) for name, figures in both.items()}
    seconds = {}
    for name, figures in both.items():
        clock = "cpu" if "cpu" in figures[model] and "cpu" in figures[base] else "seconds"
        if clock in figures[model] and clock in figures[base]:
            seconds[name] = figures[model][clock] / figures[base][clock]
    return losses, seconds


def means(found, model, base):
    """Geometric means of the ratios of a model to another, with intervals, and the worst ratio of losses."""
    losses, seconds = ratios(found, model, base)
    row = dict(n_tables=len(losses))
    for kind, key in (("classes", "log_loss"), ("numbers", "rmse")):
        own = [name for name in losses if key in found[name][model]]
        if own:
            mean, low, high = ranking.geometric([losses[name] for name in own])
            row |= {f"of_{key}": mean, f"{key}_low": low, f"{key}_high": high}
            if timed := [seconds[name] for name in own if name in seconds]:
                row[f"of_seconds_{kind}"] = ranking.geometric(timed)[0]
    if losses:
        worst = max(losses, key=losses.get)
        row |= dict(worst_ratio=losses[worst], worst_table=worst)
    return row


def known_models(found):
    return [model for model in MODELS if any(model in figures for figures in found.values())]


def summary(found, base, models=None):
    """For every model: its average rank, share of tables won, and ratios to a reference model."""
    models = models or known_models(found)
    ranked = [model for model in models if all(model in figures for figures in found.values())]
    losses = np.array([[loss_of(figures[model]) for model in ranked] for figures in found.values()])
    ranks, wins = ranking.ranks(losses).T, ranking.wins(losses).T
    rows = []
    for model in models:
        row = dict(solver=model)
        if model in ranked and len(ranked) > 1:
            k = ranked.index(model)
            row |= dict(zip(("rank", "rank_low", "rank_high"), ranking.mean_over_tables(ranks[k]), strict=True))
            row |= dict(zip(("won", "won_low", "won_high"), ranking.mean_over_tables(wins[k]), strict=True))
        rows.append(row | means(found, model, base))
    return rows


def against(found):
    """Ours relative to every other model, and to the best of them in log loss and in RMSE."""
    rows = []
    for model in known_models(found):
        if model != OURS:
            row = dict(solver=model, **means(found, OURS, model))
            losses, seconds = ratios(found, OURS, model)
            few = [ratio for name, ratio in seconds.items() if found[name][OURS]["n_rows"] < FEW_ROWS]
            row["few_seconds"] = ranking.geometric(few)[0] if few else None
            share = [float(ratio < 1.0) for ratio in losses.values()]
            row |= dict(zip(("won", "won_low", "won_high"), ranking.mean_over_tables(share), strict=True))
            rows.append(row)
    return rows


def scores_of(pages, part):
    """Scores in the report: {table: {model: scores}}."""
    entries = [entry for entry in pages.entries("tables") if entry["problem"] in tables.names(part=part)]
    return {entry["problem"]: {row["solver"]: row for row in entry["rows"]} for entry in entries}


def enter(pages, part, found, rows):
    pages.enter(part, "all", f"{len(found)} tables: {', '.join(found)}", None, None, rows=rows)


def summarize(pages):
    """Enter the summaries of all scores in the report."""
    for part in tables.SETS:
        found = scores_of(pages, part)
        if found and all(BASE in figures for figures in found.values()):
            enter(pages, part, found, summary(found, BASE))
            if part == "reporting":
                enter(pages, "against", found, against(found))


def configure(parser):
    parser.add_argument("--tables", choices=tables.SETS, help="those for choosing defaults, or for reporting")
    parser.add_argument("--problems", type=names(tables.names()), help="some of the tables")
    parser.add_argument("--models", type=names(MODELS), default=list(MODELS), help=", ".join(MODELS))
    parser.add_argument("--parts", type=names(PARTS), default=["tables", "summary"], help=", ".join(PARTS))
    parser.add_argument(
        "--rows",
        type=int,
        nargs="+",
        choices=SIZES,
        help='of the parts "few" and "few defaults", by default up to 3000, and of "by rows"',
    )
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=FEW_DEFAULTS,
        default=list(FEW_DEFAULTS),
        metavar="VARIANT",
        help=f'of the part "few defaults", beside {BASE}: {"; ".join(FEW_DEFAULTS)}',
    )
    parser.add_argument("--minutes", type=float, default=10.0, help='of every search of the part "tuned"')
    parser.add_argument("--small", action="store_true", help=f"{SMALL_ROWS} rows of each; written only to --out")
    parser.add_argument("--out", help="folder of tabular.json and tabular.md (default: docs/benchmarks)")


def book(folder):
    return report.Book(
        "tabular", folder, [*tables.names(), *(f"{n} rows" for n in SIZES), "all"], tuple(TITLES), NOTE, TITLES
    )


def run(args):
    pages = book(report.folder(args))
    if "tables" in args.parts:
        race_into(pages, args.models, args.problems or tables.names(part=args.tables), args.small)
    if "summary" in args.parts:
        summarize(pages)
    if {"few", "few defaults", "by rows", "defaults"} & set(args.parts):
        problems = args.problems or tables.names(part="choosing")
        if held := set(problems) - set(tables.names(part="choosing")):
            raise SystemExit(f"defaults are not chosen on tables for reporting: {', '.join(sorted(held))}")
    few_defaults = {name: FEW_DEFAULTS[name] for name in FEW_DEFAULTS if name in {*args.variants, BASE}}
    few_sizes = args.rows or FEW_SIZES
    races = {
        "few": OfFewRows(FEW, BASE, few_sizes, lambda n: 1),
        "few defaults": OfFewRows(few_defaults, BASE, few_sizes, lambda n: max(1, min(MOST_SPLITS, SPLIT_ROWS // n))),
        "by rows": OfFewRows(BY_ROWS, UNCHANGED, args.rows or SIZES, lambda n: MOST_SPLITS),
    }
    for part in [part for part in races if part in args.parts]:
        race_of_few(pages, part, races[part], problems)
    for name in args.problems or tables.names(part="reporting") if "tuned" in args.parts else ():
        rows = tuned.rows_of(read(name, args.small), judge, args.minutes)
        pages.enter("tuned", name, f"{args.minutes:g} minutes for every search", None, None, rows=rows)
    if "defaults" in args.parts:
        found = {}
        for name in problems:
            table = read(name, args.small)
            found[name] = {model: score(model, make, name, table) for model, make in VARIANTS.items()}
        enter(pages, "defaults", found, summary(found, UNCHANGED, list(VARIANTS)))
