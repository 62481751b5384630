"""
A small table: how the epoch is chosen, and why
===============================================

After too few epochs a net has learned too little, after too many it knows the noise of its training rows. Rows that it
does not see in training tell when to stop. With ``early_stopping=True`` these are a tenth of the rows. A tenth of 120
rows are 12, and 12 other rows choose another epoch. ``early_stopping="cv"``, the default of perceptrons with fewer than
1000 rows, trains three nets, each without a third of the rows, so that every row is outside of one of them. The mean of
the three curves chooses the epoch; then a net trains on all rows until there.
"""

# %%
# Diabetes of 120 patients. The other 322 tell what the choice is worth.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from skreg import DropoutMLPRegressor

X, y = load_diabetes(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, train_size=120, random_state=0)
net = DropoutMLPRegressor((30,), ensemble_size=1, learning_rate=0.01, max_iter=40)


def fitted(seed, early_stopping, **options):
    return clone(net).set_params(random_state=seed, early_stopping=early_stopping).fit(X, y, **options)


folds = fitted(0, "cv")
print(
    f"epoch {folds.best_iter_ + 1} of {len(folds.validation_curve_)} has the least mean loss, {folds.best_score_:.3f}"
)
print(f"the net has trained on all {len(X)} rows for {folds.n_iter_} epochs")

# %%
# Five seeds for every way. They draw what is held out, the folds, and the initial weights. Here the last epoch
# is as good as that of the folds. After training on 120 rows of 14 tables, its log loss was 31 % higher than with folds
# (``python -m benchmarks tabular --parts few``).
seeds = range(5)
models = {
    "a tenth": [fitted(seed, True) for seed in seeds],
    "three folds": [folds, *(fitted(seed, "cv") for seed in seeds[1:])],
    "none": [fitted(seed, False) for seed in seeds],
}
print("\nheld out      epochs               test RMSE")
for way, nets in models.items():
    epochs = [one.n_iter_ if way == "none" else one.best_iter_ + 1 for one in nets]
    errors = [np.sqrt(np.mean((one.predict(X_test) - y_test) ** 2)) for one in nets]
    print(f"{way:12}  {epochs!s:20} {np.mean(errors):.1f}")

# %%
# Left: every fold has a curve of its own, and their mean is close to what the patients of the test say. Right: the
# curves of five tenths, each with the epoch that it would choose.
test = fitted(0, False, X_val=X_test, y_val=y_test).validation_curve_
fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
steps = np.arange(1, net.max_iter + 1)
axes[0].plot(steps, np.transpose(folds.fold_curves_), color="tab:blue", alpha=0.35, label=["folds", None, None])
axes[0].plot(steps, folds.validation_curve_, color="tab:blue", linewidth=2.5, label="their mean")
axes[0].scatter(folds.best_iter_ + 1, folds.best_score_, color="tab:blue", zorder=3, label="chosen")
axes[1].plot(steps, np.transpose([one.validation_curve_ for one in models["a tenth"]]), color="tab:orange", alpha=0.5)
chosen = [(one.best_iter_ + 1, one.best_score_) for one in models["a tenth"]]
axes[1].scatter(*np.transpose(chosen), color="tab:orange", zorder=3, label="chosen, each by other 12 rows")
for ax, title in zip(axes, ("three folds", "a tenth held out, five times"), strict=True):
    ax.plot(steps, test, color="black", linestyle="--", label="322 other patients")
    ax.set(xlabel="epoch", title=title)
    ax.legend()
axes[0].set_ylabel("validation loss")
fig.savefig("chosen_epoch.png", dpi=120)
