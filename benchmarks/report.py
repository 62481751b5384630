"""Tables: printed, and collected over several runs in a JSON file that is rendered as Markdown."""

import datetime
import importlib.metadata
import json
import pathlib
import platform
import re
import shlex
import subprocess
import sys
import types

import numpy as np
from joblib import cpu_count

import skreg

from . import glmnet

LIBRARIES = (
    "numpy", "scipy", "numba", "scikit-learn", "celer", "skglm", "adelie", "skein-glm", "sortedl1", "scikit-survival",
    "torch", "skorch", "pytabkit", "lightgbm", "xgboost-cpu", "catboost",
    "implicit", "scikit-surprise", "cornac",
    "dask", "dask-ml", "albumentations", "audiomentations", "opencv-python-headless", "imbalanced-learn", "ctgan",
)  # fmt: skip

TITLES = {
    "path": "Regularization paths: 100 values of alpha from alpha_max to alpha_max/100",
    "single": "Single fits",
    "cv": "5-fold cross-validation of the lasso over 100 values of alpha, with the final fit",
    "first": "First fit of a new process: import and fit",
    "memory": "Peak memory of a fit, above the libraries and the data",
    "epoch": "Seconds per epoch",
    "defaults": "Seconds per epoch of nets with default parameters",
    "members": "Seconds per epoch of shared ensembles",
    "order": "The order of X in memory: time grows with the number of rows in both",
    "tables": "Every table",
    "nets": "All nets",
    "digits": "Every net",
    "uci": "Regressions",
    "speed": "Rows per second",
    "latency": "Milliseconds to predict one image",
    "augmented": "Test errors on MNIST",
    "few": "Few labels",
    "policies": "Policies",
    "generated": "Generated rows",
    "stopping": "Early stopping of the generative adversarial net",
    "fit": "Fits of tables",
    "variational": "Without and with variational dropout",
}

# Header and format of the entries of a row, in order.
COLUMNS = {
    "solver": ("solver", "{}"),
    "what": ("", "{}"),
    "count": ("count", "{}"),
    "of": ("of", "{}"),
    "fault": ("planted fault", "{}"),
    "estimator": ("estimator", "{}"),
    "data": ("data", "{}"),
    "wanted": ("wanted", "{}"),
    "verdict": ("verdict", "{}"),
    "findings": ("findings", "{}"),
    "right": ("right", "{}"),
    "suggestion": ("first suggestion", "{}"),
    "promised": ("promised gain", "{}"),
    "fresh": ("gain on fresh rows", "{}"),
    "above_zero": ("above 0", "{}"),
    "technique": ("technique", "{}"),
    "loss": ("test loss", "{:.4g}"),
    "gain": ("gain, %", "{:+.1f}"),
    "gain_low": ("from", "{:+.1f}"),
    "gain_high": ("to", "{:+.1f}"),
    "cost": ("time", "{:.1f}"),
    "setting": ("setting", "`{}`"),
    "tol": ("tolerance", "{:.0e}"),
    "seconds": ("seconds", "{:.3g}"),
    "cpu": ("CPU seconds", "{:.3g}"),
    "first": ("first call", "{:.3g}"),
    "import": ("import", "{:.3g}"),
    "fit": ("fit", "{:.3g}"),
    "of_products": ("of the products", "{:.2f}"),
    "passes": ("passes over X", "{}"),
    "grown": ("growth, MB", "{:,.0f}"),
    "whole": ("X, MB", "{:,.0f}"),
    "difference": ("largest difference", "{:.0e}"),
    "speedup": ("times as fast", "{:.2f}"),
    "suboptimality": ("suboptimality", "{:.0e}"),
    "gap": ("gap", "{:.0e}"),
    "test": ("test accuracy", "{:.4f}"),
    "chosen": ("alpha / alpha_max", "{:.3g}"),
    "curve_error": ("error of the curve", "{:.0e}"),
    "threads": ("threads", "{}"),
    "layout": ("in memory", "{}"),
    "parameters": ("parameters", "{:,}"),
    "score": ("test accuracy, %", "{:.2f}"),
    "nll": ("negative log-likelihood", "{:.3f}"),
    "milliseconds": ("milliseconds", "{:.3g}"),
    "epoch": ("seconds per epoch", "{:.3g}"),
    "predict": ("seconds of a prediction", "{:.3g}"),
    "of_one": ("of one member", "{:.2f}"),
    "rate": ("rows per second", "{:,.0f}"),
    "times": ("ours / this", "{:.1f}"),
    "error": ("test error, %", "{:.2f}"),
    "error_error": ("+-", "{:.2f}"),
    "worst": ("worst seed", "{:.2f}"),
    "change": ("against the recipe", "{:+.2f}"),
    "published": ("published", "{:.2f}"),
    "fcn": ("FCN, published", "{:.1f}"),
    "resnet": ("ResNet, published", "{:.1f}"),
    "minirocket": ("MiniRocket, published", "{:.1f}"),
    "logistic": ("logistic regression", "{:.3f}"),
    "boosting": ("boosting", "{:.3f}"),
    "net": ("net", "{:.3f}"),
    "steps": ("steps", "{}"),
    "discriminative": ("discriminative score", "{:.3f}"),
    "log_loss": ("log loss", "{:.4f}"),
    "log_loss_error": ("+-", "{:.4f}"),
    "rmse": ("RMSE", "{:.4f}"),
    "recall": ("recall at 10", "{:.4f}"),
    "ndcg": ("nDCG at 10", "{:.4f}"),
    "iterations": ("iterations", "{}"),
    "rmse_error": ("+-", "{:.3f}"),
    "likelihood": ("log-likelihood", "{:.3f}"),
    "likelihood_error": ("+-", "{:.3f}"),
    "points": ("better by", "{:+.3g}"),
    "points_error": ("+-", "{:.2g}"),
    "seeds": ("seeds", "{}"),
    "accuracy": ("accuracy", "{:.4f}"),
    "calibration": ("calibration", "{:.4f}"),
    "coverage": ("coverage", "{:.3f}"),
    "n_tables": ("tables", "{}"),
    "rank": ("average rank", "{:.2f}"),
    "rank_low": ("from", "{:.2f}"),
    "rank_high": ("to", "{:.2f}"),
    "won": ("share won", "{:.2f}"),
    "won_low": ("from", "{:.2f}"),
    "won_high": ("to", "{:.2f}"),
    "of_log_loss": ("log loss", "{:.3f}"),
    "log_loss_low": ("from", "{:.3f}"),
    "log_loss_high": ("to", "{:.3f}"),
    "of_rmse": ("RMSE", "{:.3f}"),
    "rmse_low": ("from", "{:.3f}"),
    "rmse_high": ("to", "{:.3f}"),
    "worst_ratio": ("worst", "{:.2f}"),
    "worst_table": ("on", "{}"),
    "of_seconds_classes": ("seconds, classes", "{:.2f}"),
    "of_seconds_numbers": ("seconds, numbers", "{:.2f}"),
    "few_seconds": ("seconds, < 10,000 rows", "{:.2f}"),
    "of_peer": ("ours / this", "**{:.2f}**"),
    "entropy": ("entropy", "{:.3f}"),
    "information": ("mutual information", "{:.3f}"),
    "distance": ("distance", "{:.3f}"),
    "normal": ("1.96 std", "{:.3f}"),
    "interval": ("predict_interval", "{:.3f}"),
    "cover80": ("80 % intervals, %", "{}"),
    "cover90": ("90 % intervals, %", "{}"),
    "cover95": ("95 % intervals, %", "{}"),
    "megabytes": ("MB", "{:.1f}"),
    "share": ("times X", "{:.2f}"),
    "peer": ("peer", "{}"),
    "ratio": ("ours / fastest peer", "**{:.2f}**"),
    "goal": ("goal", "{}"),
    "measured": ("measured", "{}"),
}

CERTIFIED = """\
Every solver is shown at the loosest of its tolerances whose worst suboptimality is at most 1e-6. Suboptimality is
computed in float64 on the original data, relative to the best objective that any solver found. "Certified" is the
loosest tolerance for which the duality gap proves it. A solver that never gets there is shown at the tightest
tolerance tried, with its seconds in parentheses. Seconds are medians over runs that the solvers take in turns. The
first call, at the loosest tolerance, includes compilation.

Cross-validation uses the tolerance at which the solver's path on all rows was accurate, or a tighter one if the final
fit needs it; suboptimality and gap are those of the final fit. The error of the curve is that of the mean squared
errors, relative to our run at a much tighter tolerance, where folds and values of alpha are the same.
"""


RESULTS = pathlib.Path(__file__).parents[1] / "docs" / "benchmarks"
LONG = 70  # characters of a description that still fit into a heading


def folder(args):
    """Where the results of a run go: `--out`, or the documentation; nowhere after a small run."""
    return args.out or (None if getattr(args, "small", False) else RESULTS)


def cpu():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def skreg_version():
    """The version, with the commit in a checkout."""
    root = pathlib.Path(__file__).parents[1]
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True)
    return f"{skreg.__version__} ({done.stdout.strip()})" if done.returncode == 0 else skreg.__version__


def environment():
    """What the results depend on: processor, BLAS and versions; nothing that identifies the machine."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = {"python": platform.python_version(), "skreg": skreg_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return dict(
        cpu=cpu(), cores=cpu_count(), blas=f"{blas['name']} {blas['version']}", versions=versions | glmnet.versions()
    )


def command():
    """The command line, without the output folder."""
    words = sys.argv[1:]
    kept = [w for k, w in enumerate(words) if not w.startswith("--out") and (k == 0 or words[k - 1] != "--out")]
    return shlex.join(["python", "-m", "benchmarks", *kept])


def with_ratios(rows):
    """Rows with our time relative to the fastest accurate peer, by medians and by minima."""
    peers = [row for row in rows if row.get("accurate") and not row["ours"]]
    if not peers:
        return rows
    median, fastest = (min(row[key] for row in peers) for key in ("seconds", "fastest"))
    ratios = [dict(ratio=row["seconds"] / median, fastest_ratio=row["fastest"] / fastest) for row in rows]
    return [row | ratio if row["ours"] and row["accurate"] else row for row, ratio in zip(rows, ratios, strict=True)]


def table(rows, headers=types.MappingProxyType({})):
    """A Markdown table of all entries, with the headers of `COLUMNS`, or those given instead."""
    keys = [key for key in COLUMNS if any(row.get(key) is not None for row in rows)]
    lines = [" | ".join(headers.get(key, COLUMNS[key][0]) for key in keys), "|".join("---" for _ in keys)]
    for row in rows:
        lines.append(" | ".join(_cell(row, key) for key in keys))
    return "\n".join(f"| {line} |" for line in lines)


def _cell(row, key):
    """Formatted; seconds of a solver that was not accurate stand in parentheses."""
    if row.get(key) is None:
        return ""
    text = COLUMNS[key][1].format(row[key])
    return f"({text})" if key == "seconds" and row.get("accurate") is False else text


def _number(divisor):
    """A divisor, or the last number in words such as "50 rows" and "C = 0.1", as what it is sorted by."""
    return float((re.findall(r"\d+\.?\d*", divisor) or [0])[-1]) if isinstance(divisor, str) else divisor or 0


def _key(*task):
    return "/".join(str(part) for part in task if part is not None)


class Book:
    """The results of one family of benchmarks.

    Parameters
    ----------
    family : str
        Stem of the files' names.
    folder : path or None
        Folder of the files; with None, nothing is written.
    problems, parts : sequence of str
        The order of the entries.
    note : str
        Text above the tables.
    titles : dict
        The heading of each part.
    headers : dict, default={}
        Headers of columns that differ from those of all reports.
    """

    def __init__(
        self, family, folder, problems, parts, note=CERTIFIED, titles=TITLES, headers=types.MappingProxyType({})
    ):
        self.note = note
        self.titles = titles
        self.headers = headers
        self.family, self.folder, self.order = family, folder and pathlib.Path(folder), (list(parts), list(problems))
        self.pages = {"environments": [], "results": {}}
        if self.folder and self._file("json").exists():
            self.pages = json.loads(self._file("json").read_text())
        here = environment()
        if here not in self.pages["environments"]:
            self.pages["environments"].append(here)
        self.here = self.pages["environments"].index(here)

    def _file(self, suffix):
        return self.folder / f"{self.family}.{suffix}"

    def enter(self, part, problem, about="", l1_ratio=None, divisor=None, *, rows):
        """Print the rows, and replace earlier rows of the same task."""
        entry = dict(
            part=part, problem=problem, about=about, l1_ratio=l1_ratio, divisor=divisor,
            environment=self.here, date=datetime.date.today().isoformat(), command=command(), rows=with_ratios(rows),
        )  # fmt: skip
        print(f"\n{self._heading(entry)}\n\n{table(entry['rows'], self.headers)}\n", flush=True)
        self.pages["results"][_key(part, problem, l1_ratio, divisor)] = entry
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.render()

    def forget_others(self):
        """Leave out results of problems that are no longer in the report."""
        results = self.pages["results"]
        self.pages["results"] = {key: one for key, one in results.items() if one["problem"] in self.order[1]}

    def entry(self, part, problem, l1_ratio=None, divisor=None):
        """The entry of one task, KeyError without one."""
        return self.pages["results"][_key(part, problem, l1_ratio, divisor)]

    def entries(self, part):
        """All entries of one part, from this run and earlier ones, in the order of the report."""
        return sorted((one for one in self.pages["results"].values() if one["part"] == part), key=self._place)

    def _heading(self, entry):
        words = [f"{entry['part']}: {entry['problem']}"]
        if entry["about"] and len(entry["about"]) <= LONG:
            words[0] += f" ({entry['about']})"
        if entry["l1_ratio"] is not None:
            words.append(f"l1_ratio {entry['l1_ratio']:g}")
        if isinstance(entry["divisor"], str):  # a number of rows, which most descriptions name already
            words += [] if entry["divisor"] in entry["about"] else [entry["divisor"]]
        elif entry["divisor"] is not None:
            words.append(f"alpha_max/{entry['divisor']}")
        return ", ".join(words)

    def _place(self, entry):
        parts, problems = self.order
        problem = problems.index(entry["problem"]) if entry["problem"] in problems else len(problems)
        return parts.index(entry["part"]), problem, -(entry["l1_ratio"] or 0.0), _number(entry["divisor"])

    def render(self):
        """Write all results so far, and their page."""
        self._file("json").write_text(json.dumps(self.pages, indent=1) + "\n")
        self._file("md").write_text(self._text())

    def _text(self):
        lines = [f"# Benchmarks: {self.family}", "", self.note]
        for part in self.order[0]:
            of_part = self.entries(part)
            lines += [f"## {self.titles[part]}", ""] if of_part else []
            for entry in of_part:
                lines += [f"### {self._heading(entry)}", ""]
                lines += [entry["about"], ""] if len(entry["about"]) > LONG else []
                lines += [table(entry["rows"], self.headers), ""]
                lines += [f"{entry['date']}, environment {entry['environment'] + 1}: `{entry['command']}`", ""]
        lines += ["## Environments", ""]
        used = {entry["environment"] for entry in self.pages["results"].values()}
        for k, place in enumerate(self.pages["environments"]):
            if k in used:
                versions = ", ".join(f"{name} {version}" for name, version in place["versions"].items())
                cores = f"{place['cores']} core{'s' if place['cores'] > 1 else ''}"
                lines += [f"{k + 1}. {place['cpu']}, {cores}, {place['blas']}; {versions}"]
        return "\n".join(lines) + "\n"
