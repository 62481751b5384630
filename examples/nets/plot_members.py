"""
What members of an ensemble disagree about
==========================================

Nets that are trained apart agree where they have seen data, and each goes its own way where they have not. Their
disagreement is epistemic uncertainty, without dropout. A deep ensemble trains every member alone (Lakshminarayanan et
al. 2017). The members of a shared ensemble, ``ensemble_size=8``, share all weights but small scales, biases and the
output layer (Wen et al. 2020; Gorishniy et al. 2025), and train in one fit. Monte Carlo dropout draws thinned nets of
one net.
"""

# %%
# A sine with a gap in the middle without data.
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from skreg import DeepEnsembleClassifier, DeepEnsembleRegressor, DropoutMLPClassifier, DropoutMLPRegressor

rng = np.random.default_rng(0)
x = np.concatenate([rng.uniform(-3.0, -1.0, 100), rng.uniform(1.0, 3.0, 100)])
y = np.sin(1.5 * x) + 0.2 * rng.standard_normal(x.size)
options = dict(early_stopping=False, normalization=None, weight_decay=0.0, l1=0.0, clip_norm=1.0, batch_size=32)
net = DropoutMLPRegressor(dropout=0.0, random_state=0, **options)
models = {
    "dropout": DropoutMLPRegressor(dropout=0.2, random_state=0, **options),
    "eight members that share": DropoutMLPRegressor(dropout=0.0, ensemble_size=8, random_state=0, **options),
    "eight members apart": DeepEnsembleRegressor(net, n_members=8, random_state=0),
}
line = np.linspace(-4.0, 4.0, 160)
print("standard deviation of the draws    with data    in the gap    outside")
fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained", sharey=True)
for ax, (name, model) in zip(axes, models.items(), strict=True):
    draws = model.fit(x[:, None], y).sample_predictions(line[:, None], n_draws=8)
    spread = np.sqrt(model.predict_uncertainty(line[:, None]).epistemic)
    places = np.abs(line)
    means = [spread[where].mean() for where in ((places > 1.0) & (places < 3.0), places <= 1.0, places >= 3.0)]
    print(f"{name:33}" + "".join(f"{value:12.3f}" for value in means))
    ax.plot(line, draws.T, color="C0", linewidth=0.8)
    ax.plot(line, np.sin(1.5 * line), color="k", linestyle="--", linewidth=1.0)
    ax.scatter(x, y, s=6, color="0.35", linewidths=0.0)
    ax.set(title=name, xlabel="x", ylim=(-3.0, 3.0))
axes[0].set(ylabel="eight draws")
fig.savefig("members.png", dpi=120)
print("draws: members.png")

# %%
# Members agree where there are data, and disagree in the gap. Outside, all go on along the line that they saw last and
# agree on it, although it is wrong: nets of one kind may be wrong together. `predict_uncertainty` has another number
# for rows that are far from all training rows, `distance`. Draws of dropout differ everywhere, also where data leave no
# doubt.
#
# Which predictions are wrong? Handwritten digits, from 400 of them. The mutual information between label and member
# should be larger where the prediction is wrong; 1.0 is a perfect order, 0.5 a random one.
X, labels = load_digits(return_X_y=True)
X_train, X_test, t_train, t_test = train_test_split(X / 16.0, labels, train_size=400, random_state=0, stratify=labels)
net = DropoutMLPClassifier(dropout=0.0, ensemble_size=1, random_state=0)
models = {
    "dropout": DropoutMLPClassifier(ensemble_size=1, random_state=0),
    "eight members that share": DropoutMLPClassifier(dropout=0.0, ensemble_size=8, random_state=0),
    "eight members apart": DeepEnsembleClassifier(net, n_members=8, random_state=0),
}
print("                            seconds   log loss   errors   errors found by mutual information")
for name, model in models.items():
    start = time.perf_counter()
    model.fit(X_train, t_train)
    seconds = time.perf_counter() - start
    p, u = model.predict_proba(X_test), model.predict_uncertainty(X_test)
    wrong = p.argmax(axis=1) != t_test
    found = roc_auc_score(wrong, u.mutual_information)
    print(f"{name:27} {seconds:8.1f} {log_loss(t_test, p):10.3f} {wrong.mean():8.3f} {found:12.3f}")

# %%
# Members apart err least, for the time of eight fits. Members that share take a part of that time, err less than the
# net with dropout, and know best which of their predictions are wrong.
