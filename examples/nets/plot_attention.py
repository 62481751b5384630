r"""
What a transformer looks at in a table
======================================

In :class:`~skreg.DropoutTransformerRegressor` the features of a row look at each other. The target here is Friedman's
first function,

.. math:: y = 10 \sin(\pi x_1 x_2) + 20 (x_3 - 1/2)^2 + 10 x_4 + 5 x_5 + \text{noise},

where features 1 and 2 matter only together, 3, 4 and 5 alone, and the last three not at all.
"""

# %%
# A fit with a penalty on the entropy of attention, so that every feature looks at few others; the ordinary fit; and one
# with the opposite penalty, which spreads attention.
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from sklearn.datasets import make_friedman1

from skreg import DropoutTransformerRegressor

X, y = make_friedman1(1200, n_features=8, noise=1.0, random_state=0)
names = {0.1: "concentrated", 0.0: "no penalty", -0.1: "spread"}
models = {}
for entropy, name in names.items():
    model = DropoutTransformerRegressor(2, embedding_size=32, attention_entropy=entropy, max_iter=60, random_state=0)
    models[entropy] = model.fit(X[:800], y[:800])
    print(f"attention_entropy={entropy:4.1f} ({name}): R2 on test rows {model.score(X[800:], y[800:]):.3f}")

# %%
# `attention_maps` has the weights of every head of every block, for every row; token 0 stands for the row. How much the
# features look at each other in the first block, as a mean over rows and heads:
maps = {entropy: model.attention_maps(X[800:])[:, 0, :, 1:, 1:].mean(axis=(0, 1)) for entropy, model in models.items()}
for entropy, weights in maps.items():
    others = np.delete(weights, [0, 1], axis=1)[2:].mean()
    print(
        f"{names[entropy]:>12}: feature 1 looks at 2 with {weights[0, 1]:.2f}, 2 at 1 with {weights[1, 0]:.2f}, the"
        f" last six at each other with {others:.2f} each"
    )

# %%
# Rows look, columns are looked at; the frames mark the pair that matters together. All three nets predict about as
# well; a positive penalty makes visible what they use. Attention is a hint, no proof: the first block also carries
# what later blocks need, and noise features look at something, too.
plt.rc("font", size=15)
fig, axes = plt.subplots(1, 3, figsize=(10, 4), sharey=True, layout="constrained")
for ax, (entropy, weights) in zip(axes, maps.items(), strict=True):
    image = ax.imshow(weights, vmin=0.0, vmax=0.4, cmap="viridis")
    for i, j in ((0, 1), (1, 0)):
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="red", linewidth=3))
    ax.set(title=names[entropy], xticks=range(8), xticklabels=range(1, 9), yticks=range(8), yticklabels=range(1, 9))
axes[0].set_ylabel("feature that looks")
axes[1].set_xlabel("feature looked at")
fig.colorbar(image, ax=axes, shrink=0.7, ticks=[0.0, 0.2, 0.4])
fig.savefig("attention.png", dpi=120)
print("picture: attention.png")
