"""How estimators are given sample weights."""

from inspect import signature

from sklearn import get_config
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRouter, get_routing_for_object


def weight_name(estimator, method="fit"):
    """The argument by which a method of an estimator takes sample weights, None where it takes none.

    Where metadata routing is enabled, estimators that hold others say it by their requests. Otherwise a pipeline passes
    weights to its last step, and a search to the estimator whose parameters it chooses.
    """
    if get_config()["enable_metadata_routing"]:
        routing = get_routing_for_object(estimator)
        if isinstance(routing, MetadataRouter):
            return "sample_weight" if routing.consumes(method, {"sample_weight"}) else None
    if isinstance(estimator, BaseSearchCV):
        return weight_name(estimator.estimator, method)
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        inner = weight_name(last, method) if hasattr(last, method) else None
        return inner and f"{name}__{inner}"
    return "sample_weight" if "sample_weight" in signature(getattr(estimator, method)).parameters else None
