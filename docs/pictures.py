"""Pictures that show how something works: ``python docs/pictures.py`` draws them to docs/images."""

from pathlib import Path

import charts
import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

ROWS, COLUMNS, NUMBER = 10**9, 1_000, 8  # of the data in the picture of what travels; bytes of a number


def what_travels():
    """Rows stay on the workers, moments are added, coefficients come back."""
    figure, ax = plt.subplots(figsize=(4.4, 3.0))
    ax.set_position([0, 0, 1, 1])
    ax.set(xlim=(0, 4.4), ylim=(0, 3.0))
    ax.axis("off")
    for k in range(3):
        left = 0.25 + 0.75 * k
        ax.add_patch(Rectangle((left, 1.05), 0.42, 1.45, facecolor=charts.PEER, edgecolor="white"))
        for line in range(1, 8):
            ax.plot([left, left + 0.42], [1.05 + 0.18 * line] * 2, color="white", lw=0.7)
        ax.add_patch(Rectangle((left + 0.06, 0.55), 0.3, 0.3, facecolor=charts.OURS, edgecolor="white"))
        arrow(ax, (left + 0.21, 1.05), (left + 0.21, 0.87), charts.GREY)
    ax.text(0.25, 2.72, f"rows stay: {ROWS * COLUMNS * NUMBER / 1e12:.0f} TB on the workers", fontsize=10)
    ax.text(
        0.25,
        0.2,
        f"p x p moments travel: {COLUMNS**2 * NUMBER / 1e6:.0f} MB of each block",
        color=charts.OURS,
        fontsize=10,
    )
    arrow(ax, (2.2, 0.7), (2.95, 0.7), charts.OURS)
    ax.text(2.57, 0.78, "+", color=charts.OURS, fontsize=13, ha="center")
    ax.add_patch(Rectangle((3.05, 0.5), 0.4, 0.4, facecolor=charts.OURS, edgecolor="white"))
    arrow(ax, (3.25, 0.95), (3.25, 1.35), charts.OURS)
    ax.text(2.75, 1.45, "coefficients of all\nalphas and folds,\nwith certificates", fontsize=10, va="bottom")
    return figure


def arrow(ax, start, end, color):
    ax.annotate("", end, start, arrowprops=dict(arrowstyle="-|>", color=color, lw=1.3, shrinkA=0, shrinkB=0))


def write(out):
    """All pictures."""
    with mpl.rc_context(charts.STYLE):
        for draw in (what_travels,):
            charts.save(draw(), Path(out) / f"{draw.__name__}.svg")


if __name__ == "__main__":
    write(Path(__file__).parent / "images")
