"""How estimators are given sample weights."""

from inspect import signature

from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline


def weight_name(estimator, method="fit"):
    """The name under which a method of an estimator takes the weights of rows, None where it takes none.

    A pipeline takes those of its last step, and a search those of what it searches over.
    """
    if isinstance(estimator, BaseSearchCV):
        return weight_name(estimator.estimator, method)
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        inner = weight_name(last, method) if hasattr(last, method) else None
        return inner and f"{name}__{inner}"
    return "sample_weight" if "sample_weight" in signature(getattr(estimator, method)).parameters else None
