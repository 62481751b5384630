"""All goals of speed in one table, from the reports of `linear`, `logistic` and `penalties`; measures nothing."""

import json
import pathlib
from typing import NamedTuple

from . import report

NOTE = """\
Our time relative to that of the fastest peer of the same accuracy, or of the peer that is named, in the same run. The
reports of [linear](linear.md), [logistic](logistic.md) and [penalties](penalties.md) have all solvers, tolerances and
environments. "Certified" is the time until our duality gap proves an accuracy of 1e-6.
"""


class Goal(NamedTuple):
    """A line of the table.

    Attributes
    ----------
    what : str
    family, key : str
        The report, and the entry in it.
    wanted : float
        Our time relative to a peer's: at most this.
    ours : str
        Our row of the entry.
    peer : str or None
        The other row; None for the fastest accurate one.
    """

    what: str
    family: str
    key: str
    wanted: float
    ours: str = "skreg"
    peer: str | None = None


def _single_fits(what, family, name, wanted):
    return [
        Goal(f"{what}, alpha_max/{divisor}", family, f"single/{name}/1.0/{divisor}", wanted) for divisor in (10, 100)
    ]


def _first(what, name, cached, anew):
    """First fits with kernels in the cache, if there is a goal for them, and with nothing cached."""
    key = f"first/{name}"
    rows = [] if cached is None else [Goal(f"first fit, {what}, kernels cached", "linear", key, cached)]
    return [*rows, Goal(f"first fit, {what}, nothing cached", "linear", key, anew, "skreg, nothing cached")]


GOALS = [
    Goal("lasso path, wide, certified", "linear", "path/wide/1.0", 0.3, "skreg, certified"),
    Goal("5-fold CV, tall, beside LassoCV", "linear", "cv/tall/1.0", 0.12, peer="scikit-learn"),
    *_single_fits("L1 logistic, wide", "logistic", "wide", 0.5),
    *_single_fits("L1 logistic, tall", "logistic", "tall", 0.5),
    *_single_fits("L1 logistic, sparse", "logistic", "sparse", 0.5),
    Goal("leave-one-out CV, 60 x 20", "linear", "cv/leave_one_out/1.0", 1.0, peer="scikit-learn"),
    *(g._replace(peer="scikit-learn") for g in _single_fits("warm fit, 200 x 20", "linear", "few", 1.2)),
    Goal("lasso path, NCI60", "linear", "path/nci60/1.0", 0.9),
    *_single_fits("lasso, NCI60", "linear", "nci60", 0.9),
    Goal("20 classes of sparse text, L2, beside lbfgs", "logistic", "single/text/0.0/C = 1", 0.8, peer="lbfgs"),
    Goal("group lasso path", "penalties", "path/groups", 0.5),
    Goal("MCP path", "penalties", "path/mcp", 0.5),
    Goal("Poisson path", "penalties", "path/poisson", 0.5),
    Goal("Cox path", "penalties", "path/cox", 0.5),
    Goal("SLOPE path, wide", "penalties", "path/slope-wide", 0.5),
    Goal("SLOPE path, tall", "penalties", "path/slope-tall", 0.5),
    Goal("quantile fit", "penalties", "path/quantile", 0.5),
    Goal("multi-task lasso path", "penalties", "path/multi-task", 1.0),
    *_first("elastic net", "elastic net", 1.25, 2.5),
    *_first("perceptron", "net", None, 3.0),
    *_first("early stopping", "early stopping", None, 3.0),
]


def configure(parser):
    parser.add_argument("--out", help="folder of the three reports and of goals.md (default: docs/benchmarks)")


def run(args):
    folder = pathlib.Path(report.folder(args))
    families = {goal.family for goal in GOALS}
    pages = {name: _results(folder, name) for name in families}
    text = report.table([_row(goal, pages[goal.family].get(goal.key)) for goal in GOALS])
    print(text)
    (folder / "goals.md").write_text(f"# Goals of speed\n\n{NOTE}\n{text}\n")


def _results(folder, family):
    path = folder / f"{family}.json"
    return json.loads(path.read_text())["results"] if path.exists() else {}


def _row(goal, entry):
    """A row for a goal; without numbers where there is no accurate row of ours and of a peer."""
    row = dict(what=goal.what, goal=f"{goal.wanted:g}")
    found = {} if entry is None else {one["solver"]: one for one in entry["rows"] if one.get("accurate")}
    ours = found.get(goal.ours)
    peers = [one for name, one in found.items() if not one["ours"] and goal.peer in (None, name)]
    if ours is None or not peers:
        return row
    best = min(peers, key=lambda one: one["seconds"])
    return row | dict(
        seconds=ours["seconds"], peer=best["solver"], ratio=ours["seconds"] / best["seconds"], measured=entry["date"]
    )
