"""
What dropout hides from a convolutional net
===========================================

Neighbouring pixels are alike. Where single pixels are missing, their neighbours tell what they were, and a net has
lost little. So convolutional nets drop square blocks (DropBlock: Ghiasi, Lin & Le 2018) or whole channels (spatial
dropout: Tompson et al. 2015). Here are the masks of the layers inside :class:`~skreg.DropoutCNNClassifier`, on a
photograph whose three channels are red, green and blue.
"""

# %%
# Three layers with the same rate. A layer is called with a batch and a context that asks for noise; in training every
# row gets a mask of its own. On a batch of ones the output shows the mask itself.
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_image

from skreg._nets.context import Context
from skreg._nets.layers.dropout import DropBlock, Dropout
from skreg._nets.noise import dropout_noise

picture = load_sample_image("flower.jpg")[90:346:4, 190:446:4] / 255.0
rate = 0.3
layers = {
    "single numbers\n(dropout)": Dropout(dropout_noise("bernoulli", rate)),
    "blocks of 11 x 11\n(drop_block)": DropBlock(rate, (11, 11)),
    "whole channels\n(spatial_dropout)": Dropout(dropout_noise("bernoulli", rate), shared=("positions",)),
}


def masks(layer, n, progress=1.0):
    """Masks of n rows when a share of the training is done, with 0 for what is dropped and 1 for the rest."""
    layer.build(picture.shape, None, np.float32)
    context = Context(seed=18, train=True, noisy=True)
    context.progress = progress
    out, _ = layer(np.ones((n, *picture.shape), np.float32), context)
    return np.sign(out)


# %%
# How much of what is missing do the neighbours not tell? Every missing number is guessed as a weighted mean of the
# numbers of the same channel near it, the nearer the more weight. The error is divided by that of the mean of the
# picture: 1 is a guess that knows nothing.
n_masks = 100
centred = picture - picture.mean(axis=(0, 1))
print("                                  zeros   unknown to the neighbours")
for name, layer in layers.items():
    mask = masks(layer, n_masks)
    sums, weights = (gaussian_filter(values, 1.5, axes=(1, 2)) for values in (centred * mask, mask))
    guess = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 1e-6)
    missing = mask == 0.0
    wrong = ((guess - centred) ** 2)[missing].sum() / np.broadcast_to(centred**2, mask.shape)[missing].sum()
    print(f"{name.replace(chr(10), ' '):32}  {missing.mean():5.2f}   {wrong:5.2f}")

# %%
# Each row shows the picture and three masks. Last row: DropBlock begins with nothing and drops more in every step of
# the training, until it reaches its rate at the end, since a net that has not learned anything yet needs all it sees.
fig, axes = plt.subplots(4, 4, figsize=(7.6, 7.7), layout="constrained")
for row, (name, layer) in zip(axes, layers.items(), strict=False):
    row[0].imshow(picture)
    row[0].set_ylabel(name, fontsize=10)
    for ax, mask in zip(row[1:], masks(layer, 3), strict=True):
        ax.imshow(picture * mask)
axes[0, 0].set_title("the picture", fontsize=10)
for k, ax in enumerate(axes[0, 1:]):
    ax.set_title(f"mask {k + 1}", fontsize=10)
growing = layers["blocks of 11 x 11\n(drop_block)"]
for ax, progress in zip(axes[3], (0.0, 0.3, 0.6, 1.0), strict=True):
    ax.imshow(picture * masks(growing, 1, progress)[0])
    ax.set_xlabel(f"{100 * progress:.0f} % of the training", fontsize=10)
axes[3, 0].set_ylabel("blocks grow\nin number", fontsize=10)
for ax in axes.ravel():
    ax.set(xticks=[], yticks=[])
fig.savefig("convolution_masks.png", dpi=120)
print("masks: convolution_masks.png")
