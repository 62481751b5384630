"""
Five kinds of dropout on one net
================================

Dropout multiplies hidden units by random factors during training. The factors can be zero or not (Bernoulli),
Gaussian with the same variance, zero or not for each weight instead of each unit (DropConnect), with a probability
that depends on the input of the unit (adaptive, or "standout"), or with a learned rate (concrete). The net, the data
and the training are the same for all; only `dropout` and `dropout_kind` change.
"""

# %%
# Two moons with much noise and 100 training points: two layers of 64 units overfit them. Dropout is the only
# regularizer.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss

from skreg import DropoutMLPClassifier

X_test, y_test = make_moons(1000, noise=0.3, random_state=12345)
net = DropoutMLPClassifier(
    (64, 64), normalization=None, dropout=0.3, weight_decay=0.0, l1=0.0, learning_rate=0.005, max_iter=120,
    early_stopping=False, batch_size=25,
)  # fmt: skip
kinds = {
    "none": dict(dropout=0.0),
    "bernoulli": dict(dropout_kind="bernoulli"),
    "gaussian": dict(dropout_kind="gaussian"),
    "dropconnect": dict(dropout_kind="dropconnect"),
    "adaptive": dict(dropout_kind="adaptive"),
    "concrete": dict(dropout_kind="concrete"),
}

# %%
# Eight sets of 100 points, the same for all kinds. The log loss is computed from `predict_proba` (all units kept),
# and from the mean over 50 draws of the noise, with standard errors.
repeats = 8
losses, means, models, data = {}, {}, {}, {}
for seed in range(repeats):
    data[seed] = X, y = make_moons(100, noise=0.3, random_state=seed)
    for kind, params in kinds.items():
        model = DropoutMLPClassifier(**{**net.get_params(), **params, "random_state": seed}).fit(X, y)
        losses[kind, seed] = log_loss(y_test, model.predict_proba(X_test))
        means[kind, seed] = log_loss(y_test, model.predict_uncertainty(X_test, n_draws=50).mean)
        models[kind, seed] = model

print("kind          log loss (standard error)   of the mean of 50 draws   dropout rates")
table = {}
for kind in kinds:
    one, fifty = (np.array([values[kind, seed] for seed in range(repeats)]) for values in (losses, means))
    table[kind] = one.mean(), fifty.mean()
    error = one.std(ddof=1) / np.sqrt(repeats), fifty.std(ddof=1) / np.sqrt(repeats)
    rates = np.mean([models[kind, seed].dropout_rates_ for seed in range(repeats)], axis=0)
    print(f"{kind:12}  {one.mean():8.3f} ({error[0]:.3f})            {fifty.mean():8.3f} ({error[1]:.3f})", end="")
    print("          ", "  ".join(f"{rate:.2f}" for rate in rates))

# %%
# After training on the first set: the probability of the second class with all units kept, and where it is one half;
# its mean over 100 draws; and the mutual information of class and noise, which is large where the draws disagree.
# Above the pictures: the mean log loss of the eight sets. Noise of any kind keeps the net from following single
# points, and the mean of many draws is mostly better still. The differences between most kinds are within their
# standard errors.
at = np.linspace(-1.8, 2.8, 47), np.linspace(-1.5, 2.0, 36)
grid = np.column_stack([a.ravel() for a in np.meshgrid(*at)])
X, y = data[0]
fig, axes = plt.subplots(3, 6, figsize=(12, 5.8), layout="constrained", sharex=True, sharey=True)
for column, kind in zip(axes.T, kinds, strict=True):
    u = models[kind, 0].predict_uncertainty(grid, n_draws=100)
    p = models[kind, 0].predict_proba(grid)[:, 1]
    for row, values in enumerate((p, u.mean[:, 1], u.mutual_information)):
        z, top = values.reshape(at[1].size, at[0].size), (1.0, 1.0, 0.4)[row]
        levels, cmap = np.linspace(0.0, top, 21), "cividis" if row < 2 else "Greys"
        surface = column[row].contourf(*at, z, levels=levels, cmap=cmap, extend="neither" if row < 2 else "max")
        if row < 2:
            column[row].contour(*at, z, levels=[0.5], colors="white", linewidths=1.2)
        for label, marker, color in ((0, "o", "black"), (1, "^", "white")):
            column[row].scatter(*X[y == label].T, s=9, marker=marker, c=color, edgecolors="0.5", linewidths=0.4)
        column[row].set(xticks=[], yticks=[])
        if kind == "concrete":
            fig.colorbar(surface, ax=axes[row], ticks=[0.0, top / 2.0, top], pad=0.01)
    column[0].set_title(f"{kind}\nlog loss {table[kind][0]:.3f}", fontsize=10)
    column[1].set_title(f"log loss {table[kind][1]:.3f}", fontsize=10)
axes[0, 0].set_ylabel("all units kept")
axes[1, 0].set_ylabel("mean of draws")
axes[2, 0].set_ylabel("mutual information")
fig.savefig("dropout_kinds.png", dpi=120)
print("probabilities and disagreement: dropout_kinds.png")
