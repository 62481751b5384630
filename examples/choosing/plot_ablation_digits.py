"""
An ablation: what is each regularizer worth?
============================================

Seven regularizers at once on handwritten digits: dropout, weight decay, label smoothing, mixup, input noise,
max-norm, and a moving average of the weights. How much worse is the net without one of them? And how much does one
alone improve a plain net? These are different questions, because regularizers replace each other.
"""

# %%
# Each net is trained on a tenth of the digits, about 180, and tested on the others. The five training sets have no
# digit in common.
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import t
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from skreg import DropoutMLPClassifier

X, y = load_digits(return_X_y=True)
X = X / 16.0
folds = list(StratifiedKFold(10, shuffle=True, random_state=0).split(X, y))[:5]
plain = dict(
    dropout=0.0, weight_decay=0.0, label_smoothing=0.0, mixup=0.0, input_noise=0.0, max_norm=None, averaging=None
)
cocktail = dict(
    dropout=0.2, weight_decay=0.05, label_smoothing=0.01, mixup=0.1, input_noise=0.2, max_norm=1.0, averaging="ema"
)


def calibration_error(labels, p, n_bins=10):
    """Expected calibration error, in bins that hold as many predictions each."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(confidence), n_bins)
    return sum(abs(confidence[rows].sum() - right[rows].sum()) for rows in bins) / len(right)


# %%
# The net with all seven, with none, with all but one, and with only one.
variants = {"all": cocktail, "none": plain}
for name in cocktail:
    variants["all but", name] = {**cocktail, name: plain[name]}
    variants["only", name] = {**plain, name: cocktail[name]}
results = {variant: np.empty((len(folds), 3)) for variant in variants}
for fold, (rest, tenth) in enumerate(folds):
    for variant, params in variants.items():
        model = DropoutMLPClassifier(
            (64,), normalization=None, l1=0.0, learning_rate=0.005, schedule="constant", batch_size=32, max_iter=60,
            early_stopping=False, random_state=fold, **params,
        ).fit(X[tenth], y[tenth])  # fmt: skip
        p = model.predict_proba(X[rest])
        wrong = 100.0 * (p.argmax(axis=1) != y[rest]).mean()
        results[variant][fold] = wrong, log_loss(y[rest], p), calibration_error(y[rest], p)

# %%
# The worth of a regularizer: how much worse the others are without it, and how much worse a plain net is than with it
# alone. Differences are paired by fold, with 95 % intervals over the five folds. The test digits are nearly the same:
# the intervals describe other training sets from these digits, not other digits.
print("        error, %   log loss   calibration error")
for variant in ("all", "none"):
    print(f"{variant:6}" + "{:10.2f}{:11.4f}{:20.4f}".format(*results[variant].mean(axis=0)))
half_width = t.ppf(0.975, len(folds) - 1) / np.sqrt(len(folds))
worth = {}
for setting, base in (("all but", "all"), ("only", "none")):
    print("\n" + {"all but": "worth in combination", "only": "worth alone"}[setting])
    for name in cocktail:
        gain = results[setting, name] - results[base]
        gain = gain if setting == "all but" else -gain
        worth[setting, name] = gain.mean(axis=0), half_width * gain.std(axis=0, ddof=1)
        cells = zip(*worth[setting, name], strict=True)
        print(f"{name:16}" + "   ".join(f"{mean:+.4f} ({half:.4f})" for mean, half in cells))

# %%
# Alone, input noise and weight decay reduce the log loss by more than their interval. In the combination, the moving
# average does, and it is better without weight decay, label smoothing, mixup and max-norm. All seven together make
# fewer errors than none, but are so underconfident that their probabilities are worse. More is not better: remove what
# does not help.
fig, axes = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained", sharey=True)
titles = ("wrong answers, percentage points", "log loss", "calibration error")
styles = {"only": ("C1", "^", -0.14, "alone"), "all but": ("C0", "o", 0.14, "to the cocktail")}
places = np.arange(len(cocktail))
for measure, (ax, title) in enumerate(zip(axes, titles, strict=True)):
    ax.axvline(0.0, color="0.6", linewidth=1.0)
    for setting, (color, marker, offset, label) in styles.items():
        means, halves = (np.array([worth[setting, name][i][measure] for name in cocktail]) for i in (0, 1))
        ax.errorbar(means, places + offset, xerr=halves, color=color, marker=marker, linestyle="", label=label)
    ax.set(xlabel=f"{title} saved")
    ax.grid(axis="y", color="0.92")
axes[0].set_yticks(places, [name.replace("_", " ") for name in cocktail])
axes[0].invert_yaxis()
axes[2].legend(frameon=False, title="worth")
fig.savefig("ablation_digits.png", dpi=120)
print("\nworth of each regularizer: ablation_digits.png")

# %%
# For comparison, single regularizers on all 60,000 digits of MNIST, permutation-invariant and without augmentation:
# the results of ``python -m benchmarks mnist`` in ``docs/benchmarks/mnist.json``, beside published errors for the
# same nets. Rows have one seed where no other number is given; differences below a tenth of a percent are noise.
here = Path(__file__).resolve().parent if "__file__" in globals() else Path.cwd()  # the gallery runs pages in place
table = here.parents[1] / "docs" / "benchmarks" / "mnist.json"
if table.exists():
    results = json.loads(table.read_text())["results"].values()
    rows = [row for entry in results if entry["part"] == "digits" for row in entry["rows"]]
    rows.sort(key=lambda row: row["error"])
    print(f"\n{'MNIST':36}error, %   published   seeds   seconds per fit")
    for row in rows:
        published = f"{row['published']:.2f}" if row["published"] else ""
        print(f"{row['solver']:36}{row['error']:8.2f}{published:>12}{row['seeds']:8}{row['seconds']:16.0f}")
    fig, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
    places = np.arange(len(rows))
    ax.hlines(places, 0.0, [row["error"] for row in rows], color="0.85", linewidth=1.0)
    ax.plot([row["error"] for row in rows], places, "o", color="#0072b2", label="skreg")
    known = [(row["published"], place) for row, place in zip(rows, places, strict=True) if row["published"]]
    ax.plot(*zip(*known, strict=True), "D", mfc="white", color="#e69f00", label="published")
    ax.set_yticks(places, [row["solver"] for row in rows])
    ax.invert_yaxis()
    ax.set(xlabel="test error, %", xlim=(0.7, None), title="Single regularizers on MNIST")
    ax.legend(frameon=False)
    fig.savefig("ablation_mnist.png", dpi=120)
