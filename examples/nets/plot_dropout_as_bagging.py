"""
Dropout as an ensemble of all smaller nets
==========================================

A net with n hidden units is 2^n nets, one for every choice of units to keep. Dropout trains all of them at once, with
shared weights (Hinton et al. 2012, Srivastava et al. 2014). `predict_proba` answers for all of them in a single pass
with every unit kept: "weight scaling". How good is this approximation? With twelve hidden units we can evaluate each
of the 4,096 nets.

We compare with three other answers: the mean of all probabilities, which bagging would return; their normalized
geometric mean; and the mean over a few random nets, which `predict_uncertainty` returns.
"""

# %%
# Two nets with twelve hidden units, in one layer and in two, on handwritten digits. Dropout is their only
# regularizer.
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skreg import DropoutMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16.0, y, test_size=200, random_state=0, stratify=y)
rate = 0.2
nets = {}
for hidden in ((12,), (8, 4)):
    nets[hidden] = DropoutMLPClassifier(
        hidden, normalization=None, dropout=rate, weight_decay=0.0, l1=0.0, learning_rate=0.01, max_iter=100,
        early_stopping=False, batch_size=64, random_state=0,
    ).fit(X_train, y_train)  # fmt: skip


# %%
# Every mask in turn, applied to the weights and biases of the fitted net, with its probability.
def log_probabilities(model, masks):
    """Logarithms of the probabilities of the classes, from one net after another."""
    *weights, last = model.weights_
    *biases, bias = model.biases_
    for mask in masks:
        h, start = X_test, 0
        for W, b in zip(weights, biases, strict=True):
            kept = mask[start : start + b.size] / (1.0 - rate)  # so that the mean of the factor is 1
            h, start = np.maximum(h @ W + b, 0.0) * kept, start + b.size
        z = h @ last + bias
        yield z - logsumexp(z, axis=1, keepdims=True)


masks = np.array(list(product([0.0, 1.0], repeat=12)))
shares = rate ** (masks == 0.0).sum(axis=1) * (1.0 - rate) ** masks.sum(axis=1)
arithmetic, geometric = {}, {}
for hidden, model in nets.items():
    mean = log_mean = 0.0
    for share, log_p in zip(shares, log_probabilities(model, masks), strict=True):
        mean, log_mean = mean + share * np.exp(log_p), log_mean + share * log_p
    arithmetic[hidden] = mean
    geometric[hidden] = np.exp(log_mean - logsumexp(log_mean, axis=1, keepdims=True))


# %%
# The distance of each answer from the mean of all nets, and its quality. With one layer, weight scaling *is* the
# geometric mean, up to rounding: the log-odds are linear in the mask, so their mean is their value at the mean mask.
# With two layers it is an approximation.
def distance(p, q):
    """Root mean square of the differences of probabilities."""
    return np.sqrt(((p - q) ** 2).mean())


print("hidden units  answer                 log loss   error   distance to the mean of all   to the geometric mean")
for hidden, model in nets.items():
    answers = {
        "mean of all 4,096": arithmetic[hidden],
        "geometric mean": geometric[hidden],
        "weight scaling": model.predict_proba(X_test),
        "mean of 50 draws": model.predict_uncertainty(X_test, n_draws=50).mean,
    }
    for name, p in answers.items():
        error = (p.argmax(axis=1) != y_test).mean()
        near, far = distance(p, arithmetic[hidden]), distance(p, geometric[hidden])
        print(f"{hidden!s:13} {name:22} {log_loss(y_test, p):8.3f}  {error:6.3f}   {near:27.1e}   {far:21.1e}")

# %%
# The error of Monte Carlo decreases with the square root of the number of draws. 4,096 draws are split into many
# small samples or a few large ones.
draws = 4096
counts = 2 ** np.arange(0, 10)
errors = {}
for hidden, model in nets.items():
    p = model.sample_predictions(X_test, n_draws=draws)
    for count in counts:
        means = p.reshape(draws // count, count, *p.shape[1:]).mean(axis=1)
        errors[hidden, count] = np.sqrt(((means - arithmetic[hidden]) ** 2).mean())

for hidden, model in nets.items():
    curve = np.array([errors[hidden, count] for count in counts])
    slope = np.polyfit(np.log(counts), np.log(curve), 1)[0]
    scaling = distance(model.predict_proba(X_test), arithmetic[hidden])
    print(f"{hidden!s:8} slope {slope:.2f}; weight scaling is as close as {(curve[0] / scaling) ** 2:.1f} draws")

# %%
# Weight scaling costs one pass, and is about as close to the mean of all nets as two to five draws; the thin lines
# have slope -1/2. But closer is not better. The nets drop a fifth of their few units and disagree, so their mean is
# uncertain and its log loss is larger. Weight scaling is more confident (right), which is better here.
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
styles = {(12,): ("C0", "o", "-", "a layer of 12"), (8, 4): ("C1", "^", "--", "layers of 8 and 4")}
for hidden, (color, marker, line, label) in styles.items():
    curve = [errors[hidden, count] for count in counts]
    left.loglog(counts, curve, color=color, marker=marker, linestyle="", label=f"Monte Carlo, {label}")
    left.loglog(counts, curve[0] / np.sqrt(counts), color=color, linestyle=line, linewidth=0.9)
    scaling = distance(nets[hidden].predict_proba(X_test), arithmetic[hidden])
    left.axhline(scaling, color=color, linestyle=line, linewidth=1.8, label=f"weight scaling, {label}")
    right.plot(
        arithmetic[hidden].max(axis=1), nets[hidden].predict_proba(X_test).max(axis=1), color=color, marker=marker,
        linestyle="", markersize=3.5, alpha=0.6, label=label,
    )  # fmt: skip
right.plot([0.2, 1.0], [0.2, 1.0], color="0.5", linewidth=1.0)
left.set(
    xlabel="draws (n_draws)",
    ylabel="root mean square error of probabilities",
    title="Distance to the mean of all nets",
)
right.set(xlabel="mean of all 4,096 nets", ylabel="weight scaling", title="Largest probability of each test digit")
left.legend(frameon=False)
right.legend(frameon=False)
fig.savefig("dropout_as_bagging.png", dpi=120)
print("ensembles: dropout_as_bagging.png")
