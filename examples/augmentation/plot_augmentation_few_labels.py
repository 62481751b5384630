"""
Few labels: what are shifts worth?
==================================

A digit that is moved a little is the same digit. With this knowledge, added by augmentation, support vector machines
and nearest neighbours need fewer labels. The curves show the error on the other digits against the number of labels.
Logistic regression gets the same copies but cannot use them: a function that is linear in the pixels cannot ignore
their position.

The augmenter is a parameter like any other: `GridSearchCV` can search over ``augmenter__pixels``. Only training rows
are augmented, inside every fold.
"""

# %%
# Three models, with and without eight shifted copies of every labelled digit. `C` weighs a sum over rows against
# the penalty, and copies are rows, so `C` is divided by their number. Cubic splines keep an image of 8 x 8 pixels
# sharper than linear interpolation.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from skreg import AugmentedClassifier
from skreg.augmentation import Shift

X, y = load_digits(return_X_y=True)
X = X / 16.0
moved = Shift(1.0, order=3, image_shape=(8, 8))
models = {
    "support vectors": lambda copies: SVC(C=10.0 / (1 + copies)),
    "nearest neighbour": lambda copies: KNeighborsClassifier(1),
    "logistic regression": lambda copies: LogisticRegression(C=1.0 / (1 + copies), max_iter=1000),
}
sizes, n_draws, n_copies = [20, 50, 100], 10, 8

# %%
# The error on all digits without a label, over several random choices of the labels.
errors = {(name, with_): np.empty((len(sizes), n_draws)) for name in models for with_ in (False, True)}
for i, size in enumerate(sizes):
    draws = StratifiedShuffleSplit(n_draws, train_size=size, random_state=0).split(X, y)
    for j, (train, test) in enumerate(draws):
        for name, make in models.items():
            augmented = AugmentedClassifier(make(n_copies), moved, n_copies=n_copies, random_state=0)
            for with_, model in ((False, make(0)), (True, augmented)):
                wrong = model.fit(X[train], y[train]).predict(X[test]) != y[test]
                errors[name, with_][i, j] = 100.0 * np.mean(wrong)
for name in models:
    before, after = errors[name, False][2].mean(), errors[name, True][2].mean()
    print(f"{name}, 100 labels: {before:.1f} % error without, {after:.1f} % with augmentation")

# %%
# The bands are standard errors over these choices.
figure, axes = plt.subplots(1, 3, figsize=(8, 3.4), sharey=True, layout="constrained")
for ax, name in zip(axes, models, strict=True):
    for with_, style, word in ((False, "o--", "as they are"), (True, "s-", "with 8 moved copies")):
        mean, error = errors[name, with_].mean(axis=1), errors[name, with_].std(axis=1, ddof=1) / np.sqrt(n_draws)
        color = "tab:orange" if with_ else "0.35"
        ax.plot(sizes, mean, style, color=color, label=word)
        ax.fill_between(sizes, mean - error, mean + error, color=color, alpha=0.2, lw=0)
    ax.set(xscale="log", yscale="log", title=name, xlabel="labels", xticks=sizes, xticklabels=sizes)
    ax.minorticks_off()
axes[0].set(ylabel="error, %", yticks=[5, 10, 20], yticklabels=[5, 10, 20], ylim=(4.5, 30))
axes[0].legend(frameon=False)
figure.savefig("augmentation_few_labels.png", dpi=150)
