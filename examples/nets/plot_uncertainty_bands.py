"""
Epistemic and aleatoric uncertainty
===================================

A prediction can be uncertain because the data are noisy there (aleatoric), or because there are no data (epistemic).
Dropout at prediction time estimates the epistemic part by the disagreement between draws (Gal & Ghahramani 2016). The
aleatoric part is one number by default; with ``heteroscedastic=True`` it is a second output of the net, trained with
the likelihood (Nix & Weigend 1994). `predict_uncertainty` returns both. `predict_interval` combines them, and scales
the intervals such that they cover the validation rows (split-conformal prediction).
"""

# %%
# A sine with noise that increases from left to right, and a gap in the middle without data.
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
parts = [sample(100, rng, -3.0, -1.0), sample(100, rng, 1.0, 3.0)]
x_val, y_val = (np.concatenate(both) for both in zip(*parts, strict=True))
models = {}
for heteroscedastic in (False, True):
    models[heteroscedastic] = DropoutMLPRegressor(
        (100, 100), normalization=None, dropout=0.2, weight_decay=0.0, l1=0.0, clip_norm=1.0, learning_rate=0.005,
        max_iter=200, early_stopping=False, batch_size=32, heteroscedastic=heteroscedastic,
        random_state=0,
    ).fit(x[:, None], y, X_val=x_val[:, None], y_val=y_val)  # fmt: skip

# %%
# Do 90 % intervals contain 90 % of new targets? Each region has 500 new ones; the true noise is known.
regions = {"left, little noise": (-3.0, -1.0), "gap, no data": (-1.0, 1.0), "right, much noise": (1.0, 3.0)}
print("coverage of 90 % intervals on new targets, and the parts of the standard deviation")
print("                     noise         region               inside   epistemic   aleatoric   true noise")
for heteroscedastic, model in models.items():
    for region, ends in regions.items():
        new, target = sample(500, rng, *ends)
        low, high = model.predict_interval(new[:, None], coverage=0.9, n_draws=100)
        inside = ((low < target) & (target < high)).mean()
        u = model.predict_uncertainty(new[:, None], n_draws=100)
        name = "a function of x" if heteroscedastic else "constant"
        print(f"{name:>33} {region:20} {inside:6.3f}", end="")
        for variance in (u.epistemic, u.aleatoric, noise(new) ** 2):
            print(f"{np.sqrt(variance.mean()):12.3f}", end="")
        print()

# %%
# Nine tenths of the new targets should be inside, and on average over the regions with data they are. With one noise
# variance, intervals are too wide on the left and too narrow on the right. With learned noise they are closer to the
# truth. In the gap (orange) the epistemic part increases. No data tell by how much it should, and no validation rows
# correct it there: the width depends on the net and its dropout rate.
line = np.linspace(-3.4, 3.4, 150)
fig, axes = plt.subplots(
    2, 2, figsize=(11, 6.4), layout="constrained", sharex=True, sharey="row", height_ratios=[1.6, 1.0]
)
for (above, below), model in zip(axes.T, models.values(), strict=True):
    u = model.predict_uncertainty(line[:, None], n_draws=300)
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
axes[0, 0].set(ylabel="y, with 90 % bands", ylim=(-3.0, 3.4), title="One noise variance")
axes[0, 1].set(title="Noise learned as a function of x")
axes[1, 0].set(ylabel="standard deviation")
axes[0, 1].legend(frameon=False, loc="upper left", ncols=2)
axes[1, 1].legend(frameon=False)
fig.savefig("uncertainty_bands.png", dpi=120)
print("bands: uncertainty_bands.png")
