__version__: str

from . import augmentation, inspection, linear, neural, recommendation, stopping, utils
from ._show_versions import show_versions
from .augmentation import AugmentationSearchCV, AugmentedClassifier, AugmentedRegressor
from .linear import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    PenalizedCox,
    PenalizedCoxCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
    alpha_max,
    elastic_net_path,
    logistic_path,
)
from .neural import (
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
    DropoutCNNClassifier,
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    DropoutTransformerRegressor,
)
from .recommendation import MatrixFactorizationRecommender, MatrixFactorizationRegressor
from .stopping import EarlyStoppingClassifier, EarlyStoppingRegressor

__all__ = [
    "AugmentationSearchCV",
    "AugmentedClassifier",
    "AugmentedRegressor",
    "DeepEnsembleClassifier",
    "DeepEnsembleRegressor",
    "DropoutCNNClassifier",
    "DropoutCNNRegressor",
    "DropoutMLPClassifier",
    "DropoutMLPRegressor",
    "DropoutRNNClassifier",
    "DropoutRNNRegressor",
    "DropoutTransformerClassifier",
    "DropoutTransformerRegressor",
    "EarlyStoppingClassifier",
    "EarlyStoppingRegressor",
    "ElasticNetProx",
    "ElasticNetProxCV",
    "LabelSmoothedLogistic",
    "LabelSmoothedLogisticCV",
    "MatrixFactorizationRecommender",
    "MatrixFactorizationRegressor",
    "PenalizedCox",
    "PenalizedCoxCV",
    "PenalizedRegressor",
    "PenalizedRegressorCV",
    "alpha_max",
    "augmentation",
    "elastic_net_path",
    "inspection",
    "linear",
    "logistic_path",
    "neural",
    "recommendation",
    "show_versions",
    "stopping",
    "utils",
]
