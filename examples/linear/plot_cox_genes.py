"""
A Cox path on a table of genes
==============================

Which of 500 genes go with survival, and how well do they order new patients? The path of Cox's model with an L1 penalty
lets genes enter one by one; cross-validation says where to stop.

The table is drawn at random, so that the genes with an effect are known: genes come in 50 correlated pathways of 10,
and 6 genes of different pathways change the hazard. About a third of the 300 patients are censored.
"""

# %%
# The hazard of a patient is ``exp(x b)`` times a baseline. Half of the patients are held out.
import matplotlib.pyplot as plt
import numpy as np

from skreg import PenalizedCox, PenalizedCoxCV

rng = np.random.default_rng(0)
n, n_pathways, size = 300, 50, 10
pathways = rng.normal(size=(n, n_pathways))
X = np.repeat(pathways, size, axis=1) * 0.6 + 0.8 * rng.normal(size=(n, n_pathways * size))
genes = np.arange(6) * 70  # each in another pathway
effects = np.array([1.0, -0.9, 0.8, -0.7, 0.6, -0.5])
time, end = rng.exponential(np.exp(-X[:, genes] @ effects)), rng.exponential(2.0, size=n)
y = np.column_stack([time <= end, np.minimum(time, end)])  # event or not, time
train, test = np.arange(0, n, 2), np.arange(1, n, 2)
print(f"{train.size} patients to train on, {int(y[train, 0].sum())} events")

# %%
# `PenalizedCoxCV` compares alphas by the cross-validated partial likelihood, on folds with the same share of events.
search = PenalizedCoxCV(l1_ratio=1.0, alphas=25, eps=0.05).fit(X[train], y[train])
alphas, coefs, gaps = PenalizedCox(l1_ratio=1.0).path(X[train], y[train], alphas=search.alphas_[0, 0])
selected = np.flatnonzero(search.coef_)
print(f"{selected.size} genes at the best alpha, {np.isin(genes, selected).sum()} of the 6 among them")
print(f"largest duality gap of the path: {gaps.max():.0e}")

# %%
# The concordance on the patients that were held out: the share of comparable pairs in the right order. The path shows
# that it is flat around the alpha that cross-validation chose.
concordances = []
for alpha in alphas:
    model = PenalizedCox(alpha, l1_ratio=1.0, tol=1e-4).fit(X[train], y[train])
    concordances.append(model.score(X[test], y[test]))
print(f"held-out concordance {search.score(X[test], y[test]):.2f}, of the true effects"
      f" {PenalizedCox(0.0).fit(X[train][:, genes], y[train]).score(X[test][:, genes], y[test]):.2f}")  # fmt: skip

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
others = np.setdiff1d(np.arange(X.shape[1]), genes)
left.semilogx(alphas, coefs[others].T, color="0.75", linewidth=0.8)
left.semilogx(alphas, coefs[genes].T)
left.set(xlabel="alpha", ylabel="log hazard ratio", title="Genes with an effect in colour")
mean = search.scores_[0, 0].mean(axis=1)
right.semilogx(alphas, concordances, label="held-out concordance")
right.set(xlabel="alpha", ylabel="concordance", title="New patients")
twin = right.twinx()
twin.semilogx(alphas, mean, color="C1", label="cross-validated partial likelihood")
twin.set_ylabel("log partial likelihood per event")
for ax in (left, right):
    ax.axvline(search.alpha_, color="black", linestyle=":")
    ax.set_xticks([0.02, 0.05, 0.1, 0.2], labels=["0.02", "0.05", "0.1", "0.2"])
    ax.minorticks_off()
right.legend(handles=[*right.lines[:1], *twin.lines[:1]], loc="lower center")
plt.show()
