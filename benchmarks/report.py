"""Tables: to stdout as they come, and to a JSON file that grows over several runs, rendered as Markdown."""

import datetime
import importlib.metadata
import json
import pathlib
import platform
import shlex
import subprocess
import sys

import numpy as np
from joblib import cpu_count

import skreg

from . import glmnet

LIBRARIES = (
    "numpy", "scipy", "numba", "scikit-learn", "celer", "skglm", "adelie", "skein-glm", "torch", "skorch", "pytabkit",
    "albumentations", "audiomentations", "opencv-python-headless",
)  # fmt: skip

TITLES = {
    "path": "Paths of 100 strengths from alpha_max to alpha_max/100",
    "single": "Single fits",
    "cv": "5-fold cross-validation of the lasso over 100 strengths, with the final fit",
    "first": "First fit of a fresh process: import and fit",
    "memory": "Peak memory of a fit, above the libraries and the data",
    "epoch": "Seconds an epoch",
    "tables": "Tables",
    "summary": "All tables, relative to scikit-learn's perceptron",
    "defaults": "One default changed at a time, relative to the defaults",
    "nets": "All nets",
    "digits": "Net by net",
    "uci": "Regressions",
    "speed": "Rows a second",
    "augmented": "Test errors of MNIST",
    "few": "Few labels",
}

# Header and format of the entries of a row, in order.
COLUMNS = {
    "solver": ("solver", "{}"),
    "tol": ("its tolerance", "{:.0e}"),
    "seconds": ("seconds (median)", "{:.3g}"),
    "fastest": ("fastest", "{:.3g}"),
    "first": ("first call", "{:.3g}"),
    "import": ("import", "{:.3g}"),
    "fit": ("fit", "{:.3g}"),
    "suboptimality": ("suboptimality", "{:.0e}"),
    "gap": ("gap", "{:.0e}"),
    "accurate": ("accurate", "{}"),
    "test": ("right in test", "{:.4f}"),
    "chosen": ("alpha / alpha_max", "{:.3g}"),
    "curve_error": ("error of the curve", "{:.0e}"),
    "epoch": ("seconds an epoch (median)", "{:.3g}"),
    "rate": ("rows a second", "{:,.0f}"),
    "times": ("ours / this", "{:.1f}"),
    "error": ("test error, %", "{:.2f}"),
    "error_error": ("+-", "{:.2f}"),
    "worst": ("worst seed", "{:.2f}"),
    "published": ("published", "{:.2f}"),
    "seeds": ("seeds", "{}"),
    "log_loss": ("log loss", "{:.4f}"),
    "rmse": ("RMSE", "{:.4f}"),
    "rmse_error": ("+-", "{:.3f}"),
    "likelihood": ("log-likelihood", "{:.3f}"),
    "likelihood_error": ("+-", "{:.3f}"),
    "accuracy": ("accuracy", "{:.4f}"),
    "calibration": ("calibration", "{:.4f}"),
    "of_log_loss": ("log loss", "{:.3f}"),
    "of_rmse": ("RMSE", "{:.3f}"),
    "of_seconds_classes": ("seconds, classes", "{:.2f}"),
    "of_seconds_numbers": ("seconds, numbers", "{:.2f}"),
    "of_peer": ("ours / this", "**{:.2f}**"),
    "megabytes": ("MB", "{:.1f}"),
    "share": ("times X", "{:.2f}"),
    "ratio": ("ours / fastest peer", "**{:.2f}**"),
    "fastest_ratio": ("by the fastest runs", "{:.2f}"),
}

CERTIFIED = """\
For every solver the loosest of its tolerances whose worst suboptimality, verified in float64 on the original data and
relative to the best objective that anybody found, is at most 1e-6; "certified" is the loosest for which the duality gap
proves it. Solvers that do not get there are shown at the tightest tolerance tried. The median is over turns that all
solvers take alternately; the first call, at the loosest tolerance, includes whatever was not compiled before.
Cross-validation has the tolerance with which the solver's path on all rows was accurate, or a tighter one if the final
fit needs it; its suboptimality and gap are the final fit's. The error of the curve is that of the mean squared errors,
relative to our run at a much tighter tolerance, where folds and strengths are the same.
"""


def cpu():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def skreg_version():
    """With the commit, where this is a checkout."""
    root = pathlib.Path(__file__).parents[1]
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True)
    return f"{skreg.__version__} ({done.stdout.strip()})" if done.returncode == 0 else skreg.__version__


def environment():
    """What the figures depend on; nothing that names the machine or its folders."""
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
    """The command line, without the folder that the report goes to."""
    words = sys.argv[1:]
    kept = [w for k, w in enumerate(words) if not w.startswith("--out") and (k == 0 or words[k - 1] != "--out")]
    return shlex.join(["python", "-m", "benchmarks", *kept])


def with_ratios(rows):
    """Rows with our time relative to that of the fastest peer that is accurate, by medians and by minima."""
    peers = [row for row in rows if row.get("accurate") and not row["ours"]]
    if not peers:
        return rows
    median, fastest = (min(row[key] for row in peers) for key in ("seconds", "fastest"))
    ratios = [dict(ratio=row["seconds"] / median, fastest_ratio=row["fastest"] / fastest) for row in rows]
    return [row | ratio if row["ours"] and row["accurate"] else row for row, ratio in zip(rows, ratios, strict=True)]


def table(rows):
    """Markdown of the entries that any row has."""
    keys = [key for key in COLUMNS if any(row.get(key) is not None for row in rows)]
    lines = [" | ".join(COLUMNS[key][0] for key in keys), "|".join("---" for _ in keys)]
    for row in rows:
        lines.append(" | ".join("" if row.get(k) is None else COLUMNS[k][1].format(_word(row[k])) for k in keys))
    return "\n".join(f"| {line} |" for line in lines)


def _word(value):
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


class Book:
    """The results of one family of benchmarks.

    Parameters
    ----------
    family : str
        Stem of the files' names.
    folder : path or None
        Where they are; with None, nothing is written.
    problems, parts : sequence of str
        The order of the entries.
    note : str
        What the reader of the tables must know.
    """

    def __init__(self, family, folder, problems, parts, note=CERTIFIED):
        self.note = note
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
        """Print the rows, and put them in place of earlier ones of the same task."""
        entry = dict(
            part=part, problem=problem, about=about, l1_ratio=l1_ratio, divisor=divisor,
            environment=self.here, date=datetime.date.today().isoformat(), command=command(), rows=with_ratios(rows),
        )  # fmt: skip
        print(f"\n{self._heading(entry)}\n\n{table(entry['rows'])}\n", flush=True)
        self.pages["results"]["/".join(str(k) for k in (part, problem, l1_ratio, divisor) if k is not None)] = entry
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file("json").write_text(json.dumps(self.pages, indent=1) + "\n")
            self._file("md").write_text(self._render())

    def entries(self, part):
        """What was entered in one part, by this run or an earlier one, in the order of the report."""
        return sorted((one for one in self.pages["results"].values() if one["part"] == part), key=self._place)

    def _heading(self, entry):
        words = [f"{entry['part']}: {entry['problem']}"]
        if entry["about"]:
            words[0] += f" ({entry['about']})"
        if entry["l1_ratio"] is not None:
            words.append(f"l1_ratio {entry['l1_ratio']:g}")
        if entry["divisor"] is not None:
            words.append(entry["divisor"] if isinstance(entry["divisor"], str) else f"alpha_max/{entry['divisor']}")
        return ", ".join(words)

    def _place(self, entry):
        parts, problems = self.order
        problem = problems.index(entry["problem"]) if entry["problem"] in problems else len(problems)
        return parts.index(entry["part"]), problem, -(entry["l1_ratio"] or 0.0), entry["divisor"] or 0

    def _render(self):
        lines = [f"# Benchmarks: {self.family}", "", self.note]
        for part in self.order[0]:
            of_part = self.entries(part)
            lines += [f"## {TITLES[part]}", ""] if of_part else []
            for entry in of_part:
                lines += [f"### {self._heading(entry)}", "", table(entry["rows"]), ""]
                lines += [f"{entry['date']}, environment {entry['environment'] + 1}: `{entry['command']}`", ""]
        lines += ["## Environments", ""]
        used = {entry["environment"] for entry in self.pages["results"].values()}
        for k, place in enumerate(self.pages["environments"]):
            if k in used:
                versions = ", ".join(f"{name} {version}" for name, version in place["versions"].items())
                lines += [f"{k + 1}. {place['cpu']}, {place['cores']} cores, {place['blas']}; {versions}"]
        return "\n".join(lines) + "\n"
