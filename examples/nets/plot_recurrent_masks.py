"""
What variational dropout hides from a recurrent net
===================================================

A recurrent net keeps what it has read in its state. Dropout with a new mask at every step erases a part of the state at
every step, and after some steps nothing is left of what was read first. Gal & Ghahramani (2016) draw one mask for a
whole sequence: some units are missing throughout, and the others remember. That is what `dropout` and
`recurrent_dropout` of :class:`~skreg.DropoutRNNClassifier` do, with a mask for every gate.
"""

# %%
# The masks that a layer of 20 GRU units draws for its state: three gates, three sequences.
import matplotlib.pyplot as plt
import numpy as np

from skreg._nets.context import Context
from skreg._nets.layers.recurrent import Direction
from skreg._nets.noise import dropout_noise

rate, n_units, n_steps = 0.25, 20, 30
noise = dropout_noise("bernoulli", rate)
layer = Direction("gru", n_units, "recurrent1", recurrent_noise=noise)
layer.build((n_steps, 1), np.random.default_rng(0), np.float32)
context = Context(seed=1, train=True, noisy=True)
masks = layer._masks(noise, 3, n_units, context)
print(f"masks of shape (gates, sequences, units): {masks.shape}; {(masks == 0).mean():.2f} of the factors are zero")

# %%
# How long does a state last? Take units that only keep their state, h' = m h with a factor m of dropout at every step.
# With a new mask at every step, the chance that a unit still holds anything after t steps is 0.75 to the power t.
rng = np.random.default_rng(0)
fresh = (rng.random((n_steps, 2000)) >= rate).cumprod(axis=0)
same = np.repeat((rng.random((1, 2000)) >= rate), n_steps, axis=0)
print("units that still hold something    new masks   one mask")
for t in (1, 5, 20):
    print(f"after {t:2d} steps                     {fresh[t - 1].mean():.3f}       {same[t - 1].mean():.3f}")

# %%
# Above: one mask of a sequence, the same at all steps, as the net draws it, and what a new mask at every step would be.
# Black units are dropped. Below: how much of the state is left.
fig, axes = plt.subplot_mosaic(
    [["one mask a sequence", "a new mask at every step"], ["left", "left"]],
    figsize=(6.4, 5.6),
    layout="constrained",
)
variational = np.repeat(masks[0, 0][:, None] > 0, n_steps, axis=1)
naive = rng.random((n_units, n_steps)) >= rate
for title, mask in (("one mask a sequence", variational), ("a new mask at every step", naive)):
    axes[title].imshow(mask, cmap="gray", aspect="auto", interpolation="nearest")
    axes[title].set(title=title, xlabel="step", ylabel="unit", yticks=[])
axes["left"].plot(np.arange(1, n_steps + 1), same.mean(axis=1), label="one mask a sequence")
axes["left"].plot(np.arange(1, n_steps + 1), fresh.mean(axis=1), "--", label="a new mask at every step")
axes["left"].set(title="share of units that remember", xlabel="step", ylim=(0.0, 1.0))
axes["left"].legend(loc="center right")
fig.savefig("recurrent_masks.png", dpi=120)
print("masks: recurrent_masks.png")
