"""Penalized linear models."""

from ._cv import ElasticNetProxCV
from ._elastic_net import ElasticNetProx, alpha_max, elastic_net_path
from ._logistic import LabelSmoothedLogistic

__all__ = ["ElasticNetProx", "ElasticNetProxCV", "LabelSmoothedLogistic", "alpha_max", "elastic_net_path"]
