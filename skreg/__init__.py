"""Every regularizer, one scikit-learn API."""

from .augmentation import AugmentedClassifier, AugmentedRegressor
from .linear import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    alpha_max,
    elastic_net_path,
)
from .neural import DropoutMLPClassifier, DropoutMLPRegressor
from .stopping import EarlyStoppingClassifier, EarlyStoppingRegressor

__version__ = "0.1.0"

__all__ = [
    "AugmentedClassifier",
    "AugmentedRegressor",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "EarlyStoppingClassifier",
    "EarlyStoppingRegressor",
    "ElasticNetProx",
    "ElasticNetProxCV",
    "LabelSmoothedLogistic",
    "LabelSmoothedLogisticCV",
    "alpha_max",
    "elastic_net_path",
]
