"""Charts and summary tables of the benchmarks, drawn from their JSON files when the documentation is built."""

import functools
import json
import math
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

OURS, PEER, GREY, RED = "#0a7d91", "#b9c2c9", "#7f8790", "#c0392b"
STYLE = {
    "axes.edgecolor": GREY, "axes.labelcolor": GREY, "text.color": GREY, "xtick.color": GREY, "ytick.color": GREY,
    "axes.spines.top": False, "axes.spines.right": False, "font.size": 9.0, "svg.hashsalt": "skreg",
    "savefig.transparent": True, "svg.fonttype": "none", "font.family": "DejaVu Sans",
}  # fmt: skip


def load(folder, family):
    path = folder / f"{family}.json"
    return json.loads(path.read_text())["results"] if path.exists() else {}


def save(figure, path):
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def bars(ax, rows, value, unit, title, best="low"):
    """Horizontal bars of a value relative to ours, with the value itself behind; `rows` of (name, value, accurate)."""
    ours = next(v for name, v, _ in rows if name.startswith("skreg"))
    rows = sorted(rows, key=lambda row: row[1], reverse=best == "low")
    for k, (name, v, accurate) in enumerate(rows):
        ratio = v / ours
        own = name.startswith("skreg")
        ax.barh(k, ratio, color=OURS if own else PEER, hatch=None if accurate else "///", edgecolor="white", lw=0)
        label = f"{v:{value}} {unit}" + ("" if own else f"  ({ratio:.2g}x)") + ("" if accurate else ", not accurate")
        ax.annotate(label, (ratio, k), (4, 0), textcoords="offset points", va="center", fontsize=8)
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.set_xlim(0.0, 1.75 * max(v / ours for _, v, _ in rows))
    ax.set_title(title, loc="left", fontsize=9.5, color=OURS)


def grid(panels, out, name):
    """A small chart for each of `panels` (rows, value format, unit, title), and Markdown that shows them in a grid."""
    lines = ["::::{grid} 1 1 2 2", ":gutter: 2", ""]
    for k, panel in enumerate(panels):
        figure, ax = plt.subplots(figsize=(4.9, 0.27 * len(panel[0]) + 0.5), layout="constrained")
        bars(ax, *panel)
        save(figure, out / f"{name}-{k}.svg")
        lines += [":::{grid-item}", f"![{panel[-1]}](/_generated/{name}-{k}.svg){{.chart}}", ":::", ""]
    (out / f"{name}.md").write_text("\n".join([*lines, "::::", ""]))


def seconds(entry, key="seconds"):
    """Rows of (name, seconds, accurate), without solvers that were far slower than the scale of the chart."""
    rows = [(row["solver"], row[key], row.get("accurate", True)) for row in entry["rows"] if row.get(key)]
    ours = rows[0][1]
    return [row for row in rows if row[1] < 60 * ours or row[2]]


def linear(folder, out):
    results = load(folder, "linear")
    for part, labels in (("path", ("wide", "square", "tall", "sparse")), ("single", ("wide", "tall", "sparse"))):
        panels = []
        for name in labels:
            for ratio, kind in ((1.0, "lasso"), (0.5, "elastic net")):
                key = f"{part}/{name}/{ratio}" + ("/10" if part == "single" else "")
                if key in results:
                    entry = results[key]
                    panels.append((seconds(entry), ".2g", "s", f"{entry['about'].split(',')[0]}, {kind}"))
        grid(panels, out, f"linear-{part}")


def logistic(folder, out):
    results = load(folder, "logistic")
    panels = []
    for name in ("wide", "tall", "sparse"):
        for ratio, kind in ((1.0, "L1"), (0.5, "elastic net")):
            entry = results.get(f"single/{name}/{ratio}/10")
            if entry:
                panels.append((seconds(entry), ".2g", "s", f"{entry['about'].split(',')[0]}, {kind}"))
    grid(panels, out, "logistic-single")


def mlp(folder, out):
    results = load(folder, "mlp")
    panels = []
    for key, entry in results.items():
        if key.startswith("epoch/"):
            rows = [(row["solver"], 1e3 * row["epoch"], True) for row in entry["rows"]]
            panels.append((rows, ".3g", "ms", entry["about"]))
    grid(panels, out, "mlp-epoch")


def tabular(folder, out):
    results = load(folder, "tabular")
    rows = (results.get("reporting/all") or results["choosing/all"])["rows"]
    titles = {
        "of_log_loss": "log loss, classes", "of_rmse": "RMSE, numbers",
        "of_seconds_classes": "time, classes", "of_seconds_numbers": "time, numbers",
    }  # fmt: skip
    panels = []
    for key, title in titles.items():
        shown = [(row["solver"], row[key], True) for row in rows if row.get(key)]
        panels.append((shown, ".2f" if "time" in title else ".3f", "", title))
    grid(panels, out, "tabular-summary")


def mnist(folder, out):
    rows = load(folder, "mnist")["nets/test errors"]["rows"][::-1]
    figure, ax = plt.subplots(figsize=(7.0, 0.3 * len(rows) + 0.8), layout="constrained")
    ax.barh(range(len(rows)), [row["error"] for row in rows], color=OURS, height=0.6, label="skreg")
    known = [(k, row["published"]) for k, row in enumerate(rows) if row.get("published")]
    ax.plot(*zip(*[(v, k) for k, v in known], strict=True), "D", color=GREY, ms=5, label="published")
    ax.set_yticks(range(len(rows)), [row["solver"] for row in rows])
    ax.set(xlabel="test error on MNIST, %", xlim=(0.0, None))
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    save(figure, out / "mnist-nets.svg")


def augment(folder, out):
    results = load(folder, "augment")
    panels = []
    for key, entry in results.items():
        if key.startswith("speed/"):
            rows = [(row["solver"], 1e6 / row["rate"], True) for row in entry["rows"]]
            panels.append((rows, ".3g", "us a row", entry["problem"]))
    grid(panels, out, "augment-speed")


def effects(folder, out):
    """For each family of techniques: a chart for each table, a summary, and all gains; and one chart of all nets."""
    families = {}
    for entry in load(folder, "effects").values():
        families.setdefault(entry["part"], []).append(entry)
    for family, entries in families.items():
        found = _gains(entries)
        grid = ["::::{grid} 1 1 2 2", ":gutter: 2", ""] if len(entries) > 1 else []
        for k, entry in enumerate(entries):
            name = f"effects-{family}-{k}.svg"
            _forest(entry, list(found)[::-1], out / name)
            picture = f"![Gains on {entry['problem']}](/_generated/{name}){{.chart}}"
            grid += [":::{grid-item}", picture, ":::", ""] if len(entries) > 1 else [picture, ""]
        grid += ["::::", ""] if len(entries) > 1 else []
        lines = [*_summary(found), *grid, *_table(found, entries), *_details(entries)]
        (out / f"effects-{family}.md").write_text("\n".join(lines))
    nets = [entry for family in ("net-classes", "net-numbers") for entry in families.get(family, [])]
    if nets:
        _dots(_gains(nets), out / "effects-nets.svg")


def _gains(entries):
    """Rows of every technique by table, the technique that saves most over all tables first."""
    found = {}
    for entry in entries:
        for row in entry["rows"]:
            if "gain" in row:
                found.setdefault(row["technique"], {})[entry["problem"]] = row
    return dict(sorted(found.items(), key=lambda pair: -_mean(pair[1])))


def _mean(rows):
    """Of gains over tables: what the geometric mean of the losses loses."""
    return 100.0 * (1.0 - math.exp(sum(math.log1p(-row["gain"] / 100.0) for row in rows.values()) / len(rows)))


def _sign(row):
    """Of a gain whose interval does not contain 0; else 0. A gain that is printed as +0 has none."""
    if round(row["gain"]) == 0:
        return 0
    return (row["gain_low"] > 0.0) - (row["gain_high"] < 0.0)


def _signed(gain):
    return f"{round(gain) + 0:+d}"


def _color(row):
    return (PEER, OURS, RED)[_sign(row)]


def _forest(entry, names, path):
    """Gains of all techniques on one table, with intervals; those that reach beyond the chart end in an arrow."""
    rows = {row["technique"]: row for row in entry["rows"] if "gain" in row}
    names = [name for name in names if name in rows]
    ends = [row["gain"] for row in rows.values()]
    reach = max(ends) - min(*ends, 0.0)
    left = max(min(0.0, *(row["gain_low"] for row in rows.values())), min(0.0, *ends) - 0.6 * reach - 1.0)
    right = min(max(row["gain_high"] for row in rows.values()), max(ends) + 0.6 * reach + 1.0)
    figure, ax = plt.subplots(figsize=(4.9, 0.2 * len(names) + 0.8), layout="constrained")
    ax.axvline(0.0, color=GREY, lw=0.8)
    for k, name in enumerate(names):
        row = rows[name]
        color = _color(row)
        low, high = max(row["gain_low"], left), min(row["gain_high"], right)
        ax.plot([low, high], [k, k], color=color, lw=1.8, solid_capstyle="butt")
        ax.plot(row["gain"], k, "o", color=color, ms=4.5)
        for end, is_cut, marker in ((low, row["gain_low"] < left, "<"), (high, row["gain_high"] > right, ">")):
            if is_cut:
                ax.plot(end, k, marker, color=color, ms=4.0, clip_on=False)
        ax.annotate(_signed(row["gain"]), (1.0, k), (22, 0), ("axes fraction", "data"), "offset points", ha="right",
                    va="center", fontsize=8, color=color if _sign(row) else GREY)  # fmt: skip
    ax.set_xlim(left - 0.02 * (right - left), right + 0.02 * (right - left))
    ax.set_ylim(-0.7, len(names) - 0.3)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_title(entry["problem"], loc="left", fontsize=9.5, color=OURS)
    ax.set_xlabel("test loss saved, %", fontsize=8)
    save(figure, path)


def _dots(found, path):
    """The gain of every technique on every table as a dot, and its mean as a bar."""
    n_tables = max(map(len, found.values()))
    found = dict(sorted(found.items(), key=lambda pair: len(pair[1]) < n_tables))  # on all tables, then on fewer
    figure, ax = plt.subplots(figsize=(5.4, 0.22 * len(found) + 1.0), layout="constrained")
    for k, rows in enumerate(reversed(found.values())):
        mean = _mean(rows)
        ax.barh(k, mean, color=OURS if mean > 0.0 else RED, alpha=0.18, height=0.7, lw=0)
        for row in sorted(rows.values(), key=lambda row: abs(_sign(row))):
            ax.plot(row["gain"], k, "o", color=_color(row), ms=4.0, alpha=0.9)
        ax.annotate(_signed(mean), (1.0, k), (22, 0), ("axes fraction", "data"), "offset points", ha="right",
                    va="center", fontsize=8)  # fmt: skip
    ax.axvline(0.0, color=GREY, lw=0.8)
    ax.set_ylim(-0.7, len(found) - 0.3)
    labels = [name if len(rows) == n_tables else f"{name} ({len(rows)} tables)" for name, rows in found.items()]
    ax.set_yticks(range(len(found)), labels[::-1], fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("test loss saved, %", fontsize=8)
    ax.annotate("mean", (1.0, len(found) - 0.3), (22, 0), ("axes fraction", "data"), "offset points", ha="right",
                fontsize=8)  # fmt: skip
    dot = functools.partial(mpl.lines.Line2D, [], [], marker="o", ls="", ms=4.0)
    handles = [dot(color=OURS, label="better"), dot(color=RED, label="worse"), dot(color=PEER, label="not sure")]
    handles.append(mpl.patches.Patch(color=OURS, alpha=0.18, lw=0, label="mean"))
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False, fontsize=8)
    save(figure, path)


def _summary(found):
    """What helps most, what costs, and what does nothing, as a list in Markdown."""
    signs = {name: [_sign(row) for row in rows.values()] for name, rows in found.items()}
    helps = [name for name in found if max(signs[name]) > 0 and _mean(found[name]) > 0.0]
    kinds = {
        "Saves most": helps[: 3 if len(found) < 10 else 5],
        "Saves on some tables, costs on others": [name for name in found if max(signs[name]) > 0 > min(signs[name])],
        "Only costs": [name for name in found if max(signs[name]) <= 0 > min(signs[name])],
        "No effect, or none that is sure": [name for name in found if not any(signs[name])],
    }
    slow = {name: _over(found[name], "cost") for name in found if _over(found[name], "cost") >= 2.0}
    lines = []
    for title, names in kinds.items():
        gains = ", ".join(f"{name} ({_signed(_mean(found[name]))} %)" for name in names)
        lines += [f"- **{title}:** {gains}."] if names else []
    times = ", ".join(f"{name} ({cost:.0f} times)" for name, cost in slow.items())
    return [*lines, *([f"- **Takes longer:** {times}."] if slow else []), ""]


def _over(rows, key):
    """Mean of an entry over tables."""
    return sum(row[key] for row in rows.values()) / len(rows)


def _table(found, entries):
    """The gain of every technique on every table, in bold where it is sure, their mean, and the time of a fit."""
    problems = [entry["problem"] for entry in entries]
    means = ["mean"] if len(problems) > 1 else []
    head = ["technique", *problems, *means, "time", "seconds"]
    lines = [":::{dropdown} All gains, and the time of a fit", ""]
    lines += [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, rows in found.items():
        cells = [name]
        for row in map(rows.get, problems):
            gain = _signed(row["gain"]) if row else ""
            cells.append(f"**{gain}**" if row and _sign(row) else gain)
        cells += [_signed(_mean(rows)) for _ in means]
        cells += [f"{_over(rows, 'cost'):.1f}", f"{_over(rows, 'seconds'):.2g}"]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", ":::", ""]


def _details(entries):
    """Tables, settings and commands, folded."""
    settings = {row["technique"]: row["setting"] for entry in entries for row in entry["rows"] if "gain" in row}
    lines = [":::{dropdown} Data, settings and commands", ""]
    lines += [f"- **{entry['problem']}**: {entry['about']}" for entry in entries] + [""]
    lines += [f"- {name}: `{setting}`" for name, setting in settings.items()]
    return [*lines, "", *dict.fromkeys(f"{entry['date']}: `{entry['command']}`" for entry in entries), "", ":::", ""]


def write(folder, out):
    """All charts and tables of the results in `folder`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        for draw in (linear, logistic, mlp, tabular, mnist, augment, effects):
            draw(Path(folder), out)


if __name__ == "__main__":
    here = Path(__file__).parent
    write(here / "benchmarks", here / "_generated")
