"""Matrix factorization: regularized recommendation."""

from ._regressor import MatrixFactorizationRegressor
from ._scorers import ndcg_at_k, recall_at_k
from ._split import EntriesKFold

__all__ = [
    "EntriesKFold",
    "MatrixFactorizationRegressor",
    "ndcg_at_k",
    "recall_at_k",
]
