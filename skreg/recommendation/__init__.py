"""Matrix factorization: regularized recommendation."""

from ._recommender import MatrixFactorizationRecommender
from ._regressor import MatrixFactorizationRegressor
from ._scorers import ndcg_at_k, recall_at_k
from ._split import EntriesKFold

__all__ = [
    "EntriesKFold",
    "MatrixFactorizationRecommender",
    "MatrixFactorizationRegressor",
    "ndcg_at_k",
    "recall_at_k",
]
