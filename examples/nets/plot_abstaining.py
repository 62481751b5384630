"""
Refusing to answer, and unfamiliar inputs
=========================================

A classifier that refuses its most uncertain cases makes fewer errors on the rest. Which measure of uncertainty ranks
best? The largest probability needs one pass through the net. Draws of the dropout noise give others: the largest mean
probability, the entropy of the mean, and the mutual information, which only counts the disagreement between draws.

The net is trained on 400 upright digits. The test digits are first upright; then every second one is rotated by 30 to
90 degrees, which the net has never seen.
"""

# %%
# Rotated digits keep their labels.
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import rotate
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

from skreg import DropoutMLPClassifier

X, y = load_digits(return_X_y=True)
X = X / 16.0


def turned(rows, rng):
    """Every second row as a digit turned to the left or to the right."""
    images = rows.reshape(-1, 8, 8).copy()
    for image in images[::2]:
        angle = rng.choice([-1.0, 1.0]) * rng.uniform(30.0, 90.0)
        image[:] = rotate(image, angle, reshape=False, order=1)
    return images.reshape(len(rows), -1)


def measures(model, rows):
    """Answers and sureness, from one pass and from 50 draws."""
    p = model.predict_proba(rows)
    u = model.predict_uncertainty(rows, n_draws=50)
    one, many = p.argmax(axis=1), u.mean.argmax(axis=1)
    return {
        "largest probability": (one, p.max(axis=1)),
        "largest mean probability": (many, u.mean.max(axis=1)),
        "entropy of the mean": (many, -u.predictive_entropy),
        "mutual information": (many, -u.mutual_information),
    }


def risk_at(coverage, sureness, wrong):
    """Share of wrong answers among the surest, for every coverage."""
    ordered = wrong[np.argsort(-sureness, kind="stable")]
    given = np.maximum(np.round(coverage * wrong.size).astype(int), 1)
    return np.cumsum(ordered)[given - 1] / given


# %%
# Ten random choices of the 400 digits, the same for all measures.
repeats = 10
coverage = np.linspace(0.1, 1.0, 91)
risks = {}
for split, (train, test) in enumerate(StratifiedShuffleSplit(repeats, train_size=400, random_state=0).split(X, y)):
    model = DropoutMLPClassifier(
        (128, 128), normalization=None, dropout=0.5, weight_decay=0.01, l1=0.0, learning_rate=0.003, max_iter=100,
        early_stopping=False, batch_size=32, random_state=split,
    ).fit(X[train], y[train])  # fmt: skip
    questions = {"upright": X[test], "half of them turned": turned(X[test], np.random.default_rng(split))}
    for kind, rows in questions.items():
        for name, (answer, sureness) in measures(model, rows).items():
            risks.setdefault((kind, name), []).append(risk_at(coverage, sureness, answer != y[test]))
risks = {key: np.array(curves) for key, curves in risks.items()}

shares = (1.0, 0.9, 0.8, 0.5)
for kind in ("upright", "half of them turned"):
    print(f"\n{kind}: error rate, and its difference to the first line (2 standard errors)")
    print(f"{'ranked by':24}" + "".join(f"   {f'most certain {share:.0%}':23}" for share in shares).rstrip())
    for name in ("largest probability", "largest mean probability", "entropy of the mean", "mutual information"):
        row = f"{name:24}"
        for share in shares:
            at = np.abs(coverage - share).argmin()
            here, first = risks[kind, name][:, at], risks[kind, "largest probability"][:, at]
            error = 2.0 * (here - first).std(ddof=1) / np.sqrt(repeats)
            change = f"{(here - first).mean():+.4f} ({error:.4f})" if (here != first).any() else ""
            row += f"   {here.mean():.4f} {change:16}"
        print(row.rstrip())

# %%
# Among familiar digits, the largest probability of the net ranks as well as any measure, and mutual information
# slightly worse. With unfamiliar digits, mutual information detects most of them, while the single pass is very
# confident on some. No measure makes the answers on rotated digits good. Refusing helps; training on rotated digits
# would help more.
fig, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
styles = {
    "largest probability": ("k", "-"),
    "largest mean probability": ("C2", "--"),
    "entropy of the mean": ("C0", "-."),
    "mutual information": ("C1", ":"),
}
for ax, kind in zip(axes, ("upright", "half of them turned"), strict=True):
    for name, (color, line) in styles.items():
        mean = risks[kind, name].mean(axis=0)
        ax.plot(100.0 * coverage, 100.0 * mean, color=color, linestyle=line, linewidth=1.8, label=name)
    ax.set(xlabel="answered, %", title=f"New digits, {kind}", ylim=(0.0, None))
axes[0].set_ylabel("error rate among the answered, %")
axes[0].legend(frameon=False)
fig.savefig("abstaining.png", dpi=120)
print("\nrisk-coverage curves: abstaining.png")
