"""
What label smoothing costs: refusing to answer
==============================================

A classifier that may refuse to answer its least confident cases should make fewer errors on the rest. Label smoothing
makes this harder, because it brings the confidence of right and wrong answers closer together (Xia et al. 2024, arXiv
2403.14715, for deep networks). Is that also true for a linear model?

The data are the handwritten digits of scikit-learn: 200 training rows, 1,597 test rows. The penalty is weak, so that
smoothing is the main regularizer.
"""

# %%
# The risk is the error rate among the answers that are given, as fewer and fewer are given.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

from skreg import LabelSmoothedLogistic

X, y = load_digits(return_X_y=True)
X = X / 16.0
splits = list(StratifiedShuffleSplit(10, train_size=200, random_state=0).split(X, y))
coverage = np.linspace(0.05, 1.0, 39)


def risk_at(coverage, confidence, wrong):
    """Error rate among the most confident answers, for every coverage."""
    ordered = wrong[np.argsort(-confidence, kind="stable")]
    given = np.maximum((coverage * wrong.size).astype(int), 1)
    return np.cumsum(ordered)[given - 1] / given


# %%
# Ten random choices of the 200 rows, the same for all models, so that differences are paired.
smoothings = [0.0, 0.1, 0.3, 0.6]
risks = {smoothing: [] for smoothing in smoothings}
errors = {smoothing: [] for smoothing in smoothings}
for train, test in splits:
    for smoothing in smoothings:
        model = LabelSmoothedLogistic(alpha=1e-4, label_smoothing=smoothing, tol=1e-4).fit(X[train], y[train])
        p = model.predict_proba(X[test])
        wrong = p.argmax(axis=1) != y[test]
        risks[smoothing].append(risk_at(coverage, p.max(axis=1), wrong))
        errors[smoothing].append(wrong.mean())

plain = np.array(risks[0.0])
print("smoothing   error   area under risk-coverage   difference to no smoothing (2 standard errors)")
for smoothing in smoothings:
    areas = np.array(risks[smoothing]).mean(axis=1)
    change = areas - plain.mean(axis=1)
    half = 2.0 * change.std(ddof=1) / np.sqrt(len(splits))
    print(f"{smoothing:9.1f}  {np.mean(errors[smoothing]):6.4f}  {areas.mean():25.5f}", end="")
    print(f"   {change.mean():+.5f} ({half:.5f})")

# %%
# With smoothing more answers are wrong, at every coverage. Here smoothing only costs; the calibration example shows
# what it gains.
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
styles = {0.0: ("C1", "-"), 0.1: ("C0", "-"), 0.3: ("C2", "--"), 0.6: ("C3", ":")}
for smoothing, (color, line) in styles.items():
    curve = np.array(risks[smoothing])
    left.plot(coverage, curve.mean(axis=0), color=color, linestyle=line, label=f"smoothing {smoothing:g}")
    if smoothing:
        change = curve - plain
        error = 2.0 * change.std(axis=0, ddof=1) / np.sqrt(len(splits))
        right.plot(coverage, change.mean(axis=0), color=color, linestyle=line, label=f"smoothing {smoothing:g}")
        right.fill_between(
            coverage, change.mean(axis=0) - error, change.mean(axis=0) + error, color=color, alpha=0.15, linewidth=0
        )
right.axhline(0.0, color="C1", linewidth=1.0)
left.set(xlabel="coverage (fraction answered)", ylabel="error rate", title="Risk and coverage")
right.set(
    xlabel="coverage (fraction answered)",
    ylabel="change in error rate",
    title="Against no smoothing (bands: 2 standard errors)",
)
left.legend(frameon=False)
right.legend(frameon=False)
fig.savefig("selective_classification.png", dpi=120)
print("risk-coverage curves: selective_classification.png")
