"""Find all estimators of the package, so that the common tests miss none."""

import importlib
import inspect
import pkgutil

from sklearn.base import BaseEstimator

__all__ = ["all_estimators"]


def all_estimators():
    """All public estimators: what predicts or transforms.

    Returns
    -------
    estimators : list of (str, type)
        Name and class, sorted by name.

    Examples
    --------
    >>> from skreg.utils.discovery import all_estimators
    >>> "ElasticNetProx" in dict(all_estimators())
    True
    """
    root = importlib.import_module("skreg")
    found = {}
    for module in pkgutil.iter_modules(root.__path__, "skreg."):
        if module.ispkg and not module.name.rpartition(".")[2].startswith("_"):
            for name, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                works = hasattr(cls, "predict") or hasattr(cls, "transform")
                if issubclass(cls, BaseEstimator) and works and not name.startswith("_"):
                    found[name] = cls
    return sorted(found.items())
