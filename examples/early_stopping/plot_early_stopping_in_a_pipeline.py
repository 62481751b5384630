"""
Early stopping of boosting in a pipeline
========================================

Preprocessing that learns from y, such as feature selection, must not see the validation rows of early stopping.
Otherwise these rows look as if the model had learned something. `EarlyStoppingRegressor` takes a whole Pipeline as
its estimator and fits it on the training rows only.

The data are simulated: 300 rows and 2,000 features, of which five matter.
"""

# %%
# The same selection and the same boosting in two orders: a Pipeline around early stopping, where the selection sees
# all rows; and early stopping around the Pipeline.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.pipeline import make_pipeline

from skreg import EarlyStoppingRegressor

rng = np.random.default_rng(0)
X = rng.standard_normal((2300, 2000), dtype=np.float32)
y = X[:, :5].sum(axis=1) + 3.0 * rng.standard_normal(2300)
X, X_new, y, y_new = X[:300], X[300:], y[:300], y[300:]

select = SelectKBest(f_regression, k=40)
boosting = GradientBoostingRegressor(learning_rate=0.1, max_depth=2, random_state=0)
stop = dict(validation_fraction=0.3, patience=50, max_iter=500, random_state=0)
around = make_pipeline(select, EarlyStoppingRegressor(boosting, **stop)).fit(X, y)
inside = EarlyStoppingRegressor(make_pipeline(select, boosting), **stop).fit(X, y)

print("                                 best step   validation error   error on 2,000 new rows")
for name, model, stopped in (("selection sees all rows", around, around[-1]), ("training rows only", inside, inside)):
    new = np.mean((y_new - model.predict(X_new)) ** 2)
    print(f"{name:31s}  {stopped.best_iter_:9d}  {stopped.best_score_:17.2f}  {new:24.2f}")

# %%
# With the Pipeline outside, the validation curve promises an error that new rows do not confirm, and it keeps
# decreasing long after the model has started to learn noise.
fig, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", sharey=True)
for ax, model, stopped, title in (
    (axes[0], around, around[-1], "pipeline around early stopping"),
    (axes[1], inside, inside, "early stopping around the pipeline"),
):
    steps = model[:-1] if model is around else model.estimator_[:-1]
    boosted = stopped.estimator_ if model is around else stopped.estimator_[-1]
    new = [np.mean((y_new - p) ** 2) for p in boosted.staged_predict(steps.transform(X_new))]
    ax.plot(stopped.steps_, stopped.train_curve_, "C0:", label="training rows")
    ax.plot(stopped.steps_, stopped.validation_curve_, "C1--", label="validation rows")
    ax.plot(range(1, len(new) + 1), new, "k", label="new rows, up to the best step")
    ax.axvline(stopped.best_iter_, color="0.5", lw=1)
    ax.set(xlabel="boosting rounds", title=title, ylim=(0.0, None))
axes[0].set_ylabel("mean squared error")
axes[0].legend(frameon=False)
fig.savefig("early_stopping_in_a_pipeline.png", dpi=120)
