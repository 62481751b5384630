"""
Active learning: which digit to label next
==========================================

Labels are expensive. If you can label only a few digits, which ones? Those with a large mutual information: the nets
drawn by dropout are each confident, but disagree (BALD: Houlsby et al. 2011; with dropout: Gal, Islam & Ghahramani
2017). The entropy of the mean also selects digits that are ambiguous in themselves. Random labels are the baseline.
"""

# %%
# A thousand digits without labels. Each round labels twenty more, by three rules. There are six repetitions, each with
# its own test digits; the three rules start with the same twenty labels.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skreg import DropoutMLPClassifier

X, y = load_digits(return_X_y=True)
X = X / 16.0
repeats, step, rounds = 6, 20, 10


def net(seed):
    return DropoutMLPClassifier(
        (64,), normalization=None, dropout=0.3, weight_decay=0.01, l1=0.0, learning_rate=0.005, max_iter=40,
        early_stopping=False, batch_size=16, random_state=seed,
    )  # fmt: skip


def wanted(rule, model, rng):
    """How much the label of each digit in the pool is wanted."""
    if rule == "random":
        return rng.random(len(pool))
    u = model.predict_uncertainty(X[pool], n_draws=30)
    return u.mutual_information if rule == "mutual information" else u.predictive_entropy


# %%
# Every round takes the twenty best of the digits that have no label yet.
rules = ["random", "entropy", "mutual information"]
accuracy = np.empty((len(rules), repeats, rounds))
for seed in range(repeats):
    order = np.random.default_rng(seed).permutation(len(y))
    pool, test = order[:1000], order[1000:]
    for r, rule in enumerate(rules):
        rng = np.random.default_rng(seed)
        labelled = np.zeros(len(pool), dtype=bool)
        labelled[:step] = True
        for k in range(rounds):
            model = net(seed).fit(X[pool[labelled]], y[pool[labelled]])
            accuracy[r, seed, k] = model.score(X[test], y[test])
            want = np.where(labelled, -np.inf, wanted(rule, model, rng))
            labelled[np.argsort(-want)[:step]] = True

labels = step * np.arange(1, rounds + 1)
print("accuracy on 797 test digits, mean of six repetitions; difference to random (2 standard errors)")
print("labels   " + "   ".join(f"{rule:>20}" for rule in rules))
for k in range(rounds):
    print(f"{labels[k]:6}   {accuracy[0, :, k].mean():20.3f}", end="")
    for r in (1, 2):
        gain = accuracy[r, :, k] - accuracy[0, :, k]
        error = 2.0 * gain.std(ddof=1) / np.sqrt(repeats)
        print(f"   {accuracy[r, :, k].mean():.3f} {gain.mean():+.3f} ({error:.3f})", end="")
    print()
for goal in (0.85, 0.9):
    reached = [
        labels[np.argmax(mean >= goal)] if mean.max() >= goal else "more than 200" for mean in accuracy.mean(axis=1)
    ]
    print(f"labels until the mean accuracy is {goal}: " + ", ".join(map("{}: {}".format, rules, reached)))

# %%
# After twenty labels the net knows so little that its uncertainty misleads, and random labels are better up to 100
# labels. Entropy is ahead by more than two standard errors from 160 labels on, mutual information from 180 on. 200
# random labels reach less than 180 labels chosen by either measure.
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
styles = {"random": ("0.45", "--", "o"), "entropy": ("C1", "-", "^"), "mutual information": ("C0", "-", "s")}
for r, (rule, (color, line, marker)) in enumerate(styles.items()):
    for ax, curves in ((left, accuracy[r]), (right, accuracy[r] - accuracy[0])):
        if ax is right and rule == "random":
            ax.axhline(0.0, color=color, linestyle=line)
            continue
        mean, error = curves.mean(axis=0), 2.0 * curves.std(axis=0, ddof=1) / np.sqrt(repeats)
        ax.plot(labels, mean, color=color, linestyle=line, marker=marker, markersize=4, label=rule)
        ax.fill_between(labels, mean - error, mean + error, color=color, alpha=0.18, linewidth=0.0)
left.set(xlabel="labels", ylabel="accuracy on new digits", title="Learning curves (bands: 2 standard errors)")
right.set(xlabel="labels", ylabel="gain in accuracy", title="Compared to random labels, paired")
left.legend(frameon=False, loc="lower right")
fig.savefig("active_learning.png", dpi=120)
print("learning curves: active_learning.png")
