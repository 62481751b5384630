"""Early stopping as a regularizer: of gradient descent, and of any estimator that is trained step after step."""

from ._callback import EarlyStopping
from ._classifier import EarlyStoppingClassifier
from ._regressor import EarlyStoppingRegressor

__all__ = ["EarlyStopping", "EarlyStoppingClassifier", "EarlyStoppingRegressor"]
