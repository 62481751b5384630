"""
Successive halving over many candidates
=======================================

Most random candidates are bad, and it shows early. Successive halving gives all of them a few epochs, keeps the best
third, gives these three times as many epochs, and so on (Jamieson & Talwalkar 2016). `skreg.inspection.param_space`
returns what to draw from: penalty strengths on logarithmic scales, dropout rates on linear ones. How columns are read
is not searched here: pixels need neither embeddings nor robust scales.
"""

# %%
# The resource is `max_iter`, the number of epochs. 27 candidates start with 3 epochs.
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, train_test_split

from skreg import DropoutMLPClassifier
from skreg.inspection import param_space

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X / 16.0, y, train_size=300, random_state=0, stratify=y)
net = DropoutMLPClassifier((32, 32), early_stopping=False, random_state=0)
space = {name: values for name, values in param_space(net).items() if hasattr(values, "ppf")}
for name, values in space.items():
    print(f"{name:16} {getattr(values, 'dist', values).__class__.__name__:18} {values.ppf([0.0, 0.5, 1.0]).round(4)}")
search = HalvingRandomSearchCV(
    net, space, n_candidates=27, resource="max_iter", min_resources=3, max_resources=81, factor=3, cv=3,
    scoring="neg_log_loss", random_state=0,
).fit(X, y)  # fmt: skip
results = pd.DataFrame(search.cv_results_)
epochs = int((results["n_resources"] * search.n_splits_).sum())
print(f"\n{len(results)} evaluations, {epochs} epochs; all 27 candidates to the end: {27 * 3 * 81}")
print(pd.Series(search.best_params_).round(4).to_string())
final = net.set_params(max_iter=81).fit(X, y)
print(f"accuracy on {len(y_test)} test digits: defaults {final.score(X_test, y_test):.4f}", end=", ")
print(f"found {search.best_estimator_.score(X_test, y_test):.4f}")

# %%
# Left: the candidates; lines end where a candidate is dropped. Right: the candidates that survived the first round.
# The learning rate decides early; dropout and weight decay matter less.
fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.4), layout="constrained")
results["candidate"] = [str({k: v for k, v in params.items() if k != "max_iter"}) for params in results["params"]]
survivors = results.groupby("candidate")
last = results["iter"].max()
for _, rows in survivors:
    alive = rows["iter"].max()
    color = ["0.8", "#56b4e9", "#0072b2", "#e69f00"][min(alive, 3)]
    left.plot(rows["n_resources"], -rows["mean_test_score"], "o-", color=color, markersize=3, zorder=1 + alive)
left.set(xscale="log", yscale="log", xlabel="epochs", ylabel="log loss in cross-validation")
left.set_xticks(sorted(results["n_resources"].unique()), sorted(results["n_resources"].unique()))
left.xaxis.minorticks_off()
left.set_title(f"{len(survivors)} candidates, {int((results['iter'] == last).sum())} at the end")
first = results[results["iter"] == 0]
kept = first["candidate"].isin(results.loc[results["iter"] == 1, "candidate"])
rates, decays = (first[f"param_{name}"].astype(float) for name in ("learning_rate", "weight_decay"))
sizes = 30 + 200 * first["param_dropout"].astype(float)
right.scatter(
    rates[~kept], decays[~kept], sizes[~kept], facecolors="none", edgecolors="0.6", label="dropped in the first round"
)
right.scatter(rates[kept], decays[kept], sizes[kept], color="#0072b2", alpha=0.8, label="kept")
right.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="weight decay", title="size: dropout")
right.legend(frameon=False)
fig.savefig("halving.png", dpi=120)
