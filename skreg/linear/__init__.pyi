from ._cox import PenalizedCox
from ._cox_cv import PenalizedCoxCV
from ._cv import ElasticNetProxCV
from ._elastic_net import ElasticNetProx, alpha_max, elastic_net_path
from ._logistic import LabelSmoothedLogistic, logistic_path
from ._logistic_cv import LabelSmoothedLogisticCV
from ._penalized import PenalizedRegressor
from ._penalized_cv import PenalizedRegressorCV
from ._wrapped import predict_survival_function

__all__ = [
    "ElasticNetProx",
    "ElasticNetProxCV",
    "LabelSmoothedLogistic",
    "LabelSmoothedLogisticCV",
    "PenalizedCox",
    "PenalizedCoxCV",
    "PenalizedRegressor",
    "PenalizedRegressorCV",
    "alpha_max",
    "elastic_net_path",
    "logistic_path",
    "predict_survival_function",
]
