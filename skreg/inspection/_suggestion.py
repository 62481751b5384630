"""A suggestion: what to set, why, and what it was measured to gain."""

from typing import NamedTuple

from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.pipeline import Pipeline

from ._evaluate import Difference
from ._layout import in_code
from ._references import in_place, place_of
from ._strength import resolve


class Suggestion(NamedTuple):
    """A technique to try.

    Attributes
    ----------
    technique : str
        Its usual name.
    parameter : str
        What to set, as in `set_params` of the diagnosed estimator; empty where that is replaced as a whole.
    value : object
        To what.
    why : str
        With the numbers that speak for it.
    estimator : estimator
        The diagnosed one with that change, unfitted.
    change : str
        Parameter and value in words, with dots for what stays.
    gain : Difference or None
        Of the score, where `diagnose` has measured it; what `try_next` shows, too.
    """

    technique: str
    parameter: str
    value: object
    why: str
    estimator: BaseEstimator
    change: str
    gain: Difference | None = None


def in_words(value, *known):
    """An estimator or a number as code, with dots for estimators that the reader knows."""
    if any(value is some for some in known):
        return "..."
    if isinstance(value, Pipeline):
        return f"make_pipeline({', '.join(in_words(step, *known) for _, step in value.steps)})"
    text = " ".join(repr(value).split())
    for some in known:
        text = text.replace(" ".join(repr(some).split()), "...")
    return text


def replaced(m, technique, new, why):
    """A suggestion to put another estimator in the place of what does the learning."""
    name = resolve(m.estimator)[0].removesuffix("__")
    if not name:
        return instead(m, technique, new, why)
    model = clone(m.estimator).set_params(**{name: clone(new)})
    return Suggestion(technique, name, new, why, model, f"{name}={in_words(new, m.final)}")


def instead(m, technique, new, why):
    """A suggestion to use another estimator, which may hold the present one."""
    return Suggestion(technique, "", new, why, clone(new), in_words(new, m.estimator))


def changed(m, technique, name, value, why):
    """A suggestion to set a parameter of what does the learning."""
    full = resolve(m.estimator)[0] + name
    return Suggestion(
        technique, full, value, why, clone(m.estimator).set_params(**{full: value}), f"{full}={in_code(value)}"
    )


def tried(m, technique, one, why):
    """A suggestion of an `Alternative`, with its measured gain."""
    if one.change:
        ((name, value),) = one.change.items()
        return Suggestion(technique, name, value, why, clone(one.model), f"{name}={in_code(value)}", one.gain)
    name = resolve(m.estimator)[0].removesuffix("__") if technique.startswith("standardized") else place_of(m.estimator)
    words = in_words(one.part, m.final)
    model = clone(m.estimator).set_params(**{name: clone(one.part)}) if name else in_place(m.estimator, one.part)
    return Suggestion(technique, name, one.part, why, model, f"{name}={words}" if name else words, one.gain)


def of_kind(m, classifier, regressor):
    return classifier if is_classifier(m.estimator) else regressor
