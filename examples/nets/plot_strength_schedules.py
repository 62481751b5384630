"""
Noise that grows, falls or follows the gap
==========================================

Dropout of one rate from the first step to the last is not the only choice. Curriculum dropout (Morerio et al. 2017)
begins without noise, annealed dropout (Rennie et al. 2014) ends without it, and ``strength_schedule="gap"`` turns it up
while the validation loss draws away from the training loss. All multiply weight decay, too.
"""

# %%
# Few digits and a wide net with much dropout, so that the strength matters. "gap" needs validation rows while the net
# trains. For a fair comparison all four hold a tenth of the rows out; without ``early_stopping=True``, the others would
# cross-validate the epoch on so few rows.
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skreg import DropoutMLPClassifier
from skreg.inspection import LossCurveDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16.0, y, train_size=400, stratify=y, random_state=0)
repeats = 3
schedules = ("constant", "curriculum", "annealed", "gap")
models, losses = {}, {}
for schedule in schedules:
    losses[schedule] = []
    for seed in range(repeats):
        params = dict(dropout=0.5, strength_schedule=schedule, early_stopping=True, max_iter=40, random_state=seed)
        net = DropoutMLPClassifier((128, 128), **params)
        models[schedule] = net.fit(X_train, y_train)
        losses[schedule].append(log_loss(y_test, net.predict_proba(X_test)))
    shown = ", ".join(f"{value:.3f}" for value in losses[schedule])
    print(f"{schedule:12} test log loss {shown}; strength in the end {net.strength_curve_[-1]:.2f}")

# %%
# The grey line is the strength. The losses are those of one of the nets, without noise on both kinds of rows. Compare
# the differences between schedules with those between seeds before you believe in one of them;
# ``python -m benchmarks transfer --parts schedules`` does so on tables, beside a constant strength that was tuned.
fig, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
for ax, schedule in zip(axes.ravel(), schedules, strict=True):
    LossCurveDisplay.from_estimator(models[schedule], ax=ax)
    ax.set_title(f'strength_schedule="{schedule}"')
fig.savefig("strength_schedules.png", dpi=120)
print("losses and strengths: strength_schedules.png")
