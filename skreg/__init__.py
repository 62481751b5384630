"""Every regularizer, one scikit-learn API."""

from .linear import ElasticNetProx, alpha_max, elastic_net_path

__version__ = "0.1.0"

__all__ = ["ElasticNetProx", "alpha_max", "elastic_net_path"]
