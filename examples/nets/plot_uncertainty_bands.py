"""
Bands that say why a prediction is uncertain
============================================

A prediction can be uncertain because the data are noisy there, or because there are none. Dropout left on at prediction
time tells the second (epistemic) from how much the answers of many draws differ (Gal & Ghahramani 2016). The first
(aleatoric) is one number by default, and with ``heteroscedastic=True`` a second output of the net, learned from the
likelihood (Nix & Weigend 1994). `predict_uncertainty` returns both, `predict_interval` adds them up.
"""

# %%
# A sine whose noise grows from left to right, and a gap in the middle without data.
import matplotlib.pyplot as plt
import numpy as np

from skreg import DropoutMLPRegressor


def sample(n, rng, low, high):
    x = rng.uniform(low, high, n)
    return x, np.sin(1.5 * x) + noise(x) * rng.standard_normal(n)


def noise(x):
    return 0.05 + 0.1 * (x + 3.0)


rng = np.random.default_rng(0)
parts = [sample(200, rng, -3.0, -1.0), sample(200, rng, 1.0, 3.0)]
x, y = (np.concatenate(both) for both in zip(*parts, strict=True))
models = {}
for heteroscedastic in (False, True):
    models[heteroscedastic] = DropoutMLPRegressor(
        (100, 100), normalization=None, dropout=0.2, weight_decay=0.0, l1=0.0, clip_norm=1.0, learning_rate=0.005,
        max_iter=200, early_stopping=False, batch_size=32, heteroscedastic=heteroscedastic,
        random_state=0,
    ).fit(x[:, None], y)  # fmt: skip

# %%
# Do intervals for 90 % hold 90 % of new targets? 1,000 new ones in each region, whose noise is known here.
regions = {"left, little noise": (-3.0, -1.0), "gap, no data": (-1.0, 1.0), "right, much noise": (1.0, 3.0)}
print("share of new targets inside intervals for 90 %, and what the standard deviation is made of")
print("                     noise         region               inside   epistemic   aleatoric   true noise")
for heteroscedastic, model in models.items():
    for region, ends in regions.items():
        new, target = sample(1000, rng, *ends)
        low, high = model.predict_interval(new[:, None], coverage=0.9, n_draws=100)
        inside = ((low < target) & (target < high)).mean()
        u = model.predict_uncertainty(new[:, None], n_draws=100)
        name = "a function of x" if heteroscedastic else "constant"
        print(f"{name:>33} {region:20} {inside:6.3f}", end="")
        for variance in (u.epistemic, u.aleatoric, noise(new) ** 2):
            print(f"{np.sqrt(variance.mean()):12.3f}", end="")
        print()

# %%
# Nine tenths of the new targets should be inside. With one variance of the noise, the intervals are too wide on the
# left and too narrow on the right; learned as a function of x, the noise comes nearer to the truth, and so do the
# shares. In the gap (orange) the epistemic part is what grows. How much it should, no data tell: the width there
# depends on the net and on its dropout rate, and that the shares in the gap come out near is luck as much as merit.
line = np.linspace(-3.4, 3.4, 150)
fig, axes = plt.subplots(
    2, 2, figsize=(11, 6.4), layout="constrained", sharex=True, sharey="row", height_ratios=[1.6, 1.0]
)
for (above, below), model in zip(axes.T, models.values(), strict=True):
    u = model.predict_uncertainty(line[:, None], n_draws=1000)
    mean = model.predict(line[:, None])
    for variance, shade, label in (
        (u.total, "0.85", "epistemic and aleatoric"),
        (u.epistemic, "C0", "epistemic alone"),
    ):
        half = 1.645 * np.sqrt(variance)
        above.fill_between(line, mean - half, mean + half, color=shade, linewidth=0.0, label=label)
    above.scatter(x, y, s=7, color="0.35", linewidths=0.0)
    above.plot(line, np.sin(1.5 * line), color="k", linestyle="--", linewidth=1.0, label="truth")
    above.plot(line, mean, color="C1", linewidth=1.8, label="prediction")
    below.plot(line, np.sqrt(u.epistemic), color="C0", label="epistemic")
    below.plot(line, np.sqrt(u.aleatoric), color="0.45", linewidth=2.4, label="aleatoric")
    below.plot(line, noise(line), color="k", linestyle="--", linewidth=1.0, label="true noise")
    below.set(xlabel="x", ylim=(0.0, None))
    for ax in (above, below):
        ax.axvspan(-1.0, 1.0, color="C1", alpha=0.07, linewidth=0.0)
axes[0, 0].set(ylabel="y, with bands for 90 %", ylim=(-3.0, 3.4), title="One variance of the noise")
axes[0, 1].set(title="Noise learned as a function of x")
axes[1, 0].set(ylabel="standard deviation")
axes[0, 1].legend(frameon=False, loc="upper left", ncols=2)
axes[1, 1].legend(frameon=False)
fig.savefig("uncertainty_bands.png", dpi=120)
print("bands: uncertainty_bands.png")
