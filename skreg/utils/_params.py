"""Constructor parameters are checked when `fit` begins, with one message for all estimators."""

import functools
import numbers
from inspect import signature
from reprlib import Repr

import numpy as np

try:
    from sklearn.utils._param_validation import InvalidParameterError
except ImportError:  # private in scikit-learn

    class InvalidParameterError(ValueError, TypeError):
        """A constructor parameter has a wrong type or value."""


class Interval:
    """Numbers of a type between two bounds; `closed` says which of these belong to it: left, right, both or neither.

    Unlike `Interval` of scikit-learn, which is private there, it does not take booleans for integers.
    """

    def __init__(self, kind, low, high, closed="left"):
        self.kind = kind
        self.low = low
        self.high = high
        self.closed = closed

    def __contains__(self, value):
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, self.kind):
            return False
        above = value >= self.low if self.closed in ("left", "both") else value > self.low
        return above and (value <= self.high if self.closed in ("right", "both") else value < self.high)

    def __str__(self):
        kind = "an int" if self.kind is numbers.Integral else "a float"
        left = "[" if self.closed in ("left", "both") else "("
        right = "]" if self.closed in ("right", "both") else ")"
        return f"{kind} in the range {left}{self.low}, {self.high}{right}"


class Options:
    """A choice of strings."""

    def __init__(self, *names):
        self.names = names

    def __contains__(self, value):
        return isinstance(value, str) and value in self.names

    def __str__(self):
        return f"a str among {', '.join(map(repr, self.names))}"


class ParamKind:
    """Values that pass a test; `hint(value)` ends the message for a value that does not."""

    def __init__(self, name, test, hint=None):
        self.name = name
        self.test = test
        self.hint = hint

    def __contains__(self, value):
        return self.test(value)

    def __str__(self):
        return self.name


def _is_array_like(value):
    return not isinstance(value, (str, bytes)) and (hasattr(value, "__array__") or hasattr(value, "__len__"))


BOOLEAN = ParamKind("an instance of 'bool'", lambda value: isinstance(value, (bool, np.bool_)))
NONE = ParamKind("None", lambda value: value is None)
ARRAY_LIKE = ParamKind("an array-like", _is_array_like)
DICT = ParamKind("an instance of 'dict'", lambda value: isinstance(value, dict))
CALLABLE = ParamKind("a callable", callable)
ESTIMATOR = ParamKind("an estimator object", lambda value: hasattr(value, "fit") and not isinstance(value, type))
CV = ParamKind(
    "a splitter or an iterable of splits",
    lambda value: not isinstance(value, str) and (hasattr(value, "split") or hasattr(value, "__iter__")),
)
RANDOM_STATE = ParamKind(
    "an int from 0 to 2**32 - 1, a numpy.random.RandomState or None",
    lambda value: (
        value is None
        or isinstance(value, np.random.RandomState)
        or (isinstance(value, numbers.Integral) and not isinstance(value, bool) and 0 <= value < 2**32)
    ),
)
ANY_STRING = ParamKind("an instance of 'str'", lambda value: isinstance(value, str))
REAL = Interval(numbers.Real, -np.inf, np.inf, closed="neither")
POSITIVE = Interval(numbers.Real, 0.0, np.inf, closed="neither")
NONNEGATIVE = Interval(numbers.Real, 0.0, np.inf)
PROBABILITY = Interval(numbers.Real, 0.0, 1.0, closed="both")
BELOW_ONE = Interval(numbers.Real, 0.0, 1.0)  # dropout rates, momentum: 1 would leave nothing
FRACTION = Interval(numbers.Real, 0.0, 1.0, closed="neither")  # a part of the rows: neither none nor all
COUNT = Interval(numbers.Integral, 1, np.inf)
SHORT = Repr()  # of values in messages
SHORT.maxstring = SHORT.maxother = 200


def check_int(value, name, low, high=np.inf, of=""):
    """An argument as an int in [low, high], where `high` is the number of what `of` says; else ValueError."""
    if value not in Interval(numbers.Integral, low, high, closed="both"):
        kind = f"an int, at least {low}" if high == np.inf else f"an int between {low} and {high}, the number of {of}"
        raise ValueError(f"{name} must be {kind}; got {value!r}.")
    return int(value)


def check_bool(value, name):
    """True or False; ValueError that names the argument for what is neither."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False; got {value!r}.")
    return bool(value)


def is_same(value, plain):
    """Whether a value is the same as one that is a number, a string, a tuple or None; arrays are none of these."""
    if hasattr(value, "__len__") and not isinstance(value, type(plain)):
        return False
    return value is plain or bool(value == plain)


@functools.cache
def _defaults(cls):
    """The defaults of a constructor, which take longer to read than a small fit may take."""
    return {name: param.default for name, param in signature(cls).parameters.items()}


def changed_params(estimator, names):
    """Those of some parameters that do not have their defaults, with these; not those that a subclass has fixed."""
    known = _defaults(type(estimator)) if names else {}
    defaults = {name: known[name] for name in names if name in known}
    return {name: default for name, default in defaults.items() if not is_same(getattr(estimator, name), default)}


def check_params(estimator):
    """Raise InvalidParameterError for the first parameter outside the estimator's `_parameter_constraints`.

    Parameters that have an effect only beside some values of others are in `_effective_with`, as
    ``{name: {other: values}}``; ValueError for the first that was set to no effect.
    """
    for name, allowed in estimator._parameter_constraints.items():
        value = getattr(estimator, name)
        for choice in allowed:  # in half of the time that a generator takes
            if value in choice:
                break
        else:
            raise InvalidParameterError(
                f"The {name!r} parameter of {type(estimator).__name__} must be {_in_words(allowed)}."
                f" Got {value!r} instead.{_hints(value, allowed)}"
            )
    effective_with = getattr(estimator, "_effective_with", {})
    for name, default in changed_params(estimator, effective_with).items():
        for other, values in effective_with[name].items():
            got = getattr(estimator, other)
            if not any(is_same(got, value) for value in values):
                needed = f"{other}={_in_words(map(repr, values))}"
                raise ValueError(
                    f"{name} needs {needed}; got {name}={SHORT.repr(getattr(estimator, name))} with"
                    f" {other}={SHORT.repr(got)}. Set {needed}, or {name}={default!r}."
                )


def check_argument(value, name, allowed):
    """Raise ValueError for an argument of a function that is none of what is allowed."""
    if not any(value in choice for choice in allowed):
        raise ValueError(f"{name} must be {_in_words(allowed)}; got {value!r}.{_hints(value, allowed)}")


def _in_words(allowed):
    *most, last = map(str, allowed)
    return f"{', '.join(most)} or {last}" if most else last


def _hints(value, allowed):
    return "".join(choice.hint(value) for choice in allowed if getattr(choice, "hint", None))
