"""
A ring: what generators of rows learn
=====================================

Three hundred rows of two columns lie on a ring. A Gaussian copula knows the distribution of each column and their
correlation, which is 0 here: it fills the middle. A generative adversarial net learns the ring, if it trains long
enough. After a hundred steps it has not: the usual failure of such nets on few rows, for which some hundred epochs are
only some hundred steps.
"""

# %%
# Three generators, and a comparison of their rows with the real ones. A score of 0.5 means that a classifier cannot
# tell them apart. A distance ratio of 1 means that new rows are as far from the real ones as those are from each other;
# near 0 they are copies.
import matplotlib.pyplot as plt
import numpy as np

from skreg.augmentation import GANAugmenter, GaussianCopulaAugmenter, compare_generated

rng = np.random.default_rng(0)
angle = rng.uniform(0.0, 2.0 * np.pi, 300)
radius = 1.0 + 0.05 * rng.normal(size=300)
X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
params = dict(batch_size=128, learning_rate=0.004, random_state=0)
generators = {
    "copula": GaussianCopulaAugmenter(random_state=0),
    "GAN, 100 steps": GANAugmenter(n_steps=100, **params),
    "GAN, 1000 steps": GANAugmenter(n_steps=1000, **params),
}
rows = {"training rows": X} | {name: model.fit(X).generate(300)[0] for name, model in generators.items()}
found = {name: compare_generated(X, new) for name, new in rows.items() if new is not X}
for name, one in found.items():
    print(f"{name}: discriminative score {one.discriminative_score:.2f}, distance ratio {one.distance_ratio:.1f}")

# %%
# The same numbers above the pictures.
figure, axes = plt.subplots(2, 2, figsize=(6, 6.4), layout="constrained", sharex=True, sharey=True)
for ax, (name, new) in zip(axes.flat, rows.items(), strict=True):
    ax.scatter(*new.T, s=6, alpha=0.6, color="0.4" if new is X else "C0")
    score = f": score {found[name].discriminative_score:.2f}" if name in found else ""
    ax.set(title=name + score, aspect="equal", xlim=(-1.4, 1.4), ylim=(-1.4, 1.4))
figure.savefig("generated_ring.png", dpi=150)
