"""What `diagnose` takes: which estimators, and which targets they can learn."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.multiclass import type_of_target

from ..linear import PenalizedCox, PenalizedCoxCV
from ..recommendation import MatrixFactorizationRecommender
from ._strength import resolve

MIN_ROWS = 4  # two folds of two rows


def check_estimator(estimator):
    """Raise a ValueError for what is no classifier or regressor, and for those that no reference is comparable with."""
    is_instance = hasattr(estimator, "fit") and not isinstance(estimator, type)
    if is_instance and isinstance(resolve(estimator)[1], MatrixFactorizationRecommender):
        raise ValueError(
            f"estimator must be a classifier or a regressor; got {estimator!r}: recommenders are not supported. Judge"
            " them by cross_val_score with EntriesKFold."
        )
    if not is_instance or not (is_classifier(estimator) or is_regressor(estimator)):
        raise ValueError(f"estimator must be a classifier or a regressor, unfitted; got {estimator!r}.")
    params = {"": estimator, **estimator.get_params()}
    if any(isinstance(value, (PenalizedCox, PenalizedCoxCV)) for value in params.values()):
        raise ValueError(
            f"estimator must predict classes or numbers; got {estimator!r}: Cox models are not supported, as no"
            " reference predicts hazards. PenalizedCoxCV chooses alpha, and cross_val_score gives the concordance."
        )
    for name, value in params.items():
        if name.rpartition("__")[2] == "return_sequences" and value is True:
            raise ValueError(
                f"estimator must predict one value, or the same number of values, for a row; got {name}=True, which is"
                " not supported, as no reference predicts sequences."
            )


def check_targets(estimator, y):
    """Raise a ValueError for targets that the estimator cannot learn, or that nobody could."""
    if sp.issparse(y):
        raise ValueError(f"y must be dense; got a sparse array of shape {y.shape}.")
    y, name = _as_array(y), type(estimator).__name__
    if len(y) < MIN_ROWS:
        raise ValueError(f"X and y must have at least {MIN_ROWS} rows; got {len(y)}.")
    if not is_classifier(estimator):
        _check_numbers(y, name)
        return
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"y must hold classes without missing ones; got {y[~np.isfinite(y)][0]}.")
    if type_of_target(y).startswith("continuous"):
        some = y.ravel()[y.ravel() != np.round(y.ravel())][0]
        raise ValueError(f"y must hold classes, as {name} is a classifier; got numbers such as {some:.4g}.")
    if y.ndim == 1 and len(np.unique(y)) < 2:
        raise ValueError(f"y must hold at least two classes; got only {_first(y)!r}.")


def _as_array(y):
    try:
        array = np.asarray(y)
    except ValueError:  # rows of different lengths
        lengths = sorted({np.size(row) for row in y})
        raise ValueError(
            f"y must hold the same number of targets for every row; got rows with {lengths[0]} to {lengths[-1]} values."
        ) from None
    if array.dtype.names is not None:
        raise ValueError(
            f"y must hold classes or numbers; got a structured array with the fields {list(array.dtype.names)}: models"
            " of survival times are not supported."
        )
    if array.ndim not in (1, 2):
        raise ValueError(f"y must have one or two dimensions; got shape {array.shape}.")
    return array


def _check_numbers(y, name):
    try:
        finite = np.isfinite(np.asarray(y, dtype=float))
    except (TypeError, ValueError):
        raise ValueError(f"y must hold numbers, as {name} is a regressor; got {_first(y)!r}.") from None
    if not finite.all():
        raise ValueError(f"y must hold finite numbers; got {y[~finite][0]}.")


def _first(y):
    """The first value as a Python object, which prints as it is typed."""
    value = y.ravel()[0]
    return value.item() if isinstance(value, np.generic) else value
