"""Penalized linear models."""

from ._cv import ElasticNetProxCV
from ._elastic_net import ElasticNetProx, alpha_max, elastic_net_path

__all__ = ["ElasticNetProx", "ElasticNetProxCV", "alpha_max", "elastic_net_path"]
