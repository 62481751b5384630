"""
What each augmenter does to images
==================================

Each row shows one augmenter, applied with the same seed to the same eight images: pieces of 32 x 32 pixels from the
photographs that come with scikit-learn. Labels stay the same, except for mixup and CutMix: their images belong to two
classes, with the fractions printed below.
"""

# %%
# Pieces of two photographs as rows of numbers in [0, 1]. Images can be flat, as scikit-learn's estimators require.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images

from skreg.augmentation import (
    Batch,
    ColorJitter,
    CutMix,
    Cutout,
    Flip,
    GaussianNoise,
    Mixup,
    RandomCrop,
    RandomErasing,
    Rotate,
    Shift,
    Zoom,
)

china, flower = (image / 255.0 for image in load_sample_images().images)
places = [(60, 90), (150, 250), (190, 330), (240, 170)]
size = 96
pieces = [photo[r : r + size : 3, c : c + size : 3] for r, c in places for photo in (china, flower)]
X, y = np.stack(pieces).reshape(8, -1), np.array(["temple", "flower"] * 4)
shape = (32, 32, 3)

# %%
# Eleven augmenters. All have `fit_resample` for whole data sets; estimators call `augment`, one batch at a time.
augmenters = [
    Shift(6.0, image_shape=shape),
    RandomCrop(6, mode="reflect", image_shape=shape),
    Rotate(30.0, image_shape=shape),
    Zoom(0.6, 1.6, image_shape=shape),
    Flip(1.0, image_shape=shape),
    ColorJitter(0.4, 0.4, 0.8, image_shape=shape),
    Cutout(12, fill=0.5, image_shape=shape),
    RandomErasing(1.0, image_shape=shape),
    GaussianNoise(0.1),
    Mixup(8.0),
    CutMix(image_shape=shape),
]
figure, axes = plt.subplots(len(augmenters) + 1, 8, figsize=(8, 11.6), layout="constrained")
figure.get_layout_engine().set(h_pad=0.01, hspace=0.0)
for image, label, ax in zip(X, y, axes[0], strict=True):
    ax.imshow(image.reshape(shape))
    ax.set_title(label, fontsize=8)
axes[0, 0].set_ylabel("original", rotation=0, ha="right", va="center")
for augmenter, row in zip(augmenters, axes[1:], strict=True):
    new = augmenter.augment(Batch(X, y), np.random.default_rng(5))
    for k, ax in enumerate(row):
        ax.imshow(np.clip(new.X[k], 0.0, 1.0).reshape(shape))
        if new.shares is not None:
            ax.set_xlabel(f"{new.shares[k][new.y[k] == 'temple'].sum():.0%} temple", fontsize=7, labelpad=2)
    row[0].set_ylabel(type(augmenter).__name__, rotation=0, ha="right", va="center")
for ax in axes.ravel():
    ax.set(xticks=[], yticks=[])
figure.savefig("augmenters.png", dpi=150)
