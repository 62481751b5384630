"""Charts and summary tables of the benchmarks, drawn from their JSON files when the documentation is built."""

import json
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

OURS, PEER, GREY = "#0a7d91", "#b9c2c9", "#7f8790"
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
    entry = load(folder, "tabular")["summary/all"]
    panels = []
    for key, title in (("of_log_loss", "log loss, classes"), ("of_rmse", "RMSE, numbers")):
        panels.append(([(row["solver"], row[key], True) for row in entry["rows"]], ".3f", "", title))
    for key, title in (("of_seconds_classes", "time, classes"), ("of_seconds_numbers", "time, numbers")):
        panels.append(([(row["solver"], row[key], True) for row in entry["rows"]], ".2f", "", title))
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
    """A chart for each family, and a table of all techniques, one row for each technique and table."""
    results = load(folder, "effects")
    families = {}
    for entry in results.values():
        families.setdefault(entry["part"], []).append(entry)
    for family, entries in families.items():
        _forest(entries, out / f"effects-{family}.svg")
    for family, entries in families.items():
        (out / f"effects-{family}.md").write_text(_table(entries))


def _forest(entries, path):
    names = list(dict.fromkeys(row["technique"] for entry in entries for row in entry["rows"] if "gain" in row))[::-1]
    width = 2.3 * len(entries) + 2.6
    figure, axes = plt.subplots(
        1, len(entries), figsize=(width, 0.25 * len(names) + 0.9), sharey=True, layout="constrained", squeeze=False
    )
    for ax, entry in zip(axes[0], entries, strict=True):
        ax.axvline(0.0, color=GREY, lw=0.8)
        ends = []
        for row in entry["rows"]:
            if "gain" not in row:
                continue
            k, low, high = names.index(row["technique"]), row["gain_low"], row["gain_high"]
            sure = low > 0.0 or high < 0.0
            color = (OURS if row["gain"] > 0.0 else "#c0392b") if sure else PEER
            ax.plot([low, high], [k, k], color=color, lw=2.0, solid_capstyle="round")
            ax.plot(row["gain"], k, "o", color=color, ms=4.5)
            ends.append(row["gain"])
        lowest, highest = min(0.0, *ends), max(0.0, *ends)
        margin = 0.35 * (highest - lowest) + 2.0
        ax.set_xlim(max(lowest - margin, -120.0), min(highest + margin, 110.0))
        ax.set_title(entry["problem"], fontsize=9.5, color=OURS)
        ax.set_xlabel("test loss saved, %")
    axes[0, 0].set_yticks(range(len(names)), names)
    save(figure, path)


def _table(entries):
    """Markdown: what every technique saves on every table, with its interval, and the time of a fit."""
    problems = [entry["problem"] for entry in entries]
    found = {(entry["problem"], row["technique"]): row for entry in entries for row in entry["rows"] if "gain" in row}
    techniques = list(dict.fromkeys(name for _, name in found))
    lines = ["| technique | " + " | ".join(problems) + " | time |", "|" + "---|" * (len(problems) + 2)]
    for name in techniques:
        rows = [found.get((problem, name)) for problem in problems]
        cells = [f"{r['gain']:+.0f} [{r['gain_low']:+.0f}, {r['gain_high']:+.0f}]" if r else "" for r in rows]
        costs = [row["cost"] for row in rows if row]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {sum(costs) / len(costs):.1f} |")
    settings = {row["technique"]: row.get("setting") for row in found.values()}
    lines += ["", ":::{dropdown} Settings and commands", ""]
    lines += [f"- {name}: `{setting}`" for name, setting in settings.items()]
    lines += ["", *dict.fromkeys(f"{entry['date']}: `{entry['command']}`" for entry in entries), "", ":::", ""]
    return "\n".join(lines)


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
