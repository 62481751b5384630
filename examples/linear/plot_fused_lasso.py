"""
=============================================
The fused lasso: coefficients that have steps
=============================================

Features are often in an order: positions on a chromosome, times, wavelengths. If neighbours act alike, the differences
of neighbouring coefficients are zero, but at a few steps. The fused lasso penalizes these differences.
"""

# %%
# A regression on 120 ordered features with 80 rows. Only two runs of features have an effect.

import matplotlib.pyplot as plt
import numpy as np
from scipy.sparse import eye_array

from skreg import PenalizedRegressor, PenalizedRegressorCV

rng = np.random.default_rng(0)
truth = np.zeros(120)
truth[20:45], truth[70:90] = 0.5, -0.3
X = rng.normal(size=(80, 120))
y = X @ truth + rng.normal(size=80)

lasso = PenalizedRegressorCV(l1_ratio=1.0, alphas=20).fit(X, y)
fused = PenalizedRegressorCV(penalty="fused", l1_ratio=[0.1, 0.5], alphas=20).fit(X, y)

fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
axes[0].plot(lasso.coef_, ".", color="gray", label="lasso")
axes[0].plot(fused.coef_, label="fused lasso")
axes[0].plot(truth, "k--", linewidth=0.8, label="truth")
axes[0].set(xlabel="feature", ylabel="coefficient", title="Regression on ordered features")
axes[0].legend()
for name, model in (("lasso", lasso), ("fused lasso", fused)):
    print(f"{name}: error of the coefficients {np.linalg.norm(model.coef_ - truth):.2f}")

# %%
# With the identity as X, the fused lasso with ``l1_ratio=0`` removes noise from a signal, and keeps its steps: total
# variation denoising.

signal = np.repeat([0.0, 2.0, -1.0, 0.5], [60, 40, 70, 30])
noisy = signal + 0.4 * rng.normal(size=signal.size)
identity = eye_array(signal.size, format="csc")
model = PenalizedRegressor(0.03, penalty="fused", l1_ratio=0.0, fit_intercept=False).fit(identity, noisy)
axes[1].plot(noisy, ".", color="gray", label="noisy signal")
axes[1].plot(model.coef_, label="fused lasso")
axes[1].plot(signal, "k--", linewidth=0.8, label="truth")
axes[1].set(xlabel="time", title="A signal with steps")
axes[1].legend()
plt.show()
print("steps:", np.flatnonzero(np.diff(model.coef_)) + 1)
