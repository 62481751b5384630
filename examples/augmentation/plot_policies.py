"""
Policies: random augmenters at random strengths
===============================================

`RandAugment` applies some random augmenters at one strength, `TrivialAugment` one at a random strength. The pictures
show what that does to a photograph. Then `AugmentationSearchCV` asks, on a hundred and fifty digits, which augmenter
helps a support vector machine, and how much of it.
"""

# %%
# Six copies of one photograph for each policy. The list of augmenters for images is the default.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits, load_sample_images
from sklearn.svm import SVC
from sklearn.utils import shuffle

from skreg import AugmentationSearchCV
from skreg.augmentation import Batch, GaussianNoise, RandAugment, Rotate, Shift, TrivialAugment

photo = load_sample_images().images[1][90:330:4, 180:420:4] / 255.0
X = np.repeat(photo[None], 6, axis=0)
policies = {
    "RandAugment\nmagnitude 0.1": RandAugment(magnitude=0.1),
    "RandAugment\nmagnitude 0.3": RandAugment(magnitude=0.3),
    "RandAugment\nmagnitude 0.8": RandAugment(magnitude=0.8),
    "TrivialAugment": TrivialAugment(),
}
figure, axes = plt.subplots(len(policies), 6, figsize=(6.6, 3.9), layout="constrained")
figure.get_layout_engine().set(h_pad=0.02, hspace=0.0)
for (name, policy), row in zip(policies.items(), axes, strict=True):
    new = policy.augment(Batch(X, np.zeros(6)), np.random.default_rng(3))
    for image, ax in zip(new.X, row, strict=True):
        ax.imshow(np.clip(image, 0.0, 1.0))
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
figure.savefig("policies.png", dpi=150)

# %%
# Which augmenter, how strong? All candidates start with one copy of every row; the better half goes on with twice the
# copies. Every gain is a mean difference to no augmentation on the same eight folds.
X, y = shuffle(*load_digits(return_X_y=True), random_state=0)
X = X / 16.0
shape = dict(image_shape=(8, 8))
candidates = {"shift": Shift(2.0, **shape), "rotate": Rotate(45.0, **shape), "noise": GaussianNoise(0.5)}
search = AugmentationSearchCV(SVC(), candidates, strengths=[0.3, 1.0], n_copies=4, cv=8, random_state=0)
search.fit(X[:150], y[:150])
plain = SVC().fit(X[:150], y[:150])
print(f"chosen: {search.best_name_} at strength {search.best_strength_}, {search.best_n_copies_} copies")
print(f"accuracy on the other digits: {search.score(X[150:], y[150:]):.3f}, without augmentation", end=" ")
print(f"{plain.score(X[150:], y[150:]):.3f}")

# %%
# All gains, with their 95 % intervals. Where the interval of the best one contains 0, the search chooses "none".
table = pd.DataFrame(search.results_).iloc[1:][::-1]
labels = [
    f"{row.name_}, strength {row.strength:g}, {row.n_copies} {'copy' if row.n_copies == 1 else 'copies'}"
    for row in table.rename(columns={"name": "name_"}).itertuples()
]
figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
places = np.arange(len(table))
colors = np.where(table.gain_low > 0.0, "C0", "0.6")
ax.hlines(places, 100 * table.gain_low, 100 * table.gain_high, colors=colors)
ax.scatter(100 * table.gain, places, c=colors, zorder=3)
ax.axvline(0.0, color="k", linewidth=0.8)
ax.set(yticks=places, yticklabels=labels, xlabel="gain in accuracy over no augmentation, percentage points")
figure.savefig("augmentation_search.png", dpi=150)
