"""
Which letter is drawn? Movements of unequal length
==================================================

A pen draws one of four figures, fast or slowly, large or small, from any starting point. What the pen does is a
sequence of two channels, the steps to the right and upwards, and no two sequences have the same length. Nets for flat
rows need them cut or padded; :class:`~skreg.DropoutRNNClassifier` takes a list of arrays as it is.
"""

# %%
# Four figures: circles in both directions, eights, and waves.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from skreg import DropoutRNNClassifier

rng = np.random.default_rng(0)
figures = {
    "circle": lambda t: (np.cos(t), np.sin(t)),
    "circle, backwards": lambda t: (np.cos(t), -np.sin(t)),
    "eight": lambda t: (np.sin(t), np.sin(2.0 * t) / 2.0),
    "wave": lambda t: (t / 3.0 - 1.0, np.sin(3.0 * t)),
}


def draw(figure):
    """A movement of 20 to 60 steps, (steps, 2)."""
    n = rng.integers(20, 61)
    t = np.linspace(0.0, 2.0 * np.pi, n + 1) + rng.uniform(0.0, 6.0)
    pen = rng.uniform(0.5, 1.5) * np.column_stack(figure(t))
    steps = np.diff(pen, axis=0)
    return steps + 0.5 * steps.std() * rng.standard_normal(steps.shape)


names = list(figures)
y = rng.integers(0, 4, 600)
X = [20.0 * draw(figures[names[k]]) for k in y]
train, test = slice(0, 200), slice(200, None)
lengths = np.array([len(one) for one in X])
print(f"{len(X)} movements of {lengths.min()} to {lengths.max()} steps")


# %%
# Forests need a table: here the means, standard deviations and correlations of the two channels, at any length.
def summary(one):
    return [*one.mean(axis=0), *one.std(axis=0), np.corrcoef(one.T)[0, 1], len(one)]


table = np.array([summary(one) for one in X])
forest = RandomForestClassifier(random_state=0).fit(table[train], y[train])
net = DropoutRNNClassifier(32, bidirectional=True, pooling="mean", dropout=0.1, max_iter=40, random_state=0)
net.fit(X[train], y[train])
print(f"accuracy on held-out movements: net {net.score(X[test], y[test]):.2f}")
print(f"forest of six numbers for each: {forest.score(table[test], y[test]):.2f}")

# %%
# Neither the padding of a batch nor the sequences beside it change a prediction: alone or with all others, it is the
# same to the last bit.
alone = net.predict_proba([X[300]])
together = net.predict_proba(X)[300:301]
print("the same alone and among others:", np.array_equal(alone, together))

# %%
# A movement of each kind, as the pen drew it.
fig, axes = plt.subplots(2, 2, figsize=(6, 5), layout="constrained")
for k, ax in enumerate(axes.flat):
    one = X[int(np.flatnonzero(y == k)[0])]
    ax.plot(*np.cumsum(one, axis=0).T, ".-", markersize=3)
    ax.set(title=f"{names[k]}, {len(one)} steps", xticks=[], yticks=[], aspect="equal")
fig.savefig("movements.png", dpi=120)
print("movements: movements.png")
