"""
New digits with few labels: fine-tuning
=======================================

A net that has seen many digits from 0 to 4 knows what strokes look like. How many labels does it need for the digits
from 5 to 9? :class:`~skreg.neural.FineTunedClassifier` begins from its weights and gives it a new output layer.
"""

# %%
# The source is fitted once, to all digits from 0 to 4. ``FrozenEstimator`` keeps its fit where scikit-learn clones the
# model around it.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator

from skreg import DropoutCNNClassifier
from skreg.neural import FineTunedClassifier

X, y = load_digits(return_X_y=True)
X = X.reshape(-1, 8, 8) / 16.0
first = y < 5
net = DropoutCNNClassifier((16, 32), hidden_layer_sizes=(64,), max_iter=10, early_stopping=False, random_state=0)
source = net.fit(X[first], y[first])
X, y = X[~first], y[~first]
print(f"{first.sum()} digits from 0 to 4, {len(y)} from 5 to 9")

# %%
# Few rows make few steps in an epoch. All models make about the same number of steps here, with batches of 16 rows.
# "Frozen" trains the output layer only, which is a logistic regression on the features of the source.
frozen = FrozenEstimator(source)
models = {
    "from scratch": clone(net),
    "fine-tuned": FineTunedClassifier(frozen),
    "one layer after the other": FineTunedClassifier(frozen, unfreeze=5),
    "L2-SP": FineTunedClassifier(frozen, l2_sp=1.0),
    "frozen": FineTunedClassifier(frozen, l2_sp=np.inf),
}
repeats = 3
n_labels, steps = (2, 5, 20), 300
errors = {name: np.zeros((len(n_labels), repeats)) for name in models}
for k, n in enumerate(n_labels):
    for repeat in range(repeats):
        order = np.random.default_rng(repeat).permutation(len(y))
        few = np.concatenate([order[y[order] == label][:n] for label in range(5, 10)])
        rest = np.setdiff1d(order, few)
        epochs = max(10, steps // -(-few.size // 16))
        for name, model in models.items():
            model.set_params(max_iter=epochs, batch_size=16, random_state=repeat).fit(X[few], y[few])
            errors[name][k, repeat] = 100.0 * (1.0 - model.score(X[rest], y[rest]))
print("error, %, by labels a class  " + "".join(f"{n:8d}" for n in n_labels))
for name, values in errors.items():
    print(f"{name:29}" + "".join(f"{value:8.1f}" for value in values.mean(axis=1)))

# %%
# What the first layers have learned is worth most where there are fewest labels; with more labels all nets that may
# change their features come close to each other, and frozen features fall behind.
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for (name, values), style in zip(errors.items(), ("k--", "-", "-", "-", ":"), strict=True):
    ax.plot(n_labels, values.mean(axis=1), style, marker="o", label=name)
ax.set(xscale="log", xticks=n_labels, xticklabels=n_labels, xlabel="labels of every class", ylabel="test error, %")
ax.minorticks_off()
fig.legend(loc="outside right upper")
fig.savefig("fine_tuning.png", dpi=120)
print("error by labels: fine_tuning.png")
