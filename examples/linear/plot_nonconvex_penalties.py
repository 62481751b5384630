"""
MCP and SCAD beside the lasso
=============================

The lasso shrinks large coefficients as much as small ones. Cross-validation then prefers a small `alpha`, at which the
large ones are shrunken little, and many features without effect stay in the model. MCP (Zhang 2010) and SCAD (Fan & Li
2001) penalize large coefficients less, or not at all.

The data are drawn at random, so that we know which features matter: 8 of 200, with coefficients of 1 to 3. There are
100 rows, and neighbouring features are correlated.
"""

# %%
# What a penalty does to one coefficient. With orthonormal features every coefficient is a function of its own least
# squares estimate. A diagonal X gives the whole function in one fit.
import matplotlib.pyplot as plt
import numpy as np

from skreg import PenalizedRegressor, PenalizedRegressorCV

METHODS = {
    "lasso": (dict(penalty="elastic_net", l1_ratio=1.0), "C1"),
    "SCAD": (dict(penalty="scad"), "C2"),
    "MCP": (dict(penalty="mcp"), "C0"),
}
size = 241
least_squares = np.linspace(-6.0, 6.0, size)
X = np.sqrt(size) * np.eye(size)
functions = {
    name: PenalizedRegressor(alpha=1.0, fit_intercept=False, **options).fit(X, X @ least_squares).coef_
    for name, (options, _) in METHODS.items()
}
print("least squares estimate   " + "".join(f"{name:>8}" for name in METHODS))
for value in (0.5, 1.5, 3.0, 5.0):
    row = np.argmin(np.abs(least_squares - value))
    print(f"{value:22.1f}   " + "".join(f"{functions[name][row]:8.2f}" for name in METHODS))

# %%
# Six data sets. Every method chooses `alpha` by cross-validation on each of them; the lasso needs smaller values. The
# "oracle" is least squares on the 8 features that matter, which nobody knows in practice.
n_draws, n, p = 6, 100, 200
rng = np.random.default_rng(0)
truth = np.zeros(p)
truth[::25] = [3.0, -2.0, 1.0, 1.5, -3.0, 2.0, -1.0, 1.0]
matters = truth != 0.0
results = {name: [] for name in (*METHODS, "oracle")}
for _ in range(n_draws):
    Z = rng.standard_normal((n, p))
    X = Z.copy()
    for j in range(1, p):  # correlation .5 with the neighbour, .25 with the next one, and so on
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * Z[:, j]
    y = X @ truth + rng.standard_normal(n)
    for name, (options, _) in METHODS.items():
        eps = 0.005 if name == "lasso" else 0.03
        results[name].append(PenalizedRegressorCV(alphas=12, eps=eps, cv=3, **options).fit(X, y).coef_)
    oracle = np.zeros(p)
    oracle[matters] = PenalizedRegressor(alpha=0.0).fit(X[:, matters], y).coef_
    results["oracle"].append(oracle)

print(f"\nmeans over {n_draws} draws")
print("         of 8 found   false   error of coef   size of 3 and -3")
large = {name: np.abs(np.array(coefs)[:, np.abs(truth) == 3.0]).ravel() for name, coefs in results.items()}
for name, coefs in results.items():
    coefs = np.array(coefs)
    found, false = (coefs[:, matters] != 0.0).sum(axis=1), (coefs[:, ~matters] != 0.0).sum(axis=1)
    error = np.linalg.norm(coefs - truth, axis=1)
    print(f"{name:>6}   {found.mean():10.1f}   {false.mean():5.1f}   {error.mean():13.2f}   {large[name].mean():16.2f}")

# %%
# What is promised differs. The lasso has a duality gap: no coefficients are better. SCAD and MCP are not convex, and
# only stationarity is certified: no small change of the coefficients is better.
for name, (options, _) in METHODS.items():
    model = PenalizedRegressor(alpha=0.2, **options).fit(X, y)
    if name == "lasso":
        print(f"{name:>6}: duality gap {model.dual_gap_:.0e}")
    else:
        print(f"{name:>6}: distance to stationarity {model.stationarity_:.0e}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
left.plot([-6, 6], [-6, 6], color="0.7", linestyle="--", linewidth=1.0, label="not penalized")
for (name, (_, color)), style in zip(METHODS.items(), ("-", "--", "-"), strict=True):
    left.plot(least_squares, functions[name], color=color, linestyle=style, label=name)
left.set(xlabel="least squares estimate", ylabel="penalized estimate", title="One coefficient, alpha = 1")
left.legend(frameon=False)
colors = [*(color for _, color in METHODS.values()), "0.6"]
boxes = right.boxplot(
    list(large.values()), tick_labels=list(large), widths=0.5, patch_artist=True, medianprops=dict(color="k")
)
for box, color in zip(boxes["boxes"], colors, strict=True):
    box.set(facecolor=color, alpha=0.5)
right.axhline(3.0, color="0.4", linestyle="--", linewidth=1.0)
right.set(ylabel="size of the estimate", title="The two coefficients 3 and -3, in all draws")
fig.savefig("nonconvex_penalties.png", dpi=120)
print("estimates: nonconvex_penalties.png")
