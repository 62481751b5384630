"""
Where a net is unsure: digits that turn
=======================================

A net that has only seen upright digits gives an answer for a turned one, too. Does it know that it is guessing? Draws
of the dropout noise, whole channels included, are many thinned nets; where they disagree, more training digits of that
kind would help (Gal & Ghahramani 2016). A second net sees turned copies in training.
"""

# %%
# Two nets that differ in `augmenter` only. Copies are turned by up to 60 degrees, in every epoch by other angles;
# validation digits stay upright.
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import rotate
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skreg import DropoutCNNClassifier
from skreg.augmentation import Rotate

X, y = load_digits(return_X_y=True)
X = X.reshape(-1, 8, 8) / 16.0
X, X_test, y, y_test = train_test_split(X, y, train_size=600, test_size=200, stratify=y, random_state=0)
settings = dict(hidden_layer_sizes=64, spatial_dropout=0.1, learning_rate=0.005, max_iter=25, random_state=0)
nets = {
    "trained upright": DropoutCNNClassifier(**settings),
    "trained with turned copies": DropoutCNNClassifier(augmenter=Rotate(60.0), **settings),
}
for net in nets.values():
    net.fit(X, y)

# %%
# 200 test digits, turned to the left by angles up to a right one.
angles, n_draws = np.arange(0, 91, 15), 20


def turned(images, angle):
    """Images turned to the left by an angle in degrees."""
    return np.clip(rotate(images, angle, axes=(2, 1), reshape=False, order=3), 0.0, 1.0)


results = {
    name: [net.predict_uncertainty(turned(X_test, angle), n_draws=n_draws) for angle in angles]
    for name, net in nets.items()
}
wrong = {name: [100.0 * np.mean(u.mean.argmax(axis=1) != y_test) for u in own] for name, own in results.items()}
unsure = {name: [u.mutual_information.mean() for u in own] for name, own in results.items()}
for name in nets:
    print(f"{name}\n  angle           " + "".join(f"{angle:7d}" for angle in angles))
    print("  wrong, %        " + "".join(f"{value:7.1f}" for value in wrong[name]))
    print("  disagreement    " + "".join(f"{value:7.3f}" for value in unsure[name]))

# %%
# The net that has only seen upright digits is wrong more often than right from 45 degrees on. Its draws disagree eight
# times as much there: a threshold on the mutual information refuses many of these answers, but not all. From 60 degrees
# on, errors still increase while disagreement does not. With turned copies in training, both are far lower for the
# angles that were practised, and rise beyond them. Left: one digit, and the mean probability of every class. Right: all
# 200.
digit = np.flatnonzero(y_test == 2)[0]
fig = plt.figure(figsize=(10.5, 6.4), layout="constrained")
left, right = fig.subfigures(1, 2, width_ratios=[1.5, 1.0])
axes = left.subplot_mosaic(
    [list(angles), *([name] * len(angles) for name in nets)], height_ratios=[1.0, 2.0, 2.0], empty_sentinel=None
)
for angle in angles:
    axes[angle].imshow(turned(X_test[[digit]], angle)[0], cmap="Greys")
    axes[angle].set(xticks=[], yticks=[], title=f"{angle}°")
for name, own in results.items():
    p = np.column_stack([u.mean[digit] for u in own])
    image = axes[name].imshow(p, cmap="viridis", vmin=0.0, vmax=1.0, aspect="auto")
    axes[name].set(xticks=[], yticks=range(10), ylabel="class", title=name)
left.colorbar(
    image, ax=[axes[name] for name in nets], label="mean probability", location="bottom", shrink=0.6, aspect=40
)
styles = dict(zip(nets, ("C0o-", "C1s-"), strict=True))
for ax, values, label in zip(
    right.subplots(2, 1, sharex=True), (wrong, unsure), ("wrong, %", "mutual information"), strict=True
):
    for name, style in styles.items():
        ax.plot(angles, values[name], style, label=name)
    ax.set(ylabel=label, xticks=angles, ylim=(0.0, None))
    ax.axvspan(0.0, 60.0, color="C1", alpha=0.08, linewidth=0.0)
    ax.grid(alpha=0.3)
ax.set_xlabel("angle, degrees; shaded: turned copies in training")
right.axes[0].set_ylim(0.0, 125.0)
right.axes[0].legend(frameon=False, loc="upper left")
fig.savefig("rotated_digits.png", dpi=120)
print("probabilities and disagreement: rotated_digits.png")
