"""Penalized linear models."""

from ._elastic_net import ElasticNetProx, alpha_max, elastic_net_path

__all__ = ["ElasticNetProx", "alpha_max", "elastic_net_path"]
