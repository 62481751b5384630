"""The estimator inside a pipeline, a search or another meta-estimator, for methods that these do not pass on."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def estimator_inside(model, X, method, kind):
    """The innermost estimator, which has the method or is a TransformedTargetRegressor, and X as it takes it.

    Parameters
    ----------
    model : estimator
    X : object
        As `model` takes it; steps of pipelines transform it.
    method : str
    kind : str
        What the error asks for, such as "fitted net".

    Raises
    ------
    TypeError
        When no estimator inside `model` has the method.
    NotFittedError
        When an estimator on the way to it is not fitted.
    """
    outer = model
    while not hasattr(model, method) and not isinstance(model, TransformedTargetRegressor):
        if isinstance(model, Pipeline):
            check_is_fitted(model)
            X = model[:-1].transform(X) if len(model.steps) > 1 else X
            model = model.steps[-1][1]
        elif hasattr(model, "best_estimator_"):  # a search
            model = model.best_estimator_
        elif hasattr(model, "estimator_") and not hasattr(model, "estimators_"):  # that of an ensemble is not fitted
            model = model.estimator_
        else:
            if hasattr(model, "fit"):
                check_is_fitted(model)
            raise TypeError(f"{method} needs a {kind}, or a model around one; got {outer!r}.")
    return model, X
