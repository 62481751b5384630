"""Early stopping as a regularizer: of gradient descent, and of any estimator that can be trained step by step."""

from ._callback import EarlyStopping
from ._classifier import EarlyStoppingClassifier
from ._regressor import EarlyStoppingRegressor

__all__ = ["EarlyStopping", "EarlyStoppingClassifier", "EarlyStoppingRegressor"]
