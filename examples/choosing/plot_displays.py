"""
Displays of regularization
==========================

The displays of `skreg.inspection` on one page. They work like scikit-learn's displays: `from_estimator` or `from_cv`
computes and draws, `plot(ax=...)` draws again, and `ax_` and `figure_` let you continue. Lines differ in style as
well as color, so that they can be told apart in grey.
"""

# %%
# **A path and the choice of alpha.** Coefficients of the lasso against the penalty strength, weaker to the right; the
# cross-validation score; and the number of nonzero coefficients. The two vertical lines mark the best mean score and
# the simplest model within one standard error of it.
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import (
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    EarlyStoppingRegressor,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
)
from skreg.inspection import (
    CalibrationGapDisplay,
    CVCurveDisplay,
    FilterFactorDisplay,
    LossCurveDisplay,
    RegularizationPathDisplay,
    SparsityDisplay,
    UncertaintyDisplay,
)

X, y = load_diabetes(return_X_y=True, as_frame=True)
search = make_pipeline(StandardScaler(), ElasticNetProxCV(l1_ratio=[0.2, 1.0], selection="1se")).fit(X, y)
fig, axes = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
RegularizationPathDisplay.from_cv(search, X, y, ax=axes[0])
curve = CVCurveDisplay.from_cv(search, ax=axes[1])
SparsityDisplay.from_cv(search, X, y, ax=axes[2])
fig.savefig("displays_path.png", dpi=120)
print(f"best alpha {curve.value_min_:.3g}, by one standard error {curve.value_1se_:.3g}")

# %%
# **Training.** The loss of a net on training and validation rows, both without noise, the gap between them, and the
# epoch that was kept. Next, the same for gradient descent with early stopping. Last, the fraction of the least
# squares solution it reaches along the principal axes after 3, 30 or 300 steps, beside the equivalent ridge.
cells, label = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, label_train, label_test = train_test_split(cells, label, random_state=0)
net = make_pipeline(StandardScaler(), DropoutMLPClassifier(l1=0.02, random_state=0)).fit(train, label_train)
Z = StandardScaler().fit_transform(X)
descent = EarlyStoppingRegressor(patience=200, random_state=0).fit(Z, y)
fig, axes = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
LossCurveDisplay.from_estimator(net, ax=axes[0])
axes[0].set_title("net")
LossCurveDisplay.from_estimator(descent, ax=axes[1])
axes[1].set_title("gradient descent")
FilterFactorDisplay.from_estimator(descent, steps=[3, 30, 300], ax=axes[2])
axes[2].set_title("early stopping as a filter")
fig.savefig("displays_training.png", dpi=120)

# %%
# **Uncertainty.** Bands of a regression on one feature; the inner band would shrink with more data. The entropy of
# predicted classes, split in the same way, with crosses for wrong answers. And calibration: is a prediction with 90 %
# confidence right nine times of ten, with almost no penalty?
bmi = DropoutMLPRegressor(heteroscedastic=True, random_state=0).fit(Z[:, [2]], y)
loose = make_pipeline(StandardScaler(), LabelSmoothedLogistic(alpha=1e-4, label_smoothing=0.0)).fit(train, label_train)
fig, axes = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
UncertaintyDisplay.from_estimator(bmi, Z[:, [2]], y, ax=axes[0])
axes[0].set_xlabel("body mass index, standardized")
UncertaintyDisplay.from_estimator(net, test, label_test, ax=axes[1])
gap = CalibrationGapDisplay.from_estimator(loose, test, label_test, n_bins=5, strategy="uniform", ax=axes[2])
axes[2].set_title("logistic regression, weak penalty")
fig.savefig("displays_certainty.png", dpi=120)
print(f"expected calibration error {gap.ece_:.3f}")

# %%
# **Sparsity.** L1 on the weights of the net above, by proximal steps: most weights are exactly zero.
fig, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
SparsityDisplay.from_estimator(net, ax=ax)
fig.savefig("displays_layers.png", dpi=120)
