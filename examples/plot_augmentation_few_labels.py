"""
Few labels: how many is a shift worth?
======================================

A digit that is moved or turned a little is the same digit. Told so by augmentation, models of scikit-learn's digits
need fewer labels: the curves below show the error on the other digits against the number of labels, with and without.

The augmenter is a parameter like any other: `GridSearchCV` can search over ``augmenter__0__degrees``. Only training
rows are augmented, inside every fold.
"""

# %%
# Two models, with and without twenty moved and turned copies of every labelled digit.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.svm import SVC

from skreg import AugmentedClassifier
from skreg.augmentation import Compose, Rotate, Shift

X, y = load_digits(return_X_y=True)
X = X / 16.0
moved = Compose([Rotate(12.0, image_shape=(8, 8)), Shift(0.7, image_shape=(8, 8))])
models = {"logistic regression": LogisticRegression(max_iter=2000), "support vectors": SVC(C=10.0)}
sizes, n_draws = [20, 50, 100, 200, 500], 8

# %%
# The error on all digits that were not labelled, over draws of the labels.
errors = {(name, with_): np.empty((len(sizes), n_draws)) for name in models for with_ in (False, True)}
for i, size in enumerate(sizes):
    draws = StratifiedShuffleSplit(n_draws, train_size=size, random_state=0).split(X, y)
    for j, (train, test) in enumerate(draws):
        for name, model in models.items():
            augmented = AugmentedClassifier(model, moved, n_copies=20, random_state=0)
            for with_, fitted in ((False, model.fit(X[train], y[train])), (True, augmented.fit(X[train], y[train]))):
                errors[name, with_][i, j] = 100.0 * np.mean(fitted.predict(X[test]) != y[test])
for name in models:
    before, after = errors[name, False][2].mean(), errors[name, True][2].mean()
    print(f"{name}, 100 labels: {before:.1f} % wrong without, {after:.1f} % with augmentation")

# %%
# Errors fall at every number of labels; the bands are standard errors over the draws.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, name in zip(axes, models, strict=True):
    for with_, style, word in ((False, "o--", "as they are"), (True, "s-", "with 20 moved and turned copies")):
        mean, error = errors[name, with_].mean(axis=1), errors[name, with_].std(axis=1) / np.sqrt(n_draws)
        color = "tab:orange" if with_ else "0.35"
        ax.plot(sizes, mean, style, color=color, label=word)
        ax.fill_between(sizes, mean - error, mean + error, color=color, alpha=0.2, lw=0)
    ax.set(xscale="log", yscale="log", title=name, xlabel="labels", xticks=sizes, xticklabels=sizes)
    ax.minorticks_off()
axes[0].set(ylabel="wrong, %", yticks=[2, 5, 10, 20], yticklabels=[2, 5, 10, 20])
axes[0].legend(frameon=False)
figure.savefig("augmentation_few_labels.png", dpi=150)
