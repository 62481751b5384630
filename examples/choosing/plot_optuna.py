"""
Optuna, in stages
=================

`param_space(..., engine="optuna")` returns what ``study.ask`` takes. With ask and tell you keep the loop in your
hands. Here it has two stages: first dropout and weight decay, which replace each other, then the learning rate and
label smoothing with the best values of the first stage.

The data are handwritten digits, with 300 training rows. Optuna is an extra: ``python -m pip install ".[tuning]"``.
"""

# %%
# A stage is a study over a part of the space. Candidates are scored by the log loss over three folds, with the same
# folds and the same seed for all, so that nothing else differs.
import matplotlib.pyplot as plt
import numpy as np
import optuna
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score, train_test_split

from skreg import DropoutMLPClassifier
from skreg.inspection import param_space

optuna.logging.set_verbosity(optuna.logging.WARNING)
X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X / 16.0, y, train_size=300, random_state=0, stratify=y)
net = DropoutMLPClassifier((32,), max_iter=40, early_stopping=False, random_state=0)
space = param_space(net, engine="optuna")


def stage(model, names, n_trials):
    """A study over some parameters; returns it, with the model at its best."""
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, multivariate=True))
    start = {name: value for name, value in model.get_params().items() if name in names}
    study.enqueue_trial(start)  # what is known is the first candidate
    for _ in range(n_trials):
        trial = study.ask({name: space[name] for name in names})
        scores = cross_val_score(model.set_params(**trial.params), X, y, cv=3, scoring="neg_log_loss")
        study.tell(trial, -scores.mean())
    return study, model.set_params(**study.best_params)


studies = []
for names in (["dropout", "weight_decay"], ["learning_rate", "label_smoothing"]):
    study, net = stage(net, names, 10)
    studies.append(study)
    found = ", ".join(f"{name} {value:.3g}" for name, value in study.best_params.items())
    print(f"log loss {study.trials[0].value:.4f} to {study.best_value:.4f}: {found}")
default = DropoutMLPClassifier((32,), max_iter=40, early_stopping=False, random_state=0)
for name, model in (("defaults", default), ("after both stages", net)):
    loss = log_loss(y_test, model.fit(X, y).predict_proba(X_test))
    print(f"{name:18} log loss on {len(y_test)} test digits {loss:.4f}, accuracy {model.score(X_test, y_test):.4f}")

# %%
# The candidates; darker is better. A star marks the best of each stage, a ring its start. Below: the best log loss so
# far. A net as small as this one, trained for 40 epochs, wants less dropout and less weight decay than the defaults,
# and a larger learning rate, which brings it further in the same time.
fig, axes = plt.subplots(2, 2, figsize=(10.5, 7), layout="constrained", height_ratios=[2.0, 1.0])
for (above, below), study in zip(axes.T, studies, strict=True):
    x, z = (np.array([trial.params[name] for trial in study.trials]) for name in study.best_params)
    losses = np.array([trial.value for trial in study.trials])
    points = above.scatter(x, z, c=losses, cmap="viridis", s=60, vmax=np.quantile(losses, 0.9))
    best = losses.argmin()
    above.plot(x[best], z[best], "*", color="#e69f00", markersize=17, markeredgecolor="k")
    above.plot(x[0], z[0], "o", mfc="none", color="k", markersize=13)
    fig.colorbar(points, ax=above, label="log loss")
    names = [name.replace("_", " ") for name in study.best_params]
    above.set(xlabel=names[0], ylabel=names[1])
    for name, scale in zip(study.best_params, (above.set_xscale, above.set_yscale), strict=True):
        if getattr(space[name], "log", False):
            scale("log")
    below.step(np.arange(1, losses.size + 1), np.minimum.accumulate(losses), where="post", color="#0072b2")
    below.plot(np.arange(1, losses.size + 1), losses, ".", color="0.6")
    below.set(xlabel="candidate", ylabel="log loss", ylim=(0.98 * losses.min(), np.quantile(losses, 0.9)))
fig.savefig("optuna.png", dpi=120)
