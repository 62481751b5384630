"""
Claims with exposure
====================

How many claims does a policy have? That depends on how long it is insured: the exposure. A Poisson model of counts has
the logarithm of the exposure as an offset, a part of the linear predictor with coefficient 1. An L1 penalty keeps the
levels that differ from the rest. X is one-hot and stays sparse.

The 20,000 policies are drawn at random, so that the true effects are known: of 300 regions, 15 have three times as many
claims as the others; 3 of 20 brands and 3 of 8 ages of drivers have more, too.
"""

# %%
# Most policies have .25 claims a year.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from skreg import PenalizedRegressor, PenalizedRegressorCV

rng = np.random.default_rng(0)
n = 20_000
levels = np.column_stack([rng.integers(300, size=n), rng.integers(20, size=n), rng.integers(8, size=n)])
effects = np.zeros(300), np.zeros(20), np.array([0.8, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3])
effects[0][:15] = np.log(3.0)
effects[1][:3] = 0.5
exposure = rng.uniform(0.05, 1.0, size=n)
frequency = 0.25 * np.exp(sum(effect[column] for effect, column in zip(effects, levels.T, strict=True)))
claims = rng.poisson(frequency * exposure)
X = OneHotEncoder().fit_transform(levels).tocsc()
train, test = train_test_split(np.arange(n), test_size=0.5, random_state=0)
print(f"{train.size} policies to train on, {claims[train].sum()} claims, {X.shape[1]} sparse columns")

# %%
# With the offset, `predict` returns claims for the given exposure; `score` is the share of the deviance that is
# explained. Without it, the model cannot know that short policies have few claims.
search = dict(loss="poisson", l1_ratio=1.0, alphas=12, eps=0.02, cv=3)
offset = np.log(exposure)
with_offset = PenalizedRegressorCV(**search).fit(X[train], claims[train], offset=offset[train])
without = PenalizedRegressorCV(**search).fit(X[train], claims[train])
ridge = PenalizedRegressorCV(**search | dict(l1_ratio=0.0)).fit(X[train], claims[train], offset=offset[train])
free = PenalizedRegressor(1e-9, loss="poisson", l1_ratio=0.0).fit(X[train], claims[train], offset=offset[train])
constant = PenalizedRegressor(1e9, loss="poisson", l1_ratio=0.0).fit(X[train], claims[train], offset=offset[train])
print("                     columns   explained deviance on new policies")
for name, model, given in (
    ("exposure only", constant, offset[test]),
    ("L1 without exposure", without, None),
    ("nearly no penalty", free, offset[test]),
    ("L2", ridge, offset[test]),
    ("L1", with_offset, offset[test]),
):
    score = model.score(X[test], claims[test], offset=given)
    used = np.count_nonzero(np.abs(model.coef_) > 1e-6)
    print(f"{name:>19}   {used:7}   {score:34.4f}")

# %%
# For counts, the same model can be fitted to frequencies with the exposure as weights.
alpha = with_offset.alpha_
a = PenalizedRegressor(alpha, loss="poisson", l1_ratio=1.0).fit(X[train], claims[train], offset=offset[train])
b = PenalizedRegressor(alpha / exposure[train].mean(), loss="poisson", l1_ratio=1.0)
b.fit(X[train], claims[train] / exposure[train], sample_weight=exposure[train])
print(f"offset or weights: coefficients differ by at most {np.abs(a.coef_ - b.coef_).max():.0e}")
print(f"duality gap {a.dual_gap_:.0e}, {a.dual_gap_ / a.objective_:.0e} of the objective")

# %%
# On the left, the path: levels that matter enter first. On the right, policies in ten groups by exposure.
alphas, coefs, _, _ = PenalizedRegressor(loss="poisson", l1_ratio=1.0).path(
    X[train], claims[train], offset=offset[train], alphas=20, eps=0.02
)
matters = np.concatenate(effects) != 0.0
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for color, rows, label in (("0.7", ~matters, "no effect"), ("C0", matters, "true effect")):
    drawn = left.plot(alphas, coefs[rows].T, color=color, linewidth=1.0)
    drawn[0].set_label(label)
left.axvline(alpha, color="k", linestyle=":", linewidth=1.0, label="chosen alpha")
left.set(xscale="log", xlabel="alpha", ylabel="coefficient", title="L1 path of 328 levels")
left.invert_xaxis()
left.legend(frameon=False, loc="upper left")
part = np.digitize(exposure[test], np.linspace(0.05, 1.0, 11)[1:-1])
size = np.bincount(part)
years = np.bincount(part, exposure[test]) / size
observed = np.bincount(part, claims[test]) / size
right.errorbar(years, observed, np.sqrt(observed / size), fmt="o", color="0.4", label="observed, with standard error")
for name, prediction, color in (
    ("with exposure", with_offset.predict(X[test], offset=offset[test]), "C0"),
    ("without exposure", without.predict(X[test]), "C1"),
):
    right.plot(years, np.bincount(part, prediction) / size, color=color, label=name)
right.set(xlabel="exposure, years", ylabel="claims of a policy", title="New policies", ylim=(0.0, None))
right.legend(frameon=False)
fig.savefig("poisson_exposure.png", dpi=120)
print("path and exposure: poisson_exposure.png")
