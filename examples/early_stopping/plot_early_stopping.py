"""
Bias decreases, variance increases
==================================

Every step of gradient descent reduces the training error. The error on new data first decreases, while the model
learns the signal, and then increases, while it learns the noise. In other words, the bias decreases and the variance
increases. Early stopping ends training where their sum is smallest.

The data are simulated, so that bias and variance can be computed: 60 rows, 40 correlated features, and much noise.
"""

# %%
# One training set: the curves that you see in practice.
import matplotlib.pyplot as plt
import numpy as np

from skreg import EarlyStoppingRegressor

rng = np.random.default_rng(0)
n, p, noise = 60, 40, 3.0
scale = np.geomspace(3.0, 0.1, p)
mix = np.linalg.qr(rng.standard_normal((p, p)))[0]
truth = mix @ rng.standard_normal(p)
X_new = rng.standard_normal((1000, p)) * scale @ mix.T


def draw(n):
    """Rows, and targets with noise."""
    X = rng.standard_normal((n, p)) * scale @ mix.T
    return X, X @ truth + noise * rng.standard_normal(n)


X, y = draw(n)
X_val, y_val = draw(n)
model = EarlyStoppingRegressor(patience=200).fit(X, y, X_val=X_val, y_val=y_val)
at = np.flatnonzero(model.steps_ == model.best_iter_)[0]
print(f"stopped after {model.best_iter_} steps: training error {model.train_curve_[at]:.2f},", end=" ")
print(f"validation error {model.best_score_:.2f}, {model.effective_degrees_of_freedom_:.1f} degrees of freedom of {p}")

# %%
# 200 training sets show what is behind the curves. For a fixed number of steps, the bias is the distance of the mean
# prediction from the truth, and the variance is the spread of predictions around their mean.
steps = np.unique(np.geomspace(1, 20000, 25).astype(int))
predictions = np.empty((len(steps), 200, len(X_new)))
for k in range(200):
    A, b = draw(n)
    values, V = np.linalg.eigh(np.cov(A.T, bias=True))
    target = V.T @ ((A - A.mean(axis=0)).T @ (b - b.mean())) / n
    for i, t in enumerate(steps):  # closed form of t steps; see the example on ridge
        fraction = -np.expm1(t * np.log1p(-values / values[-1] * 0.999))
        coef = V @ (target * fraction / np.maximum(values, 1e-12))
        predictions[i, k] = b.mean() + (X_new - A.mean(axis=0)) @ coef
bias = np.mean((predictions.mean(axis=1) - X_new @ truth) ** 2, axis=1)
variance = predictions.var(axis=1).mean(axis=1)
best = steps[np.argmin(bias + variance)]
print(f"best number of steps on average: {best}; bias {bias[np.argmin(bias + variance)]:.2f},", end=" ")
print(f"variance {variance[np.argmin(bias + variance)]:.2f}, noise {noise**2:.2f}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", sharey=True)
left.plot(model.steps_, model.train_curve_, "C0", label="training")
left.plot(model.steps_, model.validation_curve_, "C1--", label="validation")
left.fill_between(model.steps_, model.train_curve_, model.validation_curve_, color="0.9", label="gap")
left.axvline(model.best_iter_, color="k", lw=1, ls=":")
left.annotate("stop", (model.best_iter_, 40.0), xytext=(4, 0), textcoords="offset points")
left.set(
    xscale="symlog",
    xlim=(0, None),
    xlabel="gradient steps",
    ylabel="mean squared error",
    title="One training set",
)
left.legend(frameon=False)
right.plot(steps, noise**2 + bias + variance, "k", label="error on new data")
right.plot(steps, bias, "C0--", label="bias squared")
right.plot(steps, variance, "C1-.", label="variance")
right.axhline(noise**2, color="0.6", ls=":", label="noise")
right.axvline(best, color="k", lw=1, ls=":")
right.set(xscale="log", xlabel="gradient steps", title="Decomposed over 200 training sets")
right.legend(frameon=False)
fig.savefig("early_stopping.png", dpi=120)
