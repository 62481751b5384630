"""Scorers of scikit-learn: reading them, calling them with weights, and telling them of all classes."""

import inspect
from copy import copy
from difflib import get_close_matches

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names

from ._params import CALLABLE, NONE, ParamKind


def read_monitor(monitor):
    """The scorer to compute while an estimator trains; None for its loss.

    ValueError, with a suggestion, for an unknown name.
    """
    if monitor == "loss" or callable(monitor):
        return None if monitor == "loss" else monitor
    try:
        return get_scorer(monitor)
    except ValueError as error:
        raise ValueError(
            f"monitor must be 'loss', the name of a scorer or a scorer; got {monitor!r}.{suggestion(monitor)}"
        ) from error


def suggestion(name):
    """A sentence with the names of scorers that an unknown name may mean, such as "mse"; empty without any."""
    names = get_scorer_names()
    initials = {known: "".join(word[0] for word in known.removeprefix("neg_").split("_")) for known in names}
    likely = [known for known in names if initials[known] == name.lower() or (len(name) > 2 and name.lower() in known)]
    likely = likely or get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(map(repr, likely[:3]))}?" if likely else ""


NAME_OF_SCORER = ParamKind(
    "the name of a scorer of scikit-learn",
    lambda value: isinstance(value, str) and value in get_scorer_names(),
    lambda value: suggestion(value) or " See sklearn.metrics.get_scorer_names()." if isinstance(value, str) else "",
)
SCORING = [NAME_OF_SCORER, CALLABLE, NONE]  # what `scoring` may be


def score(scorer, monitor, estimator, X, y, weights):
    """The score of an estimator as a float.

    Weights are left out for a scorer that takes none, and if all are equal: they change nothing then.

    Raises
    ------
    ValueError, TypeError
        Where the scorer raises one; the message names `monitor`, the parameter that the scorer was read from. Other
        exceptions keep their type and get a note that names it.
    """
    takes = "sample_weight" in inspect.signature(scorer).parameters
    weighted = takes and weights is not None and np.ptp(weights) > 0.0
    where = f"monitor={monitor!r} failed, as scorer(estimator, X, y)"
    try:
        return float(scorer(estimator, X, y, **({"sample_weight": weights} if weighted else {})))
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where}: {error}") from error
    except Exception as error:
        error.add_note(where)
        raise


def with_all_classes(scorer, classes, params):
    """A scorer of probabilities that knows all classes: a test fold may lack some of them.

    Scorers of labels stay as they are: ``labels`` selects what they average over.

    Parameters
    ----------
    scorer : callable
    classes : ndarray of shape (n_classes,)
    params : dict
        Parameters that are routed to the scorer; they take precedence.
    """
    score_func, known = getattr(scorer, "_score_func", None), getattr(scorer, "_kwargs", None)
    if score_func is None or known is None:  # not made by make_scorer
        return scorer
    takes, reads = inspect.signature(score_func).parameters, np.atleast_1d(getattr(scorer, "_response_method", ""))
    told = {"labels": classes} if "labels" in takes else {}
    if "pos_label" in takes and len(classes) == 2 and (told or len(reads) == 1):  # the Brier score had no labels
        told["pos_label"] = classes[1]
    if "predict_proba" not in reads or not told:
        return scorer
    scorer = copy(scorer)
    scorer._kwargs = {name: value for name, value in told.items() if name not in params} | known
    return scorer
