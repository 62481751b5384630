"""Every regularizer, one scikit-learn API."""

from .linear import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    alpha_max,
    elastic_net_path,
)

__version__ = "0.1.0"

__all__ = [
    "ElasticNetProx",
    "ElasticNetProxCV",
    "LabelSmoothedLogistic",
    "LabelSmoothedLogisticCV",
    "alpha_max",
    "elastic_net_path",
]
