"""Errors that name the estimator called and leave it as it was; warnings that point at the user's line."""

import contextlib
import functools
import re
import sys
from copy import copy

_NAMES = re.compile(  # in messages about X and y
    r"(?<=, but )\w+(?= (?:is expecting|was fitted to) )|(?<= required by )\w+"
    r"|^(?:This )?\w+(?: estimator)?(?= requires y )"
)


@contextlib.contextmanager
def naming(estimator):
    """Let an error of an estimator inside about features, the shape of X or missing y name the one that was called."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if error.args and isinstance(error.args[0], str):
            error.args = _NAMES.sub(type(estimator).__name__, error.args[0]), *error.args[1:]
        raise


def names_errors(method):
    """A method whose errors name its estimator, not one inside; see `naming`."""

    @functools.wraps(method)
    def named(self, *args, **kwargs):
        with naming(self):
            return method(self, *args, **kwargs)

    return named


def unchanged_on_error(method):
    """An estimator whose method raises, or is interrupted, is as it was before; see `interrupted_fit`.

    Errors name this estimator, not one inside; see `naming`.
    """

    @functools.wraps(method)
    def guarded(self, *args, **kwargs):
        before = copy(vars(self))
        try:
            with naming(self):
                return method(self, *args, **kwargs)
        except BaseException as error:
            if getattr(error, "kept_by", None) is not self:
                vars(self).clear()
                vars(self).update(before)
            call, message = f"{method.__qualname__}()", str(error)
            if isinstance(error, TypeError) and message.startswith(call):  # a wrong argument; the method is inherited
                raise TypeError(message.replace(call, f"{type(self).__name__}.{method.__name__}()", 1)) from None
            raise

    return guarded


def interrupted_fit(estimator, message):
    """A KeyboardInterrupt for a fit to raise that has set its attributes from the state it had reached.

    `unchanged_on_error` then leaves them on the estimator.
    """
    error = KeyboardInterrupt(message)
    error.kept_by = estimator
    return error


def caller_level():
    """The `stacklevel` with which a warning of the calling function points at the user's line."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("skreg", "sklearn"):
        level, frame = level + 1, frame.f_back
    return level
