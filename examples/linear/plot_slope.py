"""
============================================================
SLOPE: few false discoveries, equal coefficients in clusters
============================================================

SLOPE penalizes the largest coefficient most, the second largest less, and so on, with the thresholds of Benjamini and
Hochberg's test. Where features are uncorrelated, about the share ``fdr`` of those that it selects are mistakes. It also
gives correlated features equal coefficients, instead of choosing one of them at random.
"""

# %%
# Uncorrelated features: 20 of 200 have an effect. At ``alpha = sigma / sqrt(n)`` the share of false discoveries of
# SLOPE stays near ``fdr``, whatever the number of true effects is.

import matplotlib.pyplot as plt
import numpy as np

from skreg import ElasticNetProxCV, PenalizedRegressor

n_samples, n_features = 1000, 200
rates = [0.05, 0.1, 0.2, 0.4]


def draw(seed, n_effects):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    coef = np.where(np.arange(n_features) < n_effects, 0.3, 0.0)
    return X, X @ coef + rng.normal(size=n_samples)


def false_share(coef, n_effects):
    found = np.flatnonzero(coef)
    return np.mean(found >= n_effects) if found.size else 0.0


fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for n_effects in (5, 20):
    shares = [
        np.mean(
            [
                false_share(
                    PenalizedRegressor(1 / np.sqrt(n_samples), penalty="slope", fdr=fdr, tol=1e-4)
                    .fit(*draw(seed, n_effects))
                    .coef_,
                    n_effects,
                )
                for seed in range(10)
            ]
        )
        for fdr in rates
    ]
    axes[0].plot(rates, shares, "o-", label=f"SLOPE, {n_effects} effects")
lasso = np.mean([false_share(ElasticNetProxCV(l1_ratio=1.0, alphas=30).fit(*draw(s, 20)).coef_, 20) for s in range(5)])
axes[0].axhline(lasso, color="gray", linestyle=":", label="lasso by cross-validation, 20 effects")
axes[0].plot([0, 0.4], [0, 0.4], color="black", linewidth=0.8, label="fdr")
axes[0].set(xlabel="fdr", ylabel="share of false discoveries", title="Uncorrelated features")
axes[0].legend(fontsize="small")

# %%
# Correlated features: three blocks of five features, each with the same effect. The lasso spreads an effect unevenly
# within its block; SLOPE with the weights of OSCAR makes most of them exactly equal.

rng = np.random.default_rng(0)
X = np.repeat(rng.normal(size=(100, 3)), 5, axis=1) + 0.5 * rng.normal(size=(100, 15))
truth = np.repeat([2.0, -1.0, 0.0], 5)
y = X @ truth + 2.0 * rng.normal(size=100)
lasso = PenalizedRegressor(0.1, l1_ratio=1.0).fit(X, y)
slope = PenalizedRegressor(0.6, penalty="slope", slope_weights="oscar").fit(X, y)
axes[1].plot(truth, "k_", markersize=14, label="truth")
axes[1].plot(lasso.coef_, "o", color="gray", label="lasso")
axes[1].plot(slope.coef_, "o", label="SLOPE (OSCAR)")
axes[1].set(xlabel="feature", ylabel="coefficient", title="Correlated features")
axes[1].legend(fontsize="small")
plt.show()

print("different magnitudes, lasso:", np.unique(np.abs(lasso.coef_)).size)
print("different magnitudes, SLOPE:", np.unique(np.abs(slope.coef_)).size)
